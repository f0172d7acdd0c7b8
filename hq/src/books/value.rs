//! The stored value of one member: what is free, and what is lent to lanes.
//!
//! Pure: an operation in, entries out; no database and no clock. The balance
//! is the sum of all entries ever made, of principal and bonus each, and at
//! every moment `balance = free + lent`. What is lent is nobody else's until
//! its lane has said what became of it. A sale stands whatever the book says:
//! what was too much leaves what is free below nothing, and is listed.

use std::collections::BTreeMap;

use domain::money::Money;
use domain::value as rules;
use protocol::event::Value;
use serde::{Deserialize, Serialize};

use super::LaneId;
use super::points::Settled;

/// A lane may spend what it was lent for so long, milliseconds.
pub const VALUE_LEASE_MS: i64 = 30 * 60_000;

/// What the id of a lease of stored value begins with; of points, none does:
/// a member's id has no colon.
pub const VALUE_LEASE: &str = "v:";

/// Stored value that one lane alone may spend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueLease {
    /// Whose it is.
    pub lane: LaneId,
    /// How much was lent, whatever was spent of it.
    pub lent: Value,
    /// What is not known to be spent.
    pub left: Value,
    /// The lane spends none of it from this instant on by its own clock,
    /// milliseconds UTC.
    pub until_ms: i64,
    /// The lane was enrolled anew since, as [`super::points::Lease::left_behind`] says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_behind: bool,
}

/// What happens to a member's stored value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum ValueOperation {
    /// The member paid money in.
    TopUp {
        /// What was paid in, and what was given on top.
        value: Value,
        /// The most principal that an account of the chain may hold, minor units.
        most: i64,
    },
    /// A sale was paid with it.
    Spend {
        /// How much of it.
        value: Value,
        /// The lease that it was spent of.
        lease: String,
    },
    /// What a sale was paid with goes back.
    Back {
        /// The sale.
        origin: String,
        /// How much of it.
        value: Value,
    },
    /// A lane asks for some.
    Lend {
        /// Who.
        lane: LaneId,
        /// How much at most, minor units.
        amount: i64,
        /// Whether both balances are lent in proportion, or the principal first.
        pro_rata: bool,
    },
    /// The lane of a lease was enrolled anew.
    Leave {
        /// Which.
        lease: String,
    },
    /// A lane spends none of a lease any more, or never will.
    Settle {
        /// Which.
        lease: String,
        /// Why.
        why: Settled,
    },
    /// HQ gives some, or takes some.
    Adjust {
        /// Above nothing where it is given.
        value: Value,
        /// Why.
        reason: String,
    },
}

impl ValueOperation {
    /// Whether one document does it, and once.
    pub fn is_of_document(&self) -> bool {
        match self {
            Self::TopUp { .. } | Self::Spend { .. } | Self::Back { .. } | Self::Adjust { .. } => true,
            Self::Lend { .. } | Self::Leave { .. } | Self::Settle { .. } => false,
        }
    }

    /// The sale whose [`ValueTrace`] it is about, where it is about one;
    /// `source` is the document behind it.
    pub fn about<'a>(&'a self, source: &'a str) -> Option<&'a str> {
        match self {
            Self::Spend { .. } => Some(source),
            Self::Back { origin, .. } => Some(origin),
            Self::TopUp { .. }
            | Self::Lend { .. }
            | Self::Leave { .. }
            | Self::Settle { .. }
            | Self::Adjust { .. } => None,
        }
    }
}

/// What a sale spent, and what of that went back. It lies beside the account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueTrace {
    /// Whether the sale itself is filed: a return may come before it.
    is_filed: bool,
    spent: Value,
    back: Value,
}

/// What moved a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueEntryKind {
    /// Paid in, with what was given on top.
    TopUp,
    /// Spent on a sale.
    Spend,
    /// Spent once, and given back.
    Back,
    /// HQ gave or took it.
    Adjust,
}

/// One movement of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueEntry {
    /// What moved it.
    pub kind: ValueEntryKind,
    /// By how much.
    #[serde(flatten)]
    pub value: Value,
}

/// What a person at HQ must look at. The document stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueWrong {
    /// More was spent than was lent.
    ValueOverspent {
        /// Under which lease.
        lease: String,
        /// How much more.
        value: Value,
    },
    /// More went back than was spent on the sale.
    TooMuchValueBack {
        /// The sale.
        origin: String,
        /// How much more.
        value: Value,
    },
    /// An account holds more than it may.
    AboveLimit {
        /// Its principal, minor units.
        principal: i64,
        /// The most that it may be.
        most: i64,
    },
}

