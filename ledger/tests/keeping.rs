//! A lane's journal through backup, restore, export, archive and rebuild, on
//! real files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use domain::basket::{Line, PriceFrom, Trace};
use domain::catalogue::{Item, KitPart, Unit};
use domain::money::{Money, Quantity, TaxRate};
use domain::payment::Purpose;
use domain::quota::{CountedFor, Given, QuotaCounts, QuotaUse};
use domain::record::{PaperOutcome, Record, Staff};
use domain::refund::{Origin, PastSale, ReturnedLine};
use domain::sale::{Sale, TaxSummary};
use domain::shift::Carried;
use domain::stock::{Movement, StockLine, StockMove};
use domain::tax::TaxRules;
use domain::tender::{Tender, Wallet};
use domain::till::Till;
use ledger::archive::{self, ArchiveRules};
use ledger::backup::{self, BackupError};
use ledger::export;
use ledger::journal::{Identity, Journal, JournalReader, ReadJournalError, Stamp};
use ledger::rebuild::{self, Rebuilt};
use protocol::head::SigningKey;

const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

/// A lane with its files, and the till that wrote them.
struct Lane {
    folder: tempfile::TempDir,
    journal: Option<Journal>,
    till: Till,
    day: NaiveDate,
    shift: u32,
    epoch: u32,
}

fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day") + chrono::Days::new(number)
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn water(number: u32, pieces: u32) -> Line {
    let rate = TaxRate::from_basis_points(1_300).expect("a rate");
    Line {
        number,
        item: Arc::new(Item { code: "6901028075763".into(), ..Item::plain("100001", money(200), rate) }),
        code: "6901028075763".into(),
        unit: None,
        quantity: Quantity::from_pieces(pieces.into()).expect("in range"),
        unit_price: money(200),
        price_from: PriceFrom::List,
        promotion: None,
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        discount: None,
        savings: Vec::new(),
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
        points_off: Money::ZERO,
    }
}

fn sale(pieces: u32) -> Sale {
    let net = money(200 * i64::from(pieces));
    let rate = TaxRate::from_basis_points(1_300).expect("a rate");
    Sale {
        currency: "CNY".into(),
        reference_version: 1,
        staff: Staff { id: "e1".into(), number: "01".into(), name: "李".into() },
        lines: vec![water(1, pieces)],
        returns: Vec::new(),
        total: net,
        tax_added: Money::ZERO,
        rounding: Money::ZERO,
        rounding_returned: Money::ZERO,
        payable: net,
        tenders: vec![Tender::Cash(net + money(100))],
        change: money(100),
        taxes: vec![TaxSummary { rate, net, tax: money(23) }],
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
        price_gap: Money::ZERO,
        engine: 0,
        phones: Vec::new(),
        top_up: None,
    }
}

/// So many pieces of a sale's line come back for money.
fn refund(epoch: u32, seq: u64, pieces: u32) -> Sale {
    let amount = money(200 * i64::from(pieces));
    let bought = sale(pieces);
    let returned = ReturnedLine {
        origin: Some(Origin { store: "S001".into(), lane: 2, epoch, seq }),
        line: 1,
        item: bought.lines[0].item.clone(),
        code: bought.lines[0].code.clone(),
        quantity: bought.lines[0].quantity,
        stock: Vec::new(),
        before: 0,
        amount,
        tax: money(23),
        reason: "漏".into(),
        seller: None,
    };
    Sale {
        lines: Vec::new(),
        returns: vec![returned],
        total: -amount,
        payable: -amount,
        tenders: vec![Tender::Cash(-amount)],
        change: Money::ZERO,
        taxes: vec![TaxSummary { tax: money(-23), net: -amount, ..bought.taxes[0] }],
        ..bought
    }
}

