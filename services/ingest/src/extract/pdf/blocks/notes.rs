//! Footnotes: small type at the foot of a column, each behind a raised mark.

use std::collections::{HashMap, HashSet};

use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, SpanKind};

use super::super::super::assembly::Draft;
use super::super::super::inline::Mark;
use super::super::content::page::Rule;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::sentence;
use super::group::{APART, Group};

/// Notes are smaller than the text by this share of it at the least (8.5 to 9 points below 10), and
/// larger than specks.
const SMALL: std::ops::Range<f32> = 0.4..0.94;
/// The rule above notes stands at most this many ems above their first baseline.
const BELOW_RULE: f32 = 2.6;
/// The rule above notes covers at most this share of the column; longer ones belong to tables.
const RULE: f32 = 0.6;
/// A column narrower than this, in points, is measured as if it were as wide.
const NARROWEST: f32 = 120.0;

/// Takes the footnotes off the end of a region's `lines`, and adds them to `notes`. A note begins
/// at a mark. Lines without one go on with the last note of the page before, where a rule parts
/// them from the text and that note broke off; else they are text.
pub fn take(lines: &mut Vec<Line>, metrics: &Metrics, rules: &[Rule], marks: &[String], notes: &mut Vec<Group>) {
    let small = |line: &Line| is_small(line, metrics);
    let mut from = lines.len() - lines.iter().rev().take_while(|line| small(line)).count();
    let ruled = |line: &Line| {
        rules.iter().any(|rule| {
            rule.lies()
                && rule.y1 < line.y
                && rule.y0 > line.y - BELOW_RULE * line.size
                && rule.x1 - rule.x0 < RULE * (line.right - line.left).max(NARROWEST)
        })
    };
    let goes_on =
        |line: &Line| notes.last().is_some_and(|note| note.page_end + 1 == line.page && !sentence::ends(&note.rough()));
    let begins = |line: &Line| {
        let ruled = ruled(line);
        mark(line, marks).is_some() || ruled && (goes_on(line) || flush(line).is_some())
    };
    while from < lines.len() && !begins(&lines[from]) {
        from += 1;
    }
    let before = notes.len();
    for line in lines.drain(from..) {
        let next = || notes.len() == before || follows(notes, &line);
        match mark(&line, marks).or_else(|| flush(&line).filter(|_| next())) {
            Some((label, skip)) => {
                let mut group = Group::new(BlockKind::Footnote { label }, line, APART);
                group.skip = skip;
                notes.push(group);
            }
            None => match notes.last_mut() {
                Some(note) => note.push(line),
                None => notes.push(Group::new(BlockKind::Footnote { label: String::new() }, line, APART)),
            },
        }
    }
}

/// Whether `line` is set as notes are.
pub fn is_small(line: &Line, metrics: &Metrics) -> bool {
    line.size < SMALL.end * metrics.body && line.size > SMALL.start * metrics.body
}

/// The digits that raised figures of Unicode stand for; none where `text` is anything else.
pub fn figures(text: &str) -> Option<String> {
    let digit = |char: char| {
        let value = match char {
            '\u{b9}' => 1,
            '\u{b2}' => 2,
            '\u{b3}' => 3,
            '\u{2070}' | '\u{2074}'..='\u{2079}' => char as u32 - 0x2070,
            _ => return None,
        };
        char::from_digit(value, 10)
    };
    text.chars().map(digit).collect::<Option<String>>().filter(|digits| !digits.is_empty())
}

/// The label of a note that begins with `line`, and the scalar values up to its text: what is
/// `told` to be its marker, or what looks like one.
pub fn label(line: &Line, told: &str, marks: &[String]) -> (String, usize) {
    let text = line.text();
    if let Some(rest) = text.strip_prefix(told).filter(|_| !told.is_empty()) {
        let gap = rest.chars().take_while(|char| char.is_whitespace()).count();
        let label = told.trim_matches(|char: char| char.is_whitespace() || ".)([]:".contains(char));
        return (figures(label).unwrap_or_else(|| label.to_owned()), told.chars().count() + gap);
    }
    mark(line, marks).or_else(|| flush(line)).unwrap_or_default()
}

/// How many raised figures `text` begins with.
fn leading_figures(text: &str) -> usize {
    text.chars().take_while(|char| figures(char.encode_utf8(&mut [0; 4])).is_some()).count()
}

