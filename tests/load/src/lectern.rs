//! Lectern with stages that do nothing: its real gateway over gRPC with keys, its real worker loop,
//! stages that answer at once (or sleep). The services share this process and its runtime; each has
//! its own pool to its own database, as in production.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use futures::StreamExt as _;
use lectern_ai::app::Ai;
use lectern_core::id::Service;
use lectern_core::{Clock, Failure, OsRandom, SystemClock};
use lectern_gateway::app::Gateway;
use lectern_gateway::domain::{Narration, Phase};
use lectern_ingest::app::Ingest;
use lectern_proto::v1::document_service_client::DocumentServiceClient;
use lectern_proto::v1::key_service_client::KeyServiceClient;
use lectern_proto::v1::narration_service_client::NarrationServiceClient;
use lectern_proto::v1::{self as api, create_document_request::Source};
use lectern_proto::work::v1::{self as work, command::Work, event::Outcome};
use lectern_queue::worker::Worker;
use lectern_queue::{ConnectOptions, Queue};
use lectern_rpc::{ClientConfig, Outbound, ServiceCredential, WithServices, channel};
use lectern_runtime::health::HealthState;
use lectern_runtime::{Secret, Shutdown};
use lectern_stage::app::{Adapters, this_program, worker_options};
use lectern_stage::config::Url;
use lectern_stage::{Common, Job, Perform, Stage};
use lectern_store::{Collection, Op, Query, Steps, Store};
use lectern_tts::app::Tts;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::Servers;
use crate::count::{CountedQueue, CountedStore, Counts};
use crate::report::{Report, cpu};

/// Orders under way at once.
const CLIENTS: usize = 32;
/// Workers announce themselves this often.
pub const ANNOUNCED: Duration = Duration::from_millis(5_500);
const SECRET: &str = "a load test shares this secret, which protects nothing";
const ADMIN: &str = "load-admin-key";
const PAGE: &str = "# One page\n\nIt says nothing that anybody needs to hear.\n";

/// A stage that does nothing, after a while.
#[derive(Debug)]
struct Nothing(Service, Duration);

#[async_trait]
impl Perform for Nothing {
    fn service(&self) -> Service {
        self.0
    }

    fn noun(&self) -> &'static str {
        match self.0 {
            Service::Ingest => "document",
            Service::Ai => "script",
            Service::Tts => "recording",
        }
    }

    async fn perform(&self, _: &Job, work: Work) -> Result<Outcome, Failure> {
        if !self.1.is_zero() {
            tokio::time::sleep(self.1).await;
        }
        Ok(match work {
            Work::ExtractDocument(_) => Outcome::Extracted(work::Extracted::default()),
            Work::PlanScript(_) => {
                let language_code = "en".to_owned();
                let planned = work::Planned { section_count: 1, word_count: 9, language_code, ..Default::default() };
                Outcome::Planned(planned)
            }
            Work::WriteSection(_) => Outcome::Written(work::Written::default()),
            Work::RecordSection(_) => Outcome::Recorded(work::Recorded::default()),
            Work::AssembleRecording(_) => {
                let assembled = work::Assembled { sample_rate_hertz: 24_000, sample_count: 1, ..Default::default() };
                Outcome::Assembled(assembled)
            }
        })
    }
}

/// How an instance is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Names its databases, streams and folders.
    pub name: String,
    /// Steps that each stage does at once.
    pub permits: usize,
    /// How long each step sleeps.
    pub step: Duration,
    /// Unfinished narrations that are taken.
    pub backlog: u64,
}

/// A running instance.
pub struct Lectern {
    /// What it asks of database and queue.
    pub counts: Arc<Counts>,
    /// Calls with a tenant's key.
    pub client: NarrationServiceClient<InterceptedService<Channel, Outbound>>,
    /// The document that is narrated.
    pub document: String,
    narrations: Collection<Narration>,
    pools: Vec<Arc<dyn Store>>,
    stop: CancellationToken,
    work: JoinSet<()>,
    _objects: tempfile::TempDir,
}

fn failed(failure: Failure) -> anyhow::Error {
    anyhow!("{failure}")
}

