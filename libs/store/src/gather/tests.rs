use std::sync::atomic::{AtomicBool, Ordering};

use lectern_core::SystemClock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::task::JoinHandle;

use super::*;
use crate::collection::{Collection, Record};
use crate::memory::{Fault, MemoryStore};
use crate::port::CollectionSpec;
use crate::record::MAX_RECORD_BYTES;

const TAKES: Duration = Duration::from_millis(10);

/// A store whose writes take 10 ms, and which counts the records of each call.
#[derive(Debug)]
struct Slow {
    memory: MemoryStore,
    calls: Mutex<Vec<usize>>,
    /// Whether the next call of several writes is a defect.
    panics: AtomicBool,
    /// How many of the next calls hang for ever.
    hang: Mutex<usize>,
}

impl Slow {
    fn gathered() -> (Arc<Self>, Arc<Gathering>) {
        let memory = MemoryStore::new(Arc::new(SystemClock));
        let slow =
            Arc::new(Self { memory, calls: Mutex::default(), panics: AtomicBool::new(false), hang: Mutex::default() });
        let gathering = Gathering::over(Arc::<Self>::clone(&slow));
        (slow, Arc::new(gathering))
    }

    async fn take(&self, records: usize) {
        self.calls.lock().push(records);
        if self.hangs() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(TAKES).await;
    }

    /// Whether the call that begins is one that hangs.
    fn hangs(&self) -> bool {
        let mut left = self.hang.lock();
        let hangs = *left > 0;
        *left = left.saturating_sub(1);
        hangs
    }

    /// The records of each call so far.
    fn calls(&self) -> Vec<usize> {
        self.calls.lock().clone()
    }

    async fn has(&self, id: &str) -> bool {
        self.memory.get("c", id).await.unwrap().is_some()
    }
}

#[async_trait]
impl crate::Layer for Slow {
    fn below(&self) -> &dyn Store {
        &self.memory
    }

    async fn insert(&self, collection: &str, id: &str, body: &Value) -> Result<Revision, StoreError> {
        self.take(1).await;
        self.memory.insert(collection, id, body).await
    }

    async fn replace(
        &self,
        collection: &str,
        id: &str,
        expected: Revision,
        body: &Value,
    ) -> Result<Revision, StoreError> {
        self.take(1).await;
        self.memory.replace(collection, id, expected, body).await
    }

