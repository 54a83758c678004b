//! A look-ahead limiter on true peaks.
//!
//! A sample peak says little about what a converter or a lossy codec will reach between the
//! samples, so peaks are measured on the signal oversampled four times (ITU-R BS.1770-4, annex 2).
//! The gain falls before a peak comes, by the look-ahead, and recovers after it: no sample is cut
//! off, and nothing is distorted beyond a brief change of level.

use std::collections::VecDeque;
use std::f64::consts::PI;
use std::sync::LazyLock;

use ebur128::{EbuR128, Mode};
use lectern_core::Failure;

use super::factor;

/// Positions between two samples at which the signal is interpolated, the first being the sample
/// itself.
const PHASES: usize = 4;
/// Samples on each side that an interpolated value is made from.
const REACH: usize = 12;
/// Seconds by which the gain falls ahead of a peak.
const LOOK_AHEAD: f64 = 0.005;
/// Seconds in which the gain recovers by 63 %.
const RELEASE: f64 = 0.08;

/// Windowed-sinc interpolators, one a phase after the first.
static INTERPOLATORS: LazyLock<[[f32; 2 * REACH]; PHASES - 1]> = LazyLock::new(|| {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "small counts, filter coefficients"
    )]
    std::array::from_fn(|phase| {
        let fraction = (phase + 1) as f64 / PHASES as f64;
        let taps: [f64; 2 * REACH] = std::array::from_fn(|tap| {
            // The distance from this tap's sample to the place between the two middle ones.
            let x = tap as f64 - (REACH as f64 - 1.0) - fraction;
            let window = (PI * x / (2.0 * REACH as f64)).cos().powi(2);
            (PI * x).sin() / (PI * x) * window
        });
        // Unity gain at zero frequency.
        let sum: f64 = taps.iter().sum();
        taps.map(|tap| (tap / sum) as f32)
    })
});

/// For each sample the largest magnitude at it and up to the next one.
fn peaks(samples: &[f32]) -> Vec<f32> {
    let mut padded = vec![0.0; REACH - 1];
    padded.extend_from_slice(samples);
    padded.resize(padded.len() + REACH, 0.0);
    let mut peaks: Vec<f32> = samples.iter().map(|sample| sample.abs()).collect();
    let mut between = vec![0.0_f32; samples.len()];
    for taps in INTERPOLATORS.iter() {
        // Tap by tap over all samples: the compiler makes vectors of it.
        between.fill(0.0);
        for (at, tap) in taps.iter().enumerate() {
            between.iter_mut().zip(&padded[at..]).for_each(|(value, sample)| *value += tap * sample);
        }
        peaks.iter_mut().zip(&between).for_each(|(peak, value)| *peak = peak.max(value.abs()));
    }
    peaks
}

/// The true peak of `samples` as a magnitude, 1.0 at full scale.
#[must_use]
pub fn true_peak(samples: &[f32]) -> f32 {
    peaks(samples).into_iter().fold(0.0, f32::max)
}

/// Lowers `samples` where their true peak exceeds `ceiling` (in dBTP), and leaves them alone
/// elsewhere.
///
/// # Errors
///
/// `INTERNAL` for a sample rate that the meter does not take.
pub fn limit(samples: &mut [f32], sample_rate: u32, ceiling: f64) -> Result<(), Failure> {
    #[allow(clippy::cast_possible_truncation, reason = "a magnitude")]
    let ceiling = factor(ceiling) as f32;
    // A moving gain shifts energy between samples, so a peak may remain a hair over: a second pass
    // finds little to do.
    let peak = (0..3).find_map(|_| pass(samples, sample_rate, ceiling));
    // Interpolators differ by a decibel on noise near half the rate. What counts is the meter that
    // judges the recording.
    let peak = peak.unwrap_or_else(|| true_peak(samples));
    let peak = f64::from(peak).max(metered(samples, sample_rate)?);
    if peak > f64::from(ceiling) {
        #[allow(clippy::cast_possible_truncation, reason = "a magnitude")]
        let scale = (f64::from(ceiling) / peak) as f32;
        samples.iter_mut().for_each(|sample| *sample *= scale);
    }
    Ok(())
}

/// The true peak by the meter that judges recordings.
fn metered(samples: &[f32], sample_rate: u32) -> Result<f64, Failure> {
    let failed = |error: ebur128::Error| Failure::internal(format!("true peaks cannot be measured: {error}"));
    let mut meter = EbuR128::new(1, sample_rate, Mode::TRUE_PEAK).map_err(failed)?;
    meter.add_frames_f32(samples).map_err(failed)?;
    meter.true_peak(0).map_err(failed)
}

