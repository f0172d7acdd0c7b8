//! A kiosk that hears the attendant's board: what it does, once and as it was seen; and what it does not do, whoever says it.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use domain::record::Record;
use domain::till::kiosk::{CallEnd, Cause, KioskRecord};
use ledger::journal::JournalReader;
use protocol::board::{ActOutcome, BoardAct, Deed, SignedAct, StandCall, StandState};
use protocol::event::{self, Cause as Told};
use protocol::head::SigningKey;
use tests::kiosk::{KioskStand, MORNING, alcohol, config};
use tests::stand::{LANE_SECRET, reference, tell_keys};

const WATER: &str = "100001";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

/// Kiosk 7 of the store, and its first lane, where the board is.
struct Kiosk {
    stand: KioskStand,
    folder: tempfile::TempDir,
    key: SigningKey,
    number: u64,
}

impl Kiosk {
    fn open() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        reference(folder.path(), 7).expect("the demo shop");
        tell_keys(folder.path(), 7).expect("keys");
        let mut stand = KioskStand::open(folder.path(), config(), MORNING).expect("a kiosk");
        stand.acts = Some(Vec::new());
        stand.open_for_customers("101", "1234");
        Self { stand, folder, key: SigningKey::parse(LANE_SECRET).expect("a key"), number: 0 }
    }

    /// What the kiosk said last: the only call that waits there.
    fn call(&mut self) -> StandCall {
        self.stand.pass(1);
        let stood = self.stand.stood.clone().expect("it said how it is");
        assert_eq!(stood.calls.len(), 1, "{stood:?}");
        stood.calls[0].clone()
    }

    fn act(&mut self, deed: Deed) -> BoardAct {
        self.number += 1;
        BoardAct {
            store: "S001".into(),
            kiosk: 7,
            board: 1,
            epoch: 1,
            number: self.number,
            seen_ms: self.stand.stood.as_ref().map_or(0, |stood| stood.at_ms),
            staff: "E102".into(),
            reason: "看过，已满18岁".into(),
            deed,
        }
    }

    fn answer(&mut self, call: &StandCall, end: CallEnd) -> BoardAct {
        let deed = Deed::Answer { cause: call.cause, at_ms: call.at_ms, seen: call.seen, end: end.into() };
        self.act(deed)
    }

    /// The board says this; what the kiosk says became of it.
    fn hear(&mut self, act: &BoardAct) -> ActOutcome {
        let signed = SignedAct::sign(act, &self.key);
        self.hear_signed(signed, act.number)
    }

    fn hear_signed(&mut self, signed: SignedAct, number: u64) -> ActOutcome {
        self.stand.acts = Some(vec![signed]);
        // The relay says it until it hears that it was done.
        self.stand.pass(4);
        self.stand.acts = Some(Vec::new());
        let stood = self.stand.stood.as_ref().expect("it said how it is");
        let done: Vec<_> = stood.done.iter().filter(|done| done.number == number).collect();
        assert_eq!(done.len(), 1, "{done:?}");
        done[0].outcome
    }

    fn count(&self, such: impl Fn(&Record) -> bool) -> usize {
        let reader =
            JournalReader::open(&self.folder.path().join("journal.db")).expect("readable").expect("there");
        let entries = reader.entries_after(0, 10_000, usize::MAX).expect("read");
        let records =
            entries.iter().map(|entry| event::decode(&entry.bytes).expect("ours").record().expect("ours"));
        records.filter(|record| such(record)).count()
    }

    fn ages(&self) -> usize {
        self.count(|record| matches!(record, Record::AgeConfirmed { .. }))
    }
}

