//! Reading order on a page: columns, and what spans them. A gutter is looked for that few phrases
//! cross; those that cross it divide the page into bands, and each band is read column by column.
//! The order of drawing tells columns from tables: text in columns is drawn column after column, a
//! table row after row.

use std::collections::BTreeSet;

use super::super::content::page::{Rule, Run};

/// Columns within columns.
const DEEPEST: usize = 3;
/// Points by which a phrase may reach over a gutter, by rounding.
const SLACK: f32 = 2.0;
/// A gap of this many ems ends a phrase: no space of a justified line is so wide.
const PHRASE_GAP: f32 = 0.95;
/// A phrase goes on at most this many ems before the last run's end.
const PHRASE_BACK: f32 = -0.5;
/// Baselines within this many ems are one row.
const ON_ROW: f32 = 0.6;
/// Sizes that differ by fewer points than this are one.
const SAME_SIZE: f32 = 0.2;
/// Ems to the next line of a block.
const NEXT_LINE: std::ops::Range<f32> = 0.5..1.45;
/// Ems by which the lines of a block may begin apart.
const INDENT: f32 = 2.0;
/// Rows before the last on which a phrase may stand: raised and lowered text is drawn between.
const ROWS_BACK: usize = 4;
/// Widths in points between which a page's text has columns.
const WIDTHS: std::ops::Range<f32> = 60.0..20_000.0;
/// The narrowest gutter, in points.
const NARROWEST: usize = 5;
/// A gutter is looked for outside this share of the width at either edge, for a column is no
/// narrower.
const EDGE_SHARE: usize = 6;
/// Phrases that end before a gutter, and that begin behind it, at the least.
const EACH_SIDE: i32 = 4;
/// Of all phrases, the share that must keep clear of the gutter is one in this many.
const CLEAR: usize = 3;
/// A column is at most this many times as wide as the other.
const UNEQUAL: f32 = 3.5;
/// A row of text is wider than this share of its column, more often than once in three.
const WIDE: f32 = 0.6;
/// Letters of a row of text on the average: two words.
const TEXT_LETTERS: usize = 12;
/// Letters of a row of an index or a list on the average: one word.
const ENTRY_LETTERS: usize = 8;
/// Rows of a column that need not be full.
const LONG: usize = 8;
/// Rows for each one that the drawing takes across the gutter: a table takes every row across.
const ROWS_A_PAIR: usize = 8;

/// A part of a page that is read line by line.
#[derive(Debug)]
pub struct Region {
    /// Its runs.
    pub runs: Vec<Run>,
    /// Left edge.
    pub left: f32,
    /// Right edge.
    pub right: f32,
}

/// What was drawn in one go on one baseline.
#[derive(Debug)]
struct Phrase {
    runs: Vec<Run>,
    x0: f32,
    x1: f32,
    y: f32,
    size: f32,
    seq: u32,
    letters: usize,
    boxed: Option<u16>,
}

/// The regions of a page in reading order.
pub fn regions(runs: Vec<Run>) -> Vec<Region> {
    let mut out = Vec::new();
    order(phrases(runs), 0, &mut out);
    out
}

fn phrases(runs: Vec<Run>) -> Vec<Phrase> {
    let mut out: Vec<Phrase> = Vec::new();
    for run in runs {
        if let Some(phrase) = out.last_mut() {
            let size = phrase.size.max(run.size);
            let gap = run.x0 - phrase.x1;
            if (run.y - phrase.y).abs() < ON_ROW * size
                && run.boxed == phrase.boxed
                && gap < PHRASE_GAP * size
                && gap > PHRASE_BACK * size
                && run.x0 >= phrase.x0
            {
                phrase.x1 = phrase.x1.max(run.x1);
                phrase.size = size;
                phrase.letters += run.text.len();
                phrase.runs.push(run);
                continue;
            }
        }
        out.push(Phrase {
            x0: run.x0,
            x1: run.x1,
            y: run.y,
            size: run.size,
            seq: run.seq,
            letters: run.text.len(),
            boxed: run.boxed,
            runs: vec![run],
        });
    }
    out
}

fn order(mut phrases: Vec<Phrase>, depth: usize, out: &mut Vec<Region>) {
    if phrases.is_empty() {
        return;
    }
    let gutter = if depth < DEEPEST { gutter(&phrases) } else { None };
    let Some(gutter) = gutter else {
        unboxed(phrases, out);
        return;
    };
    phrases.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.seq.cmp(&b.seq)));
    let mut spanning: Vec<Phrase> = Vec::new();
    let mut band: Vec<Phrase> = Vec::new();
    for phrase in phrases {
        let runs_on = band.is_empty() && spanning.last().is_some_and(|last| continues(last, &phrase));
        if crosses(&phrase, gutter) || runs_on {
            settle(&mut band, &mut spanning, gutter, depth, out);
            spanning.push(phrase);
        } else {
            band.push(phrase);
        }
    }
    settle(&mut band, &mut spanning, gutter, depth, out);
    unboxed(spanning, out);
}

