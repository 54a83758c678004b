//! The floor: just the writes and messages that one narration cannot do without. An insert for the
//! order; then for each of five steps a command, an insert of the step's end, an event and a
//! replacement of the narration's record, with their acknowledgements: eleven writes in all. No
//! dispatcher, no claims, no leases, no reads.
//!
//! It has the databases, connections and limits that Lectern has: a pool for each of four services,
//! `permits` steps of a stage at once, as many folds at once as Lectern's conductor does, commands
//! and events taken as they come.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use async_trait::async_trait;
use lectern_core::id::{NarrationId, Service, StepKind};
use lectern_core::{Clock as _, OsRandom, SystemClock, Timestamp};
use lectern_queue::topology::EVENTS_GROUP;
use lectern_queue::{Delivery, EventDelivery, Queue};
use lectern_store::mongo::MongoStore;
use lectern_store::{Store, StoreUrl};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::pipeline::{self, NARRATIONS, STEPS};
use crate::round::Way;
use crate::servers::Servers;

/// How long one request for messages waits.
const WAIT: Duration = Duration::from_secs(5);
/// Most events taken at once, as Lectern does.
const EVENTS: usize = 64;
/// Narrations folded at once, as Lectern does.
const FOLDS: usize = 128;

/// The floor, at work.
pub struct Floor {
    gateway: Arc<Gateway>,
    /// Ends with the floor.
    _work: JoinSet<()>,
}

/// What orders and folds.
struct Gateway {
    narrations: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    folds: Arc<Semaphore>,
    finished: Mutex<Vec<Timestamp>>,
    /// What went wrong first.
    error: Mutex<Option<anyhow::Error>>,
}

/// What does the steps of a service.
struct Stage {
    service: Service,
    steps: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    permits: Arc<Semaphore>,
    gateway: Arc<Gateway>,
}

impl Floor {
    /// Starts it. `gathered` has writes that come while others are under way share one operation,
    /// as Lectern's do; otherwise each is an operation of its own.
    pub async fn start(servers: &Servers, gathered: bool, permits: usize) -> Result<Self> {
        let narrations = open(servers, "gateway", gathered).await?;
        narrations.ensure(&NARRATIONS).await?;
        let gateway = Arc::new(Gateway {
            narrations,
            queue: queue(servers).await?,
            folds: Arc::new(Semaphore::new(FOLDS)),
            finished: Mutex::default(),
            error: Mutex::default(),
        });
        let mut work = JoinSet::new();
        for service in Service::ALL {
            let steps = open(servers, service.as_str(), gathered).await?;
            steps.ensure(&STEPS).await?;
            let (queue, permits) = (queue(servers).await?, Arc::new(Semaphore::new(permits)));
            let stage = Arc::new(Stage { service, steps, queue, permits, gateway: Arc::clone(&gateway) });
            work.spawn(async move {
                if let Err(error) = stage.work().await {
                    stage.gateway.fail(error);
                }
            });
        }
        let folding = Arc::clone(&gateway);
        work.spawn(async move {
            if let Err(error) = folding.fold_all().await {
                folding.fail(error);
            }
        });
        Ok(Self { gateway, _work: work })
    }
}

#[async_trait]
impl Way for Floor {
    async fn order(&self, _: usize) -> Result<()> {
        let id = NarrationId::random(&OsRandom);
        self.gateway.narrations.insert(NARRATIONS.name, id.as_str(), &pipeline::narration(0)).await?;
        let first = pipeline::step_id(&id, StepKind::Extract);
        self.gateway.queue.publish(&first, pipeline::message(&first)).await?;
        Ok(())
    }

    async fn finished(&self, _: usize) -> Result<usize> {
        if let Some(error) = self.gateway.error.lock().take() {
            return Err(error.context("the floor"));
        }
        Ok(self.gateway.finished.lock().len())
    }

    async fn finish_times(&self) -> Result<Vec<Timestamp>> {
        Ok(self.gateway.finished.lock().clone())
    }
}

impl Stage {
    async fn work(self: &Arc<Self>) -> Result<()> {
        loop {
            // As many as there is room for, and one at least. Nobody else takes permits.
            drop(self.permits.acquire().await?);
            for delivery in self.queue.pull(self.service, self.permits.available_permits(), WAIT).await? {
                let permit = Arc::clone(&self.permits).acquire_owned().await?;
                let stage = Arc::clone(self);
                tokio::spawn(async move {
                    if let Err(error) = stage.end(&delivery).await {
                        stage.gateway.fail(error);
                    }
                    drop(permit);
                });
            }
        }
    }

    /// Does a step, of which only its end is to be seen.
    async fn end(&self, delivery: &Delivery) -> Result<()> {
        let step = &delivery.step;
        self.steps.insert(STEPS.name, &step.to_string(), &pipeline::step("ended")).await?;
        self.queue.emit("narration", step.narration.as_str(), pipeline::message(step)).await?;
        delivery.ack.ack().await.context("a command's acknowledgement")
    }
}

impl Gateway {
    async fn fold_all(self: &Arc<Self>) -> Result<()> {
        loop {
            for event in self.queue.events(EVENTS_GROUP, EVENTS, WAIT).await? {
                let permit = Arc::clone(&self.folds).acquire_owned().await?;
                let gateway = Arc::clone(self);
                tokio::spawn(async move {
                    if let Err(error) = gateway.fold(&event).await {
                        gateway.fail(error);
                    }
                    drop(permit);
                });
            }
        }
    }

    async fn fold(&self, event: &EventDelivery) -> Result<()> {
        let step = pipeline::step_of(&event.message)?;
        pipeline::fold(&*self.narrations, &step).await?;
        match pipeline::after(&step) {
            Some(next) => drop(self.queue.publish(&next, pipeline::message(&next)).await?),
            None => self.finished.lock().push(SystemClock.now()),
        }
        event.ack.ack().await.context("an event's acknowledgement")
    }

    fn fail(&self, error: anyhow::Error) {
        self.error.lock().get_or_insert(error);
    }
}

async fn open(servers: &Servers, service: &str, gathered: bool) -> Result<Arc<dyn Store>> {
    let (database, options) = (servers.database(service), servers.store_options());
    if gathered {
        return lectern_store::connect(&database, options).await.map_err(|failure| anyhow!("{failure}"));
    }
    plain(&database, options).await
}

/// A store of which each write is an operation.
pub async fn plain(database: &str, options: lectern_store::ConnectOptions) -> Result<Arc<dyn Store>> {
    let url = StoreUrl::parse(database).map_err(|failure| anyhow!("{failure}"))?;
    Ok(Arc::new(MongoStore::open(&url, options).await.map_err(|failure| anyhow!("{failure}"))?))
}

async fn queue(servers: &Servers) -> Result<Arc<dyn Queue>> {
    let connected = lectern_queue::connect(&servers.queue(), servers.queue_options()).await;
    connected.map_err(|failure| anyhow!("{failure}"))
}
