//! A shop day's exceptions through the lane and its window, by keys and scans: approvals, parking, splits, doubts,
//! returns, the shift; and what no sheet may do: lose a scan, lose the basket, do something twice, or keep somebody in.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

#[path = "sheets/after.rs"]
mod after;
#[path = "sheets/bought.rs"]
mod bought;
#[path = "sheets/counting.rs"]
mod counting;
#[path = "sheets/margins.rs"]
mod margins;
#[path = "sheets/paying.rs"]
mod paying;
#[path = "sheets/refused.rs"]
mod refused;
#[path = "sheets/report.rs"]
mod report;
#[path = "sheets/room.rs"]
mod room;
#[path = "sheets/selling.rs"]
mod selling;
#[path = "sheets/touching.rs"]
mod touching;
#[path = "sheets/transfers.rs"]
mod transfers;
#[path = "sheets/twice.rs"]
mod twice;
#[path = "sheets/value.rs"]
mod value;

use std::path::Path;

use domain::money::Money;
use domain::record::Record;
use domain::stock::StockMove;
use domain::till::Desk;
use drivers::sound::Tone;
use fixtures::shop::Shop;
use ledger::journal::JournalReader;
use pos_app::config::{Config, Payment};
use pos_app::lane::{Command, Event, Moment};
use protocol::ask::{Answer, StockAt};
use protocol::event;
use tests::stand::{Stand, reference};
use ui::view::Notice;
use ui::{Button, Key};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

const WATER: &str = "100001";
const JUICE: &str = "100028";
const TEA: &str = "100024";
const COLA: &str = "100010";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

struct Lane {
    stand: Stand,
    shop: Shop,
    folder: tempfile::TempDir,
}

impl Lane {
    /// A lane with a card terminal beside it, and the cashier signed in.
    fn open() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        let shop = reference(folder.path(), 1).expect("the demo shop");
        let stand = Self::stand(folder.path(), MORNING);
        let mut lane = Self { stand, shop, folder };
        lane.stand.sign_in("101", "1234");
        lane
    }

    fn stand(folder: &Path, moment: Moment) -> Stand {
        let config = Config { payment: Payment { card: true, ..Payment::default() }, ..Config::default() };
        Stand::open(folder, config, moment).expect("a lane")
    }

    /// The plug is pulled, and the cashier signs in again.
    fn restart(self) -> Self {
        let Self { stand, shop, folder } = self;
        let moment = stand.moment;
        drop(stand);
        let stand = Self::stand(folder.path(), moment);
        let mut lane = Self { stand, shop, folder };
        lane.stand.sign_in("101", "1234");
        lane
    }

    fn code(&self, sku: &str) -> String {
        let product = self.shop.products.iter().find(|product| product.sku == sku).expect("among the goods");
        product.codes[0].clone()
    }

    fn scan(&mut self, sku: &str) {
        let code = self.code(sku);
        self.stand.scan(&code);
    }

    fn till(&self) -> &domain::till::Till {
        self.stand.lane.till().expect("open")
    }

    fn lines(&self) -> usize {
        self.till().basket().lines().len()
    }

    fn total(&self) -> i64 {
        self.till().basket().total().minor()
    }

    fn title(&self) -> String {
        self.stand.lane.view().sheet.map(|sheet| sheet.title).unwrap_or_default()
    }

    fn said(&self) -> bool {
        self.stand.lane.view().notice.is_some()
    }

    fn sounds(&mut self) -> Vec<Tone> {
        let commands = std::mem::take(&mut self.stand.commands);
        let tone = |command| if let Command::Play(tone) = command { Some(tone) } else { None };
        commands.into_iter().filter_map(tone).collect()
    }

    fn approve(&mut self, number: &str, pin: &str) {
        self.stand.enter(number);
        self.stand.enter(pin);
    }

    fn pay_exactly(&mut self) -> u64 {
        self.stand.key(Key::Char(' '));
        self.stand.press(Button::QuickCash(0));
        let Desk::Done(_, _, seq) = self.till().desk() else { panic!("not paid: {:?}", self.till().desk()) };
        *seq
    }

    /// Chooses in the menu by its words.
    fn menu(&mut self, words: &str) {
        self.stand.key(Key::Tab);
        let menu = self.stand.lane.view().sheet.expect("the menu");
        let row = menu.rows.iter().position(|row| row.name.starts_with(words));
        self.stand.press(Button::Row(row.unwrap_or_else(|| panic!("{words} in {:?}", menu.rows))));
    }

    fn records(&self) -> Vec<Record> {
        let file = self.folder.path().join("journal.db");
        let reader = JournalReader::open(&file).expect("readable").expect("there");
        let entries = reader.entries_after(0, 10_000, usize::MAX).expect("read");
        entries
            .iter()
            .map(|entry| event::decode(&entry.bytes).expect("an event").record().expect("a record"))
            .collect()
    }

    fn count(&self, such: impl Fn(&Record) -> bool) -> usize {
        self.records().iter().filter(|record| such(record)).count()
    }
}

