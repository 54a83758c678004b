//! Tells the gateway that looks after a tenant of a narration of it that changed. What is lost
//! costs a wait until the reconciler or the audit looks.

use std::sync::Arc;

use bytes::Bytes;
use lectern_queue::hear;
use lectern_store::{Revision, Versioned};
use serde::{Deserialize, Serialize};

use super::backlog::Known;
use super::{Dispatcher, EVERY};
use crate::conduct::outbox::Hint;
use crate::domain::{GatewayId, Narration, Shard};

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
pub(super) struct Parcel {
    to: GatewayId,
    narration: Known,
    passed_on: bool,
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
        self.shared.relay.put(Parcel { to: to.clone(), narration, passed_on });
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
        self.shared.relay.send(&*self.shared.queue, said).await;
    }

    /// Sends what is on its way now, where nobody else does.
    pub(super) async fn relay_rest(&self) {
        self.shared.relay.send_rest(&*self.shared.queue, said).await;
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

fn said(Parcel { to, narration, passed_on }: Parcel) -> Hint {
    let Versioned { record, revision } = &*narration;
    let changed = Changed { revision: *revision, narration: record.clone(), passed_on };
    (topic(&to), serde_json::to_vec(&changed).map(Bytes::from).unwrap_or_default())
}
