//! The least total of a ticket, proved.
//!
//! A *scenario* fixes which order and coupon promotions apply and which of
//! their tiers are reached. Within one, what they take off is a constant or a
//! per cent, so the least total is the least weighted sum of what the layers
//! below leave, subject to the thresholds. A scenario whose least sum, were
//! there no thresholds, is not below the best total known needs no further
//! look; the others are searched to the end. What remains is proved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::component::{Component, Exhausted, Outcome, Search, WEIGHT_ONE, Ways, Work};
use super::overlay::{ADD_ONS_MAX, Best, Choice, Mask, Overlay, Part};
use super::problem::{Active, Masks, Problem, add_on_bit};
use super::rule::{PriceRule, Rule};
use crate::money::Money;

mod forms;
mod joint;
mod memory;
mod scenario;

use forms::{Forms, one_weight};
use joint::Joint;
use memory::Least;
pub use memory::Memory;
use scenario::{Scenario, Scenarios};

/// The most choices among promotions that exclude one another.
const CHOICES_MAX: usize = 64;

/// The most levels of an add-on offer that are looked at.
const ADD_ON_LEVELS_MAX: u32 = 32;

/// The most choices of overlays that are tried on one outcome.
const TRIES_MAX: u64 = 4_096;

/// The most scenarios of one choice.
const SCENARIOS_MAX: u64 = 20_000;

/// The most outcomes of one scenario that are worked out to the end.
const OUTCOMES_MAX: usize = 4_096;

/// Prices on a threshold are so many parts of the weight of its goods.
const PRICE_STEPS: i128 = 16;

/// The most prices on a threshold that are tried.
const PRICES_MAX: usize = 5;

/// The most work for the prices of a scenario.
const PRICE_WORK_MAX: u64 = 3_000;

/// The best that was found, and what is known about better.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub outcome: Outcome,
    pub best: Best,
    pub applications: u32,
    pub overlays: Vec<usize>,
    /// Nothing is below this.
    pub bound: Money,
}

/// Finds the least total.
pub(super) struct Finder<'a, 'b> {
    pub problem: &'b Problem<'a>,
    pub memory: &'b mut Memory,
    pub work: Work,
    found: Option<Found>,
    /// The least bound of what was not searched to the end.
    open_bound: Option<Money>,
}

/// One choice of promotions and add-on levels, ready to be searched.
struct Stage<'a, 'b> {
    components: Vec<Arc<Component>>,
    overlays: &'b [Overlay<'a>],
    masks: Masks,
    add_ons: &'b [usize],
    /// What the goods outside each limited add-on offer must come to.
    add_on_min: Vec<(Mask, Money)>,
}

/// The least that the layers below come to.
struct Plain {
    sum: Money,
    outcome: Outcome,
    /// By component.
    outcomes: Vec<Arc<Least>>,
    /// The least that the goods of each overlay can come to before overlays.
    bases: Vec<Money>,
    /// Whether it is surely the least.
    exact: bool,
}

/// What is known of a scenario before its ways are looked at.
#[derive(Clone, Copy)]
struct Start<'c> {
    plain: &'c Plain,
    forms: &'c Forms,
    components: &'c [Component],
    /// Of the least weighted sum.
    parts: &'c [Part],
    least: i128,
}

/// Weights with a price on a threshold.
struct Priced {
    weights: Vec<i128>,
    /// Nothing that reaches the threshold costs less.
    cost: i128,
    /// What of that is paid for the threshold.
    reward: i128,
}

impl<'a, 'b> Finder<'a, 'b> {
    pub(super) fn new(problem: &'b Problem<'a>, memory: &'b mut Memory, limit: u64) -> Self {
        memory.turn_to(problem.set.version());
        Self { problem, memory, work: Work { done: 0, limit }, found: None, open_bound: None }
    }

    pub(super) fn find(mut self) -> (Found, u64) {
        let (choices, all) = self.problem.choices(CHOICES_MAX);
        if !all {
            self.leave_open(Money::ZERO);
        }
        for choice in &choices {
            self.search_choice(choice);
        }
        let mut found = self.found.take().unwrap_or_else(|| self.regular());
        // Nothing to take off leaves nothing to prove.
        let bound = self.open_bound.map_or(found.best.total, |open| open.min(found.best.total));
        found.bound = bound.max(Money::ZERO);
        (found, self.work.done)
    }

