//! Lane to agent and agent to HQ: a question, and its answer.
//!
//! Between a lane and its agent both go through a Unix socket in the lane's
//! data directory ([`SOCKET_NAME`]), as frames: four bytes that say how long
//! the JSON after them is, the highest first. Several questions may be under
//! way; answers come in any order and carry the number of their question. No
//! answer in time is an answer too: the lane goes on within its own bounds.
//!
//! What is asked of a shelf label is answered by the agent whose gateway has it.
//!
//! Between an agent and HQ, `POST /v1/lanes/{store}/{lane}/ask` takes a
//! [`Question`] and gives an [`Answer`], both as JSON. A store agent takes the
//! same request of the other lanes' agents.

mod margins;
mod receipts;
mod store_day;

use chrono::NaiveDate;
use domain::label::LabelNumber;
use domain::money::AMOUNT_MAX;
use domain::phone::CodeId;
use domain::shift::PARKED_MAX;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::board::KIOSKS_MAX;
use crate::board::{KioskStand, SignedAct, Stand};
use crate::event::{
    Coupon, Member, Origin, Parked, ParkedId, PointsGrant, Position, QuotaHeard, Sale, Value, ValueGrant,
};
use crate::pull::phone_hash;

pub use self::margins::{
    MARGIN_CATEGORIES_MAX, MARGIN_GOODS_MAX, Margin, Margins, MarginsRefused, UNCOSTED_NAMED_MAX, Uncosted,
};
pub use self::receipts::{
    Knows, RECEIPT_GOODS_MAX, RECEIPTS_BACK_DAYS, RECEIPTS_TOLD_MAX, ReceiptShown, Sought,
};
pub use self::store_day::{
    STORE_DAY_EXCEPTIONS_MAX, STORE_DAY_ROWS_MAX, StoreDay, StoreDayBy, StoreDayException, StoreDayRefused,
    StoreDayRow,
};

/// The version that this program writes.
pub const ASK_VERSION: u16 = 1;

/// The socket's name within the lane's data directory.
pub const SOCKET_NAME: &str = "agent.sock";

/// The most bytes of a frame's JSON: a receipt of 2,000 lines and what came
/// back of it.
pub const FRAME_BYTES_MAX: usize = 8 << 20;

/// The most questions under way on one connection; one more is not asked.
pub const QUESTIONS_MAX: usize = 16;

/// How long a lane waits for an answer, milliseconds. A customer stands there.
pub const ANSWER_WITHIN_MS: u64 = 1_500;

/// How long an agent waits for HQ, milliseconds: less than the lane does, so
/// that the lane is told why.
pub const HQ_ANSWER_WITHIN_MS: u64 = 1_200;

/// The longest code, number or id in a question, bytes.
pub const ASKED_LENGTH_MAX: usize = 128;

/// The most documents that are told of with a receipt. A sale of which more
/// came back one by one is for HQ's people.
pub const LATER_DOCUMENTS_MAX: usize = 256;

/// The most promotions that are asked about at one time.
pub const QUOTAS_ASKED_MAX: usize = 64;

/// The most other stores whose stock is told.
pub const STOCK_PLACES_MAX: usize = 50;

/// The most parked baskets of other lanes that are told.
pub const PARKED_TOLD_MAX: usize = 64;

/// A parked basket is told of for so long, milliseconds; later it is looked for at its own lane.
pub const PARKED_TOLD_MS: i64 = 30 * 86_400_000;

/// A lane whose agent said how far its journal is within so long counts as
/// heard of just now, milliseconds. Agents say it every ten seconds.
pub const POSITION_HEARD_MS: i64 = 15_000;

/// A question on its way to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// [`ASK_VERSION`] in what this program writes.
    pub v: u16,
    /// The lane's number of it; no two under way have the same.
    pub number: u64,
    /// What is asked.
    #[serde(flatten)]
    pub question: Question,
}

