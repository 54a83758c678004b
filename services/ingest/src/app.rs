//! Wires adapters to the domain; nothing else constructs an adapter.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::{Clock, Failure, OsRandom, Random, SystemClock};
use lectern_fetch::{Client, Outside, Roots};
use lectern_proto::FILE_DESCRIPTOR_SET;
use lectern_proto::ingest::v1::ingest_service_server::IngestServiceServer;
use lectern_proto::v1::document_service_server::DocumentServiceServer;
use lectern_proto::work::v1::stage_service_server::StageServiceServer;
use lectern_queue::worker::Worker;
use lectern_rpc::{Authenticate, Server, Serving, server::ServerConfig, tune};
use lectern_runtime::{Context, HealthState};
use lectern_stage::app::{
    Adapters, announce, measure_store, measure_worker, stage_authenticate, watch_engines, watch_health, worker_options,
};
use lectern_stage::names::verify_names;
use lectern_stage::retention::{sweep_from_time_to_time, sweep_steps};
use lectern_stage::{Stage, StageApi};
use lectern_store::steps::Steps;
use lectern_store::{Collection, Reconciler, Versioned};
use tokio_util::sync::CancellationToken;

use crate::api::Documents;
use crate::config::{self, Config};
use crate::domain::{Document, Limits, Upload};
use crate::extract::child::{self, Sandbox};
use crate::extract::ocr::{self, Recogniser};
use crate::library::{Imports, Library, Reader, Uploads};
use crate::work;

/// Bytes of the largest message: an inline source and its frame.
const MESSAGE_LIMIT: usize = 5 * 1024 * 1024;

/// Sources that are read at once at least, where the operator does not say how many: one tenant's
/// slow document would be everybody's, if there was but one reader.
const READERS: usize = 2;

/// Ingest, put together and not yet serving.
#[derive(Debug, Clone)]
pub struct Ingest {
    adapters: Adapters,
    steps: Steps,
    library: Library,
    uploads: Uploads,
    imports: Imports,
    reader: Reader,
    permits: usize,
    grace: Duration,
    retention: Duration,
}

impl Ingest {
    /// Ingest over these adapters. Sources are read by `program extract-child`, which must be this
    /// program.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE` when its collections cannot be made.
    pub async fn new(config: &Config, adapters: &Adapters, program: PathBuf) -> Result<Self, Failure> {
        let Adapters { store, blob, clock, .. } = adapters.clone();
        verify_names(&store, &config.common.secrets()).await?;
        let steps = lectern_stage::app::steps(adapters).await?;
        let permits = config.common.permits();
        let limits = child::Limits {
            memory_bytes: config.sandbox.memory.0,
            cpu_seconds: config.sandbox.cpu.as_secs().max(1),
            wall: config.sandbox.wall,
            ..child::Limits::default()
        };
        let recogniser = if config.ocr.enabled { Some(Recogniser::find(settings(&config.ocr)).await) } else { None };
        let readers = if config.common.permits == 0 { permits.max(READERS) } else { permits };
        let reader = Reader::new(Sandbox::new(program, limits), recogniser, readers);
        let documents: Collection<Document> = Collection::new(Arc::clone(&store));
        documents.ensure().await?;
        let uploads: Collection<Upload> = Collection::new(store);
        uploads.ensure().await?;
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let library = Library::new(
            documents,
            reader.clone(),
            Arc::clone(&blob),
            Arc::clone(&clock),
            Arc::clone(&random),
            config.common.secrets(),
            Limits { upload_bytes: config.limits.upload.0, inline_bytes: config.limits.inline.0.min(4 << 20) },
        );
        let uploads = Uploads::new(uploads, library.clone(), blob, clock, random, config.limits.upload_idle);
        let imports = imports(config, library.clone())?;
        Ok(Self {
            adapters: adapters.clone(),
            steps,
            library,
            uploads,
            imports,
            reader,
            permits,
            grace: config.common.server.drain,
            retention: config.common.retention.after,
        })
    }

