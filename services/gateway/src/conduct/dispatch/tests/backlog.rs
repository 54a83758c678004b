//! What a pass costs with many narrations waiting, in the database's own measure.

use std::sync::Arc;

use futures::StreamExt as _;
use lectern_core::Timestamp;

use super::super::*;
use crate::domain::Lane;
use crate::testing::narration;

/// What the queries of a pass cost with a backlog of so many narrations of one tenant, beside
/// another with one.
async fn cost_of_a_pass(store: Arc<dyn lectern_store::Store>, backlog: usize) -> Vec<u64> {
    let narrations = Collection::<Narration>::new(store);
    let turns = narrations.beside::<Turn>();
    narrations.ensure().await.expect("a collection");
    turns.ensure().await.expect("a collection");
    let ordered = |index: usize| {
        let mut ordered = narration();
        ordered.id = format!("n{index}").parse().expect("an id");
        ordered.tenant = (if index == 0 { "single" } else { "noisy" }).parse().expect("an id");
        ordered.created = Timestamp(index as u64);
        ordered.phase = Phase::Assembling;
        ordered.ready = crate::conduct::wanted::ready(&ordered, Window::default());
        ordered
    };
    futures::stream::iter(0..backlog)
        .for_each_concurrent(256, |index| {
            let (narrations, ordered) = (&narrations, ordered(index));
            async move {
                narrations.insert(&ordered).await.expect("inserted");
            }
        })
        .await;
    let mut costs = Vec::new();
    for index in [0, 1] {
        let turn = turn(&ordered(index), Service::Tts);
        drop(turns.insert_if_absent(&turn).await.expect("a turn"));
        let query = pick::oldest_narrations(Service::Tts, &turn.id(), 8);
        costs.push(narrations.store().cost("narrations", &query).await.expect("a cost"));
    }
    let query = pick::waiting_turns(Service::Tts, Lane::Standard, 16);
    costs.push(turns.store().cost("turns", &query).await.expect("a cost"));
    costs
}

/// `LECTERN_BACKLOG_SIZES=1000,1000000` measures others by hand.
fn backlog_sizes(usual: [usize; 2]) -> [usize; 2] {
    #[allow(clippy::disallowed_methods, reason = "how large a test is")]
    let given = std::env::var("LECTERN_BACKLOG_SIZES").unwrap_or_default();
    let sizes: Vec<usize> = given.split(',').filter_map(|size| size.parse().ok()).collect();
    sizes.try_into().unwrap_or(usual)
}

#[tokio::test]
async fn a_pass_over_a_backlog_of_a_hundred_thousand_costs_what_one_over_a_thousand_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut costs = Vec::new();
    for size in backlog_sizes([1_000, 100_000]) {
        let url = format!("sqlite:{}", folder.path().join(format!("{size}.db")).display());
        let store = lectern_store::connect(&url, lectern_store::ConnectOptions::default()).await.expect("a store");
        costs.push(cost_of_a_pass(store, size).await);
    }
    println!("{costs:?}");
    for (few, many) in costs[0].iter().zip(&costs[1]) {
        assert!(*many <= few + few / 10, "{costs:?}");
    }
}

#[tokio::test]
async fn a_pass_over_a_backlog_examines_as_many_entries_of_an_index_as_it_grants_steps() {
    let servers = lectern_testkit::TestServers::from_env();
    let mut costs = Vec::new();
    for size in backlog_sizes([1_000, 20_000]) {
        let uri = servers.mongo_uri_with_database(&format!("backlog{size}"));
        let store = lectern_store::connect(&uri, lectern_store::ConnectOptions::default()).await.expect("a store");
        costs.push(cost_of_a_pass(store, size).await);
    }
    println!("{costs:?}");
    // Eight narrations of the noisy tenant, one of the other, two turns: an entry and a record
    // each, and one entry more to see the end.
    let bounds = [1, 8, 2].map(|found| 2 * found + 1);
    for costs in costs {
        assert!(costs.iter().zip(bounds).all(|(cost, bound)| *cost <= bound), "{costs:?}");
    }
}
