//! Footnotes: small type at the foot of a column, each behind a raised mark.

use std::collections::{HashMap, HashSet};

use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, SpanKind};

use super::super::super::assembly::Draft;
use super::super::super::inline::Mark;
use super::super::content::page::Rule;
use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::assemble::APART;
use super::group::Group;

/// Takes the footnotes off the end of a region's `lines`.
pub fn take(lines: &mut Vec<Line>, metrics: &Metrics, rules: &[Rule], marks: &[String]) -> Vec<Group> {
    let small =
        lines.iter().rev().take_while(|line| line.size < 0.94 * metrics.body && line.size > 0.4 * metrics.body).count();
    let mut from = lines.len() - small;
    // What stands above the first mark is a caption or the like, unless a rule says that notes begin there.
    let ruled = |line: &Line| {
        rules.iter().any(|rule| {
            rule.lies()
                && rule.y1 < line.y
                && rule.y0 > line.y - 2.6 * line.size
                && rule.x1 - rule.x0 < 0.6 * (line.right - line.left).max(120.0)
        })
    };
    while from < lines.len() && mark(&lines[from], marks).is_none() && !ruled(&lines[from]) {
        from += 1;
    }
    let mut notes: Vec<Group> = Vec::new();
    for line in lines.drain(from..) {
        match mark(&line, marks)
            .or_else(|| if notes.is_empty() || follows(&notes, &line) { flush(&line) } else { None })
        {
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
    notes
}

/// A number that stands at the text without a gap: some faces have raised figures that are glyphs of their own.
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

    /// The key of the note to which a raised `label` on `page` refers: the page's own, or the only one so marked, where it
    /// stands on the next page or its mark is no number. Any other raised number is an exponent.
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

/// References to notes whose marks are not raised but drawn by raised figures of their own: `wave.1 Every`. A note's number must
/// stand so in exactly one place of its page.
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
            let text = matches!(draft.kind, BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Quote);
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

/// Where `label` stands right behind a letter or a stop and before white space or the end.
fn flush_marks(text: &str, label: &str) -> Vec<Range> {
    let chars: Vec<char> = text.chars().collect();
    let label: Vec<char> = label.chars().collect();
    (1..chars.len().saturating_sub(label.len() - 1))
        .filter(|at| {
            let end = at + label.len();
            chars[*at..end] == label
                && (chars[at - 1].is_alphabetic()
                    || matches!(chars[at - 1], '.' | ',' | ';' | ')' | '”' | '’' | '?' | '!'))
                && chars.get(end).is_none_or(|next| next.is_whitespace())
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
