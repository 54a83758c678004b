//! One extractor per format: each turns the bytes of a source into blocks.
//!
//! [`extract`] runs in the calling process and trusts nobody's input to be small; services call [`child::Sandbox`], which
//! runs the same code in a process of its own under hard limits.

mod archive;
mod assembly;
pub mod child;
mod csv;
mod docx;
mod dom;
mod encoding;
mod epub;
mod html;
mod inline;
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

use sniff::Sniffed;

/// Grows with every change that lets a source come out otherwise.
pub const EXTRACTOR_VERSION: u32 = 2;

/// The formats, for messages to people.
pub const ACCEPTED: &str = "PDF, DOCX, ODT, PPTX, XLSX, CSV, EPUB, HTML, Markdown and plain text";

/// Name and version of the extractors, for the keys of contents: what has one pin is read in one way.
#[must_use]
pub fn extractor_pin() -> String {
    format!("lectern-extract/{EXTRACTOR_VERSION}")
}

/// Whether a source that begins with `head` is a PDF. Readers accept junk before the header within the first kilobyte (ISO
/// 32000-1, annex H.3.4.1).
#[must_use]
pub fn is_pdf(head: &[u8]) -> bool {
    head.get(..head.len().min(1024)).is_some_and(|head| head.windows(5).any(|five| five == b"%PDF-"))
}

/// What a caller says of a source. It decides between formats that look alike (CSV, Markdown and
/// plain text), and nothing else.
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
    fn says_markdown(&self) -> bool {
        self.media_type().is_some_and(|media| media.contains("markdown"))
            || self.extension().is_some_and(|name| ["md", "markdown", "mdown", "mkd", "mkdn", "mdx"].contains(&&*name))
    }

    fn says_text(&self) -> bool {
        self.media_type().is_some_and(|media| media.starts_with("text/plain"))
            || self.extension().is_some_and(|name| ["txt", "text", "asc", "log"].contains(&&*name))
    }

    fn says_csv(&self) -> bool {
        self.media_type().is_some_and(|media| media.contains("csv") || media.contains("tab-separated"))
            || self.extension().is_some_and(|name| ["csv", "tsv", "tab"].contains(&&*name))
    }

    fn media_type(&self) -> Option<String> {
        self.media_type.as_ref().map(|media| media.to_ascii_lowercase())
    }

    fn extension(&self) -> Option<String> {
        self.file_name.as_ref().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_ascii_lowercase())
    }
}

/// Turns `source` into blocks. The same bytes and hint give the same content.
///
/// # Errors
/// `DOCUMENT_EMPTY` without bytes or words, `FORMAT_UNSUPPORTED` naming what is accepted, `DOCUMENT_DAMAGED`,
/// `DOCUMENT_ENCRYPTED`, `NO_TEXT_LAYER` for scanned pages, `DOCUMENT_TOO_COMPLEX` past a limit.
pub fn extract(source: &[u8], hint: &Hint) -> Result<Content, Failure> {
    match sniff::sniff(source, hint)? {
        Sniffed::Pdf => pdf::extract(source),
        Sniffed::Markdown(decoded) => markdown::extract(decoded),
        Sniffed::Text(decoded) => text::extract(decoded),
        Sniffed::Html(decoded) => html::extract(decoded),
        Sniffed::Docx => docx::extract(source),
        Sniffed::Odt => odt::extract(source),
        Sniffed::FlatOdt(decoded) => odt::extract_flat(&decoded.text),
        Sniffed::Pptx => pptx::extract(source),
        Sniffed::Xlsx => xlsx::extract(source),
        Sniffed::Csv(decoded) => csv::extract(decoded),
        Sniffed::Epub => epub::extract(source),
    }
}
