//! What each part of a kit takes of the kit's price: for VAT and margin.

use crate::catalogue::KitPart;
use crate::money::Money;

/// The share of each part in what a line of the kit is sold for, by what the
/// parts cost on their own, by largest remainder. The shares sum to `net`;
/// where no part costs anything, all of it falls to the first.
pub fn allocate_kit(net: Money, parts: &[KitPart]) -> Vec<Money> {
    let weights: Vec<Money> =
        parts.iter().map(|part| part.price.checked_times(part.quantity).unwrap_or(Money::ZERO)).collect();
    net.shares(&weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Quantity, TaxRate};
    use proptest::prelude::*;

    fn part(sku: &str, thousandths: i64, price: i64) -> KitPart {
        KitPart {
            sku: sku.into(),
            quantity: Quantity::from_thousandths(thousandths).expect("in range"),
            price: Money::from_minor(price),
            tax_rate: TaxRate::from_basis_points(1_300).expect("in range"),
        }
    }

    #[test]
    fn a_gift_set_falls_to_its_parts_by_their_own_prices() {
        // Wine 168.00, two glasses at 26.00: 220.00 apart, 199.00 together.
        let parts = [part("wine", 1_000, 16_800), part("glass", 2_000, 2_600)];
        let shares = allocate_kit(Money::from_minor(19_900), &parts);
        // 15196.36 and 4703.64.
        assert_eq!(shares, [Money::from_minor(15_196), Money::from_minor(4_704)]);
        assert!(allocate_kit(Money::from_minor(19_900), &[]).is_empty());
    }

    proptest! {
        #[test]
        fn the_shares_of_a_kit_sum_to_its_net(
            net in 0i64..100_000_000,
            parts in prop::collection::vec((1i64..100_000, 0i64..10_000_000), 1..20),
        ) {
            let parts: Vec<KitPart> =
                parts.into_iter().map(|(quantity, price)| part("p", quantity, price)).collect();
            let shares = allocate_kit(Money::from_minor(net), &parts);
            prop_assert_eq!(shares.len(), parts.len());
            prop_assert_eq!(shares.into_iter().sum::<Money>(), Money::from_minor(net));
        }
    }
}
