//! Metrics for whoever fetches them: `GET /metrics` by HTTP/1.1 on a port of its own, in the clear
//! and without a credential. Nothing else is there.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use lectern_core::Failure;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::exposition;

/// Connections at once. Those beyond are closed: whoever fetches comes again.
const CONNECTIONS: usize = 16;
/// How long one connection may last, from its first byte to its last.
const CONNECTION: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be taken, as when there are too many open files.
const AGAIN: Duration = Duration::from_millis(100);
/// The text format's own type.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Reads all metrics at the moment it is asked to.
#[derive(Debug, Clone, Default)]
pub(super) struct Reader(Arc<ManualReader>);

impl Reader {
    /// The metrics as text.
    ///
    /// # Errors
    /// `INTERNAL` when telemetry was shut down.
    pub(super) fn read(&self) -> Result<String, Failure> {
        let mut metrics = ResourceMetrics::default();
        self.0.collect(&mut metrics).map_err(|error| Failure::internal(format!("metrics: {error}")))?;
        Ok(exposition::encode(&metrics))
    }
}

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// A listener for those who fetch metrics; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Scraped {
    /// Where it listens, with the port that it took.
    pub(super) addr: SocketAddr,
    task: AbortHandle,
}

impl Scraped {
    /// Listens at `listen`, and answers with what `reader` reads. Needs a tokio runtime.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming `telemetry.metrics_listen` where the port cannot be had.
    pub(super) fn listen(listen: SocketAddr, reader: Reader) -> Result<Self, Failure> {
        let bound = std::net::TcpListener::bind(listen).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, TcpListener::from_std(listener)?))
        });
        let (addr, listener) = bound.map_err(|error| {
            let message = format!("metrics cannot be served on {listen}: {error}; choose another port, or 0 for any");
            Failure::invalid("telemetry.metrics_listen", message)
        })?;
        let task = tokio::spawn(serve(listener, reader)).abort_handle();
        Ok(Self { addr, task })
    }
}

impl Drop for Scraped {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, reader: Reader) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::debug!(%error, "a connection for metrics was not taken");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let reader = reader.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            let answered = answer(request.method(), request.uri().path(), &reader);
            async move { Ok::<_, Infallible>(answered) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(CONNECTION)
            // One fetch, one connection: an idle one would hold a place.
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), answer);
        tokio::spawn(async move {
            let _place = place;
            match tokio::time::timeout(CONNECTION, connection).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a connection for metrics broke"),
                Err(_) => tracing::debug!("a connection for metrics lasted too long"),
            }
        });
    }
}

fn answer(method: &Method, path: &str, reader: &Reader) -> Response<Full<Bytes>> {
    let text = |status: StatusCode, text: String| {
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
        response
    };
    if path != "/metrics" {
        return text(StatusCode::NOT_FOUND, "metrics are at /metrics\n".to_owned());
    }
    if method != Method::GET {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "metrics can be fetched with GET\n".to_owned());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    match reader.read() {
        Ok(metrics) => text(StatusCode::OK, metrics),
        Err(failure) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", failure.message)),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::SdkMeterProvider;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

    async fn ask(addr: SocketAddr, first: &str) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(format!("{first} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn metrics_are_fetched_and_nothing_else_is_there() {
        let reader = Reader::default();
        let provider = SdkMeterProvider::builder().with_reader(reader.clone()).build();
        provider.meter("lectern.test").u64_counter("test.done").build().add(3, &[]);
        let scraped = Scraped::listen(LOOPBACK, reader).unwrap();
        let metrics = ask(scraped.addr, "GET /metrics").await;
        assert!(metrics.starts_with("HTTP/1.1 200 OK\r\n"), "{metrics}");
        assert!(metrics.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{metrics}");
        assert!(metrics.ends_with("test_done_total{otel_scope_name=\"lectern.test\"} 3\n"), "{metrics}");
        assert!(ask(scraped.addr, "GET /").await.starts_with("HTTP/1.1 404 "));
        let refused = ask(scraped.addr, "POST /metrics").await;
        assert!(refused.starts_with("HTTP/1.1 405 ") && refused.contains("allow: GET\r\n"), "{refused}");

        provider.shutdown().unwrap();
        assert!(ask(scraped.addr, "GET /metrics").await.starts_with("HTTP/1.1 503 "));
    }

    /// What is answered to a fetch; nothing where the connection is closed unread.
    async fn fetched(addr: SocketAddr) -> String {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let mut answer = String::new();
        // Either fails where it is closed.
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_say_nothing_are_few_and_leave_their_places() {
        // While this waits the clock stands still, so that no connection ends by lasting too long.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let waits = tokio::task::spawn_blocking(move || ended.recv());
        let scraped = Scraped::listen(LOOPBACK, Reader::default()).unwrap();
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS {
            silent.push(TcpStream::connect(scraped.addr).await.unwrap());
        }
        for _ in 0..3 {
            assert_eq!(fetched(scraped.addr).await, "", "one more is closed");
        }
        drop(silent.pop());
        // How soon the listener sees it is the kernel's affair.
        let mut answer = String::new();
        for _ in 0..1_000 {
            answer = fetched(scraped.addr).await;
            if !answer.is_empty() {
                break;
            }
        }
        assert!(answer.starts_with("HTTP/1.1 "), "its place is free: {answer:?}");
        drop(end);
        assert!(waits.await.unwrap().is_err(), "the clock stood still to the end");
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named_with_its_setting() {
        let first = Scraped::listen(LOOPBACK, Reader::default()).unwrap();
        let failure = Scraped::listen(first.addr, Reader::default()).expect_err("taken");
        assert_eq!(failure.field.as_deref(), Some("telemetry.metrics_listen"));
        assert!(failure.message.contains(&first.addr.to_string()), "{failure}");
    }
}