#[test]
fn a_discount_is_approved_on_the_spot() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(6);
    lane.stand.function(5);
    lane.stand.enter("20");
    assert_eq!(lane.title(), "需要授权：打折");
    assert_eq!(lane.total(), 790);
    // Another cashier may not, and a wrong PIN is none.
    lane.approve("102", "2345");
    assert_eq!(lane.total(), 790);
    assert!(lane.said());
    lane.stand.key(Key::Escape);
    assert_eq!(lane.title(), "需要授权：打折");
    for _ in 0..8 {
        lane.stand.press(Button::Backspace);
    }
    lane.stand.press(Button::Field(0));
    lane.stand.press(Button::Clear);
    lane.approve("201", "9999");
    assert_eq!(lane.total(), 790);
    lane.stand.enter("3456");
    assert_eq!(lane.title(), "");
    assert_eq!(lane.total(), 632);
    let approved = |record: &Record| {
        matches!(record, Record::Approved { staff, approver, reason, .. }
        if staff == "E101" && approver == "E201" && !reason.is_empty())
    };
    assert_eq!(lane.count(approved), 1);
}

#[test]
fn what_was_typed_is_there_when_nobody_approves() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(6);
    lane.stand.enter("5.00");
    assert_eq!(lane.title(), "需要授权：改价");
    lane.stand.key(Key::Escape);
    let sheet = lane.stand.lane.view().sheet.expect("the price");
    assert_eq!(sheet.fields[0].value, "5.00");
    assert_eq!(lane.till().pending(), None);
    // Escape takes back what was typed, then the sheet; the basket stays.
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    assert_eq!(lane.title(), "");
    assert_eq!((lane.lines(), lane.total()), (1, 790));
}

#[test]
fn a_parked_basket_outlives_the_plug() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    lane.scan(JUICE);
    lane.stand.function(10);
    lane.stand.type_text("蓝帽子");
    lane.stand.key(Key::Enter);
    assert_eq!(lane.lines(), 0);
    lane.scan(TEA);
    lane.pay_exactly();
    let mut lane = lane.restart();
    lane.stand.function(10);
    let list = lane.stand.lane.view().sheet.expect("the list");
    assert_eq!(list.rows[0].name, "蓝帽子");
    assert_eq!(list.rows[0].value, "9.90");
    lane.stand.key(Key::Enter);
    assert_eq!((lane.lines(), lane.total()), (2, 990));
    assert_eq!(lane.title(), "");
}

#[test]
fn a_start_after_a_stop_says_what_was_unfinished() {
    let told = |act: &dyn Fn(&mut Lane)| {
        let mut lane = Lane::open();
        act(&mut lane);
        lane.restart().stand.lane.view().notice
    };
    assert_eq!(told(&|_| {}), None);
    assert_eq!(
        told(&|lane| {
            lane.scan(WATER);
            lane.scan(JUICE);
        }),
        Some(Notice::BasketRestored { lines: "2".into() })
    );
    // Nothing came after a sale for cash: the stop may have come before the drawer.
    let drawer = |list: &str| Some(Notice::Unfinished { list: list.into() });
    let sell = |lane: &mut Lane| {
        lane.scan(WATER);
        lane.stand.key(Key::Char(' '));
        lane.stand.enter("5");
    };
    assert_eq!(told(&sell), drawer("上一单已保存，钱箱可能没开，找零 ¥3.00"));
    // Somebody signed out after it: it was seen.
    let told_after = told(&|lane| {
        sell(lane);
        lane.stand.key(Key::Escape);
        lane.scan(JUICE);
        lane.pay_exactly();
        lane.stand.key(Key::Escape);
        lane.stand.function(12);
    });
    assert_eq!(told_after, Some(Notice::LastSale { change: "¥0.00".into() }));
    // A receipt is open and one of it came back.
    let told_return = told(&|lane| {
        lane.scan(JUICE);
        let seq = lane.pay_exactly();
        lane.stand.key(Key::Escape);
        let code = domain::barcode::ReceiptCode { store: "S001".into(), lane: 1, epoch: 1, seq };
        lane.stand.scan(&code.to_string());
        lane.approve("301", "4567");
        lane.stand.key(Key::Enter);
    });
    assert!(
        matches!(&told_return, Some(Notice::Unfinished { list }) if list.contains("未完成的退货")),
        "{told_return:?}"
    );
}

