//! Components that must reach thresholds together, at the least weighted sum.
//!
//! Thresholds that no component shares are reached apart, so a scenario is
//! searched cluster by cluster. Of each component those ways are known that
//! could be of use; they are put together component by component. What part
//! of a sum counts beyond a threshold does not matter, and a price on each
//! threshold says what what is still missing costs at least.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::component::{Exhausted, Outcome, PARTS, Work};
use super::super::set::PromotionSet;
use super::lens::PlanMember;
use super::memory::{Reached, Towards};

/// The most thresholds that are reached together; without the others the sum
/// is still a bound.
pub(super) const GOALS_MAX: usize = 6;

/// The most ways of a cluster that are kept at a time.
const LABELS_MAX: usize = 20_000;

/// How often the prices on thresholds are set anew.
const PRICINGS_MAX: usize = 3;

/// How often a price is halved.
const HALVINGS_MAX: usize = 10;

/// Components and the thresholds that they are to reach together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Cluster {
    pub parts: Vec<Arc<Towards>>,
    /// What must be reached, in parts of a minor unit.
    pub mins: Vec<i64>,
    /// How far above the least sum it is of interest.
    pub slack: i128,
}

/// The least weighted sum at which a cluster reaches its thresholds.
#[derive(Debug)]
pub(super) struct Solved {
    /// No way that reaches them weighs less; of those within the slack.
    pub bound: i128,
    /// The way of each part that reaches them at that; `None` where there is
    /// none, or none is known.
    pub chosen: Option<Vec<usize>>,
    /// What these ways bring to each threshold, in parts of a minor unit.
    pub sums: Vec<i64>,
    /// Whether none reaches them within the slack.
    pub is_out_of_reach: bool,
    /// Whether that is the least there is, whatever the slack.
    pub is_exact: bool,
    /// The ways it is made of.
    pub parts: Vec<Arc<Reached>>,
    pub work: u64,
}

/// What a way costs and brings.
#[derive(Clone, Copy)]
struct Item {
    cost: i128,
    applications: u32,
    sums: [i64; GOALS_MAX],
}

#[derive(Clone, Copy)]
struct Label {
    item: Item,
    own: u32,
    before: u32,
}

/// The ways of the parts, and what they are to reach.
struct Puzzle<'a> {
    lists: Vec<Vec<Item>>,
    mins: &'a [i64],
    /// A price on each threshold, weight for a part of a minor unit.
    prices: [i128; GOALS_MAX],
    /// Prices at which goods of some region cost as much as they bring.
    even_prices: Vec<i128>,
    /// Whatever is put together costs a multiple of this.
    grain: i128,
}

impl Solved {
    /// How much of a memory it fills.
    pub fn size(&self) -> usize {
        2 + self.parts.len()
    }

    /// Adds what its ways come to, unit by unit.
    pub fn add_to(&self, outcome: &mut Outcome, set: &PromotionSet) {
        for (part, way) in self.parts.iter().zip(self.chosen.iter().flatten()) {
            if let Some(ways) = &part.ways {
                outcome.extend(&ways.outcome(set, *way));
            }
        }
    }
}

