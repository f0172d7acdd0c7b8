//! The staff at shelf labels, by scan and key: the real lane, its journal and its goods behind the window. What an
//! agent would have found out is written into its file.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

#[path = "labels/picking.rs"]
mod picking;

use domain::label::{LabelBinding, LabelItem, LabelNumber};
use domain::record::Record;
use drivers::sound::Tone as Sound;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ledger::reference::shelf::{LabelCondition, LabelState, SentFace, ShelfChanges};
use pos_app::config::{Config, Language};
use pos_app::lane::{Command, Event};
use protocol::ask::{Answer, LabelNotAsked, Question};
use tests::labels::{
    binding, bound, config, confirmed, face, facts, heard, label, open, page, records, write,
};
use tests::shop::code_of;
use tests::stand::Stand;
use ui::Button;
use ui::action::Key;
use ui::view::{LabelRow, Labels, Notice, Tone};

const WATER: &str = "100001";
const COLA: &str = "100010";
const TEA: &str = "100024";
const JUICE: &str = "100028";
const LEMON: &str = "100015";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

/// Somebody at the labels' window, and the lane's files.
struct Aisle {
    stand: Stand,
    folder: tempfile::TempDir,
}

impl Aisle {
    /// A cashier, in Chinese.
    fn open() -> Self {
        Self::open_as(config(), "101", "1234")
    }

