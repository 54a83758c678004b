//! How pages and books mark notes and the references to them: ARIA roles, `epub:type`, and the
//! class names of common converters.

use super::super::assembly::{is_note_mark, note_label};
use super::super::dom::Element;
use super::super::inline::Line;
use lectern_core::content::document::SpanKind;

/// Whether one of the element's `role`, `epub:type` or class words is in the list.
pub(in super::super) fn typed(element: &Element, roles: &[&str], classes: &[&str]) -> bool {
    let words = |name: &str| {
        element.attribute(name).unwrap_or_default().split_whitespace().map(str::to_ascii_lowercase).collect::<Vec<_>>()
    };
    let types = [words("role"), words("epub:type")].concat();
    types.iter().any(|word| roles.contains(&word.as_str()))
        || words("class").iter().any(|word| classes.contains(&word.as_str()))
}

/// What a link has to do with notes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It leads to a note.
    Reference,
    /// It leads from a note back into the text, and says nothing.
    Back,
    /// Nothing.
    None,
}

/// The role of the link `a`; `raised` says whether it stands in superscript.
pub(super) fn role(a: &Element, raised: bool) -> Role {
    let backlinks =
        ["footnote-back", "footnote-backref", "reversefootnote", "data-footnote-backref", "footnotebacklink"];
    let text = a.text();
    let arrow = !text.trim().is_empty() && text.trim().chars().all(|char| "↩↑⏎^\u{fe0e}⤴↵".contains(char));
    if typed(a, &["doc-backlink", "backlink", "referrer"], &backlinks) || arrow {
        return Role::Back;
    }
    let references = ["footnote-ref", "footnote-reference", "footnoteref", "noteref", "fnanchor", "footnote-anchor"];
    if typed(a, &["doc-noteref", "noteref"], &references) || a.attribute("data-footnote-ref").is_some() {
        return Role::Reference;
    }
    let inner = a.elements().any(|child| &*child.name == "sup");
    let fragment = a.attribute("href").is_some_and(|href| href.contains('#'));
    let bracketed = text.trim().starts_with('[');
    if fragment && (raised || inner || bracketed) && is_note_mark(&text) { Role::Reference } else { Role::None }
}

/// Whether `element` is one note.
pub(super) fn is_note(element: &Element) -> bool {
    let block = ["div", "p", "aside", "li", "section", "dd", "dt", "td"].contains(&&*element.name);
    block
        && typed(
            element,
            &["doc-footnote", "doc-endnote", "footnote", "endnote", "rearnote"],
            &["footnote", "footnote-definition", "endnote"],
        )
}

/// Whether the list items of `element` are notes.
pub(super) fn holds_notes(element: &Element) -> bool {
    let roles = ["doc-endnotes", "doc-footnotes", "footnotes", "endnotes", "rearnotes"];
    let block = ["div", "section", "aside", "ol", "ul"].contains(&&*element.name);
    block
        && (typed(element, &roles, &["footnotes", "endnotes", "references"])
            || element.attribute("data-footnotes").is_some())
}

/// Takes the printed mark off the start of a note.
pub(super) fn take_label(line: &mut Line) -> Option<String> {
    let marked = line.marks.iter().find(|mark| {
        let fits = matches!(mark.kind, SpanKind::Superscript | SpanKind::Link { .. } | SpanKind::NoteReference { .. });
        mark.range.start == 0 && fits && is_note_mark(mark.range.of(&line.text))
    });
    if let Some(mark) = marked {
        let label = note_label(mark.range.of(&line.text));
        let close = line.text.chars().skip(mark.range.end as usize).take_while(|char| ".):]".contains(*char)).count();
        line.drop_start(mark.range.end as usize + close);
        return Some(label);
    }
    let (first, _) = line.text.split_once(' ')?;
    let bare = note_label(first);
    // A lone letter may be a word ("a tide").
    let sure = first != bare || !bare.starts_with(char::is_alphabetic);
    if sure && is_note_mark(first) {
        line.drop_start(first.chars().count());
        return Some(bare);
    }
    None
}
