//! Goods that a promotion gave for others (买赠), and what becomes of them when
//! the others come back: a gift that the customer keeps is deducted at what it
//! would have cost, from what is given for the goods that earned it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::basket::{AppliedPromotion, Line};
use crate::catalogue::Item;
use crate::money::{AMOUNT_MAX, Money};
use crate::promotion::{Layer, Priced, PromotionSet};
use crate::refund::{Origin, less_kept_gift};
use crate::tax::TaxMode;

/// Some units of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Units {
    /// The line's number.
    pub line: u32,
    /// How many pieces.
    pub units: u32,
}

/// Goods that were free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Free {
    /// Which.
    pub goods: Units,
    /// What one of them would have cost.
    pub each: Money,
}

/// Goods that one promotion gave for others, each time in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeGoods {
    /// Which promotion.
    pub promotion: AppliedPromotion,
    /// How often.
    pub times: u32,
    /// The goods that earn it, each time.
    pub earned_by: Vec<Units>,
    /// What was free for them, each time.
    pub free: Vec<Free>,
}

/// A gift that is kept though the goods that earned it came back; or less of
/// it than before, where it was brought back after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptGift {
    /// The sale that gave it.
    pub origin: Origin,
    /// The line that it was.
    pub line: u32,
    /// What it is.
    pub item: Arc<Item>,
    /// How many pieces more are kept than before, thousandths.
    pub thousandths: i64,
    /// What is kept back for them, as the tag said it; below nothing for what
    /// is given back.
    pub amount: Money,
    /// The tax in or on top of that.
    pub tax: Money,
}

impl KeptGift {
    /// What is kept back, tax included.
    pub fn value(&self, mode: TaxMode) -> Money {
        match mode {
            TaxMode::Inclusive => self.amount,
            TaxMode::Exclusive => self.amount + self.tax,
        }
    }
}

/// What was kept back for a line that was a gift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Withheld {
    /// For so many pieces, thousandths.
    pub thousandths: i64,
    /// How much, as the tag said it.
    pub amount: Money,
    /// The tax in or on top of that.
    pub tax: Money,
}

/// What promotions gave for nothing on a ticket that was priced.
///
/// Where paid and free units are of one line, it comes back unit by unit at
/// its share, and nobody keeps a gift apart.
pub fn free_goods(set: &PromotionSet, priced: &Priced, lines: &[Line]) -> Vec<FreeGoods> {
    let mut found: Vec<FreeGoods> = Vec::new();
    for applied in &priced.applied {
        let all = |units: u32, free: u32| free == units && units > 0;
        let goods = |place: usize, units: u32| Units { line: lines[place].number, units };
        let parts = applied.parts.iter();
        let free: Vec<Free> = parts
            .clone()
            .filter(|part| all(part.units, part.free))
            .map(|part| Free {
                goods: goods(part.line, part.units),
                each: part.off.cumulative(1, i64::from(part.units)).unwrap_or(part.off),
            })
            .collect();
        let earned_by: Vec<Units> = parts
            .filter(|part| part.free == 0 && part.units > 0)
            .map(|part| goods(part.line, part.units))
            .collect();
        if free.is_empty() || earned_by.is_empty() {
            continue;
        }
        let promotion: AppliedPromotion = (&set.promotions()[applied.promotion]).into();
        let same = found.iter_mut().find(|other| {
            (&other.promotion, &other.earned_by, &other.free) == (&promotion, &earned_by, &free)
        });
        match same {
            Some(other) => other.times = other.times.saturating_add(1),
            None => found.push(FreeGoods { promotion, times: 1, earned_by, free }),
        }
    }
    found
}

/// Whether what a sale says of its gifts can be: the lines are there and hold
/// so many pieces, and what they would have cost is an amount.
pub fn fits(gifts: &[FreeGoods], lines: &[Line]) -> bool {
    let mut taken: BTreeMap<u32, i64> = BTreeMap::new();
    for gift in gifts {
        let goods = gift.earned_by.iter().chain(gift.free.iter().map(|free| &free.goods));
        for Units { line, units } in goods {
            let times = i64::from(gift.times).saturating_mul(i64::from(*units));
            let sum = taken.entry(*line).or_default();
            *sum = sum.saturating_add(times);
        }
        let empty = gift.times == 0 || gift.earned_by.is_empty() || gift.free.is_empty();
        if empty || !gift.free.iter().all(|free| free.each.is_amount()) {
            return false;
        }
    }
    taken.into_iter().all(|(number, units)| {
        let line = lines.iter().find(|line| line.number == number);
        line.is_some_and(|line| units.saturating_mul(1_000) <= line.quantity.thousandths())
    })
}

