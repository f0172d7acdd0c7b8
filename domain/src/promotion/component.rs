//! Lines that share promotions of the price and item layers, and the best
//! use of those promotions among them.
//!
//! Units are taken one after the other, dearest first. What must be
//! remembered of those already taken is a [`State`]: how far the groups that
//! are being filled have come, and what is left of limited promotions. Units
//! that lead to the same state are never told apart again, which keeps the
//! number of states small. Where only the least sum is asked for, a group of
//! which the cheapest is rewarded is filled in order of price, since no other
//! way of grouping the same units takes off more: such a group is *counted*.
//! Otherwise its members are remembered.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::rule::{BundleReward, ItemRule, Rule};
use super::set::PromotionSet;
use super::settle::{Member, settle};
use crate::money::Money;

/// Weights of regions are in parts of this: what of one minor unit is left
/// after the per cents of a scenario.
pub(super) const WEIGHT_ONE: i128 = 1_000_000_000_000;

/// The most labels that are kept of one state.
const LABELS_MAX: usize = 1_024;

/// The most states of one step.
const STATES_MAX: usize = 20_000;

/// The most steps in which the units of a line are taken that touch no others.
const SINGLE_STEPS_MAX: u32 = 64;

/// The most ways of choosing tiers of quantity promotions that are tried.
const TIER_CHOICES_MAX: usize = 256;

/// Lines that share promotions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Component {
    pub classes: Vec<Class>,
    pub groups: Vec<Group>,
    /// What there is of limited promotions.
    pub limits: Vec<u32>,
}

/// Units that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Class {
    /// The line's place in the ticket.
    pub line: usize,
    pub count: u32,
    pub singles: Vec<Single>,
    pub joins: Vec<Join>,
}

/// A unit for itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Single {
    pub price: Money,
    pub promotion: Option<usize>,
    /// Limits of which it takes one.
    pub takes: Vec<usize>,
    pub region: usize,
}

/// A unit in a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Join {
    pub group: usize,
    pub slot: usize,
    pub price: Money,
    pub price_promotion: Option<usize>,
    /// Limits of which it takes one.
    pub takes: Vec<usize>,
    pub region: usize,
}

/// An item promotion within a component; one for each item where it wants
/// units of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub promotion: usize,
    /// Units of each slot.
    pub slots: Vec<u32>,
    /// The limit of its applications.
    pub applications: Option<usize>,
}

/// How thoroughly a component is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// The least weighted sum, and one way to it.
    Least,
    /// Every way whose weighted sum is at most so much above the least, but
    /// for those that another is as good as: the same in the regions of which
    /// the bit is set in `exact`, and no more in any other.
    Frontier { slack: i128, exact: u128 },
}

impl Search {
    /// Whether ways differ wherever the sum of a region does. Regions beyond
    /// the bits there are always tell ways apart.
    fn is_exact(self, region: usize) -> bool {
        match self {
            Self::Least => false,
            Self::Frontier { exact, .. } => exact.checked_shr(region as u32).is_none_or(|bits| bits & 1 == 1),
        }
    }
}

/// Steps of work, counted so that a limit means the same on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Work {
    pub done: u64,
    pub limit: u64,
}

impl Work {
    pub(super) fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        self.done = self.done.saturating_add(steps);
        if self.done > self.limit { Err(Exhausted) } else { Ok(()) }
    }
}

/// The search was cut short: the limit of work, or of states, was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

/// What one way of using the promotions comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    pub portions: Vec<Portion>,
    pub applications: Vec<Application>,
}

/// Units of a line that were lowered in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Portion {
    pub line: usize,
    pub units: u32,
    pub net: Money,
    pub price_promotion: Option<usize>,
    pub item_promotion: Option<usize>,
}

/// One application of an item rule: its members and what each costs after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Application {
    pub promotion: usize,
    pub members: Vec<Member>,
    pub nets: Vec<Money>,
}

/// A way through a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Weighted; below what it really comes to by less than one minor unit
    /// for each quantity tier in use.
    pub cost: i128,
    pub applications: u32,
    /// The sum of each region; empty for [`Search::Least`].
    pub sums: Vec<i64>,
    run: usize,
    label: u32,
}

