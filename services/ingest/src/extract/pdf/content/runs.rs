//! Glyphs to runs: where words end, which accents belong to which letters, what was drawn twice.

use unicode_normalization::char::compose;

use super::font::Face;
use super::matrix::Matrix;
use super::page::{Page, Run};
use crate::clean;

/// Most bytes of text on one page.
const MOST_TEXT: usize = 400_000;
/// A gap between glyphs of at least this many ems is a space.
const SPACE: f32 = 0.13;
/// A gap of more than this many ems ends a run.
const GAP: f32 = 0.9;

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
    /// Whether it is marked as no content.
    pub artifact: bool,
    /// Whether it is drawn without ink.
    pub hidden: bool,
    /// Whether it is part of a form.
    pub form: bool,
}

/// Collects glyphs into runs.
#[derive(Debug)]
pub struct Runs {
    width: f32,
    height: f32,
    done: Vec<Run>,
    open: Option<Run>,
    bytes: usize,
}

impl Runs {
    /// For a page of this size.
    pub const fn new(width: f32, height: f32) -> Self {
        Self { width, height, done: Vec::new(), open: None, bytes: 0 }
    }

    /// Whether the page holds more text than is read.
    pub const fn full(&self) -> bool {
        self.bytes > MOST_TEXT
    }

    /// Takes the next glyph.
    pub fn add(&mut self, glyph: &Glyph<'_>) {
        let [a, b, c, d, e, f] = glyph.place.0;
        let size = c.hypot(d) * glyph.em;
        if !size.is_finite() || !(0.5..=2_000.0).contains(&size) || !e.is_finite() || !f.is_finite() {
            return;
        }
        if e < -2.0 || f < -2.0 || e > self.width + 2.0 || f > self.height + 2.0 {
            return;
        }
        let along = a.hypot(b);
        // Quarter turn against the page; y grows downwards here, so text that climbs has a negative b.
        let turn: u8 = if a.abs() >= b.abs() {
            if a >= 0.0 { 0 } else { 2 }
        } else if b < 0.0 {
            1
        } else {
            3
        };
        let (x, y) = match turn {
            0 => (e, f),
            1 => (self.height - f, e),
            2 => (self.width - e, self.height - f),
            _ => (f, self.width - e),
        };
        let end = x + glyph.advance * along;
        if glyph.text.chars().all(|char| char.is_whitespace() || char == '\u{a0}') {
            if !glyph.text.is_empty() {
                self.space(x, y, size);
            }
            return;
        }
        self.bytes += glyph.text.len();
        if let Some(run) = &mut self.open {
            let gap = x - run.x1;
            let same = run.turn == turn
                && run.face == glyph.face
                && run.artifact == glyph.artifact
                && run.hidden == glyph.hidden
                && run.form == glyph.form
                && (run.size - size).abs() < 0.05 * size
                && (run.y - y).abs() < 0.08 * size;
            if same && accent(run, gap, glyph.text) {
                run.x1 = run.x1.max(end);
                return;
            }
            if same && gap < GAP * size && gap > -0.35 * size && x >= run.x0 {
                if (gap > SPACE * size || run.trail) && !run.text.ends_with(' ') {
                    run.text.push(' ');
                }
                run.trail = false;
                run.text.push_str(glyph.text);
                run.x1 = run.x1.max(end);
                return;
            }
        }
        let lead = self.open.as_ref().is_some_and(|run| run.trail && (run.y - y).abs() < 0.6 * size && x >= run.x0);
        self.close();
        self.open = Some(Run {
            text: glyph.text.to_owned(),
            x0: x,
            x1: end.max(x),
            y,
            size,
            face: glyph.face,
            seq: 0,
            lead,
            trail: false,
            artifact: glyph.artifact,
            hidden: glyph.hidden,
            form: glyph.form,
            turn,
        });
    }