impl Lectern {
    /// Starts one.
    pub async fn start(servers: &Servers, setup: &Setup) -> Result<Self> {
        let counts: Arc<Counts> = Arc::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let objects = tempfile::tempdir()?;
        let url = format!("file:{}", objects.path().display());
        let blob = lectern_blob::connect(&url, &lectern_blob::ConnectOptions::default(), Arc::clone(&clock))
            .await
            .map_err(failed)?;
        let options = ConnectOptions::with_prefix(setup.name.clone());
        let queue = lectern_queue::connect(&servers.nats.url(), options).await.map_err(failed)?;
        let queue: Arc<dyn Queue> = Arc::new(CountedQueue(queue, Arc::clone(&counts)));
        let open = async |service: &str| {
            let url = servers.database(&format!("{}_{service}", setup.name));
            let plain = lectern_store::connect(&url, lectern_store::ConnectOptions::default()).await.map_err(failed)?;
            let store: Arc<dyn Store> = Arc::new(CountedStore(Arc::clone(&plain), Arc::clone(&counts)));
            let (queue, blob, clock) = (Arc::clone(&queue), Arc::clone(&blob), Arc::clone(&clock));
            anyhow::Ok((Adapters { store, queue, blob, clock }, plain))
        };
        let ((of_gateway, plain), (of_ingest, ingest_store), (of_ai, ai_store), (of_tts, tts_store)) =
            (open("gateway").await?, open("ingest").await?, open("ai").await?, open("tts").await?);
        let pools = vec![Arc::clone(&plain), ingest_store, ai_store, tts_store];

        let mut common = Common { secret: Secret::new(SECRET), permits: setup.permits, ..Common::default() };
        common.server.limits.requests_per_second = 1e6;
        common.server.limits.burst = 1_000_000;
        let ingest =
            lectern_ingest::config::Config { common: common.clone(), ..lectern_ingest::config::Config::default() };
        let program = this_program().map_err(failed)?;
        let ingest = Ingest::new(&ingest, &of_ingest, program).await.map_err(failed)?;
        let ai = Ai::new(&lectern_ai::config::Config { common: common.clone() }, &of_ai).await.map_err(failed)?;
        let tts = lectern_tts::config::Config {
            common: common.clone(),
            engine: lectern_tts::config::Engine::Tone,
            ..lectern_tts::config::Config::default()
        };
        let tts = Tts::new(&tts, &of_tts).await.map_err(failed)?;

        let stop = CancellationToken::new();
        let context = lectern_runtime::Context { name: "load", shutdown: Shutdown::new(), health: HealthState::new() };
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
            backlog: lectern_gateway::config::Backlog { most: setup.backlog, per_tenant: setup.backlog },
            ..lectern_gateway::config::Config::default()
        };
        let gateway = Gateway::new(&config, &of_gateway).await.map_err(failed)?;
        let serving = gateway.serve(anywhere, gateway.authenticate(), &context, stop.clone()).map_err(failed)?;
        let address = serving.addr;
        work.spawn(async move { drop(serving.ended().await) });
        let token = stop.clone();
        work.spawn(async move { drop(gateway.conduct(false, token).await) });

        let steps: [(Service, Steps); 3] = [
            (Service::Ingest, ingest.steps().clone()),
            (Service::Ai, ai.steps().clone()),
            (Service::Tts, tts.steps().clone()),
        ];
        for (service, steps) in steps {
            let stage = Arc::new(Stage::new(Nothing(service, setup.step), Arc::clone(&blob)));
            let options = worker_options(setup.permits, Duration::from_secs(1));
            let (queue, clock) = (Arc::clone(&queue), Arc::clone(&clock));
            let worker = Worker::new(queue, steps, stage, clock, Arc::new(OsRandom), options);
            let token = stop.clone();
            work.spawn(async move { worker.run(token).await });
        }

