//! Export by OTLP over gRPC.

use std::fmt::Display;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use lectern_core::{Failure, Kind, Reason};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::metrics::PeriodicReader;

use super::config::TelemetryConfig;

const HEADERS: &str = "telemetry.otlp_headers";

/// Where exports go, and with what.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    endpoint: &'a str,
    headers: HeaderMap,
    config: &'a TelemetryConfig,
}

impl<'a> Collector<'a> {
    /// The collector that the settings name; none where they name none.
    ///
    /// # Errors
    /// `INVALID_FIELD` for headers that are none. Their values are not quoted.
    pub(super) fn of(config: &'a TelemetryConfig) -> Result<Option<Self>, Failure> {
        let headers = headers(config.otlp_headers.expose())?;
        Ok(config.otlp_endpoint.as_deref().map(|endpoint| Self { endpoint, headers, config }))
    }

    /// What exports spans.
    ///
    /// # Errors
    /// `INVALID_FIELD` for an endpoint that is none.
    pub(super) fn spans(&self) -> Result<SpanExporter, Failure> {
        let builder = SpanExporter::builder().with_tonic().with_endpoint(self.endpoint).with_metadata(self.metadata());
        let builder = if self.encrypted() { builder.with_tls_config(public_authorities()) } else { builder };
        builder.build().map_err(|error| self.unusable(&error))
    }

    /// What exports metrics, again and again.
    ///
    /// # Errors
    /// `INVALID_FIELD` for an endpoint that is none.
    pub(super) fn metrics(&self) -> Result<PeriodicReader<MetricExporter>, Failure> {
        let builder =
            MetricExporter::builder().with_tonic().with_endpoint(self.endpoint).with_metadata(self.metadata());
        let builder = if self.encrypted() { builder.with_tls_config(public_authorities()) } else { builder };
        let exporter = builder.build().map_err(|error| self.unusable(&error))?;
        Ok(PeriodicReader::builder(exporter).with_interval(self.config.metrics_every).build())
    }

    fn metadata(&self) -> MetadataMap {
        MetadataMap::from_headers(self.headers.clone())
    }

    fn encrypted(&self) -> bool {
        self.endpoint.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"))
    }

    /// What to say where headers are sent over a network and nothing hides them.
    pub(super) fn in_the_clear(&self) -> Option<String> {
        let uri: Uri = self.endpoint.parse().ok()?;
        // The scheme is in small letters, whatever was written.
        if self.headers.is_empty() || uri.scheme_str() != Some("http") || is_loopback(uri.host()?) {
            return None;
        }
        Some(format!(
            "{HEADERS} are sent to {} in the clear, and whoever is on the way reads them; write https://, or send to a \
             collector on loopback",
            without_user(self.endpoint)
        ))
    }

    /// The error may quote the endpoint, too.
    fn unusable(&self, error: &dyn Display) -> Failure {
        let shown = without_user(self.endpoint);
        let error = error.to_string().replace(self.endpoint, &shown);
        Failure::new(
            Kind::InvalidArgument,
            Reason::InvalidField,
            format!("OTLP endpoint {shown:?}: {error}; write http://HOST:4317"),
        )
        .at("telemetry.otlp_endpoint")
    }
}

