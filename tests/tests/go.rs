//! Customers' phones at the counter: a basket that HQ signed is taken by till and kiosk, what differs is shown before it
//! is paid, and the right to leave works once. The real lane, files and goods behind its window.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm, clippy::cast_precision_loss, clippy::float_arithmetic)]

use std::path::Path;

use domain::payment::Answer;
use domain::phone::{CodeId, CodeKind, PhoneRecord, Unusable};
use domain::record::Record;
use domain::till::Desk;
use drivers::frame::Health;
use drivers::printer::{PrinterEvent, Row};
use drivers::sound::Tone;
use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use ledger::journal::JournalReader;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Payment, Printer};
use pos_app::lane::{Command, Event, Moment};
use protocol::ask::{Answer as Told, CodeTaken, Question};
use protocol::event;
use protocol::head::SigningKey;
use protocol::pull::{Change, Entity};
use protocol::scan_go::{PhoneBasket, PhoneLine};
use tests::kiosk::{GOLD_CARD, KioskStand, OPENING, PAY_CODE, alcohol, config as kiosk_config};
use tests::shop::{STORE, code_of};
use tests::stand::{HQ_SECRET, LANE_SECRET, Stand, reference, tell_keys};
use ui::kiosk::{KioskPage, Touch};
use ui::view::Notice;
use ui::{Button, Key};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

const WATER: &str = "100001";
const TEA: &str = "100024";
const JUICE: &str = "100028";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

fn key(secret: &str) -> SigningKey {
    SigningKey::parse(secret).expect("a key")
}

/// The demo shop for a lane that knows HQ's key, and that of the store's first lane.
fn files(folder: &Path, lane: u32) {
    reference(folder, lane).expect("the demo shop");
    tell_keys(folder, lane).expect("keys");
}

/// A price that counts from now on, as the agent writes it.
fn reprice(folder: &Path, sku: &str, price: i64) {
    let mut writer = ReferenceWriter::open(&folder.join("reference.db")).expect("a writer");
    let version = writer.state().expect("a state").version + 1;
    let shop = fixtures::shop::demo();
    let mut product = shop.products.iter().find(|product| product.sku == sku).expect("goods").clone();
    product.price = price;
    let update = writer.begin().expect("begun");
    update
        .apply(&Change { version, key: sku.into(), entity: Entity::Product(Some(product)) })
        .expect("applied");
    update.commit(version).expect("committed");
}

/// What a basket says that is not the usual.
struct Basket<'a> {
    id: u8,
    store: &'a str,
    made_ms: i64,
    secret: &'a str,
    lines: Vec<PhoneLine>,
}

fn line(sku: &str, pieces: u32, shown: i64) -> PhoneLine {
    PhoneLine { code: code_of(sku).expect("a code"), pieces, shown: Some(shown) }
}

/// What a phone shows.
fn shown(basket: Basket<'_>) -> String {
    let Basket { id, store, made_ms, secret, lines } = basket;
    let basket = PhoneBasket {
        store: store.into(),
        id: CodeId([id; 12]),
        made_ms,
        until_ms: made_ms + 30 * 60_000,
        total: lines.iter().filter_map(|line| line.shown).sum(),
        version: 7,
        lines,
    };
    basket.seal(&key(secret)).expect("it fits")
}

fn usual(id: u8, lines: Vec<PhoneLine>) -> String {
    shown(Basket { id, store: STORE, made_ms: MORNING.now_ms, secret: HQ_SECRET, lines })
}

fn records(folder: &Path) -> Vec<Record> {
    let reader = JournalReader::open(&folder.join("journal.db")).expect("readable").expect("there");
    let entries = reader.entries_after(0, 10_000, usize::MAX).expect("read");
    entries.iter().map(|entry| event::decode(&entry.bytes).expect("ours").record().expect("ours")).collect()
}

/// The codes on the last paper that was printed.
fn printed(commands: &[Command]) -> Vec<String> {
    let rows = commands.iter().rev().find_map(|command| match command {
        Command::Print(job) => Some(job.document.rows.clone()),
        _ => None,
    });
    let codes = rows.into_iter().flatten().filter_map(|row| match row {
        Row::Qr { data, .. } => Some(data),
        _ => None,
    });
    codes.collect()
}

/// Which codes are asked about, in order, by the number of the question.
fn asked(commands: &[Command]) -> Vec<(u64, String)> {
    let of_codes = commands.iter().filter_map(|command| match command {
        Command::Ask(asked) => match &asked.question {
            Question::ClaimCode { id } => Some((asked.number, id.clone())),
            _ => None,
        },
        _ => None,
    });
    of_codes.collect()
}

