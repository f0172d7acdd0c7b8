//! Orders of channels at the counter, by keys, touch and scans, at a real lane without HQ: the list, the bag, the
//! hand-over; and what no order may do: disturb the basket, be handed over twice, or be lost with the power.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use domain::order::desk::{Missing, OrderDeed};
use domain::record::Record;
use drivers::sound::Tone;
use fixtures::shop::Shop;
use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use ledger::reference::ReferenceWriter;
use pos_app::config::Config;
use pos_app::lane::{Command, Event, Moment};
use protocol::pull::{self, Change, Entity, OrderState};
use tests::stand::{Stand, reference};
use ui::view::{Notice, Sheet};
use ui::{Button, Key};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

const HOUR_MS: i64 = 3_600_000;

const WATER: &str = "100001";
const JUICE: &str = "100028";
const TEA: &str = "100024";
/// Sold by the kilogram.
const APPLE: &str = "11001";

const CODE: &str = "PK-482915";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

/// Two waters, one juice, half a kilogram of what is sold by weight.
fn order(id: &str, promised_ms: Option<i64>, state: OrderState, weighed: &str) -> pull::Order {
    let line = |line, sku: &str, quantity, net| pull::OrderLine {
        line,
        sku: sku.to_owned(),
        quantity,
        net,
        tax_rate: 1_300,
    };
    pull::Order {
        id: id.to_owned(),
        channel: "mini_program".into(),
        state,
        lines: vec![line(1, WATER, 2_000, 400), line(2, JUICE, 1_000, 650), line(3, weighed, 500, 640)],
        kept: 1_690,
        code_hash: pull::pick_up_hash(&fixtures::shop::demo().store.code, id, &format!("{CODE}-{id}")),
        promised_ms,
        shown: "赵** *0001".into(),
    }
}

struct Lane {
    stand: Stand,
    shop: Shop,
    folder: tempfile::TempDir,
    version: u64,
}

