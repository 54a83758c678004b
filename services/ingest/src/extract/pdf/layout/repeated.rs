//! Feet that stand above the feet's band: lines that end most pages in the same words at one place,
//! in mid-sentence of what they stand below. What parts a sentence on page after page is no part of
//! the text.

use std::collections::{HashMap, HashSet};

use lectern_core::content::document::Furniture;

use super::super::wording::sentence;
use super::lines::Line;
use super::piece::Piece;
use super::regions::Arranged;

/// Pages that must agree.
const FEWEST: usize = 3;
/// And the share of all pages with text.
const MOST_PAGES: f32 = 0.5;
/// Of the pages that end so, the share on which it parts a sentence: forms end in the same words
/// too, below text that is whole.
const PARTED: f32 = 0.5;

/// A line as other pages may have it: its words and where it stands.
type Key = (String, i32, i32);

fn key(line: &Line) -> Key {
    (line.text(), line.x0.round() as i32, line.y.round() as i32)
}

/// A page's lines, in reading order.
struct Body<'a> {
    page: usize,
    lines: Vec<&'a Line>,
}

impl Body<'_> {
    /// The lines that end it in words of most pages, and the line above them, if it has both.
    fn foot(&self, on: &HashMap<Key, usize>, pages: usize) -> Option<(&[&Line], &Line)> {
        let repeated = |line: &&&Line| on.get(&key(line)).is_some_and(|seen| most(*seen, pages));
        let count = self.lines.iter().rev().take_while(repeated).count();
        let (above, foot) = self.lines.split_at(self.lines.len() - count);
        above.last().filter(|_| count > 0).map(|last| (foot, *last))
    }
}

fn most(seen: usize, pages: usize) -> bool {
    seen >= FEWEST && seen as f32 >= MOST_PAGES * pages as f32
}

/// Takes such feet out of `arranged` and adds them to `out`.
pub fn remove(arranged: &mut Arranged, out: &mut Vec<Piece>) {
    let mut bodies: Vec<Body<'_>> = Vec::new();
    for line in arranged.regions.iter().flat_map(|region| &region.lines) {
        match bodies.last_mut() {
            Some(body) if body.page == line.page => body.lines.push(line),
            Some(_) | None => bodies.push(Body { page: line.page, lines: vec![line] }),
        }
    }
    let mut on: HashMap<Key, usize> = HashMap::new();
    for body in &bodies {
        for key in body.lines.iter().copied().map(key).collect::<HashSet<_>>() {
            *on.entry(key).or_default() += 1;
        }
    }
    let feet: Vec<(usize, &[&Line], &Line)> = bodies
        .iter()
        .filter_map(|body| body.foot(&on, bodies.len()).map(|(foot, above)| (body.page, foot, above)))
        .collect();
    let parted = feet.iter().filter(|(_, _, above)| !sentence::ends(&above.text())).count();
    if !most(feet.len(), bodies.len()) || (parted as f32) < PARTED * feet.len() as f32 {
        return;
    }
    let mut taken: HashSet<(usize, Key)> = HashSet::new();
    for (page, foot, _) in feet {
        taken.extend(foot.iter().map(|line| (page, key(line))));
        let text = foot.iter().map(|line| line.text()).collect::<Vec<_>>().join(" ");
        out.push(Piece { page, top: false, furniture: Furniture::RunningFoot, text });
    }
    for region in &mut arranged.regions {
        for lines in std::iter::once(&mut region.lines).chain(&mut region.apart) {
            lines.retain(|line| !taken.contains(&(line.page, key(line))));
        }
    }
    out.sort_by_key(|piece| (piece.page, !piece.top));
}

#[cfg(test)]
mod tests {
    use super::super::lines::{self, Piece as Part, TextStyle};
    use super::super::region::Region;
    use super::*;

    fn line(text: &str, page: usize, y: f32) -> Line {
        let part = Part { text: text.to_owned(), x0: 72.0, x1: 300.0, style: TextStyle::default(), space: false };
        lines::Line {
            pieces: vec![part],
            x0: 72.0,
            x1: 300.0,
            y,
            size: 10.0,
            page,
            region: page,
            left: 72.0,
            right: 300.0,
        }
    }

    /// How many lines are taken of pages that end in these words, below `texts`.
    fn taken(texts: &[&str], last: &str) -> usize {
        let region = |(page, text): (usize, &&str)| {
            let lines = vec![
                line(text, page, 100.0),
                line("The count was signed by two", page, 112.0),
                line(last, page, 124.0),
            ];
            Region { lines, page, ..Region::default() }
        };
        let mut arranged = Arranged { regions: texts.iter().enumerate().map(region).collect(), ..Arranged::default() };
        let mut out = Vec::new();
        remove(&mut arranged, &mut out);
        let left = arranged.lines().len();
        assert_eq!(out.is_empty(), left == 3 * texts.len());
        3 * texts.len() - left
    }

    #[test]
    fn words_that_part_a_sentence_on_page_after_page_are_a_foot_however_high_they_stand() {
        let parted = ["They counted less, until", "on the last day, for they", "had moved away."];
        let whole = ["Name: Ann.", "Name: Bob.", "Name: Carl."];
        assert_eq!(taken(&parted, "of the men."), 6);
        assert_eq!(taken(&whole, "of the men."), 0, "forms end in the same words");
        assert_eq!(taken(&parted[..2], "of the men."), 0, "two pages prove nothing");
    }
}
