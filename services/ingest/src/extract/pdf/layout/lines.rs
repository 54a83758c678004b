//! Runs to lines: which runs share a baseline, which of them are raised or lowered, where a line
//! falls into cells.

use super::super::content::font::Face;
use super::super::content::page::Run;
use super::super::content::runs::DRAWN_SPACE;
use super::super::content::spacing::SPACE;

/// Baselines closer than this many ems are one row, raised and lowered text included.
pub const SAME_ROW: f32 = 0.6;
/// Points by which places may differ by rounding.
pub const SLACK: f32 = 0.5;
/// A run this much smaller than the usual one finds its line after the others: it may be raised or
/// lowered.
const SMALL_RUN: f32 = 0.8;
/// Rows before the last among which a run's own is: runs come top to bottom.
const ROWS_BACK: usize = 60;
/// Sizes that differ by fewer points, and baselines that differ by fewer ems, are one.
const SAME_SIZE: f32 = 0.3;
const SAME_LINE: f32 = 0.1;
/// Letters of type larger than the rest from which on it is the line, and no initial.
const FEWEST_LETTERS: usize = 3;
/// What holds for this share of a line's letters holds for the line.
const MOSTLY: f32 = 0.8;
/// How much of a run's height must lie within a line's.
const FIT: f32 = 0.45;
/// A run this many times as large as the row's is the one that tells its place.
const LARGER: f32 = 1.05;
/// Sizes of this many times each other share a baseline.
const ALIKE: std::ops::Range<f32> = 0.9..1.12;
/// Baselines of like sizes farther apart than this many ems are two lines.
const OTHER_LINE: f32 = 0.35;
/// Runs that cover each other by this share and stand this many ems apart are two lines.
const CROWDED: (f32, f32) = (0.5, 0.3);
/// Type below this share of its line's size is small: figures of notes are two thirds of it, small
/// capitals above.
const SMALL: f32 = 0.88;
/// Ems above the baseline from which on small type, and any type, is raised.
const RAISED: (f32, f32) = (0.12, 0.25);
/// Ems below the baseline from which on small type is lowered.
const LOWERED: f32 = 0.06;
/// Letters of the longest mark of a note.
const LONGEST_MARK: usize = 3;
/// Raised letters that reach this many ems into the letter before are set so for their looks, as in
/// TeX's names.
const NESTLED: f32 = 0.1;
/// Words that begin more than this many ems before the last one's end were drawn over it.
const OVER_ANOTHER: f32 = 0.5;
/// Pieces of one style closer than this many ems are one.
const SAME_PIECE: f32 = 0.5;

/// How a piece of a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TextStyle {
    /// The face.
    pub face: Face,
    /// 1 raised, -1 lowered, 0 on the line.
    pub shift: i8,
}

/// A piece of a line in one style.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Its text.
    pub text: String,
    /// Left end.
    pub x0: f32,
    /// Right end.
    pub x1: f32,
    /// Looks.
    pub style: TextStyle,
    /// Whether a space stands before it.
    pub space: bool,
}

/// A line of text.
#[derive(Debug, Clone)]
pub struct Line {
    /// Pieces from left to right.
    pub pieces: Vec<Piece>,
    /// Left end.
    pub x0: f32,
    /// Right end.
    pub x1: f32,
    /// Baseline.
    pub y: f32,
    /// Size of most of its letters.
    pub size: f32,
    /// The page, from 0.
    pub page: usize,
    /// Number of its region, counted through the document.
    pub region: usize,
    /// Left edge of its region.
    pub left: f32,
    /// Right edge of its region.
    pub right: f32,
}

/// A part of a line between wide gaps.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Its text.
    pub text: String,
    /// Left end.
    pub x0: f32,
    /// Right end.
    pub x1: f32,
}

impl Line {
    /// The line's text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            if piece.space && !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&piece.text);
        }
        out
    }

    /// Whether most letters satisfy `is`.
    pub fn mostly(&self, is: impl Fn(Face) -> bool) -> bool {
        let (mut with, mut all) = (0usize, 0usize);
        for piece in &self.pieces {
            let letters = piece.text.chars().filter(|char| char.is_alphanumeric()).count();
            all += letters;
            if is(piece.style.face) {
                with += letters;
            }
        }
        all > 0 && with as f32 >= MOSTLY * all as f32
    }

    /// Whether `run`, of the same angle, is a part of it.
    pub fn holds(&self, run: &Run) -> bool {
        (run.y - self.y).abs() < SAME_ROW * self.size.max(run.size)
            && run.x0 >= self.x0 - SLACK
            && run.x1 <= self.x1 + SLACK
    }

    /// The parts between gaps of more than `gap` points.
    pub fn cells(&self, gap: f32) -> Vec<Cell> {
        self.cells_at(gap, |_| false)
    }

    /// The parts between gaps of more than `gap` points, and those that begin, behind any space,
    /// where one `starts`.
    pub fn cells_at(&self, gap: f32, starts: impl Fn(f32) -> bool) -> Vec<Cell> {
        let mut cells: Vec<Cell> = Vec::new();
        for piece in &self.pieces {
            if let Some(cell) = cells.last_mut()
                && piece.x0 - cell.x1 <= gap
                && !(piece.space && starts(piece.x0))
            {
                if piece.space {
                    cell.text.push(' ');
                }
                cell.text.push_str(&piece.text);
                cell.x1 = cell.x1.max(piece.x1);
            } else {
                cells.push(Cell { text: piece.text.clone(), x0: piece.x0, x1: piece.x1 });
            }
        }
        cells
    }
}