    fn space(&mut self, x: f32, y: f32, size: f32) {
        if let Some(run) = &mut self.open
            && (run.y - y).abs() < 0.5 * size.max(run.size)
            && x >= run.x0
            && x < run.x1 + 2.0 * size
        {
            run.trail = true;
        }
    }

    fn close(&mut self) {
        let Some(mut run) = self.open.take() else { return };
        if run.text.contains(['\u{ad}', '\u{fffe}', '\u{2}']) {
            // At a run's end these divide a word; elsewhere normalisation drops them.
            let divided = run.text.trim_end().ends_with(['\u{ad}', '\u{fffe}', '\u{2}']);
            run.text = clean::normalise(&run.text);
            if divided {
                run.text.push('\u{ad}');
            }
        } else {
            run.text = clean::normalise(&run.text);
        }
        let trimmed = clean::single_spaced(&run.text);
        if trimmed.is_empty() {
            return;
        }
        run.text = trimmed;
        // Poor man's bold draws the same again, a hair aside.
        let again = self.done.iter().rev().take(4).any(|other| {
            other.text == run.text
                && other.turn == run.turn
                && (other.x0 - run.x0).abs() < 0.12 * run.size
                && (other.y - run.y).abs() < 0.12 * run.size
        });
        if again {
            return;
        }
        run.seq = u32::try_from(self.done.len()).unwrap_or(u32::MAX);
        self.done.push(run);
    }

    /// The page's runs, upright ones and others; where most stand at an angle, that way is up.
    pub fn finish(mut self, page: &mut Page) -> (Vec<Run>, Vec<Run>) {
        self.close();
        let mut weight = [0usize; 4];
        let mut seen = 0;
        let mut unseen = 0;
        for run in &self.done {
            weight[usize::from(run.turn & 3)] += run.text.len();
            *(if run.hidden { &mut unseen } else { &mut seen }) += run.text.len();
        }
        // Hidden text is what recognition read off a scan; under visible text it only says the same again.
        let keep_hidden = unseen >= seen;
        self.done.retain(|run| !run.hidden || keep_hidden);
        let up = (0..4u8).max_by_key(|turn| (weight[usize::from(*turn)], 3 - *turn)).unwrap_or(0);
        let (upright, turned): (Vec<Run>, Vec<Run>) = self.done.into_iter().partition(|run| run.turn == up);
        if up % 2 == 1 {
            std::mem::swap(&mut page.width, &mut page.height);
        }
        if up != 0 {
            page.rules.clear();
            page.links.clear();
        }
        (upright, turned)
    }
}

/// Puts a letter under an accent that was drawn before it, or an accent over the letter before it; says whether it did.
fn accent(run: &mut Run, gap: f32, text: &str) -> bool {
    if gap > -0.12 * run.size {
        return false;
    }
    let mut chars = text.chars();
    let (Some(new), None) = (chars.next(), chars.next()) else { return false };
    let Some(last) = run.text.chars().last() else { return false };
    let composed = match (combining(last), combining(new)) {
        (Some(mark), None) => compose(if new == 'ı' { 'i' } else { new }, mark),
        (None, Some(mark)) => compose(last, mark),
        (Some(_), Some(_)) | (None, None) => None,
    };
    let Some(composed) = composed else { return false };
    run.text.pop();
    run.text.push(composed);
    true
}

const fn combining(char: char) -> Option<char> {
    Some(match char {
        '`' | '\u{300}' => '\u{300}',
        '´' | '\u{301}' => '\u{301}',
        '^' | 'ˆ' | '\u{302}' => '\u{302}',
        '~' | '˜' | '\u{303}' => '\u{303}',
        '¯' | 'ˉ' | '\u{304}' => '\u{304}',
        '˘' => '\u{306}',
        '˙' => '\u{307}',
        '¨' | '\u{308}' => '\u{308}',
        '˚' => '\u{30a}',
        '˝' => '\u{30b}',
        'ˇ' => '\u{30c}',
        '¸' => '\u{327}',
        '˛' => '\u{328}',
        _ => return None,
    })
}
