//! Strangers at a kiosk, by touch and scan: the real lane, files and goods behind its window; and what the attendant
//! does there.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm, clippy::float_arithmetic)]

use std::path::Path;

use domain::money::Money;
use domain::payment::Answer;
use domain::record::Record;
use domain::rights::Act;
use domain::till::Desk;
use domain::till::kiosk::{CallEnd, Cause, KioskRecord};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ledger::journal::JournalReader;
use pos_app::config::Config;
use pos_app::lane::Command;
use protocol::event;
use tests::kiosk::{BAGS, GOLD_CARD, KioskStand, MORNING, PAY_CODE, alcohol, config, tobacco};
use tests::stand::{reference, tell_pictures};
use ui::kiosk::{KioskPage, Touch};

const WIDTH: u32 = 1_080;
const HEIGHT: u32 = 1_400;

const WATER: &str = "100001";
const TEA: &str = "100024";
const JUICE: &str = "100028";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

/// A kiosk, and its files.
struct Kiosk {
    stand: KioskStand,
    folder: tempfile::TempDir,
}

impl Kiosk {
    /// Opened by a cashier for customers.
    fn open() -> Self {
        Self::open_with(config())
    }

    fn open_with(config: Config) -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        reference(folder.path(), 1).expect("the demo shop");
        let stand = KioskStand::open(folder.path(), config, MORNING).expect("a kiosk");
        let mut kiosk = Self { stand, folder };
        kiosk.stand.screen.set_size(WIDTH, HEIGHT);
        kiosk.stand.screen.show().expect("shown");
        kiosk.stand.open_for_customers("101", "1234");
        kiosk
    }

    /// The plug is pulled, and somebody opens the lane again.
    fn restart(self) -> Self {
        let Self { stand, folder } = self;
        let moment = stand.moment;
        drop(stand);
        let stand = KioskStand::open(folder.path(), config(), moment).expect("a kiosk");
        Self { stand, folder }
    }

    fn till(&self) -> &domain::till::Till {
        self.stand.lane.till().expect("open")
    }

    fn lines(&self) -> usize {
        self.till().basket().lines().len()
    }

    fn scan(&mut self, sku: &str) {
        self.stand.scan_goods(sku).expect("goods with a code");
    }

    fn records(&self) -> Vec<Record> {
        records(self.folder.path())
    }

    fn count(&self, such: impl Fn(&Record) -> bool) -> usize {
        self.records().iter().filter(|record| such(record)).count()
    }

    fn sales(&self) -> usize {
        self.count(|record| matches!(record, Record::SaleCompleted { .. }))
    }

    fn said(&self) -> String {
        self.stand.view().notice.map(|notice| format!("{} {}", notice.what, notice.rest)).unwrap_or_default()
    }

    fn key(&self, index: usize) -> String {
        self.stand.view().keys.get(index).map(|key| key.label.clone()).unwrap_or_default()
    }

    /// The controls of the window, as a screen reader finds them.
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

    /// Every control is as large as a finger needs, and within the window.
    fn check_targets(&self, page: &str) {
        for button in self.buttons() {
            let label = button.accessible_label().unwrap_or_default();
            let (at, own) = (button.absolute_position(), button.size());
            // Rows and tiles further down are reached by moving them.
            if at.y > HEIGHT as f32 {
                continue;
            }
            assert!(
                own.height >= 96.0 && own.width >= 96.0,
                "{page}: {label} is {}x{}",
                own.width,
                own.height
            );
            assert!(at.x >= 0.0 && at.x + own.width <= WIDTH as f32 + 0.5, "{page}: {label} is cut");
        }
    }
}

fn records(folder: &Path) -> Vec<Record> {
    let reader = JournalReader::open(&folder.join("journal.db")).expect("readable").expect("there");
    let entries = reader.entries_after(0, 10_000, usize::MAX).expect("read");
    entries.iter().map(|entry| event::decode(&entry.bytes).expect("ours").record().expect("ours")).collect()
}

fn paid() -> Answer {
    Answer::Paid { reference: "4200001".into() }
}

