//! Between the narrations' records and the news: takes events in, tells the dispatcher and those
//! who watch what changed, and does what is due.

mod errands;
mod events;
mod hints;
mod measures;
mod subscriptions;
#[cfg(test)]
mod tests;
mod tombstones;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use lectern_core::id::NarrationId;
use lectern_core::{Clock, Failure, Kind, Timestamp};
use lectern_queue::{Processed, Queue};
use lectern_stage::config::Retention;
use lectern_stage::{Lookups, Recall};
use lectern_store::{Change, Collection, Reconciler, Versioned};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::dispatch::Dispatcher;
use super::moment::{FileProgress, Moment, Wait};
use super::narration_cache::NarrationCache;
use super::supervise::{Panics, Supervisor};
use super::wanted::{ready, wanted};
use crate::domain::{Narration, Transition};
use crate::stages::Stages;
use crate::watch::Hub;
use errands::Errands;
use hints::Hints;
use measures::{Before, Measures};

/// A tombstone is kept for this much longer than stages keep what they know of steps and runs: the
/// next order of its request begins with a later run than theirs while they know any.
const LONGER_THAN_STAGES: Duration = Duration::from_secs(24 * 60 * 60);
/// Steps whose events made a fold panic that are remembered, and for how long.
const PANICKED: usize = 1_024;
const PANICKED_KEPT: Duration = Duration::from_secs(10 * 60);
/// A run is pinned anew in a moment; one that is not after so long waits for it.
const PINNED_WITHIN: Duration = Duration::from_secs(5);

/// Which steps wait for a budget is in memory, and said again within this time, by workers that
/// look again each minute. So nothing is ended by a deadline that its caller did not set before a
/// gateway that was just started could hear of it.
const HEARD_WITHIN: Duration = Duration::from_secs(75);