impl Lane {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("journal.key"), SECRET).expect("a key");
        let mut lane = Self { folder, journal: None, till: Till::default(), day: day(0), shift: 0, epoch: 1 };
        lane.start();
        lane
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    fn identity(&self) -> Identity {
        Identity { store: "S001".into(), lane: 2, epoch: self.epoch }
    }

    fn start(&mut self) {
        self.journal = Some(Journal::open(&self.path(), &self.identity()).expect("opens"));
    }

    fn stop(&mut self) {
        self.journal = None;
    }

    fn write(&mut self, record: Record) -> u64 {
        let stamp = Stamp {
            at_ms: 1_772_416_800_000,
            offset_minutes: 480,
            business_date: self.day,
            shift: self.shift,
        };
        let journal = self.journal.as_mut().expect("the lane runs");
        let seq = journal.append(&[(stamp, record.clone())]).expect("appended");
        self.till.restore(seq, stamp.at_ms, &record);
        seq
    }

    fn sell(&mut self, pieces: u32) -> u64 {
        let seq = self.write(Record::SaleCompleted { sale: Box::new(sale(pieces)) });
        self.write(Record::PaperBegun { document: seq, reprint: false });
        self.write(Record::PaperEnded { document: seq, outcome: PaperOutcome::Confirmed });
        seq
    }

    fn open_shift(&mut self) {
        self.shift += 1;
        let carried = Box::new(self.till.carried());
        let (number, business_date) = (self.shift, self.day);
        self.write(Record::ShiftOpened {
            number,
            business_date,
            staff: "e1".into(),
            float: money(20_000),
            carried,
        });
    }

    fn close_shift(&mut self) {
        let report = self.till.report().map(Box::new);
        self.write(Record::ShiftClosed { staff: "e1".into(), report });
    }

    /// A day of so many sales; its shift stays open.
    fn trade(&mut self, number: u64, sales: u32) {
        self.day = day(number);
        self.open_shift();
        for pieces in 1..=sales {
            self.sell(pieces);
        }
    }

    /// Five closed days and one that is open, with a basket parked on the third.
    fn week() -> Self {
        let mut lane = Self::new();
        for number in 0..6 {
            lane.trade(number, 3);
            if number == 2 {
                lane.write(Record::LineAdded { line: water(1, 2) });
                lane.write(Record::BasketParked { basket: 1, staff: "e1".into(), note: "伞".into() });
            }
            if number < 5 {
                lane.close_shift();
            }
        }
        lane.write(Record::LineAdded { line: water(1, 5) });
        lane
    }

    fn read(&self) -> JournalReader {
        reader(&self.path())
    }

    fn rebuild(&self) -> Rebuilt {
        let archive = archive::folder_beside(&self.path());
        rebuild::rebuild(&mut self.read(), &archive).expect("derived")
    }

    fn archive(&mut self, acknowledged: u64, before: NaiveDate) -> Vec<(u64, u64)> {
        self.stop();
        let rules = ArchiveRules { epoch: self.epoch, acknowledged, before, events_min: 1 };
        let segments = archive::archive(&self.path(), &self.identity(), rules).expect("archived");
        segments.into_iter().map(|segment| (segment.first_seq, segment.last_seq)).collect()
    }
}

fn reader(path: &Path) -> JournalReader {
    JournalReader::open(path).expect("opens").expect("there is one")
}

fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Changes rows past the triggers of a journal.
fn forge(path: &Path, sql: &str) {
    let raw = rusqlite::Connection::open(path).expect("opens");
    raw.execute_batch("DROP TRIGGER event_is_not_changed; DROP TRIGGER event_is_not_deleted;")
        .expect("dropped");
    raw.execute_batch(sql).expect("forged");
}

// Rebuild.

#[test]
fn what_all_events_say_is_what_a_start_finds() {
    let mut lane = Lane::week();
    let sold = lane.sell(4);
    let seq = lane.write(Record::SaleCompleted { sale: Box::new(refund(1, sold, 3)) });
    assert_eq!(lane.till.last_sale(), Some(seq));
    let rebuilt = lane.rebuild();
    assert_eq!(rebuilt.differences, []);
    assert_eq!(rebuilt.days.len(), 6);
    let first = rebuilt.days.values().next().expect("a day");
    assert_eq!((first.documents, first.total, first.payable, first.tax), (3, 1_200, 1_200, 69));
    assert_eq!(rebuilt.shifts.len(), 6);
    // Six days of 1 + 2 + 3 pieces, four more, three back.
    assert_eq!(rebuilt.stock["100001"], (6 * 6 + 4 - 3) * 1_000);
    assert_eq!(rebuilt.returnable_lines, 19);
    assert_eq!(rebuilt.till.parked().len(), 1);
    assert_eq!(rebuilt.till.carried(), lane.till.carried());
    assert_eq!(rebuilt.epochs, [(1, seq)]);
}