#[test]
fn a_basket_is_paid_in_parts_and_one_of_them_is_handed_back() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    lane.stand.type_text("5");
    lane.stand.function(4);
    assert_eq!(lane.till().tenders().len(), 1);
    lane.stand.function(7);
    lane.stand.enter("V1");
    lane.stand.enter("3");
    assert_eq!(lane.till().tenders().len(), 2);
    lane.stand.key(Key::Delete);
    assert_eq!(lane.till().tenders().len(), 1);
    // Escape does not leave money behind.
    lane.stand.key(Key::Escape);
    assert!(matches!(lane.till().desk(), Desk::Paying(_)));
    lane.stand.function(3);
    assert_eq!(lane.title(), "银行卡 · 收款");
    // The card must be answered for, and answered once.
    lane.stand.key(Key::Escape);
    assert_eq!(lane.title(), "银行卡 · 收款");
    lane.stand.enter("123456");
    lane.stand.key(Key::Enter);
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    let amounts: Vec<i64> = sale.tenders.iter().map(|tender| tender.amount().minor()).collect();
    assert_eq!(amounts, [500, 1_080]);
    assert_eq!(lane.count(|record| matches!(record, Record::PaymentBegun { .. })), 1);
}

#[test]
fn a_card_that_nobody_knows_of_is_settled_by_somebody_who_may() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    lane.stand.function(3);
    lane.stand.function(7);
    for _ in 0..4 {
        lane.stand.moment.now_ms += 2_000;
        lane.stand.turn(vec![Event::Tick]);
    }
    assert_eq!(lane.title(), "付款结果不明");
    // Also after the plug was pulled, whose sign-in leads to the payment.
    let mut lane = lane.restart();
    assert_eq!(lane.title(), "付款结果不明");
    lane.stand.function(6);
    assert_eq!(lane.title(), "需要授权：认定付款结果");
    lane.approve("201", "3456");
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!(sale.payable, Money::from_minor(790));
    assert_eq!(lane.title(), "");
}

#[test]
fn a_doubt_with_a_part_paid_holds_up_nobody() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.scan(WATER);
    lane.stand.key(Key::Char(' '));
    // 3.00 by card, 2.00 in notes, the rest by a card that nobody knows of.
    lane.stand.type_text("3");
    lane.stand.function(3);
    lane.stand.key(Key::Enter);
    lane.stand.type_text("2");
    lane.stand.function(4);
    assert_eq!(lane.till().tenders().len(), 2);
    lane.stand.function(3);
    lane.stand.function(7);
    for _ in 0..4 {
        lane.stand.moment.now_ms += 2_000;
        lane.stand.turn(vec![Event::Tick]);
    }
    assert_eq!(lane.title(), "付款结果不明");
    lane.stand.key(Key::Escape);
    assert!(lane.said() && lane.title() == "付款结果不明");
    lane.stand.function(8);
    assert_eq!((lane.title().as_str(), lane.lines(), lane.till().parked().len()), ("", 0, 1));
    let said = format!("{:?}", lane.stand.lane.view().notice);
    assert!(said.contains("2.00"), "{said}");
    assert!(matches!(lane.stand.commands.last(), Some(Command::OpenDrawer { .. } | Command::Play(_))));
    // The next customer, then the plug, then the basket again, with what was paid of it by card.
    lane.scan(TEA);
    lane.pay_exactly();
    let mut lane = lane.restart();
    lane.stand.function(10);
    lane.stand.key(Key::Enter);
    assert_eq!(lane.lines(), 2);
    assert_eq!(lane.till().tenders().iter().map(domain::tender::Tender::amount).sum::<Money>().minor(), 300);
    assert_eq!(lane.title(), "付款结果不明");
    lane.stand.function(7);
    lane.approve("201", "3456");
    assert_eq!(lane.title(), "");
    lane.stand.enter("10");
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!((sale.payable.minor(), sale.tenders.len(), sale.change.minor()), (990, 2, 310));
}