/// One pass; the true peak where it is no higher than it may be, so that there was nothing to do.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "windows of milliseconds"
)]
fn pass(samples: &mut [f32], sample_rate: u32, ceiling: f32) -> Option<f32> {
    let peaks = peaks(samples);
    let highest = peaks.iter().copied().fold(0.0, f32::max);
    if highest <= ceiling {
        return Some(highest);
    }
    // A peak between two samples concerns both.
    let mut before = 0.0_f32;
    let wanted: Vec<f32> = peaks
        .iter()
        .map(|&peak| {
            let both = peak.max(before);
            before = peak;
            if both > ceiling { ceiling / both } else { 1.0 }
        })
        .collect();

    let window = ((f64::from(sample_rate) * LOOK_AHEAD) as usize).max(1);
    let mut envelope = least_ahead(&wanted, window);
    let recover = (-1.0 / (f64::from(sample_rate) * RELEASE)).exp() as f32;
    let mut gain = 1.0_f32;
    for wanted in &mut envelope {
        gain = wanted.min(1.0 - (1.0 - gain) * recover);
        *wanted = gain;
    }
    // The mean over the look-ahead turns steps into ramps. Each value in it is at most what the
    // newest sample wants.
    let mut sum = window as f64;
    for (at, sample) in samples.iter_mut().enumerate() {
        let leaving = at.checked_sub(window).map_or(1.0, |before| envelope[before]);
        sum += f64::from(envelope[at]) - f64::from(leaving);
        *sample *= ((sum / window as f64) as f32).min(wanted[at]);
    }
    None
}

/// For each value the least of it and the `window - 1` after it.
fn least_ahead(values: &[f32], window: usize) -> Vec<f32> {
    let mut least = vec![1.0; values.len()];
    let mut candidates: VecDeque<usize> = VecDeque::new();
    for at in (0..values.len()).rev() {
        while candidates.back().is_some_and(|&later| values[later] >= values[at]) {
            candidates.pop_back();
        }
        candidates.push_back(at);
        while candidates.front().is_some_and(|&first| first >= at + window) {
            candidates.pop_front();
        }
        least[at] = candidates.front().map_or(1.0, |&first| values[first]);
    }
    least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audio::decibels;

    #[test]
    fn peaks_between_samples_are_found() {
        // A quarter-rate sine sampled off its crests: every sample at 0.707, the signal itself
        // at 1.
        let samples: Vec<f32> = (0..2400).map(|i| (PI / 2.0 * f64::from(i) + PI / 4.0).sin() as f32).collect();
        let peak = true_peak(&samples[..]);
        assert!((0.98..1.1).contains(&peak), "{peak}");
        assert!(samples.iter().all(|sample| sample.abs() < 0.71));
    }

    #[test]
    fn what_is_under_the_ceiling_is_left_alone() {
        let mut samples: Vec<f32> = (0..24_000).map(|i| (i as f32 * 0.05).sin() * 0.5).collect();
        let before = samples.clone();
        limit(&mut samples, 24_000, -2.0).unwrap();
        assert_eq!(samples, before);
    }

    #[test]
    fn the_level_far_from_a_peak_is_kept() {
        let mut samples: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.05).sin() * 0.3).collect();
        samples[24_000..24_100].iter_mut().for_each(|sample| *sample *= 8.0);
        let before = samples.clone();
        limit(&mut samples, 24_000, -2.0).unwrap();
        assert!(decibels(metered(&samples, 24_000).unwrap()) <= -1.99);
        assert_eq!(samples[..23_000], before[..23_000]);
        let late = 40_000..;
        assert!(samples[late.clone()].iter().zip(&before[late]).all(|(a, b)| (a - b).abs() < 0.002));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_signal_exceeds_the_ceiling(
            gain in 0.1_f32..20.0,
            period in 2.0_f32..400.0,
            noise in proptest::collection::vec(-1.0_f32..1.0, 1..3000),
            ceiling in -6.0_f64..-1.0,
        ) {
            let mut samples: Vec<f32> =
                noise.iter().zip(0_u16..).map(|(n, i)| ((f32::from(i) / period).sin() + 0.3 * n) * gain).collect();
            let before = samples.clone();
            limit(&mut samples, 24_000, ceiling).unwrap();
            prop_assert!(decibels(f64::from(true_peak(&samples))) <= ceiling + 0.001);
            prop_assert!(decibels(metered(&samples, 24_000).unwrap()) <= ceiling + 0.001);
            prop_assert!(samples.iter().zip(&before).all(|(a, b)| a.abs() <= b.abs() + 1e-6 && a * b >= 0.0));
        }
    }
}
