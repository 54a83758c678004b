//! When it is heard: a recorded section as a list of segments, and the finished recording. Times
//! are counts of samples at the track's rate.

use serde::{Deserialize, Serialize};

use super::Range;
use super::script::{Dropped, SkipReason};
use crate::digest::Digest;

/// The newest layout of a stored [`Track`], [`Recording`] or [`Manifest`].
pub const SCHEMA: u32 = 1;

/// One recorded section: its segments in order, each after a pause. The audio lies in the segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// The section's place in the plan.
    pub index: u32,
    /// The section's title.
    pub title: String,
    /// The level of its heading.
    pub level: u8,
    /// Samples a second, one channel.
    pub sample_rate: u32,
    /// All samples of the track, pauses included.
    pub samples: u64,
    /// The segments, in order.
    pub segments: Vec<SegmentRef>,
}

/// One segment in a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRef {
    /// The key of the segment's object.
    pub key: Digest,
    /// The id of the utterance it speaks.
    pub utterance: u32,
    /// Silence before it, in samples.
    pub pause: u64,
    /// Its first sample in the track, after the pause.
    pub start: u64,
    /// Its length in samples, with the silence of `breaks`.
    pub samples: u64,
    /// Its words in time, behind the breaks before them.
    pub words: Vec<WordTime>,
    /// Where their times are from.
    #[serde(default, skip_serializing_if = "Timing::is_given")]
    pub timing: Timing,
    /// The pinned voice that spoke it in the place of the one that was asked for; none where that
    /// one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Silence that is put into it, in order; the stored segment is so much shorter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaks: Vec<Break>,
}

impl SegmentRef {
    /// Samples of the stored segment: those that are heard, without the silence that is put in.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.samples.saturating_sub(self.breaks.iter().map(|put| put.samples).sum())
    }
}

/// Silence inside a segment, where the voice alone would go on: after a list's label, at a bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// The stored segment's sample that comes after it.
    pub at: u64,
    /// Samples of silence.
    pub samples: u64,
}

/// Where the times of a segment's words are from, the most certain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// The engine gave them.
    #[default]
    Given,
    /// They were found in the sound.
    Aligned,
    /// They follow from the letters alone.
    Estimated,
}

impl Timing {
    /// Whether the engine gave them.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    pub const fn is_given(&self) -> bool {
        matches!(self, Self::Given)
    }
}

/// One spoken word in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordTime {
    /// Range in the utterance's spoken text.
    pub spoken: Range,
    /// First sample, from the start of the segment.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// The finished recording: what was made and where it lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// The files, by name (`audio.opus`, `captions.vtt`).
    pub artifacts: Vec<Artifact>,
    /// Samples a second, one channel.
    pub sample_rate: u32,
    /// All samples.
    pub samples: u64,
    /// SHA-256 of the samples before encoding, as signed 16-bit little-endian PCM.
    pub pcm_digest: Digest,
    /// Integrated loudness in LUFS (ITU-R BS.1770-4, EBU R 128); none for a recording too short to
    /// measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loudness: Option<f64>,
    /// True peak in dBTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_peak: Option<f64>,
    /// Spoken words.
    pub words: u32,
    /// Calls of the speech engine that this recording needed, and how many of them an earlier
    /// result answered.
    pub segments: u32,
}

/// One file of a recording.
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
    /// The object's path under the scope.
    pub path: String,
}

/// What became of every block: `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// The recording's title.
    pub title: String,
    /// Its language, a BCP 47 tag.
    pub language: String,
    /// `narration`, `briefing`, `lesson` or `dialogue`.
    pub style: String,
    /// The voice (`engines/local/voices/heart@1`), of several the first speaker's.
    pub voice: String,
    /// Who speaks with which voice, where several do, by the place that an utterance names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speakers: Vec<SpokenBy>,
    /// Who speaks what is in other languages than `language`, of those that are heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<LanguageSpokenBy>,
    /// Extractor, script engine and speech engines, with versions; before the last those that wrote
    /// sections in place of the script's.
    pub engines: Vec<String>,
    /// Samples a second.
    pub sample_rate: u32,
    /// All samples.
    pub samples: u64,
    /// Integrated loudness in LUFS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loudness: Option<f64>,
    /// True peak in dBTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_peak: Option<f64>,
    /// Counts over `blocks`.
    pub coverage: Coverage,
    /// One entry a block of the source, in the source's order.
    pub blocks: Vec<BlockFate>,
    /// Warnings of the extraction and notes of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What a caller changed in the script before it was spoken, in the order in which it is heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edited: Vec<EditedSentence>,
    /// What a model wrote and is not heard, with why, in the order of the script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedSentence>,
    /// What another voice spoke than was asked for, since that one could not and the order allows
    /// it, in the order in which it is heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substituted: Vec<SubstitutedSentence>,
    /// Where the times of words are from: of those that are the least certain.
    #[serde(default, skip_serializing_if = "Timing::is_given")]
    pub timing: Timing,
}

/// One of several who speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenBy {
    /// What the others call them; empty for one who says nothing.
    pub name: String,
    /// The pinned voice.
    pub voice: String,
}

/// One who speaks another language than the recording's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageSpokenBy {
    /// The language, a BCP 47 tag.
    pub language: String,
    /// The pinned voice, which may be that of a speaker.
    pub voice: String,
}

/// A sentence that another voice spoke than was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubstitutedSentence {
    /// The section that it is heard in.
    pub section: u32,
    /// The id of its utterance.
    pub utterance: u32,
    /// The pinned voice that spoke it.
    pub voice: String,
    /// First sample in the whole recording.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// A sentence that a model wrote and that is not heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedSentence {
    /// The section that it was written for.
    pub section: u32,
    /// What it said, and why it is not heard.
    #[serde(flatten)]
    pub sentence: Dropped,
}

/// A sentence of a script that a caller put in the place of another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditedSentence {
    /// The section that it is heard in.
    pub section: u32,
    /// The id of its first utterance.
    pub utterance: u32,
    /// What was written, as a caption would have shown it.
    pub before: String,
    /// What is said.
    pub says: String,
    /// First sample in the whole recording.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// Counts over a manifest's blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Blocks of the source.
    pub blocks: u32,
    /// Spoken, in whole or in part.
    pub spoken: u32,
    /// Covered by a summary.
    pub summarised: u32,
    /// Skipped, with a reason.
    pub skipped: u32,
    /// Words of the source.
    pub words: u32,
    /// Words of the source that were spoken.
    pub words_spoken: u32,
}

/// What became of one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockFate {
    /// The block's id.
    pub block: u32,
    /// Its kind (`paragraph`, `heading`).
    pub kind: String,
    /// The page it begins on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Scalar values in its text.
    pub length: u32,
    /// `spoken`, `summarised` or `skipped`.
    pub fate: Fate,
    /// The parts that were spoken, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spoken: Vec<SpokenPart>,
    /// The parts that were not, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedPart>,
}

/// What became of a block as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Heard, in whole or in part.
    Spoken,
    /// Covered by a summary.
    Summarised,
    /// Not heard; the reason stands beside it.
    Skipped,
}

/// A part of a block that is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpokenPart {
    /// Range in the block's text.
    pub range: Range,
    /// The section it is heard in.
    pub section: u32,
    /// First sample in the whole recording.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// A part of a block that is not heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedPart {
    /// Range in the block's text.
    pub range: Range,
    /// Why.
    pub reason: SkipReason,
    /// How it begins, so that a reader sees what was left out: white space folded, at most
    /// [`EXCERPT`](super::accounting::EXCERPT) scalar values, with `…` at the end where that is not
    /// all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
}
