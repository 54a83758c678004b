//! What a caller says of how words are said.

use lectern_core::Digest;
use lectern_core::id::LexiconId;
use lectern_core::lexicon::Entry;
use serde::{Deserialize, Serialize};

/// A lexicon that an order names or has by default, and which version of it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedLexicon {
    /// Its id.
    pub id: LexiconId,
    /// The version; 0 before it is looked at.
    pub version: u64,
}

/// What an order says of how its words are said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderedLexicon {
    /// The lexicons that it names, in its order.
    pub lexicons: Vec<UsedLexicon>,
    /// Entries of its own.
    pub own: Vec<Entry>,
    /// Whether it does without the lexicons that orders have by default.
    pub without_defaults: bool,
    /// The lexicons that it has by default, by id, but for those that it names; none before they
    /// are looked at.
    pub defaults: Vec<UsedLexicon>,
    /// What all of these come to.
    pub words: Words,
}

/// What words are said by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Words {
    /// Nothing, or it is not looked at yet.
    #[default]
    Nothing,
    /// These entries, of which the first counts for words that several are for; at least one.
    Entries(Vec<Entry>),
    /// What tts has put under this key, when the order was accepted.
    Put(Digest),
}

/// What tells it from others in the text that a request is known by; empty where nothing is
/// ordered. What a lexicon has by now is no part of it, and neither is which there are by default:
/// the same request is the same narration.
pub(super) fn written(lexicon: &OrderedLexicon) -> String {
    let OrderedLexicon { lexicons, own, without_defaults, defaults: _, words: _ } = lexicon;
    let mut text: String = lexicons.iter().map(|used| format!("\nlexicon:{}", used.id)).collect();
    if !own.is_empty() {
        text.push_str(&format!("\nwords:{}", Digest::of(format!("{own:?}").as_bytes())));
    }
    if *without_defaults {
        text.push_str("\nwithout default lexicons");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn used(id: &str, version: u64) -> UsedLexicon {
        UsedLexicon { id: id.parse().expect("an id"), version }
    }

    #[test]
    fn a_request_is_known_by_the_names_and_the_entries_that_its_caller_sent() {
        let nothing = OrderedLexicon::default();
        assert!(written(&nothing).is_empty());
        let own = |ipa: &str| OrderedLexicon { own: vec![Entry::sounds("lead", ipa)], ..OrderedLexicon::default() };
        let named = |ids: &[&str]| OrderedLexicon {
            lexicons: ids.iter().map(|id| used(id, 0)).collect(),
            ..OrderedLexicon::default()
        };
        let without = |named: OrderedLexicon| OrderedLexicon { without_defaults: true, ..named };
        let all = [
            own("lɛd"),
            own("liːd"),
            named(&["a"]),
            named(&["a", "b"]),
            named(&["b", "a"]),
            without(named(&["a"])),
            without(nothing),
        ];
        assert_eq!(all.iter().map(written).collect::<BTreeSet<_>>().len(), all.len());
        let later = OrderedLexicon { lexicons: vec![used("a", 7)], defaults: vec![used("b", 2)], ..named(&[]) };
        assert_eq!(written(&later), written(&named(&["a"])), "whatever these have come to");
    }

    #[test]
    fn a_retry_has_what_was_put_when_the_order_was_accepted() {
        let mut n = crate::testing::narration();
        assert_eq!(n.request().lexicon, OrderedLexicon::default());
        let (key, lexicons) = (Digest::of(b"words"), vec![used("a", 3)]);
        n.pins.speakers = n.pins.speakers.clone().with_lexicon(Some(key));
        n.spec.lexicons.clone_from(&lexicons);
        n.spec.default_lexicons = vec![used("b", 2)];
        let defaults = vec![used("b", 2)];
        let words = Words::Put(key);
        let expected = OrderedLexicon { lexicons, own: Vec::new(), without_defaults: false, defaults, words };
        assert_eq!(n.request().lexicon, expected);
        n.spec.without_default_lexicons = true;
        assert!(n.request().lexicon.without_defaults);
    }
}