impl Cluster {
    /// Solves it. `members` are its parts as the plan has them, and `parts`
    /// their ways.
    pub fn solve(&self, members: &[PlanMember], parts: Vec<Arc<Reached>>, mut work: Work) -> Solved {
        // The short lists first, so that few ways stand for long.
        let mut order: Vec<usize> = (0..parts.len()).collect();
        let length = |place: usize| parts[place].ways.as_ref().map_or(1, |ways| ways.ways.len());
        order.sort_by_key(|place| (length(*place), *place));
        let lists = order.iter().map(|place| self.items(&parts[*place], &members[*place]));
        let weights = self.parts.iter().flat_map(|part| part.regions.iter().map(|(weight, _)| *weight));
        let mut even_prices: Vec<i128> = weights.clone().map(|weight| weight / i128::from(PARTS)).collect();
        even_prices.sort_unstable();
        even_prices.dedup();
        // What is rounded comes in between.
        let slop = |(member, part): (&PlanMember, &Arc<Reached>)| {
            part.ways.as_ref().map_or(member.slop, |ways| ways.slop)
        };
        let is_even = members.iter().zip(&parts).map(slop).all(|slop| slop == 0);
        let grain = if is_even { weights.fold(0, common_divisor).max(1) } else { 1 };
        let mut puzzle =
            Puzzle { lists: lists.collect(), mins: &self.mins, prices: [0; GOALS_MAX], even_prices, grain };
        let least = members.iter().map(|member| member.floor).sum::<i128>();
        let most = least + self.slack + 1;
        let nothing = Solved {
            bound: most,
            chosen: None,
            sums: Vec::new(),
            is_out_of_reach: true,
            is_exact: false,
            parts: Vec::new(),
            work: 0,
        };
        if puzzle.lists.iter().any(Vec::is_empty) {
            return Solved { parts, ..nothing };
        }
        let mut known = puzzle.set_prices(&mut work);
        let priced = puzzle.priced_least();
        known = known.filter(|(cost, _)| *cost < most);
        let limit = known.as_ref().map_or(most, |(cost, _)| *cost);
        if let Some(better) = puzzle.by_pair(limit, &mut work) {
            known = Some(better);
        }
        let limit = known.as_ref().map_or(most, |(cost, _)| *cost);
        let (found, cut) = match puzzle.combine(limit, &mut work) {
            Ok(found) => (found, false),
            Err(Exhausted) => (None, true),
        };
        let Some((cost, own)) = found.or(known) else {
            let bound = if cut { priced } else { most };
            return Solved { bound, is_out_of_reach: !cut, parts, work: work.done, ..nothing };
        };
        let sums = puzzle.total(&own).sums[..self.mins.len()].to_vec();
        let mut chosen = vec![0; parts.len()];
        order.iter().zip(own).for_each(|(place, way)| chosen[*place] = way);
        let is_known = parts.iter().all(|part| part.ways.is_some());
        Solved {
            bound: if cut { priced } else { cost },
            chosen: is_known.then_some(chosen),
            sums,
            is_out_of_reach: false,
            is_exact: is_known && !cut,
            parts,
            work: work.done,
        }
    }

    fn items(&self, part: &Reached, member: &PlanMember) -> Vec<Item> {
        match &part.ways {
            // Whatever it could be at best.
            None => {
                let mut sums = [0; GOALS_MAX];
                sums.iter_mut().zip(&self.mins).for_each(|(sum, min)| *sum = *min);
                vec![Item { cost: member.floor, applications: 0, sums }]
            }
            Some(ways) => {
                let item = |way: &super::super::component::Way| {
                    let mut sums = [0; GOALS_MAX];
                    for (sum, side) in sums.iter_mut().zip(&member.sides) {
                        *sum = side.map_or(0, |side| way.sums[side]);
                    }
                    Item { cost: way.cost - ways.slop, applications: way.applications, sums }
                };
                ways.ways.iter().map(item).collect()
            }
        }
    }
}

