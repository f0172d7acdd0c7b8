//! Goods, prices and imports.

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{Desk, kind, nothing};
use super::open;

const HEADER: &str =
    "sku,name_zh,name_en,category,weighed,price,tax_rate,codes,plu,units,kit,open_price,gift";

async fn skus(desk: &Desk, key: &str) -> Vec<String> {
    let (mut skus, mut after) = (Vec::new(), String::new());
    loop {
        let page = desk.get(key, &format!("/v1/goods?limit=100&after={after}")).await.ok();
        for row in page["items"].as_array().expect("rows") {
            skus.push(row["goods"]["sku"].as_str().expect("a code").to_owned());
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return skus,
        }
    }
}

#[tokio::test]
async fn a_dry_run_lists_every_bad_row_and_changes_nothing() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let mut text = format!("{HEADER}\n");
    for number in 0..1_000 {
        // Every tenth row is wrong in one of several ways.
        let (name, price, rate) = match number % 50 {
            0 => ("", "1.00", "1300"),
            10 => ("糖", "-1", "1300"),
            20 => ("糖", "1.234", "1300"),
            30 => ("糖", "1.00", "13"),
            40 => ("糖", "free", "1300"),
            _ => ("糖", "1.00", "1300"),
        };
        text.push_str(&format!("g{number:04},{name},,drinks,,{price},{rate},,,,,,\n"));
    }
    for path in ["/v1/imports/goods?dry_run=true", "/v1/imports/goods"] {
        let refused = desk.import(&key, path, "text/csv", &text).await;
        let problems = refused.body["problems"].as_array().expect("problems").clone();
        assert_eq!(kind(refused.problem()), (422, "rows".to_owned()));
        assert_eq!(problems.len(), 100);
        let places: Vec<&str> = problems.iter().filter_map(|problem| problem["place"].as_str()).collect();
        assert_eq!((places[0], places[1], places[99]), ("row 2", "row 12", "row 992"));
        assert!(
            problems[1]["what"].as_str().is_some_and(|what| what.contains("negative")),
            "{:?}",
            problems[1]
        );
    }
    assert_eq!(skus(&desk, &key).await.len(), 3, "nothing is half applied");
    let good = text.lines().filter(|line| line.contains(",1.00,1300,") && line.contains("糖"));
    let good = std::iter::once(HEADER).chain(good).collect::<Vec<_>>().join("\n");
    let tried = desk.import(&key, "/v1/imports/goods?dry_run=true", "text/csv", &good).await.ok();
    assert_eq!((&tried["changed"], &tried["dry_run"]), (&json!(900), &json!(true)));
    assert_eq!(skus(&desk, &key).await.len(), 3, "it was only tried");
    let done = desk.import(&key, "/v1/imports/goods", "text/csv", &good).await.ok();
    assert_eq!((&done["changed"], &done["version"]), (&json!(900), &tried["version"]));
    assert_eq!(skus(&desk, &key).await.len(), 903);
    // The same import under its key is answered again, also where it could not be done again.
    let kit = format!("{HEADER}\nk,礼盒,Gift,,,20,1300,,,,g0001*2,,\n");
    let send = async || {
        let body = Some(("text/csv", kit.as_bytes().to_vec()));
        desk.send_bytes(&key, Method::POST, "/v1/imports/goods", body, "an-import-of-a-kit").await
    };
    let first = send().await.ok();
    desk.change(&key, Method::DELETE, "/v1/goods/k", nothing()).await.ok();
    desk.change(&key, Method::DELETE, "/v1/goods/g0001", nothing()).await.ok();
    let again = send().await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.ok(), first);
    assert_eq!(desk.get(&key, "/v1/goods/k").await.problem().0, 404, "nothing was done again");
    // What only the whole shows is found by a dry run as well.
    let twice = format!("{HEADER}\n8,糖,,,,1,1300,6901028075763,,,,,\n");
    let refused = desk.import(&key, "/v1/imports/goods?dry_run=true", "text/csv", &twice).await.problem();
    assert!(refused.2.contains("both have the code 06901028075763"), "{}", refused.2);
}

