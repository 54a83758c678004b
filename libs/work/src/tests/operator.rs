//! Steps whose engine's account an operator has to mend.

use super::*;

fn refused(reason: Reason) -> Failure {
    Failure::new(Kind::FailedPrecondition, reason, "the provider refuses the account; the operator mends it")
}

const REASONS: [Reason; 2] = [Reason::EngineBudget, Reason::EngineCredentials];

fn paid(open: bool) -> Engines {
    Engines::from([("paid".to_owned(), open)])
}

#[tokio::test(start_paused = true)]
async fn a_step_waits_for_its_operator_and_loses_no_attempt() {
    for reason in REASONS {
        let world = World::new().await;
        let first = step("n/1/write/0");
        // More often than any failure is tried again.
        world.script(&first, std::iter::repeat_n(Act::Fail(refused(reason)), 12));
        let process = world.start();
        for time in 1..=12 {
            // Whoever grants steps publishes it again when it is due.
            world.publish_as(&first, "engine paid").await;
            sleep(3 * SECOND).await;
            assert_eq!(world.handler.attempts(&first), time, "{reason}");
            assert_eq!(world.waiting(), 0, "the queue holds nothing meanwhile");
            let record = world.record(&first).await;
            assert_eq!((record.attempts, record.crashes), (0, 0));
            assert_eq!(record.failure.map(|failure| failure.reason), Some(reason));
            assert_eq!(*process.engines.borrow(), paid(true));
            sleep(60 * SECOND).await;
        }
        world.publish_as(&first, "engine paid").await;
        sleep(3 * SECOND).await;
        assert_eq!(world.events().await, ["done engine paid"]);
        assert_eq!(*process.engines.borrow(), paid(false));
        assert_eq!(world.queue.dead_letter(&first).await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn later_steps_of_the_engine_wait_unclaimed_and_others_go_on() {
    let world = World::new().await;
    let (first, later, free) = (step("n/1/write/0"), step("n/1/write/1"), step("n/1/write/2"));
    world.script(&first, [Act::Fail(refused(Reason::EngineBudget))]);
    world.publish_as(&first, "engine paid").await;
    let _process = world.start();
    // Before it opens, so that pulling does not pause.
    world.publish(&free).await;
    sleep(SECOND).await;
    world.publish_as(&later, "engine paid").await;
    sleep(40 * SECOND).await;
    assert!(world.untouched(&later).await && world.handler.attempts(&later) == 0, "no claim, no attempt");
    assert!(world.ended(&free).await);
    // The account is mended: the next one finds that out.
    sleep(60 * SECOND).await;
    assert!(world.ended(&later).await);
    world.publish_as(&first, "engine paid").await;
    sleep(3 * SECOND).await;
    assert!(world.ended(&first).await);
}

#[tokio::test(start_paused = true)]
async fn who_grants_steps_is_told_what_one_waits_for() {
    let world = World::new().await;
    let first = step("n/1/plan/0");
    let mut hints = world.queue.hints(POSTPONED).await.unwrap();
    world.script(&first, [Act::Fail(refused(Reason::EngineCredentials))]);
    world.publish_as(&first, "engine paid").await;
    let _process = world.start();
    let told = Postponed::parse(&futures::StreamExt::next(&mut hints).await.unwrap()).unwrap();
    assert_eq!((told.step, told.reason, told.millis), (first, Some(Reason::EngineCredentials), 60_000));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_the_operator_himself_is_told_at_once() {
    for reason in REASONS {
        let world = World::new().await;
        let (first, later) = (step("n/1/write/0"), step("n/1/write/1"));
        world.script(&first, [Act::Fail(refused(reason))]);
        world.publish_as(&first, "engine paid").await;
        let process = world.start_with(WorkerOptions { waits_for_operator: false, ..WorkerOptions::default() });
        sleep(SECOND).await;
        let letter = world.queue.dead_letter(&first).await.unwrap().expect("I7");
        assert_eq!((letter.failure.reason, letter.attempts), (reason, 1));
        assert_eq!(*process.engines.borrow(), paid(false), "the next one is no worse off");
        world.publish_as(&later, "engine paid").await;
        sleep(3 * SECOND).await;
        assert!(world.ended(&later).await, "it was mended meanwhile");
    }
}
