//! `lectern play`: a narration, a folder or a file, by a program that is installed.

mod live;

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::Artifact;
use lectern_runtime::Context;
use tokio::process::{Child, Command};

use super::instance::Instance;
use super::manage;
use super::out::Out;
use super::words::{Status, Stop};
use crate::cli;
use crate::cli::manage::Play;
use crate::temporary::Temporary;

/// Programs that play, with what they are told before the file: no window, no words, and an end
/// after the file. The first that is installed is used.
const PLAYERS: [(&str, &[&str]); 2] =
    [("ffplay", &["-nodisp", "-autoexit", "-loglevel", "error"]), ("mpv", &["--no-video", "--really-quiet"])];
/// Endings of files of audio, the best to play first: small ones before large ones.
const ENDINGS: [&str; 5] = ["opus", "mp3", "m4b", "flac", "wav"];

/// What is on the disk of what is to be played; none where it is the name of a narration.
pub fn on_disk(play: &Play) -> Option<PathBuf> {
    let what = play.what.as_ref()?;
    let is_name = what.to_str().is_some_and(|what| cli::manage::narration(what).is_ok());
    let is_whole_name = is_name && what.components().count() > 1;
    // An id alone may be the name of a folder here, too.
    (!is_whole_name && (what.exists() || !is_name)).then(|| what.clone())
}

/// Plays a file, or the recording in a folder.
///
/// # Errors
/// What is not there, and what keeps it from being played.
pub async fn path(path: &Path, context: &Context) -> Result<(), Stop> {
    let file = if path.is_dir() { recording_in(path)? } else { path.to_owned() };
    if !file.exists() {
        let message = format!("{} is no file, no folder and no name of a narration", file.display());
        return Err(Failure::new(Kind::NotFound, Reason::InvalidField, message).into());
    }
    by_program(&file, context).await
}

/// The audio of a narration in a folder that goes with it.
#[derive(Debug)]
pub struct Fetched {
    file: PathBuf,
    _folder: Temporary,
}

impl Fetched {
    /// Plays it.
    ///
    /// # Errors
    /// What keeps it from being played.
    pub async fn play(&self, context: &Context) -> Result<(), Stop> {
        by_program(&self.file, context).await
    }
}

/// Fetches the audio of a narration into a temporary folder. One that a server makes is played at
/// once, while it is made, and nothing is left to be played then.
///
/// # Errors
/// What the server answers; `WRONG_STATE` for a narration without audio that nobody makes; what
/// keeps one that is made from being played.
pub async fn fetch(play: &Play, instance: &Instance, out: &Out) -> Result<Option<Fetched>, Stop> {
    let client = &instance.client;
    let what = play.what.as_deref().unwrap_or_else(|| Path::new("")).to_string_lossy();
    let name = cli::manage::narration(&what).map_err(|wrong| Failure::invalid("WHAT", wrong))?;
    let narration = client.narration(&name).await?;
    let Some(artifact) = audio(&narration.artifacts) else {
        // An instance of the command's own does no work.
        if live::is_made(narration.state()) && !instance.is_own() {
            out.say(&format!("{name}  heard while it is made"));
            live::play(client, &name).await?;
            return Ok(None);
        }
        return Err(manage::not_there(&narration, instance.flags()).into());
    };
    let folder = Temporary::of_the_system("lectern-play-")?;
    let file = client.download(artifact, folder.path()).await?;
    out.say(&format!("{name}  {}", manage::describe::title(&narration)));
    Ok(Some(Fetched { file, _folder: folder }))
}

/// The file of audio that is best to play.
fn audio(artifacts: &[Artifact]) -> Option<&Artifact> {
    let ends = |artifact: &Artifact, ending: &str| ending_of(Path::new(&artifact.name)) == Some(ending);
    ENDINGS.iter().find_map(|ending| artifacts.iter().find(|artifact| ends(artifact, ending)))
}

/// The ending of a file of audio; none of any other file.
fn ending_of(file: &Path) -> Option<&'static str> {
    let found = file.extension()?.to_str()?;
    ENDINGS.into_iter().find(|ending| ending.eq_ignore_ascii_case(found))
}

/// The recording in a folder that `lectern narrate` made: of one recording in several formats, the
/// best to play.
///
/// # Errors
/// `INVALID_FIELD` for a folder without a recording, or with several.
fn recording_in(folder: &Path) -> Result<PathBuf, Failure> {
    let unreadable =
        |error: std::io::Error| Failure::invalid("WHAT", format!("{} cannot be read: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if ending_of(&file).is_some() && file.is_file() {
            found.push(file);
        }
    }
    let place = |file: &PathBuf| ending_of(file).and_then(|found| ENDINGS.iter().position(|ending| *ending == found));
    found.sort_unstable_by_key(|file| (place(file), file.clone()));
    let mut stems: Vec<_> = found.iter().filter_map(|file| file.file_stem()).collect();
    stems.sort_unstable();
    stems.dedup();
    match (found.first(), stems.as_slice()) {
        (Some(best), [_]) => Ok(best.clone()),
        (Some(one), _) => {
            let message = format!(
                "{} has several recordings; name one of its files, such as {}",
                folder.display(),
                one.display()
            );
            Err(Failure::invalid("WHAT", message))
        }
        (None, _) => {
            let message =
                format!("{} has no recording: no file that ends in .opus, .mp3, .m4b, .flac or .wav", folder.display());
            Err(Failure::new(Kind::NotFound, Reason::InvalidField, message))
        }
    }
}

