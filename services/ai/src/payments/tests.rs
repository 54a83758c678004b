//! What is written down and counted around calls of a model in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::TenantId;
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Digest, Reason, Timestamp};
use lectern_provider::{
    Billed, BudgetKind, BudgetLimits, Class, Day, MicroUsd, Place, ProviderError, Rates, Spent, Usage,
};
use lectern_runtime::Secret;
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::WriterConfig;
use crate::model::{Completion, Finish, ModelRow, Prompt, Provider, Rows};

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
    row: ModelRow,
    cancel: CancellationToken,
}

async fn world(rates: Rates, budget: BudgetLimits) -> World {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await.unwrap();
    let terms =
        BTreeMap::from([("gemini".to_owned(), Terms { rates, account: ACCOUNT.to_owned(), place: Place::Global })]);
    let cashier = Cashier::with(terms, budget, &store, &clock, Arc::new(SeededRandom::new(3)));
    let row = Rows::built_in().unwrap().model(Provider::Gemini, "gemini-3.8-flash").unwrap();
    World { cashier, row, cancel: CancellationToken::new() }
}

const ACCOUNT: &str = "one";
const PLENTY: Rates = Rates { requests: 0, tokens: 0, at_once: 100 };
const NO_LIMITS: BudgetLimits = BudgetLimits { month: None, narration: None };

fn acme() -> TenantId {
    "acme".parse().unwrap()
}

fn prompt() -> Prompt {
    Prompt {
        system: "s".repeat(100),
        user: "u".repeat(300),
        data: vec![],
        schema: json!({}),
        max_output_tokens: 1_000,
        seed: None,
    }
}

fn answer(usage: Usage, finish: Finish) -> Completion {
    Completion {
        text: "{}".to_owned(),
        finish,
        finish_raw: "STOP".to_owned(),
        usage,
        model_version: "gemini-3.8-flash".to_owned(),
        raw_usage: json!({}),
    }
}

/// What 100 tokens of prompt and 50 of answer cost in November 2026: 0.75 and 3.75 USD a million.
const USED: Usage = Usage { input: 100, cached: 0, output: 40, thoughts: 10 };
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

    fn call<'a>(&'a self, prompt: &'a Prompt) -> Call<'a> {
        Call { writer: "gemini", row: &self.row, prompt, cancel: &self.cancel }
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
    let (step, prompt) = (world.step("n1/1/plan/0"), prompt());
    let call = world.call(&prompt);
    let paid = step.begin(&call).await.unwrap();
    let reserved = world.spent().await;
    let (input, output) = call.most();
    assert!(input >= 400 && output == 9_192, "bytes of the prompt, and all that may be thought and written");
    let most = (input * 750_000).div_ceil(1_000_000) + (output * 3_750_000).div_ceil(1_000_000);
    assert!((reserved.cost.get()).abs_diff(most) <= 1 && reserved.unknown == 1, "{reserved:?}");
    assert_eq!(world.month().await, reserved.cost);

    step.end(paid, Ok(&answer(USED, Finish::Stop))).await;
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
    let (step, prompt) = (world.step("n1/1/plan/0"), prompt());
    let cut = failed(Class::Interrupted, Billed::Unknown, None);
    let refused = failed(Class::Invalid, Billed::No, None);
    let silent = answer(Usage::default(), Finish::Stop);
    let left = answer(USED, Finish::Repeating);
    let mut unknown = 0;
    for (ended, known) in [(Err(&cut), false), (Err(&refused), true), (Ok(&silent), false), (Ok(&left), false)] {
        let before = world.spent().await.cost;
        let paid = step.begin(&world.call(&prompt)).await.unwrap();
        let reserved = world.spent().await.cost.less(before);
        step.end(paid, ended).await;
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
    let (step, prompt) = (world.step("n1/1/plan/0"), prompt());
    let paid = step.begin(&world.call(&prompt)).await.unwrap();
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
    let (step, prompt) = (world.step("n1/1/plan/0"), prompt());
    let paid = step.begin(&world.call(&prompt)).await.unwrap();
    let reserved = world.month().await;
    drop(paid);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.cashier.ledger().settle_lost(Duration::ZERO).await, Ok(0), "it is settled");
    let attempts = world.spent().await;
    assert_eq!((attempts.calls, attempts.unknown, attempts.cost), (1, 1, reserved));
    assert_eq!(world.month().await, reserved);
}

#[tokio::test(start_paused = true)]
async fn a_narration_stops_at_the_end_of_its_budget_and_goes_on_when_that_grows() {
    let limit = |millionths| BudgetLimits { month: None, narration: Some(MicroUsd::new(millionths)) };
    let world = world(PLENTY, limit(40_000)).await;
    let prompt = prompt();
    let call = world.call(&prompt);
    let step = world.step("n1/1/plan/0");
    let first = step.begin(&call).await.unwrap();
    let refused = step.begin(&call).await.unwrap_err();
    assert_eq!((refused.reason, refused.retry_after), (Reason::BudgetExhausted, Some(Duration::from_secs(60))));
    assert_eq!(world.spent().await.calls, 1, "what is refused is no attempt");
    step.end(first, Ok(&answer(USED, Finish::Stop))).await;
    let again = step.begin(&call).await.unwrap();
    let richer = world.cashier.of_step(&acme(), &"n1/1/write/0".parse().unwrap(), limit(90_000));
    let second = richer.begin(&call).await.unwrap();
    step.end(again, Ok(&answer(USED, Finish::Stop))).await;
    richer.end(second, Ok(&answer(USED, Finish::Stop))).await;
    assert_eq!(world.spent().await.cost.get(), 3 * COST);
}

