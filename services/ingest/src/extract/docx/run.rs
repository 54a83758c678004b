//! The inline content of a paragraph: runs, links, fields, notes, drawings.

use lectern_core::content::document::SpanKind;

use super::super::dom::{Element, Node};
use super::super::inline::{Inline, Line};
pub(super) use super::super::opc::is_on;
use super::Package;
use super::math::formula;

fn switch(properties: &Element, name: &str) -> Option<bool> {
    properties.child(name).map(|part| part.local("val").is_none_or(is_on))
}

/// Whether run properties say bold or italic.
pub(super) fn emphasis(properties: &Element) -> Option<bool> {
    match (switch(properties, "b"), switch(properties, "i")) {
        (None, None) => None,
        (bold, italic) => Some(bold == Some(true) || italic == Some(true)),
    }
}

/// A complex field: its instruction, then its result.
#[derive(Debug)]
struct Field {
    instruction: String,
    /// Where the result begins; none while the instruction is read.
    result: Option<usize>,
}

/// The inline content of one paragraph.
#[derive(Debug)]
pub(super) struct Runs<'p> {
    package: &'p Package,
    pub inline: Inline,
    fields: Vec<Field>,
    /// Pictures, for blocks after the paragraph.
    pub figures: Vec<Line>,
    /// Text boxes, whose paragraphs follow this one.
    pub boxes: Vec<&'p Element>,
    pub anchors: Vec<String>,
    /// Whether a displayed formula was met.
    pub display: bool,
    /// Whether a page number was met.
    pub page_number: bool,
}

impl<'p> Runs<'p> {
    pub fn new(package: &'p Package) -> Self {
        Self {
            package,
            inline: Inline::default(),
            fields: Vec::new(),
            figures: Vec::new(),
            boxes: Vec::new(),
            anchors: Vec::new(),
            display: false,
            page_number: false,
        }
    }

    /// Reads the children of a paragraph, or of what wraps them.
    pub fn read(&mut self, parent: &'p Element) {
        for child in parent.elements() {
            match &*child.name {
                "r" => self.run(child),
                "hyperlink" => self.hyperlink(child),
                "fldSimple" => self.simple_field(child),
                "oMath" => self.math(child),
                "oMathPara" => {
                    self.display = true;
                    self.read(child);
                }
                "bookmarkStart" => self.anchors.extend(child.local("name").map(|name| format!("#{name}"))),
                // Tracked changes as accepted: what was deleted or moved away is not read.
                "del" | "moveFrom" | "pPr" | "rPr" | "sdtPr" | "sdtEndPr" => {}
                "AlternateContent" => {
                    if let Some(choice) = child.child("Choice").or_else(|| child.child("Fallback")) {
                        self.read(choice);
                    }
                }
                // ins, moveTo, smartTag, sdt, sdtContent, dir, bdo, customXml and the like wrap runs.
                _ => self.read(child),
            }
        }
    }

    fn math(&mut self, math: &Element) {
        let start = self.inline.here();
        self.inline.text(&formula(math));
        self.inline.mark(start, SpanKind::Formula { latex: false });
    }

    fn hyperlink(&mut self, link: &'p Element) {
        let start = self.inline.here();
        self.read(link);
        let outside = link.attribute("r:id").and_then(|id| self.package.links.get(id)).cloned();
        let inside = link.local("anchor").map(|name| format!("#{name}"));
        let target = match (outside, inside) {
            (Some(outside), Some(inside)) => Some(outside + &inside),
            (outside, inside) => outside.or(inside),
        };
        if let Some(target) = target.filter(|target| !target.starts_with("#_Toc")) {
            self.inline.mark(start, SpanKind::Link { target });
        }
    }

    fn simple_field(&mut self, field: &'p Element) {
        let start = self.inline.here();
        self.read(field);
        self.field_result(field.local("instr").unwrap_or_default(), start);
    }

