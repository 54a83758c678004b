//! Parts of the structure to items: what the file says that they are, as far as that can be.

use std::collections::HashMap;

use lectern_core::content::document::{BlockKind, Furniture};

use super::super::content::structure::{Role, Structure};
use super::super::layout::lines::{Line, Piece, TextStyle};
use super::super::layout::metrics::Metrics;
use super::super::layout::region::Region;
use super::super::wording::contents;
use super::super::wording::markers::{self, Marker};
use super::group::{APART, Group};
use super::notes;
use super::paragraphs::{self, Item};

/// Headings hold at most this share of the letters; a file that tags more so tags its text so.
const MOST_HEADINGS: f32 = 1.0 / 3.0;
/// Words of the longest heading: titles of articles run to some two lines. What is longer is text,
/// whatever it is tagged as.
const LONGEST_HEADING: usize = 28;
/// A paragraph in which the reader finds more blocks than this is none: some programs tag a whole
/// page as one. Addresses and verses are set line by line and seem a few.
const MOST_BLOCKS: usize = 4;
/// A table is filled up to a rectangle while that is at most this many times its cells.
const MOST_EMPTY: usize = 8;
/// How sure what the structure tells is: somebody's program has said so, and nobody may have
/// looked.
const TOLD: f32 = 0.95;

/// The extent of a table.
#[derive(Debug, Default)]
struct Frame {
    /// Of each row, its columns and whether it is a header.
    rows: Vec<(usize, bool)>,
    cells: usize,
}

/// Makes items of the parts that it is given in reading order.
#[derive(Debug)]
pub struct Parts<'a> {
    structure: &'a Structure,
    metrics: &'a Metrics,
    frames: HashMap<u32, Frame>,
    /// Whether what is tagged as a heading is one.
    headings: bool,
    /// Where parts, and tables, stand that have begun on an earlier page.
    items: HashMap<u32, usize>,
    notes: HashMap<u32, usize>,
}

impl<'a> Parts<'a> {
    /// For a document of these `regions`.
    pub fn new(structure: &'a Structure, metrics: &'a Metrics, regions: &[Region]) -> Self {
        let mut frames: HashMap<u32, Frame> = HashMap::new();
        for (whole, cell) in structure.cells() {
            let frame = frames.entry(whole).or_default();
            if frame.rows.len() <= cell.row {
                frame.rows.resize(cell.row + 1, (0, true));
            }
            let row = &mut frame.rows[cell.row];
            *row = (row.0.max(cell.column + 1), row.1 && cell.header);
            frame.cells += 1;
        }
        let letters = |is: &dyn Fn(Role) -> bool| -> usize {
            let parts = regions.iter().filter(|region| region.part.is_some_and(|part| is(structure.role(part))));
            parts.flat_map(|region| &region.lines).flat_map(|line| &line.pieces).map(|piece| piece.text.len()).sum()
        };
        let titles = letters(&|role| matches!(role, Role::Heading(_)));
        let headings = titles > 0 && titles as f32 <= MOST_HEADINGS * letters(&|_| true) as f32;
        Self { structure, metrics, frames, headings, items: HashMap::new(), notes: HashMap::new() }
    }

    /// Whether `region` is a paragraph that the reader sees to be many blocks.
    pub fn is_coarse(&self, region: &Region) -> bool {
        let role = region.part.map(|part| self.structure.role(part));
        let text =
            matches!(role, Some(Role::Paragraph | Role::Quote | Role::Item(_) | Role::Heading(_) | Role::Figure));
        let items = || region.apart.iter().flatten().cloned().map(Item::Line).collect();
        text && !region.apart.is_empty() && paragraphs::group(items(), self.metrics).len() > MOST_BLOCKS
    }

    /// Whether the structure tells which paragraphs are notes.
    pub fn tells_notes(&self) -> bool {
        self.structure.has(|role| role == Role::Note)
    }

    /// Whether `region` is running text as far as the structure tells.
    pub fn is_text(&self, region: &Region) -> bool {
        region.part.is_some_and(|part| self.structure.role(part) == Role::Paragraph)
    }

    /// Adds `region`, which is `part`, to `items` or `notes`; `marks` are those on its page that
    /// may refer to notes.
    pub fn place(
        &mut self,
        part: u32,
        region: Region,
        marks: &[String],
        items: &mut Vec<Item>,
        notes: &mut Vec<Group>,
    ) {
        let role = self.structure.role(part);
        if let Some(said) = self.structure.part(part).and_then(|part| part.alternative.as_ref())
            && role == Role::Figure
        {
            let page = region.lines.first().map_or(region.page, |line| line.page);
            items.push(whole(BlockKind::Figure, vec![described(said, page)]));
        }
        if region.lines.is_empty() {
            return;
        }
        match role {
            Role::Cell(cell) => self.cell(part, cell.row, cell.column, region.lines, items),
            Role::Note => self.note(part, region, marks, notes),
            Role::Figure => items.push(whole(BlockKind::Figure, region.lines)),
            Role::Paragraph
            | Role::Heading(_)
            | Role::Item(_)
            | Role::Label
            | Role::Caption
            | Role::Code
            | Role::Quote
            | Role::Formula
            | Role::Entry
            | Role::Artifact => {
                if let Some(item) = self.items.get(&part).and_then(|at| items.get_mut(*at)) {
                    goes_on(item, region.lines);
                    return;
                }
                self.items.insert(part, items.len());
                items.push(self.block(role, region));
            }
        }
    }

