//! The text of a part, by the places of its characters, and how its runs are set.

use lectern_core::content::Range;
use lectern_core::content::document::{Span, SpanKind};

use super::super::escape::{escaped, link, push};
use super::super::reasons;
use crate::timeline::book::{Part, Run};

/// A part's text with the place of each character in it.
pub(super) struct Text<'a> {
    part: &'a Part<'a>,
    // Where in the block's text, in bytes, each of the part's characters begins, and the end.
    bytes: Vec<usize>,
    is_left_out: bool,
}

impl<'a> Text<'a> {
    pub(super) fn of(part: &'a Part<'a>) -> Self {
        let text = &part.block.text;
        let mut bytes: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
        bytes.push(text.len());
        Self { part, bytes, is_left_out: part.left_out().is_some() }
    }

    fn slice(&self, range: Range) -> &'a str {
        let byte = |at: u32| self.bytes.get(at as usize).copied().unwrap_or(self.part.block.text.len());
        self.part.block.text.get(byte(range.start)..byte(range.end)).unwrap_or_default()
    }

    /// The runs of a range, cut at its ends.
    pub(super) fn runs(&self, range: Range) -> impl Iterator<Item = Run> {
        let first = self.part.runs.partition_point(|run| run.range.end <= range.start);
        let rest = self.part.runs.get(first..).unwrap_or_default().iter();
        let inside = rest.take_while(move |run| run.range.start < range.end).map(move |run| Run {
            range: Range::new(run.range.start.max(range.start), run.range.end.min(range.end)),
            ..run.clone()
        });
        inside.filter(|run| !run.range.is_empty())
    }

    /// Writes a run.
    pub(super) fn run(&self, out: &mut String, run: &Run) {
        let skipped = run.skipped.filter(|_| !self.is_left_out);
        // One link does not stand in another.
        let mut in_link = false;
        let spans = run.spans.iter().filter_map(|at| self.part.block.spans.get(*at));
        let spans =
            spans.filter(|span| !matches!(span.kind, SpanKind::Link { .. }) || !std::mem::replace(&mut in_link, true));
        let tags: Vec<(String, &str)> = spans.filter_map(tags).collect();
        if let Some(reason) = skipped {
            out.push_str("<span class=\"skip\" title=\"Not read: ");
            out.push_str(reasons::words(reason));
            out.push_str("\">");
        }
        tags.iter().for_each(|(open, _)| out.push_str(open));
        push(out, self.slice(run.range));
        tags.iter().rev().for_each(|(_, close)| out.push_str(close));
        if skipped.is_some() {
            out.push_str("</span>");
        }
    }
}

/// What stands around a span; nothing for one that looks like the text around it.
fn tags(span: &Span) -> Option<(String, &'static str)> {
    let plain = |open: &str, close| Some((open.to_owned(), close));
    match &span.kind {
        SpanKind::Emphasis => plain("<em>", "</em>"),
        SpanKind::Code => plain("<code>", "</code>"),
        SpanKind::Formula { latex: true } => plain("<code class=\"math\">", "</code>"),
        SpanKind::Formula { latex: false } => plain("<span class=\"math\">", "</span>"),
        SpanKind::Superscript | SpanKind::NoteReference { .. } => plain("<sup>", "</sup>"),
        SpanKind::Subscript => plain("<sub>", "</sub>"),
        SpanKind::Quote => plain("<span class=\"quote\">", "</span>"),
        SpanKind::Link { target } => {
            let target = link(target)?;
            Some((format!("<a href=\"{}\" rel=\"noopener noreferrer\">", escaped(target)), "</a>"))
        }
        SpanKind::Citation => None,
    }
}
