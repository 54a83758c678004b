//! The local voice: a small neural network in this process, pure Rust, no network, no key.
//!
//! Text becomes phonemes ([`phonemes`]), the network turns phonemes into spectra and durations
//! ([`network`]), and a source-filter vocoder turns spectra into samples ([`vocoder`]). The files
//! are checked against pinned digests when they are first needed ([`weights`]); until then an idle
//! process holds none of it.

mod heteronyms;
mod ipa;
pub(super) mod lanes;
mod letters;
mod network;
pub(super) mod phonemes;
#[cfg(test)]
mod thirty;
pub(super) mod timing;
mod vocoder;
pub mod weights;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lectern_core::Failure;
use misaki_rs::Language;
use parking_lot::Mutex;
use tracing::debug;

use self::network::Network;
use self::phonemes::{Chunk, Phonemizer};
use self::vocoder::Vocoder;
pub use self::weights::VoiceDir;
use super::{Capabilities, Compute, Phonemes, SegmentRequest, Speech, Usage, Voice, voice_id};

/// The name of the engine where the settings give it none.
pub const NAME: &str = "local";
/// The id of the one local voice under that name.
pub const VOICE: &str = "engines/local/voices/heart";

/// Samples a second.
pub const SAMPLE_RATE: u32 = 24_000;

/// Grows when this folder's code makes other samples of the same text.
const CODE_VERSION: u32 = 5;

/// Decibels from this voice's own level to -16 LUFS, after the limiter. Measured as
/// [`crate::audio::master`] says.
const GAIN_DB: f32 = 10.4;

/// The local neural voice. Loads its files when it is first asked whether it is ready, or to speak;
/// many threads may call it at once.
#[derive(Debug)]
pub struct LocalVoice {
    voice: Voice,
    files: Arc<Files>,
    checked: AtomicBool,
}

/// Where the voice's files lie, and what was made of them.
#[derive(Debug)]
struct Files {
    dir: VoiceDir,
    // A failed load leaves it empty, so that a voice installed later is found without a restart.
    loaded: Mutex<Option<Arc<Loaded>>>,
}

struct Loaded {
    phonemizer: Phonemizer,
    network: Network,
    vocoder: Vocoder,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loaded(..)")
    }
}

impl LocalVoice {
    /// A voice whose files lie in `dir`, under its usual name. Reads nothing yet.
    #[must_use]
    pub fn new(dir: VoiceDir) -> Self {
        Self::named(NAME, dir)
    }

    /// The same under this name.
    #[must_use]
    pub fn named(name: &str, dir: VoiceDir) -> Self {
        let voice = Voice {
            id: voice_id(name, "heart"),
            name: "Heart".to_owned(),
            languages: vec!["en-US".to_owned()],
            sample_rate: SAMPLE_RATE,
            version: format!("{CODE_VERSION}.{}", weights::short_digest()),
            gain_db: Some(GAIN_DB),
            capabilities: Capabilities { phonemes: Phonemes::Own, ..Capabilities::default() },
            price: None,
        };
        let files = Files { dir, loaded: Mutex::new(None) };
        Self { voice, files: Arc::new(files), checked: AtomicBool::new(false) }
    }

    /// Checks that the files are there and undamaged, without loading them: for health checks and
    /// start-up messages.
    ///
    /// # Errors
    ///
    /// `VOICE_NOT_INSTALLED`, naming the file.
    pub fn check(&self) -> Result<(), Failure> {
        self.files.dir.read().map(drop)
    }