/// Plays a file to its end by the first program that is installed. It has the terminal meanwhile,
/// so that its keys work.
async fn by_program(file: &Path, context: &Context) -> Result<(), Stop> {
    // No name begins like a flag or the scheme of a URL then.
    let file = std::path::absolute(file).map_err(|error| Failure::invalid("WHAT", error.to_string()))?;
    let (program, mut child) = start(file.as_os_str(), Stdio::inherit)?;
    let ended = tokio::select! {
        biased;
        () = context.shutdown.wait() => {
            // One that Ctrl-C has not reached is ended with this command.
            drop(child.kill().await);
            return Err(Stop::Said(Status::Interrupted));
        }
        ended = child.wait() => ended.map_err(|error| not_started(program, &error))?,
    };
    if ended.success() { Ok(()) } else { Err(broke_off(program, ended, file.display()).into()) }
}

/// Starts the first program that is installed; it plays `what`, and ends with whoever has it.
///
/// # Errors
/// What keeps it from being started; that none is installed.
fn start(what: &OsStr, input: fn() -> Stdio) -> Result<(&'static str, Child), Failure> {
    for (program, flags) in PLAYERS {
        match Command::new(program).args(flags).arg(what).stdin(input()).kill_on_drop(true).spawn() {
            Ok(child) => return Ok((program, child)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(not_started(program, &error)),
        }
    }
    Err(no_player())
}

fn no_player() -> Failure {
    let message = "nothing is installed that plays: install ffplay (Debian: `apt-get install ffmpeg` as root) or mpv \
                   (`apt-get install mpv`), or open the file in any player of audio";
    Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message)
}

fn not_started(program: &str, error: &std::io::Error) -> Failure {
    let message = format!("{program} cannot be started: {error}");
    Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message)
}

fn broke_off(program: &str, ended: ExitStatus, what: impl Display) -> Failure {
    let message = format!("{program} did not play {what}: {ended}; above it says why");
    Failure::new(Kind::FailedPrecondition, Reason::InvalidField, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::At;
    use crate::client::words::status;

    fn play(what: &Path) -> Play {
        Play { what: Some(what.to_owned()), at: At::default() }
    }

    #[test]
    fn a_name_is_a_narrations_unless_it_is_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(on_disk(&play(folder.path())), Some(folder.path().to_owned()));
        for name in ["narrations/n1", "0123456789abcdef"] {
            assert_eq!(on_disk(&play(Path::new(name))), None, "{name}");
        }
        // It cannot be the name of a narration, so it is a file that is not there.
        assert_eq!(on_disk(&play(Path::new("tides.opus"))), Some(PathBuf::from("tides.opus")));
    }

    #[test]
    fn of_one_recording_the_smallest_file_is_played_and_of_several_none() {
        let folder = tempfile::tempdir().unwrap();
        let add = |name: &str| std::fs::write(folder.path().join(name), "").unwrap();
        add("tides.vtt");
        add(".lectern.json");
        let empty = recording_in(folder.path()).unwrap_err();
        assert!(status(&empty) == Status::NotFound && empty.message.contains("no recording"), "{empty}");
        for (name, expected) in [("tides.wav", "tides.wav"), ("tides.opus", "tides.opus"), ("tides.flac", "tides.opus")]
        {
            add(name);
            assert_eq!(recording_in(folder.path()).unwrap().file_name().unwrap(), expected);
        }
        add("moon.mp3");
        let several = recording_in(folder.path()).unwrap_err();
        assert!(status(&several) == Status::Usage && several.message.contains("name one of its files"), "{several}");
    }

    #[test]
    fn the_audio_of_a_narration_is_chosen_in_the_same_way() {
        let artifact = |file: &str| Artifact { name: format!("narrations/n1/artifacts/{file}"), ..Artifact::default() };
        let artifacts = ["manifest.json", "audio.wav", "audio.mp3", "captions.vtt"].map(artifact);
        assert_eq!(audio(&artifacts).map(|artifact| artifact.name.as_str()), Some("narrations/n1/artifacts/audio.mp3"));
        assert_eq!(audio(&artifacts[3..]), None);
    }

    #[test]
    fn without_a_player_both_are_named() {
        let failure = no_player();
        assert!(failure.message.contains("ffplay") && failure.message.contains("mpv"), "{failure}");
        assert_eq!(status(&failure), Status::Missing);
    }
}
