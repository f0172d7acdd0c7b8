//! Requests that are not of their form, and the document that says the form.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::{kind, nothing};
use super::lane::PUBLIC_KEY;
use super::open;
use hq::command::{Command, Outcome};

#[tokio::test]
async fn everything_that_is_no_success_is_problem_details() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    let unauthorised = (401, "unauthorised".to_owned());
    for (wrong, path) in
        [("", "/v1/goods"), ("wrong", "/v1/goods"), ("wrong", "/metrics"), ("wrong", "/v1/audit")]
    {
        assert_eq!(kind(desk.get(wrong, path).await.problem()), unauthorised, "{path}");
    }
    let (status, name, detail) = desk.get(&key, "/v1/people").await.problem();
    assert_eq!((status, name.as_str()), (403, "forbidden"));
    assert!(detail.contains("people:write"), "{detail}");
    let cases = [
        (Method::GET, "/v1/nowhere", None, 404, "no-route"),
        (Method::GET, "/problems/nothing", None, 404, "no-route"),
        (Method::DELETE, "/v1/goods", None, 405, "method"),
        (Method::GET, "/v1/goods/none", None, 404, "unknown"),
        (Method::GET, "/v1/goods?limit=0", None, 400, "form"),
        (Method::GET, "/v1/goods?limit=many", None, 400, "form"),
        (Method::GET, "/v1/goods?colour=red", None, 400, "form"),
        (Method::GET, "/v1/goods?after=%00", None, 400, "form"),
        (Method::GET, "/v1/goods/%00", None, 400, "form"),
        (Method::GET, "/v1/goods/%ff", None, 400, "form"),
        (Method::GET, "/v1/lanes/S1/many/position?epoch=1", None, 400, "form"),
        (Method::PUT, "/v1/goods/1", Some("{"), 400, "form"),
        (
            Method::PUT,
            "/v1/goods/1",
            Some("{\"sku\":\"1\",\"price\":1,\"tax_rate\":0,\"colour\":1}"),
            400,
            "form",
        ),
        (Method::PUT, "/v1/goods/1", Some("{\"sku\":\"1\",\"price\":1.5,\"tax_rate\":0}"), 400, "form"),
    ];
    for (method, path, body, status, name) in cases {
        let body = body.map(|body| ("application/json", body.as_bytes().to_vec()));
        let answer = desk.send_bytes(&key, method, path, body, "a-key-of-ours").await;
        assert_eq!(kind(answer.problem()), (status, name.to_owned()), "{path}");
    }
    let (_, _, detail) = desk
        .send_bytes(
            &key,
            Method::PUT,
            "/v1/goods/1",
            Some(("application/json", b"{\"x\":1}".to_vec())),
            "a-key-of-ours",
        )
        .await
        .problem();
    assert!(detail.contains("unknown field `x`") && detail.contains("line 1"), "{detail}");
    let text = Some(("text/plain", b"{}".to_vec()));
    let answer = desk.send_bytes(&key, Method::PUT, "/v1/goods/1", text, "a-key-of-ours").await;
    assert_eq!(kind(answer.problem()), (415, "media-type".to_owned()));
    let page = desk.get("", "/problems/media-type").await;
    assert!(page.status == StatusCode::OK && page.text.contains("Send the content type"), "{}", page.text);
}

#[tokio::test]
async fn a_hundred_megabytes_are_refused_before_they_are_sent() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    for (path, length, expected) in [
        ("/v1/prices", 104_857_600u64, "413"),
        ("/v1/imports/goods", 1_048_576_000, "413"),
        ("/v1/sessions", 104_857_600, "413"),
    ] {
        let (address, key) = (desk.running.address(), key.clone());
        let kind = if path.contains("imports") { "text/csv" } else { "application/json" };
        let answer = tokio::task::spawn_blocking(move || {
            let mut line = TcpStream::connect(address).expect("a connection");
            write!(
                line,
                "POST {path} HTTP/1.1\r\nHost: hq\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n\
                 Idempotency-Key: a-large-one\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            )
            .expect("a head");
            let mut answer = String::new();
            line.read_to_string(&mut answer).expect("an answer");
            answer
        });
        let answer = answer.await.expect("a task");
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{path}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
}

#[tokio::test]
async fn a_caller_who_asks_too_often_waits_and_others_do_not() {
    let desk = open().await;
    let (greedy, other) = (desk.key("goods:read").await, desk.key("goods:read").await);
    let mut waited = None;
    for _ in 0..2_000 {
        let answer = desk.get(&greedy, "/v1/stores").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            waited = Some(answer);
            break;
        }
        answer.ok();
    }
    let answer = waited.expect("somebody who asks without end is told to wait");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.problem().1, "too-many-requests");
    desk.get(&other, "/v1/stores").await.ok();
}

