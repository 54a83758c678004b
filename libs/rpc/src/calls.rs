//! Calls that this process makes: a span and a measurement for each, until the last byte of its
//! response.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};
use lectern_runtime::current_traceparent;
use lectern_runtime::names::{rpc, span};
use lectern_runtime::telemetry::Histogram;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::codes;
use crate::middleware::{Follow, Followed, open_to_all};

/// What tells of the calls of a service. Every call gets a span of the kind CLIENT, whose
/// `traceparent` goes with it in place of one that is there, and a measurement of
/// `rpc.client.call.duration`. It belongs inside of what repeats calls and outside of what chooses
/// a connection: each attempt is a call. Health is asked for without either.
#[derive(Debug, Clone)]
pub(crate) struct Traced {
    took: Histogram,
    server: Server,
}

/// Which service is called: a host of its URL and the port, and not which of its addresses has the
/// connection.
#[derive(Debug, Clone, Default)]
struct Server {
    address: Arc<str>,
    port: u16,
    /// The port in digits, as metrics have it.
    digits: Arc<str>,
}

impl Traced {
    /// Of the service at this host and port. Make it after telemetry was installed.
    pub(crate) fn new(server: Option<(&str, u16)>) -> Self {
        let server =
            server.map(|(address, port)| Server { address: address.into(), port, digits: port.to_string().into() });
        Self { took: codes::client_durations(), server: server.unwrap_or_default() }
    }

    /// Makes the call of this head by `send`.
    pub(crate) async fn call<F>(&self, mut head: Parts, send: impl FnOnce(Parts) -> F) -> Result<Response<Body>, Status>
    where
        F: Future<Output = Result<Response<Body>, Status>>,
    {
        if open_to_all(head.uri.path()) {
            return send(head).await;
        }
        let mut call = Call::begin(&head, self.server.clone(), self.took.clone());
        let span = call.span.clone();
        let traceparent = span.in_scope(current_traceparent);
        if let Some(value) = traceparent.and_then(|text| HeaderValue::from_str(&text).ok()) {
            head.headers.insert("traceparent", value);
        }
        let answered = send(head).instrument(span).await;
        match answered {
            Ok(response) => Ok(call.follow(response)),
            Err(status) => {
                // There was no answer: no connection, one that broke, or no time left.
                call.broke(&status);
                Err(status)
            }
        }
    }
}

/// Is measured, and ends its span, when it is dropped: then the response is complete, or nobody
/// waits for it any more.
struct Call {
    span: Span,
    method: String,
    server: Server,
    took: Histogram,
    start: Instant,
    code: Option<Code>,
}

impl Call {
    fn begin(head: &Parts, server: Server, took: Histogram) -> Self {
        // Only generated clients call, so there are no methods but those of their services.
        let method = head.uri.path().trim_start_matches('/').to_owned();
        let span = tracing::info_span!(
            "call",
            { span::NAME } = method,
            { span::KIND } = span::CLIENT,
            { span::STATUS } = Empty,
            { span::ERROR_TYPE } = Empty,
            { span::SERVER_ADDRESS } = &*server.address,
            { span::SERVER_PORT } = i64::from(server.port),
            { rpc::SYSTEM } = rpc::GRPC,
            { rpc::METHOD } = method,
            { rpc::STATUS_CODE } = Empty,
        );
        Self { span, method, server, took, start: Instant::now(), code: None }
    }

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
}

impl Follow for Call {
    fn around<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.span.in_scope(poll)
    }

    fn trailers(&mut self, trailers: &mut HeaderMap) {
        self.read(trailers);
    }

    fn broke(&mut self, status: &Status) {
        self.code = Some(status.code());
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let name = codes::name(code);
        let labels = [
            (rpc::SYSTEM, rpc::GRPC),
            (rpc::METHOD, self.method.as_str()),
            (rpc::STATUS_CODE, name),
            (span::SERVER_ADDRESS, &*self.server.address),
            (span::SERVER_PORT, &*self.server.digits),
        ];
        let error = codes::client_failed(code).then_some(name);
        self.took.record_ended(self.start.elapsed().as_secs_f64(), &labels, error);
        self.span.record(rpc::STATUS_CODE, name);
        if let Some(error) = error {
            self.span.record(span::ERROR_TYPE, error);
            self.span.record(span::STATUS, span::ERROR);
        }
    }
}
