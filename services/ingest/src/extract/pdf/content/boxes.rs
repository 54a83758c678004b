//! Boxes with text of their own: what is drawn right before and behind a rectangle stands in it, as
//! programs draw callouts, labels of diagrams and boxes beside the text. Text that casts a shadow
//! is drawn before its box and again behind it, and only the first is kept.

use super::page::{Rule, Run};

/// Boxes around one text: a shadow, a fill and a frame.
const NESTED: usize = 4;
/// Boxes on one page: more than those of a page full of labels, and few enough to be compared with
/// all that is drawn.
const MOST: usize = 500;
/// Rows of text in a box, at the least: marked words and shaded rows have one.
const ROWS: usize = 2;
/// Baselines within this many ems are one row.
const ON_ROW: f32 = 0.6;
/// Points by which the edges of cells in one row of a table differ.
const SAME_EDGE: f32 = 2.0;

/// The boxes of a page, each with the number of runs that were drawn before it.
#[derive(Debug, Default)]
pub struct Boxes(Vec<(Rule, usize)>);

impl Boxes {
    /// Notes that `area` is drawn behind this many runs.
    pub fn draw(&mut self, area: Rule, runs: usize) {
        if let Some(outermost) = self.0.len().checked_sub(NESTED)
            && self.0[outermost].1 == runs
        {
            self.0.remove(outermost);
        }
        if self.0.len() < MOST {
            self.0.push((area, runs));
        }
    }

    /// Counts runs that are put in before the run `at`.
    pub fn shift(&mut self, at: usize, by: usize) {
        for (_, runs) in self.0.iter_mut().filter(|(_, runs)| *runs > at) {
            *runs += by;
        }
    }

    /// Marks those of a page's `runs` that fill a box: what was drawn next to it and stands in it,
    /// on more rows than one. Cells of a table, which have others beside them, are none.
    pub fn mark(&self, runs: &mut [Run]) {
        let cell = |area: &Rule| {
            self.0.iter().any(|(other, _)| {
                (other.y0 - area.y0).abs() < SAME_EDGE
                    && (other.y1 - area.y1).abs() < SAME_EDGE
                    && (other.x1 < area.x0 + SAME_EDGE || other.x0 > area.x1 - SAME_EDGE)
            })
        };
        for (number, (area, before)) in self.0.iter().enumerate() {
            let Some((ahead, behind)) = runs.split_at_checked(*before) else { continue };
            let inside = |run: &&Run| run.turn == 0 && run.slant == 0 && area.holds(run);
            let from = before - ahead.iter().rev().take_while(inside).count();
            let to = before + behind.iter().take_while(inside).count();
            let filling = &mut runs[from..to];
            if rows(filling) >= ROWS && !cell(area) {
                filling.iter_mut().for_each(|run| run.boxed = u16::try_from(number).ok());
            }
        }
    }
}

fn rows(runs: &[Run]) -> usize {
    let next = |pair: &&[Run]| (pair[1].y - pair[0].y).abs() > ON_ROW * pair[1].size;
    usize::from(!runs.is_empty()) + runs.windows(2).filter(next).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(x0: f32, y: f32) -> Run {
        Run { text: "word".to_owned(), x0, x1: x0 + 30.0, y, size: 10.0, ..Run::default() }
    }

    fn area(x0: f32, x1: f32) -> Rule {
        Rule { x0, y0: 90.0, x1, y1: 130.0 }
    }

    #[test]
    fn what_fills_a_box_is_what_was_drawn_next_to_it_and_stands_in_it() {
        let mut runs = vec![run(310.0, 100.0), run(210.0, 100.0), run(210.0, 112.0), run(50.0, 112.0)];
        let mut boxes = Boxes::default();
        boxes.draw(area(200.0, 300.0), 1);
        boxes.mark(&mut runs);
        let marked: Vec<bool> = runs.iter().map(|run| run.boxed.is_some()).collect();
        assert_eq!(marked, [false, true, true, false]);
    }

    #[test]
    fn one_row_and_cells_beside_each_other_fill_no_box() {
        let mut boxes = Boxes::default();
        boxes.draw(area(200.0, 300.0), 0);
        let mut one = vec![run(210.0, 100.0), run(250.0, 100.0)];
        boxes.mark(&mut one);
        assert!(one.iter().all(|run| run.boxed.is_none()));
        let mut cells = vec![run(210.0, 100.0), run(210.0, 112.0), run(310.0, 100.0), run(310.0, 112.0)];
        boxes.draw(area(300.0, 400.0), 2);
        boxes.mark(&mut cells);
        assert!(cells.iter().all(|run| run.boxed.is_none()));
    }

    #[test]
    fn what_is_put_in_before_a_box_does_not_move_it() {
        let mut boxes = Boxes::default();
        boxes.draw(area(200.0, 300.0), 1);
        boxes.shift(0, 1);
        let mut runs = vec![run(50.0, 80.0), run(50.0, 92.0), run(210.0, 100.0), run(210.0, 112.0)];
        boxes.mark(&mut runs);
        let marked: Vec<bool> = runs.iter().map(|run| run.boxed.is_some()).collect();
        assert_eq!(marked, [false, false, true, true]);
    }
}
