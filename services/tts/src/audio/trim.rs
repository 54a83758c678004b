//! Silence at both ends of a segment, cut off, so that pauses are as long as they are meant to be.

use std::ops::Range;

/// How far under its loudest moment a segment's edge may lie and still be speech, in decibels.
const EDGE_BELOW_LOUDEST: f64 = 42.0;
/// Seconds over which a moment's level is taken.
const MOMENT: f64 = 0.01;
/// Seconds kept before the first and after the last audible moment: the onset of a plosive, the
/// decay of a vowel.
const KEEP: (f64, f64) = (0.02, 0.05);
/// Seconds of fade at both ends, so that no cut clicks.
const FADE: f64 = 0.004;

/// Where in `samples` speech is. Empty where all is silence.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of a few seconds"
)]
pub(crate) fn spoken(samples: &[f32], sample_rate: u32) -> Range<usize> {
    let seconds = |seconds: f64| (seconds * f64::from(sample_rate)) as usize;
    let moment = seconds(MOMENT).max(1);
    let levels: Vec<f64> = samples
        .chunks(moment)
        .map(|chunk| (chunk.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / chunk.len() as f64).sqrt())
        .collect();
    let loudest = levels.iter().copied().fold(0.0, f64::max);
    let edge = loudest * super::factor(-EDGE_BELOW_LOUDEST);
    let audible = |level: &f64| *level > 0.0 && *level >= edge;
    let (Some(first), Some(last)) = (levels.iter().position(audible), levels.iter().rposition(audible)) else {
        return 0..0;
    };
    let start = (first * moment).saturating_sub(seconds(KEEP.0));
    let end = ((last + 1) * moment + seconds(KEEP.1)).min(samples.len());
    start..end
}

/// Fades both ends.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of milliseconds"
)]
pub(crate) fn fade(samples: &mut [f32], sample_rate: u32) {
    let length = ((FADE * f64::from(sample_rate)) as usize).min(samples.len() / 2);
    let ramp = |step: usize| (step as f32 + 0.5) / length as f32;
    samples.iter_mut().take(length).enumerate().for_each(|(step, sample)| *sample *= ramp(step));
    samples.iter_mut().rev().take(length).enumerate().for_each(|(step, sample)| *sample *= ramp(step));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_cut_and_speech_is_kept() {
        let mut samples = vec![0.0001_f32; 24_000];
        samples[6_000..15_000].fill(0.2);
        let range = spoken(&samples, 24_000);
        assert!((5_500..=6_000).contains(&range.start) && (15_000..=16_500).contains(&range.end), "{range:?}");
        assert_eq!(spoken(&[0.0; 100], 24_000), 0..0);
        assert_eq!(spoken(&[], 24_000), 0..0);
    }

    #[test]
    fn both_ends_are_faded() {
        let mut samples = vec![1.0_f32; 1000];
        fade(&mut samples, 24_000);
        assert!(samples[0] < 0.01 && samples[999] < 0.01 && samples[500] == 1.0);
        fade(&mut [], 24_000);
    }
}
