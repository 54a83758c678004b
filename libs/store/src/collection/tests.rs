use lectern_core::{Kind, SystemClock};
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::memory::{Fault, MemoryStore};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counter {
    name: String,
    n: i64,
}

impl Record for Counter {
    const SPEC: CollectionSpec = CollectionSpec::new("counters", &[]);
    const SCHEMA: u32 = 2;

    fn id(&self) -> String {
        self.name.clone()
    }
}

fn counter(n: i64) -> Counter {
    Counter { name: "a".to_owned(), n }
}

fn bench() -> (Arc<MemoryStore>, Collection<Counter>) {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    (store.clone(), Collection::new(store))
}

fn grow(counter: &mut Counter) -> Result<Change, Failure> {
    counter.n += 1;
    Ok(Change::Write)
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_takes_place_once() {
    for faults in [
        vec![Fault::LostAnswer],
        vec![Fault::LostRequest],
        vec![Fault::LostRequest, Fault::LostAnswer, Fault::LostRequest],
    ] {
        let (store, counters) = bench();
        store.inject(faults.clone());
        assert_eq!(counters.insert(&counter(0)).await, Ok(Revision(1)), "{faults:?}");
        store.inject(faults.clone());
        assert_eq!(counters.replace(&counter(5), Revision(1)).await, Ok(Revision(2)), "{faults:?}");
        store.inject(faults.clone());
        let updated = counters.update("a", grow).await.unwrap();
        assert_eq!((updated.record.n, updated.revision, updated.written), (6, Revision(3), true), "{faults:?}");
        store.inject(faults.clone());
        assert_eq!(counters.delete("a", None).await, Ok(true), "{faults:?}");
        assert_eq!(counters.get("a").await, Ok(None));
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_of_somebody_else_is_not_taken_for_ours() {
    let (store, counters) = bench();
    counters.insert(&counter(0)).await.unwrap();
    store.inject([Fault::LostRequest]);
    assert!(matches!(counters.insert(&counter(1)).await, Err(StoreError::Duplicate { .. })));
    counters.replace(&counter(2), Revision(1)).await.unwrap();
    store.inject([Fault::LostRequest]);
    assert!(matches!(counters.replace(&counter(3), Revision(1)).await, Err(StoreError::Conflict { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_given_up() {
    let (store, counters) = bench();
    store.inject([Fault::LostRequest; 8]);
    assert!(matches!(counters.insert(&counter(0)).await, Err(StoreError::Ambiguous { .. })));
}

#[tokio::test(start_paused = true)]
async fn concurrent_updates_are_all_counted() {
    let (_, counters) = bench();
    counters.insert(&counter(0)).await.unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let counters = counters.clone();
            tokio::spawn(async move { counters.update("a", grow).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let read = counters.get("a").await.unwrap().unwrap();
    assert_eq!((read.record.n, read.revision), (20, Revision(21)));
}

#[tokio::test(start_paused = true)]
async fn an_update_may_skip_fail_or_find_nothing() {
    let (_, counters) = bench();
    let absent = counters.update("a", grow).await.unwrap_err();
    assert_eq!((absent.kind, absent.resource.as_deref()), (Kind::NotFound, Some("counters/a")));
    counters.insert(&counter(0)).await.unwrap();
    assert!(!counters.update("a", |_| Ok(Change::Skip)).await.unwrap().written);
    let refused = counters.update("a", |_| Err(Failure::internal("no"))).await.unwrap_err();
    assert_eq!(refused, Failure::internal("no"));
    assert_eq!(counters.get("a").await.unwrap().unwrap().revision, Revision(1));
}

#[tokio::test(start_paused = true)]
async fn newer_and_damaged_records_are_left_alone_and_older_ones_read() {
    let (store, counters) = bench();
    let bodies = [
        ("newer", json!({"name": "newer", "n": 1, "more": 1, "_schema": 3, "_writer": "w"})),
        ("damaged", json!({"name": "damaged", "_schema": 2, "_writer": "w"})),
        ("bare", json!({"name": "bare", "n": 1})),
        ("older", json!({"name": "older", "n": 1, "_schema": 1, "_writer": "w"})),
    ];
    for (id, body) in bodies {
        store.insert("counters", id, &body).await.unwrap();
    }
    assert!(matches!(counters.get("newer").await, Err(StoreError::NewerSchema { found: 3, known: 2, .. })));
    assert_eq!(counters.update("newer", grow).await.unwrap_err().kind, Kind::Unavailable);
    assert!(matches!(counters.get("damaged").await, Err(StoreError::Corrupt { .. })));
    assert!(matches!(counters.get("bare").await, Err(StoreError::Corrupt { .. })));
    let page = counters.find(&Query::new()).await.unwrap();
    assert_eq!((page.items.len(), page.left_out, page.next), (1, 3, None));
    assert_eq!(counters.update("older", grow).await.unwrap().record.n, 2);
    assert_eq!(store.get("counters", "older").await.unwrap().unwrap().body["_schema"], 2);
}

#[tokio::test(start_paused = true)]
async fn an_update_of_a_known_record_reads_nothing() {
    let (store, counters) = bench();
    counters.insert(&counter(0)).await.unwrap();
    let known = Versioned { record: counter(0), revision: Revision(1) };
    let before = store.calls();
    let updated = counters.update_known(known, grow).await.unwrap();
    assert_eq!((updated.record.n, updated.revision, updated.written), (1, Revision(2), true));
    assert_eq!(store.calls() - before, 1, "the write");
    assert_eq!(counters.get("a").await.unwrap().unwrap().record.n, 1);
}

#[tokio::test(start_paused = true)]
async fn an_old_copy_decides_nothing() {
    let (_, counters) = bench();
    counters.insert(&counter(0)).await.unwrap();
    counters.replace(&counter(7), Revision(1)).await.unwrap();
    let old = || Versioned { record: counter(0), revision: Revision(1) };
    assert_eq!(counters.update_known(old(), grow).await.unwrap().record.n, 8, "the change is one of what is stored");
    let up_to_eight = |counter: &mut Counter| if counter.n < 8 { Ok(Change::Skip) } else { grow(counter) };
    assert_eq!(counters.update_known(old(), up_to_eight).await.unwrap().record.n, 9, "no is asked again");
    let refuse = |counter: &mut Counter| match counter.n {
        0 => Err(Failure::internal("an old copy")),
        _ => grow(counter),
    };
    assert_eq!(counters.update_known(old(), refuse).await.unwrap().record.n, 10, "so is a failure");
    counters.delete("a", None).await.unwrap();
    assert_eq!(counters.update_known(old(), grow).await.unwrap_err().kind, Kind::NotFound);
}
