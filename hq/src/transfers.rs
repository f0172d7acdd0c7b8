//! Transfers between stores that HQ orders: who asked for what, and what became of it.
//!
//! What left and what came is what stock events of lanes say that bear the number; a transfer is made again from all of
//! them in the transaction that files one, so it is the same in whatever order they arrive. It leaves once and comes once:
//! what is less or more then is a difference that is listed, and later documents under the number are added up.

use std::collections::{BTreeMap, BTreeSet};

use domain::money::Quantity;
use protocol::event::{Movement, StockMove};
use protocol::pull;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::keeper::HQ_LANE;
use crate::orders::is_id;
use crate::reservations::{self, Reservation, ReserveError, ReservedLine};
use crate::store::{Kind, Reading, StoreError, TransferRow, TransfersAsked, Writing};

/// The most items of one transfer: those of one reservation, which may hold them.
pub const LINES_MAX: usize = reservations::LINES_MAX;

/// The longest note or reason, in characters: a line on a till.
pub const TEXT_LENGTH_MAX: usize = 128;

/// The most documents that name another store than the transfer does, by item, that are told with it.
const ELSEWHERE_MAX: usize = 200;

/// Why nothing was done with a transfer.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is none of that number.
    #[error("there is no transfer {0:?}")]
    Unknown(String),
    /// One of the stores was never imported.
    #[error("there is no store {0:?}")]
    UnknownStore(String),
    /// Another transfer has the number.
    #[error("another transfer has the number {0:?}; nothing was changed")]
    Exists(String),
    /// Stock documents bear it that nobody ordered.
    #[error("goods moved under the number {0:?} already; choose another one")]
    Used(String),
    /// It cannot be.
    #[error("order a transfer: {0}")]
    Form(String),
    /// What is to be held for it is not there.
    #[error("hold the goods of a transfer: {0}; order it without holding them, or order less")]
    Hold(ReserveError),
    /// Its goods are on their way or there.
    #[error(
        "the goods of transfer {0:?} have left; what comes is taken in by the store, or written off as lost"
    )]
    Left(String),
    /// It is cancelled.
    #[error("transfer {0:?} is cancelled")]
    Cancelled(String),
    /// There is nothing to write off.
    #[error("of transfer {0:?} nothing is missing, as far as HQ has heard; nothing was changed")]
    NothingMissing(String),
    /// A stored row cannot be read.
    #[error("read a stored transfer")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// So much of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedLine {
    /// The item.
    pub sku: String,
    /// Thousandths of a piece or a kilogram; whole pieces of what is sold by the piece.
    #[schemars(range(min = 1, max = 99_999_000))]
    pub quantity: i64,
}

/// A transfer, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Its number, one in the chain, which the documents of both stores bear: letters, digits, - and _.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub number: String,
    /// The code of the store that sends.
    pub from: String,
    /// The code of the store that receives.
    pub to: String,
    /// 1 to 200 items, each once.
    #[schemars(length(min = 1, max = 200))]
    pub lines: Vec<AskedLine>,
    /// A line for the people in both stores.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 128))]
    pub note: String,
    /// Whether the goods are reserved at the sender until they leave, so that no channel sells them: all of them or the
    /// transfer is not ordered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
}

/// How a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing left yet.
    Ordered,
    /// Goods left, or came though HQ has not heard yet that they left.
    OnItsWay,
    /// What was asked for left, and all of it came.
    Arrived,
    /// It is over, and something differs: the differences say what.
    Closed,
    /// It was taken back before anything left.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Ordered, Self::OnItsWay, Self::Arrived, Self::Closed, Self::Cancelled];

    /// Its name, as it is stored and told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::OnItsWay => "on_its_way",
            Self::Arrived => "arrived",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What somebody at HQ did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deed {
    /// When, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Goods that moved under the number between other stores than it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Elsewhere {
    /// The store that wrote it down.
    pub store: String,
    /// Where the goods go to, or came to.
    pub place: String,
    /// The item.
    pub sku: String,
    /// Thousandths; below nothing where they came.
    pub quantity: i64,
}

