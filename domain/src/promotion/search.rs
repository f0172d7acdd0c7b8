//! The least total of a ticket, proved.
//!
//! A *scenario* fixes which order and coupon promotions apply and which of
//! their tiers are reached. Within one, what they take off is a constant or a
//! per cent, so the least total is the least weighted sum of what the layers
//! below leave, subject to the thresholds. A scenario whose least sum, were
//! there no thresholds, is not below the best total known needs no further
//! look; the others are searched to the end. What remains is proved.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::component::{Component, Exhausted, Front, Outcome, Search, WEIGHT_ONE, Way, Ways, Work};
use super::overlay::{ADD_ONS_MAX, Best, Choice, Mask, Overlay, Part, times};
use super::problem::{Active, Fits, Kind, Masks, Problem, add_on_bit};
use super::rule::{Layer, OrderRule, PriceRule, Rule};
use super::set::PromotionSet;
use super::ticket::TicketLine;
use crate::money::Money;

/// The most choices among promotions that exclude one another.
const CHOICES_MAX: usize = 64;

/// The most levels of an add-on offer that are looked at.
const ADD_ON_LEVELS_MAX: u32 = 32;

/// The most choices of overlays that are tried on one outcome.
const TRIES_MAX: u64 = 4_096;

/// The most lines of a ticket whose shares of a fen are told apart.
const LINES_APART_MAX: usize = 12;

/// The most scenarios of one choice.
const SCENARIOS_MAX: u64 = 20_000;

/// The most ways of all components together that are kept at a time.
const JOINT_WAYS_MAX: usize = 20_000;

/// The most outcomes of one scenario that are worked out to the end.
const OUTCOMES_MAX: usize = 4_096;

/// The most results of components that are remembered; beyond it all are forgotten.
const REMEMBERED_MAX: usize = 4_096;

/// Prices on a threshold are so many parts of the weight of its goods.
const PRICE_STEPS: i128 = 16;

/// The most prices on a threshold that are tried.
const PRICES_MAX: usize = 5;

/// The most work for the prices of a scenario.
const PRICE_WORK_MAX: u64 = 3_000;

/// What was found out about components, to be used again at the next scan.
///
/// It never changes an answer, only the time it takes.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    version: u64,
    least: HashMap<Arc<Component>, Arc<Least>>,
    fits: HashMap<Kind, Arc<Fits>>,
}

/// The least sum of a component, and what it takes to find it.
#[derive(Debug)]
struct Least {
    /// `None` where some units have no price left to take.
    outcome: Option<Outcome>,
    sum: Money,
    whole: bool,
    work: u64,
}

impl Memory {
    pub(super) fn turn_to(&mut self, version: u64) {
        if self.version != version {
            self.fits.clear();
            self.least.clear();
            self.version = version;
        }
        if self.fits.len() > REMEMBERED_MAX {
            self.fits.clear();
        }
        if self.least.len() > REMEMBERED_MAX {
            self.least.clear();
        }
    }

    /// The promotions whose goods include those of a line.
    pub(super) fn fits(&mut self, set: &PromotionSet, line: &TicketLine) -> Arc<Fits> {
        self.turn_to(set.version());
        self.fits.entry(Kind::of(line)).or_insert_with(|| Arc::new(Fits::find(set, line))).clone()
    }
}

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

/// What a scenario supposes of the overlays.
#[derive(Debug, Clone, Default)]
struct Scenario {
    /// Overlay, and what it takes off.
    effects: Vec<(usize, Effect)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// This much, once its goods come to `min`.
    Constant { off: Money, min: Money },
    /// A per cent is left.
    Percent(u32, Money),
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

/// The scenarios of a stage that could come below the best total known.
struct Scenarios<'a, 'b, 'c> {
    finder: &'c Finder<'a, 'b>,
    overlays: &'c [Overlay<'a>],
    /// The most that each overlay's goods can come to.
    most: &'c [Money],
    /// The least that each overlay's goods can come to before overlays.
    least: &'c [Money],
    /// What the layers below leave at least.
    sum: Money,
    left: u64,
    /// With what each cannot come below.
    list: Vec<(Money, Scenario)>,
    /// What those that there was no room for cannot come below.
    left_out: Option<Money>,
}

