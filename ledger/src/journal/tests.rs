//! A journal under its own rules, on a real file.

mod formats;
mod heads;

use std::os::unix::fs::PermissionsExt;

use domain::phone::UsedCodes;
use domain::quota::QuotaCounts;
use domain::record::Staff;
use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;
use crate::reserve::RESERVE_BYTES;

/// A folder with a lane's files in it.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("lane/journal.db")
    }

    fn open(&self) -> Journal {
        self.try_open().expect("the journal opens")
    }

    fn try_open(&self) -> Result<Journal, OpenJournalError> {
        Journal::open(&self.path(), &identity())
    }

    fn read(&self) -> JournalReader {
        JournalReader::open(&self.path()).expect("the journal opens").expect("there is one")
    }

    /// Somebody who does not go through this crate.
    fn raw(&self) -> Connection {
        Connection::open(self.path()).expect("SQLite opens it")
    }

    /// A closed journal with so many events.
    fn with(events: u64) -> Self {
        let desk = Self::new();
        let mut journal = desk.open();
        journal.append(&(1..=events).map(signed_in).collect::<Vec<_>>()).expect("appended");
        desk
    }

    /// Changes what is stored, past its triggers.
    fn forge(&self, sql: &str) {
        let raw = self.raw();
        raw.execute_batch("DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted; DROP TRIGGER identity_is_not_changed;")
            .expect("dropped");
        raw.execute_batch(sql).expect("forged");
    }
}

fn identity() -> Identity {
    Identity { store: "S001".into(), lane: 2, epoch: 1 }
}

fn stamp() -> Stamp {
    Stamp {
        at_ms: 1_772_416_800_000,
        offset_minutes: 480,
        business_date: NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day"),
        shift: 1,
    }
}

/// An event that can be told apart.
fn signed_in(number: u64) -> (Stamp, Record) {
    named(format!("cashier {number}"))
}

fn named(name: String) -> (Stamp, Record) {
    (stamp(), Record::SignedIn { staff: Staff { id: "e1".into(), number: "01".into(), name } })
}

/// More than fits into what is left of any page.
fn long() -> (Stamp, Record) {
    named("long ".repeat(4_000))
}

fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

// Appending.

#[test]
fn events_are_numbered_without_gaps_and_chained_from_the_lanes_beginning() {
    let desk = Desk::new();
    let mut journal = desk.open();
    let genesis = ChainHash::genesis("S001", 2, 1);
    assert_eq!(journal.head(), Head { seq: 0, hash: genesis });
    assert_eq!(journal.append(&[signed_in(1)]).expect("appended"), 1);
    assert_eq!(journal.append(&[signed_in(2), signed_in(3)]).expect("appended"), 3);
    assert_eq!(journal.append(&[]).expect("nothing to do"), 3);

    let entries = desk.read().entries_after(0, 100, usize::MAX).expect("read");
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
    let chained = entries.iter().try_fold(genesis, |hash, entry| {
        let next = hash.extend(&entry.bytes);
        (next == entry.hash).then_some(next)
    });
    assert_eq!(chained, Some(journal.head().hash));
    assert_eq!(desk.read().head().expect("read"), journal.head());
    assert_eq!(desk.read().verify().expect("whole"), journal.head());
    assert_eq!(desk.read().hash_at(0).expect("read"), genesis);
}

#[test]
fn a_journal_goes_on_where_it_ended() {
    let desk = Desk::with(3);
    let mut journal = desk.open();
    assert_eq!(journal.head().seq, 3);
    assert_eq!(journal.append(&[signed_in(4)]).expect("appended"), 4);
    let stored = journal.record(4).expect("read");
    assert_eq!((stored.stamp, stored.record), signed_in(4));
    assert!(matches!(journal.record(5), Err(ReadJournalError::NoSuchEvent { seq: 5 })));
}