/// What stock events say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Course {
    /// What left, by item, thousandths.
    sent: BTreeMap<String, i64>,
    /// What came.
    came: BTreeMap<String, i64>,
    elsewhere: Vec<Elsewhere>,
    /// How many documents say that goods left.
    departures: u64,
}

impl Course {
    fn is_begun(&self) -> bool {
        self.departures > 0 || !self.sent.is_empty() || !self.came.is_empty()
    }
}

/// A transfer, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transfer {
    asked: Asked,
    ordered_at_ms: i64,
    ordered_by: String,
    #[serde(default)]
    cancelled: Option<Deed>,
    #[serde(default)]
    written_off: Option<Deed>,
    /// Whether its goods are reserved now.
    #[serde(default)]
    held: bool,
    #[serde(default)]
    course: Course,
    /// What HQ has moved of what is on its way, so that what is written off is on its way no more: by item, thousandths.
    #[serde(default)]
    lost: BTreeMap<String, i64>,
    /// What was missing when it was written off, below nothing, by item, thousandths: more is never lost by itself.
    #[serde(default)]
    written: BTreeMap<String, i64>,
}

/// Of an item, what was asked for and what became of it, thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The item.
    pub sku: String,
    /// What was asked for; 0 of what was sent without being asked for.
    pub asked: i64,
    /// What left, as far as HQ has heard.
    pub sent: i64,
    /// What came, as far as HQ has heard.
    pub arrived: i64,
}

/// What is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// Less left than was asked for.
    SentLess,
    /// More left than was asked for.
    SentMore,
    /// Less came than left.
    ArrivedLess,
    /// More came than left.
    ArrivedMore,
}

impl Differs {
    /// Its name, as it is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::SentLess => "sent_less",
            Self::SentMore => "sent_more",
            Self::ArrivedLess => "arrived_less",
            Self::ArrivedMore => "arrived_more",
        }
    }
}

/// By how much of an item something differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// What.
    pub differs: Differs,
    /// The item.
    pub sku: String,
    /// Thousandths, above nothing.
    pub quantity: i64,
}

/// A transfer and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Shown {
    /// Its number, one in the chain.
    pub number: String,
    /// The code of the store that sends.
    pub from: String,
    /// The code of the store that receives.
    pub to: String,
    /// How it stands.
    pub state: State,
    /// A line for the people in both stores.
    pub note: String,
    /// When it was ordered, milliseconds since 1970-01-01 UTC.
    pub ordered_at_ms: i64,
    /// Who ordered it.
    pub ordered_by: String,
    /// Whether its goods are reserved at the sender now.
    pub held: bool,
    /// What was asked for, and then what was sent or came without being asked for.
    pub lines: Vec<Line>,
    /// What differs: of what left, as soon as it left; of what came, when HQ has heard of both.
    pub differences: Vec<Difference>,
    /// What moved under its number between other stores, by item; 200 at most.
    pub elsewhere: Vec<Elsewhere>,
    /// Who took it back; goods that left all the same stand in its lines.
    pub cancelled: Option<Deed>,
    /// Who wrote off what left and did not come.
    pub written_off: Option<Deed>,
}

impl Transfer {
    fn parse(row: &TransferRow) -> Result<Self, TransferError> {
        Ok(serde_json::from_str(&row.body)?)
    }

    fn has_left(&self) -> bool {
        // Also where the sender's document names another store.
        self.course.departures > 0 || !self.course.sent.is_empty()
    }

    /// Whether more is missing than was written off: goods that left afterwards are on their way.
    fn is_missing_more(&self) -> bool {
        let written = |sku: &str| self.written.get(sku).copied().unwrap_or_default();
        self.lines().iter().any(|line| line.arrived.saturating_sub(line.sent) < written(&line.sku))
    }

    fn has_come(&self) -> bool {
        !self.course.came.is_empty()
    }

