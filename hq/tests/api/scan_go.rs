//! Scan-and-go over HTTP: what a phone with the link of the entrance may ask, and what becomes of everything else.

use hq::command::{Command, Outcome};
use hq::scan_go::{BASKET_LASTS_MS, BASKETS_A_DAY_MAX, PHONE_BURST};
use protocol::head::PublicKey;
use protocol::scan_go::{Here, LINES_MAX, PhoneBasket, RefuseCodeError};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::{Answer, Desk};
use super::open;

const GOODS: &str =
    "sku,name_zh,name_en,spec,category,weighed,price,tax_rate,codes,plu,age_restricted,open_price,units
10,气泡水,Sparkling water,330ml,drinks,false,4.00,1300,9520001001666,,false,,six:提:Six:6:20.00:9520001004407
11,啤酒,Beer,500ml,drinks,false,6.00,1300,9520001005008,,true,,
12,苹果,Apples,,drinks,true,9.90,900,,01234,false,,
13,礼品,Gift,,drinks,false,0,1300,9520001009990,,false,1.00-50.00,
";

const SHOP: &str = r#"{
    "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY", "currency_symbol": "¥",
              "currency_exponent": 2, "cash_rounding": 1, "scale_patterns": ["21IIIIIWWWWWC"]},
    "promotion_rules": [{"id": "R1", "name_zh": "第二件半价", "name_en": "Second at half price", "layer": "item",
                         "type": "nth_unit", "n": 2, "pay_pct": 50, "skus": ["10"]}]
}"#;

const DEVICE: &str = "00112233445566778899aabbccddeeff";

async fn shop() -> Desk {
    let desk = open().await;
    let path = desk.folder.path().join("more");
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("shop.json"), SHOP).expect("a file");
    std::fs::write(path.join("products.csv"), GOODS).expect("a file");
    desk.command(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    desk
}

/// The token of a link to a store's page.
async fn link(desk: &Desk, store: &str) -> String {
    let made = desk.command(Command::ScanGoLink { store: store.into(), days: 1 }).await.expect("a link");
    let Outcome::ScanGoLink { path } = made else { panic!("another outcome: {made:?}") };
    let (page, token) = path.split_once("?k=").expect("a token");
    assert_eq!(page, format!("/go/{store}"));
    token.to_owned()
}

fn lines(wanted: &[(&str, u32)]) -> Value {
    wanted.iter().map(|(code, pieces)| json!({ "code": code, "pieces": pieces })).collect()
}

fn asked(device: &str, lines: Value) -> Value {
    json!({ "device": device, "offset_minutes": 480, "lines": lines })
}

async fn send(desk: &Desk, token: &str, path: &str, body: Value) -> Answer {
    desk.send(token, Method::POST, path, Some(body), "").await
}

async fn prices(desk: &Desk, token: &str, wanted: &[(&str, u32)]) -> Value {
    send(desk, token, "/v1/go/S1/prices", asked(DEVICE, lines(wanted))).await.ok()
}

async fn seal(desk: &Desk, token: &str, device: &str, wanted: &[(&str, u32)], shown: i64) -> Answer {
    let mut body = asked(device, lines(wanted));
    body["shown_total"] = json!(shown);
    send(desk, token, "/v1/go/S1/baskets", body).await
}

#[tokio::test]
async fn a_phone_is_told_the_prices_of_the_till() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    // Three of which the second costs half, a pack of six, and 0.525 kg by a scale's label twice.
    let told = prices(
        &desk,
        &token,
        &[("9520001001666", 3), ("9520001004407", 1), ("2101234005255", 2), ("6901028075763", 1)],
    )
    .await;
    let line = |index: usize| &told["lines"][index];
    assert_eq!((&line(0)["net"], &line(0)["gross"]), (&json!(1_000), &json!(1_200)), "{told}");
    assert_eq!(
        line(0)["promotions"],
        json!([{ "name_zh": "第二件半价", "name_en": "Second at half price" }])
    );
    assert_eq!((&line(1)["net"], &line(1)["unit_zh"]), (&json!(2_000), &json!("提")));
    // 525 g at 9.90 are 5.1975, each label rounded by itself.
    assert_eq!((&line(2)["net"], &line(2)["quantity"]), (&json!(1_040), &json!(1_050)));
    assert_eq!((&line(3)["name_zh"], &line(3)["net"]), (&json!("清泉水"), &json!(250)));
    assert_eq!((&told["total"], &told["saved"]), (&json!(4_290), &json!(200)));
    assert_eq!((&told["store_zh"], &told["symbol"]), (&json!("一店"), &json!("¥")));
    // A price of this store alone, from now on.
    let price = hq::import::PriceText {
        sku: "1".into(),
        price: "1.50".into(),
        list: String::new(),
        unit: String::new(),
        store: "S1".into(),
        group: String::new(),
        tier: String::new(),
        from: "2020-01-01T00:00+08:00".into(),
        until: String::new(),
    };
    desk.command(Command::ListPrice { price }).await.expect("a price");
    let told = prices(&desk, &token, &[("6901028075763", 2)]).await;
    assert_eq!(told["total"], json!(300));
}