#[test]
fn the_database_itself_refuses_to_change_the_past() {
    let desk = Desk::with(3);
    let check = |sql: &str, expected: &str| {
        let error = desk.raw().execute_batch(sql).expect_err(sql);
        assert!(error.to_string().contains(expected), "{sql}: {error}");
    };
    check("UPDATE event SET body = x'00' WHERE seq = 2", "append-only");
    check("UPDATE event SET seq = 9 WHERE seq = 3", "append-only");
    check("DELETE FROM event WHERE seq = 3", "append-only");
    check("DELETE FROM event", "append-only");
    check("INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 3", "gapless");
    check("INSERT INTO event VALUES (1, 5, 'x', zeroblob(32), x'00')", "gapless");
    check("INSERT INTO event VALUES (1, 3, 'x', zeroblob(32), x'00')", "gapless");
    check("INSERT INTO event VALUES (1, 0, 'x', zeroblob(32), x'00')", "gapless");
    check("INSERT INTO event VALUES (2, 2, 'x', zeroblob(32), x'00')", "gapless");
    check("INSERT INTO event VALUES (1, 4, 'x', zeroblob(31), x'00')", "CHECK");
    check("UPDATE identity SET lane = 3", "keeps its lane");
    check("DELETE FROM identity", "keeps its lane");
    check("INSERT OR REPLACE INTO identity VALUES (1, 'S009', 1, 1)", "keeps its lane");
    check("UPDATE compatibility SET min_reader = 9", "what a format is stays");
    check("DELETE FROM compatibility", "what a format is stays");
    check("INSERT OR REPLACE INTO compatibility VALUES (1, 9)", "what a format is stays");
    assert_eq!(desk.open().head().seq, 3);
    assert_eq!(desk.read().verify().expect("whole").seq, 3);
}

#[test]
fn an_event_that_hq_would_refuse_is_not_written() {
    let desk = Desk::with(1);
    let mut journal = desk.open();
    let endless = named("x".repeat(event::EVENT_BYTES_MAX));
    assert!(matches!(journal.append(&[signed_in(2), endless]), Err(AppendError::TooLong { .. })));
    assert_eq!(journal.head().seq, 1);
    assert_eq!(journal.append(&[signed_in(2)]).expect("appended"), 2);
}

#[test]
fn a_full_disk_refuses_without_breaking_anything() {
    let desk = Desk::with(1);
    let mut journal = desk.open();
    let reserve = desk.path().with_extension("reserve");
    let before = journal.head();
    assert!(journal.has_room());
    assert_eq!(std::fs::metadata(&reserve).expect("laid").len(), RESERVE_BYTES as u64);

    journal.leave_room_for(0).expect("a limit");
    assert!(matches!(journal.append(&[signed_in(2), long()]), Err(AppendError::DiskFull)));
    assert!(!reserve.exists(), "the reserve is given up first");
    assert_eq!(journal.head(), before);
    assert_eq!(desk.read().head().expect("read"), before);

    journal.leave_room_for(100).expect("a limit");
    assert!(journal.has_room(), "the reserve is laid again");
    assert!(reserve.exists());
    assert_eq!(journal.append(&[signed_in(2), long()]).expect("there is room"), 3);
    assert_eq!(desk.read().verify().expect("whole"), journal.head());
}

#[test]
fn a_torn_reserve_is_laid_anew() {
    let desk = Desk::with(1);
    let reserve = desk.path().with_extension("reserve");
    std::fs::write(&reserve, b"torn").expect("torn");
    assert!(desk.open().has_room());
    assert_eq!(std::fs::metadata(&reserve).expect("laid").len(), RESERVE_BYTES as u64);
}

