//! HTTP routes, and starting and stopping.
//!
//! The routes stand in one table ([`api`]), of which the router and the OpenAPI
//! document are made. Every answer that is no success is problem details
//! ([`refusal`]).
//!
//! Everything that touches the database runs on blocking threads, as many at
//! one time as the named bounds below allow; who comes beyond them waits in a
//! line that is bounded as well, and then is told to come back.

mod api;
pub(crate) mod gate;
pub(crate) mod go;
pub(crate) mod heard;
mod hints;
pub mod lane_limits;
pub(crate) mod lanes;
mod metrics;
mod receipt;
pub(crate) mod refusal;
pub(crate) mod routes;
pub(crate) mod sent;
mod tending;
pub mod tls;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::{Connected, IntoMakeServiceWithConnectInfo};
use axum::serve::{IncomingStream, Listener, ListenerExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{info, warn};

use crate::access::limit::Limiter;
use crate::enrolment::GuessBrake;
use crate::feed::PageCache;
use crate::feed::snapshot::Snapshots;
use crate::place::{Held, OpenBooksError, Place, PlaceError, write_whole};
use crate::secret::SecretHash;
use crate::store::{Address, Store};
use gate::Gate;
use go::Phones;
use hints::Hints;
use lane_limits::LaneLimits;
use metrics::Metrics;
use tls::{Pair, PairError, TlsListener};

/// Batches that are taken in at one time; each may need some 40 MiB.
pub const INTAKES_MAX: u32 = 8;

/// Other requests that are worked on at one time.
pub const QUESTIONS_MAX: u32 = 32;

/// Pages of points for stores' relays that are worked on at one time.
const STANDING_PAGES_MAX: u32 = 4;

/// Pictures that lanes get at one time. They have places of their own: a store that opens asks for thousands of them, and
/// whoever stands at a counter waits behind none.
pub const PICTURES_MAX: u32 = 8;

/// KiB of batches that have come or are coming and are not taken in yet.
pub const BODIES_KIB_MAX: u32 = 256 << 10;

/// Passwords that are looked at at one time.
pub const SIGN_INS_MAX: u32 = 2;

/// Imports whose bodies arrive or wait at one time.
pub const IMPORTS_MAX: u32 = 4;

/// Lanes that wait for a snapshot at one time while it is made.
pub const OFFERS_MAX: u32 = 8;

/// Who waits at each of these bounds at one time.
pub const WAITING_MAX: usize = 8_192;

/// How long requests under way may take to end when the server stops.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// Where and on what to serve.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory; made when it does not exist.
    pub data: PathBuf,
    /// The PostgreSQL that has the books; a file in the data directory where none is named.
    pub database: Option<Address>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// A file to write the address into once requests are taken.
    pub address_file: Option<PathBuf>,
    /// What it shows itself with; plain HTTP where there is none.
    pub tls: Option<Pair>,
}

