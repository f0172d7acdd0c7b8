//! The requests to HQ, and what their answers mean. One request each; trying
//! again is the core's business.

use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use protocol::ask::{Answer, FRAME_BYTES_MAX, HQ_ANSWER_WITHIN_MS, Question};
use protocol::enrol::{EnrolLook, EnrolRefusal, EnrolRequest, Enrolment, Invited};
use protocol::head::PublicKey;
use protocol::problem::Problem;
use protocol::pull::snapshot::{PIECE_BYTES_MAX, SnapshotOffer};
use protocol::pull::{Change, Entity, PAGE_BYTES_MAX, PAGE_CHANGES_MAX, PICTURE_BYTES_MAX, PageHead};
use protocol::push::{PushAnswer, PushRefusal};
use protocol::shelf::{ShelfAnswer, ShelfReport, VersionInUse};
use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing::info;

use crate::place::Settings;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The same to the relay, which stands in the store.
const RELAY_CONNECT_TIMEOUT: Duration = Duration::from_millis(700);

/// How long a relay that was not there is not asked again.
const RELAY_REST_MS: i64 = 5_000;

/// What stands before a relay's own routes for copies of journals.
const COPY: &str = "copy";

/// How long a request may take as a whole: a batch of 16 MiB over a slow line.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// How long one line for hints is used: HQ may be another one behind a
/// balancer by then.
const HINTS_LIFE: Duration = Duration::from_secs(3_600);

/// HQ says something at least every twenty seconds; after so long the line is
/// broken without anybody knowing.
const HINTS_SILENCE_MAX: Duration = Duration::from_secs(60);

/// The longest hint.
const HINT_LENGTH_MAX: usize = 64;

/// The most bytes of an answer that is one JSON object.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// The largest zstd window that is accepted, as a power of two.
pub(crate) const WINDOW_LOG_MAX: u32 = 27;

/// Why HQ cannot be talked to at all.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is not one.
    #[error("read the address of HQ {0:?}: http://HOST:PORT or https://HOST is needed")]
    Address(String),
    /// A root of the chain's own cannot be read.
    #[error("read {}: a PEM file with a certificate is needed", path.display())]
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

/// What is wrong with HQ's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateWrong {
    /// It is of another name.
    Name,
    /// It is not valid now: it has ended or not begun, or this machine's clock is off.
    Time,
    /// Nobody whom this machine trusts has signed it, or it is none that can be read.
    Signer,
}

/// Why a request has no good answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No answer, or one that says to come back.
    #[error("reach HQ: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
        /// Milliseconds that HQ asked to wait; 0 where it did not.
        wait_ms: i64,
    },
    /// Somebody answers whose certificate is not taken.
    #[error("reach HQ: {reason}")]
    Certificate {
        /// What is wrong with it.
        wrong: CertificateWrong,
        /// What happened.
        reason: String,
    },
    /// HQ has no such route: it is older than this program.
    #[error("ask HQ: it is older than this program")]
    OldHq,
    /// HQ refuses a push or the key.
    #[error(transparent)]
    Push(#[from] PushRefusal),
    /// HQ refuses an enrolment.
    #[error(transparent)]
    Enrol(#[from] EnrolRefusal),
    /// The answer cannot be read.
    #[error("read HQ's answer: {0}")]
    Form(String),
}

/// A page of the reference, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its first line.
    pub head: PageHead,
    /// Its changes that this program knows.
    pub changes: Vec<Change>,
    /// How many changes are of kinds that this program does not know; a newer
    /// one pulls them when it begins anew.
    pub unknown: usize,
}

/// Where HQ is, and how to ask it: through the store's relay where there is
/// one, by itself where that is not there.
#[derive(Clone)]
pub struct Hq {
    relay: Option<Way>,
    direct: Way,
    clock: Apart,
}

/// An answer that took longer says too little about the time, milliseconds.
const CLOCK_TRIP_MAX_MS: i64 = 4_000;

/// By how much this machine's clock is ahead of whoever answered last, HQ or the store's relay: they say the second
/// (RFC 9110, 6.6.1).
#[derive(Debug, Clone, Default)]
struct Apart(Arc<Mutex<Option<i64>>>);