#[test]
fn only_its_owner_reads_a_journal() {
    let desk = Desk::with(1);
    let mut journal = desk.open();
    journal.append(&[signed_in(2)]).expect("appended");
    for name in ["journal.db", "journal.db-wal", "journal.db-shm", "journal.lock", "journal.reserve"] {
        let file = desk.path().with_file_name(name);
        let mode =
            std::fs::metadata(&file).unwrap_or_else(|error| panic!("{name}: {error}")).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_journal_that_others_could_read_is_kept_from_them() {
    let desk = Desk::with(1);
    std::fs::set_permissions(desk.path(), std::fs::Permissions::from_mode(0o644)).expect("set");
    let _journal = desk.open();
    assert_eq!(std::fs::metadata(desk.path()).expect("there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_lane_that_is_never_quiet_keeps_its_log_small() {
    let desk = Desk::with(1);
    let mut journal = desk.open();
    let pragma = |name| journal.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (pages, limit) = (pragma("wal_autocheckpoint"), pragma("journal_size_limit"));
    assert_eq!((pages.expect("read"), limit.expect("read")), (2_000, 4 << 20));
    // Some 32 MiB without a pause, and never tidied.
    for _ in 0..400 {
        journal.append(&[long(), long(), long(), long()]).expect("appended");
    }
    let log = std::fs::metadata(desk.path().with_extension("db-wal")).expect("there is one").len();
    assert!(log < 10 << 20, "{log} bytes");
    drop(journal);
    assert!(!desk.path().with_extension("db-wal").exists(), "nothing is left of it after a proper end");
}

#[test]
fn a_journal_is_written_with_every_commit_synced() {
    let desk = Desk::with(1);
    let journal = desk.open();
    let pragma = |name| journal.connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
    assert_eq!(pragma("journal_mode").expect("WAL"), "wal");
    let full = journal.connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i32>(0));
    assert_eq!(full.expect("FULL"), 2);
}

// Reading on.

#[test]
fn a_reader_sees_what_the_writer_commits() {
    let desk = Desk::new();
    assert!(JournalReader::open(&desk.path()).expect("nothing is refused").is_none());
    let mut journal = desk.open();
    let reader = desk.read();
    assert_eq!(reader.identity(), &identity());
    let before = reader.data_version().expect("read");
    assert_eq!(reader.data_version().expect("read"), before);
    journal.append(&[signed_in(1)]).expect("appended");
    assert_ne!(reader.data_version().expect("read"), before);
    assert_eq!(reader.head().expect("read"), journal.head());
    journal.tidy().expect("tidied");
    journal.append(&[signed_in(2)]).expect("appended");
    assert_eq!(reader.entries_after(1, 10, usize::MAX).expect("read").len(), 1);
    assert!(
        reader.connection.execute("INSERT INTO event VALUES (1, 3, 'x', zeroblob(32), x'00')", []).is_err()
    );
}

#[test]
fn a_tidied_journal_begins_its_log_anew_and_a_reader_in_the_way_is_not_waited_for() {
    let desk = Desk::with(1);
    let mut journal = desk.open();
    let log = || std::fs::metadata(desk.path().with_extension("db-wal")).expect("there is one").len();
    let database = || std::fs::metadata(desk.path()).expect("there is one").len();
    for number in 2..=REST_EVENTS {
        assert!(!journal.wants_rest());
        journal.append(&[signed_in(number)]).expect("appended");
    }
    let reader = desk.read();
    reader.connection.execute_batch("BEGIN").expect("begun");
    assert_eq!(reader.head().expect("read").seq, REST_EVENTS);
    journal.append(&[signed_in(1)]).expect("appended");
    assert!(journal.wants_rest());
    let small = database();
    journal.tidy().expect("no fault");
    assert!(journal.wants_rest(), "the reader holds the log");
    reader.connection.execute_batch("COMMIT").expect("ended");
    journal.tidy().expect("tidied");
    assert!(!journal.wants_rest() && database() > small);
    // From here on the same file is written over.
    let before = log();
    for number in 0..REST_EVENTS / 2 {
        journal.append(&[signed_in(number)]).expect("appended");
    }
    assert_eq!(log(), before);
    assert_eq!(reader.head().expect("read"), journal.head());
}

#[test]
fn a_journal_is_read_while_its_lane_is_down() {
    let desk = Desk::with(2);
    assert_eq!(desk.read().verify().expect("whole").seq, 2);
}

#[test]
fn a_reader_takes_no_more_than_it_asked_for_but_always_one() {
    let desk = Desk::with(10);
    let reader = desk.read();
    let size = reader.entries_after(0, 1, usize::MAX).expect("read")[0].bytes.len();
    let check = |after: u64, events_max: usize, bytes_max: usize, expected: &[u64]| {
        let entries = reader.entries_after(after, events_max, bytes_max).expect("read");
        assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), expected);
    };
    check(0, 3, usize::MAX, &[1, 2, 3]);
    check(8, 3, usize::MAX, &[9, 10]);
    check(8, usize::MAX, usize::MAX, &[9, 10]);
    check(10, 3, usize::MAX, &[]);
    check(99, 3, usize::MAX, &[]);
    check(0, 100, size * 2, &[1, 2]);
    check(0, 100, size * 2 - 1, &[1]);
    check(0, 100, 0, &[1]);
}

// Damage.

/// Damages a journal of 300 events and says what opening and verifying find.
fn check_damage(damage: impl FnOnce(&Desk), opened: &str, verified: &str) {
    let desk = Desk::with(300);
    damage(&desk);
    let found = match desk.try_open() {
        Ok(journal) => format!("open at {}", journal.head().seq),
        Err(OpenJournalError::Content { file, source }) if file == desk.path() => fault(&source),
        Err(error) => words(&error),
    };
    assert_eq!(found, opened);
    assert_eq!(
        desk.read().verify().map_or_else(|error| fault(&error), |head| format!("whole to {}", head.seq)),
        verified
    );
}

fn fault(error: &ReadJournalError) -> String {
    match error {
        ReadJournalError::ChainBroken { seq } => format!("broken at {seq}"),
        ReadJournalError::Misfiled { seq } => format!("misfiled {seq}"),
        ReadJournalError::NoSuchEvent { seq } => format!("no event {seq}"),
        ReadJournalError::Sqlite(_)
        | ReadJournalError::Decode { .. }
        | ReadJournalError::Understand(_)
        | ReadJournalError::EpochBroken { .. }
        | ReadJournalError::WrongSignature { .. }
        | ReadJournalError::SegmentBroken { .. }
        | ReadJournalError::Archived(_) => words(error),
    }
}

#[test]
fn a_changed_event_breaks_the_chain() {
    // Near the end it is found before anything is sold, farther back by the
    // check of the whole.
    let change = |seq: u64| {
        move |desk: &Desk| {
            desk.forge(&format!(
                "UPDATE event SET body = CAST(replace(body, 'cashier', 'Cashier') AS BLOB) WHERE seq = {seq}"
            ));
        }
    };
    check_damage(change(290), "broken at 290", "broken at 290");
    check_damage(change(50), "open at 300", "broken at 50");
}

#[test]
fn a_changed_byte_in_the_file_breaks_the_chain() {
    check_damage(
        |desk| {
            let mut bytes = std::fs::read(desk.path()).expect("read");
            let name = b"cashier 295";
            let at = bytes.windows(name.len()).position(|window| window == name).expect("it is there");
            bytes[at] ^= 0x20;
            std::fs::write(desk.path(), bytes).expect("written");
        },
        "broken at 295",
        "broken at 295",
    );
}

#[test]
fn a_changed_hash_breaks_the_chain() {
    check_damage(
        |desk| desk.forge("UPDATE event SET hash = zeroblob(32) WHERE seq = 300"),
        "broken at 300",
        "broken at 300",
    );
}

#[test]
fn a_missing_event_breaks_the_chain() {
    check_damage(|desk| desk.forge("DELETE FROM event WHERE seq = 299"), "broken at 299", "broken at 299");
    check_damage(|desk| desk.forge("DELETE FROM event WHERE seq = 100"), "no event 100", "broken at 100");
    check_damage(|desk| desk.forge("DELETE FROM event WHERE seq = 1"), "open at 300", "broken at 1");
}

#[test]
fn an_event_under_another_kind_is_found() {
    check_damage(
        |desk| desk.forge("UPDATE event SET kind = 'shift_opened' WHERE seq = 200"),
        "open at 300",
        "misfiled 200",
    );
}

#[test]
fn events_of_another_lane_do_not_pass_for_this_ones() {
    let other = Identity { lane: 3, ..identity() };
    let desk = Desk::new();
    Journal::open(&desk.path(), &other).expect("opens").append(&[signed_in(1)]).expect("appended");
    desk.forge("UPDATE identity SET lane = 2");
    assert!(matches!(
        desk.try_open(),
        Err(OpenJournalError::Content { source: ReadJournalError::ChainBroken { seq: 1 }, .. })
    ));
}

// Refused files.

/// Lets a file be refused, and sees that it is as it was.
fn check_refused(desk: &Desk, expected: Expect) {
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(desk.path().parent().expect("a folder"))
            .expect("read")
            .map(|file| file.expect("a file").path())
            .filter(|file| file.extension().is_none_or(|extension| extension != "lock"))
            .map(|file| (file.clone(), std::fs::read(&file).expect("read")))
            .collect();
        files.sort();
        files
    };
    let before = files();
    let error = desk.try_open().expect_err("refused");
    assert!(files() == before, "a file was touched");
    expected.assert_eq(&words(&error).replace(&desk.folder.path().display().to_string(), "DATA"));
}

