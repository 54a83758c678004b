//! Citations by author and year, told by the list of references of the same document: `(Smith
//! 2016; see also Jones 2011)` in brackets, and the year behind authors whom the sentence names,
//! `Smith (2016) shows`. By their form these are no different from dates, `(Berlin 2016)` or
//! `Hamlet (1603)`, so that a name and a year are a citation where an entry of the list has both.

use std::collections::{HashMap, HashSet};

use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, Matter, SpanKind};

use super::super::inline::Mark;
use super::{Draft, number};
use crate::clean::MONTHS;

/// Characters of the longest text in brackets that is looked at: some ten citations.
const LONGEST: usize = 500;
/// Entries of the shortest list that is believed.
const FEWEST: usize = 2;
/// Names that lead an entry, and its years: what stands farther on belongs to its title.
const LEADING_NAMES: usize = 8;
const LEADING_YEARS: usize = 3;
/// Letters of the longest initials of a name: `JM.`, `Ch.`
const LONGEST_INITIALS: usize = 2;
/// Words before a year that may name its authors.
const MOST_NAMES: usize = 16;
/// Words behind a year that say what of the work is meant (`Table 2 there`), and behind "see".
const MOST_BEHIND: (usize, usize) = (3, 8);
/// Words of names that have no capital, and words between names.
const BETWEEN: [&str; 18] = [
    "van", "von", "de", "der", "den", "del", "della", "di", "da", "la", "le", "du", "ten", "and", "&", "et", "al.",
    "al",
];
/// Words that lead to a citation.
const LEADS: [&str; 12] =
    ["see", "also", "e.g.", "e.g", "cf.", "cf", "for", "example", "instance", "compare", "following", "by"];

/// Marks the citations in `drafts`, of which some are known to be a list of references.
pub(super) fn mark(drafts: &mut [Draft]) {
    let works = Works::of(drafts);
    if works.entries < FEWEST {
        return;
    }
    let text = |draft: &&mut Draft| {
        let kind = matches!(
            draft.kind,
            BlockKind::Paragraph
                | BlockKind::ListItem { .. }
                | BlockKind::Quote
                | BlockKind::Caption
                | BlockKind::Footnote { .. }
        );
        kind && draft.matter != Matter::References
    };
    for draft in drafts.iter_mut().filter(text) {
        let chars: Vec<char> = draft.line.text.chars().collect();
        let cited = works.cited(&chars);
        for mark in &mut draft.line.marks {
            mark.range = uncrossed(mark.range, &cited);
        }
        draft.line.marks.extend(cited.into_iter().map(|range| Mark { range, kind: SpanKind::Citation, note: None }));
    }
}

/// What is left of `marked` without what it has of a citation that it crosses: marks lie in each
/// other or apart. `cited` is sorted, its ranges apart from each other.
fn uncrossed(marked: Range, cited: &[Range]) -> Range {
    let Range { mut start, mut end } = marked;
    let reaching = |place: u32| cited.get(cited.partition_point(|range| range.end <= place));
    if let Some(range) = reaching(start).filter(|range| range.start < start && range.end < end) {
        start = range.end;
    }
    if let Some(range) = reaching(end).filter(|range| range.start < end && range.start > start) {
        end = range.start;
    }
    Range::new(start, end)
}

/// What a list of references holds.
#[derive(Debug, Default)]
struct Works {
    /// By each name that leads an entry, the years of its entries.
    years: HashMap<String, HashSet<String>>,
    entries: usize,
}

impl Works {
    fn of(drafts: &[Draft]) -> Self {
        let mut works = Self::default();
        let mut before = Vec::new();
        let listed =
            |draft: &&Draft| draft.matter == Matter::References && !matches!(draft.kind, BlockKind::Heading { .. });
        for draft in drafts.iter().filter(listed) {
            works.add(&draft.line.text, &mut before);
        }
        works
    }

    /// Adds an entry. One that begins with a dash instead of names has those of the entry `before`.
    fn add(&mut self, entry: &str, before: &mut Vec<String>) {
        let years: Vec<String> = words(entry).filter_map(year_in).take(LEADING_YEARS).map(str::to_owned).collect();
        if years.is_empty() {
            return;
        }
        let leading = words(signature(entry)).take_while(|word| year_in(word).is_none());
        let names = leading.filter(|word| is_capital(word) && !MONTHS.contains(word)).map(key);
        let mut names: Vec<String> = names.filter(|key| key.chars().count() > 1).take(LEADING_NAMES).collect();
        if names.is_empty() {
            names.clone_from(before);
        }
        for name in &names {
            self.years.entry(name.clone()).or_default().extend(years.iter().cloned());
        }
        self.entries += 1;
        *before = names;
    }

