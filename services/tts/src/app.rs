//! Wires adapters to the domain; nothing else in this service constructs an adapter.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, Finding};
use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
use lectern_proto::v1::voice_service_server::VoiceServiceServer;
use lectern_rpc::{Server, tune};
use lectern_stage::Stage;
use lectern_stage::app::{Adapters, StageApp, StageParts, StageProgram, measure_cache};
use lectern_stage::names::verify_names;
use lectern_stage::prune::FindUnused;
use lectern_store::Store;

use crate::api::Speech;
use crate::config::{Config, Engine};
use crate::engine::SpeechEngine;
use crate::engine::local::{LocalVoice, VoiceDir};
use crate::engine::measured::Measured;
use crate::engine::scripted::ScriptedEngine;
use crate::engine::tone::ToneEngine;
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
}

#[async_trait]
impl StageParts for Parts {
    const NAME: &'static str = "tts";
    type Config = Config;
    type Work = Recordings;

    async fn migrate(config: &Config, store: &Arc<dyn Store>) -> Result<(), Failure> {
        verify_names(store, &config.common.secrets()).await
    }

    async fn examine(config: &Config, _: &Arc<dyn Clock>) -> Vec<Finding> {
        match config.engine {
            Engine::Local => vec![VoiceDir::new(&config.voice_dir).examine()],
            Engine::Tone | Engine::Scripted => Vec::new(),
        }
    }

    async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        let engine: Arc<dyn SpeechEngine> = match config.engine {
            Engine::Local => Arc::new(LocalVoice::new(VoiceDir::new(&config.voice_dir))),
            Engine::Tone => Arc::new(ToneEngine::new()),
            Engine::Scripted => Arc::new(ScriptedEngine::new(&config.script, Arc::clone(&adapters.clock))?),
        };
        let secrets = config.common.secrets();
        let voices = Voices::new(vec![Arc::new(Measured::new(engine))]);
        let segments = Segments::new(config.common.permits());
        measure_cache("segments", segments.lookups());
        Ok(Self {
            recordings: Recordings::new(voices.clone(), segments.clone(), secrets.names()),
            speech: Speech::new(voices, segments, Arc::clone(&adapters.blob), secrets),
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

    fn unused(&self) -> Option<Arc<dyn FindUnused>> {
        Some(Arc::new(Tracks))
    }
}

/// tts as a program.
pub type Program = StageProgram<Parts>;
