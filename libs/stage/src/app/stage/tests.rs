use std::sync::atomic::{AtomicBool, Ordering};

use lectern_blob::memory::MemoryBlob;
use lectern_core::id::Service;
use lectern_core::{Clock, Reason, SystemClock};
use lectern_proto::work::v1::command::Work;
use lectern_proto::work::v1::event::Outcome;
use lectern_proto::work::v1::stage_service_client::StageServiceClient;
use lectern_proto::work::v1::{GetStepRequest, PruneRequest};
use lectern_queue::{ConnectOptions, MemoryQueue};
use lectern_rpc::{ClientConfig, Outbound, ServiceCredential, failure};
use lectern_runtime::{Secret, Shutdown};
use lectern_store::memory::MemoryStore;
use serde::{Deserialize, Serialize};

use super::*;
use crate::auth::NoKeys;
use crate::work::Job;

/// The settings of a stage that has none of its own.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    #[serde(skip)]
    common: Common,
}

impl Settings for Config {
    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }
}

struct Nothing;

#[async_trait]
impl Perform for Nothing {
    fn service(&self) -> Service {
        Service::Ai
    }

    async fn perform(&self, _: &Job, _: Work) -> Result<Outcome, Failure> {
        Err(Failure::internal("there are no steps"))
    }
}

/// A stage without services of its own, which notes that it saw to what it has to see to.
#[derive(Debug, Clone)]
struct Parts {
    retention: Duration,
    saw_to: Arc<AtomicBool>,
}

#[async_trait]
impl StageParts for Parts {
    const NAME: &'static str = "ai";
    type Config = Config;
    type Work = Nothing;

    async fn new(config: &Config, _: &Adapters) -> Result<Self, Failure> {
        Ok(Self { retention: config.common.retention.after, saw_to: Arc::default() })
    }

    fn stage(&self, adapters: &Adapters) -> Stage<Nothing> {
        Stage::new(Nothing, Arc::clone(&adapters.blob))
    }

    fn serve(&self, server: Server, _: &Adapters) -> Server {
        server
    }

    async fn maintain(&self, _: &Adapters, retention: Duration, stop: CancellationToken) {
        self.saw_to.store(retention == self.retention, Ordering::SeqCst);
        stop.cancelled().await;
    }
}

#[tokio::test]
async fn a_stage_has_what_all_stages_have_and_works_until_it_is_stopped() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let adapters = Adapters {
        store: Arc::new(MemoryStore::new(Arc::clone(&clock))),
        queue: Arc::new(MemoryQueue::new(ConnectOptions::default())),
        blob: Arc::new(MemoryBlob::new(Arc::clone(&clock))),
        clock: Arc::clone(&clock),
    };
    let app = StageApp::<Parts>::new(&Config::default(), &adapters).await.unwrap();
    let context = Context { name: "ai", shutdown: Shutdown::new(), health: HealthState::new() };
    let (stop, health) = (CancellationToken::new(), context.health.clone());
    let credential = ServiceCredential::new(Secret::new("s".repeat(32)), clock).unwrap();
    let authenticate: Arc<dyn Authenticate> = Arc::new(WithServices::new(credential.clone(), Arc::new(NoKeys)));
    let serving = app.serve(ServerConfig::default(), authenticate, &context, stop.clone()).unwrap();
    let (working, until) = (app.clone(), stop.clone());
    let working = tokio::spawn(async move { working.work(&health, until).await });

    let connection = channel(&ClientConfig::to(format!("http://{}", serving.addr))).unwrap();
    let outbound = Outbound::as_service("gateway", Arc::new(credential), "acme".parse().unwrap());
    let mut client = StageServiceClient::new(outbound.over(connection));
    let refused = client.get_step(GetStepRequest { step: "n1/1/plan/0".to_owned() }).await.unwrap_err();
    assert_eq!(failure(&refused).reason, Reason::ResourceNotFound);
    let refused = client.prune(futures::stream::iter(Vec::<PruneRequest>::new())).await.unwrap_err();
    assert_eq!(failure(&refused).reason, Reason::FeatureUnavailable, "it finds nothing that is unused");
    drop(client);

    stop.cancel();
    working.await.unwrap();
    serving.ended().await.unwrap();
    assert!(app.parts.saw_to.load(Ordering::SeqCst));
}
