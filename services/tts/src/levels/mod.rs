//! How loud voices are that nobody calibrated: measured as they speak, and kept for each version of
//! a voice, so that a recording is as loud as promised over engines, speakers and substitutions,
//! from its first second on ([ADR 0031](../../../../docs/adr/0031-many-engines.md)).
//!
//! The first sentence of a voice is brought to the target by what it measures itself; each one
//! after it by what all of them measure together, itself among them. After a minute of speech the
//! gain is fixed for good, and is then as that of a voice which somebody calibrated.
//!
//! What is kept of a voice's version is a [`VoiceLevel`], in the service's own store.

mod record;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use lectern_core::Failure;
use lectern_store::{Change, Collection, CollectionSpec, Record as _, Store};
use parking_lot::Mutex;
use tracing::warn;

pub use self::record::{FIXED_AFTER, VoiceLevel};
use crate::audio::TARGET_LUFS;
use crate::audio::loudness::Histogram;
use crate::audio::master::{Mastered, master};
use crate::blocking::blocking;
use crate::engine::{Speech, Voice};

/// A gain that is nearer to the one that was used than this, in decibels, needs no other mastering.
const AUDIBLE_DB: f64 = 0.05;
/// The most that a voice is raised or lowered: beyond it something else is wrong than its level.
const MOST_DB: f64 = 40.0;

/// The levels of voices. Clones share everything.
#[derive(Debug, Clone)]
pub struct Levels {
    kept: Collection<VoiceLevel>,
    known: Arc<Mutex<HashMap<String, VoiceLevel>>>,
    /// Blocks of speech after which a gain is fixed.
    fixed_after: u64,
}

/// What one speech measures: itself, and what the limiter takes of its loudness.
#[derive(Debug, Clone, PartialEq)]
struct Measured {
    heard: Histogram,
    lost_db: f64,
}

impl Levels {
    /// The levels that are kept in `store`, whose collection [`Self::migrate`] has made.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { kept: Collection::new(store), known: Arc::default(), fixed_after: FIXED_AFTER }
    }

    /// The same, where a gain is fixed sooner.
    #[cfg(test)]
    #[must_use]
    pub fn fixed_after(self, blocks: u64) -> Self {
        Self { fixed_after: blocks, ..self }
    }

    /// The collections that it needs.
    #[must_use]
    pub fn collections() -> Vec<CollectionSpec> {
        vec![VoiceLevel::SPEC]
    }

    /// Makes and verifies the collection, and brings it forward.
    ///
    /// # Errors
    /// `STORE_UNAVAILABLE`, `INVALID_FIELD` where the database cannot be used as it is.
    pub async fn migrate(store: &Arc<dyn Store>) -> Result<(), Failure> {
        Ok(Collection::<VoiceLevel>::new(Arc::clone(store)).ensure().await?)
    }

    /// Masters a speech of `voice`, at the gain of the voice where somebody calibrated it, or else
    /// at the one that follows from what it has spoken so far.
    ///
    /// # Errors
    /// Those of [`master`].
    pub async fn master(&self, voice: &Voice, speech: Speech) -> Result<Mastered, Failure> {
        let speech = Arc::new(speech);
        let at = |gain_db: f64| {
            let speech = Arc::clone(&speech);
            blocking(move || master(&speech, gain_db))
        };
        if let Some(gain_db) = voice.gain_db {
            return at(f64::from(gain_db)).await;
        }
        let pinned = voice.pinned();
        let before = self.known(&pinned).await;
        if let Some(gain_db) = before.gain_db {
            return at(gain_db).await;
        }
        let heard = {
            let speech = Arc::clone(&speech);
            blocking(move || Histogram::of_speech(&speech)).await?
        };
        let first_db = gain(&before, &Measured { heard: heard.clone(), lost_db: before.lost_db() });
        let (mastered, after) = {
            let speech = Arc::clone(&speech);
            blocking(move || {
                let mastered = master(&speech, first_db)?;
                let after = Histogram::of(&mastered.as_f32(), speech.sample_rate)?.loudness();
                Ok((mastered, after))
            })
            .await?
        };
        let lost_db = heard.loudness().zip(after).map_or(0.0, |(before, after)| (before + first_db - after).max(0.0));
        let measured = Measured { heard, lost_db };
        let gain_db = self.add(&pinned, &measured).await;
        if (gain_db - first_db).abs() < AUDIBLE_DB { Ok(mastered) } else { at(gain_db).await }
    }

    /// What is known of a voice's version: nothing where it never spoke. Where the database is
    /// away, what this process knows of it.
    async fn known(&self, pinned: &str) -> VoiceLevel {
        let known = self.known.lock().get(pinned).cloned();
        if let Some(level) = known.as_ref().filter(|level| level.gain_db.is_some()) {
            return level.clone();
        }
        match self.kept.get(pinned).await {
            Ok(found) => {
                let level = found.map_or_else(|| VoiceLevel::new(pinned), |found| found.record);
                self.known.lock().insert(pinned.to_owned(), level.clone());
                level
            }
            Err(error) => {
                warn!(voice = pinned, %error, "what is known of a voice's level is not read; what was spoken here counts");
                known.unwrap_or_else(|| VoiceLevel::new(pinned))
            }
        }
    }

    /// Adds what was measured to what is known, and gives the gain that follows. What was spoken is
    /// paid for, so it is not given up where the database is away: then it counts here alone.
    async fn add(&self, pinned: &str, measured: &Measured) -> f64 {
        let added = self.add_kept(pinned, measured).await;
        let level = added.unwrap_or_else(|failure| {
            warn!(voice = pinned, %failure, "what a voice measures is not kept; it counts in this process alone");
            let known = self.known.lock().get(pinned).cloned();
            let mut level = known.unwrap_or_else(|| VoiceLevel::new(pinned));
            level.add(&measured.heard, measured.lost_db);
            level
        });
        let gain_db = level.gain_db.unwrap_or_else(|| target(&level).unwrap_or(0.0));
        self.known.lock().insert(pinned.to_owned(), level);
        gain_db
    }

    async fn add_kept(&self, pinned: &str, measured: &Measured) -> Result<VoiceLevel, Failure> {
        let mut first = VoiceLevel::new(pinned);
        first.add(&measured.heard, measured.lost_db);
        if self.kept.insert_if_absent(&first).await?.is_none() {
            return Ok(first);
        }
        let updated = self.kept.update(pinned, |level| {
            // Fixed meanwhile, by another replica.
            if level.gain_db.is_some() {
                return Ok(Change::Skip);
            }
            level.add(&measured.heard, measured.lost_db);
            if level.heard.count() >= self.fixed_after {
                level.gain_db = target(level);
            }
            Ok(Change::Write)
        });
        Ok(updated.await?.record)
    }
}

/// The gain that brings what is known of a voice, with one more speech of it, to the target.
fn gain(known: &VoiceLevel, measured: &Measured) -> f64 {
    let mut level = known.clone();
    level.add(&measured.heard, measured.lost_db);
    target(&level).unwrap_or(0.0)
}

/// The gain that brings what is known of a voice to the target; none where that is silence.
fn target(level: &VoiceLevel) -> Option<f64> {
    let gain_db = TARGET_LUFS - level.heard.loudness()? + level.lost_db();
    // Whole hundredths, so that a record reads back as it was written.
    Some((gain_db.clamp(-MOST_DB, MOST_DB) * 100.0).round() / 100.0)
}
