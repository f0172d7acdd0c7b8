//! Lanes against a real server: a real socket on port 0, a real SQLite file.

#[path = "lanes/applications.rs"]
mod applications;
#[path = "lanes/commission.rs"]
mod commission;
#[path = "lanes/interventions.rs"]
mod interventions;
#[path = "lanes/labels.rs"]
mod labels;
#[path = "lane/mod.rs"]
mod lane;
#[path = "lanes/limits.rs"]
mod limits;
#[path = "lanes/membership.rs"]
mod membership;
#[path = "postgres/mod.rs"]
mod postgres;
#[path = "lanes/push.rs"]
mod push;
#[path = "lanes/scan_go.rs"]
mod scan_go;
#[path = "lanes/weights.rs"]
mod weights;

use std::path::PathBuf;
use std::sync::Arc;

use hq::command::{self, AccessCommand, AccessOutcome, Command, Outcome};
use hq::import::PriceText;
use hq::server::{self, Config, Running};
use hq::store::{Address, AlarmKind};
use lane::Lane;
use protocol::answer::SalesAnswer;
use protocol::enrol::{EnrolRefusal, Enrolment, Invited};
use protocol::event::{self, Fact};
use protocol::head::{SignedHead, SigningKey};
use protocol::pull::{Change, Entity, PageHead};
use protocol::push::{BATCH_BYTES_MAX, PushAnswer, PushRefusal, UNSIGNED_TAIL_MAX, encode_batch};
use reqwest::{Client, Response, StatusCode};

const SHOP: &str = r#"{
    "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
              "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1},
    "categories": [{"id": "drinks", "name_zh": "饮料", "name_en": "Drinks", "position": 1}]
}"#;

const GOODS: &str = "sku,name_zh,name_en,category,price,tax_rate,codes
1,清泉水,Water,drinks,2.50,1300,6901028075763
2,绿茶,Green tea,drinks,4.00,1300,9520001003035
3,苹果汁,Apple juice,drinks,6.00,1300,
";

/// An empty database of the engine that this program is built for.
fn database() -> Option<Address> {
    let server = postgres::shared().filter(|_| env!("CARGO_CRATE_NAME") == "lanes_on_postgres")?;
    Some(Address { url: server.database(), authority: None })
}

/// A headquarters with one shop, and whoever talks to it.
struct Shop {
    running: Running,
    client: Client,
    folder: tempfile::TempDir,
    database: Option<Address>,
}

impl Shop {
    async fn open() -> Self {
        // Only the first test of the process installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::open_on(database()).await
    }

