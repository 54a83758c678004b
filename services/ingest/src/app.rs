//! Wires adapters to the domain; nothing else in this service constructs an adapter.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use lectern_core::{Failure, OsRandom, Random};
use lectern_fetch::{Client, Outside, Roots};
use lectern_proto::ingest::v1::ingest_service_server::IngestServiceServer;
use lectern_proto::v1::document_service_server::DocumentServiceServer;
use lectern_rpc::{Server, tune};
use lectern_runtime::Metrics;
use lectern_stage::app::{Adapters, StageApp, StageParts, StageProgram, measure_cache, this_program};
use lectern_stage::names::verify_names;
use lectern_stage::retention::sweep_from_time_to_time;
use lectern_stage::{Lookups, Stage};
use lectern_store::{Collection, CollectionSpec, Reconciler, Record, Store, Versioned};
use tokio_util::sync::CancellationToken;

use crate::api::Documents;
use crate::config::{self, Config};
use crate::domain::{Document, SourceLimits, Upload};
use crate::extract::child::{self, Sandbox};
use crate::extract::kills::{Killed, Kills};
use crate::extract::ocr::{self, Recogniser};
use crate::library::{Imports, Library, Reader, Uploads, Via};
use crate::work;

/// Bytes of the largest message: an inline source and its frame.
const MESSAGE_LIMIT: usize = 5 * 1024 * 1024;

/// Sources that are read at once at least, where the operator does not say how many: one tenant's
/// slow document would be everybody's, if there was but one reader.
const READERS: usize = 2;

/// Ingest, put together and not yet serving. Sources are read by `extract-child` of the running
/// program, which must know it.
pub type Ingest = StageApp<Parts>;

/// What ingest has beside what all stages have.
#[derive(Debug, Clone)]
pub struct Parts {
    library: Library,
    uploads: Uploads,
    imports: Imports,
    reader: Reader,
}

#[async_trait]
impl StageParts for Parts {
    const NAME: &'static str = "ingest";
    type Config = Config;
    type Work = work::Documents;

    async fn migrate(config: &Config, store: &Arc<dyn Store>) -> Result<(), Failure> {
        verify_names(store, &config.common.secrets()).await?;
        Collection::<Document>::new(Arc::clone(store)).ensure().await?;
        Ok(Collection::<Upload>::new(Arc::clone(store)).ensure().await?)
    }

    fn collections() -> Vec<CollectionSpec> {
        vec![Document::SPEC, Upload::SPEC]
    }

    async fn new(config: &Config, adapters: &Adapters) -> Result<Self, Failure> {
        let Adapters { store, blob, clock, .. } = adapters.clone();
        let permits = config.common.permits();
        let limits = child::SandboxLimits {
            memory_bytes: config.sandbox.memory.0,
            cpu_seconds: config.sandbox.cpu.as_secs().max(1),
            wall: config.sandbox.wall,
            ..child::SandboxLimits::default()
        };
        let recogniser = if config.ocr.enabled { Some(Recogniser::find(settings(&config.ocr)).await) } else { None };
        let readers = if config.common.permits == 0 { permits.max(READERS) } else { permits };
        let sandbox = Sandbox::new(this_program()?, limits);
        measure_kills(&sandbox.kills);
        let reader = Reader::new(sandbox, recogniser, readers);
        let documents: Collection<Document> = Collection::new(Arc::clone(&store));
        let uploads: Collection<Upload> = Collection::new(store);
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let library = Library::new(
            documents,
            reader.clone(),
            Arc::clone(&blob),
            Arc::clone(&clock),
            Arc::clone(&random),
            config.common.secrets(),
            SourceLimits { upload_bytes: config.limits.upload.0, inline_bytes: config.limits.inline.0.min(4 << 20) },
        );
        measure_received(&library);
        let uploads = Uploads::new(uploads, library.clone(), blob, clock, random, config.limits.upload_idle);
        let imports = imports(config, library.clone())?;
        Ok(Self { library, uploads, imports, reader })
    }

    fn stage(&self, adapters: &Adapters) -> Stage<work::Documents> {
        let lookups = Arc::new(Lookups::default());
        measure_cache("contents", &lookups);
        Stage::new(work::Documents::new(self.reader.clone(), lookups), Arc::clone(&adapters.blob))
    }

    fn serve(&self, server: Server, adapters: &Adapters) -> Server {
        let blob = Arc::clone(&adapters.blob);
        let documents = Documents::new(self.library.clone(), self.uploads.clone(), self.imports.clone(), blob);
        server
            .service(tune!(DocumentServiceServer::new(documents.clone()), MESSAGE_LIMIT))
            .service(tune!(IngestServiceServer::new(documents)))
    }

    /// Deletes what was erased or left behind.
    async fn maintain(&self, adapters: &Adapters, retention: Duration, stop: CancellationToken) {
        let clock = &adapters.clock;
        let due = Reconciler::new(self.library.documents().clone(), Arc::clone(clock));
        let sweep = |document: Versioned<Document>| {
            let library = self.library.clone();
            async move { library.reconcile(&document.record).await }
        };
        let abandoned = Reconciler::new(self.uploads.uploads().clone(), Arc::clone(clock));
        let forget = |upload: Versioned<Upload>| {
            let uploads = self.uploads.clone();
            async move { uploads.forget(upload).await }
        };
        let end = |before| {
            let library = self.library.clone();
            async move { library.end_tombstones(before).await }
        };
        tokio::join!(
            due.run(sweep, stop.clone()),
            abandoned.run(forget, stop.clone()),
            sweep_from_time_to_time("tombstones", Arc::clone(clock), retention, stop, end),
        );
    }
}

/// Exports which limits ended the processes that read sources.
fn measure_kills(kills: &Arc<Kills>) {
    let metrics = Metrics::new("lectern.ingest");
    for reason in Killed::ALL {
        let kills = Arc::clone(kills);
        metrics.observe_count(
            "lectern.child.killed",
            "{process}",
            "Processes that read sources and were ended, by what ended them.",
            &[("reason", reason.as_str())],
            move || Some(kills.count(reason)),
        );
    }
}

/// Exports how much came.
fn measure_received(library: &Library) {
    let metrics = Metrics::new("lectern.ingest");
    for via in Via::ALL {
        let library = library.clone();
        metrics.observe_count(
            "lectern.upload.bytes",
            "By",
            "Bytes of sources that came, by how they did.",
            &[("via", via.as_str())],
            move || Some(library.received(via)),
        );
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

/// ingest as a program.
pub type Program = StageProgram<Parts>;
