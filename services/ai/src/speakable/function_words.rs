//! Words that carry no subject, and what they tell: where a breath may be taken, which sentence
//! leans on another, which word two texts do not share. A language has the words, in small letters.

use super::language::Breath;

/// Characters that a stem has at least.
pub(crate) const SHORTEST_STEM: usize = 4;

/// The words of one language.
#[derive(Debug)]
pub(crate) struct FunctionWords {
    /// Words that every text has, with a space around each.
    pub(crate) common: &'static str,
    /// How sentences begin that lean on the one before them, with a space around each.
    pub(crate) leaning: &'static str,
    /// Words that begin a clause.
    pub(crate) clauses: &'static [&'static str],
    /// Words that begin a phrase.
    pub(crate) phrases: &'static [&'static str],
    /// A word without what is elided before it; [`itself`] where nothing ever is.
    pub(crate) without_elision: fn(&str) -> &str,
    /// The word that what is elided before a word stands for, where that begins a clause or a
    /// phrase; [`itself`] where nothing ever is elided.
    pub(crate) first: fn(&str) -> &str,
    /// What forms of a word share.
    pub(crate) stem: fn(&str) -> &str,
}

impl FunctionWords {
    /// Whether every text has the word, so that it tells no subject.
    pub(crate) fn is_common(&self, word: &str) -> bool {
        let has = |word: &str| self.common.contains(&format!(" {word} "));
        let rest = (self.without_elision)(word);
        has(word) || (rest != word && has(rest))
    }

    /// Whether a sentence that begins with the word leans on the one before it.
    pub(crate) fn leans(&self, word: &str) -> bool {
        self.leaning.contains(&format!(" {word} "))
    }

    /// How good a breath is before the word.
    pub(crate) fn breath_before(&self, word: &str) -> Breath {
        let word = (self.first)(word);
        if self.clauses.contains(&word) {
            Breath::Clause
        } else if self.phrases.contains(&word) {
            Breath::Phrase
        } else {
            Breath::Word
        }
    }
}

/// The word itself.
pub(crate) const fn itself(word: &str) -> &str {
    word
}

/// The word without the first of `endings` that leaves a stem; none where none does.
pub(crate) fn without_ending<'a>(word: &'a str, endings: &[&str]) -> Option<&'a str> {
    endings.iter().find_map(|ending| word.strip_suffix(ending).filter(|stem| stem.chars().count() >= SHORTEST_STEM))
}
