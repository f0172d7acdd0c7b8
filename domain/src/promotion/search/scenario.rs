//! What may be supposed of order and coupon promotions.

use super::super::overlay::{Overlay, Part, times};
use super::super::rule::{Layer, OrderRule};
use super::Finder;
use super::stage::Stage;
use crate::money::Money;

/// What it takes to say what a scenario cannot come below, in steps; they are not counted as work.
const BOUND_STEPS: u64 = 8;

/// What a scenario supposes of the overlays.
#[derive(Debug, Clone, Default)]
pub(super) struct Scenario {
    /// Overlay, and what it takes off.
    pub(super) effects: Vec<(usize, Effect)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// This much, once its goods come to `min`.
    Constant { off: Money, min: Money },
    /// A per cent is left.
    Percent(u32, Money),
}

/// The scenarios of a stage that could come below the best total known.
pub(super) struct Scenarios<'a, 'b, 'c> {
    pub(super) finder: &'c Finder<'a, 'b>,
    pub(super) overlays: &'c [Overlay<'a>],
    /// The most that each overlay's goods can come to.
    pub(super) most: &'c [Money],
    /// The most that each overlay takes off.
    pub(super) most_off: Vec<Money>,
    /// The least that each overlay's goods can come to before overlays.
    pub(super) least: &'c [Money],
    /// What the layers below leave at least.
    pub(super) sum: Money,
    pub(super) left: u64,
    /// With what each cannot come below.
    pub(super) list: Vec<(Money, Scenario)>,
    /// What those that there was no room for cannot come below.
    pub(super) left_out: Option<Money>,
}

impl Scenarios<'_, '_, '_> {
    pub(super) fn collect(&mut self, next: usize, so_far: &mut Scenario) {
        if self.finder.problem.asking.note(BOUND_STEPS) {
            return;
        }
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
            let (effects, all) = effects(overlay.rule, self.most[next], self.least_at_turn(next, so_far));
            if !all {
                self.left_out = Some(self.left_out.map_or(bound, |least| least.min(bound)));
            }
            for effect in effects {
                so_far.effects.push((next, effect));
                self.collect(next + 1, so_far);
                so_far.effects.pop();
            }
        }
        self.collect(next + 1, so_far);
    }

    /// Whether nothing that a scenario supposes keeps an overlay away.
    pub(super) fn fits(&self, overlay: &Overlay<'_>, so_far: &Scenario) -> bool {
        let others = || so_far.effects.iter().map(|(index, _)| &self.overlays[*index]);
        let clash = others().any(|other| (other.layer, other.group) == (overlay.layer, overlay.group));
        let coupons = others().filter(|other| other.layer == Layer::Coupon).count();
        let full = overlay.layer == Layer::Coupon
            && self.finder.problem.ticket.coupons_max.is_some_and(|most| coupons >= most as usize);
        !clash && !full
    }

    /// The least that an overlay's goods can come to at its turn.
    pub(super) fn least_at_turn(&self, index: usize, so_far: &Scenario) -> Money {
        let overlay = &self.overlays[index];
        let before =
            || so_far.effects.iter().filter(|(index, _)| self.overlays[*index].layer == Layer::Order);
        if overlay.layer == Layer::Coupon && before().any(|(index, _)| !self.overlays[*index].allow_coupon) {
            return Money::ZERO;
        }
        let off = |(index, effect): &(usize, Effect)| match effect {
            Effect::Constant { off, .. } => *off,
            Effect::Percent(..) => self.most_off[*index],
        };
        self.least[index] - so_far.effects.iter().map(off).sum()
    }

    /// What no scenario comes below that supposes so much, and may suppose
    /// anything of the overlays from `next` on: each takes off the most it can.
    pub(super) fn bound(&self, next: usize, so_far: &Scenario) -> Money {
        // What is left at each overlay's turn, at which its threshold must be there.
        let mut left = self.sum;
        let mut coupons_off = Money::ZERO;
        for (index, effect) in &so_far.effects {
            let (min, most, percent) = match effect {
                Effect::Constant { off, min } => (*min, *off, 0),
                Effect::Percent(percent, min) => (*min, self.most_off[*index], *percent),
            };
            // Thresholds of coupons look at what the order layer left.
            let before = left.max(min - coupons_off);
            left = (before - most).max(before.percent_floor(percent));
            if self.overlays[*index].layer == Layer::Coupon {
                coupons_off += most;
            }
        }
        let mut off = Money::ZERO;
        let mut groups: Vec<(Layer, usize, Money)> = Vec::with_capacity(self.overlays.len() - next);
        for index in next..self.overlays.len() {
            let overlay = &self.overlays[index];
            if !self.fits(overlay, so_far) {
                continue;
            }
            let own = self.most_off[index];
            let known = groups
                .iter_mut()
                .find(|(layer, group, _)| (*layer, *group) == (overlay.layer, overlay.group));
            match known {
                Some((_, _, most)) => *most = own.max(*most),
                None => groups.push((overlay.layer, overlay.group, own)),
            }
        }
        // Coupons to the front, of which only so many may be used.
        groups.sort_unstable_by_key(|(layer, _, own)| (*layer != Layer::Coupon, std::cmp::Reverse(*own)));
        let coupons = groups.iter().take_while(|(layer, ..)| *layer == Layer::Coupon).count();
        let used = || so_far.effects.iter().filter(|(index, _)| self.overlays[*index].layer == Layer::Coupon);
        let most = self.finder.problem.ticket.coupons_max;
        let usable = most.map_or(coupons, |most| (most as usize).saturating_sub(used().count()).min(coupons));
        off += groups[..usable].iter().chain(&groups[coupons..]).map(|(.., own)| *own).sum();
        self.finder.after_points_at_least((left - off).max(Money::ZERO))
    }
}

