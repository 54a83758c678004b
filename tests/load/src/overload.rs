//! Overload: sleeping stages, and orders at half, once and three times what they can do. Goodput
//! must not fall when more is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use lectern_core::Reason;
use lectern_runtime::telemetry::resident_bytes;

use crate::lectern::{Lectern, Setup};
use crate::servers::Servers;

/// How long each step sleeps. Long enough that the stages are the bound, and not the database of
/// one machine.
const STEP: Duration = Duration::from_millis(200);
/// Steps of tts, the busiest stage, in a narration of one section.
const BUSIEST: f64 = 2.0;
/// The unfinished narrations that are taken: so many seconds of what the stages can do.
const BACKLOG_SECONDS: f64 = 10.0;
/// Orders a second, as shares of what the stages can do.
const LOADS: [f64; 3] = [0.5, 1.0, 3.0];
/// How long orders that are under way may take when there are no more.
const LAST_ORDERS: Duration = Duration::from_secs(10);

/// What came of a load.
#[derive(Debug, Clone)]
pub struct Load {
    /// Orders a second, as a share of what the stages can do.
    pub load: f64,
    /// What the stages can do, in narrations a second.
    pub capacity: f64,
    /// Narrations that succeeded, a second.
    pub goodput: f64,
    /// Orders that were sent away with the time to come again.
    pub sent_away: u64,
    /// Resident memory of the process at the begin, at half time and at the end, in megabytes.
    pub resident: Vec<u64>,
}

/// Orders at several rates, one after the other, `lasts` each and a quarter before it is looked at.
pub async fn measure(permits: usize, lasts: Duration) -> Result<Vec<Load>> {
    let mut loads = Vec::new();
    for load in LOADS {
        loads.push(Box::pin(one(load, permits, lasts)).await?);
    }
    Ok(loads)
}

async fn one(load: f64, permits: usize, lasts: Duration) -> Result<Load> {
    let capacity = permits as f64 / STEP.as_secs_f64() / BUSIEST;
    let backlog = (capacity * BACKLOG_SECONDS) as u64;
    let servers = Arc::new(Servers::start(false).await?);
    let setup = Setup { permits, step: STEP, backlog, tenants: 1, gateways: 1 };
    let lectern = Arc::new(Box::pin(Lectern::start(&servers, setup)).await?);
    let sent_away = Arc::new(AtomicU64::new(0));
    let orders = {
        let (lectern, sent_away) = (Arc::clone(&lectern), Arc::clone(&sent_away));
        let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / (capacity * load)));
        tokio::spawn(async move {
            loop {
                pace.tick().await;
                tokio::spawn(order(Arc::clone(&lectern), Arc::clone(&sent_away)));
            }
        })
    };
    // Until the pipeline is full.
    tokio::time::sleep(lasts / 4).await;
    let mut resident = vec![megabytes()];
    let (begin, before) = (Instant::now(), lectern.succeeded()?);
    for _ in 0..2 {
        tokio::time::sleep(lasts / 2).await;
        resident.push(megabytes());
    }
    let goodput = (lectern.succeeded()? - before) as f64 / begin.elapsed().as_secs_f64();
    orders.abort();
    let stopped = tokio::time::timeout(LAST_ORDERS, alone(lectern)).await.context("orders do not end")?;
    stopped.stop().await?;
    Ok(Load { load, capacity, goodput, sent_away: sent_away.load(Ordering::Relaxed), resident })
}

async fn order(lectern: Arc<Lectern>, sent_away: Arc<AtomicU64>) {
    let Err(status) = lectern.create(0).await else { return };
    // Sent away with the time to come again; anything else is a fault of the measurement.
    match lectern_rpc::failure(&status) {
        refused if refused.reason == Reason::Overloaded && refused.retry_after.is_some() => {
            sent_away.fetch_add(1, Ordering::Relaxed);
        }
        refused => eprintln!("overload: {refused}"),
    }
}

/// The instance, once no order holds it any more.
async fn alone(mut lectern: Arc<Lectern>) -> Lectern {
    loop {
        match Arc::try_unwrap(lectern) {
            Ok(lectern) => return lectern,
            Err(held) => lectern = held,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn megabytes() -> u64 {
    resident_bytes().unwrap_or(0) >> 20
}
