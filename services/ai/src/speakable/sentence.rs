//! Where sentences end. Abbreviations, initials, decimals and ordinals end none; a stop ends one
//! when what follows begins another.

use std::collections::HashSet;

use lectern_core::content::Range;

use super::Language;
use super::grammar::Grammar;
use super::span::AbbreviationUse;
use super::text::Text;

/// A character that stands for text which is passed over: it neither ends nor begins a sentence.
pub const PASSED_OVER: char = '\u{200B}';

/// Characters of the longest abbreviation.
const LONGEST_ABBREVIATION: usize = 24;
/// Letters of the longest abbreviation that is told by its letters alone.
const LONGEST_UNKNOWN: usize = 5;
/// Digits of the longest number of a volume, a plate or a page behind such an abbreviation.
const LONGEST_LOCATOR: usize = 3;
/// Characters behind a stop that are looked at for what it is.
const BEHIND: usize = 40;
/// Digits of the longest ordinal number that a stop marks.
const LONGEST_ORDINAL: usize = 3;
/// Letters that make a syllable.
const VOWELS: &str = "aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿ";

/// The sentences of `text`, in order, without the white space around them. Together they hold every
/// other character.
#[must_use]
pub fn sentences(text: &str, language: Language) -> Vec<Range> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let found = split(&Text::new(text), language.grammar());
    found.into_iter().map(|(start, end)| Range::new(offset(start), offset(end))).collect()
}

/// The sentences of a text: where each begins and ends.
pub(super) fn split(text: &Text, grammar: &'static Grammar) -> Vec<(usize, usize)> {
    Splitter { text, grammar, things: things(&text.chars, grammar) }.split()
}

/// Whether a word with a stop is an abbreviation although no table has it, by its letters (a
/// capital, the rest small) and by what stands `behind` the stop: without a vowel before a number
/// or a name (`Cdr. Data`); before a number of parts (`Cor. 13:4`); and with a consonant at its end
/// before a number that counts nothing (`See Taf. 3 there`), or another such word before one
/// (`Phil. Trans. 12`).
pub(super) fn is_unknown_abbreviation(word: &str, behind: &str, grammar: &Grammar) -> bool {
    let mut letters = word.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    let small = letters.clone().count();
    let named = capital && (1..LONGEST_UNKNOWN).contains(&small) && letters.all(char::is_lowercase);
    if !named {
        return false;
    }
    let Some(first) = behind.chars().next() else { return false };
    if first.is_ascii_digit() {
        let number = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = behind.len() - number.len();
        let mut rest = number.chars();
        let parts = matches!(rest.next(), Some(':' | '.')) && rest.next().is_some_and(|c| c.is_ascii_digit());
        let cut = !word.ends_with(|c: char| VOWELS.contains(c)) && digits <= LONGEST_LOCATOR;
        return parts || !syllable(word) || (cut && !counts(number, grammar));
    }
    let end = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
    let (next, rest) = behind.split_at(end);
    let chain = || rest.strip_prefix(". ").is_some_and(|rest| is_unknown_abbreviation(next, rest, grammar));
    let name = !syllable(word) || chain();
    first.is_uppercase() && name && !grammar.has("starters", &next.to_lowercase())
}

/// Whether a number counts what stands `behind` it: a word that may be a noun.
fn counts(behind: &str, grammar: &Grammar) -> bool {
    let Some(rest) = behind.strip_prefix(' ') else { return false };
    let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    rest.get(..end).is_some_and(|word| !word.is_empty() && !grammar.in_context("no_noun", word))
}

/// Whether a word has a vowel.
fn syllable(word: &str) -> bool {
    word.chars().flat_map(char::to_lowercase).any(|c| VOWELS.contains(c))
}

struct Splitter<'a> {
    text: &'a Text,
    grammar: &'static Grammar,
    /// Capital letters that are words here: the language R, a set X.
    things: HashSet<char>,
}

/// Capital letters that stand in a text as words by themselves, without a stop behind them, and are
/// no words of any text.
fn things(chars: &[char], grammar: &Grammar) -> HashSet<char> {
    let apart = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')'));
    let alone = |at: usize| apart(at.checked_sub(1).and_then(|at| chars.get(at))) && apart(chars.get(at + 1));
    let letters = chars.iter().enumerate().filter(|(_, c)| c.is_ascii_uppercase());
    letters.filter(|(at, c)| alone(*at) && !is_word_letter(**c, grammar)).map(|(_, c)| *c).collect()
}

