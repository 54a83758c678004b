use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use lectern_core::{OsRandom, SystemClock};
use parking_lot::Mutex;

use super::*;
use crate::memory::MemoryStore;
use crate::port::Converted;

const SPEC: CollectionSpec = CollectionSpec::new("things", &[]).dates(&["at"]);

/// A memory with an old form: ids of a list are out of form until they are converted.
#[derive(Debug)]
struct Old {
    memory: MemoryStore,
    ids: Mutex<Vec<(String, bool)>>,
    /// Calls that fail before one works again.
    failing: AtomicU32,
    looked_at: AtomicU32,
}

impl Old {
    fn with(count: usize) -> Arc<Self> {
        Arc::new(Self {
            memory: MemoryStore::new(Arc::new(SystemClock)),
            ids: Mutex::new((0..count).map(|n| (format!("{n:05}"), false)).collect()),
            failing: AtomicU32::new(0),
            looked_at: AtomicU32::new(0),
        })
    }

    fn out_of_form(&self) -> usize {
        self.ids.lock().iter().filter(|(_, formed)| !formed).count()
    }
}

#[async_trait]
impl crate::Layer for Old {
    fn below(&self) -> &dyn Store {
        &self.memory
    }

    fn has_forms(&self) -> bool {
        true
    }

    async fn convert(&self, _: &CollectionSpec, after: Option<&str>, most: u32) -> Result<Converted, StoreError> {
        if self.failing.load(Ordering::Relaxed) == 1 {
            return Err(StoreError::unavailable("convert", "it fails here"));
        }
        self.failing.fetch_sub(u32::from(self.failing.load(Ordering::Relaxed) > 0), Ordering::Relaxed);
        tokio::task::yield_now().await;
        let mut ids = self.ids.lock();
        let mut beyond: Vec<_> =
            ids.iter_mut().filter(|(id, _)| after.is_none_or(|after| id.as_str() > after)).collect();
        beyond.truncate(most as usize);
        self.looked_at.fetch_add(u32::try_from(beyond.len()).unwrap(), Ordering::Relaxed);
        let converted = beyond.iter().filter(|(_, formed)| !formed).count() as u64;
        let last = beyond.last().map(|(id, _)| id.clone());
        let full = beyond.len() == most as usize;
        beyond.into_iter().for_each(|(_, formed)| *formed = true);
        Ok(Converted { converted, lost: 0, after: last.filter(|_| full) })
    }
}

async fn run_on(old: &Arc<Old>) -> Result<(), StoreError> {
    let store: Arc<dyn Store> = Arc::clone(old) as Arc<dyn Store>;
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    run(&store, &random, &SPEC).await
}

async fn record(old: &Arc<Old>) -> Migration {
    let store: Arc<dyn Store> = Arc::clone(old) as Arc<dyn Store>;
    Collection::<Migration>::new(store).get(&step_of(&SPEC)).await.unwrap().unwrap().record
}

#[tokio::test]
async fn one_of_many_replicas_does_the_work_and_the_others_wait_for_it() {
    let old = Old::with(3 * BATCH as usize);
    let replicas: Vec<_> = (0..4)
        .map(|_| {
            let old = Arc::clone(&old);
            tokio::spawn(async move { run_on(&old).await.map(|()| old.out_of_form()) })
        })
        .collect();
    for replica in replicas {
        assert_eq!(replica.await.unwrap(), Ok(0), "nobody goes on before all is converted");
    }
    // The pass that converts, and the one that finds nothing more.
    assert_eq!(old.looked_at.load(Ordering::Relaxed), 2 * 3 * BATCH);
    assert_eq!(record(&old).await.changed, u64::from(3 * BATCH));
}

#[tokio::test]
async fn what_was_interrupted_goes_on_from_where_it_was() {
    let old = Old::with(4 * BATCH as usize);
    old.failing.store(3, Ordering::Relaxed);
    run_on(&old).await.unwrap_err();
    assert_eq!(old.out_of_form(), 2 * BATCH as usize);
    let State::Running { after, until, .. } = record(&old).await.state else { panic!("it is not over") };
    assert_eq!(after.as_deref(), Some("00999"), "two batches are behind it");
    old.failing.store(0, Ordering::Relaxed);
    // Whoever is next waits for the lease of the first; here its clock says that it has run out.
    let mut next = record(&old).await;
    assert_eq!(next.next("another", Timestamp(until.millis() - 1)), Next::Wait);
    assert_eq!(next.next("another", until), Next::Work(Some("00999".to_owned())));
    next.state = State::Running { holder: "dead".to_owned(), until: Timestamp(0), after };
    let store: Arc<dyn Store> = Arc::clone(&old) as Arc<dyn Store>;
    let migrations = Collection::<Migration>::new(store);
    let revision = migrations.get(&next.id).await.unwrap().unwrap().revision;
    migrations.replace(&next, revision).await.unwrap();
    let before = old.looked_at.swap(0, Ordering::Relaxed);
    run_on(&old).await.unwrap();
    assert_eq!((before, old.out_of_form()), (2 * BATCH, 0));
    // What was left, and a pass over all, since the first half may have been written again.
    assert_eq!(old.looked_at.load(Ordering::Relaxed), 2 * BATCH + 4 * BATCH);
}

#[tokio::test]
async fn what_is_done_is_repeated_while_an_older_release_may_run_and_not_afterwards() {
    let done = |since: u64| Migration {
        id: String::new(),
        state: State::Done { since: Timestamp(since) },
        changed: 0,
        finished: Some(Timestamp(0)),
    };
    let every = u64::try_from(REPEATED_EVERY.as_millis()).unwrap();
    let watched = u64::try_from(WATCHED.as_millis()).unwrap();
    assert_eq!(done(5).next("x", Timestamp(5 + every - 1)), Next::Nothing);
    assert_eq!(done(5).next("x", Timestamp(5 + every)), Next::Work(None));
    assert_eq!(done(5).next("x", Timestamp(watched)), Next::Nothing);
}

#[tokio::test]
async fn a_collection_that_declares_more_is_brought_forward_anew() {
    let more = CollectionSpec::new("things", &[]).dates(&["at", "until"]);
    assert_ne!(step_of(&SPEC), step_of(&more));
    assert!(step_of(&more).starts_with("things/forms-"));
}

#[tokio::test]
async fn a_store_of_one_form_has_nothing_to_do() {
    let memory = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    let store: Arc<dyn Store> = Arc::clone(&memory) as Arc<dyn Store>;
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    run(&store, &random, &SPEC).await.unwrap();
    assert_eq!(memory.calls(), 0);
}

#[test]
fn the_page_of_the_database_is_that_of_the_record() {
    let text = crate::describe::<Migration>();
    lectern_testkit::pages::check_part("reference/database.md", "migrations", &text, "the_page_of_the_database");
}
