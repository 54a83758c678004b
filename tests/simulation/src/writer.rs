//! The paid writer of a simulated ai: it buys answers of a model, as
//! `services/ai/src/engine/generative/ask.rs` does, with the payments as they are: budgets, shares,
//! claims and the ledger, over the service's own store. The model is simulated, and so is what
//! becomes of its answers: they have nothing in them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_ai::model::{Completion, Finish, ModelRow, Prompt, Provider, Rows};
use lectern_ai::payments::{Call, Cashier, LOOK_AGAIN, Payments, Terms};
use lectern_core::random::SeededRandom;
use lectern_core::{Digest, Failure, Random};
use lectern_provider::{
    Billed, BudgetLimits, Claimed, Class, MicroUsd, Place, ProviderError, Rates, Usage, claim_or_find,
};
use lectern_stage::Job;
use lectern_store::Store;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::observer::{INPUT, Observer};
use crate::plan::{Outage, Plan, SCRIPT_ENGINE};
use crate::process::Process;

/// The model, at a millionth of a US dollar a token.
const MODEL: &str = "sim-1";
const ROW: &str = r#"
[[models]]
provider = "gemini"
id = "sim-1"
context = 100000
output = 8192
source = "the simulation"

[[models.prices]]
input = 1000000
cached = 1000000
output = 1000000
source = "the simulation"
"#;
/// The most tokens of an answer: more than there are calls in a world.
const OUTPUT: u32 = 1_024;
/// Calls of the model at once, by all replicas together.
const AT_ONCE: u32 = 16;
/// Answers that are lost on their way, in thousandths.
const LOST: u64 = 20;
/// Records of payments are kept for longer than any world lasts.
const KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// A writer that costs money.
#[derive(Debug)]
pub struct PaidWriter {
    process: Arc<Process>,
    plan: Arc<Plan>,
    observer: Arc<Observer>,
    cashier: Cashier,
    row: ModelRow,
    start: Instant,
    chance: SeededRandom,
}

impl PaidWriter {
    /// The writer of `process`, which pays over `store`; the world began at `start`.
    ///
    /// # Errors
    /// Those of the store, which cannot be used yet.
    pub async fn open(
        process: Arc<Process>,
        plan: Arc<Plan>,
        observer: Arc<Observer>,
        store: &Arc<dyn Store>,
        start: Instant,
    ) -> Result<Self, Failure> {
        Cashier::migrate_with_random(store, Arc::clone(&process.random)).await?;
        let rates = Rates { requests: 0, tokens: 0, at_once: AT_ONCE };
        let terms = Terms { rates, account: "simulated".to_owned(), place: Place::Global };
        let terms = BTreeMap::from([(SCRIPT_ENGINE.to_owned(), terms)]);
        let random = Arc::clone(&process.random);
        let cashier = Cashier::with(terms, BudgetLimits::default(), store, &process.clock, random);
        let row = Rows::built_in()?.with(ROW)?.model(Provider::Gemini, MODEL);
        let row = row.ok_or_else(|| Failure::internal("there is no row of the model"))?;
        let chance = SeededRandom::new(process.random.next());
        Ok(Self { process, plan, observer, cashier, row, start, chance })
    }

    /// What does by itself what nobody else does for payments, without end.
    pub fn maintain(&self) -> impl Future<Output = ()> + Send + use<> {
        let cashier = self.cashier.clone();
        async move { cashier.maintain(KEPT, CancellationToken::new()).await }
    }

    /// Sees to it that there is an answer to `question` on the way to `result`: a kept one, or one
    /// that is bought and kept before anything is made of it.
    ///
    /// # Errors
    /// `BUDGET_EXHAUSTED`, `CANCELLED`; those of the model, of the store and of object storage.
    pub async fn ask(&self, job: &Job, result: &Digest, question: &str) -> Result<(), Failure> {
        let key = Digest::keyed(&result.0, &[question.as_bytes()]);
        let path = job.objects.folder().answer(result, &key);
        if job.objects.find(&path).await?.is_some() {
            return Ok(());
        }
        let month = self.plan.budget(self.start.elapsed()).map(MicroUsd::new);
        let payments = self.cashier.of_step(&job.tenant, &job.step, BudgetLimits { month, narration: None });
        let (claim, find) = (|| payments.claim(&key), || job.objects.find(&path));
        let claim = match claim_or_find((LOOK_AGAIN, LOOK_AGAIN), &job.cancel, claim, find).await? {
            Claimed::Ours(claim) => claim,
            Claimed::Found(_) => return Ok(()),
        };
        job.before_payment().await?;
        let prompt = prompt(question);
        let call = Call { writer: SCRIPT_ENGINE, row: &self.row, prompt: &prompt, cancel: &job.cancel };
        let paid = payments.begin(&call).await?;
        let answered = self.call(job, &path).await;
        payments.end(paid, answered.as_ref()).await;
        let answer = answered.map_err(|error| error.failure(SCRIPT_ENGINE))?;
        job.objects.write(&path, answer.text).await?;
        drop(claim);
        self.observer.judges(&self.process.name, &path);
        Ok(())
    }

    /// One call of the model, unless nobody wants it any more before it ends.
    async fn call(&self, job: &Job, path: &str) -> Result<Completion, ProviderError> {
        let longest = u64::try_from(self.plan.engine.as_millis()).unwrap_or(u64::MAX);
        let takes = Duration::from_millis(10 + self.chance.below(longest));
        let call = async {
            let now = self.start.elapsed();
            if let Some(outage) = self.plan.outage(SCRIPT_ENGINE, now) {
                self.process.trace.count("failed engine calls");
                return Err(refused(outage, now));
            }
            let number = self.observer.bought(&self.process.name, path, &job.tenant, &job.step);
            tokio::time::sleep(takes).await;
            if self.process.happens(LOST) {
                self.process.trace.count("answers of a model that were lost");
                return Err(broken());
            }
            Ok(answer(number))
        };
        let called = job.cancel.run_until_cancelled(self.process.call("engine", SCRIPT_ENGINE, call)).await;
        called.unwrap_or_else(|| Err(ProviderError::cancelled(Billed::Unknown)))
    }
}

fn prompt(question: &str) -> Prompt {
    Prompt {
        system: "the simulation".to_owned(),
        user: question.to_owned(),
        data: Vec::new(),
        schema: json!({}),
        max_output_tokens: OUTPUT,
        seed: None,
    }
}

/// The answer to the call of this number, by which it is known in the ledger.
fn answer(number: u64) -> Completion {
    Completion {
        text: format!("answer {number}"),
        finish: Finish::Stop,
        finish_raw: "STOP".to_owned(),
        usage: Usage { input: INPUT, output: number, ..Usage::default() },
        model_version: MODEL.to_owned(),
        raw_usage: Value::Null,
    }
}

fn refused(outage: &Outage, now: Duration) -> ProviderError {
    let (class, wait) = if outage.limits {
        (Class::QuotaOfMinute, Some(outage.until.saturating_sub(now).min(Duration::from_secs(10))))
    } else {
        (Class::Overloaded, None)
    };
    ProviderError {
        class,
        message: format!("the engine {SCRIPT_ENGINE} is away"),
        provider_reason: "AWAY".to_owned(),
        status: Some(503),
        retry_after: wait,
        billed: Billed::No,
    }
}

fn broken() -> ProviderError {
    ProviderError {
        class: Class::Interrupted,
        message: "the answer was lost on its way".to_owned(),
        provider_reason: "BROKEN".to_owned(),
        status: None,
        retry_after: None,
        billed: Billed::Unknown,
    }
}
