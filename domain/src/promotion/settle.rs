//! What one application of an item rule leaves of the prices it takes.

use super::rule::{BundleReward, ItemRule, QuantityStep};
use crate::money::{Money, prorate};

/// A unit in an application, at the price that it had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// The line's place in the ticket.
    pub line: usize,
    /// Its price, after a price promotion where it has one.
    pub price: Money,
    /// That price promotion, by its place among the candidates.
    pub price_promotion: Option<usize>,
    /// The slot it stands in.
    pub slot: usize,
}

/// What each member costs after the rule, or `None` where the rule takes
/// nothing off them. A rule never raises what a group costs.
pub(super) fn settle(rule: &ItemRule, members: &[Member]) -> Option<Vec<Money>> {
    let before: Money = members.iter().map(|member| member.price).sum();
    let rewarded = |spread: bool, nets: Vec<Money>| {
        if spread { spread_to(members, nets.iter().copied().sum()) } else { nets }
    };
    let nets = match rule {
        ItemRule::NthUnit { pay_percent, spread, .. } => {
            rewarded(*spread, pay_for_cheapest(members, 1, *pay_percent))
        }
        ItemRule::BuyNGetM { m, spread, .. } => rewarded(*spread, pay_for_cheapest(members, *m as usize, 0)),
        ItemRule::XForY { amount, .. } => spread_to(members, *amount),
        ItemRule::QuantityTier { tiers } => {
            let percent = tier_reached(tiers, members.len())?.pay_percent;
            spread_to(members, before.percent(percent))
        }
        ItemRule::Bundle { reward, .. } => match reward {
            BundleReward::Amount(amount) => spread_to(members, *amount),
            BundleReward::Off(off) => spread_to(members, before - (*off).min(before)),
            BundleReward::Percent(percent) => spread_to(members, before.percent(*percent)),
            BundleReward::Slots { pay_percents, spread } => {
                let pay = |member: &Member| member.price.percent(pay_percents[member.slot]);
                rewarded(*spread, members.iter().map(pay).collect())
            }
        },
    };
    (nets.iter().copied().sum::<Money>() < before).then_some(nets)
}

/// The highest tier that so many units reach.
pub(super) fn tier_reached(tiers: &[QuantityStep], units: usize) -> Option<&QuantityStep> {
    tiers.iter().rev().find(|tier| tier.units as usize <= units)
}

/// The cheapest pay a per cent; of equal prices the later line counts as the cheaper.
fn pay_for_cheapest(members: &[Member], count: usize, percent: u32) -> Vec<Money> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| (members[*index].price, std::cmp::Reverse(members[*index].line)));
    let mut nets: Vec<Money> = members.iter().map(|member| member.price).collect();
    for index in order.into_iter().take(count) {
        nets[index] = nets[index].percent(percent);
    }
    nets
}

/// Spreads what is taken off over the lines by what their members cost, and
/// within a line over its members, dearest first.
fn spread_to(members: &[Member], after: Money) -> Vec<Money> {
    let before: Money = members.iter().map(|member| member.price).sum();
    if after > before {
        return members.iter().map(|member| member.price).collect();
    }
    let mut lines: Vec<usize> = members.iter().map(|member| member.line).collect();
    lines.sort_unstable();
    lines.dedup();
    let of_line = |line: usize| {
        let mut own: Vec<usize> = (0..members.len()).filter(|index| members[*index].line == line).collect();
        own.sort_by_key(|index| (std::cmp::Reverse(members[*index].price), members[*index].price_promotion));
        own
    };
    let sums: Vec<Money> =
        lines.iter().map(|line| of_line(*line).iter().map(|index| members[*index].price).sum()).collect();
    let mut nets: Vec<Money> = members.iter().map(|member| member.price).collect();
    for (line, share) in lines.iter().zip(prorate(before - after, &sums)) {
        let own = of_line(*line);
        // Units of one price and promotion count as one portion.
        let weights: Vec<Money> = own.iter().map(|index| members[*index].price).collect();
        for (index, part) in own.iter().zip(prorate(share, &weights)) {
            nets[*index] = nets[*index] - part;
        }
    }
    nets
}
