//! The routes: who may, how much at one time, and which function answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{NaiveDate, Utc};
use protocol::answer::SalesAnswer;
use protocol::ask::{Answer, Question};
use protocol::enrol::{EnrolRefusal, EnrolRequest, Enrolment};
use protocol::head::PublicKey;
use protocol::pull::PAGE_CHANGES_MAX;
use protocol::push::{BATCH_BYTES_MAX, PushAnswer};
use protocol::shelf::{REPORT_BYTES_MAX, ShelfAnswer, ShelfReport, VersionInUse};
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tracing::info;

use super::refusal::Refusal;
use super::{Desk, hints, metrics};
use crate::command::{self, Command, Outcome};
use crate::enrolment::{self, ExchangeError};
use crate::secret::SecretHash;
use crate::shelves::ReportError;
use crate::store::{LaneRow, SalesRange};
use crate::{asking, feed, intake, people, sales, shelves};

/// The most bytes of a batch's body: zstd adds a little to what it cannot
/// make smaller.
const BODY_MAX: usize = BATCH_BYTES_MAX + (1 << 20);

/// The most bytes of every other request's body.
const SMALL_BODY_MAX: usize = 64 << 10;

/// How long the body of a push may take to arrive: some 16 MiB over the
/// slowest line that a store has.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest key that is looked at.
const KEY_LENGTH_MAX: usize = 256;

type SharedDesk = Arc<Desk>;

/// All routes of the server.
pub(super) fn router(desk: SharedDesk) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/v1/enrol", post(enrol))
        .route("/v1/lanes/{store}/{lane}/events", post(push))
        .route("/v1/lanes/{store}/{lane}/position", get(position))
        .route("/v1/lanes/{store}/{lane}/ask", post(ask))
        .route("/v1/lanes/{store}/{lane}/shelf", post(shelf).layer(DefaultBodyLimit::max(REPORT_BYTES_MAX)))
        .route("/v1/lanes/{store}/{lane}/version", post(version_in_use))
        .route("/v1/reference", get(reference))
        .route("/v1/hints", get(hear_hints))
        .route("/v1/sales", get(sales_of_days))
        .route("/metrics", get(tell_metrics))
        .route(command::ROUTE, post(run_command))
        .layer(DefaultBodyLimit::max(SMALL_BODY_MAX))
        .with_state(desk)
}

fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// Runs what touches the database on a blocking thread. The permit is given
/// back when the work ends, not when the asker leaves.
async fn work<T: Send + 'static>(
    desk: &SharedDesk,
    permit: OwnedSemaphorePermit,
    job: impl FnOnce(&Desk) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let desk = desk.clone();
    tokio::task::spawn_blocking(move || {
        let done = job(&desk);
        drop(permit);
        done
    })
    .await?
}

fn bearer(headers: &HeaderMap) -> Result<String, Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = value.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    key.filter(|key| key.len() <= KEY_LENGTH_MAX).map(str::to_owned).ok_or(Refusal::Unauthorised)
}

/// The lane that the key belongs to, if it is the one that the path names.
fn lane_of(desk: &Desk, key: &str, store: &str, lane: u32) -> Result<LaneRow, Refusal> {
    let row = enrolment::lane_of_key(&desk.store, key)?;
    row.filter(|row| row.store == store && row.lane == lane).ok_or(Refusal::Unauthorised)
}

async fn healthz(State(desk): State<SharedDesk>) -> Result<&'static str, Refusal> {
    let permit = desk.questions.enter().await?;
    work(&desk, permit, |desk| {
        desk.store.read(|reading| reading.reference_version())?;
        Ok("ok\n")
    })
    .await
}

