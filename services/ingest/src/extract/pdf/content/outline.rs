//! The outline ("bookmarks"): titles, their depth and the pages they lead to, as the author's
//! program wrote them (12.3.3).

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Object, ObjectId};

use super::super::wording::numbering;
use super::file::File;

/// Entries that are read.
const MOST: usize = 5_000;
/// Levels that are read.
const DEEPEST: u8 = 6;
/// Named destinations that are read.
const MOST_NAMES: usize = 50_000;
/// Nodes within nodes of the tree of names, and names of names.
const DEEPEST_NAME: usize = 16;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its title's letters and digits.
    key: String,
    /// The same without the number before it.
    bare: Option<String>,
    /// From 1.
    pub level: u8,
    /// The page it leads to, from 0.
    pub page: Option<usize>,
}

/// The entries, in order.
#[derive(Debug, Default)]
pub struct Outline {
    entries: Vec<Entry>,
    levels: HashMap<String, u8>,
}

impl Outline {
    /// Reads a file's outline, whose `pages` are these; empty where it has none.
    pub fn read(file: &File, pages: &[ObjectId]) -> Self {
        let mut outline = Self::default();
        let root = file.document().catalog().ok().and_then(|catalog| file.get(catalog, b"Outlines"));
        if let Some(root) = root.and_then(|root| file.dict(root)) {
            outline.walk(&Places::read(file, pages), root, 1, &mut HashSet::new());
        }
        outline
    }

    fn walk(&mut self, places: &Places<'_>, parent: &Dictionary, level: u8, seen: &mut HashSet<ObjectId>) {
        let file = places.file;
        let mut next = parent.get(b"First").and_then(Object::as_reference).ok();
        while let Some(id) = next {
            if seen.len() >= MOST || !seen.insert(id) {
                return;
            }
            let Ok(entry) = file.document().get_dictionary(id) else { return };
            if let Some(title) = file.text(entry, b"Title") {
                self.add(&title, level, places.of_entry(entry));
            }
            if level < DEEPEST {
                self.walk(places, entry, level + 1, seen);
            }
            next = entry.get(b"Next").and_then(Object::as_reference).ok();
        }
    }

    /// Adds an entry.
    pub fn add(&mut self, title: &str, level: u8, page: Option<usize>) {
        let (whole, bare) = (key(title), bare(title));
        if whole.is_empty() {
            return;
        }
        self.levels.entry(whole.clone()).or_insert(level);
        self.entries.push(Entry { key: whole, bare, level, page });
    }

    /// The level of the entry that reads as `text` does, with or without the number before it.
    pub fn level(&self, text: &str) -> Option<u8> {
        let found = |key: &String| self.levels.get(key).copied();
        found(&key(text)).or_else(|| bare(text).as_ref().and_then(found))
    }

    /// The entries that lead to a page that is known, in order, each with its page.
    pub fn placed(&self) -> impl Iterator<Item = (usize, &Entry)> {
        self.entries.iter().filter_map(|entry| Some((entry.page?, entry)))
    }
}

impl Entry {
    /// Whether `text` is this entry's title; either may have a number before it that the other has
    /// not.
    pub fn names(&self, text: &str) -> bool {
        let whole = key(text);
        if whole.is_empty() {
            return false;
        }
        let shorter = bare(text);
        whole == self.key || self.bare.as_ref() == Some(&whole) || shorter.is_some_and(|bare| bare == self.key)
    }

    /// Whether `text` is this entry's title with the same number, or as little without one.
    pub fn names_exactly(&self, text: &str) -> bool {
        key(text) == self.key
    }

    /// Whether its title may go on behind `text`.
    pub fn begins_with(&self, text: &str) -> bool {
        let whole = key(text);
        let starts = |title: &str, text: &str| !text.is_empty() && title.len() > text.len() && title.starts_with(text);
        starts(&self.key, &whole)
            || self.bare.as_ref().is_some_and(|title| starts(title, &whole))
            || bare(text).is_some_and(|text| starts(&self.key, &text))
            || numbering::alone(text)
    }
}

/// Where destinations lead.
struct Places<'a> {
    file: &'a File,
    pages: HashMap<ObjectId, usize>,
    names: HashMap<Vec<u8>, &'a Object>,
}

