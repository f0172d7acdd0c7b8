//! HQ as a relay reaches it: requests passed on as they came, and whether
//! there is a line at all.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use chrono::Utc;
use reqwest::{Certificate, Client, Url};
use tracing::{info, warn};

/// How long a connection to HQ may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request may take as a whole: a batch over a slow line.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(110);

/// How long a line of hints lives.
pub const HINTS_LIFE: Duration = Duration::from_secs(3_600);

/// How long a question waits for HQ. The lane's agent waits 1.2 s for both of us.
pub const ASK_TIMEOUT: Duration = Duration::from_millis(800);

/// How often HQ is looked for while it is out of reach.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(3);

/// What is passed on of a request.
const PASSED: [HeaderName; 4] = [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT, header::RANGE];

/// What is passed back of an answer.
const PASSED_BACK: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::CACHE_CONTROL,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
];

/// Why HQ cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The address is not one.
    #[error("read the address of HQ {0:?}: http://HOST:PORT or https://HOST is needed")]
    Address(String),
    /// The root cannot be read.
    #[error("read {}: a PEM file with the certificate that HQ's is signed with is needed", path.display())]
    Root {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No HTTP client.
    #[error("set up HTTP")]
    Client(#[from] reqwest::Error),
}

/// HQ did not answer.
#[derive(Debug)]
pub struct OutOfReach;

/// HQ, and whether it answered last.
pub struct Upstream {
    client: Client,
    base: String,
    is_up: AtomicBool,
    /// When it answered last, milliseconds UTC; 0 where it never did.
    answered_ms: AtomicI64,
}

impl Upstream {
    /// Takes the base of HQ's routes, and a root of one's own.
    pub fn new(address: &str, root: Option<&Path>) -> Result<Self, UpstreamError> {
        // Where the program around it has installed one, that one serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let refuse = || UpstreamError::Address(address.to_owned());
        let base = address.trim().trim_end_matches('/').to_owned();
        let url = Url::parse(&base).map_err(|_| refuse())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().unwrap_or_default().is_empty() {
            return Err(refuse());
        }
        let mut builder =
            Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(reqwest::redirect::Policy::none());
        if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            builder = builder.no_proxy();
        }
        if let Some(path) = root {
            let wrong = |source| UpstreamError::Root { path: path.to_owned(), source };
            let pem = std::fs::read(path).map_err(|error| wrong(error.into()))?;
            let roots = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.into()))?;
            builder = builder.tls_certs_merge(roots);
        }
        Ok(Self {
            client: builder.build()?,
            base,
            // The first request says.
            is_up: AtomicBool::new(true),
            answered_ms: AtomicI64::new(0),
        })
    }

    /// The base of HQ's routes, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// Whether it answered the last request.
    pub fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// When it answered last, milliseconds UTC; `None` before it ever did.
    pub fn answered_ms(&self) -> Option<i64> {
        Some(self.answered_ms.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }

    /// Passes a request on. Any answer is an answer; one that says that HQ's
    /// own door is shut (502, 504) is none.
    pub async fn pass(
        &self,
        (method, path): (Method, &str),
        headers: &HeaderMap,
        body: Vec<u8>,
        within: Duration,
    ) -> Result<reqwest::Response, OutOfReach> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).timeout(within);
        for name in PASSED {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        let answered = request.body(body).send().await;
        let is_up = answered.as_ref().is_ok_and(|answer| {
            !matches!(answer.status(), StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT)
        });
        self.note(is_up, answered.as_ref().err());
        if !is_up {
            return Err(OutOfReach);
        }
        answered.map_err(|_| OutOfReach)
    }

    fn note(&self, is_up: bool, error: Option<&reqwest::Error>) {
        if is_up {
            self.answered_ms.store(Utc::now().timestamp_millis(), Ordering::Relaxed);
        }
        match (self.is_up.swap(is_up, Ordering::Relaxed), is_up) {
            (false, true) => info!(hq = self.base, "HQ is reached again"),
            (true, false) => {
                let reason = error.map(ToString::to_string).unwrap_or_default();
                warn!(hq = self.base, reason, "HQ is out of reach; lanes are answered from here");
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Looks whether HQ is there, where it was not.
    pub async fn look(&self) {
        if !self.is_up() {
            let none = HeaderMap::new();
            drop(self.pass((Method::GET, "/healthz"), &none, Vec::new(), CONNECT_TIMEOUT).await);
        }
    }
}

/// Gives HQ's answer back as it comes.
pub fn passed_back(answer: reqwest::Response) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    for name in PASSED_BACK {
        if let Some(value) = answer.headers().get(&name) {
            let value: HeaderValue = value.clone();
            response.headers_mut().insert(name, value);
        }
    }
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    response
}