#[test]
fn keys_that_come_while_hq_is_asked_about_a_receipt_reach_what_they_are_for() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    lane.stand.key(Key::Escape);
    let code = domain::barcode::ReceiptCode { store: "S001".into(), lane: 1, epoch: 1, seq }.to_string();
    lane.stand.agent_is_slow = true;
    lane.stand.scan(&code);
    // The supervisor does not wait for the screen.
    lane.approve("301", "4567");
    assert_eq!((lane.title().as_str(), lane.till().basket().past().is_none()), ("退货", true));
    lane.stand.answer_none();
    assert!(lane.till().basket().past().is_some(), "{}", lane.title());
    lane.stand.key(Key::Delete);

    // Where nothing comes back, a PIN is typed nowhere.
    let code = domain::barcode::ReceiptCode { store: "S001".into(), lane: 1, epoch: 1, seq: 999 }.to_string();
    lane.stand.agent_is_slow = true;
    lane.stand.scan(&code);
    lane.approve("301", "4567");
    lane.stand.answer_none();
    assert!(lane.till().basket().past().is_none() && lane.said());
    let view = lane.stand.lane.view();
    assert!(!format!("{view:?}").contains("4567"));
}

#[test]
fn who_approves_at_once_after_a_sale_is_not_held_up() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    let code = domain::barcode::ReceiptCode { store: "S001".into(), lane: 1, epoch: 1, seq }.to_string();
    // All within the second in which the change is read.
    let sold_ms = lane.stand.moment.now_ms;
    let at_once = |lane: &mut Lane, event| {
        lane.stand.moment.now_ms = sold_ms + 500;
        lane.stand.turn(vec![event]);
    };
    at_once(&mut lane, Event::Scan(drivers::scanner::Scan::parse(&code)));
    assert_eq!(lane.title(), "需要授权：退货");
    let start = std::time::Instant::now();
    for (index, character) in "301\n4567\n".chars().enumerate() {
        let key = if character == '\n' { Key::Enter } else { Key::Char(character) };
        let at = start + std::time::Duration::from_millis(45 * index as u64);
        at_once(&mut lane, Event::Action(ui::Action::Key { key, at }));
    }
    assert!(lane.till().basket().past().is_some(), "{}", lane.title());
}

#[test]
fn one_of_three_comes_back_and_no_more_than_was_sold() {
    let mut lane = Lane::open();
    lane.stand.type_text("3");
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    let code = domain::barcode::ReceiptCode { store: "S001".into(), lane: 1, epoch: 1, seq }.to_string();
    lane.stand.scan(&code);
    assert_eq!(lane.title(), "需要授权：退货");
    lane.approve("301", "4567");
    let sheet = lane.stand.lane.view().sheet.expect("the return");
    assert!(sheet.rows[0].detail.contains("可退 3"), "{:?}", sheet.rows);
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    let sheet = lane.stand.lane.view().sheet.expect("the return");
    assert!(sheet.rows[0].detail.contains("还可退 2"), "{:?}", sheet.rows);
    assert!(sheet.text.contains("现金 7.90"), "{}", sheet.text);
    assert_eq!(sheet.figure.expect("an amount").value, "7.90");
    // More than is left is refused.
    lane.stand.enter("3");
    assert_eq!(lane.till().basket().returns().len(), 1);
    lane.stand.function(8);
    lane.stand.key(Key::Enter);
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!(sale.payable, Money::from_minor(-790));
    lane.stand.key(Key::Escape);
    // The second time only two are left, also by the typed number.
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("301", "4567");
    let sheet = lane.stand.lane.view().sheet.expect("the return");
    assert!(sheet.rows[0].detail.contains("可退 2"), "{:?}", sheet.rows);
    // Dropped: nothing is left on the counter.
    lane.stand.key(Key::Delete);
    assert_eq!(lane.title(), "");
    assert!(lane.till().basket().is_untouched());
}

#[test]
fn an_exchange_takes_the_difference() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    let seq = lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("301", "4567");
    lane.stand.function(7);
    lane.approve("301", "4567");
    assert_eq!(lane.till().basket().returns().len(), 1);
    // New goods go past the sheet.
    lane.scan(JUICE);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
    lane.stand.key(Key::Char(' '));
    lane.stand.enter("10");
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!((sale.payable.minor(), sale.change.minor()), (590, 410));
}

#[test]
fn goods_come_back_without_a_receipt_with_approval() {
    let mut lane = Lane::open();
    lane.stand.function(5);
    lane.stand.function(6);
    lane.scan(JUICE);
    lane.stand.enter("2");
    assert_eq!(lane.title(), "需要授权：无小票退货");
    lane.approve("201", "3456");
    assert_eq!(lane.till().basket().returns().len(), 1);
    assert_eq!(lane.total(), -1_580);
}

