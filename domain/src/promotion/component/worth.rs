//! What no way through a component comes below, where promotions compete for
//! its units.
//!
//! Each promotion alone takes off so much; all of them together take off no
//! more than the sum of that, which counts a unit once for each promotion that
//! wants it. So each unit is given a worth: a promotion takes off only what it
//! takes off beyond the worth of the units that it uses, and what units are
//! worth is added once. However they are worth, no way takes off more than that
//! comes to (the Lagrangian dual of "no unit twice"). What is worth the most to
//! promotions that want more units than there are is worth what the first that
//! goes empty would take off; from there a few rounds go uphill.

use super::super::set::PromotionSet;
use super::{Component, Outcome, Search, Single, WEIGHT_ONE, Work};
use crate::money::Money;

/// The most rounds in which worths are bettered.
const ROUNDS_MAX: usize = 16;

/// Rounds that better nothing, before the steps are made half as long.
const IDLE_ROUNDS: usize = 2;

/// One promotion at some worths: what it takes off beyond them at most, and
/// what it uses for that.
struct Taken {
    gain: Money,
    /// Class, units, and what each of them takes off.
    uses: Vec<(usize, u32, Money)>,
}

/// What no way comes below, and the worths that show it.
struct Bound {
    bound: Money,
    /// How many units of each class all promotions want.
    wanted: Vec<i64>,
    taken: Vec<Taken>,
}

impl Component {
    /// What all units cost at their lowest prices, less the most that
    /// promotions take off; limits do not count. Each promotion is searched with
    /// `most` work a time, and no more than `work_max` beside the first time.
    /// Rounds end where the bound reaches `known`, which a way comes to.
    pub(in crate::promotion) fn worth_bound(
        &self,
        set: &PromotionSet,
        most: Work,
        (work_max, known): (u64, Option<Money>),
        work: &mut u64,
    ) -> Money {
        let mut free = self.clone();
        free.limits.clear();
        for class in &mut free.classes {
            class.singles.iter_mut().for_each(|single| single.takes.clear());
            class.joins.iter_mut().for_each(|join| join.takes.clear());
        }
        free.groups.iter_mut().for_each(|group| group.applications = None);
        let alone: Vec<Self> = (0..free.groups.len()).map(|group| free.alone(Some(group))).collect();
        let lowest: Vec<Money> = free.classes.iter().map(Self::lowest_price).collect();
        let nothing = vec![Money::ZERO; lowest.len()];
        let first = free.bound_at(set, &alone, (&lowest, &nothing), most, work);
        let mut best = first.bound;
        let Some(known) = known.filter(|known| best < *known) else { return best.max(Money::ZERO) };
        let stop = work.saturating_add(work_max);
        let mut worths = free.first_worths(&first);
        let (mut halvings, mut idle) = (0u32, 0);
        for _ in 0..ROUNDS_MAX {
            if *work >= stop {
                break;
            }
            let now = free.bound_at(set, &alone, (&lowest, &worths), most, work);
            if now.bound > best {
                best = now.bound;
                idle = 0;
            } else {
                idle += 1;
                if idle >= IDLE_ROUNDS {
                    halvings += 1;
                    idle = 0;
                }
            }
            if best >= known || !free.go_uphill(&now, (&lowest, &mut worths), known, halvings) {
                break;
            }
        }
        best.max(Money::ZERO)
    }

    fn lowest_price(class: &super::Class) -> Money {
        let all = class.singles.iter().map(|single| single.price);
        all.chain(class.joins.iter().map(|join| join.price)).min().unwrap_or_default()
    }

    /// The bound at some worths of the units of each class.
    fn bound_at(
        &self,
        set: &PromotionSet,
        alone: &[Self],
        (lowest, worths): (&[Money], &[Money]),
        most: Work,
        work: &mut u64,
    ) -> Bound {
        let mut bound: Money = self
            .classes
            .iter()
            .enumerate()
            .map(|(at, class)| (lowest[at] - worths[at]).times_count(class.count))
            .sum();
        let mut wanted = vec![0i64; self.classes.len()];
        let mut taken = Vec::with_capacity(alone.len());
        for one in alone {
            let found = self.taken_at(set, one, (lowest, worths), most, work);
            bound = bound - found.gain;
            for (class, units, _) in &found.uses {
                wanted[*class] += i64::from(*units);
            }
            taken.push(found);
        }
        Bound { bound, wanted, taken }
    }

