//! Words that a line break divided. The printed page does not say whether a hyphen at the end of a
//! line belongs to the word; the rest of the document often does.

use std::collections::HashMap;

use super::unicode::BREAK_HYPHENS;

/// The words of a document that were seen whole, in lower case, with how often.
#[derive(Debug, Default)]
pub struct Words {
    seen: HashMap<String, u32>,
}

/// How two parts of a line-broken word are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// The hyphen was the line break's: `exam-` + `ple`.
    Without,
    /// The hyphen is the word's: `one-` + `sided`.
    With,
    /// Two words, with a space.
    Space,
}

impl Words {
    /// Counts the words of one line. Its last word is left out where it ends in a hyphen, its first
    /// where `continues`.
    pub fn add_line(&mut self, line: &str, continues: bool) {
        let mut words = line.split_whitespace().peekable();
        if continues {
            words.next();
        }
        while let Some(word) = words.next() {
            if words.peek().is_none() && ends_divided(word) {
                break;
            }
            let key = key(word);
            if key.is_empty() {
                continue;
            }
            // A part of a compound says nothing about the compound, but is itself a word.
            *self.seen.entry(key).or_insert(0) += 1;
        }
    }

    fn count(&self, word: &str) -> u32 {
        self.seen.get(word).copied().unwrap_or(0)
    }

    /// Whether the parts are two words of the document that it nowhere writes as one: an adverb and
    /// what it says more of (`statically-` + `typed`), or two long ones (`model-` + `based`). Two
    /// short ones may be the syllables of a third (`some-` + `thing`).
    fn compounds(&self, head: &str, first: &str) -> bool {
        let long = |word: &str| word.chars().count() >= LONG;
        // `apply-` + `ing` ends a word, and goes on with none.
        let adverb = head.ends_with("ly") && long(head) && first.chars().count() > LONGEST_ENDING;
        self.count(head) > 0 && (adverb || long(head) && long(first) && self.count(first) > 0)
    }

    /// How a line that ends in `last` and the next one, which starts with `first`, are joined.
    #[must_use]
    pub fn joint(&self, last: &str, first: &str) -> Joint {
        let Some(hyphen) = last.chars().last().filter(|char| is_hyphen(*char)) else { return Joint::Space };
        let head: &str = &last[..last.len() - hyphen.len_utf8()];
        let (Some(before), Some(after)) = (head.chars().last(), first.chars().next()) else { return Joint::Space };
        if BREAK_HYPHENS.contains(&hyphen) {
            return Joint::Without;
        }
        // A dash between words, an open range or a minus sign divides nothing.
        if !before.is_alphanumeric() {
            return Joint::Space;
        }
        if !after.is_alphanumeric() {
            return Joint::With;
        }
        // `ARITHMETIC EVALUA-` + `TION` is one word; `Anglo-` + `Saxon` is two. Capitals alone
        // divide as small letters do.
        let capitals = |word: &str| {
            word.chars().filter(|char| char.is_alphabetic()).count() > 1
                && word.chars().all(|char| !char.is_lowercase() && !char.is_numeric())
        };
        let part = |word: &str| word.rsplit('-').next().is_some_and(capitals);
        let divided = part(head) && first.split('-').next().is_some_and(capitals);
        if before.is_numeric() || after.is_numeric() {
            return Joint::With;
        }
        let upper = after.is_uppercase() && !divided;
        let (head, first) = (key(head), key(first));
        if head.is_empty() || first.is_empty() {
            return Joint::With;
        }
        let joined = self.count(&format!("{head}{first}"));
        let hyphened = self.count(&format!("{head}-{first}"));
        if joined > hyphened {
            return Joint::Without;
        }
        // `Camel` + `Case` was joined above, where the document writes it so elsewhere.
        if hyphened > 0 || upper {
            return Joint::With;
        }
        // `state-of-the-` + `art`: a word that has hyphens already keeps the next.
        if head.contains('-') {
            return Joint::With;
        }
        // "pre- and post-war": the hyphen hangs, the next word is a conjunction.
        if matches!(first.as_str(), "and" | "or" | "to" | "und" | "oder" | "et" | "ou" | "y" | "o") {
            return Joint::Space;
        }
        if COMPOUND_HEADS.contains(&head.as_str()) || self.compounds(&head, &first) {
            return Joint::With;
        }
        Joint::Without
    }
}

