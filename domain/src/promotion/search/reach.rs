//! A scenario: the least weighted sum, and the least at which the thresholds
//! that it misses are reached.

use std::sync::Arc;

use super::super::component::{Component, Exhausted, Goal, Outcome, PARTS, Search, WEIGHT_ONE, Work};
use super::super::overlay::{Mask, Part};
use super::super::problem::Problem;
use super::cluster::{Cluster, GOALS_MAX, Solved};
use super::forms::{Forms, Mix};
use super::least::region_of;
use super::lens::PlanMember;
use super::memory::{Reached, Towards};
use super::scenario::{Effect, Scenario, capped_from};
use super::stage::{Plain, Stage};
use super::{Finder, base};
use crate::money::Money;

/// Whatever is beyond it counts as much.
const CAP_MAX: i64 = 1 << 60;

/// How often thresholds are raised by what was missed.
const RAISES_MAX: usize = 3;

/// What reaching some thresholds costs.
enum Reach {
    /// At least so much, and the ways to it where they are known.
    At(i128, Option<Vec<Moved>>),
    /// More than is of interest.
    OutOfReach,
}

/// A plan of a lens, and the ways that its components take.
type Moved = (usize, Arc<Solved>);

/// How far a scenario is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Thresholds are reached at the least cost.
    Reached,
    /// Where that leaves a gap, every way that could still win is worked out.
    AllWays,
}

