//! One whole sale through the window, without a display: the real lane, files, goods and printer behind it.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use drivers::sound::Tone;
use fixtures::printer::{PrinterOptions, SimulatedPrinter};
use fixtures::shop;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ledger::journal::{Identity, JournalReader};
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Paths, Printer};
use pos_app::lane::{Command, Event, Lane, Moment};
use pos_app::run::Devices;
use protocol::event::{self, Fact};
use protocol::pull::{Change, Entity, StaffMember};
use ui::{Action, Key, TillScreen};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

const PATIENCE: Duration = Duration::from_secs(20);

/// A lane with its window, turned by hand.
struct Till {
    lane: Lane,
    screen: TillScreen,
    devices: Devices,
    queue: Receiver<Event>,
    actions: Rc<RefCell<Vec<Action>>>,
    moment: Moment,
    last_key: Instant,
    sounds: Vec<Tone>,
    _events: SyncSender<Event>,
}

impl Till {
    fn open(folder: &Path, printer: &SimulatedPrinter) -> Self {
        let paths = Paths { data: folder.to_owned() };
        let config = Config {
            printer: Some(Printer::new(printer.addr().to_string(), "xprinter-xp80")),
            ..Config::default()
        };
        let (events, queue) = sync_channel(64);
        let devices = Devices::start(&paths, &config, &events).expect("devices start");
        let actions = Rc::new(RefCell::new(Vec::new()));
        let pressed = Rc::clone(&actions);
        let screen = TillScreen::new(move |action| pressed.borrow_mut().push(action)).expect("a window");
        let lane = Lane::new(paths, config);
        let mut till = Self {
            lane,
            screen,
            devices,
            queue,
            actions,
            moment: MORNING,
            last_key: Instant::now(),
            sounds: Vec::new(),
            _events: events,
        };
        till.turn(vec![Event::Tick]);
        till
    }

    fn turn(&mut self, events: Vec<Event>) {
        let commands = self.lane.turn(self.moment, events);
        self.screen.apply(&self.lane.view());
        for command in commands {
            if let Command::Play(tone) = command {
                self.sounds.push(tone);
            }
            self.devices.perform(command);
        }
    }

    fn settle(&mut self) {
        let actions = self.actions.take();
        self.turn(actions.into_iter().map(Event::Action).collect());
    }

    fn elements(&self, role: AccessibleRole, label: &str) -> Vec<ElementHandle> {
        ElementHandle::find_by_accessible_label(self.screen.window(), label)
            .filter(|element| element.accessible_role() == Some(role))
            .collect()
    }

    fn tap(&mut self, label: &str) {
        let found = self.elements(AccessibleRole::Button, label);
        assert_eq!(found.len(), 1, "buttons called {label:?}");
        found[0].invoke_accessible_default_action();
        self.settle();
    }

    fn key(&mut self, key: Key) {
        // Far enough apart to be a person.
        self.last_key += Duration::from_millis(100);
        self.turn(vec![Event::Action(Action::Key { key, at: self.last_key })]);
    }

    fn type_digits(&mut self, digits: &str) {
        for digit in digits.chars() {
            self.tap(&digit.to_string());
        }
    }

    fn type_digits_by_key(&mut self, digits: &str) {
        for digit in digits.chars() {
            self.key(Key::Char(digit));
        }
    }

    fn scan(&mut self, code: &str) {
        self.turn(vec![Event::Scan(drivers::scanner::Scan::parse(code))]);
    }

    /// Everything that the window says, for people who cannot see it.
    fn words(&self) -> String {
        let all = ElementQuery::from_root(self.screen.window()).match_descendants().find_all();
        let texts = |element: &ElementHandle| {
            [element.accessible_label(), element.accessible_value(), element.accessible_description()]
        };
        all.iter().flat_map(texts).flatten().map(|text| text.to_string()).collect::<Vec<_>>().join("\n")
    }

    fn see(&self, text: &str) {
        let words = self.words();
        assert!(words.contains(text), "{text:?} is not on the screen:\n{words}");
    }

