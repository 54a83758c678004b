//! Lines to groups: where a paragraph, an item or a stretch of code begins, and what runs on over columns and pages.

use lectern_core::content::document::{BlockKind, Furniture};

use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::contents;
use super::super::wording::markers::{self, Marker};
use super::assemble::APART;
use super::group::Group;

/// What a region holds, in order.
#[derive(Debug)]
pub enum Item {
    /// A line of text.
    Line(Line),
    /// A block that was found as a whole.
    Whole(Box<Group>),
}

/// Groups `items`.
pub fn group(items: Vec<Item>, metrics: &Metrics) -> Vec<Group> {
    let mut builder = Builder { metrics, groups: Vec::new(), previous: None, open: None, contents: false };
    for item in items {
        match item {
            Item::Line(line) => builder.line(line),
            Item::Whole(group) => {
                builder.leave();
                // Text goes on behind a table or a figure, and never behind a heading.
                if matches!(group.kind, BlockKind::Heading { .. }) {
                    builder.open = None;
                    builder.contents = contents::heading(&group.rough());
                }
                builder.groups.push(*group);
                builder.previous = None;
            }
        }
    }
    builder.groups
}

struct Builder<'a> {
    metrics: &'a Metrics,
    groups: Vec<Group>,
    /// The line before, where the last group is still being filled.
    previous: Option<Line>,
    /// A group that broke off in mid-sentence at the end of a region or before a float.
    open: Option<usize>,
    /// Whether a heading has announced a table of contents.
    contents: bool,
}

/// Whether `text` ends where a sentence may.
pub fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end_matches(|char: char| {
        matches!(char, '"' | '”' | '’' | '\'' | ')' | ']' | '»')
            || char.is_ascii_digit() && !text.ends_with(char::is_alphabetic)
    });
    text.ends_with(['.', '!', '?', ':', ';', '…'])
}

/// Whether a line is code: fixed width, where the document's text is not.
fn code(line: &Line, metrics: &Metrics) -> bool {
    !metrics.mono && line.mostly(|face| face.mono)
}

fn first_word_width(line: &Line) -> f32 {
    let Some(piece) = line.pieces.first() else { return 0.0 };
    let all = piece.text.chars().count().max(1) as f32;
    let word = piece.text.chars().take_while(|char| !char.is_whitespace()).count() as f32;
    (piece.x1 - piece.x0) * word / all
}

