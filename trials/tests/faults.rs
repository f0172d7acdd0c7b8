//! Disks that are full, read only, rotten or liars: nothing acknowledged is
//! lost, and what cannot be helped is told in words.

use std::path::Path;

use domain::record::Record;
use fixtures::bench::Dice;
use ledger::file::Trial;
use ledger::journal::{AppendError, Journal, JournalReader, Stamp, TAIL_CHECKED};
use ledger::reference::Position;
use sync_agent::core::{
    Action, Agreement, Alarm, Beginning, Core, Filed, Input, Intervals, JournalSeen, PushAction, PushInput,
};
use sync_agent::journal::LaneJournal;
use trials::counter::{Counter, Day, Goods, Outside, PaperOrder, SECRET, identity, restore, settings};
use trials::disk::Faults;
use trials::powercut::{JOURNAL, LOG};
use trials::vfs::memory::{Mounted, mount};

/// So often an act is cut off twice.
const GONE_ROUNDS: u64 = 1_500;

fn trial(mounted: Mounted) -> Trial {
    Trial { vfs: mounted.vfs, secret: Some(SECRET), synchronous: "FULL", tail_checked: TAIL_CHECKED }
}

fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Sells on a disk until so many things have happened or one is refused, with
/// what `meanwhile` does before each.
fn sell(
    trial: &Trial,
    outside: &mut Outside,
    seed: u64,
    happenings: usize,
    mut meanwhile: impl FnMut(usize, &Counter<'_>),
) -> Result<(), AppendError> {
    let (goods, settings) = (Goods::demo(), settings());
    let journal = Journal::open_trial(Path::new(JOURNAL), &identity(), trial).expect("it opens");
    let restored = restore(&journal, &settings).expect("it is read");
    let mut counter = Counter::start(journal, restored, &goods, &settings, PaperOrder::AfterTheDisk, outside);
    let mut day = Day::new(seed);
    for happening in 0..happenings {
        meanwhile(happening, &counter);
        if let Err(error) = day.go_on(&mut counter) {
            // What was refused has not happened.
            let records = counter.outside.acknowledged.len() as u64;
            assert_eq!(counter.journal().head().seq, records);
            if let Ok(restored) = restore(counter.journal(), &settings) {
                assert_eq!(restored.till.basket(), counter.till().basket());
            }
            return Err(error);
        }
    }
    counter.flush()
}

/// Every acknowledged record is there unchanged, every paper is of one of
/// them, and the whole chain holds.
fn check(trial: &Trial, outside: &Outside) {
    let journal = Journal::open_trial(Path::new(JOURNAL), &identity(), trial).expect("it opens");
    let reader =
        JournalReader::open_trial(Path::new(JOURNAL), trial).expect("it opens").expect("it is there");
    assert_eq!(reader.verify().expect("it is whole"), journal.head());
    assert!(is_there(&journal, outside), "an acknowledged record is gone or another");
    let last = journal.head().seq;
    assert!(outside.printed.iter().all(|document| *document <= last), "a paper of no sale");
}

fn is_there(journal: &Journal, outside: &Outside) -> bool {
    (1..).zip(&outside.acknowledged).all(|(seq, (stamp, record))| {
        journal.record(seq).is_ok_and(|stored| (&stored.stamp, &stored.record) == (stamp, record))
    })
}

fn outside() -> Outside {
    Outside { now_ms: 1_772_416_800_000, ..Outside::default() }
}

#[test]
fn a_disk_that_fills_at_any_write_refuses_in_words_and_loses_nothing() {
    let mounted = mount(1);
    let trial = trial(mounted);
    let mut dice = Dice::new(1);
    let mut refused = 0;
    for round in 0..60 {
        mounted.disk.erase(round);
        mounted.disk.set_faults(Faults::default());
        let mut outside = outside();
        let fills_at = dice.index(60);
        let bytes_left = Some(dice.index(90_000));
        let sold = sell(&trial, &mut outside, round, 150, |happening, _| {
            if happening == fills_at {
                mounted.disk.set_faults(Faults { bytes_left, ..Faults::default() });
            }
        });
        let Err(error) = sold else { continue };
        refused += 1;
        assert!(matches!(error, AppendError::DiskFull), "{}", words(&error));
        assert_eq!(words(&error), "append to the journal: the disk is full");
        // Nothing is lost while it is full, with or without the power.
        if round % 2 == 0 {
            mounted.disk.cut();
            mounted.disk.restart();
        }
        check(&trial, &outside);
        // With room again the lane sells on.
        mounted.disk.set_faults(Faults::default());
        let sold_before = outside.sales;
        sell(&trial, &mut outside, round + 1_000, 100, |_, _| {}).expect("there is room");
        assert!(outside.sales > sold_before, "nothing was sold any more");
        check(&trial, &outside);
    }
    assert!(refused > 30, "only {refused} disks were full");
}

#[test]
fn a_disk_that_becomes_read_only_refuses_in_words_and_loses_nothing() {
    let mounted = mount(2);
    let trial = trial(mounted);
    for round in 0..20 {
        mounted.disk.erase(round);
        mounted.disk.set_faults(Faults::default());
        let mut outside = outside();
        let sold = sell(&trial, &mut outside, round, 150, |happening, _| {
            if happening == 80 {
                mounted.disk.set_faults(Faults { read_only: true, ..Faults::default() });
            }
        });
        let error = sold.expect_err("nothing can be written");
        assert!(words(&error).starts_with("append to the journal: "), "{}", words(&error));
        assert!(words(&error).contains("disk I/O error"), "{}", words(&error));
        // A lane that starts on it is refused too, and names the file.
        let refusal =
            Journal::open_trial(Path::new(JOURNAL), &identity(), &trial).expect_err("it is read only");
        assert!(words(&refusal).contains("open /journal.db"), "{}", words(&refusal));
        mounted.disk.set_faults(Faults::default());
        mounted.disk.cut();
        mounted.disk.restart();
        check(&trial, &outside);
        sell(&trial, &mut outside, round + 1_000, 100, |_, _| {}).expect("it can be written again");
        check(&trial, &outside);
    }
}

/// After a flush that failed the system may call clean what never came to the
/// disk. A lane writes nothing more then; the next start writes once more what
/// it finds in the log, so that what is sold after it stands on firm ground.
#[test]
fn what_a_start_found_gone_stays_gone() {
    let mounted = mount(6);
    let trial = trial(mounted);
    let open = || Journal::open_trial(Path::new(JOURNAL), &identity(), &trial).expect("it opens");
    let mut dice = Dice::new(6);
    let (mut gone, mut kept) = (0, 0);
    for round in 0..GONE_ROUNDS {
        mounted.disk.erase(round);
        let mut outside = outside();
        sell(&trial, &mut outside, round, 40, |_, _| {}).expect("nothing is in the way");
        // An act is cut off, and a start finds nothing of it.
        let (stamp, last) = outside.acknowledged.last().expect("something was done").clone();
        let act =
            |seconds: i64| (Stamp { at_ms: stamp.at_ms + seconds * 1000, ..stamp.clone() }, last.clone());
        let cut_off = |journal: &mut Journal, act: (Stamp, Record), operations| {
            mounted.disk.cut_after(operations);
            let written = journal.append(&[act]);
            mounted.disk.cut();
            written.is_ok()
        };
        let mut journal = open();
        journal.append(&[act(0)]).expect("nothing is in the way");
        mounted.disk.cut();
        drop(journal);
        mounted.disk.restart();
        let mut journal = open();
        let there = journal.head().seq;
        let answered = cut_off(&mut journal, act(1), dice.below(9));
        drop(journal);
        mounted.disk.restart();
        let mut journal = open();
        if answered || journal.head().seq > there {
            continue;
        }
        gone += 1;
        // So it is done again a little later, and is cut off again: what is there then is that one or nothing.
        cut_off(&mut journal, act(7), dice.below(9));
        drop(journal);
        mounted.disk.restart();
        let journal = open();
        if journal.head().seq > there {
            kept += 1;
            let found = journal.record(there + 1).expect("it is read");
            assert_eq!((found.stamp, found.record), act(7), "round {round}: what was gone came back");
        }
    }
    assert!(gone > GONE_ROUNDS / 4 && kept > 20, "{gone} gone, {kept} kept");
}

#[test]
fn a_flush_that_failed_stops_the_lane_and_the_next_start_believes_no_cache() {
    let mounted = mount(6);
    let trial = trial(mounted);
    let (goods, settings) = (Goods::demo(), settings());
    let (mut kept, mut gone) = (0, 0);
    for round in 0..60 {
        mounted.disk.erase(round);
        mounted.disk.set_faults(Faults::default());
        let mut outside = outside();
        sell(&trial, &mut outside, round, 40, |_, _| {}).expect("all is well");
        let journal = Journal::open_trial(Path::new(JOURNAL), &identity(), &trial).expect("it opens");
        // An agent that stays keeps alive what the lane knew of its log.
        let agent = (round % 2 == 0).then(|| JournalReader::open_trial(Path::new(JOURNAL), &trial));
        let restored = restore(&journal, &settings).expect("it is read");
        let mut counter =
            Counter::start(journal, restored, &goods, &settings, PaperOrder::AfterTheDisk, &mut outside);
        let mut day = Day::new(round + 100);
        for _ in 0..20 {
            day.go_on(&mut counter).expect("all is well");
        }
        mounted.disk.set_faults(Faults { fails_flush: true, ..Faults::default() });
        let error = (0..100).find_map(|_| day.go_on(&mut counter).err()).expect("it is refused");
        assert!(words(&error).contains("disk I/O error"), "{}", words(&error));
        assert!(counter.journal().is_in_doubt());
        // The disk is well again: what is on it nobody knows.
        mounted.disk.set_faults(Faults::default());
        let under_way = counter.outside.under_way.clone();
        let before = counter.outside.acknowledged.len();
        let errors: Vec<AppendError> = (0..40).filter_map(|_| day.go_on(&mut counter).err()).collect();
        assert!(!errors.is_empty() && errors.iter().all(|error| matches!(error, AppendError::InDoubt)));
        assert_eq!(counter.outside.acknowledged.len(), before, "something was written");
        if round % 2 == 0 {
            drop(counter);
        } else {
            // Nobody closes anything in good order, and the log is read anew.
            std::mem::forget(counter);
            mounted.disk.kill();
        }
        outside.under_way.clear();
        mounted.disk.renew(LOG).expect("written again");
        let journal = Journal::open_trial(Path::new(JOURNAL), &identity(), &trial).expect("it opens");
        match journal.head().seq - before as u64 {
            0 => gone += 1,
            more => {
                assert_eq!(more, under_way.len() as u64, "half of it");
                outside.acknowledged.extend(under_way);
                kept += 1;
            }
        }
        drop((journal, agent));
        let acknowledged = outside.acknowledged.len();
        sell(&trial, &mut outside, round + 1_000, 60, |_, _| {}).expect("the disk is well");
        assert!(outside.acknowledged.len() > acknowledged, "nothing was sold any more");
        mounted.disk.cut();
        mounted.disk.restart();
        check(&trial, &outside);
    }
    assert!(kept > 10 && gone > 10, "kept {kept}, gone {gone}");
}

/// What a lane makes of a disk on which a bit has turned over.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// It is told that something is wrong.
    Told,
    /// It ends before where HQ has it, which HQ's position tells.
    EndsEarly,
    /// All is there as it was written: the bit was nobody's.
    Sound,
    /// Something is not as it was written, and nobody is told.
    Wrong,
}

