//! What a paid ticket gives beside its price: chances to draw, coupons, more
//! points. Nothing here changes what is paid.

use super::rule::{Conditions, Promotion, Scope};
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
                id: grant.id.clone(),
                name_zh: grant.name_zh.clone(),
                name_en: grant.name_en.clone(),
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
    fn the_highest_multiplier_counts_alone() {
        let promotion = AppliedPromotion { id: "day".into(), name_zh: "倍".into(), name_en: "more".into() };
        let twice =
            |points| Given { promotion: promotion.clone(), gives: Gives::PointsMultiplier(points), times: 1 };
        assert_eq!(points_multiplier(&[twice(20_000), twice(15_000)]), 20_000);
        assert_eq!(points_multiplier(&[]), 10_000);
    }
}
