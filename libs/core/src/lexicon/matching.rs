//! Which entries apply to a sentence, and where: they are looked for in what is written and in what
//! is spoken, since a word may stand in one of them alone ("SQL", which is spoken as letters).

use super::pattern::{self, Atom};
use super::{Entry, Lexicon, Said, Written};
use crate::content::script::{Mapping, Utterance};
use crate::content::{Range, length};

/// A sentence whose words are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Sentence<'a> {
    /// What is written; the same as `spoken` where nobody knows.
    pub written: &'a str,
    /// What is spoken.
    pub spoken: &'a str,
    /// What of the one is what of the other; nothing where nobody knows.
    pub map: &'a [Mapping],
    /// Its language, a BCP 47 tag; none for that of the rest.
    pub language: Option<&'a str>,
}

impl<'a> Sentence<'a> {
    /// A sentence of which only what is spoken is known.
    #[must_use]
    pub const fn spoken(spoken: &'a str) -> Self {
        Self { written: spoken, spoken, map: &[], language: None }
    }
}

impl<'a> From<&'a Utterance> for Sentence<'a> {
    fn from(utterance: &'a Utterance) -> Self {
        let Utterance { original, spoken, map, language, .. } = utterance;
        Self { written: original, spoken, map, language: language.as_deref() }
    }
}

/// A text as it is searched: with capital letters and without.
struct Text {
    exact: Vec<char>,
    folded: Vec<char>,
}

impl Text {
    fn of(text: &str) -> Self {
        let signs = |match_case| text.chars().map(|c| pattern::sign(c, match_case)).collect();
        Self { exact: signs(true), folded: signs(false) }
    }

    /// Where `atoms` stand, from left to right and not overlapping: the whole, and what the first
    /// `*` stands for.
    fn all(&self, atoms: &[Atom], match_case: bool) -> Vec<(Range, Option<Range>)> {
        let text = if match_case { &self.exact } else { &self.folded };
        let mut all = Vec::new();
        let mut at = 0;
        while at < text.len() {
            match pattern::found(atoms, text, at) {
                Some(found) if found.end > at => {
                    let star = found.star.map(|(start, end)| range(start, end));
                    all.push((range(at, found.end), star));
                    at = found.end;
                }
                Some(_) | None => at += 1,
            }
        }
        all
    }
}

fn range(start: usize, end: usize) -> Range {
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Range::new(place(start), place(end))
}

/// An entry that would apply to a part of what is spoken.
struct Candidate<'a> {
    spoken: Range,
    place: usize,
    entry: &'a Entry,
    star: String,
}

pub(super) fn said(lexicon: &Lexicon, sentence: &Sentence<'_>) -> Vec<Said> {
    if lexicon.is_empty() {
        return Vec::new();
    }
    let language = sentence.language.unwrap_or(&lexicon.language);
    let spoken = Text::of(sentence.spoken);
    let written = (sentence.written != sentence.spoken).then(|| Text::of(sentence.written));
    let mut candidates = Vec::new();
    for (place, entry) in lexicon.entries.iter().enumerate().filter(|(_, entry)| entry.applies_to(language)) {
        let (text, stars) = match &entry.written {
            Written::Text(text) => (text, false),
            Written::Pattern(text) => (text, true),
        };
        let atoms = pattern::atoms(text, stars, entry.match_case);
        for (found, star) in spoken.all(&atoms, entry.match_case) {
            let star = star.map_or("", |star| star.of(sentence.spoken)).to_owned();
            candidates.push(Candidate { spoken: found, place, entry, star });
        }
        let written = written.iter().flat_map(|text| text.all(&atoms, entry.match_case));
        candidates.extend(written.filter_map(|(found, star)| {
            let spoken = spoken_of(found, sentence)?;
            let star = match star.filter(|star| !star.is_empty()) {
                Some(star) => said_for(star, found, spoken, sentence)?.to_owned(),
                None => String::new(),
            };
            Some(Candidate { spoken, place, entry, star })
        }));
    }
    chosen(candidates)
}

/// The longest of them, of those for the same words the first, and of the rest what does not touch
/// them; in order.
fn chosen(mut candidates: Vec<Candidate<'_>>) -> Vec<Said> {
    candidates.sort_by_key(|one| (std::cmp::Reverse(one.spoken.len()), one.place, one.spoken.start));
    let mut chosen: Vec<Candidate<'_>> = Vec::new();
    for one in candidates {
        let apart =
            |other: &Candidate<'_>| one.spoken.end <= other.spoken.start || other.spoken.end <= one.spoken.start;
        if chosen.iter().all(apart) {
            chosen.push(one);
        }
    }
    chosen.sort_by_key(|one| one.spoken.start);
    let said = |one: Candidate<'_>| Said {
        spoken: one.spoken,
        ipa: one.entry.ipa.clone(),
        respelling: match &one.entry.written {
            Written::Text(_) => one.entry.respelling.clone(),
            Written::Pattern(_) => one.entry.respelling.replace('*', &one.star),
        },
    };
    chosen.into_iter().map(said).collect()
}