impl FreeGoods {
    /// What is free each time would have cost so much.
    fn worth(&self) -> i128 {
        let each = |free: &Free| i128::from(free.each.minor()) * i128::from(free.goods.units);
        self.free.iter().map(each).sum()
    }

    /// What remains of each line once it is earned, by the lines that earned
    /// it and, where these are not enough, by others that could have as well;
    /// `None` where it is not earned.
    fn earn_once(
        &self,
        gifts: &[FreeGoods],
        sold: &[Line],
        remaining: &BTreeMap<u32, i64>,
    ) -> Option<BTreeMap<u32, i64>> {
        let mut remaining = remaining.clone();
        let mut missing: Vec<(u32, i64)> = Vec::new();
        for units in &self.earned_by {
            let own = remaining.get_mut(&units.line)?;
            let taken = i64::from(units.units).min(*own);
            *own -= taken;
            missing.push((units.line, i64::from(units.units) - taken));
        }
        for (number, mut units) in missing.into_iter().filter(|(_, units)| *units > 0) {
            let line = sold.iter().find(|line| line.number == number)?;
            for other in sold.iter().filter(|other| stands_in(other, line, gifts)) {
                let own = remaining.get_mut(&other.number)?;
                let taken = units.min(*own);
                *own -= taken;
                units -= taken;
            }
            if units > 0 {
                return None;
            }
        }
        Some(remaining)
    }
}

/// Whether a line earned a gift, or could have in place of one that did.
pub fn could_earn(gifts: &[FreeGoods], sold: &[Line], number: u32) -> bool {
    let earners = || gifts.iter().flat_map(|gift| &gift.earned_by).map(|units| units.line);
    let line = |number: u32| sold.iter().find(|line| line.number == number);
    let stands_in_for = |earner| {
        line(earner).zip(line(number)).is_some_and(|(earner, other)| stands_in(other, earner, gifts))
    };
    earners().any(|earner| earner == number || stands_in_for(earner))
}

/// Whether a line of the same goods at the same price, with which no promotion
/// that counts units did anything, could have earned a gift in place of another.
fn stands_in(other: &Line, line: &Line, gifts: &[FreeGoods]) -> bool {
    let is_free = gifts.iter().flat_map(|gift| &gift.free).any(|free| free.goods.line == other.number);
    let shelf = |line: &Line| -> Vec<Arc<str>> {
        let own = line.savings.iter().filter(|saving| saving.layer == Layer::Price);
        own.map(|saving| Arc::clone(&saving.promotion.id)).collect()
    };
    other.number != line.number
        && other.item.sku == line.item.sku
        && other.unit == line.unit
        && other.unit_price == line.unit_price
        && !is_free
        && shelf(other) == shelf(line)
        && other.savings.iter().all(|saving| saving.layer != Layer::Item)
}

/// What stands against each other of one line that was a gift, once so much of
/// everything came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owed {
    /// Pieces that are kept without the goods that earned them.
    pub units: i64,
    /// What they would have cost.
    pub amount: Money,
}

/// Which gifts are kept without what earned them. `left` says how much of a
/// line the customer still has, thousandths. Of all ways to reckon it the one
/// that is best for the customer counts, as far as a sale tells: whatever took
/// no part in a promotion comes back first, also where that is a line of its
/// own; what is left earns the dearest gifts; and the cheapest is the kept one.
pub fn owed(gifts: &[FreeGoods], sold: &[Line], left: impl Fn(u32) -> i64) -> BTreeMap<u32, Owed> {
    let mut remaining: BTreeMap<u32, i64> =
        sold.iter().map(|line| (line.number, left(line.number).max(0) / 1_000)).collect();
    let mut unearned: BTreeMap<u32, Vec<(Money, i64)>> = BTreeMap::new();
    let mut dearest: Vec<&FreeGoods> = gifts.iter().collect();
    dearest.sort_by_key(|gift| std::cmp::Reverse(gift.worth()));
    for gift in dearest {
        let mut earned = 0;
        while earned < i64::from(gift.times) {
            let Some(rest) = gift.earn_once(gifts, sold, &remaining) else { break };
            remaining = rest;
            earned += 1;
        }
        let broken = i64::from(gift.times) - earned;
        for free in gift.free.iter().filter(|_| broken > 0) {
            let units = broken.saturating_mul(i64::from(free.goods.units));
            unearned.entry(free.goods.line).or_default().push((free.each, units));
        }
    }
    let mut owed = BTreeMap::new();
    for (number, mut prices) in unearned {
        let quantity =
            sold.iter().find(|line| line.number == number).map_or(0, |line| line.quantity.thousandths());
        let back = (quantity - left(number)).max(0) / 1_000;
        let all = prices.iter().fold(0i64, |sum, (_, units)| sum.saturating_add(*units));
        let mut kept = (all - back).max(0);
        prices.sort_unstable();
        let mut one = Owed { units: kept, amount: Money::ZERO };
        for (each, units) in prices {
            let units = units.min(kept);
            kept -= units;
            let amount = u32::try_from(units).ok().and_then(|units| each.checked_multiple(units));
            one.amount += amount.unwrap_or(Money::from_minor(AMOUNT_MAX));
        }
        if one.units > 0 {
            owed.insert(number, one);
        }
    }
    owed
}

