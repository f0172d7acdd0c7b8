//! Keeps the books in the database: takes one out, lets the rules change it,
//! and puts it back with the entry that says what was done.
//!
//! Whatever is done here is done in the caller's transaction: what a lane's
//! event does to the books is there with the event, or not at all.

mod again;
mod channel;
mod codes;
mod membership;
mod named;
mod parked;
mod receipts;
mod standing;
mod value;

pub use self::channel::{HQ_LANE, PointsRefused};
pub use self::codes::CODE_CLAIM_MS;
pub(crate) use self::membership::add_tags;
pub use self::membership::{membership_key, memberships, reward_key, rewards};
pub(crate) use self::named::nameable;
pub use self::parked::{PARKED_CLAIM_MS, parked_listed};
pub use self::receipts::receipts_listed;
pub(crate) use self::receipts::{is_sought, shown};
pub use self::standing::STANDING_ENDS_AT_A_TIME;
pub use self::value::{ValueRefused, value_account_of, value_key};
use protocol::ask::{Answer, CouponRefused, LATER_DOCUMENTS_MAX, PHONE, ReceiptRefused};
use protocol::event::{self, Event, Fact, NewMember, Origin, PointsGrant, Sale};
use protocol::pull::{Coupon, CouponState};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::held::{Claim, CouponBook, NotClaimed, ReceiptBook};
use super::points::{Account, Done, Occasion, Operation, PointsTerms, Settled, Trace};
use super::value::ValueOperation;
use super::{LaneId, counting};
use crate::import;
use crate::orders::from_lanes::{self, Deed};
use crate::store::{
    BookEntry, BookKey, BookKind, Exception, HoldRow, JournalKey, Kind, Reading, Store, StoreError, Writing,
};
use crate::transfers::{self, Followed, TransferError};

/// A lane's clock may go back by so much without anybody noticing,
/// milliseconds: what it holds is over for HQ only so long after its end.
pub const CLOCK_SKEW_MS: i64 = 10 * 60_000;

/// How long a coupon or a receipt is one lane's, milliseconds.
pub const CLAIM_MS: i64 = 30 * 60_000;

/// An account for which time cannot pass is looked at again after so long, milliseconds.
const DUE_AGAIN_MS: i64 = 86_400_000;

/// The name of the setting that says how points are kept.
pub const POINTS_SETTING: &str = "points";

/// The name of the setting that has the terms of points that counted before, the first of them first.
pub const POINTS_BEFORE_SETTING: &str = "points.before";

/// The name of the setting that says what is lent to stores of them.
pub const STANDING_SETTING: &str = "points.standing";

/// What a member's old card, or a number given at a till, leads to; before it
/// stands this where a card's code would stand.
pub const ALIAS: &str = "id:";

/// What stands as the document behind what time alone did.
const TIME: &str = "time";

/// What stands behind the number of a document that also gave points back.
const BACK: &str = "#back";

/// A book with the number of its last entry.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept<T> {
    entries: u64,
    pub(super) state: T,
    /// Who may use up a phone's code now. Not in its state, which a program of before reads as the list of its uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<Claim>,
}

/// Keeps the books within one transaction.
pub struct Keeper<'w, 'c> {
    writing: &'w Writing<'c>,
    terms: PointsTerms,
    now_ms: i64,
}

fn read<T: DeserializeOwned>(table: &'static str, body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row { table, reason: error.to_string() })
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data serialises")
}

/// What a document is known by in the books.
pub fn document(key: JournalKey<'_>, seq: u64) -> String {
    format!("{}/{}/{}/{seq}", key.store, key.lane, key.epoch)
}

/// A sale as entries name it.
pub fn document_of(origin: &Origin) -> String {
    let key = JournalKey { store: &origin.store, lane: origin.lane, epoch: origin.epoch };
    document(key, origin.seq)
}

/// The part of a receipt's book: the document without its store, which owns it.
pub(super) fn receipt_part(origin: &Origin) -> String {
    format!("{}/{}/{}", origin.lane, origin.epoch, origin.seq)
}

pub(super) fn origin_of(document: &str) -> Option<Origin> {
    let mut parts = document.rsplitn(4, '/');
    let seq = parts.next()?.parse().ok()?;
    let epoch = parts.next()?.parse().ok()?;
    let lane = parts.next()?.parse().ok()?;
    Some(Origin { store: parts.next()?.to_owned(), lane, epoch, seq })
}

impl<'w, 'c> Keeper<'w, 'c> {
    /// Keeps books within a transaction; `now_ms` is HQ's clock, milliseconds UTC.
    pub fn new(writing: &'w Writing<'c>, now_ms: i64) -> Result<Self, StoreError> {
        Ok(Self { writing, terms: points_terms(writing)?, now_ms })
    }

    /// How points are kept.
    pub fn terms(&self) -> &PointsTerms {
        &self.terms
    }

    /// The member that an id stands for: one that was given at a till may have
    /// become another's.
    pub fn member_of(&self, id: &str) -> Result<String, StoreError> {
        let known = self.writing.members_of_code(&format!("{ALIAS}{id}"))?;
        Ok(known.into_iter().next().unwrap_or_else(|| id.to_owned()))
    }

    fn take<T: DeserializeOwned>(&self, key: BookKey<'_>) -> Result<Option<T>, StoreError> {
        self.writing.lock_book(key)?.map(|body| read("book", &body)).transpose()
    }

