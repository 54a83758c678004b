//! What stands within a line: text, marks, inline HTML, notes' numbers, pictures.

use lectern_core::content::document::{BlockKind, Furniture, SpanKind};

use super::{Open, Picture, Reader};
use crate::extract::assembly::Draft;
use crate::extract::inline::Line;

impl Reader {
    pub(super) fn text(&mut self, text: &str) {
        if let Some(front) = &mut self.front {
            front.push_str(text);
        } else if let Some((_, body)) = &mut self.verbatim {
            body.push_str(text);
        } else if self.wiki_name {
            // A place within a note is shown as "Note > Place"; a sign is no word.
            self.inline.text(&text.replace(['#', '^'], " "));
        } else {
            self.inline.text(text);
        }
    }

    pub(super) fn marked(&mut self, text: &str, kind: SpanKind) {
        let start = self.inline.here();
        self.inline.text(text);
        self.inline.mark(start, kind);
    }

    pub(super) fn display_math(&mut self, text: &str) {
        // Within a line of text it is a span, alone in its paragraph a block.
        let alone = self.inline.is_blank() && self.kind.is_none() && self.table.is_none();
        self.marked(text, SpanKind::Formula { latex: true });
        if alone {
            self.kind = Some(BlockKind::Formula { latex: true });
        }
    }

    pub(super) fn inline_html(&mut self, html: &str) {
        let name: String = html
            .trim_start_matches(['<', '/'])
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        if name == "br" {
            self.inline.text(" ");
            return;
        }
        if let Some(comment) = html.strip_prefix("<!--") {
            self.leave_out(Furniture::Comment, comment.trim_end_matches("-->"));
            return;
        }
        if matches!(&*name, "del" | "s" | "strike") {
            if html.starts_with("</") {
                if let Some(at) = self.open.iter().rposition(|open| open.html && open.text == name) {
                    let open = self.open.remove(at);
                    self.strike(open.start);
                }
            } else {
                self.begin(name, true);
            }
            return;
        }
        let Some(kind) = html_span(&name) else { return };
        if !html.starts_with("</") {
            self.begin(name, true);
        } else if let Some(at) = self.open.iter().rposition(|open| open.html && open.text == name) {
            // Spans nest: an element that ends within one that began after it marks nothing.
            let innermost = at + 1 == self.open.len();
            let open = self.open.remove(at);
            if innermost {
                self.inline.mark(open.start, kind);
            }
        }
    }

    /// The printed mark of a note: notes count from 1 in the order of their first references, as
    /// renderers print them.
    pub(super) fn number(&mut self, label: &str) -> String {
        let next = self.notes.len() + 1;
        self.notes.entry(label.to_owned()).or_insert(next).to_string()
    }

    pub(super) fn begin(&mut self, text: String, html: bool) {
        self.open.push(Open { start: self.inline.here(), text, figures: self.figures.len(), html });
    }

    pub(super) fn close(&mut self, kind: SpanKind) {
        if let Some(open) = self.end_open() {
            self.inline.mark(open.start, kind);
        }
    }

    /// Ends the Markdown element that was opened last; HTML elements within it that were not closed
    /// end with it, unmarked.
    pub(super) fn end_open(&mut self) -> Option<Open> {
        while self.open.last().is_some_and(|open| open.html) {
            self.open.pop();
        }
        self.open.pop()
    }

    pub(super) fn end_image(&mut self) {
        let Some(Picture { start, named }) = self.picture.take() else { return };
        let alt = self.inline.since(start).to_owned();
        self.inline.cut(start);
        // An embedded file's name, or its width ("![[map.png|300]]"), is no description of it.
        let width = alt.trim().chars().all(|char| char.is_ascii_digit() || char == 'x');
        let file = named && alt.contains('.');
        let alt = if width || file { "" } else { alt.as_str() };
        self.figures.push(Draft::new(BlockKind::Figure, Line::plain(alt)));
    }

    /// Takes the text since `start` away, which is struck out.
    pub(super) fn strike(&mut self, start: usize) {
        let text = self.inline.since(start).to_owned();
        self.inline.cut(start);
        self.leave_out(Furniture::Deleted, &text);
    }

    pub(super) fn leave_out(&mut self, furniture: Furniture, text: &str) {
        let line = Line::plain(text);
        if line.text.chars().any(char::is_alphanumeric) {
            self.figures.push(Draft::new(BlockKind::Furniture { furniture }, line));
        }
    }
}

/// The span of an inline HTML element, for those that carry meaning.
pub(in crate::extract) fn html_span(name: &str) -> Option<SpanKind> {
    Some(match name {
        "sup" => SpanKind::Superscript,
        "sub" => SpanKind::Subscript,
        "em" | "i" | "b" | "strong" | "cite" | "dfn" | "mark" | "u" | "var" => SpanKind::Emphasis,
        "code" | "kbd" | "samp" | "tt" => SpanKind::Code,
        "q" => SpanKind::Quote,
        _ => return None,
    })
}