/// Which codes go back.
fn released(commands: &[Command]) -> Vec<String> {
    let of_codes = commands.iter().filter_map(|command| match command {
        Command::Ask(asked) => match &asked.question {
            Question::ReleaseCode { id } => Some(id.clone()),
            _ => None,
        },
        _ => None,
    });
    of_codes.collect()
}

fn number(id: u8) -> String {
    CodeId([id; 12]).to_string()
}

const YES: Told = Told::CodeClaimed { until_ms: i64::MAX };

fn used(lane: u32, at_ms: i64) -> Told {
    Told::CodeNotClaimed { why: CodeTaken::Used { lane, at_ms: Some(at_ms) } }
}

fn held(lane: u32) -> Told {
    Told::CodeNotClaimed { why: CodeTaken::Held { lane } }
}

struct Till {
    stand: Stand,
    folder: tempfile::TempDir,
    config: Config,
}

impl Till {
    fn open(lane: u32) -> Self {
        Self::open_with(lane, |_| {})
    }

    fn open_with(lane: u32, set: impl Fn(&mut Config)) -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        files(folder.path(), lane);
        let printer = Some(Printer::new("127.0.0.1:1", "xprinter-xp80"));
        let mut config =
            Config { printer, payment: Payment { card: true, ..Payment::default() }, ..Config::default() };
        set(&mut config);
        let stand = Stand::open(folder.path(), config.clone(), MORNING).expect("a lane");
        let mut till = Self { stand, folder, config };
        till.begin();
        till
    }

    fn begin(&mut self) {
        self.stand.turn(vec![Event::Printer(PrinterEvent::Health(Health::Ready))]);
        self.stand.sign_in("101", "1234");
    }

    /// The plug is pulled, and the cashier signs in again.
    fn restart(self) -> Self {
        let Self { stand, folder, config } = self;
        let moment = stand.moment;
        drop(stand);
        let stand = Stand::open(folder.path(), config.clone(), moment).expect("a lane");
        let mut till = Self { stand, folder, config };
        till.begin();
        till
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

    fn sheet(&self) -> String {
        self.stand.lane.view().sheet.map(|sheet| sheet.title).unwrap_or_default()
    }

    fn rows(&self) -> Vec<String> {
        let rows = self.stand.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default();
        rows.iter().map(|row| format!("{}|{}|{}", row.name, row.detail, row.value)).collect()
    }

    fn said(&self) -> String {
        match self.stand.lane.view().notice {
            Some(Notice::Said { what, rest, .. }) => format!("{what} {rest}"),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        }
    }

    /// What is said of a code, and that it blocks.
    fn refused(&mut self, code: &str) -> String {
        self.stand.commands.clear();
        self.stand.scan(code);
        let blocked = Command::Play(Tone::Blocked);
        assert!(self.stand.commands.contains(&blocked), "{:?}", self.stand.commands);
        self.said()
    }

    /// The agent answers what it was asked last of a phone's code.
    fn hears(&mut self, answer: Told) {
        let (number, _) = asked(&self.stand.commands).pop().expect("a question");
        self.stand.commands.clear();
        self.stand.turn(vec![Event::Answered { number, answer: Some(Box::new(answer)) }]);
    }

    fn records(&self) -> Vec<PhoneRecord> {
        let of_phones = records(self.folder.path()).into_iter().filter_map(|record| match record {
            Record::Phone(record) => Some(record),
            _ => None,
        });
        of_phones.collect()
    }

    fn pay_in_cash(&mut self) {
        self.stand.key(Key::Char(' '));
        assert!(matches!(self.till().desk(), Desk::Paying(_)), "{} {}", self.sheet(), self.said());
        self.stand.enter("900");
        assert!(matches!(self.till().desk(), Desk::Done(..)), "{}", self.said());
    }
}

/// What lines cost at this till, a phone that is right.
fn price(sku: &str, pieces: u32) -> i64 {
    let mut till = Till::open(1);
    till.stand.scan(&usual(99, vec![line(sku, pieces, 0)]));
    till.total()
}

