//! Paid memberships: what the sale of a fee gives, and what its return takes back.

use domain::barcode::{ShopKind, ShopPattern};
use domain::money::Money;
use protocol::ask::PHONE;
use protocol::event::{Origin, Sale};
use protocol::pull::{self, Coupon, CouponState};
use sha2::{Digest, Sha256};

use super::{BACK, Keeper, Kept, document_of, read, receipt_part, written};
use crate::books::LaneId;
use crate::books::held::ReceiptBook;
use crate::books::membership::{Memberships, Paid, Party, Posting, Reward};
use crate::import;
use crate::membership::{self, MembershipForm};
use crate::store::{BookKey, BookKind, Kind, Reading, StoreError};

/// Digits of a coupon's number, before and at least, that are drawn for it.
const COUPON_DIGITS: std::ops::RangeInclusive<usize> = 6..=16;

/// So many numbers are tried until one is free.
const NUMBERS_TRIED: u32 = 8;

const DAY_MS: i64 = 86_400_000;

/// The most cards of a person that are looked at.
const CARDS_MAX: u32 = 64;

/// All cards that gave the telephone number of this one, by their ids; at least this one.
fn cards_of(reading: &Reading<'_>, member: &str, row: &str) -> Result<Vec<String>, StoreError> {
    let mut cards = match import::member_phone(row) {
        Some(hash) => reading.all_members_of_code(&format!("{PHONE}{hash}"), CARDS_MAX)?,
        None => Vec::new(),
    };
    if cards.is_empty() {
        cards.push(member.to_owned());
    }
    Ok(cards)
}

/// Whose memberships a member's are: of all who gave one telephone number, the
/// one whose book was begun, or the first. So nobody is rewarded twice for a
/// person with two cards, and another card that comes later moves no book.
pub fn person_of(reading: &Reading<'_>, member: &str, row: &str) -> Result<String, StoreError> {
    let cards = cards_of(reading, member, row)?;
    for card in std::iter::once(member).chain(cards.iter().map(String::as_str)) {
        if reading.book(membership_key(card))?.is_some_and(|body| !body.is_empty()) {
            return Ok(card.to_owned());
        }
    }
    Ok(cards.into_iter().next().unwrap_or_else(|| member.to_owned()))
}

/// What the paid memberships of a person are known by.
pub fn membership_key(person: &str) -> BookKey<'_> {
    BookKey { owner: person, kind: BookKind::Membership, part: "" }
}

/// A party's account.
pub fn reward_key(party: &Party) -> BookKey<'_> {
    let (owner, part) = match party {
        Party::Employee(id) => (id.as_str(), "employee"),
        Party::Store(code) => (code.as_str(), "store"),
    };
    BookKey { owner, kind: BookKind::Reward, part }
}

/// The memberships of a member, as they stand.
pub fn memberships(reading: &Reading<'_>, member: &str, row: &str) -> Result<Memberships, StoreError> {
    let person = person_of(reading, member, row)?;
    match reading.book(membership_key(&person))?.filter(|body| !body.is_empty()) {
        Some(body) => Ok(read::<Kept<Memberships>>("book", &body)?.state),
        None => Ok(Memberships::default()),
    }
}

/// What employees and stores were given, at most `limit` of them.
pub fn rewards(reading: &Reading<'_>, limit: u32) -> Result<Vec<Reward>, StoreError> {
    let mut rewards = Vec::new();
    for (owner, part) in reading.books_after(BookKind::Reward, ("", ""), limit)? {
        let party = match part.as_str() {
            "employee" => Party::Employee(owner),
            "store" => Party::Store(owner),
            _ => {
                let reason = format!("a reward of {owner:?} as {part:?}");
                return Err(StoreError::Row { table: "book", reason });
            }
        };
        let Some(body) = reading.book(reward_key(&party))?.filter(|body| !body.is_empty()) else { continue };
        let kept: Kept<i64> = read("book", &body)?;
        rewards.push(Reward { party, balance: kept.state, entries: kept.entries });
    }
    Ok(rewards)
}

