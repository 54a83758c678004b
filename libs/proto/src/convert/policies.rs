//! What becomes of blocks in other languages and of emoji, between the wire and the content model.

use std::collections::BTreeSet;

use lectern_core::Failure;
use lectern_core::content::script::{EmojiPolicy, OtherLanguages};
use lectern_core::speakers::primary;

use super::order::language_tag;
use crate::v1 as api;

/// The most languages that an order names.
pub const SPOKEN_LANGUAGES: usize = 20;

/// What becomes of blocks in other languages; `spoken` are those that are spoken, none for all.
///
/// # Errors
/// INVALID_ARGUMENT with the field that is wrong.
pub(super) fn other_languages(wire: i32, spoken: &[String]) -> Result<OtherLanguages, Failure> {
    let field = "narration.spoken_languages";
    if spoken.len() > SPOKEN_LANGUAGES {
        let message = format!("{field} has {} languages; name at most {SPOKEN_LANGUAGES}", spoken.len());
        return Err(Failure::invalid(field, message));
    }
    let mut languages = BTreeSet::new();
    for tag in spoken {
        let named = language_tag(field, tag)?;
        let named = named.ok_or_else(|| Failure::invalid(field, "a language is empty; name it, such as `de`"))?;
        languages.insert(primary(&named));
    }
    let others = match api::OtherLanguages::try_from(wire) {
        Ok(api::OtherLanguages::Speak) => return Ok(OtherLanguages::Speak(languages)),
        Ok(api::OtherLanguages::Unspecified | api::OtherLanguages::Skip) => OtherLanguages::Skip,
        Ok(api::OtherLanguages::Refuse) => OtherLanguages::Refuse,
        Err(_) => {
            let message = "use OTHER_LANGUAGES_SKIP, OTHER_LANGUAGES_SPEAK or OTHER_LANGUAGES_REFUSE";
            return Err(Failure::invalid("narration.other_languages", message));
        }
    };
    if languages.is_empty() {
        return Ok(others);
    }
    Err(Failure::invalid(field, "languages are spoken with OTHER_LANGUAGES_SPEAK alone; set that, or name none"))
}

/// What becomes of emoji.
///
/// # Errors
/// INVALID_ARGUMENT at `narration.emoji`.
pub(super) fn emoji(wire: i32) -> Result<EmojiPolicy, Failure> {
    match api::EmojiPolicy::try_from(wire) {
        Ok(api::EmojiPolicy::Unspecified | api::EmojiPolicy::Name) => Ok(EmojiPolicy::Named),
        Ok(api::EmojiPolicy::Drop) => Ok(EmojiPolicy::Dropped),
        Err(_) => Err(Failure::invalid("narration.emoji", "use EMOJI_POLICY_NAME or EMOJI_POLICY_DROP")),
    }
}

/// What becomes of blocks in other languages in the public API, with the languages that are spoken.
#[must_use]
pub fn other_languages_to_wire(others: &OtherLanguages) -> (api::OtherLanguages, Vec<String>) {
    match others {
        OtherLanguages::Skip => (api::OtherLanguages::Skip, Vec::new()),
        OtherLanguages::Speak(languages) => (api::OtherLanguages::Speak, languages.iter().cloned().collect()),
        OtherLanguages::Refuse => (api::OtherLanguages::Refuse, Vec::new()),
    }
}

/// What becomes of emoji in the public API.
#[must_use]
pub const fn emoji_to_wire(emoji: EmojiPolicy) -> api::EmojiPolicy {
    match emoji {
        EmojiPolicy::Named => api::EmojiPolicy::Name,
        EmojiPolicy::Dropped => api::EmojiPolicy::Drop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn what_is_chosen_is_read_as_it_is_written() {
        let spoken = OtherLanguages::Speak(BTreeSet::from(["de".to_owned(), "fr".to_owned()]));
        for others in [OtherLanguages::Skip, OtherLanguages::Refuse, spoken.clone()] {
            let (wire, languages) = other_languages_to_wire(&others);
            assert_eq!(other_languages(wire.into(), &languages), Ok(others));
        }
        let named = other_languages(api::OtherLanguages::Speak.into(), &tags(&["fr-CA", "DE", "de-AT"]));
        assert_eq!(named, Ok(spoken), "by their primary subtags, each once");
        for emoji in [EmojiPolicy::Named, EmojiPolicy::Dropped] {
            assert_eq!(super::emoji(emoji_to_wire(emoji).into()), Ok(emoji));
        }
        assert_eq!((other_languages(0, &[]), super::emoji(0)), (Ok(OtherLanguages::Skip), Ok(EmojiPolicy::Named)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_field() {
        let speak = api::OtherLanguages::Speak.into();
        let many: Vec<String> = ('a'..='u').map(|letter| format!("x{letter}")).collect();
        for (wire, languages, field) in [
            (99, tags(&[]), "narration.other_languages"),
            (api::OtherLanguages::Refuse.into(), tags(&["de"]), "narration.spoken_languages"),
            (0, tags(&["de"]), "narration.spoken_languages"),
            (speak, tags(&["german"]), "narration.spoken_languages"),
            (speak, tags(&[""]), "narration.spoken_languages"),
            (speak, many, "narration.spoken_languages"),
        ] {
            let refused = other_languages(wire, &languages).unwrap_err();
            assert_eq!(refused.field.as_deref(), Some(field), "{languages:?}");
        }
        assert_eq!(emoji(9).unwrap_err().field.as_deref(), Some("narration.emoji"));
    }
}
