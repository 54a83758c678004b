//! Speech as the engine gave it to samples of the recording: trimmed, brought to level, limited,
//! rounded to 16 bits.
//!
//! The gain is a constant of the voice's version where somebody calibrated it, so the first second
//! of a recording is as loud as the last and a segment's bytes do not depend on its neighbours; of
//! other voices it is found as they speak ([`crate::levels`]). The constant is found once a voice
//! version: speak the calibration text (`CALIBRATION` in the tests of [`super::join`]), join it
//! with its pauses, measure by EBU R 128, add what is missing to -16 LUFS, and repeat until it is
//! within 0.2 LU (the limiter eats a little). The test fails when the constant no longer fits.

use lectern_core::Failure;
use lectern_core::content::timeline::WordTime;

use super::{factor, limiter, trim};
use crate::engine::Speech;

/// The true peak of every segment, in dBTP: one decibel under what a recording may have, for lossy
/// codecs, which overshoot.
pub const CEILING_DBTP: f64 = -2.0;

/// A segment as it goes into a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mastered {
    /// Samples, signed 16 bits.
    pub samples: Vec<i16>,
    /// Its words, from the first sample kept.
    pub words: Vec<WordTime>,
}

impl Mastered {
    /// The samples with full scale at ±1.
    #[must_use]
    pub fn as_f32(&self) -> Vec<f32> {
        self.samples.iter().map(|sample| f32::from(*sample) / 32_768.0).collect()
    }
}

/// Masters `speech` with a gain of `gain_db`, its voice's. Without audible speech in it the result
/// is empty.
///
/// # Errors
///
/// `INTERNAL` for a sample rate that the meter does not take.
pub fn master(speech: &Speech, gain_db: f64) -> Result<Mastered, Failure> {
    let kept = trim::spoken(&speech.samples, speech.sample_rate);
    #[allow(clippy::cast_possible_truncation, reason = "a gain")]
    let gain = factor(gain_db) as f32;
    let mut samples: Vec<f32> =
        speech.samples.get(kept.clone()).unwrap_or_default().iter().map(|sample| sample * gain).collect();
    trim::fade(&mut samples, speech.sample_rate);
    limiter::limit(&mut samples, speech.sample_rate, CEILING_DBTP)?;
    let (offset, length) = (kept.start as u64, samples.len() as u64);
    let place = |at: u64| at.saturating_sub(offset).min(length);
    let words = speech.words.iter().map(|word| WordTime {
        spoken: word.spoken,
        start: place(word.start),
        end: place(word.end),
    });
    Ok(Mastered { words: words.collect(), samples: samples.into_iter().map(to_i16).collect() })
}

#[allow(clippy::cast_possible_truncation, reason = "clamped")]
fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{Compute as _, SegmentRequest, Speed};

    #[test]
    fn words_move_with_what_is_cut_off() {
        let request = SegmentRequest::new("Three plain words.", VOICE, Speed::NORMAL);
        let speech = ToneEngine::new().synthesize(&request).unwrap();
        let mut late = speech.clone();
        late.samples.splice(0..0, vec![0.0; 12_000]);
        late.words.iter_mut().for_each(|word| (word.start, word.end) = (word.start + 12_000, word.end + 12_000));
        let (plain, late) = (master(&speech, 3.0).unwrap(), master(&late, 3.0).unwrap());
        assert_eq!(plain.words.len(), 3);
        assert!(late.samples.len() < speech.samples.len() + 1_000);
        for (a, b) in plain.words.iter().zip(&late.words) {
            assert!(a.start.abs_diff(b.start) <= 480 && a.end <= plain.samples.len() as u64);
        }
    }

    #[test]
    fn silence_masters_to_nothing() {
        let silence = Speech::whole(24_000, vec![0.0; 5000], Vec::new(), crate::engine::Usage::default());
        assert!(master(&silence, 10.0).unwrap().samples.is_empty());
    }
}
