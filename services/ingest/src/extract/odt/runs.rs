//! The inline content of a paragraph: text, spans, links, fields, notes, and what is anchored in it
//! (ODF 1.3, part 3, chapters 6, 7 and 10).

use std::collections::HashMap;

use lectern_core::content::document::{Furniture, SpanKind};

use super::super::dom::{Element, Node};
use super::super::inline::{Inline, Line};
use super::styles::Position;
use super::{Object, Part};

/// No run of spaces is longer: more than a line holds changes nothing, and `text:c` may name any
/// number.
const SPACES: usize = 256;

/// What stands in a paragraph and is no text of it.
#[derive(Debug)]
pub(super) enum Beside<'d> {
    Figure(Line),
    /// A text box or a shape with paragraphs of its own.
    Blocks(&'d Element),
    /// What nobody reads aloud.
    Aside(Furniture, Line),
}

/// The inline content of one paragraph.
#[derive(Debug)]
pub(super) struct Runs<'d> {
    part: &'d Part<'d>,
    pub inline: Inline,
    /// What stood before the first word.
    pub before: Vec<Beside<'d>>,
    pub after: Vec<Beside<'d>>,
    /// The notes that were referred to, in order.
    pub notes: Vec<&'d Element>,
    /// How many notes the document had before.
    first_note: usize,
    pub anchors: Vec<String>,
    /// Whether a page number or a number of pages was met.
    pub page_number: bool,
    /// Whether a field hides the whole paragraph.
    pub hidden: bool,
    /// The language of the text being read.
    language: Option<&'d str>,
    /// How many letters each language has.
    letters: HashMap<&'d str, usize>,
}

impl<'d> Runs<'d> {
    /// Reads a paragraph or heading. `first_note` is how many notes the document had before it.
    pub fn read(part: &'d Part<'d>, paragraph: &'d Element, first_note: usize) -> Self {
        let mut runs = Self::new(part, first_note);
        runs.language = part.styles.language("paragraph", paragraph.local("style-name"));
        runs.children(paragraph);
        runs
    }

    /// Reads what stands between paragraphs: a frame that is anchored to a page, a mark of a
    /// tracked change.
    pub fn alone(part: &'d Part<'d>, element: &'d Element, first_note: usize) -> Self {
        let mut runs = Self::new(part, first_note);
        runs.element(element);
        runs
    }

    fn new(part: &'d Part<'d>, first_note: usize) -> Self {
        Self {
            part,
            inline: Inline::default(),
            before: Vec::new(),
            after: Vec::new(),
            notes: Vec::new(),
            first_note,
            anchors: Vec::new(),
            page_number: false,
            hidden: false,
            language: None,
            letters: HashMap::new(),
        }
    }