fn look(trial: &Trial, outside: &Outside, checks_chain: bool) -> Seen {
    let Ok(journal) = Journal::open_trial(Path::new(JOURNAL), &identity(), trial) else { return Seen::Told };
    let Ok(Some(reader)) = JournalReader::open_trial(Path::new(JOURNAL), trial) else { return Seen::Told };
    if checks_chain && reader.verify().is_err() {
        return Seen::Told;
    }
    let filed = Position { acknowledged: outside.acknowledged.len() as u64, quarantined: 0 };
    if filed.lost_end(journal.head().seq).is_some() {
        return Seen::EndsEarly;
    }
    let readable = (1..=journal.head().seq).all(|seq| journal.record(seq).is_ok());
    match (readable, is_there(&journal, outside)) {
        (_, true) => Seen::Sound,
        (true, false) => Seen::Wrong,
        (false, false) => Seen::Told,
    }
}

/// Where a bit turns over.
#[derive(Clone, Copy)]
enum Where {
    /// Anywhere in the database or its log.
    Anywhere,
    /// In a digit of when something happened, so that it is another digit. No
    /// sum and no form shows it.
    InATime,
}

/// Turns one bit over on each of many disks: how often a lane sees what.
fn rot(place: Where, checks_chain: bool, rounds: u64) -> [usize; 4] {
    let mounted = mount(3);
    let trial = Trial { tail_checked: if checks_chain { TAIL_CHECKED } else { 0 }, ..trial(mounted) };
    let mut found = [0; 4];
    let mut dice = Dice::new(3);
    for round in 0..rounds {
        mounted.disk.erase(round);
        let mut outside = outside();
        sell(&trial, &mut outside, round % 8, 120, |happening, counter| {
            // Some of it is moved out of the log, so that both hold events.
            if happening == 80 {
                counter.tidy().expect("tidied");
            }
        })
        .expect("all is well");
        mounted.disk.restart();
        let name = JOURNAL;
        let file = mounted.disk.durable(name).expect("it is there");
        let (at, bit) = match place {
            Where::Anywhere => (dice.index(file.len()), dice.count(0, 7)),
            Where::InATime => {
                let key = br#""at_ms":17724"#;
                let times: Vec<usize> =
                    (0..file.len() - key.len()).filter(|at| file[*at..].starts_with(key)).collect();
                (times[dice.index(times.len())] + key.len(), 0)
            }
        };
        mounted.disk.rot(name, at, bit);
        found[match look(&trial, &outside, checks_chain) {
            Seen::Told => 0,
            Seen::EndsEarly => 1,
            Seen::Sound => 2,
            Seen::Wrong => 3,
        }] += 1;
    }
    found
}

