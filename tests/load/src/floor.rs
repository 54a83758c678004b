//! The floor: just the writes and messages that one narration cannot do without, over one pool, by
//! as many tasks as there are permits. No conductor, no leases, no events read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use futures::StreamExt as _;
use lectern_core::OsRandom;
use lectern_core::id::{NarrationId, StepKind};
use lectern_queue::{ConnectOptions, Queue};
use lectern_store::Store;

use crate::Servers;
use crate::count::{CountedQueue, CountedStore, Counts};
use crate::pipeline::{self, NARRATIONS, STEPS};
use crate::report::{Report, cpu};

/// How long a task waits for a command that it has just published.
const WAIT: Duration = Duration::from_secs(5);

/// Does so many narrations.
pub async fn measure(servers: &Servers, narrations: usize, permits: usize, most: Duration) -> Result<Report> {
    let options = lectern_store::ConnectOptions::default();
    let database = servers.database(&format!("floor{narrations}"));
    let store = lectern_store::connect(&database, options).await.map_err(|f| anyhow!("{f}"))?;
    store.ensure(&NARRATIONS).await?;
    store.ensure(&STEPS).await?;
    let options = ConnectOptions::with_prefix(format!("floor{narrations}"));
    let queue = lectern_queue::connect(&servers.nats.url(), options).await.map_err(|f| anyhow!("{f}"))?;
    let counts: Arc<Counts> = Arc::default();
    let pool = Arc::clone(&store);
    let store: Arc<dyn Store> = Arc::new(CountedStore(store, Arc::clone(&counts)));
    let queue: Arc<dyn Queue> = Arc::new(CountedQueue(queue, Arc::clone(&counts)));
    let (connections, cpu_before, begin) = (servers.proxy.accepted(), cpu(), Instant::now());
    let done: Vec<Result<Option<Duration>>> = futures::stream::iter(0..narrations)
        .map(|_| async {
            if begin.elapsed() > most {
                return Ok(None);
            }
            // As if all had been ordered at the begin, like the others.
            one(&store, &queue).await.map(|()| Some(begin.elapsed()))
        })
        .buffer_unordered(3 * permits)
        .collect()
        .await;
    let took = begin.elapsed();
    let done = done.into_iter().collect::<Result<Vec<_>>>()?;
    let latencies: Vec<Duration> = done.into_iter().flatten().collect();
    let [writes, reads, messages] = counts.now();
    let finished = latencies.len();
    Ok(Report {
        finished,
        took,
        latencies,
        connections: servers.proxy.accepted() - connections,
        cpu: cpu().saturating_sub(cpu_before),
        writes,
        reads,
        messages,
        waited: pool.waited_for_connections(),
        cut: finished < narrations,
        detail: Vec::new(),
    })
}

async fn one(store: &Arc<dyn Store>, queue: &Arc<dyn Queue>) -> Result<()> {
    let id = NarrationId::random(&OsRandom);
    store.insert(NARRATIONS.name, id.as_str(), &pipeline::narration(0)).await?;
    for kind in StepKind::ALL {
        let step = pipeline::step_id(&id, kind);
        queue.publish(&step, pipeline::message()).await?;
        // Whose command it takes does not matter here: as many are taken as are published.
        let delivery = queue.pull(kind.service(), WAIT).await?.ok_or_else(|| anyhow!("no command of {kind:?}"))?;
        pipeline::write(&**store, &step).await?;
        queue.emit("narration", id.as_str(), pipeline::message()).await?;
        delivery.ack.ack().await?;
    }
    Ok(())
}