/// All ways that were asked for, least first, and how to walk them.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub ways: Vec<Way>,
    /// Some were left out, for want of room.
    pub cut: bool,
    runs: Vec<Run>,
    /// The component as it was searched.
    searched: Component,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct State {
    limits: Vec<u32>,
    /// Units in each slot of the group that is being filled, group by group.
    fills: Vec<u32>,
    /// Groups whose members are remembered.
    open: Vec<Open>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Open {
    group: usize,
    /// Class and join of each member.
    members: Vec<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Node {
    state: State,
    steps: Vec<Step>,
    labels: Vec<Label>,
}

#[derive(Debug, Clone)]
struct Step {
    next: u32,
    pick: Pick,
    cost: i128,
    applications: u32,
    sums: Vec<(usize, i64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Single(usize),
    /// The join, and the place, or the level, of the open group that it joins.
    Join(usize, Option<usize>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    cost: i128,
    applications: u32,
    sums: Vec<i64>,
    step: u32,
    next: u32,
}

/// A tier of a quantity promotion that a run supposes to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tier {
    units: u32,
    pay_percent: u32,
    /// With so many units the next tier is reached, which is another run's.
    below: Option<u32>,
}

/// One choice of quantity tiers, and the states under it.
#[derive(Debug, Clone)]
struct Run {
    tiers: Vec<Option<Tier>>,
    modes: Vec<Mode>,
    /// The class of each step.
    order: Vec<usize>,
    /// How many units each step takes.
    times: Vec<u32>,
    nodes: Vec<Vec<Node>>,
}

impl Component {
    /// Whether its units do not touch each other.
    fn is_single(&self) -> bool {
        self.groups.is_empty() && self.limits.is_empty()
    }

    /// The search over one component. `weights` holds what counts of a minor
    /// unit of each region.
    pub(super) fn search(
        &self,
        set: &PromotionSet,
        weights: &[i128],
        search: Search,
        work: &mut Work,
    ) -> Result<Ways, Exhausted> {
        let mut reduced = self.clone();
        if search == Search::Least {
            reduced.keep_cheapest(weights);
        }
        let many = self.classes.iter().any(|class| class.count > SINGLE_STEPS_MAX);
        let coarse = search != Search::Least && self.is_single() && many;
        let mut ways = Ways { ways: Vec::new(), cut: coarse, runs: Vec::new(), searched: reduced.clone() };
        for tiers in reduced.tier_choices(set, &mut ways.cut) {
            let mut run = Run::new(&reduced, set, weights, search, tiers);
            run.spread(&reduced, set, weights, search, work)?;
            run.gather(weights.len(), search, &mut ways.cut, work)?;
            let index = ways.runs.len();
            let root = run.nodes.first().and_then(|nodes| nodes.first());
            for (label, found) in root.iter().flat_map(|root| &root.labels).enumerate() {
                ways.ways.push(Way {
                    cost: found.cost,
                    applications: found.applications,
                    sums: found.sums.iter().take(weights.len()).copied().collect(),
                    run: index,
                    label: u32::try_from(label).unwrap_or(u32::MAX),
                });
            }
            // What stands in a tier was counted apart, until all of it is known.
            if !matches!(search, Search::Least) {
                let from = ways.ways.len() - root.map_or(0, |root| root.labels.len());
                let tiered = run.tiers.iter().any(Option::is_some);
                ways.runs.push(run);
                if tiered {
                    for index in from..ways.ways.len() {
                        let outcome = ways.outcome(set, index);
                        ways.ways[index].sums = reduced.sums_of(&outcome, weights.len());
                    }
                }
            } else {
                ways.runs.push(run);
            }
        }
        ways.ways.sort_by(|one, other| {
            (one.cost, one.applications, &one.sums).cmp(&(other.cost, other.applications, &other.sums))
        });
        let least = ways.ways.first().map_or(0, |way| way.cost);
        match search {
            Search::Least => ways.ways.truncate(1),
            Search::Frontier { slack, .. } => {
                ways.ways.retain(|way| way.cost <= least + slack);
            }
        }
        Ok(ways)
    }

    /// What the outcome comes to in each region.
    fn sums_of(&self, outcome: &Outcome, regions: usize) -> Vec<i64> {
        let mut sums = vec![0; regions];
        for portion in &outcome.portions {
            sums[self.region_of(portion)] += portion.net.minor();
        }
        sums
    }

    fn region_of(&self, portion: &Portion) -> usize {
        let class = self.classes.iter().find(|class| class.line == portion.line);
        let Some(class) = class else { return 0 };
        match portion.item_promotion {
            None => class
                .singles
                .iter()
                .find(|single| single.promotion == portion.price_promotion)
                .map_or(0, |single| single.region),
            Some(item) => class
                .joins
                .iter()
                .find(|join| {
                    join.price_promotion == portion.price_promotion
                        && self.groups[join.group].promotion == item
                })
                .map_or(0, |join| join.region),
        }
    }

    /// Leaves out what the least sum never needs: of prices without a limit
    /// all but the lowest, and limited ones that are not lower still.
    fn keep_cheapest(&mut self, weights: &[i128]) {
        let weighs_the_same: Vec<bool> = (0..self.groups.len())
            .map(|group| {
                let joins = self.classes.iter().flat_map(|class| &class.joins);
                let mut own = joins.filter(|join| join.group == group).map(|join| weights[join.region]);
                own.next().is_none_or(|first| own.all(|weight| weight == first))
            })
            .collect();
        for class in &mut self.classes {
            let weighted = |price: Money, region: usize| i128::from(price.minor()) * weights[region];
            let best = class
                .singles
                .iter()
                .filter(|single| single.takes.is_empty())
                .min_by_key(|single| (weighted(single.price, single.region), single.promotion))
                .cloned();
            if let Some(best) = &best {
                let cost = weighted(best.price, best.region);
                class.singles.retain(|single| {
                    single == best || !single.takes.is_empty() && weighted(single.price, single.region) < cost
                });
            }
            // A lower price before an item rule never makes its outcome dearer,
            // unless the reward then falls on what weighs less.
            let joins = class.joins.clone();
            class.joins.retain(|join| {
                !weighs_the_same[join.group]
                    || !joins.iter().any(|other| {
                        other.takes.iter().all(|limit| join.takes.contains(limit))
                            && (other.group, other.slot) == (join.group, join.slot)
                            && weights[other.region] <= weights[join.region]
                            && (other.price, other.price_promotion) < (join.price, join.price_promotion)
                    })
            });
        }
    }

    fn tier_choices(&self, set: &PromotionSet, cut: &mut bool) -> Vec<Vec<Option<Tier>>> {
        let mut choices: Vec<Vec<Option<Tier>>> = vec![Vec::new()];
        for (index, group) in self.groups.iter().enumerate() {
            let mut options = vec![None];
            if let Rule::Item(ItemRule::QuantityTier { tiers }) = &set.promotions()[group.promotion].rule {
                let units: u32 = self
                    .classes
                    .iter()
                    .filter(|class| class.joins.iter().any(|join| join.group == index))
                    .map(|class| class.count)
                    .sum();
                let reached = tiers.iter().enumerate().filter(|(_, tier)| tier.units <= units);
                options.extend(reached.map(|(place, tier)| {
                    let below = tiers.get(place + 1).map(|next| next.units);
                    Some(Tier { units: tier.units, pay_percent: tier.pay_percent, below })
                }));
            }
            let mut longer = Vec::new();
            for choice in &choices {
                for option in &options {
                    let mut next = choice.clone();
                    next.push(*option);
                    longer.push(next);
                }
            }
            if longer.len() > TIER_CHOICES_MAX {
                longer.truncate(TIER_CHOICES_MAX);
                *cut = true;
            }
            choices = longer;
        }
        choices
    }
}

impl Run {
    fn new(
        component: &Component,
        set: &PromotionSet,
        weights: &[i128],
        search: Search,
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
            (true, Search::Frontier { .. }) => SINGLE_STEPS_MAX,
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
    fn spread(
        &mut self,
        component: &Component,
        set: &PromotionSet,
        weights: &[i128],
        search: Search,
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
    fn gather(
        &mut self,
        regions: usize,
        search: Search,
        cut: &mut bool,
        work: &mut Work,
    ) -> Result<(), Exhausted> {
        let tiers = self.tiers.iter().filter(|tier| tier.is_some()).count();
        let wide = if search == Search::Least { 0 } else { regions * (1 + tiers) };
        let end = Label { cost: 0, applications: 0, sums: vec![0; wide], step: 0, next: 0 };
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
                                *sum += amount;
                            }
                        }
                        if search == Search::Least {
                            labels.clear();
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
}

/// What a way leaves out of others: see [`Search`].
fn keep_labels(mut labels: Vec<Label>, regions: usize, search: Search, cut: &mut bool) -> Vec<Label> {
    let Search::Frontier { slack, .. } = search else { return labels };
    labels.sort_by(|one, other| {
        (one.cost, one.applications, &one.sums).cmp(&(other.cost, other.applications, &other.sums))
    });
    let Some(least) = labels.first().map(|label| label.cost) else { return labels };
    labels.retain(|label| label.cost <= least + slack);
    let mut kept: Vec<Label> = Vec::new();
    let mut front = Front::new(search, regions);
    for label in labels {
        if !front.takes(&label.sums) {
            continue;
        }
        if kept.len() == LABELS_MAX {
            *cut = true;
            break;
        }
        kept.push(label);
    }
    kept
}

/// Sums of ways that none of the others is as good as.
pub(super) struct Front {
    search: Search,
    regions: usize,
    /// By the sums of exact regions, the sums of the others.
    known: HashMap<Vec<i64>, Vec<Vec<i64>>, BuildHasherDefault<DefaultHasher>>,
}

impl Front {
    /// Sums stand in blocks of so many regions.
    pub(super) fn new(search: Search, regions: usize) -> Self {
        Self { search, regions, known: HashMap::default() }
    }

    /// Takes sums, unless some that it has are as good.
    pub(super) fn takes(&mut self, sums: &[i64]) -> bool {
        let split = |exact: bool| -> Vec<i64> {
            let places = sums.iter().enumerate();
            let own = places.filter(|(place, _)| self.search.is_exact(place % self.regions.max(1)) == exact);
            own.map(|(_, sum)| *sum).collect()
        };
        let (exact, others) = (split(true), split(false));
        let known = self.known.entry(exact).or_default();
        if known.iter().any(|known| known.iter().zip(&others).all(|(one, own)| one <= own)) {
            return false;
        }
        known.push(others);
        true
    }
}

/// What is remembered of a group's members until they are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
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
    fn of(component: &Component, set: &PromotionSet, weights: &[i128], search: Search, group: usize) -> Self {
        let (mut one_weight, mut one_region, mut one_price) = (None, None, true);
        let mut least: Option<Money> = None;
        for class in &component.classes {
            for join in class.joins.iter().filter(|join| join.group == group) {
                // Prices come in order only where a unit has one price for all groups.
                one_price &= class.joins.iter().all(|other| other.price == join.price);
                let weighs_the_same = *one_weight.get_or_insert(weights[join.region]) == weights[join.region];
                let is_apart =
                    search != Search::Least && *one_region.get_or_insert(join.region) != join.region;
                if !weighs_the_same || is_apart {
                    return Self::Remembered;
                }
                least = Some(least.map_or(join.price, |least| least.min(join.price)));
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
        match rule {
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

/// Where the slots of each group stand in [`State::fills`].
struct Places {
    first: Vec<usize>,
    count: usize,
}

impl Places {
    fn new(component: &Component) -> Self {
        let mut count = 0;
        let mut first = Vec::new();
        for group in &component.groups {
            first.push(count);
            // A slot each, or a level each.
            let units: u32 = group.slots.iter().sum();
            count += group.slots.len().max(units as usize);
        }
        Self { first, count }
    }
}

/// How many units that fit a slot are still to come.
struct Left {
    /// By step and slot.
    units: Vec<Vec<u32>>,
}

impl Left {
    fn new(component: &Component, order: &[usize], places: &Places) -> Self {
        let mut units = vec![vec![0; places.count]];
        for class in order.iter().rev() {
            let mut counts = units.last().cloned().unwrap_or_default();
            let mut places: Vec<usize> = component.classes[*class]
                .joins
                .iter()
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
        Self { units }
    }

    /// Whether all groups that are being filled can still be completed.
    fn can_close(&self, component: &Component, reach: &Reach<'_>, state: &State, step: usize) -> bool {
        let left = &self.units[step];
        for (index, group) in component.groups.iter().enumerate() {
            let first = reach.places.first[index];
            if let Some(tier) = reach.tiers[index] {
                if state.fills[first] + left[first] < tier.units {
                    return false;
                }
                continue;
            }
            match reach.modes[index] {
                Mode::Remembered => continue,
                Mode::Counted => {}
                Mode::Levels => {
                    let units = group.slots[0];
                    let wanted: u32 =
                        (1..units).map(|level| state.fills[first + level as usize] * (units - level)).sum();
                    if wanted > left[first] {
                        return false;
                    }
                    continue;
                }
            }
            let slots = || group.slots.iter().enumerate();
            let whole =
                slots().map(|(slot, units)| state.fills[first + slot].div_ceil(*units)).max().unwrap_or(0);
            if slots().any(|(slot, units)| whole * units > state.fills[first + slot] + left[first + slot]) {
                return false;
            }
        }
        let mut wanted = vec![0u32; if state.open.is_empty() { 0 } else { left.len() }];
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

/// What can be done with the next unit.
struct Reach<'a> {
    component: &'a Component,
    set: &'a PromotionSet,
    weights: &'a [i128],
    search: Search,
    places: &'a Places,
    tiers: &'a [Option<Tier>],
    modes: &'a [Mode],
}

impl Reach<'_> {
    fn moves(&self, state: &State, class: usize, times: u32) -> Vec<(State, Step)> {
        let mut moves = Vec::new();
        for (index, single) in self.component.classes[class].singles.iter().enumerate() {
            let Some(state) = take(state, &single.takes) else { continue };
            let mut step = self.step(Pick::Single(index));
            step.applications = if single.promotion.is_some() { times } else { 0 };
            self.charge(&mut step, single.price.times_count(times), single.region);
            moves.push((state, step));
        }
        for (index, join) in self.component.classes[class].joins.iter().enumerate() {
            let Some(state) = take(state, &join.takes) else { continue };
            if let Some(tier) = self.tiers[join.group] {
                moves.extend(self.join_tier(state, index, join, tier));
            } else if self.is_tier(join.group) {
                // This run does without it.
            } else {
                match self.modes[join.group] {
                    Mode::Counted => moves.extend(self.join_counted(state, index, join)),
                    Mode::Levels => self.join_levels(&state, index, join, &mut moves),
                    Mode::Remembered => self.join_open(&state, class, index, join, &mut moves),
                }
            }
        }
        moves
    }

    fn is_tier(&self, group: usize) -> bool {
        let promotion = self.component.groups[group].promotion;
        matches!(&self.set.promotions()[promotion].rule, Rule::Item(ItemRule::QuantityTier { .. }))
    }

    fn step(&self, pick: Pick) -> Step {
        Step { next: 0, pick, cost: 0, applications: 0, sums: Vec::new() }
    }

    fn charge(&self, step: &mut Step, amount: Money, region: usize) {
        step.cost += i128::from(amount.minor()) * self.weights[region];
        if self.search != Search::Least {
            step.sums.push((region, amount.minor()));
        }
    }

    fn rule(&self, group: usize) -> &ItemRule {
        match &self.set.promotions()[self.component.groups[group].promotion].rule {
            Rule::Item(rule) => rule,
            Rule::Price(_) | Rule::Order(_) | Rule::Coupon { .. } => {
                unreachable!("groups are made of item rules")
            }
        }
    }

    fn join_tier(&self, mut state: State, index: usize, join: &Join, tier: Tier) -> Option<(State, Step)> {
        let place = self.places.first[join.group];
        let is_first = state.fills[place] == 0;
        let fill = state.fills[place] + 1;
        state.fills[place] = match tier.below {
            Some(below) if fill >= below => return None,
            Some(_) => fill,
            None => fill.min(tier.units),
        };
        let mut step = self.step(Pick::Join(index, None));
        step.applications = u32::from(join.price_promotion.is_some()) + u32::from(is_first);
        step.cost =
            i128::from(join.price.minor()) * self.weights[join.region] / 100 * i128::from(tier.pay_percent);
        if self.search != Search::Least {
            let before = self.tiers[..join.group].iter().filter(|tier| tier.is_some()).count();
            let regions = self.weights.len();
            step.sums.push((regions * (1 + before) + join.region, join.price.minor()));
        }
        Some((state, step))
    }

    fn join_counted(&self, mut state: State, index: usize, join: &Join) -> Option<(State, Step)> {
        let group = &self.component.groups[join.group];
        let place = self.places.first[join.group] + join.slot;
        let mut step = self.step(Pick::Join(index, None));
        step.applications = u32::from(join.price_promotion.is_some());
        state.fills[place] += 1;
        let fill = state.fills[place];
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
            group.slots.iter().enumerate().all(|(slot, units)| state.fills[first + slot] >= *units);
        if complete {
            for (slot, units) in group.slots.iter().enumerate() {
                state.fills[first + slot] -= units;
            }
            if let Some(limit) = group.applications {
                state.limits[limit] = state.limits[limit].checked_sub(1)?;
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
    fn join_levels(&self, state: &State, index: usize, join: &Join, moves: &mut Vec<(State, Step)>) {
        let group = &self.component.groups[join.group];
        let (first, units) = (self.places.first[join.group], group.slots[0]);
        for level in 0..units {
            let mut next = state.clone();
            if level == 0 {
                if let Some(limit) = group.applications {
                    match next.limits[limit].checked_sub(1) {
                        Some(left) => next.limits[limit] = left,
                        None => continue,
                    }
                }
            } else {
                match next.fills[first + level as usize].checked_sub(1) {
                    Some(left) => next.fills[first + level as usize] = left,
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
                next.fills[first + level as usize + 1] += 1;
            }
            moves.push((next, step));
        }
    }

    fn join_open(
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
            match next.limits[limit].checked_sub(1) {
                Some(left) => next.limits[limit] = left,
                None => return,
            }
        }
        let opened = Open { group: join.group, members: vec![(class, index)] };
        self.put_open(next, opened, Pick::Join(index, None), moves);
    }

    /// Puts a group back, or settles it where it is complete.
    fn put_open(&self, mut state: State, open: Open, pick: Pick, moves: &mut Vec<(State, Step)>) {
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
        state.limits[*limit] = state.limits[*limit].checked_sub(1)?;
    }
    Some(state)
}

fn join_of<'a>(reach: &'a Reach<'_>, class: usize, join: usize) -> &'a Join {
    &reach.component.classes[class].joins[join]
}

fn members_of(component: &Component, places: &[(usize, usize)]) -> Vec<Member> {
    places
        .iter()
        .map(|(class, join)| {
            let (class, join) = (&component.classes[*class], &component.classes[*class].joins[*join]);
            Member {
                line: class.line,
                price: join.price,
                price_promotion: join.price_promotion,
                slot: join.slot,
            }
        })
        .collect()
}

impl Ways {
    /// No way at all.
    pub(super) fn none() -> Self {
        let searched = Component { classes: Vec::new(), groups: Vec::new(), limits: Vec::new() };
        Self { ways: Vec::new(), cut: true, runs: Vec::new(), searched }
    }

    /// What a way comes to, unit by unit.
    pub(super) fn outcome(&self, set: &PromotionSet, way: usize) -> Outcome {
        let component = &self.searched;
        let Some(way) = self.ways.get(way) else { return Outcome::default() };
        let run = &self.runs[way.run];
        let mut outcome = Outcome::default();
        let mut counted: Vec<Vec<(usize, usize)>> = vec![Vec::new(); component.groups.len()];
        let mut levels: Vec<Vec<Vec<(usize, usize)>>> = vec![Vec::new(); component.groups.len()];
        let (mut node, mut label) = (0usize, way.label as usize);
        for (step, class) in run.order.iter().enumerate() {
            let here = &run.nodes[step][node];
            let chosen = &here.labels[label];
            let taken = &here.steps[chosen.step as usize];
            let units = &component.classes[*class];
            match taken.pick {
                Pick::Single(single) => {
                    let single = &units.singles[single];
                    outcome.add(Portion {
                        line: units.line,
                        units: run.times[step],
                        net: single.price.times_count(run.times[step]),
                        price_promotion: single.promotion,
                        item_promotion: None,
                    });
                }
                Pick::Join(join, place) => {
                    let group = units.joins[join].group;
                    let units: u32 = component.groups[group].slots.iter().sum();
                    match run.modes[group] {
                        Mode::Counted => counted[group].push((*class, join)),
                        Mode::Levels => {
                            let level = place.unwrap_or(0);
                            let open = levels[group].iter().position(|members| members.len() == level);
                            let mut members = open
                                .filter(|_| level > 0)
                                .map_or_else(Vec::new, |open| levels[group].remove(open));
                            members.push((*class, join));
                            if members.len() == units as usize {
                                outcome.apply(component, set, group, &members);
                            } else {
                                levels[group].push(members);
                            }
                        }
                        Mode::Remembered => {
                            let mut members =
                                place.map_or_else(Vec::new, |place| here.state.open[place].members.clone());
                            members.push((*class, join));
                            members.sort_unstable();
                            if members.len() == units as usize {
                                outcome.apply(component, set, group, &members);
                            }
                        }
                    }
                }
            }
            (node, label) = (taken.next as usize, chosen.next as usize);
        }
        for (group, members) in counted.into_iter().enumerate() {
            let all = members.len();
            let sizes = if run.tiers[group].is_some() {
                vec![u32::try_from(all).unwrap_or(u32::MAX)]
            } else {
                component.groups[group].slots.clone()
            };
            outcome.apply_counted(component, set, group, members, &sizes);
        }
        outcome
            .portions
            .sort_by_key(|portion| (portion.line, portion.price_promotion, portion.item_promotion));
        outcome
    }
}

impl Outcome {
    fn add(&mut self, portion: Portion) {
        let same = self.portions.iter_mut().find(|other| {
            (other.line, other.price_promotion, other.item_promotion)
                == (portion.line, portion.price_promotion, portion.item_promotion)
        });
        match same {
            Some(other) => {
                other.units += portion.units;
                other.net += portion.net;
            }
            None => self.portions.push(portion),
        }
    }

    /// Puts counted members into groups, the dearest together.
    fn apply_counted(
        &mut self,
        component: &Component,
        set: &PromotionSet,
        group: usize,
        members: Vec<(usize, usize)>,
        sizes: &[u32],
    ) {
        let slot_of = |(class, join): &(usize, usize)| component.classes[*class].joins[*join].slot;
        let mut slots: Vec<Vec<(usize, usize)>> = vec![Vec::new(); sizes.len()];
        for member in members {
            slots[slot_of(&member).min(sizes.len() - 1)].push(member);
        }
        let mut rest: Vec<std::collections::VecDeque<_>> = slots.into_iter().map(Into::into).collect();
        while rest.iter().any(|slot| !slot.is_empty()) {
            let mut taken = Vec::new();
            for (slot, size) in rest.iter_mut().zip(sizes) {
                let size = (*size as usize).min(slot.len());
                taken.extend(slot.drain(..size));
            }
            self.apply(component, set, group, &taken);
        }
    }

    fn apply(&mut self, component: &Component, set: &PromotionSet, group: usize, places: &[(usize, usize)]) {
        let promotion = component.groups[group].promotion;
        let Rule::Item(rule) = &set.promotions()[promotion].rule else { return };
        let members = members_of(component, places);
        let nets = settle(rule, &members);
        let item_promotion = nets.as_ref().map(|_| promotion);
        let nets = nets.unwrap_or_else(|| members.iter().map(|member| member.price).collect());
        for (member, net) in members.iter().zip(&nets) {
            self.add(Portion {
                line: member.line,
                units: 1,
                net: *net,
                price_promotion: member.price_promotion,
                item_promotion,
            });
        }
        if item_promotion.is_some() {
            self.applications.push(Application { promotion, members, nets });
        }
    }
}