impl Scenarios<'_, '_, '_> {
    fn collect(&mut self, next: usize, so_far: &Scenario) {
        let bound = self.bound(next, so_far);
        if self.finder.is_settled(bound) {
            return;
        }
        if self.left == 0 {
            self.left_out = Some(self.left_out.map_or(bound, |least| least.min(bound)));
            return;
        }
        self.left -= 1;
        let Some(overlay) = self.overlays.get(next) else {
            self.list.push((bound, so_far.clone()));
            return;
        };
        if self.fits(overlay, so_far) {
            for effect in effects(overlay.rule, self.most[next], self.least_at_turn(next, so_far)) {
                let mut with = so_far.clone();
                with.effects.push((next, effect));
                self.collect(next + 1, &with);
            }
        }
        self.collect(next + 1, so_far);
    }

    /// Whether nothing that a scenario supposes keeps an overlay away.
    fn fits(&self, overlay: &Overlay<'_>, so_far: &Scenario) -> bool {
        let others = || so_far.effects.iter().map(|(index, _)| &self.overlays[*index]);
        let clash = others().any(|other| (other.layer, other.group) == (overlay.layer, overlay.group));
        let coupons = others().filter(|other| other.layer == Layer::Coupon).count();
        let full = overlay.layer == Layer::Coupon
            && self.finder.problem.ticket.coupons_max.is_some_and(|most| coupons >= most as usize);
        !clash && !full
    }

    /// The least that an overlay's goods can come to at its turn.
    fn least_at_turn(&self, index: usize, so_far: &Scenario) -> Money {
        let overlay = &self.overlays[index];
        let before =
            || so_far.effects.iter().filter(|(index, _)| self.overlays[*index].layer == Layer::Order);
        if overlay.layer == Layer::Coupon && before().any(|(index, _)| !self.overlays[*index].allow_coupon) {
            return Money::ZERO;
        }
        let off = |(index, effect): &(usize, Effect)| match effect {
            Effect::Constant { off, .. } => *off,
            Effect::Percent(..) => self.most_off(*index),
        };
        self.least[index] - so_far.effects.iter().map(off).sum()
    }

    /// The most that an overlay takes off.
    fn most_off(&self, index: usize) -> Money {
        super::overlay::discount(self.overlays[index].rule, self.most[index], self.most[index])
    }

    /// What no scenario comes below that supposes so much, and may suppose
    /// anything of the overlays from `next` on: each takes off the most it can.
    fn bound(&self, next: usize, so_far: &Scenario) -> Money {
        // What is left at each overlay's turn, at which its threshold must be there.
        let mut left = self.sum;
        let mut coupons_off = Money::ZERO;
        for (index, effect) in &so_far.effects {
            let (min, most, percent) = match effect {
                Effect::Constant { off, min } => (*min, *off, 0),
                Effect::Percent(percent, min) => (*min, self.most_off(*index), *percent),
            };
            // Thresholds of coupons look at what the order layer left.
            let before = left.max(min - coupons_off);
            left = (before - most).max(before.percent_floor(percent));
            if self.overlays[*index].layer == Layer::Coupon {
                coupons_off += most;
            }
        }
        let mut off = Money::ZERO;
        let mut groups: Vec<(Layer, usize, Money)> = Vec::new();
        for index in next..self.overlays.len() {
            let overlay = &self.overlays[index];
            if !self.fits(overlay, so_far) {
                continue;
            }
            let own = self.most_off(index);
            let known = groups
                .iter_mut()
                .find(|(layer, group, _)| (*layer, *group) == (overlay.layer, overlay.group));
            match known {
                Some((_, _, most)) => *most = own.max(*most),
                None => groups.push((overlay.layer, overlay.group, own)),
            }
        }
        let mut coupons: Vec<Money> = Vec::new();
        for (layer, _, own) in groups {
            if layer == Layer::Coupon { coupons.push(own) } else { off += own }
        }
        coupons.sort_unstable_by_key(|own| std::cmp::Reverse(*own));
        if let Some(most) = self.finder.problem.ticket.coupons_max {
            let used =
                so_far.effects.iter().filter(|(index, _)| self.overlays[*index].layer == Layer::Coupon);
            coupons.truncate((most as usize).saturating_sub(used.count()));
        }
        off += coupons.into_iter().sum();
        self.finder.after_points_at_least((left - off).max(Money::ZERO))
    }
}

