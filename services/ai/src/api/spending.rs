//! `GetSpending`: what a tenant spent, as the ledger has it.

use lectern_core::id::TenantId;
use lectern_core::{Failure, Timestamp};
use lectern_proto::ai::v1::GetSpendingRequest;
use lectern_proto::v1 as api;
use lectern_provider::{Day, DaySpending, Ledger, Spent};

/// Days that one call is about at most.
const MOST_DAYS: i64 = 92;

/// What a tenant spent in the days that are asked for: to the day of `now`, and from the first of
/// that month, where nothing is said.
pub(super) async fn spending(
    ledger: &Ledger,
    tenant: &TenantId,
    request: &GetSpendingRequest,
    now: Timestamp,
) -> Result<Vec<api::DayUsage>, Failure> {
    let (first, last) = days(request, Day::of(now))?;
    let found = ledger.spending(tenant, first, last).await?;
    Ok(found.into_iter().map(to_wire).collect())
}

/// The days that are asked for.
fn days(request: &GetSpendingRequest, today: Day) -> Result<(Day, Day), Failure> {
    let read = |field: &str, text: &str, unset: Day| {
        if text.is_empty() {
            return Ok(unset);
        }
        text.parse::<Day>().map_err(|error| Failure::invalid(field, format!("{field}: {error}")))
    };
    let last = read("last_day", &request.last_day, today)?;
    let first = read("first_day", &request.first_day, last.first_of_month())?;
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

fn to_wire(spending: DaySpending) -> api::DayUsage {
    let DaySpending { day, engine, model, spent: Spent { calls, unknown, usage, cost, since: _ } } = spending;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let bill = api::Bill {
        call_count: count(calls),
        unknown_call_count: count(unknown),
        input_token_count: count(usage.input),
        cached_token_count: count(usage.cached),
        output_token_count: count(usage.output),
        thought_token_count: count(usage.thoughts),
        cost_micro_usd: cost.signed(),
    };
    api::DayUsage { day: day.to_string(), writer: engine, model, bill: Some(bill) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(first: &str, last: &str) -> Result<(String, String), Option<String>> {
        let request = GetSpendingRequest { first_day: first.to_owned(), last_day: last.to_owned() };
        let today = "2026-11-28".parse().unwrap();
        let days = days(&request, today).map_err(|failure| failure.field)?;
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
}
