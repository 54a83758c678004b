//! The command line.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use lectern_core::Failure;

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
}

/// Serves until it is stopped.
#[derive(Debug, Args)]
pub struct Up {
    /// Where everything is kept.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where gRPC is served; loopback only, since the embedded instance asks for no key.
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
    /// The voice, as ListVoices names it; the default voice of the document's language where none
    /// is given.
    #[arg(long, value_name = "VOICE", default_value = "")]
    pub voice: String,
    /// Tempo, 0.5 to 2.0.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// Audio formats, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Format::Opus, Format::Wav])]
    pub format: Vec<Format>,
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
}

/// Which instance does the work.
#[derive(Debug, Args)]
pub struct Place {
    /// A running server (`http://host:port`) instead of an instance of its own.
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// The API key for --server.
    #[arg(long, value_name = "KEY", requires = "server")]
    pub key: Option<String>,
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

/// API keys of a server.
#[derive(Debug, Args)]
pub struct Keys {
    /// What to do with them.
    #[command(subcommand)]
    pub command: KeyCommand,
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7400", global = true)]
    pub server: String,
    /// The installation's admin key; an embedded instance needs none.
    #[arg(long, value_name = "KEY", global = true)]
    pub key: Option<String>,
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a key; the last line of the output is the key itself, which is shown only now.
    Create {
        /// The tenant whose data it opens.
        #[arg(long)]
        tenant: String,
        /// A name for people.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Lists keys.
    List,
    /// Revokes a key.
    Revoke {
        /// Its id, as `list` shows it.
        id: String,
    },
}

/// No command was given.
pub fn nothing_to_do() -> Failure {
    Failure::invalid(
        "command",
        "say what to do: `lectern narrate FILE`, `lectern preview FILE`, `lectern up` or `lectern keys`; --help says more",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