impl Lane {
    fn open() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        let shop = reference(folder.path(), 1).expect("the demo shop");
        let stand = Stand::open(folder.path(), Config::default(), MORNING).expect("a lane");
        let mut lane = Self { stand, shop, folder, version: 100_000 };
        lane.stand.sign_in("101", "1234");
        lane
    }

    /// The agent writes what HQ told, and the lane looks around.
    fn told(&mut self, orders: &[(&str, Option<pull::Order>)]) {
        let mut writer = ReferenceWriter::open(&self.folder.path().join("reference.db")).expect("a file");
        let update = writer.begin().expect("begun");
        self.version += 1;
        for (id, order) in orders {
            let entity = Entity::Order(order.clone());
            update.apply(&Change { version: self.version, key: (*id).to_owned(), entity }).expect("applied");
        }
        update.commit(self.version).expect("committed");
        drop(writer);
        self.stand.turn(vec![Event::Tick]);
    }

    fn with(id: &str, state: OrderState) -> Self {
        let mut lane = Self::open();
        let weighed = lane.weighed();
        lane.told(&[(id, Some(order(id, Some(MORNING.now_ms + HOUR_MS), state, &weighed)))]);
        lane.sounds();
        lane.stand.press(Button::DismissNotice);
        lane
    }

    /// The plug is pulled, and the cashier signs in again.
    fn restart(self) -> Self {
        let Self { stand, shop, folder, version } = self;
        let moment = stand.moment;
        drop(stand);
        let stand = Stand::open(folder.path(), Config::default(), moment).expect("a lane");
        let mut lane = Self { stand, shop, folder, version };
        lane.stand.sign_in("101", "1234");
        lane.stand.turn(vec![Event::Tick]);
        lane
    }

    fn weighed(&self) -> String {
        let plu = |product: &&pull::Product| product.weighed && product.plu == APPLE;
        self.shop.products.iter().find(plu).expect("goods by weight").sku.clone()
    }

    fn scan(&mut self, sku: &str) {
        let product = self.shop.products.iter().find(|product| product.sku == sku).expect("among the goods");
        let code = product.codes[0].clone();
        self.stand.scan(&code);
    }

    fn sheet(&self) -> Sheet {
        self.stand.lane.view().sheet.expect("a sheet")
    }

    fn title(&self) -> String {
        self.stand.lane.view().sheet.map(|sheet| sheet.title).unwrap_or_default()
    }

    fn values(&self) -> Vec<String> {
        self.sheet().rows.into_iter().map(|row| row.value).collect()
    }

    fn bar(&self) -> String {
        let calls = |calls| if calls { "！" } else { "" };
        let shown = |orders: ui::view::OrderCount| orders.text + calls(orders.calls);
        self.stand.lane.view().bar.orders.map(shown).unwrap_or_default()
    }

    fn said(&self) -> String {
        match self.stand.lane.view().notice {
            Some(Notice::Said { what, .. }) => what,
            Some(other) => format!("{other:?}"),
            None => String::new(),
        }
    }

    fn sounds(&mut self) -> Vec<Tone> {
        let commands = std::mem::take(&mut self.stand.commands);
        let tone = |command| if let Command::Play(tone) = command { Some(tone) } else { None };
        commands.into_iter().filter_map(tone).collect()
    }

    fn deeds(&self) -> Vec<OrderDeed> {
        let journal = self.stand.lane.journal().expect("open");
        let records = (1..=journal.head().seq).map(|seq| journal.record(seq).expect("a record").record);
        records
            .filter_map(|record| if let Record::Order(done) = record { Some(done.deed) } else { None })
            .collect()
    }

    fn menu(&mut self, name: &str) {
        self.stand.key(Key::Tab);
        let row = self.sheet().rows.iter().position(|row| row.name == name).expect("in the menu");
        self.stand.press(Button::Row(row));
    }

    fn list(&mut self) {
        self.menu("订单：拣货、交付");
        assert_eq!(self.title(), "订单");
    }

    /// Opens the first order of the list.
    fn first(&mut self) {
        self.list();
        self.stand.key(Key::Enter);
    }

    /// Taps what is called so; what is drawn last lies on top.
    fn tap(&mut self, label: &str) {
        let root = self.stand.screen.window();
        let found = [AccessibleRole::Button, AccessibleRole::TextInput]
            .into_iter()
            .flat_map(|role| ElementQuery::from_root(root).match_accessible_role(role).find_all())
            .filter(|element| element.accessible_label().as_deref() == Some(label))
            .last();
        found.unwrap_or_else(|| panic!("{label:?} is not on the screen")).invoke_accessible_default_action();
        self.stand.moment.now_ms += 2_000;
        self.stand.settle();
    }

    fn write(&mut self, text: &str) {
        for character in text.chars() {
            self.tap(&character.to_string());
        }
    }

    fn lines(&self) -> usize {
        self.stand.lane.till().expect("open").basket().lines().len()
    }
}

