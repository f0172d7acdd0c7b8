//! What lanes ask of a relay: passed on to HQ as it came, and where HQ does
//! not answer, answered here as far as the store itself can know. What phones
//! ask is answered here in any case.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::Utc;
use protocol::ask::{Answer, FRAME_BYTES_MAX, Question};
use protocol::chain::ChainHash;
use protocol::enrol::{Enrolment, RELAY_LANE};
use protocol::event::Position;
use protocol::pull::snapshot::PIECE_BYTES_MAX;
use protocol::pull::{PAGE_BYTES_MAX, PAGE_CHANGES_MAX, PICTURE_BYTES_MAX};
use protocol::push::{BATCH_BYTES_MAX, PushAnswer};
use serde::{Deserialize, Serialize};
use tracing::debug;

use super::Counter;
use super::book::{BookError, Copied, LaneCopied};
use super::deputy::{CopyError, Deputy, Settled, take_copy};
use super::go::{Go, GoHealth};
use super::pages::head_of;
use super::standing;
use super::upstream::{ASK_TIMEOUT, HINTS_LIFE, REQUEST_TIMEOUT, passed_back};
use crate::feed::snapshot::Piece;
use crate::secret::SecretHash;
use crate::server::gate::Gate;
use crate::server::go::{self, Asker, FILES};
use crate::server::lane_limits::bounded;
use crate::server::lanes::{picture_answer, piece_answer, range_of};
use crate::server::refusal::{Refusal, chain};
use crate::server::routes::{bearer, now_ms};
use crate::server::sent::{self, SMALL_BODY_TIMEOUT};

/// The most bytes of a body that is passed on.
const BODY_MAX: usize = BATCH_BYTES_MAX + (1 << 20);

/// How long a body may take to arrive over the store's own network.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// The most bytes of an answer that is read here.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// How long a lane's agent may wait for HQ to be asked more than once: it waits 1.2 s in all.
const ASK_LONGEST: Duration = Duration::from_millis(1_000);

/// With less time than this HQ is asked nothing more.
const GIVE_BACK_TIME_MIN: Duration = Duration::from_millis(150);

type Shared = Arc<Counter>;

/// Every route of a relay.
pub(super) fn router(counter: Shared) -> Router {
    let lane = |route: &str| format!("/v1/lanes/{{store}}/{{lane}}/{route}");
    let copy = |route: &str| format!("/copy{}", lane(route));
    let lanes = Router::new()
        .route("/v1/hints", get(hints))
        .route("/v1/reference", get(reference))
        .route("/v1/snapshot", get(snapshot_offer))
        .route("/v1/snapshot/{sha256}", get(snapshot_piece))
        .route("/v1/pictures/{sha256}", get(picture))
        .route(&lane("position"), get(pass_of_journal))
        .route(&lane("events"), post(pass_of_journal))
        .route(&lane("shelf"), post(pass_of_lane))
        .route(&lane("version"), post(pass_of_lane))
        .route(&lane("ask"), post(ask))
        .route(&copy("position"), get(copied_position))
        .route(&copy("events"), post(copy_events))
        .route_layer(from_fn_with_state(counter.lane_limits.clone(), bounded));
    with_page(Router::new(), counter.go.clone())
        .route("/healthz", get(health))
        .route("/v1/enrol", post(enrol))
        .merge(lanes)
        .fallback(|| async { Refusal::NoRoute })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .with_state(counter)
}

/// The page for phones, with what it asks, where the relay was enrolled.
fn with_page(router: Router<Shared>, go: Option<Arc<Go>>) -> Router<Shared> {
    let Some(go) = go else { return router };
    let router = FILES.iter().fold(router, |router, file| router.route(file.path, go::serve(file)));
    let of_prices = go.clone();
    let prices = move |asker: Asker, request: Request| go::prices(of_prices.clone(), asker, request);
    let seal = move |asker: Asker, request: Request| go::seal(go.clone(), asker, request);
    router.route("/v1/go/{store}/prices", post(prices)).route("/v1/go/{store}/baskets", post(seal))
}

