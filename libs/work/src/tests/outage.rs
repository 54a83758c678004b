//! A store that is away for longer than a lease, and a queue that does not answer: work goes on,
//! nothing is done twice, and no step is taken for one that crashes.

use std::sync::atomic::AtomicBool;

use super::links::{Link, Mute};
use super::*;
use crate::steps::{Claim, Lease};

/// Two processes, each with a way of its own to one store and one queue.
struct Pair {
    world: World,
    links: [Arc<Link>; 2],
    mute: Arc<AtomicBool>,
}

impl Pair {
    async fn new(hangs: bool) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let links = [Link::to(&store, hangs), Link::to(&store, hangs)];
        let world = World::with(MemoryQueue::new(ConnectOptions::default()), clock, store).await;
        Self { world, links, mute: Arc::default() }
    }

    fn start(&self, process: usize) -> Process {
        self.start_with(process, WorkerOptions::default())
    }

    fn start_with(&self, process: usize, options: WorkerOptions) -> Process {
        let queue = Arc::new(Mute { mute: Arc::clone(&self.mute), ..Mute::to(&self.world) });
        let link: Arc<dyn Store> = Arc::clone(&self.links[process]) as _;
        let boot = StepsOptions::new(format!("boot-{process}"));
        let steps = Steps::new(link, Arc::clone(&self.world.clock), boot);
        self.world.start_over(queue, steps, Arc::clone(&self.world.handler), options)
    }

    fn away(&self, time: Duration) {
        self.links.iter().for_each(|link| link.away(time));
    }

    /// The fence, attempts and crashes of a step that is done.
    async fn done(&self, step: &StepId) -> (u64, u32, u32) {
        let record = self.world.steps.get(step).await.unwrap().unwrap();
        assert!(matches!(record.state, StepState::Ended { .. }), "{record:?}");
        (record.fence, record.attempts, record.crashes)
    }
}

/// Fails on code that gives work up when its lease runs out.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_many_leases_costs_no_work_and_no_crash() {
    for (away, hangs) in [(20, false), (60, true), (75, false), (300, false), (300, true)] {
        let pair = Pair::new(hangs).await;
        let steps: Vec<_> = (0..12_u64).map(|index| step(&format!("n/1/write/{index}"))).collect();
        for (index, step) in (0_u32..).zip(&steps) {
            // Some end before it is away, some meanwhile, some after it.
            pair.world.script(step, [Act::Work((1 + 7 * index * index) * SECOND)]);
            pair.world.publish(step).await;
        }
        let processes = [pair.start(0), pair.start(1)];
        sleep(3 * SECOND).await;
        pair.away(away * SECOND);
        sleep((away + 1_800) * SECOND).await;
        for step in &steps {
            let (fence, attempts, crashes) = pair.done(step).await;
            assert_eq!((attempts, crashes), (0, 0), "{step}: away for {away} s, hangs: {hangs}");
            // Where its command came to somebody else meanwhile, who wrote that it is begun, it was
            // claimed for its end.
            assert!(fence == 1 || fence == 2 && away > 120, "{step}: {fence}, away for {away} s, hangs: {hangs}");
            assert_eq!(pair.world.handler.attempts(step), 1, "{step} is done once");
        }
        let ended = |outcome| processes.iter().map(|process| process.stats.ended(outcome)).sum::<u64>();
        assert_eq!((ended(DeliveryOutcome::Done), ended(DeliveryOutcome::Lost)), (12, 0));
        let events: std::collections::BTreeSet<_> = pair.world.events().await.into_iter().collect();
        assert_eq!((pair.world.waiting(), events.len()), (0, 12), "each has one event");
    }
}

/// Fails on code that takes a lease over at the first look after the store is back.
#[tokio::test(start_paused = true)]
async fn a_command_that_reaches_another_worker_when_the_store_is_back_is_left_to_its_holder() {
    for away in [31, 37, 44, 300] {
        let pair = Pair::new(false).await;
        let plan = step("n/1/plan/0");
        pair.world.script(&plan, [Act::Work((away + 60) * SECOND)]);
        pair.world.publish(&plan).await;
        let _holder = pair.start(0);
        sleep(2 * SECOND).await;
        let _other = pair.start(1);
        // The queue is away as well, so the command comes to the other one, who reaches the store
        // before the holder does.
        pair.mute.store(true, Ordering::Relaxed);
        pair.links[0].away((away + 3) * SECOND);
        pair.links[1].away(away * SECOND);
        sleep((away + 120) * SECOND).await;
        assert_eq!(pair.done(&plan).await, (1, 0, 0), "away for {away} s");
        assert_eq!(pair.world.handler.attempts(&plan), 1);
    }
}

