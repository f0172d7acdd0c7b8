//! The least sums of components, found out once.

use std::sync::Arc;

use super::super::component::{Component, Exhausted, Outcome, Search, WEIGHT_ONE, Ways, Work};
use super::super::problem::Problem;
use super::super::work::Effort;
use super::Finder;
use super::memory::{Least, Weighted};
use super::stage::{Plain, Stage};
use crate::money::Money;

/// What it takes to look up what a component comes to, in steps; they are not counted as work.
const COMPONENT_STEPS: u64 = 16;

impl Least {
    /// The least sum of units that do not touch each other: each has its
    /// lowest price.
    fn of_singles(component: &Component) -> Option<Self> {
        let outcome = component.lowest()?;
        let sum = outcome.net();
        let cost_bound = i128::from(sum.minor()) * WEIGHT_ONE;
        Some(Self { outcome: Some(outcome), sum, bound: sum, cost_bound, whole: true, work: 1 })
    }
}

impl<'a> Finder<'a, '_> {
    /// The least sum of all components, without any weights. `None` where
    /// some units have no price left to take, or nobody waits for it any more.
    pub(super) fn least_plain(&mut self, stage: &Stage<'a, '_>) -> Option<Plain> {
        let mut plain = Plain {
            outcome: Outcome::default(),
            outcomes: Vec::new(),
            bound: Money::ZERO,
            bases: Vec::new(),
        };
        for place in 0..stage.components.len() {
            if self.problem.asking.note(COMPONENT_STEPS) {
                return None;
            }
            let least = self.least(stage, place);
            let Some(outcome) = &least.outcome else {
                if !least.whole {
                    self.leave_open(Money::ZERO);
                }
                return None;
            };
            plain.bound += least.bound;
            plain.outcome.extend(outcome);
            plain.outcomes.push(least);
        }
        let bases = stage.overlays.iter().map(|overlay| stage.least_base(&plain.outcomes, overlay.bit));
        plain.bases = bases.collect();
        Some(plain)
    }

    /// The least sum of a component. Where there is no work left for it, what a
    /// glance shows.
    fn least(&mut self, stage: &Stage<'a, '_>, place: usize) -> Arc<Least> {
        let component = &stage.components[place];
        if let Some(least) = Least::of_singles(component) {
            self.work.done = self.work.done.saturating_add(1);
            return Arc::new(least);
        }
        let shape = stage.shapes[place];
        if let Some(least) = self.seen.least.get(&shape) {
            return least.clone();
        }
        let problem = self.problem;
        let effort = if self.work.done >= self.work.limit { Effort::Glance } else { problem.effort };
        let find = || Arc::new(make_least(problem, effort, &component.in_regions(&mut |_, _| 0)));
        let least = self.memory.least(shape.with(effort), problem.asking, find);
        self.work.done = self.work.done.saturating_add(least.work);
        if problem.effort == Effort::Glance {
            // Almost all of it is remembered from the scan before: what is limited is what comes after.
            self.work.limit = self.work.limit.saturating_add(least.work);
        }
        self.seen.least.insert(shape, least.clone());
        least
    }

    /// The least weighted sum of a component, whose regions weigh so much;
    /// `plain` is its least sum.
    pub(super) fn least_weighted(
        &mut self,
        stage: &Stage<'a, '_>,
        place: usize,
        weights: Vec<i128>,
        plain: &Arc<Least>,
    ) -> Result<Arc<Least>, Exhausted> {
        self.work.spend(1)?;
        let key = Weighted { shape: stage.shapes[place], weights };
        if let Some(least) = self.seen.weighted.get(&key) {
            return Ok(least.clone());
        }
        let (problem, component) = (self.problem, &stage.components[place]);
        let find = || {
            let mut weights = Vec::new();
            let merged = component.in_regions(&mut |own, _| region_of(&mut weights, key.weights[own]));
            Arc::new(make_weighted(problem, &merged, &weights, plain))
        };
        let least = self.memory.weighted(&key, problem.asking, find);
        self.seen.weighted.insert(key, least.clone());
        self.work.spend(least.work)?;
        Ok(least)
    }

    /// The least weighted sum of all components, where it is found with little
    /// work, and an outcome.
    pub(super) fn weigh_anew(
        &mut self,
        limit: u64,
        plain: &Plain,
        components: &[Component],
        weights: &[i128],
    ) -> Option<(i128, Outcome)> {
        let (mut cost, mut outcome) = (0, Outcome::default());
        let mut work = self.work.until(limit);
        for (place, component) in components.iter().enumerate() {
            if let Some(weight) = one_weight(component, weights)
                && weight > 0
            {
                let known = &plain.outcomes[place];
                let part = known.outcome.as_ref().filter(|_| known.whole)?;
                cost += i128::from(known.sum.minor()) * weight;
                outcome.extend(part);
                continue;
            }
            let ways: Result<Ways, Exhausted> =
                component.search(self.problem.set, weights, Search::Least, &mut work);
            self.work.done = work.done;
            let ways = ways.ok().filter(|ways| !ways.cut)?;
            cost += ways.ways.first()?.cost - ways.slop;
            outcome.extend(&ways.outcome(self.problem.set, 0));
        }
        Some((cost, outcome))
    }
}

