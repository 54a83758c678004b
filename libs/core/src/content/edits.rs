//! What a caller changed in a script that waited for an approval.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The newest layout of stored [`Edits`].
pub const SCHEMA: u32 = 1;

/// The most characters of a sentence that a caller puts into a script, in Unicode scalar values:
/// as many as one utterance may have of a source.
pub const SENTENCE_CHARS: usize = 1_200;

/// The most edits of a script, over all calls: a book has fewer sentences that anybody changes by
/// hand.
pub const MOST_EDITS: usize = 2_000;

/// All edits of a script, in the order in which they were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edits {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// The key of the plan whose script is edited.
    pub plan: Digest,
    /// What made speakable words of them, with its version.
    pub rules: String,
    /// The edits.
    pub edits: Vec<Edit>,
    /// What all of them come to, in the order of the script: by this the script of a revision, or
    /// of another version, is changed alike.
    pub changes: Vec<Change>,
}

/// A sentence that was written, and what is said in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What was written, as a caption would have shown it.
    pub before: String,
    /// What is said.
    pub says: String,
}

/// Another sentence in the place of an utterance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The section, from 0.
    pub section: u32,
    /// The utterance's id in that section, as the edits before this one left it.
    pub utterance: u32,
    /// What is said in its place, at most [`SENTENCE_CHARS`].
    pub text: String,
}
