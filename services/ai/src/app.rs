//! Wires adapters to the domain; nothing else in this service constructs an adapter.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, Finding, OsRandom};
use lectern_fetch::{Outside, Roots};
use lectern_proto::ai::v1::script_service_server::ScriptServiceServer;
use lectern_proto::v1::writer_service_server::WriterServiceServer;
use lectern_provider::Http;
use lectern_rpc::{Server, tune};
use lectern_stage::Stage;
use lectern_stage::app::{Adapters, StageApp, StageParts, StageProgram};
use lectern_stage::names::verify_names;
use lectern_stage::prune::FindUnused;
use lectern_store::{CollectionSpec, Store};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::engine::generative::{Deps, Generative};
use crate::engine::{DEFAULT_WRITER, Engines, Extractive, FirstOf, Writer};
use crate::payments::{self, Cashier};
use crate::unused::Plans;
use crate::{api, examine, work};

/// ai, put together and not yet serving.
pub type Ai = StageApp<Parts>;

/// What ai has beside what all stages have.
#[derive(Debug, Clone)]
pub struct Parts {
    engines: Engines,
    scripts: api::Scripts,
    cashier: Cashier,
}

#[async_trait]
impl StageParts for Parts {
    const NAME: &'static str = "ai";
    type Config = Config;
    type Work = work::Scripts;

    async fn migrate(config: &Config, store: &Arc<dyn Store>) -> Result<(), Failure> {
        verify_names(store, &config.common.secrets()).await?;
        Cashier::migrate(store).await
    }

    fn collections() -> Vec<CollectionSpec> {
        Cashier::collections()
    }

    fn check(config: &Config) -> Result<(), Failure> {
        config.check()
    }

    async fn examine(config: &Config, clock: &Arc<dyn Clock>) -> Vec<Finding> {
        examine::writers(config, clock).await
    }

    async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        config.check()?;
        let cashier = payments::cashier(config, &adapters.store, &adapters.clock)?;
        payments::watch(&cashier, config, &config.models()?);
        let engines = Engines::new(writers(config, &adapters.clock)?, &config.default_writer)?;
        let scripts = api::Scripts::new(
            Arc::clone(&adapters.blob),
            engines.clone(),
            config.common.permits(),
            config.common.secrets(),
            Arc::clone(&adapters.clock),
            cashier.ledger().clone(),
        );
        Ok(Self { engines, scripts, cashier })
    }

    fn stage(&self, adapters: &Adapters) -> Stage<work::Scripts> {
        Stage::new(work::Scripts::new(self.engines.clone(), self.cashier.clone()), Arc::clone(&adapters.blob))
    }

    fn serve(&self, server: Server, _: &Adapters) -> Server {
        server
            .service(tune!(WriterServiceServer::new(self.scripts.clone())))
            .service(tune!(ScriptServiceServer::new(self.scripts.clone())))
    }

    /// Keeps the shares of providers, settles calls that were lost, and deletes what is over.
    async fn maintain(&self, _: &Adapters, retention: Duration, stop: CancellationToken) {
        self.cashier.maintain(retention, stop).await;
    }

    fn unused(&self) -> Option<Arc<dyn FindUnused>> {
        Some(Arc::new(Plans))
    }
}

/// The writers of the settings, after the one that is always there.
///
/// # Errors
/// `INVALID_FIELD` naming the setting that is wrong.
fn writers(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Writer>, Failure> {
    let mut writers = vec![Writer { name: DEFAULT_WRITER.to_owned(), engine: Arc::new(Extractive::new()) }];
    if config.writers.is_empty() {
        return Ok(writers);
    }
    let deps = deps(config, clock)?;
    let mut own = Vec::new();
    for (name, settings) in &config.writers {
        own.push(Writer { name: name.clone(), engine: Generative::connect(name, settings, &deps)? });
    }
    for (writer, settings) in own.iter().zip(config.writers.values()) {
        let named = |name: &String| own.iter().find(|other| other.name == *name).cloned();
        let others: Vec<Writer> = settings.others.iter().filter_map(named).collect();
        writers.push(if others.is_empty() {
            writer.clone()
        } else {
            Writer { name: writer.name.clone(), engine: Arc::new(FirstOf::new(writer.clone(), others)) }
        });
    }
    Ok(writers)
}

/// What the writers of a process share.
///
/// # Errors
/// `INVALID_FIELD` for rows of models that cannot be read.
pub(crate) fn deps(config: &Config, clock: &Arc<dyn Clock>) -> Result<Deps, Failure> {
    let http = Http::new(Outside::system(), Roots::public()).map_err(|error| error.failure("writers"))?;
    Ok(Deps {
        http,
        clock: Arc::clone(clock),
        random: Arc::new(OsRandom),
        rows: Arc::new(config.models()?),
        metadata: None,
    })
}

/// ai as a program.
pub type Program = StageProgram<Parts>;
