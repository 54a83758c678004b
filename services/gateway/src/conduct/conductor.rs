//! Between the narrations' records and the news: takes events in, tells the dispatcher and those
//! who watch what changed, and sees to what is due.

mod events;
mod hints;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use lectern_core::id::NarrationId;
use lectern_core::{Clock, Failure, Kind, Reason, Timestamp};
use lectern_queue::Queue;
use lectern_store::{Change, Collection, Reconciler, Versioned};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::dispatch::Dispatcher;
use super::moment::{Assembling, Moment};
use super::recent::Recent;
use super::wanted::{ready, wanted};
use crate::domain::{Narration, StepFailure, Transition};
use crate::stages::Stages;
use crate::watch::Hub;

/// Ended narrations whose stages are yet to be told; those beyond are left to the reconciler.
const TO_SETTLE: usize = 1_024;
/// Stages are told of so many ends at once.
const SETTLE_AT_ONCE: usize = 16;

/// Conducts narrations.
#[derive(Debug, Clone)]
pub struct Conductor {
    narrations: Collection<Narration>,
    queue: Arc<dyn Queue>,
    stages: Arc<dyn Stages>,
    clock: Arc<dyn Clock>,
    dispatcher: Dispatcher,
    hub: Hub,
    recent: Arc<Recent>,
    assembling: Arc<Assembling>,
    to_settle: mpsc::Sender<Versioned<Narration>>,
    ended: Arc<Mutex<Option<mpsc::Receiver<Versioned<Narration>>>>>,
}