    async fn open_on(database: Option<Address>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let running = server::start(Config {
            data: folder.path().join("data"),
            database: database.clone(),
            listen: ([127, 0, 0, 1], 0).into(),
            address_file: None,
            tls: None,
        })
        .await
        .expect("a server");
        let shop = Self { running, client: Client::new(), folder, database };
        let path = shop.folder.path().join("in");
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join("shop.json"), SHOP).expect("a file");
        std::fs::write(path.join("products.csv"), GOODS).expect("a file");
        shop.ask(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
        // Lanes whose journals are not what a test is about do without a hand.
        shop.ask(Command::UnsignedLanes { allow: Some(true) }).await.expect("allowed");
        shop
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the command line does while the server runs.
    async fn ask(&self, command: Command) -> Result<Outcome, String> {
        let data = self.data();
        let asked = tokio::task::spawn_blocking(move || command::run(&data, None, &command, 0, &mut |_| {}));
        asked.await.expect("a task").map_err(|error| error.to_string())
    }

    /// Makes a key of a program: what it is called, and the key.
    async fn key(&self, name: &str, scopes: &str) -> (String, String) {
        let make = AccessCommand::MakeKey { name: name.into(), scopes: scopes.into(), days: 1 };
        match self.ask(Command::Access(make)).await {
            Ok(Outcome::Access(AccessOutcome::Key { id, key, .. })) => (id, key.0),
            other => panic!("no key: {other:?}"),
        }
    }

    async fn code(&self, lane: u32) -> String {
        match self.ask(Command::Enrol { store: "S1".into(), lane }).await {
            Ok(Outcome::Code { code }) => code,
            other => panic!("no code: {other:?}"),
        }
    }

    async fn send_code(&self, code: &str) -> Response {
        let body = serde_json::json!({ "code": code });
        let sent = self.client.post(format!("{}/v1/enrol", self.running.url())).json(&body).send();
        sent.await.expect("an answer")
    }

    /// Enrols a lane that signs its journal.
    async fn enrol_signing(&self, lane: u32) -> Lane {
        let (key, _) = SigningKey::draw().expect("a key");
        let body =
            serde_json::json!({ "code": self.code(lane).await, "public_key": key.public().to_string() });
        let sent = self.client.post(format!("{}/v1/enrol", self.running.url())).json(&body).send();
        let identity = sent.await.expect("an answer").json().await.expect("an enrolment");
        Lane { key: Some(Arc::new(key)), ..Lane::new(identity) }
    }

    async fn enrol(&self, lane: u32) -> Lane {
        let answer = self.send_code(&self.code(lane).await).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Lane::new(answer.json().await.expect("an enrolment"))
    }

    async fn push(&self, lane: &Lane, from: usize, to: usize) -> Result<PushAnswer, PushRefusal> {
        self.push_body(lane, lane.batch(from, to)).await
    }

    async fn push_body(&self, lane: &Lane, body: Vec<u8>) -> Result<PushAnswer, PushRefusal> {
        let answer = self.post(lane, &lane.identity.key, body).await;
        if answer.status() == StatusCode::OK {
            Ok(answer.json().await.expect("an answer"))
        } else {
            Err(answer.json().await.expect("a refusal"))
        }
    }

    async fn post(&self, lane: &Lane, key: &str, body: Vec<u8>) -> Response {
        let url = format!("{}/v1/lanes/S1/{}/events", self.running.url(), lane.identity.lane);
        self.client.post(url).bearer_auth(key).body(body).send().await.expect("an answer")
    }

    async fn position(&self, lane: &Lane) -> PushAnswer {
        let Enrolment { lane: number, epoch, key, .. } = &lane.identity;
        let url = format!("{}/v1/lanes/S1/{number}/position?epoch={epoch}", self.running.url());
        let answer = self.client.get(url).bearer_auth(key).send().await.expect("an answer");
        answer.json().await.expect("a position")
    }

    async fn page(&self, lane: &Lane, after: u64, limit: usize) -> (PageHead, Vec<Change>) {
        let url = format!("{}/v1/reference?after={after}&limit={limit}", self.running.url());
        let answer = self.client.get(url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let body = answer.bytes().await.expect("a body");
        let text = String::from_utf8(zstd::decode_all(&body[..]).expect("zstd")).expect("UTF-8");
        let mut lines = text.lines();
        let head = serde_json::from_str(lines.next().expect("a head")).expect("a head");
        (head, lines.map(|line| serde_json::from_str(line).expect("a change")).collect())
    }

    async fn sales(&self) -> Vec<(String, u32, u64, u64, i64)> {
        match self.ask(Command::Sales { store: None, lane: None, from: None, to: None }).await {
            Ok(Outcome::Sales { answer, .. }) => answer
                .rows
                .into_iter()
                .map(|row| (row.date.to_string(), row.lane, row.sales, row.lines, row.payable))
                .collect(),
            other => panic!("no sales: {other:?}"),
        }
    }

    async fn alarms(&self) -> (usize, Vec<String>) {
        match self.ask(Command::Alarms).await {
            Ok(Outcome::Alarms { alarms, quarantined }) => {
                (alarms.len(), quarantined.into_iter().map(|event| event.reason).collect())
            }
            other => panic!("no alarms: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_code_enrols_one_lane_once() {
    let shop = Shop::open().await;
    let code = shop.code(2).await;
    let first = shop.send_code(&code.to_lowercase().replace('-', " ")).await;
    let identity: Enrolment = first.json().await.expect("an enrolment");
    assert_eq!((identity.store.as_str(), identity.lane, identity.epoch), ("S1", 2, 1));
    assert_eq!(identity.key.len(), 64);
    let again = shop.send_code(&code).await;
    assert_eq!(again.status(), StatusCode::FORBIDDEN);
    assert_eq!(again.json::<EnrolRefusal>().await.expect("a refusal"), EnrolRefusal::Code);
    let waiting = shop.send_code(&code).await;
    assert_eq!(waiting.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(matches!(waiting.json().await, Ok(EnrolRefusal::Wait { .. })));
}

#[tokio::test]
async fn a_code_says_what_it_is_for_and_is_not_spent_by_that() {
    let shop = Shop::open().await;
    let look = async |code: &str| {
        let body = serde_json::json!({ "code": code });
        let sent = shop.client.post(format!("{}/v1/enrol/look", shop.running.url())).json(&body).send();
        sent.await.expect("an answer")
    };
    let code = shop.code(2).await;
    for _ in 0..2 {
        let invited: Invited = look(&code.to_lowercase()).await.json().await.expect("what it is for");
        assert_eq!((invited.store.as_str(), invited.lane, invited.enrolled_at_ms), ("S1", 2, None));
        assert!(!invited.name_zh.is_empty() && invited.now_ms > 0, "{invited:?}");
    }
    assert_eq!(shop.send_code(&code).await.status(), StatusCode::OK);
    // Another code for the same lane: somebody is told that there is one already.
    let again: Invited = look(&shop.code(2).await).await.json().await.expect("what it is for");
    assert!(again.enrolled_at_ms.is_some(), "{again:?}");
    // A spent code says nothing, and guessing is slow.
    let spent = look(&code).await;
    assert_eq!(spent.status(), StatusCode::FORBIDDEN);
    assert_eq!(spent.json::<EnrolRefusal>().await.expect("a refusal"), EnrolRefusal::Code);
    assert_eq!(look(&code).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_code_needs_a_store_that_was_imported() {
    let shop = Shop::open().await;
    let refusal = shop.ask(Command::Enrol { store: "S9".into(), lane: 1 }).await.expect_err("a refusal");
    assert!(refusal.contains("there is no store \"S9\""), "{refusal}");
}

#[tokio::test]
async fn a_lane_enrolled_again_begins_a_new_epoch_and_its_old_key_is_void() {
    let shop = Shop::open().await;
    let unused = shop.enrol(1).await;
    let mut old = shop.enrol(1).await;
    assert_eq!((unused.identity.epoch, old.identity.epoch), (1, 2), "whether anything was filed or not");
    old.sell(250);
    assert_eq!(shop.push(&unused, 1, 0).await, Err(PushRefusal::Unauthorised));
    shop.push(&old, 1, 1).await.expect("filed");
    let mut new = shop.enrol(1).await;
    assert_eq!(new.identity.epoch, 3);
    new.sell(400);
    assert_eq!(shop.push(&old, 1, 1).await, Err(PushRefusal::Unauthorised));
    assert_eq!(shop.push(&new, 1, 1).await.map(|answer| (answer.epoch, answer.acknowledged)), Ok((3, 1)));
    // What the old journal still had can be sent with the new key.
    old.sell(600);
    old.identity.key = new.identity.key.clone();
    assert_eq!(shop.push(&old, 2, 2).await.map(|answer| (answer.epoch, answer.acknowledged)), Ok((2, 2)));
    let mut future = Lane::new(Enrolment { epoch: 4, ..new.identity.clone() });
    future.sell(100);
    assert!(matches!(shop.push(&future, 1, 1).await, Err(PushRefusal::Malformed { .. })));
}

#[tokio::test]
async fn a_batch_sent_twice_is_filed_once() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    assert_eq!(shop.position(&lane).await.head, lane.hash(0).to_string());
    for net in [250, 400, 600] {
        lane.sell(net);
    }
    let first = shop.push(&lane, 1, 2).await.expect("filed");
    assert_eq!((first.acknowledged, first.head.as_str()), (2, lane.hash(2).to_string().as_str()));
    assert_eq!(shop.push(&lane, 1, 2).await, Ok(first), "the answer was lost");
    let overlapping = shop.push(&lane, 2, 3).await.expect("filed");
    assert_eq!(overlapping.acknowledged, 3);
    assert_eq!(shop.push(&lane, 1, 1).await, Ok(overlapping.clone()), "an old batch comes late");
    assert_eq!(shop.position(&lane).await, overlapping);
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 3, 3, 1_250)]);
}

#[tokio::test]
async fn a_refund_lowers_the_days_sums_and_one_that_pays_too_much_is_set_aside() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    lane.sell(500);
    lane.refund(200, 200);
    lane.refund(200, 201);
    let answer = shop.push(&lane, 1, 3).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (3, 1));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 2, 2, 300)]);
}

