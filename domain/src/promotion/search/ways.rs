//! Every way that could still be better, worked out to the end.

use super::super::component::{Component, Exhausted, Outcome, Search, Ways};
use super::forms::Forms;
use super::joint::Joint;
use super::memory::Least;
use super::scenario::Scenario;
use super::stage::{Plain, Stage};
use super::{Finder, base};
use crate::money::Money;

/// The most outcomes of one scenario that are worked out to the end.
const OUTCOMES_MAX: usize = 4_096;

/// Prices on a threshold are so many parts of the weight of its goods.
const PRICE_STEPS: i128 = 16;

/// The most prices on a threshold that are tried.
const PRICES_MAX: usize = 5;

/// The most work for the prices of a scenario.
const PRICE_WORK_MAX: u64 = 3_000;

/// The most work on all ways of a scenario, where it is not small.
const WAYS_WORK_MAX: u64 = 100_000;

/// Weights with a price on a threshold.
pub(super) struct Priced {
    pub weights: Vec<i128>,
    /// Nothing that reaches the threshold costs less.
    pub cost: i128,
    /// What of that is paid for the threshold.
    pub reward: i128,
}

impl<'a> Finder<'a, '_> {
    /// Every way that could still be better, worked out to the end.
    pub(super) fn search_all_ways(
        &mut self,
        stage: &Stage<'a, '_>,
        forms: &Forms,
        lens: usize,
        scenario: &Scenario,
        priced: Priced,
        bound: Money,
    ) -> Result<(), Exhausted> {
        let components = in_regions(stage, forms);
        let Some(best) = self.found.as_ref().map(|found| found.best.total) else { return Ok(()) };
        // Whatever reaches the threshold costs at most so much above the least,
        // priced as here. A price makes ways alike, so it must leave far fewer.
        let slack_of = |cost: i128| forms.slack(cost, self.window(forms, cost, best));
        let least = self.lenses[lens].bound;
        let unpriced = Priced { weights: forms.weights.clone(), cost: least, reward: 0 };
        let worth = slack_of(priced.cost) <= slack_of(least) / 2;
        let priced = if worth { priced } else { unpriced };
        let slops: i128 =
            components.iter().map(|component| component.slop(self.problem.set, &priced.weights)).sum();
        let slack = slack_of(priced.cost) + 2 * slops;
        // Where thresholds are met anyway, less of everything is never worse.
        let exact =
            if forms.uneven || self.problem.ticket.points.is_some() { u128::MAX } else { forms.exact() };
        let search = Search::Frontier { slack, exact };
        let mut all: Vec<Ways> = Vec::new();
        let mut cut = false;
        let mut fixed = Fixed::new(forms.regions.len());
        let most = if stage.is_small() { u64::MAX } else { self.work.done.saturating_add(WAYS_WORK_MAX) };
        let mut work = self.work.until(self.work.limit.min(most));
        for (place, component) in components.iter().enumerate() {
            if component.is_fixed() {
                fixed.add(component, &priced.weights, &self.lenses[lens].least[place].1);
                continue;
            }
            if let Some(region) = component.one_region()
                && exact.checked_shr(region as u32).is_some_and(|bits| bits & 1 == 0)
                && priced.weights[region] > 0
                && let (_, least) = &self.lenses[lens].least[place]
                && least.outcome.is_some()
            {
                // Of one region of which less is never worse, the least is as good as any.
                fixed.add_least(region, priced.weights[region], least);
                continue;
            }
            let ways = component.search(self.problem.set, &priced.weights, search, &mut work);
            self.work.done = work.done;
            match ways {
                Ok(ways) => {
                    cut |= ways.cut;
                    all.push(ways);
                }
                Err(Exhausted) => {
                    self.leave_open(bound);
                    return if self.work.done > self.work.limit { Err(Exhausted) } else { Ok(()) };
                }
            }
        }
        // Shares of a fen that were not told apart may be worth a few.
        cut |= forms.uneven && !forms.by_line;
        let joint = Joint::of(&all, fixed.cost, fixed.sums, slack, search, &mut work);
        self.work.done = work.done;
        let Ok(joint) = joint else {
            self.leave_open(bound);
            return if self.work.done > self.work.limit { Err(Exhausted) } else { Ok(()) };
        };
        cut |= joint.cut;
        let mut tried = 0;
        for way in joint.ways.iter() {
            let here =
                self.after_points_at_least(forms.bound(way.cost - slops + priced.reward, forms.roundings));
            if self.is_settled(here) && self.problem.ticket.points.is_none() {
                break;
            }
            if !forms.thresholds_within(&way.sums) {
                continue;
            }
            tried += 1;
            if tried > OUTCOMES_MAX {
                cut = true;
                break;
            }
            self.work.spend(10)?;
            let mut outcome = fixed.outcome.clone();
            for (ways, index) in all.iter().zip(joint.path(way)) {
                outcome.extend(&ways.outcome(self.problem.set, index));
            }
            let parts = self.problem.parts(&outcome.portions, &stage.masks);
            self.offer_under(stage, &outcome, &parts, scenario);
        }
        if cut {
            self.leave_open(bound);
        }
        Ok(())
    }

    /// A price on the threshold that the least sum misses: what counts for it
    /// is weighed less by so much, and what it must reach is paid for in
    /// return. Whatever reaches it costs at least as much as the least so
    /// priced; of some prices the one that says the most is given.
    pub(super) fn reach_thresholds(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        forms: &Forms,
        lens: usize,
        scenario: &Scenario,
    ) -> Priced {
        let components = in_regions(stage, forms);
        let parts = self.lenses[lens].parts.clone();
        let mut best = Priced { weights: forms.weights.clone(), cost: self.lenses[lens].bound, reward: 0 };
        let limit = self.work.limit.min(self.work.done + PRICE_WORK_MAX);
        for (bit, min) in &forms.thresholds {
            if base(&parts, *bit) >= *min {
                continue;
            }
            let counted = |region: usize| forms.regions[region].0 & bit != 0;
            let own = (0..forms.regions.len()).filter(|region| counted(*region));
            let Some(most) = own.map(|region| forms.weights[region]).min() else { continue };
            let (mut low, mut high) = (0i128, PRICE_STEPS);
            let mut price = high;
            for _ in 0..PRICES_MAX {
                let weight = most / PRICE_STEPS * price;
                let weights: Vec<i128> = forms
                    .weights
                    .iter()
                    .enumerate()
                    .map(|(region, own)| if counted(region) { own - weight } else { *own })
                    .collect();
                let Some((cost, outcome)) = self.weigh_anew(limit, plain, &components, &weights) else {
                    return best;
                };
                let reward = weight * i128::from(min.minor());
                let parts = self.problem.parts(&outcome.portions, &stage.masks);
                let is_reached = base(&parts, *bit) >= *min;
                if cost + reward > best.cost {
                    best = Priced { weights, cost: cost + reward, reward };
                }
                if is_reached {
                    self.offer_under(stage, &outcome, &parts, scenario);
                    high = price;
                } else {
                    low = price;
                }
                if high - low < 2 {
                    break;
                }
                price = (low + high) / 2;
            }
        }
        best
    }

    /// The largest total before points that could still come to less than the best after.
    pub(super) fn window(&self, forms: &Forms, least: i128, best: Money) -> Money {
        let Some(points) = self.problem.ticket.points else { return best - Money::from_minor(1) };
        let mut before = forms.bound(least, forms.roundings);
        let mut window = best - Money::from_minor(1);
        let mut at = before;
        for _ in 0..OUTCOMES_MAX {
            let value = points.spendable(at).1;
            if at - value < best {
                window = window.max(best + value - Money::from_minor(1));
            }
            match points.next_threshold(at) {
                Some(next) if next > at && next - points.spendable(next).1 < best => at = next,
                Some(_) | None => break,
            }
            before = before.max(at);
        }
        window
    }
}

