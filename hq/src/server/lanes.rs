//! What lanes and their agents ask: who may, how much at one time, and which
//! function answers. The forms are `protocol`'s.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::ask::{Answer, Question};
use protocol::enrol::{EnrolLook, EnrolRefusal, EnrolRequest, Enrolment, Invited, RELAY_LANE};
use protocol::event::Position;
use protocol::head::PublicKey;
use protocol::pull::PAGE_CHANGES_MAX;
use protocol::pull::snapshot::{PIECE_BYTES_MAX, SnapshotOffer, is_name};
use protocol::push::{BATCH_BYTES_MAX, PushAnswer};
use protocol::shelf::{REPORT_BYTES_MAX, ShelfAnswer, ShelfReport, VersionInUse};
use protocol::standing::{StandingAsk, StandingTold};
use schemars::JsonSchema;
use serde::Deserialize;
use tracing::info;

use super::Desk;
use super::refusal::Refusal;
use super::routes::{Bearer, SharedDesk, bearer, now_ms, work};
use super::sent::{self, Sent};
use crate::enrolment::{self, ExchangeError};
use crate::feed::snapshot::{Piece, parse_range};
use crate::shelves::ReportError;
use crate::standing::StandingError;
use crate::store::{LaneRow, StoreError};
use crate::{asking, feed, intake, shelves, standing};

/// The most bytes of a batch's body: zstd adds a little to what it cannot
/// make smaller.
const BODY_MAX: usize = BATCH_BYTES_MAX + (1 << 20);

/// How long the body of a push may take to arrive: some 16 MiB over the
/// slowest line that a store has.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);

/// The most bytes of what a relay says of points: a hundred leases with their journals.
const STANDING_BYTES_MAX: usize = 1 << 20;

/// What a lane is told that brings no key to sign with. Its code is good still.
const NO_KEY: &str = "a lane brings a key to sign its journal with: use a newer sync-agent; a chain that takes unsigned \
                      journals says so with hq unsigned-lanes --allow";

/// The lane that the key belongs to, if it is the one that the path names. A relay files nothing and asks nothing for itself.
fn lane_of(desk: &Desk, key: &str, store: &str, lane: u32) -> Result<LaneRow, Refusal> {
    let row = enrolment::lane_of_key(&desk.store, key)?;
    row.filter(|row| row.store == store && row.lane == lane && lane != RELAY_LANE)
        .ok_or(Refusal::Unauthorised)
}

pub(super) async fn enrol(
    State(desk): State<SharedDesk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Sent(request): Sent<EnrolRequest>,
) -> Result<Json<Enrolment>, Refusal> {
    let public_key = request.public_key.as_deref().map(PublicKey::parse).transpose();
    let public_key = public_key.map_err(|error| Refusal::Form(error.to_string()))?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        desk.brake().admit(peer.ip(), now_ms()).map_err(Refusal::Enrol)?;
        let from = peer.ip().to_string();
        let exchanged = match (request.relay, public_key.as_ref()) {
            (true, Some(public_key)) => {
                enrolment::exchange_relay(&desk.store, &request.code, public_key, &from, now_ms())
            }
            (true, None) => return Err(Refusal::Form("a relay has a key to sign with".to_owned())),
            (false, None) if !desk.store.read(enrolment::takes_unsigned)? => {
                return Err(Refusal::Form(NO_KEY.to_owned()));
            }
            (false, public_key) => {
                enrolment::exchange(&desk.store, &request.code, public_key, &from, now_ms())
            }
        };
        match exchanged {
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
            Err(error) => Err(not_taken(desk, peer, error)),
        }
    })
    .await
}

/// A code that is not taken, of whoever guesses or has mistyped it.
fn not_taken(desk: &Desk, peer: SocketAddr, error: ExchangeError) -> Refusal {
    if matches!(error, ExchangeError::Refused(EnrolRefusal::Code)) {
        desk.brake().note_wrong(peer.ip(), now_ms());
    }
    error.into()
}

/// What a code is for; guessing is as slow as with [`enrol`].
pub(super) async fn look(
    State(desk): State<SharedDesk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Sent(request): Sent<EnrolLook>,
) -> Result<Json<Invited>, Refusal> {
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        desk.brake().admit(peer.ip(), now_ms()).map_err(Refusal::Enrol)?;
        let looked = enrolment::look(&desk.store, &request.code, now_ms());
        looked.map(Json).map_err(|error| not_taken(desk, peer, error))
    })
    .await
}

