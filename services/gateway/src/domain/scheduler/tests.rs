use lectern_core::Timestamp;
use proptest::prelude::*;

use super::lanes::STRIDE;
use super::*;
use crate::domain::Lane;

mod counts;

const NOW: Timestamp = Timestamp(0);

fn turn_of(lane: Lane, tenant: &str, engine: &str) -> Arc<Turn> {
    let (engine, wire) = (engine.to_owned(), String::new());
    Arc::new(Turn { lane, tenant: tenant.parse().expect("a tenant"), engine, wire })
}

fn turn(lane: Lane, tenant: &str) -> Arc<Turn> {
    turn_of(lane, tenant, "")
}

fn step(narration: &str, index: u32) -> StepId {
    format!("{narration}/1/record/{index}").parse().expect("a step")
}

fn steps(narration: &str, count: u32) -> Vec<StepId> {
    (0..count).map(|index| step(narration, index)).collect()
}

/// Lets a narration of this place want so many steps.
fn wants(scheduler: &mut Scheduler, turn: &Arc<Turn>, since: u64, narration: &str, count: u32) {
    let place = (Timestamp(since), narration.parse().expect("an id"));
    scheduler.take_in(turn, &place, &steps(narration, count), NOW);
}

fn next(scheduler: &mut Scheduler) -> Option<Granted> {
    scheduler.grant(NOW)
}

/// Grants, and ends at once, whatever is next of lanes that have work all the time; its lane.
fn serve(scheduler: &mut Scheduler, with_work: &[Lane]) -> Lane {
    for lane in Lane::ALL {
        let name = lane.as_str();
        let count = u32::from(with_work.contains(&lane));
        wants(scheduler, &turn(lane, name), 0, name, count);
    }
    let granted = next(scheduler).expect("a step");
    scheduler.release(&granted.step);
    granted.turn.lane
}

#[test]
fn lanes_share_by_weight_and_turns_equally() {
    let mut scheduler = Scheduler::new(1_000);
    for lane in Lane::ALL {
        for tenant in ["a", "b"] {
            wants(&mut scheduler, &turn(lane, tenant), 0, &format!("{}-{tenant}", lane.as_str()), 400);
        }
    }
    let mut counts = BTreeMap::new();
    for _ in 0..130 {
        *counts.entry(next(&mut scheduler).expect("a step").turn).or_insert(0) += 1;
    }
    for lane in Lane::ALL {
        for tenant in ["a", "b"] {
            assert_eq!(counts[&turn(lane, tenant)], 5 * lane.weight(), "{lane:?} {tenant}");
        }
    }
}

#[test]
fn in_a_turn_the_oldest_narration_and_its_most_urgent_step_go_first() {
    let mut scheduler = Scheduler::new(100);
    let acme = turn(Lane::Standard, "acme");
    wants(&mut scheduler, &acme, 2, "young", 2);
    wants(&mut scheduler, &acme, 1, "old", 2);
    let order: Vec<StepId> = std::iter::from_fn(|| next(&mut scheduler)).map(|granted| granted.step).collect();
    assert_eq!(order, [step("old", 0), step("old", 1), step("young", 0), step("young", 1)]);
}

/// A million standard grants once gave bulk, which woke when nobody else had work, 250,000 grants
/// before the next of another lane.
#[test]
fn a_lane_that_wakes_alone_after_a_million_grants_of_another_has_no_credit() {
    let mut scheduler = Scheduler::new(1_000);
    let (standard, place) = (turn(Lane::Standard, "standard"), (Timestamp(0), "standard".parse().expect("an id")));
    let thousand = steps("standard", 1_000);
    for _ in 0..1_000 {
        scheduler.take_in(&standard, &place, &thousand, NOW);
        assert_eq!(std::iter::from_fn(|| next(&mut scheduler)).count(), 1_000);
        scheduler.take_in(&standard, &place, &[], NOW);
    }
    for _ in 0..3 {
        assert_eq!(serve(&mut scheduler, &[Lane::Bulk]), Lane::Bulk, "nobody else has work");
    }
    let served: Vec<Lane> = (0..90).map(|_| serve(&mut scheduler, &[Lane::Interactive, Lane::Bulk])).collect();
    let bulk = served.iter().filter(|lane| **lane == Lane::Bulk).count();
    assert!((9..=10).contains(&bulk), "one in nine, and not all of them: {bulk}");
}

