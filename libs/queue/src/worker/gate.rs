//! Steps run side by side, but one that may have crashed a process runs alone in its own.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Lets many steps in, or one alone.
#[derive(Debug, Default)]
pub struct Gate {
    inside: Arc<RwLock<()>>,
    alone: Arc<Mutex<()>>,
}

/// A place among others.
pub type Turn = OwnedRwLockReadGuard<()>;

/// The only place.
pub struct Alone {
    _inside: OwnedRwLockWriteGuard<()>,
    _alone: OwnedMutexGuard<()>,
}

impl Gate {
    /// Waits while a step runs alone or waits to do so.
    pub async fn enter(&self) -> Turn {
        Arc::clone(&self.inside).read_owned().await
    }

    /// Trades a turn for being alone: waits until all others have left. None when another step
    /// waits for it already; to queue behind that one under a lease would count its crash as one's
    /// own.
    pub async fn alone(&self, turn: Turn) -> Option<Alone> {
        let alone = Arc::clone(&self.alone).try_lock_owned().ok()?;
        drop(turn);
        Some(Alone { _inside: Arc::clone(&self.inside).write_owned().await, _alone: alone })
    }
}
