//! Integrated loudness in a form that can be kept, and added to.
//!
//! ITU-R BS.1770-4 takes the loudness of blocks of 400 ms, one each 100 ms, leaves out those under
//! -70 LUFS, and of the rest those that are 10 LU under the mean of the rest. How many blocks there
//! are of each loudness is all that it needs, so that is what is kept; to a fifth of a unit, which
//! is nearer than a tenth of one to the exact result.

use ebur128::{EbuR128, Mode};
use lectern_core::Failure;
use serde::{Deserialize, Serialize};

use super::trim;
use crate::engine::Speech;

/// The loudness under which a block is silence, in LUFS, and the first step of the histogram.
const SILENCE: f64 = -70.0;
/// How far under the mean a block still counts, in LU.
const GATE: f64 = 10.0;
/// Units of loudness a step.
const STEP: f64 = 0.2;
/// Steps: up to 10 LUFS, which no speech reaches.
const STEPS: usize = 400;
/// Of a block, and from one to the next, in seconds.
const BLOCK: f64 = 0.4;
const HOP: f64 = 0.1;
/// What loudness and energy differ by for one channel (BS.1770-4, annex 1), in LU.
const OFFSET: f64 = -0.691;

/// How many blocks there are of each loudness, from [`SILENCE`] on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Histogram(Vec<u32>);

impl Histogram {
    /// The blocks of the spoken part of a speech. One that is shorter than a block counts as often
    /// as makes one.
    ///
    /// # Errors
    /// `INTERNAL` for a sample rate that the meter does not take.
    pub fn of_speech(speech: &Speech) -> Result<Self, Failure> {
        let kept = trim::spoken(&speech.samples, speech.sample_rate);
        Self::of(speech.samples.get(kept).unwrap_or_default(), speech.sample_rate)
    }

    /// The blocks of these samples.
    ///
    /// # Errors
    /// `INTERNAL` for a sample rate that the meter does not take.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of milliseconds")]
    pub fn of(samples: &[f32], sample_rate: u32) -> Result<Self, Failure> {
        let unmeasurable = |error: ebur128::Error| Failure::internal(format!("loudness cannot be measured: {error}"));
        let count = |seconds: f64| ((seconds * f64::from(sample_rate)) as usize).max(1);
        let (block, hop) = (count(BLOCK), count(HOP));
        let mut histogram = Self::default();
        if samples.is_empty() {
            return Ok(histogram);
        }
        let repeated: Vec<f32>;
        let samples = if samples.len() < block {
            repeated = samples.iter().copied().cycle().take(block).collect();
            repeated.as_slice()
        } else {
            samples
        };
        let mut meter = EbuR128::new(1, sample_rate, Mode::M).map_err(unmeasurable)?;
        let mut given = 0;
        for next in samples.chunks(hop) {
            meter.add_frames_f32(next).map_err(unmeasurable)?;
            given += next.len();
            if given >= block && next.len() == hop {
                histogram.note(meter.loudness_momentary().map_err(unmeasurable)?);
            }
        }
        Ok(histogram)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a step of the histogram")]
    fn note(&mut self, loudness: f64) {
        if loudness.is_nan() || loudness < SILENCE {
            return;
        }
        let step = (((loudness - SILENCE) / STEP) as usize).min(STEPS - 1);
        if self.0.len() <= step {
            self.0.resize(step + 1, 0);
        }
        if let Some(count) = self.0.get_mut(step) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds the blocks of another.
    pub fn add(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(own, more)| *own = own.saturating_add(*more));
    }

    /// How many blocks there are, a tenth of a second each.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// Integrated loudness in LUFS; none where all is silence.
    #[must_use]
    pub fn loudness(&self) -> Option<f64> {
        let mean = self.mean_above(f64::NEG_INFINITY)?;
        self.mean_above(mean - GATE)
    }

    /// The loudness of the mean energy of all blocks that are as loud as `least`.
    #[allow(clippy::cast_precision_loss, reason = "a few hundred steps, and counts of seconds")]
    fn mean_above(&self, least: f64) -> Option<f64> {
        let loudness = |step: usize| SILENCE + (step as f64 + 0.5) * STEP;
        let (mut energy, mut count) = (0.0, 0_u64);
        for (step, blocks) in self.0.iter().enumerate().filter(|(step, _)| loudness(*step) >= least) {
            energy += 10.0_f64.powf((loudness(step) - OFFSET) / 10.0) * f64::from(*blocks);
            count += u64::from(*blocks);
        }
        (count > 0).then(|| OFFSET + 10.0 * (energy / count as f64).log10())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sine that grows and falls over its length.
    fn swelling(seconds: f64, level: f64, rate: u32) -> Vec<f32> {
        let count = (seconds * f64::from(rate)) as usize;
        let at = |i: usize| {
            let swell = (std::f64::consts::PI * i as f64 / count as f64).sin();
            ((i as f64 * 997.0 * std::f64::consts::TAU / f64::from(rate)).sin() * swell * level) as f32
        };
        (0..count).map(at).collect()
    }

    fn exact(samples: &[f32], rate: u32) -> f64 {
        let mut meter = EbuR128::new(1, rate, Mode::I).unwrap();
        meter.add_frames_f32(samples).unwrap();
        meter.loudness_global().unwrap()
    }

    #[test]
    fn it_measures_what_the_meter_of_recordings_does() {
        for (seconds, level, rate) in [(8.0, 0.5, 24_000), (3.0, 0.01, 16_000), (20.0, 0.2, 48_000), (1.0, 0.9, 22_050)]
        {
            let samples = swelling(seconds, level, rate);
            let found = Histogram::of(&samples, rate).unwrap().loudness().unwrap();
            assert!((found - exact(&samples, rate)).abs() < 0.15, "{found} {}", exact(&samples, rate));
        }
    }

    #[test]
    fn two_together_measure_what_both_one_after_the_other_do() {
        let (one, other) = (swelling(6.0, 0.3, 24_000), swelling(9.0, 0.05, 24_000));
        let mut both = Histogram::of(&one, 24_000).unwrap();
        both.add(&Histogram::of(&other, 24_000).unwrap());
        let joined: Vec<f32> = one.into_iter().chain(other).collect();
        assert!((both.loudness().unwrap() - exact(&joined, 24_000)).abs() < 0.3);
        assert!(both.count() > 130);
    }

    #[test]
    fn a_word_is_measured_and_silence_is_not() {
        let word = Histogram::of(&swelling(0.08, 0.3, 24_000), 24_000).unwrap();
        assert_eq!(word.count(), 1);
        for silence in [&[][..], &[0.0; 30_000][..]] {
            assert_eq!(Histogram::of(silence, 24_000).unwrap().loudness(), None);
        }
    }
}