impl Puzzle<'_> {
    fn priced(&self, item: &Item) -> i128 {
        let goals = self.mins.len();
        let paid = self.prices[..goals].iter().zip(&item.sums).map(|(price, sum)| price * i128::from(*sum));
        item.cost - paid.sum::<i128>()
    }

    /// The cheapest way of each part at these prices.
    fn cheapest(&self) -> Vec<usize> {
        let of = |list: &Vec<Item>| {
            let by_price =
                list.iter().enumerate().min_by_key(|(_, item)| (self.priced(item), item.applications));
            by_price.map_or(0, |(place, _)| place)
        };
        self.lists.iter().map(of).collect()
    }

    fn total(&self, chosen: &[usize]) -> Item {
        let mut sum = Item { cost: 0, applications: 0, sums: [0; GOALS_MAX] };
        for (list, place) in self.lists.iter().zip(chosen) {
            sum = self.added(&sum, &list[*place], None);
        }
        sum
    }

    /// Both together; of each threshold no more than `caps`, where they are given.
    fn added(&self, one: &Item, other: &Item, caps: Option<&[i64]>) -> Item {
        let mut sums = one.sums;
        for (goal, sum) in sums.iter_mut().enumerate().take(self.mins.len()) {
            let whole = sum.saturating_add(other.sums[goal]);
            *sum = caps.map_or(whole, |caps| whole.min(caps[goal]));
        }
        Item {
            cost: one.cost + other.cost,
            applications: one.applications.saturating_add(other.applications),
            sums,
        }
    }

    fn reaches(&self, item: &Item) -> bool {
        self.mins.iter().zip(&item.sums).all(|(min, sum)| sum >= min)
    }

    /// What nothing that reaches the thresholds costs less than, at these prices.
    fn priced_least(&self) -> i128 {
        let of = |list: &Vec<Item>| list.iter().map(|item| self.priced(item)).min().unwrap_or(0);
        let own: i128 = self.lists.iter().map(of).sum();
        let goals = self.prices.iter().zip(self.mins);
        own + goals.map(|(price, min)| price * i128::from(*min)).sum::<i128>()
    }

    /// Puts prices on the thresholds, each the one at which what is cheapest
    /// just about reaches it; gives the cheapest way that was met and reaches all.
    fn set_prices(&mut self, work: &mut Work) -> Option<(i128, Vec<usize>)> {
        let all: usize = self.lists.iter().map(Vec::len).sum();
        let mut known: Option<(i128, Vec<usize>)> = None;
        let dearest = self
            .lists
            .iter()
            .flatten()
            .filter_map(|item| {
                let sum = item.sums.iter().copied().max().filter(|sum| *sum > 0)?;
                Some(item.cost / i128::from(sum))
            })
            .max()
            .unwrap_or(0)
            .max(1);
        let mut best = (self.priced_least(), self.prices);
        for _ in 0..if self.mins.len() == 1 { 1 } else { PRICINGS_MAX } {
            for goal in 0..self.mins.len() {
                let (mut low, mut high) = (0, dearest * 4);
                for place in 0..self.even_prices.len() + HALVINGS_MAX {
                    let even = self.even_prices.get(place).copied();
                    let price = even.unwrap_or((low + high) / 2);
                    if !(low..high).contains(&price) {
                        continue;
                    }
                    self.prices[goal] = price;
                    if work.spend(1 + all as u64 / 8).is_err() {
                        self.prices = best.1;
                        return known;
                    }
                    let chosen = self.cheapest();
                    let sum = self.total(&chosen);
                    if self.reaches(&sum) {
                        self.improve(chosen, &mut known);
                    }
                    if sum.sums[goal] >= self.mins[goal] {
                        high = self.prices[goal];
                    } else {
                        low = self.prices[goal];
                    }
                    let here = self.priced_least();
                    if here > best.0 {
                        best = (here, self.prices);
                    }
                }
                self.prices = best.1;
            }
        }
        if known.is_none() {
            // As much as can be, where that is enough.
            let most = |list: &Vec<Item>| {
                let sum = |item: &Item| item.sums.iter().map(|sum| i128::from(*sum)).sum::<i128>();
                list.iter()
                    .enumerate()
                    .max_by_key(|(_, item)| (sum(item), -item.cost))
                    .map_or(0, |(place, _)| place)
            };
            let chosen: Vec<usize> = self.lists.iter().map(most).collect();
            if self.reaches(&self.total(&chosen)) {
                self.improve(chosen, &mut known);
            }
        }
        self.prices = best.1;
        known
    }

    /// The two parts with the most ways chosen anew, together, where the others
    /// are the cheapest at these prices.
    fn by_pair(&self, limit: i128, work: &mut Work) -> Option<(i128, Vec<usize>)> {
        let last = self.lists.len().checked_sub(2)?;
        let mut chosen = self.cheapest();
        let mut others = Item { cost: 0, applications: 0, sums: [0; GOALS_MAX] };
        for (list, place) in self.lists.iter().zip(&chosen).take(last) {
            others = self.added(&others, &list[*place], None);
        }
        let mut labels: Vec<Label> = self.lists[last]
            .iter()
            .enumerate()
            .map(|(own, item)| Label { item: self.added(&others, item, None), own: own as u32, before: 0 })
            .collect();
        labels.sort_by_key(|label| (label.item.cost, label.item.applications, label.own));
        let (cost, at, own) = self.completed(&labels, &self.lists[last + 1], limit, work).ok()??;
        chosen[last] = labels[at].own as usize;
        chosen[last + 1] = own;
        Some((cost, chosen))
    }

    /// Makes one part after the other cheaper, as long as all is still reached.
    fn improve(&self, mut chosen: Vec<usize>, known: &mut Option<(i128, Vec<usize>)>) {
        let mut sum = self.total(&chosen);
        for (list, place) in self.lists.iter().zip(&mut chosen) {
            let now = &list[*place];
            let others = sum.sums;
            let without = |goal: usize| others[goal] - now.sums[goal];
            let fits = |item: &&Item| {
                (0..self.mins.len())
                    .all(|goal| without(goal).saturating_add(item.sums[goal]) >= self.mins[goal])
            };
            let better =
                list.iter().enumerate().filter(|(_, item)| fits(item)).min_by_key(|(_, item)| item.cost);
            if let Some((other, item)) = better.filter(|(_, item)| item.cost < now.cost) {
                for goal in 0..self.mins.len() {
                    sum.sums[goal] = without(goal) + item.sums[goal];
                }
                sum.cost += item.cost - now.cost;
                *place = other;
            }
        }
        if known.as_ref().is_none_or(|(cost, _)| sum.cost < *cost) {
            *known = Some((sum.cost, chosen));
        }
    }

    /// The cheapest way that reaches all thresholds and costs less than `limit`.
    fn combine(&self, limit: i128, work: &mut Work) -> Result<Option<(i128, Vec<usize>)>, Exhausted> {
        let goals = self.mins.len();
        // What costs less costs less by a grain.
        let limit = (limit - 1).div_euclid(self.grain) * self.grain + 1;
        // From each part on: the least cost, the least at these prices, the most that is brought.
        let mut rest = vec![(0i128, 0i128, [0i64; GOALS_MAX])];
        for list in self.lists.iter().rev() {
            let (cost, priced, most) = rest[rest.len() - 1];
            let mut most = most;
            for (goal, most) in most.iter_mut().enumerate().take(goals) {
                let own = list.iter().map(|item| item.sums[goal]).max().unwrap_or(0);
                *most = most.saturating_add(own);
            }
            rest.push((
                cost + list.iter().map(|item| item.cost).min().unwrap_or(0),
                priced + list.iter().map(|item| self.priced(item)).min().unwrap_or(0),
                most,
            ));
        }
        rest.reverse();
        let could = |item: &Item, (cost, priced, most): &(i128, i128, [i64; GOALS_MAX])| {
            let within = (0..goals).all(|goal| item.sums[goal].saturating_add(most[goal]) >= self.mins[goal]);
            let missing = (0..goals)
                .map(|goal| self.prices[goal] * i128::from((self.mins[goal] - item.sums[goal]).max(0)));
            within && item.cost + *cost < limit && item.cost + *priced + missing.sum::<i128>() < limit
        };
        let nothing = Item { cost: 0, applications: 0, sums: [0; GOALS_MAX] };
        let mut steps = vec![vec![Label { item: nothing, own: 0, before: 0 }]];
        let Some((longest, lists)) = self.lists.split_last() else {
            return Ok(self.reaches(&nothing).then(|| (0, Vec::new())));
        };
        for (place, list) in lists.iter().enumerate() {
            let mut next = Vec::new();
            let before = &steps[place];
            let mut looked_at = 0;
            for (at, label) in before.iter().enumerate() {
                for (own, item) in list.iter().enumerate() {
                    looked_at += 1;
                    if label.item.cost + item.cost + rest[place + 1].0 >= limit {
                        break;
                    }
                    let item = self.added(&label.item, item, Some(self.mins));
                    if could(&item, &rest[place + 1]) {
                        next.push(Label { item, own: own as u32, before: at as u32 });
                    }
                }
            }
            work.spend(1 + looked_at / 8 + next.len() as u64 / 2)?;
            next.sort_unstable_by_key(|label| {
                (label.item.cost, label.item.applications, label.before, label.own)
            });
            let kept = best_of(next, goals, work)?;
            if kept.len() > LABELS_MAX {
                return Err(Exhausted);
            }
            steps.push(kept);
        }
        let labels = steps.last().map_or(&[][..], Vec::as_slice);
        let Some((cost, at, own)) = self.completed(labels, longest, limit, work)? else { return Ok(None) };
        let mut chosen = vec![own];
        let mut here = labels[at];
        for step in (0..lists.len()).rev() {
            chosen.push(here.own as usize);
            here = steps[step][here.before as usize];
        }
        chosen.reverse();
        Ok(Some((cost, chosen)))
    }

    /// The cheapest of the labels with an item of the last list that reaches
    /// all thresholds and costs less than `limit`: its cost, the label, the item.
    fn completed(
        &self,
        labels: &[Label],
        list: &[Item],
        limit: i128,
        work: &mut Work,
    ) -> Result<Option<(i128, usize, usize)>, Exhausted> {
        let goals = self.mins.len();
        // Up to each item, the most that any brings: before enough is there, none does.
        let mut most: Vec<Vec<i64>> = Vec::new();
        for goal in 0..goals {
            let up_to = list.iter().scan(i64::MIN, |most, item| {
                *most = item.sums[goal].max(*most);
                Some(*most)
            });
            most.push(up_to.collect());
        }
        let mut best: Option<(i128, u32, usize, usize)> = None;
        let mut looked_at = list.len();
        for (at, label) in labels.iter().enumerate() {
            let wanted = |goal: usize| self.mins[goal] - label.item.sums[goal];
            let from = (0..goals).map(|goal| most[goal].partition_point(|sum| *sum < wanted(goal))).max();
            for (own, item) in list.iter().enumerate().skip(from.unwrap_or(0)) {
                looked_at += 1;
                let cost = label.item.cost + item.cost;
                let applications = label.item.applications.saturating_add(item.applications);
                if cost >= limit
                    || best.is_some_and(|(best, fewest, ..)| (cost, applications) >= (best, fewest))
                {
                    break;
                }
                if (0..goals).all(|goal| item.sums[goal] >= wanted(goal)) {
                    best = Some((cost, applications, at, own));
                    break;
                }
            }
            looked_at += 1;
        }
        work.spend(looked_at as u64 / 8)?;
        Ok(best.map(|(cost, _, at, own)| (cost, at, own)))
    }
}