#[test]
fn a_shift_ends_with_its_difference() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.pay_exactly();
    lane.menu("投库");
    lane.stand.enter("5");
    assert_eq!(lane.count(|record| matches!(record, Record::CashMoved { .. })), 1);
    lane.menu("点钞");
    // A hundred, no fifty, no twenty, then ten coins.
    lane.stand.enter("1");
    lane.stand.function(8);
    lane.stand.key(Key::Enter);
    assert!(lane.title().starts_with("日结（Z）"), "{}", lane.title());
    assert!(matches!(lane.till().desk(), Desk::SignedOut));
    let report = lane.records().into_iter().find_map(|record| match record {
        Record::ShiftClosed { report, .. } => report,
        _ => None,
    });
    // 7.90 taken, 5.00 dropped, 100.00 counted.
    assert_eq!(report.expect("a report").variance(), Some(Money::from_minor(9_710)));
    lane.stand.key(Key::Enter);
    assert_eq!(lane.title(), "");
}

#[test]
fn a_locked_lane_keeps_the_basket_for_its_cashier_or_a_supervisor() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(12);
    lane.scan(WATER);
    assert_eq!(lane.lines(), 1);
    lane.stand.sign_in("102", "2345");
    assert!(matches!(lane.till().desk(), Desk::Locked(_)));
    lane.stand.key(Key::Escape);
    lane.stand.sign_in("201", "3456");
    assert_eq!(lane.till().desk().staff().map(|staff| staff.id.as_str()), Some("E201"));
    assert_eq!(lane.lines(), 1);
    // The first scan after a lock is sold like any other.
    lane.stand.function(12);
    lane.stand.sign_in("201", "3456");
    lane.scan(WATER);
    assert_eq!(lane.lines(), 2);
}

#[test]
fn whoever_comes_to_an_empty_counter_takes_the_locked_lane() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.pay_exactly();
    lane.stand.function(12);
    lane.stand.sign_in("102", "2345");
    let Desk::Selling(staff) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!(staff.id, "E102");
    assert_eq!(lane.till().shift().map(|shift| shift.number), Some(1));
    lane.scan(WATER);
    assert_eq!(lane.lines(), 1);
    let who = |record: &Record| match record {
        Record::SignedOut { staff } => Some(format!("{staff} out")),
        Record::SignedIn { staff } => Some(format!("{} in", staff.id)),
        _ => None,
    };
    let seen: Vec<String> = lane.records().iter().filter_map(who).collect();
    assert_eq!(seen, ["E101 in", "E101 out", "E102 in"]);
}

#[test]
fn a_member_is_found_by_telephone_and_dropped() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.scan("M00000005C");
    assert_eq!(lane.total(), 650);
    lane.stand.function(8);
    lane.stand.key(Key::Delete);
    assert_eq!((lane.title().as_str(), lane.total()), ("", 790));
    lane.stand.function(8);
    lane.stand.enter("M000005");
    assert_eq!(lane.total(), 650);
    lane.stand.function(8);
    lane.stand.enter("12345");
    assert_eq!(lane.title(), "会员");
    assert!(lane.said());
}

#[test]
fn somebody_new_is_a_member_at_once_also_offline_and_no_number_stays() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(8);
    // Nobody knows the number that was given; it goes on to the registration.
    lane.stand.enter("13800138000");
    assert!(lane.said());
    lane.stand.function(7);
    assert_eq!(lane.title(), "登记新会员");
    assert_eq!(lane.stand.lane.view().sheet.expect("a sheet").fields[0].value, "13800138000");
    // A digit too few is refused and stays.
    lane.stand.key(Key::Backspace);
    lane.stand.key(Key::Enter);
    assert!(lane.said() && lane.title() == "登记新会员");
    lane.stand.type_text("0");
    lane.stand.key(Key::Enter);
    assert_eq!(lane.title(), "");
    let member = lane.till().basket().member().cloned().expect("a member");
    assert_eq!(member.shown, "尾号8000");
    let registered = lane.records().into_iter().find_map(|record| match record {
        Record::MemberRegistered { member, .. } => Some(member),
        _ => None,
    });
    assert_eq!(registered.expect("written down").id, member.id);
    let reader =
        JournalReader::open(&lane.folder.path().join("journal.db")).expect("readable").expect("there");
    let entries = reader.entries_after(0, 10_000, usize::MAX).expect("read");
    assert!(entries.iter().all(|entry| !String::from_utf8_lossy(&entry.bytes).contains("13800138000")));
    lane.pay_exactly();
}