    fn open_as(config: Config, number: &str, pin: &str) -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        let stand = open(folder.path(), config, number, pin).expect("a lane of labels");
        stand.screen.set_size(1_024, 768);
        stand.screen.show().expect("shown");
        let mut aisle = Self { stand, folder };
        aisle.page();
        aisle.stand.commands.clear();
        aisle
    }

    fn page(&self) -> Labels {
        page(&self.stand).expect("labels are shown")
    }

    fn scan(&mut self, number: u32) {
        self.stand.scan(label(number).as_str());
    }

    fn scan_goods(&mut self, sku: &str) {
        self.stand.scan(&code_of(sku).expect("a code"));
    }

    fn records(&self) -> Vec<Record> {
        records(self.folder.path())
    }

    /// What was written down of labels.
    fn facts(&self) -> Vec<Record> {
        facts(self.folder.path())
    }

    /// The sounds since this was asked last.
    fn sounds(&mut self) -> Vec<Sound> {
        let commands = std::mem::take(&mut self.stand.commands);
        commands
            .into_iter()
            .filter_map(|command| match command {
                Command::Play(sound) => Some(sound),
                _ => None,
            })
            .collect()
    }

    fn said(&self) -> (Tone, String, String) {
        match self.stand.lane.view().notice {
            Some(Notice::Said { tone, what, rest }) => (tone, what, rest),
            other => panic!("nothing was said: {other:?}"),
        }
    }

    /// What a screen reader finds.
    fn reads(&self) -> String {
        let all = ElementQuery::from_root(self.stand.screen.window()).match_descendants().find_all();
        all.iter()
            .filter_map(ElementHandle::accessible_label)
            .map(String::from)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn has_button(&self, label: &str) -> bool {
        let buttons = ElementQuery::from_root(self.stand.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        buttons.iter().any(|button| button.accessible_label().as_deref() == Some(label))
    }

    /// What the agent finds out; the window looks at it at its next turn.
    fn agent(&mut self, number: u32, items: &[&str], state: LabelState) {
        self.stand.moment.now_ms += 10;
        let at_ms = self.stand.moment.now_ms;
        let changes = ShelfChanges {
            labels: vec![(label(number), bound(items, "", at_ms))],
            states: vec![(label(number), state)],
            ..ShelfChanges::default()
        };
        write(self.folder.path(), &changes).expect("written");
        self.stand.moment.now_ms += 10;
        self.stand.turn(vec![Event::Tick]);
    }

    /// From the first page to the n-th of its rows.
    fn go(&mut self, row: usize) {
        self.stand.key(Key::Tab);
        self.stand.press(Button::Row(row));
    }

    fn rows(&self) -> Vec<String> {
        self.page().rows.into_iter().map(|row| row.name).collect()
    }
}

#[test]
fn a_label_and_an_item_are_scanned_and_it_is_bound() {
    let mut aisle = Aisle::open();
    aisle.scan(5);
    assert_eq!(aisle.sounds(), [Sound::Accepted]);
    aisle.scan_goods(LEMON);
    assert_eq!(aisle.sounds(), [Sound::Accepted]);
    let facts = aisle.facts();
    assert_eq!(facts, [Record::LabelBound { binding: binding(5, &[LEMON], ""), staff: "E101".into() }]);
    let names = |page: Labels| page.card.stages.into_iter().map(|stage| stage.tone).collect::<Vec<_>>();
    assert_eq!(names(aisle.page()), [Tone::Good, Tone::Attend, Tone::Quiet, Tone::Quiet]);

    // The agent draws and pushes it, and the label confirms.
    let now_ms = aisle.stand.moment.now_ms;
    let sent = SentFace { face: face(LEMON, 250), at_ms: now_ms };
    let sending = LabelState {
        condition: LabelCondition::Sending,
        wanted: Some(face(LEMON, 250)),
        sent: vec![sent],
        ..heard(now_ms)
    };
    aisle.agent(5, &[LEMON], sending);
    assert_eq!(names(aisle.page()), [Tone::Good, Tone::Good, Tone::Good, Tone::Attend]);
    assert!(aisle.page().faces[1].picture.is_some() && aisle.page().faces[0].picture.is_none());
    assert_eq!(aisle.sounds(), []);
    let now_ms = aisle.stand.moment.now_ms;
    aisle.agent(5, &[LEMON], confirmed(LEMON, 250, now_ms));
    assert_eq!(names(aisle.page()), [Tone::Good; 4]);
    assert_eq!(aisle.sounds(), [Sound::Accepted]);
    assert_eq!(aisle.said().0, Tone::Good);
    let page = aisle.page();
    assert_eq!(page.faces[0].picture, page.faces[1].picture);
    assert_eq!(page.rows[0].state, "一致");
}

#[test]
fn the_goods_may_come_first_and_a_scanner_may_be_a_keyboard() {
    let mut aisle = Aisle::open();
    aisle.stand.scan_by_keys(&code_of(LEMON).expect("a code"));
    assert!(aisle.page().title.contains("柠檬汽水"), "{}", aisle.page().title);
    aisle.stand.scan_by_keys(label(5).as_str());
    assert_eq!(
        aisle.facts(),
        [Record::LabelBound { binding: binding(5, &[LEMON], ""), staff: "E101".into() }]
    );
    // A window that was busy saw the end of a scan late.
    aisle.stand.scan_by_torn_keys(label(1).as_str(), 9);
    assert_eq!(aisle.page().title, "02 18 A3 F5 00 01");
    assert_eq!(aisle.page().entry, "");
    assert_eq!(aisle.facts().len(), 1);
}

#[test]
fn a_label_that_stands_for_something_asks_first() {
    let mut aisle = Aisle::open();
    aisle.scan(1);
    aisle.scan_goods(LEMON);
    assert_eq!(aisle.sounds(), [Sound::Accepted, Sound::Blocked]);
    assert_eq!(aisle.facts(), []);
    assert_eq!(aisle.page().title, "这个价签已经绑了商品");
    // Leave it.
    aisle.stand.press(Button::Row(2));
    assert_eq!(aisle.facts(), []);
    assert_eq!(aisle.page().title, "02 18 A3 F5 00 01");
    // As well.
    aisle.scan_goods(LEMON);
    aisle.stand.press(Button::Row(1));
    let two = binding(1, &[WATER, LEMON], "A1-1-01");
    assert_eq!(aisle.facts(), [Record::LabelBound { binding: two, staff: "E101".into() }]);
    // Instead.
    aisle.stand.key(Key::Tab);
    aisle.scan(1);
    aisle.scan_goods(TEA);
    aisle.stand.key(Key::Enter);
    let other = binding(1, &[TEA], "A1-1-01");
    assert_eq!(aisle.facts().last(), Some(&Record::LabelBound { binding: other, staff: "E101".into() }));
    // The same once more changes nothing.
    aisle.scan_goods(TEA);
    assert_eq!(aisle.facts().len(), 2);
    assert_eq!(aisle.said().1, "绑的就是这个商品");
}

#[test]
fn several_items_join_one_label_and_no_more_than_it_shows() {
    let mut aisle = Aisle::open();
    aisle.scan(5);
    aisle.scan_goods("100011");
    aisle.stand.function(4);
    let goods = ["100012", "100013", "100014", "100015", "100016"];
    goods.iter().for_each(|sku| aisle.scan_goods(sku));
    let all = binding(5, &["100011", "100012", "100013", "100014", "100015", "100016"], "");
    assert_eq!(aisle.facts().last(), Some(&Record::LabelBound { binding: all, staff: "E101".into() }));
    assert_eq!(aisle.page().rows.len(), 6);
    aisle.sounds();
    aisle.scan_goods("100017");
    assert_eq!(aisle.said().1, "这个价签放不下了");
    assert_eq!(aisle.sounds(), [Sound::Blocked]);
    assert_eq!(aisle.facts().len(), 6);
}

#[test]
fn a_label_that_is_too_small_is_told_before_anything_is_bound() {
    let mut aisle = Aisle::open();
    aisle.scan(9);
    aisle.sounds();
    aisle.scan_goods("100011");
    assert_eq!(aisle.said().1, "这个价签放不下");
    assert_eq!(aisle.sounds(), [Sound::Blocked]);
    assert_eq!(aisle.facts(), []);
    // A larger one takes the same goods.
    aisle.scan(5);
    aisle.scan_goods("100011");
    assert_eq!(aisle.facts().len(), 1);
}

#[test]
fn a_label_is_unbound_with_a_reason_or_replaced_with_all_it_has() {
    let mut aisle = Aisle::open();
    aisle.scan(1);
    aisle.stand.function(5);
    assert_eq!(aisle.page().title, "解绑：为什么？");
    aisle.stand.press(Button::Row(1));
    let unbound = Record::LabelUnbound { label: label(1), staff: "E101".into(), reason: "换位置".into() };
    assert_eq!(aisle.facts(), [unbound]);
    assert!(aisle.page().rows.is_empty());

    aisle.scan(4);
    aisle.stand.function(6);
    aisle.stand.key(Key::Down);
    for (wrong, said) in [
        (4, "扫的还是旧价签"),
        (3, "新价签已经绑了别的商品"),
        (9, "新价签的尺寸不合适"),
        (77, "没有基站听到过这个价签"),
    ] {
        aisle.sounds();
        aisle.scan(wrong);
        assert_eq!(aisle.said().1, said);
        assert_eq!(aisle.sounds(), [Sound::Blocked], "{said}");
        assert_eq!(aisle.facts().len(), 1);
    }
    aisle.scan_goods(WATER);
    assert_eq!(aisle.said().1, "这是商品");
    aisle.scan(5);
    let replaced = Record::LabelReplaced {
        old: label(4),
        binding: binding(5, &[JUICE], "A2-3-08"),
        staff: "E101".into(),
        reason: "丢了".into(),
    };
    assert_eq!(aisle.facts().last(), Some(&replaced));
    assert_eq!(aisle.page().title, "02 18 A3 F5 00 05");
    assert_eq!(aisle.said().0, Tone::Good);
}

#[test]
fn place_and_template_are_kept_and_changed_one_at_a_time() {
    let mut aisle = Aisle::open();
    aisle.scan(1);
    aisle.stand.function(8);
    assert!(aisle.page().letters && aisle.page().entry == "A1-1-01");
    // A scan does not get lost among the letters.
    aisle.scan(2);
    assert_eq!(aisle.said().1, "先存好位置");
    for _ in 0..7 {
        aisle.stand.press(Button::Backspace);
    }
    aisle.stand.type_text("Z9");
    aisle.stand.key(Key::Enter);
    let bound_as = |template: &str| LabelBinding { template: template.into(), ..binding(1, &[WATER], "Z9") };
    assert_eq!(aisle.facts(), [Record::LabelBound { binding: bound_as(""), staff: "E101".into() }]);
    aisle.stand.function(9);
    let rows = aisle.rows();
    assert_eq!(rows[0], "自动（随商品状态）");
    let clearance = rows.iter().position(|name| name == "清仓").expect("clearance");
    assert!(!rows.iter().any(|name| name == "多商品"));
    aisle.stand.press(Button::Row(clearance));
    assert_eq!(
        aisle.facts().last(),
        Some(&Record::LabelBound { binding: bound_as("clearance"), staff: "E101".into() })
    );
}

#[test]
fn a_label_that_nobody_has_heard_is_asked_about() {
    let mut aisle = Aisle::open();
    aisle.scan(77);
    assert_eq!(aisle.said().1, "没有基站听到过这个价签");
    assert_eq!(aisle.sounds(), [Sound::Unknown, Sound::Blocked]);
    aisle.scan_goods(LEMON);
    assert_eq!(aisle.facts(), []);
    aisle.stand.press(Button::Row(1));
    assert_eq!(aisle.facts(), []);
    aisle.scan_goods(LEMON);
    aisle.stand.press(Button::Row(0));
    assert_eq!(
        aisle.facts(),
        [Record::LabelBound { binding: binding(77, &[LEMON], ""), staff: "E101".into() }]
    );
    assert_eq!(aisle.page().card.stages[0].tone, Tone::Good);
}

#[test]
fn what_is_no_label_and_no_goods_is_refused_in_words() {
    let mut aisle = Aisle::open();
    let wrong = [
        ("M00000005C", "这是会员码", Sound::Blocked),
        ("CDEMO0001R", "这是优惠券", Sound::Blocked),
        ("134567890123456789", "这是付款码", Sound::Blocked),
        ("9529999999999", "没扫清楚：9529999999999", Sound::Unknown),
        ("6901234567892", "本店没有：6901234567892", Sound::Unknown),
        ("https://example.org/", "本店没有：https://example.org/", Sound::Unknown),
    ];
    for at_a_label in [false, true] {
        if at_a_label {
            aisle.scan(5);
        }
        for (code, said, sound) in wrong {
            aisle.sounds();
            aisle.stand.scan(code);
            let (tone, what, rest) = aisle.said();
            assert_eq!((tone, what.as_str()), (Tone::Attend, said));
            assert!(!rest.is_empty());
            assert_eq!(aisle.sounds(), [sound], "{said}");
        }
    }
    assert_eq!(aisle.facts(), []);
    // A payment code is nowhere to be seen.
    aisle.stand.scan("134567890123456789");
    assert!(!aisle.reads().contains("134567890123456789"));
}

#[test]
fn each_list_has_its_labels_and_says_why() {
    let mut aisle = Aisle::open();
    let home = aisle.page();
    assert_eq!(home.title, "调价 07:00");
    assert_eq!(home.progress, Some(869));
    assert_eq!(
        home.counts.iter().map(|count| count.text.as_str()).collect::<Vec<_>>(),
        ["已确认 1,085", "等待 161", "失败 2"]
    );
    let states =
        |rows: Vec<LabelRow>| rows.into_iter().map(|row| (row.state, row.state_detail)).collect::<Vec<_>>();
    aisle.go(0);
    let words = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(what, detail)| ((*what).to_owned(), (*detail).to_owned())).collect()
    };
    assert_eq!(
        states(aisle.page().rows),
        words(&[
            ("传送中", ""),
            ("先等收银机", "等 2 号机收到新价"),
            ("3 次无应答", "多次没有应答，看看电池和距离"),
            ("画不出来", "有商品本店不卖，请换商品"),
        ])
    );
    aisle.go(1);
    assert_eq!(aisle.page().counts[0].text, "463");
    assert_eq!(aisle.page().pages, "1–50 / 463");
    let first = aisle.rows();
    aisle.stand.key(Key::PageDown);
    assert_eq!(aisle.page().pages, "51–100 / 463");
    assert!(aisle.rows().iter().all(|name| !first.contains(name)));
    aisle.go(2);
    assert_eq!(aisle.page().rows.len(), 2);
    aisle.go(3);
    assert_eq!(states(aisle.page().rows)[0].0, "电量低 2.31 V");
    aisle.go(4);
    assert_eq!(aisle.page().rows[0].detail, "E4-1-02 · 0218A3F50007");
    aisle.go(5);
    assert_eq!(states(aisle.page().rows)[1].0, "不通");
    // What is not struck says why, on the list and on the label.
    aisle.go(8);
    let page = aisle.page();
    assert_eq!(page.title, "没有显示的划线价");
    assert_eq!(
        page.rows.iter().map(|row| (row.before.as_str(), row.state.as_str())).collect::<Vec<_>>(),
        [("原价 4.90", "前7天卖过 4.50")]
    );
    aisle.stand.press(Button::Row(0));
    let page = aisle.page();
    assert!(page.facts.iter().any(|fact| fact.value == "前7天卖过 4.50"), "{:?}", page.facts);
    // The agent compares by itself; nobody has asked for it.
    aisle.stand.key(Key::Tab);
    let parity = aisle.page().rows[6].clone();
    assert_eq!((parity.value.as_str(), parity.state.as_str()), ("1,246", "3 个不一致"));
    // A row opens the label, with both pictures and all that is known.
    aisle.go(0);
    aisle.stand.press(Button::Row(1));
    let page = aisle.page();
    assert_eq!(page.title, "02 18 A3 F5 00 03");
    assert!(page.faces.iter().all(|face| face.picture.is_some()));
    assert_ne!(page.faces[0].picture, page.faces[1].picture);
    assert!(page.facts.iter().any(|fact| fact.value == "等 2 号机收到新价"), "{:?}", page.facts);
    assert_eq!(page.card.stages[2].detail, "等 2 号机收到新价");
    assert_eq!(page.rows[0].before, "价签 6.50");
    // Escape leads back to the list, and its row.
    aisle.stand.key(Key::Escape);
    assert_eq!(aisle.page().title, "未确认的价签");
}

