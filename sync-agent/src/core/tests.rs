//! Days of a lane, told as what the shell hears and what it is told to do.

use super::backoff::DELAY_MAX_MS;
use super::pull::{HINT_SPREAD_MS, PATIENCE_MS};
use super::*;

/// A core, its clock, and an HQ and a disk that do what the test says.
struct Lane {
    core: Core,
    now_ms: i64,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

impl Lane {
    fn begin(version: u64) -> Self {
        Self::begin_with(version, false)
    }

    fn begin_with(version: u64, is_outdated: bool) -> Self {
        let beginning = Beginning { version, is_outdated, intervals: Intervals::default(), seed: 1 };
        Self { core: Core::new(0, beginning), now_ms: 0 }
    }

    /// What is to be done now, if anything.
    fn next(&mut self) -> Option<Action> {
        self.core.poll(self.now_ms)
    }

    fn next_push(&mut self) -> Option<PushAction> {
        match self.next() {
            Some(Action::Push(action)) => Some(action),
            other => panic!("no push but {other:?}"),
        }
    }

    /// Waits until something is to be done, and says what.
    fn wait(&mut self) -> Action {
        loop {
            if let Some(action) = self.next() {
                return action;
            }
            let deadline = self.core.deadline().expect("nothing is under way");
            assert!(deadline > self.now_ms, "a deadline that is over must give an action");
            self.now_ms = deadline;
        }
    }

    fn push(&mut self, input: PushInput) {
        self.core.handle(self.now_ms, Input::Push(input));
    }

    fn pull(&mut self, input: PullInput) {
        self.core.handle(self.now_ms, Input::Pull(input));
    }

    fn journal(&mut self, epoch: u32, last: u64) {
        self.push(PushInput::Journal(Some(JournalSeen { epoch, last, signed: 0, is_closed: false })));
    }

    fn filed(&mut self, epoch: u32, acknowledged: u64, agreement: Agreement) {
        self.push(PushInput::Filed {
            filed: Filed { epoch, acknowledged, quarantined: 0, signed: None },
            agreement,
        });
    }

    fn fail_push(&mut self, failure: PushFailure) {
        self.push(PushInput::Failed(failure));
    }

    fn nudge(&mut self) {
        self.core.handle(self.now_ms, Input::Nudge);
    }

    /// Lets the pull reconciler find that it is level.
    fn pull_nothing(&mut self) {
        let version = self.core.status().version;
        self.pull(PullInput::Page { through: version, latest: version, more: false, is_open: false });
    }

    /// Begins, asks HQ, and finds it at a position of epoch 1.
    fn started(last: u64, acknowledged: u64) -> Self {
        let mut lane = Self::begin(7);
        assert_eq!(lane.next_push(), Some(look()));
        assert_eq!(lane.next(), Some(Action::Pull(page(7, Opening::Begin))));
        lane.pull_nothing();
        lane.journal(1, last);
        assert_eq!(lane.next_push(), Some(PushAction::AskPosition { epoch: 1 }));
        lane.filed(1, acknowledged, Agreement::Same);
        lane
    }

