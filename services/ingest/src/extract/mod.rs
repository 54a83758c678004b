//! One extractor per format: each turns the bytes of a source into blocks.
//!
//! [`extract`] runs in the calling process and trusts nobody's input to be small; services call
//! [`child::Sandbox`], which runs the same code in a process of its own under hard limits.

mod archive;
mod assembly;
pub mod child;
mod csv;
mod docx;
mod dom;
mod encoding;
mod epub;
mod formats;
mod html;
mod inline;
pub mod kills;
mod markdown;
pub mod ocr;
mod odt;
mod opc;
mod ordinal;
pub mod pdf;
mod pptx;
mod sheet;
mod sniff;
mod text;
mod xlsx;

use lectern_core::Failure;
use lectern_core::content::document::Content;
use serde::{Deserialize, Serialize};

pub use formats::endings;

use sniff::Sniffed;

/// Grows with every change that lets a source come out otherwise.
pub const EXTRACTOR_VERSION: u32 = if cfg!(feature = "other-pins") { 1_000_007 } else { 7 };

/// Name and version of the extractors, for the keys of contents: what has one pin is read in one
/// way.
#[must_use]
pub fn extractor_pin() -> String {
    format!("lectern-extract/{EXTRACTOR_VERSION}")
}

/// Whether a source that begins with `head` is a PDF. Readers accept junk before the header within
/// the first kilobyte (ISO 32000-1, annex H.3.4.1).
#[must_use]
pub fn is_pdf(head: &[u8]) -> bool {
    head.get(..head.len().min(1024)).is_some_and(|head| head.windows(5).any(|five| five == b"%PDF-"))
}

/// What a caller says of a source. It decides only between formats that look alike, such as
/// Markdown, CSV and plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// The name of the file, with or without folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The declared media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

impl Hint {
    /// What of this hint decides anything, in our own words: the ending of the format that it
    /// names, and nothing that the caller wrote.
    #[must_use]
    pub fn reduced(&self) -> Self {
        let ending = formats::said(self).and_then(|format| format.extensions.first());
        Self { file_name: ending.map(|ending| format!("source.{ending}")), media_type: None }
    }
}

/// Turns `source` into blocks. The same bytes and hint give the same content.
///
/// # Errors
/// `DOCUMENT_EMPTY` without bytes or words, `FORMAT_UNSUPPORTED` naming what is accepted,
/// `DOCUMENT_DAMAGED`, `DOCUMENT_ENCRYPTED`, `NO_TEXT_LAYER` for scanned pages,
/// `DOCUMENT_TOO_COMPLEX` past a limit.
pub fn extract(source: &[u8], hint: &Hint) -> Result<Content, Failure> {
    match sniff::sniff(source, hint)? {
        Sniffed::Bytes(read) => read(source),
        Sniffed::Text(read, decoded) => read(decoded),
    }
}
