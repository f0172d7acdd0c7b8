//! Makes the books again: what events say and stands nowhere, and what entries
//! make of an account.

use std::collections::{BTreeMap, HashSet};

use protocol::event::{Event, Fact, Origin};
use serde::Deserialize;

use super::codes::used_code;
use super::value::is_value_lease;
use super::{
    ALIAS, BACK, Keeper, Kept, POINTS_BEFORE_SETTING, account_of, document, origin_of, points_key, read,
    receipt_part, written,
};
use crate::books::held::ReceiptBook;
use crate::books::points::{Account, Occasion, Operation, PointsTerms, Trace};
use crate::books::{LaneId, counting};
use crate::store::{BookKey, BookKind, JournalKey, StoreError};

/// Entries that are read back at one time.
const ENTRIES_AT_A_TIME: u32 = 1_000;

/// What an entry of a member's points holds, as far as it is needed to make
/// the account again.
#[derive(Debug, Deserialize)]
struct Entered {
    operation: Operation,
    /// The terms that counted then, by their number.
    #[serde(default)]
    terms: u64,
}

/// What was done to the book of a receipt, as its entries say it.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum ReceiptDone {
    Claim { lane: LaneId, until_ms: i64 },
    Release { lane: LaneId },
    Leave {},
    GiveBack { lines: Vec<(u32, i64)> },
}

impl Keeper<'_, '_> {
    /// Enters what events say that left quarantine, and what later ones of their journal say now that these are there, in
    /// the order of the journal. All of them are in the tables. A count is none of them: it waits for the store's other
    /// lanes ([`counting::take_in_late`]).
    pub(crate) fn file_released(
        &self,
        key: JournalKey<'_>,
        events: &[&Event],
        released: &HashSet<u64>,
    ) -> Result<(), StoreError> {
        for event in events {
            if let (Fact::StockMoved { movement, staff: _ }, true) =
                (&event.fact, released.contains(&event.seq))
            {
                // What is odd about one that comes only now is listed now.
                self.file_transfer(key, event, movement)?;
            } else {
                self.file_again(key, event)?;
            }
        }
        self.end_over(key, events)
    }

    /// Enters what an event says, as far as it stands in no book yet; says
    /// whether anything did not.
    pub(in crate::books) fn file_again(
        &self,
        key: JournalKey<'_>,
        event: &Event,
    ) -> Result<bool, StoreError> {
        if let Fact::Order(done) = &event.fact {
            // What is entered already is entered again by doing nothing.
            let book = BookKey { owner: key.store, kind: BookKind::Order, part: &done.order };
            let before = self.writing.lock_book(book)?;
            self.file_order(key, event, done)?;
            return Ok(self.writing.lock_book(book)? != before);
        }
        if let Fact::StockMoved { movement, staff: _ } = &event.fact {
            return Ok(self.follow_transfer(movement)?.is_some_and(|followed| followed.is_changed));
        }
        let source = document(key, event.seq);
        if let Fact::Phone(fact) = &event.fact {
            let Some((what, id)) = used_code(fact) else { return Ok(false) };
            let book = BookKey { owner: key.store, kind: BookKind::PhoneCode, part: id };
            if self.writing.has_book_source(book, &source)? {
                return Ok(false);
            }
            let lane = LaneId { store: key.store.to_owned(), lane: key.lane };
            self.use_code(&lane, (&source, event.at_ms), what, id)?;
            return Ok(true);
        }
        if let Fact::BuyerNamed { document: sale, buyer, staff: _ } = &event.fact {
            return self.name_buyer(key, event, *sale, buyer);
        }
        let Fact::SaleCompleted { sale } = &event.fact else { return self.file_shared_again(key, event) };
        let mut is_missing = false;
        if let Some(buyer) = &sale.buyer {
            let member = self.member_of(&buyer.member)?;
            is_missing |= !self.writing.has_book_source(points_key(&member), &source)?;
        }
        if let (Some(undone), true) =
            (&sale.points_back, sale.returns.iter().any(|back| back.origin.is_some()))
        {
            let member = self.member_of(&undone.member)?;
            is_missing |= !self.writing.has_book_source(points_key(&member), &format!("{source}{BACK}"))?;
        }
        is_missing |= self.misses_value(sale, &source)?;
        for spent in &sale.coupons {
            let key = BookKey { owner: key.store, kind: BookKind::Coupon, part: &spent.code };
            is_missing |= !self.writing.has_book_source(key, &source)?;
        }
        if let (Some(buyer), true) = (&sale.buyer, self.could_begin(sale, &source)?) {
            is_missing |= !self.knows_membership(&buyer.member, &source)?;
        }
        // A return without a member or a coupon stands in the book of its receipt alone: lost, it could be claimed again.
        for returned in &sale.returns {
            let Some(origin) = &returned.origin else { continue };
            is_missing |=
                !self.knows_return(origin, &source)? || self.misses_back_of_named(origin, &source)?;
        }
        if is_missing {
            let lane = LaneId { store: key.store.to_owned(), lane: key.lane };
            self.file_sale(&lane, (&source, event.at_ms), sale)?;
        }
        Ok(is_missing)
    }

