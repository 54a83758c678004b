//! Spectra to samples: a source-filter vocoder.
//!
//! The network gives, for each frame of 12.5 ms and each of 601 frequency bins, the parts of a
//! short-time spectrum:
//!
//! ```text
//! S = exp(lh) · e^(iπ·tanh(theta)) · STFT(pulses(f0))      voiced: a pulse train through a filter
//!   + exp(ln) · Z                                         noise: seeded, complex normal
//!   + exp(lr) · e^(i·phi)                                 what neither explains
//! ```
//!
//! The samples are the inverse STFT of S: Hann window of 1200 samples, hop of 300, 24 kHz.
//!
//! Exponentials, sines and the hyperbolic tangent are those of the network's own kernels, which
//! take all bins of a frame at once, as many as the processor's vectors hold.

use std::f32::consts::PI;
use std::sync::Arc;

use lectern_core::Failure;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rten_simd::SimdUnaryOp as _;
use rten_vecmath::{Cos, Exp, Sin, Tanh};

use super::SAMPLE_RATE;
use super::network::{BINS, Frames};

const WINDOW: usize = 1200;
const HOP: usize = 300;
/// Frames slower than this many hertz have no voice.
const VOICED_HERTZ: f32 = 40.0;
/// The pulse train has every harmonic below this.
const HIGHEST_HERTZ: f32 = 11_000.0;
/// Log magnitudes are cut here, so that a stray value cannot overflow.
const LOUDEST: f32 = 7.0;

pub(super) struct Vocoder {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    hann: Vec<f32>,
}

impl Vocoder {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        #[allow(clippy::cast_precision_loss, reason = "indices under 1200")]
        let hann = (0..WINDOW).map(|i| 0.5 - 0.5 * (2.0 * PI * i as f32 / WINDOW as f32).cos()).collect();
        Self { forward: planner.plan_fft_forward(WINDOW), inverse: planner.plan_fft_inverse(WINDOW), hann }
    }

    /// The samples of `frames`: as many as frames times the hop.
    pub(super) fn synthesize(&self, frames: &Frames, seed: u64) -> Result<Vec<f32>, Failure> {
        let count = frames.count;
        let length = count * HOP;
        let source = pulses(&frames.f0);
        let mut noise = Normal::new(seed);
        let (mut voiced, mut rest) = (Polar::default(), Polar::default());
        let (mut breath, mut normal) = (Magnitudes::default(), Polar::default());
        let mut windowed = self.forward.make_input_vec();
        let mut spectrum = self.forward.make_output_vec();
        let mut block = self.inverse.make_output_vec();
        let mut scratch =
            vec![Complex32::default(); self.forward.get_scratch_len().max(self.inverse.get_scratch_len())];
        // The sums of overlapping windowed blocks and of squared windows; half a window hangs over
        // at both ends.
        let mut sum = vec![0.0_f32; length + WINDOW - HOP];
        let mut weight = vec![0.0_f32; sum.len()];
        let failed = |error: realfft::FftError| Failure::internal(format!("the vocoder's transform failed: {error}"));

        for frame in 0..count {
            for (i, value) in windowed.iter_mut().enumerate() {
                // A unit cosine has the peak sum(window)/2, so that exp(lh) is a harmonic's
                // magnitude.
                *value = reflected(&source, frame * HOP + i) * self.hann[i] / (WINDOW as f32 / 4.0);
            }
            self.forward.process_with_scratch(&mut windowed, &mut spectrum, &mut scratch).map_err(failed)?;
            voiced.set(&frames.lh, &frames.theta, frames.count, frame, |angles| {
                Tanh::default().map_mut(angles);
                angles.iter_mut().for_each(|angle| *angle *= PI);
            });
            rest.set(&frames.lr, &frames.phi, frames.count, frame, |_| ());
            breath.column(&frames.ln, frames.count, frame);
            noise.fill(&mut normal);
            for (bin, value) in spectrum.iter_mut().enumerate() {
                *value = *value * voiced.at(bin) + normal.at(bin) * breath.0[bin] + rest.at(bin);
            }
            // A real signal has real values at both ends of its spectrum.
            for edge in [0, BINS - 1] {
                spectrum[edge].im = 0.0;
            }
            self.inverse.process_with_scratch(&mut spectrum, &mut block, &mut scratch).map_err(failed)?;
            let at = frame * HOP;
            for (i, value) in block.iter().enumerate() {
                let hann = self.hann[i];
                sum[at + i] += value * hann / WINDOW as f32;
                weight[at + i] += hann * hann;
            }
        }
        let half = WINDOW / 2;
        Ok(sum[half..half + length].iter().zip(&weight[half..]).map(|(s, w)| s / w.max(1e-11)).collect())
    }
}