fn not_a_journal() -> Expect {
    expect![
        "open DATA/lane/journal.db: it is not a Guitai journal file; move it away, it will not be touched"
    ]
}

fn foreign(make: &str) -> Desk {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path().parent().expect("a folder")).expect("made");
    desk.raw().execute_batch(make).expect("made");
    desk
}

#[test]
fn another_lanes_journal_is_refused() {
    let desk = Desk::new();
    let other = Identity { store: "S002".into(), ..identity() };
    drop(Journal::open(&desk.path(), &other).expect("opens"));
    check_refused(
        &desk,
        expect![
            "open DATA/lane/journal.db: it is the journal of store S002 lane 2 epoch 1, this lane is store S001 lane 2 epoch 1; move it away and call for help"
        ],
    );
}

#[test]
fn a_journal_of_another_epoch_is_refused() {
    let desk = Desk::new();
    drop(Journal::open(&desk.path(), &Identity { epoch: 2, ..identity() }).expect("opens"));
    check_refused(
        &desk,
        expect![
            "open DATA/lane/journal.db: it is the journal of store S001 lane 2 epoch 2, this lane is store S001 lane 2 epoch 1; move it away and call for help"
        ],
    );
}

#[test]
fn a_database_of_something_else_is_refused() {
    check_refused(&foreign("CREATE TABLE photo (name)"), not_a_journal());
    check_refused(&foreign("CREATE TABLE photo (name); PRAGMA user_version = 1"), not_a_journal());
    check_refused(&foreign("PRAGMA user_version = 1"), not_a_journal());
    check_refused(&foreign("PRAGMA application_id = 7"), not_a_journal());
}

