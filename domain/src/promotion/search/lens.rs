//! A stage as the per cents of a scenario show it: what its components weigh
//! at least, and the clusters of those that count for thresholds.
//!
//! Scenarios with the same per cents weigh everything alike, so they share a
//! lens: of what reaches a threshold, only how much is wanted differs.

use std::sync::Arc;

use super::super::component::{Component, Exhausted, Outcome, PARTS, WEIGHT_ONE};
use super::super::overlay::{Mask, Part};
use super::Finder;
use super::cluster::Solved;
use super::forms::{Forms, weight_of};
use super::memory::{Least, ShapeId};
use super::stage::{Plain, Stage};

/// What per cents make of a stage.
pub(super) struct Lens {
    /// Per cents, by what they count.
    percents: Vec<(Mask, u32)>,
    /// Nothing weighs less.
    pub bound: i128,
    /// Whether the outcomes are surely the least.
    pub whole: bool,
    /// By component: what it weighs at least, and the outcome.
    pub least: Vec<(i128, Arc<Least>)>,
    /// All of these outcomes, and how overlays see them.
    pub outcome: Arc<Outcome>,
    pub parts: Arc<Vec<Part>>,
    pub plans: Vec<Plan>,
}

/// The components that count for some thresholds, and how.
pub(super) struct Plan {
    /// The thresholds, by what they count.
    bits: Vec<Mask>,
    /// What comes to each threshold whatever is chosen, in parts of a minor unit.
    pub fixed: Vec<i64>,
    pub members: Vec<PlanMember>,
    /// What was found for some minimums, within some slack.
    pub solved: Vec<(Vec<i64>, i128, Arc<Solved>)>,
}

/// A component of a plan.
pub(super) struct PlanMember {
    pub place: usize,
    pub shape: ShapeId,
    /// Of each region its weight, and a bit for each side that it counts for.
    pub regions: Vec<(i128, u32)>,
    /// The side that counts for each threshold; `None` where none of it does.
    /// Thresholds that count the same of a component are one side of it.
    pub sides: Vec<Option<usize>>,
    /// The most that can come to each side, in parts of a minor unit.
    pub most: Vec<i64>,
    /// No way weighs less.
    pub floor: i128,
    /// By how much ways could weigh less than they say.
    pub slop: i128,
    /// No way weighs so much more than the least.
    pub range: i128,
}

