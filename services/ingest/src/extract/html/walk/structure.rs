//! Elements that are more than one block, or a block of a special kind: lists, notes, terms, code
//! and tables.

use lectern_core::content::document::{BlockKind, SpanKind};

use super::{List, Place, Walk};
use crate::extract::assembly::{Draft, whole};
use crate::extract::dom::{Element, Node};
use crate::extract::html::notes::{holds_notes, is_note, is_printed_label, printed_label, take_label};
use crate::extract::html::tables::{Cell, grid, is_layout, rows};
use crate::extract::inline::{Line, Mark, code};
use crate::extract::ordinal::printed;

impl<'a> Walk<'a> {
    pub(super) fn list(&mut self, element: &'a Element, place: &Place) {
        self.flush(place);
        let ordered = &*element.name == "ol";
        let number = |name: &str| element.attribute(name).and_then(|value| value.trim().parse::<i64>().ok());
        let reversed = element.attribute("reversed").is_some();
        let count = i64::try_from(element.elements().filter(|item| &*item.name == "li").count()).unwrap_or(i64::MAX);
        let style = ordered.then(|| element.attribute("type").and_then(|style| style.chars().next()).unwrap_or('1'));
        let first = number("start").unwrap_or(if reversed { count } else { 1 });
        self.lists.push(List { style, next: first, step: if reversed { -1 } else { 1 } });
        let place = Place { notes: place.notes || holds_notes(element), ..place.clone() };
        self.children(element, &place);
        self.flush(&place);
        self.lists.pop();
        self.kind = None;
    }

    pub(super) fn item(&mut self, element: &'a Element, place: &Place) {
        self.flush(place);
        let depth = u8::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let value = element.attribute("value").and_then(|value| value.trim().parse::<i64>().ok());
        let number = self.lists.last_mut().and_then(|list| {
            let number = value.unwrap_or(list.next);
            list.next = number.saturating_add(list.step);
            list.style.map(|style| (number, style))
        });
        if place.notes || is_note(element) {
            self.note(element, place, number.map(|(number, _)| number.to_string()));
            return;
        }
        let ordinal = number.map(|(number, style)| format!("{}.", printed(number, style)));
        self.kind = Some(BlockKind::ListItem { ordinal, depth });
        self.children(element, place);
        self.flush(place);
        self.kind = None;
    }

    /// A note: its first block takes the label and all names within.
    pub(super) fn note(&mut self, element: &'a Element, place: &Place, label: Option<String>) {
        self.flush(place);
        let place = Place { note: true, notes: false, ..place.clone() };
        for part in element.all() {
            self.anchor(part);
        }
        let lists = std::mem::take(&mut self.lists);
        let first = self.assembly.drafts.len();
        self.children(element, &place);
        self.flush(&place);
        self.lists = lists;
        let own = || element.elements().find(|part| is_printed_label(part)).map(printed_label);
        let mut known = label.or_else(own);
        for draft in self.assembly.drafts.iter_mut().skip(first) {
            if draft.kind != BlockKind::Paragraph {
                continue;
            }
            if known.is_none() {
                known = Some(take_label(&mut draft.line).unwrap_or_else(|| "*".to_owned()));
            }
            draft.kind = BlockKind::Footnote { label: known.clone().unwrap_or_default() };
        }
    }

    /// Notes as the terms of a list and what stands under them.
    pub(super) fn note_list(&mut self, element: &'a Element, place: &Place) {
        self.flush(place);
        let mut label = None;
        for part in element.elements() {
            self.anchor(part);
            if &*part.name == "dt" {
                label = Some(printed_label(part));
            } else if let Some(place) = self.enter(part, place) {
                self.note(part, &place, label.take());
            }
        }
    }

    /// A note as a table: its label in the first cell of a row, its text in the others.
    pub(super) fn note_table(&mut self, element: &'a Element, place: &Place) {
        self.flush(place);
        self.anchor(element);
        for (row, _) in rows(element) {
            self.anchor(row);
            let mut label = None;
            for cell in row.elements().filter(|cell| matches!(&*cell.name, "td" | "th")) {
                self.anchor(cell);
                if label.is_none() && is_printed_label(cell) {
                    label = Some(printed_label(cell));
                } else if let Some(place) = self.enter(cell, place) {
                    self.note(cell, &place, label.clone());
                }
            }
        }
    }

    pub(super) fn term(&mut self, element: &'a Element, place: &Place) {
        self.flush(place);
        let before = self.assembly.drafts.len();
        self.children(element, place);
        self.flush(place);
        if let Some(draft) = self.assembly.drafts.get_mut(before..).and_then(<[Draft]>::first_mut) {
            let range = whole(&draft.line);
            draft.line.marks.insert(0, Mark { range, kind: SpanKind::Emphasis, note: None });
        }
    }

    pub(super) fn pre(&mut self, element: &'a Element, place: &Place) {
        if self.cells > 0 {
            self.marked(&element.text(), SpanKind::Code);
            return;
        }
        self.flush(place);
        let inner = element.child("code");
        let class = |part: &Element| {
            let classes = part.attribute("class").unwrap_or_default();
            classes.split_whitespace().find_map(|class| {
                let name =
                    ["language-", "lang-", "highlight-source-", "brush:"].iter().find_map(|p| class.strip_prefix(p));
                name.map(str::to_owned)
            })
        };
        let language = inner.and_then(class).or_else(|| class(element)).or_else(|| {
            // Pandoc writes `sourceCode rust`.
            let classes = element.attribute("class")?;
            classes.strip_prefix("sourceCode ").map(str::to_owned)
        });
        let line = Line { text: code(&lines(element)), marks: Vec::new() };
        self.push(Draft::new(BlockKind::Code { language }, line), place);
    }

    pub(super) fn table(&mut self, element: &'a Element, place: &Place) {
        if self.cells > 0 {
            self.container(element, place);
            return;
        }
        if is_layout(element) {
            self.container(element, place);
            return;
        }
        self.flush(place);
        if let Some(caption) = element.child("caption") {
            self.anchor(caption);
            self.block(caption, place, BlockKind::Caption);
        }
        let lists = std::mem::take(&mut self.lists);
        let kind = self.kind.take();
        let mut cells = Vec::new();
        let mut header_rows = 0;
        self.cells += 1;
        for (index, (row, header)) in rows(element).into_iter().enumerate() {
            self.anchor(row);
            if header && index == header_rows as usize {
                header_rows += 1;
            }
            let mut out = Vec::new();
            for cell in row.elements().filter(|cell| matches!(&*cell.name, "td" | "th")) {
                let span = |name: &str| cell.attribute(name).and_then(|value| value.trim().parse().ok()).unwrap_or(1);
                self.anchor(cell);
                if let Some(place) = self.enter(cell, place) {
                    self.children(cell, &place);
                }
                let line = std::mem::take(&mut self.inline).finish();
                out.push(Cell { line, columns: span("colspan"), rows: span("rowspan") });
            }
            cells.push(out);
        }
        self.cells -= 1;
        self.lists = lists;
        self.kind = kind;
        self.push(Draft::table(grid(cells), header_rows), place);
        self.push_figures(place);
    }
}

/// The text of preformatted code, where `<br>` breaks a line.
fn lines(element: &Element) -> String {
    let mut out = String::new();
    for node in &element.children {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Element(child) if &*child.name == "br" => out.push('\n'),
            Node::Element(child) => out.push_str(&lines(child)),
        }
    }
    out
}