        let channel = channel(&ClientConfig::to(format!("http://{address}"))).map_err(failed)?;
        let admin = Outbound::with_key(Secret::new(ADMIN)).over(channel.clone());
        let key = api::Key { tenant: "tenants/load".to_owned(), ..api::Key::default() };
        let request = api::CreateKeyRequest { key: Some(key), ..api::CreateKeyRequest::default() };
        let key = KeyServiceClient::new(admin).create_key(request).await?.into_inner().secret;
        let caller = Outbound::with_key(Secret::new(key));
        let request = api::CreateDocumentRequest {
            source: Some(Source::Text(PAGE.to_owned())),
            ..api::CreateDocumentRequest::default()
        };
        let mut documents = DocumentServiceClient::new(caller.clone().over(channel.clone()));
        let document = documents.create_document(request).await?.into_inner().document.context("a document")?.name;
        let client = NarrationServiceClient::new(caller.over(channel));
        // Not counted: what the measurement itself asks.
        let narrations = Collection::new(plain);
        Ok(Self { counts, client, document, narrations, pools, stop, work, _objects: objects })
    }

    /// Orders one narration.
    pub async fn order(&self) -> Result<String, tonic::Status> {
        let narration = api::Narration {
            documents: vec![self.document.clone()],
            style: api::Style::Narration.into(),
            ..api::Narration::default()
        };
        let request = api::CreateNarrationRequest { request_id: String::new(), narration: Some(narration) };
        let made = self.client.clone().create_narration(request).await?.into_inner();
        Ok(made.narration.map(|narration| narration.name).unwrap_or_default())
    }

    /// Narrations that are finished.
    pub async fn finished(&self) -> Result<u64> {
        Ok(self.narrations.count(&Query::new().eq("phase", "succeeded"), u64::MAX >> 1).await?)
    }

    /// Narrations that are not.
    async fn unfinished(&self) -> Result<u64> {
        let phases = ["extracting", "planning", "narrating", "assembling"].map(str::to_owned).to_vec();
        Ok(self.narrations.count(&Query::new().filter("phase", Op::In, phases), u64::MAX >> 1).await?)
    }

    /// From accepted to finished, of each that is.
    async fn latencies(&self) -> Result<Vec<Duration>> {
        let mut query = Query::new().limit(1_000);
        let mut latencies = Vec::new();
        loop {
            let page = self.narrations.find(&query).await?;
            for narration in page.items.iter().map(|item| &item.record) {
                anyhow::ensure!(
                    !matches!(narration.phase, Phase::Failed | Phase::Cancelled),
                    "{:?}",
                    narration.failure
                );
                latencies.extend(narration.finished.map(|at| at.since(narration.created)));
            }
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(latencies),
            }
        }
    }

    /// Stops it.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.work.join_next().await.is_some() {}
    }
}

/// Queues so many narrations at once and waits until they are finished.
pub async fn measure(servers: &Servers, narrations: usize, permits: usize, most: Duration) -> Result<Report> {
    let connections = servers.proxy.accepted();
    let name = format!("new{narrations}");
    let setup = Setup { name, permits, step: Duration::ZERO, backlog: 1_000_000 };
    let lectern = Box::pin(Lectern::start(servers, &setup)).await?;
    // Not counted: what the start and the document cost. By then the gateway has heard of all
    // workers.
    tokio::time::sleep(ANNOUNCED).await;
    let waited = |lectern: &Lectern| lectern.pools.iter().map(|pool| pool.waited_for_connections()).sum::<Duration>();
    let (before, waited_before) = (lectern.counts.now(), waited(&lectern));
    let by_collection = lectern.counts.by_collection();
    let (cpu_before, begin) = (cpu(), Instant::now());
    futures::stream::iter(0..narrations)
        .map(|_| lectern.order())
        .buffer_unordered(CLIENTS)
        .map(|ordered| ordered.map(drop).map_err(anyhow::Error::from))
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<()>>()?;
    // Counting what is unfinished costs the database more the more there is.
    let mut finished_at = Instant::now();
    while begin.elapsed() < most {
        let unfinished = lectern.unfinished().await?;
        finished_at = Instant::now();
        if unfinished == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(unfinished.clamp(5, 1_000))).await;
    }
    let (after, cpu_after, waited) = (lectern.counts.now(), cpu(), waited(&lectern) - waited_before);
    let [writes, reads, messages] = [0, 1, 2].map(|at| after[at] - before[at]);
    let detail = lectern.counts.detail(&by_collection, narrations);
    let latencies = lectern.latencies().await?;
    lectern.stop().await;
    let finished = latencies.len();
    Ok(Report {
        finished,
        took: finished_at - begin,
        latencies,
        connections: servers.proxy.accepted() - connections,
        cpu: cpu_after.saturating_sub(cpu_before),
        writes,
        reads,
        messages,
        waited,
        cut: finished < narrations,
        detail,
    })
}