    fn state(&self) -> State {
        match (self.has_left(), self.has_come()) {
            (false, false) if self.cancelled.is_some() => State::Cancelled,
            (false, false) => State::Ordered,
            (true, false) if self.written_off.is_some() && !self.is_missing_more() => State::Closed,
            (true, false) | (false, true) => State::OnItsWay,
            (true, true) if self.differences().is_empty() && self.course.elsewhere.is_empty() => {
                State::Arrived
            }
            (true, true) => State::Closed,
        }
    }

    fn lines(&self) -> Vec<Line> {
        let of = |sums: &BTreeMap<String, i64>, sku: &str| sums.get(sku).copied().unwrap_or_default();
        let line = |sku: &str, asked| Line {
            sku: sku.to_owned(),
            asked,
            sent: of(&self.course.sent, sku),
            arrived: of(&self.course.came, sku),
        };
        let asked: BTreeSet<&str> = self.asked.lines.iter().map(|line| line.sku.as_str()).collect();
        let others: BTreeSet<&str> =
            self.course.sent.keys().chain(self.course.came.keys()).map(String::as_str).collect();
        let lines = self.asked.lines.iter().map(|asked| line(&asked.sku, asked.quantity));
        lines.chain(others.difference(&asked).map(|sku| line(sku, 0))).collect()
    }

    fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut note = |sku: &str, by: i64, (less, more)| {
            if by != 0 {
                let differs = if by < 0 { less } else { more };
                found.push(Difference { differs, sku: sku.to_owned(), quantity: by.saturating_abs() });
            }
        };
        if !self.has_left() {
            return found;
        }
        let is_over = self.has_come() || self.written_off.is_some();
        for line in self.lines() {
            note(&line.sku, line.sent.saturating_sub(line.asked), (Differs::SentLess, Differs::SentMore));
            if is_over {
                let by = line.arrived.saturating_sub(line.sent);
                note(&line.sku, by, (Differs::ArrivedLess, Differs::ArrivedMore));
            }
        }
        found
    }

    fn shown(self) -> Shown {
        Shown {
            state: self.state(),
            lines: self.lines(),
            differences: self.differences(),
            number: self.asked.number,
            from: self.asked.from,
            to: self.asked.to,
            note: self.asked.note,
            ordered_at_ms: self.ordered_at_ms,
            ordered_by: self.ordered_by,
            held: self.held,
            elsewhere: self.course.elsewhere,
            cancelled: self.cancelled,
            written_off: self.written_off,
        }
    }

    fn row(&self) -> Result<TransferRow, TransferError> {
        Ok(TransferRow {
            number: self.asked.number.clone(),
            sender: self.asked.from.clone(),
            receiver: self.asked.to.clone(),
            state: self.state().name().to_owned(),
            body: serde_json::to_string(self)?,
        })
    }
}

/// Who does something, and when: HQ's clock, milliseconds UTC.
#[derive(Debug, Clone, Copy)]
pub struct Doer<'a> {
    /// Their name.
    pub name: &'a str,
    /// When.
    pub now_ms: i64,
}

fn refuse_text(what: &str, text: &str) -> Result<(), TransferError> {
    if text.chars().count() > TEXT_LENGTH_MAX || text.chars().any(char::is_control) {
        return Err(TransferError::Form(format!(
            "{what} is one line of at most {TEXT_LENGTH_MAX} characters"
        )));
    }
    Ok(())
}

