//! How well false sentences are told from true ones: plants errors by rule into true utterances
//! about passages of other hands, has the ai service's grounding check judge both, and counts.

mod opinion;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Error, Result, bail};
use clap::Args;
use lectern_testkit::grounding::{self, Fact, Paraphrases, Planted, SEED};
use serde::{Deserialize, Serialize};

use self::table::Table;
use crate::{process, programs, scores};

/// The page that has the table.
const PAGE: &str = "docs/grounding.md";

/// What to measure, and where the results go.
#[derive(Args)]
pub struct Options {
    /// Puts the table into docs/grounding.md.
    #[arg(long)]
    write: bool,
    /// Beside it, which errors spaCy's named entities give away; the first time it fetches some
    /// 90 MB.
    #[arg(long)]
    second_opinion: bool,
    /// The seed of the errors.
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// The check as an example that is built already, instead of one built with the `ci` profile.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// A claim, and what it must follow from.
#[derive(Serialize)]
struct Question<'a> {
    claim: &'a str,
    sources: [&'a str; 1],
}

/// What the check answers.
#[derive(Deserialize)]
struct Verdict {
    faults: Vec<Fault>,
}

#[derive(Deserialize)]
struct Fault {
    kind: String,
    found: String,
}

/// Prints what was misjudged and the table; status 1 when it misses a goal.
pub fn run(options: &Options) -> Result<ExitCode> {
    let facts = grounding::facts().map_err(Error::msg)?;
    let planted = grounding::plant(&facts, options.seed);
    let questions = questions(&planted, &facts);
    let program = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("no program at {}", program.display()))?,
        None => programs::build_example("grounding")?,
    };
    let begun = Instant::now();
    let verdicts = ask(&program, &questions)?;
    let seconds = begun.elapsed().as_secs_f64();
    say_misjudged(&questions, &verdicts, &planted);
    let refused: Vec<bool> = verdicts.iter().map(|verdict| !verdict.faults.is_empty()).collect();
    let second = if options.second_opinion { Some(opinion::refused(&questions)?) } else { None };
    let mut table = Table::of(&planted, &refused, second.as_deref(), seconds);
    for set in Paraphrases::ALL {
        let facts = grounding::paraphrases(set).map_err(Error::msg)?;
        let questions = self::questions(&[], &facts);
        let verdicts = ask(&program, &questions)?;
        say_misjudged(&questions, &verdicts, &[]);
        let refused: Vec<bool> = verdicts.iter().map(|verdict| !verdict.faults.is_empty()).collect();
        table = table.with(set.word(), &refused);
    }
    println!("{table}");
    if options.write {
        if options.seed != SEED {
            bail!("the page has the scores of seed {SEED} alone: leave `--seed` out");
        }
        scores::write(PAGE, "scores", &table.to_string())?;
    }
    Ok(if table.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The errors, and behind them every true utterance.
fn questions<'a>(planted: &'a [Planted], facts: &'a [Fact]) -> Vec<Question<'a>> {
    let errors = planted.iter().map(|error| Question { claim: &error.claim, sources: [&error.passage] });
    let truths = facts
        .iter()
        .flat_map(|fact| fact.truths.iter().map(|truth| Question { claim: truth, sources: [&fact.passage] }));
    errors.chain(truths).collect()
}

fn ask(program: &Path, questions: &[Question<'_>]) -> Result<Vec<Verdict>> {
    let output = process::fed(&mut Command::new(program), &lines(questions)?).context("the check")?;
    if !output.status.success() {
        bail!("the check ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    answers(&output.stdout, questions.len())
}

/// JSON lines.
fn lines(questions: &[Question<'_>]) -> Result<Vec<u8>> {
    let mut input = Vec::new();
    for question in questions {
        serde_json::to_writer(&mut input, question)?;
        input.push(b'\n');
    }
    Ok(input)
}

/// As many answers as there were questions.
fn answers<T: for<'de> Deserialize<'de>>(output: &[u8], expected: usize) -> Result<Vec<T>> {
    let text = std::str::from_utf8(output).context("the answers")?;
    let answers = text.lines().map(serde_json::from_str).collect::<Result<Vec<T>, _>>()?;
    if answers.len() != expected {
        bail!("{} answers to {expected} questions", answers.len());
    }
    Ok(answers)
}

/// Each error that passed, and each truth that did not.
fn say_misjudged(questions: &[Question<'_>], verdicts: &[Verdict], planted: &[Planted]) {
    for (place, (question, verdict)) in questions.iter().zip(verdicts).enumerate() {
        match planted.get(place) {
            Some(error) if verdict.faults.is_empty() => {
                println!("passed ({}, {}): {}\n  true: {}", error.kind.word(), error.rule, error.claim, error.truth);
            }
            None if !verdict.faults.is_empty() => {
                let faults = verdict.faults.iter().map(|fault| format!("{} \"{}\"", fault.kind, fault.found));
                println!("refused ({}): {}", faults.collect::<Vec<_>>().join(", "), question.claim);
            }
            Some(_) | None => continue,
        }
        let [source] = question.sources;
        println!("  source: {source}");
    }
}
