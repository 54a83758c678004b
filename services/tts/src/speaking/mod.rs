//! A text to a segment that may be heard: spoken, checked, spoken again where it was not good, and
//! brought to level.
//!
//! What is done about speech that fails its [checks](crate::engine::verify), in this order: it is
//! made again, at most twice; the text is parted at a clause, and each part made, at most three
//! times; another voice speaks it, where the order allows that, which is recorded in the segment.
//! Then it is a failure, `SPEECH_REJECTED`, and never silence.
//!
//! | file | what |
//! | --- | --- |
//! | `attempts.rs` | one text by one voice, again until it is good |
//! | `listening.rs` | [`Listening`]: whether what is heard is what was to be said |
//! | `parts.rs` | where a text is parted, and how the speech of its parts is joined |
//! | `respelt/` | what a lexicon says of words, as sounds or as another spelling |
//! | `words.rs` | times of words for a voice that gives none: [`Aligner`], and estimates |
//! | `align/` | [`ByVoice`]: times of words found by a voice that knows its own |
//!
//! An engine's own failure (no connection, no credentials, no budget) is none of the text: it ends
//! the step's attempt, and the worker sees to the rest.

mod align;
mod attempts;
mod listening;
mod parts;
mod respelt;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use lectern_core::speakers::same_language;
use lectern_core::{Failure, Kind, Reason};
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Counter;
use tracing::warn;

pub use self::align::ByVoice;
#[cfg(test)]
pub(crate) use self::align::aligned;
use self::attempts::{ATTEMPTS, Checks, Refused, attempts};
pub use self::listening::Listening;
use self::respelt::respelt;
pub use self::words::Aligner;
use crate::audio::resample::resampled;
use crate::audio::segment::SegmentObject;
use crate::blocking::blocking;
use crate::engine::verify::Rejection;
use crate::engine::{SegmentRequest, Speaking, Speech, SpeechEngine, Usage, Voice, short_of, voice_id};
use crate::levels::Levels;

/// A voice, and the engine that speaks with it.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The voice.
    pub voice: Voice,
    /// Its engine.
    pub engine: Arc<dyn SpeechEngine>,
}

/// Who speaks a text.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The voice that was asked for.
    pub asked: Chosen,
    /// Voices that speak what it cannot, in this order; none unless the order allows it.
    pub others: Vec<Chosen>,
    /// Samples a second that it is heard with, whoever speaks it.
    pub sample_rate: u32,
}

impl Choice {
    /// This voice, and no other in its place, as it speaks.
    #[must_use]
    pub fn only(asked: Chosen) -> Self {
        let sample_rate = asked.voice.recording_rate();
        Self { asked, others: Vec::new(), sample_rate }
    }

    /// Whether any of them costs money.
    #[must_use]
    pub fn paid(&self) -> bool {
        self.all().any(|chosen| chosen.engine.paid())
    }

    fn all(&self) -> impl Iterator<Item = &Chosen> {
        std::iter::once(&self.asked).chain(&self.others)
    }
}

/// Speaks texts so that they may be heard. Cheap to clone.
#[derive(Clone)]
pub struct Speaker {
    levels: Levels,
    aligner: Option<Arc<dyn Aligner>>,
    checks: Checks,
    substitutions: Counter,
}

impl std::fmt::Debug for Speaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Speaker").field("aligner", &self.aligner).finish_non_exhaustive()
    }
}

impl Speaker {
    /// A speaker that knows how loud voices are by `levels`.
    #[must_use]
    pub fn new(levels: Levels) -> Self {
        let metrics = Metrics::new("tts");
        Self {
            levels,
            aligner: None,
            checks: Checks::new(&metrics),
            substitutions: metrics.counter(
                "lectern.tts.speech_substituted",
                "{segment}",
                "Segments that another voice spoke than was asked for, by the engine that could not.",
            ),
        }
    }

    /// The same with somebody who finds the times of words in the sound.
    #[must_use]
    pub fn aligning(self, aligner: Arc<dyn Aligner>) -> Self {
        Self { aligner: Some(aligner), ..self }
    }

    /// The same with somebody who listens to what was spoken.
    #[must_use]
    pub fn listening(self, listening: Listening) -> Self {
        Self { checks: self.checks.listening(listening), ..self }
    }

    /// Speaks `request` by the voice that was asked for, which its `voice` names, or by another
    /// one.
    ///
    /// # Errors
    /// What the engine answers, at once: whether to try again is for the step to decide.
    /// `SPEECH_REJECTED` where nobody can speak it, `CANCELLED`.
    pub async fn speak(
        &self,
        request: &SegmentRequest,
        choice: &Choice,
        speaking: &Speaking<'_>,
    ) -> Result<SegmentObject, Failure> {
        let mut usage = Usage::default();
        let mut rejection = None;
        let elsewhere = in_place_of(&choice.asked.voice, request);
        for (at, chosen) in choice.all().enumerate() {
            let request = if at == 0 { request } else { &elsewhere };
            if at > 0 && !can_speak(&chosen.voice, request) {
                continue;
            }
            match self.by(request, chosen, speaking, &mut usage).await {
                Ok(speech) => {
                    let other = (at > 0).then_some(&chosen.voice);
                    if let Some(other) = other {
                        let asked = choice.asked.voice.engine();
                        self.substitutions.add(1, &[("engine", asked)]);
                        warn!(asked = choice.asked.voice.id, spoken = other.id, "another voice speaks a sentence");
                    }
                    let rate = choice.sample_rate;
                    return self.finished(request, speech, &chosen.voice, rate, other, usage, speaking).await;
                }
                // What keeps another voice from speaking is not what keeps this order from being
                // done, unless it passes.
                Err(Refused::Failure(failure)) if at == 0 || passes(&failure) => return Err(failure),
                Err(Refused::Failure(failure)) => {
                    warn!(voice = chosen.voice.id, %failure, "a voice cannot speak in the place of another");
                }
                Err(Refused::Rejected(found)) => rejection = Some(found),
            }
        }
        Err(rejected(request, rejection.as_ref()))
    }

