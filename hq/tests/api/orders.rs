//! What tills do with orders: taken in as the API would do it, and listed where the book does not bear it.

use protocol::event::{self, Fact, Missing, Order, OrderDeed, Position, StockCount, StockLine};
use serde_json::{Value, json};

use super::channel::{ALL, order, state, told};
use super::desk::{Desk, nothing};
use super::lane::Lane;
use super::open;
use super::selling::{enrol, push, receive};

const ORDERS: &str = "/v1/stores/S1/orders";

fn accepted() -> OrderDeed {
    OrderDeed::Accepted {}
}

fn ready(missing: &[(u32, i64)]) -> OrderDeed {
    let missing = missing.iter().map(|(line, found)| Missing { line: *line, found: *found }).collect();
    OrderDeed::Ready { missing, reason: "卖完了".into() }
}

fn handed_over(code: &str) -> OrderDeed {
    OrderDeed::HandedOver { code: code.into() }
}

/// Writes what was done with an order at a lane; HQ hears of it later.
fn does(lane: &mut Lane, id: &str, deeds: impl IntoIterator<Item = OrderDeed>) -> usize {
    let first = lane.events.len() + 1;
    for deed in deeds {
        let done = Order { order: id.into(), staff: "u1".into(), deed };
        lane.write(event::encode(&lane.event(Fact::Order(done))));
    }
    first
}

/// A shop with goods and an order that is paid.
async fn shop() -> (Desk, String, Lane) {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let mut lane = enrol(&desk, 1).await;
    lane.at_ms = chrono::Utc::now().timestamp_millis();
    receive(&desk, &mut lane, &[("1", 5_000), ("2", 1_000)]).await;
    place(&desk, &key, "o1").await;
    (desk, key, lane)
}

async fn place(desk: &Desk, key: &str, id: &str) {
    desk.post(key, ORDERS, order(id)).await.ok();
    let payment = json!({ "amount": 900, "reference": format!("W-{id}") });
    desk.post(key, &format!("{ORDERS}/{id}/pay"), payment).await.ok();
}

async fn order_of(desk: &Desk, key: &str, id: &str) -> Value {
    desk.get(key, &format!("{ORDERS}/{id}")).await.ok()
}

/// What is listed for a person: order, what was done, and why it was not taken in.
async fn listed(desk: &Desk) -> Vec<(String, String, String)> {
    let Ok(hq::command::Outcome::Exceptions { exceptions }) =
        desk.command(hq::command::Command::Exceptions).await
    else {
        panic!("no exceptions")
    };
    let mut rows: Vec<_> = exceptions
        .iter()
        .map(|row| {
            let what: Value = serde_json::from_str(&row.what).expect("JSON");
            let text = |field: &str| what[field].as_str().unwrap_or_default().to_owned();
            (row.part.clone(), text("did"), text("why"))
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn what_a_till_did_is_what_the_api_would_have_done() {
    let (desk, key, mut lane) = shop().await;
    let found = |line, quantity| OrderDeed::Found { line, quantity };
    let (version, _) = told(&desk, &lane.identity.key, 0).await;
    let first = does(&mut lane, "o1", [accepted(), found(1, 1_000), found(2, 1_000), ready(&[(1, 1_000)])]);
    push(&desk, &lane, first).await;
    let picked = order_of(&desk, &key, "o1").await;
    assert_eq!(
        (&picked["state"], &picked["kept"], &picked["refunded"]),
        (&json!("picked"), &json!(650), &json!(250))
    );
    assert_eq!(state(&desk, &key, "1").await, (5_000, 1_000, 4_000));
    let (version, orders) = told(&desk, &lane.identity.key, version).await;
    assert_eq!(orders, [("o1".to_owned(), Some("Picked 650".to_owned()))]);
    let first = does(&mut lane, "o1", [handed_over("482915")]);
    push(&desk, &lane, first).await;
    // The answer was lost: everything comes again.
    push(&desk, &lane, 1).await;
    let handed = order_of(&desk, &key, "o1").await;
    assert_eq!(handed["state"], "handed_over");
    let acts: Vec<&str> =
        handed["acts"].as_array().expect("acts").iter().filter_map(|act| act["act"].as_str()).collect();
    assert_eq!(acts, ["pay", "accept", "pick", "hand_over"]);
    assert_eq!(handed["acts"][3]["by"], format!("S1/1/1/{} u1", lane.events.len()));
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000));
    assert_eq!(state(&desk, &key, "2").await, (0, 0, 0));
    assert_eq!(told(&desk, &lane.identity.key, version).await.1, [("o1".to_owned(), None)]);
    assert_eq!(listed(&desk).await, []);
    // A store's relay has the number under which HQ keeps stock of its own, which follows from no event.
    let code = desk.command(hq::command::Command::EnrolRelay { store: "S1".into() }).await;
    let Ok(hq::command::Outcome::Code { code }) = code else { panic!("no code") };
    let data = desk.folder.path().join("relay");
    let (store, upstream) = ("S1".to_owned(), desk.running.url());
    let enrolled = hq::relay::enrol(hq::relay::EnrolConfig { data, store, upstream, root: None, code });
    enrolled.await.expect("enrolled");
    desk.command(hq::command::Command::Rebuild).await.expect("rebuilt");
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000));
}

