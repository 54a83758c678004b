//! How pages and books mark notes and the references to them: ARIA roles, `epub:type`, and the
//! class names of common converters.

use super::super::assembly::{is_note_mark, is_notes_title, note_label};
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

/// Whether a list of terms holds notes, as docutils wrote them until 0.17
/// (`<dl class="footnote brackets">`).
pub(super) fn is_note_list(element: &Element) -> bool {
    &*element.name == "dl" && typed(element, &[], &["footnote", "endnote"])
}

/// Whether a table holds notes, as docutils' writer of HTML 4 does
/// (`<table class="docutils footnote">`).
pub(super) fn is_note_table(element: &Element) -> bool {
    let cells = || element.all().into_iter().any(is_printed_label);
    &*element.name == "table" && typed(element, &[], &["footnote", "endnote"]) && cells()
}

/// Whether `element` is the printed mark of the note that it stands in, by its class (docutils).
pub(super) fn is_printed_label(element: &Element) -> bool {
    typed(element, &[], &["label"]) && is_note_mark(&printed_label(element))
}

/// Whether a note is read without `element`: its printed mark, and the links back behind it
/// (docutils: `<span class="backrefs">(1, 2)</span>`).
pub(super) fn is_beside_note(element: &Element) -> bool {
    is_printed_label(element) || typed(element, &[], &["backrefs"])
}

/// The mark that a label prints. Links back to several places stand behind it in brackets:
/// `1(1,2)`.
pub(super) fn printed_label(element: &Element) -> String {
    let text = element.text();
    let first = text.split('(').next().unwrap_or_default().trim();
    note_label(if first.is_empty() { &text } else { first })
}

/// Whether a paragraph is the informal heading (docutils: rubric) over the notes of a page.
pub(super) fn is_notes_rubric(element: &Element) -> bool {
    &*element.name == "p" && typed(element, &[], &["rubric"]) && is_notes_title(&element.text())
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

#[cfg(test)]
mod tests {
    use lectern_core::content::document::{BlockKind, Matter, SpanKind};

    use crate::extract::encoding::decode;
    use crate::extract::html::extract;

    #[test]
    fn the_notes_of_docutils_have_their_text_and_their_label() {
        let reference = |id: &str| format!("<a class='footnote-reference brackets' href='#{id}' id='r{id}'>{id}</a>");
        let text = format!("<p>Salt{} and oil{}.</p>", reference("n1"), reference("n2"))
            .replace(">n1<", ">1<")
            .replace(">n2<", "><span class='fn-bracket'>[</span>2<span class='fn-bracket'>]</span><");
        for notes in [
            "<aside class='footnote-list brackets'><aside class='footnote brackets' id='n1' role='doc-footnote'>\
             <span class='label'><span class='fn-bracket'>[</span><a role='doc-backlink' href='#rn1'>1</a>\
             <span class='fn-bracket'>]</span></span><p>So says Pliny.</p></aside>\
             <aside class='footnote brackets' id='n2' role='note'><span class='label'><span class='fn-bracket'>[</span>2\
             <span class='fn-bracket'>]</span></span><span class='backrefs'>(<a role='doc-backlink' href='#rn2'>1</a>)</span>\
             <p>Of nothing.</p></aside></aside>",
            "<dl class='footnote brackets'><dt class='label' id='n1'><span class='brackets'>\
             <a class='fn-backref' href='#rn1'>1</a></span></dt><dd><p>So says Pliny.</p></dd>\
             <dt class='label' id='n2'><span class='brackets'>2</span><span class='fn-backref'>(<a href='#rn2'>1</a>)</span>\
             </dt><dd><p>Of nothing.</p></dd></dl>",
            "<table class='docutils footnote' id='n1'><colgroup><col class='label'/><col/></colgroup><tbody><tr>\
             <td class='label'><a class='fn-backref' href='#rn1'>[1]</a></td><td>So says Pliny.</td></tr></tbody></table>\
             <table class='docutils footnote' id='n2'><tbody><tr><td class='label'>[2]</td><td>Of nothing.</td></tr></tbody>\
             </table>",
        ] {
            let page = format!("<!doctype html><title>t</title><body>{text}<p class='rubric'>Footnotes</p>{notes}");
            let blocks = extract(decode(page.as_bytes())).unwrap().blocks;
            let note =
                |kind: &BlockKind| if let BlockKind::Footnote { label } = kind { Some(label.clone()) } else { None };
            let found: Vec<(String, String)> =
                blocks.iter().filter_map(|block| Some((note(&block.kind)?, block.text.clone()))).collect();
            let wanted = [("1", "So says Pliny."), ("2", "Of nothing.")];
            assert_eq!(found, wanted.map(|(label, text)| (label.to_owned(), text.to_owned())), "{notes}");
            let led = |kind: &SpanKind| if let SpanKind::NoteReference { note } = kind { Some(*note) } else { None };
            let led: Vec<Option<u32>> = blocks[0].spans.iter().filter_map(|span| led(&span.kind)).collect();
            assert_eq!(led, [Some(2), Some(3)], "{notes}");
            assert_eq!(blocks[1].matter, Matter::Back, "{notes}");
        }
    }
}
