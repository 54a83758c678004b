//! A block in the making: its lines, before they become one text.

use lectern_core::content::document::{BlockKind, Matter};

use super::super::layout::lines::Line;

/// A block in the making.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What it is so far.
    pub kind: BlockKind,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Scalar values of the first line that are its marker and no text.
    pub skip: usize,
    /// Left edge of an item's text.
    pub hang: Option<f32>,
    /// Where it belongs.
    pub matter: Matter,
    /// How sure.
    pub confidence: f32,
    /// A text that is there already (tables, furniture).
    pub text: Option<String>,
    /// The page it begins on, from 0.
    pub page: usize,
    /// The page it ends on.
    pub page_end: usize,
    /// White space above its first line, in lines; large at the top of a region.
    pub above: f32,
}

impl Draft {
    /// A draft of one line.
    pub fn new(kind: BlockKind, line: Line, above: f32) -> Self {
        let page = line.page;
        Self {
            kind,
            lines: vec![line],
            skip: 0,
            hang: None,
            matter: Matter::Body,
            confidence: 1.0,
            text: None,
            page,
            page_end: page,
            above,
        }
    }

    /// A draft whose text is known.
    pub fn ready(kind: BlockKind, text: String, page: usize, confidence: f32) -> Self {
        Self {
            kind,
            lines: Vec::new(),
            skip: 0,
            hang: None,
            matter: Matter::Body,
            confidence,
            text: Some(text),
            page,
            page_end: page,
            above: 0.0,
        }
    }

    /// Its last line.
    pub fn last(&self) -> Option<&Line> {
        self.lines.last()
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        self.page_end = line.page;
        self.lines.push(line);
    }

    /// Its lines' texts with spaces between.
    pub fn rough(&self) -> String {
        match &self.text {
            Some(text) => text.clone(),
            None => {
                let text = self.lines.iter().map(Line::text).collect::<Vec<_>>().join(" ");
                text.chars().skip(self.skip).collect()
            }
        }
    }
}
