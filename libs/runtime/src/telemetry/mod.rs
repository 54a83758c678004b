//! Logs on standard error; traces by OTLP where an endpoint is configured; metrics by OTLP there,
//! and as text where a port for them is configured, both from one provider.
//!
//! Spans have trace ids, and calls between services carry them, with or without an endpoint: a log
//! line can be followed through all services either way.

mod catalogue;
mod config;
mod exposition;
mod log;
mod metrics;
pub mod names;
#[cfg(test)]
mod observability;
mod otlp;
#[cfg(test)]
mod page;
mod resource;
mod scrape;
mod trace;

use std::io::IsTerminal;
use std::time::Duration;

use lectern_core::{Failure, OsRandom};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use otlp::Collector;
use scrape::{Reader, Scraped};

pub use catalogue::{CATALOGUE, Kind, MetricRow};
pub use config::{LogFormat, TelemetryConfig};
pub use exposition::prometheus_name;
pub use metrics::{Counter, Gauge, Histogram, Metrics, resident_bytes};
pub use trace::{add_link, current_trace_id, current_traceparent, in_trace, set_parent};

/// How long the last exports may take when the process ends, of traces and metrics at once.
const LAST_EXPORT: Duration = Duration::from_secs(5);

/// Telemetry that is installed; keeps what has to be flushed.
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: Option<SdkMeterProvider>,
    scraped: Option<Scraped>,
}

impl Telemetry {
    /// Installs logs, traces and metrics for the whole process, once. Needs a tokio runtime when
    /// there is an endpoint or a port for metrics. Instruments made before are dead, so call it
    /// first.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a filter, ratio, header or endpoint that is not one, and for a port that
    /// cannot be had; `INTERNAL` when telemetry is installed already.
    pub fn install(service: &'static str, config: &TelemetryConfig) -> Result<Self, Failure> {
        if !(0.0..=1.0).contains(&config.trace_ratio) {
            return Err(Failure::invalid("telemetry.trace_ratio", "the share of traces is a number from 0 to 1"));
        }
        let filter = EnvFilter::try_new(&config.log_filter).map_err(|error| {
            let message = format!("log filter {:?}: {error}; write info,lectern_queue=debug", config.log_filter);
            Failure::invalid("telemetry.log_filter", message)
        })?;
        let resource = resource::resource(service, config, &OsRandom);
        let collector = Collector::of(config)?;
        let reader = config.metrics_listen.map(|listen| (listen, Reader::default()));
        let installed = Self {
            traces: traces(config, collector.as_ref(), resource.clone())?,
            metrics: metrics(collector.as_ref(), reader.as_ref().map(|(_, reader)| reader.clone()), resource)?,
            scraped: reader.map(|(listen, reader)| Scraped::listen(listen, reader)).transpose()?,
        };

        let spans = exported_spans(installed.traces.tracer("lectern")).with_filter(LevelFilter::INFO);
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
        if let Some(warning) = collector.as_ref().and_then(Collector::in_the_clear) {
            tracing::warn!("{warning}");
        }
        if let Some(Scraped { addr, .. }) = &installed.scraped {
            tracing::info!(%addr, "metrics can be fetched");
        }
        metrics::observe_process();
        Ok(installed)
    }

    /// Exports what is left; gives up after 5 s. Metrics can be fetched until it begins.
    pub async fn shutdown(self) {
        let Self { traces, metrics, scraped } = self;
        drop(scraped);
        let exported = last_exports(
            move || traces.shutdown_with_timeout(LAST_EXPORT),
            move || metrics.map_or(Ok(()), |metrics| metrics.shutdown_with_timeout(LAST_EXPORT)),
        );
        if let Err(error) = exported.await {
            tracing::warn!(%error, "last traces or metrics were not exported");
        }
    }
}

/// Exports the last traces and metrics at once; what went wrong, if anything did.
async fn last_exports(
    traces: impl FnOnce() -> OTelSdkResult + Send + 'static,
    metrics: impl FnOnce() -> OTelSdkResult + Send + 'static,
) -> Result<(), String> {
    let (traces, metrics) = (tokio::task::spawn_blocking(traces), tokio::task::spawn_blocking(metrics));
    let both = futures::future::join(traces, metrics);
    let Ok((traces, metrics)) = tokio::time::timeout(LAST_EXPORT, both).await else {
        return Err(format!("they took longer than {LAST_EXPORT:?}"));
    };
    for exported in [traces, metrics] {
        exported.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// What makes exported spans of those of the code: with the attributes that the code gives them and
/// no others, such as where in the code they are, on which thread, and for how long they were
/// polled.
fn exported_spans<S>(tracer: SdkTracer) -> OpenTelemetryLayer<S, SdkTracer>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
}

fn traces(
    config: &TelemetryConfig,
    collector: Option<&Collector<'_>>,
    resource: Resource,
) -> Result<SdkTracerProvider, Failure> {
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.trace_ratio)));
    let builder = SdkTracerProvider::builder().with_resource(resource).with_sampler(sampler);
    Ok(match collector {
        Some(collector) => builder.with_batch_exporter(collector.spans()?).build(),
        None => builder.build(),
    })
}

/// One provider for both ways out; none where there is neither.
fn metrics(
    collector: Option<&Collector<'_>>,
    reader: Option<Reader>,
    resource: Resource,
) -> Result<Option<SdkMeterProvider>, Failure> {
    if collector.is_none() && reader.is_none() {
        return Ok(None);
    }
    let mut builder = SdkMeterProvider::builder().with_resource(resource);
    if let Some(collector) = collector {
        builder = builder.with_reader(collector.metrics()?);
    }
    if let Some(reader) = reader {
        builder = builder.with_reader(reader);
    }
    Ok(Some(builder.build()))
}

#[cfg(test)]
mod tests;