impl Apart {
    fn hear(&self, answer: &Response, asked_ms: i64, heard_ms: i64) {
        let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
        let trip_ms = heard_ms - asked_ms;
        // A clock that was set meanwhile makes a trip of any length, also below nothing.
        let Some(said) = date.filter(|_| (0..=CLOCK_TRIP_MAX_MS).contains(&trip_ms)) else { return };
        let Ok(said) = chrono::DateTime::parse_from_rfc2822(said) else { return };
        let apart_ms = asked_ms + trip_ms / 2 - (said.timestamp_millis() + HALF_A_SECOND_MS);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(apart_ms);
    }
}

/// Who says the second is on average half of one into it.
const HALF_A_SECOND_MS: i64 = 500;

/// One way to HQ.
#[derive(Clone)]
struct Way {
    client: Client,
    base: Url,
    begun: Instant,
    /// Until when it is not gone, milliseconds since `begun`.
    rests_until_ms: Arc<AtomicI64>,
}

impl Way {
    fn new(address: &str, roots: &[Certificate], connect_timeout: Duration) -> Result<Self, ConnectError> {
        let refuse = || ConnectError::Address(address.to_owned());
        let base = Url::parse(&format!("{}/", address.trim().trim_end_matches('/'))).map_err(|_| refuse())?;
        let host = base.host_str().unwrap_or_default();
        if !matches!(base.scheme(), "http" | "https") || host.is_empty() {
            return Err(refuse());
        }
        let mut builder = Client::builder()
            .connect_timeout(connect_timeout)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        if !roots.is_empty() {
            builder = builder.tls_certs_merge(roots.iter().cloned());
        }
        if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            builder = builder.no_proxy();
        }
        Ok(Self { client: builder.build()?, base, begun: Instant::now(), rests_until_ms: Arc::default() })
    }

    fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    fn url(&self, route: &str) -> String {
        format!("{}/{route}", self.address())
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn rests(&self) -> bool {
        self.now_ms() < self.rests_until_ms.load(Ordering::Relaxed)
    }

    fn rest(&self) {
        self.rests_until_ms.store(self.now_ms().saturating_add(RELAY_REST_MS), Ordering::Relaxed);
    }
}

/// Whether somebody waits for the answer at the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Haste {
    /// What the relay says is the answer, also that HQ is out of reach.
    Counter,
    /// Every way is tried.
    Background,
}

impl Hq {
    /// Takes the base of HQ's routes, `http` or `https`.
    pub fn new(address: &str) -> Result<Self, ConnectError> {
        Self::of(&Settings { hq: address.to_owned(), relay: None, ca: None, pictures_mib: None })
    }

