//! The relay of a store: where its lanes' agents go with everything, and who
//! answers for HQ where HQ is out of reach.
//!
//! | module | what |
//! |---|---|
//! | [`upstream`] | HQ, and whether there is a line |
//! | [`book`] | what is kept: copies of journals, documents, who holds what |
//! | [`deputy`] | what it says for HQ by that, and what it makes of HQ's word; without HTTP |
//! | [`board`] | how the store's kiosks are, and what is said to them |
//! | [`routes`] | what lanes ask: passed on, or answered here |
//! | [`pages`] | pages of the reference, for lanes that come after the line broke |
//! | [`files`] | snapshots of the reference, which come over the store's line once |
//! | [`pictures`] | the same of pictures of goods |
//! | [`go`] | scan-and-go: the page for customers' phones, and the relay's own enrolment |
//! | [`standing`] | points that HQ lends to the store, for when there is no line |
//!
//! A relay decides nothing that HQ can decide, but what a phone's basket costs, which a till decides anew. It keeps a copy of each lane's
//! journal from the day on which it first met the lane, and while HQ is out
//! of reach it lets one lane at a time give back from a sale of the store,
//! no two lanes spend one coupon, and lanes spend the points that HQ lent to the store. Each lane sends its journal to HQ by itself.

mod board;
mod book;
mod deputy;
mod files;
mod go;
mod pages;
mod pictures;
mod routes;
mod standing;
mod upstream;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use chrono::Utc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{error, info, warn};

use crate::place::{Held, Place, PlaceError, write_whole};
use crate::server::gate::Gate;
use crate::server::heard::Heard;
use crate::server::lane_limits::LaneLimits;
use crate::server::refusal::chain;
use crate::server::tls::{Pair, PairError, TlsListener};
use crate::server::{
    PICTURES_MAX, QUESTIONS_MAX, STOP_PATIENCE, ServeError, WAITING_MAX, reachable, serve, set_nodelay,
};

pub use book::{Book, BookError, Copied, DOCUMENTS_MAX, KEPT_MS, LaneCopied, PART_MS};
pub use deputy::{CopyError, Deputy, Settled, take_copy};
use files::Files;
use go::Go;
pub use go::{EnrolConfig, GoError, GoHealth, enrol};
use pages::Pages;
use pictures::Pictures;
pub use routes::Health;
pub use upstream::UpstreamError;
use upstream::{LOOK_INTERVAL, Upstream};

/// The file's name in the data directory.
pub const FILE_NAME: &str = "relay.db";

/// KiB of bodies that are on their way through at one time.
const BODIES_KIB_MAX: u32 = 64 << 10;

/// How often what is old is let go of.
const TEND_INTERVAL: Duration = Duration::from_secs(3_600);

/// Whose relay, where, and for which HQ.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory; made when it does not exist.
    pub data: PathBuf,
    /// The store's code: lanes of no other are served.
    pub store: String,
    /// The base of HQ's routes.
    pub upstream: String,
    /// A root of the chain's own that HQ's certificate is signed with.
    pub root: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A file to write the address into once requests are taken.
    pub address_file: Option<PathBuf>,
    /// What it shows itself with; plain HTTP where there is none.
    pub tls: Option<Pair>,
}

/// So much stays free on the disk for the copies of the lanes' journals, which go before everything else, bytes.
const ROOM_KEPT_BYTES: u64 = 256 << 20;

