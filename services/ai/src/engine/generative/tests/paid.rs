//! What is bought of a model by steps that pay: one call of many equal ones, and none that is not
//! sent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::content::script::{Plan, Style};
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Digest, Failure, Reason, Timestamp};
use lectern_provider::{Billed, BudgetLimits, Class, Day, Place, ProviderError, Rates};
use lectern_store::Store;
use lectern_store::memory::MemoryStore;
use lectern_testkit::models::Copyist;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::fixture::{Model, World, document, order};
use crate::engine::{Generative, ScriptEngine, Writing};
use crate::model::{Completion, ModelRow, Prompt, TextModel};
use crate::payments::{Call, Cashier, Claim, Paid, Payments, StepPayments, Terms};

/// 2026-11-28, ten o'clock, and then tokio's time.
const NOW: Timestamp = Timestamp(1_795_860_000_000);
const NO_LIMITS: BudgetLimits = BudgetLimits { month: None, narration: None };

#[derive(Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        NOW.plus(self.0.elapsed())
    }
}

/// A model whose answers take longer than a claim is good for that nobody moves on.
#[derive(Debug)]
struct Slow(Arc<Model>);

#[async_trait]
impl TextModel for Slow {
    fn describe(&self) -> &ModelRow {
        self.0.describe()
    }

    async fn ready(&self) -> Result<(), ProviderError> {
        self.0.ready().await
    }

    async fn generate(&self, prompt: &Prompt, cancel: &CancellationToken) -> Result<Completion, ProviderError> {
        tokio::time::sleep(Duration::from_secs(95)).await;
        self.0.generate(prompt, cancel).await
    }
}

#[tokio::test(start_paused = true)]
async fn of_fifty_equal_orders_at_once_one_pays() {
    let model = Model::new(Copyist::default());
    let world = World::new(document(3, 6), order(Style::Briefing, 700), Arc::clone(&model));
    let engine = Generative::new("gemini", Arc::new(Slow(model)), Arc::new(SeededRandom::new(7)), "", 4);
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    Cashier::migrate(&store).await.unwrap();
    // Two processes over one store.
    let cashiers = [3, 5].map(|seed| {
        let rates = Rates { requests: 0, tokens: 0, at_once: 100 };
        let terms =
            BTreeMap::from([("gemini".to_owned(), Terms { rates, account: "one".to_owned(), place: Place::Global })]);
        Cashier::with(terms, NO_LIMITS, &store, &clock, Arc::new(SeededRandom::new(seed)))
    });
    let tenant = "acme".parse().unwrap();
    let step = |order: usize| {
        let step = format!("n{order}/1/plan/0").parse().unwrap();
        cashiers[order % 2].of_step(&tenant, &step, NO_LIMITS)
    };
    let steps: Vec<StepPayments> = (0..50).map(step).collect();
    let (engine, asked) = (&engine, &world);
    let orders = steps.iter().map(|payments| async move {
        let work = Writing { payments, ..asked.work() };
        engine.plan(&work).await.unwrap()
    });
    let plans: Vec<Plan> = futures::future::join_all(orders).await;
    assert_eq!(world.model.calls(), 1);
    assert!(plans.len() == 50 && plans.windows(2).all(|two| two[0] == two[1]));
    let today = Day::of(NOW);
    let told = cashiers[0].ledger().spending(&tenant, today, today).await.unwrap();
    let [row] = told.as_slice() else { panic!("one model: {told:?}") };
    assert_eq!((row.spent.calls, row.spent.unknown), (1, 0), "and one is in the ledger");
}

/// Payments whose call nobody wants any more once it is begun.
#[derive(Debug, Default)]
struct Stopping {
    cancel: CancellationToken,
    ended: Mutex<Vec<(Class, Billed)>>,
}

#[async_trait]
impl Payments for Stopping {
    async fn claim(&self, _: &Digest) -> Result<Option<Claim>, Failure> {
        Ok(Some(Claim::default()))
    }

    async fn begin(&self, _: &Call<'_>) -> Result<Paid, Failure> {
        self.cancel.cancel();
        Ok(Paid::default())
    }

    async fn end(&self, _: Paid, ended: Result<&Completion, &ProviderError>) {
        self.ended.lock().extend(ended.err().map(|error| (error.class, error.billed)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_stopped_before_it_is_sent_costs_nothing() {
    let world = World::new(document(3, 6), order(Style::Briefing, 300), Model::new(Copyist::default()));
    let payments = Stopping::default();
    let work = Writing { cancel: payments.cancel.clone(), payments: &payments, ..world.work() };
    let stopped = world.engine.plan(&work).await.unwrap_err();
    assert_eq!((stopped.reason, world.model.calls()), (Reason::Cancelled, 0));
    assert_eq!(*payments.ended.lock(), [(Class::Cancelled, Billed::No)]);
}