#[tokio::test]
async fn what_is_exported_is_imported_and_is_the_same() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let header = format!("{HEADER},grade");
    let rows = [
        header.as_str(),
        "a,\"糖, \"\"甜\"\"\",Sweets,drinks,,2.50,1300,9520001000010;9520001000027,,case:箱:Case:24:50.00:19520001003032;six:提:Six:6,,,,",
        "b,苹果,Apple,,true,9.90,9%,,00102,,,,,一级",
        "c,礼盒,Gift,,,20,1300,,,,a*2;b*0.5,,true,",
        "d,杂货,Sundries,,,0,1300,,,,,0.10-500,,",
    ];
    let rows = rows.join("\n");
    desk.import(&key, "/v1/imports/goods", "text/csv", &rows).await.ok();
    let exported = desk.get(&key, "/v1/export/goods.csv").await;
    assert_eq!(exported.headers["content-type"], "text/csv; charset=utf-8");
    let again = desk.import(&key, "/v1/imports/goods?replace=true", "text/csv", &exported.text).await.ok();
    assert_eq!(
        (&again["named"], &again["changed"], &again["deleted"]),
        (&json!(7), &json!(0), &json!(0)),
        "{}",
        exported.text
    );
    let prices = "sku,store,group,tier,from,until,price
1,,,,2126-03-02T07:00:00+08:00,,4.80
1,,,*,2126-03-02T07:00:00+08:00,2126-03-09T07:00:00+08:00,4.70
2,S1,,gold,2126-03-02T07:00:00+08:00,,3.90
";
    desk.import(&key, "/v1/imports/prices", "text/csv", prices).await.ok();
    for (scope, rows) in [("", 2), ("?store=S1", 1)] {
        let exported = desk.get(&key, &format!("/v1/export/prices.csv{scope}")).await;
        assert_eq!(exported.text.lines().count(), rows + 1, "{}", exported.text);
        let again = desk.import(&key, "/v1/imports/prices", "text/csv", &exported.text).await.ok();
        assert_eq!((&again["named"], &again["changed"]), (&json!(rows), &json!(0)));
    }
    let listed = desk.get(&key, "/v1/prices?limit=1").await.ok();
    let next = listed["next"].as_str().expect("more").to_owned();
    let next: String = next.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let second = desk.get(&key, &format!("/v1/prices?limit=1&after={next}")).await.ok();
    assert_eq!((&second["items"][0]["tier"], &second["next"]), (&json!("*"), &Value::Null));
}

#[tokio::test]
async fn goods_are_put_and_taken_away_with_the_checks_of_an_import() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let put = async |sku: &str, body: Value| {
        desk.change(&key, Method::PUT, &format!("/v1/goods/{sku}"), body).await
    };
    let goods = |sku: &str, kit: Value| json!({ "sku": sku, "name_zh": "糖", "price": 100, "tax_rate": 1300, "kit": kit });
    put("k", goods("k", json!([{ "sku": "1", "quantity": 2000 }]))).await.ok();
    let refused = put("k2", goods("k2", json!([{ "sku": "none", "quantity": 1000 }]))).await;
    assert!(refused.problem().2.contains("there is no product \"none\""));
    assert_eq!(put("x", goods("y", json!([]))).await.problem().0, 422);
    let refused = desk.change(&key, Method::DELETE, "/v1/goods/1", nothing()).await;
    assert_eq!(kind(refused.problem()), (409, "conflict".to_owned()));
    assert_eq!(desk.get(&key, "/v1/goods/1").await.ok()["sku"], "1", "nothing is half applied");
    desk.change(&key, Method::DELETE, "/v1/goods/k", nothing()).await.ok();
    desk.change(&key, Method::DELETE, "/v1/goods/1", nothing()).await.ok();
    assert_eq!(desk.get(&key, "/v1/goods/1").await.problem().0, 404);
    // Its code is free again.
    let mut other = goods("7", json!([]));
    other["codes"] = json!(["6901028075763"]);
    put("7", other).await.ok();
    let price =
        |sku: &str| json!({ "prices": [{ "sku": sku, "from_ms": 4_927_000_000_000i64, "price": 90 }] });
    desk.post(&key, "/v1/prices", price("7")).await.ok();
    let refused = desk.post(&key, "/v1/prices", price("none")).await;
    assert_eq!(refused.body["problems"][0]["place"], "prices[0]");
}

