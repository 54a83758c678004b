//! What the dispatcher hears: what workers can do and what they put off, and what operators pause.

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_queue::hear;
use tracing::{debug, warn};

use super::seen::Seen;
use super::{Dispatcher, EVERY, lock};
use crate::conduct::pauses::PAUSES;
use crate::conduct::workers::{CAPACITY, PUT_OFF};

impl Dispatcher {
    /// Listens, without end.
    pub(super) async fn listen(&self) {
        tokio::join!(self.listen_to_workers(), self.hear_put_off(), self.watch_pauses());
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

    /// Takes in what operators pause and resume, here or at another replica.
    async fn watch_pauses(&self) {
        loop {
            let listening = async {
                match self.shared.queue.hints(PAUSES).await {
                    Ok(mut hints) => drop(hints.next().await),
                    Err(_) => tokio::time::sleep(EVERY).await,
                }
            };
            // A timeout is the poll that covers lost hints.
            drop(tokio::time::timeout(EVERY, listening).await);
            match self.shared.pauses.refresh().await {
                Ok(true) => self.hold_and_wake().await,
                Ok(false) => {}
                Err(error) => debug!(%error, "pauses cannot be read"),
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