#[test]
fn what_is_written_down_wrongly_is_found() {
    // A program that reports or carries on what did not happen.
    let check = |wrong: &dyn Fn(&mut Lane), expected: &[&str]| {
        let mut lane = Lane::new();
        lane.trade(0, 2);
        wrong(&mut lane);
        let found: Vec<String> = lane.rebuild().differences.iter().map(|one| one.what.clone()).collect();
        assert_eq!(found, expected);
    };
    check(&|_| {}, &[]);
    check(
        &|lane| {
            let mut report = lane.till.report().expect("a shift");
            report.takings.sold += money(1);
            lane.write(Record::ShiftClosed { staff: "e1".into(), report: Some(Box::new(report)) });
        },
        &["the report of shift 1"],
    );
    check(
        &|lane| {
            lane.close_shift();
            let mut carried = lane.till.carried();
            carried.totals.sold += money(1);
            lane.shift = 2;
            let (number, business_date) = (2, lane.day);
            let (staff, float, carried) = ("e1".into(), Money::ZERO, Box::new(carried));
            lane.write(Record::ShiftOpened { number, business_date, staff, float, carried });
        },
        &["what shift 2 carried on", "running sums before shift 2", "the running sums"],
    );
    check(
        &|lane| {
            // The second sale sold two.
            lane.write(Record::SaleCompleted { sale: Box::new(refund(1, 5, 3)) });
        },
        &["what came back of line 1 of sale 5 of epoch 1"],
    );
    check(
        &|lane| {
            lane.write(Record::SaleCompleted { sale: Box::new(refund(1, 99, 1)) });
        },
        &["line 1 of sale 99 of epoch 1, which came back"],
    );
}

#[test]
fn what_was_given_of_promotions_is_made_again_and_held_against_the_till() {
    let used = |member: &str, units| QuotaUse {
        promotion: "flash".into(),
        member: member.into(),
        day: day(0),
        line: 1,
        units,
        off: Money::from_minor(i64::from(units) * 250),
    };
    let given = |units, off| {
        let of = CountedFor { day: day(0), promotion: "flash".into(), member: "m1".into() };
        (of, Given { units, off })
    };
    let counted = |units| given(units, units * 250);
    let check = |counts: Option<QuotaCounts>, expected: &[&str]| {
        let mut lane = Lane::new();
        lane.trade(0, 1);
        let sold = Sale { uses: vec![used("m1", 2)], ..sale(2) };
        let seq = lane.write(Record::SaleCompleted { sale: Box::new(sold) });
        let back = Sale { uses_back: vec![used("m1", 1)], ..refund(1, seq, 1) };
        lane.write(Record::SaleCompleted { sale: Box::new(back) });
        if let Some(quota_counts) = counts {
            lane.close_shift();
            lane.shift = 2;
            let carried = Box::new(Carried { quota_counts, ..lane.till.carried() });
            let (number, business_date) = (2, lane.day);
            let (staff, float) = ("e1".into(), Money::ZERO);
            lane.write(Record::ShiftOpened { number, business_date, staff, float, carried });
        }
        let rebuilt = lane.rebuild();
        let found: Vec<String> = rebuilt.differences.iter().map(|one| one.what.clone()).collect();
        assert_eq!(found, expected);
        assert_eq!(rebuilt.quota_units, BTreeMap::from([counted(1)]));
    };
    check(None, &[]);
    check(Some(QuotaCounts::of([counted(1)])), &[]);
    // When a shift begins, what is over may be forgotten; what is not must be right.
    check(Some(QuotaCounts::default()), &[]);
    let wrong = "what was given of promotion flash on 2026-03-01 to \"m1\"";
    check(Some(QuotaCounts::of([counted(2)])), &["what shift 2 carried on", wrong]);
    check(Some(QuotaCounts::of([given(1, 249)])), &["what shift 2 carried on", wrong]);
}

