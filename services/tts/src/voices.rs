//! The engines of this installation and their voices. The first voice is the default.

use std::sync::Arc;

use lectern_core::{Failure, Kind, Reason};

use crate::engine::{SpeechEngine, Voice};

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

    /// The voice of a resource name, `voices/{engine}/{voice}`.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN`, naming the voices there are.
    pub fn named(&self, name: &str) -> Result<Voice, Failure> {
        let id = name.strip_prefix("voices/").unwrap_or_default();
        self.all().into_iter().find(|voice| voice.id == id).ok_or_else(|| {
            let known = self.all().iter().map(|voice| format!("voices/{}", voice.id)).collect::<Vec<_>>().join(", ");
            let message = format!("the voice {name:?} is not known; choose one of: {known}");
            Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, message).at("narration.voice")
        })
    }

    /// The voice to speak `language` with: the named one, or the first that speaks it.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN`, `LANGUAGE_UNSUPPORTED`.
    pub fn resolve(&self, name: &str, language: &str) -> Result<Voice, Failure> {
        if !name.is_empty() {
            let voice = self.named(name)?;
            return if speaks(&voice, language) { Ok(voice) } else { Err(unsupported(language, &voice.id)) };
        }
        let all = self.all();
        all.iter().find(|voice| speaks(voice, language)).cloned().ok_or_else(|| unsupported(language, "any voice"))
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

fn unsupported(language: &str, voice: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::LanguageUnsupported,
        format!(
            "the document is in {language:?}, which {voice} does not speak; ListVoices shows the languages there are"
        ),
    )
    .at("narration.voice")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::ToneEngine;

    #[test]
    fn a_voice_is_found_by_name_or_language() {
        let voices = Voices::new(vec![Arc::new(ToneEngine::new())]);
        let first = voices.all().remove(0);
        assert_eq!(voices.resolve("", "en").expect("English").id, first.id);
        assert_eq!(voices.resolve(&format!("voices/{}", first.id), "und").expect("named").id, first.id);
        assert_eq!(voices.resolve("voices/no/body", "en").expect_err("unknown").reason, Reason::VoiceUnknown);
        assert_eq!(voices.resolve("", "fi").expect_err("Finnish").reason, Reason::LanguageUnsupported);
        assert!(voices.engine(&first).is_ok());
    }
}
