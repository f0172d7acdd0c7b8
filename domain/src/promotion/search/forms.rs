//! A scenario as weights and thresholds over regions.

use super::super::component::WEIGHT_ONE;
use super::super::overlay::{Mask, Part};
use super::super::rule::Layer;
use super::scenario::{Effect, Scenario, shares_matter};
use super::stage::{Plain, Stage};
use super::{Finder, base};
use crate::money::Money;

/// The most lines of a ticket whose shares of a fen are told apart.
pub(super) const LINES_APART_MAX: usize = 12;

/// A scenario as weights and thresholds over regions: what portions come to
/// is summed by which overlays count them.
pub(super) struct Forms {
    /// Bits that matter here.
    pub(super) relevant: Mask,
    /// What overlays count of it, and, where shares of a fen matter, the line.
    pub(super) regions: Vec<(Mask, Option<usize>)>,
    pub(super) by_line: bool,
    /// Whether the total depends on which lines shares of a fen fall on.
    pub(super) uneven: bool,
    /// What is left of a minor unit of each region.
    pub(super) weights: Vec<i128>,
    /// Per cents, by what they count.
    pub(super) percents: Vec<(Mask, u32)>,
    /// What the constants take off at most, weighted.
    pub(super) off: i128,
    pub(super) thresholds: Vec<(Mask, Money)>,
    /// What such thresholds look at.
    pub(super) missed: Mask,
    /// The same, with all that overlays before may take off added.
    pub(super) certain: Vec<(Mask, Money)>,
    /// Per cents, each of which rounds by at most half a minor unit.
    pub(super) roundings: i128,
    pub(super) can_be_reached: bool,
}

/// What is supposed of per cents that are taken off up to a cap: overlays, and
/// how many of the hundredths that each takes off count. Of the cap as much
/// counts as is left: of a fifth, 20 supposes the per cent, 0 the cap, and 5 a
/// quarter of the per cent and three quarters of the cap. What is really taken
/// off is the less of the two, so no such mix of them is below it. Where an
/// overlay is not among them its per cent counts.
pub(super) type Mix = [(usize, u32)];

