//! The states that a component can be in, unit by unit.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, BuildHasherDefault};

use super::super::quick::{Quick, QuickMap};
use super::super::set::PromotionSet;
use super::front::keep_labels;
use super::mode::{Left, Mode, Places};
use super::moves::Reach;
use crate::money::Money;

use super::{Class, Component, Exhausted, Goal, PARTS, Search, Work};

/// The most states of one step.
pub(super) const STATES_MAX: usize = 20_000;

/// The most steps in which the units of a line are taken that touch no others.
pub(super) const SINGLE_STEPS_MAX: u32 = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct State {
    /// What is left of each limit; units in each slot of the group that is being filled, group by group;
    /// units left of each class that is taken price by price. In one list, of which [`Places`] knows the
    /// parts: states are copied and looked up more than anything else.
    pub(super) counts: Vec<u32>,
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
    /// No unit is taken in this step.
    Pass,
}

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) class: usize,
    /// How many units it takes.
    pub(super) times: u32,
    pub(super) kind: TurnKind,
}

/// What may be done in a step. A class whose units could enter groups at
/// several prices has its turn at each price, so that prices come in order,
/// and one for the units that are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnKind {
    /// A unit, for itself or in a group.
    Unit,
    /// Perhaps a unit, in a group at this price.
    At { price: Money, held: usize },
    /// A unit for itself, where one is left.
    Rest { held: usize },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) cost: i128,
    pub(super) applications: u32,
    pub(super) sums: Vec<i64>,
    pub(super) step: u32,
    pub(super) next: u32,
}

/// The states of one step by what they mix to, so that none is kept twice.
#[derive(Default)]
struct Known(QuickMap<u64, u32>);

