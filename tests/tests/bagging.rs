//! Strangers at a kiosk with a bagging scale, by touch in its window: goods that weigh otherwise, that were not scanned,
//! that do not come, that are taken away again; what the attendant says to it, and what the journal says of both.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::path::Path;

use domain::record::Record;
use domain::till::kiosk::{CallEnd, Cause, KioskRecord, Weighing};
use drivers::frame::supervisor::Told;
use drivers::frame::{Health, Reason};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ledger::journal::JournalReader;
use pos_app::config::Paths;
use pos_app::keeping::{self, JournalCommand};
use pos_app::lane::Event;
use protocol::event;
use tests::kiosk::{KioskStand, MORNING, PAY_CODE, with_bagging_scale};
use tests::stand::reference;

const WATER: &str = "100001";
const TEA: &str = "100024";

/// What the simulated goods weigh, grams.
const WATER_GRAMS: i64 = 570;
const TEA_GRAMS: i64 = 528;

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

/// A kiosk over a scale.
struct Kiosk {
    stand: KioskStand,
    folder: tempfile::TempDir,
}

impl Kiosk {
    /// Opened, with an empty scale that has weighed three bottles of water before.
    fn open() -> Self {
        let mut kiosk = Self::open_new();
        for _ in 0..3 {
            kiosk.scan(WATER);
            kiosk.lies(WATER_GRAMS);
            kiosk.pay();
        }
        kiosk
    }

    fn open_new() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        reference(folder.path(), 1).expect("the demo shop");
        let stand = KioskStand::open(folder.path(), with_bagging_scale(), MORNING).expect("a kiosk");
        let mut kiosk = Self { stand, folder };
        kiosk.stand.screen.set_size(1_080, 1_400);
        kiosk.stand.screen.show().expect("shown");
        kiosk.stand.open_for_customers("101", "1234");
        kiosk.lies(0);
        kiosk
    }

    /// So much lies still on the bagging scale.
    fn lies(&mut self, grams: i64) {
        self.stand.lies(grams);
    }

    fn scan(&mut self, sku: &str) {
        self.stand.scan_goods(sku).expect("goods with a code");
    }

    fn lines(&self) -> usize {
        self.stand.lane.till().expect("open").basket().lines().len()
    }

    /// Pays for what is there, and takes it away.
    fn pay(&mut self) {
        self.stand.go_to_payment();
        self.stand.scan(PAY_CODE);
        self.stand.answer(domain::payment::Answer::Paid { reference: "42".into() }).expect("charged");
        self.lies(0);
        self.tap("完成");
    }

    fn buttons(&self) -> Vec<ElementHandle> {
        ElementQuery::from_root(self.stand.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all()
    }

    /// Touches what is called so, in the window itself.
    fn tap(&mut self, label: &str) {
        let buttons = self.buttons();
        let named = |button: &&ElementHandle| button.accessible_label().as_deref() == Some(label);
        let labels: Vec<_> = buttons.iter().filter_map(ElementHandle::accessible_label).collect();
        let button = buttons.iter().find(named).unwrap_or_else(|| panic!("{label} among {labels:?}"));
        button.invoke_accessible_default_action();
        self.stand.settle();
    }

    fn attend(&mut self, answer: &str) {
        self.stand.attend("102", "2345");
        self.stand.touch_row(answer).expect("on the list");
        self.tap("离开");
    }

    fn title(&self) -> String {
        self.stand.title()
    }

    fn said(&self) -> String {
        self.stand.view().notice.map(|notice| notice.what).unwrap_or_default()
    }

    fn kiosk_records(&self) -> Vec<KioskRecord> {
        records(self.folder.path())
            .into_iter()
            .filter_map(|record| match record {
                Record::Kiosk(record) => Some(record),
                _ => None,
            })
            .collect()
    }

    fn has(&self, wanted: &KioskRecord) -> bool {
        self.kiosk_records().contains(wanted)
    }

    fn sales(&self) -> usize {
        let sold = |record: &&Record| matches!(record, Record::SaleCompleted { .. });
        records(self.folder.path()).iter().filter(sold).count()
    }
}

fn records(folder: &Path) -> Vec<Record> {
    let reader = JournalReader::open(&folder.join("journal.db")).expect("readable").expect("there");
    let entries = reader.entries_after(0, 10_000, usize::MAX).expect("read");
    entries.iter().map(|entry| event::decode(&entry.bytes).expect("ours").record().expect("ours")).collect()
}

