use parking_lot::Mutex;

use lectern_core::clock::ManualClock;
use lectern_core::{Kind, Reason};
use serde::{Deserialize, Serialize};

use super::*;
use crate::collection::Change;
use crate::memory::MemoryStore;
use crate::port::{CollectionSpec, Index};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Job {
    name: String,
    due_at: Option<Timestamp>,
    work: u32,
}

impl Record for Job {
    const SPEC: CollectionSpec =
        CollectionSpec::new("jobs", &[Index::new("by_due_at", &["due_at"]).only_where_set("due_at")])
            .dates(&["due_at"]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Due for Job {
    fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    fn set_due_at(&mut self, due_at: Option<Timestamp>) {
        self.due_at = due_at;
    }
}

const START: Timestamp = Timestamp(1_000_000);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

struct Bench {
    clock: Arc<ManualClock>,
    jobs: Collection<Job>,
    published: Arc<Mutex<Vec<String>>>,
}

fn bench() -> Bench {
    let clock = Arc::new(ManualClock::at(START));
    let jobs = Collection::new(Arc::new(MemoryStore::new(clock.clone())));
    Bench { clock, jobs, published: Arc::default() }
}

impl Bench {
    async fn put(&self, name: &str, due_at: Option<Timestamp>) {
        self.jobs.insert(&Job { name: name.to_owned(), due_at, work: 0 }).await.unwrap();
    }

    fn reconciler(&self) -> Reconciler<Job> {
        let options = ReconcilerOptions { batch: 3, ..ReconcilerOptions::default() };
        Reconciler::with_options(self.jobs.clone(), self.clock.clone(), options)
    }

    async fn look(&self) -> Look {
        let publish = |job: Versioned<Job>| {
            self.published.lock().push(job.record.name);
            async { Ok(()) }
        };
        self.reconciler().look(&publish, &CancellationToken::new()).await.unwrap()
    }

    async fn due_at(&self, name: &str) -> Option<Timestamp> {
        self.jobs.get(name).await.unwrap().unwrap().record.due_at
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_is_moved_and_published_in_batches() {
    let b = bench();
    for n in 0..8 {
        b.put(&format!("due-{n}"), Some(START)).await;
    }
    b.put("later", Some(START.plus(seconds(1)))).await;
    b.put("never", None).await;
    assert_eq!(b.look().await, Look { found: 8, published: 8, lost: 0, failed: 0 });
    assert_eq!(b.look().await, Look::default());
    assert_eq!(b.due_at("due-7").await, Some(START.plus(seconds(15))));
    b.clock.advance(seconds(1));
    assert_eq!(b.look().await.published, 1);
}

#[tokio::test(start_paused = true)]
async fn moves_double_to_the_longest_and_start_again_after_a_change() {
    let b = bench();
    b.put("a", Some(START)).await;
    for (change, interval) in [(false, 15), (false, 30), (false, 60), (false, 60), (true, 15), (false, 30)] {
        if change {
            b.jobs
                .update("a", |job| {
                    job.work += 1;
                    Ok(Change::Write)
                })
                .await
                .unwrap();
        }
        let now = b.clock.now();
        assert_eq!(b.look().await.published, 1);
        assert_eq!(b.due_at("a").await, Some(now.plus(seconds(interval))));
        b.clock.advance(seconds(interval));
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_replicas_one_publishes_a_record_in_a_round() {
    let b = bench();
    for n in 0..20 {
        b.put(&format!("{n:02}"), Some(START)).await;
    }
    let looks = futures::future::join_all((0..4).map(|_| b.look())).await;
    assert_eq!(looks.iter().map(|look| look.published).sum::<u32>(), 20);
    let mut names = b.published.lock().clone();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn the_loop_looks_every_interval_survives_failures_and_stops() {
    let b = bench();
    b.put("a", Some(START)).await;
    let stop = CancellationToken::new();
    let (reconciler, published, clock) = (b.reconciler(), b.published.clone(), b.clock.clone());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move {
            let publish = move |job: Versioned<Job>| {
                published.lock().push(job.record.name);
                async { Err(Failure::new(Kind::Unavailable, Reason::QueueUnavailable, "no queue")) }
            };
            reconciler.run(publish, stop).await;
        }
    });
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(b.published.lock().len(), 1, "it looks at once");
    clock.advance(seconds(15));
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(b.published.lock().len(), 2, "what failed falls due again");
    stop.cancel();
    running.await.unwrap();
}
