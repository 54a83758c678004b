//! Wires adapters to the domain; nothing else constructs an adapter.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, OsRandom, SystemClock};
use lectern_proto::FILE_DESCRIPTOR_SET;
use lectern_proto::ai::v1::script_service_server::ScriptServiceServer;
use lectern_proto::work::v1::stage_service_server::StageServiceServer;
use lectern_queue::worker::Worker;
use lectern_rpc::{Authenticate, Server, Serving, server::ServerConfig, tune};
use lectern_runtime::{Context, HealthState};
use lectern_stage::app::{
    Adapters, announce, measure_store, measure_worker, stage_authenticate, watch_engines, watch_health, worker_options,
};
use lectern_stage::retention::sweep_steps;
use lectern_stage::{Stage, StageApi};
use lectern_store::steps::Steps;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::unused::Plans;
use crate::{api, work};

/// ai, put together and not yet serving.
#[derive(Debug, Clone)]
pub struct Ai {
    adapters: Adapters,
    steps: Steps,
    permits: usize,
    grace: Duration,
    retention: Duration,
}

impl Ai {
    /// ai over these adapters.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when its collections cannot be made.
    pub async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        let steps = lectern_stage::app::steps(adapters).await?;
        Ok(Self {
            adapters: adapters.clone(),
            steps,
            permits: config.common.permits(),
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
        let stage = Arc::new(Stage::new(work::Scripts, Arc::clone(&self.adapters.blob)));
        let options = worker_options(self.permits, self.grace);
        let Adapters { queue, clock, .. } = self.adapters.clone();
        let worker = Worker::new(queue, self.steps.clone(), stage, Arc::clone(&clock), Arc::new(OsRandom), options);
        measure_worker("ai", &worker);
        measure_store("ai", &self.adapters.store);
        watch_engines("ai", &worker, health);
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
        let stage = StageApi::new(self.steps.clone(), queue).pruning(Arc::clone(&blob), Arc::new(Plans));
        let scripts = api::Scripts::new(blob, self.permits);
        Server::builder(config, authenticate, context.health.clone(), Arc::clone(&self.adapters.clock))
            .service(tune!(ScriptServiceServer::new(scripts)))
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
    let store = lectern_store::connect(&common.store_url("ai"), common.store_options()).await?;
    let queue = lectern_queue::connect(&common.queue.url, common.queue_options("ai")).await?;
    let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
    let adapters = Adapters { store, queue, blob, clock };
    watch_health(&context, &adapters, context.shutdown.token());
    let ai = Ai::new(&config, &adapters).await?;
    let stop = context.shutdown.token();
    let authenticate = stage_authenticate(common, "ai", &adapters)?;
    let serving = ai.serve(common.server.clone(), authenticate, &context, stop.clone())?;
    announce(serving.addr);
    ai.work(&context.health, stop).await;
    lectern_stage::app::ended(serving, &adapters).await
}
