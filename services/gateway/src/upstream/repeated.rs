//! Tests: whose calls of a stage are made again.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use lectern_core::SystemClock;
use lectern_core::id::TenantId;
use lectern_proto::ingest::v1::GetSourceRequest;
use lectern_rpc::client::BETWEEN_SERVICES;
use lectern_rpc::{ClientConfig, ServiceCredential};
use lectern_runtime::Secret;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};

use super::{Classes, Upstream, short};

/// A stage that is too busy for anything, and counts what it is asked.
#[derive(Debug, Clone, Default)]
struct Busy(Arc<AtomicUsize>);

impl NamedService for Busy {
    const NAME: &'static str = "lectern.ingest.v1.IngestService";
}

impl Service<http::Request<Body>> for Busy {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(Status::unavailable("busy").into_http()))
    }
}

/// Fails on code that repeats what the caller of the gateway repeats too.
#[tokio::test]
async fn what_the_conductor_asks_is_asked_again_and_what_a_caller_waits_for_is_not() {
    let busy = Busy::default();
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let url = format!("http://{}", incoming.local_addr().expect("an address"));
    let routes = tonic::service::Routes::new(busy.clone());
    tokio::spawn(tonic::transport::Server::builder().add_routes(routes).serve_with_incoming(incoming));

    let config = ClientConfig { service_config: Cow::Borrowed(BETWEEN_SERVICES), ..ClientConfig::to(url) };
    let to = || Classes::to(&config).expect("channels");
    let credential = ServiceCredential::new(Secret::new("s".repeat(32)), Arc::new(SystemClock)).expect("a secret");
    let conducting = Upstream::new(to(), to(), to(), Arc::new(credential));
    let tenant: TenantId = "t1".parse().expect("an id");
    for (upstream, expected) in [(conducting.without_retries(), 1), (conducting.clone(), 2)] {
        busy.0.store(0, Ordering::SeqCst);
        let request = short(GetSourceRequest { document: "documents/d1".to_owned() });
        let refused = upstream.ingest(&tenant).get_source(request).await.expect_err("it is busy");
        assert_eq!((refused.code(), busy.0.load(Ordering::SeqCst)), (Code::Unavailable, expected));
    }
}