#[test]
fn a_lane_owes_no_more_than_one_stride_for_what_it_had_alone() {
    let mut scheduler = Scheduler::new(10);
    for _ in 0..10_000 {
        serve(&mut scheduler, &[Lane::Bulk]);
    }
    let served: Vec<Lane> = (0..10).map(|_| serve(&mut scheduler, &[Lane::Interactive, Lane::Bulk])).collect();
    assert_eq!(served.iter().filter(|lane| **lane == Lane::Bulk).count(), 1, "{served:?}");
}

proptest! {
    /// The reference is what the weights say: of two lanes that both have work all the time, each
    /// gets its share within two strides, in every part of that time, whatever the lanes did
    /// before and whatever a third one does.
    #[test]
    fn lanes_that_have_work_all_the_time_share_by_weight_within_two_strides(
        before in proptest::collection::vec((1_u8..8, 1_u32..100), 0..12),
        rounds in proptest::collection::vec((0_u8..8, 1_u32..30), 1..40),
        pair in 0_usize..3,
    ) {
        let lanes = |bits: u8| -> Vec<Lane> {
            (0..3).filter(|index| bits & (1 << index) != 0).map(|index| Lane::ALL[index]).collect()
        };
        let mut scheduler = Scheduler::new(10);
        for (bits, times) in before {
            for _ in 0..times {
                serve(&mut scheduler, &lanes(bits));
            }
        }
        let (first, second) = [(0, 1), (0, 2), (1, 2)][pair];
        let always: u8 = (1 << first) | (1 << second);
        let other: u8 = 7 - always;
        let (first, second) = (Lane::ALL[first], Lane::ALL[second]);
        let stride = |lane: Lane| i64::try_from(STRIDE / lane.weight()).expect("small");
        // What the first got beyond the second, each measured by its weight.
        let (mut ahead, mut least, mut most) = (0_i64, 0_i64, 0_i64);
        for (bits, times) in rounds {
            let with_work = lanes(always | (bits & other));
            for _ in 0..times {
                let served = serve(&mut scheduler, &with_work);
                if served == first {
                    ahead += stride(first);
                } else if served == second {
                    ahead -= stride(second);
                }
                (least, most) = (least.min(ahead), most.max(ahead));
            }
        }
        prop_assert!(most - least <= stride(first) + stride(second), "{} to {}", least, most);
    }

    /// Whatever comes and ends, a tenant has no more grants than it may have, a step is granted
    /// once, and nothing that could be granted is left where there is room.
    #[test]
    fn limits_hold_and_no_room_is_left(
        limits in proptest::collection::vec(1_usize..5, 4),
        events in proptest::collection::vec((0_usize..4, 0_u32..6, any::<u16>()), 1..120),
    ) {
        let mut scheduler = Scheduler::new(3);
        let mut granted: BTreeMap<StepId, Arc<Turn>> = BTreeMap::new();
        let mut known: BTreeMap<String, (Arc<Turn>, u32)> = BTreeMap::new();
        for (tenant, count, draw) in events {
            let lane = Lane::ALL[usize::from(draw) % 3];
            let turn = turn(lane, &format!("t{tenant}"));
            // A narration stays in its turn.
            let name = format!("n{tenant}-{}-{}", lane.as_str(), draw % 4);
            wants(&mut scheduler, &turn, u64::from(draw % 4), &name, count);
            granted.retain(|step, _| step.narration.as_str() != name || step.index < count);
            known.insert(name, (Arc::clone(&turn), count));
            scheduler.limit_tenant(&turn.tenant, limits[tenant]);
            while scheduler.grants().working() < 8 {
                let Some(next) = next(&mut scheduler) else { break };
                prop_assert!(granted.insert(next.step, next.turn).is_none(), "granted twice");
            }
            prop_assert_eq!(scheduler.grants().len(), granted.len());
            for (tenant, limit) in limits.iter().enumerate() {
                let id = format!("t{tenant}");
                let of: Vec<_> = granted.values().filter(|turn| turn.tenant.as_str() == id).collect();
                prop_assert!(of.len() <= *limit, "{} of {}", of.len(), id);
                let wanted: u32 =
                    known.values().filter(|(turn, _)| turn.tenant.as_str() == id).map(|(_, count)| *count).sum();
                let room = granted.len() < 8 && of.len() < *limit;
                prop_assert!(!room || wanted as usize == of.len(), "{} has work and room", id);
            }
        }
    }
}

