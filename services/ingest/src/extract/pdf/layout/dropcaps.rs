//! Drop caps: a large first letter that stands beside the first lines of its paragraph. It belongs
//! before the first of them.

use super::super::content::page::Run;

/// A drop cap is at least this many times as large as its text: it is two lines high or more.
const LARGER: f32 = 1.8;
/// Most letters of a drop cap, with a quotation mark before it.
const MOST_LETTERS: usize = 2;
/// Ems of the text, at most, between the letter and the lines beside it.
const GAP: f32 = 1.2;
/// Ems of the text by which the letter's top may stand above or below that of its line.
const TOP: f32 = 0.6;

/// Puts drop caps among `runs` before the lines they begin, and moves the lines beside them to
/// their left edge.
pub fn join(mut runs: Vec<Run>) -> Vec<Run> {
    let mut at = 0;
    while at < runs.len() {
        match first_line(&runs, at) {
            Some(first) => {
                let cap = runs.remove(at);
                let first = if first > at { first - 1 } else { first };
                beside(&mut runs, &cap, first);
            }
            None => at += 1,
        }
    }
    runs
}

/// The run that goes on with the letter at `at`, if that is a drop cap.
fn first_line(runs: &[Run], at: usize) -> Option<usize> {
    let cap = &runs[at];
    let letters = cap.text.chars().count() <= MOST_LETTERS && cap.text.chars().any(char::is_uppercase);
    if !letters {
        return None;
    }
    let next = |run: &Run| {
        cap.size > LARGER * run.size
            && run.turn == cap.turn
            && run.x0 >= cap.x1 - 0.5 * run.size
            && run.x0 - cap.x1 < GAP * run.size
            && (run.top() - cap.top()).abs() < TOP * run.size
            && run.text.starts_with(char::is_alphabetic)
    };
    let below = |first: &Run| {
        runs.iter().any(|run| {
            (run.x0 - first.x0).abs() < 0.5 * run.size && run.y > first.y + 0.5 * run.size && run.top() < cap.y
        })
    };
    runs.iter().position(next).filter(|first| below(&runs[*first]))
}

/// Writes the letter before the run `first`, and begins the lines beside it where it begins.
fn beside(runs: &mut [Run], cap: &Run, first: usize) {
    let left = runs[first].x0;
    for (at, run) in runs.iter_mut().enumerate() {
        let inside = run.y <= cap.y + 0.5 * run.size && run.top() > cap.top() - TOP * run.size;
        if at == first {
            run.text.insert_str(0, &cap.text);
            run.x0 = cap.x0;
            run.lead = cap.lead;
        } else if inside && (run.x0 - left).abs() < GAP * run.size && run.x0 > cap.x0 {
            run.x0 = cap.x0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str, x0: f32, y: f32, size: f32) -> Run {
        Run { text: text.to_owned(), x0, x1: x0 + 0.5 * size * text.chars().count() as f32, y, size, ..Run::default() }
    }

    #[test]
    fn a_drop_cap_stands_before_its_line() {
        let runs = vec![
            run("R", 72.0, 124.0, 34.0),
            run("ealised in a single winter, the wall", 92.0, 107.0, 11.0),
            run("was the work of two hundred men", 92.0, 121.0, 11.0),
            run("and one engineer.", 72.0, 135.0, 11.0),
        ];
        let joined: Vec<(String, f32)> = join(runs).into_iter().map(|run| (run.text, run.x0)).collect();
        assert_eq!(
            joined,
            [
                ("Realised in a single winter, the wall".to_owned(), 72.0),
                ("was the work of two hundred men".to_owned(), 72.0),
                ("and one engineer.".to_owned(), 72.0),
            ]
        );
    }

    #[test]
    fn a_large_letter_above_text_is_none() {
        let runs = vec![run("A", 72.0, 100.0, 24.0), run("aardvark, a beast", 72.0, 130.0, 10.0)];
        assert_eq!(join(runs).len(), 2);
    }
}
