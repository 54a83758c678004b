//! Which moments of two speeches belong together: the path from the beginnings of both to their
//! ends on which they are least unlike (dynamic time warping, Sakoe and Chiba 1978), within a band
//! around the straight one.

use super::features::Moment;

/// Moments that one speech may be ahead of the other on the straight path, at least: a pause of
/// one second that the other does not make.
const LEAST_BAND: usize = 100;
/// The same, as a part of the speech that is aligned: one in so many moments.
const BAND: usize = 6;
/// The most pairs of moments that are compared; with more, which is speech of minutes, the words
/// are not aligned. Each takes a byte, and some 30 ns.
const MOST_PAIRS: usize = 40_000_000;

/// How a step of the path comes to a pair of moments: from both before, or from one of them.
const BOTH: u8 = 0;
const KNOWN: u8 = 1;
const HEARD: u8 = 2;

/// For each moment of the speech that is known, the moments of the one that is heard.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<(usize, usize)>);

impl Path {
    /// The moment that is heard at a known one: of several, the middle.
    pub(super) fn heard(&self, known: usize) -> usize {
        let (first, last) = self.0.get(known).or(self.0.last()).copied().unwrap_or_default();
        usize::midpoint(first, last)
    }
}

/// The path of least unlikeness; none where one of them is empty, or both are too long.
pub(super) fn path(known: &[Moment], heard: &[Moment]) -> Option<Path> {
    let band = Band::of(known.len(), heard.len())?;
    let steps = steps(known, heard, &band);
    let mut places = vec![(0, 0); known.len()];
    let (mut row, mut column) = (known.len() - 1, heard.len() - 1);
    places[row] = (column, column);
    loop {
        places[row].0 = column;
        if row == 0 && column == 0 {
            return Some(Path(places));
        }
        let step = steps.get(row * band.width + (column - band.first(row))).copied()?;
        if step != HEARD {
            row = row.checked_sub(1)?;
        }
        if step != KNOWN {
            column = column.checked_sub(1)?;
        }
        if step != HEARD {
            places[row].1 = column;
        }
    }
}

/// The pairs that are looked at: of each row, as many columns, around the straight path.
#[derive(Debug, Clone, Copy)]
struct Band {
    rows: usize,
    columns: usize,
    radius: usize,
    width: usize,
}

impl Band {
    fn of(rows: usize, columns: usize) -> Option<Self> {
        // A speech that is longer makes pauses, anywhere.
        let radius = LEAST_BAND.max(columns / BAND).saturating_add(rows.abs_diff(columns));
        let width = radius.saturating_mul(2).saturating_add(1).min(columns);
        let fits = rows > 0 && columns > 0 && rows.checked_mul(width).is_some_and(|pairs| pairs <= MOST_PAIRS);
        fits.then_some(Self { rows, columns, radius, width })
    }

    /// The first column of a row.
    const fn first(self, row: usize) -> usize {
        let straight = row * self.columns / self.rows;
        let first = straight.saturating_sub(self.radius);
        let last = self.columns - self.width;
        if first < last { first } else { last }
    }
}

/// How the least path comes to each pair of the band.
fn steps(known: &[Moment], heard: &[Moment], band: &Band) -> Vec<u8> {
    let width = band.width;
    let mut steps = vec![BOTH; known.len() * width];
    let (mut above, mut costs) = (vec![f32::INFINITY; width], vec![f32::INFINITY; width]);
    for (row, moment) in known.iter().enumerate() {
        let first = band.first(row);
        // How far this row's columns lie behind those of the one above.
        let shift = first - band.first(row.saturating_sub(1));
        for column in 0..width {
            let unlike = distance(moment, &heard[first + column]);
            let up = above.get(column + shift).copied().unwrap_or(f32::INFINITY);
            let both = (column + shift).checked_sub(1).and_then(|at| above.get(at)).copied().unwrap_or(f32::INFINITY);
            let left = column.checked_sub(1).map_or(f32::INFINITY, |at| costs[at]);
            let (least, step) = if row == 0 && first + column == 0 {
                (0.0, BOTH)
            } else if both <= up && both <= left {
                (both, BOTH)
            } else if up <= left {
                (up, KNOWN)
            } else {
                (left, HEARD)
            };
            costs[column] = least + unlike;
            steps[row * width + column] = step;
        }
        std::mem::swap(&mut above, &mut costs);
    }
    steps
}

/// How unlike two moments sound.
fn distance(a: &Moment, b: &Moment) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments that differ by one number.
    fn moments(values: &[f32]) -> Vec<Moment> {
        let moment = |value: &f32| {
            let mut moment: Moment = [0.0; 26];
            moment[0] = *value;
            moment
        };
        values.iter().map(moment).collect()
    }

    fn heard(known: &[f32], heard: &[f32]) -> Vec<usize> {
        let path = path(&moments(known), &moments(heard)).unwrap();
        (0..known.len()).map(|at| path.heard(at)).collect()
    }

    #[test]
    fn equal_speech_lies_on_the_straight_path() {
        let ramp: Vec<f32> = (0_u16..300).map(f32::from).collect();
        assert_eq!(heard(&ramp, &ramp), (0..300).collect::<Vec<_>>());
    }

    #[test]
    fn a_moment_that_lasts_is_found_in_its_middle() {
        assert_eq!(heard(&[1.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 2.0, 3.0]), [0, 2, 4]);
        assert_eq!(heard(&[1.0, 1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), [0, 0, 1, 2]);
        assert_eq!(heard(&[5.0], &[1.0, 5.0, 9.0]), [1]);
    }

    #[test]
    fn a_pause_that_the_other_does_not_make_is_passed_over() {
        let word = |from: u16| (from..from + 60).map(f32::from).collect::<Vec<_>>();
        let known = [word(100), word(300)].concat();
        let paused = [word(100), vec![200.0; 400], word(300)].concat();
        let places = heard(&known, &paused);
        assert_eq!((places[0], places[58], places[62], places[119]), (0, 58, 462, 519));
    }

    #[test]
    fn what_is_empty_or_too_long_has_no_path() {
        assert_eq!(path(&[], &moments(&[1.0])), None);
        assert_eq!(path(&moments(&[1.0]), &[]), None);
        assert!(Band::of(60_000, 60_000).is_none() && Band::of(usize::MAX, 3).is_none());
        assert!(Band::of(6_000, 6_000).is_some(), "a minute");
    }
}
