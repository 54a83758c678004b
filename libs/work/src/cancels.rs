//! Who hears of a cancel: the steps at work in this process, by one look a second for all of them,
//! and at once by a hint; and those whose command comes later, for as long as it may have been on
//! its way.
//!
//! A look asks for the runs that ended since the one before. Where it misses one, since its write
//! took very long, the step sees that at the next extension of its lease.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use lectern_core::id::{NarrationId, StepId};
use lectern_core::{Failure, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::heartbeat::{Signal, Stop};
use crate::outage::stored;
use crate::steps::RunsRecord;
use crate::worker::Shared;
use crate::{CANCELLED, Handler};

/// How long a run that is over is remembered: longer than a command may be on its way without
/// being looked up before it begins.
const REMEMBERED: Duration = Duration::from_secs(120);
/// How many narrations are remembered at most.
const MOST: usize = 10_000;
/// How much of the time before the last look is looked at again: clocks of processes differ.
const OVERLAP: Duration = Duration::from_secs(5);
/// How long the look upon a hint may take; the next look is soon.
const HINTED_WITHIN: Duration = Duration::from_secs(2);

/// The steps at work, and the runs that are over.
#[derive(Debug, Default)]
pub struct Cancels {
    entered: AtomicU64,
    running: Mutex<BTreeMap<u64, (StepId, Arc<Signal>)>>,
    over: Mutex<BTreeMap<NarrationId, (RunsRecord, Instant)>>,
}

/// A step's entry among those at work; gone with this.
#[derive(Debug)]
pub struct Running<'a> {
    cancels: &'a Cancels,
    entry: u64,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.cancels.running.lock().remove(&self.entry);
    }
}

impl Cancels {
    /// Enters a step that begins, which `signal` stops.
    pub fn enter(&self, step: &StepId, signal: &Arc<Signal>) -> Running<'_> {
        let entry = self.entered.fetch_add(1, Ordering::Relaxed);
        let entered = (step.clone(), Arc::clone(signal));
        self.running.lock().insert(entry, entered);
        // What was heard just before.
        if self.refuses(step) {
            signal.stop(Stop::Cancelled);
        }
        Running { cancels: self, entry }
    }

    /// Whether the run of a step is known to be over.
    pub fn refuses(&self, step: &StepId) -> bool {
        let over = self.over.lock();
        over.get(&step.narration).is_some_and(|(runs, heard)| heard.elapsed() < REMEMBERED && runs.is_over(step.run))
    }

    /// Whether any step of this narration is at work, or of any without one.
    fn at_work(&self, narration: Option<&NarrationId>) -> bool {
        let running = self.running.lock();
        running.values().any(|(step, _)| narration.is_none_or(|narration| step.narration == *narration))
    }

    /// Remembers which runs of a narration are over, and stops their steps.
    fn heed(&self, runs: RunsRecord) {
        for (step, signal) in self.running.lock().values() {
            if step.narration == runs.narration && runs.is_over(step.run) {
                signal.stop(Stop::Cancelled);
            }
        }
        let mut over = self.over.lock();
        if over.len() >= MOST {
            over.retain(|_, (_, heard)| heard.elapsed() < REMEMBERED);
        }
        if over.len() < MOST || over.contains_key(&runs.narration) {
            over.insert(runs.narration.clone(), (runs, Instant::now()));
        }
    }
}

/// Looks, without end and while anything is at work, which runs ended since the last look.
pub async fn look<H: Handler>(shared: Arc<Shared<H>>) {
    let mut last = Timestamp::default();
    loop {
        tokio::time::sleep(shared.options.look).await;
        if !shared.cancels.at_work(None) {
            continue;
        }
        let now = shared.clock.now();
        let since = last.max(now.minus(REMEMBERED)).minus(OVERLAP);
        match stored(&shared.steps, shared.options.heartbeat, shared.look_since(since)).await {
            Ok(()) => last = now,
            Err(failure) => tracing::debug!(%failure, "not known which runs are over, looking again"),
        }
    }
}

/// Heeds the hints of cancelled narrations, without end.
pub async fn listen<H: Handler>(shared: Arc<Shared<H>>) {
    let heard = |narration: Bytes| {
        let shared = Arc::clone(&shared);
        async move { shared.look_at(&narration).await }
    };
    lectern_queue::hear(&*shared.queue, CANCELLED, shared.options.backoff.cap, heard).await;
}

impl<H: Handler> Shared<H> {
    async fn look_since(&self, since: Timestamp) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let page = self.steps.runs_since(since, after).await?;
            page.items.into_iter().for_each(|item| self.cancels.heed(item.record));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// Looks at one narration, if a step of it is at work.
    async fn look_at(&self, narration: &[u8]) {
        let named = std::str::from_utf8(narration).ok().and_then(|text| text.parse::<NarrationId>().ok());
        let Some(narration) = named.filter(|narration| self.cancels.at_work(Some(narration))) else { return };
        match stored(&self.steps, HINTED_WITHIN, self.steps.runs(&narration)).await {
            Ok(runs) => runs.into_iter().for_each(|runs| self.cancels.heed(runs)),
            Err(failure) => tracing::debug!(%failure, "not known whether the hint is true, it is seen a little later"),
        }
    }
}
