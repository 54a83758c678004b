//! Dead letters: copies of commands that failed for good, kept for an operator to inspect, replay
//! or discard.

use bytes::Bytes;
use lectern_core::id::{StepId, TenantId};
use lectern_core::{Failure, Timestamp};
use serde::{Deserialize, Serialize};

/// A command that failed for good. There is at most one a step: a step that dies again under the
/// same run replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The step, and the letter's id.
    pub step: StepId,
    /// Whose; nobody's when the command cannot be read, or the letter is older than this field.
    #[serde(default = "TenantId::nobody")]
    pub tenant: TenantId,
    /// The last failure.
    pub failure: Failure,
    /// Attempts that failed by an error.
    pub attempts: u32,
    /// Leases that were lost.
    pub crashes: u32,
    /// The W3C `traceparent` of the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The command as it was delivered.
    #[serde(with = "base64_bytes")]
    pub command: Bytes,
    /// When it was buried.
    pub at: Timestamp,
}

impl DeadLetter {
    /// The trace id within the `traceparent`: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.split('-').nth(1)
    }
}

/// A page of dead letters, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterPage {
    /// The letters.
    pub dead_letters: Vec<DeadLetter>,
    /// Where the next page starts; none after the last.
    pub next: Option<u64>,
}

mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}