#[test]
fn a_text_file_is_refused() {
    let desk = foreign("");
    for text in ["a shopping list\n", &"milk, bread, eggs\n".repeat(1_000)] {
        std::fs::write(desk.path(), text).expect("written");
        check_refused(&desk, not_a_journal());
        assert!(matches!(
            JournalReader::open(&desk.path()),
            Err(OpenJournalError::File(OpenFileError::Foreign { .. }))
        ));
    }
}

#[test]
fn a_journal_of_a_newer_program_is_refused() {
    let desk = Desk::with(3);
    desk.raw()
        .execute_batch("DROP TRIGGER compatibility_is_not_changed; UPDATE compatibility SET min_reader = 4; PRAGMA user_version = 4")
        .expect("set");
    check_refused(
        &desk,
        expect![
            "open DATA/lane/journal.db: its format 4 is newer than the 3 this program knows; update the program"
        ],
    );
    assert!(matches!(
        JournalReader::open(&desk.path()),
        Err(OpenJournalError::File(OpenFileError::Newer { found: 4, known: 3, .. }))
    ));
}

#[test]
fn a_second_writer_is_refused() {
    let desk = Desk::new();
    let journal = desk.open();
    check_refused(
        &desk,
        expect!["open DATA/lane/journal.db: another process is writing it; end that one first"],
    );
    drop(journal);
    desk.open();
}

#[test]
fn the_reference_is_no_journal() {
    let desk = Desk::new();
    drop(crate::reference::ReferenceWriter::open(&desk.path()).expect("opens"));
    check_refused(&desk, not_a_journal());
}

// Starting again.

/// Appends one event a letter and says from which one on a start reads.
fn check_start(events: &str, expected: u64) {
    let desk = Desk::new();
    let mut journal = desk.open();
    for (index, letter) in (1..).zip(events.chars()) {
        let record = match letter {
            'o' => Record::ShiftOpened {
                number: 1,
                business_date: stamp().business_date,
                staff: "e1".into(),
                float: domain::money::Money::ZERO,
                carried: Box::default(),
            },
            's' => Record::SaleCompleted { sale: Box::new(nothing_sold()) },
            _ => signed_in(index).1,
        };
        journal.append(&[(stamp(), record)]).expect("appended");
    }
    let stored = journal.since_last_shift().expect("read");
    let seqs: Vec<u64> = stored.iter().map(|stored| stored.seq).collect();
    assert_eq!(seqs, (expected..=journal.head().seq).collect::<Vec<_>>(), "{events}");
}