#[test]
fn a_parked_basket_that_was_not_carried_on_is_missed() {
    let mut lane = Lane::new();
    lane.trade(0, 1);
    lane.write(Record::LineAdded { line: water(1, 2) });
    lane.write(Record::BasketParked { basket: 1, staff: "e1".into(), note: String::new() });
    lane.close_shift();
    let mut carried = lane.till.carried();
    carried.parked.clear();
    lane.shift = 2;
    let (number, business_date) = (2, lane.day);
    let (staff, float, carried) = ("e1".into(), Money::ZERO, Box::new(carried));
    lane.write(Record::ShiftOpened { number, business_date, staff, float, carried });
    let differences = lane.rebuild().differences;
    assert_eq!(differences[0].what, "what shift 2 carried on");
}

#[test]
fn what_is_derived_is_of_one_state_while_the_lane_sells_on() {
    let lane = Lane::week();
    let path = lane.path();
    let archive = archive::folder_beside(&path);
    let sells = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let selling = scope.spawn(|| {
            let mut lane = lane;
            let mut sold = 0;
            while sells.load(Ordering::Relaxed) {
                lane.sell(1);
                sold += 1;
            }
            sold
        });
        let mut seen = Vec::new();
        for _ in 0..40 {
            let rebuilt = rebuild::rebuild(&mut reader(&path), &archive).expect("derived");
            seen.push((rebuilt.events, rebuilt.differences));
        }
        sells.store(false, Ordering::Relaxed);
        let sold: u64 = selling.join().expect("it sells");
        let differing = seen.iter().filter(|(_, differences)| !differences.is_empty()).count();
        assert_eq!(differing, 0, "{:#?}", seen.last());
        assert!(seen[0].0 < seen[39].0, "{sold} sales, {} to {}", seen[0].0, seen[39].0);
    });
}

#[test]
fn the_stock_is_moved_by_packs_kits_movements_and_what_comes_back_of_them() {
    let mut lane = Lane::new();
    lane.trade(0, 0);
    let pack = Unit { id: "case".into(), name_zh: "箱".into(), name_en: "Case".into(), factor: 24 };
    let part = |sku: &str, pieces| KitPart {
        sku: sku.into(),
        quantity: Quantity::from_pieces(pieces).expect("in range"),
        price: money(100),
        tax_rate: TaxRate::from_basis_points(1_300).expect("a rate"),
    };
    let mut case = water(1, 2);
    case.unit = Some(pack);
    let mut kit = water(2, 3);
    kit.item =
        Arc::new(Item { kit: vec![part("100002", 2), part("100003", 1)], ..kit.item.as_ref().clone() });
    let sold = Sale { lines: vec![case.clone(), kit.clone()], ..sale(5) };
    let seq = lane.write(Record::SaleCompleted { sale: Box::new(sold.clone()) });
    assert_eq!(
        lane.rebuild().stock,
        BTreeMap::from([
            ("100001".to_owned(), 48_000),
            ("100002".to_owned(), 6_000),
            ("100003".to_owned(), 3_000),
        ])
    );
    // One case and one kit come back, as the past sale says.
    let origin = Origin { store: "S001".into(), lane: 2, epoch: 1, seq };
    let past = PastSale::new(origin, &sold, &[], TaxRules::default());
    let back = |line| past.give_back(line, Quantity::ONE, &[], "漏".into()).expect("it comes back");
    let returned = Sale { returns: vec![back(1), back(2)], ..refund(1, seq, 2) };
    lane.write(Record::SaleCompleted { sale: Box::new(returned) });
    let stock = lane.rebuild().stock;
    assert_eq!((stock["100001"], stock["100002"], stock["100003"]), (24_000, 4_000, 2_000));
    // Five are received, and two break.
    for (kind, pieces) in [(StockMove::Receive, 5), (StockMove::Damage, 2), (StockMove::Reserve, 9)] {
        let quantity = Quantity::from_pieces(pieces).expect("in range");
        let lines = vec![StockLine { sku: "100002".into(), quantity }];
        let (document, other, reason) = (String::new(), String::new(), String::new());
        let movement = Movement { kind, document, other, lines, reason };
        lane.write(Record::StockMoved { movement, staff: "e1".into() });
    }
    assert_eq!(lane.rebuild().stock["100002"], 4_000 - 5_000 + 2_000);
}

