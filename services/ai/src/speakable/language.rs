//! The languages that there are rules for, and the port that each fills in: nothing outside a
//! language's folder has a word of it, and no `match` on the language is written but here.

use super::function_words::FunctionWords;
use super::grammar::Grammar;
use super::verbalise::Verbaliser;
use super::wording::Wording;
use super::{de, en, es, fr};

/// A language whose rules are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
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

/// What a language fills in.
pub(crate) trait Rules: Sync {
    /// Its tables.
    fn grammar(&self) -> &'static Grammar;

    /// Who says values.
    fn verbaliser(&self) -> &'static dyn Verbaliser;

    /// Where a citation by author and year that begins with the parenthesis at `at` ends; none
    /// where none does, or where the language has no rule for them.
    fn author_year(&self, _chars: &[char], _at: usize) -> Option<usize> {
        None
    }

    /// What a script says of a document by itself.
    fn wording(&self) -> &'static Wording;

    /// Words that carry no subject, and what they tell.
    fn function_words(&self) -> &'static FunctionWords;
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    /// The language of a BCP 47 tag; `und` and the empty tag, "not determined", are read as
    /// English. None where there are no rules.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" | "und" | "" => Some(Self::English),
            "de" => Some(Self::German),
            "fr" => Some(Self::French),
            "es" => Some(Self::Spanish),
            _ => None,
        }
    }

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        }
    }

    /// What it fills in.
    pub(crate) fn rules(self) -> &'static dyn Rules {
        match self {
            Self::English => &en::English,
            Self::German => &de::German,
            Self::French => &fr::French,
            Self::Spanish => &es::Spanish,
        }
    }

    /// Its tables.
    pub(crate) fn grammar(self) -> &'static Grammar {
        self.rules().grammar()
    }

    /// Who says its values.
    pub(crate) fn verbaliser(self) -> &'static dyn Verbaliser {
        self.rules().verbaliser()
    }

    /// What stands for code, of so many lines, in the programming language that it names.
    pub(crate) fn announce_code(self, lines: usize, language: Option<&str>) -> String {
        self.rules().wording().announce_code(lines, language)
    }

    /// What stands for a table that is not read out.
    pub(crate) fn announce_table(self, columns: usize, rows: usize) -> String {
        self.rules().wording().announce_table(columns, rows)
    }

    /// What stands for a formula without words.
    pub(crate) fn announce_formula(self) -> &'static str {
        self.rules().wording().formula
    }

    /// What leads a note.
    pub(crate) fn note(self) -> &'static str {
        self.rules().wording().note
    }

    /// What leads the text of a picture.
    pub(crate) fn picture(self) -> &'static str {
        self.rules().wording().picture
    }

    /// The titles of the sections around the explanation of a lesson: its goals, a recap,
    /// questions.
    pub(crate) fn around_a_lesson(self) -> [&'static str; 3] {
        self.rules().wording().around_a_lesson
    }

    /// Who talks in a dialogue where nobody is named: name, role and manner of each.
    pub(crate) fn cast(self) -> [[&'static str; 3]; 2] {
        self.rules().wording().cast
    }

    /// The title of a document without one.
    pub(crate) fn untitled(self) -> &'static str {
        self.rules().wording().untitled
    }

    /// The name of a section that stands under no heading.
    pub(crate) fn part(self, number: u32) -> String {
        self.rules().wording().part(number)
    }

    /// The name of a later part of a section that was cut.
    pub(crate) fn part_of(self, title: &str, number: u32) -> String {
        self.rules().wording().part_of(title, number)
    }

    /// What leads the number of one reference, or of several.
    pub(crate) fn reference(self, several: bool) -> &'static str {
        self.rules().wording().reference(several)
    }

    /// Whether a word, in small letters, leads the number of a reference.
    pub(crate) fn is_reference(self, word: &str) -> bool {
        self.rules().wording().is_reference(word)
    }

    /// Whether a word, in small letters, begins the heading of an appendix.
    pub(crate) fn is_appendix(self, word: &str) -> bool {
        self.rules().wording().is_appendix(word)
    }

    /// Where a citation by author and year that begins at `at` ends; none where none does.
    pub(crate) fn author_year(self, chars: &[char], at: usize) -> Option<usize> {
        self.rules().author_year(chars, at)
    }

    /// Whether every text has the word, in small letters, so that it tells no subject.
    pub(crate) fn is_common(self, word: &str) -> bool {
        self.rules().function_words().is_common(word)
    }

    /// Whether a sentence that begins with the word, in small letters, leans on the one before it.
    pub(crate) fn leans(self, word: &str) -> bool {
        self.rules().function_words().leans(word)
    }

    /// What forms of a word, in small letters, share.
    pub(crate) fn stem(self, word: String) -> String {
        (self.rules().function_words().stem)(&word).to_owned()
    }

    /// How good a breath is before the word.
    pub(crate) fn breath_before(self, word: &str) -> Breath {
        self.rules().function_words().breath_before(word)
    }
}