#[test]
fn goods_and_labels_are_found_by_what_is_typed() {
    let mut aisle = Aisle::open();
    let mut find = |text: &str| {
        aisle.stand.key(Key::Tab);
        aisle.stand.type_text(text);
        aisle.rows()
    };
    assert!(find("yyswlc")[0].contains("乌龙茶"));
    assert!(find("Milk Tea").iter().any(|name| name.contains("奶茶")));
    assert!(find("K1").iter().any(|name| name.contains("等 2 种")));
    assert_eq!(find("50004").len(), 1);
    assert_eq!(find("zzzzzz"), Vec::<String>::new());
    aisle.stand.key(Key::Enter);
    assert_eq!(aisle.said().1, "没有找到");
    // Enter opens what is chosen; a code that was typed is as good as a scan.
    aisle.stand.key(Key::Tab);
    aisle.stand.type_text("a2-1-03");
    aisle.stand.key(Key::Enter);
    assert_eq!(aisle.page().title, "02 18 A3 F5 00 03");
    aisle.stand.enter(&code_of(LEMON).expect("a code"));
    assert_eq!(aisle.page().title, "这个价签已经绑了商品");
    // On a tablet without keys the letters stand on the screen.
    aisle.stand.key(Key::Tab);
    aisle.stand.function(2);
    assert!(aisle.has_button("q") && aisle.has_button("7"));
    aisle.stand.press(Button::Letter('k'));
    aisle.stand.press(Button::Digit('1'));
    assert_eq!(aisle.page().entry, "k1");
    assert_eq!(aisle.page().rows.len(), 1);
}

