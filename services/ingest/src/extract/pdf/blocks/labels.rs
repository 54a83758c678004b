//! Labels of drawn figures: the numbers along an axis, the words in a chart. Each is a line by
//! itself, often set as headings are, and nothing to hear one by one. What stands right above the
//! caption of a figure and is no text is taken for its labels, and so are several numbers that are
//! not set as the text is. Words become one block, and numbers another.

use std::collections::HashSet;

use lectern_core::content::document::BlockKind;

use super::super::layout::lines::Line;
use super::super::layout::metrics::Metrics;
use super::super::wording::sentence;
use super::group::{APART, Group};
use crate::clean::MONTHS;

/// How sure the order is of what stands beside the text.
const ASIDE: f32 = 0.5;
/// Words of the longest label, and its lines.
const LONGEST: usize = 8;
const MOST_LINES: usize = 6;
/// Labels of which none is a number, at the least: fewer may be a line of text.
const FEWEST: usize = 3;
/// Words of the shortest paragraph that a heading heads.
const PROSE: usize = 12;
/// Points by which text may differ from the text's size and still be running text.
const BODY: f32 = 0.6;
/// Letters of the shortest name of a month on an axis.
const MONTH: usize = 3;

/// How a line is set: its size in half points, its weight and slant.
type Look = (i32, bool, bool);

/// Makes figures of the labels among `groups`, whose captions are known and whose headings are not.
pub fn mark(groups: &mut Vec<Group>, metrics: &Metrics) {
    let heads: HashSet<Look> = groups
        .windows(2)
        .filter_map(|pair| match pair {
            [head, text] if is_prose(text) && words(head) <= LONGEST => look(head),
            _ => None,
        })
        .collect();
    let mut labels: Vec<bool> = groups.iter().map(|group| is_axis(group, metrics)).collect();
    for (at, group) in groups.iter().enumerate().filter(|(_, group)| names_figure(group)) {
        let from = first_label(&groups[..at], group.page, metrics, &heads);
        labels[from..at].fill(true);
    }
    if !labels.contains(&true) {
        return;
    }
    let mut out = Vec::with_capacity(groups.len());
    let mut lines = Vec::new();
    for (group, is_label) in groups.drain(..).zip(labels) {
        if is_label {
            lines.extend(group.lines);
        } else {
            out.append(&mut figures(std::mem::take(&mut lines)));
            out.push(group);
        }
    }
    out.append(&mut figures(lines));
    *groups = out;
}

/// Figures of these `lines`: on each page one of all words, one of all numbers, and one of each
/// line that is longer than a label.
pub fn figures(lines: Vec<Line>) -> Vec<Group> {
    let mut out: Vec<Group> = Vec::new();
    let (mut labels, mut scales) = (None, None);
    let mut page = None;
    for line in lines {
        if page.replace(line.page) != Some(line.page) {
            (labels, scales) = (None, None);
        }
        let text = line.text();
        let open = if is_scale(&text) {
            &mut scales
        } else if text.split_whitespace().count() <= LONGEST {
            &mut labels
        } else {
            out.push(figure(line));
            continue;
        };
        match open.and_then(|at: usize| out.get_mut(at)) {
            Some(group) => group.push(line),
            None => {
                *open = Some(out.len());
                out.push(figure(line));
            }
        }
    }
    out
}

fn figure(line: Line) -> Group {
    let mut group = Group::new(BlockKind::Figure, line, APART);
    group.confidence = ASIDE;
    group
}

/// Whether `group` is the caption of what is drawn.
fn names_figure(group: &Group) -> bool {
    let text = group.rough();
    let first = text.split([' ', '.']).next().unwrap_or_default().to_lowercase();
    matches!(group.kind, BlockKind::Caption)
        && ["figure", "fig", "plate", "map", "chart", "scheme", "diagram", "abbildung"].contains(&first.as_str())
}

/// Where the labels begin that `before`, the groups before a caption on `page`, ends with; behind
/// all of it, where it ends with none.
fn first_label(before: &[Group], page: usize, metrics: &Metrics, heads: &HashSet<Look>) -> usize {
    let labels = before.iter().rev().take_while(|group| group.page == page && may_label(group)).count();
    let from = before.len() - labels;
    // A short line above the figure may be the text's, or the heading of what follows.
    let sure = |group: &Group| {
        let heading = look(group).is_some_and(|look| heads.contains(&look));
        is_scale(&group.rough()) || other_size(group, metrics) && !heading
    };
    let from = from + before[from..].iter().take_while(|group| !sure(group)).count();
    let scales = before[from..].iter().any(|group| is_scale(&group.rough()));
    if scales || before.len() - from >= FEWEST { from } else { before.len() }
}

/// Whether a group is the numbers along an axis by itself: several, and not in the size of the
/// text.
fn is_axis(group: &Group, metrics: &Metrics) -> bool {
    let paragraph = matches!(group.kind, BlockKind::Paragraph);
    paragraph && words(group) >= FEWEST && other_size(group, metrics) && is_scale(&group.rough())
}

fn other_size(group: &Group, metrics: &Metrics) -> bool {
    group.lines.first().is_some_and(|line| (line.size - metrics.body).abs() > BODY)
}

/// Whether a group may be a label: a few words that are no sentence, no item and no formula.
fn may_label(group: &Group) -> bool {
    let text = group.rough();
    let short = words(group) <= LONGEST * group.lines.len() && group.lines.len() <= MOST_LINES;
    let math = group.lines.iter().any(|line| line.mostly(|face| face.math));
    matches!(group.kind, BlockKind::Paragraph) && (is_scale(&text) || short && !math && !sentence::ends(&text))
}