impl Forms {
    pub(super) fn new(
        finder: &Finder<'_, '_>,
        stage: &Stage<'_, '_>,
        plain: &Plain,
        scenario: &Scenario,
        mix: &Mix,
    ) -> Self {
        // What counts as a per cent, where anything does, and what as a
        // constant, weighted.
        let counted = |index: usize, effect: &Effect| -> (Option<u32>, i128) {
            match effect {
                Effect::Constant { off, .. } => (None, i128::from(off.minor()) * WEIGHT_ONE),
                Effect::Percent(percent, _) => {
                    let whole = 100u32.saturating_sub(*percent);
                    let own = mix.iter().find(|(other, _)| *other == index).map(|(_, counts)| *counts);
                    let counts = own.unwrap_or(whole).min(whole);
                    let cap = stage.overlays[index].rule.cap().filter(|_| counts < whole);
                    let Some(cap) = cap else { return (Some(*percent), 0) };
                    let (whole, left) = (i128::from(whole), i128::from(whole - counts));
                    let constant = (i128::from(cap.minor()) * WEIGHT_ONE * left + whole - 1) / whole;
                    ((counts > 0).then_some(100 - counts), constant)
                }
            }
        };
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
        for (place, (index, effect)) in scenario.effects.iter().enumerate() {
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
                thresholds.push((bit, needed(stage, scenario, place, *min, fens)));
                missed |= bit;
            }
            match effect {
                Effect::Constant { off, .. } => taken += *off,
                Effect::Percent(percent, _) => {
                    shrunk = shrunk * percent / 100;
                    if counted(*index, effect).0.is_some() {
                        roundings += 1;
                        told_apart |= bit;
                    }
                }
            }
            barred |= !coupon && !overlay(*index).allow_coupon;
            relevant |= bit;
        }
        let masks = &stage.distinct;
        for (place, (index, _)) in scenario.effects.iter().enumerate().rev() {
            // What an overlay takes from goods of a later one depends on what
            // else it counts.
            let bit = overlay(*index).bit;
            for (later, _) in &scenario.effects[place + 1..] {
                if missed & overlay(*later).bit != 0 && stage.is_in_part(*index, *later) {
                    missed |= bit;
                }
                if overlay(*later).layer == Layer::Coupon && !overlay(*index).allow_coupon {
                    told_apart |= bit;
                }
            }
        }
        told_apart |= missed;
        let uneven = shares_matter(stage, scenario);
        let by_line = uneven && lines <= LINES_APART_MAX;
        if uneven {
            roundings += i128::try_from(lines).unwrap_or(0);
        }
        let weight = |mask: Mask, from: usize| {
            let percents = scenario.effects.iter().filter(|(index, _)| *index >= from);
            percents.fold(WEIGHT_ONE, |weight, (index, effect)| match counted(*index, effect).0 {
                Some(percent) if overlay(*index).bit & mask != 0 => weight / 100 * i128::from(percent),
                Some(_) | None => weight,
            })
        };
        let mut off = 0;
        for (place, (index, effect)) in scenario.effects.iter().enumerate() {
            let (_, constant) = counted(*index, effect);
            if constant > 0 {
                // Later per cents lower it too, where they count all of its goods.
                let lowers = |(later, effect): &(usize, Effect)| {
                    counted(*later, effect).0.is_some() && stage.meets(*index, *later)
                };
                let most = if scenario.effects[place + 1..].iter().any(lowers) {
                    let own = masks.iter().filter(|mask| **mask & overlay(*index).bit != 0);
                    own.map(|mask| weight(*mask, index + 1)).max().unwrap_or(WEIGHT_ONE)
                } else {
                    WEIGHT_ONE
                };
                off += lowered(constant, most);
            }
        }
        if !uneven {
            relevant = told_apart;
        }
        let mut regions: Vec<(Mask, Option<usize>)> = if by_line {
            stage.line_masks.iter().map(|(line, mask)| (mask & relevant, Some(*line))).collect()
        } else {
            masks.iter().map(|mask| (mask & relevant, None)).collect()
        };
        regions.sort_unstable();
        regions.dedup();
        let weights: Vec<i128> = regions.iter().map(|(mask, _)| weight(*mask, 0)).collect();
        let can_be_reached = thresholds.iter().all(|(bit, min)| stage.most_of(*bit) >= *min);
        let percents = scenario
            .effects
            .iter()
            .filter_map(|(index, effect)| Some((overlay(*index).bit, counted(*index, effect).0?)));
        Self {
            percents: percents.collect(),
            relevant,
            by_line,
            uneven,
            regions,
            weights,
            off,
            thresholds,
            missed,
            certain,
            roundings,
            can_be_reached,
        }
    }

    pub(super) fn region(&self, mask: Mask, line: usize) -> usize {
        let own = (mask & self.relevant, self.by_line.then_some(line));
        self.regions.iter().position(|region| *region == own).unwrap_or(0)
    }

    /// Whether what a scenario supposes holds whatever its overlays take
    /// from each other's goods.
    pub(super) fn surely_met(&self, parts: &[Part]) -> bool {
        self.certain.iter().all(|(bit, min)| base(parts, *bit) >= *min)
    }

    /// Whether some portions reach every threshold.
    pub(super) fn misses_none(&self, parts: &[Part]) -> bool {
        self.thresholds.iter().all(|(bit, min)| base(parts, *bit) >= *min)
    }

    /// Puts the thresholds that some portions miss among those to be reached.
    pub(super) fn add_missed(&self, parts: &[Part], active: &mut Vec<(Mask, Money)>) {
        for (bit, min) in &self.thresholds {
            if base(parts, *bit) < *min && !active.contains(&(*bit, *min)) {
                active.push((*bit, *min));
            }
        }
    }

    /// What a weighted sum comes to at least.
    pub(super) fn bound(&self, cost: i128, roundings: i128) -> Money {
        let least = cost - self.off - roundings * WEIGHT_ONE / 2;
        // What is rounded half up is more than half a minor unit less.
        let above = roundings > 0 || least.rem_euclid(WEIGHT_ONE) > 0;
        let up = least.div_euclid(WEIGHT_ONE) + i128::from(above);
        Money::from_minor(i64::try_from(up.max(0)).unwrap_or(i64::MAX))
    }

    /// How far above the least a weighted sum may be to come to at most so
    /// much: what [`Forms::bound`] says of it is no more.
    pub(super) fn slack(&self, least: i128, most: Money) -> i128 {
        (i128::from(most.minor()) * WEIGHT_ONE + self.off + self.roundings * WEIGHT_ONE / 2 - least).max(0)
    }

    /// Whether all that can be chosen between lies in one region.
    pub(super) fn vary_one(&self, stage: &Stage<'_, '_>) -> bool {
        let own = stage.varying.iter().map(|place| &stage.options[*place]);
        let mut varying = own.flat_map(|options| &options.masks).map(|mask| mask & self.relevant);
        let first = varying.next();
        varying.all(|mask| Some(mask) == first)
    }

    /// The regions of which less could be worse: what a threshold that may be
    /// missed looks at.
    pub(super) fn exact(&self) -> u128 {
        let regions = self.regions.iter().enumerate().take(128);
        regions
            .filter(|(_, (mask, _))| mask & self.missed != 0)
            .fold(0, |exact, (place, _)| exact | 1 << place)
    }

    pub(super) fn thresholds_within(&self, sums: &[i64]) -> bool {
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

/// A weighted amount of which so much of each minor unit is left, rounded up.
fn lowered(amount: i128, weight: i128) -> i128 {
    // Amounts are below 10^14 minor units, so that their product fits where it is taken apart.
    let (whole, rest) = (amount / WEIGHT_ONE, amount % WEIGHT_ONE);
    whole * weight + (rest * weight + WEIGHT_ONE - 1) / WEIGHT_ONE
}

/// What per cents leave of a minor unit of goods with such a mask.
pub(super) fn weight_of(percents: &[(Mask, u32)], mask: Mask) -> i128 {
    let own = percents.iter().filter(|(bit, _)| mask & bit != 0);
    own.fold(WEIGHT_ONE, |weight, (_, percent)| weight / 100 * i128::from(*percent))
}

/// What the goods of an overlay must come to at least before any overlay, to
/// be `min` at its turn: those of the order layer that come before take from
/// them what they take, where all of the one's goods are among the other's.
/// Shares may be off by so many `fens`.
fn needed(stage: &Stage<'_, '_>, scenario: &Scenario, place: usize, min: Money, fens: Money) -> Money {
    let own = scenario.effects[place].0;
    let mut need = i128::from(min.minor());
    let fens = i128::from(fens.minor()) + 1;
    for (index, effect) in scenario.effects[..place].iter().rev() {
        let earlier = &stage.overlays[*index];
        if earlier.layer != Layer::Order {
            continue;
        }
        let most = i128::from(stage.most[*index].minor());
        let (is_within, holds) = (stage.is_within(*index, own), stage.is_within(own, *index));
        let before = match effect {
            Effect::Constant { off, min } if off <= min => {
                let off = i128::from(off.minor());
                if is_within {
                    need + off
                } else if holds && off < most {
                    (need - fens) * most / (most - off)
                } else {
                    need
                }
            }
            Effect::Constant { .. } => need,
            Effect::Percent(percent, min) => {
                let percent = i128::from((*percent).min(100));
                if holds && percent > 0 {
                    (need - fens) * 100 / percent
                } else if is_within {
                    need + i128::from(min.minor()) * (100 - percent) / 100 - 1
                } else {
                    need
                }
            }
        };
        need = need.max(before);
    }
    Money::from_minor(i64::try_from(need).unwrap_or(i64::MAX))
}