    fn enter<O: Serialize>(
        &self,
        key: BookKey<'_>,
        number: u64,
        (source, at_ms): (&str, i64),
        amount: i64,
        done: &O,
    ) -> Result<(), StoreError> {
        self.writing.add_book_entry(
            key,
            &BookEntry {
                number,
                source: source.to_owned(),
                at_ms,
                heard_at_ms: self.now_ms,
                amount,
                body: written(done),
            },
        )
    }

    pub(super) fn list<W: Serialize>(
        &self,
        store: &str,
        source: &str,
        key: BookKey<'_>,
        what: &W,
    ) -> Result<(), StoreError> {
        self.writing.add_exception(&Exception {
            store: store.to_owned(),
            source: source.to_owned(),
            kind: key.kind,
            owner: key.owner.to_owned(),
            part: key.part.to_owned(),
            what: written(what),
            found_at_ms: self.now_ms,
        })
    }

    /// The points of a member, as they are now.
    pub fn account(&self, member: &str) -> Result<Account, StoreError> {
        Ok(self.open_account(member)?.state.as_of(&self.terms, self.now_ms))
    }

    /// Time passes for a member's points: what is over ends, what is ripe is free, a tier may go. Says whether anything did.
    pub fn pass_points(&self, member: &str) -> Result<bool, StoreError> {
        let done = self.points(member, "", (TIME, self.now_ms), &Operation::Pass {})?;
        Ok(done.time_moved)
    }

    /// Takes an account out; where it is new, with what the member had before
    /// this HQ kept it.
    fn open_account(&self, member: &str) -> Result<Kept<Account>, StoreError> {
        let key = points_key(member);
        if let Some(kept) = self.take(key)? {
            return Ok(kept);
        }
        let mut kept = Kept::default();
        let row = self.writing.member(member)?;
        let had = row.and_then(|body| import::member_points(&body)).unwrap_or(0);
        if had > 0 {
            let operation = Operation::Adjust { points: had, reason: "opening".to_owned() };
            self.carry_out(key, &mut kept, "opening", self.now_ms, &operation)?;
            self.writing.put_book(key, &written(&kept))?;
            self.writing.put_points_due(member, kept.state.next_moment_ms())?;
        }
        Ok(kept)
    }

    /// Does something to a member's points, and lists under a store what is wrong.
    pub fn points(
        &self,
        member: &str,
        store: &str,
        (source, at_ms): (&str, i64),
        operation: &Operation,
    ) -> Result<Done, StoreError> {
        let key = points_key(member);
        if operation.is_of_document() && self.writing.has_book_source(key, source)? {
            // A document moves a balance once.
            return Ok(Done::default());
        }
        let mut kept = self.open_account(member)?;
        let lane = match operation {
            Operation::Settle { lease, .. } => kept.state.leases().get(lease).map(|lease| lease.lane.clone()),
            Operation::Lend { lane, .. } => Some(lane.clone()),
            Operation::Stand { relay, .. } => Some(relay.clone()),
            Operation::Sale { .. }
            | Operation::Back { .. }
            | Operation::Close { .. }
            | Operation::Leave { .. }
            | Operation::Adjust { .. }
            | Operation::Transfer { .. }
            | Operation::Pass {} => None,
        };
        if let (Operation::Settle { .. }, None) = (operation, &lane) {
            // It is settled, and nothing is done twice.
            return Ok(Done::default());
        }
        let due_before_ms = kept.state.next_moment_ms();
        let done = self.carry_out(key, &mut kept, source, at_ms, operation)?;
        let due_ms = kept.state.next_moment_ms();
        let is_pass = matches!(operation, Operation::Pass {});
        if is_pass && !done.time_moved {
            // It was due, as a row said; nobody looks again before it is.
            self.writing.put_points_due(member, due_ms)?;
            return Ok(done);
        }
        let asks = matches!(operation, Operation::Lend { .. } | Operation::Stand { .. });
        if asks && done.lent.is_none() && done.entries.is_empty() {
            return Ok(done);
        }
        self.writing.put_book(key, &written(&kept))?;
        if is_pass || due_ms != due_before_ms {
            self.writing.put_points_due(member, due_ms)?;
        }
        match (&lane, &done.lent, operation) {
            (Some(lane), Some((id, lease)), _) => self.writing.put_hold(&HoldRow {
                lane: lane.clone(),
                owner: member.to_owned(),
                kind: BookKind::Points,
                part: String::new(),
                id: id.clone(),
                until_ms: lease.until_ms,
            })?,
            (Some(lane), None, Operation::Settle { lease, .. }) => self.writing.end_hold(lane, key, lease)?,
            _ => {}
        }
        for wrong in &done.wrong {
            self.list(store, source, key, wrong)?;
        }
        if done.tier_changed {
            self.tell_tier(member, kept.state.tier())?;
        }
        Ok(done)
    }

