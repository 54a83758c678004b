//! Somebody listens to what was spoken, after every other check has passed: what he hears is held
//! against what was to be said.
//!
//! It costs as much as speaking, so nobody does unless the settings name a program; a segment of
//! few words, or in a language that he does not understand or that nobody knows, is not listened
//! to. It takes a core, as local speech does.
//!
//! Who listens is no part of what was ordered. Where he cannot, that is counted and logged once in
//! a while, and the speech passes; after a few failures in a row he is not asked for a while, so
//! that a program that hangs holds nothing up.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::Failure;
use lectern_core::speakers::same_language;
use lectern_runtime::Metrics;
use lectern_runtime::telemetry::Counter;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::blocking::blocking;
use crate::engine::verify::{Rejection, word_error};
use crate::engine::{Cores, SegmentRequest, Speaking, Speech, Transcriber, Voice};

/// Failures in a row after which nobody is asked for a while.
const FAILURES: u32 = 3;
/// How long that is.
const PAUSE: Duration = Duration::from_secs(60);
/// How often it is logged that nobody can listen.
const TOLD_EVERY: Duration = Duration::from_secs(600);

/// Listens to speech, and says whether it is what was to be said.
#[derive(Debug)]
pub struct Listening {
    transcriber: Arc<dyn Transcriber>,
    most_word_error: f64,
    least_words: usize,
    cores: Cores,
    trouble: Mutex<Trouble>,
    transcriptions: Counter,
}

/// What keeps who listens from doing so.
#[derive(Debug, Default)]
struct Trouble {
    /// Failures since he last heard something.
    failures: u32,
    /// He is not asked before.
    until: Option<Instant>,
    /// When it was logged.
    told: Option<Instant>,
}

/// What came of listening to a speech.
#[derive(Debug, Clone, PartialEq)]
enum Heard {
    /// It is none that is listened to.
    Unasked,
    /// What was to be said.
    Text,
    /// Something else.
    Other(Rejection),
    /// Who listens could not.
    Failed,
    /// He could not lately, and was not asked.
    Paused,
}

impl Heard {
    /// A word for it, for metrics; none for what is not counted.
    const fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Unasked => None,
            Self::Text => Some("agreed"),
            Self::Other(_) => Some("rejected"),
            Self::Failed => Some("failed"),
            Self::Paused => Some("paused"),
        }
    }
}

impl Listening {
    /// Has `transcriber` listen on `cores`, which all engines of a process share, to segments of at
    /// least so many words, of which that share may be heard otherwise.
    #[must_use]
    pub fn new(transcriber: Arc<dyn Transcriber>, least_words: usize, most_word_error: f64, cores: Cores) -> Self {
        let transcriptions = Metrics::new("tts").counter(
            "lectern.tts.transcriptions",
            "{speech}",
            "Speech that was to be listened to, by outcome.",
        );
        let trouble = Mutex::default();
        Self { transcriber, most_word_error, least_words, cores, trouble, transcriptions }
    }

    /// Checks `speech` of `voice` by listening to it. Speech that cannot be listened to passes.
    ///
    /// # Errors
    /// [`Rejection::OtherWords`].
    pub(super) async fn check(
        &self,
        request: &SegmentRequest,
        voice: &Voice,
        speech: &Speech,
        speaking: &Speaking<'_>,
    ) -> Result<(), Rejection> {
        let heard = self.heard(request, voice, speech, speaking).await;
        if let Some(outcome) = heard.outcome() {
            self.transcriptions.add(1, &[("outcome", outcome)]);
        }
        match heard {
            Heard::Other(found) => Err(found),
            Heard::Unasked | Heard::Text | Heard::Failed | Heard::Paused => Ok(()),
        }
    }

    async fn heard(&self, request: &SegmentRequest, voice: &Voice, speech: &Speech, speaking: &Speaking<'_>) -> Heard {
        let Some(language) = language(request, voice) else { return Heard::Unasked };
        let said = word_error::words(&request.text);
        if said.len() < self.least_words || !self.transcriber.understands(language) {
            return Heard::Unasked;
        }
        if self.is_paused() {
            return Heard::Paused;
        }
        match self.listen(language, said, speech, speaking).await {
            Ok(compared) => {
                let mut trouble = self.trouble.lock();
                (trouble.failures, trouble.until) = (0, None);
                compared.map_or_else(Heard::Other, |()| Heard::Text)
            }
            Err(failure) => {
                self.note(&failure);
                Heard::Failed
            }
        }
    }

    /// Whether the words of a speech are those that were to be `said`.
    async fn listen(
        &self,
        language: &str,
        said: Vec<String>,
        speech: &Speech,
        speaking: &Speaking<'_>,
    ) -> Result<Result<(), Rejection>, Failure> {
        // What was spoken is kept also where nobody wants it any more, so it is listened to.
        let cancel = CancellationToken::new();
        let _core = self.cores.take(&Speaking { cancel: &cancel, ..*speaking }).await?;
        let heard = self.transcriber.transcribe(&speech.samples, speech.sample_rate, language).await?;
        let most = self.most_word_error;
        blocking(move || Ok(word_error::check(&said, &heard, most))).await
    }

    fn is_paused(&self) -> bool {
        self.trouble.lock().until.is_some_and(|until| Instant::now() < until)
    }

    /// Notes that who listens could not.
    fn note(&self, failure: &Failure) {
        let now = Instant::now();
        let mut trouble = self.trouble.lock();
        trouble.failures = trouble.failures.saturating_add(1);
        if trouble.failures >= FAILURES {
            trouble.until = Some(now + PAUSE);
        }
        if trouble.told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY) {
            trouble.told = Some(now);
            warn!(%failure, "nobody can listen to speech, which passes unheard");
        }
    }
}

/// The language of a request, as far as it is known: what it says, or else the one that its voice
/// speaks, if it speaks no other.
fn language<'a>(request: &'a SegmentRequest, voice: &'a Voice) -> Option<&'a str> {
    match request.language.as_str() {
        // Nobody found it out, and any voice may speak it.
        "und" => None,
        "" => {
            let (first, rest) = voice.languages.split_first()?;
            rest.iter().all(|tag| same_language(first, tag)).then_some(first.as_str())
        }
        said => Some(said),
    }
}

#[cfg(test)]
mod tests;
