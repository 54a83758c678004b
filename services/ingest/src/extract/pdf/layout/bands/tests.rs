//! Pages with heads, feet and numbers, and what of them is taken.

use super::super::super::content::page::Run;
use super::*;

fn run(text: &str, x0: f32, y: f32, size: f32, seq: u32) -> Run {
    let x1 = x0 + 0.5 * size * text.chars().count() as f32;
    Run { text: text.to_owned(), x0, x1, y, size, seq, ..Run::default() }
}

/// A page of text between y 100 and 640, with these lines at the edges.
fn page(extra: &[(&str, f32, f32, f32)]) -> Page {
    let digits =
        |char: char| char.to_digit(10).and_then(|digit| char::from_u32(u32::from('k') + digit)).unwrap_or(char);
    let words: String = extra.iter().flat_map(|line| line.0.chars()).map(digits).collect();
    let line = |at: u32| run(&format!("Text about {words}."), 72.0, 100.0 + 14.0 * at as f32, 10.0, at);
    let mut runs: Vec<Run> = (0..40).map(line).collect();
    for (at, (text, x0, y, size)) in (100..).zip(extra) {
        runs.push(run(text, *x0, *y, *size, at));
    }
    Page { width: 612.0, height: 792.0, runs, ..Page::default() }
}

fn taken(pages: Vec<Page>) -> Vec<(usize, String)> {
    taken_beside(pages, &Outline::default())
}

fn taken_beside(mut pages: Vec<Page>, outline: &Outline) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    remove(&mut pages, outline, &mut out);
    let mut found: Vec<(usize, String)> = out.into_iter().map(|piece| (piece.page, piece.text)).collect();
    found.sort();
    found
}

#[test]
fn heads_of_sections_beside_climbing_numbers_are_taken() {
    let pages = (0..6)
        .map(|at| {
            let head = ["4.1 Sources", "CHAPTER 4. CURRENTS"][at % 2];
            let own = format!("{head}{}", if at == 3 { " of a page" } else { "" });
            page(&[(&own, 200.0, 50.0, 9.0), (&format!("{}", 170 + at), 500.0, 50.0, 9.0)])
        })
        .collect();
    assert_eq!(taken(pages).len(), 12);
}

#[test]
fn a_heading_that_comes_again_on_top_of_a_page_is_one_if_the_outline_names_it() {
    let own = ["Ann", "Bob", "Carl", "Dora", "Eve"];
    let title = ("Install the certificate", 72.0, 60.0, 10.0);
    let pages = || own.map(|own| page(&[title, (own, 400.0, 300.0, 10.0)])).into_iter().collect::<Vec<_>>();
    assert_eq!(taken(pages()).len(), 5);
    let mut outline = Outline::default();
    outline.add("Install the certificate", 1, Some(3));
    assert_eq!(taken_beside(pages(), &outline).len(), 4);
    // The head of its own chapter says what the heading below it says.
    let mut pages = pages();
    pages[3].runs.push(run("Install the certificate", 72.0, 690.0, 14.0, 900));
    assert_eq!(taken_beside(pages, &outline).len(), 5);
}

#[test]
fn a_small_digit_near_the_foot_frees_no_page_number() {
    let pages = (0..4)
        .map(|at| {
            let number = format!("{}", 37 + at);
            let mut extra = vec![(number.as_str(), 500.0, 681.0, 10.0)];
            if at == 1 {
                extra.push(("1", 80.0, 668.0, 6.0));
            }
            page(&extra)
        })
        .collect();
    let found: Vec<String> = taken(pages).into_iter().map(|(_, text)| text).collect();
    assert_eq!(found, ["37", "38", "39", "40"]);
}

#[test]
fn the_label_of_a_chapters_title_stays_though_it_stands_where_heads_do() {
    let mut pages: Vec<Page> =
        ["Chapter 4. Probes", "User space", "Kernel space"].map(|head| page(&[(head, 72.0, 50.0, 10.0)])).into();
    pages.push(page(&[("Chapter 5.", 72.0, 50.0, 10.0), ("Scripts", 72.0, 82.0, 24.0)]));
    pages.push(page(&[("Chapter 5. Scripts", 72.0, 50.0, 10.0), ("A first one", 72.0, 82.0, 24.0)]));
    assert_eq!(taken(pages).len(), 4);
}

#[test]
fn titles_and_first_lines_stay() {
    let pages = (0..5)
        .map(|at| {
            let line = format!("Slide about subject {}", ["one", "two", "three", "four", "five"][at]);
            page(&[(&line, 72.0, 60.0, 24.0)])
        })
        .collect();
    assert!(taken(pages).is_empty(), "titles of slides");
    let pages = ["a", "b", "c", "d", "e"].map(|own| {
        let own = format!("subject {own}");
        let mut extra = vec![(own.as_str(), 72.0, 660.0, 10.0)];
        if own.as_str() < "subject c" {
            extra.push(("A list goes on:", 72.0, 86.0, 10.0));
        }
        page(&extra)
    });
    assert!(taken(pages.into()).is_empty(), "text at the height of text");
}

#[test]
fn a_foot_of_two_lines_is_taken_whole() {
    let mut pages: Vec<Page> = (0..5)
        .map(|at| {
            page(&[("Chapter 18. Interfaces", 72.0, 740.0, 10.0), (&format!("{}", 130 + at), 500.0, 740.0, 10.0)])
        })
        .collect();
    pages.push(page(&[("135Chapter 19. Interfaces from the old", 72.0, 740.0, 10.0), ("Manual)", 480.0, 752.0, 10.0)]));
    assert_eq!(taken(pages).len(), 12);
}

#[test]
fn titles_of_slides_stay_though_some_come_again() {
    let slide = |title: &str| Page { width: 1000.0, ..page(&[(title, 72.0, 40.0, 11.0)]) };
    let titles = ["A bus", "A bus", "A bus", "A bus", "Clocks", "Ports", "Masters", "Slaves", "Limits"];
    assert!(taken(titles.map(slide).into()).is_empty());
}

#[test]
fn what_stands_alone_in_the_margin_of_most_pages_is_a_head() {
    let heads = ["Backtraces", "Chapter four", "Probing", "Scripts"];
    let pages = heads.iter().map(|head| page(&[(head, 400.0, 40.0, 10.0)])).collect();
    assert_eq!(taken(pages).len(), 4);
}
