//! Logs on standard error, and traces and metrics by OTLP where an endpoint is configured.
//!
//! Spans have trace ids, and calls between services carry them, with or without an endpoint: a log
//! line can be followed through all services either way.

mod log;
mod metrics;
mod trace;

use std::io::IsTerminal;
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};

use crate::config::duration;

pub use metrics::{Counter, Gauge, Histogram, Metrics, resident_bytes};
pub use trace::{current_trace_id, current_traceparent, set_parent};

/// How long the last export may take when the process ends.
const LAST_EXPORT: Duration = Duration::from_secs(5);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person at a terminal.
    #[default]
    Human,
    /// One JSON object a line, with the trace id.
    Json,
}

/// The `telemetry` table of a service's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TelemetryConfig {
    /// How log lines look: `human` or `json`.
    pub log_format: LogFormat,
    /// What is logged, as `tracing`'s directives: `info,lectern_queue=debug`.
    pub log_filter: String,
    /// Where traces and metrics go by OTLP over gRPC (`http://collector:4317`); nowhere when unset.
    pub otlp_endpoint: Option<String>,
    /// The share of traces that are exported, 0 to 1, decided by whoever begins a trace.
    pub trace_ratio: f64,
    /// How often metrics are exported.
    #[serde(with = "duration")]
    pub metrics_every: Duration,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Human,
            log_filter: "info".to_owned(),
            otlp_endpoint: None,
            trace_ratio: 1.0,
            metrics_every: Duration::from_secs(15),
        }
    }
}

/// Telemetry that is installed; keeps what has to be flushed.
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: Option<SdkMeterProvider>,
}

impl Telemetry {
    /// Installs logs, traces and metrics for the whole process, once. Needs a tokio runtime when
    /// there is an endpoint. Instruments made before are dead, so call it first.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a filter, ratio or endpoint that is not one; `INTERNAL` when telemetry
    /// is installed already.
    pub fn install(service: &'static str, config: &TelemetryConfig) -> Result<Self, Failure> {
        if !(0.0..=1.0).contains(&config.trace_ratio) {
            return Err(Failure::invalid("telemetry.trace_ratio", "the share of traces is a number from 0 to 1"));
        }
        let filter = EnvFilter::try_new(&config.log_filter).map_err(|error| {
            let message = format!("log filter {:?}: {error}; write info,lectern_queue=debug", config.log_filter);
            Failure::invalid("telemetry.log_filter", message)
        })?;
        let resource = Resource::builder()
            .with_service_name(format!("lectern-{service}"))
            .with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let installed = Self {
            traces: traces(config, resource.clone())?,
            metrics: config.otlp_endpoint.as_deref().map(|to| metrics_to(to, config, resource)).transpose()?,
        };

        let spans = tracing_opentelemetry::layer().with_tracer(installed.traces.tracer("lectern"));
        let spans = spans.with_location(false).with_threads(false).with_filter(LevelFilter::INFO);
        let subscriber = tracing_subscriber::registry().with(spans);
        let set = match config.log_format {
            LogFormat::Human => {
                let lines = tracing_subscriber::fmt::layer()
                    .compact()
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_writer(std::io::stderr);
                tracing::subscriber::set_global_default(subscriber.with(lines.with_filter(filter)))
            }
            LogFormat::Json => {
                let lines = tracing_subscriber::fmt::layer()
                    .fmt_fields(tracing_subscriber::fmt::format::JsonFields::new())
                    .event_format(log::Json { service })
                    .with_writer(std::io::stderr);
                tracing::subscriber::set_global_default(subscriber.with(lines.with_filter(filter)))
            }
        };
        set.map_err(|error| Failure::internal(format!("telemetry: {error}")))?;
        if let Some(metrics) = &installed.metrics {
            opentelemetry::global::set_meter_provider(metrics.clone());
        }
        metrics::observe_process();
        Ok(installed)
    }

    /// Exports what is left; gives up after 5 s for traces and for metrics.
    pub async fn shutdown(self) {
        let flushed = tokio::task::spawn_blocking(move || {
            let traces = self.traces.shutdown_with_timeout(LAST_EXPORT);
            let metrics = self.metrics.map_or(Ok(()), |metrics| metrics.shutdown_with_timeout(LAST_EXPORT));
            traces.and(metrics)
        });
        match tokio::time::timeout(LAST_EXPORT * 2, flushed).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "last traces or metrics were not exported"),
            Ok(Err(error)) => tracing::warn!(%error, "last traces or metrics were not exported"),
            Err(_) => tracing::warn!("last traces or metrics were not exported in time"),
        }
    }
}

fn not_an_endpoint(endpoint: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::InvalidField,
        format!("OTLP endpoint {endpoint:?}: {error}; write http://HOST:4317"),
    )
    .at("telemetry.otlp_endpoint")
}

fn traces(config: &TelemetryConfig, resource: Resource) -> Result<SdkTracerProvider, Failure> {
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_ratio)));
    let builder = SdkTracerProvider::builder().with_resource(resource).with_sampler(sampler);
    let Some(endpoint) = &config.otlp_endpoint else { return Ok(builder.build()) };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| not_an_endpoint(endpoint, &error))?;
    Ok(builder.with_batch_exporter(exporter).build())
}

fn metrics_to(endpoint: &str, config: &TelemetryConfig, resource: Resource) -> Result<SdkMeterProvider, Failure> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| not_an_endpoint(endpoint, &error))?;
    let reader = PeriodicReader::builder(exporter).with_interval(config.metrics_every).build();
    Ok(SdkMeterProvider::builder().with_resource(resource).with_reader(reader).build())
}
