//! Takes events in: what stages did becomes what narrations are, in one write each.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use lectern_core::Failure;
use lectern_core::id::{NarrationId, StepId};
use lectern_queue::{EventDelivery, until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{Conductor, seen_by_callers};
use crate::conduct::{fold, wire};
use crate::domain::{Narration, Outcome, Transition};

/// Gateway replicas share events under this name.
const GROUP: &str = "gateway";
/// Events taken at once; those of one narration are folded in one write.
const BATCH: usize = 64;
/// Narrations folded at once.
const FOLD_AT_ONCE: usize = 16;

/// Events of one narration that arrived together.
#[derive(Debug, Default)]
struct News {
    events: Vec<(StepId, Outcome)>,
    deliveries: Vec<EventDelivery>,
}

impl Conductor {
    /// Takes events until `shutdown`.
    pub(super) async fn take_events(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let taking = self.queue.events(GROUP, BATCH, Duration::from_secs(1));
            let deliveries = match until(&*self.queue, &shutdown, taking).await.unwrap_or_else(|| Ok(Vec::new())) {
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
                    // Left to a newer replica; the step's record has the event, and the audit asks
                    // for it again.
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
            .write(id, self.recent.get(id), seen_by_callers(fold_all))
            .await
            .inspect_err(|error| warn!(narration = %id, %error, "events not folded"))?;
        if let Some(updated) = updated {
            if updated.record.phase.terminal() {
                let took = updated.record.updated.since(updated.record.created);
                info!(narration = %id, phase = ?updated.record.phase, ?took, "narration ended");
            }
            self.changed(&updated).await;
        }
        Ok(())
    }
}