/// Every `$ref` in a document.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_document_has_every_route_and_every_route_is_served() {
    let desk = open().await;
    let document = desk.get("", "/openapi.json").await.ok();
    let printed: Value = serde_json::from_str(&hq::server::openapi()).expect("a document");
    assert_eq!(document, printed, "hq openapi writes what is served");
    assert_eq!(document["openapi"], "3.1.0");
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for reference in &used {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            count += 1;
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            assert!(ids.insert(id.clone()), "two operations are called {id}");
            // Served: whoever has no key is told so, and no route is missing.
            let filled =
                path.replace("{lane}", "1").replace("{date}", "2026-03-01").replace("{kind}", "busy");
            let filled: String = filled
                .split('{')
                .map(|part| part.split_once('}').map_or(part.to_owned(), |(_, rest)| format!("x{rest}")))
                .collect();
            let method: Method = method.to_ascii_uppercase().parse().expect("a method");
            let answer = desk.send("", method.clone(), &filled, Some(nothing()), "a-key-of-ours").await;
            assert!(!matches!(answer.status.as_u16(), 404 | 405 | 500), "{method} {path}: {}", answer.text);
            let has_key = operation["security"].as_array().is_some_and(|security| !security.is_empty());
            assert_eq!(
                answer.status == StatusCode::UNAUTHORIZED,
                has_key,
                "{method} {path}: {}",
                answer.text
            );
            // A change says that it needs a key of its own.
            let parameters = operation["parameters"].as_array().expect("parameters");
            let is_keyed = parameters.iter().any(|parameter| parameter["name"] == "idempotency-key");
            if method != Method::GET
                && has_key
                && path.starts_with("/v1/")
                && !path.starts_with("/v1/lanes/")
                // A relay that asks again is told the same.
                && !path.starts_with("/v1/relays/")
                // A phone's basket is signed anew each time; one that nobody shows ends by itself.
                && !path.starts_with("/v1/go/")
                && path != "/v1/sessions/own"
            {
                assert!(is_keyed, "{method} {path} has no idempotency key");
            }
        }
    }
    assert!(count > 30, "{count} operations");
}