fn check(reading: &Reading<'_>, asked: &Asked) -> Result<(), TransferError> {
    let wrong = |what: String| Err(TransferError::Form(what));
    if !is_id(&asked.number) {
        return wrong("a number has 1 to 64 letters, digits, - and _".to_owned());
    }
    refuse_text("the note", &asked.note)?;
    for store in [&asked.from, &asked.to] {
        if reading.entity(Kind::Store, store)?.is_none() {
            return Err(TransferError::UnknownStore(store.clone()));
        }
    }
    if asked.from == asked.to {
        return wrong(format!("{} sends nothing to itself; name another store", asked.from));
    }
    if asked.lines.is_empty() || asked.lines.len() > LINES_MAX {
        return wrong(format!("name 1 to {LINES_MAX} items, and what is more in another transfer"));
    }
    for (index, line) in asked.lines.iter().enumerate() {
        let sku = &line.sku;
        if asked.lines[..index].iter().any(|other| other.sku == *sku) {
            return wrong(format!("{sku} is there twice; name it once, with all of it"));
        }
        if Quantity::from_thousandths(line.quantity).is_none() {
            let most = Quantity::MAX.thousandths();
            return wrong(format!("of {sku} ask for 1 to {most} thousandths, not {}", line.quantity));
        }
        let Some(body) = reading.entity(Kind::Product, sku)? else {
            return wrong(format!("there are no goods {sku:?}"));
        };
        let goods: pull::Product = serde_json::from_str(&body)?;
        if !goods.weighed && line.quantity % 1_000 != 0 {
            return wrong(format!("{sku} is sold by the piece; ask for whole ones, in thousandths"));
        }
        if !goods.kit.is_empty() || goods.membership {
            return wrong(format!("{sku} is a kit or no goods at all; name what lies on the shelf"));
        }
    }
    Ok(())
}

/// Orders a transfer. The same one again is the one that is there.
pub fn order(writing: &Writing<'_>, asked: &Asked, doer: Doer<'_>) -> Result<Shown, TransferError> {
    let known = |row: &TransferRow| -> Result<Shown, TransferError> {
        let known = Transfer::parse(row)?;
        if known.asked == *asked {
            Ok(known.shown())
        } else {
            Err(TransferError::Exists(asked.number.clone()))
        }
    };
    if let Some(row) = writing.lock_transfer(&asked.number)? {
        return known(&row);
    }
    check(writing, asked)?;
    let mut transfer = Transfer {
        asked: asked.clone(),
        ordered_at_ms: doer.now_ms,
        ordered_by: doer.name.to_owned(),
        cancelled: None,
        written_off: None,
        held: asked.hold,
        course: Course::default(),
        lost: BTreeMap::new(),
        written: BTreeMap::new(),
    };
    if !writing.add_transfer(&transfer.row()?)? {
        // Another caller was quicker.
        let row = writing.lock_transfer(&asked.number)?;
        return known(&row.ok_or_else(|| TransferError::Unknown(asked.number.clone()))?);
    }
    if !writing.moved_under(&asked.number, HQ_LANE)?.is_empty() {
        return Err(TransferError::Used(asked.number.clone()));
    }
    if asked.hold {
        // What somebody else holds under this number is not ours to end.
        if reservations::is_there(writing, &asked.from, &asked.number)? {
            return Err(TransferError::Hold(ReserveError::Exists(asked.number.clone())));
        }
        let lines =
            asked.lines.iter().map(|line| ReservedLine { sku: line.sku.clone(), quantity: line.quantity });
        let held = Reservation { document: asked.number.clone(), lines: lines.collect(), until_ms: None };
        match reservations::reserve(writing, &asked.from, &held, doer.now_ms) {
            Ok(()) => {}
            Err(ReserveError::Store(error)) => return Err(error.into()),
            Err(ReserveError::Stored(error)) => return Err(error.into()),
            Err(
                error @ (ReserveError::Form(_)
                | ReserveError::TooFew { .. }
                | ReserveError::Exists(_)
                | ReserveError::Unknown(_)),
            ) => return Err(TransferError::Hold(error)),
        }
    }
    settle(writing, &mut transfer, doer.now_ms)?;
    Ok(transfer.shown())
}

fn lock(writing: &Writing<'_>, number: &str) -> Result<Transfer, TransferError> {
    let row = writing.lock_transfer(number)?.ok_or_else(|| TransferError::Unknown(number.to_owned()))?;
    Transfer::parse(&row)
}

