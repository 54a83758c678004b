use lectern_core::clock::ManualClock;
use lectern_store::memory::{Fault, MemoryStore};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
/// 2026-11-28, ten o'clock.
const MORNING: Timestamp = Timestamp(1_795_860_000_000);

struct World {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    ledger: Ledger,
}

async fn world() -> World {
    let clock = Arc::new(ManualClock::at(MORNING));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let ledger = Ledger::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&clock) as Arc<dyn Clock>);
    ledger.ensure().await.unwrap();
    World { clock, store, ledger }
}

fn attempt(tenant: &str, step: &str) -> Attempt {
    Attempt {
        tenant: tenant.parse().unwrap(),
        step: step.parse().unwrap(),
        engine: "gemini".to_owned(),
        provider: "gemini".to_owned(),
        model: "flash".to_owned(),
        most: MicroUsd::new(900),
    }
}

fn answered(cost: u64) -> Settlement {
    Settlement {
        known: true,
        usage: Usage { input: 100, cached: 10, output: 20, thoughts: 5, characters: 0 },
        cost: MicroUsd::new(cost),
        class: None,
        word: "STOP".to_owned(),
        model_version: "flash-001".to_owned(),
    }
}

fn broken() -> Settlement {
    let word = "CUT_SHORT".to_owned();
    Settlement { known: false, usage: Usage::default(), class: Some(Class::Interrupted), word, ..answered(7) }
}

#[tokio::test]
async fn an_attempt_counts_as_its_maximum_until_it_is_settled_and_changes_once() {
    let World { ledger, .. } = world().await;
    let id = ledger.begin(attempt("acme", "n1/1/plan/0")).await.unwrap();
    let of_narration = || async { ledger.of_narration(&"n1".parse().unwrap()).await.unwrap() };
    let reserved = of_narration().await;
    assert_eq!((reserved.calls, reserved.unknown, reserved.cost), (1, 1, MicroUsd::new(900)));

    let settled = ledger.settle(&id, &answered(120)).await.unwrap();
    assert_eq!(settled, Settled { cost: MicroUsd::new(120), now: true });
    let spent = of_narration().await;
    assert_eq!((spent.calls, spent.unknown, spent.cost), (1, 0, MicroUsd::new(120)));
    assert_eq!(spent.usage, answered(0).usage);

    let again = ledger.settle(&id, &broken()).await.unwrap();
    assert_eq!(again, Settled { cost: MicroUsd::new(120), now: false }, "it is settled");
    assert_eq!(of_narration().await, spent);
}

#[tokio::test]
async fn an_attempt_of_which_nobody_knows_what_became_is_settled_at_its_maximum_and_marked() {
    let World { ledger, clock, .. } = world().await;
    let cut = ledger.begin(attempt("acme", "n1/1/write/0")).await.unwrap();
    assert_eq!(ledger.settle(&cut, &broken()).await.unwrap().cost, MicroUsd::new(900));
    let died = ledger.begin(attempt("acme", "n1/1/write/0")).await.unwrap();
    clock.advance(10 * MINUTE);
    assert_eq!(ledger.settle_lost(15 * MINUTE).await, Ok(0), "it may still be under way");
    clock.advance(5 * MINUTE + Duration::from_millis(1));
    assert_eq!(ledger.settle_lost(15 * MINUTE).await, Ok(1));
    assert_eq!(ledger.settle_lost(15 * MINUTE).await, Ok(0));
    let late = ledger.settle(&died, &answered(1)).await.unwrap();
    assert_eq!(late, Settled { cost: MicroUsd::new(900), now: false }, "whoever was taken for dead is late");
    let spent = ledger.of_narration(&"n1".parse().unwrap()).await.unwrap();
    assert_eq!((spent.calls, spent.unknown, spent.cost), (2, 2, MicroUsd::new(1_800)));
}

