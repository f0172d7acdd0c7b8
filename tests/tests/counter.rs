//! The devices of the counter behind a real lane: a wallet that is asked, and a display that shows what is to be paid.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

#[path = "counter/devices.rs"]
mod devices;

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use domain::basket::{LINES_MAX, Savings, WeighedBy};
use domain::payment::Outcome;
use domain::record::{Record, Staff};
use domain::refund::{Origin, PastSale};
use domain::rights::{Act, Rights};
use domain::sale::Sale;
use domain::tax::TaxRules;
use domain::till::{Desk, Input};
use drivers::display::Model;
use drivers::frame::Health;
use drivers::frame::supervisor::{Ending, Told};
use drivers::payment::SignKind;
use drivers::printer::escpos::EncodeError;
use drivers::printer::{Outcome as Paper, PrinterEvent};
use drivers::scale::Protocol;
use drivers::scale::{Load, Weight};
use drivers::scanner::Scan;
use drivers::sound::Tone;
use fixtures::access_point::{RadioOptions, SimulatedAccessPoint};
use fixtures::display::SimulatedDisplay;
use fixtures::line::Socket;
use fixtures::printer::{Fault, PrinterOptions, SimulatedPrinter};
use fixtures::scale::SimulatedScale;
use fixtures::scanner::SimulatedScanner;
use fixtures::shop;
use fixtures::wallet::{APP_ID, Customer, Kind, MERCHANT_ID, Mischief, SimulatedWallet, WECHAT_KEY, keys};
use ledger::journal::{Identity, JournalReader};
use ledger::reference::ReferenceWriter;
use pos_app::config::{self, Config, Paths};
use pos_app::doctor::{self, Grade};
use pos_app::lane::{Command, Event, LINES_PRICED_AT_ONCE, Lane, Moment};
use pos_app::run::Devices;
use protocol::event;
use protocol::pull::{Change, Entity, StaffMember};
use ui::Key;
use ui::action::{Action, Button};
use ui::view::{Notice, PaperState, PrinterState, Scale, ScaleState, Screen};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };
const PATIENCE: Duration = Duration::from_secs(20);
const WATER: &str = "100001";
const WECHAT_CODE: &str = "134567890123456789";
const ALIPAY_CODE: &str = "281234567890123456";

/// A lane with its devices, turned by hand.
struct Till {
    lane: Lane,
    devices: Devices,
    queue: Receiver<Event>,
    paths: Paths,
    played: Vec<Tone>,
}

impl Till {
    fn open(folder: &Path) -> Self {
        let paths = Paths { data: folder.to_owned() };
        let config: Config = config::read(&paths.config()).expect("the set-up is right");
        let (events, queue) = sync_channel(64);
        let devices = Devices::start(&paths, &config, &events).expect("devices start");
        let lane = Lane::new(paths.clone(), config);
        let mut till = Self { lane, devices, queue, paths, played: Vec::new() };
        till.turn(vec![Event::Tick]);
        till
    }

    fn sign_in(&mut self) {
        for text in ["101", "1234"] {
            let mut events: Vec<Event> =
                text.chars().map(|digit| Event::Action(Action::Press(Button::Digit(digit)))).collect();
            events.push(Lane::key_now(Key::Enter));
            self.turn(events);
        }
        assert!(self.lane.till().is_some_and(|till| till.desk().staff().is_some()), "nobody is signed in");
    }

    fn turn(&mut self, events: Vec<Event>) {
        for command in self.lane.turn(MORNING, events) {
            if let Command::Play(tone) = command {
                self.played.push(tone);
            }
            self.devices.perform(command);
        }
        self.devices.show(&self.lane.view());
    }

    fn feed(&mut self, input: Input) {
        self.lane.feed(input);
        self.turn(Vec::new());
    }

