//! What is to be told to stages, or asked of them, beside commands: that runs are over, that files
//! and what nothing needs any more are to be deleted, what a run is to be pinned to. It is done
//! beside events and deadlines, so that a stage that hangs holds up neither.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use lectern_core::id::{NarrationId, Service};
use lectern_core::{Failure, Kind, Reason};
use lectern_store::Versioned;
use parking_lot::Mutex as Lock;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, debug, info, warn};

use super::Conductor;
use crate::domain::{Earlier, Narration, Pins, Repin, StepFailure, Transition, Versions};

/// Errands that wait; those beyond are left to the reconciler.
const WAITING: usize = 1_024;
/// Errands that are run at once.
const AT_ONCE: usize = 16;
/// While an upgrade is under way, a stage may still answer with what another replica of it has not
/// any more: for so long it is asked again.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// Narrations of which something is to be told to stages, or asked of them.
#[derive(Debug, Clone)]
pub(super) struct Errands {
    desk: Desk,
    waiting: Arc<Mutex<mpsc::Receiver<Errand>>>,
}

impl Default for Errands {
    fn default() -> Self {
        let (to, waiting) = mpsc::channel(WAITING);
        Self { desk: Desk { to, known: Arc::default() }, waiting: Arc::new(Mutex::new(waiting)) }
    }
}

/// Where errands are handed in.
#[derive(Debug, Clone)]
struct Desk {
    to: mpsc::Sender<Errand>,
    /// Narrations whose errand waits or is run, and what is news of them since.
    known: Arc<Lock<BTreeMap<NarrationId, Option<Versioned<Narration>>>>>,
}

impl Desk {
    /// Hands in an errand of `narration`. While another one of it is under way it waits for that
    /// where it is `news`, and is left to the reconciler, which comes back to it, where it is not.
    fn send(&self, narration: Versioned<Narration>, news: bool) {
        let id = narration.record.id.clone();
        match self.known.lock().entry(id.clone()) {
            Entry::Vacant(place) => {
                place.insert(None);
            }
            Entry::Occupied(mut next) => {
                if news {
                    next.insert(Some(narration));
                }
                return;
            }
        }
        if self.to.try_send(Errand { narration, desk: self.clone() }).is_err() {
            debug!(narration = %id, "stages are told by the reconciler, too much waits");
        }
    }
}

/// An errand, which its narration has one of at a time.
#[derive(Debug)]
struct Errand {
    narration: Versioned<Narration>,
    desk: Desk,
}

impl Drop for Errand {
    fn drop(&mut self) {
        let next = self.desk.known.lock().remove(&self.narration.record.id).flatten();
        if let Some(next) = next {
            self.desk.send(next, true);
        }
    }
}

impl Conductor {
    /// Has told to stages, or asked of them, what is to be so at this moment of `narration`, if
    /// anything; `news` where it has just changed.
    pub(super) fn send_errand(&self, narration: &Versioned<Narration>, news: bool) {
        let record = &narration.record;
        if record.to_be_settled() || record.awaits_pins() || record.earlier_due(self.clock.now()).next().is_some() {
            self.errands.desk.send(narration.clone(), news);
        }
    }