/// The largest number that divides both.
fn common_divisor(one: i128, other: i128) -> i128 {
    let (mut one, mut other) = (one.abs(), other.abs());
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Those of some labels, least first, that none before them is as good as.
fn best_of(labels: Vec<Label>, goals: usize, work: &mut Work) -> Result<Vec<Label>, Exhausted> {
    let mut kept: Vec<Label> = Vec::new();
    // What the second brings at most where the first brings so much.
    let mut stairs: BTreeMap<i64, i64> = BTreeMap::new();
    let mut most = i64::MIN;
    for label in labels {
        let sums = &label.item.sums;
        match goals {
            0 => {
                if !kept.is_empty() {
                    break;
                }
            }
            1 => {
                if sums[0] <= most {
                    continue;
                }
                most = sums[0];
            }
            2 => {
                if stairs.range(sums[0]..).next().is_some_and(|(_, second)| *second >= sums[1]) {
                    continue;
                }
                let lower: Vec<i64> = stairs
                    .range(..=sums[0])
                    .rev()
                    .take_while(|(_, second)| **second <= sums[1])
                    .map(|(first, _)| *first)
                    .collect();
                for first in lower {
                    stairs.remove(&first);
                }
                stairs.insert(sums[0], sums[1]);
            }
            _ => {
                let as_good = |other: &Label| (0..goals).all(|goal| other.item.sums[goal] >= sums[goal]);
                work.spend(kept.len() as u64 / 16)?;
                if kept.iter().rev().any(as_good) {
                    continue;
                }
            }
        }
        kept.push(label);
    }
    Ok(kept)
}
