//! The command line of voices.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::At;

/// Lists the voices that can be ordered.
#[derive(Debug, Args)]
pub struct Voices {
    /// Prints JSON for programs, a voice a line.
    #[arg(long)]
    pub json: bool,
    /// Whose.
    #[command(flatten)]
    pub at: At,
}

/// The local voice of this machine.
#[derive(Debug, Args)]
pub struct Voice {
    /// What to do with it.
    #[command(subcommand)]
    pub command: VoiceCommand,
}

/// What to do with the local voice.
#[derive(Debug, Subcommand)]
pub enum VoiceCommand {
    /// Fetches the voice's weights (14 MB), checks them by SHA-256, and puts them where every
    /// command looks for them. A folder that has them is left as it is.
    Fetch {
        /// Takes them from this wheel of the package hibari-tts, which was fetched elsewhere, and
        /// needs no network.
        #[arg(long, value_name = "WHEEL")]
        from: Option<PathBuf>,
    },
    /// Prints the folder of the voice that is in use.
    Path,
}
