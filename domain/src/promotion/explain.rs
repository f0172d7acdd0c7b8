//! What almost applied, and what is missing; said so that a cashier can read
//! it to a customer.

use std::collections::BTreeSet;

use super::overlay::Overlay;
use super::problem::Problem;
use super::rule::{Layer, OrderRule};
use super::search::Found;
use super::ticket::Unmet;
use crate::money::Money;

/// The most promotions that are said to have almost applied.
pub const MISSED_MAX: usize = 32;

/// A promotion about goods of this ticket that did not apply, or not in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Its place in the [`super::PromotionSet`].
    pub promotion: usize,
    /// What is missing.
    pub lacking: Lacking,
}

/// What a promotion would need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// So much more of its goods; then it takes off so much, or so much more.
    Amount {
        /// What must be added.
        missing: Money,
        /// What it takes off then, beyond what it takes off now.
        off: Money,
    },
    /// So many more units.
    Units(u32),
    /// A condition that this occasion does not meet.
    Condition(Unmet),
    /// Nothing: what was chosen instead takes off more.
    Outdone,
}

/// Everything that almost applied: what lacks least first, as far as [`MISSED_MAX`].
pub(super) fn missed(
    problem: &Problem<'_>,
    found: &Found,
    overlays: &[Overlay<'_>],
    applied: &BTreeSet<usize>,
) -> Vec<Missed> {
    let mut missed: Vec<Missed> = Vec::new();
    let parts = problem.parts(&found.outcome.portions, &problem.masks(overlays, &[]));
    for index in &problem.candidates {
        let promotion = problem.promotion(*index);
        let lacking = match promotion.layer() {
            Layer::Price if applied.contains(index) => None,
            Layer::Price => problem.lowers_anything(*index).then_some(Lacking::Outdone),
            Layer::Item => units_lacking(problem, *index, applied.contains(index)),
            Layer::Order | Layer::Coupon => {
                let base = match overlays.iter().find(|overlay| overlay.promotion == *index) {
                    Some(overlay) => {
                        parts.iter().filter(|part| part.mask & overlay.bit != 0).map(|part| part.net).sum()
                    }
                    None => problem.whole_net(*index, &found.outcome.portions),
                };
                promotion.order_rule().and_then(|rule| amount_lacking(rule, base, applied.contains(index)))
            }
        };
        if let Some(lacking) = lacking {
            missed.push(Missed { promotion: *index, lacking });
        }
    }
    for (index, why) in &problem.unmet {
        missed.push(Missed { promotion: *index, lacking: Lacking::Condition(*why) });
    }
    missed.sort_by_key(|missed| match missed.lacking {
        Lacking::Amount { missing, .. } => (0, missing, missed.promotion),
        Lacking::Units(units) => (1, Money::from_minor(i64::from(units)), missed.promotion),
        Lacking::Condition(_) => (2, Money::ZERO, missed.promotion),
        Lacking::Outdone => (3, Money::ZERO, missed.promotion),
    });
    missed.truncate(MISSED_MAX);
    missed
}

/// What is missing to the next step of a rule.
fn amount_lacking(rule: &OrderRule, base: Money, applied: bool) -> Option<Lacking> {
    let to = |min: Money, off: Money| Some(Lacking::Amount { missing: min - base, off });
    match rule {
        OrderRule::ThresholdOff { min, off, repeat_max } => {
            let times = super::overlay::times(*min, *repeat_max, base);
            if times < *repeat_max {
                to(min.times_count(times.saturating_add(1)), *off)
            } else {
                (!applied).then_some(Lacking::Outdone)
            }
        }
        OrderRule::TieredOff { tiers } => {
            let now = tiers.iter().rev().find(|tier| tier.min <= base).map_or(Money::ZERO, |tier| tier.off);
            match tiers.iter().find(|tier| tier.min > base) {
                Some(next) => to(next.min, next.off - now),
                None => (!applied).then_some(Lacking::Outdone),
            }
        }
        OrderRule::Percent { min, pay_percent, .. } => {
            if base < *min {
                to(*min, *min - min.percent(*pay_percent))
            } else {
                (!applied).then_some(Lacking::Outdone)
            }
        }
    }
}

/// Units that are missing to a first application.
fn units_lacking(problem: &Problem<'_>, index: usize, applied: bool) -> Option<Lacking> {
    if applied {
        return None;
    }
    match problem.units_missing(index) {
        0 => Some(Lacking::Outdone),
        missing => Some(Lacking::Units(missing)),
    }
}
