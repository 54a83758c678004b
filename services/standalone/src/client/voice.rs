//! The voice of an order, as people name it: `heart` or `local/heart` for
//! `engines/local/voices/heart`.

use lectern_core::similar::distance;
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::Voice;

/// The whole name of the voice that is called so: by its whole name, by those of its engine and of
/// itself, or by the last part of it.
///
/// # Errors
/// `VOICE_UNKNOWN`, naming the nearest one; also where several engines have one of that name.
pub fn named(name: &str, voices: &[Voice]) -> Result<String, Failure> {
    found(name, voices).map_err(|why| unknown(&format!("--voice: {why}"), "narration.speakers.voice"))
}

/// The whole name of a voice that may speak in the place of another one.
///
/// # Errors
/// Those of [`named`].
pub fn other(name: &str, voices: &[Voice]) -> Result<String, Failure> {
    found(name, voices).map_err(|why| unknown(&format!("--other-voice: {why}"), "narration.speakers.other_voices"))
}

/// The whole name of a voice, or why there is none.
fn found(name: &str, voices: &[Voice]) -> Result<String, String> {
    if let Some(voice) = voices.iter().find(|voice| voice.name == name || is_of_engine(voice, name)) {
        return Ok(voice.name.clone());
    }
    let found: Vec<&Voice> = voices.iter().filter(|voice| short(voice).eq_ignore_ascii_case(name)).collect();
    match found[..] {
        [voice] => Ok(voice.name.clone()),
        [] => {
            let nearest = nearest(name, voices).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            Err(format!("there is no voice {name}; {nearest}`lectern voices` lists them"))
        }
        [..] => {
            let all = found.iter().map(|voice| voice.name.as_str()).collect::<Vec<_>>().join(", ");
            Err(format!("{name} is any of {all}; name one of them"))
        }
    }
}

/// The default voice of a language among those that can be ordered, in their order.
#[must_use]
pub fn default_of<'a>(language: &str, voices: &'a [Voice]) -> Option<&'a str> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let wanted = primary(language);
    let speaks = |voice: &&Voice| {
        wanted.is_empty() || wanted == "und" || voice.language_codes.iter().any(|tag| primary(tag) == wanted)
    };
    voices.iter().find(speaks).map(|voice| voice.name.as_str())
}

/// Whether a voice is called so: `local/heart` is `engines/local/voices/heart`.
fn is_of_engine(voice: &Voice, name: &str) -> bool {
    let parts = voice.name.strip_prefix("engines/").and_then(|rest| rest.split_once("/voices/"));
    parts.zip(name.split_once('/')).is_some_and(|((engine, voice), (named_engine, named_voice))| {
        engine.eq_ignore_ascii_case(named_engine) && voice.eq_ignore_ascii_case(named_voice)
    })
}

/// The last part of a voice's name.
fn short(voice: &Voice) -> &str {
    voice.name.rsplit('/').next().unwrap_or(&voice.name)
}

/// The name that is most like `name`, where one is like it at all: by its last part, or whole.
fn nearest<'a>(name: &str, voices: &'a [Voice]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let candidates = voices.iter().flat_map(|voice| [short(voice), voice.name.as_str()]);
    candidates
        .map(|candidate| (distance(candidate, &name), candidate))
        .filter(|(distance, _)| *distance <= 2 + name.len() / 5)
        .min()
        .map(|(_, candidate)| candidate)
}

fn unknown(message: &str, field: &str) -> Failure {
    Failure::new(Kind::InvalidArgument, Reason::VoiceUnknown, message).at(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voices() -> Vec<Voice> {
        let voice = |name: &str, language: &str| Voice {
            name: name.to_owned(),
            language_codes: vec![language.to_owned()],
            ..Voice::default()
        };
        vec![
            voice("engines/local/voices/heart", "en-US"),
            voice("engines/local/voices/anna", "de"),
            voice("engines/other/voices/anna", "de"),
        ]
    }

    #[test]
    fn a_voice_is_named_wholly_or_by_its_last_part() {
        for name in ["heart", "Heart", "local/heart", "Local/Heart", "engines/local/voices/heart"] {
            assert_eq!(named(name, &voices()), Ok("engines/local/voices/heart".to_owned()));
        }
        for (name, says) in [
            ("hart", "did you mean heart?"),
            ("engines/local/voices/hearts", "did you mean engines/local/voices/heart?"),
            ("bartholomew", "there is no voice bartholomew; `lectern voices`"),
            ("anna", "any of engines/local/voices/anna, engines/other/voices/anna"),
        ] {
            let failure = named(name, &voices()).unwrap_err();
            assert!(failure.message.contains(says) && failure.message.contains("--voice"), "{failure}");
        }
    }

    #[test]
    fn the_default_voice_is_the_first_that_speaks_the_language() {
        for (language, expected) in [
            ("en", Some("engines/local/voices/heart")),
            ("de-CH", Some("engines/local/voices/anna")),
            ("und", Some("engines/local/voices/heart")),
            ("fi", None),
        ] {
            assert_eq!(default_of(language, &voices()), expected, "{language}");
        }
    }
}