#[tokio::test]
async fn a_shop_is_imported_as_json_and_members_need_a_scope_of_their_own() {
    let desk = open().await;
    let goods_only = desk.key("goods:read,goods:write").await;
    let both = desk.key("goods:read,goods:write,members:write").await;
    let shop = r#"{"promotions": [{"id": "p1", "name_zh": "特价", "name_en": "Special", "skus": ["1"], "type": "percent", "pay_pct": 85}],
        "promotion_rules": [{"id": "r1", "layer": "order", "type": "threshold_off", "min": 10000, "off": 1000}]}"#;
    let refused = desk.import(&goods_only, "/v1/imports/shop", "application/json", shop).await;
    assert!(refused.problem().2.contains("members:write"));
    desk.import(&both, "/v1/imports/shop", "application/json", shop).await.ok();
    let first = desk.get(&both, "/v1/promotions?limit=1").await.ok();
    assert_eq!(first["items"][0]["id"], "p1");
    let next = first["next"].as_str().expect("more");
    let second = desk.get(&both, &format!("/v1/promotions?limit=1&after={next}")).await.ok();
    assert_eq!((&second["items"][0]["id"], &second["next"]), (&json!("r1"), &Value::Null));
    let wrong = desk.import(&both, "/v1/imports/shop", "application/json", r#"{"membres": []}"#).await;
    assert!(wrong.problem().2.contains("unknown field `membres`"));
    let wrong = desk.import(&both, "/v1/imports/shop", "text/csv", "a").await;
    assert_eq!(wrong.problem().1, "media-type");
}

#[tokio::test]
async fn costs_are_said_from_an_instant_on_and_read_by_a_scope_of_their_own() {
    let desk = open().await;
    let goods = desk.key("goods:read,goods:write").await;
    let key = desk.key("costs:read,costs:write").await;
    let cost = |sku: &str, from_ms: i64, cost: Value| json!({ "sku": sku, "from_ms": from_ms, "cost": cost });
    let costs = json!({ "costs": [cost("1", 1_000, json!(120)), cost("1", 2_000, json!(130)), cost("2", 5, json!(null))] });
    assert_eq!(desk.post(&goods, "/v1/costs", costs.clone()).await.problem().0, 403);
    assert_eq!(desk.get(&goods, "/v1/costs").await.problem().0, 403);
    assert_eq!(desk.post(&key, "/v1/costs", costs.clone()).await.ok()["changed"], 3);
    assert_eq!(
        desk.post(&key, "/v1/costs", costs).await.ok()["changed"],
        0,
        "the same again changes nothing"
    );
    let first = desk.get(&key, "/v1/costs?limit=2").await.ok();
    assert_eq!(first["items"][1], cost("1", 2_000, json!(130)));
    let next = first["next"].as_str().expect("more");
    let rest = desk.get(&key, &format!("/v1/costs?limit=2&after={next}")).await.ok();
    assert_eq!((&rest["items"], &rest["next"]), (&json!([cost("2", 5, json!(null))]), &Value::Null));
    for (sku, amount) in [("none", 1), ("1", -1)] {
        let sent = json!({ "costs": [cost("1", 9, json!(9)), cost(sku, 1, json!(amount))] });
        let refused = desk.post(&key, "/v1/costs", sent).await;
        assert_eq!(refused.body["problems"][0]["place"], "costs[1]", "{sku}");
    }
    let listed = desk.get(&key, "/v1/costs").await.ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3), "nothing is half applied");
    // By a file and by the JSON of a shop as well; and no lane and no list of goods is told.
    let shop = r#"{"costs": [{"sku": "2", "from_ms": 7, "cost": 88}]}"#;
    let both = desk.key("goods:read,goods:write,members:write").await;
    for path in ["/v1/imports/shop", "/v1/imports/shop?dry_run=true"] {
        let refused = desk.import(&both, path, "application/json", shop).await.problem();
        assert!(refused.2.contains("costs:write"), "{path}: {refused:?}");
    }
    let all = desk.key("goods:read,goods:write,members:write,costs:write").await;
    desk.import(&all, "/v1/imports/shop", "application/json", shop).await.ok();
    assert_eq!(desk.get(&key, "/v1/costs").await.ok()["items"][3], cost("2", 7, json!(88)));
    assert!(!desk.get(&goods, "/v1/goods").await.text.contains("cost"));
}

