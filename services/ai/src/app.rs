//! Wires adapters to the domain; nothing else in this service constructs an adapter.

use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::Failure;
use lectern_proto::ai::v1::script_service_server::ScriptServiceServer;
use lectern_rpc::{Server, tune};
use lectern_stage::Stage;
use lectern_stage::app::{Adapters, StageApp, StageParts, StageProgram};
use lectern_stage::prune::FindUnused;

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
pub type Program = StageProgram<Parts>;
