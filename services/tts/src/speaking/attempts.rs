//! One text by one voice, again until it is good or was made often enough.

use std::sync::Arc;

use lectern_core::{Failure, Reason};
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Counter;
use tracing::debug;

use super::{Chosen, Listening};
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

/// What speech has to pass; what does not is counted. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Checks {
    listening: Option<Arc<Listening>>,
    rejections: Counter,
}

impl Checks {
    /// The checks of which the speech itself is enough.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let rejections = metrics.counter(
            "lectern.tts.speech_rejected",
            "{speech}",
            "Speech that failed a check, by engine and by the check.",
        );
        Self { listening: None, rejections }
    }

    /// The same, and then somebody listens.
    pub(super) fn listening(self, listening: Listening) -> Self {
        Self { listening: Some(Arc::new(listening)), ..self }
    }

    /// Checks a speech, where that does not hold up the runtime: what costs the least comes first.
    async fn pass(
        &self,
        request: SegmentRequest,
        chosen: &Chosen,
        speech: Speech,
        speaking: &Speaking<'_>,
    ) -> Result<Result<Speech, Rejection>, Failure> {
        let voice = chosen.voice.clone();
        let (request, checked) = blocking(move || {
            let checked = verify::check(&request, &voice, &speech).map(|()| speech);
            Ok((request, checked))
        })
        .await?;
        let (Some(listening), Ok(speech)) = (&self.listening, &checked) else { return Ok(checked) };
        let heard = listening.check(&request, &chosen.voice, speech, speaking).await;
        Ok(heard.and(checked))
    }
}

/// Speaks `request` until it passes the checks. Each call counts in `usage`.
pub(super) async fn attempts(
    request: &SegmentRequest,
    chosen: &Chosen,
    speaking: &Speaking<'_>,
    usage: &mut Usage,
    checks: &Checks,
) -> Result<Speech, Refused> {
    let mut rejection = Rejection::Nothing;
    for attempt in request.attempt..request.attempt.saturating_add(ATTEMPTS) {
        speaking.check()?;
        let request = SegmentRequest { attempt, ..request.clone() };
        let found = match chosen.engine.synthesize(&request, speaking).await {
            Ok(speech) => {
                *usage = usage.plus(speech.usage);
                match checks.pass(request, chosen, speech, speaking).await? {
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
        checks.rejections.add(1, &[("engine", chosen.voice.engine()), ("check", found.as_str())]);
        debug!(voice = chosen.voice.id, attempt, %found, "speech rejected");
        rejection = found;
    }
    Err(Refused::Rejected(rejection))
}
