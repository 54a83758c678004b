//! What a language knows: one table of functions a language.

use super::date::Date;
use super::derived::Side;
use super::number::{Quantity, Unit};
use super::text::Text;
use super::verdict::Fault;
use crate::speakable::Language;

/// The rules of one language.
#[derive(Debug)]
pub(super) struct Rules {
    /// The stem of a word that says what a sentence is about; empty for a word that does not.
    pub stem: fn(&str) -> String,
    /// Whether a full stop behind the word ends no sentence.
    pub abbreviation: fn(&str) -> bool,
    /// Whether the word, in small letters, is a word of the language and not only a name.
    pub common: fn(&str) -> bool,
    /// Whether the word is written with a capital though it names nothing of a document.
    pub unnamed: fn(&str) -> bool,
    /// Whether a part of a document is called so: figure, table.
    pub part: fn(&str) -> bool,
    /// Whether the word is a title before a name.
    pub title: fn(&str) -> bool,
    /// Whether the word is a name of the table of names, and no common word in another sense.
    pub proper: fn(&str) -> bool,
    /// Whether the word at this place, which begins a sentence, is used as only a name is.
    pub subject: fn(&Text, usize) -> bool,
    /// Whether the word may be a first name: no role, no manner, nothing that is done.
    pub given: fn(&str) -> bool,
    /// Other forms of a name: its place, people, language; its singular.
    pub same_name: fn(&str) -> Vec<String>,
    /// The dates and times of a text.
    pub dates: fn(&Text) -> Vec<Date>,
    /// The quantities of a text; those of `dates` are left out.
    pub quantities: fn(&Text, &[Date]) -> Vec<Quantity>,
    /// The units that a text names apart from its quantities: in the head of a column.
    pub free_units: fn(&Text, &[Quantity]) -> Vec<Unit>,
    /// Whether one word may stand for both measures: a pound of mass, a pound of money.
    pub alike: fn(&str, &str) -> bool,
    /// Whether a number only counts what the sources list, or counts nothing.
    pub counts: fn(&Text, &Quantity, &Text) -> bool,
    /// Whether the word before a date at this place makes it the end of a span, or its beginning;
    /// none where it says neither: "until 1990", "since 1990", "in 1990".
    pub end_of_span: fn(&Text, usize) -> Option<bool>,
    /// The stem of the label before a number that names one of several: section 4.
    pub label: fn(&Text, &Quantity) -> Option<String>,
    /// Whether a value below zero may be meant near a number without a sign.
    pub downward: fn(&Text, &Quantity) -> bool,
    /// Whether a sentence has a word that stands for a person or a thing named before.
    pub pronoun: fn(&str) -> bool,
    /// Whether the word points to what was said before: a pronoun, "this".
    pub refers: fn(&str) -> bool,
    /// Whether the word parts what is said of one thing from what is said of the next.
    pub joins: fn(&str) -> bool,
    /// The value of a word that is a Roman numeral or an ordinal.
    pub numeral: fn(&str) -> Option<f64>,
    /// Whether what stands between two values makes them the two ends of something: "5 to 7". The
    /// places are those of the first one, one past it, and of the second one.
    pub couples: fn(&Text, usize, usize, usize) -> bool,
    /// Whether the word before the value at this place begins "between 5 and 7".
    pub between: fn(&Text, usize) -> bool,
    /// Whether the words before the value at this place put something above it, or below it.
    pub above: fn(&Text, usize) -> Option<bool>,
    /// Whether the sentence of the value at this place speaks of how long something lasts or lives.
    pub lasts: fn(&Text, usize) -> bool,
    /// Whether the word compares two things.
    pub compares: fn(&str) -> bool,
    /// Whether the word at this place puts what is before it at the head of what is behind it: "a
    /// turnout of 7 %".
    pub heads: fn(&Text, usize) -> bool,
    /// Whether the words behind a number say that it is the exact one of the number before it.
    pub exact: fn(&Text, usize) -> bool,
    /// Whether the words between two things say nothing of their order: "5 and 7".
    pub symmetric: fn(&[&str]) -> bool,
    /// Whether the words between two numbers make the first a share of the second: "one in five".
    pub one_in: fn(&Text, &Quantity, &Quantity) -> bool,
    /// Whether the words beside a span of time count it from what was said before: "a year later".
    pub follows: fn(&Text, &Quantity) -> bool,
    /// Which end of a span of time is what stands before it: "in 1968, three years after".
    pub late_before: fn(&Text, &Quantity) -> Option<Side>,
    /// Whether the words beside a number say by how much two things differ: "ten metres taller".
    pub differs: fn(&Text, &Quantity) -> bool,
    /// Whether the words between two numbers may be those of an enumeration.
    pub enumerates: fn(&Text, &Quantity, &Quantity) -> bool,
    /// Whether a number of three digits is used as a year is: "in 930".
    pub early_year: fn(&Text, &Quantity) -> bool,
    /// The years that a text names by others: "the following year", "twenty years later".
    pub relative_years: fn(&Text, &[Quantity], &[Date]) -> Vec<Date>,
    /// The first names of which the word is a short form: Edward for Ed.
    pub long_names: fn(&str) -> &'static [&'static str],
    /// Whether the plural at this place names a people or a family, of which one may be said: the
    /// Incas.
    pub many: fn(&Text, usize) -> bool,
    /// Where a claim says the opposite of the sources.
    pub opposites: fn(&Text, &Text) -> Vec<Fault>,
}

/// A language in which claims can be checked: there are fewer than can be spoken.
#[derive(Debug, Clone, Copy)]
pub struct ClaimLanguage {
    language: Language,
    rules: &'static Rules,
}

impl ClaimLanguage {
    /// English.
    pub const ENGLISH: Self = Self { language: Language::English, rules: &super::en::RULES };

    /// All of them.
    pub const ALL: [Self; 1] = [Self::ENGLISH];

    /// The language as one of them; none where there are no rules to check claims by.
    #[must_use]
    pub fn of(language: Language) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.language == language)
    }

    /// Its rules.
    pub(super) const fn rules(self) -> &'static Rules {
        self.rules
    }
}

impl From<ClaimLanguage> for Language {
    fn from(claims: ClaimLanguage) -> Self {
        claims.language
    }
}
