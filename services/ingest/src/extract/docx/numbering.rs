//! Lists: their definitions and their counters, so that an item's number is the one that is
//! printed.

use std::collections::HashMap;

use super::super::dom::Element;
use super::super::ordinal::printed;

/// Levels of a list (ECMA-376, part 1, clause 17.9.6).
const LEVELS: usize = 9;

#[derive(Debug, Clone)]
struct Level {
    start: i64,
    format: String,
    /// The printed text, with `%1` for the number of the first level.
    text: String,
    /// The level after which the count starts anew; 0 for never.
    restart: Option<usize>,
    style: Option<String>,
}

impl Default for Level {
    fn default() -> Self {
        Self { start: 1, format: "decimal".to_owned(), text: String::new(), restart: None, style: None }
    }
}

#[derive(Debug, Clone, Default)]
struct List {
    abstract_id: String,
    levels: Vec<Level>,
    /// Levels whose start this list overrides.
    restarts: Vec<usize>,
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbering {
    lists: HashMap<String, List>,
    /// Counters by abstract list: lists that share one go on counting.
    counters: HashMap<String, [Option<i64>; LEVELS]>,
    begun: Vec<(String, usize)>,
}

/// How an item is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    Bullet,
    Ordinal(String),
    /// Counted, but nothing is printed.
    Nothing,
}

impl Numbering {
    /// Reads `numbering.xml`.
    pub fn read(root: &Element) -> Self {
        let mut abstracts: HashMap<&str, Vec<Level>> = HashMap::new();
        for element in root.elements().filter(|part| &*part.name == "abstractNum") {
            if let Some(id) = element.local("abstractNumId") {
                abstracts.insert(id, levels(element));
            }
        }
        let mut lists = HashMap::new();
        for element in root.elements().filter(|part| &*part.name == "num") {
            let (Some(id), Some(abstract_id)) = (element.local("numId"), element.value("abstractNumId")) else {
                continue;
            };
            let mut list = List {
                abstract_id: abstract_id.to_owned(),
                levels: abstracts.get(abstract_id).cloned().unwrap_or_default(),
                restarts: Vec::new(),
            };
            for change in element.elements().filter(|part| &*part.name == "lvlOverride") {
                let Some(at) = index(change) else { continue };
                list.levels.resize_with(list.levels.len().max(at + 1), Level::default);
                if let (Some(level), Some(slot)) = (change.child("lvl"), list.levels.get_mut(at)) {
                    *slot = read_level(level);
                }
                if let (Some(start), Some(slot)) =
                    (change.value("startOverride").and_then(|start| start.parse().ok()), list.levels.get_mut(at))
                {
                    slot.start = start;
                    list.restarts.push(at);
                }
            }
            lists.insert(id.to_owned(), list);
        }
        Self { lists, ..Self::default() }
    }

    /// The level of list `id` that is bound to one of these paragraph styles.
    pub fn level_of_style(&self, id: &str, styles: &[&str]) -> Option<usize> {
        let bound = |level: &Level| level.style.as_deref().is_some_and(|style| styles.first() == Some(&style));
        self.lists.get(id)?.levels.iter().position(bound)
    }

    /// Counts an item of list `id` at `level`. None if there is no such list: `0` takes a paragraph
    /// out of its style's list.
    pub fn next(&mut self, id: &str, level: usize) -> Option<Marker> {
        let list = self.lists.get(id)?;
        let level = level.min(LEVELS - 1);
        let own = list.levels.get(level)?.clone();
        let counters = self.counters.entry(list.abstract_id.clone()).or_default();
        let first = !self.begun.contains(&(id.to_owned(), level));
        if first {
            self.begun.push((id.to_owned(), level));
        }
        let restarted = first && list.restarts.contains(&level);
        let number = match counters[level] {
            Some(number) if !restarted => number.saturating_add(1),
            Some(_) | None => own.start,
        };
        counters[level] = Some(number);
        for (deeper, counter) in counters.iter_mut().enumerate().skip(level + 1) {
            // A level starts anew after any higher one, or after the one that it names.
            let restart = list.levels.get(deeper).and_then(|deeper| deeper.restart);
            if restart.is_none_or(|after| after > level) {
                *counter = None;
            }
        }
        if own.format == "bullet" {
            return Some(Marker::Bullet);
        }
        if own.format == "none" || own.text.is_empty() {
            return Some(Marker::Nothing);
        }
        let mut text = own.text.clone();
        for (at, counter) in counters.iter().enumerate().take(level + 1) {
            let definition = list.levels.get(at).cloned().unwrap_or_default();
            let value = counter.unwrap_or(definition.start);
            text = text.replace(&format!("%{}", at + 1), &written(value, &definition.format));
        }
        Some(Marker::Ordinal(text.trim().to_owned()))
    }
}

fn index(element: &Element) -> Option<usize> {
    element.local("ilvl")?.parse().ok().filter(|at| *at < LEVELS)
}

fn levels(element: &Element) -> Vec<Level> {
    let mut levels = Vec::new();
    for part in element.elements().filter(|part| &*part.name == "lvl") {
        let Some(at) = index(part) else { continue };
        levels.resize_with(levels.len().max(at + 1), Level::default);
        if let Some(slot) = levels.get_mut(at) {
            *slot = read_level(part);
        }
    }
    levels
}

fn read_level(element: &Element) -> Level {
    let number = |name: &str| element.value(name).and_then(|value| value.parse::<i64>().ok());
    Level {
        start: number("start").unwrap_or(1),
        format: element.value("numFmt").unwrap_or("decimal").to_owned(),
        text: element.value("lvlText").unwrap_or_default().to_owned(),
        restart: number("lvlRestart").and_then(|level| usize::try_from(level).ok()),
        style: element.value("pStyle").map(str::to_owned),
    }
}

fn written(number: i64, format: &str) -> String {
    match format {
        "lowerLetter" => printed(number, 'a'),
        "upperLetter" => printed(number, 'A'),
        "lowerRoman" => printed(number, 'i'),
        "upperRoman" => printed(number, 'I'),
        "decimalZero" => format!("{number:02}"),
        "ordinal" => format!("{number}."),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    #[test]
    fn numbers_are_those_that_are_printed() {
        let xml = "<numbering><abstractNum abstractNumId='7'>
            <lvl ilvl='0'><start val='1'/><numFmt val='decimal'/><lvlText val='%1.'/></lvl>
            <lvl ilvl='1'><start val='1'/><numFmt val='lowerLetter'/><lvlText val='%1.%2)'/></lvl>
            <lvl ilvl='2'><numFmt val='bullet'/><lvlText val='x'/></lvl></abstractNum>
            <num numId='1'><abstractNumId val='7'/></num>
            <num numId='2'><abstractNumId val='7'/><lvlOverride ilvl='0'><startOverride val='5'/></lvlOverride></num></numbering>";
        let mut numbering = Numbering::read(&parse_xml("numbering", xml).unwrap());
        let found: Vec<String> =
            [("1", 0), ("1", 1), ("1", 1), ("1", 0), ("1", 1), ("1", 2), ("2", 0), ("2", 0), ("9", 0)]
                .into_iter()
                .map(|(id, level)| match numbering.next(id, level) {
                    Some(Marker::Ordinal(text)) => text,
                    Some(Marker::Bullet) => "*".to_owned(),
                    Some(Marker::Nothing) => String::new(),
                    None => "no list".to_owned(),
                })
                .collect();
        assert_eq!(found, ["1.", "1.a)", "1.b)", "2.", "2.a)", "*", "5.", "6.", "no list"]);
    }
}
