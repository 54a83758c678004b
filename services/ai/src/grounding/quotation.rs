//! Words in quotation marks.

use lectern_core::content::Range;

use super::number::Quantity;
use super::text::{BREAK, Kind, Text};
use super::verdict::{Fault, FaultKind};

/// The longest run of marks and spaces that is cut off at the ends of a quotation.
const ENDS: &[char] =
    &['.', ',', ';', ':', '!', '?', '"', '\'', '-', '\u{2013}', '\u{2018}', '(', ')', '…', ' ', '*', '_'];

/// The share of its words, in percent, that a passage must have of a quotation to be named as near.
const NEAR: usize = 50;

/// The quotations of `claim`, as ranges without their marks. A mark that is never closed is open to
/// the end.
fn quotations(claim: &[char]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    let letter = |at: usize| claim.get(at).is_some_and(|c| c.is_alphanumeric());
    for (at, c) in claim.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| claim.get(before)).copied().unwrap_or(' ');
        match (*c, open) {
            // A double prime behind a digit is an inch or a second.
            ('"' | '“' | '”' | '„' | '«' | '»' | '‟', None) if *c != '"' || !before.is_ascii_digit() => {
                open = Some((at + 1, '"'));
            }
            ('"' | '“' | '”' | '«' | '»' | '‟', Some((start, '"'))) => {
                found.push((start, at));
                open = None;
            }
            ('‘' | '\'', None) => {
                let begins = before.is_whitespace() || matches!(before, '(' | '[' | '—' | '–');
                if begins && claim.get(at + 1).is_some_and(|c| c.is_alphabetic()) && closes(claim, at + 1) {
                    open = Some((at + 1, '\''));
                }
            }
            ('’' | '\'', Some((start, '\''))) if !letter(at + 1) => {
                found.push((start, at));
                open = None;
            }
            _ => {}
        }
    }
    if let Some((start, '"')) = open {
        found.push((start, claim.len()));
    }
    found
}

/// Whether a single mark that opens at `from` is closed later: else it is an apostrophe.
fn closes(claim: &[char], from: usize) -> bool {
    let rest = claim.get(from..).unwrap_or_default();
    let mut ends = rest
        .iter()
        .enumerate()
        .filter(|(at, c)| matches!(c, '’' | '\'') && !rest.get(at + 1).is_some_and(|c| c.is_alphanumeric()));
    ends.next().is_some()
}

/// One form of spaces, quotation marks and dashes.
fn plain(chars: &[char]) -> String {
    let mut plain = String::new();
    for c in chars {
        let c = match *c {
            '\u{00AD}' | '\u{200B}' => continue,
            BREAK => BREAK,
            c if c.is_whitespace() => ' ',
            '“' | '”' | '„' | '«' | '»' | '‘' | '’' | '\'' | '"' => '\'',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            c => c,
        };
        if c != ' ' || !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(c);
        }
    }
    plain
}

/// Sources made ready to be searched for quotations.
#[derive(Debug)]
pub(super) struct Quotable {
    chars: Vec<char>,
    plain: String,
}

impl Quotable {
    /// Reads texts that were joined.
    pub fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        Self { plain: plain(&chars), chars }
    }

    /// Whether the fragment stands here as whole words; its first letter may be of either case. The
    /// place behind it.
    fn find(&self, fragment: &str, from: usize) -> Option<usize> {
        let mut letters = fragment.chars();
        let first = letters.next()?;
        let rest = letters.as_str();
        let upper: String = first.to_uppercase().chain(rest.chars()).collect();
        let lower: String = first.to_lowercase().chain(rest.chars()).collect();
        let ends = [fragment, &upper, &lower].into_iter().filter_map(|form| self.find_form(form, from));
        ends.min()
    }

    fn find_form(&self, form: &str, from: usize) -> Option<usize> {
        let text = self.plain.get(from..)?;
        let whole = |(at, found): &(usize, &str)| {
            let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let before = text.get(..*at).and_then(|text| text.chars().next_back());
            let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
            !inside(before) && !inside(after)
        };
        text.match_indices(form).find(whole).map(|(at, found)| from + at + found.len())
    }

    fn has(&self, fragments: &[String]) -> bool {
        let mut from = 0;
        fragments.iter().all(|fragment| match self.find(fragment, from) {
            Some(end) => {
                from = end;
                true
            }
            None => false,
        })
    }

    /// The passage that has most of the quotation's words, if it has half of them.
    fn nearest(&self, quotation: &str) -> String {
        let folded = |word: &str| word.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
        let wanted: Vec<String> = quotation.split_whitespace().map(folded).collect();
        let mut words: Vec<(usize, usize, bool)> = Vec::new();
        let mut start = None;
        let ends = std::iter::once((self.chars.len(), ' '));
        for (at, c) in self.chars.iter().copied().enumerate().chain(ends) {
            match (c.is_whitespace(), start) {
                (false, None) => start = Some(at),
                (true, Some(from)) => {
                    let word: String = self.chars.get(from..at).unwrap_or_default().iter().collect();
                    words.push((from, at, wanted.contains(&folded(&word))));
                    start = None;
                }
                (true, None) | (false, Some(_)) => {}
            }
        }
        let best = words.windows(wanted.len().clamp(1, words.len().max(1))).max_by_key(|passage| {
            let hits = passage.iter().filter(|word| word.2).count();
            let edges = usize::from(passage.first().is_some_and(|word| word.2));
            hits * 2 + edges
        });
        let near = best.filter(|passage| passage.iter().filter(|word| word.2).count() * 100 >= wanted.len() * NEAR);
        let range = near.and_then(|passage| Some((passage.first()?.0, passage.last()?.1)));
        range
            .and_then(|(start, end)| self.chars.get(start..end))
            .map_or_else(String::new, |chars| chars.iter().collect())
    }
}

