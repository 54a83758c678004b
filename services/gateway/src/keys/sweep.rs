//! Keys that open nothing any more are not kept for ever.

use lectern_core::{Failure, Timestamp};
use lectern_store::{Direction, Query, StoreError};
use tokio_util::sync::CancellationToken;

use super::ApiKeys;
use crate::domain::Key;

/// Keys read at once.
const READ: u32 = 200;

impl ApiKeys {
    /// Deletes keys that were revoked, or ended, before a moment; how many this replica deleted. A
    /// request id that made one of them is free again.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`; safe to repeat.
    pub async fn sweep(&self, before: Timestamp) -> Result<u64, Failure> {
        let mut query = Query::new().order("created", Direction::Asc).limit(READ);
        let mut deleted = 0;
        loop {
            let page = self.keys.find(&query).await?;
            for key in page.items.iter().filter(|key| ended_before(&key.record, before)) {
                match self.keys.delete(&key.record.id, Some(key.revision)).await {
                    Ok(there) => deleted += u64::from(there),
                    // Looked at again by the next sweep.
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            match page.next {
                Some(next) => query = query.after(next),
                None => return Ok(deleted),
            }
        }
    }

    /// Deletes, every hour until `stop`, keys that have opened nothing for so long. Any number of
    /// replicas may do it.
    pub async fn sweep_from_time_to_time(self, after: std::time::Duration, stop: CancellationToken) {
        let clock = std::sync::Arc::clone(&self.clock);
        let sweep = |before| self.sweep(before);
        lectern_stage::retention::sweep_from_time_to_time("keys", clock, after, stop, sweep).await;
    }
}

fn ended_before(key: &Key, before: Timestamp) -> bool {
    key.revoked.into_iter().chain(key.expires).min().is_some_and(|end| end < before)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use lectern_core::Clock;
    use lectern_core::clock::ManualClock;
    use lectern_core::keys::Secrets;
    use lectern_store::memory::MemoryStore;

    use super::*;
    use crate::domain::key::Role;
    use crate::keys::{Draft, NewKey};
    use crate::testing::records;

    #[tokio::test]
    async fn keys_that_open_nothing_are_deleted_after_the_retention_and_no_others() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let shared = || Arc::clone(&clock) as Arc<dyn Clock>;
        let (collection, tenants) = records(Arc::new(MemoryStore::new(shared())), shared()).await;
        let secret = Secrets::one(b"master").of(&"keys".parse().expect("an id"));
        let keys = ApiKeys::new(collection, tenants, shared(), Vec::new(), secret);
        let make = async |expires: Option<Timestamp>| {
            let new = NewKey { tenant: None, role: Role::Administrator, display_name: String::new(), expires };
            let Draft::New(key, secret) = keys.draft("", new).await.expect("fits") else { panic!("it is new") };
            keys.insert(key, secret).await.expect("made").0.id
        };
        let after = Duration::from_secs(10);
        let (good, revoked) = (make(None).await, make(None).await);
        let (soon, later) = (clock.now().plus(Duration::from_secs(5)), clock.now().plus(Duration::from_secs(100)));
        let (expires, expires_later) = (make(Some(soon)).await, make(Some(later)).await);
        for _ in 0..2 * READ {
            make(None).await;
        }
        let last = make(None).await;
        for id in [&revoked, &last] {
            keys.revoke(id, async { Ok(()) }).await.expect("revoked");
        }
        for (passed, deleted) in [(10, 0), (1, 2), (4, 0), (1, 1), (1, 0)] {
            clock.advance(Duration::from_secs(passed));
            assert_eq!(keys.sweep(clock.now().minus(after)).await, Ok(deleted), "at {:?}", clock.now());
        }
        for (id, there) in [(good, true), (revoked, false), (last, false), (expires, false), (expires_later, true)] {
            assert_eq!(keys.get(&id).await.is_ok(), there, "{id}");
        }
    }
}
