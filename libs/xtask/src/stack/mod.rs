//! The four services as separate processes on loopback, with real servers, for working, trying and
//! breaking: `cargo xtask stack`.

mod control;
mod files;
mod key;
mod look;
mod part;
mod replicas;
mod show;
mod supervise;
mod up;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use control::{Answer, Request};
use files::{PartLine, Snapshot};
use supervise::STOP;

/// The stages first: the gateway calls them.
const SERVICES: [&str; 4] = ["ingest", "ai", "tts", "gateway"];
/// How long a command waits for what it asked for.
const PATIENCE: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(100);

/// What to do with the stack.
#[derive(Subcommand)]
pub enum StackCommand {
    /// Starts everything and serves until Ctrl-C or `stack down`. What ends by itself is started
    /// again.
    Up {
        #[command(flatten)]
        place: Place,
        /// Deletes the data first.
        #[arg(long)]
        fresh: bool,
        /// The gateway's port; the stages take the three after it. 0 takes free ones.
        #[arg(long, default_value_t = 7400)]
        port: u16,
        /// Runs the programs as they were built last, by `cargo xtask test` say.
        #[arg(long)]
        no_build: bool,
    },
    /// Stops the running stack.
    Down {
        #[command(flatten)]
        place: Place,
    },
    /// Prints what runs and where, the API key, and a command to narrate with.
    Status {
        #[command(flatten)]
        place: Place,
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Prints the stack as variables of a shell: eval "$(cargo xtask stack env)".
    Env {
        #[command(flatten)]
        place: Place,
    },
    /// Ends a part (SIGTERM) and starts it again on the same address; or starts one that was left
    /// for ending again and again.
    Restart {
        /// As `stack status` names it: tts, tts-2, mongod.
        part: String,
        #[command(flatten)]
        place: Place,
    },
    /// Runs so many replicas of a service, the further ones on free ports.
    Scale {
        /// ingest, ai, tts or gateway.
        service: String,
        /// How many; 0 stops the service.
        replicas: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Looks into the database, as `mongosh` would; changes nothing.
    Mongo {
        #[command(flatten)]
        query: look::MongoQuery,
        #[command(flatten)]
        place: Place,
    },
    /// Lists streams and consumers of the queue, as `nats` would.
    Queue {
        /// Deletes this stream, which the services make again.
        #[arg(long, value_name = "STREAM")]
        rm: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

/// Where the stack keeps its data, keys and logs.
#[derive(Args)]
pub struct Place {
    /// The folder; `.lectern-stack` of the repository where none is named.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    fn dir(&self) -> Result<PathBuf> {
        match &self.data {
            Some(data) => std::path::absolute(data).with_context(|| data.display().to_string()),
            None => Ok(files::default_dir()),
        }
    }
}

/// Runs the command.
pub fn run(command: StackCommand) -> Result<ExitCode> {
    match command {
        StackCommand::Up { place, fresh, port, no_build } => {
            up::up(&place.dir()?, &up::Options { fresh, port, build: !no_build })
        }
        StackCommand::Down { place } => down(&place.dir()?),
        StackCommand::Status { place, json } => show::status(&place.dir()?, json),
        StackCommand::Env { place } => show::env(&place.dir()?),
        StackCommand::Restart { part, place } => restart(&place.dir()?, part),
        StackCommand::Scale { service, replicas, place } => scale(&place.dir()?, &service, replicas),
        StackCommand::Mongo { query, place } => look::mongo(&place.dir()?, &query),
        StackCommand::Queue { rm, place } => look::queue(&place.dir()?, rm.as_deref()),
    }
}

/// Whether a stack works on the folder, and everything of it has run.
pub fn is_ready(dir: &Path) -> bool {
    control::status(dir).is_ok_and(|snapshot| snapshot.ready)
}

/// Prints a line, wherever the output went: a closed pipe is no reason to end a stack.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn down(dir: &Path) -> Result<ExitCode> {
    let Some(pid) = files::holder(dir) else {
        return down_left(dir);
    };
    begin(dir, &Request::Stop)?;
    let deadline = Instant::now() + STOP * 6;
    while files::holder(dir) == Some(pid) {
        if Instant::now() > deadline {
            bail!("process {pid} still runs: see what it prints");
        }
        thread::sleep(POLL);
    }
    say("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Ends what a stack left that was killed itself.
fn down_left(dir: &Path) -> Result<ExitCode> {
    if files::left(dir).is_empty() {
        say(&format!("nothing runs on {}", dir.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let _lock = files::lock(dir)?;
    say(&format!("ended what a stack that was killed had left: {}", files::end_left(dir).join(", ")));
    files::forget(dir);
    Ok(ExitCode::SUCCESS)
}

fn restart(dir: &Path, part: String) -> Result<ExitCode> {
    let before = control::status(dir)?.part(&part).map_or(0, |part| part.starts);
    let request = Request::Restart { part: part.clone() };
    begin(dir, &request)?;
    let concerns = |line: &PartLine| line.name == part;
    let again = wait(dir, concerns, |snapshot| {
        snapshot.part(&part).filter(|line| line.runs() && line.starts > before).cloned()
    })?;
    say(&format!("{part} runs (process {})", again.pid.unwrap_or_default()));
    Ok(ExitCode::SUCCESS)
}

fn scale(dir: &Path, service: &str, replicas: u32) -> Result<ExitCode> {
    begin(dir, &Request::Scale { service: service.to_owned(), replicas })?;
    let wanted = replicas::names(service, replicas);
    let concerns = |part: &PartLine| replicas::service_of(&part.name) == service;
    let parts = wait(dir, concerns, |snapshot| {
        let parts: Vec<PartLine> = snapshot.parts.iter().filter(|part| concerns(part)).cloned().collect();
        let all = parts.len() == wanted.len() && parts.iter().all(|part| part.runs() && wanted.contains(&part.name));
        all.then_some(parts)
    })?;
    for part in parts {
        say(&format!("{:<12} {}", part.name, part.url.unwrap_or_default()));
    }
    say(&replicas::explained(service, replicas));
    Ok(ExitCode::SUCCESS)
}

/// Asks the running stack for something that it only begins.
fn begin(dir: &Path, request: &Request) -> Result<()> {
    match control::ask(dir, request)? {
        Answer::Begun | Answer::Status { .. } => Ok(()),
        Answer::Refused { why } => bail!("{why}"),
    }
}

/// Waits until the stack is as it should be; fails when a part that this concerns was given up.
fn wait<T>(dir: &Path, concerns: impl Fn(&PartLine) -> bool, there: impl Fn(&Snapshot) -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let snapshot = control::status(dir)?;
        if let Some(found) = there(&snapshot) {
            return Ok(found);
        }
        if let Some(part) = snapshot.parts.iter().find(|part| part.state == "given up" && concerns(part)) {
            bail!("{} ended again and again: see why in {}", part.name, part.log.display());
        }
        if Instant::now() > deadline {
            bail!("it took more than {} s: `{}` says what is missing", PATIENCE.as_secs(), files::typed("status", dir));
        }
        thread::sleep(POLL);
    }
}
