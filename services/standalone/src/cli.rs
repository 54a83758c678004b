//! The command line.

mod admin;

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use lectern_core::Failure;
use lectern_runtime::Secret;

pub use admin::{Audit, KeyCommand, Keys, Lane, Limit, Limits, Quota, Role, Server, TenantCommand, Tenants};

/// Turns documents into narrated audio.
#[derive(Debug, Parser)]
#[command(name = "lectern", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Configuration file, TOML; --print-config shows the keys and their values in force.
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Prints the configuration in force, secrets left out, and exits.
    #[arg(long)]
    pub print_config: bool,
    /// Says more: progress of the services on standard error.
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

impl Cli {
    /// Gives the command the key of the environment, where it takes one and was given none.
    pub fn offer_key(&mut self, key: &Secret) {
        let place = match &mut self.command {
            Some(Command::Narrate(order)) => &mut order.place.key,
            Some(Command::Preview(preview)) => &mut preview.place.key,
            Some(Command::Keys(keys)) => &mut keys.at.key,
            Some(Command::Tenants(tenants)) => &mut tenants.at.key,
            Some(Command::Quota(quota)) => &mut quota.at.key,
            Some(Command::Audit(audit)) => &mut audit.at.key,
            Some(Command::Up(_)) | None => return,
        };
        if place.is_none() && !key.is_empty() {
            *place = Some(key.clone());
        }
    }
}

/// Keeps an argument out of what is printed of the command line.
fn secret(argument: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(argument))
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Narrates documents: PDF, DOCX, EPUB, HTML, Markdown or text.
    Narrate(Narrate),
    /// Prints what would be spoken of documents and what skipped, and why, block by block, before
    /// anything is spent.
    Preview(Preview),
    /// Serves until it is stopped; started again on the same data, it finishes what was unfinished.
    Up(Up),
    /// Makes, lists and revokes API keys of a server.
    Keys(Keys),
    /// Makes, shows, changes and suspends tenants of a server.
    Tenants(Tenants),
    /// Shows what the caller's tenant may use of a server, and uses.
    Quota(Quota),
    /// Lists what was done on a server that others must be able to account for, the newest first.
    Audit(Audit),
}

/// Serves until it is stopped.
#[derive(Debug, Args)]
pub struct Up {
    /// Where everything is kept.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where gRPC is served; loopback only, since the embedded instance asks for no key and speaks
    /// plain text.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<std::net::SocketAddr>,
    /// Allows import by URL, as the setting `import.enabled` does.
    #[arg(long)]
    pub import: bool,
}

/// Narrates documents.
#[derive(Debug, Args)]
pub struct Narrate {
    /// The documents: files, or https:// URLs where import is allowed.
    #[arg(required = true, value_name = "FILE")]
    pub sources: Vec<Source>,
    /// What becomes a script, and how.
    #[command(flatten)]
    pub script: Script,
    /// The voice, such as engines/local/voices/heart; the default voice of the document's language
    /// where none is given.
    #[arg(long, value_name = "VOICE", default_value = "")]
    pub voice: String,
    /// Tempo, 0.5 to 2.0.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// Audio formats, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Format::Opus, Format::Wav])]
    pub format: Vec<Format>,
    /// The queue that it waits in; against a server where none is named, the server's usual one.
    #[arg(long, value_enum, value_name = "LANE")]
    pub lane: Option<Lane>,
    /// The folder for the files; with several documents, a folder in it for each.
    #[arg(long, short, value_name = "DIR", default_value = "lectern-out")]
    pub out: PathBuf,
    /// Where it is made.
    #[command(flatten)]
    pub place: Place,
}

/// Previews documents.
#[derive(Debug, Args)]
pub struct Preview {
    /// The documents: files, or https:// URLs where import is allowed.
    #[arg(required = true, value_name = "FILE")]
    pub sources: Vec<Source>,
    /// What would become a script, and how.
    #[command(flatten)]
    pub script: Script,
    /// Prints JSON for programs, one line a document.
    #[arg(long)]
    pub json: bool,
    /// Where it is made.
    #[command(flatten)]
    pub place: Place,
}

