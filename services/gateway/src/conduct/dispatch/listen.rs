//! What the dispatcher hears: what workers can do and what they put off, what operators pause, whom
//! they suspend, and what other gateways tell.

use bytes::Bytes;
use futures::StreamExt as _;
use lectern_core::{Failure, Reason};
use lectern_queue::hear;
use tracing::{debug, warn};

use super::{Dispatcher, EVERY};
use crate::conduct::pauses::PAUSES;
use crate::conduct::workers::{CAPACITY, POSTPONED, postponed};

impl Dispatcher {
    /// Listens, without end.
    pub(super) async fn listen(&self) {
        tokio::join!(
            self.listen_to_members(),
            self.listen_to_relays(),
            self.listen_to_workers(),
            self.listen_to_postponed(),
            self.watch_operators(),
        );
    }

    /// Hears what workers announce of themselves.
    async fn listen_to_workers(&self) {
        let heard = |hint: Bytes| async move {
            if self.shared.workers.hear(&hint, self.shared.clock.now()) {
                self.look_around();
                self.hold_and_wake().await;
            }
        };
        hear(&*self.shared.queue, CAPACITY, EVERY, heard).await;
    }

    /// Hears which steps are handed back for a while, and lets others have their room.
    async fn listen_to_postponed(&self) {
        let heard = |hint: Bytes| {
            let told = postponed(&hint, self.shared.clock.now());
            if let Some((step, until, reason)) = told
                && let Some(state) = self.shared.services.get(&step.kind.service())
            {
                if reason == Some(Reason::BudgetExhausted) {
                    self.shared.budget_waits.note(&step, until);
                }
                state.backlog.lock().postpone(step, until);
                state.wake.notify_one();
            }
            std::future::ready(())
        };
        hear(&*self.shared.queue, POSTPONED, EVERY, heard).await;
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
            drop(tokio::time::timeout(2 * EVERY, listening).await);
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
        self.take_back_held().await;
        for state in self.shared.services.values() {
            if let Err(error) = self.read_limits(state).await {
                warn!(%error, "limits of tenants are not read, the audit will");
            }
        }
        self.wake();
    }
}

/// Whether what was read again is other than before.
fn changed(what: &'static str, read: Result<bool, Failure>) -> bool {
    read.unwrap_or_else(|error| {
        debug!(what, %error, "not read again, it will be");
        false
    })
}