#[test]
fn a_running_lane_holds_its_journal_against_other_programs() {
    const TAKES: &str = "GUITAI_TEST_TAKES";
    if let Some(path) = std::env::var_os(TAKES) {
        // The other program, as SQLite does when the last one closes a journal: whoever gets this takes the log away.
        let file = std::fs::File::options().read(true).write(true).open(path).expect("opens");
        let taken = rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        assert!(taken.is_err(), "nobody holds the journal");
        return;
    }
    let mut lane = Lane::week();
    lane.stop();
    // As a till does it: what checks the journal opens it before the lane does.
    let checker = lane.read();
    lane.start();
    lane.sell(1);
    let takes = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "a_running_lane_holds_its_journal_against_other_programs"])
        .env(TAKES, lane.path())
        .status()
        .expect("it runs");
    assert!(takes.success(), "another program may take the log of a running lane away");
    drop(checker);
}

// Backup and restore.

#[test]
fn a_backup_is_whole_while_the_lane_sells_on() {
    let mut lane = Lane::week();
    let stick = tempfile::tempdir().expect("a stick");
    let before = lane.journal.as_ref().expect("runs").head();
    let made = backup::back_up(&lane.path(), stick.path()).expect("backed up");
    assert_eq!(made.audit.head(), before);
    assert_eq!(made.folder, stick.path().join(format!("guitai-S001-2-1-{:09}", before.seq)));
    let refused = backup::back_up(&lane.path(), stick.path()).expect_err("the same again");
    assert!(matches!(refused, BackupError::Exists { .. }), "{refused}");
    lane.sell(1);
    let later = backup::back_up(&lane.path(), stick.path()).expect("backed up");
    assert_eq!(later.audit.head(), lane.journal.as_ref().expect("runs").head());
    let names: Vec<_> = std::fs::read_dir(&later.folder)
        .expect("read")
        .map(|file| file.expect("a file").file_name())
        .collect();
    assert!(!names.iter().any(|name| name == "journal.key"), "a backup holds no key");
}

#[test]
fn a_stick_or_a_journal_that_is_missing_is_named() {
    let lane = Lane::week();
    let stick = tempfile::tempdir().expect("a stick");
    let missing = backup::back_up(&lane.path(), Path::new("/nowhere/stick")).expect_err("refused");
    assert_eq!(
        words(&missing),
        "back up to /nowhere/stick: there is no such folder; is the stick plugged in?"
    );
    let nothing = Path::new("/nowhere/journal.db");
    assert!(matches!(backup::back_up(nothing, stick.path()), Err(BackupError::NoJournal { .. })));
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let mut lane = Lane::week();
    let stick = tempfile::tempdir().expect("a stick");
    let made = backup::back_up(&lane.path(), stick.path()).expect("backed up");
    lane.stop();
    lane.epoch = 2;
    forge(
        &made.folder.join("journal.db"),
        "UPDATE event SET body = CAST(replace(body, '李', '王') AS BLOB) WHERE seq = 2",
    );
    let refused = backup::restore(&made.folder, &lane.path(), &lane.identity(), true).expect_err("refused");
    assert!(matches!(refused, BackupError::Read(ReadJournalError::ChainBroken { .. })), "{refused}");
    assert_eq!(lane.read().identity().epoch, 1, "the journal stays where it is");
}

