//! The order, coupon and points layers: what is taken off the whole of what
//! the layers below left.

use super::rule::{Layer, OrderRule, Promotion, Rule};
use super::ticket::PointsOffer;
use crate::money::{AMOUNT_MAX, Money, prorate};

/// A set of overlays, by their bits.
pub(super) type Mask = u128;

/// The most order and coupon promotions that are weighed against each other.
pub(super) const OVERLAYS_MAX: usize = 120;

/// An order or coupon promotion that this ticket could reach.
#[derive(Debug, Clone)]
pub(super) struct Overlay<'a> {
    pub promotion: usize,
    pub layer: Layer,
    /// Overlays of one layer and group do not go together.
    pub group: usize,
    pub rule: &'a OrderRule,
    pub bit: Mask,
    pub allow_coupon: bool,
}

/// What a line comes to, by what may be taken off it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub line: usize,
    pub mask: Mask,
    pub net: Money,
}

/// Overlays that were laid on, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Laid {
    pub parts: Vec<Part>,
    /// What the parts came to after the order layer; thresholds of coupons look at it.
    ordered: Option<Vec<Part>>,
    pub coupons: u32,
    pub used: Vec<Cut>,
}

/// What one overlay took off which lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub overlay: usize,
    pub offs: Vec<(usize, Money)>,
}

/// What a rule takes off, where `threshold` is what its goods come to for its
/// conditions, and `running` what is left of them.
pub(super) fn discount(rule: &OrderRule, threshold: Money, running: Money) -> Money {
    let off = match rule {
        OrderRule::ThresholdOff { min, off, repeat_max } => {
            multiple(*off, times(*min, *repeat_max, threshold))
        }
        OrderRule::TieredOff { tiers } => {
            tiers.iter().rev().find(|tier| tier.min <= threshold).map_or(Money::ZERO, |tier| tier.off)
        }
        OrderRule::Percent { pay_percent, min, cap } => {
            if threshold < *min {
                Money::ZERO
            } else {
                let off = running - running.percent(*pay_percent);
                cap.map_or(off, |cap| off.min(cap))
            }
        }
    };
    off.min(running)
}

/// So many times as much, or the most that a document may carry.
pub(super) fn multiple(off: Money, times: u32) -> Money {
    off.checked_multiple(times).unwrap_or(Money::from_minor(AMOUNT_MAX))
}

/// How often a threshold is reached.
pub(super) fn times(min: Money, repeat_max: u32, base: Money) -> u32 {
    if base < min || !base.is_positive() {
        return 0;
    }
    if repeat_max == 1 { 1 } else { u32::try_from(base.whole_times(min)).unwrap_or(u32::MAX).min(repeat_max) }
}

impl Laid {
    pub(super) fn new(parts: Vec<Part>) -> Self {
        Self { parts, ordered: None, coupons: 0, used: Vec::new() }
    }

    pub(super) fn total(&self) -> Money {
        self.parts.iter().map(|part| part.net).sum()
    }

    fn sum(parts: &[Part], bit: Mask) -> Money {
        parts.iter().filter(|part| part.mask & bit != 0).map(|part| part.net).sum()
    }

    /// What its goods come to now, for an overlay's conditions.
    pub(super) fn threshold(&self, overlay: &Overlay<'_>) -> Money {
        match (overlay.layer, &self.ordered) {
            (Layer::Coupon, Some(ordered)) => Self::sum(ordered, overlay.bit),
            (Layer::Coupon, None) | (Layer::Price | Layer::Item | Layer::Order, _) => {
                Self::sum(&self.parts, overlay.bit)
            }
        }
    }

    /// What an overlay would take off now.
    pub(super) fn discount(&self, overlay: &Overlay<'_>) -> Money {
        discount(overlay.rule, self.threshold(overlay), Self::sum(&self.parts, overlay.bit))
    }