#[tokio::test]
async fn a_write_without_an_answer_settles_once_all_the_same() {
    let World { ledger, store, .. } = world().await;
    store.inject([Fault::LostAnswer]);
    let id = ledger.begin(attempt("acme", "n1/1/plan/0")).await.unwrap();
    store.inject([Fault::LostAnswer]);
    ledger.settle(&id, &answered(5)).await.unwrap();
    let spent = ledger.of_narration(&"n1".parse().unwrap()).await.unwrap();
    assert_eq!((spent.calls, spent.cost), (1, MicroUsd::new(5)));
}

#[tokio::test]
async fn spending_is_told_by_day_engine_and_model_and_to_its_tenant_alone() {
    let World { ledger, clock, .. } = world().await;
    for (tenant, model, cost) in
        [("acme", "flash", 10), ("acme", "flash", 20), ("acme", "argon", 40), ("globex", "flash", 80)]
    {
        let attempt = Attempt { model: model.to_owned(), ..attempt(tenant, "n1/1/plan/0") };
        let id = ledger.begin(attempt).await.unwrap();
        ledger.settle(&id, &answered(cost)).await.unwrap();
    }
    clock.advance(Duration::from_secs(24 * 3600));
    let id = ledger.begin(attempt("acme", "n2/1/plan/0")).await.unwrap();
    ledger.settle(&id, &answered(160)).await.unwrap();

    let today = Day::of(MORNING);
    let told = |first: Day, last: Day| {
        let ledger = ledger.clone();
        async move {
            let rows = ledger.spending(&"acme".parse().unwrap(), first, last).await.unwrap();
            let row = |row: DaySpending| (row.day.since(today), row.model, row.spent.calls, row.spent.cost.get());
            rows.into_iter().map(row).collect::<Vec<_>>()
        }
    };
    let first = [(0, "argon".to_owned(), 1, 40), (0, "flash".to_owned(), 2, 30)];
    assert_eq!(told(today, today).await, first);
    let second = (1, "flash".to_owned(), 1, 160);
    assert_eq!(told(today.plus(1), today.plus(9)).await, std::slice::from_ref(&second));
    assert_eq!(told(today.plus(-9), today.plus(1)).await, [first.as_slice(), &[second]].concat());
}

#[tokio::test]
async fn attempts_of_a_narration_that_goes_on_stay_together() {
    let World { ledger, clock, .. } = world().await;
    let old = ledger.begin(attempt("acme", "n1/1/plan/0")).await.unwrap();
    ledger.settle(&old, &answered(1)).await.unwrap();
    clock.advance(MINUTE);
    let before = clock.now();
    let open = ledger.begin(attempt("acme", "n1/1/write/0")).await.unwrap();
    assert_eq!(ledger.sweep(before).await, Ok(0), "one is open");
    ledger.settle(&open, &answered(1)).await.unwrap();
    assert_eq!(ledger.sweep(before).await, Ok(0), "one was settled later");
    let spent = ledger.of_narration(&"n1".parse().unwrap()).await.unwrap();
    assert_eq!((spent.calls, spent.since), (2, Some(MORNING)));
    clock.advance(MINUTE);
    assert_eq!(ledger.sweep(clock.now()).await, Ok(2), "all of them are old");
}

#[tokio::test]
async fn attempts_end_after_the_retention_and_open_ones_stay() {
    let World { ledger, clock, .. } = world().await;
    let old = ledger.begin(attempt("acme", "n1/1/plan/0")).await.unwrap();
    ledger.settle(&old, &answered(1)).await.unwrap();
    ledger.begin(attempt("acme", "n2/1/plan/0")).await.unwrap();
    clock.advance(MINUTE);
    let new = ledger.begin(attempt("acme", "n3/1/plan/0")).await.unwrap();
    ledger.settle(&new, &answered(1)).await.unwrap();
    assert_eq!(ledger.sweep(clock.now()).await, Ok(1));
    for (narration, known) in [("n1", false), ("n2", true), ("n3", true)] {
        assert_eq!(ledger.knows(&narration.parse().unwrap()).await, Ok(known), "{narration}");
    }
}