#[test]
fn tenants_at_their_limit_cost_nobody_anything_and_go_on_when_a_step_ends() {
    let mut scheduler = Scheduler::new(2);
    for index in 0..1_000 {
        wants(&mut scheduler, &turn(Lane::Standard, &format!("t{index:04}")), 0, &format!("n{index}"), 10);
    }
    for _ in 0..2_000 {
        next(&mut scheduler).expect("a step");
    }
    assert_eq!(next(&mut scheduler), None);
    assert_eq!(scheduler.tenants_at_limit().len(), 1_000);
    wants(&mut scheduler, &turn(Lane::Standard, "other"), 9, "other", 10);
    assert_eq!(next(&mut scheduler).expect("a step").step, step("other", 0));
    scheduler.release(&step("n7", 0));
    assert_eq!(next(&mut scheduler).expect("a step").step, step("n7", 2));
    assert_eq!(next(&mut scheduler).expect("a step").step, step("other", 1));
    assert_eq!(next(&mut scheduler), None);
    scheduler.limit_tenant(&"other".parse().expect("a tenant"), 3);
    assert_eq!(next(&mut scheduler).expect("a step").step, step("other", 2));
}

#[test]
fn what_is_not_wanted_any_more_is_released_and_a_release_is_one_however_often() {
    let mut scheduler = Scheduler::new(5);
    let acme = turn(Lane::Standard, "acme");
    wants(&mut scheduler, &acme, 0, "n", 3);
    while next(&mut scheduler).is_some() {}
    assert_eq!(scheduler.grants().len(), 3);
    scheduler.take_in(&acme, &(Timestamp(0), "n".parse().expect("an id")), &[step("n", 2), step("n", 9)], NOW);
    assert_eq!(scheduler.grants().iter().map(|(step, _)| step.clone()).collect::<Vec<_>>(), [step("n", 2)]);
    assert_eq!(next(&mut scheduler).expect("a step").step, step("n", 9));
    assert!(scheduler.release(&step("n", 9)) && !scheduler.release(&step("n", 9)));
    scheduler.forget(&"n".parse().expect("an id"));
    assert!(!scheduler.is_busy());
}

#[test]
fn what_is_put_off_takes_no_room_of_its_service_or_engine_until_its_time() {
    let mut scheduler = Scheduler::new(10);
    let acme = turn_of(Lane::Standard, "acme", "cloud");
    wants(&mut scheduler, &acme, 0, "n", 9);
    scheduler.limit_engines(BTreeMap::from([("cloud".to_owned(), 2)]));
    let first = next(&mut scheduler).expect("a step").step;
    next(&mut scheduler).expect("a step");
    assert_eq!(next(&mut scheduler), None, "the engine has two");
    for _ in 0..2 {
        scheduler.postpone(first.clone(), Timestamp(500));
    }
    assert_eq!((scheduler.grants().working(), scheduler.grants().len()), (1, 2));
    next(&mut scheduler).expect("its room is another's");
    scheduler.advance(Timestamp(499));
    assert_eq!(scheduler.grants().working(), 2);
    scheduler.advance(Timestamp(500));
    assert_eq!(scheduler.grants().working(), 3);
    let demands = scheduler.demands();
    assert_eq!((demands.0[&Lane::Standard].turns, demands.0[&Lane::Standard].steps), (1, 3));
    // One that is put off before it is known to be granted, as after a change of owners.
    scheduler.postpone(step("n", 3), Timestamp(900));
    scheduler.limit_engines(BTreeMap::new());
    assert_eq!(next(&mut scheduler).expect("a step").step, step("n", 3));
    assert_eq!((scheduler.grants().working(), scheduler.grants().len()), (3, 4));
    scheduler.release(&step("n", 3));
    scheduler.advance(Timestamp(900));
    assert_eq!((scheduler.grants().working(), scheduler.grants().len()), (3, 3));
}