#[test]
fn a_new_order_sounds_once_and_the_first_promised_is_the_first_of_the_list() {
    let mut lane = Lane::open();
    assert_eq!(lane.bar(), "");
    let weighed = lane.weighed();
    let at = |ms| Some(MORNING.now_ms + ms);
    lane.sounds();
    lane.told(&[
        ("o1", Some(order("o1", None, OrderState::Paid, &weighed))),
        ("o2", Some(order("o2", at(2 * HOUR_MS), OrderState::Paid, &weighed))),
        ("o3", Some(order("o3", at(-HOUR_MS), OrderState::Accepted, &weighed))),
    ]);
    assert_eq!((lane.sounds(), lane.bar()), (vec![Tone::Order], "订单 3！".to_owned()));
    assert_eq!(lane.said(), "新订单 2 张");
    // Told again, changed, or looked at again: nobody is called twice.
    lane.told(&[("o1", Some(order("o1", at(3 * HOUR_MS), OrderState::Paid, &weighed)))]);
    lane.stand.turn(vec![Event::Tick]);
    assert_eq!(lane.sounds(), []);
    lane.list();
    let rows: Vec<(String, String)> =
        lane.sheet().rows.into_iter().map(|row| (row.name, row.value)).collect();
    let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        rows,
        [row("09:00  赵** *0001", "已接单"), row("12:00  赵** *0001", "新"), row("13:00  赵** *0001", "新")]
    );
    assert_eq!(lane.sheet().rows[0].tone, ui::view::Tone::Stop, "late");
    assert!(lane.sheet().rows[0].detail.contains("迟了 60 分钟"), "{}", lane.sheet().rows[0].detail);
    // HQ tells of it no more.
    lane.told(&[("o2", None), ("o3", None)]);
    assert_eq!((lane.sheet().rows.len(), lane.bar()), (1, "订单 1！".to_owned()));
    // A basket that is open does not hide what comes.
    lane.stand.key(Key::Escape);
    lane.scan(TEA);
    lane.sounds();
    lane.told(&[("o4", Some(order("o4", None, OrderState::Paid, &weighed)))]);
    assert_eq!((lane.sounds(), lane.lines()), (vec![Tone::Order], 1));
    assert_eq!(lane.bar(), "订单 2！");
}

#[test]
fn an_order_is_accepted_picked_by_scanning_and_handed_over_by_its_code_once() {
    let mut lane = Lane::with("o1", OrderState::Paid);
    lane.scan(TEA);
    lane.first();
    assert_eq!((lane.title().as_str(), lane.sheet().go.as_str()), ("11:00 · 新", "接单"));
    lane.stand.key(Key::Enter);
    assert_eq!(lane.title(), "11:00 · 已接单");
    lane.scan(WATER);
    lane.scan(WATER);
    assert_eq!(lane.values(), ["2 / 2", "0 / 1", "0 / 0.500 kg"]);
    // One too many, and goods that nobody ordered.
    lane.sounds();
    lane.scan(WATER);
    assert_eq!((lane.sounds(), lane.said()), (vec![Tone::Blocked], "多了：最多 2，这件没有加".to_owned()));
    lane.scan(TEA);
    assert_eq!((lane.sounds(), lane.said()), (vec![Tone::Blocked], "这件不是这张单的".to_owned()));
    lane.stand.scan("no such code");
    assert_eq!(lane.sounds(), [Tone::Unknown]);
    lane.scan(JUICE);
    // What is sold by weight: its number, then what the scale says.
    lane.stand.enter(APPLE);
    assert_eq!(lane.said(), "这件要称重");
    lane.stand.enter("0.6");
    assert_eq!(lane.said(), "多了：最多 0.550，这件没有加");
    lane.stand.key(Key::Escape);
    lane.stand.enter("0.512");
    assert_eq!(lane.values(), ["2 / 2", "1 / 1", "0.512 / 0.500 kg"]);
    lane.stand.function(8);
    assert_eq!((lane.title(), lane.said()), ("订单".to_owned(), "这张单备好了".to_owned()));
    assert_eq!(lane.sheet().rows[0].value, "已备好");
    // Somebody comes with a code of another order, and then with the right one.
    lane.stand.scan("PK-482915-o2");
    assert_eq!((lane.title(), lane.said()), ("订单".to_owned(), "没有这个取货码".to_owned()));
    lane.stand.scan("PK-482915-o1");
    assert_eq!((lane.title().as_str(), lane.sheet().entry.as_str()), ("11:00 · 已备好", "PK-482915-o1"));
    lane.stand.key(Key::Enter);
    assert_eq!((lane.title(), lane.said()), ("订单".to_owned(), "已交付，货可以给顾客".to_owned()));
    assert_eq!((lane.sheet().rows.len(), lane.bar()), (0, String::new()));
    // HQ has not heard of it: the same code again gives nothing out.
    for _ in 0..2 {
        lane.sounds();
        lane.stand.scan("PK-482915-o1");
        assert_eq!((lane.sounds(), lane.said()), (vec![Tone::Blocked], "这张单已经交付过了".to_owned()));
    }
    let found = |line, thousandths| OrderDeed::Found { line, thousandths };
    assert_eq!(
        lane.deeds(),
        [
            OrderDeed::Accepted,
            found(1, 1_000),
            found(1, 2_000),
            found(2, 1_000),
            found(3, 512),
            OrderDeed::Ready { missing: Vec::new(), reason: String::new() },
            OrderDeed::HandedOver { code: "PK-482915-o1".into() },
        ]
    );
    assert_eq!(lane.lines(), 1, "the basket is as it was");
}

