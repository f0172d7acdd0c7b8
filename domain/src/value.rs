//! Stored value (储值): money that a member paid in beforehand, and what was
//! given to it on top.
//!
//! Principal and bonus are two balances. Paying with them is a tender, since
//! the money was paid: the sale is taxed and earns points as any other. Paying
//! in is no sale of goods but a debt to the member: no revenue, no tax, no
//! points, no stock. The book is HQ's; a till spends of a [`ValueGrant`] that
//! HQ put aside for its lane.

use std::sync::Arc;

use crate::catalogue::{Item, TaxClass, TaxTreatment};
use crate::money::{Money, TaxRate};
use crate::tender::Tender;

/// The item code of the line that pays money in. No goods have it: codes of
/// goods have no such sign.
pub const TOP_UP_SKU: &str = "$top_up";

/// The tax class of that line: not taxed (不征税), since nothing is sold yet.
pub const TOP_UP_TAX_CLASS: &str = "not_taxed";

/// The most that an account of a named member may hold as principal unless the
/// chain says less, minor units: 5,000 yuan (单用途商业预付卡管理办法 art. 18).
pub const PRINCIPAL_MAX: Money = Money::from_minor(500_000);

/// The most steps by which a top-up is given a bonus.
pub const BONUS_STEPS_MAX: usize = 16;

/// Principal and bonus of an account, of a lease or of one payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Value {
    /// What the member paid in.
    pub principal: Money,
    /// What was given on top.
    pub bonus: Money,
}

/// What is spent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpendOrder {
    /// The principal, then the bonus.
    #[default]
    PrincipalFirst,
    /// Both, in proportion to what there is of them.
    ProRata,
}

impl Value {
    /// Nothing of either.
    pub const NOTHING: Self = Self { principal: Money::ZERO, bonus: Money::ZERO };

    /// Both together.
    pub fn total(self) -> Money {
        self.principal + self.bonus
    }

    /// Whether a document may carry it: neither part is below nothing, and
    /// both together are an amount.
    pub fn is_amount(self) -> bool {
        let whole = self.principal.checked_add(self.bonus);
        self.principal >= Money::ZERO && self.bonus >= Money::ZERO && whole.is_some_and(Money::is_amount)
    }

    /// With another added.
    pub fn plus(self, other: Self) -> Self {
        Self { principal: self.principal + other.principal, bonus: self.bonus + other.bonus }
    }

    /// Less another.
    pub fn less(self, other: Self) -> Self {
        Self { principal: self.principal - other.principal, bonus: self.bonus - other.bonus }
    }

    /// What a payment takes of it: no more of either than there is, and to the
    /// minor unit what is asked, or all where that is less.
    pub fn spend(self, amount: Money, order: SpendOrder) -> Self {
        let amount = amount.max(Money::ZERO).min(self.total());
        let principal = match order {
            SpendOrder::PrincipalFirst => amount.min(self.principal),
            SpendOrder::ProRata => {
                self.principal.cumulative(amount.minor(), self.total().minor()).unwrap_or(Money::ZERO)
            }
        };
        Self { principal, bonus: amount - principal }
    }

    /// What of a payment is left after so much of it in all went back, in the
    /// ratio in which it was paid. Two of these differ by what one refund gives
    /// back, so that however a payment is refunded, it comes back exactly.
    pub fn left_after(self, back: Money) -> Self {
        let back = back.max(Money::ZERO).min(self.total());
        self.less(self.spend(back, SpendOrder::ProRata))
    }
}

/// Stored value that one lane alone may spend: HQ has put it aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueGrant {
    /// HQ's id of it; the tender names it.
    pub lease: String,
    /// Whose it is.
    pub member: String,
    /// How much was lent, whatever was spent of it.
    pub lent: Value,
    /// What the member had in all when it was lent, to be shown.
    pub balance: Money,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: i64,
}

/// Stored value as a means of payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTender {
    /// Whose account it is.
    pub member: String,
    /// The grant that it is spent of.
    pub lease: String,
    /// The grant's end, milliseconds UTC.
    pub until_ms: i64,
    /// What is paid; below nothing for what goes back to the account.
    pub part: Value,
    /// What was paid once, of which `part` is left or goes back.
    pub of: Value,
    /// What the member had left then, where HQ had said it.
    pub left: Option<Money>,
}

impl StoredTender {
    /// The same with another amount: below nothing what goes back next of what
    /// is left of it, otherwise what is left.
    pub(crate) fn with_amount(&self, amount: Money) -> Self {
        let whole = self.of.total();
        let left = |left: Money| self.of.left_after(whole - left);
        let part = if amount < Money::ZERO {
            let back = left(self.part.total()).less(left(self.part.total() + amount));
            Value::NOTHING.less(back)
        } else {
            left(amount)
        };
        Self { part, left: None, ..self.clone() }
    }
}

/// Whether stored value is among what was paid.
pub fn is_part_of(tenders: &[Tender]) -> bool {
    tenders.iter().any(|tender| matches!(tender, Tender::StoredValue(_)))
}

/// Money that a document pays into an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// Whose account it is.
    pub member: String,
    /// What is paid in, and what is given on top.
    pub value: Value,
}

/// How a chain keeps stored value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueRules {
    /// What is spent first.
    pub order: SpendOrder,
    /// The most principal of an account; [`PRINCIPAL_MAX`] where the chain says
    /// nothing, and never more.
    pub principal_max: Option<Money>,
    /// From so much that is paid in at once, so much is given on top; the
    /// highest that is reached counts. At most [`BONUS_STEPS_MAX`].
    pub bonuses: Vec<(Money, Money)>,
}