/// An answer on its way to the lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// [`ASK_VERSION`] in what this program writes.
    pub v: u16,
    /// The number of the question.
    pub number: u64,
    /// What is said.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What a lane may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Question {
    /// Who is this member?
    Member {
        /// HQ's id, a card's code, or the hash of a telephone number as
        /// [`Question::member`] makes it.
        code: String,
    },
    /// Lend this lane some of a member's points.
    LendPoints {
        /// HQ's id of the member.
        member: String,
        /// How many at most.
        points: i64,
    },
    /// Lend this lane some of a member's stored value.
    LendValue {
        /// HQ's id of the member.
        member: String,
        /// How much at most, minor units.
        amount: i64,
    },
    /// Is this coupon unspent? If so, this lane alone may spend it for now.
    ClaimCoupon {
        /// Its number.
        code: String,
        /// HQ's id of who brings it; absent where nobody is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<String>,
    },
    /// A coupon that was claimed is not to be spent after all.
    ReleaseCoupon {
        /// Its number.
        code: String,
    },
    /// How much of this sale is left to give back? What is left is this
    /// lane's alone to give back for now.
    ClaimReceipt {
        /// The sale.
        origin: Origin,
    },
    /// Goods of this sale are not to come back after all.
    ReleaseReceipt {
        /// The sale.
        origin: Origin,
    },
    /// Which receipts of the last [`RECEIPTS_BACK_DAYS`] are these?
    Receipts {
        /// By what they are looked for.
        sought: Sought,
        /// HQ's item codes: only receipts that hold one of them; all where there are none. At most
        /// [`RECEIPT_GOODS_MAX`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        goods: Vec<String>,
    },
    /// What did this lane's store earn on its goods?
    Margins {
        /// HQ's id of who is signed in; they must have the right.
        staff: String,
        /// The business date.
        day: NaiveDate,
    },
    /// How was this day in all of this lane's store?
    StoreDay {
        /// HQ's id of who is signed in; they must have the right.
        staff: String,
        /// The business date.
        day: NaiveDate,
        /// From which side.
        by: StoreDayBy,
        /// The lane's offset from UTC, minutes: hours are the store's.
        offset_minutes: i32,
    },
    /// How much was given of promotions with quotas?
    QuotasUsed {
        /// Their ids, at most [`QUOTAS_ASKED_MAX`].
        promotions: Vec<String>,
        /// HQ's id of who buys; absent for nobody known.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        member: String,
        /// The lane's business date.
        day: NaiveDate,
    },
    /// Where is there any of this?
    Stock {
        /// HQ's item code.
        sku: String,
    },
    /// How far are the journals of the store's lanes now?
    Positions {},
    /// Which baskets did other lanes of the store put aside, and which of this
    /// lane's own did others take up?
    ParkedBaskets {
        /// The epoch of this lane's journal.
        epoch: u32,
        /// The numbers of its own parked baskets.
        own: Vec<u32>,
    },
    /// A parked basket is to be taken up: this lane alone may do so for now.
    ClaimParked {
        /// Which; one of the lane's own under the epoch of its journal now.
        parked: ParkedId,
    },
    /// A parked basket is not to be taken up here after all.
    ReleaseParked {
        /// Which.
        parked: ParkedId,
    },
    /// A phone's basket or exit code is to be used up: did another lane of the store, or does it just now? If none
    /// did, this lane alone may for now.
    ClaimCode {
        /// Its number: 24 hexadecimal digits, small letters.
        id: String,
    },
    /// A code that was claimed is not to be used up here after all.
    ReleaseCode {
        /// Its number.
        id: String,
    },
    /// What is this seller credited for, and what have they earned?
    Earned {
        /// HQ's id of the seller.
        seller: String,
        /// The business date; the month is that of this day.
        day: NaiveDate,
    },
    /// Let a shelf label flash, so that a person finds it.
    FlashLabel {
        /// Its number: sixteen hexadecimal digits, capital letters.
        label: String,
        /// Red, green, blue.
        colour: [u8; 3],
        /// For about so long, 1 to [`FLASH_SECONDS_MAX`].
        seconds: u8,
    },
    /// Send a shelf label its face again, also after it was given up.
    ResendLabel {
        /// Its number.
        label: String,
    },
    /// In which other store does this shelf label stand for something?
    LabelStore {
        /// Its number.
        label: String,
    },
    /// This kiosk is so: is anything said to it? The store's relay answers.
    Stand {
        /// How it is.
        stand: Stand,
    },
    /// How are the kiosks of this store? The store's relay answers.
    Kiosks {},
    /// Somebody at this lane says something to a kiosk. The store's relay takes it.
    Act {
        /// What.
        act: SignedAct,
    },
}

