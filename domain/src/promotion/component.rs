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

use super::rule::{ItemRule, Rule};
use super::set::PromotionSet;
use super::settle::Member;
pub(super) use super::work::{Exhausted, Work};
use crate::money::Money;

mod front;
mod mode;
mod moves;
mod outcome;
mod rough;
mod run;
mod small;
mod worth;

pub(super) use front::Front;
use run::{Run, SINGLE_STEPS_MAX, Tier};
use small::{Layout, Small};

/// Weights of regions are in parts of this: what of one minor unit is left
/// after the per cents of a scenario.
pub(super) const WEIGHT_ONE: i128 = 1_000_000_000_000;

/// Where the least sum of few units takes more looks at their uses, units are
/// taken one after the other instead.
const LOOKS_MAX: usize = 100_000;

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
pub(super) enum Search<'a> {
    /// The least weighted sum, and one way to it.
    Least,
    /// Every way whose weighted sum is at most so much above the least, but
    /// for those that another is as good as: the same in the regions of which
    /// the bit is set in `exact`, and no more in any other.
    Frontier { slack: i128, exact: u128 },
    /// What may reach a goal: every way whose weighted sum is at most so much
    /// above the least, but for those that another is as good as: one that
    /// costs no more and brings no less to any threshold, as far as it goes.
    Reach { slack: i128, goal: &'a Goal },
}

/// Thresholds that ways are to reach together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Goal {
    /// For each region a bit for each threshold that counts it.
    pub counts: Vec<u32>,
    /// Beyond so much, in [`PARTS`] of a minor unit, a threshold is reached whatever else there is.
    pub caps: Vec<i64>,
}

/// What counts for thresholds is reckoned in such parts of a minor unit, so
/// that per cents come out even.
pub(super) const PARTS: i64 = 100;

impl Goal {
    /// The thresholds that count a region.
    pub(super) fn of_region(&self, region: usize) -> impl Iterator<Item = usize> + '_ {
        let counts = self.counts.get(region).copied().unwrap_or(0);
        (0..self.caps.len()).filter(move |place| counts >> place & 1 == 1)
    }
}

impl Search<'_> {
    /// Whether ways differ wherever the sum of a region does. Regions beyond
    /// the bits there are always tell ways apart.
    fn is_exact(self, region: usize) -> bool {
        match self {
            Self::Least => false,
            Self::Frontier { exact, .. } => exact.checked_shr(region as u32).is_none_or(|bits| bits & 1 == 1),
            Self::Reach { goal, .. } => goal.of_region(region).next().is_some(),
        }
    }
}

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
    /// Of few units, what the layout is found by.
    label: u32,
}

/// All ways that were asked for, least first, and how to walk them.
#[derive(Debug, Clone)]
pub(super) struct Ways {
    pub ways: Vec<Way>,
    /// Some were left out, for want of room.
    pub cut: bool,
    /// By how much a way may weigh less than it says: see [`Component::slop`].
    pub slop: i128,
    runs: Vec<Run>,
    /// In place of runs, where units are few.
    small: Option<Small>,
    /// The component as it was searched.
    searched: Component,
}

impl Component {
    /// How much of a memory it fills.
    pub(super) fn size(&self) -> usize {
        let options = self.classes.iter().map(|class| 1 + class.singles.len() + class.joins.len());
        options.sum::<usize>() + self.groups.len()
    }

    /// How many of its promotions round a sum.
    pub(super) fn tiers(&self, set: &PromotionSet) -> i128 {
        (0..self.groups.len()).map(|group| i128::from(self.is_tier(set, group))).sum()
    }

    fn is_tier(&self, set: &PromotionSet, group: usize) -> bool {
        matches!(
            &set.promotions()[self.groups[group].promotion].rule,
            Rule::Item(ItemRule::QuantityTier { .. })
        )
    }

