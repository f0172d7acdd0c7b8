//! A component of few units: what each of them may be used for, and every
//! layout of all of them that could be of use, or the cheapest alone.
//!
//! A *use* is a unit for itself at a price, or one application of an item rule
//! with its members; of a quantity tier with as many as there may be, since
//! all that it lowers is one application. A state says how many units of each class are used up;
//! the first unit that is left is put to each of its uses. Few units have few
//! states, however many promotions they could stand in.
//!
//! Where all that is in a component weighs and counts the same, what a layout
//! costs is what it brings: then the sums that can be reached are marked fen
//! by fen, with the fewest applications of each.

use std::collections::BTreeMap;

use super::super::rule::{ItemRule, Rule};
use super::super::set::PromotionSet;
use super::super::settle::settle;
use super::outcome::members_of;
use super::{Component, Exhausted, Goal, Outcome, PARTS, Portion, Work};

/// The most uses that are told apart.
const USES_MAX: usize = 4_096;

/// Of so many members of uses it takes a step to say what they come to.
const MEMBERS_A_STEP: usize = 4;

/// The most states.
const STATES_MAX: usize = 2_048;

/// The most units; each could be in two applications.
const UNITS_MAX: u32 = 100;

/// The most layouts of a state that are kept.
const POINTS_MAX: usize = 8_192;

/// The widest range of sums that is marked, in minor units.
const MARKS_MAX: i128 = 16_384;

/// The most thresholds that are looked at apart.
const SIDES_MAX: usize = 4;

/// More than anything costs.
const FAR: i128 = i128::MAX / 4;

/// What some units may be used for.
#[derive(Debug, Clone)]
struct Use {
    /// How many units of which class, the first class first.
    units: Vec<(usize, u32)>,
    /// How far it leads on among the states.
    step: usize,
    sum: i64,
    cost: i128,
    applications: u8,
    brings: [i64; SIDES_MAX],
    /// Limits, and how much it takes of each.
    takes: Vec<(usize, u32)>,
    /// Class and join of the members of a group; of a unit for itself, `None`
    /// and its class and single.
    group: Option<usize>,
    members: Vec<(usize, usize)>,
}

/// A layout of the units used so far.
#[derive(Debug, Clone, Copy)]
struct Point<const SIDES: usize> {
    cost: i128,
    applications: u32,
    last: u32,
    before: u32,
    brings: [i64; SIDES],
}

const NOTHING: u32 = u32::MAX;

/// The uses of a component's units, and how layouts came about.
#[derive(Debug, Clone)]
pub(super) struct Small {
    uses: Vec<Use>,
    /// The uses that begin with each class.
    by_class: Vec<Vec<usize>>,
    counts: Vec<u32>,
    /// How far a unit of each class leads on among the states.
    strides: Vec<usize>,
    states: usize,
    /// For each threshold the side that counts for it.
    sides: Vec<usize>,
    /// For each side, and each region, whether it counts.
    columns: Vec<Vec<bool>>,
    /// What there is of limited promotions, and one application of each quantity tier.
    limits: Vec<u32>,
    trail: Trail,
    /// So many more members its uses may have.
    members_left: usize,
}

/// How layouts came about.
#[derive(Debug, Clone)]
enum Trail {
    /// The last use of each layout, and the layout before it.
    Steps(Vec<(u32, u32)>),
    /// For each state the sum of its first mark, and the fewest applications
    /// of each sum from there on; [`NO_MARK`] where none comes to it.
    Marks(Vec<(i64, Vec<u8>)>),
}

const NO_MARK: u8 = u8::MAX;

/// A layout of all units.
pub(super) struct Layout {
    pub(super) cost: i128,
    pub(super) applications: u32,
    /// What it brings to each threshold.
    pub(super) sums: Vec<i64>,
    /// What it is found by.
    pub(super) label: u32,
}