    /// Whether an entry has one of the names and one of the years.
    fn have(&self, names: &[String], years: &[&str]) -> bool {
        names.iter().filter_map(|name| self.years.get(&key(name))).any(|of| years.iter().any(|year| of.contains(*year)))
    }

    /// The citations in a text, in order.
    fn cited(&self, chars: &[char]) -> Vec<Range> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(&open) = chars.get(at) {
            at += 1;
            let close = match open {
                '(' => ')',
                '[' => ']',
                _ => continue,
            };
            let ahead = chars[at..].iter().take(LONGEST).position(|char| [open, close].contains(char));
            let Some(end) = ahead.map(|length| at + length) else { continue };
            // Of brackets in brackets the inner ones are looked at.
            if chars[end] == close {
                self.bracketed(chars, at, end, &mut out);
                at = end;
            }
        }
        out
    }

    /// Adds the citations in what stands between the brackets at `from - 1` and `to`.
    fn bracketed(&self, chars: &[char], from: usize, to: usize, out: &mut Vec<Range>) {
        let inner: String = chars[from..to].iter().collect();
        let whole = range(from - 1, to + 1);
        if inner.trim_start().starts_with(|char: char| char.is_ascii_digit()) {
            let dated = Dated::read(inner.trim());
            if dated.is_some_and(|dated| self.have(&names_before(chars, from - 1), &dated.years)) {
                out.push(whole);
            }
            return;
        }
        let parts: Vec<&str> = inner.split(';').collect();
        let forms: Vec<Option<bool>> = parts.iter().map(|part| self.form(part.trim())).collect();
        let known = forms.contains(&Some(true));
        if known && forms.iter().all(Option::is_some) {
            out.push(whole);
            return;
        }
        // What else stands there is heard: `(CEM; Smith 1992)`.
        let mut start = from;
        for (index, (part, form)) in parts.iter().zip(&forms).enumerate() {
            let end = start + part.chars().count();
            let next = forms.get(index + 1).is_some_and(Option::is_some);
            match form {
                // The semicolon before it, or behind the first, goes with it.
                Some(_) if known && index == 0 => out.push(range(start, if next { end } else { (end + 1).min(to) })),
                Some(_) if known => out.push(range(start - 1, end)),
                Some(_) => {}
                None => out.extend(self.tail(part).map(|at| range(start + at, end))),
            }
            start = end + 1;
        }
    }

    /// Where in `part` the comma stands behind which it is a citation to its end: `built on
    /// graphics, Smith 2008`.
    fn tail(&self, part: &str) -> Option<usize> {
        let commas = part.chars().enumerate().filter(|(_, char)| *char == ',').map(|(at, _)| at);
        let cites = |at: &usize| {
            let rest: String = part.chars().skip(at + 1).collect();
            self.form(rest.trim()) == Some(true)
        };
        commas.take(MOST_NAMES).find(cites)
    }

    /// Whether `part` is authors with their years, and if so, whether the list has them.
    fn form(&self, part: &str) -> Option<bool> {
        let words: Vec<&str> = part.split_whitespace().collect();
        let leading =
            words.iter().take_while(|word| LEADS.contains(&word.trim_end_matches(',').to_lowercase().as_str()));
        let led = leading.count();
        let first = words.iter().position(|word| year(word.trim_end_matches(',')).is_some())?;
        let names: Vec<String> =
            words.get(led..first)?.iter().map(|word| word.trim_end_matches(',').to_owned()).collect();
        let rest = words[first..].join(" ");
        let dated = Dated::read(&rest)?;
        let most = if led > 0 { MOST_BEHIND.1 } else { MOST_BEHIND.0 };
        let sound = names.len() <= MOST_NAMES && names.iter().all(|name| is_name(name)) && dated.behind <= most;
        sound.then(|| self.have(&names, &dated.years))
    }
}

/// Years, and how many words behind them say what is meant of a work.
struct Dated<'a> {
    years: Vec<&'a str>,
    behind: usize,
}

