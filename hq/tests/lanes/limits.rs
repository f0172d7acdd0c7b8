//! Lanes that ask too much: told to come back, while everybody else is served.

use hq::server::lane_limits::LANE_BURST;

use super::*;

/// So many ask at one time.
const ASKERS: usize = 50;

/// Asks until somebody is told to come back, at most so often; gives how often it went through, and what was said then.
async fn ask_until_too_many(client: &Client, url: &str, key: &str, most: usize) -> (i64, Option<Response>) {
    let mut through = 0;
    for _ in 0..most.div_ceil(ASKERS) {
        let asking = (0..ASKERS).map(|_| client.get(url).bearer_auth(key).send());
        for answer in futures_util::future::join_all(asking).await {
            let answer = answer.expect("an answer");
            match answer.status() {
                StatusCode::TOO_MANY_REQUESTS => return (through, Some(answer)),
                StatusCode::OK | StatusCode::UNAUTHORIZED => through += 1,
                other => panic!("{other}"),
            }
        }
    }
    (through, None)
}

async fn says_to_come_back(answer: Response) {
    let wait = answer.headers()["retry-after"].to_str().expect("text").parse::<u32>().expect("seconds");
    assert!((1..=10).contains(&wait), "{wait}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem = answer.text().await.expect("a text");
    assert!(problem.contains("/problems/too-many-requests"), "{problem}");
    // An agent reads a refusal only where there is one: this is none.
    assert!(serde_json::from_str::<PushRefusal>(&problem).is_err(), "{problem}");
}

#[tokio::test]
async fn a_lane_that_asks_too_much_is_told_to_come_back_and_others_are_served() {
    let shop = Shop::open().await;
    let (lane, other) = (shop.enrol(1).await, shop.enrol(2).await);
    let url = format!("{}/v1/lanes/S1/1/position?epoch=1", shop.running.url());
    let (through, told) = ask_until_too_many(&shop.client, &url, &lane.identity.key, 20_000).await;
    assert!(through >= LANE_BURST, "{through}");
    says_to_come_back(told.expect("it has a bound")).await;
    assert_eq!(shop.position(&other).await.acknowledged, 0);
    // Whoever comes back is served, and lost nothing.
    let mut lane = lane;
    lane.sell(100);
    for _ in 0..100 {
        let answer = shop.post(&lane, &lane.identity.key, lane.batch(1, 1)).await;
        if answer.status() == StatusCode::OK {
            return;
        }
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it is never served again");
}

#[tokio::test]
async fn another_lanes_key_opens_nothing_of_a_lane() {
    let shop = Shop::open().await;
    let (lane, other) = (shop.enrol(1).await, shop.enrol(2).await);
    let send = async |path: &str, body: Option<serde_json::Value>, key: &str| {
        let url = format!("{}/v1/lanes/{path}", shop.running.url());
        let request = match body {
            Some(body) => shop.client.post(url).json(&body),
            None => shop.client.get(url),
        };
        request.bearer_auth(key).send().await.expect("an answer")
    };
    let question = serde_json::to_value(protocol::ask::Question::Stock { sku: "1".into() }).expect("JSON");
    let said = [
        ("position?epoch=1", None),
        ("ask", Some(question)),
        ("shelf", Some(serde_json::json!({ "number": 1 }))),
        ("version", Some(serde_json::json!({ "version": 1 }))),
    ];
    for (route, body) in said {
        for (path, key) in [
            (format!("S1/1/{route}"), &other.identity.key),
            // Its own key is for its own number and its own store.
            (format!("S1/3/{route}"), &lane.identity.key),
            (format!("S2/1/{route}"), &lane.identity.key),
        ] {
            let refused = send(&path, body.clone(), key).await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
            let refused = refused.json::<PushRefusal>().await.expect("a refusal");
            assert_eq!(refused, PushRefusal::Unauthorised, "{path}");
        }
        let path = format!("S1/1/{route}");
        let opened = send(&path, body, &lane.identity.key).await;
        assert_eq!(opened.status(), StatusCode::OK, "{path} with its own key");
    }
}

/// Sends a body in chunks that does not say how long it is, until it has ended or nobody takes more of it. Gives how much
/// was taken, and what was answered as far as it can still be read.
fn send_in_chunks(address: std::net::SocketAddr, path: &str, key: &str, bytes: usize) -> (usize, String) {
    use std::io::{Read, Write};
    let mut line = std::net::TcpStream::connect(address).expect("a line");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: hq\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    line.write_all(head.as_bytes()).expect("a head");
    let chunk = [format!("{:x}\r\n", 64 << 10).as_bytes(), &[7; 64 << 10], b"\r\n"].concat();
    let mut taken = 0;
    while taken < bytes {
        if line.write_all(&chunk).is_err() {
            break;
        }
        taken += 64 << 10;
    }
    let _ = line.write_all(b"0\r\n\r\n");
    let mut answer = Vec::new();
    // Whoever is told while they send may find the line closed.
    let _ = line.read_to_end(&mut answer);
    (taken, String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn a_body_that_does_not_say_how_long_it_is_ends_where_a_batch_ends() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let (address, key) = (shop.running.address(), lane.identity.key.clone());
    let bytes = 100_000_000;
    let sent = move || send_in_chunks(address, "/v1/lanes/S1/1/events", &key, bytes);
    let (taken, answer) = tokio::task::spawn_blocking(sent).await.expect("a task");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    // What lies in the buffers of the line was not taken in.
    assert!(taken < bytes, "{taken} bytes were taken");
    lane.sell(100);
    assert_eq!(shop.push(&lane, 1, 1).await.map(|answer| answer.acknowledged), Ok(1));
}
