//! What operators have paused: kept in the gateway's database, known to every replica within two
//! seconds.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use lectern_core::id::{Service, TenantId};
use lectern_core::{Clock, Failure};
use lectern_queue::Queue;
use lectern_store::{Collection, MAX_LIMIT, Page, Query, StoreError};
use parking_lot::Mutex;
use tracing::{debug, info};

use crate::domain::{EngineName, Pause, Paused};

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

    /// Makes and verifies the collection, and reads what is paused.
    ///
    /// # Errors
    /// [`StoreError::Setup`], `Unavailable`.
    pub async fn ensure(&self) -> Result<(), StoreError> {
        self.pauses.ensure().await?;
        let paused = self.all().await?;
        *self.known.lock() = paused;
        Ok(())
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

    /// The pause of something, where there is one.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn get(&self, what: &Paused) -> Result<Option<Pause>, Failure> {
        Ok(self.pauses.get(&what.to_string()).await?.map(|found| found.record))
    }

    /// A page of what is paused, by name; `query` says how many, and after which.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn list(&self, query: Query) -> Result<Page<Pause>, Failure> {
        Ok(self.pauses.find(&query).await?)
    }

    /// Everything that is paused.
    async fn all(&self) -> Result<BTreeMap<Paused, Pause>, StoreError> {
        let (mut all, mut query) = (BTreeMap::new(), Query::new().limit(MAX_LIMIT));
        loop {
            let page = self.pauses.find(&query).await?;
            all.extend(page.items.into_iter().map(|item| (item.record.what.clone(), item.record)));
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(all),
            }
        }
    }

    /// Reads them again; whether they are others now.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; what was known stays.
    pub async fn refresh(&self) -> Result<bool, Failure> {
        let now = self.all().await?;
        let mut known = self.known.lock();
        let changed = !known.keys().eq(now.keys());
        *known = now;
        Ok(changed)
    }

    /// Whether steps of this service, tenant and engine are paused, as far as this replica knows.
    #[must_use]
    pub fn hold(&self, service: Service, tenant: &TenantId, engine: EngineName<'_>) -> bool {
        self.known.lock().keys().any(|paused| paused.covers(service, tenant, engine))
    }

    async fn tell(&self) {
        if let Err(error) = self.queue.hint(PAUSES, Bytes::new()).await {
            debug!(%error, "hint not sent, replicas read again within two seconds");
        }
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::Timestamp;
    use lectern_core::clock::ManualClock;
    use lectern_queue::{ConnectOptions, MemoryQueue};
    use lectern_store::memory::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_process_that_starts_knows_at_once_what_is_paused() {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let pauses = Collection::<Pause>::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
        let replica = || Pauses::new(pauses.clone(), Arc::clone(&queue), Arc::clone(&clock));
        let (first, acme) = (replica(), "acme".parse().expect("an id"));
        first.ensure().await.expect("a collection");
        first.pause("tenants/acme".parse().expect("a pause"), String::new()).await.expect("paused");

        let restarted = replica();
        restarted.ensure().await.expect("a collection");
        assert!(restarted.hold(Service::Tts, &acme, EngineName::of("tone")));
        assert_eq!(restarted.refresh().await, Ok(false), "nothing changed since");
        assert!(restarted.resume(&"tenants/acme".parse().expect("a pause")).await.expect("resumed"));
        assert_eq!(restarted.refresh().await, Ok(true));
        assert!(!restarted.hold(Service::Tts, &acme, EngineName::of("tone")));
    }
}
