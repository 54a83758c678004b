//! Steps for which there is no money now.

use super::*;

fn exhausted() -> Failure {
    let message = "the tenant's budget of 2026-11 has less left than the next call may cost";
    Failure::new(Kind::ResourceExhausted, Reason::BudgetExhausted, message).after(60 * SECOND)
}

#[tokio::test(start_paused = true)]
async fn a_step_without_money_waits_however_long_that_takes_and_loses_no_attempt() {
    let world = World::new().await;
    let poor = step("n/1/write/0");
    // More often than any failure is tried again.
    world.script(&poor, std::iter::repeat_n(Act::Fail(exhausted()), 20));
    let process = world.start();
    for minute in 1..=20 {
        world.publish(&poor).await;
        sleep(SECOND).await;
        assert_eq!(world.handler.attempts(&poor), minute);
        assert_eq!(world.waiting(), 0, "the queue holds nothing meanwhile");
        let record = world.steps.get(&poor).await.unwrap().unwrap();
        assert_eq!((record.attempts, record.crashes), (0, 0));
        assert_eq!(record.failure.map(|failure| failure.reason), Some(Reason::BudgetExhausted));
        // A command that comes too early changes nothing.
        world.publish(&poor).await;
        sleep(20 * SECOND).await;
        assert_eq!(world.handler.attempts(&poor), minute);
        sleep(60 * SECOND).await;
    }
    world.publish(&poor).await;
    sleep(SECOND).await;
    assert_eq!(world.events().await, ["done n/1/write/0"]);
    assert!(process.stats.ended(DeliveryOutcome::Deferred) >= 20);
}

#[tokio::test(start_paused = true)]
async fn who_grants_steps_is_told_what_one_waits_for() {
    let world = World::new().await;
    let poor = step("n/1/plan/0");
    let mut hints = world.queue.hints(POSTPONED).await.unwrap();
    world.script(&poor, [Act::Fail(exhausted())]);
    world.publish(&poor).await;
    let _process = world.start();
    let told = Postponed::parse(&futures::StreamExt::next(&mut hints).await.unwrap()).unwrap();
    assert_eq!((told.step, told.reason), (poor, Some(Reason::BudgetExhausted)));
    assert_eq!(told.millis, 60_000);
}