#[test]
fn goods_that_come_in_and_go_to_waste_are_written_down_by_scanning() {
    let mut lane = Lane::open();
    lane.scan(TEA);
    lane.menu("收货");
    lane.scan(JUICE);
    lane.scan(WATER);
    lane.scan(JUICE);
    // A number for the line that was scanned last: Tab, the number, Enter.
    lane.stand.key(Key::Tab);
    lane.stand.enter("24");
    // Without a supplier nothing is written, and nothing is lost.
    lane.stand.function(8);
    assert!(lane.said());
    let sheet = lane.stand.lane.view().sheet.expect("still open");
    let rows: Vec<(&str, &str)> =
        sheet.rows.iter().map(|row| (row.detail.as_str(), row.value.as_str())).collect();
    assert_eq!(rows, [(JUICE, "24"), (WATER, "1")]);
    for _ in 0..3 {
        lane.stand.key(Key::Tab);
    }
    lane.stand.type_text("dairy");
    lane.stand.function(8);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
    lane.menu("报损");
    lane.stand.function(3);
    lane.scan(WATER);
    lane.stand.function(8);
    let moved: Vec<_> = lane
        .records()
        .into_iter()
        .filter_map(|record| match record {
            Record::StockMoved { movement, .. } => Some(movement),
            _ => None,
        })
        .collect();
    assert_eq!(moved.len(), 2);
    assert_eq!((moved[0].kind, moved[0].other.as_str()), (StockMove::Receive, "dairy"));
    assert_eq!(moved[0].lines[0].quantity.to_string(), "24");
    assert_eq!((moved[1].kind, moved[1].reason.as_str()), (StockMove::Expiry, "过期"));
    assert_ne!(moved[0].document, moved[1].document);
    // What stands in the basket was not touched.
    assert_eq!(lane.lines(), 1);
}

#[test]
fn where_goods_are_is_asked_and_not_known_offline() {
    let mut lane = Lane::open();
    lane.stand.function(3);
    lane.scan(JUICE);
    lane.stand.function(6);
    assert!(lane.said() && lane.title() == "查价");
    lane.stand.agent_is_slow = true;
    lane.stand.function(6);
    let place = |store: &str, on_hand| StockAt { store: store.into(), on_hand, ..StockAt::default() };
    let named = StockAt { name_zh: "滨河店".into(), metres: Some(1_280), ..place("S003", 3_000) };
    lane.stand.answer(Answer::Stock { places: vec![place("S001", -2_000), named, place("S002", 12_000)] });
    let rows = lane.stand.lane.view().sheet.expect("the places").rows;
    let rows: Vec<[&str; 3]> = rows.iter().map(|row| [&*row.name, &*row.detail, &*row.value]).collect();
    assert_eq!(rows, [["本店", "", "−2"], ["滨河店", "S003 · 1.2 km", "3"], ["S002", "", "12"]]);
}

#[test]
fn a_price_check_sells_nothing() {
    let mut lane = Lane::open();
    lane.stand.function(3);
    lane.scan(JUICE);
    let sheet = lane.stand.lane.view().sheet.expect("the price check");
    assert_eq!(sheet.figure.expect("a price").value, "7.90");
    assert_eq!(lane.lines(), 0);
    lane.stand.function(4);
    assert_eq!(lane.lines(), 1);
}

/// Opens each sheet that can stand over goods; gives how many there are.
fn open_each(mut each: impl FnMut(&mut Lane, &str)) -> usize {
    let by_key: [(u8, &str); 9] = [
        (1, "按键"),
        (2, "查找商品"),
        (3, "查价"),
        (5, "退货"),
        (6, "改单价"),
        (8, "会员"),
        (9, "为什么"),
        (10, "挂单"),
        (7, "导购"),
    ];
    let by_menu = [
        "整单取消",
        "取单",
        "小票",
        "未定付款",
        "收货",
        "报损",
        "盘点",
        "现金存入",
        "现金支出",
        "投库",
        "开钱箱",
        "点钞",
        "交班",
        "今日报表",
        "设备",
    ];
    let mut count = 0;
    let mut lane = Lane::open();
    lane.scan(JUICE);
    let mut one = |lane: &mut Lane, title: &str| {
        assert!(!lane.title().is_empty(), "{title} did not open");
        each(lane, title);
        for _ in 0..12 {
            lane.stand.key(Key::Escape);
        }
        count += 1;
    };
    for (key, title) in by_key {
        lane.stand.function(key);
        one(&mut lane, title);
    }
    for words in by_menu {
        lane.menu(words);
        one(&mut lane, words);
    }
    lane.stand.key(Key::Tab);
    one(&mut lane, "菜单");
    // An approval over a discount.
    lane.stand.function(6);
    lane.stand.enter("1");
    one(&mut lane, "需要授权");
    lane.menu("查看本班");
    one(&mut lane, "X");
    count
}

