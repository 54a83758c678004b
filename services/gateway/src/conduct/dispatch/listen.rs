//! What the dispatcher hears: what workers can do and what they put off, what operators pause, and
//! whom they suspend.

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::Failure;
use lectern_queue::hear;
use tracing::{debug, warn};

use super::seen::Seen;
use super::{Dispatcher, EVERY, lock};
use crate::conduct::pauses::PAUSES;
use crate::conduct::workers::{CAPACITY, PUT_OFF};

impl Dispatcher {
    /// Listens, without end.
    pub(super) async fn listen(&self) {
        tokio::join!(self.listen_to_workers(), self.hear_put_off(), self.watch_operators());
    }

    /// Hears what workers announce of themselves.
    async fn listen_to_workers(&self) {
        let heard = |hint: Bytes| async move {
            if self.shared.workers.hear(&hint, self.shared.clock.now()) {
                self.hold_and_wake().await;
            }
        };
        hear(&*self.shared.queue, CAPACITY, EVERY, heard).await;
    }

    /// Hears which steps are handed back for a while, and lets others have their room.
    async fn hear_put_off(&self) {
        let heard = |hint: Bytes| {
            let service = self.shared.workers.hear_put_off(&hint, self.shared.clock.now());
            if let Some(state) = service.and_then(|service| self.shared.services.get(&service)) {
                state.wake.notify_one();
            }
            std::future::ready(())
        };
        hear(&*self.shared.queue, PUT_OFF, EVERY, heard).await;
    }

    /// Takes in what operators pause and resume, and which tenants they suspend, here or at another
    /// replica.
    async fn watch_operators(&self) {
        loop {
            let listening = async {
                match self.shared.queue.hints(PAUSES).await {
                    Ok(mut hints) => drop(hints.next().await),
                    Err(_) => tokio::time::sleep(EVERY).await,
                }
            };
            // A timeout is the poll that covers lost hints.
            drop(tokio::time::timeout(EVERY, listening).await);
            let (pauses, tenants) = tokio::join!(self.shared.pauses.refresh(), self.shared.tenants.refresh());
            let (pauses, tenants) = (changed("pauses", pauses), changed("suspended tenants", tenants));
            if pauses || tenants {
                self.hold_and_wake().await;
            }
        }
    }

    /// After a pause, a worker or an engine came or went: takes back what is held up now, and
    /// grants what is not any more.
    async fn hold_and_wake(&self) {
        if let Err(error) = self.take_back_held().await {
            warn!(%error, "what is held up is not taken back, the audit will");
        }
        self.wake();
    }

    /// Looks again at once, at everything.
    fn wake(&self) {
        for state in self.shared.services.values() {
            *lock(&state.seen) = Seen::default();
            state.wake.notify_one();
        }
    }
}

/// Whether what was read again is other than before.
fn changed(what: &'static str, read: Result<bool, Failure>) -> bool {
    read.unwrap_or_else(|error| {
        debug!(what, %error, "not read again, it will be");
        false
    })
}
