//! Wires adapters to the domain; nothing else constructs an adapter.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, SystemClock};
use lectern_proto::ai::v1::script_service_server::ScriptServiceServer;
use lectern_rpc::{Server, tune};
use lectern_runtime::Context;
use lectern_stage::Stage;
use lectern_stage::app::{Adapters, ServiceProgram, StageApp, StageParts};
use lectern_stage::doctor::collections_of_steps;
use lectern_stage::prune::FindUnused;
use lectern_store::CollectionSpec;

use crate::config::Config;
use crate::unused::Plans;
use crate::{api, work};

/// ai, put together and not yet serving.
pub type Ai = StageApp<Parts>;

/// What ai has beside what all stages have.
#[derive(Debug, Clone)]
pub struct Parts {
    scripts: api::Scripts,
}

#[async_trait]
impl StageParts for Parts {
    const NAME: &'static str = "ai";
    type Config = Config;
    type Work = work::Scripts;

    async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        Ok(Self { scripts: api::Scripts::new(Arc::clone(&adapters.blob), config.common.permits()) })
    }

    fn stage(&self, adapters: &Adapters) -> Stage<work::Scripts> {
        Stage::new(work::Scripts, Arc::clone(&adapters.blob))
    }

    fn serve(&self, server: Server, _: &Adapters) -> Server {
        server.service(tune!(ScriptServiceServer::new(self.scripts.clone())))
    }

    fn unused(&self) -> Option<Arc<dyn FindUnused>> {
        Some(Arc::new(Plans))
    }
}

/// ai as a program.
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
        let store = lectern_store::connect(&common.store_url("ai"), common.store_options()).await?;
        let queue = lectern_queue::connect(&common.queue.url, common.queue_options("ai")).await?;
        let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
        Ai::run(&config, Adapters { store, queue, blob, clock }, context).await
    }

    async fn migrate(config: Config) -> Result<(), Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = lectern_store::connect(&config.common.store_url("ai"), config.common.store_options()).await?;
        Ai::migrate(&config, &store, &clock).await.map(drop)
    }

    fn collections() -> Vec<CollectionSpec> {
        collections_of_steps().to_vec()
    }
}