    /// Takes in what devices have to say until `done`.
    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !done(self) {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.queue.recv_timeout(left).unwrap_or_else(|error| panic!("{what}: {error}"));
            self.turn(vec![event]);
        }
    }

    /// How payments ended, as the journal has it.
    fn payments(&self) -> Vec<(u64, Outcome)> {
        let reader = JournalReader::open(&self.paths.journal()).expect("a journal").expect("it is there");
        let entries = reader.entries_after(0, 1_000, usize::MAX).expect("entries");
        entries
            .iter()
            .filter_map(|entry| {
                let event = event::decode(&entry.bytes).expect("our own event");
                match event.record().expect("a record") {
                    Record::PaymentEnded { number, outcome, .. } => Some((number, outcome)),
                    _ => None,
                }
            })
            .collect()
    }

    /// The last sale, with its number.
    fn last_sale(&self) -> (u64, Sale) {
        let till = self.lane.till().expect("open");
        let seq = till.last_sale().expect("a sale");
        let record = self.lane.journal().expect("open").record(seq).expect("read").record;
        let Record::SaleCompleted { sale } = record else { panic!("{record:?} is no sale") };
        (seq, *sale)
    }

    /// Rings up water and takes the customer's code.
    fn charge(&mut self, shop: &shop::Shop, code: &str) {
        let product = shop.products.iter().find(|product| product.sku == WATER).expect("among the goods");
        self.turn(vec![Event::Scan(Scan::parse(&product.codes[0]))]);
        self.feed(Input::Pay);
        self.feed(Input::Code(code.to_owned()));
    }
}

fn reference(folder: &Path) -> shop::Shop {
    let shop = shop::demo();
    let mut writer = ReferenceWriter::open(&folder.join("reference.db")).expect("a new file");
    writer.set_identity(&Identity { store: "S001".into(), lane: 2, epoch: 1 }).expect("written");
    let update = writer.begin().expect("begun");
    let mut version = 0;
    let mut apply = |key: &str, entity| {
        version += 1;
        update.apply(&Change { version, key: key.to_owned(), entity }).expect("applied");
    };
    apply("S001", Entity::Store(Some(shop.store.clone())));
    for category in &shop.categories {
        apply(&category.id, Entity::Category(Some(category.clone())));
    }
    for product in &shop.products {
        apply(&product.sku, Entity::Product(Some(product.clone())));
    }
    for class in &shop.tax_classes {
        apply(&class.id, Entity::TaxClass(Some(class.clone())));
    }
    for (number, row) in shop.prices.iter().enumerate() {
        apply(&number.to_string(), Entity::Price(Some(row.clone())));
    }
    for staff in &shop.staff {
        let member = StaffMember {
            id: staff.id.clone(),
            number: staff.number.clone(),
            name: staff.name.clone(),
            role: staff.role.clone(),
            pin_hash: hash(&staff.pin),
        };
        apply(&member.id.clone(), Entity::Staff(Some(member)));
    }
    update.commit(version).expect("committed");
    shop
}

/// As HQ hashes a PIN on import, with little work so that tests are quick.
fn hash(pin: &str) -> String {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let params = Params::new(64, 1, 1, None).expect("small but valid");
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    hasher.hash_password(pin.as_bytes()).expect("hashed").to_string()
}

/// A lane's folder with goods, keys and devices.
struct Counter {
    folder: tempfile::TempDir,
    shop: shop::Shop,
    wechat: SimulatedWallet,
    alipay: SimulatedWallet,
    pole: SimulatedDisplay,
    scale: SimulatedScale,
}

