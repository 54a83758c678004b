//! Many tenants that have nothing to grant are ahead of one that has: nobody waits while a slot is
//! free, and a pass costs what it costs without them.

use super::fleet::{Fleet, turn_of};
use super::*;

/// Tenants that can have a grant each at once.
const TENANTS: usize = 240;

/// Why those ahead have nothing to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ahead {
    /// All their steps are granted; those for whom there is no room have just ended.
    Granted,
    /// Their tenant has as many grants as it may have.
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
        let dispatcher = fleet.dispatcher(DispatchOptions { per_tenant, ..DispatchOptions::default() }).await;
        let mut slots = Slots::new(Service::Tts);
        for index in 0..ahead {
            let (tenant, engine) = (format!("t{:04}", index % TENANTS), format!("e{}", index / TENANTS));
            let turn = turn_of(&tenant, Lane::Standard, &engine);
            fleet.turns.insert(&Turn { served: index as u64 + 1, ..turn.clone() }).await.expect("a turn");
            if index < TENANTS {
                let step = format!("n{index:04}/1/record/0");
                slots.grant(grant(&step, &tenant, &engine, fleet.clock.now()), Lane::Standard, index as u64);
            }
            if index < TENANTS || why == Ahead::AtLimit {
                fleet.insert(&format!("n{index:04}"), &turn, 1).await;
            }
        }
        fleet.narrations.beside::<Slots>().insert(&slots).await.expect("slots");
        Self { fleet, dispatcher, granted: ahead.min(TENANTS) }
    }

    /// One that is in nobody's way any more, and in it the turn of `t0007` with an engine.
    async fn out_of_the_way(why: Ahead, ahead: usize, engine: &str) -> (Self, Turn) {
        let crowd = Self::new(why, ahead).await;
        crowd.make_room(2);
        crowd.order("other").await;
        crowd.passes(20).await;
        let turn = turn_of("t0007", Lane::Standard, engine);
        assert_eq!(crowd.fleet.state(&turn).await, Some(TurnState::Exhausted), "it is out of the way");
        (crowd, turn)
    }

    /// Lets so many more steps be granted than those ahead have.
    fn make_room(&self, more: usize) {
        // One is granted beyond what the workers can work on.
        self.fleet.announce(&self.dispatcher, "tts-1", self.granted + more - 1, &[]);
    }

    /// Orders of a tenant that was served after all those ahead.
    async fn order(&self, tenant: &str) -> StepId {
        let turn = turn_of(tenant, Lane::Standard, "tone");
        self.fleet.turns.insert(&Turn { served: 1_000_000, ..turn.clone() }).await.expect("a turn");
        let ordered = self.fleet.insert(tenant, &turn, 1).await;
        self.dispatcher.touch(&ordered);
        format!("{tenant}/1/record/0").parse().expect("a step")
    }

    /// Passes as they follow each other at once, and what they cost in calls of the store.
    async fn passes(&self, count: usize) -> u64 {
        let before = self.fleet.store.calls();
        for _ in 0..count {
            self.dispatcher.pass(Service::Tts).await.expect("a pass");
        }
        self.fleet.store.calls() - before
    }
}

/// It once waited from 18 such tenants on: their turns used up what a pass reads.
#[tokio::test(start_paused = true)]
async fn a_tenant_with_work_and_room_does_not_wait_behind_any_number_that_has_none() {
    for why in [Ahead::Granted, Ahead::AtLimit] {
        let mut costs = Vec::new();
        for ahead in [18, 100, 1_000] {
            let crowd = Crowd::new(why, ahead).await;
            crowd.make_room(2);
            let other = crowd.order("other").await;
            // Each pass looks at 128 turns in vain, and the next one follows at once.
            crowd.passes(ahead / 128 + 1).await;
            assert!(crowd.fleet.slots().await.granted(&other), "{why:?}: waits behind {ahead}");

            // Once those ahead are out of the way a pass costs the same however many they are.
            crowd.passes(20).await;
            tokio::time::sleep(IDLE).await;
            crowd.make_room(2);
            let next = crowd.order("next").await;
            costs.push(crowd.passes(1).await);
            assert!(crowd.fleet.slots().await.granted(&next), "{why:?}: waits behind {ahead}");
        }
        let few = costs[0];
        assert!(costs.iter().all(|cost| *cost <= few + few / 5), "{why:?}: {costs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_at_its_limit_goes_on_when_one_of_its_steps_ends() {
    let (crowd, behind) = Crowd::out_of_the_way(Ahead::AtLimit, 1_000, "e1").await;
    let ended = crowd.fleet.end(&"n0007".parse().expect("an id")).await;
    crowd.dispatcher.touch(&ended);
    crowd.passes(2).await;
    let slots = crowd.fleet.slots().await;
    let granted: Vec<_> = slots.grants.iter().filter(|grant| grant.tenant == behind.tenant).collect();
    assert_eq!(granted.len(), 1, "{granted:?}");
    assert_eq!(granted[0].engine, "e1", "the oldest that was served before");
}

#[tokio::test(start_paused = true)]
async fn a_turn_whose_steps_are_all_granted_is_woken_by_the_step_that_comes_next() {
    let (crowd, turn) = Crowd::out_of_the_way(Ahead::Granted, 100, "e0").await;
    // Another narration of it, which is heard of here.
    let more = crowd.fleet.insert("more", &turn, 1).await;
    crowd.dispatcher.touch(&more);
    crowd.passes(1).await;
    assert!(crowd.fleet.slots().await.granted(&"more/1/record/0".parse().expect("a step")));

    // A third, whose gateway died before it woke the turn.
    tokio::time::sleep(IDLE).await;
    crowd.make_room(3);
    let exhausted = |turn: &mut Turn| {
        *turn = turn.clone().exhausted();
        Ok(Change::Write)
    };
    crowd.fleet.turns.update(&turn.id(), exhausted).await.expect("written");
    crowd.fleet.insert("lost", &turn, 1).await;
    crowd.dispatcher.audit(Service::Tts, audit::AFTER).await.expect("an audit");
    crowd.passes(1).await;
    assert!(crowd.fleet.slots().await.granted(&"lost/1/record/0".parse().expect("a step")), "the audit repairs it");
}