/// What came of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueDone {
    /// What moved the balance.
    pub entries: Vec<ValueEntry>,
    /// What is wrong.
    pub wrong: Vec<ValueWrong>,
    /// What a lane was lent.
    pub lent: Option<(String, ValueLease)>,
}

/// The stored value of one member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueAccount {
    /// May be spent or lent; a part of it is below nothing where more was spent
    /// than there was.
    free: Value,
    leases: BTreeMap<String, ValueLease>,
    leases_made: u64,
}

/// Both parts together, minor units.
pub fn total(value: Value) -> i64 {
    value.principal.saturating_add(value.bonus)
}

fn plus(one: Value, other: Value) -> Value {
    Value {
        principal: one.principal.saturating_add(other.principal),
        bonus: one.bonus.saturating_add(other.bonus),
    }
}

fn less(one: Value, other: Value) -> Value {
    Value {
        principal: one.principal.saturating_sub(other.principal),
        bonus: one.bonus.saturating_sub(other.bonus),
    }
}

fn negated(value: Value) -> Value {
    less(Value::default(), value)
}

/// What of it is above nothing.
fn above(value: Value) -> Value {
    Value { principal: value.principal.max(0), bonus: value.bonus.max(0) }
}

fn least(one: Value, other: Value) -> Value {
    Value { principal: one.principal.min(other.principal), bonus: one.bonus.min(other.bonus) }
}

impl ValueAccount {
    /// The sum of all entries.
    pub fn balance(&self) -> Value {
        plus(self.free, self.lent())
    }

    /// What may be spent or lent; below nothing where more was spent than there was.
    pub fn free(&self) -> Value {
        self.free
    }

    /// What is lent to lanes and not known to be spent.
    pub fn lent(&self) -> Value {
        self.leases.values().fold(Value::default(), |sum, lease| plus(sum, lease.left))
    }

    /// The leases that are not settled, by their ids.
    pub fn leases(&self) -> &BTreeMap<String, ValueLease> {
        &self.leases
    }

    /// Carries an operation out. `trace` is that of the sale that it is about
    /// ([`ValueOperation::about`]); where it is about none, nothing is done to it.
    pub fn apply(
        &mut self,
        (member, source, now_ms): (&str, &str, i64),
        operation: &ValueOperation,
        trace: &mut ValueTrace,
    ) -> ValueDone {
        let mut done = ValueDone::default();
        match operation {
            ValueOperation::TopUp { value, most } => {
                self.free = plus(self.free, *value);
                note(&mut done, ValueEntryKind::TopUp, *value);
                let principal = self.balance().principal;
                if principal > *most {
                    done.wrong.push(ValueWrong::AboveLimit { principal, most: *most });
                }
            }
            ValueOperation::Spend { value, lease } => self.spend(trace, source, lease, *value, &mut done),
            ValueOperation::Back { origin, value } => {
                self.free = plus(self.free, *value);
                note(&mut done, ValueEntryKind::Back, *value);
                trace.back = plus(trace.back, *value);
                if trace.is_filed {
                    check_back(trace, origin, *value, &mut done);
                }
            }
            ValueOperation::Lend { lane, amount, pro_rata } => {
                done.lent = self.lend(member, now_ms, lane, *amount, *pro_rata);
            }
            ValueOperation::Leave { lease } => {
                if let Some(lease) = self.leases.get_mut(lease) {
                    lease.left_behind = true;
                }
            }
            ValueOperation::Settle { lease, why: _ } => {
                if let Some(lease) = self.leases.remove(lease) {
                    self.free = plus(self.free, lease.left);
                }
            }
            ValueOperation::Adjust { value, reason: _ } => {
                self.free = plus(self.free, *value);
                note(&mut done, ValueEntryKind::Adjust, *value);
            }
        }
        done
    }

    /// A sale spent some: of its lease, and where that has not so much, of what
    /// is free, which is wrong.
    fn spend(&mut self, trace: &mut ValueTrace, source: &str, id: &str, value: Value, done: &mut ValueDone) {
        note(done, ValueEntryKind::Spend, negated(value));
        let of_lease = self.leases.get_mut(id).map_or(Value::default(), |lease| {
            let part = least(value, above(lease.left));
            lease.left = less(lease.left, part);
            part
        });
        let over = less(value, of_lease);
        if over != Value::default() {
            self.free = less(self.free, over);
            done.wrong.push(ValueWrong::ValueOverspent { lease: id.to_owned(), value: over });
        }
        trace.is_filed = true;
        trace.spent = plus(trace.spent, value);
        let back = trace.back;
        check_back(trace, source, back, done);
    }

