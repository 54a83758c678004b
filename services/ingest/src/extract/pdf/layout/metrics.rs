//! What is usual in a document: the size of its text, the distance of its lines. Headings, notes and breaks are told by how
//! they differ from it.

use std::collections::HashMap;

use super::lines::Line;

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
        let mut gaps: HashMap<i32, HashMap<i32, usize>> = HashMap::new();
        for pair in lines.windows(2) {
            let gap = pair[1].y - pair[0].y;
            if pair[0].region == pair[1].region
                && pair[0].page == pair[1].page
                && (pair[0].size - pair[1].size).abs() < 0.4
                && gap > 0.7 * pair[0].size
                && gap < 2.6 * pair[0].size
            {
                *gaps.entry(half_points(pair[0].size)).or_default().entry((gap * 4.0).round() as i32).or_default() += 1;
            }
        }
        let leading = gaps
            .into_iter()
            .filter_map(|(size, gaps)| {
                let total: usize = gaps.values().sum();
                // The least gap that is usual: paragraphs may well be further apart more often than not.
                let mut usual: Vec<i32> = gaps
                    .iter()
                    .filter(|(_, count)| **count * 6 >= total || **count >= 12)
                    .map(|(gap, _)| *gap)
                    .collect();
                usual.sort_unstable();
                let least = usual.first().copied().or_else(|| gaps.keys().copied().min())?;
                Some((size, least as f32 / 4.0))
            })
            .collect();
        Self { body, bold: bold * 2 > all, mono: mono * 2 > all, leading }
    }

    /// The usual distance of baselines at this size.
    pub fn leading(&self, size: f32) -> f32 {
        let key = half_points(size);
        [key, key - 1, key + 1]
            .iter()
            .find_map(|key| self.leading.get(key))
            .copied()
            .unwrap_or(1.2 * size)
            .clamp(1.0 * size, 2.2 * size)
    }
}
