//! People, sessions, keys, idempotency and the audit trail.

use hq::command::{AccessCommand, AccessOutcome, Password};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::desk::{Desk, kind, nothing};
use super::open;

const PASSWORD: &str = "correct horse battery";

async fn add(desk: &Desk, name: &str, role: &str) {
    let password = Some(Password(PASSWORD.into()));
    let added = desk.access(AccessCommand::AddUser { name: name.into(), role: role.into(), password }).await;
    assert_eq!(added, Ok(AccessOutcome::Done));
}

async fn sign_in(desk: &Desk, name: &str, password: &str) -> Result<String, (u16, String)> {
    let body = json!({ "name": name, "password": password });
    let answer = desk.send("", Method::POST, "/v1/sessions", Some(body), "").await;
    if answer.status == StatusCode::OK {
        return Ok(answer.ok()["token"].as_str().expect("a token").to_owned());
    }
    Err(kind(answer.problem()))
}

#[tokio::test]
async fn a_person_signs_in_and_may_do_what_their_role_may() {
    let desk = open().await;
    add(&desk, "王芳", "accountant").await;
    add(&desk, "boss", "owner").await;
    let token = sign_in(&desk, "王芳", PASSWORD).await.expect("signed in");
    let me = desk.get(&token, "/v1/me").await.ok();
    assert_eq!(me["name"], "person 王芳");
    desk.get(&token, "/v1/sales").await.ok();
    assert_eq!(desk.get(&token, "/v1/people").await.problem().1, "forbidden");
    let change = json!({ "role": "owner" });
    let own = desk.change(&token, Method::PUT, "/v1/people/%E7%8E%8B%E8%8A%B3/role", change.clone()).await;
    assert_eq!(own.problem().1, "forbidden");
    let boss = sign_in(&desk, "boss", PASSWORD).await.expect("signed in");
    desk.change(&boss, Method::PUT, "/v1/people/%E7%8E%8B%E8%8A%B3/role", change).await.ok();
    let people = desk.get(&token, "/v1/people").await.ok();
    assert_eq!(people["items"][1]["role"], "owner", "it counts at once");
    // Another password ends the sessions; so does going away.
    let new = json!({ "old": PASSWORD, "new": "another long one" });
    desk.change(&token, Method::PUT, "/v1/me/password", new).await.ok();
    assert_eq!(desk.get(&token, "/v1/me").await.problem().1, "unauthorised");
    assert_eq!(sign_in(&desk, "王芳", PASSWORD).await, Err((401, "sign-in".into())));
    let token = sign_in(&desk, "王芳", "another long one").await;
    // The address waits a moment after a wrong password.
    let token = match token {
        Ok(token) => token,
        Err(_) => {
            tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
            sign_in(&desk, "王芳", "another long one").await.expect("signed in")
        }
    };
    desk.send(&token, Method::DELETE, "/v1/sessions/own", None, "").await.ok();
    assert_eq!(desk.get(&token, "/v1/me").await.problem().1, "unauthorised");
    desk.change(&boss, Method::DELETE, "/v1/people/boss", nothing()).await.ok();
    assert_eq!(desk.get(&boss, "/v1/me").await.problem().1, "unauthorised");
}

#[tokio::test]
async fn five_wrong_passwords_lock_a_name_and_a_new_password_opens_it() {
    let desk = open().await;
    add(&desk, "li", "read_only").await;
    // In the database itself: addresses have a brake of their own.
    let guess = async |password: &'static str, now_ms: i64| {
        let (database, data) = (desk.database.clone(), desk.data());
        let tried = tokio::task::spawn_blocking(move || {
            let store = match &database {
                Some(address) => hq::store::Store::connect(address).expect("a database"),
                None => hq::store::Store::open(&data.join("hq.db")).expect("a database"),
            };
            let signed_in = hq::access::people::sign_in(&store, "li", password, now_ms);
            signed_in.map(|_| ()).map_err(|error| error.to_string())
        });
        tried.await.expect("a task")
    };
    for _ in 0..4 {
        assert!(guess("wrong wrong wrong", 1_000).await.is_err_and(|error| error.contains("is wrong")));
    }
    assert_eq!(guess(PASSWORD, 1_000).await, Ok(()), "a right one begins anew");
    for _ in 0..5 {
        assert!(guess("wrong wrong wrong", 1_000).await.is_err_and(|error| error.contains("is wrong")));
    }
    assert!(guess(PASSWORD, 2_000).await.is_err_and(|error| error.contains("wait 899 seconds")));
    assert_eq!(guess(PASSWORD, 1_000 + 15 * 60_000).await, Ok(()));
    for _ in 0..5 {
        assert!(guess("wrong wrong wrong", 1_000_000).await.is_err());
    }
    let reset = AccessCommand::SetPassword { name: "li".into(), password: None };
    let Ok(AccessOutcome::Drawn { password }) = desk.access(reset).await else { panic!("none was drawn") };
    assert_eq!(sign_in(&desk, "li", &password.0).await.map(|_| ()), Ok(()));
    // Nobody of that name takes as long, and says the same.
    assert_eq!(sign_in(&desk, "nobody", PASSWORD).await, Err((401, "sign-in".into())));
}

