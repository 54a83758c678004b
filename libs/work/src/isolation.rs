//! Steps run side by side, but one that may have crashed a process runs alone in its own.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Lets many steps in, or one alone.
#[derive(Debug, Default)]
pub struct Isolation {
    inside: Arc<RwLock<()>>,
    alone: Arc<Mutex<()>>,
}

/// A place among others. The commands of one pull share it: one that is to run alone waits for the
/// others as for everybody.
pub type Ticket = Arc<OwnedRwLockReadGuard<()>>;

/// The only place.
pub struct Alone {
    _inside: OwnedRwLockWriteGuard<()>,
    _alone: OwnedMutexGuard<()>,
}

impl Isolation {
    /// Waits while a step runs alone or waits to do so.
    pub async fn enter(&self) -> Ticket {
        Arc::new(Arc::clone(&self.inside).read_owned().await)
    }

    /// Trades a ticket for being alone: waits until all others have left. None when another step
    /// waits for it already; to queue behind that one under a lease would count its crash as one's
    /// own.
    pub async fn alone(&self, ticket: Ticket) -> Option<Alone> {
        let alone = Arc::clone(&self.alone).try_lock_owned().ok()?;
        drop(ticket);
        Some(Alone { _inside: Arc::clone(&self.inside).write_owned().await, _alone: alone })
    }
}
