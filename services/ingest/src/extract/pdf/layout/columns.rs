//! Reading order on a page: columns, and what spans them. A gutter is looked for that few phrases cross; those that cross it
//! divide the page into bands, and each band is read column by column. The order of drawing tells columns from tables: text
//! in columns is drawn column after column, a table row after row.

use super::super::content::page::Run;

/// Columns within columns.
const DEEPEST: usize = 3;

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
            if (run.y - phrase.y).abs() < 0.6 * size && gap < 0.95 * size && gap > -0.5 * size && run.x0 >= phrase.x0 {
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
        out.push(region(phrases));
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
    if !spanning.is_empty() {
        out.push(region(spanning));
    }
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
    if !spanning.is_empty() {
        out.push(region(std::mem::take(spanning)));
    }
    let (left, right): (Vec<Phrase>, Vec<Phrase>) =
        std::mem::take(band).into_iter().partition(|phrase| phrase.x1 <= gutter + 2.0);
    for mut side in [left, right] {
        side.sort_by_key(|phrase| phrase.seq);
        order(side, depth + 1, out);
    }
}

/// Whether `phrase` is the short last line of a block that spans the columns.
fn continues(last: &Phrase, phrase: &Phrase) -> bool {
    let gap = phrase.y - last.y;
    (phrase.size - last.size).abs() < 0.2
        && gap > 0.5 * last.size
        && gap < 1.45 * last.size
        && (phrase.x0 - last.x0).abs() < 2.0 * last.size
        && phrase.seq > last.seq
}

fn crosses(phrase: &Phrase, gutter: f32) -> bool {
    phrase.x0 < gutter - 2.0 && phrase.x1 > gutter + 2.0
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
    if !(60.0..20_000.0).contains(&width) {
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
        if size >= 5 && best.is_none_or(|(least, wide, _)| count < least || (count == least && size > wide)) {
            best = Some((count, size, middle));
        }
    };
    let total = i32::try_from(phrases.len()).unwrap_or(i32::MAX);
    for bin in 0..bins {
        across += crossing[bin];
        ended += ends[bin];
        started += starts[bin];
        let inside = bin * 6 > bins && bin * 6 < bins * 5;
        let enough = ended >= 4 && total - started >= 4;
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
    (free.len() * 3 >= phrases.len() && sides(&free, middle)).then_some(middle)
}

fn columnar(band: &[Phrase], gutter: f32) -> bool {
    sides(&band.iter().collect::<Vec<_>>(), gutter)
}

/// Whether phrases on both sides are text in columns: side after side, side by side, and each about as wide as its column.
fn sides(phrases: &[&Phrase], gutter: f32) -> bool {
    let mut drawn: Vec<&Phrase> = phrases.to_vec();
    drawn.sort_by_key(|phrase| phrase.seq);
    let is_left = |phrase: &Phrase| phrase.x1 <= gutter + 2.0;
    let (left, right): (Vec<&Phrase>, Vec<&Phrase>) = drawn.iter().partition(|phrase| is_left(phrase));
    if left.len() < 2 || right.len() < 2 {
        return false;
    }
    let switches = drawn.windows(2).filter(|pair| is_left(pair[0]) != is_left(pair[1])).count();
    if switches > 3.max(drawn.len() / 7) {
        return false;
    }
    let span = |side: &[&Phrase]| {
        let x0 = side.iter().map(|phrase| phrase.x0).fold(f32::MAX, f32::min);
        let x1 = side.iter().map(|phrase| phrase.x1).fold(0.0, f32::max);
        let top = side.iter().map(|phrase| phrase.y).fold(f32::MAX, f32::min);
        let bottom = side.iter().map(|phrase| phrase.y).fold(0.0, f32::max);
        (x1 - x0, top, bottom)
    };
    let (left_width, left_top, left_bottom) = span(&left);
    let (right_width, right_top, right_bottom) = span(&right);
    if left_bottom.min(right_bottom) <= left_top.max(right_top) {
        return false;
    }
    let full = |side: &[&Phrase], width: f32| {
        let letters: usize = side.iter().map(|phrase| phrase.letters).sum();
        let wide = side.iter().filter(|phrase| phrase.x1 - phrase.x0 > 0.6 * width).count();
        letters >= 12 * side.len() && wide * 3 >= side.len()
    };
    left_width.min(right_width) * 3.5 > left_width.max(right_width)
        && full(&left, left_width)
        && full(&right, right_width)
}

#[cfg(test)]
mod tests {
    use super::super::super::content::font::Face;
    use super::*;

    fn run(text: &str, x0: f32, x1: f32, y: f32, seq: u32) -> Run {
        Run {
            text: text.to_owned(),
            x0,
            x1,
            y,
            size: 10.0,
            face: Face::default(),
            seq,
            lead: false,
            trail: false,
            artifact: false,
            hidden: false,
            form: false,
            turn: 0,
        }
    }

    fn texts(region: &Region) -> Vec<&str> {
        region.runs.iter().map(|run| run.text.as_str()).collect()
    }

    #[test]
    fn columns_are_read_one_after_the_other_below_a_title() {
        let mut runs = vec![run("A title across both", 150.0, 450.0, 40.0, 0)];
        for row in 0..6 {
            runs.push(run("words in the left column", 50.0, 290.0, 80.0 + 12.0 * row as f32, 1 + row));
        }
        for row in 0..6 {
            runs.push(run("words in the right column", 310.0, 550.0, 80.0 + 12.0 * row as f32, 7 + row));
        }
        let regions = regions(runs);
        assert_eq!(regions.len(), 3);
        assert_eq!(texts(&regions[0]), ["A title across both"]);
        assert!(texts(&regions[1]).iter().all(|text| text.contains("left")));
    }

    #[test]
    fn a_table_is_not_columns() {
        let mut runs = Vec::new();
        for row in 0..8 {
            runs.push(run("a cell with some words", 50.0, 200.0, 80.0 + 12.0 * row as f32, 2 * row));
            runs.push(run("another cell of words", 310.0, 470.0, 80.0 + 12.0 * row as f32, 2 * row + 1));
        }
        assert_eq!(regions(runs).len(), 1);
    }
}
