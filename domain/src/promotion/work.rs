//! Steps of work, how many of them a search may take, and whether it is still wanted.

use std::cell::Cell;
use std::fmt;

/// How thoroughly a ticket is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Effort {
    /// As far as a scan has time for.
    Glance,
    /// As far as a search goes.
    Whole,
}

impl Effort {
    /// The most work on one component before a rough look at it.
    pub(super) fn first_work(self) -> u64 {
        match self {
            Self::Glance => 1_000,
            Self::Whole => 3_000,
        }
    }

    /// The most work on one component; of a glance none after a rough look at it.
    pub(super) fn component_work(self) -> u64 {
        match self {
            Self::Glance => 1_000,
            Self::Whole => 60_000,
        }
    }

    /// The most work on putting one cluster together.
    pub(super) fn cluster_work(self) -> u64 {
        match self {
            Self::Glance => 1_500,
            Self::Whole => 60_000,
        }
    }

    /// The most work on one promotion alone, where a component is too large to be searched.
    pub(super) fn alone_work(self) -> u64 {
        match self {
            Self::Glance => 1_000,
            Self::Whole => 5_000,
        }
    }

    /// The most work on what units are worth to promotions that compete for them.
    pub(super) fn worth_work(self) -> u64 {
        match self {
            Self::Glance => 0,
            Self::Whole => 60_000,
        }
    }

    /// The most scenarios of one choice.
    pub(super) fn scenarios(self) -> u64 {
        match self {
            Self::Glance => 500,
            Self::Whole => 20_000,
        }
    }
}

/// Whether a search is still wanted: it is asked now and then, and once it is not, all that it has
/// under way ends soon, and nothing of it is used. It never changes an answer, only whether there is one.
pub(super) struct Asking<'s> {
    goes_on: &'s dyn Fn() -> bool,
    steps: Cell<u64>,
    is_over: Cell<bool>,
}

/// After so many steps it is asked again: a small part of a millisecond.
const ASKED_EVERY: u64 = 256;

impl<'s> Asking<'s> {
    pub(super) fn new(goes_on: &'s dyn Fn() -> bool) -> Self {
        Self { goes_on, steps: Cell::new(0), is_over: Cell::new(false) }
    }

    /// Whether it is not wanted any more.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Asks now: whether it is not wanted any more.
    pub(super) fn ask(&self) -> bool {
        self.note(ASKED_EVERY)
    }

    /// Counts steps between two times that it is asked, whether or not they count as work. Whether it is not wanted any more.
    pub(super) fn note(&self, steps: u64) -> bool {
        let all = self.steps.get().saturating_add(steps);
        if all < ASKED_EVERY {
            self.steps.set(all);
        } else {
            self.steps.set(0);
            if !(self.goes_on)() {
                self.is_over.set(true);
            }
        }
        self.is_over.get()
    }
}

/// Steps of work, counted so that a limit means the same on every machine.
#[derive(Clone, Copy)]
pub(super) struct Work<'s> {
    pub done: u64,
    pub limit: u64,
    asking: &'s Asking<'s>,
}

impl fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.done, self.limit)
    }
}

impl<'s> Work<'s> {
    /// None done yet, and at most so much.
    pub(super) fn new(limit: u64, asking: &'s Asking<'s>) -> Self {
        Self { done: 0, limit, asking }
    }

    /// As much as is done, up to another limit.
    pub(super) fn until(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// Counts steps; fails where they are too many, or nobody waits for them any more.
    pub(super) fn spend(&mut self, steps: u64) -> Result<(), Exhausted> {
        self.done = self.done.saturating_add(steps);
        if self.asking.note(steps) || self.done > self.limit { Err(Exhausted) } else { Ok(()) }
    }
}

/// The search was cut short: the limit of work, or of states, was reached, or it is not wanted any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

#[cfg(test)]
mod tests {
    use super::*;

    /// Work ends at its limit, and soon after it is not wanted; then for good.
    #[test]
    fn work_ends_at_its_limit_or_when_it_is_not_wanted() {
        let wanted = Cell::new(true);
        let goes_on = || wanted.get();
        let asking = Asking::new(&goes_on);
        let mut work = Work::new(1_000, &asking);
        assert_eq!((work.spend(999), work.spend(1), work.spend(1)), (Ok(()), Ok(()), Err(Exhausted)));
        assert!(!asking.is_over());
        let mut other = Work::new(u64::MAX, &asking);
        wanted.set(false);
        let until = (1..).find(|_| other.spend(1).is_err());
        assert!(until.is_some_and(|steps| steps <= ASKED_EVERY), "{until:?}");
        wanted.set(true);
        assert_eq!((other.spend(0), asking.is_over()), (Err(Exhausted), true));
    }
}
