//! Which price of the price lists is in force, by the till's own clock.
//!
//! Prices of the future lie on the lane before their instant, so that the
//! price changes at that instant with HQ down.

use crate::catalogue::{Audience, Buyer, Item, PriceRow, SaleUnit};
use crate::money::Money;

/// The list price of one unit of an item at an instant (milliseconds UTC):
/// of the base unit where `unit` is `None`. What promotions lower is not
/// looked at.
///
/// For everybody it is the price of [`price_at`], else the unit's own price,
/// else that of its base units together; a member pays less where a price for
/// members says so. `None` where that is no amount that a document may carry.
pub fn list_price(item: &Item, unit: Option<&SaleUnit>, buyer: Buyer<'_>, now_ms: i64) -> Option<Money> {
    let id = unit.map_or("", |sold| sold.unit.id.as_str());
    let listed = price_at(&item.prices, id, Buyer::WalkIn, now_ms);
    let usual = match unit {
        None => Some(listed.unwrap_or(item.price)),
        Some(sold) => match listed.or(sold.price) {
            Some(price) => Some(price),
            None => list_price(item, None, buyer, now_ms)?.checked_multiple(sold.unit.factor),
        },
    };
    let usual = usual.filter(|price| price.is_amount())?;
    let for_buyer = price_at(&item.prices, id, buyer, now_ms).filter(|price| price.is_amount());
    Some(for_buyer.map_or(usual, |price| price.min(usual)))
}

/// The price that rows give a unit (`""`: the base unit) at an instant,
/// whatever their order: of those for everybody the one of the most specific
/// scope, then of the latest beginning, then the lowest; a row for members or
/// for the buyer's tier is chosen in the same way among its like, and counts
/// where it is lower. `None` where no row is in force.
pub fn price_at(rows: &[PriceRow], unit: &str, buyer: Buyer<'_>, now_ms: i64) -> Option<Money> {
    let chosen = |is_for: &dyn Fn(&Audience) -> bool| {
        rows.iter()
            .filter(|row| row.unit == unit && is_in_force(row, now_ms) && is_for(&row.audience))
            .max_by_key(|row| (row.scope, row.from_ms, std::cmp::Reverse(row.price)))
            .map(|row| row.price)
    };
    let everyone = chosen(&|audience| *audience == Audience::Everyone);
    let Buyer::Member { tier } = buyer else { return everyone };
    let members = chosen(&|audience| *audience == Audience::Members);
    let of_tier = chosen(&|audience| matches!(audience, Audience::Tier(needed) if needed.as_str() == tier));
    [everyone, members, of_tier].into_iter().flatten().min()
}

