//! Parts of a block's text that are seen and not heard: citations, marks of notes, formulas without
//! words, foreign scripts.

use lectern_core::content::Range;
use lectern_core::content::document::{Block, Span, SpanKind};
use lectern_core::content::script::SkipReason;

use super::offset;
use crate::speakable::{Language, can_say, formula, must_say};

/// Numbers in brackets, and words between them, of the longest row that is looked at; characters of
/// the longest of them.
const MOST_IN_ROW: usize = 12;
const LONGEST_IN_ROW: usize = 60;

/// A part that is not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) range: Range,
    pub(super) reason: SkipReason,
    /// The note that it refers to.
    pub(super) note: Option<u32>,
}

/// The cuts of a block, sorted, apart from each other.
pub(super) fn of(block: &Block, chars: &[char], language: Language) -> Vec<Cut> {
    let length = u32::try_from(chars.len()).unwrap_or(u32::MAX);
    let mut cuts = Vec::new();
    let mut protected = Vec::new();
    for span in &block.spans {
        let start = span.range.start.min(length);
        let range = Range::new(start, span.range.end.min(length).max(start));
        let text = || chars[range.start as usize..range.end as usize].iter().collect::<String>();
        let (reason, note) = match &span.kind {
            SpanKind::Citation => (SkipReason::Citation, None),
            SpanKind::NoteReference { note } => (SkipReason::NoteMark, *note),
            SpanKind::Formula { latex: true } if formula(&text(), language).is_none() => (SkipReason::Formula, None),
            SpanKind::Superscript if note_mark(chars, range) => (SkipReason::NoteMark, None),
            SpanKind::Code | SpanKind::Formula { .. } => {
                protected.push(range);
                continue;
            }
            SpanKind::Emphasis
            | SpanKind::Link { .. }
            | SpanKind::Superscript
            | SpanKind::Subscript
            | SpanKind::Quote => continue,
        };
        cuts.push(Cut { range, reason, note });
    }
    protected.sort_unstable_by_key(|range| range.start);
    unmarked(chars, &protected, language, &mut cuts);
    foreign(chars, language, &mut cuts);
    apart(cuts)
}

/// The citations of a block, sorted, apart from each other.
pub(super) fn citations(block: &Block, chars: &[char], language: Language) -> Vec<Range> {
    let cuts = of(block, chars, language).into_iter();
    cuts.filter(|cut| cut.reason == SkipReason::Citation).map(|cut| cut.range).collect()
}

/// The block with its citations as text that no rule here cuts away: what is printed stays as it is
/// printed, as in a formula without LaTeX.
pub(super) fn with_citations(block: &Block, citations: &[Range]) -> Block {
    let mut spans: Vec<Span> = block.spans.iter().filter(|span| span.kind != SpanKind::Citation).cloned().collect();
    spans.extend(citations.iter().map(|range| Span { range: *range, kind: SpanKind::Formula { latex: false } }));
    spans.sort_by_key(|span| span.range.start);
    Block { spans, ..block.clone() }
}

/// Whether raised digits stand where a note is marked: after an ordinary word or a sentence, not
/// after a unit or a variable.
fn note_mark(chars: &[char], range: Range) -> bool {
    let (start, end) = (range.start as usize, range.end as usize);
    let digits = start < end
        && end - start <= 3
        && chars[start..end].iter().all(|c| c.is_ascii_digit() || matches!(c, '*' | '†' | '‡'));
    let before: Vec<char> = chars[..start].iter().rev().take(4).copied().collect();
    let after_word = before.len() == 4 && before.iter().all(|c| c.is_lowercase());
    let after_stop = before.first().is_some_and(|c| matches!(c, '.' | ',' | ';' | '"' | '”' | ')' | '!' | '?'))
        && before.get(1).is_some_and(|c| c.is_alphabetic() || matches!(c, '.' | '"' | '”'));
    digits && (after_word || after_stop)
}

/// Citations that the extractor did not mark: `[12]`, `[3, 4-6]`, `(Smith et al., 2020)`, the year
/// of `Smith et al. (2020)`, and raised digits after a word. `protected` is sorted.
fn unmarked(chars: &[char], protected: &[Range], language: Language, cuts: &mut Vec<Cut>) {
    // The first of `protected` that may reach a place from `at` on: looked for by going on, so that
    // a text with many takes time by its length.
    let mut next = 0;
    let mut at = 0;
    while at < chars.len() {
        while protected.get(next).is_some_and(|range| range.end as usize <= at) {
            next += 1;
        }
        let found = match chars[at] {
            '[' => numeric(chars, at).filter(|_| !is_led(chars, at, language)),
            '(' => {
                let end = language.author_year(chars, at);
                end.map(|end| (Range::new(offset(at), offset(end)), SkipReason::Citation))
            }
            c if raised_digit(c) => {
                let end = (at..chars.len()).find(|at| !raised_digit(chars[*at])).unwrap_or(chars.len());
                let range = Range::new(offset(at), offset(end));
                let before: Vec<char> = chars[..at].iter().rev().take(4).copied().collect();
                let marks = (before.len() == 4 && before.iter().all(|c| c.is_lowercase()))
                    || before.first().is_some_and(|c| matches!(c, '.' | ',' | '”' | '"'));
                if !marks {
                    // None of the digits after the first marks a note either.
                    at = end;
                    continue;
                }
                Some((range, SkipReason::NoteMark))
            }
            _ => None,
        };
        match found {
            Some((range, reason)) if protected.get(next).is_none_or(|p| p.start >= range.end) => {
                cuts.push(Cut { range, reason, note: None });
                at = range.end as usize;
            }
            _ => at += 1,
        }
    }
}

