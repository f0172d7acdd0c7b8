//! The pull reconciler: the lane's reference moves to HQ's version.
//!
//! All pages of one pull go into one transaction, so the lane sees the old
//! version or the new one and nothing between.

use super::backoff::{Backoff, Jitter};
use super::{Alarm, Beginning};

/// Within this time after a hint the lane asks, milliseconds: a thousand
/// lanes that are told at one moment do not come at one moment.
pub(super) const HINT_SPREAD_MS: i64 = 800;

/// How long a pull that has begun keeps its transaction open while HQ does
/// not answer, milliseconds. Beyond it the pages are dropped and pulled again.
pub(super) const PATIENCE_MS: i64 = 10 * 60_000;

/// What the pull reconciler wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullAction {
    /// Get the page after a version and write it into the open transaction;
    /// ends with [`PullInput::Page`] or [`PullInput::Failed`].
    Page {
        /// After this version.
        after: u64,
        /// What to do before writing.
        opening: Opening,
    },
    /// Commit the transaction as this version; ends with
    /// [`PullInput::Committed`] or [`PullInput::Failed`].
    Commit {
        /// The version.
        version: u64,
    },
    /// Roll the transaction back; ends with [`PullInput::Abandoned`].
    Abandon,
}

/// How a page meets the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The transaction is open: go on.
    Continue,
    /// Open one, if the page has changes.
    Begin,
    /// Open one and forget everything first: the lane's version is of
    /// another HQ than this, or was pulled by a program that knew less.
    BeginAnew,
}

/// How an action of the pull reconciler ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullInput {
    /// A page came and is written.
    Page {
        /// Go on after this version.
        through: u64,
        /// HQ's newest version.
        latest: u64,
        /// Whether pages follow.
        more: bool,
        /// Whether a transaction is open now.
        is_open: bool,
    },
    /// The transaction is committed.
    Committed,
    /// The transaction is rolled back.
    Abandoned,
    /// It did not work.
    Failed(PullFailure),
}

/// Why an action of the pull reconciler did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullFailure {
    /// No answer, or one that says to come back. The transaction stays.
    Unreachable {
        /// Milliseconds that HQ asked to wait; 0 where it did not.
        wait_ms: i64,
    },
    /// HQ does not know the key. The transaction stays.
    Unauthorised,
    /// What came cannot be read. The transaction stays.
    Form {
        /// Why.
        reason: String,
    },
    /// The disk did not do it. The transaction is gone.
    Disk {
        /// Why.
        reason: String,
    },
}

impl PullInput {
    /// Whether HQ answered, whatever it said.
    pub(super) fn is_answer(&self) -> bool {
        match self {
            Self::Page { .. } => true,
            Self::Committed | Self::Abandoned => false,
            Self::Failed(failure) => match failure {
                PullFailure::Unreachable { .. } | PullFailure::Disk { .. } => false,
                PullFailure::Unauthorised | PullFailure::Form { .. } => true,
            },
        }
    }
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The action, once this time has come.
    Due { action: PullAction, from_ms: i64 },
    /// The shell is doing it.
    UnderWay(PullAction),
}

/// The pull reconciler.
#[derive(Debug)]
pub(super) struct Pull {
    interval_ms: i64,
    phase: Phase,
    /// On the lane's disk.
    version: u64,
    /// All of it is pulled again.
    is_outdated: bool,
    version_at_hq: Option<u64>,
    /// The transaction is rolled back when HQ did not answer by then; `None`
    /// while none is open.
    patience_until_ms: Option<i64>,
    alarm: Option<Alarm>,
    /// The disk failed, and no commit has shown since that it works.
    disk_failed: bool,
    /// Nothing is wrong and nothing begun: a hint may shorten the rest.
    is_resting: bool,
    /// The newest version that HQ hinted at.
    hinted: u64,
    backoff: Backoff,
}