#[test]
fn a_stranger_buys_by_touch_alone_in_both_languages() {
    for english in [false, true] {
        let mut kiosk = Kiosk::open();
        assert_eq!(kiosk.stand.title(), "自助收银");
        kiosk.check_targets("attract");
        if english {
            kiosk.tap("English");
        }
        let word = |zh: &'static str, en: &'static str| if english { en } else { zh };
        kiosk.scan(WATER);
        kiosk.scan(TEA);
        kiosk.check_targets("scan");
        let name =
            if english { "Take out Clear Spring Natural Water" } else { "取出清泉饮用天然水" };
        kiosk.tap(name);
        assert_eq!(kiosk.lines(), 1);
        kiosk.scan(JUICE);
        kiosk.tap(word("去付款", "Pay"));
        assert_eq!(kiosk.stand.title(), word("要购物袋吗？", "Do you need a bag?"));
        kiosk.check_targets("bags");
        kiosk.tap(word("购物袋 中号：加一", "Carrier Bag 中号: one more"));
        kiosk.tap(word("继续", "Go on"));
        assert_eq!(kiosk.stand.title(), word("是会员吗？", "Are you a member?"));
        kiosk.check_targets("member");
        kiosk.stand.scan(GOLD_CARD);
        // The card leads on: the gold price of the juice is 6.50.
        assert_eq!(kiosk.stand.title(), word("请出示付款码", "Show your payment code"));
        kiosk.check_targets("pay");
        kiosk.stand.scan(PAY_CODE);
        assert_eq!(kiosk.stand.title(), word("请在手机上确认", "Confirm it on your phone"));
        kiosk.stand.answer(paid()).expect("charged");
        assert_eq!(kiosk.stand.title(), word("谢谢惠顾", "Thank you"));
        kiosk.check_targets("thanks");
        kiosk.tap(word("完成", "Done"));
        // The next customer finds the shop's own language.
        assert_eq!(kiosk.stand.title(), "自助收银");
        assert!(kiosk.till().basket().is_untouched());
        let sale = kiosk.records().into_iter().find_map(|record| match record {
            Record::SaleCompleted { sale } => Some(sale),
            _ => None,
        });
        let sale = sale.expect("a sale");
        assert_eq!(sale.lines.len(), 3);
        assert_eq!(sale.lines[1].net(), Money::from_minor(650), "the member's price of the juice");
        assert!(sale.buyer.is_some());
        assert!(sale.lines.iter().any(|line| BAGS.contains(&line.item.sku.as_str())));
    }
}

#[test]
fn a_child_with_a_bottle_of_beer_goes_home_without_it() {
    let mut kiosk = Kiosk::open();
    let beer = alcohol().expect("in the shop");
    kiosk.scan(WATER);
    kiosk.stand.scan(&beer);
    // Somebody is called at once, and scanning goes on.
    assert!(kiosk.till().kiosk().is_called(Cause::Age));
    kiosk.scan(TEA);
    kiosk.stand.go_to_payment();
    assert_eq!(kiosk.stand.title(), "请稍等，店员来确认年龄");
    kiosk.check_targets("wait");
    // The child knows no PIN; the page is no dead end.
    kiosk.stand.attend("101", "0000");
    kiosk.stand.touch(Touch::Back);
    assert!(matches!(kiosk.till().desk(), Desk::Selling(_)));
    kiosk.stand.attend("102", "2345");
    kiosk.check_targets("attendant");
    kiosk.stand.touch_row("未满 18 岁").expect("on the list");
    assert_eq!(kiosk.lines(), 2);
    let approved = |record: &Record| {
        matches!(record, Record::Approved { act: Act::ConfirmAge, approver, reason, .. }
            if approver == "E102" && reason == "未满18岁")
    };
    assert_eq!(kiosk.count(approved), 1);
    let refused = Record::Kiosk(KioskRecord::Answered { cause: Cause::Age, end: CallEnd::Refused, level: 0 });
    assert_eq!(kiosk.count(|record| *record == refused), 1);
    assert_eq!(kiosk.count(|record| matches!(record, Record::SignInRefused { .. })), 1);
    // And pays for the rest.
    kiosk.stand.touch(Touch::Go);
    kiosk.stand.touch(Touch::Go);
    assert_eq!(kiosk.stand.title(), "请出示付款码");
    // Another one puts it back alone.
    kiosk.stand.touch(Touch::Back);
    kiosk.stand.scan(&beer);
    kiosk.stand.touch(Touch::Go);
    kiosk.tap("不要了，放回去");
    assert_eq!(kiosk.lines(), 2);
    assert!(kiosk.till().kiosk().calls().is_empty());
}

#[test]
fn tobacco_is_sold_at_a_manned_till() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&tobacco().expect("in the shop"));
    assert_eq!(kiosk.lines(), 0);
    assert!(kiosk.said().contains("自助机不卖"), "{}", kiosk.said());
}

