//! The text of one block while it is read: raw pieces and marks go in, canonical text and valid
//! spans come out.

use lectern_core::content::Range;
use lectern_core::content::document::SpanKind;
use unicode_segmentation::UnicodeSegmentation;

use crate::clean::normalise;

/// A span that still names its note by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// Scalar values of the line's text.
    pub range: Range,
    /// What it is; a reference's `note` is filled in by the assembly.
    pub kind: SpanKind,
    /// The key of the note it may refer to.
    pub note: Option<String>,
}

/// Canonical text with its marks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// NFC, single-spaced, trimmed.
    pub text: String,
    /// Sorted by start, the longer first.
    pub marks: Vec<Mark>,
}

impl Line {
    /// A line without marks.
    pub fn plain(text: &str) -> Self {
        let mut inline = Inline::default();
        inline.text(text);
        inline.finish()
    }

    /// Drops the first `count` scalar values and the white space after them.
    pub fn drop_start(&mut self, count: usize) {
        let rest: String = self.text.chars().skip(count).collect();
        let trimmed = rest.trim_start();
        let dropped = u32::try_from(count + rest.chars().count() - trimmed.chars().count()).unwrap_or(u32::MAX);
        self.text = trimmed.to_owned();
        for mark in &mut self.marks {
            mark.range.start = mark.range.start.saturating_sub(dropped);
            mark.range.end = mark.range.end.saturating_sub(dropped);
        }
        self.marks.retain(|mark| !mark.range.is_empty());
    }

    /// The lines that hold something, with a space between them. Counted on the way: a cell may
    /// hold a hundred thousand.
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        let mut length = 0;
        for part in parts.into_iter().filter(|part| !part.text.is_empty()) {
            if length > 0 {
                all.text.push(' ');
                length += 1;
            }
            let moved = |range: Range| Range::new(range.start + length, range.end + length);
            all.marks.extend(part.marks.into_iter().map(|mark| Mark { range: moved(mark.range), ..mark }));
            length += lectern_core::content::length(&part.text);
            all.text.push_str(&part.text);
        }
        all
    }

    /// Adds `other` behind `joint`. For two lines; many are [`Self::joined`].
    pub fn join(&mut self, joint: &str, other: Self) {
        if !self.text.is_empty() || joint != " " {
            self.text.push_str(joint);
        }
        let offset = lectern_core::content::length(&self.text);
        self.text.push_str(&other.text);
        self.marks.extend(
            other
                .marks
                .into_iter()
                .map(|mark| Mark { range: Range::new(mark.range.start + offset, mark.range.end + offset), ..mark }),
        );
    }
}

/// Where the scalar values of a text begin, so that many ranges of one text cost no more than the
/// text.
#[derive(Debug)]
pub(super) struct Scalars<'a> {
    text: &'a str,
    /// Byte offsets, with one more for the end; empty for ASCII, where a scalar value is a byte.
    starts: Vec<usize>,
}

impl<'a> Scalars<'a> {
    pub fn new(text: &'a str) -> Self {
        let starts = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect()
        };
        Self { text, starts }
    }

    /// The text of `range`.
    pub fn of(&self, range: Range) -> &'a str {
        let at = |scalar: u32| {
            let scalar = scalar as usize;
            if self.starts.is_empty() { scalar } else { self.starts.get(scalar).copied().unwrap_or(self.text.len()) }
        };
        self.text.get(at(range.start)..at(range.end)).unwrap_or_default()
    }
}

/// Gathers the text of one block.
#[derive(Debug, Clone, Default)]
pub(super) struct Inline {
    raw: String,
    /// Marks over bytes of `raw`.
    marks: Vec<RawMark>,
}

#[derive(Debug, Clone)]
struct RawMark {
    start: usize,
    end: usize,
    kind: SpanKind,
    note: Option<String>,
}

impl Inline {
    /// Appends text as the source has it; white space need not be tidy.
    pub fn text(&mut self, text: &str) {
        self.raw.push_str(text);
    }

