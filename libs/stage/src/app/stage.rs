//! The shell of a stage service. All stages are put together here, work and serve in the same way;
//! what one of them has beside that, it says as its [`StageParts`].

#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Clock, Failure, Finding, OsRandom, Random as _};
use lectern_proto::FILE_DESCRIPTOR_SET;
use lectern_proto::work::v1::stage_service_server::StageServiceServer;
use lectern_rpc::{Authenticate, Server, ServerConfig, Serving, WithServices, channel, tune};
use lectern_runtime::config::Setting;
use lectern_runtime::{Context, HealthState};
use lectern_store::{CollectionSpec, Store};
use lectern_work::steps::{Steps, StepsOptions};
use lectern_work::{Traces, Worker, WorkerOptions};
use tokio_util::sync::CancellationToken;

use super::measure::{measure_store, measure_worker, watch_engines};
use super::{Adapters, announce, ended, watch_health};
use crate::api::StageApi;
use crate::auth::KeysOfGateway;
use crate::config::{Common, Settings};
use crate::prune::FindUnused;
use crate::retention::sweep_steps;
use crate::work::{Perform, Stage};

/// What one stage has beside what all stages have.
#[async_trait]
pub trait StageParts: Clone + Debug + Send + Sync + 'static {
    /// The name of the service: `ingest`, `ai` or `tts`.
    const NAME: &'static str;
    /// Its settings.
    type Config: Settings + Send + Sync + 'static;
    /// What does its steps.
    type Work: Perform;

    /// Makes its own collections if they are not there, and brings them forward: nothing where it
    /// has none.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `INVALID_FIELD` for a secret that is not the one of this database.
    async fn migrate(_config: &Self::Config, _store: &Arc<dyn Store>) -> Result<(), Failure> {
        Ok(())
    }

    /// The collections that it has beside those of all stages, which `doctor` looks for: none,
    /// unless it says so.
    #[must_use]
    fn collections() -> Vec<CollectionSpec> {
        Vec::new()
    }

    /// Checks of its settings what types cannot, beside those of all services: nothing, unless it
    /// says so.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the key.
    fn check(_config: &Self::Config) -> Result<(), Failure> {
        Ok(())
    }

    /// Looks for `doctor` at what it needs beside what all services need: nothing, unless it says
    /// so.
    async fn examine(_config: &Self::Config, _clock: &Arc<dyn Clock>) -> Vec<Finding> {
        Vec::new()
    }

    /// The parts over these adapters, whose collections [`Self::migrate`] has made.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `INVALID_FIELD` for settings that cannot be used.
    async fn new(config: &Self::Config, adapters: &Adapters) -> Result<Self, Failure>;

    /// What its worker runs.
    fn stage(&self, adapters: &Adapters) -> Stage<Self::Work>;

    /// Adds its services to a server, beside `StageService`, which all stages have.
    fn serve(&self, server: Server, adapters: &Adapters) -> Server;

    /// What finds its objects that are unused; nothing where none of them is ever deleted so.
    fn unused(&self) -> Option<Arc<dyn FindUnused>> {
        None
    }

    /// What it sees to beside its steps, until `stop`: nothing, unless it says so. Records of what
    /// was over for longer than `retention` end.
    async fn maintain(&self, _adapters: &Adapters, _retention: Duration, _stop: CancellationToken) {}
}

/// A stage service, put together and not yet serving.
#[derive(Debug, Clone)]
pub struct StageApp<P> {
    parts: P,
    adapters: Adapters,
    steps: Steps,
    permits: usize,
    grace: Duration,
    retention: Duration,
    settings: Arc<[Setting]>,
    /// Whether its operator orders what it does, and waits for it.
    attended: bool,
}

impl<P: StageParts> StageApp<P> {
    /// The service over these adapters.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when its collections cannot be made; those of [`StageParts::new`].
    pub async fn new(config: &P::Config, adapters: &Adapters) -> Result<Self, Failure> {
        let steps = Self::migrate(config, &adapters.store, &adapters.clock).await?;
        let parts = P::new(config, adapters).await?;
        let common = config.common();
        Ok(Self {
            parts,
            adapters: adapters.clone(),
            steps,
            permits: common.permits(),
            grace: common.server.grace(),
            retention: common.retention.after,
            settings: config.in_force()?,
            attended: false,
        })
    }

