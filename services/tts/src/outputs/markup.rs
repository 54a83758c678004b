//! The blocks of a page as HTML that is XML as well: the same for `listen.html` and the EPUB, which
//! differ in how a sentence is named.
//!
//! The text stands as in the document. What is not heard is there too, marked and with its reason;
//! words that are not the document's own are marked as such.

mod table;
mod text;

use std::fmt::Write as _;

use lectern_core::content::document::{Block, BlockKind};
use lectern_core::content::script::Role;

use self::text::Text;
use super::escape::{escaped, push};
use super::reasons;
use crate::timeline::book::{Aloud, Book, Item, Page, Part, PieceRef};
use crate::timeline::written::shown;

/// A list is nested as deep as this at most.
const DEEPEST: u8 = 3;
/// A label with more characters stands in the line.
const LONGEST_LABEL: usize = 3;

/// What the elements of a page are called.
pub(super) trait Names {
    /// The attributes of a sentence's element, with a space before each.
    fn piece(&mut self, piece: PieceRef) -> String;

    /// The attributes of a block's element.
    fn block(&mut self, part: &Part<'_>) -> String;

    /// The attributes of the element where a page of the source begins.
    fn source_page(&mut self, page: u32) -> String;

    /// The attributes that say a language.
    fn language(&mut self, language: &str) -> String;
}

/// Writes pages.
pub(super) struct Markup<'a, N> {
    book: &'a Book<'a>,
    names: N,
    // The page of the source that was begun last.
    source_page: u32,
}

impl<'a, N: Names> Markup<'a, N> {
    pub(super) const fn new(book: &'a Book<'a>, names: N) -> Self {
        Self { book, names, source_page: 0 }
    }

    /// What names elements.
    pub(super) const fn names_mut(&mut self) -> &mut N {
        &mut self.names
    }

    /// The same, when all pages are written.
    pub(super) fn into_names(self) -> N {
        self.names
    }

    /// What stands on a page.
    pub(super) fn page(&mut self, page: &Page<'_>) -> String {
        let (mut out, mut in_list) = (String::new(), false);
        for item in &page.items {
            let is_item = matches!(item, Item::Part(part) if matches!(part.block.kind, BlockKind::ListItem { .. }));
            if is_item != in_list {
                out.push_str(if is_item { "<ul class=\"list\">\n" } else { "</ul>\n" });
                in_list = is_item;
            }
            match item {
                Item::Part(part) => self.part(&mut out, part),
                Item::Aloud(aloud) => self.aloud(&mut out, aloud),
            }
        }
        if in_list {
            out.push_str("</ul>\n");
        }
        out
    }

    fn part(&mut self, out: &mut String, part: &Part<'_>) {
        let block = part.block;
        let mark = self.source_page_mark(part);
        let (class, why) = match part.left_out() {
            Some(reason) => ("left-out", format!("Not read: {}", reasons::words(reason))),
            None => ("", String::new()),
        };
        let language = match block.language.as_deref() {
            Some(language) => self.names.language(language),
            None => String::new(),
        };
        let attributes = format!("{}{language}", self.names.block(part));
        let inline_why = if why.is_empty() { String::new() } else { format!("<span class=\"why\">{why}</span> ") };
        let text = Text::of(part);
        match &block.kind {
            BlockKind::Table { rows, header_rows } => {
                let above = if why.is_empty() { String::new() } else { format!("<p class=\"why\">{why}</p>\n") };
                let open = classed("div", &["scroll", class], &attributes);
                let _ = writeln!(out, "{above}{open}{mark}<table>");
                table::rows(block, part.range, rows, *header_rows, out, |out, range| self.inline(out, &text, range));
                out.push_str("</table></div>\n");
            }
            BlockKind::Code { .. } => {
                let above = if why.is_empty() { String::new() } else { format!("<p class=\"why\">{why}</p>\n") };
                let _ = write!(out, "{above}{}{mark}<code>", classed("pre", &[class], &attributes));
                self.inline(out, &text, part.range);
                out.push_str("</code></pre>\n");
            }
            BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Footnote { .. }
            | BlockKind::Formula { .. }
            | BlockKind::Figure
            | BlockKind::Furniture { .. } => {
                let (open, close) = around(block, class, &attributes, part.is_first());
                let _ = write!(out, "{open}{mark}{inline_why}");
                self.inline(out, &text, part.range);
                out.push_str(close);
                out.push('\n');
            }
        }
    }