    /// Loads in the background, while the script of the order that asked is written: the first
    /// sentence need not wait for it.
    fn warm(&self) {
        let files = Arc::clone(&self.files);
        let load = move || {
            if let Err(failure) = files.loaded() {
                debug!(%failure, "the voice did not load; synthesis will say so");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("voice-load".to_owned()).spawn(load) {
            debug!(%error, "the voice loads with the first sentence");
        }
    }
}

impl Files {
    fn loaded(&self) -> Result<Arc<Loaded>, Failure> {
        // Held while loading, so that threads that come at the same time load once.
        let mut slot = self.loaded.lock();
        if let Some(loaded) = &*slot {
            return Ok(Arc::clone(loaded));
        }
        let files = self.dir.read()?;
        let loaded = Arc::new(Loaded {
            phonemizer: Phonemizer::load(
                Language::EnglishUS,
                files.vocabulary,
                files.unknown_words,
                files.unknown_words_alphabet,
            )?,
            network: Network::load(files.acoustics)?,
            vocoder: Vocoder::new(),
        });
        *slot = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}

impl Loaded {
    /// Speaks one chunk and appends it.
    fn speak(&self, chunk: &Chunk, speed: f32, seed: u64, speech: &mut Speech) -> Result<(), Failure> {
        let frames = self.network.run(&chunk.ids, speed)?;
        let samples = self.vocoder.synthesize(&frames, seed)?;
        let (offset, length) = (speech.samples.len() as u64, samples.len() as u64);
        let words = timing::words(chunk, &frames.durations, network::SAMPLES_PER_DURATION, offset, length);
        speech.words.extend(words);
        speech.samples.extend_from_slice(&samples);
        Ok(())
    }
}

impl Compute for LocalVoice {
    fn voices(&self) -> Vec<Voice> {
        vec![self.voice.clone()]
    }

    fn ready(&self) -> Result<(), Failure> {
        if !self.checked.load(Ordering::Relaxed) {
            self.check()?;
            self.checked.store(true, Ordering::Relaxed);
            self.warm();
        }
        Ok(())
    }

    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        self.voice(&request.voice)?;
        let loaded = self.files.loaded()?;
        let chunks = loaded.phonemizer.chunks(&request.text, &request.pronunciations)?;
        let usage = Usage::one(request.characters());
        let mut speech = Speech::whole(SAMPLE_RATE, Vec::new(), Vec::new(), usage);
        for (index, chunk) in (0_u64..).zip(&chunks) {
            loaded.speak(chunk, request.speed.factor(), request.seed().wrapping_add(index), &mut speech)?;
        }
        Ok(speech)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Speed, verify};
    use crate::testing::local_voice;

    const SENTENCE: &str = "The quick brown fox jumps over the lazy dog, and nobody saw it happen.";

    #[test]
    fn a_sentence_is_spoken_with_its_words_in_time() {
        let voice = local_voice();
        let request = SegmentRequest::new(SENTENCE, VOICE, Speed::NORMAL);
        let speech = voice.synthesize(&request).unwrap();
        assert_eq!(verify::check(&request, &voice.voice, &speech), Ok(()));
        let words: Vec<&str> = speech.words.iter().map(|word| word.spoken.of(SENTENCE)).collect();
        assert_eq!(words.join(" "), SENTENCE.replace([',', '.'], ""));
    }

    #[test]
    fn the_same_text_gives_the_same_samples_on_every_thread() {
        let voice = local_voice();
        let texts = [SENTENCE, "A second sentence.", "Zyxomorphic quargles, she said; then nothing."];
        let speak = |text: &str| voice.synthesize(&SegmentRequest::new(text, VOICE, Speed::NORMAL)).unwrap().samples;
        let alone: Vec<Vec<f32>> = texts.iter().map(|text| speak(text)).collect();
        let together: Vec<Vec<f32>> = std::thread::scope(|scope| {
            let threads: Vec<_> = texts.iter().map(|text| scope.spawn(|| speak(text))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(alone == together);
        let retry = SegmentRequest { attempt: 1, ..SegmentRequest::new(SENTENCE, VOICE, Speed::NORMAL) };
        assert!(voice.synthesize(&retry).unwrap().samples != alone[0], "another attempt draws other noise");
    }

    #[test]
    fn speed_changes_the_length() {
        let voice = local_voice();
        let length = |factor| {
            let request = SegmentRequest::new(SENTENCE, VOICE, Speed::new(factor).unwrap());
            let speech = voice.synthesize(&request).unwrap();
            assert_eq!(verify::check(&request, &voice.voice, &speech), Ok(()), "{factor}");
            speech.samples.len()
        };
        let (slow, normal, fast) = (length(0.5), length(1.0), length(2.0));
        assert!(slow > normal * 16 / 10 && fast < normal * 7 / 10, "{slow} {normal} {fast}");
    }

    #[test]
    fn texts_longer_than_the_network_takes_are_spoken_whole() {
        let voice = local_voice();
        let text = vec!["one more clause of a sentence that does not seem to end"; 14].join(", ") + ".";
        let request = SegmentRequest::new(&text, VOICE, Speed::NORMAL);
        let speech = voice.synthesize(&request).unwrap();
        assert_eq!(verify::check(&request, &voice.voice, &speech), Ok(()));
        assert_eq!(speech.words.len(), text.split_whitespace().count());
    }

    #[test]
    fn odd_texts_are_spoken_or_refused_and_never_panic() {
        let voice = local_voice();
        let say = |text: &str| voice.synthesize(&SegmentRequest::new(text, VOICE, Speed::NORMAL));
        for text in [
            "a",
            "I.",
            "Hmm...",
            "Ångström and 東京 met [here](+2).",
            "don't, won't; 'tis",
            "x\u{301}y  two\nlines",
            "A-B-C-D",
            "naïve co-op",
        ] {
            let speech = say(text).unwrap_or_else(|failure| panic!("{text:?}: {failure}"));
            assert!(!speech.words.is_empty(), "{text:?}");
        }
        for text in ["", "   ", "...", "?!", "\u{1F600}", "東京"] {
            assert_eq!(say(text).unwrap_err().reason, lectern_core::Reason::InvalidField, "{text:?}");
        }
        let wrong =
            voice.synthesize(&SegmentRequest::new("Hello.", "engines/local/voices/nobody", Speed::NORMAL)).unwrap_err();
        assert_eq!(wrong.reason, lectern_core::Reason::VoiceUnknown);
    }
}
