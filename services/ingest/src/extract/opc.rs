//! The package of Office files: its parts and the relationships between them (ECMA-376, part 2).

use std::collections::HashMap;

use lectern_core::Failure;

use super::archive::Archive;
use super::assembly::Meta;
use super::dom::{Element, parse_xml};
use super::encoding::decode;
use super::html::resolve;

/// A relationship of a part (ECMA-376, part 2, clause 9.3).
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub id: String,
    /// The last part of its type's address (`styles`); the same in the strict and the transitional
    /// form.
    pub kind: String,
    /// The path of the part within the package, or the address of what is outside of it.
    pub target: String,
    pub external: bool,
}

/// The relationships of `part`; those of the package for an empty name.
///
/// # Errors
/// Those of archives, and `DOCUMENT_DAMAGED` where they are not well-formed.
pub(super) fn relations(archive: &mut Archive<'_>, part: &str) -> Result<Vec<Relation>, Failure> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let path = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
    let Some(root) = optional(archive, &path)? else { return Ok(Vec::new()) };
    let read = |element: &Element| {
        let external = element.attribute("TargetMode") == Some("External");
        let target = element.attribute("Target")?;
        Some(Relation {
            id: element.attribute("Id")?.to_owned(),
            kind: element.attribute("Type")?.rsplit('/').next()?.to_owned(),
            target: if external { target.to_owned() } else { resolve(part, target) },
            external,
        })
    };
    Ok(root.elements().filter_map(read).collect())
}

/// The main part: the target of the package's `officeDocument` relationship, else `usual`.
///
/// # Errors
/// As [`relations`].
pub(super) fn main_part(archive: &mut Archive<'_>, usual: &str) -> Result<String, Failure> {
    let found = relations(archive, "")?.into_iter().find(|relation| relation.kind == "officeDocument");
    Ok(found.map_or_else(|| usual.to_owned(), |relation| relation.target))
}

/// The targets outside of the package, by id.
pub(super) fn external(relations: &[Relation]) -> HashMap<String, String> {
    let outside = relations.iter().filter(|relation| relation.external);
    outside.map(|relation| (relation.id.clone(), relation.target.clone())).collect()
}

/// A part that must be there.
///
/// # Errors
/// Those of archives, and `DOCUMENT_DAMAGED` where it is missing or not well-formed.
pub(super) fn needed(archive: &mut Archive<'_>, name: &str) -> Result<Element, Failure> {
    parse_xml(name, &decode(&archive.need(name)?).text)
}

/// A part that may be missing.
///
/// # Errors
/// Those of archives, and `DOCUMENT_DAMAGED` where it is not well-formed.
pub(super) fn optional(archive: &mut Archive<'_>, name: &str) -> Result<Option<Element>, Failure> {
    match archive.read(name)? {
        Some(bytes) => parse_xml(name, &decode(&bytes).text).map(Some),
        None => Ok(None),
    }
}

/// The core properties.
///
/// # Errors
/// As [`optional`].
pub(super) fn core_properties(archive: &mut Archive<'_>) -> Result<Meta, Failure> {
    let Some(root) = optional(archive, "docProps/core.xml")? else { return Ok(Meta::default()) };
    let text = |name: &str| root.child(name).map(|part| part.text().trim().to_owned()).filter(|text| !text.is_empty());
    let authors =
        text("creator").map(|names| names.split(';').map(|name| name.trim().to_owned()).collect()).unwrap_or_default();
    Ok(Meta { title: text("title"), authors, language: text("language"), ..Meta::default() })
}

/// Whether an on/off value says on (ECMA-376, part 1, clause 22.9.2.7).
pub(super) fn is_on(value: &str) -> bool {
    !matches!(value, "0" | "false" | "off")
}

/// What a picture says of itself, unless that is only the name of its file, which programs write
/// there for want of better.
pub(super) fn alternative(properties: &Element) -> &str {
    let said = ["descr", "title"].iter().find_map(|key| {
        properties.attribute(key).map(str::trim).filter(|text| !text.is_empty() && !is_file_name(text))
    });
    said.unwrap_or_default()
}

/// Whether a text is the name or path of a picture's file.
fn is_file_name(text: &str) -> bool {
    let end = text.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).unwrap_or_default();
    let ends = ["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "svg", "emf", "wmf", "webp", "ico", "heic", "pdf"];
    ends.contains(&end.as_str()) && (!text.contains(' ') || text.contains(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_name_is_no_description() {
        for (text, wanted) in [
            ("image1.png", ""),
            ("C:\\My Pictures\\a b.JPG", ""),
            ("A gull on a post.", "A gull on a post."),
            ("the file plan.png as printed", "the file plan.png as printed"),
        ] {
            let xml = format!("<cNvPr descr='{text}'/>");
            assert_eq!(alternative(&parse_xml("x", &xml).unwrap()), wanted);
        }
    }
}