/// What a rule may take off where its goods come to at most so much, and at
/// their turn to at least so much.
fn effects(rule: &OrderRule, most: Money, least: Money) -> Vec<Effect> {
    match rule {
        OrderRule::ThresholdOff { min, off, repeat_max } => {
            let reach = times(*min, *repeat_max, most);
            let constant =
                |times| Effect::Constant { off: off.times_count(times), min: min.times_count(times) };
            (1..=reach).rev().map(constant).collect()
        }
        OrderRule::TieredOff { tiers } => tiers
            .iter()
            .rev()
            .filter(|tier| tier.min <= most)
            .map(|tier| Effect::Constant { off: tier.off, min: tier.min })
            .collect(),
        OrderRule::Percent { pay_percent, min, cap } => {
            let mut effects = Vec::new();
            if *min <= most {
                let capped = cap.map(|cap| (cap, (*min).max(capped_from(*pay_percent, cap))));
                if capped.is_none_or(|(_, from)| least < from) {
                    effects.push(Effect::Percent(*pay_percent, *min));
                }
                if let Some((off, min)) = capped.filter(|(_, from)| *from <= most) {
                    effects.push(Effect::Constant { off, min });
                }
            }
            effects
        }
    }
}

/// Whether an overlay takes from goods that a later one counts in part, and
/// that later one rounds: then the total depends on which lines shares of a
/// fen fall on.
fn shares_matter(stage: &Stage<'_, '_>, scenario: &Scenario, masks: &[(usize, Mask)]) -> bool {
    let masks: BTreeSet<Mask> = masks.iter().map(|(_, mask)| *mask).collect();
    let bit = |index: usize| stage.overlays[index].bit;
    scenario.effects.iter().enumerate().any(|(place, (later, effect))| {
        matches!(effect, Effect::Percent(..))
            && scenario.effects[..place].iter().any(|(earlier, _)| {
                let of_earlier = || masks.iter().filter(|mask| *mask & bit(*earlier) != 0);
                of_earlier().any(|mask| mask & bit(*later) != 0)
                    && of_earlier().any(|mask| mask & bit(*later) == 0)
            })
    })
}

/// The least amount of which a per cent would take off the cap.
fn capped_from(pay_percent: u32, cap: Money) -> Money {
    let one = Money::from_minor(1);
    let mut from = cap.least_whole_of(100 - pay_percent.min(99));
    // Rounding may reach it a little earlier.
    while from > one && (from - one) - (from - one).percent(pay_percent) >= cap {
        from = from - one;
    }
    from
}

/// A scenario as weights and thresholds over regions: what portions come to
/// is summed by which overlays count them.
struct Forms {
    /// Bits that matter here.
    relevant: Mask,
    /// What overlays count of it, and, where shares of a fen matter, the line.
    regions: Vec<(Mask, Option<usize>)>,
    by_line: bool,
    /// Whether the total depends on which lines shares of a fen fall on.
    uneven: bool,
    /// What is left of a minor unit of each region.
    weights: Vec<i128>,
    is_uniform: bool,
    /// What the constants take off at most, weighted.
    off: i128,
    thresholds: Vec<(Mask, Money)>,
    /// What such thresholds look at.
    missed: Mask,
    /// The same, with all that overlays before may take off added.
    certain: Vec<(Mask, Money)>,
    /// Per cents, each of which rounds by at most half a minor unit.
    roundings: i128,
    can_be_reached: bool,
}

