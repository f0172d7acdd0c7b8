//! A component that is too large to be searched: a good way through it, and
//! what no way comes below.
//!
//! Each of its promotions is searched alone, which takes few states. One after
//! the other is laid down, and those that share goods with it are searched again
//! on what is left: once by what each takes off in all, and once by what it takes
//! off of the goods that it uses up, since much off a few goods leaves others for
//! other promotions. What no way comes below is told by what units are worth to them.

use super::super::rule::{BundleReward, ItemRule, Rule};
use super::super::set::PromotionSet;
use super::super::work::{Asking, Effort};
use super::{Class, Component, Group, Outcome, Portion, Search, WEIGHT_ONE, Work};
use crate::money::Money;

/// The most promotions that are laid down one after the other.
const ROUNDS_MAX: usize = 128;

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

/// Which of several promotions is laid down first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// The one that takes off the most.
    Most,
    /// The one that takes off the most of what its goods cost.
    Largest,
}

/// One promotion alone, on the units that are left.
struct Alone {
    group: usize,
    /// The lines of which it may take units, ascending.
    lines: Vec<usize>,
    /// What it takes off.
    gain: Money,
    /// What the units that it takes cost before.
    goods: Money,
    own: Outcome,
}

impl Alone {
    fn is_before(&self, other: &Self, first: First) -> bool {
        match first {
            First::Most => self.gain > other.gain,
            First::Largest => {
                let share =
                    |one: &Self, of: &Self| i128::from(one.gain.minor()) * i128::from(of.goods.minor());
                share(self, other) > share(other, self)
            }
        }
    }

    /// The lines that its applications take units of.
    fn taken(&self) -> impl Iterator<Item = usize> + '_ {
        self.own.applications.iter().flat_map(|one| &one.members).map(|member| member.line)
    }
}

impl Component {
    /// A way through a component that is too large to be searched.
    pub(in crate::promotion) fn rough(
        &self,
        set: &PromotionSet,
        effort: Effort,
        asking: &Asking<'_>,
    ) -> Rough {
        let most = Work::new(effort.alone_work(), asking);
        let mut work = 0;
        let begun: Vec<Alone> =
            (0..self.groups.len()).filter_map(|group| self.tried(set, group, most, &mut work)).collect();
        let mut outcome = self.laid_down(set, First::Most, &begun, most, &mut work);
        let known = outcome.as_ref().map(Outcome::net);
        let bound = self.worth_bound(set, most, (effort.worth_work(), known), &mut work);
        if known.is_some_and(|known| known > bound) {
            let other = self.laid_down(set, First::Largest, &begun, most, &mut work);
            outcome = outcome.into_iter().chain(other).min_by_key(Outcome::net);
        }
        Rough { outcome, bound, work }
    }

    /// Its promotions one after the other; `begun` is what each would do first.
    fn laid_down(
        &self,
        set: &PromotionSet,
        first: First,
        begun: &[Alone],
        most: Work,
        work: &mut u64,
    ) -> Option<Outcome> {
        let (mut rest, mut done) = (self.clone(), Outcome::default());
        let mut again: Vec<Option<Alone>> = begun.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..begun.len()).collect();
        for _ in 0..ROUNDS_MAX {
            let now = |place: usize| again[place].as_ref().unwrap_or(&begun[place]);
            let best = open
                .iter()
                .copied()
                .filter(|place| now(*place).gain.is_positive())
                .reduce(|best, place| if now(place).is_before(now(best), first) { place } else { best });
            let Some(best) = best else { break };
            let mut taken: Vec<usize> = now(best).taken().collect();
            taken.sort_unstable();
            taken.dedup();
            rest.lay_down(now(best).group, &now(best).own, &mut done);
            open.retain(|place| *place != best);
            let limited = !self.limits.is_empty();
            let mut kept = Vec::new();
            for place in open {
                let shares = |line: &usize| taken.binary_search(line).is_ok();
                if !limited && !begun[place].lines.iter().any(shares) {
                    kept.push(place);
                } else if let Some(anew) = rest.tried(set, begun[place].group, most, work) {
                    again[place] = Some(anew);
                    kept.push(place);
                }
            }
            open = kept;
        }
        rest.alone(None).least(set, most, work).map(|last| {
            let mut outcome = done;
            for portion in last.portions {
                outcome.add(portion);
            }
            outcome
        })
    }

    /// What one of its promotions does alone; `None` where it takes nothing off, or that takes too long.
    fn tried(&self, set: &PromotionSet, group: usize, most: Work, work: &mut u64) -> Option<Alone> {
        let alone = self.alone(Some(group));
        if alone.classes.is_empty() {
            return None;
        }
        let bare = alone.alone(None).least(set, most, work)?;
        let own = alone.least(set, most, work)?;
        let gain = bare.net() - own.net();
        if !gain.is_positive() {
            return None;
        }
        let mut lines: Vec<usize> = alone.classes.iter().map(|class| class.line).collect();
        lines.sort_unstable();
        let members = own.applications.iter().flat_map(|application| &application.members);
        let goods: Money = members.map(|member| member.price).sum();
        Some(Alone { group, lines, gain, goods, own })
    }

    /// The units of one of its promotions with nothing else, or all without any.
    pub(super) fn alone(&self, group: Option<usize>) -> Self {
        let class = |class: &Class| {
            let own = class.joins.iter().filter(|join| Some(join.group) == group);
            let joins: Vec<_> = own.map(|join| super::Join { group: 0, ..join.clone() }).collect();
            let is_there = class.count > 0 && (group.is_none() || !joins.is_empty());
            is_there.then(|| Class {
                line: class.line,
                count: class.count,
                singles: class.singles.clone(),
                joins,
            })
        };
        Self {
            classes: self.classes.iter().filter_map(class).collect(),
            groups: group.map(|group| self.groups[group].clone()).into_iter().collect::<Vec<Group>>(),
            limits: self.limits.clone(),
        }
    }

    fn least(&self, set: &PromotionSet, mut own: Work, work: &mut u64) -> Option<Outcome> {
        if let Some(outcome) = self.lowest() {
            *work += 1;
            return Some(outcome);
        }
        // Of one promotion there is little to remember.
        let ways = self.search_in_turn(set, &[WEIGHT_ONE], Search::Least, &mut own);
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

    /// The lowest price of each unit, where units do not touch each other.
    pub(in crate::promotion) fn lowest(&self) -> Option<Outcome> {
        if !self.is_single() {
            return None;
        }
        let mut outcome = Outcome::default();
        for class in &self.classes {
            let lowest = class.singles.iter().min_by_key(|single| (single.price, single.promotion))?;
            outcome.portions.push(Portion {
                line: class.line,
                units: class.count,
                net: lowest.price.times_count(class.count),
                price_promotion: lowest.promotion,
                item_promotion: None,
            });
        }
        Some(outcome)
    }

    /// Takes what a promotion applied to out of the units that are left.
    fn lay_down(&mut self, group: usize, found: &Outcome, done: &mut Outcome) {
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
        done.applications.extend_from_slice(&found.applications);
        self.classes.retain(|class| class.count > 0);
    }

    /// What its one promotion takes off at most, however its units are grouped:
    /// a reward never falls on more than the average of its group.
    pub(super) fn takes_off_at_most(&self, set: &PromotionSet) -> Money {
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
