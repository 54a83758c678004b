//! Indexes on a real server: built however long it takes, replaced, and what the planner makes of
//! partial ones.

use std::time::Duration;

use lectern_store::{CollectionSpec, ConnectOptions, Direction, Index, Op, Query, StoreError, connect};
use lectern_testkit::MongoServer;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use serde_json::{Value, json};

use super::{BY_N, database, uri};

const BY_M: CollectionSpec = CollectionSpec::new("c", &[Index::new("i", &["m"])]);
const UNIQUE_N: CollectionSpec = CollectionSpec::new("c", &[Index::unique("i", &["n"])]);
const DUE: CollectionSpec = CollectionSpec::new(
    "c",
    &[
        Index::new("by_due", &["due_at"]).only_where_set("due_at"),
        Index::new("by_turn", &["ready.turn", "ready.since"]).only_where_set("ready.turn"),
    ],
)
.dates(&["due_at", "ready.since"]);

/// The names of a collection's indexes, beside the one by id, with their keys.
async fn indexes(database: &Database) -> Vec<(String, Vec<String>)> {
    let listed = database.run_command(doc! { "listIndexes": "c" }).await.unwrap();
    let batch = listed.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    let all = batch.iter().filter_map(|index| index.as_document()).map(|index| {
        let keys = index.get_document("key").unwrap().keys().cloned().collect();
        (index.get_str("name").unwrap().to_owned(), keys)
    });
    all.filter(|(name, _)| name != "_id_").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_whose_build_takes_longer_than_an_operation_is_waited_for() {
    let server = tokio::task::spawn_blocking(MongoServer::start_with_fail_points).await.unwrap();
    let uri = server.uri_with_database("d");
    let options = ConnectOptions { operation_within: Duration::from_secs(1), ..ConnectOptions::default() };
    let store = connect(&uri, options).await.unwrap();
    store.insert("c", "1", &json!({"n": 1})).await.unwrap();
    let client = mongodb::Client::with_uri_str(&uri).await.unwrap();
    let admin = client.database("admin");
    let mode = |mode: &str| doc! { "configureFailPoint": "hangAfterStartingIndexBuild", "mode": mode };
    admin.run_command(mode("alwaysOn")).await.unwrap();
    let ensured = tokio::spawn(async move { store.ensure(&BY_N).await.map(|()| store) });
    // Longer than an operation may take.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!ensured.is_finished(), "it did not wait for the index");
    admin.run_command(mode("off")).await.unwrap();
    ensured.await.unwrap().unwrap();
    assert_eq!(indexes(&client.database("d")).await[0].0, "i");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_another_definition_is_replaced() {
    let uri = uri();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let database = database(&uri).await;
    for n in 0..3 {
        store.insert("c", &format!("{n}"), &json!({"n": n, "m": n})).await.unwrap();
    }
    for (spec, key) in [(BY_N, "n"), (BY_N, "n"), (BY_M, "m"), (UNIQUE_N, "n"), (BY_N, "n")] {
        store.ensure(&spec).await.unwrap();
        let there = indexes(&database).await;
        assert_eq!((there.len(), there[0].1[0].as_str()), (1, key), "{there:?}");
        assert!(there[0].0 == "i" || there[0].0.starts_with("i."), "{there:?}");
    }
    store.insert("c", "again", &json!({"n": 1})).await.unwrap();
    let refused = store.ensure(&UNIQUE_N).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Setup(why) if why.contains("share its values")), "{refused:?}");
    assert_eq!(indexes(&database).await.len(), 1, "the old one is there until the new one is");
}

/// How often an index was used.
async fn used(database: &Database, index: &str) -> i64 {
    let stats = doc! { "aggregate": "c", "pipeline": [{ "$indexStats": {} }], "cursor": {} };
    let stats = database.run_command(stats).await.unwrap();
    let batch = stats.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    let mut all = batch.iter().filter_map(|stat| stat.as_document());
    let own = all.find(|stat| stat.get_str("name").is_ok_and(|name| name == index)).unwrap();
    own.get_document("accesses").unwrap().get_i64("ops").unwrap()
}