#[test]
fn a_phones_basket_is_taken_paid_and_left_with_once() {
    let mut till = Till::open(1);
    let (water, tea) = (price(WATER, 2), price(TEA, 1));
    till.stand.scan(&usual(1, vec![line(WATER, 2, water), line(TEA, 1, tea)]));
    assert_eq!(
        (till.lines(), till.total(), till.sheet().as_str()),
        (2, water + tea, ""),
        "{:?}",
        till.rows()
    );
    assert!(till.said().contains("手机购物篮已加上：2 行"), "{}", till.said());
    till.pay_in_cash();
    assert!(till.sheet().starts_with("离店码 · S001-1-1-"), "{}", till.sheet());
    assert!(till.stand.lane.view().sheet.is_some_and(|sheet| sheet.picture.is_some()));
    let codes = printed(&till.stand.commands);
    let [receipt, exit] = &codes[..] else { panic!("{codes:?}") };
    assert!(exit.starts_with("GTX") && !receipt.starts_with("GTX"), "{codes:?}");
    // The same code however often it is printed.
    till.stand.key(Key::Enter);
    till.stand.function(11);
    assert_eq!(printed(&till.stand.commands), codes);

    // Another lane of the store lets them leave, once.
    let mut other = Till::open(2);
    other.stand.scan(exit);
    assert_eq!(other.sheet(), "可以离店");
    let rows = other.rows().join("; ");
    assert!(rows.contains("件数||3") && rows.contains("收银台||1") && rows.contains("11-21 10:0"), "{rows}");
    let figure = other.stand.lane.view().sheet.and_then(|sheet| sheet.figure).expect("what was paid");
    assert_eq!(figure.value, format!("{}.{:02}", (water + tea) / 100, (water + tea) % 100));
    other.stand.key(Key::Enter);
    assert_eq!(other.sheet(), "");
    assert!(other.refused(exit).contains("离店码已经用过 先不要放行"), "{}", other.said());
    let mut other = other.restart();
    assert!(other.refused(exit).contains("离店码已经用过"), "after a stop: {}", other.said());
    let checked = |record: &PhoneRecord| matches!(record, PhoneRecord::ExitChecked { .. });
    assert_eq!(other.records().iter().filter(|record| checked(record)).count(), 1);

    // A sale without a phone has none.
    let mut plain = Till::open(1);
    plain.stand.scan(&code_of(WATER).expect("a code"));
    plain.pay_in_cash();
    assert_eq!((plain.sheet(), printed(&plain.stand.commands).len()), (String::new(), 1));
    let mut all = Till::open_with(1, |config| config.scan_go.exit_for_all = true);
    all.stand.scan(&code_of(WATER).expect("a code"));
    all.pay_in_cash();
    assert!(all.sheet().starts_with("离店码"), "{}", all.sheet());
    // A lane that HQ never gave a key to signs none.
    let mut bare = Till::open_with(2, |config| config.scan_go.exit_for_all = true);
    bare.stand.scan(&code_of(WATER).expect("a code"));
    bare.pay_in_cash();
    assert_eq!((bare.sheet(), printed(&bare.stand.commands).len()), (String::new(), 1));
}

#[test]
fn what_the_till_charges_otherwise_is_looked_at_before_it_is_paid() {
    let (water, tea) = (price(WATER, 2), price(TEA, 1));
    let mut till = Till::open(1);
    reprice(till.folder.path(), TEA, 9_900);
    let unknown = PhoneLine { code: "9520000000028".into(), pieces: 2, shown: Some(300) };
    let beer = PhoneLine { code: alcohol().expect("a code"), pieces: 1, shown: Some(1) };
    till.stand.scan(&usual(1, vec![line(WATER, 2, water), line(TEA, 1, tea), unknown, beer]));
    assert_eq!((till.sheet().as_str(), till.lines()), ("和手机上的不一样", 3));
    let rows = till.rows();
    assert!(rows[0].contains("× 2") && rows[0].contains("没加上"), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("手机上显示 ¥6.00") && row.contains("|¥8")), "{rows:?}");
    assert!(rows.iter().any(|row| row.contains("18 岁")), "{rows:?}");
    // Whoever puts it away is asked again, in the other language too, and pays nothing before.
    till.stand.key(Key::Escape);
    till.stand.press(Button::Language);
    till.stand.key(Key::Char(' '));
    assert!(till.sheet().contains("18 or older"), "{}", till.sheet());
    till.stand.key(Key::Enter);
    assert_eq!(till.sheet(), "Not what the phone showed");
    assert!(matches!(till.till().desk(), Desk::Selling(_)));
    // Also after the plug was pulled, in the language that was chosen.
    let mut till = till.restart();
    till.stand.key(Key::Char(' '));
    assert_eq!(till.sheet(), "Not what the phone showed");
    till.stand.key(Key::Enter);
    till.pay_in_cash();
    assert!(till.records().contains(&PhoneRecord::DifferencesSeen));
}

