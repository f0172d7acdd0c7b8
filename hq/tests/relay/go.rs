//! Scan-and-go at the relay: the page, prices and signed baskets with HQ away, whose keys lanes know, and what becomes of a
//! relay that was replaced or stolen.

use hq::import::PriceText;
use hq::relay::{EnrolConfig, GoHealth, enrol};
use hq::scan_go::{BASKETS_A_DAY_MAX, PHONE_BURST};
use hq::server::openapi;
use protocol::head::PublicKey;
use protocol::pull::{Change, CodeKey, Entity};
use protocol::scan_go::{Here, PhoneBasket, RefuseCodeError};
use serde_json::{Value, json};

use super::*;

const WATER: &str = "6901028075763";

const MORE: &str = r#"{
    "members": [{"id": "m1", "name": "赵一鸣", "phone_last4": "0001", "cards": ["CARD-77001"]}],
    "promotion_rules": [{"id": "R1", "name_zh": "第二件半价", "name_en": "Second at half price", "layer": "item",
                         "type": "nth_unit", "n": 2, "pay_pct": 50, "skus": ["1"]}]
}"#;

fn device(number: u8) -> String {
    format!("{number:032x}")
}

fn asked(device: &str, pieces: u32) -> Value {
    json!({ "device": device, "offset_minutes": 480, "lines": [{ "code": WATER, "pieces": pieces }] })
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Waits for what comes by itself within moments.
async fn wait<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..400 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{what} did not come");
}

/// A chain whose relay was enrolled, the token of a link, and a lane.
async fn open() -> (Chain, String, Lane) {
    let mut chain = Chain::open().await;
    let path = chain.folder.path().join("more");
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("shop.json"), MORE).expect("a file");
    chain.command(Command::Import { path, replace: false, dry_run: false }).await;
    assert_eq!(chain.health().await.go, None);
    let page = chain.client.get(format!("{}/go/S1", chain.relay.url())).send().await.expect("an answer");
    assert_eq!(page.status(), StatusCode::NOT_FOUND, "one that was not enrolled serves no phones");
    // The key that signs links is told with everything else.
    let token = chain.link("S1").await;
    chain = chain.enrol_relay().await;
    let lane = chain.enrol(1).await;
    chain.signs(true).await;
    (chain, token, lane)
}

impl Chain {
    async fn relay_code(&self, store: &str) -> String {
        match self.command(Command::EnrolRelay { store: store.into() }).await {
            Outcome::Code { code } => code,
            other => panic!("no code: {other:?}"),
        }
    }

    fn enrol_config(&self, code: &str) -> EnrolConfig {
        let upstream = self.hq.as_ref().expect("it is there").url();
        let data = self.folder.path().join("relay");
        EnrolConfig { data, store: "S1".into(), upstream, root: None, code: code.to_owned() }
    }

    /// Stops the relay, enrols it, and starts it again.
    pub(super) async fn enrol_relay(self) -> Self {
        let code = self.relay_code("S1").await;
        let config = self.enrol_config(&code);
        let upstream = config.upstream.clone();
        let Self { folder, hq, address, relay, client } = self;
        relay.stop().await.expect("stopped");
        enrol(config).await.expect("enrolled");
        let relay = relay::start(relay_config(folder.path(), &upstream)).await.expect("a relay");
        Self { folder, hq, address, relay, client }
    }

    async fn link(&self, store: &str) -> String {
        let Outcome::ScanGoLink { path } =
            self.command(Command::ScanGoLink { store: store.into(), days: 1 }).await
        else {
            panic!("no link")
        };
        path.split_once("?k=").expect("a token").1.to_owned()
    }

    async fn go(&self) -> GoHealth {
        self.health().await.go.expect("it serves phones")
    }

    async fn signs(&self, signs: bool) {
        wait("the relay's own key", async || self.go().await.signs == signs).await;
    }

    async fn phone(&self, base: &str, (token, path): (&str, &str), body: &Value) -> Response {
        let sent = self.client.post(format!("{base}{path}")).bearer_auth(token).json(body).send();
        sent.await.expect("an answer")
    }