    /// Applies an operation and writes its entry; the book itself is put back
    /// by the caller.
    fn carry_out(
        &self,
        key: BookKey<'_>,
        kept: &mut Kept<Account>,
        source: &str,
        at_ms: i64,
        operation: &Operation,
    ) -> Result<Done, StoreError> {
        let occasion = Occasion { member: key.owner, source, at_ms, now_ms: self.now_ms };
        let about = operation.about(source);
        let trace_key = about.map(|part| BookKey { owner: key.owner, kind: BookKind::PointsSale, part });
        let mut trace: Trace = match trace_key {
            Some(key) => self.take(key)?.unwrap_or_default(),
            None => Trace::default(),
        };
        let before = matches!(operation, Operation::Pass {}).then(|| kept.state.clone());
        let mut done = kept.state.apply(&self.terms, occasion, operation, &mut trace);
        done.time_moved = before.is_some_and(|before| !kept.state.is_as_before(&before));
        if let Some(key) = trace_key {
            self.writing.put_book(key, &written(&trace))?;
        }
        let is_idle = done.lent.is_none() && done.entries.is_empty() && !done.time_moved;
        let may_be_idle =
            matches!(operation, Operation::Lend { .. } | Operation::Stand { .. } | Operation::Pass {});
        if !(is_idle && may_be_idle) {
            kept.entries += 1;
            let amount = done.entries.iter().map(|entry| entry.points).sum();
            let mut body = serde_json::json!({ "operation": operation, "entries": done.entries });
            if self.terms.number > 0 {
                body["terms"] = self.terms.number.into();
            }
            self.enter(key, kept.entries, (source, at_ms), amount, &body)?;
        }
        Ok(done)
    }

    /// Tells the lanes of the member's store what they have now.
    fn tell_member(&self, member: &str) -> Result<(), StoreError> {
        let account = points_now(self.writing, member, self.now_ms)?;
        self.tell_tier(member, account.as_ref().and_then(|account| account.tier()))
    }

    /// Tells the lanes of the member's store which tier they have now.
    fn tell_tier(&self, member: &str, tier: Option<&str>) -> Result<(), StoreError> {
        let Some(body) = self.writing.member(member)? else { return Ok(()) };
        let told = import::member_told(member, &body, tier);
        if let Some((store, mut told)) = told {
            add_tags(self.writing, member, &body, &mut told.tags)?;
            self.writing.put_of_store(Kind::Member, &store, member, &written(&told))?;
        }
        Ok(())
    }

    /// Lends a lane points.
    pub fn lend(&self, lane: &LaneId, member: &str, points: i64) -> Result<Answer, StoreError> {
        let asked_as = member;
        let member = self.member_of(member)?;
        if self.writing.member(&member)?.is_none() {
            return Ok(Answer::PointsNotLent { balance: 0 });
        }
        let source = format!("{}/{}/ask", lane.store, lane.lane);
        let operation = Operation::Lend { lane: lane.clone(), points };
        let done = self.points(&member, &lane.store, (&source, self.now_ms), &operation)?;
        Ok(match done.lent {
            Some((id, lease)) => Answer::PointsLent {
                grant: PointsGrant {
                    lease: id,
                    member: asked_as.to_owned(),
                    points: lease.points,
                    until_ms: lease.until_ms,
                },
            },
            None => Answer::PointsNotLent { balance: self.account(&member)?.balance() },
        })
    }

    /// Lets a lane alone spend a coupon, for a while.
    pub fn claim_coupon(
        &self,
        lane: &LaneId,
        code: &str,
        member: Option<&str>,
    ) -> Result<Answer, StoreError> {
        let refuse = |why| Ok(Answer::CouponNotClaimed { why });
        let Some(body) = self.writing.entity_of_store(Kind::Coupon, &lane.store, code)? else {
            return refuse(CouponRefused::Unknown);
        };
        let coupon: Coupon = read("entity", &body)?;
        match coupon.state {
            CouponState::Issued => {}
            CouponState::Redeemed => return refuse(CouponRefused::Used),
            CouponState::Reserved => return refuse(CouponRefused::Reserved),
            CouponState::Frozen | CouponState::Void => return refuse(CouponRefused::Withdrawn),
        }
        if let Some(owner) = &coupon.owner {
            let brings = member.map(|member| self.member_of(member)).transpose()?;
            if brings.as_deref() != Some(owner) {
                return refuse(CouponRefused::OtherMember);
            }
        }
        let key = BookKey { owner: &lane.store, kind: BookKind::Coupon, part: code };
        let mut kept: Kept<CouponBook> = self.take(key)?.unwrap_or_default();
        let until_ms = self.now_ms.saturating_add(CLAIM_MS);
        match kept.state.claim(lane, until_ms) {
            Err(NotClaimed::Used) => return refuse(CouponRefused::Used),
            Err(NotClaimed::Held) => return refuse(CouponRefused::Reserved),
            Ok(()) => {}
        }
        self.put_claimed(key, &mut kept, lane, until_ms)?;
        // HQ arbitrates by its own id of the owner; the lane keeps what it asked with.
        let owner = coupon.owner.map(|owner| member.map_or(owner, str::to_owned));
        Ok(Answer::CouponClaimed {
            coupon: event::Coupon {
                code: coupon.code,
                promotion: coupon.promotion,
                from_ms: coupon.from_ms,
                until_ms: coupon.until_ms,
                owner,
                group: coupon.group,
                together_max: coupon.together_max,
            },
        })
    }

