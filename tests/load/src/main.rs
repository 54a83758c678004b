//! What a narration costs, measured in one run: Lectern with stages that do nothing, the same
//! pipeline the way that was replaced, and the writes and messages that cannot be done without.
//! Each round has a NATS server and a MongoDB of its own. See docs/performance.md.

#![allow(clippy::disallowed_methods, reason = "it measures real time")]
#![allow(clippy::print_stdout, reason = "it prints a report")]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures of a report"
)]

mod callers;
mod counts;
mod floor;
mod lectern;
mod old_way;
mod overload;
mod pipeline;
mod plan;
mod report;
mod round;
mod servers;
mod stage;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use lectern_ingest::extract::child;

use crate::report::Report;
use crate::round::Times;

/// The largest round of a quick run.
const QUICK_MOST: usize = 100;

/// What is measured, and how.
#[derive(Debug, Parser)]
struct Arguments {
    /// Narrations queued at once, one round of every way for each number.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10, 100, 1_000])]
    narrations: Vec<usize>,
    /// Steps that each stage does at once.
    #[arg(long, default_value_t = 8)]
    permits: usize,
    /// The longest time of one round, in seconds; a round that is not done by then says how far it
    /// came.
    #[arg(long, default_value_t = 120)]
    most_seconds: u64,
    /// Up to 100 narrations a round, short rounds of overload, and short looks at what costs
    /// something without orders.
    #[arg(long)]
    quick: bool,
    /// Also print on which collections Lectern's operations are.
    #[arg(long)]
    detail: bool,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|name| name == child::SUBCOMMAND) {
        return child::child_main(arguments.next());
    }
    let ran = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from);
    match ran.and_then(|runtime| runtime.block_on(Box::pin(run(Arguments::parse())))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    // 30 s have all that an instance does by itself but what it does a few times an hour.
    let idle = Duration::from_secs(if arguments.quick { 10 } else { 30 });
    let times = Times { most: Duration::from_secs(arguments.most_seconds), idle };
    let mut sizes = arguments.narrations.clone();
    if arguments.quick {
        sizes.retain(|size| *size <= QUICK_MOST);
    }
    let mut report = Report::default();
    for case in plan::cases(&sizes) {
        let round = Box::pin(plan::run(case, arguments.permits, times)).await?;
        // For whoever waits: the tables come at the end.
        eprintln!("{case}, {} queued: {} finished, {:.1}/s", case.queued, round.finished(), round.rate());
        report.add(case, round);
    }
    let lasts = Duration::from_secs(if arguments.quick { 10 } else { 40 });
    let loads = Box::pin(overload::measure(arguments.permits, lasts)).await?;

    println!("permits of each stage: {}\n", arguments.permits);
    for (title, table) in [
        ("Time", report.speed()),
        ("What a narration asks for", report.work()),
        ("Commands of the database that a narration costs", report.commands()),
        ("What an instance costs that has nothing to do", report.idle()),
        ("Overload", report::overload(&loads)),
        ("Targets", report.targets(&loads)),
    ] {
        println!("### {title}\n\n{table}");
    }
    if arguments.detail {
        println!("### Operations on collections, as `top` counts them\n\n{}", report.collections());
    }
    anyhow::ensure!(report::keeps_goodput(&loads), "goodput collapses under overload");
    Ok(())
}
