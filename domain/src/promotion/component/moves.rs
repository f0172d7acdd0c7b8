//! What can be done with the next unit.

use super::super::rule::{BundleReward, ItemRule, Rule};
use super::super::set::PromotionSet;
use super::super::settle::settle;
use super::mode::{Mode, Places};
use super::outcome::members_of;
use super::run::{Open, Pick, State, Step, Tier, Turn, TurnKind};
use super::{Component, Join, PARTS, Search};
use crate::money::Money;

/// What can be done with the next unit.
pub(super) struct Reach<'a> {
    pub(super) component: &'a Component,
    pub(super) set: &'a PromotionSet,
    pub(super) weights: &'a [i128],
    pub(super) search: Search<'a>,
    pub(super) places: &'a Places,
    pub(super) tiers: &'a [Option<Tier>],
    pub(super) modes: &'a [Mode],
}

impl Reach<'_> {
    /// Puts what can be done from a state into an empty list.
    pub(super) fn moves(&self, state: &State, turn: Turn, moves: &mut Vec<(State, Step)>) {
        let Turn { class, times, kind } = turn;
        match kind {
            TurnKind::Unit => {
                self.singles(state, class, times, moves);
                self.joins(state, class, None, moves);
            }
            TurnKind::At { price, held } => {
                moves.push((state.clone(), self.step(Pick::Pass)));
                if let Some(state) = self.without(state, held) {
                    self.joins(&state, class, Some(price), moves);
                }
            }
            TurnKind::Rest { held } => match self.without(state, held) {
                Some(state) => self.singles(&state, class, times, moves),
                None => moves.push((state.clone(), self.step(Pick::Pass))),
            },
        }
    }

    /// The state with one unit less of a class that is taken price by price.
    fn without(&self, state: &State, held: usize) -> Option<State> {
        let place = self.places.held + held;
        let left = state.counts[place].checked_sub(1)?;
        let mut state = state.clone();
        state.counts[place] = left;
        Some(state)
    }

    /// Units for themselves.
    fn singles(&self, state: &State, class: usize, times: u32, moves: &mut Vec<(State, Step)>) {
        for (index, single) in self.component.classes[class].singles.iter().enumerate() {
            let Some(state) = take(state, &single.takes) else { continue };
            let mut step = self.step(Pick::Single(index));
            step.applications = if single.promotion.is_some() { times } else { 0 };
            self.charge(&mut step, single.price.times_count(times), single.region);
            moves.push((state, step));
        }
    }

    /// A unit in a group, at any price or at one.
    fn joins(&self, state: &State, class: usize, at: Option<Money>, moves: &mut Vec<(State, Step)>) {
        for (index, join) in self.component.classes[class].joins.iter().enumerate() {
            if at.is_some_and(|price| join.price != price) {
                continue;
            }
            let tier = self.tiers[join.group];
            // This run may do without a tier.
            if tier.is_none() && self.is_tier(join.group) {
                continue;
            }
            let Some(state) = take(state, &join.takes) else { continue };
            if let Some(tier) = tier {
                moves.extend(self.join_tier(state, index, join, tier));
            } else {
                match self.modes[join.group] {
                    Mode::Counted => moves.extend(self.join_counted(state, index, join)),
                    Mode::Levels => self.join_levels(&state, index, join, moves),
                    Mode::Remembered => self.join_open(&state, class, index, join, moves),
                }
            }
        }
    }

    pub(super) fn is_tier(&self, group: usize) -> bool {
        let promotion = self.component.groups[group].promotion;
        matches!(&self.set.promotions()[promotion].rule, Rule::Item(ItemRule::QuantityTier { .. }))
    }

    pub(super) fn step(&self, pick: Pick) -> Step {
        Step { next: 0, pick, cost: 0, applications: 0, sums: Vec::new() }
    }

    pub(super) fn charge(&self, step: &mut Step, amount: Money, region: usize) {
        step.cost += i128::from(amount.minor()) * self.weights[region];
        match self.search {
            Search::Least => {}
            Search::Frontier { .. } => step.sums.push((region, amount.minor())),
            Search::Reach { goal, .. } => {
                let amount = amount.minor().saturating_mul(PARTS);
                step.sums.extend(goal.of_region(region).map(|threshold| (threshold, amount)));
            }
        }
    }

    pub(super) fn rule(&self, group: usize) -> &ItemRule {
        match &self.set.promotions()[self.component.groups[group].promotion].rule {
            Rule::Item(rule) => rule,
            Rule::Price(_) | Rule::Order(_) | Rule::Coupon { .. } => {
                unreachable!("groups are made of item rules")
            }
        }
    }

    pub(super) fn join_tier(
        &self,
        mut state: State,
        index: usize,
        join: &Join,
        tier: Tier,
    ) -> Option<(State, Step)> {
        let place = self.places.first[join.group];
        let is_first = state.counts[place] == 0;
        let fill = state.counts[place] + 1;
        state.counts[place] = match tier.below {
            Some(below) if fill >= below => return None,
            Some(_) => fill,
            None => fill.min(tier.units),
        };
        let mut step = self.step(Pick::Join(index, None));
        step.applications = u32::from(join.price_promotion.is_some()) + u32::from(is_first);
        step.cost =
            i128::from(join.price.minor()) * self.weights[join.region] / 100 * i128::from(tier.pay_percent);
        match self.search {
            Search::Least => {}
            Search::Frontier { .. } => {
                let before = self.tiers[..join.group].iter().filter(|tier| tier.is_some()).count();
                let regions = self.weights.len();
                step.sums.push((regions * (1 + before) + join.region, join.price.minor()));
            }
            Search::Reach { goal, .. } => {
                // A hundredth of a minor unit for each per cent.
                let amount = join.price.minor().saturating_mul(i64::from(tier.pay_percent));
                step.sums.extend(goal.of_region(join.region).map(|threshold| (threshold, amount)));
            }
        }
        Some((state, step))
    }

    pub(super) fn join_counted(&self, mut state: State, index: usize, join: &Join) -> Option<(State, Step)> {
        let group = &self.component.groups[join.group];
        let place = self.places.first[join.group] + join.slot;
        let mut step = self.step(Pick::Join(index, None));
        step.applications = u32::from(join.price_promotion.is_some());
        state.counts[place] += 1;
        let fill = state.counts[place];
        match self.rule(join.group) {
            ItemRule::NthUnit { n, pay_percent, .. } => {
                let pays = if fill == *n { join.price.percent(*pay_percent) } else { join.price };
                self.charge(&mut step, pays, join.region);
            }
            ItemRule::BuyNGetM { n, .. } => {
                let pays = if fill > *n { Money::ZERO } else { join.price };
                self.charge(&mut step, pays, join.region);
            }
            ItemRule::XForY { .. } | ItemRule::QuantityTier { .. } => {}
            ItemRule::Bundle { reward, .. } => match reward {
                BundleReward::Amount(_) | BundleReward::Percent(_) => {}
                BundleReward::Off(_) => self.charge(&mut step, join.price, join.region),
                BundleReward::Slots { pay_percents, .. } => {
                    self.charge(&mut step, join.price.percent(pay_percents[join.slot]), join.region);
                }
            },
        }
        let first = self.places.first[join.group];
        let complete =
            group.slots.iter().enumerate().all(|(slot, units)| state.counts[first + slot] >= *units);
        if complete {
            for (slot, units) in group.slots.iter().enumerate() {
                state.counts[first + slot] -= units;
            }
            if let Some(limit) = group.applications {
                state.counts[limit] = state.counts[limit].checked_sub(1)?;
            }
            step.applications += 1;
            match self.rule(join.group) {
                ItemRule::XForY { amount, .. }
                | ItemRule::Bundle { reward: BundleReward::Amount(amount), .. } => {
                    self.charge(&mut step, *amount, join.region);
                }
                ItemRule::Bundle { reward: BundleReward::Off(off), .. } => {
                    self.charge(&mut step, -*off, join.region);
                }
                ItemRule::NthUnit { .. }
                | ItemRule::BuyNGetM { .. }
                | ItemRule::QuantityTier { .. }
                | ItemRule::Bundle {
                    reward: BundleReward::Percent(_) | BundleReward::Slots { .. }, ..
                } => {}
            }
        }
        Some((state, step))
    }

    /// Joins a group of each level, or opens one.
    pub(super) fn join_levels(
        &self,
        state: &State,
        index: usize,
        join: &Join,
        moves: &mut Vec<(State, Step)>,
    ) {
        let group = &self.component.groups[join.group];
        let (first, units) = (self.places.first[join.group], group.slots[0]);
        for level in 0..units {
            let mut next = state.clone();
            if level == 0 {
                if let Some(limit) = group.applications {
                    match next.counts[limit].checked_sub(1) {
                        Some(left) => next.counts[limit] = left,
                        None => continue,
                    }
                }
            } else {
                match next.counts[first + level as usize].checked_sub(1) {
                    Some(left) => next.counts[first + level as usize] = left,
                    None => continue,
                }
            }
            let pays = match self.rule(join.group) {
                ItemRule::NthUnit { pay_percent, .. } if level + 1 == units => {
                    join.price.percent(*pay_percent)
                }
                ItemRule::BuyNGetM { n, .. } if level >= *n => Money::ZERO,
                ItemRule::NthUnit { .. }
                | ItemRule::BuyNGetM { .. }
                | ItemRule::XForY { .. }
                | ItemRule::QuantityTier { .. }
                | ItemRule::Bundle { .. } => join.price,
            };
            let mut step = self.step(Pick::Join(index, (level > 0).then_some(level as usize)));
            step.applications = u32::from(join.price_promotion.is_some());
            self.charge(&mut step, pays, join.region);
            if level + 1 == units {
                step.applications += 1;
            } else {
                next.counts[first + level as usize + 1] += 1;
            }
            moves.push((next, step));
        }
    }

    pub(super) fn join_open(
        &self,
        state: &State,
        class: usize,
        index: usize,
        join: &Join,
        moves: &mut Vec<(State, Step)>,
    ) {
        let group = &self.component.groups[join.group];
        let mut last: Option<&Open> = None;
        for (place, open) in state.open.iter().enumerate() {
            if open.group != join.group || last == Some(open) {
                continue;
            }
            last = Some(open);
            let there =
                open.members.iter().filter(|(class, other)| join_of(self, *class, *other).slot == join.slot);
            if there.count() >= group.slots[join.slot] as usize {
                continue;
            }
            let mut next = state.clone();
            let mut grown = next.open.remove(place);
            grown.members.push((class, index));
            grown.members.sort_unstable();
            self.put_open(next, grown, Pick::Join(index, Some(place)), moves);
        }
        let mut next = state.clone();
        if let Some(limit) = group.applications {
            match next.counts[limit].checked_sub(1) {
                Some(left) => next.counts[limit] = left,
                None => return,
            }
        }
        let opened = Open { group: join.group, members: vec![(class, index)] };
        self.put_open(next, opened, Pick::Join(index, None), moves);
    }

    /// Puts a group back, or settles it where it is complete.
    pub(super) fn put_open(&self, mut state: State, open: Open, pick: Pick, moves: &mut Vec<(State, Step)>) {
        let mut step = self.step(pick);
        let units: u32 = self.component.groups[open.group].slots.iter().sum();
        if open.members.len() < units as usize {
            let place = state.open.partition_point(|other| *other < open);
            state.open.insert(place, open);
            moves.push((state, step));
            return;
        }
        let members = members_of(self.component, &open.members);
        let Some(nets) = settle(self.rule(open.group), &members) else { return };
        step.applications = 1;
        for ((class, join), net) in open.members.iter().zip(nets) {
            let join = join_of(self, *class, *join);
            step.applications += u32::from(join.price_promotion.is_some());
            self.charge(&mut step, net, join.region);
        }
        moves.push((state, step));
    }
}

fn take(state: &State, takes: &[usize]) -> Option<State> {
    let mut state = state.clone();
    for limit in takes {
        state.counts[*limit] = state.counts[*limit].checked_sub(1)?;
    }
    Some(state)
}

pub(super) fn join_of<'a>(reach: &'a Reach<'_>, class: usize, join: usize) -> &'a Join {
    &reach.component.classes[class].joins[join]
}
