//! Paragraphs, heads and notes to blocks.

use lectern_core::content::document::{BlockKind, Furniture, Matter};

use super::super::assembly::{Assembly, Draft, lead};
use super::super::dom::Element;
use super::super::inline::{Line, code};
use super::numbering::{Marker, Numbering};
use super::run::Runs;
use super::styles::{Paragraph, Role};
use super::{Package, changes};

/// Reads one part of a document.
#[derive(Debug)]
pub(super) struct Body<'a, 'p> {
    pub(super) assembly: &'a mut Assembly,
    pub(super) package: &'p Package,
    numbering: Numbering,
    /// Lines of code that are one block.
    code: Vec<String>,
    /// A paragraph whose mark was deleted: the next one goes on with it.
    open: Option<Runs<'p>>,
}

impl<'a, 'p> Body<'a, 'p> {
    pub fn new(assembly: &'a mut Assembly, package: &'p Package, numbering: Numbering) -> Self {
        Self { assembly, package, numbering, code: Vec::new(), open: None }
    }

    /// The counters as the text left them.
    pub fn finish(self) -> Numbering {
        self.numbering
    }

    /// Reads the children of a body, a text box or a note.
    pub fn read(&mut self, parent: &'p Element) {
        self.blocks(parent, false);
        self.end_open();
        self.end_code();
    }

    /// A paragraph that should have gone on ends all the same.
    pub(super) fn end_open(&mut self) {
        if let Some(mut runs) = self.open.take() {
            let line = std::mem::take(&mut runs.inline).finish();
            if !line.text.is_empty() {
                self.assembly.push(Draft::new(BlockKind::Paragraph, line));
            }
            self.after(runs);
        }
    }

    pub(super) fn blocks(&mut self, parent: &'p Element, contents: bool) {
        for child in parent.elements() {
            match &*child.name {
                "p" => self.paragraph(child, contents),
                "tbl" => self.table(child, contents),
                "del" => self.assembly.leave_out(Furniture::Deleted, &changes::deleted_text(child), Matter::Body),
                "moveFrom" | "sdtPr" | "sdtEndPr" | "sectPr" | "tcPr" => {}
                "altChunk" => self.chunk(child),
                "sdt" => {
                    let gallery = child
                        .child("sdtPr")
                        .and_then(|properties| properties.find("docPartGallery"))
                        .and_then(|part| part.local("val"));
                    self.blocks(child, contents || gallery == Some("Table of Contents"));
                }
                "AlternateContent" => {
                    if let Some(choice) = child.child("Choice").or_else(|| child.child("Fallback")) {
                        self.blocks(choice, contents);
                    }
                }
                _ => self.blocks(child, contents),
            }
        }
    }

    fn paragraph(&mut self, element: &'p Element, contents: bool) {
        let properties = element.child("pPr");
        let style = properties.and_then(|properties| properties.value("pStyle"));
        let role = self.package.styles.role(style);
        let mut runs = self.open.take().unwrap_or_else(|| Runs::new(self.package));
        runs.paragraph(element);
        if changes::mark_is_deleted(element) {
            self.open = Some(runs);
            return;
        }
        if role == Role::Code {
            self.code.push(runs.inline.since(0).to_owned());
            self.after(runs);
            return;
        }
        self.end_code();
        let own = properties.map(Paragraph::read).unwrap_or_default();
        let merged = own.clone().over(&self.package.styles.paragraph(style));
        let formulas = runs.only_formulas();
        let line = std::mem::take(&mut runs.inline).finish();
        // An empty paragraph is not numbered aloud, but Word counts it all the same.
        let marker = self.marker(&merged, style);
        let kind = kind(role, &merged, marker.as_ref(), contents);
        if let (BlockKind::Paragraph, Some(formulas)) = (&kind, formulas) {
            for (text, latex) in formulas {
                let line = Line { text: Line::plain(&text).text, marks: Vec::new() };
                self.assembly.push(Draft::new(BlockKind::Formula { latex }, line));
            }
            self.after(runs);
            return;
        }
        let mut line = line;
        if let (BlockKind::Heading { .. }, Some(Marker::Ordinal(number))) = (&kind, &marker) {
            let mut numbered = Line { text: number.clone(), marks: Vec::new() };
            numbered.join(" ", line);
            line = numbered;
        }
        if !line.text.is_empty() {
            let mut draft = Draft::new(kind, line);
            draft.anchors = std::mem::take(&mut runs.anchors);
            draft.language = language(element).or_else(|| self.package.styles.language(style)).map(str::to_owned);
            if contents || role == Role::Contents {
                draft.matter = Matter::Front;
            }
            self.assembly.push(draft);
        }
        self.after(runs);
    }

    fn marker(&mut self, merged: &Paragraph, style: Option<&str>) -> Option<Marker> {
        let list = merged.list.as_deref().filter(|list| *list != "0")?;
        let ids = self.package.styles.ids(style);
        let level = merged.level.or_else(|| self.numbering.level_of_style(list, &ids)).unwrap_or(0);
        self.numbering.next(list, level)
    }

    /// What was set aside, pictures and text boxes of a paragraph follow it.
    fn after(&mut self, runs: Runs<'p>) {
        for (furniture, text) in &runs.left_out {
            self.assembly.leave_out(*furniture, text, Matter::Body);
        }
        for figure in runs.figures {
            self.assembly.push(Draft::new(BlockKind::Figure, figure));
        }
        for text_box in runs.boxes {
            self.blocks(text_box, false);
        }
    }

