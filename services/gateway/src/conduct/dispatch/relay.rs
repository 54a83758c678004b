//! Tells the gateway that looks after a tenant of a narration of it that changed. What is lost
//! costs a wait until the reconciler or the audit looks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lectern_queue::hear;
use lectern_store::{Revision, Versioned};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, mpsc};
use tracing::debug;

use super::backlog::Known;
use super::{Dispatcher, EVERY};
use crate::domain::{GatewayId, Narration, Shard};

/// Narrations that are on their way; those beyond are not sent.
const ON_THEIR_WAY: usize = 1_024;
/// One that is not sent within this time is not sent.
const SENT_WITHIN: Duration = Duration::from_secs(1);

/// A narration that changed, for whoever looks after its tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Changed {
    revision: Revision,
    narration: Narration,
    /// Whether it was sent on by somebody who was taken for the owner and is not: it is not sent on
    /// again.
    passed_on: bool,
}

/// One on its way.
#[derive(Debug)]
struct Parcel {
    to: GatewayId,
    narration: Known,
    passed_on: bool,
}

/// What is sent beside whoever wrote a narration, who never waits for it.
#[derive(Debug)]
pub(super) struct Relay {
    to: mpsc::Sender<Parcel>,
    on_their_way: Mutex<mpsc::Receiver<Parcel>>,
}

impl Default for Relay {
    fn default() -> Self {
        let (to, on_their_way) = mpsc::channel(ON_THEIR_WAY);
        Self { to, on_their_way: Mutex::new(on_their_way) }
    }
}

impl Dispatcher {
    /// Takes in a narration that changed where this gateway looks after its tenant, and sends it to
    /// whoever does where not.
    pub(super) fn hand_in(&self, narration: Known) {
        let shard = Shard::of(&narration.record.tenant);
        match self.shared.ownership().owner(shard) {
            Some(owner) if *owner != self.shared.me => self.send(owner, narration, false),
            Some(_) | None => self.accept(narration),
        }
    }

    /// Sends a narration on that came here and is somebody else's.
    pub(super) fn pass_on(&self, narration: Known) {
        let shard = Shard::of(&narration.record.tenant);
        if let Some(owner) = self.shared.ownership().owner(shard).filter(|owner| **owner != self.shared.me) {
            self.send(owner, narration, true);
        }
    }

    fn send(&self, to: &GatewayId, narration: Known, passed_on: bool) {
        if self.shared.relay.to.try_send(Parcel { to: to.clone(), narration, passed_on }).is_err() {
            debug!(gateway = to.as_str(), "narration not told of, too many are on their way");
        }
    }

    /// Does `work`, and sends meanwhile what is on its way to other gateways, also after
    /// [`Self::run`] has ended: calls and events in hand still change narrations then.
    pub async fn relay_during<T>(&self, work: impl Future<Output = T>) -> T {
        let without_end = async {
            self.relay().await;
            std::future::pending::<T>().await
        };
        let done = tokio::select! {
            biased;
            done = work => done,
            done = without_end => done,
        };
        self.relay_rest().await;
        done
    }

    /// Sends what is on its way, without end. One at a time does so; another waits for its end.
    pub(super) async fn relay(&self) {
        let mut parcels = self.shared.relay.on_their_way.lock().await;
        while let Some(parcel) = parcels.recv().await {
            self.deliver(parcel).await;
        }
    }

    /// Sends what is on its way now, where nobody else does.
    pub(super) async fn relay_rest(&self) {
        let Ok(mut parcels) = self.shared.relay.on_their_way.try_lock() else { return };
        let rest = async {
            while let Ok(parcel) = parcels.try_recv() {
                self.deliver(parcel).await;
            }
        };
        // What is left is lost as any hint may be.
        drop(tokio::time::timeout(SENT_WITHIN, rest).await);
    }

    async fn deliver(&self, Parcel { to, narration, passed_on }: Parcel) {
        let Versioned { record, revision } = &*narration;
        let changed = Changed { revision: *revision, narration: record.clone(), passed_on };
        let payload = serde_json::to_vec(&changed).map(Bytes::from).unwrap_or_default();
        let (id, topic) = (&record.id, topic(&to));
        match tokio::time::timeout(SENT_WITHIN, self.shared.queue.hint(&topic, payload)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(narration = %id, %error, "narration not told of"),
            Err(_) => debug!(narration = %id, "narration not told of in time"),
        }
    }

    /// Hears of narrations that this gateway is to look after, without end.
    pub(super) async fn listen_to_relays(&self) {
        let heard = |hint: Bytes| {
            if let Ok(Changed { revision, narration, passed_on }) = serde_json::from_slice(&hint) {
                let known = Arc::new(Versioned { record: narration, revision });
                // Where the views of two gateways differ, one of them knows better in a moment.
                if self.owns(&known.record) {
                    self.accept(known);
                } else if !passed_on {
                    self.pass_on(known);
                }
            }
            std::future::ready(())
        };
        hear(&*self.shared.queue, &topic(&self.shared.me), EVERY, heard).await;
    }

    fn owns(&self, narration: &Narration) -> bool {
        self.shared.ownership().owner(Shard::of(&narration.tenant)) == Some(&self.shared.me)
    }
}

/// The topic of what is for one gateway.
fn topic(gateway: &GatewayId) -> String {
    format!("dispatch.{}", gateway.as_str())
}