    /// Takes what the settings of an agent say.
    pub fn of(settings: &Settings) -> Result<Self, ConnectError> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Where the program around it has installed one, that one serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let roots = match &settings.ca {
            Some(path) => {
                let wrong = |source| ConnectError::Root { path: path.clone(), source };
                let pem = std::fs::read(path).map_err(|error| wrong(error.into()))?;
                let roots = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.into()))?;
                if roots.is_empty() {
                    return Err(wrong("there is none in it".into()));
                }
                roots
            }
            None => Vec::new(),
        };
        let relay = settings.relay.as_deref().map(|relay| Way::new(relay, &roots, RELAY_CONNECT_TIMEOUT));
        let direct = Way::new(&settings.hq, &roots, CONNECT_TIMEOUT)?;
        Ok(Self { relay: relay.transpose()?, direct, clock: Apart::default() })
    }

    /// The base of HQ's routes, without a slash at the end.
    pub fn address(&self) -> &str {
        self.direct.address()
    }

    /// The relay itself, where it takes copies of journals; `None` where the
    /// store has none.
    pub fn relay(&self) -> Option<Self> {
        let relay = self.relay.as_ref()?;
        let base = Url::parse(&format!("{}/", relay.url(COPY))).ok()?;
        Some(Self { relay: None, direct: Way { base, ..relay.clone() }, clock: Apart::default() })
    }

    /// By how much this machine's clock was ahead of HQ's, or of the relay's that answered for it, at the last answer;
    /// milliseconds, to a second or two. `None` before the first.
    pub fn apart_ms(&self) -> Option<i64> {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request by the first way that answers, and hears what time it is there.
    async fn send(
        &self,
        haste: Haste,
        route: &str,
        make: impl Fn(&Client, String) -> RequestBuilder,
    ) -> Result<Response, RequestError> {
        let now_ms = || chrono::Utc::now().timestamp_millis();
        let asked_ms = now_ms();
        let answer = self.send_by_any_way(haste, route, make).await?;
        self.clock.hear(&answer, asked_ms, now_ms());
        Ok(answer)
    }

    async fn send_by_any_way(
        &self,
        haste: Haste,
        route: &str,
        make: impl Fn(&Client, String) -> RequestBuilder,
    ) -> Result<Response, RequestError> {
        if let Some(relay) = self.relay.as_ref().filter(|relay| !relay.rests()) {
            match make(&relay.client, relay.url(route)).send().await {
                // A relay that has no line to HQ: this lane may have one of its own.
                Ok(answer)
                    if haste == Haste::Background && answer.status() == StatusCode::SERVICE_UNAVAILABLE =>
                {
                    let tried = make(&self.direct.client, self.direct.url(route)).send().await;
                    return Ok(tried.unwrap_or(answer));
                }
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    relay.rest();
                    let error = unreachable(error);
                    info!(relay = relay.address(), %error, "the store's relay is not reached");
                }
            }
        }
        make(&self.direct.client, self.direct.url(route)).send().await.map_err(unreachable)
    }

    /// Exchanges a one-time code for an identity and a key; HQ is told the key
    /// that it will check the lane's signatures with.
    pub async fn enrol(&self, code: &str, public_key: &PublicKey) -> Result<Enrolment, RequestError> {
        let request =
            EnrolRequest { code: code.to_owned(), public_key: Some(public_key.to_string()), relay: false };
        let answer =
            self.send(Haste::Background, "v1/enrol", |client, url| client.post(url).json(&request)).await?;
        let status = answer.status();
        let body = read(answer, ANSWER_BYTES_MAX).await?;
        if status.is_success() {
            return parse(&body);
        }
        match serde_json::from_slice::<EnrolRefusal>(&body) {
            Ok(refusal) => Err(refusal.into()),
            Err(_) => Err(come_back(status, 0)),
        }
    }

    /// Asks what a one-time code is for; it is not spent.
    pub async fn look(&self, code: &str) -> Result<Invited, RequestError> {
        let request = EnrolLook { code: code.to_owned() };
        let looked =
            self.send(Haste::Background, "v1/enrol/look", |client, url| client.post(url).json(&request));
        let answer = looked.await?;
        let status = answer.status();
        let body = read(answer, ANSWER_BYTES_MAX).await?;
        if status.is_success() {
            return parse(&body);
        }
        match serde_json::from_slice::<EnrolRefusal>(&body) {
            Ok(refusal) => Err(refusal.into()),
            Err(_) if matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => {
                Err(RequestError::OldHq)
            }
            Err(_) => Err(come_back(status, 0)),
        }
    }

    /// Asks how far HQ has filed an epoch of the lane's journal.
    pub async fn position(&self, lane: &LaneKey, epoch: u32) -> Result<PushAnswer, RequestError> {
        let route = format!("v1/lanes/{}/{}/position?epoch={epoch}", lane.store, lane.lane);
        let asked = self
            .send(Haste::Background, &route, |client, url| client.get(url).bearer_auth(&lane.key))
            .await?;
        push_answer(asked).await
    }

    /// Sends a compressed batch.
    pub async fn push(&self, lane: &LaneKey, batch: Vec<u8>) -> Result<PushAnswer, RequestError> {
        let route = format!("v1/lanes/{}/{}/events", lane.store, lane.lane);
        let sent = self
            .send(Haste::Background, &route, |client, url| {
                client
                    .post(url)
                    .bearer_auth(&lane.key)
                    .header(header::CONTENT_TYPE, "application/zstd")
                    .body(batch.clone())
            })
            .await?;
        push_answer(sent).await
    }

    /// Asks for a lane what cannot wait: the answer comes in
    /// [`HQ_ANSWER_WITHIN_MS`], or not at all.
    pub async fn ask(&self, lane: &LaneKey, question: &Question) -> Result<Answer, RequestError> {
        let route = format!("v1/lanes/{}/{}/ask", lane.store, lane.lane);
        let answer = self
            .send(Haste::Counter, &route, |client, url| {
                let within = Duration::from_millis(HQ_ANSWER_WITHIN_MS);
                client.post(url).bearer_auth(&lane.key).json(question).timeout(within)
            })
            .await?;
        let (status, wait_ms) = (answer.status(), wait_ms(&answer));
        if status.is_success() {
            return parse(&read(answer, FRAME_BYTES_MAX).await?);
        }
        match status {
            StatusCode::UNAUTHORIZED => Err(PushRefusal::Unauthorised.into()),
            _ => Err(come_back(status, wait_ms)),
        }
    }

    /// Gets a picture of goods; `None` where HQ has none of this name any more.
    pub async fn picture(&self, lane: &LaneKey, sha256: &str) -> Result<Option<Vec<u8>>, RequestError> {
        let route = format!("v1/pictures/{sha256}");
        let ask = |client: &Client, url: String| client.get(url).bearer_auth(&lane.key);
        let answer = self.send(Haste::Background, &route, ask).await?;
        match picture_answer(answer).await {
            // A relay that is older than HQ.
            Err(RequestError::OldHq) if self.relay.is_some() => {
                let asked = ask(&self.direct.client, self.direct.url(&route)).send().await;
                picture_answer(asked.map_err(unreachable)?).await
            }
            got => got,
        }
    }

    /// Hears HQ's hints until the line ends; `hear` is told each version, and
    /// says whether anybody listens.
    pub async fn hints(&self, lane: &LaneKey, mut hear: impl FnMut(u64) -> bool) -> Result<(), RequestError> {
        let mut answer = self
            .send(Haste::Background, "v1/hints", |client, url| {
                client.get(url).bearer_auth(&lane.key).timeout(HINTS_LIFE)
            })
            .await?;
        if !answer.status().is_success() {
            return Err(come_back(answer.status(), wait_ms(&answer)));
        }
        let mut line = Vec::new();
        loop {
            let chunk = tokio::time::timeout(HINTS_SILENCE_MAX, answer.chunk()).await;
            let Some(chunk) = chunk.map_err(|_| silent())?.map_err(unreachable)? else { return Ok(()) };
            for byte in chunk {
                if byte != b'\n' {
                    if line.len() < HINT_LENGTH_MAX {
                        line.push(byte);
                    }
                    continue;
                }
                let text = String::from_utf8_lossy(&line);
                let version = text.strip_prefix("data:").and_then(|data| data.trim().parse().ok());
                if version.is_some_and(|version| !hear(version)) {
                    return Ok(());
                }
                line.clear();
            }
        }
    }

    /// Reports what labels may show, and hears what the store's lanes have.
    pub async fn shelf(&self, lane: &LaneKey, report: &ShelfReport) -> Result<ShelfAnswer, RequestError> {
        let route = format!("v1/lanes/{}/{}/shelf", lane.store, lane.lane);
        let answer = self
            .send(Haste::Background, &route, |client, url| {
                client.post(url).bearer_auth(&lane.key).json(report)
            })
            .await?;
        let (status, wait_ms) = (answer.status(), wait_ms(&answer));
        if status.is_success() {
            return parse(&read(answer, ANSWER_BYTES_MAX).await?);
        }
        match status {
            StatusCode::UNAUTHORIZED => Err(PushRefusal::Unauthorised.into()),
            _ => Err(come_back(status, wait_ms)),
        }
    }

    /// Says which version of the reference the lane has in use.
    pub async fn in_use(&self, lane: &LaneKey, version: u64) -> Result<(), RequestError> {
        let route = format!("v1/lanes/{}/{}/version", lane.store, lane.lane);
        let said = VersionInUse { version };
        let answer = self
            .send(Haste::Background, &route, |client, url| {
                client.post(url).bearer_auth(&lane.key).json(&said)
            })
            .await?;
        if answer.status().is_success() { Ok(()) } else { Err(come_back(answer.status(), 0)) }
    }

    /// Gets the page of the reference after a version, compressed.
    pub async fn page(&self, lane: &LaneKey, after: u64, told: PageTold) -> Result<Vec<u8>, RequestError> {
        let PageTold { in_use, began, journal, takes_snapshot } = told;
        let mut route =
            format!("v1/reference?after={after}&limit={PAGE_CHANGES_MAX}&in_use={in_use}&began={began}");
        if let Some((epoch, last)) = journal {
            route.push_str(&format!("&epoch={epoch}&last={last}"));
        }
        if takes_snapshot {
            route.push_str("&snapshot=true");
        }
        let answer = self
            .send(Haste::Background, &route, |client, url| client.get(url).bearer_auth(&lane.key))
            .await?;
        let (status, wait_ms) = (answer.status(), wait_ms(&answer));
        if status.is_success() {
            return read(answer, PAGE_BYTES_MAX).await;
        }
        match status {
            StatusCode::UNAUTHORIZED => Err(PushRefusal::Unauthorised.into()),
            _ => Err(come_back(status, wait_ms)),
        }
    }

    /// Asks which files are to be taken where there is much to get. HQ may make
    /// them first.
    pub async fn snapshot_offer(&self, lane: &LaneKey) -> Result<SnapshotOffer, RequestError> {
        let answer = self
            .send(Haste::Background, "v1/snapshot", |client, url| client.get(url).bearer_auth(&lane.key))
            .await?;
        let (status, wait_ms) = (answer.status(), wait_ms(&answer));
        match status {
            StatusCode::OK => parse(&read(answer, ANSWER_BYTES_MAX).await?),
            StatusCode::UNAUTHORIZED => Err(PushRefusal::Unauthorised.into()),
            // A relay that is older than HQ.
            StatusCode::NOT_FOUND => Err(RequestError::Form("there is no such route".to_owned())),
            _ => Err(come_back(status, wait_ms)),
        }
    }

    /// Gets the next bytes of a file after the first `from`, at most so many;
    /// `None` where there is no such file any more.
    pub async fn snapshot_piece(
        &self,
        lane: &LaneKey,
        sha256: &str,
        from: u64,
        most: u64,
    ) -> Result<Option<Vec<u8>>, RequestError> {
        let most = most.clamp(1, PIECE_BYTES_MAX);
        let range = format!("bytes={from}-{}", from.saturating_add(most - 1));
        let answer = self
            .send(Haste::Background, &format!("v1/snapshot/{sha256}"), |client, url| {
                client.get(url).bearer_auth(&lane.key).header(header::RANGE, &range)
            })
            .await?;
        let (status, wait_ms) = (answer.status(), wait_ms(&answer));
        match status {
            StatusCode::PARTIAL_CONTENT => {}
            StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE => return Ok(None),
            StatusCode::UNAUTHORIZED => return Err(PushRefusal::Unauthorised.into()),
            _ => return Err(come_back(status, wait_ms)),
        }
        let said = answer.headers().get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
        if !said.is_some_and(|said| said.starts_with(&format!("bytes {from}-"))) {
            return Err(RequestError::Form(format!("other bytes of a file than those from {from} on")));
        }
        let piece = read(answer, usize::try_from(most).unwrap_or(usize::MAX)).await?;
        if piece.is_empty() {
            return Err(RequestError::Form("a piece of a file without bytes".to_owned()));
        }
        Ok(Some(piece))
    }
}

