//! Between the narrations' records and the queue: takes events in, publishes what is wanted, and sees to what is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{NarrationId, StepId};
use lectern_core::{Clock, Failure, Kind, Timestamp};
use lectern_queue::{EventDelivery, Message, Queue};
use lectern_store::{Change, Collection, Direction, ID, Op, Query, Reconciler, Versioned};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::wanted::{Window, wanted};
use super::{fold, wire};
use crate::domain::{Narration, Outcome, Transition};
use crate::stages::Stages;
use crate::watch::Hub;

/// Gateway replicas share events under this name.
const GROUP: &str = "gateway";
/// Events taken at once; those of one narration are folded in one write.
const BATCH: usize = 64;
/// Hints about narrations that changed.
const TOPIC: &str = "narrations";
/// How often lost hints are made up for.
const POLL: Duration = Duration::from_secs(2);

/// Events of one narration that arrived together.
#[derive(Debug, Default)]
struct News {
    events: Vec<(StepId, Outcome)>,
    deliveries: Vec<EventDelivery>,
}

/// Conducts narrations.
#[derive(Debug, Clone)]
pub struct Conductor {
    narrations: Collection<Narration>,
    queue: Arc<dyn Queue>,
    stages: Arc<dyn Stages>,
    clock: Arc<dyn Clock>,
    master: Arc<[u8]>,
    window: Window,
    hub: Hub,
}

impl Conductor {
    /// A conductor over these parts. `master` is the installation's secret, from which keys are made.
    #[must_use]
    pub fn new(
        narrations: Collection<Narration>,
        queue: Arc<dyn Queue>,
        stages: Arc<dyn Stages>,
        clock: Arc<dyn Clock>,
        master: Arc<[u8]>,
    ) -> Self {
        Self { narrations, queue, stages, clock, master, window: Window::default(), hub: Hub::default() }
    }

