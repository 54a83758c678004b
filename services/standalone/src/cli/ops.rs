//! The command line of who operates a server: what waits, what runs, what is broken, and what is
//! done about it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use lectern_proto::v1 as api;
use lectern_runtime::Secret;

use super::manage::{LINES, State};
use super::place::{At, Credential, secret};

/// Work of all tenants, for who operates a server.
#[derive(Debug, Args)]
pub struct Ops {
    /// What to look at, or to do.
    #[command(subcommand)]
    pub command: OpsCommand,
    /// Prints JSON for programs: an object a line of a list, else one object.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where, as an administrator.
    #[command(flatten)]
    pub at: OpsAt,
}

/// The server that is looked at: one by its URL, or that of the data folder of this machine.
#[derive(Debug, Clone, Default, Args)]
pub struct OpsAt {
    /// A running server (`http://host:port`) instead of the data folder of this machine.
    #[arg(long, value_name = "URL", global = true)]
    pub server: Option<String>,
    /// An administrator's key for --server. Prefer --key-file or the environment variable
    /// LECTERN_KEY: other users of the machine see arguments in the list of processes.
    #[arg(long, value_name = "KEY", global = true, conflicts_with = "key_file", value_parser = secret)]
    pub key: Option<Secret>,
    /// A file with the key, and nothing else.
    #[arg(long, value_name = "FILE", global = true)]
    pub key_file: Option<PathBuf>,
    /// The folder of data; that of LECTERN_DATA, or $XDG_DATA_HOME/lectern, where none is named.
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "server")]
    pub data: Option<PathBuf>,
}

impl OpsAt {
    /// The credential's flags.
    pub fn credential(&mut self) -> Credential<'_> {
        Credential { key: &mut self.key, file: self.key_file.as_deref() }
    }

    /// The same, as other commands have it.
    #[must_use]
    pub fn place(&self) -> At {
        let Self { server, key, key_file, data } = self.clone();
        At { server, key, key_file, data }
    }
}

