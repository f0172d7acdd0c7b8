//! Labels as the agent writes and a lane reads them, on a real file.

use std::path::PathBuf;

use protocol::pull::{Change, Entity, Label, LabelStamp, LabelWaiver};
use tempfile::TempDir;

use super::*;
use crate::journal::Identity;
use crate::reference::ReferenceWriter;

struct Agent {
    folder: TempDir,
    writer: ReferenceWriter,
}

impl Agent {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut writer = ReferenceWriter::open(&folder.path().join("reference.db")).expect("opens");
        writer.set_identity(&Identity { store: "S001".into(), lane: 1, epoch: 1 }).expect("set");
        Self { folder, writer }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("reference.db")
    }

    fn lane(&self) -> Shelf {
        Shelf::open(&self.path()).expect("opens").expect("there is one")
    }

    fn pull(&mut self, anew: bool, changes: &[(&str, Entity)]) {
        let update = self.writer.begin().expect("begun");
        if anew {
            update.clear().expect("cleared");
        }
        for (key, entity) in changes {
            let change = Change { version: 1, key: (*key).into(), entity: entity.clone() };
            update.apply(&change).expect("applied");
        }
        update.commit(1).expect("committed");
    }

    fn learn(&mut self, changes: ShelfChanges) {
        self.writer.write_shelf(&changes).expect("written");
    }
}

fn number(last: u8) -> LabelNumber {
    LabelNumber::parse(&format!("{last:016X}")).expect("a number")
}

fn item(sku: &str) -> event::LabelItem {
    event::LabelItem { sku: sku.into(), unit: String::new() }
}

fn stamp(at_ms: i64, lane: u32) -> LabelStamp {
    LabelStamp { at_ms, lane, epoch: 1, seq: 9 }
}

fn label(skus: &[&str], at_ms: i64, lane: u32) -> Label {
    Label {
        items: skus.iter().map(|sku| item(sku)).collect(),
        template: String::new(),
        slot: format!("A-{at_ms}"),
        taken_down: false,
        stamp: stamp(at_ms, lane),
    }
}

fn skus(label: Option<BoundLabel>) -> Vec<String> {
    label.map(|label| label.items.into_iter().map(|item| item.sku).collect()).unwrap_or_default()
}

fn numbers(labels: &[ListedLabel]) -> Vec<u8> {
    let last =
        |label: &ListedLabel| u8::from_str_radix(&label.number.as_str()[14..], 16).expect("two digits");
    labels.iter().map(last).collect()
}

#[test]
fn of_two_that_bind_one_label_the_later_one_counts_whoever_tells_of_it_first() {
    let told = |skus: &[&str], at_ms| (number(1).to_string(), Entity::Label(Some(label(skus, at_ms, 2))));
    for own_is_later in [true, false] {
        let mut agent = Agent::new();
        let (own, fed) = if own_is_later { (20, 10) } else { (10, 20) };
        agent.learn(ShelfChanges {
            labels: vec![(number(1), label(&["own"], own, 1))],
            position: Some(ShelfPosition { epoch: 1, seq: 9 }),
            ..ShelfChanges::default()
        });
        let (key, entity) = told(&["fed"], fed);
        agent.pull(false, &[(&key, entity)]);
        let lane = agent.lane();
        let expected = if own_is_later { "own" } else { "fed" };
        assert_eq!(skus(lane.bound(&number(1)).expect("read")), [expected]);
        assert_eq!(lane.labels_of(expected).expect("read").len(), 1);
        let other = if own_is_later { "fed" } else { "own" };
        assert_eq!(lane.labels_of(other).expect("read"), []);
        assert_eq!(lane.position().expect("read").0, ShelfPosition { epoch: 1, seq: 9 });
    }
}