/// No place on earth is further from UTC, minutes.
pub const OFFSET_MINUTES_MAX: i32 = 14 * 60;

/// The longest that a label flashes, seconds.
pub const FLASH_SECONDS_MAX: u8 = 120;

/// What stands before the hash of a telephone number where a card's code
/// would stand; no card's code has a colon.
pub const PHONE: &str = "phone:";

/// The fewest digits of a telephone number.
pub const PHONE_LENGTH_MIN: usize = 7;

impl Question {
    /// Asks who has this card, number or telephone. What may be a telephone
    /// number leaves the lane as a hash beside what else it may be.
    pub fn member(code: &str) -> Self {
        let is_phone = code.len() >= PHONE_LENGTH_MIN && code.bytes().all(|byte| byte.is_ascii_digit());
        let code = if is_phone { format!("{PHONE}{}", phone_hash(code)) } else { code.to_owned() };
        Self::Member { code }
    }

    /// Whether every text in it is as short as it must be, and every number
    /// one that can be asked for.
    pub fn is_within_bounds(&self) -> bool {
        let short = |text: &str| !text.is_empty() && text.len() <= ASKED_LENGTH_MAX;
        match self {
            Self::Member { code } => short(code),
            Self::LendPoints { member, points } => short(member) && *points > 0,
            Self::LendValue { member, amount } => short(member) && (0..=AMOUNT_MAX).contains(amount),
            Self::ClaimCoupon { code, member } => short(code) && member.as_deref().is_none_or(short),
            Self::ReleaseCoupon { code } => short(code),
            Self::ClaimReceipt { origin } | Self::ReleaseReceipt { origin } => {
                short(&origin.store) && i64::try_from(origin.seq).is_ok()
            }
            Self::Receipts { sought, goods } => {
                sought.is_within_bounds()
                    && goods.len() <= RECEIPT_GOODS_MAX
                    && goods.iter().all(|sku| short(sku))
            }
            Self::Margins { staff, day: _ } => short(staff),
            Self::StoreDay { staff, day: _, by: _, offset_minutes } => {
                short(staff) && offset_minutes.unsigned_abs() <= OFFSET_MINUTES_MAX.unsigned_abs()
            }
            Self::QuotasUsed { promotions, member, day: _ } => {
                (1..=QUOTAS_ASKED_MAX).contains(&promotions.len())
                    && promotions.iter().all(|id| short(id))
                    && (member.is_empty() || short(member))
            }
            Self::Stock { sku } => short(sku),
            Self::Positions {} | Self::ClaimParked { .. } | Self::ReleaseParked { .. } => true,
            Self::ParkedBaskets { own, epoch: _ } => own.len() <= PARKED_MAX,
            Self::ClaimCode { id } | Self::ReleaseCode { id } => {
                CodeId::parse(id).is_some_and(|read| read.to_string() == *id)
            }
            Self::Earned { seller, day: _ } => short(seller),
            Self::FlashLabel { label, colour: _, seconds } => {
                is_label(label) && (1..=FLASH_SECONDS_MAX).contains(seconds)
            }
            Self::ResendLabel { label } | Self::LabelStore { label } => is_label(label),
            Self::Stand { stand } => stand.is_within_bounds(),
            Self::Kiosks {} => true,
            Self::Act { act } => act.is_within_bounds(),
        }
    }