impl<'a> Places<'a> {
    fn read(file: &'a File, pages: &[ObjectId]) -> Self {
        let pages = pages.iter().enumerate().map(|(number, id)| (*id, number)).collect();
        let mut places = Self { file, pages, names: HashMap::new() };
        let Ok(catalog) = file.document().catalog() else { return places };
        if let Some(old) = file.get(catalog, b"Dests").and_then(|object| file.dict(object)) {
            places.names.extend(old.iter().take(MOST_NAMES).map(|(name, object)| (name.clone(), object)));
        }
        let tree = file.get(catalog, b"Names").and_then(|object| file.dict(object));
        if let Some(tree) = tree.and_then(|tree| file.get(tree, b"Dests")).and_then(|object| file.dict(object)) {
            places.tree(tree, 0, &mut HashSet::new());
        }
        places
    }

    fn tree(&mut self, node: &'a Dictionary, depth: usize, seen: &mut HashSet<ObjectId>) {
        let list = |key: &[u8]| self.file.get(node, key).and_then(|object| object.as_array().ok());
        for pair in list(b"Names").into_iter().flat_map(|names| names.chunks_exact(2)) {
            if let Ok(name) = self.file.resolve(&pair[0]).as_str()
                && self.names.len() < MOST_NAMES
            {
                self.names.insert(name.to_vec(), &pair[1]);
            }
        }
        if depth < DEEPEST_NAME {
            for kid in self.file.get(node, b"Kids").and_then(|object| object.as_array().ok()).into_iter().flatten() {
                // A node that is its own kid, a thousand times over, would be looked at a thousand
                // times at each depth.
                let again = kid.as_reference().is_ok_and(|id| !seen.insert(id));
                if let Some(kid) = self.file.dict(kid).filter(|_| !again && self.names.len() < MOST_NAMES) {
                    self.tree(kid, depth + 1, seen);
                }
            }
        }
    }

    fn of_entry(&self, entry: &'a Dictionary) -> Option<usize> {
        let file = self.file;
        let destination = file.get(entry, b"Dest").or_else(|| {
            let action = file.dict(file.get(entry, b"A")?)?;
            let leads = file.get(action, b"S")?.as_name().is_ok_and(|kind| kind == b"GoTo");
            leads.then(|| file.get(action, b"D")).flatten()
        })?;
        self.page(destination, 0)
    }

    fn page(&self, destination: &Object, depth: usize) -> Option<usize> {
        let destination = self.file.resolve(destination);
        if let Ok(array) = destination.as_array() {
            return self.pages.get(&array.first()?.as_reference().ok()?).copied();
        }
        if depth > DEEPEST_NAME {
            return None;
        }
        if let Some(dict) = self.file.dict(destination) {
            return self.page(dict.get(b"D").ok()?, depth + 1);
        }
        let name = destination.as_str().or_else(|_| destination.as_name()).ok()?;
        self.page(self.names.get(name)?, depth + 1)
    }
}

fn key(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The key of a title without the number before it; none where it has no number.
fn bare(text: &str) -> Option<String> {
    let skip = numbering::words(text)?;
    let rest = text.split_whitespace().skip(skip).collect::<String>();
    Some(key(&rest)).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_the_same_with_and_without_their_numbers() {
        let mut outline = Outline::default();
        for (title, level) in [("5.3 Flowables", 2), ("Chapter 2. Using It", 1), ("The End", 1)] {
            outline.add(title, level, Some(4));
        }
        for (text, wanted) in [
            ("5.3 Flowables", Some(2)),
            ("Chapter 2. Using It", Some(1)),
            ("7 The End", Some(1)),
            ("THE END", Some(1)),
            ("The Ending", None),
        ] {
            let placed = outline.placed().find(|(_, entry)| entry.names(text)).map(|(_, entry)| entry.level);
            assert_eq!(placed, wanted, "{text}");
        }
        assert!(outline.placed().any(|(_, entry)| entry.names("Flowables")));
        assert!(outline.placed().any(|(_, entry)| entry.begins_with("Chapter 2.")));
    }
}
