//! The walk over a page: inline content gathers in one line, and each block-level element ends the block before it.

use lectern_core::content::document::{BlockKind, Furniture, Matter, SpanKind};
use lectern_core::content::words;

use super::super::assembly::{Assembly, Draft, is_note_mark, whole};
use super::super::dom::{Element, Node};
use super::super::inline::{Inline, Line, Mark, code};
use super::super::markdown::html_span;
use super::math::{formula, undelimited};
use super::notes::{Role, holds_notes, is_note, role, take_label, typed};
use super::regions::{Regions, is_navigation};
use super::tables::{Cell, grid, is_layout, rows};
use super::{Links, Mode};

/// Where in the page the walk is; copied for each element that changes it.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    quote: bool,
    /// Within an element whose list items are notes.
    notes: bool,
    note: bool,
    figure: bool,
    raised: bool,
    sectioned: bool,
    /// Outside of the page's main element.
    outside: bool,
    matter: Matter,
    furniture: Option<Furniture>,
    language: Option<String>,
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
    inline: Inline,
    /// Grows when a block ends, so that an inline element knows whether its start is still there.
    ended: usize,
    kind: Option<BlockKind>,
    lists: Vec<List>,
    figures: Vec<Draft>,
    anchors: Vec<String>,
    /// The label of the open note, where it is known before its text.
    label: Option<String>,
    /// Open table cells: block elements in them only divide words.
    cells: usize,
    hidden: u32,
}

impl<'a> Walk<'a> {
    pub fn new(assembly: &'a mut Assembly, mode: Mode, links: &'a Links, regions: Regions<'a>) -> Self {
        Self {
            assembly,
            mode,
            links,
            regions,
            inline: Inline::default(),
            ended: 0,
            kind: None,
            lists: Vec::new(),
            figures: Vec::new(),
            anchors: Vec::new(),
            label: None,
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
            let message = format!("{} words that the page hides were left out", self.hidden);
            self.assembly.warn("HIDDEN_TEXT_LEFT_OUT", message);
        }
    }

