//! The shapes of a slide to blocks.

use std::collections::HashMap;

use lectern_core::content::document::{BlockKind, Furniture, SpanKind};

use super::super::assembly::{Draft, whole};
use super::super::dom::Element;
use super::super::html::{Cell, grid};
use super::super::inline::Line;
use super::super::opc::{alternative, is_on};
use super::NOTES_LABEL;
use super::bullets::{self, Bullet, Counters};
use super::smartart::points;
use super::text::{Text, text};

/// Reads one slide.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    pub links: &'s HashMap<String, String>,
    pub parts: &'s HashMap<String, Element>,
    pub layout: Option<&'s Element>,
    pub master: Option<&'s Element>,
    /// The level of its title.
    pub level: u8,
}

/// What a placeholder is for (ECMA-376, part 1, clause 19.7.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Title,
    Body,
    Furniture(Furniture),
    /// A shape that is no placeholder.
    Other,
}

impl Reader<'_> {
    /// The blocks of a slide: its title, then its shapes in the order of the file.
    pub fn slide(&self, root: &Element) -> Vec<Draft> {
        let mut titles = Vec::new();
        let mut rest = Vec::new();
        let mut furniture = Vec::new();
        let tree = root.child("cSld").and_then(|slide| slide.child("spTree"));
        for shape in tree.into_iter().flat_map(flattened) {
            match role(shape) {
                Role::Title => titles.extend(self.title(shape)),
                Role::Furniture(kind) => furniture.extend(self.plain(shape, BlockKind::Furniture { furniture: kind })),
                Role::Body | Role::Other => rest.extend(self.shape(shape)),
            }
        }
        titles.into_iter().chain(rest).chain(furniture).collect()
    }

    /// The speaker's notes.
    pub fn notes(&self, root: &Element) -> Vec<Draft> {
        let tree = root.child("cSld").and_then(|slide| slide.child("spTree"));
        let shapes = tree.into_iter().flat_map(flattened);
        let kind = BlockKind::Footnote { label: NOTES_LABEL.to_owned() };
        shapes
            .filter(|shape| placeholder(shape) == Some("body"))
            .flat_map(|shape| self.plain(shape, kind.clone()))
            .collect()
    }

    /// A title in all its paragraphs is one heading.
    fn title(&self, shape: &Element) -> Option<Draft> {
        let mut lines = Vec::new();
        let mut language = None;
        for paragraph in paragraphs(shape) {
            let text = text(paragraph, self.links);
            language = language.or(text.language);
            lines.push(text.line);
        }
        let mut draft = Draft::new(BlockKind::Heading { level: self.level }, Line::joined(lines));
        draft.language = language;
        (!draft.line.text.is_empty()).then_some(draft)
    }

    /// The paragraphs of a shape, all of one kind.
    fn plain(&self, shape: &Element, kind: BlockKind) -> Vec<Draft> {
        let texts = paragraphs(shape).map(|paragraph| text(paragraph, self.links));
        texts.map(|text| draft(kind.clone(), text)).filter(|draft| !draft.line.text.is_empty()).collect()
    }

    fn shape(&self, shape: &Element) -> Vec<Draft> {
        let properties = shape.elements().find_map(|part| part.child("cNvPr"));
        let described = properties.map(alternative).unwrap_or_default();
        match &*shape.name {
            "sp" | "cxnSp" => self.body(shape),
            "pic" => vec![Draft::new(BlockKind::Figure, Line::plain(described))],
            "graphicFrame" => self.graphic(shape, described),
            _ => Vec::new(),
        }
    }

    /// The paragraphs of a shape, with their bullets.
    fn body(&self, shape: &Element) -> Vec<Draft> {
        let lists = self.lists(shape);
        let mut counters = Counters::default();
        let mut found = Vec::new();
        for paragraph in paragraphs(shape) {
            let text = text(paragraph, self.links);
            if text.line.text.is_empty() {
                continue;
            }
            let level = bullets::level(paragraph);
            let bullet = paragraph.child("pPr").and_then(bullets::own);
            let bullet = bullet.unwrap_or_else(|| bullets::inherited(lists.iter().copied(), level));
            let ordinal = counters.next(&bullet, level);
            let depth = u8::try_from(level).unwrap_or(u8::MAX);
            let kind = match bullet {
                Bullet::None => formula(&text.line).unwrap_or(BlockKind::Paragraph),
                Bullet::Sign | Bullet::Number { .. } => BlockKind::ListItem { ordinal, depth },
            };
            found.push(draft(kind, text));
        }
        found
    }

    /// What says the bullets of a shape's paragraphs, the nearest first.
    fn lists<'e>(&'e self, shape: &'e Element) -> Vec<&'e Element> {
        let list = |shape: &'e Element| shape.child("txBody").and_then(|body| body.child("lstStyle"));
        let mut found: Vec<&Element> = list(shape).into_iter().collect();
        let Some(kind) = placeholder(shape) else {
            found.extend(self.master.and_then(|master| master.child("txStyles")?.child("otherStyle")));
            return found;
        };
        let index = place(shape);
        let layout = self.layout.and_then(|layout| same_place(layout, index, kind));
        found.extend(layout.and_then(list));
        // A placeholder of a layout says what its own are for; without a type it is for anything,
        // as bodies are.
        let kind = layout.and_then(placeholder).unwrap_or(kind);
        let of_master = match kind {
            "subTitle" | "obj" | "" | "tbl" | "chart" | "pic" | "clipArt" | "dgm" | "media" => "body",
            other => other,
        };
        found.extend(self.master.and_then(|master| same_kind(master, of_master)).and_then(list));
        let style = if of_master == "body" { "bodyStyle" } else { "otherStyle" };
        found.extend(self.master.and_then(|master| master.child("txStyles")?.child(style)));
        found
    }

    fn graphic(&self, frame: &Element, described: &str) -> Vec<Draft> {
        let data = frame.find("graphicData");
        if let Some(table) = data.and_then(|data| data.child("tbl")) {
            return vec![self.table(table)];
        }
        let part = |name: &str, key: &str| {
            let reference = data?.find(name)?;
            self.parts.get(reference.local(key)?)
        };
        if let Some(diagram) = part("relIds", "dm") {
            return self.diagram(diagram);
        }
        let title = part("chart", "id").and_then(|chart| chart.find("title"));
        let title = title.map(|title| {
            title.all().iter().filter(|part| &*part.name == "t").map(|part| part.text()).collect::<Vec<_>>().join(" ")
        });
        let said = if described.is_empty() { title.unwrap_or_default() } else { described.to_owned() };
        vec![Draft::new(BlockKind::Figure, Line::plain(&said))]
    }

    fn diagram(&self, diagram: &Element) -> Vec<Draft> {
        let mut found = Vec::new();
        for (depth, point) in points(diagram) {
            for paragraph in point.child("t").into_iter().flat_map(Element::elements).filter(|part| &*part.name == "p")
            {
                let depth = u8::try_from(depth).unwrap_or(u8::MAX);
                found.push(draft(BlockKind::ListItem { ordinal: None, depth }, text(paragraph, self.links)));
            }
        }
        found.retain(|draft| !draft.line.text.is_empty());
        found
    }

    /// A table: merged cells keep their places, which are empty.
    fn table(&self, table: &Element) -> Draft {
        let rows = table.elements().filter(|part| &*part.name == "tr");
        let covered = |cell: &Element| ["hMerge", "vMerge"].iter().any(|key| cell.attribute(key).is_some_and(is_on));
        let cells: Vec<Vec<Cell>> = rows
            .map(|row| {
                let cells = row.elements().filter(|part| &*part.name == "tc");
                let line = |cell| if covered(cell) { Line::default() } else { self.cell(cell) };
                cells.map(|cell| Cell { line: line(cell), columns: 1, rows: 1 }).collect()
            })
            .collect();
        let headed = table.child("tblPr").and_then(|part| part.attribute("firstRow")).is_some_and(is_on);
        Draft::table(grid(cells), u32::from(headed))
    }

    fn cell(&self, cell: &Element) -> Line {
        Line::joined(paragraphs(cell).map(|paragraph| text(paragraph, self.links).line))
    }
}

