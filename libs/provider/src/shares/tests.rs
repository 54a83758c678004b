//! In virtual time: many replicas over one store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use lectern_core::Timestamp;
use lectern_core::random::SeededRandom;
use lectern_store::memory::MemoryStore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// Tokio's time.
#[derive(Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_860_000_000).plus(self.0.elapsed())
    }
}

/// Replicas over one store, with what they see to.
struct World {
    store: Arc<MemoryStore>,
    replicas: Vec<Shares>,
    stop: CancellationToken,
}

async fn world(count: u64) -> World {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let replica = |seed| {
        let random = Arc::new(SeededRandom::new(seed));
        Shares::with_random(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock), random)
    };
    let replicas: Vec<Shares> = (1..=count).map(replica).collect();
    let stop = CancellationToken::new();
    for replica in &replicas {
        replica.ensure().await.unwrap();
        let (replica, stop) = (replica.clone(), stop.clone());
        tokio::spawn(async move { replica.keep(stop).await });
    }
    World { store, replicas, stop }
}

const fn rates(requests: u32, tokens: u32, at_once: u32) -> Rates {
    Rates { requests, tokens, at_once }
}

fn request(rates: Rates, tokens: u64) -> Request<'static> {
    Request { provider: "gemini", model: "flash", rates, tokens }
}

/// Has every replica call with several tasks for so long; gives the times at which calls began.
async fn rush(
    world: &World,
    tasks: usize,
    wanted: Request<'static>,
    takes: Duration,
    lasts: Duration,
) -> Vec<Duration> {
    let (began, times) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let mut callers = JoinSet::new();
    for replica in &world.replicas {
        for _ in 0..tasks {
            let (replica, times) = (replica.clone(), Arc::clone(&times));
            callers.spawn(async move {
                while began.elapsed() < lasts {
                    let permit = replica.acquire(&wanted).await.unwrap();
                    times.lock().push(began.elapsed());
                    tokio::time::sleep(takes).await;
                    permit.used(wanted.tokens);
                }
            });
        }
    }
    callers.join_all().await;
    let mut times = std::mem::take(&mut *times.lock());
    times.sort_unstable();
    times
}