#[test]
fn what_is_not_true_or_does_not_hold_is_refused_with_what_to_do() {
    let mut till = Till::open(1);
    let lines = || vec![line(WATER, 1, 1)];
    let now_ms = MORNING.now_ms;
    let usually = || Basket { id: 7, store: STORE, made_ms: now_ms, secret: HQ_SECRET, lines: lines() };
    let forged = shown(Basket { secret: LANE_SECRET, ..usually() });
    assert!(till.refused(&forged).contains("这个码不是总部或本店签的 没有加上"), "{}", till.said());
    let elsewhere = shown(Basket { store: "S002", ..usually() });
    assert!(till.refused(&elsewhere).contains("这是别的门店的购物篮"), "{}", till.said());
    let over = shown(Basket { made_ms: now_ms - 31 * 60_000, ..usually() });
    assert!(till.refused(&over).contains("这个购物篮已过时 没有加上。请在手机上重新生成"), "{}", till.said());
    let whole = shown(usually());
    assert!(till.refused(&whole.replacen('A', "B", 1)).contains("不是总部或本店签的"), "{}", till.said());
    assert_eq!((till.lines(), till.sheet()), (0, String::new()));
    // None of them used the number up.
    till.stand.scan(&whole);
    assert_eq!(till.lines(), 1);
    till.stand.key(Key::Enter);
    till.pay_in_cash();
    assert!(till.refused(&whole).contains("这个购物篮已经用过"), "{}", till.said());
    let mut till = till.restart();
    assert!(till.refused(&whole).contains("这个购物篮已经用过"), "after a stop: {}", till.said());
    till.stand.press(Button::Language);
    assert!(till.refused(&whole).contains("used already Nothing was added"), "{}", till.said());
    let refused = |why| PhoneRecord::Refused { kind: CodeKind::Basket, why };
    let kept = till.records();
    for why in [Unusable::Forged, Unusable::OtherStore, Unusable::Expired, Unusable::UsedBefore] {
        assert!(kept.contains(&refused(why)), "{why:?}: whoever tries is written down");
    }
}

#[test]
fn a_basket_joins_under_open_sheets_as_goods_do() {
    for function in [8, 9] {
        let mut till = Till::open(1);
        till.stand.function(function);
        assert_ne!(till.sheet(), "");
        till.stand.scan_by_keys(&usual(1, vec![line(WATER, 1, price(WATER, 1))]));
        assert_eq!((till.lines(), till.sheet()), (1, String::new()), "F{function}: {}", till.said());
    }
    // Where money is taken it does not.
    let mut till = Till::open(1);
    till.stand.scan(&code_of(WATER).expect("a code"));
    till.stand.key(Key::Char(' '));
    till.refused(&usual(1, vec![line(WATER, 1, 1)]));
    assert_eq!(till.lines(), 1);
    // And nobody's basket is taken before somebody has signed in.
    till.stand.key(Key::Escape);
    till.stand.function(12);
    till.refused(&usual(1, vec![line(WATER, 1, 1)]));
}

#[test]
fn a_code_that_another_lane_has_is_refused_with_lane_and_time() {
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    let code = usual(1, vec![line(WATER, 1, price(WATER, 1))]);
    till.stand.scan(&code);
    assert_eq!((till.lines(), till.said().trim()), (0, "正在核对手机上的码…"));
    // It is held to the scanner again, and goods come meanwhile: they are the customer's own.
    till.stand.scan(&code);
    assert_eq!(asked(&till.stand.commands).len(), 1, "one question is enough");
    till.stand.scan(&code_of(TEA).expect("a code"));
    assert_eq!(till.lines(), 1);
    till.hears(used(3, MORNING.now_ms + 32 * 60_000));
    assert_eq!(till.said(), "这个购物篮已在 3 号收银台用过（10:32） 没有加上。请在手机上重新生成二维码。");
    assert!(till.stand.commands.contains(&Command::Play(Tone::Blocked)));
    assert_eq!((till.lines(), released(&till.stand.commands).len()), (1, 0));
    till.stand.press(Button::Language);
    till.stand.scan(&code);
    till.hears(held(2));
    assert_eq!(
        till.said(),
        "Lane 2 is taking this basket now Nothing was added. Pay there, or make a new code on the phone."
    );
    let at_ms = Some(MORNING.now_ms + 32 * 60_000);
    for why in [Unusable::UsedAt { lane: 3, at_ms }, Unusable::HeldAt { lane: 2 }] {
        let refused = PhoneRecord::Refused { kind: CodeKind::Basket, why };
        assert!(till.records().contains(&refused), "{why:?}: whoever tries is written down");
    }
    // Nobody answers: the lane's own book is all there is, and it takes the code once.
    till.stand.scan(&code);
    till.stand.answer_none();
    assert_eq!(till.lines(), 2);
    assert!(till.refused(&code).contains("This basket was used already Nothing"), "{}", till.said());
    assert_eq!(asked(&till.stand.commands).len(), 0, "its own book knows");
}

