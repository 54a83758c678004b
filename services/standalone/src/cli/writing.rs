//! The command line of who writes and how, and of `lectern writers`,
//! `lectern estimate` and `lectern usage`.

use std::path::PathBuf;

use clap::Args;
use lectern_proto::v1::Character;

use super::{At, Place, Script, Source};

/// Who writes, and how. All but the writer itself is for one with words of its own, a model's.
#[derive(Debug, Clone, Default, Args)]
pub struct Writing {
    /// Who writes the script: extractive for the document's own words, or another of those that
    /// `lectern writers` lists. Without --server also gemini, with a key in GOOGLE_API_KEY or
    /// GEMINI_API_KEY, and openai, for OpenAI with a key in OPENAI_API_KEY or for any server that
    /// speaks its protocol at --writer-url.
    #[arg(long, value_name = "NAME")]
    pub writer: Option<String>,
    /// Where the writer's model is, up to the version of its API, such as
    /// http://127.0.0.1:11434/v1. No key of the environment is sent there.
    #[arg(long, value_name = "URL", requires = "writer", conflicts_with = "server")]
    pub writer_url: Option<String>,
    /// The writer's model, as its provider names it.
    #[arg(long, value_name = "MODEL", requires = "writer", conflicts_with = "server")]
    pub writer_model: Option<String>,
    /// A file with the API key of the writer's provider in its only line.
    #[arg(long, value_name = "FILE", requires = "writer", conflicts_with = "server")]
    pub writer_key_file: Option<PathBuf>,
    /// For whom it is written, such as 'nurses in their first year'.
    #[arg(long, value_name = "TEXT")]
    pub audience: Option<String>,
    /// In which tone, such as 'calm and plain'.
    #[arg(long, value_name = "TEXT")]
    pub tone: Option<String>,
    /// What of the document matters most.
    #[arg(long, value_name = "TEXT")]
    pub focus: Option<String>,
    /// Anything else that the writer is to know.
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,
    /// Begins with words of welcome that name the document.
    #[arg(long)]
    pub intro: bool,
    /// Ends with words that close it.
    #[arg(long)]
    pub outro: bool,
    /// Who talks in a dialogue, once for each of two to four: a name, and where it is wanted their
    /// voice, what they are there for and how they talk, such as 'Ann: asks questions; curious' or
    /// 'Ann=heart: asks questions'.
    #[arg(long = "speaker", value_name = "NAME=VOICE: ROLE; MANNER", value_parser = speaker)]
    pub speakers: Vec<Talker>,
}

/// Who talks in a dialogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Talker {
    /// Who they are.
    pub character: Character,
    /// Their voice, as people name it; empty where it is not said.
    pub voice: String,
}

impl Writing {
    /// Whether the flags say where a writer's model is, or which.
    #[must_use]
    pub const fn has_setup(&self) -> bool {
        self.writer_url.is_some() || self.writer_model.is_some() || self.writer_key_file.is_some()
    }
}

/// Reads who talks: `NAME`, `NAME: ROLE` or `NAME: ROLE; MANNER`, each with `=VOICE` behind the
/// name where that is wanted.
fn speaker(argument: &str) -> Result<Talker, String> {
    let (who, rest) = argument.split_once(':').unwrap_or((argument, ""));
    let (name, voice) = who.split_once('=').map_or((who, None), |(name, voice)| (name, Some(voice.trim())));
    let (role, manner) = rest.split_once(';').unwrap_or((rest, ""));
    let [name, role, manner] = [name, role, manner].map(|part| part.trim().to_owned());
    if name.is_empty() {
        return Err("a speaker begins with a name, such as 'Ann: asks questions; curious'".to_owned());
    }
    if voice.is_some_and(str::is_empty) {
        return Err("behind = stands a voice, such as 'Ann=heart: asks questions'".to_owned());
    }
    Ok(Talker { character: Character { name, role, manner }, voice: voice.unwrap_or_default().to_owned() })
}

/// Estimates documents.
#[derive(Debug, Args)]
pub struct Estimate {
    /// The documents: files, folders, patterns, - for standard input, or https:// URLs where import
    /// is allowed.
    #[arg(required_unless_present = "print_config", value_name = "SOURCE")]
    pub sources: Vec<Source>,
    /// The name of what comes from standard input, such as notes.md.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What would become a script, and how.
    #[command(flatten)]
    pub script: Script,
    /// The voice whose speech is counted; the default voice of the document's language where none
    /// is given. In a dialogue once for each speaker, in their order, in the place of =VOICE.
    #[arg(long = "voice", value_name = "VOICE")]
    pub voices: Vec<String>,
    /// Tempo, 0.5 to 2.0.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = super::narrate::speed)]
    pub speed: f64,
    /// Prints JSON for programs, one line a document.
    #[arg(long)]
    pub json: bool,
    /// Where it would be made.
    #[command(flatten)]
    pub place: Place,
}

/// Lists the writers that can be ordered.
#[derive(Debug, Args)]
pub struct Writers {
    /// Prints JSON for programs, a writer a line.
    #[arg(long)]
    pub json: bool,
    /// Whose.
    #[command(flatten)]
    pub at: At,
}

/// Shows what was spent.
#[derive(Debug, Args)]
pub struct Usage {
    /// The first day, in UTC, such as 2026-11-01; without it, the first of the month of --to.
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// The last day, at most 92 days after the first; without it, today.
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// Prints JSON for programs, a day, writer and model a line.
    #[arg(long)]
    pub json: bool,
    /// Whose.
    #[command(flatten)]
    pub at: At,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_talks_is_a_name_and_what_is_said_of_it() {
        let read = |argument| {
            let character = |Character { name, role, manner }: Character| (name, role, manner);
            speaker(argument).map(|talker| character(talker.character))
        };
        let parts = |name: &str, role: &str, manner: &str| Ok((name.to_owned(), role.to_owned(), manner.to_owned()));
        assert_eq!(read("Ann"), parts("Ann", "", ""));
        assert_eq!(read(" Ann : asks"), parts("Ann", "asks", ""));
        assert_eq!(read("Ann: asks; curious; at 3:00"), parts("Ann", "asks", "curious; at 3:00"));
        for wrong in ["", " ", ": asks", "=heart"] {
            assert!(read(wrong).unwrap_err().contains("begins with a name"), "{wrong:?}");
        }
        let voice = |argument| speaker(argument).map(|talker| (talker.character.name, talker.voice));
        let named = |name: &str, voice: &str| Ok((name.to_owned(), voice.to_owned()));
        assert_eq!(voice("Ann = google/en-US-Chirp3-HD-Kore : asks"), named("Ann", "google/en-US-Chirp3-HD-Kore"));
        assert_eq!(voice("Ann: what = that?"), named("Ann", ""));
        assert!(voice("Ann=: asks").unwrap_err().contains("a voice"));
    }
}
