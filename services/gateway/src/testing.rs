//! What the unit tests of several modules share.

mod odd;

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use lectern_core::content::script::{Order, Style};
use lectern_core::id::{NarrationId, ScopeId, TenantId};
use lectern_core::keys::Secrets;
use lectern_core::random::SeededRandom;
use lectern_core::speakers::{PinnedVoice, Speakers};
use lectern_core::{Clock, Digest, Failure, Random, Timestamp};
use lectern_proto::names;
use lectern_queue::{ConnectOptions, MemoryQueue, Queue};
use lectern_stage::prune::Swept;
use lectern_store::memory::MemoryStore;
use lectern_store::{Collection, Record, Store};
use tokio::time::Instant;

use crate::admission::Admission;
use crate::conduct::prune::InUse;
use crate::conduct::{Conductor, DispatchOptions, Dispatcher};
use crate::config::Backlog;
use crate::domain::texts::{Kept, Texts};
use crate::domain::{Labels, Narration, NarrationRequest, OrderedLexicon, Pins, StepFailure, Tally};
use crate::orders::Orders;
use crate::stages::{Stages, Still};
use crate::tenants::Tenants;
pub(crate) use odd::{Away, Odd};

/// Virtual time as the time of day.
#[derive(Debug)]
pub(crate) struct VirtualClock(pub(crate) Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_000_000).plus(self.0.elapsed())
    }
}

/// Stages that have no document, and so nothing to do.
#[derive(Debug)]
pub(crate) struct Nobody;

#[async_trait]
impl Stages for Nobody {
    async fn pin(&self, _: &TenantId, request: &NarrationRequest) -> Result<(ScopeId, Pins), Failure> {
        Err(Failure::not_found(names::of_document(&request.document)))
    }

    async fn cancel_steps(&self, _: &TenantId, _: &NarrationId, _: u32) -> Result<(), Failure> {
        Ok(())
    }

    async fn delete_recording(&self, _: &TenantId, _: &ScopeId, _: &NarrationId, _: u32) -> Result<(), Failure> {
        Ok(())
    }

    async fn prune(&self, _: &TenantId, _: &ScopeId, _: &InUse, _: &dyn Still) -> Result<Swept, Failure> {
        // Nothing was ever made.
        Ok(Swept::default())
    }
}

/// The records of a store, and the tenants beside them.
pub(crate) async fn records<T: Record>(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> (Collection<T>, Tenants) {
    let records = Collection::<T>::new(store);
    records.ensure().await.expect("a collection");
    let tenants = Tenants::new(records.beside(), clock);
    tenants.ensure().await.expect("a collection");
    (records, tenants)
}

/// The parts of a gateway over a store and a queue in memory, put together as `app.rs` does it.
/// Nothing is conducted yet.
pub(crate) struct Parts {
    pub(crate) narrations: Collection<Narration>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) master: Arc<[u8]>,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) admission: Admission,
    pub(crate) conductor: Conductor,
    pub(crate) orders: Orders,
}

impl Parts {
    pub(crate) async fn new(stages: Arc<dyn Stages>, clock: Arc<dyn Clock>, options: ConnectOptions) -> Self {
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let queue = Arc::new(MemoryQueue::new(options));
        Self::over(stages, clock, store, Arc::clone(&queue), queue).await
    }

