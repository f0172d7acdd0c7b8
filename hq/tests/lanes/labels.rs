//! What a store's labels stand for, and what may be charged meanwhile.

use protocol::event::{LabelBinding, LabelItem};
use protocol::pull::Label;
use protocol::shelf::{
    CapTold, DEALS_ASKED_MAX, DealAsked, DealTold, ItemCaps, LaneVersion, ShelfAnswer, ShelfCounts,
    ShelfReport, VersionInUse,
};

use super::lane::{line, sale};
use super::*;

const LABEL: &str = "00000218A3F5C611";

fn binding(label: &str, sku: &str) -> LabelBinding {
    let items = vec![LabelItem { sku: sku.into(), unit: String::new() }];
    LabelBinding { label: label.into(), items, template: String::new(), slot: "A-1".into() }
}

fn bound(label: &str, sku: &str) -> Fact {
    Fact::LabelBound { binding: binding(label, sku), staff: "u1".into() }
}

fn item(sku: &str) -> LabelItem {
    LabelItem { sku: sku.into(), unit: String::new() }
}

fn cap(price: i64, from_ms: Option<i64>) -> CapTold {
    CapTold { from_ms, price: Some(price), member_price: None, label: LABEL.into() }
}

/// What a lane is told of labels, by number: the items, and whether it was taken down.
fn labels(changes: &[Change]) -> Vec<(String, Vec<String>, bool)> {
    let of = |change: &Change| match &change.entity {
        Entity::Label(Some(Label { items, taken_down, .. })) => {
            let items = items.iter().map(|item| item.sku.clone()).collect();
            Some((change.key.clone(), items, *taken_down))
        }
        _ => None,
    };
    changes.iter().filter_map(of).collect()
}

fn caps(changes: &[Change]) -> Vec<(String, Option<i64>)> {
    let of = |change: &Change| match &change.entity {
        Entity::ShelfCap(cap) => Some((change.key.clone(), cap.as_ref().and_then(|cap| cap.price))),
        _ => None,
    };
    changes.iter().filter_map(of).collect()
}

impl Shop {
    async fn report(&self, lane: &Lane, report: &ShelfReport) -> Result<ShelfAnswer, StatusCode> {
        let url = format!("{}/v1/lanes/S1/{}/shelf", self.running.url(), lane.identity.lane);
        let sent = self.client.post(url).bearer_auth(&lane.identity.key).json(report).send();
        let answer = sent.await.expect("an answer");
        match answer.status() {
            StatusCode::OK => Ok(answer.json().await.expect("an answer")),
            status => Err(status),
        }
    }

