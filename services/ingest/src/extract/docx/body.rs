//! Paragraphs and tables to blocks.

use std::collections::HashMap;

use lectern_core::content::document::{BlockKind, Furniture, Matter, SpanKind};

use super::super::assembly::{Assembly, Draft, whole};
use super::super::dom::Element;
use super::super::html::{Cell, grid};
use super::super::inline::{Line, code};
use super::super::ordinal::printed;
use super::Package;
use super::numbering::{Marker, Numbering};
use super::run::{Runs, is_on};
use super::styles::{Paragraph, Role};

/// Reads one part of a document.
#[derive(Debug)]
pub(super) struct Body<'a, 'p> {
    assembly: &'a mut Assembly,
    package: &'p Package,
    numbering: Numbering,
    /// Lines of code that are one block.
    code: Vec<String>,
}

impl<'a, 'p> Body<'a, 'p> {
    pub fn new(assembly: &'a mut Assembly, package: &'p Package, numbering: Numbering) -> Self {
        Self { assembly, package, numbering, code: Vec::new() }
    }

    /// The counters as the text left them.
    pub fn finish(self) -> Numbering {
        self.numbering
    }

    /// Reads the children of a body, a text box or a note.
    pub fn read(&mut self, parent: &'p Element) {
        self.blocks(parent, false);
        self.end_code();
    }

