//! Lectern with stages that do nothing: its real gateways over gRPC with keys, its real worker
//! loop, stages that answer at once (or sleep). The services share this process and its runtime;
//! each has a connection to the queue and a pool to its own database, as in production.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use lectern_ai::app::Ai;
use lectern_core::id::Service;
use lectern_core::{Clock, Failure, OsRandom, SystemClock, Timestamp};
use lectern_gateway::app::Gateway;
use lectern_gateway::config::Backlog;
use lectern_ingest::app::Ingest;
use lectern_proto::v1::narration::State;
use lectern_rpc::{ServiceCredential, WithServices};
use lectern_runtime::health::HealthState;
use lectern_runtime::{Context, Secret, Shutdown};
use lectern_stage::app::{Adapters, worker_options};
use lectern_stage::config::Url;
use lectern_stage::{Common, Stage};
use lectern_tts::app::Tts;
use lectern_work::Worker;
use lectern_work::steps::Steps;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::callers::Callers;
use crate::round::Way;
use crate::servers::Servers;
use crate::stage::Nothing;

/// Workers announce themselves within this time.
const ANNOUNCED: Duration = Duration::from_millis(5_500);
/// How long an instance may take to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// The database of the gateways.
const GATEWAY: &str = "gateway";
const SECRET: &str = "a load test shares this secret, which protects nothing";
const ADMIN: &str = "load-admin-key-of-20-bytes";
/// Phases of a narration that is not finished.
const UNFINISHED: [&str; 5] = ["extracting", "planning", "narrating", "awaiting_approval", "assembling"];

/// How an instance is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Steps that each stage does at once.
    pub permits: usize,
    /// How long each step sleeps.
    pub step: Duration,
    /// Unfinished narrations that are taken.
    pub backlog: u64,
    /// Tenants, whose orders come in turn.
    pub tenants: usize,
    /// Gateways, which take orders in turn.
    pub gateways: usize,
}

/// A running instance.
pub struct Lectern {
    servers: Arc<Servers>,
    callers: Callers,
    /// Last steps of narrations that were done.
    assembled: Arc<AtomicUsize>,
    stop: CancellationToken,
    work: JoinSet<()>,
    _objects: tempfile::TempDir,
}

/// A failure, as an error.
pub fn failed(failure: Failure) -> anyhow::Error {
    anyhow!("{failure}")
}

impl Lectern {
    /// Starts one, and waits until its gateways have heard of all workers.
    pub async fn start(servers: &Arc<Servers>, setup: Setup) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let objects = tempfile::tempdir()?;
        let (url, options) = (format!("file:{}", objects.path().display()), lectern_blob::ConnectOptions::default());
        let blob = lectern_blob::connect(&url, &options, Arc::clone(&clock)).await.map_err(failed)?;
        let open = async |service: &str| {
            let store = lectern_store::connect(&servers.database(service), servers.store_options()).await;
            let queue = lectern_queue::connect(&servers.queue(), servers.queue_options()).await;
            let (store, queue) = (store.map_err(failed)?, queue.map_err(failed)?);
            anyhow::Ok(Adapters { store, queue, blob: Arc::clone(&blob), clock: Arc::clone(&clock) })
        };
        let of_ingest = open(Service::Ingest.as_str()).await?;
        let (of_ai, of_tts) = (open(Service::Ai.as_str()).await?, open(Service::Tts.as_str()).await?);

        let mut common = Common { secret: Secret::new(SECRET), permits: setup.permits, ..Common::default() };
        common.server.limits.requests_per_second = 1e6;
        common.server.limits.burst = 1_000_000;
        let ingest =
            lectern_ingest::config::Config { common: common.clone(), ..lectern_ingest::config::Config::default() };
        let ingest = Ingest::new(&ingest, &of_ingest).await.map_err(failed)?;
        let ai = Ai::new(&lectern_ai::config::Config { common: common.clone(), ..Default::default() }, &of_ai)
            .await
            .map_err(failed)?;
        let tts = lectern_tts::config::Config {
            common: common.clone(),
            engine: "tone".to_owned(),
            ..lectern_tts::config::Config::default()
        };
        let tts = Tts::new(&tts, &of_tts).await.map_err(failed)?;