    /// Everything at its regular price: what is left where nothing could be searched.
    fn regular(&self) -> Found {
        let portions = (0..self.problem.ticket.lines.len())
            .map(|line| super::component::Portion {
                line,
                units: self.problem.count(line),
                net: self.problem.ticket.lines[line].goods.gross(),
                price_promotion: None,
                item_promotion: None,
            })
            .collect();
        let outcome = Outcome { portions, applications: Vec::new() };
        let parts = self.problem.parts(&outcome.portions, &self.problem.masks(&[], &[]));
        let best = self.choice(&[]).best(parts);
        Found { outcome, best, applications: 0, overlays: Vec::new(), bound: Money::ZERO }
    }

    fn leave_open(&mut self, bound: Money) {
        self.open_bound = Some(self.open_bound.map_or(bound, |open| open.min(bound)));
    }

    fn choice<'c>(&self, overlays: &'c [Overlay<'a>]) -> Choice<'a, 'c> {
        Choice {
            overlays,
            coupons_max: self.problem.ticket.coupons_max,
            points: self.problem.ticket.points,
            tries: TRIES_MAX,
        }
    }

    fn search_choice(&mut self, choice: &BTreeSet<usize>) {
        let (overlays, all) = self.problem.overlays(choice);
        if !all {
            self.leave_open(Money::ZERO);
        }
        let mut add_ons = self.problem.add_ons(choice);
        if add_ons.len() > ADD_ONS_MAX as usize {
            add_ons.truncate(ADD_ONS_MAX as usize);
            self.leave_open(Money::ZERO);
        }
        let mut all_levels = true;
        let mut levels: Vec<BTreeMap<usize, u32>> = vec![BTreeMap::new()];
        for index in &add_ons {
            let most = self.add_on_levels(*index);
            let longer = |level: &BTreeMap<usize, u32>| {
                let level = level.clone();
                (0..=most).map(move |times| {
                    let mut next = level.clone();
                    next.insert(*index, times);
                    next
                })
            };
            levels = levels.iter().flat_map(longer).collect();
            if levels.len() > CHOICES_MAX {
                // The lowest levels are dropped last: they are always within reach.
                levels.truncate(CHOICES_MAX);
                self.leave_open(Money::ZERO);
                all_levels = false;
            }
        }
        // Nothing comes below what could be if every level were within reach:
        // where that is, the levels need no look.
        if let Some(highest) = levels.last().filter(|_| all_levels && levels.len() > 1)
            && let Some(mut stage) = self.stage(choice, &overlays, &add_ons, highest)
        {
            stage.add_on_min.clear();
            if self.is_settled_from_afar(&stage) {
                return;
            }
        }
        for level in levels {
            if let Some(stage) = self.stage(choice, &overlays, &add_ons, &level) {
                self.search_stage(&stage);
            }
        }
    }

    /// How many steps of an add-on offer could matter.
    fn add_on_levels(&mut self, index: usize) -> u32 {
        let Rule::Price(PriceRule::AddOn { min, per, .. }) = self.problem.promotion(index).rule else {
            return 0;
        };
        let scope = &self.problem.promotion(index).scope;
        let (mut units, mut others) = (0u32, Money::ZERO);
        for (line, sold) in self.problem.ticket.lines.iter().enumerate() {
            if scope.holds(&sold.sku, &sold.category, sold.expires_in_days) {
                units = units.saturating_add(self.problem.count(line));
            } else {
                others += sold.goods.gross();
            }
        }
        let times = u32::try_from(others.whole_times(min)).unwrap_or(u32::MAX);
        let most = times.min(units.div_ceil(per.max(1)));
        if most > ADD_ON_LEVELS_MAX {
            self.leave_open(Money::ZERO);
        }
        most.min(ADD_ON_LEVELS_MAX)
    }

    /// Whether the least sum is reached, and no scenario could come below it.
    fn is_settled_from_afar(&mut self, stage: &Stage<'a, '_>) -> bool {
        let Some(plain) = self.least_plain(stage).filter(|plain| plain.exact) else { return false };
        self.offer(stage, &plain.outcome);
        let (scenarios, left_out) = self.scenarios(stage, &plain);
        self.found.is_some() && scenarios.is_empty() && left_out.is_none()
    }

