use proptest::prelude::*;

use super::*;

fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant")
}

fn grant(index: u32, tenant: &str) -> Grant {
    let step = format!("n/1/record/{index}").parse().expect("a step");
    Grant { step, tenant: self::tenant(tenant), engine: String::new(), revision: 1, at: Timestamp(0) }
}

/// Serves whichever of these lanes is next, and gives it.
fn serve(slots: &mut Slots, with_work: &[Lane]) -> Lane {
    let lane = slots.next_lane(with_work.iter().copied()).expect("a lane");
    slots.grant(grant(0, "a"), lane, 0);
    slots.grants.clear();
    lane
}

#[test]
fn lanes_with_work_are_served_by_weight() {
    let mut slots = Slots::new(Service::Tts);
    let mut served = BTreeMap::new();
    for _ in 0..130 {
        *served.entry(serve(&mut slots, &Lane::ALL)).or_insert(0) += 1;
    }
    assert_eq!(served, BTreeMap::from([(Lane::Interactive, 80), (Lane::Standard, 40), (Lane::Bulk, 10)]));
}

/// A million standard grants once gave bulk, which woke when nobody else had work, 250,000 grants
/// before the next of another lane.
#[test]
fn a_lane_that_wakes_alone_after_a_million_grants_of_another_has_no_credit() {
    let mut slots = Slots::new(Service::Tts);
    for _ in 0..1_000_000 {
        serve(&mut slots, &[Lane::Standard]);
    }
    for _ in 0..3 {
        assert_eq!(serve(&mut slots, &[Lane::Bulk]), Lane::Bulk, "nobody else has work");
    }
    let served: Vec<Lane> = (0..90).map(|_| serve(&mut slots, &[Lane::Interactive, Lane::Bulk])).collect();
    let bulk = served.iter().filter(|lane| **lane == Lane::Bulk).count();
    assert!((9..=10).contains(&bulk), "one in nine, and not all of them: {bulk}");
}

#[test]
fn a_lane_owes_no_more_than_one_stride_for_what_it_had_alone() {
    let mut slots = Slots::new(Service::Tts);
    for _ in 0..10_000 {
        serve(&mut slots, &[Lane::Bulk]);
    }
    let served: Vec<Lane> = (0..10).map(|_| serve(&mut slots, &[Lane::Interactive, Lane::Bulk])).collect();
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
        let mut slots = Slots::new(Service::Tts);
        for (bits, times) in before {
            for _ in 0..times {
                serve(&mut slots, &lanes(bits));
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
                let served = serve(&mut slots, &with_work);
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
}

#[test]
fn a_release_is_a_release_however_often() {
    let mut slots = Slots::new(Service::Ai);
    slots.grant(grant(1, "a"), Lane::Bulk, 0);
    slots.grant(grant(2, "b"), Lane::Bulk, 0);
    let first = grant(1, "a").step;
    assert!(slots.granted(&first) && slots.of(&tenant("a")) == 1);
    assert_eq!(slots.by_tenant(), BTreeMap::from([(&tenant("a"), 1), (&tenant("b"), 1)]));
    assert_eq!(slots.release(|grant| grant.step == first), 1);
    assert_eq!(slots.release(|grant| grant.step == first), 0);
    assert_eq!(slots.grants.len(), 1);
    assert_eq!(slots.served, 2, "the count of grants never falls");
}

#[test]
fn the_count_of_grants_goes_on_beyond_every_turn() {
    assert_eq!(Slots::after(Service::Tts, 0), Slots::new(Service::Tts));
    let mut slots = Slots::after(Service::Tts, 1_000);
    assert!(slots.served > 1_000);
    slots.grant(grant(1, "a"), Lane::Bulk, 5_000);
    assert_eq!(slots.served, 5_001);
}

#[test]
fn the_record_of_a_full_service_stays_small() {
    for (narration, tenant, engine, least) in [(26, 20, 16, MOST), (64, 64, 64, 150)] {
        let mut slots = Slots::new(Service::Tts);
        while slots.spare() > 0 {
            let id = format!("{}/4294967295/assemble/{}", "x".repeat(narration), slots.grants.len());
            let grant = Grant {
                step: id.parse().expect("a step"),
                tenant: self::tenant(&"x".repeat(tenant)),
                engine: "x".repeat(engine),
                revision: u64::MAX,
                at: Timestamp(u64::MAX),
            };
            slots.grant(grant, Lane::Bulk, u64::MAX / 2);
        }
        assert!(slots.grants.len() >= least, "{}", slots.grants.len());
        let bytes = serde_json::to_vec(&slots).expect("json").len();
        assert!(bytes < 63 * 1024, "{bytes}");
    }
}

#[test]
fn a_state_has_one_name_in_records_and_queries() {
    for state in TurnState::ALL {
        assert_eq!(serde_json::to_value(state).expect("json"), state.as_str());
    }
    let turn = Turn::new(Service::Tts, Lane::Bulk, tenant("acme"), "tone".to_owned());
    assert_eq!(turn.id(), "tts/bulk/acme/tone");
    assert!(turn.id().starts_with(&Turn::prefix(turn.service, turn.lane, &turn.tenant)));
    let resting = turn.clone().at_rest(Timestamp(5));
    assert_eq!((resting.state, resting.rested), (TurnState::Resting, Some(Timestamp(5))));
    assert_eq!(resting.woken(), turn);
}
