//! How much one lane may ask of HQ or of its store's relay, and how many wrong
//! keys one address may bring. An honest lane comes near neither; who comes
//! beyond is told to come back, which every agent understands as "later".

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::refusal::{Refusal, WrongKey};
use super::routes::{bearer, now_ms};
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

/// Requests with wrong keys that an address may send at once. A relay or a router stands for a whole store, of which an HQ
/// that was put back from a copy may know no key.
pub const WRONG_KEYS_BURST: i64 = 200;

/// Requests with wrong keys a second that an address may go on sending.
pub const WRONG_KEYS_PER_SECOND: i64 = 20;

/// What lanes and addresses have left.
#[derive(Debug)]
pub(crate) struct LaneLimits {
    lanes: Mutex<Limiter>,
    files: Mutex<Limiter>,
    wrong_keys: Mutex<Limiter>,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            lanes: Mutex::new(Limiter::of(LANE_BURST, LANE_PER_SECOND)),
            files: Mutex::new(Limiter::of(FILES_BURST, FILES_PER_SECOND)),
            wrong_keys: Mutex::new(Limiter::of(WRONG_KEYS_BURST, WRONG_KEYS_PER_SECOND)),
        }
    }
}

fn locked(limiter: &Mutex<Limiter>) -> MutexGuard<'_, Limiter> {
    limiter.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LaneLimits {
    /// Lets a request with a key through. A lane is known by its key: what another sends in its name takes nothing of its own.
    fn admit(&self, path: &str, key: &str, now_ms: i64) -> Result<(), Refusal> {
        let is_file = path.starts_with("/v1/pictures/") || path.starts_with("/v1/snapshot/");
        let limiter = if is_file { &self.files } else { &self.lanes };
        let hash = SecretHash::of(key);
        let name: String = hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        locked(limiter).admit(&name, now_ms).map_err(Refusal::TooMany)
    }

    /// Counts a wrong key of an address; says how long it waits where it brought too many. Right keys from there are served
    /// all the while: a store's lanes may share an address.
    fn note_wrong(&self, peer: SocketAddr, now_ms: i64) -> Result<(), Refusal> {
        locked(&self.wrong_keys).admit(&peer.ip().to_string(), now_ms).map_err(Refusal::TooMany)
    }
}

/// Stands around every route of a lane.
pub(crate) async fn bounded(
    State(limits): State<Arc<LaneLimits>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = match bearer(request.headers()) {
        Ok(key) => limits.admit(request.uri().path(), &key, now_ms()),
        // The route says so itself.
        Err(_) => Ok(()),
    };
    if let Err(refusal) = admitted {
        return refusal.into_response();
    }
    let answer = next.run(request).await;
    // What a relay passes on from HQ says it by its status alone.
    let is_wrong =
        answer.status() == StatusCode::UNAUTHORIZED || answer.extensions().get::<WrongKey>().is_some();
    if is_wrong && let Err(refusal) = limits.note_wrong(peer, now_ms()) {
        return refusal.into_response();
    }
    answer
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

    #[test]
    fn an_address_has_so_many_wrong_keys() {
        let limits = LaneLimits::default();
        let wrong = |from: [u8; 4], now_ms| limits.note_wrong((from, 7).into(), now_ms);
        assert_eq!(through(1_000, || wrong([10, 0, 0, 1], NOW_MS)), WRONG_KEYS_BURST);
        assert!(wrong([10, 0, 0, 2], NOW_MS).is_ok(), "another address has its own");
        assert_eq!(through(1_000, || wrong([10, 0, 0, 1], NOW_MS + 1_000)), WRONG_KEYS_PER_SECOND);
    }
}
