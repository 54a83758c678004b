//! Wires adapters to the domain; nothing else in this service constructs an adapter.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, Finding};
use lectern_fetch::{Outside, Roots};
use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
use lectern_proto::v1::voice_service_server::VoiceServiceServer;
use lectern_provider::{Cashier, Http};
use lectern_rpc::{Server, tune};
use lectern_stage::Stage;
use lectern_stage::app::{Adapters, StageApp, StageParts, StageProgram, measure_cache};
use lectern_stage::names::verify_names;
use lectern_stage::prune::FindUnused;
use lectern_store::{CollectionSpec, Store};
use tokio_util::sync::CancellationToken;

use crate::api::Speech;
use crate::config::{Config, EngineConfig, EngineKind, GeminiConfig, GoogleConfig, OpenAiConfig};
use crate::engine::gemini::GeminiTts;
use crate::engine::google::GoogleTts;
use crate::engine::kokoro::{Kokoro, KokoroDir};
use crate::engine::local::{LocalVoice, VoiceDir};
use crate::engine::measured::Measured;
use crate::engine::openai::OpenAiTts;
use crate::engine::process::Program as Installed;
use crate::engine::program::{ProgramEngine, Protocol};
use crate::engine::remote::Remote;
use crate::engine::scripted::ScriptedEngine;
use crate::engine::tone::ToneEngine;
use crate::engine::transcription::ProgramTranscriber;
use crate::engine::{Compute, Cores, OnCores, SpeechEngine, WithCore, espeak, pico};
use crate::examine;
use crate::levels::Levels;
use crate::payments;
use crate::speaking::{ByVoice, Chosen, Listening, Speaker};
use crate::unused::Tracks;
use crate::voices::Voices;
use crate::work::{Recordings, segments::Segments};

/// tts, put together and not yet serving.
pub type Tts = StageApp<Parts>;

/// What tts has beside what all stages have.
#[derive(Debug, Clone)]
pub struct Parts {
    recordings: Recordings,
    speech: Speech,
    cashier: Cashier,
}

#[async_trait]
impl StageParts for Parts {
    const NAME: &'static str = "tts";
    type Config = Config;
    type Work = Recordings;

    async fn migrate(config: &Config, store: &Arc<dyn Store>) -> Result<(), Failure> {
        verify_names(store, &config.common.secrets()).await?;
        Levels::migrate(store).await?;
        Cashier::migrate(store).await
    }

    fn collections() -> Vec<CollectionSpec> {
        [Levels::collections(), Cashier::collections()].concat()
    }

    fn check(config: &Config) -> Result<(), Failure> {
        config.check()
    }

    async fn examine(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
        examine::engines(config, clock).await
    }

    async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        config.check()?;
        let places = config.common.permits();
        let cores = Cores::new(places);
        let remote = remote(&adapters.clock)?;
        let (mut engines, mut local) = (Vec::new(), None);
        for (name, settings) in config.list()? {
            let engine = connect(&name, &settings, config, &cores, &remote).await?;
            if settings.kind == EngineKind::Local {
                local.get_or_insert_with(|| Arc::clone(&engine));
            }
            engines.push(engine);
        }
        let cashier = payments::cashier(config, &adapters.store, &adapters.clock)?;
        payments::watch(&cashier, &engines);
        let secrets = config.common.secrets();
        let voices = Voices::new(engines);
        let levels = Levels::new(Arc::clone(&adapters.store));
        let mut speaker = Speaker::new(levels).aligning(Arc::new(aligner(local, config, &cores)?));
        if let Some(listening) = listening(config, &cores) {
            speaker = speaker.listening(listening);
        }
        let segments = Segments::new(speaker, places);
        measure_cache("segments", segments.lookups());
        let clock = Arc::clone(&adapters.clock);
        Ok(Self {
            recordings: Recordings::new(voices.clone(), segments.clone(), secrets.names(), cashier.clone()),
            speech: Speech::new(voices, segments, Arc::clone(&adapters.blob), secrets, clock)
                .with_ledger(cashier.ledger().clone()),
            cashier,
        })
    }

    fn stage(&self, adapters: &Adapters) -> Stage<Recordings> {
        let Adapters { queue, blob, clock, .. } = adapters.clone();
        Stage::new(self.recordings.clone(), blob).telling(queue, clock)
    }

    fn serve(&self, server: Server, _: &Adapters) -> Server {
        server
            .service(tune!(SpeechServiceServer::new(self.speech.clone())))
            .service(tune!(VoiceServiceServer::new(self.speech.clone())))
    }

    /// Keeps the shares of providers, settles calls that were lost, and deletes what is over. Who
    /// listens to what is being recorded is sent to another replica when this one ends.
    async fn maintain(&self, _: &Adapters, retention: Duration, stop: CancellationToken) {
        let ended = async {
            stop.cancelled().await;
            self.speech.end();
        };
        tokio::join!(self.cashier.maintain(retention, stop.clone()), ended);
    }

    fn unused(&self) -> Option<Arc<dyn FindUnused>> {
        Some(Arc::new(Tracks))
    }
}