    /// Waits for the next action of the push reconciler, with pulls that
    /// find nothing in between.
    fn wait_push(&mut self) -> PushAction {
        loop {
            match self.wait() {
                Action::Push(action) => return action,
                Action::Pull(_) => self.pull_nothing(),
            }
        }
    }
}

fn page(after: u64, opening: Opening) -> PullAction {
    PullAction::Page { after, opening, takes_snapshot: true }
}

fn by_page(after: u64, opening: Opening) -> PullAction {
    PullAction::Page { after, opening, takes_snapshot: false }
}

fn look() -> PushAction {
    PushAction::Look { epoch_from: 0 }
}

fn send(after: u64) -> PushAction {
    PushAction::Send { epoch: 1, after }
}

#[test]
fn a_sale_is_sent_as_soon_as_it_is_in_the_journal() {
    let mut lane = Lane::started(0, 0);
    assert_eq!(lane.next(), None);
    lane.now_ms += 5;
    lane.nudge();
    assert_eq!(lane.next_push(), Some(look()));
    lane.journal(1, 1);
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.filed(1, 1, Agreement::Same);
    assert_eq!(lane.next(), None);
    assert!(lane.core.status().is_level());
}

#[test]
fn a_sale_during_a_push_is_sent_after_it() {
    let mut lane = Lane::started(1, 0);
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.nudge();
    assert_eq!(lane.next(), None, "one push at a time");
    lane.filed(1, 1, Agreement::Same);
    assert_eq!(lane.next_push(), Some(look()));
    lane.journal(1, 2);
    assert_eq!(lane.next_push(), Some(send(1)));
}

#[test]
fn a_week_offline_ends_with_everything_sent() {
    let mut lane = Lane::started(10, 10);
    let mut tries = 0;
    while lane.now_ms < 7 * DAY_MS {
        // The shop sells on, all the time.
        lane.now_ms += 1_000;
        lane.nudge();
        match lane.wait() {
            Action::Push(PushAction::Look { .. }) => {
                let minutes = u64::try_from(lane.now_ms / 60_000).expect("forward");
                lane.journal(1, 10 + minutes);
            }
            Action::Push(_) => {
                tries += 1;
                lane.fail_push(PushFailure::Unreachable { wait_ms: 0 });
            }
            Action::Pull(_) => lane.pull(PullInput::Failed(PullFailure::Unreachable { wait_ms: 0 })),
        }
    }
    // At least one try in the longest wait, and no storm of them.
    let waits = 7 * DAY_MS / DELAY_MAX_MS;
    assert!((waits..=waits * 2 + 20).contains(&tries), "{tries} tries");
    assert_eq!(lane.core.status().alarm(), None, "being offline is no alarm");

    let back_ms = lane.now_ms;
    let last = 10 + 7 * 24 * 60;
    let mut acknowledged = 10;
    while acknowledged < last {
        match lane.wait() {
            Action::Push(PushAction::Look { .. }) => lane.journal(1, last),
            Action::Push(PushAction::AskPosition { .. }) => lane.filed(1, acknowledged, Agreement::Same),
            Action::Push(PushAction::Send { after, .. }) => {
                assert_eq!(after, acknowledged);
                acknowledged = last.min(after + 2_000);
                lane.filed(1, acknowledged, Agreement::Same);
            }
            Action::Pull(_) => lane.pull_nothing(),
        }
    }
    assert!(lane.now_ms - back_ms <= DELAY_MAX_MS, "it does not dawdle once HQ is back");
}

#[test]
fn an_answer_that_was_lost_is_asked_for_and_nothing_is_sent_twice() {
    let mut lane = Lane::started(3, 0);
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.fail_push(PushFailure::Unreachable { wait_ms: 0 });
    assert_eq!(lane.wait_push(), look());
    lane.journal(1, 3);
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 3, Agreement::Same);
    assert_eq!(lane.next(), None);
    assert_eq!(lane.core.status().backlog(), 0);
}

#[test]
fn a_gap_is_filled_from_where_hq_is() {
    let mut lane = Lane::started(9, 6);
    assert_eq!(lane.next_push(), Some(send(6)));
    lane.fail_push(PushFailure::Gap { acknowledged: 2 });
    assert_eq!(lane.wait_push(), look());
    lane.journal(1, 9);
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 2, Agreement::Same);
    assert_eq!(lane.next_push(), Some(send(2)));
}