    /// The same where its operator orders what it does himself, and waits for it: what he has to
    /// mend at a provider fails a step at once and tells him so, in place of waiting for him.
    #[must_use]
    pub fn attended(self) -> Self {
        Self { attended: true, ..self }
    }

    /// Makes the collections of the service if they are not there, brings forward what an older
    /// release wrote, and gives the steps.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; those of [`StageParts::migrate`].
    pub async fn migrate(config: &P::Config, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> Result<Steps, Failure> {
        P::migrate(config, store).await?;
        let boot = format!("{:016x}", OsRandom.next());
        let steps = Steps::new(Arc::clone(store), Arc::clone(clock), StepsOptions::new(boot));
        steps.ensure().await?;
        Ok(steps)
    }

    /// The steps of this service.
    #[must_use]
    pub const fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Works until `stop`: does steps, sees to what the stage sees to besides, and deletes records
    /// of what is over.
    pub async fn work(&self, health: &HealthState, stop: CancellationToken) {
        let stage = Arc::new(self.parts.stage(&self.adapters));
        let options = WorkerOptions { waits_for_operator: !self.attended, ..worker_options(self.permits, self.grace) };
        let Adapters { queue, clock, .. } = self.adapters.clone();
        let worker = Worker::new(queue, self.steps.clone(), stage, Arc::clone(&clock), Arc::new(OsRandom), options);
        measure_worker(P::NAME, &worker);
        measure_store(P::NAME, &self.adapters.store);
        watch_engines(P::NAME, &worker, health);
        tokio::join!(
            worker.run(stop.clone()),
            self.parts.maintain(&self.adapters, self.retention, stop.clone()),
            sweep_steps(&self.steps, clock, self.retention, stop),
        );
    }

    /// Serves until `stop`, and for the time of the lame duck after it.
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
        let Adapters { queue, blob, clock, .. } = self.adapters.clone();
        let api =
            StageApi::new(self.steps.clone(), queue).describing(context.health.clone(), Arc::clone(&self.settings));
        let api = match self.parts.unused() {
            Some(find) => api.pruning(blob, find),
            None => api,
        };
        let server = Server::builder(config, authenticate, context.health.clone(), clock);
        self.parts
            .serve(server, &self.adapters)
            .service(tune!(StageServiceServer::new(api)))
            .reflect(FILE_DESCRIPTOR_SET)
            .serve(stop)
    }

    /// The process over these adapters: serves and works until told to stop.
    ///
    /// # Errors
    /// What keeps it from starting, or ends it.
    pub async fn run(config: &P::Config, adapters: Adapters, context: Context) -> Result<(), Failure> {
        let stop = context.shutdown.token();
        watch_health(&context, &adapters, stop.clone());
        let app = Self::new(config, &adapters).await?;
        let common = config.common();
        let authenticate = authenticate(common, P::NAME, &adapters)?;
        let serving = app.serve(common.server.clone(), authenticate, &context, stop.clone())?;
        announce(serving.addr);
        app.work(&context.health, stop).await;
        ended(serving, &adapters).await
    }
}

/// Who may call a stage: services of the installation, and API keys, which the gateway knows.
///
/// # Errors
/// `INVALID_FIELD` for a secret or URL that cannot be used.
fn authenticate(common: &Common, service: &'static str, adapters: &Adapters) -> Result<Arc<dyn Authenticate>, Failure> {
    let credential = common.credential(Arc::clone(&adapters.clock))?;
    let gateway = channel(&common.calls(&common.gateway.url))?;
    let keys = KeysOfGateway::new(gateway, Arc::new(credential.clone()), service, Arc::clone(&adapters.clock));
    Ok(Arc::new(WithServices::new(credential, Arc::new(keys))))
}

/// How a stage's worker runs: `permits` steps at once, each step in the trace of its narration.
#[must_use]
pub fn worker_options(permits: usize, grace: Duration) -> WorkerOptions {
    let traces = Traces { set_parent: lectern_runtime::set_parent, current: lectern_runtime::current_traceparent };
    WorkerOptions { permits, grace, traces, ..WorkerOptions::default() }
}