#[test]
fn an_unbound_label_is_known_as_that() {
    let mut agent = Agent::new();
    let entity = |label| Entity::Label(Some(label));
    agent.pull(false, &[("00000000000000AA", entity(label(&["a", "b"], 1, 1)))]);
    let gone = Label { taken_down: true, ..label(&[], 2, 1) };
    agent.pull(false, &[("00000000000000AA", entity(gone))]);
    let lane = agent.lane();
    let bound = lane.bound(&number(0xAA)).expect("read").expect("known");
    assert!(bound.taken_down && bound.items.is_empty());
    assert_eq!(lane.labels_of("a").expect("read"), []);
    assert_eq!(lane.bound(&number(9)).expect("read"), None);
}

#[test]
fn what_the_agent_found_out_stays_when_everything_is_pulled_anew() {
    let mut agent = Agent::new();
    let state = LabelState { battery_mv: Some(2_399), ..LabelState::new(5) };
    let own = ShelfCap {
        item: item("a"),
        lane: 1,
        from_ms: None,
        price: Some(500),
        member_price: None,
        label: number(1).to_string(),
    };
    let theirs = ShelfCap { lane: 2, price: Some(400), ..own.clone() };
    agent.learn(ShelfChanges {
        labels: vec![(number(1), label(&["a"], 1, 1))],
        states: vec![(number(1), state.clone())],
        caps: vec![(LabelItem::of("a"), vec![own])],
        is_kept: true,
        ..ShelfChanges::default()
    });
    agent.pull(false, &[(&theirs.key(), Entity::ShelfCap(Some(theirs.clone())))]);
    let lane = agent.lane();
    let cap = |lane: &Shelf| lane.cap("a", "", 0).expect("read").price.map(|(price, _)| price);
    assert_eq!(cap(&lane), Some(400));
    agent.pull(true, &[]);
    assert_eq!(cap(&lane), Some(500), "what HQ told is told again");
    assert_eq!(lane.state(&number(1)).expect("read"), Some(state));
    assert_eq!(skus(lane.bound(&number(1)).expect("read")), ["a"]);

    // The same lane in a new epoch stands where it stood; another does not.
    agent.writer.set_identity(&Identity { store: "S001".into(), lane: 1, epoch: 2 }).expect("set");
    assert_eq!(cap(&lane), Some(500));
    agent.writer.set_identity(&Identity { store: "S002".into(), lane: 1, epoch: 2 }).expect("set");
    assert_eq!((cap(&lane), lane.count(LabelList::All).expect("counted")), (None, 0));
}

#[test]
fn a_till_asks_no_more_than_the_least_that_any_label_may_show() {
    let mut agent = Agent::new();
    let cap = |lane, from_ms, price, member_price, label: &str| ShelfCap {
        item: item("a"),
        lane,
        from_ms,
        price,
        member_price,
        label: label.into(),
    };
    let told = [
        cap(2, None, Some(600), Some(550), "L2"),
        cap(2, Some(100), Some(500), None, "L3"),
        // An echo of this lane's own, which counts until the agent keeps its own.
        cap(1, None, Some(300), None, "L1"),
    ];
    let keys: Vec<String> = told.iter().map(ShelfCap::key).collect();
    let changes: Vec<_> = told
        .iter()
        .zip(&keys)
        .map(|(cap, key)| (key.as_str(), Entity::ShelfCap(Some(cap.clone()))))
        .collect();
    agent.pull(false, &changes);
    let lane = agent.lane();
    let at = |now_ms| {
        let cap = lane.cap("a", "", now_ms).expect("read");
        (cap.price, cap.member_price)
    };
    let said = |price, label: &str| Some((price, label.to_owned()));
    assert_eq!(at(0), (said(300, "L1"), said(550, "L2")));
    agent.learn(ShelfChanges { is_kept: true, ..ShelfChanges::default() });
    assert_eq!(at(99), (said(600, "L2"), said(550, "L2")));
    assert_eq!(at(100), (said(500, "L3"), said(550, "L2")));
    agent.learn(ShelfChanges {
        caps: vec![(LabelItem::of("a"), vec![cap(1, None, Some(450), None, "L4")])],
        ..ShelfChanges::default()
    });
    assert_eq!(at(100).0, said(450, "L4"));
    assert_eq!(lane.cap("a", "case", 100).expect("read"), CapNow::default());
    // Taken back: by HQ one by one, by the agent all of an item.
    agent.learn(ShelfChanges { caps: vec![(LabelItem::of("a"), vec![])], ..ShelfChanges::default() });
    let gone: Vec<_> = keys.iter().map(|key| (key.as_str(), Entity::ShelfCap(None))).collect();
    agent.pull(false, &gone);
    assert_eq!(at(100), (None, None));
}