    /// By how much a way may weigh less than it says: quantity tiers round
    /// their sums, and shares of them fall on lines by the fen.
    pub(super) fn slop(&self, set: &PromotionSet, weights: &[i128]) -> i128 {
        let mut slop = 0;
        for group in (0..self.groups.len()).filter(|group| self.is_tier(set, *group)) {
            let joins = self.classes.iter().flat_map(|class| &class.joins);
            let own = || joins.clone().filter(|join| join.group == group).map(|join| weights[join.region]);
            let (least, most) = (own().min().unwrap_or(0), own().max().unwrap_or(0));
            slop += most.abs().max(least.abs()) / 2 + (most - least) * self.classes.len() as i128;
        }
        slop
    }

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
        search: Search<'_>,
        work: &mut Work,
    ) -> Result<Ways, Exhausted> {
        match search {
            Search::Reach { slack, goal } => {
                if let Some(mut small) = Small::of(self, set, weights, goal, work) {
                    let layouts = small.layouts(self, weights, slack, work)?;
                    return Ok(self.laid_out(small, layouts));
                }
            }
            Search::Least => {
                if !self.is_single()
                    && let Some(mut small) = Small::of(self, set, weights, &Goal::default(), work)
                    && small.looks() <= LOOKS_MAX
                {
                    // Where limits make many states of few, half of the work is left for the other way.
                    let half = work.done.midpoint(work.limit.max(work.done));
                    let mut own = work.until(half);
                    let layouts = small.least(&mut own);
                    work.done = own.done.min(half);
                    if let Ok(layouts) = layouts {
                        return Ok(self.laid_out(small, layouts));
                    }
                }
            }
            Search::Frontier { .. } => {}
        }
        self.search_in_turn(set, weights, search, work)
    }

    /// The same, one unit after the other however few there are.
    pub(super) fn search_in_turn(
        &self,
        set: &PromotionSet,
        weights: &[i128],
        search: Search<'_>,
        work: &mut Work,
    ) -> Result<Ways, Exhausted> {
        // Of these some of the ways are not enough.
        if !matches!(search, Search::Frontier { .. }) && self.has_too_many_tiers(set, work) {
            return Err(Exhausted);
        }
        let mut reduced = self.clone();
        if search == Search::Least {
            reduced.keep_cheapest(weights);
        }
        let many = self.classes.iter().any(|class| class.count > SINGLE_STEPS_MAX);
        let coarse = search != Search::Least && self.is_single() && many;
        let mut ways = Ways {
            ways: Vec::new(),
            cut: coarse,
            slop: self.slop(set, weights),
            runs: Vec::new(),
            small: None,
            searched: reduced.clone(),
        };
        for tiers in reduced.tier_choices(set, &mut ways.cut) {
            let mut run = Run::new(&reduced, set, weights, search, tiers);
            run.spread(&reduced, set, weights, search, work)?;
            run.gather(&reduced, weights.len(), search, &mut ways.cut, work)?;
            let index = ways.runs.len();
            let root = run.nodes.first().and_then(|nodes| nodes.first());
            for (label, found) in root.iter().flat_map(|root| &root.labels).enumerate() {
                ways.ways.push(Way {
                    cost: found.cost,
                    applications: found.applications,
                    sums: match search {
                        Search::Least => Vec::new(),
                        Search::Frontier { .. } => found.sums.iter().take(weights.len()).copied().collect(),
                        Search::Reach { .. } => found.sums.clone(),
                    },
                    run: index,
                    label: u32::try_from(label).unwrap_or(u32::MAX),
                });
            }
            // What stands in a tier was counted apart, until all of it is known.
            if matches!(search, Search::Frontier { .. }) {
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
            Search::Reach { slack, .. } => {
                ways.ways.retain(|way| way.cost <= least + slack);
                if ways.runs.len() > 1 {
                    let mut front = Front::new(search, weights.len());
                    ways.ways.retain(|way| front.takes(&way.sums));
                }
            }
        }
        Ok(ways)
    }

    fn laid_out(&self, small: Small, layouts: Vec<Layout>) -> Ways {
        let way = |layout: Layout| Way {
            cost: layout.cost,
            applications: layout.applications,
            sums: layout.sums,
            run: 0,
            label: layout.label,
        };
        Ways {
            ways: layouts.into_iter().map(way).collect(),
            cut: false,
            slop: 0,
            runs: Vec::new(),
            small: Some(small),
            searched: self.clone(),
        }
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
        for group in 0..self.groups.len() {
            let options = self.tier_options(set, group);
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

    /// The tiers that a group may reach, and none.
    fn tier_options(&self, set: &PromotionSet, group: usize) -> Vec<Option<Tier>> {
        let mut options = vec![None];
        if let Rule::Item(ItemRule::QuantityTier { tiers }) =
            &set.promotions()[self.groups[group].promotion].rule
        {
            let own = self.classes.iter().filter(|class| class.joins.iter().any(|join| join.group == group));
            let units = own.map(|class| class.count).fold(0, u32::saturating_add);
            let reached = tiers.iter().enumerate().filter(|(_, tier)| tier.units <= units);
            options.extend(reached.map(|(place, tier)| {
                let below = tiers.get(place + 1).map(|next| next.units);
                Some(Tier { units: tier.units, pay_percent: tier.pay_percent, below })
            }));
        }
        options
    }

    /// Whether its quantity tiers can be chosen in more ways than are tried, or than there is work
    /// left for: each takes a step for each unit, and more.
    pub(super) fn has_too_many_tiers(&self, set: &PromotionSet, work: &Work) -> bool {
        let own = (0..self.groups.len()).filter(|group| self.is_tier(set, *group));
        let choices = own.map(|group| self.tier_options(set, group).len()).fold(1, usize::saturating_mul);
        let units = self.classes.iter().map(|class| u64::from(class.count)).sum::<u64>();
        let left = work.limit.saturating_sub(work.done);
        choices > TIER_CHOICES_MAX || choices > 1 && units.saturating_mul(choices as u64) > left
    }
}
