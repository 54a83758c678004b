//! XLSX: the sheets of a workbook as headings and tables (ECMA-376, part 1, chapter 18), with
//! values as people see them: numbers, percentages, amounts, dates and times by their formats.
//!
//! Blank rows divide a sheet into tables, empty borders go, merged cells keep their place. Hidden
//! sheets, rows and columns, and comments, are listed and not spoken.
//!
//! It cannot read: charts, pictures and text boxes, heads and feet of the printed page, fractions
//! (`# ?/?` comes out as a decimal), formats that depend on a condition or on the reader's country
//! (dates of the system's own format come out as `2024-03-01`), and formulas that were never
//! calculated, which have no value.

mod date;
mod format;
mod sheet;
mod strings;

use lectern_core::Failure;
use lectern_core::content::document::{BlockKind, Content, Furniture};

use super::archive::{Archive, damaged_because};
use super::assembly::{Assembly, Draft};
use super::dom::Element;
use super::inline::Line;
use super::opc::{self, is_on};
use super::sheet::{CELLS, blocks, too_many_cells};
use format::Formats;
use sheet::Sheet;

/// An XLSX to blocks.
///
/// # Errors
/// `DOCUMENT_DAMAGED` without a readable workbook, `DOCUMENT_EMPTY` without words,
/// `DOCUMENT_TOO_COMPLEX` past a limit, and those of archives.
pub(super) fn extract(source: &[u8]) -> Result<Content, Failure> {
    let mut archive = Archive::open(source)?;
    let main = opc::main_part(&mut archive, "xl/workbook.xml")?;
    let workbook = opc::needed(&mut archive, &main)?;
    let relations = opc::relations(&mut archive, &main)?;
    let part = |kind: &str| relations.iter().find(|relation| relation.kind == kind).map(|relation| &relation.target);
    let strings = match part("sharedStrings") {
        Some(path) => archive.read(path)?.map(|bytes| strings::read(path, &bytes)).transpose()?.unwrap_or_default(),
        None => Vec::new(),
    };
    let styles = match part("styles") {
        Some(path) => opc::optional(&mut archive, path)?,
        None => None,
    };
    let from_1904 = workbook.child("workbookPr").and_then(|part| part.attribute("date1904")).is_some_and(is_on);
    let formats = Formats::read(styles.as_ref(), from_1904);
    let mut assembly = Assembly { meta: opc::core_properties(&mut archive)?, ..Assembly::default() };
    let sheets: Vec<&Element> = workbook.child("sheets").into_iter().flat_map(Element::elements).collect();
    if sheets.is_empty() {
        return Err(damaged_because("it has no sheets"));
    }
    let mut left = CELLS;
    for entry in sheets {
        let id = entry.attributes.iter().find(|(key, _)| key.ends_with(":id")).map(|(_, id)| &**id);
        let Some(relation) = relations.iter().find(|relation| Some(relation.id.as_str()) == id) else { continue };
        // Sheets that are a chart, a dialogue or a macro have no cells.
        if relation.kind != "worksheet" {
            continue;
        }
        let Some(bytes) = archive.read(&relation.target)? else { continue };
        let sheet = Sheet::read(&relation.target, &bytes, &strings, &formats, left)?;
        left = left.checked_sub(sheet.cells()).ok_or_else(too_many_cells)?;
        let hidden = entry.attribute("state").is_some_and(|state| state != "visible");
        let first = assembly.drafts.len();
        push(&mut assembly, entry.attribute("name").unwrap_or_default(), sheet);
        comments(&mut archive, &mut assembly, &relation.target)?;
        if hidden {
            assembly.drafts.iter_mut().skip(first).for_each(hide);
        }
    }
    assembly.finish("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx/1")
}

/// A sheet's name, its tables, and what is hidden in it. A sheet without cells is not there.
fn push(assembly: &mut Assembly, name: &str, sheet: Sheet) {
    let (shown, hidden) = sheet.into_rows();
    let tables = blocks(shown);
    if tables.is_empty() && hidden.is_empty() {
        return;
    }
    assembly.push(Draft::new(BlockKind::Heading { level: 1 }, Line::plain(name)));
    assembly.drafts.extend(tables);
    for cells in hidden {
        let kind = BlockKind::Furniture { furniture: Furniture::Hidden };
        assembly.push(Draft::new(kind, Line::plain(&cells.join(" | "))));
    }
}

fn hide(draft: &mut Draft) {
    if !matches!(draft.kind, BlockKind::Furniture { .. }) {
        draft.kind = BlockKind::Furniture { furniture: Furniture::Hidden };
        draft.line = Line::plain(&draft.line.text);
    }
}

/// The comments on cells.
fn comments(archive: &mut Archive<'_>, assembly: &mut Assembly, sheet: &str) -> Result<(), Failure> {
    let relations = opc::relations(archive, sheet)?;
    for relation in relations.iter().filter(|relation| relation.kind == "comments" && !relation.external) {
        let Some(root) = opc::optional(archive, &relation.target)? else { continue };
        for comment in root.child("commentList").into_iter().flat_map(Element::elements) {
            let texts: Vec<String> =
                comment.all().iter().filter(|part| &*part.name == "t").map(|part| part.text()).collect();
            let place = comment.attribute("ref").unwrap_or_default();
            let kind = BlockKind::Furniture { furniture: Furniture::Comment };
            assembly.push(Draft::new(kind, Line::plain(&format!("{place}: {}", texts.concat()))));
        }
    }
    Ok(())
}