#[tokio::test]
async fn what_cannot_be_bought_by_phone_says_why() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    let check = async |code: &str, pieces: u32, why: &str| {
        let told = prices(&desk, &token, &[("6901028075763", 1), (code, pieces)]).await;
        assert_eq!(told["lines"][1], json!({ "state": "refused", "why": why }), "{code}");
        assert_eq!(told["total"], json!(250), "the rest is priced");
    };
    check("9520001005008", 1, "age").await;
    check("01234", 1, "weigh").await;
    check("9520001009990", 1, "price").await;
    check("9520001000010", 1, "unknown").await;
    check("6901028075764", 1, "misread").await;
    check("130000000000000000", 1, "payment_code").await;
    check("https://example.com/", 1, "not_goods").await;
    check("M0001", 1, "unknown").await;
    check(&format!("GTB{}", "A".repeat(80)), 1, "not_goods").await;
    check("(01)09520001001666(17)200101", 1, "expired").await;
    check("(01)09520001001666(21)X1", 2, "again").await;
}

#[tokio::test]
async fn a_basket_is_signed_at_what_the_phone_shows_and_at_nothing_else() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    let wanted = [("9520001001666", 3), ("(01)09520001001666(10)A-1", 1)];
    // The phone shows yesterday's prices.
    let other = seal(&desk, &token, DEVICE, &wanted, 1_399).await.ok();
    assert_eq!((&other["sealed"], &other["prices"]["total"]), (&Value::Null, &json!(1_200)));
    let refused = seal(&desk, &token, DEVICE, &[("6901028075763", 1), ("9520001005008", 1)], 250).await.ok();
    assert_eq!(refused["sealed"], Value::Null, "a line cannot be bought");
    assert_eq!(seal(&desk, &token, DEVICE, &[], 0).await.ok()["sealed"], Value::Null);
    let begun_ms = chrono::Utc::now().timestamp_millis();
    let sealed = seal(&desk, &token, DEVICE, &wanted, 1_200).await.ok()["sealed"].clone();
    let code = sealed["code"].as_str().expect("a code");
    let until_ms = sealed["until_ms"].as_i64().expect("an end");
    assert!((begun_ms - 1_000..begun_ms + 60_000).contains(&(until_ms - BASKET_LASTS_MS)));
    let rows = sealed["rows"].as_array().expect("rows");
    assert_eq!(json!(rows.len()), sealed["size"]);
    assert!(rows.iter().all(|row| row.as_str().is_some_and(|row| row.len() == rows.len())));

    // A till with HQ's public keys reads it; the key that signed is not the newest any more.
    let Outcome::ScanGoKeys { public } = desk.command(Command::ScanGoKey).await.expect("keys") else {
        panic!("another outcome")
    };
    assert_eq!(public.len(), 2);
    let keys: Vec<PublicKey> = public.iter().map(|key| PublicKey::parse(key).expect("a key")).collect();
    let here = Here { store: "S1", now_ms: begun_ms + 1_000 };
    let basket = PhoneBasket::open(code, &keys, here).expect("a basket");
    let read: Vec<(&str, u32)> = basket.lines.iter().map(|line| (line.code.as_str(), line.pieces)).collect();
    assert_eq!(read, wanted);
    assert_eq!((basket.total, basket.until_ms), (1_200, until_ms));
    let elsewhere = PhoneBasket::open(code, &keys, Here { store: "S2", ..here });
    assert_eq!(elsewhere, Err(RefuseCodeError::OtherStore("S1".into())));
    assert_eq!(PhoneBasket::open(code, &keys[..1], here), Err(RefuseCodeError::Signature));
    // The link of before holds on, and what it has signed now is the new key's.
    let again = seal(&desk, &token, DEVICE, &wanted, 1_200).await.ok();
    let code = again["sealed"]["code"].as_str().expect("a code");
    let next = PhoneBasket::open(code, &keys[..1], here).expect("a basket");
    assert_ne!(next.id, basket.id);
}

#[tokio::test]
async fn without_the_stores_link_nothing_is_told() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    let body = asked(DEVICE, lines(&[("6901028075763", 1)]));
    for (token, path) in [
        ("", "/v1/go/S1/prices"),
        ("abc", "/v1/go/S1/prices"),
        (token.as_str(), "/v1/go/S2/prices"),
        (&token.replace(['a', 'b'], "c"), "/v1/go/S1/prices"),
    ] {
        let answer = send(&desk, token, path, body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token} {path}");
    }
    assert!(desk.command(Command::ScanGoLink { store: "S9".into(), days: 1 }).await.is_err());
    for days in [0, 367] {
        assert!(desk.command(Command::ScanGoLink { store: "S1".into(), days }).await.is_err());
    }
}

