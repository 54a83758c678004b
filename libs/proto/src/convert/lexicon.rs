//! How words are said, between the wire and the content model.

use lectern_core::Failure;
use lectern_core::lexicon::{self, Entry, Lexicon, Written};

use super::order::language_tag;
use crate::{tts::v1 as tts, v1 as api, v1::lexicon_entry::Written as Wire};

/// The entries of one list, checked.
///
/// # Errors
/// INVALID_ARGUMENT naming the entry under `field`.
pub fn lexicon_entries(field: &str, wire: &[api::LexiconEntry]) -> Result<Vec<Entry>, Failure> {
    let entries = wire.iter().enumerate().map(|(place, wire)| entry(&format!("{field}[{place}]"), wire));
    lexicon::checked(field, entries.collect::<Result<_, _>>()?)
}

fn entry(field: &str, wire: &api::LexiconEntry) -> Result<Entry, Failure> {
    let written = match &wire.written {
        Some(Wire::Text(text)) => Written::Text(text.clone()),
        Some(Wire::Pattern(pattern)) => Written::Pattern(pattern.clone()),
        None => {
            let message = format!("{field} does not say of what; give it a `text` or a `pattern`");
            return Err(Failure::invalid(field, message));
        }
    };
    let language = language_tag(&format!("{field}.language_code"), &wire.language_code)?;
    Ok(Entry {
        written,
        ipa: wire.ipa.clone(),
        respelling: wire.respelling.clone(),
        language: language.unwrap_or_default(),
        match_case: wire.match_case,
    })
}

/// An entry in the public API.
#[must_use]
pub fn lexicon_entry_to_wire(entry: &Entry) -> api::LexiconEntry {
    let Entry { written, ipa, respelling, language, match_case } = entry.clone();
    let written = match written {
        Written::Text(text) => Wire::Text(text),
        Written::Pattern(pattern) => Wire::Pattern(pattern),
    };
    api::LexiconEntry { written: Some(written), ipa, respelling, language_code: language, match_case }
}

/// What the words of an order are said by, as tts is told. Each of its lists was checked where it
/// came in.
///
/// # Errors
/// INVALID_ARGUMENT naming the entry.
pub fn order_lexicon(wire: &tts::OrderLexicon) -> Result<Lexicon, Failure> {
    let read = |(place, wire): (usize, &api::LexiconEntry)| {
        let field = format!("lexicon.entries[{place}]");
        entry(&field, wire)?.checked(&field)
    };
    let entries = wire.entries.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Lexicon::of(&wire.language_code, entries))
}

/// What the words of an order in this language are said by, for tts.
#[must_use]
pub fn order_lexicon_to_wire(language_code: &str, entries: &[Entry]) -> tts::OrderLexicon {
    let entries = entries.iter().map(lexicon_entry_to_wire).collect();
    tts::OrderLexicon { language_code: language_code.to_owned(), entries }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_as_they_were() {
        let sounds =
            Entry { language: "en-GB".to_owned(), match_case: true, ..Entry::sounds("Siobhán", "ʃɪˈvɔːn") };
        let pattern = Entry { written: Written::Pattern("*.rs".to_owned()), ..Entry::spelt("", "* dot R S") };
        let entries = vec![sounds, pattern];
        let wire = order_lexicon_to_wire("en", &entries);
        assert_eq!(order_lexicon(&wire), Ok(Lexicon::of("en", entries.clone())));
        assert_eq!(lexicon_entries("lexicon.entries", &wire.entries), Ok(entries));
    }

    #[test]
    fn an_entry_that_cannot_be_meant_is_refused_by_its_field() {
        let fine = || lexicon_entry_to_wire(&Entry::spelt("lead", "led"));
        for (wrong, field) in [
            (api::LexiconEntry { written: None, ..fine() }, "e[1]"),
            (api::LexiconEntry { language_code: "english".to_owned(), ..fine() }, "e[1].language_code"),
            (api::LexiconEntry { ipa: "l3d".to_owned(), ..fine() }, "e[1].ipa"),
        ] {
            let refused = lexicon_entries("e", &[fine(), wrong]).expect_err(field);
            assert_eq!(refused.field.as_deref(), Some(field));
        }
    }
}