#[test]
fn a_fork_stops_pushes_with_an_alarm_and_prices_go_on() {
    let mut lane = Lane::started(3, 0);
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.fail_push(PushFailure::Fork { seq: 2 });
    assert_eq!(lane.core.status().alarm(), Some(&Alarm::Fork { seq: 2 }));
    let mut pulls = 0;
    for minute in 0..24 * 60 {
        lane.now_ms = minute * 60_000;
        lane.nudge();
        while let Some(action) = lane.next() {
            match action {
                Action::Push(PushAction::Look { .. }) => lane.journal(1, 5),
                Action::Push(PushAction::AskPosition { .. }) => lane.filed(1, 2, Agreement::Differs),
                Action::Push(PushAction::Send { .. }) => panic!("nothing is sent on a fork"),
                Action::Pull(_) => {
                    pulls += 1;
                    lane.pull_nothing();
                }
            }
        }
        assert_eq!(lane.core.status().alarm(), Some(&Alarm::Fork { seq: 2 }));
    }
    assert!(pulls > 400, "{pulls} pulls");
}

#[test]
fn a_disk_that_lost_its_tail_is_found_at_start() {
    let mut lane = Lane::begin(7);
    assert_eq!(lane.wait(), Action::Push(look()));
    lane.journal(1, 4);
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 9, Agreement::JournalEnds { last: 4 });
    let alarm = Alarm::HqAhead { acknowledged: 9, last: 4 };
    assert_eq!(lane.core.status().alarm(), Some(&alarm));
    // HQ sees by what is sent again whether it is another history.
    assert_eq!(lane.wait_push(), send(0));
    lane.filed(1, 9, Agreement::JournalEnds { last: 4 });
    // Also when the journal grows past HQ: it is another history.
    lane.nudge();
    assert_eq!(lane.wait_push(), look());
    lane.journal(1, 12);
    assert_eq!(lane.wait_push(), look(), "nothing is sent, only looked at again");
    lane.journal(1, 12);
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 9, Agreement::Differs);
    assert_eq!(lane.core.status().alarm(), Some(&Alarm::Fork { seq: 9 }));
    assert_eq!(lane.wait_push(), send(0), "HQ is told, once");
    lane.fail_push(PushFailure::Fork { seq: 5 });
    assert_eq!(lane.core.status().alarm(), Some(&Alarm::Fork { seq: 5 }));
    assert_eq!(lane.wait_push(), look());
    lane.journal(1, 12);
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 9, Agreement::Differs);
    assert_eq!(lane.wait_push(), look());
}

#[test]
fn what_hq_sets_aside_is_shown_and_does_not_block() {
    let mut lane = Lane::started(3, 0);
    assert_eq!(lane.next_push(), Some(send(0)));
    let filed = Filed { epoch: 1, acknowledged: 2, quarantined: 1, signed: None };
    lane.push(PushInput::Filed { filed, agreement: Agreement::Same });
    assert_eq!(lane.next_push(), Some(send(2)));
    assert_eq!(lane.core.status().filed, Some(filed));
    assert_eq!(lane.core.status().alarm(), None);
}

#[test]
fn a_journal_of_a_new_epoch_begins_at_its_own_position() {
    let mut lane = Lane::started(3, 0);
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.fail_push(PushFailure::Fork { seq: 1 });
    assert_eq!(lane.wait_push(), look());
    lane.journal(2, 1);
    assert_eq!(lane.core.status().alarm(), None);
    assert_eq!(lane.core.status().filed, None);
    assert_eq!(lane.next_push(), Some(PushAction::AskPosition { epoch: 2 }));
    lane.filed(2, 0, Agreement::Same);
    assert_eq!(lane.next_push(), Some(PushAction::Send { epoch: 2, after: 0 }));
}

#[test]
fn a_refused_batch_is_tried_again_ever_more_slowly_with_its_alarm_standing() {
    let mut lane = Lane::started(3, 0);
    let alarm = Alarm::Refused { reason: "too new".into() };
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.fail_push(PushFailure::Refused { reason: "too new".into() });
    let mut sends = 0;
    while lane.now_ms < DAY_MS {
        match lane.wait_push() {
            PushAction::Look { .. } => lane.journal(1, 3),
            PushAction::AskPosition { .. } => lane.filed(1, 0, Agreement::Same),
            PushAction::Send { .. } => {
                sends += 1;
                lane.fail_push(PushFailure::Refused { reason: "too new".into() });
            }
        }
        assert_eq!(lane.core.status().alarm(), Some(&alarm));
    }
    assert!(sends <= 2 * DAY_MS / DELAY_MAX_MS + 20, "{sends} sends");
    while lane.core.status().backlog() > 0 {
        match lane.wait_push() {
            PushAction::Look { .. } => lane.journal(1, 3),
            PushAction::AskPosition { .. } => lane.filed(1, 0, Agreement::Same),
            PushAction::Send { .. } => lane.filed(1, 3, Agreement::Same),
        }
    }
    assert_eq!(lane.core.status().alarm(), None, "an HQ that was updated takes it");
}