#[test]
fn a_basket_that_was_asked_about_joins_the_customers_own_or_none() {
    let water = price(WATER, 2);
    let code = usual(1, vec![line(WATER, 2, water)]);
    // Goods that were scanned meanwhile, and a line that was taken out again, change nothing.
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    till.stand.scan(&code);
    till.stand.scan(&code_of(TEA).expect("a code"));
    till.stand.type_text("77");
    till.hears(YES);
    assert_eq!((till.lines(), released(&till.stand.commands).len()), (2, 0), "{}", till.said());
    let ui::view::Screen::Sell(sell) = till.stand.lane.view().screen else { panic!("goods are rung up") };
    assert_eq!(sell.entry, "77", "what was typed meanwhile stays");
    // So does what is typed into a sheet: the scan is blocked, and the code goes back.
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    till.stand.scan(&code);
    till.stand.function(8);
    till.stand.type_text("138");
    let sheet = till.sheet();
    till.hears(YES);
    assert_eq!((till.lines(), till.sheet()), (0, sheet), "{}", till.said());
    assert!(till.stand.commands.contains(&Command::Play(Tone::Blocked)));
    assert_eq!(released(&till.stand.commands), [number(1)]);
    // The goods were paid meanwhile: the next basket is another customer's.
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    till.stand.scan(&code_of(TEA).expect("a code"));
    till.stand.scan(&code);
    till.pay_in_cash();
    till.stand.key(Key::Enter);
    till.hears(YES);
    assert_eq!(till.lines(), 0);
    assert!(till.said().contains("手机购物篮没有加上 这一单换过了"), "{}", till.said());
    assert_eq!(released(&till.stand.commands), [number(1)], "and it is nobody's any more");
    // Unless that customer's phone was held to the scanner again.
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    till.stand.scan(&code_of(TEA).expect("a code"));
    till.stand.scan(&code);
    till.pay_in_cash();
    till.stand.key(Key::Enter);
    let question = asked(&till.stand.commands).pop().expect("a question");
    till.stand.scan(&code);
    assert_eq!(till.said().trim(), "正在核对手机上的码…");
    till.stand.commands.clear();
    let (number_asked, _) = question;
    till.stand.turn(vec![Event::Answered { number: number_asked, answer: Some(Box::new(YES)) }]);
    assert_eq!(till.lines(), 1, "{}", till.said());
    // At the payment it is refused as goods are, and goes back.
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    till.stand.scan(&code_of(TEA).expect("a code"));
    till.stand.scan(&code);
    till.stand.key(Key::Char(' '));
    till.hears(YES);
    assert!(matches!(till.till().desk(), Desk::Paying(_)) && till.lines() == 1, "{}", till.said());
    assert!(till.stand.commands.contains(&Command::Play(Tone::Blocked)));
    assert_eq!(released(&till.stand.commands), [number(1)]);
    // So is one of which nothing can be sold, and one that HQ may have given though its answer was lost.
    let unknown = PhoneLine { code: "9520000000028".into(), pieces: 1, shown: Some(300) };
    for answer in [Some(YES), None] {
        let mut till = Till::open(1);
        till.stand.agent_is_slow = true;
        till.stand.scan(&usual(2, vec![unknown.clone()]));
        match answer {
            Some(answer) => till.hears(answer),
            None => till.stand.answer_none(),
        }
        assert!(till.said().contains("这里都不能卖"), "{}", till.said());
        assert_eq!(released(&till.stand.commands), [number(2)]);
    }
    // An older agent gives nothing: nothing goes back.
    let mut till = Till::open(1);
    till.stand.agent_is_slow = true;
    till.stand.scan(&usual(2, vec![unknown]));
    till.hears(Told::Refused { reason: "unknown".into() });
    assert_eq!(released(&till.stand.commands), [""; 0]);
}

