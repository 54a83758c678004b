//! Lines with cells, and the tables that they make.

use super::super::super::content::font::Face;
use super::super::super::content::page::Run;
use super::super::lines::lines;
use super::*;

fn run(text: &str, x0: f32, y: f32) -> Run {
    let x1 = x0 + 5.0 * text.chars().count() as f32;
    Run { text: text.to_owned(), x0, x1, y, size: 10.0, ..Run::default() }
}

fn found(runs: Vec<Run>, rules: &[Rule]) -> Vec<Found> {
    let lines = lines(runs, 0);
    find(&lines, rules, &Metrics::of(&lines))
}

fn lying(y: f32) -> Rule {
    Rule { x0: 48.0, y0: y, x1: 450.0, y1: y }
}

fn boxes(from: f32, to: f32) -> Vec<Rule> {
    [48.0, 180.0, 320.0, 450.0].map(|x| Rule { x0: x, y0: from, x1: x, y1: to }).to_vec()
}

fn boxed(rows: &[[&str; 3]], top: f32) -> Found {
    let mut runs = Vec::new();
    let mut rules = boxes(top, top + 20.0 * rows.len() as f32);
    rules.push(lying(top));
    for (at, row) in rows.iter().enumerate() {
        let y = top + 20.0 * at as f32 + 14.0;
        runs.extend(row.iter().zip([52.0, 190.0, 330.0]).map(|(text, x)| run(text, x, y)));
        rules.push(lying(y + 6.0));
    }
    found(runs, &rules).pop().unwrap()
}

#[test]
fn a_table_goes_on_over_the_page_and_heads_its_rows_once() {
    let first = boxed(&[["Load", "Toll", "Age"], ["Hay", "two pence", "3"], ["Coal", "six pence", "4"]], 600.0);
    let next = boxed(&[["Sheep", "one penny", "Friday"], ["Stone", "nine pence", "Sunday"]], 72.0);
    assert_eq!((first.header_rows, next.header_rows), (1, 0));
    assert!(first.goes_on(&next));
    let again = boxed(&[["Load", "Toll", "Age"], ["Stone", "nine pence", "5"]], 72.0);
    let rest: Vec<String> = first.rest(again).iter().flatten().map(|cell| text(cell)).collect();
    assert_eq!(rest, ["Stone", "nine pence", "5"]);
}

#[test]
fn an_entry_as_wide_as_its_column_is_a_cell_like_the_others() {
    let rows = [
        ("cd", "change the folder"),
        ("pwd", "print the folder"),
        ("run_history", "run it again"),
        ("ls", "list the folder and all that"),
    ];
    let mut runs: Vec<Run> = Vec::new();
    for (at, (name, what)) in rows.iter().enumerate() {
        let y = 60.0 + 12.0 * at as f32;
        runs.push(Run { face: Face { mono: true, ..Face::default() }, ..run(name, 72.0, y) });
        runs.push(run(what, 130.0, y));
    }
    runs.push(run("stands in it", 140.0, 108.0));
    let table = |runs: Vec<Run>| found(runs, &[]).pop().unwrap();
    let first = table(runs.clone());
    let cells: Vec<String> = first.rows.iter().flatten().map(|cell| text(cell)).collect();
    assert_eq!(cells[4..], ["run_history", "run it again", "ls", "list the folder and all that stands in it"]);
    runs.pop();
    runs.push(run("The text below it goes on from here.", 140.0, 120.0));
    assert_eq!(table(runs).to, 4, "farther below stands no rest of a cell");
}

#[test]
fn a_heading_between_two_boxed_tables_is_in_neither() {
    let mut runs = Vec::new();
    let mut rules = Vec::new();
    for top in [100.0, 200.0] {
        rules.extend(boxes(top, top + 40.0));
        rules.extend([lying(top), lying(top + 20.0), lying(top + 40.0)]);
        for (at, row) in [["Load", "Toll", "Age"], ["Hay", "two pence", "3"]].iter().enumerate() {
            runs.extend(
                row.iter().zip([52.0, 190.0, 330.0]).map(|(text, x)| run(text, x, top + 14.0 + 20.0 * at as f32)),
            );
        }
    }
    runs.push(run("3.2 The tolls of the bridge", 48.0, 170.0));
    let tables = found(runs, &rules);
    assert_eq!(tables.iter().map(|table| table.rows.len()).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn titles_before_climbing_page_numbers_are_no_table() {
    let entries = |numbers: [u32; 6]| {
        let titles = ["Scope", "Members", "Duties", "Resources", "Packages", "Archive"];
        let rows = titles.iter().zip(numbers).enumerate();
        let runs = rows.flat_map(|(at, (title, number))| {
            let y = 60.0 + 14.0 * at as f32;
            [run(title, 72.0, y), run(&number.to_string(), 480.0, y)]
        });
        found(runs.collect(), &[]).len()
    };
    assert_eq!(entries([3, 5, 5, 9, 15, 29]), 0);
    assert_eq!(entries([3, 50, 5, 9, 15, 29]), 1);
}

#[test]
fn code_with_remarks_below_each_other_is_no_table() {
    let mono = |text, x, y| Run { face: Face { mono: true, ..Face::default() }, ..run(text, x, y) };
    let mut runs: Vec<Run> =
        (0..9).map(|at| run("the usual line of the text of it and so on", 72.0, 60.0 + 12.0 * at as f32)).collect();
    for at in 0..4 {
        let y = 180.0 + 12.0 * at as f32;
        runs.extend([mono("load += 1", 72.0, y), mono("# one more", 180.0, y)]);
    }
    assert_eq!(found(runs, &[]).len(), 0);
}
