//! Kokoro-82M: a neural network with many voices in this process, pure Rust, no network, no key. It
//! is ten times as large as the local voice, which was distilled from it, and as much slower.
//!
//! Text becomes phonemes, by the lexicon of the local voice for English ([`super::local`]) and by
//! rules for Spanish ([`spanish`]); the network makes samples of phonemes and of a voice's style
//! ([`network`]). The voices of other languages have no phonemes here (docs/backlog.md). The files
//! are checked against pinned digests when they are first needed ([`weights`]).

mod network;
mod spanish;
mod voices;
pub mod weights;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lectern_core::{Failure, Kind, Reason};
use misaki_rs::Language;
use parking_lot::Mutex;
use tracing::debug;

use self::network::Network;
use self::voices::{Known, Tongue, VOICES};
pub use self::weights::KokoroDir;
use super::local::phonemes::{Chunk, Phonemizer, pack};
use super::local::timing;
use super::{Capabilities, Compute, Phonemes, SegmentRequest, Speech, Usage, Voice, voice_id};

/// The name of the engine where the settings give it none.
pub const NAME: &str = "kokoro";

/// Samples a second.
pub const SAMPLE_RATE: u32 = 24_000;

/// Grows when this folder's code makes other samples of the same text.
const CODE_VERSION: u32 = 3;

/// Numbers of a style, and how many styles a voice has: one for each count of phonemes.
const STYLE: usize = 256;
const STYLES: usize = 510;

/// The voices of Kokoro. Loads its files when it is first asked whether it is ready, or to speak;
/// many threads may call it at once.
#[derive(Debug)]
pub struct Kokoro {
    voices: Vec<Voice>,
    files: Arc<Files>,
    checked: AtomicBool,
}

/// Where the files lie, and what was made of them.
#[derive(Debug)]
struct Files {
    dir: KokoroDir,
    // A failed load leaves it empty, so that voices installed later are found without a restart.
    loaded: Mutex<Option<Arc<Loaded>>>,
}

struct Loaded {
    dir: KokoroDir,
    network: Network,
    vocabulary: HashMap<char, i32>,
    // Each is loaded when it is first spoken, and held while it loads.
    english: Mutex<BTreeMap<Tongue, Arc<Phonemizer>>>,
    styles: Mutex<BTreeMap<&'static str, Arc<Vec<f32>>>>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Loaded(..)")
    }
}

impl Kokoro {
    /// Voices whose files lie in `dir`, under this name. Reads nothing yet.
    #[must_use]
    pub fn named(name: &str, dir: KokoroDir) -> Self {
        let voices = VOICES.iter().map(|known| Voice {
            id: voice_id(name, known.id),
            name: known.name.to_owned(),
            languages: vec![known.tongue.tag().to_owned()],
            sample_rate: SAMPLE_RATE,
            version: format!("{CODE_VERSION}.{}", weights::short_digest()),
            // Nobody calibrated them: they differ by some decibels.
            gain_db: None,
            capabilities: Capabilities { phonemes: phonemes(known.tongue), ..Capabilities::default() },
            price: None,
        });
        let files = Files { dir, loaded: Mutex::new(None) };
        Self { voices: voices.collect(), files: Arc::new(files), checked: AtomicBool::new(false) }
    }

    /// Loads in the background, while the script of the order that asked is written.
    fn warm(&self) {
        let files = Arc::clone(&self.files);
        let load = move || {
            if let Err(failure) = files.loaded() {
                debug!(%failure, "Kokoro did not load; synthesis will say so");
            }
        };
        if let Err(error) = std::thread::Builder::new().name("kokoro-load".to_owned()).spawn(load) {
            debug!(%error, "Kokoro loads with the first sentence");
        }
    }
}

/// In what form the sounds of a word reach a voice: for English by the phonemes of the local voice.
const fn phonemes(tongue: Tongue) -> Phonemes {
    match tongue {
        Tongue::American | Tongue::British => Phonemes::Own,
        Tongue::Spanish => Phonemes::None,
    }
}

impl Files {
    fn loaded(&self) -> Result<Arc<Loaded>, Failure> {
        // Held while loading, so that threads that come at the same time load once.
        let mut slot = self.loaded.lock();
        if let Some(loaded) = &*slot {
            return Ok(Arc::clone(loaded));
        }
        let vocabulary = serde_json::from_slice(&self.dir.read(weights::VOCABULARY)?)
            .map_err(|error| weights::unusable(&format!("its vocabulary: {error}")))?;
        let loaded = Arc::new(Loaded {
            dir: self.dir.clone(),
            network: Network::load(self.dir.read(weights::NETWORK)?)?,
            vocabulary,
            english: Mutex::default(),
            styles: Mutex::default(),
        });
        *slot = Some(Arc::clone(&loaded));
        Ok(loaded)
    }
}