    /// Whether only the store's relay knows: kiosks and the attendant's board.
    pub fn is_of_board(&self) -> bool {
        matches!(self, Self::Stand { .. } | Self::Kiosks {} | Self::Act { .. })
    }
}

fn is_label(text: &str) -> bool {
    LabelNumber::parse(text).is_ok_and(|number| number.as_str() == text)
}

/// Why something that was said to a kiosk goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActNotTaken {
    /// It is not of this form, or not of the lane that says it.
    Form,
    /// That kiosk was not heard for a while.
    NotThere,
    /// Too much waits for it already.
    Busy,
}

/// What a seller is credited for in a time, what came back taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Earnings {
    /// What was paid for the goods, minor units of the chain's currency.
    pub net: i64,
    /// The commission, minor units; below nothing where more came back.
    pub commission: i64,
}

/// What is said to a question.
// One at a time is read and put away.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// This is the member.
    Member {
        /// Who, as far as a sale needs to know.
        member: Member,
        /// What whoever serves them should know; empty for nothing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// Nobody has this card, number or telephone.
    MemberUnknown {},
    /// So many points are lent.
    PointsLent {
        /// Which, and until when.
        grant: PointsGrant,
    },
    /// None are lent: there are none that are not lent or pending.
    PointsNotLent {
        /// How many the member has in all.
        balance: i64,
    },
    /// So much stored value is lent.
    ValueLent {
        /// Which, and until when.
        grant: ValueGrant,
        /// What the member has in all.
        balance: Value,
    },
    /// None is lent: nothing was asked for, or nothing is there that is not lent.
    ValueNotLent {
        /// What the member has in all.
        balance: Value,
    },
    /// The coupon may be spent here.
    CouponClaimed {
        /// What it stands for.
        coupon: Coupon,
    },
    /// The coupon may not be spent here.
    CouponNotClaimed {
        /// Why.
        why: CouponRefused,
    },
    /// What was released is free again, or was never held.
    Released {},
    /// The sale may be given back here, as far as it is left.
    ReceiptClaimed {
        /// The document.
        sale: Box<Sale>,
        /// What gave some of it back since, in the order in which HQ filed it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        later: Vec<Sale>,
        /// Up to but not including this instant, milliseconds UTC.
        until_ms: i64,
    },
    /// The sale may not be given back here.
    ReceiptNotClaimed {
        /// Why.
        why: ReceiptRefused,
    },
    /// The receipts that were asked for, as far as whoever answers knows them.
    Receipts {
        /// Whose they are, where a member was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<Box<Member>>,
        /// The newest first, at most [`RECEIPTS_TOLD_MAX`].
        receipts: Vec<ReceiptShown>,
        /// Whether there are more, or may be.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
        /// Who answers.
        #[serde(default)]
        knows: Knows,
    },
    /// What the store earned on its goods.
    Margins {
        /// The sums.
        margins: Box<Margins>,
    },
    /// Nothing is told of that.
    MarginsNotTold {
        /// Why.
        why: MarginsRefused,
    },
    /// A store's day, from the side that was asked for.
    StoreDay {
        /// As far as HQ has it.
        day: Box<StoreDay>,
    },
    /// Nothing is told of that day.
    StoreDayNotTold {
        /// Why.
        why: StoreDayRefused,
    },
    /// What was given of promotions with quotas, as far as HQ has heard.
    QuotasUsed {
        /// One for each that was asked about.
        used: Vec<QuotaHeard>,
    },
    /// What a seller is credited for and has earned, as far as HQ has it.
    Earned {
        /// On the day.
        day: Earnings,
        /// In the month up to that day.
        month: Earnings,
    },
    /// How much there is: the asking store first, then those that have any, the nearest first.
    Stock {
        /// At most [`STOCK_PLACES_MAX`] others.
        places: Vec<StockAt>,
    },
    /// How far the journals of the store's lanes are.
    Positions {
        /// The lanes that were heard of just now, at most
        /// [`COUNT_LANES_MAX`](domain::stock::COUNT_LANES_MAX).
        known: Vec<Position>,
        /// The store's other lanes: how far they are nobody can say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unknown: Vec<u32>,
    },
    /// The baskets that lanes of the store put aside.
    ParkedBaskets {
        /// Those of other lanes, the newest first, at most [`PARKED_TOLD_MAX`].
        baskets: Vec<ParkedShown>,
        /// Those of the asking lane's own that are at others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<ParkedGone>,
    },
    /// The basket may be taken up here.
    ParkedClaimed {
        /// Which, as it was put aside.
        id: ParkedId,
        /// What lies in it.
        parked: Box<Parked>,
        /// Up to but not including this instant, milliseconds UTC.
        until_ms: i64,
    },
    /// The basket may not be taken up here.
    ParkedNotClaimed {
        /// Why.
        why: ParkedRefused,
    },
    /// The code may be used up here.
    CodeClaimed {
        /// Up to but not including this instant, milliseconds UTC.
        until_ms: i64,
    },
    /// The code may not be used up here.
    CodeNotClaimed {
        /// Why.
        why: CodeTaken,
    },
    /// It was passed on to the gateway that has the label; what becomes of it
    /// stands in the label's state.
    LabelAsked {},
    /// It was not passed on.
    LabelNotAsked {
        /// Why.
        why: LabelNotAsked,
    },
    /// Where a label stands for something.
    LabelStore {
        /// The other store's code; absent where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        store: Option<String>,
    },
    /// This was said to the kiosk.
    Acts {
        /// What; again until the kiosk says what became of it.
        acts: Vec<SignedAct>,
    },
    /// The store's kiosks.
    Kiosks {
        /// By their numbers, at most [`KIOSKS_MAX`].
        kiosks: Vec<KioskStand>,
    },
    /// What was said waits for the kiosk.
    ActTaken {},
    /// What was said goes nowhere.
    ActNotTaken {
        /// Why.
        why: ActNotTaken,
    },
    /// Nobody who knows could be asked in time.
    Unreachable {},
    /// This cannot be asked: it is of a newer lane, or not of its form.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Why a coupon may not be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponRefused {
    /// HQ does not know its number, or it is another store's.
    Unknown,
    /// It was spent.
    Used,
    /// Another till holds it.
    Reserved,
    /// HQ stopped it or took it back.
    Withdrawn,
    /// It belongs to another member.
    OtherMember,
}