#[test]
fn who_walks_away_leaves_no_name_and_the_attendant_has_the_goods() {
    let mut kiosk = Kiosk::open();
    kiosk.tap("English");
    kiosk.scan(WATER);
    kiosk.stand.scan(GOLD_CARD);
    assert!(kiosk.till().basket().member().is_some());
    kiosk.stand.pass(29);
    assert_ne!(kiosk.stand.title(), "Are you still there?");
    kiosk.stand.pass(2);
    assert_eq!(kiosk.stand.title(), "Are you still there?");
    kiosk.check_targets("warning");
    // A touch anywhere keeps everything.
    kiosk.tap("Go on");
    kiosk.stand.pass(29);
    assert_eq!(kiosk.lines(), 1);
    kiosk.stand.pass(17);
    assert_eq!(kiosk.stand.title(), "自助收银");
    let parked = kiosk.till().parked();
    assert_eq!(parked.len(), 1);
    assert!(parked[0].basket.member().is_none(), "who bought is forgotten");
    // The attendant takes it up again, and the customer pays.
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("取回搁下的一单").expect("on the list");
    kiosk.stand.touch(Touch::Go);
    assert_eq!(kiosk.lines(), 1);
    kiosk.stand.go_to_payment();
    kiosk.stand.scan(PAY_CODE);
    kiosk.stand.answer(paid()).expect("charged");
    assert_eq!(kiosk.sales(), 1);
    let recalled = |record: &Record| matches!(record, Record::Approved { act: Act::Attend, approver, .. } if approver == "E102");
    assert_eq!(kiosk.count(recalled), 1);
}

#[test]
fn an_empty_basket_is_reset_and_says_nothing_to_anybody() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.touch(Touch::Go);
    kiosk.stand.scan(GOLD_CARD);
    kiosk.stand.pass(46);
    assert_eq!(kiosk.stand.title(), "自助收银");
    assert!(kiosk.till().basket().is_untouched() && kiosk.till().parked().is_empty());
    // Nothing rests at the attract page for ever.
    kiosk.stand.pass(120);
    assert_eq!(kiosk.stand.title(), "自助收银");
}

#[test]
fn a_payment_that_hangs_ends_at_the_attendant_and_the_next_customer_is_served() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.stand.go_to_payment();
    kiosk.stand.scan(PAY_CODE);
    // The wallet says nothing of any use, for as long as the till asks.
    for _ in 0..200 {
        if kiosk.till().kiosk().is_called(Cause::Payment) {
            break;
        }
        kiosk.stand.pass(1);
        kiosk.stand.answer(Answer::Unknown).expect("charged");
    }
    assert_eq!(kiosk.stand.title(), "请稍等，店员来核对付款");
    // No second charge, whatever is scanned.
    let charges = |kiosk: &Kiosk| kiosk.count(|record| matches!(record, Record::PaymentBegun { .. }));
    kiosk.stand.scan(PAY_CODE);
    assert_eq!(charges(&kiosk), 1);
    // A cashier may not say that it was paid; the basket is put aside for the next customer.
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("查到已付").expect("on the list");
    assert_eq!(kiosk.sales(), 0);
    kiosk.stand.touch_row("先搁下这一单").expect("on the list");
    kiosk.stand.touch(Touch::Go);
    kiosk.scan(TEA);
    kiosk.stand.go_to_payment();
    kiosk.stand.scan(PAY_CODE);
    kiosk.stand.answer(paid()).expect("charged");
    assert_eq!((kiosk.sales(), charges(&kiosk)), (1, 2));
    // A supervisor finds out later.
    kiosk.stand.touch(Touch::Go);
    kiosk.stand.attend("201", "3456");
    kiosk.stand.touch_row("取回搁下的一单").expect("on the list");
    kiosk.stand.touch(Touch::Go);
    // What was asked for then is still due; the customer may look at it, and no more.
    kiosk.stand.go_to_payment();
    kiosk.stand.attend("201", "3456");
    kiosk.stand.touch_row("查到已付").expect("on the list");
    assert_eq!(kiosk.sales(), 2);
}