/// Conducts narrations.
#[derive(Debug, Clone)]
pub struct Conductor {
    narrations: Collection<Narration>,
    queue: Arc<dyn Queue>,
    processed: Processed,
    stages: Arc<dyn Stages>,
    clock: Arc<dyn Clock>,
    dispatcher: Dispatcher,
    hub: Hub,
    cache: Arc<NarrationCache>,
    measures: Arc<Measures>,
    lookups: Arc<Lookups>,
    files: Arc<FileProgress>,
    errands: Errands,
    hints: Arc<Hints>,
    panics: Panics,
    /// How often folding the event of a step panicked.
    panicked: Arc<Recall<u32>>,
    /// How long tombstones are kept.
    tombstones_kept: Duration,
    /// When this gateway began to hear what steps wait for.
    began: Timestamp,
    /// Held by who prunes a document: one at a time.
    pruning: Arc<Mutex<()>>,
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
        Self {
            narrations,
            processed: Processed::events(&*queue),
            queue,
            stages,
            began: clock.now(),
            clock,
            dispatcher,
            hub: Hub::default(),
            cache: Arc::default(),
            measures: Arc::default(),
            lookups: Arc::default(),
            files: Arc::default(),
            errands: Errands::default(),
            hints: Arc::default(),
            panics: Panics::default(),
            panicked: Arc::new(Recall::new(PANICKED, PANICKED_KEPT)),
            tombstones_kept: Retention::default().after + LONGER_THAN_STAGES,
            pruning: Arc::default(),
        }
    }

    /// The same where stages forget steps and runs so long after their end: what is left of a
    /// deleted narration is deleted a day later than that.
    #[must_use]
    pub fn with_retention(self, after: Duration) -> Self {
        Self { tombstones_kept: after + LONGER_THAN_STAGES, ..self }
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

    /// How often a narration that is to be changed need not be read.
    #[must_use]
    pub const fn lookups(&self) -> &Arc<Lookups> {
        &self.lookups
    }

    /// What is known of a narration beside its record. Nothing is read for it; how far its files
    /// are is heard of from now on.
    #[must_use]
    pub fn moment(&self, narration: &Narration) -> Moment {
        let wait = self.dispatcher.wait(narration).or_else(|| self.waits_for_pins(narration));
        Moment { wait, assembled: self.files.ask(narration) }
    }

    /// Why a run does not begin that waits to be pinned anew: nothing is wanted of it yet.
    fn waits_for_pins(&self, narration: &Narration) -> Option<Wait> {
        if !narration.awaits_pins() || self.clock.now().since(narration.updated) < PINNED_WITHIN {
            return None;
        }
        let suspended = self.dispatcher.tenants().is_suspended(&narration.tenant);
        Some(if suspended { Wait::Suspended } else { Wait::EngineUnavailable })
    }

    /// Runs until `shutdown`: every part in a task of its own.
    pub async fn run(self, shutdown: CancellationToken) {
        type Part = fn(Conductor, CancellationToken) -> BoxFuture<'static, ()>;
        let parts: [(&'static str, Part); 8] = [
            ("events", |conductor, stop| conductor.take_events(stop).boxed()),
            ("dispatch", |conductor, stop| async move { conductor.dispatcher.run(stop).await }.boxed()),
            ("reconciler", |conductor, stop| conductor.reconcile(stop).boxed()),
            ("errands", |conductor, stop| conductor.run_errands(stop).boxed()),
            ("hints sent", |conductor, stop| conductor.send_hints(stop).boxed()),
            ("news heard", |conductor, stop| conductor.hear_news(stop).boxed()),
            ("files heard of", |conductor, stop| conductor.hear_assembled(stop).boxed()),
            ("watched", |conductor, stop| conductor.poll_watched(stop).boxed()),
        ];
        let mut supervisor = Supervisor::new(self.panics.clone(), shutdown.clone());
        for (name, part) in parts {
            let (conductor, stop) = (self.clone(), shutdown.clone());
            supervisor.start(name, move || part(conductor.clone(), stop.clone()));
        }
        // What changes until the last of them has ended is told to who looks after it then.
        self.dispatcher.relay_during(supervisor.ended()).await;
    }

    /// After a write that changed `narration`: lets what it wants now be granted, tells those who
    /// watch, and has stages told. Nothing is waited for: a caller's answer may depend on it.
    pub fn changed(&self, narration: &Versioned<Narration>) {
        self.dispatcher.schedule(narration);
        self.tell_watchers(&narration.record.id, narration.revision.0);
        if narration.record.phase().terminal() {
            self.files.forget(&narration.record.id);
        }
        self.send_errand(narration, true);
    }

    /// Looks for what is due until `shutdown`.
    async fn reconcile(self, shutdown: CancellationToken) {
        let reconciler = Reconciler::new(self.narrations.clone(), Arc::clone(&self.clock));
        let due = |narration: Versioned<Narration>| {
            let conductor = self.clone();
            async move { Box::pin(conductor.reconcile_narration(narration)).await }
        };
        reconciler.run(due, shutdown).await;
    }

    /// What the reconciler does with a narration that is due, in the trace of the call that began
    /// its run. It asks the database alone: what asks stages is an errand.
    async fn reconcile_narration(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        let span = tracing::info_span!("reconcile", narration = %narration.record.id);
        if let Some(parent) = &narration.record.traceparent {
            lectern_runtime::set_parent(&span, parent);
        }
        let done = tracing::Instrument::instrument(Box::pin(self.do_what_is_due(narration)), span);
        let panicked = || Failure::internal("doing what is due panicked");
        self.panics.contain("due", done).await.unwrap_or_else(|| Err(panicked()))
    }

    /// Ends a narration whose deadline has passed, else lets what it still wants be granted; has
    /// stages told what they have to know, and what is left of one that was deleted long ago
    /// deleted.
    async fn do_what_is_due(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        let now = self.clock.now();
        self.send_errand(&narration, false);
        if narration.record.phase().terminal() {
            return Ok(());
        }
        let heard = now.since(self.began) >= HEARD_WITHIN || narration.record.spec.time_limit.is_some();
        if now >= narration.record.deadline && heard && !narration.record.awaits_approval() {
            return self.end_or_extend(narration).await;
        }
        // A release that kept no places, or that had others, wrote it.
        if narration.record.ready != ready(&narration.record, self.dispatcher.window()) {
            let id = narration.record.id.clone();
            if let Some(written) = self.write(&id, Some(narration), |_, _| Transition::Changed).await? {
                self.dispatcher.schedule(&written);
            }
            return Ok(());
        }
        self.dispatcher.schedule(&narration);
        Ok(())
    }

    /// Moves on a deadline that has passed while an operator holds up what the narration waits for,
    /// or while it waits for its budget, where that may be done, and else fails it.
    async fn end_or_extend(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        let held = self.held(&narration.record) || self.dispatcher.waits_for_budget(&narration.record);
        let end = |narration: &mut Narration, now| match held.then(|| narration.extend_deadline(now)) {
            Some(Transition::Changed) => Transition::Changed,
            Some(Transition::Unchanged) | None => narration.expire(now),
        };
        let id = narration.record.id.clone();
        if let Some(written) = self.write(&id, Some(narration), seen_by_callers(end)).await? {
            self.changed(&written);
        }
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
        let mut changed = None;
        let change = |narration: &mut Narration| {
            let before = Before::of(narration);
            Ok(match transition(narration, self.clock.now()) {
                Transition::Changed => {
                    changed = Some(before);
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
        self.cache.note(&written, self.clock.now());
        if let Some(before) = changed {
            self.measures.written(before, &written.record);
        }
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