/// Else its neighbours at the same dispatcher would get what it cannot use.
#[test]
fn a_tenant_with_a_limit_asks_for_that_much_however_many_turns_it_has() {
    let mut scheduler = Scheduler::new(13);
    for lane in Lane::ALL {
        wants(&mut scheduler, &turn_of(lane, "a", "tone"), 0, lane.as_str(), 20);
    }
    let asked = |scheduler: &Scheduler| Lane::ALL.map(|lane| scheduler.demands().0.get(&lane).map_or(0, |d| d.steps));
    assert_eq!(asked(&scheduler), [8, 4, 1], "by the weights of the lanes");
    let first = next(&mut scheduler).expect("a step");
    assert_eq!(asked(&scheduler).iter().sum::<u64>(), 13);
    scheduler.limit_tenant(&first.turn.tenant, 1);
    assert_eq!(asked(&scheduler), [1, 0, 0], "it has what it may have");
}

#[test]
fn what_is_held_up_is_passed_over_and_asks_for_nothing() {
    let mut scheduler = Scheduler::new(10);
    let (held, other) = (turn_of(Lane::Standard, "a", "cloud"), turn_of(Lane::Standard, "b", "tone"));
    wants(&mut scheduler, &held, 0, "held", 2);
    wants(&mut scheduler, &other, 1, "other", 2);
    scheduler.hold(&held, true);
    assert_eq!(scheduler.demands().0[&Lane::Standard].steps, 2);
    assert_eq!(next(&mut scheduler).expect("a step").turn, other);
    scheduler.hold(&held, false);
    scheduler.limit_engines(BTreeMap::from([("cloud".to_owned(), 0)]));
    assert_eq!(scheduler.demands().0[&Lane::Standard].steps, 2, "an engine that is out of order");
    assert_eq!(next(&mut scheduler).expect("a step").turn, other);
    assert_eq!(next(&mut scheduler), None);
    scheduler.limit_engines(BTreeMap::new());
    assert_eq!(next(&mut scheduler).expect("a step").turn, held);
    scheduler.expect_more(&held, true);
    assert_eq!(scheduler.demands().0[&Lane::Standard].steps, 10 + 2, "as many as its tenant may have");
}

#[test]
fn nothing_is_left_of_turns_that_are_dropped() {
    let mut scheduler = Scheduler::new(10);
    for tenant in ["a", "b"] {
        wants(&mut scheduler, &turn(Lane::Bulk, tenant), 0, tenant, 4);
    }
    for _ in 0..4 {
        next(&mut scheduler).expect("a step");
    }
    scheduler.drop_turns(|turn| turn.tenant.as_str() == "a");
    assert_eq!(scheduler.grants().len(), 2);
    assert_eq!(scheduler.turns().count(), 1);
    let left: Vec<StepId> = std::iter::from_fn(|| next(&mut scheduler)).map(|granted| granted.step).collect();
    assert_eq!(left, [step("b", 2), step("b", 3)]);
}

#[test]
fn a_turn_without_work_keeps_its_place_among_the_others() {
    let mut scheduler = Scheduler::new(10);
    let (a, b) = (turn(Lane::Standard, "a"), turn(Lane::Standard, "b"));
    wants(&mut scheduler, &b, 0, "b", 5);
    // The first tenant orders one step at a time: it does not go first for it.
    let mut order = Vec::new();
    for round in 0..4 {
        wants(&mut scheduler, &a, round, &format!("a{round}"), 1);
        for _ in 0..2 {
            let granted = next(&mut scheduler).expect("a step");
            order.push(granted.turn.tenant.to_string());
            scheduler.release(&granted.step);
        }
    }
    assert_eq!(order, ["a", "b", "a", "b", "a", "b", "a", "b"]);
    assert_eq!(scheduler.turns().count(), 2);
}