    /// The same over this store, and over `shared`, which may be odd, for the queue.
    pub(crate) async fn over(
        stages: Arc<dyn Stages>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        queue: Arc<MemoryQueue>,
        shared: Arc<dyn Queue>,
    ) -> Self {
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(1));
        let narrations = Collection::<Narration>::new(store);
        narrations.ensure().await.expect("a collection");
        let master: Arc<[u8]> = b"a secret of 32 bytes and some more".as_slice().into();
        let dispatcher = Dispatcher::new(
            narrations.clone(),
            Arc::clone(&shared),
            Arc::clone(&clock),
            Arc::clone(&random),
            Arc::clone(&master),
            DispatchOptions::default(),
        );
        dispatcher.ensure().await.expect("collections");
        let tenants = dispatcher.tenants().clone();
        let admission = Admission::new(
            narrations.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            Backlog::default(),
            tenants.clone(),
        );
        let conductor =
            Conductor::new(narrations.clone(), shared, Arc::clone(&stages), Arc::clone(&clock), dispatcher.clone());
        let orders = Orders::new(
            narrations.clone(),
            conductor.clone(),
            stages,
            clock,
            random,
            Secrets::one(&master),
            admission.clone(),
            tenants,
        );
        Self { narrations, queue, master, dispatcher, admission, conductor, orders }
    }
}

/// A narration that was accepted a moment ago.
pub(crate) fn narration() -> Narration {
    let id = |text: &str| text.to_owned();
    let request = NarrationRequest {
        document: id("d1").parse().expect("an id"),
        display_name: String::new(),
        labels: Labels::none(),
        order: Order::of(Style::Narration),
        writer: String::new(),
        speakers: Vec::new(),
        lexicon: OrderedLexicon::default(),
        speed: 100,
        formats: vec![1, 2],
        lane: 2,
        time_limit: None,
        hold: false,
    };
    let pins = Pins {
        source: Digest::of(b"source"),
        file_name: id("a.txt"),
        extractor: id("text/1"),
        script: id("extractive/1"),
        writer: id("extractive"),
        speakers: Speakers::one(PinnedVoice {
            name: id("engines/tone/voices/a"),
            version: id("1"),
            sample_rate: 24_000,
        }),
        language: None,
    };
    let (id, tenant, scope) = ("n1".parse(), "acme".parse(), "d1".parse());
    let (id, tenant, scope) = (id.expect("an id"), tenant.expect("an id"), scope.expect("an id"));
    Narration::accepted(id, tenant, scope, request.digest(), request, pins, Timestamp(0))
}

/// Brings a narration that is not planned to where the sections of its script are to be written.
pub(crate) fn narrate(n: &mut Narration, sections: u32) {
    narrate_words(n, sections, 10);
}

/// The same with a script of so many words.
pub(crate) fn narrate_words(n: &mut Narration, sections: u32, words: u64) {
    let sections = NonZeroU32::new(sections).expect("a section");
    assert!(n.planned(sections, words, String::new(), String::new(), Vec::new()), "it is planned already");
}

/// Has a section of a narration written.
pub(crate) fn write(n: &mut Narration, section: u32) {
    assert!(n.section_written(section, n.updated), "section {section} is written already");
}

/// Has a section of a narration recorded, which counts nothing.
pub(crate) fn record(n: &mut Narration, section: u32) {
    assert!(n.section_recorded(section, Tally::default(), n.updated), "section {section} is recorded already");
}

/// Brings a narration to where the files are to be made: of one section where it is not planned.
pub(crate) fn assemble(n: &mut Narration) {
    if n.sections().is_none() {
        narrate(n, 1);
    }
    for section in 0..n.sections().expect("it is planned") {
        if !n.is_recorded(section) {
            record(n, section);
        }
    }
}

/// Has a narration succeed, without files.
pub(crate) fn succeed(n: &mut Narration, at: Timestamp) {
    assemble(n);
    assert!(n.assembled(24_000, 24_000, Vec::new(), at), "it has ended");
}

/// Has a narration fail.
pub(crate) fn fail(n: &mut Narration, at: Timestamp) {
    assert!(n.fail(StepFailure { failure: Failure::internal("it failed"), step: None }, at), "it has ended");
}

/// The words on a narration, to be changed.
pub(crate) fn words(n: &mut Narration) -> &mut Kept {
    match &mut n.texts {
        Texts::Kept(kept) => kept,
        Texts::Deleted | Texts::Erased => panic!("there are none any more"),
    }
}