    /// Who waits for news here.
    #[must_use]
    pub const fn hub(&self) -> &Hub {
        &self.hub
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
            reconciler.run(due, shutdown.clone()),
            self.clone().take_hints(shutdown.clone()),
            self.clone().poll_watched(shutdown),
        );
    }

    /// After a write that changed `narration`: publishes what it wants and did not want `before`, and tells those who watch.
    ///
    /// Failures are logged and left to the reconciler: the record is written, and says when it is due.
    pub async fn changed(&self, before: &[StepId], narration: &Versioned<Narration>) {
        let steps = wanted(&narration.record, self.window).into_iter().filter(|step| !before.contains(step));
        for step in steps {
            if let Err(error) = self.publish(&narration.record, &step).await {
                warn!(%step, %error, "step not published, the reconciler will");
                break;
            }
        }
        self.tell(&narration.record.id, narration.revision.0).await;
        if narration.record.cancel_pending {
            // A stage that hangs must not hold up the events of others.
            let (conductor, narration) = (self.clone(), narration.clone());
            tokio::spawn(async move {
                if let Err(error) = conductor.settle(&narration).await {
                    warn!(narration = %narration.record.id, %error, "stages not told of the end, the reconciler will");
                }
            });
        }
    }

    /// Publishes again, at once, everything that is wanted and unfinished: for a queue that keeps nothing over a restart.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `QUEUE_UNAVAILABLE`.
    pub async fn reissue(&self) -> Result<u32, Failure> {
        let mut count = 0;
        let mut query = Query::new().filter("due_at", Op::Gt, 0).order("due_at", Direction::Asc).limit(200);
        loop {
            let page = self.narrations.find(&query).await?;
            for narration in &page.items {
                count += 1;
                if let Err(error) = self.see_to(narration.clone()).await {
                    warn!(narration = %narration.record.id, %error, "not published, the reconciler will");
                }
            }
            match page.next {
                Some(cursor) => query = query.after(cursor),
                None => return Ok(count),
            }
        }
    }

    async fn publish(&self, narration: &Narration, step: &StepId) -> Result<(), Failure> {
        let command = wire::command(narration, step, &self.master);
        let message = Message::new(command).traced(lectern_runtime::telemetry::current_traceparent());
        let published = self.queue.publish(step, message).await?;
        debug!(%step, ?published, "step published");
        Ok(())
    }

    /// What the reconciler does with a narration that is due, in the trace of the call that began its run.
    async fn see_to(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        let span = tracing::info_span!("reconcile", narration = %narration.record.id);
        if let Some(parent) = &narration.record.traceparent {
            lectern_runtime::set_parent(&span, parent);
        }
        tracing::Instrument::instrument(self.go_on(narration), span).await
    }

    /// Ends a narration whose deadline has passed, else publishes what is still wanted.
    async fn go_on(&self, narration: Versioned<Narration>) -> Result<(), Failure> {
        if narration.record.cancel_pending || narration.record.deleted.is_some() {
            return self.settle(&narration).await;
        }
        if self.clock.now() >= narration.record.deadline {
            let ended = self.update(&narration.record.id, |narration, now| narration.expire(now)).await?;
            if let Some(ended) = ended {
                self.changed(&[], &ended).await;
            }
            return Ok(());
        }
        for step in wanted(&narration.record, self.window) {
            self.publish(&narration.record, &step).await?;
        }
        Ok(())
    }

    /// Tells the stages that a narration's run is over, deletes the files of a deleted one, then notes that this was done.
    ///
    /// # Errors
    /// The first stage's failure; safe to repeat.
    pub async fn settle(&self, narration: &Versioned<Narration>) -> Result<(), Failure> {
        let Narration { id, tenant, run, scope, deleted, .. } = &narration.record;
        self.stages.cancel_steps(tenant, id, *run).await?;
        if deleted.is_some() {
            self.stages.delete_recording(tenant, scope, id).await?;
        }
        // Nothing that a caller sees changes, so the version stays.
        self.write(id, |narration, now| {
            if narration.run != *run || !(narration.cancel_pending || narration.deleted.is_some()) {
                return Transition::Unchanged;
            }
            narration.settled(now);
            Transition::Changed
        })
        .await?;
        Ok(())
    }

    /// Changes a narration by a transition that callers see; none when it changed nothing, or the narration is gone.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn update(
        &self,
        id: &NarrationId,
        mut transition: impl FnMut(&mut Narration, Timestamp) -> Transition + Send,
    ) -> Result<Option<Versioned<Narration>>, Failure> {
        self.write(id, |narration, now| {
            let changed = transition(narration, now);
            if changed == Transition::Changed {
                narration.version += 1;
            }
            changed
        })
        .await
    }

    async fn write(
        &self,
        id: &NarrationId,
        mut transition: impl FnMut(&mut Narration, Timestamp) -> Transition + Send,
    ) -> Result<Option<Versioned<Narration>>, Failure> {
        let updated = self
            .narrations
            .update(id.as_str(), |narration: &mut Narration| {
                Ok(match transition(narration, self.clock.now()) {
                    Transition::Changed => Change::Write,
                    Transition::Unchanged => Change::Skip,
                })
            })
            .await;
        let updated = match updated {
            // Deleted meanwhile: nothing is left to change.
            Err(failure) if failure.kind == Kind::NotFound => return Ok(None),
            updated => updated?,
        };
        Ok(updated.written.then_some(Versioned { record: updated.record, revision: updated.revision }))
    }

    async fn take_events(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let deliveries = match self.queue.events(GROUP, BATCH, Duration::from_secs(1)).await {
                Ok(deliveries) => deliveries,
                Err(error) => {
                    warn!(%error, "events cannot be taken");
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                        () = shutdown.cancelled() => break,
                    }
                }
            };
            let mut by_narration: HashMap<NarrationId, News> = HashMap::new();
            for delivery in deliveries {
                match wire::event(&delivery.message.payload) {
                    Ok((step, outcome)) => {
                        let news = by_narration.entry(step.narration.clone()).or_default();
                        news.events.push((step, outcome));
                        news.deliveries.push(delivery);
                    }
                    // Left to a newer replica; the step's record has the event, and the reconciler asks for it again.
                    Err(error) => warn!(%error, noun = delivery.noun, id = delivery.id, "event not understood"),
                }
            }
            for (id, News { events, deliveries }) in by_narration {
                let parent = deliveries.first().and_then(|d| d.message.traceparent.clone());
                let span = tracing::info_span!("fold", narration = %id, events = events.len());
                if let Some(parent) = parent {
                    lectern_runtime::telemetry::set_parent(&span, &parent);
                }
                let taken = tracing::Instrument::instrument(self.take(&id, &events), span).await;
                for delivery in deliveries {
                    let answer = match taken {
                        Ok(()) => delivery.ack.ack().await,
                        Err(_) => delivery.ack.nak(Duration::from_secs(1)).await,
                    };
                    if let Err(error) = answer {
                        debug!(%error, "event not acknowledged, it comes again");
                    }
                }
            }
        }
    }

    /// Folds a narration's events in one write.
    async fn take(&self, id: &NarrationId, events: &[(StepId, Outcome)]) -> Result<(), Failure> {
        let mut before = Vec::new();
        let updated = self
            .update(id, |narration, now| {
                before = wanted(narration, self.window);
                let mut transition = Transition::Unchanged;
                for (step, outcome) in events {
                    if fold(narration, step, outcome.clone(), now) == Transition::Changed {
                        transition = Transition::Changed;
                    }
                }
                transition
            })
            .await
            .inspect_err(|error| warn!(narration = %id, %error, "events not folded"))?;
        if let Some(updated) = updated {
            if updated.record.phase.terminal() {
                let took = updated.record.updated.since(updated.record.created);
                info!(narration = %id, phase = ?updated.record.phase, ?took, "narration ended");
            }
            self.changed(&before, &updated).await;
        }
        Ok(())
    }

    async fn tell(&self, id: &NarrationId, revision: u64) {
        self.hub.announce(id, revision);
        if let Err(error) = self.queue.hint(TOPIC, Bytes::from(format!("{id} {revision}"))).await {
            debug!(%error, "hint not sent");
        }
    }

    async fn take_hints(self, shutdown: CancellationToken) {
        loop {
            let listening = async {
                match self.queue.hints(TOPIC).await {
                    Ok(mut hints) => {
                        while let Some(hint) = hints.next().await {
                            if let Some((id, revision)) = read_hint(&hint) {
                                self.hub.announce(&id, revision);
                            }
                        }
                    }
                    Err(error) => debug!(%error, "hints cannot be heard, polling covers for them"),
                }
                tokio::time::sleep(POLL).await;
            };
            tokio::select! {
                () = listening => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn poll_watched(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = shutdown.cancelled() => return,
            }
            for ids in self.hub.watched().chunks(200) {
                let ids = ids.iter().map(ToString::to_string).collect::<Vec<_>>();
                let query = Query::new().filter(ID, Op::In, ids).limit(200);
                match self.narrations.find(&query).await {
                    Ok(page) => {
                        for narration in page.items {
                            self.hub.announce(&narration.record.id, narration.revision.0);
                        }
                    }
                    Err(error) => debug!(%error, "watched narrations cannot be read"),
                }
            }
        }
    }
}

fn read_hint(hint: &[u8]) -> Option<(NarrationId, u64)> {
    let (id, revision) = std::str::from_utf8(hint).ok()?.split_once(' ')?;
    Some((id.parse().ok()?, revision.parse().ok()?))
}