/// Runs at angles to each other, apart.
pub fn angles(runs: &[Run]) -> Vec<Vec<Run>> {
    let mut keys: Vec<(u8, i8)> = runs.iter().map(|run| (run.turn, run.slant)).collect();
    keys.sort_unstable();
    keys.dedup();
    let at = |key: (u8, i8)| runs.iter().filter(move |run| (run.turn, run.slant) == key).cloned().collect();
    keys.into_iter().map(at).collect()
}

/// The lines of runs at any angle, angle by angle.
pub fn by_angle(runs: &[Run], page: usize) -> Vec<Line> {
    angles(runs).into_iter().flat_map(|runs| lines(runs, page)).collect()
}

/// Groups the runs of one region into lines, top to bottom.
pub fn lines(mut runs: Vec<Run>, page: usize) -> Vec<Line> {
    let mut sizes: Vec<f32> = runs.iter().map(|run| run.size).collect();
    sizes.sort_by(f32::total_cmp);
    let typical = sizes.get(sizes.len() / 2).copied().unwrap_or(10.0);
    runs.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x0.total_cmp(&b.x0)));
    let (seeds, small): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.size >= SMALL_RUN * typical);
    let mut rows: Vec<Row> = Vec::new();
    for run in seeds.into_iter().chain(small) {
        let from = rows.len().saturating_sub(ROWS_BACK);
        let best = (0..rows.len())
            .skip(if run.size >= SMALL_RUN * typical { from } else { 0 })
            .map(|at| (at, rows[at].fit(&run)))
            .filter(|(_, fit)| *fit > FIT)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((at, _)) => rows[at].push(run),
            None => rows.push(Row { y: run.y, size: run.size, top: run.top(), bottom: run.bottom(), runs: vec![run] }),
        }
    }
    rows.sort_by(|a, b| a.y.total_cmp(&b.y));
    with_marks(rows).into_iter().filter_map(|row| line(row, page)).collect()
}

/// Puts the raised marks that stand before a line, and by themselves, into it: those of notes may
/// be set nearly as large as the notes, and are no smaller type of one row then.
fn with_marks(rows: Vec<Row>) -> Vec<Row> {
    let mut out = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while let Some(mut row) = rows.next() {
        match rows.peek_mut().filter(|next| row.marks(next)) {
            Some(next) => next.runs.append(&mut row.runs),
            None => out.push(row),
        }
    }
    out
}

struct Row {
    y: f32,
    size: f32,
    top: f32,
    bottom: f32,
    runs: Vec<Run>,
}

impl Row {
    /// How much of the smaller of the two overlaps the other, 0 to 1; 0 where they do not belong
    /// together.
    fn fit(&self, run: &Run) -> f32 {
        let overlap = self.bottom.min(run.bottom()) - self.top.max(run.top());
        let fit = overlap / (run.bottom() - run.top()).min(self.bottom - self.top).max(0.1);
        if fit <= 0.0 {
            return 0.0;
        }
        // Equal sizes share a baseline; only smaller type is raised or lowered.
        let apart = (run.y - self.y).abs();
        if ALIKE.contains(&(run.size / self.size)) && apart > OTHER_LINE * self.size {
            return 0.0;
        }
        // Two runs in one place are two lines.
        let crowded = self.runs.iter().any(|other| {
            other.x1.min(run.x1) - other.x0.max(run.x0) > CROWDED.0 * run.width().min(other.width()).max(1.0)
                && (other.y - run.y).abs() > CROWDED.1 * run.size
        });
        if crowded { 0.0 } else { fit }
    }

    /// Whether it is nothing but a raised mark right before `line`.
    fn marks(&self, line: &Self) -> bool {
        let [mark] = &self.runs[..] else { return false };
        let label = mark.text.chars().count() <= LONGEST_MARK
            && mark.text.chars().all(|char| char.is_ascii_digit() || "*∗†‡§¶".contains(char));
        let left = line.runs.iter().map(|run| run.x0).fold(f32::MAX, f32::min);
        let raised = (RAISED.1 * line.size..SAME_ROW * line.size).contains(&(line.y - self.y));
        label && raised && mark.size < line.size && mark.x1 <= left + SLACK && left - mark.x1 < line.size
    }