    /// The same for what lanes share beside sales: leases, members, counts and parked baskets.
    // Of some forty kinds six are left.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn file_shared_again(&self, key: JournalKey<'_>, event: &Event) -> Result<bool, StoreError> {
        let source = document(key, event.seq);
        let at = (source.as_str(), event.at_ms);
        match &event.fact {
            Fact::LeaseReturned { grant } => {
                let member = self.member_of(&grant.member)?;
                let until_ms = match is_value_lease(&grant.lease) {
                    true => self.value_account(&member)?.leases().get(&grant.lease).map(|lent| lent.until_ms),
                    false => self.lent_until(&member, &grant.lease)?,
                };
                // A lease that was made longer since is its lane's again, whatever it gave back before.
                if until_ms.is_none_or(|until_ms| until_ms > grant.until_ms) {
                    return Ok(false);
                }
                self.settle_returned(key, event, &member, &grant.lease)?;
                Ok(true)
            }
            Fact::MemberRegistered { member, staff: _ } => {
                // Who is known stays as they are: somebody may have changed their number since.
                let is_known = self.writing.member(&member.id)?.is_some()
                    || !self.writing.members_of_code(&format!("{ALIAS}{}", member.id))?.is_empty();
                if !is_known {
                    let lane = LaneId { store: key.store.to_owned(), lane: key.lane };
                    self.register(&lane, member, &source)?;
                }
                Ok(!is_known)
            }
            Fact::StockCounted { count, staff: _ } => {
                counting::take_in_late(self.writing, key.store, at, count)
            }
            Fact::BasketOffered { parked } => self.offer_parked(key, at, parked),
            Fact::BasketRecalled { basket, staff: _ } => self.recall_parked(key, at, *basket),
            Fact::BasketTaken { from, .. } => self.end_parked(key.store, *from, key.lane, at),
            // Nothing else moves what stands in these books.
            _ => Ok(false),
        }
    }

    /// Until when a lane was lent points that are not settled; `None` where it was not, or a store as a whole was.
    fn lent_until(&self, member: &str, lease: &str) -> Result<Option<i64>, StoreError> {
        let Some(body) = self.writing.book(points_key(member))? else { return Ok(None) };
        let account = account_of(&body)?;
        let lent = account.leases().get(lease).filter(|lease| lease.standing.is_none());
        Ok(lent.map(|lease| lease.until_ms))
    }

    /// Whether the book of a receipt has what a document gave back of it. A book that is lost is there again, as its entries
    /// say; what of it stands in no entry is for the caller.
    fn knows_return(&self, origin: &Origin, source: &str) -> Result<bool, StoreError> {
        let part = receipt_part(origin);
        let book = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
        let is_lost = self.writing.book(book)?.is_none();
        let (kept, _) = self.open_receipt(origin)?;
        if is_lost {
            self.writing.put_book(book, &written(&kept))?;
        }
        Ok(!is_lost && kept.state.documents.iter().any(|known| known == source))
    }

    /// Does to the book of a receipt what its entries say was done to it.
    pub(super) fn enter_again(
        &self,
        key: BookKey<'_>,
        kept: &mut Kept<ReceiptBook>,
    ) -> Result<(), StoreError> {
        loop {
            let entries = self.writing.book_entries(key, kept.entries, ENTRIES_AT_A_TIME)?;
            if entries.is_empty() {
                return Ok(());
            }
            for entry in entries {
                kept.entries = entry.number;
                match read::<ReceiptDone>("book_entry", &entry.body)? {
                    ReceiptDone::Claim { lane, until_ms } => {
                        // It was given then, so it is given now.
                        let _given = kept.state.claim(&lane, until_ms);
                    }
                    ReceiptDone::Release { lane } => {
                        kept.state.end(&lane);
                    }
                    ReceiptDone::Leave {} => {
                        if let Some(claim) = kept.state.claim.as_mut() {
                            claim.left_behind = true;
                        }
                    }
                    ReceiptDone::GiveBack { lines } => {
                        let Some(by) = origin_of(&entry.source) else { continue };
                        let lane = LaneId { store: by.store, lane: by.lane };
                        // What was too much of it is listed.
                        let _over = kept.state.give_back(&lane, &entry.source, &lines);
                    }
                }
            }
        }
    }

    /// The terms of points that counted before these.
    fn terms_before(&self) -> Result<Vec<PointsTerms>, StoreError> {
        let body = self.writing.setting(POINTS_BEFORE_SETTING)?;
        body.map_or(Ok(Vec::new()), |body| read("setting", &body))
    }

    /// Makes a member's account again from its entries, and puts it right
    /// where it says something else; says whether it did.
    pub(in crate::books) fn make_again(&self, member: &str) -> Result<bool, StoreError> {
        let key = points_key(member);
        let Some(stored) = self.writing.lock_book(key)? else { return Ok(false) };
        let mut made: Kept<Account> = Kept::default();
        let mut traces: BTreeMap<String, Trace> = BTreeMap::new();
        let earlier = self.terms_before()?;
        loop {
            let entries = self.writing.book_entries(key, made.entries, ENTRIES_AT_A_TIME)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                let Entered { operation, terms } = read("book_entry", &entry.body)?;
                let of_then = earlier.iter().chain([&self.terms]).find(|known| known.number == terms);
                let Some(terms) = of_then else {
                    // They were set while this was read; the next time finds them.
                    let reason = format!(
                        "the points of {member} have an entry by terms {terms}, which are not known yet"
                    );
                    return Err(StoreError::Row { table: "book_entry", reason });
                };
                let occasion =
                    Occasion { member, source: &entry.source, at_ms: entry.at_ms, now_ms: entry.heard_at_ms };
                let mut none = Trace::default();
                let trace = match operation.about(&entry.source) {
                    Some(sale) => traces.entry(sale.to_owned()).or_default(),
                    None => &mut none,
                };
                made.state.apply(terms, occasion, &operation, trace);
                made.entries = entry.number;
            }
        }
        for (part, trace) in &traces {
            let key = BookKey { owner: member, kind: BookKind::PointsSale, part };
            self.writing.put_book(key, &written(trace))?;
        }
        self.writing.put_points_due(member, made.state.next_moment_ms())?;
        let made = written(&made);
        if made == stored {
            return Ok(false);
        }
        self.writing.put_book(key, &made)?;
        Ok(true)
    }
}
