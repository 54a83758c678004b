//! The port to speech engines: voices, and one segment of text to samples with the times of its
//! words.
//!
//! Adapters: [`local`] (a neural voice in this process, no network), and for tests [`tone`] (sine
//! tones) and [`scripted`] (tones that are noted and go wrong as told); any of them [`measured`].
//! Nothing outside this folder knows what engine a voice belongs to; the work on its output (trim,
//! loudness, codec) is that of [`crate::audio`].

pub mod local;
pub mod measured;
pub mod scripted;
pub mod tone;
pub mod verify;

use std::fmt;

use lectern_core::content::timeline::WordTime;
use lectern_core::{Digest, Failure, VoicePin};
use serde::{Deserialize, Serialize};

/// Turns text into speech, one segment at a time.
///
/// Calls block for as long as the speech takes to compute: run them on a blocking pool
/// (`tokio::task::spawn_blocking`), never on a thread that drives futures. One engine serves any
/// number of threads at once, each call using one core; the same request gives the same samples.
pub trait SpeechEngine: Send + Sync + fmt::Debug {
    /// The voices this engine speaks with.
    fn voices(&self) -> Vec<Voice>;

    /// Whether the engine could speak now: asked when an order comes in, so that it is refused then
    /// and not after a book was written. Cheap but for the first time.
    ///
    /// # Errors
    ///
    /// What keeps it from speaking, such as `VOICE_NOT_INSTALLED`.
    fn ready(&self) -> Result<(), Failure> {
        Ok(())
    }

    /// Whether a call costs money: then the lease of the step is taken before it, so that nobody
    /// else pays for the same.
    fn paid(&self) -> bool {
        false
    }

    /// Speaks one segment.
    ///
    /// # Errors
    ///
    /// `VOICE_UNKNOWN` for a voice of another engine, `VOICE_NOT_INSTALLED` where the voice's files
    /// are missing or damaged, `INVALID_FIELD` for a text without anything to say, or whatever a
    /// remote engine answers.
    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure>;

    /// The voice with this id.
    ///
    /// # Errors
    ///
    /// `VOICE_UNKNOWN`, naming the voices there are.
    fn voice(&self, id: &str) -> Result<Voice, Failure> {
        let voices = self.voices();
        voices.iter().find(|voice| voice.id == id).cloned().ok_or_else(|| {
            let known = voices.iter().map(|voice| voice.id.as_str()).collect::<Vec<_>>().join(", ");
            Failure::new(
                lectern_core::Kind::InvalidArgument,
                lectern_core::Reason::VoiceUnknown,
                format!("the voice {id:?} is not known; choose one of: {known}"),
            )
            .at("voice")
        })
    }
}

/// A voice that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// The resource name, `engines/{engine}/voices/{voice}`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// A BCP 47 tag.
    pub language: String,
    /// Samples a second, one channel.
    pub sample_rate: u32,
    /// Changes whenever the same text would sound otherwise: the code's version and the first
    /// digits of the weights' digest.
    pub version: String,
    /// The fixed gain in decibels that brings this voice to -16 LUFS; see [`crate::audio::master`].
    pub gain_db: f32,
}

impl Voice {
    /// The id and the version (`engines/local/voices/heart@1.5f70741d`): what a narration pins and
    /// what segments are keyed by.
    #[must_use]
    pub fn pinned(&self) -> String {
        VoicePin::new(&self.id, &self.version).into()
    }
}

/// How fast to speak, in hundredths: 50 to 200, 100 is the voice's own pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Speed(u16);

impl Speed {
    /// The voice's own pace.
    pub const NORMAL: Self = Self(100);

    /// A speed of `factor`, rounded to hundredths.
    ///
    /// # Errors
    ///
    /// `INVALID_FIELD` outside 0.5 to 2.0.
    pub fn new(factor: f64) -> Result<Self, Failure> {
        if (0.5..=2.0).contains(&factor) {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "50 to 200")]
            Ok(Self((factor * 100.0).round() as u16))
        } else {
            Err(Failure::invalid("speed", format!("a speed of {factor} cannot be spoken; choose 0.5 to 2.0")))
        }
    }

    /// As a factor, 1.0 for the voice's own pace.
    #[must_use]
    pub fn factor(self) -> f32 {
        f32::from(self.0) / 100.0
    }

    /// Its canonical text (`speed=100`): the `delivery` part of segment and track keys.
    #[must_use]
    pub fn delivery(self) -> String {
        format!("speed={}", self.0)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl TryFrom<u16> for Speed {
    type Error = Failure;

    fn try_from(hundredths: u16) -> Result<Self, Failure> {
        Self::new(f64::from(hundredths) / 100.0)
    }
}

impl From<Speed> for u16 {
    fn from(speed: Speed) -> Self {
        speed.0
    }
}

/// One segment to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRequest {
    /// The spoken text: words and punctuation, about a sentence.
    pub text: String,
    /// The id of the voice.
    pub voice: String,
    /// How fast.
    pub speed: Speed,
    /// 0 at first; grows when speech was rejected, and makes the engine draw other noise.
    pub attempt: u32,
}

impl SegmentRequest {
    /// A request for `text` by `voice`, first attempt.
    pub fn new(text: impl Into<String>, voice: impl Into<String>, speed: Speed) -> Self {
        Self { text: text.into(), voice: voice.into(), speed, attempt: 0 }
    }

    /// The seed for whatever is random about the speech: it follows the request, so equal requests
    /// sound equal.
    #[must_use]
    pub fn seed(&self) -> u64 {
        Digest::keyed(
            b"speech seed",
            &[self.text.as_bytes(), self.voice.as_bytes(), &self.speed.0.to_be_bytes(), &self.attempt.to_be_bytes()],
        )
        .seed()
    }
}

/// What an engine made of one segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    /// Samples a second, one channel.
    pub sample_rate: u32,
    /// Samples, full scale at ±1.
    pub samples: Vec<f32>,
    /// Its words in time, in order, not overlapping.
    pub words: Vec<WordTime>,
    /// What it cost.
    pub usage: Usage,
}

/// What a synthesis cost, for accounting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Calls of the engine, rejected ones included.
    pub calls: u32,
    /// Scalar values of text in these calls.
    pub characters: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_bounded_and_canonical() {
        for (factor, expected) in
            [(0.5, Some("speed=50")), (1.0, Some("speed=100")), (1.254, Some("speed=125")), (2.0, Some("speed=200"))]
        {
            assert_eq!(Speed::new(factor).ok().map(Speed::delivery).as_deref(), expected);
        }
        for factor in [0.49, 2.01, f64::NAN, -1.0, f64::INFINITY] {
            assert!(Speed::new(factor).is_err(), "{factor}");
        }
        assert!(serde_json::from_str::<Speed>("300").is_err());
    }

    #[test]
    fn seeds_follow_the_request() {
        let request = SegmentRequest::new("Hello.", "engines/tone/voices/sine", Speed::NORMAL);
        assert_eq!(request.seed(), request.clone().seed());
        assert_ne!(request.seed(), SegmentRequest { attempt: 1, ..request.clone() }.seed());
        assert_ne!(request.seed(), SegmentRequest { text: "Hullo.".into(), ..request }.seed());
    }
}
