//! What must be remembered of the groups that are being filled.

use super::super::rule::{BundleReward, ItemRule, Rule};
use super::super::set::PromotionSet;
use super::moves::Reach;
use super::run::{State, Turn, TurnKind};
use super::{Component, Search};
use crate::money::Money;

/// What is remembered of a group's members until they are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Each of them.
    Remembered,
    /// How many there are, since the dearest go together, or since it does
    /// not matter which do.
    Counted,
    /// How many groups have come how far, since it only matters which are the
    /// last to join.
    Levels,
}

impl Mode {
    /// How much must be remembered: for the least sum nothing but a count
    /// where members weigh the same, since no other way of grouping them
    /// leaves less. The same holds of a region of which less is never worse;
    /// of one whose every sum counts, where it does not matter to the sum.
    pub(super) fn of(
        component: &Component,
        set: &PromotionSet,
        weights: &[i128],
        search: Search<'_>,
        group: usize,
        held: &[usize],
    ) -> Self {
        let (mut one_weight, mut one_region, mut one_price) = (None, None, true);
        let (mut least, mut most): (Option<Money>, Option<Money>) = (None, None);
        for (index, class) in component.classes.iter().enumerate() {
            for join in class.joins.iter().filter(|join| join.group == group) {
                // Prices come in order where a unit has one price for all
                // groups, or is taken price by price.
                one_price &=
                    held.contains(&index) || class.joins.iter().all(|other| other.price == join.price);
                let weighs_the_same = *one_weight.get_or_insert(weights[join.region]) == weights[join.region];
                let is_apart =
                    search != Search::Least && *one_region.get_or_insert(join.region) != join.region;
                if !weighs_the_same || is_apart {
                    return Self::Remembered;
                }
                least = Some(least.map_or(join.price, |least| least.min(join.price)));
                most = Some(most.map_or(join.price, |most| most.max(join.price)));
            }
        }
        let least = least.unwrap_or_default();
        let promotion = &set.promotions()[component.groups[group].promotion];
        let units: u32 = component.groups[group].slots.iter().sum();
        let together = least.times_count(units);
        if promotion.depends_on_company(together) {
            return Self::Remembered;
        }
        if !one_region.is_some_and(|region| search.is_exact(region)) {
            return if one_price { Self::Counted } else { Self::Remembered };
        }
        let Rule::Item(rule) = &promotion.rule else { return Self::Remembered };
        // Every group must take something off, or it is none.
        let lowers = |percent: u32| least.percent(percent) < least;
        // Which of equal units go together does not matter.
        let is_even = Some(least) == most;
        match rule {
            ItemRule::NthUnit { pay_percent, .. } if is_even && lowers(*pay_percent) => Self::Counted,
            ItemRule::BuyNGetM { .. } if is_even && least.is_positive() => Self::Counted,
            ItemRule::NthUnit { pay_percent, .. } if one_price && lowers(*pay_percent) => Self::Levels,
            ItemRule::BuyNGetM { .. } if one_price && least.is_positive() => Self::Levels,
            ItemRule::XForY { amount, .. }
            | ItemRule::Bundle { reward: BundleReward::Amount(amount), .. }
                if *amount < together =>
            {
                Self::Counted
            }
            ItemRule::Bundle { reward: BundleReward::Off(off), .. } if off.is_positive() => Self::Counted,
            ItemRule::Bundle { reward: BundleReward::Slots { pay_percents, .. }, .. }
                if pay_percents.iter().any(|percent| lowers(*percent)) =>
            {
                Self::Counted
            }
            ItemRule::NthUnit { .. }
            | ItemRule::BuyNGetM { .. }
            | ItemRule::XForY { .. }
            | ItemRule::QuantityTier { .. }
            | ItemRule::Bundle { .. } => Self::Remembered,
        }
    }
}

/// Where what is remembered stands in [`State::counts`]: limits first.
pub(super) struct Places {
    /// The first slot, or level, of each group.
    pub(super) first: Vec<usize>,
    /// The first of the classes that are taken price by price.
    pub(super) held: usize,
}

