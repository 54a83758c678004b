//! Starts of processes: the one place that knows what a gateway and a stage are made of.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lectern_blob::Blob;
use lectern_core::id::Service;
use lectern_core::{Clock as _, Failure, Timestamp};
use lectern_gateway::admission::Admission;
use lectern_gateway::audit::{Audit, Record};
use lectern_gateway::conduct::{Conductor, DispatchOptions, Dispatcher};
use lectern_gateway::config::Backlog;
use lectern_gateway::domain::Narration;
use lectern_gateway::orders::Orders;
use lectern_gateway::stages::Stages;
use lectern_queue::{MemoryQueue, Queue};
use lectern_stage::Stage;
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Gathering, Store};
use lectern_work::steps::{Steps, StepsOptions};
use lectern_work::{Worker, WorkerOptions};
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::mutants::Defect;
use crate::observer::{MASTER, Observer};
use crate::plan::{PERMITS, PROCESSES, Plan, database, place};
use crate::ports::{BlobPort, QueuePort, StorePort, Versions, WatchedQueue, Where};
use crate::process::Process;
use crate::stages::{Directory, Front, Reached, Replica};
use crate::trace::{Skewed, Trace};
use crate::work::Simulated;
use crate::writer::PaidWriter;

/// Audit records are kept for longer than any world lasts.
const KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// What all processes of a world share.
#[derive(Debug)]
pub struct Site {
    /// What happens in it.
    pub plan: Arc<Plan>,
    /// Sees everything.
    pub observer: Arc<Observer>,
    /// Notes everything.
    pub trace: Arc<Trace>,
    /// Who can be reached.
    pub directory: Arc<Directory>,
    /// One database a service: the gateway's, ingest's, ai's and tts's.
    pub stores: [Arc<MemoryStore>; 4],
    /// The queue without its watch, for the end of faults.
    pub messages: MemoryQueue,
    /// The queue.
    pub queue: WatchedQueue,
    /// Object storage.
    pub blob: Arc<dyn Blob>,
    /// Which commands are damaged or of the newer release.
    pub versions: Arc<Versions>,
    /// What is wrong with the code.
    pub defect: Defect,
    /// When the world began.
    pub start: Instant,
    /// Whether faults have ended.
    pub healed: Arc<AtomicBool>,
    /// The processes that run now.
    pub running: Mutex<[Option<Arc<Process>>; PROCESSES]>,
}

impl Site {
    fn store(&self, process: &Arc<Process>, service: Option<Service>) -> Result<Arc<dyn Store>, Failure> {
        let database = database(service);
        let store = self.stores.get(database).ok_or_else(|| Failure::internal("no such database"))?;
        let store = self.defect.store(Arc::clone(store) as Arc<dyn Store>);
        let (plan, defect) = (Arc::clone(&self.plan), self.defect.clone());
        let of = Where { plan, start: self.start, database, defect };
        let port = StorePort::new(Arc::clone(process), Arc::clone(&self.observer), of, store);
        // As lectern_store::connect does it for a MongoDB.
        Ok(Arc::new(Gathering::over(Arc::new(port))))
    }

    fn queue(&self, process: &Arc<Process>) -> Arc<dyn Queue> {
        let inner = self.defect.queue(Arc::new(self.queue.clone()));
        let (observer, versions) = (Arc::clone(&self.observer), Arc::clone(&self.versions));
        Arc::new(QueuePort::new(Arc::clone(process), observer, versions, inner))
    }

    /// The time of day, which is right.
    pub fn now(&self) -> Timestamp {
        Skewed::none(self.start).now()
    }

    /// Runs the process of this index until it ends. It never does by itself.
    pub async fn run(&self, index: usize, process: Arc<Process>) -> Result<(), Failure> {
        match place(index) {
            (Some(service), replica) => Box::pin(self.stage(service, replica, process)).await,
            (None, replica) => self.gateway(replica, process).await,
        }
    }

