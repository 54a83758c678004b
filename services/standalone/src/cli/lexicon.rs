//! The command line of `lectern lexicon`: lists of words and how they are said.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ops::OpsAt;

/// Lists of words and how they are said.
#[derive(Debug, Args)]
pub struct Lexicons {
    /// What to do with them.
    #[command(subcommand)]
    pub command: LexiconCommand,
    /// Prints JSON for programs: an object a line of a list, else one object.
    #[arg(long, global = true)]
    pub json: bool,
    /// Whose.
    #[command(flatten)]
    pub at: OpsAt,
}

/// What to do with lexicons.
#[derive(Debug, Subcommand)]
pub enum LexiconCommand {
    /// Makes a lexicon from a file.
    Create {
        /// Its id, of your own choice: letters, digits, - and _.
        #[arg(value_name = "ID")]
        id: String,
        /// The entries, in TOML; `lectern lexicon show` prints one to begin with.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A name for people.
        #[arg(long, value_name = "NAME", default_value = "")]
        name: String,
        /// Every narration has it from now on that is not ordered with --no-default-lexicons.
        #[arg(long)]
        by_default: bool,
    },
    /// Lists the lexicons, by id.
    List,
    /// Prints a lexicon, as a file that `create` and `update` take.
    Show {
        /// The lexicon, as `lectern lexicon list` shows it.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Puts the entries of a file in the place of all that a lexicon has, or changes whether
    /// narrations have it by default.
    Update {
        /// The lexicon.
        #[arg(value_name = "ID")]
        id: String,
        /// The entries, in TOML.
        #[arg(value_name = "FILE", required_unless_present_any = ["by_default", "not_by_default"])]
        file: Option<PathBuf>,
        /// Every narration has it from now on that is not ordered with --no-default-lexicons.
        #[arg(long)]
        by_default: bool,
        /// Only narrations that name it have it from now on.
        #[arg(long, conflicts_with = "by_default")]
        not_by_default: bool,
        /// Only if the lexicon has this etag still, as `list --json` shows it.
        #[arg(long, value_name = "ETAG", default_value = "")]
        etag: String,
    },
    /// Deletes a lexicon; narrations that were ordered with it keep what they have.
    Delete {
        /// The lexicon.
        #[arg(value_name = "ID")]
        id: String,
        /// Only if the lexicon has this etag still.
        #[arg(long, value_name = "ETAG", default_value = "")]
        etag: String,
    },
    /// Reads a file and says whether its entries could be taken; asks no server.
    Check {
        /// The entries, in TOML.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