impl Counter {
    fn set_up() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = reference(folder.path());
        let wechat = SimulatedWallet::start(Kind::WeChat(SignKind::Md5)).expect("a port");
        let alipay = SimulatedWallet::start(Kind::Alipay).expect("a port");
        let tcp = Socket::Tcp("127.0.0.1:0".to_owned());
        let pole = SimulatedDisplay::start(&tcp, Model::Cd5220 { chinese: true }).expect("a port");
        let tty = Socket::Pty(folder.path().join("scale-port"));
        let scale = SimulatedScale::start(&tty, Protocol::Toledo8217).expect("a pseudo-terminal");
        scale.put(1_250);
        for (file, text) in [
            ("wechat.key", WECHAT_KEY),
            ("own.key", keys::merchant().private.as_str()),
            ("alipay.key", &keys::alipay().public),
        ] {
            std::fs::write(folder.path().join(file), format!("{text}\n")).expect("written");
        }
        let text = format!(
            "[sound]\nplayer = [\"true\"]\n\n[scale]\nport = \"{}\"\nprotocol = \"toledo-8217\"\nserial = \"8N1\"\n\n\
             [display]\nport = \"{}\"\nmodel = \"cd5220-gbk\"\n\n\
             [payment.wechat]\napp_id = \"{APP_ID}\"\nmerchant_id = \"{MERCHANT_ID}\"\nkey_file = \"wechat.key\"\n\
             sign = \"md5\"\nbase = \"{}\"\n\n\
             [payment.alipay]\napp_id = \"{APP_ID}\"\nprivate_key_file = \"own.key\"\nalipay_key_file = \"alipay.key\"\n\
             gateway = \"{}\"\n",
            scale.wire().place(),
            pole.wire().place(),
            wechat.base(),
            alipay.base()
        );
        std::fs::write(folder.path().join("lane.toml"), text).expect("written");
        Self { folder, shop, wechat, alipay, pole, scale }
    }

    /// The same counter with a further section in its set-up.
    fn with(self, section: &str) -> Self {
        let file = self.folder.path().join("lane.toml");
        let text = std::fs::read_to_string(&file).expect("written before");
        std::fs::write(&file, format!("{text}\n{section}")).expect("written");
        self
    }

    /// A counter with a printer of this profile, which sells for cash.
    fn with_printer(profile: &str, options: PrinterOptions) -> (Self, SimulatedPrinter) {
        let printer = SimulatedPrinter::start("127.0.0.1:0", options).expect("a port");
        let section = format!("[printer]\naddress = \"{}\"\nprofile = \"{profile}\"\n", printer.addr());
        (Self::set_up().with(&section), printer)
    }

    fn till(&self) -> Till {
        Till::open(self.folder.path())
    }
}

#[test]
fn a_customer_pays_by_code_and_sees_it_on_the_pole() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    for (number, (code, wallet)) in
        [(WECHAT_CODE, &counter.wechat), (ALIPAY_CODE, &counter.alipay)].into_iter().enumerate()
    {
        till.charge(&counter.shop, code);
        till.wait("the payment", |till| till.payments().len() > number);
        assert_eq!(till.payments().last().map(|(_, outcome)| *outcome), Some(Outcome::Paid));
        assert_eq!(wallet.money(), 200, "{code}");
        assert_eq!(wallet.errors(), Vec::<String>::new());
        let desk = till.lane.till().map(|till| till.desk().clone());
        assert!(matches!(desk, Some(Desk::Done(..))), "{desk:?}");
        let face = counter.pole.wait_for(PATIENCE, |face| face.lower.starts_with("找零"));
        assert_eq!(face.errors, Vec::<String>::new());
    }
    // Numbers are those of the lane, and used once.
    for (wallet, number) in [(&counter.wechat, "S001-2-1-1"), (&counter.alipay, "S001-2-1-2")] {
        assert!(wallet.order(number).is_some_and(|order| order.charges == 1), "{number}");
    }
}

#[test]
fn money_for_what_comes_back_goes_to_the_wallet_it_came_from() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    till.charge(&counter.shop, WECHAT_CODE);
    till.wait("the payment", |till| !till.payments().is_empty());
    let (seq, sale) = till.last_sale();
    let origin = Origin { store: "S001".into(), lane: 2, epoch: 1, seq };
    let past = PastSale::new(origin, &sale, &[], TaxRules::default());
    till.feed(Input::BeginReturn { past: Box::new(past) });
    // 101 is a cashier: the manager approves both steps.
    let staff = Staff { id: "m".into(), number: "9".into(), name: "店长".into() };
    let approve = Input::Approve { staff, rights: Rights::ALL, matches: true, reason: "看过".into() };
    till.feed(approve.clone());
    till.feed(Input::ReturnLine { line: 1, thousandths: 1_000, reason: "变质".into() });
    till.feed(approve);
    till.feed(Input::Pay);
    // Its answer is lost, and asked about under the same number.
    counter.wechat.next([Mischief::AnswerLost]);
    till.feed(Input::PayOut);
    till.wait("the refund", |till| till.payments().len() == 2);
    assert_eq!(till.payments()[1], (2, Outcome::Paid));
    let refund = counter.wechat.refund("S001-2-1-1", "S001-2-1-2").expect("the wallet knows it");
    assert_eq!((refund.amount_minor, counter.wechat.money()), (200, 0));
    assert_eq!(counter.wechat.errors(), Vec::<String>::new());
}