#[test]
fn who_leaves_is_asked_about_at_the_stores_other_lanes() {
    let mut till = Till::open_with(1, |config| config.scan_go.exit_for_all = true);
    till.stand.scan(&code_of(WATER).expect("a code"));
    till.pay_in_cash();
    let exit = printed(&till.stand.commands).pop().expect("an exit code");
    let mut gate = Till::open(2);
    gate.stand.agent_is_slow = true;
    gate.stand.scan(&exit);
    assert_eq!((gate.sheet().as_str(), gate.records().len()), ("", 0), "nobody leaves before it is known");
    gate.hears(used(3, MORNING.now_ms));
    assert_eq!(gate.said(), "离店码已在 3 号收银台用过（10:00） 先不要放行。请看小票，并请主管来。");
    assert_eq!(gate.sheet(), "");
    gate.stand.scan(&exit);
    gate.hears(held(4));
    assert!(gate.said().contains("4 号收银台正在查这个离店码 先不要放行"), "{}", gate.said());
    // A sheet that must not be disturbed came up meanwhile: the scan is blocked, and the code goes back.
    gate.stand.scan(&exit);
    gate.stand.scan(&code_of(WATER).expect("a code"));
    gate.stand.key(Key::Tab);
    let rows = gate.stand.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default();
    let row = rows.iter().position(|row| row.name.starts_with("现金存入")).expect("in the menu");
    gate.stand.press(Button::Row(row));
    let blocking = gate.sheet();
    gate.hears(YES);
    assert_eq!(gate.sheet(), blocking, "{}", gate.said());
    assert!(gate.said().contains("刚才扫的没有加入"), "{}", gate.said());
    assert_eq!(released(&gate.stand.commands).len(), 1);
    gate.stand.key(Key::Escape);
    gate.stand.scan(&usual(9, vec![line(WATER, 1, price(WATER, 1))]));
    let (basket, _) = asked(&gate.stand.commands).pop().expect("a question");
    gate.stand.scan(&exit);
    gate.hears(YES);
    assert_eq!((gate.sheet().as_str(), gate.lines()), ("可以离店", 1));
    assert_eq!(released(&gate.stand.commands), [""; 0]);
    // A basket that is answered while that is still to be seen is blocked, and goes back.
    gate.stand.turn(vec![Event::Answered { number: basket, answer: Some(Box::new(YES)) }]);
    assert_eq!((gate.sheet().as_str(), gate.lines()), ("可以离店", 1), "{}", gate.said());
    assert_eq!(released(&gate.stand.commands), [number(9)]);
}

#[test]
fn whoever_is_drawn_at_the_exit_is_looked_at_and_what_was_found_is_kept() {
    let mut till = Till::open_with(1, |config| config.scan_go.exit_for_all = true);
    till.stand.scan(&code_of(WATER).expect("a code"));
    till.pay_in_cash();
    let exit = printed(&till.stand.commands).pop().expect("an exit code");
    let mut gate = Till::open_with(2, |config| config.scan_go.exit_audit = 10_000);
    gate.stand.scan(&exit);
    assert_eq!(gate.sheet(), "抽检");
    gate.stand.key(Key::Enter);
    assert_eq!(gate.sheet(), "抽检", "how many is said first");
    gate.stand.enter("1");
    assert!(gate.said().contains("有商品没付"), "{}", gate.said());
    let kept = gate.records();
    let drawn = kept.iter().find_map(|record| match record {
        PhoneRecord::ExitChecked { drawn, staff, .. } => drawn.map(|drawn| (drawn, staff.clone())),
        _ => None,
    });
    let (drawn, staff) = drawn.expect("chance is written down");
    assert_eq!((drawn.chance, drawn.due, staff.is_empty()), (10_000, true, false));
    assert!(
        kept.iter()
            .any(|record| matches!(record, PhoneRecord::ExitAudited { found, .. } if found.missed == 1))
    );
    // An exit code whose time is over lets nobody leave.
    let mut late = Till::open(2);
    late.stand.moment.now_ms += 3 * 3_600_000;
    assert!(late.refused(&exit).contains("离店码已过时"), "{}", late.said());
}

/// A kiosk, and its files.
struct Kiosk {
    stand: KioskStand,
    folder: tempfile::TempDir,
}

impl Kiosk {
    fn open() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        files(folder.path(), 1);
        let stand = KioskStand::open(folder.path(), kiosk_config(), MORNING).expect("a kiosk");
        let mut kiosk = Self { stand, folder };
        kiosk.stand.screen.set_size(1_080, 1_400);
        kiosk.stand.screen.show().expect("shown");
        kiosk.stand.open_for_customers("101", "1234");
        kiosk
    }

    fn lines(&self) -> usize {
        self.stand.lane.till().expect("open").basket().lines().len()
    }

    fn said(&self) -> String {
        self.stand.view().notice.map(|notice| format!("{} {}", notice.what, notice.rest)).unwrap_or_default()
    }

    fn tap(&mut self, label: &str) {
        let buttons = ElementQuery::from_root(self.stand.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let labels: Vec<_> =
            buttons.iter().filter_map(i_slint_backend_testing::ElementHandle::accessible_label).collect();
        let named = buttons.iter().find(|button| button.accessible_label().as_deref() == Some(label));
        named.unwrap_or_else(|| panic!("{label} among {labels:?}")).invoke_accessible_default_action();
        self.stand.settle();
    }

    /// The agent answers what it was asked last of a phone's code.
    fn hears(&mut self, answer: Told) {
        let (number, _) = asked(&self.stand.commands).pop().expect("a question");
        self.stand.commands.clear();
        self.stand.turn(vec![Event::Answered { number, answer: Some(Box::new(answer)) }]);
    }

    /// The squares of the code that is shown.
    fn code(&self) -> Option<usize> {
        match self.stand.view().page {
            KioskPage::Plain { code, .. } => code.map(|code| code.dark.len()),
            _ => None,
        }
    }
}