#[tokio::test]
async fn one_batch_sent_by_many_at_one_moment_is_filed_once() {
    let shop = Arc::new(Shop::open().await);
    let mut lane = shop.enrol(1).await;
    for _ in 0..200 {
        lane.sell(100);
    }
    let pushes = (0..4).map(|_| {
        let (shop, lane) = (shop.clone(), lane.clone());
        tokio::spawn(async move { shop.push(&lane, 1, 200).await })
    });
    for push in pushes.collect::<Vec<_>>() {
        assert_eq!(push.await.expect("a task").map(|answer| answer.acknowledged), Ok(200));
    }
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 200, 200, 20_000)]);
}

#[tokio::test]
async fn a_gap_is_refused_with_the_number_to_go_on_from() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    for _ in 0..4 {
        lane.sell(100);
    }
    shop.push(&lane, 1, 1).await.expect("filed");
    assert_eq!(shop.push(&lane, 3, 4).await, Err(PushRefusal::Gap { acknowledged: 1 }));
    assert_eq!(shop.push(&lane, 2, 4).await.map(|answer| answer.acknowledged), Ok(4));
}

#[tokio::test]
async fn a_fork_is_alarmed_and_nothing_of_it_filed() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    lane.sell(100);
    let mut clone = lane.clone();
    lane.sell(200);
    shop.push(&lane, 1, 2).await.expect("filed");
    clone.sell(300);
    clone.sell(400);
    assert_eq!(shop.push(&clone, 2, 3).await, Err(PushRefusal::Fork { seq: 2 }));
    assert_eq!(
        shop.push(&clone, 3, 3).await,
        Err(PushRefusal::Fork { seq: 2 }),
        "also when it goes on after it"
    );
    assert_eq!(shop.position(&lane).await.acknowledged, 2);
    assert_eq!(shop.alarms().await.0, 1, "the same fork is one alarm");
    lane.sell(500);
    assert_eq!(shop.push(&lane, 3, 3).await.map(|answer| answer.acknowledged), Ok(3));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 3, 3, 800)]);
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside_and_does_not_block() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    lane.sell(100);
    lane.write(br#"{"v":1,"type":"from_another_world"}"#.to_vec());
    lane.write(br#"{"v":99}"#.to_vec());
    lane.sell_saying(200, 150);
    let mut elsewhere = lane.event(Fact::SignedOut { staff: "u1".into() });
    elsewhere.seq = 77;
    lane.write(event::encode(&elsewhere));
    lane.write(b"\x00\xff not even text".to_vec());
    lane.sell(300);
    let answer = shop.push(&lane, 1, 7).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (7, 5));
    assert_eq!(shop.push(&lane, 1, 7).await, Ok(answer));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 2, 2, 400)]);
    let (_, reasons) = shop.alarms().await;
    let expected = ["decode", "version 99", "come to 200, but the sale says 150", "number 77", "decode"];
    for (reason, part) in reasons.iter().zip(expected) {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(reasons.len(), expected.len());
}