/// Fails on code that waits for a report of progress before it extends a lease.
#[tokio::test(start_paused = true)]
async fn a_report_of_progress_that_hangs_keeps_no_lease_from_being_extended() {
    let pair = Pair::new(false).await;
    let plan = step("n/1/plan/0");
    pair.world.script(&plan, [Act::Work(120 * SECOND)]);
    pair.world.publish(&plan).await;
    let _holder = pair.start(0);
    sleep(SECOND).await;
    pair.mute.store(true, Ordering::Relaxed);
    let _other = pair.start(1);
    sleep(300 * SECOND).await;
    assert_eq!((pair.done(&plan).await, pair.world.handler.attempts(&plan)), ((1, 0, 0), 1));
}

/// Fails on code that hands the command back and leaves the lease to run out.
#[tokio::test(start_paused = true)]
async fn a_claim_or_an_end_whose_answer_is_lost_is_found_when_the_store_is_back() {
    for options in [WorkerOptions::default(), claiming_first()] {
        let pair = Pair::new(false).await;
        let plan = step("n/1/plan/0");
        *pair.links[0].with_insert.lock() = Some((4 * SECOND, true));
        pair.world.publish(&plan).await;
        let process = pair.start_with(0, options);
        sleep(30 * SECOND).await;
        assert_eq!((pair.done(&plan).await, pair.world.handler.attempts(&plan)), ((1, 0, 0), 1));
        assert_eq!(process.stats.ended(DeliveryOutcome::Done), 1);
    }
}

/// The same where one process alone does not reach the store, for longer than it tries to claim.
/// Fails on code that leaves the lease to run out: the other process knows of no outage.
#[tokio::test(start_paused = true)]
async fn a_claim_that_was_given_up_is_given_back_when_the_store_is_back() {
    let pair = Pair::new(false).await;
    let plan = step("n/1/plan/0");
    *pair.links[0].with_insert.lock() = Some((14 * SECOND, true));
    pair.world.publish(&plan).await;
    let claims = pair.start_with(0, claiming_first());
    sleep(SECOND).await;
    let _other = pair.start_with(1, claiming_first());
    sleep(300 * SECOND).await;
    let (_, attempts, crashes) = pair.done(&plan).await;
    assert_eq!((attempts, crashes, pair.world.handler.attempts(&plan)), (0, 0, 1));
    assert!(claims.stats.ended(DeliveryOutcome::Interrupted) > 0, "it was given up");
}

