//! What a route is: what the document says of it, and how it is served.
//!
//! A question reads on one consistent state. A change runs in one transaction
//! with the mark of its idempotency key and its row of the audit trail: all of
//! it is done, or nothing.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{ConnectInfo, Query, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use chrono::Utc;
use futures_util::stream;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::access::{self, Caller, Scope};
use crate::audit::{self, By};
use crate::secret::SecretHash;
use crate::server::refusal::Refusal;
use crate::server::routes::{SharedDesk, bearer, work};
use crate::server::{Desk, sent};
use crate::store::{Reading, Replay, StoreError, Writing};

/// The header with the key that a caller draws for a change.
pub(super) const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer is that of before.
pub(super) const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The shortest and the longest key, in bytes.
pub(super) const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 8..=128;

/// How long an answer may take. Work that takes longer ends by itself; a
/// change is then done or not, and its key says which.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// The most bytes of a change's body.
pub(super) const CHANGE_BODY_MAX: usize = 4 << 20;

/// The longest text in a path, in bytes.
const PARAM_LENGTH_MAX: usize = 256;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever reaches the server.
    Anybody,
    /// A lane, with the key that it was given at enrolment.
    Lane,
    /// A customer's phone, with the token of the link at a store's entrance.
    Link,
    /// Whoever runs the server, with the key of the data directory.
    Admin,
    /// Anybody with a key or a session.
    SignedIn,
    /// A key, or a person's session, with this scope.
    Scope(Scope),
}

/// Makes the schema of a type.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// The schema of a type, by reference where it has a name.
pub(super) fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A body, as the document describes it.
#[derive(Clone, Copy)]
pub(super) struct Content {
    /// Its content type.
    pub kind: &'static str,
    /// Its schema; `None` for bytes of a form of their own.
    pub schema: Option<SchemaOf>,
}

/// What the document says of a route.
#[derive(Clone, Copy)]
pub(super) struct Described {
    pub method: &'static str,
    pub path: &'static str,
    /// Of which noun it is.
    pub tag: &'static str,
    /// What it does, in a line.
    pub says: &'static str,
    pub access: Access,
    /// The schema of its query: an object, whose properties are the parameters.
    pub query: Option<SchemaOf>,
    pub body: Option<Content>,
    pub answer: Content,
    /// Whether it changes something, under an idempotency key.
    pub is_change: bool,
}

/// A route of the server.
pub(super) struct Route {
    pub described: Described,
    pub serve: MethodRouter<SharedDesk>,
}

impl Route {
    /// Adds the parameters of its query to the document.
    pub(super) fn asked_with<Q: JsonSchema>(mut self) -> Self {
        self.described.query = Some(schema_of::<Q>);
        self
    }
}

/// No query.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A request that was let through.
pub(super) struct Call {
    /// Who asks.
    pub caller: Caller,
    /// From where.
    pub origin: IpAddr,
    /// HQ's clock, milliseconds UTC.
    pub now_ms: i64,
    params: Vec<(String, String)>,
}

impl Call {
    /// A part of the path.
    pub(super) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Who does it, for the audit trail.
    pub(super) fn by(&self) -> By {
        By { who: self.caller.name.clone(), origin: self.origin.to_string() }
    }
}

/// What a change did.
pub(super) struct Done<A> {
    /// What is answered.
    pub answer: A,
    /// What was changed.
    pub subject: String,
    /// More of it, for the audit trail; no secret and no personal data.
    pub detail: Value,
    /// Whether the answer has a secret, and is told once.
    pub is_secret: bool,
}

impl<A> Done<A> {
    /// A change of something.
    pub(super) fn new(answer: A, subject: impl Into<String>) -> Self {
        Self { answer, subject: subject.into(), detail: Value::Object(Default::default()), is_secret: false }
    }

    /// Adds what the audit trail should know.
    pub(super) fn with(self, detail: Value) -> Self {
        Self { detail, ..self }
    }
}