    async fn uses(&self, lane: &Lane, version: u64) {
        let url = format!("{}/v1/lanes/S1/{}/version", self.running.url(), lane.identity.lane);
        let said = VersionInUse { version };
        let sent = self.client.post(url).bearer_auth(&lane.identity.key).json(&said).send();
        assert_eq!(sent.await.expect("an answer").status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_label_stands_for_what_was_said_last_whoever_is_heard_first() {
    let shop = Shop::open().await;
    let (mut one, mut two) = (shop.enrol(1).await, shop.enrol(2).await);
    let (head, _) = shop.page(&one, 0, 100).await;
    two.at_ms += 1_000;
    for (lane, fact) in [(&mut two, bound(LABEL, "2")), (&mut one, bound(LABEL, "1"))] {
        let event = lane.event(fact);
        lane.write(event::encode(&event));
    }
    // The later one is heard first, and each twice.
    for lane in [&two, &one, &two] {
        shop.push(lane, 1, 1).await.expect("filed");
    }
    let (head, changes) = shop.page(&one, head.through, 100).await;
    assert_eq!(labels(&changes), [(LABEL.to_owned(), vec!["2".to_owned()], false)]);

    // In the same way where a rebuild reads them again.
    shop.ask(Command::Rebuild).await.expect("rebuilt");
    let (_, changes) = shop.page(&one, head.through, 100).await;
    assert_eq!(labels(&changes), []);

    one.at_ms += 9_000;
    let new = "00000218A3F5C702";
    let replaced = Fact::LabelReplaced {
        old: LABEL.into(),
        binding: binding(new, "2"),
        staff: "u1".into(),
        reason: String::new(),
    };
    let event = one.event(replaced);
    one.write(event::encode(&event));
    shop.push(&one, 2, 2).await.expect("filed");
    let (_, changes) = shop.page(&one, head.through, 100).await;
    assert_eq!(
        labels(&changes),
        [(LABEL.to_owned(), Vec::new(), true), (new.to_owned(), vec!["2".to_owned()], false)]
    );
}

#[tokio::test]
async fn what_no_label_can_be_is_set_aside() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let unbound =
        |label: &str| Fact::LabelUnbound { label: label.into(), staff: "u1".into(), reason: String::new() };
    let wrong = [bound("label", "1"), bound(LABEL, ""), unbound("12")];
    for fact in wrong.into_iter().chain([bound(LABEL, "1")]) {
        let event = lane.event(fact);
        lane.write(event::encode(&event));
    }
    let answer = shop.push(&lane, 1, 4).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (4, 3));
    let (_, changes) = shop.page(&lane, 0, 100).await;
    assert_eq!(labels(&changes), [(LABEL.to_owned(), vec!["1".to_owned()], false)]);
}

#[tokio::test]
async fn caps_reach_the_lanes_and_their_agent_hears_who_has_them() {
    let shop = Shop::open().await;
    let (one, two) = (shop.enrol(1).await, shop.enrol(2).await);
    let report = |number, sku: &str, caps: Vec<CapTold>| ShelfReport {
        number,
        items: vec![ItemCaps { item: item(sku), caps }],
        counts: None,
        deals: Vec::new(),
        stock: Vec::new(),
    };
    let (head, _) = shop.page(&two, 0, 100).await;
    let told =
        shop.report(&one, &report(5, "1", vec![cap(500, None), cap(400, Some(9))])).await.expect("taken");
    assert!(told.is_taken && told.version > head.through);
    assert_eq!(told.lanes, [LaneVersion { lane: 2, version: 0 }]);
    let (head, changes) = shop.page(&two, head.through, 100).await;
    assert_eq!(caps(&changes).iter().map(|(_, price)| *price).collect::<Vec<_>>(), [Some(500), Some(400)]);
    shop.uses(&two, head.through).await;

    // A report that comes late puts no older cap in the place of a newer one.
    let late = shop.report(&one, &report(4, "1", vec![cap(900, None)])).await.expect("an answer");
    assert_eq!((late.is_taken, late.number), (false, 5));
    let told = shop.report(&one, &report(6, "1", vec![cap(300, None)])).await.expect("taken");
    assert_eq!(told.lanes, [LaneVersion { lane: 2, version: head.through }]);
    let (_, changes) = shop.page(&two, head.through, 100).await;
    let gone = changes.iter().filter(|change| change.entity == Entity::ShelfCap(None)).count();
    assert_eq!((caps(&changes).len(), gone), (2, 1));

    // A lane that is lost counts no more, until it says something.
    shop.ask(Command::WriteOff { store: "S1".into(), lane: 2 }).await.expect("written off");
    let told = shop.report(&one, &report(7, "1", vec![cap(300, None)])).await.expect("taken");
    assert_eq!(told.lanes, []);
    shop.uses(&two, told.version).await;
    let told = shop.report(&one, &report(8, "1", vec![cap(300, None)])).await.expect("taken");
    assert_eq!(told.lanes, [LaneVersion { lane: 2, version: told.version }]);

    let long = report(9, &"x".repeat(1_000), Vec::new());
    assert_eq!(shop.report(&one, &long).await.map(drop), Err(StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn hq_sees_how_the_labels_of_a_store_stand() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let event = lane.event(bound(LABEL, "1"));
    lane.write(event::encode(&event));
    shop.push(&lane, 1, 1).await.expect("filed");
    let counts = ShelfCounts { bound: 1, shown: 1, gateways: 2, gateways_down: 1, ..ShelfCounts::default() };
    for (number, counts) in [(1, Some(counts.clone())), (2, None)] {
        let report = ShelfReport { number, items: Vec::new(), counts, deals: Vec::new(), stock: Vec::new() };
        shop.report(&lane, &report).await.expect("taken");
    }
    let Ok(Outcome::Labels { rows }) = shop.ask(Command::Labels { store: Some("S1".into()) }).await else {
        panic!("no labels")
    };
    assert_eq!((rows.len(), rows[0].bound, rows[0].counts.as_ref()), (1, 1, Some(&counts)));
    let none = shop.ask(Command::Labels { store: Some("S2".into()) }).await;
    assert_eq!(none, Ok(Outcome::Labels { rows: Vec::new() }));
}

const DAY_MS: i64 = 86_400_000;

/// A lane of the store that has opened its shift.
async fn open_shift(shop: &Shop, number: u32) -> Lane {
    let mut lane = shop.enrol(number).await;
    let event = lane.event(Fact::ShiftOpened { staff: "u1".into(), float: 0, carried: None });
    lane.write(event::encode(&event));
    lane
}

/// Sells one at an instant, and closes nothing.
fn sold(lane: &mut Lane, at_ms: i64, sku: &str, net: i64) {
    lane.at_ms = at_ms;
    lane.sell_named(sku, net);
}

/// What HQ says an item was sold at before an instant: the lowest of seven days, the last one before, and whether it
/// knows that whole.
async fn deal(
    shop: &Shop,
    lane: &Lane,
    number: u64,
    sku: &str,
    until_ms: i64,
) -> (Option<i64>, Option<i64>, bool) {
    let asked = DealAsked { item: item(sku), from_ms: until_ms - 7 * DAY_MS, until_ms };
    let report = ShelfReport {
        number,
        items: Vec::new(),
        counts: None,
        deals: vec![asked.clone()],
        stock: Vec::new(),
    };
    let told = shop.report(lane, &report).await.expect("taken");
    let [DealTold { item, from_ms, until_ms, lowest, last, is_whole }] = told.deals.as_slice() else {
        panic!("one answer: {:?}", told.deals)
    };
    assert_eq!((item, from_ms, until_ms), (&asked.item, &asked.from_ms, &asked.until_ms));
    (*lowest, *last, *is_whole)
}

#[tokio::test]
async fn what_goods_were_sold_at_is_the_lowest_that_any_lane_of_the_store_took() {
    let shop = Shop::open().await;
    let (mut one, mut two) = (open_shift(&shop, 1).await, open_shift(&shop, 2).await);
    let begins = one.at_ms + 10 * DAY_MS;
    sold(&mut one, begins - 9 * DAY_MS - 1, "1", 300);
    sold(&mut one, begins - 2 * DAY_MS, "1", 800);
    sold(&mut two, begins - DAY_MS, "1", 790);
    // A gift has no price; another item is another matter.
    sold(&mut two, begins - DAY_MS, "1", 0);
    sold(&mut two, begins - DAY_MS, "2", 100);
    // What is sold at the promotion's own price is after its beginning.
    sold(&mut one, begins, "1", 500);
    shop.push(&one, 1, 4).await.expect("filed");
    assert_eq!(deal(&shop, &one, 1, "1", begins).await, (Some(800), None, true), "lane 2 has sent nothing");
    shop.push(&two, 1, 2).await.expect("filed");
    assert_eq!(
        deal(&shop, &one, 2, "1", begins).await,
        (Some(790), None, false),
        "lane 2 may have sold more"
    );
    sold(&mut two, begins + 1, "2", 100);
    shop.push(&two, 3, 5).await.expect("filed");
    assert_eq!(deal(&shop, &one, 3, "1", begins).await, (Some(790), None, true));
    // None in seven days: the last one before. Never: nothing.
    assert_eq!(deal(&shop, &one, 4, "1", begins - 2 * DAY_MS).await, (None, Some(300), true));
    assert_eq!(deal(&shop, &one, 5, "3", begins).await, (None, None, true));
}

#[tokio::test]
async fn a_line_that_was_rounded_was_sold_at_its_price_and_a_reduced_one_below() {
    let shop = Shop::open().await;
    let mut one = open_shift(&shop, 1).await;
    let begins = one.at_ms + DAY_MS;
    let mut weigh = |quantity: i64, net: i64| {
        let mut weighed = line("7", net);
        (weighed.weighed, weighed.quantity, weighed.unit_price, weighed.list_price) =
            (true, quantity, 1_280, 1_280);
        one.complete(sale(vec![weighed]));
    };
    weigh(333, 426);
    weigh(1_001, 1_281);
    let closed = one.event(Fact::ShiftClosed { staff: "u1".into(), report: None });
    one.write(event::encode(&closed));
    let (filed, one) = (one.events.len(), one);
    shop.push(&one, 1, filed).await.expect("filed");
    // Nothing is sold between shifts, so what is known is whole.
    assert_eq!(deal(&shop, &one, 1, "7", begins).await, (Some(1_280), None, true));
    let mut one = one;
    let mut reduced = line("7", 1_100);
    (reduced.weighed, reduced.unit_price, reduced.list_price) = (true, 1_280, 1_280);
    reduced.basket_discount = 180;
    one.complete(sale(vec![reduced]));
    let answer = shop.push(&one, filed + 1, filed + 1).await.expect("filed");
    assert_eq!(answer.quarantined, 0);
    assert_eq!(deal(&shop, &one, 2, "7", begins).await.0, Some(1_100));
}

#[tokio::test]
async fn too_many_questions_at_one_time_are_refused() {
    let shop = Shop::open().await;
    let one = shop.enrol(1).await;
    let asked = DealAsked { item: item("1"), from_ms: 0, until_ms: 1 };
    let report = |count: usize| ShelfReport {
        number: 1,
        items: Vec::new(),
        counts: None,
        deals: vec![asked.clone(); count],
        stock: Vec::new(),
    };
    assert_eq!(shop.report(&one, &report(DEALS_ASKED_MAX + 1)).await.map(drop), Err(StatusCode::BAD_REQUEST));
    assert_eq!(
        shop.report(&one, &report(DEALS_ASKED_MAX)).await.expect("taken").deals.len(),
        DEALS_ASKED_MAX
    );
}

#[tokio::test]
async fn hq_says_which_other_store_has_a_label() {
    use protocol::ask::{Answer, Question};
    let shop = Shop::open().await;
    let mut one = shop.enrol(1).await;
    let ask = async |lane: &Lane, store: &str, label: &str| -> Answer {
        let url = format!("{}/v1/lanes/{store}/{}/ask", shop.running.url(), lane.identity.lane);
        let question = Question::LabelStore { label: label.into() };
        let sent = shop.client.post(url).bearer_auth(&lane.identity.key).json(&question).send();
        sent.await.expect("an answer").json().await.expect("an answer")
    };
    let event = one.event(bound(LABEL, "1"));
    one.write(event::encode(&event));
    shop.push(&one, 1, 1).await.expect("filed");
    assert_eq!(ask(&one, "S1", LABEL).await, Answer::LabelStore { store: None }, "it is its own");
    let path = shop.folder.path().join("other.json");
    std::fs::write(&path, SHOP.replace("\"S1\"", "\"S2\"")).expect("a file");
    shop.ask(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    let Ok(Outcome::Code { code }) = shop.ask(Command::Enrol { store: "S2".into(), lane: 1 }).await else {
        panic!("no code")
    };
    let enrolment = shop.send_code(&code).await.json().await.expect("enrolled");
    let other = Lane::new(enrolment);
    assert_eq!(ask(&other, "S2", LABEL).await, Answer::LabelStore { store: Some("S1".into()) });
    assert_eq!(ask(&other, "S2", "00000000000000FF").await, Answer::LabelStore { store: None });
    // Once it is unbound there, it is free.
    let gone = Fact::LabelUnbound { label: LABEL.into(), staff: "u1".into(), reason: String::new() };
    let event = one.event(gone);
    one.write(event::encode(&event));
    shop.push(&one, 2, 2).await.expect("filed");
    assert_eq!(ask(&other, "S2", LABEL).await, Answer::LabelStore { store: None });
}
