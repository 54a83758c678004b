//! TLS on both sides of a connection, with certificates that are read again when their files
//! change. A connection that is open is not cut by it: new ones use the new files.

pub(crate) mod dial;
mod expiry;
mod files;
mod live;
mod pem;
mod served;
mod validity;
mod words;

use std::path::PathBuf;
use std::time::Duration;

use lectern_runtime::config::duration;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) use expiry::Watched;
pub(crate) use live::Live;
pub(crate) use served::Served;
pub use validity::Validity;
pub(crate) use words::whole;

/// What bytes come and go by.
trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// What both sides speak (RFC 9113 section 3.2).
const ALPN: &[u8] = b"h2";

/// How often the files are looked at by default: what renews certificates does it hours before they
/// end.
const RELOAD: Duration = Duration::from_secs(15);

/// Certificates of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsConfig {
    /// PEM file with the server's certificate and those between it and the authority.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
    /// PEM file with the authorities of client certificates, which are demanded when it is set:
    /// one, or two while it is changed.
    pub client_ca: Option<PathBuf>,
    /// How often the files are looked at for a change; more than 0.
    #[serde(with = "duration", default = "reload")]
    pub reload: Duration,
}

impl TlsConfig {
    /// This certificate and key, and no client certificates.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), client_ca: None, reload: RELOAD }
    }
}

const fn reload() -> Duration {
    RELOAD
}

/// Certificates for calls to other services at `https` URLs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// PEM file with the authorities to trust: one, or two while it is changed; those of the system
    /// when unset.
    pub ca: Option<PathBuf>,
    /// PEM file with the certificate that is shown to servers that demand one.
    pub certificate: Option<PathBuf>,
    /// PEM file with its private key.
    pub key: Option<PathBuf>,
    /// The name that the servers' certificates must be for; that of the URL when unset.
    pub name: Option<String>,
    /// How often the files are looked at for a change; more than 0.
    #[serde(with = "duration")]
    pub reload: Duration,
}

impl Default for ClientTls {
    fn default() -> Self {
        Self { ca: None, certificate: None, key: None, name: None, reload: RELOAD }
    }
}