impl<'a> Finder<'a, '_> {
    /// Searches a scenario. Gives what it cannot come below where it must be
    /// searched deeper; `None` where it is settled, or left open.
    pub(super) fn search_scenario(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        scenario: &Scenario,
        rough: Money,
        depth: Depth,
    ) -> Result<Option<Money>, Exhausted> {
        let forms = Forms::new(self, stage, plain, scenario, &[]);
        if !forms.can_be_reached {
            return Ok(None);
        }
        let lens = self.lens(stage, plain, &forms)?;
        let (least, whole) = (self.lenses[lens].bound, self.lenses[lens].whole);
        let mut bound = self.after_points_at_least(forms.bound(least, forms.roundings)).max(rough);
        if self.is_settled(bound) {
            return Ok(None);
        }
        let caps = capped(stage, scenario);
        if !caps.is_empty() {
            let all: Vec<(usize, u32)> = caps.iter().map(|cap| (cap.overlay, 0)).collect();
            let Some((by_caps, _)) = self.bound_by_mix(stage, plain, scenario, &all)? else {
                return Ok(None);
            };
            bound = bound.max(by_caps);
        }
        let (mut outcome, mut parts) = (self.lenses[lens].outcome.clone(), self.lenses[lens].parts.clone());
        let mut missed = Vec::new();
        // What misses a threshold is seldom good for anything.
        if self.found.is_none() || forms.misses_none(&parts) {
            missed = self.offer_under(stage, &outcome, &parts, scenario);
            if self.is_settled(bound) {
                return Ok(None);
            }
        }
        // One region that varies, nothing that must be reached: more of it is never less to pay.
        if whole
            && forms.surely_met(&parts)
            && !forms.uneven
            && forms.vary_one(stage)
            && self.problem.ticket.points.is_none()
            && stage.add_on_min.is_empty()
        {
            return Ok(None);
        }
        let mut active: Vec<(Mask, Money)> = Vec::new();
        let mut is_hopeless = false;
        loop {
            let before = active.len();
            forms.add_missed(&parts, &mut active);
            if active.len() == before {
                break;
            }
            let found = match self.reach(stage, &forms, lens, &active)? {
                Reach::OutOfReach => return Ok(None),
                Reach::At(cost, found) => {
                    bound = bound.max(self.after_points_at_least(forms.bound(cost, forms.roundings)));
                    found
                }
            };
            if self.is_settled(bound) {
                return Ok(None);
            }
            let Some(found) = found else {
                // More ways than can be looked at here are too many to be looked at together.
                is_hopeless = true;
                break;
            };
            outcome = Arc::new(self.moved(lens, &found));
            parts = Arc::new(self.problem.parts(&outcome.portions, &stage.masks));
            missed = self.offer_under(stage, &outcome, &parts, scenario);
            if self.is_settled(bound) {
                return Ok(None);
            }
        }
        // What order promotions take from each other's goods is made up for: no
        // bound, but something good to begin with.
        let mut raised = active.clone();
        for _ in 0..RAISES_MAX {
            if missed.is_empty() || is_hopeless {
                break;
            }
            for (bit, more) in &missed {
                let enough = base(&parts, *bit) + *more;
                match raised.iter_mut().find(|(own, _)| own == bit) {
                    Some((_, min)) => *min = enough.max(*min),
                    None => raised.push((*bit, enough)),
                }
            }
            let Reach::At(_, Some(found)) = self.reach(stage, &forms, lens, &raised)? else { break };
            outcome = Arc::new(self.moved(lens, &found));
            parts = Arc::new(self.problem.parts(&outcome.portions, &stage.masks));
            missed = self.offer_under(stage, &outcome, &parts, scenario);
            if self.is_settled(bound) {
                return Ok(None);
            }
        }
        if depth == Depth::Reached {
            let Some(mixed) = self.bound_by_mixes(stage, plain, scenario, &caps)? else { return Ok(None) };
            let bound = bound.max(mixed);
            if self.is_settled(bound) {
                return Ok(None);
            }
            return Ok(Some(bound));
        }
        if !whole {
            self.leave_open(bound);
            return Ok(None);
        }
        let priced = self.reach_thresholds(stage, plain, &forms, lens, scenario);
        let bound = bound.max(self.after_points_at_least(forms.bound(priced.cost, forms.roundings)));
        if self.is_settled(bound) {
            return Ok(None);
        }
        if is_hopeless && !stage.is_small() {
            self.leave_open(bound);
            return Ok(None);
        }
        self.search_all_ways(stage, &forms, lens, scenario, priced, bound)?;
        Ok(None)
    }

    /// What a scenario cannot come below whatever of a cap is supposed: the
    /// highest bound of some mixes of each per cent with its cap, one after the
    /// other; `None` where that is of no interest any more.
    fn bound_by_mixes(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        scenario: &Scenario,
        caps: &[Capped],
    ) -> Result<Option<Money>, Exhausted> {
        let mut mix: Vec<(usize, u32)> = caps.iter().map(|cap| (cap.overlay, 0)).collect();
        let mut highest = Money::ZERO;
        for (place, cap) in caps.iter().enumerate() {
            let mut best = 0;
            // Nothing but the per cent, then what lies between it and the cap.
            let (mut low, mut high, mut counts) = (0, cap.whole, cap.whole);
            loop {
                mix[place].1 = counts;
                let Some((bound, parts)) = self.bound_by_mix(stage, plain, scenario, &mix)? else {
                    return Ok(None);
                };
                if bound > highest {
                    (highest, best) = (bound, counts);
                }
                // Goods of which the per cent would be more than the cap are
                // taken as long as the cap counts too little.
                if base(&parts, stage.overlays[cap.overlay].bit) >= cap.from {
                    high = counts;
                } else {
                    low = counts;
                }
                if high - low < 2 {
                    break;
                }
                counts = low.midpoint(high);
            }
            mix[place].1 = best;
        }
        Ok(Some(highest))
    }

    /// What a scenario cannot come below with such a mix of per cents and their
    /// caps, and what comes to that; `None` where it is of no interest any more.
    #[allow(clippy::type_complexity)]
    fn bound_by_mix(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        scenario: &Scenario,
        mix: &Mix,
    ) -> Result<Option<(Money, Arc<Vec<Part>>)>, Exhausted> {
        let forms = Forms::new(self, stage, plain, scenario, mix);
        let lens = self.lens(stage, plain, &forms)?;
        let mut bound = self.after_points_at_least(forms.bound(self.lenses[lens].bound, forms.roundings));
        let mut parts = self.lenses[lens].parts.clone();
        let mut active: Vec<(Mask, Money)> = Vec::new();
        loop {
            if self.is_settled(bound) {
                return Ok(None);
            }
            let before = active.len();
            forms.add_missed(&parts, &mut active);
            if active.len() == before {
                return Ok(Some((bound, parts)));
            }
            let found = match self.reach(stage, &forms, lens, &active)? {
                Reach::OutOfReach => return Ok(None),
                Reach::At(cost, found) => {
                    bound = bound.max(self.after_points_at_least(forms.bound(cost, forms.roundings)));
                    found
                }
            };
            if self.is_settled(bound) {
                return Ok(None);
            }
            let Some(found) = found else { return Ok(Some((bound, parts))) };
            let outcome = self.moved(lens, &found);
            parts = Arc::new(self.problem.parts(&outcome.portions, &stage.masks));
            self.offer_under(stage, &outcome, &parts, scenario);
        }
    }

    /// The least weighted sum at which some thresholds are reached.
    fn reach(
        &mut self,
        stage: &Stage<'a, '_>,
        forms: &Forms,
        lens: usize,
        active: &[(Mask, Money)],
    ) -> Result<Reach, Exhausted> {
        let least = self.lenses[lens].bound;
        let Some(best) = self.found.as_ref().map(|found| found.best.total) else {
            return Ok(Reach::At(least, None));
        };
        // What is a little further is asked for often.
        let slack = whole_slack(forms.slack(least, self.window(forms, least, best)));
        let mut cost = least;
        let mut ways: Option<Vec<Moved>> = Some(Vec::new());
        for goals in together(stage, active) {
            let (plan, solved) = self.cluster(stage, lens, &goals, slack)?;
            if solved.is_out_of_reach {
                return Ok(Reach::OutOfReach);
            }
            let members = &self.lenses[lens].plans[plan].members;
            cost += solved.bound - members.iter().map(|member| member.floor).sum::<i128>();
            match (&mut ways, solved.chosen.is_some()) {
                (Some(ways), true) => ways.push((plan, solved)),
                (Some(_), false) => ways = None,
                (None, _) => {}
            }
        }
        Ok(Reach::At(cost, ways))
    }

    /// What a lens's outcome becomes where some of its components take other ways.
    fn moved(&self, lens: usize, ways: &[Moved]) -> Outcome {
        let lens = &self.lenses[lens];
        let mut is_moved = vec![false; lens.least.len()];
        let members = |plan: usize| lens.plans[plan].members.iter();
        ways.iter().flat_map(|(plan, _)| members(*plan)).for_each(|member| is_moved[member.place] = true);
        let mut outcome = Outcome::default();
        for ((_, least), is_moved) in lens.least.iter().zip(is_moved) {
            if let Some(part) = least.outcome.as_ref().filter(|_| !is_moved) {
                outcome.extend(part);
            }
        }
        for (_, solved) in ways {
            solved.add_to(&mut outcome, self.problem.set);
        }
        outcome
    }

    /// A cluster solved, and its plan. What cannot change takes no part.
    fn cluster(
        &mut self,
        stage: &Stage<'a, '_>,
        lens: usize,
        goals: &[(Mask, Money)],
        slack: i128,
    ) -> Result<(usize, Arc<Solved>), Exhausted> {
        self.work.spend(1)?;
        let bits: Vec<Mask> = goals.iter().map(|(bit, _)| *bit).collect();
        let place = self.plan(stage, lens, &bits);
        let plan = &self.lenses[lens].plans[place];
        let wanted = goals.iter().zip(&plan.fixed);
        let mins: Vec<i64> = wanted
            .map(|((_, min), fixed)| min.minor().saturating_mul(PARTS).saturating_sub(*fixed).max(0))
            .collect();
        // What is the least for sure, or was looked for as far, is known.
        let known = plan.solved.iter().find(|(known, within, solved)| {
            if *known == mins {
                return solved.is_exact || *within >= slack;
            }
            let is_less = known.iter().zip(&mins).all(|(known, min)| known <= min);
            let there = || solved.sums.iter().zip(&mins).all(|(sum, min)| sum >= min);
            is_less && (solved.is_exact && there() || solved.is_out_of_reach && *within >= slack)
        });
        if let Some((_, _, solved)) = known {
            return Ok((place, solved.clone()));
        }
        let parts = plan.members.iter().map(|member| member.towards(&mins, slack)).collect();
        let cluster = Cluster { parts, mins: mins.clone(), slack };
        let solved = self.solve(stage, (lens, place), cluster)?;
        self.lenses[lens].plans[place].solved.push((mins, slack, solved.clone()));
        Ok((place, solved))
    }

    fn solve(
        &mut self,
        stage: &Stage<'a, '_>,
        (lens, plan): (usize, usize),
        cluster: Cluster,
    ) -> Result<Arc<Solved>, Exhausted> {
        if let Some(solved) = self.seen.solved.get(&cluster) {
            return Ok(solved.clone());
        }
        let solved = match self.memory.solved(&cluster) {
            Some(solved) => {
                for (part, reached) in cluster.parts.iter().zip(&solved.parts) {
                    if !self.seen.reached.contains_key(part) {
                        self.seen.reached.insert(part.clone(), reached.clone());
                        self.work.spend(reached.work)?;
                    }
                }
                solved
            }
            None => {
                let mut parts = Vec::new();
                for (member, part) in cluster.parts.iter().enumerate() {
                    let place = self.lenses[lens].plans[plan].members[member].place;
                    parts.push(self.reached(&stage.components[place], part)?);
                }
                let members = &self.lenses[lens].plans[plan].members;
                let most = Work::new(self.problem.effort.cluster_work(), self.problem.asking);
                let solved = Arc::new(cluster.solve(members, parts, most));
                self.memory.keep_solved(cluster.clone(), self.problem.asking, solved.clone());
                solved
            }
        };
        self.seen.solved.insert(cluster, solved.clone());
        self.work.spend(solved.work)?;
        Ok(solved)
    }

    /// The ways of a component towards thresholds.
    fn reached(&mut self, component: &Component, part: &Arc<Towards>) -> Result<Arc<Reached>, Exhausted> {
        if let Some(reached) = self.seen.reached.get(part) {
            return Ok(reached.clone());
        }
        let problem = self.problem;
        let find = || Arc::new(find_ways(problem, component, part));
        let reached = self.memory.reached(part, problem.asking, find);
        self.seen.reached.insert(part.clone(), reached.clone());
        self.work.spend(reached.work)?;
        Ok(reached)
    }
}

