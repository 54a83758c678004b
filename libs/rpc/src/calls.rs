//! Calls that this process makes: a span and a measurement for each, until the last byte of its
//! response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Frame, SizeHint};
use lectern_runtime::current_traceparent;
use lectern_runtime::names::{rpc, span};
use lectern_runtime::telemetry::Histogram;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::codegen::Bytes;
use tonic::{Code, Status};
use tower::Service;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::codes;
use crate::middleware::open_to_all;

/// What a connection to a service is wrapped in: `inner` takes requests and gives responses as
/// `tonic`'s channel does. Every call gets a span of the kind CLIENT, whose `traceparent` goes with
/// it in place of one that is there, and a measurement of `rpc.client.call.duration`. It belongs
/// inside of what repeats calls and outside of what chooses a connection: each attempt is a call.
/// Health is asked for without either.
#[derive(Debug, Clone)]
pub(crate) struct Traced<S> {
    inner: S,
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

impl<S> Traced<S> {
    /// Around `inner`, which calls the service at this host and port. Make it after telemetry was
    /// installed.
    pub(crate) fn new(inner: S, server: Option<(&str, u16)>) -> Self {
        let server =
            server.map(|(address, port)| Server { address: address.into(), port, digits: port.to_string().into() });
        Self { inner, took: codes::client_durations(), server: server.unwrap_or_default() }
    }
}

impl<S> Service<Request<Body>> for Traced<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Status, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if open_to_all(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let mut call = Call::begin(&request, self.server.clone(), self.took.clone());
        let traceparent = call.span.in_scope(current_traceparent);
        if let Some(value) = traceparent.and_then(|text| HeaderValue::from_str(&text).ok()) {
            request.headers_mut().insert("traceparent", value);
        }
        let span = call.span.clone();
        let response = span.in_scope(|| self.inner.call(request));
        let answered = async move {
            match response.await {
                Ok(response) => Ok(call.follow(response)),
                Err(status) => {
                    // There was no answer: no connection, one that broke, or no time left.
                    call.broke(&status);
                    Err(status)
                }
            }
        };
        Box::pin(answered.instrument(span))
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
    fn begin(request: &Request<Body>, server: Server, took: Histogram) -> Self {
        // Only generated clients call, so there are no methods but those of their services.
        let method = request.uri().path().trim_start_matches('/').to_owned();
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

    fn broke(&mut self, status: &Status) {
        self.code = Some(status.code());
    }

    fn follow(mut self, response: Response<Body>) -> Response<Body> {
        // A response without a body has its status among the headers.
        self.read(response.headers());
        response.map(|inner| Body::new(Answer { inner, call: self }))
    }

    fn read(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.code = Some(status.code());
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let code = self.code.unwrap_or(Code::Cancelled);
        let name = codes::name(code);
        let all = [
            (rpc::SYSTEM, rpc::GRPC),
            (rpc::METHOD, self.method.as_str()),
            (rpc::STATUS_CODE, name),
            (span::SERVER_ADDRESS, &*self.server.address),
            (span::SERVER_PORT, &*self.server.digits),
            // On failures alone.
            (span::ERROR_TYPE, name),
        ];
        let [without @ .., _] = &all;
        let failed = codes::client_failed(code);
        let labels = if failed { all.as_slice() } else { without.as_slice() };
        self.took.record(self.start.elapsed().as_secs_f64(), labels);
        self.span.record(rpc::STATUS_CODE, name);
        if failed {
            self.span.record(span::ERROR_TYPE, name);
            self.span.record(span::STATUS, span::ERROR);
        }
    }
}

/// The body of a response, whose end is the end of its call.
struct Answer {
    inner: Body,
    call: Call,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { inner, call } = &mut *self;
        let frame = call.span.in_scope(|| Pin::new(inner).poll_frame(context));
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    call.read(trailers);
                }
            }
            Poll::Ready(Some(Err(status))) => call.code = Some(status.code()),
            Poll::Ready(None) | Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