/// What becomes a script, and how.
#[derive(Debug, Args)]
pub struct Script {
    /// How the document becomes a script.
    #[arg(long, value_enum, default_value_t = Style::Narration)]
    pub style: Style,
    /// Length of a briefing in minutes.
    #[arg(long, value_name = "N", conflicts_with = "words")]
    pub minutes: Option<i32>,
    /// Length of a briefing in words.
    #[arg(long, value_name = "N")]
    pub words: Option<i32>,
    /// What becomes of footnotes.
    #[arg(long, value_enum, default_value_t = Footnotes::Skip)]
    pub footnotes: Footnotes,
    /// The language of the document, such as en, where it is found out wrongly.
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
}

/// Which instance does the work.
#[derive(Debug, Args)]
pub struct Place {
    /// A running server (`http://host:port`) instead of an instance of its own.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The API key for --server. Prefer the environment variable LECTERN_KEY: other users of the
    /// machine see arguments in the list of processes.
    #[arg(long, value_name = "KEY", requires = "server", value_parser = secret)]
    pub key: Option<Secret>,
    /// Keeps the data of the instance of its own in this folder, so that what was spoken once is
    /// not spoken again.
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    pub data: Option<PathBuf>,
    /// Allows the instance of its own to fetch https:// URLs, as the setting `import.enabled` does.
    #[arg(long, conflicts_with = "server")]
    pub import: bool,
}

/// A document to narrate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file of this machine.
    File(PathBuf),
    /// What the server is to fetch.
    Url(String),
}

impl From<OsString> for Source {
    fn from(argument: OsString) -> Self {
        match argument.to_str() {
            Some(url) if url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) => {
                Self::Url(url.to_owned())
            }
            Some(_) | None => Self::File(argument.into()),
        }
    }
}

impl Source {
    /// Refuses what is neither a file nor a URL, before anything is started.
    ///
    /// # Errors
    /// `INVALID_FIELD`.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Self::File(file) if !file.is_file() => {
                let message = format!("{} is not a file; name one, or a URL that begins with https://", file.display());
                Err(Failure::invalid("FILE", message))
            }
            Self::File(_) | Self::Url(_) => Ok(()),
        }
    }

    /// What its files are named by: the name of the file, or the last part of the URL's path,
    /// without the ending.
    #[must_use]
    pub fn stem(&self) -> OsString {
        let path = match self {
            Self::File(path) => path,
            Self::Url(url) => {
                let path = url.split(['?', '#']).next().unwrap_or_default();
                Path::new(path.trim_end_matches('/'))
            }
        };
        path.file_stem().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// How the document becomes a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// Every block, as it stands.
    Narration,
    /// The most important passages.
    Briefing,
}

/// What becomes of footnotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Footnotes {
    /// Not spoken; listed in the manifest.
    Skip,
    /// After the sentence that refers to them.
    Inline,
    /// At the end of the section.
    End,
}

/// A format of the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Ogg/Opus.
    Opus,
    /// WAV.
    Wav,
    /// FLAC.
    Flac,
    /// MP3, where ffmpeg is installed.
    Mp3,
}

