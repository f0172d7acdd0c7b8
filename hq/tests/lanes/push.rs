//! What a lane, a line or somebody else may send, and what becomes of it.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::*;

/// Names that mean something to somebody else, and nothing here.
const NAMES: [&str; 4] = ["'; DROP TABLE sale; --", "$1 ?1 %s", "\\\"`", "水\u{202e}😀"];

#[tokio::test]
async fn names_of_goods_and_people_are_only_names() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    for name in NAMES {
        lane.sell_named(name, 100);
    }
    let answer = shop.push(&lane, 1, NAMES.len()).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (4, 0));
    let Ok(Outcome::Books { stock, .. }) = shop.ask(Command::Books { store: "S1".into() }).await else {
        panic!("no books")
    };
    let mut expected = NAMES.map(str::to_owned);
    expected.sort();
    assert_eq!(stock.into_iter().map(|row| row.sku).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_no_table_can_hold_is_set_aside_and_the_rest_is_filed() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    lane.sell(100);
    lane.sell_named("a zero \0 byte", 100);
    lane.sell_named(&"long".repeat(2_000), 100);
    lane.sell(300);
    let answer = shop.push(&lane, 1, 4).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (4, 2));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 2, 2, 400)]);
    let (_, reasons) = shop.alarms().await;
    assert!(reasons[0].contains("zero byte") && reasons[1].contains("longer than"), "{reasons:?}");
}

#[tokio::test]
async fn a_batch_that_was_cut_on_the_way_is_refused_and_comes_again() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    for net in 1..=50 {
        lane.sell(net);
    }
    let whole = lane.batch(1, 50);
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        let cut = shop.push_body(&lane, whole[..length].to_vec()).await;
        assert!(matches!(cut, Err(PushRefusal::Malformed { .. })), "{length} bytes: {cut:?}");
        assert_eq!(shop.position(&lane).await.acknowledged, 0);
    }
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 0x10;
    assert!(matches!(shop.push_body(&lane, changed).await, Err(PushRefusal::Malformed { .. })));
    assert_eq!(shop.push_body(&lane, whole).await.map(|answer| answer.acknowledged), Ok(50));
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_before_they_are_sent() {
    let shop = Shop::open().await;
    let lane = shop.enrol(1).await;
    let (address, key) = (shop.running.address(), lane.identity.key.clone());
    let answer = tokio::task::spawn_blocking(move || {
        let mut line = TcpStream::connect(address).expect("a connection");
        write!(
            line,
            "POST /v1/lanes/S1/1/events HTTP/1.1\r\nHost: hq\r\nAuthorization: Bearer {key}\r\n\
             Content-Length: 104857600\r\nConnection: close\r\n\r\n"
        )
        .expect("a head");
        // Not a byte of the body follows: the answer comes all the same.
        let mut answer = String::new();
        line.read_to_string(&mut answer).expect("an answer");
        answer
    });
    let answer = answer.await.expect("a task");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_by_years_changes_no_order_and_no_book() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    for at_ms in [0, 1_700_000_000_000, 4_000_000_000_000, i64::MAX, 1_700_000_000_000] {
        lane.at_ms = at_ms;
        lane.sell(100);
    }
    let answer = shop.push(&lane, 1, 5).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (5, 0));
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 5, 5, 500)]);
}

#[tokio::test]
async fn what_earlier_programs_wrote_is_read_and_what_a_later_one_wrote_waits_for_one() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/wire/v1");
    let mut samples: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the samples").map(|entry| entry.expect("a file").path()).collect();
    samples.sort();
    let mut known = 0;
    for path in &samples {
        let mut sample: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).expect("a sample")).expect("JSON");
        // Written by this lane, now; else as it was released.
        sample["store"] = "S1".into();
        sample["lane"] = 1.into();
        sample["epoch"] = 1.into();
        sample["seq"] = (lane.events.len() + 1).into();
        lane.write(serde_json::to_vec(&sample).expect("JSON"));
        known += 1;
    }
    lane.write(br#"{"v":2,"store":"S1","lane":1,"epoch":1,"type":"of_a_later_program"}"#.to_vec());
    let answer = shop.push(&lane, 1, known + 1).await.expect("filed");
    let (_, reasons) = shop.alarms().await;
    assert_eq!((answer.acknowledged, answer.quarantined), (known as u64 + 1, 1), "{reasons:?}");
    assert!(reasons[0].contains("version 2"), "{reasons:?}");
    let Ok(Outcome::Rebuilt(rebuilt)) = shop.ask(Command::Rebuild).await else { panic!("not rebuilt") };
    assert_eq!((rebuilt.events, rebuilt.differing.len(), rebuilt.released), (known as u64 + 1, 0, 0));
}

