//! Where the numbering of lists and headings stands while a text is read.

use std::collections::HashMap;

use super::super::dom::Element;
use super::Part;
use super::lists::{Counters, LEVELS, ListStyles, Marker, OUTLINE};
use super::runs::says_yes;

/// A list's item whose first paragraph has not come yet.
#[derive(Debug, Clone)]
struct Item<'d> {
    style: Option<&'d str>,
    level: usize,
    start: Option<i64>,
    /// The list that a paragraph outside of lists counts in.
    list: Option<&'d str>,
}

/// An item that a text box interrupts.
#[derive(Debug)]
pub(super) struct SetAside<'d>(Option<Item<'d>>, u8);

/// The counters of a document.
#[derive(Debug)]
pub(super) struct Count<'d> {
    styles: &'d ListStyles,
    /// Those of the list being read.
    counters: Counters,
    /// Those of the headings.
    outline: Counters,
    /// Those of lists that have ended, by the id of the list that they began with.
    ended: HashMap<String, Counters>,
    /// The list with which each list began that went on with another.
    began: HashMap<&'d str, &'d str>,
    /// Those of the last list of each style.
    last: HashMap<Option<&'d str>, Counters>,
    item: Option<Item<'d>>,
    depth: u8,
}

impl<'d> Count<'d> {
    pub fn new(styles: &'d ListStyles) -> Self {
        Self {
            styles,
            counters: Counters::default(),
            outline: Counters::default(),
            ended: HashMap::new(),
            began: HashMap::new(),
            last: HashMap::new(),
            item: None,
            depth: 0,
        }
    }

    /// Begins a list, and gives the counters of the one around it to [`Self::leave`].
    pub fn enter(&mut self, list: &'d Element, style: Option<&'d str>, level: usize) -> Counters {
        let outer = self.counters;
        let goes_on = says_yes(list.local("continue-numbering"));
        if level > 0 {
            // An item that only holds the list is there to reach its level.
            let bare = self.item.take().is_some();
            if !goes_on && !bare {
                self.counters.iter_mut().skip(level).for_each(|counter| *counter = None);
            }
            return outer;
        }
        let earlier = list.local("continue-list").map(|id| self.began.get(id).copied().unwrap_or(id));
        self.counters = match earlier {
            Some(first) => self.ended.get(first).copied().unwrap_or_default(),
            None if goes_on => self.last.get(&style).copied().unwrap_or_default(),
            None => Counters::default(),
        };
        if let (Some(own), Some(first)) = (list.local("id"), earlier) {
            self.began.insert(own, first);
        }
        outer
    }

    /// Ends a list.
    pub fn leave(&mut self, list: &'d Element, style: Option<&'d str>, level: usize, outer: Counters) {
        self.drop_item();
        if level > 0 {
            return;
        }
        let id = list.local("continue-list").or_else(|| list.local("id"));
        if let Some(id) = id {
            let first = self.began.get(id).copied().unwrap_or(id);
            self.ended.insert(first.to_owned(), self.counters);
        }
        self.last.insert(style, self.counters);
        self.counters = outer;
    }

    /// Begins an item.
    pub fn item(&mut self, item: &'d Element, style: Option<&'d str>, level: usize) {
        let start = item.local("start-value").and_then(|start| start.parse().ok());
        let style = item.local("style-override").or(style);
        self.item = Some(Item { style, level, start, list: None });
    }

    /// Begins a paragraph that is a list's item without a list around it.
    pub fn numbered(&mut self, element: &'d Element) {
        let level = element.local("level").and_then(|level| level.parse::<usize>().ok()).unwrap_or(1);
        let start = element.local("start-value").and_then(|start| start.parse().ok());
        let (style, list) = (element.local("style-name"), element.local("list-id"));
        self.item = Some(Item { style, level: level.clamp(1, LEVELS) - 1, start, list: list.or(Some("")) });
    }

    pub fn drop_item(&mut self) {
        self.item = None;
    }

    /// Whether the next paragraph is the first of an item.
    pub const fn in_item(&self) -> bool {
        self.item.is_some()
    }

    /// How deep the last item was nested.
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    pub fn set_aside(&mut self) -> SetAside<'d> {
        SetAside(self.item.take(), self.depth)
    }

    pub fn take_up(&mut self, item: SetAside<'d>) {
        (self.item, self.depth) = (item.0, item.1);
    }

    /// Counts a paragraph or heading, and says how it is marked.
    pub fn paragraph(&mut self, element: &Element, part: &'d Part<'d>) -> Option<Marker> {
        let style = element.local("style-name");
        if let Some(item) = self.item.take() {
            self.depth = u8::try_from(item.level).unwrap_or(u8::MAX);
            // A list that names no style has the one of its paragraphs.
            let named = item.style.or_else(|| part.styles.list(style)).unwrap_or_default();
            if !self.styles.has(named) && &*element.name == "h" {
                return Some(self.styles.next(OUTLINE, item.level, &mut self.outline, item.start));
            }
            return Some(match item.list {
                Some(list) => {
                    let counters = self.ended.entry(list.to_owned()).or_default();
                    self.styles.next(named, item.level, counters, item.start)
                }
                None => self.styles.next(named, item.level, &mut self.counters, item.start),
            });
        }
        (&*element.name == "h").then(|| self.heading(element, part.styles.list(style))).flatten()
    }

    /// Headings outside of lists are counted by the outline, unless their style takes them out of
    /// it.
    fn heading(&mut self, element: &Element, list: Option<&str>) -> Option<Marker> {
        let counted = !says_yes(element.local("is-list-header")) && self.styles.has(OUTLINE) && list != Some("");
        if !counted {
            return None;
        }
        let level = element.local("outline-level").and_then(|level| level.parse::<usize>().ok()).unwrap_or(1);
        let level = level.clamp(1, LEVELS) - 1;
        let restart = says_yes(element.local("restart-numbering"));
        let start = element.local("start-value").and_then(|start| start.parse().ok()).filter(|_| restart);
        if restart && start.is_none() {
            self.outline.iter_mut().skip(level).for_each(|counter| *counter = None);
        }
        let style = list.filter(|list| self.styles.has(list)).unwrap_or(OUTLINE);
        Some(self.styles.next(style, level, &mut self.outline, start))
    }
}
