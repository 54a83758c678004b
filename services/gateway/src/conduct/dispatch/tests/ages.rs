//! How long steps wait, as metrics say it.

use super::*;
use crate::domain::Lane;

const BULK: i32 = 3;

#[tokio::test(start_paused = true)]
async fn how_long_the_oldest_step_waits_is_known_by_lane_and_without_a_read() {
    let world = World::new().await;
    let dispatcher = world.conductor.dispatcher();
    // Room for two of three steps, which nobody does.
    world.announce(Service::Tts, 1, &[]).await;
    world.order("n1", "acme", BULK).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.announce(Service::Tts, 1, &[]).await;
    }
    assert_eq!(world.granted().len(), 2, "one waits");
    let age = |service, lane: Lane| dispatcher.ages(service).remove(&lane).unwrap_or_default();
    let oldest = age(Service::Tts, Lane::Bulk);
    assert!((20..=22).contains(&oldest.as_secs()), "{oldest:?}");
    for (service, lane) in [(Service::Tts, Lane::Standard), (Service::Ai, Lane::Bulk)] {
        assert_eq!(age(service, lane), Duration::ZERO, "nothing waits: {service:?} {lane:?}");
    }
    world.announce(Service::Tts, 3, &[]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(age(Service::Tts, Lane::Bulk), Duration::ZERO, "it is granted");
}