/// What HQ is told with the wish for a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageTold {
    /// The version that the lane has in use.
    pub in_use: u64,
    /// The version that its first page of this pull was asked after.
    pub began: u64,
    /// How far its journal is: epoch and last number, where that is known.
    pub journal: Option<(u32, u64)>,
    /// It takes files where there is much to get.
    pub takes_snapshot: bool,
}

/// Who asks.
#[derive(Clone)]
pub struct LaneKey {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The lane's secret.
    pub key: String,
}

/// Inflates a page and takes it apart. Blocks for as long as that takes.
pub fn parse_page(compressed: &[u8]) -> Result<Page, RequestError> {
    let form = |error: &dyn std::fmt::Display| RequestError::Form(error.to_string());
    let mut decoder = zstd::stream::read::Decoder::with_buffer(compressed).map_err(|error| form(&error))?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(|error| form(&error))?;
    let mut body = Vec::new();
    decoder.take(PAGE_BYTES_MAX as u64 + 1).read_to_end(&mut body).map_err(|error| form(&error))?;
    if body.len() > PAGE_BYTES_MAX {
        return Err(RequestError::Form(format!("a page of more than {PAGE_BYTES_MAX} bytes")));
    }
    let mut lines = body.split(|byte| *byte == b'\n');
    let head: PageHead = parse(lines.next().unwrap_or_default())?;
    let (mut changes, mut unknown) = (Vec::new(), 0);
    for line in lines {
        if changes.len() + unknown == PAGE_CHANGES_MAX {
            return Err(RequestError::Form(format!("a page of more than {PAGE_CHANGES_MAX} changes")));
        }
        match serde_json::from_slice(line) {
            Ok(change) => changes.push(change),
            Err(_) if is_of_unknown_kind(line) => unknown += 1,
            Err(error) => return Err(form(&error)),
        }
    }
    Ok(Page { head, changes, unknown })
}