#[tokio::test]
async fn a_wrong_key_files_and_reads_nothing() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let other = shop.enrol(2).await;
    lane.sell(100);
    for key in [other.identity.key.as_str(), "wrong", ""] {
        let answer = shop.post(&lane, key, lane.batch(1, 1)).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json::<PushRefusal>().await.expect("a refusal"), PushRefusal::Unauthorised);
    }
    for route in ["/v1/reference?after=0", "/v1/sales", "/v1/lanes/S1/1/position?epoch=1"] {
        let asked = shop.client.get(format!("{}{route}", shop.running.url())).bearer_auth("wrong").send();
        assert_eq!(asked.await.expect("an answer").status(), StatusCode::UNAUTHORIZED, "{route}");
    }
    let command = serde_json::json!({ "command": "lanes" });
    let url = format!("{}{}", shop.running.url(), command::ROUTE);
    let asked = shop.client.post(url).bearer_auth(&lane.identity.key).json(&command).send();
    assert_eq!(asked.await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(shop.position(&lane).await.acknowledged, 0);
}

#[tokio::test]
async fn a_body_that_inflates_beyond_a_batch_is_refused() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 64 * BATCH_BYTES_MAX as u64), 3);
    let bomb = bomb.expect("zstd");
    assert!(bomb.len() < BATCH_BYTES_MAX / 8);
    let answer = shop.post(&lane, &lane.identity.key, bomb).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let answer = shop.post(&lane, &lane.identity.key, vec![7; BATCH_BYTES_MAX + (2 << 20)]).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(matches!(shop.push_body(&lane, b"not zstd".to_vec()).await, Err(PushRefusal::Malformed { .. })));
    lane.sell(100);
    assert_eq!(shop.push(&lane, 1, 1).await.map(|answer| answer.acknowledged), Ok(1));
}

