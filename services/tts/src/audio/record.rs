//! One text to one segment: spoken, checked, spoken again if it was not good, and mastered.

use lectern_core::{Failure, Kind, Reason};
use tokio_util::sync::CancellationToken;

use super::master::master;
use super::segment::SegmentObject;
use crate::engine::{SegmentRequest, SpeechEngine, Usage, verify};

/// How often a segment is spoken before it is given up.
pub const ATTEMPTS: u32 = 3;

/// Speaks `request` until it passes the checks, and masters it. Blocks; see [`SpeechEngine`].
///
/// # Errors
///
/// What the engine answers, at once: whether to try again is for the step to decide.
/// `SPEECH_REJECTED` where the checks failed [`ATTEMPTS`] times.
pub fn record(engine: &dyn SpeechEngine, request: &SegmentRequest) -> Result<SegmentObject, Failure> {
    record_until(engine, request, &CancellationToken::new())
}

/// The same, given up before the next attempt when `stop` is cancelled.
///
/// # Errors
///
/// Those of [`record`]; `CANCELLED`.
pub fn record_until(
    engine: &dyn SpeechEngine,
    request: &SegmentRequest,
    stop: &CancellationToken,
) -> Result<SegmentObject, Failure> {
    let voice = engine.voice(&request.voice)?;
    let mut usage = Usage::default();
    let mut rejection = None;
    for attempt in request.attempt..request.attempt.saturating_add(ATTEMPTS) {
        if stop.is_cancelled() {
            return Err(Failure::new(Kind::Cancelled, Reason::Cancelled, "nobody listens to this any more"));
        }
        let request = SegmentRequest { attempt, ..request.clone() };
        let speech = engine.synthesize(&request)?;
        usage.calls += speech.usage.calls;
        usage.characters += speech.usage.characters;
        match verify::check(&request, &speech) {
            Ok(()) => {
                let mastered = master(&speech, voice.gain_db)?;
                return Ok(SegmentObject {
                    sample_rate: speech.sample_rate,
                    samples: mastered.samples,
                    words: mastered.words,
                    usage,
                });
            }
            Err(found) => rejection = Some(found),
        }
    }
    let why = rejection.map(|rejection| rejection.to_string()).unwrap_or_default();
    // The text itself is the caller's: a failure is logged and kept.
    let length = request.text.chars().count();
    Err(Failure::new(
        Kind::FailedPrecondition,
        Reason::SpeechRejected,
        format!(
            "the speech for a sentence of {length} characters was rejected {ATTEMPTS} times, the last because {why}; choose another voice or reword it"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Speed;
    use crate::engine::tone::{ToneEngine, ToneOutcome, VOICE};

    #[test]
    fn rejected_speech_is_made_again_and_paid_for() {
        let engine = ToneEngine::new();
        let request = SegmentRequest::new("Said at the second attempt.", VOICE, Speed::NORMAL);
        engine.script([ToneOutcome::Silence]);
        let segment = record(&engine, &request).unwrap();
        assert_eq!((engine.calls(), segment.usage.calls), (2, 2));
        assert_eq!(segment.words.len(), 5);
        assert_eq!(segment.samples, record(&engine, &request).unwrap().samples);
    }

    #[test]
    fn what_nobody_listens_to_is_not_spoken() {
        let (engine, stop) = (ToneEngine::new(), CancellationToken::new());
        stop.cancel();
        let request = SegmentRequest::new("Never said.", VOICE, Speed::NORMAL);
        assert_eq!(record_until(&engine, &request, &stop).unwrap_err().reason, Reason::Cancelled);
        assert_eq!(engine.calls(), 0);
    }

    #[test]
    fn speech_that_never_passes_is_a_failure_and_never_silence() {
        let engine = ToneEngine::new();
        engine.script(vec![ToneOutcome::Silence; 3]);
        let failure = record(&engine, &SegmentRequest::new("Never heard.", VOICE, Speed::NORMAL)).unwrap_err();
        assert_eq!(failure.reason, Reason::SpeechRejected);
        assert!(failure.message.contains("12 characters") && failure.message.contains("silent"), "{failure}");
        assert!(!failure.message.contains("Never heard."), "{failure} is logged, and says what the document says");
        assert_eq!(engine.calls(), 3);
    }
}
