//! The store in a file: the contract, what survives, and who may open it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lectern_core::{Failure, Kind, Reason, SystemClock};
use lectern_store::sqlite::SqliteStore;
use lectern_store::{
    CollectionSpec, ConnectOptions, Direction, Index, Op, Query, Revision, Store, StoreError, connect,
};
use serde_json::json;

use crate::contract;

const BY_N: CollectionSpec = CollectionSpec::new("c", &[Index::new("i", &["n"])]);
const BY_OTHER: CollectionSpec = CollectionSpec::new("c", &[Index::new("due", &["other"])]);
const BY_DUE: CollectionSpec =
    CollectionSpec::new("c", &[Index::new("due", &["state.due_at"]).only_where_set("state.due_at")]);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicU32::new(0);
    contract::run(|| async {
        let path = folder.path().join(format!("{}.db", count.fetch_add(1, Ordering::Relaxed)));
        Arc::new(SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn a_file_opened_again_has_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new/folder/a.db").display());
    for round in 1..=3_u64 {
        let store = connect(&url, ConnectOptions::default()).await.unwrap();
        store.ensure(&BY_N).await.unwrap();
        if round == 1 {
            store.insert("c", "a", &json!({"n": 1})).await.unwrap();
        } else {
            assert_eq!(store.replace("c", "a", Revision(round - 1), &json!({"n": round})).await, Ok(Revision(round)));
        }
    }
}

#[tokio::test]
async fn a_file_in_use_is_refused_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let held = connect(&url, ConnectOptions::default()).await.unwrap();
    let refused = connect(&url, ConnectOptions::default()).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::FailedPrecondition, Reason::StoreUnavailable));
    let said = format!("the folder {} is in use by another process", folder.path().display());
    assert!(refused.message.starts_with(&said), "{refused}");
    drop(held);
    connect(&url, ConnectOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_process_that_ends_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("a.db").display());
    let held = connect(&url, ConnectOptions::default()).await.unwrap();
    let next = tokio::spawn(async move { connect(&url, ConnectOptions::default()).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!next.is_finished(), "the file is held");
    drop(held);
    next.await.unwrap().unwrap();
}

#[tokio::test]
async fn another_file_is_not_taken_for_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, "not a database, but long enough to be looked at as one would be, header and all".repeat(9))
        .unwrap();
    let refused = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Setup(_)), "{refused:?}");
    let refused = Failure::from(refused);
    assert_eq!((refused.kind, refused.reason), (Kind::FailedPrecondition, Reason::InvalidField));
}

#[tokio::test]
async fn an_index_of_a_new_definition_is_made_again_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, Arc::new(SystemClock)).await.unwrap();
    store.ensure(&BY_OTHER).await.unwrap();
    store.ensure(&BY_DUE).await.unwrap();
    for n in 0..50 {
        store.insert("c", &format!("{n:02}"), &json!({"state": {"due_at": n}})).await.unwrap();
    }
    let query = Query::new().filter("state.due_at", Op::Lte, 9).order("state.due_at", Direction::Asc);
    assert_eq!(store.find("c", &query).await.unwrap().len(), 10);
    drop(store);
    let reader = rusqlite::Connection::open(&path).unwrap();
    let sql = "EXPLAIN QUERY PLAN SELECT id FROM c WHERE json_extract(body, '$.\"state\".\"due_at\"') <= 9 \
               ORDER BY json_extract(body, '$.\"state\".\"due_at\"') ASC, id ASC LIMIT 5";
    let plan: Vec<String> =
        reader.prepare(sql).unwrap().query_map([], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
    assert_eq!(plan.len(), 1, "{plan:?}");
    assert!(plan[0].contains("c.due"), "{plan:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_share_one_connection() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&folder.path().join("a.db"), Arc::new(SystemClock)).await.unwrap());
    store.ensure(&CollectionSpec::new("c", &[])).await.unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for m in 0..8 {
                    let id = format!("{n}-{m}");
                    store.insert("c", &id, &json!({"n": n})).await.unwrap();
                    assert!(store.get("c", &id).await.unwrap().is_some(), "a write is read at once");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.find("c", &Query::new().limit(1_000)).await.unwrap().len(), 512);
    assert!(store.connections_opened() <= 5, "{}", store.connections_opened());
}
