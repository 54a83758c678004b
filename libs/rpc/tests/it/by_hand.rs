//! Services that are written by hand, over the messages of the health protocol.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;

/// What reads requests and writes answers.
pub type Grpc = tonic::server::Grpc<ProstCodec<HealthCheckResponse, HealthCheckRequest>>;

/// What a service written by hand is called, and how it answers.
pub trait HandWritten: Clone + Send + Sync + 'static {
    const NAME: &'static str;

    /// Answers a call by `grpc`.
    fn serve(self, grpc: Grpc, request: http::Request<Body>) -> impl Future<Output = http::Response<Body>> + Send;
}

/// Such a service, as servers take it.
#[derive(Clone)]
pub struct ByHand<S>(pub S);

impl<S: HandWritten> NamedService for ByHand<S> {
    const NAME: &'static str = S::NAME;
}

impl<S: HandWritten> tower::Service<http::Request<Body>> for ByHand<S> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.0.clone();
        Box::pin(async move { Ok(service.serve(Grpc::new(ProstCodec::default()), request).await) })
    }
}
