//! Marked content (14.6): what the file says of a stretch of its drawing.

use lopdf::{Dictionary, Object};

use super::file::File;
use super::interpreter::Machine;
use super::lexer::Operand;
use super::page::{Artifact, Ink, Marks};
use super::structure::Role;

/// Marks within marks.
const DEEPEST: usize = 512;

/// One open mark.
#[derive(Debug, Default)]
pub struct Mark {
    artifact: Option<Artifact>,
    /// Whether it is on a layer that is off.
    off: bool,
    /// The part of the structure that it is, or is in.
    part: Option<u32>,
    /// Text that stands for what is shown within, until it was given out.
    pub actual: Option<String>,
    /// Whether it had such a text.
    pub replaces: bool,
}

/// A mark's properties, which are written in place or named in the resources.
enum Properties<'a> {
    Written(&'a Operand),
    Named(&'a Dictionary),
    None,
}

impl Properties<'_> {
    fn text(&self, file: &File, key: &[u8]) -> Option<String> {
        let bytes = match self {
            Self::Written(written) => written.entry(key).and_then(Operand::text).map(<[u8]>::to_vec),
            Self::Named(named) => file.get(named, key)?.as_str().ok().map(<[u8]>::to_vec),
            Self::None => None,
        };
        lopdf::decode_text_string(&Object::String(bytes?, lopdf::StringFormat::Literal)).ok()
    }

    fn name(&self, file: &File, key: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Written(written) => written.entry(key).and_then(Operand::name).map(<[u8]>::to_vec),
            Self::Named(named) => file.get(named, key)?.as_name().ok().map(<[u8]>::to_vec),
            Self::None => None,
        }
    }

    fn number(&self, file: &File, key: &[u8]) -> Option<u32> {
        let number = match self {
            Self::Written(written) => written.entry(key).and_then(Operand::number)?,
            Self::Named(named) => file.number(named, key)?,
            Self::None => return None,
        };
        (number >= 0.0).then_some(number as u32)
    }

    /// The edges of the page that it is attached to.
    fn attached(&self, file: &File) -> Vec<Vec<u8>> {
        match self {
            Self::Written(written) => match written.entry(b"Attached") {
                Some(Operand::Array(edges)) => edges.iter().filter_map(Operand::name).map(<[u8]>::to_vec).collect(),
                Some(_) | None => Vec::new(),
            },
            Self::Named(named) => file
                .get(named, b"Attached")
                .and_then(|object| object.as_array().ok())
                .into_iter()
                .flatten()
                .filter_map(|item| file.resolve(item).as_name().ok().map(<[u8]>::to_vec))
                .collect(),
            Self::None => Vec::new(),
        }
    }

    fn artifact(&self, file: &File) -> Artifact {
        match self.name(file, b"Subtype").as_deref() {
            Some(b"Watermark") => return Artifact::Watermark,
            Some(b"Header") => return Artifact::Head,
            Some(b"Footer") => return Artifact::Foot,
            Some(b"PageNum") => return Artifact::PageNumber,
            Some(_) | None => {}
        }
        if self.name(file, b"Type").as_deref() != Some(b"Pagination") {
            return Artifact::Other;
        }
        let attached = self.attached(file);
        if attached.iter().any(|edge| edge == b"Top") {
            Artifact::Head
        } else if attached.iter().any(|edge| edge == b"Bottom") {
            Artifact::Foot
        } else {
            Artifact::Other
        }
    }
}

impl<'a> Machine<'a> {
    /// Opens a mark: `BDC`, `BMC`.
    pub fn mark(&mut self, stack: &[Operand], resources: Option<&'a Dictionary>) {
        if self.marks.len() >= DEEPEST {
            return;
        }
        let tag = stack.first().and_then(Operand::name);
        let listed = || resources.and_then(|resources| self.file.dict(self.file.get(resources, b"Properties")?));
        let properties = match stack.get(1) {
            Some(written @ Operand::Dict(_)) => Properties::Written(written),
            Some(Operand::Name(name)) => listed()
                .and_then(|listed| self.file.dict(self.file.get(listed, name)?))
                .map_or(Properties::None, Properties::Named),
            Some(_) | None => Properties::None,
        };
        let actual = properties.text(self.file, b"ActualText");
        let off = tag == Some(b"OC")
            && stack
                .get(1)
                .and_then(Operand::name)
                .and_then(|name| listed()?.get(name).ok())
                .is_some_and(|layer| self.is_off(layer));
        let mut artifact = (tag == Some(b"Artifact")).then(|| properties.artifact(self.file));
        let structure = self.shared.structure.as_ref();
        let part =
            structure.and_then(|structure| structure.part_of(self.owner?, properties.number(self.file, b"MCID")?));
        if structure.zip(part).is_some_and(|(structure, part)| structure.role(part) == Role::Artifact) {
            artifact = artifact.or(Some(Artifact::Other));
        }
        self.marks.push(Mark { artifact, off, part, replaces: actual.is_some(), actual });
    }

    /// What the open marks say of a glyph that is shown with this `ink`.
    pub fn marks(&self, ink: Ink) -> Marks {
        let off = self.marks.iter().any(|mark| mark.off);
        Marks {
            artifact: self.marks.iter().find_map(|mark| mark.artifact),
            ink: if off { Ink::Unseen } else { ink },
            form: self.depth > 0,
            part: self.marks.iter().rev().find_map(|mark| mark.part),
        }
    }

    /// Opens a mark of no meaning but that what is drawn until it ends is a watermark, or is off.
    pub fn mark_as(&mut self, artifact: Option<Artifact>, off: bool) {
        self.marks.push(Mark { artifact, off, ..Mark::default() });
    }
}