#[test]
fn a_refusal_leaves_the_basket_to_be_paid_otherwise() {
    let counter = Counter::set_up();
    counter.wechat.set_customer(Customer::IsRefused);
    let mut till = counter.till();
    till.sign_in();
    till.charge(&counter.shop, WECHAT_CODE);
    till.wait("the refusal", |till| !till.payments().is_empty());
    assert_eq!(till.payments(), [(1, Outcome::Declined)]);
    let desk = till.lane.till().map(|till| till.desk().clone());
    assert!(matches!(desk, Some(Desk::Paying(_))), "{desk:?}");
    let face = counter.pole.wait_for(PATIENCE, |face| face.upper.starts_with("应付"));
    assert!(face.upper.ends_with("2.00"), "{face:?}");
}

#[test]
fn a_stop_in_the_middle_of_a_payment_is_asked_about_and_not_charged_again() {
    let counter = Counter::set_up();
    counter.wechat.next([Mischief::AnswerLost]);
    counter.wechat.always(Mischief::RequestLost);
    let mut till = counter.till();
    till.sign_in();
    till.charge(&counter.shop, WECHAT_CODE);
    assert!(counter.wechat.wait_for_asked(1, PATIENCE));
    // The plug is pulled: paid at the wallet, and the lane does not know.
    drop(till);
    counter.wechat.always(Mischief::None);
    let mut till = counter.till();
    till.turn(vec![Event::Tick]);
    till.wait("the truth", |till| !till.payments().is_empty());
    assert_eq!(till.payments(), [(1, Outcome::Paid)]);
    let order = counter.wechat.order("S001-2-1-1").expect("the wallet knows it");
    assert_eq!((order.charges, counter.wechat.money()), (1, 200));
}

const APPLES: &str = "140002";

impl Till {
    fn choose_apples(&mut self) {
        self.feed(Input::Choose { sku: APPLES.to_owned(), count: None });
    }

    /// The weights in the basket, with who said them.
    fn weights(&self) -> Vec<(String, Option<WeighedBy>)> {
        let lines = self.lane.till().map(|till| till.basket().lines().to_vec()).unwrap_or_default();
        lines.iter().map(|line| (line.quantity.to_string(), line.weighed_by)).collect()
    }

    fn scale(&self) -> Scale {
        match self.lane.view().screen {
            Screen::Sell(sell) => sell.scale.expect("a scale"),
            other => panic!("not selling: {other:?}"),
        }
    }

    fn until_scale(&mut self, wanted: impl Fn(&Scale) -> bool) {
        self.wait("the scale", |till| wanted(&till.scale()));
    }
}

const BY_SCALE: Option<WeighedBy> = Some(WeighedBy::Scale { net: false });

#[test]
fn what_lies_still_on_the_scale_joins_the_basket() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    counter.scale.put_moving(856, 8);
    till.choose_apples();
    till.until_scale(|scale| scale.state == ScaleState::Moving);
    assert!(till.scale().goods.contains("苹果"), "{:?}", till.scale());
    // Nobody pays past goods that lie on the scale.
    till.turn(vec![Event::Action(Action::Press(Button::Pay))]);
    assert!(matches!(till.lane.view().notice, Some(Notice::StillWeighing { .. })));
    till.wait("the weight", |till| !till.weights().is_empty());
    assert_eq!(till.weights(), [("0.856".to_owned(), BY_SCALE)]);

    // The same load is not sold twice; the next one is.
    till.choose_apples();
    till.until_scale(|scale| scale.state == ScaleState::Sold);
    counter.scale.put(0);
    till.until_scale(|scale| scale.weight == "0.000 kg");
    assert_eq!(till.weights().len(), 1);
    counter.scale.put(377);
    till.wait("the weight", |till| till.weights().len() == 2);
    assert_eq!(till.weights()[1], ("0.377".to_owned(), BY_SCALE));
    assert_eq!(counter.scale.errors(), Vec::<String>::new());
}

