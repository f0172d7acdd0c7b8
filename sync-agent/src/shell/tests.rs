//! The agent against a small HQ on a real socket, with real files.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::NaiveDate;
use domain::catalogue::Catalogue;
use domain::record::Record;
use ledger::journal::{Journal, Stamp};
use ledger::reference::Reference;
use protocol::enrol::Enrolment;
use protocol::push::{BATCH_EVENTS_MAX, decode_batch, take_context};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::core::Alarm;
use crate::enrol::{EnrolError, Enrolling, enrol};
use crate::status::report;

const KEY: &str = "secret";

/// An HQ that files what follows on, and has one product.
#[derive(Default)]
struct Counter {
    filed: Vec<ChainHash>,
    /// Answers to pushes that are lost on their way.
    answers_lost: u32,
    pushes: u32,
    /// Pushes that are told to come back.
    too_many: u32,
    /// Those that were compressed with what this one does not keep.
    contexts: u32,
    void_key: bool,
    price: i64,
    version: u64,
}

type Shared = Arc<Mutex<Counter>>;

fn answer(counter: &Counter) -> Response {
    let genesis = ChainHash::genesis("S1", 2, 1);
    Json(PushAnswer {
        epoch: 1,
        acknowledged: counter.filed.len() as u64,
        head: counter.filed.last().unwrap_or(&genesis).to_string(),
        quarantined: 0,
        signed: None,
        takes_bare: true,
        takes_context: true,
    })
    .into_response()
}

async fn push(State(shared): State<Shared>, body: Bytes) -> Response {
    let mut counter = shared.lock().expect("no panic");
    counter.pushes += 1;
    if counter.too_many > 0 {
        counter.too_many -= 1;
        let problem =
            r#"{"type":"/problems/too-many-requests","title":"Too many","status":429,"detail":"wait"}"#;
        let headers = [("retry-after", "1"), ("content-type", "application/problem+json")];
        return (StatusCode::TOO_MANY_REQUESTS, headers, problem).into_response();
    }
    let (context, body) = take_context(&body).expect("a body");
    if context.is_some() {
        counter.contexts += 1;
        return (StatusCode::CONFLICT, Json(PushRefusal::Context)).into_response();
    }
    let body = zstd::decode_all(body).expect("zstd");
    let batch = decode_batch(&body).expect("a batch");
    let acknowledged = counter.filed.len() as u64;
    if batch.head.first_seq != acknowledged + 1 {
        return (StatusCode::CONFLICT, Json(PushRefusal::Gap { acknowledged })).into_response();
    }
    counter.filed.extend(batch.events.iter().map(|(hash, _)| *hash));
    if counter.answers_lost > 0 {
        counter.answers_lost -= 1;
        return StatusCode::BAD_GATEWAY.into_response();
    }
    answer(&counter)
}

async fn position(State(shared): State<Shared>) -> Response {
    let counter = shared.lock().expect("no panic");
    if counter.void_key {
        return (StatusCode::UNAUTHORIZED, Json(PushRefusal::Unauthorised)).into_response();
    }
    answer(&counter)
}

async fn reference(State(shared): State<Shared>) -> Vec<u8> {
    let counter = shared.lock().expect("no panic");
    let version = counter.version;
    let product = serde_json::json!({ "version": version, "key": "1", "kind": "product", "body": {
        "sku": "1", "name_zh": "水", "name_en": "Water", "price": counter.price, "tax_rate": 1300 } });
    let page = format!("{{\"through\":{version},\"latest\":{version},\"more\":false}}\n{product}");
    zstd::encode_all(page.as_bytes(), 3).expect("zstd")
}

async fn take_code() -> Json<Enrolment> {
    Json(Enrolment { store: "S1".into(), lane: 2, epoch: 1, key: KEY.into() })
}

/// A lane with its files, and the HQ it talks to.
struct Lane {
    folder: TempDir,
    counter: Shared,
    journal: Journal,
}