#[test]
fn an_age_is_confirmed_from_the_board_once_and_written_down_with_who_and_why() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&alcohol().expect("beer"));
    let call = kiosk.call();
    assert_eq!((call.cause, call.goods.len()), (Told::Age, 1));
    let act = kiosk.answer(&call, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Done);
    assert_eq!(kiosk.ages(), 1);
    let approved = |record: &Record| match record {
        Record::Approved { approver, reason, .. } => {
            approver == "E102" && reason == "看过，已满18岁 · 1 号台"
        }
        _ => false,
    };
    assert_eq!(kiosk.count(approved), 1);
    // The relay says it once more, much later: it was done.
    let signed = SignedAct::sign(&act, &kiosk.key);
    assert_eq!(kiosk.hear_signed(signed, act.number), ActOutcome::Done);
    assert_eq!((kiosk.ages(), kiosk.count(approved)), (1, 1));
}

#[test]
fn what_was_not_seen_so_is_not_approved() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&alcohol().expect("beer"));
    let call = kiosk.call();
    // Another bottle came meanwhile.
    kiosk.stand.scan(&alcohol().expect("beer"));
    let act = kiosk.answer(&call, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Stale);
    // It is asked about again, and seen too long ago.
    let call = kiosk.call();
    let act = kiosk.answer(&call, CallEnd::Passed);
    kiosk.stand.pass(31);
    assert_eq!(kiosk.hear(&act), ActOutcome::Stale);
    // Of another call, and of one that nobody made.
    let other = StandCall { at_ms: call.at_ms - 1, ..call.clone() };
    let act = kiosk.answer(&other, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Stale);
    let help = StandCall { cause: Told::Help, seen: 0, ..call };
    let act = kiosk.answer(&help, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Stale);
    assert_eq!(kiosk.ages(), 0);
}

#[test]
fn who_may_not_and_who_is_nobody_approves_nothing() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&alcohol().expect("beer"));
    let call = kiosk.call();
    let act = BoardAct { staff: "E999".into(), ..kiosk.answer(&call, CallEnd::Passed) };
    assert_eq!(kiosk.hear(&act), ActOutcome::UnknownStaff);
    // Signed by a lane that is none.
    let act = kiosk.answer(&call, CallEnd::Passed);
    let forged = SignedAct::sign(&act, &SigningKey::draw().expect("a key").0);
    assert_eq!(kiosk.hear_signed(forged, act.number), ActOutcome::Forged);
    // Signed by the first lane, and said to be of the second.
    let act = BoardAct { board: 2, ..kiosk.answer(&call, CallEnd::Passed) };
    assert_eq!(kiosk.hear(&act), ActOutcome::Forged);
    // For another kiosk, or another store.
    let act = BoardAct { kiosk: 8, ..kiosk.answer(&call, CallEnd::Passed) };
    assert_eq!(kiosk.hear(&act), ActOutcome::Forged);
    let act = BoardAct { store: "S002".into(), ..kiosk.answer(&call, CallEnd::Passed) };
    assert_eq!(kiosk.hear(&act), ActOutcome::Forged);
    assert_eq!(kiosk.ages(), 0);
    // The attendant at the kiosk itself needs no board.
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("看过，已满 18 岁").expect("on the list");
    assert_eq!(kiosk.ages(), 1);
}

#[test]
fn a_child_is_refused_and_a_removal_is_let_through_from_the_board() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&alcohol().expect("beer"));
    let call = kiosk.call();
    let act = kiosk.answer(&call, CallEnd::Refused);
    assert_eq!(kiosk.hear(&act), ActOutcome::Done);
    assert_eq!(kiosk.stand.lane.till().expect("open").basket().lines().len(), 0);
    for _ in 0..4 {
        kiosk.stand.scan_goods(WATER).expect("water");
    }
    // Two go freely; the beer was one of them.
    for _ in 0..3 {
        kiosk.stand.touch(ui::kiosk::Touch::Line(0));
    }
    let lines = |kiosk: &Kiosk| kiosk.stand.lane.till().expect("open").basket().lines().len();
    let before = lines(&kiosk);
    let call = kiosk.call();
    assert_eq!(call.cause, Told::Removal);
    let act = kiosk.answer(&call, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Done);
    assert_eq!(lines(&kiosk), before - 1);
}