impl Conductor {
    /// A conductor over these parts.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        queue: Arc<dyn Queue>,
        stages: Arc<dyn Stages>,
        clock: Arc<dyn Clock>,
        dispatcher: Dispatcher,
    ) -> Self {
        let (to_settle, ended) = mpsc::channel(TO_SETTLE);
        let ended = Arc::new(Mutex::new(Some(ended)));
        let (hub, recent, assembling) = (Hub::default(), Arc::default(), Arc::default());
        Self { narrations, queue, stages, clock, dispatcher, hub, recent, assembling, to_settle, ended }
    }

    /// Who waits for news here.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Who grants steps here.
    #[must_use]
    pub const fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// What is known of a narration beside its record. Nothing is read for it.
    #[must_use]
    pub fn moment(&self, narration: &Narration) -> Moment {
        Moment { wait: self.dispatcher.wait(narration), assembled: self.assembling.of(narration, self.clock.now()) }
    }

    /// Runs until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let reconciler = Reconciler::new(self.narrations.clone(), Arc::clone(&self.clock));
        let due = {
            let conductor = self.clone();
            move |narration: Versioned<Narration>| {
                let conductor = conductor.clone();
                async move { conductor.see_to(narration).await }
            }
        };
        tokio::join!(
            self.clone().take_events(shutdown.clone()),
            self.dispatcher.run(shutdown.clone()),
            reconciler.run(due, shutdown.clone()),
            self.clone().take_hints(shutdown.clone()),
            self.clone().hear_assembled(shutdown.clone()),
            self.clone().settle_ended(shutdown.clone()),
            self.clone().poll_watched(shutdown),
        );
    }

    /// After a write that changed `narration`: lets what it wants now be granted, and tells those
    /// who watch.
    pub async fn changed(&self, narration: &Versioned<Narration>) {
        self.dispatcher.touch(narration);
        self.tell(&narration.record.id, narration.revision.0).await;
        if narration.record.phase.terminal() {
            self.assembling.forget(&narration.record.id);
        }
        if narration.record.cancel_pending && self.to_settle.try_send(narration.clone()).is_err() {
            debug!(narration = %narration.record.id, "stages are told of its end by the reconciler");
        }
    }

    /// Publishes again, at once, everything that is granted and unfinished: for a queue that keeps
    /// nothing over a restart.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `QUEUE_UNAVAILABLE`.
    pub async fn reissue(&self) -> Result<(), Failure> {
        for service in lectern_core::id::Service::ALL {
            self.dispatcher.audit(service, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// Tells the stages of narrations that ended here. A stage that hangs holds up neither events
    /// nor other narrations.
    async fn settle_ended(self, shutdown: CancellationToken) {
        let taken = self.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(ended) = taken else { return };
        let ended = tokio_stream::wrappers::ReceiverStream::new(ended);
        let settled = ended.for_each_concurrent(SETTLE_AT_ONCE, |narration| {
            let conductor = self.clone();
            async move {
                if let Err(error) = conductor.settle(&narration).await {
                    warn!(narration = %narration.record.id, %error, "stages not told of the end, the reconciler will");
                }
            }
        });
        // Those not told when the process ends are found by the reconciler of another.
        let _ = shutdown.run_until_cancelled(settled).await;
    }

    /// What the reconciler does with a narration that is due, in the trace of the call that began
    /// its run.
    async fn see_to(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        let span = tracing::info_span!("reconcile", narration = %narration.record.id);
        if let Some(parent) = &narration.record.traceparent {
            lectern_runtime::set_parent(&span, parent);
        }
        tracing::Instrument::instrument(self.go_on(narration), span).await
    }

    /// Ends a narration whose deadline has passed, else lets what it still wants be granted.
    async fn go_on(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        if narration.record.cancel_pending || narration.record.deleted.is_some() {
            return self.settle(&narration).await;
        }
        if self.clock.now() >= narration.record.deadline {
            let held = self.held(&narration.record);
            let id = &narration.record.id;
            let end = |narration: &mut Narration, now| match held.then(|| narration.hold(now)) {
                Some(Transition::Changed) => Transition::Changed,
                Some(Transition::Unchanged) | None => narration.expire(now),
            };
            if let Some(ended) = self.update(id, end).await? {
                self.changed(&ended).await;
            }
            return Ok(());
        }
        // A release that kept no places, or that had others, wrote it.
        if narration.record.ready != ready(&narration.record, self.dispatcher.window()) {
            if let Some(written) = self.write(&narration.record.id, None, |_, _| Transition::Changed).await? {
                self.dispatcher.touch(&written);
            }
            return Ok(());
        }
        self.dispatcher.touch(&narration);
        Ok(())
    }

    /// Whether an operator holds up something that the narration waits for.
    fn held(&self, narration: &Narration) -> bool {
        let steps = wanted(narration, self.dispatcher.window());
        steps
            .iter()
            .map(|step| step.kind.service())
            .any(|service| self.dispatcher.held_by_operator(service, &narration.tenant, narration.engine(service)))
    }

    /// Whether a run failed for an object that went with its document. A narration may be ordered
    /// while its document is erased; a step then finds an object gone, and ingest alone knows why.
    async fn lost_its_document(&self, narration: &Narration) -> Result<bool, Failure> {
        let object_gone = |failed: &StepFailure| failed.failure.reason == Reason::ObjectDamaged;
        let gone = narration.failure.as_ref().is_some_and(object_gone);
        if !gone || narration.erased || narration.deleted.is_some() {
            return Ok(false);
        }
        match self.stages.pin(&narration.tenant, &narration.wish()).await {
            Err(failure) if failure.reason == Reason::DocumentErased => Ok(true),
            Err(failure) if failure.kind == Kind::Unavailable => Err(failure),
            // It is there, or something else is wrong with the order.
            Ok(_) | Err(_) => Ok(false),
        }
    }

    /// Tells the stages that a narration's run is over, deletes the files of a deleted one, clears
    /// the record of one whose document was erased, then notes that this was done.
    ///
    /// # Errors
    /// The first stage's failure; safe to repeat.
    pub async fn settle(&self, narration: &Versioned<Narration>) -> Result<(), Failure> {
        let Narration { id, tenant, run, scope, deleted, .. } = &narration.record;
        self.stages.cancel_steps(tenant, id, *run).await?;
        if deleted.is_some() {
            self.stages.delete_recording(tenant, scope, id).await?;
        }
        let erased = self.lost_its_document(&narration.record).await?;
        let settled = self
            .write(id, None, |narration, now| {
                if narration.run != *run || !(narration.cancel_pending || narration.deleted.is_some()) {
                    return Transition::Unchanged;
                }
                // Else nothing that a caller sees changes, so the version stays.
                if erased && !narration.erased {
                    narration.erase(now);
                    narration.version += 1;
                }
                narration.settled(now);
                Transition::Changed
            })
            .await?;
        if let Some(settled) = settled.filter(|_| erased) {
            self.changed(&settled).await;
        }
        Ok(())
    }

    /// Changes a narration by a transition that callers see; none when it changed nothing, or the
    /// narration is gone.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn update(
        &self,
        id: &NarrationId,
        transition: impl FnMut(&mut Narration, Timestamp) -> Transition + Send,
    ) -> Result<Option<Versioned<Narration>>, Failure> {
        self.write(id, None, seen_by_callers(transition)).await
    }

    /// Changes a narration, beginning with the copy that is `known`, if one is.
    async fn write(
        &self,
        id: &NarrationId,
        known: Option<Versioned<Narration>>,
        mut transition: impl FnMut(&mut Narration, Timestamp) -> Transition + Send,
    ) -> Result<Option<Versioned<Narration>>, Failure> {
        let change = |narration: &mut Narration| {
            Ok(match transition(narration, self.clock.now()) {
                Transition::Changed => {
                    narration.ready = ready(narration, self.dispatcher.window());
                    Change::Write
                }
                Transition::Unchanged => Change::Skip,
            })
        };
        let updated = match known {
            Some(known) => self.narrations.update_known(known, change).await,
            None => self.narrations.update(id.as_str(), change).await,
        };
        let updated = match updated {
            // Deleted meanwhile: nothing is left to change.
            Err(failure) if failure.kind == Kind::NotFound => return Ok(None),
            updated => updated?,
        };
        if !updated.written {
            return Ok(None);
        }
        let written = Versioned { record: updated.record, revision: updated.revision };
        self.recent.note(&written);
        Ok(Some(written))
    }
}

/// A transition that callers see.
fn seen_by_callers(
    mut transition: impl FnMut(&mut Narration, Timestamp) -> Transition + Send,
) -> impl FnMut(&mut Narration, Timestamp) -> Transition + Send {
    move |narration, now| {
        let changed = transition(narration, now);
        if changed == Transition::Changed {
            narration.version += 1;
        }
        changed
    }
}
