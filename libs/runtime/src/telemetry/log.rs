//! Log lines as JSON objects: `time`, `level`, `service`, `target`, `message`, the event's fields,
//! `span`, `trace_id`.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as JSON.
#[derive(Debug)]
pub(super) struct Json {
    pub(super) service: &'static str,
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

impl<S> FormatEvent<S, JsonFields> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = Map::new();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        line.insert("time".to_owned(), time.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("service".to_owned(), self.service.into());
        line.insert("target".to_owned(), event.metadata().target().into());
        if let Some(span) = context.lookup_current() {
            line.insert("span".to_owned(), span.name().into());
        }
        // Entering a span activates its context, so the trace is known here without asking the
        // subscriber again.
        if let Some(trace) = super::trace::trace_id(&opentelemetry::Context::current()) {
            line.insert("trace_id".to_owned(), trace.into());
        }
        // Fields of the spans, the innermost winning; those of the event win over all.
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            let Some(recorded) = extensions.get::<FormattedFields<JsonFields>>() else { continue };
            if let Ok(Value::Object(recorded)) = serde_json::from_str(&recorded.fields) {
                recorded.into_iter().for_each(|(key, value)| {
                    line.insert(key, value);
                });
            }
        }
        line.extend(fields.0);
        writeln!(writer, "{}", Value::Object(line))
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use std::io;
    use std::sync::Arc;

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_fields_of_event_and_spans_and_the_trace() {
        let sink = Sink::default();
        let writer = sink.clone();
        let lines = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(Json { service: "tts" })
            .with_writer(move || writer.clone());
        let provider = SdkTracerProvider::builder().build();
        let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let mut trace = None;
        tracing::subscriber::with_default(tracing_subscriber::registry().with(spans).with(lines), || {
            tracing::info_span!("step", narration = "0af1", attempt = 1).in_scope(|| {
                trace = super::super::current_trace_id();
                tracing::warn!(attempt = 2, late = true, "slow {}", "provider");
            });
        });
        let line: Value = serde_json::from_slice(&sink.0.lock()).unwrap();
        for (key, expected) in [
            ("level", Value::from("WARN")),
            ("service", "tts".into()),
            ("span", "step".into()),
            ("message", "slow provider".into()),
            ("narration", "0af1".into()),
            ("attempt", 2.into()),
            ("late", true.into()),
            ("trace_id", trace.unwrap().into()),
        ] {
            assert_eq!(line[key], expected, "{key} in {line}");
        }
    }
}
