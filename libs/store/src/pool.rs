//! What a pool of connections does, for metrics: levels and counts that the driver's events keep up
//! to date, so that nothing is asked of the database for them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The connections of one client, over the pools of all its servers.
pub struct PoolStats {
    most: u64,
    opened: AtomicU64,
    closed: AtomicU64,
    used: AtomicU64,
    operations: AtomicU64,
    told: OnceLock<Box<dyn Fn(Duration) + Send + Sync>>,
}

impl PoolStats {
    /// Of a client whose pool has `most` connections to one server at most.
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most: u64::from(most),
            opened: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            used: AtomicU64::new(0),
            operations: AtomicU64::new(0),
            told: OnceLock::new(),
        }
    }

    /// Most connections to one server.
    #[must_use]
    pub const fn most(&self) -> u64 {
        self.most
    }

    /// Connections opened since the client was made.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Connections that an operation has now.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Connections that no operation has now, those that are being opened included.
    #[must_use]
    pub fn idle(&self) -> u64 {
        self.opened().saturating_sub(self.closed.load(Ordering::Relaxed)).saturating_sub(self.used())
    }

    /// Operations that wait for a connection now: those under way that have none. The driver's
    /// events do not tell, since there is none of an operation that is given up while it waits.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.operations.load(Ordering::Relaxed).saturating_sub(self.used())
    }

    /// Has `tell` called with how long each operation from now on waited for its connection.
    /// Whoever asks for it first is told, and nobody else.
    pub fn tell_waits(&self, tell: impl Fn(Duration) + Send + Sync + 'static) {
        let _ = self.told.set(Box::new(tell));
    }

    pub(crate) fn note_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_used(&self, used: usize) {
        self.used.store(u64::try_from(used).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// An operation has its connection after so long.
    pub(crate) fn note_waited(&self, waited: Duration) {
        if let Some(tell) = self.told.get() {
            tell(waited);
        }
    }

    /// An operation is under way, until what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Operation {
        self.operations.fetch_add(1, Ordering::Relaxed);
        Operation(Arc::clone(self))
    }
}

/// An operation that is under way, whether it has a connection or waits for one.
#[derive(Debug)]
pub(crate) struct Operation(Arc<PoolStats>);

impl Drop for Operation {
    fn drop(&mut self) {
        self.0.operations.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolStats")
            .field("most", &self.most)
            .field("used", &self.used())
            .field("idle", &self.idle())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
