//! Between the narrations' records and the news: takes events in, tells the dispatcher and those who watch what changed, and sees to what
//! is due.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::id::{NarrationId, StepId};
use lectern_core::{Clock, Failure, Kind, Timestamp};
use lectern_queue::{EventDelivery, Queue};
use lectern_store::{Change, Collection, ID, Op, Query, Reconciler, Versioned};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::dispatch::Dispatcher;
use super::recent::Recent;
use super::wanted::{ready, wanted};
use super::{fold, wire};
use crate::domain::{Narration, Outcome, Transition};
use crate::stages::Stages;
use crate::watch::Hub;

/// Gateway replicas share events under this name.
const GROUP: &str = "gateway";
/// Events taken at once; those of one narration are folded in one write.
const BATCH: usize = 64;
/// Narrations folded at once.
const FOLD_AT_ONCE: usize = 16;
/// Hints about narrations that changed.
const TOPIC: &str = "narrations";
/// How often lost hints are made up for.
const POLL: Duration = Duration::from_secs(2);
/// Ended narrations whose stages are yet to be told; those beyond are left to the reconciler.
const TO_SETTLE: usize = 1_024;
/// Stages are told of so many ends at once.
const SETTLE_AT_ONCE: usize = 16;

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
    dispatcher: Dispatcher,
    hub: Hub,
    recent: Arc<Recent>,
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
        let (hub, recent) = (Hub::default(), Arc::default());
        Self { narrations, queue, stages, clock, dispatcher, hub, recent, to_settle, ended }
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
            self.clone().settle_ended(shutdown.clone()),
            self.clone().poll_watched(shutdown),
        );
    }

    /// After a write that changed `narration`: lets what it wants now be granted, and tells those who watch.
    pub async fn changed(&self, narration: &Versioned<Narration>) {
        self.dispatcher.touch(narration);
        self.tell(&narration.record.id, narration.revision.0).await;
        if narration.record.cancel_pending && self.to_settle.try_send(narration.clone()).is_err() {
            debug!(narration = %narration.record.id, "stages are told of its end by the reconciler");
        }
    }

    /// Publishes again, at once, everything that is granted and unfinished: for a queue that keeps nothing over a restart.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `QUEUE_UNAVAILABLE`.
    pub async fn reissue(&self) -> Result<(), Failure> {
        for service in lectern_core::id::Service::ALL {
            self.dispatcher.audit(service, Duration::ZERO).await?;
        }
        Ok(())
    }

    /// Tells the stages of narrations that ended here. A stage that hangs holds up neither events nor other narrations.
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

    /// What the reconciler does with a narration that is due, in the trace of the call that began its run.
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
            .any(|service| self.dispatcher.pauses().hold(service, &narration.tenant, narration.engine(service)))
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
        self.write(id, None, |narration, now| {
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
        transition: impl FnMut(&mut Narration, Timestamp) -> Transition + Send,
    ) -> Result<Option<Versioned<Narration>>, Failure> {
        self.write(id, None, seen(transition)).await
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
        Ok(updated.written.then_some(Versioned { record: updated.record, revision: updated.revision }))
    }

    async fn take_events(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let deliveries = match self.queue.events(GROUP, BATCH, Duration::from_secs(1)).await {
                Ok(deliveries) => deliveries,
                Err(error) => {
                    warn!(%error, "events cannot be taken");
                    tokio::select! {
                        biased;
                        () = tokio::time::sleep(Duration::from_secs(1)) => continue,
                        () = shutdown.cancelled() => break,
                    }
                }
            };
            let mut by_narration: BTreeMap<NarrationId, News> = BTreeMap::new();
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
            futures::stream::iter(by_narration)
                .for_each_concurrent(FOLD_AT_ONCE, |(id, news)| {
                    let conductor = self.clone();
                    async move { conductor.take_news(&id, news).await }
                })
                .await;
        }
    }

    /// Folds what is new of one narration, and answers the events.
    async fn take_news(&self, id: &NarrationId, News { events, deliveries }: News) {
        let parent = deliveries.first().and_then(|d| d.message.traceparent.clone());
        let span = tracing::info_span!("fold", narration = %id, events = events.len());
        if let Some(parent) = parent {
            lectern_runtime::telemetry::set_parent(&span, &parent);
        }
        let taken = tracing::Instrument::instrument(self.take(id, &events), span).await;
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

    /// Folds a narration's events in one write.
    async fn take(&self, id: &NarrationId, events: &[(StepId, Outcome)]) -> Result<(), Failure> {
        let fold_all = |narration: &mut Narration, now| {
            let mut transition = Transition::Unchanged;
            for (step, outcome) in events {
                if fold(narration, step, outcome.clone(), now) == Transition::Changed {
                    transition = Transition::Changed;
                }
            }
            transition
        };
        let updated = self
            .write(id, self.recent.get(id), seen(fold_all))
            .await
            .inspect_err(|error| warn!(narration = %id, %error, "events not folded"))?;
        if let Some(updated) = updated {
            self.recent.note(&updated);
            if updated.record.phase.terminal() {
                let took = updated.record.updated.since(updated.record.created);
                info!(narration = %id, phase = ?updated.record.phase, ?took, "narration ended");
            }
            self.changed(&updated).await;
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
                biased;
                () = listening => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn poll_watched(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                biased;
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

/// A transition that callers see.
fn seen(
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

fn read_hint(hint: &[u8]) -> Option<(NarrationId, u64)> {
    let (id, revision) = std::str::from_utf8(hint).ok()?.split_once(' ')?;
    Some((id.parse().ok()?, revision.parse().ok()?))
}