#[test]
fn a_restored_lane_goes_on_in_a_new_epoch_and_gives_no_number_twice() {
    let mut lane = Lane::week();
    let stick = tempfile::tempdir().expect("a stick");
    let made = backup::back_up(&lane.path(), stick.path()).expect("backed up");
    // Two more sales that no backup has; then the disk dies.
    lane.sell(1);
    lane.sell(2);
    lane.stop();
    let restore =
        |lane: &Lane, replace| backup::restore(&made.folder, &lane.path(), &lane.identity(), replace);
    let refused = restore(&lane, true).expect_err("not enrolled anew");
    assert!(matches!(refused, BackupError::SameEpoch { found: 1, enrolled: 1 }), "{refused}");
    lane.epoch = 2;
    let refused = restore(&lane, false).expect_err("there is a journal");
    assert!(matches!(refused, BackupError::InTheWay { .. }), "{refused}");
    let other = Identity { lane: 3, ..lane.identity() };
    let refused = backup::restore(&made.folder, &lane.path(), &other, true).expect_err("another lane");
    assert!(matches!(refused, BackupError::OtherLane { .. }), "{refused}");

    let restored = restore(&lane, true).expect("restored");
    assert_eq!(restored.head.seq, 1);
    let aside = restored.put_aside.expect("the old one is kept");
    assert_eq!(reader(&aside.join("journal.db")).verify().expect("whole").seq, made.audit.head().seq + 6);

    // It sells on: the shift, the parked basket and the open one are there.
    lane.start();
    lane.till = lane.rebuild().till;
    assert_eq!(lane.till.parked().len(), 1);
    assert_eq!(lane.till.basket().lines().len(), 1);
    assert_eq!(lane.till.shift().map(|shift| shift.number), Some(6));
    assert_eq!(lane.sell(3), 2);
    lane.close_shift();
    lane.trade(6, 1);
    let rebuilt = lane.rebuild();
    assert_eq!(rebuilt.differences, []);
    assert_eq!(rebuilt.epochs.len(), 2);
    let audit = lane.read().audit().expect("whole");
    let (first, second) = (&audit.epochs[0], &audit.epochs[1]);
    assert_eq!((first.head, second.signed), (made.audit.head(), second.head.seq - 1));
    // A second restore of the same epoch is a second life of its numbers.
    lane.stop();
    let refused = restore(&lane, true).expect_err("the epoch was begun");
    assert!(matches!(refused, BackupError::SameEpoch { found: 2, enrolled: 2 }), "{refused}");
}

#[test]
fn a_log_without_its_journal_is_in_the_way_of_a_restore_and_is_put_aside() {
    let mut lane = Lane::week();
    let stick = tempfile::tempdir().expect("a stick");
    let made = backup::back_up(&lane.path(), stick.path()).expect("backed up");
    lane.sell(1);
    let log = lane.path().with_file_name("journal.db-wal");
    let bytes = std::fs::read(&log).expect("the lane runs");
    lane.stop();
    // Somebody moved the damaged journal away and left its log.
    std::fs::remove_file(lane.path()).expect("moved away");
    std::fs::write(&log, bytes).expect("left");
    lane.epoch = 2;
    let restore = |replace| backup::restore(&made.folder, &lane.path(), &lane.identity(), replace);
    let refused = restore(false).expect_err("a log is there");
    assert!(matches!(&refused, BackupError::InTheWay { file } if *file == log), "{refused}");
    let restored = restore(true).expect("restored");
    assert!(restored.put_aside.expect("the log is kept").join("journal.db-wal").exists());
    assert_eq!(lane.read().audit().expect("whole").epochs[0].head, made.audit.head());
}

// Export.

#[test]
fn an_auditor_checks_an_export_without_the_lane() {
    let mut lane = Lane::week();
    lane.stop();
    lane.epoch = 2;
    lane.start();
    lane.sell(1);
    lane.write(Record::SignedOut { staff: "e1".into() });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("export.jsonl");
    let key = SigningKey::parse(SECRET).expect("a key");
    let archive = archive::folder_beside(&lane.path());
    let found = export::export(&mut lane.read(), &archive, Some(&key), &file).expect("exported");
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].documents, found[1].documents), (18, 1));
    assert_eq!((found[1].signed, found[1].last_seq), (5, 5), "the last head is signed for the export");
    assert_eq!(found[1].keys, [key.public()]);
    let again = export::export(&mut lane.read(), &archive, Some(&key), &file).expect_err("refused");
    assert!(matches!(again, export::ExportError::Exists { .. }), "{again}");

    let mut seen = 0;
    assert_eq!(export::check_file(&file, |_, _| seen += 1).expect("whole"), found);
    assert_eq!(seen, found.iter().map(|section| section.events).sum::<u64>());
    let text = std::fs::read_to_string(&file).expect("read");
    let check = |changed: String| {
        std::fs::write(&file, changed).expect("written");
        export::check_file(&file, |_, _| {}).map_err(|error| words(&error)).expect_err("found")
    };
    assert!(check(text.replacen("\"change\":100", "\"change\":000", 1)).contains("chain breaks at event 2"));
    assert!(check(text[..text.len() / 2].to_owned()).contains("check an export"));
    let whole_lines = text.lines().take(9).map(|line| format!("{line}\n")).collect::<String>();
    assert!(check(whole_lines).contains("cut off"));
}

