//! Rules and dashboards, held to what Lectern really tells: the rules are checked and tested by
//! Prometheus' own tool, and a real Prometheus that has scraped a real run is asked every query of
//! every dashboard and every expression of the rules. A metric or a label that nobody exports is
//! named with the place that asks for it. A collector of other hands receives the same run by OTLP,
//! and what it received is held to what docs say of traces and metrics.

pub mod api;
mod collector;
mod names;
mod otherwise;
pub mod programs;
mod queries;
mod run;

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};
use clap::Args;

use self::programs::Programs;
use crate::{programs as own, repo};

/// What is done before.
#[derive(Args)]
pub struct Options {
    /// Runs the program as it was built last, by `cargo xtask test` say.
    #[arg(long)]
    no_build: bool,
}

/// Checks, tests and asks; prints what is wrong.
pub fn run(options: &Options) -> Result<ExitCode> {
    let programs = Programs::ready()?;
    if !options.no_build {
        own::build_some(&["lectern"])?;
    }
    let start = Instant::now();
    programs.check_rules()?;
    // The tests of the rules take some ten seconds, and the run mostly waits.
    let (tested, asked) = thread::scope(|scope| {
        let tests = scope.spawn(|| programs.test_rules());
        let asked = run::asked(&programs, &repo::bin_dir().join("lectern"));
        (tests.join(), asked)
    });
    let tests = tested.map_err(|_| anyhow!("the thread that tests the rules panicked"))??;
    let (asked, collected) = asked?;
    let problems = [asked.problems, collected.problems].concat();
    for problem in &problems {
        println!("{problem}");
    }
    println!(
        "observe: {}; {tests} files of tests, {} rules, {} queries of dashboards, {} metrics; a collector received \
         {} spans and the {} metrics of docs; {} problems ({:.1} s)",
        programs.version,
        asked.rules,
        asked.queries,
        asked.metrics,
        collected.spans,
        collected.metrics,
        problems.len(),
        start.elapsed().as_secs_f64()
    );
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
