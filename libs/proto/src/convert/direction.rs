//! What only a writer with words of its own can do, between the wire and the content model: how it
//! is to write, and who talks.

use lectern_core::content::script::{Character, DIRECTION_CHARS, Direction, Style};
use lectern_core::{Failure, text};

use super::order::language_tag;
use crate::v1 as api;

/// The most characters of a name of who talks.
pub const CHARACTER_NAME: usize = 40;

/// How many people talk in a dialogue whose order says who.
pub const CAST: std::ops::RangeInclusive<usize> = 2..=4;

/// How a script is to be written.
///
/// # Errors
/// INVALID_ARGUMENT with the field that is wrong, as a path (`narration.direction.tone`).
pub(super) fn direction(wire: &api::Direction) -> Result<Direction, Failure> {
    for (name, words) in [
        ("audience", &wire.audience),
        ("tone", &wire.tone),
        ("focus", &wire.focus),
        ("instructions", &wire.instructions),
    ] {
        text::check(&format!("narration.direction.{name}"), words, DIRECTION_CHARS)?;
    }
    let language = language_tag("narration.direction.language_code", &wire.language_code)?;
    Ok(Direction {
        audience: wire.audience.clone(),
        tone: wire.tone.clone(),
        focus: wire.focus.clone(),
        instructions: wire.instructions.clone(),
        intro: wire.intro,
        outro: wire.outro,
        language: language.unwrap_or_default(),
    })
}

/// Who talks in a script of this style.
///
/// # Errors
/// INVALID_ARGUMENT with the field that is wrong, as a path (`narration.cast[1].name`).
pub(super) fn cast(style: Style, wire: &[api::Character]) -> Result<Vec<Character>, Failure> {
    if wire.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = |message: &str| Failure::invalid("narration.cast", message);
    if style != Style::Dialogue {
        return Err(wrong("only a dialogue has a cast; leave it out, or order STYLE_DIALOGUE"));
    }
    if !CAST.contains(&wire.len()) {
        return Err(wrong("2 to 4 people talk in a dialogue; name so many, or none for the style's own"));
    }
    let mut cast: Vec<Character> = Vec::with_capacity(wire.len());
    for (place, character) in wire.iter().enumerate() {
        let field = |name: &str| format!("narration.cast[{place}].{name}");
        let name = field("name");
        text::check(&name, &character.name, CHARACTER_NAME)?;
        text::check(&field("role"), &character.role, DIRECTION_CHARS)?;
        text::check(&field("manner"), &character.manner, DIRECTION_CHARS)?;
        if character.name.trim().is_empty() {
            return Err(Failure::invalid(name, "a character needs a name, which the others call them by; send one"));
        }
        if cast.iter().any(|other| other.name.to_lowercase() == character.name.to_lowercase()) {
            return Err(Failure::invalid(name, "two characters have one name; give each their own"));
        }
        let api::Character { name, role, manner } = character.clone();
        cast.push(Character { name, role, manner });
    }
    Ok(cast)
}

/// How a script is to be written, in the public API; none where nothing is said.
#[must_use]
pub fn direction_to_wire(direction: &Direction) -> Option<api::Direction> {
    (!direction.is_plain()).then(|| api::Direction {
        audience: direction.audience.clone(),
        tone: direction.tone.clone(),
        focus: direction.focus.clone(),
        instructions: direction.instructions.clone(),
        intro: direction.intro,
        outro: direction.outro,
        language_code: direction.language.clone(),
    })
}

/// Who talks, in the public API.
#[must_use]
pub fn cast_to_wire(cast: &[Character]) -> Vec<api::Character> {
    let character = |Character { name, role, manner }: &Character| api::Character {
        name: name.clone(),
        role: role.clone(),
        manner: manner.clone(),
    };
    cast.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn character(name: &str) -> api::Character {
        api::Character { name: name.to_owned(), ..api::Character::default() }
    }

    fn refused_at<T: std::fmt::Debug>(refused: Result<T, Failure>) -> String {
        refused.expect_err("it is refused").field.unwrap_or_default()
    }

    #[test]
    fn a_direction_is_short_and_in_a_language() {
        let (tone, language_code) = ("ü".repeat(DIRECTION_CHARS), "en".to_owned());
        let fits = api::Direction { tone, language_code, ..Default::default() };
        assert_eq!(direction(&fits).unwrap().language, "en");
        type Change = fn(&mut api::Direction, String);
        let long: [(&str, Change); 4] = [
            ("audience", |wire, text| wire.audience = text),
            ("tone", |wire, text| wire.tone = text),
            ("focus", |wire, text| wire.focus = text),
            ("instructions", |wire, text| wire.instructions = text),
        ];
        for (name, change) in long {
            for text in ["x".repeat(DIRECTION_CHARS + 1), "calm\u{1b}".to_owned()] {
                let mut wire = api::Direction::default();
                change(&mut wire, text);
                assert_eq!(refused_at(direction(&wire)), format!("narration.direction.{name}"));
            }
        }
        let english = api::Direction { language_code: "English!".to_owned(), ..Default::default() };
        assert_eq!(refused_at(direction(&english)), "narration.direction.language_code");
    }

    #[test]
    fn two_to_four_with_names_of_their_own_talk_in_a_dialogue() {
        let named = |names: &[&str]| names.iter().map(|name| character(name)).collect::<Vec<_>>();
        assert_eq!(cast(Style::Narration, &[]), Ok(Vec::new()));
        assert_eq!(cast(Style::Dialogue, &named(&["Ann", "Bo"])).unwrap().len(), 2);
        let long = "x".repeat(CHARACTER_NAME + 1);
        for (style, names, field) in [
            (Style::Lesson, &["Ann", "Bo"][..], "narration.cast"),
            (Style::Dialogue, &["Ann"], "narration.cast"),
            (Style::Dialogue, &["A", "B", "C", "D", "E"], "narration.cast"),
            (Style::Dialogue, &["Ann", " "], "narration.cast[1].name"),
            (Style::Dialogue, &["Ann", "ANN"], "narration.cast[1].name"),
            (Style::Dialogue, &["Ann", long.as_str()], "narration.cast[1].name"),
        ] {
            assert_eq!(refused_at(cast(style, &named(names))), field, "{names:?}");
        }
        let mut wordy = named(&["Ann", "Bo"]);
        wordy[0].role = "x".repeat(DIRECTION_CHARS + 1);
        assert_eq!(refused_at(cast(Style::Dialogue, &wordy)), "narration.cast[0].role");
        wordy[0] = api::Character { manner: "a\nb".to_owned(), ..character("Ann") };
        assert_eq!(refused_at(cast(Style::Dialogue, &wordy)), "narration.cast[0].manner");
    }
}