/// Takes a transfer back of which nothing left. One that is taken back stays so.
pub fn cancel(
    writing: &Writing<'_>,
    number: &str,
    reason: &str,
    doer: Doer<'_>,
) -> Result<Shown, TransferError> {
    refuse_text("the reason", reason)?;
    let mut transfer = lock(writing, number)?;
    if transfer.course.is_begun() {
        return Err(TransferError::Left(number.to_owned()));
    }
    if transfer.cancelled.is_none() {
        transfer.cancelled =
            Some(Deed { at_ms: doer.now_ms, by: doer.name.to_owned(), reason: reason.to_owned() });
        settle(writing, &mut transfer, doer.now_ms)?;
    }
    Ok(transfer.shown())
}

/// Writes off what left and did not come: it is on its way no more. Should it come after all, it is taken in as ever.
pub fn write_off(
    writing: &Writing<'_>,
    number: &str,
    reason: &str,
    doer: Doer<'_>,
) -> Result<Shown, TransferError> {
    refuse_text("the reason", reason)?;
    let mut transfer = lock(writing, number)?;
    if transfer.written_off.is_some() {
        return Ok(transfer.shown());
    }
    if transfer.cancelled.is_some() && !transfer.course.is_begun() {
        return Err(TransferError::Cancelled(number.to_owned()));
    }
    let is_elsewhere = !transfer.course.elsewhere.is_empty();
    if !transfer.has_left() || !is_elsewhere && transfer.lines().iter().all(|line| line.arrived >= line.sent)
    {
        return Err(TransferError::NothingMissing(number.to_owned()));
    }
    transfer.written_off =
        Some(Deed { at_ms: doer.now_ms, by: doer.name.to_owned(), reason: reason.to_owned() });
    transfer.written = transfer
        .lines()
        .into_iter()
        .map(|line| (line.sku, line.arrived.saturating_sub(line.sent).min(0)))
        .filter(|(_, missing)| *missing < 0)
        .collect();
    settle(writing, &mut transfer, doer.now_ms)?;
    Ok(transfer.shown())
}

/// Reads a transfer.
pub fn find(reading: &Reading<'_>, number: &str) -> Result<Shown, TransferError> {
    let row = reading.transfer(number)?.ok_or_else(|| TransferError::Unknown(number.to_owned()))?;
    Ok(Transfer::parse(&row)?.shown())
}

/// Transfers after a number, in order, at most `limit`.
pub fn list(
    reading: &Reading<'_>,
    asked: TransfersAsked<'_>,
    after: &str,
    limit: u32,
) -> Result<Vec<Shown>, TransferError> {
    let rows = reading.transfers_after(asked, after, limit)?;
    rows.iter().map(|row| Ok(Transfer::parse(row)?.shown())).collect()
}

/// Puts a transfer back with what follows from how it stands: what is held, what is on its way, what lanes are told.
fn settle(writing: &Writing<'_>, transfer: &mut Transfer, now_ms: i64) -> Result<(), TransferError> {
    let asked = &transfer.asked;
    if transfer.held && (transfer.course.is_begun() || transfer.cancelled.is_some()) {
        match reservations::release(writing, &asked.from, &asked.number, now_ms) {
            // Somebody may have ended it by hand.
            Ok(_) | Err(ReserveError::Unknown(_)) => {}
            Err(ReserveError::Store(error)) => return Err(error.into()),
            Err(ReserveError::Stored(error)) => return Err(error.into()),
            Err(error @ (ReserveError::Form(_) | ReserveError::TooFew { .. } | ReserveError::Exists(_))) => {
                return Err(TransferError::Hold(error));
            }
        }
        transfer.held = false;
    }
    if transfer.written_off.is_some() {
        for line in transfer.lines() {
            let written = transfer.written.get(&line.sku).copied().unwrap_or_default();
            let wanted = line.arrived.saturating_sub(line.sent).max(written);
            let done = transfer.lost.get(&line.sku).copied().unwrap_or_default();
            if wanted != done {
                let (to, number) = (&transfer.asked.to, &transfer.asked.number);
                writing.move_transit_at_hq(to, HQ_LANE, number, &line.sku, wanted - done)?;
                transfer.lost.insert(line.sku, wanted);
            }
        }
    }
    writing.put_transfer(&transfer.row()?)?;
    tell_lanes(writing, transfer)
}