    /// Lends what is free, up to what is asked for. A lane that has a lease
    /// already is told of that one, renewed: an answer that was lost lends
    /// nothing twice. What its disk of before was lent is not told: it may be spent.
    fn lend(
        &mut self,
        member: &str,
        now_ms: i64,
        lane: &LaneId,
        amount: i64,
        pro_rata: bool,
    ) -> Option<(String, ValueLease)> {
        let until_ms = now_ms.saturating_add(VALUE_LEASE_MS);
        let is_its = |lease: &ValueLease| lease.lane == *lane && !lease.left_behind;
        let known = self.leases.iter().find(|(_, lease)| is_its(lease)).map(|(id, _)| id.clone());
        let held = known.as_ref().and_then(|id| self.leases.get(id)).map_or(0, |lease| total(lease.left));
        let more = self.part_of_free(amount.saturating_sub(held), pro_rata);
        if amount <= 0 || (more == Value::default() && held == 0) {
            return None;
        }
        let id = known.unwrap_or_else(|| {
            self.leases_made += 1;
            format!("{VALUE_LEASE}{member}.{}", self.leases_made)
        });
        let lease = self.leases.entry(id.clone()).or_insert_with(|| ValueLease {
            lane: lane.clone(),
            lent: Value::default(),
            left: Value::default(),
            until_ms,
            left_behind: false,
        });
        self.free = less(self.free, more);
        lease.lent = plus(lease.lent, more);
        lease.left = plus(lease.left, more);
        lease.until_ms = lease.until_ms.max(until_ms);
        Some((id, lease.clone()))
    }

    /// So much of what is free; what one balance owes, the other does not lend.
    fn part_of_free(&self, amount: i64, pro_rata: bool) -> Value {
        let most = total(self.free).max(0);
        let Value { principal, bonus } = above(self.free);
        let lendable = Value { principal: principal.min(most), bonus: bonus.min(most) };
        let order = if pro_rata { rules::SpendOrder::ProRata } else { rules::SpendOrder::PrincipalFirst };
        let money = Money::from_minor;
        let has = rules::Value { principal: money(lendable.principal), bonus: money(lendable.bonus) };
        let part = has.spend(money(amount.min(most)), order);
        Value { principal: part.principal.minor(), bonus: part.bonus.minor() }
    }
}

fn note(done: &mut ValueDone, kind: ValueEntryKind, value: Value) {
    if value != Value::default() {
        done.entries.push(ValueEntry { kind, value });
    }
}