    fn blocks(&mut self, parent: &'p Element, contents: bool) {
        for child in parent.elements() {
            match &*child.name {
                "p" => self.paragraph(child, contents),
                "tbl" => self.table(child),
                "del" | "moveFrom" | "sdtPr" | "sdtEndPr" | "sectPr" | "tcPr" => {}
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
        let mut runs = Runs::new(self.package);
        runs.read(element);
        if role == Role::Code {
            self.code.push(runs.inline.since(0).to_owned());
            self.after(runs);
            return;
        }
        self.end_code();
        let own = properties.map(Paragraph::read).unwrap_or_default();
        let merged = own.clone().over(&self.package.styles.paragraph(style));
        let line = std::mem::take(&mut runs.inline).finish();
        // An empty paragraph is not numbered aloud, but Word counts it all the same.
        let marker = self.marker(&merged, style);
        let kind = kind(role, &merged, marker.as_ref(), contents, runs.display, &line);
        let mut line = line;
        if let (BlockKind::Heading { .. }, Some(Marker::Ordinal(number))) = (&kind, &marker) {
            let mut numbered = Line { text: number.clone(), marks: Vec::new() };
            numbered.join(" ", line);
            line = numbered;
        }
        if matches!(kind, BlockKind::Formula { .. }) {
            line.marks.clear();
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

    /// Pictures and text boxes of a paragraph follow it.
    fn after(&mut self, runs: Runs<'p>) {
        for figure in runs.figures {
            self.assembly.push(Draft::new(BlockKind::Figure, figure));
        }
        for text_box in runs.boxes {
            self.blocks(text_box, false);
        }
    }

    fn end_code(&mut self) {
        if self.code.is_empty() {
            return;
        }
        let text = code(&std::mem::take(&mut self.code).join("\n"));
        self.assembly.push(Draft::new(BlockKind::Code { language: None }, Line { text, marks: Vec::new() }));
    }

    fn table(&mut self, table: &'p Element) {
        self.end_code();
        let mut figures = Vec::new();
        let mut cells: Vec<Vec<Cell>> = Vec::new();
        let mut header_rows = 0;
        // By column: where the cell stands that a vertical merge continues.
        let mut above: HashMap<usize, (usize, usize)> = HashMap::new();
        for row in rows(table) {
            let at = cells.len();
            let header = row
                .child("trPr")
                .and_then(|properties| properties.child("tblHeader"))
                .is_some_and(|mark| mark.local("val").is_none_or(is_on));
            if header && at == header_rows as usize {
                header_rows += 1;
            }
            let mut out = Vec::new();
            let skip = row
                .child("trPr")
                .and_then(|properties| properties.value("gridBefore"))
                .and_then(|count| count.parse::<usize>().ok())
                .unwrap_or(0)
                .min(64);
            let mut column = skip;
            for _ in 0..skip {
                out.push(Cell { line: Line::default(), columns: 1, rows: 1 });
            }
            for cell in wrapped(row, "tc") {
                let properties = cell.child("tcPr");
                let columns = properties
                    .and_then(|properties| properties.value("gridSpan"))
                    .and_then(|span| span.parse::<usize>().ok())
                    .unwrap_or(1)
                    .clamp(1, 64);
                let merge = properties.and_then(|properties| properties.child("vMerge"));
                let goes_on = merge.is_some_and(|merge| merge.local("val") != Some("restart"));
                if let (true, Some((row, index))) = (goes_on, above.get(&column).copied()) {
                    if let Some(origin) = cells.get_mut(row).and_then(|row: &mut Vec<Cell>| row.get_mut(index)) {
                        origin.rows += 1;
                    }
                } else {
                    above.remove(&column);
                    if merge.is_some() {
                        above.insert(column, (at, out.len()));
                    }
                    out.push(Cell { line: self.cell(cell, &mut figures), columns, rows: 1 });
                }
                column += columns;
            }
            cells.push(out);
        }
        self.assembly.push(Draft::table(grid(cells), header_rows));
        for figure in figures {
            self.assembly.push(Draft::new(BlockKind::Figure, figure));
        }
    }

    /// The text of a cell: its paragraphs in one line, list items with their marks, tables within it as text.
    fn cell(&mut self, cell: &'p Element, figures: &mut Vec<Line>) -> Line {
        let mut line = Line::default();
        for child in cell.elements() {
            let inner = match &*child.name {
                "p" => {
                    let mut runs = Runs::new(self.package);
                    runs.read(child);
                    figures.append(&mut runs.figures);
                    let mut inner = std::mem::take(&mut runs.inline).finish();
                    for text_box in std::mem::take(&mut runs.boxes) {
                        let more = self.cell(text_box, figures);
                        inner.join(" ", more);
                    }
                    inner
                }
                "tcPr" | "sdtPr" | "sdtEndPr" | "tblPr" | "tblGrid" | "trPr" | "del" | "moveFrom" => continue,
                _ => self.cell(child, figures),
            };
            if !inner.text.is_empty() {
                line.join(" ", inner);
            }
        }
        line
    }

    /// Reads a head or a foot.
    pub fn furniture(&mut self, root: &'p Element, furniture: Furniture) {
        let first = self.assembly.drafts.len();
        for element in root.all().into_iter().filter(|part| &*part.name == "p") {
            let mut runs = Runs::new(self.package);
            runs.read(element);
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
            let label = self.package.labels.get(&key).cloned().unwrap_or_else(|| "*".to_owned());
            let first = self.assembly.drafts.len();
            self.read(note);
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

/// The printed marks of all notes of `document`: footnotes and endnotes count apart, endnotes in Roman numerals unless the
/// section says otherwise.
pub(super) fn labels(document: &Element) -> HashMap<(String, String), String> {
    let mut labels = HashMap::new();
    let all = document.all();
    for (kind, element, properties, default) in [
        ("footnote", "footnoteReference", "footnotePr", "decimal"),
        ("endnote", "endnoteReference", "endnotePr", "lowerRoman"),
    ] {
        let format =
            all.iter().find(|part| &*part.name == properties).and_then(|part| part.value("numFmt")).unwrap_or(default);
        let style = match format {
            "lowerRoman" => 'i',
            "upperRoman" => 'I',
            "lowerLetter" => 'a',
            "upperLetter" => 'A',
            _ => '1',
        };
        let mut number = 0;
        for part in all.iter().filter(|part| &*part.name == element) {
            let Some(id) = part.local("id") else { continue };
            let key = (kind.to_owned(), id.to_owned());
            if labels.contains_key(&key) || part.local("customMarkFollows").is_some_and(is_on) {
                continue;
            }
            number += 1;
            labels.insert(key, printed(number, style));
        }
    }
    labels
}

fn kind(
    role: Role,
    merged: &Paragraph,
    marker: Option<&Marker>,
    contents: bool,
    display: bool,
    line: &Line,
) -> BlockKind {
    let formula = display
        && line
            .marks
            .first()
            .is_some_and(|mark| mark.range == whole(line) && matches!(mark.kind, SpanKind::Formula { .. }));
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
        _ if formula => BlockKind::Formula { latex: false },
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

/// The rows of a table, also those inside content controls and tracked insertions.
fn rows(table: &Element) -> Vec<&Element> {
    wrapped(table, "tr")
        .into_iter()
        .filter(|row| row.child("trPr").is_none_or(|properties| properties.child("del").is_none()))
        .collect()
}

fn wrapped<'e>(parent: &'e Element, name: &str) -> Vec<&'e Element> {
    let mut found = Vec::new();
    for child in parent.elements() {
        match &*child.name {
            inner if inner == name => found.push(child),
            "sdt" | "sdtContent" | "customXml" | "ins" => found.extend(wrapped(child, name)),
            _ => {}
        }
    }
    found
}
