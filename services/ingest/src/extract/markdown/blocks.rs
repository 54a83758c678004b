//! The ends of blocks: what was gathered becomes a draft.

use lectern_core::content::document::{BlockKind, Furniture};

use super::Reader;
use crate::extract::assembly::{Draft, whole};
use crate::extract::inline::{Line, code};

impl Reader {
    pub(super) fn next_item(&mut self) -> BlockKind {
        let depth = u8::try_from(self.lists.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let ordinal = self.lists.last_mut().and_then(|next| {
            let number = (*next)?;
            *next = Some(number.saturating_add(1));
            Some(format!("{number}."))
        });
        BlockKind::ListItem { ordinal, depth }
    }

    pub(super) fn end_code(&mut self) {
        let Some((language, body)) = self.verbatim.take() else { return };
        let line = Line { text: code(&body), marks: Vec::new() };
        let kind = if language.as_deref() == Some("math") {
            BlockKind::Formula { latex: true }
        } else {
            BlockKind::Code { language }
        };
        self.kind = None;
        self.push(kind, line);
    }

    pub(super) fn end_html(&mut self) {
        let html = std::mem::take(&mut self.html);
        let mut rest = html.as_str();
        while let Some((_, after)) = rest.split_once("<!--") {
            let (comment, after) = after.split_once("-->").unwrap_or((after, ""));
            self.leave_out(Furniture::Comment, comment);
            rest = after;
        }
        crate::extract::html::fragment(&html, &mut self.assembly);
        self.push_figures();
    }

    pub(super) fn end_front(&mut self) {
        let Some(front) = self.front.take() else { return };
        for line in front.lines() {
            let Some((key, value)) = line.split_once([':', '=']) else { continue };
            let value = value.trim().trim_matches(['"', '\'']).to_owned();
            if value.is_empty() || value.starts_with(['[', '{', '|', '>']) {
                continue;
            }
            match key.trim() {
                "title" => self.assembly.meta.title = Some(value),
                "author" => self.assembly.meta.authors.push(value),
                "lang" | "language" => self.assembly.meta.language = Some(value),
                _ => {}
            }
        }
    }

    /// Ends the block whose text is being gathered.
    pub(super) fn flush(&mut self) {
        if self.table.is_some() {
            return;
        }
        self.open.clear();
        let line = std::mem::take(&mut self.inline).finish();
        if line.text.is_empty() {
            self.push_figures();
            return;
        }
        let kind = self.kind.take().unwrap_or(if self.quotes > 0 { BlockKind::Quote } else { BlockKind::Paragraph });
        // Text beside a displayed formula makes it a paragraph with a formula in it.
        let beside = line.marks.first().is_some_and(|mark| mark.range != whole(&line));
        let kind = if matches!(kind, BlockKind::Formula { .. }) && beside { BlockKind::Paragraph } else { kind };
        self.push(kind, line);
    }

    pub(super) fn push(&mut self, kind: BlockKind, mut line: Line) {
        if matches!(kind, BlockKind::Formula { .. }) {
            line.marks.clear();
        }
        let mut draft = Draft::new(kind, line);
        if let Some(label) = self.note.take() {
            draft.anchors.push(format!("note:{label}"));
            draft.kind = BlockKind::Footnote { label: self.number(&label) };
        }
        draft.anchors.extend(self.anchor.take());
        self.assembly.push(draft);
        self.push_figures();
    }

    pub(super) fn push_figures(&mut self) {
        for draft in std::mem::take(&mut self.figures) {
            self.assembly.push(draft);
        }
    }
}
