//! Steps that are worked on without a record, and what tells of cancels without a read of each.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_step_without_a_record_is_written_once() {
    let b = bench();
    let (id, ending) = (step("n/1/plan/0"), Ending::done(vec![1]));
    let first = |ending: &Ending| {
        let closing = Closing::Ended(ending.clone());
        let (steps, id) = (b.steps.clone(), id.clone());
        async move { steps.write_first(&id, &tenant(), Some("w"), &closing).await.unwrap() }
    };
    assert!(first(&ending).await);
    assert_eq!(b.store.calls(), 1, "and costs one call");
    let other = Ending::done(vec![2]);
    assert!(!first(&other).await);
    let adopt = |holder: &'static str, ending: &Ending| {
        let closing = Closing::Ended(ending.clone());
        let (steps, id) = (b.steps.clone(), id.clone());
        async move { steps.adopt(&id, &tenant(), holder, &closing).await.unwrap() }
    };
    assert_eq!(adopt("w", &other).await, Adopted::Ended(ending.clone()), "I2, I4");
    assert_eq!(adopt("w", &ending).await, Adopted::Written, "an answer was lost");
    assert_eq!(adopt("v", &ending).await, Adopted::Ended(ending.clone()), "equal work has equal ends");
    assert_eq!(b.claim("n/1/plan/0").await, Claim::Done(ending));
    let record = b.record("n/1/plan/0").await;
    assert_eq!((record.fence, record.attempts, record.crashes), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_record_in_the_way_of_the_first_is_taken_unless_somebody_holds_it() {
    let b = bench();
    let id = step("n/1/plan/0");
    let lease = b.lease("n/1/plan/0").await;
    assert!(!b.steps.write_first(&id, &tenant(), Some("v"), &Closing::Free).await.unwrap());
    assert_eq!(b.steps.adopt(&id, &tenant(), "v", &Closing::Free).await.unwrap(), Adopted::Elsewhere);
    let late = b.clock.now().plus(LEASE);
    b.steps.close(&lease, retry(failure(), late)).await.unwrap();
    assert_eq!(b.claim("n/1/plan/0").await, Claim::Waiting { for_: LEASE, crashes: 0 });
    let Adopted::Leased(taken) = b.steps.adopt(&id, &tenant(), "v", &retry(failure(), late)).await.unwrap() else {
        panic!("not taken")
    };
    assert_eq!((taken.fence, taken.attempt), (2, 2), "though it is not due");
    let Adopted::Leased(again) = b.steps.adopt(&id, &tenant(), "v", &Closing::Free).await.unwrap() else {
        panic!("not found")
    };
    assert_eq!(again.fence, 2, "an answer was lost");
    assert_eq!(
        b.steps.close(&lease, Closing::Ended(Ending::done(vec![]))).await,
        Err(LeaseError::Lost(id)),
        "the holder before has lost it"
    );
    let failed = step("n/1/plan/1");
    let closing = retry(failure(), late);
    assert!(b.steps.write_first(&failed, &tenant(), Some("v"), &closing).await.unwrap());
    assert_eq!(b.steps.adopt(&failed, &tenant(), "v", &closing).await.unwrap(), Adopted::Written, "so was this one");
}

/// Fails on code that takes a second delivery for a first one, or counts each as a crash.
#[tokio::test(start_paused = true)]
async fn a_step_without_a_record_whose_command_came_before_counts_one_crash() {
    let b = bench();
    let soon = step("n/1/plan/2");
    let claim = b.steps.claim_again(&soon, "v", &tenant(), Some(START)).await.unwrap();
    assert_eq!(claim, Claim::Waiting { for_: LEASE, crashes: 0 }, "it came twice, and may be at work");
    let Claim::Claimed(lease) = b.steps.claim_at_work(&soon, "w", &tenant()).await.unwrap() else { panic!("not its") };
    assert_eq!((lease.fence, lease.crashes), (2, 0));
    b.clock.advance(TAKEOVER);
    let claim = b.steps.claim_again(&step("n/1/plan/0"), "w", &tenant(), Some(START)).await.unwrap();
    let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
    assert_eq!((lease.fence, lease.attempt, lease.crashes, lease.alone), (2, 1, 1, true));
    // Handed back by somebody who had not begun it, whoever that was.
    let id = step("n/1/plan/1");
    assert!(b.steps.write_first(&id, &TenantId::nobody(), None, &Closing::Free).await.unwrap());
    let claim = b.steps.claim_again(&id, "w", &tenant(), Some(START)).await.unwrap();
    let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
    assert_eq!((lease.fence, lease.crashes, lease.alone, lease.tenant), (1, 0, false, tenant()));
}

/// Fails on code that begins a step again whose worker could not write while the store was away.
#[tokio::test(start_paused = true)]
async fn a_step_without_a_record_is_left_to_its_worker_after_an_outage() {
    let b = bench();
    let (ended, works) = (step("n/1/plan/0"), step("n/1/plan/1"));
    b.store.inject([Fault::Unavailable; 5]);
    for _ in 0..5 {
        assert!(b.steps.claim(&ended, "w", &tenant()).await.is_err());
        b.clock.advance(SKEW);
    }
    for id in [&ended, &works] {
        let claim = b.steps.claim_again(id, "v", &tenant(), Some(START)).await.unwrap();
        assert_eq!(claim, Claim::Waiting { for_: LEASE, crashes: 0 });
    }
    let closing = Closing::Ended(Ending::done(vec![1]));
    assert!(!b.steps.write_first(&ended, &tenant(), Some("w"), &closing).await.unwrap());
    assert!(matches!(b.steps.adopt(&ended, &tenant(), "w", &closing).await.unwrap(), Adopted::Leased(_)));
    let claim = b.steps.claim_at_work(&works, "w", &tenant()).await.unwrap();
    let Claim::Claimed(lease) = claim else { panic!("{claim:?}") };
    assert_eq!((lease.fence, lease.crashes, lease.alone), (2, 0, false));
    // Who has failed before waits for his time, at work or not.
    b.steps.close(&lease, retry(failure(), b.clock.now().plus(LEASE))).await.unwrap();
    assert_eq!(
        b.steps.claim_at_work(&works, "w", &tenant()).await.unwrap(),
        Claim::Waiting { for_: LEASE, crashes: 0 }
    );
}

#[tokio::test(start_paused = true)]
async fn which_runs_are_over_is_asked_for_by_when_that_was_written() {
    let b = bench();
    b.steps.cancel(&"old".parse().unwrap(), 1).await.unwrap();
    b.clock.advance(LEASE);
    let since = b.clock.now();
    b.steps.cancel(&"n".parse().unwrap(), 2).await.unwrap();
    b.lease("m/2/plan/0").await;
    let page = b.steps.runs_since(since, None).await.unwrap();
    let over = |narration: &str, run| {
        let mut runs = page.items.iter().filter(|item| item.record.narration.as_str() == narration);
        runs.next().is_some_and(|item| item.record.is_over(run))
    };
    assert_eq!((page.items.len(), page.next.is_none()), (2, true));
    assert!(over("n", 1) && over("n", 2) && !over("n", 3) && over("m", 1) && !over("m", 2));
    assert_eq!(b.steps.refused(&step("n/2/plan/0")).await.unwrap(), Some(Claim::Cancelled));
    assert_eq!(b.steps.refused(&step("other/1/plan/0")).await.unwrap(), None);
}

/// Fails on code that keeps the tenant of whoever could not read the command.
#[tokio::test(start_paused = true)]
async fn a_record_that_was_written_for_nobody_becomes_that_of_whoever_did_the_step() {
    let b = bench();
    let id = step("n/1/plan/0");
    assert!(b.steps.write_first(&id, &TenantId::nobody(), None, &Closing::Free).await.unwrap());
    let closing = Closing::Ended(Ending::done(vec![1]));
    let Adopted::Leased(lease) = b.steps.adopt(&id, &tenant(), "w", &closing).await.unwrap() else {
        panic!("not taken")
    };
    b.steps.close(&lease, closing).await.unwrap();
    assert_eq!((lease.tenant, b.record("n/1/plan/0").await.tenant), (tenant(), tenant()));
}

/// Fails on code that takes a record which is gone for a refusal for good.
#[tokio::test(start_paused = true)]
async fn a_record_that_was_deleted_before_it_could_be_taken_is_written_again() {
    let b = bench();
    let id = step("n/1/plan/0");
    let failure = b.steps.adopt(&id, &tenant(), "w", &Closing::Free).await.unwrap_err();
    assert!(failure.kind.retryable() && is_away(&failure), "{failure}");
    assert!(b.steps.write_first(&id, &tenant(), Some("w"), &Closing::Free).await.unwrap());
}