#[test]
fn a_scale_unplugged_in_the_middle_adds_nothing_and_says_so() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    counter.scale.put_moving(640, u32::MAX);
    till.choose_apples();
    till.until_scale(|scale| scale.state == ScaleState::Moving);
    counter.scale.wire().set_plugged(false);
    till.wait("the notice", |till| matches!(till.lane.view().notice, Some(Notice::NotWeighed { .. })));
    assert!(till.weights().is_empty() && till.scale().goods.is_empty());
    // Plugged in again it weighs what is chosen then, and nothing by surprise.
    counter.scale.put(655);
    counter.scale.change(|platter| platter.moving_for = 0);
    counter.scale.wire().set_plugged(true);
    till.until_scale(|scale| scale.weight == "0.655 kg");
    assert!(till.weights().is_empty());
    till.choose_apples();
    till.wait("the weight", |till| till.weights().len() == 1);
    assert_eq!(till.weights(), [("0.655".to_owned(), BY_SCALE)]);
}

#[test]
fn an_answer_about_goods_that_were_left_out_is_not_that_of_the_next() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    till.choose_apples();
    till.turn(vec![Event::Action(Action::Press(Button::Back))]);
    assert!(till.scale().goods.is_empty());
    till.choose_apples();
    // The scale had weighed for the first question, and its answer was on the way.
    let load = Load { weight: Weight::grams_of(1_000), net: None, computed_minor: None };
    let ending = Ending::Answered(drivers::scale::ScaleAnswer::Weighed(load));
    till.turn(vec![Event::Scale(Told::Ended { id: 1, ending })]);
    assert!(till.weights().is_empty(), "{:?}", till.weights());
    assert!(!till.scale().goods.is_empty(), "they are still waited for");
    counter.scale.put(377);
    till.wait("the weight", |till| !till.weights().is_empty());
    assert_eq!(till.weights(), [("0.377".to_owned(), BY_SCALE)]);
}

#[test]
fn too_much_is_told_and_a_typed_weight_takes_a_right() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    counter.scale.put(15_005);
    till.choose_apples();
    till.wait("the notice", |till| matches!(till.lane.view().notice, Some(Notice::ScaleOverRange { .. })));
    // A code that is typed next is that of other goods, and no number of grams.
    counter.scale.put(0);
    till.until_scale(|scale| scale.weight == "0.000 kg");
    counter.scale.put(410);
    let mut events: Vec<Event> =
        "11001".chars().map(|digit| Event::Action(Action::Press(Button::Digit(digit)))).collect();
    events.push(Event::Action(Action::Press(Button::Enter)));
    till.turn(events);
    till.wait("the weight", |till| !till.weights().is_empty());
    assert_eq!(till.weights(), [("0.410".to_owned(), BY_SCALE)]);
    // 101 is a cashier: nobody typed it into the basket.
    till.feed(Input::Choose { sku: APPLES.to_owned(), count: Some(500) });
    assert_eq!(till.weights().len(), 1);
    assert_eq!(till.lane.till().and_then(|till| till.pending()), Some(Act::TypeWeight));
}

#[test]
fn a_tare_is_taken_off_and_the_journal_knows_it() {
    let counter = Counter::set_up();
    let mut till = counter.till();
    till.sign_in();
    counter.scale.put(120);
    till.turn(vec![Lane::key_now(Key::End)]);
    till.until_scale(|scale| scale.net && scale.weight == "0.000 kg");
    till.choose_apples();
    counter.scale.put(620);
    till.wait("the weight", |till| !till.weights().is_empty());
    assert_eq!(till.weights(), [("0.500".to_owned(), Some(WeighedBy::Scale { net: true }))]);
}

impl Till {
    fn printer(&self) -> PrinterState {
        self.lane.view().bar.printer
    }