impl ValueRules {
    /// The most principal of an account.
    pub fn principal_max(&self) -> Money {
        self.principal_max.unwrap_or(PRINCIPAL_MAX).min(PRINCIPAL_MAX)
    }

    /// What is given on top of so much.
    pub fn bonus(&self, principal: Money) -> Money {
        let reached = self.bonuses.iter().filter(|(from, _)| *from <= principal);
        reached.max_by_key(|(from, _)| *from).map_or(Money::ZERO, |(_, bonus)| *bonus)
    }
}

/// The item of a line that pays money in: no goods, never reduced, earns
/// nothing, is not taxed.
pub fn top_up_item(amount: Money) -> Arc<Item> {
    Arc::new(Item {
        name_zh: "储值充值".to_owned(),
        name_en: "Stored value top-up".to_owned(),
        no_promotion: true,
        no_points: true,
        tax_class: Some(TaxClass { id: TOP_UP_TAX_CLASS.to_owned(), treatment: TaxTreatment::Exempt }),
        code: String::new(),
        ..Item::plain(TOP_UP_SKU, amount, TaxRate::ZERO)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn value(principal: i64, bonus: i64) -> Value {
        Value { principal: money(principal), bonus: money(bonus) }
    }

    #[test]
    fn principal_goes_first_or_both_in_proportion() {
        let has = value(10_000, 2_000);
        assert_eq!(has.spend(money(4_000), SpendOrder::PrincipalFirst), value(4_000, 0));
        assert_eq!(has.spend(money(11_000), SpendOrder::PrincipalFirst), value(10_000, 1_000));
        assert_eq!(has.spend(money(6_000), SpendOrder::ProRata), value(5_000, 1_000));
        assert_eq!(has.spend(money(6_001), SpendOrder::ProRata), value(5_001, 1_000));
        // No more than there is, and nothing of nothing.
        assert_eq!(has.spend(money(99_000), SpendOrder::ProRata), has);
        assert_eq!(Value::NOTHING.spend(money(5), SpendOrder::ProRata), Value::NOTHING);
        assert_eq!(has.spend(money(-5), SpendOrder::PrincipalFirst), Value::NOTHING);
    }

    #[test]
    fn the_highest_bonus_that_is_reached_counts_and_the_law_bounds_the_principal() {
        let rules = ValueRules {
            bonuses: vec![(money(50_000), money(5_000)), (money(10_000), money(500))],
            ..ValueRules::default()
        };
        assert_eq!(rules.bonus(money(9_999)), money(0));
        assert_eq!(rules.bonus(money(10_000)), money(500));
        assert_eq!(rules.bonus(money(70_000)), money(5_000));
        assert_eq!(rules.principal_max(), PRINCIPAL_MAX);
        let of = |minor| ValueRules { principal_max: Some(money(minor)), ..ValueRules::default() };
        assert_eq!(of(100_000).principal_max(), money(100_000));
        assert_eq!(of(900_000).principal_max(), PRINCIPAL_MAX);
    }

    #[test]
    fn a_part_goes_back_in_the_ratio_in_which_it_was_paid() {
        let paid = value(8_000, 1_000);
        assert_eq!(paid.left_after(money(4_500)), value(4_000, 500));
        // Half a unit is the principal's, and the next part makes up for it.
        assert_eq!(value(1, 1).left_after(money(1)), value(0, 1));
        assert_eq!(paid.left_after(money(9_000)), Value::NOTHING);
        assert_eq!(paid.left_after(money(-5)), paid);
    }

    proptest! {
        #[test]
        fn what_is_spent_is_exact_and_never_more_than_there_is(
            principal in 0i64..1_000_000, bonus in 0i64..1_000_000, amount in 0i64..2_500_000, pro_rata in any::<bool>(),
        ) {
            let order = if pro_rata { SpendOrder::ProRata } else { SpendOrder::PrincipalFirst };
            let has = value(principal, bonus);
            let spent = has.spend(money(amount), order);
            prop_assert_eq!(spent.total(), money(amount.min(principal + bonus)));
            prop_assert!(spent.is_amount() && has.less(spent).is_amount());
        }

        /// However a payment is refunded: each part is whole, and all of it
        /// comes back exactly, the parts as they were paid.
        #[test]
        fn a_payment_comes_back_exactly_however_it_is_cut(
            principal in 0i64..100_000, bonus in 0i64..100_000, cuts in prop::collection::vec(1i64..50_000, 0..12),
        ) {
            let of = value(principal, bonus);
            let paid = StoredTender {
                member: "m".into(), lease: "l".into(), until_ms: 0, part: of, of, left: None,
            };
            let (mut left, mut back) = (paid, Value::NOTHING);
            for cut in cuts.into_iter().chain([200_000]) {
                let cut = money(cut).min(left.part.total());
                let refund = left.with_amount(-cut).part;
                prop_assert!(cut == Money::ZERO || Value::NOTHING.less(refund).is_amount());
                prop_assert_eq!(refund.total(), -cut);
                back = back.less(refund);
                left = left.with_amount(left.part.total() - cut);
                prop_assert_eq!(left.part, of.less(back));
            }
            prop_assert_eq!(back, of);
        }
    }
}