/// Whether a letter is a word by itself: "I" and "A" in English.
fn is_word_letter(letter: char, grammar: &Grammar) -> bool {
    let mut small = letter.to_lowercase();
    small.next().is_some_and(|small| grammar.context("word_letters", small.encode_utf8(&mut [0; 4])))
}

const fn terminator(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '‽')
}

const fn closer(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '}' | PASSED_OVER | '*' | '_')
}

/// A sign that goes on with a calculation: `5! = 120`.
const fn operator(c: char) -> bool {
    matches!(c, '=' | '+' | '−' | '×' | '÷' | '/' | '<' | '>' | '≤' | '≥' | '≠' | '≈')
}

fn space(c: char) -> bool {
    c.is_whitespace()
}

/// What stands around a stop that may end a sentence.
struct Stop<'a> {
    /// The word before it, with the stops in it.
    word: &'a str,
    /// Where the word begins.
    begin: usize,
    /// Where the next word or sign begins.
    next: usize,
    /// Its first character.
    first: char,
    /// A word that often begins a sentence follows.
    starter: bool,
    /// A quotation, or a bracket without a number, follows.
    mark: bool,
}

impl Splitter<'_> {
    fn at(&self, at: usize) -> Option<char> {
        self.text.chars.get(at).copied()
    }

    fn split(&self) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let (mut start, mut at) = (0, 0);
        while let Some(c) = self.at(at) {
            at += 1;
            if !terminator(c) {
                continue;
            }
            let stop = at - 1;
            while self.at(at).is_some_and(terminator) {
                at += 1;
            }
            let single = at - stop == 1;
            while let Some(length) = self.closes(at) {
                at += length;
            }
            if self.at(at).is_some_and(space) && self.ends(start, stop, at, single && c == '.') {
                found.push((start, at));
                start = at;
            }
        }
        found.push((start, self.text.chars.len()));
        self.tidy(found)
    }

    /// The length of what closes a sentence behind its stop: a quotation mark or a bracket; the
    /// mark may stand apart, as in French.
    fn closes(&self, at: usize) -> Option<usize> {
        let c = self.at(at)?;
        if closer(c) {
            return Some(1);
        }
        let apart = space(c) && self.at(at + 1) == Some('"');
        let ends = || self.at(at + 2).is_none_or(|c| space(c) || matches!(c, ',' | ';' | '.' | ')'));
        (apart && ends()).then_some(2)
    }

    /// Trims white space, and joins what holds no letter or digit to the sentence before it.
    fn tidy(&self, found: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
        let chars = &self.text.chars;
        let mut tidy: Vec<(usize, usize)> = Vec::new();
        for (mut start, mut end) in found {
            while start < end && space(chars[start]) {
                start += 1;
            }
            while end > start && space(chars[end - 1]) {
                end -= 1;
            }
            if start == end {
                continue;
            }
            let says = chars[start..end].iter().any(|c| c.is_alphanumeric());
            match tidy.last_mut() {
                Some(last) if !says => last.1 = end,
                _ => tidy.push((start, end)),
            }
        }
        tidy
    }

    /// Whether the stop at `stop` ends the sentence that began at `start`; `after` is the white
    /// space behind it.
    fn ends(&self, start: usize, stop: usize, after: usize, full_stop: bool) -> bool {
        let chars = &self.text.chars;
        let next = (after..chars.len()).find(|at| !space(chars[*at]) && chars[*at] != PASSED_OVER);
        let Some(next) = next else { return false };
        let first = chars[next];
        if (first.is_lowercase() && !self.at(next + 1).is_some_and(|c| c.is_ascii_digit()))
            || matches!(first, ',' | ';' | ')' | ']')
            || terminator(first)
            || (operator(first) && self.at(next + 1).is_some_and(space))
        {
            return false;
        }
        if !full_stop {
            // An ellipsis, a question, an exclamation: a capital, a digit or an opening mark begins
            // the next.
            return true;
        }
        let begin = (start..stop).rev().find(|at| !in_word(chars[*at])).map_or(start, |at| at + 1);
        let word = self.text.slice(begin, stop);
        if word.is_empty() {
            return true;
        }
        if begin == start && word.chars().all(|c| c.is_ascii_digit() || c == '.') {
            return false;
        }
        let numbered = self.at(next + 1).is_some_and(|c| c.is_ascii_digit());
        let mark = matches!(first, '"' | '\'') || (matches!(first, '(' | '[') && !numbered);
        self.ends_word(start, stop, &Stop { word, begin, next, first, starter: self.starter(next), mark })
    }

    /// Whether a full stop behind a word ends the sentence, by what the word is.
    fn ends_word(&self, start: usize, stop: usize, around: &Stop<'_>) -> bool {
        let Stop { word, first, next, .. } = *around;
        let begins = around.starter || around.mark;
        // A capital before a word is rather an initial than a label's: `J. S. Bach`.
        let initial = first.is_alphabetic() && !self.lone_capital(next) && lone(word);
        if self.is_century(start, around) {
            return begins;
        }
        match self.abbreviation(start, stop) {
            Some((_, true)) => return false,
            Some((AbbreviationUse::Number, false)) if initial => {}
            Some((AbbreviationUse::Title | AbbreviationUse::Open | AbbreviationUse::Name, false)) => return false,
            Some((AbbreviationUse::Year, false)) => return !first.is_ascii_digit(),
            Some((AbbreviationUse::Number, false)) => {
                let label = matches!(first, '(' | '[' | '§') || first.is_ascii_digit() || self.lone_capital(next);
                return !label;
            }
            Some((AbbreviationUse::Month | AbbreviationUse::Day, false)) => return !first.is_ascii_digit() && begins,
            Some((AbbreviationUse::End, false)) => {
                return begins || (first.is_uppercase() && self.grammar.context("closing", word));
            }
            None if first.is_ascii_digit()
                && (self.is_label(word) || self.is_unit(start, around) || self.is_code(around)) =>
            {
                return false;
            }
            None => {}
        }
        if self.grammar.ordinal_stop && is_ordinal(word) {
            return begins;
        }
        if first.is_ascii_digit() && self.grammar.compound(word).is_some() {
            return false;
        }
        if word.chars().count() == 1 && first.is_alphabetic() {
            let small = word.chars().all(|c| c.is_ascii_digit() || c.is_lowercase());
            if self.is_particle(next) && self.follows_initial(start, around.begin) {
                return false;
            }
            return small || around.starter || self.is_thing(around);
        }
        if dotted_capitals(word) {
            return begins;
        }
        !is_unknown_abbreviation(word, self.text.slice(next, next + BEHIND), self.grammar)
    }

    /// Whether the word before a stop is the noun of a century, shortened behind its number: `12th
    /// c. Byzantine art`, `12th-c.`
    fn is_century(&self, start: usize, around: &Stop<'_>) -> bool {
        let noun = around.word.rsplit('-').next().unwrap_or_default();
        if !self.grammar.has("centuries", noun) {
            return false;
        }
        let begin = around.begin + around.word.chars().count() - noun.chars().count();
        let last = (start..begin).rev().find(|at| self.at(*at).is_some_and(|c| !space(c) && c != '-'));
        let other = |at: &usize| !self.at(*at).is_some_and(char::is_alphabetic);
        let digit = last.and_then(|last| (start..=last).rev().find(other));
        let (Some(last), Some(digit)) = (last, digit) else { return false };
        let numbered = self.at(digit).is_some_and(|c| c.is_ascii_digit());
        numbered && self.grammar.ordinal_ending(self.text.slice(digit + 1, last + 1)).is_some()
    }

    /// Whether a word is the short label of a part of a work: `chs. 4-6`.
    fn is_label(&self, word: &str) -> bool {
        self.grammar.label(word).is_some_and(|label| label.short)
    }

    /// Whether the word before a stop is the symbol of a unit behind a number, as an abbreviation:
    /// `6 ft. 2 in.`
    fn is_unit(&self, start: usize, around: &Stop<'_>) -> bool {
        let number = (start..around.begin).rev().find_map(|at| self.at(at).filter(|c| !space(*c)));
        number.is_some_and(|c| c.is_ascii_digit()) && self.grammar.context("stopped_units", around.word)
    }

    /// Whether the word before a stop is the letter of an article of a code: `L. 121-1`.
    fn is_code(&self, around: &Stop<'_>) -> bool {
        let digit = |at: usize| self.at(at).is_some_and(|c| c.is_ascii_digit());
        let end = (around.next..).find(|at| !digit(*at)).unwrap_or(around.next);
        self.grammar.context("code_letters", around.word) && self.at(end) == Some('-') && digit(end + 1)
    }

    /// The abbreviation that the stop at `stop` belongs to, the longest of those that begin before
    /// it in this sentence, and whether the stop is one of its inner ones (`z.` of `z. B.`).
    fn abbreviation(&self, start: usize, stop: usize) -> Option<(AbbreviationUse, bool)> {
        let chars = &self.text.chars;
        let from = stop.saturating_sub(LONGEST_ABBREVIATION).max(start);
        let begins = |at: &usize| {
            let free = at.checked_sub(1).is_none_or(|at| !in_word(chars[at]) || at < start);
            chars[*at].is_alphanumeric() && (free || self.is_elided(start, *at))
        };
        (from..stop).filter(begins).find_map(|at| {
            let look_up = |key: &str| self.grammar.abbreviation(key).map(|entry| entry.used);
            let reaches = |(_, end): &(AbbreviationUse, usize)| *end >= stop;
            let (used, end) = self.text.longest_spaced(at, LONGEST_ABBREVIATION, look_up).filter(reaches)?;
            Some((used, end > stop))
        })
    }

    /// Whether the head of a word and its apostrophe stand before: `l'art.`
    fn is_elided(&self, start: usize, at: usize) -> bool {
        let Some(end) = at.checked_sub(1).filter(|at| *at >= start && self.at(*at) == Some('\'')) else { return false };
        let begin = (start..end).rev().find(|at| !self.at(*at).is_some_and(char::is_alphabetic));
        let head = self.text.slice(begin.map_or(start, |at| at + 1), end);
        self.grammar.has("elisions", &head.to_lowercase())
    }

    /// Whether the word before the stop is a letter that is the name of a thing and no initial: it
    /// is one elsewhere in this text, and a word in small letters leads to it, as in "software from
    /// R. Chambers (2016) shows".
    fn is_thing(&self, around: &Stop<'_>) -> bool {
        let chars = &self.text.chars;
        let initial = around.first.is_uppercase() && self.at(around.next + 1) == Some('.');
        let end = (0..around.begin).rev().find(|at| !space(chars[*at])).map_or(0, |at| at + 1);
        let begin = (0..end).rev().find(|at| !chars[*at].is_alphabetic()).map_or(0, |at| at + 1);
        let before = self.text.slice(begin, end);
        let leads = !before.is_empty() && before.chars().all(char::is_lowercase);
        around.word.chars().all(|c| self.things.contains(&c))
            && leads
            && !initial
            && !self.grammar.context("before_persons", before)
    }

    /// Whether an article or a preposition stands here that names of families begin with: `Le
    /// Clézio`.
    fn is_particle(&self, at: usize) -> bool {
        let end = (at..).find(|at| !self.at(*at).is_some_and(char::is_alphabetic)).unwrap_or(at);
        self.grammar.in_context("particles", self.text.slice(at, end))
    }

    /// Whether an initial stands before the one that begins at `begin`.
    fn follows_initial(&self, start: usize, begin: usize) -> bool {
        let chars = &self.text.chars;
        let Some(stop) = (start..begin).rev().find(|at| !space(chars[*at])) else { return false };
        let letter = stop.checked_sub(1).filter(|at| *at >= start && chars[*at].is_uppercase());
        let apart = |at: usize| at == start || !in_word(chars[at - 1]);
        chars[stop] == '.' && letter.is_some_and(apart)
    }

    /// Whether a word that often begins a sentence stands here.
    fn starter(&self, at: usize) -> bool {
        let end = (at..).find(|at| !self.at(*at).is_some_and(char::is_alphabetic)).unwrap_or(at);
        let word = self.text.slice(at, end);
        let initial = end - at == 1 && self.at(at + 1) == Some('.');
        !initial && word.starts_with(char::is_uppercase) && self.grammar.has("starters", &word.to_lowercase())
    }

    /// Whether a capital letter or a Roman numeral stands here by itself, as a label does.
    fn lone_capital(&self, at: usize) -> bool {
        let end = (at..).find(|at| !self.at(*at).is_some_and(char::is_alphanumeric)).unwrap_or(at);
        let word = self.text.slice(at, end);
        let letter = |c: char| c.is_uppercase() && !is_word_letter(c, self.grammar);
        (end - at == 1 && word.starts_with(letter))
            || (end - at > 1 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X')))
    }
}

