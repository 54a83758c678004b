//! Wires adapters to the domain; nothing else constructs an adapter.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::keys::Secrets;
use lectern_core::{Clock, Failure, OsRandom, SystemClock};
use lectern_proto::FILE_DESCRIPTOR_SET;
use lectern_proto::tts::v1::speech_service_server::SpeechServiceServer;
use lectern_proto::v1::voice_service_server::VoiceServiceServer;
use lectern_proto::work::v1::stage_service_server::StageServiceServer;
use lectern_queue::worker::Worker;
use lectern_rpc::{Authenticate, Server, Serving, server::ServerConfig, tune};
use lectern_runtime::{Context, HealthState};
use lectern_stage::app::{
    Adapters, announce, measure_store, measure_worker, stage_authenticate, watch_engines, watch_health, worker_options,
};
use lectern_stage::names::verify_names;
use lectern_stage::retention::sweep_steps;
use lectern_stage::{Stage, StageApi};
use lectern_store::steps::Steps;
use tokio_util::sync::CancellationToken;

use crate::api::Speech;
use crate::config::{Config, Engine};
use crate::engine::SpeechEngine;
use crate::engine::local::{LocalVoice, VoiceDir};
use crate::engine::scripted::ScriptedEngine;
use crate::engine::tone::ToneEngine;
use crate::unused::Tracks;
use crate::voices::Voices;
use crate::work::{Recordings, segments::Segments};

/// tts, put together and not yet serving.
#[derive(Debug, Clone)]
pub struct Tts {
    adapters: Adapters,
    steps: Steps,
    voices: Voices,
    segments: Segments,
    secrets: Secrets,
    permits: usize,
    grace: Duration,
    retention: Duration,
}

impl Tts {
    /// tts over these adapters.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when its collections cannot be made.
    pub async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        let engine: Arc<dyn SpeechEngine> = match config.engine {
            Engine::Local => Arc::new(LocalVoice::new(VoiceDir::new(&config.voice_dir))),
            Engine::Tone => Arc::new(ToneEngine::new()),
            Engine::Scripted => Arc::new(ScriptedEngine::new(&config.script, Arc::clone(&adapters.clock))?),
        };
        let secrets = config.common.secrets();
        verify_names(&adapters.store, &secrets).await?;
        let steps = lectern_stage::app::steps(adapters).await?;
        let permits = config.common.permits();
        Ok(Self {
            adapters: adapters.clone(),
            steps,
            voices: Voices::new(vec![engine]),
            segments: Segments::new(permits),
            secrets,
            permits,
            grace: config.common.server.drain,
            retention: config.common.retention.after,
        })
    }

    /// The steps of this service.
    #[must_use]
    pub const fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Works until `stop`.
    pub async fn work(&self, health: &HealthState, stop: CancellationToken) {
        let recordings = Recordings::new(self.voices.clone(), self.segments.clone(), self.secrets.names());
        let options = worker_options(self.permits, self.grace);
        let Adapters { queue, blob, clock, .. } = self.adapters.clone();
        let stage = Stage::new(recordings, blob).telling(Arc::clone(&queue), Arc::clone(&clock));
        let stage = Arc::new(stage);
        let worker = Worker::new(queue, self.steps.clone(), stage, Arc::clone(&clock), Arc::new(OsRandom), options);
        measure_worker("tts", &worker);
        measure_store("tts", &self.adapters.store);
        watch_engines("tts", &worker, health);
        tokio::join!(worker.run(stop.clone()), sweep_steps(&self.steps, clock, self.retention, stop));
    }

    /// Serves until `stop`.
    ///
    /// # Errors
    /// `INVALID_FIELD` for an address that cannot be listened on.
    pub fn serve(
        &self,
        config: ServerConfig,
        authenticate: Arc<dyn Authenticate>,
        context: &Context,
        stop: CancellationToken,
    ) -> Result<Serving, Failure> {
        let Adapters { queue, blob, .. } = self.adapters.clone();
        let stage = StageApi::new(self.steps.clone(), queue).pruning(Arc::clone(&blob), Arc::new(Tracks));
        let speech = Speech::new(self.voices.clone(), self.segments.clone(), blob, self.secrets.clone());
        Server::builder(config, authenticate, context.health.clone(), Arc::clone(&self.adapters.clock))
            .service(tune!(SpeechServiceServer::new(speech.clone())))
            .service(tune!(VoiceServiceServer::new(speech)))
            .service(tune!(StageServiceServer::new(stage)))
            .reflect(FILE_DESCRIPTOR_SET)
            .serve(stop)
    }
}

/// The process: connects, serves and works until told to stop.
///
/// # Errors
/// What keeps it from starting, or ends it.
pub async fn run(config: Config, context: Context) -> Result<(), Failure> {
    config.common.check()?;
    let common = &config.common;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = lectern_store::connect(&common.store_url("tts"), common.store_options()).await?;
    let queue = lectern_queue::connect(&common.queue.url, common.queue_options("tts")).await?;
    let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
    let adapters = Adapters { store, queue, blob, clock };
    watch_health(&context, &adapters, context.shutdown.token());
    let tts = Tts::new(&config, &adapters).await?;
    let stop = context.shutdown.token();
    let authenticate = stage_authenticate(common, "tts", &adapters)?;
    let serving = tts.serve(common.server.clone(), authenticate, &context, stop.clone())?;
    announce(serving.addr);
    tts.work(&context.health, stop).await;
    lectern_stage::app::ended(serving, &adapters).await
}
