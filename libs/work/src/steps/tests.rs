//! The rules one by one, and then many workers over a store that fails.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lectern_core::Random;
use lectern_core::clock::ManualClock;
use lectern_core::random::SeededRandom;
use parking_lot::Mutex;

use lectern_store::memory::{Fault, FaultPlan, MemoryStore};

use super::*;

mod unwritten;

const START: Timestamp = Timestamp(1_800_000_000_000);
const LEASE: Duration = Duration::from_secs(15);
const SKEW: Duration = Duration::from_secs(5);
const TAKEOVER: Duration = Duration::from_secs(20);

struct Bench {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    steps: Steps,
}

fn bench() -> Bench {
    let clock = Arc::new(ManualClock::at(START));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let steps = Steps::new(store.clone(), clock.clone(), StepsOptions::new("boot-1"));
    Bench { store, clock, steps }
}

fn step(text: &str) -> StepId {
    text.parse().unwrap()
}

fn tenant() -> TenantId {
    "t".parse().unwrap()
}

fn retry(failure: Failure, not_before: Timestamp) -> Closing {
    Closing::Retry { failure, not_before }
}

fn failure() -> Failure {
    Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "it did not answer")
}

impl Bench {
    async fn claim(&self, text: &str) -> Claim {
        self.steps.claim(&step(text), "w", &tenant()).await.unwrap()
    }

    async fn lease(&self, text: &str) -> Lease {
        let claim = self.claim(text).await;
        let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
        lease
    }

    /// Lets a lease run out, and somebody find that, until it may be taken over.
    async fn run_out(&self, text: &str) {
        self.clock.advance(LEASE);
        assert_eq!(self.claim(text).await, Claim::LeasedElsewhere { for_: SKEW });
        self.clock.advance(SKEW);
    }

