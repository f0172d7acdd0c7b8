//! What channels do: members, points, coupons, reservations and orders.

use protocol::event::{self, Fact, Position, StockCount, StockLine};
use protocol::pull::{Change, Entity, PageHead};
use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{Desk, kind, nothing};
use super::open;
use super::selling::{enrol, push, receive};

pub(super) const ALL: &str =
    "members:read,members:write,orders:read,orders:write,stock:read,stock:write,goods:read,goods:write";

#[tokio::test]
async fn a_member_is_registered_found_and_moves_points_once_a_document() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let hash = "0".repeat(64);
    let member = json!({ "id": "m9", "name": "钱二", "phone_hash": hash, "cards": ["C9"], "store": "S1" });
    let put = desk.change(&key, Method::PUT, "/v1/members/m9", member.clone()).await.ok();
    assert_eq!(put["changed"], true);
    let again = desk.change(&key, Method::PUT, "/v1/members/m9", member.clone()).await.ok();
    assert_eq!(again["changed"], false);
    for code in ["C9".to_owned(), format!("phone:{hash}")] {
        let found = desk.get(&key, &format!("/v1/members?code={code}")).await.ok();
        assert_eq!(found["items"][0]["id"], "m9");
    }
    let mut wrong = member.clone();
    wrong["phone_hash"] = json!("13800000000");
    assert_eq!(desk.change(&key, Method::PUT, "/v1/members/m9", wrong).await.problem().0, 422);
    let mut noted = member.clone();
    noted["note"] = json!("要开发票");
    assert_eq!(desk.change(&key, Method::PUT, "/v1/members/m9", noted.clone()).await.ok()["changed"], true);
    assert_eq!(desk.get(&key, "/v1/members/m9").await.ok()["note"], "要开发票");
    for note in ["一".repeat(41), "two\nlines".to_owned()] {
        noted["note"] = json!(note);
        assert_eq!(desk.change(&key, Method::PUT, "/v1/members/m9", noted.clone()).await.problem().0, 422);
    }
    // What a form leaves out goes.
    desk.change(&key, Method::PUT, "/v1/members/m9", member.clone()).await.ok();
    assert_eq!(desk.get(&key, "/v1/members/m9").await.ok().get("note"), None);
    let mut wrong = member;
    wrong["birthday"] = json!("1990-01-01");
    assert_eq!(desk.change(&key, Method::PUT, "/v1/members/m9", wrong).await.problem().0, 400);
    assert_eq!(desk.get(&key, "/v1/members/nobody").await.problem().0, 404);
    let page = desk.get(&key, "/v1/members?limit=1").await.ok();
    assert_eq!((&page["items"][0]["id"], &page["next"]), (&json!("m1"), &json!("m1")));

    // What was imported counts before anything moves it.
    assert_eq!(desk.get(&key, "/v1/members/m1/points").await.ok()["available"], 120);
    let moved =
        |document: &str, points: i64| json!({ "document": document, "points": points, "reason": "gift" });
    let points = async |document: &str, points: i64| {
        desk.post(&key, "/v1/members/m1/points", moved(document, points)).await
    };
    assert_eq!(points("a", 30).await.ok()["balance"], 150);
    assert_eq!(kind(points("a", 30).await.problem()), (409, "conflict".to_owned()), "a document moves once");
    let refused = points("b", -151).await.problem();
    assert_eq!((refused.0, refused.2.as_str()), (409, "150 points are free"));
    assert_eq!(points("b", -150).await.ok()["balance"], 0);
    assert_eq!(points("c", 0).await.problem().0, 422);
    let entries = desk.get(&key, "/v1/members/m1/points/entries").await.ok();
    let rows = entries["items"].as_array().expect("entries");
    let rows: Vec<(i64, &str)> = rows
        .iter()
        .map(|row| (row["points"].as_i64().expect("points"), row["source"].as_str().expect("a source")))
        .collect();
    assert_eq!(rows, [(120, "opening"), (30, "api/a"), (-150, "api/b")]);
    // Nobody's name or number is in the trail.
    let trail = desk.get(&desk.key("audit:read").await, "/v1/audit").await.ok().to_string();
    assert!(!trail.contains("钱二") && !trail.contains(&hash), "{trail}");
}

