//! The command line.

mod admin;
mod doctor;
mod lexicon;
pub mod manage;
mod narrate;
mod ops;
mod place;
mod smoke;
mod source;
pub mod voice;
mod writing;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use lectern_core::Failure;
use lectern_runtime::Secret;

pub use admin::{Audit, KeyCommand, KeysCommand, Lane, Limit, LimitFlags, Quota, Role, Server, TenantCommand, Tenants};
pub use doctor::{Checked, Doctor};
pub use lexicon::{LexiconCommand, Lexicons};
pub use narrate::{Emoji, Footnotes, Kind, Narrate, OtherLanguages, Preview, Ranges, Script, StyleFlag};
pub use ops::{LetterChoice, LetterFilter, LettersCommand, Narrations as OpsNarrations, Ops, OpsCommand, Stage};
use place::Credential;
pub use place::{At, Place};
pub use smoke::Smoke;
pub use source::Source;
pub use writing::{Estimate, Usage, Writers, Writing};

/// Turns documents into narrated audio.
#[derive(Debug, Parser)]
#[command(name = "lectern", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Configuration file, TOML; --print-config shows the keys and their values in force.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Prints the configuration in force, secrets left out, and exits.
    #[arg(long, global = true)]
    pub print_config: bool,
    /// The folder of the local voice, where it is not one of those that are looked in.
    #[arg(long, value_name = "DIR", global = true, hide_short_help = true)]
    pub voice_dir: Option<PathBuf>,
    /// Says more: progress of the services on standard error.
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Narrates documents: PDF, DOCX, EPUB, HTML, Markdown or text.
    Narrate(Box<Narrate>),
    /// Prints what would be spoken of documents and what skipped, and why, block by block, before
    /// anything is spent.
    Preview(Box<Preview>),
    /// Estimates what narrations of documents would take, before anything is spent: tokens, words,
    /// minutes, and what a model's provider would ask.
    Estimate(Box<Estimate>),
    /// What is done with narrations and documents that are there.
    #[command(flatten)]
    Manage(manage::Manage),
    /// Lists the voices that can be ordered.
    Voices(voice::Voices),
    /// Lists who can be ordered to write scripts, and what each can do.
    Writers(Writers),
    /// Makes, shows, changes and deletes lexicons: words, and how they are said.
    Lexicon(Lexicons),
    /// Shows what was spent on writers and voices that cost money, by day, writer or engine, and
    /// model.
    Usage(Usage),
    /// Fetches the local voice or Kokoro's, or says where they are.
    Voice(voice::Voice),
    /// Serves until it is stopped; started again on the same data, it finishes what was unfinished.
    Up(Up),
    /// Makes, lists and revokes API keys of a server.
    Keys(KeysCommand),
    /// Makes, shows, changes and suspends tenants of a server.
    Tenants(Tenants),
    /// Shows what the caller's tenant may use of a server, and uses.
    Quota(Quota),
    /// Lists what was done on a server that others must be able to account for, the newest first.
    Audit(Audit),
    /// Shows what waits, what runs and what is broken over all tenants, and does something about
    /// it: an operator's commands.
    Ops(Ops),
    /// Checks a deployment from inside, with the configuration of one of its services, and says
    /// what to do about what is wrong.
    Doctor(Doctor),
    /// Tests a server from the outside: health, reflection, and a short narration to its end.
    Smoke(Smoke),
}

/// Serves until it is stopped.
#[derive(Debug, Args)]
pub struct Up {
    /// Where everything is kept; the folder of LECTERN_DATA, or $XDG_DATA_HOME/lectern, where none
    /// is named.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where gRPC is served; loopback only, since the embedded instance asks for no key and speaks
    /// plain text.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Allows import by URL, as the setting `import.enabled` does.
    #[arg(long)]
    pub import: bool,
}

