//! Tells lanes that the reference moved, and nothing else: a hint that is lost
//! is made up for by the lane's timer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::stream;
use tokio::sync::{Semaphore, watch};
use tokio::time::MissedTickBehavior;
use tracing::warn;

use super::Desk;
use super::refusal::Refusal;

/// Lanes that hear hints at one time from one HQ process; each costs a few
/// tens of KiB.
pub const LISTENERS_MAX: usize = 20_000;

/// How often the reference is looked at: another process may have moved it.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Something is said at least so often, so that a broken line is noticed.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Who listens, and what they are told.
pub(super) struct Hints {
    /// The newest version; `None` when the server ends.
    version: watch::Sender<Option<u64>>,
    places: Arc<Semaphore>,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self { version: watch::Sender::new(Some(0)), places: Arc::new(Semaphore::new(LISTENERS_MAX)) }
    }

    /// An answer that lasts: the version now, and each one that follows.
    pub(super) fn hear(&self) -> Result<Response, Refusal> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
        let mut version = self.version.subscribe();
        version.mark_changed();
        let lines = stream::unfold((version, place), |(mut version, place)| async move {
            let line = match tokio::time::timeout(HEARTBEAT, version.changed()).await {
                Ok(Ok(())) => (*version.borrow_and_update()).map(|version| format!("data: {version}\n\n"))?,
                Ok(Err(_)) => return None,
                Err(_) => ": still here\n\n".to_owned(),
            };
            Some((Ok::<_, Infallible>(line), (version, place)))
        });
        let mut answer = Response::new(Body::from_stream(lines));
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(answer)
    }

    /// Lets everybody who listens go.
    pub(super) fn end(&self) {
        self.version.send_replace(None);
    }

    /// Who listens now.
    pub(super) fn listeners(&self) -> usize {
        LISTENERS_MAX - self.places.available_permits()
    }

    /// The newest version that was seen.
    pub(super) fn version(&self) -> u64 {
        self.version.borrow().unwrap_or(0)
    }

    fn tell(&self, found: u64) {
        self.version.send_if_modified(|told| {
            let moved = told.is_some_and(|told| told != found);
            if moved {
                *told = Some(found);
            }
            moved
        });
    }
}

/// Looks at the reference again and again.
pub(super) async fn look(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        look_once(&desk).await;
    }
}

/// Looks at the reference and tells who listens when it moved.
pub(super) async fn look_once(desk: &Arc<Desk>) {
    let asking = desk.clone();
    let found = tokio::task::spawn_blocking(move || asking.store.read(|reading| reading.reference_version()));
    match found.await {
        Ok(Ok(version)) => desk.hints.tell(version),
        // The next look may find it; the timers of the lanes go on.
        Ok(Err(error)) => warn!(%error, "the reference cannot be looked at"),
        Err(error) => warn!(%error, "the reference cannot be looked at"),
    }
}
