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

/// Loads the configuration and lays the flags over it.
///
/// # Errors
/// `INVALID_FIELD` naming the key.
pub fn load(cli: &Cli) -> Result<Config, Failure> {
    let mut config: Config = Loader::new("LECTERN").file(cli.config.clone()).load()?;
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
        Some(Command::Narrate(_) | Command::Preview(_) | Command::Keys(_)) if !cli.verbose => {
            // The failure itself is printed once, as the command's last line.
            "error,lectern_runtime::bootstrap=off".clone_into(&mut config.telemetry.log_filter);
        }
        Some(Command::Narrate(_) | Command::Preview(_) | Command::Keys(_)) | None => {}
    }
    let place = match &cli.command {
        Some(Command::Narrate(order)) => Some(&order.place),
        Some(Command::Preview(preview)) => Some(&preview.place),
        Some(Command::Up(_) | Command::Keys(_)) | None => None,
    };
    config.import.enabled |= place.is_some_and(|place| place.import);
    Ok(config)
}