/// A number that stands at the text without a gap: some faces have raised figures that are glyphs
/// of their own.
fn flush(line: &Line) -> Option<(String, usize)> {
    let text = line.text();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let next = text.chars().nth(digits)?;
    ((1..=3).contains(&digits) && (next.is_uppercase() || matches!(next, '“' | '"' | '‘')))
        .then(|| (text.chars().take(digits).collect(), digits))
}

/// Whether a flush number at the start of `line` is the next after the last note's.
fn follows(notes: &[Group], line: &Line) -> bool {
    let Some(BlockKind::Footnote { label }) = notes.last().map(|note| &note.kind) else { return false };
    let next = flush(line).and_then(|(label, _)| label.parse::<u32>().ok());
    label.parse::<u32>().is_ok_and(|label| next == Some(label + 1))
}

/// The raised marks in `lines` that may refer to notes.
pub fn references(lines: &[Line]) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines {
        for (at, piece) in line.pieces.iter().enumerate() {
            if piece.style.shift > 0 && at > 0 && is_label(&piece.text) {
                out.push(piece.text.clone());
            }
        }
    }
    out
}

/// Whether a raised text can be a note's mark.
pub fn is_label(text: &str) -> bool {
    let count = text.chars().count();
    (1..=3).contains(&count)
        && (text.chars().all(|char| char.is_ascii_digit())
            || text.chars().all(|char| "*∗†‡§¶‖#".contains(char))
            || (count == 1 && text.chars().all(|char| char.is_ascii_lowercase())))
}

/// The notes of a document, by the marks that refer to them.
#[derive(Debug, Default)]
pub struct Notes {
    /// Pages on which a note with this label stands.
    pages: HashMap<String, Vec<usize>>,
}

impl Notes {
    /// The notes among `groups`.
    pub fn of(groups: &[Group]) -> Self {
        let mut pages: HashMap<String, Vec<usize>> = HashMap::new();
        for group in groups {
            if let BlockKind::Footnote { label } = &group.kind {
                pages.entry(label.clone()).or_default().push(group.page);
            }
        }
        Self { pages }
    }

    /// The key of the note to which a raised `label` on `page` refers: the page's own, or the only
    /// one so marked, where it stands on the next page or its mark is no number. Any other raised
    /// number is an exponent.
    pub fn find(&self, page: usize, label: &str) -> Option<String> {
        let pages = self.pages.get(label.trim()).filter(|_| is_label(label.trim()))?;
        let own = pages.contains(&page).then_some(page);
        let only = || match pages[..] {
            [only] if only == page + 1 || label.trim().parse::<u32>().is_err() => Some(only),
            _ => None,
        };
        own.or_else(only).map(|page| key(page, label.trim()))
    }
}

/// The name under which marks refer to a note.
pub fn key(page: usize, label: &str) -> String {
    format!("page {page} note {label}")
}

/// References to notes whose marks are not raised but drawn by raised figures of their own:
/// `wave.1 Every`. A note's number must stand so in exactly one place of its page.
pub fn bind_flush(drafts: &mut [Draft]) {
    let referred: HashSet<String> =
        drafts.iter().flat_map(|draft| &draft.line.marks).filter_map(|mark| mark.note.clone()).collect();
    let missing: Vec<(String, u32, String)> = drafts
        .iter()
        .filter_map(|draft| {
            let BlockKind::Footnote { label } = &draft.kind else { return None };
            let key = draft.anchors.first().filter(|key| !referred.contains(*key))?;
            label.parse::<u32>().is_ok().then_some((key.clone(), draft.page?, label.clone()))
        })
        .collect();
    for (key, page, label) in missing {
        let mut places = Vec::new();
        for (at, draft) in drafts.iter().enumerate() {
            let on_page = draft.page.is_some_and(|from| from <= page && page <= draft.page_end.unwrap_or(from));
            let text = draft.kind.is_running_text();
            if on_page && text {
                places.extend(flush_marks(&draft.line.text, &label).into_iter().map(|range| (at, range)));
            }
        }
        if let [(at, range)] = places[..] {
            let kind = SpanKind::NoteReference { note: None };
            drafts[at].line.marks.push(Mark { range, kind, note: Some(key) });
        }
    }
}

/// Where `label` stands right behind a letter or a stop and before white space, a stop or the end.
fn flush_marks(text: &str, label: &str) -> Vec<Range> {
    let chars: Vec<char> = text.chars().collect();
    let label: Vec<char> = label.chars().collect();
    (1..chars.len().saturating_sub(label.len() - 1))
        .filter(|at| {
            let end = at + label.len();
            chars[*at..end] == label
                && (chars[at - 1].is_alphabetic()
                    || matches!(chars[at - 1], '.' | ',' | ';' | ')' | '”' | '’' | '?' | '!'))
                && chars.get(end).is_none_or(|next| next.is_whitespace() || matches!(next, ',' | '.' | ';' | ':'))
        })
        .filter_map(|at| Some(Range::new(u32::try_from(at).ok()?, u32::try_from(at + label.len()).ok()?)))
        .collect()
}

