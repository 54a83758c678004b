use lectern_core::SystemClock;
use lectern_core::clock::ManualClock;
use lectern_store::memory::{Fault, MemoryStore};
use lectern_store::sqlite::SqliteStore;
use tokio::task::JoinSet;

use super::*;
use crate::ledger::Attempt;

/// 2026-11-28, ten o'clock.
const MORNING: Timestamp = Timestamp(1_795_860_000_000);
const DAY: Duration = Duration::from_secs(24 * 3600);
const NO_LIMITS: Limits = Limits { month: None, narration: None };

fn usd(millionths: u64) -> MicroUsd {
    MicroUsd::new(millionths)
}

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn narration(id: &str) -> NarrationId {
    id.parse().unwrap()
}

async fn budgets(clock: Arc<dyn Clock>) -> (Arc<MemoryStore>, Budgets) {
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let budgets = Budgets::new(Arc::clone(&store) as Arc<dyn Store>, clock);
    budgets.ensure().await.unwrap();
    (store, budgets)
}

async fn of_narration(budgets: &Budgets, id: &str) -> u64 {
    budgets.spent(&acme(), BudgetKind::Narration(narration(id))).await.unwrap().get()
}

async fn of_month(budgets: &Budgets, month: &str) -> u64 {
    budgets.spent(&acme(), BudgetKind::Month(month.to_owned())).await.unwrap().get()
}

#[tokio::test]
async fn what_a_call_did_not_use_is_there_for_the_next() {
    let (_, budgets) = budgets(Arc::new(ManualClock::at(MORNING))).await;
    let limits = Limits { month: Some(usd(100)), narration: Some(usd(80)) };
    let first = budgets.reserve(&acme(), &narration("n1"), usd(60), limits).await.unwrap();
    let refused = budgets.reserve(&acme(), &narration("n1"), usd(30), limits).await.unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::BudgetExhausted));
    assert_eq!(refused.retry_after, Some(WAIT));
    assert!(refused.message.contains("the narration's budget, 0.00008 USD"), "{refused}");
    assert_eq!(of_month(&budgets, "2026-11").await, 60, "nothing is taken from the one where the other refuses");

    budgets.settle(first, usd(20)).await.unwrap();
    assert_eq!((of_month(&budgets, "2026-11").await, of_narration(&budgets, "n1").await), (20, 20));
    let second = budgets.reserve(&acme(), &narration("n1"), usd(30), limits).await.unwrap();
    budgets.settle(second, usd(35)).await.unwrap();
    assert_eq!(of_narration(&budgets, "n1").await, 55, "what cost more than was said is spent as well");
    let refused = budgets.reserve(&acme(), &narration("n2"), usd(46), limits).await.unwrap_err();
    assert!(refused.message.contains("the tenant's budget of 2026-11"), "{refused}");
}