    /// Takes an overlay's discount off, over the lines by what they come to,
    /// and within a line over its parts.
    pub(super) fn lay(&mut self, index: usize, overlay: &Overlay<'_>) {
        let off = self.discount(overlay);
        if !off.is_positive() {
            return;
        }
        if overlay.layer == Layer::Coupon {
            self.coupons += 1;
            if self.ordered.is_none() {
                self.ordered = Some(self.parts.clone());
            }
        }
        let offs = spread(&mut self.parts, overlay.bit, off);
        if overlay.layer == Layer::Order && !overlay.allow_coupon {
            // Coupons leave alone what this lowered.
            for part in &mut self.parts {
                if part.mask & overlay.bit != 0 {
                    part.mask &= !COUPONS;
                }
            }
        }
        self.used.push(Cut { overlay: index, offs });
    }
}

/// Bits from here on are coupons': one for each overlay, above it.
pub(super) const COUPON_FROM: u32 = 60;

/// All bits of coupons.
pub(super) const COUPONS: Mask = ((1 << OVERLAYS_MAX) - 1) & !((1 << COUPON_FROM) - 1);

/// Bits of what counts for add-on offers stand above all others.
pub(super) const ADD_ONS_MAX: u32 = 7;

/// Takes an amount off the parts that have a bit; gives what each line gave.
fn spread(parts: &mut [Part], bit: Mask, off: Money) -> Vec<(usize, Money)> {
    let mut own: Vec<usize> = (0..parts.len()).filter(|index| parts[*index].mask & bit != 0).collect();
    own.sort_by_key(|index| parts[*index].line);
    let mut lines: Vec<(usize, Money)> = Vec::new();
    for index in &own {
        let part = &parts[*index];
        match lines.last_mut() {
            Some((line, sum)) if *line == part.line => *sum += part.net,
            Some(_) | None => lines.push((part.line, part.net)),
        }
    }
    let weights: Vec<Money> = lines.iter().map(|(_, sum)| *sum).collect();
    let mut rest = own.as_slice();
    for ((line, sum), share) in lines.iter_mut().zip(prorate(off, &weights)) {
        let several = rest.iter().take_while(|index| parts[**index].line == *line).count();
        let (own, others) = rest.split_at(several);
        rest = others;
        if let [index] = own {
            parts[*index].net = parts[*index].net - share;
        } else {
            let weights: Vec<Money> = own.iter().map(|index| parts[*index].net).collect();
            for (index, cut) in own.iter().zip(prorate(share, &weights)) {
                parts[*index].net = parts[*index].net - cut;
            }
        }
        *sum = share;
    }
    lines.retain(|(_, off)| off.is_positive());
    lines
}

/// Takes an amount off everything; gives what each line gave.
pub(super) fn spread_over_all(parts: &mut [Part], off: Money) -> Vec<(usize, Money)> {
    for part in parts.iter_mut() {
        part.mask |= EVERYTHING;
    }
    spread(parts, EVERYTHING, off)
}

/// A bit that no overlay has.
const EVERYTHING: Mask = 1 << 127;

impl PointsOffer {
    /// Points that may be spent on a total, and what they take off.
    pub(super) fn spendable(&self, total: Money) -> (i64, Money) {
        if self.step <= 0 || self.points_per_hundred <= 0 || self.balance < self.step {
            return (0, Money::ZERO);
        }
        let most = total.percent_floor(self.percent_max.min(100));
        let steps = most.whole_steps(self.step, self.points_per_hundred).min(self.balance / self.step);
        let points = steps * self.step;
        (points, Money::of_points(points, self.points_per_hundred))
    }
}

impl PointsOffer {
    /// The least total above this one at which a further step may be spent.
    pub(super) fn next_threshold(&self, total: Money) -> Option<Money> {
        let (points, _) = self.spendable(total);
        let next = points.checked_add(self.step)?;
        if self.step <= 0 || self.points_per_hundred <= 0 || next > self.balance || self.percent_max == 0 {
            return None;
        }
        let value = Money::of_points(next, self.points_per_hundred);
        Some(value.least_whole_of(self.percent_max.min(100)))
    }
}

