//! Where narrations of all tenants stand, for operators: by indexes of what is unfinished and of
//! what has ended, and never more than so many records for a page.

use lectern_core::id::{NarrationId, TenantId};
use lectern_core::{Failure, Timestamp};
use lectern_store::{Cursor, Direction, Op, Query, Versioned};
use serde_json::Value;

use super::{Orders, not_found};
use crate::domain::{Narration, Phase};

/// Records read at once.
const READ: u32 = 200;
/// Records looked at for one page, however few meet the conditions.
const LOOKED_AT: usize = 2_000;

/// Which narrations are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Those that ended in this phase, the newest first; where none is named, those that are
    /// unfinished, the oldest first.
    pub ended: Option<Phase>,
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Accepted before this time.
    pub created_before: Option<Timestamp>,
}

impl Standing {
    /// The field whose order is that of the list.
    const fn ordered_by(&self) -> &'static str {
        if self.ended.is_some() && self.tenant.is_none() { "state.finished" } else { "created" }
    }

    fn query(&self) -> Query {
        let direction = if self.ended.is_some() { Direction::Desc } else { Direction::Asc };
        let mut query = Query::new().order(self.ordered_by(), direction).limit(READ);
        // Conditions that an index serves. All of them are looked at again in what was read.
        match (&self.tenant, self.ended) {
            (Some(tenant), _) => query = query.eq("tenant", tenant.as_str()),
            (None, Some(phase)) => query = query.eq("phase", phase.as_str()).filter("state.finished", Op::Gte, 0),
            (None, None) => query = query.filter("due_at", Op::Gte, 0),
        }
        match self.created_before {
            Some(before) if self.ordered_by() == "created" => query.filter("created", Op::Lt, before.millis()),
            Some(_) | None => query,
        }
    }

    fn has(&self, narration: &Narration) -> bool {
        let phase = narration.phase();
        narration.deleted.is_none()
            && self.ended.map_or(!phase.terminal(), |ended| phase == ended)
            && self.tenant.as_ref().is_none_or(|tenant| narration.tenant == *tenant)
            && self.created_before.is_none_or(|before| narration.created < before)
    }

    /// The place after a narration of the list.
    fn after(&self, narration: &Narration) -> Cursor {
        let at = if self.ordered_by() == "created" { Some(narration.created) } else { narration.finished() };
        let at = at.map_or(Value::Null, |at| Value::from(at.millis()));
        Cursor(vec![at, Value::from(narration.id.as_str())])
    }
}

impl Orders {
    /// At most `most` narrations of any tenant that are meant and `meet` something more, and where
    /// the next page starts. The page may be short although there are more.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`.
    pub async fn statuses(
        &self,
        which: &Standing,
        after: Option<Cursor>,
        meet: impl Fn(&Narration) -> bool + Send + Sync,
        most: u32,
    ) -> Result<(Vec<Versioned<Narration>>, Option<Cursor>), Failure> {
        let mut query = which.query().after(after);
        let (mut found, mut looked_at) = (Vec::new(), 0);
        loop {
            let page = self.narrations.find(&query).await?;
            looked_at += page.items.len() + page.left_out as usize;
            for item in page.items {
                if !which.has(&item.record) || !meet(&item.record) {
                    continue;
                }
                if found.len() >= most as usize {
                    let next = found.last().map(|last: &Versioned<Narration>| which.after(&last.record));
                    return Ok((found, next));
                }
                found.push(item);
            }
            match page.next {
                Some(next) if looked_at < LOOKED_AT => query = query.after(next),
                next => return Ok((found, next)),
            }
        }
    }

