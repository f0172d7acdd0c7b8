//! Who is credited for what is sold (导购), and what they earn on it (提成).
//!
//! A commission is worked out for each line, rounded half up, and comes back
//! as the difference of two sums when goods come back, so that a line that is
//! given back in pieces takes back exactly what it gave.

use std::cmp::Reverse;

use chrono::NaiveDate;

use crate::money::{BASIS_POINTS, Money, Quantity};

/// The most of a line's net that is paid for selling it, in basis points:
/// whatever a rule says, half of it stays with the shop (禁止传销条例).
pub const COMMISSION_SHARE_MAX: u32 = 5_000;

/// The most rules that a chain has.
pub const COMMISSION_RULES_MAX: usize = 10_000;

/// Who is credited for goods, as a document remembers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    /// HQ's id.
    pub id: String,
    /// The number of their card.
    pub number: String,
    /// The name shown.
    pub name: String,
    /// What they were when they sold: rules may ask for it.
    pub level: String,
}

/// What a seller earns on goods, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionRule {
    /// HQ's id.
    pub id: String,
    /// Sellers of this level only; `None` for all.
    pub level: Option<String>,
    /// On which goods.
    pub goods: CommissionGoods,
    /// How much.
    pub earns: Earns,
    /// At most so much on one line.
    pub cap: Option<Money>,
    /// The first business date that it holds for.
    pub from: NaiveDate,
    /// The last one; `None` until further notice.
    pub until: Option<NaiveDate>,
    /// Of rules that are as specific, the lower comes first.
    pub priority: i32,
}

/// The goods that a rule is about; the more specific is the greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommissionGoods {
    /// All.
    All,
    /// Those of a category, by its id.
    Category(String),
    /// One item, by its code.
    Item(String),
}

/// How much a seller earns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earns {
    /// So many basis points of the line's net.
    Part(u32),
    /// So much for each piece or kilogram.
    Fixed(Money),
}

/// What a rule is looked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sold<'a> {
    /// The seller's level.
    pub level: &'a str,
    /// The item's code.
    pub sku: &'a str,
    /// The id of its category.
    pub category: &'a str,
    /// The business date on which it was sold.
    pub day: NaiveDate,
}

/// What a commission is reckoned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommissionBase {
    /// What is paid for the goods.
    pub net: Money,
    /// How many they are, thousandths of base units.
    pub thousandths: i64,
}

/// Why a rule cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommissionRuleError {
    /// A rule needs an id.
    #[error("use a commission rule: it has no id")]
    Nameless,
    /// Nothing, or more than is ever paid.
    #[error("use commission rule {id}: {points} basis points are not between 1 and {COMMISSION_SHARE_MAX}")]
    Part {
        /// Which rule.
        id: String,
        /// What it says.
        points: u32,
    },
    /// An amount of nothing, or one that no document carries.
    #[error("use commission rule {id}: {amount} is no amount to earn")]
    Amount {
        /// Which rule.
        id: String,
        /// What it says, minor units.
        amount: i64,
    },
    /// It ends before it begins.
    #[error("use commission rule {id}: it ends on {until}, before it begins on {from}")]
    Dates {
        /// Which rule.
        id: String,
        /// The first day.
        from: NaiveDate,
        /// The last day.
        until: NaiveDate,
    },
}

