//! A queue that loses, repeats and delays, and processes that are killed.

use lectern_queue::Faults;

use super::*;

/// Whatever the queue does, every step ends once with one event content, as long as somebody
/// publishes what is wanted (I1, I2, I3).
#[tokio::test(start_paused = true)]
async fn every_step_ends_once_over_a_faulty_queue_and_killed_processes() {
    for seed in 0..8 {
        let faults =
            Faults { lose: 150, duplicate: 150, reorder: 300, delay: 200, lose_acks: 150, longest_delay: 10 * SECOND };
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(seed));
        let queue = MemoryQueue::with_faults(ConnectOptions::default(), faults, Arc::clone(&random));
        let world = World::over(queue).await;
        let steps: Vec<_> = (0..20).map(|index| step(&format!("n/1/write/{index}"))).collect();
        for step in &steps {
            let acts = (0..random.below(3)).map(|_| match random.below(3) {
                0 => Act::Fail(unavailable()),
                1 => Act::Panic,
                _ => Act::Work(Duration::from_millis(random.below(20_000))),
            });
            world.script(step, acts.collect::<Vec<_>>());
        }
        let mut processes = vec![world.start(), world.start()];
        let mut events: HashMap<String, usize> = HashMap::new();
        for round in 0..60 {
            for step in &steps {
                if !world.steps.get(step).await.unwrap().is_some_and(|r| matches!(r.state, StepState::Ended { .. })) {
                    world.publish(step).await;
                }
            }
            sleep(5 * SECOND).await;
            if round == 1 || round == 4 {
                processes.remove(0);
                processes.push(world.start());
            }
            for event in world.events().await {
                *events.entry(event).or_default() += 1;
            }
        }
        for step in &steps {
            assert!(world.ended(step).await, "seed {seed}: I1 {step}");
            world.fences(step);
        }
        assert!(events.keys().all(|event| event.starts_with("done ")), "seed {seed}: {events:?}");
    }
}
