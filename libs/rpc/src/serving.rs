//! Connections from their acceptance to their end, each in a task of its own.
//!
//! A connection that has its age, or whose listener closes, is told to its peer as one that takes
//! no more calls (GOAWAY), and ends after its last call. A peer that does not hear it, because it
//! never said anything, speaks no HTTP/2 or hangs, has none: its connection is closed a moment
//! later, so that it holds up nobody's end. tonic's own server waits for such peers, tells them
//! nothing at their age where that has a grace, and gives all connections the same age (0.14.9).

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use lectern_core::Random;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected as _;

use crate::client::{CONNECTION_WINDOW, STREAM_WINDOW};
use crate::in_flight::{Counted, InFlight, Leaving};
use crate::incoming::Incoming;
use crate::middleware::Inner;
use crate::server::ServerConfig;
use crate::tls::Served;

/// A connection's age is up to this part of it more or less, so that those of many clients, which
/// began together when a replica started, do not end together.
const SPREAD: u32 = 10;

/// How connections are served.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    http: auto::Builder<TokioExecutor>,
    age: Duration,
    grace: Duration,
    random: Arc<dyn Random>,
}

impl Connections {
    /// As `config` has it. Ages are drawn from `random`.
    pub(crate) fn new(config: &ServerConfig, random: Arc<dyn Random>) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new()).http2_only();
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(config.keepalive))
            .keep_alive_timeout(config.keepalive_timeout)
            // Each costs memory before anybody knows whose it is. What is over the limits of the
            // process is answered, so a connection may have more streams than these take.
            .max_concurrent_streams(u32::try_from(2 * config.limits.calls_in_flight).unwrap_or(u32::MAX))
            // Streams of many tenants share the connections between services: one that is not read
            // must not take the window of the others.
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        Self { http, age: config.connection_age, grace: config.connection_age_grace, random }
    }

    /// The age of one more connection.
    fn draw_age(&self) -> Duration {
        let part = self.age / SPREAD;
        let width = u64::try_from((part * 2).as_millis()).unwrap_or(u64::MAX);
        (self.age - part).saturating_add(Duration::from_millis(self.random.below(width.saturating_add(1))))
    }

    /// Takes connections and has `service` answer their calls until `closing`; returns when the
    /// last of them has ended. Those that are left when it is dropped are cut.
    pub(crate) async fn serve<S: Inner>(&self, incoming: Incoming, service: S, closing: CancellationToken) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = closing.cancelled() => break,
                // It has said what there was to say, and one that panicked is logged where it did.
                Some(_) = connections.join_next() => {}
                served = incoming.accept() => {
                    connections.spawn(self.clone().see_through(served, service.clone(), closing.clone()));
                }
            }
        }
        // Whoever connects from now on is refused at once.
        drop(incoming);
        while connections.join_next().await.is_some() {}
    }

    /// Serves one connection to its end.
    async fn see_through<S: Inner>(self, served: Served, service: S, closing: CancellationToken) {
        let (in_flight, leaving) = (InFlight::new(), Leaving::default());
        let service = Counted::new(service, served.connect_info(), in_flight.clone(), leaving.clone());
        let connection = self.http.serve_connection(TokioIo::new(served), TowerToHyperService::new(service));
        let mut connection = Box::pin(connection.into_owned());
        let grace = tokio::select! {
            ended = &mut connection => return tell(ended),
            () = closing.cancelled() => None,
            () = tokio::time::sleep(self.draw_age()) => Some(self.grace),
        };
        connection.as_mut().graceful_shutdown();
        leaving.0.cancel();
        let aged = pin!(async {
            match grace {
                Some(grace) => tokio::time::sleep(grace).await,
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            ended = &mut connection => tell(ended),
            () = in_flight.ended() => tracing::debug!("a connection without calls is closed"),
            () = aged => tracing::debug!("an old connection is closed over its calls"),
        }
    }
}

/// Peers break off as they like: it is nobody's fault here.
fn tell<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lectern_core::random::SeededRandom;

    use super::*;

    #[test]
    fn ages_lie_around_the_one_that_is_set_and_differ() {
        let config = ServerConfig { connection_age: Duration::from_secs(600), ..ServerConfig::default() };
        let connections = Connections::new(&config, Arc::new(SeededRandom::new(7)));
        let ages: BTreeSet<Duration> = (0..1_000).map(|_| connections.draw_age()).collect();
        assert!(ages.len() > 950, "{} ages of 1,000 connections", ages.len());
        let (least, most) = (ages.first().unwrap().as_secs(), ages.last().unwrap().as_secs());
        assert!((540..545).contains(&least) && (655..=660).contains(&most), "{least} s to {most} s");
    }

    #[test]
    fn an_age_that_is_too_short_or_too_long_to_spread_is_one_all_the_same() {
        for age in [Duration::from_millis(5), Duration::from_secs(u64::MAX / 2)] {
            let config = ServerConfig { connection_age: age, ..ServerConfig::default() };
            let drawn = Connections::new(&config, Arc::new(SeededRandom::new(7))).draw_age();
            assert!(drawn >= age - age / SPREAD, "{drawn:?}");
        }
    }
}
