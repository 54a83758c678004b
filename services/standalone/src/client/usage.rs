//! `lectern usage`: what was spent on writers that cost money.

use lectern_proto::v1::{Bill, DayUsage};
use lectern_provider::MicroUsd;
use lectern_runtime::Context;

use super::instance::{Instance, Work};
use super::manage::{json, unless_interrupted};
use super::out::{self, Mode, Out};
use super::words::{self, Stop};
use crate::cli::Usage;
use crate::config::Config;

/// Prints what each day cost by writer and model, and their sum.
///
/// # Errors
/// What the server answers.
pub async fn run(usage: Usage, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::of(usage.json, false));
    let instance = Box::pin(Instance::open(&usage.at, Work::Idle, &config, &context, &out)).await?;
    let (from, to) = (usage.from.unwrap_or_default(), usage.to.unwrap_or_default());
    let result = unless_interrupted(&context, instance.client.usage(&from, &to)).await;
    let days = instance.close(result.map_err(Stop::from)).await?;
    days.iter().for_each(|day| out.json(&json::day_usage(day)));
    out::table(&rows(&days)).iter().for_each(|line| out.line(line));
    if days.is_empty() {
        out.say("nothing was spent in that time");
    }
    Ok(out.finish()?)
}

/// A row a day, writer and model, and one of them all where there are several.
fn rows(days: &[DayUsage]) -> Vec<Vec<String>> {
    let of = |day: &str, writer: &str, model: &str, bill: &Bill| {
        let mut cells: Vec<String> = [day, writer, model].map(str::to_owned).into();
        cells.extend([
            words::count(bill.call_count, "call"),
            format!("{} tokens read", bill.input_token_count),
            format!("{} written", bill.output_token_count.saturating_add(bill.thought_token_count)),
            MicroUsd::of_signed(bill.cost_micro_usd).to_string(),
        ]);
        if bill.unknown_call_count > 0 {
            cells.push(format!("at most: the cost of {} is not known", words::count(bill.unknown_call_count, "call")));
        }
        cells
    };
    let (mut rows, mut sum) = (Vec::new(), Bill::default());
    for DayUsage { day, writer, model, bill } in days {
        let bill = bill.unwrap_or_default();
        rows.push(of(day, writer, model, &bill));
        sum = plus(&sum, &bill);
    }
    if days.len() > 1 {
        rows.push(of("all", "", "", &sum));
    }
    rows
}

fn plus(a: &Bill, b: &Bill) -> Bill {
    Bill {
        call_count: a.call_count.saturating_add(b.call_count),
        unknown_call_count: a.unknown_call_count.saturating_add(b.unknown_call_count),
        input_token_count: a.input_token_count.saturating_add(b.input_token_count),
        cached_token_count: a.cached_token_count.saturating_add(b.cached_token_count),
        output_token_count: a.output_token_count.saturating_add(b.output_token_count),
        thought_token_count: a.thought_token_count.saturating_add(b.thought_token_count),
        cost_micro_usd: a.cost_micro_usd.saturating_add(b.cost_micro_usd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_is_a_row_and_all_of_them_are_summed_up() {
        let bill = |call_count, unknown_call_count| Bill {
            call_count,
            unknown_call_count,
            input_token_count: 900,
            cached_token_count: 0,
            output_token_count: 40,
            thought_token_count: 2,
            cost_micro_usd: 12_000,
        };
        let day = |day: &str, bill| DayUsage {
            day: day.to_owned(),
            writer: "gemini".to_owned(),
            model: "flash".to_owned(),
            bill: Some(bill),
        };
        let (one, two) = (day("2026-11-01", bill(1, 0)), day("2026-11-02", bill(3, 1)));
        let cost = |micro| MicroUsd::of_signed(micro).to_string();
        let first = ["2026-11-01", "gemini", "flash", "1 call", "900 tokens read", "42 written", &cost(12_000)];
        assert_eq!(rows(std::slice::from_ref(&one)), [first]);
        let all = rows(&[one, two]);
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].last().map(String::as_str), Some("at most: the cost of 1 call is not known"));
        let sum = ["all", "", "", "4 calls", "1800 tokens read", "84 written", &cost(24_000)];
        assert_eq!(all[2][..7], sum);
        assert!(rows(&[]).is_empty());
    }
}
