//! What is written down and counted around calls that cost money, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Digest, Reason, Timestamp};
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::budget::{BudgetKind, Limits as BudgetLimits};
use crate::day::Day;
use crate::error::{Billed, Class, ProviderError};
use crate::ledger::Spent;
use crate::money::MicroUsd;
use crate::prices::{Place, PriceRow};
use crate::shares::Rates;
use crate::usage::Usage;

/// 2026-11-28, ten o'clock, and then tokio's time.
#[derive(Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_860_000_000).plus(self.0.elapsed())
    }
}

struct World {
    cashier: Cashier,
    prices: Vec<PriceRow>,
    cancel: CancellationToken,
}

/// 0.75 and 3.75 USD a million tokens until the end of the year, then twice as much.
fn prices() -> Vec<PriceRow> {
    let row = |first_day: Option<&str>, last_day: Option<&str>, input, output| PriceRow {
        first_day: first_day.map(|day| day.parse().unwrap()),
        last_day: last_day.map(|day| day.parse().unwrap()),
        above: 0,
        input,
        cached: input / 10,
        output,
        regional_percent: 110,
        source: "tests".to_owned(),
    };
    vec![row(None, Some("2026-12-31"), 750_000, 3_750_000), row(Some("2027-01-01"), None, 1_500_000, 7_500_000)]
}

async fn world(rates: Rates, budget: BudgetLimits) -> World {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await.unwrap();
    let terms =
        BTreeMap::from([("gemini".to_owned(), Terms { rates, account: ACCOUNT.to_owned(), place: Place::Global })]);
    let cashier = Cashier::with(terms, budget, &store, &clock, Arc::new(SeededRandom::new(3)));
    World { cashier, prices: prices(), cancel: CancellationToken::new() }
}

const ACCOUNT: &str = "one";
const PLENTY: Rates = Rates { requests: 0, tokens: 0, at_once: 100 };
const NO_LIMITS: BudgetLimits = BudgetLimits { month: None, narration: None };

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn answer(usage: Usage, known: bool) -> CallEnd<'static> {
    CallEnd::Answered { usage, known, word: "STOP", model_version: "gemini-3.8-flash" }
}

/// The most that each call here can use.
const MOST: Usage = Usage { input: 1_426, cached: 0, output: 9_192, thoughts: 0, characters: 0 };
/// What 100 tokens of prompt and 50 of answer cost in November 2026: 0.75 and 3.75 USD a million.
const USED: Usage = Usage { input: 100, cached: 0, output: 40, thoughts: 10, characters: 0 };
const COST: u64 = 75 + 188;

fn failed(class: Class, billed: Billed, retry_after: Option<Duration>) -> ProviderError {
    ProviderError {
        class,
        message: "it failed".to_owned(),
        provider_reason: "WHY".to_owned(),
        status: None,
        retry_after,
        billed,
    }
}

impl World {
    fn step(&self, step: &str) -> StepPayments {
        self.cashier.of_step(&acme(), &step.parse().unwrap(), NO_LIMITS)
    }