/// First parts that nearly always keep their hyphen in English. "ex" and "all" are syllables more
/// often: `ex-` + `pected`, `all-` + `ocation`.
const COMPOUND_HEADS: [&str; 8] = ["self", "well", "non", "half", "quasi", "cross", "one", "two"];
/// Letters of a word that is hardly a syllable of another.
const LONG: usize = 5;
/// Letters of the longest ending of a verb in "ly": "ing".
const LONGEST_ENDING: usize = 3;

/// Whether a line's last word is one that the line break may have divided.
#[must_use]
pub fn ends_divided(line: &str) -> bool {
    let line = line.trim_end();
    let mut chars = line.chars().rev();
    chars.next().is_some_and(is_hyphen) && chars.next().is_some_and(char::is_alphanumeric)
}

const fn is_hyphen(char: char) -> bool {
    matches!(char, '-' | '\u{2010}' | '\u{ad}' | '\u{fffe}' | '\u{2}' | '\u{2011}')
}

fn key(word: &str) -> String {
    word.trim_matches(|char: char| !char.is_alphanumeric())
        .chars()
        .map(|char| if char == '\u{2010}' || char == '\u{2011}' { '-' } else { char })
        .filter(|char| !BREAK_HYPHENS.contains(char))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_decides_whether_a_hyphen_stays() {
        let mut words = Words::default();
        words.add_line("a one-sided view, for example, of the re-entry in JavaScript, with X-RAY", false);
        for (last, first, wanted) in [
            ("one-", "sided", Joint::With),
            ("exam-", "ple,", Joint::Without),
            ("un-", "known", Joint::Without),
            ("re-", "entry", Joint::With),
            ("soft\u{ad}", "ware", Joint::Without),
            ("lost\u{fffe}", "glyph", Joint::Without),
            ("mea\u{2010}", "sured", Joint::Without),
            ("state-of-the-", "art", Joint::With),
            ("pre-", "and", Joint::Space),
            ("Anglo-", "Saxon", Joint::With),
            ("Java-", "Script", Joint::Without),
            ("EVALUA-", "TION.", Joint::Without),
            ("X-", "RAY", Joint::With),
            ("GPL-", "2", Joint::With),
            ("1914-", "18", Joint::With),
            ("self-", "taught", Joint::With),
            ("plain", "word", Joint::Space),
            ("dash -", "word", Joint::Space),
        ] {
            assert_eq!(words.joint(last, first), wanted, "{last} {first}");
        }
    }

    #[test]
    fn two_words_of_the_document_are_a_compound() {
        let mut words = Words::default();
        words.add_line(
            "The model is based on a statically typed thing of some kind, the tool is made by an analyst",
            false,
        );
        words.add_line("Others apply it", false);
        for (last, first, wanted) in [
            ("statically-", "typed", Joint::With),
            ("statically-", "checked", Joint::With),
            ("model-", "based", Joint::With),
            ("some-", "thing", Joint::Without),
            ("analy-", "sis", Joint::Without),
            ("ex-", "cellent", Joint::Without),
            ("ex-", "pected", Joint::Without),
            ("model-", "ling", Joint::Without),
            ("apply-", "ing", Joint::Without),
        ] {
            assert_eq!(words.joint(last, first), wanted, "{last} {first}");
        }
    }

    #[test]
    fn divided_words_are_not_counted_as_words() {
        let mut words = Words::default();
        words.add_line("the tele-", false);
        words.add_line("graph of the line", true);
        assert_eq!(words.count("tele"), 0);
        assert_eq!(words.count("graph"), 0);
        assert_eq!(words.count("line"), 1);
    }
}
