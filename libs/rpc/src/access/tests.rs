//! Calls from a client of ours to a server of ours, by what is exported of them.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::Frame;
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status as SpanStatus, TracerProvider as _};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto};
use tonic::codegen::Bytes;
use tower::{Layer as _, ServiceExt as _};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use super::*;
use crate::calls::Traced;
use crate::middleware::Around;

const CHECK: &str = "lectern.test.Probe/Check";
const FAIL: &str = "lectern.test.Probe/Fail";
const STREAM: &str = "lectern.test.Probe/Stream";
const LATE: &str = "lectern.test.Probe/Late";

/// A response of a frame and then trailers.
struct Frames(VecDeque<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

fn stream() -> Response<Body> {
    let mut trailers = HeaderMap::new();
    Status::ok("").add_header(&mut trailers).unwrap();
    let frames = [Frame::data(Bytes::from_static(b"piece")), Frame::trailers(trailers)];
    Response::new(Body::new(Frames(frames.into())))
}

async fn handle(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(match request.uri().path().trim_start_matches('/') {
        CHECK | "grpc.health.v1.Health/Check" => Status::ok("").into_http(),
        FAIL => Status::internal("a canary").into_http(),
        STREAM => stream(),
        _ => Status::unimplemented("no such method").into_http(),
    })
}

fn methods() -> Methods {
    let method = |path: &str| MethodDescriptorProto {
        name: path.split_once('/').map(|(_, name)| name.to_owned()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Probe".to_owned()),
        method: [CHECK, FAIL, STREAM].map(method).to_vec(),
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        package: Some("lectern.test".to_owned()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    let set = FileDescriptorSet { file: vec![file] }.encode_to_vec();
    Methods::of(&["lectern.test.Probe"], &[&set]).unwrap()
}

struct Exported {
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
    provider: SdkMeterProvider,
    _set: tracing::subscriber::DefaultGuard,
}

impl Exported {
    /// Of what this thread does from now on. Metrics are the process's.
    fn start() -> Self {
        let metrics = InMemoryMetricExporter::default();
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        opentelemetry::global::set_meter_provider(provider.clone());
        let spans = InMemorySpanExporter::default();
        let traces = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer("test"));
        let layer = layer.with_filter(LevelFilter::INFO);
        let set = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        Self { spans, metrics, provider, _set: set }
    }

    fn spans(&self) -> Vec<SpanData> {
        self.spans.get_finished_spans().unwrap()
    }

    /// The labels of every measurement of this name, each with how many there were.
    fn measured(&self, name: &str) -> Vec<(String, u64)> {
        self.provider.force_flush().unwrap();
        let all = self.metrics.get_finished_metrics().unwrap();
        let last = all.last().expect("an export");
        let metrics = last.scope_metrics().flat_map(|scope| scope.metrics());
        let mut found = Vec::new();
        for metric in metrics.filter(|metric| metric.name() == name) {
            let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else { panic!("{metric:?}") };
            assert_eq!(metric.unit(), "s");
            for point in histogram.data_points() {
                let mut labels: Vec<_> =
                    point.attributes().map(|pair| format!("{}={}", pair.key, pair.value)).collect();
                labels.sort();
                found.push((labels.join(" "), point.count()));
            }
        }
        found.sort();
        found
    }
}

fn attribute(span: &SpanData, name: &str) -> Option<Value> {
    span.attributes.iter().find(|pair| pair.key.as_str() == name).map(|pair| pair.value.clone())
}

fn of_kind(spans: &[SpanData], kind: &SpanKind, name: &str) -> SpanData {
    let found = spans.iter().find(|span| span.span_kind == *kind && span.name == name);
    found.cloned().unwrap_or_else(|| panic!("{kind:?} {name} in {spans:?}"))
}

/// One test, because metrics belong to the whole process.
#[tokio::test]
async fn a_call_has_a_span_and_a_measurement_at_both_of_its_ends() {
    let exported = Exported::start();
    let server = Around::new(Access::new(methods())).layer(tower::service_fn(handle));
    let server = tower::ServiceExt::<Request<Body>>::map_err(server, |never: Infallible| -> Status { match never {} });
    let client = Traced::new(Some(("probe", 7400)));
    let call = |path: &str| {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = format!("/{path}").parse().unwrap();
        request.extensions_mut().insert(tonic::transport::server::TcpConnectInfo {
            local_addr: None,
            remote_addr: Some(([192, 0, 2, 1], 4711).into()),
        });
        let ((head, body), server) = (request.into_parts(), server.clone());
        client.call(head, move |head| server.oneshot(Request::from_parts(head, body)))
    };
    for path in [CHECK, FAIL, "lectern.test.Probe/Guess", "made.Up/Name", "grpc.health.v1.Health/Check"] {
        drop(call(path).await.unwrap());
    }
    let spans = exported.spans();
    assert_eq!(spans.len(), 8, "health has none: {spans:?}");

    let (server, client) = (of_kind(&spans, &SpanKind::Server, CHECK), of_kind(&spans, &SpanKind::Client, CHECK));
    assert_eq!(server.parent_span_id, client.span_context.span_id());
    assert_eq!(server.span_context.trace_id(), client.span_context.trace_id());
    for span in [&server, &client] {
        assert_eq!(attribute(span, "rpc.system.name"), Some("grpc".into()));
        assert_eq!(attribute(span, "rpc.method"), Some(CHECK.into()));
        assert_eq!(attribute(span, "rpc.status_code"), Some("OK".into()));
        assert_eq!((attribute(span, "error.type"), &span.status), (None, &SpanStatus::Unset));
        for gone in ["rpc.system", "rpc.service", "rpc.grpc.status_code", "code"] {
            assert_eq!(attribute(span, gone), None, "{gone}");
        }
    }
    assert_eq!(attribute(&server, "network.peer.address"), Some("192.0.2.1".into()));
    assert_eq!(attribute(&server, "network.peer.port"), Some(Value::I64(4711)));
    assert_eq!(attribute(&client, "server.address"), Some("probe".into()));
    assert_eq!(attribute(&client, "server.port"), Some(Value::I64(7400)));

    for kind in [SpanKind::Server, SpanKind::Client] {
        let failed = of_kind(&spans, &kind, FAIL);
        assert_eq!(attribute(&failed, "error.type"), Some("INTERNAL".into()));
        assert!(matches!(failed.status, SpanStatus::Error { .. }), "{failed:?}");
        assert!(!format!("{failed:?}").contains("canary"), "{failed:?}");
    }
    let unknown = of_kind(&spans, &SpanKind::Server, "_OTHER");
    assert!(attribute(&unknown, "rpc.method_original").is_some(), "{unknown:?}");

    let measured = |method: &str, code: &str, failed: bool| {
        let error = if failed { format!("error.type={code} ") } else { String::new() };
        format!("{error}rpc.method={method} rpc.status_code={code} rpc.system.name=grpc")
    };
    let expected = [
        (measured(FAIL, "INTERNAL", true), 1),
        (measured("_OTHER", "UNIMPLEMENTED", true), 2),
        (measured(CHECK, "OK", false), 1),
    ];
    assert_eq!(exported.measured("rpc.server.call.duration"), expected);
    let called = exported.measured("rpc.client.call.duration");
    assert_eq!(called.len(), 4);
    let named = |(labels, _): &(String, u64)| labels.ends_with(" server.address=probe server.port=7400");
    assert!(called.iter().all(named), "{called:?}");

    // A call without an answer has the code that its caller is told.
    let (head, ()) = Request::get(format!("/{LATE}")).body(()).unwrap().into_parts();
    let late = |_| std::future::ready(Err(Status::deadline_exceeded("nobody answered")));
    assert!(Traced::new(Some(("probe", 7400))).call(head, late).await.is_err());
    let late = of_kind(&exported.spans(), &SpanKind::Client, LATE);
    assert_eq!(attribute(&late, "rpc.status_code"), Some("DEADLINE_EXCEEDED".into()));
    let codes =
        |(labels, _): &(String, u64)| labels.contains(LATE).then(|| labels.contains("error.type=DEADLINE_EXCEEDED"));
    let measured = exported.measured("rpc.client.call.duration");
    assert_eq!(measured.iter().filter_map(codes).collect::<Vec<_>>(), [true]);

    // A stream is a call until its last byte.
    let mut body = call(STREAM).await.unwrap().into_body();
    assert_eq!(exported.spans().len(), 9);
    for _ in 0..2 {
        std::future::poll_fn(|context| http_body::Body::poll_frame(Pin::new(&mut body), context))
            .await
            .unwrap()
            .unwrap();
    }
    drop(body);
    let spans = exported.spans();
    let streamed = of_kind(&spans, &SpanKind::Client, STREAM);
    assert_eq!(attribute(&streamed, "rpc.status_code"), Some("OK".into()));
    // Whoever goes away before that has cancelled it, which is no failure of the server.
    drop(call(STREAM).await.unwrap());
    let spans = exported.spans();
    let left = spans.iter().filter(|span| attribute(span, "rpc.status_code") == Some("CANCELLED".into()));
    let statuses: Vec<_> = left.map(|span| (span.span_kind.clone(), span.status == SpanStatus::Unset)).collect();
    assert!(
        statuses.contains(&(SpanKind::Server, true)) && statuses.contains(&(SpanKind::Client, false)),
        "{statuses:?}"
    );
}