#[test]
fn what_is_missing_needs_a_reason_and_says_what_is_paid_back() {
    let mut lane = Lane::with("o1", OrderState::Accepted);
    lane.first();
    lane.stand.function(8);
    assert_eq!(lane.said(), "一件都没有拣到");
    lane.scan(WATER);
    lane.scan(JUICE);
    assert_eq!(lane.sheet().figure.map(|figure| figure.value), Some("8.40".to_owned()));
    lane.stand.function(8);
    assert_eq!(lane.said(), "缺货要选原因");
    lane.stand.function(3);
    assert!(lane.sheet().keys[1].on);
    lane.stand.function(8);
    let Some(Notice::Said { what, rest, .. }) = lane.stand.lane.view().notice else { panic!("nothing said") };
    assert_eq!((what.as_str(), rest.contains("¥8.40")), ("这张单备好了", true), "{rest}");
    let missing = vec![Missing { line: 1, found: 1_000 }, Missing { line: 3, found: 0 }];
    assert_eq!(lane.deeds().last(), Some(&OrderDeed::Ready { missing, reason: "找不到".into() }));
}

#[test]
fn a_pick_up_code_in_other_letters_is_told_to_hq_as_hq_knows_it() {
    let mut lane = Lane::with("O1", OrderState::Picked);
    lane.first();
    lane.stand.press(Button::Field(0));
    lane.stand.enter("pk-482915-o1");
    assert_eq!(lane.said(), "已交付，货可以给顾客");
    assert_eq!(lane.deeds().last(), Some(&OrderDeed::HandedOver { code: "PK-482915-O1".into() }));
}

#[test]
fn by_touch_alone_an_order_is_done() {
    let mut lane = Lane::with("O1", OrderState::Paid);
    lane.stand.press(Button::Orders);
    assert_eq!(lane.title(), "订单");
    lane.stand.press(Button::Row(0));
    lane.stand.press(Button::Yes);
    for (row, typed) in [(0, "2"), (1, "1"), (2, "0.5")] {
        lane.stand.press(Button::Row(row));
        lane.stand.press(Button::Field(1));
        for digit in typed.chars() {
            lane.stand.press(Button::Digit(digit));
        }
        lane.stand.press(Button::Yes);
    }
    let ready = lane.sheet().keys.iter().position(|key| key.label == "备好了").expect("a key");
    lane.stand.press(Button::SheetKey(ready));
    assert_eq!(lane.said(), "这张单备好了");
    // The code is written with keys that are on the screen.
    lane.stand.press(Button::Row(0));
    lane.stand.press(Button::Field(0));
    lane.write("PK-482915-O2");
    lane.tap("交付");
    assert_eq!((lane.said().as_str(), lane.sheet().entry.as_str()), ("取货码不对，货先别给", "PK-482915-O2"));
    // What was refused stays, and the next begins anew.
    lane.write("PK-482915-O1");
    assert_eq!(lane.sheet().entry, "PK-482915-O1");
    lane.tap("交付");
    assert_eq!(lane.said(), "已交付，货可以给顾客");
    // A typed number of pieces that cannot be counted is refused.
    let mut lane = Lane::with("o1", OrderState::Accepted);
    lane.first();
    lane.stand.press(Button::Field(1));
    lane.stand.enter("1.5");
    assert!(matches!(lane.stand.lane.view().notice, Some(Notice::QuantityRange { .. })));
    assert_eq!(lane.deeds(), []);
}