#[test]
fn escape_leads_back_from_every_sheet_and_the_basket_stays() {
    let sheets = open_each(|lane, title| {
        let mut steps = 0;
        while !lane.title().is_empty() {
            lane.stand.key(Key::Escape);
            steps += 1;
            assert!(steps < 8, "{title} keeps the cashier in");
        }
        assert!(lane.lines() >= 1, "{title} lost the basket");
    });
    assert!(sheets > 20);
}

#[test]
fn a_scan_under_any_sheet_is_sold_or_said_not_to_be() {
    for by_keys in [false, true] {
        open_each(|lane, title| {
            let (before, code) = (lane.lines(), lane.code(COLA));
            lane.sounds();
            if by_keys {
                lane.stand.scan_by_keys(&code);
            } else {
                lane.stand.scan(&code);
            }
            let sounds = lane.sounds();
            let sold = lane.lines() == before + 1;
            let shown = matches!(lane.title().as_str(), "查价" | "收货" | "报损");
            let refused = sounds.contains(&Tone::Blocked) && lane.said();
            assert!(sold || shown || refused, "{title}, by keys: {by_keys}: {sounds:?}");
            assert_eq!(sold, lane.title().is_empty(), "{title}");
            // What a scan typed on its way is gone again.
            if let Some(sheet) = lane.stand.lane.view().sheet {
                assert!(!sheet.entry.contains(&code[..4]), "{title}: {}", sheet.entry);
            }
        });
    }
}

#[test]
fn twenty_scans_in_a_second_are_twenty_lines_whatever_is_open() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(9);
    let code = lane.code(COLA);
    let scans = (0..20).map(|_| Event::Scan(drivers::scanner::Scan::parse(&code))).collect();
    lane.stand.turn(scans);
    assert_eq!(lane.lines(), 21);
    // While money is taken none is added, and each is heard.
    lane.stand.key(Key::Char(' '));
    lane.sounds();
    let scans = (0..20).map(|_| Event::Scan(drivers::scanner::Scan::parse(&code))).collect();
    lane.stand.turn(scans);
    assert_eq!(lane.lines(), 21);
    assert_eq!(lane.sounds(), [Tone::Blocked; 20]);
}

#[test]
fn a_second_enter_does_nothing_twice() {
    let mut lane = Lane::open();
    lane.stand.type_text("3");
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("301", "4567");
    // Within a second of what was done, by the clock: nothing.
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::Enter);
    assert_eq!(lane.till().basket().returns().len(), 1);
}

#[test]
fn a_field_refuses_what_it_cannot_take_and_keeps_what_was_typed() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(6);
    lane.stand.type_text("5.x0.");
    let sheet = lane.stand.lane.view().sheet.expect("the price");
    assert_eq!(sheet.fields[0].value, "5.0");
    assert!(lane.said());
    assert!(lane.sounds().contains(&Tone::Blocked));
}

#[test]
fn a_day_is_looked_at_by_whoever_may() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(12);
    lane.stand.sign_in("201", "3456");
    lane.scan(TEA);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.menu("今日报表");
    lane.stand.function(6);
    let rows = lane.stand.lane.view().sheet.expect("the day").rows;
    let cashiers: Vec<(&str, &str)> =
        rows.iter().map(|row| (row.name.as_str(), row.value.as_str())).collect();
    assert!(cashiers.contains(&("李敏", "7.90")) && cashiers.contains(&("陈静", "6.00")), "{cashiers:?}");
    lane.stand.key(Key::Escape);
    lane.stand.function(12);
    lane.stand.sign_in("301", "4567");
    // A cashier sees what is their own.
    lane.menu("签退");
    lane.stand.sign_in("101", "1234");
    lane.menu("今日报表");
    lane.stand.function(6);
    let rows = lane.stand.lane.view().sheet.expect("the day").rows;
    assert!(rows.iter().all(|row| row.name != "陈静"), "{rows:?}");
}