/// The stages of a plan, with the index of each that has one.
fn stages(plan: &Document, found: &mut Vec<String>) {
    let index = plan.get_str("indexName").map(|name| format!(":{name}")).unwrap_or_default();
    found.push(format!("{}{index}", plan.get_str("stage").unwrap()));
    if let Ok(input) = plan.get_document("inputStage") {
        stages(input, found);
    }
    for input in plan.get_array("inputStages").into_iter().flatten().filter_map(|input| input.as_document()) {
        stages(input, found);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_costs_a_partial_index_nothing_and_the_planner_takes_it() {
    const RECORDS: usize = 1_000;
    const OPEN: usize = 50;
    let uri = uri();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let database = database(&uri).await;
    store.ensure(&DUE).await.unwrap();
    for n in 0..RECORDS {
        let open = n % (RECORDS / OPEN) == 0;
        let due_at = if open { json!(1_000_000 + n) } else { Value::Null };
        let ready = if open { json!({"turn": format!("t{}", n % 3), "since": n}) } else { Value::Null };
        store.insert("c", &format!("{n:04}"), &json!({"due_at": due_at, "ready": ready})).await.unwrap();
    }
    // What is over has no entry.
    let validated = database.run_command(doc! { "validate": "c" }).await.unwrap();
    let keys = validated.get_document("keysPerIndex").unwrap();
    for (index, entries) in [("_id_", RECORDS), ("by_due", OPEN), ("by_turn", OPEN)] {
        let counted = keys.get_i64(index).or_else(|_| keys.get_i32(index).map(i64::from)).unwrap();
        assert_eq!(usize::try_from(counted).unwrap(), entries, "{index} of {keys}");
    }
    let due = Query::new().filter("due_at", Op::Lte, 2_000_000).order("due_at", Direction::Asc).limit(10);
    let page = store.find("c", &due).await.unwrap();
    let last = page.last().unwrap();
    let next = due.clone().after(lectern_store::Cursor(vec![last.body["due_at"].clone(), json!(last.id)]));
    let turn = Query::new().eq("ready.turn", "t0").order("ready.since", Direction::Asc).limit(10);
    for (query, index, ranges) in [(due, "by_due", 1), (next, "by_due", 2), (turn, "by_turn", 1)] {
        let before = used(&database, index).await;
        let found = store.find("c", &query).await.unwrap().len();
        assert!(used(&database, index).await > before, "{index} was not used for {query:?}");
        // An entry and a record each; behind a cursor there are two ranges, which are merged, and
        // each is read as far as the page goes and one more.
        let cost = store.cost("c", &query).await.unwrap();
        assert!(usize::try_from(cost).unwrap() <= 2 * ranges * (found + 1), "{cost} for {found} of {query:?}");
    }
    // The planner's own word, for the filter as it is sent.
    let least = mongodb::bson::DateTime::from_millis(0);
    let most = mongodb::bson::DateTime::from_millis(2_000_000);
    let filter = doc! { "$and": [{ "due_at": { "$gte": least } }, { "due_at": { "$lte": most } }] };
    let find = doc! { "find": "c", "filter": filter, "sort": { "due_at": 1, "_id": 1 }, "limit": 10 };
    let explained = database.run_command(doc! { "explain": find, "verbosity": "executionStats" }).await.unwrap();
    let mut found = Vec::new();
    stages(explained.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap(), &mut found);
    assert_eq!(found, ["LIMIT", "FETCH", "IXSCAN:by_due"]);
    let stats = explained.get_document("executionStats").unwrap();
    assert_eq!(stats.get_i32("totalKeysExamined").unwrap(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_of_what_is_set_reads_the_partial_index() {
    let uri = uri();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let database = database(&uri).await;
    store.ensure(&DUE).await.unwrap();
    for n in 0..100 {
        let ready = if n < 20 { json!({"turn": "t", "since": n}) } else { Value::Null };
        store.insert("c", &format!("{n:03}"), &json!({"ready": ready})).await.unwrap();
    }
    let before = used(&database, "by_turn").await;
    assert_eq!(store.count("c", &Query::new().filter("ready.turn", Op::Gte, ""), 1_000).await, Ok(20));
    assert!(used(&database, "by_turn").await > before);
}
