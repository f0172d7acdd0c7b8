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

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// Writes a pair that stands for itself; gives who believes it and nobody else.
    fn renew(pair: &Pair, before: Option<SystemTime>) -> TlsConnector {
        let key = rcgen::KeyPair::generate().expect("a key");
        let form = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a form");
        let certificate = form.self_signed(&key).expect("a certificate");
        std::fs::write(&pair.key, key.serialize_pem()).expect("a file");
        std::fs::write(&pair.certificate, certificate.pem()).expect("a file");
        if let Some(before) = before {
            // File systems count time in steps: a renewal is weeks later.
            let file = std::fs::File::options().write(true).open(&pair.certificate).expect("a file");
            file.set_modified(before + Duration::from_secs(1)).expect("a later time");
        }
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    async fn is_believed(address: SocketAddr, by: &TlsConnector) -> bool {
        let stream = TcpStream::connect(address).await.expect("a connection");
        by.connect(ServerName::try_from("localhost").expect("a name"), stream).await.is_ok()
    }

    #[tokio::test]
    async fn a_renewed_pair_is_taken_into_use_while_it_runs_and_a_half_written_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let pair = Pair { certificate: folder.path().join("cert.pem"), key: folder.path().join("key.pem") };
        let first = renew(&pair, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (give, mut taken) = mpsc::channel(TAKEN_MAX);
        let in_use = InUse::read(pair.clone()).expect("a pair");
        let accepting = tokio::spawn(accept(listener, in_use, give, Duration::ZERO));
        let taking = tokio::spawn(async move { while taken.recv().await.is_some() {} });
        assert!(is_believed(address, &first).await);

        let written = pair.written()[0].expect("a time");
        let second = renew(&pair, Some(written));
        assert!(is_believed(address, &second).await, "the renewed one");
        assert!(!is_believed(address, &first).await, "the one before");

        std::fs::write(&pair.certificate, "-----BEGIN CERTIFICATE-----\nMII").expect("a file");
        assert!(is_believed(address, &second).await, "while the next one is being written");

        accepting.abort();
        taking.abort();
    }
}
