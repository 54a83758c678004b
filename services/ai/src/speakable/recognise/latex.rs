//! Formulas in LaTeX that the document marked.

use super::{Candidates, Cx};
use crate::speakable::MarkKind;
use crate::speakable::span::{Cost, Value};

/// Proposes the formula that begins here.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let Some(mark) = cx.mark_at(cx.at).filter(|mark| mark.kind == MarkKind::Latex) else { return };
    let end = (mark.range.end as usize).min(cx.text.chars.len());
    out.propose(end, Value::Formula(cx.slice(cx.at, end).to_owned()), Cost::CERTAIN);
}