fn make_least(problem: &Problem<'_>, effort: Effort, component: &Component) -> Least {
    let set = problem.set;
    let mut work = Work::new(effort.first_work(), problem.asking);
    // Two sums that are rounded apart may come to less where they weigh more.
    let rounded = component.tiers(set);
    let search =
        if rounded > 1 { Search::Frontier { slack: WEIGHT_ONE * rounded, exact: 0 } } else { Search::Least };
    let mut found = component.search(set, &[WEIGHT_ONE], Search::Least, &mut work);
    let is_apart = rounded > 1 && !found.as_ref().is_ok_and(|ways| ways.slop == 0);
    let searched = |work: &mut Work| {
        if component.has_too_many_tiers(set, work) {
            return Err(Exhausted);
        }
        component.search(set, &[WEIGHT_ONE], search, work)
    };
    if is_apart {
        found = searched(&mut work);
    }
    let mut first = None;
    if !found.as_ref().is_ok_and(|ways| !ways.cut) {
        // Often what is found promotion by promotion cannot be bettered.
        let own = rough(problem, effort, component, work.done);
        if own.whole || effort == Effort::Glance {
            return own;
        }
        work = Work::new(own.work + effort.component_work(), problem.asking);
        work.done = own.work;
        first = Some(own);
        found = searched(&mut work);
    }
    let ways = match (found, first) {
        (Ok(ways), None) => ways,
        (Ok(ways), Some(_)) if !ways.cut => ways,
        (Ok(_) | Err(Exhausted), Some(own)) => return Least { work: work.done, ..own },
        (Err(Exhausted), None) => return rough(problem, effort, component, work.done),
    };
    let outcomes = (0..ways.ways.len()).map(|way| ways.outcome(set, way));
    let outcome = outcomes.min_by_key(Outcome::net);
    let sum = outcome.as_ref().map_or(Money::ZERO, Outcome::net);
    let cost = i128::from(sum.minor()) * WEIGHT_ONE;
    Least { outcome, sum, bound: sum, cost_bound: cost, whole: true, work: work.done }
}

fn rough(problem: &Problem<'_>, effort: Effort, component: &Component, work: u64) -> Least {
    let rough = component.rough(problem.set, effort, problem.asking);
    let sum = rough.outcome.as_ref().map_or(Money::ZERO, Outcome::net);
    let bound = rough.bound.min(sum);
    Least {
        whole: rough.outcome.is_some() && bound == sum,
        outcome: rough.outcome,
        sum,
        bound,
        cost_bound: i128::from(bound.minor()) * WEIGHT_ONE,
        work: work.saturating_add(rough.work),
    }
}

fn make_weighted(problem: &Problem<'_>, component: &Component, weights: &[i128], plain: &Least) -> Least {
    let mut work = Work::new(problem.effort.component_work(), problem.asking);
    let found = component.search(problem.set, weights, Search::Least, &mut work);
    if let Some(ways) = found.ok().filter(|ways| !ways.cut)
        && let Some(best) = ways.ways.first()
    {
        let outcome = ways.outcome(problem.set, 0);
        let (cost, sum) = (best.cost, outcome.net());
        let cost_bound = cost - ways.slop;
        return Least {
            outcome: Some(outcome),
            sum,
            bound: Money::ZERO,
            cost_bound,
            whole: true,
            work: work.done,
        };
    }
    let least = weights.iter().copied().min().unwrap_or(0);
    Least {
        outcome: plain.outcome.clone(),
        sum: plain.sum,
        bound: Money::ZERO,
        cost_bound: i128::from(plain.bound.minor()) * least,
        whole: false,
        work: work.done,
    }
}

/// The place of something among those that are known, where it is put if it is new.
pub(super) fn region_of<T: PartialEq>(known: &mut Vec<T>, one: T) -> usize {
    known.iter().position(|other| *other == one).unwrap_or_else(|| {
        known.push(one);
        known.len() - 1
    })
}

impl Component {
    /// The region that all of it lies in, where that is one.
    pub(super) fn one_region(&self) -> Option<usize> {
        let mut regions = self.classes.iter().flat_map(|class| {
            let singles = class.singles.iter().map(|single| single.region);
            singles.chain(class.joins.iter().map(|join| join.region))
        });
        let first = regions.next()?;
        regions.all(|region| region == first).then_some(first)
    }
}

/// The weight of a component, where all that is in it weighs the same.
fn one_weight(component: &Component, weights: &[i128]) -> Option<i128> {
    let mut regions = component.classes.iter().flat_map(|class| {
        let singles = class.singles.iter().map(|single| single.region);
        singles.chain(class.joins.iter().map(|join| join.region))
    });
    let first = weights[regions.next()?];
    regions.all(|region| weights[region] == first).then_some(first)
}