impl From<CopyError> for Refusal {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Intake(error) => error.into(),
            CopyError::Book(error) => error.into(),
        }
    }
}

impl From<BookError> for Refusal {
    fn from(error: BookError) -> Self {
        Self::Fault(chain(&error))
    }
}

/// How a relay stands, for people and for whoever watches.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Health {
    /// The store's code.
    pub store: String,
    /// The base of HQ's routes.
    pub hq: String,
    /// Whether HQ answered the last request.
    pub hq_is_up: bool,
    /// When it answered last, milliseconds UTC.
    pub hq_answered_ms: Option<i64>,
    /// How far each lane's journal is copied.
    pub lanes: Vec<LaneCopied>,
    /// The page for phones; `None` where the relay was not enrolled.
    #[serde(default)]
    pub go: Option<GoHealth>,
    /// For how many members HQ lent points to the store, for when it is out of reach.
    #[serde(default)]
    pub standing_leases: u64,
    /// How many of those points are left to lend to lanes.
    #[serde(default)]
    pub standing_points: i64,
}

async fn health(State(counter): State<Shared>) -> Result<Json<Health>, Refusal> {
    let looked = with_book(&counter, |counter| {
        let go = counter.go.as_ref().map(|go| go.health(now_ms()));
        Ok((counter.book.copies()?, go, counter.book.standing()?))
    });
    let (lanes, go, (standing_leases, standing_points)) = looked.await?;
    Ok(Json(Health {
        store: counter.book.store().to_owned(),
        hq: counter.upstream.address().to_owned(),
        hq_is_up: counter.upstream.is_up(),
        hq_answered_ms: counter.upstream.answered_ms(),
        lanes,
        go,
        standing_leases,
        standing_points,
    }))
}

/// Works with the book on a blocking thread.
async fn with_book<T: Send + 'static>(
    counter: &Shared,
    job: impl FnOnce(&Counter) -> Result<T, BookError> + Send + 'static,
) -> Result<T, Refusal> {
    with_book_behind(&counter.questions, counter, job).await
}

/// The same behind a gate that is not that of questions.
async fn with_book_behind<T: Send + 'static>(
    gate: &Gate,
    counter: &Shared,
    job: impl FnOnce(&Counter) -> Result<T, BookError> + Send + 'static,
) -> Result<T, Refusal> {
    let permit = gate.enter().await?;
    let counter = counter.clone();
    let done = tokio::task::spawn_blocking(move || {
        let done = job(&counter);
        drop(permit);
        done
    });
    Ok(done.await??)
}