/// What the engines of a process share that call servers of others.
///
/// # Errors
/// `INVALID_FIELD` where TLS cannot be set up.
pub(crate) fn remote(clock: &Arc<dyn Clock>) -> Result<Remote, Failure> {
    let http = Http::new(Outside::system(), Roots::public()).map_err(|error| error.failure("engines"))?;
    Ok(Remote { http, clock: Arc::clone(clock), metadata: None })
}

/// An engine of the settings, measured. What computes on this machine does so on its `cores`; what
/// others compute takes none.
///
/// # Errors
/// `INVALID_FIELD` naming the setting that is wrong.
async fn connect(
    name: &str,
    settings: &EngineConfig,
    config: &Config,
    cores: &Cores,
    remote: &Remote,
) -> Result<Arc<dyn SpeechEngine>, Failure> {
    match settings.kind {
        EngineKind::Local => {
            let dir = VoiceDir::new(settings.voice_dir(config));
            Ok(computing(Arc::new(LocalVoice::named(name, dir)), cores))
        }
        EngineKind::Kokoro => {
            let dir = KokoroDir::new(settings.voice_dir(config));
            Ok(computing(Arc::new(Kokoro::named(name, dir)), cores))
        }
        EngineKind::Tone => Ok(computing(Arc::new(ToneEngine::named(name)), cores)),
        EngineKind::Scripted => {
            let script = settings.script.clone().unwrap_or_default();
            Ok(computing(Arc::new(ScriptedEngine::new(name, &script, Arc::clone(&remote.clock))?), cores))
        }
        EngineKind::Espeak => of_program(name, settings, espeak::PACKAGE, &espeak::PROTOCOL, cores).await,
        EngineKind::Pico => of_program(name, settings, pico::PACKAGE, &pico::PROTOCOL, cores).await,
        EngineKind::Google | EngineKind::Gemini | EngineKind::OpenAi => {
            Ok(Arc::new(Measured::new(elsewhere(name, settings, remote)?)))
        }
    }
}

/// An engine that computes, measured, on these cores.
fn computing(engine: Arc<dyn Compute>, cores: &Cores) -> Arc<dyn SpeechEngine> {
    let measured: Arc<dyn Compute> = Arc::new(Measured::new(engine));
    Arc::new(OnCores::new(measured, cores.clone()))
}

/// Who finds the words in the speech of voices that do not say when they say them: the local voice,
/// also where it is none of the engines, as long as its files are there.
///
/// # Errors
/// INTERNAL where it has no voice.
fn aligner(local: Option<Arc<dyn SpeechEngine>>, config: &Config, cores: &Cores) -> Result<ByVoice, Failure> {
    let dir = || VoiceDir::new(config.voice_dir.clone());
    let engine = local.unwrap_or_else(|| computing(Arc::new(LocalVoice::new(dir())), cores));
    let voice = engine.voices().into_iter().next();
    let voice = voice.ok_or_else(|| Failure::internal("the local engine has no voice"))?;
    Ok(ByVoice::new(Chosen { voice, engine }, cores.clone()))
}

/// Who listens to what was spoken, where the settings name a program.
fn listening(config: &Config, cores: &Cores) -> Option<Listening> {
    let settings = &config.transcription;
    let transcriber = ProgramTranscriber::new(settings)?;
    Some(Listening::new(Arc::new(transcriber), settings.least_words, settings.most_word_error, cores.clone()))
}

/// The engine of somebody else's server; none of the settings' other kinds.
///
/// # Errors
/// `INVALID_FIELD` naming the setting that is wrong.
pub(crate) fn elsewhere(
    name: &str,
    settings: &EngineConfig,
    remote: &Remote,
) -> Result<Arc<dyn SpeechEngine>, Failure> {
    match settings.kind {
        EngineKind::Google => Ok(Arc::new(GoogleTts::connect(name, &GoogleConfig::of(settings), remote)?)),
        EngineKind::Gemini => Ok(Arc::new(GeminiTts::connect(name, &GeminiConfig::of(settings), remote)?)),
        EngineKind::OpenAi => Ok(Arc::new(OpenAiTts::connect(name, &OpenAiConfig::of(settings), remote)?)),
        EngineKind::Local
        | EngineKind::Kokoro
        | EngineKind::Tone
        | EngineKind::Scripted
        | EngineKind::Espeak
        | EngineKind::Pico => Err(Failure::internal(format!("{name} speaks on this machine"))),
    }
}

/// The engine of a program that an operator installed.
async fn of_program(
    name: &str,
    settings: &EngineConfig,
    package: &'static str,
    protocol: &'static Protocol,
    cores: &Cores,
) -> Result<Arc<dyn SpeechEngine>, Failure> {
    let program = Installed::new(settings.program(), package);
    let engine: Arc<dyn SpeechEngine> = Arc::new(ProgramEngine::find(name, program, protocol).await?);
    let measured: Arc<dyn SpeechEngine> = Arc::new(Measured::new(engine));
    Ok(Arc::new(WithCore::new(measured, cores.clone())))
}

/// tts as a program.
pub type Program = StageProgram<Parts>;
