//! Pictures that are there to be clicked.

use lectern_core::content::document::{BlockKind, Furniture, SpanKind};

use super::{Draft, whole};
use crate::extract::inline::Mark;

/// Ends of addresses that lead to a picture: the same one, larger.
const PICTURES: [&str; 7] = [".avif", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"];

/// Says of a picture that it is a link.
pub(in crate::extract) fn link(figure: &mut Draft, target: &str) {
    if figure.kind == BlockKind::Figure {
        let range = whole(&figure.line);
        let kind = SpanKind::Link { target: target.to_owned() };
        figure.line.marks.push(Mark { range, kind, note: None });
    }
}

/// Two or more pictures in a row that each lead to another page are buttons or badges (a build's
/// state, a shop, a share): a menu drawn with pictures. A thumbnail leads to the picture itself,
/// and one linked picture alone may be an illustration.
pub(super) fn set_buttons_aside(drafts: &mut [Draft]) {
    for row in drafts.chunk_by_mut(|a, b| [a, b].iter().all(|draft| is_button(draft))) {
        for draft in &mut *row {
            if draft.kind == BlockKind::Figure {
                draft.line.marks.clear();
            }
        }
        if row.len() > 1 {
            let buttons = row.iter_mut();
            buttons.for_each(|draft| draft.kind = BlockKind::Furniture { furniture: Furniture::Navigation });
        }
    }
}

/// Whether it is a picture with words that leads to a page.
fn is_button(draft: &Draft) -> bool {
    let leads_away = |mark: &Mark| match &mark.kind {
        SpanKind::Link { target } => {
            let path = target.split(['?', '#']).next().unwrap_or_default().to_lowercase();
            !PICTURES.iter().any(|end| path.ends_with(end))
        }
        SpanKind::Emphasis
        | SpanKind::Code
        | SpanKind::NoteReference { .. }
        | SpanKind::Citation
        | SpanKind::Superscript
        | SpanKind::Subscript
        | SpanKind::Formula { .. }
        | SpanKind::Quote => false,
    };
    draft.kind == BlockKind::Figure && !draft.line.text.is_empty() && draft.line.marks.iter().any(leads_away)
}
