//! What is exported: attributes and their types, and metrics by both ways out.

use std::sync::mpsc;

use opentelemetry::Value;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData};

use super::*;

fn exported(work: impl FnOnce()) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = exported_spans(provider.tracer("test"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    exporter.get_finished_spans().unwrap()
}

fn attributes(span: &SpanData) -> Vec<(String, Value)> {
    span.attributes.iter().map(|pair| (pair.key.to_string(), pair.value.clone())).collect()
}

#[test]
fn a_span_has_the_attributes_that_the_code_gives_it_and_no_others() {
    let spans = exported(|| {
        let span = tracing::info_span!(
            "code",
            { names::span::NAME } = "process work.tts",
            { names::span::KIND } = names::span::CONSUMER,
            { names::messaging::BATCH_COUNT } = 3_i64,
            { names::rpc::METHOD_ORIGINAL } = None::<&str>,
            { names::rpc::STATUS_CODE } = tracing::field::Empty,
            late = true,
        );
        span.in_scope(|| tracing::info!(ms = 74_i64, "done"));
        span.record(names::rpc::STATUS_CODE, "OK");
    });
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(span.name, "process work.tts");
    assert_eq!(span.span_kind, opentelemetry::trace::SpanKind::Consumer);
    let expected = [
        (names::messaging::BATCH_COUNT, Value::I64(3)),
        ("late", Value::Bool(true)),
        (names::rpc::STATUS_CODE, "OK".into()),
    ];
    assert_eq!(attributes(span), expected.map(|(name, value)| (name.to_owned(), value)));
    let event = span.events.iter().next().expect("the line");
    assert!(event.attributes.iter().any(|pair| pair.key.as_str() == "ms" && pair.value == Value::I64(74)), "{event:?}");
}

#[test]
fn links_lead_to_other_traces() {
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let spans = exported(|| {
        let span = tracing::info_span!("fold");
        add_link(&span, other);
        span.in_scope(|| ());
    });
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    let links: Vec<_> = span.links.iter().map(|link| link.span_context.trace_id().to_string()).collect();
    assert_eq!(links, ["0af7651916cd43dd8448eb211c80319c"]);
    assert_ne!(span.span_context.trace_id().to_string(), links[0]);
}

#[test]
fn both_ways_out_have_the_same_metrics() {
    let (exporter, reader) = (InMemoryMetricExporter::default(), Reader::default());
    let pushed = PeriodicReader::builder(exporter.clone()).build();
    let provider = SdkMeterProvider::builder().with_reader(pushed).with_reader(reader.clone()).build();
    provider.meter("lectern.test").u64_counter("test.done").build().add(3, &[]);
    provider.force_flush().unwrap();
    let pushed = exporter.get_finished_metrics().unwrap();
    let names = pushed.iter().flat_map(|all| all.scope_metrics()).flat_map(|scope| scope.metrics());
    assert_eq!(names.map(|metric| metric.name().to_owned()).collect::<Vec<_>>(), ["test.done"]);
    assert!(reader.read().unwrap().contains("test_done_total{otel_scope_name=\"lectern.test\"} 3\n"));
}

/// Fails on code that begins the one when the other has ended.
#[tokio::test]
async fn the_last_traces_and_metrics_are_exported_at_once() {
    let ((to_metrics, of_traces), (to_traces, of_metrics)) = (mpsc::channel(), mpsc::channel());
    let meet = |to: mpsc::Sender<()>, of: mpsc::Receiver<()>| {
        move || -> OTelSdkResult {
            to.send(()).unwrap();
            of.recv_timeout(LAST_EXPORT).map_err(|error| OTelSdkError::InternalFailure(error.to_string()))
        }
    };
    let exported = last_exports(meet(to_metrics, of_metrics), meet(to_traces, of_traces)).await;
    assert_eq!(exported, Ok(()), "each was at work with the other");
}

#[tokio::test(start_paused = true)]
async fn last_exports_that_hang_are_waited_for_for_5_s_in_all() {
    let (end_traces, traces) = mpsc::channel::<()>();
    let (end_metrics, metrics) = mpsc::channel::<()>();
    let hang = |until: mpsc::Receiver<()>| {
        move || -> OTelSdkResult {
            // It ends when the sender is dropped.
            let _ = until.recv();
            Ok(())
        }
    };
    let exported = tokio::spawn(last_exports(hang(traces), hang(metrics)));
    // The clock stands still while something blocks, but for what is said here.
    tokio::task::yield_now().await;
    tokio::time::advance(Duration::from_millis(4_900)).await;
    assert!(!exported.is_finished(), "it waits");
    tokio::time::advance(Duration::from_millis(200)).await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(exported.is_finished(), "5 s for both");
    drop((end_traces, end_metrics));
    assert!(exported.await.unwrap().is_err_and(|error| error.contains("5s")));
}

#[test]
fn there_are_metrics_where_there_is_a_way_out() {
    let resource = || Resource::builder_empty().build();
    assert!(metrics(None, None, resource()).unwrap().is_none());
    assert!(metrics(None, Some(Reader::default()), resource()).unwrap().is_some());
}
