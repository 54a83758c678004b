//! One round: so many narrations are queued at once, and what came of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use futures::StreamExt as _;
use lectern_core::{Clock as _, SystemClock, Timestamp};

use crate::counts::Counts;
use crate::servers::Servers;

/// Orders under way at once.
pub const CLIENTS: usize = 32;
/// A round of fewer narrations is repeated until there were so many of them in all.
const LEAST: usize = 20;
/// Between looks whether all is finished.
const LOOK: Duration = Duration::from_millis(1);
/// What a round leaves to be done when its last narration is finished (acknowledgements, hints) is
/// counted for so long.
const SETTLE: Duration = Duration::from_millis(500);
/// How long a round takes.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// After this it is cut.
    pub most: Duration,
    /// How long is looked at what costs something without orders, before it.
    pub idle: Duration,
}

/// A way of making narrations.
#[async_trait]
pub trait Way: Send + Sync {
    /// Orders the narration of this number, from 0 on.
    async fn order(&self, number: usize) -> Result<()>;

    /// How many narrations are finished, of so many that were ordered.
    async fn finished(&self, ordered: usize) -> Result<usize>;

    /// When each was finished that is.
    async fn finish_times(&self) -> Result<Vec<Timestamp>>;

    /// Whether it does something while nothing is ordered.
    fn works_by_itself(&self) -> bool {
        false
    }
}

/// What a round came to.
#[derive(Debug, Clone)]
pub struct Round {
    /// Narrations that were ordered, over all repetitions.
    pub ordered: usize,
    /// From the begin of its repetition until it was finished, of each that was.
    pub latencies: Vec<Duration>,
    /// From the first order until all were finished or the round was cut, over all repetitions.
    pub took: Duration,
    /// Connections to the database that were opened, the start included.
    pub connections: u64,
    /// What was asked and what it cost.
    pub counts: Counts,
    /// The same of a time without orders; over no time where nothing is done then.
    pub idle: Counts,
    /// Operations on each collection.
    pub by_collection: BTreeMap<String, u64>,
}

impl Round {
    /// Narrations that were finished.
    pub fn finished(&self) -> usize {
        self.latencies.len()
    }

    /// Whether it was cut before all were.
    pub fn cut(&self) -> bool {
        self.finished() < self.ordered
    }

    /// Narrations a second.
    pub fn rate(&self) -> f64 {
        self.finished() as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// The latency that this share of the narrations did not exceed.
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied()
    }

    /// A count for each narration, without what would have been counted all the same.
    pub fn each(&self, count: impl Fn(&Counts) -> f64) -> f64 {
        let all_the_same = self.idle_per_second(&count) * self.counts.over.as_secs_f64();
        (count(&self.counts) - all_the_same).max(0.0) / self.finished().max(1) as f64
    }

    /// A count for each second without orders.
    pub fn idle_per_second(&self, count: impl Fn(&Counts) -> f64) -> f64 {
        if self.idle.over.is_zero() { 0.0 } else { count(&self.idle) / self.idle.over.as_secs_f64() }
    }
}

/// Does a round.
pub async fn measure(servers: &Servers, way: &dyn Way, queued: usize, times: Times) -> Result<Round> {
    let mut idle = Counts::default();
    if way.works_by_itself() {
        let before = servers.counts()?;
        tokio::time::sleep(times.idle).await;
        idle = servers.counts()?.since(&before);
    }
    let (before, collections_before) = (servers.counts()?, servers.by_collection()?);
    let cut_at = tokio::time::Instant::now() + times.most;
    let (mut ordered, mut took, mut begins) = (0, Duration::ZERO, Vec::new());
    while ordered < queued.max(LEAST) && tokio::time::Instant::now() < cut_at {
        begins.push(SystemClock.now());
        let begin = Instant::now();
        let numbers = ordered..ordered + queued;
        ordered = numbers.end;
        let orders = futures::stream::iter(numbers).map(|number| way.order(number)).buffer_unordered(CLIENTS);
        let made = tokio::time::timeout_at(cut_at, orders.collect::<Vec<_>>()).await;
        made.unwrap_or_default().into_iter().collect::<Result<()>>()?;
        while way.finished(ordered).await? < ordered && tokio::time::Instant::now() < cut_at {
            tokio::time::sleep(LOOK).await;
        }
        took += begin.elapsed();
        // So that the moments of two repetitions differ.
        tokio::time::sleep(2 * LOOK).await;
    }
    tokio::time::sleep(SETTLE).await;
    let after = servers.counts()?;
    let mut by_collection = servers.by_collection()?;
    for (name, count) in &mut by_collection {
        *count = count.saturating_sub(collections_before.get(name).copied().unwrap_or(0));
    }
    let of_repetition = |finished: Timestamp| begins.iter().rev().find(|begin| **begin <= finished).copied();
    let times = way.finish_times().await?;
    let latencies = times.into_iter().filter_map(|at| Some(at.since(of_repetition(at)?))).collect();
    let (connections, counts) = (after.connections, after.since(&before));
    Ok(Round { ordered, latencies, took, connections, counts, idle, by_collection })
}