    /// The language that most of the letters have, if any is named.
    pub fn language(&self) -> Option<&'d str> {
        let most = self.letters.iter().max_by_key(|(language, count)| (**count, std::cmp::Reverse(**language)));
        most.map(|(language, _)| *language).filter(|language| !language.is_empty())
    }

    fn children(&mut self, parent: &'d Element) {
        for node in &parent.children {
            match node {
                Node::Text(text) => self.text(text),
                Node::Element(element) => self.element(element),
            }
        }
    }

    fn text(&mut self, text: &str) {
        let letters = text.chars().filter(|char| char.is_alphabetic()).count();
        if letters > 0 {
            *self.letters.entry(self.language.unwrap_or_default()).or_default() += letters;
        }
        self.inline.text(text);
    }

    fn element(&mut self, element: &'d Element) {
        match &*element.name {
            "s" => {
                let count = element.local("c").and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
                self.inline.text(&" ".repeat(count.clamp(1, SPACES)));
            }
            "tab" => self.inline.text("\t"),
            "line-break" => self.inline.text("\n"),
            "span" => self.span(element),
            "a" => self.link(element),
            "note" => self.note(element),
            "annotation" => self.aside(Furniture::Comment, element.elements().filter(|part| is_block(part))),
            "bookmark" | "bookmark-start" | "reference-mark" | "reference-mark-start" => {
                self.anchors.extend(element.local("name").map(|name| format!("#{name}")));
            }
            "bibliography-mark" => {
                let start = self.inline.here();
                self.children(element);
                self.inline.mark(start, SpanKind::Citation);
            }
            "change" => {
                let deleted = element.local("change-id").and_then(|id| self.part.deletions.get(id)).copied();
                let blocks = deleted.into_iter().flat_map(Element::elements).filter(|part| is_block(part));
                self.aside(Furniture::Deleted, blocks);
            }
            "hidden-text" if says_yes(element.local("is-hidden")) => {
                let text = Line::plain(element.local("string-value").unwrap_or_default());
                self.beside(Beside::Aside(Furniture::Hidden, text));
            }
            "hidden-paragraph" => self.hidden |= says_yes(element.local("is-hidden")),
            "placeholder" => self.beside(Beside::Aside(Furniture::Placeholder, Line::plain(&element.text()))),
            "page-number" | "page-count" => {
                self.page_number = true;
                self.children(element);
            }
            "ruby" => element.elements().filter(|part| &*part.name == "ruby-base").for_each(|base| self.children(base)),
            "tracked-changes" | "forms" | "script" | "event-listeners" => {}
            name if is_shape(name) => self.shape(element),
            // A variable that is set without being shown.
            _ if element.local("display") == Some("none") => {}
            // Fields, whose content is what they show; meta and the like, which wrap text.
            _ => self.children(element),
        }
    }

    fn span(&mut self, span: &'d Element) {
        let style = span.local("style-name");
        let styles = &self.part.styles;
        let outer = self.language;
        self.language = styles.language("text", style).or(outer);
        let (start, notes) = (self.inline.here(), self.notes.len());
        self.children(span);
        self.language = outer;
        if styles.hidden("text", style) == Some(true) {
            self.hide(start, notes);
            return;
        }
        if styles.emphasis(style) {
            self.inline.mark(start, SpanKind::Emphasis);
        }
        match styles.position(style) {
            Position::Raised => self.inline.mark(start, SpanKind::Superscript),
            Position::Lowered => self.inline.mark(start, SpanKind::Subscript),
            Position::Line => {}
        }
        if styles.code(style) {
            self.inline.mark(start, SpanKind::Code);
        }
    }

    /// Takes everything since `start`, and the notes since `notes`, out of the paragraph and lists
    /// it as hidden.
    fn hide(&mut self, start: usize, notes: usize) {
        let mut line = Line::plain(self.inline.since(start));
        for note in self.notes.split_off(notes) {
            line.join(" ", Line::plain(&note.text()));
        }
        self.inline.cut(start);
        if !line.text.is_empty() {
            self.beside(Beside::Aside(Furniture::Hidden, line));
        }
    }

    fn link(&mut self, link: &'d Element) {
        let start = self.inline.here();
        self.children(link);
        if let Some(target) = link.local("href") {
            self.inline.mark(start, SpanKind::Link { target: target.to_owned() });
        }
    }

    fn note(&mut self, note: &'d Element) {
        let start = self.inline.here();
        self.inline.text(&label(note));
        let key = note_key(self.first_note + self.notes.len());
        self.inline.mark_note(start, SpanKind::NoteReference { note: None }, Some(key));
        self.notes.push(note);
    }

    fn aside(&mut self, furniture: Furniture, blocks: impl Iterator<Item = &'d Element>) {
        for block in blocks {
            let line = Line::plain(&spaced_text(block));
            if !line.text.is_empty() {
                self.beside(Beside::Aside(furniture, line));
            }
        }
    }

    fn beside(&mut self, beside: Beside<'d>) {
        if self.inline.is_blank() {
            self.before.push(beside);
        } else {
            self.after.push(beside);
        }
    }

    /// A frame, a drawn shape, a group of them or a form's control.
    fn shape(&mut self, shape: &'d Element) {
        match &*shape.name {
            "frame" => self.frame(shape),
            "g" => {
                let before = self.before.len() + self.after.len();
                shape.elements().filter(|part| is_shape(&part.name)).for_each(|part| self.shape(part));
                if before == self.before.len() + self.after.len() && !alternative(shape).is_empty() {
                    self.beside(Beside::Figure(Line::plain(alternative(shape))));
                }
            }
            "control" => {
                if let Some(value) = shape.attribute("draw:control").and_then(|id| self.part.controls.get(id)) {
                    self.text(" ");
                    self.text(value);
                    self.text(" ");
                }
            }
            _ if shape.elements().any(is_block) => self.beside(Beside::Blocks(shape)),
            _ if !alternative(shape).is_empty() => self.beside(Beside::Figure(Line::plain(alternative(shape)))),
            // A line or a box without words.
            _ => {}
        }
    }

    /// A frame holds one thing in several forms, the best first (ODF 1.3, part 3, section 10.4.2).
    fn frame(&mut self, frame: &'d Element) {
        let best = frame.elements().find(|part| {
            matches!(
                &*part.name,
                "text-box" | "object" | "object-ole" | "image" | "plugin" | "applet" | "floating-frame"
            )
        });
        let alternative = alternative(frame);
        match best {
            Some(text_box) if &*text_box.name == "text-box" => self.beside(Beside::Blocks(text_box)),
            Some(object) => match self.part.object(object) {
                Some(Object::Formula { text, latex }) => {
                    let start = self.inline.here();
                    self.inline.text(&text);
                    self.inline.mark(start, SpanKind::Formula { latex });
                }
                Some(Object::Titled(title)) if alternative.is_empty() => {
                    self.beside(Beside::Figure(Line::plain(&title)));
                }
                Some(Object::Titled(_)) | None => self.beside(Beside::Figure(Line::plain(alternative))),
            },
            None => {}
        }
    }
}

