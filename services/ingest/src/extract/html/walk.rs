//! The walk over a page: inline content gathers in one line, and each block-level element ends the
//! block before it.

mod breaks;
mod phrase;
mod structure;

use lectern_core::content::document::{BlockKind, Furniture, Matter, SpanKind};
use lectern_core::content::words;

use super::contents::Contents;
use super::notes::{holds_notes, is_beside_note, is_note, is_note_list, is_note_table, is_notes_rubric, typed};
use super::regions::{Regions, is_navigation};
use super::{Links, Mode};
use crate::extract::assembly::{Assembly, Draft, whole};
use crate::extract::dom::{Element, Node};
use crate::extract::html::math::undelimited;
use crate::extract::inline::{Inline, Line};

/// Where in the page the walk is; copied for each element that changes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    quote: bool,
    /// Within an element whose list items are notes.
    notes: bool,
    note: bool,
    raised: bool,
    sectioned: bool,
    /// Outside of the page's main element.
    outside: bool,
    matter: Matter,
    furniture: Option<Furniture>,
    language: Option<String>,
    /// Whether the source says that its lines are lines: verse, addresses.
    verse: bool,
    /// Whether its lines look so: dialogue without paragraphs and the like.
    lines: bool,
}

impl Place {
    /// The outermost place of a page that belongs to `matter`.
    pub fn within(matter: Matter) -> Self {
        Self { matter, ..Self::default() }
    }
}

/// An open list.
#[derive(Debug)]
struct List {
    style: Option<char>,
    next: i64,
    step: i64,
}

/// The walk.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub assembly: &'a mut Assembly,
    mode: Mode,
    links: &'a Links,
    regions: Regions<'a>,
    contents: Contents,
    inline: Inline,
    /// Grows when a block ends, so that an inline element knows whether its start is still there.
    ended: usize,
    kind: Option<BlockKind>,
    lists: Vec<List>,
    figures: Vec<Draft>,
    anchors: Vec<String>,
    /// Open table cells: block elements in them only divide words.
    cells: usize,
    hidden: u32,
}

impl<'a> Walk<'a> {
    pub fn new(
        assembly: &'a mut Assembly,
        mode: Mode,
        links: &'a Links,
        regions: Regions<'a>,
        contents: Contents,
    ) -> Self {
        Self {
            assembly,
            mode,
            links,
            regions,
            contents,
            inline: Inline::default(),
            ended: 0,
            kind: None,
            lists: Vec::new(),
            figures: Vec::new(),
            anchors: Vec::new(),
            cells: 0,
            hidden: 0,
        }
    }

    /// Reads all of `body` and ends the last block.
    pub fn run(mut self, body: &'a Element, mut place: Place) {
        place.outside = self.regions.main.is_some();
        self.anchor(body);
        self.element(body, &place);
        self.flush(&place);
        if let (false, Some(last)) = (self.anchors.is_empty(), self.assembly.drafts.last_mut()) {
            last.anchors.append(&mut self.anchors);
        }
        if self.hidden > 0 {
            let message = format!("{} words that the page keeps from readers of a screen were left out", self.hidden);
            self.assembly.warn("HIDDEN_TEXT_LEFT_OUT", message);
        }
    }

    fn children(&mut self, element: &'a Element, place: &Place) {
        for (at, node) in element.children.iter().enumerate() {
            match node {
                Node::Text(text) => self.inline.text(text),
                Node::Element(child) if &*child.name == "br" => {
                    let rest = element.children.get(at + 1..).unwrap_or_default();
                    self.line_break(rest, place);
                }
                Node::Element(child) => {
                    self.anchor(child);
                    if let Some(place) = self.enter(child, place) {
                        self.element(child, &place);
                    }
                }
            }
        }
    }

    fn anchor(&mut self, element: &Element) {
        let name = element.attribute("name").filter(|_| &*element.name == "a");
        for id in element.attribute("id").into_iter().chain(name) {
            self.anchors.push(self.links.anchor(id));
        }
    }

