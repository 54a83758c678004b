//! A gRPC server with all that every service of ours has: health, reflection v1 and v1alpha,
//! authentication, limits, deadlines, TLS, keepalive, connection age, an access log, and an orderly
//! end.
//!
//! It ends in two moments: when the process is asked to end, health says so, and when the time of
//! the lame duck is over, the listener closes.

mod config;
mod health;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use lectern_core::{Clock, Failure, OsRandom, Random};
use lectern_runtime::HealthState;
use rustls::ServerConfig as Certificates;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tonic_health::server::HealthReporter;
use tower::ServiceBuilder;

use self::health::HealthAlone;
use crate::access::Access;
use crate::auth::{Authenticate, Authentication};
use crate::deadline::Ending;
use crate::incoming::Incoming;
use crate::limits::CallLimits;
use crate::methods::Methods;
use crate::middleware::Around;
use crate::protocol::Protocol;
use crate::serving::Connections;
use crate::tls::{Live, Watched};

pub use self::config::ServerConfig;

/// How long connections may take to close once their calls have been ended.
const CLOSING: Duration = Duration::from_secs(5);

/// Bytes of a message to health or reflection, which carry a name: anybody may send some and leave
/// it unfinished.
const OPEN_MESSAGE: usize = 4 * 1024;
/// What the files of certificates are called in the health service, from when they cannot be used.
const CERTIFICATES: &str = "certificates";
/// How much longer than keepalive takes a connection may be silent.
const SLACK: Duration = Duration::from_secs(5);

/// A server that runs.
#[derive(Debug)]
pub struct Serving {
    /// The address it listens on, with the port that it took.
    pub addr: SocketAddr,
    closing: CancellationToken,
    handle: JoinHandle<Result<(), Failure>>,
    health: Option<HealthAlone>,
}

impl Serving {
    /// A listener at `addr` that `handle` serves until `closing`.
    pub(crate) fn new(addr: SocketAddr, closing: CancellationToken, handle: JoinHandle<Result<(), Failure>>) -> Self {
        Self { addr, closing, handle, health: None }
    }

    /// Where health alone is served, if anywhere.
    #[must_use]
    pub fn health_addr(&self) -> Option<SocketAddr> {
        self.health.as_ref().map(|health| health.addr)
    }

    /// Fires when no more calls are taken: the time of the lame duck after the process was asked to
    /// end, or when serving ends for whatever other reason. What answers calls goes on until then.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Waits for its end, and then closes the listener of health, which says until then that
    /// nothing serves. Whatever else the process has to end is ended before this is called.
    ///
    /// # Errors
    /// `INTERNAL` when the server's task panicked.
    pub async fn ended(self) -> Result<(), Failure> {
        let ended = self.handle.await;
        if let Some(health) = self.health {
            health.close().await;
        }
        ended.unwrap_or_else(|error| Err(Failure::internal(format!("the server stopped: {error}"))))
    }
}

/// A server that is being put together.
pub struct Server {
    config: ServerConfig,
    routes: RoutesBuilder,
    names: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
    authenticate: Arc<dyn Authenticate>,
    health: HealthState,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    closing: CancellationToken,
}

impl Server {
    /// A server without services. Who calls is decided by `authenticate`, whether services serve by
    /// `health`.
    #[must_use]
    pub fn builder(
        config: ServerConfig,
        authenticate: Arc<dyn Authenticate>,
        health: HealthState,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (routes, names, descriptors) = (RoutesBuilder::default(), Vec::new(), Vec::new());
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let closing = CancellationToken::new();
        Self { config, routes, names, descriptors, authenticate, health, clock, random, closing }
    }

    /// Has the ages of connections drawn from `random`.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Fires when no more calls are taken: for services whose streams end then.
    #[must_use]
    pub fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Adds a service: the generated server, through [`crate::tune!`].
    #[must_use]
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: tower::Service<Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Adds an encoded `FileDescriptorSet` to what reflection tells.
    #[must_use]
    pub fn reflect(mut self, descriptors: &'static [u8]) -> Self {
        self.descriptors.push(descriptors);
        self
    }