#[tokio::test]
async fn the_reference_comes_in_pages_and_then_only_what_changed() {
    let shop = Shop::open().await;
    let lane = shop.enrol(1).await;
    let mut after = 0;
    let mut seen = Vec::new();
    loop {
        let (head, changes) = shop.page(&lane, after, 2).await;
        assert!(changes.len() <= 2 && head.latest == 5);
        seen.extend(changes);
        after = head.through;
        if !head.more {
            break;
        }
    }
    assert_eq!(seen.iter().map(|change| change.version).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(matches!(&seen[0].entity, Entity::Store(Some(store)) if store.code == "S1"));
    let (head, changes) = shop.page(&lane, after, 100).await;
    assert_eq!((head.through, head.more, changes.len()), (5, false, 0));

    let set = shop.ask(Command::Price { sku: "2".into(), price: "3.80".into() }).await;
    assert_eq!(set, Ok(Outcome::PriceSet { before: "¥4.00".into(), after: "¥3.80".into(), version: 6 }));
    let (head, changes) = shop.page(&lane, after, 100).await;
    assert_eq!((head.through, head.latest, head.more), (6, 6, false));
    assert!(matches!(&changes[..], [Change { version: 6, key, entity: Entity::Product(Some(tea)) }]
        if key == "2" && tea.price == 380));
    let again = shop.ask(Command::Price { sku: "2".into(), price: "3.8".into() }).await;
    assert!(matches!(again, Ok(Outcome::PriceSet { version: 6, .. })), "{again:?}");
    let unknown = shop.ask(Command::Price { sku: "9".into(), price: "1".into() }).await;
    assert!(unknown.is_err_and(|error| error.contains("there is no product \"9\"")));
}

#[tokio::test]
async fn what_was_deleted_is_told_only_to_lanes_that_may_have_it() {
    let shop = Shop::open().await;
    let lane = shop.enrol(1).await;
    let path = shop.folder.path().join("in").join("products.csv");
    std::fs::write(&path, "sku,name_zh,price,tax_rate\n1,清泉水,2.50,1300\n").expect("a file");
    shop.ask(Command::Import { path, replace: true, dry_run: false }).await.expect("an import");
    let (head, fresh) = shop.page(&lane, 0, 100).await;
    assert!(fresh.iter().all(|change| !matches!(change.entity, Entity::Product(None))));
    let (_, delta) = shop.page(&lane, 5, 100).await;
    let gone = delta.iter().filter(|change| matches!(change.entity, Entity::Product(None)));
    assert_eq!(gone.map(|change| change.key.as_str()).collect::<Vec<_>>(), ["2", "3"]);
    assert_eq!(delta.last().map(|change| change.version), Some(head.latest));
}

#[tokio::test]
async fn a_lane_sees_its_own_store_only() {
    let shop = Shop::open().await;
    let lane = shop.enrol(1).await;
    let path = shop.folder.path().join("other.json");
    std::fs::write(&path, SHOP.replace("\"S1\"", "\"S2\"")).expect("a file");
    shop.ask(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    let (head, changes) = shop.page(&lane, 5, 100).await;
    assert_eq!((head.through, head.latest, head.more, changes.len()), (6, 6, false, 0));
}

#[tokio::test]
async fn a_lane_is_told_the_prices_of_its_store_and_groups_and_of_no_other() {
    let shop = Shop::open().await;
    let lane = shop.enrol(1).await;
    let write = |name: &str, text: &str| {
        let path = shop.folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let in_group = |code: &str, group: &str| {
        SHOP.replace("\"S1\"", &format!("\"{code}\""))
            .replace("\"cash_rounding\": 1", &format!("\"cash_rounding\": 1, \"groups\": [\"{group}\"]"))
    };
    for (name, text) in [("s1.json", in_group("S1", "north")), ("s2.json", in_group("S2", "south"))] {
        shop.ask(Command::Import { path: write(name, &text), replace: false, dry_run: false })
            .await
            .expect("an import");
    }
    // Ahead of every clock that runs this test: none of them is spent.
    let prices = "sku,store,group,from,price
1,,,2126-03-01T07:00+08:00,2.40
1,S1,,2126-03-01T07:00+08:00,2.30
1,S2,,2126-03-01T07:00+08:00,2.20
1,,north,2126-03-01T07:00+08:00,2.10
1,,south,2126-03-01T07:00+08:00,2.00
";
    let path = write("march.csv", prices);
    shop.ask(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    let told = |changes: &[Change]| -> Vec<i64> {
        let price = |change: &Change| match &change.entity {
            Entity::Price(Some(row)) => Some(row.price),
            Entity::Price(None) => Some(0),
            Entity::Store(_)
            | Entity::Category(_)
            | Entity::Product(_)
            | Entity::Staff(_)
            | Entity::Promotion(_)
            | Entity::PromotionRule(_)
            | Entity::TaxClass(_)
            | Entity::Member(_)
            | Entity::Coupon(_)
            | Entity::Label(_)
            | Entity::LabelWaiver(_)
            | Entity::ShelfCap(_)
            | Entity::CodeKey(_)
            | Entity::Weight(_)
            | Entity::Picture(_)
            | Entity::Transfer(_)
            | Entity::Order(_) => None,
        };
        changes.iter().filter_map(price).collect()
    };
    let (head, changes) = shop.page(&lane, 0, 100).await;
    assert_eq!(told(&changes), [240, 230, 210]);
    // It moves to the other group, and is told what it has missed.
    let path = write("s1.json", &in_group("S1", "south"));
    shop.ask(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    let (head, changes) = shop.page(&lane, head.through, 100).await;
    assert_eq!(told(&changes), [200]);
    // One price by hand, for a pack of nobody.
    let price = |unit: &str| PriceText {
        sku: "1".into(),
        unit: unit.into(),
        store: "S1".into(),
        from: "2126-03-05T07:00+08:00".into(),
        price: "2.25".into(),
        ..PriceText::default()
    };
    let refused = shop.ask(Command::ListPrice { price: price("case") }).await;
    assert!(refused.is_err_and(|error| error.contains("has no unit \"case\"")));
    shop.ask(Command::ListPrice { price: price("") }).await.expect("a price");
    assert_eq!(told(&shop.page(&lane, head.through, 100).await.1), [225]);
    // The chain's price would not be seen any more.
    let refused = shop.ask(Command::Price { sku: "1".into(), price: "2.60".into() }).await;
    assert!(refused.is_err_and(|error| error.contains("the price list \"main\" has prices")));
}

#[tokio::test]
async fn a_refused_import_through_the_server_says_why_and_changes_nothing() {
    let shop = Shop::open().await;
    let path = shop.folder.path().join("wrong.csv");
    std::fs::write(&path, "sku,name_zh,price,tax_rate\n7,水,1,1300\n8,茶,-1,1300\n").expect("a file");
    let refusal =
        shop.ask(Command::Import { path, replace: false, dry_run: false }).await.expect_err("a refusal");
    assert!(refusal.contains("wrong.csv row 3: the price -1 is negative"), "{refusal}");
    let lane = shop.enrol(1).await;
    assert_eq!(shop.page(&lane, 0, 100).await.0.latest, 5);
}

#[tokio::test]
async fn a_key_reads_until_it_is_revoked() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    lane.sell(250);
    shop.push(&lane, 1, 1).await.expect("filed");
    let (id, key) = shop.key("王芳", "sales:read").await;
    let ask = |query: &str| {
        let url = format!("{}/v1/sales{query}", shop.running.url());
        let asked = shop.client.get(url).bearer_auth(&key).send();
        async move { asked.await.expect("an answer") }
    };
    let answer: SalesAnswer =
        ask("?store=S1&from=2026-03-01&to=2026-03-01").await.json().await.expect("sales");
    assert_eq!(
        answer.rows.iter().map(|row| (row.sales, row.total, row.tax)).collect::<Vec<_>>(),
        [(1, 250, 10)]
    );
    let nothing: SalesAnswer = ask("?from=2026-03-02").await.json().await.expect("sales");
    assert_eq!(nothing.rows, []);
    assert_eq!(ask("?from=yesterday").await.status(), StatusCode::BAD_REQUEST);
    shop.ask(Command::Access(AccessCommand::RevokeKey { id })).await.expect("revoked");
    assert_eq!(ask("").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_only_one_process_has_it() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    lane.sell(250);
    let answer = shop.push(&lane, 1, 1).await.expect("filed");
    let config = Config {
        data: shop.data(),
        database: shop.database.clone(),
        listen: ([127, 0, 0, 1], 0).into(),
        address_file: None,
        tls: None,
    };
    let second = server::start(config.clone()).await.expect_err("the first one has it");
    assert!(second.to_string().contains("another hq process has it"), "{second}");
    let Shop { running, client, folder, database } = shop;
    running.stop().await.expect("stopped");
    let running = server::start(config).await.expect("a server");
    let shop = Shop { running, client, folder, database };
    assert_eq!(shop.position(&lane).await, answer);
    let health = shop.client.get(format!("{}/healthz", shop.running.url())).send().await.expect("an answer");
    assert_eq!(health.status(), StatusCode::OK);
    shop.running.stop().await.expect("stopped");
    // Without a server the command line opens the database itself.
    let data = shop.folder.path().join("data");
    let database = shop.database.clone();
    let command = Command::Sales { store: None, lane: None, from: None, to: None };
    let sales =
        tokio::task::spawn_blocking(move || command::run(&data, database.as_ref(), &command, 0, &mut |_| {}));
    assert!(
        matches!(sales.await.expect("a task"), Ok(Outcome::Sales { answer, .. }) if answer.rows.len() == 1)
    );
}

#[tokio::test]
async fn a_signature_is_filed_where_it_is_the_lanes() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    (0..4).for_each(|_| lane.sell(100));
    assert_eq!(shop.position(&lane).await.signed, Some(0));
    assert_eq!(shop.push(&lane, 1, 2).await.map(|answer| answer.signed), Ok(Some(2)));
    // A lane may sign less than it sends, and sign later what was sent.
    let signed = lane.sign(4);
    let body = |events: &Lane, from: usize, to: usize, signed: Option<SignedHead>| {
        let taken = events.events[from - 1..to].iter().map(|(hash, bytes)| (hash, bytes.as_slice()));
        let body = encode_batch(1, from as u64, &events.hash(from - 1), signed, taken);
        zstd::encode_all(&body[..], 3).expect("zstd")
    };
    let answer = shop.push_body(&lane, body(&lane, 3, 4, None)).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.signed), (4, Some(2)));
    let answer = shop.push_body(&lane, body(&lane, 5, 4, signed)).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.signed), (4, Some(4)));
    assert_eq!(shop.alarms().await.0, 0);
    // A lane of a program that does not sign is asked for nothing.
    let mut old = shop.enrol(2).await;
    old.sell(100);
    assert_eq!(shop.push(&old, 1, 1).await.map(|answer| answer.signed), Ok(None));
    let Ok(Outcome::Lanes { epochs }) = shop.ask(Command::Lanes).await else { panic!("no lanes") };
    let rows: Vec<_> =
        epochs.iter().map(|row| (row.lane, row.acknowledged, row.signed, row.public_key.len())).collect();
    assert_eq!(rows, [(1, 4, 4, 64), (2, 1, 0, 0)]);
}

