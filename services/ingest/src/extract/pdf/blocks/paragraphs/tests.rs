//! Lines set one below another, and the groups that they make.

use super::super::super::layout::lines::{Piece, TextStyle};
use super::*;

fn line(text: &str, y: f32) -> Line {
    let x1 = if text.len() > 40 { 498.0 } else { 72.0 + 6.0 * text.len() as f32 };
    let piece = Piece { text: text.to_owned(), x0: 72.0, x1, style: TextStyle::default(), space: false };
    Line { pieces: vec![piece], x0: 72.0, x1, y, size: 10.0, page: 0, region: 0, left: 72.0, right: 500.0 }
}

fn texts(lines: &[Line]) -> Vec<String> {
    let items = lines.iter().cloned().map(Item::Line).collect();
    group(items, &Metrics::of(lines)).iter().map(Group::rough).collect()
}

/// What the groups of these lines, set as (left edge, text, face: `b`old, `m`ono, `r`oman, and
/// `w` for a roman line that leaves some room), read as behind some usual text.
fn set(lines: &[(f32, &str, char)]) -> Vec<String> {
    let mut all: Vec<Line> =
        (0..9).map(|at| line("the usual line of the text of it and so on.", 100.0 + 12.0 * at as f32)).collect();
    for (at, (x0, text, face)) in lines.iter().enumerate() {
        let mut line = line(text, 230.0 + 12.0 * at as f32);
        line.x0 = *x0;
        line.pieces[0].x0 = *x0;
        if *face == 'w' {
            line.x1 = 410.0;
            line.pieces[0].x1 = 410.0;
        }
        line.pieces[0].style.face.mono = *face == 'm';
        line.pieces[0].style.face.bold = *face == 'b';
        all.push(line);
    }
    texts(&all).split_off(1)
}

#[test]
fn what_goes_on_in_mid_sentence_is_no_block_of_its_own() {
    for (name, lines, wanted) in [
        (
            "a command ends the sentence",
            vec![
                (72.0, "the next write to the client causes it to be sent a", 'r'),
                (72.0, "SIGPIPE.", 'm'),
                (72.0, "then it ends as it began, which is all there is to say.", 'r'),
            ],
            2,
        ),
        ("code below a paragraph", vec![(72.0, "Type the following:", 'r'), (72.0, "make install", 'm')], 2),
        (
            "a bold word ends the sentence",
            vec![(72.0, "signals are sent again upon the receipt of a", 'r'), (72.0, "SIGWINCH.", 'b')],
            1,
        ),
        (
            "a word in capitals is divided",
            vec![(72.0, "see the description of it under SHELLBUILTINCOM-", 'r'), (72.0, "MANDS.", 'b')],
            1,
        ),
        ("a bold line below a label", vec![(72.0, "A label", 'r'), (72.0, "Names.", 'b')], 2),
        (
            "an item runs back to the margin",
            vec![
                (84.0, "1. It seems that if an imprecise number is entered, the", 'r'),
                (72.0, "result will be imprecise.", 'r'),
            ],
            1,
        ),
        (
            "the number of a section is no item's",
            vec![
                (72.0, "this may be distributed in source form under Section", 'r'),
                (77.0, "1) in object code under the terms of this licence.", 'r'),
            ],
            1,
        ),
        (
            "a ragged line hangs below its label",
            vec![
                (72.0, "-s  If no arguments remain after it, then", 'r'),
                (96.0, "commands are read from the standard input of this one.", 'r'),
            ],
            1,
        ),
        (
            "entries of a bibliography with ragged lines",
            vec![
                (72.0, "Bates D (2013). Fast and Elegant Numerical", 'w'),
                (92.0, "Algebra Using the RcppEigen Package, and more.", 'r'),
                (72.0, "Chambers J (2008). Software for Data, and more", 'r'),
                (92.0, "of it.", 'r'),
            ],
            2,
        ),
        ("a label and its meaning", vec![(72.0, "timer events", 'r'), (92.0, "An event that comes.", 'r')], 2),
    ] {
        assert_eq!(set(&lines).len(), wanted, "{name}: {:?}", set(&lines));
    }
}

