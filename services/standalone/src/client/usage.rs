//! `lectern usage`: what was spent on writers and voices that cost money.

use lectern_proto::v1::{Bill, DayUsage};
use lectern_provider::MicroUsd;
use lectern_runtime::Context;

use super::instance::{Instance, Work};
use super::manage::{json, unless_interrupted};
use super::out::{self, Mode, Out};
use super::words::{self, Stop};
use crate::cli::Usage;
use crate::config::Config;

/// Prints what each day cost by writer or speech engine, and by model, and their sum.
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

/// A row a day, engine and model, and one of them all where there are several.
fn rows(days: &[DayUsage]) -> Vec<Vec<String>> {
    let of = |day: &str, engine: &str, model: &str, bill: &Bill| {
        let mut cells: Vec<String> = [day, engine, model].map(str::to_owned).into();
        cells.extend([
            words::count(bill.call_count, "call"),
            format!("{} tokens read", bill.input_token_count),
            format!("{} written", bill.output_token_count.saturating_add(bill.thought_token_count)),
            format!("{} characters spoken", bill.character_count),
            MicroUsd::of_signed(bill.cost_micro_usd).to_string(),
        ]);
        if bill.unknown_call_count > 0 {
            cells.push(format!("at most: the cost of {} is not known", words::count(bill.unknown_call_count, "call")));
        }
        cells
    };
    let (mut rows, mut sum) = (Vec::new(), Bill::default());
    for DayUsage { day, writer, model, bill, engine } in days {
        let bill = bill.unwrap_or_default();
        rows.push(of(day, if writer.is_empty() { engine } else { writer }, model, &bill));
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
        character_count: a.character_count.saturating_add(b.character_count),
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
            character_count: 0,
        };
        let day = |day: &str, bill| DayUsage {
            day: day.to_owned(),
            writer: "gemini".to_owned(),
            model: "flash".to_owned(),
            bill: Some(bill),
            engine: String::new(),
        };
        let (one, two) = (day("2026-11-01", bill(1, 0)), day("2026-11-02", bill(3, 1)));
        let cost = |micro| MicroUsd::of_signed(micro).to_string();
        let (read, spoken) = ("900 tokens read", "0 characters spoken");
        let first = ["2026-11-01", "gemini", "flash", "1 call", read, "42 written", spoken, &cost(12_000)];
        assert_eq!(rows(std::slice::from_ref(&one)), [first]);
        let all = rows(&[one, two]);
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].last().map(String::as_str), Some("at most: the cost of 1 call is not known"));
        let sum = ["all", "", "", "4 calls", "1800 tokens read", "84 written", spoken, &cost(24_000)];
        assert_eq!(all[2][..8], sum);
        let characters = Bill { call_count: 1, character_count: 70, cost_micro_usd: 2_100, ..Bill::default() };
        let voice = DayUsage { writer: String::new(), engine: "google".to_owned(), ..day("2026-11-01", characters) };
        let of_voice = rows(&[voice]);
        assert_eq!((of_voice[0][1].as_str(), of_voice[0][6].as_str()), ("google", "70 characters spoken"));
        assert!(rows(&[]).is_empty());
    }
}