/// The magnitudes of one frame, bin by bin.
struct Magnitudes([f32; BINS]);

impl Default for Magnitudes {
    fn default() -> Self {
        Self([0.0; BINS])
    }
}

impl Magnitudes {
    /// Of the logarithms that `part` holds for `frame`.
    fn column(&mut self, part: &[f32], count: usize, frame: usize) {
        gather(part, count, frame, &mut self.0);
        self.0.iter_mut().for_each(|value| *value = value.min(LOUDEST));
        Exp::default().map_mut(&mut self.0);
    }
}

/// Complex numbers of one frame, bin by bin, by their magnitudes and angles.
struct Polar {
    magnitudes: Magnitudes,
    cos: [f32; BINS],
    sin: [f32; BINS],
}

impl Default for Polar {
    fn default() -> Self {
        Self { magnitudes: Magnitudes::default(), cos: [0.0; BINS], sin: [0.0; BINS] }
    }
}

impl Polar {
    /// Of the logarithms of magnitudes in `logs`, and of what `radians` makes of `angles`.
    fn set(&mut self, logs: &[f32], angles: &[f32], count: usize, frame: usize, radians: impl FnOnce(&mut [f32])) {
        self.magnitudes.column(logs, count, frame);
        gather(angles, count, frame, &mut self.sin);
        radians(&mut self.sin);
        self.turn();
    }

    /// Makes sines and cosines of the angles in `sin`.
    fn turn(&mut self) {
        self.cos = self.sin;
        Sin::new().map_mut(&mut self.sin);
        Cos::new().map_mut(&mut self.cos);
    }

    fn at(&self, bin: usize) -> Complex32 {
        Complex32::new(self.cos[bin], self.sin[bin]) * self.magnitudes.0[bin]
    }
}

/// The values of `frame` in `part`, which is stored bin by bin.
fn gather(part: &[f32], count: usize, frame: usize, into: &mut [f32; BINS]) {
    into.iter_mut().zip(part.iter().skip(frame).step_by(count)).for_each(|(value, part)| *value = *part);
}

/// `signal` extended by its mirror image by half a window at both ends.
fn reflected(signal: &[f32], index: usize) -> f32 {
    let half = WINDOW / 2;
    let last = signal.len().saturating_sub(1);
    let at = index.abs_diff(half);
    let at = if at > last { (2 * last).saturating_sub(at) } else { at };
    signal.get(at).copied().unwrap_or(0.0)
}

