//! The settings of the embedded instance: flags over environment over file over defaults.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use lectern_ai::config::{BudgetConfig, WriterConfig};
use lectern_ai::model::Day;
use lectern_core::{Clock, Failure};
use lectern_ingest::config as ingest;
use lectern_rpc::ServerConfig;
use lectern_runtime::config::Loader;
use lectern_runtime::{TelemetryConfig, places};
use lectern_tts::config::{EngineConfig, TranscriptionConfig};
use serde::{Deserialize, Serialize};

use crate::cli::{Cli, Command};
use crate::{lock, voice_dir, writers};

/// What `lectern up` logs: what somebody has to do something about. Its start says the rest.
const LOG: &str = "warn";
/// What it logs where it is to say more.
const VERBOSE: &str = "info";
/// What a command logs: a person reads its progress, and the failure itself is its last line.
const LOG_OF_COMMANDS: &str = "error";

/// Settings of the embedded instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where and how gRPC is served.
    pub server: ServerConfig,
    /// Where everything is kept: databases, objects, the installation's secret.
    pub data: PathBuf,
    /// The folder of the local voice's weights; where none is named, that beside the program, else
    /// the cache.
    pub voice_dir: PathBuf,
    /// Whose voices come first: `local`, `kokoro`, a name of `engines`, or `tone` and `scripted`
    /// for tests without weights.
    pub engine: String,
    /// What the scripted engine does.
    pub script: PathBuf,
    /// More speech engines, by the names that voices have them by.
    pub engines: BTreeMap<String, EngineConfig>,
    /// Who listens to what was spoken, before it is kept.
    pub transcription: TranscriptionConfig,
    /// What is accepted.
    pub limits: ingest::SourceLimitsConfig,
    /// What reading one source may use.
    pub sandbox: ingest::Sandbox,
    /// Import by URL.
    pub import: ingest::Import,
    /// Recognition of text in pictures.
    pub ocr: ingest::Ocr,
    /// Who writes scripts of orders that name nobody: `extractive`, or a name of `writers`.
    pub default_writer: String,
    /// Writers with words of their own, by the names that orders choose them by.
    pub writers: BTreeMap<String, WriterConfig>,
    /// A file of more rows of models; empty for none.
    pub models_file: PathBuf,
    /// What may be spent on writers and on voices that cost money, on each of the two.
    pub budget: BudgetConfig,
    /// Steps of each stage that run at once; 0 means one for each core.
    pub permits: usize,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// What a command logs that reads none of these settings.
    #[must_use]
    pub fn quiet_telemetry() -> TelemetryConfig {
        TelemetryConfig { log_filter: LOG_OF_COMMANDS.to_owned(), ..TelemetryConfig::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        let server = ServerConfig { listen: SocketAddr::from(([127, 0, 0, 1], 7400)), ..ServerConfig::default() };
        Self {
            server,
            data: places::data_dir(),
            voice_dir: PathBuf::new(),
            engine: lectern_tts::engine::local::NAME.to_owned(),
            script: PathBuf::new(),
            engines: BTreeMap::new(),
            transcription: TranscriptionConfig::default(),
            limits: ingest::SourceLimitsConfig::default(),
            sandbox: ingest::Sandbox::default(),
            import: ingest::Import::default(),
            ocr: ingest::Ocr::default(),
            default_writer: lectern_ai::engine::DEFAULT_WRITER.to_owned(),
            writers: BTreeMap::new(),
            models_file: PathBuf::new(),
            budget: BudgetConfig::default(),
            permits: 0,
            telemetry: TelemetryConfig { log_filter: LOG.to_owned(), ..TelemetryConfig::default() },
        }
    }
}

/// The variable `LECTERN_KEY` is the caller's API key: no setting of the instance, so it is in no
/// file and is not printed.
const KEY: &str = "KEY";

/// The variables of this program that are no setting of any service: the caller's key, and the
/// folder of data.
pub const OF_NO_SERVICE: [&str; 2] = [KEY, "DATA"];

/// Loads the configuration and lays the flags over it; the commands that take a key get that of
/// `LECTERN_KEY` where they were given none.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub fn load(cli: &mut Cli, clock: &dyn Clock) -> Result<Config, Failure> {
    load_at(Loader::new("LECTERN"), cli, Day::of(clock.now()))
}

