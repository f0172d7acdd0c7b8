//! A component that is too large to be searched: a good way through it, and
//! what no way comes below.
//!
//! Each of its promotions is searched alone, which takes few states. The one
//! that takes off the most is laid down, and the others are searched again on
//! what is left. No way takes off more than all of them would take off alone.

use super::super::rule::{BundleReward, ItemRule, Rule};
use super::super::set::PromotionSet;
use super::{Component, Group, Outcome, Portion, Search, WEIGHT_ONE, Work};
use crate::money::Money;

/// The most work on one promotion alone.
const ALONE_WORK_MAX: u64 = 5_000;

/// The most promotions that are laid down one after the other.
const ROUNDS_MAX: usize = 12;

/// A way through a component, and what none comes below.
#[derive(Debug)]
pub(in crate::promotion) struct Rough {
    /// `None` where some units have no price left to take.
    pub outcome: Option<Outcome>,
    /// No way comes to less.
    pub bound: Money,
    /// Steps that it took.
    pub work: u64,
}

impl Component {
    /// A way through a component that is too large to be searched.
    pub(in crate::promotion) fn rough(&self, set: &PromotionSet) -> Rough {
        let mut work = 0;
        let bound = self.rough_bound(set, &mut work);
        let mut rest = self.clone();
        let mut done = Outcome::default();
        let mut open: Vec<usize> = (0..self.groups.len()).collect();
        for _ in 0..ROUNDS_MAX {
            let Some(bare) = rest.alone(None).least(set, &mut work) else { break };
            let mut best: Option<(Money, usize, Outcome)> = None;
            for group in &open {
                let Some(own) = rest.alone(Some(*group)).least(set, &mut work) else { continue };
                let gain = bare.net() - own.net();
                if gain.is_positive() && best.as_ref().is_none_or(|(most, ..)| gain > *most) {
                    best = Some((gain, *group, own));
                }
            }
            let Some((_, group, own)) = best else { break };
            open.retain(|other| *other != group);
            rest.lay_down(group, own, &mut done);
        }
        let outcome = rest.alone(None).least(set, &mut work).map(|last| {
            let mut outcome = done;
            for portion in last.portions {
                outcome.add(portion);
            }
            outcome
        });
        Rough { outcome, bound, work }
    }

    /// The same units with one of its promotions, or none.
    fn alone(&self, group: Option<usize>) -> Self {
        let mut alone = self.clone();
        alone.groups = group.map(|group| self.groups[group].clone()).into_iter().collect::<Vec<Group>>();
        for class in &mut alone.classes {
            class.joins.retain(|join| Some(join.group) == group);
            for join in &mut class.joins {
                join.group = 0;
            }
        }
        alone.classes.retain(|class| class.count > 0);
        alone
    }

    fn least(&self, set: &PromotionSet, work: &mut u64) -> Option<Outcome> {
        let mut own = Work { done: 0, limit: ALONE_WORK_MAX };
        let ways = self.search(set, &[WEIGHT_ONE], Search::Least, &mut own);
        *work += own.done;
        if let Some(ways) = ways.ok().filter(|ways| !ways.ways.is_empty()) {
            return Some(ways.outcome(set, 0));
        }
        if !self.groups.is_empty() {
            return None;
        }
        // Limited prices in the order of the lines.
        let mut limits = self.limits.clone();
        let mut outcome = Outcome::default();
        for class in &self.classes {
            let mut left = class.count;
            let mut singles: Vec<_> = class.singles.iter().collect();
            singles.sort_by_key(|single| (single.price, single.promotion));
            for single in singles {
                let most = single.takes.iter().map(|limit| limits[*limit]).min().unwrap_or(u32::MAX);
                let units = left.min(most);
                if units == 0 {
                    continue;
                }
                for limit in &single.takes {
                    limits[*limit] -= units;
                }
                left -= units;
                outcome.add(Portion {
                    line: class.line,
                    units,
                    net: single.price.times_count(units),
                    price_promotion: single.promotion,
                    item_promotion: None,
                });
            }
            if left > 0 {
                return None;
            }
        }
        Some(outcome)
    }

    /// Takes what a promotion applied to out of the units that are left.
    fn lay_down(&mut self, group: usize, found: Outcome, done: &mut Outcome) {
        for application in &found.applications {
            if let Some(limit) = self.groups[group].applications {
                self.limits[limit] = self.limits[limit].saturating_sub(1);
            }
            for (member, net) in application.members.iter().zip(&application.nets) {
                let class = self.classes.iter_mut().find(|class| class.line == member.line);
                let Some(class) = class else { continue };
                class.count = class.count.saturating_sub(1);
                let join = class.joins.iter().find(|join| {
                    join.group == group
                        && join.slot == member.slot
                        && join.price_promotion == member.price_promotion
                });
                for limit in join.iter().flat_map(|join| &join.takes) {
                    self.limits[*limit] = self.limits[*limit].saturating_sub(1);
                }
                done.add(Portion {
                    line: member.line,
                    units: 1,
                    net: *net,
                    price_promotion: member.price_promotion,
                    item_promotion: Some(application.promotion),
                });
            }
        }
        done.applications.extend(found.applications);
        self.classes.retain(|class| class.count > 0);
    }