#[tokio::test]
async fn a_wrong_signature_is_alarmed_and_what_came_with_it_set_aside() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    lane.sell(100);
    shop.push(&lane, 1, 1).await.expect("filed");
    // Somebody has the lane's bearer key, but not its hand.
    let mut thief = lane.clone();
    thief.key = Some(Arc::new(SigningKey::draw().expect("a key").0));
    thief.sell(100);
    thief.sell(9_900);
    assert_eq!(shop.push(&thief, 2, 3).await, Err(PushRefusal::Signature { seq: 3 }));
    assert_eq!(shop.push(&thief, 2, 3).await, Err(PushRefusal::Signature { seq: 3 }));
    assert_eq!(shop.position(&lane).await.acknowledged, 1);
    assert_eq!(shop.alarms().await.0, 1, "the same wrong signature is one alarm");
    lane.sell(200);
    // The right key over another number, and over a number that did not come.
    let wrong = |seq: u64| Some(SignedHead { seq, ..lane.sign(2).expect("a signature") });
    for seq in [1, 7, 0, u64::MAX] {
        let events = lane.events[1..].iter().map(|(hash, bytes)| (hash, bytes.as_slice()));
        let body = encode_batch(1, 2, &lane.hash(1), wrong(seq), events);
        let body = zstd::encode_all(&body[..], 3).expect("zstd");
        assert!(shop.push_body(&lane, body).await.is_err(), "{seq}");
    }
    assert_eq!(shop.push(&lane, 2, 2).await.map(|answer| answer.signed), Ok(Some(2)));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 2, 2, 300)]);
}