#[test]
fn a_void_key_is_an_alarm_until_it_is_known_again() {
    let mut lane = Lane::started(3, 0);
    assert_eq!(lane.next_push(), Some(send(0)));
    lane.fail_push(PushFailure::Unauthorised);
    assert_eq!(lane.core.status().alarm(), Some(&Alarm::Unauthorised));
    assert_eq!(lane.wait_push(), look());
    lane.journal(1, 3);
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 0, Agreement::Same);
    assert_eq!(lane.core.status().alarm(), None);
}

#[test]
fn a_lane_without_a_journal_pulls_all_the_same() {
    let mut lane = Lane::begin(0);
    assert_eq!(lane.next_push(), Some(look()));
    lane.push(PushInput::Journal(None));
    assert_eq!(lane.next(), Some(Action::Pull(page(0, Opening::Begin))));
    assert_eq!(lane.next(), None);
    lane.nudge();
    assert_eq!(lane.next_push(), Some(look()));
    lane.journal(1, 1);
    assert_eq!(lane.next_push(), Some(PushAction::AskPosition { epoch: 1 }));
}

/// Begins with a journal that is level, at a version, with the first page
/// asked for.
fn pulling(version: u64) -> Lane {
    let mut lane = Lane::begin(version);
    assert_eq!(lane.next_push(), Some(look()));
    lane.push(PushInput::Journal(None));
    assert_eq!(lane.next(), Some(Action::Pull(page(version, Opening::Begin))));
    lane
}

fn came(through: u64, latest: u64, more: bool) -> PullInput {
    PullInput::Page { through, latest, more, is_open: true }
}

/// Waits for the next action of the pull reconciler.
fn wait_pull(lane: &mut Lane) -> PullAction {
    loop {
        match lane.wait() {
            Action::Pull(action) => return action,
            Action::Push(_) => lane.push(PushInput::Journal(None)),
        }
    }
}

#[test]
fn all_pages_of_a_pull_become_visible_together() {
    let mut lane = pulling(0);
    lane.pull(came(10, 25, true));
    assert_eq!(lane.next(), Some(Action::Pull(page(10, Opening::Continue))));
    lane.pull(came(20, 25, true));
    assert_eq!(lane.core.status().version, 0);
    assert_eq!(lane.next(), Some(Action::Pull(page(20, Opening::Continue))));
    lane.pull(came(25, 25, false));
    assert_eq!(lane.next(), Some(Action::Pull(PullAction::Commit { version: 25 })));
    lane.pull(PullInput::Committed);
    assert_eq!(lane.core.status().version, 25);
    assert_eq!(wait_pull(&mut lane), page(25, Opening::Begin));
    assert!(lane.now_ms >= Intervals::default().pull_ms / 2);
}

#[test]
fn a_page_that_fails_is_asked_for_again_within_the_same_pull() {
    let mut lane = pulling(0);
    lane.pull(came(10, 25, true));
    assert_eq!(wait_pull(&mut lane), page(10, Opening::Continue));
    lane.pull(PullInput::Failed(PullFailure::Unreachable { wait_ms: 0 }));
    assert_eq!(wait_pull(&mut lane), page(10, Opening::Continue));
}

