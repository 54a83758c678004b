//! What a moment of speech sounds like, whoever speaks: mel-frequency cepstral coefficients of
//! windows of 25 ms, 100 a second, and how they change, each brought to the mean 0 and the
//! deviation 1 over the speech, which takes most of what voices, microphones and levels differ by
//! out of them.

use std::f32::consts::PI;

use lectern_core::Failure;
use realfft::RealFftPlanner;

/// Moments a second.
const MOMENTS: u64 = 100;
/// A window is this part of a second: 25 ms.
const WINDOWS: u32 = 40;
/// The lowest frequency that is looked at, in hertz: under it hums what is no speech.
const LOWEST: f32 = 80.0;
/// The highest one, in hertz: above it consonants differ most from voice to voice.
const HIGHEST: u32 = 7_000;
/// Filters between them, equally wide to the ear.
const FILTERS: usize = 26;
/// Coefficients that are kept of them: the shape of the spectrum without the pitch.
const COEFFICIENTS: usize = 13;
/// How much the level counts beside each other coefficient: it tells pauses from speech.
const LEVEL: f32 = 2.0;
/// Moments before and behind over which a change is taken.
const REACH: usize = 2;
/// What is added to each energy, as a part of the greatest: silence has no shape.
const FLOOR: f32 = 1e-6;

/// What one moment sounds like: the coefficients, and how each changes.
pub(super) type Moment = [f32; 2 * COEFFICIENTS];

/// A speech, moment by moment.
#[derive(Debug)]
pub(super) struct Features {
    moments: Vec<Moment>,
    rate: u64,
}

/// The highest frequency that speech at `rate` samples a second is compared by, in hertz.
#[allow(clippy::cast_precision_loss, reason = "some thousands of hertz")]
pub(super) fn highest(rate: u32) -> f32 {
    (rate / 2).min(HIGHEST) as f32
}

impl Features {
    /// Of `samples`, by what lies under `highest` hertz.
    ///
    /// # Errors
    /// INTERNAL where a transform fails, which it does not.
    pub(super) fn of(samples: &[f32], rate: u32, highest: f32) -> Result<Self, Failure> {
        let mut cepstra = cepstra(&energies(samples, rate, highest)?);
        normalise(&mut cepstra);
        for moment in &mut cepstra {
            moment[0] *= LEVEL;
        }
        let mut changes = changes(&cepstra);
        normalise(&mut changes);
        let join = |(shape, change): (&[f32; COEFFICIENTS], &[f32; COEFFICIENTS])| {
            let mut moment = [0.0; 2 * COEFFICIENTS];
            moment[..COEFFICIENTS].copy_from_slice(shape);
            moment[COEFFICIENTS..].copy_from_slice(change);
            moment
        };
        Ok(Self { moments: cepstra.iter().zip(&changes).map(join).collect(), rate: u64::from(rate.max(1)) })
    }

    /// The moments, in order; one at least.
    pub(super) fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The moment that is nearest to a sample.
    pub(super) fn moment(&self, sample: u64) -> usize {
        let moment = (sample * MOMENTS + self.rate / 2) / self.rate;
        usize::try_from(moment).unwrap_or(usize::MAX).min(self.moments.len().saturating_sub(1))
    }

    /// The sample in the middle of a moment.
    pub(super) fn sample(&self, moment: usize) -> u64 {
        moment as u64 * self.rate / MOMENTS
    }

    /// Samples from moment to moment, rounded down.
    pub(super) fn hop(&self) -> usize {
        usize::try_from(self.rate / MOMENTS).unwrap_or(1).max(1)
    }
}

/// The energy in each filter, moment by moment.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of a few seconds")]
fn energies(samples: &[f32], rate: u32, highest: f32) -> Result<Vec<[f32; FILTERS]>, Failure> {
    let window = (rate / WINDOWS).max(2) as usize;
    let hann: Vec<f32> = (0..window).map(|i| 0.5 - 0.5 * (2.0 * PI * i as f32 / window as f32).cos()).collect();
    let transform = RealFftPlanner::<f32>::new().plan_fft_forward(window);
    let (mut input, mut spectrum) = (transform.make_input_vec(), transform.make_output_vec());
    let mut scratch = transform.make_scratch_vec();
    let filters = filters(spectrum.len(), window, rate, highest);
    let count = (samples.len() as u64 * MOMENTS / u64::from(rate.max(1))).max(1);
    let mut moments = Vec::with_capacity(count as usize);
    for moment in 0..count {
        // A window lies around its moment; before the beginning and behind the end is silence.
        let middle = (moment * u64::from(rate) / MOMENTS) as usize;
        for (i, value) in input.iter_mut().enumerate() {
            let sample = (middle + i).checked_sub(window / 2).and_then(|at| samples.get(at));
            *value = sample.copied().unwrap_or(0.0) * hann[i];
        }
        transform
            .process_with_scratch(&mut input, &mut spectrum, &mut scratch)
            .map_err(|error| Failure::internal(format!("the transform of an alignment failed: {error}")))?;
        let mut energy = [0.0; FILTERS];
        for (energy, filter) in energy.iter_mut().zip(&filters) {
            *energy = filter.iter().map(|&(bin, weight)| spectrum[bin].norm_sqr() * weight).sum();
        }
        moments.push(energy);
    }
    Ok(moments)
}

