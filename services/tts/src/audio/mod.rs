//! Samples made fit to hear: [`master`] makes a [`segment`] of checked speech, at the level that
//! [`loudness`] measures, and [`resample`] brings it to the rate of its recording; [`join`]
//! assembles segments and pauses into a recording, sample by sample and without holding it;
//! [`encode`] writes the files.
//!
//! Audio is one channel. Levels are in decibels; sample positions are counts.

pub mod breaks;
pub mod encode;
pub mod join;
pub mod limiter;
pub mod loudness;
pub mod master;
pub mod resample;
pub mod segment;
pub(crate) mod trim;

#[cfg(test)]
mod tests;

/// The integrated loudness every recording is brought to, in LUFS.
pub const TARGET_LUFS: f64 = -16.0;

/// How far from [`TARGET_LUFS`] a recording may be, in LU.
pub const TOLERANCE_LU: f64 = 1.0;

/// The true peak that no recording exceeds, in dBTP.
pub const PEAK_DBTP: f64 = -1.0;

/// The factor on amplitude that a gain in decibels is.
#[must_use]
pub fn factor(decibels: f64) -> f64 {
    10.0_f64.powf(decibels / 20.0)
}

/// A factor on amplitude in decibels; minus infinity for 0.
#[must_use]
pub fn decibels(factor: f64) -> f64 {
    20.0 * factor.log10()
}
