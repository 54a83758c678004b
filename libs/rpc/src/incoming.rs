//! Connections as they come in: so many in all and by address, and none that says nothing for long.
//!
//! A connection that is over a limit is closed at once, so that its client knows; one whose peer
//! takes nothing, or on which nothing arrives, for longer than keepalive takes to find out is
//! ended, whether it has begun TLS or HTTP/2 or neither. At the limit of open files, which ends no
//! listener, accepting goes on after a moment, and a line in the log says so.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use lectern_core::Failure;
use lectern_runtime::{Room, Shares};
use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::connection::Connection;
use crate::limits::LimitsConfig;
use crate::middleware::origin;
use crate::seldom::Seldom;
use crate::tls::{Live, Served};

/// How long accepting rests after it failed for want of files or memory.
const REST: Duration = Duration::from_millis(250);

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
    /// Listens on `address`, which `setting` gives, for what metrics call `what`. A connection ends
    /// when nothing arrives on it for `silence`. Each is in TLS as `tls` is when it comes. Says
    /// which address it has, with the port that it took.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the setting for an address that cannot be listened on.
    pub(crate) fn listen(
        setting: &str,
        what: &'static str,
        address: SocketAddr,
        limits: &LimitsConfig,
        silence: Duration,
        tls: Option<Live<ServerConfig>>,
    ) -> Result<(SocketAddr, Self), Failure> {
        let incoming = Self::bind(what, address, limits, silence, tls)
            .and_then(|incoming| Ok((incoming.listener.local_addr()?, incoming)));
        incoming.map_err(|error| {
            let message = format!("{address} cannot be listened on: {error}; choose another port, or 0 for any");
            Failure::invalid(setting, message)
        })
    }

    fn bind(
        what: &'static str,
        address: SocketAddr,
        limits: &LimitsConfig,
        silence: Duration,
        tls: Option<Live<ServerConfig>>,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let room = Room { total: limits.connections, each: limits.connections_per_address, waiting: 0 };
        let connections = Shares::new(what, room);
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { listener, connections, silence, tls, told: Seldom::default(), refused: Arc::default() })
    }

    /// The next connection. Nothing is lost when it is dropped before there is one.
    pub(crate) async fn accept(&self) -> Served {
        let connection = self.next().await;
        match &self.tls {
            Some(tls) => Served::secure(connection, tls.now(), Arc::clone(&self.refused)),
            None => Served::plain(connection),
        }
    }

    /// The connections, without an end.
    pub(crate) fn stream(self) -> impl Stream<Item = io::Result<Served>> + Send {
        futures::stream::unfold(self, |incoming| async move { Some((Ok(incoming.accept().await), incoming)) })
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

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    fn incoming(limits: &LimitsConfig) -> (Incoming, SocketAddr) {
        let silence = Duration::from_secs(45);
        let any = ([127, 0, 0, 1], 0).into();
        let (address, incoming) = Incoming::listen("listen", "connections", any, limits, silence, None).unwrap();
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
}
