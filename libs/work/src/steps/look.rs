//! Steps as operators look at them: page by page, by the indexes that there are.

use lectern_core::Failure;
use lectern_core::id::NarrationId;
use lectern_store::{Cursor, Direction, Page, Query};

use super::{StepRecord, Steps, of_narration};

impl Steps {
    /// At most `most` records of a narration's steps, of all its runs, by id, after the place where
    /// a page ended.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn page(
        &self,
        narration: &NarrationId,
        after: Option<Cursor>,
        most: u32,
    ) -> Result<Page<StepRecord>, Failure> {
        Ok(self.steps.find(&of_narration(narration).after(after).limit(most)).await?)
    }

    /// At most `most` steps that are leased, of all tenants, the longest at work first, after the
    /// place where a page ended.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn leases(&self, after: Option<Cursor>, most: u32) -> Result<Page<StepRecord>, Failure> {
        let leased = Query::new().eq("state.at", "leased").order("updated", Direction::Asc);
        Ok(self.steps.find(&leased.after(after).limit(most)).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use lectern_core::clock::ManualClock;
    use lectern_core::id::{StepId, TenantId};
    use lectern_core::{Clock, Timestamp};
    use lectern_store::memory::MemoryStore;
    use lectern_store::sqlite::SqliteStore;
    use lectern_store::{Record, Store};

    use super::*;
    use crate::steps::{StepState, StepsOptions};

    async fn claimed(store: Arc<dyn Store>, clock: &Arc<ManualClock>, steps: &[&str]) -> Steps {
        let all = Steps::new(store, Arc::clone(clock) as Arc<dyn Clock>, StepsOptions::new("boot"));
        all.ensure().await.unwrap();
        let acme: TenantId = "acme".parse().unwrap();
        for step in steps {
            clock.advance(Duration::from_millis(10));
            all.claim(&step.parse::<StepId>().unwrap(), &format!("w-{step}"), &acme).await.unwrap();
        }
        all
    }

    #[tokio::test]
    async fn what_is_leased_comes_by_pages_the_longest_at_work_first() {
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let steps = claimed(store, &clock, &["n2/1/plan/0", "n1/1/plan/0", "n1/1/write/0"]).await;
        let first = steps.leases(None, 2).await.unwrap();
        let ids = |page: &Page<StepRecord>| page.items.iter().map(|item| item.record.id()).collect::<Vec<_>>();
        assert_eq!(ids(&first), ["n2/1/plan/0", "n1/1/plan/0"]);
        assert!(first.items.iter().all(|item| matches!(item.record.state, StepState::Leased { .. })));
        let last = steps.leases(first.next, 2).await.unwrap();
        assert_eq!((ids(&last), last.next), (vec!["n1/1/write/0".to_owned()], None));

        let of_one = steps.page(&"n1".parse().unwrap(), None, 1).await.unwrap();
        assert_eq!(ids(&of_one), ["n1/1/plan/0"]);
        let rest = steps.page(&"n1".parse().unwrap(), of_one.next, 5).await.unwrap();
        assert_eq!(ids(&rest), ["n1/1/write/0"]);
    }

    /// Asking for ten leases costs no more where a thousand steps have ended.
    #[tokio::test]
    async fn steps_that_ended_cost_a_list_of_leases_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp(1_000)));
        let path = folder.path().join("steps.db");
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&path, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap());
        claimed(Arc::clone(&store), &clock, &["n1/1/plan/0"]).await;
        let query = Query::new().eq("state.at", "leased").order("updated", Direction::Asc).limit(10);
        let before = store.cost(StepRecord::SPEC.name, &query).await.unwrap();
        for index in 0..1_000 {
            let step: StepId = format!("n1/1/write/{index}").parse().unwrap();
            let mut record = StepRecord::new(step, "acme".parse().unwrap(), true, Timestamp(2_000));
            record.state = StepState::Ended { ending: crate::steps::Ending::done(Vec::new()) };
            store.insert(StepRecord::SPEC.name, &record.id(), &serde_json::to_value(&record).unwrap()).await.unwrap();
        }
        let after = store.cost(StepRecord::SPEC.name, &query).await.unwrap();
        assert!(after <= 2 * before, "{before} before, {after} after");
    }
}
