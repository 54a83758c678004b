//! A span, a log line and a measurement for every call. The span continues the caller's trace
//! (`traceparent`) and lasts, like the others, until the last byte of the response.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, Request, Response};
use lectern_runtime::names::{rpc, span};
use lectern_runtime::set_parent;
use lectern_runtime::telemetry::Histogram;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::codes;
use crate::methods::Methods;
use crate::middleware::{Follow, Followed, Inner, Middleware, open_to_all, pass, peer};

/// How much of the name of a method that does not exist is kept with its span, in bytes.
const ORIGINAL: usize = 200;

#[derive(Debug)]
pub(crate) struct Access {
    methods: Methods,
    took: Histogram,
}

impl Access {
    /// For a server that has these methods.
    pub(crate) fn new(methods: Methods) -> Self {
        Self { methods, took: codes::server_durations() }
    }

    /// The span of a call. Probes and people who look around begin none that is exported.
    fn span(&self, path: &str, peer: Option<SocketAddr>) -> Span {
        let known = self.methods.has(path);
        let method = if known { path } else { rpc::OTHER };
        tracing::info_span!(
            "grpc",
            { span::NAME } = method,
            { span::KIND } = span::SERVER,
            { span::STATUS } = Empty,
            { span::ERROR_TYPE } = Empty,
            { span::PEER_ADDRESS } = peer.map(|peer| peer.ip().to_string()),
            { span::PEER_PORT } = peer.map(|peer| i64::from(peer.port())),
            { rpc::SYSTEM } = rpc::GRPC,
            { rpc::METHOD } = method,
            { rpc::METHOD_ORIGINAL } = (!known).then(|| path.get(..ORIGINAL).unwrap_or(path)),
            { rpc::STATUS_CODE } = Empty,
            tenant = Empty,
        )
    }
}

impl Middleware for Access {
    async fn handle<S: Inner>(self: Arc<Self>, request: Request<Body>, inner: S) -> Response<Body> {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let (quiet, peer) = (open_to_all(request.uri().path()), peer(&request));
        let span = if quiet { tracing::debug_span!("grpc", { rpc::METHOD } = path) } else { self.span(&path, peer) };
        if let Some(parent) = request.headers().get("traceparent").and_then(|value| value.to_str().ok()) {
            set_parent(&span, parent);
        }
        let call = Call { access: self, span: span.clone(), path, peer, start: Instant::now(), quiet, code: None };
        let response = pass(request, inner).instrument(span).await;
        call.follow(response)
    }
}

/// Writes its log line and is measured when it is dropped: then the response is complete, or its
/// reader is gone.
struct Call {
    access: Arc<Access>,
    span: Span,
    path: String,
    peer: Option<SocketAddr>,
    start: Instant,
    quiet: bool,
    code: Option<Code>,
}

impl Call {
    fn follow(mut self, response: Response<Body>) -> Response<Body> {
        // A response without a body has its status among the headers.
        self.read(response.headers());
        Followed::wrap(response, self)
    }

    fn read(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.code = Some(status.code());
        }
    }

    /// Health and reflection are left out: how long they take is up to whoever asks.
    fn measure(&self, code: Code) {
        let name = codes::name(code);
        let method = if self.access.methods.has(&self.path) { self.path.as_str() } else { rpc::OTHER };
        let labels = [(rpc::SYSTEM, rpc::GRPC), (rpc::METHOD, method), (rpc::STATUS_CODE, name)];
        let error = codes::server_failed(code).then_some(name);
        self.access.took.record_ended(self.start.elapsed().as_secs_f64(), &labels, error);
    }
}

impl Follow for Call {
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.span.in_scope(poll)
    }

    fn trailers(&mut self, trailers: &mut HeaderMap) {
        self.read(trailers);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let code = self.code.unwrap_or(Code::Cancelled);
        let ms = i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX);
        let peer = self.peer.map(tracing::field::display);
        let path = self.path.as_str();
        if self.quiet {
            tracing::debug!(path, ?code, ms, peer, "call");
            return;
        }
        self.measure(code);
        self.span.record(rpc::STATUS_CODE, codes::name(code));
        if codes::server_failed(code) {
            self.span.record(span::ERROR_TYPE, codes::name(code));
            self.span.record(span::STATUS, span::ERROR);
        }
        if matches!(code, Code::Internal | Code::Unknown | Code::DataLoss | Code::Unavailable) {
            tracing::warn!(path, ?code, ms, peer, "call");
        } else {
            tracing::info!(path, ?code, ms, peer, "call");
        }
    }
}

#[cfg(test)]
mod tests;