impl Forms {
    fn new(finder: &Finder<'_, '_>, stage: &Stage<'_, '_>, plain: &Plain, scenario: &Scenario) -> Self {
        let overlay = |index: usize| &stage.overlays[index];
        let mut relevant: Mask = stage.add_on_min.iter().fold(0, |mask, (bit, _)| mask | bit);
        let mut thresholds = stage.add_on_min.clone();
        let mut certain = Vec::new();
        let (mut taken, mut shrunk, mut barred) = (Money::ZERO, 100u32, false);
        let mut roundings = 0;
        let lines = finder.problem.ticket.lines.len();
        let fens = Money::from_minor(i64::try_from(lines).unwrap_or(i64::MAX));
        // What per cents look at, and thresholds that may be missed.
        let (mut told_apart, mut missed) = (relevant, relevant);
        for (index, effect) in &scenario.effects {
            let (Effect::Constant { min, .. } | Effect::Percent(_, min)) = effect;
            let bit = overlay(*index).bit;
            let coupon = overlay(*index).layer == Layer::Coupon;
            let sure = if barred && coupon {
                Money::from_minor(i64::MAX)
            } else {
                (*min + taken).least_whole_of(shrunk)
            };
            certain.push((bit, sure));
            // It can only take off what is there. Shares of per cents may be a
            // fen off on each line.
            let there = match effect {
                Effect::Constant { off, min } => (*min).max(*off),
                Effect::Percent(_, min) => *min,
            };
            let sure = (there + taken).least_whole_of(shrunk) + fens;
            let is_safe = !(barred && coupon) && plain.bases[*index] >= sure;
            if there.is_positive() && !is_safe {
                thresholds.push((bit, *min));
                missed |= bit;
            }
            match effect {
                Effect::Constant { off, .. } => taken += *off,
                Effect::Percent(percent, _) => {
                    shrunk = shrunk * percent / 100;
                    roundings += 1;
                    told_apart |= bit;
                }
            }
            barred |= !coupon && !overlay(*index).allow_coupon;
            relevant |= bit;
        }
        let masks = finder.all_masks(stage);
        for (place, (index, _)) in scenario.effects.iter().enumerate().rev() {
            // What an overlay takes from goods of a later one depends on what
            // else it counts.
            let bit = overlay(*index).bit;
            let own = || masks.iter().map(|(_, mask)| *mask).filter(|mask| mask & bit != 0);
            let later = scenario.effects[place + 1..].iter().map(|(later, _)| overlay(*later));
            for later in later {
                let in_part =
                    own().any(|mask| mask & later.bit != 0) && own().any(|mask| mask & later.bit == 0);
                if in_part && missed & later.bit != 0 {
                    missed |= bit;
                }
                if later.layer == Layer::Coupon && !overlay(*index).allow_coupon {
                    told_apart |= bit;
                }
            }
        }
        told_apart |= missed;
        let uneven = shares_matter(stage, scenario, &masks);
        let by_line = uneven && lines <= LINES_APART_MAX;
        if uneven {
            roundings += i128::try_from(lines).unwrap_or(0);
        }
        let weight = |mask: Mask, from: usize| {
            let percents = scenario.effects.iter().filter(|(index, _)| *index >= from);
            percents.fold(WEIGHT_ONE, |weight, (index, effect)| match effect {
                Effect::Percent(percent, _) if overlay(*index).bit & mask != 0 => {
                    weight / 100 * i128::from(*percent)
                }
                Effect::Percent(..) | Effect::Constant { .. } => weight,
            })
        };
        let mut off = 0;
        for (index, effect) in &scenario.effects {
            if let Effect::Constant { off: constant, .. } = effect {
                // Later per cents lower it too, where they count all of its goods.
                let own = masks.iter().filter(|(_, mask)| mask & overlay(*index).bit != 0);
                let most = own.map(|(_, mask)| weight(*mask, index + 1)).max().unwrap_or(WEIGHT_ONE);
                off += i128::from(constant.minor()) * most;
            }
        }
        if !uneven {
            relevant = told_apart;
        }
        let mut regions: Vec<(Mask, Option<usize>)> =
            masks.iter().map(|(line, mask)| (mask & relevant, by_line.then_some(*line))).collect();
        regions.sort_unstable();
        regions.dedup();
        let weights: Vec<i128> = regions.iter().map(|(mask, _)| weight(*mask, 0)).collect();
        let is_uniform = weights.iter().all(|weight| Some(weight) == weights.first());
        let can_be_reached = thresholds.iter().all(|(bit, min)| finder.most_base(stage, *bit) >= *min);
        Self {
            relevant,
            by_line,
            uneven,
            regions,
            weights,
            is_uniform,
            off,
            thresholds,
            missed,
            certain,
            roundings,
            can_be_reached,
        }
    }

    /// The weight of a component, where it has one.
    fn one_weight(&self, component: &Component) -> Option<i128> {
        one_weight(component, &self.weights)
    }

    fn region(&self, mask: Mask, line: usize) -> usize {
        let own = (mask & self.relevant, self.by_line.then_some(line));
        self.regions.iter().position(|region| *region == own).unwrap_or(0)
    }

    fn with_regions(
        &self,
        finder: &Finder<'_, '_>,
        stage: &Stage<'_, '_>,
        component: &Component,
    ) -> Component {
        let mut own = component.clone();
        for class in &mut own.classes {
            for single in &mut class.singles {
                single.region =
                    self.region(finder.mask(stage, class.line, single.promotion, None), class.line);
            }
            for join in &mut class.joins {
                let item = Some(component.groups[join.group].promotion);
                let mask = finder.mask(stage, class.line, join.price_promotion, item);
                join.region = self.region(mask, class.line);
            }
        }
        own
    }

    /// Whether what a scenario supposes holds whatever its overlays take
    /// from each other's goods.
    fn surely_met(&self, parts: &[Part]) -> bool {
        self.certain.iter().all(|(bit, min)| base(parts, *bit) >= *min)
    }

