//! The books of stored value: lent to lanes, moved by documents, adjusted by people.

use domain::value::PRINCIPAL_MAX;
use protocol::ask::Answer;
use protocol::event::{Sale, Value, ValueGrant};
use protocol::pull::{SpendOrder, Store, StoredValueRules};
use serde::Deserialize;

use super::{BACK, Keeper, Kept, document_of, read, written};
use crate::books::LaneId;
use crate::books::value::{VALUE_LEASE, ValueAccount, ValueDone, ValueOperation, ValueTrace, total};
use crate::store::{BookKey, BookKind, HoldRow, Kind, StoreError};

/// Entries that are read back at one time.
const ENTRIES_AT_A_TIME: u32 = 1_000;

/// Why a member's stored value is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueRefused {
    /// There is no such member.
    Unknown,
    /// There is not so much that is free.
    TooLittle {
        /// What is.
        free: Value,
    },
    /// The document moved this member's stored value before.
    Moved,
}

/// What an entry holds, as far as it is needed to make the account again.
#[derive(Deserialize)]
struct Entered {
    operation: ValueOperation,
}

/// What the stored value of a member is known by.
pub fn value_key(member: &str) -> BookKey<'_> {
    BookKey { owner: member, kind: BookKind::Value, part: "" }
}

/// The account that a book of stored value holds.
pub fn value_account_of(body: &str) -> Result<ValueAccount, StoreError> {
    Ok(read::<Kept<ValueAccount>>("book", body)?.state)
}

/// Whether a lease is one of stored value.
pub(super) fn is_value_lease(lease: &str) -> bool {
    lease.starts_with(VALUE_LEASE)
}

fn negated(value: Value) -> Value {
    Value { principal: value.principal.saturating_neg(), bonus: value.bonus.saturating_neg() }
}

/// What a document does to stored value: whose, under which source, and what.
fn moved_by(sale: &Sale, source: &str, most: i64) -> Vec<(String, String, ValueOperation)> {
    let mut moved = Vec::new();
    if let Some(top_up) = &sale.top_up {
        let operation = ValueOperation::TopUp { value: top_up.value, most };
        moved.push((top_up.member.clone(), source.to_owned(), operation));
    }
    for stored in sale.tenders.iter().filter_map(|tender| tender.stored.as_ref()) {
        if total(stored.part) >= 0 {
            let operation = ValueOperation::Spend { value: stored.part, lease: stored.lease.clone() };
            moved.push((stored.member.clone(), source.to_owned(), operation));
        } else {
            let origin = sale.returns.iter().find_map(|back| back.origin.as_ref());
            let operation = ValueOperation::Back {
                origin: origin.map(document_of).unwrap_or_default(),
                value: negated(stored.part),
            };
            moved.push((stored.member.clone(), format!("{source}{BACK}"), operation));
        }
    }
    moved
}

impl Keeper<'_, '_> {
    /// The stored value of a member, as it stands.
    pub fn value_account(&self, member: &str) -> Result<ValueAccount, StoreError> {
        Ok(self.take::<Kept<ValueAccount>>(value_key(member))?.unwrap_or_default().state)
    }

    /// How a store's chain keeps stored value; `None` where it has none.
    fn value_rules(&self, store: &str) -> Result<Option<StoredValueRules>, StoreError> {
        let Some(body) = self.writing.entity(Kind::Store, store)? else { return Ok(None) };
        Ok(read::<Store>("entity", &body)?.rules.stored_value)
    }

    /// Does something to a member's stored value, and lists under a store what is wrong.
    pub fn value(
        &self,
        member: &str,
        store: &str,
        (source, at_ms): (&str, i64),
        operation: &ValueOperation,
    ) -> Result<ValueDone, StoreError> {
        let key = value_key(member);
        if operation.is_of_document() && self.writing.has_book_source(key, source)? {
            // A document moves a balance once.
            return Ok(ValueDone::default());
        }
        let mut kept: Kept<ValueAccount> = self.take(key)?.unwrap_or_default();
        let settled = match operation {
            ValueOperation::Settle { lease, .. } => match kept.state.leases().get(lease) {
                Some(known) => Some((known.lane.clone(), lease.clone())),
                // It is settled, and nothing is done twice.
                None => return Ok(ValueDone::default()),
            },
            ValueOperation::TopUp { .. }
            | ValueOperation::Spend { .. }
            | ValueOperation::Back { .. }
            | ValueOperation::Lend { .. }
            | ValueOperation::Leave { .. }
            | ValueOperation::Adjust { .. } => None,
        };
        let trace_key = operation.about(source);
        let trace_key = trace_key.map(|part| BookKey { owner: member, kind: BookKind::ValueSale, part });
        let mut trace: ValueTrace = match trace_key {
            Some(key) => self.take(key)?.unwrap_or_default(),
            None => ValueTrace::default(),
        };
        let done = kept.state.apply((member, source, self.now_ms), operation, &mut trace);
        if matches!(operation, ValueOperation::Lend { .. }) && done.lent.is_none() {
            return Ok(done);
        }
        if let Some(key) = trace_key {
            self.writing.put_book(key, &written(&trace))?;
        }
        kept.entries += 1;
        let amount = done.entries.iter().map(|entry| total(entry.value)).sum();
        let body = serde_json::json!({ "operation": operation, "entries": done.entries });
        self.enter(key, kept.entries, (source, at_ms), amount, &body)?;
        self.writing.put_book(key, &written(&kept))?;
        if let Some((id, lease)) = &done.lent {
            self.writing.put_hold(&HoldRow {
                lane: lease.lane.clone(),
                owner: member.to_owned(),
                kind: BookKind::Value,
                part: String::new(),
                id: id.clone(),
                until_ms: lease.until_ms,
            })?;
        }
        if let Some((lane, lease)) = settled {
            self.writing.end_hold(&lane, key, &lease)?;
        }
        for wrong in &done.wrong {
            self.list(store, source, key, wrong)?;
        }
        Ok(done)
    }

