//! What is kept of the level of a voice's version.

use lectern_store::{CollectionSpec, Record};
use serde::{Deserialize, Serialize};

use crate::audio::loudness::Histogram;

/// Blocks of 100 ms of speech after which the gain of a voice is fixed: a minute.
pub const FIXED_AFTER: u64 = 600;

/// The level of a voice's version, by what it has spoken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VoiceLevel {
    /// The pinned voice, `engines/{engine}/voices/{voice}@{version}`; of those who speak in one
    /// request all of their names, with `+` between them.
    pub voice: String,
    /// The loudness of what it has spoken so far, before any gain.
    pub heard: Histogram,
    /// What the limiter took of that, in LU times blocks.
    pub lost: f64,
    /// The gain in decibels, once it is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain_db: Option<f64>,
}

impl VoiceLevel {
    /// The level of a voice that has not spoken.
    #[must_use]
    pub fn new(voice: &str) -> Self {
        Self { voice: voice.to_owned(), heard: Histogram::default(), lost: 0.0, gain_db: None }
    }

    /// Adds a speech, of whose loudness the limiter took so much.
    #[allow(clippy::cast_precision_loss, reason = "blocks of a sentence")]
    pub fn add(&mut self, heard: &Histogram, lost_db: f64) {
        self.heard.add(heard);
        self.lost += lost_db * heard.count() as f64;
    }

    /// What the limiter takes of its loudness on the average, in LU.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "blocks of a minute")]
    pub fn lost_db(&self) -> f64 {
        self.lost / self.heard.count().max(1) as f64
    }
}

impl Record for VoiceLevel {
    const SPEC: CollectionSpec = CollectionSpec::new("voice_levels", &[]);
    const SCHEMA: u32 = 1;

    fn id(&self) -> String {
        self.voice.clone()
    }
}