/// A raised digit as Unicode has it.
const fn raised_digit(c: char) -> bool {
    matches!(c, '¹' | '²' | '³' | '⁰'..='⁹')
}

/// Whether the word for references leads the number in brackets at `at`, or a row of such numbers
/// that it is one of (`Refs. [3] and [4]`): without it the sentence would be none.
fn is_led(chars: &[char], at: usize, language: Language) -> bool {
    let between = |c: &char| c.is_whitespace() || matches!(c, '.' | ',' | '-' | '–');
    let mut end = at;
    for _ in 0..MOST_IN_ROW {
        let before = chars.get(..end).unwrap_or_default();
        let Some(last) = before.iter().rposition(|c| !between(c)) else { return false };
        let reach = last.saturating_sub(LONGEST_IN_ROW)..last;
        if before[last] == ']' {
            let Some(open) = before[reach.clone()].iter().rposition(|c| *c == '[') else { return false };
            end = reach.start + open;
            continue;
        }
        let begin = before[reach.clone()].iter().rposition(|c| !c.is_alphabetic());
        let begin = begin.map_or(reach.start, |behind| reach.start + behind + 1);
        let word: String = before[begin..=last].iter().flat_map(|c| c.to_lowercase()).collect();
        if language.is_reference(&word) {
            return true;
        }
        if !language.grammar().in_context("joints", &word) {
            return false;
        }
        end = begin;
    }
    false
}

/// `[12]` and `[3, 4-6]`, after a word and not at the start, where it would be the label of an
/// entry.
fn numeric(chars: &[char], at: usize) -> Option<(Range, SkipReason)> {
    let before = chars[..at].iter().rev().find(|c| !c.is_whitespace())?;
    let glued = at.checked_sub(1).is_some_and(|at| chars[at].is_alphanumeric() || chars[at] == '_');
    // `list[3]` is an index when what stands before it is no plain word; after a word a citation
    // may stand without a space.
    if glued && !chars[..at].iter().rev().take_while(|c| !c.is_whitespace()).all(|c| c.is_alphabetic()) {
        return None;
    }
    let length = chars[at..].iter().take(60).position(|c| *c == ']')?;
    let inner = &chars[at + 1..at + length];
    // Works are numbered from 1: `[0, 1]` is an interval.
    let zero = inner.split(|c| !c.is_alphanumeric()).any(|number| number == ['0']);
    let citation = !zero
        && inner.iter().any(char::is_ascii_digit)
        && inner.iter().all(|c| in_numbers(*c))
        && inner.split(|c| !c.is_ascii_digit()).all(|number| number.len() <= 3);
    let sayable =
        before.is_alphanumeric() || matches!(before, '.' | ',' | ')' | ']' | '"' | '”' | '’' | ';' | ':' | '%');
    (citation && sayable).then(|| (Range::new(offset(at), offset(at + length + 1)), SkipReason::Citation))
}

/// Whether the numbers of a citation are written with it: a digit, or what stands between them.
pub(super) fn in_numbers(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ',' | ';' | '-' | '–' | '—') || c.is_whitespace()
}

/// Letters, digits and signs that the voice cannot say and a listener would miss.
fn foreign(chars: &[char], language: Language, cuts: &mut Vec<Cut>) {
    let unsayable = |at: usize, letters: bool| {
        chars.get(at).is_some_and(|c| c.is_alphanumeric() == letters && must_say(*c) && !can_say(*c, language))
    };
    let mut at = 0;
    while at < chars.len() {
        let found = [(true, SkipReason::LanguageUnsupported), (false, SkipReason::NothingToSay)];
        let Some((letters, reason)) = found.into_iter().find(|(letters, _)| unsayable(at, *letters)) else {
            at += 1;
            continue;
        };
        let end = (at..).find(|at| !unsayable(*at, letters)).unwrap_or(at + 1);
        cuts.push(Cut { range: Range::new(offset(at), offset(end)), reason, note: None });
        at = end;
    }
}

/// Sorts, and cuts away what overlaps an earlier one.
fn apart(mut cuts: Vec<Cut>) -> Vec<Cut> {
    cuts.sort_by_key(|cut| (cut.range.start, cut.range.end));
    let mut apart: Vec<Cut> = Vec::with_capacity(cuts.len());
    for mut cut in cuts {
        if let Some(last) = apart.last_mut() {
            // A cut inside another, or the same twice: the note that it names is kept.
            if cut.range.start < last.range.end {
                last.note = last.note.or(cut.note);
                cut.range.start = last.range.end;
            }
        }
        if !cut.range.is_empty() {
            apart.push(cut);
        }
    }
    apart
}
