//! The walk through the tree, from the root down: each element is entered once.

use std::collections::HashSet;

use lopdf::{Dictionary, Object, ObjectId};

use super::super::file::File;
use super::super::roles::{Class, Roles, Text};
use super::{Cell, Part, Role, Structure};

/// Elements of the largest tree: a thousand on each of the most pages would still be half of it.
const MOST_ELEMENTS: usize = 2_000_000;
/// Elements within elements. Pages of the web that were printed nest some tens.
const DEEPEST: usize = 200;

/// The parts of the tree below `root`; none where it cannot be followed.
pub fn read(file: &File, root: &Dictionary) -> Option<Structure> {
    let roles = Roles::read(file, root);
    let mut walk = Walk { file, roles, found: Structure::default(), visited: HashSet::new(), elements: 0 };
    walk.kids(root, Place::default(), &mut None).ok()?;
    Some(walk.found)
}

/// The tree cannot be followed.
struct Unsound;

/// Where an element stands.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    page: Option<ObjectId>,
    /// Lists around it.
    lists: u8,
    /// Sections around it.
    sections: u8,
    quoted: bool,
    artifact: bool,
    /// All text within belongs to the open part, whatever elements it stands in.
    absorbed: bool,
    /// It is in a paragraph, so that what has no meaning of its own is part of it.
    in_text: bool,
    /// The item or note whose marker may stand here.
    labels: Option<u32>,
    depth: usize,
}

/// How far a table is read.
#[derive(Debug, Default)]
struct Table {
    rows: usize,
    /// Its first cell.
    first: Option<u32>,
}

struct Walk<'a> {
    file: &'a File,
    roles: Roles<'a>,
    found: Structure,
    visited: HashSet<ObjectId>,
    elements: usize,
}