#[test]
fn labels_are_held_against_the_till() {
    let mut aisle = Aisle::open();
    aisle.go(6);
    for _ in 0..3 {
        aisle.stand.turn(vec![Event::Tick]);
    }
    let page = aisle.page();
    let counts: Vec<&str> = page.counts.iter().map(|count| count.text.as_str()).collect();
    // Water, cola, tea, juice, tissues, water, and two on one label; the one of goods that are not sold is none.
    assert_eq!(counts, ["已查 8", "一致 6", "不一致 2"]);
    assert_eq!(page.progress, None);
    assert_eq!(page.card.title, "没有价签低于收银");
    assert_eq!(
        page.rows.iter().map(|row| (row.before.as_str(), row.value.as_str())).collect::<Vec<_>>(),
        // Below them what the agent found by itself, today and on the day before.
        [("价签 6.50", "6.00"), ("价签 8.50", "7.90"), ("", "1,246"), ("", "1,244")]
    );
    assert_eq!(page.rows[3].state, "全部一致");
    // A label that shows less than is charged is the worst of all.
    let now_ms = aisle.stand.moment.now_ms;
    aisle.agent(1, &[WATER], confirmed(WATER, 150, now_ms));
    aisle.stand.function(4);
    aisle.stand.turn(vec![Event::Tick]);
    assert_eq!(aisle.page().card.title, "1 个价签低于收银");
    assert!(aisle.page().rows.iter().any(|row| row.tone == Tone::Stop));
}

