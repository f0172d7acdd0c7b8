//! The push reconciler: HQ's position moves to the journal's end.

use super::Alarm;
use super::backoff::{Backoff, Jitter};

/// One epoch of the journal as it is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalSeen {
    /// The epoch.
    pub epoch: u32,
    /// The number of its last event; 0 while it is empty.
    pub last: u64,
    /// The number of its last signed head; 0 before the first.
    pub signed: u64,
    /// Whether a later epoch follows it: nothing is added to it any more.
    pub is_closed: bool,
}

/// How far HQ has filed an epoch of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filed {
    /// The epoch.
    pub epoch: u32,
    /// The last number filed.
    pub acknowledged: u64,
    /// How many of the events HQ has set aside.
    pub quarantined: u64,
    /// The number up to which HQ has the lane's signature; `None` where it
    /// knows no key of this epoch, and wants none.
    pub signed: Option<u64>,
}

/// How HQ's chain hash at its position compares with the journal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They are the same.
    Same,
    /// They differ.
    Differs,
    /// The journal ends before HQ's position, at this number.
    JournalEnds {
        /// Its last number.
        last: u64,
    },
}

/// What the push reconciler wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushAction {
    /// Look at the oldest epoch of the journal that is not older than this,
    /// or at its last; ends with [`PushInput::Journal`].
    Look {
        /// The epochs before it are done with.
        epoch_from: u32,
    },
    /// Ask HQ how far it is; ends with [`PushInput::Filed`] or
    /// [`PushInput::Failed`].
    AskPosition {
        /// Of this epoch.
        epoch: u32,
    },
    /// Send the events after a number, as many as a batch may have, with the
    /// newest signed head; ends like [`PushAction::AskPosition`].
    Send {
        /// Of this epoch.
        epoch: u32,
        /// After this number.
        after: u64,
    },
}

/// How an action of the push reconciler ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushInput {
    /// The journal was looked at; `None` while the lane has not begun one.
    Journal(Option<JournalSeen>),
    /// HQ said how far it is, and the journal was compared.
    Filed {
        /// HQ's position.
        filed: Filed,
        /// The comparison.
        agreement: Agreement,
    },
    /// It did not work.
    Failed(PushFailure),
}

/// Why an action of the push reconciler did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushFailure {
    /// No answer, or one that says to come back.
    Unreachable {
        /// Milliseconds that HQ asked to wait; 0 where it did not.
        wait_ms: i64,
    },
    /// HQ has less than was thought.
    Gap {
        /// What it has.
        acknowledged: u64,
    },
    /// HQ has another event under a number.
    Fork {
        /// The number.
        seq: u64,
    },
    /// HQ does not take the batch.
    Refused {
        /// Its words.
        reason: String,
    },
    /// HQ does not know the key.
    Unauthorised,
    /// The journal is another lane's, or cannot be read.
    Journal {
        /// Why.
        reason: String,
    },
}

impl PushInput {
    /// Whether HQ answered, whatever it said.
    pub(super) fn is_answer(&self) -> bool {
        match self {
            Self::Journal(_) => false,
            Self::Filed { .. } => true,
            Self::Failed(failure) => match failure {
                PushFailure::Unreachable { .. } | PushFailure::Journal { .. } => false,
                PushFailure::Gap { .. }
                | PushFailure::Fork { .. }
                | PushFailure::Refused { .. }
                | PushFailure::Unauthorised => true,
            },
        }
    }
}

/// How many events before HQ's position are sent again where the journals
/// disagree: so HQ finds the number at which they part, and keeps what came.
pub const EVENTS_TOLD: u64 = 1_000;

/// What HQ was told of a journal that is not the one it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// That it ends before HQ's.
    Ahead,
    /// That it is another.
    Fork,
}

/// Where the reconciler stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// All is done until this time, or until the journal changes.
    Resting { until_ms: i64 },
    /// Something failed; nothing is tried before this time.
    Waiting { until_ms: i64 },
    /// The journal was looked at or HQ answered: what follows is to be decided.
    Deciding,
    /// The shell is doing it.
    UnderWay(PushAction),
}

/// The push reconciler.
#[derive(Debug)]
pub(super) struct Push {
    interval_ms: i64,
    phase: Phase,
    /// The journal may have changed since the last look.
    nudged: bool,
    journal: Option<JournalSeen>,
    filed: Option<Filed>,
    /// The epochs before it are done with, as far as that is possible.
    epoch_from: u32,
    /// Up to here signatures of this epoch were sent; they are sent once, so
    /// that an HQ that does not take one is not asked for ever.
    signed_sent: u64,
    /// What HQ was told of a disagreement, which it alone alarms for people.
    told: Option<Told>,
    /// From this time on `filed` is asked for again before anything is sent.
    check_ms: i64,
    alarm: Option<Alarm>,
    /// What stopped an earlier epoch; the later ones are pushed all the same.
    alarm_before: Option<Alarm>,
    backoff: Backoff,
}

