//! The command line of a service: without a command it serves; with one it does what an operator
//! runs beside it with the same configuration, and ends. The image has no shell, so probes and the
//! jobs of a deployment are these.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use clap::{Parser, Subcommand};
use lectern_core::{Clock, Failure, Finding, Kind, Reason};
use lectern_runtime::config::Loader;
use lectern_runtime::{Context, bootstrap};
use lectern_store::CollectionSpec;

use super::probe;
use crate::config::Settings;
use crate::doctor;

/// A service as a program: its settings, and what it does with them.
#[async_trait]
pub trait ServiceProgram: Send + Sync + 'static {
    /// The name of the service: `gateway`, `ingest`, `ai` or `tts`.
    const NAME: &'static str;
    /// Its settings.
    type Config: Settings + Send + Sync + 'static;

    /// Checks what types cannot.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    fn check(config: &Self::Config) -> Result<(), Failure>;

    /// Connects, serves and works until told to stop.
    ///
    /// # Errors
    /// What keeps it from starting, or ends it.
    async fn serve(config: Self::Config, context: Context) -> Result<(), Failure>;

    /// Makes its collections and indexes, and brings forward what an older release wrote. What is
    /// there already is verified, so it can be repeated, also while replicas run.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; `INVALID_FIELD` for settings that cannot be used.
    async fn migrate(config: Self::Config) -> Result<(), Failure>;

    /// The collections of its database, which `doctor` looks for.
    fn collections() -> Vec<CollectionSpec>;

    /// Looks for `doctor` at what it needs beside what all services need: nothing, unless it says
    /// so.
    async fn examine(_config: &Self::Config, _clock: &Arc<dyn Clock>) -> Vec<Finding> {
        Vec::new()
    }
}

/// A service of Lectern. Settings come from LECTERN_* variables over the file over defaults.
#[derive(Debug, Parser)]
#[command(name = "lectern", version)]
struct Arguments {
    /// What to do; it serves where nothing is said.
    #[command(subcommand)]
    command: Option<Command>,
    /// Configuration file, TOML; keys and their defaults are shown by --print-config.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Prints the configuration in force, secrets left out, and exits.
    #[arg(long)]
    print_config: bool,
}

/// What an operator runs beside the service.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum Command {
    /// Asks the service that runs with this configuration on this machine whether it serves: status
    /// 0 where it does, 1 where it does not, after 5 s at the most.
    Probe {
        /// The gRPC service that is asked for, such as lectern.v1.NarrationService; the process as
        /// a whole where none is named.
        #[arg(long, value_name = "NAME", default_value = "")]
        service: String,
    },
    /// Makes the streams and consumers of the queue, verifies them, and lists them.
    Topology,
    /// Makes the collections and indexes of the database, and brings forward what an older release
    /// wrote.
    Migrate,
    /// Loads the configuration, and says what is wrong with it.
    CheckConfig,
    /// Looks at everything that the service needs, from where it runs: configuration, database,
    /// queue, object storage, certificates, other services, the machine. Each check is ok, warning
    /// or broken, with what to do; status 1 where something is broken, else 0.
    Doctor {
        /// Prints JSON for programs, a check a line: `check`, `verdict` (ok, warning or broken),
        /// `found` and `advice`.
        #[arg(long)]
        json: bool,
    },
}

/// The `main` of a service: parses the command line, loads the configuration, and does what is
/// asked for.
#[must_use]
pub fn main<P: ServiceProgram>() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match P::Config::load(&Loader::new("LECTERN").file(arguments.config)) {
        Ok(config) => config,
        Err(failure) => return bootstrap::fail(P::NAME, &failure),
    };
    if arguments.print_config {
        return ended::<P>(config.print().map(|text| say(text.trim_end())));
    }
    if let Some(Command::Probe { service }) = &arguments.command {
        return probe::run(P::NAME, &config.common().server, service);
    }
    if let Some(Command::Doctor { json }) = arguments.command {
        return doctor::run::<P>(config, json);
    }
    if let Err(failure) = P::check(&config) {
        return bootstrap::fail(P::NAME, &failure);
    }
    let telemetry = config.common().telemetry.clone();
    match arguments.command {
        None => lectern_runtime::run(P::NAME, &telemetry, |context| P::serve(config, context)),
        Some(Command::Topology) => {
            let telemetry = telemetry.of_command();
            lectern_runtime::run(P::NAME, &telemetry, |context| unless_stopped(context, topology::<P>(config)))
        }
        Some(Command::Migrate) => {
            let telemetry = telemetry.of_command();
            lectern_runtime::run(P::NAME, &telemetry, |context| unless_stopped(context, migrate::<P>(config)))
        }
        // It was checked above; a probe and a doctor are answered above.
        Some(Command::CheckConfig | Command::Probe { .. } | Command::Doctor { .. }) => {
            say("the configuration can be used");
            ExitCode::SUCCESS
        }
    }
}

async fn topology<P: ServiceProgram>(config: P::Config) -> Result<(), Failure> {
    let common = config.common();
    let lines = lectern_queue::make_topology(&common.queue.url, common.queue_options(P::NAME)).await?;
    lines.iter().for_each(|line| say(line));
    Ok(())
}

async fn migrate<P: ServiceProgram>(config: P::Config) -> Result<(), Failure> {
    P::migrate(config).await?;
    say("collections and indexes are made and verified");
    Ok(())
}

/// Does the work, unless the process is told to stop before it has ended.
async fn unless_stopped(context: Context, work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        biased;
        () = context.shutdown.wait() => {
            let message = "stopped before it was done; run it again, it goes on from what is there";
            Err(Failure::new(Kind::Cancelled, Reason::Cancelled, message))
        }
        ended = work => ended,
    }
}

fn ended<P: ServiceProgram>(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => bootstrap::fail(P::NAME, &failure),
    }
}

#[allow(clippy::print_stdout, reason = "what the command is for")]
fn say(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use lectern_runtime::Shutdown;

    use super::*;

    fn parse(arguments: &[&str]) -> Arguments {
        Arguments::try_parse_from(["lectern-ai"].iter().chain(arguments)).expect("a command line")
    }

    #[test]
    fn the_file_may_be_named_before_and_after_the_command() {
        for arguments in [["--config", "a.toml", "topology"], ["topology", "--config", "a.toml"]] {
            let parsed = parse(&arguments);
            assert_eq!((parsed.command, parsed.config), (Some(Command::Topology), Some("a.toml".into())));
        }
        assert_eq!(parse(&[]).command, None);
        assert_eq!(parse(&["doctor", "--json"]).command, Some(Command::Doctor { json: true }));
        assert_eq!(parse(&["check-config"]).command, Some(Command::CheckConfig));
        assert_eq!(parse(&["probe"]).command, Some(Command::Probe { service: String::new() }));
        assert!(Arguments::try_parse_from(["lectern-ai", "migrate", "--service", "x"]).is_err());
        assert!(Arguments::try_parse_from(["lectern-ai", "drop"]).is_err());
    }

    #[tokio::test]
    async fn a_command_ends_when_the_process_is_told_to_stop() {
        let shutdown = Shutdown::new();
        shutdown.token().cancel();
        let context = Context { name: "ai", shutdown, health: lectern_runtime::HealthState::new() };
        let stopped = unless_stopped(context.clone(), std::future::pending()).await.unwrap_err();
        assert_eq!(stopped.kind, Kind::Cancelled);
        let context = Context { shutdown: Shutdown::new(), ..context };
        assert_eq!(unless_stopped(context, async { Ok(()) }).await, Ok(()));
    }
}
