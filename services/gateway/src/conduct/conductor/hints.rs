//! Tells of narrations that changed, here and at other replicas, and hears of those that somebody
//! here wants to hear of. A narration that nobody watches costs one small message, which nobody
//! takes. Hints may be lost, so what is watched is also polled.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::NarrationId;
use lectern_stage::progress::{self, Assembled};
use lectern_store::{ID, Op, Query};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Conductor, subscriptions};
use crate::conduct::outbox::Outbox;

/// How often lost hints are made up for.
const POLL: Duration = Duration::from_secs(2);

/// The topic of hints that a narration changed. Their payload is its new revision.
fn news(narration: &NarrationId) -> String {
    format!("news.{narration}")
}

/// Narrations that changed, with their revisions.
pub(super) type Hints = Outbox<(NarrationId, u64)>;

impl Conductor {
    /// Tells watchers, here and at other replicas, of a narration's new revision. What is lost
    /// costs no more than the time to the next poll.
    pub(super) fn tell_watchers(&self, id: &NarrationId, revision: u64) {
        self.hub.announce(id, revision);
        self.hints.put((id.clone(), revision));
    }

    /// Sends hints to other replicas, until `shutdown`.
    pub(super) async fn send_hints(self, shutdown: CancellationToken) {
        let say = |(id, revision): (NarrationId, u64)| (news(&id), Bytes::from(revision.to_string()));
        let _ = shutdown.run_until_cancelled(self.hints.send(&*self.queue, say)).await;
    }

    /// Hears from other replicas of the narrations that somebody watches here, until `shutdown`.
    /// What changes before it is listened to is seen by the poll.
    pub(super) async fn hear_news(self, shutdown: CancellationToken) {
        let listener = |id: NarrationId| {
            let (topic, hub) = (news(&id), self.hub.clone());
            let heard = move |hint: Bytes| {
                if let Some(revision) = read_revision(&hint) {
                    hub.announce(&id, revision);
                }
            };
            subscriptions::listen(Arc::clone(&self.queue), topic, heard)
        };
        let listening = subscriptions::keep(self.hub.grown(), || self.hub.watched(), listener);
        let _ = shutdown.run_until_cancelled(listening).await;
    }

    /// Hears from the workers that make files how far they are, where somebody here asks for it,
    /// until `shutdown`.
    pub(super) async fn hear_assembled(self, shutdown: CancellationToken) {
        let listener = |id: NarrationId| {
            let (topic, hub, files) = (progress::topic(&id), self.hub.clone(), Arc::clone(&self.files));
            let heard = move |hint: Bytes| {
                if let Some(Assembled { run, millis }) = Assembled::decode(&hint) {
                    files.note(&id, run, millis);
                    hub.look_at(&id);
                }
            };
            subscriptions::listen(Arc::clone(&self.queue), topic, heard)
        };
        let listening = subscriptions::keep(self.files.grown(), || self.files.asked_for(), listener);
        let _ = shutdown.run_until_cancelled(listening).await;
    }

    /// Reads what is watched here every [`POLL`], and lets watchers look at what is known beside
    /// the records, until `shutdown`.
    pub(super) async fn poll_watched(self, shutdown: CancellationToken) {
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
            self.hub.look();
        }
    }
}

fn read_revision(hint: &[u8]) -> Option<u64> {
    std::str::from_utf8(hint).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