/// Whether `text` is nothing but numbers and dates, as stand along an axis.
fn is_scale(text: &str) -> bool {
    let is_month = |letters: &str| {
        letters.len() >= MONTH && MONTHS.iter().any(|month| month.to_lowercase().starts_with(&letters.to_lowercase()))
    };
    let on_scale = |word: &str| {
        let letters: String = word.chars().filter(|char| char.is_alphabetic()).collect();
        letters.is_empty() || is_month(&letters) || letters == "e" && word.contains(char::is_numeric)
    };
    text.contains(char::is_numeric) && text.split_whitespace().all(on_scale)
}

fn is_prose(group: &Group) -> bool {
    matches!(group.kind, BlockKind::Paragraph) && words(group) >= PROSE
}

fn words(group: &Group) -> usize {
    group.lines.iter().map(|line| line.text().split_whitespace().count()).sum()
}

fn look(group: &Group) -> Option<Look> {
    let line = group.lines.first()?;
    Some(((line.size * 2.0).round() as i32, line.mostly(|face| face.bold), line.mostly(|face| face.italic)))
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::lines::{Piece, TextStyle};
    use super::*;

    const TEXT: &str = "This is a paragraph of the text of the document, which has the usual size of it.";

    fn line(text: &str, size: f32, page: usize) -> Line {
        let mut style = TextStyle::default();
        style.face.bold = size > 13.0;
        let piece = Piece { text: text.to_owned(), x0: 72.0, x1: 300.0, style, space: false };
        Line { pieces: vec![piece], x0: 72.0, x1: 300.0, y: 0.0, size, page, region: 0, left: 72.0, right: 500.0 }
    }

    /// What becomes of groups of these texts and sizes, the captions known.
    fn marked(set: &[(&str, f32)]) -> Vec<(bool, String)> {
        let kind = |text: &str| if text.starts_with("Figure") { BlockKind::Caption } else { BlockKind::Paragraph };
        let mut groups: Vec<Group> =
            set.iter().map(|(text, size)| Group::new(kind(text), line(text, *size, 0), APART)).collect();
        let usual: Vec<Line> = (0..9).map(|_| line(TEXT, 10.0, 0)).collect();
        mark(&mut groups, &Metrics::of(&usual));
        groups.iter().map(|group| (matches!(group.kind, BlockKind::Figure), group.rough())).collect()
    }

    #[test]
    fn labels_above_a_caption_are_one_figure_and_no_headings() {
        let found = marked(&[
            ("Results", 14.0),
            (TEXT, 10.0),
            ("Findings", 14.0),
            ("Mean Bootstrap", 12.0),
            ("20.0 20.5 21.0", 9.0),
            ("Feb 01 Feb 15", 9.0),
            ("Samples", 11.0),
            ("Figure 2. Results of it.", 10.0),
            (TEXT, 10.0),
        ]);
        let figures: Vec<&str> =
            found.iter().filter(|(is_figure, _)| *is_figure).map(|(_, text)| text.as_str()).collect();
        assert_eq!(figures, ["Mean Bootstrap Samples", "20.0 20.5 21.0 Feb 01 Feb 15"]);
        assert!(found.contains(&(false, "Findings".to_owned())), "headings elsewhere are set so: {found:?}");
    }

    #[test]
    fn text_above_a_caption_stays_text() {
        for set in [
            &[(TEXT, 10.0), ("and so on", 10.0), ("Figure 1: A picture.", 10.0)][..],
            &[(TEXT, 10.0), ("It ends here.", 8.0), ("Figure 1: A picture.", 10.0)],
            &[(TEXT, 10.0), ("A note on it", 8.0), ("Figure 1: A picture.", 10.0)],
            &[("1 2 3", 10.0), (TEXT, 10.0), ("Figure 1: A picture.", 10.0)],
            &[("1984", 8.0), (TEXT, 10.0)],
        ] {
            assert!(marked(set).iter().all(|(is_figure, _)| !is_figure), "{set:?}");
        }
    }

    #[test]
    fn the_numbers_of_an_axis_are_a_figure_without_a_caption_too() {
        let found = marked(&[(TEXT, 10.0), ("0.0 0.5 1.0", 8.0), (TEXT, 10.0)]);
        assert_eq!(found[1], (true, "0.0 0.5 1.0".to_owned()));
    }

    #[test]
    fn lines_beside_the_text_are_gathered_page_by_page() {
        let lines = [("Density", 0), ("0.0 0.4", 0), ("Samples", 0), ("Time", 1)];
        let found = figures(lines.iter().map(|(text, page)| line(text, 9.0, *page)).collect());
        let texts: Vec<String> = found.iter().map(Group::rough).collect();
        assert_eq!(texts, ["Density Samples", "0.0 0.4", "Time"]);
    }

    #[test]
    fn numbers_and_dates_are_a_scale() {
        for (text, wanted) in [
            ("0.0 0.2 0.4", true),
            ("−1 0 1", true),
            ("Feb 01 Mar 15", true),
            ("1e−05 2e−05", true),
            ("12", true),
            ("Day 12", false),
            ("May", false),
            ("— —", false),
        ] {
            assert_eq!(is_scale(text), wanted, "{text}");
        }
    }
}