#[test]
fn people_find_what_is_to_be_done() {
    let mut agent = Agent::new();
    let state = |condition, seen_ms, battery_mv| LabelState {
        condition,
        seen_ms: Some(seen_ms),
        battery_mv: Some(battery_mv),
        ..LabelState::new(1)
    };
    let not_struck = Some(NotStruck { item: item("b"), was: 500, why: WhyNotStruck::SoldForLess(400) });
    let taken_down = Label { taken_down: true, ..label(&[], 4, 1) };
    agent.learn(ShelfChanges {
        labels: vec![
            (number(1), label(&["a"], 1, 1)),
            (number(2), label(&["b", "c"], 2, 1)),
            (number(3), label(&["d"], 3, 1)),
            (number(4), taken_down),
        ],
        states: vec![
            (number(1), state(LabelCondition::Shown, 1_000, 3_000)),
            (number(2), LabelState { not_struck, ..state(LabelCondition::GivenUp, 10, 2_300) }),
            (number(4), state(LabelCondition::Unbound, 10, 3_000)),
            (number(5), state(LabelCondition::Unbound, 1_000, 3_000)),
        ],
        ..ShelfChanges::default()
    });
    let lane = agent.lane();
    let check = |list, expected: &[u8]| {
        assert_eq!(numbers(&lane.list(list, 0, 100).expect("read")), expected, "{list:?}");
        assert_eq!(lane.count(list).expect("counted"), expected.len() as u64, "{list:?}");
    };
    check(LabelList::All, &[1, 2, 3, 4, 5]);
    check(LabelList::NotConfirmed, &[2, 3]);
    check(LabelList::In(LabelCondition::GivenUp), &[2]);
    check(LabelList::WithoutItem, &[4, 5]);
    check(LabelList::LowBattery, &[2]);
    check(LabelList::NotStruck, &[2]);
    check(LabelList::Lost { since_ms: 100 }, &[2]);
    assert_eq!(numbers(&lane.list(LabelList::All, 1, 2).expect("read")), [2, 3]);
    assert_eq!(numbers(&lane.search("a-2", 9).expect("read")), [2]);
    assert_eq!(numbers(&lane.search("D", 9).expect("read")), [3]);
    assert_eq!(numbers(&lane.search("0000000000000005", 9).expect("read")), [5]);
    assert_eq!(lane.search(" ", 9).expect("read"), []);
}

#[test]
fn items_without_a_label_are_listed() {
    let mut agent = Agent::new();
    let product = |sku: &str| {
        let body = format!(
            r#"{{"kind":"product","body":{{"sku":"{sku}","name_zh":"","name_en":"","price":1,"tax_rate":0}}}}"#
        );
        serde_json::from_str::<Entity>(&body).expect("a product")
    };
    agent.pull(false, &[("a", product("a")), ("b", product("b")), ("c", product("c"))]);
    agent.learn(ShelfChanges { labels: vec![(number(1), label(&["b"], 1, 1))], ..ShelfChanges::default() });
    let lane = agent.lane();
    assert_eq!(lane.items_without_label(0, 9).expect("read"), ["a", "c"]);
    assert_eq!(lane.items_without_label(1, 9).expect("read"), ["c"]);
    assert_eq!(lane.count_items_without_label().expect("counted"), 2);
}

