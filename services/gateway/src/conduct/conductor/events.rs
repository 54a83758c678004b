//! Takes events in: what stages did becomes what narrations are, in one write for all that is new
//! of a narration.
//!
//! It is a pipeline with bounds: so many events in hand, so many narrations folded at once, never
//! two folds of one narration at a time, and its events in the order in which they arrived. The
//! next events are taken while others are folded, so the slowest fold holds up its own narration
//! alone.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use lectern_core::id::{NarrationId, StepId};
use lectern_core::{Digest, Failure};
use lectern_queue::topology::EVENTS_GROUP;
use lectern_queue::{EventDelivery, QueueError, until};
use lectern_runtime::names::{messaging, span};
use lectern_runtime::telemetry::add_link;
use lectern_store::Versioned;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, debug, info, warn};

use super::{Conductor, seen_by_callers};
use crate::conduct::{charge, fold, wanted, wire};
use crate::domain::{Bill, Narration, StepOutcome, Transition};

/// Most events taken at once.
const BATCH: usize = 64;
/// Most events that are taken and not answered.
const IN_HAND: usize = 512;
/// Narrations folded at once. Those that come while a call of the database is under way are written
/// together by the next, 64 at most (`lectern_store`'s `Gathering`): so many fill one call while
/// another is under way.
const FOLD_AT_ONCE: usize = 128;
/// A fold that takes longer is given up, and its events come again: less than the time after which
/// they would do so anyway.
const FOLD_WITHIN: Duration = Duration::from_secs(15);
/// An answer to an event that takes longer is given up: the event comes again.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Events come again after this long where they could not be folded.
const AGAIN: Duration = Duration::from_secs(1);
/// The same where folding them panicked: a replica without the defect may take them.
const AGAIN_AFTER_PANIC: Duration = Duration::from_secs(5);
/// The same where they cannot be read: a newer replica may take them.
const AGAIN_UNREAD: Duration = Duration::from_secs(60);
/// An event whose fold panicked so often here is left to the audit.
const PANICS: u32 = 3;

/// An event as it arrived.
#[derive(Debug)]
struct Event {
    step: StepId,
    outcome: StepOutcome,
    bill: Option<Bill>,
    delivery: EventDelivery,
}

/// How a fold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Folded {
    Written,
    Failed,
    Panicked,
}

/// Events in hand.
#[derive(Debug, Default)]
struct Pipeline {
    in_hand: usize,
    /// What is not folded yet, in the order in which it arrived.
    waiting: BTreeMap<NarrationId, Vec<Event>>,
    /// Narrations that wait and are not being folded, the longest waiting first.
    next: VecDeque<NarrationId>,
    /// The folds: of which narration, and how many events.
    folds: HashMap<Id, (NarrationId, usize)>,
    /// The folds, and answers to events that cannot be read.
    tasks: JoinSet<()>,
}

impl Pipeline {
    /// How many events may be taken now.
    fn room(&self) -> usize {
        IN_HAND.saturating_sub(self.in_hand).min(BATCH)
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.waiting.is_empty()
    }

    /// Takes events in.
    fn add(&mut self, deliveries: Vec<EventDelivery>) {
        for delivery in deliveries {
            match wire::event(&delivery.message.payload) {
                Ok(wire::Read { step, outcome, bill }) => {
                    let narration = step.narration.clone();
                    let folded = self.folds.values().any(|(folded, _)| *folded == narration);
                    let events = self.waiting.entry(narration.clone()).or_default();
                    if events.is_empty() && !folded {
                        self.next.push_back(narration);
                    }
                    events.push(Event { step, outcome, bill, delivery });
                    self.in_hand += 1;
                }
                // Left to a newer replica; the step's record has the event, and the audit asks for
                // it again.
                Err(error) => {
                    warn!(%error, noun = delivery.noun, id = delivery.id, "event not understood, it comes again");
                    self.tasks.spawn(async move { answered(delivery.ack.nak(AGAIN_UNREAD)).await });
                }
            }
        }
    }

    /// Begins as many folds as there is room for.
    fn begin(&mut self, conductor: &Conductor) {
        while self.folds.len() < FOLD_AT_ONCE {
            let Some(narration) = self.next.pop_front() else { return };
            let Some(events) = self.waiting.remove(&narration) else { continue };
            let count = events.len();
            let fold = conductor.clone().fold_and_answer(narration.clone(), events);
            let task = self.tasks.spawn(fold).id();
            self.folds.insert(task, (narration, count));
        }
    }

    /// Waits for the end of a fold; for ever where there is none.
    async fn fold_ended(&mut self) {
        let task = match self.tasks.join_next_with_id().await {
            Some(Ok((task, ()))) => task,
            // Answering its events panicked: they come again.
            Some(Err(error)) => error.id(),
            None => return std::future::pending().await,
        };
        let Some((narration, count)) = self.folds.remove(&task) else { return };
        self.in_hand = self.in_hand.saturating_sub(count);
        if self.waiting.contains_key(&narration) {
            self.next.push_back(narration);
        }
    }
}