    fn put_claimed<T: Serialize>(
        &self,
        key: BookKey<'_>,
        kept: &mut Kept<T>,
        lane: &LaneId,
        until_ms: i64,
    ) -> Result<(), StoreError> {
        kept.entries += 1;
        let source = format!("{}/{}/ask", lane.store, lane.lane);
        let done = serde_json::json!({ "do": "claim", "lane": lane, "until_ms": until_ms });
        self.enter(key, kept.entries, (&source, self.now_ms), 0, &done)?;
        self.writing.put_book(key, &written(kept))?;
        self.writing.put_hold(&HoldRow {
            lane: lane.clone(),
            owner: key.owner.to_owned(),
            kind: key.kind,
            part: key.part.to_owned(),
            id: String::new(),
            until_ms,
        })
    }

    /// A lane does not spend a coupon any more.
    pub fn release_coupon(&self, lane: &LaneId, code: &str, source: &str) -> Result<(), StoreError> {
        let key = BookKey { owner: &lane.store, kind: BookKind::Coupon, part: code };
        self.let_go(key, lane, source, |book: &mut CouponBook| book.release(lane))
    }

    /// Lets go of what a lane claimed of a book, where the book says that it did.
    fn let_go<T: DeserializeOwned + Serialize>(
        &self,
        key: BookKey<'_>,
        lane: &LaneId,
        source: &str,
        from: impl FnOnce(&mut T) -> bool,
    ) -> Result<(), StoreError> {
        let Some(mut kept) = self.take::<Kept<T>>(key)? else { return Ok(()) };
        if from(&mut kept.state) {
            self.put_released(key, &mut kept, lane, source)?;
        }
        Ok(())
    }

    fn put_released<T: Serialize>(
        &self,
        key: BookKey<'_>,
        kept: &mut Kept<T>,
        lane: &LaneId,
        source: &str,
    ) -> Result<(), StoreError> {
        kept.entries += 1;
        let done = serde_json::json!({ "do": "release", "lane": lane });
        self.enter(key, kept.entries, (source, self.now_ms), 0, &done)?;
        self.writing.put_book(key, &written(kept))?;
        self.writing.end_hold(lane, key, "")
    }

    /// A sale spent a coupon. Where another did before, both stand and the
    /// second is listed.
    fn spend_coupon(
        &self,
        lane: &LaneId,
        code: &str,
        (source, at_ms): (&str, i64),
    ) -> Result<(), StoreError> {
        let key = BookKey { owner: &lane.store, kind: BookKind::Coupon, part: code };
        let mut kept: Kept<CouponBook> = self.take(key)?.unwrap_or_default();
        if self.writing.has_book_source(key, source)? {
            return Ok(());
        }
        if let Some(before) = kept.state.spend(lane, source) {
            self.list(&lane.store, source, key, &serde_json::json!({ "spent_before": before }))?;
        }
        kept.entries += 1;
        self.enter(key, kept.entries, (source, at_ms), 1, &serde_json::json!({ "do": "spend" }))?;
        self.writing.put_book(key, &written(&kept))?;
        self.writing.end_hold(lane, key, "")?;
        if let Some(body) = self.writing.entity_of_store(Kind::Coupon, &lane.store, code)? {
            let mut coupon: Coupon = read("entity", &body)?;
            coupon.state = CouponState::Redeemed;
            self.writing.put_of_store(Kind::Coupon, &lane.store, code, &written(&coupon))?;
        }
        Ok(())
    }

    /// All of a sale came back: the coupons that were spent on it are good
    /// again while they are valid. `at_ms` is the lane's clock when it took the
    /// goods back. What HQ's own book of the sale does not bear out is listed.
    fn restore_coupons(
        &self,
        lane: &LaneId,
        origin: &Origin,
        (source, at_ms): (&str, i64),
        codes: &[String],
    ) -> Result<(), StoreError> {
        let (receipt, sale) = self.open_receipt(origin)?;
        let spent = sale.map(|sale| sale.coupons).unwrap_or_default();
        let of_sale = document_of(origin);
        for code in codes {
            let key = BookKey { owner: &origin.store, kind: BookKind::Coupon, part: code };
            if self.writing.has_book_source(key, source)? {
                continue;
            }
            let was_spent = spent.iter().any(|spent| spent.code == *code);
            if !was_spent || !receipt.state.is_all_back() {
                let why = if was_spent {
                    "not all of the sale came back"
                } else {
                    "the sale is not known to have spent it"
                };
                let what = serde_json::json!({ "coupon_back": code, "sale": of_sale, "why": why });
                self.list(&lane.store, source, key, &what)?;
                continue;
            }
            let body = self.writing.entity_of_store(Kind::Coupon, &origin.store, code)?;
            let Some(mut coupon) = body.map(|body| read::<Coupon>("entity", &body)).transpose()? else {
                continue;
            };
            let mut kept: Kept<CouponBook> = self.take(key)?.unwrap_or_default();
            let is_over = coupon.until_ms.is_some_and(|until| until <= at_ms);
            if is_over || !kept.state.restore(&of_sale) {
                continue;
            }
            kept.entries += 1;
            let done = serde_json::json!({ "do": "restore", "sale": of_sale });
            self.enter(key, kept.entries, (source, at_ms), -1, &done)?;
            self.writing.put_book(key, &written(&kept))?;
            // Where another sale spent it too, or HQ stopped it, it stays so.
            if kept.state.spent.is_empty() && coupon.state == CouponState::Redeemed {
                coupon.state = CouponState::Issued;
                self.writing.put_of_store(Kind::Coupon, &origin.store, code, &written(&coupon))?;
            }
        }
        Ok(())
    }

