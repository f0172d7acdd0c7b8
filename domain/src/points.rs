//! Points that a sale earns, and what a return takes back of them.
//!
//! Points are whole. What a document earns is the floor of its eligible net
//! over the price of a point, times the multiplier; a return takes back what
//! was held before less what is held after, so that nothing is lost however a
//! sale is returned.

use crate::money::Money;

/// 1x: multipliers are basis points.
pub const MULTIPLIER_ONE: u32 = 10_000;

/// How points are earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarnRule {
    /// So much net, in minor units, is one point.
    pub money_per_point: Money,
    /// The multiplier of tier and day, in basis points: 20000 is twice.
    pub multiplier: u32,
}

impl EarnRule {
    /// The points that a net earns; none where it is nothing or below.
    pub fn held(&self, net: Money) -> i64 {
        let points = net.whole_times(self.money_per_point);
        let multiplied = i128::from(points) * i128::from(self.multiplier) / i128::from(MULTIPLIER_ONE);
        i64::try_from(multiplied).unwrap_or(i64::MAX)
    }

    /// The points that go back when so much of a net is returned: what was
    /// held of the net before less what is held after.
    pub fn reversed(&self, net_before: Money, returned: Money) -> i64 {
        self.held(net_before) - self.held((net_before - returned).max(Money::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn yuan(multiplier: u32) -> EarnRule {
        EarnRule { money_per_point: Money::from_minor(100), multiplier }
    }

    #[test]
    fn points_are_whole_and_come_back_whole() {
        let rule = yuan(MULTIPLIER_ONE);
        assert_eq!(rule.held(Money::from_minor(8_920)), 89);
        assert_eq!(rule.reversed(Money::from_minor(8_920), Money::from_minor(4_434)), 45);
        assert_eq!(rule.reversed(Money::from_minor(4_486), Money::from_minor(4_486)), 44);
        assert_eq!(yuan(15_000).held(Money::from_minor(399)), 4);
        assert_eq!(rule.held(Money::from_minor(-1)), 0);
        assert_eq!(EarnRule { money_per_point: Money::ZERO, ..rule }.held(Money::from_minor(5)), 0);
    }

    proptest! {
        #[test]
        fn however_it_is_returned_all_points_go_back(
            net in 0i64..1_000_000,
            cuts in proptest::collection::vec(0i64..1_000_000, 0..6),
            multiplier in 0u32..50_000,
        ) {
            let rule = yuan(multiplier);
            let (mut left, mut back) = (net, 0);
            for cut in cuts {
                let returned = cut.min(left);
                back += rule.reversed(Money::from_minor(left), Money::from_minor(returned));
                left -= returned;
            }
            back += rule.reversed(Money::from_minor(left), Money::from_minor(left));
            prop_assert_eq!(back, rule.held(Money::from_minor(net)));
        }
    }
}