impl Conductor {
    /// Takes events until `shutdown`, and then ends with what is in hand.
    pub(super) async fn take_events(self, shutdown: CancellationToken) {
        let mut pipeline = Pipeline::default();
        let mut taking: Option<BoxFuture<'static, Vec<EventDelivery>>> = None;
        loop {
            let room = pipeline.room();
            if taking.is_none() && room > 0 && !shutdown.is_cancelled() {
                taking = Some(self.clone().next_events(room, shutdown.clone()).boxed());
            }
            if taking.is_none() && pipeline.is_empty() {
                return;
            }
            tokio::select! {
                biased;
                () = pipeline.fold_ended(), if !pipeline.is_empty() => {}
                deliveries = taken(&mut taking), if taking.is_some() => {
                    taking = None;
                    pipeline.add(deliveries);
                }
            }
            pipeline.begin(&self);
        }
    }

    /// The next events, none where none come for a while; runs to its end where the queue says so.
    async fn next_events(self, most: usize, shutdown: CancellationToken) -> Vec<EventDelivery> {
        let taking = self.queue.events(EVENTS_GROUP, most, Duration::from_secs(1));
        match until(&*self.queue, &shutdown, taking).await {
            None => Vec::new(),
            Some(Ok(deliveries)) => deliveries,
            Some(Err(error)) => {
                warn!(%error, "events cannot be taken");
                let _ = shutdown.run_until_cancelled(tokio::time::sleep(AGAIN)).await;
                Vec::new()
            }
        }
    }

    /// Folds what is new of one narration, and answers the events.
    async fn fold_and_answer(self, id: NarrationId, events: Vec<Event>) {
        let folded = self.fold_in_time(&id, &events).await;
        if folded == Folded::Panicked && events.len() > 1 {
            // Which of them it was is found out one by one, so that the others are not lost with
            // it.
            for event in &events {
                let folded = self.fold_in_time(&id, std::slice::from_ref(event)).await;
                self.answer(event, folded).await;
            }
            return;
        }
        join_all(events.iter().map(|event| self.answer(event, folded))).await;
    }

    /// Folds events of one narration within their time, in the trace of the first.
    async fn fold_in_time(&self, id: &NarrationId, events: &[Event]) -> Folded {
        let (span, began) = (self.span_of(id, events), tokio::time::Instant::now());
        let folded = self.fold_within(id, events, span).await;
        let error = match folded {
            Folded::Written => None,
            Folded::Failed => Some("failed"),
            Folded::Panicked => Some("panicked"),
        };
        self.processed.record(began.elapsed(), error);
        folded
    }

    /// A child of the span that published the first of the events, linked to those of the others.
    fn span_of(&self, id: &NarrationId, events: &[Event]) -> Span {
        let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let span = tracing::info_span!(
            "fold",
            { span::NAME } = format!("{} events", messaging::PROCESS),
            { span::KIND } = span::CONSUMER,
            { messaging::SYSTEM } = self.processed.system(),
            { messaging::OPERATION } = messaging::PROCESS,
            { messaging::OPERATION_TYPE } = messaging::PROCESS,
            { messaging::DESTINATION_TEMPLATE } = self.processed.template(),
            { messaging::CONSUMER_GROUP } = EVENTS_GROUP,
            { messaging::BATCH_COUNT } = (count > 1).then_some(count),
            narration = %id,
        );
        let mut contexts = events.iter().filter_map(|event| event.delivery.message.traceparent.as_deref());
        if let Some(parent) = contexts.next() {
            lectern_runtime::set_parent(&span, parent);
        }
        contexts.for_each(|other| add_link(&span, other));
        span
    }

    async fn fold_within(&self, id: &NarrationId, events: &[Event], span: Span) -> Folded {
        let fold = self.panics.contain("fold", Box::pin(self.fold_events(id, events).instrument(span)));
        match tokio::time::timeout(FOLD_WITHIN, fold).await {
            Ok(Some(Ok(()))) => Folded::Written,
            Ok(Some(Err(_))) => Folded::Failed,
            Ok(None) => Folded::Panicked,
            Err(_) => {
                warn!(narration = %id, "events not folded in time, they come again");
                Folded::Failed
            }
        }
    }

    /// Answers an event. One whose fold panics again and again is acknowledged: what its step did
    /// is in the step's record, from which the audit asks for it again, at its own pace and at all
    /// replicas, until the defect is mended or the narration's deadline passes. Handed back for
    /// ever it would do nothing else, and hold a place among the events that are on their way.
    async fn answer(&self, event: &Event, folded: Folded) {
        let ack = &event.delivery.ack;
        let answer = async {
            match folded {
                Folded::Written => ack.ack().await,
                Folded::Failed => ack.nak(AGAIN).await,
                Folded::Panicked if self.panicked_again(&event.step) < PANICS => ack.nak(AGAIN_AFTER_PANIC).await,
                Folded::Panicked => {
                    warn!(step = %event.step, "folding an event panics again and again, it is left to the audit");
                    ack.ack().await
                }
            }
        };
        answered(answer).await;
    }

