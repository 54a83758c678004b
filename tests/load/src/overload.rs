//! Overload: sleeping stages, and orders at half, once and three times what they can do. Goodput
//! must not fall when more is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use lectern_core::Reason;
use lectern_runtime::telemetry::resident_bytes;

use crate::Servers;
use crate::lectern::{ANNOUNCED, Lectern, Setup};

/// How long each step sleeps. Long enough that the stages are the bound, and not the database of
/// one machine.
const STEP: Duration = Duration::from_millis(200);
/// Steps of tts, the busiest stage, in a narration of one section.
const BUSIEST: f64 = 2.0;
/// Goodput under overload, as a share of its peak, below which this fails.
const TARGET: f64 = 0.7;

/// Orders at several rates, one after the other, and prints what came of it.
///
/// # Errors
/// When goodput at three times the capacity is below [`TARGET`] of the peak.
pub async fn measure(servers: &Servers, permits: usize, quick: bool) -> Result<()> {
    let lasts = Duration::from_secs(if quick { 10 } else { 40 });
    let capacity = permits as f64 / STEP.as_secs_f64() / BUSIEST;
    println!("\noverload: stages that sleep {STEP:?} a step can do {capacity:.0} narrations/s");
    println!("load   goodput/s   shed   resident MB at the begin, half, end");
    let mut goodputs = Vec::new();
    for times in [0.5, 1.0, 3.0] {
        let setup = Setup {
            name: format!("over{}", (times * 10.0) as u32),
            permits,
            step: STEP,
            backlog: (capacity * 10.0) as u64,
        };
        let lectern = Arc::new(Box::pin(Lectern::start(servers, &setup)).await?);
        tokio::time::sleep(ANNOUNCED).await;
        let shed = Arc::new(AtomicU64::new(0));
        let orders = {
            let (lectern, shed) = (Arc::clone(&lectern), Arc::clone(&shed));
            let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / (capacity * times)));
            tokio::spawn(async move {
                loop {
                    pace.tick().await;
                    let (lectern, shed) = (Arc::clone(&lectern), Arc::clone(&shed));
                    tokio::spawn(async move {
                        match lectern.order().await {
                            Ok(_) => {}
                            // Sent away with the time to come again; anything else is a fault of
                            // the measurement.
                            Err(status) => match lectern_rpc::failure(&status) {
                                refused if refused.reason == Reason::Overloaded && refused.retry_after.is_some() => {
                                    shed.fetch_add(1, Ordering::Relaxed);
                                }
                                refused => eprintln!("overload: {refused}"),
                            },
                        }
                    });
                }
            })
        };
        // Until the pipeline is full.
        tokio::time::sleep(lasts / 4).await;
        let mut resident = vec![megabytes()];
        let (begin, before) = (Instant::now(), lectern.finished().await?);
        for _ in 0..2 {
            tokio::time::sleep(lasts / 2).await;
            resident.push(megabytes());
        }
        let goodput = (lectern.finished().await? - before) as f64 / begin.elapsed().as_secs_f64();
        orders.abort();
        println!("{times:4.1}   {goodput:9.1}   {:4}   {resident:?}", shed.load(Ordering::Relaxed));
        goodputs.push(goodput);
        tokio::time::sleep(Duration::from_millis(500)).await;
        if let Some(lectern) = Arc::into_inner(lectern) {
            lectern.stop().await;
        }
    }
    let peak = goodputs.iter().copied().fold(0.0, f64::max);
    let overloaded = goodputs.last().copied().unwrap_or(0.0);
    println!(
        "goodput at 3 times the capacity is {:.0} % of its peak (target {:.0} %)",
        overloaded / peak * 100.0,
        TARGET * 100.0
    );
    anyhow::ensure!(overloaded >= TARGET * peak, "goodput collapses under overload");
    Ok(())
}

fn megabytes() -> u64 {
    resident_bytes().unwrap_or(0) >> 20
}