    /// Binds and serves. When `stop` is cancelled, nothing serves any more by health, but calls are
    /// still taken for the configured time of the lame duck, since those who balance load take a
    /// moment to hear of it. Then the listener closes, peers are told to take their calls elsewhere
    /// (GOAWAY), connections without a call are closed, and calls in flight may end within the
    /// configured drain; those that do not are answered UNAVAILABLE.
    ///
    /// # Errors
    /// `INVALID_FIELD` for settings, certificates or an address that cannot be used; `INTERNAL` for
    /// descriptors that cannot be read.
    pub fn serve(mut self, stop: CancellationToken) -> Result<Serving, Failure> {
        self.config.check()?;
        let tls = match &self.config.tls {
            Some(tls) => {
                let health = self.health.clone();
                let usable = move |good| health.part(CERTIFICATES.to_owned(), good);
                let watched = Watched::exported(tls.clone(), "server", Arc::clone(&self.clock));
                Some(Live::of(watched, tls.reload, usable)?)
            }
            None => None,
        };
        let reporter = HealthReporter::new();
        self.routes.add_service(health::service(&reporter));
        self.add_reflection()?;

        if self.config.tls.is_none() && !self.config.listen.ip().is_loopback() {
            tracing::warn!(
                addr = %self.config.listen,
                "plain text beyond loopback: keys and documents can be read on the way; set server.tls, or keep the \
                 port inside a mesh that encrypts"
            );
        }
        let (addr, incoming) = self.listen("server.listen", "connections", self.config.listen, tls)?;
        let alone = self.config.health_listen;
        let alone = alone.map(|address| self.listen("server.health_listen", "connections of probes", address, None));
        let alone = alone.transpose()?;

        let connections = Connections::new(&self.config, self.random);
        let access = Around::new(Access::new(Methods::of(&self.names, &self.descriptors)?));
        let limits = Around::new(CallLimits::new(&self.config.limits, Arc::clone(&self.clock)));
        let (closing, end) = (self.closing, CancellationToken::new());
        let service = ServiceBuilder::new()
            .layer(access.clone())
            .layer(Around::new(Protocol))
            .layer(Around::new(Ending(end.clone())))
            .layer(Authentication::layer(self.authenticate, &self.config.limits, self.clock))
            .layer(limits.clone())
            .service(self.routes.routes().prepare());
        let reporting = health::report(reporter.clone(), self.health.clone(), self.names);
        let health = alone.map(|alone| {
            HealthAlone::serve(alone, &reporter, Arc::clone(&reporting), access, limits, connections.clone())
        });
        let ending = End { stop, closing: closing.clone(), end, health: self.health, config: self.config };
        let (closes, closed) = (closing.clone(), closing.clone());
        let handle = tokio::spawn(Box::pin(async move {
            // Whoever waits for it does so too where this breaks off.
            let _closes = closes.drop_guard();
            tokio::select! {
                () = connections.serve(incoming, service, closed) => {}
                () = ending.pass() => {}
            }
            drop(reporting);
            Ok(())
        }));
        tracing::info!(%addr, "listening");
        Ok(Serving { addr, closing, handle, health })
    }

    /// Listens on `address`, which `setting` gives, for what metrics call `what`.
    fn listen(
        &self,
        setting: &str,
        what: &'static str,
        address: SocketAddr,
        tls: Option<Live<Certificates>>,
    ) -> Result<(SocketAddr, Incoming), Failure> {
        let silence = self.config.keepalive + self.config.keepalive_timeout + SLACK;
        Incoming::listen(setting, what, address, &self.config.limits, silence, tls)
    }

    fn add_reflection(&mut self) -> Result<(), Failure> {
        let builder = || {
            let start = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
            let builder =
                self.descriptors.iter().fold(start, |builder, set| builder.register_encoded_file_descriptor_set(set));
            // The details of a status are `Any`: a client without them compiled in, such as
            // grpcurl, asks here what they are.
            let builder = builder.register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET);
            // Descriptors may hold more services than this server has; only those that it has are
            // listed.
            let served = self.names.iter().copied().chain(["grpc.health.v1.Health"]);
            served.fold(builder, tonic_reflection::server::Builder::with_service_name)
        };
        let unreadable = |error| Failure::internal(format!("reflection: {error}"));
        let (v1, v1alpha) = (builder().build_v1().map_err(unreadable)?, builder().build_v1alpha().map_err(unreadable)?);
        self.routes
            .add_service(v1.max_decoding_message_size(OPEN_MESSAGE))
            .add_service(v1alpha.max_decoding_message_size(OPEN_MESSAGE));
        Ok(())
    }
}

/// The end of a server, step by step.
struct End {
    /// The process is asked to end.
    stop: CancellationToken,
    /// No more calls are taken.
    closing: CancellationToken,
    /// Calls are ended.
    end: CancellationToken,
    health: HealthState,
    config: ServerConfig,
}

impl End {
    /// Takes the steps, and returns when connections have had all the time there is.
    async fn pass(self) {
        self.stop.cancelled().await;
        self.health.drain();
        let lame_duck = self.config.lame_duck();
        if !lame_duck.is_zero() {
            tracing::info!(?lame_duck, "health says that nothing serves; calls are still taken");
            tokio::time::sleep(lame_duck).await;
        }
        self.closing.cancel();
        tokio::time::sleep(self.config.drain).await;
        tracing::warn!("calls in flight did not end in time and are answered UNAVAILABLE");
        self.end.cancel();
        tokio::time::sleep(CLOSING).await;
        tracing::warn!("connections did not close in time and are cut");
    }
}
