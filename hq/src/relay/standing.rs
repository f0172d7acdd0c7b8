//! Asks HQ for points that the store may spend while HQ is out of reach, again and again: the same rounds whatever happened
//! before, as far apart as HQ says.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use chrono::Utc;
use protocol::standing::{
    STANDING_MEMBERS_MAX, STANDING_PAGE_MAX, STANDING_VERSION, StandingAsk, StandingEnded, StandingTold,
};
use tracing::{debug, warn};

use super::book::{Book, BookError};
use super::go::Go;
use super::upstream::REQUEST_TIMEOUT;
use super::{Counter, routes};
use crate::server::refusal::chain;

/// Until HQ is asked again that did not answer.
const RETRY: Duration = Duration::from_secs(10);

/// Until HQ is asked again that does not know the question, or not this relay.
const REFUSED_RETRY: Duration = Duration::from_secs(10 * 60);

/// The most bytes of an answer: a page of leases, each of a guest with all their tags and codes.
const TOLD_BYTES_MAX: usize = 2 << 20;

/// The most pages of one round: each has a hundred members, or ends it.
const PAGES_MAX: usize = STANDING_MEMBERS_MAX / STANDING_PAGE_MAX + 1;

/// Why HQ said nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum StandingError {
    #[error("HQ does not answer")]
    OutOfReach,
    #[error("HQ answers {0}")]
    Status(StatusCode),
    #[error("read what HQ says of points")]
    Form(#[from] serde_json::Error),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error("use the relay's file")]
    Task(#[from] tokio::task::JoinError),
}

/// Keeps the store's leases as HQ lends them.
pub(super) async fn keep_standing(counter: Arc<Counter>, go: Arc<Go>) {
    loop {
        let pause = match round(&counter, &go).await {
            Ok(again) => again,
            Err(StandingError::OutOfReach) => RETRY,
            Err(StandingError::Status(status)) if status.is_server_error() => RETRY,
            Err(StandingError::Status(StatusCode::NOT_FOUND)) => {
                debug!("this HQ lends no points to stores");
                REFUSED_RETRY
            }
            Err(error) => {
                warn!(error = chain(&error), "the store's points stay as they are");
                REFUSED_RETRY
            }
        };
        // Not all stores at one moment.
        let apart = f64::from(Utc::now().timestamp_subsec_millis().min(999)) / 4_000.0;
        tokio::time::sleep(pause.mul_f64(1.0 + apart)).await;
    }
}

/// Says what is over, and takes in every page. Gives when to ask again.
async fn round(counter: &Arc<Counter>, go: &Go) -> Result<Duration, StandingError> {
    let mut after = Some(String::new());
    let mut again = RETRY;
    for _ in 0..PAGES_MAX {
        let Some(page) = after else { break };
        let ended = with_book(counter, |book| book.standing_ended(Utc::now().timestamp_millis())).await?;
        let told = ask(counter, go, ended, Some(page), REQUEST_TIMEOUT).await?;
        again = Duration::from_millis(told.again_ms).max(Duration::from_secs(1));
        after = told.next;
    }
    Ok(again)
}

/// Asks HQ once, and takes in what it says.
pub(super) async fn ask(
    counter: &Arc<Counter>,
    go: &Go,
    ended: Vec<StandingEnded>,
    after: Option<String>,
    within: Duration,
) -> Result<StandingTold, StandingError> {
    let instance = with_book(counter, Book::instance).await?;
    let ask = StandingAsk { v: STANDING_VERSION, instance: instance.clone(), ended, after };
    let path = format!("/v1/relays/{}/standing", counter.book.store());
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
        .insert(header::AUTHORIZATION, go.bearer().ok_or(StandingError::Status(StatusCode::UNAUTHORIZED))?);
    let body = serde_json::to_vec(&ask)?;
    let answer = counter.upstream.pass((Method::POST, &path), &headers, body, within).await;
    let answer = answer.map_err(|_| StandingError::OutOfReach)?;
    if !answer.status().is_success() {
        return Err(StandingError::Status(answer.status()));
    }
    let body = routes::read(answer, TOLD_BYTES_MAX).await.map_err(|_| StandingError::OutOfReach)?;
    let told: StandingTold = serde_json::from_slice(&body)?;
    let heard = told.clone();
    with_book(counter, move |book| book.hear_standing(&instance, &heard)).await?;
    Ok(told)
}

async fn with_book<T: Send + 'static>(
    counter: &Arc<Counter>,
    job: impl FnOnce(&Book) -> Result<T, BookError> + Send + 'static,
) -> Result<T, StandingError> {
    let counter = counter.clone();
    Ok(tokio::task::spawn_blocking(move || job(&counter.book)).await??)
}