/// The name under which the assembly finds note number `index` of the document.
pub(super) fn note_key(index: usize) -> String {
    format!("note:{index}")
}

/// The printed mark of a note.
pub(super) fn label(note: &Element) -> String {
    let citation = note.child("note-citation").map(Element::text).unwrap_or_default();
    let label = citation.trim();
    if label.is_empty() { "*".to_owned() } else { label.to_owned() }
}

/// Whether an attribute says yes.
pub(super) fn says_yes(value: Option<&str>) -> bool {
    value == Some("true")
}

/// Whether an element holds text as a block of its own.
pub(super) fn is_block(element: &Element) -> bool {
    matches!(&*element.name, "p" | "h" | "list" | "table" | "section" | "numbered-paragraph")
}

/// Whether an element is drawn rather than written.
pub(super) fn is_shape(name: &str) -> bool {
    matches!(
        name,
        "frame"
            | "g"
            | "control"
            | "custom-shape"
            | "rect"
            | "circle"
            | "ellipse"
            | "line"
            | "polyline"
            | "polygon"
            | "regular-polygon"
            | "path"
            | "connector"
            | "caption"
            | "measure"
    )
}

/// The description of a drawn thing, else its title.
fn alternative(element: &Element) -> &str {
    let text = |name: &str| {
        let part = element.child(name)?;
        part.children.iter().find_map(|node| match node {
            Node::Text(text) if !text.trim().is_empty() => Some(&**text),
            Node::Text(_) | Node::Element(_) => None,
        })
    };
    text("desc").or_else(|| text("title")).unwrap_or_default()
}

/// The text below, with a space between its blocks.
fn spaced_text(element: &Element) -> String {
    let mut out = String::new();
    for node in &element.children {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Element(part) => {
                if is_block(part) || matches!(&*part.name, "s" | "tab" | "line-break" | "list-item" | "table-cell") {
                    out.push(' ');
                }
                out.push_str(&spaced_text(part));
            }
        }
    }
    out
}