#[tokio::test]
async fn what_two_tills_gave_out_is_listed_and_leaves_the_stock_once() {
    let (desk, key, mut one) = shop().await;
    let mut two = enrol(&desk, 2).await;
    two.at_ms = one.at_ms;
    let first = does(&mut one, "o1", [accepted(), ready(&[])]);
    push(&desk, &one, first).await;
    // Both are cut off, and somebody comes to each of them with the code.
    does(&mut two, "o1", [handed_over("482915")]);
    let first = does(&mut one, "o1", [handed_over("482915")]);
    push(&desk, &one, first).await;
    push(&desk, &two, 1).await;
    let by = format!("S1/1/1/{} u1", one.events.len());
    let why = format!("it was handed over before, by {by}");
    assert_eq!(listed(&desk).await, [("o1".to_owned(), "hand_over".to_owned(), why)]);
    assert_eq!(state(&desk, &key, "1").await, (3_000, 0, 3_000));
    assert_eq!(order_of(&desk, &key, "o1").await["state"], "handed_over");
}

#[tokio::test]
async fn what_comes_after_a_cancellation_is_listed_and_goods_that_left_are_gone() {
    let (desk, key, mut lane) = shop().await;
    place(&desk, &key, "o2").await;
    let first = does(&mut lane, "o1", [accepted(), ready(&[])]);
    push(&desk, &lane, first).await;
    for id in ["o1", "o2"] {
        desk.post(&key, &format!("{ORDERS}/{id}/cancel"), json!({ "reason": "customer" })).await.ok();
    }
    assert_eq!(state(&desk, &key, "1").await, (5_000, 0, 5_000));
    // The lane has not heard of it.
    let first = does(&mut lane, "o2", [accepted()]);
    does(&mut lane, "o1", [handed_over("482916"), handed_over("482915")]);
    does(&mut lane, "o9", [accepted()]);
    push(&desk, &lane, first).await;
    push(&desk, &lane, first).await;
    let row = |id: &str, did: &str, why: &str| (id.to_owned(), did.to_owned(), why.to_owned());
    let all = [
        row("o1", "hand_over", "it was cancelled, its money is paid back, and its goods left all the same"),
        row("o1", "hand_over", "the pick-up code is not that of the order"),
        row("o2", "accept", "this cannot be done to an order that is cancelled"),
        row("o9", "accept", "the store has no such order"),
    ];
    assert_eq!(listed(&desk).await, all);
    let cancelled = order_of(&desk, &key, "o1").await;
    assert_eq!((&cancelled["state"], &cancelled["kept"]), (&json!("cancelled"), &json!(0)));
    assert_eq!(state(&desk, &key, "1").await, (3_000, 0, 3_000), "they left once");
    // Making everything again finds nothing that is not there.
    desk.command(hq::command::Command::Rebuild).await.expect("rebuilt");
    assert_eq!(listed(&desk).await, all);
    assert_eq!(state(&desk, &key, "1").await, (3_000, 0, 3_000));
}