/// How much is kept back now for gifts that are owed, where so much is kept
/// back already and so much is given for the goods that earned them: what is
/// given never falls below nothing.
pub fn kept_back(owed: Money, before: Money, refund: Money) -> Money {
    let more = owed - before;
    if more.is_positive() { refund - less_kept_gift(refund, more) } else { more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::basket::{PriceFrom, Saving, Trace};
    use crate::money::{Quantity, TaxRate};

    fn line(number: u32, pieces: i64) -> Line {
        let rate = TaxRate::from_basis_points(1_300).expect("a rate");
        Line {
            number,
            item: Arc::new(Item::plain(&number.to_string(), Money::from_minor(800), rate)),
            code: number.to_string(),
            unit: None,
            quantity: Quantity::from_pieces(pieces).expect("pieces"),
            unit_price: Money::from_minor(800),
            price_from: PriceFrom::List,
            promotion: None,
            kept: None,
            walk_in: None,
            weighed_by: None,
            label_amount: None,
            trace: Trace::default(),
            savings: Vec::new(),
            points_off: Money::ZERO,
            discount: None,
            basket_discount: Money::ZERO,
            seller: None,
            note: String::new(),
        }
    }

    fn gift(times: u32, earned_by: &[(u32, u32)], free: &[(u32, u32, i64)]) -> FreeGoods {
        let units = |(line, units): &(u32, u32)| Units { line: *line, units: *units };
        FreeGoods {
            promotion: AppliedPromotion { id: "g".into(), name_zh: "买赠".into(), name_en: "Gift".into() },
            times,
            earned_by: earned_by.iter().map(units).collect(),
            free: free
                .iter()
                .map(|(line, count, each)| Free {
                    goods: Units { line: *line, units: *count },
                    each: Money::from_minor(*each),
                })
                .collect(),
        }
    }

    /// Pieces and what they would have cost, of each line.
    fn owes(gifts: &[FreeGoods], sold: &[Line], back: &[(u32, i64)]) -> Vec<(u32, i64, i64)> {
        let left = |number: u32| {
            let line = sold.iter().find(|line| line.number == number);
            let back: i64 = back.iter().filter(|(of, _)| *of == number).map(|(_, pieces)| pieces).sum();
            line.map_or(0, |line| line.quantity.thousandths()) - back * 1_000
        };
        let owed = owed(gifts, sold, left);
        owed.into_iter().map(|(line, owed)| (line, owed.units, owed.amount.minor())).collect()
    }

    #[test]
    fn a_gift_is_owed_once_too_little_is_left_of_what_earned_it() {
        // Two of 1 earn one of 2; three of 1 were bought.
        let (sold, gifts) = ([line(1, 3), line(2, 1)], [gift(1, &[(1, 2)], &[(2, 1, 800)])]);
        assert_eq!(owes(&gifts, &sold, &[]), []);
        assert_eq!(owes(&gifts, &sold, &[(1, 1)]), [], "the third took no part");
        assert_eq!(owes(&gifts, &sold, &[(1, 2)]), [(2, 1, 800)]);
        assert_eq!(owes(&gifts, &sold, &[(1, 2), (2, 1)]), [], "it came back too");
        assert_eq!(owes(&gifts, &sold, &[(2, 1)]), [], "a gift alone may come back");
    }

    #[test]
    fn of_several_gifts_so_many_are_owed_as_are_not_earned_any_more() {
        let (sold, gifts) = ([line(1, 6), line(2, 3)], [gift(3, &[(1, 2)], &[(2, 1, 800)])]);
        assert_eq!(owes(&gifts, &sold, &[(1, 1)]), [(2, 1, 800)]);
        assert_eq!(owes(&gifts, &sold, &[(1, 4)]), [(2, 2, 1_600)]);
        assert_eq!(owes(&gifts, &sold, &[(1, 4), (2, 1)]), [(2, 1, 800)]);
        assert_eq!(owes(&gifts, &sold, &[(1, 6), (2, 3)]), []);
        // Of gifts at two prices, the cheaper is the one that is kept.
        let two = [gift(1, &[(1, 2)], &[(2, 1, 900)]), gift(1, &[(1, 2)], &[(2, 1, 700)])];
        assert_eq!(owes(&two, &sold, &[(1, 6), (2, 1)]), [(2, 1, 700)]);
        // A bundle of two goods is broken by either.
        let (sold, pair) =
            ([line(1, 1), line(2, 1), line(3, 1)], [gift(1, &[(1, 1), (2, 1)], &[(3, 1, 500)])]);
        assert_eq!(owes(&pair, &sold, &[(2, 1)]), [(3, 1, 500)]);
    }

    #[test]
    fn goods_of_a_line_that_took_no_part_earn_the_gift_as_well() {
        // Three beers, each a line of its own, of which two earned one of 4.
        let beer = |number| Line { item: line(1, 1).item, ..line(number, 1) };
        let sold = [beer(1), beer(2), beer(3), line(4, 1)];
        let gifts = [gift(1, &[(1, 1), (2, 1)], &[(4, 1, 800)])];
        for one in [1, 2, 3] {
            assert_eq!(owes(&gifts, &sold, &[(one, 1)]), [], "two are left, whichever comes back");
            for other in (1..=3).filter(|other| *other != one) {
                assert_eq!(owes(&gifts, &sold, &[(one, 1), (other, 1)]), [(4, 1, 800)]);
            }
        }
        // Not what another promotion lowered, nor a gift of its own, nor at another price.
        let taken = Saving {
            promotion: gifts[0].promotion.clone(),
            layer: Layer::Item,
            units: 1,
            off: Money::from_minor(100),
        };
        let lowered = Line { savings: vec![taken], ..beer(3) };
        let dearer = Line { unit_price: Money::from_minor(900), ..beer(3) };
        for other in [lowered, dearer, line(3, 1)] {
            let sold = [beer(1), beer(2), other, line(4, 1)];
            assert_eq!(owes(&gifts, &sold, &[(1, 1)]), [(4, 1, 800)]);
        }
        let also_free = [gift(1, &[(1, 1), (2, 1)], &[(4, 1, 800)]), gift(1, &[(4, 1)], &[(3, 1, 800)])];
        assert_eq!(owes(&also_free, &sold, &[(1, 1)]), [(4, 1, 800)]);
        // What is left earns the dearest gift.
        let two = [gift(1, &[(1, 1)], &[(4, 1, 700)]), gift(1, &[(2, 1)], &[(5, 1, 900)])];
        let sold = [beer(1), beer(2), line(4, 1), line(5, 1)];
        assert_eq!(owes(&two, &sold, &[(2, 1)]), [(4, 1, 700)]);
    }

    #[test]
    fn no_more_is_kept_back_than_is_given_and_what_was_comes_back_with_the_gift() {
        let kept = |owed, before, refund| {
            let [owed, before, refund] = [owed, before, refund].map(Money::from_minor);
            kept_back(owed, before, refund).minor()
        };
        assert_eq!(kept(800, 0, 1_500), 800);
        assert_eq!(kept(800, 0, 500), 500);
        assert_eq!(kept(800, 500, 1_500), 300, "the rest of it, from the next goods");
        assert_eq!(kept(0, 500, 0), -500);
        assert_eq!(kept(800, 800, 1_500), 0);
    }

    #[test]
    fn what_a_sale_says_of_its_gifts_must_be_possible() {
        let sold = [line(1, 2), line(2, 1)];
        assert!(fits(&[gift(1, &[(1, 2)], &[(2, 1, 800)])], &sold));
        for wrong in [
            gift(1, &[(1, 3)], &[(2, 1, 800)]),
            gift(2, &[(1, 1)], &[(2, 1, 800)]),
            gift(1, &[(7, 1)], &[(2, 1, 800)]),
            gift(1, &[(1, 1)], &[(2, 1, -800)]),
            gift(1, &[(1, 1)], &[]),
            gift(1, &[], &[(2, 1, 800)]),
            gift(0, &[(1, 1)], &[(2, 1, 800)]),
            gift(u32::MAX, &[(1, u32::MAX)], &[(2, u32::MAX, 800)]),
        ] {
            assert!(!fits(std::slice::from_ref(&wrong), &sold), "{wrong:?}");
        }
    }
}