impl Builder<'_> {
    fn leave(&mut self) {
        if let Some(line) = self.previous.take()
            && let Some(group) = self.groups.last()
            && matches!(group.kind, BlockKind::Paragraph | BlockKind::ListItem { .. } | BlockKind::Quote)
            && !ends_sentence(&line.text())
            && (line.size - self.metrics.body).abs() < 0.6
        {
            self.open = Some(self.groups.len() - 1);
        }
    }

    fn line(&mut self, line: Line) {
        let text = line.text();
        let entry = self.contents && line.size <= 1.1 * self.metrics.body && contents::numbered(&text);
        if contents::leaders(&text) || entry {
            self.leave();
            self.open = None;
            let furniture = Furniture::ContentsEntry;
            self.contents = true;
            self.groups.push(Group::new(BlockKind::Furniture { furniture }, line, APART));
            return;
        }
        let moved = self.previous.as_ref().is_none_or(|last| {
            last.region != line.region || last.page != line.page || line.y < last.y - 0.5 * line.size
        });
        if moved {
            self.leave();
            if let Some(open) = self.open
                && self.resumes(open, &line, &text)
            {
                self.open = None;
                self.groups[open].push(line.clone());
                if open == self.groups.len() - 1 {
                    self.previous = Some(line);
                }
                return;
            }
        } else if let Some(last) = &self.previous
            && !self.begins(last, &line, &text)
            && let Some(group) = self.groups.last_mut()
        {
            group.push(line.clone());
            self.previous = Some(line);
            return;
        }
        self.begin(line, &text, moved);
    }

    /// Whether `line`, the first of its region, continues the group that broke off.
    fn resumes(&self, open: usize, line: &Line, text: &str) -> bool {
        let group = &self.groups[open];
        let Some(last) = group.last() else { return false };
        if (last.size - line.size).abs() > 0.06 * last.size
            || line.page > group.page_end + 2
            || code(line, self.metrics) != code(last, self.metrics)
            || line.mostly(|face| face.bold) != last.mostly(|face| face.bold)
        {
            return false;
        }
        let Some(first) = text.chars().next() else { return false };
        if first.is_lowercase() || markers::marker(text).is_none() && "([\"“‘".contains(first) {
            return markers::marker(text).is_none();
        }
        // A full line that ends without a stop goes on, whatever comes.
        let full = last.x1 > last.right - 0.06 * (last.right - last.left).max(1.0);
        full && markers::marker(text).is_none() && (open == self.groups.len() - 1 || first.is_numeric())
    }

    /// Whether `line` begins something new after `last`, which stands above it in the same region.
    fn begins(&self, last: &Line, line: &Line, text: &str) -> bool {
        let Some(group) = self.groups.last() else { return true };
        let metrics = self.metrics;
        let size = line.size.max(last.size);
        if code(line, metrics) != code(last, metrics) {
            // A line of text that happens to hold one command is no block of code.
            return true;
        }
        let gap = line.y - last.y;
        let leading = metrics.leading(size);
        if matches!(group.kind, BlockKind::Code { .. }) {
            return gap > 2.6 * leading;
        }
        if (line.size - last.size).abs() > 0.07 * size {
            return true;
        }
        if line.mostly(|face| face.bold) != last.mostly(|face| face.bold)
            && (group.lines.iter().all(|line| line.mostly(|face| face.bold)) || line.mostly(|face| face.bold))
            && (self.short(last, line) || gap > 1.12 * leading || line.mostly(|face| face.bold))
        {
            return true;
        }
        let display = line.size > 1.1 * metrics.body;
        let wide = if display { 1.45 } else { 1.24 };
        if gap > wide * leading {
            return true;
        }
        if display {
            return false;
        }
        let short = self.short(last, line);
        match markers::marker(text) {
            Some((Marker::Bullet, _))
                if (line.x0 - last.x0).abs() > 0.25 * size || short || ends_sentence(&last.text()) =>
            {
                return true;
            }
            Some((Marker::Ordinal(word), _)) => {
                if self.follows(&word)
                    && (short || ends_sentence(&last.text()) || (line.x0 - last.x0).abs() > 0.4 * size)
                {
                    return true;
                }
            }
            Some((Marker::Bullet, _)) | None => {}
        }
        if super::notes::bracketed(text).is_some()
            && group.lines.iter().any(|line| super::notes::bracketed(&line.text()).is_some())
        {
            return true;
        }
        let edge = match group.hang {
            Some(hang) => {
                // Back out of an item's text.
                if line.x0 < hang - 0.6 * size {
                    return true;
                }
                hang
            }
            None => group.lines.iter().skip(1).map(|line| line.x0).fold(f32::MAX, f32::min).min(line.x0.max(line.left)),
        };
        // Centred lines have one middle.
        if ((line.x0 + line.x1) - (last.x0 + last.x1)).abs() < 2.0
            && (line.x0 - last.x0).abs() > 0.7 * size
            && !ends_sentence(&last.text())
        {
            return false;
        }
        // An indented first line, unless the whole block is set so, or hangs.
        if line.x0 > edge + 0.7 * size && line.x0 > last.x0 + 0.7 * size {
            let hanging = group.lines.len() == 1 && !ends_sentence(&last.text()) && !short;
            return !hanging && (short || ends_sentence(&last.text()) || group.lines.len() > 1);
        }
        if group.lines.len() == 1 && line.x0 < last.x0 - 0.7 * size {
            // The group's first line was indented; this is its second.
            return short && ends_sentence(&last.text());
        }
        short
            && (ends_sentence(&last.text())
                || text.chars().next().is_some_and(char::is_uppercase) && line.x0 >= last.x0 - 1.0 && self.much(last))
    }

    /// Whether the next line's first word would have had room on the last line.
    fn short(&self, last: &Line, line: &Line) -> bool {
        let room = last.right - last.x1;
        room > first_word_width(line) + 0.6 * last.size && room > 0.04 * (last.right - last.left)
    }

    /// Whether a line ends far before the edge.
    fn much(&self, last: &Line) -> bool {
        last.right - last.x1 > 0.35 * (last.right - last.left)
    }

    /// Whether an ordinal is the first of a list or the next of the list before.
    fn follows(&self, word: &str) -> bool {
        let Some(value) = markers::ordinal(word) else { return false };
        value == 1
            || self.groups.iter().rev().take(60).any(|group| match &group.kind {
                BlockKind::ListItem { ordinal: Some(before), .. } => {
                    markers::ordinal(before).is_some_and(|before| before + 1 == value || word == "i.")
                }
                BlockKind::ListItem { ordinal: None, .. }
                | BlockKind::Heading { .. }
                | BlockKind::Paragraph
                | BlockKind::Table { .. }
                | BlockKind::Code { .. }
                | BlockKind::Quote
                | BlockKind::Caption
                | BlockKind::Footnote { .. }
                | BlockKind::Formula { .. }
                | BlockKind::Figure
                | BlockKind::Furniture { .. } => false,
            })
    }

    fn begin(&mut self, line: Line, text: &str, moved: bool) {
        let metrics = self.metrics;
        let above = match &self.previous {
            Some(last) if !moved => (line.y - last.y) / metrics.leading(line.size.max(last.size)),
            Some(_) | None => APART,
        };
        if !moved && self.previous.as_ref().is_some_and(|last| ends_sentence(&last.text())) {
            self.open = None;
        }
        let mut group = Group::new(BlockKind::Paragraph, line.clone(), above);
        let plain = line.size <= 1.1 * metrics.body;
        if code(&line, metrics) {
            group.kind = BlockKind::Code { language: None };
        } else if plain && let Some((marker, skip)) = markers::marker(text) {
            let heads = line.mostly(|face| face.bold) && !metrics.bold;
            let ordinal = match marker {
                Marker::Bullet => Some(None),
                Marker::Ordinal(word) => (!heads && self.follows(&word)).then_some(Some(word)),
            };
            if let Some(ordinal) = ordinal {
                group.kind = BlockKind::ListItem { ordinal, depth: 0 };
                group.skip = skip;
                group.hang = Some(hang(&line, skip));
            }
        }
        if contents::heading(text) {
            self.contents = true;
        } else if self.contents && (line.size > 1.1 * metrics.body || text.len() > 90) {
            self.contents = false;
        }
        self.groups.push(group);
        self.previous = Some(line);
    }
}

/// Where the text of an item starts, after `skip` scalar values.
fn hang(line: &Line, skip: usize) -> f32 {
    let mut seen = 0;
    for piece in &line.pieces {
        if piece.space {
            seen += 1;
        }
        let count = piece.text.chars().count();
        if seen >= skip {
            return piece.x0;
        }
        if seen + count > skip {
            return piece.x0 + (piece.x1 - piece.x0) * (skip - seen) as f32 / count as f32;
        }
        seen += count;
    }
    line.x0
}
