//! One narration is one trace, from the caller's order through the queue and every stage, and its
//! metrics tell what was done.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lectern_e2e::{Instance, Profile, narration_id, of};
use lectern_proto::v1 as api;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use parking_lot::Mutex;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A finished span.
#[derive(Debug, Clone)]
struct Span {
    service: String,
    name: String,
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    fields: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Received {
    spans: Vec<Span>,
    /// Name and labels of every measurement, with its last value.
    metrics: BTreeMap<(String, String), f64>,
}

/// What OpenTelemetry's collector is to the services.
#[derive(Debug, Clone, Default)]
struct Collector(Arc<Mutex<Received>>);

impl Collector {
    async fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        (collector, address)
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().spans.clone()
    }

    /// The sum of a metric over all measurements whose labels contain `label`.
    fn metric(&self, name: &str, label: &str) -> Option<f64> {
        let received = self.0.lock();
        let found = received.metrics.iter().filter(|((of, labels), _)| of == name && labels.contains(label));
        found.map(|(_, value)| *value).reduce(|a, b| a + b)
    }
}

fn text(pair: &KeyValue) -> String {
    match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

fn fields(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    pairs.iter().map(|pair| (pair.key.clone(), text(pair))).collect()
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let service = fields(&resource.resource.unwrap_or_default().attributes).remove("service.name");
            let service = service.expect("a service's name");
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().spans.extend(spans.map(|span| Span {
                service: service.clone(),
                name: span.name,
                trace: span.trace_id,
                id: span.span_id,
                parent: span.parent_span_id,
                fields: fields(&span.attributes),
            }));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
        let number = |value: Option<Value>| match value {
            Some(Value::AsDouble(value)) => value,
            #[allow(clippy::cast_precision_loss, reason = "small counts")]
            Some(Value::AsInt(value)) => value as f64,
            None => f64::NAN,
        };
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        for metric in scopes.flat_map(|scope| scope.metrics) {
            let points: Vec<_> = match metric.data {
                Some(Data::Gauge(gauge)) => {
                    gauge.data_points.into_iter().map(|p| (p.attributes, number(p.value))).collect()
                }
                Some(Data::Sum(sum)) => sum.data_points.into_iter().map(|p| (p.attributes, number(p.value))).collect(),
                #[allow(clippy::cast_precision_loss, reason = "small counts")]
                Some(Data::Histogram(spread)) => {
                    spread.data_points.into_iter().map(|p| (p.attributes, p.count as f64)).collect()
                }
                Some(Data::ExponentialHistogram(_) | Data::Summary(_)) | None => Vec::new(),
            };
            let mut received = self.0.lock();
            for (labels, value) in points {
                let labels: Vec<_> = fields(&labels).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
                received.metrics.insert((metric.name.clone(), labels.join(",")), value);
            }
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

async fn start(profile: Profile) -> (Instance, Collector) {
    let (collector, address) = Collector::start().await;
    let setup = profile.setup().everywhere("LECTERN_TELEMETRY__OTLP_ENDPOINT", &format!("http://{address}"));
    // A process exports what is left when it ends; until then, nothing but spans is of interest
    // here.
    (setup.everywhere("LECTERN_TELEMETRY__METRICS_EVERY", "1h").start().await, collector)
}

/// Ends every process well: then all that it had to tell is told.
fn stop(instance: &mut Instance) {
    for service in instance.services() {
        let ended = instance.process(service).stop(Duration::from_secs(60));
        assert!(ended.is_some_and(|status| status.success()), "{service} ended with {ended:?}");
    }
}

/// The spans of a narration's trace: that of the order.
fn trace_of(spans: &[Span]) -> Vec<Span> {
    let order =
        spans.iter().find(|span| span.name == "lectern.v1.NarrationService/CreateNarration").expect("the order");
    spans.iter().filter(|span| span.trace == order.trace).cloned().collect()
}

/// Every step of the narration that left a span, by the service that did it.
fn steps(spans: &[Span], narration: &str) -> BTreeSet<(String, String)> {
    let steps = spans.iter().filter(|span| span.name == "step");
    let steps = steps.filter_map(|span| {
        let step = span.fields["step"].strip_prefix(narration)?.strip_prefix("/1/")?;
        Some((step.to_owned(), span.fields["service"].clone()))
    });
    steps.collect()
}

on_both_profiles!(one_narration_is_one_trace);

async fn one_narration_is_one_trace(profile: Profile) {
    let (mut instance, collector) = start(profile).await;
    let client = instance.client();
    let document = client.markdown("# One\n\nA first sentence.\n\n# Two\n\nA second sentence.\n").await;
    let narration =
        client.narrate(api::Narration { formats: vec![api::AudioFormat::Wav.into()], ..of(&document) }).await;
    let sections = narration.progress.expect("progress").section_count();
    drop(client);
    stop(&mut instance);

    let id = narration_id(&narration.name).to_string();
    let spans = collector.spans();
    let trace = trace_of(&spans);
    let mut expected = BTreeSet::new();
    let mut step = |name: String, service: &str| expected.insert((name, service.to_owned()));
    step("extract/0".to_owned(), "ingest");
    step("plan/0".to_owned(), "ai");
    for section in 0..sections {
        step(format!("write/{section}"), "ai");
        step(format!("record/{section}"), "tts");
    }
    step("assemble/0".to_owned(), "tts");
    assert_eq!(steps(&trace, &id), expected, "in the trace of the order");
    assert_eq!(steps(&spans, &id), expected, "and in no other trace");
    assert!(trace.iter().any(|span| span.name == "fold"), "the conductor's work is in it");

    let ids: BTreeSet<_> = trace.iter().map(|span| &span.id).collect();
    let lost: Vec<_> = trace.iter().filter(|span| !span.parent.is_empty() && !ids.contains(&span.parent)).collect();
    assert!(lost.is_empty(), "spans whose parent is in no export: {lost:?}");
    let services: BTreeSet<_> = trace.iter().map(|span| span.service.as_str()).collect();
    let expected: BTreeSet<_> = match profile {
        Profile::Embedded => ["lectern-lectern"].into(),
        Profile::Stack => ["lectern-gateway", "lectern-ingest", "lectern-ai", "lectern-tts"].into(),
    };
    assert_eq!(services, expected);

    for service in ["gateway", "ingest", "ai", "tts"] {
        let opened = collector.metric("lectern.store.connections_opened", &format!("service={service}"));
        assert!(opened.is_some_and(|opened| (1.0..=10.0).contains(&opened)), "{service}: {opened:?}");
    }
    for (service, at_least) in [("ingest", 1), ("ai", 1 + sections), ("tts", 1 + sections)] {
        let done = collector.metric("lectern.worker.ended", &format!("outcome=done,service={service}"));
        assert!(done.is_some_and(|done| done >= f64::from(at_least)), "{service}: {done:?}");
        let running = collector.metric("lectern.worker.running", &format!("service={service}"));
        assert_eq!(running, Some(0.0), "{service}");
    }
    for kind in ["extract", "plan", "write", "record", "assemble"] {
        let count = collector.metric("lectern.step.duration", &format!("kind={kind},result=done"));
        assert!(count.is_some_and(|count| count >= 1.0), "{kind}: {count:?}");
    }
}

/// The queue of the embedded instance keeps nothing: what is left after a restart is published by
/// the reconciler, which no call began.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_after_a_restart_stays_in_the_trace() {
    let (mut instance, collector) = start(Profile::Embedded).await;
    let client = instance.client();
    let document = client.markdown(&lectern_e2e::chapters(24, 90)).await;
    let order = api::Narration { formats: vec![api::AudioFormat::Wav.into()], ..of(&document) };
    let name = client.order(order).await.expect("accepted").name;
    client.watch(&name, |narration| narration.progress.is_some_and(|p| p.recorded_section_count > 0)).await;
    stop(&mut instance);
    let before = collector.spans();
    instance.process("gateway").restart();
    let finished = client.finished(&name).await;
    drop(client);
    stop(&mut instance);

    let id = narration_id(&finished.name).to_string();
    let spans = collector.spans();
    let all = steps(&spans, &id);
    assert!(all.len() > steps(&before, &id).len(), "it was stopped in the middle");
    assert_eq!(steps(&trace_of(&spans), &id), all, "all steps are in the trace of the order");
}
