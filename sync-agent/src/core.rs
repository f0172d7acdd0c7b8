//! What to do next: two reconcilers, push and pull, that look at where HQ is
//! and move towards it. No I/O, no clock, no randomness: a week offline is a
//! unit test.
//!
//! The shell tells what happened with [`Core::handle`], takes what to do from
//! [`Core::poll`] until there is nothing, and comes back when something
//! happened or at [`Core::deadline`]. At most one action of each reconciler
//! is under way. Times are milliseconds of any clock that only goes forward.

mod backoff;
mod pull;
mod push;
mod shelf;

use std::fmt;
use std::time::Duration;

pub use pull::{Opening, PullAction, PullFailure, PullInput};
pub use push::{Agreement, Filed, JournalSeen, PushAction, PushFailure, PushInput};
pub use shelf::{
    CLOCK_SKEW_MS, GIVEN_MAX, Given, Heard, LanesTold, Later, PUBLISHED_ITEMS_MAX, Publication, SENT_MAX,
    ShelfBeginning, ShelfCore, Teeth, WRITTEN_LABELS_MAX, Wanted,
};

use backoff::Jitter;
use pull::Pull;
use push::Push;

/// The longest wait before hints are asked for again, milliseconds.
const HINTS_AGAIN_MS: i64 = 20_000;

/// How often each side is looked at when nothing says that it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// Between two looks at HQ's position while all is well, milliseconds.
    pub push_ms: i64,
    /// Between two looks at HQ's reference, milliseconds.
    pub pull_ms: i64,
}

impl Default for Intervals {
    /// A nudge moves pushes; the push timer only finds what nobody said. The
    /// pull timer is how late a new price reaches the till.
    fn default() -> Self {
        Self { push_ms: 60_000, pull_ms: 10_000 }
    }
}

/// What begins a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// The version of the reference on the lane's disk.
    pub version: u64,
    /// A program that knew fewer kinds pulled it: all of it is pulled again.
    pub is_outdated: bool,
    /// How often to look.
    pub intervals: Intervals,
    /// Different on every lane, so that they do not all come at one moment.
    pub seed: u64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The journal may have grown.
    Nudge,
    /// HQ says that its reference has this version.
    Hint {
        /// The version.
        version: u64,
    },
    /// An action of the push reconciler ended.
    Push(PushInput),
    /// An action of the pull reconciler ended.
    Pull(PullInput),
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Of the push reconciler.
    Push(PushAction),
    /// Of the pull reconciler.
    Pull(PullAction),
}

/// Why a person must look; nothing is lost meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// HQ has another event under a number of this journal: two machines
    /// write as this lane, or a disk was copied.
    Fork {
        /// The first number known to differ.
        seq: u64,
    },
    /// HQ has more of this journal than the disk: its tail was lost, or an
    /// old copy was put back.
    HqAhead {
        /// What HQ has filed.
        acknowledged: u64,
        /// What the journal has.
        last: u64,
    },
    /// HQ does not take the batch.
    Refused {
        /// Its words.
        reason: String,
    },
    /// HQ does not know the lane's key.
    Unauthorised,
    /// The journal on the disk is not this lane's, or cannot be read.
    Journal {
        /// Why.
        reason: String,
    },
    /// The reference cannot be written, or what HQ sends cannot be read.
    Reference {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Alarm {
    /// What happened, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fork { seq } => write!(
                f,
                "fork: HQ has another event {seq} of this lane. Sales stay on this disk. Call for help; do not copy disks"
            ),
            Self::HqAhead { acknowledged, last } => write!(
                f,
                "HQ has events up to {acknowledged}, this disk only up to {last}. Its end was lost or it is an old copy. Enrol the lane again"
            ),
            Self::Refused { reason } => {
                write!(f, "HQ refuses this lane's events: {reason}. Sales stay on this disk. Call for help")
            }
            Self::Unauthorised => {
                write!(f, "HQ does not know this lane's key. Sales stay on this disk. Enrol the lane again")
            }
            Self::Journal { reason } => write!(f, "the journal cannot be pushed: {reason}. Call for help"),
            Self::Reference { reason } => {
                write!(f, "new prices cannot be taken in: {reason}. Call for help")
            }
        }
    }
}