#[test]
fn the_later_waiver_of_an_item_counts() {
    let mut agent = Agent::new();
    let waiver = |at_ms| LabelWaiver { item: item("a"), stamp: stamp(at_ms, 1) };
    let key = item("a").key();
    agent.learn(ShelfChanges { waivers: vec![waiver(20)], ..ShelfChanges::default() });
    agent.pull(false, &[(&key, Entity::LabelWaiver(Some(waiver(10))))]);
    assert_eq!(agent.lane().waivers().expect("read"), [waiver(20)]);
    agent.learn(ShelfChanges { waivers_done: vec![waiver(20)], ..ShelfChanges::default() });
    assert_eq!(agent.lane().waivers().expect("read"), []);
    agent.pull(false, &[(&key, Entity::LabelWaiver(Some(waiver(30))))]);
    assert_eq!(agent.lane().waivers().expect("read"), [waiver(30)]);
}

#[test]
fn gateways_and_the_whole_are_known() {
    let mut agent = Agent::new();
    let gateway = GatewayState { is_up: false, since_ms: 7, why: "no answer".into(), open: 3 };
    let summary = ShelfSummary { lanes: vec![LaneKnown { lane: 2, version: 8 }], ..ShelfSummary::default() };
    agent.learn(ShelfChanges {
        gateways: vec![("a".into(), gateway.clone()), ("b".into(), gateway.clone())],
        summary: Some(summary.clone()),
        ..ShelfChanges::default()
    });
    agent.learn(ShelfChanges { gateways_gone: vec!["a".into()], ..ShelfChanges::default() });
    let lane = agent.lane();
    assert_eq!(lane.gateways().expect("read"), [("b".to_owned(), gateway)]);
    assert_eq!(lane.summary().expect("read"), summary);
}

#[test]
fn what_goods_were_sold_at_is_kept_and_the_oldest_goes() {
    let mut agent = Agent::new();
    let deal = |until_ms, lowest, last| Deal {
        item: LabelItem::of("a"),
        from_ms: until_ms - 7,
        until_ms,
        lowest,
        last,
    };
    let (sold, before, never) = (deal(100, Some(5), None), deal(200, None, Some(6)), deal(300, None, None));
    agent.learn(ShelfChanges {
        deals: vec![sold.clone(), before.clone(), never.clone()],
        ..ShelfChanges::default()
    });
    let lane = agent.lane();
    assert_eq!(lane.deals().expect("read"), [sold.clone(), before.clone(), never]);
    assert_eq!((sold.ceiling(), before.ceiling(), deal(1, None, None).ceiling()), (Some(5), Some(6), None));
    // A full pull forgets nothing of it; another store does.
    agent.pull(true, &[]);
    assert_eq!(lane.deals().expect("read").len(), 3);
    let many = (0..DEALS_MAX).map(|place| deal(1_000 + i64::try_from(place).expect("small"), Some(1), None));
    agent.learn(ShelfChanges { deals: many.collect(), ..ShelfChanges::default() });
    let kept = lane.deals().expect("read");
    assert_eq!((kept.len(), kept.iter().map(|deal| deal.until_ms).min()), (DEALS_MAX, Some(1_000)));
    agent.writer.set_identity(&Identity { store: "S002".into(), lane: 1, epoch: 1 }).expect("set");
    assert_eq!(lane.deals().expect("read"), []);
}

#[test]
fn a_cap_that_hq_tells_of_us_and_that_we_do_not_keep_is_found() {
    let mut agent = Agent::new();
    let cap = |sku: &str, lane| ShelfCap {
        item: item(sku),
        lane,
        from_ms: None,
        price: Some(1),
        member_price: None,
        label: "L".into(),
    };
    let told = [cap("a", 1), cap("b", 1), cap("c", 2)];
    let keys: Vec<String> = told.iter().map(ShelfCap::key).collect();
    let changes =
        told.iter().zip(&keys).map(|(cap, key)| (key.as_str(), Entity::ShelfCap(Some(cap.clone()))));
    agent.pull(false, &changes.collect::<Vec<_>>());
    let own = vec![(LabelItem::of("a"), vec![cap("a", 1)])];
    agent.learn(ShelfChanges { caps: own, is_kept: true, ..ShelfChanges::default() });
    assert_eq!(agent.lane().told_for_nothing(1).expect("read"), [LabelItem::of("b")]);
}
