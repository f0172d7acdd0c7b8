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
    /// More for each time that the bagging scale called somebody,
    pub per_alarm: u32,
    /// and for each time that the customer changed how many they take,
    pub per_change: u32,
    /// and where goods were scanned by phone,
    pub phone: u32,
    /// and where there is a bagging scale that is away.
    pub unchecked: u32,
}

impl Default for AuditRules {
    fn default() -> Self {
        Self {
            base: 200,
            per_removal: 300,
            walk_in: 0,
            large_total: Money::from_minor(i64::MAX),
            large: 500,
            per_alarm: 500,
            per_change: 0,
            phone: 0,
            unchecked: 0,
        }
    }
}

/// What speaks for looking at a basket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Risk {
    /// Pieces that were taken out again.
    pub removals: u32,
    /// Nobody known buys.
    pub walk_in: bool,
    /// What it comes to.
    pub total: Money,
    /// How often the bagging scale called somebody.
    pub alarms: u32,
    /// How often the customer changed how many they take.
    pub changes: u32,
    /// Goods were scanned by phone.
    pub phone: bool,
    /// The bagging scale is away.
    pub unchecked: bool,
}

/// What a chance is made of, each in [`AUDIT_PARTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChanceParts {
    /// Every basket.
    pub base: u32,
    /// Pieces that were taken out again.
    pub removals: u32,
    /// Nobody known buys.
    pub walk_in: u32,
    /// It comes to much.
    pub large: u32,
    /// The bagging scale called somebody.
    pub alarms: u32,
    /// The customer changed how many they take.
    pub changes: u32,
    /// Goods were scanned by phone.
    pub phone: u32,
    /// The bagging scale is away.
    pub unchecked: u32,
}

impl ChanceParts {
    /// How likely it is in all, at most [`AUDIT_PARTS`].
    pub fn chance(self) -> u32 {
        let Self { base, removals, walk_in, large, alarms, changes, phone, unchecked } = self;
        let parts = [base, removals, walk_in, large, alarms, changes, phone, unchecked];
        parts.into_iter().fold(0_u32, u32::saturating_add).min(AUDIT_PARTS)
    }
}

/// Where a number of chance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RandomSource {
    /// An older program did not say.
    #[default]
    Unsaid,
    /// The operating system of the lane.
    System,
}

impl AuditRules {
    /// How likely such a basket is looked at, by what makes it so.
    pub fn parts(&self, risk: Risk) -> ChanceParts {
        let where_so = |is_so: bool, part: u32| if is_so { part } else { 0 };
        ChanceParts {
            base: self.base,
            removals: self.per_removal.saturating_mul(risk.removals),
            walk_in: where_so(risk.walk_in, self.walk_in),
            large: where_so(risk.total > self.large_total, self.large),
            alarms: self.per_alarm.saturating_mul(risk.alarms),
            changes: self.per_change.saturating_mul(risk.changes),
            phone: where_so(risk.phone, self.phone),
            unchecked: where_so(risk.unchecked, self.unchecked),
        }
    }

    /// The same in all, at most [`AUDIT_PARTS`].
    pub fn chance(&self, risk: Risk) -> u32 {
        self.parts(risk).chance()
    }

    /// Whether a basket is looked at, where chance gave this number.
    pub fn draw(&self, random: u32, risk: Risk) -> Drawn {
        Drawn::of(random, self.chance(risk))
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

impl Drawn {
    /// What a number says to a chance.
    pub fn of(random: u32, chance: u32) -> Self {
        Self { random, chance, due: random % AUDIT_PARTS < chance }
    }

    /// Whether it follows from its number and from what its chance is made of; what an older program wrote does not say
    /// what that is.
    pub fn adds_up(self, parts: ChanceParts) -> bool {
        let told = parts == ChanceParts::default() || parts.chance() == self.chance;
        told && self == Self::of(self.random, self.chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_speaks_against_a_basket_adds_up() {
        let rules =
            AuditRules { walk_in: 100, large_total: Money::from_minor(50_000), ..AuditRules::default() };
        let calm = Risk { total: Money::from_minor(50_000), ..Risk::default() };
        assert_eq!(rules.chance(calm), 200);
        assert_eq!(rules.chance(Risk { walk_in: true, ..calm }), 300);
        assert_eq!(rules.chance(Risk { removals: 2, total: Money::from_minor(50_001), ..calm }), 1_300);
        assert_eq!(rules.chance(Risk { removals: u32::MAX, ..calm }), AUDIT_PARTS);
        let odd = AuditRules { per_change: 20, phone: 1_000, unchecked: 50, ..rules };
        let risk = Risk { alarms: 1, changes: 2, phone: true, unchecked: true, ..calm };
        assert_eq!(odd.chance(risk), 200 + 500 + 40 + 1_000 + 50);
        let (drawn, parts) = (odd.draw(1_789, risk), odd.parts(risk));
        assert!(drawn.due && drawn.adds_up(parts) && drawn.adds_up(ChanceParts::default()));
        assert!(!Drawn { due: false, ..drawn }.adds_up(parts), "somebody let it pass");
        assert!(!drawn.adds_up(ChanceParts { phone: 999, ..parts }));
    }

    proptest! {
        /// Over all numbers that chance may give, as many are looked at as it says.
        #[test]
        fn so_many_are_drawn_as_the_chance_says(base in 0u32..12_000, removals in 0u32..5, from in any::<u32>()) {
            let rules = AuditRules { base, ..AuditRules::default() };
            let risk = Risk { removals, walk_in: true, ..Risk::default() };
            let first = from - from % AUDIT_PARTS;
            prop_assume!(first.checked_add(AUDIT_PARTS).is_some());
            let due = (first..first + AUDIT_PARTS).filter(|random| rules.draw(*random, risk).due).count();
            prop_assert_eq!(due, rules.chance(risk) as usize);
        }
    }
}
