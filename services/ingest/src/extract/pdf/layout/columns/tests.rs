//! Pages of phrases, and the regions that they are read in.

use super::*;

fn run(text: &str, x0: f32, x1: f32, y: f32, seq: u32) -> Run {
    Run { text: text.to_owned(), x0, x1, y, size: 10.0, seq, ..Run::default() }
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
fn short_entries_in_three_columns_are_read_down() {
    let mut runs = Vec::new();
    for column in 0..3u32 {
        for row in 0..12u32 {
            let x = 50.0 + 180.0 * column as f32;
            let end = x + [90.0, 40.0, 60.0][row as usize % 3];
            runs.push(run(&format!("an entry {column}"), x, end, 80.0 + 12.0 * row as f32, 12 * column + row));
        }
    }
    let regions = regions(runs);
    assert_eq!(regions.len(), 3);
    assert!(regions.iter().all(|region| region.runs.iter().all(|run| run.text == region.runs[0].text)));
}

#[test]
fn notes_in_the_margin_are_read_apart_from_the_text_beside_them() {
    let (mut runs, mut seq) = (Vec::new(), 0);
    let mut draw = |text: &str, x0: f32, x1: f32, y: f32| {
        runs.push(run(text, x0, x1, y, seq));
        seq += 1;
    };
    for row in 0..30 {
        let y = 80.0 + 12.0 * row as f32;
        draw("a line of the text that is as wide as the others", 50.0, 350.0, y);
        if row % 10 == 4 {
            for by in 0..3 {
                draw("a note in the margin", 370.0, 470.0, y + 12.0 * by as f32);
            }
        }
    }
    let regions = regions(runs);
    assert_eq!(regions.len(), 2);
    assert!(texts(&regions[1]).iter().all(|text| text.contains("note")));
}

#[test]
fn a_box_is_read_by_itself_where_other_text_stands_beside_it() {
    let boxed = |text, x0, x1, y, seq| Run { boxed: Some(0), ..run(text, x0, x1, y, seq) };
    let page = |label: f32| {
        let mut runs = vec![run("a label", 50.0, 90.0, label, 0)];
        for row in 0..3u32 {
            runs.push(boxed("words in the box", 200.0, 300.0, 90.0 + 12.0 * row as f32, 1 + row));
        }
        runs.push(run("below", 50.0, 90.0, 200.0, 4));
        runs
    };
    let parted = regions(page(103.0));
    assert_eq!(parted.iter().map(texts).collect::<Vec<_>>(), [vec!["a label", "below"], vec!["words in the box"; 3]]);
    assert_eq!(regions(page(60.0)).len(), 1, "nothing stands beside it");
    let mut two = page(60.0);
    for row in 0..3u32 {
        let beside = boxed("words in the other", 320.0, 420.0, 90.0 + 12.0 * row as f32, 5 + row);
        two.push(Run { boxed: Some(1), ..beside });
    }
    assert_eq!(regions(two).len(), 2, "once the first is apart, nothing stands beside the second");
}

#[test]
fn cells_of_several_lines_are_no_columns() {
    let (mut runs, mut seq) = (Vec::new(), 0);
    for row in 0..6 {
        for (x0, x1) in [(50.0, 290.0), (310.0, 550.0)] {
            for line in 0..2 {
                runs.push(run(
                    "words within a cell of a table",
                    x0,
                    x1,
                    80.0 + 30.0 * row as f32 + 12.0 * line as f32,
                    seq,
                ));
                seq += 1;
            }
        }
    }
    assert_eq!(regions(runs).len(), 1);
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