#[tokio::test]
async fn a_coupon_is_given_out_and_spent_once() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let path = "/v1/stores/S1/coupons/K1";
    let coupon = |state: &str| json!({ "code": "K1", "promotion": "ten-off", "state": state, "owner": "m1" });
    desk.change(&key, Method::PUT, path, coupon("issued")).await.ok();
    desk.change(&key, Method::PUT, path, coupon("frozen")).await.ok();
    let redeem = async |document: &str, member: &str| {
        desk.post(&key, &format!("{path}/redeem"), json!({ "document": document, "member": member })).await
    };
    assert!(redeem("o1", "m1").await.problem().2.contains("withdrawn"));
    desk.change(&key, Method::PUT, path, coupon("issued")).await.ok();
    assert!(redeem("o1", "m2").await.problem().2.contains("another member"));
    assert_eq!(redeem("o1", "m1").await.ok()["state"], "redeemed");
    assert_eq!(redeem("o1", "m1").await.ok()["state"], "redeemed", "the same document again");
    assert!(redeem("o2", "m1").await.problem().2.contains("was used"));
    let late = desk.change(&key, Method::PUT, path, coupon("issued")).await;
    assert_eq!(kind(late.problem()), (409, "conflict".to_owned()));
    assert_eq!(desk.change(&key, Method::PUT, path, coupon("redeemed")).await.problem().0, 422);
    let listed = desk.get(&key, "/v1/stores/S1/coupons?owner=m1").await.ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    let unknown = desk.post(&key, "/v1/stores/S1/coupons/none/redeem", json!({ "document": "o1" })).await;
    assert_eq!(unknown.problem().0, 404);
}

pub(super) async fn state(desk: &Desk, key: &str, sku: &str) -> (i64, i64, i64) {
    let stock = desk.get(key, &format!("/v1/goods/{sku}/stock")).await.ok();
    let row = &stock["items"][0];
    let number = |field: &str| row[field].as_i64().unwrap_or(0);
    (number("on_hand"), number("reserved"), number("available"))
}