/// The most times that an amount is taken off which are told apart.
const TIMES_MAX: u32 = 1_000;

/// What a rule may take off where its goods come to at most so much, and at
/// their turn to at least so much; and whether these are all.
pub(super) fn effects(rule: &OrderRule, most: Money, least: Money) -> (Vec<Effect>, bool) {
    let mut all = true;
    let effects = match rule {
        OrderRule::ThresholdOff { min, off, repeat_max } => {
            let reach = times(*min, *repeat_max, most);
            all = reach <= TIMES_MAX;
            let constant = |times| Effect::Constant {
                off: super::super::overlay::multiple(*off, times),
                min: min.times_count(times),
            };
            (1..=reach).rev().take(TIMES_MAX as usize).map(constant).collect()
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
    };
    (effects, all)
}

impl Scenario {
    /// What parts come to if all holds that is supposed; `None` where that
    /// depends on how shares fall on lines. Where a threshold is missed it is more.
    pub(super) fn total(&self, stage: &Stage<'_, '_>, parts: &[Part]) -> Option<Money> {
        if shares_matter(stage, self) {
            return None;
        }
        let mut total: Money = parts.iter().map(|part| part.net).sum();
        let mut offs: Vec<(usize, Money)> = Vec::new();
        let mut barred = false;
        for (index, effect) in &self.effects {
            let overlay = &stage.overlays[*index];
            let off = match effect {
                Effect::Constant { off, .. } => *off,
                Effect::Percent(..) if barred && overlay.layer == Layer::Coupon => return None,
                Effect::Percent(percent, _) => {
                    // What an earlier one took is taken of all of these goods, or of none.
                    let own = offs.iter().filter(|(earlier, _)| stage.meets(*earlier, *index));
                    let before = own.map(|(_, off)| *off);
                    let running = super::base(parts, overlay.bit) - before.sum();
                    let off = running - running.percent(*percent);
                    overlay.rule.cap().map_or(off, |cap| off.min(cap))
                }
            };
            total = total - off;
            offs.push((*index, off));
            barred |= overlay.layer == Layer::Order && !overlay.allow_coupon;
        }
        Some(total)
    }
}

/// Whether an overlay takes from goods that a later one counts in part, and
/// that later one rounds: then the total depends on which lines shares of a
/// fen fall on.
pub(super) fn shares_matter(stage: &Stage<'_, '_>, scenario: &Scenario) -> bool {
    scenario.effects.iter().enumerate().any(|(place, (later, effect))| {
        matches!(effect, Effect::Percent(..))
            && scenario.effects[..place].iter().any(|(earlier, _)| stage.is_in_part(*earlier, *later))
    })
}

/// The least amount of which a per cent would take off the cap.
pub(super) fn capped_from(pay_percent: u32, cap: Money) -> Money {
    let one = Money::from_minor(1);
    let mut from = cap.least_whole_of(100 - pay_percent.min(99));
    // Rounding may reach it a little earlier.
    while from > one && (from - one) - (from - one).percent(pay_percent) >= cap {
        from = from - one;
    }
    from
}