impl Loaded {
    /// The phonemes of a text, as inputs of the network.
    fn chunks(&self, tongue: Tongue, request: &SegmentRequest) -> Result<Vec<Chunk>, Failure> {
        let (text, asked) = (&request.text, &request.pronunciations);
        match tongue {
            Tongue::American => self.english(tongue, Language::EnglishUS)?.chunks(text, asked),
            Tongue::British => self.english(tongue, Language::EnglishGB)?.chunks(text, asked),
            Tongue::Spanish => pack(spanish::groups(text, &self.vocabulary)),
        }
    }

    fn english(&self, tongue: Tongue, language: Language) -> Result<Arc<Phonemizer>, Failure> {
        let mut loaded = self.english.lock();
        if let Some(phonemizer) = loaded.get(&tongue) {
            return Ok(Arc::clone(phonemizer));
        }
        let read = |name| self.dir.read(name);
        let (vocabulary, unknown) = (read(weights::VOCABULARY)?, read(weights::UNKNOWN_WORDS)?);
        let phonemizer = Phonemizer::load(language, vocabulary, unknown, read(weights::UNKNOWN_WORDS_ALPHABET)?)?;
        let phonemizer = Arc::new(phonemizer);
        loaded.insert(tongue, Arc::clone(&phonemizer));
        Ok(phonemizer)
    }

    /// The styles of a voice, one after the other.
    fn styles(&self, known: &Known) -> Result<Arc<Vec<f32>>, Failure> {
        let mut loaded = self.styles.lock();
        if let Some(styles) = loaded.get(known.id) {
            return Ok(Arc::clone(styles));
        }
        let styles = weights::floats(&self.dir.read(&format!("{}.bin", known.id))?);
        if styles.len() != STYLE * STYLES {
            return Err(weights::unusable(&format!("the styles of {}: {} numbers", known.id, styles.len())));
        }
        let styles = Arc::new(styles);
        loaded.insert(known.id, Arc::clone(&styles));
        Ok(styles)
    }
}

impl Compute for Kokoro {
    fn voices(&self) -> Vec<Voice> {
        self.voices.clone()
    }

    fn ready(&self) -> Result<(), Failure> {
        if !self.checked.load(Ordering::Relaxed) {
            self.files.dir.check()?;
            self.checked.store(true, Ordering::Relaxed);
            self.warm();
        }
        Ok(())
    }

    fn synthesize(&self, request: &SegmentRequest) -> Result<Speech, Failure> {
        let voice = self.voice(&request.voice)?;
        let known = VOICES.iter().find(|known| known.id == voice.short()).ok_or_else(|| {
            Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, format!("Kokoro has no voice {}", voice.short()))
        })?;
        let loaded = self.files.loaded()?;
        let styles = loaded.styles(known)?;
        let chunks = loaded.chunks(known.tongue, request)?;
        let mut speech = Speech::whole(SAMPLE_RATE, Vec::new(), Vec::new(), Usage::one(request.characters()));
        for chunk in &chunks {
            let style = style(&styles, chunk.ids.len().saturating_sub(2), request.attempt);
            let said = loaded.network.run(&chunk.ids, style, request.speed.factor())?;
            let (offset, length) = (speech.samples.len() as u64, said.samples.len() as u64);
            let words = timing::words(chunk, &said.durations, network::SAMPLES_PER_DURATION, offset, length);
            speech.words.extend(words);
            speech.samples.extend_from_slice(&said.samples);
        }
        Ok(speech)
    }
}

/// The style for so many phonemes. Nothing is random about this network, so that another attempt
/// takes the next style in the place of other noise: it sounds the same, and is made otherwise.
fn style(styles: &[f32], phonemes: usize, attempt: u32) -> &[f32] {
    let next = usize::try_from(attempt).unwrap_or(usize::MAX);
    let row = phonemes.saturating_sub(1).saturating_add(next).min(STYLES - 1);
    styles.get(row * STYLE..(row + 1) * STYLE).unwrap_or_default()
}

#[cfg(test)]
mod tests;