#[tokio::test]
async fn one_promotion_is_put_and_taken_away_without_an_import_of_all() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let percent = |id: &str, pay: u32| json!({ "id": id, "name_zh": "九折", "name_en": "Ten off", "skus": ["1"], "type": "percent", "pay_pct": pay });
    let put = async |path: &str, body: Value| {
        desk.change(&key, Method::PUT, &format!("/v1/promotions/{path}"), body).await
    };
    let listed = async || {
        let page = desk.get(&key, "/v1/promotions").await.ok();
        let rows = page["items"].as_array().expect("promotions").clone();
        rows.into_iter()
            .map(|row| format!("{}/{}", row["kind"], row["id"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(put("promotion/p1", percent("p1", 90)).await.ok()["changed"], 1);
    assert_eq!(put("promotion/p1", percent("p1", 90)).await.ok()["changed"], 0, "the same again");
    let rule = |id: &str, excludes: &str| {
        json!({ "id": id, "layer": "order", "type": "threshold_off", "name_zh": "满减", "name_en": "Off",
                "min": 10_000, "off": 500, "excludes": [excludes] })
    };
    put("promotion_rule/r1", rule("r1", "p1")).await.ok();
    assert_eq!(listed().await, ["promotion/p1", "promotion_rule/r1"]);
    // What cannot be is refused with the words of an import, and nothing is changed.
    for (path, body, status) in [
        ("promotion/p2", percent("p3", 90), 422),
        ("promotion/p2", percent("p2", 100), 422),
        ("promotion/p2", json!({ "id": "p2" }), 400),
        ("promotion/r1", percent("r1", 90), 409),
        ("promotion_rule/p1", rule("p1", "r1"), 409),
        ("promotion_rule/r2", rule("r2", "no such one"), 422),
        ("voucher/p2", percent("p2", 90), 404),
    ] {
        assert_eq!(put(path, body).await.problem().0, status, "{path}");
    }
    let take_away = async |path: &str| {
        desk.change(&key, Method::DELETE, &format!("/v1/promotions/{path}"), nothing()).await
    };
    let (status, _, said) = take_away("promotion/p1").await.problem();
    assert!(status == 409 && said.contains("\"r1\" excludes it"), "{said}");
    assert_eq!(take_away("promotion_rule/p1").await.problem().0, 404);
    assert_eq!(listed().await.len(), 2);
    take_away("promotion_rule/r1").await.ok();
    assert_eq!(take_away("promotion/p1").await.ok()["changed"], true);
    assert_eq!(take_away("promotion/p1").await.problem().0, 404);
    assert!(listed().await.is_empty());
    let reads = desk.key("goods:read").await;
    let refused = desk.change(&reads, Method::PUT, "/v1/promotions/promotion/p1", percent("p1", 90)).await;
    assert_eq!(refused.problem().0, 403);
}