impl<'a> Walk<'a> {
    fn count(&mut self) -> Result<(), Unsound> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS { Err(Unsound) } else { Ok(()) }
    }

    fn listed(&self, dict: &'a Dictionary) -> &'a [Object] {
        let Ok(entry) = dict.get(b"K") else { return &[] };
        match self.file.resolve(entry).as_array() {
            Ok(array) => array,
            Err(_) => std::slice::from_ref(entry),
        }
    }

    /// Reads what stands in `dict`. Text without a part of its own goes to the `open` one.
    fn kids(&mut self, dict: &'a Dictionary, place: Place, open: &mut Option<u32>) -> Result<(), Unsound> {
        if place.depth > DEEPEST {
            return Err(Unsound);
        }
        let place = Place { page: self.page_of(dict).or(place.page), depth: place.depth + 1, ..place };
        for kid in self.listed(dict) {
            if let Ok(mcid) = self.file.resolve(kid).as_i64() {
                self.count()?;
                self.content(place.page, mcid, place, open);
                continue;
            }
            let Some(element) = self.file.dict(kid) else { continue };
            if let Some(mcid) = self.file.get(element, b"MCID").and_then(|mcid| mcid.as_i64().ok()) {
                self.count()?;
                let stream = element.get(b"Stm").and_then(Object::as_reference).ok();
                self.content(stream.or_else(|| self.page_of(element)).or(place.page), mcid, place, open);
            } else if let Some(element) = self.entered(kid)? {
                self.element(element, place, open)?;
            }
        }
        Ok(())
    }

    fn page_of(&self, dict: &Dictionary) -> Option<ObjectId> {
        dict.get(b"Pg").and_then(Object::as_reference).ok()
    }

    fn content(&mut self, owner: Option<ObjectId>, mcid: i64, place: Place, open: &mut Option<u32>) {
        let (Some(owner), Ok(mcid)) = (owner, u32::try_from(mcid)) else { return };
        let at = *open.get_or_insert_with(|| {
            let role = if place.artifact {
                Role::Artifact
            } else if place.quoted {
                Role::Quote
            } else {
                Role::Paragraph
            };
            self.found.add(role, None)
        });
        self.found.content.entry((owner, mcid)).or_insert(at);
    }

    fn element(&mut self, dict: &'a Dictionary, place: Place, open: &mut Option<u32>) -> Result<(), Unsound> {
        let (label, place) = (place.labels, Place { labels: None, ..place });
        let class = self.roles.class(self.file, dict);
        let before = self.found.parts.len();
        match class {
            Class::Label if label.is_some() => return self.label(dict, label, place),
            Class::Note => return self.note(dict, place),
            Class::Figure => self.figure(dict, place, open)?,
            Class::Table if !place.artifact && !self.is_layout(dict)? => {
                self.table(dict, place, &mut Table::default())?;
            }
            // Entries stand in entries.
            Class::Text(Text::Entry) if !place.artifact => self.text(dict, Text::Entry, place, open)?,
            _ if place.absorbed || place.artifact => return self.kids(dict, place, open),
            Class::Inline | Class::Label => return self.kids(dict, place, open),
            // Within a sentence these are words of it.
            Class::Text(Text::Code | Text::Formula) | Class::Unknown if open.is_some() => {
                return self.kids(dict, place, open);
            }
            Class::Unknown if self.has_content(dict) => self.text(dict, Text::Paragraph, place, open)?,
            Class::Text(text) => self.text(dict, text, place, open)?,
            Class::Artifact => self.kids(dict, Place { artifact: true, ..place }, &mut None)?,
            Class::List => {
                self.found.nests |= place.lists > 0;
                self.kids(dict, Place { lists: place.lists.saturating_add(1), ..place }, &mut None)?;
            }
            Class::Item => self.item(dict, place)?,
            Class::Body => self.kids(dict, place, open)?,
            Class::Quote => self.kids(dict, Place { quoted: true, ..place }, &mut None)?,
            Class::Section if place.in_text => self.kids(dict, place, open)?,
            Class::Section => {
                self.kids(dict, Place { sections: place.sections.saturating_add(1), ..place }, &mut None)?;
            }
            Class::Group | Class::Unknown if place.in_text => self.kids(dict, place, open)?,
            Class::Group | Class::Table | Class::Row | Class::Cell { .. } | Class::Unknown => {
                self.kids(dict, place, &mut None)?;
            }
        }
        // A sentence goes on behind a note or a figure, and behind no other block.
        let aside = |part: &Part| matches!(part.role, Role::Figure | Role::Note | Role::Label | Role::Artifact);
        let block = matches!(class, Class::Text(_) | Class::List | Class::Item | Class::Quote);
        let through = matches!(class, Class::Body | Class::Group | Class::Section | Class::Unknown) && place.in_text;
        if block || class != Class::Body && !through && !self.found.parts[before..].iter().all(aside) {
            *open = None;
        }
        Ok(())
    }

    /// A block of text. The first one in a list item is the item.
    fn text(&mut self, dict: &'a Dictionary, text: Text, place: Place, open: &mut Option<u32>) -> Result<(), Unsound> {
        let role = match text {
            Text::Paragraph if place.quoted => Role::Quote,
            Text::Paragraph => Role::Paragraph,
            Text::Heading(level) => Role::Heading(level.unwrap_or(place.sections).clamp(1, 6)),
            Text::Caption => Role::Caption,
            Text::Code => Role::Code,
            Text::Formula => Role::Formula,
            Text::Entry => Role::Entry,
        };
        let item = open.filter(|at| matches!(self.found.role(*at), Role::Item(_)) && text == Text::Paragraph);
        let at = item.unwrap_or_else(|| self.found.add(role, None));
        // A paragraph may hold lists and tables; what stands in the others is all theirs.
        let absorbed = text != Text::Paragraph;
        self.kids(dict, Place { absorbed, in_text: true, ..place }, &mut Some(at))
    }

    fn item(&mut self, dict: &'a Dictionary, place: Place) -> Result<(), Unsound> {
        let at = self.found.add(Role::Item(place.lists.saturating_sub(1)), None);
        self.kids(dict, Place { labels: Some(at), in_text: false, ..place }, &mut Some(at))
    }

    fn label(&mut self, dict: &'a Dictionary, of: Option<u32>, place: Place) -> Result<(), Unsound> {
        let at = self.found.add(Role::Label, of);
        self.kids(dict, Place { absorbed: true, ..place }, &mut Some(at))
    }

    fn note(&mut self, dict: &'a Dictionary, place: Place) -> Result<(), Unsound> {
        let at = self.found.add(if place.artifact { Role::Artifact } else { Role::Note }, None);
        self.kids(dict, Place { absorbed: true, labels: Some(at), ..place }, &mut Some(at))
    }

    fn figure(&mut self, dict: &'a Dictionary, place: Place, open: &mut Option<u32>) -> Result<(), Unsound> {
        if place.artifact {
            return self.kids(dict, place, open);
        }
        let at = self.found.add(Role::Figure, None);
        if let Some(said) = self.file.text(dict, b"Alt").filter(|said| !is_file_name(said)) {
            self.found.parts[at as usize].alternative = Some(said);
            if let Some(page) = self.page_of(dict).or_else(|| self.first_page(dict)).or(place.page) {
                self.found.figures.push((page, at));
            }
        }
        self.kids(dict, Place { absorbed: false, in_text: false, ..place }, &mut Some(at))
    }

    /// The page of the first content right below an element.
    fn first_page(&self, dict: &'a Dictionary) -> Option<ObjectId> {
        self.listed(dict).iter().find_map(|kid| self.page_of(self.file.dict(kid)?))
    }

    /// What stands in a table: rows, also those of its head, bodies and foot, and what is none.
    fn table(&mut self, dict: &'a Dictionary, place: Place, table: &mut Table) -> Result<(), Unsound> {
        if place.depth > DEEPEST {
            return Err(Unsound);
        }
        let place = Place { page: self.page_of(dict).or(place.page), depth: place.depth + 1, ..place };
        for kid in self.listed(dict) {
            let Some(element) = self.entered(kid)? else { continue };
            match self.roles.class(self.file, element) {
                Class::Row => self.row(element, place, table)?,
                Class::Group | Class::Unknown => self.table(element, place, table)?,
                Class::Inline
                | Class::Text(_)
                | Class::Section
                | Class::List
                | Class::Item
                | Class::Body
                | Class::Label
                | Class::Quote
                | Class::Table
                | Class::Cell { .. }
                | Class::Figure
                | Class::Note
                | Class::Artifact => {
                    self.element(element, Place { absorbed: false, in_text: false, ..place }, &mut None)?;
                }
            }
        }
        Ok(())
    }

    fn row(&mut self, dict: &'a Dictionary, place: Place, table: &mut Table) -> Result<(), Unsound> {
        let place = Place { page: self.page_of(dict).or(place.page), ..place };
        let mut column = 0;
        for kid in self.listed(dict) {
            let Some(element) = self.entered(kid)? else { continue };
            let Class::Cell { header } = self.roles.class(self.file, element) else { continue };
            let cell = Cell { row: table.rows, column, header };
            let at = self.found.add(Role::Cell(cell), table.first);
            table.first.get_or_insert(at);
            self.kids(element, Place { absorbed: true, ..place }, &mut Some(at))?;
            column += self.roles.span(self.file, element);
        }
        table.rows += 1;
        Ok(())
    }

    /// The element that `kid` is, if it is one, which is entered now and may not be again.
    fn entered(&mut self, kid: &'a Object) -> Result<Option<&'a Dictionary>, Unsound> {
        self.count()?;
        let Some(element) = self.file.dict(kid).filter(|element| element.has(b"S")) else { return Ok(None) };
        match kid.as_reference() {
            Ok(id) if !self.visited.insert(id) => Err(Unsound),
            Ok(_) | Err(_) => Ok(Some(element)),
        }
    }

    /// Whether a table only places what stands in it: it has one cell, or a heading or a table in a
    /// cell.
    fn is_layout(&mut self, table: &'a Dictionary) -> Result<bool, Unsound> {
        let mut cells = 0;
        let places = self.places(table, 0, &mut cells)?;
        Ok(places || cells < 2)
    }

    fn places(&mut self, dict: &'a Dictionary, depth: usize, cells: &mut usize) -> Result<bool, Unsound> {
        if depth > DEEPEST {
            return Err(Unsound);
        }
        for kid in self.listed(dict) {
            self.count()?;
            let Some(element) = self.file.dict(kid).filter(|element| element.has(b"S")) else { continue };
            match self.roles.class(self.file, element) {
                Class::Table | Class::Text(Text::Heading(_)) => return Ok(true),
                Class::Cell { .. } => *cells += 1,
                Class::Inline
                | Class::Text(_)
                | Class::Group
                | Class::Section
                | Class::List
                | Class::Item
                | Class::Body
                | Class::Label
                | Class::Quote
                | Class::Row
                | Class::Figure
                | Class::Note
                | Class::Artifact
                | Class::Unknown => {}
            }
            if self.places(element, depth + 1, cells)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an element holds text itself.
    fn has_content(&self, dict: &'a Dictionary) -> bool {
        self.listed(dict).iter().any(|kid| {
            self.file.resolve(kid).as_i64().is_ok() || self.file.dict(kid).is_some_and(|kid| kid.has(b"MCID"))
        })
    }
}

/// Programs describe pictures by the names of their files where nobody has described them.
fn is_file_name(said: &str) -> bool {
    let said = said.trim().to_lowercase();
    [".png", ".jpg", ".jpeg", ".gif", ".svg", ".tif", ".tiff", ".bmp", ".emf", ".wmf", ".webp", ".pdf", ".eps"]
        .iter()
        .any(|ending| said.ends_with(ending))
}
