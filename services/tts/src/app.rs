//! Wires adapters to the domain; nothing else constructs an adapter.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, Finding, SystemClock};
use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
use lectern_proto::v1::voice_service_server::VoiceServiceServer;
use lectern_rpc::{Server, tune};
use lectern_runtime::Context;
use lectern_stage::Stage;
use lectern_stage::app::{Adapters, ServiceProgram, StageApp, StageParts, measure_cache};
use lectern_stage::doctor::collections_of_steps;
use lectern_stage::names::verify_names;
use lectern_stage::prune::FindUnused;
use lectern_store::{CollectionSpec, Store};

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
#[derive(Debug)]
pub struct Program;

#[async_trait]
impl ServiceProgram for Program {
    const NAME: &'static str = Parts::NAME;
    type Config = Config;

    fn check(config: &Config) -> Result<(), Failure> {
        config.common.check()
    }

    async fn serve(config: Config, context: Context) -> Result<(), Failure> {
        let common = &config.common;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = lectern_store::connect(&common.store_url("tts"), common.store_options()).await?;
        let queue = lectern_queue::connect(&common.queue.url, common.queue_options("tts")).await?;
        let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
        Tts::run(&config, Adapters { store, queue, blob, clock }, context).await
    }

    async fn migrate(config: Config) -> Result<(), Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = lectern_store::connect(&config.common.store_url("tts"), config.common.store_options()).await?;
        Tts::migrate(&config, &store, &clock).await.map(drop)
    }

    fn collections() -> Vec<CollectionSpec> {
        collections_of_steps().to_vec()
    }

    fn examine(config: &Config) -> Vec<Finding> {
        match config.engine {
            Engine::Local => vec![VoiceDir::new(&config.voice_dir).examine()],
            Engine::Tone | Engine::Scripted => Vec::new(),
        }
    }
}
