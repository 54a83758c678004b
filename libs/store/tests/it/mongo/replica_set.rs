//! A replica set of three: what a lost primary, one that steps down, one that is cut off, and a
//! rollback leave of what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lectern_core::{Failure, Kind};
use lectern_store::{
    Change, Collection, CollectionSpec, ConnectOptions, MAX_LIMIT, Query, Record, Revision, Store, StoreError, Write,
    connect,
};
use lectern_testkit::MongoSet;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contract;

const WRITERS: usize = 8;

/// Runs what blocks on the set, and gives the set back.
async fn with(mut set: MongoSet, change: impl FnOnce(&mut MongoSet) + Send + 'static) -> MongoSet {
    let changed = tokio::task::spawn_blocking(move || {
        change(&mut set);
        set
    });
    changed.await.unwrap()
}

async fn start() -> MongoSet {
    tokio::task::spawn_blocking(MongoSet::start).await.unwrap()
}

/// The primary goes away until another one leads, and comes back.
async fn replaced(set: MongoSet, away: fn(&mut MongoSet, usize), back: fn(&mut MongoSet, usize)) -> MongoSet {
    with(set, move |set| {
        let old = set.primary();
        away(set, old);
        set.primary_after(old);
        back(set, old);
    })
    .await
}

async fn stepped_down(set: MongoSet) -> MongoSet {
    with(set, |set| {
        set.step_down();
    })
    .await
}

fn options() -> ConnectOptions {
    let patient = Duration::from_secs(60);
    ConnectOptions { select_within: patient, operation_within: patient, ..ConnectOptions::default() }
}

