//! What OpenTelemetry's collector is to the services: it takes spans and metrics by OTLP, and keeps
//! them for tests to look at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lectern_e2e::Setup;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Sum};
use opentelemetry_proto::tonic::resource::v1::Resource;
use parking_lot::Mutex;
use prost::Message as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

pub use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// A finished span.
#[derive(Debug, Clone)]
pub struct Span {
    /// The `service.name` of the process.
    pub service: String,
    pub name: String,
    pub kind: SpanKind,
    pub trace: Vec<u8>,
    pub id: Vec<u8>,
    pub parent: Vec<u8>,
    /// The ids of the spans that it is linked to.
    pub links: Vec<Vec<u8>>,
    /// Attributes that are text.
    pub fields: BTreeMap<String, String>,
    /// Attributes that are numbers.
    pub numbers: BTreeMap<String, i64>,
    /// The names of all attributes.
    pub attributes: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Received {
    spans: Vec<Span>,
    /// Name and labels of every measurement, with its last value.
    metrics: BTreeMap<(String, String), f64>,
    /// The attributes of each process that exported something, by its `service.instance.id`.
    resources: BTreeMap<String, BTreeMap<String, String>>,
    /// All that was received, as it is on the wire.
    bytes: Vec<u8>,
    /// What of it is metrics.
    metric_bytes: Vec<u8>,
    /// The values of the header `x-collector`.
    headers: BTreeSet<String>,
}

/// The collector.
#[derive(Debug, Clone, Default)]
pub struct Collector(Arc<Mutex<Received>>);

impl Collector {
    /// Listens on loopback; with a setup whose processes all export to it.
    pub async fn of(setup: Setup) -> (Self, Setup) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        (collector, setup.everywhere("LECTERN_TELEMETRY__OTLP_ENDPOINT", &format!("http://{address}")))
    }

    /// The finished spans.
    pub fn spans(&self) -> Vec<Span> {
        self.0.lock().spans.clone()
    }

    /// The sum of a metric over all measurements whose labels contain `label`.
    pub fn metric(&self, name: &str, label: &str) -> Option<f64> {
        let received = self.0.lock();
        let found = received.metrics.iter().filter(|((of, labels), _)| of == name && labels.contains(label));
        found.map(|(_, value)| *value).reduce(|a, b| a + b)
    }

    /// The names of all metrics.
    pub fn metrics(&self) -> BTreeSet<String> {
        self.0.lock().metrics.keys().map(|(name, _)| name.clone()).collect()
    }

    /// What the processes say of themselves.
    pub fn resources(&self) -> Vec<BTreeMap<String, String>> {
        self.0.lock().resources.values().cloned().collect()
    }

    /// Whether anything that was received has this text, whatever its case.
    pub fn has(&self, text: &str) -> bool {
        is_in(&self.0.lock().bytes, text)
    }

    /// Whether any metric has this text, whatever its case.
    pub fn has_in_metrics(&self, text: &str) -> bool {
        is_in(&self.0.lock().metric_bytes, text)
    }

    /// The values of the header `x-collector` that exports came with.
    pub fn headers(&self) -> BTreeSet<String> {
        self.0.lock().headers.clone()
    }

    fn note(&self, metadata: &MetadataMap, bytes: &[u8]) {
        let mut received = self.0.lock();
        received.bytes.extend_from_slice(bytes);
        let header = metadata.get("x-collector").and_then(|value| value.to_str().ok());
        received.headers.extend(header.map(str::to_owned));
    }

    /// Keeps what a process says of itself, and gives its name.
    fn named(&self, resource: Option<Resource>) -> String {
        let about = fields(&resource.unwrap_or_default().attributes);
        let instance = about.get("service.instance.id").expect("which process it is").clone();
        let name = about["service.name"].clone();
        self.0.lock().resources.insert(instance, about);
        name
    }
}

fn is_in(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

fn value(pair: &KeyValue) -> Option<&Value> {
    pair.value.as_ref()?.value.as_ref()
}

fn fields(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |pair: &KeyValue| match value(pair) {
        Some(Value::StringValue(text)) => Some((pair.key.clone(), text.clone())),
        _ => None,
    };
    pairs.iter().filter_map(text).collect()
}

fn numbers(pairs: &[KeyValue]) -> BTreeMap<String, i64> {
    let number = |pair: &KeyValue| match value(pair) {
        Some(Value::IntValue(number)) => Some((pair.key.clone(), *number)),
        _ => None,
    };
    pairs.iter().filter_map(number).collect()
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.note(request.metadata(), &request.get_ref().encode_to_vec());
        for resource in request.into_inner().resource_spans {
            let service = self.named(resource.resource);
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().spans.extend(spans.map(|span| Span {
                service: service.clone(),
                kind: span.kind(),
                name: span.name,
                trace: span.trace_id,
                id: span.span_id,
                parent: span.parent_span_id,
                links: span.links.into_iter().map(|link| link.span_id).collect(),
                fields: fields(&span.attributes),
                numbers: numbers(&span.attributes),
                attributes: span.attributes.into_iter().map(|pair| pair.key).collect(),
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
        let bytes = request.get_ref().encode_to_vec();
        self.note(request.metadata(), &bytes);
        self.0.lock().metric_bytes.extend_from_slice(&bytes);
        for resource in request.into_inner().resource_metrics {
            self.named(resource.resource);
            for metric in resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                let points: Vec<_> = match metric.data {
                    Some(Data::Gauge(Gauge { data_points }) | Data::Sum(Sum { data_points, .. })) => {
                        data_points.into_iter().map(|p| (p.attributes, number(p.value))).collect()
                    }
                    #[allow(clippy::cast_precision_loss, reason = "small counts")]
                    Some(Data::Histogram(spread)) => {
                        spread.data_points.into_iter().map(|p| (p.attributes, p.count as f64)).collect()
                    }
                    Some(Data::ExponentialHistogram(_) | Data::Summary(_)) | None => Vec::new(),
                };
                let mut received = self.0.lock();
                for (labels, value) in points {
                    let labels = fields(&labels).into_iter().map(|(key, value)| format!("{key}={value}"));
                    let labels = labels.collect::<Vec<_>>().join(",");
                    received.metrics.insert((metric.name.clone(), labels), value);
                }
            }
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