impl Places {
    pub(super) fn new(component: &Component) -> Self {
        let mut count = component.limits.len();
        let mut first = Vec::new();
        for group in &component.groups {
            first.push(count);
            // A slot each, or a level each.
            let units: u32 = group.slots.iter().sum();
            count += group.slots.len().max(units as usize);
        }
        Self { first, held: count }
    }
}

/// How many units that fit a slot are still to come.
pub(super) struct Left {
    /// By step and slot.
    units: Vec<Vec<u32>>,
    /// The groups that units of each class may join.
    joined: Vec<Vec<usize>>,
}

impl Left {
    pub(super) fn new(component: &Component, order: &[Turn], places: &Places) -> Self {
        let mut units = vec![vec![0; places.held]];
        for turn in order.iter().rev() {
            let mut counts = units.last().cloned().unwrap_or_default();
            let mut places: Vec<usize> = component.classes[turn.class]
                .joins
                .iter()
                .filter(|join| match turn.kind {
                    TurnKind::Unit => true,
                    TurnKind::At { price, .. } => join.price == price,
                    TurnKind::Rest { .. } => false,
                })
                .map(|join| places.first[join.group] + join.slot)
                .collect();
            places.sort_unstable();
            places.dedup();
            for place in places {
                counts[place] += 1;
            }
            units.push(counts);
        }
        units.reverse();
        let joined = component.classes.iter().map(|class| {
            let mut groups: Vec<usize> = class.joins.iter().map(|join| join.group).collect();
            groups.sort_unstable();
            groups.dedup();
            groups
        });
        Self { units, joined: joined.collect() }
    }

    /// Whether all groups can be completed where nothing is taken yet.
    pub(super) fn can_begin(&self, component: &Component, reach: &Reach<'_>, state: &State) -> bool {
        (0..component.groups.len()).all(|group| self.can_fill(component, reach, state, 0, group))
    }

    /// Whether all groups that are being filled can still be completed, after a step of
    /// a class: what units of it cannot join is as it was before.
    pub(super) fn can_close(
        &self,
        component: &Component,
        reach: &Reach<'_>,
        state: &State,
        step: usize,
        class: usize,
    ) -> bool {
        self.joined[class].iter().all(|group| self.can_fill(component, reach, state, step, *group))
            && (state.open.is_empty() || self.can_fill_open(component, reach, state, step))
    }

    /// Whether a group that is not remembered by its members can still be completed.
    fn can_fill(
        &self,
        component: &Component,
        reach: &Reach<'_>,
        state: &State,
        step: usize,
        index: usize,
    ) -> bool {
        let (left, group) = (&self.units[step], &component.groups[index]);
        let first = reach.places.first[index];
        if let Some(tier) = reach.tiers[index] {
            return state.counts[first] + left[first] >= tier.units;
        }
        match reach.modes[index] {
            Mode::Remembered => true,
            Mode::Counted => {
                let slots = || group.slots.iter().enumerate();
                let whole = slots().map(|(slot, units)| state.counts[first + slot].div_ceil(*units)).max();
                let whole = whole.unwrap_or(0);
                slots().all(|(slot, units)| whole * units <= state.counts[first + slot] + left[first + slot])
            }
            Mode::Levels => {
                let units = group.slots[0];
                let wanted = (1..units).map(|level| state.counts[first + level as usize] * (units - level));
                wanted.sum::<u32>() <= left[first]
            }
        }
    }

    /// Whether the groups whose members are remembered can still be completed together.
    fn can_fill_open(&self, component: &Component, reach: &Reach<'_>, state: &State, step: usize) -> bool {
        let left = &self.units[step];
        let mut wanted = vec![0u32; left.len()];
        for open in &state.open {
            let group = &component.groups[open.group];
            let first = reach.places.first[open.group];
            for (slot, units) in group.slots.iter().enumerate() {
                let there = open
                    .members
                    .iter()
                    .filter(|(class, join)| component.classes[*class].joins[*join].slot == slot);
                wanted[first + slot] += units - u32::try_from(there.count()).unwrap_or(*units);
            }
        }
        wanted.iter().zip(left).all(|(wanted, left)| wanted <= left)
    }
}