/// What to look at, or to do.
#[derive(Debug, Subcommand)]
pub enum OpsCommand {
    /// Shows on one screen what waits, what runs, what takes long and what is broken.
    Status,
    /// Lists where narrations of all tenants stand: those that are unfinished, the oldest first, or
    /// those that ended in a state, the newest first.
    Narrations(Narrations),
    /// Lists the steps of a narration: where each stands, its attempts, who holds it, its last
    /// failure.
    Steps {
        /// The narration, as `lectern ops narrations` shows it.
        #[arg(value_name = "NARRATION")]
        narration: String,
    },
    /// Commands of steps that failed for good.
    DeadLetters {
        /// What to do with them.
        #[command(subcommand)]
        command: LettersCommand,
    },
    /// Holds up services/NAME, tenants/ID or engines/NAME until it is resumed.
    Pause {
        /// What, such as engines/local.
        #[arg(value_name = "TARGET")]
        target: String,
        /// Why, for whoever looks at it.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Ends a pause.
    Resume {
        /// What is paused, such as engines/local.
        #[arg(value_name = "TARGET")]
        target: String,
    },
    /// Shows what waits in each lane of each service, and how long the oldest has waited.
    Lanes,
    /// Lists the steps that somebody works on: who, and until when unless the lease is extended.
    Leases {
        /// Only of this service.
        #[arg(long, value_enum, value_name = "SERVICE")]
        service: Option<Stage>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = LINES, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Shows workers with their permits, engines that are out of order, and the shares of gateways.
    Capacity,
    /// Shows the settings of each service that differ from their defaults, secrets left out.
    Config {
        /// Only of this service: gateway, ingest, ai or tts.
        #[arg(long, value_name = "SERVICE")]
        service: Option<String>,
        /// Shows those that do not differ as well.
        #[arg(long)]
        all: bool,
    },
}

/// Which narrations are listed.
#[derive(Debug, Args)]
pub struct Narrations {
    /// Only those in this state; where none is named, in any of those that are unfinished.
    #[arg(long, value_enum, value_name = "STATE")]
    pub state: Option<State>,
    /// Only those of this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Only those that were accepted longer ago than this, such as 30m, 6h or 2d.
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub older_than: Option<Duration>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = LINES, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub enum LettersCommand {
    /// Lists them, the oldest first.
    List {
        /// Which.
        #[command(flatten)]
        filter: LetterFilter,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = LINES, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Shows one, with the failure and the command.
    Show {
        /// Its name, as `list` shows it.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Lets their narrations go on in a new run, at the cost of what is missing.
    Replay {
        /// Which.
        #[command(flatten)]
        which: LetterChoice,
        /// Letters a second, 0.01 to 1,000.
        #[arg(long, value_name = "N", default_value_t = 10.0)]
        rate: f64,
    },
    /// Deletes them; their narrations stay failed.
    Discard {
        /// Which.
        #[command(flatten)]
        which: LetterChoice,
    },
}

/// Which dead letters; all that is named must hold.
#[derive(Debug, Default, Args)]
pub struct LetterFilter {
    /// Only of this service.
    #[arg(long, value_enum, value_name = "SERVICE")]
    pub service: Option<Stage>,
    /// Only with this reason, such as ENGINE_UNAVAILABLE.
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Only of this tenant.
    #[arg(long, value_name = "ID")]
    pub tenant: Option<String>,
    /// Only of this narration.
    #[arg(long, value_name = "NARRATION")]
    pub narration: Option<String>,
}

/// Dead letters that something is done with: by name, by what they are, or all.
#[derive(Debug, Args)]
pub struct LetterChoice {
    /// Their names, as `list` shows them.
    #[arg(value_name = "NAME", conflicts_with_all = ["service", "reason", "tenant", "narration", "all"])]
    pub names: Vec<String>,
    /// Or by what they are.
    #[command(flatten)]
    pub filter: LetterFilter,
    /// Or all there are.
    #[arg(long, conflicts_with_all = ["service", "reason", "tenant", "narration"])]
    pub all: bool,
}

/// A stage service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Reads documents.
    Ingest,
    /// Writes scripts.
    Ai,
    /// Speaks.
    Tts,
}

impl From<Stage> for api::StageName {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Ingest => Self::Ingest,
            Stage::Ai => Self::Ai,
            Stage::Tts => Self::Tts,
        }
    }
}

/// Reads an age: a whole number with `s`, `m`, `h` or `d`.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "write a whole number and s, m, h or d, such as 90s, 30m, 6h or 2d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number: u64 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn ops(arguments: &[&str]) -> Ops {
        let cli = Cli::try_parse_from([&["lectern", "ops"], arguments].concat()).unwrap();
        let Some(Command::Ops(ops)) = cli.command else { panic!("{arguments:?}") };
        ops
    }

    #[test]
    fn an_age_is_a_number_with_its_unit() {
        assert_eq!(age("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(age("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "5", "h", "1.5h", "-1h", "5w", "99999999999999999999d", "1hh"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn where_and_how_may_be_said_before_and_after_what() {
        for arguments in [
            &["--server", "http://h:1", "--json", "dead-letters", "list"][..],
            &["dead-letters", "list", "--server", "http://h:1", "--json"][..],
        ] {
            let ops = ops(arguments);
            assert!(ops.json, "{arguments:?}");
            assert_eq!(ops.at.place().server.as_deref(), Some("http://h:1"));
        }
        assert!(Cli::try_parse_from(["lectern", "ops", "status", "--server", "http://h:1", "--data", "d"]).is_err());
    }

    #[test]
    fn letters_are_chosen_in_one_way() {
        for wrong in [
            &["dead-letters", "replay", "deadLetters/a", "--all"][..],
            &["dead-letters", "discard", "--all", "--reason", "STEP_CRASHED"][..],
            &["dead-letters", "discard", "deadLetters/a", "--service", "tts"][..],
        ] {
            let arguments = [&["lectern", "ops"], wrong].concat();
            assert!(Cli::try_parse_from(arguments).is_err(), "{wrong:?}");
        }
        let ops = ops(&["dead-letters", "replay", "--service", "tts", "--reason", "ATTEMPTS_EXHAUSTED"]);
        let OpsCommand::DeadLetters { command: LettersCommand::Replay { which, .. } } = ops.command else {
            panic!("not a replay")
        };
        assert_eq!((which.filter.service, which.all), (Some(Stage::Tts), false));
    }
}
