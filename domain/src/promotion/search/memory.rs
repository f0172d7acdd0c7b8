//! What is kept of one search for the next.

use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use super::super::component::{Component, Outcome, Ways};
use super::super::problem::{Fits, Kind, Problem};
use super::super::quick::QuickMap;
use super::super::set::PromotionSet;
use super::super::ticket::{Objective, PointsOffer, Priced, TicketLine, Unmet};
use super::super::work::{Asking, Effort};
use super::cluster::{Cluster, Solved};
use crate::money::Money;
use crate::quota::QuotaLeft;

/// Of what was found out so much is kept, in units of about a hundred bytes.
const REMEMBERED_MAX: usize = 400_000;

/// What was found out about components, to be used again at the next scan.
///
/// It never changes an answer, only the time it takes: what is remembered
/// counts as the work that it took to find it. Half of it is what was used
/// last; where that is full, the other half is forgotten.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    version: u64,
    fits: Kept<Kind, Arc<Fits>>,
    shapes: Kept<Arc<Component>, (Arc<Component>, u64)>,
    next_shape: u64,
    least: Kept<ShapeId, Arc<Least>>,
    weighted: Kept<Weighted, Arc<Least>>,
    reached: Kept<Arc<Towards>, Arc<Reached>>,
    solved: Kept<Cluster, Arc<Solved>>,
    /// The last answers, newest first.
    answers: VecDeque<(Question, Priced)>,
    /// The last glance: mostly what is worked out fully next.
    glanced: Option<(Question, Priced)>,
}

/// The most answers that are remembered whole: those of a basket and of what it would cost
/// with another tender or coupon.
const ANSWERS_MAX: usize = 4;

/// All that an answer depends on, but for the promotions themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    objective: Objective,
    lines: Vec<TicketLine>,
    coupons_max: Option<u32>,
    points: Option<PointsOffer>,
    quotas_left: BTreeMap<String, QuotaLeft>,
    candidates: Vec<usize>,
    unmet: Vec<(usize, Unmet)>,
}

impl Question {
    fn of(problem: &Problem<'_>) -> Self {
        let ticket = problem.ticket;
        Self {
            objective: problem.objective,
            lines: ticket.lines.clone(),
            coupons_max: ticket.coupons_max,
            points: ticket.points,
            quotas_left: ticket.quotas_left.clone(),
            candidates: problem.candidates.clone(),
            unmet: problem.unmet.clone(),
        }
    }

    fn is(&self, problem: &Problem<'_>) -> bool {
        let ticket = problem.ticket;
        self.objective == problem.objective
            && self.lines == ticket.lines
            && self.coupons_max == ticket.coupons_max
            && self.points == ticket.points
            && self.quotas_left == ticket.quotas_left
            && self.candidates == problem.candidates
            && self.unmet == problem.unmet
    }
}

/// What one search has looked up or found out already: its work is counted.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub least: QuickMap<ShapeId, Arc<Least>>,
    pub weighted: QuickMap<Weighted, Arc<Least>>,
    pub reached: QuickMap<Arc<Towards>, Arc<Reached>>,
    pub solved: QuickMap<Cluster, Arc<Solved>>,
}

/// A component as overlays see it, told apart from all others that are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ShapeId {
    number: u64,
    /// How thoroughly it is searched: what is found with less effort is known apart.
    effort: Effort,
}

impl ShapeId {
    /// The same component, searched with another effort.
    pub fn with(self, effort: Effort) -> Self {
        Self { effort, ..self }
    }
}

/// A component with the weights of its regions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Weighted {
    pub shape: ShapeId,
    pub weights: Vec<i128>,
}

/// A component that is to reach thresholds together with others, and how far
/// above the least its ways are of interest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Towards {
    pub shape: ShapeId,
    /// Of each region its weight, and a bit for each threshold that counts it.
    pub regions: Vec<(i128, u32)>,
    /// Beyond so much, in parts of a minor unit, a threshold is reached
    /// whatever else there is.
    pub caps: Vec<i64>,
    pub slack: i128,
}

/// The least sum of a component, and what it takes to find it.
#[derive(Debug)]
pub(super) struct Least {
    /// `None` where some units have no price left to take.
    pub outcome: Option<Outcome>,
    /// What the outcome comes to.
    pub sum: Money,
    /// No outcome comes to less.
    pub bound: Money,
    /// No outcome weighs less.
    pub cost_bound: i128,
    /// Whether the outcome is surely the least.
    pub whole: bool,
    pub work: u64,
}

/// The ways of a component towards thresholds.
#[derive(Debug)]
pub(super) struct Reached {
    /// `None` where they were too many.
    pub ways: Option<Ways>,
    pub work: u64,
}

impl Least {
    /// How much of a memory it fills.
    pub fn size(&self) -> usize {
        self.outcome.as_ref().map_or(1, |outcome| 1 + outcome.portions.len() + 4 * outcome.applications.len())
    }
}

impl Memory {
    pub(in crate::promotion) fn turn_to(&mut self, version: u64) {
        if self.version != version {
            *self = Self { version, ..Self::default() };
        }
        if self.size() > REMEMBERED_MAX / 2 {
            self.fits.age();
            self.shapes.age();
            self.least.age();
            self.weighted.age();
            self.reached.age();
            self.solved.age();
        }
    }

    /// What was used since a half of it was forgotten.
    fn size(&self) -> usize {
        self.fits.size
            + self.shapes.size
            + self.least.size
            + self.weighted.size
            + self.reached.size
            + self.solved.size
    }

