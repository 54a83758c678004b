//! The engines of this installation and their voices. The first voice is the default.

use std::sync::Arc;

use lectern_core::{Failure, Kind, Reason};

use crate::engine::{SpeechEngine, Voice};

/// The fields of a request that name its voice and its language.
const VOICE: &str = "voice";
const LANGUAGE: &str = "language_code";

/// Every engine that was configured.
#[derive(Debug, Clone)]
pub struct Voices {
    engines: Vec<Arc<dyn SpeechEngine>>,
}

impl Voices {
    /// The voices of these engines, in this order.
    #[must_use]
    pub const fn new(engines: Vec<Arc<dyn SpeechEngine>>) -> Self {
        Self { engines }
    }

    /// Every voice; the first is the default.
    #[must_use]
    pub fn all(&self) -> Vec<Voice> {
        self.engines.iter().flat_map(|engine| engine.voices()).collect()
    }

    /// Every voice that speaks `language`, in the same order; all where it is empty.
    #[must_use]
    pub fn speaking(&self, language: &str) -> Vec<Voice> {
        self.all().into_iter().filter(|voice| speaks(voice, language)).collect()
    }

    /// The voice of a resource name, `engines/{engine}/voices/{voice}`.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN` at `voice`, naming the voices there are.
    pub fn named(&self, name: &str) -> Result<Voice, Failure> {
        self.all().into_iter().find(|voice| voice.id == name).ok_or_else(|| {
            let known = self.all().into_iter().map(|voice| voice.id).collect::<Vec<_>>().join(", ");
            let message = format!("the voice {name:?} is not known; choose one of: {known}");
            Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, message).at(VOICE)
        })
    }

    /// The voice to speak `language` with: the one that is named, or the first that speaks it.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN` at `voice`. `LANGUAGE_UNSUPPORTED` at `voice` where another one might speak
    /// it, at `language_code` where none does.
    pub fn resolve(&self, name: &str, language: &str) -> Result<Voice, Failure> {
        if !name.is_empty() {
            let voice = self.named(name)?;
            return if speaks(&voice, language) { Ok(voice) } else { Err(unsupported(language, &voice.id, VOICE)) };
        }
        let first = self.all().into_iter().find(|voice| speaks(voice, language));
        first.ok_or_else(|| unsupported(language, "any voice", LANGUAGE))
    }

    /// The engine that `voice` belongs to.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN`.
    pub fn engine(&self, voice: &Voice) -> Result<Arc<dyn SpeechEngine>, Failure> {
        let engine = self.engines.iter().find(|engine| engine.voices().iter().any(|known| known.id == voice.id));
        engine.cloned().ok_or_else(|| {
            Failure::new(
                Kind::InvalidArgument,
                Reason::VoiceUnknown,
                format!("the voice {} has no engine here", voice.id),
            )
        })
    }
}

/// Whether a voice speaks a language, by the primary subtag of BCP 47: `en-US` speaks `en`. A
/// document whose language was not found out (`und`) is spoken by any voice.
fn speaks(voice: &Voice, language: &str) -> bool {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = primary(language);
    wanted.is_empty() || wanted == "und" || wanted == primary(&voice.language)
}

fn unsupported(language: &str, voice: &str, field: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::LanguageUnsupported,
        format!(
            "the document is in {language:?}, which {voice} does not speak; ListVoices shows the languages there are"
        ),
    )
    .at(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::ToneEngine;

    #[test]
    fn a_voice_is_found_by_name_or_language() {
        let voices = Voices::new(vec![Arc::new(ToneEngine::new())]);
        let first = voices.all().remove(0);
        let resolve = |name: &str, language: &str| voices.resolve(name, language);
        assert_eq!(resolve("", "en").expect("English").id, first.id);
        assert_eq!(resolve("engines/tone/voices/sine", "und").expect("named").id, first.id);
        for unknown in ["engines/no/voices/body", "voices/tone/sine", "tone/sine"] {
            let refused = resolve(unknown, "en").expect_err("unknown");
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::VoiceUnknown, Some(VOICE)));
            assert!(refused.message.contains("engines/tone/voices/sine"), "{refused}");
        }
        for (voice, field) in [("", LANGUAGE), (first.id.as_str(), VOICE)] {
            let refused = resolve(voice, "fi").expect_err("Finnish");
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::LanguageUnsupported, Some(field)));
        }
        assert!(voices.engine(&first).is_ok());
    }
}
