//! Sums over attempts: what a narration cost, and what a tenant spends by day, engine and model.

use std::collections::BTreeMap;

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Failure, Kind, Reason, Timestamp};
use lectern_store::{MAX_LIMIT, Op, Query};
use serde::{Deserialize, Serialize};

use super::{AttemptRecord, AttemptState, Ledger};
use crate::day::Day;
use crate::money::MicroUsd;
use crate::usage::Usage;

/// The most attempts that one question is answered from.
const MOST: usize = 100_000;
/// The most attempts of a narration that are summed up: it is done at the end of each of its steps.
const MOST_OF_NARRATION: usize = 10_000;

/// A sum over attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spent {
    /// Attempts.
    pub calls: u64,
    /// Those of them whose cost is not known, or not yet: they count as their maximum.
    pub unknown: u64,
    /// What they used, as far as that is known.
    pub usage: Usage,
    /// What they count as.
    pub cost: MicroUsd,
    /// When the first of them began; none where there is none.
    pub since: Option<Timestamp>,
}

impl Spent {
    /// The sum with one more attempt.
    #[must_use]
    fn with(self, attempt: &AttemptRecord) -> Self {
        let unknown = match attempt.state {
            AttemptState::Settled => 0,
            AttemptState::Reserved | AttemptState::Unknown => 1,
        };
        Self {
            calls: self.calls + 1,
            unknown: self.unknown + unknown,
            usage: self.usage.plus(attempt.usage),
            cost: self.cost.plus(attempt.counts_as()),
            since: Some(self.since.map_or(attempt.began, |since| since.min(attempt.began))),
        }
    }
}

/// What a tenant spent on one day with one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySpending {
    /// The day, UTC.
    pub day: Day,
    /// The engine, by its name in the settings.
    pub engine: String,
    /// The model as it was asked for.
    pub model: String,
    /// The sum.
    pub spent: Spent,
}

impl Ledger {
    /// What a narration has cost so far in all its runs, calls included that brought nothing.
    ///
    /// # Errors
    /// Those of the store; `LIMIT_EXCEEDED` beyond 10,000 attempts.
    pub async fn of_narration(&self, narration: &NarrationId) -> Result<Spent, Failure> {
        let query = Query::new().eq("narration", narration.as_str());
        let mut sum = Spent::default();
        self.each(query, MOST_OF_NARRATION, |attempt| sum = sum.with(attempt)).await?;
        Ok(sum)
    }

    /// What a tenant spent from one day to another, both included, by day, engine and model, in
    /// that order. Attempts are kept for as long as the retention says.
    ///
    /// # Errors
    /// Those of the store; `LIMIT_EXCEEDED` beyond 100,000 attempts.
    pub async fn spending(&self, tenant: &TenantId, first: Day, last: Day) -> Result<Vec<DaySpending>, Failure> {
        let query = Query::new().eq("tenant", tenant.as_str()).filter("day", Op::Gte, first.to_string()).filter(
            "day",
            Op::Lte,
            last.to_string(),
        );
        let mut sums: BTreeMap<(Day, String, String), Spent> = BTreeMap::new();
        self.each(query, MOST, |attempt| {
            let key = (attempt.day, attempt.engine.clone(), attempt.model.clone());
            let sum = sums.entry(key).or_default();
            *sum = sum.with(attempt);
        })
        .await?;
        Ok(sums.into_iter().map(|((day, engine, model), spent)| DaySpending { day, engine, model, spent }).collect())
    }

    /// Looks at each attempt that is found, of so many.
    async fn each(
        &self,
        query: Query,
        most: usize,
        mut look: impl FnMut(&AttemptRecord) + Send,
    ) -> Result<(), Failure> {
        let mut query = query.limit(MAX_LIMIT);
        let mut seen = 0;
        loop {
            let page = self.attempts.find(&query).await?;
            seen += page.items.len();
            page.items.iter().for_each(|item| look(&item.record));
            match page.next {
                None => return Ok(()),
                Some(_) if seen >= most => {
                    let message = format!("these are more than {most} calls; ask for those of fewer days");
                    return Err(Failure::new(Kind::FailedPrecondition, Reason::LimitExceeded, message));
                }
                Some(next) => query.after = Some(next),
            }
        }
    }
}