    /// How the paper of the sale on the screen stands.
    fn paper(&self) -> Option<PaperState> {
        match self.lane.view().screen {
            Screen::Done(done) => Some(done.paper),
            _ => None,
        }
    }

    /// Sells so many bottles, each on a line of its own, for the exact amount, and gives the sale's number.
    fn sell(&mut self, shop: &shop::Shop, lines: usize) -> u64 {
        let product = shop.products.iter().find(|product| product.sku == WATER).expect("among the goods");
        for _ in 0..lines {
            self.lane.feed(Input::Code(product.codes[0].clone()));
        }
        assert_eq!(self.lane.till().expect("open").basket().lines().len(), lines);
        let press = |button| Event::Action(Action::Press(button));
        self.turn(vec![press(Button::Pay), press(Button::QuickCash(0))]);
        self.last_sale().0
    }

    /// Opens the sheet of devices from the menu.
    fn look_at_devices(&mut self) {
        self.turn(vec![Lane::key_now(Key::Tab)]);
        let menu = self.lane.view().sheet.expect("the menu");
        let row = menu.rows.iter().position(|row| row.name == "设备与状态").expect("a row for devices");
        self.turn(vec![Event::Action(Action::Press(Button::Row(row)))]);
    }
}

#[test]
fn a_roll_near_its_end_is_told_before_it_ends() {
    let (counter, printer) = Counter::with_printer("epson-tm-t88", PrinterOptions::default());
    let mut till = counter.till();
    till.sign_in();
    till.wait("the printer", |till| till.printer() == PrinterState::Ready);
    printer.set_fault(Fault::PaperNearEnd);
    till.sell(&counter.shop, 1);
    till.wait("the receipt", |till| till.paper() == Some(PaperState::Printed));
    assert_eq!((till.printer(), printer.receipts().len()), (PrinterState::PaperLow, 1));
}

#[test]
fn a_receipt_whose_paper_ends_waits_at_the_till_and_is_printed_once() {
    let options = PrinterOptions { fault: Fault::PaperOutAfter { lines: 4 }, ..PrinterOptions::default() };
    let (counter, printer) = Counter::with_printer("epson-tm-t88", options);
    let mut till = counter.till();
    till.sign_in();
    till.wait("the printer", |till| till.printer() == PrinterState::Ready);
    let sale = till.sell(&counter.shop, 1);
    till.wait("the end of the paper", |till| till.printer() == PrinterState::PaperOut);
    assert_eq!((till.paper(), printer.receipts().len()), (Some(PaperState::Waiting), 0));
    printer.set_fault(Fault::None);
    till.wait("the receipt", |till| till.paper() == Some(PaperState::Printed));
    let receipts = printer.receipts();
    assert_eq!((receipts.len(), printer.errors()), (1, Vec::new()));
    assert!(receipts[0].text.contains(&format!("{sale:06}")) && !receipts[0].text.contains("重打"));
}

#[test]
fn a_receipt_in_doubt_is_asked_about_and_printed_again_with_a_mark() {
    let (counter, printer) = Counter::with_printer("epson-tm-t88", PrinterOptions::default());
    let mut till = counter.till();
    till.sign_in();
    till.wait("the printer", |till| till.printer() == PrinterState::Ready);
    // Twelve bytes of questions, then the head of the receipt.
    printer.set_fault(Fault::DropAfter { bytes: 12 + 120 });
    let sale = till.sell(&counter.shop, 1);
    till.wait("the doubt", |till| till.paper() == Some(PaperState::InDoubt));
    assert_eq!(till.lane.view().sheet, None, "the customer is served first");
    till.feed(Input::Back);
    let sheet = till.lane.view().sheet.expect("a person is asked");
    assert!(sheet.title.contains("小票") && sheet.title.contains(&format!("{sale:06}")), "{sheet:?}");
    // Escape decides nothing: the next customer is served, then it is asked again.
    till.turn(vec![Lane::key_now(Key::Escape)]);
    assert_eq!(till.lane.view().sheet, None);
    let next = till.sell(&counter.shop, 1);
    till.wait("the next receipt", |_| printer.receipts().len() > 1);
    till.feed(Input::Back);
    let sheet = till.lane.view().sheet.expect("the person is asked again");
    assert!(sheet.title.contains(&format!("{sale:06}")), "{sheet:?}");
    // No, print again.
    till.turn(vec![Lane::key_now(Key::Function(5))]);
    till.wait("the reprint", |_| printer.receipts().len() > 2);
    let receipts = printer.receipts();
    let marks: Vec<bool> = receipts.iter().map(|receipt| receipt.text.contains("重打")).collect();
    assert_eq!(marks, [false, false, true], "{receipts:?}");
    assert!(receipts[1].text.contains(&format!("{next:06}")));
    assert!(receipts[2].text.contains(&format!("{sale:06}")));
}

