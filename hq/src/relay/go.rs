//! Scan-and-go in the store: the page is served to phones from goods, prices and promotions that are here, also while HQ is
//! out of reach, and baskets are signed with the relay's own key.
//!
//! What is here comes by the feed that the store's lanes pull, into a database of HQ's form (`goods-1.db`), so that the page
//! is HQ's own ([`crate::server::go`]). Of what the feed tells, only what a price depends on and the keys are kept: nothing
//! of members, people, orders or labels. A whole pull is in use at once, or nothing of it.

mod told;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use protocol::enrol::{EnrolLook, EnrolRequest, Enrolment, Invited, RELAY_LANE};
use protocol::head::{HeadError, PublicKey, SigningKey};
use protocol::problem::Problem;
use protocol::pull::{CodeKey, HQ_KEYS, PAGE_BYTES_MAX, PAGE_CHANGES_MAX, RELAY_KEYS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tracing::{debug, info, warn};

use super::upstream::{REQUEST_TIMEOUT, Upstream, UpstreamError};
use super::{Counter, routes};
use crate::place::{Place, PlaceError};
use crate::scan_go::BASKETS_KEPT_MS;
use crate::server::WAITING_MAX;
use crate::server::gate::Gate;
use crate::server::go::{Phones, Stall};
use crate::server::refusal::{Refusal, chain};
use crate::store::{OpenError, Reading, Store, StoreError};
use told::{Coming, PageError};

/// Who the relay is for HQ, and what it signs with; only its owner reads it.
const KEY_FILE: &str = "relay.key";

/// Goods, prices and keys. The number is that of what is kept of the feed: a program that keeps more begins anew.
const GOODS_FILE: &str = "goods-1.db";

/// What has come of a pull that is not whole.
const COMING_FILE: &str = "goods.coming";

/// How often HQ is asked where no lane was told of anything new: as often as a lane asks.
const PULL_INTERVAL: Duration = Duration::from_secs(10);

/// The longest pause after pulls that failed: each one that follows is twice as long.
const PULL_PAUSE_MAX: Duration = Duration::from_secs(30 * 60);

/// Between two tries of one page.
const PAGE_RETRY: Duration = Duration::from_secs(3);

/// So often a page is asked for before a pull is given up; the next one begins where the goods in use end.
const PAGE_TRIES_MAX: u32 = 20;

/// Phones that are answered at one time.
const PHONES_AT_ONCE: u32 = 8;

/// The most bytes of an answer about an enrolment.
const ENROL_BYTES_MAX: usize = 64 << 10;

/// Why the relay cannot serve phones, or was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The address of HQ or its root cannot be used.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// What it is enrolled as cannot be read.
    #[error("read relay.key: it is damaged; enrol the relay again")]
    Form(#[from] serde_json::Error),
    /// There is no key, or what is there is none.
    #[error(transparent)]
    Key(#[from] HeadError),
    /// The goods cannot be opened.
    #[error(transparent)]
    Goods(#[from] OpenError),
    /// The goods cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is another store's.
    #[error("serve phones: relay.key is of store {found}, not of {wanted}; enrol the relay again")]
    OtherStore {
        /// Whose it is.
        found: String,
        /// Whose relay this is to be.
        wanted: String,
    },
    /// HQ does not answer.
    #[error("enrol the relay: HQ does not answer at {0}")]
    OutOfReach(String),
    /// HQ refused.
    #[error("enrol the relay: HQ says: {0}")]
    Refused(String),
    /// The code is for something else.
    #[error("enrol the relay: this code is for lane {lane} of store {store}; make one with hq enrol --relay")]
    OtherCode {
        /// The store that the code is for.
        store: String,
        /// The lane.
        lane: u32,
    },
    /// HQ said something that cannot be read.
    #[error("enrol the relay: what HQ answers cannot be read; bring HQ up to date first")]
    Answer,
}

/// Who is to be enrolled, where, and with which code.
#[derive(Debug, Clone)]
pub struct EnrolConfig {
    /// The relay's data directory.
    pub data: std::path::PathBuf,
    /// The store's code.
    pub store: String,
    /// The base of HQ's routes.
    pub upstream: String,
    /// A root of the chain's own that HQ's certificate is signed with.
    pub root: Option<std::path::PathBuf>,
    /// The one-time code that HQ made for the relay of this store.
    pub code: String,
}

/// What HQ knows the relay by.
#[derive(Clone, Serialize, Deserialize)]
struct Identity {
    store: String,
    epoch: u32,
    /// The secret that goes into `Authorization: Bearer`.
    key: String,
    /// The secret that baskets are signed with, 64 hexadecimal digits.
    signs: String,
}

/// Enrols the relay of a store, so that it may serve phones. The relay does not run meanwhile.
///
/// # Errors
/// The directory is in use, HQ does not answer or does not take the code.
pub async fn enrol(config: EnrolConfig) -> Result<(), GoError> {
    let EnrolConfig { data, store, upstream, root, code } = config;
    let place = Place::open(&data)?;
    let _held = place.hold()?;
    let upstream = Upstream::new(&upstream, root.as_deref())?;
    // Spends nothing: an HQ that does not know relays would take a lane's code.
    let invited: Invited = ask(&upstream, "/v1/enrol/look", &EnrolLook { code: code.clone() }).await?;
    if invited.lane != RELAY_LANE || invited.store != store {
        return Err(GoError::OtherCode { store: invited.store, lane: invited.lane });
    }
    let (key, signs) = SigningKey::draw()?;
    let request = EnrolRequest { code, public_key: Some(key.public().to_string()), relay: true };
    let enrolled: Enrolment = ask(&upstream, "/v1/enrol", &request).await?;
    let identity = Identity { store, epoch: enrolled.epoch, key: enrolled.key, signs };
    // The versions of what is here may be another HQ's.
    forget_goods(&place)?;
    place.write_private(KEY_FILE, &serde_json::to_string(&identity)?)?;
    Ok(())
}

fn forget_goods(place: &Place) -> Result<(), PlaceError> {
    ["", "-wal", "-shm"].iter().try_for_each(|beside| forget(&place.file(&format!("{GOODS_FILE}{beside}"))))
}

fn open_goods(place: &Place) -> Result<(Store, u64), GoError> {
    let goods = Store::open(&place.file(GOODS_FILE))?;
    let version = goods.read::<_, StoreError>(|reading| reading.reference_version())?;
    Ok((goods, version))
}

fn forget(path: &Path) -> Result<(), PlaceError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(PlaceError::Io { path: path.to_owned(), source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn ask<T: DeserializeOwned>(
    upstream: &Upstream,
    path: &str,
    body: &impl Serialize,
) -> Result<T, GoError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = serde_json::to_vec(body)?;
    let answer = upstream.pass((Method::POST, path), &headers, body, REQUEST_TIMEOUT).await;
    let away = || GoError::OutOfReach(upstream.address().to_owned());
    let answer = answer.map_err(|_| away())?;
    let status = answer.status();
    let body = routes::read(answer, ENROL_BYTES_MAX).await.map_err(|_| away())?;
    if !status.is_success() {
        let problem = serde_json::from_slice::<Problem>(&body);
        return Err(GoError::Refused(problem.map_or_else(|_| status.to_string(), |problem| problem.detail)));
    }
    serde_json::from_slice(&body).map_err(|_| GoError::Answer)
}

/// How the page stands, for people and for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoHealth {
    /// The version of the reference by which prices are told; 0 before the first.
    pub version: u64,
    /// Whether baskets are signed: HQ knows the relay's key and has told lanes.
    pub signs: bool,
}

/// The page of one store, with what it is served from.
pub(super) struct Go {
    identity: Identity,
    /// What the relay's key is known by among those of the feed.
    own: String,
    place: Place,
    goods: Store,
    phones: Phones,
    gate: Gate,
    version: AtomicU64,
    /// HQ does not know the relay any more.
    is_refused: AtomicBool,
    /// A whole catalogue is being put in: until it is there nothing else is written, and no basket signed.
    is_filling: AtomicBool,
    /// A lane was told of something that is not here.
    newer: Notify,
}

impl Go {
    /// Opens what a relay that was enrolled serves phones from; `None` for one that was not.
    pub(super) fn open(place: &Place, store: &str) -> Result<Option<Self>, GoError> {
        let Some(text) = place.read_if_there(KEY_FILE)? else { return Ok(None) };
        let identity: Identity = serde_json::from_str(&text)?;
        if identity.store != store {
            return Err(GoError::OtherStore { found: identity.store, wanted: store.to_owned() });
        }
        let own = format!("{RELAY_KEYS}{}", SigningKey::parse(&identity.signs)?.public());
        forget(&place.file(COMING_FILE))?;
        let (goods, version) = match open_goods(place) {
            Ok(opened) => opened,
            Err(error) => {
                // All of it can be pulled again.
                warn!(error = chain(&error), "goods for phones begin anew");
                forget_goods(place)?;
                open_goods(place)?
            }
        };
        Ok(Some(Self {
            identity,
            own,
            place: place.clone(),
            goods,
            phones: Phones::default(),
            gate: Gate::new(PHONES_AT_ONCE, WAITING_MAX),
            version: AtomicU64::new(version),
            is_refused: AtomicBool::new(false),
            is_filling: AtomicBool::new(false),
            newer: Notify::new(),
        }))
    }

    /// What the relay's own requests bring; `None` where its key is damaged.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("Bearer {}", self.identity.key)).ok()
    }

    /// A lane was told that this is HQ's newest version.
    pub(super) fn heard(&self, latest: u64) {
        if latest != self.version.load(Ordering::Relaxed) {
            self.newer.notify_one();
        }
    }

    /// Lets go of what is old.
    pub(super) fn tend(&self, now_ms: i64) -> Result<u64, StoreError> {
        self.goods.write(|writing| writing.forget_phone_baskets(now_ms - BASKETS_KEPT_MS))
    }

    /// How it stands.
    pub(super) fn health(&self, now_ms: i64) -> GoHealth {
        let signs = self.goods.read(|reading| self.signing(reading, now_ms).map(drop));
        GoHealth { version: self.version.load(Ordering::Relaxed), signs: signs.is_ok() }
    }
}

impl Stall for Go {
    fn store(&self) -> &Store {
        &self.goods
    }

    fn phones(&self) -> &Phones {
        &self.phones
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Those that HQ told its lanes; a link holds as long as it says, also where another key took the place of its own.
    fn link_keys(&self, reading: &Reading<'_>) -> Result<Vec<PublicKey>, Refusal> {
        let mut keys = Vec::new();
        for (_, body) in reading.code_keys("", HQ_KEYS)? {
            let key: CodeKey = serde_json::from_str(&body)?;
            keys.push(PublicKey::parse(&key.public_key).map_err(|error| Refusal::Fault(error.to_string()))?);
        }
        Ok(keys)
    }

    /// Its own, once it came back by the feed: lanes are told by the same one. One that HQ gave an end signs nothing more.
    fn signing(&self, reading: &Reading<'_>, now_ms: i64) -> Result<SigningKey, Refusal> {
        if self.is_refused.load(Ordering::Relaxed) || self.is_filling.load(Ordering::Relaxed) {
            return Err(Refusal::OutOfReach);
        }
        let told = reading.code_keys(&self.identity.store, RELAY_KEYS)?;
        let own = told.into_iter().find(|(key, _)| *key == self.own);
        let own: Option<CodeKey> = own.map(|(_, body)| serde_json::from_str(&body)).transpose()?;
        let holds = own.is_some_and(|key| key.until_ms.is_none() && matches!(key.at(now_ms), Ok(Some(_))));
        if !holds {
            return Err(Refusal::OutOfReach);
        }
        SigningKey::parse(&self.identity.signs).map_err(|error| Refusal::Fault(error.to_string()))
    }
}

/// Why a pull came to nothing; what is in use stays.
#[derive(Debug, thiserror::Error)]
enum PullError {
    #[error("HQ does not answer")]
    OutOfReach,
    #[error("HQ does not know this relay any more: enrol it again")]
    Unauthorised,
    #[error("HQ answers {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error("HQ says to begin anew where nothing was begun")]
    Anew,
    #[error("HQ says that pages follow, and does not go on")]
    Stuck,
    #[error("end the pull")]
    Task(#[from] tokio::task::JoinError),
}

/// Moves what phones are told to HQ's version, again and again.
pub(super) async fn keep_pulling(counter: Arc<Counter>, go: Arc<Go>) {
    let mut failures = 0u32;
    loop {
        let before = go.version.load(Ordering::Relaxed);
        match pull(&counter.upstream, &go).await {
            Ok(version) if version != before => {
                failures = 0;
                debug!(version, "phones are told of this version");
            }
            Ok(_) => failures = 0,
            Err(PullError::OutOfReach) => debug!("HQ is out of reach; phones are told what is here"),
            Err(error) => {
                // What failed is not helped by being told that there is something new.
                let pause = PULL_INTERVAL.saturating_mul(1 << failures.min(10)).min(PULL_PAUSE_MAX);
                failures = failures.saturating_add(1);
                warn!(error = chain(&error), ?pause, "phones are told what was here before");
                tokio::time::sleep(pause).await;
                continue;
            }
        }
        // Whichever comes first.
        let _ = tokio::time::timeout(PULL_INTERVAL, go.newer.notified()).await;
    }
}

/// Pulls what came after the version in use, and takes it into use. Gives the version.
async fn pull(upstream: &Upstream, go: &Arc<Go>) -> Result<u64, PullError> {
    let version = go.version.load(Ordering::Relaxed);
    let mut coming = Coming::begin(go.place.file(COMING_FILE));
    let (mut after, mut began, mut is_anew) = (version, version, false);
    let through = loop {
        let page = page(upstream, go, (after, began)).await?;
        let (head, taken) = tokio::task::spawn_blocking(move || {
            let head = coming.take(&page)?;
            Ok::<_, PageError>((head, coming))
        })
        .await??;
        coming = taken;
        // HQ has forgotten what this relay was not told, or was put back from a copy: its word counts.
        if head.anew || head.latest < version && !is_anew {
            if is_anew {
                return Err(PullError::Anew);
            }
            coming = Coming::begin(go.place.file(COMING_FILE));
            (after, began, is_anew) = (0, 0, true);
            continue;
        }
        if !head.more {
            break head.through;
        }
        if head.through <= after {
            return Err(PullError::Stuck);
        }
        after = head.through;
    };
    if !is_anew && through == version {
        return Ok(version);
    }
    let taken = go.clone();
    tokio::task::spawn_blocking(move || {
        let is_whole = version == 0 || is_anew;
        taken.is_filling.store(is_whole, Ordering::Relaxed);
        let applied = coming.apply(&taken.goods, &taken.identity.store, (through, is_anew));
        taken.is_filling.store(false, Ordering::Relaxed);
        let count = applied?;
        taken.version.store(through, Ordering::Relaxed);
        if is_whole {
            taken.phones.forget_promotions();
            info!(version = through, count, "phones are told prices of this store");
            if let Err(error) = taken.goods.tidy() {
                debug!(%error, "the log of the goods stays long");
            }
        }
        Ok::<_, PageError>(())
    })
    .await??;
    Ok(through)
}

/// One page, asked for again while HQ does not answer.
async fn page(upstream: &Upstream, go: &Go, (after, began): (u64, u64)) -> Result<Vec<u8>, PullError> {
    let path = format!("/v1/reference?after={after}&limit={PAGE_CHANGES_MAX}&began={began}");
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, go.bearer().ok_or(PullError::Unauthorised)?);
    let mut tries = 0;
    loop {
        let asked = upstream.pass((Method::GET, &path), &headers, Vec::new(), REQUEST_TIMEOUT).await;
        let answer = match asked {
            Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
                go.is_refused.store(true, Ordering::Relaxed);
                return Err(PullError::Unauthorised);
            }
            Ok(answer) if answer.status().is_success() => routes::read(answer, PAGE_BYTES_MAX).await.ok(),
            // It has much to do, or its database has.
            Ok(answer) if answer.status().is_server_error() => None,
            Ok(answer) if answer.status() == StatusCode::TOO_MANY_REQUESTS => None,
            Ok(answer) => return Err(PullError::Status(answer.status())),
            Err(_) => None,
        };
        if let Some(page) = answer {
            go.is_refused.store(false, Ordering::Relaxed);
            return Ok(page);
        }
        tries += 1;
        // What is begun is gone on with; a first page is asked for soon again in any case.
        if after == began || tries == PAGE_TRIES_MAX {
            return Err(PullError::OutOfReach);
        }
        tokio::time::sleep(PAGE_RETRY).await;
    }
}