fn called(cause: Cause) -> KioskRecord {
    KioskRecord::Called { cause }
}

fn answered(cause: Cause, end: CallEnd, level: i64) -> KioskRecord {
    KioskRecord::Answered { cause, end, level }
}

#[test]
fn who_bags_what_they_scan_pays_and_teaches_the_scale() {
    let mut kiosk = Kiosk::open_new();
    kiosk.scan(WATER);
    assert_eq!(kiosk.said(), "请放进装袋区：清泉饮用天然水");
    // The next one waits until the first lies there.
    kiosk.scan(TEA);
    assert_eq!(kiosk.lines(), 1);
    kiosk.lies(WATER_GRAMS);
    kiosk.scan(TEA);
    kiosk.lies(WATER_GRAMS + TEA_GRAMS);
    assert_eq!((kiosk.lines(), kiosk.said()), (2, String::new()));
    kiosk.pay();
    assert_eq!(kiosk.sales(), 1);
    let weighed =
        |sku: &str, grams| KioskRecord::Weighed(Weighing { sku: sku.into(), unit: String::new(), grams });
    assert!(kiosk.has(&weighed(WATER, WATER_GRAMS)) && kiosk.has(&weighed(TEA, TEA_GRAMS)));
}

#[test]
fn a_wrong_weight_is_put_right_or_the_attendant_looks() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.lies(330);
    assert_eq!(kiosk.title(), "放的和扫的不一样重");
    // Right after all.
    kiosk.lies(WATER_GRAMS);
    assert_eq!(kiosk.title(), "请扫描商品条码");
    kiosk.scan(WATER);
    kiosk.lies(WATER_GRAMS + 330);
    kiosk.stand.pass(8);
    assert!(kiosk.has(&called(Cause::WrongWeight)));
    kiosk.attend("放的不是扫的商品");
    assert!(kiosk.has(&answered(Cause::WrongWeight, CallEnd::Refused, 330)));
    // It is not paid so: the customer takes it back out of the basket.
    kiosk.tap("刚扫的不要了");
    kiosk.lies(WATER_GRAMS);
    kiosk.pay();
    assert_eq!(kiosk.sales(), 4);
}

#[test]
fn a_false_alarm_is_learned() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.lies(610);
    kiosk.stand.pass(8);
    // Heavier is more than was scanned, whatever it is.
    assert!(kiosk.has(&called(Cause::Unexpected)));
    kiosk.attend("没有多的东西");
    assert!(kiosk.has(&answered(Cause::Unexpected, CallEnd::FalseAlarm, 610)));
    let learned = Weighing { sku: WATER.into(), unit: String::new(), grams: 610 };
    assert!(kiosk.has(&KioskRecord::Weighed(learned)));
    kiosk.pay();
    let tuned = keeping::perform(
        &Paths { data: kiosk.folder.path().to_owned() },
        &JournalCommand::Interventions { from: None, to: None },
    );
    let (words, is_well) = tuned.expect("counted");
    assert!(is_well, "{words}");
    assert!(words.contains("4 baskets"), "{words}");
    let row = words.lines().find(|line| line.contains("unexpected item")).expect("a row");
    let numbers: Vec<&str> = row.split_whitespace().take(6).collect();
    assert_eq!(numbers, ["1", "25.0", "0", "0", "1", "0"], "{words}");
}

#[test]
fn an_unexpected_item_is_taken_off_or_seen() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.lies(WATER_GRAMS);
    kiosk.lies(WATER_GRAMS + 400);
    assert_eq!(kiosk.title(), "装袋区多了东西");
    kiosk.tap("叫店员来看");
    assert!(kiosk.has(&called(Cause::Unexpected)));
    // Nobody scans or pays meanwhile.
    kiosk.scan(TEA);
    kiosk.stand.go_to_payment();
    assert_eq!((kiosk.lines(), kiosk.title().as_str()), (1, "装袋区多了东西"));
    // The customer takes it off: the call is over.
    kiosk.lies(WATER_GRAMS);
    assert!(kiosk.has(&answered(Cause::Unexpected, CallEnd::Gone, 0)));
    kiosk.pay();
    assert_eq!(kiosk.sales(), 4);
}