/// The most calls that began in any minute.
fn busiest_minute(times: &[Duration]) -> usize {
    let within = |at: usize| times[at..].iter().take_while(|later| **later - times[at] < MINUTE).count();
    (0..times.len()).map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn replicas_together_keep_to_the_requests_of_a_minute_and_use_most_of_them() {
    for (count, limit) in [(1, 60), (8, 60), (8, 300), (3, 5)] {
        let world = world(count).await;
        let wanted = request(rates(limit, 0, 1_000), 0);
        let times = rush(&world, 4, wanted, Duration::from_millis(300), 4 * MINUTE).await;
        let most = busiest_minute(&times);
        let limit = limit as usize;
        assert!(most <= limit + limit / 5 + 1, "{count} replicas began {most} in a minute, of {limit}");
        assert!(times.len() >= 4 * limit * 6 / 10, "{count} replicas made {} calls of {}", times.len(), 4 * limit);
        world.stop.cancel();
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_together_keep_to_the_tokens_of_a_minute() {
    let world = world(6).await;
    let wanted = request(rates(0, 60_000, 1_000), 1_500);
    let times = rush(&world, 4, wanted, Duration::from_millis(200), 3 * MINUTE).await;
    let most = busiest_minute(&times) * 1_500;
    assert!(most <= 72_000 + 1_500, "{most} tokens in a minute");
    assert!(times.len() >= 3 * 40 * 6 / 10, "{} calls", times.len());
}

#[tokio::test(start_paused = true)]
async fn a_call_of_more_tokens_than_a_minute_has_goes_when_nothing_is_ahead_of_it() {
    let world = world(1).await;
    let [replica] = world.replicas.as_slice() else { panic!("one replica") };
    let large = request(rates(0, 1_000, 9), 5_000);
    let began = Instant::now();
    drop(replica.acquire(&large).await.unwrap());
    assert!(began.elapsed() < Duration::from_secs(1));
    drop(replica.acquire(&large).await.unwrap());
    assert!(began.elapsed() >= Duration::from_secs(59), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_a_call_used_beyond_what_it_asked_for_is_taken_from_the_next() {
    let world = world(1).await;
    let [replica] = world.replicas.as_slice() else { panic!("one replica") };
    let small = request(rates(0, 60_000, 9), 1_000);
    let first = replica.acquire(&small).await.unwrap();
    first.used(31_000);
    drop(first);
    let began = Instant::now();
    drop(replica.acquire(&small).await.unwrap());
    drop(replica.acquire(&small).await.unwrap());
    assert!(began.elapsed() >= Duration::from_secs(20), "half a minute's tokens were used at once");
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_at_once_than_all_replicas_may_make() {
    let world = world(5).await;
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    let mut calls: BTreeMap<usize, Arc<AtomicUsize>> = BTreeMap::new();
    let began = Instant::now();
    for (index, replica) in world.replicas.iter().enumerate() {
        let made = Arc::clone(calls.entry(index).or_default());
        for _ in 0..6 {
            let (replica, made) = (replica.clone(), Arc::clone(&made));
            let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
            callers.spawn(async move {
                while began.elapsed() < 5 * MINUTE {
                    let permit = replica.acquire(&request(rates(0, 0, 4), 0)).await.unwrap();
                    most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_secs(7)).await;
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    made.fetch_add(1, Ordering::SeqCst);
                    drop(permit);
                    tokio::time::sleep(Duration::from_secs(20)).await;
                }
            });
        }
    }
    callers.join_all().await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
    for (replica, made) in calls {
        assert!(made.load(Ordering::SeqCst) > 0, "replica {replica} had no turn");
    }
}

/// Replicas with more to do than they may, all the time: how many calls each made in ten minutes,
/// and the most at once.
async fn backlogs(count: u64, at_once: u32, takes: Duration) -> (Vec<usize>, usize) {
    let world = world(count).await;
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut callers = JoinSet::new();
    let made: Vec<Arc<AtomicUsize>> = world.replicas.iter().map(|_| Arc::default()).collect();
    let began = Instant::now();
    for (replica, made) in world.replicas.iter().zip(&made) {
        for _ in 0..6 {
            let (replica, made) = (replica.clone(), Arc::clone(made));
            let (under_way, most) = (Arc::clone(&under_way), Arc::clone(&most));
            callers.spawn(async move {
                while began.elapsed() < 10 * MINUTE {
                    let permit = replica.acquire(&request(rates(0, 0, at_once), 0)).await.unwrap();
                    most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(takes).await;
                    under_way.fetch_sub(1, Ordering::SeqCst);
                    made.fetch_add(1, Ordering::SeqCst);
                    drop(permit);
                }
            });
        }
    }
    callers.join_all().await;
    (made.iter().map(|made| made.load(Ordering::SeqCst)).collect(), most.load(Ordering::SeqCst))
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_always_has_more_to_do_starves_no_other() {
    for (replicas, at_once, takes) in [(3, 1, 2), (2, 4, 7), (5, 3, 7), (3, 1, 40)] {
        let (made, most) = backlogs(replicas, at_once, Duration::from_secs(takes)).await;
        let what = format!("{made:?} calls of {takes} s, {at_once} at once");
        assert!(most <= at_once as usize, "{most}: {what}");
        let (least, all) = (made.iter().min().copied().unwrap(), made.iter().sum::<usize>());
        // A third of an equal part at least, and the model is not left idle for it.
        assert!(least * 3 * made.len() >= all, "{what}");
        let could = at_once as usize * 600 / usize::try_from(takes).unwrap();
        assert!(all * 3 >= could, "{all} of {could}: {what}");
    }
}

#[tokio::test(start_paused = true)]
async fn permits_of_a_replica_that_died_are_free_after_a_while_and_unused_ones_sooner() {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let World { store, replicas, .. } = world(2).await;
    let [living, other] = replicas.as_slice() else { panic!("two replicas") };
    let wanted = request(rates(0, 0, 1), 0);
    // Nobody moves its permits on.
    let died = Shares::with_random(Arc::clone(&store) as Arc<dyn Store>, clock, Arc::new(SeededRandom::new(99)));
    let held = died.acquire(&wanted).await.unwrap();
    let began = Instant::now();
    drop(living.acquire(&wanted).await.unwrap());
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(25) && waited <= Duration::from_secs(40), "{waited:?}");
    drop(held);
    // The living one has a permit that it does not use, and gives it back.
    let began = Instant::now();
    drop(other.acquire(&wanted).await.unwrap());
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited <= Duration::from_secs(15), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_has_enough_is_asked_less_by_all_and_not_before_it_says() {
    let world = world(4).await;
    let wanted = request(rates(240, 0, 100), 0);
    let whole = rush(&world, 4, wanted, Duration::from_millis(100), 2 * MINUTE).await.len();
    world.replicas[0].slow_down("gemini", "flash", Some(Duration::from_secs(20))).await.unwrap();
    // Others hear of it with the next share that they lease, or at the next look.
    tokio::time::sleep(LOOK + Duration::from_secs(1)).await;
    let began = Instant::now();
    for replica in &world.replicas {
        drop(replica.acquire(&wanted).await.unwrap());
    }
    assert!(began.elapsed() >= Duration::from_secs(13), "{:?}", began.elapsed());
    let slowed = rush(&world, 4, wanted, Duration::from_millis(100), 2 * MINUTE).await.len();
    assert!(slowed * 10 < whole * 9, "{slowed} after {whole}");
    tokio::time::sleep(10 * MINUTE).await;
    let again = rush(&world, 4, wanted, Duration::from_millis(100), 2 * MINUTE).await.len();
    assert!(again * 10 >= whole * 9, "{again} after {whole}");
}

#[test]
fn a_rush_of_refusals_slows_down_once_and_the_pace_grows_by_a_tenth_a_minute() {
    let at = |seconds: u64| Timestamp(1_795_860_000_000).plus(Duration::from_secs(seconds));
    let mut record = ShareRecord::new("gemini/flash", at(0));
    assert_eq!(record.pace_at(at(0)), 1_000);
    for second in 0..4 {
        record.slow_down(None, at(second));
    }
    assert_eq!((record.pace_at(at(0)), record.pace_at(at(60)), record.pace_at(at(3_600))), (500, 600, 1_000));
    for minute in 1..40 {
        record.slow_down(Some(Duration::from_secs(7)), at(minute * 10));
    }
    assert_eq!(record.pace, 20, "it is never asked for nothing at all");
    assert_eq!(record.not_before, at(397));
}

#[tokio::test(start_paused = true)]
async fn a_busy_replica_does_not_write_for_every_call() {
    let world = world(1).await;
    let wanted = request(rates(600, 600_000, 50), 500);
    let before = world.store.calls();
    let calls = rush(&world, 8, wanted, Duration::from_millis(50), MINUTE).await.len() as u64;
    let writes = world.store.calls() - before;
    // Looks at the record while nothing is there are among them.
    assert!(writes * 2 < calls, "{writes} calls of the store for {calls} calls of the provider");
}