impl Pull {
    pub(super) fn new(now_ms: i64, beginning: &Beginning) -> Self {
        let Beginning { version, is_outdated, intervals, seed: _ } = *beginning;
        Self {
            interval_ms: intervals.pull_ms,
            phase: Phase::Due { action: first_page(version, is_outdated), from_ms: now_ms },
            version,
            is_outdated,
            version_at_hq: None,
            patience_until_ms: None,
            alarm: None,
            disk_failed: false,
            is_resting: false,
            hinted: 0,
            backoff: Backoff::default(),
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn version_at_hq(&self) -> Option<u64> {
        self.version_at_hq
    }

    pub(super) fn alarm(&self) -> Option<&Alarm> {
        self.alarm.as_ref()
    }

    pub(super) fn deadline(&self) -> Option<i64> {
        match self.phase {
            Phase::UnderWay(_) => None,
            Phase::Due { from_ms, .. } => Some(from_ms),
        }
    }

    pub(super) fn poll(&mut self, now_ms: i64) -> Option<PullAction> {
        match self.phase {
            Phase::Due { action, from_ms } if now_ms >= from_ms => {
                self.is_resting = false;
                self.phase = Phase::UnderWay(action);
                Some(action)
            }
            Phase::Due { .. } | Phase::UnderWay(_) => None,
        }
    }

    /// HQ says that its reference moved: the lane asks soon. A hint says
    /// nothing else, and one that is lost is made up for by the timer.
    pub(super) fn hint(&mut self, now_ms: i64, version: u64, jitter: &mut Jitter) {
        self.hinted = version;
        if self.is_resting && version != self.version {
            self.hurry(now_ms, jitter);
        }
    }

    fn hurry(&mut self, now_ms: i64, jitter: &mut Jitter) {
        if let Phase::Due { action, from_ms } = self.phase {
            let soon_ms = now_ms + jitter.within(HINT_SPREAD_MS);
            self.phase = Phase::Due { action, from_ms: from_ms.min(soon_ms) };
            self.is_resting = false;
        }
    }

    pub(super) fn handle(&mut self, now_ms: i64, input: PullInput, jitter: &mut Jitter) {
        let Phase::UnderWay(action) = self.phase else {
            // An answer that nobody waits for changes nothing.
            return;
        };
        self.phase = match (action, input) {
            (PullAction::Page { .. }, PullInput::Page { through, latest, more, is_open }) => {
                if !self.disk_failed {
                    self.succeed();
                }
                self.version_at_hq = Some(latest);
                self.patience_until_ms = is_open.then_some(now_ms + PATIENCE_MS);
                self.after_page(now_ms, PageEnd { through, latest, more, is_open }, jitter)
            }
            (PullAction::Commit { version }, PullInput::Committed) => {
                self.version = version;
                self.is_outdated = false;
                self.patience_until_ms = None;
                self.succeed();
                self.is_resting = true;
                self.rest(now_ms, jitter)
            }
            (PullAction::Abandon, PullInput::Abandoned) => {
                self.patience_until_ms = None;
                Phase::Due { action: first_page(self.version, self.is_outdated), from_ms: now_ms }
            }
            (action, PullInput::Failed(failure)) => self.fail(now_ms, action, failure, jitter),
            // The shell answers an action with one of its own ends.
            (action, PullInput::Page { .. } | PullInput::Committed | PullInput::Abandoned) => {
                Phase::UnderWay(action)
            }
        };
        // What HQ said while it was answering is not forgotten.
        if self.is_resting && self.hinted > self.version {
            self.hinted = self.version;
            self.hurry(now_ms, jitter);
        }
    }

    fn succeed(&mut self) {
        self.alarm = None;
        self.disk_failed = false;
        self.backoff.succeed();
    }

    fn after_page(&mut self, now_ms: i64, page: PageEnd, jitter: &mut Jitter) -> Phase {
        let action = if page.latest < self.version && !page.is_open {
            // HQ is older than the lane: it was put back from a copy. Its
            // word counts, also where it says less.
            PullAction::Page { after: 0, opening: Opening::BeginAnew }
        } else if page.more {
            let opening = if page.is_open { Opening::Continue } else { Opening::Begin };
            PullAction::Page { after: page.through, opening }
        } else if page.is_open || page.through != self.version {
            PullAction::Commit { version: page.through }
        } else {
            self.succeed();
            self.is_resting = true;
            return self.rest(now_ms, jitter);
        };
        Phase::Due { action, from_ms: now_ms }
    }

    fn rest(&self, now_ms: i64, jitter: &mut Jitter) -> Phase {
        Phase::Due {
            action: first_page(self.version, self.is_outdated),
            from_ms: now_ms + jitter.spread(self.interval_ms),
        }
    }

    fn fail(&mut self, now_ms: i64, action: PullAction, failure: PullFailure, jitter: &mut Jitter) -> Phase {
        let mut at_least_ms = 0;
        let mut is_lost = false;
        match failure {
            PullFailure::Unreachable { wait_ms } => at_least_ms = wait_ms,
            PullFailure::Unauthorised => self.alarm = Some(Alarm::Unauthorised),
            PullFailure::Form { reason } => self.alarm = Some(Alarm::Reference { reason }),
            PullFailure::Disk { reason } => {
                self.alarm = Some(Alarm::Reference { reason });
                self.disk_failed = true;
                is_lost = true;
            }
        }
        let from_ms = now_ms + self.backoff.fail(jitter, at_least_ms);
        if is_lost {
            self.patience_until_ms = None;
            // Begun anew, it must forget everything again.
            let action = match action {
                PullAction::Page { opening: Opening::BeginAnew, .. } => action,
                PullAction::Page { .. } | PullAction::Commit { .. } | PullAction::Abandon => {
                    first_page(self.version, self.is_outdated)
                }
            };
            return Phase::Due { action, from_ms };
        }
        if self.patience_until_ms.is_some_and(|until_ms| now_ms >= until_ms) {
            return Phase::Due { action: PullAction::Abandon, from_ms: now_ms };
        }
        Phase::Due { action, from_ms }
    }
}

/// How a page ended.
#[derive(Debug, Clone, Copy)]
struct PageEnd {
    through: u64,
    latest: u64,
    more: bool,
    is_open: bool,
}

fn first_page(version: u64, is_outdated: bool) -> PullAction {
    if is_outdated {
        PullAction::Page { after: 0, opening: Opening::BeginAnew }
    } else {
        PullAction::Page { after: version, opening: Opening::Begin }
    }
}