/// A band-limited pulse train at the pitch `f0` (hertz a frame): every harmonic under the limit at
/// unit amplitude, by the closed form `Σ cos(h·t) = sin((H+½)t) / (2 sin(t/2)) − ½`. Silent where
/// there is no voice.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "phases are folded to one turn before")]
fn pulses(f0: &[f32]) -> Vec<f32> {
    let at = |frame: isize| {
        let last = f0.len() as isize - 1;
        f0.get(frame.clamp(0, last.max(0)) as usize).copied().unwrap_or(0.0)
    };
    // Half the angle and the highest harmonic's of each sample, then their sines; no harmonics
    // where there is no voice.
    let mut half = Vec::with_capacity(f0.len() * HOP);
    let mut highest = Vec::with_capacity(half.capacity());
    let mut harmonics = Vec::with_capacity(half.capacity());
    let mut turns = 0.0_f64;
    for frame in 0..f0.len() as isize {
        for j in 0..HOP {
            let place = (j as f32 + 0.5) / HOP as f32 - 0.5;
            let hertz = if place < 0.0 {
                at(frame - 1) * -place + at(frame) * (1.0 + place)
            } else {
                at(frame) * (1.0 - place) + at(frame + 1) * place
            };
            let voiced = hertz > VOICED_HERTZ;
            let hertz = hertz.max(VOICED_HERTZ);
            turns = (turns + f64::from(hertz) / f64::from(SAMPLE_RATE)).fract();
            let t = (turns * std::f64::consts::TAU) as f32;
            let count = if voiced { (HIGHEST_HERTZ / hertz).floor() + 0.5 } else { 0.0 };
            half.push(t * 0.5);
            highest.push(count * t);
            harmonics.push(count);
        }
    }
    Sin::new().map_mut(&mut half);
    Sin::new().map_mut(&mut highest);
    let value = |((half, highest), harmonics): ((f32, f32), f32)| {
        if harmonics == 0.0 {
            return 0.0;
        }
        let divisor = 2.0 * half;
        // At the pulse itself both are zero and the quotient's limit is the number of harmonics.
        let value = if divisor.abs() <= 2e-3 { harmonics } else { highest / divisor };
        value - 0.5
    };
    half.into_iter().zip(highest).zip(harmonics).map(value).collect()
}

/// Pairs of standard normal numbers (Box-Muller over SplitMix64): the same seed gives the same
/// noise, up to the last digits of a sine, on every machine.
struct Normal(u64);

impl Normal {
    const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A complex number a bin, of which both parts are standard normal.
    #[allow(clippy::cast_precision_loss, reason = "24 bits fit a single-precision fraction")]
    fn fill(&mut self, normal: &mut Polar) {
        let scale = 1.0 / (1_u32 << 24) as f32;
        for (radius, angle) in normal.magnitudes.0.iter_mut().zip(&mut normal.sin) {
            let bits = self.next();
            // In (0, 1], so that the logarithm is finite.
            let u = (((bits >> 40) as u32 + 1) as f32) * scale;
            let v = ((bits & 0xFF_FFFF) as f32) * scale;
            *radius = (-2.0 * u.ln()).sqrt();
            *angle = 2.0 * PI * v;
        }
        normal.turn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_standard_normal_and_repeats() {
        let draw = |seed| {
            let (mut normal, mut frame) = (Normal::new(seed), Polar::default());
            let mut numbers = Vec::new();
            for _ in 0..40 {
                normal.fill(&mut frame);
                numbers.extend((0..BINS).map(|bin| frame.at(bin)).flat_map(|number| [number.re, number.im]));
            }
            numbers
        };
        let numbers = draw(7);
        assert_eq!(numbers, draw(7));
        assert_ne!(numbers, draw(8));
        let mean = numbers.iter().sum::<f32>() / numbers.len() as f32;
        let variance = numbers.iter().map(|n| (n - mean).powi(2)).sum::<f32>() / numbers.len() as f32;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn pulses_come_at_the_pitch_and_only_where_there_is_voice() {
        let train = pulses(&[200.0; 80]);
        let peaks = train.windows(3).filter(|w| w[1] > 20.0 && w[1] >= w[0] && w[1] > w[2]).count();
        assert!((198..=202).contains(&peaks), "{peaks} pulses in one second at 200 Hz");
        assert!(pulses(&[0.0; 8]).iter().all(|&value| value == 0.0));
    }

    #[test]
    fn a_harmonic_filter_of_one_returns_its_source() {
        let count = 40;
        let silent = vec![-60.0; BINS * count];
        let frames = Frames {
            count,
            lh: vec![300.0_f32.ln().min(LOUDEST); BINS * count],
            theta: vec![0.0; BINS * count],
            ln: silent.clone(),
            lr: silent,
            phi: vec![0.0; BINS * count],
            f0: vec![150.0; count],
            durations: Vec::new(),
        };
        let samples = Vocoder::new().synthesize(&frames, 1).unwrap();
        let source = pulses(&frames.f0);
        assert_eq!(samples.len(), source.len());
        let middle = 3000..9000;
        let worst = middle.map(|i| (samples[i] - source[i]).abs()).fold(0.0_f32, f32::max);
        assert!(worst < 0.2, "{worst}");
    }
}
