//! The engines of this installation and their voices. The first voice is the default; who speaks an
//! order of several speakers is found in `cast.rs`.

mod cast;
mod register;

use std::sync::Arc;

use lectern_core::similar::distance;
use lectern_core::text::stripped;
use lectern_core::{Failure, Kind, Reason};

use crate::engine::{SpeechEngine, Voice};
use crate::speaking::{Choice, Chosen};

pub use cast::{CastVoice, Part, Wanted};

/// The fields of a request that name its voice and its language.
const VOICE: &str = "voice";
const LANGUAGE: &str = "language_code";

/// The most voices that a refusal names.
const SHOWN: usize = 5;
/// The most characters of an unknown name that are looked at and shown.
const LONGEST: usize = 100;

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
        self.all().into_iter().filter(|voice| voice.speaks(language)).collect()
    }

    /// The voice of a resource name, `engines/{engine}/voices/{voice}`.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN` at `voice`, naming the voices whose names are most like it, or else those
    /// there are.
    pub fn named(&self, name: &str) -> Result<Voice, Failure> {
        let all = self.all();
        all.iter().find(|voice| voice.id == name).cloned().ok_or_else(|| unknown(name, &all))
    }

    /// The voice to speak `language` with: the one that is named, or the first that speaks it.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN` at `voice`. `LANGUAGE_UNSUPPORTED` at `voice` where another one might speak
    /// it, at `language_code` where none does.
    pub fn resolve(&self, name: &str, language: &str) -> Result<Voice, Failure> {
        if !name.is_empty() {
            let voice = self.named(name)?;
            return if voice.speaks(language) {
                Ok(voice)
            } else {
                Err(unsupported(language, &format!("{} does not speak", voice.id), VOICE))
            };
        }
        let first = self.all().into_iter().find(|voice| voice.speaks(language));
        first.ok_or_else(|| unsupported(language, "no voice speaks", LANGUAGE))
    }

    /// Who speaks a text: `voice`, and where it cannot, the `others` in this order.
    ///
    /// # Errors
    /// `VOICE_UNKNOWN`.
    pub fn choice(&self, voice: Voice, others: Vec<Voice>) -> Result<Choice, Failure> {
        let chosen = |voice: Voice| Ok::<_, Failure>(Chosen { engine: self.engine(&voice)?, voice });
        let others = others.into_iter().map(chosen).collect::<Result<_, _>>()?;
        Ok(Choice { others, ..Choice::only(chosen(voice)?) })
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

/// Refuses a name that no voice has.
fn unknown(name: &str, all: &[Voice]) -> Failure {
    let shown = stripped(&name.chars().take(LONGEST).collect::<String>());
    let near = nearest(name, all);
    let help = if near.is_empty() {
        let known = all.iter().take(SHOWN).map(|voice| voice.id.as_str()).collect::<Vec<_>>().join(", ");
        let more = if all.len() > SHOWN { ", or another that ListVoices shows" } else { "" };
        format!("choose one of: {known}{more}")
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, format!("there is no voice `{shown}`; {help}")).at(VOICE)
}

/// The voices whose names are most like `name`, all of the least distance, at most [`SHOWN`]: by
/// the whole name, or by its last part, which people remember. A third of the letters of that part
/// may be wrong; what is farther off is not meant.
fn nearest<'a>(name: &str, all: &'a [Voice]) -> Vec<&'a str> {
    if name.chars().nth(LONGEST).is_some() {
        return Vec::new();
    }
    let name = name.to_lowercase();
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let bound = last(&name).chars().count().div_ceil(3);
    let distance = |voice: &Voice| {
        let id = voice.id.to_lowercase();
        distance(&name, &id).min(distance(&last(&name), &last(&id)))
    };
    let all: Vec<(usize, &str)> = all.iter().map(|voice| (distance(voice), voice.id.as_str())).collect();
    let least = all.iter().map(|(distance, _)| *distance).min().filter(|least| *least <= bound);
    let near = all.into_iter().filter(|(distance, _)| Some(*distance) == least);
    near.map(|(_, id)| id).take(SHOWN).collect()
}

