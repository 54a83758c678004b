//! The text of a document to blocks: paragraphs, headings, sections, indexes and notes.

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Furniture, Matter, SpanKind};

use super::super::assembly::{Assembly, Draft, whole};
use super::super::dom::Element;
use super::super::inline::{Line, code};
use super::Part;
use super::budget::Budget;
use super::count::Count;
use super::lists::Marker;
use super::runs::{Beside, Runs, is_shape, label, note_key, says_yes};
use super::styles::Role;

/// Where a block stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// Why it is not read aloud, if it is not.
    pub furniture: Option<Furniture>,
    pub matter: Matter,
}

/// Reads the text of one part.
#[derive(Debug)]
pub(super) struct Body<'a, 'd> {
    pub assembly: &'a mut Assembly,
    pub part: &'d Part<'d>,
    pub count: Count<'d>,
    pub budget: Budget,
    /// Lines of code that are one block.
    code: Vec<String>,
    /// Notes that were referred to, in the order of their references.
    pub notes: Vec<&'d Element>,
}

impl<'a, 'd> Body<'a, 'd> {
    pub fn new(assembly: &'a mut Assembly, part: &'d Part<'d>) -> Self {
        Self {
            assembly,
            part,
            count: Count::new(&part.lists),
            budget: Budget::default(),
            code: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Reads the children of `<office:text>`, then the notes that they refer to.
    ///
    /// # Errors
    /// `DOCUMENT_TOO_COMPLEX` for tables past a limit.
    pub fn read(&mut self, text: &'d Element) -> Result<(), Failure> {
        self.blocks(text, Place::default())?;
        self.end_code();
        self.read_notes()
    }

    pub fn blocks(&mut self, parent: &'d Element, place: Place) -> Result<(), Failure> {
        parent.elements().try_for_each(|child| self.block(child, place))
    }

    pub fn block(&mut self, element: &'d Element, place: Place) -> Result<(), Failure> {
        match &*element.name {
            "p" | "h" => self.paragraph(element, place)?,
            "list" => self.list(element, place, 0, None)?,
            "numbered-paragraph" => {
                self.count.numbered(element);
                self.blocks(element, place)?;
                self.count.drop_item();
            }
            "table" => self.table(element, place)?,
            "section" => self.blocks(element, section(element, place))?,
            "table-of-content" | "illustration-index" | "table-index" | "object-index" | "user-index" => {
                let place =
                    Place { furniture: place.furniture.or(Some(Furniture::ContentsEntry)), matter: Matter::Front };
                self.index(element, place)?;
            }
            "alphabetical-index" => self.index(element, Place { matter: Matter::Back, ..place })?,
            "bibliography" => self.index(element, Place { matter: Matter::References, ..place })?,
            // Tracked deletions are read where they were; what is declared is no text.
            "tracked-changes"
            | "forms"
            | "variable-decls"
            | "sequence-decls"
            | "user-field-decls"
            | "dde-connection-decls"
            | "alphabetical-index-auto-mark-file"
            | "section-source"
            | "scripts" => {}
            name if is_shape(name) || matches!(name, "a" | "change" | "annotation") => {
                self.finish_paragraph(Runs::alone(self.part, element, self.notes.len()), place, None)?;
            }
            "change-start" | "change-end" | "annotation-end" | "soft-page-break" => {}
            _ => self.blocks(element, place)?,
        }
        Ok(())
    }

    /// An index holds how it is made, and what was made.
    fn index(&mut self, index: &'d Element, place: Place) -> Result<(), Failure> {
        index.child("index-body").map_or(Ok(()), |made| self.blocks(made, section(index, place)))
    }

    fn list(
        &mut self,
        list: &'d Element,
        place: Place,
        level: usize,
        inherited: Option<&'d str>,
    ) -> Result<(), Failure> {
        let style = list.local("style-name").or(inherited);
        let outer = self.count.enter(list, style, level);
        for item in list.elements() {
            match &*item.name {
                "list-item" => self.count.item(item, style, level),
                "list-header" => self.count.drop_item(),
                _ => continue,
            }
            for child in item.elements() {
                if &*child.name == "list" {
                    self.list(child, place, level + 1, style)?;
                } else {
                    self.block(child, place)?;
                }
            }
            self.count.drop_item();
        }
        self.count.leave(list, style, level, outer);
        Ok(())
    }

    fn paragraph(&mut self, element: &'d Element, place: Place) -> Result<(), Failure> {
        let style = element.local("style-name");
        let runs = Runs::read(self.part, element, self.notes.len());
        let hidden = runs.hidden || self.part.styles.hidden("paragraph", style) == Some(true);
        let place = if hidden { Place { furniture: Some(Furniture::Hidden), ..place } } else { place };
        let role = self.part.styles.role(style);
        if role == Role::Code && place.furniture.is_none() && &*element.name == "p" && !self.count.in_item() {
            self.code.push(runs.inline.since(0).to_owned());
            return self.beside(runs.before.into_iter().chain(runs.after), place);
        }
        self.end_code();
        self.finish_paragraph(runs, place, Some(element))
    }

    /// Makes blocks of what a paragraph holds, in the order of its source.
    fn finish_paragraph(
        &mut self,
        mut runs: Runs<'d>,
        place: Place,
        element: Option<&'d Element>,
    ) -> Result<(), Failure> {
        self.notes.append(&mut runs.notes);
        let language = runs.language().map(str::to_owned);
        self.beside(std::mem::take(&mut runs.before), place)?;
        let mut line = runs.inline.finish();
        // An empty paragraph is not numbered aloud, but it is counted all the same.
        let marker = element.and_then(|element| self.count.paragraph(element, self.part));
        let (kind, matter) = match element {
            Some(element) => self.kind(element, place, marker.as_ref(), &line),
            None => (BlockKind::Paragraph, place.matter),
        };
        if let (BlockKind::Heading { .. }, Some(Marker::Ordinal(number)), false) =
            (&kind, &marker, line.text.is_empty())
        {
            let mut numbered = Line { text: number.clone(), marks: Vec::new() };
            numbered.join(" ", line);
            line = numbered;
        }
        if matches!(kind, BlockKind::Formula { .. }) {
            line.marks.clear();
        }
        let mut draft = Draft::new(kind, line);
        draft.anchors = runs.anchors;
        draft.language = language;
        draft.matter = matter;
        self.assembly.push(draft);
        self.beside(runs.after, place)
    }

    fn kind(&self, element: &Element, place: Place, marker: Option<&Marker>, line: &Line) -> (BlockKind, Matter) {
        let style = element.local("style-name");
        let role = self.part.styles.role(style);
        let matter = if role == Role::Contents { Matter::Front } else { place.matter };
        if let Some(furniture) = place.furniture {
            return (BlockKind::Furniture { furniture }, matter);
        }
        if role == Role::Contents {
            return (BlockKind::Furniture { furniture: Furniture::ContentsEntry }, matter);
        }
        let level = match &*element.name {
            "h" => element.local("outline-level").and_then(|level| level.parse().ok()).or(Some(1)),
            _ => self.part.styles.heading(style),
        };
        let formula = line.marks.first().filter(|mark| mark.range == whole(line)).and_then(|mark| match mark.kind {
            SpanKind::Formula { latex } => Some(latex),
            SpanKind::Emphasis
            | SpanKind::Code
            | SpanKind::Link { .. }
            | SpanKind::NoteReference { .. }
            | SpanKind::Citation
            | SpanKind::Superscript
            | SpanKind::Subscript
            | SpanKind::Quote => None,
        });
        let depth = self.count.depth();
        let kind = match (level, role, marker) {
            (Some(level), ..) => BlockKind::Heading { level: level.clamp(1, 6) },
            (None, Role::Title, _) => BlockKind::Heading { level: 1 },
            (None, _, Some(Marker::Bullet)) => BlockKind::ListItem { ordinal: None, depth },
            (None, _, Some(Marker::Ordinal(number))) => BlockKind::ListItem { ordinal: Some(number.clone()), depth },
            (None, Role::Quote, _) => BlockKind::Quote,
            (None, Role::Caption, _) => BlockKind::Caption,
            (None, Role::Plain | Role::Code | Role::Contents, Some(Marker::Nothing) | None) => {
                formula.map_or(BlockKind::Paragraph, |latex| BlockKind::Formula { latex })
            }
        };
        (kind, matter)
    }

    /// Makes blocks of what is anchored in a paragraph.
    pub fn beside(&mut self, all: impl IntoIterator<Item = Beside<'d>>, place: Place) -> Result<(), Failure> {
        for beside in all {
            match (beside, place.furniture) {
                (Beside::Blocks(parent), _) => {
                    // A box in a list's item is no item.
                    let item = self.count.set_aside();
                    self.blocks(parent, place)?;
                    self.end_code();
                    self.count.take_up(item);
                }
                (Beside::Aside(furniture, line), _) => {
                    self.assembly.push(Draft::new(BlockKind::Furniture { furniture }, line));
                }
                (Beside::Figure(line), Some(furniture)) => {
                    self.assembly.push(Draft::new(BlockKind::Furniture { furniture }, line));
                }
                (Beside::Figure(line), None) => self.assembly.push(Draft::new(BlockKind::Figure, line)),
            }
        }
        Ok(())
    }

    pub fn end_code(&mut self) {
        if self.code.is_empty() {
            return;
        }
        let text = code(&std::mem::take(&mut self.code).join("\n"));
        self.assembly.push(Draft::new(BlockKind::Code { language: None }, Line { text, marks: Vec::new() }));
    }

    /// Reads the notes after the text: the footnotes, then the endnotes.
    fn read_notes(&mut self) -> Result<(), Failure> {
        let all: Vec<(usize, &Element)> = self.notes.iter().copied().enumerate().collect();
        let is_end = |note: &Element| note.local("note-class") == Some("endnote");
        for endnotes in [false, true] {
            for (index, note) in all.iter().filter(|(_, note)| is_end(note) == endnotes) {
                let Some(body) = note.child("note-body") else { continue };
                let first = self.assembly.drafts.len();
                self.blocks(body, Place::default())?;
                self.end_code();
                let mut named = false;
                for draft in self.assembly.drafts.iter_mut().skip(first) {
                    if draft.kind == BlockKind::Paragraph && !draft.line.text.is_empty() {
                        draft.kind = BlockKind::Footnote { label: label(note) };
                        if !named {
                            draft.anchors.push(note_key(*index));
                            named = true;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads a head or a foot of the pages; what another page has too is listed once.
    pub fn furniture(&mut self, root: &'d Element, furniture: Furniture) {
        for element in root.all().into_iter().filter(|part| matches!(&*part.name, "p" | "h")) {
            let runs = Runs::read(self.part, element, self.notes.len());
            let page_number = runs.page_number;
            let line = runs.inline.finish();
            let letters = line.text.chars().any(char::is_alphabetic);
            let furniture = if page_number && !letters { Furniture::PageNumber } else { furniture };
            if !self.assembly.drafts.iter().any(|draft| draft.line.text == line.text) {
                self.assembly.push(Draft::new(BlockKind::Furniture { furniture }, line));
            }
        }
    }
}

/// The place of what a section or an index holds.
fn section(element: &Element, place: Place) -> Place {
    let hidden = match element.local("display") {
        Some("none") => true,
        Some("condition") => says_yes(element.local("is-hidden")),
        Some(_) | None => false,
    };
    if hidden { Place { furniture: Some(Furniture::Hidden), ..place } } else { place }
}
