//! The command line of who runs a server for others: keys, tenants, what was done; and of what a
//! tenant may use.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lectern_proto::v1::{self as api, audit_record::Action};
use lectern_provider::MicroUsd;
use lectern_runtime::Secret;
use lectern_runtime::config::ByteSize;
use prost_types::Timestamp;

use super::place::{Credential, secret};

/// Where `lectern up` serves, unless it is told otherwise.
const USUAL: &str = "http://127.0.0.1:7400";

/// The server that a command is for.
#[derive(Debug, Args)]
pub struct Server {
    /// The server. Where none is named, the instance that serves the data folder of this machine,
    /// else http://127.0.0.1:7400.
    #[arg(long, value_name = "URL", global = true)]
    pub server: Option<String>,
    /// The API key; an embedded instance needs none. Prefer --key-file or the environment variable
    /// LECTERN_KEY: other users of the machine see arguments in the list of processes.
    #[arg(long, value_name = "KEY", global = true, conflicts_with = "key_file", value_parser = secret)]
    pub key: Option<Secret>,
    /// A file with the API key, and nothing else.
    #[arg(long, value_name = "FILE", global = true)]
    pub key_file: Option<PathBuf>,
}

impl Server {
    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &str {
        self.server.as_deref().unwrap_or(USUAL)
    }

    /// The credential's flags.
    pub fn credential(&mut self) -> Credential<'_> {
        Credential { key: &mut self.key, file: self.key_file.as_deref() }
    }
}

/// API keys of a server.
#[derive(Debug, Args)]
pub struct KeysCommand {
    /// What to do with them.
    #[command(subcommand)]
    pub command: KeyCommand,
    /// Where, as an administrator.
    #[command(flatten)]
    pub at: Server,
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a key; the last line of the output is the key itself, which is shown only now.
    Create {
        /// The tenant whose data it opens; none for an administrator's.
        #[arg(long)]
        tenant: Option<String>,
        /// A name for people.
        #[arg(long, default_value = "")]
        name: String,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = Role::Editor)]
        role: Role,
        /// When it ends by itself (RFC 3339), such as 2027-01-31 or 2027-01-31T12:00:00Z; never
        /// where nothing is said.
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
    },
    /// Lists keys.
    List {
        /// Only those of this tenant.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Revokes a key.
    Revoke {
        /// Its id, as `list` shows it.
        id: String,
    },
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Reads what its tenant has, and changes nothing.
    Reader,
    /// Also hands in, orders, cancels and deletes.
    Editor,
    /// Keys, tenants and work of all tenants, and no tenant's data.
    Administrator,
}

/// Tenants of a server.
#[derive(Debug, Args)]
pub struct Tenants {
    /// What to do with them.
    #[command(subcommand)]
    pub command: TenantCommand,
    /// Where, as an administrator.
    #[command(flatten)]
    pub at: Server,
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Makes a tenant; what is not limited here has the installation's limits.
    Create {
        /// Its id.
        id: String,
        /// A name for people.
        #[arg(long, default_value = "")]
        name: String,
        /// What it may use.
        #[command(flatten)]
        limits: LimitFlags,
    },
    /// Lists tenants.
    List,
    /// Shows a tenant with the limits that are set for it.
    Show {
        /// Its id.
        id: String,
    },
    /// Changes a tenant's name or limits: those that are named, and no others.
    Update {
        /// Its id.
        id: String,
        /// A name for people.
        #[arg(long)]
        name: Option<String>,
        /// What it may use.
        #[command(flatten)]
        limits: LimitFlags,
        /// Limits that are set back to the installation's, separated by commas.
        #[arg(long, value_enum, value_delimiter = ',', value_name = "LIMIT")]
        reset: Vec<Limit>,
    },
    /// Suspends a tenant: its calls are refused and its work waits, until it is resumed.
    Suspend {
        /// Its id.
        id: String,
    },
    /// Ends a suspension.
    Resume {
        /// Its id.
        id: String,
    },
}

/// What a tenant may use, where that is not what the installation gives to everybody.
#[derive(Debug, Args)]
pub struct LimitFlags {
    /// Calls a second on average, in each replica.
    #[arg(long, value_name = "N")]
    pub requests_per_second: Option<f64>,
    /// Calls at once after a pause.
    #[arg(long, value_name = "N")]
    pub burst: Option<i32>,
    /// Calls in flight in a replica, streams included.
    #[arg(long, value_name = "N")]
    pub concurrent_calls: Option<i32>,
    /// Narrations that are accepted and not finished.
    #[arg(long, value_name = "N")]
    pub unfinished_narrations: Option<i32>,
    /// Steps of one service that are at work at once.
    #[arg(long, value_name = "N")]
    pub concurrent_steps: Option<i32>,
    /// Bytes of the sources of its documents, such as 20GiB.
    #[arg(long, value_name = "SIZE")]
    pub stored_sources: Option<ByteSize>,
    /// What it may spend on writers that cost money in a calendar month, and as much on voices, in
    /// US dollars, such as 12.50.
    #[arg(long, value_name = "USD")]
    pub monthly_budget: Option<MicroUsd>,
    /// Lanes that it may order in, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LANE")]
    pub lanes: Vec<Lane>,
}

/// A limit of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Limit {
    /// Calls a second on average.
    RequestsPerSecond,
    /// Calls at once after a pause.
    Burst,
    /// Calls in flight.
    ConcurrentCalls,
    /// Narrations that are accepted and not finished.
    UnfinishedNarrations,
    /// Steps that are at work at once.
    ConcurrentSteps,
    /// Bytes of sources.
    StoredSources,
    /// What it may spend in a month.
    MonthlyBudget,
    /// Lanes that it may order in.
    Lanes,
}

/// A queue that narrations wait in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lane {
    /// Somebody waits for it.
    Interactive,
    /// The usual.
    Standard,
    /// Large amounts that may take their time.
    Bulk,
}

impl From<Lane> for api::Lane {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Interactive => Self::Interactive,
            Lane::Standard => Self::Standard,
            Lane::Bulk => Self::Bulk,
        }
    }
}

/// What the caller may use, and uses.
#[derive(Debug, Args)]
pub struct Quota {
    /// Where.
    #[command(flatten)]
    pub at: Server,
}

/// What was done that others must be able to account for.
#[derive(Debug, Args)]
pub struct Audit {
    /// Only of this tenant.
    #[arg(long)]
    pub tenant: Option<String>,
    /// Only what was done by this one: keys/ID, admin, open, or services/NAME for a service of the
    /// installation.
    #[arg(long, default_value = "")]
    pub actor: String,
    /// Only what was done in this way, such as key-created or tenant-suspended.
    #[arg(long, value_parser = action)]
    pub action: Option<Action>,
    /// Only what was done to this one, such as tenants/ID or narrations/ID.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub target: String,
    /// At most this many records, the newest.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub count: usize,
    /// Where, as an administrator.
    #[command(flatten)]
    pub at: Server,
}

/// An action by its name in a list of records: `key-created`, or `key created`.
fn action(argument: &str) -> Result<Action, String> {
    const PREFIX: &str = "ACTION_";
    let name = argument.to_uppercase().replace(['-', ' '], "_");
    let found = Action::from_str_name(&format!("{PREFIX}{name}")).filter(|action| *action != Action::Unspecified);
    found.ok_or_else(|| {
        let all = (1..).map_while(|number| Action::try_from(number).ok());
        let word = |action: Action| action.as_str_name().trim_start_matches(PREFIX).to_lowercase().replace('_', "-");
        format!("choose one of {}", all.map(word).collect::<Vec<_>>().join(", "))
    })
}