    /// What all units cost at their lowest prices, less the most that each
    /// promotion takes off alone; limits do not count.
    pub(in crate::promotion) fn rough_bound(&self, set: &PromotionSet, work: &mut u64) -> Money {
        let mut free = self.clone();
        free.limits.clear();
        for class in &mut free.classes {
            class.singles.iter_mut().for_each(|single| single.takes.clear());
            class.joins.iter_mut().for_each(|join| join.takes.clear());
        }
        free.groups.iter_mut().for_each(|group| group.applications = None);
        let lowest = |class: &super::Class| {
            let all = class.singles.iter().map(|single| single.price);
            all.chain(class.joins.iter().map(|join| join.price)).min().unwrap_or_default()
        };
        let sum: Money = free.classes.iter().map(|class| lowest(class).times_count(class.count)).sum();
        let mut off = Money::ZERO;
        for group in 0..free.groups.len() {
            let mut alone = free.alone(Some(group));
            alone.classes.retain(|class| !class.joins.is_empty());
            let whole: Money = alone.classes.iter().map(|class| lowest(class).times_count(class.count)).sum();
            let mut own = Work { done: 0, limit: ALONE_WORK_MAX };
            let ways = alone.search(set, &[WEIGHT_ONE], Search::Least, &mut own);
            *work += own.done;
            let ways = ways.ok().filter(|ways| !ways.cut && !ways.ways.is_empty());
            off += match ways {
                Some(ways) => (whole - ways.outcome(set, 0).net()).max(Money::ZERO),
                None => alone.takes_off_at_most(set),
            };
        }
        (sum - off).max(Money::ZERO)
    }

    /// What its one promotion takes off at most, however its units are grouped:
    /// a reward never falls on more than the average of its group.
    fn takes_off_at_most(&self, set: &PromotionSet) -> Money {
        let rule = self.groups.first().map(|group| &set.promotions()[group.promotion].rule);
        let Some(Rule::Item(rule)) = rule else { return Money::ZERO };
        let dearest = |class: &super::Class| class.joins.iter().map(|join| join.price).max();
        let units: Vec<(Money, u32)> =
            self.classes.iter().map(|class| (dearest(class).unwrap_or_default(), class.count)).collect();
        let whole: Money = units.iter().map(|(price, count)| price.times_count(*count)).sum();
        let all = units.iter().map(|(_, count)| *count).fold(0, u32::saturating_add);
        // What is rounded is rounded by less than one minor unit each time.
        let fens = Money::from_minor(i64::from(all) + 1);
        let part = |of: u32, in_all: u32| {
            whole.share(0, i64::from(of), i64::from(in_all.max(1))).map_or(whole, |part| part + fens)
        };
        let less = |percent: u32| whole - whole.percent_floor(percent.min(100)) + fens;
        let most = match rule {
            ItemRule::NthUnit { n, pay_percent, .. } => {
                part(100 - (*pay_percent).min(100), n.saturating_mul(100))
            }
            ItemRule::BuyNGetM { n, m, .. } => part(*m, n.saturating_add(*m)),
            ItemRule::XForY { n, amount, .. } => {
                let each = amount.floor_part(*n);
                let off =
                    |(price, count): &(Money, u32)| (*price - each).max(Money::ZERO).times_count(*count);
                units.iter().map(off).sum()
            }
            ItemRule::QuantityTier { tiers } => {
                less(tiers.iter().map(|tier| tier.pay_percent).min().unwrap_or(0))
            }
            ItemRule::Bundle { slots, reward } => match reward {
                BundleReward::Off(off) => {
                    let needed: u32 = slots.iter().map(|slot| slot.units).fold(0, u32::saturating_add);
                    off.checked_multiple(all / needed.max(1)).unwrap_or(whole)
                }
                BundleReward::Percent(percent) => less(*percent),
                BundleReward::Slots { pay_percents, .. } => {
                    less(pay_percents.iter().copied().min().unwrap_or(0))
                }
                BundleReward::Amount(_) => whole,
            },
        };
        most.min(whole)
    }
}

impl Outcome {
    /// What it comes to.
    pub(in crate::promotion) fn net(&self) -> Money {
        self.portions.iter().map(|portion| portion.net).sum()
    }

    /// Adds what other units come to.
    pub(in crate::promotion) fn extend(&mut self, other: &Self) {
        self.portions.extend_from_slice(&other.portions);
        self.applications.extend_from_slice(&other.applications);
    }
}
