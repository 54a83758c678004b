//! DOCX: the main document of an Office Open XML package (ECMA-376, part 1), with its styles, numbering, notes, heads and feet.
//! Tracked changes are read as accepted.

mod body;
mod math;
mod numbering;
mod run;
mod styles;

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::{Content, Furniture};

use super::archive::{Archive, damaged_because};
use super::assembly::{Assembly, Meta};
use super::dom::{Element, parse_xml};
use super::encoding::decode;
use super::html::resolve;
pub(super) use math::formula;

use body::Body;
use numbering::Numbering;
use styles::Styles;

/// What the parts of a document share.
#[derive(Debug)]
struct Package {
    styles: Styles,
    /// Targets of external relationships of the part being read, by id.
    links: HashMap<String, String>,
    /// The printed marks of notes, by kind (`footnote`) and id.
    labels: HashMap<(String, String), String>,
}

/// A DOCX to blocks.
///
/// # Errors
/// `DOCUMENT_DAMAGED` without a readable main part, `DOCUMENT_EMPTY` without words, and those of archives.
pub(super) fn extract(source: &[u8]) -> Result<Content, Failure> {
    let mut archive = Archive::open(source)?;
    let main = main_part(&mut archive)?;
    let relations = relations(&mut archive, &main)?;
    let part = |kind: &str| {
        relations
            .iter()
            .find(|relation| relation.kind == kind && !relation.external)
            .map(|relation| resolve(&main, &relation.target))
    };
    let styles = optional(&mut archive, part("styles"))?.map(|root| Styles::read(&root)).unwrap_or_default();
    let numbering = optional(&mut archive, part("numbering"))?.map(|root| Numbering::read(&root)).unwrap_or_default();
    let document = parse(&mut archive, &main)?;
    let links = external(&relations);
    let mut assembly = Assembly { meta: core(&mut archive)?, ..Assembly::default() };
    if assembly.meta.language.is_none() {
        assembly.meta.language = styles.language.clone();
    }
    let labels = body::labels(&document);
    let mut package = Package { styles, links, labels };
    // The heads of all sections come first: they have no place in the text.
    let mut heads = Vec::new();
    for (kind, furniture) in [("header", Furniture::RunningHead), ("footer", Furniture::RunningFoot)] {
        for relation in relations.iter().filter(|relation| relation.kind == kind) {
            heads.extend(optional(&mut archive, Some(resolve(&main, &relation.target)))?.map(|root| (root, furniture)));
        }
    }
    let mut body = Body::new(&mut assembly, &package, numbering);
    for (root, furniture) in &heads {
        body.furniture(root, *furniture);
    }
    body.read(document.child("body").ok_or_else(|| damaged_because("its main part has no body"))?);
    let numbering = body.finish();
    for (kind, name) in [("footnotes", "footnote"), ("endnotes", "endnote")] {
        if let Some(path) = part(kind) {
            let own = self::relations(&mut archive, &path)?;
            if let Some(root) = optional(&mut archive, Some(path))? {
                package.links = external(&own);
                Body::new(&mut assembly, &package, numbering.clone()).notes(&root, name);
            }
        }
    }
    assembly.finish("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx/1")
}

/// A relationship of a part (ECMA-376, part 2, clause 9.3).
#[derive(Debug)]
struct Relation {
    id: String,
    /// The last part of its type's address (`styles`); the same in the strict and the transitional form.
    kind: String,
    target: String,
    external: bool,
}

fn relations(archive: &mut Archive<'_>, part: &str) -> Result<Vec<Relation>, Failure> {
    let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
    let path = if folder.is_empty() { format!("_rels/{name}.rels") } else { format!("{folder}/_rels/{name}.rels") };
    let Some(root) = optional(archive, Some(path))? else { return Ok(Vec::new()) };
    let read = |element: &Element| {
        Some(Relation {
            id: element.attribute("Id")?.to_owned(),
            kind: element.attribute("Type")?.rsplit('/').next()?.to_owned(),
            target: element.attribute("Target")?.to_owned(),
            external: element.attribute("TargetMode") == Some("External"),
        })
    };
    Ok(root.elements().filter_map(read).collect())
}

fn external(relations: &[Relation]) -> HashMap<String, String> {
    relations
        .iter()
        .filter(|relation| relation.external)
        .map(|relation| (relation.id.clone(), relation.target.clone()))
        .collect()
}

/// The main part: the target of the package's `officeDocument` relationship.
fn main_part(archive: &mut Archive<'_>) -> Result<String, Failure> {
    let relations = relations(archive, "")?;
    let found = relations.into_iter().find(|relation| relation.kind == "officeDocument");
    Ok(found.map_or_else(|| "word/document.xml".to_owned(), |relation| resolve("", &relation.target)))
}

fn parse(archive: &mut Archive<'_>, name: &str) -> Result<Element, Failure> {
    parse_xml(name, &decode(&archive.need(name)?).text)
}

fn optional(archive: &mut Archive<'_>, name: Option<String>) -> Result<Option<Element>, Failure> {
    let Some(name) = name else { return Ok(None) };
    match archive.read(&name)? {
        Some(bytes) => parse_xml(&name, &decode(&bytes).text).map(Some),
        None => Ok(None),
    }
}

/// The core properties.
fn core(archive: &mut Archive<'_>) -> Result<Meta, Failure> {
    let Some(root) = optional(archive, Some("docProps/core.xml".to_owned()))? else { return Ok(Meta::default()) };
    let text = |name: &str| root.child(name).map(|part| part.text().trim().to_owned()).filter(|text| !text.is_empty());
    let authors =
        text("creator").map(|names| names.split(';').map(|name| name.trim().to_owned()).collect()).unwrap_or_default();
    Ok(Meta { title: text("title"), authors, language: text("language"), pages: None })
}