/// The best of all legal choices of overlays on what the layers below left.
///
/// Exact but for the limit of `tries`; where it is reached, the best found stands.
pub(super) struct Choice<'a, 'b> {
    pub overlays: &'b [Overlay<'a>],
    pub coupons_max: Option<u32>,
    pub points: Option<PointsOffer>,
    pub tries: u64,
}

/// The best choice that was found.
#[derive(Debug, Clone)]
pub(super) struct Best {
    pub laid: Laid,
    /// After points.
    pub total: Money,
}

impl<'a> Choice<'a, '_> {
    pub(super) fn best(&mut self, parts: Vec<Part>) -> Best {
        let laid = Laid::new(parts);
        let total = self.after_points(laid.total());
        let mut best = Best { laid: laid.clone(), total };
        self.choose(0, laid, &mut best);
        best
    }

    pub(super) fn after_points(&self, total: Money) -> Money {
        total - self.points.map_or(Money::ZERO, |points| points.spendable(total).1)
    }

    fn choose(&mut self, next: usize, laid: Laid, best: &mut Best) {
        if self.tries == 0 {
            return;
        }
        self.tries -= 1;
        let Some(overlay) = self.overlays.get(next) else {
            let total = self.after_points(laid.total());
            if (total, laid.used.len()) < (best.total, best.laid.used.len()) {
                best.total = total;
                best.laid = laid;
            }
            return;
        };
        if self.lowest(next, &laid) >= best.total && next > 0 {
            return;
        }
        if self.fits(overlay, &laid) && laid.discount(overlay).is_positive() {
            let mut with = laid.clone();
            with.lay(next, overlay);
            self.choose(next + 1, with, best);
        }
        self.choose(next + 1, laid, best);
    }

    /// Whether nothing that was laid on keeps an overlay away.
    fn fits(&self, overlay: &Overlay<'_>, laid: &Laid) -> bool {
        let clash = laid.used.iter().any(|cut| {
            let other = &self.overlays[cut.overlay];
            other.layer == overlay.layer && other.group == overlay.group
        });
        let full =
            overlay.layer == Layer::Coupon && self.coupons_max.is_some_and(|most| laid.coupons >= most);
        !clash && !full
    }

    /// What no choice among the overlays from `next` on comes below: each
    /// takes off at most what it would take off now.
    fn lowest(&self, next: usize, laid: &Laid) -> Money {
        let mut groups: Vec<(Layer, usize, Money)> = Vec::new();
        for overlay in &self.overlays[next..] {
            if !self.fits(overlay, laid) {
                continue;
            }
            let off = laid.discount(overlay);
            match groups
                .iter_mut()
                .find(|(layer, group, _)| (*layer, *group) == (overlay.layer, overlay.group))
            {
                Some((_, _, most)) => *most = (*most).max(off),
                None => groups.push((overlay.layer, overlay.group, off)),
            }
        }
        let mut coupons: Vec<Money> =
            groups.iter().filter(|(layer, ..)| *layer == Layer::Coupon).map(|(.., off)| *off).collect();
        coupons.sort_unstable_by_key(|off| std::cmp::Reverse(*off));
        if let Some(most) = self.coupons_max {
            coupons.truncate(most.saturating_sub(laid.coupons) as usize);
        }
        let orders: Money =
            groups.iter().filter(|(layer, ..)| *layer == Layer::Order).map(|(.., off)| *off).sum();
        let total = laid.total();
        let before_points = (total - orders - coupons.into_iter().sum()).max(Money::ZERO);
        match self.points {
            None => before_points,
            // Points take off at most a share of what is left, and less of less.
            Some(points) => (before_points - points.spendable(total).1).max(Money::ZERO),
        }
    }
}

impl Promotion {
    /// Its rule about the whole ticket, where it has one.
    pub(super) fn order_rule(&self) -> Option<&OrderRule> {
        match &self.rule {
            Rule::Order(rule) | Rule::Coupon { rule, .. } => Some(rule),
            Rule::Price(_) | Rule::Item(_) => None,
        }
    }
}
