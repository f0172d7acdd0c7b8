//! What a paid ticket gives beside its price: chances to draw, coupons, more
//! points. Nothing here changes what is paid.

use super::rule::{Conditions, Promotion, PromotionError, Scope, in_range};
use super::ticket::{Occasion, TicketLine};
use crate::basket::AppliedPromotion;
use crate::money::Money;

/// The most of anything that one ticket is given by one promotion.
pub const GRANT_TIMES_MAX: u32 = 1_000;

/// A promotion that gives something for what was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// HQ's id.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// The goods whose nets count.
    pub scope: Scope,
    /// When, where and for whom.
    pub conditions: Conditions,
    /// What these goods must come to, after all promotions.
    pub min: Money,
    /// At most so many times, once for every `min`; once in all where 1.
    pub times_max: u32,
    /// What is given.
    pub gives: Gives,
}

/// The most that points are multiplied by, in basis points: a hundred times.
pub const POINTS_MULTIPLIER_MAX: u32 = 100 * crate::points::MULTIPLIER_ONE;

impl Grant {
    /// Whether it could ever give anything, and no more than can be.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as of a promotion that changes a price.
    pub fn check(&self) -> Result<(), PromotionError> {
        if self.id.is_empty() {
            return Err(PromotionError::NoId);
        }
        self.scope.check(&self.id)?;
        self.conditions.check(&self.id)?;
        let least = i64::from(self.times_max > 1);
        let min = least..=crate::money::AMOUNT_MAX;
        let allowed = "an amount from 0 up, above 0 where it repeats";
        in_range(&self.id, "the threshold", self.min.minor(), min, allowed)?;
        in_range(&self.id, "the number of times", i64::from(self.times_max), 1..=i64::MAX, "1 or more")?;
        match &self.gives {
            Gives::DrawChances(chances) => {
                let possible = 1..=i64::from(GRANT_TIMES_MAX);
                in_range(&self.id, "the chances to draw", i64::from(*chances), possible, "1 to 1,000")
            }
            Gives::Coupon(template) if template.trim().is_empty() => {
                Err(PromotionError::NoEffect { id: self.id.clone(), what: "a coupon without a template" })
            }
            Gives::Coupon(_) => Ok(()),
            Gives::PointsMultiplier(times) => {
                let possible = 1..=i64::from(POINTS_MULTIPLIER_MAX);
                let allowed = "1 to 1,000,000 basis points";
                in_range(&self.id, "what points are multiplied by", i64::from(*times), possible, allowed)
            }
        }
    }
}

/// What a ticket is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gives {
    /// 抽奖机会: chances to draw.
    DrawChances(u32),
    /// 返券: a coupon of this template.
    Coupon(String),
    /// 倍积分: points times this, in basis points; it does not add up with itself.
    PointsMultiplier(u32),
}

/// What a ticket was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The promotion.
    pub promotion: AppliedPromotion,
    /// What.
    pub gives: Gives,
    /// How often.
    pub times: u32,
}

/// What a ticket with these nets is given; `nets` go with `lines`.
pub fn given(grants: &[Grant], lines: &[TicketLine], nets: &[Money], occasion: &Occasion) -> Vec<Given> {
    let mut given = Vec::new();
    for grant in grants.iter().filter(|grant| grant.conditions.unmet(occasion).is_none()) {
        let own = |line: &TicketLine| {
            !line.no_promotion && grant.scope.holds(&line.sku, &line.category, line.expires_in_days)
        };
        let base: Money = lines.iter().zip(nets).filter(|(line, _)| own(line)).map(|(_, net)| *net).sum();
        let times = super::overlay::times(grant.min, grant.times_max.min(GRANT_TIMES_MAX), base);
        if times > 0 {
            let promotion = AppliedPromotion {
                id: grant.id.as_str().into(),
                name_zh: grant.name_zh.as_str().into(),
                name_en: grant.name_en.as_str().into(),
            };
            given.push(Given { promotion, gives: grant.gives.clone(), times });
        }
    }
    given
}

/// The highest multiplier of points among what was given, in basis points.
pub fn points_multiplier(given: &[Given]) -> u32 {
    let multiplier = |given: &Given| match given.gives {
        Gives::PointsMultiplier(points) => Some(points),
        Gives::DrawChances(_) | Gives::Coupon(_) => None,
    };
    given.iter().filter_map(multiplier).max().unwrap_or(crate::points::MULTIPLIER_ONE)
}