        let stop = CancellationToken::new();
        let context = Context { name: "load", shutdown: Shutdown::new(), health: HealthState::new() };
        let anywhere = common.server.clone();
        let credential = ServiceCredential::new(common.secret.clone(), Arc::clone(&clock)).map_err(failed)?;
        let services = |keys| Arc::new(WithServices::new(credential.clone(), keys)) as Arc<_>;
        let nobody: Arc<dyn lectern_rpc::Authenticate> = Arc::new(lectern_rpc::Open::new().map_err(failed)?);
        let mut work = JoinSet::new();
        let stages = [
            ingest.serve(anywhere.clone(), services(Arc::clone(&nobody)), &context, stop.clone()).map_err(failed)?,
            ai.serve(anywhere.clone(), services(Arc::clone(&nobody)), &context, stop.clone()).map_err(failed)?,
            tts.serve(anywhere.clone(), services(nobody), &context, stop.clone()).map_err(failed)?,
        ];
        [common.ingest, common.ai, common.tts] =
            stages.each_ref().map(|stage| Url { url: format!("http://{}", stage.addr) });
        for stage in stages {
            work.spawn(async move { drop(stage.ended().await) });
        }

        let config = lectern_gateway::config::Config {
            common,
            admin_key: Secret::new(ADMIN),
            backlog: Backlog { most: setup.backlog, per_tenant: setup.backlog },
            ..lectern_gateway::config::Config::default()
        };
        let mut addresses = Vec::new();
        for _ in 0..setup.gateways {
            let gateway = Gateway::new(&config, &open(GATEWAY).await?).await.map_err(failed)?;
            let authenticate = gateway.authenticate();
            let serving = gateway.serve(anywhere.clone(), authenticate, &context, stop.clone()).map_err(failed)?;
            addresses.push(serving.addr);
            work.spawn(async move { drop(serving.ended().await) });
            let token = stop.clone();
            work.spawn(async move { gateway.conduct(token).await });
        }

        let assembled: Arc<AtomicUsize> = Arc::default();
        let steps: [(Service, Adapters, Steps); 3] = [
            (Service::Ingest, of_ingest, ingest.steps().clone()),
            (Service::Ai, of_ai, ai.steps().clone()),
            (Service::Tts, of_tts, tts.steps().clone()),
        ];
        for (service, adapters, steps) in steps {
            let Adapters { queue, blob, clock, .. } = adapters;
            let nothing = Nothing { service, step: setup.step, assembled: Arc::clone(&assembled) };
            let stage = Arc::new(Stage::new(nothing, blob));
            let options = worker_options(setup.permits, Duration::from_secs(1));
            let worker = Worker::new(queue, steps, stage, clock, Arc::new(OsRandom), options);
            let token = stop.clone();
            work.spawn(async move { worker.run(token).await });
        }
        let callers = Callers::admit(&addresses, ADMIN, setup.tenants).await?;
        tokio::time::sleep(ANNOUNCED).await;
        Ok(Self { servers: Arc::clone(servers), callers, assembled, stop, work, _objects: objects })
    }

    /// Orders the narration of this number: of each tenant in turn, and at each gateway.
    pub async fn create(&self, number: usize) -> Result<(), tonic::Status> {
        self.callers.order(number).await
    }

    /// Narrations that succeeded.
    pub fn succeeded(&self) -> Result<u64> {
        self.servers.count(GATEWAY, "narrations", &json!({ "phase": "succeeded" }))
    }

    /// Stops it.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        let all = async { while self.work.join_next().await.is_some() {} };
        tokio::time::timeout(STOPPED_WITHIN, all).await.context("the instance does not stop")
    }
}

#[async_trait]
impl Way for Lectern {
    async fn order(&self, number: usize) -> Result<()> {
        Ok(self.create(number).await?)
    }

    async fn finished(&self, ordered: usize) -> Result<usize> {
        // The database is only asked when the last steps of all are done, so that asking costs
        // nothing before.
        let assembled = self.assembled.load(Ordering::Relaxed);
        if assembled < ordered {
            return Ok(assembled);
        }
        let filter = json!({ "phase": { "$in": UNFINISHED } });
        let unfinished = self.servers.count(GATEWAY, "narrations", &filter)?;
        Ok(ordered.saturating_sub(usize::try_from(unfinished)?))
    }

    async fn finish_times(&self) -> Result<Vec<Timestamp>> {
        let mut times = Vec::new();
        for narration in self.callers.narrations().await? {
            let gave_up = matches!(narration.state(), State::Failed | State::Cancelled);
            anyhow::ensure!(!gave_up, "{} did not succeed: {:?}", narration.name, narration.failure);
            times.extend(narration.finish_time.map(|time| millis(time.seconds, time.nanos)));
        }
        Ok(times)
    }

    fn works_by_itself(&self) -> bool {
        true
    }
}

fn millis(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp(u64::try_from(seconds * 1_000 + i64::from(nanos / 1_000_000)).unwrap_or(0))
}