/// What is free for the relay on the disk of a folder.
fn free_bytes(folder: &Path) -> std::io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Why a relay did not start, or did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The file cannot be used.
    #[error(transparent)]
    Book(#[from] BookError),
    /// HQ cannot be asked.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// It cannot be listened or served.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// What every route works with.
pub(crate) struct Counter {
    book: Book,
    board: board::Board,
    upstream: Upstream,
    pages: Pages,
    files: Files,
    pictures: Pictures,
    /// The page for phones, where the relay was enrolled.
    go: Option<Arc<Go>>,
    heard: Heard,
    lane_limits: Arc<LaneLimits>,
    bodies: Gate,
    questions: Gate,
    /// Pictures wait here, and no question behind them.
    picture_places: Gate,
}

/// A relay that takes requests.
pub struct Running {
    address: SocketAddr,
    is_tls: bool,
    stop: watch::Sender<()>,
    looking: JoinHandle<()>,
    tending: JoinHandle<()>,
    pulling: Option<JoinHandle<()>>,
    standing: Option<JoinHandle<()>>,
    serving: JoinSet<std::io::Result<()>>,
    _held: Held,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Takes the data directory and begins to serve. When this returns, requests are answered.
pub async fn start(config: Config) -> Result<Running, RelayError> {
    let Config { data, store, upstream, root, listen, address_file, tls } = config;
    let upstream = Upstream::new(&upstream, root.as_deref())?;
    let opened = tokio::task::spawn_blocking(move || {
        let place = Place::open(&data)?;
        let held = place.hold()?;
        let book = Book::open(&data.join(FILE_NAME), &store)?;
        let folder = place.snapshots();
        let files = Files::open(&folder).map_err(|source| PlaceError::Io { path: folder, source })?;
        let folder = place.pictures();
        let pictures = Pictures::open(&folder).map_err(|source| PlaceError::Io { path: folder, source })?;
        // Lanes are served in any case.
        let go = match Go::open(&place, book.store()) {
            Ok(go) => go.map(Arc::new),
            Err(error) => {
                error!(error = chain(&error), "phones are not served; enrol the relay again");
                None
            }
        };
        Ok::<_, RelayError>((held, book, files, pictures, go))
    });
    let (held, book, files, pictures, go) = opened.await.map_err(ServeError::from)??;
    let listen_error = |source| ServeError::Listen { address: listen, source };
    let listener = TcpListener::bind(listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let (is_tls, serves_phones) = (tls.is_some(), go.is_some());
    info!(%address, store = book.store(), hq = upstream.address(), tls = is_tls, serves_phones, "relaying");
    let counter = Arc::new(Counter {
        book,
        board: board::Board::default(),
        upstream,
        pages: Pages::default(),
        files,
        pictures,
        go: go.clone(),
        heard: Heard::default(),
        lane_limits: Arc::default(),
        bodies: Gate::new(BODIES_KIB_MAX, WAITING_MAX),
        questions: Gate::new(QUESTIONS_MAX, WAITING_MAX),
        picture_places: Gate::new(PICTURES_MAX, WAITING_MAX),
    });
    let (stop, stopped) = watch::channel(());
    let service = routes::router(counter.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let mut serving = JoinSet::new();
    match tls {
        // The tap does nothing: what it gives out says its peer's address.
        Some(pair) => {
            let listener = TlsListener::new(listener, pair)?.tap_io(|_| {});
            serving.spawn(serve(listener, service, stopped));
        }
        None => drop(serving.spawn(serve(listener.tap_io(set_nodelay), service, stopped))),
    }
    let looking = tokio::spawn(look(counter.clone()));
    let tending = tokio::spawn(tend(counter.clone()));
    let pulling = go.clone().map(|go| tokio::spawn(go::keep_pulling(counter.clone(), go)));
    let standing = go.map(|go| tokio::spawn(standing::keep_standing(counter, go)));
    let address = reachable(address);
    if let Some(path) = &address_file {
        write_whole(path, &address.to_string())?;
    }
    Ok(Running { address, is_tls, stop, looking, tending, pulling, standing, serving, _held: held })
}

async fn look(counter: Arc<Counter>) {
    loop {
        tokio::time::sleep(LOOK_INTERVAL).await;
        counter.upstream.look().await;
    }
}

async fn tend(counter: Arc<Counter>) {
    loop {
        let counter = counter.clone();
        let tended = tokio::task::spawn_blocking(move || {
            let now_ms = Utc::now().timestamp_millis();
            if let Some(Err(error)) = counter.go.as_ref().map(|go| go.tend(now_ms)) {
                error!(error = chain(&error), "baskets of phones are remembered longer");
            }
            counter.book.tend(now_ms)
        })
        .await;
        match tended {
            Ok(Ok(0)) => {}
            Ok(Ok(gone)) => info!(gone, "old documents are let go of"),
            Ok(Err(error)) => error!(error = chain(&error), "old documents stay"),
            Err(_) => return,
        }
        tokio::time::sleep(TEND_INTERVAL).await;
    }
}

impl Running {
    /// Where this machine reaches the relay.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of every route, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.address)
    }

    /// Takes no more requests, lets those under way end, and gives the data
    /// directory back.
    pub async fn stop(mut self) -> Result<(), RelayError> {
        self.looking.abort();
        self.tending.abort();
        for task in [&self.pulling, &self.standing].into_iter().flatten() {
            task.abort();
        }
        // The server may have ended already; its result says how.
        let _ = self.stop.send(());
        let ended = async {
            while let Some(ended) = self.serving.join_next().await {
                ended.map_err(ServeError::from)?.map_err(ServeError::from)?;
            }
            Ok::<(), RelayError>(())
        };
        // Lines of hints do not end by themselves.
        match tokio::time::timeout(STOP_PATIENCE, ended).await {
            Ok(ended) => ended?,
            Err(_) => {
                warn!("some requests did not end in time");
                self.serving.abort_all();
            }
        }
        Ok(())
    }
}
