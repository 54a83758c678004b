//! Metrics as text, for a Prometheus that fetches them: the text format 0.0.4, with names by
//! OpenTelemetry's rules of compatibility.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>,
//! <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>
//!
//! In one thing it goes its own way: a level without a unit has no `_ratio` at the end of its name.
//! Ours are counts of things. The crate that would do all this, `opentelemetry-prometheus`, adds
//! it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, HistogramDataPoint, Metric, MetricData, ResourceMetrics};

use super::catalogue::Kind;

/// Label: the part of the code whose instrument it is.
const SCOPE: &str = "otel_scope_name";

/// The name that Prometheus knows a metric by: `rpc_server_call_duration_seconds` of
/// `rpc.server.call.duration` in `s`. Counters, which only grow, end with `_total`.
#[must_use]
pub fn prometheus_name(name: &str, unit: &str, counter: bool) -> String {
    let mut plain = sanitized(name);
    let unit = match unit {
        "s" => "seconds".to_owned(),
        "ms" => "milliseconds".to_owned(),
        "By" => "bytes".to_owned(),
        "%" => "percent".to_owned(),
        // Of things counted, the name says what they are: `{segment}`, `1`.
        "" | "1" => String::new(),
        unit if unit.starts_with('{') => String::new(),
        unit => sanitized(unit),
    };
    let has = |word: &str| plain.split('_').any(|part| part == word);
    if !unit.is_empty() && !has(&unit) {
        plain = format!("{plain}_{unit}");
    }
    if counter && !plain.ends_with("_total") {
        plain.push_str("_total");
    }
    plain
}

/// A name of letters, digits and single underscores.
fn sanitized(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || letter == ':' {
            plain.push(letter);
        } else if !plain.ends_with('_') {
            plain.push('_');
        }
    }
    if plain.starts_with(|first: char| first.is_ascii_digit()) { format!("_{plain}") } else { plain }
}

/// All that was collected, as text.
pub(super) fn encode(metrics: &ResourceMetrics) -> String {
    let mut families = Families::default();
    let about = labels(metrics.resource().iter().map(|(key, value)| (key.as_str(), value.to_string())));
    families
        .of("target_info", Kind::Gauge, "What the process says of itself.")
        .add(about, |labels| format!("target_info{{{labels}}} 1\n"));
    for scope in metrics.scope_metrics() {
        for metric in scope.metrics() {
            families.add(scope.scope().name(), metric);
        }
    }
    families.text()
}

/// All measurements of one name.
struct Family {
    kind: Kind,
    help: String,
    /// The lines of a measurement, by its labels.
    lines: BTreeMap<String, String>,
}

impl Family {
    /// Adds a measurement. A second one of equal labels is left out: a text with both would be
    /// refused as a whole.
    fn add(&mut self, labels: String, lines: impl FnOnce(&str) -> String) {
        match self.lines.entry(labels) {
            Entry::Vacant(entry) => {
                let lines = lines(entry.key());
                entry.insert(lines);
            }
            Entry::Occupied(entry) => tracing::debug!(labels = entry.key(), "a measurement is there twice"),
        }
    }
}

#[derive(Default)]
struct Families(BTreeMap<String, Family>);

impl Families {
    fn of(&mut self, name: &str, kind: Kind, help: &str) -> &mut Family {
        let family = || Family { kind, help: help.replace('\\', "\\\\").replace('\n', "\\n"), lines: BTreeMap::new() };
        self.0.entry(name.to_owned()).or_insert_with(family)
    }

    fn add(&mut self, scope: &str, metric: &Metric) {
        match metric.data() {
            AggregatedMetrics::F64(data) => self.add_data(scope, metric, data),
            AggregatedMetrics::U64(data) => self.add_data(scope, metric, data),
            AggregatedMetrics::I64(data) => self.add_data(scope, metric, data),
        }
    }

    fn add_data<N: Number>(&mut self, scope: &str, metric: &Metric, data: &MetricData<N>) {
        let (unit, help) = (metric.unit(), metric.description());
        let all = |attributes: Vec<&KeyValue>| {
            let attributes = attributes.into_iter().map(|pair| (pair.key.as_str(), pair.value.to_string()));
            labels(attributes.chain([(SCOPE, scope.to_owned())]))
        };
        match data {
            MetricData::Gauge(gauge) => {
                let name = prometheus_name(metric.name(), unit, false);
                let family = self.of(&name, Kind::Gauge, help);
                for point in gauge.data_points() {
                    family.add(all(point.attributes().collect()), |labels| {
                        format!("{name}{{{labels}}} {}\n", point.value().text())
                    });
                }
            }
            MetricData::Sum(sum) => {
                let kind = if sum.is_monotonic() { Kind::Counter } else { Kind::Gauge };
                let name = prometheus_name(metric.name(), unit, sum.is_monotonic());
                let family = self.of(&name, kind, help);
                for point in sum.data_points() {
                    family.add(all(point.attributes().collect()), |labels| {
                        format!("{name}{{{labels}}} {}\n", point.value().text())
                    });
                }
            }
            MetricData::Histogram(histogram) => {
                let name = prometheus_name(metric.name(), unit, false);
                let family = self.of(&name, Kind::Histogram, help);
                for point in histogram.data_points() {
                    family.add(all(point.attributes().collect()), |labels| spread(&name, labels, point));
                }
            }
            // No instrument of ours makes one: the format has no place for it.
            MetricData::ExponentialHistogram(_) => {}
        }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, Family { kind, help, lines }) in &self.0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {}", kind.as_str());
            lines.values().for_each(|lines| text.push_str(lines));
        }
        text
    }
}

