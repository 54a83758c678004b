//! DOCX: the main document of an Office Open XML package (ECMA-376, part 1), with its styles,
//! numbering, notes, heads and feet.
//!
//! What it can: tracked changes by their final state (runs, paragraph marks, rows, cells, moves,
//! fields), content controls, text boxes, formulas, notes of both kinds, parts of HTML, tables that
//! only arrange a page. What is deleted, hidden by any style, a prompt or a reviewer's comment
//! becomes furniture. What it cannot: the text of diagrams and charts, embedded documents other
//! than HTML, macros, and the order of text boxes that float over a page.

mod body;
mod changes;
mod labels;
mod math;
mod numbering;
mod run;
mod styles;
mod table;

use std::collections::HashMap;

use lectern_core::Failure;
use lectern_core::content::document::{Content, Furniture, Matter};

use super::archive::{Archive, damaged_because};
use super::assembly::Assembly;
use super::encoding::decode;
use super::opc;
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
    /// Parts of other formats that stand for a piece of the text, by id; none where they are not
    /// HTML.
    chunks: HashMap<String, Option<String>>,
}

/// A DOCX to blocks.
///
/// # Errors
/// `DOCUMENT_DAMAGED` without a readable main part, `DOCUMENT_EMPTY` without words, and those of
/// archives.
pub(super) fn extract(source: &[u8]) -> Result<Content, Failure> {
    let mut archive = Archive::open(source)?;
    let main = opc::main_part(&mut archive, "word/document.xml")?;
    let relations = opc::relations(&mut archive, &main)?;
    let part = |kind: &str| {
        let found = relations.iter().find(|relation| relation.kind == kind && !relation.external);
        found.map_or("", |relation| relation.target.as_str())
    };
    let styles = opc::optional(&mut archive, part("styles"))?.map(|root| Styles::read(&root)).unwrap_or_default();
    let numbering =
        opc::optional(&mut archive, part("numbering"))?.map(|root| Numbering::read(&root)).unwrap_or_default();
    let mut document = opc::needed(&mut archive, &main)?;
    changes::mark_prompts(&mut document, false);
    let links = opc::external(&relations);
    let mut assembly = Assembly { meta: opc::core_properties(&mut archive)?, ..Assembly::default() };
    if assembly.meta.language.is_none() {
        assembly.meta.language = styles.language.clone();
    }
    let labels = labels::labels(&document);
    let chunks = chunks(&mut archive, &relations)?;
    let mut package = Package { styles, links, labels, chunks };
    // The heads of all sections come first: they have no place in the text.
    let mut heads = Vec::new();
    for (kind, furniture) in [("header", Furniture::RunningHead), ("footer", Furniture::RunningFoot)] {
        for relation in relations.iter().filter(|relation| relation.kind == kind) {
            heads.extend(opc::optional(&mut archive, &relation.target)?.map(|root| (root, furniture)));
        }
    }
    let mut body = Body::new(&mut assembly, &package, numbering);
    for (root, furniture) in &heads {
        body.furniture(root, *furniture);
    }
    body.read(document.child("body").ok_or_else(|| damaged_because("its main part has no body"))?);
    let numbering = body.finish();
    for (kind, name) in [("footnotes", "footnote"), ("endnotes", "endnote")] {
        if let Some(mut root) = opc::optional(&mut archive, part(kind))? {
            changes::mark_prompts(&mut root, false);
            package.links = opc::external(&opc::relations(&mut archive, part(kind))?);
            Body::new(&mut assembly, &package, numbering.clone()).notes(&root, name);
        }
    }
    if let Some(root) = opc::optional(&mut archive, part("comments"))? {
        for comment in root.elements().filter(|part| &*part.name == "comment") {
            assembly.leave_out(Furniture::Comment, &changes::shown_text(comment), Matter::Body);
        }
    }
    assembly.finish("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx/5")
}

/// The parts that stand for a piece of the text.
fn chunks(archive: &mut Archive<'_>, relations: &[opc::Relation]) -> Result<HashMap<String, Option<String>>, Failure> {
    let mut chunks = HashMap::new();
    for relation in relations.iter().filter(|relation| relation.kind == "aFChunk" && !relation.external) {
        let path = relation.target.as_str();
        let html = [".html", ".htm", ".xhtml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
        let text = if html { archive.read(path)?.map(|bytes| decode(&bytes).text) } else { None };
        chunks.insert(relation.id.clone(), text);
    }
    Ok(chunks)
}