/// Adds the tags of a member's paid memberships to those that lanes are told of.
pub(crate) fn add_tags(
    reading: &Reading<'_>,
    id: &str,
    row: &str,
    tags: &mut Vec<String>,
) -> Result<(), StoreError> {
    for tag in memberships(reading, id, row)?.tags() {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    Ok(())
}

impl Keeper<'_, '_> {
    /// Begins the memberships whose fees a sale was paid for.
    pub(super) fn begin_memberships(
        &self,
        lane: &LaneId,
        (source, at_ms): (&str, i64),
        sale: &Sale,
    ) -> Result<(), StoreError> {
        for line in sale.lines.iter().filter(|line| line.membership) {
            let note = |why: &str| {
                let key = BookKey { owner: &lane.store, kind: BookKind::Membership, part: source };
                self.list(
                    &lane.store,
                    source,
                    key,
                    &serde_json::json!({ "membership": line.sku, "why": why }),
                )
            };
            let Some(buyer) = &sale.buyer else {
                note("it was sold to nobody who is named")?;
                continue;
            };
            let Some(form) = membership::of_item(self.writing, &line.sku)? else {
                note("no membership of this item is set up")?;
                continue;
            };
            let member = self.member_of(&buyer.member)?;
            let row = self.writing.member(&member)?.unwrap_or_default();
            let person = person_of(self.writing, &member, &row)?;
            let key = membership_key(&person);
            if self.writing.has_book_source(key, source)? {
                continue;
            }
            // A store that is cut off may have given it back before HQ heard of it.
            if self.is_back(source, line.line)? {
                continue;
            }
            let employee = line.seller.as_ref().or(sale.seller.as_ref());
            let employee = employee.map_or(sale.staff.id.as_str(), |seller| seller.id.as_str());
            let is_own = import::member_staff(&row).is_some_and(|staff| staff == employee);
            let mut kept: Kept<Memberships> = self.take(key)?.unwrap_or_default();
            let coupons = self.issue_pack(lane, (source, at_ms), &member, &form)?;
            let paid = Paid {
                sale: source,
                line: line.line,
                sku: &line.sku,
                tag: &form.tag,
                at_ms,
                store: &lane.store,
                seller: (!is_own).then_some(employee),
                paid: Money::from_minor(line.net),
                shares: [form.shares(true), form.shares(false)],
            };
            let given = kept.state.begin(paid, coupons);
            self.put_memberships(key, &mut kept, (source, at_ms), ("begin", &given))?;
            self.tell_cards(&member, &row)?;
        }
        Ok(())
    }

    /// Tells lanes of all cards of a person: each has the tag, or none.
    fn tell_cards(&self, member: &str, row: &str) -> Result<(), StoreError> {
        cards_of(self.writing, member, row)?.iter().try_for_each(|card| self.tell_member(card))
    }

    /// Ends the memberships whose fees a document gave back of a sale.
    pub(super) fn end_memberships(
        &self,
        lane: &LaneId,
        origin: &Origin,
        (source, at_ms): (&str, i64),
        sale: &Sale,
    ) -> Result<(), StoreError> {
        let mut back = sale.returns.iter().filter(|back| back.membership);
        if !back.any(|back| back.origin.as_ref() == Some(origin)) {
            return Ok(());
        }
        let of_sale = document_of(origin);
        // One that HQ has not heard of is never begun.
        let Some(sold) = self.sale(origin)? else { return Ok(()) };
        let Some(buyer) = &sold.buyer else { return Ok(()) };
        let member = self.member_of(&buyer.member)?;
        let row = self.writing.member(&member)?.unwrap_or_default();
        let person = person_of(self.writing, &member, &row)?;
        let key = membership_key(&person);
        let source = &format!("{source}{BACK}");
        if self.writing.has_book_source(key, source)? {
            return Ok(());
        }
        let mut kept: Kept<Memberships> = self.take(key)?.unwrap_or_default();
        let mut taken = Vec::new();
        let lines = sale.returns.iter().filter(|back| back.membership);
        for line in lines.filter(|back| back.origin.as_ref() == Some(origin)) {
            let Some((postings, term)) = kept.state.end(&of_sale, line.line, source, at_ms) else {
                let what = serde_json::json!({
                    "membership_back": line.sku, "sale": of_sale, "why": "no such membership holds",
                });
                self.list(&lane.store, source, key, &what)?;
                continue;
            };
            for (store, code) in &term.coupons {
                self.void_coupon(store, code)?;
            }
            taken.extend(postings);
        }
        self.put_memberships(key, &mut kept, (source, at_ms), ("end", &taken))?;
        self.tell_cards(&member, &row)
    }

    /// Whether the book of a member's person has what a document sold.
    pub(super) fn knows_membership(&self, member: &str, source: &str) -> Result<bool, StoreError> {
        let member = self.member_of(member)?;
        let row = self.writing.member(&member)?.unwrap_or_default();
        let person = person_of(self.writing, &member, &row)?;
        self.writing.has_book_source(membership_key(&person), source)
    }

    /// Whether anything that a document sold could begin a membership now: one
    /// of that item is set up, and its fee did not come back.
    pub(super) fn could_begin(&self, sale: &Sale, source: &str) -> Result<bool, StoreError> {
        for line in sale.lines.iter().filter(|line| line.membership) {
            if membership::of_item(self.writing, &line.sku)?.is_some() && !self.is_back(source, line.line)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a line of a filed sale came back as a whole already.
    fn is_back(&self, document: &str, line: u32) -> Result<bool, StoreError> {
        let Some(origin) = super::origin_of(document) else { return Ok(false) };
        let part = receipt_part(&origin);
        let key = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
        let Some(body) = self.writing.book(key)?.filter(|body| !body.is_empty()) else { return Ok(false) };
        Ok(read::<Kept<ReceiptBook>>("book", &body)?.state.has_come_back(line))
    }

    fn put_memberships(
        &self,
        key: BookKey<'_>,
        kept: &mut Kept<Memberships>,
        (source, at_ms): (&str, i64),
        (done, postings): (&str, &[Posting]),
    ) -> Result<(), StoreError> {
        kept.entries += 1;
        let sum = postings.iter().map(|posting| posting.amount).sum();
        let body = serde_json::json!({ "do": done, "postings": postings });
        self.enter(key, kept.entries, (source, at_ms), sum, &body)?;
        self.writing.put_book(key, &written(kept))?;
        for posting in postings {
            let key = reward_key(&posting.party);
            let mut kept: Kept<i64> = self.take(key)?.unwrap_or_default();
            kept.entries += 1;
            kept.state = kept.state.saturating_add(posting.amount);
            let body = serde_json::json!({ "do": done });
            self.enter(key, kept.entries, (source, at_ms), posting.amount, &body)?;
            self.writing.put_book(key, &written(&kept))?;
        }
        Ok(())
    }

    /// Gives a member the coupons of a membership, good in the store that sold it.
    fn issue_pack(
        &self,
        lane: &LaneId,
        (source, at_ms): (&str, i64),
        member: &str,
        form: &MembershipForm,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let patterns = self.coupon_patterns(&lane.store)?;
        let mut issued = Vec::new();
        let wanted = form.coupons.iter().flat_map(|pack| std::iter::repeat_n(pack, pack.count as usize));
        for (index, pack) in wanted.enumerate() {
            let Some(code) = self.free_number(&lane.store, &patterns, &format!("{source}#{index}"))? else {
                let key = BookKey { owner: &lane.store, kind: BookKind::Membership, part: source };
                let why = "no number is free for a coupon of it";
                self.list(
                    &lane.store,
                    source,
                    key,
                    &serde_json::json!({ "membership": form.sku, "why": why }),
                )?;
                continue;
            };
            let coupon = Coupon {
                code: code.clone(),
                promotion: pack.promotion.clone(),
                state: CouponState::Issued,
                from_ms: None,
                until_ms: pack.days.map(|days| at_ms.saturating_add(i64::from(days) * DAY_MS)),
                owner: Some(member.to_owned()),
                group: String::new(),
                together_max: 1,
            };
            self.writing.put_of_store(Kind::Coupon, &lane.store, &code, &written(&coupon))?;
            issued.push((lane.store.clone(), code));
        }
        Ok(issued)
    }

    fn coupon_patterns(&self, store: &str) -> Result<Vec<ShopPattern>, StoreError> {
        let body = self.writing.entity(Kind::Store, store)?;
        let known: Option<pull::Store> = body.map(|body| read("entity", &body)).transpose()?;
        let named = known.map(|store| store.code_patterns).unwrap_or_default();
        let patterns = if named.is_empty() {
            ShopPattern::defaults()
        } else {
            named.iter().filter_map(|text| ShopPattern::parse_with_kind(text).ok()).collect()
        };
        Ok(patterns.into_iter().filter(|pattern| pattern.kind() == ShopKind::Coupon).collect())
    }

    /// A number of the store's own form that no coupon has, made of what it is for.
    fn free_number(
        &self,
        store: &str,
        patterns: &[ShopPattern],
        of: &str,
    ) -> Result<Option<String>, StoreError> {
        for attempt in 0..NUMBERS_TRIED {
            let hash = Sha256::digest(format!("{of}#{attempt}"));
            let digits: String = hash.iter().map(|byte| char::from(b'0' + byte % 10)).collect();
            let mut bodies = COUPON_DIGITS.rev().filter_map(|length| digits.get(..length));
            let code = bodies.find_map(|body| patterns.iter().find_map(|pattern| pattern.issue(body)));
            let Some(code) = code else { return Ok(None) };
            if self.writing.entity_of_store(Kind::Coupon, store, &code)?.is_none() {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }

    /// A coupon that nobody used is no good any more.
    fn void_coupon(&self, store: &str, code: &str) -> Result<(), StoreError> {
        let Some(body) = self.writing.entity_of_store(Kind::Coupon, store, code)? else { return Ok(()) };
        let mut coupon: Coupon = read("entity", &body)?;
        match coupon.state {
            CouponState::Issued | CouponState::Reserved | CouponState::Frozen => {
                coupon.state = CouponState::Void;
                self.writing.put_of_store(Kind::Coupon, store, code, &written(&coupon))?;
                Ok(())
            }
            CouponState::Redeemed | CouponState::Void => Ok(()),
        }
    }
}
