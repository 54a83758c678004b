//! Who speaks an order: the voices that it names, and for those that it does not, voices that are
//! unlike each other.

use std::collections::BTreeMap;

use lectern_core::speakers::{MOST_OTHER_VOICES, MOST_SPEAKERS};
use lectern_core::{Failure, Kind, Reason};

use super::register::{self, Register};
use super::{VOICE, Voices};
use crate::engine::{Speed, Voice};

/// One of those who are to speak.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The name of the voice; empty for one that is to be chosen.
    pub voice: String,
    /// The names of those that may speak in its place.
    pub others: Vec<String>,
}

/// What is asked of voices.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Who is to speak, by place; those after the last are to be chosen.
    pub parts: &'a [Part],
    /// How many speak.
    pub count: usize,
    /// The language, a BCP 47 tag.
    pub language: &'a str,
    /// How fast.
    pub speed: Speed,
}

/// One of those who speak.
#[derive(Debug, Clone, PartialEq)]
pub struct CastVoice {
    /// The voice.
    pub voice: Voice,
    /// Whether the order named it.
    pub named: bool,
    /// Those that may speak in its place.
    pub others: Vec<Voice>,
}

impl Voices {
    /// Who speaks, by place. What is chosen is of none of the engines `without`.
    ///
    /// # Errors
    /// `INVALID_FIELD` at `speakers` or `speed`, `VOICE_UNKNOWN`, `LANGUAGE_UNSUPPORTED`;
    /// `FEATURE_UNAVAILABLE` at `speakers` where there are not so many voices.
    pub fn cast(&self, wanted: &Wanted<'_>, without: &[String]) -> Result<Vec<CastVoice>, Failure> {
        let count = wanted.count.max(1);
        if count > MOST_SPEAKERS || wanted.parts.len() > count {
            let message = format!(
                "{} speakers are named, {count} speak, and at most {MOST_SPEAKERS} can; name fewer",
                wanted.parts.len()
            );
            return Err(Failure::invalid("speakers", message));
        }
        let mut voices = self.named_parts(wanted, count)?;
        for place in 0..count {
            if voices.get(place).is_some_and(Option::is_some) {
                continue;
            }
            let chosen = if count == 1 {
                self.resolve("", wanted.language)?
            } else {
                self.unlike(&voices, wanted, without).ok_or_else(|| self.too_few(count, wanted))?
            };
            if let Some(voice) = voices.get_mut(place) {
                *voice = Some((chosen, false));
            }
        }
        let mut cast = Vec::with_capacity(count);
        for (place, chosen) in voices.into_iter().enumerate() {
            let Some((voice, named)) = chosen else { continue };
            voice.check_speed(wanted.speed)?;
            let others = self.others(place, (&voice, named), wanted)?;
            cast.push(CastVoice { voice, named, others });
        }
        Ok(cast)
    }

    /// The voices that are named, by place.
    fn named_parts(&self, wanted: &Wanted<'_>, count: usize) -> Result<Vec<Option<(Voice, bool)>>, Failure> {
        let mut voices: Vec<Option<(Voice, bool)>> = vec![None; count];
        for (place, part) in wanted.parts.iter().enumerate().filter(|(_, part)| !part.voice.is_empty()) {
            let field = format!("speakers[{place}].voice");
            let voice = self.resolve(&part.voice, wanted.language).map_err(|failure| at(failure, &field))?;
            if taken(&voices, &voice) {
                let message = format!("two speakers have the voice {}; give each their own, or name none", voice.id);
                return Err(Failure::invalid(field, message));
            }
            if let Some(empty) = voices.get_mut(place) {
                *empty = Some((voice, true));
            }
        }
        Ok(voices)
    }