    /// A filed document, if it is one.
    pub(super) fn sale(&self, origin: &Origin) -> Result<Option<Sale>, StoreError> {
        Ok(match self.sale_event(origin)?.map(|event| event.fact) {
            Some(Fact::SaleCompleted { sale }) => Some(sale),
            Some(_) | None => None,
        })
    }

    /// The event of a filed document, or of whatever has its number.
    pub(super) fn sale_event(&self, origin: &Origin) -> Result<Option<Event>, StoreError> {
        let key = JournalKey { store: &origin.store, lane: origin.lane, epoch: origin.epoch };
        let Some(before) = origin.seq.checked_sub(1) else { return Ok(None) };
        let found = self.writing.events_after(key, before, 1)?;
        let event = found.into_iter().find(|(seq, _)| *seq == origin.seq);
        // One that cannot be read is in quarantine.
        Ok(event.and_then(|(_, bytes)| event::decode(&bytes).ok()))
    }

    pub(super) fn open_receipt(
        &self,
        origin: &Origin,
    ) -> Result<(Kept<ReceiptBook>, Option<Sale>), StoreError> {
        let part = receipt_part(origin);
        let key = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
        let known: Option<Kept<ReceiptBook>> = self.take(key)?;
        let is_nowhere = known.is_none();
        let mut kept = known.unwrap_or_default();
        let sale = self.sale(origin)?;
        if let Some(sale) = &sale
            && kept.state.lines.iter().all(|line| line.sold.is_none())
        {
            let lines: Vec<(u32, i64)> = sale.lines.iter().map(|line| (line.line, line.quantity)).collect();
            for over in kept.state.sell(&lines) {
                self.list(&origin.store, &document_of(origin), key, &over)?;
            }
        }
        if is_nowhere {
            // New, or lost: then its entries say how it stood.
            self.enter_again(key, &mut kept)?;
        }
        Ok((kept, sale))
    }

    /// Lets a lane alone give back what is left of a sale, for a while.
    pub fn claim_receipt(&self, lane: &LaneId, origin: &Origin) -> Result<Answer, StoreError> {
        let refuse = |why| Ok(Answer::ReceiptNotClaimed { why });
        let (mut kept, sale) = self.open_receipt(origin)?;
        let Some(sale) = sale else { return refuse(ReceiptRefused::Unknown) };
        // What was paid into an account goes back by the account, and never at a till.
        if sale.top_up.is_some() {
            return refuse(ReceiptRefused::NothingLeft);
        }
        let until_ms = self.now_ms.saturating_add(CLAIM_MS);
        match kept.state.claim(lane, until_ms) {
            Err(NotClaimed::Used) => return refuse(ReceiptRefused::NothingLeft),
            Err(NotClaimed::Held) => return refuse(ReceiptRefused::Held),
            Ok(()) => {}
        }
        let mut later = Vec::new();
        for document in &kept.state.documents {
            if let Some(origin) = origin_of(document) {
                later.extend(self.sale(&origin)?);
            }
        }
        if later.len() > LATER_DOCUMENTS_MAX {
            let reason = format!("more than {LATER_DOCUMENTS_MAX} documents took this sale back; ask HQ");
            return Ok(Answer::Refused { reason });
        }
        let part = receipt_part(origin);
        let key = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
        self.put_claimed(key, &mut kept, lane, until_ms)?;
        let sale = sale.bought_by(self.named_for(origin)?.map(|named| named.buyer));
        Ok(Answer::ReceiptClaimed { sale: Box::new(sale), later, until_ms })
    }

    /// A lane gives nothing of a sale back any more.
    pub fn release_receipt(&self, lane: &LaneId, origin: &Origin, source: &str) -> Result<(), StoreError> {
        let part = receipt_part(origin);
        let key = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
        self.let_go(key, lane, source, |book: &mut ReceiptBook| book.release(lane))
    }

    /// A document gave some of a sale back.
    fn give_back(
        &self,
        lane: &LaneId,
        origin: &Origin,
        (source, at_ms): (&str, i64),
        lines: &[(u32, i64)],
    ) -> Result<(), StoreError> {
        let part = receipt_part(origin);
        let key = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
        let (mut kept, _) = self.open_receipt(origin)?;
        if kept.state.documents.iter().any(|known| known == source) {
            return Ok(());
        }
        for over in kept.state.give_back(lane, source, lines) {
            self.list(&lane.store, source, key, &over)?;
        }
        kept.entries += 1;
        let amount = lines.iter().map(|(_, quantity)| quantity).sum();
        let done = serde_json::json!({ "do": "give_back", "lines": lines });
        self.enter(key, kept.entries, (source, at_ms), amount, &done)?;
        self.writing.put_book(key, &written(&kept))?;
        self.writing.end_hold(lane, key, "")
    }