    fn call(&self) -> PaidCall<'_> {
        PaidCall {
            engine: "gemini",
            provider: "gemini",
            model: "gemini-3.8-flash",
            prices: &self.prices,
            most: MOST,
            probably: 600,
            cancel: &self.cancel,
        }
    }

    async fn spent(&self) -> Spent {
        self.cashier.spent(&"n1".parse().unwrap()).await.unwrap()
    }

    async fn month(&self) -> MicroUsd {
        let month = BudgetKind::Month("2026-11".to_owned());
        self.cashier.shared.budgets.spent(&acme(), month).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_reserved_at_its_maximum_and_settled_by_what_it_used() {
    let world = world(PLENTY, NO_LIMITS).await;
    let step = world.step("n1/1/plan/0");
    let paid = step.pay(&world.call()).await.unwrap();
    let reserved = world.spent().await;
    let most = (MOST.input * 750_000).div_ceil(1_000_000) + (MOST.output * 3_750_000).div_ceil(1_000_000);
    assert!((reserved.cost.get()).abs_diff(most) <= 1 && reserved.unknown == 1, "{reserved:?}");
    assert_eq!(world.month().await, reserved.cost);

    paid.end(answer(USED, true)).await;
    let spent = world.spent().await;
    assert_eq!((spent.calls, spent.unknown, spent.usage, spent.cost.get()), (1, 0, USED, COST));
    assert_eq!(world.month().await, spent.cost);
    let today = Day::of(Timestamp(1_795_860_000_000));
    let told = world.cashier.ledger().spending(&acme(), today, today).await.unwrap();
    let [row] = told.as_slice() else { panic!("one model: {told:?}") };
    assert_eq!((row.engine.as_str(), row.model.as_str(), row.spent), ("gemini", "gemini-3.8-flash", spent));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_of_a_call_counts_as_its_maximum_and_what_was_refused_as_nothing() {
    let world = world(PLENTY, NO_LIMITS).await;
    let step = world.step("n1/1/plan/0");
    let cut = failed(Class::Interrupted, Billed::Unknown, None);
    let refused = failed(Class::Invalid, Billed::No, None);
    let silent = answer(Usage::default(), false);
    let left = answer(USED, false);
    let (cut, refused) = (CallEnd::Failed(&cut), CallEnd::Failed(&refused));
    let mut unknown = 0;
    for (ended, known) in [(cut, false), (refused, true), (silent, false), (left, false)] {
        let before = world.spent().await.cost;
        let paid = step.pay(&world.call()).await.unwrap();
        let reserved = world.spent().await.cost.less(before);
        paid.end(ended).await;
        let after = world.spent().await;
        unknown += u64::from(!known);
        assert_eq!(after.unknown, unknown, "{ended:?}");
        let counted = after.cost.less(before);
        assert_eq!(counted, if known { MicroUsd::ZERO } else { reserved }, "{ended:?}");
        assert_eq!(world.month().await, after.cost, "{ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_process_died_is_found_and_counts_as_its_maximum() {
    let world = world(PLENTY, NO_LIMITS).await;
    let step = world.step("n1/1/plan/0");
    let paid = step.pay(&world.call()).await.unwrap();
    let reserved = world.month().await;
    paid.abandon();
    let stop = CancellationToken::new();
    let (cashier, until) = (world.cashier.clone(), stop.clone());
    let seen_to = tokio::spawn(async move { cashier.maintain(Duration::from_secs(30 * 24 * 3600), until).await });
    tokio::time::sleep(Duration::from_secs(70 * 60)).await;
    let attempts = world.spent().await;
    assert_eq!((attempts.calls, attempts.unknown, attempts.cost), (1, 1, reserved));
    assert_eq!(world.cashier.ledger().settle_lost(Duration::ZERO).await, Ok(0), "it is settled");
    stop.cancel();
    seen_to.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_work_was_dropped_counts_as_its_maximum_at_once() {
    let world = world(PLENTY, NO_LIMITS).await;
    let step = world.step("n1/1/plan/0");
    let paid = step.pay(&world.call()).await.unwrap();
    let reserved = world.month().await;
    drop(paid);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.cashier.ledger().settle_lost(Duration::ZERO).await, Ok(0), "it is settled");
    let attempts = world.spent().await;
    assert_eq!((attempts.calls, attempts.unknown, attempts.cost), (1, 1, reserved));
    assert_eq!(world.month().await, reserved);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_work_was_dropped_before_it_was_made_costs_nothing() {
    let world = world(PLENTY, NO_LIMITS).await;
    let (step, call) = (world.step("n1/1/plan/0"), world.call());
    tokio::select! {
        biased;
        paid = step.pay(&call) => panic!("it is not written down yet: {paid:?}"),
        () = std::future::ready(()) => {}
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let spent = world.spent().await;
    assert_eq!((spent.unknown, spent.cost), (0, MicroUsd::ZERO));
    assert_eq!(world.month().await, MicroUsd::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_narration_stops_at_the_end_of_its_budget_and_goes_on_when_that_grows() {
    let limit = |millionths| BudgetLimits { month: None, narration: Some(MicroUsd::new(millionths)) };
    let world = world(PLENTY, limit(40_000)).await;
    let call = world.call();
    let step = world.step("n1/1/plan/0");
    let first = step.pay(&call).await.unwrap();
    let refused = step.pay(&call).await.unwrap_err();
    assert_eq!((refused.reason, refused.retry_after), (Reason::BudgetExhausted, Some(Duration::from_secs(60))));
    assert_eq!(world.spent().await.calls, 1, "what is refused is no attempt");
    first.end(answer(USED, true)).await;
    let again = step.pay(&call).await.unwrap();
    let richer = world.cashier.of_step(&acme(), &"n1/1/write/0".parse().unwrap(), limit(90_000));
    let second = richer.pay(&call).await.unwrap();
    again.end(answer(USED, true)).await;
    second.end(answer(USED, true)).await;
    assert_eq!(world.spent().await.cost.get(), 3 * COST);
}

#[tokio::test(start_paused = true)]
async fn a_day_without_a_price_buys_nothing() {
    let mut world = world(PLENTY, NO_LIMITS).await;
    world.prices.retain(|row| row.first_day.is_some_and(|first| first > "2026-12-01".parse().unwrap()));
    let refused = world.step("n1/1/plan/0").pay(&world.call()).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("models_file"));
    assert_eq!(world.spent().await, Spent::default());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_costs_nothing_is_written_down_as_well() {
    let mut world = world(PLENTY, BudgetLimits { month: Some(MicroUsd::ZERO), narration: None }).await;
    world.prices.clear();
    let step = world.step("n1/1/plan/0");
    let paid = step.pay(&world.call()).await.unwrap();
    paid.end(answer(Usage::default(), false)).await;
    let spent = world.spent().await;
    assert_eq!((spent.calls, spent.unknown, spent.cost), (1, 0, MicroUsd::ZERO));
}

#[tokio::test(start_paused = true)]
async fn what_is_paid_by_characters_counts_as_those_and_as_no_tokens() {
    let mut world = world(PLENTY, NO_LIMITS).await;
    world.prices.truncate(1);
    world.prices[0].input = 30_000_000;
    let spoken = Usage { characters: 81, ..Usage::default() };
    let step = world.step("n1/1/record/0");
    let paid = step.pay(&PaidCall { most: spoken, ..world.call() }).await.unwrap();
    assert_eq!(world.month().await, MicroUsd::new(2_430));
    paid.end(CallEnd::Answered { usage: spoken, known: true, word: "", model_version: "" }).await;
    let spent = world.spent().await;
    assert_eq!((spent.cost, spent.usage), (MicroUsd::new(2_430), spoken));
    assert_eq!(world.month().await, MicroUsd::new(2_430));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_has_enough_is_not_asked_before_the_time_that_it_says() {
    let world = world(PLENTY, NO_LIMITS).await;
    let step = world.step("n1/1/plan/0");
    let paid = step.pay(&world.call()).await.unwrap();
    let limited = failed(Class::QuotaOfMinute, Billed::No, Some(Duration::from_secs(9)));
    paid.end(CallEnd::Failed(&limited)).await;
    let began = Instant::now();
    let paid = step.pay(&world.call()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
    paid.end(answer(USED, true)).await;

    world.cancel.cancel();
    let limited = failed(Class::QuotaOfMinute, Billed::No, Some(Duration::from_secs(3_600)));
    world.cashier.shared.shares.slow_down("gemini@one", "gemini-3.8-flash", limited.retry_after).await.unwrap();
    let stopped = step.pay(&world.call()).await.unwrap_err();
    assert_eq!(stopped.reason, Reason::Cancelled, "nobody waits for it");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_refuses_one_account_is_asked_by_another() {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await.unwrap();
    let terms = |account: &str| Terms { rates: PLENTY, account: account.to_owned(), place: Place::Global };
    let writers = [("gemini", "one"), ("other", "another")];
    let terms = writers.map(|(writer, account)| (writer.to_owned(), terms(account))).into();
    let cashier = Cashier::with(terms, NO_LIMITS, &store, &clock, Arc::new(SeededRandom::new(3)));
    let world = World { cashier, prices: prices(), cancel: CancellationToken::new() };
    let step = world.step("n1/1/plan/0");
    let paid = step.pay(&world.call()).await.unwrap();
    let refused = failed(Class::QuotaOfMinute, Billed::No, Some(Duration::from_secs(900)));
    paid.end(CallEnd::Failed(&refused)).await;
    let began = Instant::now();
    let paid = step.pay(&PaidCall { engine: "other", ..world.call() }).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    paid.end(answer(USED, true)).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_claim_reads_it_and_writes_nothing() {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let shared = Arc::clone(&store) as Arc<dyn Store>;
    Cashier::migrate(&shared).await.unwrap();
    let cashier = Cashier::with(BTreeMap::new(), NO_LIMITS, &shared, &clock, Arc::new(SeededRandom::new(3)));
    let step = cashier.of_step(&acme(), &"n1/1/plan/0".parse().unwrap(), NO_LIMITS);
    let key = Digest::of(b"an answer");
    let held = step.claim(&key).await.unwrap().expect("it is free");
    let before = store.calls();
    for _ in 0..10 {
        assert!(step.claim(&key).await.unwrap().is_none());
    }
    assert_eq!(store.calls() - before, 10, "one read each");
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn who_wants_an_equal_call_gets_what_it_brings_or_makes_it_where_nobody_does() {
    let world = world(PLENTY, NO_LIMITS).await;
    let (step, key, kept) = (world.step("n1/1/plan/0"), Digest::of(b"an answer"), Mutex::new(None::<u32>));
    let waits = (Duration::from_millis(250), Duration::from_secs(2));
    let wait = || claim_or_find(waits, &world.cancel, || step.claim(&key), || async { Ok(*kept.lock()) });
    let Ok(Claimed::Ours(held)) = wait().await else { panic!("it is free") };
    let keeps = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        *kept.lock() = Some(7);
        drop(held);
    };
    let (found, ()) = tokio::join!(wait(), keeps);
    assert!(matches!(found, Ok(Claimed::Found(7))), "{found:?}");
    assert!(matches!(wait().await, Ok(Claimed::Found(7))), "also where nobody has claimed it");

    *kept.lock() = None;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let Ok(Claimed::Ours(held)) = wait().await else { panic!("nobody has made it") };
    let gives_up = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        drop(held);
    };
    let (again, ()) = tokio::join!(wait(), gives_up);
    assert!(matches!(again, Ok(Claimed::Ours(_))), "whoever gave it up leaves it to others: {again:?}");
    world.cancel.cancel();
    assert_eq!(wait().await.unwrap_err().reason, Reason::Cancelled, "nobody wants it");
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_is_dropped_is_free_at_once_and_one_of_somebody_who_died_after_a_while() {
    let world = world(PLENTY, NO_LIMITS).await;
    let (step, key) = (world.step("n1/1/plan/0"), Digest::of(b"an answer"));
    let held = step.claim(&key).await.unwrap().expect("it is free");
    assert!(step.claim(&key).await.unwrap().is_none());
    drop(held);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let held = step.claim(&key).await.unwrap().expect("it is free again");
    tokio::time::sleep(Duration::from_secs(305)).await;
    assert!(step.claim(&key).await.unwrap().is_none(), "its holder lives");
    // A process that dies moves nothing on, and gives nothing back.
    held.abandon();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(step.claim(&key).await.unwrap().is_none());
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(step.claim(&key).await.unwrap().is_some());
}
