//! The languages that there are rules for, and what each says of a document by itself: whoever
//! composes a script has no word of any language.

use super::en::{citation, function_words, wording};

/// A language whose rules are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
}

/// How good a place before a word is to take a breath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breath {
    /// A clause begins with the word.
    Clause,
    /// A phrase begins with it.
    Phrase,
    /// It is a word as any other.
    Word,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::English];

    /// The language of a BCP 47 tag; `und` and the empty tag, "not determined", are read as
    /// English. None where there are no rules.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" | "und" | "" => Some(Self::English),
            _ => None,
        }
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }

    /// What stands for code, of so many lines, in the programming language that it names.
    pub(crate) fn announce_code(self, lines: usize, language: Option<&str>) -> String {
        match self {
            Self::English => wording::code(lines, language),
        }
    }

    /// What stands for a table that is not read out.
    pub(crate) fn announce_table(self, columns: usize, rows: usize) -> String {
        match self {
            Self::English => wording::table(columns, rows),
        }
    }

    /// What stands for a formula without words.
    pub(crate) const fn announce_formula(self) -> &'static str {
        match self {
            Self::English => wording::FORMULA,
        }
    }

    /// What leads a note.
    pub(crate) const fn note(self) -> &'static str {
        match self {
            Self::English => wording::NOTE,
        }
    }

    /// What leads the text of a picture.
    pub(crate) const fn picture(self) -> &'static str {
        match self {
            Self::English => wording::PICTURE,
        }
    }

    /// The titles of the sections around the explanation of a lesson: its goals, a recap,
    /// questions.
    pub(crate) const fn around_a_lesson(self) -> [&'static str; 3] {
        match self {
            Self::English => wording::AROUND_A_LESSON,
        }
    }

    /// Who talks in a dialogue where nobody is named: name, role and manner of each.
    pub(crate) const fn cast(self) -> [[&'static str; 3]; 2] {
        match self {
            Self::English => wording::CAST,
        }
    }

    /// The title of a document without one.
    pub(crate) const fn untitled(self) -> &'static str {
        match self {
            Self::English => wording::UNTITLED,
        }
    }

    /// The name of a section that stands under no heading.
    pub(crate) fn part(self, number: u32) -> String {
        match self {
            Self::English => wording::part(number),
        }
    }

    /// The name of a later part of a section that was cut.
    pub(crate) fn part_of(self, title: &str, number: u32) -> String {
        match self {
            Self::English => wording::part_of(title, number),
        }
    }

    /// What leads the number of one reference, or of several.
    pub(crate) const fn reference(self, several: bool) -> &'static str {
        match self {
            Self::English => wording::reference(several),
        }
    }

    /// Whether a word, in small letters, leads the number of a reference.
    pub(crate) fn is_reference(self, word: &str) -> bool {
        match self {
            Self::English => wording::is_reference(word),
        }
    }

    /// Whether a word, in small letters, begins the heading of an appendix.
    pub(crate) fn is_appendix(self, word: &str) -> bool {
        match self {
            Self::English => wording::is_appendix(word),
        }
    }

    /// Where a citation by author and year that begins at `at` ends; none where none does.
    pub(crate) fn author_year(self, chars: &[char], at: usize) -> Option<usize> {
        match self {
            Self::English => citation::author_year(chars, at),
        }
    }

    /// Whether every text has the word, in small letters, so that it tells no subject.
    pub(crate) fn is_common(self, word: &str) -> bool {
        match self {
            Self::English => function_words::common(word),
        }
    }

    /// Whether a sentence that begins with the word, in small letters, leans on the one before it.
    pub(crate) fn leans(self, word: &str) -> bool {
        match self {
            Self::English => function_words::leans(word),
        }
    }

    /// What forms of a word, in small letters, share.
    pub(crate) fn stem(self, word: String) -> String {
        match self {
            Self::English => function_words::stem(word),
        }
    }

    /// How good a breath is before the word.
    pub(crate) fn breath_before(self, word: &str) -> Breath {
        match self {
            Self::English => function_words::breath_before(word),
        }
    }
}
