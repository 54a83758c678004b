//! Tells of narrations that changed, here and at other replicas, and hears how far their files are.
//! Hints may be lost, so what is watched is also polled.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::NarrationId;
use lectern_queue::hear;
use lectern_stage::progress::{self, Assembled};
use lectern_store::{ID, Op, Query};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Conductor;

/// Hints about narrations that changed.
const TOPIC: &str = "narrations";
/// How often lost hints are made up for.
const POLL: Duration = Duration::from_secs(2);

/// Hints that are on their way; those beyond are not sent.
const ON_THEIR_WAY: usize = 1_024;
/// A hint that is not sent within this time is not sent.
const SENT_WITHIN: Duration = Duration::from_secs(1);

/// Hints that are sent beside whoever has news, who never waits for them.
#[derive(Debug, Clone)]
pub(super) struct Hints {
    to: mpsc::Sender<(NarrationId, u64)>,
    on_their_way: Arc<Mutex<mpsc::Receiver<(NarrationId, u64)>>>,
}

impl Default for Hints {
    fn default() -> Self {
        let (to, on_their_way) = mpsc::channel(ON_THEIR_WAY);
        Self { to, on_their_way: Arc::new(Mutex::new(on_their_way)) }
    }
}

impl Conductor {
    /// Tells of a narration's new revision. What is lost costs no more than the time to the next
    /// poll.
    pub(super) fn tell(&self, id: &NarrationId, revision: u64) {
        self.hub.announce(id, revision);
        if self.hints.to.try_send((id.clone(), revision)).is_err() {
            debug!(narration = %id, "hint not sent, too many are on their way");
        }
    }

    /// Sends hints to other replicas, until `shutdown`.
    pub(super) async fn send_hints(self, shutdown: CancellationToken) {
        let mut hints = self.hints.on_their_way.lock().await;
        while let Some(Some((id, revision))) = shutdown.run_until_cancelled(hints.recv()).await {
            let sent = self.queue.hint(TOPIC, Bytes::from(format!("{id} {revision}")));
            match tokio::time::timeout(SENT_WITHIN, sent).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => debug!(%error, "hint not sent"),
                Err(_) => debug!("hint not sent in time"),
            }
        }
    }

    /// Passes on what other replicas tell, until `shutdown`.
    pub(super) async fn take_hints(self, shutdown: CancellationToken) {
        let heard = |hint: Bytes| {
            if let Some((id, revision)) = read_hint(&hint) {
                self.hub.announce(&id, revision);
            }
            std::future::ready(())
        };
        let _ = shutdown.run_until_cancelled(hear(&*self.queue, TOPIC, POLL, heard)).await;
    }

    /// Hears from the workers that make files how far they are, until `shutdown`. It is known until
    /// the files are there, or nobody speaks of them any more.
    pub(super) async fn hear_assembled(self, shutdown: CancellationToken) {
        let heard = |hint: Bytes| {
            if let Some((id, run, millis)) = read_assembled(&hint) {
                self.assembling.note(&id, run, millis, self.clock.now());
                self.hub.look_at(&id);
            }
            std::future::ready(())
        };
        let _ = shutdown.run_until_cancelled(hear(&*self.queue, progress::TOPIC, POLL, heard)).await;
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

fn read_hint(hint: &[u8]) -> Option<(NarrationId, u64)> {
    let (id, revision) = std::str::from_utf8(hint).ok()?.split_once(' ')?;
    Some((id.parse().ok()?, revision.parse().ok()?))
}

fn read_assembled(hint: &[u8]) -> Option<(NarrationId, u32, u64)> {
    let Assembled { narration, run, millis } = Assembled::decode(hint)?;
    Some((narration.parse().ok()?, run, millis))
}
