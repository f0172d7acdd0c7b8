//! What a store's labels stand for, and what may be charged meanwhile.

use protocol::event::{LabelBinding, LabelItem};
use protocol::pull::Label;
use protocol::shelf::{CapTold, ItemCaps, LaneVersion, ShelfAnswer, ShelfCounts, ShelfReport, VersionInUse};

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
        let report = ShelfReport { number, items: Vec::new(), counts };
        shop.report(&lane, &report).await.expect("taken");
    }
    let Ok(Outcome::Labels { rows }) = shop.ask(Command::Labels { store: Some("S1".into()) }).await else {
        panic!("no labels")
    };
    assert_eq!((rows.len(), rows[0].bound, rows[0].counts.as_ref()), (1, 1, Some(&counts)));
    let none = shop.ask(Command::Labels { store: Some("S2".into()) }).await;
    assert_eq!(none, Ok(Outcome::Labels { rows: Vec::new() }));
}