impl<'a> Finder<'a, '_> {
    /// The lens of a scenario's per cents, by its place.
    pub(super) fn lens(
        &mut self,
        stage: &Stage<'a, '_>,
        plain: &Plain,
        forms: &Forms,
    ) -> Result<usize, Exhausted> {
        self.work.spend(1)?;
        if let Some(known) = self.lenses.iter().position(|lens| lens.percents == forms.percents) {
            return Ok(known);
        }
        let mut lens = Lens {
            percents: forms.percents.clone(),
            bound: 0,
            whole: true,
            least: Vec::new(),
            outcome: Arc::default(),
            parts: Arc::default(),
            plans: Vec::new(),
        };
        let mut outcome = Outcome::default();
        for (place, known) in plain.outcomes.iter().enumerate() {
            let masks = &stage.options[place].masks;
            let weights: Vec<i128> = masks.iter().map(|mask| weight_of(&lens.percents, *mask)).collect();
            let (first, others) = weights.split_first().unwrap_or((&WEIGHT_ONE, &[]));
            let (bound, least) = if others.iter().all(|weight| weight == first) {
                (i128::from(known.bound.minor()) * first, known.clone())
            } else {
                let least = self.least_weighted(stage, place, weights, known)?;
                (least.cost_bound, least)
            };
            lens.bound += bound;
            lens.whole &= least.whole;
            if let Some(part) = &least.outcome {
                outcome.extend(part);
            }
            lens.least.push((bound, least));
        }
        lens.parts = Arc::new(self.problem.parts(&outcome.portions, &stage.masks));
        lens.outcome = Arc::new(outcome);
        self.lenses.push(lens);
        Ok(self.lenses.len() - 1)
    }

    /// The plan of a lens for some thresholds, by its place.
    pub(super) fn plan(&mut self, stage: &Stage<'a, '_>, lens: usize, bits: &[Mask]) -> usize {
        let known = &mut self.lenses[lens];
        if let Some(place) = known.plans.iter().position(|plan| plan.bits == bits) {
            return place;
        }
        let all = bits.iter().fold(0, |all, bit| all | bit);
        let mut plan =
            Plan { bits: bits.to_vec(), fixed: vec![0; bits.len()], members: Vec::new(), solved: Vec::new() };
        for (place, options) in stage.options.iter().enumerate() {
            if options.any & all == 0 {
                continue;
            }
            let component = &stage.components[place];
            if component.is_fixed() {
                for class in &component.classes {
                    let mask = options.masks[class.singles[0].region];
                    let sum = class.singles[0].price.times_count(class.count).minor().saturating_mul(PARTS);
                    let all = bits.iter().zip(&mut plan.fixed);
                    all.filter(|(bit, _)| mask & **bit != 0)
                        .for_each(|(_, fixed)| *fixed = fixed.saturating_add(sum));
                }
                continue;
            }
            let weights: Vec<i128> =
                options.masks.iter().map(|mask| weight_of(&known.percents, *mask)).collect();
            let slop = component.slop(self.problem.set, &weights);
            let floor = known.least[place].0;
            let shape = stage.shapes[place];
            let mut member = PlanMember::new(component, shape, weights, &options.masks, bits);
            member.place = place;
            member.floor = floor;
            member.slop = slop;
            member.range = (component.weighs_at_most(&member.regions) - floor).max(0);
            plan.members.push(member);
        }
        known.plans.push(plan);
        known.plans.len() - 1
    }
}

impl PlanMember {
    fn new(component: &Component, shape: ShapeId, weights: Vec<i128>, masks: &[Mask], bits: &[Mask]) -> Self {
        // Thresholds that count the same regions are one side.
        let mut columns: Vec<Vec<bool>> = Vec::new();
        let mut sides = Vec::new();
        for bit in bits {
            let column: Vec<bool> = masks.iter().map(|mask| mask & bit != 0).collect();
            sides.push(column.contains(&true).then(|| super::least::region_of(&mut columns, column)));
        }
        let counts = |region: usize| {
            let own = columns.iter().enumerate().filter(|(_, column)| column[region]);
            own.fold(0u32, |counts, (side, _)| counts | 1 << side)
        };
        let regions = weights.into_iter().enumerate().map(|(region, weight)| (weight, counts(region)));
        let regions: Vec<(i128, u32)> = regions.collect();
        let most = columns.iter().map(|column| component.brings_at_most(column)).collect();
        Self { place: 0, shape, regions, sides, most, floor: 0, slop: 0, range: 0 }
    }
}

impl Component {
    /// The most that can come to a side which counts some regions, in parts of a minor unit.
    fn brings_at_most(&self, counted: &[bool]) -> i64 {
        let of_class = |class: &super::super::component::Class| {
            let singles = class.singles.iter().map(|single| (single.price, single.region));
            let own = singles.chain(class.joins.iter().map(|join| (join.price, join.region)));
            let most = own.filter(|(_, region)| counted[*region]).map(|(price, _)| price).max();
            most.unwrap_or_default().times_count(class.count).minor()
        };
        let sum: i64 = self.classes.iter().map(of_class).fold(0, i64::saturating_add);
        sum.saturating_mul(PARTS)
    }

    /// The most that any way weighs.
    fn weighs_at_most(&self, regions: &[(i128, u32)]) -> i128 {
        let of_class = |class: &super::super::component::Class| {
            let singles = class.singles.iter().map(|single| (single.price, single.region));
            let own = singles.chain(class.joins.iter().map(|join| (join.price, join.region)));
            let weighed = own.map(|(price, region)| i128::from(price.minor()) * regions[region].0);
            weighed.max().unwrap_or(0) * i128::from(class.count)
        };
        self.classes.iter().map(of_class).sum()
    }
}
