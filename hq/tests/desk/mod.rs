//! A headquarters with one shop, and whoever asks its API. Every answer is
//! held against the schema that HQ's own document has for it.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use hq::command::{self, AccessCommand, AccessOutcome, Command, Outcome};
use hq::server::{self, Config, Running};
use hq::store::Address;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

pub const SHOP: &str = r#"{
    "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
              "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1},
    "categories": [{"id": "drinks", "name_zh": "饮料", "name_en": "Drinks", "position": 1}],
    "members": [{"id": "m1", "name": "赵一鸣", "phone_last4": "0001", "cards": ["M0001"], "points": 120}]
}"#;

pub const GOODS: &str = "sku,name_zh,name_en,category,price,tax_rate,codes
1,清泉水,Water,drinks,2.50,1300,6901028075763
2,绿茶,Green tea,drinks,4.00,1300,9520001003035
3,苹果汁,Apple juice,drinks,6.00,1300,
";

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.body
    }

    /// The kind of a problem, with what it says.
    pub fn problem(self) -> (u16, String, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let text = |field: &str| self.body[field].as_str().unwrap_or_default().to_owned();
        assert_eq!(self.body["status"], self.status.as_u16());
        let kind = text("type").strip_prefix("/problems/").expect("a kind of ours").to_owned();
        (self.status.as_u16(), kind, text("detail"))
    }
}

/// A headquarters with one shop.
pub struct Desk {
    pub running: Running,
    pub client: Client,
    pub folder: tempfile::TempDir,
    pub database: Option<Address>,
    document: Value,
    keys: AtomicU64,
}

impl Desk {
    pub async fn open(database: Option<Address>) -> Self {
        // Only the first test of the process installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
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
        let document = serde_json::from_str(&server::openapi()).expect("a document");
        let keys = AtomicU64::new(0);
        let desk = Self { running, client: Client::new(), folder, database, document, keys };
        let path = desk.folder.path().join("in");
        std::fs::create_dir_all(&path).expect("a folder");
        std::fs::write(path.join("shop.json"), SHOP).expect("a file");
        std::fs::write(path.join("products.csv"), GOODS).expect("a file");
        desk.command(Command::Import { path, replace: false, dry_run: false }).await.expect("an import");
        desk
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the command line does while the server runs.
    pub async fn command(&self, command: Command) -> Result<Outcome, String> {
        let data = self.data();
        let asked = tokio::task::spawn_blocking(move || command::run(&data, None, &command, 0, &mut |_| {}));
        asked.await.expect("a task").map_err(|error| error.to_string())
    }

    pub async fn access(&self, command: AccessCommand) -> Result<AccessOutcome, String> {
        let outcome = self.command(Command::Access(command)).await?;
        let Outcome::Access(outcome) = outcome else { panic!("another outcome: {outcome:?}") };
        Ok(outcome)
    }

    /// Makes a key with scopes.
    pub async fn key(&self, scopes: &str) -> String {
        let make = AccessCommand::MakeKey { name: "erp".into(), scopes: scopes.into(), days: 1 };
        match self.access(make).await {
            Ok(AccessOutcome::Key { key, .. }) => key.0,
            other => panic!("no key: {other:?}"),
        }
    }

    /// A key of its own for a change.
    pub fn draw(&self) -> String {
        format!("change-{}", self.keys.fetch_add(1, Ordering::SeqCst))
    }

    pub async fn get(&self, key: &str, path: &str) -> Answer {
        self.send(key, Method::GET, path, None, "").await
    }

    /// Makes a change under a fresh idempotency key.
    pub async fn change(&self, key: &str, method: Method, path: &str, body: Value) -> Answer {
        let drawn = self.draw();
        self.send(key, method, path, Some(body), &drawn).await
    }

    pub async fn post(&self, key: &str, path: &str, body: Value) -> Answer {
        self.change(key, Method::POST, path, body).await
    }

    pub async fn send(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        idempotency: &str,
    ) -> Answer {
        let content = "application/json";
        let body = body.map(|body| (content, serde_json::to_vec(&body).expect("JSON")));
        self.send_bytes(key, method, path, body, idempotency).await
    }

    pub async fn send_bytes(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
        idempotency: &str,
    ) -> Answer {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.running.url()));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if !idempotency.is_empty() {
            request = request.header("Idempotency-Key", idempotency);
        }
        if let Some((kind, bytes)) = body {
            request = request.header("content-type", kind).body(bytes);
        }
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.expect("a text");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status, headers, text, body };
        self.hold_against_document(&method, path, &answer);
        answer
    }

    /// Imports CSV or JSON through the API.
    pub async fn import(&self, key: &str, path: &str, kind: &str, text: &str) -> Answer {
        let drawn = self.draw();
        let body = Some((kind, text.as_bytes().to_vec()));
        self.send_bytes(key, Method::POST, path, body, &drawn).await
    }

    /// The document's path that a request's path is.
    fn described<'a>(&'a self, method: &Method, path: &str) -> Option<&'a Value> {
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let paths = self.document["paths"].as_object().expect("paths");
        let fits = |template: &str| {
            let names: Vec<&str> = template.split('/').collect();
            names.len() == parts.len()
                && names.iter().zip(&parts).all(|(name, part)| name == part || name.starts_with('{'))
        };
        // One without a part to fill in goes before one with.
        let found = paths.iter().filter(|(template, _)| fits(template));
        let found = found.min_by_key(|(template, _)| template.matches('{').count());
        found.and_then(|(_, operations)| operations.get(method.as_str().to_ascii_lowercase()))
    }

    fn hold_against_document(&self, method: &Method, path: &str, answer: &Answer) {
        let Some(operation) = self.described(method, path) else {
            assert!(matches!(answer.status.as_u16(), 400 | 404 | 405), "{method} {path} is in no document");
            return;
        };
        let response = &operation["responses"][answer.status.as_u16().to_string()];
        assert!(response.is_object(), "{method} {path} never answers {}: {}", answer.status, answer.text);
        let kind = answer.headers["content-type"].to_str().expect("a content type");
        let kind = kind.split(';').next().unwrap_or_default();
        let content = &response["content"][kind];
        assert!(content.is_object(), "{method} {path} never answers in {kind}");
        if !kind.ends_with("json") || !content["schema"].is_object() {
            return;
        }
        let mut schema = content["schema"].clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let wrong: Vec<String> = validator.iter_errors(&answer.body).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{method} {path}: {wrong:?} in {}", answer.text);
    }
}

/// A problem's status and kind, for comparison.
pub fn kind(problem: (u16, String, String)) -> (u16, String) {
    (problem.0, problem.1)
}

/// Nothing.
pub fn nothing() -> Value {
    json!({})
}