/// Whether a word is a single capital.
fn lone(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.next().is_none()
}

/// Whether a word before a stop holds the character.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '\'' | '-')
}

/// Whether a word before a stop may be an ordinal number or the day and month of a date: `3`,
/// `24.12`, `XIV`.
fn is_ordinal(word: &str) -> bool {
    let digits = word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let last = word.rsplit('.').next().unwrap_or_default();
    (digits && (1..=LONGEST_ORDINAL).contains(&last.len())) || word.chars().all(|c| matches!(c, 'I' | 'V' | 'X'))
}

/// `U.S`, `J.R.R`: single capitals with stops between.
fn dotted_capitals(word: &str) -> bool {
    word.contains('.') && word.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_reader_would_stop() {
        // `|` marks where a sentence ends and another begins.
        for marked in [
            "Dr. No met Mr. Bond at 5 p.m.| They left.",
            "On Jan. 5th we met.| It rained.",
            "See Fig. 3 and pp. 12-15.| Then stop.",
            "J. R. R. Tolkien wrote it.| He was British.",
            "It costs $3.14 today.| Not 2.5 more.",
            "He said no.| We left at 9 a.m. Monday.",
            "Really?| Yes!| No.",
            "“Stop!” he said.| “Why?”| Nobody knew.",
            "It was 1999.| 15 people came.",
            "The U.S. Army left.| The U.K. stayed.",
            "He moved to the U.S.| They stayed.",
            "Smith et al. (2020) agree, cf. Jones vs. Brown.| So do I.| They do.",
            "Wait... what?| And e.g. this, i.e. that.",
            "1. Introduction to it",
            "It is 12th c. Byzantine work, or 13th-c. Russian.| They differ in the 14th c.| The rest is lost.",
            "The answer was No.| They left.",
            "No. 5 is alive.| It is.",
            "Apples, pears, etc.| Then nuts.",
            "(See above.)| Next one.",
            "Go.| Now go.",
            "Version 1.2.3 is out.| v2.0 follows.",
            "R has an interface to software from R.| Chambers shows it for R and C.",
            "R was made from S by R. Gentleman and R. Ihaka.| It is R.",
            "As Smith (2016) says.| Others (2020, p. 3) agree.",
            "The methods of Smith et al. (2016) are in R.| Others are not in R yet.",
        ] {
            let text = marked.replace('|', "");
            let parts: Vec<&str> = sentences(&text, Language::English).iter().map(|range| range.of(&text)).collect();
            let wanted: Vec<&str> = marked.split('|').map(str::trim).collect();
            assert_eq!(parts, wanted, "{marked}");
        }
    }

    #[test]
    fn a_stop_of_another_language_ends_what_it_ends_there() {
        for (language, marked) in [
            (Language::German, "Am 3. Oktober 1990 kam er, z. B. Herr Dr. Müller.| Er blieb."),
            (Language::German, "Der XIV. Ludwig sagte nichts.| Er ging."),
            (Language::French, "« Oui. » dit M. Dupont.| Il partit vers 14 h."),
            (Language::Spanish, "Vive en EE. UU. Pedro.| ¿Viene la Sra. López?| Sí."),
        ] {
            let text = marked.replace('|', "");
            let parts: Vec<&str> = sentences(&text, language).iter().map(|range| range.of(&text)).collect();
            let wanted: Vec<&str> = marked.split('|').map(str::trim).collect();
            assert_eq!(parts, wanted, "{marked}");
        }
    }
}
