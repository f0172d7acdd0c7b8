//! What all routes share: whose key it is that came, and where work is done.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::Utc;
use tokio::sync::OwnedSemaphorePermit;

use super::Desk;
use super::refusal::Refusal;

/// The longest key that is looked at.
const KEY_LENGTH_MAX: usize = 256;

/// What every route works with.
pub(super) type SharedDesk = Arc<Desk>;

/// HQ's clock, milliseconds since 1970-01-01 UTC.
pub(crate) fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

/// Runs what touches the database on a blocking thread. The permit is given
/// back when the work ends, not when the asker leaves.
pub(super) async fn work<T: Send + 'static>(
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

/// The key that a request brings.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<String, Refusal> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = value.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    key.filter(|key| key.len() <= KEY_LENGTH_MAX).map(str::to_owned).ok_or(Refusal::Unauthorised)
}

/// The key that a request brings, looked for before anything else of it.
pub(super) struct Bearer(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        bearer(&parts.headers).map(Self)
    }
}