#[tokio::test]
async fn of_a_cancelled_order_no_more_left_than_the_lane_had_found() {
    let (desk, key, mut lane) = shop().await;
    desk.post(&key, &format!("{ORDERS}/o1/cancel"), json!({ "reason": "customer" })).await.ok();
    assert_eq!(state(&desk, &key, "1").await, (5_000, 0, 5_000));
    // The lane has not heard of it, and had one of two.
    let first = does(&mut lane, "o1", [accepted(), ready(&[(1, 1_000)]), handed_over("482915")]);
    push(&desk, &lane, first).await;
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000));
    desk.command(hq::command::Command::RebuildBooks).await.expect("rebuilt");
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000));
}

#[tokio::test]
async fn a_store_refuses_and_nobody_comes_and_the_channel_pays_back() {
    let (desk, key, mut lane) = shop().await;
    place(&desk, &key, "o2").await;
    let long = "没有货。".repeat(50);
    does(&mut lane, "o1", [OrderDeed::Refused { reason: long }]);
    let first = does(&mut lane, "o2", [accepted(), ready(&[(1, 0)]), OrderDeed::NotCollected {}]);
    push(&desk, &lane, first - 1).await;
    for id in ["o1", "o2"] {
        let ended = order_of(&desk, &key, id).await;
        let sums = (&ended["state"], &ended["kept"], &ended["refunded"]);
        assert_eq!(sums, (&json!("cancelled"), &json!(0), &json!(900)), "{id}");
    }
    assert_eq!(state(&desk, &key, "1").await, (5_000, 0, 5_000), "the goods are back on the shelf");
    assert_eq!(listed(&desk).await, []);
    assert_eq!(desk.post(&key, &format!("{ORDERS}/o2/accept"), nothing()).await.problem().0, 409);
}

#[tokio::test]
async fn what_a_till_gave_out_after_a_count_is_not_counted_away() {
    let (desk, key, mut lane) = shop().await;
    let mut late = enrol(&desk, 2).await;
    let hour_ms = 3_600_000;
    late.at_ms = lane.at_ms - hour_ms;
    let count = |document: &str, at: &Lane, other: &Lane| StockCount {
        document: document.into(),
        lines: vec![StockLine { sku: "1".into(), quantity: 5_000 }],
        positions: vec![
            Position { lane: 1, epoch: 1, seq: at.events.len() as u64 },
            Position { lane: 2, epoch: 1, seq: other.events.len() as u64 + 1 },
        ],
        steps: Vec::new(),
        reason: String::new(),
    };
    // Counted two hours ago; what was handed over at the other lane an hour ago comes in before the count can be posted.
    let now_ms = lane.at_ms;
    lane.at_ms = now_ms - 2 * hour_ms;
    let counted = Fact::StockCounted { staff: "u1".into(), count: count("C1", &lane, &late) };
    let first = lane.events.len() + 1;
    lane.write(event::encode(&lane.event(counted)));
    push(&desk, &lane, first).await;
    does(&mut late, "o1", [accepted(), ready(&[]), handed_over("482915")]);
    push(&desk, &late, 1).await;
    assert_eq!(state(&desk, &key, "1").await.0, 3_000, "the count found what was there then");
}

#[tokio::test]
async fn what_changed_nothing_is_no_exception_when_the_books_are_made_again() {
    let (desk, key, mut lane) = shop().await;
    let first = does(&mut lane, "o1", [accepted(), accepted(), ready(&[]), ready(&[])]);
    push(&desk, &lane, first).await;
    assert_eq!(listed(&desk).await, []);
    desk.post(&key, &format!("{ORDERS}/o1/cancel"), json!({ "reason": "customer" })).await.ok();
    desk.command(hq::command::Command::RebuildBooks).await.expect("rebuilt");
    assert_eq!(listed(&desk).await, []);
    assert_eq!(order_of(&desk, &key, "o1").await["state"], "cancelled");
}