#[tokio::test]
async fn what_is_not_of_its_form_is_refused() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    let status = async |body: Value| send(&desk, &token, "/v1/go/S1/prices", body).await.status.as_u16();
    let one = |code: &str, pieces: i64| asked(DEVICE, json!([{ "code": code, "pieces": pieces }]));
    assert_eq!(status(one("1", 1)).await, 200);
    for body in [
        one("", 1),
        one("1", 0),
        one("1", 100),
        one("1", -1),
        one(&"1".repeat(91), 1),
        asked("0011", lines(&[])),
        asked(&"g".repeat(32), lines(&[])),
        json!({ "device": DEVICE, "offset_minutes": 841, "lines": [] }),
        json!({ "device": DEVICE, "offset_minutes": 480, "lines": [], "member": "M0001" }),
    ] {
        assert_eq!(status(body.clone()).await, 400, "{body}");
    }
    let many: Vec<(String, u32)> = (0..=LINES_MAX).map(|number| (format!("{number}"), 1)).collect();
    let many: Vec<(&str, u32)> = many.iter().map(|(code, pieces)| (code.as_str(), *pieces)).collect();
    assert_eq!(status(asked(DEVICE, lines(&many))).await, 422);
    assert_eq!(status(asked(DEVICE, lines(&many[..LINES_MAX]))).await, 200);
}

#[tokio::test]
async fn a_phone_asks_so_often_and_no_more() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    let ask = async |device: &str| {
        send(&desk, &token, "/v1/go/S1/prices", asked(device, lines(&[("1", 1)]))).await.status
    };
    let mut refused = 0;
    for _ in 0..PHONE_BURST + 30 {
        refused += i32::from(ask(DEVICE).await == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "a burst has an end");
    assert_eq!(ask(&"1".repeat(32)).await, StatusCode::OK, "another phone has its own");
}

#[tokio::test]
async fn a_phone_has_so_many_baskets_a_day() {
    let desk = shop().await;
    let token = link(&desk, "S1").await;
    for _ in 0..BASKETS_A_DAY_MAX {
        assert!(seal(&desk, &token, DEVICE, &[("6901028075763", 1)], 250).await.ok()["sealed"].is_object());
    }
    let over = seal(&desk, &token, DEVICE, &[("6901028075763", 1)], 250).await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(over.headers["retry-after"], "3600");
    let other = seal(&desk, &token, &"2".repeat(32), &[("6901028075763", 1)], 250).await;
    assert!(other.ok()["sealed"].is_object(), "another phone has its own");
}

/// What a phone without a code reader of its own loads at the most, before anything that it asks.
const PAGE_BYTES_MAX: usize = 40_000;

#[tokio::test]
async fn the_page_is_small_and_loads_nothing_of_others() {
    let desk = shop().await;
    let page = desk.get("", "/go/S1?k=whatever").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    let policy = page.headers["content-security-policy"].to_str().expect("a policy").to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    let mut bytes = page.text.len();
    for (file, kind) in [
        ("page.css", "text/css"),
        ("page.js", "text/javascript"),
        ("words.js", "text/javascript"),
        ("camera.js", "text/javascript"),
        ("worker.js", "text/javascript"),
    ] {
        let file = desk.get("", &format!("/go/{file}")).await;
        assert_eq!(file.headers["content-type"], format!("{kind}; charset=utf-8"));
        assert!(!file.text.contains("https://") && !file.text.contains("http://"), "nothing of others");
        bytes += file.text.len();
    }
    assert!(bytes <= PAGE_BYTES_MAX, "{bytes}");
    let reader = desk.client.get(format!("{}/go/zbar.wasm", desk.running.url())).send().await.expect("sent");
    assert_eq!(reader.headers()["content-encoding"], "gzip");
    assert_eq!(reader.headers()["content-type"], "application/wasm");
}

/// What a phone loads at the most, the reader of codes with it, as it goes over the air.
const WIRE_BYTES_MAX: usize = 200_000;

#[tokio::test]
async fn all_of_the_page_goes_over_the_air_packed_to_who_can_unpack_it() {
    let desk = shop().await;
    let ask = async |file: &str, takes: &str| {
        let asked =
            desk.client.get(format!("{}/go/{file}", desk.running.url())).header("accept-encoding", takes);
        let answer = asked.send().await.expect("sent");
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        let packed = answer
            .headers()
            .get("content-encoding")
            .map(|coding| coding.to_str().expect("a coding").to_owned());
        (packed, answer.bytes().await.expect("a body"))
    };
    let mut wire = 0;
    for file in [
        "S1?k=x",
        "page.css",
        "page.js",
        "words.js",
        "camera.js",
        "worker.js",
        "zbar-0.11.0.mjs",
        "zbar.wasm",
    ] {
        let (coding, packed) = ask(file, "br;q=1.0, gzip;q=0.8").await;
        assert_eq!(coding.as_deref(), Some("gzip"), "{file}");
        let mut whole = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed[..]), &mut whole)
            .expect("unpacked");
        assert!(packed.len() < whole.len(), "{file}");
        wire += packed.len();
        if file != "zbar.wasm" {
            for refuses in ["identity", "gzip;q=0, identity", "br"] {
                assert_eq!(ask(file, refuses).await, (None, whole.clone().into()), "{file} {refuses}");
            }
        }
    }
    assert!(wire <= WIRE_BYTES_MAX, "{wire}");
}