#[test]
fn a_bit_that_turned_over_is_told_or_was_nobodys() {
    let [told, _, sound, wrong] = rot(Where::Anywhere, true, 120);
    assert_eq!(wrong, 0);
    assert!(told > 20 && sound > 0, "told {told}, sound {sound}");
    // What is believed without the chain is told with it. The rest lies in
    // bytes that the database uses no more.
    let [told, 0, unused, 0] = rot(Where::InATime, true, 40) else { panic!("it was believed") };
    let [0, 0, as_unused, believed] = rot(Where::InATime, false, 40) else { panic!("it was told") };
    assert_eq!((told, unused), (believed, as_unused));
    assert!(told > 10, "only {told} were told");
}

/// What is in the log and not in the database: what rots there ends the
/// journal early, as if it had never been written, and only HQ can tell.
#[test]
fn a_log_that_rots_ends_the_journal_early() {
    let mounted = mount(5);
    let trial = trial(mounted);
    let mut dice = Dice::new(5);
    let mut seen = Vec::new();
    for round in 0..30 {
        mounted.disk.erase(round);
        let mut outside = outside();
        sell(&trial, &mut outside, round, 60, |_, _| {}).expect("all is well");
        let cut_at = dice.index(60);
        let cut = sell(&trial, &mut outside, round + 100, 61, |happening, _| {
            if happening == cut_at.max(20) {
                mounted.disk.cut();
            }
        });
        assert!(cut.is_err());
        mounted.disk.restart();
        let log = mounted.disk.durable("/journal.db-wal").expect("it is there");
        if log.is_empty() {
            continue;
        }
        mounted.disk.rot("/journal.db-wal", dice.index(log.len()), dice.count(0, 7));
        seen.push(look(&trial, &outside, true));
    }
    assert!(seen.contains(&Seen::EndsEarly), "{seen:?}");
    assert!(!seen.contains(&Seen::Wrong), "{seen:?}");
}