    fn field_result(&mut self, instruction: &str, start: usize) {
        let mut words = instruction.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("HYPERLINK") => {
                let inside = instruction.contains("\\l ");
                if let Some(target) = instruction.split('"').nth(1) {
                    let target = if inside { format!("#{target}") } else { target.to_owned() };
                    self.inline.mark(start, SpanKind::Link { target });
                }
            }
            Some("PAGE" | "NUMPAGES" | "SECTIONPAGES") => self.page_number = true,
            Some(_) | None => {}
        }
    }

    fn run(&mut self, run: &'p Element) {
        let properties = run.child("rPr");
        if properties.and_then(|properties| switch(properties, "vanish")) == Some(true) {
            return;
        }
        let start = self.inline.here();
        self.content(run);
        if start == self.inline.here() {
            return;
        }
        let Some(properties) = properties else { return };
        let style = properties.value("rStyle");
        if emphasis(properties).unwrap_or_else(|| style.is_some_and(|style| self.package.styles.emphasis(style))) {
            self.inline.mark(start, SpanKind::Emphasis);
        }
        match properties.value("vertAlign") {
            Some("superscript") => self.inline.mark(start, SpanKind::Superscript),
            Some("subscript") => self.inline.mark(start, SpanKind::Subscript),
            Some(_) | None => {}
        }
        if style.is_some_and(|style| matches!(style, "VerbatimChar" | "HTMLCode" | "SourceText")) {
            self.inline.mark(start, SpanKind::Code);
        }
    }

    fn content(&mut self, run: &'p Element) {
        for part in run.elements() {
            match &*part.name {
                "t" if self.fields.iter().all(|field| field.result.is_some()) => {
                    for node in &part.children {
                        if let Node::Text(text) = node {
                            self.inline.text(text);
                        }
                    }
                }
                "tab" | "br" | "cr" | "ptab" => self.inline.text(if &*part.name == "tab" { "\t" } else { "\n" }),
                "noBreakHyphen" => self.inline.text("\u{2011}"),
                "sym" => self.symbol(part),
                "instrText" => {
                    if let Some(field) = self.fields.last_mut().filter(|field| field.result.is_none()) {
                        field.instruction.push_str(&part.text());
                    }
                }
                "fldChar" => self.field_char(part),
                "footnoteReference" => self.reference(part, "footnote"),
                "endnoteReference" => self.reference(part, "endnote"),
                "drawing" => self.drawing(part),
                "pict" | "object" => self.drawing(part),
                "AlternateContent" => {
                    if let Some(choice) = part.child("Choice").or_else(|| part.child("Fallback")) {
                        self.content(choice);
                    }
                }
                "ruby" => {
                    if let Some(base) = part.child("rubyBase") {
                        self.read(base);
                    }
                }
                _ => {}
            }
        }
    }

    fn field_char(&mut self, part: &Element) {
        match part.local("fldCharType") {
            Some("begin") => self.fields.push(Field { instruction: String::new(), result: None }),
            Some("separate") => {
                let here = self.inline.here();
                if let Some(field) = self.fields.last_mut() {
                    field.result = Some(here);
                }
            }
            Some("end") => {
                if let Some(field) = self.fields.pop() {
                    let start = field.result.unwrap_or_else(|| self.inline.here());
                    self.field_result(&field.instruction, start);
                }
            }
            Some(_) | None => {}
        }
    }

    /// A character of a symbol font. Those fonts hide their characters in the private use area; plain ones are kept.
    fn symbol(&mut self, part: &Element) {
        let char = part.local("char").and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        if let Some(char) = char.filter(|char| !('\u{e000}'..='\u{f8ff}').contains(char)) {
            self.inline.text(char.encode_utf8(&mut [0; 4]));
        }
    }

    fn reference(&mut self, part: &Element, kind: &str) {
        let Some(id) = part.local("id") else { return };
        let start = self.inline.here();
        let custom = part.local("customMarkFollows").is_some_and(is_on);
        // The mark is the note's place in the document, settled when the notes are numbered; a custom one follows as text.
        if !custom {
            self.inline.text(
                &self.package.labels.get(&(kind.to_owned(), id.to_owned())).cloned().unwrap_or_else(|| "*".to_owned()),
            );
            self.inline.mark_note(start, SpanKind::NoteReference { note: None }, Some(format!("{kind}:{id}")));
        }
    }

    fn drawing(&mut self, drawing: &'p Element) {
        let all = drawing.all();
        let boxes: Vec<&Element> = all.iter().copied().filter(|part| &*part.name == "txbxContent").collect();
        let alt = all.iter().filter(|part| &*part.name == "docPr" || &*part.name == "shape").find_map(|part| {
            let text = part.attribute("descr").or_else(|| part.attribute("title")).or_else(|| part.attribute("alt"));
            text.filter(|text| !text.trim().is_empty())
        });
        let picture = all.iter().any(|part| matches!(&*part.name, "pic" | "chart" | "imagedata" | "relIds"));
        if boxes.is_empty() && (picture || alt.is_some()) {
            self.figures.push(Line::plain(alt.unwrap_or_default()));
        }
        self.boxes.extend(boxes);
    }
}
