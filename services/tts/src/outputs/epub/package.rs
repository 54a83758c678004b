//! What is in an EPUB, and in which order it is read (EPUB 3.3, section 5, package document).

use std::fmt::Write as _;

use super::overlay::clock;
use super::page::{LIT, language_of, title_of};
use super::{About, names};
use crate::audio::encode::part_name;
use crate::outputs::escape::{direction, escaped};
use crate::timeline::book::Book;

/// Where the package is.
pub(super) const CONTAINER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\">\n\
    <rootfiles><rootfile full-path=\"EPUB/package.opf\" media-type=\"application/oebps-package+xml\"/></rootfiles>\n\
    </container>\n";

/// When it was changed last. A book is never changed, only made, and equal ones are to be equal.
const MODIFIED: &str = "1980-01-01T00:00:00Z";

/// What a page has beside its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Whether it has an overlay and audio.
    pub(super) heard: bool,
    /// How long it is heard, in milliseconds.
    pub(super) duration: u64,
}

/// The package document of a book with these pages.
pub(super) fn package(book: &Book<'_>, about: &About<'_>, pages: &[Entry]) -> String {
    let (language, title) = (language_of(book.language), escaped(title_of(book.title)));
    let direction = direction(book.language);
    let metadata = metadata(book, about, pages, &title, &language);
    let (manifest, spine) = (manifest(pages), spine(pages));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" \
         unique-identifier=\"id\" xml:lang=\"{language}\" dir=\"{direction}\">\n\
         <metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\n{metadata}</metadata>\n\
         <manifest>\n{manifest}</manifest>\n<spine page-progression-direction=\"{direction}\">\n{spine}</spine>\n</package>\n"
    )
}

fn metadata(book: &Book<'_>, about: &About<'_>, pages: &[Entry], title: &str, language: &str) -> String {
    let mut all = String::new();
    let mut line = |text: &str| {
        all.push_str(text);
        all.push('\n');
    };
    line(&format!("<dc:identifier id=\"id\">urn:uuid:{}</dc:identifier>", uuid(about.id)));
    line(&format!("<dc:title>{title}</dc:title>"));
    line(&format!("<dc:language>{language}</dc:language>"));
    for author in book.authors.iter().filter(|author| !author.trim().is_empty()) {
        line(&format!("<dc:creator>{}</dc:creator>", escaped(author)));
    }
    let mut meta = |property: &str, text: &str| line(&format!("<meta property=\"{property}\">{text}</meta>"));
    meta("dcterms:modified", MODIFIED);
    let heard = pages.iter().filter(|page| page.heard);
    meta("media:duration", &clock(heard.map(|page| page.duration).sum()));
    meta("media:active-class", LIT);
    if !about.voice.is_empty() {
        meta("media:narrator", &escaped(about.voice));
    }
    for (property, value) in ACCESS {
        meta(property, value);
    }
    for (at, page) in pages.iter().enumerate().filter(|(_, page)| page.heard) {
        let (overlay, duration) = (id("overlay", at), clock(page.duration));
        line(&format!("<meta property=\"media:duration\" refines=\"#{overlay}\">{duration}</meta>"));
    }
    line("<meta name=\"cover\" content=\"cover-image\"/>");
    all
}

/// What readers who do not see or do not hear are told.
const ACCESS: [(&str, &str); 10] = [
    ("schema:accessMode", "textual"),
    ("schema:accessMode", "auditory"),
    ("schema:accessModeSufficient", "textual"),
    ("schema:accessModeSufficient", "auditory"),
    ("schema:accessibilityFeature", "synchronizedAudioText"),
    ("schema:accessibilityFeature", "tableOfContents"),
    ("schema:accessibilityFeature", "readingOrder"),
    ("schema:accessibilityFeature", "structuralNavigation"),
    ("schema:accessibilityHazard", "none"),
    (
        "schema:accessibilitySummary",
        "The text is the document's own, in its order, and is read aloud sentence by sentence. What is not read stands \
         in its place with the reason.",
    ),
];

fn manifest(pages: &[Entry]) -> String {
    let mut all = String::from(
        "<item id=\"nav\" href=\"nav.xhtml\" media-type=\"application/xhtml+xml\" properties=\"nav\"/>\n\
         <item id=\"cover\" href=\"cover.xhtml\" media-type=\"application/xhtml+xml\"/>\n\
         <item id=\"cover-image\" href=\"cover.png\" media-type=\"image/png\" properties=\"cover-image\"/>\n\
         <item id=\"style\" href=\"style.css\" media-type=\"text/css\"/>\n",
    );
    for (at, page) in pages.iter().enumerate() {
        let (text, overlay, audio) = (id("text", at), id("overlay", at), id("audio", at));
        let spoken = if page.heard { format!(" media-overlay=\"{overlay}\"") } else { String::new() };
        let file = names::text(at);
        let _ = writeln!(all, "<item id=\"{text}\" href=\"{file}\" media-type=\"application/xhtml+xml\"{spoken}/>");
        if page.heard {
            let (smil, opus) = (names::overlay(at), part_name(at));
            let _ = writeln!(all, "<item id=\"{overlay}\" href=\"{smil}\" media-type=\"application/smil+xml\"/>");
            let _ = writeln!(all, "<item id=\"{audio}\" href=\"{opus}\" media-type=\"audio/ogg; codecs=opus\"/>");
        }
    }
    all
}

fn spine(pages: &[Entry]) -> String {
    let text = (0..pages.len()).map(|at| format!("<itemref idref=\"{}\"/>\n", id("text", at)));
    std::iter::once("<itemref idref=\"cover\"/>\n".to_owned()).chain(text).collect()
}

/// The id of something that belongs to a page.
fn id(what: &str, page: usize) -> String {
    format!("{what}-{:04}", page.saturating_add(1))
}

/// 32 hexadecimal digits as an identifier that applications may make as they like (RFC 9562, 5.8).
fn uuid(digits: &str) -> String {
    let hex: Vec<char> =
        digits.chars().filter(char::is_ascii_hexdigit).chain(std::iter::repeat('0')).take(32).collect();
    let mut uuid = String::with_capacity(36);
    for (at, digit) in hex.into_iter().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(match at {
            12 => '8',
            16 => 'a',
            _ => digit.to_ascii_lowercase(),
        });
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_one_of_its_kind() {
        assert_eq!(uuid("00112233445566778899AABBCCDDEEFF"), "00112233-4455-8677-a899-aabbccddeeff");
        assert_eq!(uuid("12"), "12000000-0000-8000-a000-000000000000");
    }
}
