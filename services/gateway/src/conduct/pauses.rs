//! What operators have paused: kept in the gateway's database, known to every replica within two
//! seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use lectern_core::id::{Service, TenantId};
use lectern_core::{Clock, Failure};
use lectern_queue::Queue;
use lectern_store::{Collection, MAX_LIMIT, Query, StoreError};
use tracing::{debug, info};

use crate::domain::{Pause, Paused};

/// The topic of hints that a pause began or ended.
pub const PAUSES: &str = "pauses";

/// The pauses that hold. Clones share what is known.
#[derive(Debug, Clone)]
pub struct Pauses {
    pauses: Collection<Pause>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    known: Arc<Mutex<BTreeMap<Paused, Pause>>>,
}

impl Pauses {
    /// The pauses in this collection; replicas hint each other through `queue`.
    #[must_use]
    pub fn new(pauses: Collection<Pause>, queue: Arc<dyn Queue>, clock: Arc<dyn Clock>) -> Self {
        Self { pauses, queue, clock, known: Arc::default() }
    }

    /// Makes and verifies the collection.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.pauses.ensure().await
    }

    /// Pauses something; what is paused already stays as it is.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn pause(&self, what: Paused, note: String) -> Result<Pause, Failure> {
        let pause = Pause { what, note, since: self.clock.now() };
        let pause = self.pauses.insert_if_absent(&pause).await?.map_or(pause, |known| known.record);
        info!(what = %pause.what, note = pause.note, "paused");
        self.tell().await;
        Ok(pause)
    }

    /// Ends a pause; whether there was one.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn resume(&self, what: &Paused) -> Result<bool, Failure> {
        let was = self.pauses.delete(&what.to_string(), None).await?;
        if was {
            info!(%what, "resumed");
        }
        self.tell().await;
        Ok(was)
    }

    /// Everything that is paused, by name; at most [`MAX_LIMIT`].
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self) -> Result<Vec<Pause>, Failure> {
        let page = self.pauses.find(&Query::new().limit(MAX_LIMIT)).await?;
        Ok(page.items.into_iter().map(|item| item.record).collect())
    }

    /// Reads them again; whether they are others now.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; what was known stays.
    pub async fn refresh(&self) -> Result<bool, Failure> {
        let now: BTreeMap<Paused, Pause> =
            self.list().await?.into_iter().map(|pause| (pause.what.clone(), pause)).collect();
        let mut known = self.known();
        let changed = !known.keys().eq(now.keys());
        *known = now;
        Ok(changed)
    }

    /// Whether steps of this service, tenant and engine are paused, as far as this replica knows.
    #[must_use]
    pub fn hold(&self, service: Service, tenant: &TenantId, engine: &str) -> bool {
        self.known().keys().any(|paused| paused.covers(service, tenant, engine))
    }

    async fn tell(&self) {
        if let Err(error) = self.queue.hint(PAUSES, Bytes::new()).await {
            debug!(%error, "hint not sent, replicas read again within two seconds");
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Paused, Pause>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