#[tokio::test]
async fn a_stolen_till_files_and_reads_nothing_until_it_is_enrolled_anew() {
    let shop = Shop::open().await;
    let (mut lane, mut other) = (shop.enrol(1).await, shop.enrol(2).await);
    lane.sell(100);
    other.sell(200);
    shop.push(&lane, 1, 1).await.expect("filed");
    let revoke = |lane| shop.ask(Command::Revoke { store: "S1".into(), lane });
    assert_eq!(revoke(1).await, Ok(Outcome::Removed));
    assert!(revoke(9).await.is_err_and(|refusal| refusal.contains("no lane 9")));
    lane.sell(100);
    assert_eq!(shop.push(&lane, 2, 2).await, Err(PushRefusal::Unauthorised));
    for route in ["/v1/reference?after=0", "/v1/hints", "/v1/lanes/S1/1/position?epoch=1"] {
        let url = format!("{}{route}", shop.running.url());
        let asked = shop.client.get(url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
        assert_eq!(asked.status(), StatusCode::UNAUTHORIZED, "{route}");
    }
    assert_eq!(shop.push(&other, 1, 1).await.map(|answer| answer.acknowledged), Ok(1));
    assert_eq!(shop.sales().await.len(), 2, "what it had filed stays");
    let again = shop.enrol(1).await;
    assert_eq!(again.identity.epoch, 2);
    assert_eq!(shop.position(&again).await.acknowledged, 0);
}

#[tokio::test]
async fn lanes_that_ask_for_the_same_page_get_the_same_page_and_never_an_old_one() {
    let shop = Shop::open().await;
    let (lane, other) = (shop.enrol(1).await, shop.enrol(2).await);
    let before = shop.page(&lane, 0, 100).await;
    assert_eq!(shop.page(&other, 0, 100).await, before);
    shop.ask(Command::Price { sku: "1".into(), price: "2.60".into() }).await.expect("a price");
    let after = shop.page(&other, 0, 100).await;
    assert_eq!(after.0.latest, before.0.latest + 1);
    assert_eq!(shop.page(&lane, 0, 100).await, after);
    let (head, changes) = shop.page(&lane, before.0.latest, 100).await;
    assert_eq!((head.through, changes.len()), (after.0.latest, 1));
    let metrics = format!("{}/metrics", shop.running.url());
    let refused = shop.client.get(&metrics).bearer_auth(&lane.identity.key).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "a lane is nobody who may read");
    let (_, key) = shop.key("watcher", "watch:read").await;
    let told = shop.client.get(&metrics).bearer_auth(key).send().await.expect("an answer");
    let told = told.text().await.expect("a text");
    assert!(told.contains("\nguitai_hq_pages_total 5\n"), "{told}");
}

