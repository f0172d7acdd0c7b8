//! The least total of a ticket, proved.
//!
//! A *scenario* fixes which order and coupon promotions apply and which of
//! their tiers are reached. Within one, what they take off is a constant or a
//! per cent, so the least total is the least weighted sum of what the layers
//! below leave, subject to the thresholds. A scenario whose least sum, were
//! there no thresholds, is not below the best total known needs no further
//! look. Of the others the thresholds that are missed are reached at the least
//! cost, cluster by cluster; and where that says too little, because what an
//! order promotion takes depends on how the goods are shared out, every way
//! that could still win is worked out to the end. What remains is proved.

use std::collections::{BTreeMap, BTreeSet};

use super::component::{Exhausted, Outcome, Portion, Work};
use super::overlay::{self, ADD_ONS_MAX, Best, Choice, Laid, Mask, Overlay, Part};
use super::problem::{Active, Problem, UNITS_MAX, add_on_bit};
use super::rule::{PriceRule, Rule};
use super::work::Effort;
use crate::money::Money;

mod cluster;
mod forms;
mod joint;
mod least;
mod lens;
mod memory;
mod reach;
mod scenario;
mod stage;
mod ways;

use lens::Lens;
pub use memory::Memory;
use memory::Seen;
use reach::Depth;
use scenario::{Effect, Scenario, Scenarios};
use stage::{Plain, Stage};

/// The most choices among promotions that exclude one another.
const CHOICES_MAX: usize = 64;

/// The most levels of an add-on offer that are looked at, beyond what is
/// surely reached.
const ADD_ON_LEVELS_MAX: u32 = 32;

/// The most choices of overlays that are tried on the least sum, to begin with.
const TRIES_MAX: u64 = 256;

/// The steps that it takes to lay out what a scenario supposes.
const SCENARIO_STEPS: u64 = 32;

/// So many portions are laid under overlays in a step.
const PORTIONS_A_STEP: u64 = 4;

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
    pub work: Work<'a>,
    /// What this search has looked up or found out already: its work is counted.
    seen: Seen,
    /// What per cents make of the stage that is being searched.
    lenses: Vec<Lens>,
    found: Option<Found>,
    /// The least bound of what was not searched to the end.
    open_bound: Option<Money>,
}

impl<'a, 'b> Finder<'a, 'b> {
    pub(super) fn new(problem: &'b Problem<'a>, memory: &'b mut Memory, limit: u64) -> Self {
        memory.turn_to(problem.set.version());
        let work = Work::new(limit, problem.asking);
        Self {
            problem,
            memory,
            work,
            seen: Seen::default(),
            lenses: Vec::new(),
            found: None,
            open_bound: None,
        }
    }

