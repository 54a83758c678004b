use super::*;
use crate::engine::Capabilities;
use crate::engine::tone::ToneEngine;
use crate::testing::{a_voice, on_a_core};

/// Voices by their ids and languages, each of an engine of its own object.
fn voices(all: &[(&str, &str)]) -> Voices {
    let voice = |(id, language): &(&str, &str)| Voice { languages: vec![(*language).to_owned()], ..a_voice(id) };
    Voices::new(all.iter().map(|one| on_a_core(&std::sync::Arc::new(ToneEngine::speaking_as(voice(one))))).collect())
}

fn part(voice: &str) -> Part {
    Part { voice: voice.to_owned(), others: Vec::new() }
}

fn wanted(parts: &[Part], count: usize) -> Wanted<'_> {
    Wanted { parts, count, language: "en", speed: Speed::NORMAL }
}

fn ids(cast: &[CastVoice]) -> Vec<&str> {
    cast.iter().map(|one| one.voice.id.as_str()).collect()
}

const CLOUD: [(&str, &str); 6] = [
    ("engines/one/voices/solo", "en-US"),
    ("engines/cloud/voices/Kore", "en-US"),
    ("engines/cloud/voices/Leda", "en-US"),
    ("engines/cloud/voices/en-GB-Puck", "en-GB"),
    ("engines/cloud/voices/Charon", "en-US"),
    ("engines/cloud/voices/de", "de-DE"),
];

#[test]
fn one_speaker_has_the_named_voice_or_the_default() {
    let voices = voices(&CLOUD);
    let cast = voices.cast(&wanted(&[], 1), &[]).unwrap();
    assert_eq!((ids(&cast), cast[0].named), (vec!["engines/one/voices/solo"], false));
    let named = [part("engines/cloud/voices/Leda")];
    let cast = voices.cast(&wanted(&named, 1), &[]).unwrap();
    assert_eq!((ids(&cast), cast[0].named), (vec!["engines/cloud/voices/Leda"], true));
}

#[test]
fn those_who_are_chosen_are_unlike_and_of_one_engine() {
    let voices = voices(&CLOUD);
    let cast = voices.cast(&wanted(&[], 2), &[]).unwrap();
    // The first engine has one voice alone; of the others the accent goes before the register.
    assert_eq!(ids(&cast), ["engines/cloud/voices/Kore", "engines/cloud/voices/Charon"]);
    let cast = voices.cast(&wanted(&[], 4), &[]).unwrap();
    let all = ["Kore", "Charon", "Leda", "en-GB-Puck"].map(|name| format!("engines/cloud/voices/{name}"));
    assert_eq!(ids(&cast), all);
    let named = [part(""), part("engines/cloud/voices/Charon")];
    let cast = voices.cast(&wanted(&named, 2), &[]).unwrap();
    assert_eq!(ids(&cast), ["engines/cloud/voices/Kore", "engines/cloud/voices/Charon"], "at its place");
    assert_eq!(cast.iter().map(|one| one.named).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn two_engines_speak_where_none_has_enough() {
    let voices = voices(&[("engines/a/voices/x", "en"), ("engines/b/voices/y", "en"), ("engines/c/voices/z", "de")]);
    let cast = voices.cast(&wanted(&[], 2), &[]).unwrap();
    assert_eq!(ids(&cast), ["engines/a/voices/x", "engines/b/voices/y"]);
    let refused = voices.cast(&wanted(&[], 3), &[]).unwrap_err();
    assert_eq!((refused.kind, refused.reason), (Kind::Unimplemented, Reason::FeatureUnavailable));
    assert_eq!(refused.field.as_deref(), Some("speakers"));
    assert!(refused.message.contains("only engines/a/voices/x, engines/b/voices/y are here for en"), "{refused}");
    let refused = voices.cast(&wanted(&[], 2), &["b".to_owned()]).unwrap_err();
    assert_eq!(refused.reason, Reason::FeatureUnavailable, "an engine that cannot speak now is left out");
}

#[test]
fn a_dialogue_by_one_voice_is_refused_with_what_helps() {
    let refused = voices(&CLOUD[..1]).cast(&wanted(&[], 2), &[]).unwrap_err();
    assert_eq!(refused.reason, Reason::FeatureUnavailable);
    assert!(refused.message.contains("only engines/one/voices/solo is here"), "{refused}");
    assert!(refused.message.contains("such as kokoro, google, gemini or espeak"), "{refused}");
}

#[test]
fn voices_that_cannot_be_meant_are_refused_with_their_speaker() {
    let voices = voices(&CLOUD);
    let kore = "engines/cloud/voices/Kore";
    let with_others = |others: &[&str]| {
        vec![Part { voice: kore.to_owned(), others: others.iter().map(|name| (*name).to_owned()).collect() }]
    };
    for (parts, count, field, reason) in [
        (vec![part(kore), part("engines/no/voices/body")], 2, "speakers[1].voice", Reason::VoiceUnknown),
        (vec![part(""), part("engines/cloud/voices/de")], 2, "speakers[1].voice", Reason::LanguageUnsupported),
        (vec![part(kore), part(kore)], 2, "speakers[1].voice", Reason::InvalidField),
        (vec![part(kore), part("")], 1, "speakers", Reason::InvalidField),
        (Vec::new(), 5, "speakers", Reason::InvalidField),
        (with_others(&["engines/no/voices/body"]), 1, "speakers[0].other_voices", Reason::VoiceUnknown),
        (with_others(&[""]), 1, "speakers[0].other_voices", Reason::VoiceUnknown),
        (with_others(&[kore]), 1, "speakers[0].other_voices", Reason::InvalidField),
        (with_others(&["engines/cloud/voices/de"]), 1, "speakers[0].other_voices", Reason::LanguageUnsupported),
        (with_others(&["a", "b", "c", "d"]), 1, "speakers[0].other_voices", Reason::InvalidField),
    ] {
        let refused = voices.cast(&wanted(&parts, count), &[]).unwrap_err();
        assert_eq!((refused.field.as_deref(), refused.reason), (Some(field), reason), "{refused}");
    }
    let solo = "engines/one/voices/solo";
    let cast = voices.cast(&wanted(&with_others(&[solo]), 1), &[]).unwrap();
    assert_eq!(cast[0].others[0].id, solo);
    let chosen = Part { voice: String::new(), others: vec![solo.to_owned(), kore.to_owned()] };
    let cast = voices.cast(&wanted(&[chosen], 1), &[]).unwrap();
    let others: Vec<&str> = cast[0].others.iter().map(|voice| voice.id.as_str()).collect();
    assert_eq!((cast[0].voice.id.as_str(), others), (solo, vec![kore]), "the one that is chosen is no other one");
}

#[test]
fn a_voice_that_has_not_the_tempo_is_not_chosen_for_a_dialogue() {
    let fixed = Voice {
        capabilities: Capabilities { speeds: (Speed::NORMAL, Speed::NORMAL), ..Capabilities::default() },
        ..a_voice("engines/a/voices/fixed")
    };
    let all = [fixed, a_voice("engines/a/voices/x"), a_voice("engines/a/voices/y")];
    let voices = Voices::new(all.map(|voice| on_a_core(&std::sync::Arc::new(ToneEngine::speaking_as(voice)))).to_vec());
    let fast = Wanted { speed: Speed::FASTEST, ..wanted(&[], 2) };
    assert_eq!(ids(&voices.cast(&fast, &[]).unwrap()), ["engines/a/voices/x", "engines/a/voices/y"]);
}