#[test]
fn a_pull_that_hq_left_is_dropped_and_begun_again() {
    let mut lane = pulling(5);
    lane.pull(came(10, 25, true));
    loop {
        match wait_pull(&mut lane) {
            PullAction::Abandon => break,
            PullAction::Page { after, .. } => {
                assert_eq!(after, 10);
                lane.pull(PullInput::Failed(PullFailure::Unreachable { wait_ms: 0 }));
            }
            PullAction::Commit { .. } => panic!("half a pull is never committed"),
            PullAction::Snapshot => panic!("no files were offered"),
        }
    }
    assert!(lane.now_ms >= PATIENCE_MS && lane.now_ms <= PATIENCE_MS + 2 * DELAY_MAX_MS);
    lane.pull(PullInput::Abandoned);
    assert_eq!(wait_pull(&mut lane), page(5, Opening::Begin));
}

#[test]
fn a_hint_shortens_the_rest_and_nothing_else() {
    let mut lane = pulling(5);
    let level = |version| PullInput::Page { through: version, latest: version, more: false, is_open: false };
    lane.pull(level(5));
    let rested_ms = lane.now_ms;
    lane.core.handle(lane.now_ms, Input::Hint { version: 5 });
    assert_eq!(lane.next(), None, "the lane has that one");
    lane.core.handle(lane.now_ms, Input::Hint { version: 6 });
    assert_eq!(wait_pull(&mut lane), page(5, Opening::Begin));
    assert!(lane.now_ms - rested_ms <= HINT_SPREAD_MS, "{}", lane.now_ms - rested_ms);
    // While HQ answers, it moves again: one look more, and no third.
    lane.core.handle(lane.now_ms, Input::Hint { version: 7 });
    lane.pull(came(6, 6, false));
    assert_eq!(lane.next(), Some(Action::Pull(PullAction::Commit { version: 6 })));
    let committed_ms = lane.now_ms;
    lane.pull(PullInput::Committed);
    assert_eq!(wait_pull(&mut lane), page(6, Opening::Begin));
    assert!(lane.now_ms - committed_ms <= HINT_SPREAD_MS);
    lane.pull(level(6));
    let rested_ms = lane.now_ms;
    assert_eq!(wait_pull(&mut lane), page(6, Opening::Begin));
    assert!(lane.now_ms - rested_ms >= Intervals::default().pull_ms / 2, "the timer goes on");
    // An HQ that does not answer is not hammered because of a hint.
    lane.pull(PullInput::Failed(PullFailure::Unreachable { wait_ms: 20_000 }));
    let failed_ms = lane.now_ms;
    lane.core.handle(lane.now_ms, Input::Hint { version: 9 });
    assert_eq!(wait_pull(&mut lane), page(6, Opening::Begin));
    assert!(lane.now_ms - failed_ms >= 20_000);
}

#[test]
fn changes_of_other_stores_only_move_the_version() {
    let mut lane = pulling(5);
    lane.pull(PullInput::Page { through: 9, latest: 9, more: false, is_open: false });
    assert_eq!(lane.next(), Some(Action::Pull(PullAction::Commit { version: 9 })));
}

#[test]
fn an_hq_that_was_put_back_from_a_copy_is_pulled_whole() {
    let mut lane = pulling(30);
    lane.pull(PullInput::Page { through: 20, latest: 20, more: false, is_open: false });
    assert_eq!(lane.next(), Some(Action::Pull(page(0, Opening::BeginAnew))));
    lane.pull(PullInput::Failed(PullFailure::Disk { reason: "full".into() }));
    assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew), "still from the beginning");
    lane.pull(came(20, 20, false));
    assert_eq!(lane.next(), Some(Action::Pull(PullAction::Commit { version: 20 })));
    lane.pull(PullInput::Committed);
    assert_eq!(lane.core.status().version, 20);
}

#[test]
fn what_an_older_program_pulled_is_pulled_whole_once() {
    let mut lane = Lane::begin_with(20, true);
    assert_eq!(lane.next_push(), Some(look()));
    lane.push(PushInput::Journal(None));
    assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew));
    lane.pull(came(9, 20, true));
    assert_eq!(wait_pull(&mut lane), page(9, Opening::Continue));
    lane.pull(PullInput::Failed(PullFailure::Disk { reason: "full".into() }));
    assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew), "still from the beginning");
    lane.pull(came(20, 20, false));
    assert_eq!(wait_pull(&mut lane), PullAction::Commit { version: 20 });
    lane.pull(PullInput::Committed);
    assert_eq!(wait_pull(&mut lane), page(20, Opening::Begin));
}