/// A note's mark at the start of `line`, and the scalar values up to its text.
fn mark(line: &Line, marks: &[String]) -> Option<(String, usize)> {
    let first = line.pieces.first()?;
    let next = line.pieces.get(1);
    let label = first.text.trim();
    if first.style.shift > 0 && is_label(label) {
        let gap = usize::from(next.is_some_and(|next| next.space));
        return Some((label.to_owned(), first.text.chars().count() + gap));
    }
    let text = line.text();
    let raised = leading_figures(&text);
    if let Some(label) = figures(&text.chars().take(raised).collect::<String>()) {
        let gap = text.chars().skip(raised).take_while(|char| char.is_whitespace()).count();
        return Some((label, raised + gap));
    }
    let symbol = text.chars().next().filter(|char| "*∗†‡§¶".contains(*char));
    if let Some(symbol) = symbol {
        let rest = text.chars().skip(1).take_while(|char| char.is_whitespace()).count();
        return Some((symbol.to_string(), 1 + rest));
    }
    let (word, _) = text.split_once(' ')?;
    let label = word.trim_end_matches(['.', ')', ':']);
    (is_label(label) && marks.iter().any(|mark| mark == label)).then(|| (label.to_owned(), word.chars().count() + 1))
}

/// The label of an entry in a list of references: `[12]`, `[Knu84]`.
pub fn bracketed(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let (label, rest) = inner.split_once(']')?;
    (label.len() <= 12 && !label.is_empty() && rest.starts_with(' ')).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::lines::{Piece, TextStyle};
    use super::*;

    fn line(text: &str, size: f32, y: f32, page: usize) -> Line {
        let piece = Piece { text: text.to_owned(), x0: 72.0, x1: 300.0, style: TextStyle::default(), space: false };
        Line { pieces: vec![piece], x0: 72.0, x1: 300.0, y, size, page, region: 0, left: 72.0, right: 500.0 }
    }

    fn taken(pages: &[Vec<Line>], rules: &[Rule]) -> (Vec<String>, Vec<(String, String)>) {
        let all: Vec<Line> = pages.concat();
        let metrics = Metrics::of(&all);
        let (mut left, mut notes) = (Vec::new(), Vec::new());
        for page in pages {
            let mut lines = page.clone();
            take(&mut lines, &metrics, rules, &[], &mut notes);
            left.extend(lines.iter().map(Line::text));
        }
        let labelled = |note: &Group| {
            let BlockKind::Footnote { label } = &note.kind else { panic!("no note") };
            (label.clone(), note.rough())
        };
        (left, notes.iter().map(labelled).collect())
    }

    #[test]
    fn raised_figures_of_unicode_are_marks() {
        let page = vec![
            line("The text of the page goes on for some while.", 10.0, 100.0, 0),
            line("\u{b9} It had been lent.", 8.0, 700.0, 0),
            line("\u{b9}\u{2070} From the same.", 8.0, 710.0, 0),
        ];
        let (left, notes) = taken(&[page], &[]);
        assert_eq!(left.len(), 1);
        let wanted = [("1", "It had been lent."), ("10", "From the same.")];
        assert_eq!(notes, wanted.map(|(label, text)| (label.to_owned(), text.to_owned())));
    }

    #[test]
    fn small_text_without_a_mark_is_text_unless_it_goes_on_with_a_note() {
        let rule = Rule { x0: 72.0, y0: 690.0, x1: 150.0, y1: 690.5 };
        let body = |page| line("The text of the page goes on for some while, and so on.", 10.0, 100.0, page);
        let abstracted = vec![body(0), line("In this paper we say what we say.", 8.0, 700.0, 0)];
        let (left, notes) = taken(&[abstracted], &[rule]);
        assert_eq!((left.len(), notes.len()), (2, 0));
        let pages = [
            vec![body(0), line("\u{b2} A note that breaks off in the", 8.0, 700.0, 0)],
            vec![body(1), line("middle, and ends here.", 8.0, 700.0, 1)],
        ];
        let (_, notes) = taken(&pages, &[rule]);
        let text = "A note that breaks off in the middle, and ends here.";
        assert_eq!(notes, [("2".to_owned(), text.to_owned())]);
    }
}