    fn children(&mut self, element: &'a Element, place: &Place) {
        for node in &element.children {
            match node {
                Node::Text(text) => self.inline.text(text),
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
        if element.attribute("hidden").is_some() || style.contains("display:none") || style.contains("visibility:hidden") {
            self.hidden += words(&element.text());
            return None;
        }
        if element.attribute("aria-hidden") == Some("true") {
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
        Some(place)
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
        (self.mode == Mode::Page && is_navigation(element, place.sectioned)).then_some(Furniture::Navigation)
    }

    fn element(&mut self, element: &'a Element, place: &Place) {
        match &*element.name {
            "script" if element.attribute("type").is_some_and(|kind| kind.starts_with("math/tex")) => {
                self.marked(&undelimited(&element.text()), SpanKind::Formula { latex: true });
            }
            "script" | "style" | "template" | "noscript" | "head" | "iframe" | "canvas" | "audio" | "video" | "button"
            | "select" | "textarea" | "input" | "rt" | "rp" | "map" => {}
            "br" => self.inline.text(" "),
            "wbr" => {}
            "hr" => self.flush(place),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = element.name.bytes().nth(1).map_or(6, |digit| digit - b'0');
                self.block(element, place, BlockKind::Heading { level });
            }
            "p" if is_note(element) => self.note(element, place, None),
            "ul" | "ol" | "menu" | "dir" => self.list(element, place),
            "li" => self.item(element, place),
            "dt" => self.term(element, place),
            "blockquote" => self.container(element, &Place { quote: true, ..place.clone() }),
            "pre" => self.pre(element, place),
            "table" => self.table(element, place),
            "figure" => self.container(element, &Place { figure: true, ..place.clone() }),
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
            "p" | "div" | "section" | "article" | "main" | "aside" | "header" | "footer" | "nav" | "body" | "html" | "dd" | "dl"
            | "address" | "center" | "details" | "summary" | "fieldset" | "form" | "hgroup" | "legend" | "tr" | "td" | "th"
            | "tbody" | "thead" | "tfoot" | "dialog" | "search" | "option" | "optgroup" | "noframes" | "title" => {
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
        // An item's first text takes the item's kind, even when it stands in a paragraph of its own.
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

    /// An inline element: a span if it means something.
    fn phrase(&mut self, element: &'a Element, place: &Place) {
        if typed(element, &[], &["math"]) && element.elements().next().is_none() {
            self.marked(&undelimited(&element.text()), SpanKind::Formula { latex: true });
            return;
        }
        let start = (self.inline.here(), self.ended);
        self.children(element, place);
        let foreign = element.attribute("lang").or_else(|| element.attribute("xml:lang")).is_some();
        match html_span(&element.name) {
            Some(kind) => self.mark(start, kind),
            None if foreign && self.links.differs(place.language.as_deref()) => self.mark(start, SpanKind::Quote),
            None => {}
        }
    }

    fn raised(&mut self, element: &'a Element, place: &Place) {
        let kind = if &*element.name == "sup" { SpanKind::Superscript } else { SpanKind::Subscript };
        let raised = &*element.name == "sup";
        let start = (self.inline.here(), self.ended);
        let link = element.all().into_iter().find(|part| &*part.name == "a");
        self.children(element, &Place { raised, ..place.clone() });
        // A raised reference is a reference, not an exponent.
        if !(raised && link.is_some_and(|a| role(a, true) != Role::None)) {
            self.mark(start, kind);
        }
    }

    fn link(&mut self, element: &'a Element, place: &Place) {
        let start = (self.inline.here(), self.ended);
        match role(element, place.raised) {
            Role::Back if place.note || place.notes => return,
            Role::Reference => {
                let text = element.text();
                self.inline.text(text.trim());
                let key = element.attribute("href").and_then(|href| self.links.target(href));
                self.inline.mark_note(start.0, SpanKind::NoteReference { note: None }, key);
                return;
            }
            Role::Back | Role::None => {}
        }
        self.children(element, place);
        if let Some(target) = element.attribute("href").filter(|href| !href.is_empty() && !href.starts_with("javascript:")) {
            self.mark(start, SpanKind::Link { target: target.to_owned() });
        }
    }

    fn mark(&mut self, (start, ended): (usize, usize), kind: SpanKind) {
        // Blocks inside an inline element: what follows the last of them is still marked.
        let start = if ended == self.ended { start } else { 0 };
        self.inline.mark(start, kind);
    }

    fn marked(&mut self, text: &str, kind: SpanKind) {
        let start = self.inline.here();
        self.inline.text(text);
        self.inline.mark(start, kind);
    }

    fn math(&mut self, element: &'a Element, place: &Place) {
        let (text, latex) = formula(element);
        let block = element.attribute("display") == Some("block") && self.cells == 0;
        if block && self.inline.is_blank() && self.kind.is_none() {
            self.flush(place);
            self.push(Draft::new(BlockKind::Formula { latex }, Line { text: Line::plain(&text).text, marks: Vec::new() }), place);
        } else {
            self.marked(&text, SpanKind::Formula { latex });
        }
    }

    fn list(&mut self, element: &'a Element, place: &Place) {
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

    fn item(&mut self, element: &'a Element, place: &Place) {
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
        let ordinal = number.map(|(number, style)| format!("{}.", crate::extract::ordinal::printed(number, style)));
        self.kind = Some(BlockKind::ListItem { ordinal, depth });
        self.children(element, place);
        self.flush(place);
        self.kind = None;
    }

    /// A note: its first block takes the label and all names within.
    fn note(&mut self, element: &'a Element, place: &Place, label: Option<String>) {
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
        let mut known = label;
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

    fn term(&mut self, element: &'a Element, place: &Place) {
        self.flush(place);
        let before = self.assembly.drafts.len();
        self.children(element, place);
        self.flush(place);
        if let Some(draft) = self.assembly.drafts.get_mut(before..).and_then(<[Draft]>::first_mut) {
            let range = whole(&draft.line);
            draft.line.marks.insert(0, Mark { range, kind: SpanKind::Emphasis, note: None });
        }
    }

    fn pre(&mut self, element: &'a Element, place: &Place) {
        if self.cells > 0 {
            self.marked(&element.text(), SpanKind::Code);
            return;
        }
        self.flush(place);
        let inner = element.child("code");
        let class = |part: &Element| {
            let classes = part.attribute("class").unwrap_or_default();
            classes.split_whitespace().find_map(|class| {
                let name = ["language-", "lang-", "highlight-source-", "brush:"].iter().find_map(|p| class.strip_prefix(p));
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

    fn table(&mut self, element: &'a Element, place: &Place) {
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

    fn picture(&mut self, element: &Element) {
        let alt = element.attribute("alt").or_else(|| element.attribute("aria-label"));
        let text = alt.unwrap_or_default().trim();
        if text.starts_with("{\\displaystyle") || text.starts_with("{\\textstyle") || text.starts_with('$') && text.len() > 2 {
            self.marked(&undelimited(text), SpanKind::Formula { latex: true });
        } else if (1..=2).contains(&text.chars().count()) {
            // A drop capital or an emoji: part of the word or sentence around it.
            self.inline.text(text);
        } else if alt.is_none() || !text.is_empty() {
            self.figures.push(Draft::new(BlockKind::Figure, Line::plain(text)));
        }
    }

    fn drawing(&mut self, element: &'a Element) {
        let title = element.attribute("aria-label").map(str::to_owned).or_else(|| element.child("title").map(Element::text));
        let words: Vec<String> =
            element.all().into_iter().filter(|part| &*part.name == "text").map(|part| part.text().trim().to_owned()).collect();
        let picture = element.all().into_iter().any(|part| &*part.name == "image");
        let text = title.unwrap_or_else(|| words.join(" "));
        if !text.trim().is_empty() || picture {
            self.figures.push(Draft::new(BlockKind::Figure, Line::plain(&text)));
        }
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
        if furniture.is_none() && place.outside && !(title && self.regions.heading_outside) {
            furniture = Some(Furniture::Navigation);
        }
        match furniture {
            Some(_) if draft.kind == BlockKind::Figure => return,
            Some(Furniture::PageNumber) if !is_note_mark(&draft.line.text) => {}
            Some(furniture) => {
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
