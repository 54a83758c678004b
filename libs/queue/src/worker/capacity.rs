//! What a worker tells whoever grants its steps: how many it works on at once, and which engines are out of order.

use bytes::Bytes;
use lectern_core::id::Service;
use serde::{Deserialize, Serialize};

/// The topic of announcements.
pub const CAPACITY: &str = "capacity";

/// One worker's announcement. Repeated while it runs, so each may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Whose steps it does.
    pub service: Service,
    /// The worker.
    pub holder: String,
    /// Steps that it does at once; 0 while it takes none.
    pub permits: usize,
    /// Engines that are out of order and not to be asked.
    #[serde(default)]
    pub open: Vec<String>,
}

impl Capacity {
    /// The payload of the hint.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).map(Bytes::from).unwrap_or_default()
    }

    /// Reads a hint; none when it is not an announcement.
    #[must_use]
    pub fn parse(hint: &[u8]) -> Option<Self> {
        serde_json::from_slice(hint).ok()
    }
}
