//! The command line of what is done with narrations and documents that are there already.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lectern_proto::names;
use lectern_proto::v1::narration;

use super::At;

/// So many lines of a list are shown where nothing else is asked for.
pub(super) const LINES: u32 = 50;

/// What is done with narrations and documents that are there.
#[derive(Debug, Subcommand)]
pub enum Manage {
    /// Lists narrations, the newest first.
    List(List),
    /// Shows all that is known of a narration: where it stands and why, what was ordered, its
    /// files.
    Show(Show),
    /// Follows a narration to its end, also one that another command ordered.
    Watch(Follow),
    /// Shows the script of a narration, sentence by sentence, as far as it is written.
    Script(Read),
    /// Puts another sentence in the place of one, in a script that waits for its approval, or
    /// changes it as another one was changed.
    Edit(Edit),
    /// Approves a script that waits for it, and follows the narration to its end.
    Approve(Approve),
    /// Fetches the files of a narration.
    Get(Get),
    /// Stops a narration; what was made is kept, and `lectern retry` goes on from there.
    Cancel(Cancel),
    /// Starts a narration anew that failed or was cancelled, at the cost of what is missing, and
    /// follows it.
    Retry(Follow),
    /// Deletes narrations, or documents and all that was made from them.
    Delete(Delete),
    /// Lists documents, the newest first.
    Documents(Documents),
    /// Plays a narration, a folder of one, or a file, by ffplay or mpv. A narration that a server
    /// makes is heard while it is made.
    Play(Play),
}

impl Manage {
    /// Where the command works.
    pub const fn at(&mut self) -> &mut At {
        match self {
            Self::List(list) => &mut list.at,
            Self::Show(show) => &mut show.at,
            Self::Watch(follow) | Self::Retry(follow) => &mut follow.at,
            Self::Script(read) => &mut read.at,
            Self::Edit(edit) => &mut edit.at,
            Self::Approve(approve) => &mut approve.follow.at,
            Self::Get(get) => &mut get.at,
            Self::Cancel(cancel) => &mut cancel.at,
            Self::Delete(delete) => &mut delete.at,
            Self::Documents(documents) => &mut documents.at,
            Self::Play(play) => &mut play.at,
        }
    }

    /// Which narration is followed to its end, and how; none where the command follows none.
    #[must_use]
    pub const fn follow(&self) -> Option<&Follow> {
        match self {
            Self::Watch(follow) | Self::Retry(follow) => Some(follow),
            Self::Approve(approve) => Some(&approve.follow),
            Self::List(_)
            | Self::Show(_)
            | Self::Script(_)
            | Self::Edit(_)
            | Self::Get(_)
            | Self::Cancel(_)
            | Self::Delete(_)
            | Self::Documents(_)
            | Self::Play(_) => None,
        }
    }

    /// The command, as it is typed.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::List(_) => "lectern list",
            Self::Show(_) => "lectern show",
            Self::Watch(_) => "lectern watch",
            Self::Script(_) => "lectern script",
            Self::Edit(_) => "lectern edit",
            Self::Approve(_) => "lectern approve",
            Self::Get(_) => "lectern get",
            Self::Cancel(_) => "lectern cancel",
            Self::Retry(_) => "lectern retry",
            Self::Delete(_) => "lectern delete",
            Self::Documents(_) => "lectern documents",
            Self::Play(_) => "lectern play",
        }
    }
}