/// What is known now, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// The journal as last seen.
    pub journal: Option<JournalSeen>,
    /// What HQ has filed of it, once HQ has said so.
    pub filed: Option<Filed>,
    /// The version of the reference on the lane's disk.
    pub version: u64,
    /// The newest version that HQ has told of.
    pub version_at_hq: Option<u64>,
    /// Why nothing is pushed.
    pub push_alarm: Option<Alarm>,
    /// Why nothing is pulled.
    pub pull_alarm: Option<Alarm>,
    /// How many answers of HQ came so far.
    pub answers: u64,
}

impl Status {
    /// Events that HQ has not filed, as far as is known.
    pub fn backlog(&self) -> u64 {
        let last = self.journal.map_or(0, |journal| journal.last);
        last.saturating_sub(self.filed.map_or(0, |filed| filed.acknowledged))
    }

    /// Whether HQ has the whole journal and the lane the whole reference.
    pub fn is_level(&self) -> bool {
        self.filed.is_some() && self.backlog() == 0 && self.version_at_hq == Some(self.version)
    }

    /// The alarm to show: a push that stands still before a pull.
    pub fn alarm(&self) -> Option<&Alarm> {
        self.push_alarm.as_ref().or(self.pull_alarm.as_ref())
    }
}

/// Both reconcilers of one lane.
#[derive(Debug)]
pub struct Core {
    push: Push,
    pull: Pull,
    jitter: Jitter,
    answers: u64,
}

impl Core {
    /// Begins at `now_ms`, with everything to be looked at.
    pub fn new(now_ms: i64, beginning: Beginning) -> Self {
        Self {
            push: Push::new(now_ms, beginning.intervals.push_ms),
            pull: Pull::new(now_ms, &beginning),
            jitter: Jitter::new(beginning.seed),
            answers: 0,
        }
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now_ms: i64, input: Input) {
        match input {
            Input::Nudge => self.push.nudge(),
            Input::Hint { version } => self.pull.hint(now_ms, version, &mut self.jitter),
            Input::Push(input) => {
                self.answers += u64::from(input.is_answer());
                self.push.handle(now_ms, input, &mut self.jitter);
            }
            Input::Pull(input) => {
                self.answers += u64::from(input.is_answer());
                self.pull.handle(now_ms, input, &mut self.jitter);
            }
        }
    }

    /// Says what to do next, or nothing for now.
    pub fn poll(&mut self, now_ms: i64) -> Option<Action> {
        let push = self.push.poll(now_ms).map(Action::Push);
        push.or_else(|| self.pull.poll(now_ms).map(Action::Pull))
    }

    /// When to poll again even if nothing happens; `None` while every
    /// reconciler has an action under way.
    pub fn deadline(&self) -> Option<i64> {
        [self.push.deadline(), self.pull.deadline()].into_iter().flatten().min()
    }

    /// How long to wait before hints are asked for again, after there were
    /// none: different on every lane.
    pub fn hint_wait(&mut self) -> Duration {
        Duration::from_millis(u64::try_from(self.jitter.spread(HINTS_AGAIN_MS)).unwrap_or(0))
    }

    /// What is known now.
    pub fn status(&self) -> Status {
        Status {
            journal: self.push.journal(),
            filed: self.push.filed(),
            version: self.pull.version(),
            version_at_hq: self.pull.version_at_hq(),
            push_alarm: self.push.alarm().cloned(),
            pull_alarm: self.pull.alarm().cloned(),
            answers: self.answers,
        }
    }
}

/// The push reconciler alone, towards a second place: the relay of the lane's
/// store, which keeps a copy of the journal.
#[derive(Debug)]
pub struct Copying {
    push: Push,
    jitter: Jitter,
}

impl Copying {
    /// Begins at `now_ms`, with everything to be looked at.
    pub fn new(now_ms: i64, interval_ms: i64, seed: u64) -> Self {
        Self { push: Push::new(now_ms, interval_ms), jitter: Jitter::new(seed) }
    }

    /// The journal may have grown.
    pub fn nudge(&mut self) {
        self.push.nudge();
    }

    /// Takes in how an action ended.
    pub fn handle(&mut self, now_ms: i64, input: PushInput) {
        self.push.handle(now_ms, input, &mut self.jitter);
    }

    /// Says what to do next, or nothing for now.
    pub fn poll(&mut self, now_ms: i64) -> Option<PushAction> {
        self.push.poll(now_ms)
    }

    /// When to poll again even if nothing happens.
    pub fn deadline(&self) -> Option<i64> {
        self.push.deadline()
    }

    /// How far the copy is, once the relay has said so.
    pub fn filed(&self) -> Option<Filed> {
        self.push.filed()
    }
}

#[cfg(test)]
mod tests;
