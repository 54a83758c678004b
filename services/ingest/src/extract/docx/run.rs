//! The inline content of a paragraph: runs, links, fields, notes, drawings.

use lectern_core::content::document::{Furniture, SpanKind};

use super::super::dom::{Element, Node};
use super::super::inline::{Inline, Line};
use super::super::opc::is_on;
use super::math::formula;
use super::{Package, changes};

pub(super) fn switch(properties: &Element, name: &str) -> Option<bool> {
    properties.child(name).map(|part| part.local("val").is_none_or(is_on))
}

/// Whether run properties say bold or italic.
pub(super) fn emphasis(properties: &Element) -> Option<bool> {
    match (switch(properties, "b"), switch(properties, "i")) {
        (None, None) => None,
        (bold, italic) => Some(bold == Some(true) || italic == Some(true)),
    }
}

/// The reference of a run whose mark is the text of the run.
pub(super) fn custom_reference(run: &Element) -> Option<(&'static str, &Element)> {
    let found = run.elements().find_map(|part| match &*part.name {
        "footnoteReference" => Some(("footnote", part)),
        "endnoteReference" => Some(("endnote", part)),
        _ => None,
    });
    found.filter(|(_, reference)| reference.local("customMarkFollows").is_some_and(is_on))
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
    /// What is not read, by its reason, for blocks after the paragraph.
    pub left_out: Vec<(Furniture, String)>,
    /// The style of the paragraph, from which its runs inherit.
    style: Option<&'p str>,
    /// Where the formulas of the paragraph begin and end, in raw bytes.
    formulas: Vec<(usize, usize, bool)>,
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
            left_out: Vec::new(),
            style: None,
            formulas: Vec::new(),
        }
    }

    /// Reads a paragraph. Several may follow each other, where the marks between them were deleted.
    pub fn paragraph(&mut self, element: &'p Element) {
        self.style = element.child("pPr").and_then(|properties| properties.value("pStyle"));
        self.read(element);
    }

    /// The formulas, if the paragraph holds nothing else: each with whether it is LaTeX.
    pub fn only_formulas(&self) -> Option<Vec<(String, bool)>> {
        let mut done = 0;
        for (start, end, _) in &self.formulas {
            if !self.inline.between(done, *start).trim_matches([' ', '\n', '\t', ',', ';', '.']).is_empty() {
                return None;
            }
            done = *end;
        }
        let rest = self.inline.since(done).trim_matches([' ', '\n', '\t', ',', ';', '.']);
        let all =
            || self.formulas.iter().map(|(start, end, latex)| (self.inline.between(*start, *end).to_owned(), *latex));
        (rest.is_empty() && !self.formulas.is_empty()).then(|| all().collect())
    }

    /// Sets text aside, as one piece with what stands directly before it.
    fn set_aside(&mut self, furniture: Furniture, text: &str) {
        match self.left_out.last_mut() {
            Some((known, before)) if *known == furniture => before.push_str(text),
            Some(_) | None => self.left_out.push((furniture, text.to_owned())),
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
                // What was moved stands at its new place.
                "moveFrom" => self.deleted_fields(child),
                "del" => {
                    self.deleted_fields(child);
                    self.set_aside(Furniture::Deleted, &changes::deleted_text(child));
                }
                changes::PROMPT => self.set_aside(Furniture::Placeholder, &child.text()),
                "pPr" | "rPr" | "sdtPr" | "sdtEndPr" => {}
                "AlternateContent" => {
                    if let Some(choice) = child.child("Choice").or_else(|| child.child("Fallback")) {
                        self.read(choice);
                    }
                }
                // ins, moveTo, smartTag, sdt, sdtContent, dir, bdo, customXml and the like wrap
                // runs.
                _ => self.read(child),
            }
        }
    }

    fn math(&mut self, math: &Element) {
        // Formulas that follow each other are several.
        if self.formulas.last().is_some_and(|(_, end, _)| *end == self.inline.here()) {
            self.inline.text(" ");
        }
        let start = self.inline.here();
        let (text, latex) = formula(math);
        self.inline.text(&text);
        self.inline.mark(start, SpanKind::Formula { latex });
        if start < self.inline.here() {
            self.formulas.push((start, self.inline.here(), latex));
        }
    }

    /// Fields that begin within what was deleted and end behind it, or the other way round, do not
    /// swallow what stands between.
    fn deleted_fields(&mut self, deleted: &Element) {
        let mut inner = 0_usize;
        for part in deleted.all().into_iter().filter(|part| &*part.name == "fldChar") {
            match part.local("fldCharType") {
                Some("begin") => inner += 1,
                Some("end") if inner > 0 => inner -= 1,
                Some("separate") if inner > 0 => {}
                Some(_) | None => self.field_char(part),
            }
        }
        for _ in 0..inner {
            self.fields.push(Field { instruction: String::new(), result: Some(self.inline.here()) });
        }
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
            let key = target.starts_with('#').then(|| target.clone());
            self.inline.mark_note(start, SpanKind::Link { target }, key);
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
        let style = properties.and_then(|properties| properties.value("rStyle"));
        let direct = |name: &str| properties.and_then(|properties| switch(properties, name));
        let hidden = direct("vanish").unwrap_or_else(|| self.package.styles.hides(self.style, style));
        let struck = direct("strike") == Some(true) || direct("dstrike") == Some(true);
        if hidden || struck {
            // Fields may begin and end in hidden runs.
            self.deleted_fields(run);
            let furniture = if hidden { Furniture::Hidden } else { Furniture::Deleted };
            self.set_aside(furniture, &changes::shown_text(run));
            return;
        }
        let start = self.inline.here();
        self.content(run);
        if start == self.inline.here() {
            return;
        }
        if let Some((name, reference)) = custom_reference(run) {
            let key = reference.local("id").map(|id| format!("{name}:{id}"));
            self.inline.mark_note(start, SpanKind::NoteReference { note: None }, key);
            return;
        }
        let Some(properties) = properties else { return };
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

    /// A character of a symbol font. Those fonts hide their characters in the private use area;
    /// plain ones are kept.
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
        // The mark is the note's place in the document, settled when the notes are numbered; a
        // custom one follows as text.
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
