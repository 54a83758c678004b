//! What is usual in a document: the size of its text, the distance of its lines. Headings, notes
//! and breaks are told by how they differ from it.

use std::collections::HashMap;

use super::lines::Line;

/// Sizes that differ by fewer points than this are one.
const SAME_SIZE: f32 = 0.4;
/// Ems to the next line: less is raised or lowered text, more is another block.
const NEXT_LINE: std::ops::Range<f32> = 0.7..2.6;
/// A line ends at its region's edge, if the white space behind it is less than this share of the
/// width.
const FULL: f32 = 0.05;
/// Of all pairs of lines, the share below full ones from which on these tell the leading.
const WITHIN: f32 = 0.1;
/// A gap that at least this share of the pairs have is usual.
const USUAL: f32 = 0.17;
/// Ems from line to line where a document does not tell: what typesetters take.
const USUAL_LEADING: f32 = 1.2;
/// Ems from line to line that can be leading.
const LEADINGS: std::ops::Range<f32> = 1.0..2.2;

/// The usual.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Size of running text, in points.
    pub body: f32,
    /// Whether running text is bold.
    pub bold: bool,
    /// Whether running text is set in a fixed-width face.
    pub mono: bool,
    /// Distance of baselines by size in half points.
    leading: HashMap<i32, f32>,
}

fn half_points(size: f32) -> i32 {
    (size * 2.0).round() as i32
}

impl Metrics {
    /// Measures `lines`, which are in reading order.
    pub fn of(lines: &[Line]) -> Self {
        let mut letters: HashMap<i32, usize> = HashMap::new();
        let (mut bold, mut mono, mut all) = (0usize, 0usize, 0usize);
        for line in lines {
            let count: usize = line.pieces.iter().map(|piece| piece.text.len()).sum();
            *letters.entry((line.size * 10.0).round() as i32).or_default() += count;
            all += count;
            bold += if line.mostly(|face| face.bold) { count } else { 0 };
            mono += if line.mostly(|face| face.mono) { count } else { 0 };
        }
        // Sizes that differ by rounding are one.
        let body = letters
            .keys()
            .map(|size| {
                (
                    letters
                        .iter()
                        .filter(|(other, _)| (*other - size).abs() <= 2)
                        .map(|(_, count)| count)
                        .sum::<usize>(),
                    *size,
                )
            })
            .max()
            .map_or(10.0, |(_, size)| size as f32 / 10.0);
        Self { body, bold: bold * 2 > all, mono: mono * 2 > all, leading: leadings(lines, mono * 2 > all) }
    }

    /// Whether a line is code: fixed width, where the document's text is not.
    pub fn is_code(&self, line: &Line) -> bool {
        // A line of dashes has no letters that could tell.
        let letters = line.pieces.iter().any(|piece| piece.text.contains(char::is_alphanumeric));
        let ruled = !letters && line.pieces.iter().all(|piece| piece.style.face.mono);
        !self.mono && (ruled || line.mostly(|face| face.mono))
    }

    /// The usual distance of baselines at this size.
    pub fn leading(&self, size: f32) -> f32 {
        let key = half_points(size);
        [key, key - 1, key + 1]
            .iter()
            .find_map(|key| self.leading.get(key))
            .copied()
            .unwrap_or(USUAL_LEADING * size)
            .clamp(LEADINGS.start * size, LEADINGS.end * size)
    }
}

/// The gaps between baselines of one size, in quarters of a point, and how often each comes.
#[derive(Default)]
struct Gaps {
    /// Below lines that reach the right edge: there, nothing ends.
    within: HashMap<i32, usize>,
    all: HashMap<i32, usize>,
}

impl Gaps {
    /// The gap within paragraphs, in points.
    fn leading(&self) -> Option<f32> {
        let total: usize = self.all.values().sum();
        let within: usize = self.within.values().sum();
        let quarters = if within as f32 >= WITHIN * total as f32 {
            // The mode; gaps that differ by rounding are one.
            let around = |gap: i32| (-1..=1).filter_map(|by| self.within.get(&(gap + by))).sum::<usize>();
            self.within.keys().copied().max_by_key(|gap| (around(*gap), self.within[gap], -*gap))
        } else {
            // Lines that are paragraphs of their own: the least gap that is usual.
            let usual = self.all.iter().filter(|(_, count)| **count as f32 >= USUAL * total as f32);
            usual.map(|(gap, _)| *gap).min().or_else(|| self.all.keys().copied().min())
        };
        quarters.map(|quarters| quarters as f32 / 4.0)
    }
}

/// The usual distance of baselines for each size, in half points; code apart, where the text is
/// none.
fn leadings(lines: &[Line], mono: bool) -> HashMap<i32, f32> {
    let mut gaps: HashMap<i32, Gaps> = HashMap::new();
    for pair in lines.windows(2) {
        let [upper, lower] = pair else { continue };
        let gap = lower.y - upper.y;
        let code = |line: &Line| !mono && line.mostly(|face| face.mono);
        if upper.region != lower.region
            || upper.page != lower.page
            || (upper.size - lower.size).abs() > SAME_SIZE
            || !(NEXT_LINE.start * upper.size..NEXT_LINE.end * upper.size).contains(&gap)
            || code(upper)
            || code(lower)
        {
            continue;
        }
        let quarters = (gap * 4.0).round() as i32;
        let gaps = gaps.entry(half_points(upper.size)).or_default();
        *gaps.all.entry(quarters).or_default() += 1;
        if upper.right - upper.x1 < FULL * (upper.right - upper.left) {
            *gaps.within.entry(quarters).or_default() += 1;
        }
    }
    gaps.into_iter().filter_map(|(size, gaps)| Some((size, gaps.leading()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::lines::Piece;
    use super::*;

    fn line(y: f32, x1: f32, mono: bool) -> Line {
        let mut style = super::super::lines::TextStyle::default();
        style.face.mono = mono;
        let text = "a line of some words".to_owned();
        let pieces = vec![Piece { text, x0: 72.0, x1, style, space: false }];
        Line { pieces, x0: 72.0, x1, y, size: 10.0, page: 0, region: 0, left: 72.0, right: 500.0 }
    }

    #[test]
    fn leading_is_the_mode_within_paragraphs_and_not_that_of_code() {
        let mut lines = Vec::new();
        let mut y = 100.0;
        for at in 0..200 {
            // Four lines of a paragraph 14 points apart, then 20 points.
            let last = at % 4 == 3;
            lines.push(line(y, if last { 300.0 } else { 499.0 }, false));
            y += if last { 20.0 } else { 14.0 };
        }
        for _ in 0..60 {
            lines.push(line(y, 499.0, true));
            y += 10.5;
        }
        assert!((Metrics::of(&lines).leading(10.0) - 14.0).abs() < 0.1);
    }
}
