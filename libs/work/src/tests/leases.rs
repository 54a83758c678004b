//! Leases: kept while the work goes on, lost, taken over after a crash, and held by others.

use super::*;
use crate::steps::{Claim, Closing};

#[tokio::test(start_paused = true)]
async fn work_longer_than_the_lease_keeps_it() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Work(90 * SECOND)]);
    world.publish(&plan).await;
    let (_one, _two) = (world.start(), world.start());
    sleep(100 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), world.waiting()), (1, 0));
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_process_takes_over_after_a_crash() {
    // Before there is a lease, under one, and under one that was taken first.
    for (lived, options, fences) in [
        (SECOND / 2, WorkerOptions::default(), vec![2]),
        (2 * SECOND, WorkerOptions::default(), vec![2]),
        (SECOND, claiming_first(), vec![1, 2]),
    ] {
        let world = World::new().await;
        let plan = step("n/1/plan/0");
        world.script(&plan, [Act::Hang]);
        world.publish(&plan).await;
        let killed = world.start_with(options);
        sleep(lived).await;
        drop(killed);
        let _other = world.start_with(options);
        sleep(60 * SECOND).await;
        assert_eq!((world.fences(&plan), world.handler.attempts(&plan)), (fences, 2), "{lived:?}");
        assert_eq!(world.events().await, ["done n/1/plan/0"]);
        let record = world.record(&plan).await;
        assert_eq!((record.fence, record.attempts, record.crashes, world.waiting()), (2, 0, 1, 0), "{lived:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_that_keeps_crashing_dies_and_healthy_ones_beside_it_do_not() {
    let world = World::new().await;
    let poison = step("n/1/write/0");
    let healthy: Vec<_> = (1..4).map(|index| step(&format!("n/1/write/{index}"))).collect();
    world.script(&poison, std::iter::repeat_n(Act::Hang, 10));
    for healthy in &healthy {
        // At work when the first crash comes.
        world.script(healthy, [Act::Hang]);
        world.publish(healthy).await;
    }
    world.publish(&poison).await;
    let mut process = world.start();
    let mut crashes = 0;
    for _ in 0..600 {
        sleep(SECOND).await;
        // The process dies whenever the poison is at work.
        if world.handler.attempts(&poison) > crashes {
            crashes += 1;
            drop(process);
            process = world.start();
        }
    }
    assert!(world.ended(&poison).await);
    assert_eq!((crashes, world.handler.attempts(&poison)), (4, 4), "once among others, three times alone");
    world.fences(&poison);
    assert_eq!(*world.handler.with_alone.lock(), 1, "alone is alone");
    for healthy in &healthy {
        assert!(world.ended(healthy).await, "{healthy}");
        assert_eq!(world.handler.attempts(healthy), 2);
    }
    let mut events = world.events().await;
    events.sort();
    assert_eq!(events, ["done n/1/write/1", "done n/1/write/2", "done n/1/write/3", "failed STEP_CRASHED"]);
    let letter = world.queue.dead_letter(&poison).await.unwrap().expect("I7");
    assert_eq!(
        (letter.crashes, letter.failure.reason, &letter.command[..]),
        (4, Reason::StepCrashed, &b"n/1/write/0"[..])
    );
    assert_eq!(world.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_lost_its_lease_discards_its_work() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Work(60 * SECOND), Act::Work(60 * SECOND)]);
    world.publish(&plan).await;
    // So slow a heartbeat that the lease runs out under it.
    let sleepy = world.start_with(WorkerOptions { heartbeat: 55 * SECOND, permits: 1, ..WorkerOptions::default() });
    sleep(SECOND).await;
    let other = world.start();
    sleep(200 * SECOND).await;
    assert_eq!((world.fences(&plan), world.handler.attempts(&plan)), (vec![2], 2));
    assert_eq!(sleepy.stats.ended(DeliveryOutcome::Lost), 1);
    assert_eq!((sleepy.stats.leases_lost(), other.stats.leases_lost()), (1, 0));
    assert_eq!((sleepy.stats.redelivered(), other.stats.redelivered() > 0), (0, true));
    assert_eq!((world.events().await, world.waiting()), (vec!["done n/1/plan/0".to_owned()], 0));
}

#[tokio::test(start_paused = true)]
async fn a_step_leased_elsewhere_is_left_for_the_rest_of_the_lease() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    let claim = world.steps.claim(&plan, "someone", &"t".parse().unwrap()).await.unwrap();
    let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
    world.publish(&plan).await;
    let process = world.start_with(claiming_first());
    sleep(10 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), process.stats.ended(DeliveryOutcome::Deferred)), (0, 1));
    world.steps.close(&lease, Closing::Free).await.unwrap();
    sleep(20 * SECOND).await;
    assert_eq!(world.events().await, ["done n/1/plan/0"]);
}

/// Fails on code that acknowledges the command: published again it comes for the first time, and
/// its step runs among others without a claim.
#[tokio::test(start_paused = true)]
async fn a_step_that_may_have_crashed_a_process_keeps_its_command_over_a_long_delay_and_runs_alone() {
    let world = World::new().await;
    let plan = step("n/1/plan/0");
    world.script(&plan, [Act::Hang, Act::Fail(unavailable().after(90 * SECOND))]);
    world.publish(&plan).await;
    let killed = world.start();
    sleep(SECOND / 2).await;
    drop(killed);
    let fails = world.start();
    sleep(60 * SECOND).await;
    assert_eq!((world.handler.attempts(&plan), fails.stats.ended(DeliveryOutcome::Retried)), (2, 1));
    assert_eq!(world.publish(&plan).await, Published::AlreadyWaiting);
    // Another process gets it when its time has come.
    drop(fails);
    let _other = world.start();
    sleep(120 * SECOND).await;
    assert!(world.ended(&plan).await);
    let last = world.handler.log.lock().last().map(|task| (task.fence, task.attempt, task.crashes));
    assert_eq!((last, world.handler.attempts(&plan)), (Some((3, 2, 1)), 3), "under a claim, so that it is alone");
}

/// The same for one that is not due yet.
#[tokio::test(start_paused = true)]
async fn a_step_that_may_have_crashed_a_process_keeps_its_command_while_it_waits() {
    for (crashes, waiting) in [(0, 0), (1, 1)] {
        let world = World::new().await;
        let plan = step("n/1/plan/0");
        let tenant: TenantId = "t".parse().unwrap();
        let claim = || world.steps.claim(&plan, "someone", &tenant);
        if crashes > 0 {
            // A lease runs out, is found so, and is taken over.
            for _ in 0..2 {
                claim().await.unwrap();
                sleep(20 * SECOND).await;
            }
        }
        let claimed = claim().await.unwrap();
        let Claim::Claimed(lease) = claimed else { panic!("{claimed:?}") };
        assert_eq!(lease.crashes, crashes);
        let not_before = world.clock.now().plus(90 * SECOND);
        world.steps.close(&lease, Closing::Retry { failure: unavailable(), not_before }).await.unwrap();
        world.publish(&plan).await;
        let _process = world.start_with(claiming_first());
        sleep(10 * SECOND).await;
        assert_eq!((world.waiting(), world.handler.attempts(&plan)), (waiting, 0), "{crashes} crashes");
        sleep(100 * SECOND).await;
        assert_eq!(world.handler.attempts(&plan), waiting, "{crashes} crashes");
    }
}