#[test]
fn a_walk_compares_label_goods_till_and_hq() {
    let mut aisle = Aisle::open();
    aisle.stand.function(4);
    aisle.scan_goods(WATER);
    assert_eq!(aisle.said().1, "先扫价签");
    for (number, sku) in [(1, WATER), (2, COLA), (3, TEA), (4, WATER)] {
        aisle.scan(number);
        aisle.scan_goods(sku);
    }
    let states: Vec<String> = aisle.page().rows.into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["绑的是别的商品", "价签高于收银", "一致，新价等价签", "一致"]);
    assert_eq!(aisle.page().counts[0].text, "一致 2");
    assert!(aisle.page().rows[2].detail.contains("总部 2.00"), "{}", aisle.page().rows[2].detail);
    assert_eq!(aisle.facts(), []);
}

#[test]
fn a_new_price_before_its_labels_takes_a_right_and_a_reason() {
    let mut aisle = Aisle::open();
    aisle.scan(1);
    assert!(!aisle.page().keys[7].enabled, "nothing is kept");
    aisle.scan(2);
    aisle.stand.function(10);
    assert!(
        aisle.page().note.contains("1.80") && aisle.page().note.contains("2.00"),
        "{}",
        aisle.page().note
    );
    aisle.stand.press(Button::Row(1));
    // A cashier may not: somebody who may is asked on the spot.
    assert!(aisle.stand.lane.view().sheet.is_some());
    assert_eq!(aisle.facts(), []);
    aisle.stand.enter("201");
    aisle.stand.enter("3456");
    let waived =
        Record::LabelsWaived {
            item: LabelItem::of(COLA), staff: "E101".into(), reason: "价签已取下".into()
        };
    assert_eq!(aisle.facts(), [waived]);
    assert!(aisle.records().iter().any(|record| matches!(record, Record::Approved { .. })));

    // A supervisor may alone.
    let mut aisle = Aisle::open_as(config(), "201", "3456");
    aisle.scan(2);
    aisle.stand.function(10);
    aisle.stand.press(Button::Row(0));
    assert_eq!(aisle.facts().len(), 1);
    assert_eq!(aisle.said().1, "新价马上生效");
}