impl Push {
    pub(super) fn new(now_ms: i64, interval_ms: i64) -> Self {
        Self {
            interval_ms,
            phase: Phase::Resting { until_ms: now_ms },
            nudged: false,
            journal: None,
            filed: None,
            epoch_from: 0,
            signed_sent: 0,
            told: None,
            check_ms: now_ms,
            alarm: None,
            alarm_before: None,
            backoff: Backoff::default(),
        }
    }

    pub(super) fn journal(&self) -> Option<JournalSeen> {
        self.journal
    }

    pub(super) fn filed(&self) -> Option<Filed> {
        self.filed
    }

    pub(super) fn alarm(&self) -> Option<&Alarm> {
        self.alarm.as_ref().or(self.alarm_before.as_ref())
    }

    pub(super) fn nudge(&mut self) {
        self.nudged = true;
    }

    pub(super) fn deadline(&self) -> Option<i64> {
        match self.phase {
            Phase::UnderWay(_) => None,
            Phase::Resting { .. } if self.nudged => Some(i64::MIN),
            Phase::Resting { until_ms } | Phase::Waiting { until_ms } => Some(until_ms),
            Phase::Deciding => Some(i64::MIN),
        }
    }

    pub(super) fn poll(&mut self, now_ms: i64) -> Option<PushAction> {
        let leaves_epoch = self.phase == Phase::Deciding && self.leaves_epoch();
        let action = match self.phase {
            Phase::UnderWay(_) => None,
            Phase::Resting { until_ms } => (now_ms >= until_ms || self.nudged).then_some(self.look()),
            // A busy lane does not shorten the wait.
            Phase::Waiting { until_ms } => (now_ms >= until_ms).then_some(self.look()),
            Phase::Deciding if leaves_epoch => Some(self.look()),
            Phase::Deciding => {
                let decided = self.decide(now_ms);
                if decided.is_none() {
                    self.backoff.succeed();
                    self.phase = Phase::Resting { until_ms: self.check_ms.max(now_ms + 1) };
                    // The journal may have grown while HQ was answering.
                    return self.poll(now_ms);
                }
                decided
            }
        }?;
        match action {
            PushAction::Look { .. } => self.nudged = false,
            PushAction::Send { .. } => {
                self.signed_sent = self.journal.map_or(0, |journal| journal.signed);
            }
            PushAction::AskPosition { .. } => {}
        }
        self.phase = Phase::UnderWay(action);
        Some(action)
    }

    fn look(&self) -> PushAction {
        PushAction::Look { epoch_from: self.epoch_from }
    }

    /// Turns to the next epoch, where one follows and this one is sent or
    /// cannot be: what is wrong with it must not hold up what follows.
    fn leaves_epoch(&mut self) -> bool {
        let Some(journal) = self.journal.filter(|journal| journal.is_closed) else { return false };
        let filed = self.filed.filter(|filed| filed.epoch == journal.epoch);
        let is_sent = filed.is_some_and(|filed| {
            filed.acknowledged >= journal.last && !self.owes_signature(&journal, &filed)
        });
        let is_stuck = match &self.alarm {
            Some(Alarm::Fork { .. } | Alarm::HqAhead { .. } | Alarm::Refused { .. }) => true,
            None | Some(Alarm::Unauthorised | Alarm::Journal { .. } | Alarm::Reference { .. }) => false,
        };
        if self.untold().is_some() || (!is_sent && !is_stuck) {
            return false;
        }
        match self.alarm.take() {
            // The copy that was restored is older than what HQ has.
            Some(Alarm::HqAhead { .. }) | None => {}
            Some(alarm) => self.alarm_before = Some(alarm),
        }
        self.epoch_from = journal.epoch + 1;
        true
    }

    /// What HQ must still be told, before nothing more is sent.
    fn untold(&self) -> Option<Told> {
        match (&self.alarm, self.told) {
            (Some(Alarm::Fork { .. }), None | Some(Told::Ahead)) => Some(Told::Fork),
            (Some(Alarm::HqAhead { .. }), None) => Some(Told::Ahead),
            (
                None
                | Some(
                    Alarm::Fork { .. }
                    | Alarm::HqAhead { .. }
                    | Alarm::Refused { .. }
                    | Alarm::Unauthorised
                    | Alarm::Journal { .. }
                    | Alarm::Reference { .. },
                ),
                _,
            ) => None,
        }
    }