    /// The promotions whose goods include those of a line.
    pub(in crate::promotion) fn fits(&mut self, set: &PromotionSet, line: &TicketLine) -> Arc<Fits> {
        self.turn_to(set.version());
        let find = || {
            let fits = Arc::new(Fits::find(set, line));
            let size = 1 + fits.size();
            (fits, size)
        };
        self.fits.get_or(&Kind::of(line), find)
    }

    /// A component, and what it is remembered by.
    pub(super) fn shape(&mut self, component: Component, effort: Effort) -> (Arc<Component>, ShapeId) {
        if let Some((component, number)) = self.shapes.get(&component) {
            return (component, ShapeId { number, effort });
        }
        let number = self.next_shape;
        self.next_shape += 1;
        let size = component.size();
        let component = Arc::new(component);
        self.shapes.put(component.clone(), (component.clone(), number), size);
        (component, ShapeId { number, effort })
    }

    /// The least sum of a component, as it is known or as it is found; like all that
    /// follows, kept where its search was wanted to the end.
    pub(super) fn least(
        &mut self,
        shape: ShapeId,
        asking: &Asking<'_>,
        find: impl FnOnce() -> Arc<Least>,
    ) -> Arc<Least> {
        self.least.get_or_find(&shape, asking, find, |least| least.size())
    }

    /// The least weighted sum of a component, as it is known or as it is found.
    pub(super) fn weighted(
        &mut self,
        key: &Weighted,
        asking: &Asking<'_>,
        find: impl FnOnce() -> Arc<Least>,
    ) -> Arc<Least> {
        self.weighted.get_or_find(key, asking, find, |least| 1 + least.size())
    }

    /// The ways of a component, as they are known or as they are found.
    pub(super) fn reached(
        &mut self,
        key: &Arc<Towards>,
        asking: &Asking<'_>,
        find: impl FnOnce() -> Arc<Reached>,
    ) -> Arc<Reached> {
        let size = |reached: &Arc<Reached>| 2 + reached.ways.as_ref().map_or(0, |ways| ways.size());
        self.reached.get_or_find(key, asking, find, size)
    }

    /// What a ticket costs, where that is known.
    pub(in crate::promotion) fn answer(&self, problem: &Problem<'_>) -> Option<Priced> {
        let known = self.answers.iter().find(|(question, _)| question.is(problem));
        known.map(|(_, answer)| answer.clone())
    }

    /// Keeps what a ticket costs.
    pub(in crate::promotion) fn keep_answer(&mut self, problem: &Problem<'_>, answer: Priced) {
        self.answers.truncate(ANSWERS_MAX - 1);
        self.answers.push_front((Question::of(problem), answer));
    }

    /// What a ticket costs at a glance, where that was the last one.
    pub(in crate::promotion) fn glance(&self, problem: &Problem<'_>) -> Option<Priced> {
        let (question, answer) = self.glanced.as_ref()?;
        question.is(problem).then(|| answer.clone())
    }

    /// Keeps what a ticket costs at a glance.
    pub(in crate::promotion) fn keep_glance(&mut self, problem: &Problem<'_>, answer: Priced) {
        self.glanced = Some((Question::of(problem), answer));
    }

    /// What is known of a cluster.
    pub(super) fn solved(&mut self, key: &Cluster) -> Option<Arc<Solved>> {
        self.solved.get(key)
    }

    /// Keeps what was found out about a cluster.
    pub(super) fn keep_solved(&mut self, key: Cluster, asking: &Asking<'_>, solved: Arc<Solved>) {
        if asking.is_over() {
            return;
        }
        let size = solved.size();
        self.solved.put(key, solved, size);
    }
}

/// What is known by its key: what was used of late, and what was used before.
#[derive(Debug, Clone)]
struct Kept<K, V> {
    young: QuickMap<K, (V, usize)>,
    old: QuickMap<K, (V, usize)>,
    /// How much the young of it is.
    size: usize,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self { young: QuickMap::default(), old: QuickMap::default(), size: 0 }
    }
}

impl<K: Hash + Eq, V: Clone> Kept<K, V> {
    fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if let Some((value, _)) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, size)) = self.old.remove_entry(key)?;
        self.put(key, value.clone(), size);
        Some(value)
    }

    fn put(&mut self, key: K, value: V, size: usize) {
        self.size = self.size.saturating_add(size);
        self.young.insert(key, (value, size));
    }

    fn get_or(&mut self, key: &K, find: impl FnOnce() -> (V, usize)) -> V
    where
        K: Clone,
    {
        self.get(key).unwrap_or_else(|| {
            let (value, size) = find();
            self.put(key.clone(), value.clone(), size);
            value
        })
    }

    /// What is known, or what is found, which is kept where it was wanted to the end.
    fn get_or_find(
        &mut self,
        key: &K,
        asking: &Asking<'_>,
        find: impl FnOnce() -> V,
        size: impl FnOnce(&V) -> usize,
    ) -> V
    where
        K: Clone,
    {
        self.get(key).unwrap_or_else(|| {
            let value = find();
            if !asking.is_over() {
                let size = size(&value);
                self.put(key.clone(), value.clone(), size);
            }
            value
        })
    }

    /// Forgets what was not used since it last did.
    fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
        self.size = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked for again is kept; what is not, is forgotten.
    #[test]
    fn what_is_used_is_remembered() {
        let mut kept: Kept<u32, u32> = Kept::default();
        kept.put(1, 10, 5);
        kept.put(2, 20, 7);
        assert_eq!(kept.size, 12);
        kept.age();
        assert_eq!((kept.get(&1), kept.size), (Some(10), 5));
        kept.age();
        assert_eq!((kept.get(&1), kept.get(&2), kept.size), (Some(10), None, 5));
        assert_eq!(kept.get_or(&2, || (21, 1)), 21);
        assert_eq!((kept.get_or(&2, || (22, 1)), kept.size), (21, 6));
    }
}
