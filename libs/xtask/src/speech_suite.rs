//! How well text is made speakable, and how fast: has the ai service's rules say the cases of every
//! language, each by itself, inside a sentence and at the end of one, and counts; then has them say
//! plain prose for some seconds on one thread.

mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Error, Result, bail};
use clap::Args;
use lectern_testkit::speech::{Case, LANGUAGES, carriers, cases, holds};
use serde::{Deserialize, Serialize};

use self::table::{Language, Table, Topic};
use crate::{process, programs, scores};

/// The page that has the table.
const PAGE: &str = "docs/speech.md";
/// The example that says texts, and its package.
const EXAMPLE: &str = "speech_suite";
const PACKAGE: &str = "lectern-ai";
/// How long the speed of a language is measured.
const SECONDS: &str = "3";
/// Paragraphs of plain prose, a text a language, in the order of [`LANGUAGES`].
const PROSE: [&str; LANGUAGES.len()] = [
    include_str!("speech_suite/prose/en.txt"),
    include_str!("speech_suite/prose/de.txt"),
    include_str!("speech_suite/prose/fr.txt"),
    include_str!("speech_suite/prose/es.txt"),
];

/// What to show, and where the results go.
#[derive(Args)]
pub struct Options {
    /// Puts the table into docs/speech.md.
    #[arg(long, conflicts_with = "no_speed")]
    write: bool,
    /// Prints each case that is said otherwise than it should be, with what is said.
    #[arg(long)]
    failures: bool,
    /// Leaves the speed out, whose build takes some minutes the first time.
    #[arg(long)]
    no_speed: bool,
    /// The rules as an example that is built already, instead of one built with the `ci` profile.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

#[derive(Serialize)]
struct Question<'a> {
    language: &'a str,
    text: String,
}

#[derive(Deserialize)]
struct Answer {
    said: String,
}

/// A case with all texts in which it is to be said.
struct Tried {
    case: Case,
    /// The case by itself first.
    texts: Vec<String>,
}

/// Prints what was asked for and the table; status 1 when a case or the speed misses its goal.
pub fn run(options: &Options) -> Result<ExitCode> {
    let program = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("no program at {}", program.display()))?,
        None => programs::build_example(EXAMPLE)?,
    };
    let mut languages = Vec::new();
    for language in LANGUAGES {
        let tried = tried(language)?;
        let said = ask(&program, language, &tried)?;
        languages.push(Language { tag: language, topics: judged(&tried, &said, options.failures), speed: None });
    }
    if !options.no_speed {
        let program = programs::build_measured_example(PACKAGE, EXAMPLE)?;
        for (language, prose) in languages.iter_mut().zip(PROSE) {
            language.speed = Some(bytes_a_second(&program, language.tag, prose)?);
        }
    }
    let table = Table { languages };
    println!("{}\n{table}", table.topics());
    if options.write {
        scores::write(PAGE, "scores", &table.to_string())?;
    }
    Ok(if table.passes() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The cases of a language, each with the sentences around it.
fn tried(language: &str) -> Result<Vec<Tried>> {
    let carriers = carriers(language).with_context(|| format!("no carriers of {language}"))?;
    let cases = cases(language).map_err(Error::msg)?;
    let tried = cases.into_iter().map(|case| {
        let mut texts = vec![case.written.clone()];
        if !case.alone {
            texts.extend([carriers.inside(&case.written), carriers.at_end(&case.written)]);
        }
        Tried { case, texts }
    });
    Ok(tried.collect())
}

/// What is said of all texts, in order.
fn ask(program: &Path, language: &str, tried: &[Tried]) -> Result<Vec<String>> {
    let mut input = Vec::new();
    let texts: Vec<&String> = tried.iter().flat_map(|tried| &tried.texts).collect();
    for text in &texts {
        serde_json::to_writer(&mut input, &Question { language, text: (*text).clone() })?;
        input.push(b'\n');
    }
    let output = process::fed(&mut Command::new(program), &input).context(EXAMPLE)?;
    if !output.status.success() {
        bail!("{EXAMPLE} ended with {}: {}", output.status, process::said(&output).trim());
    }
    let lines = std::str::from_utf8(&output.stdout).context("the answers")?.lines();
    let answers = lines.map(serde_json::from_str).collect::<Result<Vec<Answer>, _>>()?;
    if answers.len() != texts.len() {
        bail!("{} answers to {} texts", answers.len(), texts.len());
    }
    Ok(answers.into_iter().map(|answer| answer.said).collect())
}

/// The score of each topic, in the order of the table of cases; prints failures where they are
/// asked for.
fn judged(tried: &[Tried], said: &[String], failures: bool) -> Vec<Topic> {
    let mut topics: Vec<Topic> = Vec::new();
    let mut rest = said;
    for Tried { case, texts } in tried {
        let (answers, others) = rest.split_at(texts.len().min(rest.len()));
        rest = others;
        let right = |(place, said): (usize, &String)| {
            if place == 0 { *said == case.spoken } else { holds(said, &case.spoken) }
        };
        let verdicts: Vec<bool> = answers.iter().enumerate().map(right).collect();
        let alone = verdicts.first().copied().unwrap_or_default();
        let everywhere = verdicts.iter().all(|right| *right);
        let topic = match topics.iter().position(|topic| topic.name == case.topic) {
            Some(at) => &mut topics[at],
            None => {
                topics.push(Topic::new(&case.topic));
                let last = topics.len() - 1;
                &mut topics[last]
            }
        };
        topic.add(alone, everywhere);
        if failures {
            for ((text, said), _) in texts.iter().zip(answers).zip(&verdicts).filter(|(_, right)| !**right) {
                println!("{}: {text}\n    said   {said}\n    wanted {}", case.topic, case.spoken);
            }
        }
    }
    topics
}

fn bytes_a_second(program: &Path, language: &str, prose: &str) -> Result<u64> {
    let mut speed = Command::new(program);
    let output = process::fed(speed.args(["--speed", language, SECONDS]), prose.as_bytes())?;
    if !output.status.success() {
        bail!("{EXAMPLE} ended with {}: {}", output.status, process::said(&output).trim());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().with_context(|| format!("no speed: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(written: &str, spoken: &str) -> Tried {
        let case =
            Case { topic: "numbers".to_owned(), written: written.to_owned(), spoken: spoken.to_owned(), alone: false };
        Tried { case, texts: vec![written.to_owned(), format!("It is {written}.")] }
    }

    #[test]
    fn a_case_is_right_everywhere_where_it_is_right_in_all_its_texts() {
        let tried = [case("5", "five"), case("7", "seven"), case("9", "nine")];
        let said = ["five", "It is five.", "seven", "It is of seventy.", "ten", "It is nine."].map(str::to_owned);
        let topics = judged(&tried, &said, false);
        assert_eq!(topics.len(), 1);
        assert_eq!((topics[0].cases, topics[0].alone, topics[0].everywhere), (3, 2, 1));
    }

    #[test]
    fn there_is_prose_of_every_language() {
        for (language, prose) in LANGUAGES.into_iter().zip(PROSE) {
            assert!(prose.split("\n\n").count() >= 4 && prose.len() >= 1_000, "{language}");
            assert!(!prose.contains(|c: char| c.is_ascii_digit()), "{language}: plain prose has no digits");
        }
    }
}
