//! What a list finds, and what that costs in the database's own measure.

use futures::StreamExt as _;
use lectern_store::{ConnectOptions, Store};

use super::testing::acme;
use super::*;

fn document(id: &str, tenant: &str, source: &[u8], created: u64) -> Document {
    Document {
        id: id.parse().expect("an id"),
        tenant: tenant.parse().expect("an id"),
        scope: id.parse().expect("an id"),
        revises: None,
        joined: 0,
        request: Digest::of(id.as_bytes()),
        display_name: String::new(),
        file_name: String::new(),
        title: String::new(),
        media_type: String::new(),
        size: source.len() as u64,
        stored: source.len() as u64,
        sha256: Digest::of(source),
        pages: None,
        words: 0,
        language: String::new(),
        language_set: false,
        outline: Vec::new(),
        warnings: Vec::new(),
        created: Timestamp(created),
        erased: None,
        receipt: None,
        due_at: None,
    }
}

/// What it costs to find a source that was handed in twice among so many others.
async fn cost_among(store: Arc<dyn Store>, others: u64) -> u64 {
    let documents = Collection::<Document>::new(store);
    documents.ensure().await.expect("a collection");
    futures::stream::iter(0..others)
        .for_each_concurrent(256, |place| {
            let documents = &documents;
            async move {
                let source = format!("another source {place}");
                let another = document(&format!("other{place}"), "acme", source.as_bytes(), place);
                documents.insert(&another).await.expect("inserted");
            }
        })
        .await;
    let erased = Document { erased: Some(Timestamp(9)), ..document("erased", "acme", b"The sea", 5) };
    let foreign = document("foreign", "globex", b"The sea", 6);
    for record in [document("first", "acme", b"The sea", 3), document("second", "acme", b"The sea", 4), erased, foreign]
    {
        documents.insert(&record).await.expect("inserted");
    }
    let query = listed(&acme(), Some(Digest::of(b"The sea")), None, Query::new().limit(50));
    let found = documents.find(&query).await.expect("a page");
    let ids: Vec<&str> = found.items.iter().map(|document| document.record.id.as_str()).collect();
    assert_eq!(ids, ["second", "first"], "the newest first, none that is erased, and none of another tenant");
    documents.store().cost("documents", &query).await.expect("a cost")
}

#[tokio::test]
async fn a_source_is_found_among_many_at_the_cost_of_a_few() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut costs = Vec::new();
    for others in [20, 2_000] {
        let url = format!("sqlite:{}", folder.path().join(format!("{others}.db")).display());
        let store = lectern_store::connect(&url, ConnectOptions::default()).await.expect("a store");
        costs.push(cost_among(store, others).await);
    }
    assert!(costs[1] <= costs[0] + costs[0] / 10, "{costs:?}");
}