/// Why a sale may not be given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptRefused {
    /// HQ has no such sale: it may not have arrived yet.
    Unknown,
    /// Another till holds it.
    Held,
    /// Nothing of it is left.
    NothingLeft,
}

/// A basket that a lane put aside, as far as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedShown {
    /// Which.
    pub id: ParkedId,
    /// When, by that lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// What the cashier noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Its first goods, in Chinese and in English.
    pub first: (String, String),
    /// How many lines.
    pub lines: usize,
    /// What its lines come to without promotions of the whole basket, minor
    /// units of the store's currency.
    pub total: i64,
}

impl ParkedShown {
    /// What a list shows of a basket.
    pub fn of(id: ParkedId, parked: &Parked) -> Self {
        let first = parked.lines.first().map(|line| (line.name_zh.clone(), line.name_en.clone()));
        Self {
            id,
            at_ms: parked.at_ms,
            note: parked.note.clone(),
            first: first.unwrap_or_default(),
            lines: parked.lines.len(),
            total: parked.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.net)),
        }
    }
}

/// A basket of the asking lane that is at another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedGone {
    /// Its number on the lane that put it aside.
    pub number: u32,
    /// The lane that took it up.
    pub lane: u32,
}

/// Why a parked basket may not be taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum ParkedRefused {
    /// Nobody knows of it: what was paid in part is not told, and it may not
    /// have arrived yet.
    Unknown {},
    /// Another lane is taking it up.
    Held {
        /// Which.
        lane: u32,
    },
    /// Another lane took it up.
    Gone {
        /// Which.
        lane: u32,
    },
}