    /// A part of another format that the document holds in the place of its text.
    fn chunk(&mut self, element: &Element) {
        self.end_open();
        self.end_code();
        let chunk = element.attribute("r:id").and_then(|id| self.package.chunks.get(id));
        match chunk {
            Some(Some(html)) => super::super::html::fragment(html, self.assembly),
            Some(None) | None => {
                let message = "a part of the document is of another format than DOCX and HTML, and was left out; \
                    open the document in its program and save it again";
                self.assembly.warn("EMBEDDED_PART_LEFT_OUT", message);
            }
        }
    }

    pub(super) fn end_code(&mut self) {
        if self.code.is_empty() {
            return;
        }
        let text = code(&std::mem::take(&mut self.code).join("\n"));
        self.assembly.push(Draft::new(BlockKind::Code { language: None }, Line { text, marks: Vec::new() }));
    }

    /// Reads a head or a foot.
    pub fn furniture(&mut self, root: &'p Element, furniture: Furniture) {
        let first = self.assembly.drafts.len();
        for element in root.all().into_iter().filter(|part| &*part.name == "p") {
            let mut runs = Runs::new(self.package);
            runs.paragraph(element);
            let page_number = runs.page_number;
            let line = std::mem::take(&mut runs.inline).finish();
            let letters = line.text.chars().any(char::is_alphabetic);
            let furniture = if page_number && !letters { Furniture::PageNumber } else { furniture };
            let kind = BlockKind::Furniture { furniture };
            let known =
                self.assembly.drafts.iter().skip(first.saturating_sub(8)).any(|draft| draft.line.text == line.text);
            if !known {
                self.assembly.push(Draft::new(kind, line));
            }
        }
    }

    /// Reads the footnotes or endnotes that the text refers to.
    pub fn notes(&mut self, root: &'p Element, name: &str) {
        for note in root.elements().filter(|part| &*part.name == name) {
            // Separators are notes too, of a special type.
            if note.local("type").is_some_and(|kind| kind != "normal") {
                continue;
            }
            let Some(id) = note.local("id") else { continue };
            let key = (name.to_owned(), id.to_owned());
            let known = self.package.labels.get(&key).cloned();
            let label = known.clone().unwrap_or_else(|| "*".to_owned());
            let first = self.assembly.drafts.len();
            self.read(note);
            if known.is_none() {
                // Its mark was deleted, and with it the note.
                for draft in self.assembly.drafts.iter_mut().skip(first) {
                    draft.kind = BlockKind::Furniture { furniture: Furniture::Deleted };
                }
                continue;
            }
            // A mark that the writer chose is written in the note as well.
            if let Some(draft) = self.assembly.drafts.get_mut(first)
                && draft.kind == BlockKind::Paragraph
                && label.chars().all(|char| !char.is_alphanumeric())
                && let Some(cut) = lead(&draft.line.text, &label)
            {
                draft.line.drop_start(cut);
            }
            let mut named = false;
            for draft in self.assembly.drafts.iter_mut().skip(first) {
                if draft.kind == BlockKind::Paragraph {
                    draft.kind = BlockKind::Footnote { label: label.clone() };
                }
                if !named && matches!(draft.kind, BlockKind::Footnote { .. }) {
                    draft.anchors.push(format!("{name}:{id}"));
                    named = true;
                }
            }
        }
    }
}

fn kind(role: Role, merged: &Paragraph, marker: Option<&Marker>, contents: bool) -> BlockKind {
    if contents || role == Role::Contents {
        return BlockKind::Furniture { furniture: Furniture::ContentsEntry };
    }
    if let Some(level) = merged.outline.filter(|level| *level < 9) {
        return BlockKind::Heading { level: (level + 1).min(6) };
    }
    match (role, marker) {
        (Role::Title, _) => BlockKind::Heading { level: 1 },
        (_, Some(Marker::Bullet)) => BlockKind::ListItem { ordinal: None, depth: depth(merged) },
        (_, Some(Marker::Ordinal(number))) => {
            BlockKind::ListItem { ordinal: Some(number.clone()), depth: depth(merged) }
        }
        (Role::Quote, _) => BlockKind::Quote,
        (Role::Caption, _) => BlockKind::Caption,
        (Role::Plain | Role::Code | Role::Contents, _) => BlockKind::Paragraph,
    }
}

fn depth(merged: &Paragraph) -> u8 {
    u8::try_from(merged.level.unwrap_or(0)).unwrap_or(u8::MAX)
}

/// The language that all runs with text name, if it is one.
fn language(paragraph: &Element) -> Option<&str> {
    let mut found: Option<&str> = None;
    for run in paragraph.elements().filter(|part| &*part.name == "r" && part.child("t").is_some()) {
        let language = run.child("rPr")?.child("lang")?.local("val")?;
        if found.is_some_and(|known| known != language) {
            return None;
        }
        found = Some(language);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_paragraph_with_an_outline_level_is_a_heading_and_no_item() {
        let number = Marker::Ordinal("2.1".to_owned());
        let item = BlockKind::ListItem { ordinal: Some("2.1".to_owned()), depth: 1 };
        // The ninth level is that of the body (ECMA-376, part 1, clause 17.3.1.20).
        for (outline, wanted) in [
            (Some(1), BlockKind::Heading { level: 2 }),
            (Some(8), BlockKind::Heading { level: 6 }),
            (Some(9), item.clone()),
            (None, item),
        ] {
            let merged = Paragraph { outline, list: Some("1".to_owned()), level: Some(1) };
            assert_eq!(kind(Role::Plain, &merged, Some(&number), false), wanted, "{outline:?}");
        }
    }
}
