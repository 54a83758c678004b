//! Lines to groups: where a paragraph, an item or a stretch of code begins, and what runs on over
//! columns and pages.

mod seam;

use lectern_core::content::document::{BlockKind, Furniture, Matter};

use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::contents;
use super::super::wording::markers::{self, Marker};
use super::super::wording::sentence;
use super::group::{APART, Group};
use seam::Seam;

/// Lines of code farther apart than this many leadings are two listings.
const WITHIN_CODE: f32 = 2.6;
/// Sizes that differ by this share are two.
const OTHER_SIZE: f32 = 0.07;
/// Type this many times the text's is display type.
const DISPLAY: f32 = 1.1;
/// A line that leaves less than this share of its column free is full.
const FULL: f32 = 0.06;
/// Ems by which a line must stand above the last to begin another column.
const ABOVE: f32 = 0.5;
/// Points by which text may differ from the text's size and still be running text.
const BODY: f32 = 0.6;
/// Pages over which a paragraph may go on: a figure may fill one.
const PAGES_BETWEEN: usize = 2;
/// Groups back that are looked at for the item before.
const ITEMS_BACK: usize = 60;
/// Longest line of a table of contents, in characters.
const LONGEST_ENTRY: usize = 90;
/// Lines between two entries of a table of contents: a title of several lines, the name of a part.
/// More are text.
const MOST_BETWEEN: usize = 3;
/// Pages between two entries at the most: a year at the end of a line is no page.
const MOST_PAGES: i64 = 200;

/// What a region holds, in order.
#[derive(Debug)]
pub enum Item {
    /// A line of text.
    Line(Line),
    /// The lines of one block that the file's structure tells to be text.
    Set(Vec<Line>),
    /// A block that was found as a whole.
    Whole(Box<Group>),
}