    /// What a promotion alone takes off beyond the worth of what it uses: its
    /// other units cost their lowest price less what they are worth.
    fn taken_at(
        &self,
        set: &PromotionSet,
        alone: &Self,
        (lowest, worths): (&[Money], &[Money]),
        most: Work,
        work: &mut u64,
    ) -> Taken {
        let mut priced = alone.clone();
        let mut whole = Money::ZERO;
        for class in &mut priced.classes {
            let Some(at) = self.class_of(class.line) else { continue };
            let price = lowest[at] - worths[at];
            whole += price.times_count(class.count);
            if let Some(single) = class.singles.first().cloned() {
                class.singles = vec![Single { price, promotion: None, ..single }];
            }
        }
        let mut own = most;
        let ways = priced.search_in_turn(set, &[WEIGHT_ONE], Search::Least, &mut own);
        *work += own.done;
        match ways.ok().filter(|ways| !ways.cut && !ways.ways.is_empty()) {
            Some(ways) => {
                let outcome = ways.outcome(set, 0);
                let gain = (whole - outcome.net()).max(Money::ZERO);
                Taken { gain, uses: self.uses_of(&outcome, lowest) }
            }
            None => Taken { gain: alone.takes_off_at_most(set), uses: Vec::new() },
        }
    }

    fn class_of(&self, line: usize) -> Option<usize> {
        self.classes.iter().position(|class| class.line == line)
    }

    /// What applications use, class by class, with what they take off a unit:
    /// all that they take off, spread over what their units cost.
    fn uses_of(&self, outcome: &Outcome, lowest: &[Money]) -> Vec<(usize, u32, Money)> {
        let mut uses: Vec<(usize, u32, Money)> = Vec::new();
        for application in &outcome.applications {
            let at: Vec<usize> =
                application.members.iter().filter_map(|member| self.class_of(member.line)).collect();
            let whole: Money = at.iter().map(|at| lowest[*at]).sum();
            let off = (whole - application.nets.iter().copied().sum()).max(Money::ZERO);
            let costs: Vec<Money> = at.iter().map(|at| lowest[*at]).collect();
            for (at, off) in at.into_iter().zip(off.shares(&costs)) {
                match uses.iter_mut().find(|(known, ..)| *known == at) {
                    Some((_, units, known)) => {
                        *units += 1;
                        *known += off;
                    }
                    None => uses.push((at, 1, off)),
                }
            }
        }
        // The mean of a class's units: they are alike.
        for (_, units, off) in &mut uses {
            *off = off.floor_part(*units);
        }
        uses
    }

    /// Where promotions want more units of a class than there are, each is
    /// worth what the first that goes empty takes off it.
    fn first_worths(&self, first: &Bound) -> Vec<Money> {
        let mut wants: Vec<Vec<(Money, u32)>> = vec![Vec::new(); self.classes.len()];
        for taken in &first.taken {
            for (class, units, off) in &taken.uses {
                wants[*class].push((*off, *units));
            }
        }
        let worth = |(class, mut wants): (usize, Vec<(Money, u32)>)| {
            wants.sort_by_key(|(off, _)| std::cmp::Reverse(*off));
            let mut left = u64::from(self.classes[class].count);
            for (off, units) in wants {
                match left.checked_sub(u64::from(units)) {
                    Some(rest) => left = rest,
                    None => return off,
                }
            }
            Money::ZERO
        };
        wants.into_iter().enumerate().map(worth).collect()
    }

    /// Makes worth more what is wanted more than once, and less what nothing
    /// wants; says whether anything changed.
    fn go_uphill(
        &self,
        now: &Bound,
        (lowest, worths): (&[Money], &mut [Money]),
        known: Money,
        halvings: u32,
    ) -> bool {
        let slope: Vec<i64> = self
            .classes
            .iter()
            .zip(&now.wanted)
            .zip(worths.iter())
            .map(|((class, wanted), worth)| {
                let slope = wanted - i64::from(class.count);
                if slope < 0 && *worth == Money::ZERO { 0 } else { slope }
            })
            .collect();
        let steep: i128 = slope.iter().map(|slope| i128::from(*slope) * i128::from(*slope)).sum();
        let missing = i128::from((known - now.bound).minor()) >> halvings.min(63);
        if steep == 0 || missing <= 0 {
            return false;
        }
        let mut changed = false;
        for (at, slope) in slope.into_iter().enumerate() {
            let step = missing * i128::from(slope) / steep;
            let step = if step == 0 { i128::from(slope.signum()) } else { step };
            let after =
                (i128::from(worths[at].minor()) + step).clamp(0, i128::from(lowest[at].minor().max(0)));
            let after = Money::from_minor(i64::try_from(after).unwrap_or(0));
            changed |= after != worths[at];
            worths[at] = after;
        }
        changed
    }
}