#[tokio::test]
async fn lanes_are_enrolled_watched_and_revoked() {
    let desk = open().await;
    let key = desk.key("lanes:write,sales:read,audit:read").await;
    let made = desk.post(&key, "/v1/stores/S1/lanes/3/code", nothing()).await.ok();
    let url = format!("{}/v1/enrol", desk.running.url());
    let enrolled = desk.client.post(url).json(&json!({ "code": made["code"], "public_key": PUBLIC_KEY }));
    let enrolled: Value = enrolled.send().await.expect("an answer").json().await.expect("an enrolment");
    let trail = desk.get(&key, "/v1/audit?limit=2").await.ok();
    assert_eq!(
        (&trail["items"][0]["act"], &trail["items"][0]["who"]),
        (&json!("lane.enrolled"), &json!("lane S1/3"))
    );
    let code = made["code"].as_str().expect("a code");
    assert!(trail["items"][1]["act"] == "lane.enrol" && !trail.to_string().contains(code));
    let lanes = desk.get(&key, "/v1/lanes").await.ok();
    assert_eq!((&lanes["items"][0]["lane"], &lanes["items"][0]["epoch"]), (&json!(3), &json!(1)));
    desk.change(&key, Method::DELETE, "/v1/stores/S1/lanes/3/key", nothing()).await.ok();
    let lane_key = enrolled["key"].as_str().expect("a key");
    assert_eq!(desk.get(lane_key, "/v1/reference?after=0").await.problem().1, "unauthorised");
    for (method, path, status) in [
        (Method::DELETE, "/v1/stores/S1/lanes/9/key", 404),
        (Method::DELETE, "/v1/stores/S1/lanes/many/key", 400),
        (Method::POST, "/v1/stores/S9/lanes/1/code", 404),
        (Method::POST, "/v1/stores/S1/lanes/0/code", 422),
    ] {
        assert_eq!(desk.change(&key, method, path, nothing()).await.problem().0, status, "{path}");
    }
    assert_eq!(desk.get(&key, "/v1/alarms").await.ok()["items"], json!([]));
    assert_eq!(desk.get(&key, "/v1/exceptions").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn names_are_only_names() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write").await;
    for name in ["'; DROP TABLE entity; --", "$1 ?1 %s", "水\u{202e}😀", "a/b?c=d"] {
        let path =
            format!("/v1/goods/{}", name.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>());
        let goods = json!({ "sku": name, "name_zh": name, "price": 100, "tax_rate": 1300 });
        desk.change(&key, Method::PUT, &path, goods).await.ok();
        assert_eq!(desk.get(&key, &path).await.ok()["name_zh"], name);
    }
    let zero = json!({ "sku": "z", "name_zh": "a\u{0}b", "price": 100, "tax_rate": 1300 });
    let refused = desk.change(&key, Method::PUT, "/v1/goods/z", zero).await;
    assert_eq!(refused.problem().0, 422);
    assert_eq!(desk.get(&key, "/v1/goods").await.ok()["items"].as_array().map(Vec::len), Some(7));
}

#[tokio::test]
async fn stores_and_lanes_come_in_pages() {
    let desk = open().await;
    let key = desk.key("lanes:write,goods:read").await;
    let shop = |code: &str| super::desk::SHOP.replace("\"S1\"", &format!("\"{code}\""));
    for code in ["S2", "S3"] {
        let path = desk.folder.path().join(format!("{code}.json"));
        std::fs::write(&path, shop(code)).expect("a file");
        desk.command(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
    }
    for (store, lane) in [("S1", 1), ("S1", 2), ("S3", 1)] {
        let path = format!("/v1/stores/{store}/lanes/{lane}/code");
        let made = desk.post(&key, &path, nothing()).await.ok();
        let body = json!({ "code": made["code"], "public_key": PUBLIC_KEY });
        let url = format!("{}/v1/enrol", desk.running.url());
        let enrolled = desk.client.post(url).json(&body).send().await.expect("an answer");
        assert_eq!(enrolled.status(), StatusCode::OK);
    }
    let all = async |path: &str, of: &dyn Fn(&Value) -> String| {
        let (mut seen, mut next, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = desk.get(&key, &format!("{path}?limit=2{next}")).await.ok();
            let items = page["items"].as_array().expect("rows");
            assert!(items.len() <= 2, "{page}");
            seen.extend(items.iter().map(of));
            pages += 1;
            match page["next"].as_str() {
                Some(after) => next = format!("&after={after}"),
                None => return (seen, pages),
            }
        }
    };
    let stores = all("/v1/stores", &|store| store["code"].as_str().expect("a code").to_owned()).await;
    assert_eq!(stores, (vec!["S1".to_owned(), "S2".to_owned(), "S3".to_owned()], 2));
    let lanes = all("/v1/lanes", &|lane| format!("{} {}", lane["store"], lane["lane"])).await;
    assert_eq!(lanes.0, ["\"S1\" 1", "\"S1\" 2", "\"S3\" 1"]);
    assert_eq!(lanes.1, 2);
    for path in ["/v1/stores?limit=0", "/v1/lanes?limit=1001", "/v1/lanes?after=xyz"] {
        assert_eq!(desk.get(&key, path).await.problem().0, 400, "{path}");
    }
}

#[tokio::test]
async fn a_lost_lane_is_written_off_once_and_the_trail_says_why() {
    let desk = open().await;
    let key = desk.key("lanes:write,audit:read").await;
    let lane = super::selling::enrol(&desk, 1).await;
    let ask = async |question: Value| {
        let url = format!("{}/v1/lanes/S1/1/ask", desk.running.url());
        let asked = desk.client.post(url).bearer_auth(&lane.identity.key).json(&question).send().await;
        asked.expect("an answer").json::<Value>().await.expect("an answer")
    };
    let lent = ask(json!({ "ask": "lend_points", "member": "m1", "points": 50 })).await;
    assert_eq!(lent["grant"]["points"], 50, "{lent}");
    let held = async || {
        let member = Command::Points { member: "m1".into(), adjust: None, reason: String::new() };
        match desk.command(member).await {
            Ok(Outcome::Points { available, lent, .. }) => (available, lent),
            other => panic!("no points: {other:?}"),
        }
    };
    assert_eq!(held().await, (70, 50));
    let path = "/v1/stores/S1/lanes/1/write-off";
    let stranger = desk.key("goods:read").await;
    let why = json!({ "reason": "stolen" });
    assert_eq!(desk.post(&stranger, path, why.clone()).await.problem().0, 403);
    for (path, body, status) in [
        ("/v1/stores/S1/lanes/9/write-off", why.clone(), 404),
        ("/v1/stores/S1/lanes/many/write-off", why.clone(), 400),
        (path, json!({ "reason": "" }), 422),
        (path, json!({}), 400),
    ] {
        assert_eq!(desk.post(&key, path, body).await.problem().0, status, "{path}");
    }
    assert_eq!(held().await, (70, 50), "nothing was done");
    assert_eq!(desk.post(&key, path, why).await.ok(), json!({ "changed": true }));
    assert_eq!(held().await, (120, 0));
    let trail = desk.get(&key, "/v1/audit?act=lane.write_off").await.ok();
    assert_eq!(trail["items"].as_array().map(Vec::len), Some(1));
    let (subject, detail) = (&trail["items"][0]["subject"], &trail["items"][0]["detail"]);
    assert_eq!((subject, detail), (&json!("S1/1"), &json!(r#"{"reason":"stolen"}"#)));
}
