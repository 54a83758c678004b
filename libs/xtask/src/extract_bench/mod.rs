//! How well PDFs of other hands are read: fetches the pinned documents, has Lectern and a peer read
//! them, and scores both against what poppler and PDFium find on the pages.
//!
//! The scorer is Python and shares no code with the extractors. It and the peer come from PyPI,
//! every file pinned by SHA-256, into folders of the tools; the peer is under the AGPL, and is run
//! as a process of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Error, Result, bail};
use clap::Args;
use lectern_testkit::pdfs::{self, Pdf};
use serde::{Deserialize, Serialize};

use crate::process::{self, ensure_debian};
use crate::pypi::Packages;
use crate::{corpus, programs, repo};

const LIST: &str = "tests/fixtures/pdf/bench.toml";
const SCRIPTS: &str = "libs/xtask/src/extract_bench";
const REQUIREMENTS: &str = include_str!("requirements.txt");
const PEER_REQUIREMENTS: &str = include_str!("peer-requirements.txt");
/// Grows with the requirements.
const VERSION: u32 = 1;

/// What to measure, and where the results go.
#[derive(Args)]
pub struct Options {
    /// Only the documents of these names.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// The peer too, PyMuPDF4LLM: some ten minutes more.
    #[arg(long)]
    peer: bool,
    /// Narrates every document whole with the tone engine.
    #[arg(long)]
    narrate: bool,
    /// All measures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Every word, head, bookmark and paragraph that counts against a document: a file for each.
    #[arg(long, value_name = "DIR")]
    details: Option<PathBuf>,
    /// The scorer's own tests, and no document.
    #[arg(long, conflicts_with_all = ["only", "peer", "narrate", "json", "details", "program"])]
    check: bool,
    /// A `lectern` or `lectern-ingest` that is built already, instead of one built with the `ci`
    /// profile.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// One document; what the corpus needs of it is read there.
#[derive(Deserialize)]
struct Document {
    name: String,
    producer: String,
    #[serde(flatten)]
    pdf: Pdf,
}

/// What the scorer is told.
#[derive(Serialize)]
struct Order<'a> {
    program: &'a Path,
    documents: Vec<Ordered>,
    peer: bool,
    narrate: bool,
    details: Option<&'a Path>,
    json: Option<&'a Path>,
}

#[derive(Serialize)]
struct Ordered {
    name: String,
    file: PathBuf,
    producer: String,
}

/// Prints the table; status 1 when a document misses a goal.
pub fn run(options: &Options) -> Result<ExitCode> {
    if options.check {
        let mut python = script("test_score.py", &[scorer()?])?;
        return ended(&mut python.spawn().context("python3")?);
    }
    let list: Vec<Document> = pdfs::listed(LIST).map_err(Error::msg)?;
    let unknown = options.only.iter().find(|name| !list.iter().any(|document| document.name == **name));
    if let Some(name) = unknown {
        bail!("no document is named {name}: {LIST} lists them");
    }
    let wanted = list.into_iter().filter(|document| options.only.is_empty() || options.only.contains(&document.name));
    let corpus = corpus::folder()?;
    let mut documents = Vec::new();
    let mut pdfs = Vec::new();
    for Document { name, producer, pdf } in wanted {
        documents.push(Ordered { name, file: pdf.file(&corpus), producer });
        pdfs.push(pdf);
    }
    corpus::fetch_all(&pdfs, &corpus)?;
    ensure_debian("pdftotext", "poppler-utils")?;
    let mut packages = vec![scorer()?];
    if options.peer {
        packages.push(self::packages("extract-bench-peer", PEER_REQUIREMENTS, "pymupdf4llm")?);
    }
    let program = program(options)?;
    let order = Order {
        program: &program,
        documents,
        peer: options.peer,
        narrate: options.narrate,
        details: options.details.as_deref(),
        json: options.json.as_deref(),
    };
    score(&order, &packages)
}

fn program(options: &Options) -> Result<PathBuf> {
    if let Some(program) = &options.program {
        return program.canonicalize().with_context(|| format!("no program at {}", program.display()));
    }
    // The service alone is built sooner; it cannot narrate.
    let name = if options.narrate { "lectern" } else { "lectern-ingest" };
    programs::build_some(&[name])?;
    Ok(repo::bin_dir().join(name))
}

fn score(order: &Order<'_>, packages: &[PathBuf]) -> Result<ExitCode> {
    process::interrupted()?;
    let mut python = script("bench.py", packages)?;
    let mut child = python.stdin(Stdio::piped()).spawn().context("python3")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&serde_json::to_vec(order)?)?;
    }
    ended(&mut child)
}

/// A script of the scorer, with these folders of packages.
fn script(name: &str, packages: &[PathBuf]) -> Result<Command> {
    let mut python = process::python()?;
    python.arg("-B").arg(repo::path(SCRIPTS).join(name)).env("PYTHONPATH", std::env::join_paths(packages)?);
    Ok(python)
}

fn ended(child: &mut Child) -> Result<ExitCode> {
    let status = process::wait(child)?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

/// What the scorer imports.
fn scorer() -> Result<PathBuf> {
    packages("extract-bench", REQUIREMENTS, "pypdfium2")
}

/// A folder of Python packages, installed if it was not.
fn packages(name: &str, requirements: &str, module: &str) -> Result<PathBuf> {
    let packages = Packages {
        folder: &format!("{name}-{VERSION}"),
        requirements,
        product: module,
        installing: &format!("{name} (PyPI)"),
        failed: "its packages could not be installed from PyPI: check the network, and that this is CPython 3.11 or \
                 3.13 on x86_64 Linux, for which its files are pinned",
    };
    packages.installed()
}
