//! Counters, gauges and histograms, through OpenTelemetry's global meter.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, ObservableCounter, ObservableGauge};

use super::names::span::{ERROR_TYPE, SERVER_PORT};

/// Labels of a measurement. Their values must be few: kinds, reasons, engines; never ids.
pub type Labels<'a> = &'a [(&'static str, &'a str)];

/// Labels whose values are numbers by their convention.
const NUMBERS: [&str; 1] = [SERVER_PORT];

fn attributes(labels: Labels<'_>) -> Vec<KeyValue> {
    labels.iter().map(|(key, value)| attribute(key, value)).collect()
}

fn attribute(key: &'static str, value: &str) -> KeyValue {
    let number = if NUMBERS.contains(&key) { value.parse::<i64>().ok() } else { None };
    number.map_or_else(|| KeyValue::new(key, value.to_owned()), |number| KeyValue::new(key, number))
}

/// The same of something that ended, with the failure that it ended with, if with one.
fn with_error(labels: Labels<'_>, error: Option<&str>) -> Vec<KeyValue> {
    let mut attributes = attributes(labels);
    attributes.extend(error.map(|error| KeyValue::new(ERROR_TYPE, error.to_owned())));
    attributes
}

/// Makes instruments. Make them once, after telemetry is installed, and keep them.
#[derive(Debug, Clone)]
pub struct Metrics(Meter);

impl Metrics {
    /// Instruments of one part: `lectern.queue`, `lectern.tts`.
    #[must_use]
    pub fn new(part: &'static str) -> Self {
        Self(opentelemetry::global::meter(part))
    }

    /// Something that only grows: `lectern.queue.deliveries`.
    #[must_use]
    pub fn counter(&self, name: &'static str, unit: &'static str, description: &'static str) -> Counter {
        Counter(self.0.u64_counter(name).with_unit(unit).with_description(description).build())
    }

    /// A level, as last set: `lectern.store.connections`.
    #[must_use]
    pub fn gauge(&self, name: &'static str, unit: &'static str, description: &'static str) -> Gauge {
        Gauge(self.0.f64_gauge(name).with_unit(unit).with_description(description).build())
    }

    /// How values are spread, in buckets that end at `bounds`; seconds for times.
    #[must_use]
    pub fn histogram(
        &self,
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        bounds: &[f64],
    ) -> Histogram {
        let builder = self.0.f64_histogram(name).with_unit(unit).with_description(description);
        Histogram(builder.with_boundaries(bounds.to_vec()).build())
    }

    /// A level that is asked for when metrics are exported; no measurement when there is no answer.
    /// Several may be observed under one name when their labels differ.
    pub fn observe(
        &self,
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        labels: Labels<'_>,
        ask: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) {
        let labels = attributes(labels);
        let observe = self.0.f64_observable_gauge(name).with_unit(unit).with_description(description);
        let instrument = observe.with_callback(move |observer| {
            if let Some(value) = ask() {
                observer.observe(value, &labels);
            }
        });
        // The meter keeps the callback; the instrument itself is of no further use.
        let _: ObservableGauge<f64> = instrument.build();
    }

    /// Something that only grows, as [`Self::observe`] asks for it.
    pub fn observe_count(
        &self,
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        labels: Labels<'_>,
        ask: impl Fn() -> Option<u64> + Send + Sync + 'static,
    ) {
        let labels = attributes(labels);
        let observe = self.0.u64_observable_counter(name).with_unit(unit).with_description(description);
        let instrument = observe.with_callback(move |observer| {
            if let Some(value) = ask() {
                observer.observe(value, &labels);
            }
        });
        let _: ObservableCounter<u64> = instrument.build();
    }
}

/// See [`Metrics::counter`].
#[derive(Debug, Clone)]
pub struct Counter(opentelemetry::metrics::Counter<u64>);

impl Counter {
    /// Adds `count`.
    pub fn add(&self, count: u64, labels: Labels<'_>) {
        self.0.add(count, &attributes(labels));
    }

    /// Adds `count` of things that ended; `error` says with what kind of failure, of few, if with
    /// one.
    pub fn add_ended(&self, count: u64, labels: Labels<'_>, error: Option<&str>) {
        self.0.add(count, &with_error(labels, error));
    }
}

/// See [`Metrics::gauge`].
#[derive(Debug, Clone)]
pub struct Gauge(opentelemetry::metrics::Gauge<f64>);

impl Gauge {
    /// Sets the level.
    pub fn set(&self, level: f64, labels: Labels<'_>) {
        self.0.record(level, &attributes(labels));
    }
}

/// See [`Metrics::histogram`].
#[derive(Debug, Clone)]
pub struct Histogram(opentelemetry::metrics::Histogram<f64>);

impl Histogram {
    /// Counts a value in.
    pub fn record(&self, value: f64, labels: Labels<'_>) {
        self.0.record(value, &attributes(labels));
    }

    /// Counts in a value of something that ended; `error` says with what kind of failure, of few,
    /// if with one.
    pub fn record_ended(&self, value: f64, labels: Labels<'_>, error: Option<&str>) {
        self.0.record(value, &with_error(labels, error));
    }
}

/// The process's resident memory in bytes; `None` where the system does not tell (it is read from
/// Linux's `/proc`).
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Memory and age of the process, asked for at every export.
#[allow(clippy::cast_precision_loss, reason = "memory sizes are far below 2^53")]
pub(super) fn observe_process() {
    let metrics = Metrics::new("lectern.process");
    let start = tokio::time::Instant::now();
    metrics
        .observe("process.memory.usage", "By", "Resident memory.", &[], || resident_bytes().map(|bytes| bytes as f64));
    metrics.observe("process.uptime", "s", "Time since start.", &[], move || Some(start.elapsed().as_secs_f64()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_work_without_an_exporter() {
        let metrics = Metrics::new("lectern.test");
        metrics.counter("c", "1", "x").add(1, &[("kind", "a")]);
        metrics.gauge("g", "1", "x").set(1.5, &[]);
        metrics.histogram("h", "s", "x", &[0.1, 1.0]).record(0.5, &[]);
        metrics.observe("o", "1", "x", &[("kind", "a")], || Some(1.0));
        metrics.observe_count("n", "1", "x", &[("kind", "a")], || None);
    }

    #[test]
    fn a_port_is_a_number_and_other_labels_are_text() {
        let expected = [KeyValue::new(SERVER_PORT, 7400_i64), KeyValue::new("kind", "7400")];
        assert_eq!(attributes(&[(SERVER_PORT, "7400"), ("kind", "7400")]), expected);
    }

    #[test]
    fn resident_memory_is_plausible() {
        assert!(resident_bytes().is_none_or(|bytes| bytes > 100_000));
    }
}
