//! A plaintext listener beside a service's own port, for services that know no callers.
//!
//! Nobody is asked who they are: what is served here tells nothing that is anybody's, changes
//! nothing and costs little. Connections and streams are limited, and a connection that says
//! nothing ends. Who may reach the port is for the network to decide.

use std::net::SocketAddr;
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::incoming::Incoming;
use crate::limits::LimitsConfig;
use crate::server::Serving;

/// Connections of a listener: some replicas of whoever asks, and room for their successors.
const CONNECTIONS: usize = 128;
/// Of these, the connections of one address.
const CONNECTIONS_PER_ADDRESS: usize = 32;
/// Calls in flight of one connection, streams included.
const STREAMS: u32 = 64;
/// How often an idle connection is asked whether it is there, and how long it may take to answer.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection on which nothing arrives for this long is ended: longer than keepalive takes.
const SILENCE: Duration = Duration::from_secs(45);
/// How long connections may take to close when the process ends. Nothing here is worth waiting for.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves `routes` in plain text on `listen` until `stop` is cancelled, and ends within a second
/// then. Whoever adds services sets the limits of their messages. `setting` is the key that
/// `listen` comes from.
///
/// # Errors
/// `INVALID_FIELD` naming the setting for an address that cannot be listened on.
pub fn serve_plain(
    setting: &'static str,
    listen: SocketAddr,
    routes: Routes,
    stop: CancellationToken,
) -> Result<Serving, Failure> {
    let limits = LimitsConfig {
        connections: CONNECTIONS,
        connections_per_address: CONNECTIONS_PER_ADDRESS,
        ..LimitsConfig::default()
    };
    let what = "connections without credentials";
    let (addr, incoming) = Incoming::listen(setting, what, listen, &limits, SILENCE, None)?;
    let router = tonic::transport::Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .max_concurrent_streams(STREAMS)
        .add_routes(routes);
    let closing = stop.clone();
    let handle = tokio::spawn(Box::pin(async move {
        let serving = router.serve_with_incoming_shutdown(incoming.stream(), stop.clone().cancelled_owned());
        let ending = async {
            stop.cancelled().await;
            tokio::time::sleep(CLOSING).await;
        };
        tokio::select! {
            result = serving => result.map_err(|error| {
                let message = format!("{setting}: the listener failed: {error}");
                Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message)
            }),
            () = ending => Ok(()),
        }
    }));
    tracing::info!(%addr, setting, "listening in plain text, without credentials");
    Ok(Serving::new(addr, closing, handle))
}