#[test]
fn cash_that_was_taken_at_the_board_pays_and_no_other_sum_does() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan_goods(WATER).expect("water");
    kiosk.stand.go_to_payment();
    kiosk.stand.touch(ui::kiosk::Touch::Key(0));
    let call = kiosk.call();
    assert_eq!(call.cause, Told::Cash);
    let wrong = kiosk.act(Deed::Cash { at_ms: call.at_ms, seen: call.seen + 100 });
    assert_eq!(kiosk.hear(&wrong), ActOutcome::Stale);
    let right = kiosk.act(Deed::Cash { at_ms: call.at_ms, seen: call.seen });
    assert_eq!(kiosk.hear(&right), ActOutcome::Done);
    assert_eq!(kiosk.count(|record| matches!(record, Record::SaleCompleted { .. })), 1);
}

#[test]
fn who_waited_long_for_an_answer_from_the_board_goes_on_with_their_basket() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&alcohol().expect("beer"));
    kiosk.stand.pass(100);
    let call = kiosk.call();
    let act = kiosk.answer(&call, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Done);
    kiosk.stand.pass(20);
    assert_eq!(kiosk.stand.lane.till().expect("open").basket().lines().len(), 1);
    // Then they leave after all.
    kiosk.stand.pass(40);
    assert_eq!(kiosk.count(|record| matches!(record, Record::BasketParked { .. })), 1);
}

#[test]
fn a_basket_is_taken_over_and_the_kiosk_closed_from_the_board() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan_goods(WATER).expect("water");
    kiosk.stand.pass(1);
    let stood = kiosk.stand.stood.clone().expect("it said how it is");
    assert_eq!((stood.state, stood.pieces), (StandState::Serving, 1));
    // Not while somebody is there.
    let close = kiosk.act(Deed::Close {});
    assert_eq!(kiosk.hear(&close), ActOutcome::Stale);
    let wrong = kiosk.act(Deed::PutAside { total: stood.total + 1 });
    assert_eq!(kiosk.hear(&wrong), ActOutcome::Stale);
    let take = kiosk.act(Deed::PutAside { total: stood.total });
    assert_eq!(kiosk.hear(&take), ActOutcome::Done);
    let taken = |record: &Record| match record {
        Record::BasketParked { note, .. } => note.contains("1 号台"),
        _ => false,
    };
    assert_eq!(kiosk.count(taken), 1);
    let close = kiosk.act(Deed::Close {});
    assert_eq!(kiosk.hear(&close), ActOutcome::Done);
    assert_eq!(kiosk.stand.title(), "本机暂未开放");
    kiosk.stand.pass(1);
    assert_eq!(kiosk.stand.stood.as_ref().map(|stood| stood.state), Some(StandState::Closed));
}

#[test]
fn help_is_answered_and_an_earlier_life_of_the_kiosk_hears_nothing() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan_goods(WATER).expect("water");
    kiosk.stand.touch(ui::kiosk::Touch::Help);
    kiosk.stand.touch(ui::kiosk::Touch::Key(2));
    let call = kiosk.call();
    let act = BoardAct { reason: "帮顾客处理".into(), ..kiosk.answer(&call, CallEnd::Passed) };
    // The power is cut before it comes.
    let Kiosk { stand, folder, key, number } = kiosk;
    let mut moment = stand.moment;
    drop(stand);
    moment.now_ms += 1_000;
    let mut stand = KioskStand::open(folder.path(), config(), moment).expect("a kiosk");
    stand.acts = Some(Vec::new());
    stand.open_for_customers("101", "1234");
    let mut kiosk = Kiosk { stand, folder, key, number };
    assert_eq!(kiosk.hear(&act), ActOutcome::NotKnown, "it may have been done before the cut");
    let act = kiosk.answer(&call, CallEnd::Passed);
    assert_eq!(kiosk.hear(&act), ActOutcome::Done);
    let helped = KioskRecord::Answered { cause: Cause::Help, end: CallEnd::Passed, level: 0 };
    assert_eq!(kiosk.count(|record| *record == Record::Kiosk(helped.clone())), 1);
}
