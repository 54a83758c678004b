//! Feet that stand above the feet's band: lines that end most pages in the same words at one place, in mid-sentence of what they
//! stand below. What parts a sentence on page after page is no part of the text.

use std::collections::{HashMap, HashSet};

use lectern_core::content::document::Furniture;

use super::furniture::Piece;
use super::lines::Line;
use super::regions::Arranged;
use crate::clean::sentence;

/// Pages that must agree.
const FEWEST: usize = 3;
/// And the share of all pages with text.
const MOST_PAGES: f32 = 0.5;
/// Of the pages that end so, the share on which it parts a sentence: forms end in the same words too, below text that is whole.
const PARTED: f32 = 0.5;

/// A line as other pages may have it: its words and where it stands.
type Key = (String, i32, i32);

fn key(line: &Line) -> Key {
    (line.text(), line.x0.round() as i32, line.y.round() as i32)
}

/// Takes such feet out of `arranged` and adds them to `out`.
pub fn remove(arranged: &mut Arranged, out: &mut Vec<Piece>) {
    let mut pages: Vec<(usize, Vec<&Line>)> = Vec::new();
    for line in arranged.regions.iter().flatten() {
        match pages.last_mut() {
            Some((page, lines)) if *page == line.page => lines.push(line),
            Some(_) | None => pages.push((line.page, vec![line])),
        }
    }
    let mut on: HashMap<Key, usize> = HashMap::new();
    for (_, lines) in &pages {
        for key in lines.iter().map(|line| key(line)).collect::<HashSet<_>>() {
            *on.entry(key).or_default() += 1;
        }
    }
    let enough = |seen: usize| seen >= FEWEST && seen as f32 >= MOST_PAGES * pages.len() as f32;
    let repeated = |line: &&&Line| on.get(&key(line)).is_some_and(|seen| enough(*seen));
    // How many lines of each page are such a foot, and on which pages that have one it parts a sentence.
    let feet: HashMap<usize, usize> =
        pages.iter().map(|(page, lines)| (*page, lines.iter().rev().take_while(repeated).count())).collect();
    let headed: Vec<&(usize, Vec<&Line>)> =
        pages.iter().filter(|(page, lines)| feet[page] > 0 && feet[page] < lines.len()).collect();
    let parts = |(page, lines): &&&(usize, Vec<&Line>)| !sentence::ends(&lines[lines.len() - feet[page] - 1].text());
    let parted = headed.iter().filter(parts).count();
    if !enough(headed.len()) || (parted as f32) < PARTED * headed.len() as f32 {
        return;
    }
    let mut taken: Vec<Piece> = Vec::new();
    for (page, lines) in headed {
        let foot = &lines[lines.len() - feet[page]..];
        let text = foot.iter().map(|line| line.text()).collect::<Vec<_>>().join(" ");
        taken.push(Piece { page: *page, top: false, furniture: Furniture::RunningFoot, text });
    }
    let with: HashSet<usize> = taken.iter().map(|piece| piece.page).collect();
    let feet: HashSet<Key> = taken_keys(arranged, &with, &feet);
    for region in &mut arranged.regions {
        region.retain(|line| !(with.contains(&line.page) && feet.contains(&key(line))));
    }
    out.extend(taken);
    out.sort_by_key(|piece| (piece.page, !piece.top));
}