#[tokio::test]
async fn a_budget_that_grows_holds_from_the_next_call_on_and_a_month_begins_anew() {
    let clock = Arc::new(ManualClock::at(MORNING));
    let (_, budgets) = budgets(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let month = |limit| Limits { month: Some(usd(limit)), narration: None };
    let _ = budgets.reserve(&acme(), &narration("n1"), usd(90), month(100)).await.unwrap();
    assert!(budgets.reserve(&acme(), &narration("n1"), usd(90), month(100)).await.is_err());
    let last = budgets.reserve(&acme(), &narration("n1"), usd(90), month(180)).await.unwrap();
    clock.advance(3 * DAY);
    let _ = budgets.reserve(&acme(), &narration("n1"), usd(90), month(100)).await.unwrap();
    budgets.settle(last, usd(0)).await.unwrap();
    assert_eq!((of_month(&budgets, "2026-11").await, of_month(&budgets, "2026-12").await), (90, 90));
    assert_eq!(of_narration(&budgets, "n1").await, 180, "a narration has one budget over all months");
}

#[tokio::test]
async fn what_breaks_off_leaves_too_much_counted_and_never_too_little() {
    let (store, budgets) = budgets(Arc::new(ManualClock::at(MORNING))).await;
    let taken = budgets.reserve(&acme(), &narration("n1"), usd(10), NO_LIMITS).await.unwrap();
    for fault in [Fault::Unavailable, Fault::LostRequest, Fault::LostAnswer] {
        let before = of_month(&budgets, "2026-11").await;
        store.inject([fault]);
        let refused = budgets.reserve(&acme(), &narration("n1"), usd(10), NO_LIMITS).await.unwrap_err();
        assert_eq!(refused.reason, Reason::StoreUnavailable, "nothing may be bought");
        assert!(of_month(&budgets, "2026-11").await >= before, "{fault:?}");
    }
    budgets.settle(taken, usd(10)).await.unwrap();
    assert!(of_month(&budgets, "2026-11").await >= 10);
}

#[tokio::test]
async fn what_a_call_cost_is_settled_in_the_one_budget_also_where_the_other_fails() {
    for actual in [15, 3] {
        let (store, budgets) = budgets(Arc::new(ManualClock::at(MORNING))).await;
        let taken = budgets.reserve(&acme(), &narration("n1"), usd(10), NO_LIMITS).await.unwrap();
        store.inject([Fault::Unavailable]);
        let failed = budgets.settle(taken, usd(actual)).await.unwrap_err();
        assert_eq!(failed.reason, Reason::StoreUnavailable, "it is said all the same");
        assert_eq!((of_month(&budgets, "2026-11").await, of_narration(&budgets, "n1").await), (10, actual));
    }
}

/// 64 at once, each of which buys as long as it may: nobody gets a call that does not fit.
async fn crowd(store: Arc<dyn Store>) {
    const WORKERS: u64 = 64;
    const MOST: u64 = 1_000;
    let limit = 40 * MOST + 500;
    let budgets = Budgets::new(store, Arc::new(SystemClock));
    budgets.ensure().await.unwrap();
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let budgets = budgets.clone();
        workers.spawn(async move {
            let limits = Limits { month: Some(usd(limit)), narration: None };
            let (narration, mut spent) = (narration(&format!("n{worker}")), 0);
            // Each call costs something else, and less than it may.
            while let Ok(reservation) = budgets.reserve(&acme(), &narration, usd(MOST), limits).await {
                tokio::task::yield_now().await;
                let actual = 300 + worker * 10;
                spent += actual;
                budgets.settle(reservation, usd(actual)).await.unwrap();
            }
            spent
        });
    }
    let spent: u64 = workers.join_all().await.into_iter().sum();
    let month = Day::of(SystemClock.now()).month();
    assert_eq!(of_month(&budgets, &month).await, spent, "all is settled");
    assert!(spent <= limit, "{spent} of {limit}");
    assert!(spent + MOST > limit, "nobody waits while a call fits: {spent} of {limit}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_workers_do_not_overrun_a_budget_in_memory() {
    crowd(Arc::new(MemoryStore::new(Arc::new(SystemClock)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_workers_do_not_overrun_a_budget_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("ai.db"), Arc::new(SystemClock)).await.unwrap();
    crowd(Arc::new(store)).await;
}

#[tokio::test]
async fn budgets_end_with_their_month_and_with_the_last_attempt_of_their_narration() {
    let clock = Arc::new(ManualClock::at(MORNING));
    let (store, budgets) = budgets(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let ledger = Ledger::new(store, Arc::clone(&clock) as Arc<dyn Clock>);
    ledger.ensure().await.unwrap();
    for id in ["n1", "n2"] {
        let _ = budgets.reserve(&acme(), &narration(id), usd(5), NO_LIMITS).await.unwrap();
    }
    let attempt = Attempt {
        tenant: acme(),
        step: "n2/1/plan/0".parse().unwrap(),
        engine: "w".to_owned(),
        provider: "openai".to_owned(),
        model: "m".to_owned(),
        most: usd(5),
    };
    ledger.begin(attempt).await.unwrap();
    clock.advance(DAY);
    assert_eq!(budgets.sweep(clock.now(), &ledger).await, Ok(1), "the one of which nothing is known");
    assert_eq!((of_narration(&budgets, "n1").await, of_narration(&budgets, "n2").await), (0, 5));
    assert_eq!(of_month(&budgets, "2026-11").await, 10);
    clock.advance(3 * DAY);
    assert_eq!(budgets.sweep(clock.now(), &ledger).await, Ok(1));
    assert_eq!(of_month(&budgets, "2026-11").await, 0);
}
