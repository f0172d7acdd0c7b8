//! A scenario: the least weighted sum, and the least at which the thresholds
//! that it misses are reached.

use std::sync::Arc;

use super::super::component::{Component, Exhausted, Goal, Outcome, PARTS, Search, WEIGHT_ONE, Work};
use super::super::overlay::Mask;
use super::cluster::{Cluster, GOALS_MAX, Solved};
use super::forms::{Capped, Forms};
use super::least::{COMPONENT_WORK_MAX, Weighing, region_of};
use super::memory::{Reached, Towards};
use super::scenario::{Effect, Scenario};
use super::stage::{Plain, Stage};
use super::{Finder, base};
use crate::money::Money;

/// The most work on putting one cluster together.
const CLUSTER_WORK_MAX: u64 = 60_000;

/// Whatever is beyond it counts as much.
const CAP_MAX: i64 = 1 << 60;

/// How often thresholds are raised by what was missed.
const RAISES_MAX: usize = 3;

/// What reaching some thresholds costs.
enum Reach {
    /// At least so much, and an outcome where one is known.
    At(i128, Option<Outcome>),
    /// More than is of interest.
    OutOfReach,
}

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
        let forms = Forms::new(self, stage, plain, scenario, Capped::Percent);
        if !forms.can_be_reached {
            return Ok(None);
        }
        let Some(by_caps) = self.bound_by_caps(stage, plain, scenario)? else { return Ok(None) };
        let rough = rough.max(by_caps);
        let weighing = self.weigh(stage, plain, &forms)?;
        let mut bound = self.after_points_at_least(forms.bound(weighing.bound, forms.roundings)).max(rough);
        if self.is_settled(bound) {
            return Ok(None);
        }
        let mut outcome = weighing.outcome(|_| true);
        let parts = self.problem.parts(&outcome.portions, &stage.masks);
        let mut missed = Vec::new();
        // What misses a threshold is seldom good for anything.
        if self.found.is_none() || forms.misses_none(&parts) {
            missed = self.offer_under(stage, &outcome, scenario);
            if self.is_settled(bound) {
                return Ok(None);
            }
        }
        // One region that varies, nothing that must be reached: more of it is never less to pay.
        if weighing.whole
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
            let parts = self.problem.parts(&outcome.portions, &stage.masks);
            let before = active.len();
            forms.add_missed(&parts, &mut active);
            if active.len() == before {
                break;
            }
            let found = match self.reach(stage, &forms, &weighing, &active)? {
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
            missed = self.offer_under(stage, &found, scenario);
            if self.is_settled(bound) {
                return Ok(None);
            }
            outcome = found;
        }
        // What order promotions take from each other's goods is made up for: no
        // bound, but something good to begin with.
        let mut raised = active.clone();
        for _ in 0..RAISES_MAX {
            if missed.is_empty() || is_hopeless {
                break;
            }
            let parts = self.problem.parts(&outcome.portions, &stage.masks);
            for (bit, more) in &missed {
                let enough = base(&parts, *bit) + *more;
                match raised.iter_mut().find(|(own, _)| own == bit) {
                    Some((_, min)) => *min = enough.max(*min),
                    None => raised.push((*bit, enough)),
                }
            }
            let Reach::At(_, Some(found)) = self.reach(stage, &forms, &weighing, &raised)? else { break };
            missed = self.offer_under(stage, &found, scenario);
            if self.is_settled(bound) {
                return Ok(None);
            }
            outcome = found;
        }
        if depth == Depth::Reached {
            return Ok(Some(bound));
        }
        if !weighing.whole {
            self.leave_open(bound);
            return Ok(None);
        }
        let priced = self.reach_thresholds(stage, plain, &forms, &weighing, scenario);
        let bound = bound.max(self.after_points_at_least(forms.bound(priced.cost, forms.roundings)));
        if self.is_settled(bound) {
            return Ok(None);
        }
        if is_hopeless && !stage.is_small() {
            self.leave_open(bound);
            return Ok(None);
        }
        self.search_all_ways(stage, &forms, &weighing, scenario, priced, bound)?;
        Ok(None)
    }

    /// What a scenario cannot come below because per cents take off no more
    /// than their caps; `None` where that is of no interest any more.
    fn bound_by_caps(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        scenario: &Scenario,
    ) -> Result<Option<Money>, Exhausted> {
        let is_capped = |(index, effect): &(usize, Effect)| {
            matches!(effect, Effect::Percent(..)) && stage.overlays[*index].rule.cap().is_some()
        };
        if !scenario.effects.iter().any(is_capped) {
            return Ok(Some(Money::ZERO));
        }
        let forms = Forms::new(self, stage, plain, scenario, Capped::Cap);
        let weighing = self.weigh(stage, plain, &forms)?;
        let mut bound = self.after_points_at_least(forms.bound(weighing.bound, forms.roundings));
        let mut outcome = weighing.outcome(|_| true);
        let mut active: Vec<(Mask, Money)> = Vec::new();
        loop {
            if self.is_settled(bound) {
                return Ok(None);
            }
            let before = active.len();
            forms.add_missed(&self.problem.parts(&outcome.portions, &stage.masks), &mut active);
            if active.len() == before {
                return Ok(Some(bound));
            }
            let found = match self.reach(stage, &forms, &weighing, &active)? {
                Reach::OutOfReach => return Ok(None),
                Reach::At(cost, found) => {
                    bound = bound.max(self.after_points_at_least(forms.bound(cost, forms.roundings)));
                    found
                }
            };
            let Some(found) = found else { return Ok(Some(bound).filter(|bound| !self.is_settled(*bound))) };
            self.offer_under(stage, &found, scenario);
            outcome = found;
        }
    }

    /// The least weighted sum at which some thresholds are reached.
    fn reach(
        &mut self,
        stage: &Stage<'a, '_>,
        forms: &Forms,
        weighing: &Weighing,
        active: &[(Mask, Money)],
    ) -> Result<Reach, Exhausted> {
        let Some(best) = self.found.as_ref().map(|found| found.best.total) else {
            return Ok(Reach::At(weighing.bound, None));
        };
        // What is a little further is asked for often.
        let slack = forms.slack(weighing.bound, self.window(forms, weighing.bound, best));
        let fens = u64::try_from(slack / WEIGHT_ONE).unwrap_or(u64::MAX / 4).saturating_add(1);
        let slack = i128::from(fens.min(u64::MAX / 4).next_power_of_two()) * WEIGHT_ONE;
        let mut owners: Vec<Option<usize>> = vec![None; stage.components.len()];
        let mut roots: Vec<usize> = (0..active.len()).collect();
        for (goal, (bit, _)) in active.iter().enumerate() {
            for (place, options) in stage.options.iter().enumerate() {
                if options.all.iter().all(|mask| mask & bit == 0) {
                    continue;
                }
                match owners[place] {
                    None => owners[place] = Some(goal),
                    Some(other) => {
                        let (one, other) = (roots[goal], roots[other]);
                        roots.iter_mut().filter(|root| **root == one).for_each(|root| *root = other);
                    }
                }
            }
        }
        let mut cost = weighing.bound;
        let mut parts: Option<Vec<Outcome>> = Some(Vec::new());
        let mut moved = vec![false; stage.components.len()];
        for root in 0..active.len() {
            let goals: Vec<(Mask, Money)> = active
                .iter()
                .zip(&roots)
                .filter(|(_, own)| **own == root)
                .map(|(goal, _)| *goal)
                .take(GOALS_MAX)
                .collect();
            if goals.is_empty() {
                continue;
            }
            let members: Vec<usize> = (0..owners.len())
                .filter(|place| {
                    owners[*place].is_some()
                        && stage.options[*place]
                            .all
                            .iter()
                            .any(|mask| goals.iter().any(|(bit, _)| mask & bit != 0))
                })
                .collect();
            let solved = self.cluster(stage, forms, weighing, &goals, &members, slack, &mut moved)?;
            let Some((solved, floor)) = solved else { continue };
            if solved.is_out_of_reach {
                return Ok(Reach::OutOfReach);
            }
            cost += solved.bound - floor;
            match (&solved.outcome, &mut parts) {
                (Some(outcome), Some(parts)) => parts.push(outcome.clone()),
                (None, _) => parts = None,
                (Some(_), None) => {}
            }
        }
        let outcome = parts.map(|parts| {
            let mut outcome = weighing.outcome(|place| !moved[place]);
            for part in parts {
                outcome.portions.extend(part.portions);
                outcome.applications.extend(part.applications);
            }
            outcome
        });
        Ok(Reach::At(cost, outcome))
    }

    /// A cluster solved, and what its parts weigh at least without goals.
    /// `moved` notes which components take part; those that cannot change do not.
    #[allow(clippy::too_many_arguments)]
    fn cluster(
        &mut self,
        stage: &Stage<'a, '_>,
        forms: &Forms,
        weighing: &Weighing,
        goals: &[(Mask, Money)],
        members: &[usize],
        slack: i128,
        moved: &mut [bool],
    ) -> Result<Option<(Arc<Solved>, i128)>, Exhausted> {
        let mut mins: Vec<i64> = goals.iter().map(|(_, min)| min.minor().saturating_mul(PARTS)).collect();
        let counts = |mask: Mask| {
            let own = goals.iter().enumerate().filter(|(_, (bit, _))| mask & bit != 0);
            own.fold(0u32, |counts, (place, _)| counts | 1 << place)
        };
        let mut varying = Vec::new();
        for place in members {
            let component = &stage.components[*place];
            if !component.is_fixed() {
                varying.push(*place);
                continue;
            }
            for (class, masks) in component.classes.iter().zip(&stage.options[*place].singles) {
                let sum = class.singles[0].price.times_count(class.count).minor().saturating_mul(PARTS);
                for (goal, min) in mins.iter_mut().enumerate() {
                    if counts(masks[0]) >> goal & 1 == 1 {
                        *min = min.saturating_sub(sum);
                    }
                }
            }
        }
        mins.iter_mut().for_each(|min| *min = (*min).max(0));
        let (mut parts, mut floors, mut slops) = (Vec::new(), Vec::new(), Vec::new());
        for place in varying {
            let mut regions: Vec<(i128, u32)> = Vec::new();
            let component = stage.with_regions(place, &mut |mask, _| {
                region_of(&mut regions, (forms.weight(mask), counts(mask)))
            });
            let weights: Vec<i128> = regions.iter().map(|(weight, _)| *weight).collect();
            // What is a little further is asked for often.
            let caps = mins.iter().map(|min| min.clamp(&0, &CAP_MAX).unsigned_abs().next_power_of_two());
            let goal = Goal {
                counts: regions.iter().map(|(_, counts)| *counts).collect(),
                caps: caps.map(|cap| i64::try_from(cap).unwrap_or(CAP_MAX)).collect(),
            };
            let slop = component.slop(self.problem.set, &weights);
            slops.push(slop);
            floors.push(weighing.parts[place].0);
            parts.push(Arc::new(Towards { component, weights, goal, slack: 2 * slop }));
            moved[place] = true;
        }
        let floor = floors.iter().sum();
        let cluster = Cluster { parts, mins, slack: 0 };
        self.work.spend(1)?;
        // What is the least for sure, or was looked for as far, is known.
        if let Some((known, solved)) = self.seen.latest.get(&cluster)
            && (solved.is_exact || *known >= slack)
        {
            return Ok(Some((solved.clone(), floor)));
        }
        let within = |part: &Arc<Towards>| {
            let part = part.as_ref().clone();
            Arc::new(Towards { slack: part.slack + slack, ..part })
        };
        let widened =
            Cluster { parts: cluster.parts.iter().map(within).collect(), mins: cluster.mins.clone(), slack };
        let solved = self.solve(widened, &floors, &slops)?;
        self.seen.latest.insert(cluster, (slack, solved.clone()));
        Ok(Some((solved, floor)))
    }

    fn solve(&mut self, cluster: Cluster, floors: &[i128], slops: &[i128]) -> Result<Arc<Solved>, Exhausted> {
        let cluster = Arc::new(cluster);
        let known = self.memory.found.solved.get(&cluster).cloned();
        let solved = match known {
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
                for part in &cluster.parts {
                    parts.push(self.reached(part)?);
                }
                let solved = cluster.solve(self.problem.set, parts, floors, slops, CLUSTER_WORK_MAX);
                let solved = Arc::new(solved);
                self.memory.grow(solved.size());
                self.memory.found.solved.insert(cluster.clone(), solved.clone());
                solved
            }
        };
        self.work.spend(solved.work)?;
        Ok(solved)
    }

    /// The ways of a component towards thresholds.
    fn reached(&mut self, part: &Arc<Towards>) -> Result<Arc<Reached>, Exhausted> {
        if let Some(reached) = self.seen.reached.get(part) {
            return Ok(reached.clone());
        }
        let known = self.memory.found.reached.get(part).cloned();
        let reached = known.unwrap_or_else(|| {
            let mut work = Work { done: 0, limit: COMPONENT_WORK_MAX };
            let search = Search::Reach { slack: part.slack, goal: &part.goal };
            let found = part.component.search(self.problem.set, &part.weights, search, &mut work);
            let ways = found.ok().filter(|ways| !ways.cut);
            let reached = Arc::new(Reached { ways, work: work.done });
            self.memory.grow(reached.ways.as_ref().map_or(1, |ways| ways.size()) + part.component.size());
            self.memory.found.reached.insert(part.clone(), reached.clone());
            reached
        });
        self.seen.reached.insert(part.clone(), reached.clone());
        self.work.spend(reached.work)?;
        Ok(reached)
    }
}

impl Component {
    /// Whether there is nothing to choose.
    pub(super) fn is_fixed(&self) -> bool {
        let own = |class: &super::super::component::Class| class.singles.len() == 1 && class.joins.is_empty();
        self.limits.is_empty() && self.classes.iter().all(own)
    }
}