/// Why a phone's code may not be used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum CodeTaken {
    /// It was used up.
    Used {
        /// The lane that did.
        lane: u32,
        /// When, by that lane's clock, milliseconds UTC; absent where nobody remembers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<i64>,
    },
    /// Another lane is about to.
    Held {
        /// Which.
        lane: u32,
    },
}

/// Why a label cannot be asked for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelNotAsked {
    /// This agent has no gateway: ask at the till whose agent has one.
    NoGateway,
    /// No gateway of this agent has seen the label.
    NotSeen,
    /// The gateway takes no more for now; ask again in a moment.
    Busy,
}

/// How much of an item there is in a store, thousandths of a piece or of a
/// kilogram.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAt {
    /// The store's code.
    pub store: String,
    /// Its name in Chinese; empty where it is not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_zh: String,
    /// Its name in English; empty where it is not told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name_en: String,
    /// How far it is from the asking store as the crow flies, metres; `None` where HQ does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metres: Option<u32>,
    /// What the books say is there; below nothing where more was sold than
    /// received.
    pub on_hand: i64,
    /// How much of it somebody waits for.
    #[serde(default)]
    pub reserved: i64,
    /// How much is on its way there.
    #[serde(default)]
    pub in_transit: i64,
}

/// Why bytes are not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// It says that it is longer than a frame may be.
    #[error("read a frame of {0} bytes: {FRAME_BYTES_MAX} are the most")]
    TooLong(usize),
    /// Not JSON, or not of this form.
    #[error("read a frame")]
    Form(#[from] serde_json::Error),
}

/// Makes the bytes of a frame.
pub fn encode_frame<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = frame.len() - 4;
    let said = u32::try_from(length).ok().filter(|_| length <= FRAME_BYTES_MAX);
    let said = said.ok_or(FrameError::TooLong(length))?;
    frame[..4].copy_from_slice(&said.to_be_bytes());
    Ok(frame)
}

/// Puts frames together from bytes as they come.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
}

impl FrameReader {
    /// Takes bytes in.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, once all of it is here. After an error nothing that
    /// follows can be read: the connection is to be closed.
    pub fn message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let Some(said) = self.bytes.first_chunk::<4>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(*said)).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong(length));
        }
        let Some(body) = self.bytes.get(4..4 + length) else { return Ok(None) };
        let message = serde_json::from_slice(body)?;
        self.bytes.drain(..4 + length);
        Ok(Some(message))
    }
}