#[test]
fn rules_drawn_with_dashes_are_part_of_the_code_around_them() {
    let mono = |text: &str, y: f32| {
        let mut line = line(text, y);
        line.pieces[0].style.face.mono = true;
        line
    };
    let mut lines: Vec<Line> =
        (0..9).map(|at| line("the usual line of the text of it.", 100.0 + 12.0 * at as f32)).collect();
    lines.extend([
        mono("Parameter  Setting", 212.0),
        mono("---------  -------", 224.0),
        mono("Rates      Equal", 236.0),
    ]);
    let items = lines.iter().cloned().map(Item::Line).collect();
    let groups = group(items, &Metrics::of(&lines));
    let code = groups.last().unwrap();
    assert!(matches!(code.kind, BlockKind::Code { .. }));
    assert_eq!(code.lines.len(), 3);
}

#[test]
fn a_sentence_that_runs_on_is_one_paragraph_though_its_lines_stand_apart() {
    let mut lines: Vec<Line> =
        (0..30).map(|at| line("the usual line of the text of this document and.", 100.0 + 12.0 * at as f32)).collect();
    lines.push(line("A full line of a sentence that goes on and that is", 480.0));
    lines.push(line("set wider than the text is usually set.", 498.0));
    lines.push(line("A paragraph of its own below it, which ends as it is", 516.0));
    lines.push(line("Another.", 534.0));
    let found = texts(&lines);
    let wanted = [
        "A full line of a sentence that goes on and that is set wider than the text is usually set.",
        "A paragraph of its own below it, which ends as it is",
        "Another.",
    ];
    assert_eq!(found[found.len() - 3..], wanted);
}

#[test]
fn a_sentence_goes_on_between_a_page_with_tags_and_one_without() {
    let on = |page: usize, line: Line| Line { page, region: page, ..line };
    let usual = line("the usual line of the text of it and so on.", 100.0);
    let first = line("the load was counted on the bridge by two of the", 700.0);
    let second = on(1, line("men.", 90.0));
    let groups = |items: Vec<Item>| {
        let groups = group(items, &Metrics::of(std::slice::from_ref(&usual)));
        groups.iter().map(Group::rough).collect::<Vec<_>>()
    };
    let whole = ["the load was counted on the bridge by two of the men."];
    assert_eq!(groups(vec![Item::Line(first.clone()), Item::Set(vec![second.clone()])]), whole);
    assert_eq!(groups(vec![Item::Set(vec![first.clone()]), Item::Line(second.clone())]), whole);
    let beside = vec![Item::Set(vec![first]), Item::Line(on(0, second))];
    assert_eq!(groups(beside).len(), 2, "on the page of its tags the structure tells");
}

#[test]
fn a_table_of_contents_ends_where_text_begins() {
    let texts = [
        "Contents",
        "1 Getting started 1",
        "1.1 What do I need . . . . . . . . . . . 2",
        "1.2 I have problems with the harbour, any",
        "help . . . . . . . . . . . . . . . . . . 2",
        "2 Examples 5",
        "1 Getting started",
        "These lines are text, and end as lines may that",
        "are counted in years. It was so in the year 2018",
        "and, as is told in the manual of the harbour, 2",
        "and also in a language whose name is C++",
        "or that of numerals, which ends with an iv",
    ];
    let lines: Vec<Line> = texts.iter().enumerate().map(|(at, text)| line(text, 100.0 + 12.0 * at as f32)).collect();
    let items = lines.iter().cloned().map(Item::Line).collect();
    let listed = |group: &Group| matches!(group.kind, BlockKind::Furniture { furniture: Furniture::ContentsEntry });
    let groups = group(items, &Metrics::of(&lines));
    let (entries, text): (Vec<&Group>, Vec<&Group>) = groups.iter().partition(|group| listed(group));
    let entries: Vec<String> = entries.iter().map(|group| group.rough()).collect();
    assert_eq!(entries, &texts[1..6], "and the line between two leaders");
    assert_eq!(text.iter().map(|group| group.lines.len()).sum::<usize>(), texts.len() - 5);
}

#[test]
fn rows_of_dots_in_code_are_no_leaders() {
    let usual = (0..9).map(|at| line("the usual line of the text of it and so on.", 100.0 + 12.0 * at as f32));
    let rows = ["> print(m)", "a [1,] . 7 . . . . . .", "b [2,] . . . 14 . . . ."];
    let rows = rows.iter().enumerate().map(|(at, row)| {
        let mut row = line(row, 230.0 + 12.0 * at as f32);
        row.pieces[0].style.face.mono = true;
        row
    });
    let lines: Vec<Line> = usual.chain(rows).collect();
    let items = lines.iter().cloned().map(Item::Line).collect();
    let groups = group(items, &Metrics::of(&lines));
    assert!(matches!(groups.last().unwrap().kind, BlockKind::Code { .. }) && groups.last().unwrap().lines.len() == 3);
}