    fn owes_signature(&self, journal: &JournalSeen, filed: &Filed) -> bool {
        journal.signed > self.signed_sent && filed.signed.is_some_and(|signed| signed < journal.signed)
    }

    fn decide(&self, now_ms: i64) -> Option<PushAction> {
        let journal = self.journal?;
        let filed = self.filed.filter(|filed| filed.epoch == journal.epoch && now_ms < self.check_ms);
        let Some(filed) = filed else {
            return Some(PushAction::AskPosition { epoch: journal.epoch });
        };
        if self.untold().is_some() {
            let after = filed.acknowledged.min(journal.last).saturating_sub(EVENTS_TOLD);
            return Some(PushAction::Send { epoch: journal.epoch, after });
        }
        let may_send = match &self.alarm {
            Some(Alarm::Fork { .. } | Alarm::HqAhead { .. }) => false,
            None
            | Some(
                Alarm::Refused { .. } | Alarm::Unauthorised | Alarm::Journal { .. } | Alarm::Reference { .. },
            ) => true,
        };
        let owes = filed.acknowledged < journal.last || self.owes_signature(&journal, &filed);
        (may_send && owes).then_some(PushAction::Send { epoch: journal.epoch, after: filed.acknowledged })
    }

    pub(super) fn handle(&mut self, now_ms: i64, input: PushInput, jitter: &mut Jitter) {
        match input {
            PushInput::Journal(journal) => self.see(now_ms, journal),
            PushInput::Filed { filed, agreement } => self.compare(now_ms, filed, agreement, jitter),
            PushInput::Failed(failure) => self.fail(now_ms, failure, jitter),
        }
    }

    fn see(&mut self, now_ms: i64, journal: Option<JournalSeen>) {
        let epoch = |seen: Option<JournalSeen>| seen.map(|journal| journal.epoch);
        if epoch(journal) != epoch(self.journal) {
            // Another journal: what was known is of the one before.
            self.filed = None;
            self.alarm = None;
            self.signed_sent = 0;
            self.told = None;
        }
        if matches!(self.alarm, Some(Alarm::Journal { .. })) {
            self.alarm = None;
        }
        if journal.is_none() {
            self.check_ms = now_ms + self.interval_ms;
        }
        self.journal = journal;
        self.phase = Phase::Deciding;
    }

    fn compare(&mut self, now_ms: i64, filed: Filed, agreement: Agreement, jitter: &mut Jitter) {
        let was_sent = matches!(self.phase, Phase::UnderWay(PushAction::Send { .. }));
        if was_sent {
            self.backoff.succeed();
            self.told = self.untold().or(self.told);
        }
        self.filed = Some(filed);
        self.check_ms = now_ms + jitter.spread(self.interval_ms);
        self.alarm = match (agreement, self.alarm.take()) {
            (Agreement::JournalEnds { last }, _) => {
                Some(Alarm::HqAhead { acknowledged: filed.acknowledged, last })
            }
            // The number that HQ refused says more than its newest one.
            (Agreement::Differs, Some(Alarm::Fork { seq })) => Some(Alarm::Fork { seq }),
            (Agreement::Differs, _) => Some(Alarm::Fork { seq: filed.acknowledged }),
            // Only a batch that is taken shows that batches are taken.
            (Agreement::Same, Some(Alarm::Refused { reason })) if !was_sent => {
                Some(Alarm::Refused { reason })
            }
            (Agreement::Same, _) => None,
        };
        if agreement == Agreement::Same {
            self.told = None;
        }
        self.phase = Phase::Deciding;
    }

    fn fail(&mut self, now_ms: i64, failure: PushFailure, jitter: &mut Jitter) {
        let mut at_least_ms = 0;
        match failure {
            PushFailure::Unreachable { wait_ms } => at_least_ms = wait_ms,
            PushFailure::Gap { .. } => self.told = self.untold().or(self.told),
            PushFailure::Fork { seq } => {
                self.alarm = Some(Alarm::Fork { seq });
                self.told = Some(Told::Fork);
            }
            PushFailure::Refused { reason } => {
                self.told = self.untold().or(self.told);
                self.alarm = Some(Alarm::Refused { reason });
            }
            PushFailure::Unauthorised => self.alarm = Some(Alarm::Unauthorised),
            PushFailure::Journal { reason } => self.alarm = Some(Alarm::Journal { reason }),
        }
        let until_ms = now_ms + self.backoff.fail(jitter, at_least_ms);
        // HQ is asked where it is before anything is sent again.
        self.check_ms = until_ms;
        self.phase = Phase::Waiting { until_ms };
    }
}