/// Whether a row counts at an instant (milliseconds UTC).
pub fn is_in_force(row: &PriceRow, now_ms: i64) -> bool {
    row.from_ms <= now_ms && row.until_ms.is_none_or(|until| now_ms < until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{PriceScope, Unit};
    use crate::money::TaxRate;
    use proptest::prelude::*;

    const EVERYONE: Audience = Audience::Everyone;

    fn row(unit: &str, scope: PriceScope, audience: Audience, from_ms: i64, price: i64) -> PriceRow {
        PriceRow {
            list: "l".into(),
            unit: unit.into(),
            scope,
            audience,
            from_ms,
            until_ms: None,
            price: Money::from_minor(price),
        }
    }

    /// A bottle at 5.00; 提 of 6 without a price of its own, 箱 of 24 at 100.00.
    fn beer(prices: Vec<PriceRow>) -> Item {
        let unit = |id: &str, factor| Unit { id: id.into(), name_zh: id.into(), name_en: id.into(), factor };
        Item {
            units: vec![
                SaleUnit { unit: unit("six", 6), price: None },
                SaleUnit { unit: unit("case", 24), price: Some(Money::from_minor(10_000)) },
            ],
            prices,
            ..Item::plain(
                "beer",
                Money::from_minor(500),
                TaxRate::from_basis_points(1_300).expect("in range"),
            )
        }
    }

    #[track_caller]
    fn check(item: &Item, unit: &str, buyer: Buyer<'_>, now_ms: i64, expected: i64) {
        let found = list_price(item, item.unit(unit), buyer, now_ms);
        assert_eq!(found, Some(Money::from_minor(expected)), "{unit} at {now_ms}");
    }

    const GOLD: Buyer<'_> = Buyer::Member { tier: "gold" };
    const SILVER: Buyer<'_> = Buyer::Member { tier: "silver" };

    #[test]
    fn the_most_specific_price_counts_then_the_latest() {
        use PriceScope::{Chain, Group, Store};
        let mut ends = row("", Store, EVERYONE, 100, 410);
        ends.until_ms = Some(200);
        let item = beer(vec![
            row("", Chain, EVERYONE, 0, 490),
            row("", Chain, EVERYONE, 150, 480),
            row("", Group, EVERYONE, 50, 450),
            ends,
        ]);
        check(&item, "", Buyer::WalkIn, -1, 500);
        check(&item, "", Buyer::WalkIn, 0, 490);
        check(&item, "", Buyer::WalkIn, 49, 490);
        check(&item, "", Buyer::WalkIn, 50, 450);
        check(&item, "", Buyer::WalkIn, 99, 450);
        check(&item, "", Buyer::WalkIn, 100, 410);
        check(&item, "", Buyer::WalkIn, 199, 410);
        check(&item, "", Buyer::WalkIn, 200, 450);
    }

    #[test]
    fn a_pack_has_its_own_price_or_that_of_its_pieces() {
        let item = beer(vec![
            row("", PriceScope::Chain, EVERYONE, 100, 400),
            row("case", PriceScope::Store, EVERYONE, 200, 9_000),
        ]);
        check(&item, "six", Buyer::WalkIn, 0, 3_000);
        check(&item, "six", Buyer::WalkIn, 100, 2_400);
        check(&item, "case", Buyer::WalkIn, 100, 10_000);
        check(&item, "case", Buyer::WalkIn, 200, 9_000);
    }

    #[test]
    fn a_member_pays_a_member_price_where_it_is_lower() {
        use PriceScope::{Chain, Store};
        let item = beer(vec![
            row("", Chain, Audience::Members, 0, 470),
            row("", Chain, Audience::Tier("gold".into()), 0, 450),
            row("", Store, Audience::Tier("silver".into()), 0, 520),
            row("", Store, EVERYONE, 100, 440),
        ]);
        check(&item, "", Buyer::WalkIn, 0, 500);
        check(&item, "", SILVER, 0, 470);
        check(&item, "", GOLD, 0, 450);
        check(&item, "", GOLD, 100, 440);
        check(&item, "six", GOLD, 0, 2_700);
        check(&item, "case", GOLD, 0, 10_000);
    }

    #[test]
    fn a_price_that_no_document_carries_is_none() {
        use crate::money::AMOUNT_MAX;
        let item = beer(vec![row("", PriceScope::Chain, EVERYONE, 0, AMOUNT_MAX)]);
        assert_eq!(list_price(&item, item.unit("six"), Buyer::WalkIn, 0), None);
        let item = beer(vec![row("", PriceScope::Chain, EVERYONE, 0, -1)]);
        assert_eq!(list_price(&item, None, Buyer::WalkIn, 0), None);
    }

    fn any_row() -> impl Strategy<Value = PriceRow> {
        let scope = prop::sample::select(vec![PriceScope::Chain, PriceScope::Group, PriceScope::Store]);
        let audience = prop::sample::select(vec![
            Audience::Everyone,
            Audience::Members,
            Audience::Tier("gold".into()),
            Audience::Tier("silver".into()),
        ]);
        let unit = prop::sample::select(vec!["", "six", "case"]);
        (unit, scope, audience, 0i64..5, prop::option::of(0i64..8), 1i64..1_000).prop_map(
            |(unit, scope, audience, from_ms, until_ms, price)| PriceRow {
                until_ms,
                ..row(unit, scope, audience, from_ms, price)
            },
        )
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            (rows, shuffled) in prop::collection::vec(any_row(), 0..12)
                .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
            now_ms in 0i64..8,
        ) {
            let (item, other) = (beer(rows), beer(shuffled));
            for buyer in [Buyer::WalkIn, GOLD, SILVER] {
                for unit in ["", "six", "case"] {
                    prop_assert_eq!(
                        list_price(&item, item.unit(unit), buyer, now_ms),
                        list_price(&other, other.unit(unit), buyer, now_ms)
                    );
                }
            }
        }

        #[test]
        fn a_member_never_pays_more_than_a_walk_in(
            rows in prop::collection::vec(any_row(), 0..12),
            now_ms in 0i64..8,
        ) {
            let item = beer(rows);
            for unit in ["", "six", "case"] {
                let price = |buyer| list_price(&item, item.unit(unit), buyer, now_ms);
                prop_assert!(price(GOLD) <= price(Buyer::WalkIn));
            }
        }
    }
}