/// Lists narrations.
#[derive(Debug, Args)]
pub struct List {
    /// Only those in this state.
    #[arg(long, value_enum, value_name = "STATE")]
    pub state: Option<State>,
    /// Only those of this document, as `lectern documents` names it.
    #[arg(long, value_name = "NAME", value_parser = document)]
    pub document: Option<String>,
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = LINES, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Prints JSON for programs, a narration a line.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Shows a narration.
#[derive(Debug, Args)]
pub struct Show {
    /// Its name, as `lectern list` shows it.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = narration)]
    pub name: Option<String>,
    /// Prints JSON for programs.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Follows a narration.
#[derive(Debug, Args)]
pub struct Follow {
    /// Its name, as `lectern list` shows it.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = narration)]
    pub name: Option<String>,
    /// Fetches its files into this folder when it has succeeded.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes also into a folder that has something else in it, and replaces files of a narration
    /// there; deletes no other files.
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Prints JSON for programs: a line whenever it gets on, and the narration as the last one.
    #[arg(long)]
    pub json: bool,
    /// Prints nothing but what went wrong.
    #[arg(long, short, conflicts_with = "json")]
    pub quiet: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Shows a script.
#[derive(Debug, Args)]
pub struct Read {
    /// The narration's name, as `lectern list` shows it.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = narration)]
    pub name: Option<String>,
    /// Prints JSON for programs.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Changes a script.
#[derive(Debug, Args)]
pub struct Edit {
    /// The narration's name, as `lectern list` shows it.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = narration)]
    pub name: Option<String>,
    /// The section's number, as `lectern script` shows it.
    #[arg(required_unless_present_any = ["print_config", "edits_of"], value_name = "SECTION", value_parser = place)]
    pub section: Option<i32>,
    /// The sentence's number in the section, as `lectern script` shows it.
    #[arg(required_unless_present_any = ["print_config", "edits_of"], value_name = "SENTENCE", value_parser = place)]
    pub sentence: Option<i32>,
    /// What is said in its place.
    #[arg(required_unless_present_any = ["print_config", "edits_of"], value_name = "TEXT")]
    pub text: Option<String>,
    /// Changes it instead as the script of this narration was changed, of the same document or of
    /// another revision of it: what is written in the same words is another sentence in the same
    /// way.
    #[arg(long, value_name = "NAME", value_parser = narration, conflicts_with_all = ["section", "sentence", "text"])]
    pub edits_of: Option<String>,
    /// Only if this is still the script's etag, as `lectern script` shows it; the script as it is
    /// now where none is given.
    #[arg(long, value_name = "ETAG")]
    pub etag: Option<String>,
    /// Prints JSON for programs: the script's new etag.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Approves a script.
#[derive(Debug, Args)]
pub struct Approve {
    /// Only if this is still the script's etag, as `lectern script` shows it; the script as it is
    /// now where none is given.
    #[arg(long, value_name = "ETAG")]
    pub etag: Option<String>,
    /// Which narration, and how it is followed.
    #[command(flatten)]
    pub follow: Follow,
}

/// Fetches the files of a narration.
#[derive(Debug, Args)]
pub struct Get {
    /// Its name, as `lectern list` shows it.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = narration)]
    pub name: Option<String>,
    /// The folder for the files; lectern-out/NAME, by the document's name, where none is given.
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Writes also into a folder that has something else in it, and replaces files of a narration
    /// there; deletes no other files.
    #[arg(long)]
    pub force: bool,
    /// Prints JSON for programs: the narration.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Stops a narration.
#[derive(Debug, Args)]
pub struct Cancel {
    /// Its name, as `lectern list` shows it.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = narration)]
    pub name: Option<String>,
    /// Prints JSON for programs: the narration as it is then.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Deletes narrations and documents.
#[derive(Debug, Args)]
pub struct Delete {
    /// What: narrations/ID or documents/ID; an id alone is a narration's.
    #[arg(required_unless_present = "print_config", value_name = "NAME", value_parser = target)]
    pub names: Vec<Target>,
    /// Deletes also documents that there are narrations of, with these, and narrations that are
    /// being made.
    #[arg(long)]
    pub force: bool,
    /// Deletes with a document all its revisions, which can only be deleted together.
    #[arg(long)]
    pub all_revisions: bool,
    /// Does not ask.
    #[arg(long, short)]
    pub yes: bool,
    /// Prints JSON for programs: the receipt of each document that was deleted.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Lists documents.
#[derive(Debug, Args)]
pub struct Documents {
    /// At most so many, the newest.
    #[arg(long, value_name = "N", default_value_t = LINES, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Prints JSON for programs, a document a line.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub at: At,
}

/// Plays a recording.
#[derive(Debug, Args)]
pub struct Play {
    /// A narration, which may be in the making on a server, a folder that `lectern narrate` made,
    /// or a file of audio.
    #[arg(required_unless_present = "print_config", value_name = "WHAT")]
    pub what: Option<PathBuf>,
    /// Where, for a narration.
    #[command(flatten)]
    pub at: At,
}

/// Where a narration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Accepted; nothing is made yet.
    Queued,
    /// Accepted anew; the source is read again.
    Extracting,
    /// The outline is being made.
    Planning,
    /// Sections are being written and recorded.
    Narrating,
    /// All sections are recorded; files are being made.
    Assembling,
    /// Every file is there.
    Succeeded,
    /// It failed.
    Failed,
    /// It was stopped.
    Cancelled,
    /// The script is written, and waits for its approval.
    AwaitingApproval,
}

impl From<State> for narration::State {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Extracting => Self::Extracting,
            State::Planning => Self::Planning,
            State::Narrating => Self::Narrating,
            State::Assembling => Self::Assembling,
            State::Succeeded => Self::Succeeded,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
            State::AwaitingApproval => Self::AwaitingApproval,
        }
    }
}

/// What is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `narrations/{id}`.
    Narration(String),
    /// `documents/{id}`.
    Document(String),
}

/// Reads the name of a narration: `narrations/{id}`, or the id alone.
///
/// # Errors
/// What is wrong with it, for a person.
pub fn narration(argument: &str) -> Result<String, String> {
    let id = argument.strip_prefix("narrations/").unwrap_or(argument);
    let read = names::narration(&format!("narrations/{id}"), "NAME");
    read.map(|id| names::of_narration(&id))
        .map_err(|_| "a narration is named as `lectern list` names it: narrations/ID, or the ID alone".to_owned())
}

/// Reads the name of a document: `documents/{id}`, or the id alone.
pub(super) fn document(argument: &str) -> Result<String, String> {
    let id = argument.strip_prefix("documents/").unwrap_or(argument);
    let read = names::document(&format!("documents/{id}"), "NAME");
    read.map(|id| names::of_document(&id))
        .map_err(|_| "a document is named as `lectern documents` names it: documents/ID, or the ID alone".to_owned())
}

/// Reads the number of a section or of a sentence.
fn place(argument: &str) -> Result<i32, String> {
    let read = argument.parse().ok().filter(|number| *number >= 0);
    read.ok_or_else(|| "sections and sentences are counted from 0, as `lectern script` shows them".to_owned())
}

/// Reads the name of what is to be deleted.
fn target(argument: &str) -> Result<Target, String> {
    if argument.starts_with("documents/") {
        return document(argument).map(Target::Document);
    }
    narration(argument).map(Target::Narration).map_err(|_| {
        "what is deleted is named as `lectern list` and `lectern documents` name it: narrations/ID or documents/ID"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_alone_is_a_narrations() {
        for argument in ["narrations/n-1", "n-1"] {
            assert_eq!(narration(argument), Ok("narrations/n-1".to_owned()));
            assert_eq!(target(argument), Ok(Target::Narration("narrations/n-1".to_owned())));
        }
        assert_eq!(target("documents/d1"), Ok(Target::Document("documents/d1".to_owned())));
        for argument in ["documents/d1", "d1"] {
            assert_eq!(document(argument), Ok("documents/d1".to_owned()));
        }
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_form_of_one() {
        let longest = "x".repeat(65);
        for wrong in ["", "a b", "narrations/", "narrations/a/b", "voices/v", "documents/d1", "../n", &longest] {
            assert!(narration(wrong).unwrap_err().contains("narrations/ID"), "{wrong}");
        }
        for wrong in ["", "documents/", "documents/a.b", "voices/v"] {
            assert!(target(wrong).unwrap_err().contains("documents/ID"), "{wrong}");
        }
    }

    #[test]
    fn a_place_in_a_script_is_counted_from_0() {
        assert_eq!((place("0"), place("17")), (Ok(0), Ok(17)));
        for wrong in ["", "-1", "x", "1.5", "99999999999"] {
            assert!(place(wrong).unwrap_err().contains("from 0"), "{wrong}");
        }
    }

    #[test]
    fn every_state_that_a_narration_can_be_in_can_be_asked_for() {
        let asked: Vec<narration::State> = State::value_variants().iter().map(|state| (*state).into()).collect();
        let all = (1..).map_while(|number| narration::State::try_from(number).ok());
        assert_eq!(asked, all.collect::<Vec<_>>());
    }
}