/// Reads a question; what it is not, is said with the number that it came
/// under, so that an older agent can tell a newer lane.
pub fn read_question(value: serde_json::Value) -> Result<Asked, Option<Box<Answered>>> {
    let number = value.get("number").and_then(serde_json::Value::as_u64);
    let refuse = |reason: String| {
        let refused = |number| Answered { v: ASK_VERSION, number, answer: Answer::Refused { reason } };
        number.map(refused).map(Box::new)
    };
    let asked: Asked = serde_json::from_value(value).map_err(|error| refuse(error.to_string()))?;
    if asked.v != ASK_VERSION {
        return Err(refuse(format!("version {} is not known, {ASK_VERSION} is", asked.v)));
    }
    if !asked.question.is_within_bounds() {
        return Err(refuse("something in it is too long, or below nothing".into()));
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked { v: ASK_VERSION, number: 7, question: Question::member("M00000001K") }
    }

    #[test]
    fn a_frame_comes_together_from_any_pieces() {
        let bytes =
            [encode_frame(&asked()), encode_frame(&asked())].map(|frame| frame.expect("a frame")).concat();
        for size in 1..bytes.len() {
            let mut reader = FrameReader::default();
            let mut read: Vec<Asked> = Vec::new();
            for piece in bytes.chunks(size) {
                reader.push(piece);
                while let Some(message) = reader.message().expect("good frames") {
                    read.push(message);
                }
            }
            assert_eq!(read, [asked(), asked()], "pieces of {size}");
        }
    }

    #[test]
    fn a_frame_that_says_too_much_is_refused_before_it_is_here() {
        let mut reader = FrameReader::default();
        reader.push(&u32::MAX.to_be_bytes());
        assert!(matches!(reader.message::<Asked>(), Err(FrameError::TooLong(_))));
        let mut reader = FrameReader::default();
        reader.push(&[0, 0, 0, 2, b'{', b'x']);
        assert!(matches!(reader.message::<Asked>(), Err(FrameError::Form(_))));
    }

    #[test]
    fn a_telephone_number_leaves_as_its_hash() {
        let Question::Member { code } = Question::member("13812340001") else {
            panic!("a member is asked for")
        };
        assert_eq!(code, format!("{PHONE}{}", phone_hash("13812340001")));
        assert_eq!(Question::member("123456"), Question::Member { code: "123456".into() });
    }

    #[test]
    fn a_label_is_asked_by_its_full_number_and_flashes_for_a_while() {
        let flash = |label: &str, seconds| {
            Question::FlashLabel { label: label.into(), colour: [0, 255, 0], seconds }.is_within_bounds()
        };
        assert!(flash("00000218A3F5C611", 1) && flash("00000218A3F5C611", FLASH_SECONDS_MAX));
        assert!(!flash("00000218A3F5C611", 0) && !flash("00000218A3F5C611", FLASH_SECONDS_MAX + 1));
        assert!(!flash("00000218a3f5c611", 5) && !flash("0218A3F5C611", 5) && !flash("label", 5));
        assert!(!Question::ResendLabel { label: String::new() }.is_within_bounds());
        assert!(!Question::LabelStore { label: "5".into() }.is_within_bounds());
        let asked = Asked {
            v: ASK_VERSION,
            number: 3,
            question: Question::ResendLabel { label: "00000218A3F5C611".into() },
        };
        let json = serde_json::to_string(&asked).expect("plain data serialises");
        assert_eq!(json, r#"{"v":1,"number":3,"ask":"resend_label","label":"00000218A3F5C611"}"#);
    }

    #[test]
    fn what_is_asked_of_quotas_is_bounded_and_says_only_what_it_must() {
        let asked = |promotions: Vec<String>, member: &str| Question::QuotasUsed {
            promotions,
            member: member.into(),
            day: NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day"),
        };
        let question = asked(vec!["flash".into()], "");
        assert!(question.is_within_bounds());
        assert_eq!(
            serde_json::to_string(&question).expect("plain data serialises"),
            r#"{"ask":"quotas_used","promotions":["flash"],"day":"2026-03-02"}"#
        );
        assert!(!asked(Vec::new(), "m1").is_within_bounds());
        assert!(!asked(vec![String::new()], "m1").is_within_bounds());
        assert!(!asked(vec!["p".into(); QUOTAS_ASKED_MAX + 1], "").is_within_bounds());
        assert!(!asked(vec!["p".into()], &"m".repeat(ASKED_LENGTH_MAX + 1)).is_within_bounds());
    }

    #[test]
    fn a_phones_code_is_asked_about_by_its_number_alone() {
        let id = "0123456789abcdef01234567";
        let question = Question::ClaimCode { id: id.into() };
        assert!(question.is_within_bounds());
        assert_eq!(
            serde_json::to_string(&question).expect("plain data serialises"),
            format!(r#"{{"ask":"claim_code","id":"{id}"}}"#)
        );
        for id in ["", "0123456789ABCDEF01234567", "0123456789abcdef0123456", "GTB0123456789abcdef012345"] {
            assert!(!Question::ClaimCode { id: id.into() }.is_within_bounds(), "{id}");
            assert!(!Question::ReleaseCode { id: id.into() }.is_within_bounds(), "{id}");
        }
        let told =
            |why| serde_json::to_string(&Answer::CodeNotClaimed { why }).expect("plain data serialises");
        assert_eq!(
            told(CodeTaken::Used { lane: 3, at_ms: Some(9) }),
            r#"{"answer":"code_not_claimed","why":{"because":"used","lane":3,"at_ms":9}}"#
        );
        assert_eq!(
            told(CodeTaken::Held { lane: 3 }),
            r#"{"answer":"code_not_claimed","why":{"because":"held","lane":3}}"#
        );
    }

    #[test]
    fn receipts_are_asked_for_by_four_digits_at_most() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
        let asked = |card: &str, amount| {
            let sought = Sought::Payment { card: card.into(), day, amount };
            Question::Receipts { sought, goods: Vec::new() }
        };
        assert_eq!(
            serde_json::to_string(&asked("0042", None)).expect("plain data serialises"),
            r#"{"ask":"receipts","sought":{"by":"payment","card":"0042","day":"2026-03-02"}}"#
        );
        assert!(asked("0042", Some(1)).is_within_bounds() && asked("", Some(1_250)).is_within_bounds());
        for (card, amount) in [("", None), ("42", Some(1)), ("6222020000000042", None), ("0042", Some(0))] {
            assert!(!asked(card, amount).is_within_bounds(), "{card} {amount:?}");
        }
        let of = |goods: usize| {
            let sought = Sought::Member { code: "M1".into() };
            Question::Receipts { sought, goods: vec!["100001".into(); goods] }.is_within_bounds()
        };
        assert!(of(0) && of(RECEIPT_GOODS_MAX) && !of(RECEIPT_GOODS_MAX + 1));
    }

    #[test]
    fn a_stores_day_is_asked_for_from_one_side_and_says_no_more_than_it_must() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
        let asked = |staff: &str, offset_minutes| Question::StoreDay {
            staff: staff.into(),
            day,
            by: StoreDayBy::Hour,
            offset_minutes,
        };
        assert_eq!(
            serde_json::to_string(&asked("E301", 480)).expect("plain data serialises"),
            r#"{"ask":"store_day","staff":"E301","day":"2026-03-02","by":"hour","offset_minutes":480}"#
        );
        assert!(asked("E301", -OFFSET_MINUTES_MAX).is_within_bounds());
        assert!(!asked("E301", OFFSET_MINUTES_MAX + 1).is_within_bounds());
        assert!(!asked("E301", i32::MIN).is_within_bounds() && !asked("", 480).is_within_bounds());
        // What a newer HQ says beside does not keep an older lane from reading it.
        let told = r#"{"answer":"store_day","day":{"currency":"CNY","lanes":2,"payable":100,"new":1}}"#;
        let Answer::StoreDay { day } = serde_json::from_str(told).expect("an answer") else {
            panic!("a day was told")
        };
        assert_eq!((day.lanes, day.payable, day.rows.len()), (2, 100, 0));
    }

    #[test]
    fn a_question_of_a_newer_lane_is_refused_by_its_number() {
        let newer = serde_json::json!({"v": 1, "number": 3, "ask": "tell_a_joke"});
        let refusal = read_question(newer).expect_err("unknown").expect("it has a number");
        assert_eq!(refusal.number, 3);
        assert!(matches!(refusal.answer, Answer::Refused { .. }));
        let later = serde_json::json!({"v": 2, "number": 4, "ask": "stock", "sku": "1"});
        assert!(read_question(later).expect_err("unknown").is_some_and(|refusal| refusal.number == 4));
        assert_eq!(read_question(serde_json::json!({"v": 1})), Err(None));
        let negative =
            serde_json::json!({"v": 1, "number": 5, "ask": "lend_points", "member": "m", "points": -5});
        assert!(read_question(negative).is_err());
        let long =
            serde_json::json!({"v": 1, "number": 6, "ask": "stock", "sku": "1".repeat(ASKED_LENGTH_MAX + 1)});
        assert!(read_question(long).is_err());
    }
}
