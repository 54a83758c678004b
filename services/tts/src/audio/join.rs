//! Segments and pauses to one recording, sample by sample. Nothing is held but the piece at hand:
//! each goes through the meter (samples, SHA-256 of the PCM, loudness, true peak) and to every
//! encoder.
//!
//! A recording is joined with [`Gain::NONE`] first. Only if [`Measured::correction`] then asks for
//! it is it joined again, to new files, with that constant gain: a voice's fixed gain makes this
//! rare.

use ebur128::{EbuR128, Mode};
use lectern_core::content::timeline::SegmentRef;
use lectern_core::digest::Hasher;
use lectern_core::{Digest, Failure, Kind, Reason};

use super::breaks;
use super::encode::Encoder;
use super::segment::SegmentObject;
use super::{PEAK_DBTP, TARGET_LUFS, TOLERANCE_LU, decibels, factor};

/// Samples that are handed on at once.
const BLOCK: usize = 4096;

/// Margin on loudness in LU and on peaks in dB: meters differ in the second digit.
const MARGIN: f64 = 0.1;

/// A constant gain over a whole recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain(Option<f64>);

impl Gain {
    /// Samples as they are.
    pub const NONE: Self = Self(None);

    /// A gain in decibels.
    #[must_use]
    pub const fn decibels(decibels: f64) -> Self {
        Self(Some(decibels))
    }

    #[allow(clippy::cast_possible_truncation, reason = "clamped")]
    fn apply(factor: f64, sample: i16) -> i16 {
        (f64::from(sample) * factor).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    }
}

/// What a recording measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Samples a second.
    pub sample_rate: u32,
    /// All samples.
    pub samples: u64,
    /// SHA-256 of the samples as signed 16-bit little-endian PCM.
    pub pcm_digest: Digest,
    /// Integrated loudness in LUFS; none where it is too short or too quiet to measure.
    pub loudness: Option<f64>,
    /// True peak in dBTP; none where all is silence.
    pub true_peak: Option<f64>,
}

impl Measured {
    /// The constant gain that brings the recording to -16 LUFS with its true peak at most -1 dBTP;
    /// none where it is within 1 LU already.
    #[must_use]
    pub fn correction(&self) -> Option<Gain> {
        let (loudness, peak) = (self.loudness?, self.true_peak?);
        let missing = TARGET_LUFS - loudness;
        let over = peak - PEAK_DBTP;
        if missing.abs() <= TOLERANCE_LU - MARGIN && over <= 0.0 {
            return None;
        }
        let gain = missing.min(-over - MARGIN);
        (gain.abs() > MARGIN).then_some(Gain::decibels(gain))
    }
}

/// Measures samples as they pass.
pub struct Meter {
    sample_rate: u32,
    samples: u64,
    digest: Hasher,
    loudness: EbuR128,
}

fn unmeasurable(error: ebur128::Error) -> Failure {
    Failure::internal(format!("loudness cannot be measured: {error}"))
}

impl Meter {
    /// A meter for one channel.
    ///
    /// # Errors
    ///
    /// `INTERNAL` for a sample rate that the meter does not take (16 Hz to 2.8 MHz).
    pub fn new(sample_rate: u32) -> Result<Self, Failure> {
        let loudness = EbuR128::new(1, sample_rate, Mode::I | Mode::TRUE_PEAK).map_err(unmeasurable)?;
        Ok(Self { sample_rate, samples: 0, digest: Hasher::default(), loudness })
    }

    /// Takes the next samples.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the meter fails.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        self.samples += samples.len() as u64;
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.digest.update(&bytes);
        self.loudness.add_frames_i16(samples).map_err(unmeasurable)
    }

    /// The measurements.
    ///
    /// # Errors
    ///
    /// `INTERNAL` if the meter fails.
    pub fn finish(self) -> Result<Measured, Failure> {
        let loudness = self.loudness.loudness_global().map_err(unmeasurable)?;
        let peak = decibels(self.loudness.true_peak(0).map_err(unmeasurable)?);
        Ok(Measured {
            sample_rate: self.sample_rate,
            samples: self.samples,
            pcm_digest: self.digest.finish(),
            loudness: loudness.is_finite().then_some(loudness),
            true_peak: peak.is_finite().then_some(peak),
        })
    }
}

/// A recording under way.
pub struct Join {
    meter: Meter,
    factor: Option<f64>,
    encoders: Vec<Box<dyn Encoder>>,
}

impl Join {
    /// An empty recording that goes to `encoders`, none of which need be given.
    ///
    /// # Errors
    ///
    /// As [`Meter::new`].
    pub fn new(sample_rate: u32, gain: Gain, encoders: Vec<Box<dyn Encoder>>) -> Result<Self, Failure> {
        Ok(Self { meter: Meter::new(sample_rate)?, factor: gain.0.map(factor), encoders })
    }

    /// Samples so far.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.meter.samples
    }

    /// Adds a segment of a track, its pause before it and its breaks within.
    ///
    /// # Errors
    ///
    /// `OBJECT_DAMAGED` if the segment is not the one that the track means; else as the encoders
    /// answer.
    pub fn segment(&mut self, place: &SegmentRef, segment: &SegmentObject) -> Result<(), Failure> {
        if segment.sample_rate != self.meter.sample_rate {
            let message =
                format!("the segment {} has another rate than its track; record the section again", place.key);
            return Err(Failure::new(Kind::DataLoss, Reason::ObjectDamaged, message));
        }
        let sound = breaks::sound(place, segment)?;
        self.pause(place.pause)?;
        self.write(&sound)
    }

    /// Adds silence.
    ///
    /// # Errors
    ///
    /// As the encoders answer.
    pub fn pause(&mut self, samples: u64) -> Result<(), Failure> {
        let silence = [0; BLOCK];
        let mut left = samples;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            self.pass(&silence[..now])?;
            left -= now as u64;
        }
        Ok(())
    }

    /// Adds samples.
    ///
    /// # Errors
    ///
    /// As the encoders answer.
    pub fn write(&mut self, samples: &[i16]) -> Result<(), Failure> {
        let Some(factor) = self.factor else { return self.pass(samples) };
        for block in samples.chunks(BLOCK) {
            let louder: Vec<i16> = block.iter().map(|sample| Gain::apply(factor, *sample)).collect();
            self.pass(&louder)?;
        }
        Ok(())
    }

    fn pass(&mut self, samples: &[i16]) -> Result<(), Failure> {
        self.meter.write(samples)?;
        self.encoders.iter_mut().try_for_each(|encoder| encoder.write(samples))
    }

    /// Finishes every encoder and gives the measurements.
    ///
    /// # Errors
    ///
    /// As the encoders answer.
    pub fn finish(self) -> Result<Measured, Failure> {
        self.encoders.into_iter().try_for_each(|encoder| encoder.finish())?;
        self.meter.finish()
    }
}
