//! What a worker tells whoever grants its steps: how many it works on at once, which engines are
//! out of order, and what it postpones.

use std::time::Duration;

use bytes::Bytes;
use lectern_core::Reason;
use lectern_core::id::{Service, StepId};
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

/// The topic of steps that are postponed.
pub const POSTPONED: &str = "postponed";

/// A step whose command was handed back and is not to be had for a while. Who grants steps can let
/// others have its room meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Postponed {
    /// Which.
    pub step: StepId,
    /// For how long from now, in milliseconds.
    pub millis: u64,
    /// What it waits for, where somebody else is to do something about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Postponed {
    /// A step that is postponed for `delay`.
    #[must_use]
    pub fn new(step: StepId, delay: Duration) -> Self {
        Self { step, millis: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), reason: None }
    }

    /// The same, and what it waits for.
    #[must_use]
    pub fn because(self, reason: Option<Reason>) -> Self {
        Self { reason, ..self }
    }

    /// The payload of the hint.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        serde_json::to_vec(self).map(Bytes::from).unwrap_or_default()
    }

    /// Reads a hint; none when it says nothing of the kind.
    #[must_use]
    pub fn parse(hint: &[u8]) -> Option<Self> {
        serde_json::from_slice(hint).ok()
    }
}