impl Lane {
    async fn begin() -> Self {
        let counter = Arc::new(Mutex::new(Counter { price: 250, version: 1, ..Counter::default() }));
        let router = Router::new()
            .route("/v1/enrol", post(take_code))
            .route("/v1/lanes/S1/2/events", post(push))
            .route("/v1/lanes/S1/2/position", get(position))
            .route("/v1/reference", get(reference))
            .with_state(counter.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let hq = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().expect("a folder");
        let enrolling =
            Enrolling { data: folder.path(), hq: &hq, relay: None, ca: None, code: "any", replace: false };
        let identity = enrol(enrolling.clone()).await.expect("enrolled");
        let again = enrol(enrolling).await;
        assert!(matches!(again, Err(EnrolError::Enrolled(_))), "{again:?}");
        let journal = Journal::open(&folder.path().join("journal.db"), &identity).expect("a journal");
        Self { folder, counter, journal }
    }

    fn counter(&self) -> std::sync::MutexGuard<'_, Counter> {
        self.counter.lock().expect("no panic")
    }

    fn write(&mut self, events: usize) {
        let stamp = Stamp {
            at_ms: 0,
            offset_minutes: 480,
            business_date: NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date"),
            shift: 1,
        };
        let records = vec![(stamp, Record::SignInRefused { staff: "u1".into() }); events];
        self.journal.append(&records).expect("appended");
    }

    async fn start(&self) -> Agent {
        let intervals = Intervals { push_ms: 100, pull_ms: 100 };
        start(Config { data: self.folder.path().to_owned(), intervals }).await.expect("an agent")
    }
}

async fn wait_for(agent: &Agent, what: impl FnMut(&Status) -> bool) -> Status {
    agent.status().wait_for(what).await.expect("the agent runs").clone()
}

#[tokio::test]
async fn the_journal_arrives_whole_though_answers_are_lost_and_agents_end() {
    let mut lane = Lane::begin().await;
    lane.write(6_500);
    lane.counter().answers_lost = 1;
    let agent = lane.start().await;
    wait_for(&agent, |status| status.filed.is_some_and(|filed| filed.acknowledged == 6_500)).await;
    lane.write(1);
    wait_for(&agent, |status| status.filed.is_some_and(|filed| filed.acknowledged == 6_501)).await;
    agent.stop().await.expect("stopped");
    lane.write(3);
    let agent = lane.start().await;
    wait_for(&agent, |status| status.filed.is_some_and(|filed| filed.acknowledged == 6_504)).await;
    agent.stop().await.expect("stopped");
    assert_eq!(lane.counter().filed.last(), Some(&lane.journal.head().hash));
    let told = report(lane.folder.path()).expect("a report");
    assert_eq!((told.acknowledged, told.backlog, told.alarm), (6_504, 0, None));
    assert!(told.contact_ms.is_some());
    // What was refused so was sent by itself.
    assert!(lane.counter().contexts > 0);
}

#[tokio::test]
async fn an_agent_that_asks_too_much_comes_back_and_alarms_nobody() {
    let mut lane = Lane::begin().await;
    lane.write(10);
    lane.counter().too_many = 2;
    let agent = lane.start().await;
    let mut alarms = 0;
    wait_for(&agent, |status| {
        alarms += u32::from(status.push_alarm.is_some());
        status.filed.is_some_and(|filed| filed.acknowledged == 10)
    })
    .await;
    agent.stop().await.expect("stopped");
    assert_eq!((alarms, lane.counter().too_many), (0, 0));
}

