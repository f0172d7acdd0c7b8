//! Transfers between stores, as an ERP and the command line order them.

use hq::command::{Command, Outcome};
use hq::transfers::{Asked, AskedLine, State};
use protocol::event::{self, Fact, Movement, StockLine, StockMove};
use reqwest::Method;
use serde_json::{Value, json};

use super::channel::{ALL, state};
use super::desk::{Desk, kind, nothing};
use super::open;
use super::selling::{enrol, push, receive};

async fn second_store(desk: &Desk, key: &str) {
    let shop = r#"{"store": {"code": "S2", "name_zh": "二店", "name_en": "Two", "currency": "CNY",
        "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1}}"#;
    desk.import(key, "/v1/imports/shop", "application/json", shop).await.ok();
}

fn order(number: &str) -> Value {
    json!({
        "number": number, "from": "S1", "to": "S2", "note": "before Friday",
        "lines": [{ "sku": "1", "quantity": 5_000 }, { "sku": "2", "quantity": 1_000 }],
    })
}

#[tokio::test]
async fn an_erp_orders_a_transfer_once_and_sees_what_became_of_it() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    second_store(&desk, &key).await;
    let mut lane = enrol(&desk, 1).await;
    receive(&desk, &mut lane, &[("1", 8_000), ("2", 1_000)]).await;
    let mut held = order("T1");
    held["hold"] = json!(true);
    let placed = desk.post(&key, "/v1/transfers", held.clone()).await.ok();
    assert_eq!((&placed["state"], &placed["held"]), (&json!("ordered"), &json!(true)));
    let by = placed["ordered_by"].as_str().expect("somebody").to_owned();
    assert!(by.starts_with("key "), "{by}");
    assert_eq!(desk.post(&key, "/v1/transfers", held.clone()).await.ok(), placed, "the same one again");
    assert_eq!(state(&desk, &key, "1").await, (8_000, 5_000, 3_000));
    assert_eq!(
        kind(desk.post(&key, "/v1/transfers", order("T1")).await.problem()),
        (409, "conflict".to_owned())
    );
    // The same change under the same key is made once.
    let again = desk.send(&key, Method::POST, "/v1/transfers", Some(order("T2")), "a-key-of-ours").await;
    let replayed = desk.send(&key, Method::POST, "/v1/transfers", Some(order("T2")), "a-key-of-ours").await;
    assert_eq!(again.ok(), replayed.ok());
    let numbers = async |query: &str| {
        let page = desk.get(&key, &format!("/v1/transfers{query}")).await.ok();
        let rows = page["items"].as_array().expect("transfers").iter();
        let numbers: Vec<String> = rows.filter_map(|row| row["number"].as_str().map(str::to_owned)).collect();
        (numbers, page["next"].as_str().map(str::to_owned))
    };
    assert_eq!(numbers("?limit=1").await, (vec!["T1".into()], Some("T1".into())));
    assert_eq!(numbers("?limit=1&after=T1").await, (vec!["T2".into()], None));
    assert_eq!(numbers("?store=S2&state=ordered").await.0, ["T1", "T2"]);
    assert_eq!(numbers("?state=closed").await.0, [""; 0]);
    // One less leaves than was asked for.
    let lines =
        vec![StockLine { sku: "1".into(), quantity: 4_000 }, StockLine { sku: "2".into(), quantity: 1_000 }];
    let movement = Movement {
        kind: StockMove::TransferOut,
        document: "T1".into(),
        other: "S2".into(),
        lines,
        reason: String::new(),
    };
    let from = lane.events.len() + 1;
    lane.write(event::encode(&lane.event(Fact::StockMoved { staff: "u1".into(), movement })));
    push(&desk, &lane, from).await;
    let sent = desk.get(&key, "/v1/transfers/T1").await.ok();
    assert_eq!((&sent["state"], &sent["held"]), (&json!("on_its_way"), &json!(false)));
    assert_eq!(sent["lines"][0], json!({ "sku": "1", "asked": 5_000, "sent": 4_000, "arrived": 0 }));
    assert_eq!(sent["differences"], json!([{ "differs": "sent_less", "sku": "1", "quantity": 1_000 }]));
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000));
    let why = json!({ "reason": "too late" });
    let (status, _, said) = desk.post(&key, "/v1/transfers/T1/cancel", why.clone()).await.problem();
    assert!(status == 409 && said.contains("have left"), "{said}");
    assert_eq!(desk.post(&key, "/v1/transfers/T2/cancel", why.clone()).await.ok()["state"], "cancelled");
    assert_eq!(desk.post(&key, "/v1/transfers/T2/write-off", why.clone()).await.problem().0, 409);
    let written_off = desk.post(&key, "/v1/transfers/T1/write-off", why).await.ok();
    assert_eq!((&written_off["state"], &written_off["written_off"]["by"]), (&json!("closed"), &json!(by)));
    assert_eq!(numbers("?state=closed").await.0, ["T1"]);
    let trail = desk.get(&desk.key("audit:read").await, "/v1/audit").await.ok();
    let acts: Vec<&str> =
        trail["items"].as_array().expect("acts").iter().filter_map(|row| row["act"].as_str()).collect();
    let of_transfers: Vec<&&str> = acts.iter().filter(|act| act.starts_with("transfer.")).collect();
    assert_eq!(of_transfers.len(), 5, "{acts:?}");
    desk.command(Command::Rebuild).await.expect("rebuilt");
    assert_eq!(desk.get(&key, "/v1/transfers/T1").await.ok(), written_off);
}