pub(super) async fn push(
    State(desk): State<SharedDesk>,
    path: LanePath,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PushAnswer>, Refusal> {
    let (store, lane) = lane_named(path)?;
    let mut length = 0;
    let outcome = take_in(&desk, store, lane, &headers, body, &mut length).await;
    if outcome.is_ok() {
        desk.metrics.filed(length);
    }
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
    // A slow line holds the room for its own body and nobody's turn.
    let kib = sent::kib_of(&body, BODY_MAX)?;
    let _room = desk.bodies.enter_with(kib).await?;
    let body = sent::read(body, BODY_MAX, BODY_TIMEOUT).await?;
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

/// The lane that a path names.
type LanePath = Result<Path<(String, u32)>, PathRejection>;

fn lane_named(path: LanePath) -> Result<(String, u32), Refusal> {
    path.map(|Path(lane)| lane).map_err(|error| Refusal::Form(format!("the path: {}", error.body_text())))
}

/// Which journal.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PositionQuery {
    /// The journal's epoch.
    epoch: u32,
}

pub(super) async fn position(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    path: LanePath,
    query: Result<Query<PositionQuery>, QueryRejection>,
) -> Result<Json<PushAnswer>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::Form(error.body_text()))?;
    let (store, lane) = lane_named(path)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        Ok(Json(intake::position(&desk.store, &row, query.epoch)?))
    })
    .await
}

pub(super) async fn ask(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    path: LanePath,
    question: Result<Sent<Question>, Refusal>,
) -> Result<Json<Answer>, Refusal> {
    let (store, lane) = lane_named(path)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        // A newer lane is told so in the form that it understands.
        let Sent(question) = match question {
            Ok(question) => question,
            Err(Refusal::Form(reason)) => return Ok(Json(Answer::Refused { reason })),
            Err(refusal) => return Err(refusal),
        };
        if let Question::Positions {} = question {
            let heard = |lane| desk.heard.position(&row.store, lane, now_ms());
            return Ok(Json(desk.store.read(|reading| asking::positions(reading, &row.store, heard))?));
        }
        Ok(Json(asking::answer(&desk.store, &row, &question, now_ms())?))
    })
    .await
}

/// A store's relay says what it lends no more of, and is lent points for its store.
pub(super) async fn standing(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    path: Result<Path<String>, PathRejection>,
    Sent(ask): Sent<StandingAsk, STANDING_BYTES_MAX>,
) -> Result<Json<StandingTold>, Refusal> {
    let Path(store) = path.map_err(|error| Refusal::Form(format!("the path: {}", error.body_text())))?;
    // What is given back while a customer waits does not stand behind pages.
    let gate = if ask.after.is_some() { &desk.standing } else { &desk.questions };
    let permit = gate.enter().await?;
    work(&desk, permit, move |desk| {
        let row = enrolment::lane_of_key(&desk.store, &key)?;
        let row =
            row.filter(|row| row.store == store && row.lane == RELAY_LANE).ok_or(Refusal::Unauthorised)?;
        standing::answer(&desk.store, &row, &ask, now_ms()).map(Json).map_err(|error| match error {
            StandingError::Form(reason) => Refusal::Form(reason.to_owned()),
            StandingError::Store(error) => error.into(),
        })
    })
    .await
}

pub(super) async fn shelf(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    path: LanePath,
    Sent(report): Sent<ShelfReport, REPORT_BYTES_MAX>,
) -> Result<Json<ShelfAnswer>, Refusal> {
    let (store, lane) = lane_named(path)?;
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

pub(super) async fn version_in_use(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    path: LanePath,
    Sent(said): Sent<VersionInUse>,
) -> Result<(), Refusal> {
    let (store, lane) = lane_named(path)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = lane_of(desk, &key, &store, lane)?;
        Ok(shelves::note_version(&desk.store, &row, said.version)?)
    })
    .await
}

/// Which page of the reference.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ReferenceQuery {
    /// After this version; 0 for everything.
    after: u64,
    /// How many changes at most.
    #[serde(default)]
    limit: Option<usize>,
    /// The version that the lane has in use, where it says so.
    #[serde(default)]
    in_use: Option<u64>,
    /// The version after which the first page of this pull was asked for, where
    /// the lane says so.
    #[serde(default)]
    began: Option<u64>,
    /// The epoch of the lane's journal, where it says how far it is.
    #[serde(default)]
    epoch: Option<u32>,
    /// The number of the journal's last event.
    #[serde(default)]
    last: Option<u64>,
    /// Whether the lane takes snapshot files where it has much to get.
    #[serde(default)]
    snapshot: bool,
}