/// What is asked, without the relay's own part.
fn path_of(uri: &Uri) -> String {
    uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

/// A lane that HQ enrols is known here from then on, also when HQ is gone in
/// the next moment; its copy begins at the beginning of its new journal.
async fn enrol(
    State(counter): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let body = sent::read(body, ANSWER_BYTES_MAX, SMALL_BODY_TIMEOUT).await?;
    let answer = counter.upstream.pass((method, &path_of(&uri)), &headers, body, REQUEST_TIMEOUT).await;
    let answer = answer.map_err(|_| Refusal::OutOfReach)?;
    if !answer.status().is_success() {
        return Ok(passed_back(answer));
    }
    let body = read(answer, ANSWER_BYTES_MAX).await?;
    let enrolled: Enrolment = sent::parse(&body)?;
    if enrolled.store == counter.book.store() && enrolled.lane != RELAY_LANE {
        let (lane, epoch) = (enrolled.lane, enrolled.epoch);
        let (key, hash) = (SecretHash::of(&enrolled.key), ChainHash::genesis(&enrolled.store, lane, epoch));
        with_book(&counter, move |counter| {
            counter.book.note_key(lane, &key)?;
            counter.book.begin_copy(lane, epoch, Copied { seq: 0, hash })
        })
        .await?;
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// A line of hints lives as long as HQ keeps it up.
async fn hints(State(counter): State<Shared>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    bearer(&headers)?;
    let answer = counter.upstream.pass((Method::GET, &path_of(&uri)), &headers, Vec::new(), HINTS_LIFE).await;
    Ok(passed_back(answer.map_err(|_| Refusal::OutOfReach)?))
}

/// Whose request it is: the lane that the path names, with the key that came.
struct Caller {
    lane: u32,
    key: SecretHash,
}

impl Caller {
    fn of(counter: &Counter, (store, lane): (String, u32), headers: &HeaderMap) -> Result<Self, Refusal> {
        let key = bearer(headers)?;
        let own = counter.book.store();
        if store != own {
            return Err(Refusal::Unknown(format!("this is the relay of store {own}")));
        }
        Ok(Self { lane, key: SecretHash::of(&key) })
    }

    /// Remembers what HQ thinks of the key.
    async fn note(&self, counter: &Shared, status: StatusCode) -> Result<(), Refusal> {
        let takes = match status {
            StatusCode::UNAUTHORIZED => false,
            status if status.is_success() => true,
            _ => return Ok(()),
        };
        let (lane, key) = (self.lane, self.key);
        with_book(counter, move |counter| counter.book.note_verdict(lane, &key, takes)).await
    }

    /// Lets in whom HQ let in last, while HQ cannot be asked.
    async fn refuse_unknown(&self, counter: &Shared) -> Result<(), Refusal> {
        let (lane, key) = (self.lane, self.key);
        match with_book(counter, move |counter| counter.book.knows_key(lane, &key)).await? {
            true => Ok(()),
            // HQ may know it; it is asked once there is a line.
            false => Err(Refusal::Stranger),
        }
    }
}

async fn pass_of_lane(
    State(counter): State<Shared>,
    Path(named): Path<(String, u32)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let caller = Caller::of(&counter, named, &headers)?;
    let kib = sent::kib_of(&body, BODY_MAX)?;
    let _room = counter.bodies.enter_with(kib).await?;
    let body = sent::read(body, BODY_MAX, BODY_TIMEOUT).await?;
    let answer = counter.upstream.pass((method, &path_of(&uri)), &headers, body, REQUEST_TIMEOUT).await;
    let answer = answer.map_err(|_| Refusal::OutOfReach)?;
    caller.note(&counter, answer.status()).await?;
    Ok(passed_back(answer))
}

/// What says how far HQ has a journal. A copy of it may begin there, also when
/// HQ is gone in the next moment.
async fn pass_of_journal(
    State(counter): State<Shared>,
    Path(named): Path<(String, u32)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let lane = named.1;
    let answer = pass_of_lane(State(counter.clone()), Path(named), method, uri, headers, body).await?;
    if answer.status() != StatusCode::OK {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let body = sent::read(body, ANSWER_BYTES_MAX, REQUEST_TIMEOUT).await?;
    if let Ok(at_hq) = serde_json::from_slice::<PushAnswer>(&body) {
        with_book(&counter, move |counter| counter.book.copy_behind(lane, at_hq.epoch, &at_hq)).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Which page of the reference.
#[derive(Deserialize)]
struct ReferenceQuery {
    after: u64,
    #[serde(default)]
    limit: Option<usize>,
    /// The epoch of the lane's journal, and the number of its last event.
    #[serde(default)]
    epoch: Option<u32>,
    #[serde(default)]
    last: Option<u64>,
    /// Whether the lane takes files.
    #[serde(default)]
    snapshot: bool,
}

async fn reference(
    State(counter): State<Shared>,
    Query(query): Query<ReferenceQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key = SecretHash::of(&bearer(&headers)?);
    let wanted = (query.after, query.limit.unwrap_or(PAGE_CHANGES_MAX), query.snapshot);
    let lane = with_book(&counter, move |counter| counter.book.lane_of_key(&key)).await?;
    if let (Some(lane), Some(epoch), Some(seq)) = (lane, query.epoch, query.last) {
        let now_ms = Utc::now().timestamp_millis();
        counter.heard.note(counter.book.store(), Position { lane, epoch, seq }, now_ms);
    }
    let passed =
        counter.upstream.pass((Method::GET, &path_of(&uri)), &headers, Vec::new(), REQUEST_TIMEOUT).await;
    match passed {
        Ok(answer) if answer.status().is_success() => {
            let page = read(answer, PAGE_BYTES_MAX).await?;
            counter.pages.keep(wanted, &page);
            if let Some(go) = &counter.go
                && let Some(head) = head_of(&page)
            {
                go.heard(head.latest);
            }
            Ok(page_answer(page))
        }
        Ok(answer) => Ok(passed_back(answer)),
        Err(_) => {
            let page = counter.pages.page(wanted).ok_or(Refusal::OutOfReach)?;
            if lane.is_some() { Ok(page_answer(page)) } else { Err(Refusal::Stranger) }
        }
    }
}

/// Which files there are is HQ's to say.
async fn snapshot_offer(
    State(counter): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    bearer(&headers)?;
    let asked = (Method::GET, path_of(&uri));
    let answer = counter.upstream.pass((asked.0, &asked.1), &headers, Vec::new(), REQUEST_TIMEOUT).await;
    Ok(passed_back(answer.map_err(|_| Refusal::OutOfReach)?))
}

/// A piece that is here is given to whom HQ let in last; any other one HQ gives.
async fn snapshot_piece(
    State(counter): State<Shared>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key = SecretHash::of(&bearer(&headers)?);
    let range = range_of(&headers)?;
    let wanted = name.clone();
    let here = with_book(&counter, move |counter| match counter.book.lane_of_key(&key)? {
        Some(_) => Ok(counter.files.piece(&wanted, range)),
        None => Ok(None),
    });
    if let Some(piece) = here.await? {
        return Ok(piece_answer(piece));
    }
    let path = path_of(&uri);
    let answer = counter.upstream.pass((Method::GET, &path), &headers, Vec::new(), REQUEST_TIMEOUT).await;
    let answer = answer.map_err(|_| Refusal::OutOfReach)?;
    if answer.status() != StatusCode::PARTIAL_CONTENT {
        return Ok(passed_back(answer));
    }
    let said = answer.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let of = said.and_then(|said| said.rsplit_once('/')).and_then(|(_, of)| of.parse().ok());
    let of = of.ok_or_else(|| Refusal::Fault("HQ gave bytes of no file".to_owned()))?;
    let bytes = read(answer, usize::try_from(PIECE_BYTES_MAX).unwrap_or(usize::MAX)).await?;
    let piece = Piece { from: range.0, bytes, of };
    let kept = piece.clone();
    with_book(&counter, move |counter| {
        counter.files.keep(&name, &kept);
        Ok(())
    })
    .await?;
    Ok(piece_answer(piece))
}

/// A picture that is here is given to whom HQ let in last; any other one HQ gives.
async fn picture(
    State(counter): State<Shared>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let key = SecretHash::of(&bearer(&headers)?);
    let wanted = name.clone();
    let gate = &counter.picture_places;
    let here = with_book_behind(gate, &counter, move |counter| match counter.book.lane_of_key(&key)? {
        Some(_) => Ok(counter.pictures.get(&wanted)),
        None => Ok(None),
    });
    if let Some(file) = here.await? {
        return Ok(picture_answer(file));
    }
    let path = path_of(&uri);
    let answer = counter.upstream.pass((Method::GET, &path), &headers, Vec::new(), REQUEST_TIMEOUT).await;
    let answer = answer.map_err(|_| Refusal::OutOfReach)?;
    if answer.status() != StatusCode::OK {
        return Ok(passed_back(answer));
    }
    let file = read(answer, PICTURE_BYTES_MAX as usize).await?;
    let kept = file.clone();
    with_book_behind(gate, &counter, move |counter| {
        counter.pictures.keep(&name, &kept);
        Ok(())
    })
    .await?;
    Ok(picture_answer(file))
}

fn page_answer(page: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/zstd")], page).into_response()
}

/// Reads an answer of HQ's up to a bound, whatever its length says.
pub(super) async fn read(mut answer: reqwest::Response, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Refusal::OutOfReach)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(Refusal::Fault(format!("HQ answered with more than {bytes_max} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn ask(
    State(counter): State<Shared>,
    Path(named): Path<(String, u32)>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let caller = Caller::of(&counter, named, &headers)?;
    let body = sent::read(body, ANSWER_BYTES_MAX, SMALL_BODY_TIMEOUT).await?;
    // One that is of a newer lane is HQ's to answer.
    let question = serde_json::from_slice::<Question>(&body).ok().filter(Question::is_within_bounds);
    if let Some(question) = question.as_ref().filter(|question| question.is_of_board()) {
        // HQ knows nothing of it; whom it let in last is let in.
        caller.refuse_unknown(&counter).await?;
        return Ok(Json(answer_board(&counter, caller.lane, question.clone())).into_response());
    }
    let path = path_of(&uri);
    let began = Instant::now();
    let passed = match counter.upstream.is_up() {
        true => counter.upstream.pass((Method::POST, &path), &headers, body, ASK_TIMEOUT).await.ok(),
        false => None,
    };
    // An HQ that cannot say anything now is as good as none where lanes of this store could take one code both, or where the
    // store has points of its own.
    let is_ours = matches!(
        question,
        Some(
            Question::ClaimCode { .. }
                | Question::ReleaseCode { .. }
                | Question::LendPoints { .. }
                | Question::Member { .. }
        )
    );
    let passed = passed.filter(|answer| {
        let status = answer.status();
        !is_ours || !(status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS)
    });
    if let Some(answer) = passed {
        caller.note(&counter, answer.status()).await?;
        let Some(question) = question.clone().filter(|_| answer.status().is_success()) else {
            return Ok(passed_back(answer));
        };
        // One that breaks off in the middle is as good as none.
        if let Ok(body) = read(answer, FRAME_BYTES_MAX).await {
            let said: Answer = sent::parse(&body)?;
            let said =
                with_all_points(&counter, caller.lane, (&path, &headers, began), &question, said).await?;
            let settled = with_deputy(&counter, caller.lane, move |deputy| deputy.settle(&question, said));
            let Settled { answer, take_back } = settled.await?;
            if let Some(release) = take_back {
                let _ = tell(&counter, &path, &headers, &release).await;
            }
            return Ok(Json(answer).into_response());
        }
    }
    caller.refuse_unknown(&counter).await?;
    let Some(question) = question else { return Ok(Json(Answer::Unreachable {}).into_response()) };
    debug!(store = counter.book.store(), lane = caller.lane, "a question is answered for HQ");
    let answer = with_deputy(&counter, caller.lane, move |deputy| deputy.answer(&question));
    Ok(Json(answer.await?).into_response())
}

/// What HQ says of points once it has back what the store was lent of them: who stands at a counter of this store may spend
/// all of theirs. Where there is no time left for it, what HQ said first.
async fn with_all_points(
    counter: &Shared,
    lane: u32,
    (path, headers, began): (&str, &HeaderMap, Instant),
    question: &Question,
    said: Answer,
) -> Result<Answer, Refusal> {
    let (Some(go), Question::LendPoints { .. }) = (&counter.go, question) else { return Ok(said) };
    let time_left = || ASK_LONGEST.checked_sub(began.elapsed()).filter(|left| *left > GIVE_BACK_TIME_MIN);
    let Some(within) = time_left() else { return Ok(said) };
    let (asked, first) = (question.clone(), said.clone());
    let back = with_deputy(counter, lane, move |deputy| deputy.give_back(&asked, &first)).await?;
    if back.is_empty() || standing::ask(counter, go, back, None, within).await.is_err() {
        return Ok(said);
    }
    let (Some(within), Ok(body)) = (time_left(), serde_json::to_vec(question)) else { return Ok(said) };
    let again = counter.upstream.pass((Method::POST, path), headers, body, within).await;
    let Ok(again) = again else { return Ok(said) };
    if !again.status().is_success() {
        return Ok(said);
    }
    let answer = read(again, FRAME_BYTES_MAX).await.ok().and_then(|body| serde_json::from_slice(&body).ok());
    Ok(answer.unwrap_or(said))
}

/// What kiosks and boards ask, of what lies in memory.
// The others are none of theirs.
#[allow(clippy::wildcard_enum_match_arm)]
fn answer_board(counter: &Counter, lane: u32, question: Question) -> Answer {
    let now_ms = Utc::now().timestamp_millis();
    match question {
        Question::Stand { stand } => Answer::Acts { acts: counter.board.stand(lane, stand, now_ms) },
        Question::Kiosks {} => Answer::Kiosks { kiosks: counter.board.look(now_ms) },
        Question::Act { act } => match counter.board.say(lane, act, now_ms) {
            Ok(()) => Answer::ActTaken {},
            Err(why) => Answer::ActNotTaken { why },
        },
        _ => Answer::Unreachable {},
    }
}

/// Tells HQ; what is not heard ends by itself, as holds do.
async fn tell(counter: &Shared, path: &str, headers: &HeaderMap, question: &Question) -> Option<()> {
    let body = serde_json::to_vec(question).ok()?;
    counter.upstream.pass((Method::POST, path), headers, body, ASK_TIMEOUT).await.ok().map(drop)
}

/// Lets the relay speak for HQ.
async fn with_deputy<T: Send + 'static>(
    counter: &Shared,
    lane: u32,
    job: impl FnOnce(&Deputy<'_>) -> Result<T, BookError> + Send + 'static,
) -> Result<T, Refusal> {
    let now_ms = Utc::now().timestamp_millis();
    with_book(counter, move |counter| {
        let heard = |lane| counter.heard.position(counter.book.store(), lane, now_ms);
        job(&Deputy { book: &counter.book, lane, now_ms, heard: &heard })
    })
    .await
}

/// Which journal.
#[derive(Deserialize)]
struct PositionQuery {
    epoch: u32,
}

/// How far a journal is copied. The copy of one that is met for the first
/// time begins behind what HQ has of it.
async fn copied_position(
    State(counter): State<Shared>,
    Path(named): Path<(String, u32)>,
    Query(query): Query<PositionQuery>,
    headers: HeaderMap,
) -> Result<Json<PushAnswer>, Refusal> {
    let caller = Caller::of(&counter, named, &headers)?;
    Ok(Json(copied_so_far(&counter, &caller, query.epoch, &headers).await?))
}

async fn copied_so_far(
    counter: &Shared,
    caller: &Caller,
    epoch: u32,
    headers: &HeaderMap,
) -> Result<PushAnswer, Refusal> {
    let (lane, key) = (caller.lane, caller.key);
    if let Some(at) = with_book(counter, move |counter| counter.book.copy_of(lane, &key, epoch)).await? {
        return Ok(at);
    }
    let path = format!("/v1/lanes/{}/{lane}/position?epoch={epoch}", counter.book.store());
    let asked = counter.upstream.pass((Method::GET, &path), headers, Vec::new(), REQUEST_TIMEOUT).await;
    let answer = asked.map_err(|_| Refusal::OutOfReach)?;
    let status = answer.status();
    caller.note(counter, status).await?;
    let body = read(answer, ANSWER_BYTES_MAX).await?;
    if status == StatusCode::UNAUTHORIZED {
        return Err(Refusal::Unauthorised);
    }
    if !status.is_success() {
        return Err(Refusal::OutOfReach);
    }
    let at_hq: PushAnswer = sent::parse(&body)?;
    let begun = with_book(counter, move |counter| counter.book.copy_behind(lane, epoch, &at_hq)).await?;
    begun.ok_or_else(|| Refusal::Fault("HQ's head of the journal is no hash".to_owned()))
}

async fn copy_events(
    State(counter): State<Shared>,
    Path(named): Path<(String, u32)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PushAnswer>, Refusal> {
    let caller = Caller::of(&counter, named, &headers)?;
    caller.refuse_unknown(&counter).await?;
    let kib = sent::kib_of(&body, BODY_MAX)?;
    let _room = counter.bodies.enter_with(kib).await?;
    let body = sent::read(body, BODY_MAX, BODY_TIMEOUT).await?;
    let permit = counter.questions.enter().await?;
    let counter = counter.clone();
    let taken = tokio::task::spawn_blocking(move || {
        let taken = take_copy(&counter.book, caller.lane, &body, Utc::now().timestamp_millis());
        drop(permit);
        taken.map_err(Refusal::from)
    });
    Ok(Json(taken.await??))
}