/// Puts out what is read line by line: boxes that have other text beside them by themselves, before
/// or behind the rest as they were drawn.
fn unboxed(mut phrases: Vec<Phrase>, out: &mut Vec<Region>) {
    let boxes: BTreeSet<u16> = phrases.iter().filter_map(|phrase| phrase.boxed).collect();
    let mut parted: Vec<Vec<Phrase>> = Vec::new();
    for number in boxes {
        // Of two boxes side by side, the second has nothing beside it once the first is apart.
        if beside(&phrases, number) {
            parted.push(phrases.extract_if(.., |phrase| phrase.boxed == Some(number)).collect());
        }
    }
    parted.push(phrases);
    parted.retain(|phrases| !phrases.is_empty());
    parted.sort_by_key(|phrases| phrases.iter().map(|phrase| phrase.seq).min());
    out.extend(parted.into_iter().map(region));
}

/// Whether text stands at the height of the box `number`, and beside it.
fn beside(phrases: &[Phrase], number: u16) -> bool {
    let (own, others): (Vec<&Phrase>, Vec<&Phrase>) = phrases.iter().partition(|phrase| phrase.boxed == Some(number));
    let points: Vec<(f32, f32)> =
        own.iter().flat_map(|phrase| [(phrase.x0, phrase.y), (phrase.x1, phrase.y)]).collect();
    let area = Rule::around(&points);
    others.iter().any(|other| (area.y0..=area.y1).contains(&other.y) && (other.x1 <= area.x0 || other.x0 >= area.x1))
}

/// Puts a finished band out: by columns where it is set so, else with what spans.
fn settle(band: &mut Vec<Phrase>, spanning: &mut Vec<Phrase>, gutter: f32, depth: usize, out: &mut Vec<Region>) {
    if band.is_empty() {
        return;
    }
    if !columnar(band, gutter) {
        spanning.append(band);
        return;
    }
    unboxed(std::mem::take(spanning), out);
    let (left, right): (Vec<Phrase>, Vec<Phrase>) =
        std::mem::take(band).into_iter().partition(|phrase| phrase.x1 <= gutter + SLACK);
    for mut side in [left, right] {
        side.sort_by_key(|phrase| phrase.seq);
        order(side, depth + 1, out);
    }
}

/// Whether `phrase` is the short last line of a block that spans the columns.
fn continues(last: &Phrase, phrase: &Phrase) -> bool {
    let gap = phrase.y - last.y;
    (phrase.size - last.size).abs() < SAME_SIZE
        && (NEXT_LINE.start * last.size..NEXT_LINE.end * last.size).contains(&gap)
        && (phrase.x0 - last.x0).abs() < INDENT * last.size
        && phrase.seq > last.seq
}

fn crosses(phrase: &Phrase, gutter: f32) -> bool {
    phrase.x0 < gutter - SLACK && phrase.x1 > gutter + SLACK
}

fn region(phrases: Vec<Phrase>) -> Region {
    let left = phrases.iter().map(|phrase| phrase.x0).fold(f32::MAX, f32::min);
    let right = phrases.iter().map(|phrase| phrase.x1).fold(0.0, f32::max);
    Region { runs: phrases.into_iter().flat_map(|phrase| phrase.runs).collect(), left, right }
}

/// The x that parts two columns, if the phrases stand in such.
fn gutter(phrases: &[Phrase]) -> Option<f32> {
    let left = phrases.iter().map(|phrase| phrase.x0).fold(f32::MAX, f32::min).max(0.0);
    let right = phrases.iter().map(|phrase| phrase.x1).fold(0.0, f32::max);
    let width = right - left;
    if !WIDTHS.contains(&width) {
        return None;
    }
    let bins = width as usize + 1;
    let mut crossing = vec![0i32; bins + 1];
    let mut ends = vec![0i32; bins + 1];
    let mut starts = vec![0i32; bins + 1];
    for phrase in phrases {
        let from = ((phrase.x0 - left) as usize).min(bins);
        let to = ((phrase.x1 - left) as usize).min(bins);
        crossing[from] += 1;
        crossing[to] -= 1;
        ends[to] += 1;
        starts[from] += 1;
    }
    // Best plateau between a fifth and four fifths: fewest crossings, then widest.
    let mut best: Option<(i32, usize, f32)> = None;
    let (mut across, mut ended, mut started) = (0, 0, 0);
    let mut plateau: Option<(i32, usize)> = None;
    let mut cleared = |plateau: Option<(i32, usize)>, to: usize| {
        let Some((count, from)) = plateau else { return };
        let middle = left + (from + to) as f32 / 2.0;
        let size = to - from;
        if size >= NARROWEST && best.is_none_or(|(least, wide, _)| count < least || (count == least && size > wide)) {
            best = Some((count, size, middle));
        }
    };
    let total = i32::try_from(phrases.len()).unwrap_or(i32::MAX);
    for bin in 0..bins {
        across += crossing[bin];
        ended += ends[bin];
        started += starts[bin];
        let inside = bin * EDGE_SHARE > bins && bin * EDGE_SHARE < bins * (EDGE_SHARE - 1);
        let enough = ended >= EACH_SIDE && total - started >= EACH_SIDE;
        let here = (inside && enough).then_some(across);
        match (plateau, here) {
            (Some((count, _)), Some(now)) if count == now => {}
            (open, now) => {
                cleared(open, bin);
                plateau = now.map(|now| (now, bin));
            }
        }
    }
    cleared(plateau, bins);
    let (_, _, middle) = best?;
    let free: Vec<&Phrase> = phrases.iter().filter(|phrase| !crosses(phrase, middle)).collect();
    // A page of which few lines keep clear of the gutter has no columns.
    (free.len() * CLEAR >= phrases.len() && sides(&free, middle)).then_some(middle)
}

