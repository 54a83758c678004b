//! Headings that the outline announces: lines that read as an entry does, on the page to which it leads. How they are set does not
//! matter; the author's program has said what they are.

use std::collections::HashMap;

use lectern_core::content::document::BlockKind;

use super::super::content::outline::{Entry, Outline};
use super::super::layout::lines::Line;
use super::assemble::APART;
use super::group::Group;
use super::paragraphs::Item;

/// Lines of the longest heading.
const MOST_LINES: usize = 4;

/// Makes headings of the lines among `items` that `outline` names.
pub fn mark(items: Vec<Item>, outline: &Outline) -> Vec<Item> {
    let mut on_page: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Item::Line(line) = item {
            on_page.entry(line.page).or_default().push(at);
        }
    }
    // Where a heading begins: its lines, and its level.
    let mut found: HashMap<usize, (usize, u8)> = HashMap::new();
    let mut taken = vec![false; items.len()];
    for (_, entry) in outline.placed() {
        let lines = entry.page.and_then(|page| on_page.get(&page)).map_or(&[][..], Vec::as_slice);
        let place = lines
            .iter()
            .filter_map(|at| Some((*at, lines_of(&items, *at, entry)?)))
            .filter(|(at, count)| !taken[*at..at + count].contains(&true))
            .max_by(|a, b| size(&items, a.0).total_cmp(&size(&items, b.0)).then(a.1.cmp(&b.1)).then(b.0.cmp(&a.0)));
        if let Some((at, count)) = place {
            taken[at..at + count].fill(true);
            found.insert(at, (count, entry.level));
        }
    }
    let mut out = Vec::with_capacity(items.len());
    let mut items = items.into_iter().enumerate();
    while let Some((at, item)) = items.next() {
        match (item, found.get(&at)) {
            (Item::Line(line), Some((count, level))) => {
                let mut group = Group::new(BlockKind::Heading { level: *level }, line, APART);
                for (_, more) in items.by_ref().take(count - 1) {
                    if let Item::Line(line) = more {
                        group.push(line);
                    }
                }
                out.push(Item::Whole(Box::new(group)));
            }
            (item, _) => out.push(item),
        }
    }
    out
}

fn size(items: &[Item], at: usize) -> f32 {
    match items.get(at) {
        Some(Item::Line(line)) => line.size,
        Some(Item::Whole(_)) | None => 0.0,
    }
}

/// How many lines from `at` make the title of `entry`.
fn lines_of(items: &[Item], at: usize, entry: &Entry) -> Option<usize> {
    let mut text = String::new();
    let mut first: Option<&Line> = None;
    for (count, item) in items[at..].iter().take(MOST_LINES).enumerate() {
        let Item::Line(line) = item else { return None };
        if first.is_some_and(|first| first.page != line.page) {
            return None;
        }
        first = first.or(Some(line));
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&line.text());
        if entry.names(&text) {
            return Some(count + 1);
        }
        if !entry.begins_with(&text) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::content::font::Face;
    use super::super::super::layout::lines::{Piece, Style};
    use super::*;

    fn line(text: &str, size: f32, page: usize) -> Item {
        let style = Style { face: Face { mono: true, ..Face::default() }, shift: 0 };
        let piece = Piece { text: text.to_owned(), x0: 0.0, x1: 100.0, style, space: false };
        Item::Line(Line {
            pieces: vec![piece],
            x0: 0.0,
            x1: 100.0,
            y: 0.0,
            size,
            page,
            region: 0,
            left: 0.0,
            right: 400.0,
        })
    }

    #[test]
    fn the_outline_wins_over_how_a_heading_is_set() {
        let mut outline = Outline::default();
        outline.add("2 Flowables", 1, Some(3));
        outline.add("2.1 A title of two lines", 2, Some(3));
        outline.add("Elsewhere", 1, Some(4));
        let items = vec![
            line("Flowables", 10.0, 2),
            line("Flowables", 10.0, 3),
            line("2 Flowables", 14.0, 3),
            line("text", 10.0, 3),
            line("2.1 A title of", 12.0, 3),
            line("two lines", 12.0, 3),
            line("Elsewhere", 10.0, 3),
        ];
        let found: Vec<(String, u8)> = mark(items, &outline)
            .into_iter()
            .filter_map(|item| match item {
                Item::Whole(group) => match group.kind {
                    BlockKind::Heading { level } => Some((group.rough(), level)),
                    _ => None,
                },
                Item::Line(_) => None,
            })
            .collect();
        assert_eq!(found, [("2 Flowables".to_owned(), 1), ("2.1 A title of two lines".to_owned(), 2)]);
    }
}