#[test]
fn a_binding_that_waits_or_fails_is_told_with_a_sound() {
    let mut aisle = Aisle::open();
    aisle.scan(5);
    aisle.scan_goods(TEA);
    aisle.sounds();
    let now_ms = aisle.stand.moment.now_ms;
    let held = LabelState {
        condition: LabelCondition::Held,
        wanted: Some(face(TEA, 600)),
        held: Some(ledger::reference::shelf::HeldBack::Lanes { lanes: vec![2] }),
        ..heard(now_ms)
    };
    aisle.agent(5, &[TEA], held.clone());
    assert_eq!(aisle.said().1, "0218A3F50005 等收银机");
    assert_eq!(aisle.sounds(), [Sound::Blocked]);
    aisle.agent(5, &[TEA], held);
    assert_eq!(aisle.sounds(), [], "it is said once");
    let given_up = LabelState {
        condition: LabelCondition::GivenUp,
        wanted: Some(face(TEA, 600)),
        tries: 3,
        why: "the label sleeps and must be woken by its button".into(),
        ..heard(now_ms)
    };
    aisle.agent(5, &[TEA], given_up);
    assert_eq!(aisle.said().0, Tone::Stop);
    assert_eq!(aisle.sounds(), [Sound::Blocked]);
    assert_eq!(aisle.page().note, "价签休眠了，按它的按钮唤醒");
    assert_eq!(aisle.page().card.stages[2].detail, "试了 3 次");
    aisle.stand.agent_is_slow = true;
    aisle.stand.function(7);
    let asked = aisle.stand.commands.iter().any(|command| {
        matches!(command, Command::Ask(asked) if asked.question == Question::ResendLabel { label: label(5).to_string() })
    });
    assert!(asked);
}

