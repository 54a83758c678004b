//! Money as it stands in commands, events and calls between services: what a step may spend, what a
//! narration has spent, what a tenant spent day by day.

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Failure, Timestamp};
use lectern_proto::v1 as api;
use lectern_proto::work::v1 as work;

use crate::budget::Limits as BudgetLimits;
use crate::cashier::Cashier;
use crate::day::Day;
use crate::ledger::{DaySpending, Ledger, Spent};
use crate::money::MicroUsd;

/// Days that one call is about at most.
const MOST_DAYS: i64 = 92;

/// Whose calls a ledger has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Those of writers.
    Writers,
    /// Those of speech engines.
    Engines,
}

/// What a step may spend, as its command says.
#[must_use]
pub fn limits(budget: Option<work::Budget>) -> BudgetLimits {
    let month = budget.and_then(|budget| budget.month_micro_usd).map(MicroUsd::of_signed);
    BudgetLimits { month, narration: None }
}

/// What a narration has spent by now, for the event of one of its steps.
///
/// None where it cannot be summed up: a step that is done does not fail for its bill, which is told
/// again with the next one.
pub async fn spent(cashier: &Cashier, narration: &NarrationId) -> Option<work::Spent> {
    let Spent { calls, unknown, usage, cost, since } = match cashier.spent(narration).await {
        Ok(spent) => spent,
        Err(failure) => {
            tracing::warn!(%narration, %failure, "a step is done, and what its narration has cost by now is not told");
            return None;
        }
    };
    Some(work::Spent {
        call_count: signed(calls),
        unknown_call_count: signed(unknown),
        input_token_count: signed(usage.input),
        cached_token_count: signed(usage.cached),
        output_token_count: signed(usage.output),
        thought_token_count: signed(usage.thoughts),
        cost_micro_usd: cost.signed(),
        first_call_millis: signed(since.map_or(0, |since| since.millis())),
        character_count: signed(usage.characters),
    })
}

/// What a tenant spent on the calls of `callers` in the days that are asked for, first and last: to
/// the day of `now`, and from the first of that month, where nothing is said.
///
/// # Errors
/// `INVALID_FIELD` for `first_day` or `last_day`, and what the ledger answers.
pub async fn spending(
    ledger: &Ledger,
    callers: Callers,
    tenant: &TenantId,
    asked: (&str, &str),
    now: Timestamp,
) -> Result<Vec<api::DayUsage>, Failure> {
    let (first, last) = days(asked, Day::of(now))?;
    let found = ledger.spending(tenant, first, last).await?;
    Ok(found.into_iter().map(|spending| to_wire(spending, callers)).collect())
}

/// The days that are asked for.
fn days((first_day, last_day): (&str, &str), today: Day) -> Result<(Day, Day), Failure> {
    let read = |field: &str, text: &str, unset: Day| {
        if text.is_empty() {
            return Ok(unset);
        }
        text.parse::<Day>().map_err(|error| Failure::invalid(field, format!("{field}: {error}")))
    };
    let last = read("last_day", last_day, today)?;
    let first = read("first_day", first_day, last.first_of_month())?;
    let between = last.since(first);
    if between < 0 {
        return Err(Failure::invalid("last_day", format!("last_day is {last}, before {first}; name a later one")));
    }
    if between > MOST_DAYS {
        let message = format!("from {first} to {last} are more than {MOST_DAYS} days; ask for fewer at once");
        return Err(Failure::invalid("first_day", message));
    }
    Ok((first, last))
}

fn to_wire(spending: DaySpending, callers: Callers) -> api::DayUsage {
    let DaySpending { day, engine: name, model, spent: Spent { calls, unknown, usage, cost, since: _ } } = spending;
    let bill = api::Bill {
        call_count: signed(calls),
        unknown_call_count: signed(unknown),
        input_token_count: signed(usage.input),
        cached_token_count: signed(usage.cached),
        output_token_count: signed(usage.output),
        thought_token_count: signed(usage.thoughts),
        cost_micro_usd: cost.signed(),
        character_count: signed(usage.characters),
    };
    let (writer, engine) = match callers {
        Callers::Writers => (name, String::new()),
        Callers::Engines => (String::new(), name),
    };
    api::DayUsage { day: day.to_string(), writer, model, bill: Some(bill), engine }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(first: &str, last: &str) -> Result<(String, String), Option<String>> {
        let today = "2026-11-28".parse().unwrap();
        let days = days((first, last), today).map_err(|failure| failure.field)?;
        Ok((days.0.to_string(), days.1.to_string()))
    }

    #[test]
    fn days_are_those_of_this_month_unless_others_are_named() {
        for (first, last, from, to) in [
            ("", "", "2026-11-01", "2026-11-28"),
            ("", "2026-09-15", "2026-09-01", "2026-09-15"),
            ("2026-11-27", "", "2026-11-27", "2026-11-28"),
            ("2026-08-28", "2026-11-28", "2026-08-28", "2026-11-28"),
        ] {
            assert_eq!(asked(first, last), Ok((from.to_owned(), to.to_owned())), "{first} to {last}");
        }
        for (first, last, field) in [
            ("2026-11-29", "", "last_day"),
            ("2026-08-27", "2026-11-28", "first_day"),
            ("yesterday", "", "first_day"),
            ("", "2026-02-30", "last_day"),
        ] {
            assert_eq!(asked(first, last), Err(Some(field.to_owned())), "{first} to {last}");
        }
    }

    #[test]
    fn a_command_says_the_month_s_budget_or_nothing() {
        assert_eq!(limits(None), BudgetLimits::default());
        assert_eq!(limits(Some(work::Budget { month_micro_usd: None })), BudgetLimits::default());
        let month = limits(Some(work::Budget { month_micro_usd: Some(7) }));
        assert_eq!(month, BudgetLimits { month: Some(MicroUsd::new(7)), narration: None });
    }
}