#[tokio::test]
async fn a_transfer_that_cannot_be_is_refused_with_what_to_do() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    second_store(&desk, &key).await;
    let wrong: [(&str, Value, u16); 8] = [
        ("number", json!("a b"), 422),
        ("to", json!("S1"), 422),
        ("to", json!("S9"), 422),
        ("lines", json!([]), 422),
        ("lines", json!([{ "sku": "1", "quantity": 0 }]), 422),
        ("lines", json!([{ "sku": "none", "quantity": 1_000 }]), 422),
        ("hold", json!(true), 409),
        ("colour", json!("red"), 400),
    ];
    for (field, value, status) in wrong {
        let mut body = order("T1");
        body[field] = value;
        let (found, _, said) = desk.post(&key, "/v1/transfers", body).await.problem();
        assert!(found == status && !said.is_empty(), "{field}: {found} {said}");
    }
    assert_eq!(desk.get(&key, "/v1/transfers/T1").await.problem().0, 404, "nothing is half applied");
    assert_eq!(state(&desk, &key, "1").await, (0, 0, 0));
    assert_eq!(desk.get(&key, "/v1/transfers?store=S9").await.problem().0, 404);
    assert_eq!(desk.get(&key, "/v1/transfers?state=lost").await.problem().0, 400);
    assert_eq!(desk.post(&key, "/v1/transfers/T1/cancel", json!({ "reason": "x" })).await.problem().0, 404);
    assert_eq!(desk.post(&key, "/v1/transfers/T1/cancel", nothing()).await.problem().0, 400);
    let reads = desk.key("stock:read").await;
    assert_eq!(desk.post(&reads, "/v1/transfers", order("T1")).await.problem().0, 403);
    desk.get(&reads, "/v1/transfers").await.ok();
    assert_eq!(desk.get(&desk.key("goods:read").await, "/v1/transfers").await.problem().0, 403);
}

#[tokio::test]
async fn the_command_line_orders_lists_and_takes_back() {
    let desk = open().await;
    second_store(&desk, &desk.key(ALL).await).await;
    let lines = vec![AskedLine { sku: "1".into(), quantity: 2_000 }];
    let (number, from, to) = ("T-1".to_owned(), "S1".to_owned(), "S2".to_owned());
    let asked = Asked { number, from, to, lines, note: String::new(), hold: false };
    let done = async |command: Command| match desk.command(command).await {
        Ok(Outcome::Transfers { transfers }) => Ok(transfers),
        Ok(other) => panic!("transfers, not {other:?}"),
        Err(said) => Err(said),
    };
    let ordered = done(Command::OrderTransfer { asked: asked.clone() }).await.expect("ordered");
    assert_eq!(ordered[0].state, State::Ordered);
    let list = |state| Command::Transfers { number: None, store: Some("S2".into()), state };
    assert_eq!(done(list(None)).await.expect("listed"), ordered);
    assert_eq!(done(list(Some(State::Closed))).await.expect("listed"), []);
    let unknown = Command::Transfers { number: Some("none".into()), store: None, state: None };
    assert!(done(unknown).await.expect_err("there is none").contains("no transfer"));
    let same = Asked { to: "S1".into(), number: "T-2".into(), ..asked };
    assert!(
        done(Command::OrderTransfer { asked: same }).await.expect_err("same").contains("nothing to itself")
    );
    let cancel = Command::CancelTransfer { number: "T-1".into(), reason: "typed wrong".into() };
    assert_eq!(done(cancel).await.expect("cancelled")[0].state, State::Cancelled);
}