fn draft(kind: BlockKind, text: Text) -> Draft {
    let mut draft = Draft::new(kind, text.line);
    if matches!(draft.kind, BlockKind::Formula { .. }) {
        draft.line.marks.clear();
    }
    draft.language = text.language;
    draft
}

/// The formula that is all of `line`.
fn formula(line: &Line) -> Option<BlockKind> {
    let first = line.marks.first().filter(|mark| mark.range == whole(line))?;
    if let SpanKind::Formula { latex } = first.kind { Some(BlockKind::Formula { latex }) } else { None }
}

/// The shapes of a tree in their order, those of groups in the place of the group.
fn flattened(tree: &Element) -> Vec<&Element> {
    let mut found = Vec::new();
    for part in tree.elements() {
        match &*part.name {
            "grpSp" => found.extend(flattened(part)),
            "AlternateContent" => {
                let choice = part.child("Choice").or_else(|| part.child("Fallback"));
                found.extend(choice.into_iter().flat_map(flattened));
            }
            "sp" | "cxnSp" | "pic" | "graphicFrame" => found.push(part),
            _ => {}
        }
    }
    found
}

fn paragraphs(shape: &Element) -> impl Iterator<Item = &Element> {
    shape.child("txBody").into_iter().flat_map(Element::elements).filter(|part| &*part.name == "p")
}

fn properties(shape: &Element) -> Option<&Element> {
    shape.elements().find_map(|part| part.child("nvPr")?.child("ph"))
}

/// The type of a placeholder, empty where it names none; none for other shapes.
fn placeholder(shape: &Element) -> Option<&str> {
    properties(shape).map(|placeholder| placeholder.attribute("type").unwrap_or_default())
}

fn place(shape: &Element) -> Option<&str> {
    properties(shape).and_then(|placeholder| placeholder.attribute("idx"))
}

/// The placeholder of a layout that one of a slide takes its form from: of the same place, else of
/// the same type.
fn same_place<'e>(layout: &'e Element, index: Option<&str>, kind: &str) -> Option<&'e Element> {
    let by_place = |index: &str| {
        tree(layout).into_iter().find(|shape| placeholder(shape).is_some() && place(shape) == Some(index))
    };
    index.and_then(by_place).or_else(|| same_kind(layout, kind))
}

fn same_kind<'e>(part: &'e Element, kind: &str) -> Option<&'e Element> {
    tree(part).into_iter().find(|shape| placeholder(shape) == Some(kind))
}

fn tree(part: &Element) -> Vec<&Element> {
    part.child("cSld").and_then(|slide| slide.child("spTree")).map(flattened).unwrap_or_default()
}

fn role(shape: &Element) -> Role {
    match placeholder(shape) {
        Some("title" | "ctrTitle") => Role::Title,
        Some("dt" | "ftr") => Role::Furniture(Furniture::RunningFoot),
        Some("hdr") => Role::Furniture(Furniture::RunningHead),
        Some("sldNum") => Role::Furniture(Furniture::PageNumber),
        Some(_) => Role::Body,
        None => Role::Other,
    }
}