    /// What so many bottles of water cost at the relay, and their basket.
    async fn basket(&self, token: &str, device: &str, pieces: u32) -> Result<(i64, String), StatusCode> {
        let relay = self.relay.url();
        let asked = asked(device, pieces);
        // A price that changes between the two is shown and asked about again, as the page does.
        for _ in 0..3 {
            let prices = self.phone(&relay, (token, "/v1/go/S1/prices"), &asked).await;
            if prices.status() != StatusCode::OK {
                return Err(prices.status());
            }
            let prices: Value = prices.json().await.expect("JSON");
            let mut shown = asked.clone();
            shown["shown_total"] = prices["total"].clone();
            let sealed = self.phone(&relay, (token, "/v1/go/S1/baskets"), &shown).await;
            if sealed.status() != StatusCode::OK {
                return Err(sealed.status());
            }
            let sealed: Value = sealed.json().await.expect("JSON");
            if let Some(code) = sealed["sealed"]["code"].as_str() {
                return Ok((prices["total"].as_i64().expect("a total"), code.to_owned()));
            }
        }
        panic!("prices change without an end");
    }

    /// What a lane of a store is told of keys, through the relay or by HQ.
    async fn keys(&self, base: &str, lane: &Lane) -> Vec<CodeKey> {
        let url = format!("{base}/v1/reference?after=0&limit=1000");
        let answer = self.client.get(url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let text = zstd::decode_all(&answer.bytes().await.expect("a page")[..]).expect("a page");
        let text = String::from_utf8(text).expect("text");
        let changes =
            text.lines().skip(1).map(|line| serde_json::from_str::<Change>(line).expect("a change"));
        let told = |change: Change| match change.entity {
            Entity::CodeKey(key) => key.inspect(|key| assert_eq!(change.key, key.key())),
            _ => None,
        };
        changes.filter_map(told).collect()
    }
}

/// Those with which a lane opens baskets now.
fn holding(keys: &[CodeKey]) -> Vec<PublicKey> {
    let baskets = keys.iter().filter(|key| key.signs == protocol::pull::CodeSigner::Baskets);
    baskets.filter_map(|key| key.at(now_ms()).expect("a key")).collect()
}

#[tokio::test]
async fn with_hq_away_phones_have_page_prices_and_baskets_that_the_stores_lanes_take() {
    let (mut chain, token, lane) = open().await;
    let (hq, relay) = (chain.hq.as_ref().expect("it is there").url(), chain.relay.url());
    // The same page, the same prices.
    let document: Value = serde_json::from_str(&openapi()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths").keys();
    let files: Vec<String> =
        paths.filter(|path| path.starts_with("/go/")).map(|path| path.replace("{store}", "S1")).collect();
    assert!(files.len() >= 8, "{files:?}");
    let mut page = Vec::new();
    for file in &files {
        let ask = async |base: &str| {
            let answer = chain.client.get(format!("{base}{file}")).send().await.expect("an answer");
            (
                answer.status(),
                answer.headers().get("content-type").cloned(),
                answer.bytes().await.expect("a file"),
            )
        };
        let (here, there) = (ask(&relay).await, ask(&hq).await);
        assert_eq!(here, there, "{file}");
        assert_eq!(here.0, StatusCode::OK, "{file}");
        page.push(here);
    }
    let prices = async |base: &str| -> Value {
        let answer = chain.phone(base, (&token, "/v1/go/S1/prices"), &asked(&device(1), 3)).await;
        let mut told: Value = answer.json().await.expect("JSON");
        told.as_object_mut().expect("an object").remove("version").expect("a version");
        told
    };
    let told = prices(&hq).await;
    assert_eq!(told["total"], json!(625), "the second costs half: {told}");
    assert_eq!(prices(&relay).await, told);
    let known = chain.keys(&relay, &lane).await;
    let keys = holding(&known);
    // Another store's lanes are told of HQ's alone.
    let path = chain.folder.path().join("second");
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("shop.json"), SHOP.replace("S1", "S2")).expect("a file");
    chain.command(Command::Import { path, replace: false, dry_run: false }).await;
    let Outcome::Code { code } = chain.command(Command::Enrol { store: "S2".into(), lane: 1 }).await else {
        panic!("no code")
    };
    let sent = chain.client.post(format!("{hq}/v1/enrol")).json(&json!({ "code": code })).send().await;
    let elsewhere = Lane::new(sent.expect("an answer").json().await.expect("an enrolment"));
    let told_there = chain.keys(&hq, &elsewhere).await;
    assert_eq!((told_there.len(), told_there.iter().any(|key| key.relay)), (1, false), "{told_there:?}");
    assert_eq!((keys.len(), known.iter().filter(|key| key.relay).count()), (2, 1), "HQ's, and the relay's");

    chain.hq_goes().await;
    let (total, code) = chain.basket(&token, &device(1), 3).await.expect("a basket");
    assert_eq!(total, 625);
    let here = Here { store: "S1", now_ms: now_ms() };
    let basket = PhoneBasket::open(&code, &keys, here).expect("a lane takes it");
    assert_eq!((basket.total, basket.lines[0].pieces, basket.lines[0].shown), (625, 3, Some(625)));
    // Not elsewhere, not later, and not where it was changed or nobody told of the key.
    let elsewhere = PhoneBasket::open(&code, &keys, Here { store: "S2", ..here });
    assert_eq!(elsewhere, Err(RefuseCodeError::OtherStore("S1".into())));
    let later = Here { now_ms: here.now_ms + hq::scan_go::BASKET_LASTS_MS, ..here };
    assert_eq!(PhoneBasket::open(&code, &keys, later), Err(RefuseCodeError::Expired));
    let of_hq: Vec<PublicKey> = holding(&known.iter().filter(|key| !key.relay).cloned().collect::<Vec<_>>());
    assert_eq!(PhoneBasket::open(&code, &of_hq, here), Err(RefuseCodeError::Signature));
    let at = code.len() / 2;
    let altered = if code.as_bytes()[at] == b'A' { "B" } else { "A" };
    let altered = format!("{}{altered}{}", &code[..at], &code[at + 1..]);
    assert_eq!(PhoneBasket::open(&altered, &keys, here), Err(RefuseCodeError::Signature));
    // What the relay was told once is here after a start as well.
    let Chain { folder, address, relay, client, hq: _ } = chain;
    relay.stop().await.expect("stopped");
    let relay =
        relay::start(relay_config(folder.path(), &format!("http://{address}"))).await.expect("a relay");
    let chain = Chain { folder, address, relay, client, hq: None };
    assert_eq!(chain.basket(&token, &device(2), 1).await.map(|(total, _)| total), Ok(250));
    for (file, known) in files.iter().zip(page) {
        let answer =
            chain.client.get(format!("{}{file}", chain.relay.url())).send().await.expect("an answer");
        assert_eq!(answer.bytes().await.expect("a file"), known.2);
    }
    // Nothing of members is on its disk.
    for file in std::fs::read_dir(chain.folder.path().join("relay")).expect("a folder") {
        let path = file.expect("a file").path();
        if path.is_file() {
            let bytes = std::fs::read(&path).expect("a file");
            let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
            assert!(!has(b"CARD-77001") && !has("赵一鸣".as_bytes()), "{}", path.display());
        }
    }
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn without_the_stores_link_and_beyond_the_limits_nothing_is_told() {
    let (mut chain, token, lane) = open().await;
    let relay = chain.relay.url();
    let status = async |token: &str, path: &str, device: &str| {
        chain.phone(&relay, (token, path), &asked(device, 1)).await.status().as_u16()
    };
    assert_eq!(status("abc", "/v1/go/S1/prices", &device(1)).await, 401);
    assert_eq!(status(&token, "/v1/go/S2/prices", &device(1)).await, 401);
    assert_eq!(status(&token, "/v1/go/S1/prices", "0011").await, 400);
    // A new key of HQ signs links from now on, and those of before hold on.
    chain.command(Command::ScanGoKey).await;
    let newer = chain.link("S1").await;
    chain.keys(&relay, &lane).await;
    wait("the new key", async || status(&newer, "/v1/go/S1/prices", &device(2)).await == 200).await;
    assert_eq!(status(&token, "/v1/go/S1/prices", &device(1)).await, 200);
    chain.hq_goes().await;
    let mut body = asked(&device(3), 1);
    body["shown_total"] = json!(250);
    for _ in 0..BASKETS_A_DAY_MAX {
        let sealed = chain.phone(&relay, (&token, "/v1/go/S1/baskets"), &body).await;
        assert_eq!(sealed.status(), StatusCode::OK);
    }
    let over = chain.phone(&relay, (&token, "/v1/go/S1/baskets"), &body).await;
    assert_eq!(
        (over.status(), &over.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"3600".parse().expect("a text"))
    );
    let mut refused = 0;
    for _ in 0..PHONE_BURST + 30 {
        let answer = chain.phone(&relay, (&token, "/v1/go/S1/prices"), &asked(&device(4), 1)).await;
        refused += i32::from(answer.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "a burst has an end");
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_price_that_changes_is_on_the_page_and_one_of_later_in_its_time() {
    let (mut chain, token, lane) = open().await;
    // Another phone each time: one alone may not ask so often.
    let phones = std::sync::atomic::AtomicU8::new(0);
    let total = async |chain: &Chain| {
        let phone = device(phones.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        chain.basket(&token, &phone, 1).await.expect("a basket").0
    };
    assert_eq!(total(&chain).await, 250);
    chain.command(Command::Price { sku: "1".into(), price: "2.80".into() }).await;
    // As soon as one of the store's lanes is told.
    let begun = std::time::Instant::now();
    chain.keys(&chain.relay.url(), &lane).await;
    wait("the new price", async || total(&chain).await == 280).await;
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(9),
        "not only at the next look: {:?}",
        begun.elapsed()
    );
    // One that is told ahead counts from its time on, HQ or no HQ.
    let from = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    let price = PriceText {
        sku: "1".into(),
        price: "1.90".into(),
        list: String::new(),
        unit: String::new(),
        store: String::new(),
        group: String::new(),
        tier: String::new(),
        from: from.to_rfc3339(),
        until: String::new(),
    };
    let version = chain.go().await.version;
    chain.command(Command::ListPrice { price }).await;
    chain.keys(&chain.relay.url(), &lane).await;
    wait("the price ahead", async || chain.go().await.version > version).await;
    chain.hq_goes().await;
    let before = total(&chain).await;
    assert!(before == 280 || chrono::Utc::now() >= from, "it is not its time yet: {before}");
    wait("its time", async || chrono::Utc::now() >= from).await;
    assert_eq!(total(&chain).await, 190);
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_relay_in_the_place_of_another_signs_alone_and_a_stolen_one_signs_nothing() {
    let (chain, token, lane) = open().await;
    let (_, old) = chain.basket(&token, &device(1), 1).await.expect("a basket");
    let chain = chain.enrol_relay().await;
    chain.signs(true).await;
    let told = chain.keys(&chain.relay.url(), &lane).await;
    let of_relays: Vec<&CodeKey> = told.iter().filter(|key| key.relay).collect();
    assert_eq!(of_relays.len(), 2);
    // What the one before signed is taken as long as it holds.
    let (before, now): (Vec<&CodeKey>, Vec<&CodeKey>) =
        of_relays.iter().partition(|key| key.until_ms.is_some());
    assert_eq!((before.len(), now.len()), (1, 1));
    let until_ms = before[0].until_ms.expect("an end");
    assert!((now_ms()..now_ms() + 3_600_000).contains(&until_ms), "{until_ms}");
    let here = Here { store: "S1", now_ms: now_ms() };
    assert!(PhoneBasket::open(&old, &holding(&told), here).is_ok());
    let (_, new) = chain.basket(&token, &device(2), 1).await.expect("a basket");
    let alone = [PublicKey::parse(&now[0].public_key).expect("a key")];
    assert!(PhoneBasket::open(&new, &alone, here).is_ok());
    assert_eq!(PhoneBasket::open(&old, &alone, here), Err(RefuseCodeError::Signature));

    // It is stolen: from the next pull on lanes take nothing of it, and it signs nothing once it heard so itself.
    let revoked = chain.command(Command::Revoke { store: "S1".into(), lane: 0 }).await;
    assert_eq!(revoked, Outcome::Removed);
    let told = chain.keys(&chain.relay.url(), &lane).await;
    let keys = holding(&told);
    assert_eq!(keys.len(), 1, "HQ's alone");
    for code in [&old, &new] {
        assert_eq!(PhoneBasket::open(code, &keys, here), Err(RefuseCodeError::Signature));
    }
    chain.signs(false).await;
    assert_eq!(chain.basket(&token, &device(3), 1).await, Err(StatusCode::SERVICE_UNAVAILABLE));
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_code_is_for_a_lane_or_for_a_relay_and_a_relay_is_no_lane() {
    let chain = Chain::open().await;
    let one = chain.enrol(1).await;
    // A relay does not take a lane's code, nor another store's, and spends neither.
    let Outcome::Code { code } = chain.command(Command::Enrol { store: "S1".into(), lane: 2 }).await else {
        panic!("no code")
    };
    // Its folder is free, unlike that of the relay that runs.
    let config =
        |code: &str| EnrolConfig { data: chain.folder.path().join("other"), ..chain.enrol_config(code) };
    let refused = enrol(config(&code)).await.expect_err("a lane's").to_string();
    assert!(refused.contains("for lane 2 of store S1"), "{refused}");
    let send = async |body: Value| {
        let url = format!("{}/v1/enrol", chain.hq.as_ref().expect("it is there").url());
        chain.client.post(url).json(&body).send().await.expect("an answer")
    };
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let as_relay = json!({ "code": code, "public_key": key, "relay": true });
    assert_eq!(send(as_relay).await.status(), StatusCode::FORBIDDEN);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let two = Lane::new(send(json!({ "code": code })).await.json().await.expect("it was not spent"));
    // A till does not take a relay's.
    let code = chain.relay_code("S1").await;
    assert_eq!(send(json!({ "code": code })).await.status(), StatusCode::FORBIDDEN);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(send(json!({ "code": code, "relay": true })).await.status(), StatusCode::BAD_REQUEST);
    let relay: Enrolment = send(json!({ "code": code, "public_key": key, "relay": true }))
        .await
        .json()
        .await
        .expect("it was not spent");
    assert_eq!((relay.store.as_str(), relay.lane), ("S1", 0));
    assert!(enrol(config(&code)).await.is_err(), "it works once");
    // It reads what its lanes read, and nothing is filed or asked under its name.
    let relay = Lane::new(relay);
    let hq = chain.hq.as_ref().expect("it is there").url();
    assert!(chain.keys(&hq, &relay).await.iter().any(|key| key.relay));
    let answer = chain.ask_at(&hq, &relay, &Question::Positions {}).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let url = format!("{hq}/v1/lanes/S1/0/position?epoch=1");
    let answer = chain.client.get(url).bearer_auth(&relay.identity.key).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    // Who counts goods does not wait for it.
    let direct: Answer =
        chain.ask_at(&hq, &two, &Question::Positions {}).await.json().await.expect("an answer");
    let Answer::Positions { known, unknown } = direct else { panic!("positions, not {direct:?}") };
    assert_eq!((known.len(), unknown), (0, vec![one.identity.lane, two.identity.lane]));
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn damaged_goods_come_again_and_a_damaged_key_keeps_no_lane_waiting() {
    let (chain, token, _) = open().await;
    let Chain { folder, hq, address, relay, client } = chain;
    let upstream = hq.as_ref().expect("it is there").url();
    relay.stop().await.expect("stopped");
    let of_relay = folder.path().join("relay");
    std::fs::write(of_relay.join("goods-1.db"), b"rotten").expect("a file");
    let relay = relay::start(relay_config(folder.path(), &upstream)).await.expect("a relay all the same");
    let chain = Chain { folder, hq, address, relay, client };
    chain.signs(true).await;
    assert_eq!(chain.basket(&token, &device(1), 1).await.expect("a basket").0, 250);

    let Chain { folder, hq, address, relay, client } = chain;
    relay.stop().await.expect("stopped");
    std::fs::write(of_relay.join("relay.key"), b"{}").expect("a file");
    let relay = relay::start(relay_config(folder.path(), &upstream)).await.expect("a relay all the same");
    let chain = Chain { folder, hq, address, relay, client };
    assert_eq!(chain.health().await.go, None, "phones are not served");
    chain.relay.stop().await.expect("stopped");
}