/// Groups `items`.
pub fn group(items: Vec<Item>, metrics: &Metrics) -> Vec<Group> {
    let mut builder = Builder {
        metrics,
        groups: Vec::new(),
        previous: None,
        open: None,
        contents: Contents::default(),
        last_set: None,
    };
    for item in items {
        match item {
            Item::Line(line) => builder.line(line),
            Item::Set(lines) => builder.set(lines),
            Item::Whole(mut group) => {
                builder.leave();
                // Text goes on behind a table or a figure, and never behind a heading.
                if matches!(group.kind, BlockKind::Heading { .. }) {
                    builder.open = None;
                    builder.contents.set(contents::heading(&group.rough()));
                } else if builder.contents.on && lists_pages(&group) {
                    group.matter = Matter::Front;
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
    contents: Contents,
    /// The last group, where the structure told that it is one.
    last_set: Option<usize>,
}

/// Where a table of contents is: from the heading that announces it, or its first leaders, to the
/// text behind it.
#[derive(Debug, Default)]
struct Contents {
    on: bool,
    /// The page of the last entry, if it has an Arabic number.
    page: i64,
    /// Lines since the last entry that are none.
    between: usize,
    /// The number of groups when the last entry was added; 0 before the first.
    groups: usize,
}

impl Contents {
    fn set(&mut self, on: bool) {
        *self = Self { on, ..Self::default() };
    }

    /// Whether `text` ends in the number of a page and may be the next entry: the numbers of pages
    /// grow, and not by leaps.
    fn goes_on(&self, text: &str) -> bool {
        let counted = last_number(text).is_some();
        let next = self.page..=self.page.saturating_add(MOST_PAGES);
        self.on
            && contents::numbered(text)
            && (!counted || self.groups == 0 || contents::page(text).is_some_and(|page| next.contains(&page)))
    }
}

/// The number that is the last word of `text`; none for that of a page of a chapter, `3-12`.
fn last_number(text: &str) -> Option<i64> {
    text.split_whitespace().next_back()?.parse().ok()
}

/// Whether each row of a table ends in the number of a page.
fn lists_pages(group: &Group) -> bool {
    let page = |row: &Vec<Vec<Line>>| {
        let last = row.iter().rev().find_map(|cell| cell.last());
        last.is_some_and(|line| contents::page(&line.text()).is_some())
    };
    !group.cells.is_empty() && group.cells.iter().all(page)
}

impl Builder<'_> {
    /// Whether `line`, which begins with `text`, is an entry of a table of contents.
    fn is_entry(&self, line: &Line, text: &str) -> bool {
        let led = contents::leads(text) && (self.contents.on || !self.metrics.is_code(line));
        led || self.contents.on && contents::leaders(text)
            || line.size <= DISPLAY * self.metrics.body && self.contents.goes_on(text)
    }

    /// Notes an entry of a table of contents, which is the last group. What stands between it and
    /// the entry before belongs to one of them, where leaders tell that it is one.
    fn entered(&mut self, text: &str) {
        let from = self.contents.groups;
        if from > 0 && self.contents.between > 0 && contents::leaders(text) {
            for group in self.groups.iter_mut().skip(from) {
                if matches!(group.kind, BlockKind::Paragraph | BlockKind::ListItem { .. }) {
                    group.kind = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
                    (group.skip, group.hang) = (0, None);
                }
            }
        }
        let page = last_number(text).unwrap_or(self.contents.page);
        self.contents = Contents { on: true, page, between: 0, groups: self.groups.len() };
    }

    /// Notes a line that is no entry.
    fn passed(&mut self) {
        self.contents.between += 1;
        if self.contents.between > MOST_BETWEEN {
            self.contents.set(false);
        }
    }

    fn leave(&mut self) {
        if self.previous.take().is_some() {
            self.open = self.broken_off().or(self.open);
        }
    }

    /// The last group, if it ends in mid-sentence.
    fn broken_off(&self) -> Option<usize> {
        let group = self.groups.last()?;
        let line = group.last()?;
        let flows = group.kind.is_running_text();
        let open = flows && !sentence::ends(&line.text()) && (line.size - self.metrics.body).abs() < BODY;
        open.then(|| self.groups.len() - 1)
    }

    fn line(&mut self, line: Line) {
        let text = line.text();
        if self.is_entry(&line, &text) {
            self.leave();
            self.open = None;
            let furniture = Furniture::ContentsEntry;
            self.groups.push(Group::new(BlockKind::Furniture { furniture }, line, APART));
            self.entered(&text);
            return;
        }
        self.passed();
        let moved = self.previous.as_ref().is_none_or(|last| {
            last.region != line.region || last.page != line.page || line.y < last.y - ABOVE * line.size
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

    /// A block that is one as a whole; what it is, is told as for any other.
    fn set(&mut self, lines: Vec<Line>) {
        self.leave();
        let before = self.last_set.take();
        let mut lines = lines.into_iter();
        let Some(first) = lines.next() else { return };
        let text = std::iter::once(&first).chain(lines.as_slice()).map(Line::text).collect::<Vec<_>>().join(" ");
        let is_code = std::iter::once(&first).chain(lines.as_slice()).all(|line| self.metrics.is_code(line));
        let entry = self.is_entry(&first, &text) && (text.len() <= LONGEST_ENTRY || contents::leaders(&text));
        if !entry {
            self.passed();
        }
        if entry {
            self.begin(first, &text, true);
            if let Some(group) = self.groups.last_mut() {
                group.kind = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
                (group.skip, group.hang) = (0, None);
            }
            self.entered(&text);
        } else if let Some(open) = self.open.filter(|open| before != Some(*open) && self.resumes(*open, &first, &text))
        {
            // The page before was read without its structure.
            self.open = None;
            std::iter::once(first).chain(lines).for_each(|line| self.groups[open].push(line));
            return;
        } else if is_code && self.code_goes_on(&first) || self.sentence_goes_on(before, &first, &text) {
            lines = std::iter::once(first).chain(lines).collect::<Vec<_>>().into_iter();
        } else {
            self.begin(first, &text, true);
        }
        self.previous = None;
        if let Some(group) = self.groups.last_mut() {
            if matches!(group.kind, BlockKind::Code { .. }) && !is_code {
                group.kind = BlockKind::Paragraph;
            }
            lines.for_each(|line| group.push(line));
            self.last_set = Some(self.groups.len() - 1);
        }
        self.open = self.broken_off();
    }

    /// Whether `first`, with which a block begins, goes on in mid-sentence: some programs tag a
    /// paragraph anew in each column, and some each of its lines.
    fn sentence_goes_on(&self, before: Option<usize>, first: &Line, text: &str) -> bool {
        let last = before.filter(|at| at + 1 == self.groups.len()).and_then(|at| self.groups.get(at));
        last.filter(|group| matches!(group.kind, BlockKind::Paragraph)).and_then(Group::last).is_some_and(|last| {
            text.starts_with(char::is_lowercase)
                && markers::marker(text).is_none()
                && !sentence::ends(&last.text())
                // Display type is broken by hand.
                && (first.size > DISPLAY * self.metrics.body || !Seam { metrics: self.metrics, last, line: first, text }.short())
                && (last.size - first.size).abs() < OTHER_SIZE * last.size
                && self.metrics.is_code(first) == self.metrics.is_code(last)
        })
    }

    /// Whether `line` goes on with the listing before: some programs make a paragraph of each of
    /// its lines.
    fn code_goes_on(&self, line: &Line) -> bool {
        let last = self.groups.last().filter(|group| matches!(group.kind, BlockKind::Code { .. }));
        last.and_then(Group::last).is_some_and(|last| {
            let gap = line.y - last.y;
            line.page == last.page && gap > 0.0 && gap <= WITHIN_CODE * self.metrics.leading(line.size.max(last.size))
        })
    }

    /// Whether `line`, the first of its region, continues the group that broke off.
    fn resumes(&self, open: usize, line: &Line, text: &str) -> bool {
        let group = &self.groups[open];
        let Some(last) = group.last() else { return false };
        // On the pages that have tags, the structure tells what goes on.
        if self.last_set == Some(open) && line.page == group.page_end {
            return false;
        }
        if (last.size - line.size).abs() > OTHER_SIZE * last.size
            || line.page > group.page_end + PAGES_BETWEEN
            || self.metrics.is_code(line) != self.metrics.is_code(last)
            || line.mostly(|face| face.bold) != last.mostly(|face| face.bold)
        {
            return false;
        }
        let Some(first) = text.chars().next() else { return false };
        if first.is_lowercase() || markers::marker(text).is_none() && "([\"“‘".contains(first) {
            return markers::marker(text).is_none();
        }
        // A full line that ends without a stop goes on, whatever comes.
        let full = last.x1 > last.right - FULL * (last.right - last.left).max(1.0);
        full && markers::marker(text).is_none() && (open == self.groups.len() - 1 || first.is_numeric())
    }

    /// Whether `line` begins something new after `last`, which stands above it in the same region.
    fn begins(&self, last: &Line, line: &Line, text: &str) -> bool {
        let seam = Seam { metrics: self.metrics, last, line, text };
        self.groups.last().is_none_or(|group| seam.begins(group, |word| self.follows(word)))
    }

    /// Whether an ordinal is the first of a list or the next of the list before.
    fn follows(&self, word: &str) -> bool {
        let Some(value) = markers::ordinal(word) else { return false };
        value == 1
            || self.groups.iter().rev().take(ITEMS_BACK).any(|group| match &group.kind {
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
        if !moved && self.previous.as_ref().is_some_and(|last| sentence::ends(&last.text())) {
            self.open = None;
        }
        let mut group = Group::new(BlockKind::Paragraph, line.clone(), above);
        let plain = line.size <= DISPLAY * metrics.body;
        if metrics.is_code(&line) {
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
            self.contents.set(true);
        } else if line.size > DISPLAY * metrics.body || text.len() > LONGEST_ENTRY {
            self.contents.on = false;
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

#[cfg(test)]
mod tests;
