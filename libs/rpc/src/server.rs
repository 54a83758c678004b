//! A gRPC server with all that every service of ours has: health, reflection v1 and v1alpha,
//! authentication, limits, deadlines, TLS, keepalive, connection age, an access log, and an orderly
//! end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use lectern_core::{Clock, Failure, Kind, Reason};
use lectern_runtime::HealthState;
use lectern_runtime::config::duration;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::RoutesBuilder;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, HealthService};
use tower::ServiceBuilder;

use crate::access::Access;
use crate::auth::{Authenticate, Authentication};
use crate::client::{CONNECTION_WINDOW, STREAM_WINDOW};
use crate::deadline::Ending;
use crate::incoming::Incoming;
use crate::limits::{CallLimits, LimitsConfig};
use crate::middleware::Around;
use crate::protocol::Protocol;
use crate::tls::{Live, TlsConfig};

/// How long connections may take to close once their calls have been ended.
const CLOSING: Duration = Duration::from_secs(5);

/// Bytes of a message to health or reflection, which carry a name: anybody may send some and leave
/// it unfinished.
const OPEN_MESSAGE: usize = 4 * 1024;
/// What the files of certificates are called in the health service, from when they cannot be used.
const CERTIFICATES: &str = "certificates";
/// How much longer than keepalive takes a connection may be silent.
const SLACK: Duration = Duration::from_secs(5);

/// The `server` table of a service's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS; plain text when unset.
    pub tls: Option<TlsConfig>,
    /// How often an idle connection is asked whether it is there.
    #[serde(with = "duration")]
    pub keepalive: Duration,
    /// How long it may take to answer.
    #[serde(with = "duration")]
    pub keepalive_timeout: Duration,
    /// After this a connection takes no more calls, so that clients spread over new replicas.
    #[serde(with = "duration")]
    pub connection_age: Duration,
    /// How long the calls of an aged connection may go on.
    #[serde(with = "duration")]
    pub connection_age_grace: Duration,
    /// How long the calls in flight may go on when the process ends.
    #[serde(with = "duration")]
    pub drain: Duration,
    /// Limits by tenant and process.
    pub limits: LimitsConfig,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            keepalive: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_secs(3600),
            connection_age_grace: Duration::from_secs(3600),
            drain: Duration::from_secs(20),
            limits: LimitsConfig::default(),
        }
    }
}

/// A server that runs.
#[derive(Debug)]
pub struct Serving {
    /// The address it listens on, with the port that it took.
    pub addr: SocketAddr,
    /// Ends after the last call, or with the failure of the listener.
    pub handle: JoinHandle<Result<(), Failure>>,
}

impl Serving {
    /// Waits for its end.
    ///
    /// # Errors
    /// The failure of the listener; `INTERNAL` when the server's task panicked.
    pub async fn ended(self) -> Result<(), Failure> {
        self.handle.await.unwrap_or_else(|error| Err(Failure::internal(format!("the server stopped: {error}"))))
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
        Self { config, routes, names, descriptors, authenticate, health, clock }
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

    /// Binds and serves until `stop` is cancelled: then nothing serves any more by health, no
    /// connection is taken, and calls in flight may end within the configured drain; those that do
    /// not are answered UNAVAILABLE.
    ///
    /// # Errors
    /// `INVALID_FIELD` for limits, certificates or an address that cannot be used; `INTERNAL` for
    /// descriptors that cannot be read.
    pub fn serve(mut self, stop: CancellationToken) -> Result<Serving, Failure> {
        self.config.limits.check()?;
        let server = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(self.config.keepalive))
            .http2_keepalive_timeout(Some(self.config.keepalive_timeout))
            .max_connection_age(self.config.connection_age)
            .max_connection_age_grace(self.config.connection_age_grace)
            // Each costs memory before anybody knows whose it is. What is over the limits of the
            // process is answered, so a connection may have more streams than these take.
            .max_concurrent_streams(u32::try_from(2 * self.config.limits.calls_in_flight).unwrap_or(u32::MAX))
            // Streams of many tenants share the connections between services: one that is not read
            // must not take the window of the others.
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        let tls = match &self.config.tls {
            Some(tls) => {
                let health = self.health.clone();
                let usable = move |good| health.part(CERTIFICATES.to_owned(), good);
                Some(Live::of(tls.clone(), tls.reload, usable)?)
            }
            None => None,
        };
        let reporter = HealthReporter::new();
        let health = HealthService::from_health_reporter(reporter.clone());
        let health = tonic_health::pb::health_server::HealthServer::new(health);
        self.routes.add_service(health.max_decoding_message_size(OPEN_MESSAGE));
        self.add_reflection()?;

        if self.config.tls.is_none() && !self.config.listen.ip().is_loopback() {
            tracing::warn!(
                addr = %self.config.listen,
                "plain text beyond loopback: keys and documents can be read on the way; set server.tls, or keep the \
                 port inside a mesh that encrypts"
            );
        }
        let silence = self.config.keepalive + self.config.keepalive_timeout + SLACK;
        let incoming = Incoming::bind(self.config.listen, &self.config.limits, silence, tls)
            .and_then(|incoming| Ok((incoming.local_addr()?, incoming.stream())));
        let (addr, incoming) = incoming.map_err(|error| {
            let message =
                format!("{} cannot be listened on: {error}; choose another port, or 0 for any", self.config.listen);
            Failure::invalid("server.listen", message)
        })?;

        let end = CancellationToken::new();
        let layers = ServiceBuilder::new()
            .layer(Around::new(Access))
            .layer(Around::new(Protocol))
            .layer(Around::new(Ending { end: end.clone(), stop: stop.clone() }))
            .layer(Authentication::layer(self.authenticate, &self.config.limits, Arc::clone(&self.clock)))
            .layer(Around::new(CallLimits::new(&self.config.limits, self.clock)))
            .into_inner();
        let router = server.layer(layers).add_routes(self.routes.routes());
        let reporting = tokio::spawn(report(reporter, self.health.clone(), self.names));
        let (health, drain) = (self.health, self.config.drain);
        let handle = tokio::spawn(Box::pin(async move {
            let serving = router.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
            let ending = async {
                stop.cancelled().await;
                health.drain();
                tokio::time::sleep(drain).await;
                tracing::warn!("calls in flight did not end in time and are answered UNAVAILABLE");
                end.cancel();
                tokio::time::sleep(CLOSING).await;
            };
            let result = tokio::select! {
                result = serving => result.map_err(|error| {
                    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, format!("the listener failed: {error}"))
                }),
                () = ending => Ok(()),
            };
            reporting.abort();
            result
        }));
        tracing::info!(%addr, "listening");
        Ok(Serving { addr, handle })
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

/// Tells the health service what the process's health is, at every change.
async fn report(reporter: HealthReporter, health: HealthState, names: Vec<&'static str>) {
    let mut changes = health.subscribe();
    let status = |serves| if serves { ServingStatus::Serving } else { ServingStatus::NotServing };
    loop {
        changes.mark_unchanged();
        for name in names.iter().copied().chain([""]) {
            reporter.set_service_status(name, status(health.serving(name))).await;
        }
        for (part, serves) in health.parts() {
            reporter.set_service_status(part, status(serves)).await;
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
