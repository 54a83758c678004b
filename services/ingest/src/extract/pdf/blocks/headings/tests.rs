//! Groups that head others, and those that look as if they did.

use super::super::super::layout::lines::{Piece, TextStyle};
use super::*;

fn group(text: &str, size: f32, page: usize) -> Group {
    let piece = Piece { text: text.to_owned(), x0: 72.0, x1: 300.0, style: TextStyle::default(), space: false };
    let line =
        Line { pieces: vec![piece], x0: 72.0, x1: 300.0, y: 0.0, size, page, region: page, left: 72.0, right: 500.0 };
    Group::new(BlockKind::Paragraph, line, super::super::group::APART)
}

fn titled(mut groups: Vec<Group>) -> Option<String> {
    let lines: Vec<Line> = groups.iter().flat_map(|group| group.lines.clone()).collect();
    let title = mark(&mut groups, &Metrics::of(&lines), &Outline::default());
    title.map(|at| groups[at].rough()).or_else(|| manual(&groups))
}

const TEXT: &str =
    "Text that is as long as the text of a document is, so that its size is the usual one, and more of it.";

#[test]
fn the_title_is_what_no_other_heading_is_set_as() {
    for (name, groups, wanted) in [
        (
            "chapters are larger than the title",
            vec![group("A Book", 17.0, 0), group(TEXT, 10.0, 0), group("Contents", 24.0, 1), group(TEXT, 10.0, 1)],
            Some("A Book"),
        ),
        (
            "the first heading is one of two",
            vec![group("Salt", 17.0, 0), group(TEXT, 10.0, 0), group("Bread", 17.0, 0), group(TEXT, 10.0, 0)],
            None,
        ),
        (
            "a title page of slides",
            vec![
                group("On Buses", 11.0, 0),
                group("Ann Smith", 10.0, 0),
                group("Speed", 11.0, 1),
                group(TEXT, 10.0, 1),
            ],
            Some("On Buses"),
        ),
        (
            "an article below the name of its journal",
            vec![
                group("Journal of Bridges", 22.0, 0),
                group("Volume 12, Issue 3, May 2019", 10.0, 0),
                group("The Load of the Old Bridge", 17.0, 0),
                group("Ann Smith", 10.0, 0),
                group(TEXT, 10.0, 0),
            ],
            Some("The Load of the Old Bridge"),
        ),
        (
            "an article above the name of its journal",
            vec![
                group("The Load of the Old Bridge", 22.0, 0),
                group("Journal of Bridges, vol. 12, no. 3", 10.0, 0),
                group("Abstract", 12.0, 0),
                group(TEXT, 10.0, 0),
                group("Men and Their Loads", 12.0, 0),
                group(TEXT, 10.0, 0),
            ],
            Some("The Load of the Old Bridge"),
        ),
        ("a table of contents", vec![group("Contents", 24.0, 0), group(TEXT, 10.0, 0)], None),
        (
            "a manual page",
            vec![
                group("NAME", 14.0, 0),
                group("bash − GNU Bourne-Again SHell", 10.0, 0),
                group("SYNOPSIS", 14.0, 0),
                group(TEXT, 10.0, 0),
            ],
            Some("bash"),
        ),
    ] {
        assert_eq!(titled(groups).as_deref(), wanted, "{name}");
    }
}

#[test]
fn what_heads_by_its_name_need_not_be_set_as_a_heading() {
    let mut groups = vec![
        group("The Load of the Old Bridge", 20.0, 0),
        group(TEXT, 10.0, 0),
        group("References", 10.0, 0),
        group("Ann Smith. On loads, and on more of them. 2002.", 10.0, 0),
    ];
    let lines: Vec<Line> = groups.iter().flat_map(|group| group.lines.clone()).collect();
    mark(&mut groups, &Metrics::of(&lines), &Outline::default());
    assert!(groups[2].kind.heading_level().is_some());
}

#[test]
fn what_stands_between_title_and_abstract_is_front_matter() {
    let mut groups = vec![
        group("On Ordered Observations", 20.0, 0),
        group("Ann Smith Bob Jones", 12.0, 0),
        group("Universität am See GKX Associates Inc.", 10.0, 0),
        group("A note that is a sentence of more words than any line of names and addresses has.", 10.0, 0),
        group("Abstract", 12.0, 0),
        group(TEXT, 10.0, 0),
        group("Introduction", 12.0, 0),
        group(TEXT, 10.0, 0),
    ];
    let lines: Vec<Line> = groups.iter().flat_map(|group| group.lines.clone()).collect();
    mark(&mut groups, &Metrics::of(&lines), &Outline::default());
    let front: Vec<bool> = groups.iter().map(|group| group.matter == Matter::Front).collect();
    assert_eq!(front, [false, true, true, false, false, false, false, false]);
}

#[test]
fn a_message_under_the_title_is_no_byline() {
    let mut groups = vec![
        group("Harvest Supper", 20.0, 0),
        group("Ann Smith", 10.0, 0),
        group("Bring a plate and a chair", 10.0, 0),
        group(TEXT, 10.0, 0),
    ];
    let lines: Vec<Line> = groups.iter().flat_map(|group| group.lines.clone()).collect();
    mark(&mut groups, &Metrics::of(&lines), &Outline::default());
    let front: Vec<bool> = groups.iter().map(|group| group.matter == Matter::Front).collect();
    assert_eq!(front, [false, true, false, false]);
}
