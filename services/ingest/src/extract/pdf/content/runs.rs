//! Glyphs to runs: where words end, which accents belong to which letters, what was drawn twice.

use super::accents::accent;
use super::boxes::Boxes;
use super::font::Face;
use super::matrix::Matrix;
use super::overstruck::{Overstruck, Struck};
use super::page::{Ink, Marks, Page, Rule, Run};
use super::spacing::{self, Part, SPACE};
use crate::clean;

/// Most bytes of text on one page.
const MOST_TEXT: usize = 400_000;
/// A drawn space of less than this many ems parts nothing: programs draw spaces that they take back
/// again.
pub const DRAWN_SPACE: f32 = 0.05;
/// A gap of more than this many ems ends a run.
const GAP: f32 = 0.9;
/// A glyph that begins more than this many ems before the last one's end is a new run.
const BACK: f32 = -0.35;
/// Sizes that differ by less than this share are one.
const SAME_SIZE: f32 = 0.05;
/// Baselines that differ by less than this many ems are one.
const SAME_LINE: f32 = 0.08;
/// Points by which a glyph may stand beyond the page's edge and count as on it.
const EDGE: f32 = 2.0;
/// Text that leans by fewer degrees than this is as good as straight: scans are fed a little askew.
const STRAIGHT: f32 = 5.0;
/// Sizes in points between which text is read; others are marks of machines.
const SIZES: std::ops::RangeInclusive<f32> = 0.5..=2_000.0;
/// What stands at most this many ems above or below a line stands on it: raised text, a field
/// beside its label.
const BESIDE: f32 = 0.6;
/// A space that is drawn at most this many ems behind a run ends its last word.
const SPACE_BEHIND: f32 = 2.0;
/// Coordinates beyond this are damage.
const FARTHEST: f32 = 100_000.0;

/// A glyph as it is shown.
#[derive(Debug)]
pub struct Glyph<'a> {
    /// What it means.
    pub text: &'a str,
    /// Where it stands: the em square's image, y downwards.
    pub place: Matrix,
    /// Its advance in ems.
    pub advance: f32,
    /// The em's height in units of `place`.
    pub em: f32,
    /// The face.
    pub face: Face,
    /// What its surroundings say of it.
    pub marks: Marks,
}

/// Collects glyphs into runs.
#[derive(Debug)]
pub struct Runs {
    width: f32,
    height: f32,
    done: Vec<Run>,
    open: Option<Run>,
    /// The glyphs of the open run.
    parts: Vec<Part>,
    seen: Overstruck,
    boxes: Boxes,
    bytes: usize,
}

/// Where a glyph stands in the frame that makes it upright.
#[derive(Debug, Clone, Copy)]
struct Frame {
    turn: u8,
    slant: i8,
    x: f32,
    y: f32,
}

impl Runs {
    /// For a page of this size.
    pub fn new(width: f32, height: f32) -> Self {
        Self {
            width,
            height,
            done: Vec::new(),
            open: None,
            parts: Vec::new(),
            seen: Overstruck::default(),
            boxes: Boxes::default(),
            bytes: 0,
        }
    }

    /// Whether the page holds more text than is read.
    pub const fn full(&self) -> bool {
        self.bytes > MOST_TEXT
    }

    /// Takes the next glyph.
    pub fn add(&mut self, glyph: &Glyph<'_>) {
        let [a, b, c, d, e, f] = glyph.place.0;
        let size = c.hypot(d) * glyph.em;
        let sound = size.is_finite() && SIZES.contains(&size) && e.abs() < FARTHEST && f.abs() < FARTHEST;
        if !sound {
            return;
        }
        let mut marks = glyph.marks;
        if e < -EDGE || f < -EDGE || e > self.width + EDGE || f > self.height + EDGE {
            marks.ink = Ink::Unseen;
        }
        let Frame { turn, slant, x, y } = self.frame(a, b, e, f);
        let advance = glyph.advance * a.hypot(b);
        if glyph.text.chars().all(|char| char.is_whitespace() || char == '\u{a0}') {
            if !glyph.text.is_empty() {
                self.space(x, y, size);
            }
            return;
        }
        self.bytes += glyph.text.len();
        let goes_on = self.open.as_ref().is_some_and(|run| {
            run.turn == turn
                && run.slant == slant
                && run.face == glyph.face
                && run.marks == marks
                && (run.size - size).abs() < SAME_SIZE * size
                && (run.y - y).abs() < SAME_LINE * size
        });
        let gap = self.open.as_ref().map_or(0.0, |run| x - run.x1);
        let onwards = goes_on && gap > BACK * size && self.open.as_ref().is_some_and(|run| x >= run.x0);
        let struck = Struck { text: glyph.text, turn, slant, x, y, size, advance };
        if marks.ink == Ink::Shown && self.seen.again(&struck, onwards && gap > -0.5 * advance) {
            return;
        }
        let reach = spacing::reach(&self.parts, GAP);
        if let Some(run) = &mut self.open
            && goes_on
        {
            if accent(run, gap, glyph.text) {
                run.x1 = run.x1.max(x + advance);
                return;
            }
            if onwards && gap < reach * size {
                let space = gap > SPACE * size || run.trail && gap > DRAWN_SPACE * size;
                if space && !run.text.ends_with(' ') {
                    run.text.push(' ');
                }
                run.trail = false;
                self.parts.push(Part { at: run.text.len(), gap: gap / size });
                run.text.push_str(glyph.text);
                run.x1 = run.x1.max(x + advance);
                return;
            }
        }
        let lead = self.open.as_ref().is_some_and(|run| run.trail && (run.y - y).abs() < BESIDE * size && x >= run.x0);
        self.close();
        self.parts.push(Part { at: 0, gap: 0.0 });
        self.open = Some(Run {
            text: glyph.text.to_owned(),
            x0: x,
            x1: (x + advance).max(x),
            y,
            size,
            face: glyph.face,
            seq: 0,
            lead,
            trail: false,
            marks,
            turn,
            slant,
            boxed: None,
        });
    }

