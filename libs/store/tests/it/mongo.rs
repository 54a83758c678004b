//! The store in MongoDB, against a real server: the contract, indexes, the pool.

use std::sync::Arc;

use lectern_core::{Kind, OsRandom, Random, SystemClock};
use lectern_store::{CollectionSpec, ConnectOptions, Index, Query, Revision, Store, StoreError, clock_skew, connect};
use serde_json::json;

use crate::contract;

const BY_N: CollectionSpec = CollectionSpec { name: "c", indexes: &[Index::new("i", &["n"])] };
const BY_M: CollectionSpec = CollectionSpec { name: "c", indexes: &[Index::new("i", &["m"])] };

/// The URI of a database of one's own.
#[allow(clippy::disallowed_methods, reason = "the test's one setting, made by its runner")]
fn uri() -> String {
    let server = std::env::var("MONGODB_URI").expect("no MONGODB_URI: run these tests with `cargo xtask test`");
    let (server, query) = server.split_once('?').unwrap_or((&server, ""));
    let host = server.trim_start_matches("mongodb://").split('/').next().unwrap();
    format!("mongodb://{host}/store-{:016x}?{query}", OsRandom.next())
}

async fn open() -> Arc<dyn Store> {
    connect(&uri(), ConnectOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_database_keeps_the_contract() {
    contract::run(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_another_definition_is_refused() {
    let store = open().await;
    store.ensure(&BY_N).await.unwrap();
    store.ensure(&BY_N).await.unwrap();
    let refused = store.ensure(&BY_M).await.unwrap_err();
    assert!(matches!(refused, StoreError::Setup(_)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_the_pool() {
    let options = ConnectOptions { max_pool_size: 4, ..ConnectOptions::default() };
    let store = connect(&uri(), options).await.unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let id = format!("{n}");
                store.insert("c", &id, &json!({"n": n})).await.unwrap();
                store.replace("c", &id, Revision(1), &json!({"n": -n})).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.find("c", &Query::new()).await.unwrap().len(), 64);
    let opened = store.connections_opened();
    assert!((1..=4).contains(&opened), "{opened}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_clock_is_that_of_the_machine_it_runs_on() {
    let skew = clock_skew(&*open().await, &SystemClock).await.unwrap();
    assert!(skew.as_secs() < 2, "{skew:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_signs_in_as_its_uri_says() {
    let server =
        tokio::task::spawn_blocking(|| lectern_testkit::MongoServer::start_with_user("u", "right")).await.unwrap();
    let uri = |user: &str| format!("mongodb://{user}{}/d?authSource=admin&directConnection=true", server.address());
    let store = connect(&uri("u:right@"), ConnectOptions::default()).await.unwrap();
    store.insert("c", "1", &json!({"n": 1})).await.unwrap();
    let refused = connect(&uri("u:wrong@"), ConnectOptions::default()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::InvalidArgument, "{refused}");
    assert!(refused.message.contains("user name and password") && !refused.message.contains("wrong@"), "{refused}");
    let stranger = connect(&uri(""), ConnectOptions::default()).await;
    assert!(match stranger {
        Ok(store) => store.insert("c", "2", &json!({"n": 2})).await.is_err(),
        Err(_) => true,
    });
}

#[tokio::test]
async fn a_uri_that_cannot_be_used_says_why() {
    let nowhere = ConnectOptions { connect_within: std::time::Duration::from_millis(200), ..ConnectOptions::default() };
    for (uri, kind) in [
        ("mongodb://127.0.0.1:1", Kind::InvalidArgument),
        ("mongodb://", Kind::InvalidArgument),
        ("postgres://u:secret@h/d", Kind::InvalidArgument),
        ("mongodb://127.0.0.1:1/d", Kind::Unavailable),
    ] {
        let failure = connect(uri, nowhere.clone()).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{uri}: {failure}");
        assert!(!failure.message.contains("secret"), "{failure}");
    }
}
