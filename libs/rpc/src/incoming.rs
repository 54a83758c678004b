//! Connections as they come in: so many in all and by address, and none that says nothing for long.
//!
//! A connection that is over a limit is closed at once, so that its client knows; one whose peer
//! takes nothing, or on which nothing arrives, for longer than keepalive takes to find out is
//! ended, whether it has begun TLS or HTTP/2 or neither. At the limit of open files, which ends no
//! listener, accepting goes on after a moment, and a line in the log says so.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Stream;
use lectern_runtime::{Room, Share, Shares};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::limits::LimitsConfig;
use crate::seldom::Seldom;
use crate::tls::{Live, Served};

/// How long accepting rests after it failed for want of files or memory.
const REST: Duration = Duration::from_millis(250);

/// From where somebody calls, as far as one may tell callers apart: an address, and for IPv6 the
/// network of 64 bits, of which a host may have all addresses (RFC 7707).
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Takes connections from a listener.
pub(crate) struct Incoming {
    listener: TcpListener,
    connections: Shares<IpAddr>,
    silence: Duration,
    tls: Option<Live<ServerConfig>>,
    told: Seldom,
    /// Handshakes that failed.
    refused: Arc<Seldom>,
}

impl Incoming {
    /// Listens on `address`. A connection ends when nothing arrives on it for `silence`. Each is in
    /// TLS as `tls` is when it comes.
    pub(crate) fn bind(
        address: SocketAddr,
        limits: &LimitsConfig,
        silence: Duration,
        tls: Option<Live<ServerConfig>>,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let room = Room { total: limits.connections, each: limits.connections_per_address, waiting: 0 };
        let connections = Shares::new("connections", room);
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { listener, connections, silence, tls, told: Seldom::default(), refused: Arc::default() })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The connections, without an end.
    pub(crate) fn stream(self) -> impl Stream<Item = io::Result<Served>> + Send {
        futures::stream::unfold(self, |incoming| async move {
            let connection = incoming.next().await;
            let served = match &incoming.tls {
                Some(tls) => Served::secure(connection, tls.now(), Arc::clone(&incoming.refused)),
                None => Served::plain(connection),
            };
            Some((Ok(served), incoming))
        })
    }

    async fn next(&self) -> Connection {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(share) = self.connections.try_take(&origin(peer.ip()), 1) else {
                        let held = self.connections.held();
                        self.told.tell(|| tracing::warn!(%peer, held, "a connection over the limits is closed"));
                        continue;
                    };
                    // Without it, small messages wait for others; they arrive all the same.
                    let _ = stream.set_nodelay(true);
                    return Connection::new(stream, self.silence, share);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    self.told.tell(|| tracing::error!(%error, "connections cannot be accepted; trying on"));
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }
}

/// Whether accepting failed for the connection alone, which was given up before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// A connection that ends when nothing arrives for long.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    silence: Duration,
    heard: Instant,
    timer: Pin<Box<Sleep>>,
    /// Ends writing that does not get on; none while it does.
    stuck: Option<Pin<Box<Sleep>>>,
    #[allow(dead_code, reason = "held for its drop")]
    share: Share<IpAddr>,
}

impl Connection {
    fn new(stream: TcpStream, silence: Duration, share: Share<IpAddr>) -> Self {
        Self {
            stream,
            silence,
            heard: Instant::now(),
            timer: Box::pin(tokio::time::sleep(silence)),
            stuck: None,
            share,
        }
    }
}

impl Connection {
    /// What became of writing; an error where nothing was taken for too long. While a write is
    /// stuck, HTTP/2 reads nothing either, so that its pings would not find out.
    fn written<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let silence = self.silence;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
        ready!(stuck.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was taken for too long")))
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            this.heard = Instant::now();
            return Poll::Ready(read);
        }
        // The timer is set anew when it has passed, not at every read.
        loop {
            ready!(this.timer.as_mut().poll(context));
            let until = this.heard + this.silence;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing arrived for too long")));
            }
            this.timer.as_mut().reset(until);
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn incoming(limits: &LimitsConfig) -> (Incoming, SocketAddr) {
        let incoming = Incoming::bind(([127, 0, 0, 1], 0).into(), limits, Duration::from_secs(45), None).unwrap();
        let address = incoming.local_addr().unwrap();
        (incoming, address)
    }

    #[tokio::test]
    async fn a_connection_over_the_limit_is_closed_and_there_is_room_when_another_ends() {
        let limits = LimitsConfig { connections_per_address: 1, ..LimitsConfig::default() };
        let (incoming, address) = incoming(&limits);
        let mut connections = Box::pin(incoming.stream());
        let _first = TcpStream::connect(address).await.unwrap();
        let held = connections.next().await.unwrap().unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let next = tokio::spawn(async move { connections.next().await });
        assert_eq!(second.read(&mut [0; 1]).await.unwrap_or(0), 0, "it is closed");
        drop(held);
        let _third = TcpStream::connect(address).await.unwrap();
        assert!(next.await.unwrap().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_ends_and_one_that_speaks_does_not() {
        let (incoming, address) = incoming(&LimitsConfig::default());
        let mut connections = Box::pin(incoming.stream());
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = connections.next().await.unwrap().unwrap();
        tokio::time::pause();
        let mut byte = [0; 1];
        for _ in 0..4 {
            tokio::time::advance(Duration::from_secs(30)).await;
            client.write_all(b"x").await.unwrap();
            assert_eq!(connection.read(&mut byte).await.unwrap(), 1);
        }
        let ended = connection.read(&mut byte).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_connection_whose_peer_takes_nothing_ends() {
        let (incoming, address) = incoming(&LimitsConfig::default());
        let mut connections = Box::pin(incoming.stream());
        let _client = TcpStream::connect(address).await.unwrap();
        let mut connection = connections.next().await.unwrap().unwrap();
        tokio::time::pause();
        let ended = connection.write_all(&vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn a_host_is_its_address_or_its_network() {
        let of = |text: &str| origin(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
