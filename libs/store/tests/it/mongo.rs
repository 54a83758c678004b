//! The store in MongoDB, against a real server: the contract, indexes, the pool.

mod examine;
mod form;
mod indexes;
mod replica_set;
mod secure;

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Kind, OsRandom, Random, SystemClock};
use lectern_store::mongo::MongoStore;
use lectern_store::{
    CollectionSpec, ConnectOptions, Cursor, Direction, Index, Query, Revision, Store, StoreUrl, clock_skew, connect,
};
use mongodb::Database;
use mongodb::bson::{Document, doc};
use serde_json::json;

use crate::contract;

pub(crate) const BY_N: CollectionSpec = CollectionSpec::new("c", &[Index::new("i", &["n"])]);

/// The URI of a database of one's own.
#[allow(clippy::disallowed_methods, reason = "the test's one setting, made by its runner")]
pub(crate) fn uri() -> String {
    let server = std::env::var("MONGODB_URI").expect("no MONGODB_URI: run these tests with `cargo xtask test`");
    let (server, query) = server.split_once('?').unwrap_or((&server, ""));
    let host = server.trim_start_matches("mongodb://").split('/').next().unwrap();
    format!("mongodb://{host}/store-{:016x}?{query}", OsRandom.next())
}

/// The database itself, past the store.
pub(crate) async fn database(uri: &str) -> Database {
    mongodb::Client::with_uri_str(uri).await.unwrap().default_database().unwrap()
}

async fn open() -> Arc<dyn Store> {
    connect(&uri(), ConnectOptions::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_database_keeps_the_contract() {
    contract::run(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_database_keeps_the_contract_without_gathering() {
    contract::run(|| async {
        let url = StoreUrl::parse(&uri()).unwrap();
        Arc::new(MongoStore::open(&url, ConnectOptions::default()).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

/// What is gathered is one command: the profiler of the database counts them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_that_wait_share_commands() {
    const WRITERS: u64 = 200;
    let uri = uri();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    store.ensure(&BY_N).await.unwrap();
    let database = database(&uri).await;
    database.run_command(doc! { "profile": 2 }).await.unwrap();
    let round = |revision: u64| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let (id, body) = (format!("{n}"), json!({"n": n, "revision": revision}));
                    match revision {
                        0 => store.insert("c", &id, &body).await,
                        expected => store.replace("c", &id, Revision(expected), &body).await,
                    }
                })
            })
            .collect();
        async move {
            for writer in writers {
                assert_eq!(writer.await.unwrap(), Ok(Revision(revision + 1)));
            }
        }
    };
    for revision in 0..3 {
        round(revision).await;
    }
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    let profile = database.collection::<Document>("system.profile");
    let inserts = doc! { "op": "insert", "ns": format!("{}.c", database.name()) };
    let commands = profile.count_documents(inserts).await.unwrap();
    assert!((1..WRITERS / 2).contains(&commands), "{commands} commands for {WRITERS} records");
    assert_eq!(store.find("c", &Query::new().eq("revision", 2).limit(1_000)).await.unwrap().len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_far_down_a_list_examines_no_more_than_it_gives() {
    const OF_OWNER: CollectionSpec = CollectionSpec::new("c", &[Index::new("by_owner", &["owner", "at"])]);
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
    let pool = store.pool().expect("a MongoDB has one");
    assert_eq!((pool.most(), pool.opened(), pool.pending()), (4, opened, 0));
    assert!(pool.used() + pool.idle() <= opened, "{pool:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_clock_is_that_of_the_machine_it_runs_on() {
    let skew = clock_skew(&*open().await, &SystemClock).await.unwrap();
    assert!(skew.as_secs() < 2, "{skew:?}");
}

#[tokio::test]
async fn a_uri_that_cannot_be_used_says_why() {
    let nowhere = ConnectOptions { select_within: Duration::from_millis(200), ..ConnectOptions::default() };
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
