//! Routes that are served in their own way: those of lanes, of whoever watches
//! the server, and of whoever runs it.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::Value;
use tracing::info;

use super::document;
use super::route::{Access, Asker, Content, Described, Route, let_through, other};
use crate::access::Scope;
use crate::command::{self, Command, Outcome};
use crate::server::refusal::{KINDS, Refusal};
use crate::server::routes::{SharedDesk, now_ms, work};
use crate::server::sent::Sent;
use crate::server::{hints, lanes, metrics};

const JSON: &str = "application/json";
const ZSTD: &str = "application/zstd";
const TEXT: &str = "text/plain";

/// What lanes send and get is `protocol`'s, and of no use to anybody else.
const fn bytes(kind: &'static str) -> Content {
    Content { kind, schema: None }
}

fn route(
    (method, path): (&'static str, &'static str),
    (tag, access): (&'static str, Access),
    says: &'static str,
    (body, answer): (Option<&'static str>, &'static str),
    serve: MethodRouter<SharedDesk>,
) -> Route {
    let described = Described {
        method,
        path,
        tag,
        says,
        access,
        query: None,
        body: body.map(bytes),
        answer: bytes(answer),
        is_change: false,
    };
    other(described, serve)
}

pub(super) fn routes() -> Vec<Route> {
    let lane =
        |method_path, says, forms, serve| route(method_path, ("lanes", Access::Lane), says, forms, serve);
    vec![
        route(
            ("GET", "/healthz"),
            ("server", Access::Anybody),
            "ok when the database answers.",
            (None, TEXT),
            get(healthz),
        ),
        route(
            ("GET", "/metrics"),
            ("server", Access::Scope(Scope::WatchRead)),
            "Counts since the start and what waits for a person, for Prometheus.",
            (None, TEXT),
            get(tell_metrics),
        ),
        route(
            ("GET", "/openapi.json"),
            ("server", Access::Anybody),
            "This document.",
            (None, JSON),
            get(tell_document),
        ),
        route(
            ("GET", "/problems/{kind}"),
            ("server", Access::Anybody),
            "Explains a kind of problem.",
            (None, "text/html"),
            get(explain_problem),
        ),
        route(
            ("POST", command::ROUTE),
            ("server", Access::Admin),
            "For the command line of this machine.",
            (Some(JSON), JSON),
            post(run_command),
        ),
        route(
            ("POST", "/v1/enrol"),
            ("lanes", Access::Anybody),
            "Exchanges a one-time code for a lane's identity and key.",
            (Some(JSON), JSON),
            post(lanes::enrol),
        ),
        route(
            ("POST", "/v1/enrol/look"),
            ("lanes", Access::Anybody),
            "Says what a one-time code is for, and spends nothing.",
            (Some(JSON), JSON),
            post(lanes::look),
        ),
        lane(
            ("POST", "/v1/lanes/{store}/{lane}/events"),
            "Files a run of the lane's journal.",
            (Some(ZSTD), JSON),
            post(lanes::push),
        ),
        lane(
            ("GET", "/v1/lanes/{store}/{lane}/position"),
            "Says how far the lane's journal is filed.",
            (None, JSON),
            get(lanes::position),
        )
        .asked_with::<lanes::PositionQuery>(),
        lane(
            ("POST", "/v1/lanes/{store}/{lane}/ask"),
            "Answers what a lane asks while a customer waits.",
            (Some(JSON), JSON),
            post(lanes::ask),
        ),
        lane(
            ("POST", "/v1/relays/{store}/standing"),
            "Lends a store's relay points that its lanes may spend while HQ is out of reach.",
            (Some(JSON), JSON),
            post(lanes::standing),
        ),
        lane(
            ("POST", "/v1/lanes/{store}/{lane}/shelf"),
            "Takes what an agent reports of shelf labels.",
            (Some(JSON), JSON),
            post(lanes::shelf),
        ),
        lane(
            ("POST", "/v1/lanes/{store}/{lane}/version"),
            "Notes which version of the reference a lane has in use.",
            (Some(JSON), TEXT),
            post(lanes::version_in_use),
        ),
        lane(
            ("GET", "/v1/reference"),
            "A page of what changed in the reference.",
            (None, ZSTD),
            get(lanes::reference),
        )
        .asked_with::<lanes::ReferenceQuery>(),
        lane(
            ("GET", "/v1/snapshot"),
            "Names the files that a lane takes where it has much of the reference to get.",
            (None, JSON),
            get(lanes::snapshot_offer),
        ),
        lane(
            ("GET", "/v1/snapshot/{sha256}"),
            "A piece of such a file: Range: bytes=A-B.",
            (None, ZSTD),
            get(lanes::snapshot_piece),
        ),
        lane(
            ("GET", "/v1/pictures/{sha256}"),
            "A picture of goods, by the name that the reference has for it.",
            (None, "image/jpeg"),
            get(lanes::picture),
        ),
        lane(
            ("GET", "/v1/hints"),
            "Says whenever the reference moves: server-sent events.",
            (None, "text/event-stream"),
            get(lanes::hear_hints),
        ),
    ]
}

pub(super) async fn no_route() -> Refusal {
    Refusal::NoRoute
}

pub(super) async fn no_method() -> Refusal {
    Refusal::Method
}

async fn healthz(State(desk): State<SharedDesk>) -> Result<&'static str, Refusal> {
    let permit = desk.questions.enter().await?;
    work(&desk, permit, |desk| {
        desk.store.read(|reading| reading.reference_version())?;
        Ok("ok\n")
    })
    .await
}