fn find_ways(problem: &Problem<'_>, component: &Component, part: &Towards) -> Reached {
    let mut regions: Vec<(i128, u32)> = Vec::new();
    let merged = component.in_regions(&mut |own, _| region_of(&mut regions, part.regions[own]));
    let weights: Vec<i128> = regions.iter().map(|(weight, _)| *weight).collect();
    let goal = Goal { counts: regions.iter().map(|(_, counts)| *counts).collect(), caps: part.caps.clone() };
    let mut work = Work::new(problem.effort.component_work(), problem.asking);
    let search = Search::Reach { slack: part.slack, goal: &goal };
    let found = merged.search(problem.set, &weights, search, &mut work);
    Reached { ways: found.ok().filter(|ways| !ways.cut), work: work.done }
}

/// A per cent of a scenario that is taken off up to a cap.
struct Capped {
    overlay: usize,
    /// How many hundredths it takes off.
    whole: u32,
    /// The least amount of which that is the cap.
    from: Money,
}

fn capped(stage: &Stage<'_, '_>, scenario: &Scenario) -> Vec<Capped> {
    let own = |(index, effect): &(usize, Effect)| match effect {
        Effect::Percent(percent, _) => {
            let cap = stage.overlays[*index].rule.cap()?;
            let whole = 100u32.saturating_sub(*percent);
            Some(Capped { overlay: *index, whole, from: capped_from(*percent, cap) })
        }
        Effect::Constant { .. } => None,
    };
    scenario.effects.iter().filter_map(own).collect()
}

