//! The contributor's one tool, `cargo xtask`: installs what the project needs, checks it, tests it,
//! and shows it.

#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own, apart from the services: it waits for real processes and reads its own environment"
)]

mod bench;
mod briefing_bench;
mod chaos;
mod chart;
mod check;
mod corpus;
mod demo;
mod dist;
mod docs;
mod extract_bench;
mod files;
mod grounding;
mod harmless;
mod hear;
mod images;
mod listen;
mod live;
mod mongosh;
mod observe;
mod process;
mod programs;
mod pypi;
mod repo;
mod scores;
mod small_model;
mod speech_suite;
mod stack;
mod test;
mod tools;
mod voice;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Installs what the project needs, checks it, tests it, and shows it.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs the pinned tools (all, or those named) and prints where they are.
    Tools {
        /// Names from libs/testkit/tools.toml.
        names: Vec<String>,
    },
    /// Prepares the weights of the local voice, verified, and prints their folder.
    Voice {
        /// `kokoro` for those of Kokoro's voices, which tests that are run by hand need.
        #[arg(value_parser = ["local", "kokoro"], default_value = "local")]
        name: String,
    },
    /// Fetches the PDFs of the test corpus from pinned Debian packages and prints their folder.
    Corpus,
    /// Narrates a document with the embedded defaults. A second run finds what the first has
    /// spoken.
    Demo(demo::Options),
    /// Makes an archive of a release build with the voice, licences and checksums, and tries it.
    Dist(dist::Options),
    /// Builds the images from the programs that were built last, twice, and runs them under every
    /// restriction.
    Images(images::Options),
    /// Runs the tests against real servers.
    Test {
        /// Filters and options of `cargo nextest run` (`-p lectern-queue`, a part of a test's
        /// name).
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Faults on real processes under continuous load: services, servers, streams, network,
    /// storage, limits.
    Chaos {
        /// Groups, and options: --quick, --narrations N, --jobs N, --report FILE, --keep,
        /// --no-build.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// The Helm chart: rendered, linted, held to schemas and properties; wrong values refused,
    /// every value changed.
    Chart(chart::Options),
    /// Format, lints, licences, protos, import rules, links, and what pages say.
    Check {
        /// Only these: fmt, clippy, deny, proto, imports, links, prose, blocks, traces, docs.
        only: Vec<String>,
    },
    /// The pages that are made from the code, and the commands of all pages, run.
    Docs(docs::Options),
    /// Rules and dashboards, held to a real run: a real Prometheus is asked every query of them,
    /// and a collector of other hands says what it received.
    Observe(observe::Options),
    /// The four services as processes on loopback, with real servers, all kept alive.
    Stack {
        #[command(subcommand)]
        command: stack::StackCommand,
    },
    /// Listens to a narration by speech recognition and prints its word error rate.
    Hear {
        /// A folder that `lectern narrate` wrote: NAME.script.json with the audio beside it.
        dir: PathBuf,
        /// Word error rate, in percent, at which it fails.
        #[arg(long, default_value_t = 6.0)]
        limit: f64,
        /// Whisper's size: tiny or base.
        #[arg(long, default_value = "base")]
        model: hear::Model,
        /// Listens to all of it, instead of the first, the middle and the last minute.
        #[arg(long)]
        whole: bool,
    },
    /// Drives listen.html of a recording in a real Chromium: clicks, keys, what is lit when; reads
    /// its EPUB by EPUBCheck, and plays that in epub.js; by hand.
    Listen(listen::Options),
    /// How well pinned PDFs of other hands are read, beside pdftotext and a peer; by hand.
    ExtractBench(extract_bench::Options),
    /// How many planted errors the grounding check catches, and how many true utterances it
    /// refuses.
    Grounding(grounding::Options),
    /// How many cases of each language and topic are made speakable as a careful reader says them,
    /// and how fast plain prose is.
    SpeechSuite(speech_suite::Options),
    /// The extractive briefing of pinned papers beside lead-3 and TextRank, held to the authors'
    /// abstracts; by hand.
    BriefingBench(briefing_bench::Options),
    /// Scripts by a small model under llama.cpp's own server: whether wire, bounds and checks hold
    /// of one that writes badly; by hand.
    SmallModel(small_model::Options),
    /// One short order against the real service of a provider: what it cost, and how near its
    /// length came. It spends money; by hand.
    Live(live::Options),
    /// The coordination of all services in virtual time under faults, seed by seed, and the mutants
    /// that it must catch.
    Simulate {
        /// Options of `lectern-simulate` (`--seeds 2000`, `--seed 17`, `--mutants`, `--crowd`), and
        /// `--no-build`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// What a narration costs, beside the floor and the way that was replaced; about half an hour,
    /// run by hand.
    Load {
        /// Options of `lectern-load` (`--quick`, `--narrations 1,100`, `--permits 8`).
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measurements.
    Bench {
        #[command(subcommand)]
        command: bench::BenchCommand,
        /// A `lectern` that is built already, instead of a release build.
        #[arg(long, global = true)]
        program: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Tools { names } => tools::install(&names)?,
        Command::Voice { name } if name == "kokoro" => println!("{}", voice::prepare_kokoro()?.display()),
        Command::Voice { .. } => println!("{}", voice::prepare()?.display()),
        Command::Corpus => println!("{}", corpus::prepare()?.display()),
        Command::Demo(options) => return demo::run(&options),
        Command::Dist(options) => return dist::run(&options),
        Command::Images(options) => return images::run(&options),
        Command::Test { args } => return test::run(&args),
        Command::Chaos { args } => return chaos::run(&args),
        Command::Chart(options) => return chart::run(&options),
        Command::Docs(options) => return docs::run(&options),
        Command::Observe(options) => return observe::run(&options),
        Command::Check { only } => return check::run(&only),
        Command::Stack { command } => return stack::run(command),
        Command::Hear { dir, limit, model, whole } => return hear::run(&dir, limit, model, whole),
        Command::Listen(options) => return listen::run(&options),
        Command::ExtractBench(options) => return extract_bench::run(&options),
        Command::Grounding(options) => return grounding::run(&options),
        Command::SpeechSuite(options) => return speech_suite::run(&options),
        Command::BriefingBench(options) => return briefing_bench::run(&options),
        Command::SmallModel(options) => return small_model::run(&options),
        Command::Live(options) => return live::run(&options),
        Command::Simulate { args } => return programs::simulate(&args),
        Command::Load { args } => return programs::load(&args),
        Command::Bench { command, program } => return bench::run(command, program),
    }
    Ok(ExitCode::SUCCESS)
}