#[tokio::test]
async fn a_key_gives_no_more_than_its_maker_has_and_ends_when_it_is_revoked() {
    let desk = open().await;
    let maker = desk.key("people:write,sales:read").await;
    let make = |scopes: &[&str]| json!({ "name": "shop window", "scopes": scopes });
    let refused = desk.post(&maker, "/v1/keys", make(&["goods:write"])).await.problem();
    assert_eq!((refused.0, refused.1.as_str()), (422, "unfit"));
    assert!(refused.2.contains("goods:write"), "{}", refused.2);
    assert_eq!(desk.post(&maker, "/v1/keys", make(&["fly:high"])).await.problem().0, 422);
    assert_eq!(desk.post(&maker, "/v1/keys", make(&[])).await.problem().0, 422);
    let long = json!({ "name": "x", "scopes": ["sales:read"], "days": 731 });
    assert_eq!(desk.post(&maker, "/v1/keys", long).await.problem().0, 422);
    let made = desk.post(&maker, "/v1/keys", make(&["sales:read"])).await.ok();
    let (id, key) = (made["id"].as_str().expect("an id"), made["key"].as_str().expect("a key"));
    desk.get(key, "/v1/sales").await.ok();
    assert_eq!(desk.get(key, "/v1/goods").await.problem().1, "forbidden");
    let listed = desk.get(&maker, "/v1/keys").await.text;
    assert!(listed.contains(id) && !listed.contains(key), "the key itself is shown once");
    desk.change(&maker, Method::DELETE, &format!("/v1/keys/{id}"), nothing()).await.ok();
    assert_eq!(desk.get(key, "/v1/sales").await.problem().1, "unauthorised");
    let again = desk.change(&maker, Method::DELETE, &format!("/v1/keys/{id}"), nothing()).await;
    assert_eq!(again.problem().0, 404);
}

#[tokio::test]
async fn a_change_is_done_once_for_each_key() {
    let desk = open().await;
    let key = desk.key("goods:read,goods:write,people:write").await;
    let other = desk.key("goods:read,goods:write").await;
    let goods = |price: i64| Some(json!({ "sku": "9", "name_zh": "糖", "price": price, "tax_rate": 1300 }));
    let put = |key: String, body: Option<Value>, drawn: &'static str| {
        let desk = &desk;
        async move { desk.send(&key, Method::PUT, "/v1/goods/9", body, drawn).await }
    };
    assert_eq!(put(key.clone(), goods(100), "").await.problem().1, "idempotency-key-missing");
    assert_eq!(put(key.clone(), goods(100), "short").await.problem().1, "idempotency-key-missing");
    let first = put(key.clone(), goods(100), "the-first-one").await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let first = first.ok();
    put(key.clone(), goods(200), "the-second-one").await.ok();
    let again = put(key.clone(), goods(100), "the-first-one").await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.ok(), first);
    assert_eq!(desk.get(&key, "/v1/goods/9").await.ok()["price"], 200, "nothing was done again");
    assert_eq!(put(key.clone(), goods(300), "the-first-one").await.problem().1, "idempotency-key-reused");
    let elsewhere = desk.send(&key, Method::DELETE, "/v1/goods/9", None, "the-first-one").await;
    assert_eq!(elsewhere.problem().1, "idempotency-key-reused");
    // Another caller's keys are its own.
    put(other, goods(400), "the-first-one").await.ok();
    // What was refused was not done, and may be tried again.
    let twice = Some(json!({ "sku": "9", "name_zh": "糖", "price": -1, "tax_rate": 1300 }));
    assert_eq!(put(key.clone(), twice.clone(), "a-refused-one").await.problem().1, "rows");
    assert_eq!(put(key.clone(), twice, "a-refused-one").await.problem().1, "rows");
    put(key.clone(), goods(500), "a-refused-one").await.ok();
    // An answer with a secret is told once.
    let make = Some(json!({ "name": "x", "scopes": ["goods:read"] }));
    desk.send(&key, Method::POST, "/v1/keys", make.clone(), "a-secret-one").await.ok();
    let again = desk.send(&key, Method::POST, "/v1/keys", make, "a-secret-one").await;
    assert_eq!(kind(again.problem()), (409, "said-once".into()));
}

