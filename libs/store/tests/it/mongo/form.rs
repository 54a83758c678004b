//! What people see who query the database by themselves, and how an older form becomes the new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lectern_store::{Collection, CollectionSpec, ConnectOptions, Direction, Index, Op, Query, Record, connect};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{database, uri};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Job {
    id: String,
    due_at: Option<u64>,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct State {
    until: u64,
    event: String,
}

impl Record for Job {
    const SPEC: CollectionSpec =
        CollectionSpec::new("jobs", &[Index::new("by_due", &["due_at"]).only_where_set("due_at")])
            .dates(&["due_at", "state.until"])
            .binaries(&["state.event"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}

fn date(millis: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(millis))
}

/// A job as a release wrote it that declared nothing.
fn old(id: &str, due_at: i64) -> Document {
    doc! {
        "_id": id, "_revision": 1_i64, "_schema": 1_i64, "_writer": "0", "id": id, "due_at": due_at,
        "state": { "until": due_at, "event": "AAH/" },
    }
}

async fn jobs(uri: &str) -> mongodb::Collection<Document> {
    database(uri).await.collection("jobs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_holds_dates_and_bytes_that_people_can_query() {
    let uri = uri();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let typed = Collection::<Job>::new(Arc::clone(&store));
    typed.ensure().await.unwrap();
    let job = Job { id: "a".to_owned(), due_at: Some(5), state: State { until: 7, event: "AAH/".to_owned() } };
    typed.insert(&job).await.unwrap();
    let raw = jobs(&uri).await;
    let found = raw.find_one(doc! { "state.until": { "$gt": DateTime::from_millis(6) } }).await.unwrap().unwrap();
    assert_eq!(found.get("due_at"), Some(&date(5)));
    let event = found.get_document("state").unwrap().get("event").unwrap();
    assert!(matches!(event, Bson::Binary(b) if b.subtype == BinarySubtype::Generic && b.bytes == [0, 1, 255]));
    assert_eq!(typed.get("a").await.unwrap().unwrap().record, job);
    // Who has not been told of the collection finds it all the same.
    let stranger = connect(&uri, ConnectOptions::default()).await.unwrap();
    let later = Query::new().filter("state.until", Op::Gt, 6);
    assert_eq!(stranger.find("jobs", &later).await.unwrap()[0].body["due_at"], json!(5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_form_is_brought_forward_while_its_release_still_writes() {
    const JOBS: i64 = 2_000;
    let uri = uri();
    let raw = jobs(&uri).await;
    raw.insert_many((0..JOBS).map(|n| old(&format!("{n:05}"), 1_000 + n))).await.unwrap();
    // A writer of the old form goes on, by compare-and-swap as every release does.
    let enough = Arc::new(AtomicBool::new(false));
    let writer = {
        let (raw, enough) = (raw.clone(), Arc::clone(&enough));
        tokio::spawn(async move {
            let mut written = Vec::new();
            for n in (0..JOBS).cycle().step_by(7) {
                if enough.load(Ordering::Relaxed) {
                    break;
                }
                let id = format!("{n:05}");
                let read = raw.find_one(doc! { "_id": id.as_str() }).await.unwrap().unwrap();
                let revision = read.get_i64("_revision").unwrap();
                let mut new = old(&id, 5_000 + n);
                new.insert("_revision", revision + 1);
                let replaced = raw.replace_one(doc! { "_id": id.as_str(), "_revision": revision }, new).await.unwrap();
                if replaced.matched_count > 0 {
                    written.push(n);
                }
            }
            written
        })
    };
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let typed = Collection::<Job>::new(Arc::clone(&store));
    typed.ensure().await.unwrap();
    // Both forms are read, and what the new release writes is in the new one.
    let mut known = typed.get("00000").await.unwrap().unwrap();
    known.record.state.until = 1;
    drop(typed.replace(&known.record, known.revision).await);
    enough.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();
    assert!(!written.is_empty());
    // The pass that is repeated later, here in one call.
    let converted = store.convert(&Job::SPEC, None, 10_000).await.unwrap();
    assert_eq!(converted.after, None);
    let numbers = doc! { "$or": [{ "due_at": { "$type": "number" } }, { "state.event": { "$type": "string" } }] };
    assert_eq!(raw.count_documents(numbers).await.unwrap(), 0);
    // Nothing that was written is lost, and pages by date find every record once.
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = Query::new().filter("due_at", Op::Gt, 0).order("due_at", Direction::Asc).limit(300).after(after);
        let page = typed.find(&query).await.unwrap();
        found.extend(page.items.into_iter().map(|item| item.record));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), usize::try_from(JOBS).unwrap());
    assert!(found.is_sorted_by_key(|job| job.due_at));
    for n in written {
        let job = found.iter().find(|job| job.id == format!("{n:05}")).unwrap();
        assert_eq!(job.due_at, Some(u64::try_from(5_000 + n).unwrap()), "{}", job.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversion_goes_on_after_the_record_at_which_it_was_interrupted() {
    let uri = uri();
    let raw = jobs(&uri).await;
    raw.insert_many((0..10).map(|n| old(&format!("{n:02}"), n))).await.unwrap();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let first = store.convert(&Job::SPEC, None, 4).await.unwrap();
    assert_eq!((first.converted, first.after.as_deref()), (4, Some("03")));
    // Another process goes on, and once more from the same place: it can be repeated.
    let other = connect(&uri, ConnectOptions::default()).await.unwrap();
    for converted in [4, 0] {
        let next = other.convert(&Job::SPEC, Some("03"), 4).await.unwrap();
        assert_eq!((next.converted, next.after.as_deref()), (converted, Some("07")));
    }
    let last = other.convert(&Job::SPEC, Some("07"), 4).await.unwrap();
    assert_eq!((last.converted, last.after), (2, None));
    let revisions = raw.distinct("_revision", doc! {}).await.unwrap();
    assert_eq!(revisions, [Bson::Int64(1)], "what is the same is not a change");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_changed_meanwhile_is_left_to_the_next_pass() {
    let uri = uri();
    let store = connect(&uri, ConnectOptions::default()).await.unwrap();
    let raw = jobs(&uri).await;
    raw.insert_one(old("a", 5)).await.unwrap();
    let (mut lost, mut rounds) = (0, 0_i64);
    // Many changes against one conversion: whichever is first, the change is there afterwards.
    while rounds < 50 {
        rounds += 1;
        let change = doc! { "$set": { "due_at": rounds }, "$inc": { "_revision": 1_i64 } };
        let changed = async { raw.update_one(doc! { "_id": "a" }, change).await };
        let (converted, changed) = tokio::join!(store.convert(&Job::SPEC, None, 10), changed);
        lost += converted.unwrap().lost;
        assert_eq!(changed.unwrap().matched_count, 1);
        let stored = store.get("jobs", "a").await.unwrap().unwrap();
        assert_eq!(stored.body["due_at"], json!(rounds), "after {lost} lost races");
    }
}
