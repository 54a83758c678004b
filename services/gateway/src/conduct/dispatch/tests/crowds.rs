//! Many tenants that have nothing to grant are ahead of one that has: nobody waits while there is
//! room, and a grant costs what it costs without them.

use super::fleet::{Fleet, step, turn_of};
use super::*;
use crate::domain::Lane;

/// Why those ahead have nothing to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// All their steps are granted.
    Granted,
    /// Their tenant has as many grants as it may have, and more work.
    AtLimit,
}

/// A service with so many turns ahead of everybody else.
struct Crowd {
    fleet: Fleet,
    dispatcher: Dispatcher,
    granted: usize,
}

impl Crowd {
    async fn new(why: Ahead, ahead: usize) -> Self {
        let fleet = Fleet::new().await;
        let per_tenant = if why == Ahead::AtLimit { 1 } else { 64 };
        let dispatcher = fleet.dispatcher(DispatchOptions { per_tenant }).await;
        let mut crowd = Self { fleet, dispatcher, granted: 0 };
        crowd.make_room(ahead);
        let sections = if why == Ahead::AtLimit { 4 } else { 1 };
        for index in 0..ahead {
            let turn = turn_of(&format!("t{index:04}"), Lane::Standard, "tone");
            let ordered = crowd.fleet.insert(&format!("n{index:04}"), &turn, sections).await;
            crowd.dispatcher.schedule(&ordered);
        }
        // Until everything is read and granted.
        while crowd.passes(1).await > 0 {}
        crowd.granted = crowd.dispatcher.granted(Service::Tts).len();
        assert_eq!(crowd.granted, ahead);
        crowd
    }

    /// Lets so many more steps be granted than those ahead have.
    fn make_room(&self, more: usize) {
        // One is granted beyond what the workers can work on.
        self.fleet.announce(&self.dispatcher, "tts-1", self.granted + more - 1, &[]);
    }

    /// Orders of a tenant that comes after all those ahead.
    async fn order(&self, tenant: &str) -> StepId {
        let ordered = self.fleet.insert(tenant, &turn_of(tenant, Lane::Standard, "tone"), 1).await;
        self.dispatcher.schedule(&ordered);
        step(tenant, 0)
    }

    /// Passes as they follow each other at once, and what they cost in calls of the store.
    async fn passes(&self, count: usize) -> u64 {
        let before = self.fleet.store.calls();
        for _ in 0..count {
            self.dispatcher.pass(Service::Tts).await.expect("a pass");
        }
        self.fleet.store.calls() - before
    }

    fn has_granted(&self, step: &StepId) -> bool {
        self.dispatcher.granted(Service::Tts).contains(step)
    }
}

/// It once waited from 18 such tenants on: their turns used up what a pass read.
#[tokio::test(start_paused = true)]
async fn a_tenant_with_work_and_room_does_not_wait_behind_any_number_that_has_none() {
    for why in [Ahead::Granted, Ahead::AtLimit] {
        let mut costs = Vec::new();
        for ahead in [18, 100, 1_000] {
            let crowd = Crowd::new(why, ahead).await;
            crowd.make_room(2);
            let other = crowd.order("other").await;
            costs.push(crowd.passes(1).await);
            assert!(crowd.has_granted(&other), "{why:?}: waits behind {ahead}");
        }
        assert!(costs.iter().all(|cost| *cost == 1), "the limit of the tenant is read alone, {why:?}: {costs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_at_its_limit_goes_on_when_one_of_its_steps_ends() {
    let crowd = Crowd::new(Ahead::AtLimit, 1_000).await;
    let recorded = |narration: &mut Narration| crate::testing::record(narration, 0);
    let changed = crowd.fleet.change(&"n0007".parse().expect("an id"), recorded).await;
    crowd.dispatcher.schedule(&changed);
    crowd.passes(1).await;
    assert!(crowd.has_granted(&step("n0007", 1)) && !crowd.has_granted(&step("n0007", 0)));
    assert_eq!(crowd.dispatcher.granted(Service::Tts).len(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_steps_are_all_granted_goes_on_with_the_step_that_comes_next() {
    let crowd = Crowd::new(Ahead::Granted, 100).await;
    crowd.make_room(2);
    let more = crowd.fleet.insert("more", &turn_of("t0007", Lane::Standard, "tone"), 1).await;
    crowd.dispatcher.schedule(&more);
    crowd.passes(1).await;
    assert!(crowd.has_granted(&step("more", 0)));
}

/// Of a turn in which many wait only the oldest are known: the others are read when it is their
/// turn, and whoever comes while they are not known is not forgotten.
#[tokio::test(start_paused = true)]
async fn all_of_a_long_turn_are_granted_in_the_order_in_which_they_came() {
    const LONG: usize = 1_000;
    let fleet = Fleet::new().await;
    let dispatcher = fleet.dispatcher(DispatchOptions { per_tenant: 1_000_000 }).await;
    fleet.announce(&dispatcher, "tts-1", 3, &[]);
    let (acme, mut order) = (turn_of("acme", Lane::Standard, "tone"), Vec::new());
    for index in 0..LONG {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let ordered = fleet.insert(&format!("n{index:04}"), &acme, 1).await;
        dispatcher.schedule(&ordered);
        if index % 10 == 0 {
            dispatcher.pass(Service::Tts).await.expect("a pass");
        }
    }
    while order.len() < LONG {
        fleet.announce(&dispatcher, "tts-1", 3, &[]);
        for _ in 0..2 {
            dispatcher.pass(Service::Tts).await.expect("a pass");
        }
        let granted = dispatcher.granted(Service::Tts);
        assert!(granted.len() <= 4 && !granted.is_empty(), "{granted:?} after {}", order.len());
        let first = granted[0].narration.clone();
        dispatcher.schedule(&fleet.end(&first).await);
        order.push(first);
    }
    assert!(order.is_sorted(), "the oldest first");
}