#[tokio::test]
async fn of_many_who_send_one_change_at_one_moment_one_does_it() {
    let desk = std::sync::Arc::new(open().await);
    let key = desk.key("people:write,audit:read,goods:read,goods:write").await;
    let sends = (0..8).map(|_| {
        let (desk, key) = (desk.clone(), key.clone());
        let body = Some(json!({ "sku": "9", "name_zh": "糖", "price": 100, "tax_rate": 1300 }));
        tokio::spawn(async move {
            desk.send(&key, Method::PUT, "/v1/goods/9", body, "one-change-only").await.ok()
        })
    });
    let mut answers = Vec::new();
    for send in sends.collect::<Vec<_>>() {
        answers.push(send.await.expect("a task"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let acts = desk.get(&key, "/v1/audit?act=goods.put").await.ok();
    assert_eq!(acts["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn every_act_is_in_the_trail_and_nobody_changes_it() {
    let desk = open().await;
    add(&desk, "boss", "owner").await;
    let boss = sign_in(&desk, "boss", PASSWORD).await.expect("signed in");
    let made = desk.post(&boss, "/v1/keys", json!({ "name": "erp", "scopes": ["goods:read"] })).await.ok();
    let id = made["id"].as_str().expect("an id");
    desk.change(&boss, Method::DELETE, &format!("/v1/keys/{id}"), nothing()).await.ok();
    let acts = desk.get(&boss, "/v1/audit").await.ok();
    let rows: Vec<(String, String, String, String)> = acts["items"]
        .as_array()
        .expect("acts")
        .iter()
        .map(|act| {
            let text = |field: &str| act[field].as_str().unwrap_or_default().to_owned();
            (text("who"), text("origin"), text("act"), text("subject"))
        })
        .collect();
    let row = |who: &str, act: &str, subject: &str| {
        (who.to_owned(), "127.0.0.1".to_owned(), act.to_owned(), subject.to_owned())
    };
    assert_eq!(
        rows,
        [
            row("person boss", "key.revoke", id),
            row("person boss", "key.make", id),
            row("person boss", "session.begin", "boss"),
            row("admin key", "person.add", "boss"),
            row("admin key", "import", "in"),
        ]
    );
    let text = acts.to_string();
    let key = made["key"].as_str().expect("a key");
    assert!(!text.contains(key) && !text.contains(PASSWORD), "no secret is in it");
    // A page at a time, and of one who did it.
    let first = desk.get(&boss, "/v1/audit?limit=2&who=person%20boss").await.ok();
    let next = first["next"].as_str().expect("more");
    let second = desk.get(&boss, &format!("/v1/audit?limit=2&who=person%20boss&after={next}")).await.ok();
    assert_eq!(second["items"][0]["act"], "session.begin");
    assert_eq!(second["next"], Value::Null);
    // The database refuses.
    for sql in ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit"] {
        let refused = match &desk.database {
            Some(address) => {
                let (url, sql) = (address.url.clone(), sql.to_owned());
                let tried = tokio::task::spawn_blocking(move || {
                    let mut client = ::postgres::Client::connect(&url, ::postgres::NoTls).expect("a line");
                    client.batch_execute(&sql).map_err(|error| format!("{error:?}"))
                });
                tried.await.expect("a task")
            }
            None => {
                let line = rusqlite::Connection::open(desk.data().join("hq.db")).expect("the file");
                line.execute_batch(sql).map_err(|error| error.to_string())
            }
        };
        assert!(refused.is_err_and(|error| error.contains("never changed")), "{sql}");
    }
}
