//! The store in memory: the contract, and that its faults do what they say.

use std::sync::Arc;

use lectern_core::SystemClock;
use lectern_store::memory::{Fault, FaultPlan, MemoryStore};
use lectern_store::{Gathering, Revision, Store, StoreError, Write};
use serde_json::json;

use crate::contract;

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    contract::run(|| async { Arc::new(MemoryStore::new(Arc::new(SystemClock))) as Arc<dyn Store> }).await;
}

#[tokio::test]
async fn a_store_that_gathers_keeps_the_contract() {
    let store = || Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    contract::run(|| async { Arc::new(Gathering::over(store())) as Arc<dyn Store> }).await;
}

#[tokio::test]
async fn many_writes_of_one_call_meet_one_fault() {
    let store = MemoryStore::new(Arc::new(SystemClock));
    let writes = || ["a", "b"].map(|id| Write::Insert { id: id.to_owned(), body: json!({}) }).to_vec();
    store.inject([Fault::Unavailable, Fault::LostRequest, Fault::LostAnswer]);
    assert!(matches!(store.write_many("c", writes()).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.write_many("c", writes()).await, Err(StoreError::Ambiguous { .. })));
    assert_eq!(store.get("c", "a").await.unwrap(), None);
    assert!(matches!(store.write_many("c", writes()).await, Err(StoreError::Ambiguous { .. })));
    assert!(store.get("c", "a").await.unwrap().is_some() && store.get("c", "b").await.unwrap().is_some());
}

#[tokio::test]
async fn injected_faults_strike_writes_in_order() {
    let store = MemoryStore::new(Arc::new(SystemClock));
    store.inject([Fault::Unavailable, Fault::LostRequest, Fault::LostAnswer]);
    let body = json!({});
    assert!(matches!(store.insert("c", "a", &body).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.insert("c", "a", &body).await, Err(StoreError::Ambiguous { .. })));
    assert_eq!(store.get("c", "a").await.unwrap(), None);
    assert!(matches!(store.insert("c", "a", &body).await, Err(StoreError::Ambiguous { .. })));
    assert!(store.get("c", "a").await.unwrap().is_some());
    assert_eq!(store.replace("c", "a", Revision(1), &body).await, Ok(Revision(2)));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let outcomes = |seed| async move {
        let plan = FaultPlan { seed, unavailable: 200, lost_requests: 100, lost_answers: 100, ..FaultPlan::default() };
        let store = MemoryStore::with_faults(Arc::new(SystemClock), plan);
        let mut outcomes = Vec::new();
        for n in 0..200 {
            outcomes.push(store.insert("c", &format!("{n}"), &json!({})).await);
        }
        outcomes
    };
    let first = outcomes(1).await;
    assert_eq!(first, outcomes(1).await);
    assert_ne!(first, outcomes(2).await);
    let failed = first.iter().filter(|outcome| outcome.is_err()).count();
    assert!((40..=120).contains(&failed), "{failed}");
}