    /// Notes a box that is drawn before what comes next.
    pub fn draw(&mut self, area: Rule) {
        self.boxes.draw(area, self.done.len() + usize::from(self.open.is_some()));
    }

    /// The frame of a glyph whose line runs along (`a`, `b`) from (`e`, `f`).
    fn frame(&self, a: f32, b: f32, e: f32, f: f32) -> Frame {
        // Quarter turn against the page; y grows downwards here, so text that climbs has a negative
        // b.
        let turn: u8 = if a.abs() >= b.abs() {
            if a >= 0.0 { 0 } else { 2 }
        } else if b < 0.0 {
            1
        } else {
            3
        };
        let angle = b.atan2(a);
        let lean = (angle.to_degrees() + 90.0 * f32::from(turn) + 180.0).rem_euclid(360.0) - 180.0;
        if lean.abs() > STRAIGHT {
            let (sin, cos) = angle.sin_cos();
            return Frame { turn, slant: lean.round() as i8, x: e * cos + f * sin, y: f * cos - e * sin };
        }
        let (x, y) = match turn {
            0 => (e, f),
            1 => (self.height - f, e),
            2 => (self.width - e, self.height - f),
            _ => (f, self.width - e),
        };
        Frame { turn, slant: 0, x, y }
    }

    fn space(&mut self, x: f32, y: f32, size: f32) {
        if let Some(run) = &mut self.open
            && (run.y - y).abs() < BESIDE * size.max(run.size)
            && x >= run.x0
            && x < run.x1 + SPACE_BEHIND * size
        {
            run.trail = true;
        }
    }

    fn close(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        let Some(mut run) = self.open.take() else { return };
        if let Some(text) = spacing::words(&run.text, &parts, run.face.mono) {
            run.text = text;
        }
        // At a run's end these divide a word; elsewhere normalisation drops them.
        let divided = run.text.trim_end().ends_with(['\u{ad}', '\u{fffe}', '\u{2}']);
        run.text = clean::normalise(&run.text);
        if divided {
            run.text.push('\u{ad}');
        }
        run.text = clean::single_spaced(&run.text);
        if run.text.is_empty() {
            return;
        }
        self.done.push(run);
    }

    /// Ends the open run; what comes next is not joined to it.
    pub fn part(&mut self) {
        self.close();
    }

    /// The runs so far, which are taken out.
    pub fn take(&mut self) -> Vec<Run> {
        self.close();
        std::mem::take(&mut self.done)
    }

    /// Puts `more`, an annotation's, behind what it belongs to: what stands left of it on its line,
    /// or else above it.
    pub fn insert(&mut self, more: Vec<Run>) {
        self.close();
        let Some(first) = more.first() else { return };
        let (mut left, mut above) = (None::<(f32, usize)>, None::<(f32, usize)>);
        for (at, run) in self.done.iter().enumerate() {
            if run.turn != first.turn || run.slant != first.slant || run.marks.ink == Ink::Unseen {
                continue;
            }
            let size = run.size.max(first.size);
            let level = (run.y - first.y).abs() < BESIDE * size;
            if level && run.x0 < first.x0 && left.is_none_or(|(x, _)| run.x1 >= x) {
                left = Some((run.x1, at));
            }
            if !level && run.y < first.y && above.is_none_or(|(y, _)| run.y >= y) {
                above = Some((run.y, at));
            }
        }
        let at = left.or(above).map_or(0, |(_, at)| at + 1);
        self.boxes.shift(at, more.len());
        self.done.splice(at..at, more);
    }

    /// Puts the runs on `page`: those that stand as most of the text does, those at an angle to
    /// them, those that cannot be seen.
    pub fn finish(mut self, page: &mut Page) {
        self.close();
        self.boxes.mark(&mut self.done);
        for (at, run) in self.done.iter_mut().enumerate() {
            run.seq = u32::try_from(at).unwrap_or(u32::MAX);
        }
        let letters = |runs: &[Run], is: &dyn Fn(&Run) -> bool| -> usize {
            runs.iter().filter(|run| is(run)).map(|run| run.text.len()).sum()
        };
        // Text without ink is what recognition read off a scan; under visible text it only says the
        // same again.
        let bare = letters(&self.done, &|run| run.marks.ink == Ink::Bare);
        let keeps_bare = bare >= letters(&self.done, &|run| run.marks.ink == Ink::Shown);
        let (seen, unseen): (Vec<Run>, Vec<Run>) = self.done.into_iter().partition(|run| match run.marks.ink {
            Ink::Shown => true,
            Ink::Bare => keeps_bare,
            Ink::Unseen => false,
        });
        page.unseen = unseen;
        let up = (0..4u8)
            .max_by_key(|turn| (letters(&seen, &|run| run.turn == *turn && run.slant == 0), 3 - *turn))
            .unwrap_or(0);
        let (upright, turned): (Vec<Run>, Vec<Run>) =
            seen.into_iter().partition(|run| run.turn == up && run.slant == 0);
        if up % 2 == 1 {
            std::mem::swap(&mut page.width, &mut page.height);
        }
        if up != 0 {
            page.rules.clear();
            page.links.clear();
        }
        page.runs = upright;
        page.turned = turned;
    }
}