async fn enrol(
    State(desk): State<SharedDesk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Result<Json<EnrolRequest>, JsonRejection>,
) -> Result<Json<Enrolment>, Refusal> {
    let Json(request) = request.map_err(|error| Refusal::Form(error.body_text()))?;
    let public_key = request.public_key.as_deref().map(PublicKey::parse).transpose();
    let public_key = public_key.map_err(|error| Refusal::Form(error.to_string()))?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        desk.brake().admit(peer.ip(), now_ms()).map_err(Refusal::Enrol)?;
        match enrolment::exchange(&desk.store, &request.code, public_key.as_ref(), now_ms()) {
            Ok(enrolment) => {
                desk.brake().note_right(peer.ip());
                info!(
                    store = enrolment.store,
                    lane = enrolment.lane,
                    epoch = enrolment.epoch,
                    "a lane is enrolled"
                );
                Ok(Json(enrolment))
            }
            Err(error) => {
                if matches!(error, ExchangeError::Refused(EnrolRefusal::Code)) {
                    desk.brake().note_wrong(peer.ip(), now_ms());
                }
                Err(error.into())
            }
        }
    })
    .await
}

async fn push(
    State(desk): State<SharedDesk>,
    Path((store, lane)): Path<(String, u32)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PushAnswer>, Refusal> {
    let mut length = 0;
    let outcome = take_in(&desk, store, lane, &headers, body, &mut length).await;
    desk.metrics.pushed(length, &outcome);
    outcome
}

async fn take_in(
    desk: &SharedDesk,
    store: String,
    lane: u32,
    headers: &HeaderMap,
    body: Body,
    length: &mut usize,
) -> Result<Json<PushAnswer>, Refusal> {
    let key = bearer(headers)?;
    // Nobody makes HQ hold a body without a key.
    let question = desk.questions.enter().await?;
    let row = work(desk, question, move |desk| lane_of(desk, &key, &store, lane)).await?;
    let size = body.size_hint();
    if size.lower() > BODY_MAX as u64 {
        return Err(Refusal::TooLarge);
    }
    // A slow line holds the room for its own body and nobody's turn.
    let kib = size.upper().unwrap_or(u64::MAX).min(BODY_MAX as u64).div_ceil(1_024);
    let _room = desk.bodies.enter_with(u32::try_from(kib).unwrap_or(u32::MAX)).await?;
    let arriving = to_bytes(body, BODY_MAX);
    let body = match tokio::time::timeout(BODY_TIMEOUT, arriving).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(Refusal::TooLarge),
        Err(_) => return Err(Refusal::TooSlow),
    };
    *length = body.len();
    let permit = desk.intakes.enter().await?;
    work(desk, permit, move |desk| {
        let answer = intake::file(&desk.store, &row, &body, now_ms())?;
        info!(
            store = row.store,
            lane = row.lane,
            epoch = answer.epoch,
            acknowledged = answer.acknowledged,
            "a batch is filed"
        );
        Ok(Json(answer))
    })
    .await
}

#[derive(Deserialize)]
struct PositionQuery {
    epoch: u32,
}

async fn position(
    State(desk): State<SharedDesk>,
    Path((store, lane)): Path<(String, u32)>,
    query: Result<Query<PositionQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<PushAnswer>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::Form(error.body_text()))?;
    let key = bearer(&headers)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        Ok(Json(intake::position(&desk.store, &row, query.epoch)?))
    })
    .await
}

async fn ask(
    State(desk): State<SharedDesk>,
    Path((store, lane)): Path<(String, u32)>,
    headers: HeaderMap,
    question: Result<Json<Question>, JsonRejection>,
) -> Result<Json<Answer>, Refusal> {
    let key = bearer(&headers)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        // A newer lane is told so in the form that it understands.
        let Json(question) = match question {
            Ok(question) => question,
            Err(error) => return Ok(Json(Answer::Refused { reason: error.body_text() })),
        };
        Ok(Json(asking::answer(&desk.store, &row, &question, now_ms())?))
    })
    .await
}

async fn shelf(
    State(desk): State<SharedDesk>,
    Path((store, lane)): Path<(String, u32)>,
    headers: HeaderMap,
    report: Result<Json<ShelfReport>, JsonRejection>,
) -> Result<Json<ShelfAnswer>, Refusal> {
    let key = bearer(&headers)?;
    let Json(report) = report.map_err(|error| Refusal::Form(error.body_text()))?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        shelves::take_in(&desk.store, &row, &report, now_ms()).map(Json).map_err(|error| match error {
            ReportError::Form(reason) => Refusal::Form(reason),
            ReportError::Store(error) => error.into(),
        })
    })
    .await
}

