//! Finds the times of words in the sound, without a model that listens: the local voice, which
//! knows the times of its words, says the same text, and each of its moments is laid onto the
//! moment of the other speech that sounds most like it (dynamic time warping of spectral features,
//! as aeneas does it with espeak).
//!
//! | file | what |
//! | --- | --- |
//! | `features.rs` | what a moment of speech sounds like, whoever speaks |
//! | `warp.rs` | which moments of two speeches belong together |
//!
//! What was measured, with voices of Kokoro whose own times were the truth and the local voice as
//! the one who knows: an error of 5 to 12 ms at the median and of 30 ms at the ninth decile, for
//! voices of men and women, American and British, at tempos of 0.9 to 1.25, at 24 and 16 kHz.
//!
//! Equal requests and equal sound give equal times. A change of this folder makes other times of
//! equal speech, so the versions of voices without word times grow with it.

mod features;
#[cfg(test)]
mod tests;
mod warp;

use async_trait::async_trait;
use lectern_core::content::timeline::WordTime;
use lectern_core::{Failure, Reason};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use self::features::Features;
use super::respelt::respelt;
use super::words::{Aligner, sounding};
use super::{Chosen, blocking};
use crate::engine::{Cores, Lately, SegmentRequest, Speaking, Speech};

/// Moments of silence at the edge of a word that are a pause beside it and no part of it.
const PAUSE: usize = 10;

/// Aligns by a voice that knows when it says each word.
#[derive(Debug)]
pub struct ByVoice {
    reference: Chosen,
    cores: Cores,
    ready: Lately<bool>,
}

impl ByVoice {
    /// Aligns by `reference`, in the language that it speaks, and computes on `cores`.
    #[must_use]
    pub fn new(reference: Chosen, cores: Cores) -> Self {
        Self { reference, cores, ready: Lately::default() }
    }

    /// Whether the voice is installed. Where it is not, that is no failure: times are estimated.
    async fn installed(&self) -> Result<bool, Failure> {
        let look = async {
            match self.reference.engine.ready().await {
                Ok(()) => Ok(true),
                Err(failure) if failure.reason == Reason::VoiceNotInstalled => {
                    debug!(%failure, "nobody can align words, so their times are estimated");
                    Ok(false)
                }
                Err(failure) => Err(failure),
            }
        };
        self.ready.or_look(look).await
    }
}

#[async_trait]
impl Aligner for ByVoice {
    async fn align(
        &self,
        request: &SegmentRequest,
        speech: &Speech,
        speaking: &Speaking<'_>,
    ) -> Result<Option<Vec<WordTime>>, Failure> {
        let voice = &self.reference.voice;
        // At about the same tempo, so that the same moments are about as far from the beginning.
        let speed = request.speed.clamp(voice.capabilities.speeds.0, voice.capabilities.speeds.1);
        if !voice.speaks(&request.language) || speech.samples.is_empty() || !self.installed().await? {
            return Ok(None);
        }
        let request = SegmentRequest {
            voice: voice.id.clone(),
            speed,
            style: String::new(),
            marks: Vec::new(),
            turns: Vec::new(),
            attempt: 0,
            ..request.clone()
        };
        // Words that a lexicon says otherwise were said so, and are here.
        let respelt = respelt(request, voice);
        // What was spoken is kept also where nobody wants it any more, so that its words are found.
        let cancel = CancellationToken::new();
        let speaking = Speaking { cancel: &cancel, ..*speaking };
        let reference = match self.reference.engine.synthesize(&respelt.request, &speaking).await {
            Ok(reference) => Speech { words: respelt.put_back(reference.words), ..reference },
            // A text of signs alone, or of letters that it does not know.
            Err(failure) if failure.reason == Reason::InvalidField => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let _core = self.cores.take(&speaking).await?;
        let speech = speech.clone();
        blocking(move || aligned(&reference, &speech)).await
    }
}

/// The words of `reference` where `speech` says them, which says the same text; none where it has
/// no word, or is too long.
///
/// # Errors
/// INTERNAL where a transform fails, which it does not.
pub(crate) fn aligned(reference: &Speech, speech: &Speech) -> Result<Option<Vec<WordTime>>, Failure> {
    let highest = features::highest(reference.sample_rate.min(speech.sample_rate));
    let known = Features::of(&reference.samples, reference.sample_rate, highest)?;
    let heard = Features::of(&speech.samples, speech.sample_rate, highest)?;
    let Some(path) = warp::path(known.moments(), heard.moments()) else { return Ok(None) };
    let place = |sample: u64| heard.sample(path.heard(known.moment(sample)));
    let mut words: Vec<WordTime> = Vec::with_capacity(reference.words.len());
    let sounds = sounding(&speech.samples, heard.hop());
    for word in &reference.words {
        let (start, end) = within_sound(place(word.start), place(word.end), heard.hop(), &sounds);
        let start = start.max(words.last().map_or(0, |last| last.end));
        let end = end.min(speech.samples.len() as u64);
        // A word that the other voice swallowed, or said as one with the next, has no time.
        if start < end {
            words.push(WordTime { spoken: word.spoken, start, end });
        }
    }
    Ok(Some(words).filter(|words| !words.is_empty()))
}

/// A word without the pauses beside it: the border of a word and a pause is found anywhere in the
/// pause, since all of it sounds alike.
fn within_sound(start: u64, end: u64, hop: usize, sounding: &[usize]) -> (u64, u64) {
    let hop_samples = hop.max(1) as u64;
    let moment = |sample: u64| usize::try_from(sample / hop_samples).unwrap_or(usize::MAX);
    let (first, last) = (moment(start), moment(end));
    let from = sounding.partition_point(|at| *at < first);
    let until = sounding.partition_point(|at| *at < last);
    let (Some(sounds), Some(sounded)) = (sounding.get(from), sounding.get(until.saturating_sub(1))) else {
        return (start, end);
    };
    if from >= until {
        return (start, end);
    }
    let at = |moment: usize| moment as u64 * hop_samples;
    let start = if sounds - first >= PAUSE { at(*sounds) } else { start };
    let end = if last - (sounded + 1) >= PAUSE { at(sounded + 1) } else { end };
    (start, end)
}
