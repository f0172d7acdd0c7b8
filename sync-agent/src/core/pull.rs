//! The pull reconciler: the lane's reference moves to HQ's version.
//!
//! All pages of one pull go into one transaction, so the lane sees the old
//! version or the new one and nothing between. Where there is much to get HQ
//! says so, and the lane takes files instead, which are put in at once as well.

use super::backoff::{Backoff, Jitter};
use super::{Alarm, Beginning};

/// Within this time after a hint the lane asks, milliseconds: a thousand
/// lanes that are told at one moment do not come at one moment.
pub(super) const HINT_SPREAD_MS: i64 = 800;

/// How long a pull that has begun keeps its transaction open while HQ does
/// not answer, milliseconds. Beyond it the pages are dropped and pulled again.
pub(super) const PATIENCE_MS: i64 = 10 * 60_000;

/// Files that cannot be put in, or that HQ has no more, are got again so often;
/// then everything is pulled by page.
pub(super) const SNAPSHOT_TRIES_MAX: u32 = 3;

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
        /// HQ is told that files are taken where there is much to get.
        takes_snapshot: bool,
    },
    /// Get the files that HQ offers and put them in the place of everything
    /// that is there; ends with [`PullInput::PutIn`] or [`PullInput::Failed`].
    /// Asked for again it goes on where it was.
    Snapshot,
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
    /// HQ has forgotten deletions that the lane was not told of.
    Anew {
        /// Whether a transaction is open.
        is_open: bool,
    },
    /// HQ has so much that files are to be taken.
    MuchToGet {
        /// HQ's newest version.
        latest: u64,
        /// Whether a transaction is open.
        is_open: bool,
    },
    /// The files are in use, as this version.
    PutIn {
        /// The version.
        version: u64,
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
    /// HQ has no such file any more, or another process of it has it. The
    /// transaction stays.
    Gone,
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
            Self::Page { .. } | Self::Anew { .. } | Self::MuchToGet { .. } | Self::PutIn { .. } => true,
            Self::Committed | Self::Abandoned => false,
            Self::Failed(failure) => match failure {
                PullFailure::Unreachable { .. } | PullFailure::Disk { .. } => false,
                PullFailure::Gone | PullFailure::Unauthorised | PullFailure::Form { .. } => true,
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
    /// Files that could not be put in, one after the other: beyond
    /// [`SNAPSHOT_TRIES_MAX`] the lane takes pages.
    snapshots_failed: u32,
    /// Files are in use and what came after them is not yet: it is taken by
    /// page, however much it is.
    has_put_in: bool,
    backoff: Backoff,
    /// How often HQ said to begin anew before anything was in use.
    anew: Backoff,
    /// Then nothing is asked for before this time.
    anew_from_ms: i64,
}

impl Pull {
    pub(super) fn new(now_ms: i64, beginning: &Beginning) -> Self {
        let Beginning { version, is_outdated, intervals, seed: _ } = *beginning;
        Self {
            interval_ms: intervals.pull_ms,
            phase: Phase::Due { action: first_page(version, is_outdated, true), from_ms: now_ms },
            version,
            is_outdated,
            version_at_hq: None,
            patience_until_ms: None,
            alarm: None,
            disk_failed: false,
            is_resting: false,
            hinted: 0,
            snapshots_failed: 0,
            has_put_in: false,
            backoff: Backoff::default(),
            anew: Backoff::default(),
            anew_from_ms: now_ms,
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
            (PullAction::Page { after: 1.., .. }, PullInput::Anew { is_open }) => {
                self.is_outdated = true;
                self.has_put_in = false;
                // Whatever it says it for, it is not asked without a pause.
                self.anew_from_ms = now_ms + self.anew.fail(jitter, 0);
                self.begin_again(now_ms, is_open)
            }
            (PullAction::Page { .. }, PullInput::MuchToGet { latest, is_open }) => {
                // What went wrong the last time is over when the files are in.
                self.version_at_hq = Some(latest);
                let action = if is_open { PullAction::Abandon } else { PullAction::Snapshot };
                Phase::Due { action, from_ms: now_ms }
            }
            (PullAction::Snapshot, PullInput::PutIn { version }) => {
                self.version = version;
                self.is_outdated = false;
                self.snapshots_failed = 0;
                self.has_put_in = true;
                self.anew.succeed();
                self.succeed();
                // What came after the files were made.
                Phase::Due { action: self.first_page(), from_ms: now_ms }
            }
            (PullAction::Commit { version }, PullInput::Committed) => {
                self.version = version;
                self.is_outdated = false;
                self.snapshots_failed = 0;
                self.has_put_in = false;
                self.patience_until_ms = None;
                self.anew.succeed();
                self.succeed();
                self.is_resting = true;
                self.rest(now_ms, jitter)
            }
            (PullAction::Abandon, PullInput::Abandoned) => {
                self.patience_until_ms = None;
                Phase::Due { action: self.first_page(), from_ms: now_ms.max(self.anew_from_ms) }
            }
            (action @ PullAction::Page { .. }, PullInput::Anew { is_open: _ }) => {
                let reason = "HQ says to begin anew where nothing was begun".to_owned();
                self.fail(now_ms, action, PullFailure::Form { reason }, jitter)
            }
            (action, PullInput::Failed(failure)) => self.fail(now_ms, action, failure, jitter),
            // The shell answers an action with one of its own ends.
            (
                action,
                PullInput::Page { .. }
                | PullInput::Anew { .. }
                | PullInput::MuchToGet { .. }
                | PullInput::PutIn { .. }
                | PullInput::Committed
                | PullInput::Abandoned,
            ) => Phase::UnderWay(action),
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
            self.page(0, Opening::BeginAnew)
        } else if page.more {
            let opening = if page.is_open { Opening::Continue } else { Opening::Begin };
            self.page(page.through, opening)
        } else if page.is_open || page.through != self.version {
            PullAction::Commit { version: page.through }
        } else {
            self.has_put_in = false;
            self.succeed();
            self.is_resting = true;
            return self.rest(now_ms, jitter);
        };
        Phase::Due { action, from_ms: now_ms }
    }

    /// Everything is to be got again; what was begun is dropped first, at once.
    fn begin_again(&mut self, now_ms: i64, is_open: bool) -> Phase {
        if is_open {
            return Phase::Due { action: PullAction::Abandon, from_ms: now_ms };
        }
        Phase::Due { action: self.first_page(), from_ms: self.anew_from_ms }
    }

    fn takes_snapshot(&self) -> bool {
        self.snapshots_failed < SNAPSHOT_TRIES_MAX && !self.has_put_in
    }

    fn page(&self, after: u64, opening: Opening) -> PullAction {
        PullAction::Page { after, opening, takes_snapshot: self.takes_snapshot() }
    }

    fn first_page(&self) -> PullAction {
        first_page(self.version, self.is_outdated, self.takes_snapshot())
    }

    fn rest(&self, now_ms: i64, jitter: &mut Jitter) -> Phase {
        Phase::Due { action: self.first_page(), from_ms: now_ms + jitter.spread(self.interval_ms) }
    }

    fn fail(&mut self, now_ms: i64, action: PullAction, failure: PullFailure, jitter: &mut Jitter) -> Phase {
        let mut at_least_ms = 0;
        let mut is_lost = false;
        match &failure {
            PullFailure::Gone | PullFailure::Form { .. } | PullFailure::Disk { .. }
                if action == PullAction::Snapshot =>
            {
                self.snapshots_failed = self.snapshots_failed.saturating_add(1);
            }
            PullFailure::Unreachable { .. }
            | PullFailure::Gone
            | PullFailure::Unauthorised
            | PullFailure::Form { .. }
            | PullFailure::Disk { .. } => {}
        }
        match failure {
            PullFailure::Unreachable { wait_ms } => at_least_ms = wait_ms,
            // Others are offered by now: nobody needs to look after that.
            PullFailure::Gone => {}
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
                PullAction::Page { .. }
                | PullAction::Snapshot
                | PullAction::Commit { .. }
                | PullAction::Abandon => self.first_page(),
            };
            return Phase::Due { action, from_ms };
        }
        // HQ may offer others by now.
        let action = if action == PullAction::Snapshot { self.first_page() } else { action };
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

fn first_page(version: u64, is_outdated: bool, takes_snapshot: bool) -> PullAction {
    if is_outdated {
        PullAction::Page { after: 0, opening: Opening::BeginAnew, takes_snapshot }
    } else {
        PullAction::Page { after: version, opening: Opening::Begin, takes_snapshot }
    }
}
