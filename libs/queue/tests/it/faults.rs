//! The misbehaviour that simulations draw from a seed.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::Service;
use lectern_core::random::SeededRandom;
use lectern_queue::{ConnectOptions, Faults, MemoryQueue, Message, Queue};

use crate::contract::step;

/// What a consumer sees of 200 commands: index and delivery count, in order.
async fn run(seed: u64, faults: Faults) -> Vec<(u32, u64)> {
    let queue = MemoryQueue::with_faults(ConnectOptions::default(), faults, Arc::new(SeededRandom::new(seed)));
    for index in 0..200 {
        queue.publish(&step(&format!("n/1/record/{index}")), Message::new("x")).await.expect("publishes");
    }
    let mut seen = Vec::new();
    while let Some(delivery) = queue.pull(Service::Tts, 1, Duration::from_secs(60)).await.expect("pulls").pop() {
        seen.push((delivery.step.index, delivery.deliveries));
        delivery.ack.ack().await.expect("acks");
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn faults_happen_and_repeat_for_the_same_seed() {
    let second = Duration::from_secs(1);
    let faults = Faults { lose: 100, duplicate: 100, reorder: 300, delay: 200, lose_acks: 100, longest_delay: second };
    let seen = run(1, faults).await;
    assert_eq!(seen, run(1, faults).await);
    assert_ne!(seen, run(2, faults).await);
    assert!(!seen.is_sorted_by_key(|(index, _)| *index), "reordered");
    assert!(seen.iter().any(|(_, deliveries)| *deliveries > 1), "redelivered");
    let missing = (0..200).filter(|index| !seen.iter().any(|(seen, _)| seen == index)).count();
    assert!((1..80).contains(&missing), "{missing} lost");
}

#[tokio::test(start_paused = true)]
async fn without_faults_every_command_comes_once_in_order() {
    let seen = run(1, Faults::default()).await;
    assert_eq!(seen, (0..200).map(|index| (index, 1)).collect::<Vec<_>>());
}
