//! Connections to other services as they are opened: to an address of a host, plain or in TLS, with
//! the certificates as their files are then. What keeps one from opening names the URL.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use lectern_core::{Failure, SystemClock};
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::Status;

use super::{Bytes, ClientTls, Live, Watched, words};
use crate::client::target::{Host, Target};
use crate::seldom::Seldom;

/// Opens connections to the addresses of one host.
#[derive(Clone)]
pub(crate) struct Dial {
    host: Host,
    /// The host alone, as a URL.
    url: Arc<str>,
    /// How long one may take to open.
    patience: Duration,
    tls: Option<Secure>,
    told: Arc<Seldom>,
}

#[derive(Clone)]
struct Secure {
    config: Live<ClientConfig>,
    name: ServerName<'static>,
}

/// What the peer last said of why it ends a connection, where it said so in TLS.
pub(crate) type LastWords = Arc<Mutex<Option<String>>>;

impl Dial {
    /// Connections to each host of a URL, all with the same certificates.
    ///
    /// # Errors
    /// `INVALID_FIELD` for certificates that cannot be used, and a host that cannot have any.
    pub(crate) fn to(target: &Target, tls: &ClientTls, patience: Duration) -> Result<Vec<Self>, Failure> {
        let config = if target.secure {
            let watched = Watched::exported(tls.clone(), "client", Arc::new(SystemClock));
            Some(Live::of(watched, tls.reload, |_| ())?)
        } else {
            if tls.certificate.is_some() || tls.ca.is_some() {
                tracing::warn!(
                    url = &*target.url,
                    "called in plain text although client.tls is set; write an https URL"
                );
            }
            None
        };
        let dial = |host: &Host| {
            let secure = |config: &Live<ClientConfig>| {
                Ok::<_, Failure>(Secure { config: config.clone(), name: server_name(&host.name, tls)? })
            };
            let tls = config.as_ref().map(secure).transpose()?;
            let url = format!("{}://{}", target.scheme(), host.authority).into();
            Ok::<_, Failure>(Self { host: host.clone(), url, patience, tls, told: Arc::default() })
        };
        target.hosts.iter().map(dial).collect()
    }

    /// Whose addresses these are.
    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    /// Whether connections are in TLS.
    pub(crate) const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Opens a connection to this address of the host.
    ///
    /// # Errors
    /// Why there is none, in words that say what to do.
    pub(crate) async fn open(&self, address: SocketAddr) -> Result<(TokioIo<Stream>, LastWords), Unreachable> {
        let last = LastWords::default();
        match tokio::time::timeout(self.patience, self.stream(address, &last)).await {
            Ok(opened) => opened.map(|stream| (TokioIo::new(stream), last)),
            Err(_) => {
                let why = format!("no connection within {} s", self.patience.as_secs_f32());
                Err(self.unreachable(address, &why))
            }
        }
    }

    async fn stream(&self, address: SocketAddr, last: &LastWords) -> Result<Stream, Unreachable> {
        let tcp = TcpStream::connect(address).await.and_then(|tcp| tcp.set_nodelay(true).map(|()| tcp));
        let tcp = tcp.map_err(|error| self.unreachable(address, &words::whole(&error)))?;
        let Some(Secure { config, name }) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let shaken = TlsConnector::from(config.now()).connect(name.clone(), tcp).await;
        let stream = shaken.map_err(|error| {
            let why = words::of_io(&error);
            self.told.tell(|| tracing::warn!(url = &*self.url, error = why, "a TLS handshake failed"));
            self.unreachable(address, &why)
        })?;
        let (url, told, last) = (Arc::clone(&self.url), Arc::clone(&self.told), Arc::clone(last));
        Ok(Stream::Secure(Spoken { url, stream: Box::new(stream), told, last }))
    }

    /// The service at this address cannot be reached, and why.
    pub(crate) fn unreachable(&self, address: SocketAddr, why: &str) -> Unreachable {
        // An address that the URL names itself is not said twice.
        if self.host.name.parse::<IpAddr>().is_ok() {
            return Unreachable(format!("{} cannot be reached: {why}", self.url));
        }
        Unreachable(format!("{} cannot be reached: {why} (at {address})", self.url))
    }

    /// The host has no address, and why.
    pub(crate) fn unresolved(&self, why: &io::Error) -> Unreachable {
        Unreachable(format!("{} cannot be reached: its name has no address: {why}", self.url))
    }
}

/// The name that the server's certificate must be for.
fn server_name(host: &str, tls: &ClientTls) -> Result<ServerName<'static>, Failure> {
    let name = tls.name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|error| {
        let field = if tls.name.is_some() { "client.tls.name" } else { "url" };
        Failure::invalid(field, format!("{name:?} is no name of a server: {error}; write a name or an address"))
    })
}

/// Why a service could not be reached, with its URL.
#[derive(Debug, Clone)]
pub(crate) struct Unreachable(String);

impl Unreachable {
    /// What callers are told. The source says that nobody but this side said so.
    pub(crate) fn into_status(self) -> Status {
        let mut status = Status::unavailable(self.to_string());
        status.set_source(Arc::new(self));
        status
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreachable {}

/// An open connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Secure(Spoken),
}

/// A connection in TLS. A server that does not take our certificate says so after the handshake,
/// which is over for us by then (RFC 8446 section 4.4.2.4).
pub(crate) struct Spoken {
    url: Arc<str>,
    stream: Box<TlsStream<TcpStream>>,
    told: Arc<Seldom>,
    last: LastWords,
}

impl Spoken {
    /// An error of reading, in words where it is the server's last.
    fn told(&self, error: io::Error) -> io::Error {
        if !words::is_of_tls(&error) {
            return error;
        }
        let why = words::of_io(&error);
        self.told.tell(|| tracing::warn!(url = &*self.url, error = why, "a connection ended"));
        *self.last.lock() = Some(why.clone());
        io::Error::new(error.kind(), format!("{}: {why}", self.url))
    }
}

impl Stream {
    fn bytes(&mut self) -> Pin<&mut dyn Bytes> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Secure(spoken) => Pin::new(&mut *spoken.stream),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.bytes().poll_read(context, buffer);
        match &*self {
            Self::Plain(_) => read,
            Self::Secure(spoken) => read.map_err(|error| spoken.told(error)),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.bytes().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bytes().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bytes().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.bytes().poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(spoken) => spoken.stream.is_write_vectored(),
        }
    }
}