// Archive.

#[test]
fn only_what_hq_has_what_is_old_and_what_nobody_needs_is_archived() {
    // Each day: a shift opened, three times three events, a shift closed.
    let mut lane = Lane::week();
    let head = lane.journal.as_ref().expect("runs").head();
    let whole = lane.rebuild();
    assert_eq!(lane.archive(0, day(4)), [], "HQ has nothing");
    assert_eq!(lane.archive(10, day(0)), [], "nothing is old");
    assert_eq!(lane.archive(10, day(4)), [(1, 10)], "HQ has ten");
    assert_eq!(lane.archive(head.seq, day(1)), [(11, 11)], "the first day is old");
    // All is old and HQ has all: a start still needs the last two shifts.
    let last = lane.archive(head.seq, day(99));
    let from = lane.read().start_of_state().expect("read");
    assert_eq!(last, [(12, from.1 - 1)]);

    let audit = lane.read().audit().expect("whole");
    assert_eq!((audit.head(), audit.epochs[0].archived), (head, from.1 - 1));
    let stays = lane.read().entries_after(from.1 - 1, 1, usize::MAX).expect("read");
    assert_eq!(stays[0].seq, from.1);
    lane.start();
    assert_eq!(lane.journal.as_ref().expect("runs").head(), head);
    let rebuilt = lane.rebuild();
    assert_eq!(rebuilt.differences, []);
    assert_eq!((rebuilt.events, &rebuilt.days), (whole.events, &whole.days));
    lane.sell(1);

    // A backup and an export are whole all the same.
    let stick = tempfile::tempdir().expect("a stick");
    let made = backup::back_up(&lane.path(), stick.path()).expect("backed up");
    assert_eq!(made.segments, 3);
    let archive = archive::folder_beside(&lane.path());
    let file = stick.path().join("export.jsonl");
    let found = export::export(&mut lane.read(), &archive, None, &file).expect("exported");
    assert_eq!(found.iter().map(|section| section.events).sum::<u64>(), head.seq + 3);
    lane.stop();
    lane.epoch = 2;
    backup::restore(&made.folder, &lane.path(), &lane.identity(), true).expect("restored");
    assert_eq!(lane.rebuild().differences, []);
}

/// An HQ that has lost its own asks from the beginning again.
#[test]
fn archived_events_are_read_from_their_files_where_somebody_asks_for_them() {
    let mut lane = Lane::week();
    let head = lane.journal.as_ref().expect("runs").head();
    let all = lane.read().entries_after(0, 1_000, usize::MAX).expect("read");
    assert_eq!(lane.archive(10, day(4)).len() + lane.archive(head.seq, day(99)).len(), 2);
    let reader = lane.read();
    let mut again = Vec::new();
    while let Some(entries) = Some(reader.entries_after(again.len() as u64, 7, usize::MAX).expect("read"))
        .filter(|some| !some.is_empty())
    {
        assert!(entries.len() <= 7);
        again.extend(entries);
    }
    assert_eq!(again, all);
    for entry in &all {
        assert_eq!(reader.hash_at(entry.seq).expect("read"), entry.hash, "{}", entry.seq);
    }
    let size = all[0].bytes.len();
    assert_eq!(reader.entries_after(0, 9, size).expect("read").len(), 1);
    assert_eq!(reader.entries_after(0, 9, 1).expect("read").len(), 1, "always one");
    let folder = archive::folder_beside(&lane.path());
    std::fs::remove_dir_all(folder).expect("removed");
    let error = words(&reader.entries_after(0, 9, usize::MAX).expect_err("gone"));
    assert!(error.contains("an archived file") && error.contains("No such file"), "{error}");
    assert!(reader.entries_after(head.seq - 1, 9, usize::MAX).is_ok(), "what is here is read");
}

