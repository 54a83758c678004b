//! What an order says of how words are said, as it comes in.

use std::collections::BTreeSet;

use lectern_core::Failure;
use lectern_core::lexicon::MOST_LEXICONS;
use lectern_proto::{convert, names, v1 as api};

use crate::domain::{OrderedLexicon, UsedLexicon, Words};

/// The lexicons that an order names, its own entries, and whether it does without the lexicons that
/// orders have by default. Whether there are such lexicons, and which there are by default, is
/// looked at later.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn lexicon(wire: &api::Narration) -> Result<OrderedLexicon, Failure> {
    let field = "narration.lexicons";
    if wire.lexicons.len() > MOST_LEXICONS {
        let message = format!("{field} has {}, and may have {MOST_LEXICONS}; name fewer", wire.lexicons.len());
        return Err(Failure::invalid(field, message));
    }
    let used = wire.lexicons.iter().enumerate().map(|(place, used)| {
        let id = names::lexicon(&used.name, &format!("{field}[{place}].name"))?;
        Ok(UsedLexicon { id, version: 0 })
    });
    let lexicons = used.collect::<Result<Vec<_>, Failure>>()?;
    let unlike: BTreeSet<_> = lexicons.iter().map(|used| &used.id).collect();
    if unlike.len() < lexicons.len() {
        return Err(Failure::invalid(field, format!("{field} names one lexicon twice; name each once")));
    }
    let own = convert::lexicon_entries("narration.pronunciations", &wire.pronunciations)?;
    let without_defaults = wire.without_default_lexicons;
    Ok(OrderedLexicon { lexicons, own, without_defaults, defaults: Vec::new(), words: Words::Nothing })
}

#[cfg(test)]
mod tests {
    use lectern_core::lexicon::Entry;

    use super::*;

    fn order(names: &[&str], own: &[Entry]) -> api::Narration {
        let used = |name: &&str| api::NarrationLexicon { name: (*name).to_owned(), version: 9 };
        api::Narration {
            lexicons: names.iter().map(used).collect(),
            pronunciations: own.iter().map(convert::lexicon_entry_to_wire).collect(),
            ..api::Narration::default()
        }
    }

    #[test]
    fn lexicons_are_named_each_once_and_entries_are_checked() {
        let own = [Entry::spelt("lead", "led")];
        let read = lexicon(&order(&["lexicons/a", "lexicons/b"], &own)).expect("a lexicon");
        let ids: Vec<_> = read.lexicons.iter().map(|used| (used.id.as_str(), used.version)).collect();
        assert_eq!((ids, read.own), (vec![("a", 0), ("b", 0)], own.to_vec()));
        assert_eq!(lexicon(&api::Narration::default()), Ok(OrderedLexicon::default()));
        let defaults = vec![api::NarrationLexicon { name: "lexicons/c".to_owned(), version: 1 }];
        let shown = api::Narration { default_lexicons: defaults, ..api::Narration::default() };
        assert_eq!(lexicon(&shown), Ok(OrderedLexicon::default()), "which there are, no caller says");
        let without = api::Narration { without_default_lexicons: true, ..api::Narration::default() };
        assert!(lexicon(&without).expect("a lexicon").without_defaults);
        for (names, own, field) in [
            (&["a"][..], &[][..], "narration.lexicons[0].name"),
            (&["lexicons/a", "lexicons/b c"], &[], "narration.lexicons[1].name"),
            (&["lexicons/a", "lexicons/a"], &[], "narration.lexicons"),
            (&["lexicons/a"; 5], &[], "narration.lexicons"),
            (&[], &[Entry::spelt("lead", "")], "narration.pronunciations[0]"),
        ] {
            let refused = lexicon(&order(names, own)).expect_err(field);
            assert_eq!(refused.field.as_deref(), Some(field));
        }
    }
}