#[test]
fn at_a_kiosk_a_phones_basket_begins_a_purchase_and_what_differs_is_looked_at() {
    let water = price(WATER, 2);
    let mut kiosk = Kiosk::open();
    assert_eq!(kiosk.stand.title(), "自助收银");
    reprice(kiosk.folder.path(), JUICE, 8_800);
    kiosk.stand.scan(&usual(1, vec![line(WATER, 2, water), line(JUICE, 1, 100)]));
    assert_eq!((kiosk.lines(), kiosk.stand.title().as_str()), (2, "和手机上的不一样"));
    let KioskPage::List { rows, .. } = kiosk.stand.view().page else { panic!("no list") };
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(rows[0].detail.contains("¥1.00") && rows[0].value == "¥88.00", "{rows:?}");
    // Whoever goes back is shown it again before the payment.
    kiosk.tap("返回");
    kiosk.stand.go_to_payment();
    assert_eq!(kiosk.stand.title(), "和手机上的不一样");
    kiosk.tap("知道了");
    kiosk.tap("去付款");
    assert_eq!(kiosk.stand.title(), "请出示付款码");
    kiosk.stand.scan(PAY_CODE);
    kiosk.stand.answer(Answer::Paid { reference: "4200".into() }).expect("paid");
    // The thanks have the exit code, and the receipt's on demand.
    let exit = kiosk.code().expect("an exit code");
    assert!(matches!(kiosk.stand.view().page, KioskPage::Plain { text, .. } if text.contains("离店码")));
    kiosk.tap("电子小票（扫码）");
    assert!(kiosk.code().is_some_and(|receipt| receipt < exit), "the receipt's code is the smaller one");
    kiosk.tap("离店码");
    assert_eq!(kiosk.code(), Some(exit));
    kiosk.tap("完成");
    // Once is enough.
    kiosk.stand.commands.clear();
    kiosk.stand.scan(&usual(1, vec![line(WATER, 2, water)]));
    assert!(kiosk.said().contains("这个购物篮已经用过"), "{}", kiosk.said());
    assert!(kiosk.stand.commands.contains(&Command::Play(Tone::Blocked)));
    assert_eq!(kiosk.stand.title(), "自助收银", "nobody began anything");
    let sold = records(kiosk.folder.path()).into_iter().find_map(|record| match record {
        Record::SaleCompleted { sale } => Some(sale.phones),
        _ => None,
    });
    assert_eq!(sold, Some(vec![CodeId([1; 12])]));
}

#[test]
fn a_customer_who_had_no_goods_yet_is_gone_as_any_other() {
    let code = usual(1, vec![line(WATER, 1, price(WATER, 1))]);
    // At a till: somebody said who they are, and went.
    let mut till = Till::open(1);
    till.stand.scan(GOLD_CARD);
    assert!(till.till().basket().member().is_some(), "{}", till.said());
    till.stand.agent_is_slow = true;
    till.stand.scan(&code);
    till.stand.press(Button::CancelBasket);
    assert!(till.till().basket().is_untouched(), "{}", till.said());
    till.hears(YES);
    assert_eq!(till.lines(), 0, "the next one has nothing of it: {}", till.said());
    assert!(till.said().contains("这一单换过了"), "{}", till.said());
    assert_eq!(released(&till.stand.commands), [number(1)]);
    // At a kiosk nobody has to have said anything.
    for card in [Some(GOLD_CARD), None] {
        let mut kiosk = Kiosk::open();
        kiosk.stand.codes_are_slow = true;
        kiosk.tap("触摸开始");
        if let Some(card) = card {
            kiosk.stand.scan(card);
        }
        kiosk.stand.scan(&code);
        kiosk.stand.pass(100);
        assert_eq!(kiosk.stand.title(), "自助收银", "{card:?}");
        kiosk.hears(YES);
        assert_eq!(kiosk.lines(), 0, "{card:?}: {}", kiosk.said());
        assert_eq!(released(&kiosk.stand.commands), [number(1)], "{card:?}");
    }
}

