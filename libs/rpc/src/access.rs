//! A span and a log line for every call. The span continues the caller's trace (`traceparent`) and
//! lasts, like the line, until the last byte of the response.

use std::sync::Arc;

use http::{HeaderMap, Request, Response};
use lectern_runtime::set_parent;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::middleware::{Follow, Followed, Inner, Middleware, open_to_all, pass, peer};

#[derive(Debug)]
pub(crate) struct Access;

impl Middleware for Access {
    async fn handle<S: Inner>(self: Arc<Self>, request: Request<Body>, inner: S) -> Response<Body> {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let (service, method) = path.split_once('/').unwrap_or((path.as_str(), ""));
        let quiet = open_to_all(request.uri().path());
        let span = if quiet {
            tracing::debug_span!("grpc", "rpc.service" = service, "rpc.method" = method)
        } else {
            tracing::info_span!(
                "grpc",
                "otel.name" = path,
                "otel.kind" = "server",
                "rpc.system" = "grpc",
                "rpc.service" = service,
                "rpc.method" = method,
                tenant = Empty,
                code = Empty,
            )
        };
        if let Some(parent) = request.headers().get("traceparent").and_then(|value| value.to_str().ok()) {
            set_parent(&span, parent);
        }
        let peer = peer(&request);
        let mut line = Line { span: span.clone(), path, peer, start: Instant::now(), quiet, code: None };
        let response = pass(request, inner).instrument(span).await;
        // A response without a body has its status among the headers.
        line.read(response.headers());
        Followed::wrap(response, line)
    }
}

/// Writes its log line when it is dropped: then the response is complete, or its reader is gone.
struct Line {
    span: Span,
    path: String,
    peer: Option<std::net::SocketAddr>,
    start: Instant,
    quiet: bool,
    code: Option<Code>,
}

impl Line {
    fn read(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.code = Some(status.code());
        }
    }
}

impl Follow for Line {
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.span.in_scope(poll)
    }

    fn trailers(&mut self, trailers: &mut HeaderMap) {
        self.read(trailers);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let code = self.code.unwrap_or(Code::Cancelled);
        self.span.record("code", tracing::field::debug(code));
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        let peer = self.peer.map(tracing::field::display);
        if self.quiet {
            tracing::debug!(path = self.path, ?code, ms, peer, "call");
        } else if matches!(code, Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable) {
            tracing::warn!(path = self.path, ?code, ms, peer, "call");
        } else {
            tracing::info!(path = self.path, ?code, ms, peer, "call");
        }
    }
}
