//! The names of structure elements: the standard ones (14.8.4; ISO 32000-2, 14.8.4), and those that
//! the file maps to them.

use std::collections::HashMap;

use lopdf::{Dictionary, Object};

use super::file::File;

/// Steps from a name of the file's own to a standard one; more is a loop.
const MOST_STEPS: usize = 32;
/// Columns of the widest cell.
const WIDEST: usize = 1_000;

/// A kind of text that is a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// A paragraph.
    Paragraph,
    /// A heading; of its section where it has no level.
    Heading(Option<u8>),
    /// A caption.
    Caption,
    /// A listing.
    Code,
    /// A formula.
    Formula,
    /// An entry of a table of contents.
    Entry,
}

/// What an element is for the walk through the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A part of a block's text.
    Inline,
    /// A block of text.
    Text(Text),
    /// Holds blocks.
    Group,
    /// Holds blocks under a heading.
    Section,
    /// `L`.
    List,
    /// `LI`.
    Item,
    /// `LBody`.
    Body,
    /// `Lbl`.
    Label,
    /// `BlockQuote`.
    Quote,
    /// `Table`.
    Table,
    /// `TR`.
    Row,
    /// `TH`, `TD`.
    Cell {
        /// Whether it heads others.
        header: bool,
    },
    /// `Figure`.
    Figure,
    /// `Note`, `FENote`.
    Note,
    /// `Artifact`.
    Artifact,
    /// A name that leads to no standard one.
    Unknown,
}

/// The names of one file.
#[derive(Debug)]
pub struct Roles<'a> {
    own: HashMap<&'a [u8], &'a [u8]>,
}

impl<'a> Roles<'a> {
    /// Of the tree with this `root`.
    pub fn read(file: &'a File, root: &'a Dictionary) -> Self {
        let map = file.get(root, b"RoleMap").and_then(|object| file.dict(object));
        let named =
            |(name, object): (&'a Vec<u8>, &'a Object)| Some((name.as_slice(), file.resolve(object).as_name().ok()?));
        Self { own: map.into_iter().flatten().filter_map(named).collect() }
    }

    /// What the element `dict` is.
    pub fn class(&self, file: &File, dict: &Dictionary) -> Class {
        let Some(mut name) = file.get(dict, b"S").and_then(|name| name.as_name().ok()) else { return Class::Unknown };
        let space = file.get(dict, b"NS").and_then(|space| file.dict(space));
        let mapped = space.and_then(|space| file.dict(file.get(space, b"RoleMapNS")?));
        for _ in 0..MOST_STEPS {
            if let Some(class) = standard(name) {
                return class;
            }
            // A name, or a name with its namespace.
            let next = mapped.and_then(|mapped| file.get(mapped, name)).and_then(|object| {
                let named = object.as_array().ok().map_or(Some(object), |pair| pair.first())?;
                file.resolve(named).as_name().ok()
            });
            match next.or_else(|| self.own.get(name).copied()) {
                Some(next) => name = next,
                // Only programs that map no such name mean what later versions of the format mean
                // by it.
                None if name == b"Artifact" => return Class::Artifact,
                None => return Class::Unknown,
            }
        }
        Class::Unknown
    }

    /// The columns that a cell covers.
    pub fn span(&self, file: &File, cell: &Dictionary) -> usize {
        let Some(attributes) = file.get(cell, b"A") else { return 1 };
        let one = std::slice::from_ref(attributes);
        let all = attributes.as_array().map_or(one, Vec::as_slice);
        let span = all.iter().find_map(|owner| file.number(file.dict(owner)?, b"ColSpan"));
        span.map_or(1, |span| (span as usize).clamp(1, WIDEST))
    }
}

fn standard(name: &[u8]) -> Option<Class> {
    Some(match name {
        b"P" => Class::Text(Text::Paragraph),
        b"H" => Class::Text(Text::Heading(None)),
        b"Title" => Class::Text(Text::Heading(Some(1))),
        [b'H', level @ b'1'..=b'9'] => Class::Text(Text::Heading(Some(level - b'0'))),
        b"Caption" => Class::Text(Text::Caption),
        b"Code" => Class::Text(Text::Code),
        b"Formula" => Class::Text(Text::Formula),
        b"TOCI" => Class::Text(Text::Entry),
        b"Sect" => Class::Section,
        b"Document" | b"DocumentFragment" | b"Part" | b"Art" | b"Div" | b"Aside" | b"TOC" | b"Index" | b"NonStruct"
        | b"Private" | b"THead" | b"TBody" | b"TFoot" => Class::Group,
        b"BlockQuote" => Class::Quote,
        b"L" => Class::List,
        b"LI" => Class::Item,
        b"LBody" => Class::Body,
        b"Lbl" => Class::Label,
        b"Table" => Class::Table,
        b"TR" => Class::Row,
        b"TH" => Class::Cell { header: true },
        b"TD" => Class::Cell { header: false },
        b"Figure" => Class::Figure,
        b"Note" | b"FENote" => Class::Note,
        b"Span" | b"Quote" | b"Reference" | b"BibEntry" | b"Link" | b"Annot" | b"Em" | b"Strong" | b"Sub" | b"Ruby"
        | b"RB" | b"RT" | b"RP" | b"Warichu" | b"WT" | b"WP" | b"Form" => Class::Inline,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_in_a_circle_is_unknown_and_a_standard_one_is_itself() {
        let own: [(&[u8], &[u8]); 4] = [(b"A", b"B"), (b"B", b"A"), (b"H1", b"P"), (b"Mine", b"H2")];
        let roles = Roles { own: own.into_iter().collect() };
        let file = File::open(include_bytes!("../../../../../../tests/fixtures/pdf/columns.pdf")).unwrap();
        for (name, wanted) in [
            ("A", Class::Unknown),
            ("H1", Class::Text(Text::Heading(Some(1)))),
            ("Mine", Class::Text(Text::Heading(Some(2)))),
            ("Artifact", Class::Artifact),
        ] {
            let dict = Dictionary::from_iter([("S", Object::Name(name.into()))]);
            assert_eq!(roles.class(&file, &dict), wanted, "{name}");
        }
    }
}
