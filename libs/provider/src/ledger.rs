//! A record of every attempt at a paid call, also of those that brought nothing: begun before the
//! call, at the most that it can cost, and settled after it by what it used.
//!
//! | state | when | counts as |
//! | --- | --- | --- |
//! | `reserved` | before and during the call | its maximum |
//! | `settled` | it was answered and said what it used, or was refused and costs nothing | what it used |
//! | `unknown` | nobody knows what became of it: it broke off, it said nothing of what it used, or whoever made it died | its maximum |
//!
//! A record changes once, from `reserved` to one of the others, by compare-and-swap. Those of a
//! narration are deleted together, the retention after the last of them was settled.

mod record;
mod spending;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Clock, Failure, OsRandom, Random, Timestamp};
use lectern_store::{Change, Collection, Direction, Op, Query, Store, StoreError};

use crate::day::Day;
use crate::error::Class;
use crate::money::MicroUsd;
use crate::usage::Usage;

pub use record::{AttemptRecord, AttemptState};
pub use spending::{DaySpending, Spent};

/// Records that are looked at at once.
const PAGE: u32 = 200;
/// The longest word of a provider's that is kept, in Unicode scalar values.
const LONGEST_WORD: usize = 80;

/// An attempt that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Who pays.
    pub tenant: TenantId,
    /// What it is made for.
    pub step: StepId,
    /// The engine, by its name in the settings.
    pub engine: String,
    /// The provider: `gemini`, `openai`.
    pub provider: String,
    /// The model as it is asked for.
    pub model: String,
    /// The most that it can cost.
    pub most: MicroUsd,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Whether what it cost is known.
    pub known: bool,
    /// What it used, as far as that is known.
    pub usage: Usage,
    /// What that costs; not looked at where it is not known.
    pub cost: MicroUsd,
    /// What went wrong, where something did.
    pub class: Option<Class>,
    /// The provider's own word for how the answer ended, or for why there is none.
    pub word: String,
    /// The model that answered, as the provider names it; empty where it does not.
    pub model_version: String,
}

/// What became of [`Ledger::settle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// What the attempt counts as.
    pub cost: MicroUsd,
    /// Whether this call settled it, and not one before.
    pub now: bool,
}

/// The attempts of a service. Clones share the store.
#[derive(Debug, Clone)]
pub struct Ledger {
    attempts: Collection<AttemptRecord>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Ledger {
    /// The attempts in `store`. Call [`Self::ensure`] once before the first use.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self::with_random(store, clock, Arc::new(OsRandom))
    }

    /// The same with a source of randomness, for simulations that replay.
    #[must_use]
    pub fn with_random(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { attempts: Collection::with_random(store, Arc::clone(&random)), clock, random }
    }

