//! Headings that the outline announces: lines that read as an entry does, on the page to which it
//! leads. How they are set does not matter; the author's program has said what they are.

use std::collections::HashMap;

use lectern_core::content::document::BlockKind;

use super::super::content::outline::{Entry, Outline};
use super::super::layout::lines::Line;
use super::group::{APART, Group};
use super::paragraphs::Item;

/// Lines of the longest heading.
const MOST_LINES: usize = 4;

/// Where a heading stands among the items.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    /// Its lines.
    lines: usize,
    /// The pieces of its line, where text runs on behind it.
    pieces: Option<usize>,
    /// Whether it has the number that its entry has.
    exact: bool,
    level: u8,
}

/// Makes headings of the lines among `items` that `outline` names, and of the beginnings of lines
/// that are set apart.
pub fn mark(items: Vec<Item>, outline: &Outline) -> Vec<Item> {
    let mut on_page: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, item) in items.iter().enumerate() {
        if let Item::Line(line) = item {
            on_page.entry(line.page).or_default().push(at);
        }
    }
    let mut found: HashMap<usize, Place> = HashMap::new();
    let mut taken = vec![false; items.len()];
    for (page, entry) in outline.placed() {
        let lines = on_page.get(&page).map_or(&[][..], Vec::as_slice);
        let free = |place: &Place| !taken[place.at..place.at + place.lines].contains(&true);
        let rank = |a: &Place, b: &Place| {
            let sizes = size(&items, a.at).total_cmp(&size(&items, b.at));
            a.exact.cmp(&b.exact).then(sizes).then(a.lines.cmp(&b.lines)).then(b.at.cmp(&a.at))
        };
        let whole = lines.iter().filter_map(|at| whole(&items, *at, entry)).filter(free).max_by(rank);
        if let Some(place) = whole.or_else(|| lines.iter().filter_map(|at| run_in(&items, *at, entry)).find(free)) {
            taken[place.at..place.at + place.lines].fill(true);
            found.insert(place.at, place);
        }
    }
    let mut out = Vec::with_capacity(items.len());
    let mut items = items.into_iter().enumerate();
    while let Some((at, item)) = items.next() {
        match (item, found.get(&at)) {
            (Item::Line(line), Some(place)) => {
                let kind = BlockKind::Heading { level: place.level };
                let (line, rest) = match place.pieces {
                    Some(pieces) => split(line, pieces),
                    None => (line, None),
                };
                let mut group = Group::new(kind, line, APART);
                for (_, more) in items.by_ref().take(place.lines - 1) {
                    if let Item::Line(line) = more {
                        group.push(line);
                    }
                }
                out.push(Item::Whole(Box::new(group)));
                out.extend(rest.map(Item::Line));
            }
            (item, _) => out.push(item),
        }
    }
    out
}

/// A line in two, before its piece `at`.
fn split(mut line: Line, at: usize) -> (Line, Option<Line>) {
    let pieces = line.pieces.split_off(at);
    line.x1 = line.pieces.iter().map(|piece| piece.x1).fold(line.x0, f32::max);
    let rest = pieces.first().map(|first| first.x0).map(|x0| {
        let x1 = pieces.iter().map(|piece| piece.x1).fold(x0, f32::max);
        Line { pieces, x0, x1, ..line.clone() }
    });
    (line, rest)
}

/// The title of `entry` where it begins the line `at`, in another face than what follows.
fn run_in(items: &[Item], at: usize, entry: &Entry) -> Option<Place> {
    let Some(Item::Line(line)) = items.get(at) else { return None };
    let mut text = String::new();
    for (count, piece) in line.pieces.iter().enumerate() {
        if piece.space && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&piece.text);
        let next = line.pieces.get(count + 1)?;
        if entry.names(&text) && next.style.face != piece.style.face {
            let exact = entry.names_exactly(&text);
            return Some(Place { at, lines: 1, pieces: Some(count + 1), exact, level: entry.level });
        }
        if !entry.begins_with(&text) {
            return None;
        }
    }
    None
}

fn size(items: &[Item], at: usize) -> f32 {
    match items.get(at) {
        Some(Item::Line(line)) => line.size,
        Some(Item::Whole(_) | Item::Set(_)) | None => 0.0,
    }
}

/// The title of `entry` on the lines from `at`.
fn whole(items: &[Item], at: usize, entry: &Entry) -> Option<Place> {
    let mut text = String::new();
    let mut page = None;
    for (count, item) in items[at..].iter().take(MOST_LINES).enumerate() {
        let Item::Line(line) = item else { return None };
        if page.is_some_and(|page| page != line.page) {
            return None;
        }
        page = Some(line.page);
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&line.text());
        if entry.names(&text) {
            let exact = entry.names_exactly(&text);
            return Some(Place { at, lines: count + 1, pieces: None, exact, level: entry.level });
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
    use super::super::super::layout::lines::{Piece, TextStyle};
    use super::*;

    fn line(text: &str, size: f32, page: usize) -> Item {
        let style = TextStyle { face: Face { mono: true, ..Face::default() }, shift: 0 };
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

    fn headings(items: Vec<Item>, outline: &Outline) -> Vec<(String, u8)> {
        let heading = |item: Item| match item {
            Item::Whole(group) => group.kind.heading_level().map(|level| (group.rough(), level)),
            Item::Line(_) | Item::Set(_) => None,
        };
        mark(items, outline).into_iter().filter_map(heading).collect()
    }

    #[test]
    fn a_title_that_its_text_follows_on_the_line_is_parted_from_it() {
        let mut outline = Outline::default();
        outline.add("A note on the setting", 2, Some(0));
        let Item::Line(mut first) = line("A note on the setting", 10.0, 0) else { panic!("a line") };
        let mut rest = first.pieces[0].clone();
        rest.text = "Once upon a time".to_owned();
        rest.style.face.mono = false;
        (rest.x0, rest.x1, rest.space) = (110.0, 300.0, true);
        first.pieces.push(rest);
        let items = mark(vec![Item::Line(first)], &outline);
        let [Item::Whole(heading), Item::Line(text)] = &items[..] else { panic!("{items:?}") };
        assert_eq!((heading.rough().as_str(), text.text().as_str()), ("A note on the setting", "Once upon a time"));
    }

    #[test]
    fn the_number_of_a_chapter_on_a_line_of_its_own_belongs_to_it_where_the_outline_says_so() {
        let mut outline = Outline::default();
        outline.add("Chapter 2. Using It", 1, Some(0));
        outline.add("3 Ending", 1, Some(1));
        let items = vec![
            line("Chapter 2.", 18.0, 0),
            line("Using It", 20.0, 0),
            line("Chapter 3", 18.0, 1),
            line("Ending", 20.0, 1),
        ];
        let wanted = [("Chapter 2. Using It".to_owned(), 1), ("Ending".to_owned(), 1)];
        assert_eq!(headings(items, &outline), wanted);
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
        let found = headings(items, &outline);
        assert_eq!(found, [("2 Flowables".to_owned(), 1), ("2.1 A title of two lines".to_owned(), 2)]);
    }
}