    /// The place within `element`, or none if it is not read.
    fn enter(&mut self, element: &'a Element, place: &Place) -> Option<Place> {
        let style = element.attribute("style").unwrap_or_default().replace(' ', "").to_ascii_lowercase();
        if element.attribute("hidden").is_some()
            || style.contains("display:none")
            || style.contains("visibility:hidden")
        {
            self.leave_out(Furniture::Hidden, element);
            return None;
        }
        if element.attribute("aria-hidden") == Some("true") {
            // Kept from readers of a screen: icons, and what is said again beside it.
            self.hidden += words(&element.shown_text());
            return None;
        }
        if matches!(&*element.name, "del" | "s" | "strike") || style.contains("line-through") {
            self.leave_out(Furniture::Deleted, element);
            return None;
        }
        if place.note && is_beside_note(element) {
            // The note has it as its label, or it leads back.
            return None;
        }
        let mut place = place.clone();
        if let Some(language) = element.attribute("lang").or_else(|| element.attribute("xml:lang")) {
            place.language = Some(language.to_owned());
        }
        if self.regions.main.is_some_and(|main| std::ptr::eq(main, element)) {
            place.outside = false;
            place.sectioned = true;
        }
        if place.furniture.is_none() {
            place.furniture = self.furniture(element, &place);
        }
        if matches!(&*element.name, "article" | "section" | "main") {
            place.sectioned = true;
        }
        if let Some(matter) = super::matter(element) {
            place.matter = matter;
        }
        if place.furniture.is_none() && !place.note && self.contents.are(element, !self.lists.is_empty()) {
            place.furniture = Some(Furniture::ContentsEntry);
            place.matter = Matter::Front;
        }
        place.verse |= breaks::is_verse(element);
        place.lines = breaks::keeps_lines(element, place.lines);
        Some(place)
    }

    /// What the page does not show, as a block behind the one it stands in.
    fn leave_out(&mut self, furniture: Furniture, element: &Element) {
        let line = Line::plain(&element.shown_text());
        if line.text.chars().any(char::is_alphanumeric) {
            self.figures.push(Draft::new(BlockKind::Furniture { furniture }, line));
        }
    }

    fn furniture(&self, element: &Element, place: &Place) -> Option<Furniture> {
        if &*element.name == "nav" && typed(element, &["toc", "doc-toc", "landmarks", "page-list"], &["toc"])
            || typed(element, &["doc-toc"], &[])
        {
            return Some(Furniture::ContentsEntry);
        }
        if typed(element, &["pagebreak", "doc-pagebreak"], &[]) {
            return Some(Furniture::PageNumber);
        }
        if self.mode != Mode::Page {
            return None;
        }
        if self.regions.are_comments(element) {
            return Some(Furniture::Comment);
        }
        is_navigation(element, place.sectioned).then_some(Furniture::Navigation)
    }