impl Small {
    /// The uses of a component's units; `None` where there are too many, or
    /// to lay them out would take half of the work that there is left.
    pub(super) fn of(
        component: &Component,
        set: &PromotionSet,
        weights: &[i128],
        goal: &Goal,
        work: &mut Work,
    ) -> Option<Self> {
        let counts: Vec<u32> = component.classes.iter().map(|class| class.count).collect();
        let units = counts.iter().fold(0u32, |all, count| all.saturating_add(*count));
        if units > UNITS_MAX {
            return None;
        }
        let mut strides = Vec::new();
        let mut states = 1usize;
        for count in &counts {
            strides.push(states);
            states = states.checked_mul(*count as usize + 1).filter(|states| *states <= STATES_MAX)?;
        }
        // Thresholds that count the same are one side.
        let mut sides = Vec::new();
        let mut columns: Vec<Vec<bool>> = Vec::new();
        for place in 0..goal.caps.len() {
            let column: Vec<bool> = goal.counts.iter().map(|counts| counts >> place & 1 == 1).collect();
            let side = columns.iter().position(|other| *other == column).unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            });
            sides.push(side);
        }
        if columns.len() > SIDES_MAX {
            return None;
        }
        let by_class = vec![Vec::new(); counts.len()];
        let trail = Trail::Steps(Vec::new());
        let limits = component.limits.clone();
        let steps_left = usize::try_from(work.limit.saturating_sub(work.done) / 2).unwrap_or(usize::MAX);
        let members_left = steps_left.saturating_mul(MEMBERS_A_STEP);
        let uses = Vec::new();
        let mut small =
            Self { uses, by_class, counts, strides, states, sides, columns, limits, trail, members_left };
        small.find_uses(component, set, weights)?;
        let members = steps_left.saturating_mul(MEMBERS_A_STEP) - small.members_left;
        work.spend((members / MEMBERS_A_STEP) as u64).ok()?;
        Some(small)
    }

    fn find_uses(&mut self, component: &Component, set: &PromotionSet, weights: &[i128]) -> Option<()> {
        let columns = self.columns.clone();
        let nothing = Use {
            units: Vec::new(),
            step: 0,
            sum: 0,
            cost: 0,
            applications: 0,
            brings: [0; SIDES_MAX],
            takes: Vec::new(),
            group: None,
            members: Vec::new(),
        };
        let charge = |own: &mut Use, region: usize, amount: i64| {
            own.sum += amount;
            own.cost += i128::from(amount) * weights[region];
            for (bring, column) in own.brings.iter_mut().zip(&columns) {
                if column.get(region).is_some_and(|counts| *counts) {
                    *bring = bring.saturating_add(amount.saturating_mul(PARTS));
                }
            }
        };
        for (place, class) in component.classes.iter().enumerate() {
            for (index, single) in class.singles.iter().enumerate() {
                let mut own = nothing.clone();
                charge(&mut own, single.region, single.price.minor());
                own.applications = u8::from(single.promotion.is_some());
                own.takes = counted(single.takes.iter().copied());
                own.members = vec![(place, index)];
                self.add(own)?;
            }
        }
        for (group, own_group) in component.groups.iter().enumerate() {
            let Rule::Item(rule) = &set.promotions()[own_group.promotion].rule else { return None };
            let is_tier = matches!(rule, ItemRule::QuantityTier { .. });
            let tier = is_tier.then(|| {
                self.limits.push(1);
                self.limits.len() - 1
            });
            let companies =
                if is_tier { self.crowds(component, group) } else { self.companies(component, group) };
            for members in companies? {
                let Some(nets) = settle(rule, &members_of(component, &members)) else { continue };
                let mut own = Use { group: Some(group), applications: 1, ..nothing.clone() };
                let mut takes: Vec<usize> = own_group.applications.into_iter().chain(tier).collect();
                for ((class, join), net) in members.iter().zip(nets) {
                    let join = &component.classes[*class].joins[*join];
                    charge(&mut own, join.region, net.minor());
                    own.applications += u8::from(join.price_promotion.is_some());
                    takes.extend(&join.takes);
                }
                own.takes = counted(takes.into_iter());
                own.members = members;
                self.add(own)?;
            }
        }
        Some(())
    }

    /// `None` where there are too many.
    fn add(&mut self, mut own: Use) -> Option<()> {
        let classes = own.members.iter().map(|(class, _)| *class);
        own.units = counted(classes);
        own.step = own.units.iter().map(|(class, units)| self.strides[*class] * *units as usize).sum();
        self.members_left = self.members_left.checked_sub(own.members.len())?;
        let (first, _) = *own.units.first()?;
        self.by_class[first].push(self.uses.len());
        self.uses.push(own);
        (self.uses.len() <= USES_MAX).then_some(())
    }

    /// The members that may make up a group together, each company once;
    /// `None` where they are too many.
    fn companies(&self, component: &Component, group: usize) -> Option<Vec<Vec<(usize, usize)>>> {
        let mut companies: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
        for (slot, units) in component.groups[group].slots.iter().enumerate() {
            let mut own: Vec<(usize, usize)> = Vec::new();
            for (place, class) in component.classes.iter().enumerate() {
                let fitting = class.joins.iter().enumerate();
                let fitting = fitting.filter(|(_, join)| join.group == group && join.slot == slot);
                own.extend(fitting.map(|(index, _)| (place, index)));
            }
            // How many members there are already, and the last of this slot.
            let mut fillings: Vec<(Vec<(usize, usize)>, usize)> =
                companies.into_iter().map(|company| (company, 0)).collect();
            for _ in 0..*units {
                let mut longer = Vec::new();
                for (company, from) in &fillings {
                    // The same members in another order are the same company.
                    for (place, member) in own.iter().enumerate().skip(*from) {
                        let there = company.iter().filter(|(class, _)| *class == member.0).count();
                        if there < self.counts[member.0] as usize {
                            let mut next = company.clone();
                            next.push(*member);
                            longer.push((next, place));
                        }
                    }
                    if longer.len() > USES_MAX.min(self.members_left) {
                        return None;
                    }
                }
                fillings = longer;
            }
            companies = fillings.into_iter().map(|(company, _)| company).collect();
        }
        Some(companies)
    }

    /// Any members that may stand in a group together, each company once;
    /// `None` where they are too many.
    fn crowds(&self, component: &Component, group: usize) -> Option<Vec<Vec<(usize, usize)>>> {
        let mut crowds: Vec<Vec<(usize, usize)>> = vec![Vec::new()];
        for (place, class) in component.classes.iter().enumerate() {
            // How many of the class are left, with the crowd.
            let mut fillings: Vec<(Vec<(usize, usize)>, u32)> =
                crowds.into_iter().map(|crowd| (crowd, class.count)).collect();
            let fitting = class.joins.iter().enumerate().filter(|(_, join)| join.group == group);
            for (index, _) in fitting {
                let mut longer = Vec::new();
                for (crowd, left) in &fillings {
                    for units in 0..=*left {
                        let mut next = crowd.clone();
                        next.extend((0..units).map(|_| (place, index)));
                        longer.push((next, left - units));
                    }
                    if longer.len() > USES_MAX.min(self.members_left) {
                        return None;
                    }
                }
                fillings = longer;
            }
            crowds = fillings.into_iter().map(|(crowd, _)| crowd).collect();
        }
        Some(crowds)
    }

    /// How many uses are looked at to find the least: of every state those of a class.
    pub(super) fn looks(&self) -> usize {
        self.states * self.by_class.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// The cheapest layout of all units, of equal ones one with the fewest applications.
    pub(super) fn least(&mut self, work: &mut Work) -> Result<Vec<Layout>, Exhausted> {
        work.spend(self.looks() as u64 / 64)?;
        let rest = self.rest();
        let most = if self.limits.is_empty() { rest[0] } else { FAR };
        self.laid::<0>(&rest, most, work)
    }

    /// Every layout of all units that costs at most so much above the least,
    /// but for those that another is as good as; the cheapest first.
    pub(super) fn layouts(
        &mut self,
        component: &Component,
        weights: &[i128],
        slack: i128,
        work: &mut Work,
    ) -> Result<Vec<Layout>, Exhausted> {
        let rest = self.rest();
        work.spend((self.states * self.uses.len()) as u64 / 64)?;
        if self.limits.is_empty()
            && let Some(region) = one_region(component)
            && weights[region] > 0
            && slack / weights[region] < MARKS_MAX
        {
            return self.mark(&rest, region, weights[region], slack, work);
        }
        let least = self.lay_out::<0>(&rest, FAR, work)?;
        let Some(least) = least.first().map(|point| point.cost) else { return Ok(Vec::new()) };
        let most = least.saturating_add(slack);
        match self.sides.iter().max().map_or(0, |most| most + 1) {
            0 => self.laid::<0>(&rest, most, work),
            1 => self.laid::<1>(&rest, most, work),
            2 => self.laid::<2>(&rest, most, work),
            _ => self.laid::<SIDES_MAX>(&rest, most, work),
        }
    }

    /// From each state on, what the units that are left cost at least.
    fn rest(&self) -> Vec<i128> {
        let mut rest = vec![FAR; self.states];
        rest[self.states - 1] = 0;
        for state in (0..self.states - 1).rev() {
            let least = self.uses_in(state).map(|own| rest[state + own.step] + own.cost).min();
            rest[state] = least.unwrap_or(FAR).min(FAR);
        }
        rest
    }

    /// What the first unit that is left in a state may be used for.
    fn uses_in(&self, state: usize) -> impl Iterator<Item = &Use> + '_ {
        self.places_in(state).map(|place| &self.uses[place])
    }

    fn places_in(&self, state: usize) -> impl Iterator<Item = usize> + '_ {
        let used = move |class: usize| state / self.strides[class] % (self.counts[class] as usize + 1);
        let first = (0..self.counts.len()).find(|class| used(*class) < self.counts[*class] as usize);
        let all = first.map_or(&[][..], |class| &self.by_class[class]);
        all.iter().copied().filter(move |place| {
            let mut units = self.uses[*place].units.iter();
            units.all(|(class, units)| used(*class) + *units as usize <= self.counts[*class] as usize)
        })
    }

    /// Marks the sums that can be reached, state by state.
    fn mark(
        &mut self,
        rest: &[i128],
        region: usize,
        weight: i128,
        slack: i128,
        work: &mut Work,
    ) -> Result<Vec<Layout>, Exhausted> {
        let least = rest[0];
        if least >= FAR {
            return Ok(Vec::new());
        }
        let mut lowest = vec![FAR; self.states];
        lowest[0] = 0;
        for state in 0..self.states {
            for own in self.uses_in(state) {
                let cost = lowest[state] + own.cost;
                let there = &mut lowest[state + own.step];
                *there = cost.min(*there);
            }
        }
        let minor = |cost: i128| i64::try_from(cost / weight).unwrap_or(i64::MAX);
        let mut marks: Vec<(i64, Vec<u8>)> = (0..self.states)
            .map(|state| {
                let room = least + slack - lowest[state] - rest[state];
                if room < 0 {
                    return (0, Vec::new());
                }
                let width = usize::try_from(room / weight).unwrap_or(0) + 1;
                (minor(lowest[state]), vec![NO_MARK; width])
            })
            .collect();
        if let Some(first) = marks[0].1.first_mut() {
            *first = 0;
        }
        for state in 0..self.states {
            let (before, after) = marks.split_at_mut(state + 1);
            let (from, own) = &before[state];
            if own.iter().all(|mark| *mark == NO_MARK) {
                continue;
            }
            for step in self.uses_in(state) {
                let (to, there) = &mut after[step.step - 1];
                // The first mark that it leads to, and what of it has no room.
                let offset = from + step.sum - *to;
                let (skipped, offset) = match usize::try_from(offset) {
                    Ok(offset) => (0, offset),
                    Err(_) => (usize::try_from(-offset).unwrap_or(usize::MAX), 0),
                };
                let own = own.get(skipped..).unwrap_or_default();
                let there = there.get_mut(offset..).unwrap_or_default();
                work.spend(1 + own.len().min(there.len()) as u64 / 512)?;
                for (mark, known) in own.iter().zip(there) {
                    *known = mark.saturating_add(step.applications).min(*known);
                }
            }
        }
        let mut layouts = Vec::new();
        let counts_it = |side: &usize| self.columns[*side].get(region).is_some_and(|counts| *counts);
        let counts: Vec<bool> = self.sides.iter().map(counts_it).collect();
        let (from, own) = &marks[self.states - 1];
        for (place, mark) in own.iter().enumerate().filter(|(_, mark)| **mark < NO_MARK) {
            let sum = from + i64::try_from(place).unwrap_or(0);
            let brings = |counts: &bool| if *counts { sum.saturating_mul(PARTS) } else { 0 };
            layouts.push(Layout {
                cost: i128::from(sum) * weight,
                applications: u32::from(*mark),
                sums: counts.iter().map(brings).collect(),
                label: u32::try_from(place).unwrap_or(NOTHING),
            });
            if counts.iter().all(|counts| !counts) {
                break;
            }
        }
        self.trail = Trail::Marks(marks);
        Ok(layouts)
    }

    fn laid<const SIDES: usize>(
        &mut self,
        rest: &[i128],
        most: i128,
        work: &mut Work,
    ) -> Result<Vec<Layout>, Exhausted> {
        let points = self.lay_out::<SIDES>(rest, most, work)?;
        let layout = |point: Point<SIDES>| Layout {
            cost: point.cost,
            applications: point.applications,
            sums: self.sides.iter().map(|side| point.brings[*side]).collect(),
            label: point.before,
        };
        Ok(points.into_iter().map(layout).collect())
    }

    /// The layouts of all units, each with its own place in the trail as what
    /// comes before it.
    fn lay_out<const SIDES: usize>(
        &mut self,
        rest: &[i128],
        most: i128,
        work: &mut Work,
    ) -> Result<Vec<Point<SIDES>>, Exhausted> {
        let mut trail: Vec<(u32, u32)> = Vec::new();
        let nothing = Point { cost: 0, applications: 0, last: NOTHING, before: NOTHING, brings: [0; SIDES] };
        let mut laid: Vec<BTreeMap<Vec<u32>, Vec<Point<SIDES>>>> = vec![BTreeMap::new(); self.states];
        laid[0].insert(self.limits.clone(), vec![nothing]);
        for state in 0..self.states {
            let here = std::mem::take(&mut laid[state]);
            let is_last = state + 1 == self.states;
            let mut all = Vec::new();
            for (limits, points) in here {
                let mut kept = best_of(points, work)?;
                for point in &mut kept {
                    trail.push((point.last, point.before));
                    point.before = u32::try_from(trail.len() - 1).unwrap_or(NOTHING);
                }
                if is_last {
                    all.extend(kept);
                    continue;
                }
                for place in self.places_in(state) {
                    let own = &self.uses[place];
                    let Some(limits) = own.taken(&limits) else { continue };
                    let room = most.saturating_sub(rest[state + own.step]).saturating_sub(own.cost);
                    let near = kept.iter().take_while(|point| point.cost <= room);
                    let there = laid[state + own.step].entry(limits).or_default();
                    let before = there.len();
                    there.extend(near.map(|point| own.after(point, place)));
                    work.spend(1 + (there.len() - before) as u64 / 8)?;
                }
            }
            if is_last {
                self.trail = Trail::Steps(trail);
                return best_of(all, work);
            }
        }
        Ok(Vec::new())
    }

    /// How much of a memory it fills.
    pub(super) fn size(&self) -> usize {
        self.uses.len() / 2
            + match &self.trail {
                Trail::Steps(steps) => steps.len() / 12,
                Trail::Marks(marks) => marks.iter().map(|(_, own)| 1 + own.len() / 100).sum(),
            }
    }

    /// What a layout comes to, unit by unit.
    pub(super) fn outcome(&self, component: &Component, set: &PromotionSet, label: u32) -> Outcome {
        let mut outcome = Outcome::default();
        for place in self.walk(label) {
            let own = &self.uses[place];
            match own.group {
                Some(group) => outcome.apply(component, set, group, &own.members),
                None => {
                    for (class, single) in &own.members {
                        let class = &component.classes[*class];
                        let single = &class.singles[*single];
                        outcome.add(Portion {
                            line: class.line,
                            units: 1,
                            net: single.price,
                            price_promotion: single.promotion,
                            item_promotion: None,
                        });
                    }
                }
            }
        }
        outcome
            .portions
            .sort_by_key(|portion| (portion.line, portion.price_promotion, portion.item_promotion));
        outcome
    }

    /// The uses of a layout.
    fn walk(&self, label: u32) -> Vec<usize> {
        let mut uses = Vec::new();
        match &self.trail {
            Trail::Steps(steps) => {
                let mut here = label;
                while let Some((last, before)) = steps.get(here as usize).filter(|(last, _)| *last != NOTHING)
                {
                    uses.push(*last as usize);
                    here = *before;
                }
            }
            Trail::Marks(marks) => {
                let mark = |state: usize, sum: i64| -> Option<u8> {
                    let (from, own) = &marks[state];
                    let place = usize::try_from(sum - from).ok()?;
                    own.get(place).copied().filter(|mark| *mark < NO_MARK)
                };
                let mut state = self.states - 1;
                let mut sum = marks[state].0 + i64::from(label);
                while let Some(here) = mark(state, sum).filter(|_| state > 0) {
                    let comes_from = |place: &usize| {
                        let own = &self.uses[*place];
                        let Some(before) = state.checked_sub(own.step) else { return false };
                        mark(before, sum - own.sum).is_some_and(|mark| mark + own.applications == here)
                            && self.places_in(before).any(|other| other == *place)
                    };
                    let Some(place) = (0..self.uses.len()).find(comes_from) else { break };
                    uses.push(place);
                    state -= self.uses[place].step;
                    sum -= self.uses[place].sum;
                }
            }
        }
        uses
    }
}