/// Waits until so many have been counted.
async fn reach(count: &AtomicUsize, wanted: usize) {
    while count.load(Ordering::Relaxed) < wanted {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The ids of records, and what the insertion of each was answered.
type Answers = Vec<(String, Result<(), StoreError>)>;

/// Tasks that insert records one after another, and what each was answered.
struct Writers {
    tasks: Vec<tokio::task::JoinHandle<Answers>>,
    written: Arc<AtomicUsize>,
    enough: Arc<AtomicBool>,
}

impl Writers {
    fn start(store: &Arc<dyn Store>) -> Self {
        let (written, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let tasks = (0..WRITERS).map(|writer| {
            let (store, written, enough) = (Arc::clone(store), Arc::clone(&written), Arc::clone(&enough));
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                while !enough.load(Ordering::Relaxed) {
                    let id = format!("{writer}-{:05}", outcomes.len());
                    let outcome = store.insert("c", &id, &json!({})).await.map(|_| ());
                    written.fetch_add(usize::from(outcome.is_ok()), Ordering::Relaxed);
                    outcomes.push((id, outcome));
                }
                outcomes
            })
        });
        Self { tasks: tasks.collect(), written, enough }
    }

    /// Waits until as many more have been written.
    async fn more(&self, wanted: usize) {
        reach(&self.written, self.written.load(Ordering::Relaxed) + wanted).await;
    }

    /// Ends them and compares every answer with what is stored.
    async fn settle(self, store: &Arc<dyn Store>) {
        self.enough.store(true, Ordering::Relaxed);
        for task in self.tasks {
            for (id, outcome) in task.await.unwrap() {
                let there = store.get("c", &id).await.unwrap().is_some();
                match outcome {
                    Ok(()) => assert!(there, "{id} was acknowledged"),
                    Err(ref error @ StoreError::Unavailable { .. }) => {
                        assert!(!there, "{id} was not to be written: {error}");
                        assert_eq!(Failure::from(error.clone()).kind, Kind::Unavailable, "callers may try again");
                    }
                    Err(ref error @ StoreError::Ambiguous { .. }) => {
                        assert_eq!(Failure::from(error.clone()).kind, Kind::Unavailable, "callers may try again");
                    }
                    Err(other) => panic!("{id}: {other:?}"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_set_keeps_the_contract() {
    let set = start().await;
    let uri = |n: usize| set.uri_with_database(&format!("d{n}"));
    let count = AtomicUsize::new(0);
    contract::run(|| async { connect(&uri(count.fetch_add(1, Ordering::Relaxed)), options()).await.unwrap() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_primary_takes_no_write_that_was_acknowledged_and_makes_none_that_was_refused() {
    let mut set = start().await;
    let store = connect(&set.uri_with_database("d"), options()).await.unwrap();
    let writers = Writers::start(&store);
    writers.more(100).await;
    // Killed, stepped down, standing still, cut off: each time another one leads.
    set = replaced(set, MongoSet::kill, MongoSet::start_node).await;
    writers.more(100).await;
    set = stepped_down(set).await;
    writers.more(100).await;
    set = replaced(set, MongoSet::stop, MongoSet::resume).await;
    writers.more(100).await;
    set = replaced(set, |set, at| set.cut(at), |set, at| set.mend(at)).await;
    writers.more(100).await;
    writers.settle(&store).await;
    drop(set);
}

/// Fails on code that takes connections which were given up for a command that was never sent: the
/// server makes the writes when it goes on, if it still leads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_were_sent_to_a_primary_that_stands_still_may_have_been_made() {
    let mut set = start().await;
    let store = connect(&set.uri_with_database("d"), options()).await.unwrap();
    let ids = ["a", "b"];
    for id in ids {
        store.insert("c", id, &json!({})).await.unwrap();
    }
    set = with(set, |set| {
        let primary = set.primary();
        set.stop(primary);
    })
    .await;
    let replace = |id: &str| Write::Replace { id: id.to_owned(), expected: Revision(1), body: json!({"n": 1}) };
    let answers = store.write_many("c", ids.map(replace).into()).await.unwrap();
    for answer in answers {
        assert!(matches!(answer, Err(StoreError::Ambiguous { .. })), "{answer:?}");
    }
    drop(set);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_takes_nothing_that_was_acknowledged() {
    let set = start().await;
    let store = connect(&set.uri_with_database("d"), options()).await.unwrap();
    for n in 0..50 {
        store.insert("c", &format!("kept-{n:02}"), &json!({"n": n})).await.unwrap();
    }
    let handle = tokio::runtime::Handle::current();
    let set = with(set, move |set| {
        set.force_rollback(|uri| {
            handle.block_on(async {
                // What only one member has: written past the store, and by the store.
                let client = mongodb::Client::with_uri_str(uri).await.unwrap();
                let alone = client.database("d").collection::<mongodb::bson::Document>("c");
                let lost = mongodb::bson::doc! { "_id": "lost", "_revision": 1_i64 };
                let one = mongodb::options::WriteConcern::from(mongodb::options::Acknowledgment::Nodes(1));
                alone.insert_one(lost).write_concern(one).await.unwrap();
                let url = uri.replacen("/?", "/d?", 1);
                let hasty =
                    ConnectOptions { operation_within: Duration::from_millis(500), ..ConnectOptions::default() };
                let hasty = connect(&url, hasty).await.unwrap();
                let unsure = hasty.insert("c", "unsure", &json!({})).await.unwrap_err();
                assert!(matches!(unsure, StoreError::Ambiguous { .. }), "{unsure:?}");
                // A decision is not made of what no majority has.
                assert!(hasty.get_latest("c", "lost").await.is_err());
                assert_eq!(hasty.get("c", "lost").await.unwrap(), None);
            });
        });
    })
    .await;
    let found = store.find("c", &Query::new().limit(MAX_LIMIT)).await.unwrap();
    let ids: BTreeMap<String, _> = found.into_iter().map(|row| (row.id, row.body)).collect();
    assert_eq!(ids.len(), 50, "{:?}", ids.keys());
    assert!(!ids.contains_key("lost") && !ids.contains_key("unsure"));
    store.insert("c", "after", &json!({})).await.unwrap();
    drop(set);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counter {
    id: String,
    value: u64,
}

impl Record for Counter {
    const SPEC: CollectionSpec = CollectionSpec::new("counters", &[]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_over_elections_are_each_made_once_or_said_to_have_failed() {
    let mut set = start().await;
    // Short, so that answers are lost in an election and the writer's token must decide.
    let within = Duration::from_secs(1);
    let options = ConnectOptions { operation_within: within, ..options() };
    let store = connect(&set.uri_with_database("d"), options).await.unwrap();
    let counters = Collection::<Counter>::new(Arc::clone(&store));
    let (made, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut adders = Vec::new();
    for n in 0..4 {
        let id = format!("{n}");
        counters.insert(&Counter { id: id.clone(), value: 0 }).await.unwrap();
        let (counters, made, enough) = (counters.clone(), Arc::clone(&made), Arc::clone(&enough));
        adders.push(tokio::spawn(async move {
            let (mut own, mut failed) = (0, 0);
            while !enough.load(Ordering::Relaxed) {
                let updated = counters.update(&id, |counter| {
                    counter.value += 1;
                    Ok(Change::Write)
                });
                match updated.await {
                    Ok(_) => {
                        own += 1;
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(failure) => {
                        assert_eq!(failure.kind, Kind::Unavailable, "{failure}");
                        failed += 1;
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
            (id, own, failed)
        }));
    }
    reach(&made, 50).await;
    set = stepped_down(set).await;
    let before = made.load(Ordering::Relaxed);
    reach(&made, before + 50).await;
    set = replaced(set, MongoSet::kill, MongoSet::start_node).await;
    let before = made.load(Ordering::Relaxed);
    reach(&made, before + 50).await;
    enough.store(true, Ordering::Relaxed);
    for adder in adders {
        let (id, own, failed): (String, u64, u64) = adder.await.unwrap();
        let value = counters.get(&id).await.unwrap().unwrap().record.value;
        assert!((own..=own + failed).contains(&value), "{id} is {value} after {own} changes and {failed} failures");
    }
    drop(set);
}