#[test]
fn the_power_fails_between_paying_and_the_receipt() {
    let mut config = config();
    config.printer = Some(pos_app::config::Printer::new("127.0.0.1:1", "generic-80"));
    let mut kiosk = Kiosk::open_with(config.clone());
    kiosk.scan(WATER);
    kiosk.stand.go_to_payment();
    kiosk.stand.scan(PAY_CODE);
    kiosk.stand.answer(paid()).expect("charged");
    assert_eq!(kiosk.key(0), "打印小票");
    // Nobody printed anything yet; the plug is pulled.
    let Kiosk { stand, folder } = kiosk;
    let moment = stand.moment;
    drop(stand);
    let stand = KioskStand::open(folder.path(), config, moment).expect("a kiosk");
    let mut kiosk = Kiosk { stand, folder };
    assert_eq!(kiosk.stand.title(), "本机暂未开放");
    let ready = drivers::printer::PrinterEvent::Health(drivers::frame::Health::Ready);
    kiosk.stand.turn(vec![pos_app::lane::Event::Printer(ready)]);
    let printed = kiosk.stand.commands.iter().filter(|command| matches!(command, Command::Print(_))).count();
    assert_eq!(printed, 1, "the receipt comes by itself");
    assert_eq!(kiosk.sales(), 1);
}

#[test]
fn a_receipt_that_does_not_come_is_told_and_a_code_takes_its_place_in_both_languages() {
    use drivers::frame::{Health, Reason};
    use drivers::printer::{Outcome, PrinterEvent, Rejection};
    use pos_app::lane::Event;
    for english in [false, true] {
        let mut config = config();
        config.printer = Some(pos_app::config::Printer::new("127.0.0.1:1", "xprinter-xp80"));
        let mut kiosk = Kiosk::open_with(config);
        let says = |kiosk: &Kiosk| match kiosk.stand.view().page {
            KioskPage::Plain { text, .. } => text,
            other => panic!("another page: {other:?}"),
        };
        let word = |zh: &'static str, en: &'static str| if english { en } else { zh };
        let printer = |kiosk: &mut Kiosk, event| kiosk.stand.turn(vec![Event::Printer(event)]);
        printer(&mut kiosk, PrinterEvent::Health(Health::Ready));
        if english {
            kiosk.tap("English");
        }
        kiosk.scan(WATER);
        kiosk.stand.go_to_payment();
        kiosk.stand.scan(PAY_CODE);
        kiosk.stand.answer(paid()).expect("charged");
        kiosk.tap(word("打印小票", "Print the receipt"));
        let printing = says(&kiosk);
        assert!(printing.contains(word("正在打印", "being printed")), "{printing}");
        // The roll ends in the middle of it.
        printer(&mut kiosk, PrinterEvent::Health(Health::Degraded(Reason::PaperOut)));
        let waiting = says(&kiosk);
        assert!(waiting.contains(word("打不了", "cannot print")), "{waiting}");
        kiosk.check_targets("paper waits");
        // And it is given up.
        let jobs: Vec<u64> = kiosk
            .stand
            .commands
            .iter()
            .filter_map(|command| match command {
                Command::Print(job) => Some(job.id),
                _ => None,
            })
            .collect();
        let [id] = jobs[..] else { panic!("one job of {jobs:?}") };
        let outcome = Outcome::Rejected(Rejection::Stopped);
        printer(&mut kiosk, PrinterEvent::JobEnded { id, outcome });
        let missing = says(&kiosk);
        assert!(missing.contains(word("没有打出来", "was not printed")), "{missing}");
        assert!(missing.contains(word("已经保存", "is saved")), "{missing}");
        kiosk.tap(word("电子小票（扫码）", "Receipt as a code"));
        let KioskPage::Plain { code, .. } = kiosk.stand.view().page else { panic!("no page") };
        assert!(code.is_some(), "the code is there to be taken a picture of");
        kiosk.tap(word("完成", "Done"));
        assert_eq!((kiosk.stand.title().as_str(), kiosk.sales()), ("自助收银", 1));
    }
}

#[test]
fn a_torn_code_is_told_and_adds_nothing() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    let torn = || vec![pos_app::lane::Event::TornCode { bytes: 5 }];
    kiosk.stand.turn(torn());
    assert!(kiosk.said().contains("条码没有读清") && kiosk.said().contains("没有加上"), "{}", kiosk.said());
    assert_eq!(kiosk.lines(), 1);
    kiosk.tap("English");
    kiosk.stand.turn(torn());
    assert!(kiosk.said().contains("was not read") && kiosk.said().contains("Not added"), "{}", kiosk.said());
    // It goes with the next thing that is scanned.
    kiosk.scan(TEA);
    assert_eq!((kiosk.said().as_str(), kiosk.lines()), ("", 2));
}