    fn block(&self, role: Role, region: Region) -> Item {
        let lines = region.lines;
        let kind = match role {
            Role::Heading(level) if self.headings && is_short(&lines) => BlockKind::Heading { level },
            Role::Item(depth) => return self.item(depth, &region.label, lines),
            Role::Caption => BlockKind::Caption,
            Role::Code => BlockKind::Code { language: None },
            Role::Quote => BlockKind::Quote,
            Role::Formula => BlockKind::Formula { latex: false },
            // Word processors put the heading of a table of contents into it.
            Role::Entry if contents::heading(&text(&lines)) => return Item::Set(lines),
            Role::Entry => BlockKind::Furniture { furniture: Furniture::ContentsEntry },
            Role::Figure
            | Role::Paragraph
            | Role::Heading(_)
            | Role::Label
            | Role::Cell(_)
            | Role::Note
            | Role::Artifact => return Item::Set(lines),
        };
        whole(kind, lines)
    }

    fn item(&self, depth: u8, label: &str, lines: Vec<Line>) -> Item {
        let (ordinal, skip) = lines.first().map(|line| marker(line, label)).unwrap_or_default();
        let Item::Whole(mut group) = whole(BlockKind::ListItem { ordinal, depth }, lines) else {
            return Item::Set(Vec::new());
        };
        group.skip = skip;
        group.depth = self.structure.nests.then_some(depth);
        Item::Whole(group)
    }

    fn note(&mut self, part: u32, region: Region, marks: &[String], notes: &mut Vec<Group>) {
        if let Some(note) = self.notes.get(&part).and_then(|at| notes.get_mut(*at)) {
            region.lines.into_iter().for_each(|line| note.push(line));
            return;
        }
        let mut lines = region.lines.into_iter();
        let Some(first) = lines.next() else { return };
        let (label, skip) = notes::label(&first, &region.label, marks);
        let mut group = Group::new(BlockKind::Footnote { label }, first, APART);
        group.skip = skip;
        lines.for_each(|line| group.push(line));
        self.notes.insert(part, notes.len());
        notes.push(group);
    }

    fn cell(&mut self, part: u32, row: usize, column: usize, lines: Vec<Line>, items: &mut Vec<Item>) {
        let table = self.structure.whole(part);
        let page = lines.first().map_or(0, |line| line.page);
        let at = *self.items.entry(table).or_insert_with(|| {
            let empty = self.frames.get(&table).map(empty_table).unwrap_or_default();
            items.push(Item::Whole(Box::new(Group::table(empty.0, empty.1, page, TOLD))));
            items.len() - 1
        });
        if let Some(Item::Whole(group)) = items.get_mut(at) {
            group.page_end = page;
            if let Some(cell) = group.cells.get_mut(row).and_then(|row| row.get_mut(column)) {
                cell.extend(lines);
            }
        }
    }
}

/// The cells of a table, still empty, and how many of the first rows are headers.
fn empty_table(frame: &Frame) -> (Vec<Vec<Vec<Line>>>, u32) {
    let columns = frame.rows.iter().map(|(columns, _)| *columns).max().unwrap_or(0);
    let filled = frame.rows.len().saturating_mul(columns) <= MOST_EMPTY * frame.cells;
    let cells = frame.rows.iter().map(|(own, _)| vec![Vec::new(); if filled { columns } else { *own }]).collect();
    let headers = frame.rows.iter().take_while(|(columns, header)| *header && *columns > 0).count();
    // A table all of headers has none.
    let headers = if headers == frame.rows.len() { 0 } else { headers };
    (cells, u32::try_from(headers).unwrap_or(0))
}

fn text(lines: &[Line]) -> String {
    lines.iter().map(Line::text).collect::<Vec<_>>().join(" ")
}

fn is_short(lines: &[Line]) -> bool {
    text(lines).split_whitespace().count() <= LONGEST_HEADING
}

fn whole(kind: BlockKind, lines: Vec<Line>) -> Item {
    let mut lines = lines.into_iter();
    let Some(first) = lines.next() else { return Item::Set(Vec::new()) };
    let mut group = Group::new(kind, first, APART);
    group.confidence = TOLD;
    lines.for_each(|line| group.push(line));
    Item::Whole(Box::new(group))
}

fn goes_on(item: &mut Item, more: Vec<Line>) {
    match item {
        Item::Set(lines) => lines.extend(more),
        Item::Whole(group) => more.into_iter().for_each(|line| group.push(line)),
        Item::Line(_) => {}
    }
}

/// The ordinal of an item that begins with `line`, and what of it is no text: its `label`, or a
/// marker that has no tag.
fn marker(line: &Line, label: &str) -> (Option<String>, usize) {
    let text = line.text();
    // Word processors draw the inner bullets as a letter of another font.
    let drawn = matches!(&line.pieces[..], [sign, next, ..] if sign.text == "o" && sign.style.face != next.style.face);
    if let Some(rest) = text.strip_prefix(label).filter(|_| !label.is_empty()) {
        let gap = rest.chars().take_while(|char| char.is_whitespace()).count();
        let ordinal = label.contains(char::is_alphanumeric).then(|| label.to_owned());
        return (ordinal, label.chars().count() + gap);
    }
    match markers::marker(&text) {
        Some((Marker::Ordinal(word), skip)) => (Some(word), skip),
        Some((Marker::Bullet, skip)) => (None, skip),
        // A symbol of a font of its own.
        None => match text.split_once(' ') {
            Some((sign, _)) if sign.chars().count() == 1 && (drawn || !sign.contains(char::is_alphanumeric)) => {
                (None, 2)
            }
            Some(_) | None => (None, 0),
        },
    }
}

/// What stands for a figure, as a line that nothing draws.
fn described(said: &str, page: usize) -> Line {
    let piece = Piece { text: said.to_owned(), x0: 0.0, x1: 0.0, style: TextStyle::default(), space: false };
    Line { pieces: vec![piece], x0: 0.0, x1: 0.0, y: 0.0, size: 1.0, page, region: usize::MAX, left: 0.0, right: 0.0 }
}
