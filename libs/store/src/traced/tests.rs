//! What is told of operations, by what is exported.

use std::collections::BTreeMap;

use lectern_core::SystemClock;
use opentelemetry::Value as Attribute;
use opentelemetry::trace::{SpanKind, Status, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::memory::MemoryStore;
use crate::port::CollectionSpec;

const BOOKS: CollectionSpec = CollectionSpec::new("books", &[]);

async fn store(system: System) -> Traced {
    let below = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    below.ensure(&BOOKS).await.unwrap();
    Traced::over(below, system)
}

/// The spans of what is done, by their names. The subscriber is that of the thread, which drives
/// everything.
async fn spans(work: impl Future<Output = ()>) -> BTreeMap<String, SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _set = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    work.await;
    let spans = exporter.get_finished_spans().unwrap();
    spans.into_iter().map(|span| (span.name.to_string(), span)).collect()
}

fn attribute(span: &SpanData, name: &str) -> Option<Attribute> {
    span.attributes.iter().find(|pair| pair.key.as_str() == name).map(|pair| pair.value.clone())
}

#[tokio::test]
async fn an_operation_in_a_trace_has_a_span_by_the_conventions() {
    let store = store(System::Mongo).await;
    let spans = spans(async {
        let trace = tracing::info_span!("trace");
        let work = async {
            let book = json!({ "title": "a canary" });
            let first = Store::insert(&store, "books", "b1", &book).await.unwrap();
            Store::replace(&store, "books", "b1", first, &book).await.unwrap();
            let late = Store::replace(&store, "books", "b1", first, &book).await;
            assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
            let many = (0..3).map(|n| Write::Insert { id: format!("m{n}"), body: json!({ "n": n }) }).collect();
            Store::write_many(&store, "books", many).await.unwrap();
            Store::delete(&store, "books", "b1", None).await.unwrap();
        };
        work.instrument(trace).await;
    })
    .await;
    let trace = &spans["trace"];
    for (name, operation) in [
        ("insert books", "insert"),
        ("update books", "update"),
        ("bulkWrite books", "bulkWrite"),
        ("delete books", "delete"),
    ] {
        let span = spans.get(name).unwrap_or_else(|| panic!("{name} in {:?}", spans.keys()));
        assert_eq!(span.span_kind, SpanKind::Client);
        assert_eq!(span.parent_span_id, trace.span_context.span_id());
        assert_eq!(attribute(span, db::SYSTEM), Some("mongodb".into()));
        assert_eq!(attribute(span, db::OPERATION), Some(operation.into()));
        assert_eq!(attribute(span, db::COLLECTION), Some("books".into()));
        assert!(!format!("{span:?}").contains("canary"), "{span:?}");
    }
    // The last of equal names is the one that came too late: no failure of the database.
    let late = &spans["update books"];
    assert_eq!((attribute(late, span::ERROR_TYPE), &late.status), (Some("conflict".into()), &Status::Unset));
    assert_eq!(attribute(&spans["bulkWrite books"], db::BATCH_SIZE), Some(Attribute::I64(3)));
    assert_eq!(attribute(&spans["insert books"], db::BATCH_SIZE), None);
}

#[tokio::test]
async fn what_nobody_ordered_begins_no_trace() {
    let store = store(System::Sqlite).await;
    let spans = spans(async {
        Store::get(&store, "books", "b1").await.unwrap();
    })
    .await;
    assert!(spans.is_empty(), "{spans:?}");
}

#[tokio::test]
async fn a_database_that_fails_fails_the_span() {
    let below = MemoryStore::new(Arc::new(SystemClock));
    let store = Traced::over(Arc::new(below), System::Sqlite);
    let spans = spans(async {
        let trace = tracing::info_span!("trace");
        let work = async {
            let wrong = Store::insert(&store, "books", "b1", &json!({ "$set": 1 })).await;
            assert!(matches!(wrong, Err(StoreError::Invalid { .. })), "{wrong:?}");
        };
        work.instrument(trace).await;
    })
    .await;
    let span = &spans["INSERT books"];
    assert_eq!(attribute(span, span::ERROR_TYPE), Some("invalid".into()));
    assert!(matches!(span.status, Status::Error { .. }), "{:?}", span.status);
}