    /// Runs errands until `shutdown`. Those that are not done then are found by the reconciler of
    /// another replica.
    pub(super) async fn run_errands(self, shutdown: CancellationToken) {
        let mut waiting = self.errands.waiting.lock().await;
        let mut tasks = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
                errand = waiting.recv(), if tasks.len() < AT_ONCE => {
                    let Some(errand) = errand else { return };
                    let conductor = self.clone();
                    tasks.spawn(async move { Box::pin(conductor.run_errand(errand)).await });
                }
            }
        }
    }

    /// Does an errand in the trace of the call that began the run.
    async fn run_errand(self, errand: Errand) {
        let narration = &errand.narration;
        let span = tracing::info_span!("errand", narration = %narration.record.id);
        if let Some(parent) = &narration.record.traceparent {
            lectern_runtime::set_parent(&span, parent);
        }
        let errand = self.do_errand(narration);
        if let Some(Err(error)) = self.panics.contain("errand", Box::pin(errand.instrument(span))).await {
            warn!(narration = %narration.record.id, %error, "a stage could not be told or asked, the reconciler will");
        }
    }

    /// Does all that is to be done about a narration at this moment.
    pub(crate) async fn do_errand(&self, narration: &Versioned<Narration>) -> Result<(), Failure> {
        let Versioned { record, .. } = narration;
        if record.over(self.tombstones_kept, self.clock.now()) {
            return Box::pin(self.end_tombstone(record)).await;
        }
        let pinned = if record.awaits_pins() { self.pin_anew(record).await } else { Ok(()) };
        let earlier = self.end_earlier(record).await;
        let settled = if record.to_be_settled() { self.settle(narration).await } else { Ok(()) };
        pinned.and(earlier).and(settled)
    }

    /// Tells the stages that a narration's run is over, deletes the files of a deleted one, clears
    /// the record of one whose document was erased, then notes that this was done. Files of later
    /// runs are never met, so it may come late, and twice.
    ///
    /// # Errors
    /// The first stage's failure; safe to repeat.
    pub async fn settle(&self, narration: &Versioned<Narration>) -> Result<(), Failure> {
        let Narration { id, tenant, run, scope, deleted, .. } = &narration.record;
        self.stages.cancel_steps(tenant, id, *run).await?;
        if deleted.is_some() {
            self.stages.delete_recording(tenant, scope, id, *run).await?;
        }
        let erased = self.lost_its_document(&narration.record).await?;
        let settled = self
            .write(id, Some(narration.clone()), |narration, now| {
                // What was deleted meanwhile has files that are still there.
                if narration.run != *run || narration.deleted != *deleted || !narration.to_be_settled() {
                    return Transition::Unchanged;
                }
                // Else nothing that a caller sees changes, so the version stays.
                if erased && !narration.erased() {
                    narration.erase(now);
                    narration.version += 1;
                }
                narration.settled(self.tombstones_kept, now);
                Transition::Changed
            })
            .await?;
        if let Some(settled) = settled.filter(|_| erased) {
            self.changed(&settled);
        }
        Ok(())
    }

    /// Tells the stages that earlier runs of a narration are over, and deletes their files, where
    /// that is due.
    async fn end_earlier(&self, narration: &Narration) -> Result<(), Failure> {
        let Narration { id, tenant, .. } = narration;
        let due: Vec<Earlier> = narration.earlier_due(self.clock.now()).cloned().collect();
        for Earlier { scope, run, .. } in &due {
            self.stages.cancel_steps(tenant, id, *run).await?;
            self.stages.delete_recording(tenant, scope, id, *run).await?;
            self.write(id, None, |narration, now| narration.earlier_ended(scope, *run, now)).await?;
        }
        Ok(())
    }

    /// Pins a narration anew to what the stages have now, since none has what it was pinned to.
    /// Where what was ordered is not to be had any more, its run fails with what the stages say.
    async fn pin_anew(&self, narration: &Narration) -> Result<(), Failure> {
        let Narration { id, tenant, run, .. } = narration;
        let Some(repin) = narration.repin() else { return Ok(()) };
        let written = match self.stages.pin(tenant, &narration.request()).await {
            Ok((_, pins)) if same_versions(repin, &pins) && self.clock.now().since(repin.wanted) < PATIENCE => {
                let message = "the stages still answer with versions that some replica has not any more";
                return Err(Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, message));
            }
            Ok((_, pins)) => {
                let (from, to) = (&repin.from, Versions::of(&pins));
                info!(narration = %id, run, ?from, ?to, "narration pinned anew");
                self.update(id, |narration, now| narration.pinned(*run, pins.clone(), now)).await?
            }
            Err(failure) if failure.kind.retryable() => return Err(failure),
            Err(failure) if failure.reason == Reason::DocumentErased => {
                let erase = |narration: &mut Narration, now| {
                    if narration.run != *run || !narration.awaits_pins() {
                        return Transition::Unchanged;
                    }
                    narration.erase(now);
                    Transition::Changed
                };
                self.update(id, erase).await?
            }
            Err(failure) => self.update(id, |narration, now| narration.not_pinned(*run, failure.clone(), now)).await?,
        };
        if let Some(written) = written {
            self.changed(&written);
        }
        Ok(())
    }

    /// Whether a run failed for an object that went with its document. A narration may be ordered
    /// while its document is erased; a step then finds an object gone, and ingest alone knows why.
    async fn lost_its_document(&self, narration: &Narration) -> Result<bool, Failure> {
        let object_gone = |failed: &StepFailure| failed.failure.reason == Reason::ObjectDamaged;
        if !narration.failure().is_some_and(object_gone) || narration.erased() || narration.deleted.is_some() {
            return Ok(false);
        }
        match self.stages.pin(&narration.tenant, &narration.request()).await {
            Err(failure) if failure.reason == Reason::DocumentErased => Ok(true),
            Err(failure) if matches!(failure.kind, Kind::Unavailable | Kind::DeadlineExceeded) => Err(failure),
            // It is there, or something else is wrong with the order.
            Ok(_) | Err(_) => Ok(false),
        }
    }
}

/// Whether the stage that had not what it was asked for would be asked for the same again.
fn same_versions(repin: &Repin, pins: &Pins) -> bool {
    let (from, now) = (&repin.from, Versions::of(pins));
    match repin.why.step.as_ref().map(|step| step.kind.service()) {
        Some(Service::Ingest) => from.extractor == now.extractor,
        Some(Service::Ai) => from.script == now.script,
        Some(Service::Tts) => from.speakers == now.speakers,
        None => *from == now,
    }
}
