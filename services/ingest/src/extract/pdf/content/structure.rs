//! The structure tree (14.7): what the file says that its text is, and in which order it is read.
//! Here it is only read; whether it is believed is judged on the pages (`layout/tagged`). A tree
//! that loops, is too deep or too large, or says of itself that it is doubtful, is as good as none.

use std::collections::HashMap;

use lopdf::ObjectId;

use super::file::File;

mod walk;

/// What a part of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Running text, as far as the file tells.
    Paragraph,
    /// A heading.
    Heading(u8),
    /// The first paragraph of a list item, in lists within so many others.
    Item(u8),
    /// The marker of an item or a note.
    Label,
    /// A cell of a table.
    Cell(Cell),
    /// A caption.
    Caption,
    /// A note.
    Note,
    /// A listing.
    Code,
    /// A quotation.
    Quote,
    /// A figure.
    Figure,
    /// A displayed formula.
    Formula,
    /// An entry of a table of contents.
    Entry,
    /// No content.
    Artifact,
}

/// The place of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Its row.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// Whether it heads others.
    pub header: bool,
}

/// A part of the text that is one block, a cell, or a marker.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is.
    pub role: Role,
    /// The first part of the table, the item or the note to which it belongs; mostly itself.
    pub whole: u32,
    /// What stands for it where it is not text.
    pub alternative: Option<String>,
}

/// The tree, as its parts in reading order.
#[derive(Debug, Default)]
pub struct Structure {
    parts: Vec<Part>,
    /// By the page or form, and the number of the marked content in it.
    content: HashMap<(ObjectId, u32), u32>,
    /// Figures that have a description, by page.
    pub figures: Vec<(ObjectId, u32)>,
    /// Whether it has lists within lists.
    pub nests: bool,
}

impl Structure {
    /// The tree of `file`, if it has one.
    pub fn read(file: &File) -> Option<Self> {
        let catalog = file.document().catalog().ok()?;
        let info = file.get(catalog, b"MarkInfo").and_then(|object| file.dict(object));
        let doubtful =
            info.and_then(|info| file.get(info, b"Suspects")).and_then(|flag| flag.as_bool().ok()) == Some(true);
        let root = file.get(catalog, b"StructTreeRoot").and_then(|object| file.dict(object)).filter(|_| !doubtful)?;
        walk::read(file, root).filter(|found| !found.content.is_empty())
    }

    /// The part to which marked content number `mcid` of a page or a form belongs.
    pub fn part_of(&self, owner: ObjectId, mcid: u32) -> Option<u32> {
        self.content.get(&(owner, mcid)).copied()
    }

    /// What part `at` is.
    pub fn role(&self, at: u32) -> Role {
        self.part(at).map_or(Role::Paragraph, |part| part.role)
    }

    /// The first part of what `at` belongs to.
    pub fn whole(&self, at: u32) -> u32 {
        self.part(at).map_or(at, |part| part.whole)
    }

    /// Part `at`.
    pub fn part(&self, at: u32) -> Option<&Part> {
        self.parts.get(at as usize)
    }

    /// The cells of all tables, with the first cell of theirs.
    pub fn cells(&self) -> impl Iterator<Item = (u32, Cell)> {
        self.parts.iter().filter_map(|part| {
            let Role::Cell(cell) = part.role else { return None };
            Some((part.whole, cell))
        })
    }

    /// Whether any part satisfies `is`.
    pub fn has(&self, is: impl Fn(Role) -> bool) -> bool {
        self.parts.iter().any(|part| is(part.role))
    }
}

impl Structure {
    fn add(&mut self, role: Role, whole: Option<u32>) -> u32 {
        let at = u32::try_from(self.parts.len()).unwrap_or(u32::MAX);
        self.parts.push(Part { role, whole: whole.unwrap_or(at), alternative: None });
        at
    }
}