/// An endpoint without the user and the password that may stand before its host. One that is
/// malformed may have an @ further on: all before the last one goes.
fn without_user(endpoint: &str) -> String {
    let Some((before, rest)) = endpoint.rsplit_once('@') else { return endpoint.to_owned() };
    match before.split_once("://") {
        Some((scheme, _)) => format!("{scheme}://{rest}"),
        None => rest.to_owned(),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

fn public_authorities() -> ClientTlsConfig {
    ClientTlsConfig::new().with_enabled_roots()
}

/// Reads `name=value,name=value`. Values are percent-encoded, as in the variable
/// `OTEL_EXPORTER_OTLP_HEADERS`, from which many are copied.
fn headers(text: &str) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    let entries = text.split(',').map(str::trim).enumerate().filter(|(_, entry)| !entry.is_empty());
    for (index, entry) in entries {
        let wrong = |what: &str| {
            let message = format!(
                "entry {} of {HEADERS} {what}; write name=value,name=value, with %2C for a comma within a value",
                index + 1
            );
            Failure::invalid(HEADERS, message)
        };
        let (name, value) = entry.split_once('=').ok_or_else(|| wrong("has no ="))?;
        let name = HeaderName::from_bytes(name.trim().to_ascii_lowercase().as_bytes())
            .map_err(|_| wrong("has a name that no header may have"))?;
        let value = decoded(value.trim()).ok_or_else(|| wrong("has a % that two hexadecimal digits do not follow"))?;
        let mut value = HeaderValue::from_bytes(&value).map_err(|_| wrong("has a value that no header may have"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// The bytes that a percent-encoded text stands for.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' { digit(bytes.next()?)? * 16 + digit(bytes.next()?)? } else { byte });
    }
    Some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn headers_are_read_as_they_are_copied() {
        let read = headers("Authorization=Basic%20abc=, x-team = books%2Cmusic ,").unwrap();
        assert_eq!(read["authorization"].as_bytes(), b"Basic abc=");
        assert_eq!(read["x-team"].as_bytes(), b"books,music");
        assert!(read["authorization"].is_sensitive());
        assert!(headers("").unwrap().is_empty());
    }

    #[test]
    fn wrong_headers_are_named_and_not_quoted() {
        for wrong in ["hunter2", "a b=hunter2", "a=hunter2%zz", "a=hunter2%0a", "ok=1,hunter2"] {
            let failure = headers(wrong).expect_err(wrong);
            assert_eq!(failure.field.as_deref(), Some(HEADERS));
            assert!(!failure.message.contains("hunter2"), "{failure}");
        }
    }

    fn config(endpoint: &str, headers: &str) -> TelemetryConfig {
        TelemetryConfig {
            otlp_endpoint: Some(endpoint.to_owned()),
            otlp_headers: Secret::new(headers),
            ..TelemetryConfig::default()
        }
    }

    #[test]
    fn headers_that_go_over_a_network_in_the_clear_are_warned_of() {
        for (endpoint, headers, warned) in [
            ("http://collector:4317", "authorization=hunter2", true),
            ("HTTP://10.0.0.7:4317", "authorization=hunter2", true),
            ("http://user:hunter2@collector:4317", "authorization=hunter2", true),
            ("http://collector:4317", "", false),
            ("https://collector:4317", "authorization=hunter2", false),
            ("HTTPS://collector:4317", "authorization=hunter2", false),
            ("http://127.0.0.1:4317", "authorization=hunter2", false),
            ("http://[::1]:4317", "authorization=hunter2", false),
            ("http://LocalHost:4317", "authorization=hunter2", false),
        ] {
            let config = config(endpoint, headers);
            let warning = Collector::of(&config).unwrap().unwrap().in_the_clear();
            assert_eq!(warning.is_some(), warned, "{endpoint}: {warning:?}");
            assert!(!warning.unwrap_or_default().contains("hunter2"), "{endpoint}");
        }
    }

    #[test]
    fn a_scheme_is_read_whatever_its_case() {
        for (endpoint, encrypted) in
            [("https://c", true), ("HTTPS://c:4317", true), ("Http://c:4317", false), ("c:4317", false)]
        {
            let config = config(endpoint, "");
            assert_eq!(Collector::of(&config).unwrap().unwrap().encrypted(), encrypted, "{endpoint}");
        }
    }

    #[tokio::test]
    async fn a_password_in_an_endpoint_that_is_none_is_not_quoted() {
        for endpoint in ["http://user:hunter2@no host:4317", "http://user:hun/hunter2@no host", "user:hunter2@no host"]
        {
            let config = config(endpoint, "");
            let collector = Collector::of(&config).unwrap().unwrap();
            let Err(failure) = collector.spans() else { panic!("{endpoint} can be used") };
            assert_eq!(failure.field.as_deref(), Some("telemetry.otlp_endpoint"));
            assert!(failure.message.contains("no host") && !failure.message.contains("hunter2"), "{failure}");
            let Err(failure) = collector.metrics() else { panic!("{endpoint} can be used") };
            assert!(!failure.message.contains("hunter2"), "{failure}");
        }
    }

    #[test]
    fn headers_are_shown_nowhere() {
        let config = config("http://127.0.0.1:4317", "authorization=hunter2");
        let collector = Collector::of(&config).unwrap();
        for shown in [format!("{config:?}"), format!("{collector:?}"), crate::print(&config).unwrap()] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
