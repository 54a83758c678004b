//! The `telemetry` table of a service's configuration.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Secret, duration};

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
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TelemetryConfig {
    /// How log lines look: `human` or `json`.
    pub log_format: LogFormat,
    /// What is logged, as `tracing`'s directives: `info,lectern_queue=debug`.
    pub log_filter: String,
    /// Where traces and metrics go by OTLP over gRPC (`http://collector:4317`, or `https:` with a
    /// certificate of a public authority); nowhere when unset.
    pub otlp_endpoint: Option<String>,
    /// What is sent with every export, such as a key of the collector: `name=value,name=value`,
    /// with `%2C` for a comma within a value.
    pub otlp_headers: Secret,
    /// The share of traces that are exported, 0 to 1, decided by whoever begins a trace.
    pub trace_ratio: f64,
    /// How often metrics are exported by OTLP.
    #[serde(with = "duration")]
    pub metrics_every: Duration,
    /// Where metrics can be fetched as text (`GET /metrics`), in the clear and by anybody who
    /// reaches it; nowhere when unset. Port 0 takes a free one, which the log names.
    pub metrics_listen: Option<SocketAddr>,
    /// The attribute `service.namespace`: what the services of one installation have in common.
    pub namespace: String,
    /// The attribute `deployment.environment.name`; left out when empty.
    pub environment: String,
    /// The attribute `service.instance.id`, which must differ between any two processes; when
    /// empty, a random UUID that is made at the start.
    pub instance: String,
}

impl TelemetryConfig {
    /// The same for a command that ends by itself: nobody fetches its metrics, and the port may be
    /// that of a service which runs meanwhile with the same settings.
    #[must_use]
    pub fn of_command(&self) -> Self {
        Self { metrics_listen: None, ..self.clone() }
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Human,
            log_filter: "info".to_owned(),
            otlp_endpoint: None,
            otlp_headers: Secret::default(),
            trace_ratio: 1.0,
            metrics_every: Duration::from_secs(15),
            metrics_listen: None,
            namespace: "lectern".to_owned(),
            environment: String::new(),
            instance: String::new(),
        }
    }
}
