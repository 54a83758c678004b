//! The extractive briefing beside lead-3 and `TextRank`, on papers whose authors wrote an abstract:
//! that is taken out before anything reads the paper, and is what the summaries are held to.

mod porter;
mod reference;
mod rouge;
mod summary;
mod textrank;

use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Error, Result, bail};
use clap::Args;
use lectern_core::content::document::Content;
use lectern_testkit::pdfs::{self, Pdf};
use serde::{Deserialize, Serialize};

use self::reference::Cut;
use self::rouge::Score;
use self::summary::NAMES;
use crate::{corpus, process, programs, repo, scores};

const LIST: &str = "tests/fixtures/briefing/bench.toml";
const PAGE: &str = "docs/briefing.md";
/// What a reading of a document may use; a corpus is no enemy.
const LIMITS: &str = r#"{"hint": {}, "memory_bytes": 8589934592, "cpu_seconds": 300, "open_files": 32}"#;
/// Words of a briefing: about as many as the abstracts have.
const WORDS: u32 = 130;

/// What to measure, and where the results go.
#[derive(Args)]
pub struct Options {
    /// Puts the table into docs/briefing.md.
    #[arg(long)]
    write: bool,
    /// Prints the abstracts and the summaries too.
    #[arg(long)]
    show: bool,
}

#[derive(Deserialize)]
struct Document {
    name: String,
    #[serde(flatten)]
    pdf: Pdf,
}

#[derive(Serialize)]
struct Question<'a> {
    content: &'a Content,
    words: u32,
    begins: usize,
}

#[derive(Deserialize)]
struct Answer {
    briefing: Vec<String>,
    sentences: Vec<String>,
}

/// Prints the scores; status 1 when the briefing is not the best on average.
pub fn run(options: &Options) -> Result<ExitCode> {
    let documents: Vec<Document> = pdfs::listed(LIST).map_err(Error::msg)?;
    let corpus = corpus::folder()?;
    let pdfs: Vec<Pdf> = documents.iter().map(|document| document.pdf.clone()).collect();
    corpus::fetch_all(&pdfs, &corpus)?;
    programs::build_some(&["lectern-ingest"])?;
    let program = programs::build_example("briefing")?;
    let reader = repo::bin_dir().join("lectern-ingest");
    let mut all: [Vec<Score>; NAMES.len()] = Default::default();
    for Document { name, pdf } in &documents {
        let cut = reference::cut(read(&reader, &pdf.file(&corpus))?).with_context(|| name.clone())?;
        let answer = summed_up(&program, &cut).with_context(|| name.clone())?;
        let summaries = summary::all(&answer.briefing, &answer.sentences);
        let mut line = format!("{name:<38}");
        for (summary, scores) in summaries.iter().zip(&mut all) {
            let score = rouge::score(&cut.reference, summary);
            write!(line, "{:>7.1}", score.one * 100.0)?;
            scores.push(score);
        }
        println!("{line}");
        if options.show {
            println!("  abstract: {}", cut.reference);
            NAMES.iter().zip(&summaries).for_each(|(name, summary)| println!("  {name}: {summary}"));
        }
    }
    let means = all.map(|scores| Score::mean(&scores));
    let table = table(&means)?;
    println!("\n{table}");
    if options.write {
        scores::write(PAGE, "briefing scores", &table)?;
    }
    Ok(if best(&means) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads a document as the service does, in a process of its own.
fn read(reader: &Path, file: &Path) -> Result<Content> {
    #[derive(Deserialize)]
    struct Read {
        ok: Option<Content>,
    }
    process::interrupted()?;
    let source = File::open(file).with_context(|| file.display().to_string())?;
    let output =
        Command::new(reader).args(["extract-child", LIMITS]).stdin(source).output().context("lectern-ingest")?;
    let read = serde_json::from_slice::<Read>(&output.stdout).ok().and_then(|read| read.ok);
    read.with_context(|| format!("{} could not be read: {}", file.display(), process::said(&output)))
}

fn summed_up(program: &Path, cut: &Cut) -> Result<Answer> {
    let question = Question { content: &cut.content, words: WORDS, begins: cut.begins };
    let output = process::fed(&mut Command::new(program), &serde_json::to_vec(&question)?)?;
    if !output.status.success() {
        bail!("no briefing: {}", process::said(&output).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Whether the first of these has the highest mean of its three scores.
fn best(means: &[Score]) -> bool {
    let Some((ours, others)) = means.split_first() else { return false };
    others.iter().all(|other| ours.average() > other.average())
}

fn table(means: &[Score]) -> Result<String> {
    let mut table = String::from("| | ROUGE-1 | ROUGE-2 | ROUGE-L | mean |\n| --- | --- | --- | --- | --- |\n");
    for (name, mean) in NAMES.iter().zip(means) {
        let [one, two, longest, all] = [mean.one, mean.two, mean.longest, mean.average()].map(|score| score * 100.0);
        writeln!(table, "| {name} | {one:.1} | {two:.1} | {longest:.1} | {all:.1} |")?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_list_has_thirty_documents_of_different_names() {
        let documents: Vec<Document> = pdfs::listed(LIST).unwrap();
        assert_eq!(documents.len(), 30);
        let files: BTreeSet<PathBuf> = documents.iter().map(|document| document.pdf.file(Path::new(""))).collect();
        let names: BTreeSet<&str> = documents.iter().map(|document| document.name.as_str()).collect();
        assert_eq!((files.len(), names.len()), (30, 30));
    }

    #[test]
    fn the_table_has_a_row_for_each_way_in_a_hundred() {
        let means = [Score { one: 0.381, two: 0.1, longest: 0.2 }, Score::default()];
        let table = table(&means).unwrap();
        assert!(
            table
                .ends_with("| briefing | 38.1 | 10.0 | 20.0 | 22.7 |\n| lead, same length | 0.0 | 0.0 | 0.0 | 0.0 |\n"),
            "{table}"
        );
    }

    #[test]
    fn the_best_is_the_best_on_average() {
        let score = |one, two| Score { one, two, longest: 0.2 };
        assert!(best(&[score(0.5, 0.25), score(0.25, 0.25)]));
        assert!(best(&[score(0.75, 0.25), score(0.5, 0.375)]), "also where another is better in one of the three");
        assert!(!best(&[score(0.5, 0.25), score(0.25, 0.5)]), "equal is not better");
        assert!(!best(&[]));
    }
}