/// A slack in whole minor units, of which there are few.
fn whole_slack(slack: i128) -> i128 {
    let minor = u64::try_from(slack / WEIGHT_ONE).unwrap_or(u64::MAX / 4).saturating_add(1);
    i128::from(minor.min(u64::MAX / 4).next_power_of_two()) * WEIGHT_ONE
}

impl PlanMember {
    /// What is asked of it within a slack; no more than it could give.
    fn towards(&self, mins: &[i64], slack: i128) -> Arc<Towards> {
        let mut caps = vec![0u64; self.most.len()];
        for (side, min) in self.sides.iter().zip(mins) {
            if let Some(side) = side {
                caps[*side] = caps[*side].max(min.clamp(&0, &CAP_MAX).unsigned_abs());
            }
        }
        let cap = |(cap, most): (&u64, &i64)| {
            let cap = *cap.min(&most.clamp(&0, &CAP_MAX).unsigned_abs());
            i64::try_from(cap.next_power_of_two()).unwrap_or(CAP_MAX)
        };
        Arc::new(Towards {
            shape: self.shape,
            regions: self.regions.clone(),
            caps: caps.iter().zip(&self.most).map(cap).collect(),
            slack: slack.min(whole_slack(self.range)) + 2 * self.slop,
        })
    }
}

/// Thresholds by the components that they share: apart from the others.
fn together(stage: &Stage<'_, '_>, active: &[(Mask, Money)]) -> Vec<Vec<(Mask, Money)>> {
    let mut roots: Vec<usize> = (0..active.len()).collect();
    for place in &stage.varying {
        let mut owner: Option<usize> = None;
        for (goal, (bit, _)) in active.iter().enumerate() {
            if stage.options[*place].any & bit == 0 {
                continue;
            }
            match owner {
                None => owner = Some(roots[goal]),
                Some(other) => {
                    let one = roots[goal];
                    roots.iter_mut().filter(|root| **root == one).for_each(|root| *root = other);
                }
            }
        }
    }
    let of = |root: usize| -> Vec<(Mask, Money)> {
        let own = active.iter().zip(&roots).filter(|(_, own)| **own == root);
        own.map(|(goal, _)| *goal).take(GOALS_MAX).collect()
    };
    (0..active.len()).map(of).filter(|goals| !goals.is_empty()).collect()
}
