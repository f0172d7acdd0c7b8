//! Shelf labels as an integrator sees them.

use protocol::event::{self, Fact, LabelBinding, LabelItem};
use protocol::shelf::{BatchCounts, STOCK_ASKED_MAX, ShelfAnswer, ShelfCounts, ShelfReport};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::desk::{Desk, kind};
use super::lane::Lane;
use super::open;
use super::selling::{enrol, push, receive};

async fn report(desk: &Desk, lane: &Lane, number: u64, counts: Option<ShelfCounts>) {
    let url = format!("{}/v1/lanes/S1/{}/shelf", desk.running.url(), lane.identity.lane);
    let report = ShelfReport { number, items: Vec::new(), counts, deals: Vec::new(), stock: Vec::new() };
    let sent = desk.client.post(url).bearer_auth(&lane.identity.key).json(&report).send().await;
    assert_eq!(sent.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stores_labels_are_told_with_batch_batteries_and_lanes() {
    let desk = open().await;
    let key = desk.key("goods:read").await;
    let (mut one, _two) = (enrol(&desk, 1).await, enrol(&desk, 2).await);
    let before = desk.get(&key, "/v1/stores/S1/labels").await.ok();
    assert_eq!(before, json!({ "items": [], "next": null }), "nobody has reported yet");

    for label in ["00000218A3F5C611", "00000218A3F5C612"] {
        let item = LabelItem { sku: "cola".into(), unit: String::new() };
        let binding = LabelBinding {
            label: label.into(),
            items: vec![item],
            template: String::new(),
            slot: "A".into(),
        };
        let fact = Fact::LabelBound { binding, staff: "u1".into() };
        one.write(event::encode(&one.event(fact)));
    }
    push(&desk, &one, 1).await;
    report(&desk, &one, 1, None).await;
    let told = desk.get(&key, "/v1/stores/S1/labels").await.ok();
    let row = &told["items"][0];
    assert_eq!((&row["bound"], &row["counts"]), (&json!(2), &Value::Null), "nothing was counted yet");

    let batch = BatchCounts { begun_ms: 5, labels: 2, shown: 1, given_up: 0, ended_ms: None };
    let counts = ShelfCounts {
        at_ms: 9,
        bound: 2,
        shown: 1,
        sending: 1,
        differing: 1,
        below: 1,
        low_battery: 1,
        gateways: 2,
        gateways_down: 1,
        checked_ms: Some(8),
        batch: Some(batch),
        ..ShelfCounts::default()
    };
    report(&desk, &one, 2, Some(counts)).await;
    let told = desk.get(&key, "/v1/stores/S1/labels").await.ok();
    let row = &told["items"][0];
    let of = |name: &str| row["counts"][name].clone();
    assert_eq!((&row["store"], &row["lane"]), (&json!("S1"), &json!(1)));
    for (name, wanted) in [
        ("shown", 1),
        ("sending", 1),
        ("differing", 1),
        ("below", 1),
        ("low_battery", 1),
        ("gateways", 2),
        ("gateways_down", 1),
        ("checked_ms", 8),
        ("held", 0),
    ] {
        assert_eq!(of(name), json!(wanted), "{name}");
    }
    assert_eq!(
        of("batch"),
        json!({ "begun_ms": 5, "labels": 2, "shown": 1, "given_up": 0, "ended_ms": null })
    );
    assert_eq!(row["lanes"], json!([{ "lane": 2, "version": 0 }]));
}

#[tokio::test]
async fn an_agent_hears_what_its_store_has_of_its_goods() {
    let desk = open().await;
    let mut one = enrol(&desk, 1).await;
    receive(&desk, &mut one, &[("cola", 5_000)]).await;
    let url = format!("{}/v1/lanes/S1/1/shelf", desk.running.url());
    let ask = async |number: u64, stock: Vec<String>| {
        let report = ShelfReport { number, items: Vec::new(), counts: None, deals: Vec::new(), stock };
        desk.client.post(&url).bearer_auth(&one.identity.key).json(&report).send().await.expect("an answer")
    };
    let answer = ask(1, vec!["cola".into(), "tea".into()]).await;
    let told: ShelfAnswer = answer.json().await.expect("an answer");
    let told: Vec<(&str, i64)> = told.stock.iter().map(|told| (told.sku.as_str(), told.on_hand)).collect();
    assert_eq!(told, [("cola", 5_000), ("tea", 0)]);
    // As an older agent asks, and with too much.
    let told: ShelfAnswer = ask(2, Vec::new()).await.json().await.expect("an answer");
    assert_eq!(told.stock, []);
    let many = (0..=STOCK_ASKED_MAX).map(|number| number.to_string()).collect();
    assert_eq!(ask(3, many).await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn labels_of_no_store_or_without_the_scope_are_refused() {
    let desk = open().await;
    let key = desk.key("goods:read").await;
    let (status, _) = kind(desk.get(&key, "/v1/stores/S404/labels").await.problem());
    assert_eq!(status, 404);
    let other = desk.key("sales:read").await;
    let (status, _) = kind(desk.get(&other, "/v1/stores/S1/labels").await.problem());
    assert_eq!(status, 403);
}
