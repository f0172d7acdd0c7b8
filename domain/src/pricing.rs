//! What the shelf tag of goods shows: the list price, or the lowest price
//! promotion that everybody who buys here and now gets for any number of units.
//!
//! While a label may still show less than that, no more than it shows is
//! charged: [`cap`].
//!
//! What else promotions take off is worked out for a whole basket, in
//! [`crate::promotion`].

use crate::basket::AppliedPromotion;
use crate::catalogue::{Buyer, Item, SaleUnit};
use crate::money::Money;
use crate::price_list;
use crate::promotion::PromotionSet;
use crate::promotion::rule::{PriceRule, Promotion, Rule};
use crate::promotion::ticket::Occasion;

/// What one unit costs, and the promotion that made it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPrice {
    /// Per unit: a piece, a kilogram or a pack.
    pub price: Money,
    /// `None` where it is the list price.
    pub promotion: Option<AppliedPromotion>,
}

/// The price on the tag of a unit whose list price is the item's `price`, and
/// which holds so many base units.
///
/// Only a promotion that lowers the price counts; of two that lower it
/// equally the one with the smaller id is named, so that the answer does not
/// depend on their order.
pub fn tag_price(set: &PromotionSet, item: &Item, factor: u32, occasion: &Occasion) -> UnitPrice {
    let list = UnitPrice { price: item.price, promotion: None };
    if item.no_promotion {
        return list;
    }
    set.about([(item.sku.as_str(), item.category.as_str())])
        .into_iter()
        .map(|index| &set.promotions()[index])
        .filter(|promotion| is_on_the_tag(promotion, item, occasion))
        .filter_map(|promotion| Some((lowered(promotion, item.price, factor)?, promotion)))
        .min_by(|(price, promotion), (other_price, other)| {
            price.cmp(other_price).then_with(|| promotion.id.cmp(&other.id))
        })
        .map_or(list, |(price, promotion)| UnitPrice { price, promotion: Some(promotion.into()) })
}

/// What the shelf says of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfPrice {
    /// On the price list.
    pub list: Money,
    /// With what everybody gets taken off.
    pub price: UnitPrice,
}

/// What a label of a unit of an item should say at the occasion's instant:
/// the base unit where `unit` is `None`. `None` where there is no price that a
/// document may carry.
pub fn shelf_price(
    set: &PromotionSet,
    item: &Item,
    unit: Option<&SaleUnit>,
    buyer: Buyer<'_>,
    occasion: &Occasion,
) -> Option<ShelfPrice> {
    let list = price_list::list_price(item, unit, buyer, occasion.now_ms)?;
    let factor = unit.map_or(1, |sold| sold.unit.factor);
    Some(ShelfPrice { list, price: tag_price(set, &item.at_price(list), factor, occasion) })
}

/// The most that is charged for a unit, and the label that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap<'a> {
    /// Per unit.
    pub price: Money,
    /// The label's number.
    pub label: &'a str,
}

/// The least that any shelf label may show of a unit at an instant
/// (milliseconds UTC): the base unit where `unit` is `None`. A pack without a
/// price of its own costs no more than its base units together. `None` where
/// no label may show any.
pub fn cap<'a>(item: &'a Item, unit: Option<&SaleUnit>, buyer: Buyer<'_>, now_ms: i64) -> Option<Cap<'a>> {
    let is_member = matches!(buyer, Buyer::Member { .. });
    let of = |id: &str| {
        let caps = item.caps.iter().filter(|cap| cap.unit == id);
        let caps = caps.filter(|cap| cap.from_ms.is_none_or(|from_ms| from_ms <= now_ms));
        let said = caps.flat_map(|cap| {
            let member_price = cap.member_price.filter(|_| is_member);
            [cap.price, member_price].into_iter().flatten().map(|price| Cap { price, label: &cap.label })
        });
        said.min_by_key(|cap| cap.price)
    };
    let Some(sold) = unit else { return of("") };
    let id = sold.unit.id.as_str();
    let has_price =
        sold.price.is_some() || price_list::price_at(&item.prices, id, Buyer::WalkIn, now_ms).is_some();
    let of_pieces = of("")
        .filter(|_| !has_price)
        .and_then(|cap| Some(Cap { price: cap.price.checked_multiple(sold.unit.factor)?, ..cap }));
    of(id).into_iter().chain(of_pieces).min_by_key(|cap| cap.price)
}

/// What a till charges for one of a unit on its own at the occasion's instant:
/// what its label should say, and no more than any label may show ([`cap`]).
/// `None` where there is no price that a document may carry.
pub fn charged(
    set: &PromotionSet,
    item: &Item,
    unit: Option<&SaleUnit>,
    buyer: Buyer<'_>,
    occasion: &Occasion,
) -> Option<Money> {
    let price = shelf_price(set, item, unit, buyer, occasion)?.price.price;
    let cap = cap(item, unit, buyer, occasion.now_ms).map(|cap| cap.price);
    Some(cap.map_or(price, |cap| cap.min(price)))
}