    async fn record(&self, text: &str) -> StepRecord {
        self.steps.get(&step(text)).await.unwrap().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_is_claimed_extended_and_done() {
    let b = bench();
    let lease = b.lease("n/1/record/0").await;
    assert_eq!((lease.fence, lease.attempt, lease.crashes), (1, 1, 0));
    assert!(!lease.alone);
    assert_eq!(b.claim("n/1/record/0").await, Claim::LeasedElsewhere { for_: LEASE });
    b.clock.advance(Duration::from_secs(10));
    let extended = b.steps.extend(&lease).await.unwrap();
    assert_eq!(extended, Extended { until: START.plus(Duration::from_secs(25)), cancelled: false });
    let ending = Ending::done(vec![1, 2, 255]);
    b.steps.close(&lease, Closing::Ended(ending.clone())).await.unwrap();
    b.steps.close(&lease, Closing::Ended(ending.clone())).await.unwrap();
    assert_eq!(b.claim("n/1/record/0").await, Claim::Done(ending));
    let other = Ending::failed(vec![], failure());
    assert_eq!(b.steps.close(&lease, Closing::Ended(other)).await, Err(LeaseError::Lost(lease.step.clone())));
    assert_eq!(b.steps.extend(&lease).await, Err(LeaseError::Lost(lease.step.clone())));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_all_goes_well_with_costs_three_calls() {
    let b = bench();
    let lease = b.lease("n/1/record/0").await;
    b.steps.close(&lease, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
    assert_eq!(b.store.calls(), 3, "a read of its narration's runs, the claim, the end");
    let slow = b.lease("n/1/record/2").await;
    let before = b.store.calls();
    for _ in 0..2 {
        assert!(!b.steps.extend(&slow).await.unwrap().cancelled);
    }
    b.steps.close(&slow, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
    assert_eq!(b.store.calls() - before, 5, "a write and a look for a cancel each, and the end");
}

#[tokio::test(start_paused = true)]
async fn an_expired_lease_is_taken_over_and_its_holder_can_do_nothing() {
    let b = bench();
    let first = b.lease("n/1/plan/0").await;
    let moment = Duration::from_millis(1);
    for (rest, then) in [(LEASE, SKEW), (SKEW, Duration::ZERO)] {
        b.clock.advance(rest - moment);
        assert_eq!(b.claim("n/1/plan/0").await, Claim::LeasedElsewhere { for_: moment });
        b.clock.advance(moment);
        if !then.is_zero() {
            assert_eq!(b.claim("n/1/plan/0").await, Claim::LeasedElsewhere { for_: then }, "it is doubted");
        }
    }
    let second = b.lease("n/1/plan/0").await;
    assert_eq!((second.fence, second.attempt, second.crashes, second.alone), (2, 1, 1, true));
    let lost = Err(LeaseError::Lost(first.step.clone()));
    assert_eq!(b.steps.close(&first, Closing::Ended(Ending::done(vec![]))).await, lost);
    assert_eq!(b.steps.close(&first, retry(failure(), START)).await, lost);
    assert_eq!(b.steps.close(&first, Closing::Free).await, lost);
    b.steps.close(&second, Closing::Ended(Ending::done(vec![7]))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_still_commits_while_nobody_took_it() {
    let b = bench();
    let lease = b.lease("n/1/plan/0").await;
    b.clock.advance(Duration::from_secs(300));
    b.steps.close(&lease, Closing::Ended(Ending::done(vec![]))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_by_errors_alone() {
    let b = bench();
    for attempt in 1..=5 {
        let lease = b.lease("n/1/write/3").await;
        assert_eq!(lease.attempt, attempt);
        assert_eq!(b.record("n/1/write/3").await.failure.is_some(), attempt > 1);
        b.steps.close(&lease, Closing::Free).await.unwrap();
        let lease = b.lease("n/1/write/3").await;
        assert_eq!(lease.attempt, attempt);
        b.steps.close(&lease, retry(failure(), b.clock.now().plus(LEASE))).await.unwrap();
        assert_eq!(b.claim("n/1/write/3").await, Claim::Waiting { for_: LEASE, crashes: 0 });
        b.clock.advance(LEASE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_crashes_again_and_again_is_handed_out_to_be_ended() {
    let b = bench();
    for crashes in 0..=3 {
        let lease = b.lease("n/1/extract/0").await;
        assert_eq!((lease.crashes, lease.alone), (crashes, crashes > 0));
        b.run_out("n/1/extract/0").await;
    }
    let Claim::Poisoned(lease) = b.claim("n/1/extract/0").await else { panic!("not poisoned") };
    // Who ends it may fail as well.
    b.run_out("n/1/extract/0").await;
    let Claim::Poisoned(again) = b.claim("n/1/extract/0").await else { panic!("not poisoned") };
    assert!(again.fence > lease.fence);
    let ending = Ending::dead(vec![9], failure());
    b.steps.close(&again, Closing::Ended(ending.clone())).await.unwrap();
    assert_eq!(b.claim("n/1/extract/0").await, Claim::Dead(ending));
}

#[tokio::test(start_paused = true)]
async fn cancelled_and_older_runs_are_refused_and_their_holders_told() {
    let b = bench();
    let narration = "n".parse().unwrap();
    let first = b.lease("n/1/write/0").await;
    assert!(!b.steps.extend(&first).await.unwrap().cancelled);
    let second = b.lease("n/2/write/0").await;
    assert!(b.steps.extend(&first).await.unwrap().cancelled);
    assert_eq!(b.claim("n/1/write/1").await, Claim::Superseded);
    b.steps.cancel(&narration, 2).await.unwrap();
    b.steps.cancel(&narration, 1).await.unwrap();
    assert!(b.steps.extend(&second).await.unwrap().cancelled);
    assert_eq!(b.claim("n/2/write/1").await, Claim::Cancelled);
    b.lease("n/3/write/0").await;
    b.steps.cancel(&"other".parse().unwrap(), 1).await.unwrap();
    assert_eq!(b.claim("other/1/write/0").await, Claim::Cancelled);
}

/// Fails on code that takes a lease over at the first look: the holder had no chance to extend it.
#[tokio::test(start_paused = true)]
async fn a_holder_that_comes_back_late_keeps_its_lease_though_others_have_come_for_it() {
    let b = bench();
    let lease = b.lease("n/1/plan/0").await;
    b.clock.advance(Duration::from_secs(300));
    assert_eq!(b.claim("n/1/plan/0").await, Claim::LeasedElsewhere { for_: SKEW });
    b.clock.advance(SKEW - Duration::from_millis(1));
    b.steps.extend(&lease).await.unwrap();
    b.clock.advance(Duration::from_millis(1));
    assert_eq!(b.claim("n/1/plan/0").await, Claim::LeasedElsewhere { for_: LEASE - Duration::from_millis(1) });
    let record = b.record("n/1/plan/0").await;
    assert_eq!((record.fence, record.crashes), (1, 0));
    // The doubt ended with the extension: the next one begins anew.
    b.run_out("n/1/plan/0").await;
    assert_eq!(b.lease("n/1/plan/0").await.crashes, 1);
}

/// Fails on code that counts every lease that ran out as a crash.
#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_while_the_store_was_away_counts_no_crash() {
    let b = bench();
    b.lease("n/1/plan/0").await;
    let other = b.lease("n/1/plan/1").await;
    b.store.inject([Fault::Unavailable; 5]);
    for _ in 0..5 {
        assert!(matches!(b.steps.extend(&other).await, Err(LeaseError::Store(failure)) if is_away(&failure)));
        b.clock.advance(SKEW);
    }
    assert_eq!(b.claim("n/1/plan/0").await, Claim::LeasedElsewhere { for_: SKEW });
    b.clock.advance(SKEW);
    let taken = b.lease("n/1/plan/0").await;
    assert_eq!((taken.fence, taken.crashes, taken.alone), (2, 0, false));
    // A crash after it counts as ever.
    b.run_out("n/1/plan/0").await;
    assert_eq!(b.lease("n/1/plan/0").await.crashes, 1);
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_answer_was_lost_is_found_by_its_own_holder_alone() {
    let b = bench();
    let id = step("n/1/plan/0");
    assert_eq!(b.steps.resume(&id, "w").await.unwrap(), None);
    let lease = b.lease("n/1/plan/0").await;
    assert_eq!(b.steps.resume(&id, "v").await.unwrap(), None);
    let Some(Claim::Claimed(found)) = b.steps.resume(&id, "w").await.unwrap() else { panic!("not found") };
    assert_eq!((found.fence, found.attempt, found.crashes), (lease.fence, 1, 0));
    b.steps.close(&found, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
    assert_eq!(b.steps.resume(&id, "w").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_left_to_others_says_since_when_until_one_is_at_work() {
    let b = bench();
    let lease = b.lease("n/1/write/0").await;
    assert_eq!(lease.left_since, None);
    b.steps.close(&lease, Closing::Left).await.unwrap();
    b.clock.advance(SKEW);
    let again = b.lease("n/1/write/0").await;
    assert_eq!((again.left_since, again.attempt, again.crashes), (Some(START), 1, 0));
    b.steps.close(&again, Closing::Left).await.unwrap();
    let able = b.lease("n/1/write/0").await;
    assert_eq!(able.left_since, Some(START), "since the first time");
    b.steps.extend(&able).await.unwrap();
    b.steps.close(&able, Closing::Free).await.unwrap();
    let left = b.lease("n/1/write/0").await;
    assert_eq!(left.left_since, None);
    // Whoever fails for another reason had the version.
    b.steps.close(&left, Closing::Left).await.unwrap();
    let able = b.lease("n/1/write/0").await;
    b.steps.close(&able, retry(failure(), b.clock.now())).await.unwrap();
    assert_eq!(b.lease("n/1/write/0").await.left_since, None);
}

#[tokio::test(start_paused = true)]
async fn steps_that_ended_and_those_of_runs_that_are_over_are_swept_after_their_time() {
    let b = bench();
    for text in ["n/1/write/0", "n/1/write/1", "waiting/1/write/0"] {
        let lease = b.lease(text).await;
        if text.ends_with('0') && text.starts_with('n') {
            b.steps.close(&lease, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
        } else {
            b.steps.close(&lease, retry(failure(), START)).await.unwrap();
        }
    }
    b.steps.cancel(&"n".parse().unwrap(), 1).await.unwrap();
    b.clock.advance(LEASE);
    let late = b.lease("late/1/write/0").await;
    b.steps.close(&late, Closing::Ended(Ending::done(vec![1]))).await.unwrap();

    assert_eq!(b.steps.sweep(START).await.unwrap(), Swept::default(), "kept for exactly as long as it is to be");
    let swept = b.steps.sweep(START.plus(LEASE)).await.unwrap();
    assert_eq!(swept, Swept { steps: 2, runs: 1 });
    for (text, left) in
        [("n/1/write/0", false), ("n/1/write/1", false), ("waiting/1/write/0", true), ("late/1/write/0", true)]
    {
        assert_eq!(b.steps.get(&step(text)).await.unwrap().is_some(), left, "{text}");
    }
    let waiting = b.lease("waiting/1/write/0").await;
    assert_eq!((waiting.fence, waiting.attempt), (2, 2), "a step that waits loses nothing, however long it does");
    // It is asked for once more: it begins anew, and ends as before.
    let again = b.lease("n/1/write/0").await;
    b.steps.close(&again, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_says_that_a_run_is_over_outlives_its_steps() {
    let b = bench();
    b.lease("n/1/write/0").await;
    let second = b.lease("n/2/write/0").await;
    b.clock.advance(LEASE);
    assert_eq!(b.steps.sweep(b.clock.now()).await.unwrap(), Swept { steps: 1, runs: 0 }, "the first run is over");
    assert_eq!(b.claim("n/1/write/0").await, Claim::Superseded);
    b.steps.close(&second, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
    b.clock.advance(LEASE);
    assert_eq!(b.steps.sweep(b.clock.now()).await.unwrap(), Swept { steps: 1, runs: 1 });
    assert_eq!(b.steps.sweep(b.clock.now()).await.unwrap(), Swept::default());
}

#[tokio::test(start_paused = true)]
async fn leases_of_an_earlier_boot_are_void() {
    let b = bench();
    let old = b.lease("n/1/record/0").await;
    let done = b.lease("n/1/record/1").await;
    b.steps.close(&done, Closing::Ended(Ending::done(vec![]))).await.unwrap();
    let steps = Steps::new(b.store.clone(), b.clock.clone(), StepsOptions::new("boot-2"));
    let mine = steps.claim(&step("n/1/record/2"), "w", &tenant()).await.unwrap();
    assert_eq!(steps.void_leases_of_earlier_boot().await.unwrap(), 1);
    assert_eq!(steps.void_leases_of_earlier_boot().await.unwrap(), 0);
    let Claim::Claimed(new) = steps.claim(&old.step, "w", &tenant()).await.unwrap() else { panic!("not free") };
    assert_eq!((new.fence, new.crashes, new.alone), (2, 1, true));
    let Claim::Claimed(mine) = mine else { panic!("not claimed") };
    assert!(steps.extend(&mine).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_too_long_is_refused_and_the_longest_fits() {
    let b = bench();
    let lease = b.lease("n/1/record/0").await;
    let long = Failure { message: "é".repeat(90_000), ..failure() };
    let refused = b.steps.close(&lease, Closing::Ended(Ending::done(vec![0; MAX_EVENT_BYTES + 1]))).await;
    assert!(matches!(refused, Err(LeaseError::Store(f)) if f.reason == Reason::LimitExceeded));
    b.steps.close(&lease, retry(long.clone(), START)).await.unwrap();
    let lease = b.lease("n/1/record/0").await;
    b.steps.close(&lease, Closing::Ended(Ending::failed(vec![0; MAX_EVENT_BYTES], long))).await.unwrap();
}

/// An event and a failure's message are in one record.
#[test]
fn the_longest_event_is_half_of_a_record() {
    assert_eq!(2 * MAX_EVENT_BYTES, lectern_store::MAX_RECORD_BYTES);
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_record_was_deleted_is_lost() {
    let b = bench();
    let lease = b.lease("n/1/record/0").await;
    assert_eq!(b.store.delete(StepRecord::SPEC.name, "n/1/record/0", None).await, Ok(true));
    assert_eq!(b.steps.extend(&lease).await, Err(LeaseError::Lost(lease.step.clone())));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_not_a_lost_lease() {
    for fault in [Fault::LostAnswer, Fault::LostRequest] {
        let b = bench();
        b.steps.cancel(&"other".parse().unwrap(), 1).await.unwrap();
        b.store.inject([fault, fault]);
        let lease = b.lease("n/1/record/0").await;
        assert_eq!(lease.fence, 1, "{fault:?}");
        b.store.inject([fault]);
        b.steps.extend(&lease).await.unwrap();
        b.store.inject([fault, fault]);
        b.steps.close(&lease, Closing::Ended(Ending::done(vec![1]))).await.unwrap();
        assert_eq!(b.claim("n/1/record/0").await, Claim::Done(Ending::done(vec![1])));
    }
}

/// What the workers saw of one step.
#[derive(Default)]
struct Seen {
    fences: BTreeSet<u64>,
    committed: Vec<u64>,
    tried: BTreeSet<u64>,
}

/// Workers that crash, dawdle, fail, drain and commit at random, over a store that fails as often,
/// until all has ended.
async fn chaos(seed: u64) {
    const WORKERS: u64 = 6;
    let clock = Arc::new(ManualClock::at(START));
    let plan = FaultPlan {
        seed,
        unavailable: 30,
        lost_requests: 30,
        lost_answers: 60,
        delays: 200,
        longest: Duration::from_millis(40),
    };
    let store = Arc::new(MemoryStore::with_faults(clock.clone(), plan));
    let steps = Steps::new(store.clone(), clock.clone(), StepsOptions::new("boot"));
    let ids: Arc<Vec<StepId>> = Arc::new((0..6).map(|n| step(&format!("n/1/record/{n}"))).collect());
    let seen: Arc<Mutex<BTreeMap<StepId, Seen>>> = Arc::default();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let (steps, clock, ids, seen) = (steps.clone(), clock.clone(), ids.clone(), seen.clone());
            let random = SeededRandom::new(seed * 100 + worker);
            tokio::spawn(async move {
                for _ in 0..400 {
                    let id = &ids[usize::try_from(random.below(6)).unwrap()];
                    let lease = match steps.claim(id, &format!("w{worker}"), &tenant()).await {
                        Ok(Claim::Claimed(lease) | Claim::Poisoned(lease)) => lease,
                        Ok(_) | Err(_) => {
                            clock.advance(Duration::from_millis(random.below(2_000)));
                            continue;
                        }
                    };
                    let fresh = seen.lock().entry(id.clone()).or_default().fences.insert(lease.fence);
                    assert!(fresh, "I3: fence {} of {id} was handed out twice", lease.fence);
                    tokio::time::sleep(Duration::from_millis(random.below(60))).await;
                    match random.below(10) {
                        0 | 1 => {}
                        2 => clock.advance(TAKEOVER),
                        3 => drop(steps.extend(&lease).await),
                        4 => drop(steps.close(&lease, Closing::Free).await),
                        5 | 6 if lease.attempt < 5 => drop(steps.close(&lease, retry(failure(), clock.now())).await),
                        _ => {
                            if random.below(3) == 0 {
                                clock.advance(TAKEOVER);
                                tokio::time::sleep(Duration::from_millis(random.below(200))).await;
                            }
                            let fence = lease.fence;
                            seen.lock().entry(id.clone()).or_default().tried.insert(fence);
                            let ending = Ending::done(fence.to_be_bytes().to_vec());
                            if steps.close(&lease, Closing::Ended(ending)).await.is_ok() {
                                seen.lock().entry(id.clone()).or_default().committed.push(fence);
                            }
                        }
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    store.heal();
    for id in ids.iter() {
        let record = steps.get(id).await.unwrap().unwrap();
        let seen = seen.lock();
        let seen = &seen[id];
        let StepState::Ended { ending } = &record.state else { panic!("{id} has not ended: {record:?}") };
        let fence = u64::from_be_bytes(ending.event.clone().try_into().unwrap());
        assert!(seen.committed.len() <= 1, "I2: {id} was committed by fences {:?}", seen.committed);
        assert!(seen.committed.iter().all(|committed| *committed == fence), "I2: {id} holds another ending");
        assert!(seen.tried.contains(&fence) && record.fence == fence, "{id} ended by fence {fence}");
        assert!(seen.fences.last().is_some_and(|last| *last <= record.fence), "I3: {id}");
    }
}

#[tokio::test(start_paused = true)]
async fn steps_end_once_and_fences_grow_whatever_fails() {
    for seed in 1..=12 {
        chaos(seed).await;
    }
}

#[test]
fn the_page_of_the_database_is_that_of_the_records() {
    let text =
        [lectern_store::describe::<record::StepRecord>(), lectern_store::describe::<runs::RunsRecord>()].concat();
    lectern_testkit::pages::check_part("reference/database.md", "steps", &text, "the_page_of_the_database");
}
