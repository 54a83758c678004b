//! How steps end, and what a narration keeps of it.

use lectern_core::id::StepId;
use lectern_core::{Digest, Failure};
use serde::{Deserialize, Serialize};

use super::Tally;

/// Why a narration ended without a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// What and why.
    pub failure: Failure,
    /// The step that failed.
    pub step: Option<StepId>,
}

/// A file of the recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

/// How a step ended, as its event says.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome {
    /// The content is there.
    Extracted,
    /// The plan is there.
    Planned {
        /// At least 1.
        sections: u32,
        /// Estimated.
        words: u64,
        /// The recording's title.
        title: String,
        /// A BCP 47 tag.
        language: String,
        /// Sentences for the caller.
        notes: Vec<String>,
    },
    /// The section of the step's index is written.
    Written,
    /// The section of the step's index is recorded, and counts so much.
    Recorded(Tally),
    /// The files are there.
    Assembled {
        /// Samples a second.
        sample_rate: u32,
        /// All samples.
        samples: u64,
        /// The files.
        artifacts: Vec<Artifact>,
    },
    /// The step failed for good.
    Failed(Failure),
}
