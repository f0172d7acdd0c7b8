//! Routes about pictures of goods. What is sent is scaled before the
//! transaction begins, few at one time: unpacked, a picture is large.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::forms::Changed;
use super::route::{
    Access, Asker, Call, Content, Described, Done, Nothing, Route, answer_question, answered_before,
    carry_out, change, hash_of, idempotency_key, json, let_through, other, query_of, within,
};
use crate::access::Scope;
use crate::pictures::{self, FILE_BYTES_MAX, ScaleError};
use crate::server::Desk;
use crate::server::refusal::Refusal;
use crate::server::routes::{SharedDesk, work};
use crate::server::sent;
use crate::store::{Kind, Put, StoreError, Writing};

const PATH: &str = "/v1/goods/{sku}/picture";

/// The content types that are taken.
const KINDS: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// How long a picture may take to arrive.
const PICTURE_TIMEOUT: Duration = Duration::from_secs(60);

const JPEG: Content = Content { kind: "image/jpeg", schema: None };

/// The picture that goods have from now on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct PictureTaken {
    /// Whether it is another than before.
    changed: bool,
    /// The SHA-256 of the file that lanes get.
    sha256: String,
    /// How large that is, bytes.
    bytes: u32,
}

pub(super) fn routes() -> Vec<Route> {
    let of_goods = |method, says, body, answer, is_change| Described {
        method,
        path: PATH,
        tag: "goods",
        says,
        access: Access::Scope(if is_change { Scope::GoodsWrite } else { Scope::GoodsRead }),
        query: None,
        body,
        answer,
        is_change,
    };
    let taken = of_goods(
        "PUT",
        "Gives goods a picture: a PNG, JPEG or WebP of at most 16 MiB and 25 million pixels. It is scaled to 256 \
         pixels and put on white; what was sent is not kept.",
        Some(Content { kind: "image/*", schema: None }),
        json::<PictureTaken>(),
        true,
    );
    let told = of_goods("GET", "The picture of goods, as lanes get it.", None, JPEG, false);
    vec![
        other(taken, put(put_picture)),
        other(told, get(get_picture)),
        change(
            Method::DELETE,
            PATH,
            ("goods", Scope::GoodsWrite),
            ("goods.picture.delete", "Takes its picture from goods; lanes hear of it."),
            delete_picture,
        ),
    ]
}

fn without_picture(sku: &str) -> Refusal {
    Refusal::Unknown(format!("goods {sku:?} have no picture"))
}

async fn get_picture(
    State(desk): State<SharedDesk>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let run = |desk: &Desk, call: &Call, _: Nothing| {
        let sku = call.param("sku");
        let file = desk.store.read::<_, StoreError>(|reading| match reading.picture_of(sku)? {
            Some(picture) => reading.picture_file(&picture.sha256),
            None => Ok(None),
        })?;
        let file = file.ok_or_else(|| without_picture(sku))?;
        Ok(([(header::CONTENT_TYPE, JPEG.kind), (header::CACHE_CONTROL, "no-store")], file).into_response())
    };
    answer_question(desk, asker, request, Access::Scope(Scope::GoodsRead), run).await
}

async fn put_picture(
    State(desk): State<SharedDesk>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let key = idempotency_key(request.headers())?;
    let call = let_through(&desk, &asker, request.headers(), Access::Scope(Scope::GoodsWrite)).await?;
    query_of::<Nothing>(&request)?;
    if !KINDS.contains(&sent::content_type(request.headers()).as_str()) {
        return Err(Refusal::MediaType("image/jpeg, image/png or image/webp"));
    }
    let route = format!("PUT {}", request.uri().path());
    // Few at one time, as with imports.
    let place = desk.imports.enter().await?;
    let _room = desk.bodies.enter_with(sent::kib_of(request.body(), FILE_BYTES_MAX)?).await?;
    let file = sent::read(request.into_body(), FILE_BYTES_MAX, PICTURE_TIMEOUT).await?;
    let hash = hash_of(&route, &file);
    let permit = desk.questions.enter().await?;
    within(work(&desk, permit, move |desk| {
        // Held until the work ends, whoever still waits for it.
        let _place = place;
        if let Some(answer) = answered_before(desk, &call, (&key, &hash))? {
            return Ok(answer);
        }
        let picture = pictures::scale(&file).map_err(|error| match error {
            ScaleError::Bytes { .. } => Refusal::TooLarge(FILE_BYTES_MAX),
            ScaleError::Pixels { .. } | ScaleError::Kind | ScaleError::Damaged(_) | ScaleError::Large => {
                Refusal::Unfit(format!("the picture: {error}"))
            }
        })?;
        carry_out(desk, &call, "goods.picture.put", (&key, &hash), |writing| {
            let sku = call.param("sku");
            if writing.entity(Kind::Product, sku)?.is_none() {
                return Err(Refusal::Unknown(format!("there are no goods {sku:?}")));
            }
            let put = writing.put_picture(sku, &picture)?;
            let now = writing.picture_of(sku)?.ok_or_else(|| without_picture(sku))?;
            let detail = json!({ "sha256": now.sha256, "bytes": now.bytes });
            let answer = PictureTaken { changed: put != Put::Same, sha256: now.sha256, bytes: now.bytes };
            Ok(Done::new(answer, sku).with(detail))
        })
    }))
    .await
}

fn delete_picture(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Changed>, Refusal> {
    let sku = call.param("sku");
    if writing.delete_picture(sku)? == Put::Same {
        return Err(without_picture(sku));
    }
    Ok(Done::new(Changed { changed: true }, sku))
}