#[test]
fn at_a_kiosk_an_answer_leaves_the_customer_where_they_are() {
    let water = price(WATER, 1);
    for (id, shown, is_as_shown) in [(1, water, true), (2, 100, false)] {
        let mut kiosk = Kiosk::open();
        kiosk.stand.codes_are_slow = true;
        kiosk.stand.scan(&code_of(TEA).expect("a code"));
        kiosk.stand.scan(&usual(id, vec![line(WATER, 1, shown)]));
        kiosk.tap("会员码 / 优惠券");
        for digit in "138".chars() {
            kiosk.stand.touch(Touch::Digit(digit));
        }
        let before = kiosk.stand.view().page;
        kiosk.hears(YES);
        assert_eq!(kiosk.lines(), 2, "{}", kiosk.said());
        assert_eq!(kiosk.stand.view().page, before, "what was typed is still there");
        assert!(kiosk.said().contains("手机购物篮已加上"), "{}", kiosk.said());
        // What differs is looked at before the payment all the same.
        kiosk.tap("返回");
        kiosk.stand.go_to_payment();
        let title = if is_as_shown { "请出示付款码" } else { "和手机上的不一样" };
        assert_eq!(kiosk.stand.title(), title);
    }
}

#[test]
fn at_a_kiosk_only_the_attendant_checks_exit_codes() {
    let mut till = Till::open_with(1, |config| config.scan_go.exit_for_all = true);
    till.stand.scan(&code_of(WATER).expect("a code"));
    till.pay_in_cash();
    let exit = printed(&till.stand.commands).pop().expect("an exit code");
    let mut kiosk = Kiosk::open();
    kiosk.stand.scan(&exit);
    assert!(kiosk.said().contains("这是离店码"), "{}", kiosk.said());
    let checked = |kiosk: &Kiosk| {
        let such = |record: &Record| matches!(record, Record::Phone(PhoneRecord::ExitChecked { .. }));
        records(kiosk.folder.path()).iter().filter(|record| such(record)).count()
    };
    assert_eq!(checked(&kiosk), 0, "a stranger uses nothing up");
    kiosk.stand.attend("102", "2345");
    kiosk.stand.scan(&exit);
    assert!(kiosk.said().contains("已付款 ¥") && kiosk.said().contains("1 件"), "{}", kiosk.said());
    kiosk.stand.scan(&exit);
    assert!(kiosk.said().contains("离店码已经用过"), "{}", kiosk.said());
    assert_eq!(checked(&kiosk), 1);
    kiosk.stand.touch(Touch::Go);
}

#[test]
fn at_a_kiosk_a_code_of_another_lane_is_refused_and_begins_nothing() {
    let water = price(WATER, 2);
    let mut kiosk = Kiosk::open();
    let code = usual(1, vec![line(WATER, 2, water)]);
    kiosk.stand.of_codes = Some(used(3, MORNING.now_ms + 32 * 60_000));
    kiosk.stand.scan(&code);
    assert_eq!(kiosk.said(), "这个购物篮已在 3 号收银台用过（10:32） 没有加上。请在手机上重新生成二维码。");
    assert!(kiosk.stand.commands.contains(&Command::Play(Tone::Blocked)));
    assert_eq!((kiosk.lines(), kiosk.stand.title().as_str()), (0, "自助收银"), "nobody began anything");
    kiosk.stand.of_codes = Some(YES);
    kiosk.stand.scan(&code);
    assert_eq!((kiosk.lines(), released(&kiosk.stand.commands).len()), (1, 0));
    assert_ne!(kiosk.stand.title(), "自助收银");
}

#[test]
fn what_opens_a_kiosk_is_where_it_is_measured() {
    HEADLESS.with(|()| ());
    let folder = tempfile::tempdir().expect("a folder");
    files(folder.path(), 1);
    let mut stand = KioskStand::open(folder.path(), kiosk_config(), MORNING).expect("a kiosk");
    stand.screen.set_size(1_080, 1_400);
    stand.screen.show().expect("shown");
    let mut wrong = Vec::new();
    for (label, x, y) in OPENING {
        let buttons = ElementQuery::from_root(stand.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let named = buttons.iter().find(|button| button.accessible_label().as_deref() == Some(label));
        let button = named.unwrap_or_else(|| panic!("no {label}"));
        let (at, size) = (button.absolute_position(), button.size());
        let within = |from: f32, long: f32, at: u32| (from..from + long).contains(&(at as f32));
        if !within(at.x, size.width, x) || !within(at.y, size.height, y) {
            wrong.push(format!("{label} is at {at:?} {size:?}"));
        }
        button.invoke_accessible_default_action();
        stand.settle();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
    assert!(records(folder.path()).iter().any(signed_in));
}