/// Why the server did not start, or did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The database cannot be opened.
    #[error(transparent)]
    Books(#[from] OpenBooksError),
    /// The address cannot be listened on.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// A task ended that should not have.
    #[error("run the server")]
    Task(#[from] tokio::task::JoinError),
    /// Taking connections failed.
    #[error("take connections")]
    Accept(#[from] std::io::Error),
}

/// A server that takes requests.
pub struct Running {
    address: SocketAddr,
    place: Place,
    desk: Arc<Desk>,
    is_tls: bool,
    stop: watch::Sender<()>,
    looking: JoinHandle<()>,
    tending: JoinHandle<()>,
    serving: JoinSet<std::io::Result<()>>,
    _held: Held,
}

/// What every route works with.
pub(crate) struct Desk {
    store: Store,
    admin_key: SecretHash,
    intakes: Gate,
    questions: Gate,
    /// Pages of points for stores' relays, beside what lanes wait for.
    standing: Gate,
    pictures: Gate,
    bodies: Gate,
    /// Commands run one after the other.
    commands: tokio::sync::Mutex<()>,
    /// Folders of pictures are made ready one after the other, beside the commands.
    unpacking: tokio::sync::Mutex<()>,
    brake: Mutex<GuessBrake>,
    limiter: Mutex<Limiter>,
    /// What lanes may ask, beside that.
    lane_limits: Arc<LaneLimits>,
    /// What customers' phones may ask.
    phones: Phones,
    /// Passwords are looked at by few at one time: each takes 19 MiB.
    sign_ins: Gate,
    imports: Gate,
    /// Bodies of imports lie here while they are read.
    place: Place,
    hints: Hints,
    metrics: Metrics,
    pages: PageCache,
    snapshots: Snapshots,
    /// Whoever waits for a snapshot to be made holds no other question up.
    offers: Gate,
    heard: heard::Heard,
}

impl Desk {
    fn brake(&self) -> std::sync::MutexGuard<'_, GuessBrake> {
        self.brake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limiter(&self) -> std::sync::MutexGuard<'_, Limiter> {
        self.limiter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The OpenAPI document of every route, as JSON.
pub fn openapi() -> String {
    let document = serde_json::to_string_pretty(&api::document());
    document.expect("plain data serialises")
}

/// Takes the data directory, opens the database and begins to serve. When
/// this returns, requests are answered.
pub async fn start(config: Config) -> Result<Running, ServeError> {
    let opened = tokio::task::spawn_blocking(move || open(config)).await??;
    let Opened { config, place, held, store, admin_key, snapshots } = opened;
    let listen_error = |source| ServeError::Listen { address: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let desk = Arc::new(Desk {
        store,
        admin_key: SecretHash::of(&admin_key),
        intakes: Gate::new(INTAKES_MAX, WAITING_MAX),
        questions: Gate::new(QUESTIONS_MAX, WAITING_MAX),
        standing: Gate::new(STANDING_PAGES_MAX, WAITING_MAX),
        pictures: Gate::new(PICTURES_MAX, WAITING_MAX),
        bodies: Gate::new(BODIES_KIB_MAX, WAITING_MAX),
        commands: tokio::sync::Mutex::new(()),
        unpacking: tokio::sync::Mutex::new(()),
        brake: Mutex::new(GuessBrake::default()),
        limiter: Mutex::default(),
        lane_limits: Arc::default(),
        phones: Phones::default(),
        sign_ins: Gate::new(SIGN_INS_MAX, WAITING_MAX),
        imports: Gate::new(IMPORTS_MAX, WAITING_MAX),
        place: place.clone(),
        hints: Hints::new(),
        metrics: Metrics::of(api::tags()),
        pages: PageCache::default(),
        snapshots,
        offers: Gate::new(OFFERS_MAX, WAITING_MAX),
        heard: heard::Heard::default(),
    });
    let looking = tokio::spawn(hints::look(desk.clone()));
    let tending = tokio::spawn(tending::tend(desk.clone()));
    let (stop, _) = watch::channel(());
    let service = || api::router(desk.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let mut serving = JoinSet::new();
    // Where the command line of this machine asks.
    let mut own = reachable(address);
    match &config.tls {
        Some(pair) => {
            // The tap does nothing: what it gives out says its peer's address.
            let listener = TlsListener::new(listener, pair.clone())?.tap_io(|_| {});
            serving.spawn(serve(listener, service(), stop.subscribe()));
            let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
            let plain = TcpListener::bind(loopback)
                .await
                .map_err(|source| ServeError::Listen { address: loopback, source })?;
            own = plain.local_addr()?;
            serving.spawn(serve(plain.tap_io(set_nodelay), service(), stop.subscribe()));
        }
        None => drop(serving.spawn(serve(listener.tap_io(set_nodelay), service(), stop.subscribe()))),
    }
    place.set_address(own)?;
    if let Some(path) = &config.address_file {
        write_whole(path, &reachable(address).to_string())?;
    }
    let is_tls = config.tls.is_some();
    info!(%address, tls = is_tls, data = %config.data.display(), "serving");
    let address = reachable(address);
    Ok(Running { address, is_tls, place, desk, stop, looking, tending, serving, _held: held })
}

/// Serves one listener until it is told to stop; a dropped sender stops it as well.
pub(crate) async fn serve<L>(
    listener: L,
    service: IntoMakeServiceWithConnectInfo<Router, SocketAddr>,
    mut stop: watch::Receiver<()>,
) -> std::io::Result<()>
where
    L: Listener<Addr = SocketAddr>,
    SocketAddr: for<'a> Connected<IncomingStream<'a, L>>,
{
    axum::serve(listener, service).with_graceful_shutdown(async move { drop(stop.changed().await) }).await
}

/// Answers are small and the lane waits for them.
pub(crate) fn set_nodelay(connection: &mut TcpStream) {
    if let Err(error) = connection.set_nodelay(true) {
        warn!(%error, "a connection stays slow");
    }
}

/// What a server begins with.
struct Opened {
    config: Config,
    place: Place,
    held: Held,
    store: Store,
    admin_key: String,
    snapshots: Snapshots,
}

fn open(config: Config) -> Result<Opened, ServeError> {
    let place = Place::open(&config.data)?;
    let held = place.hold()?;
    place.clear_address()?;
    place.clear_spool()?;
    let admin_key = place.make_admin_key()?;
    let store = place.open_books(config.database.as_ref())?;
    let folder = place.snapshots();
    let snapshots = Snapshots::open(&folder).map_err(|source| PlaceError::Io { path: folder, source })?;
    Ok(Opened { config, place, held, store, admin_key, snapshots })
}

/// The address by which this machine reaches a server: one that listens on
/// every address is reached on the loopback.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests;

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Running {
    /// Where this machine reaches the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of every route, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.address)
    }

    /// Takes no more requests, lets those under way end, and gives the data
    /// directory back.
    pub async fn stop(mut self) -> Result<(), ServeError> {
        self.place.clear_address()?;
        self.looking.abort();
        self.tending.abort();
        self.desk.hints.end();
        // The server may have ended already; its result says how.
        let _ = self.stop.send(());
        let ended = async {
            while let Some(ended) = self.serving.join_next().await {
                ended??;
            }
            Ok::<(), ServeError>(())
        };
        match tokio::time::timeout(STOP_PATIENCE, ended).await {
            Ok(ended) => ended?,
            Err(_) => {
                warn!("some requests did not end in time");
                self.serving.abort_all();
            }
        }
        info!("stopped");
        Ok(())
    }
}