/// Lists what went back beyond what was spent, of what just went back or, as
/// the sale itself comes, of all that did.
fn check_back(trace: &ValueTrace, origin: &str, just: Value, done: &mut ValueDone) {
    let over = least(above(less(trace.back, trace.spent)), above(just));
    if over != Value::default() {
        done.wrong.push(ValueWrong::TooMuchValueBack { origin: origin.to_owned(), value: over });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lane(number: u32) -> LaneId {
        LaneId { store: "S001".into(), lane: number }
    }

    fn value(principal: i64, bonus: i64) -> Value {
        Value { principal, bonus }
    }

    fn top_up(principal: i64, bonus: i64) -> ValueOperation {
        ValueOperation::TopUp { value: value(principal, bonus), most: 500_000 }
    }

    fn lend(to: u32, amount: i64) -> ValueOperation {
        ValueOperation::Lend { lane: lane(to), amount, pro_rata: true }
    }

    fn spend(principal: i64, bonus: i64, lease: &str) -> ValueOperation {
        ValueOperation::Spend { value: value(principal, bonus), lease: lease.into() }
    }

    /// An account with the sum of its entries.
    #[derive(Default)]
    struct Book {
        account: ValueAccount,
        traces: BTreeMap<String, ValueTrace>,
        sum: Value,
        wrong: Vec<ValueWrong>,
    }

    impl Book {
        fn take(&mut self, source: &str, operation: &ValueOperation) -> ValueDone {
            let about = operation.about(source).unwrap_or_default().to_owned();
            let trace = self.traces.entry(about).or_default();
            let done = self.account.apply(("m", source, 1_000), operation, trace);
            for entry in &done.entries {
                self.sum = plus(self.sum, entry.value);
            }
            self.wrong.extend(done.wrong.iter().cloned());
            done
        }

        fn lend(&mut self, to: u32, amount: i64) -> Option<(String, ValueLease)> {
            self.take("ask", &lend(to, amount)).lent
        }
    }

    #[test]
    fn what_is_lent_is_one_lanes_and_comes_back() {
        let mut book = Book::default();
        book.take("1", &top_up(10_000, 2_000));
        let (id, lease) = book.lend(1, 6_000).expect("there is some");
        assert_eq!(
            (id.as_str(), lease.lent, lease.until_ms),
            ("v:m.1", value(5_000, 1_000), 1_000 + VALUE_LEASE_MS)
        );
        // Asked again, nothing is lent twice; asked for more, more is.
        assert_eq!(book.lend(1, 6_000).map(|(_, lease)| lease.lent), Some(value(5_000, 1_000)));
        assert_eq!(book.lend(2, 99_000).map(|(_, lease)| lease.lent), Some(value(5_000, 1_000)));
        assert_eq!(book.lend(3, 100), None);
        book.take("2", &spend(1_000, 200, &id));
        book.take("3", &ValueOperation::Settle { lease: id.clone(), why: Settled::Returned });
        assert_eq!((book.account.free(), book.account.lent()), (value(4_000, 800), value(5_000, 1_000)));
        assert_eq!(book.account.balance(), value(9_000, 1_800));
        assert!(book.wrong.is_empty());
        // Spent of it after it was settled: the sale stands, and is listed.
        book.take("4", &spend(100, 0, &id));
        assert_eq!(book.wrong, [ValueWrong::ValueOverspent { lease: id, value: value(100, 0) }]);
        assert_eq!(book.account.balance(), book.sum);
    }

    #[test]
    fn what_owes_lends_nothing_and_what_is_too_much_is_listed() {
        let mut book = Book::default();
        book.take("1", &spend(500, 0, "v:m.9"));
        book.take("2", &ValueOperation::Adjust { value: value(0, 300), reason: "sorry".into() });
        assert_eq!(book.lend(1, 100), None);
        book.take("3", &top_up(1_000, 0));
        assert_eq!(book.lend(1, 9_000).map(|(_, lease)| total(lease.lent)), Some(800));
        let back = |source: &str, book: &mut Book, principal| {
            book.take(source, &ValueOperation::Back { origin: "1".into(), value: value(principal, 0) });
        };
        back("4#back", &mut book, 400);
        assert_eq!(book.wrong.len(), 1);
        back("5#back", &mut book, 150);
        let over = ValueWrong::TooMuchValueBack { origin: "1".into(), value: value(50, 0) };
        assert_eq!(book.wrong.last(), Some(&over));
        book.take("6", &top_up(600_000, 0));
        assert!(matches!(book.wrong.last(), Some(ValueWrong::AboveLimit { most: 500_000, .. })));
        assert_eq!(book.account.balance(), book.sum);
    }

    #[test]
    fn a_return_may_be_heard_of_before_its_sale() {
        let mut book = Book::default();
        book.take("1", &top_up(1_000, 0));
        book.take("3#back", &ValueOperation::Back { origin: "2".into(), value: value(300, 0) });
        assert!(book.wrong.is_empty());
        let (id, _) = book.lend(1, 500).expect("there is some");
        book.take("2", &spend(200, 0, &id));
        assert_eq!(book.wrong, [ValueWrong::TooMuchValueBack { origin: "2".into(), value: value(100, 0) }]);
    }

    proptest! {
        #[test]
        fn the_balance_is_the_sum_of_entries_and_lent_is_never_more_than_there_was(
            days in proptest::collection::vec((0u8..7, 1u32..4, 0i64..5_000, 0i64..1_000, any::<bool>()), 0..60),
        ) {
            let mut book = Book::default();
            let mut ids: Vec<String> = vec!["v:x.1".into()];
            for (at, (what, number, principal, bonus, pro_rata)) in days.into_iter().enumerate() {
                let source = at.to_string();
                let lease = ids[usize::try_from(number).unwrap_or(0) % ids.len()].clone();
                let had = total(book.account.free());
                let operation = match what {
                    0 => top_up(principal, bonus),
                    1 | 2 => ValueOperation::Lend { lane: lane(number), amount: principal, pro_rata },
                    3 => spend(principal, bonus, &lease),
                    4 => ValueOperation::Settle { lease, why: Settled::Over },
                    5 => ValueOperation::Back { origin: (at / 2).to_string(), value: value(principal, bonus) },
                    _ => ValueOperation::Adjust { value: value(-principal, bonus), reason: "why".into() },
                };
                let lent_before = total(book.account.lent());
                let done = book.take(&source, &operation);
                if let Some((id, lease)) = done.lent {
                    prop_assert!(total(book.account.lent()) - lent_before <= had.max(0));
                    prop_assert!(lease.left.principal >= 0 && lease.left.bonus >= 0);
                    ids.push(id);
                }
                prop_assert_eq!(book.account.balance(), book.sum);
                prop_assert!(book.account.leases().values().all(|lease| lease.left.principal >= 0 && lease.left.bonus >= 0));
            }
        }
    }
}
