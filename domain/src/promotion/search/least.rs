//! The least sums of components, found out once.

use std::sync::Arc;

use super::super::component::{Component, Exhausted, Outcome, Portion, Search, WEIGHT_ONE, Ways, Work};
use super::Finder;
use super::forms::Forms;
use super::memory::{Least, Weighted};
use super::stage::{Plain, Stage};
use crate::money::Money;

/// The most work on one component.
pub(super) const COMPONENT_WORK_MAX: u64 = 60_000;

/// The most work on one component before a rough look at it.
const FIRST_WORK_MAX: u64 = 3_000;

/// The least weighted sum of all components.
pub(super) struct Weighing {
    /// Nothing weighs less.
    pub bound: i128,
    /// Whether the outcomes are surely the least.
    pub whole: bool,
    /// By component: what it weighs at least, and the outcome.
    pub parts: Vec<(i128, Arc<Least>)>,
}

impl Weighing {
    /// The outcomes of the components that are wanted.
    pub fn outcome(&self, wanted: impl Fn(usize) -> bool) -> Outcome {
        let mut outcome = Outcome::default();
        for (place, (_, least)) in self.parts.iter().enumerate() {
            if let Some(part) = least.outcome.as_ref().filter(|_| wanted(place)) {
                outcome.portions.extend_from_slice(&part.portions);
                outcome.applications.extend_from_slice(&part.applications);
            }
        }
        outcome
    }
}

impl Least {
    /// The least sum of units that do not touch each other: each has its
    /// lowest price.
    fn of_singles(component: &Component) -> Option<Self> {
        if !component.groups.is_empty() || !component.limits.is_empty() {
            return None;
        }
        let mut outcome = Outcome::default();
        for class in &component.classes {
            let lowest = class.singles.iter().min_by_key(|single| (single.price, single.promotion))?;
            outcome.portions.push(Portion {
                line: class.line,
                units: class.count,
                net: lowest.price.times_count(class.count),
                price_promotion: lowest.promotion,
                item_promotion: None,
            });
        }
        let sum = outcome.net();
        let cost_bound = i128::from(sum.minor()) * WEIGHT_ONE;
        Some(Self { outcome: Some(outcome), sum, bound: sum, cost_bound, whole: true, work: 1 })
    }
}