    /// Where the next piece will begin; for [`Self::mark`].
    pub const fn here(&self) -> usize {
        self.raw.len()
    }

    /// Marks everything since `start`, a value of [`Self::here`].
    pub fn mark(&mut self, start: usize, kind: SpanKind) {
        self.mark_note(start, kind, None);
    }

    /// Marks everything since `start`, and names the note that it may refer to.
    pub fn mark_note(&mut self, start: usize, kind: SpanKind, note: Option<String>) {
        if start < self.raw.len() {
            self.marks.push(RawMark { start, end: self.raw.len(), kind, note });
        }
    }

    /// Marks `start` to `end`, bytes of what was added so far; marks that would cross an earlier
    /// one are cut there.
    pub fn mark_between(&mut self, start: usize, end: usize, kind: SpanKind, note: Option<String>) {
        if start < end && end <= self.raw.len() {
            self.marks.push(RawMark { start, end, kind, note });
        }
    }

    /// The raw text since `start`.
    pub fn since(&self, start: usize) -> &str {
        self.raw.get(start..).unwrap_or_default()
    }

    /// The raw text from `start` to `end`.
    pub fn between(&self, start: usize, end: usize) -> &str {
        self.raw.get(start..end).unwrap_or_default()
    }

    /// Takes everything since `start` away again, with its marks.
    pub fn cut(&mut self, start: usize) {
        self.raw.truncate(start);
        // Marks are added where they end, so those that end later come last.
        while self.marks.last().is_some_and(|mark| mark.end > start) {
            self.marks.pop();
        }
    }

    /// Whether only white space was added so far.
    pub fn is_blank(&self) -> bool {
        self.raw.chars().all(char::is_whitespace)
    }

    /// The canonical text and its marks.
    pub fn finish(self) -> Line {
        let (text, places) = canonical(&self.raw);
        let at = |byte: usize| {
            let found = places.binary_search_by_key(&byte, |place| place.0);
            let index = found.unwrap_or_else(|next| next.saturating_sub(1));
            places.get(index).map_or(0, |place| place.1)
        };
        let chars: Vec<char> = text.chars().collect();
        let mut marks: Vec<Mark> = Vec::with_capacity(self.marks.len());
        for raw in self.marks {
            let (mut start, mut end) = (at(raw.start).min(chars.len()), at(raw.end).min(chars.len()));
            while start < end && chars[start] == ' ' {
                start += 1;
            }
            while start < end && chars[end - 1] == ' ' {
                end -= 1;
            }
            if let (true, Ok(start), Ok(end)) = (start < end, u32::try_from(start), u32::try_from(end)) {
                marks.push(Mark { range: Range::new(start, end), kind: raw.kind, note: raw.note });
            }
        }
        Line { text, marks: nested(marks) }
    }
}

/// Sorts by start, the longer first, so that an outer mark precedes what it holds. Equal marks
/// become one.
pub(super) fn sort(marks: &mut Vec<Mark>) {
    marks.sort_by_key(|mark| (mark.range.start, u32::MAX - mark.range.end));
    marks.dedup();
}

/// Sorts, and cuts marks in two that would cross an earlier one: spans nest.
fn nested(mut marks: Vec<Mark>) -> Vec<Mark> {
    sort(&mut marks);
    let mut out: Vec<Mark> = Vec::with_capacity(marks.len());
    // The ends of the marks that are open where the next one begins, the innermost last.
    let mut open: Vec<u32> = Vec::new();
    let mut waiting: std::collections::VecDeque<Mark> = marks.into();
    while let Some(mut mark) = waiting.pop_front() {
        let (start, end) = (mark.range.start, mark.range.end);
        while open.last().is_some_and(|last| *last <= start) {
            open.pop();
        }
        if let Some(cut) = open.last().copied().filter(|last| *last < end) {
            let rest = Mark { range: Range::new(cut, end), ..mark.clone() };
            mark.range.end = cut;
            let place = waiting.partition_point(|next| {
                (next.range.start, u32::MAX - next.range.end) <= (rest.range.start, u32::MAX - rest.range.end)
            });
            waiting.insert(place, rest);
        }
        open.push(mark.range.end);
        out.push(mark);
    }
    out
}

