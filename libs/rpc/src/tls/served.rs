//! A connection as a server has it: plain, or in TLS.
//!
//! The handshake is made when the connection is first read or written, in the connection's own
//! task: whoever is slow at it holds up nobody. A client that is refused is told why by an alert,
//! and what it was sending meanwhile is read and thrown away, because a connection that is closed
//! over unread bytes is reset, and the alert would be lost with it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

use super::{Bytes, words};
use crate::connection::Connection;
use crate::seldom::Seldom;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a client that is refused may take to read why.
const PARTING: Duration = Duration::from_secs(1);

enum State {
    Shaking(BoxFuture<'static, io::Result<TlsStream<Connection>>>),
    Open(Box<dyn Bytes>),
    Failed,
}

/// A connection that calls are served on.
pub(crate) struct Served {
    info: TcpConnectInfo,
    state: State,
}

impl Served {
    /// Without TLS.
    pub(crate) fn plain(connection: Connection) -> Self {
        Self { info: connection.connect_info(), state: State::Open(Box::new(connection)) }
    }

    /// In TLS. A handshake that fails is told by `refused`.
    pub(crate) fn secure(connection: Connection, config: Arc<ServerConfig>, refused: Arc<Seldom>) -> Self {
        let info = connection.connect_info();
        let peer = info.remote_addr();
        let shaking = async move {
            let shaken = shake(connection, config).await;
            if let Err(error) = &shaken {
                let why = words::of_io(error);
                refused.tell(|| tracing::warn!(?peer, error = why, "a TLS handshake failed"));
            }
            shaken
        };
        Self { info, state: State::Shaking(shaking.boxed()) }
    }

    /// The bytes, when hands are shaken.
    fn open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Bytes>>> {
        if let State::Shaking(shaking) = &mut self.state {
            self.state = match ready!(shaking.as_mut().poll(context)) {
                Ok(stream) => State::Open(Box::new(stream)),
                Err(error) => {
                    self.state = State::Failed;
                    return Poll::Ready(Err(error));
                }
            };
        }
        match &mut self.state {
            State::Open(bytes) => Poll::Ready(Ok(Pin::new(&mut **bytes))),
            State::Shaking(_) | State::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// Shakes hands; a client that is refused is told why.
async fn shake(connection: Connection, config: Arc<ServerConfig>) -> io::Result<TlsStream<Connection>> {
    let shaking = TlsAcceptor::from(config).accept(connection).into_fallible();
    let late = || io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long");
    match tokio::time::timeout(HANDSHAKE, shaking).await.map_err(|_| late())? {
        Ok(stream) => Ok(stream),
        Err((error, mut connection)) => {
            // The alert is written; the rest is politeness, and may fail.
            let parting = async {
                let _ = connection.shutdown().await;
                let mut rest = [0; 1024];
                while connection.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {}
            };
            let _ = tokio::time::timeout(PARTING, parting).await;
            Err(error)
        }
    }
}

impl Connected for Served {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.info.clone()
    }
}

impl AsyncRead for Served {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.open(context))?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Served {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.open(context))?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.open(context))?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.open(context))?.poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.state {
            State::Open(bytes) => bytes.is_write_vectored(),
            // It is asked before hands are shaken, and TLS takes them.
            State::Shaking(_) | State::Failed => true,
        }
    }
}