#[test]
fn who_has_much_to_get_takes_files_and_goes_on_by_page() {
    let mut lane = pulling(0);
    lane.pull(PullInput::MuchToGet { latest: 90_000, is_open: false });
    assert_eq!(lane.next(), Some(Action::Pull(PullAction::Snapshot)));
    lane.core.handle(lane.now_ms, Input::Hint { version: 90_001 });
    assert_eq!(lane.next(), None, "a hint changes nothing while they come");
    lane.pull(PullInput::PutIn { version: 80_000 });
    assert_eq!(lane.core.status().version, 80_000);
    assert_eq!(lane.next(), Some(Action::Pull(by_page(80_000, Opening::Begin))), "what came after at once");
    // By page until that is in use, however much it is and whatever fails.
    lane.pull(came(85_000, 90_000, true));
    assert_eq!(wait_pull(&mut lane), by_page(85_000, Opening::Continue));
    lane.pull(PullInput::Failed(PullFailure::Disk { reason: "full".into() }));
    assert_eq!(wait_pull(&mut lane), by_page(80_000, Opening::Begin));
    lane.pull(came(90_000, 90_000, false));
    assert_eq!(wait_pull(&mut lane), PullAction::Commit { version: 90_000 });
    lane.pull(PullInput::Committed);
    // In the middle of a pull what was begun is dropped first.
    assert_eq!(wait_pull(&mut lane), page(90_000, Opening::Begin));
    lane.pull(came(95_000, 200_000, true));
    assert_eq!(wait_pull(&mut lane), page(95_000, Opening::Continue));
    lane.pull(PullInput::MuchToGet { latest: 200_000, is_open: true });
    assert_eq!(wait_pull(&mut lane), PullAction::Abandon);
    lane.pull(PullInput::Abandoned);
    assert_eq!(wait_pull(&mut lane), page(90_000, Opening::Begin));
    // Files that nothing came after are whole as well.
    lane.pull(PullInput::MuchToGet { latest: 200_000, is_open: false });
    assert_eq!(wait_pull(&mut lane), PullAction::Snapshot);
    lane.pull(PullInput::PutIn { version: 200_000 });
    assert_eq!(wait_pull(&mut lane), by_page(200_000, Opening::Begin));
    lane.pull_nothing();
    assert_eq!(wait_pull(&mut lane), page(200_000, Opening::Begin));
}

#[test]
fn files_that_hq_has_no_more_are_asked_for_three_times_and_then_pages_are_taken() {
    let mut lane = pulling(0);
    for _ in 0..3 {
        lane.pull(PullInput::MuchToGet { latest: 90_000, is_open: false });
        assert_eq!(wait_pull(&mut lane), PullAction::Snapshot);
        lane.pull(PullInput::Failed(PullFailure::Gone));
        assert_eq!(lane.core.status().alarm(), None, "it happens, and nobody need look");
        assert_eq!(lane.next(), None, "HQ is not hammered");
        assert!(matches!(wait_pull(&mut lane), PullAction::Page { after: 0, .. }));
    }
    lane.pull(came(9, 90_000, true));
    assert_eq!(wait_pull(&mut lane), by_page(9, Opening::Continue));
}