#[test]
fn a_drive_that_ignored_flushes_is_told_by_where_hq_stands() {
    let mounted = mount(4);
    let trial = trial(mounted);
    let (mut ends_early, mut refused) = (0, 0);
    for round in 0..40 {
        mounted.disk.erase(round);
        let mut outside = outside();
        sell(&trial, &mut outside, round, 60, |_, _| {}).expect("all is well");
        mounted.disk.set_faults(Faults { ignores_flush: true, ..Faults::default() });
        let mut at_hq = None;
        sell(&trial, &mut outside, round + 1_000, 160, |happening, counter| {
            if happening == 59 {
                at_hq = Some(counter.journal().head());
                mounted.disk.cut();
            }
        })
        .expect_err("the power is off");
        let at_hq = at_hq.expect("HQ has all of it");
        mounted.disk.restart();
        mounted.disk.set_faults(Faults::default());
        let Ok(journal) = Journal::open_trial(Path::new(JOURNAL), &identity(), &trial) else {
            refused += 1;
            continue;
        };
        let last = journal.head().seq;
        drop(journal);
        if last >= at_hq.seq {
            continue;
        }
        ends_early += 1;
        // The lane sees it at its start ...
        let position = Position { acknowledged: at_hq.seq, quarantined: 0 };
        let lost = position.lost_end(last).expect("the end is lost");
        assert_eq!(
            lost.to_string(),
            format!(
                "HQ has events up to {}, this disk only up to {last}: its end was lost or it is an old copy; enrol the lane again",
                at_hq.seq
            )
        );
        assert_eq!(position.lost_end(at_hq.seq), None);
        // ... and the real agent on what the disk has kept, as soon as HQ says where it is.
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["journal.db", "journal.db-wal"] {
            if let Some(bytes) = mounted.disk.durable(&format!("/{name}")) {
                std::fs::write(folder.path().join(name), bytes).expect("copied");
            }
        }
        let mut copy = LaneJournal::new(folder.path().join("journal.db"), identity());
        let seen = copy.look(1).expect("it is read").expect("it is there");
        assert!(seen.signed <= last);
        assert_eq!(seen, JournalSeen { epoch: 1, last, signed: seen.signed, is_closed: false });
        let agreement = copy.compare(1, at_hq.seq, &at_hq.hash).expect("it is read");
        assert_eq!(agreement, Agreement::JournalEnds { last });
        assert_eq!(alarm(seen, at_hq.seq, agreement), Some(Alarm::HqAhead { acknowledged: at_hq.seq, last }));
    }
    assert!(ends_early > 5, "only {ends_early} ended early, {refused} were refused");
}

/// What the agent's core makes of where HQ says that it is.
fn alarm(seen: JournalSeen, acknowledged: u64, agreement: Agreement) -> Option<Alarm> {
    let intervals = Intervals::default();
    let mut core = Core::new(0, Beginning { version: 1, is_outdated: false, intervals, seed: 1 });
    assert_eq!(core.poll(0), Some(Action::Push(PushAction::Look { epoch_from: 0 })));
    core.handle(0, Input::Push(PushInput::Journal(Some(seen))));
    assert_eq!(core.poll(0), Some(Action::Push(PushAction::AskPosition { epoch: 1 })));
    let filed = Filed { epoch: 1, acknowledged, quarantined: 0, signed: None };
    core.handle(0, Input::Push(PushInput::Filed { filed, agreement }));
    // It may tell HQ once of what it found, by events that HQ has.
    let sends_on = std::iter::from_fn(|| core.poll(0))
        .any(|action| matches!(action, Action::Push(PushAction::Send { after, .. }) if after >= seen.last));
    assert!(!sends_on, "it sends on");
    core.status().push_alarm
}