    pub(super) fn find(mut self) -> (Found, u64) {
        let (choices, all) = self.problem.choices(CHOICES_MAX);
        if !all {
            self.leave_open(Money::ZERO);
        }
        for choice in &choices {
            if self.problem.asking.is_over() {
                break;
            }
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
            .map(|line| Portion {
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
        if add_ons.is_empty() {
            if let Some(stage) = self.stage(choice, &overlays, &add_ons, &BTreeMap::new(), &BTreeMap::new()) {
                self.search_stage(&stage);
            }
            return;
        }
        // Nothing comes below what could be if every level were within reach.
        let highest: BTreeMap<usize, u32> =
            add_ons.iter().map(|index| (*index, self.add_on_levels(*index))).collect();
        let Some(stage) = self.stage(choice, &overlays, &add_ons, &highest, &highest) else { return };
        let Some(plain) = self.least_plain(&stage) else { return };
        self.offer(&stage, &plain.outcome);
        let (scenarios, left_out) = self.scenarios(&stage, &plain);
        let afar = scenarios.first().map(|(bound, _)| *bound).into_iter().chain(left_out).min();
        let Some(afar) = afar.filter(|afar| !self.is_settled(*afar)) else { return };
        // A level that is reached whatever is done makes those below it needless.
        let surely: BTreeMap<usize, u32> = add_ons
            .iter()
            .enumerate()
            .map(|(place, index)| {
                let others = stage.least_base(&plain.outcomes, add_on_bit(place));
                (*index, self.times_earned(*index, others).min(highest[index]))
            })
            .collect();
        let mut levels: Vec<BTreeMap<usize, u32>> = vec![BTreeMap::new()];
        for index in &add_ons {
            let (least, mut most) = (surely[index], highest[index]);
            if most - least > ADD_ON_LEVELS_MAX {
                most = least + ADD_ON_LEVELS_MAX;
                self.leave_open(afar);
            }
            let longer = |level: &BTreeMap<usize, u32>| {
                let level = level.clone();
                (least..=most).map(move |times| {
                    let mut next = level.clone();
                    next.insert(*index, times);
                    next
                })
            };
            levels = levels.iter().flat_map(longer).collect();
            if levels.len() > CHOICES_MAX {
                // The lowest levels are dropped last: they are always within reach.
                levels.truncate(CHOICES_MAX);
                self.leave_open(afar);
            }
        }
        for level in levels {
            if let Some(stage) = self.stage(choice, &overlays, &add_ons, &level, &surely) {
                self.search_stage(&stage);
            }
        }
    }

    /// How many steps of an add-on offer some other goods are enough for.
    fn times_earned(&self, index: usize, others: Money) -> u32 {
        match self.problem.promotion(index).rule {
            Rule::Price(PriceRule::AddOn { min, .. }) => {
                u32::try_from(others.whole_times(min)).unwrap_or(u32::MAX)
            }
            Rule::Price(PriceRule::Fixed(_) | PriceRule::Percent(_) | PriceRule::Off(_))
            | Rule::Item(_)
            | Rule::Order(_)
            | Rule::Coupon { .. } => 0,
        }
    }

    /// How many steps of an add-on offer could matter.
    fn add_on_levels(&self, index: usize) -> u32 {
        let Rule::Price(PriceRule::AddOn { per, .. }) = self.problem.promotion(index).rule else {
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
        self.times_earned(index, others).min(units.div_ceil(per.max(1)))
    }

    /// `None` where a line has no price that it may be sold at. `level` is how
    /// many steps of each add-on offer are used, `surely` how many are reached
    /// whatever is done.
    fn stage<'c>(
        &mut self,
        choice: &BTreeSet<usize>,
        overlays: &'c [Overlay<'a>],
        add_ons: &'c [usize],
        level: &BTreeMap<usize, u32>,
        surely: &BTreeMap<usize, u32>,
    ) -> Option<Stage<'a, 'c>> {
        let mut add_on_min = Vec::new();
        let mut active = Active { promotions: choice.clone(), add_ons: BTreeMap::new() };
        for (place, index) in add_ons.iter().enumerate() {
            let times = level.get(index).copied().unwrap_or(0);
            if let Rule::Price(PriceRule::AddOn { min, per, .. }) = &self.problem.promotion(*index).rule {
                active.add_ons.insert(*index, times.saturating_mul(*per));
                if times > surely.get(index).copied().unwrap_or(0) {
                    add_on_min.push((add_on_bit(place), min.times_count(times)));
                }
            }
        }
        let (components, whole) = self.problem.components(&active, UNITS_MAX)?;
        let stage = Stage::new(self.problem, self.memory, components, overlays, add_ons, add_on_min);
        if !whole {
            let bound = self.bound_of_all(&stage, &active);
            self.leave_open(bound);
        }
        Some(stage)
    }

    /// What nothing comes below where all units may take part in item rules,
    /// however many they are.
    fn bound_of_all(&mut self, stage: &Stage<'a, '_>, active: &Active) -> Money {
        let Some((components, _)) = self.problem.components(active, u32::MAX) else { return Money::ZERO };
        let mut sum = Money::ZERO;
        for component in &components {
            let merged = component.in_regions(&mut |_, _| 0);
            let most = Work::new(self.problem.effort.alone_work(), self.problem.asking);
            sum += merged.worth_bound(self.problem.set, most, (0, None), &mut self.work.done);
        }
        self.every_scenario(stage, &[], sum).bound(0, &Scenario::default())
    }

    /// The scenarios that could come below the best total known, with what
    /// each cannot come below, least first; and the same of those that there
    /// was no room for.
    fn scenarios(&self, stage: &Stage<'a, '_>, plain: &Plain) -> (Vec<(Money, Scenario)>, Option<Money>) {
        let mut scenarios = self.every_scenario(stage, &plain.bases, plain.bound);
        scenarios.collect(0, &mut Scenario::default());
        let (mut ordered, left_out) = (scenarios.list, scenarios.left_out);
        ordered.sort_by_key(|(bound, _)| *bound);
        (ordered, left_out)
    }

    /// The scenarios of a stage, none of which is collected yet: what the goods
    /// of each overlay come to at least, and what all come to below the overlays.
    fn every_scenario<'c>(
        &'c self,
        stage: &'c Stage<'a, '_>,
        least: &'c [Money],
        sum: Money,
    ) -> Scenarios<'a, 'b, 'c> {
        let most_off =
            |(overlay, most): (&Overlay<'_>, &Money)| overlay::discount(overlay.rule, *most, *most);
        Scenarios {
            finder: self,
            overlays: stage.overlays,
            most: &stage.most,
            most_off: stage.overlays.iter().zip(&stage.most).map(most_off).collect(),
            least,
            sum,
            left: self.problem.effort.scenarios(),
            list: Vec::new(),
            left_out: None,
        }
    }

    fn search_stage(&mut self, stage: &Stage<'a, '_>) {
        let Some(plain) = self.least_plain(stage) else { return };
        self.offer(stage, &plain.outcome);
        self.lenses.clear();
        let (ordered, left_out) = self.scenarios(stage, &plain);
        if let Some(bound) = left_out {
            self.leave_open(bound);
        }
        // What is found quickly settles much of what would take long.
        let mut deeper: Vec<(Money, Scenario)> = Vec::new();
        for (bound, scenario) in ordered {
            if self.is_settled(bound) {
                break;
            }
            match self.searched(stage, &plain, &scenario, bound, Depth::Reached) {
                Ok(Some(bound)) => deeper.push((bound, scenario)),
                Ok(None) => {}
                Err(Exhausted) => {
                    // All that follow are bounded by as much.
                    self.leave_open(bound);
                    break;
                }
            }
        }
        deeper.sort_by_key(|(bound, _)| *bound);
        for (bound, scenario) in deeper {
            if self.is_settled(bound) {
                break;
            }
            if self.problem.effort == Effort::Glance {
                self.leave_open(bound);
                break;
            }
            if let Err(Exhausted) = self.searched(stage, &plain, &scenario, bound, Depth::AllWays) {
                self.leave_open(bound);
                break;
            }
        }
    }

    fn searched(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        scenario: &Scenario,
        bound: Money,
        depth: Depth,
    ) -> Result<Option<Money>, Exhausted> {
        self.work.spend(SCENARIO_STEPS)?;
        self.search_scenario(stage, plain, scenario, bound, depth)
    }

    /// Whether nothing at or above a bound is of interest any more.
    fn is_settled(&self, bound: Money) -> bool {
        self.found.as_ref().is_some_and(|found| bound >= found.best.total)
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

    /// Lays the best of all overlays on an outcome, as far as there is time,
    /// and keeps it where it is the best.
    fn offer(&mut self, stage: &Stage<'a, '_>, outcome: &Outcome) {
        let parts = self.problem.parts(&outcome.portions, &stage.masks);
        if self.is_allowed(stage, outcome, &parts) {
            let best = self.choice(stage.overlays).best(parts);
            self.keep_better(stage, outcome, best);
        }
    }

    /// Lays the overlays of a scenario on an outcome, which they see in parts, and keeps it where it is
    /// the best. Gives the thresholds that it turns out to miss, and by how much.
    fn offer_under(
        &mut self,
        stage: &Stage<'a, '_>,
        outcome: &Outcome,
        parts: &[Part],
        scenario: &Scenario,
    ) -> Vec<(Mask, Money)> {
        self.work.done = self.work.done.saturating_add(parts.len() as u64 / PORTIONS_A_STEP);
        let mut missed = Vec::new();
        let supposed = scenario.total(stage, parts).map(|total| self.after_points_at_least(total));
        let is_dearer = |found: &Found| supposed.is_some_and(|supposed| supposed > found.best.total);
        if self.found.as_ref().is_some_and(is_dearer) {
            return missed;
        }
        if self.is_allowed(stage, outcome, parts) {
            let mut laid = Laid::new(parts.to_vec());
            for (index, effect) in &scenario.effects {
                let overlay = &stage.overlays[*index];
                let (Effect::Constant { min, .. } | Effect::Percent(_, min)) = effect;
                let there = laid.threshold(overlay);
                if there < *min {
                    missed.push((overlay.bit, *min - there));
                }
                laid.lay(*index, overlay);
            }
            let total = self.choice(stage.overlays).after_points(laid.total());
            self.keep_better(stage, outcome, Best { laid, total });
        }
        missed
    }

    /// Whether the add-on prices that were taken are earned.
    fn is_allowed(&self, stage: &Stage<'a, '_>, outcome: &Outcome, parts: &[Part]) -> bool {
        let mut add_ons = stage.add_ons.iter().enumerate();
        add_ons.all(|(place, index)| self.is_earned(*index, place, outcome, parts))
    }

    fn keep_better(&mut self, stage: &Stage<'a, '_>, outcome: &Outcome, best: Best) {
        let units = outcome.portions.iter().filter(|portion| portion.price_promotion.is_some());
        let applications = units.map(|portion| portion.units).fold(0, u32::saturating_add);
        let others = u32::try_from(outcome.applications.len() + best.laid.used.len()).unwrap_or(u32::MAX);
        let applications = applications.saturating_add(others);
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
    }

    /// What a total is at least after points, if it is at least so much before.
    fn after_points_at_least(&self, before: Money) -> Money {
        let Some(points) = self.problem.ticket.points else { return before };
        let now = before - points.spendable(before).1;
        // A little more before may let a further step be spent.
        let next = points.next_threshold(before);
        next.map_or(now, |next| now.min(next - points.spendable(next).1))
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
