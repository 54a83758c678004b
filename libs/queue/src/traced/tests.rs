//! What is told of messages, by what is exported and what arrives.

use opentelemetry::Value as Attribute;
use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::memory::MemoryQueue;
use crate::options::ConnectOptions;

/// Where the tests' trace came from.
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn queue() -> Traced {
    let below = Arc::new(MemoryQueue::new(ConnectOptions::default()));
    Traced::over(below, "T1")
}

async fn spans(work: impl Future<Output = ()>) -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _set = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    work.await;
    exporter.get_finished_spans().unwrap()
}

fn attribute(span: &SpanData, name: &str) -> Option<Attribute> {
    span.attributes.iter().find(|pair| pair.key.as_str() == name).map(|pair| pair.value.clone())
}

#[tokio::test]
async fn a_command_is_published_in_its_trace_and_processed_below_that() {
    let queue = queue();
    let step: StepId = "n1/1/record/7".parse().unwrap();
    let mut arrived = None;
    let spans = spans(async {
        let message = Message::new("a canary").traced(Some(PARENT.to_owned()));
        Queue::publish(&queue, &step, message).await.unwrap();
        let deliveries = Queue::pull(&queue, Service::Tts, 1, Duration::from_secs(10)).await.unwrap();
        arrived = deliveries[0].message.traceparent.clone();
    })
    .await;
    let [span] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!((span.name.as_ref(), &span.span_kind), ("publish work.tts", &SpanKind::Producer));
    let context = &span.span_context;
    assert_eq!(context.trace_id().to_string(), PARENT[3..35]);
    assert_eq!(span.parent_span_id.to_string(), PARENT[36..52]);
    assert_eq!(arrived, Some(format!("00-{}-{}-01", context.trace_id(), context.span_id())));
    for (name, expected) in [
        (messaging::SYSTEM, Attribute::from("memory")),
        (messaging::OPERATION, "publish".into()),
        (messaging::OPERATION_TYPE, "send".into()),
        (messaging::DESTINATION, "T1.work.tts.n1.1.record.7".into()),
        (messaging::DESTINATION_TEMPLATE, "work.tts.>".into()),
        (messaging::BODY_SIZE, Attribute::I64(8)),
    ] {
        assert_eq!(attribute(span, name), Some(expected), "{name}");
    }
    assert!(!format!("{span:?}").contains("canary"), "{span:?}");
}

#[tokio::test]
async fn a_message_of_no_trace_begins_none_and_arrives() {
    let queue = queue();
    let spans = spans(async {
        Queue::emit(&queue, "recording", "n1", Message::new("news")).await.unwrap();
        let events = Queue::events(&queue, "gateway", 1, Duration::from_secs(10)).await.unwrap();
        assert_eq!((events.len(), &events[0].message.traceparent), (1, &None));
    })
    .await;
    assert!(spans.is_empty(), "{spans:?}");
}

#[tokio::test]
async fn without_exporters_a_message_keeps_its_trace() {
    let queue = queue();
    let step: StepId = "n1/1/record/7".parse().unwrap();
    let message = Message::new("work").traced(Some(PARENT.to_owned()));
    Queue::publish(&queue, &step, message).await.unwrap();
    let deliveries = Queue::pull(&queue, Service::Tts, 1, Duration::from_secs(10)).await.unwrap();
    assert_eq!(deliveries[0].message.traceparent.as_deref(), Some(PARENT));
    assert!(Queue::may_be_left(&queue), "what lies over a queue of the process may be left as that");
}