/// The same from these sources, on this day: models are served from one to another.
fn load_at(loader: Loader, cli: &mut Cli, today: Day) -> Result<Config, Failure> {
    let loader = loader.file(cli.config.clone()).ignore(&[KEY]);
    cli.settle_key(&loader.secret(KEY))?;
    let mut config: Config = loader.load()?;
    if let Some(data) = cli.data() {
        config.data.clone_from(data);
    }
    if config.data.as_os_str().is_empty() {
        // A variable that is empty names no folder.
        config.data = places::data_dir();
    }
    if let Some(named) = &cli.voice_dir {
        config.voice_dir.clone_from(named);
    }
    config.voice_dir = voice_dir::chosen(&config.voice_dir);
    cli.settle_server(|| lock::serving(&config.data));
    if let Some(writing) = cli.writing() {
        writers::of_command(&mut config, writing, &loader, today)?;
    }
    if let Some(Command::Up(up)) = &cli.command
        && let Some(listen) = up.listen
    {
        config.server.listen = listen;
    }
    config.import.enabled |= match &cli.command {
        Some(Command::Narrate(order)) => order.place.import,
        Some(Command::Preview(preview)) => preview.place.import,
        Some(Command::Estimate(estimate)) => estimate.place.import,
        Some(Command::Up(up)) => up.import,
        Some(
            Command::Manage(_)
            | Command::Voices(_)
            | Command::Writers(_)
            | Command::Usage(_)
            | Command::Lexicon(_)
            | Command::Voice(_)
            | Command::Keys(_)
            | Command::Tenants(_)
            | Command::Quota(_)
            | Command::Audit(_)
            | Command::Ops(_)
            | Command::Doctor(_)
            | Command::Smoke(_),
        )
        | None => false,
    };
    let filter = match (&cli.command, cli.verbose) {
        (Some(Command::Up(_)) | None, false) => None,
        (Some(_), false) => Some(LOG_OF_COMMANDS),
        // One that was chosen by the file or the environment says more than this flag.
        (_, true) => (config.telemetry.log_filter == LOG).then_some(VERBOSE),
    };
    if let Some(filter) = filter {
        filter.clone_into(&mut config.telemetry.log_filter);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn load_from(loader: Loader, cli: &mut Cli) -> Result<Config, Failure> {
        load_at(loader, cli, "2026-11-28".parse().unwrap())
    }

    fn loader(variables: &[(&str, &str)]) -> Loader {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Loader::with_environment("LECTERN", variables)
    }

    #[test]
    fn the_callers_key_is_no_setting() {
        let mut cli = Cli::parse_from(["lectern", "keys", "list"]);
        let config = load_from(loader(&[("LECTERN_KEY", "lk_caller"), ("LECTERN_DATA", "d")]), &mut cli).unwrap();
        assert_eq!(config.data, PathBuf::from("d"));
        assert!(!lectern_runtime::print(&config).unwrap().contains("lk_caller"));
        let Some(Command::Keys(keys)) = &cli.command else { panic!("{cli:?}") };
        assert_eq!(keys.at.key.as_ref().map(lectern_runtime::Secret::expose), Some("lk_caller"));

        let failure = load_from(loader(&[("LECTERN_KEYS", "lk_caller")]), &mut cli).unwrap_err();
        assert!(failure.message.contains("LECTERN_KEYS") && !failure.message.contains("lk_caller"), "{failure}");
    }

    #[test]
    fn a_command_has_a_writer_of_its_own_unless_a_server_has_one() {
        let arguments = ["lectern", "narrate", "a.md", "--writer", "gemini"];
        let variables = [("GOOGLE_API_KEY", "g-secret")];
        let config = load_from(loader(&variables), &mut Cli::parse_from(arguments)).unwrap();
        assert_eq!(config.writers["gemini"].key.expose(), "g-secret");
        let printed = lectern_runtime::print(&config).unwrap();
        assert!(printed.contains("[writers.gemini]") && !printed.contains("g-secret"), "{printed}");
        assert!(load_from(loader(&[]), &mut Cli::parse_from(arguments)).is_err(), "without a key there is none");
        let served = [&arguments[..], &["--server", "http://h:1"]].concat();
        let config = load_from(loader(&[]), &mut Cli::parse_from(served)).unwrap();
        assert!(config.writers.is_empty(), "a server has its own");
    }

    #[test]
    fn every_command_works_on_the_same_data_unless_it_names_others() {
        for (arguments, expected) in [
            (&["lectern", "up"][..], "environment"),
            (&["lectern", "narrate", "a.md"][..], "environment"),
            (&["lectern", "list"][..], "environment"),
            (&["lectern", "up", "--data", "named"][..], "named"),
            (&["lectern", "narrate", "a.md", "--data", "named"][..], "named"),
            (&["lectern", "list", "--data", "named"][..], "named"),
        ] {
            let mut cli = Cli::parse_from(arguments);
            let config = load_from(loader(&[("LECTERN_DATA", "environment")]), &mut cli).unwrap();
            assert_eq!(config.data, PathBuf::from(expected), "{arguments:?}");
            for variables in [&[][..], &[("LECTERN_DATA", "")][..]] {
                let config = load_from(loader(variables), &mut Cli::parse_from(["lectern", "up"])).unwrap();
                assert_eq!(config.data, places::data_dir());
            }
        }
    }

    #[test]
    fn commands_log_errors_alone_unless_they_are_to_say_more() {
        let filter = |arguments: &[&str], variables: &[(&str, &str)]| {
            load_from(loader(variables), &mut Cli::parse_from(arguments)).unwrap().telemetry.log_filter
        };
        let debug = [("LECTERN_TELEMETRY__LOG_FILTER", "debug")];
        assert_eq!(filter(&["lectern", "up"], &[]), LOG);
        assert_eq!(filter(&["lectern", "up"], &debug), "debug");
        assert_eq!(filter(&["lectern", "up", "--verbose"], &[]), VERBOSE);
        assert_eq!(filter(&["lectern", "narrate", "a.md"], &debug), LOG_OF_COMMANDS);
        assert_eq!(filter(&["lectern", "narrate", "a.md", "-v"], &[]), VERBOSE);
        assert_eq!(filter(&["lectern", "narrate", "a.md", "-v"], &debug), "debug");
    }

    #[test]
    fn the_folder_of_the_voice_is_the_named_one() {
        let voice = |arguments: &[&str], variables: &[(&str, &str)]| {
            load_from(loader(variables), &mut Cli::parse_from(arguments)).unwrap().voice_dir
        };
        let variable = [("LECTERN_VOICE_DIR", "/variable")];
        assert_eq!(voice(&["lectern", "up"], &variable), PathBuf::from("/variable"));
        assert_eq!(voice(&["lectern", "up", "--voice-dir", "/flag"], &variable), PathBuf::from("/flag"));
        assert_eq!(voice(&["lectern", "up"], &[]), voice_dir::chosen(&PathBuf::new()));
    }
}