/// Pauses as they are spoken: one stands behind the words of a step of the map, and belongs to it.
const PAUSES: [char; 6] = [',', ';', ':', '.', '?', '!'];

/// What of a sentence is spoken for a part of what is written, without the pause behind it, which
/// is heard however the words are said; none where the part begins or ends within something that is
/// spoken as a whole. What stands beside the part in the same step is said as it is written
/// (`SQL's`, `l'ONU`), or is seen alone.
fn spoken_of(part: Range, sentence: &Sentence<'_>) -> Option<Range> {
    let within = |step: &&Mapping| step.original.start < part.end && part.start < step.original.end;
    let (first, last) = (sentence.map.iter().find(within)?, sentence.map.iter().rfind(within)?);
    if part.start < first.original.start || last.original.end < part.end {
        return None;
    }
    let written = |start, end| Range::new(start, end).of(sentence.written).replace('\u{2019}', "'");
    let (before, behind) = (written(first.original.start, part.start), written(part.end, last.original.end));
    let said = first.spoken.of(sentence.spoken);
    let before = if said.starts_with(&before) { before.as_str() } else { before.trim_start_matches(opens) };
    if !said.starts_with(before) {
        return None;
    }
    let start = first.spoken.start + length(before);
    let end = last.spoken.start + length(up_to(last.spoken.of(sentence.spoken), &behind)?);
    (start < end).then(|| Range::new(start, end))
}

/// What `said`, the words of a step, is without what is said for `behind`, the end of what is
/// written for it, and without the pause.
fn up_to<'a>(said: &'a str, behind: &str) -> Option<&'a str> {
    match said.strip_suffix(behind) {
        Some(words) if !behind.is_empty() => Some(words),
        Some(_) | None => {
            let words = said.trim_end_matches(PAUSES);
            let (ending, seen) = behind.split_at(behind.trim_end_matches(is_seen).len());
            // A stop that is no pause is of an abbreviation, which is said as a whole.
            let shortened = words.len() == said.len() && seen.contains('.');
            if shortened { None } else { words.strip_suffix(ending) }
        }
    }
}

/// Whether a character before a word is seen and not said.
const fn opens(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '„' | '‘' | '‚' | '«' | '»' | '‹' | '›' | '(' | '[' | '{' | '¿' | '¡')
}

/// Whether a character behind a word is a pause, or is seen and not said.
fn is_seen(c: char) -> bool {
    let closes = matches!(c, ')' | ']' | '}' | '”' | '-' | '–' | '—' | '…' | '•');
    closes || opens(c) || PAUSES.contains(&c) || c.is_whitespace()
}

/// What is spoken for what a `*` stands for in the written `found`, of which `spoken` is said: its
/// own words, or what is left of a name that is said as a whole without its other letters ("four"
/// of "G P T four", which is written `GPT-4`).
fn said_for<'a>(star: Range, found: Range, spoken: Range, sentence: &Sentence<'a>) -> Option<&'a str> {
    if let Some(own) = spoken_of(star, sentence) {
        return Some(own.of(sentence.spoken));
    }
    let before = Range::new(found.start, star.start).of(sentence.written);
    let behind = Range::new(star.end, found.end).of(sentence.written);
    // Of other signs nobody knows how they are said.
    let is_plain = |c: char| pattern::of_word(c) || c == '-' || c.is_whitespace();
    if !before.chars().chain(behind.chars()).all(is_plain) {
        return None;
    }
    let is_same = |said: char, letter: char| pattern::sign(said, false) == pattern::sign(letter, false);
    let mut rest = spoken.of(sentence.spoken).chars();
    for letter in before.chars().filter(|c| pattern::of_word(*c)) {
        rest.find(|c| pattern::of_word(*c)).filter(|said| is_same(*said, letter))?;
    }
    for letter in behind.chars().rev().filter(|c| pattern::of_word(*c)) {
        rest.rfind(|c| pattern::of_word(*c)).filter(|said| is_same(*said, letter))?;
    }
    let rest = rest.as_str();
    let is_whole = (before.is_empty() || !rest.starts_with(pattern::of_word))
        && (behind.is_empty() || !rest.ends_with(pattern::of_word));
    Some(rest.trim()).filter(|rest| is_whole && !rest.is_empty())
}