#[test]
fn a_code_of_no_order_stays_until_the_next_is_typed_or_scanned() {
    let mut lane = Lane::with("o1", OrderState::Picked);
    lane.list();
    lane.stand.enter("1234");
    assert_eq!((lane.said().as_str(), lane.sheet().entry.as_str()), ("没有这个取货码", "1234"));
    // It is no part of what was refused.
    lane.stand.enter(&format!("{CODE}-o1"));
    assert_eq!(lane.sheet().entry, format!("{CODE}-o1"));
    assert_ne!(lane.title(), "订单");
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.enter("1234");
    lane.stand.scan_by_keys(&format!("{CODE}-o1"));
    assert_eq!(lane.sheet().entry, format!("{CODE}-o1"));
    assert_ne!(lane.title(), "订单");
}

#[test]
fn a_power_cut_loses_nothing_of_an_order() {
    let mut lane = Lane::with("o1", OrderState::Paid);
    lane.first();
    lane.stand.key(Key::Enter);
    lane.scan(WATER);
    let mut lane = lane.restart();
    lane.first();
    assert_eq!(lane.title(), "11:00 · 拣货中");
    assert_eq!(lane.values(), ["1 / 2", "0 / 1", "0 / 0.500 kg"]);
    lane.stand.function(2);
    lane.stand.function(8);
    lane.stand.scan("PK-482915-o1");
    lane.stand.key(Key::Enter);
    assert_eq!(lane.said(), "已交付，货可以给顾客");
    let mut lane = lane.restart();
    assert_eq!(lane.bar(), "");
    lane.list();
    lane.stand.scan("PK-482915-o1");
    assert_eq!(lane.said(), "这张单已经交付过了");
    assert_eq!(lane.deeds().iter().filter(|deed| matches!(deed, OrderDeed::HandedOver { .. })).count(), 1);
}

#[test]
fn an_order_is_refused_with_a_reason_after_a_question() {
    let mut lane = Lane::with("o1", OrderState::Paid);
    lane.first();
    lane.stand.key(Key::Delete);
    assert_eq!(
        (lane.title(), lane.sheet().figure.map(|figure| figure.value)),
        ("拒单".into(), Some("16.90".into()))
    );
    lane.stand.key(Key::Escape);
    assert_eq!((lane.title().as_str(), lane.deeds().len()), ("11:00 · 新", 0));
    lane.stand.key(Key::Delete);
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Enter);
    assert_eq!(lane.deeds(), [OrderDeed::Refused { reason: "来不及".into() }]);
    assert_eq!((lane.title().as_str(), lane.sheet().rows.len()), ("订单", 0));
}

#[test]
fn nobody_came_only_after_the_time_of_grace() {
    let mut lane = Lane::with("o1", OrderState::Picked);
    lane.first();
    lane.stand.key(Key::Delete);
    assert_eq!(lane.title(), "没来取");
    lane.stand.key(Key::Enter);
    assert_eq!((lane.said().as_str(), lane.deeds().len()), ("还不能算没来取", 0));
    lane.stand.key(Key::Escape);
    lane.stand.moment.now_ms += 4 * HOUR_MS;
    lane.stand.key(Key::Delete);
    lane.stand.key(Key::Enter);
    assert_eq!(lane.deeds(), [OrderDeed::NotCollected]);
    assert_eq!((lane.title().as_str(), lane.sheet().rows.len()), ("订单", 0));
}

#[test]
fn a_scan_past_the_list_sells_and_a_training_has_no_orders() {
    let mut lane = Lane::with("o1", OrderState::Paid);
    lane.list();
    lane.scan(WATER);
    assert_eq!((lane.title(), lane.lines()), (String::new(), 1));
    let folder = lane.folder.path().to_owned();
    let training = Stand::open(&folder, Config::default().for_training(), MORNING).expect("a lane");
    assert_eq!(training.lane.view().bar.orders, None);
}
