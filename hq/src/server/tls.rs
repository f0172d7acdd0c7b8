//! TLS for who listens: HQ itself, and the relay of a store.
//!
//! A certificate is renewed every few weeks by programs that know nothing of
//! this one: the files are looked at again while it runs, and a pair that is
//! whole takes the place of the one before.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, info, warn};

/// Handshakes that are under way at one time; who comes beyond them waits.
const HANDSHAKES_MAX: usize = 256;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections whose handshake is done and that nobody has taken yet.
const TAKEN_MAX: usize = 64;

/// How often the files are looked at for a renewed pair.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// How long nothing is accepted after the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Where the pair lies that a server shows itself with, both as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, with those between it and its root.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why a pair cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// A file cannot be read, or has no PEM of its kind in it.
    #[error("read {}: a PEM file with {wanted} is needed", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
        /// What was found.
        source: rustls::pki_types::pem::Error,
    },
    /// The key is not the certificate's, or of a kind that is not known.
    #[error("use {} with {}: is it the key of this certificate?", pair.certificate.display(), pair.key.display())]
    Unfit {
        /// Which.
        pair: Pair,
        /// What rustls said.
        source: rustls::Error,
    },
}

impl Pair {
    fn server_config(&self) -> Result<Arc<ServerConfig>, PairError> {
        let file = |path: &Path, wanted| {
            let path = path.to_owned();
            move |source| PairError::File { path, wanted, source }
        };
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(file(&self.certificate, "a certificate"))?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(file(&self.key, "a private key"))?;
        let unfit = |source| PairError::Unfit { pair: self.clone(), source };
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(unfit)?;
        Ok(Arc::new(config))
    }

    /// When each file was written last, as far as that is known.
    fn written(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key]
            .map(|path| std::fs::metadata(path).and_then(|found| found.modified()).ok())
    }
}

/// A pair in use, and when it is looked at again.
struct InUse {
    pair: Pair,
    acceptor: TlsAcceptor,
    written: [Option<SystemTime>; 2],
    looked: Instant,
}

impl InUse {
    fn read(pair: Pair) -> Result<Self, PairError> {
        let written = pair.written();
        let acceptor = TlsAcceptor::from(pair.server_config()?);
        Ok(Self { pair, acceptor, written, looked: Instant::now() })
    }

    /// Takes a renewed pair into use; one that is half written waits for the
    /// next look, and the one before serves on.
    fn look(&mut self) {
        self.looked = Instant::now();
        let written = self.pair.written();
        if written == self.written {
            return;
        }
        match self.pair.server_config() {
            Ok(config) => {
                self.acceptor = TlsAcceptor::from(config);
                self.written = written;
                info!(certificate = %self.pair.certificate.display(), "a renewed certificate is in use");
            }
            Err(error) => warn!(%error, "the certificate before stays in use"),
        }
    }
}

/// Gives out connections whose handshake is done; one that dallies holds up
/// nobody.
pub(crate) struct TlsListener {
    address: SocketAddr,
    taken: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    /// Begins to accept at a listener.
    pub(crate) fn new(listener: TcpListener, pair: Pair) -> Result<Self, crate::server::ServeError> {
        let address = listener.local_addr()?;
        let in_use = InUse::read(pair)?;
        let (give, taken) = mpsc::channel(TAKEN_MAX);
        let accepting = tokio::spawn(accept(listener, in_use, give, LOOK_INTERVAL));
        Ok(Self { address, taken, accepting })
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.taken.recv().await {
            Some(taken) => taken,
            // It ends with the server only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(
    listener: TcpListener,
    mut in_use: InUse,
    give: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
    look_interval: Duration,
) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(permit) = handshakes.clone().acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "no connection is taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        if in_use.looked.elapsed() >= look_interval {
            in_use.look();
        }
        if let Err(error) = stream.set_nodelay(true) {
            warn!(%error, "a connection stays slow");
        }
        let (acceptor, give) = (in_use.acceptor.clone(), give.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                // Nobody takes it where the server is ending.
                Ok(Ok(stream)) => drop(give.send((stream, peer)).await),
                Ok(Err(error)) => debug!(%error, %peer, "no handshake"),
                Err(_) => debug!(%peer, "a handshake took too long"),
            }
            drop(permit);
        });
    }
}