    /// Speaks a text by one voice: whole where it can, else in parts.
    async fn by(
        &self,
        request: &SegmentRequest,
        chosen: &Chosen,
        speaking: &Speaking<'_>,
        usage: &mut Usage,
    ) -> Result<Speech, Refused> {
        let voice = &chosen.voice;
        // A voice of another engine does not know the voices of a dialogue of this one.
        let turns = if request.voice == voice.id { request.turns.clone() } else { Vec::new() };
        let respelt = respelt(SegmentRequest { voice: voice.id.clone(), turns, ..request.clone() }, voice);
        let request = &respelt.request;
        let mut said = Vec::new();
        for piece in parts::within(&request.text, voice.capabilities.max_bytes) {
            let whole = request.part(piece);
            match attempts(&whole, chosen, speaking, usage, &self.checks).await {
                Ok(speech) => said.push((piece, speech)),
                Err(Refused::Rejected(found)) => {
                    let Some(halves) = parts::halves(&whole.text) else { return Err(Refused::Rejected(found)) };
                    for half in halves {
                        let part = whole.part(half);
                        let speech = attempts(&part, chosen, speaking, usage, &self.checks).await?;
                        said.push((parts::shifted(half, piece.start), speech));
                    }
                }
                Err(failure @ Refused::Failure(_)) => return Err(failure),
            }
        }
        let speech = parts::joined(said);
        Ok(Speech { words: respelt.put_back(speech.words), ..speech })
    }

    /// What was spoken, with times for its words, at the rate of the recording and at level.
    #[allow(clippy::too_many_arguments, reason = "what a segment is made of")]
    async fn finished(
        &self,
        request: &SegmentRequest,
        speech: Speech,
        voice: &Voice,
        rate: u32,
        other: Option<&Voice>,
        usage: Usage,
        speaking: &Speaking<'_>,
    ) -> Result<SegmentObject, Failure> {
        let request = in_its_language(request, voice);
        let (speech, timing) = words::timed(&request, speech, self.aligner.as_deref(), speaking).await;
        let speech = blocking(move || Ok(resampled(speech, rate))).await?;
        let together = together(&request, voice);
        let mastered = self.levels.master(together.as_ref().unwrap_or(voice), speech).await?;
        Ok(SegmentObject {
            sample_rate: rate,
            samples: mastered.samples,
            words: mastered.words,
            timing,
            voice: other.map(Voice::pinned),
            usage,
        })
    }
}

/// The request with the language that it was spoken in: the voice's own where nobody said another.
fn in_its_language(request: &SegmentRequest, voice: &Voice) -> SegmentRequest {
    let own = voice.languages.first().cloned().unwrap_or_default();
    let said = !matches!(request.language.as_str(), "" | "und");
    let language = if said { request.language.clone() } else { own };
    SegmentRequest { language, ..request.clone() }
}

/// Those who speak a request together, as one voice that nobody calibrated, so that what they
/// measure is not taken for the level of the first of them alone; none where `voice` speaks by
/// itself. How loud they are beside each other is what their engine made of it.
fn together(request: &SegmentRequest, voice: &Voice) -> Option<Voice> {
    let mut voices: Vec<&str> = request.turns.iter().map(|turn| turn.voice.as_str()).collect();
    voices.sort_unstable();
    voices.dedup();
    if voices.len() < 2 || request.voice != voice.id {
        return None;
    }
    let names: Vec<&str> = voices.into_iter().map(short_of).collect();
    Some(Voice { id: voice_id(voice.engine(), &names.join("+")), gain_db: None, ..voice.clone() })
}

/// The request as it is made of another voice in the place of `asked`. A voice of one language is
/// not told it, but one that speaks several in its place has to be.
fn in_place_of(asked: &Voice, request: &SegmentRequest) -> SegmentRequest {
    match asked.languages.split_first() {
        Some((first, rest)) if rest.iter().all(|tag| same_language(first, tag)) => in_its_language(request, asked),
        Some(_) | None => request.clone(),
    }
}

/// Whether a voice could speak a request in the place of another one.
fn can_speak(voice: &Voice, request: &SegmentRequest) -> bool {
    voice.speaks(&request.language) && voice.check_speed(request.speed).is_ok()
}

/// Whether a failure may be over by itself, or nobody wants this any more.
fn passes(failure: &Failure) -> bool {
    failure.kind.retryable() || failure.kind == Kind::Cancelled
}

fn rejected(request: &SegmentRequest, rejection: Option<&Rejection>) -> Failure {
    let why = rejection.map(ToString::to_string).unwrap_or_default();
    // The text itself is the caller's: a failure is logged and kept.
    let length = request.characters();
    Failure::new(
        Kind::FailedPrecondition,
        Reason::SpeechRejected,
        format!(
            "the speech for a sentence of {length} characters was rejected {ATTEMPTS} times, the last because {why}; \
             choose another voice or reword it"
        ),
    )
}