async fn version_in_use(
    State(desk): State<SharedDesk>,
    Path((store, lane)): Path<(String, u32)>,
    headers: HeaderMap,
    said: Result<Json<VersionInUse>, JsonRejection>,
) -> Result<(), Refusal> {
    let key = bearer(&headers)?;
    let Json(said) = said.map_err(|error| Refusal::Form(error.body_text()))?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        Ok(shelves::note_version(&desk.store, &row, said.version)?)
    })
    .await
}

#[derive(Deserialize)]
struct ReferenceQuery {
    after: u64,
    #[serde(default)]
    limit: Option<usize>,
    /// The version that the lane has in use, where it says so.
    #[serde(default)]
    in_use: Option<u64>,
}

async fn reference(
    State(desk): State<SharedDesk>,
    query: Result<Query<ReferenceQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<([(header::HeaderName, &'static str); 1], Vec<u8>), Refusal> {
    let Query(query) = query.map_err(|error| Refusal::Form(error.body_text()))?;
    let key = bearer(&headers)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = enrolment::lane_of_key(&desk.store, &key)?.ok_or(Refusal::Unauthorised)?;
        let limit = query.limit.unwrap_or(PAGE_CHANGES_MAX);
        if let Some(version) = query.in_use {
            shelves::note_version(&desk.store, &row, version)?;
        }
        let page = feed::page(&desk.store, &desk.pages, &row.store, query.after, limit)?;
        desk.metrics.paged(page.len());
        Ok(([(header::CONTENT_TYPE, "application/zstd")], page.as_slice().to_vec()))
    })
    .await
}

async fn hear_hints(State(desk): State<SharedDesk>, headers: HeaderMap) -> Result<Response, Refusal> {
    let key = bearer(&headers)?;
    let permit = desk.questions.enter().await?;
    let known = work(&desk, permit, move |desk| Ok(enrolment::lane_of_key(&desk.store, &key)?)).await?;
    known.ok_or(Refusal::Unauthorised)?;
    desk.hints.hear()
}

#[derive(Deserialize)]
struct SalesQuery {
    store: Option<String>,
    lane: Option<u32>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
}

async fn sales_of_days(
    State(desk): State<SharedDesk>,
    query: Result<Query<SalesQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<SalesAnswer>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::Form(error.body_text()))?;
    let key = bearer(&headers)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let_read(desk, &key)?;
        let SalesQuery { store, lane, from, to } = query;
        Ok(Json(sales::of_days(&desk.store, &SalesRange { store, lane, from, to })?))
    })
    .await
}

/// Lets through whoever runs the server, and people who may read.
fn let_read(desk: &Desk, key: &str) -> Result<(), Refusal> {
    if SecretHash::of(key) == desk.admin_key || people::may_read(&desk.store, key)? {
        return Ok(());
    }
    Err(Refusal::Unauthorised)
}

async fn tell_metrics(
    State(desk): State<SharedDesk>,
    headers: HeaderMap,
) -> Result<([(header::HeaderName, &'static str); 1], String), Refusal> {
    let key = bearer(&headers)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let_read(desk, &key)?;
        Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics::text(desk)))
    })
    .await
}

async fn run_command(
    State(desk): State<SharedDesk>,
    headers: HeaderMap,
    command: Result<Json<Command>, JsonRejection>,
) -> Result<Json<Outcome>, Refusal> {
    if SecretHash::of(&bearer(&headers)?) != desk.admin_key {
        return Err(Refusal::Unauthorised);
    }
    let Json(command) = command.map_err(|error| Refusal::Form(error.body_text()))?;
    let _turn = desk.commands.lock().await;
    let permit = desk.questions.enter().await?;
    let outcome = work(&desk, permit, move |desk| {
        let outcome =
            command::execute(&desk.store, &command, now_ms(), &mut |rows| info!(rows, "importing"))?;
        Ok(Json(outcome))
    })
    .await;
    hints::look_once(&desk).await;
    outcome
}
