//! A small service, written by hand over the messages of the health protocol: what it does follows
//! from the text it is sent.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use http::uri::PathAndQuery;
use lectern_core::Failure;
use lectern_rpc::{Caller, Channel, Outbound, answer, deadline};
use lectern_runtime::current_traceparent;
use parking_lot::Mutex;
use tonic::body::Body;
use tonic::service::interceptor::InterceptedService;
use tonic::{GrpcMethod, Request, Response, Status, Streaming};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;

use crate::by_hand::{Grpc, HandWritten};

/// How long the slow ones take.
pub const SLOW: Duration = Duration::from_secs(4);

/// What handlers saw.
#[derive(Debug, Default)]
pub struct Seen {
    pub deadline: Option<Duration>,
    pub traceparent: Option<String>,
    /// Handlers that were dropped before their end.
    pub aborted: usize,
}

static SEEN: Mutex<Option<Arc<Mutex<Seen>>>> = Mutex::new(None);

#[derive(Clone, Default)]
pub struct Probe;

impl Probe {
    pub fn seen() -> Arc<Mutex<Seen>> {
        Arc::clone(SEEN.lock().get_or_insert_default())
    }
}

struct Aborted(bool);

impl Drop for Aborted {
    fn drop(&mut self) {
        if self.0 {
            Probe::seen().lock().aborted += 1;
        }
    }
}

async fn handle(caller: Caller, request: HealthCheckRequest) -> Result<HealthCheckResponse, Failure> {
    let reply = HealthCheckResponse { status: 1 };
    match request.service.as_str() {
        "tenant t1" if caller.tenant.as_str() == "t1" => Ok(reply),
        "tenant t2" if caller.tenant.as_str() == "t2" => Ok(reply),
        "observe" => {
            let seen = Probe::seen();
            let mut seen = seen.lock();
            seen.deadline = deadline::current().map(lectern_rpc::Deadline::remaining);
            seen.traceparent = current_traceparent();
            Ok(reply)
        }
        "slow" => {
            tokio::time::sleep(SLOW).await;
            Ok(reply)
        }
        "hang" => {
            let _aborted = Aborted(true);
            std::future::pending().await
        }
        "defect" => Err(Failure::internal("the password is hunter2")),
        "missing" => Err(Failure::not_found("documents/7")),
        other => Err(Failure::invalid("service", format!("{other:?} is nothing to do"))),
    }
}

impl HandWritten for Probe {
    const NAME: &'static str = "lectern.test.Probe";

    async fn serve(self, mut grpc: Grpc, request: http::Request<Body>) -> http::Response<Body> {
        if request.uri().path().ends_with("/Watch") {
            // One message, and then nothing more, for ever.
            let watch = |_: Request<HealthCheckRequest>| {
                let first = futures::stream::iter([Ok::<_, Status>(HealthCheckResponse { status: 1 })]);
                ready(Ok::<_, Status>(Response::new(first.chain(futures::stream::pending()))))
            };
            return grpc.server_streaming(tower::service_fn(watch), request).await;
        }
        let check = |request: Request<HealthCheckRequest>| answer(request, handle);
        grpc.unary(tower::service_fn(check), request).await
    }
}

/// A client of the probe.
pub struct Client(tonic::client::Grpc<InterceptedService<Channel, Outbound>>);

impl Client {
    pub fn new(channel: InterceptedService<Channel, Outbound>) -> Self {
        Self(tonic::client::Grpc::new(channel))
    }

    fn request(text: &str, timeout: Option<Duration>) -> Request<HealthCheckRequest> {
        let mut request = Request::new(HealthCheckRequest { service: text.to_owned() });
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        // As generated clients do; the credential of a service is good for this method alone.
        request.extensions_mut().insert(GrpcMethod::new("lectern.test.Probe", "Check"));
        request
    }

    pub async fn check(&mut self, text: &str, timeout: Option<Duration>) -> Result<(), Status> {
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static("/lectern.test.Probe/Check");
        let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
        self.0.unary(Self::request(text, timeout), path, codec).await.map(drop)
    }

    pub async fn watch(&mut self, timeout: Option<Duration>) -> Result<Streaming<HealthCheckResponse>, Status> {
        self.0.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static("/lectern.test.Probe/Watch");
        let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
        let stream = self.0.server_streaming(Self::request("", timeout), path, codec).await?;
        Ok(stream.into_inner())
    }
}