/// No command was given.
pub fn nothing_to_do() -> Failure {
    Failure::invalid(
        "command",
        "say what to do: `lectern narrate FILE`, `lectern preview FILE`, `lectern up`, or another that --help lists",
    )
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::audit_record::Action;

    use super::*;

    fn key_of(cli: &Cli) -> Option<&str> {
        let key = match &cli.command {
            Some(Command::Narrate(order)) => order.place.key.as_ref(),
            Some(Command::Preview(preview)) => preview.place.key.as_ref(),
            Some(Command::Keys(keys)) => keys.at.key.as_ref(),
            Some(Command::Tenants(tenants)) => tenants.at.key.as_ref(),
            Some(Command::Quota(quota)) => quota.at.key.as_ref(),
            Some(Command::Audit(audit)) => audit.at.key.as_ref(),
            Some(Command::Up(_)) | None => None,
        };
        key.map(Secret::expose)
    }

    #[test]
    fn the_key_is_that_of_the_environment_unless_an_argument_says_another() {
        let server = "--server=http://127.0.0.1:7400";
        for (arguments, expected) in [
            (&["lectern", "keys", "list"][..], Some("lk_env")),
            (&["lectern", "keys", "list", "--key", "lk_argument"][..], Some("lk_argument")),
            (&["lectern", "narrate", "a.md", server][..], Some("lk_env")),
            (&["lectern", "narrate", "a.md", server, "--key", "lk_argument"][..], Some("lk_argument")),
            (&["lectern", "preview", "a.md", server][..], Some("lk_env")),
            (&["lectern", "tenants", "show", "acme"][..], Some("lk_env")),
            (&["lectern", "quota"][..], Some("lk_env")),
            (&["lectern", "audit", "--key", "lk_argument"][..], Some("lk_argument")),
            (&["lectern", "up"][..], None),
        ] {
            let mut cli = Cli::try_parse_from(arguments).unwrap();
            cli.offer_key(&Secret::new(""));
            assert_ne!(key_of(&cli), Some(""), "{arguments:?}: an empty key is none");
            cli.offer_key(&Secret::new("lk_env"));
            assert_eq!(key_of(&cli), expected, "{arguments:?}");
            assert!(!format!("{cli:?}").contains("lk_"), "{cli:?}");
        }
    }

    #[test]
    fn help_prefers_the_environment_to_an_argument() {
        let mut command = <Cli as clap::CommandFactory>::command();
        for name in ["narrate", "preview", "keys", "tenants", "quota", "audit"] {
            let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
            assert!(help.contains("LECTERN_KEY"), "{name}: {help}");
        }
    }

    #[test]
    fn the_command_line_is_one_that_clap_takes() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn limits_and_times_are_read_as_people_write_them() {
        let parse = |arguments: &[&str]| Cli::try_parse_from(arguments).map(|cli| cli.command);
        let update = ["lectern", "tenants", "update", "acme", "--stored-sources", "2GiB", "--lanes", "bulk,standard"];
        let Ok(Some(Command::Tenants(tenants))) = parse(&update) else { panic!("it is read") };
        let TenantCommand::Update { limits, .. } = tenants.command else { panic!("it is an update") };
        assert_eq!(limits.stored_sources.map(|size| size.bytes()), Some(2 << 30));
        assert_eq!(limits.lanes, [Lane::Bulk, Lane::Standard]);

        let create = ["lectern", "keys", "create", "--tenant", "acme", "--role", "reader", "--expires", "2027-01-31"];
        let Ok(Some(Command::Keys(keys))) = parse(&create) else { panic!("it is read") };
        let KeyCommand::Create { role, expires, .. } = keys.command else { panic!("it makes a key") };
        assert_eq!((role, expires.map(|at| at.to_string())), (Role::Reader, Some("2027-01-31T00:00:00Z".to_owned())));
        assert!(parse(&["lectern", "keys", "create", "--expires", "soon"]).is_err());
    }

    #[test]
    fn an_action_is_named_as_it_is_printed_and_a_wrong_one_is_told_the_right_ones() {
        let parse = |action: &str| Cli::try_parse_from(["lectern", "audit", "--action", action]);
        for (named, expected) in [("key-created", Action::KeyCreated), ("tenant suspended", Action::TenantSuspended)] {
            let Ok(Some(Command::Audit(audit))) = parse(named).map(|cli| cli.command) else { panic!("{named}") };
            assert_eq!(audit.action, Some(expected));
        }
        for wrong in ["", "unspecified", "key-eaten"] {
            let refused = parse(wrong).unwrap_err().to_string();
            assert!(refused.contains("key-created") && refused.contains("narration-deleted"), "{refused}");
        }
    }

    #[test]
    fn a_document_is_a_url_when_it_begins_like_one() {
        for (argument, url, stem) in [
            ("a/tides.md", false, "tides"),
            ("https", false, "https"),
            ("http://docs.example.com/a.md", false, "a"),
            ("https://docs.example.com/papers/tides.pdf?x=/y.z#part", true, "tides"),
            ("HTTPS://docs.example.com/tides", true, "tides"),
            ("https://docs.example.com/book/", true, "book"),
        ] {
            let source = Source::from(OsString::from(argument));
            assert_eq!(matches!(source, Source::Url(_)), url, "{argument}");
            assert_eq!(source.stem(), stem, "{argument}");
            assert_eq!(source.to_string(), argument);
        }
    }
}
