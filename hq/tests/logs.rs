//! What the running program writes into its log: a JSON object a line where it is asked for that, and nothing that is
//! somebody's secret.

#[path = "lane/mod.rs"]
mod lane;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lane::Lane;
use protocol::event::{Buyer, Fact, NewMember, PointsMoved};
use protocol::pull::phone_hash;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

const PHONE: &str = "13812345678";
const NEW_PHONE: &str = "13987654321";

fn hq(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hq"));
    command.args(arguments).env_remove("GUITAI_HQ_LOG_FORMAT").env_remove("GUITAI_HQ_DATABASE");
    command
}

/// What a command that is over has said.
fn says(arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = hq(arguments).output().expect("it runs");
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("text").trim().to_owned()
}

/// A server, which ends with the test.
struct Served(Child);

impl Served {
    fn begin(data: &str, folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (Self, String) {
        let file = folder.join("address");
        let at = file.display().to_string();
        let serve = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--address-file", &at];
        let log = std::fs::File::create(folder.join("log")).expect("a file");
        let mut command = hq(&serve);
        command.args(arguments).envs(environment.iter().copied()).env("RUST_LOG", "debug");
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("it runs");
        let served = Self(child);
        let begun = Instant::now();
        loop {
            let address = std::fs::read_to_string(&file).unwrap_or_default();
            // It says that it serves just after it has said where.
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            if !address.trim().is_empty() && log.contains("serving") {
                let address = address.trim().trim_start_matches("http://").to_owned();
                return (served, format!("http://{address}"));
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "the server does not begin");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Stops it, and gives what it wrote.
    fn end(mut self, folder: &Path) -> String {
        self.0.kill().expect("it is stopped");
        self.0.wait().expect("it is over");
        std::fs::read_to_string(folder.join("log")).expect("a log")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.0.kill();
    }
}

#[tokio::test]
async fn the_log_is_json_and_tells_no_secret() {
    // Only the first test of the process installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let shop = folder.path().join("shop.json");
    let members = json!([{ "id": "m1", "name": "赵一鸣", "phone_hash": phone_hash(PHONE), "phone_last4": "5678",
        "cards": ["CARD-77001"], "points": 120 }]);
    let place = json!({ "code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY", "currency_symbol": "¥",
        "currency_exponent": 2, "cash_rounding": 1 });
    std::fs::write(&shop, json!({ "store": place, "members": members }).to_string()).expect("a file");
    says(&["import", "--data", &data, "--file", &shop.display().to_string()]);
    let (served, url) = Served::begin(&data, folder.path(), &[], &["--log-format", "json"]);
    let client = Client::new();

    let code = says(&["enrol", "--data", &data, "--store", "S1", "--lane", "1"]);
    let wrong_code = client.post(format!("{url}/v1/enrol")).json(&json!({ "code": "WRONG-CODE-1" }));
    assert!(!wrong_code.send().await.expect("an answer").status().is_success());
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let enrolled =
        client.post(format!("{url}/v1/enrol")).json(&json!({ "code": code, "public_key": lane::PUBLIC_KEY }));
    let enrolled = enrolled.send().await;
    let enrolled: Value = enrolled.expect("an answer").json().await.expect("an enrolment");
    let mut lane = Lane::new(serde_json::from_value(enrolled).expect("an enrolment"));
    let lane_key = lane.identity.key.clone();

    let stranger = NewMember {
        id: "t-stranger".into(),
        phone_hash: phone_hash(NEW_PHONE),
        shown: "*4321".into(),
        card: "CARD-99001".into(),
    };
    lane.write(protocol::event::encode(
        &lane.event(Fact::MemberRegistered { member: stranger, staff: "u1".into() }),
    ));
    lane.sell(1_000);
    let (_, bytes) = lane.events.pop().expect("a sale");
    let Fact::SaleCompleted { mut sale } = protocol::event::decode(&bytes).expect("an event").fact else {
        panic!("a sale")
    };
    let points = PointsMoved {
        earned: 10,
        money_per_point: 100,
        multiplier: 10_000,
        spent: 30,
        value: 30,
        lease: "m1.77".into(),
    };
    let (shown, tier) = ("赵** *5678".to_owned(), String::new());
    sale.buyer = Some(Buyer { member: "m1".into(), shown, tier, points: Some(points) });
    lane.complete(sale);
    lane.write(format!("no event, but the number {PHONE}").into_bytes());
    let pushed = client.post(format!("{url}/v1/lanes/S1/1/events")).bearer_auth(&lane_key);
    let pushed = pushed.body(lane.batch(1, lane.events.len())).send().await.expect("an answer");
    assert_eq!(pushed.status(), StatusCode::OK);

    let wrong_key = "guessed-key-0123456789";
    for path in ["/v1/lanes", "/v1/members/m1", "/v1/lanes/S1/1/events", "/metrics"] {
        let asked =
            client.get(format!("{url}{path}")).bearer_auth(wrong_key).send().await.expect("an answer");
        assert!(asked.status().is_client_error(), "{path}");
    }
    let password = says(&["user", "add", "--data", &data, "--role", "owner", "wang"]);
    let password = password.split_whitespace().last().expect("a password").to_owned();
    let sign_in = |password: &str| {
        let body = json!({ "name": "wang", "password": password });
        client.post(format!("{url}/v1/sessions")).json(&body).send()
    };
    let wrong_password = "not-this-password";
    let session: Value = sign_in(&password).await.expect("an answer").json().await.expect("a session");
    let token = session["token"].as_str().expect("a token").to_owned();
    assert!(sign_in(wrong_password).await.expect("an answer").status().is_client_error());
    let member = format!("{url}/v1/members?code=phone:{}", phone_hash(PHONE));
    let member = client.get(member).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(member.status(), StatusCode::OK);

    let log = served.end(folder.path());
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for field in ["timestamp", "level", "target", "fields"] {
            assert!(!line[field].is_null(), "{field} is not in {line}");
        }
    }
    let enrolled = lines.iter().find(|line| line["fields"]["message"] == "a lane is enrolled");
    assert_eq!(enrolled.expect("it is told")["fields"]["lane"], 1);
    let secrets = [
        ("a telephone", PHONE),
        ("another telephone", NEW_PHONE),
        ("the hash of a telephone", &phone_hash(PHONE)),
        ("the hash of another", &phone_hash(NEW_PHONE)),
        ("a name", "赵一鸣"),
        ("a card", "CARD-77001"),
        ("another card", "CARD-99001"),
        ("a lane's key", &lane_key),
        ("a code", &code),
        ("a wrong key", wrong_key),
        ("a password", &password),
        ("a wrong password", wrong_password),
        ("a token", &token),
    ];
    for (what, secret) in secrets {
        assert!(!secret.is_empty() && !log.contains(secret), "{what} is in the log");
    }
    for file in std::fs::read_dir(&data).expect("a folder").flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        let key = text.trim();
        if key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            assert!(!log.contains(key), "{} is in the log", file.path().display());
        }
    }
}

#[tokio::test]
async fn the_environment_says_how_the_log_is_written_where_nobody_else_does() {
    for (environment, arguments, is_json) in [
        (vec![], vec![], false),
        (vec![("GUITAI_HQ_LOG_FORMAT", "json")], vec![], true),
        (vec![("GUITAI_HQ_LOG_FORMAT", "json")], vec!["--log-format", "text"], false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let (served, _) = Served::begin(&data, folder.path(), &environment, &arguments);
        let log = served.end(folder.path());
        let first = log.lines().next().unwrap_or_default();
        assert_eq!(serde_json::from_str::<Value>(first).is_ok(), is_json, "{first}");
    }
    let wrong = hq(&["openapi"]).env("GUITAI_HQ_LOG_FORMAT", "xml").output().expect("it runs");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && said.contains("use text or json"), "{said}");
}