    /// Lends a lane stored value, or says what there is.
    pub fn lend_value(&self, lane: &LaneId, member: &str, amount: i64) -> Result<Answer, StoreError> {
        let asked_as = member;
        let member = self.member_of(member)?;
        let Some(rules) = self.value_rules(&lane.store)? else {
            let reason = "the chain has no stored value".to_owned();
            return Ok(Answer::Refused { reason });
        };
        if self.writing.member(&member)?.is_none() {
            return Ok(Answer::ValueNotLent { balance: Value::default() });
        }
        let source = format!("{}/{}/ask", lane.store, lane.lane);
        let pro_rata = matches!(rules.order, SpendOrder::ProRata);
        let operation = ValueOperation::Lend { lane: lane.clone(), amount, pro_rata };
        let done = self.value(&member, &lane.store, (&source, self.now_ms), &operation)?;
        let balance = self.value_account(&member)?.balance();
        Ok(match done.lent {
            Some((id, lease)) => Answer::ValueLent {
                grant: ValueGrant {
                    lease: id,
                    member: asked_as.to_owned(),
                    lent: lease.lent,
                    balance: total(balance),
                    until_ms: lease.until_ms,
                },
                balance,
            },
            None => Answer::ValueNotLent { balance },
        })
    }

    /// Enters what a document did to stored value.
    pub(super) fn file_value(
        &self,
        lane: &LaneId,
        (source, at_ms): (&str, i64),
        sale: &Sale,
    ) -> Result<(), StoreError> {
        let most = self.principal_max(lane, sale)?;
        for (member, source, operation) in moved_by(sale, source, most) {
            let member = self.member_of(&member)?;
            self.value(&member, &lane.store, (&source, at_ms), &operation)?;
        }
        Ok(())
    }

    fn principal_max(&self, lane: &LaneId, sale: &Sale) -> Result<i64, StoreError> {
        let law = PRINCIPAL_MAX.minor();
        if sale.top_up.is_none() {
            return Ok(law);
        }
        let rules = self.value_rules(&lane.store)?;
        Ok(rules.and_then(|rules| rules.principal_max).map_or(law, |most| most.min(law)))
    }

    /// Whether anything that a document did to stored value stands in no book yet.
    pub(super) fn misses_value(&self, sale: &Sale, source: &str) -> Result<bool, StoreError> {
        for (member, source, _) in moved_by(sale, source, 0) {
            let member = self.member_of(&member)?;
            if !self.writing.has_book_source(value_key(&member), &source)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Gives a member stored value, or takes some that is free, for a document;
    /// each document does it once.
    pub fn move_value(
        &self,
        member: &str,
        document: &str,
        value: Value,
        reason: &str,
    ) -> Result<Result<ValueDone, ValueRefused>, StoreError> {
        let member = self.member_of(member)?;
        if self.writing.member(&member)?.is_none() {
            return Ok(Err(ValueRefused::Unknown));
        }
        if self.writing.has_book_source(value_key(&member), document)? {
            return Ok(Err(ValueRefused::Moved));
        }
        let free = self.value_account(&member)?.free();
        let takes_too_much = |moved: i64, free: i64| moved < 0 && free.saturating_add(moved) < 0;
        if takes_too_much(value.principal, free.principal) || takes_too_much(value.bonus, free.bonus) {
            return Ok(Err(ValueRefused::TooLittle { free }));
        }
        let operation = ValueOperation::Adjust { value, reason: reason.to_owned() };
        Ok(Ok(self.value(&member, "", (document, self.now_ms), &operation)?))
    }

    /// Makes a member's account of stored value again from its entries, and
    /// puts it right where it says something else; says whether it did.
    pub(in crate::books) fn make_value_again(&self, member: &str) -> Result<bool, StoreError> {
        let key = value_key(member);
        let Some(stored) = self.writing.lock_book(key)? else { return Ok(false) };
        let mut made: Kept<ValueAccount> = Kept::default();
        let mut traces: std::collections::BTreeMap<String, ValueTrace> = std::collections::BTreeMap::new();
        loop {
            let entries = self.writing.book_entries(key, made.entries, ENTRIES_AT_A_TIME)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                let Entered { operation } = read("book_entry", &entry.body)?;
                let mut none = ValueTrace::default();
                let trace = match operation.about(&entry.source) {
                    Some(sale) => traces.entry(sale.to_owned()).or_default(),
                    None => &mut none,
                };
                made.state.apply((member, &entry.source, entry.heard_at_ms), &operation, trace);
                made.entries = entry.number;
            }
        }
        for (part, trace) in &traces {
            let key = BookKey { owner: member, kind: BookKind::ValueSale, part };
            self.writing.put_book(key, &written(trace))?;
        }
        let made = written(&made);
        if made == stored {
            return Ok(false);
        }
        self.writing.put_book(key, &made)?;
        Ok(true)
    }
}
