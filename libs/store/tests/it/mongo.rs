//! The store in MongoDB, against a real server: the contract, indexes, the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lectern_core::{Kind, OsRandom, Random, SystemClock};
use lectern_store::{
    CollectionSpec, ConnectOptions, Cursor, Direction, Index, Query, Revision, Store, StoreError, clock_skew, connect,
};
use lectern_testkit::{MongoReplicaSet, MongoServer};
use mongodb::bson::doc;
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
async fn a_page_far_down_a_list_examines_no_more_than_it_gives() {
    const OF_OWNER: CollectionSpec = CollectionSpec { name: "c", indexes: &[Index::new("by_owner", &["owner", "at"])] };
    const RECORDS: usize = 1_000;
    let store = open().await;
    store.ensure(&OF_OWNER).await.unwrap();
    for n in 0..RECORDS {
        // Three records a moment: the order's last word is the id.
        store.insert("c", &format!("{n:05}"), &json!({"owner": "x", "at": n / 3})).await.unwrap();
    }
    for direction in [Direction::Asc, Direction::Desc] {
        let page = Query::new().eq("owner", "x").order("at", direction).limit(20);
        let n = RECORDS / 2;
        let far_down = page.clone().after(Cursor(vec![json!(n / 3), json!(format!("{n:05}"))]));
        for query in [page, far_down] {
            let cost = store.cost("c", &query).await.unwrap();
            // An entry and a record each; a cursor is up to three ranges, and each may look at one
            // more to know its end.
            assert!(cost <= 2 * (20 + 3), "{cost} for {query:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_election_takes_no_write_that_was_acknowledged_and_makes_none_that_was_refused() {
    const WRITERS: usize = 8;
    let mut set = tokio::task::spawn_blocking(MongoReplicaSet::start).await.unwrap();
    let patient = Duration::from_secs(60);
    let options = ConnectOptions { connect_within: patient, operation_within: patient, ..ConnectOptions::default() };
    let store = connect(&set.uri_with_database("d"), options).await.unwrap();
    let (written, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, written, enough) = (Arc::clone(&store), Arc::clone(&written), Arc::clone(&enough));
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                while !enough.load(Ordering::Relaxed) {
                    let id = format!("{writer}-{}", outcomes.len());
                    let outcome = store.insert("c", &id, &json!({})).await;
                    written.fetch_add(usize::from(outcome.is_ok()), Ordering::Relaxed);
                    outcomes.push((id, outcome));
                }
                outcomes
            })
        })
        .collect();
    reach(&written, 100).await;
    let set = tokio::task::spawn_blocking(move || {
        let first = set.primary();
        set.member(first).kill9();
        assert_ne!(set.primary(), first);
        set
    })
    .await
    .unwrap();
    reach(&written, written.load(Ordering::Relaxed) + 100).await;
    enough.store(true, Ordering::Relaxed);
    for writer in writers {
        for (id, outcome) in writer.await.unwrap() {
            let there = store.get("c", &id).await.unwrap().is_some();
            match outcome {
                Ok(_) => assert!(there, "{id} was acknowledged"),
                Err(StoreError::Unavailable { .. }) => assert!(!there, "{id} was not to be written: {outcome:?}"),
                Err(StoreError::Ambiguous { .. }) => {}
                Err(other) => panic!("{id}: {other:?}"),
            }
        }
    }
    drop(set);
}

/// Waits until so many have been counted.
async fn reach(count: &AtomicUsize, wanted: usize) {
    while count.load(Ordering::Relaxed) < wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
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
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_user("u", "right")).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_rights_in_its_database_is_told_which_to_grant() {
    let server = tokio::task::spawn_blocking(|| MongoServer::start_with_user("u", "p")).await.unwrap();
    let uri = |user: &str, database: &str| {
        format!("mongodb://{user}:p@{}/{database}?authSource=admin&directConnection=true", server.address())
    };
    let admin = mongodb::Client::with_uri_str(uri("u", "admin")).await.unwrap();
    let role = doc! { "role": "readWrite", "db": "own" };
    admin.database("admin").run_command(doc! { "createUser": "narrow", "pwd": "p", "roles": [role] }).await.unwrap();
    let open = |database: &str| {
        let uri = uri("narrow", database);
        async move { connect(&uri, ConnectOptions::default()).await.unwrap() }
    };
    open("own").await.ensure(&BY_N).await.unwrap();
    let refused = open("foreign").await.ensure(&BY_N).await.unwrap_err();
    let told = matches!(&refused, StoreError::Setup(why) if why.contains("readWrite on the database foreign"));
    assert!(told, "{refused:?}");
}

#[tokio::test]
async fn a_uri_that_cannot_be_used_says_why() {
    let nowhere = ConnectOptions { connect_within: Duration::from_millis(200), ..ConnectOptions::default() };
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