impl Promotion {
    /// Whether a customer must bring something for it to hold: see [`super::ticket::Coupons`].
    pub fn is_brought(&self) -> bool {
        self.layer() == super::Layer::Coupon || self.conditions.brought
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promotion::ticket::Goods;

    fn line(sku: &str, no_promotion: bool) -> TicketLine {
        TicketLine {
            number: 1,
            sku: sku.into(),
            category: String::new(),
            goods: Goods::Amount(Money::ZERO),
            factor: 1,
            price_stands: false,
            no_promotion,
            expires_in_days: None,
        }
    }

    fn check(grant: Grant, expected: u32) {
        let lines = [line("tea", false), line("tobacco", true), line("milk", false)];
        let nets = [6_000, 9_000, 4_500].map(Money::from_minor);
        let times =
            given(&[grant], &lines, &nets, &Occasion::default()).first().map_or(0, |given| given.times);
        assert_eq!(times, expected);
    }

    #[test]
    fn a_ticket_is_given_something_for_what_its_goods_come_to() {
        let grant = |min: i64, times_max: u32, scope: Scope| Grant {
            id: "draw".into(),
            name_zh: "抽奖".into(),
            name_en: "Draw".into(),
            scope,
            conditions: Conditions::default(),
            min: Money::from_minor(min),
            times_max,
            gives: Gives::DrawChances(1),
        };
        check(grant(5_000, 1, Scope::everything()), 1);
        check(grant(5_000, u32::MAX, Scope::everything()), 2);
        check(grant(10_501, u32::MAX, Scope::everything()), 0);
        check(grant(6_000, 1, Scope::of(["tea"])), 1);
        check(grant(6_001, 1, Scope::of(["tea"])), 0);
        let member = Conditions { members_only: true, ..Conditions::default() };
        check(Grant { conditions: member, ..grant(1, 1, Scope::everything()) }, 0);
    }

    #[test]
    fn a_grant_that_cannot_work_is_refused_with_the_reason() {
        let good = Grant {
            id: "draw".into(),
            name_zh: "抽奖".into(),
            name_en: "Draw".into(),
            scope: Scope::everything(),
            conditions: Conditions::default(),
            min: Money::from_minor(5_000),
            times_max: 2,
            gives: Gives::DrawChances(1),
        };
        assert_eq!(good.check(), Ok(()));
        let refused = |change: &dyn Fn(&mut Grant)| {
            let mut changed = good.clone();
            change(&mut changed);
            changed.check().expect_err("it cannot work").to_string()
        };
        assert_eq!(refused(&|grant| grant.id = String::new()), PromotionError::NoId.to_string());
        let names = [
            refused(&|grant| grant.min = Money::from_minor(-1)),
            refused(&|grant| grant.min = Money::ZERO),
            refused(&|grant| grant.times_max = 0),
            refused(&|grant| grant.gives = Gives::DrawChances(0)),
            refused(&|grant| grant.gives = Gives::DrawChances(GRANT_TIMES_MAX + 1)),
            refused(&|grant| grant.gives = Gives::PointsMultiplier(0)),
            refused(&|grant| grant.gives = Gives::PointsMultiplier(u32::MAX)),
            refused(&|grant| grant.gives = Gives::Coupon(" ".into())),
            refused(&|grant| grant.conditions.weekdays = [9].into()),
            refused(&|grant| (grant.conditions.from_ms, grant.conditions.until_ms) = (Some(2), Some(2))),
            refused(&|grant| {
                grant.scope = Scope::of(["tea"]);
                grant.scope.not_skus.insert("tea".into());
            }),
        ];
        assert!(names.iter().all(|words| words.contains("draw")), "{names:?}");
        let once = Grant { times_max: 1, min: Money::ZERO, ..good };
        assert_eq!(once.check(), Ok(()), "one for every ticket");
    }

    #[test]
    fn the_highest_multiplier_counts_alone() {
        let promotion = AppliedPromotion { id: "day".into(), name_zh: "倍".into(), name_en: "more".into() };
        let twice =
            |points| Given { promotion: promotion.clone(), gives: Gives::PointsMultiplier(points), times: 1 };
        assert_eq!(points_multiplier(&[twice(20_000), twice(15_000)]), 20_000);
        assert_eq!(points_multiplier(&[]), 10_000);
    }
}