    /// The voices that may speak in the place of that of a speaker, which may be `named`.
    fn others(&self, place: usize, (voice, named): (&Voice, bool), wanted: &Wanted<'_>) -> Result<Vec<Voice>, Failure> {
        let names = wanted.parts.get(place).map(|part| part.others.as_slice()).unwrap_or_default();
        let field = format!("speakers[{place}].other_voices");
        if names.len() > MOST_OTHER_VOICES {
            let message = format!("a speaker has at most {MOST_OTHER_VOICES} other voices; name fewer");
            return Err(Failure::invalid(field, message));
        }
        let mut others: Vec<Voice> = Vec::with_capacity(names.len());
        for name in names {
            // Nobody is chosen in the place of a name.
            let other = if name.is_empty() { self.named(name) } else { self.resolve(name, wanted.language) };
            let other = other.map_err(|failure| at(failure, &field))?;
            if other.id == voice.id && !named {
                // It was chosen of those that there are: it needs nobody like itself.
                continue;
            }
            if other.id == voice.id || others.iter().any(|known| known.id == other.id) {
                let message = format!("{name} is named twice for one speaker; name each voice once");
                return Err(Failure::invalid(field, message));
            }
            other.check_speed(wanted.speed).map_err(|failure| failure.at(field.as_str()))?;
            others.push(other);
        }
        Ok(others)
    }

    /// The voice of the language that is the most unlike those that speak already: of their engine,
    /// or of the first that has enough, with their accent, in a register that few of them have, the
    /// first of its engine.
    fn unlike(&self, voices: &[Option<(Voice, bool)>], wanted: &Wanted<'_>, without: &[String]) -> Option<Voice> {
        let candidates: Vec<Voice> = self
            .speaking(wanted.language)
            .into_iter()
            .filter(|voice| {
                voice.check_speed(wanted.speed).is_ok() && !without.iter().any(|name| name == voice.engine())
            })
            .collect();
        let free: Vec<&Voice> = candidates.iter().filter(|voice| !taken(voices, voice)).collect();
        let first = voices.iter().flatten().map(|(voice, _)| voice).next();
        let missing = voices.iter().filter(|voice| voice.is_none()).count();
        let engine = first.map(Voice::engine).or_else(|| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for voice in &free {
                *counts.entry(voice.engine()).or_default() += 1;
            }
            free.iter()
                .map(|voice| voice.engine())
                .find(|engine| counts.get(engine).is_some_and(|have| *have >= missing))
        });
        let accent = first.and_then(|voice| voice.languages.first());
        let registers: Vec<Register> = voices.iter().flatten().filter_map(|(voice, _)| register::of(voice)).collect();
        let likeness = |voice: &Voice| {
            let register = register::of(voice);
            let heard = registers.iter().filter(|known| Some(**known) == register).count();
            (
                engine.is_some_and(|engine| engine != voice.engine()),
                accent.is_some_and(|accent| voice.languages.first() != Some(accent)),
                // Of a voice whose register is not known, it may be any.
                if register.is_none() { registers.len() } else { heard },
            )
        };
        free.into_iter().min_by_key(|voice| likeness(voice)).cloned()
    }

    /// Refuses what takes more voices than there are.
    fn too_few(&self, count: usize, wanted: &Wanted<'_>) -> Failure {
        let there: Vec<String> = self
            .speaking(wanted.language)
            .into_iter()
            .filter(|voice| voice.check_speed(wanted.speed).is_ok())
            .map(|voice| voice.id)
            .collect();
        let have = match there.as_slice() {
            [] => format!("no voice here speaks {} at this speed", wanted.language),
            [only] => format!("only {only} is here for {}", wanted.language),
            [..] => format!("only {} are here for {}", there.join(", "), wanted.language),
        };
        let message = format!(
            "a dialogue of {count} takes {count} unlike voices, and {have}; an operator adds an engine with several \
             voices to the settings of tts, such as kokoro, google, gemini or espeak, or order another style"
        );
        Failure::new(Kind::Unimplemented, Reason::FeatureUnavailable, message).at("speakers")
    }
}

/// Whether somebody speaks with this voice already.
fn taken(voices: &[Option<(Voice, bool)>], voice: &Voice) -> bool {
    voices.iter().flatten().any(|(known, _)| known.id == voice.id)
}

/// A failure of a voice's name, at the field that names it.
fn at(failure: Failure, field: &str) -> Failure {
    if failure.field.as_deref() == Some(VOICE) { failure.at(field) } else { failure }
}

#[cfg(test)]
mod tests;
