//! The outline ("bookmarks"): titles and their depth, as the author's program wrote them (12.3.3).

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Object};

use super::file::File;

/// Entries that are read.
const MOST: usize = 5_000;
/// Levels that are read.
const DEEPEST: u8 = 6;

/// Titles by their letters and digits, with their level from 1.
#[derive(Debug, Default)]
pub struct Outline {
    levels: HashMap<String, u8>,
}

impl Outline {
    /// Reads a file's outline; empty where it has none.
    pub fn read(file: &File) -> Self {
        let mut outline = Self::default();
        let root = file.document().catalog().ok().and_then(|catalog| file.get(catalog, b"Outlines"));
        if let Some(root) = root.and_then(|root| file.dict(root)) {
            outline.walk(file, root, 1, &mut HashSet::new());
        }
        outline
    }

    fn walk(&mut self, file: &File, parent: &Dictionary, level: u8, seen: &mut HashSet<lopdf::ObjectId>) {
        let mut next = parent.get(b"First").and_then(Object::as_reference).ok();
        while let Some(id) = next {
            if seen.len() >= MOST || !seen.insert(id) {
                return;
            }
            let Ok(entry) = file.document().get_dictionary(id) else { return };
            if let Some(title) = file.text(entry, b"Title") {
                self.levels.entry(key(&title)).or_insert(level);
            }
            if level < DEEPEST {
                self.walk(file, entry, level + 1, seen);
            }
            next = entry.get(b"Next").and_then(Object::as_reference).ok();
        }
    }

    /// The level of the entry that reads as `text` does, with or without the number before it.
    pub fn level(&self, text: &str) -> Option<u8> {
        let whole = key(text);
        if whole.is_empty() {
            return None;
        }
        self.levels.get(&whole).copied().or_else(|| {
            let (first, rest) = text.split_once(' ')?;
            let bare = if first.eq_ignore_ascii_case("chapter") || first.eq_ignore_ascii_case("appendix") {
                rest.split_once(' ')?.1
            } else if super::super::wording::numbering::depth(text).is_some() {
                rest
            } else {
                return None;
            };
            self.levels.get(&key(bare)).copied()
        })
    }
}

fn key(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