    /// Enters into the books what newly filed events of a lane say, in their
    /// order, and ends what the lane holds no more.
    // Of some forty kinds ten move these books.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub fn file(&self, key: JournalKey<'_>, events: &[&Event]) -> Result<(), StoreError> {
        let lane = LaneId { store: key.store.to_owned(), lane: key.lane };
        for event in events {
            match &event.fact {
                Fact::SaleCompleted { sale } => {
                    self.file_sale(&lane, (&document(key, event.seq), event.at_ms), sale)?;
                }
                Fact::LeaseReturned { grant } => {
                    let member = self.member_of(&grant.member)?;
                    self.settle_returned(key, event, &member, &grant.lease)?;
                }
                Fact::Phone(fact) => {
                    if let Some((what, id)) = codes::used_code(fact) {
                        self.use_code(&lane, (&document(key, event.seq), event.at_ms), what, id)?;
                    }
                }
                Fact::MemberRegistered { member, staff: _ } => {
                    self.register(&lane, member, &document(key, event.seq))?;
                }
                Fact::BuyerNamed { document: sale, buyer, staff: _ } => {
                    self.name_buyer(key, event, *sale, buyer)?;
                }
                Fact::StockCounted { count, staff: _ } => {
                    let source = document(key, event.seq);
                    counting::take_in(self.writing, key.store, (&source, event.at_ms), count)?;
                }
                Fact::Order(done) => self.file_order(key, event, done)?,
                Fact::StockMoved { movement, staff: _ } => self.file_transfer(key, event, movement)?,
                Fact::BasketOffered { parked } => {
                    self.offer_parked(key, (&document(key, event.seq), event.at_ms), parked)?;
                }
                Fact::BasketRecalled { basket, staff: _ } => {
                    self.recall_parked(key, (&document(key, event.seq), event.at_ms), *basket)?;
                }
                Fact::BasketTaken { from, .. } => {
                    let source = document(key, event.seq);
                    self.end_parked(key.store, *from, key.lane, (&source, event.at_ms))?;
                }
                // Nothing else moves what stands in these books.
                _ => {}
            }
        }
        if events.is_empty() {
            return Ok(());
        }
        counting::post_due(self.writing, key.store, self.now_ms)?;
        self.end_over(key, events)
    }

    /// Ends what is over by the clock of a lane, as its newest events say it.
    fn end_over(&self, key: JournalKey<'_>, events: &[&Event]) -> Result<(), StoreError> {
        let Some(last) = events.last() else { return Ok(()) };
        let lane = LaneId { store: key.store.to_owned(), lane: key.lane };
        let over_ms = last.at_ms.saturating_sub(CLOCK_SKEW_MS);
        let source = document(key, last.seq);
        self.end_holds(&lane, over_ms, &source, Settled::Over)?;
        self.look_at_standing(key.store, events, over_ms)
    }

    /// Settles a lease that its lane gave back: of points, or of stored value. One of a store as a whole no lane gives back.
    fn settle_returned(
        &self,
        key: JournalKey<'_>,
        event: &Event,
        member: &str,
        lease: &str,
    ) -> Result<(), StoreError> {
        let (lease, why) = (lease.to_owned(), Settled::Returned);
        let source = document(key, event.seq);
        let source = (source.as_str(), event.at_ms);
        if value::is_value_lease(&lease) {
            self.value(member, key.store, source, &ValueOperation::Settle { lease, why }).map(drop)
        } else if self.is_standing(member, &lease)? {
            Ok(())
        } else {
            self.points(member, key.store, source, &Operation::Settle { lease, why }).map(drop)
        }
    }

    /// Takes in somebody who became a member at a till. Whoever gave this
    /// telephone number before is that one: the till's id leads to them.
    fn register(&self, lane: &LaneId, new: &NewMember, source: &str) -> Result<(), StoreError> {
        let phone = format!("{PHONE}{}", new.phone_hash);
        if let Some(known) = self.writing.members_of_code(&phone)?.into_iter().next() {
            if known != new.id {
                self.writing.add_member_code(&format!("{ALIAS}{}", new.id), &known)?;
            }
            return Ok(());
        }
        if self.writing.member(&new.id)?.is_none() {
            let row = serde_json::json!({
                "id": new.id, "shown": new.shown, "phone_hash": new.phone_hash, "cards": new.cards(),
                "store": lane.store, "registered": source,
            });
            self.writing.put_member(&new.id, &row.to_string())?;
            self.tell_tier(&new.id, None)?;
        }
        self.writing.add_member_code(&phone, &new.id)?;
        for card in new.cards() {
            self.writing.add_member_code(card, &new.id)?;
        }
        Ok(())
    }

    /// Enters what a lane did with an order; what its book does not bear is listed.
    pub(super) fn file_order(
        &self,
        key: JournalKey<'_>,
        event: &Event,
        done: &event::Order,
    ) -> Result<(), StoreError> {
        let source = document(key, event.seq);
        let deed = Deed { store: key.store, source: &source, at_ms: event.at_ms, now_ms: self.now_ms };
        if let Some(wrong) = from_lanes::take_in(self.writing, deed, done)? {
            let book = BookKey { owner: key.store, kind: BookKind::Order, part: &done.order };
            self.list(key.store, &source, book, &wrong)?;
        }
        Ok(())
    }

    /// Enters what a document of a store says of the transfer whose number it bears; what is odd about it is listed.
    fn file_transfer(
        &self,
        key: JournalKey<'_>,
        event: &Event,
        movement: &event::Movement,
    ) -> Result<(), StoreError> {
        let Some(followed) = self.follow_transfer(movement)? else { return Ok(()) };
        if let Some(why) = followed.odd(key.store, movement) {
            let book = BookKey { owner: "", kind: BookKind::Transfer, part: &movement.document };
            let what = serde_json::json!({ "transfer": movement.document, "did": movement.kind, "why": why });
            self.list(key.store, &document(key, event.seq), book, &what)?;
        }
        Ok(())
    }

    /// Makes the transfer again whose number a movement bears, if it does.
    pub(super) fn follow_transfer(&self, movement: &event::Movement) -> Result<Option<Followed>, StoreError> {
        if !transfers::bears_number(movement) {
            return Ok(None);
        }
        let damaged = |error: TransferError| match error {
            TransferError::Store(error) => error,
            error @ (TransferError::Unknown(_)
            | TransferError::UnknownStore(_)
            | TransferError::Exists(_)
            | TransferError::Used(_)
            | TransferError::Form(_)
            | TransferError::Hold(_)
            | TransferError::Left(_)
            | TransferError::Cancelled(_)
            | TransferError::NothingMissing(_)
            | TransferError::Stored(_)) => StoreError::Row { table: "transfer", reason: error.to_string() },
        };
        transfers::follow(self.writing, &movement.document, self.now_ms).map_err(damaged)
    }

    fn file_sale(&self, lane: &LaneId, (source, at_ms): (&str, i64), sale: &Sale) -> Result<(), StoreError> {
        if let Some(buyer) = &sale.buyer {
            let member = self.member_of(&buyer.member)?;
            let moved = buyer.points.as_ref();
            let operation = Operation::Sale {
                earned: moved.map_or(0, |points| points.earned),
                spent: moved.map_or(0, |points| points.spent),
                lease: moved.map_or_else(String::new, |points| points.lease.clone()),
                // What is paid in is not spent yet.
                net: sale.lines.iter().map(|line| line.net).sum::<i64>() - sale.topped_up(),
            };
            self.points(&member, &lane.store, (source, at_ms), &operation)?;
        }
        self.file_value(lane, (source, at_ms), sale)?;
        self.begin_memberships(lane, (source, at_ms), sale)?;
        for spent in &sale.coupons {
            self.spend_coupon(lane, &spent.code, (source, at_ms))?;
        }
        let mut back: Vec<(&Origin, Vec<(u32, i64)>)> = Vec::new();
        for returned in &sale.returns {
            let Some(origin) = &returned.origin else { continue };
            match back.iter_mut().find(|(of, _)| *of == origin) {
                Some((_, lines)) => lines.push((returned.line, returned.quantity)),
                None => back.push((origin, vec![(returned.line, returned.quantity)])),
            }
        }
        for (origin, lines) in &back {
            self.check_gifts(lane, origin, source, sale)?;
            self.give_back(lane, origin, (source, at_ms), lines)?;
            self.end_memberships(lane, origin, (source, at_ms), sale)?;
        }
        if let (false, Some((origin, _))) = (sale.coupons_back.is_empty(), back.first()) {
            self.restore_coupons(lane, origin, (source, at_ms), &sale.coupons_back)?;
        }
        if sale.price_gap > 0 {
            let part = origin_of(source).map(|origin| receipt_part(&origin)).unwrap_or_default();
            let key = BookKey { owner: &lane.store, kind: BookKind::Receipt, part: &part };
            let what = serde_json::json!({ "price_gap": sale.price_gap, "engine": sale.engine });
            self.list(&lane.store, source, key, &what)?;
        }
        let mut is_reckoned = false;
        for (origin, _) in &back {
            is_reckoned |= self.take_back_of_named(origin)?;
        }
        if let (Some(undone), Some((origin, _)), false) = (&sale.points_back, back.first(), is_reckoned) {
            let member = self.member_of(&undone.member)?;
            let amounts = sale.returns.iter().filter(|returned| returned.origin.as_ref() == Some(*origin));
            let operation = Operation::Back {
                origin: document_of(origin),
                reversed: undone.reversed,
                restored: undone.restored,
                net: amounts.map(|returned| returned.amount).sum(),
            };
            // The same document may have sold something to the same member.
            let source = format!("{source}{BACK}");
            self.points(&member, &lane.store, (&source, at_ms), &operation)?;
        }
        Ok(())
    }

    /// Ends what a lane holds up to an instant of its own clock.
    fn end_holds(&self, lane: &LaneId, until_ms: i64, source: &str, why: Settled) -> Result<(), StoreError> {
        for hold in self.writing.holds_until(lane, until_ms)? {
            let key = BookKey { owner: &hold.owner, kind: hold.kind, part: &hold.part };
            match hold.kind {
                BookKind::Points => {
                    let operation = Operation::Settle { lease: hold.id.clone(), why };
                    self.points(&hold.owner, &lane.store, (source, self.now_ms), &operation)?;
                }
                BookKind::Value => {
                    let operation = ValueOperation::Settle { lease: hold.id.clone(), why };
                    self.value(&hold.owner, &lane.store, (source, self.now_ms), &operation)?;
                }
                BookKind::Coupon => self.let_go(key, lane, source, |book: &mut CouponBook| book.end(lane))?,
                BookKind::Receipt => {
                    self.let_go(key, lane, source, |book: &mut ReceiptBook| book.end(lane))?;
                }
                BookKind::Parked => self.release_parked_part(lane, &hold.part, source)?,
                BookKind::PhoneCode => self.release_code(lane, &hold.part, source)?,
                BookKind::PointsSale
                | BookKind::ParkedEnded
                | BookKind::ValueSale
                | BookKind::CountWaiting
                | BookKind::Count
                | BookKind::Order
                | BookKind::Reservation
                | BookKind::Membership
                | BookKind::Reward
                | BookKind::Transfer
                | BookKind::BuyerNamed => {}
            }
            // One that its book does not know is over as well.
            self.writing.end_hold(lane, key, &hold.id)?;
        }
        Ok(())
    }

    /// A lane was enrolled anew, on another disk: what it holds is lent to nobody, the lane itself included, until it ends
    /// as ever. What it used up before, nobody may ever tell, or tell late.
    pub fn leave_behind(&self, lane: &LaneId, source: &str) -> Result<(), StoreError> {
        for hold in self.writing.holds_until(lane, i64::MAX)? {
            let key = BookKey { owner: &hold.owner, kind: hold.kind, part: &hold.part };
            let source = (source, self.now_ms);
            match hold.kind {
                BookKind::Points => {
                    let operation = Operation::Leave { lease: hold.id.clone() };
                    self.points(&hold.owner, &lane.store, source, &operation)?;
                }
                BookKind::Value => {
                    let operation = ValueOperation::Leave { lease: hold.id.clone() };
                    self.value(&hold.owner, &lane.store, source, &operation)?;
                }
                BookKind::Coupon => {
                    self.leave_claim(lane, key, source, |book: &mut CouponBook| book.claim.as_mut())?;
                }
                BookKind::Receipt => {
                    self.leave_claim(lane, key, source, |book: &mut ReceiptBook| book.claim.as_mut())?;
                }
                // A lane takes up its own baskets whatever disk it has; a code is claimed for two minutes.
                BookKind::Parked
                | BookKind::PhoneCode
                | BookKind::PointsSale
                | BookKind::ParkedEnded
                | BookKind::ValueSale
                | BookKind::CountWaiting
                | BookKind::Count
                | BookKind::Order
                | BookKind::Reservation
                | BookKind::Membership
                | BookKind::Reward
                | BookKind::Transfer
                | BookKind::BuyerNamed => {}
            }
        }
        Ok(())
    }

    /// Nobody renews the claim of a lane on a book any more. Another lane's stays as it is.
    fn leave_claim<T: DeserializeOwned + Serialize>(
        &self,
        lane: &LaneId,
        key: BookKey<'_>,
        (source, at_ms): (&str, i64),
        claim_of: impl FnOnce(&mut T) -> Option<&mut Claim>,
    ) -> Result<(), StoreError> {
        let Some(mut kept) = self.take::<Kept<T>>(key)? else { return Ok(()) };
        let claim = claim_of(&mut kept.state).filter(|claim| claim.lane == *lane);
        let Some(claim) = claim else { return Ok(()) };
        claim.left_behind = true;
        kept.entries += 1;
        self.enter(key, kept.entries, (source, at_ms), 0, &serde_json::json!({ "do": "leave" }))?;
        self.writing.put_book(key, &written(&kept))
    }

    /// Ends everything that a lost lane holds. What it spent and never told is
    /// the chain's loss; where it is found again, that is listed.
    pub fn write_off(&self, lane: &LaneId, source: &str) -> Result<(), StoreError> {
        self.end_holds(lane, i64::MAX, source, Settled::WrittenOff)
    }
}

