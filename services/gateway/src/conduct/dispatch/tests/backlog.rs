//! What it costs to find who waits with many narrations waiting, in the database's own measure.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt as _;
use lectern_core::Timestamp;

use super::super::*;
use crate::conduct::wanted::{ready, turn};
use crate::domain::Shard;
use crate::testing::{assemble, narration};

/// What the queries of a pass cost with a backlog of so many narrations of one tenant, beside
/// another with one: the only narration of a turn, the oldest of the long turn, those of it behind
/// some that are known, and one seek of a walk.
async fn cost_of_a_pass(store: Arc<dyn lectern_store::Store>, backlog: usize) -> Vec<u64> {
    let narrations = Collection::<Narration>::new(store);
    narrations.ensure().await.expect("a collection");
    let ordered = |index: usize| {
        let mut ordered = narration();
        ordered.id = format!("n{index}").parse().expect("an id");
        ordered.tenant = (if index == 0 { "single" } else { "noisy" }).parse().expect("an id");
        ordered.created = Timestamp(index as u64);
        assemble(&mut ordered);
        ordered.ready = ready(&ordered, Window::default());
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
    let turns = [0, 1].map(|index| turn(&ordered(index), Service::Tts).to_string());
    let known = (Timestamp(500), "n500".parse().expect("an id"));
    let shards: BTreeSet<Shard> = Shard::all().collect();
    let mut queries = vec![
        walk::oldest_narrations(Service::Tts, &turns[0], None, 8),
        walk::oldest_narrations(Service::Tts, &turns[1], None, 8),
        walk::oldest_narrations(Service::Tts, &turns[1], Some(&known), 8),
    ];
    // The part of a walk in which the long turn is.
    let shard = Shard::of(&ordered(1).tenant);
    let part = usize::from(shard.number()) / (shards.len() / 16);
    queries.push(walk::Walk::light(Service::Tts, &shards).queries(8).remove(part));
    let mut costs = Vec::new();
    for query in queries {
        costs.push(narrations.store().cost("narrations", &query).await.expect("a cost"));
    }
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
    // One narration of the one tenant, eight of the other, eight behind one that is known, and one
    // of a turn that a walk meets: an entry and a record each, and one entry more to see the end.
    let bounds = [1, 8, 9, 1].map(|found| 2 * found + 1);
    for costs in costs {
        assert!(costs.iter().zip(bounds).all(|(cost, bound)| *cost <= bound), "{costs:?}");
    }
}