impl CommissionRule {
    /// Says why the rule cannot work, if it cannot.
    pub fn check(&self) -> Result<(), CommissionRuleError> {
        let id = || self.id.clone();
        if self.id.trim().is_empty() {
            return Err(CommissionRuleError::Nameless);
        }
        match self.earns {
            Earns::Part(points) if !(1..=COMMISSION_SHARE_MAX).contains(&points) => {
                return Err(CommissionRuleError::Part { id: id(), points });
            }
            Earns::Fixed(amount) if !amount.is_positive() || !amount.is_amount() => {
                return Err(CommissionRuleError::Amount { id: id(), amount: amount.minor() });
            }
            Earns::Part(_) | Earns::Fixed(_) => {}
        }
        if let Some(cap) = self.cap.filter(|cap| !cap.is_positive() || !cap.is_amount()) {
            return Err(CommissionRuleError::Amount { id: id(), amount: cap.minor() });
        }
        match self.until {
            Some(until) if until < self.from => {
                Err(CommissionRuleError::Dates { id: id(), from: self.from, until })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it is about what was sold.
    pub fn holds(&self, sold: Sold<'_>) -> bool {
        let goods = match &self.goods {
            CommissionGoods::All => true,
            CommissionGoods::Category(id) => id == sold.category,
            CommissionGoods::Item(sku) => sku == sold.sku,
        };
        goods
            && self.level.as_ref().is_none_or(|level| level == sold.level)
            && self.from <= sold.day
            && self.until.is_none_or(|until| sold.day <= until)
    }

    /// What is earned on goods: never more than [`COMMISSION_SHARE_MAX`] of
    /// what is paid for them, so nothing on what is given away.
    pub fn earned(&self, base: CommissionBase) -> Money {
        let most = base.net.max(Money::ZERO).basis_points(COMMISSION_SHARE_MAX.min(BASIS_POINTS));
        let earned = match self.earns {
            Earns::Part(points) => base.net.basis_points(points),
            Earns::Fixed(amount) => Quantity::from_thousandths(base.thousandths)
                .and_then(|quantity| amount.checked_times(quantity))
                .unwrap_or(if base.thousandths > 0 { most } else { Money::ZERO }),
        };
        let capped = self.cap.map_or(earned, |cap| earned.min(cap));
        capped.min(most).max(Money::ZERO)
    }

    /// What is taken back of it when goods come back: the difference of what
    /// is earned on what there was before and on what is left after.
    pub fn reversed(&self, before: CommissionBase, after: CommissionBase) -> Money {
        self.earned(before) - self.earned(after)
    }
}

/// The rule that counts: the most specific in its goods, then in its level,
/// then the first by priority and by id.
pub fn rule_for<'a>(rules: &'a [CommissionRule], sold: Sold<'_>) -> Option<&'a CommissionRule> {
    let order = |rule: &&CommissionRule| {
        let goods = match &rule.goods {
            CommissionGoods::All => 0,
            CommissionGoods::Category(_) => 1,
            CommissionGoods::Item(_) => 2,
        };
        (goods, rule.level.is_some(), Reverse(rule.priority), Reverse(rule.id.clone()))
    };
    rules.iter().filter(|rule| rule.holds(sold)).max_by_key(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, day).expect("a date")
    }

    fn rule(id: &str, goods: CommissionGoods, earns: Earns) -> CommissionRule {
        CommissionRule {
            id: id.into(),
            level: None,
            goods,
            earns,
            cap: None,
            from: day(1),
            until: None,
            priority: 0,
        }
    }

    const SOLD: Sold<'_> = Sold { level: "guide", sku: "tea", category: "drinks", day: NaiveDate::MIN };

    fn chosen<'a>(rules: &'a [CommissionRule], sold: Sold<'_>) -> Option<&'a str> {
        rule_for(rules, sold).map(|rule| rule.id.as_str())
    }

    #[test]
    fn the_most_specific_rule_counts() {
        let sold = Sold { day: day(5), ..SOLD };
        let all = rule("all", CommissionGoods::All, Earns::Part(100));
        let drinks = rule("drinks", CommissionGoods::Category("drinks".into()), Earns::Part(200));
        let tea = rule("tea", CommissionGoods::Item("tea".into()), Earns::Part(300));
        let guides = CommissionRule { id: "guides".into(), level: Some("guide".into()), ..drinks.clone() };
        let rules = [tea.clone(), all.clone(), guides.clone(), drinks.clone()];
        assert_eq!(chosen(&rules, sold), Some("tea"));
        assert_eq!(chosen(&rules, Sold { sku: "cola", ..sold }), Some("guides"));
        assert_eq!(chosen(&rules, Sold { sku: "cola", level: "cashier", ..sold }), Some("drinks"));
        assert_eq!(chosen(&rules, Sold { sku: "soap", category: "home", ..sold }), Some("all"));
        // Of two that are as specific, the lower number; then the first id.
        let first = CommissionRule { id: "z".into(), priority: -1, ..all.clone() };
        assert_eq!(chosen(&[all.clone(), first], Sold { sku: "soap", category: "home", ..sold }), Some("z"));
        let same = CommissionRule { id: "a".into(), ..all.clone() };
        assert_eq!(chosen(&[all.clone(), same], Sold { category: "home", sku: "soap", ..sold }), Some("a"));
        // Outside of its days a rule is none.
        let over = CommissionRule { until: Some(day(4)), ..tea };
        assert_eq!(chosen(&[over.clone(), drinks], sold), Some("drinks"));
        assert_eq!(chosen(&[over], Sold { day: day(4), ..sold }), Some("tea"));
        assert_eq!(chosen(&[all], Sold { day: NaiveDate::MIN, ..sold }), None);
    }

    #[test]
    fn what_is_earned_is_capped_and_never_more_than_half() {
        let base = |net, thousandths| CommissionBase { net: money(net), thousandths };
        let part = rule("p", CommissionGoods::All, Earns::Part(333));
        // 89.20 at 3.33 %: 2.97, as in the worked cases; then 1.49 of 44.86.
        assert_eq!(part.earned(base(8_920, 2_000)), money(297));
        assert_eq!(part.reversed(base(8_920, 2_000), base(4_486, 1_000)), money(148));
        assert_eq!(part.reversed(base(4_486, 1_000), base(0, 0)), money(149));
        let fixed = rule("f", CommissionGoods::All, Earns::Fixed(money(500)));
        assert_eq!(fixed.earned(base(10_000, 3_000)), money(1_500));
        assert_eq!(fixed.earned(base(10_000, 0)), money(0));
        assert_eq!(fixed.earned(base(600, 1_000)), money(300), "half of what was paid");
        assert_eq!(fixed.earned(base(0, 1_000)), money(0), "nothing on a gift");
        let capped = CommissionRule { cap: Some(money(700)), ..fixed };
        assert_eq!(capped.earned(base(10_000, 3_000)), money(700));
        assert_eq!(capped.reversed(base(10_000, 3_000), base(6_667, 2_000)), money(0));
    }

    #[test]
    fn a_rule_that_cannot_work_says_why() {
        let said = |rule: CommissionRule| rule.check().map_err(|error| error.to_string()).err();
        let good = rule("r", CommissionGoods::All, Earns::Part(100));
        assert_eq!(said(good.clone()), None);
        let earns = |earns| CommissionRule { earns, ..good.clone() };
        assert!(
            said(CommissionRule { id: " ".into(), ..good.clone() }).is_some_and(|why| why.contains("no id"))
        );
        for points in [0, COMMISSION_SHARE_MAX + 1] {
            assert!(said(earns(Earns::Part(points))).is_some_and(|why| why.contains("basis points")));
        }
        for amount in [0, -1, i64::MAX] {
            assert!(said(earns(Earns::Fixed(money(amount)))).is_some_and(|why| why.contains("no amount")));
            let capped = CommissionRule { cap: Some(money(amount)), ..good.clone() };
            assert!(said(capped).is_some_and(|why| why.contains("no amount")));
        }
        let ends = CommissionRule { from: day(9), until: Some(day(8)), ..good };
        assert!(said(ends).is_some_and(|why| why.contains("before it begins")));
    }

    proptest! {
        #[test]
        fn whatever_comes_back_in_pieces_takes_back_what_was_earned(
            net in 0i64..1_000_000,
            pieces in 1i64..50,
            points in 1u32..COMMISSION_SHARE_MAX,
            fixed in prop::option::of(1i64..10_000),
            cap in prop::option::of(1i64..10_000),
        ) {
            let earns = fixed.map_or(Earns::Part(points), |amount| Earns::Fixed(money(amount)));
            let rule = CommissionRule { cap: cap.map(money), ..rule("r", CommissionGoods::All, earns) };
            let left = |back: i64| {
                let given = money(net).cumulative(back, pieces).expect("in range");
                CommissionBase { net: money(net) - given, thousandths: (pieces - back) * 1_000 }
            };
            let mut back = Money::ZERO;
            for piece in 0..pieces {
                let reversed = rule.reversed(left(piece), left(piece + 1));
                prop_assert!(reversed >= Money::ZERO);
                back += reversed;
            }
            prop_assert_eq!(back, rule.earned(left(0)));
            prop_assert!(rule.earned(left(0)) <= money(net).basis_points(COMMISSION_SHARE_MAX));
        }
    }
}