    /// A narration of whichever tenant, deleted or not.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND`, `STORE_UNAVAILABLE`.
    pub async fn of_any_tenant(&self, id: &NarrationId) -> Result<Versioned<Narration>, Failure> {
        self.narrations.get(id.as_str()).await?.ok_or_else(|| not_found(id))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lectern_core::Clock;
    use lectern_core::clock::ManualClock;
    use lectern_queue::{ConnectOptions, MemoryQueue};
    use lectern_store::sqlite::SqliteStore;
    use lectern_store::{Record, Store};

    use super::*;
    use crate::testing::{Nobody, Parts, fail, narration, succeed};

    const UNFINISHED: Standing = Standing { ended: None, tenant: None, created_before: None };

    async fn world(folder: &tempfile::TempDir) -> (Parts, Arc<dyn Store>) {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000_000)));
        let path = folder.path().join("gateway.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Arc::clone(&clock)).await.expect("a database"));
        let queue = Arc::new(MemoryQueue::new(ConnectOptions::default()));
        let parts = Parts::over(Arc::new(Nobody), clock, Arc::clone(&store), Arc::clone(&queue), queue).await;
        (parts, store)
    }

    fn of(id: &str, tenant: &str, created: u64) -> Narration {
        let mut n = narration();
        (n.id, n.tenant) = (id.parse().expect("an id"), tenant.parse().expect("an id"));
        n.created = Timestamp(created);
        n
    }

    async fn ids(orders: &Orders, which: &Standing, most: u32) -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let (found, next) = orders.statuses(which, after, |_| true, most).await.expect("listed");
            assert!(found.len() <= most as usize);
            ids.extend(found.iter().map(|found| found.record.id.to_string()));
            after = next;
            if after.is_none() {
                return ids;
            }
        }
    }

    #[tokio::test]
    async fn what_is_unfinished_comes_the_oldest_first_and_what_ended_the_newest_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let (parts, _) = world(&folder).await;
        for (id, tenant, created) in [("n3", "acme", 30), ("n1", "globex", 10), ("n2", "acme", 20)] {
            parts.narrations.insert(&of(id, tenant, created)).await.expect("inserted");
        }
        for (id, at) in [("f1", 500), ("f2", 900), ("f3", 700)] {
            let mut failed = of(id, "acme", 1);
            fail(&mut failed, Timestamp(at));
            parts.narrations.insert(&failed).await.expect("inserted");
        }
        let mut gone = of("n0", "acme", 5);
        gone.delete(Timestamp(6));
        parts.narrations.insert(&gone).await.expect("inserted");

        assert_eq!(ids(&parts.orders, &UNFINISHED, 2).await, ["n1", "n2", "n3"]);
        let acme = Standing { tenant: Some("acme".parse().expect("an id")), ..UNFINISHED };
        assert_eq!(ids(&parts.orders, &acme, 1).await, ["n2", "n3"]);
        let old = Standing { created_before: Some(Timestamp(20)), ..UNFINISHED };
        assert_eq!(ids(&parts.orders, &old, 9).await, ["n1"]);
        let failed = Standing { ended: Some(Phase::Failed), ..UNFINISHED };
        assert_eq!(ids(&parts.orders, &failed, 2).await, ["f2", "f3", "f1"]);
        let none = Standing { ended: Some(Phase::Succeeded), ..UNFINISHED };
        assert_eq!(ids(&parts.orders, &none, 2).await, Vec::<String>::new());
        assert_eq!(parts.orders.of_any_tenant(&"n1".parse().expect("an id")).await.expect("it").record.created.0, 10);
        assert!(parts.orders.of_any_tenant(&"n9".parse().expect("an id")).await.is_err());
    }

    /// Every index entry that is read beyond the page would be one of the thousand that ended.
    #[tokio::test]
    async fn what_has_ended_costs_a_list_of_what_is_unfinished_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (parts, store) = world(&folder).await;
        let table = Narration::SPEC.name;
        for index in 0..5 {
            parts.narrations.insert(&of(&format!("n{index}"), "acme", 10)).await.expect("inserted");
        }
        let failed = Standing { ended: Some(Phase::Failed), ..UNFINISHED };
        let queries = [UNFINISHED.query(), failed.query()];
        let mut before = Vec::new();
        for query in &queries {
            before.push(store.cost(table, query).await.expect("a cost"));
        }
        for index in 0..1_000 {
            let mut over = of(&format!("s{index}"), "acme", 5);
            succeed(&mut over, Timestamp(50));
            parts.narrations.insert(&over).await.expect("inserted");
        }
        for (query, before) in queries.iter().zip(before) {
            let after = store.cost(table, query).await.expect("a cost");
            assert!(after <= 2 * before, "{before} before, {after} after for {query:?}");
        }
    }
}