    async fn write_many(
        &self,
        collection: &str,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Revision, StoreError>>, StoreError> {
        self.take(writes.len()).await;
        assert!(!self.panics.swap(false, Ordering::Relaxed), "a defect");
        self.memory.write_many(collection, writes).await
    }
}

/// A task that inserts a record.
fn insert(gathering: &Arc<Gathering>, id: impl Into<String>, body: Value) -> JoinHandle<Answer> {
    let (gathering, id) = (Arc::clone(gathering), id.into());
    tokio::spawn(async move { gathering.insert("c", &id, &body).await })
}

/// A task that replaces a record.
fn replace(gathering: &Arc<Gathering>, id: &'static str, expected: u64, body: Value) -> JoinHandle<Answer> {
    let gathering = Arc::clone(gathering);
    tokio::spawn(async move { gathering.replace("c", id, Revision(expected), &body).await })
}

/// Waits until the tasks so far have begun, which takes no time.
async fn begun() {
    tokio::time::sleep(TAKES / 10).await;
}

async fn all(tasks: Vec<JoinHandle<Answer>>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn a_hundred_writers_need_two_calls_more_than_one() {
    let (slow, gathering) = Slow::gathered();
    let writers = (0..100).map(|n| insert(&gathering, format!("{n}"), json!({"n": n}))).collect();
    assert_eq!(all(writers).await, vec![Ok(Revision::FIRST); 100]);
    // The first at once; a second call as soon as a whole one waited; the others after both.
    assert_eq!(slow.calls(), [1, MAX_RECORDS, 35]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_idle_makes_every_write_by_itself() {
    let (slow, gathering) = Slow::gathered();
    gathering.insert("c", "a", &json!({})).await.unwrap();
    gathering.replace("c", "a", Revision(1), &json!({})).await.unwrap();
    assert_eq!(slow.calls(), [1, 1]);
    // Another collection waits for nobody.
    let (first, other) = (insert(&gathering, "b", json!({})), Arc::clone(&gathering));
    begun().await;
    let other = tokio::spawn(async move { other.insert("d", "a", &json!({})).await });
    begun().await;
    assert_eq!(slow.calls(), [1, 1, 1, 1], "both are under way");
    assert_eq!((first.await.unwrap(), other.await.unwrap()), (Ok(Revision(1)), Ok(Revision(1))));
}

#[tokio::test(start_paused = true)]
async fn two_writes_of_one_record_are_never_in_one_call() {
    let (slow, gathering) = Slow::gathered();
    let first = insert(&gathering, "first", json!({}));
    begun().await;
    let mut others = vec![insert(&gathering, "a", json!({"n": 0}))];
    begun().await;
    others.extend((1..=2).map(|n| replace(&gathering, "a", 1, json!({"n": n}))));
    others.push(insert(&gathering, "b", json!({})));
    assert_eq!(first.await.unwrap(), Ok(Revision(1)));
    let lost = Err(StoreError::conflict("c", "a"));
    assert_eq!(all(others).await, [Ok(Revision(1)), Ok(Revision(2)), lost, Ok(Revision(1))]);
    assert_eq!(slow.calls(), [1, 2, 1, 1], "`a` and `b`, and each change of `a` by itself, in order");
}

#[tokio::test(start_paused = true)]
async fn every_caller_gets_the_answer_to_its_own_write() {
    let (slow, gathering) = Slow::gathered();
    for id in ["a", "b", "c"] {
        gathering.insert("c", id, &json!({})).await.unwrap();
    }
    let first = insert(&gathering, "first", json!({}));
    begun().await;
    let tasks = vec![
        replace(&gathering, "a", 1, json!({"n": 1})),
        insert(&gathering, "b", json!({})),
        replace(&gathering, "c", 7, json!({})),
        replace(&gathering, "nobody", 1, json!({})),
        insert(&gathering, "large", json!({"text": "x".repeat(MAX_RECORD_BYTES)})),
        insert(&gathering, "wrong", json!({"_id": 1})),
        insert(&gathering, "d", json!({})),
    ];
    let answers = all(tasks).await;
    first.await.unwrap().unwrap();
    assert_eq!(slow.calls(), [1, 1, 1, 1, 7]);
    assert_eq!((&answers[0], &answers[6]), (&Ok(Revision(2)), &Ok(Revision(1))));
    assert_eq!(answers[1], Err(StoreError::duplicate("c", "b")));
    assert_eq!(answers[2], Err(StoreError::conflict("c", "c")));
    assert_eq!(answers[3], Err(StoreError::not_found("c", "nobody")));
    assert!(matches!(&answers[4], Err(StoreError::TooLarge { .. })), "{:?}", answers[4]);
    assert!(matches!(&answers[5], Err(StoreError::Invalid { .. })), "{:?}", answers[5]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_dropped_changes_nothing_for_the_others() {
    let (slow, gathering) = Slow::gathered();
    let first = insert(&gathering, "first", json!({}));
    begun().await;
    let mut waiting: Vec<_> = (0..5).map(|n| insert(&gathering, format!("{n}"), json!({}))).collect();
    begun().await;
    // One that waits, and the one whose call is under way.
    waiting.remove(2).abort();
    first.abort();
    assert_eq!(all(waiting).await, vec![Ok(Revision(1)); 4]);
    assert_eq!(slow.calls(), [1, 4]);
    assert!(!slow.has("2").await, "it was dropped before its call began");
    // A batch goes on without the caller whose turn made it.
    let first = insert(&gathering, "another", json!({}));
    begun().await;
    let second = [insert(&gathering, "x", json!({})), insert(&gathering, "y", json!({}))];
    first.await.unwrap().unwrap();
    begun().await;
    let [x, y] = second;
    x.abort();
    assert_eq!(y.await.unwrap(), Ok(Revision(1)));
    assert!(slow.has("x").await, "it was on its way");
}

#[tokio::test(start_paused = true)]
async fn calls_have_bounds_in_bytes() {
    const EACH: usize = 40_000;
    let (slow, gathering) = Slow::gathered();
    let body = json!({"text": "x".repeat(EACH)});
    let writers = (0..100).map(|n| insert(&gathering, format!("{n}"), body.clone())).collect();
    assert_eq!(all(writers).await, vec![Ok(Revision::FIRST); 100]);
    let calls = slow.calls();
    assert_eq!(calls.iter().sum::<usize>(), 100);
    assert!(calls.iter().all(|records| records * EACH <= MAX_WRITE_BYTES), "{calls:?}");
    assert!(calls.len() <= 6, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_a_call_is_that_of_each_of_its_writes() {
    let (slow, gathering) = Slow::gathered();
    let faults = [(Fault::Unavailable, false), (Fault::LostRequest, false), (Fault::LostAnswer, true)];
    for (round, (fault, written)) in faults.into_iter().enumerate() {
        slow.memory.inject([Fault::Delay(Duration::ZERO), fault]);
        let first = insert(&gathering, format!("first-{round}"), json!({}));
        begun().await;
        let others = (0..3).map(|n| insert(&gathering, format!("{round}-{n}"), json!({}))).collect();
        let others = all(others).await;
        assert_eq!(first.await.unwrap(), Ok(Revision(1)));
        for answer in others {
            let unavailable = matches!(answer, Err(StoreError::Unavailable { .. }));
            assert_eq!(unavailable, fault == Fault::Unavailable, "{answer:?}");
            assert!(answer.is_err());
        }
        assert_eq!(slow.has(&format!("{round}-1")).await, written, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_defect_in_a_call_leaves_nobody_waiting() {
    let (slow, gathering) = Slow::gathered();
    slow.panics.store(true, Ordering::Relaxed);
    let first = insert(&gathering, "first", json!({}));
    begun().await;
    let others = (0..3).map(|n| insert(&gathering, format!("{n}"), json!({}))).collect();
    for answer in all(others).await {
        assert!(matches!(answer, Err(StoreError::Ambiguous { .. })), "{answer:?}");
    }
    first.await.unwrap().unwrap();
    assert_eq!(gathering.insert("c", "after", &json!({})).await, Ok(Revision(1)));
}

/// Fails on code that waits for the call that is under way, however long it takes.
#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_holds_up_other_writes_for_a_moment_only() {
    let (slow, gathering) = Slow::gathered();
    *slow.hang.lock() = 1;
    let hung = insert(&gathering, "hung", json!({}));
    begun().await;
    let others = ["a", "b"].map(|id| insert(&gathering, id, json!({})));
    let others = tokio::time::timeout(2 * SLOW, all(others.into())).await.expect("they are not held up");
    assert_eq!(others, [Ok(Revision(1)), Ok(Revision(1))]);
    assert_eq!(slow.calls(), [1, 2], "together, beside the one that hangs");
    // What comes now waits for nobody.
    let next = insert(&gathering, "c", json!({}));
    tokio::time::timeout(2 * TAKES, next).await.expect("at once").unwrap().unwrap();
    assert!(!hung.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_has_a_bounded_number_of_calls() {
    let (slow, gathering) = Slow::gathered();
    *slow.hang.lock() = usize::MAX;
    let mut writers = Vec::new();
    for n in 0..10 {
        writers.push(insert(&gathering, format!("{n}"), json!({})));
        tokio::time::sleep(2 * SLOW).await;
    }
    assert_eq!(slow.calls(), [1; MAX_CALLS]);
    // It answers again, and those who are gone make room.
    *slow.hang.lock() = 0;
    let waiting = writers.split_off(MAX_CALLS);
    writers.iter().for_each(JoinHandle::abort);
    assert_eq!(all(waiting).await, vec![Ok(Revision(1)); 10 - MAX_CALLS]);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counter {
    id: String,
}

impl Record for Counter {
    const SPEC: CollectionSpec = CollectionSpec::new("c", &[]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.id.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_collection_finds_out_what_became_of_its_own_writes() {
    for fault in [Fault::LostAnswer, Fault::LostRequest] {
        let (slow, gathering) = Slow::gathered();
        let counters = Collection::<Counter>::new(gathering);
        slow.memory.inject([Fault::Delay(Duration::ZERO), fault]);
        let inserted = (0..10).map(|n| {
            let counters = counters.clone();
            tokio::spawn(async move { counters.insert(&Counter { id: format!("{n}") }).await })
        });
        assert_eq!(all(inserted.collect()).await, vec![Ok(Revision(1)); 10], "{fault:?}");
    }
}
