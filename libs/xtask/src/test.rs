//! Runs the tests: installs what they need, builds everything once, starts the servers that tests
//! share, and ends them whatever happens.

use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result};
use lectern_testkit::{MongoServer, NatsServer, env, temp_dir};

use crate::process::{self, interrupted};
use crate::{corpus, repo, tools, voice};

/// The variable by which nextest is told how many tests may run at once.
const TEST_THREADS: &str = "NEXTEST_TEST_THREADS";

/// Runs `cargo nextest run` with `args`, over the whole workspace unless they choose packages.
pub fn run(args: &[String]) -> Result<ExitCode> {
    tools::debian()?;
    tools::ensure("nats-server")?;
    tools::ensure("fake-gcs-server")?;
    tools::ensure("helm")?;
    let given_mongo = env::value(env::MONGODB);
    if given_mongo.is_none() {
        tools::ensure("mongod")?;
    }
    let voice = voice::prepare()?;
    let corpus = corpus::prepare()?;
    interrupted()?;

    let chosen = args.iter().any(|arg| arg == "-p" || arg.starts_with("--package") || arg.starts_with("-p="));
    // Tests of these run the programs.
    let runs_programs = |arg: &String| arg.contains("lectern-e2e") || arg.contains("xtask");
    let whole_processes = !chosen || args.iter().any(runs_programs);
    if whole_processes {
        // Programs and tests in one build: apart, features would unify differently and much would
        // be built twice.
        process::run(process::cargo().args(["build", "--workspace", "--bins", "--tests", "--profile", "ci"]))?;
    }

    let temp = temp_dir()?;
    let nats = NatsServer::open(&temp.path().join("nats"), &temp.path().join("nats.log"), 0)?;
    let (mongo, mongo_uri) = match given_mongo {
        Some(uri) => (None, uri),
        None => {
            let server = MongoServer::open(&temp.path().join("mongo"), &temp.path().join("mongo.log"), 0)?;
            let uri = server.uri();
            (Some(server), uri)
        }
    };
    let variables = [
        (env::NATS, nats.url()),
        (env::MONGODB, mongo_uri),
        (env::VOICE_DIR, voice.display().to_string()),
        (env::PDF_CORPUS, corpus.display().to_string()),
        (env::BIN_DIR, repo::bin_dir().display().to_string()),
    ];

    let doctests_passed = chosen || !has_doctests()? || {
        let mut doc = process::cargo();
        doc.args(["test", "--doc", "--workspace", "--profile", "ci", "--quiet"]).envs(variables.clone());
        process::run_interruptible(&mut doc)?.success()
    };

    let mut nextest = tools::nextest()?;
    nextest.args([
        "run",
        "--cargo-profile",
        "ci",
        "--color",
        if io::stderr().is_terminal() { "always" } else { "auto" },
    ]);
    if !chosen {
        nextest.arg("--workspace");
    }
    if std::env::var_os(TEST_THREADS).is_none() {
        nextest.env(TEST_THREADS, threads().to_string());
    }
    nextest.args(args).envs(variables).stderr(Stdio::piped());
    let mut child = nextest.spawn().context("cargo nextest")?;
    let stderr = child.stderr.take().context("cargo nextest has no stderr")?;
    let reader = thread::spawn(move || pass_through(stderr));
    let status = process::wait(&mut child);
    let summary = reader.join().ok().flatten();
    drop((nats, mongo));
    let status = status?;
    // Again, because the failures come after it and the servers' end in between.
    if let Some(summary) = summary {
        eprintln!("{summary}");
    }
    let code = u8::try_from(status.code().unwrap_or(1)).unwrap_or(1);
    Ok(ExitCode::from(if code == 0 && !doctests_passed { 1 } else { code }))
}

/// The threads that nextest divides among tests, each of which takes ten, or one where it only
/// waits (`.config/nextest.toml`). Half as many tests run at once again as there are cores, since
/// those that drive whole processes wait for them about half of the time, and some that only wait.
fn threads() -> usize {
    const EACH: usize = 10;
    const WAITING: usize = 4;
    let cores = thread::available_parallelism().map_or(2, usize::from);
    (cores + cores / 2) * EACH + WAITING
}

/// Copies to this process's stderr and returns the line that sums up.
fn pass_through(from: impl io::Read) -> Option<String> {
    let mut reader = BufReader::new(from);
    let (mut line, mut summary) = (Vec::new(), None);
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return summary;
        }
        let _ = io::stderr().write_all(&line);
        let text = String::from_utf8_lossy(&line);
        if text.contains("Summary") && text.contains("tests run") {
            summary = Some(text.trim_end().to_owned());
        }
    }
}

/// Whether any library's documentation has an example that rustdoc would compile.
fn has_doctests() -> Result<bool> {
    for parent in ["libs", "services"] {
        for krate in fs::read_dir(repo::path(parent))? {
            if doctest_in(&krate?.path().join("src"))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn doctest_in(folder: &Path) -> Result<bool> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(false) };
    for entry in entries {
        let path = entry?.path();
        let found = if path.is_dir() {
            doctest_in(&path)?
        } else {
            path.extension().is_some_and(|extension| extension == "rs") && is_doctest(&fs::read_to_string(&path)?)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_doctest(source: &str) -> bool {
    let mut open = false;
    for line in source.lines().map(str::trim_start) {
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else { continue };
        if let Some(language) = text.trim().strip_prefix("```") {
            if !open && ["", "rust", "no_run", "should_panic", "compile_fail"].contains(&language) {
                return true;
            }
            open = !open;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_examples_that_rustdoc_compiles_count() {
        let cases = [
            ("/// ```\n/// let x = 1;\n/// ```\n", true),
            ("//! ```no_run\n//! x();\n//! ```\n", true),
            ("/// ```text\n/// a picture\n/// ```\n", false),
            ("let fence = \"```\";\n", false),
        ];
        for (source, expected) in cases {
            assert_eq!(is_doctest(source), expected, "{source}");
        }
    }
}