#[tokio::test]
async fn a_clone_of_a_lane_is_a_fork_until_one_of_them_is_enrolled_anew() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    lane.sell(100);
    // The disk is copied: both have identity, bearer key and hand.
    let mut clone = lane.clone();
    lane.sell(200);
    shop.push(&lane, 1, 2).await.expect("filed");
    clone.sell(300);
    assert_eq!(shop.push(&clone, 1, 2).await, Err(PushRefusal::Fork { seq: 2 }));
    assert_eq!(shop.alarms().await.0, 1);
    // Enrolled anew, the clone sells under numbers of its own; the other's
    // bearer key is void, so nobody sells unseen.
    let mut fresh = shop.enrol_signing(1).await;
    fresh.sell(300);
    assert_eq!(shop.push(&fresh, 1, 1).await.map(|answer| (answer.epoch, answer.signed)), Ok((2, Some(1))));
    assert_eq!(shop.push(&lane, 2, 2).await, Err(PushRefusal::Unauthorised));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 3, 3, 600)]);
}

#[tokio::test]
async fn what_a_lane_with_a_key_does_not_sign_is_filed_up_to_a_bound_and_healed_by_its_signature() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    let writes = |lane: &mut Lane, events: usize| {
        for _ in 0..events {
            let event = lane.event(Fact::SignedOut { staff: "u1".into() });
            lane.write(event::encode(&event));
        }
    };
    let most = usize::try_from(UNSIGNED_TAIL_MAX).expect("a small number");
    writes(&mut lane, 10);
    shop.push(&lane, 1, 10).await.expect("filed");
    // Somebody has the lane's bearer key, but not its hand.
    let mut thief = Lane { key: None, ..lane.clone() };
    writes(&mut thief, most + 1);
    let answer = shop.push(&thief, 11, 10 + most).await.expect("as many as a lane may owe");
    assert_eq!((answer.acknowledged, answer.signed), (10 + UNSIGNED_TAIL_MAX, Some(10)));
    assert_eq!(shop.alarms().await.0, 0);
    for _ in 0..2 {
        let Err(PushRefusal::Malformed { reason }) = shop.push(&thief, 11, 11 + most).await else {
            panic!("it is filed")
        };
        assert!(reason.contains("after number 10 without the signature"), "{reason}");
    }
    assert_eq!(shop.position(&lane).await.acknowledged, 10 + UNSIGNED_TAIL_MAX);
    let Ok(Outcome::Alarms { alarms, .. }) = shop.ask(Command::Alarms).await else { panic!("no alarms") };
    let kinds: Vec<_> = alarms.iter().map(|alarm| (alarm.kind, alarm.seq)).collect();
    assert_eq!(kinds, [(AlarmKind::Unsigned, 11)], "the same is one alarm");
    // It was the lane itself, whose hand was away: with it everything goes on.
    let mut healed = Lane { key: lane.key.clone(), ..thief };
    writes(&mut healed, 700);
    let last = healed.events.len();
    let answer = shop.push(&healed, 11 + most, last).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.signed), (last as u64, Some(last as u64)));
    assert_eq!(shop.alarms().await.0, 1);
}