impl Known {
    /// The place of a state among the nodes of its step, where it is put if it is new.
    fn place(&mut self, state: State, nodes: &mut Vec<Node>) -> Result<u32, Exhausted> {
        let mut key = BuildHasherDefault::<Quick>::default().hash_one(&state);
        loop {
            match self.0.entry(key) {
                Entry::Occupied(known) => {
                    let place = *known.get();
                    if nodes[place as usize].state == state {
                        return Ok(place);
                    }
                    // Two states that mix to the same stand one after the other.
                    key = key.wrapping_add(1);
                }
                Entry::Vacant(free) => {
                    let place = u32::try_from(nodes.len()).map_err(|_| Exhausted)?;
                    nodes.push(Node { state, steps: Vec::new(), labels: Vec::new() });
                    free.insert(place);
                    return Ok(place);
                }
            }
        }
    }
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
    pub(super) order: Vec<Turn>,
    /// Units of each class that is taken price by price.
    held: Vec<u32>,
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
        let modes_of = |held: &[usize]| -> Vec<Mode> {
            let of = |group: usize| match tiers[group] {
                Some(_) => Mode::Counted,
                None => Mode::of(component, set, weights, search, group, held),
            };
            (0..component.groups.len()).map(of).collect()
        };
        let mut held = held_by_price(component);
        let mut modes = modes_of(&held);
        if modes.contains(&Mode::Remembered) {
            // Members are remembered anyway: the order of prices is of no use.
            held.clear();
            modes = modes_of(&held);
        }
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
        let mut order: Vec<(Money, Turn)> = Vec::new();
        for index in classes {
            let class = &component.classes[index];
            if let Some(place) = held.iter().position(|held| *held == index) {
                let mut last = Money::ZERO;
                for at in prices_of(class) {
                    let turn = Turn { class: index, times: 1, kind: TurnKind::At { price: at, held: place } };
                    order.extend((0..class.count).map(|_| (at, turn)));
                    last = at;
                }
                let turn = Turn { class: index, times: 1, kind: TurnKind::Rest { held: place } };
                order.extend((0..class.count).map(|_| (last, turn)));
                continue;
            }
            let steps = class.count.min(steps_max);
            for step in 0..steps {
                let times = class.count / steps + u32::from(step < class.count % steps);
                order.push((price(class), Turn { class: index, times, kind: TurnKind::Unit }));
            }
        }
        // Of equal prices the earlier lines come first, as they stand already.
        order.sort_by_key(|(price, turn)| (std::cmp::Reverse(*price), component.classes[turn.class].line));
        let order = order.into_iter().map(|(_, turn)| turn).collect();
        let held = held.iter().map(|class| component.classes[*class].count).collect();
        Self { tiers, modes, order, held, nodes: Vec::new() }
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
        let mut counts = component.limits.clone();
        counts.resize(places.held, 0);
        counts.extend_from_slice(&self.held);
        let state = State { counts, open: Vec::new() };
        let reach = Reach {
            component,
            set,
            weights,
            search,
            places: &places,
            tiers: &self.tiers,
            modes: &self.modes,
        };
        let begun = left.can_begin(component, &reach, &state);
        self.nodes = vec![vec![Node { state, steps: Vec::new(), labels: Vec::new() }]];
        let mut moves = Vec::new();
        let mut known = Known::default();
        for (step, turn) in self.order.iter().enumerate() {
            let mut next: Vec<Node> = Vec::new();
            known.0.clear();
            for node in &mut self.nodes[step] {
                reach.moves(&node.state, *turn, &mut moves);
                work.spend(1 + moves.len() as u64)?;
                for (state, mut taken) in moves.drain(..) {
                    if !begun || !left.can_close(component, &reach, &state, step + 1, turn.class) {
                        continue;
                    }
                    taken.next = known.place(state, &mut next)?;
                    node.steps.push(taken);
                }
                // Of what was gone on from, only members are asked for again.
                node.state.counts = Vec::new();
            }
            if next.len() > STATES_MAX {
                return Err(Exhausted);
            }
            self.nodes.push(next);
        }
        match search {
            Search::Least => {}
            Search::Frontier { slack, .. } | Search::Reach { slack, .. } => self.trim(slack),
        }
        Ok(())
    }

    /// Takes out steps by which nothing comes to within `slack` of the least.
    fn trim(&mut self, slack: i128) {
        let far = i128::MAX / 4;
        let mut after: Vec<Vec<i128>> = vec![vec![0; self.nodes.last().map_or(0, Vec::len)]];
        for nodes in self.nodes.iter().rev().skip(1) {
            let next = &after[after.len() - 1];
            let least = |node: &Node| {
                let costs = node.steps.iter().map(|step| next[step.next as usize].saturating_add(step.cost));
                costs.min().unwrap_or(far).min(far)
            };
            after.push(nodes.iter().map(least).collect());
        }
        after.reverse();
        let least = after[0].first().copied().unwrap_or(far);
        let most = least.saturating_add(slack);
        let mut before = vec![0i128];
        for (place, nodes) in self.nodes.iter_mut().enumerate() {
            let Some(next) = after.get(place + 1) else { break };
            let mut reached = vec![far; next.len()];
            for (node, here) in nodes.iter_mut().zip(&before) {
                node.steps.retain(|step| {
                    let cost = here.saturating_add(step.cost);
                    let is_near = *here < far
                        && next[step.next as usize] < far
                        && cost.saturating_add(next[step.next as usize]) <= most;
                    if is_near {
                        let known = &mut reached[step.next as usize];
                        *known = cost.min(*known);
                    }
                    is_near
                });
            }
            before = reached;
        }
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

/// The most ways in which units may be left of classes taken price by price.
const HELD_MAX: u64 = 4_096;

/// The classes that are taken price by price: all whose units could enter
/// groups at several prices, unless those are too many.
fn held_by_price(component: &Component) -> Vec<usize> {
    let mut ways = 1u64;
    let mut held = Vec::new();
    for (index, class) in component.classes.iter().enumerate() {
        if prices_of(class).len() > 1 {
            ways = ways.saturating_mul(u64::from(class.count) + 1);
            held.push(index);
        }
    }
    if ways > HELD_MAX { Vec::new() } else { held }
}

/// The prices at which a unit may enter groups, highest first.
fn prices_of(class: &Class) -> Vec<Money> {
    let mut prices: Vec<Money> = class.joins.iter().map(|join| join.price).collect();
    prices.sort_unstable_by(|one, other| other.cmp(one));
    prices.dedup();
    prices
}