#[test]
fn an_hq_that_always_says_to_begin_anew_is_not_hammered() {
    let mut lane = pulling(5);
    lane.pull(PullInput::Anew { is_open: false });
    let mut anew = 1;
    while lane.now_ms < DAY_MS {
        match wait_pull(&mut lane) {
            PullAction::Page { after: 0, .. } => lane.pull(came(9, 90, true)),
            PullAction::Page { .. } => {
                anew += 1;
                lane.pull(PullInput::Anew { is_open: true });
                assert_eq!(lane.next(), Some(Action::Pull(PullAction::Abandon)), "nothing is held up");
                lane.pull(PullInput::Abandoned);
            }
            action @ (PullAction::Commit { .. } | PullAction::Abandon | PullAction::Snapshot) => {
                panic!("{action:?}")
            }
        }
        assert!(anew <= 2 * DAY_MS / DELAY_MAX_MS + 20, "{anew} times");
    }
    assert_eq!(lane.core.status().version, 5);
}

#[test]
fn files_that_cannot_be_put_in_are_tried_three_times_and_then_pages_are_taken() {
    let mut lane = Lane::begin_with(5, true);
    assert_eq!(lane.next_push(), Some(look()));
    lane.push(PushInput::Journal(None));
    let failures = [
        PullFailure::Form { reason: "damaged".into() },
        PullFailure::Unreachable { wait_ms: 0 },
        PullFailure::Disk { reason: "full".into() },
        PullFailure::Form { reason: "damaged".into() },
    ];
    for failure in failures {
        assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew));
        lane.pull(PullInput::MuchToGet { latest: 90_000, is_open: false });
        assert_eq!(wait_pull(&mut lane), PullAction::Snapshot);
        lane.pull(PullInput::Failed(failure));
        assert!(lane.core.status().alarm().is_some());
    }
    assert_eq!(wait_pull(&mut lane), by_page(0, Opening::BeginAnew));
    lane.pull(came(9, 90_000, true));
    assert_eq!(wait_pull(&mut lane), by_page(9, Opening::Continue));
    lane.pull(came(90_000, 90_000, false));
    assert_eq!(wait_pull(&mut lane), PullAction::Commit { version: 90_000 });
    lane.pull(PullInput::Committed);
    assert_eq!(lane.core.status().alarm(), None);
    assert_eq!(wait_pull(&mut lane), page(90_000, Opening::Begin), "the next time they are tried again");
}

#[test]
fn a_lane_that_slept_too_long_begins_anew_whatever_was_begun() {
    let mut lane = pulling(5);
    lane.pull(PullInput::Anew { is_open: false });
    assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew));
    assert_eq!(lane.core.status().version, 5, "what it has serves until then");
    lane.pull(came(9, 90, true));
    assert_eq!(wait_pull(&mut lane), page(9, Opening::Continue));
    lane.pull(PullInput::Anew { is_open: true });
    assert_eq!(wait_pull(&mut lane), PullAction::Abandon);
    lane.pull(PullInput::Abandoned);
    assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew));
    // An HQ that says it of nothing makes no sense, and is not hammered.
    lane.pull(PullInput::Anew { is_open: false });
    assert!(lane.core.status().alarm().is_some());
    assert_eq!(lane.next(), None);
    assert_eq!(wait_pull(&mut lane), page(0, Opening::BeginAnew));
    lane.pull(came(90, 90, false));
    assert_eq!(wait_pull(&mut lane), PullAction::Commit { version: 90 });
    lane.pull(PullInput::Committed);
    assert_eq!(wait_pull(&mut lane), page(90, Opening::Begin));
}

#[test]
fn a_disk_that_is_full_is_an_alarm_and_is_not_hammered() {
    let mut lane = pulling(5);
    let mut tries = 0;
    lane.pull(came(9, 9, false));
    while lane.now_ms < DAY_MS {
        match wait_pull(&mut lane) {
            PullAction::Commit { .. } => {
                tries += 1;
                lane.pull(PullInput::Failed(PullFailure::Disk { reason: "full".into() }));
            }
            PullAction::Page { after, opening, .. } => {
                assert_eq!((after, opening), (5, Opening::Begin));
                lane.pull(came(9, 9, false));
            }
            PullAction::Abandon | PullAction::Snapshot => panic!("there is nothing to abandon"),
        }
        assert!(lane.core.status().alarm().is_some());
    }
    assert!(tries <= 2 * DAY_MS / DELAY_MAX_MS + 20, "{tries} tries");
}

