//! One text by one voice, again until it is good or was made often enough.

use lectern_core::{Failure, Reason};
use lectern_runtime::telemetry::Counter;
use tracing::debug;

use super::Chosen;
use crate::blocking::blocking;
use crate::engine::verify::{self, Rejection};
use crate::engine::{SegmentRequest, Speaking, Speech, Usage};

/// How often a text is spoken before it is given up, or parted.
pub(super) const ATTEMPTS: u32 = 3;

/// Why a text was not spoken.
#[derive(Debug)]
pub(super) enum Refused {
    /// What was spoken was not good.
    Rejected(Rejection),
    /// The engine could not speak.
    Failure(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Speaks `request` until it passes the checks. Each call counts in `usage`.
pub(super) async fn attempts(
    request: &SegmentRequest,
    chosen: &Chosen,
    speaking: &Speaking<'_>,
    usage: &mut Usage,
    rejections: &Counter,
) -> Result<Speech, Refused> {
    let mut rejection = Rejection::Nothing;
    for attempt in request.attempt..request.attempt.saturating_add(ATTEMPTS) {
        speaking.check()?;
        let request = SegmentRequest { attempt, ..request.clone() };
        let found = match chosen.engine.synthesize(&request, speaking).await {
            Ok(speech) => {
                *usage = usage.plus(speech.usage);
                match checked(request, chosen, speech).await? {
                    Ok(speech) => return Ok(speech),
                    Err(found) => found,
                }
            }
            Err(failure) if failure.reason == Reason::SpeechRejected => {
                *usage = usage.plus(Usage::one(request.characters()));
                Rejection::Nothing
            }
            Err(failure) => return Err(Refused::Failure(failure)),
        };
        rejections.add(1, &[("engine", chosen.voice.engine()), ("check", found.as_str())]);
        debug!(voice = chosen.voice.id, attempt, %found, "speech rejected");
        rejection = found;
    }
    Err(Refused::Rejected(rejection))
}

/// Checks a speech, where that does not hold up the runtime.
async fn checked(
    request: SegmentRequest,
    chosen: &Chosen,
    speech: Speech,
) -> Result<Result<Speech, Rejection>, Failure> {
    let voice = chosen.voice.clone();
    blocking(move || Ok(verify::check(&request, &voice, &speech).map(|()| speech))).await
}