pub(super) async fn reference(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    query: Result<Query<ReferenceQuery>, QueryRejection>,
) -> Result<([(header::HeaderName, &'static str); 1], Vec<u8>), Refusal> {
    let Query(query) = query.map_err(|error| Refusal::Form(error.body_text()))?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = enrolment::lane_of_key(&desk.store, &key)?.ok_or(Refusal::Unauthorised)?;
        let limit = query.limit.unwrap_or(PAGE_CHANGES_MAX);
        // A relay arms no prices and has no journal.
        let is_lane = row.lane != RELAY_LANE;
        if let Some(version) = query.in_use.filter(|_| is_lane) {
            shelves::note_version(&desk.store, &row, version)?;
        }
        if let (true, Some(epoch), Some(seq)) = (is_lane, query.epoch, query.last) {
            desk.heard.note(&row.store, Position { lane: row.lane, epoch, seq }, now_ms());
        }
        let wanted = feed::Wanted {
            store: &row.store,
            after: query.after,
            // An older agent's first page is the one after what it has in use.
            began: query.began.or(query.in_use.filter(|in_use| *in_use == query.after)),
            limit,
            takes_snapshot: query.snapshot && desk.snapshots.is_able(),
        };
        let page = feed::page(&desk.store, &desk.pages, &wanted)?;
        desk.metrics.paged(page.len());
        Ok(([(header::CONTENT_TYPE, "application/zstd")], page.as_slice().to_vec()))
    })
    .await
}

pub(super) async fn snapshot_offer(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
) -> Result<Json<SnapshotOffer>, Refusal> {
    let question = desk.questions.enter().await?;
    let row = work(&desk, question, move |desk| {
        enrolment::lane_of_key(&desk.store, &key)?.ok_or(Refusal::Unauthorised)
    })
    .await?;
    let permit = desk.offers.enter().await?;
    work(&desk, permit, move |desk| Ok(Json(desk.snapshots.offer(&desk.store, &row.store)?))).await
}

pub(super) async fn snapshot_piece(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Path(sha256) = name.map_err(|error| Refusal::Form(format!("the path: {}", error.body_text())))?;
    let range = range_of(&headers)?;
    let permit = desk.questions.enter().await?;
    work(&desk, permit, move |desk| {
        let row = enrolment::lane_of_key(&desk.store, &key)?.ok_or(Refusal::Unauthorised)?;
        let piece = desk.snapshots.piece(&desk.store, &row.store, &sha256, range)?;
        let piece = piece.ok_or_else(|| Refusal::Unknown("there is no such snapshot any more".into()))?;
        desk.metrics.pieced(piece.bytes.len());
        Ok(piece_answer(piece))
    })
    .await
}

pub(super) async fn picture(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let Path(sha256) = name.map_err(|error| Refusal::Form(format!("the path: {}", error.body_text())))?;
    if !is_name(&sha256) {
        return Err(Refusal::Form("the path: a picture has 64 hexadecimal digits for its name".to_owned()));
    }
    let permit = desk.pictures.enter().await?;
    work(&desk, permit, move |desk| {
        enrolment::lane_of_key(&desk.store, &key)?.ok_or(Refusal::Unauthorised)?;
        let file = desk.store.read::<_, StoreError>(|reading| reading.picture_file(&sha256))?;
        let file = file.ok_or_else(|| Refusal::Unknown("no goods have this picture any more".into()))?;
        Ok(picture_answer(file))
    })
    .await
}

/// A picture, which never changes under its name.
pub(crate) fn picture_answer(file: Vec<u8>) -> Response {
    let kind = (header::CONTENT_TYPE, "image/jpeg");
    ([kind, (header::CACHE_CONTROL, "private, max-age=31536000, immutable")], file).into_response()
}

/// Which bytes of a file are asked for.
pub(crate) fn range_of(headers: &HeaderMap) -> Result<(u64, u64), Refusal> {
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    text.and_then(parse_range).ok_or_else(|| {
        Refusal::Form(format!("ask with Range: bytes=A-B, for at most {PIECE_BYTES_MAX} bytes"))
    })
}

/// The bytes of a file that were asked for, or that it ends before them.
pub(crate) fn piece_answer(Piece { from, bytes, of }: Piece) -> Response {
    let (status, range) = match bytes.len() as u64 {
        0 => (StatusCode::RANGE_NOT_SATISFIABLE, format!("bytes */{of}")),
        length => (StatusCode::PARTIAL_CONTENT, format!("bytes {from}-{}/{of}", from + length - 1)),
    };
    let kind = (header::CONTENT_TYPE, "application/zstd".to_owned());
    (status, [kind, (header::CONTENT_RANGE, range)], bytes).into_response()
}

pub(super) async fn hear_hints(
    State(desk): State<SharedDesk>,
    Bearer(key): Bearer,
) -> Result<Response, Refusal> {
    let permit = desk.questions.enter().await?;
    let known = work(&desk, permit, move |desk| Ok(enrolment::lane_of_key(&desk.store, &key)?)).await?;
    known.ok_or(Refusal::Unauthorised)?;
    desk.hints.hear()
}
