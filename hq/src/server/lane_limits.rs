//! How much one lane may ask of HQ or of its store's relay. An honest lane
//! comes not near it; who comes beyond is told to come back, which every agent
//! understands as "later".
//!
//! A key has 256 bits by chance: nobody finds one by trying, so wrong ones are
//! refused, and counted nowhere. A whole store stands behind one address, and
//! what one of its machines tries must not keep the others waiting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::Refusal;
use super::routes::bearer;
use crate::access::limit::Limiter;
use crate::secret::SecretHash;

/// Requests that a lane may send at once: a basket of questions, a push for each sale and a page of goods are some ten a
/// second at the busiest counter, and a backlog of 10,000 sales is some thirty.
pub const LANE_BURST: i64 = 400;

/// Requests a second that a lane may go on sending.
pub const LANE_PER_SECOND: i64 = 100;

/// Pictures and pieces of snapshots that a lane may get at once. It gets thousands of them when its store opens, one after
/// the other.
pub const FILES_BURST: i64 = 2_000;

/// Pictures and pieces of snapshots a second that a lane may go on getting.
pub const FILES_PER_SECOND: i64 = 500;

/// What lanes have left.
#[derive(Debug)]
pub(crate) struct LaneLimits {
    lanes: Mutex<Limiter>,
    files: Mutex<Limiter>,
    /// Time is counted from here: a clock that is set right keeps nobody waiting.
    began: Instant,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            lanes: Mutex::new(Limiter::of(LANE_BURST, LANE_PER_SECOND)),
            files: Mutex::new(Limiter::of(FILES_BURST, FILES_PER_SECOND)),
            began: Instant::now(),
        }
    }
}

impl LaneLimits {
    /// Lets a request with a key through. A lane is known by its key: what another sends in its name takes nothing of its own.
    fn admit(&self, path: &str, key: &str, now_ms: i64) -> Result<(), Refusal> {
        let is_file = path.starts_with("/v1/pictures/") || path.starts_with("/v1/snapshot/");
        let limiter = if is_file { &self.files } else { &self.lanes };
        let hash = SecretHash::of(key);
        let name: String = hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.admit(&name, now_ms).map_err(Refusal::TooMany)
    }

    /// Milliseconds since it began to count.
    fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// Stands around every route of a lane.
pub(crate) async fn bounded(State(limits): State<Arc<LaneLimits>>, request: Request, next: Next) -> Response {
    let admitted = match bearer(request.headers()) {
        Ok(key) => limits.admit(request.uri().path(), &key, limits.now_ms()),
        // The route says so itself.
        Err(_) => Ok(()),
    };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000;

    /// How many of so many requests get through at once.
    fn through(most: i64, mut request: impl FnMut() -> Result<(), Refusal>) -> i64 {
        (0..most).filter(|_| request().is_ok()).count().try_into().expect("a small number")
    }

    #[test]
    fn a_lane_has_a_burst_and_then_so_many_a_second_and_files_beside_it() {
        let limits = LaneLimits::default();
        let ask = |key: &str, now_ms| limits.admit("/v1/lanes/S1/1/ask", key, now_ms);
        assert_eq!(through(1_000, || ask("a", NOW_MS)), LANE_BURST);
        assert!(matches!(ask("a", NOW_MS), Err(Refusal::TooMany(1))));
        assert_eq!(through(1_000, || ask("b", NOW_MS)), LANE_BURST, "another lane has its own");
        assert_eq!(through(1_000, || ask("a", NOW_MS + 1_000)), LANE_PER_SECOND);
        let file = || limits.admit("/v1/pictures/abc", "a", NOW_MS);
        assert_eq!(through(5_000, file), FILES_BURST);
    }
}
