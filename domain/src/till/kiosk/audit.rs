//! Which baskets are looked at: chance, weighed by what speaks against a basket. The number that chance gave comes from
//! outside and is written down with what followed from it, so that anybody can reckon it again.

use crate::money::Money;

/// Chances are in so many parts: basis points.
pub const AUDIT_PARTS: u32 = 10_000;

/// How likely a basket is looked at, in [`AUDIT_PARTS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRules {
    /// Every basket.
    pub base: u32,
    /// More for each piece that was taken out again,
    pub per_removal: u32,
    /// and where nobody known buys,
    pub walk_in: u32,
    /// and where it comes to more than this,
    pub large_total: Money,
    /// so much.
    pub large: u32,
}

impl Default for AuditRules {
    fn default() -> Self {
        Self { base: 200, per_removal: 300, walk_in: 0, large_total: Money::from_minor(i64::MAX), large: 500 }
    }
}

/// What speaks for looking at a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Risk {
    /// Pieces that were taken out again.
    pub removals: u32,
    /// Nobody known buys.
    pub walk_in: bool,
    /// What it comes to.
    pub total: Money,
}

impl AuditRules {
    /// How likely such a basket is looked at, at most [`AUDIT_PARTS`].
    pub fn chance(&self, risk: Risk) -> u32 {
        let removals = self.per_removal.saturating_mul(risk.removals);
        let walk_in = if risk.walk_in { self.walk_in } else { 0 };
        let large = if risk.total > self.large_total { self.large } else { 0 };
        let sum = self.base.saturating_add(removals).saturating_add(walk_in).saturating_add(large);
        sum.min(AUDIT_PARTS)
    }

    /// Whether a basket is looked at, where chance gave this number.
    pub fn draw(&self, random: u32, risk: Risk) -> Drawn {
        let chance = self.chance(risk);
        Drawn { random, chance, due: random % AUDIT_PARTS < chance }
    }
}

/// What chance said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// The number that it gave.
    pub random: u32,
    /// How likely it was, in [`AUDIT_PARTS`].
    pub chance: u32,
    /// Whether the basket is looked at: the number's rest by [`AUDIT_PARTS`] is below the chance.
    pub due: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_speaks_against_a_basket_adds_up() {
        let rules =
            AuditRules { walk_in: 100, large_total: Money::from_minor(50_000), ..AuditRules::default() };
        let calm = Risk { removals: 0, walk_in: false, total: Money::from_minor(50_000) };
        assert_eq!(rules.chance(calm), 200);
        assert_eq!(rules.chance(Risk { walk_in: true, ..calm }), 300);
        assert_eq!(rules.chance(Risk { removals: 2, total: Money::from_minor(50_001), ..calm }), 1_300);
        assert_eq!(rules.chance(Risk { removals: u32::MAX, ..calm }), AUDIT_PARTS);
    }

    proptest! {
        /// Over all numbers that chance may give, as many are looked at as it says.
        #[test]
        fn so_many_are_drawn_as_the_chance_says(base in 0u32..12_000, removals in 0u32..5, from in any::<u32>()) {
            let rules = AuditRules { base, ..AuditRules::default() };
            let risk = Risk { removals, walk_in: true, total: Money::ZERO };
            let first = from - from % AUDIT_PARTS;
            prop_assume!(first.checked_add(AUDIT_PARTS).is_some());
            let due = (first..first + AUDIT_PARTS).filter(|random| rules.draw(*random, risk).due).count();
            prop_assert_eq!(due, rules.chance(risk) as usize);
        }
    }
}