    /// Where a page of the source begins that no block before stood on.
    fn source_page_mark(&mut self, part: &Part<'_>) -> String {
        match part.block.page {
            Some(page) if page > self.source_page && part.is_first() => {
                self.source_page = page;
                format!("<span class=\"pagebreak\"{}></span>", self.names.source_page(page))
            }
            Some(_) | None => String::new(),
        }
    }

    /// A range of a part: its sentences, and inside them what is set otherwise or skipped.
    fn inline(&mut self, out: &mut String, text: &Text<'_>, range: lectern_core::content::Range) {
        let mut open: Option<PieceRef> = None;
        for run in text.runs(range) {
            if run.piece != open {
                if open.is_some() {
                    out.push_str("</span>");
                }
                if let Some(piece) = run.piece {
                    let _ = write!(out, "<span class=\"s\"{}>", self.names.piece(piece));
                }
                open = run.piece;
            }
            text.run(out, &run);
        }
        if open.is_some() {
            out.push_str("</span>");
        }
    }

    /// A paragraph of words that are not the document's own.
    fn aloud(&mut self, out: &mut String, aloud: &Aloud) {
        let book = self.book;
        let sentences = aloud.sentences.iter().filter_map(|at| Some((*at, book.sentences.get(*at)?)));
        for (number, (at, sentence)) in sentences.enumerate() {
            if number == 0 {
                let ours = sentence.utterance.role == Role::Announcement;
                out.push_str(if ours { "<p class=\"aloud\">" } else { "<p class=\"aloud said\">" });
                if let Some(name) = &sentence.speaker {
                    let _ = write!(out, "<span class=\"who\">{}</span>", escaped(name));
                }
            } else {
                out.push(' ');
            }
            let names = self.names.piece(PieceRef { sentence: at, piece: 0 });
            let _ = write!(out, "<span class=\"s\"{names}>");
            push(out, shown(sentence.utterance));
            out.push_str("</span>");
        }
        if !aloud.sentences.is_empty() {
            out.push_str("</p>\n");
        }
    }
}

/// An element's beginning with those of the classes that are not empty.
fn classed(element: &str, classes: &[&str], attributes: &str) -> String {
    let classes: Vec<&str> = classes.iter().copied().filter(|class| !class.is_empty()).collect();
    if classes.is_empty() {
        return format!("<{element}{attributes}>");
    }
    format!("<{element} class=\"{}\"{attributes}>", classes.join(" "))
}

/// What stands around the text of a block that is one stretch of text.
fn around(block: &Block, class: &str, attributes: &str, is_first: bool) -> (String, &'static str) {
    let label = |label: &str| {
        let class = if label.chars().count() > LONGEST_LABEL { "label long" } else { "label" };
        if is_first { format!("<span class=\"{class}\">{}</span>", escaped(label)) } else { String::new() }
    };
    match &block.kind {
        BlockKind::Heading { level } => match level {
            0 | 1 => (classed("h1", &[class], attributes), "</h1>"),
            2 => (classed("h2", &[class], attributes), "</h2>"),
            3 => (classed("h3", &[class], attributes), "</h3>"),
            4 => (classed("h4", &[class], attributes), "</h4>"),
            5 => (classed("h5", &[class], attributes), "</h5>"),
            _ => (classed("h6", &[class], attributes), "</h6>"),
        },
        BlockKind::ListItem { ordinal, depth } => {
            let deep = format!("d{}", (*depth).min(DEEPEST));
            let label = label(ordinal.as_deref().unwrap_or("•"));
            (format!("{}{label}", classed("li", &[&deep, class], attributes)), "</li>")
        }
        BlockKind::Quote => (format!("{}<p>", classed("blockquote", &[class], attributes)), "</p></blockquote>"),
        BlockKind::Footnote { label: mark } => {
            (format!("{}<p>{}", classed("div", &["note", class], attributes), label(mark)), "</p></div>")
        }
        BlockKind::Caption => (classed("p", &["caption", class], attributes), "</p>"),
        BlockKind::Formula { .. } => (classed("p", &["formula", class], attributes), "</p>"),
        BlockKind::Figure => (classed("p", &["figure", class], attributes), "</p>"),
        BlockKind::Furniture { .. } => (classed("p", &["furniture", class], attributes), "</p>"),
        BlockKind::Paragraph | BlockKind::Table { .. } | BlockKind::Code { .. } => {
            (classed("p", &[class], attributes), "</p>")
        }
    }
}

#[cfg(test)]
mod tests;
