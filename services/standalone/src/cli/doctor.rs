//! The command line of who checks a deployment from inside.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Checks a deployment.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Checks what this service needs, with its configuration: that of --config and the
    /// environment, as the service itself reads it. Without it, the embedded instance of this
    /// machine is checked.
    #[arg(long, value_enum, value_name = "SERVICE", conflicts_with = "data")]
    pub service: Option<Checked>,
    /// The folder of data of the embedded instance; that of LECTERN_DATA, or
    /// $XDG_DATA_HOME/lectern, where none is named.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Prints JSON for programs, a check a line: `check`, `verdict` (ok, warning or broken),
    /// `found` and `advice`.
    #[arg(long)]
    pub json: bool,
}

/// A service whose deployment is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Checked {
    /// The public API and the conductor.
    Gateway,
    /// Reads documents.
    Ingest,
    /// Writes scripts.
    Ai,
    /// Speaks.
    Tts,
}
