//! What the scheduler says it has: turns, grants and room, counted.

use super::*;

#[test]
fn what_waits_and_who_is_next_is_told() {
    let mut scheduler = Scheduler::new(10);
    let acme = turn(Lane::Standard, "acme");
    assert!(!scheduler.is_busy());
    assert_eq!((scheduler.waiting(&acme), scheduler.last_waiting(&acme), scheduler.peek()), (0, None, None));
    wants(&mut scheduler, &acme, 1, "old", 1);
    wants(&mut scheduler, &acme, 2, "young", 1);
    assert!(scheduler.is_busy());
    assert_eq!((scheduler.waiting(&acme), scheduler.peek()), (2, Some(&acme)));
    assert_eq!(scheduler.last_waiting(&acme), Some(&(Timestamp(2), "young".parse().expect("an id"))));
    let granted = [(); 2].map(|()| next(&mut scheduler).expect("a step").step);
    assert!(scheduler.is_busy(), "nothing waits, and two steps are granted");
    granted.iter().for_each(|step| assert!(scheduler.release(step)));
    assert!(!scheduler.is_busy());
}

#[test]
fn a_grant_is_as_old_as_its_last_publication() {
    let mut scheduler = Scheduler::new(10);
    wants(&mut scheduler, &turn(Lane::Standard, "acme"), 0, "n", 1);
    let granted = next(&mut scheduler).expect("a step").step;
    scheduler.renew(&granted, Timestamp(700));
    let at: Vec<Timestamp> = scheduler.grants().iter().map(|(_, grant)| grant.at).collect();
    assert_eq!(at, [Timestamp(700)]);
}

#[test]
fn the_limit_of_a_tenant_is_its_own_or_that_of_all() {
    let mut scheduler = Scheduler::new(10);
    let (a, b) = (turn(Lane::Standard, "a"), turn(Lane::Standard, "b"));
    wants(&mut scheduler, &a, 0, "a", 3);
    wants(&mut scheduler, &b, 0, "b", 1);
    scheduler.limit_tenant(&a.tenant, 2);
    assert_eq!((scheduler.limit_of(&a.tenant), scheduler.limit_of(&b.tenant)), (2, 10));
    assert_eq!(scheduler.tenants_at_limit(), []);
    while next(&mut scheduler).is_some() {}
    assert_eq!(scheduler.tenants_at_limit(), std::slice::from_ref(&a.tenant), "of the other nothing waits");
    scheduler.limit_tenant(&b.tenant, 1);
    assert_eq!(scheduler.tenants_at_limit(), std::slice::from_ref(&a.tenant), "nor now, though it has its one");
}

/// The turns of the standard lane, and the steps that they can use.
fn demanded(scheduler: &Scheduler) -> (u64, u64) {
    let demands = scheduler.demands();
    let demand = &demands.0[&Lane::Standard];
    (demand.turns, demand.steps)
}

#[test]
fn what_is_granted_counts_in_the_demand_and_turns_without_work_do_not() {
    let mut scheduler = Scheduler::new(10);
    let (a, b) = (turn(Lane::Standard, "a"), turn(Lane::Standard, "b"));
    wants(&mut scheduler, &a, 0, "a", 2);
    wants(&mut scheduler, &b, 0, "b", 1);
    let granted: Vec<StepId> = std::iter::from_fn(|| next(&mut scheduler)).map(|granted| granted.step).collect();
    assert_eq!(demanded(&scheduler), (2, 3));
    for put_off in granted.iter().filter(|step| step.narration.as_str() == "a") {
        scheduler.postpone(put_off.clone(), Timestamp(500));
    }
    assert_eq!(demanded(&scheduler), (1, 1));
    for step in &granted {
        scheduler.release(step);
    }
    assert_eq!(scheduler.turns().count(), 2, "both are remembered");
    assert!(scheduler.demands().0.is_empty());
    // Put off before it is known to be granted, as after a change of owners.
    wants(&mut scheduler, &a, 0, "a", 1);
    scheduler.postpone(step("a", 0), Timestamp(900));
    next(&mut scheduler).expect("a step");
    assert!(scheduler.demands().0.is_empty());
}

#[test]
fn the_room_of_an_engine_is_given_back_once_and_only_if_it_was_taken() {
    let mut scheduler = Scheduler::new(10);
    wants(&mut scheduler, &turn_of(Lane::Standard, "acme", "cloud"), 0, "n", 9);
    scheduler.limit_engines(BTreeMap::from([("cloud".to_owned(), 2)]));
    let mut two = || [(); 2].map(|()| next(&mut scheduler).expect("a step").step);
    let [first, second] = two();
    assert!(scheduler.release(&first));
    let third = next(&mut scheduler).expect("there is room for one").step;
    assert_eq!(next(&mut scheduler), None, "and for no more");
    scheduler.postpone(second.clone(), Timestamp(500));
    next(&mut scheduler).expect("its room is another's");
    scheduler.release(&second);
    assert_eq!(next(&mut scheduler), None, "it had none to give back");
    scheduler.release(&third);
    next(&mut scheduler).expect("there is room for one");
    assert_eq!(next(&mut scheduler), None);
}

#[test]
fn so_many_turns_without_work_are_remembered() {
    let mut scheduler = Scheduler::new(10);
    for number in 0..=IDLE_MOST {
        let turn = turn(Lane::Standard, &format!("t{number}"));
        wants(&mut scheduler, &turn, 0, "n", 1);
        let granted = next(&mut scheduler).expect("a step").step;
        assert_eq!(scheduler.turns().count(), (number + 1).min(IDLE_MOST + 1));
        scheduler.release(&granted);
        assert_eq!(scheduler.turns().count(), (number + 1).min(IDLE_MOST));
        if number == 0 {
            // Such a turn that has work again is none of them.
            wants(&mut scheduler, &turn, 0, "n", 1);
            assert_eq!(scheduler.peek(), Some(&turn));
            scheduler.forget(&"n".parse().expect("an id"));
        }
    }
}