impl<'a> Finder<'a, '_> {
    /// The least sum of all components, without any weights. `None` where
    /// some units have no price left to take.
    pub(super) fn least_plain(&mut self, stage: &Stage<'a, '_>) -> Option<Plain> {
        let mut plain = Plain {
            outcome: Outcome::default(),
            outcomes: Vec::new(),
            bound: Money::ZERO,
            bases: Vec::new(),
        };
        for component in &stage.components {
            let least = self.least(component);
            let Some(outcome) = &least.outcome else {
                if !least.whole {
                    self.leave_open(Money::ZERO);
                }
                return None;
            };
            plain.bound += least.bound;
            plain.outcome.portions.extend_from_slice(&outcome.portions);
            plain.outcome.applications.extend_from_slice(&outcome.applications);
            plain.outcomes.push(least);
        }
        let bases = stage.overlays.iter().map(|overlay| stage.least_base(&plain.outcomes, overlay.bit));
        plain.bases = bases.collect();
        Some(plain)
    }

    /// The least sum of a component. Where there is no work left for it, a
    /// good sum, and a bound.
    fn least(&mut self, component: &Arc<Component>) -> Arc<Least> {
        if let Some(least) = Least::of_singles(component) {
            self.work.done = self.work.done.saturating_add(1);
            return Arc::new(least);
        }
        if let Some(least) = self.seen.least.get(component) {
            return least.clone();
        }
        if self.work.done >= self.work.limit {
            return Arc::new(self.rough(component, 0));
        }
        let known = self.memory.found.least.get(component).cloned();
        let least = known.unwrap_or_else(|| {
            let least = Arc::new(self.make_least(component));
            self.memory.grow(least.size() + component.size());
            self.memory.found.least.insert(component.clone(), least.clone());
            least
        });
        self.work.done = self.work.done.saturating_add(least.work);
        self.seen.least.insert(component.clone(), least.clone());
        least
    }

    fn make_least(&self, component: &Component) -> Least {
        let mut work = Work { done: 0, limit: FIRST_WORK_MAX };
        // Two sums that are rounded apart may come to less where they weigh more.
        let rounded = component.tiers(self.problem.set);
        let search = if rounded > 1 {
            Search::Frontier { slack: WEIGHT_ONE * rounded, exact: 0 }
        } else {
            Search::Least
        };
        let mut found = component.search(self.problem.set, &[WEIGHT_ONE], search, &mut work);
        let mut rough = None;
        if !found.as_ref().is_ok_and(|ways| !ways.cut) {
            // Often what is found promotion by promotion cannot be bettered.
            let own = self.rough(component, work.done);
            if own.whole {
                return own;
            }
            work = Work { done: own.work, limit: own.work + COMPONENT_WORK_MAX };
            rough = Some(own);
            found = component.search(self.problem.set, &[WEIGHT_ONE], search, &mut work);
        }
        let ways = match (found, rough) {
            (Ok(ways), None) => ways,
            (Ok(ways), Some(_)) if !ways.cut => ways,
            (Ok(_) | Err(Exhausted), Some(own)) => return Least { work: work.done, ..own },
            (Err(Exhausted), None) => return self.rough(component, work.done),
        };
        let outcomes = (0..ways.ways.len()).map(|way| ways.outcome(self.problem.set, way));
        let outcome = outcomes.min_by_key(Outcome::net);
        let sum = outcome.as_ref().map_or(Money::ZERO, Outcome::net);
        let cost = i128::from(sum.minor()) * WEIGHT_ONE;
        Least { outcome, sum, bound: sum, cost_bound: cost, whole: true, work: work.done }
    }

    fn rough(&self, component: &Component, work: u64) -> Least {
        let rough = component.rough(self.problem.set);
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

    /// The least weighted sum of all components, thresholds or not.
    pub(super) fn weigh(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        forms: &Forms,
    ) -> Result<Weighing, Exhausted> {
        let mut weighing = Weighing { bound: 0, whole: true, parts: Vec::new() };
        for (place, known) in plain.outcomes.iter().enumerate() {
            let (bound, least) = match forms.one_weight(&stage.options[place]) {
                Some(weight) => (i128::from(known.bound.minor()) * weight, known.clone()),
                None => {
                    let mut weights = Vec::new();
                    let component =
                        stage.with_regions(place, &mut |mask, _| region_of(&mut weights, forms.weight(mask)));
                    let least = self.least_weighted(Weighted { component, weights }, known)?;
                    (least.cost_bound, least)
                }
            };
            weighing.bound += bound;
            weighing.whole &= least.whole;
            weighing.parts.push((bound, least));
        }
        Ok(weighing)
    }

    /// The least weighted sum of a component.
    fn least_weighted(&mut self, weighted: Weighted, plain: &Arc<Least>) -> Result<Arc<Least>, Exhausted> {
        if let Some(least) = self.seen.weighted.get(&weighted) {
            let least = least.clone();
            self.work.spend(1)?;
            return Ok(least);
        }
        self.work.spend(1)?;
        let key = Arc::new(weighted);
        let known = self.memory.found.weighted.get(&key).cloned();
        let least = known.unwrap_or_else(|| {
            let least = Arc::new(self.make_weighted(&key, plain));
            self.memory.grow(least.size() + key.component.size());
            self.memory.found.weighted.insert(key.clone(), least.clone());
            least
        });
        self.seen.weighted.insert(key, least.clone());
        self.work.spend(least.work)?;
        Ok(least)
    }

    fn make_weighted(&self, weighted: &Weighted, plain: &Least) -> Least {
        let Weighted { component, weights } = weighted;
        let mut work = Work { done: 0, limit: COMPONENT_WORK_MAX };
        let found = component.search(self.problem.set, weights, Search::Least, &mut work);
        if let Some(ways) = found.ok().filter(|ways| !ways.cut)
            && let Some(best) = ways.ways.first()
        {
            let outcome = ways.outcome(self.problem.set, 0);
            let (cost, sum) = (best.cost, outcome.net());
            let cost_bound = cost - component.slop(self.problem.set, weights);
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
        let mut work = Work { done: self.work.done, limit };
        for (place, component) in components.iter().enumerate() {
            if let Some(weight) = one_weight(component, weights)
                && weight > 0
            {
                let known = &plain.outcomes[place];
                let part = known.outcome.as_ref().filter(|_| known.whole)?;
                cost += i128::from(known.sum.minor()) * weight;
                outcome.portions.extend_from_slice(&part.portions);
                outcome.applications.extend_from_slice(&part.applications);
                continue;
            }
            let ways: Result<Ways, Exhausted> =
                component.search(self.problem.set, weights, Search::Least, &mut work);
            self.work.done = work.done;
            let ways = ways.ok().filter(|ways| !ways.cut)?;
            cost += ways.ways.first()?.cost - component.slop(self.problem.set, weights);
            let part = ways.outcome(self.problem.set, 0);
            outcome.portions.extend(part.portions);
            outcome.applications.extend(part.applications);
        }
        Some((cost, outcome))
    }
}

/// The place of something among those that are known, where it is put if it is new.
pub(super) fn region_of<T: PartialEq>(known: &mut Vec<T>, one: T) -> usize {
    known.iter().position(|other| *other == one).unwrap_or_else(|| {
        known.push(one);
        known.len() - 1
    })
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
