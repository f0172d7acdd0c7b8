//! Imports: a CSV file of goods or prices, or the JSON of a shop, with a dry
//! run that lists every bad row.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::catalogue::Applied;
use super::route::{
    Access, Asker, Content, Described, Done, Route, answered_before, carry_out, idempotency_key, json,
    json_answer, let_through, other, query_of, schema_of,
};
use crate::access::Scope;
use crate::import::{self, SHOP_FILE};
use crate::secret::SecretHash;
use crate::server::refusal::Refusal;
use crate::server::routes::{SharedDesk, work};
use crate::server::{hints, sent};

/// The most bytes of an import's body: two million goods.
pub(super) const IMPORT_BYTES_MAX: u64 = 256 << 20;

/// How long the body of an import may take to arrive.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(600);

/// How an import is done.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// Say what would be done, or list every bad row, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Delete what is not named, of the kinds that the import has.
    #[serde(default)]
    replace: bool,
}

/// What is imported: the content type, and the name that its file has.
#[derive(Clone, Copy)]
struct Kind {
    path: &'static str,
    says: &'static str,
    content: &'static str,
    file: &'static str,
    scopes: &'static [Scope],
}

const KINDS: [Kind; 3] = [
    Kind {
        path: "/v1/imports/goods",
        says: "Imports goods from CSV: all of it, or nothing and a list of what is wrong.",
        content: "text/csv",
        file: "products.csv",
        scopes: &[Scope::GoodsWrite],
    },
    Kind {
        path: "/v1/imports/prices",
        says: "Imports prices of price lists from CSV.",
        content: "text/csv",
        file: import::PRICES_FILE,
        scopes: &[Scope::GoodsWrite],
    },
    Kind {
        path: "/v1/imports/shop",
        says: "Imports the JSON of a shop: store, categories, tax classes, goods, prices, promotions, members, \
               coupons, costs. Needs members:write as well, and costs:write where it has costs.",
        content: "application/json",
        file: SHOP_FILE,
        scopes: &[Scope::GoodsWrite, Scope::MembersWrite],
    },
];

pub(super) fn routes() -> Vec<Route> {
    KINDS
        .into_iter()
        .map(|kind| {
            let described = Described {
                method: "POST",
                path: kind.path,
                tag: "imports",
                says: kind.says,
                access: Access::Scope(Scope::GoodsWrite),
                query: Some(schema_of::<ImportQuery>),
                body: Some(Content { kind: kind.content, schema: None }),
                answer: json::<Applied>(),
                is_change: true,
            };
            let serve = move |State(desk): State<SharedDesk>, asker: Asker, request: Request| async move {
                take_in(desk, asker, request, kind).await
            };
            other(described, post(serve))
        })
        .collect()
}

async fn take_in(desk: SharedDesk, asker: Asker, request: Request, kind: Kind) -> Result<Response, Refusal> {
    let key = idempotency_key(request.headers())?;
    let call = let_through(&desk, &asker, request.headers(), Access::Scope(Scope::GoodsWrite)).await?;
    if let Some(lacking) = kind.scopes.iter().find(|scope| !call.caller.scopes.has(**scope)) {
        return Err(Refusal::Forbidden(lacking.name()));
    }
    let query = query_of::<ImportQuery>(&request)?;
    sent::refuse_other(request.headers(), kind.content)?;
    let route = format!("POST {}?replace={}", kind.path, query.replace);
    if request.body().size_hint().lower() > IMPORT_BYTES_MAX {
        return Err(Refusal::TooLarge(IMPORT_BYTES_MAX as usize));
    }
    // Few at one time: each may be as large as the disk has room for a few.
    let _place = desk.imports.enter().await?;
    let folder = desk.place.make_spool().map_err(|error| Refusal::Fault(error.to_string()))?;
    let arriving = spool(request.into_body(), folder.path(), kind.file, &route);
    let hash = tokio::time::timeout(IMPORT_TIMEOUT, arriving).await.map_err(|_| Refusal::TooSlow)??;
    let _turn = desk.commands.lock().await;
    let permit = desk.questions.enter().await?;
    let outcome = work(&desk, permit, move |desk| {
        if !query.dry_run
            && let Some(answer) = answered_before(desk, &call, (&key, &hash))?
        {
            return Ok(answer);
        }
        let prepared = import::prepare(&desk.store, folder.path(), query.replace, call.now_ms)?;
        // What goods cost is written, and guessed at by a trial, only by whom it is for.
        if prepared.has_costs() && !call.caller.scopes.has(Scope::CostsWrite) {
            return Err(Refusal::Forbidden(Scope::CostsWrite.name()));
        }
        if query.dry_run {
            return json_answer(&Applied::of(&prepared.try_out(&desk.store)?, true));
        }
        let answer = carry_out(desk, &call, "import", (&key, &hash), |writing| {
            let done = prepared.apply(writing, &mut |_| {})?;
            let detail = json!({ "replace": query.replace, "done": done });
            Ok(Done::new(Applied::of(&done, false), kind.file).with(detail))
        })?;
        desk.store.tidy()?;
        Ok(answer)
    })
    .await;
    hints::look_once(&desk).await;
    outcome
}

/// Writes a body into a file, piece by piece, and gives the hash of route and body.
async fn spool(body: Body, folder: &Path, name: &str, route: &str) -> Result<SecretHash, Refusal> {
    let fault = |error: std::io::Error| Refusal::Fault(format!("keep the body of an import: {error}"));
    let path = folder.join(name);
    let mut file = std::fs::File::create(path).map_err(fault)?;
    let mut hash = Sha256::new();
    hash.update((route.len() as u64).to_le_bytes());
    hash.update(route.as_bytes());
    let mut length = 0;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Refusal::Form(format!("the body broke off: {error}")))?;
        length += piece.len() as u64;
        if length > IMPORT_BYTES_MAX {
            return Err(Refusal::TooLarge(IMPORT_BYTES_MAX as usize));
        }
        hash.update(&piece);
        // A piece is some KiB, into the system's cache.
        file.write_all(&piece).map_err(fault)?;
    }
    Ok(SecretHash::from_bytes(hash.finalize().into()))
}
