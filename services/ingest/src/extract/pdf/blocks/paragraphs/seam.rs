//! A line and the one above it: whether they belong together.

use lectern_core::content::document::BlockKind;

use super::super::super::layout::lines::Line;
use super::super::super::layout::metrics::Metrics;
use super::super::super::wording::markers::{self, Marker};
use super::super::super::wording::numbering;
use super::super::super::wording::sentence;
use super::super::group::Group;
use super::super::notes;
use super::{DISPLAY, OTHER_SIZE, WITHIN_CODE};

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
/// Sizes within one sentence differ by less than this share: faces are matched by eye.
const SAME_SENTENCE: f32 = 0.2;
/// A line is short, if behind it there is room for the next word and this many ems, and this share
/// of the column.
const ROOM: f32 = 0.6;
const ROOM_SHARE: f32 = 0.04;
/// A line that leaves this share of its column free ends far before the edge.
const FAR_SHORT: f32 = 0.35;
/// Points by which equal edges may differ.
const ROUNDING: f32 = 1.0;
/// Points by which the middles of centred lines may differ.
const CENTRED: f32 = 2.0;

/// Two lines of one region, the second below the first.
pub(super) struct Seam<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) last: &'a Line,
    pub(super) line: &'a Line,
    /// What `line` reads as.
    pub(super) text: &'a str,
}