impl<'a> Dated<'a> {
    /// Reads `2016`, `1986, 1987` and `2008, p. 3`; what stands behind the years without a comma is
    /// the rest of a sentence. Addresses do not count.
    fn read(text: &'a str) -> Option<Self> {
        let mut read = Self { years: Vec::new(), behind: 0 };
        let mut parted = true;
        for word in text.split_whitespace() {
            let bare = word.trim_end_matches(',');
            match year(bare).filter(|_| read.behind == 0) {
                Some(year) => {
                    read.years.push(year);
                    parted = bare.len() < word.len();
                }
                None if matches!(bare, "and" | "&") && read.behind == 0 => {}
                None if !parted => return None,
                None => read.behind += usize::from(!bare.contains("://") && !bare.starts_with("www.")),
            }
        }
        let short = read.behind <= MOST_BEHIND.1;
        (short && !read.years.is_empty()).then_some(read)
    }
}

/// The names right before `end`, the nearest first.
fn names_before(chars: &[char], end: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut end = end;
    while names.len() < MOST_NAMES {
        while end > 0 && chars[end - 1].is_whitespace() {
            end -= 1;
        }
        let start = chars[..end].iter().rev().take(LONGEST).take_while(|char| !char.is_whitespace()).count();
        let word: String = chars[end - start..end].iter().collect();
        let name = word.trim_start_matches(['(', '[', '“', '"']).trim_end_matches(',');
        // A stop ends the sentence before, unless it is an initial's or that of "al.".
        let stopped = name.ends_with('.') && name.chars().count() > 2 && name != "al.";
        if name.is_empty() || stopped && !names.is_empty() || !is_name(name) {
            break;
        }
        names.push(name.to_owned());
        end -= start;
        if word.len() > name.len() && !word.ends_with(',') {
            break;
        }
    }
    names
}

/// The words of an entry.
fn words(entry: &str) -> impl Iterator<Item = &str> {
    let inside = |char: char| char.is_alphanumeric() || matches!(char, '’' | '\'' | '-' | '‐');
    entry.split(move |char: char| !inside(char)).filter(|word| !word.is_empty())
}

/// What of an entry may name its authors: all of it before its first stop behind a word, or before
/// what it quotes. Where the year stands at the end, the words of the title would else be taken for
/// names.
fn signature(entry: &str) -> &str {
    let mut letters = 0;
    for (at, char) in entry.char_indices() {
        let (signed, rest) = entry.split_at(at);
        let stopped = char == '.' && letters > LONGEST_INITIALS && rest.chars().nth(1).is_some_and(char::is_whitespace);
        if stopped || matches!(char, '“' | '"' | '«') {
            return signed;
        }
        letters = if char.is_alphabetic() { letters + 1 } else { 0 };
    }
    entry
}

/// The first year of a word of an entry: `2016`, `2016-2018`.
fn year_in(word: &str) -> Option<&str> {
    word.split('-').find_map(year)
}

/// The four digits of `2016`, `2021b` and `1999a,b`.
fn year(word: &str) -> Option<&str> {
    let (head, more) = word.split_once(',').unwrap_or((word, ""));
    let letter = |part: &str| part.len() <= 1 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let digits = head.trim_end_matches(|char: char| char.is_ascii_lowercase());
    let is = digits.len() == 4
        && head.len() <= 5
        && more.split(',').all(letter)
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.starts_with('1') || digits.starts_with("20"));
    is.then_some(digits)
}

fn is_capital(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

/// Whether a word may be part of the names of authors.
fn is_name(word: &str) -> bool {
    let letters = |char: char| char.is_alphabetic() || matches!(char, '-' | '‐' | '–' | '\'' | '’' | '.' | '/');
    is_capital(word) && word.chars().all(letters) || BETWEEN.contains(&word)
}

/// A name as the list and the text share it: its letters alone, without the ending of the
/// possessive.
fn key(name: &str) -> String {
    let name = name.strip_suffix("’s").or_else(|| name.strip_suffix("'s")).unwrap_or(name);
    name.chars().filter(|char| char.is_alphabetic()).flat_map(char::to_lowercase).collect()
}

fn range(from: usize, to: usize) -> Range {
    Range::new(number(from), number(to))
}

#[cfg(test)]
mod tests;