impl Use {
    fn taken(&self, limits: &[u32]) -> Option<Vec<u32>> {
        let mut limits = limits.to_vec();
        for (limit, units) in &self.takes {
            limits[*limit] = limits[*limit].checked_sub(*units)?;
        }
        Some(limits)
    }

    fn after<const SIDES: usize>(&self, point: &Point<SIDES>, place: usize) -> Point<SIDES> {
        let mut brings = point.brings;
        for (sum, own) in brings.iter_mut().zip(&self.brings) {
            *sum = sum.saturating_add(*own);
        }
        Point {
            cost: point.cost + self.cost,
            applications: point.applications + u32::from(self.applications),
            last: u32::try_from(place).unwrap_or(NOTHING),
            before: point.before,
            brings,
        }
    }
}

/// The region in which all of a component stands, where that is one.
fn one_region(component: &Component) -> Option<usize> {
    let mut regions = component.classes.iter().flat_map(|class| {
        let singles = class.singles.iter().map(|single| single.region);
        singles.chain(class.joins.iter().map(|join| join.region))
    });
    let first = regions.next()?;
    regions.all(|region| region == first).then_some(first)
}

/// How often each stands in a list, in order.
fn counted(places: impl Iterator<Item = usize>) -> Vec<(usize, u32)> {
    let mut counts: BTreeMap<usize, u32> = BTreeMap::new();
    for place in places {
        *counts.entry(place).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

/// Of some layouts, the cheapest first, those that none before them is as good as.
fn best_of<const SIDES: usize>(
    mut points: Vec<Point<SIDES>>,
    work: &mut Work,
) -> Result<Vec<Point<SIDES>>, Exhausted> {
    points.sort_unstable_by_key(|point| (point.cost, point.applications, point.last, point.before));
    let mut kept: Vec<Point<SIDES>> = Vec::new();
    let mut most = i64::MIN;
    // What the second side has at most where the first has so much.
    let mut stairs: BTreeMap<i64, i64> = BTreeMap::new();
    for point in points {
        let brings = &point.brings;
        match SIDES {
            0 => {
                kept.push(point);
                break;
            }
            1 => {
                if brings[0] <= most {
                    continue;
                }
                most = brings[0];
            }
            2 => {
                if stairs.range(brings[0]..).next().is_some_and(|(_, second)| *second >= brings[1]) {
                    continue;
                }
                while let Some((first, second)) = stairs.range(..=brings[0]).next_back() {
                    let first = *first;
                    if *second > brings[1] {
                        break;
                    }
                    stairs.remove(&first);
                }
                stairs.insert(brings[0], brings[1]);
            }
            _ => {
                work.spend(kept.len() as u64 / 32)?;
                let as_good =
                    |other: &Point<SIDES>| (0..SIDES).all(|side| other.brings[side] >= brings[side]);
                if kept.iter().rev().any(as_good) {
                    continue;
                }
            }
        }
        kept.push(point);
        if kept.len() > POINTS_MAX {
            return Err(Exhausted);
        }
    }
    Ok(kept)
}
