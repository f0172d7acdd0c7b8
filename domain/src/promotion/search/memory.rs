//! What is kept of one search for the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::component::{Component, Goal, Outcome, Ways};
use super::super::problem::{Fits, Kind};
use super::super::set::PromotionSet;
use super::super::ticket::TicketLine;
use super::cluster::{Cluster, Solved};
use crate::money::Money;

/// Of what was found out about components so much is kept, in units of about
/// a hundred bytes; beyond it all is forgotten at the next search.
const REMEMBERED_MAX: usize = 400_000;

/// What was found out about components, to be used again at the next scan.
///
/// It never changes an answer, only the time it takes: what is remembered
/// counts as the work that it took to find it.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    version: u64,
    size: usize,
    fits: HashMap<Kind, Arc<Fits>>,
    pub(super) found: Findings,
}

/// What was found out about components and clusters of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub least: HashMap<Arc<Component>, Arc<Least>>,
    pub weighted: HashMap<Arc<Weighted>, Arc<Least>>,
    pub reached: HashMap<Arc<Towards>, Arc<Reached>>,
    pub solved: HashMap<Arc<Cluster>, Arc<Solved>>,
    /// The same by what does not depend on the slack, with the slack.
    pub latest: HashMap<Cluster, (i128, Arc<Solved>)>,
}

/// A component with the weights of its regions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Weighted {
    pub component: Component,
    pub weights: Vec<i128>,
}

/// A component that is to reach thresholds together with others, and how far
/// above the least its ways are of interest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Towards {
    pub component: Component,
    pub weights: Vec<i128>,
    pub goal: Goal,
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
    pub(super) fn turn_to(&mut self, version: u64) {
        if self.version != version || self.size > REMEMBERED_MAX {
            self.fits.clear();
            self.found = Findings::default();
            self.size = 0;
            self.version = version;
        }
    }

    /// Notes that so much was put into it.
    pub(super) fn grow(&mut self, size: usize) {
        self.size = self.size.saturating_add(size);
    }

    /// The promotions whose goods include those of a line.
    pub(in crate::promotion) fn fits(&mut self, set: &PromotionSet, line: &TicketLine) -> Arc<Fits> {
        self.turn_to(set.version());
        let kind = Kind::of(line);
        if let Some(fits) = self.fits.get(&kind) {
            return fits.clone();
        }
        let fits = Arc::new(Fits::find(set, line));
        self.size += 1 + fits.size();
        self.fits.insert(kind, fits.clone());
        fits
    }
}
