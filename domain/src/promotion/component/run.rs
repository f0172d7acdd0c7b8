//! The states that a component can be in, unit by unit.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::super::set::PromotionSet;
use super::front::keep_labels;
use super::mode::{Left, Mode, Places};
use super::moves::Reach;
use super::{Class, Component, Exhausted, Goal, PARTS, Search, Work};

/// The most states of one step.
pub(super) const STATES_MAX: usize = 20_000;

/// The most steps in which the units of a line are taken that touch no others.
pub(super) const SINGLE_STEPS_MAX: u32 = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct State {
    pub(super) limits: Vec<u32>,
    /// Units in each slot of the group that is being filled, group by group.
    pub(super) fills: Vec<u32>,
    /// Groups whose members are remembered.
    pub(super) open: Vec<Open>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Open {
    pub(super) group: usize,
    /// Class and join of each member.
    pub(super) members: Vec<(usize, usize)>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) state: State,
    pub(super) steps: Vec<Step>,
    pub(super) labels: Vec<Label>,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) next: u32,
    pub(super) pick: Pick,
    pub(super) cost: i128,
    pub(super) applications: u32,
    pub(super) sums: Vec<(usize, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    Single(usize),
    /// The join, and the place, or the level, of the open group that it joins.
    Join(usize, Option<usize>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) cost: i128,
    pub(super) applications: u32,
    pub(super) sums: Vec<i64>,
    pub(super) step: u32,
    pub(super) next: u32,
}

/// A tier of a quantity promotion that a run supposes to be reached.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier {
    pub(super) units: u32,
    pub(super) pay_percent: u32,
    /// With so many units the next tier is reached, which is another run's.
    pub(super) below: Option<u32>,
}

/// One choice of quantity tiers, and the states under it.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) tiers: Vec<Option<Tier>>,
    pub(super) modes: Vec<Mode>,
    /// The class of each step.
    pub(super) order: Vec<usize>,
    /// How many units each step takes.
    pub(super) times: Vec<u32>,
    pub(super) nodes: Vec<Vec<Node>>,
}

impl Run {
    pub(super) fn new(
        component: &Component,
        set: &PromotionSet,
        weights: &[i128],
        search: Search<'_>,
        tiers: Vec<Option<Tier>>,
    ) -> Self {
        let modes = (0..component.groups.len())
            .map(|group| match tiers[group] {
                Some(_) => Mode::Counted,
                None => Mode::of(component, set, weights, search, group),
            })
            .collect();
        let mut classes: Vec<usize> = (0..component.classes.len()).collect();
        let price = |class: &Class| {
            let joined = class.joins.iter().map(|join| join.price).max();
            joined.or_else(|| class.singles.first().map(|single| single.price)).unwrap_or_default()
        };
        classes.sort_by_key(|index| {
            let class = &component.classes[*index];
            (std::cmp::Reverse(price(class)), class.line)
        });
        // Units that touch no others go together: the least sum is the same for each.
        let steps_max = match (component.is_single(), search) {
            (false, _) => u32::MAX,
            (true, Search::Least) => 1,
            (true, Search::Frontier { .. } | Search::Reach { .. }) => SINGLE_STEPS_MAX,
        };
        let (mut order, mut times) = (Vec::new(), Vec::new());
        for index in classes {
            let count = component.classes[index].count;
            let steps = count.min(steps_max);
            for step in 0..steps {
                order.push(index);
                times.push(count / steps + u32::from(step < count % steps));
            }
        }
        Self { tiers, modes, order, times, nodes: Vec::new() }
    }