/// What a question is answered by.
pub(super) type Ask<Q, A> = fn(&Reading<'_>, &Call, Q) -> Result<A, Refusal>;

/// What makes a change. Run again where another transaction was in its way.
pub(super) type Change<B, A> = fn(&Writing<'_>, &Call, &B) -> Result<Done<A>, Refusal>;

/// A question with an answer in JSON.
pub(super) fn question<Q, A>(
    path: &'static str,
    (tag, scope): (&'static str, Scope),
    says: &'static str,
    ask: Ask<Q, A>,
) -> Route
where
    Q: DeserializeOwned + JsonSchema + Send + 'static,
    A: Serialize + JsonSchema + 'static,
{
    let described = Described {
        method: "GET",
        path,
        tag,
        says,
        access: Access::Scope(scope),
        query: Some(schema_of::<Q>),
        body: None,
        answer: json::<A>(),
        is_change: false,
    };
    let serve = move |State(desk): State<SharedDesk>, asker: Asker, request: Request| async move {
        let run = move |desk: &Desk, call: &Call, query: Q| {
            let answer = desk.store.read(|reading| ask(reading, call, query))?;
            json_answer(&answer)
        };
        answer_question(desk, asker, request, described.access, run).await
    };
    Route { described, serve: on(MethodFilter::GET, serve) }
}

/// Some rows of a table as text, and where the next ones begin.
pub(super) type Rows<Q> = fn(&Reading<'_>, &Call, &Q, &str) -> Result<(String, Option<String>), Refusal>;

/// A question with an answer in CSV, page after page as the other side takes
/// them: a million rows need the memory of a thousand. Each page is of one
/// state; what changes meanwhile may be in a later one.
pub(super) fn table<Q>(
    path: &'static str,
    (tag, scope): (&'static str, Scope),
    says: &'static str,
    rows: Rows<Q>,
) -> Route
where
    Q: DeserializeOwned + JsonSchema + Send + Sync + 'static,
{
    let described = Described {
        method: "GET",
        path,
        tag,
        says,
        access: Access::Scope(scope),
        query: Some(schema_of::<Q>),
        body: None,
        answer: Content { kind: "text/csv", schema: Some(schema_of::<String>) },
        is_change: false,
    };
    let serve = move |State(desk): State<SharedDesk>, asker: Asker, request: Request| async move {
        let call = let_through(&desk, &asker, request.headers(), described.access).await?;
        let asked = Arc::new((call, query_of::<Q>(&request)?));
        // The first page tells whether there is an answer at all.
        let first = table_page(&desk, &asked, rows, String::new()).await?;
        let pages = stream::unfold(Some(first), move |page| {
            let (desk, asked) = (desk.clone(), asked.clone());
            async move {
                let (text, next) = page?;
                let following = match next {
                    Some(after) => match table_page(&desk, &asked, rows, after).await {
                        Ok(page) => Some(page),
                        Err(refusal) => {
                            let broken =
                                std::io::Error::other(format!("the rows end: {}", refusal.kind().title));
                            return Some((Err(broken), None));
                        }
                    },
                    None => None,
                };
                Some((Ok(text), following))
            }
        });
        Ok::<_, Refusal>(
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], Body::from_stream(pages)).into_response(),
        )
    };
    Route { described, serve: on(MethodFilter::GET, serve) }
}

async fn table_page<Q: Send + Sync + 'static>(
    desk: &SharedDesk,
    asked: &Arc<(Call, Q)>,
    rows: Rows<Q>,
    after: String,
) -> Result<(String, Option<String>), Refusal> {
    let permit = desk.questions.enter().await?;
    let asked = asked.clone();
    within(work(desk, permit, move |desk| {
        desk.store.read(|reading| rows(reading, &asked.0, &asked.1, &after))
    }))
    .await
}

/// A change with a body and an answer in JSON.
pub(super) fn change<B, A>(
    method: Method,
    path: &'static str,
    (tag, scope): (&'static str, Scope),
    (act, says): (&'static str, &'static str),
    run: Change<B, A>,
) -> Route
where
    B: DeserializeOwned + JsonSchema + Send + 'static,
    A: Serialize + JsonSchema + 'static,
{
    prepared_change(method, path, (tag, Access::Scope(scope)), (act, says), |_, _, body| Ok(body), run)
}

/// A change whose body is worked on before the transaction begins: what takes
/// time, such as a password's hash, holds up nobody else.
pub(super) fn prepared_change<B, P, A>(
    method: Method,
    path: &'static str,
    (tag, access): (&'static str, Access),
    (act, says): (&'static str, &'static str),
    prepare: fn(&Desk, &Call, B) -> Result<P, Refusal>,
    run: Change<P, A>,
) -> Route
where
    B: DeserializeOwned + JsonSchema + Send + 'static,
    P: Send + 'static,
    A: Serialize + JsonSchema + 'static,
{
    let (name, filter) = method_of(&method);
    let has_body = method != Method::DELETE;
    let described = Described {
        method: name,
        path,
        tag,
        says,
        access,
        query: None,
        body: has_body.then(json::<B>),
        answer: json::<A>(),
        is_change: true,
    };
    let serve = move |State(desk): State<SharedDesk>, asker: Asker, request: Request| async move {
        let key = idempotency_key(request.headers())?;
        let call = let_through(&desk, &asker, request.headers(), access).await?;
        query_of::<Nothing>(&request)?;
        let route = format!("{name} {}", request.uri().path());
        let bytes = if has_body {
            sent::refuse_other(request.headers(), "application/json")?;
            let kib = sent::kib_of(request.body(), CHANGE_BODY_MAX)?;
            let _room = desk.bodies.enter_with(kib).await?;
            sent::read(request.into_body(), CHANGE_BODY_MAX, sent::SMALL_BODY_TIMEOUT).await?
        } else {
            b"{}".to_vec()
        };
        let body: B = sent::parse(&bytes)?;
        let hash = hash_of(&route, &bytes);
        let permit = desk.questions.enter().await?;
        within(work(&desk, permit, move |desk| {
            if let Some(answer) = answered_before(desk, &call, (&key, &hash))? {
                return Ok(answer);
            }
            let prepared = prepare(desk, &call, body)?;
            carry_out(desk, &call, act, (&key, &hash), |writing| run(writing, &call, &prepared))
        }))
        .await
    };
    Route { described, serve: on(filter, serve) }
}

/// A route that is served in its own way; the document says what is said here.
pub(super) fn other(described: Described, serve: MethodRouter<SharedDesk>) -> Route {
    Route { described, serve }
}

/// A JSON body of a type.
pub(super) fn json<T: JsonSchema>() -> Content {
    Content { kind: "application/json", schema: Some(schema_of::<T>) }
}

fn method_of(method: &Method) -> (&'static str, MethodFilter) {
    match method.as_str() {
        "PUT" => ("PUT", MethodFilter::PUT),
        "DELETE" => ("DELETE", MethodFilter::DELETE),
        _ => ("POST", MethodFilter::POST),
    }
}

/// Where a request comes from and what stands in its path.
pub(crate) struct Asker {
    pub origin: IpAddr,
    params: Vec<(String, String)>,
}

impl Asker {
    /// A part of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, Refusal> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, state)
            .await
            .map_err(|error| Refusal::Fault(error.to_string()))?;
        let wrong = |error: RawPathParamsRejection| Refusal::Form(format!("the path: {error}"));
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(wrong)?;
        let params: Vec<(String, String)> =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        match params.iter().find(|(_, value)| value.len() > PARAM_LENGTH_MAX || value.contains('\0')) {
            Some((name, _)) => {
                Err(Refusal::Form(format!("the path: {name} is too long, or has a zero byte")))
            }
            None => Ok(Self { origin: peer.ip(), params }),
        }
    }
}

/// Reads the query of a request; a parameter that nobody knows is refused.
pub(super) fn query_of<Q: DeserializeOwned>(request: &Request) -> Result<Q, Refusal> {
    if request.uri().query().is_some_and(|query| query.contains("%00")) {
        return Err(Refusal::Form("the query: it has a zero byte".to_owned()));
    }
    let read = Query::<Q>::try_from_uri(request.uri());
    read.map(|Query(query)| query).map_err(|error| Refusal::Form(format!("the query: {}", error.body_text())))
}

/// Finds out who asks, and whether they may, and not too often.
pub(super) async fn let_through(
    desk: &SharedDesk,
    asker: &Asker,
    headers: &HeaderMap,
    access: Access,
) -> Result<Call, Refusal> {
    let secret = bearer(headers)?;
    let permit = desk.questions.enter().await?;
    let now_ms = Utc::now().timestamp_millis();
    let caller = work(desk, permit, move |desk| {
        if SecretHash::of(&secret) == desk.admin_key {
            return Ok(Some(Caller::admin()));
        }
        Ok(access::caller_of(&desk.store, &secret, now_ms)?)
    })
    .await?;
    let Some(caller) = caller else {
        // Who has no key has a bucket as well: trying them out is slow.
        desk.limiter().admit(&asker.origin.to_string(), now_ms).map_err(Refusal::TooMany)?;
        return Err(Refusal::Unauthorised);
    };
    // Whoever runs the server sits at its machine, and may hurry.
    if caller.name != access::ADMIN {
        desk.limiter().admit(&caller.name, now_ms).map_err(Refusal::TooMany)?;
    }
    match access {
        Access::Scope(scope) if !caller.scopes.has(scope) => return Err(Refusal::Forbidden(scope.name())),
        Access::Admin if caller.name != access::ADMIN => return Err(Refusal::Unauthorised),
        Access::Scope(_)
        | Access::Admin
        | Access::SignedIn
        | Access::Anybody
        | Access::Lane
        | Access::Link => {}
    }
    Ok(Call { caller, origin: asker.origin, now_ms, params: asker.params.clone() })
}

/// Answers a question with what `run` makes of it.
pub(super) async fn answer_question<Q, R>(
    desk: SharedDesk,
    asker: Asker,
    request: Request,
    access: Access,
    run: R,
) -> Result<Response, Refusal>
where
    Q: DeserializeOwned + Send + 'static,
    R: FnOnce(&Desk, &Call, Q) -> Result<Response, Refusal> + Send + 'static,
{
    let call = let_through(&desk, &asker, request.headers(), access).await?;
    let query = query_of::<Q>(&request)?;
    let permit = desk.questions.enter().await?;
    within(work(&desk, permit, move |desk| run(desk, &call, query))).await
}

/// Waits for an answer, and no longer than it may take.
pub(in crate::server) async fn within<T>(
    answer: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::time::timeout(ANSWER_WITHIN, answer).await.map_err(|_| Refusal::Overdue)?
}

/// An answer in JSON that no cache keeps.
pub(in crate::server) fn json_answer<A: Serialize>(answer: &A) -> Result<Response, Refusal> {
    let body = serde_json::to_string(answer).map_err(|error| Refusal::Fault(error.to_string()))?;
    Ok(json_text(body, false))
}

fn json_text(body: String, is_replayed: bool) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (headers, body).into_response();
    if is_replayed {
        response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
    response
}

/// The key of a change.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, Refusal> {
    let key = headers.get(KEY_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !KEY_LENGTHS.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::KeyMissing);
    }
    Ok(key.to_owned())
}

/// What is sent under a key: route and body, as they came.
pub(super) fn hash_of(route: &str, body: &[u8]) -> SecretHash {
    let mut hash = Sha256::new();
    hash.update((route.len() as u64).to_le_bytes());
    hash.update(route.as_bytes());
    hash.update(body);
    SecretHash::from_bytes(hash.finalize().into())
}

/// Ends a transaction that has found out that nothing is to be done.
enum Ended {
    Replayed(Option<String>),
    Refused(Refusal),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// What was answered to a change that is done, before anything is prepared for
/// it: what was good then may not be now.
pub(super) fn answered_before(
    desk: &Desk,
    call: &Call,
    (key, hash): (&str, &SecretHash),
) -> Result<Option<Response>, Refusal> {
    let known = desk.store.read::<_, StoreError>(|reading| reading.replay(&call.caller.name, key, hash))?;
    match known {
        None | Some(Replay::New) => Ok(None),
        Some(Replay::Done(Some(body))) => Ok(Some(json_text(body, true))),
        Some(Replay::Done(None)) => Err(Refusal::SaidOnce),
        Some(Replay::Other) => Err(Refusal::KeyReused),
    }
}

/// Makes a change, once for each key: the change, the mark that it is done and
/// its row of the audit trail are one transaction.
pub(super) fn carry_out<A: Serialize>(
    desk: &Desk,
    call: &Call,
    act: &str,
    (key, hash): (&str, &SecretHash),
    mut run: impl FnMut(&Writing<'_>) -> Result<Done<A>, Refusal>,
) -> Result<Response, Refusal> {
    let caller = &call.caller.name;
    let outcome = desk.store.write::<_, Ended>(|writing| {
        match writing.begin_replay(caller, key, hash, call.now_ms)? {
            Replay::New => {}
            Replay::Done(body) => return Err(Ended::Replayed(body)),
            Replay::Other => return Err(Ended::Refused(Refusal::KeyReused)),
        }
        let done = run(writing).map_err(Ended::Refused)?;
        let body = serde_json::to_string(&done.answer)
            .map_err(|error| Ended::Refused(Refusal::Fault(error.to_string())))?;
        let kept = (!done.is_secret).then_some(body.as_str());
        writing.end_replay(caller, key, kept)?;
        audit::note(writing, &call.by(), act, &done.subject, &done.detail, call.now_ms)?;
        Ok(body)
    });
    match outcome {
        Ok(body) => Ok(json_text(body, false)),
        Err(Ended::Replayed(Some(body))) => Ok(json_text(body, true)),
        Err(Ended::Replayed(None)) => Err(Refusal::SaidOnce),
        Err(Ended::Refused(refusal)) => Err(refusal),
    }
}