#[tokio::test]
async fn a_batch_that_was_made_beforehand_is_the_one_that_is_asked_for_or_none() {
    let mut lane = Lane::begin().await;
    let path = lane.folder.path().join("journal.db");
    let identity = Identity { store: "S1".into(), lane: 2, epoch: 1 };
    let most = BATCH_EVENTS_MAX as u64;
    lane.write(2 * BATCH_EVENTS_MAX);
    let mut journal = LaneJournal::new(path.clone(), identity.clone());
    let mut fresh = LaneJournal::new(path.clone(), identity);
    let first = journal.batch_or_next(1, 0, true, true).expect("a batch");
    assert_eq!((first.through, first.is_full), (most, true));
    journal.prepare((1, most), true, true);
    lane.write(5);
    let second = journal.batch_or_next(1, most, true, true).expect("a batch");
    assert_eq!((second.through, second.is_full), (2 * most, true));
    assert_eq!(second.body, fresh.batch(1, most, true, true).expect("a batch").body);
    // What is asked for in another form, or after another number, is made anew.
    journal.prepare((1, most), true, true);
    let plain = journal.batch_or_next(1, most, true, false).expect("a batch");
    assert_eq!(plain.body, fresh.batch(1, most, true, false).expect("a batch").body);
    journal.prepare((1, most), true, true);
    assert_eq!(journal.batch_or_next(1, 0, true, true).expect("a batch").body, first.body);
    // One that is not full has all that was written until it is asked for.
    journal.prepare((1, 2 * most), true, true);
    lane.write(2);
    assert_eq!(journal.batch_or_next(1, 2 * most, true, true).expect("a batch").through, 2 * most + 7);
    // Another file stands behind the path.
    journal.prepare((1, most), true, true);
    std::fs::rename(&path, lane.folder.path().join("gone.db")).expect("renamed");
    assert!(matches!(journal.batch_or_next(1, most, true, true), Err(JournalError::Replaced)));
}

#[tokio::test]
async fn a_new_price_reaches_the_lane() {
    let lane = Lane::begin().await;
    let agent = lane.start().await;
    wait_for(&agent, |status| status.version == 1).await;
    let goods = Reference::open(&lane.folder.path().join("reference.db")).expect("a file").expect("made");
    let price = || goods.item_by_sku("1").expect("read").map(|item| item.price.minor());
    assert_eq!(price(), Some(250));
    {
        let mut counter = lane.counter();
        (counter.price, counter.version) = (199, 2);
    }
    wait_for(&agent, |status| status.version == 2).await;
    assert_eq!(price(), Some(250), "a basket keeps its prices");
    goods.refresh().expect("refreshed");
    assert_eq!((price(), goods.version()), (Some(199), 2));
    agent.stop().await.expect("stopped");
}

#[tokio::test]
async fn an_hq_that_is_ahead_or_refuses_the_key_is_an_alarm_that_the_lane_is_told() {
    let mut lane = Lane::begin().await;
    lane.write(2);
    lane.counter().filed = vec![ChainHash::genesis("S1", 2, 1); 5];
    let agent = lane.start().await;
    wait_for(&agent, |status| status.alarm() == Some(&Alarm::HqAhead { acknowledged: 5, last: 2 })).await;
    lane.counter().void_key = true;
    wait_for(&agent, |status| status.alarm() == Some(&Alarm::Unauthorised)).await;
    wait_for(&agent, |status| status.version == 1).await;
    agent.stop().await.expect("stopped");
    assert_eq!(lane.counter().pushes, 1, "HQ is told once by what the lane has");
    let told = report(lane.folder.path()).expect("a report");
    assert!(told.alarm.is_some_and(|alarm| alarm.contains("Enrol the lane again")));
}

#[tokio::test]
async fn one_agent_has_a_lane() {
    let lane = Lane::begin().await;
    let agent = lane.start().await;
    let config = Config { data: lane.folder.path().to_owned(), intervals: Intervals::default() };
    assert!(matches!(start(config).await, Err(RunError::Reference(_))));
    agent.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_lane_that_is_nobody_has_no_agent() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config { data: folder.path().to_owned(), intervals: Intervals::default() };
    assert!(matches!(start(config).await, Err(RunError::NotEnrolled)));
}