#[test]
fn an_open_basket_outlives_the_plug_and_waits_for_the_attendant() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.scan(TEA);
    let mut kiosk = kiosk.restart();
    assert_eq!(kiosk.stand.title(), "本机暂未开放");
    kiosk.scan(JUICE);
    assert_eq!(kiosk.lines(), 2, "nobody sells at a closed kiosk");
    kiosk.stand.open_for_customers("102", "2345");
    assert!(matches!(kiosk.stand.view().page, KioskPage::Scan { ref lines, .. } if lines.len() == 2));
}

#[test]
fn a_third_removal_asks_for_the_attendant_and_keeping_it_is_safe() {
    let mut kiosk = Kiosk::open();
    for sku in [WATER, TEA, JUICE, WATER] {
        kiosk.scan(sku);
    }
    kiosk.stand.touch(Touch::Line(0));
    kiosk.stand.touch(Touch::Line(0));
    assert_eq!(kiosk.lines(), 2);
    kiosk.stand.touch(Touch::Line(0));
    assert_eq!(kiosk.stand.title(), "请稍等，店员来帮您取出");
    kiosk.tap("不取了");
    assert_eq!(kiosk.lines(), 2);
    assert!(kiosk.till().kiosk().calls().is_empty());
    kiosk.stand.touch(Touch::Line(0));
    kiosk.stand.attend("101", "1234");
    kiosk.stand.touch_row("同意取出").expect("on the list");
    kiosk.stand.touch(Touch::Go);
    assert_eq!(kiosk.lines(), 1);
    assert!(matches!(kiosk.stand.view().page, KioskPage::Scan { .. }));
}

#[test]
fn a_basket_that_chance_drew_is_looked_at() {
    let mut config = config();
    config.kiosk.audit.base = Some(10_000);
    let mut kiosk = Kiosk::open_with(config);
    kiosk.stand.lane.set_chance(|| 4_711);
    kiosk.scan(WATER);
    kiosk.stand.go_to_payment();
    assert_eq!(kiosk.stand.title(), "请稍等，店员来抽查");
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("开始抽查").expect("on the list");
    kiosk.check_targets("audit");
    kiosk.stand.touch(Touch::More(0));
    kiosk.stand.touch(Touch::Go);
    kiosk.stand.touch(Touch::Go);
    kiosk.stand.touch(Touch::Go);
    assert_eq!(kiosk.stand.title(), "请出示付款码");
    let drawn = kiosk.records().into_iter().find_map(|record| match record {
        Record::Kiosk(KioskRecord::AuditDrawn { drawn, .. }) => Some(drawn),
        _ => None,
    });
    assert_eq!(drawn.map(|drawn| (drawn.random, drawn.chance, drawn.due)), Some((4_711, 10_000, true)));
}

#[test]
fn cash_is_taken_by_the_attendant() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.stand.go_to_payment();
    kiosk.tap("付现金（店员来收）");
    assert_eq!(kiosk.stand.title(), "请稍等，店员来收现金");
    // The customer may think again.
    kiosk.tap("返回");
    assert_eq!(kiosk.stand.title(), "请出示付款码");
    kiosk.tap("付现金（店员来收）");
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("收了现金").expect("on the list");
    kiosk.stand.touch(Touch::Go);
    assert_eq!(kiosk.stand.title(), "谢谢惠顾");
    assert_eq!(kiosk.sales(), 1);
    let drawers = kiosk.stand.commands.iter().any(|command| matches!(command, Command::OpenDrawer { .. }));
    assert!(!drawers, "a kiosk has no drawer");
}

#[test]
fn the_attendants_place_closes_by_itself() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.attend("102", "2345");
    assert_eq!(kiosk.stand.title(), "店员操作");
    kiosk.stand.pass(61);
    assert_eq!(kiosk.stand.title(), "自助收银");
    kiosk.stand.touch(Touch::Staff);
    kiosk.stand.pass(61);
    assert_eq!(kiosk.stand.title(), "自助收银");
    // Closing needs somebody who may; then nobody buys.
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("关闭本机").expect("on the list");
    assert_eq!(kiosk.stand.title(), "本机暂未开放");
}