/// Fails on code that leaves the lease of a failed attempt to run out.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_while_the_store_is_away_is_counted_when_it_is_back_and_is_no_crash() {
    for options in [WorkerOptions::default(), claiming_first()] {
        let pair = Pair::new(false).await;
        let plan = step("n/1/plan/0");
        *pair.links[0].with_insert.lock() = Some((90 * SECOND, false));
        pair.world.script(&plan, [Act::Fail(unavailable())]);
        pair.world.publish(&plan).await;
        let _process = pair.start_with(0, options);
        sleep(300 * SECOND).await;
        assert_eq!((pair.done(&plan).await, pair.world.handler.attempts(&plan)), ((2, 1, 0), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_the_store_and_its_step_is_no_crash_to_those_who_saw_the_outage() {
    let pair = Pair::new(false).await;
    let (left, other) = (step("n/1/write/0"), step("n/1/write/1"));
    pair.world.script(&left, [Act::Hang]);
    pair.world.script(&other, [Act::Work(200 * SECOND)]);
    pair.world.publish(&left).await;
    let one = WorkerOptions { permits: 1, ..WorkerOptions::default() };
    let drains = pair.start_with(0, one);
    sleep(SECOND).await;
    pair.world.publish(&other).await;
    // The other process has a step of its own, so it sees that the store is away.
    let stays = pair.start_with(1, one);
    sleep(SECOND).await;
    assert_eq!((drains.stats.running(), stays.stats.running()), (1, 1));
    pair.away(100 * SECOND);
    drains.shutdown.cancel();
    tokio::time::timeout(60 * SECOND, drains.run).await.expect("it ends").unwrap();
    sleep(600 * SECOND).await;
    for step in [&left, &other] {
        let (_, attempts, crashes) = pair.done(step).await;
        assert_eq!((attempts, crashes), (0, 0), "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_alone_does_not_reach_the_store_keeps_its_command_for_a_while_only() {
    let pair = Pair::new(false).await;
    let plan = step("n/1/plan/0");
    pair.world.script(&plan, [Act::Work(20 * SECOND)]);
    pair.world.publish(&plan).await;
    let cut_off = pair.start_with(0, WorkerOptions { permits: 1, ..WorkerOptions::default() });
    sleep(2 * SECOND).await;
    let _other = pair.start(1);
    pair.links[0].away(600 * SECOND);
    sleep(100 * SECOND).await;
    assert_eq!(pair.world.handler.attempts(&plan), 1, "the store may be back soon");
    sleep(100 * SECOND).await;
    assert_eq!((pair.done(&plan).await, pair.world.handler.attempts(&plan)), ((2, 0, 1), 2));
    sleep(600 * SECOND).await;
    assert_eq!(cut_off.stats.ended(DeliveryOutcome::Lost), 1, "what it did is discarded");
    assert_eq!((pair.world.events().await.len(), pair.world.waiting()), (1, 0));
}

/// A step that crashes its process is told from one whose store is away.
#[tokio::test(start_paused = true)]
async fn a_process_that_dies_in_no_outage_is_a_crash() {
    let pair = Pair::new(false).await;
    let plan = step("n/1/plan/0");
    pair.world.script(&plan, [Act::Hang]);
    pair.world.publish(&plan).await;
    let dies = pair.start(0);
    sleep(2 * SECOND).await;
    drop(dies);
    let _other = pair.start(1);
    sleep(60 * SECOND).await;
    assert_eq!((pair.done(&plan).await, pair.world.handler.attempts(&plan)), ((2, 0, 1), 2));
}

#[tokio::test(start_paused = true)]
async fn each_claim_has_a_holder_of_its_own() {
    let world = World::new().await;
    let steps: Vec<_> = (0..2).map(|index| step(&format!("n/1/write/{index}"))).collect();
    for step in &steps {
        world.script(step, [Act::Heed]);
        world.publish(step).await;
    }
    let _process = world.start();
    sleep(2 * SECOND).await;
    let mut holders = std::collections::BTreeSet::new();
    for step in &steps {
        let StepState::Leased { holder, .. } = world.steps.get(step).await.unwrap().unwrap().state else {
            panic!("not at work")
        };
        let claim = world.steps.resume(step, &holder).await.unwrap();
        let Some(Claim::Claimed(Lease { fence: 1, .. })) = claim else { panic!("{claim:?}") };
        assert!(holders.insert(holder));
    }
}

/// Fails on code that counts a crash where the outage was too short for the one who came after it,
/// and took the drained worker's write all the same.
#[tokio::test(start_paused = true)]
async fn a_drain_without_a_record_in_an_outage_that_is_over_soon_is_no_crash() {
    let pair = Pair::new(false).await;
    let plan = step("n/1/plan/0");
    pair.world.script(&plan, [Act::Hang]);
    pair.world.publish(&plan).await;
    // So late that the next delivery is no repetition.
    sleep(20 * SECOND).await;
    let drains = pair.start_with(0, WorkerOptions { grace: Duration::ZERO, ..WorkerOptions::default() });
    sleep(SECOND / 2).await;
    pair.away(8 * SECOND);
    drains.shutdown.cancel();
    let _next = pair.start(1);
    tokio::time::timeout(20 * SECOND, drains.run).await.expect("it ends").unwrap();
    sleep(120 * SECOND).await;
    let (_, attempts, crashes) = pair.done(&plan).await;
    assert_eq!((attempts, crashes, pair.world.handler.attempts(&plan)), (0, 0, 2));
}

/// Fails on code that leaves the lease to run out.
#[tokio::test(start_paused = true)]
async fn a_lease_whose_answer_was_lost_is_given_back_when_its_step_is_cancelled() {
    let pair = Pair::new(false).await;
    let plan = step("n/1/plan/0");
    *pair.links[0].with_insert.lock() = Some((SECOND / 2, true));
    pair.world.script(&plan, [Act::Heed]);
    pair.world.publish(&plan).await;
    let process = pair.start(0);
    sleep(Duration::from_millis(1_700)).await;
    let leased = pair.world.record(&plan).await;
    assert!(matches!(leased.state, StepState::Leased { .. }), "{leased:?}");
    pair.world.steps.cancel(&plan.narration, 1).await.unwrap();
    pair.world.queue.hint(CANCELLED, Bytes::from_static(b"n")).await.unwrap();
    sleep(3 * SECOND).await;
    assert_eq!(process.stats.ended(DeliveryOutcome::Cancelled), 1);
    let record = pair.world.record(&plan).await;
    assert!(matches!(record.state, StepState::Free { .. }) && record.crashes == 0, "{record:?}");
}