    fn push(&mut self, run: Run) {
        if run.size > self.size * LARGER {
            self.size = run.size;
            self.y = run.y;
            self.top = run.top();
            self.bottom = run.bottom();
        }
        self.runs.push(run);
    }
}

fn line(mut row: Row, page: usize) -> Option<Line> {
    row.runs.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    let (size, y) = dominant(&row.runs);
    let mut pieces: Vec<Piece> = Vec::with_capacity(row.runs.len());
    let mut before: Option<(f32, f32, bool)> = None;
    for run in row.runs {
        let gap = before.map_or(0.0, |(end, _, _)| run.x0 - end);
        let smaller = run.size < SMALL * size;
        let nestled = gap < -NESTLED * size && run.text.chars().all(char::is_uppercase);
        let shift = if nestled {
            0
        } else if (smaller && run.y < y - RAISED.0 * size) || run.y < y - RAISED.1 * size {
            1
        } else if smaller && run.y > y + LOWERED * size {
            -1
        } else {
            0
        };
        let style = TextStyle { face: run.face, shift };
        let space = before.is_some_and(|(_, other, trail)| {
            gap > SPACE * other.min(run.size)
                || ((run.lead || trail) && gap > DRAWN_SPACE * size)
                || gap < -OVER_ANOTHER * size && run.text.chars().count() > 1
        });
        before = Some((run.x1, run.size, run.trail));
        if let Some(last) = pieces.last_mut()
            && last.style == style
            && run.x0 - last.x1 < SAME_PIECE * size
        {
            if space {
                last.text.push(' ');
            }
            last.text.push_str(&run.text);
            last.x1 = last.x1.max(run.x1);
        } else {
            pieces.push(Piece { text: run.text, x0: run.x0, x1: run.x1, style, space });
        }
    }
    let x0 = pieces.first()?.x0;
    let x1 = pieces.iter().map(|piece| piece.x1).fold(x0, f32::max);
    Some(Line { pieces, x0, x1, y, size, page, region: 0, left: x0, right: x1 })
}

/// Size and baseline of most of the letters.
fn dominant(runs: &[Run]) -> (f32, f32) {
    let mut best = (0usize, 0.0, 0.0);
    for run in runs {
        let alike = runs
            .iter()
            .filter(|other| (other.size - run.size).abs() < SAME_SIZE && (other.y - run.y).abs() < SAME_LINE * run.size)
            .map(|other| other.text.chars().count())
            .sum::<usize>();
        // A short line with a long note mark: the larger type is the line.
        if alike > best.0 || (alike == best.0 && run.size > best.1) {
            best = (alike, run.size, run.y);
        }
    }
    let largest = runs.iter().map(|run| run.size).fold(0.0, f32::max);
    if best.1 < SMALL_RUN * largest
        && let Some(run) = runs.iter().find(|run| run.size >= largest - f32::EPSILON)
        && run.text.chars().count() >= FEWEST_LETTERS
    {
        return (run.size, run.y);
    }
    (best.1, best.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, x0: f32, x1: f32, y: f32, size: f32) -> Run {
        Run { text: text.to_owned(), x0, x1, y, size, ..Run::default() }
    }

    #[test]
    fn raised_marks_belong_to_their_line_and_lines_stay_apart() {
        let runs = vec![
            run("The second line.", 10.0, 90.0, 112.0, 10.0),
            run("2", 60.0, 64.0, 96.0, 7.0),
            run("The first line", 10.0, 60.0, 100.0, 10.0),
            run("ends.", 67.0, 90.0, 100.0, 10.0),
        ];
        let lines = lines(runs, 0);
        let texts: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["The first line2 ends.", "The second line."]);
        assert_eq!(lines[0].pieces[1].style.shift, 1);
    }

    #[test]
    fn a_mark_nearly_as_large_as_its_note_belongs_to_it() {
        let runs = vec![
            run("1", 307.3, 309.7, 687.8, 4.79),
            run("Analysis is often directed to", 310.5, 550.0, 690.4, 5.33),
            run("2", 307.3, 309.7, 695.7, 4.79),
            run("Within it, and so on.", 310.5, 500.0, 698.4, 5.28),
            run("3", 310.5, 313.0, 720.0, 5.28),
        ];
        let lines = lines(runs, 0);
        let texts: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["1 Analysis is often directed to", "2 Within it, and so on.", "3"]);
        assert!(lines[..2].iter().all(|line| line.pieces[0].style.shift == 1));
    }

    #[test]
    fn wide_gaps_part_cells() {
        let line = &lines(vec![run("Port", 10.0, 30.0, 50.0, 10.0), run("4.2 m", 80.0, 100.0, 50.0, 10.0)], 0)[0];
        let cells: Vec<String> = line.cells(12.0).into_iter().map(|cell| cell.text).collect();
        assert_eq!(cells, ["Port", "4.2 m"]);
    }
}