    /// `None` where a line has no price that it may be sold at.
    fn stage<'c>(
        &mut self,
        choice: &BTreeSet<usize>,
        overlays: &'c [Overlay<'a>],
        add_ons: &'c [usize],
        level: &BTreeMap<usize, u32>,
    ) -> Option<Stage<'a, 'c>> {
        let mut add_on_min = Vec::new();
        let mut active = Active { promotions: choice.clone(), add_ons: BTreeMap::new() };
        for (place, index) in add_ons.iter().enumerate() {
            let times = level.get(index).copied().unwrap_or(0);
            if let Rule::Price(PriceRule::AddOn { min, per, .. }) = &self.problem.promotion(*index).rule {
                active.add_ons.insert(*index, times.saturating_mul(*per));
                if times > 0 {
                    add_on_min.push((add_on_bit(place), min.times_count(times)));
                }
            }
        }
        let (components, whole) = self.problem.components(&active)?;
        if !whole {
            self.leave_open(Money::ZERO);
        }
        let components = components.into_iter().map(Arc::new).collect();
        let masks = self.problem.masks(overlays, add_ons);
        Some(Stage { components, overlays, masks, add_ons, add_on_min })
    }

    /// The scenarios that could come below the best total known, with what
    /// each cannot come below, least first; and the same of those that there
    /// was no room for.
    fn scenarios(&self, stage: &Stage<'a, '_>, plain: &Plain) -> (Vec<(Money, Scenario)>, Option<Money>) {
        let most: Vec<Money> =
            stage.overlays.iter().map(|overlay| self.most_base(stage, overlay.bit)).collect();
        let mut scenarios = Scenarios {
            finder: self,
            overlays: stage.overlays,
            most: &most,
            least: &plain.bases,
            sum: plain.sum,
            left: SCENARIOS_MAX,
            list: Vec::new(),
            left_out: None,
        };
        scenarios.collect(0, &Scenario::default());
        let (mut ordered, left_out) = (scenarios.list, scenarios.left_out);
        ordered.sort_by_key(|(bound, _)| *bound);
        (ordered, left_out)
    }

    fn search_stage(&mut self, stage: &Stage<'a, '_>) {
        let Some(plain) = self.least_plain(stage) else { return };
        self.offer(stage, &plain.outcome);
        if !plain.exact {
            self.leave_open(Money::ZERO);
        }
        let (ordered, left_out) = self.scenarios(stage, &plain);
        if let Some(bound) = left_out {
            self.leave_open(bound);
        }
        for (bound, scenario) in ordered {
            if self.is_settled(bound) {
                break;
            }
            let searched =
                self.work.spend(1).and_then(|()| self.search_scenario(stage, &plain, &scenario, bound));
            if searched.is_err() {
                // All that follow are bounded by as much.
                self.leave_open(bound);
                break;
            }
        }
    }

    /// Whether nothing at or above a bound is of interest any more.
    fn is_settled(&self, bound: Money) -> bool {
        self.found.as_ref().is_some_and(|found| bound >= found.best.total)
    }

    /// The least sum of all components, without any weights. `None` where
    /// some units have no price left to take.
    fn least_plain(&mut self, stage: &Stage<'a, '_>) -> Option<Plain> {
        let mut plain = Plain {
            sum: Money::ZERO,
            outcome: Outcome::default(),
            outcomes: Vec::new(),
            bases: Vec::new(),
            exact: true,
        };
        for component in &stage.components {
            let least = self.remembered(component);
            plain.exact &= least.whole;
            let Some(outcome) = &least.outcome else {
                if !least.whole {
                    self.leave_open(Money::ZERO);
                }
                return None;
            };
            plain.sum += least.sum;
            plain.outcome.portions.extend_from_slice(&outcome.portions);
            plain.outcome.applications.extend_from_slice(&outcome.applications);
            plain.outcomes.push(least);
        }
        plain.bases = self.least_bases(stage, &plain);
        Some(plain)
    }

    fn remembered(&mut self, component: &Arc<Component>) -> Arc<Least> {
        if let Some(least) = self.memory.least.get(component) {
            // What was worked out before costs as much as then, so that the
            // same ticket is always searched equally far.
            self.work.done = self.work.done.saturating_add(least.work);
            return least.clone();
        }
        let before = self.work.done;
        let found = component.search(self.problem.set, &[WEIGHT_ONE], Search::Least, &mut self.work);
        match found {
            Ok(ways) => {
                let least = Arc::new(self.least_of(&ways, self.work.done - before));
                self.memory.least.insert(component.clone(), least.clone());
                least
            }
            Err(Exhausted) => {
                // Without item rules it is always found.
                let mut simple = component.as_ref().clone();
                for class in &mut simple.classes {
                    class.joins.clear();
                    class.singles.retain(|single| single.takes.is_empty());
                }
                simple.groups.clear();
                simple.limits.clear();
                let mut work = Work { done: 0, limit: u64::MAX };
                let ways = simple.search(self.problem.set, &[WEIGHT_ONE], Search::Least, &mut work);
                let least = self.least_of(&ways.unwrap_or_else(|Exhausted| Ways::none()), 0);
                Arc::new(Least { whole: false, ..least })
            }
        }
    }

    fn least_of(&self, ways: &Ways, work: u64) -> Least {
        let outcome = (!ways.ways.is_empty()).then(|| ways.outcome(self.problem.set, 0));
        let portions = outcome.iter().flat_map(|outcome| &outcome.portions);
        let sum = portions.map(|portion| portion.net).sum();
        Least { outcome, sum, whole: !ways.cut, work }
    }

    /// Whether other goods come to enough for the add-on prices that were taken.
    fn is_earned(&self, index: usize, place: usize, outcome: &Outcome, parts: &[Part]) -> bool {
        let Rule::Price(PriceRule::AddOn { min, per, .. }) = self.problem.promotion(index).rule else {
            return true;
        };
        let own = outcome.portions.iter().filter(|portion| portion.price_promotion == Some(index));
        let units: u32 = own.map(|portion| portion.units).sum();
        base(parts, add_on_bit(place)) >= min.times_count(units.div_ceil(per.max(1)))
    }

    /// Works an outcome out to the end, and keeps it where it is the best.
    fn offer(&mut self, stage: &Stage<'a, '_>, outcome: &Outcome) -> Money {
        let parts = self.problem.parts(&outcome.portions, &stage.masks);
        if !stage
            .add_ons
            .iter()
            .enumerate()
            .all(|(place, index)| self.is_earned(*index, place, outcome, &parts))
        {
            return Money::from_minor(i64::MAX);
        }
        let best = self.choice(stage.overlays).best(parts);
        if !best.complete {
            self.leave_open(Money::ZERO);
        }
        let units = outcome.portions.iter().filter(|portion| portion.price_promotion.is_some());
        let applications = units.map(|portion| portion.units).sum::<u32>()
            + u32::try_from(outcome.applications.len() + best.laid.used.len()).unwrap_or(u32::MAX);
        let total = best.total;
        let better = match &self.found {
            None => true,
            Some(found) => {
                (total, applications) < (found.best.total, found.applications)
                    || (total, applications) == (found.best.total, found.applications)
                        && nets(&best) < nets(&found.best)
            }
        };
        if better {
            self.found = Some(Found {
                outcome: outcome.clone(),
                best,
                applications,
                overlays: stage.overlays.iter().map(|overlay| overlay.promotion).collect(),
                bound: Money::ZERO,
            });
        }
        total
    }

    /// The most that the goods of an overlay can come to below it.
    fn most_base(&self, stage: &Stage<'a, '_>, bit: Mask) -> Money {
        let mut most = Money::ZERO;
        for component in &stage.components {
            for class in &component.classes {
                let price = class
                    .singles
                    .iter()
                    .filter(|single| self.mask(stage, class.line, single.promotion, None) & bit != 0)
                    .map(|single| single.price)
                    .chain(
                        class
                            .joins
                            .iter()
                            .filter(|join| {
                                let item = Some(component.groups[join.group].promotion);
                                self.mask(stage, class.line, join.price_promotion, item) & bit != 0
                            })
                            .map(|join| join.price),
                    )
                    .max();
                most += price.unwrap_or_default().times_count(class.count);
            }
        }
        most
    }

    /// Whatever masks the portions of each line may have.
    fn all_masks(&self, stage: &Stage<'a, '_>) -> Vec<(usize, Mask)> {
        let mut masks = Vec::new();
        for component in &stage.components {
            for class in &component.classes {
                let singles = class.singles.iter().map(|single| (single.promotion, None));
                let joins = class
                    .joins
                    .iter()
                    .map(|join| (join.price_promotion, Some(component.groups[join.group].promotion)));
                let of_line = |(price, item)| (class.line, self.mask(stage, class.line, price, item));
                masks.extend(singles.chain(joins).map(of_line));
            }
        }
        masks.sort_unstable();
        masks.dedup();
        masks
    }

    /// The least that the goods of each overlay can come to: what those
    /// components come to that it counts whatever is done to them.
    fn least_bases(&self, stage: &Stage<'a, '_>, plain: &Plain) -> Vec<Money> {
        let counted = |component: &Component| {
            component.classes.iter().fold(Mask::MAX, |mask, class| {
                let singles = class.singles.iter().map(|single| (single.promotion, None));
                let joins = class
                    .joins
                    .iter()
                    .map(|join| (join.price_promotion, Some(component.groups[join.group].promotion)));
                singles
                    .chain(joins)
                    .fold(mask, |mask, (price, item)| mask & self.mask(stage, class.line, price, item))
            })
        };
        let counted: Vec<Mask> = stage.components.iter().map(|component| counted(component)).collect();
        let least = |bit: Mask| -> Money {
            let own = counted.iter().zip(&plain.outcomes).filter(|(mask, _)| **mask & bit != 0);
            own.map(|(_, least)| least.sum).sum()
        };
        let overlays = stage.overlays.iter().map(|overlay| overlay.bit);
        overlays.map(|bit| if plain.exact { least(bit) } else { Money::ZERO }).collect()
    }

    fn mask(&self, stage: &Stage<'a, '_>, line: usize, price: Option<usize>, item: Option<usize>) -> Mask {
        self.problem.mask(&stage.masks, line, price, item)
    }

    /// What a total is at least after points, if it is at least so much before.
    fn after_points_at_least(&self, before: Money) -> Money {
        let Some(points) = self.problem.ticket.points else { return before };
        let now = before - points.spendable(before).1;
        // A little more before may let a further step be spent.
        let next = points.next_threshold(before);
        next.map_or(now, |next| now.min(next - points.spendable(next).1))
    }

    fn search_scenario(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        scenario: &Scenario,
        rough: Money,
    ) -> Result<(), Exhausted> {
        let forms = Forms::new(self, stage, plain, scenario);
        if !forms.can_be_reached {
            return Ok(());
        }
        let components: Vec<Component> =
            stage.components.iter().map(|component| forms.with_regions(self, stage, component)).collect();
        // First the least weighted sum, thresholds or not.
        let mut least = 0i128;
        let mut outcome = Outcome::default();
        let mut cut = false;
        if forms.is_uniform {
            cut |= !plain.exact;
            least = i128::from(plain.sum.minor()) * forms.weights.first().copied().unwrap_or(WEIGHT_ONE);
            outcome = plain.outcome.clone();
        } else {
            for (place, component) in components.iter().enumerate() {
                if let Some(weight) = forms.one_weight(component) {
                    let known = &plain.outcomes[place];
                    cut |= !known.whole;
                    least += i128::from(known.sum.minor()) * weight;
                    if let Some(part) = &known.outcome {
                        outcome.portions.extend_from_slice(&part.portions);
                        outcome.applications.extend_from_slice(&part.applications);
                    }
                    continue;
                }
                match component.search(self.problem.set, &forms.weights, Search::Least, &mut self.work) {
                    Ok(ways) => {
                        cut |= ways.cut;
                        least += ways.ways.first().map_or(0, |way| way.cost);
                        let part = ways.outcome(self.problem.set, 0);
                        outcome.portions.extend(part.portions);
                        outcome.applications.extend(part.applications);
                    }
                    Err(Exhausted) => {
                        self.leave_open(rough);
                        return Ok(());
                    }
                }
            }
        }
        if cut {
            self.leave_open(rough);
        }
        let slop = forms.roundings;
        let bound = forms.bound(least, slop);
        let settled = self.after_points_at_least(bound).max(rough);
        if self.is_settled(settled) {
            return Ok(());
        }
        self.offer(stage, &outcome);
        if self.is_settled(settled) {
            return Ok(());
        }
        // One region that varies, nothing that must be reached: more of it is never less to pay.
        let parts = self.problem.parts(&outcome.portions, &stage.masks);
        if forms.surely_met(&parts)
            && !forms.uneven
            && forms.vary_one(&components)
            && self.problem.ticket.points.is_none()
            && stage.add_on_min.is_empty()
        {
            return Ok(());
        }
        let start = Start { plain, forms: &forms, components: &components, parts: &parts, least };
        self.search_all_ways(stage, &start, settled)
    }

    /// Every way that could still be better, worked out to the end.
    #[allow(clippy::too_many_arguments)]
    fn search_all_ways(
        &mut self,
        stage: &Stage<'a, '_>,
        start: &Start<'_>,
        bound: Money,
    ) -> Result<(), Exhausted> {
        let Start { forms, components, least, .. } = *start;
        let priced = self.reach_thresholds(stage, start);
        let bound = bound.max(self.after_points_at_least(forms.bound(priced.cost, forms.roundings)));
        if self.is_settled(bound) {
            return Ok(());
        }
        let Some(best) = self.found.as_ref().map(|found| found.best.total) else { return Ok(()) };
        // Whatever reaches the threshold costs at most so much above the least,
        // priced as here. A price makes ways alike, so it must leave far fewer.
        let slack_of = |cost: i128| forms.slack(cost, self.window(forms, cost, best));
        let unpriced = Priced { weights: forms.weights.clone(), cost: least, reward: 0 };
        let worth = slack_of(priced.cost) <= slack_of(least) / 2;
        let priced = if worth { priced } else { unpriced };
        let slack = slack_of(priced.cost);
        // Where thresholds are met anyway, less of everything is never worse.
        let exact =
            if forms.uneven || self.problem.ticket.points.is_some() { u128::MAX } else { forms.exact() };
        let search = Search::Frontier { slack, exact };
        let mut all: Vec<Ways> = Vec::new();
        let mut cut = false;
        for component in components {
            match component.search(self.problem.set, &priced.weights, search, &mut self.work) {
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
        let joint = Joint::of(&all, forms, slack, search, &mut self.work)?;
        cut |= joint.cut;
        let mut tried = 0;
        for way in joint.ways.iter() {
            let here = self.after_points_at_least(forms.bound(way.cost + priced.reward, forms.roundings));
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
            let mut outcome = Outcome::default();
            for (ways, index) in all.iter().zip(joint.path(way)) {
                let part = ways.outcome(self.problem.set, index);
                outcome.portions.extend(part.portions);
                outcome.applications.extend(part.applications);
            }
            self.offer(stage, &outcome);
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
    fn reach_thresholds(&mut self, stage: &Stage<'a, '_>, start: &Start<'_>) -> Priced {
        let Start { plain, forms, components, parts, least } = *start;
        let mut best = Priced { weights: forms.weights.clone(), cost: least, reward: 0 };
        let limit = self.work.limit.min(self.work.done + PRICE_WORK_MAX);
        for (bit, min) in &forms.thresholds {
            if base(parts, *bit) >= *min {
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
                let Some((cost, outcome)) = self.least_weighted(limit, plain, components, &weights) else {
                    return best;
                };
                let reward = weight * i128::from(min.minor());
                let parts = self.problem.parts(&outcome.portions, &stage.masks);
                let is_reached = base(&parts, *bit) >= *min;
                if cost + reward > best.cost {
                    best = Priced { weights, cost: cost + reward, reward };
                }
                if is_reached {
                    self.offer(stage, &outcome);
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

    /// The least weighted sum of all components, where it is found with little work.
    fn least_weighted(
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
            let ways = component.search(self.problem.set, weights, Search::Least, &mut work);
            self.work.done = work.done;
            let ways = ways.ok().filter(|ways| !ways.cut)?;
            cost += ways.ways.first()?.cost;
            let part = ways.outcome(self.problem.set, 0);
            outcome.portions.extend(part.portions);
            outcome.applications.extend(part.applications);
        }
        Some((cost, outcome))
    }

    /// The largest total before points that could still come to less than the best after.
    fn window(&self, forms: &Forms, least: i128, best: Money) -> Money {
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

fn nets(best: &Best) -> Vec<Money> {
    let mut nets: BTreeMap<usize, Money> = BTreeMap::new();
    for part in &best.laid.parts {
        *nets.entry(part.line).or_default() += part.net;
    }
    nets.into_values().collect()
}

fn base(parts: &[Part], bit: Mask) -> Money {
    parts.iter().filter(|part| part.mask & bit != 0).map(|part| part.net).sum()
}