/// The lines of the tables that a lane wrote, with their first three columns left out.
fn tables(lane: &Lane) -> Vec<(String, Vec<String>)> {
    let folder = lane.folder.path().join("reports");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut tables: Vec<_> = files
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("a table");
            let text = text.strip_prefix('\u{feff}').expect("a mark that it is UTF-8").to_owned();
            let rest = |line: &str| line.splitn(4, ',').nth(3).unwrap_or_default().to_owned();
            (entry.file_name().to_string_lossy().into_owned(), text.lines().skip(1).map(rest).collect())
        })
        .collect();
    // The table that was looked at stands beside the lines.
    tables.retain(|(name, _): &(String, Vec<String>)| !name.ends_with("-hours.csv"));
    tables.sort();
    tables
}

#[test]
fn a_day_becomes_a_table_of_what_may_be_seen_of_it() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(12);
    lane.stand.sign_in("201", "3456");
    lane.scan(TEA);
    lane.scan(WATER);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.menu("今日报表");
    lane.stand.function(11);
    let all = tables(&lane);
    let [(name, lines)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(name, "2026-11-21-S001-1-all.csv");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("sale,李敏,100028,") && lines[0].ends_with(",1,7.90,7.90,13%"), "{lines:?}");
    lane.stand.key(Key::Escape);
    lane.menu("签退");
    lane.stand.sign_in("101", "1234");
    lane.menu("今日报表");
    lane.stand.function(11);
    let own = tables(&lane);
    assert_eq!(own.len(), 2, "{own:?}");
    assert_eq!(own[0].1.len(), 1, "{own:?}");
    assert!(own[0].1[0].starts_with("sale,李敏,"), "{own:?}");

    // A folder that cannot be made: it is said, and the day is as it was.
    std::fs::remove_dir_all(lane.folder.path().join("reports")).expect("removed");
    std::fs::write(lane.folder.path().join("reports"), "in the way").expect("a file in the way");
    lane.stand.function(11);
    let said = format!("{:?}", lane.stand.lane.view().notice);
    assert!(said.contains("表格没有写成"), "{said}");
}

#[test]
fn a_scan_that_a_busy_window_tore_is_one_scan_and_keeps_the_number_before_it() {
    let mut lane = Lane::open();
    let (plain, named) = (lane.code(WATER), format!("]E0{}", lane.code(JUICE)));
    let quantities = |lane: &Lane| -> Vec<(String, i64)> {
        let lines = lane.stand.lane.till().expect("open").basket().lines();
        lines.iter().map(|line| (line.item.sku.clone(), line.quantity.thousandths())).collect()
    };
    let mut expected = Vec::new();
    for torn_before in 1..=named.len() {
        lane.stand.scan_by_torn_keys(&named, torn_before);
        expected.push((JUICE.to_owned(), 1_000));
        assert_eq!(quantities(&lane), expected, "torn before key {torn_before}");
    }
    for torn_before in [4, 8] {
        lane.stand.scan_by_torn_keys(&plain, torn_before);
        expected.push((WATER.to_owned(), 1_000));
        assert_eq!(quantities(&lane), expected, "torn before key {torn_before}");
    }
    lane.stand.type_text("3");
    lane.stand.scan_by_torn_keys(&named, 6);
    expected.push((JUICE.to_owned(), 3_000));
    assert_eq!(quantities(&lane), expected);
}

#[test]
fn a_piece_of_a_scan_among_the_words_sought_sells_nothing_else() {
    let mut lane = Lane::open();
    let code = lane.code(JUICE);
    // Something between scanner and window kept all but its beginning.
    for kept in 1..8 {
        lane.stand.function(2);
        lane.stand.enter(&code[..kept]);
        assert_eq!((lane.title().as_str(), lane.lines()), ("查找商品", 0), "{kept} digits");
        assert!(lane.said());
        lane.stand.key(Key::Escape);
        lane.stand.key(Key::Escape);
    }
    // Who means the first says so once more, or chooses.
    for chosen in [Key::Enter, Key::Down] {
        let before = lane.lines();
        lane.stand.function(2);
        lane.stand.type_text(&code[..4]);
        lane.stand.key(chosen);
        lane.stand.key(Key::Enter);
        assert_eq!((lane.title().as_str(), lane.lines()), ("", before + 1), "{chosen:?}");
    }
    // All of a number, however many others begin so; and words are chosen at once, as ever.
    for typed in [JUICE, &code, "czx100cz"] {
        lane.stand.function(2);
        lane.stand.enter(typed);
        let sold = lane.till().basket().lines().last().map(|line| line.item.sku.clone());
        assert_eq!((lane.title().as_str(), sold.as_deref()), ("", Some(JUICE)), "{typed}");
    }
}