/// All components with their options in regions.
fn in_regions(stage: &Stage<'_, '_>, forms: &Forms) -> Vec<Component> {
    let all = 0..stage.components.len();
    all.map(|place| stage.with_regions(place, &mut |mask, line| forms.region(mask, line))).collect()
}

/// What cannot change.
struct Fixed {
    cost: i128,
    sums: Vec<i64>,
    outcome: Outcome,
}

impl Fixed {
    fn new(regions: usize) -> Self {
        Self { cost: 0, sums: vec![0; regions], outcome: Outcome::default() }
    }

    fn add(&mut self, component: &Component, weights: &[i128], least: &Least) {
        for class in &component.classes {
            for single in class.singles.iter().take(1) {
                let sum = single.price.times_count(class.count).minor();
                self.cost += i128::from(sum) * weights[single.region];
                self.sums[single.region] += sum;
            }
        }
        if let Some(outcome) = &least.outcome {
            self.outcome.extend(outcome);
        }
    }

    /// What lies in one region, at the least that it comes to.
    fn add_least(&mut self, region: usize, weight: i128, least: &Least) {
        self.cost += i128::from(least.sum.minor()) * weight;
        self.sums[region] += least.sum.minor();
        if let Some(outcome) = &least.outcome {
            self.outcome.extend(outcome);
        }
    }
}