impl Seam<'_> {
    /// Whether `line` begins something new behind `group`, which ends with `last`. `follows` says
    /// whether an ordinal is the next of a list. The first of the signs that tells decides: the
    /// face and its size, the white space, a marker, the edges, and the room that was left.
    pub(super) fn begins(&self, group: &Group, follows: impl Fn(&str) -> bool) -> bool {
        self.by_face(group)
            .or_else(|| self.by_space())
            .or_else(|| self.by_marker(group, follows))
            .or_else(|| self.by_edge(group))
            .unwrap_or_else(|| self.by_room())
    }

    fn by_face(&self, group: &Group) -> Option<bool> {
        let Self { metrics, last, line, .. } = *self;
        let (gap, leading) = (self.gap(), self.leading());
        if metrics.is_code(line) != matches!(group.kind, BlockKind::Code { .. }) {
            // A command at the end of a sentence may have a line of its own, and is no block of
            // code.
            let sentence = metrics.is_code(line) && gap < WITHIN * leading && self.runs_on_in_face();
            return Some(!sentence);
        }
        if matches!(group.kind, BlockKind::Code { .. }) {
            return Some(gap > WITHIN_CODE * leading);
        }
        let differ = (line.size - last.size).abs() / self.size();
        if gap < WITHIN * leading && differ < SAME_SENTENCE && (self.divided() || self.ends_in_bold()) {
            return Some(false);
        }
        // A title that the text runs on behind may fill most of its line, and lend it its size.
        if differ > OTHER_SIZE && !(differ < SAME_SENTENCE && self.runs_on()) {
            return Some(true);
        }
        let bold = line.mostly(|face| face.bold);
        let weight = bold != last.mostly(|face| face.bold)
            && (bold || group.lines.iter().all(|line| line.mostly(|face| face.bold)))
            && (bold || self.short() || gap > WITHIN_WEIGHT * leading);
        weight.then_some(true)
    }

    fn by_space(&self) -> Option<bool> {
        let display = self.line.size > DISPLAY * self.metrics.body;
        let wide = if display { WITHIN_DISPLAY } else { WITHIN };
        if self.gap() > wide * self.leading() {
            return Some(self.gap() > WITHIN_SENTENCE * self.leading() || !self.runs_on());
        }
        display.then_some(false)
    }

    fn by_marker(&self, group: &Group, follows: impl Fn(&str) -> bool) -> Option<bool> {
        let shift = (self.line.x0 - self.last.x0).abs() / self.size();
        let above = self.last.text();
        // "under Section" wants the number that seems to begin an item.
        if numbering::wants_number(&above) {
            return None;
        }
        let ended = self.short() || sentence::ends(&above);
        let marked = match markers::marker(self.text) {
            Some((Marker::Bullet, _)) => shift > BULLET_SHIFT || ended,
            Some((Marker::Ordinal(word), _)) => (shift > ORDINAL_SHIFT || ended) && follows(&word),
            None => false,
        };
        let noted = notes::bracketed(self.text).is_some()
            && group.lines.iter().any(|line| notes::bracketed(&line.text()).is_some());
        (marked || noted).then_some(true)
    }

    fn by_edge(&self, group: &Group) -> Option<bool> {
        let Self { last, line, text, .. } = *self;
        let size = self.size();
        let ended = sentence::ends(&last.text());
        let below = || group.lines.iter().skip(1).map(|line| line.x0);
        let edge = match group.hang {
            // Back out of an item's text.
            Some(hang) if line.x0 < hang - OUTDENT * size => return Some(!self.runs_back()),
            Some(hang) => hang,
            None => below().fold(f32::MAX, f32::min).min(line.x0.max(line.left)),
        };
        // Centred lines have one middle.
        if ((line.x0 + line.x1) - (last.x0 + last.x1)).abs() < CENTRED
            && (line.x0 - last.x0).abs() > INDENT * size
            && !ended
        {
            return Some(false);
        }
        // Back at the edge of the first line, out of those that hang below it, as the next entry of
        // a bibliography is.
        let hung = below().reduce(f32::min);
        let back = group.lines.first().is_some_and(|first| (line.x0 - first.x0).abs() < INDENT * size);
        if back && hung.is_some_and(|hung| line.x0 < hung - OUTDENT * size) && !text.starts_with(char::is_lowercase) {
            return Some(true);
        }
        // An indented first line, unless the whole block is set so, or hangs.
        if line.x0 > edge + INDENT * size && line.x0 > last.x0 + INDENT * size {
            // Ragged lines leave some room; one that leaves much is a label, and no beginning of a
            // sentence.
            let hanging = group.lines.len() == 1 && !ended && !(self.short() && self.leaves_much());
            return Some(!hanging && (self.short() || ended || group.lines.len() > 1));
        }
        // The group's first line was indented, and this is its second.
        let second = group.lines.len() == 1 && line.x0 < last.x0 - INDENT * size;
        second.then(|| self.short() && ended)
    }

    fn by_room(&self) -> bool {
        let sentence = self.text.chars().next().is_some_and(char::is_uppercase)
            && self.line.x0 >= self.last.x0 - ROUNDING
            && self.leaves_much();
        self.short() && (sentence || sentence::ends(&self.last.text()))
    }

    fn size(&self) -> f32 {
        self.line.size.max(self.last.size)
    }

    fn gap(&self) -> f32 {
        self.line.y - self.last.y
    }

    fn leading(&self) -> f32 {
        self.metrics.leading(self.size())
    }

    /// Whether a sentence goes on: a full line without a stop, and small letters below it.
    fn in_sentence(&self) -> bool {
        !sentence::ends(&self.last.text())
            && self.text.starts_with(char::is_lowercase)
            && markers::marker(self.text).is_none()
            && !self.short()
    }

    /// Whether it goes on at the same edge.
    fn runs_on(&self) -> bool {
        self.in_sentence() && (self.line.x0 - self.last.x0).abs() < INDENT * self.line.size
    }

    /// Whether that of an item goes on at the margin, out of its first line.
    fn runs_back(&self) -> bool {
        self.in_sentence() && self.gap() < WITHIN * self.leading()
    }

    /// Whether the sentence of the full line above ends with words of another face, which fill a
    /// line at the same edge.
    fn runs_on_in_face(&self) -> bool {
        !sentence::ends(&self.last.text())
            && !self.short()
            && (self.line.x0 - self.last.x0).abs() < INDENT * self.line.size
            && sentence::ends(&self.line.text())
    }

    /// Whether bold words end the sentence of the line above, which is not bold: the name of a
    /// variable, of an option.
    fn ends_in_bold(&self) -> bool {
        self.line.mostly(|face| face.bold) && !self.last.mostly(|face| face.bold) && self.runs_on_in_face()
    }

    /// Whether a hyphen at the end of the full line above divides a word.
    fn divided(&self) -> bool {
        let before = self.last.text();
        let word = before.strip_suffix(['-', '\u{ad}', '\u{2010}']);
        word.is_some_and(|word| word.ends_with(char::is_alphabetic))
            && self.text.starts_with(char::is_alphabetic)
            && !self.short()
    }

    /// Whether the first word below would have had room on the line above.
    pub(super) fn short(&self) -> bool {
        let Line { x1, left, right, size, .. } = self.last;
        let room = right - x1;
        room > first_word_width(self.line) + ROOM * size && room > ROOM_SHARE * (right - left)
    }

    /// Whether the line above ends far before the edge.
    fn leaves_much(&self) -> bool {
        let Line { x1, left, right, .. } = self.last;
        right - x1 > FAR_SHORT * (right - left)
    }
}

fn first_word_width(line: &Line) -> f32 {
    let Some(piece) = line.pieces.first() else { return 0.0 };
    let all = piece.text.chars().count().max(1) as f32;
    let word = piece.text.chars().take_while(|char| !char.is_whitespace()).count() as f32;
    (piece.x1 - piece.x0) * word / all
}