    /// What a weighted sum comes to at least.
    fn bound(&self, cost: i128, roundings: i128) -> Money {
        let least = cost - self.off - roundings * WEIGHT_ONE / 2;
        // What is rounded half up is more than half a minor unit less.
        let above = roundings > 0 || least.rem_euclid(WEIGHT_ONE) > 0;
        let up = least.div_euclid(WEIGHT_ONE) + i128::from(above);
        Money::from_minor(i64::try_from(up.max(0)).unwrap_or(i64::MAX))
    }

    /// How far above the least a weighted sum may be to come to at most so much.
    fn slack(&self, least: i128, most: Money) -> i128 {
        (i128::from(most.minor()) * WEIGHT_ONE + self.off + (self.roundings + 1) * WEIGHT_ONE - least).max(0)
    }

    /// Whether all that can be chosen between lies in one region.
    fn vary_one(&self, components: &[Component]) -> bool {
        let mut varying = BTreeSet::new();
        for component in components {
            let fixed = component.groups.is_empty()
                && component.classes.iter().all(|class| class.singles.len() == 1 && class.joins.is_empty());
            if !fixed {
                for class in &component.classes {
                    varying.extend(class.singles.iter().map(|single| single.region));
                    varying.extend(class.joins.iter().map(|join| join.region));
                }
            }
        }
        varying.len() <= 1
    }

    /// The regions of which less could be worse: what a threshold that may be
    /// missed looks at.
    fn exact(&self) -> u128 {
        let regions = self.regions.iter().enumerate().take(128);
        regions
            .filter(|(_, (mask, _))| mask & self.missed != 0)
            .fold(0, |exact, (place, _)| exact | 1 << place)
    }

    fn thresholds_within(&self, sums: &[i64]) -> bool {
        self.thresholds.iter().all(|(bit, min)| {
            let base: i64 = self
                .regions
                .iter()
                .zip(sums)
                .filter(|((mask, _), _)| mask & bit != 0)
                .map(|(_, sum)| *sum)
                .sum();
            base >= min.minor()
        })
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

/// The ways of all components together.
struct Joint {
    ways: Vec<JointWay>,
    steps: Vec<Vec<JointWay>>,
    cut: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct JointWay {
    cost: i128,
    applications: u32,
    sums: Vec<i64>,
    /// The way of the last component, and the joint way of those before it.
    own: usize,
    before: usize,
}

impl Joint {
    fn of(
        all: &[Ways],
        forms: &Forms,
        slack: i128,
        search: Search,
        work: &mut Work,
    ) -> Result<Self, Exhausted> {
        let regions = forms.regions.len();
        let mut steps: Vec<Vec<JointWay>> =
            vec![vec![JointWay { cost: 0, applications: 0, sums: vec![0; regions], own: 0, before: 0 }]];
        let mut cut = false;
        for ways in all {
            let least = ways.ways.first().map_or(0, |way| way.cost);
            let before = steps.last().map_or(&[][..], Vec::as_slice);
            let before_least = before.first().map_or(0, |way| way.cost);
            let mut next: Vec<JointWay> = Vec::new();
            for (place, joint) in before.iter().enumerate() {
                for (own, way) in ways.ways.iter().enumerate() {
                    if joint.cost - before_least + way.cost - least > slack {
                        break;
                    }
                    next.push(joint.with(place, own, way));
                }
            }
            work.spend(next.len() as u64)?;
            next.sort_by(|one, other| {
                (one.cost, one.applications, &one.sums).cmp(&(other.cost, other.applications, &other.sums))
            });
            let mut front = Front::new(search, regions);
            let mut kept: Vec<JointWay> = Vec::new();
            for way in next {
                if !front.takes(&way.sums) {
                    continue;
                }
                if kept.len() == JOINT_WAYS_MAX {
                    cut = true;
                    break;
                }
                kept.push(way);
            }
            steps.push(kept);
        }
        Ok(Self { ways: steps.last().cloned().unwrap_or_default(), steps, cut })
    }

    /// The way of each component in a joint way.
    fn path(&self, way: &JointWay) -> Vec<usize> {
        let mut path = Vec::new();
        let mut here = way;
        for step in (1..self.steps.len()).rev() {
            path.push(here.own);
            here = &self.steps[step - 1][here.before];
        }
        path.reverse();
        path
    }
}

impl JointWay {
    fn with(&self, place: usize, own: usize, way: &Way) -> Self {
        Self {
            cost: self.cost + way.cost,
            applications: self.applications + way.applications,
            sums: self.sums.iter().zip(&way.sums).map(|(one, other)| one + other).collect(),
            own,
            before: place,
        }
    }
}
