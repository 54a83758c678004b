//! One consumer for a whole process.

use super::links::Mute;
use super::*;

fn permits(permits: usize) -> WorkerOptions {
    WorkerOptions { permits, ..WorkerOptions::default() }
}

#[tokio::test(start_paused = true)]
async fn an_idle_worker_asks_for_commands_once_at_a_time_whatever_its_permits() {
    let world = World::new().await;
    let _process = world.start_with(permits(500));
    sleep(20 * SECOND).await;
    assert!((5..=11).contains(&world.pulls.load(Ordering::Relaxed)), "{:?}", world.pulls);
}

#[tokio::test(start_paused = true)]
async fn as_many_steps_are_at_work_as_there_are_permits_and_each_that_is_free_is_used() {
    let world = World::new().await;
    let steps: Vec<_> = (0..10).map(|index| step(&format!("n/1/write/{index}"))).collect();
    for (index, step) in (1_u32..).zip(&steps) {
        world.script(step, [Act::Work(index * SECOND)]);
        world.publish(step).await;
    }
    let process = world.start_with(permits(4));
    sleep(SECOND / 2).await;
    assert_eq!(process.stats.running(), 4, "all permits at once");
    sleep(40 * SECOND).await;
    assert_eq!(world.handler.at_once.lock().1, 4);
    assert_eq!((process.stats.ended(DeliveryOutcome::Done), world.waiting()), (10, 0));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_panics_costs_no_permit_and_ends_no_other() {
    let world = World::new().await;
    let (explosive, beside, after) = (step("n/1/write/0"), step("n/1/write/1"), step("n/1/write/2"));
    world.script(&beside, [Act::Work(5 * SECOND)]);
    world.publish_as(&explosive, "explosive").await;
    world.publish(&beside).await;
    let process = world.start_with(permits(2));
    sleep(SECOND).await;
    world.publish(&after).await;
    sleep(SECOND).await;
    assert!(world.ended(&after).await, "its permit is free again");
    sleep(5 * SECOND).await;
    assert!(world.ended(&beside).await);
    assert_eq!((process.stats.running(), process.stats.ended(DeliveryOutcome::Done)), (0, 2));
    assert_eq!(world.steps.get(&explosive).await.unwrap(), None);
}

/// Fails on code that takes all that there is while others are idle.
#[tokio::test(start_paused = true)]
async fn a_pull_asks_for_half_of_the_permits_that_are_free_and_for_one_at_least() {
    for (free, asked) in [(1, 1), (2, 1), (8, 4)] {
        let world = World::new().await;
        let queue = Mute::to(&world);
        let most = Arc::clone(&queue.most);
        let _process =
            world.start_over(Arc::new(queue), world.steps.clone(), Arc::clone(&world.handler), permits(free));
        sleep(SECOND).await;
        assert_eq!(most.load(Ordering::Relaxed), asked, "{free} are free");
    }
}