impl Cli {
    /// What the process is called where others tell of it, such as `lectern narrate`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.command {
            Some(Command::Narrate(_)) => "lectern narrate",
            Some(Command::Preview(_)) => "lectern preview",
            Some(Command::Estimate(_)) => "lectern estimate",
            Some(Command::Writers(_)) => "lectern writers",
            Some(Command::Usage(_)) => "lectern usage",
            Some(Command::Lexicon(_)) => "lectern lexicon",
            Some(Command::Manage(manage)) => manage.name(),
            Some(Command::Voices(_)) => "lectern voices",
            Some(Command::Voice(_)) => "lectern voice",
            Some(Command::Up(_)) => "lectern up",
            Some(Command::Keys(_)) => "lectern keys",
            Some(Command::Tenants(_)) => "lectern tenants",
            Some(Command::Quota(_)) => "lectern quota",
            Some(Command::Audit(_)) => "lectern audit",
            Some(Command::Ops(_)) => "lectern ops",
            Some(Command::Doctor(_)) => "lectern doctor",
            Some(Command::Smoke(_)) => "lectern smoke",
            None => "lectern",
        }
    }

    /// The folder of data that the command names.
    pub fn data(&mut self) -> Option<&PathBuf> {
        match &mut self.command {
            Some(Command::Narrate(order)) => order.place.at.data.as_ref(),
            Some(Command::Preview(preview)) => preview.place.at.data.as_ref(),
            Some(Command::Estimate(estimate)) => estimate.place.at.data.as_ref(),
            Some(Command::Writers(writers)) => writers.at.data.as_ref(),
            Some(Command::Usage(usage)) => usage.at.data.as_ref(),
            Some(Command::Lexicon(lexicons)) => lexicons.at.data.as_ref(),
            Some(Command::Manage(manage)) => manage.at().data.as_ref(),
            Some(Command::Voices(voices)) => voices.at.data.as_ref(),
            Some(Command::Up(up)) => up.data.as_ref(),
            Some(Command::Ops(ops)) => ops.at.data.as_ref(),
            Some(Command::Doctor(doctor)) => doctor.data.as_ref(),
            Some(
                Command::Voice(_)
                | Command::Keys(_)
                | Command::Tenants(_)
                | Command::Quota(_)
                | Command::Audit(_)
                | Command::Smoke(_),
            )
            | None => None,
        }
    }

    /// Who writes, for a command that orders on an instance of its own; none for any other.
    #[must_use]
    pub fn writing(&self) -> Option<&Writing> {
        let (place, script) = match &self.command {
            Some(Command::Narrate(order)) => (&order.place, &order.script),
            Some(Command::Preview(preview)) => (&preview.place, &preview.script),
            Some(Command::Estimate(estimate)) => (&estimate.place, &estimate.script),
            Some(
                Command::Manage(_)
                | Command::Voices(_)
                | Command::Writers(_)
                | Command::Usage(_)
                | Command::Lexicon(_)
                | Command::Voice(_)
                | Command::Up(_)
                | Command::Keys(_)
                | Command::Tenants(_)
                | Command::Quota(_)
                | Command::Audit(_)
                | Command::Ops(_)
                | Command::Doctor(_)
                | Command::Smoke(_),
            )
            | None => return None,
        };
        Some(&script.writing).filter(|_| place.at.server.is_none())
    }

    /// Settles the key of the command, where it takes one: that of `--key`, else that of
    /// `--key-file`, else that of the environment.
    ///
    /// # Errors
    /// `INVALID_FIELD` for a `--key-file` that has no key.
    pub fn settle_key(&mut self, environment: &Secret) -> Result<(), Failure> {
        self.credential().map_or(Ok(()), |credential| credential.settle(environment))
    }

    /// Settles the server of a command that works on one alone, and was told none: that which is
    /// `found` on this machine, where there is one.
    pub fn settle_server(&mut self, found: impl FnOnce() -> Option<SocketAddr>) {
        let at = match &mut self.command {
            Some(Command::Keys(keys)) => &mut keys.at,
            Some(Command::Tenants(tenants)) => &mut tenants.at,
            Some(Command::Quota(quota)) => &mut quota.at,
            Some(Command::Audit(audit)) => &mut audit.at,
            Some(Command::Smoke(smoke)) => &mut smoke.at,
            Some(
                Command::Narrate(_)
                | Command::Preview(_)
                | Command::Estimate(_)
                | Command::Manage(_)
                | Command::Voices(_)
                | Command::Writers(_)
                | Command::Usage(_)
                | Command::Lexicon(_)
                | Command::Voice(_)
                | Command::Up(_)
                | Command::Ops(_)
                | Command::Doctor(_),
            )
            | None => return,
        };
        if at.server.is_none() {
            at.server = found().map(|address| format!("http://{address}"));
        }
    }

    /// The flags of its credential; none where the command takes none.
    fn credential(&mut self) -> Option<Credential<'_>> {
        Some(match &mut self.command {
            Some(Command::Narrate(order)) => order.place.at.credential(),
            Some(Command::Preview(preview)) => preview.place.at.credential(),
            Some(Command::Estimate(estimate)) => estimate.place.at.credential(),
            Some(Command::Writers(writers)) => writers.at.credential(),
            Some(Command::Usage(usage)) => usage.at.credential(),
            Some(Command::Lexicon(lexicons)) => lexicons.at.credential(),
            Some(Command::Manage(manage)) => manage.at().credential(),
            Some(Command::Voices(voices)) => voices.at.credential(),
            Some(Command::Keys(keys)) => keys.at.credential(),
            Some(Command::Tenants(tenants)) => tenants.at.credential(),
            Some(Command::Quota(quota)) => quota.at.credential(),
            Some(Command::Audit(audit)) => audit.at.credential(),
            Some(Command::Ops(ops)) => ops.at.credential(),
            Some(Command::Smoke(smoke)) => smoke.at.credential(),
            Some(Command::Voice(_) | Command::Up(_) | Command::Doctor(_)) | None => return None,
        })
    }
}

#[cfg(test)]
mod tests;