/// How points are kept in this chain.
pub fn points_terms(reading: &Reading<'_>) -> Result<PointsTerms, StoreError> {
    let terms = match reading.setting(POINTS_SETTING)? {
        Some(body) => read("setting", &body)?,
        None => PointsTerms::default(),
    };
    let standing = reading.setting(STANDING_SETTING)?.map(|body| read("setting", &body)).transpose()?;
    Ok(match standing {
        Some(said) => terms.with_standing(said),
        None => terms,
    })
}

/// The account that a book of points holds.
pub fn account_of(body: &str) -> Result<Account, StoreError> {
    Ok(read::<Kept<Account>>("book", body)?.state)
}

/// The points of a member as they are now, where a book has them. Nothing is written.
pub fn points_now(reading: &Reading<'_>, member: &str, now_ms: i64) -> Result<Option<Account>, StoreError> {
    let Some(body) = reading.book(points_key(member))? else { return Ok(None) };
    Ok(Some(account_of(&body)?.as_of(&points_terms(reading)?, now_ms)))
}

/// Passes time for members for whom something is over, at most `limit`, each in a transaction of their own; says for how
/// many. `now_ms` is HQ's clock, milliseconds UTC.
pub fn pass_due(store: &Store, now_ms: i64, limit: u32) -> Result<u64, StoreError> {
    let due = store.read::<_, StoreError>(|reading| reading.points_due(now_ms, limit))?;
    let mut failed = None;
    for member in &due {
        let passed =
            store.write::<_, StoreError>(|writing| Keeper::new(writing, now_ms)?.pass_points(member));
        if let Err(error) = passed {
            // One account that cannot be read stops nobody else's time; it is looked at again in a day.
            let again_ms = now_ms.saturating_add(DUE_AGAIN_MS);
            store.write::<_, StoreError>(|writing| writing.put_points_due(member, Some(again_ms)))?;
            failed.get_or_insert(error);
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(due.len() as u64),
    }
}

/// What the points of a member are known by.
pub fn points_key(member: &str) -> BookKey<'_> {
    BookKey { owner: member, kind: BookKind::Points, part: "" }
}