    /// Takes in what the printer has to say until `done`.
    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !done(self) {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.queue.recv_timeout(left).unwrap_or_else(|_| panic!("waited for {what}"));
            self.turn(vec![event]);
        }
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
    for promotion in &shop.promotions {
        apply(&promotion.id, Entity::Promotion(Some(promotion.clone())));
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

#[test]
fn a_whole_sale_in_two_languages() {
    i_slint_backend_testing::init_no_event_loop();
    let folder = tempfile::tempdir().expect("a folder");
    let shop = reference(folder.path());
    let printer = SimulatedPrinter::start("127.0.0.1:0", PrinterOptions::default()).expect("a printer");
    let mut till = Till::open(folder.path(), &printer);
    let code = |sku: &str| {
        let product = shop.products.iter().find(|product| product.sku == sku).expect("among the goods");
        product.codes[0].clone()
    };

    // Nobody is signed in: a scan is refused, a wrong PIN too.
    till.scan(&code("100001"));
    assert!(till.lane.till().is_some_and(|till| till.basket().is_empty()));
    till.type_digits("101");
    till.key(Key::Enter);
    till.see("李敏");
    till.type_digits("9999");
    till.key(Key::Enter);
    assert_eq!(till.lane.till().map(|till| till.desk().staff().is_some()), Some(false));
    till.type_digits("1234");
    till.key(Key::Enter);
    till.see("文林路店");

    // Two goods, one of them three times; an unknown code changes nothing.
    till.scan(&code("100001"));
    till.see("清泉饮用天然水");
    till.type_digits("3");
    till.key(Key::Function(4));
    till.see("6.00");
    till.scan(&code("100028"));
    till.see("13.90");
    assert_eq!(till.sounds.last(), Some(&Tone::Accepted));
    till.scan("95200010016");
    assert_eq!(till.sounds.last(), Some(&Tone::Unknown));
    till.see("95200010016");
    till.see("13.90");
    till.key(Key::Escape);
    till.scan(&code("100024"));
    till.key(Key::Delete);
    till.see("13.90");

    // The language changes under the basket.
    till.turn(vec![Event::Action(Action::Press(ui::Button::Language))]);
    till.see("Clear Spring Natural Water");
    till.turn(vec![Event::Action(Action::Press(ui::Button::Language))]);

    // Too little, then enough.
    till.key(Key::Char(' '));
    till.type_digits("10");
    till.key(Key::Enter);
    assert_eq!(printer.drawer_openings(), 0);
    till.type_digits("20");
    till.key(Key::Enter);
    till.see("6.10");
    assert_eq!(printer.wait_for_drawer_openings(1, PATIENCE), 1);

    // The next customer starts while the paper still runs.
    till.scan(&code("100010"));
    till.see("泡泡星可乐味汽水");
    till.wait("the receipt", |till| till.lane.till().is_some_and(|till| till.papers().is_empty()));
    let receipts = printer.receipts();
    assert_eq!(receipts.len(), 1);
    for line in ["清泉饮用天然水 550ml", "13.90", "20.00", "6.10", "文林路店"] {
        assert!(receipts[0].text.contains(line), "{line} is not on:\n{}", receipts[0].text);
    }
    assert_eq!(printer.errors(), Vec::<String>::new());

    let reader = JournalReader::open(&folder.path().join("journal.db")).expect("readable").expect("there");
    reader.verify().expect("whole");
    let sales: Vec<_> = reader
        .entries_after(0, 1_000, usize::MAX)
        .expect("readable")
        .iter()
        .filter_map(|entry| match event::decode(&entry.bytes).expect("an event").fact {
            Fact::SaleCompleted { sale } => Some((sale.total, sale.change, sale.lines.len())),
            _ => None,
        })
        .collect();
    assert_eq!(sales, [(1_390, 610, 2)]);

    // Killed with a line in the basket: it is there again after signing in.
    drop(till);
    let mut till = Till::open(folder.path(), &printer);
    till.type_digits("101");
    till.key(Key::Enter);
    till.type_digits("1234");
    till.key(Key::Enter);
    till.see("泡泡星可乐味汽水");
    assert_eq!(till.lane.till().map(|till| till.basket().lines().len()), Some(1));
    assert!(!till.lane.till().is_some_and(|till| matches!(till.desk(), domain::till::Desk::SignedOut)));
}

#[test]
fn a_case_a_kit_and_a_typed_price_are_paid_across_a_change_of_prices() {
    i_slint_backend_testing::init_no_event_loop();
    let folder = tempfile::tempdir().expect("a folder");
    reference(folder.path());
    let printer = SimulatedPrinter::start("127.0.0.1:0", PrinterOptions::default()).expect("a printer");
    let mut till = Till::open(folder.path(), &printer);
    // The prices that the shop has armed are for seven o'clock on the first of January 2030.
    let change = 1_893_452_400_000;
    till.moment = Moment { now_ms: change - 60_000, offset_minutes: 480 };
    till.type_digits("101");
    till.key(Key::Enter);
    till.type_digits("1234");
    till.key(Key::Enter);

    till.scan("19520025014106");
    till.see("1 箱 × 148.00");
    till.see("148.00");
    till.scan("9520025014109");
    till.see("155.00");
    till.scan("9520028014977");
    till.see("273.00");
    // Loose snacks: by department, and by their number with the price asked for.
    till.type_digits_by_key("12.50*10");
    till.key(Key::Enter);
    till.see("285.50");
    till.scan("17011");
    till.see("需要输入价格：散装零食");
    till.type_digits_by_key("999");
    till.key(Key::Enter);
    till.see("价格须在 ¥0.10–¥200.00 之间");
    till.type_digits_by_key("3");
    till.key(Key::Enter);
    till.see("288.50");

    till.moment.now_ms = change;
    till.key(Key::Char(' '));
    till.key(Key::Enter);
    till.see("278.10");
    till.type_digits("300");
    till.key(Key::Enter);
    till.wait("the receipt", |till| till.lane.till().is_some_and(|till| till.papers().is_empty()));
    let receipts = printer.receipts();
    for line in ["1箱 x 138.00", "1 x 6.60", "藤下葡萄酒双支礼盒", "278.10", "21.90", "6%"] {
        assert!(receipts[0].text.contains(line), "{line} is not on:\n{}", receipts[0].text);
    }
}

#[test]
fn an_impatient_cashier_breaks_nothing() {
    i_slint_backend_testing::init_no_event_loop();
    let folder = tempfile::tempdir().expect("a folder");
    let shop = reference(folder.path());
    let printer = SimulatedPrinter::start("127.0.0.1:0", PrinterOptions::default()).expect("a printer");
    let mut till = Till::open(folder.path(), &printer);
    till.type_digits("101");
    till.key(Key::Enter);
    till.type_digits("1234");
    till.key(Key::Enter);
    let code = |sku: &str| {
        let product = shop.products.iter().find(|product| product.sku == sku).expect("among the goods");
        product.codes[0].clone()
    };
    let quantities = |till: &Till| -> Vec<i64> {
        let basket = till.lane.till().expect("open").basket();
        basket.lines().iter().map(|line| line.quantity.thousandths()).collect()
    };

    // A number before a scan is its quantity; a long one is a rest of something.
    till.type_digits("5");
    till.scan(&code("100001"));
    till.type_digits("9520");
    till.scan(&code("100028"));
    assert_eq!(quantities(&till), [5_000, 1_000]);

    // A question takes answers only: no payment, no typing, and the Enter that
    // ends typing is no answer. A scan puts it away.
    till.turn(vec![Event::Action(Action::Press(ui::Button::CancelBasket))]);
    till.key(Key::Char(' '));
    till.type_digits_by_key("123");
    till.key(Key::Enter);
    assert_eq!(quantities(&till).len(), 2);
    till.scan(&code("100024"));
    till.key(Key::Enter);
    assert_eq!(quantities(&till), [5_000, 1_000, 1_000]);

    // Weighed goods by number, then the grams.
    till.type_digits("11001");
    till.key(Key::Enter);
    till.type_digits("530");
    till.key(Key::Enter);
    assert_eq!(quantities(&till).last(), Some(&530));

    // A space pays although a number is left over; a second Enter leaves the change where it is.
    till.type_digits("7");
    till.key(Key::Char(' '));
    till.type_digits("100");
    till.key(Key::Enter);
    till.key(Key::Enter);
    till.key(Key::Escape);
    assert!(matches!(till.lane.till().expect("open").desk(), domain::till::Desk::Done(..)));
    till.moment.now_ms += 2_000;
    till.key(Key::Escape);
    assert!(matches!(till.lane.till().expect("open").desk(), domain::till::Desk::Selling(_)));

    // Stopped right after a sale: who signs in is told that it is saved.
    drop(till);
    let mut till = Till::open(folder.path(), &printer);
    till.type_digits("102");
    till.key(Key::Enter);
    till.type_digits("2345");
    till.key(Key::Enter);
    till.see("上一单已保存");
}
