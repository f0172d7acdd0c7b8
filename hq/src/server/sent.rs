//! Bodies of requests: as many bytes as they may have, in the time that they
//! may take, of the form that is asked for.

use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;

/// The most bytes of a body, where nothing else is said.
pub(crate) const SMALL_BODY_MAX: usize = 64 << 10;

/// How long a body of at most a few MiB may take to arrive.
pub(crate) const SMALL_BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A body of JSON, read and understood.
pub(crate) struct Sent<T, const BYTES_MAX: usize = SMALL_BODY_MAX>(pub T);

impl<T, S, const BYTES_MAX: usize> FromRequest<S> for Sent<T, BYTES_MAX>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        refuse_other(request.headers(), "application/json")?;
        let bytes = read(request.into_body(), BYTES_MAX, SMALL_BODY_TIMEOUT).await?;
        parse(&bytes).map(Sent)
    }
}

/// Reads a body. One that says that it is too large is refused before a byte
/// of it is taken.
pub(crate) async fn read(body: Body, bytes_max: usize, within: Duration) -> Result<Vec<u8>, Refusal> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Refusal::TooLarge(bytes_max));
    }
    match tokio::time::timeout(within, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(_)) => Err(Refusal::TooLarge(bytes_max)),
        Err(_) => Err(Refusal::TooSlow),
    }
}

/// The room that a body may need, in KiB; one that says that it is too large
/// is refused at once.
pub(crate) fn kib_of(body: &Body, bytes_max: usize) -> Result<u32, Refusal> {
    let size = body.size_hint();
    if size.lower() > bytes_max as u64 {
        return Err(Refusal::TooLarge(bytes_max));
    }
    let kib = size.upper().unwrap_or(u64::MAX).min(bytes_max as u64).div_ceil(1_024);
    Ok(u32::try_from(kib).unwrap_or(u32::MAX))
}

/// Reads JSON; says line and column of what is wrong.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::Form(format!("the body: {error}")))
}

/// The content type of a request, without its parameters, in lower case.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Refuses a body that says that it is of another form.
pub(crate) fn refuse_other(headers: &HeaderMap, wanted: &'static str) -> Result<(), Refusal> {
    if content_type(headers) == wanted { Ok(()) } else { Err(Refusal::MediaType(wanted)) }
}