    /// How often folding the event of a step has panicked here, this time included.
    fn panicked_again(&self, step: &StepId) -> u32 {
        let (key, now) = (Digest::of(step.to_string().as_bytes()), self.clock.now());
        let times = self.panicked.get(&key, now).unwrap_or(0) + 1;
        self.panicked.put(key, times, now);
        times
    }

    /// The narration as it was last written here, unless that seems to be old: a step is wanted
    /// until its end is folded, so where one is not, another replica has most often folded what
    /// came before it, and a write that begins with this copy would lose.
    fn known<'a>(&self, id: &NarrationId, mut ended: impl Iterator<Item = &'a StepId>) -> Option<Versioned<Narration>> {
        let known = self.cache.get(id, self.clock.now())?;
        let wanted = wanted(&known.record, self.dispatcher.window());
        ended.all(|step| wanted.contains(step)).then_some(known)
    }

    /// Folds a narration's events in one write.
    async fn fold_events(&self, id: &NarrationId, events: &[Event]) -> Result<(), Failure> {
        let fold_all = |narration: &mut Narration, now| {
            let mut transition = Transition::Unchanged;
            for event in events {
                if let Some(bill) = event.bill
                    && charge(narration, &event.step, bill) == Transition::Changed
                {
                    transition = Transition::Changed;
                }
                if fold(narration, &event.step, event.outcome.clone(), now) == Transition::Changed {
                    transition = Transition::Changed;
                }
            }
            transition
        };
        let known = self.known(id, events.iter().map(|event| &event.step));
        self.lookups.note(known.is_some());
        let updated = self
            .write(id, known, seen_by_callers(fold_all))
            .await
            .inspect_err(|error| warn!(narration = %id, %error, "events not folded"))?;
        if let Some(updated) = updated {
            if updated.record.phase().terminal() {
                let took = updated.record.updated.since(updated.record.began());
                info!(narration = %id, phase = ?updated.record.phase(), ?took, "narration ended");
            }
            self.changed(&updated);
        }
        Ok(())
    }
}

/// Waits until an event is answered, but not for long: where it is not, it comes again.
async fn answered(answer: impl Future<Output = Result<(), QueueError>>) {
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "event not answered, it comes again"),
        Err(_) => debug!("event not answered in time, it comes again"),
    }
}

/// What `taking` comes to; never where there is none.
async fn taken(taking: &mut Option<BoxFuture<'static, Vec<EventDelivery>>>) -> Vec<EventDelivery> {
    match taking {
        Some(taking) => taking.await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;
    use std::sync::Arc;

    use async_trait::async_trait;
    use lectern_core::SystemClock;
    use lectern_core::id::StepKind;
    use lectern_queue::{Acknowledge, ConnectOptions, Message};
    use lectern_store::Revision;

    use super::*;
    use crate::testing::{Nobody, Parts, narration};

    /// Notes for how long an event is handed back.
    #[derive(Debug, Default)]
    struct HandedBack(Mutex<Vec<Duration>>);

    #[async_trait]
    impl Acknowledge for HandedBack {
        async fn ack(&self) -> Result<(), QueueError> {
            Ok(())
        }

        async fn nak(&self, delay: Duration) -> Result<(), QueueError> {
            self.0.lock().push(delay);
            Ok(())
        }

        async fn progress(&self) -> Result<(), QueueError> {
            Ok(())
        }

        async fn term(&self) -> Result<(), QueueError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_is_handed_back_for_a_minute() {
        let answers = Arc::new(HandedBack::default());
        let mut pipeline = Pipeline::default();
        pipeline.add(vec![EventDelivery {
            noun: "script".to_owned(),
            id: "n1".to_owned(),
            message: Message::new(vec![0xff]),
            ack: Arc::clone(&answers) as Arc<dyn Acknowledge>,
        }]);
        assert!(!pipeline.is_empty(), "its answer is under way");
        pipeline.fold_ended().await;
        assert_eq!(*answers.0.lock(), [AGAIN_UNREAD]);
        assert!(pipeline.is_empty());
        assert_eq!(pipeline.room(), BATCH, "it holds no place");
    }

    #[tokio::test]
    async fn a_copy_that_another_replica_has_written_since_is_not_begun_with() {
        let parts = Parts::new(Arc::new(Nobody), Arc::new(SystemClock), ConnectOptions::default()).await;
        let copy = Versioned { record: narration(), revision: Revision(7) };
        let id = &copy.record.id;
        let step = |kind| StepId { narration: id.clone(), run: 1, kind, index: 0 };
        let (extract, plan) = (step(StepKind::Extract), step(StepKind::Plan));
        let known = |steps: &[&StepId]| parts.conductor.known(id, steps.iter().copied()).map(|known| known.revision);
        assert_eq!(known(&[&extract]), None, "it was not written here");
        parts.conductor.cache.note(&copy, parts.conductor.clock.now());
        assert_eq!(known(&[&extract]), Some(copy.revision));
        assert_eq!(known(&[&plan]), None, "its source was read meanwhile");
        assert_eq!(known(&[&extract, &plan]), None);
    }
}
