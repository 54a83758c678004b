//! Connections to other services as they are opened: by name or address, plain or in TLS, with the
//! certificates as their files are then. What keeps one from opening names the URL.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use lectern_core::Failure;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::{Service, ServiceExt as _};

use super::{Bytes, ClientTls, Live, words};
use crate::seldom::Seldom;

/// Port of `http` and `https` URLs that name none.
const PORTS: (u16, u16) = (80, 443);

/// Opens connections to one service.
#[derive(Clone)]
pub(crate) struct Dial {
    url: Arc<str>,
    /// Host and port, as a URL that says nothing of TLS.
    target: Uri,
    tcp: HttpConnector,
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

impl Dial {
    /// Connections to `uri`, which is `http` or `https` and has an authority.
    ///
    /// # Errors
    /// `INVALID_FIELD` for an authority that is none, and certificates that cannot be used.
    pub(crate) fn to(uri: &Uri, tls: &ClientTls, patience: Duration) -> Result<Self, Failure> {
        let url: Arc<str> = uri.to_string().trim_end_matches('/').into();
        let none = || Failure::invalid("url", format!("{url} names no host; write http://HOST:PORT"));
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(none)?;
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if secure { PORTS.1 } else { PORTS.0 });
        let authority: Authority = format!("{host}:{port}").parse().map_err(|_| none())?;
        let target = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query("/").build();
        let target = target.map_err(|_| none())?;
        let tls = if secure {
            Some(Secure { config: Live::of(tls.clone(), tls.reload, |_| ())?, name: server_name(host, tls)? })
        } else {
            if tls.certificate.is_some() || tls.ca.is_some() {
                tracing::warn!(url = &*url, "called in plain text although client.tls is set; write an https URL");
            }
            None
        };
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // Divided by the addresses of a name, so that one that is silent leaves time for the next.
        tcp.set_connect_timeout(Some(patience));
        Ok(Self { url, target, tcp, patience, tls, told: Arc::default() })
    }

    /// Host and port, as an `http` URL.
    pub(crate) const fn target(&self) -> &Uri {
        &self.target
    }

    async fn open(self) -> Result<TokioIo<Stream>, Unreachable> {
        let opened = tokio::time::timeout(self.patience, self.stream()).await;
        let late = || Err(self.unreachable(&format!("no connection within {} s", self.patience.as_secs_f32())));
        opened.unwrap_or_else(|_| late()).map(TokioIo::new)
    }

    async fn stream(&self) -> Result<Stream, Unreachable> {
        let tcp = self.tcp.clone().oneshot(self.target.clone()).await;
        let tcp = tcp.map_err(|error| self.unreachable(&words::whole(&error)))?.into_inner();
        let Some(Secure { config, name }) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let shaken = TlsConnector::from(config.now()).connect(name.clone(), tcp).await;
        let stream = shaken.map_err(|error| {
            let why = words::of_io(&error);
            self.told.tell(|| tracing::warn!(url = &*self.url, error = why, "a TLS handshake failed"));
            self.unreachable(&why)
        })?;
        let (url, told) = (Arc::clone(&self.url), Arc::clone(&self.told));
        Ok(Stream::Secure(Spoken { url, stream: Box::new(stream), told }))
    }

    fn unreachable(&self, why: &str) -> Unreachable {
        Unreachable(format!("{} cannot be reached: {why}", self.url))
    }
}

/// The name that the server's certificate must be for.
fn server_name(host: &str, tls: &ClientTls) -> Result<ServerName<'static>, Failure> {
    // Addresses of IPv6 stand in brackets in URLs alone.
    let name = tls.name.as_deref().unwrap_or_else(|| host.trim_start_matches('[').trim_end_matches(']'));
    ServerName::try_from(name.to_owned()).map_err(|error| {
        let field = if tls.name.is_some() { "client.tls.name" } else { "url" };
        Failure::invalid(field, format!("{name:?} is no name of a server: {error}; write a name or an address"))
    })
}

impl Service<Uri> for Dial {
    type Response = TokioIo<Stream>;
    type Error = Unreachable;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, Unreachable>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        self.clone().open().boxed()
    }
}

/// Why a service could not be reached, with its URL.
#[derive(Debug)]
pub(crate) struct Unreachable(String);

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
}

impl Spoken {
    /// An error of reading, in words where it is the server's last.
    fn told(&self, error: io::Error) -> io::Error {
        if !words::is_of_tls(&error) {
            return error;
        }
        let why = words::of_io(&error);
        self.told.tell(|| tracing::warn!(url = &*self.url, error = why, "a connection ended"));
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