#[test]
fn twenty_scans_are_sold_while_the_printer_hangs() {
    let (counter, printer) = Counter::with_printer("epson-tm-t88", PrinterOptions::default());
    let mut till = counter.till();
    till.sign_in();
    till.wait("the printer", |till| till.printer() == PrinterState::Ready);
    printer.set_fault(Fault::Hang);
    let first = till.sell(&counter.shop, 1);
    till.feed(Input::Back);
    till.played.clear();
    let codes: Vec<String> =
        counter.shop.products.iter().flat_map(|product| product.codes.first().cloned()).take(20).collect();
    for code in &codes {
        till.turn(vec![Event::Scan(Scan::parse(code))]);
    }
    let basket = till.lane.till().expect("open").basket().clone();
    let sold: Vec<&str> = basket.lines().iter().map(|line| line.code.as_str()).collect();
    assert_eq!(sold, codes, "none is lost, none is merged");
    assert_eq!(till.played, vec![Tone::Accepted; 20]);
    till.turn(vec![Event::Action(Action::Press(Button::Pay))]);
    // One that comes while money is taken is sold too, or says that it is not.
    till.turn(vec![Event::Scan(Scan::parse(&codes[0]))]);
    let is_sold = till.lane.till().expect("open").basket().lines().len() == 21;
    assert!(is_sold || till.played.last() == Some(&Tone::Blocked), "{:?}", till.played);
    till.turn(vec![
        Event::Action(Action::Press(Button::Pay)),
        Event::Action(Action::Press(Button::QuickCash(0))),
    ]);
    let (second, _) = till.last_sale();
    assert!(second > first, "it is on the disk, whatever the printer does");
    assert_eq!(printer.receipts().len(), 0);
}

#[test]
fn the_largest_basket_gets_its_receipt() {
    let (counter, printer) = Counter::with_printer("epson-tm-t88", PrinterOptions::default());
    let mut till = counter.till();
    till.sign_in();
    till.wait("the printer", |till| till.printer() == PrinterState::Ready);
    till.sell(&counter.shop, LINES_MAX);
    till.wait("the receipt", |till| till.paper() == Some(PaperState::Printed));
    let receipts = printer.wait_for_receipts(1, PATIENCE);
    let product = counter.shop.products.iter().find(|product| product.sku == WATER).expect("among the goods");
    let lines = receipts[0].text.lines().filter(|line| line.contains(&product.codes[0])).count();
    assert_eq!((lines, printer.errors()), (LINES_MAX, Vec::new()));
}

#[test]
fn what_no_printer_confirmed_is_not_called_printed() {
    let (counter, printer) = Counter::with_printer("generic-80", PrinterOptions::default());
    let mut till = counter.till();
    till.sign_in();
    till.sell(&counter.shop, 1);
    let is_over = |till: &Till| !matches!(till.paper(), Some(PaperState::Waiting | PaperState::Printing));
    till.wait("the receipt", is_over);
    assert_eq!(till.paper(), Some(PaperState::Sent));
    assert_eq!(printer.wait_for_receipts(1, PATIENCE).len(), 1);
}

