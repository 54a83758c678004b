//! The file: objects, streams within limits, and the refusals that can be told before a page is
//! looked at.

use lopdf::xref::XrefRecovery;
use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use lectern_core::{
    Failure,
    failure::{Kind, Reason},
};

/// Most bytes that one stream may inflate to.
const LARGEST_STREAM: usize = 32 * 1024 * 1024;
/// Most pages that are read.
const MOST_PAGES: usize = 5_000;

/// An open file.
#[derive(Debug)]
pub struct File {
    document: Document,
}

fn damaged(why: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::DocumentDamaged,
        format!("the PDF is damaged: {why}; export or download it again and upload the new file"),
    )
}

/// A document that cannot be read within the limits.
fn too_complex(why: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::DocumentTooComplex,
        format!("the PDF is too complex to read: {why}; split it, or print it to a new PDF, and upload that"),
    )
}

impl File {
    /// Opens `source`.
    ///
    /// # Errors
    /// `DOCUMENT_EMPTY` without a byte, `FORMAT_UNSUPPORTED` without a PDF header,
    /// `DOCUMENT_DAMAGED` for a file that is cut short or cannot be parsed, `DOCUMENT_ENCRYPTED`
    /// for one that asks for a password.
    pub fn open(source: &[u8]) -> Result<Self, Failure> {
        if source.is_empty() {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::DocumentEmpty,
                "the document has no bytes; upload it again",
            ));
        }
        let head = &source[..source.len().min(1024)];
        let Some(start) = head.windows(5).position(|window| window == b"%PDF-") else {
            return Err(Failure::new(
                Kind::InvalidArgument,
                Reason::FormatUnsupported,
                "the file has no PDF header; upload a PDF, or name the format that it is",
            ));
        };
        let source = &source[start..];
        let tail = &source[source.len().saturating_sub(4096)..];
        if !tail.windows(9).any(|window| window == b"startxref") {
            return Err(damaged("its end is missing, so it was cut short"));
        }
        // The parser is not ours: a panic in it is damage in the file, not an end of this process.
        let load = |source: &[u8]| {
            let options = LoadOptions { max_decompressed_size: Some(LARGEST_STREAM), ..LoadOptions::default() };
            std::panic::catch_unwind(|| Document::load_mem_with_options(source, options))
        };
        let mut loaded = load(source);
        if matches!(&loaded, Ok(Ok(document)) if locked(document) && document.trailer.get(b"ID").is_err())
            && let Some(named) = with_identifier(source)
        {
            loaded = load(&named);
        }
        let document = match loaded {
            Ok(Ok(document)) => document,
            Ok(Err(lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_))) => return Err(encrypted()),
            Ok(Err(error)) => return Err(damaged(&error.to_string())),
            Err(_) => return Err(damaged("its objects contradict each other")),
        };
        if locked(&document) {
            return Err(encrypted());
        }
        Ok(Self { document })
    }

    /// Whether the file had to be repaired to be read.
    pub fn repaired(&self) -> bool {
        self.document.xref_recovery == Some(XrefRecovery::Reconstructed)
    }

    /// Its pages, in order.
    ///
    /// # Errors
    /// `DOCUMENT_DAMAGED` without a page, `DOCUMENT_TOO_COMPLEX` with too many.
    pub fn pages(&self) -> Result<Vec<ObjectId>, Failure> {
        let pages: Vec<ObjectId> = self.document.page_iter().take(MOST_PAGES + 1).collect();
        if pages.is_empty() {
            return Err(damaged("it has no pages that can be found"));
        }
        if pages.len() > MOST_PAGES {
            return Err(too_complex(&format!("it has more than {MOST_PAGES} pages")));
        }
        Ok(pages)
    }

    /// The parsed document.
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// What `object` is, references followed; null where they lead nowhere.
    pub fn resolve<'a>(&'a self, object: &'a Object) -> &'a Object {
        match self.document.dereference(object) {
            Ok((_, object)) => object,
            Err(_) => &Object::Null,
        }
    }

    /// An entry, references followed; none if missing or null.
    pub fn get<'a>(&'a self, dict: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
        let object = self.resolve(dict.get(key).ok()?);
        (!object.is_null()).then_some(object)
    }

    /// A dictionary, also a stream's.
    pub fn dict<'a>(&'a self, object: &'a Object) -> Option<&'a Dictionary> {
        let object = self.resolve(object);
        object.as_dict().ok().or_else(|| object.as_stream().ok().map(|stream| &stream.dict))
    }

    /// A number.
    pub fn number(&self, dict: &Dictionary, key: &[u8]) -> Option<f32> {
        self.get(dict, key)?.as_float().ok().filter(|number| number.is_finite())
    }

    /// An array of numbers; what is none in it counts as 0.
    pub fn numbers(&self, dict: &Dictionary, key: &[u8]) -> Option<Vec<f32>> {
        let array = self.get(dict, key)?.as_array().ok()?;
        Some(array.iter().map(|item| self.resolve(item).as_float().unwrap_or(0.0)).collect())
    }

    /// A stream's data, decoded; none if it is no stream, is malformed or too large.
    pub fn data(&self, object: &Object) -> Option<Vec<u8>> {
        let stream = self.resolve(object).as_stream().ok()?;
        stream.get_plain_content_with_limit(LARGEST_STREAM).ok()
    }

    /// A text string of the document (information dictionary, outline).
    pub fn text(&self, dict: &Dictionary, key: &[u8]) -> Option<String> {
        let object = self.get(dict, key)?;
        let text = crate::clean::single_spaced(&crate::clean::normalise(&lopdf::decode_text_string(object).ok()?));
        (!text.is_empty()).then_some(text)
    }

    /// A page's entry, looked for in its ancestors too (7.7.3.4).
    pub fn inherited<'a>(&'a self, page: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
        let mut node = page;
        for _ in 0..32 {
            if let Some(found) = self.get(node, key) {
                return Some(found);
            }
            node = self.get(node, b"Parent").and_then(|parent| self.dict(parent))?;
        }
        None
    }
}

/// Whether it is encrypted and no password is known.
fn locked(document: &Document) -> bool {
    document.trailer.has(b"Encrypt") && document.encryption_state.is_none()
}

/// `source` with an empty identifier, which takes part in the key: one that is missing counts as
/// empty, in all viewers. What follows the last trailer is found from the file's end, so that
/// nothing that is found by its place moves.
fn with_identifier(source: &[u8]) -> Option<Vec<u8>> {
    const ENTRY: &[u8] = b"/Encrypt";
    let at = source.windows(ENTRY.len()).rposition(|window| window == ENTRY)?;
    Some([&source[..at], b"/ID[()()]", &source[at..]].concat())
}

fn encrypted() -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::DocumentEncrypted,
        "the PDF is encrypted and asks for a password; save a copy without one and upload that",
    )
}