fn unsupported(language: &str, who: &str, field: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::LanguageUnsupported,
        format!("the document is in {language:?}, which {who}; ListVoices shows the languages there are"),
    )
    .at(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Compute as _, tone::ToneEngine};
    use crate::testing::{a_voice, on_a_core};

    #[test]
    fn a_voice_is_found_by_name_or_language() {
        let voices = Voices::new(vec![on_a_core(&Arc::new(ToneEngine::new()))]);
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

    #[test]
    fn voices_of_many_engines_stand_in_the_order_of_their_engines() {
        let german = Voice { languages: vec!["de".to_owned(), "nl".to_owned()], ..a_voice("engines/b/voices/de") };
        let english = a_voice("engines/b/voices/en");
        let others =
            [german.clone(), english.clone()].map(|voice| on_a_core(&Arc::new(ToneEngine::speaking_as(voice))));
        let mut engines = vec![on_a_core(&Arc::new(ToneEngine::new()))];
        engines.extend(others);
        let voices = Voices::new(engines);
        let ids = |voices: Vec<Voice>| voices.into_iter().map(|voice| voice.id).collect::<Vec<_>>();
        let [sine, high] = ["engines/tone/voices/sine", "engines/tone/voices/high"];
        assert_eq!(ids(voices.all()), [sine, high, german.id.as_str(), english.id.as_str()]);
        assert_eq!(ids(voices.speaking("nl-BE")), [german.id.as_str()]);
        assert_eq!(voices.resolve("", "de").unwrap().id, german.id);
        assert_eq!(voices.resolve("", "und").unwrap().id, "engines/tone/voices/sine");
        let choice = voices.choice(english.clone(), vec![german.clone()]).unwrap();
        assert_eq!((choice.asked.voice.id, choice.others[0].voice.id.clone()), (english.id, german.id));
        assert!(voices.choice(a_voice("engines/none/voices/x"), Vec::new()).is_err());
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_most_like_it() {
        let one = ToneEngine::new().voices().remove(0);
        let named = |id: &str| Voice { id: id.to_owned(), ..one.clone() };
        let ids = ["heart", "bella", "heath", "sky"].map(|voice| format!("engines/local/voices/{voice}"));
        let all: Vec<Voice> = ids.iter().map(|id| named(id)).collect();
        for (name, expected) in [
            ("hart", "there is no voice `hart`; did you mean engines/local/voices/heart?"),
            ("Heart", "there is no voice `Heart`; did you mean engines/local/voices/heart?"),
            (
                "engines/lokal/voices/heart",
                "there is no voice `engines/lokal/voices/heart`; did you mean engines/local/voices/heart?",
            ),
            ("voices/local/heard", "there is no voice `voices/local/heard`; did you mean engines/local/voices/heart?"),
            (
                "hearh",
                "there is no voice `hearh`; did you mean engines/local/voices/heart or engines/local/voices/heath?",
            ),
        ] {
            let refused = unknown(name, &all);
            assert_eq!((refused.message.as_str(), refused.reason), (expected, Reason::VoiceUnknown));
        }
        for far in ["x", "engines/local/voices/nobody", "heart".repeat(100).as_str()] {
            let refused = unknown(far, &all);
            assert!(refused.message.contains("; choose one of: engines/local/voices/heart, "), "{refused}");
            assert!(refused.message.chars().count() < 400, "{refused}");
        }
        let many: Vec<Voice> = (0..9).map(|at| named(&format!("engines/choir/voices/{at}"))).collect();
        let refused = unknown("somebody", &many);
        assert!(refused.message.ends_with("voices/4, or another that ListVoices shows"), "{refused}");
        assert!(unknown("10", &many).message.matches("engines/choir").count() <= SHOWN);
    }
}