    /// Makes and verifies the collection.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`, `Ambiguous`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.attempts.ensure().await
    }

    /// Notes an attempt, before it is made; gives the id by which it is settled.
    ///
    /// # Errors
    /// Those of the store; then nothing may be bought.
    pub async fn begin(&self, attempt: Attempt) -> Result<String, Failure> {
        let now = self.clock.now();
        let id = format!("{:016x}{:016x}", self.random.next(), self.random.next());
        let Attempt { tenant, step, engine, provider, model, most } = attempt;
        let record = AttemptRecord {
            id: id.clone(),
            tenant,
            narration: step.narration.clone(),
            step,
            engine,
            provider,
            model,
            model_version: String::new(),
            day: Day::of(now),
            began: now,
            ended: None,
            open: Some(now),
            state: AttemptState::Reserved,
            usage: Usage::default(),
            reserved: most,
            settled: MicroUsd::ZERO,
            class: None,
            word: String::new(),
            updated: now,
        };
        self.attempts.insert(&record).await?;
        Ok(id)
    }

    /// Settles an attempt, unless it is settled already: a call that ends after somebody took its
    /// process for dead changes nothing.
    ///
    /// # Errors
    /// Those of the store; whoever looks for attempts that are never settled settles it then.
    pub async fn settle(&self, id: &str, settlement: &Settlement) -> Result<Settled, Failure> {
        let now = self.clock.now();
        let updated = self.attempts.update(id, |attempt| Ok(settled(attempt, settlement, now))).await?;
        Ok(Settled { cost: updated.record.settled, now: updated.written })
    }

    /// Settles at their maximum the attempts that began `after` ago or longer and were never
    /// settled: whoever made them died. How many.
    ///
    /// # Errors
    /// Those of the store; call it again.
    pub async fn settle_lost(&self, after: Duration) -> Result<u64, Failure> {
        let before = self.clock.now().minus(after);
        let mut query = Query::new().filter("open", Op::Lt, before.millis()).order("open", Direction::Asc).limit(PAGE);
        let lost = Settlement {
            known: false,
            usage: Usage::default(),
            cost: MicroUsd::ZERO,
            class: None,
            word: "LOST".to_owned(),
            model_version: String::new(),
        };
        let mut count = 0;
        loop {
            let page = self.attempts.find(&query).await?;
            for item in page.items {
                match self.settle(&item.record.id, &lost).await {
                    Ok(settled) => count += u64::from(settled.now),
                    // Deleted meanwhile, after the retention.
                    Err(failure) if failure.kind == lectern_core::Kind::NotFound => {}
                    Err(failure) => return Err(failure),
                }
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(count),
            }
        }
    }

    /// Whether there is a record of an attempt for a narration.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn knows(&self, narration: &NarrationId) -> Result<bool, Failure> {
        Ok(self.attempts.count(&Query::new().eq("narration", narration.as_str()), 1).await? > 0)
    }

    /// Deletes the attempts that were settled before `before`, of narrations of which no other was
    /// settled later or is open; how many. So what a narration has cost never loses a part while
    /// calls are made for it.
    ///
    /// # Errors
    /// Those of the store; call it again.
    pub async fn sweep(&self, before: Timestamp) -> Result<u64, Failure> {
        let mut query =
            Query::new().filter("ended", Op::Lt, before.millis()).order("ended", Direction::Asc).limit(PAGE);
        let (mut swept, mut known) = (0, BTreeMap::new());
        loop {
            let page = self.attempts.find(&query).await?;
            for item in page.items {
                let AttemptRecord { id, narration, .. } = item.record;
                let goes_on = match known.get(&narration) {
                    Some(goes_on) => *goes_on,
                    None => self.goes_on(&narration, before).await?,
                };
                if !goes_on {
                    swept += u64::from(self.attempts.delete(&id, None).await?);
                }
                known.insert(narration, goes_on);
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(swept),
            }
        }
    }

    /// Whether an attempt for a narration is open, or was settled at `before` or later.
    async fn goes_on(&self, narration: &NarrationId, before: Timestamp) -> Result<bool, Failure> {
        let mut query = Query::new().eq("narration", narration.as_str()).limit(PAGE);
        loop {
            let page = self.attempts.find(&query).await?;
            if page.items.iter().any(|item| item.record.ended.is_none_or(|ended| ended >= before)) {
                return Ok(true);
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(false),
            }
        }
    }
}

/// Takes in how an attempt ended.
fn settled(attempt: &mut AttemptRecord, settlement: &Settlement, now: Timestamp) -> Change {
    if attempt.state != AttemptState::Reserved {
        return Change::Skip;
    }
    attempt.state = if settlement.known { AttemptState::Settled } else { AttemptState::Unknown };
    attempt.settled = if settlement.known { settlement.cost } else { attempt.reserved };
    attempt.usage = settlement.usage;
    attempt.class = settlement.class.map(|class| class.as_str().to_owned());
    attempt.word = word(&settlement.word);
    attempt.model_version = word(&settlement.model_version);
    attempt.ended = Some(now);
    attempt.open = None;
    attempt.updated = now;
    Change::Write
}

/// A word of a provider's, of a length that fits into a record.
fn word(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect()
}
