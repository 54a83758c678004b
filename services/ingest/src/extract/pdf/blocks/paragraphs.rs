//! Lines to groups: where a paragraph, an item or a stretch of code begins, and what runs on over
//! columns and pages.

use lectern_core::content::document::{BlockKind, Furniture};

use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::contents;
use super::super::wording::markers::{self, Marker};
use super::super::wording::sentence;
use super::assemble::APART;
use super::group::Group;

/// Ems by which an edge must differ to be another: an indent is one em or more, rounding far less.
const INDENT: f32 = 0.7;
/// Ems to the left of an item's text at which a line is out of the item.
const OUTDENT: f32 = 0.6;
/// Ems by which a bullet, and an ordinal, must stand elsewhere than the line above to begin an item
/// in mid-sentence.
const BULLET_SHIFT: f32 = 0.25;
const ORDINAL_SHIFT: f32 = 0.4;
/// White space between lines of one paragraph is at most this many leadings; in display type, which
/// is set by hand, more.
const WITHIN: f32 = 1.24;
const WITHIN_DISPLAY: f32 = 1.45;
/// And this many in mid-sentence: text may be set with double spacing here and there.
const WITHIN_SENTENCE: f32 = 2.0;
/// And this many where another weight begins.
const WITHIN_WEIGHT: f32 = 1.12;
/// Lines of code farther apart than this many leadings are two listings.
const WITHIN_CODE: f32 = 2.6;
/// Sizes that differ by this share are two.
const OTHER_SIZE: f32 = 0.07;
/// Sizes within one sentence differ by less than this share: faces are matched by eye.
const SAME_SENTENCE: f32 = 0.2;
/// Type this many times the text's is display type.
const DISPLAY: f32 = 1.1;
/// A line is short, if behind it there is room for the next word and this many ems, and this share
/// of the column.
const ROOM: f32 = 0.6;
const ROOM_SHARE: f32 = 0.04;
/// A line that leaves this share of its column free ends far before the edge.
const FAR_SHORT: f32 = 0.35;
/// A line that leaves less than this share of its column free is full.
const FULL: f32 = 0.06;
/// Ems by which a line must stand above the last to begin another column.
const ABOVE: f32 = 0.5;
/// Points by which equal edges may differ.
const ROUNDING: f32 = 1.0;
/// Points by which the middles of centred lines may differ.
const CENTRED: f32 = 2.0;
/// Points by which text may differ from the text's size and still be running text.
const BODY: f32 = 0.6;
/// Pages over which a paragraph may go on: a figure may fill one.
const PAGES_BETWEEN: usize = 2;
/// Groups back that are looked at for the item before.
const ITEMS_BACK: usize = 60;
/// Longest line of a table of contents, in characters.
const LONGEST_ENTRY: usize = 90;

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
    let mut builder =
        Builder { metrics, groups: Vec::new(), previous: None, open: None, contents: false, last_set: None };
    for item in items {
        match item {
            Item::Line(line) => builder.line(line),
            Item::Set(lines) => builder.set(lines),
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
    /// The last group, where the structure told that it is one.
    last_set: Option<usize>,
}

/// Whether a line is code: fixed width, where the document's text is not.
fn code(line: &Line, metrics: &Metrics) -> bool {
    // A line of dashes has no letters that could tell.
    let letters = line.pieces.iter().any(|piece| piece.text.contains(char::is_alphanumeric));
    let ruled = !letters && line.pieces.iter().all(|piece| piece.style.face.mono);
    !metrics.mono && (ruled || line.mostly(|face| face.mono))
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
            && !sentence::ends(&line.text())
            && (line.size - self.metrics.body).abs() < BODY
        {
            self.open = Some(self.groups.len() - 1);
        }
    }

    fn line(&mut self, line: Line) {
        let text = line.text();
        let entry = self.contents && line.size <= DISPLAY * self.metrics.body && contents::numbered(&text);
        if contents::leaders(&text) || entry {
            self.leave();
            self.open = None;
            let furniture = Furniture::ContentsEntry;
            self.contents = true;
            self.groups.push(Group::new(BlockKind::Furniture { furniture }, line, APART));
            return;
        }
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
        let is_code = std::iter::once(&first).chain(lines.as_slice()).all(|line| code(line, self.metrics));
        let entry = self.contents && first.size <= DISPLAY * self.metrics.body && contents::numbered(&text);
        if contents::leaders(&text) || entry && text.len() <= LONGEST_ENTRY {
            self.begin(first, &text, true);
            self.contents = true;
            if let Some(group) = self.groups.last_mut() {
                group.kind = BlockKind::Furniture { furniture: Furniture::ContentsEntry };
                (group.skip, group.hang) = (0, None);
            }
        } else if is_code && self.code_goes_on(&first) || self.sentence_goes_on(before, &first, &text) {
            lines = std::iter::once(first).chain(lines).collect::<Vec<_>>().into_iter();
        } else {
            self.begin(first, &text, true);
        }
        self.previous = None;
        self.open = None;
        if let Some(group) = self.groups.last_mut() {
            if matches!(group.kind, BlockKind::Code { .. }) && !is_code {
                group.kind = BlockKind::Paragraph;
            }
            lines.for_each(|line| group.push(line));
            self.last_set = Some(self.groups.len() - 1);
        }
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
                && (first.size > DISPLAY * self.metrics.body || !self.short(last, first))
                && (last.size - first.size).abs() < OTHER_SIZE * last.size
                && code(first, self.metrics) == code(last, self.metrics)
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
        if (last.size - line.size).abs() > OTHER_SIZE * last.size
            || line.page > group.page_end + PAGES_BETWEEN
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
        let full = last.x1 > last.right - FULL * (last.right - last.left).max(1.0);
        full && markers::marker(text).is_none() && (open == self.groups.len() - 1 || first.is_numeric())
    }

    /// Whether `line` begins something new after `last`, which stands above it in the same region.
    fn begins(&self, last: &Line, line: &Line, text: &str) -> bool {
        let Some(group) = self.groups.last() else { return true };
        let metrics = self.metrics;
        let size = line.size.max(last.size);
        let gap = line.y - last.y;
        let leading = metrics.leading(size);
        if code(line, metrics) != matches!(group.kind, BlockKind::Code { .. }) {
            // A command at the end of a sentence may have a line of its own, and is no block of
            // code.
            let sentence = code(line, metrics) && gap < WITHIN * leading && self.runs_on_in_face(last, line);
            return !sentence;
        }
        if matches!(group.kind, BlockKind::Code { .. }) {
            return gap > WITHIN_CODE * leading;
        }
        let differ = (line.size - last.size).abs() / size;
        if gap < WITHIN * leading
            && differ < SAME_SENTENCE
            && (self.divided(last, line, text) || self.ends_in_bold(last, line))
        {
            return false;
        }
        // A title that the text runs on behind may fill most of its line, and lend it its size.
        if differ > OTHER_SIZE && !(differ < SAME_SENTENCE && self.runs_on(last, line, text)) {
            return true;
        }
        if line.mostly(|face| face.bold) != last.mostly(|face| face.bold)
            && (group.lines.iter().all(|line| line.mostly(|face| face.bold)) || line.mostly(|face| face.bold))
            && (self.short(last, line) || gap > WITHIN_WEIGHT * leading || line.mostly(|face| face.bold))
        {
            return true;
        }
        let display = line.size > DISPLAY * metrics.body;
        let wide = if display { WITHIN_DISPLAY } else { WITHIN };
        if gap > wide * leading {
            return gap > WITHIN_SENTENCE * leading || !self.runs_on(last, line, text);
        }
        if display {
            return false;
        }
        let short = self.short(last, line);
        match markers::marker(text) {
            Some((Marker::Bullet, _))
                if (line.x0 - last.x0).abs() > BULLET_SHIFT * size || short || sentence::ends(&last.text()) =>
            {
                return true;
            }
            Some((Marker::Ordinal(word), _)) => {
                if self.follows(&word)
                    && (short || sentence::ends(&last.text()) || (line.x0 - last.x0).abs() > ORDINAL_SHIFT * size)
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
                if line.x0 < hang - OUTDENT * size {
                    return true;
                }
                hang
            }
            None => group.lines.iter().skip(1).map(|line| line.x0).fold(f32::MAX, f32::min).min(line.x0.max(line.left)),
        };
        // Centred lines have one middle.
        if ((line.x0 + line.x1) - (last.x0 + last.x1)).abs() < CENTRED
            && (line.x0 - last.x0).abs() > INDENT * size
            && !sentence::ends(&last.text())
        {
            return false;
        }
        // Back at the edge of the first line, out of those that hang below it, as the next entry of
        // a bibliography is.
        let hung = group.lines.iter().skip(1).map(|line| line.x0).reduce(f32::min);
        let back = group.lines.first().is_some_and(|first| (line.x0 - first.x0).abs() < INDENT * size);
        if back && hung.is_some_and(|hung| line.x0 < hung - OUTDENT * size) && !text.starts_with(char::is_lowercase) {
            return true;
        }
        // An indented first line, unless the whole block is set so, or hangs.
        if line.x0 > edge + INDENT * size && line.x0 > last.x0 + INDENT * size {
            // Ragged lines leave some room; one that leaves much is a label, and no beginning of a
            // sentence.
            let hanging = group.lines.len() == 1 && !sentence::ends(&last.text()) && !(short && self.much(last));
            return !hanging && (short || sentence::ends(&last.text()) || group.lines.len() > 1);
        }
        if group.lines.len() == 1 && line.x0 < last.x0 - INDENT * size {
            // The group's first line was indented; this is its second.
            return short && sentence::ends(&last.text());
        }
        short
            && (sentence::ends(&last.text())
                || text.chars().next().is_some_and(char::is_uppercase)
                    && line.x0 >= last.x0 - ROUNDING
                    && self.much(last))
    }

    /// Whether a sentence goes on from `last` to `line`: a full line without a stop, and small
    /// letters at the same edge below it.
    fn runs_on(&self, last: &Line, line: &Line, text: &str) -> bool {
        !sentence::ends(&last.text())
            && text.starts_with(char::is_lowercase)
            && markers::marker(text).is_none()
            && !self.short(last, line)
            && (line.x0 - last.x0).abs() < INDENT * line.size
    }

    /// Whether the sentence of the full line `last` ends with words of another face, which fill a
    /// line at the same edge.
    fn runs_on_in_face(&self, last: &Line, line: &Line) -> bool {
        !sentence::ends(&last.text())
            && !self.short(last, line)
            && (line.x0 - last.x0).abs() < INDENT * line.size
            && sentence::ends(&line.text())
    }

    /// Whether bold words end the sentence of `last`, which is not bold: the name of a variable, of
    /// an option.
    fn ends_in_bold(&self, last: &Line, line: &Line) -> bool {
        line.mostly(|face| face.bold) && !last.mostly(|face| face.bold) && self.runs_on_in_face(last, line)
    }

    /// Whether a hyphen at the end of the full line `last` divides a word.
    fn divided(&self, last: &Line, line: &Line, text: &str) -> bool {
        let before = last.text();
        let word = before.strip_suffix(['-', '\u{ad}', '\u{2010}']);
        word.is_some_and(|word| word.ends_with(char::is_alphabetic))
            && text.starts_with(char::is_alphabetic)
            && !self.short(last, line)
    }

    /// Whether the next line's first word would have had room on the last line.
    fn short(&self, last: &Line, line: &Line) -> bool {
        let room = last.right - last.x1;
        room > first_word_width(line) + ROOM * last.size && room > ROOM_SHARE * (last.right - last.left)
    }

    /// Whether a line ends far before the edge.
    fn much(&self, last: &Line) -> bool {
        last.right - last.x1 > FAR_SHORT * (last.right - last.left)
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
        } else if self.contents && (line.size > DISPLAY * metrics.body || text.len() > LONGEST_ENTRY) {
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

#[cfg(test)]
mod tests {
    use super::super::super::layout::lines::{Piece, Style};
    use super::*;

    fn line(text: &str, y: f32) -> Line {
        let x1 = if text.len() > 40 { 498.0 } else { 72.0 + 6.0 * text.len() as f32 };
        let piece = Piece { text: text.to_owned(), x0: 72.0, x1, style: Style::default(), space: false };
        Line { pieces: vec![piece], x0: 72.0, x1, y, size: 10.0, page: 0, region: 0, left: 72.0, right: 500.0 }
    }

    fn texts(lines: &[Line]) -> Vec<String> {
        let items = lines.iter().cloned().map(Item::Line).collect();
        group(items, &Metrics::of(lines)).iter().map(Group::rough).collect()
    }

    /// What the groups of these lines, set as (left edge, text, face: `b`old, `m`ono, `r`oman, and
    /// `w` for a roman line that leaves some room), read as behind some usual text.
    fn set(lines: &[(f32, &str, char)]) -> Vec<String> {
        let mut all: Vec<Line> =
            (0..9).map(|at| line("the usual line of the text of it and so on.", 100.0 + 12.0 * at as f32)).collect();
        for (at, (x0, text, face)) in lines.iter().enumerate() {
            let mut line = line(text, 230.0 + 12.0 * at as f32);
            line.x0 = *x0;
            line.pieces[0].x0 = *x0;
            if *face == 'w' {
                line.x1 = 410.0;
                line.pieces[0].x1 = 410.0;
            }
            line.pieces[0].style.face.mono = *face == 'm';
            line.pieces[0].style.face.bold = *face == 'b';
            all.push(line);
        }
        texts(&all).split_off(1)
    }

    #[test]
    fn what_goes_on_in_mid_sentence_is_no_block_of_its_own() {
        for (name, lines, wanted) in [
            (
                "a command ends the sentence",
                vec![
                    (72.0, "the next write to the client causes it to be sent a", 'r'),
                    (72.0, "SIGPIPE.", 'm'),
                    (72.0, "then it ends as it began, which is all there is to say.", 'r'),
                ],
                2,
            ),
            ("code below a paragraph", vec![(72.0, "Type the following:", 'r'), (72.0, "make install", 'm')], 2),
            (
                "a bold word ends the sentence",
                vec![(72.0, "signals are sent again upon the receipt of a", 'r'), (72.0, "SIGWINCH.", 'b')],
                1,
            ),
            (
                "a word in capitals is divided",
                vec![(72.0, "see the description of it under SHELLBUILTINCOM-", 'r'), (72.0, "MANDS.", 'b')],
                1,
            ),
            ("a bold line below a label", vec![(72.0, "A label", 'r'), (72.0, "Names.", 'b')], 2),
            (
                "a ragged line hangs below its label",
                vec![
                    (72.0, "-s  If no arguments remain after it, then", 'r'),
                    (96.0, "commands are read from the standard input of this one.", 'r'),
                ],
                1,
            ),
            (
                "entries of a bibliography with ragged lines",
                vec![
                    (72.0, "Bates D (2013). Fast and Elegant Numerical", 'w'),
                    (92.0, "Algebra Using the RcppEigen Package, and more.", 'r'),
                    (72.0, "Chambers J (2008). Software for Data, and more", 'r'),
                    (92.0, "of it.", 'r'),
                ],
                2,
            ),
            ("a label and its meaning", vec![(72.0, "timer events", 'r'), (92.0, "An event that comes.", 'r')], 2),
        ] {
            assert_eq!(set(&lines).len(), wanted, "{name}: {:?}", set(&lines));
        }
    }

    #[test]
    fn rules_drawn_with_dashes_are_part_of_the_code_around_them() {
        let mono = |text: &str, y: f32| {
            let mut line = line(text, y);
            line.pieces[0].style.face.mono = true;
            line
        };
        let mut lines: Vec<Line> =
            (0..9).map(|at| line("the usual line of the text of it.", 100.0 + 12.0 * at as f32)).collect();
        lines.extend([
            mono("Parameter  Setting", 212.0),
            mono("---------  -------", 224.0),
            mono("Rates      Equal", 236.0),
        ]);
        let items = lines.iter().cloned().map(Item::Line).collect();
        let groups = group(items, &Metrics::of(&lines));
        let code = groups.last().unwrap();
        assert!(matches!(code.kind, BlockKind::Code { .. }));
        assert_eq!(code.lines.len(), 3);
    }

    #[test]
    fn a_sentence_that_runs_on_is_one_paragraph_though_its_lines_stand_apart() {
        let mut lines: Vec<Line> = (0..30)
            .map(|at| line("the usual line of the text of this document and.", 100.0 + 12.0 * at as f32))
            .collect();
        lines.push(line("A full line of a sentence that goes on and that is", 480.0));
        lines.push(line("set wider than the text is usually set.", 498.0));
        lines.push(line("A paragraph of its own below it, which ends as it is", 516.0));
        lines.push(line("Another.", 534.0));
        let found = texts(&lines);
        let wanted = [
            "A full line of a sentence that goes on and that is set wider than the text is usually set.",
            "A paragraph of its own below it, which ends as it is",
            "Another.",
        ];
        assert_eq!(found[found.len() - 3..], wanted);
    }
}
