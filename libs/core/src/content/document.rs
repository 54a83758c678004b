//! What a document holds: blocks in reading order. Every word that was found stands in exactly one
//! block, also what is not meant to be spoken (running heads, page numbers), so that the manifest
//! can account for all of it.

use serde::{Deserialize, Serialize};

use super::Range;

/// The newest layout of a stored [`Content`].
pub const SCHEMA: u32 = 1;

/// All that was extracted from one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Layout of this object, [`SCHEMA`].
    pub schema: u32,
    /// The document's title: from its metadata or its first top heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Authors, as the source names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// The main language, a BCP 47 tag (`en`, `de`).
    pub language: String,
    /// The sniffed media type (`application/pdf`).
    pub media_type: String,
    /// The extractor that made this, with its version (`pdf/1`).
    pub extractor: String,
    /// Number of pages, where the source has pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<u32>,
    /// The blocks, in reading order; a block's id is its place here.
    pub blocks: Vec<Block>,
    /// What a caller should know about the extraction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Its place in [`Content::blocks`], from 0.
    pub id: u32,
    /// What it is.
    #[serde(flatten)]
    pub kind: BlockKind,
    /// Its canonical text: NFC, line breaks and line-break hyphens resolved, white space single,
    /// except in code, where lines stay. A table's text is its rows, cells joined by ` | `, rows by
    /// a line feed; a list item's is without its bullet or number.
    pub text: String,
    /// The page it begins on, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The page it ends on, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_end: Option<u32>,
    /// How sure the extractor is of kind and order, 0 to 1.
    #[serde(default = "sure", skip_serializing_if = "is_sure")]
    pub confidence: f32,
    /// Its language, a BCP 47 tag, where it differs from the document's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Where it belongs, if not to the body.
    #[serde(default, skip_serializing_if = "Matter::is_body")]
    pub matter: Matter,
    /// Inline structure, sorted by start; spans may nest but do not cross.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

const fn sure() -> f32 {
    1.0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_sure(confidence: &f32) -> bool {
    *confidence >= 1.0
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading; level 1 is the highest.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// One item of a list.
    ListItem {
        /// Its printed number or letter (`3.`, `(a)`), or none for a bullet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ordinal: Option<String>,
        /// Nesting, 0 for the outer list.
        #[serde(default)]
        depth: u8,
    },
    /// A table. Its cells are the truth; the text is derived from them.
    Table {
        /// Rows of cells' texts, top to bottom, left to right.
        rows: Vec<Vec<String>>,
        /// How many of the first rows are headers.
        #[serde(default)]
        header_rows: u32,
    },
    /// Code or other text whose lines and spaces matter.
    Code {
        /// The programming language, where the source names it. Its name in JSON differs, since a
        /// kind lies flat in its block, which has a `language` of its own.
        #[serde(rename = "programming_language", default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
    },
    /// A displayed quotation.
    Quote,
    /// The caption of a figure or table.
    Caption,
    /// A footnote or endnote.
    Footnote {
        /// Its printed mark (`1`, `*`).
        label: String,
    },
    /// A displayed formula, in LaTeX where the source had that or MathML, else as printed.
    Formula {
        /// Whether the text is LaTeX.
        #[serde(default)]
        latex: bool,
    },
    /// A picture; the text is its alternative text, and may be empty.
    Figure,
    /// What is found in the source and nobody reads aloud: what pages repeat or count, and what is
    /// not meant to be read.
    Furniture {
        /// Which.
        furniture: Furniture,
    },
}

/// What is found in the source and nobody reads aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Furniture {
    /// A line at the top of many pages.
    RunningHead,
    /// A line at the foot of many pages.
    RunningFoot,
    /// A page's number.
    PageNumber,
    /// A line of a table of contents.
    ContentsEntry,
    /// A site's menu, cookie notice, share buttons and the like.
    Navigation,
    /// A word laid over or under pages (`DRAFT`), a stamp, the mark of whoever supplied the copy.
    Watermark,
    /// Text that the source keeps from being seen: hidden by its style, on a layer that is off,
    /// painted in no colour.
    Hidden,
    /// Text that a tracked change or `<del>` took out.
    Deleted,
    /// A remark about the text and not of it: a reviewer's comment, the comments of a site's
    /// readers.
    Comment,
    /// The prompt of a form or content control that nobody has filled in ("Click here to enter
    /// text").
    Placeholder,
}

/// Where a block belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// The work itself.
    #[default]
    Body,
    /// Title page, imprint, dedication, table of contents.
    Front,
    /// Index, colophon, advertisements.
    Back,
    /// A bibliography or list of references.
    References,
}

impl Matter {
    /// Whether it is the work itself.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    pub const fn is_body(&self) -> bool {
        matches!(self, Self::Body)
    }
}

/// Inline structure within a block's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Where, in the block's text.
    pub range: Range,
    /// What.
    #[serde(flatten)]
    pub kind: SpanKind,
}

/// What an inline span is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "span", rename_all = "snake_case")]
pub enum SpanKind {
    /// Emphasis of any strength.
    Emphasis,
    /// Inline code.
    Code,
    /// A link; the text is what is printed.
    Link {
        /// Where it leads.
        target: String,
    },
    /// A reference to a note: the mark in the text.
    NoteReference {
        /// The [`Block::id`] of the [`BlockKind::Footnote`], where it was found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u32>,
    },
    /// A reference to the literature (`[12]`).
    Citation,
    /// A formula, in LaTeX where `latex`.
    Formula {
        /// Whether the text is LaTeX.
        #[serde(default)]
        latex: bool,
    },
    /// Raised text.
    Superscript,
    /// Lowered text.
    Subscript,
    /// An inline quotation, or text in another language.
    Quote,
}

/// What a caller should know about an extraction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A stable word for programs (`LOW_CONFIDENCE_ORDER`).
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The page it is about, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_of_code_and_that_of_its_block_are_kept_apart_in_json() {
        let block = Block {
            id: 0,
            kind: BlockKind::Code { language: Some("rust".to_owned()) },
            text: "fn main() {}".to_owned(),
            page: None,
            page_end: None,
            confidence: 1.0,
            language: Some("de".to_owned()),
            matter: Matter::Body,
            spans: Vec::new(),
        };
        let json = serde_json::to_string(&block).unwrap();
        let read: Block = serde_json::from_str(&json).unwrap();
        assert_eq!(read.kind, block.kind);
        assert_eq!(read.language, block.language);
    }
}