/// The lines of a histogram: how many values were not above each bound, their sum and their number.
fn spread<N: Number>(name: &str, labels: &str, point: &HistogramDataPoint<N>) -> String {
    let mut lines = String::new();
    let mut below = 0;
    for (bound, count) in point.bounds().zip(point.bucket_counts()) {
        below += count;
        let _ = writeln!(lines, "{name}_bucket{{{labels},le=\"{}\"}} {below}", bound.text());
    }
    let (count, sum) = (point.count(), point.sum().text());
    let _ = writeln!(lines, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
    let _ = writeln!(lines, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}");
    lines
}

fn labels<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> String {
    let quoted = |text: String| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let mut labels: Vec<_> = pairs.map(|(key, value)| format!("{}=\"{}\"", sanitized(key), quoted(value))).collect();
    labels.sort();
    labels.join(",")
}

/// A number as the format writes it.
trait Number: Copy {
    fn text(self) -> String;
}

impl Number for f64 {
    fn text(self) -> String {
        if self.is_nan() {
            "NaN".to_owned()
        } else if self.is_infinite() {
            if self > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
        } else {
            self.to_string()
        }
    }
}

impl Number for u64 {
    fn text(self) -> String {
        self.to_string()
    }
}

impl Number for i64 {
    fn text(self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    use super::super::scrape::Reader;
    use super::*;

    fn exported(measure: impl FnOnce(&SdkMeterProvider)) -> String {
        let reader = Reader::default();
        let resource = Resource::builder_empty().with_service_name("lectern-tts").build();
        let provider = SdkMeterProvider::builder().with_reader(reader.clone()).with_resource(resource).build();
        measure(&provider);
        reader.read().unwrap()
    }

    #[test]
    fn names_say_unit_and_kind() {
        for (name, unit, counter, expected) in [
            ("rpc.server.call.duration", "s", false, "rpc_server_call_duration_seconds"),
            ("lectern.dispatch.narrations", "1", false, "lectern_dispatch_narrations"),
            ("lectern.tts.segments_spoken", "{segment}", true, "lectern_tts_segments_spoken_total"),
            ("process.memory.usage", "By", false, "process_memory_usage_bytes"),
            ("lectern.upload.bytes", "By", true, "lectern_upload_bytes_total"),
            ("lectern.certificate.expiry", "s", false, "lectern_certificate_expiry_seconds"),
            ("2nd..odd-name", "m/s", false, "_2nd_odd_name_m_s"),
        ] {
            assert_eq!(prometheus_name(name, unit, counter), expected);
        }
    }

    #[test]
    fn every_kind_is_written_as_prometheus_reads_it() {
        let text = exported(|provider| {
            let meter = provider.meter("lectern.test");
            let kind = [KeyValue::new("step.kind", "say \"hi\"\\\n")];
            meter.u64_counter("test.done").with_description("What was\ndone.").build().add(3, &kind);
            meter.f64_gauge("test.level").build().record(1.5, &[]);
            let took = meter.f64_histogram("test.took").with_unit("s").with_boundaries(vec![0.5, 1.0]).build();
            [0.25, 0.75, 9.0].iter().for_each(|value| took.record(*value, &[]));
        });
        let expected = [
            "# HELP target_info What the process says of itself.",
            "# TYPE target_info gauge",
            "target_info{service_name=\"lectern-tts\"} 1",
            "# HELP test_done_total What was\\ndone.",
            "# TYPE test_done_total counter",
            "test_done_total{otel_scope_name=\"lectern.test\",step_kind=\"say \\\"hi\\\"\\\\\\n\"} 3",
            "# HELP test_level ",
            "# TYPE test_level gauge",
            "test_level{otel_scope_name=\"lectern.test\"} 1.5",
            "# HELP test_took_seconds ",
            "# TYPE test_took_seconds histogram",
            "test_took_seconds_bucket{otel_scope_name=\"lectern.test\",le=\"0.5\"} 1",
            "test_took_seconds_bucket{otel_scope_name=\"lectern.test\",le=\"1\"} 2",
            "test_took_seconds_bucket{otel_scope_name=\"lectern.test\",le=\"+Inf\"} 3",
            "test_took_seconds_sum{otel_scope_name=\"lectern.test\"} 10",
            "test_took_seconds_count{otel_scope_name=\"lectern.test\"} 3",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn one_name_of_two_parts_is_one_family_with_both() {
        let text = exported(|provider| {
            for part in ["lectern.one", "lectern.other"] {
                provider.meter(part).u64_counter("test.done").build().add(1, &[]);
            }
        });
        assert_eq!(text.matches("# TYPE test_done_total").count(), 1, "{text}");
        assert!(text.contains("{otel_scope_name=\"lectern.one\"} 1"), "{text}");
        assert!(text.contains("{otel_scope_name=\"lectern.other\"} 1"), "{text}");
    }
}