#[test]
fn an_earlier_epoch_is_archived_whole_and_all_is_checked_as_ever() {
    let mut lane = Lane::week();
    let first = lane.journal.as_ref().expect("runs").head();
    lane.write(Record::BasketCancelled { staff: "e1".into(), total: money(0), reason: "".into() });
    let begun = Record::PaymentBegun {
        number: 1,
        wallet: Wallet::WeChat,
        amount: money(350),
        purpose: Purpose::Refund { origin: None, payment: 0 },
    };
    lane.write(begun);
    lane.stop();
    lane.epoch = 2;
    lane.start();
    lane.till = lane.rebuild().till;
    // The wallet knows the payment by the epoch that it was begun in.
    let epochs = |till: &Till| till.payments().iter().map(|payment| payment.epoch).collect::<Vec<_>>();
    assert_eq!(epochs(&lane.till), [Some(1)]);
    lane.close_shift();
    for number in 6..9 {
        lane.trade(number, 2);
        lane.close_shift();
    }
    lane.stop();
    let whole = lane.rebuild();
    assert_eq!(whole.differences, []);
    assert_eq!(epochs(&whole.till), [Some(1)], "also where only a shift carried it on");
    assert_eq!(whole.till.parked().len(), 1, "what was parked goes on too");

    let rules = ArchiveRules { epoch: 1, acknowledged: first.seq + 2, before: day(99), events_min: 1 };
    let segments = archive::archive(&lane.path(), &lane.identity(), rules).expect("archived");
    assert_eq!(segments.len(), 1);
    assert_eq!((segments[0].epoch, segments[0].last_seq), (1, first.seq + 2));
    let audit = lane.read().audit().expect("whole");
    assert_eq!((audit.epochs.len(), audit.epochs[0].archived), (2, first.seq + 2));
    let rebuilt = lane.rebuild();
    assert_eq!(rebuilt.differences, []);
    assert_eq!((rebuilt.events, &rebuilt.days, &rebuilt.epochs), (whole.events, &whole.days, &whole.epochs));
    lane.start();
    lane.trade(9, 1);
    assert_eq!(lane.rebuild().differences, []);
}

#[test]
fn an_archived_file_that_was_changed_or_lost_is_found() {
    let mut lane = Lane::week();
    let head = lane.journal.as_ref().expect("runs").head();
    assert_eq!(lane.archive(head.seq, day(2)).len(), 1);
    let folder = archive::folder_beside(&lane.path());
    let segment = lane.read().all_segments().expect("read").remove(0);
    let identity = lane.identity();
    let check = || archive::check(&folder, &identity, &segment).map_err(|error| words(&error));
    assert_eq!(check().expect("whole").documents, 6);
    let file = folder.join(&segment.file);
    let text = std::fs::read_to_string(&file).expect("read");
    std::fs::write(&file, text.replacen("\"change\":100", "\"change\":101", 1)).expect("written");
    assert!(check().expect_err("found").contains("chain breaks"));
    // A whole file of fewer events is another one.
    std::fs::remove_file(&file).expect("removed");
    assert!(check().expect_err("found").contains("No such file"));
    let error = rebuild::rebuild(&mut lane.read(), &folder).expect_err("found");
    assert!(words(&error).contains(&segment.file), "{error}");
}

#[test]
fn a_try_that_was_cut_off_leaves_the_journal_and_is_made_again() {
    let mut lane = Lane::week();
    let head = lane.journal.as_ref().expect("runs").head();
    let folder = archive::folder_beside(&lane.path());
    std::fs::create_dir_all(&folder).expect("made");
    // The file was written, and the plug pulled before the rows went.
    std::fs::write(folder.join("S001-2-1-000000001-000000022.part"), "half a").expect("written");
    std::fs::write(folder.join("S001-2-1-000000001-000000022.jsonl"), "another").expect("written");
    assert_eq!(lane.archive(22, day(99)), [(1, 22)]);
    assert_eq!(lane.read().verify().expect("whole"), head);
}