/// Tells the sender's lanes until the goods left, and the receiver's until they came.
fn tell_lanes(writing: &Writing<'_>, transfer: &Transfer) -> Result<(), TransferError> {
    let (asked, state) = (&transfer.asked, transfer.state());
    let lines = transfer.lines().into_iter().map(|line| pull::TransferLine {
        sku: line.sku,
        asked: line.asked,
        sent: line.sent,
    });
    let told = serde_json::to_string(&pull::Transfer {
        number: asked.number.clone(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        lines: lines.collect(),
        ordered_ms: transfer.ordered_at_ms,
        left: transfer.has_left(),
        note: asked.note.clone(),
    })?;
    let is_sent = state == State::Ordered;
    let is_expected = matches!(state, State::Ordered | State::OnItsWay) && !transfer.has_come();
    for (store, is_told) in [(&asked.from, is_sent), (&asked.to, is_expected)] {
        if is_told {
            writing.put_of_store(Kind::Transfer, store, &asked.number, &told)?;
        } else {
            writing.delete_of_store(Kind::Transfer, store, &asked.number)?;
        }
    }
    Ok(())
}

/// A transfer as it was before a document of a store was looked at, and whether it is another one now.
#[derive(Debug)]
pub(crate) struct Followed {
    before: Transfer,
    /// Whether anything is another.
    pub(crate) is_changed: bool,
}

/// Makes the transfer of a number again from everything that is filed under it; `None` where nobody ordered it.
///
/// # Errors
/// The database did not do it, or the stored transfer cannot be read.
pub(crate) fn follow(
    writing: &Writing<'_>,
    number: &str,
    now_ms: i64,
) -> Result<Option<Followed>, TransferError> {
    let Some(row) = writing.lock_transfer(number)? else { return Ok(None) };
    let before = Transfer::parse(&row)?;
    let course = course_of(writing, &before.asked)?;
    let mut after = Transfer { course, ..before.clone() };
    let is_changed = after != before;
    if is_changed {
        settle(writing, &mut after, now_ms)?;
    }
    Ok(Some(Followed { before, is_changed }))
}

fn course_of(reading: &Reading<'_>, asked: &Asked) -> Result<Course, TransferError> {
    let mut course =
        Course { departures: reading.departures_under(&asked.number, &asked.from)?, ..Course::default() };
    for moved in reading.moved_under(&asked.number, HQ_LANE)? {
        let left = moved.quantity > 0 && moved.store == asked.from && moved.place == asked.to;
        let came = moved.quantity < 0 && moved.store == asked.to;
        if left {
            course.sent.insert(moved.sku, moved.quantity);
        } else if came {
            course.came.insert(moved.sku, moved.quantity.saturating_neg());
        } else if course.elsewhere.len() < ELSEWHERE_MAX {
            let (store, place, sku, quantity) = (moved.store, moved.place, moved.sku, moved.quantity);
            course.elsewhere.push(Elsewhere { store, place, sku, quantity });
        }
    }
    Ok(course)
}

impl Followed {
    /// What a person must look at of a document that a store filed under the number, if anything.
    pub(crate) fn odd(&self, store: &str, movement: &Movement) -> Option<String> {
        let Asked { from, to, .. } = &self.before.asked;
        let out = movement.kind == StockMove::TransferOut;
        let fits = if out { store == from && movement.other == *to } else { store == to };
        if !fits {
            let way = if out { "sent to" } else { "received from" };
            return Some(format!("it goes from {from} to {to}; here it was {way} {:?}", movement.other));
        }
        if self.before.cancelled.is_some() && !self.before.course.is_begun() {
            return Some("it was cancelled, and its goods moved all the same".to_owned());
        }
        if out && self.before.course.departures > 0 {
            return Some("goods left under its number before; what left is added up".to_owned());
        }
        None
    }
}

/// Whether a movement bears the number of a transfer.
pub(crate) fn bears_number(movement: &Movement) -> bool {
    matches!(movement.kind, StockMove::TransferOut | StockMove::TransferIn)
}