    fn element(&mut self, element: &'a Element, place: &Place) {
        if place.furniture == Some(Furniture::PageNumber) {
            // Stands in the middle of a sentence, and must not be read into it.
            let furniture = BlockKind::Furniture { furniture: Furniture::PageNumber };
            self.figures.push(Draft::new(furniture, Line::plain(&element.text())));
            return;
        }
        match &*element.name {
            "script" if element.attribute("type").is_some_and(|kind| kind.starts_with("math/tex")) => {
                self.marked(&undelimited(&element.text()), SpanKind::Formula { latex: true });
            }
            "noscript" => self.hidden += words(&element.text()),
            "script" | "style" | "template" | "head" | "iframe" | "canvas" | "audio" | "video" | "button"
            | "select" | "textarea" | "input" | "rt" | "rp" | "map" => {}
            "wbr" => {}
            "hr" => self.flush(place),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = element.name.bytes().nth(1).map_or(6, |digit| digit - b'0');
                self.block(element, place, BlockKind::Heading { level });
            }
            "p" if is_note(element) => self.note(element, place, None),
            "p" if is_notes_rubric(element) => self.block(element, place, BlockKind::Heading { level: 6 }),
            "dl" if self.cells == 0 && is_note_list(element) => self.note_list(element, place),
            "table" if self.cells == 0 && is_note_table(element) => self.note_table(element, place),
            "ul" | "ol" | "menu" | "dir" => self.list(element, place),
            "li" => self.item(element, place),
            "dt" => self.term(element, place),
            "blockquote" => self.container(element, &Place { quote: true, ..place.clone() }),
            "pre" => self.pre(element, place),
            "table" => self.table(element, place),
            "figcaption" | "caption" => self.block(element, place, BlockKind::Caption),
            "img" | "image" => self.picture(element),
            "svg" => self.drawing(element),
            "math" => self.math(element, place),
            "a" => self.link(element, place),
            "q" => {
                let start = (self.inline.here(), self.ended);
                self.inline.text("“");
                self.children(element, place);
                self.inline.text("”");
                self.mark(start, SpanKind::Quote);
            }
            "sup" | "sub" => self.raised(element, place),
            "p" | "div" | "section" | "article" | "main" | "aside" | "header" | "footer" | "nav" | "body" | "html"
            | "dd" | "dl" | "address" | "center" | "details" | "summary" | "fieldset" | "form" | "hgroup"
            | "legend" | "tr" | "td" | "th" | "tbody" | "thead" | "tfoot" | "dialog" | "search" | "option"
            | "optgroup" | "noframes" | "title" | "figure" => {
                self.division(element, place);
            }
            _ => self.phrase(element, place),
        }
    }

    fn division(&mut self, element: &'a Element, place: &Place) {
        if is_note(element) {
            self.note(element, place, None);
        } else if element.attribute("role") == Some("heading") {
            let level = element.attribute("aria-level").and_then(|level| level.parse().ok()).unwrap_or(2_u8);
            self.block(element, place, BlockKind::Heading { level: level.clamp(1, 6) });
        } else if holds_notes(element) {
            self.container(element, &Place { notes: true, ..place.clone() });
        } else {
            self.container(element, place);
        }
    }

    /// An element that ends the block before it and its own last one.
    fn container(&mut self, element: &'a Element, place: &Place) {
        // An item's first text takes the item's kind, even when it stands in a paragraph of its
        // own.
        self.flush(place);
        self.children(element, place);
        self.flush(place);
    }

    fn block(&mut self, element: &'a Element, place: &Place, kind: BlockKind) {
        self.flush(place);
        self.kind = Some(kind);
        self.children(element, place);
        self.flush(place);
        self.kind = None;
    }

    /// Ends the block whose text is being gathered.
    fn flush(&mut self, place: &Place) {
        if self.cells > 0 {
            self.inline.text(" ");
            return;
        }
        let line = std::mem::take(&mut self.inline).finish();
        self.ended += 1;
        if line.text.is_empty() {
            self.push_figures(place);
            return;
        }
        let kind = match self.kind.take() {
            Some(kind) => kind,
            None => self.plain_kind(&line, place),
        };
        let mut line = line;
        if matches!(kind, BlockKind::Formula { .. }) {
            line.marks.clear();
        }
        self.push(Draft::new(kind, line), place);
        self.push_figures(place);
    }

    fn plain_kind(&self, line: &Line, place: &Place) -> BlockKind {
        let formula = line.marks.iter().find_map(|mark| match mark.kind {
            SpanKind::Formula { latex } if mark.range == whole(line) => Some(latex),
            SpanKind::Formula { .. }
            | SpanKind::Emphasis
            | SpanKind::Code
            | SpanKind::Link { .. }
            | SpanKind::NoteReference { .. }
            | SpanKind::Citation
            | SpanKind::Superscript
            | SpanKind::Subscript
            | SpanKind::Quote => None,
        });
        match formula {
            Some(latex) => BlockKind::Formula { latex },
            None if place.quote && !place.note => BlockKind::Quote,
            None => BlockKind::Paragraph,
        }
    }

    fn push_figures(&mut self, place: &Place) {
        for figure in std::mem::take(&mut self.figures) {
            self.push(figure, place);
        }
    }

    fn push(&mut self, mut draft: Draft, place: &Place) {
        let title = matches!(draft.kind, BlockKind::Heading { level: 1 });
        let mut furniture = place.furniture;
        if furniture.is_none()
            && place.outside
            && !(title && self.regions.heading_outside)
            && self.regions.leaves_out(&draft)
        {
            furniture = Some(Furniture::Navigation);
        }
        match furniture {
            Some(_) if draft.kind == BlockKind::Figure => return,
            Some(_) if matches!(draft.kind, BlockKind::Furniture { .. }) => {}
            Some(furniture) => {
                if matches!(draft.kind, BlockKind::Code { .. } | BlockKind::Table { .. }) {
                    draft.line = Line::plain(&draft.line.text);
                }
                draft.kind = BlockKind::Furniture { furniture };
                draft.confidence = 0.9;
            }
            None => {}
        }
        draft.language.clone_from(&place.language);
        draft.matter = place.matter;
        draft.anchors.append(&mut self.anchors);
        self.assembly.push(draft);
    }
}