/// The parts of a quotation between ellipses and insertions in brackets, trimmed of marks.
fn fragments(quotation: &[char]) -> Vec<String> {
    let text = plain(quotation).replace("...", "…");
    let mut open = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '[' => {
                depth += 1;
                open.push('…');
            }
            ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => open.push(c),
            _ => {}
        }
    }
    let parts = open.split('…').map(|part| part.trim_matches(ENDS));
    parts.filter(|part| part.chars().any(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// The faults of quotations: words in quotation marks that neither the sources nor the titles have.
pub(super) fn check(claim: &str, sources: &Quotable, titles: &Quotable) -> Vec<Fault> {
    let chars: Vec<char> = claim.chars().collect();
    let mut faults = Vec::new();
    for (start, end) in quotations(&chars) {
        let own = chars.get(start..end).unwrap_or_default();
        let fragments = fragments(own);
        if fragments.is_empty() || sources.has(&fragments) || titles.has(&fragments) {
            continue;
        }
        let found: String = own.iter().collect();
        let said = sources.nearest(&found);
        let offset = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        faults.push(Fault { kind: FaultKind::Quotation, range: Range::new(offset(start), offset(end)), found, said });
    }
    faults
}

/// What a quotation has where something of its source was left out or put in.
const CUT: [&str; 3] = ["[", "…", "..."];
/// The least words of a quotation that is looked for without its marks.
const FEWEST: usize = 2;
/// Stands between two sentences in a row of words.
const STOP: &str = ".";

/// Whether the sources have the quotation of a fault but for the marks within a sentence and for
/// how its numbers are written: "ninety per cent of it" for "90% of it". All of its words must be
/// there.
pub(super) fn is_said(
    (claim, own): (&Text, &[Quantity]),
    fault: &Fault,
    (source, there): (&Text, &[Quantity]),
) -> bool {
    if CUT.iter().any(|cut| fault.found.contains(cut)) {
        return false;
    }
    let place = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
    let wanted = row(claim, own, place(fault.range.start), place(fault.range.end));
    let known = row(source, there, 0, usize::MAX);
    wanted.len() >= FEWEST && known.windows(wanted.len()).any(|words| is_same(words, &wanted))
}

/// The words of the scalar values `start..end`, as they are written, and each number by its value.
fn row(text: &Text, quantities: &[Quantity], start: usize, end: usize) -> Vec<String> {
    let mut row = Vec::new();
    let mut at = text.tokens.iter().take_while(|token| token.start < start).count();
    let mut sentence = None;
    while let Some(token) = text.token(at).filter(|token| token.end <= end) {
        if sentence.is_some_and(|last| last != token.sentence) {
            row.push(STOP.to_owned());
        }
        sentence = Some(token.sentence);
        let number = quantities.iter().find(|one| one.first == at && !one.weak);
        let whole =
            |one: &&Quantity| one.last.checked_sub(1).and_then(|at| text.token(at)).is_some_and(|t| t.end <= end);
        if let Some(number) = number.filter(whole) {
            row.push(format!("{} {:?} {:?}", number.value, number.form, number.unit));
            at = number.last.max(at + 1);
            continue;
        }
        if !matches!(token.kind, Kind::Mark(_)) {
            row.push(text.slice(token.start, token.end));
        }
        at += 1;
    }
    row
}

/// Whether the words are the same; the first letter may be of either case.
fn is_same(words: &[String], wanted: &[String]) -> bool {
    let split = |word: &String| {
        let mut letters = word.chars();
        let first: Option<String> = letters.next().map(|first| first.to_lowercase().collect());
        (first, letters.as_str().to_owned())
    };
    let first = words.first().zip(wanted.first());
    first.is_some_and(|(one, other)| split(one) == split(other)) && words.get(1..) == wanted.get(1..)
}