#[test]
fn a_receipt_that_cannot_be_printed_is_said_to_be_none() {
    let options = PrinterOptions { fault: Fault::PaperOut, ..PrinterOptions::default() };
    let (counter, printer) = Counter::with_printer("epson-tm-t88", options);
    let mut till = counter.till();
    till.sign_in();
    till.wait("the end of the paper", |till| till.printer() == PrinterState::PaperOut);
    let sale = till.sell(&counter.shop, 1);
    printer.set_fault(Fault::None);
    // As the driver says it of a document beyond its bounds.
    let rejected = Paper::Rejected(EncodeError::TooManyRows { rows: 99_999 }.into());
    let ready = PrinterEvent::Health(Health::Ready);
    for command in till.lane.turn(MORNING, vec![Event::Printer(ready)]) {
        assert!(!matches!(command, Command::OpenDrawer { .. }), "{command:?}");
    }
    till.turn(vec![Event::Printer(PrinterEvent::JobEnded { id: sale, outcome: rejected })]);
    assert_eq!(till.paper(), Some(PaperState::NotPrinted));
    let notice = till.lane.view().notice;
    assert!(
        matches!(&notice, Some(Notice::Said { what, rest, .. })
        if what.contains("没打出来") && rest.contains("F11")),
        "{notice:?}"
    );
}

/// Goods of a large basket are on the screen before what promotions take off them is known, at no less than they then
/// cost; those of a small one are priced at once, and where more follows all of it is priced together.
#[test]
fn goods_of_a_large_basket_are_seen_before_their_promotions() {
    let codes: Vec<String> = shop::demo()
        .products
        .iter()
        .filter(|product| !product.weighed && !product.age_restricted && product.price > 0)
        .filter_map(|product| product.codes.iter().find(|code| code.len() == 13).cloned())
        .take(2 * LINES_PRICED_AT_ONCE)
        .collect();
    assert_eq!(codes.len(), 2 * LINES_PRICED_AT_ONCE);
    // Of sparkling water the second is at half price.
    let sparkling = shop::demo().products.iter().find(|product| product.sku == "100007").cloned();
    let sparkling = sparkling.and_then(|product| product.codes.first().cloned()).expect("its code");
    let codes: Vec<String> = codes.into_iter().chain([sparkling.clone(), sparkling]).collect();
    let total = |lane: &Lane| lane.till().map(|till| (till.basket().lines().len(), till.basket().total()));
    let ring = |is_put_off: fn(usize) -> bool| {
        let folder = tempfile::tempdir().expect("a folder");
        tests::stand::reference(folder.path(), 1).expect("a shop with its promotions");
        let mut till = Till::open(folder.path());
        till.sign_in();
        let (mut early, mut higher, mut put_off) = (0, 0, 0);
        for (number, code) in codes.iter().enumerate() {
            let mut seen = None;
            let scan = Event::Scan(Scan::parse(code));
            for command in till.lane.turn_with(MORNING, [scan], |lane| {
                seen = total(lane);
                !is_put_off(number)
            }) {
                till.devices.perform(command);
            }
            let (lines, priced) = total(&till.lane).expect("an open lane");
            let Some((seen_lines, at_most)) = seen else {
                assert!(lines <= LINES_PRICED_AT_ONCE, "{lines} lines were not seen");
                continue;
            };
            assert!(lines > LINES_PRICED_AT_ONCE && seen_lines == lines, "{seen_lines} of {lines} lines");
            assert!(at_most >= priced, "{at_most:?} was shown of {priced:?}");
            early += 1;
            higher += usize::from(at_most > priced);
            if is_put_off(number) {
                let savings = till.lane.till().map(|till| till.basket().savings());
                assert_eq!((at_most, savings), (priced, Some(Savings::Due)), "code {number}");
                put_off += 1;
            }
        }
        (early, higher, put_off, total(&till.lane))
    };
    let (early, higher, _, at_once) = ring(|_| false);
    assert!(early >= LINES_PRICED_AT_ONCE && higher > 0, "{early} were seen early, {higher} of them fell");
    // Where further codes follow at once, all of them are priced with the last.
    let (_, _, put_off, together) = ring(|number| number < 2 * LINES_PRICED_AT_ONCE + 1);
    assert!(put_off >= LINES_PRICED_AT_ONCE, "{put_off} were put off");
    assert_eq!(together, at_once);
}