#[test]
fn help_is_called_and_called_off_and_answered() {
    let mut kiosk = Kiosk::open();
    kiosk.scan(WATER);
    kiosk.tap("呼叫店员");
    kiosk.tap("不用了");
    assert!(kiosk.till().kiosk().calls().is_empty(), "nobody was called");
    for (words, cause) in
        [("价格不对", Cause::PriceQuery), ("优惠券用不上", Cause::CouponQuery), ("其他事情", Cause::Help)]
    {
        kiosk.tap("呼叫店员");
        kiosk.tap(words);
        assert!(kiosk.till().kiosk().is_called(cause));
        kiosk.tap("已呼叫");
        assert!(kiosk.till().kiosk().calls().is_empty());
    }
    // Goods that are scanned meanwhile are sold, and the question is gone.
    kiosk.tap("呼叫店员");
    kiosk.scan(WATER);
    assert_eq!(kiosk.till().basket().pieces(), 2);
    kiosk.tap("呼叫店员");
    kiosk.tap("价格不对");
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("价格没错，已说明").expect("on the list");
    let explained =
        Record::Kiosk(KioskRecord::Answered { cause: Cause::PriceQuery, end: CallEnd::Refused, level: 0 });
    assert_eq!(kiosk.count(|record| *record == explained), 1);
    kiosk.stand.touch(Touch::Back);
    kiosk.tap("呼叫店员");
    kiosk.tap("其他事情");
    kiosk.stand.attend("102", "2345");
    kiosk.stand.touch_row("没人要帮忙").expect("on the list");
    let false_alarm =
        Record::Kiosk(KioskRecord::Answered { cause: Cause::Help, end: CallEnd::FalseAlarm, level: 0 });
    assert_eq!(kiosk.count(|record| *record == false_alarm), 1);
}

#[test]
fn goods_without_a_code_are_found_by_kind_and_by_initials() {
    let mut kiosk = Kiosk::open();
    kiosk.stand.touch(Touch::Go);
    kiosk.tap("无条码商品");
    kiosk.check_targets("goods");
    let KioskPage::Goods { tabs, tiles, .. } = kiosk.stand.view().page else { panic!("no goods") };
    assert!(!tabs.is_empty() && !tiles.is_empty());
    for letter in "GDZFD".chars() {
        kiosk.stand.touch(Touch::Letter(letter));
    }
    let KioskPage::Goods { tiles, .. } = kiosk.stand.view().page else { panic!("no goods") };
    assert_eq!(tiles.iter().map(|tile| tile.name.as_str()).collect::<Vec<_>>(), ["关东煮福袋"]);
    kiosk.stand.touch(Touch::Tile(0));
    assert_eq!(kiosk.lines(), 1);
    assert!(matches!(kiosk.stand.view().page, KioskPage::Scan { .. }));
}

/// What stands for the goods of the last line, once it is the picture that is waited for.
fn wait_for_picture(kiosk: &mut Kiosk, sku: &str) -> ui::customer::Picture {
    kiosk.stand.scan_goods(sku).expect("a code");
    for _ in 0..1_000 {
        kiosk.stand.turn(vec![pos_app::lane::Event::PicturesCame]);
        let KioskPage::Scan { lines, .. } = kiosk.stand.view().page else { panic!("no basket") };
        if let Some(picture) = lines.into_iter().next().and_then(|last| last.picture) {
            return picture;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no picture of {sku}")
}

#[test]
fn goods_show_hqs_picture_and_the_kiosks_own_before_it() {
    HEADLESS.with(|()| ());
    let folder = tempfile::tempdir().expect("a folder");
    reference(folder.path(), 1).expect("the demo shop");
    tell_pictures(folder.path(), &[(WATER, [0, 184, 214]), (TEA, [214, 0, 198])]).expect("pictures");
    let own = folder.path().join("own");
    std::fs::create_dir_all(&own).expect("a folder");
    let mut encoder =
        png::Encoder::new(std::fs::File::create(own.join(format!("{TEA}.png"))).expect("a file"), 2, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().expect("a PNG").write_image_data(&[0; 6]).expect("a PNG");
    let mut config = config();
    config.kiosk.pictures = Some(own);
    let stand = KioskStand::open(folder.path(), config, MORNING).expect("a kiosk");
    let mut kiosk = Kiosk { stand, folder };
    kiosk.stand.open_for_customers("101", "1234");
    kiosk.stand.touch(Touch::Go);
    assert_eq!(wait_for_picture(&mut kiosk, WATER).bytes(), 64 * 64 * 4);
    assert_eq!(wait_for_picture(&mut kiosk, TEA).bytes(), 2 * 4, "the kiosk's own");
    kiosk.stand.scan_goods(JUICE).expect("a code");
    let KioskPage::Scan { lines, .. } = kiosk.stand.view().page else { panic!("no basket") };
    let last = lines.first().expect("goods");
    assert!(last.picture.is_none() && !last.sign.is_empty(), "{last:?}");
}