#[test]
fn every_page_has_its_english_and_its_labels() {
    let english = Config { language: Language::En, ..config() };
    let mut aisle = Aisle::open_as(english, "101", "1234");
    let ours = |text: &str| -> bool {
        let han = |character: char| ('\u{4e00}'..='\u{9fff}').contains(&character);
        // Names of people, and the key that leads to the other language.
        text.chars().any(han) && !matches!(text, "中文" | "Cashier 李敏")
    };
    let check = |aisle: &Aisle, name: &str| {
        let reads = aisle.reads();
        let chinese: Vec<&str> = reads.lines().filter(|line| ours(line)).collect();
        assert!(chinese.is_empty(), "{name}: {chinese:?}");
    };
    check(&aisle, "home");
    for row in 0..9 {
        aisle.go(row);
        check(&aisle, &format!("row {row}"));
    }
    for number in [1, 2, 3, 4, 5, 8, 10, 77] {
        aisle.stand.key(Key::Tab);
        aisle.scan(number);
        check(&aisle, &format!("label {number}"));
    }
    for key in [5, 6, 8, 9] {
        aisle.stand.key(Key::Tab);
        aisle.scan(1);
        aisle.stand.function(key);
        check(&aisle, &format!("F{key}"));
    }
    aisle.stand.key(Key::Tab);
    aisle.scan(1);
    aisle.scan_goods(LEMON);
    check(&aisle, "already bound");
    for code in ["M00000005C", "134567890123456789", "6901234567892"] {
        aisle.stand.scan(code);
        check(&aisle, code);
    }
    assert!(aisle.has_button("Back") && aisle.has_button("Choose this"));
}

#[test]
fn what_this_lane_wrote_is_shown_before_the_agent_has_read_it() {
    let mut aisle = Aisle::open();
    aisle.scan(5);
    aisle.scan_goods(LEMON);
    aisle.stand.key(Key::Tab);
    aisle.scan(5);
    assert!(aisle.page().rows[0].name.contains("柠檬汽水"));
    // Also where the label was known to be something else meanwhile.
    aisle.scan_goods(WATER);
    assert_eq!(aisle.page().title, "这个价签已经绑了商品");
    assert_eq!(LabelNumber::parse("0218A3F50005"), Ok(label(5)));
}