/// Whether a change is of a kind that was made after this program.
pub(crate) fn is_of_unknown_kind(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct OfAnyKind {
        kind: String,
    }
    serde_json::from_slice::<OfAnyKind>(line)
        .is_ok_and(|change| !Entity::KINDS.contains(&change.kind.as_str()))
}

async fn push_answer(answer: Response) -> Result<PushAnswer, RequestError> {
    let (status, wait_ms) = (answer.status(), wait_ms(&answer));
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(come_back(status, wait_ms));
    }
    let body = read(answer, ANSWER_BYTES_MAX).await?;
    if status.is_success() {
        return parse(&body);
    }
    match serde_json::from_slice::<PushRefusal>(&body) {
        Ok(refusal) => Err(refusal.into()),
        Err(_) => Err(come_back(status, wait_ms)),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, RequestError> {
    serde_json::from_slice(body).map_err(|error| RequestError::Form(error.to_string()))
}

/// Reads a body up to a bound, whatever its length says.
async fn read(mut answer: Response, bytes_max: usize) -> Result<Vec<u8>, RequestError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(RequestError::Form(format!("an answer of more than {bytes_max} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A picture, or that there is none; who has no such route is older than pictures.
async fn picture_answer(answer: Response) -> Result<Option<Vec<u8>>, RequestError> {
    let (status, wait_ms) = (answer.status(), wait_ms(&answer));
    match status {
        StatusCode::OK => read(answer, PICTURE_BYTES_MAX as usize).await.map(Some),
        StatusCode::NOT_FOUND => {
            let body = read(answer, ANSWER_BYTES_MAX).await?;
            let problem = serde_json::from_slice::<Problem>(&body);
            let knows_route = problem.is_ok_and(|problem| problem.kind.ends_with("/unknown"));
            if knows_route { Ok(None) } else { Err(RequestError::OldHq) }
        }
        StatusCode::UNAUTHORIZED => Err(PushRefusal::Unauthorised.into()),
        _ => Err(come_back(status, wait_ms)),
    }
}

fn wait_ms(answer: &Response) -> i64 {
    let value = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = value.and_then(|value| value.parse::<u32>().ok()).unwrap_or(0);
    i64::from(seconds) * 1_000
}

fn come_back(status: StatusCode, wait_ms: i64) -> RequestError {
    RequestError::Unreachable { reason: format!("it answered {status}"), wait_ms }
}

fn silent() -> RequestError {
    RequestError::Unreachable { reason: "it fell silent".to_owned(), wait_ms: 0 }
}

/// The reason without the address, which may be long, and with what lies
/// under it.
fn unreachable(error: reqwest::Error) -> RequestError {
    let error = error.without_url();
    let mut reason = error.to_string();
    let mut wrong = None;
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        wrong = wrong.or_else(|| certificate_wrong(error));
        source = error.source();
    }
    match wrong {
        Some(wrong) => RequestError::Certificate { wrong, reason },
        None => RequestError::Unreachable { reason, wait_ms: 0 },
    }
}

/// What TLS says of a certificate, where this error is about one.
fn certificate_wrong(error: &(dyn std::error::Error + 'static)) -> Option<CertificateWrong> {
    use rustls::CertificateError;
    // An error of a line carries that of TLS within it, not as its source, and may lie in another one.
    if let Some(line) = error.downcast_ref::<std::io::Error>() {
        let within: &(dyn std::error::Error + 'static) = line.get_ref()?;
        return certificate_wrong(within);
    }
    let tls = error.downcast_ref::<rustls::Error>()?;
    match tls {
        rustls::Error::InvalidCertificate(wrong) => Some(match wrong {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                CertificateWrong::Name
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => CertificateWrong::Time,
            _ => CertificateWrong::Signer,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &str) -> Result<Page, RequestError> {
        parse_page(&zstd::encode_all(lines.as_bytes(), 3).expect("zstd"))
    }

    const HEAD: &str = r#"{"through":2,"latest":2,"more":false}"#;

    #[test]
    fn a_kind_of_a_newer_hq_is_passed_over_and_a_damaged_change_is_not() {
        let known = r#"{"version":1,"key":"1","kind":"product","body":null}"#;
        let newer = r#"{"version":2,"key":"x","kind":"voucher","body":{"a":1}}"#;
        let both = page(&format!("{HEAD}\n{known}\n{newer}")).expect("a page");
        assert_eq!((both.changes.len(), both.unknown), (1, 1));
        let damaged = r#"{"version":2,"key":"x","kind":"product","body":{"a":1}}"#;
        assert!(matches!(page(&format!("{HEAD}\n{damaged}")), Err(RequestError::Form(_))));
        for kind in Entity::KINDS {
            let gone = format!(r#"{{"version":1,"key":"1","kind":"{kind}","body":null}}"#);
            assert_eq!(page(&format!("{HEAD}\n{gone}")).expect("a page").changes.len(), 1, "{kind}");
        }
        assert!(matches!(page(""), Err(RequestError::Form(_))));
        assert!(matches!(parse_page(b"not zstd"), Err(RequestError::Form(_))));
    }

    #[test]
    fn a_page_that_inflates_beyond_its_bound_is_refused() {
        let bomb = std::io::Read::take(std::io::repeat(b' '), 2 * PAGE_BYTES_MAX as u64);
        let bomb = zstd::encode_all(bomb, 3).expect("zstd");
        assert!(matches!(parse_page(&bomb), Err(RequestError::Form(_))));
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_found_within_errors_of_the_line() {
        use rustls::CertificateError::{Expired, NotValidForName, NotValidYet, UnknownIssuer};
        for (of_tls, wanted) in [
            (NotValidForName, CertificateWrong::Name),
            (Expired, CertificateWrong::Time),
            (NotValidYet, CertificateWrong::Time),
            (UnknownIssuer, CertificateWrong::Signer),
        ] {
            let tls = rustls::Error::InvalidCertificate(of_tls);
            assert_eq!(certificate_wrong(&tls), Some(wanted));
            // As a client for HTTP hands it on: an error of the line in another one.
            let line = std::io::Error::other(std::io::Error::new(std::io::ErrorKind::InvalidData, tls));
            assert_eq!(certificate_wrong(&line), Some(wanted));
        }
        assert_eq!(certificate_wrong(&std::io::Error::other("the line broke")), None);
    }

    #[test]
    fn an_address_is_http_or_https() {
        assert_eq!(Hq::new("http://127.0.0.1:7070/").expect("an address").address(), "http://127.0.0.1:7070");
        assert!(Hq::new("https://hq.example").is_ok());
        for wrong in ["", "hq.example:7070", "ftp://hq.example", "http://"] {
            assert!(matches!(Hq::new(wrong), Err(ConnectError::Address(_))), "{wrong}");
        }
    }
}