async fn tell_metrics(
    State(desk): State<SharedDesk>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let_through(&desk, &asker, request.headers(), Access::Scope(Scope::WatchRead)).await?;
    let permit = desk.questions.enter().await?;
    let told = work(&desk, permit, |desk| Ok(metrics::text(desk)?)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], told).into_response())
}

async fn tell_document() -> Json<Value> {
    Json(document())
}

async fn explain_problem(asker: Asker) -> Result<Html<String>, Refusal> {
    let name = asker.param("kind");
    let kind = KINDS.iter().find(|kind| kind.name == name).ok_or(Refusal::NoRoute)?;
    let (title, advice, status) = (kind.title, kind.advice, kind.status);
    Ok(Html(format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{advice}</p><p>{status}</p>"
    )))
}

async fn run_command(
    State(desk): State<SharedDesk>,
    asker: Asker,
    request: Request,
) -> Result<Json<Outcome>, Refusal> {
    let call = let_through(&desk, &asker, request.headers(), Access::Admin).await?;
    let Sent(command) =
        <Sent<Command> as axum::extract::FromRequest<SharedDesk>>::from_request(request, &desk).await?;
    // What takes long is made ready beside other commands, of one folder at a time: unpacked pictures are large.
    let takes_long = matches!(command, Command::ImportPictures { .. });
    let _unpacking = if takes_long { Some(desk.unpacking.lock().await) } else { None };
    let (command, ready) = if takes_long {
        let place = desk.imports.enter().await?;
        work(&desk, place, move |desk| {
            let ready = command::make_ready(&desk.store, &command)?;
            Ok((command, Some(ready)))
        })
        .await?
    } else {
        (command, None)
    };
    let _turn = desk.commands.lock().await;
    let permit = desk.questions.enter().await?;
    let outcome = work(&desk, permit, move |desk| {
        let (by, now_ms) = (call.by(), now_ms());
        let progress = &mut |rows| info!(rows, "importing");
        let outcome = match ready {
            Some(ready) => command::execute_ready(&desk.store, &by, &command, ready, now_ms, progress)?,
            None => command::execute(&desk.store, &by, &command, now_ms, progress)?,
        };
        Ok(Json(outcome))
    })
    .await;
    hints::look_once(&desk).await;
    outcome
}