/// Whether everybody gets a promotion for any number of these goods.
fn is_on_the_tag(promotion: &Promotion, item: &Item, occasion: &Occasion) -> bool {
    promotion.quota.is_none()
        && promotion.quotas.is_empty()
        && promotion.applications_max.is_none()
        && !promotion.is_brought()
        && promotion.scope.holds(&item.sku, &item.category, None)
        && promotion.conditions.unmet(occasion).is_none()
}

/// What a unit of so many base units costs under a price promotion, where that is less.
pub(crate) fn lowered(promotion: &Promotion, price: Money, factor: u32) -> Option<Money> {
    let Rule::Price(rule) = &promotion.rule else { return None };
    let lower = match rule {
        PriceRule::Fixed(fixed) => fixed.checked_multiple(factor)?,
        PriceRule::Percent(percent) => price.percent(*percent),
        PriceRule::Off(off) => (price - off.checked_multiple(factor)?).max(Money::ZERO),
        PriceRule::AddOn { .. } => return None,
    };
    (lower < price).then_some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::TaxRate;
    use crate::promotion::rule::{Conditions, Scope, Stacking};

    fn promotion(id: &str, rule: PriceRule) -> Promotion {
        Promotion {
            id: id.into(),
            name_zh: id.into(),
            name_en: id.into(),
            rule: Rule::Price(rule),
            scope: Scope::of(["egg"]),
            conditions: Conditions { from_ms: Some(100), until_ms: Some(200), ..Conditions::default() },
            quota: None,
            quotas: Vec::new(),
            bearers: Vec::new(),
            applications_max: None,
            stacking: Stacking::default(),
        }
    }

    fn check(item: &Item, promotions: &[Promotion], now_ms: i64, price: i64, why: Option<&str>) {
        let (set, refused) = PromotionSet::load(1, promotions.iter().cloned());
        assert_eq!(refused, []);
        let found = tag_price(&set, item, 1, &Occasion { now_ms, ..Occasion::default() });
        assert_eq!(found.price, Money::from_minor(price));
        assert_eq!(found.promotion.as_ref().map(|promotion| &*promotion.id), why);
    }

    fn egg() -> Item {
        Item::plain("egg", Money::from_minor(250), TaxRate::from_basis_points(900).expect("in range"))
    }

    #[test]
    fn the_lowest_price_that_runs_is_on_the_tag() {
        let fixed = promotion("b", PriceRule::Fixed(Money::from_minor(200)));
        let percent = promotion("a", PriceRule::Percent(85)); // 2.125 -> 2.13
        let off = promotion("c", PriceRule::Off(Money::from_minor(50)));
        let all = [percent.clone(), fixed, off.clone()];
        check(&egg(), &all, 150, 200, Some("b"));
        check(&egg(), &[off, percent.clone()], 150, 200, Some("c"));
        check(&egg(), std::slice::from_ref(&percent), 150, 213, Some("a"));
        check(&egg(), std::slice::from_ref(&percent), 99, 250, None);
        check(&egg(), std::slice::from_ref(&percent), 200, 250, None);
        check(&Item { no_promotion: true, ..egg() }, &all, 150, 250, None);
        check(&Item { sku: "tea".into(), ..egg() }, &all, 150, 250, None);
    }

    #[test]
    fn a_tag_never_shows_more_than_the_list_nor_less_than_nothing() {
        let price = |price| promotion("a", PriceRule::Fixed(Money::from_minor(price)));
        check(&egg(), &[price(300)], 150, 250, None);
        check(&egg(), &[promotion("a", PriceRule::Off(Money::from_minor(300)))], 150, 0, Some("a"));
    }

    #[test]
    fn no_more_is_charged_than_a_label_may_show() {
        use crate::catalogue::ShelfCap;
        let (set, refused) =
            PromotionSet::load(1, [promotion("a", PriceRule::Fixed(Money::from_minor(200)))]);
        assert_eq!(refused, []);
        let charged = |price: i64, now_ms| {
            let cap = ShelfCap {
                unit: String::new(),
                from_ms: None,
                price: Some(Money::from_minor(price)),
                member_price: None,
                label: "1".into(),
            };
            let item = Item { caps: vec![cap], ..egg() };
            let occasion = Occasion { now_ms, ..Occasion::default() };
            super::charged(&set, &item, None, Buyer::WalkIn, &occasion).map(Money::minor)
        };
        assert_eq!(charged(220, 99), Some(220));
        assert_eq!(charged(220, 150), Some(200));
        assert_eq!(charged(300, 99), Some(250));
    }

    #[test]
    fn what_only_some_get_is_not_on_the_tag() {
        let cut = || promotion("a", PriceRule::Fixed(Money::from_minor(100)));
        let mut members = cut();
        members.conditions.members_only = true;
        let mut brought = cut();
        brought.conditions.brought = true;
        for promotion in [Promotion { quota: Some(2), ..cut() }, members, brought] {
            check(&egg(), &[promotion], 150, 250, None);
        }
    }
}