/// Canonical text of `raw`, and for each cluster of it (byte offset, scalar offset in the result),
/// with one entry for the end.
fn canonical(raw: &str) -> (String, Vec<(usize, usize)>) {
    let mut text = String::with_capacity(raw.len());
    let mut places = Vec::with_capacity(raw.len() + 1);
    let mut count = 0;
    let mut space = false;
    // Composition never crosses a grapheme cluster (UAX #29, section 3), so clusters can be
    // normalised one by one.
    for (byte, cluster) in raw.grapheme_indices(true) {
        places.push((byte, count + usize::from(space && count > 0)));
        let ascii = cluster.len() == 1 && !cluster.as_bytes()[0].is_ascii_control();
        let normal = if ascii { std::borrow::Cow::Borrowed(cluster) } else { normalise(cluster).into() };
        for char in normal.chars() {
            if char.is_whitespace() {
                space = true;
                continue;
            }
            if space && count > 0 {
                text.push(' ');
                count += 1;
            }
            space = false;
            text.push(char);
            count += 1;
        }
    }
    places.push((raw.len(), count));
    (text, places)
}

/// Canonical text of code: lines and inner spaces stay; line ends are `\n`, trailing white space
/// and outer blank lines go.
pub(super) fn code(raw: &str) -> String {
    let unified = raw.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
    let lines: Vec<String> = unified.split('\n').map(|line| normalise(line).trim_end().to_owned()).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |at| at + 1);
    lines.get(first..last).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_follow_the_text_through_normalisation() {
        let mut inline = Inline::default();
        inline.text("  A \n ");
        let start = inline.here();
        inline.text(" cafe\u{301} ");
        inline.mark(start, SpanKind::Emphasis);
        inline.text(" here. ");
        let line = inline.finish();
        assert_eq!(line.text, "A café here.");
        assert_eq!(line.marks[0].range.of(&line.text), "café");
    }

    #[test]
    fn marks_that_would_cross_are_cut() {
        let mut inline = Inline::default();
        inline.text("one two three");
        inline.mark_between(0, 7, SpanKind::Emphasis, None);
        inline.mark_between(4, 13, SpanKind::Code, None);
        let line = inline.finish();
        let found: Vec<_> = line.marks.iter().map(|mark| (mark.range.of(&line.text).trim(), &mark.kind)).collect();
        assert_eq!(found, [("one two", &SpanKind::Emphasis), ("two", &SpanKind::Code), ("three", &SpanKind::Code)]);
    }

    #[test]
    fn many_lines_are_joined_with_their_marks() {
        let marked = |text: &str| {
            let mut line = Line::plain(text);
            line.marks.push(Mark { range: Range::all(&line.text), kind: SpanKind::Code, note: None });
            line
        };
        let line = Line::joined([Line::default(), marked("é"), Line::plain("b"), Line::default(), marked("c")]);
        let found: Vec<&str> = line.marks.iter().map(|mark| mark.range.of(&line.text)).collect();
        assert_eq!((line.text.as_str(), found), ("é b c", vec!["é", "c"]));
    }

    #[test]
    fn dropping_the_start_moves_marks() {
        let mut inline = Inline::default();
        inline.text("1. ");
        let start = inline.here();
        inline.text("word");
        inline.mark(start, SpanKind::Code);
        let mut line = inline.finish();
        line.drop_start(2);
        assert_eq!((line.text.as_str(), line.marks[0].range), ("word", Range::new(0, 4)));
    }

    #[test]
    fn code_keeps_its_lines() {
        assert_eq!(code("\n\n  a\tb  \r\n\n c\n\n"), "  a    b\n\n c");
    }
}
