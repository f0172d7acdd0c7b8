//! The price of one unit, and why.
//!
//! The price layer only: a unit takes the lowest of its list price and the
//! price promotions that run, which is the least it can cost.

use crate::catalogue::{Item, PriceCut, Promotion};
use crate::money::Money;

/// What one unit costs, and the promotion that made it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPrice {
    /// Per piece or kilogram.
    pub price: Money,
    /// `None` where it is the list price.
    pub promotion: Option<Promotion>,
}

/// The lowest price of a unit at an instant (milliseconds UTC).
///
/// Only a promotion that lowers the price counts; of two that lower it
/// equally the one with the smaller id is named, so that the answer does not
/// depend on their order.
pub fn unit_price(item: &Item, promotions: &[Promotion], now_ms: i64) -> UnitPrice {
    let list = UnitPrice { price: item.price, promotion: None };
    if item.no_promotion {
        return list;
    }
    promotions
        .iter()
        .filter(|promotion| runs(promotion, now_ms))
        .map(|promotion| (cut_price(item.price, promotion.cut), promotion))
        .filter(|(price, _)| *price < item.price)
        .min_by(|(price, promotion), (other_price, other)| {
            price.cmp(other_price).then_with(|| promotion.id.cmp(&other.id))
        })
        .map_or(list, |(price, promotion)| UnitPrice { price, promotion: Some(promotion.clone()) })
}

fn runs(promotion: &Promotion, now_ms: i64) -> bool {
    promotion.from_ms.is_none_or(|from| from <= now_ms)
        && promotion.until_ms.is_none_or(|until| now_ms < until)
}

/// A unit never costs less than nothing.
fn cut_price(price: Money, cut: PriceCut) -> Money {
    let reduced = match cut {
        PriceCut::FixedPrice(fixed) => fixed,
        // What would raise the price is no cut, however large it is.
        PriceCut::Percent(percent) => price.percent(percent.min(100)),
        PriceCut::AmountOff(off) => price - off.max(Money::ZERO),
    };
    reduced.max(Money::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::TaxRate;

    fn promotion(id: &str, cut: PriceCut) -> Promotion {
        Promotion {
            id: id.into(),
            name_zh: id.into(),
            name_en: id.into(),
            cut,
            from_ms: Some(100),
            until_ms: Some(200),
        }
    }

    fn check(no_promotion: bool, promotions: &[Promotion], now_ms: i64, price: i64, why: Option<&str>) {
        let item = Item {
            no_promotion,
            ..Item::plain("1", Money::from_minor(250), TaxRate::from_basis_points(1_300).expect("in range"))
        };
        let found = unit_price(&item, promotions, now_ms);
        assert_eq!(found.price, Money::from_minor(price));
        assert_eq!(found.promotion.as_ref().map(|promotion| promotion.id.as_str()), why);
    }

    #[test]
    fn the_lowest_price_that_runs_is_charged() {
        let fixed = promotion("b", PriceCut::FixedPrice(Money::from_minor(200)));
        let percent = promotion("a", PriceCut::Percent(85)); // 2.125 -> 2.13
        let off = promotion("c", PriceCut::AmountOff(Money::from_minor(50)));
        check(false, &[percent.clone(), fixed.clone(), off.clone()], 150, 200, Some("b"));
        check(false, &[off.clone(), percent.clone()], 150, 200, Some("c"));
        check(false, std::slice::from_ref(&percent), 150, 213, Some("a"));
        check(false, std::slice::from_ref(&percent), 99, 250, None);
        check(false, std::slice::from_ref(&percent), 200, 250, None);
        check(true, &[percent, fixed, off], 150, 250, None);
    }

    #[test]
    fn a_promotion_never_raises_a_price_nor_pays_the_customer() {
        check(false, &[promotion("a", PriceCut::FixedPrice(Money::from_minor(300)))], 150, 250, None);
        check(false, &[promotion("a", PriceCut::AmountOff(Money::from_minor(300)))], 150, 0, Some("a"));
        check(false, &[promotion("a", PriceCut::AmountOff(Money::from_minor(i64::MIN)))], 150, 250, None);
        check(false, &[promotion("a", PriceCut::Percent(u32::MAX))], 150, 250, None);
    }
}