#[test]
fn an_item_that_is_not_bagged_waits_for_the_attendant() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.stand.pass(19);
    assert!(!kiosk.has(&called(Cause::NotBagged)));
    kiosk.stand.touch(ui::kiosk::Touch::Go);
    assert_eq!(kiosk.title(), "请扫描商品条码", "it is not paid");
    kiosk.tap("放不下，叫店员");
    assert!(kiosk.has(&called(Cause::NotBagged)));
    assert_eq!(kiosk.said(), "店员马上来");
    kiosk.attend("看过，不用放进装袋区");
    assert!(kiosk.has(&answered(Cause::NotBagged, CallEnd::Passed, 0)));
    // Who said so, and why, stands before it.
    let approved = records(kiosk.folder.path()).into_iter().find_map(|record| match record {
        Record::Approved { approver, reason, .. } => Some((approver, reason)),
        _ => None,
    });
    assert_eq!(approved, Some(("E102".into(), "大件，不放装袋区".into())));
    kiosk.pay();
    assert_eq!(kiosk.sales(), 4);
}

#[test]
fn what_was_bagged_and_is_taken_away_must_come_back() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.lies(WATER_GRAMS);
    kiosk.lies(0);
    assert_eq!(kiosk.title(), "装袋区少了东西");
    kiosk.stand.pass(8);
    assert!(kiosk.has(&called(Cause::TakenOff)));
    kiosk.lies(WATER_GRAMS);
    assert!(kiosk.has(&answered(Cause::TakenOff, CallEnd::Gone, 0)));
    // What is taken back is to leave the scale.
    kiosk.tap("取出清泉饮用天然水");
    assert_eq!(kiosk.title(), "请拿出取消的商品");
    kiosk.lies(0);
    assert_eq!(kiosk.title(), "请扫描商品条码");
}

#[test]
fn a_bag_of_their_own_is_said_before_the_first_item() {
    let mut kiosk = Kiosk::open();
    kiosk.lies(120);
    assert_eq!(kiosk.title(), "自助收银", "nobody is there yet");
    kiosk.scan(WATER);
    assert_eq!((kiosk.lines(), kiosk.title().as_str()), (0, "请先清空装袋区"));
    kiosk.tap("这是我自己的袋子");
    assert!(kiosk.has(&KioskRecord::OwnBag { grams: 120 }));
    kiosk.scan(WATER);
    kiosk.lies(120 + WATER_GRAMS);
    kiosk.pay();
    assert_eq!(kiosk.sales(), 4);
    // Who says so and goes leaves no bag to the next.
    kiosk.lies(120);
    kiosk.scan(WATER);
    kiosk.tap("这是我自己的袋子");
    kiosk.lies(0);
    kiosk.stand.pass(60);
    kiosk.scan(WATER);
    assert_eq!(kiosk.lines(), 1);
}

#[test]
fn a_kiosk_sells_on_while_its_scale_is_away() {
    let mut kiosk = Kiosk::open();
    let offline = Health::Offline { reason: "no line".into() };
    kiosk.stand.turn(vec![Event::Bagging(Told::Health(offline))]);
    kiosk.scan(WATER);
    kiosk.scan(TEA);
    assert_eq!(kiosk.lines(), 2);
    kiosk.pay();
    assert_eq!(kiosk.sales(), 4);
    // It is back, and looks again.
    kiosk.stand.turn(vec![Event::Bagging(Told::Health(Health::Ready))]);
    kiosk.lies(0);
    kiosk.scan(WATER);
    assert_eq!(kiosk.said(), "请放进装袋区：清泉饮用天然水");
    let garbled = Health::Degraded(Reason::Garbled);
    kiosk.stand.turn(vec![Event::Bagging(Told::Health(garbled))]);
    assert_eq!(kiosk.said(), "");
}

#[test]
fn what_was_learned_outlives_days_and_power_cuts() {
    let mut kiosk = Kiosk::open();
    for _ in 0..3 {
        kiosk.stand.attend("301", "4567");
        kiosk.stand.touch_row("日结").expect("on the list");
        kiosk.stand.open_for_customers("101", "1234");
    }
    let Kiosk { stand, folder } = kiosk;
    let moment = stand.moment;
    drop(stand);
    let stand = KioskStand::open(folder.path(), with_bagging_scale(), moment).expect("a kiosk");
    let mut kiosk = Kiosk { stand, folder };
    kiosk.stand.screen.set_size(1_080, 1_400);
    kiosk.stand.open_for_customers("101", "1234");
    let learned = kiosk.stand.lane.till().expect("open").kiosk().learned(WATER, "");
    assert_eq!(learned, None, "not of the shifts that a start reads");
    kiosk.lies(0);
    kiosk.scan(WATER);
    kiosk.lies(330);
    assert_eq!(kiosk.title(), "放的和扫的不一样重");
}