    /// The steps of this service.
    #[must_use]
    pub const fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Works until `stop`: reads documents for narrations, and deletes what was erased or left
    /// behind.
    pub async fn work(&self, health: &HealthState, stop: CancellationToken) {
        let documents = work::Documents::new(self.reader.clone());
        let stage = Arc::new(Stage::new(documents, Arc::clone(&self.adapters.blob)));
        let options = worker_options(self.permits, self.grace);
        let Adapters { queue, clock, .. } = self.adapters.clone();
        let worker = Worker::new(queue, self.steps.clone(), stage, Arc::clone(&clock), Arc::new(OsRandom), options);
        measure_worker("ingest", &worker);
        measure_store("ingest", &self.adapters.store);
        watch_engines("ingest", &worker, health);
        let erased = Reconciler::new(self.library.documents().clone(), Arc::clone(&clock));
        let sweep = |document: Versioned<Document>| {
            let library = self.library.clone();
            async move { library.sweep_again(&document.record).await }
        };
        let abandoned = Reconciler::new(self.uploads.uploads().clone(), Arc::clone(&clock));
        let forget = |upload: Versioned<Upload>| {
            let uploads = self.uploads.clone();
            async move { uploads.forget(upload).await }
        };
        let end = |before| self.library.end_tombstones(before);
        let tombstones = sweep_from_time_to_time("tombstones", Arc::clone(&clock), self.retention, stop.clone(), end);
        tokio::join!(
            worker.run(stop.clone()),
            erased.run(sweep, stop.clone()),
            abandoned.run(forget, stop.clone()),
            tombstones,
            sweep_steps(&self.steps, clock, self.retention, stop),
        );
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
        let blob = Arc::clone(&self.adapters.blob);
        let documents = Documents::new(self.library.clone(), self.uploads.clone(), self.imports.clone(), blob);
        let stage = StageApi::new(self.steps.clone(), Arc::clone(&self.adapters.queue));
        Server::builder(config, authenticate, context.health.clone(), Arc::clone(&self.adapters.clock))
            .service(tune!(DocumentServiceServer::new(documents.clone()), MESSAGE_LIMIT))
            .service(tune!(IngestServiceServer::new(documents)))
            .service(tune!(StageServiceServer::new(stage)))
            .reflect(FILE_DESCRIPTOR_SET)
            .serve(stop)
    }
}

/// What imports by URL, where the operator allows it: over the system's resolver and sockets, as
/// the guard lets it.
fn imports(config: &Config, library: Library) -> Result<Imports, Failure> {
    if !config.import.enabled {
        return Ok(Imports::off(library));
    }
    let client = Client::new(config.import.policy()?, Outside::system(), Roots::public())?;
    Ok(Imports::by(client, config.import.rules(config.limits.upload), library))
}

fn settings(ocr: &config::Ocr) -> ocr::Settings {
    ocr::Settings {
        tesseract: ocr.tesseract.clone(),
        pdftoppm: ocr.pdftoppm.clone(),
        languages: ocr.languages.clone(),
        wall: ocr.wall,
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
    let store = lectern_store::connect(&common.store_url("ingest"), common.store_options()).await?;
    let queue = lectern_queue::connect(&common.queue.url, common.queue_options("ingest")).await?;
    let blob = lectern_blob::connect(&common.blob.url, &common.blob.options(), Arc::clone(&clock)).await?;
    let adapters = Adapters { store, queue, blob, clock };
    watch_health(&context, &adapters, context.shutdown.token());
    let program = lectern_stage::app::this_program()?;
    let ingest = Ingest::new(&config, &adapters, program).await?;
    let stop = context.shutdown.token();
    let authenticate = stage_authenticate(common, "ingest", &adapters)?;
    let serving = ingest.serve(common.server.clone(), authenticate, &context, stop.clone())?;
    announce(serving.addr);
    ingest.work(&context.health, stop).await;
    lectern_stage::app::ended(serving, &adapters).await
}
