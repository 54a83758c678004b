//! What the health service says, on the port of a server and on a port of its own.
//!
//! The port of its own is for probes that cannot have what the other port demands (the kubelet's
//! speak no TLS). Nothing else is served there, it has room of its own for connections, so that a
//! crowd at the other port ends no probe, and it closes last of all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use lectern_core::Reason;
use lectern_runtime::HealthState;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;
use tonic::body::Body;
use tonic::service::RoutesBuilder;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use tower::ServiceBuilder;

use super::OPEN_MESSAGE;
use crate::access::Access;
use crate::deadline::Ending;
use crate::incoming::Incoming;
use crate::limits::CallLimits;
use crate::middleware::{Around, Inner, Middleware, pass, refuse};
use crate::protocol::Protocol;
use crate::serving::Connections;
use crate::status::bare;

/// How long probes may take to go when everything else has ended.
const PARTING: Duration = Duration::from_secs(2);

/// What a process is called in the health service that answers, whatever it depends on and though
/// it drains: for probes that restart one which hangs.
pub(super) const LIVE: &str = "live";

/// The health service over what `reporter` is told.
pub(super) fn service(reporter: &HealthReporter) -> HealthServer<HealthService> {
    let service = HealthService::from_health_reporter(reporter.clone());
    HealthServer::new(service).max_decoding_message_size(OPEN_MESSAGE)
}

/// Tells the health service what the process's health is, at every change, for as long as somebody
/// holds this.
pub(super) fn report(reporter: HealthReporter, health: HealthState, names: Vec<&'static str>) -> Reporting {
    Arc::new(AbortOnDropHandle::new(tokio::spawn(tell(reporter, health, names))))
}

pub(super) type Reporting = Arc<AbortOnDropHandle<()>>;

async fn tell(reporter: HealthReporter, health: HealthState, names: Vec<&'static str>) {
    let mut changes = health.subscribe();
    reporter.set_service_status(LIVE, ServingStatus::Serving).await;
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

/// Health on a port of its own.
#[derive(Debug)]
pub(super) struct HealthAlone {
    pub(super) addr: SocketAddr,
    closes: DropGuard,
    handle: JoinHandle<()>,
}

impl HealthAlone {
    /// Serves it until it is closed.
    pub(super) fn serve(
        (addr, incoming): (SocketAddr, Incoming),
        reporter: &HealthReporter,
        reporting: Reporting,
        access: Around<Access>,
        limits: Around<CallLimits>,
        connections: Connections,
    ) -> Self {
        let closing = CancellationToken::new();
        let mut routes = RoutesBuilder::default();
        routes.add_service(service(reporter));
        let service = ServiceBuilder::new()
            .layer(access)
            .layer(Around::new(Protocol))
            .layer(Around::new(Ending(closing.clone())))
            .layer(Around::new(NothingElse))
            .layer(limits)
            .service(routes.routes().prepare());
        let until = closing.clone();
        let handle = tokio::spawn(Box::pin(async move {
            connections.serve(incoming, service, until).await;
            drop(reporting);
        }));
        tracing::info!(%addr, "listening for probes of health");
        Self { addr, closes: closing.drop_guard(), handle }
    }

    /// Closes it.
    pub(super) async fn close(self) {
        let Self { closes, handle, .. } = self;
        drop(closes);
        // A probe that hangs holds up no process.
        let _ = tokio::time::timeout(PARTING, AbortOnDropHandle::new(handle)).await;
    }
}

/// Health is all there is.
#[derive(Debug)]
struct NothingElse;

impl Middleware for NothingElse {
    async fn handle<S: Inner>(self: Arc<Self>, request: Request<Body>, inner: S) -> Response<Body> {
        if request.uri().path().starts_with("/grpc.health.v1.") {
            pass(request, inner).await
        } else {
            refuse(&bare(Code::Unimplemented, Reason::CallUnsupported, "health alone is served on this port"))
        }
    }
}