    /// Makes the states that can be reached, unit by unit.
    pub(super) fn spread(
        &mut self,
        component: &Component,
        set: &PromotionSet,
        weights: &[i128],
        search: Search<'_>,
        work: &mut Work,
    ) -> Result<(), Exhausted> {
        let places = Places::new(component);
        let left = Left::new(component, &self.order, &places);
        let state =
            State { limits: component.limits.clone(), fills: vec![0; places.count], open: Vec::new() };
        self.nodes = vec![vec![Node { state, steps: Vec::new(), labels: Vec::new() }]];
        let reach = Reach {
            component,
            set,
            weights,
            search,
            places: &places,
            tiers: &self.tiers,
            modes: &self.modes,
        };
        for (step, class) in self.order.iter().enumerate() {
            let mut next: Vec<Node> = Vec::new();
            let mut known: HashMap<State, u32, BuildHasherDefault<DefaultHasher>> = HashMap::default();
            for node in &mut self.nodes[step] {
                let moves = reach.moves(&node.state, *class, self.times[step]);
                work.spend(1 + moves.len() as u64)?;
                for (state, mut taken) in moves {
                    if !left.can_close(component, &reach, &state, step + 1) {
                        continue;
                    }
                    taken.next = match known.get(&state) {
                        Some(index) => *index,
                        None => {
                            let index = u32::try_from(next.len()).map_err(|_| Exhausted)?;
                            next.push(Node { state: state.clone(), steps: Vec::new(), labels: Vec::new() });
                            known.insert(state, index);
                            index
                        }
                    };
                    node.steps.push(taken);
                }
            }
            if next.len() > STATES_MAX {
                return Err(Exhausted);
            }
            self.nodes.push(next);
        }
        Ok(())
    }

    /// From the last unit back: the ways on from each state.
    pub(super) fn gather(
        &mut self,
        component: &Component,
        regions: usize,
        search: Search<'_>,
        cut: &mut bool,
        work: &mut Work,
    ) -> Result<(), Exhausted> {
        let tiers = self.tiers.iter().filter(|tier| tier.is_some()).count();
        let sums = match search {
            Search::Least => Vec::new(),
            Search::Frontier { .. } => vec![0; regions * (1 + tiers)],
            Search::Reach { goal, .. } => vec![self.rounding(component, goal); goal.caps.len()],
        };
        let end = Label { cost: 0, applications: 0, sums, step: 0, next: 0 };
        if let Some(last) = self.nodes.last_mut() {
            for node in last {
                node.labels = vec![end.clone()];
            }
        }
        for step in (0..self.order.len()).rev() {
            let (before, after) = self.nodes.split_at_mut(step + 1);
            let after = &after[0];
            for node in &mut before[step] {
                let mut labels: Vec<Label> = Vec::new();
                for (index, taken) in node.steps.iter().enumerate() {
                    for (next, label) in after[taken.next as usize].labels.iter().enumerate() {
                        let cost = label.cost + taken.cost;
                        let applications = label.applications + taken.applications;
                        if search == Search::Least
                            && labels
                                .first()
                                .is_some_and(|best| (best.cost, best.applications) <= (cost, applications))
                        {
                            continue;
                        }
                        let mut sums = label.sums.clone();
                        for (region, amount) in &taken.sums {
                            if let Some(sum) = sums.get_mut(*region) {
                                *sum = sum.saturating_add(*amount);
                            }
                        }
                        match search {
                            Search::Least => labels.clear(),
                            Search::Frontier { .. } => {}
                            Search::Reach { goal, .. } => {
                                for (sum, cap) in sums.iter_mut().zip(&goal.caps) {
                                    *sum = (*sum).min(*cap);
                                }
                            }
                        }
                        labels.push(Label {
                            cost,
                            applications,
                            sums,
                            step: u32::try_from(index).unwrap_or(u32::MAX),
                            next: u32::try_from(next).unwrap_or(u32::MAX),
                        });
                    }
                }
                work.spend(labels.len() as u64)?;
                node.labels = keep_labels(labels, regions, search, cut);
            }
        }
        Ok(())
    }

    /// How much more of a group in a tier could count for a threshold than
    /// what its units come to, in [`PARTS`]: the sum is rounded, and its shares are.
    fn rounding(&self, component: &Component, goal: &Goal) -> i64 {
        let mut rounding = 0;
        for group in (0..self.tiers.len()).filter(|group| self.tiers[*group].is_some()) {
            let classes = || {
                component.classes.iter().filter_map(|class| {
                    let mut own = class.joins.iter().filter(|join| join.group == group);
                    own.next().map(|join| goal.counts.get(join.region))
                })
            };
            let is_even =
                component.classes.iter().flat_map(|class| &class.joins).all(|join| {
                    join.group != group || Some(goal.counts.get(join.region)) == classes().next()
                });
            rounding += if is_even { PARTS } else { PARTS * (1 + classes().count() as i64) };
        }
        rounding
    }
}