/// An epoch that is over can be signed by nobody any more: its sales are filed, and somebody looks.
#[tokio::test]
async fn what_an_epoch_that_is_over_never_signed_is_filed_with_an_alarm() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    (0..10).for_each(|_| lane.sell(100));
    shop.push(&lane, 1, 10).await.expect("filed");
    let mut unsigned = Lane { key: None, ..lane.clone() };
    (0..600).for_each(|_| unsigned.sell(100));
    assert!(shop.push(&unsigned, 11, 610).await.is_err(), "its epoch goes on");
    let anew = shop.enrol_signing(1).await;
    let mut of_before = unsigned;
    of_before.identity.key = anew.identity.key;
    let answer = shop.push(&of_before, 11, 610).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.signed), (610, Some(10)));
    assert_eq!(shop.alarms().await.0, 1);
}

#[tokio::test]
async fn a_signature_within_a_batch_leaves_no_more_behind_it_than_may_be() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    (0..400).for_each(|_| lane.sell(100));
    let body = |signed: usize| {
        let events = lane.events.iter().map(|(hash, bytes)| (hash, bytes.as_slice()));
        let body = encode_batch(1, 1, &lane.hash(0), lane.sign(signed), events);
        zstd::encode_all(&body[..], 3).expect("zstd")
    };
    assert!(shop.push_body(&lane, body(143)).await.is_err());
    assert_eq!(shop.position(&lane).await.acknowledged, 0, "nothing of it is filed");
    let answer = shop.push_body(&lane, body(144)).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.signed), (400, Some(144)));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 400, 400, 40_000)]);
}

#[tokio::test]
async fn a_lane_that_brings_no_key_is_enrolled_where_the_chain_says_so() {
    let shop = Shop::open().await;
    let refuse = Command::UnsignedLanes { allow: Some(false) };
    assert!(matches!(shop.ask(refuse).await, Ok(Outcome::UnsignedLanes { allowed: false })));
    let code = shop.code(2).await;
    let refused = shop.send_code(&code).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let told = refused.text().await.expect("a text");
    assert!(told.contains("brings a key to sign its journal with"), "{told}");
    // The code is not spent by that.
    let allow = Command::UnsignedLanes { allow: Some(true) };
    assert!(matches!(shop.ask(allow).await, Ok(Outcome::UnsignedLanes { allowed: true })));
    assert_eq!(shop.send_code(&code).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_dry_run_lists_all_that_is_wrong() {
    let shop = Shop::open().await;
    let path = shop.folder.path().join("goods.csv");
    let rows: Vec<String> = (100..160).map(|sku| format!("{sku},水,,drinks,many,1300,")).collect();
    let text = format!("sku,name_zh,name_en,category,price,tax_rate,codes\n{}\n", rows.join("\n"));
    std::fs::write(&path, text).expect("a file");
    let import = |dry_run| shop.ask(Command::Import { path: path.clone(), replace: false, dry_run });
    let refused = import(false).await.expect_err("nothing is imported");
    assert!(refused.contains("60 problems, the first 20 of them; --dry-run lists all"), "{refused}");
    match import(true).await {
        Ok(Outcome::Wrong(wrong)) => {
            let places: Vec<&str> = wrong.problems.iter().map(|problem| problem.place.as_str()).collect();
            assert_eq!((places.len(), places[0], places[59]), (60, "row 2", "row 61"));
        }
        other => panic!("not what is wrong: {other:?}"),
    }
    // What can be imported is tried out as ever.
    std::fs::write(&path, "sku,name_zh,name_en,category,price,tax_rate,codes\n9,水,,drinks,2.50,1300,\n")
        .expect("a file");
    assert!(matches!(import(true).await, Ok(Outcome::Tried(done)) if done.changed == 1));
}