/// Triangles that overlap by half, equally wide in mel: for each the bins of a spectrum with their
/// weights.
#[allow(clippy::cast_precision_loss, reason = "hundreds of bins")]
fn filters(bins: usize, window: usize, rate: u32, highest: f32) -> Vec<Vec<(usize, f32)>> {
    let hertz = |bin: usize| bin as f32 * rate as f32 / window as f32;
    let (low, high) = (mel(LOWEST), mel(highest.max(2.0 * LOWEST)));
    let edge = |at: usize| low + (high - low) * at as f32 / (FILTERS + 1) as f32;
    let filter = |at: usize| {
        let (from, peak, to) = (edge(at), edge(at + 1), edge(at + 2));
        let weight = |bin: usize| {
            let at = mel(hertz(bin));
            ((at - from) / (peak - from)).min((to - at) / (to - peak)).max(0.0)
        };
        (0..bins).map(|bin| (bin, weight(bin))).filter(|(_, weight)| *weight > 0.0).collect::<Vec<_>>()
    };
    (0..FILTERS).map(filter).collect()
}

/// How high a frequency is to the ear (O'Shaughnessy 1987).
fn mel(hertz: f32) -> f32 {
    1127.0 * (1.0 + hertz / 700.0).ln()
}

/// The first coefficients of the cosine transform of the logarithms of energies.
#[allow(clippy::cast_precision_loss, reason = "dozens")]
fn cepstra(energies: &[[f32; FILTERS]]) -> Vec<[f32; COEFFICIENTS]> {
    let greatest = energies.iter().flatten().copied().fold(0.0, f32::max);
    // Where nothing sounds at all, everything is alike.
    let floor = (greatest * FLOOR).max(f32::MIN_POSITIVE);
    let cosine = |j: usize, k: usize| (PI * j as f32 * (k as f32 + 0.5) / FILTERS as f32).cos();
    let mut table = [[0.0; FILTERS]; COEFFICIENTS];
    for (j, row) in table.iter_mut().enumerate() {
        for (k, value) in row.iter_mut().enumerate() {
            *value = cosine(j, k);
        }
    }
    let cepstrum = |energy: &[f32; FILTERS]| {
        let loud = energy.map(|energy| (energy + floor).ln());
        table.map(|row| row.iter().zip(&loud).map(|(cosine, loud)| cosine * loud).sum::<f32>())
    };
    energies.iter().map(cepstrum).collect()
}

/// How each coefficient changes: the slope of a line through the moments within [`REACH`].
#[allow(clippy::cast_precision_loss, reason = "one or two")]
fn changes(moments: &[[f32; COEFFICIENTS]]) -> Vec<[f32; COEFFICIENTS]> {
    let last = moments.len().saturating_sub(1);
    let slope = |at: usize| {
        let mut change = [0.0; COEFFICIENTS];
        for reach in 1..=REACH {
            let (behind, before) = (&moments[(at + reach).min(last)], &moments[at.saturating_sub(reach)]);
            for (change, (behind, before)) in change.iter_mut().zip(behind.iter().zip(before)) {
                *change += reach as f32 * (behind - before);
            }
        }
        change
    };
    (0..moments.len()).map(slope).collect()
}

/// Brings each coefficient to the mean 0 and the deviation 1 over all moments.
#[allow(clippy::cast_precision_loss, reason = "thousands of moments")]
fn normalise(moments: &mut [[f32; COEFFICIENTS]]) {
    let count = moments.len().max(1) as f32;
    for at in 0..COEFFICIENTS {
        let mean = moments.iter().map(|moment| moment[at]).sum::<f32>() / count;
        let variance = moments.iter().map(|moment| (moment[at] - mean).powi(2)).sum::<f32>() / count;
        // What never changes says nothing.
        let scale = if variance > 1e-12 { variance.sqrt().recip() } else { 0.0 };
        for moment in moments.iter_mut() {
            moment[at] = (moment[at] - mean) * scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, seconds: f32, rate: u32) -> Vec<f32> {
        let count = (seconds * rate as f32) as usize;
        (0..count).map(|i| 0.3 * (2.0 * PI * hertz * i as f32 / rate as f32).sin()).collect()
    }

    fn distance(a: &Moment, b: &Moment) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    }

    #[test]
    fn a_moment_sounds_the_same_at_another_level_and_rate() {
        let speech = |rate: u32, gain: f32| {
            let samples = [tone(300.0, 0.5, rate), tone(1_500.0, 0.5, rate), tone(600.0, 0.5, rate)].concat();
            let samples: Vec<f32> = samples.into_iter().map(|sample| sample * gain).collect();
            Features::of(&samples, rate, highest(16_000)).unwrap()
        };
        let (a, b) = (speech(24_000, 1.0), speech(16_000, 0.1));
        assert_eq!((a.moments().len(), b.moments().len()), (150, 150));
        for middle in [25, 75, 125] {
            let (same, other) = (distance(&a.moments()[middle], &b.moments()[middle]), (middle + 50) % 150);
            assert!(same * 3.0 < distance(&a.moments()[middle], &b.moments()[other]), "{middle}: {same}");
        }
    }

    #[test]
    fn moments_and_samples_are_of_one_clock() {
        let features = Features::of(&tone(300.0, 2.0, 22_050), 22_050, highest(22_050)).unwrap();
        assert_eq!((features.moment(0), features.moment(22_050), features.moment(u64::from(u32::MAX))), (0, 100, 199));
        assert_eq!((features.sample(100), features.hop()), (22_050, 220));
    }

    #[test]
    fn silence_and_nothing_at_all_have_features_too() {
        for samples in [Vec::new(), vec![0.0; 10], vec![0.0; 24_000]] {
            let features = Features::of(&samples, 24_000, highest(24_000)).unwrap();
            assert!(!features.moments().is_empty());
            assert!(features.moments().iter().flatten().all(|value| value.is_finite()));
        }
        let coarse = Features::of(&tone(100.0, 0.2, 100), 100, highest(100)).unwrap();
        assert!(coarse.moments().iter().flatten().all(|value| value.is_finite()), "a rate that no voice has");
    }
}