#[test]
fn an_epoch_that_was_left_is_sent_before_the_one_that_follows() {
    let mut lane = Lane::begin(7);
    let seen =
        |epoch, last, is_closed| PushInput::Journal(Some(JournalSeen { epoch, last, signed: 0, is_closed }));
    assert_eq!(lane.wait_push(), look());
    lane.push(seen(1, 5, true));
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.filed(1, 3, Agreement::Same);
    assert_eq!(lane.wait_push(), send(3));
    lane.filed(1, 5, Agreement::Same);
    assert_eq!(lane.wait_push(), PushAction::Look { epoch_from: 2 });
    lane.push(seen(2, 4, false));
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 2 });
    lane.filed(2, 0, Agreement::Same);
    assert_eq!(lane.wait_push(), PushAction::Send { epoch: 2, after: 0 });
    lane.filed(2, 4, Agreement::Same);
    lane.nudge();
    assert_eq!(lane.wait_push(), PushAction::Look { epoch_from: 2 }, "what is done is not asked for again");
}

#[test]
fn what_is_wrong_with_an_epoch_that_was_left_does_not_block_the_next() {
    let check = |acknowledged, agreement, expected: Option<Alarm>| {
        let mut lane = Lane::begin(7);
        assert_eq!(lane.wait_push(), look());
        lane.push(PushInput::Journal(Some(JournalSeen { epoch: 1, last: 5, signed: 0, is_closed: true })));
        assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
        lane.filed(1, acknowledged, agreement);
        assert_eq!(lane.wait_push(), send(0), "HQ is told first");
        if agreement == Agreement::Differs {
            lane.fail_push(PushFailure::Fork { seq: acknowledged });
            assert_eq!(lane.wait_push(), look());
            lane.push(PushInput::Journal(Some(JournalSeen {
                epoch: 1,
                last: 5,
                signed: 0,
                is_closed: true,
            })));
        } else {
            lane.filed(1, acknowledged, agreement);
        }
        assert_eq!(lane.wait_push(), PushAction::Look { epoch_from: 2 });
        lane.journal(2, 1);
        assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 2 });
        lane.filed(2, 0, Agreement::Same);
        assert_eq!(lane.wait_push(), PushAction::Send { epoch: 2, after: 0 });
        assert_eq!(lane.core.status().alarm(), expected.as_ref());
    };
    check(3, Agreement::Differs, Some(Alarm::Fork { seq: 3 }));
    // The copy that was restored is older than what HQ has: no alarm.
    check(9, Agreement::JournalEnds { last: 5 }, None);
}

#[test]
fn a_signature_that_came_after_its_events_is_sent_once() {
    let mut lane = Lane::started(5, 5);
    let seen = |signed| PushInput::Journal(Some(JournalSeen { epoch: 1, last: 5, signed, is_closed: false }));
    let filed = |signed| PushInput::Filed {
        filed: Filed { epoch: 1, acknowledged: 5, quarantined: 0, signed },
        agreement: Agreement::Same,
    };
    assert_eq!(lane.next(), None);
    lane.now_ms += 2 * DAY_MS;
    assert_eq!(lane.wait_push(), look());
    lane.push(seen(5));
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.push(filed(Some(2)));
    assert_eq!(lane.wait_push(), send(5), "a batch of no events carries it");
    // An HQ that answers as before is not asked again.
    lane.push(filed(Some(2)));
    assert_eq!(lane.wait_push(), look());
    lane.push(seen(5));
    assert_ne!(lane.wait_push(), send(5));
    // One that knows no key is sent nothing.
    let mut lane = Lane::started(5, 5);
    assert_eq!(lane.next(), None);
    lane.now_ms += 2 * DAY_MS;
    assert_eq!(lane.wait_push(), look());
    lane.push(seen(5));
    assert_eq!(lane.wait_push(), PushAction::AskPosition { epoch: 1 });
    lane.push(filed(None));
    assert_eq!(lane.wait_push(), look());
}