fn columnar(band: &[Phrase], gutter: f32) -> bool {
    sides(&band.iter().collect::<Vec<_>>(), gutter)
}

/// A side of the gutter: its phrases as rows, in the order of drawing.
struct Side {
    rows: Vec<Row>,
    x0: f32,
    x1: f32,
}

/// Phrases on one baseline.
struct Row {
    y: f32,
    x0: f32,
    x1: f32,
    letters: usize,
}

impl Side {
    fn of(phrases: &[&Phrase]) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for phrase in phrases {
            match rows.iter_mut().rev().take(ROWS_BACK).find(|row| (row.y - phrase.y).abs() < ON_ROW * phrase.size) {
                Some(row) => {
                    row.x0 = row.x0.min(phrase.x0);
                    row.x1 = row.x1.max(phrase.x1);
                    row.letters += phrase.letters;
                }
                None => rows.push(Row { y: phrase.y, x0: phrase.x0, x1: phrase.x1, letters: phrase.letters }),
            }
        }
        let x0 = rows.iter().map(|row| row.x0).fold(f32::MAX, f32::min);
        let x1 = rows.iter().map(|row| row.x1).fold(0.0, f32::max);
        Self { rows, x0, x1 }
    }

    fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    fn top(&self) -> f32 {
        self.rows.iter().map(|row| row.y).fold(f32::MAX, f32::min)
    }

    fn bottom(&self) -> f32 {
        self.rows.iter().map(|row| row.y).fold(0.0, f32::max)
    }

    /// Whether its rows are of text: of some letters, and many about as wide as the column.
    fn full(&self) -> bool {
        let wide = self.rows.iter().filter(|row| row.x1 - row.x0 > WIDE * self.width()).count();
        self.letters() >= TEXT_LETTERS * self.rows.len() && wide * 3 >= self.rows.len()
    }

    /// Whether it has so many rows, of more than numbers, that it need not be full.
    fn long(&self) -> bool {
        self.rows.len() >= LONG && self.letters() >= ENTRY_LETTERS * self.rows.len()
    }

    fn letters(&self) -> usize {
        self.rows.iter().map(|row| row.letters).sum()
    }
}

/// Whether phrases on both sides are text in columns: side after side, side by side, and each about
/// as wide as its column, or long.
fn sides(phrases: &[&Phrase], gutter: f32) -> bool {
    let mut drawn: Vec<&Phrase> = phrases.to_vec();
    drawn.sort_by_key(|phrase| phrase.seq);
    let is_left = |phrase: &Phrase| phrase.x1 <= gutter + SLACK;
    let (left, right): (Vec<&Phrase>, Vec<&Phrase>) = drawn.iter().partition(|phrase| is_left(phrase));
    let (left, right) = (Side::of(&left), Side::of(&right));
    let fewer = left.rows.len().min(right.rows.len());
    if fewer < 2 || left.bottom().min(right.bottom()) <= left.top().max(right.top()) {
        return false;
    }
    if left.width().min(right.width()) * UNEQUAL < left.width().max(right.width()) {
        return false;
    }
    let pairs = row_pairs(&drawn, is_left);
    if pairs > (fewer / ROWS_A_PAIR).max(1) {
        return false;
    }
    left.full() && right.full() || left.long() && right.long()
}

/// How often the drawing goes from the left to the right at the height at which it began on the
/// left: once for columns side by side, once a row for a table. Between columns, and between text
/// and the notes in its margin, it goes to another height.
fn row_pairs(drawn: &[&Phrase], is_left: impl Fn(&Phrase) -> bool) -> usize {
    let mut pairs = 0;
    let mut began: Option<&Phrase> = None;
    let mut before: Option<bool> = None;
    for phrase in drawn {
        let left = is_left(phrase);
        if before != Some(left) {
            if left {
                began = Some(phrase);
            } else if began.take().is_some_and(|began| (began.y - phrase.y).abs() < ON_ROW * phrase.size) {
                pairs += 1;
            }
        }
        before = Some(left);
    }
    pairs
}

#[cfg(test)]
mod tests;