#[tokio::test]
async fn what_was_answered_and_what_waits_for_a_person_is_counted() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol_signing(1).await;
    let (_, key) = shop.key("watcher", "watch:read").await;
    let metrics = async || {
        let url = format!("{}/metrics", shop.running.url());
        let told = shop.client.get(url).bearer_auth(&key).send().await.expect("an answer");
        told.text().await.expect("a text")
    };
    let of = |told: &str, name: &str| -> u64 {
        let line = told.lines().find_map(|line| line.strip_prefix(&format!("guitai_hq_{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {told}")).parse().expect("a number")
    };
    let before = metrics().await;
    assert_eq!(["quarantined_events", "alarms", "exceptions"].map(|name| of(&before, name)), [0, 0, 0]);
    // One that is set aside, and a fork; and what nobody asked for.
    lane.sell(100);
    lane.write(br#"{"v":9}"#.to_vec());
    shop.push(&lane, 1, 2).await.expect("filed");
    let mut clone = lane.clone();
    clone.events.pop();
    clone.sell(300);
    assert_eq!(shop.push(&clone, 1, 2).await, Err(PushRefusal::Fork { seq: 2 }));
    for (path, status) in
        [("/v1/nowhere", StatusCode::NOT_FOUND), ("/v1/reference?after=x", StatusCode::BAD_REQUEST)]
    {
        let url = format!("{}{path}", shop.running.url());
        let asked = shop.client.get(url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
        assert_eq!(asked.status(), status);
    }
    let told = metrics().await;
    assert_eq!(["quarantined_events", "alarms", "exceptions"].map(|name| of(&told, name)), [1, 1, 0]);
    let more = |name: &str| of(&told, name) - of(&before, name);
    assert_eq!(more(r#"requests_total{tag="lanes",status="2xx"}"#), 1, "a batch");
    assert_eq!(more(r#"requests_total{tag="lanes",status="4xx"}"#), 2, "a fork, and a page of no version");
    assert_eq!(more(r#"requests_total{tag="none",status="4xx"}"#), 1);
    assert_eq!((more(r#"refused_total{reason="fork"}"#), more(r#"refused_total{reason="form"}"#)), (1, 2));
    assert_eq!(more(r#"request_seconds_count{tag="lanes"}"#), 3);
    assert_eq!(more(r#"request_seconds_bucket{tag="lanes",le="+Inf"}"#), 3);
    let buckets: Vec<u64> = told
        .lines()
        .filter(|line| line.starts_with(r#"guitai_hq_request_seconds_bucket{tag="lanes""#))
        .map(|line| line.rsplit_once(' ').expect("a number").1.parse().expect("a number"))
        .collect();
    assert!(buckets.len() > 5 && buckets.is_sorted(), "{buckets:?}");
    for secret in [&lane.identity.key, "S1", "nowhere"] {
        assert!(!told.contains(secret), "no label is made of what somebody sent");
    }
}

#[tokio::test]
async fn a_lane_hears_that_the_reference_moved_and_nobody_else_does() {
    let shop = Shop::open().await;
    let lane = shop.enrol(1).await;
    let url = format!("{}/v1/hints", shop.running.url());
    let wrong = shop.client.get(&url).bearer_auth("wrong").send().await.expect("an answer");
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let mut heard = shop.client.get(&url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
    assert_eq!(heard.headers()["content-type"], "text/event-stream");
    let before = shop.page(&lane, 0, 1).await.0.latest;
    let mut told = String::new();
    while !told.contains(&format!("data: {before}\n")) {
        told.push_str(
            std::str::from_utf8(&heard.chunk().await.expect("a line").expect("a hint")).expect("text"),
        );
    }
    shop.ask(Command::Price { sku: "1".into(), price: "2.60".into() }).await.expect("a price");
    while !told.contains(&format!("data: {}\n", before + 1)) {
        told.push_str(
            std::str::from_utf8(&heard.chunk().await.expect("a line").expect("a hint")).expect("text"),
        );
    }
    // Who listens does not hold up a server that ends.
    shop.running.stop().await.expect("stopped");
    while let Ok(Some(_)) = heard.chunk().await {}
}

#[tokio::test]
async fn a_database_that_crashes_loses_nothing_and_doubles_nothing() {
    if env!("CARGO_CRATE_NAME") != "lanes_on_postgres" {
        return;
    }
    let server = match postgres::Server::start() {
        Ok(server) => Arc::new(server),
        Err(reason) => return postgres::not_run(&reason),
    };
    let shop = Arc::new(Shop::open_on(Some(Address { url: server.database(), authority: None })).await);
    let mut lanes = Vec::new();
    for number in 1..=3 {
        let mut lane = shop.enrol(number).await;
        for _ in 0..600 {
            lane.sell(100);
        }
        lanes.push(lane);
    }
    let pushing: Vec<_> = lanes
        .into_iter()
        .map(|lane| {
            let shop = shop.clone();
            tokio::spawn(async move {
                let (mut filed, mut away) = (0, 0);
                while filed < 600 {
                    let body = lane.batch(filed + 1, 600.min(filed + 20));
                    let answer = shop.post(&lane, &lane.identity.key, body).await;
                    match answer.status() {
                        StatusCode::OK => {
                            let answer: PushAnswer = answer.json().await.expect("an answer");
                            filed = usize::try_from(answer.acknowledged).expect("a number");
                        }
                        // What HQ does not know it does not say: the same batch again.
                        StatusCode::SERVICE_UNAVAILABLE => {
                            away += 1;
                            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                        }
                        other => panic!("{other}: {:?}", answer.text().await),
                    }
                }
                away
            })
        })
        .collect();
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let server = server.clone();
        let crashed = tokio::task::spawn_blocking(move || {
            server.crash();
            std::thread::sleep(std::time::Duration::from_millis(300));
            server.start_again();
        });
        crashed.await.expect("a task");
    }
    let mut away = 0;
    for push in pushing {
        away += push.await.expect("a task");
    }
    assert!(away > 0, "the crashes came when nobody was pushing");
    let sales = shop.sales().await;
    let filed: Vec<_> = sales.iter().map(|(_, lane, sales, _, payable)| (*lane, *sales, *payable)).collect();
    assert_eq!(filed, [(1, 600, 60_000), (2, 600, 60_000), (3, 600, 60_000)]);
    let Ok(Outcome::Rebuilt(rebuilt)) = shop.ask(Command::Rebuild).await else { panic!("not rebuilt") };
    assert_eq!((rebuilt.events, rebuilt.differing), (1_800, vec![]));
}