#[tokio::test]
async fn what_is_available_is_reserved_and_no_more() {
    let desk = std::sync::Arc::new(open().await);
    let key = desk.key(ALL).await;
    let mut lane = enrol(&desk, 1).await;
    receive(&desk, &mut lane, &[("1", 5_000), ("2", 1_000)]).await;
    let reserve = |document: String, lines: &[(&str, i64)]| {
        let lines: Vec<Value> =
            lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
        json!({ "document": document, "lines": lines })
    };
    let path = "/v1/stores/S1/reservations";
    let refused = desk.post(&key, path, reserve("d0".into(), &[("1", 1_000), ("2", 1_001)])).await.problem();
    assert!(refused.0 == 409 && refused.2.contains("of 2 1000 thousandths are available"), "{refused:?}");
    assert_eq!(state(&desk, &key, "1").await, (5_000, 0, 5_000), "nothing is half applied");
    // Many at one moment: as many get it as there is.
    let tries = (0..8).map(|number| {
        let (desk, key, body) = (desk.clone(), key.clone(), reserve(format!("d{number}"), &[("1", 1_000)]));
        tokio::spawn(async move { desk.post(&key, path, body).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for tried in tries.collect::<Vec<_>>() {
        statuses.push(tried.await.expect("a task"));
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 5, "{statuses:?}");
    assert_eq!(state(&desk, &key, "1").await, (5_000, 5_000, 0));
    let listed = desk.get(&key, path).await.ok();
    let document = listed["items"][0]["document"].as_str().expect("a document").to_owned();
    desk.post(&key, path, reserve(document.clone(), &[("1", 1_000)])).await.ok();
    assert_eq!(desk.post(&key, path, reserve(document.clone(), &[("1", 2_000)])).await.problem().0, 409);
    desk.change(&key, Method::DELETE, &format!("{path}/{document}"), nothing()).await.ok();
    assert_eq!(
        desk.change(&key, Method::DELETE, &format!("{path}/{document}"), nothing()).await.problem().0,
        404
    );
    assert_eq!(state(&desk, &key, "1").await, (5_000, 4_000, 1_000));
    desk.post(&key, path, reserve(document, &[("1", 500)])).await.ok();
    let wrong = [
        reserve("x y".into(), &[("1", 1)]),
        reserve("x".into(), &[]),
        reserve("x".into(), &[("1", 0)]),
        reserve("x".into(), &[("1", 1), ("1", 1)]),
        reserve("x".into(), &[("none", 1)]),
    ];
    for body in wrong {
        assert_eq!(desk.post(&key, path, body).await.problem().0, 422);
    }
}

#[tokio::test]
async fn a_reservation_ends_with_its_time() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let mut lane = enrol(&desk, 1).await;
    receive(&desk, &mut lane, &[("1", 1_000)]).await;
    let until_ms = chrono::Utc::now().timestamp_millis() + 1_500;
    let path = "/v1/stores/S1/reservations";
    let body = |document: &str| json!({ "document": document, "lines": [{ "sku": "1", "quantity": 1_000 }] });
    let mut short = body("short");
    short["until_ms"] = json!(until_ms);
    desk.post(&key, path, short).await.ok();
    assert_eq!(desk.post(&key, path, body("next")).await.problem().0, 409);
    while chrono::Utc::now().timestamp_millis() <= until_ms {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    desk.post(&key, path, body("next")).await.ok();
    let listed = desk.get(&key, path).await.ok();
    assert_eq!(
        (listed["items"].as_array().map(Vec::len), &listed["items"][0]["document"]),
        (Some(1), &json!("next"))
    );
}

pub(super) fn order(id: &str) -> Value {
    json!({
        "id": id, "channel": "mini_program", "currency": "CNY", "total": 900, "pick_up_code": "482915",
        "member": "m1", "shown": "赵** *0001",
        "lines": [
            { "line": 1, "sku": "1", "quantity": 2_000, "net": 500, "tax_rate": 1_300 },
            { "line": 2, "sku": "2", "quantity": 1_000, "net": 400, "tax_rate": 1_300 },
        ],
    })
}

/// What the lanes of the store are told of orders: id, and whether it is there.
pub(super) async fn told(desk: &Desk, key: &str, after: u64) -> (u64, Vec<(String, Option<String>)>) {
    let url = format!("{}/v1/reference?after={after}", desk.running.url());
    let answer = desk.client.get(url).bearer_auth(key).send().await.expect("an answer");
    let body = answer.bytes().await.expect("a body");
    let text = String::from_utf8(zstd::decode_all(&body[..]).expect("zstd")).expect("UTF-8");
    let mut lines = text.lines();
    let head: PageHead = serde_json::from_str(lines.next().expect("a head")).expect("a head");
    let mut orders = Vec::new();
    for line in lines {
        let change: Change = serde_json::from_str(line).expect("a change");
        if let Entity::Order(order) = change.entity {
            assert!(!line.contains("482915"), "the code itself is told to nobody");
            orders.push((change.key, order.map(|order| format!("{:?} {}", order.state, order.kept))));
        }
    }
    (head.through, orders)
}

#[tokio::test]
async fn an_order_goes_its_way_and_lanes_are_told() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let mut lane = enrol(&desk, 1).await;
    let lane_key = lane.identity.key.clone();
    receive(&desk, &mut lane, &[("1", 5_000), ("2", 1_000)]).await;
    let path = "/v1/stores/S1/orders";
    let placed = desk.post(&key, path, order("o1")).await.ok();
    assert_eq!(placed["state"], "placed");
    assert_eq!(desk.post(&key, path, order("o1")).await.ok(), placed, "the same order again");
    let mut other = order("o1");
    other["shown"] = json!("钱**");
    assert_eq!(desk.post(&key, path, other).await.problem().0, 409);
    let (version, orders) = told(&desk, &lane_key, 0).await;
    assert_eq!(orders, [], "nobody waits for what is not paid");
    let act = async |name: &str, body: Value| desk.post(&key, &format!("{path}/o1/{name}"), body).await;
    let out_of_turn = act("accept", nothing()).await.problem();
    assert_eq!(
        (out_of_turn.0, out_of_turn.2.as_str()),
        (409, "this cannot be done to an order that is placed")
    );
    let payment = |amount: i64| json!({ "amount": amount, "reference": "W1" });
    assert_eq!(act("pay", payment(899)).await.problem().0, 409);
    assert_eq!(act("pay", payment(900)).await.ok()["state"], "paid");
    assert_eq!(act("pay", payment(900)).await.ok()["kept"], 900, "paid once");
    assert_eq!(state(&desk, &key, "1").await, (5_000, 2_000, 3_000));
    act("accept", nothing()).await.ok();
    let (version, orders) = told(&desk, &lane_key, version).await;
    assert_eq!(orders, [("o1".to_owned(), Some("Accepted 900".to_owned()))]);
    desk.post(&key, path, order("o0")).await.ok();
    let ids = async |query: &str| {
        let listed = desk.get(&key, &format!("{path}{query}")).await.ok();
        let rows = listed["items"].as_array().expect("orders").iter();
        rows.filter_map(|row| row["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids("").await, ids("?open=true").await),
        (vec!["o0".into(), "o1".into()], vec!["o1".to_owned()])
    );
    let picked = act("pick", json!({ "short": [{ "line": 1, "found": 1_000 }] })).await.ok();
    assert_eq!((&picked["kept"], &picked["refunded"]), (&json!(650), &json!(250)));
    assert_eq!(picked["lines"][0]["for_customer"], 1_000);
    assert_eq!(state(&desk, &key, "1").await, (5_000, 1_000, 4_000));
    assert!(act("hand-over", json!({ "code": "482916" })).await.problem().2.contains("code"));
    let handed = act("hand-over", json!({ "code": "482915" })).await.ok();
    assert_eq!(handed["state"], "handed_over");
    act("hand-over", json!({ "code": "482915" })).await.ok();
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000), "they left once");
    assert_eq!(state(&desk, &key, "2").await, (0, 0, 0));
    let (_, orders) = told(&desk, &lane_key, version).await;
    assert_eq!(orders, [("o1".to_owned(), None)]);
    assert!(ids("?open=true").await.is_empty());
    assert_eq!(act("cancel", json!({ "reason": "late" })).await.problem().0, 409);
    let found = desk.get(&key, &format!("{path}/o1")).await.ok();
    let acts: Vec<&str> =
        found["acts"].as_array().expect("acts").iter().filter_map(|act| act["act"].as_str()).collect();
    assert_eq!(acts, ["pay", "accept", "pick", "hand_over"]);
    // Making everything again changes nothing of what HQ itself moved.
    desk.command(hq::command::Command::Rebuild).await.expect("rebuilt");
    assert_eq!(state(&desk, &key, "1").await, (4_000, 0, 4_000));
}

#[tokio::test]
async fn what_was_handed_over_after_a_count_is_not_counted_away() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let (mut lane, mut late) = (enrol(&desk, 1).await, enrol(&desk, 2).await);
    receive(&desk, &mut lane, &[("1", 5_000), ("2", 1_000)]).await;
    late.sell_named("3", 100);
    // Counted now, and posted when the other lane's journal is here.
    let count = StockCount {
        document: "C1".into(),
        lines: vec![StockLine { sku: "1".into(), quantity: 5_000 }],
        positions: vec![Position { lane: 1, epoch: 1, seq: 1 }, Position { lane: 2, epoch: 1, seq: 1 }],
        steps: Vec::new(),
        reason: String::new(),
    };
    lane.write(event::encode(&lane.event(Fact::StockCounted { staff: "u1".into(), count })));
    push(&desk, &lane, 2).await;
    let path = "/v1/stores/S1/orders";
    desk.post(&key, path, order("o1")).await.ok();
    for (act, body) in [
        ("pay", json!({ "amount": 900, "reference": "W1" })),
        ("accept", nothing()),
        ("pick", nothing()),
        ("hand-over", json!({ "code": "482915" })),
    ] {
        desk.post(&key, &format!("{path}/o1/{act}"), body).await.ok();
    }
    assert_eq!(state(&desk, &key, "1").await.0, 3_000);
    push(&desk, &late, 1).await;
    assert_eq!(state(&desk, &key, "1").await.0, 3_000, "the count found what was there then");
}

#[tokio::test]
async fn a_cancelled_order_frees_its_goods_and_one_that_cannot_be_is_not_placed() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let path = "/v1/stores/S1/orders";
    desk.post(&key, path, order("o2")).await.ok();
    desk.post(&key, &format!("{path}/o2/pay"), json!({ "amount": 900, "reference": "W2" })).await.ok();
    assert_eq!(state(&desk, &key, "1").await, (0, 2_000, -2_000));
    let cancelled = desk.post(&key, &format!("{path}/o2/cancel"), json!({ "reason": "customer" })).await.ok();
    assert_eq!((&cancelled["state"], &cancelled["refunded"]), (&json!("cancelled"), &json!(900)));
    assert_eq!(state(&desk, &key, "1").await, (0, 0, 0));
    let wrong: [(&str, Value, u16); 6] = [
        ("total", json!(901), 422),
        ("currency", json!("USD"), 422),
        ("pick_up_code", json!("1"), 422),
        ("id", json!("a b"), 422),
        ("lines", json!([{ "line": 1, "sku": "none", "quantity": 1000, "net": 900, "tax_rate": 1300 }]), 422),
        ("colour", json!("red"), 400),
    ];
    for (field, value, status) in wrong {
        let mut body = order("o3");
        body[field] = value;
        assert_eq!(desk.post(&key, path, body).await.problem().0, status, "{field}");
    }
    assert_eq!(desk.get(&key, &format!("{path}/o3")).await.problem().0, 404);
    assert_eq!(desk.post(&key, "/v1/stores/S9/orders", order("o3")).await.problem().0, 404);
}

#[tokio::test]
async fn a_batch_is_told_whole_and_taken_back_whole() {
    let desk = open().await;
    let key = desk.key(ALL).await;
    let lane = enrol(&desk, 1).await;
    let far_ms = chrono::Utc::now().timestamp_millis() + 3_600_000;
    let shop = r#"{"promotions": [{"id": "old", "name_zh": "旧", "name_en": "Old", "skus": ["1"], "type": "percent", "pay_pct": 90}]}"#;
    desk.import(&key, "/v1/imports/shop", "application/json", shop).await.ok();
    let page = async |after: u64| {
        let url = format!("{}/v1/reference?after={after}", desk.running.url());
        let answer = desk.client.get(url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
        let body = zstd::decode_all(&answer.bytes().await.expect("a body")[..]).expect("zstd");
        let text = String::from_utf8(body).expect("UTF-8");
        let mut lines = text.lines();
        let head: PageHead = serde_json::from_str(lines.next().expect("a head")).expect("a head");
        let changes: Vec<Change> = lines.map(|line| serde_json::from_str(line).expect("a change")).collect();
        (head.through, changes)
    };
    let (version, _) = page(0).await;
    let batch = json!({
        "id": "march", "at_ms": far_ms,
        "prices": [{ "sku": "1", "price": 240 }, { "sku": "2", "store": "S1", "tier": "*", "price": 350 }],
        "promotions": [{ "id": "new", "name_zh": "新", "name_en": "New", "skus": ["1"], "type": "percent", "pay_pct": 80 }],
        "ends": ["old"],
    });
    let armed = desk.post(&key, "/v1/price-batches", batch.clone()).await.ok();
    assert_eq!(armed["state"], "armed");
    assert_eq!(desk.post(&key, "/v1/price-batches", batch.clone()).await.ok()["version"], armed["version"]);
    let (version, changes) = page(version).await;
    let mut instants = Vec::new();
    for change in &changes {
        if let Entity::Price(Some(row)) = &change.entity {
            instants.push(("price", row.from_ms));
        } else if let Entity::Promotion(Some(promotion)) = &change.entity {
            let (what, at_ms) = match promotion.until_ms {
                Some(until_ms) => ("ends", until_ms),
                None => ("begins", promotion.from_ms.expect("a beginning")),
            };
            instants.push((what, at_ms));
        } else {
            panic!("{change:?}");
        }
    }
    instants.sort_unstable();
    let all = [("begins", far_ms), ("ends", far_ms), ("price", far_ms), ("price", far_ms)];
    assert_eq!(instants, all, "everything at one instant");
    let cancelled = desk.change(&key, Method::DELETE, "/v1/price-batches/march", nothing()).await.ok();
    assert_eq!((&cancelled["state"], &cancelled["left"]), (&json!("cancelled"), &json!(0)));
    let (_, changes) = page(version).await;
    let gone = changes
        .iter()
        .filter(|change| matches!(change.entity, Entity::Price(None) | Entity::Promotion(None)));
    assert_eq!(gone.count(), 3);
    let old = changes.iter().find_map(|change| {
        if let Entity::Promotion(Some(promotion)) = &change.entity { Some(promotion) } else { None }
    });
    assert_eq!(old.map(|promotion| promotion.until_ms), Some(None), "what ended goes on");
    // What cannot be changes nothing.
    let near = json!({ "id": "near", "at_ms": chrono::Utc::now().timestamp_millis() + 5_000, "prices": [{ "sku": "1", "price": 1 }] });
    let bad_goods = json!({ "id": "bad", "at_ms": far_ms, "prices": [{ "sku": "1", "price": 1 }, { "sku": "none", "price": 1 }] });
    let again = json!({ "id": "again", "at_ms": far_ms, "promotions": [{ "id": "old", "name_zh": "旧", "name_en": "Old", "skus": ["1"], "type": "percent", "pay_pct": 90 }] });
    let no_end =
        json!({ "id": "end", "at_ms": far_ms, "prices": [{ "sku": "1", "price": 1 }], "ends": ["nothing"] });
    let empty = json!({ "id": "empty", "at_ms": far_ms });
    for body in [near, bad_goods, again, no_end, empty] {
        assert_eq!(desk.post(&key, "/v1/price-batches", body.clone()).await.problem().0, 422, "{body}");
    }
    assert_eq!(desk.get(&key, "/v1/price-batches").await.ok()["items"].as_array().map(Vec::len), Some(1));
    let prices = desk.get(&key, "/v1/prices").await.ok();
    assert_eq!(prices["items"], json!([]));
}