#[tokio::test(start_paused = true)]
async fn a_day_without_a_price_buys_nothing() {
    let mut world = world(PLENTY, NO_LIMITS).await;
    world.row.prices.retain(|row| row.first_day.is_some_and(|first| first > "2026-12-01".parse().unwrap()));
    let prompt = prompt();
    let refused = world.step("n1/1/plan/0").begin(&world.call(&prompt)).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("models_file"));
    assert_eq!(world.spent().await, Spent::default());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_costs_nothing_is_written_down_as_well() {
    let mut world = world(PLENTY, BudgetLimits { month: Some(MicroUsd::ZERO), narration: None }).await;
    world.row.prices.clear();
    let prompt = prompt();
    let step = world.step("n1/1/plan/0");
    let paid = step.begin(&world.call(&prompt)).await.unwrap();
    step.end(paid, Ok(&answer(Usage::default(), Finish::Stop))).await;
    let spent = world.spent().await;
    assert_eq!((spent.calls, spent.unknown, spent.cost), (1, 0, MicroUsd::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_has_enough_is_not_asked_before_the_time_that_it_says() {
    let world = world(PLENTY, NO_LIMITS).await;
    let (step, prompt) = (world.step("n1/1/plan/0"), prompt());
    let paid = step.begin(&world.call(&prompt)).await.unwrap();
    let limited = failed(Class::QuotaOfMinute, Billed::No, Some(Duration::from_secs(9)));
    step.end(paid, Err(&limited)).await;
    let began = Instant::now();
    let paid = step.begin(&world.call(&prompt)).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(9), "{:?}", began.elapsed());
    step.end(paid, Ok(&answer(USED, Finish::Stop))).await;

    world.cancel.cancel();
    let limited = failed(Class::QuotaOfMinute, Billed::No, Some(Duration::from_secs(3_600)));
    world.cashier.shared.shares.slow_down("gemini@one", "gemini-3.8-flash", limited.retry_after).await.unwrap();
    let stopped = step.begin(&world.call(&prompt)).await.unwrap_err();
    assert_eq!(stopped.reason, Reason::Cancelled, "nobody waits for it");
}

#[test]
fn writers_have_the_limits_of_one_account_at_one_server_in_common() {
    let known = WriterConfig {
        url: "http://127.0.0.1:11434/v1".to_owned(),
        model: "m".to_owned(),
        key: Secret::new("the-key"),
        ..WriterConfig::default()
    };
    let account = |writer: &WriterConfig| Terms::of(writer).account;
    let same = WriterConfig { temperature: Some(0.5), url: "http://127.0.0.1:11434/v2".to_owned(), ..known.clone() };
    assert_eq!(account(&known), account(&same));
    for other in [
        WriterConfig { url: "http://127.0.0.1:11435/v1".to_owned(), ..known.clone() },
        WriterConfig { key: Secret::new("another"), ..known.clone() },
        WriterConfig { project: "p".to_owned(), ..known.clone() },
        WriterConfig { key: Secret::default(), key_file: "/run/key".into(), ..known.clone() },
    ] {
        assert_ne!(account(&known), account(&other), "{other:?}");
    }
    assert!(!account(&known).contains("the-key"));
}

#[test]
fn a_model_in_a_region_has_the_prices_of_the_region() {
    for (project, location, place) in [
        ("p", "europe-west4", Place::Regional),
        ("p", "global", Place::Global),
        ("p", "", Place::Global),
        ("", "europe-west4", Place::Global),
    ] {
        let (project, location) = (project.to_owned(), location.to_owned());
        let writer = WriterConfig { project, location, ..WriterConfig::default() };
        assert_eq!(Terms::of(&writer).place, place, "{writer:?}");
    }
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
    let row = Rows::built_in().unwrap().model(Provider::Gemini, "gemini-3.8-flash").unwrap();
    let world = World { cashier, row, cancel: CancellationToken::new() };
    let (step, prompt) = (world.step("n1/1/plan/0"), prompt());
    let paid = step.begin(&world.call(&prompt)).await.unwrap();
    step.end(paid, Err(&failed(Class::QuotaOfMinute, Billed::No, Some(Duration::from_secs(900))))).await;
    let began = Instant::now();
    let paid = step.begin(&Call { writer: "other", ..world.call(&prompt) }).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    step.end(paid, Ok(&answer(USED, Finish::Stop))).await;
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

#[test]
fn the_page_of_the_database_is_that_of_the_records() {
    use lectern_provider::{AttemptRecord, BudgetRecord, ShareRecord};
    use lectern_store::describe;
    let text =
        [describe::<AttemptRecord>(), describe::<BudgetRecord>(), describe::<ShareRecord>(), describe::<CallRecord>()]
            .concat();
    lectern_testkit::pages::check_part("reference/database.md", "ai", &text, "the_page_of_the_database");
}
