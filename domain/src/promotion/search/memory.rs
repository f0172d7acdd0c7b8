//! What is kept of one search for the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::component::{Component, Outcome};
use super::super::problem::{Fits, Kind};
use super::super::set::PromotionSet;
use super::super::ticket::TicketLine;
use crate::money::Money;

/// The most results of components that are remembered; beyond it all are forgotten.
pub(super) const REMEMBERED_MAX: usize = 4_096;

/// What was found out about components, to be used again at the next scan.
///
/// It never changes an answer, only the time it takes.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    pub(super) version: u64,
    pub(super) least: HashMap<Arc<Component>, Arc<Least>>,
    pub(super) fits: HashMap<Kind, Arc<Fits>>,
}

/// The least sum of a component, and what it takes to find it.
#[derive(Debug)]
pub(super) struct Least {
    /// `None` where some units have no price left to take.
    pub(super) outcome: Option<Outcome>,
    pub(super) sum: Money,
    pub(super) whole: bool,
    pub(super) work: u64,
}

impl Memory {
    pub(super) fn turn_to(&mut self, version: u64) {
        if self.version != version {
            self.fits.clear();
            self.least.clear();
            self.version = version;
        }
        if self.fits.len() > REMEMBERED_MAX {
            self.fits.clear();
        }
        if self.least.len() > REMEMBERED_MAX {
            self.least.clear();
        }
    }

    /// The promotions whose goods include those of a line.
    pub(in crate::promotion) fn fits(&mut self, set: &PromotionSet, line: &TicketLine) -> Arc<Fits> {
        self.turn_to(set.version());
        self.fits.entry(Kind::of(line)).or_insert_with(|| Arc::new(Fits::find(set, line))).clone()
    }
}