    /// As services/gateway/src/app.rs puts it together.
    async fn gateway(&self, replica: usize, process: Arc<Process>) -> Result<(), Failure> {
        let (queue, clock, random) = (self.queue(&process), Arc::clone(&process.clock), Arc::clone(&process.random));
        let narrations = Collection::<Narration>::with_random(self.store(&process, None)?, Arc::clone(&random));
        narrations.ensure().await?;
        let master: Arc<[u8]> = MASTER.into();
        let stages: Arc<dyn Stages> =
            Arc::new(Reached { process: Arc::clone(&process), directory: Arc::clone(&self.directory) });
        let dispatcher = Dispatcher::new(
            narrations.clone(),
            Arc::clone(&queue),
            Arc::clone(&clock),
            Arc::clone(&random),
            master,
            DispatchOptions::default(),
        );
        dispatcher.ensure().await?;
        let tenants = dispatcher.tenants().clone();
        let admission = Admission::new(
            narrations.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            Backlog::default(),
            tenants.clone(),
        );
        let records = narrations.beside::<Record>();
        records.ensure().await?;
        let audit = Audit::new(records, Arc::clone(&clock), Arc::clone(&random), KEPT);
        let conductor = Conductor::new(narrations.clone(), queue, Arc::clone(&stages), Arc::clone(&clock), dispatcher);
        let orders =
            Orders::new(narrations, conductor.clone(), stages, clock, random, MASTER.into(), admission, tenants);
        let front = Front { process: Arc::clone(&process), orders, audit, conductor: conductor.clone() };
        self.directory.set_gateway(replica, Some(front));
        conductor.run(CancellationToken::new()).await;
        Ok(())
    }

    /// As libs/stage/src/app.rs puts it together.
    async fn stage(&self, service: Service, replica: usize, process: Arc<Process>) -> Result<(), Failure> {
        let (queue, clock, random) = (self.queue(&process), Arc::clone(&process.clock), Arc::clone(&process.random));
        let store = self.store(&process, Some(service))?;
        let options = StepsOptions::new(process.name.clone());
        let steps = Steps::with_random(Arc::clone(&store), Arc::clone(&clock), options, Arc::clone(&random));
        steps.ensure().await?;
        let writer = if service == Service::Ai && self.plan.paid {
            let (plan, observer) = (Arc::clone(&self.plan), Arc::clone(&self.observer));
            Some(PaidWriter::open(Arc::clone(&process), plan, observer, &store, self.start).await?)
        } else {
            None
        };
        let seen_to = writer.as_ref().map(PaidWriter::maintain);
        let blob = self.defect.blob(Arc::clone(&self.blob));
        let blob: Arc<dyn Blob> = Arc::new(BlobPort::new(Arc::clone(&process), Arc::clone(&self.observer), blob));
        let simulated = Simulated::new(
            service,
            Arc::clone(&process),
            Arc::clone(&self.plan),
            Arc::clone(&self.observer),
            self.start,
            random.next(),
            writer,
        );
        let options = WorkerOptions { permits: PERMITS, grace: Duration::from_secs(5), ..WorkerOptions::default() };
        let handler = Arc::new(Stage::new(simulated, Arc::clone(&blob)));
        let worker = Worker::new(Arc::clone(&queue), steps.clone(), handler, clock, random, options);
        let reached = Replica { process, steps, queue, blob, stats: worker.stats() };
        self.directory.set_stage(service, replica, Some(reached));
        let seen_to = async {
            match seen_to {
                Some(seen_to) => Box::pin(seen_to).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = worker.run(CancellationToken::new()) => {}
            () = seen_to => {}
        }
        Ok(())
    }

    /// The process of this index cannot be reached any more.
    pub fn gone(&self, index: usize) {
        match place(index) {
            (Some(service), replica) => self.directory.set_stage(service, replica, None),
            (None, replica) => self.directory.set_gateway(replica, None),
        }
    }
}
