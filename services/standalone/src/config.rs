//! The settings of the embedded instance: flags over environment over file over defaults.

use std::net::SocketAddr;
use std::path::PathBuf;

use lectern_core::Failure;
use lectern_ingest::config as ingest;
use lectern_rpc::ServerConfig;
use lectern_runtime::TelemetryConfig;
use lectern_runtime::config::Loader;
use lectern_tts::config::Engine;
use serde::{Deserialize, Serialize};

use crate::cli::{Cli, Command};

/// Settings of the embedded instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where and how gRPC is served.
    pub server: ServerConfig,
    /// Where everything is kept: databases, objects, the installation's secret.
    pub data: PathBuf,
    /// The folder of the local voice's weights.
    pub voice_dir: PathBuf,
    /// The speech engine: `local`, or `tone` and `scripted` for tests without weights.
    pub engine: Engine,
    /// What the scripted engine does.
    pub script: PathBuf,
    /// What is accepted.
    pub limits: ingest::Limits,
    /// What reading one source may use.
    pub sandbox: ingest::Sandbox,
    /// Import by URL.
    pub import: ingest::Import,
    /// Recognition of text in pictures.
    pub ocr: ingest::Ocr,
    /// Steps of each stage that run at once; 0 means one for each core.
    pub permits: usize,
    /// Logs, traces and metrics.
    pub telemetry: TelemetryConfig,
}

impl Default for Config {
    fn default() -> Self {
        let server = ServerConfig { listen: SocketAddr::from(([127, 0, 0, 1], 7400)), ..ServerConfig::default() };
        Self {
            server,
            data: PathBuf::from("lectern-data"),
            voice_dir: PathBuf::from("voice"),
            engine: Engine::Local,
            script: PathBuf::new(),
            limits: ingest::Limits::default(),
            sandbox: ingest::Sandbox::default(),
            import: ingest::Import::default(),
            ocr: ingest::Ocr::default(),
            permits: 0,
            telemetry: TelemetryConfig::default(),
        }
    }
}

/// The variable `LECTERN_KEY` is the caller's API key: no setting of the instance, so it is in no
/// file and is not printed.
const KEY: &str = "KEY";

/// Loads the configuration and lays the flags over it; the commands that take a key get that of
/// `LECTERN_KEY`.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub fn load(cli: &mut Cli) -> Result<Config, Failure> {
    load_from(Loader::new("LECTERN"), cli)
}

fn load_from(loader: Loader, cli: &mut Cli) -> Result<Config, Failure> {
    let loader = loader.file(cli.config.clone()).ignore(&[KEY]);
    cli.offer_key(&loader.secret(KEY));
    let mut config: Config = loader.load()?;
    match &cli.command {
        Some(Command::Up(up)) => {
            if let Some(data) = &up.data {
                config.data.clone_from(data);
            }
            if let Some(listen) = up.listen {
                config.server.listen = listen;
            }
            config.import.enabled |= up.import;
        }
        // A person at a terminal reads the progress, not the log.
        Some(
            Command::Narrate(_)
            | Command::Preview(_)
            | Command::Keys(_)
            | Command::Tenants(_)
            | Command::Quota(_)
            | Command::Audit(_),
        ) if !cli.verbose => {
            // The failure itself is printed once, as the command's last line.
            "error,lectern_runtime::bootstrap=off".clone_into(&mut config.telemetry.log_filter);
        }
        Some(
            Command::Narrate(_)
            | Command::Preview(_)
            | Command::Keys(_)
            | Command::Tenants(_)
            | Command::Quota(_)
            | Command::Audit(_),
        )
        | None => {}
    }
    let place = match &cli.command {
        Some(Command::Narrate(order)) => Some(&order.place),
        Some(Command::Preview(preview)) => Some(&preview.place),
        Some(Command::Up(_) | Command::Keys(_) | Command::Tenants(_) | Command::Quota(_) | Command::Audit(_))
        | None => None,
    };
    config.import.enabled |= place.is_some_and(|place| place.import);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[test]
    fn the_callers_key_is_no_setting() {
        let loader = |variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Loader::with_environment("LECTERN", variables)
        };
        let mut cli = Cli::parse_from(["lectern", "keys", "list"]);
        let config = load_from(loader(&[("LECTERN_KEY", "lk_caller"), ("LECTERN_DATA", "d")]), &mut cli).unwrap();
        assert_eq!(config.data, PathBuf::from("d"));
        assert!(!lectern_runtime::print(&config).unwrap().contains("lk_caller"));
        let Some(Command::Keys(keys)) = &cli.command else { panic!("{cli:?}") };
        assert_eq!(keys.at.key.as_ref().map(lectern_runtime::Secret::expose), Some("lk_caller"));

        let failure = load_from(loader(&[("LECTERN_KEYS", "lk_caller")]), &mut cli).unwrap_err();
        assert!(failure.message.contains("LECTERN_KEYS") && !failure.message.contains("lk_caller"), "{failure}");
    }
}
