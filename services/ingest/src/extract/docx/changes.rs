//! Tracked changes by their final state, as if all were accepted, and prompts of controls that
//! nobody filled in.

use super::super::dom::{Element, Node};
use super::super::opc::is_on;

/// The name that runs of a prompt get: they are set aside wherever they stand.
pub(super) const PROMPT: &str = "prompt of a content control";

/// Renames the runs within content controls that show their prompt (ECMA-376, part 1, clause
/// 17.5.2.39), at every level.
pub(super) fn mark_prompts(element: &mut Element, inside: bool) {
    let control = &*element.name == "sdt"
        && element
            .child("sdtPr")
            .and_then(|properties| properties.child("showingPlcHdr"))
            .is_some_and(|mark| mark.local("val").is_none_or(is_on));
    let inside = inside || control;
    if inside && &*element.name == "r" {
        element.name = PROMPT.into();
        return;
    }
    for node in &mut element.children {
        if let Node::Element(child) = node {
            mark_prompts(child, inside);
        }
    }
}

/// Whether the mark that ends a paragraph was deleted, or moved away: what follows is joined to it.
pub(super) fn mark_is_deleted(paragraph: &Element) -> bool {
    let mark = paragraph.child("pPr").and_then(|properties| properties.child("rPr"));
    mark.is_some_and(|mark| mark.child("del").is_some() || mark.child("moveFrom").is_some())
}

/// Whether a row was deleted.
pub(super) fn row_is_deleted(row: &Element) -> bool {
    row.child("trPr").is_some_and(|properties| properties.child("del").is_some())
}

/// Whether a cell was deleted.
pub(super) fn cell_is_deleted(cell: &Element) -> bool {
    cell.child("tcPr").is_some_and(|properties| properties.child("cellDel").is_some())
}

/// The text that was deleted.
pub(super) fn deleted_text(element: &Element) -> String {
    text_of(element, &["delText", "t"])
}

/// The text that a run shows.
pub(super) fn shown_text(element: &Element) -> String {
    text_of(element, &["t"])
}

fn text_of(element: &Element, names: &[&str]) -> String {
    let mut out = String::new();
    for part in element.all() {
        if names.contains(&&*part.name) {
            out.push_str(&part.text());
        } else if matches!(&*part.name, "tab" | "br" | "p") {
            out.push(' ');
        }
    }
    out
}