fn nothing_sold() -> domain::sale::Sale {
    let zero = domain::money::Money::ZERO;
    domain::sale::Sale {
        currency: "CNY".into(),
        reference_version: 1,
        staff: Staff { id: "e1".into(), number: "01".into(), name: "li".into() },
        lines: Vec::new(),
        returns: Vec::new(),
        total: zero,
        tax_added: zero,
        rounding: zero,
        rounding_returned: zero,
        payable: zero,
        tenders: Vec::new(),
        change: zero,
        taxes: Vec::new(),
        buyer: None,
        coupons: Vec::new(),
        given: Vec::new(),
        points_back: None,
        gifts: Vec::new(),
        kept: Vec::new(),
        seller: None,
        note: String::new(),
        uses: Vec::new(),
        uses_back: Vec::new(),
        borne: Vec::new(),
        borne_back: Vec::new(),
        coupons_back: Vec::new(),
        price_gap: zero,
        engine: 0,
        phones: Vec::new(),
        top_up: None,
    }
}

#[test]
fn a_start_reads_two_shifts_and_from_the_last_sale_on() {
    check_start("", 1);
    check_start("..", 1);
    check_start("..o.", 1);
    check_start("..o.s.o..", 3);
    check_start("..o.s.o..o.s.", 7);
    check_start("..o.s.o..o.", 5);
    check_start("..o.s.s.o..o.o.", 7);
    check_start("..o..o..o..", 6);
}

#[test]
fn what_a_shift_carries_outlives_the_shifts_before_it() {
    use domain::basket::Basket;
    use domain::money::Money;
    use domain::payment::{Belongs, Payment, Purpose};
    use domain::shift::{Carried, GrandTotals, Parked};
    use domain::tender::Wallet;
    use domain::till::Till;

    let basket = Basket::parked(Vec::new(), 7, true, 2, None);
    let note = "red coat".to_owned();
    let parked = Parked { number: 3, staff: "e1".into(), at_ms: 5, note, basket, tenders: Vec::new() };
    let amount = Money::from_minor(350);
    let payment = Payment::carried(9, Wallet::WeChat, amount, Purpose::Charge, Belongs::Parked(3), true);
    let carried = Carried {
        totals: GrandTotals { documents: 12, sold: Money::from_minor(45_000), returned: Money::ZERO },
        parked: vec![parked],
        parked_count: 3,
        payments: vec![payment],
        payment_count: 9,
        coupons_spent: Vec::new(),
        leases_spent: Vec::new(),
        quota_counts: QuotaCounts::default(),
        used_codes: UsedCodes::default(),
        orders: domain::order::desk::OrdersHere::default(),
        transfers: domain::stock::TransfersHere::default(),
    };
    let desk = Desk::new();
    let mut journal = desk.open();
    for number in 1..6 {
        let opened = Record::ShiftOpened {
            number,
            business_date: stamp().business_date,
            staff: "e1".into(),
            float: Money::ZERO,
            carried: Box::new(if number < 3 { Carried::default() } else { carried.clone() }),
        };
        let sold = Record::SaleCompleted { sale: Box::new(nothing_sold()) };
        let closed = Record::ShiftClosed { staff: "e1".into(), report: None };
        let stamp = Stamp { shift: number, ..stamp() };
        journal.append(&[opened, sold, closed].map(|record| (stamp, record))).expect("appended");
    }
    drop(journal);

    let mut till = Till::default();
    for stored in desk.open().since_last_shift().expect("read") {
        assert!(stored.stamp.shift >= 4);
        till.restore(stored.seq, stored.stamp.at_ms, &stored.record);
    }
    assert_eq!(till.parked(), carried.parked);
    assert_eq!(till.payments(), carried.payments);
}

#[test]
fn a_start_reads_from_the_end_of_a_long_log_and_never_through_all_of_it() {
    let desk = Desk::with(3);
    let journal = desk.open();
    let all = [
        reading::NEWEST,
        reading::NEWEST_BUT_ONE,
        reading::FROM_ON,
        reading::BACKWARDS,
        reading::LAST_OF_KIND,
    ];
    for sql in all {
        let mut explained =
            journal.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("prepared");
        let steps = explained.raw_query().mapped(|row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.collect::<Result<_, _>>().expect("explained");
        let [step] = steps.as_slice() else { panic!("{sql}: {steps:?}") };
        assert!(step.contains("USING INDEX"), "{sql}: {step}");
    }
}
