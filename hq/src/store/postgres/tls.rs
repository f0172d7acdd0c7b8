//! An encrypted line to the database, by rustls, where a deployment wants one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::postgres::config::SslMode;
use ::postgres::{Client, Config, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::OpenError;

/// Why a line to the database cannot be encrypted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The address asks for encryption, and nobody is named who may vouch.
    #[error("the address asks for TLS: name the file of the certificates that vouch for the server")]
    NoAuthority,
    /// The certificates cannot be read.
    #[error("read the certificates in {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate is none.
    #[error("use the certificates")]
    Certificate(#[from] rustls::Error),
}

/// How a connection is made.
pub(super) enum Tls {
    /// In clear: a socket on this machine, or a network of one's own.
    Clear,
    /// Encrypted, with the server's name checked.
    Encrypted(MakeRustlsConnect),
}

impl Tls {
    /// Chooses by the address and the authority.
    pub(super) fn new(config: &mut Config, authority: Option<&Path>) -> Result<Self, OpenError> {
        let Some(path) = authority else {
            if config.get_ssl_mode() == SslMode::Require {
                return Err(TlsError::NoAuthority.into());
            }
            config.ssl_mode(SslMode::Disable);
            return Ok(Self::Clear);
        };
        config.ssl_mode(SslMode::Require);
        let file = |source| TlsError::File { path: path.to_owned(), source };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(file)? {
            roots.add(certificate.map_err(file)?).map_err(TlsError::from)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::from)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::Encrypted(MakeRustlsConnect::new(client)))
    }

    pub(super) fn connect(&self, config: &Config) -> Result<Client, ::postgres::Error> {
        match self {
            Self::Clear => config.connect(NoTls),
            Self::Encrypted(connector) => config.connect(connector.clone()),
        }
    }
}
