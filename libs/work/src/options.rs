//! How a worker is set up.

use std::time::Duration;

use lectern_core::backoff::Backoff;

use crate::breaker::BreakerOptions;
use crate::retry::RetryPolicy;

/// How steps join traces. The functions are `lectern-runtime`'s; without them, steps begin no trace
/// and events carry on the command's.
#[derive(Debug, Clone, Copy)]
pub struct Traces {
    /// Makes a span, not entered yet, a child of what a `traceparent` names.
    pub set_parent: fn(&tracing::Span, &str),
    /// The `traceparent` of the current span.
    pub current: fn() -> Option<String>,
}

impl Default for Traces {
    fn default() -> Self {
        Self { set_parent: |_, _| {}, current: || None }
    }
}

/// Settings of a worker. The defaults are those of production.
#[derive(Debug, Clone, Copy)]
pub struct WorkerOptions {
    /// Steps at work at once, at least 1.
    pub permits: usize,
    /// How long one request for a command waits. A drain takes that long, unless the queue may be
    /// left while it waits.
    pub pull_wait: Duration,
    /// Between heartbeats of a lease; a third of the lease.
    pub heartbeat: Duration,
    /// How long a step may be at work before its lease is taken. A shorter one leaves a single
    /// write, that of its end. Zero claims every step before it begins, and counts no crash by how
    /// often a command was delivered: for a queue that keeps nothing over a restart.
    pub lease_after: Duration,
    /// Between looks which runs were cancelled: one query for all steps at work in the process.
    /// With [`WorkerOptions::stop_within`] it bounds how long cancelled work goes on when the hint
    /// of it was lost: 2 s. And between tries to get a lease while the store is away.
    pub look: Duration,
    /// An older command, or one whose age is not known, is looked up before it begins: its run may
    /// have been cancelled before this process could have heard of it.
    pub late: Duration,
    /// How long a step at work keeps its command while the store does not answer. After it the
    /// command may go to a worker that does reach the store; where none does, the step keeps its
    /// lease all the same.
    pub unheard: Duration,
    /// How long steps at work may go on after the shutdown.
    pub grace: Duration,
    /// How long a handler that was told to stop may take before it is aborted.
    pub stop_within: Duration,
    /// When failed attempts are made again.
    pub retry: RetryPolicy,
    /// When engines that fail are left alone.
    pub breaker: BreakerOptions,
    /// Whether a step waits, without losing an attempt, while an engine's provider refuses the
    /// operator's account or says that it has no credit. Otherwise it fails at once: for a process
    /// whose operator has ordered it himself and waits for it.
    pub waits_for_operator: bool,
    /// Delays of the loop itself while store or queue fail.
    pub backoff: Backoff,
    /// Between announcements of [`crate::Capacity`].
    pub announce: Duration,
    /// Longer delays are not kept in the queue: the command is acknowledged, and the dispatcher's
    /// audit publishes it again.
    pub backlog_from: Duration,
    /// How long a command that this version does not understand is left for a newer replica. The
    /// permit that handed it back pulls nothing meanwhile, and a little longer.
    pub unknown_later: Duration,
    /// How long a step that is pinned to a version which this process does not have is left to
    /// others that may have it; then it fails.
    pub pinned_within: Duration,
    /// How long a step that must run alone is postponed while another one does.
    pub alone_later: Duration,
    /// How steps join traces.
    pub traces: Traces,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            permits: 4,
            pull_wait: Duration::from_secs(2),
            heartbeat: Duration::from_secs(5),
            lease_after: Duration::from_secs(1),
            look: Duration::from_secs(1),
            late: Duration::from_secs(60),
            unheard: Duration::from_secs(120),
            grace: Duration::from_secs(20),
            stop_within: Duration::from_millis(750),
            retry: RetryPolicy::default(),
            breaker: BreakerOptions::default(),
            waits_for_operator: true,
            backoff: Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(30) },
            announce: Duration::from_secs(5),
            backlog_from: Duration::from_secs(30),
            unknown_later: Duration::from_secs(5),
            pinned_within: Duration::from_secs(60),
            alone_later: Duration::from_secs(5),
            traces: Traces::default(),
        }
    }
}
