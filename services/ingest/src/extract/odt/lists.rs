//! Lists: their styles and their counters, so that an item's number is the one that is printed (ODF
//! 1.3, part 3, sections 5.3, 16.30 and 19.880).

use std::collections::HashMap;

use super::super::dom::Element;
use super::super::ordinal::printed;

/// Levels of a list style (ODF 1.3, part 3, section 19.879).
pub(super) const LEVELS: usize = 10;

/// The key of the numbering of headings, which no list style can have as its name.
pub(super) const OUTLINE: &str = "\u{0}outline";

/// How the items of one level are marked.
#[derive(Debug, Clone)]
enum Level {
    Bullet,
    Number {
        start: i64,
        /// `1`, `a`, `A`, `i`, `I`, or empty for no number.
        format: String,
        prefix: String,
        suffix: String,
        /// How many levels are printed, the item's own the last.
        shown: usize,
        /// The printed text with `%1%` for the number of the first level, where the file has that.
        pattern: Option<String>,
    },
}

/// How an item is marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    Bullet,
    Ordinal(String),
    /// Counted, but nothing is printed.
    Nothing,
}

/// The list styles of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct ListStyles {
    styles: HashMap<String, Vec<Option<Level>>>,
}

/// How far a list has counted, by level.
pub(super) type Counters = [Option<i64>; LEVELS];

impl ListStyles {
    /// Adds the list styles below `root`, and the numbering of headings if it is there.
    pub fn add(&mut self, root: &Element) {
        for element in root.elements() {
            match (&*element.name, element.local("name")) {
                ("list-style", Some(name)) => {
                    self.styles.insert(name.to_owned(), levels(element));
                }
                ("outline-style", _) => {
                    self.styles.insert(OUTLINE.to_owned(), levels(element));
                }
                _ => {}
            }
        }
    }

    /// Whether there is a list style of this name.
    pub fn has(&self, name: &str) -> bool {
        self.styles.contains_key(name)
    }

    fn level(&self, style: &str, level: usize) -> Option<&Level> {
        self.styles.get(style)?.get(level)?.as_ref()
    }

    /// Counts an item at `level`, from 0, and says how it is marked. `start` is the number that the
    /// item asks for.
    pub fn next(&self, style: &str, level: usize, counters: &mut Counters, start: Option<i64>) -> Marker {
        let level = level.min(LEVELS - 1);
        let own = self.level(style, level);
        let first = |level: Option<&Level>| match level {
            Some(Level::Number { start, .. }) => *start,
            Some(Level::Bullet) | None => 1,
        };
        let number = start.unwrap_or_else(|| counters[level].map_or(first(own), |last| last.saturating_add(1)));
        // A higher level that was skipped is counted as if its item were there.
        for (above, counter) in counters.iter_mut().enumerate().take(level) {
            counter.get_or_insert_with(|| first(self.level(style, above)));
        }
        counters[level] = Some(number);
        for deeper in counters.iter_mut().skip(level + 1) {
            *deeper = None;
        }
        match own {
            Some(Level::Bullet) | None => Marker::Bullet,
            Some(Level::Number { format, prefix, suffix, shown, pattern, .. }) => {
                let at = |index: usize| match self.level(style, index) {
                    Some(Level::Number { format, .. }) => written(counters[index].unwrap_or(1), format),
                    Some(Level::Bullet) | None => String::new(),
                };
                let text = match pattern {
                    _ if format.is_empty() => format!("{prefix}{suffix}"),
                    Some(pattern) => (0..=level)
                        .fold(pattern.clone(), |text, index| text.replace(&format!("%{}%", index + 1), &at(index))),
                    None => {
                        let parts: Vec<String> = ((level + 1).saturating_sub(*shown)..=level)
                            .map(at)
                            .filter(|part| !part.is_empty())
                            .collect();
                        format!("{prefix}{}{suffix}", parts.join("."))
                    }
                };
                match text.trim() {
                    "" => Marker::Nothing,
                    text => Marker::Ordinal(text.to_owned()),
                }
            }
        }
    }
}

fn levels(style: &Element) -> Vec<Option<Level>> {
    let mut levels = Vec::new();
    for element in style.elements() {
        let place = element.local("level").and_then(|level| level.parse::<usize>().ok());
        let Some(place) = place.and_then(|level| level.checked_sub(1)).filter(|level| *level < LEVELS) else {
            continue;
        };
        levels.resize(levels.len().max(place + 1), None);
        if let Some(slot) = levels.get_mut(place) {
            *slot = read(element);
        }
    }
    levels
}

fn read(element: &Element) -> Option<Level> {
    let text = |key: &str| element.local(key).unwrap_or_default().to_owned();
    match &*element.name {
        "list-level-style-bullet" | "list-level-style-image" => Some(Level::Bullet),
        "list-level-style-number" | "outline-level-style" => Some(Level::Number {
            start: element.local("start-value").and_then(|start| start.parse().ok()).unwrap_or(1),
            format: text("num-format"),
            prefix: text("num-prefix"),
            suffix: text("num-suffix"),
            shown: element.local("display-levels").and_then(|shown| shown.parse().ok()).unwrap_or(1).clamp(1, LEVELS),
            pattern: element.local("num-list-format").filter(|pattern| pattern.contains('%')).map(str::to_owned),
        }),
        _ => None,
    }
}

fn written(number: i64, format: &str) -> String {
    match format.chars().next() {
        None => String::new(),
        Some(style) => printed(number, style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    #[test]
    fn numbers_are_those_that_are_printed() {
        let mut styles = ListStyles::default();
        styles.add(
            &parse_xml(
                "styles.xml",
                "<styles><list-style name='L'>
                <list-level-style-number level='1' num-format='1' num-suffix='.'/>
                <list-level-style-number level='2' num-format='a' num-prefix='(' num-suffix=')' start-value='3'/>
                <list-level-style-number level='3' num-format='i' num-suffix='.' display-levels='3'/>
                <list-level-style-bullet level='4' bullet-char='x'/>
                <list-level-style-number level='5' num-format=''/>
                <list-level-style-number level='6' num-format='1' num-list-format='%1%-%6%:'/>
                </list-style></styles>",
            )
            .unwrap(),
        );
        let mut counters = Counters::default();
        let found: Vec<String> = [
            (0, None),
            (1, None),
            (1, None),
            (2, None),
            (0, None),
            (1, None),
            (3, None),
            (4, None),
            (0, Some(9)),
            (5, None),
            (7, None),
        ]
        .into_iter()
        .map(|(level, start)| match styles.next("L", level, &mut counters, start) {
            Marker::Ordinal(text) => text,
            Marker::Bullet => "*".to_owned(),
            Marker::Nothing => String::new(),
        })
        .collect();
        assert_eq!(found, ["1.", "(c)", "(d)", "1.d.i.", "2.", "(c)", "*", "", "9.", "9-1:", "*"]);
    }

    #[test]
    fn a_level_that_was_skipped_counts_as_one_item() {
        let mut styles = ListStyles::default();
        let xml = "<styles><outline-style><outline-level-style level='1' num-format='1'/>
            <outline-level-style level='2' num-format='1' display-levels='2'/></outline-style></styles>";
        styles.add(&parse_xml("styles.xml", xml).unwrap());
        let mut counters = Counters::default();
        assert_eq!(styles.next(OUTLINE, 1, &mut counters, None), Marker::Ordinal("1.1".to_owned()));
        assert_eq!(styles.next(OUTLINE, 0, &mut counters, None), Marker::Ordinal("2".to_owned()));
        assert!(!styles.has("L"));
    }
}
