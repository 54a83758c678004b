//! What a source is, told from its content: which line of the table of formats ([`super::formats`])
//! it is. What a caller says of it only decides between formats that look alike.

use lectern_core::content::document::Content;
use lectern_core::{Failure, Kind, Reason};

use super::archive::{Archive, damaged_because, encrypted};
use super::assembly::empty;
use super::encoding::{Decoded, decode};
use super::formats::{FORMATS, Format, PICTURES, REFUSED, Reader, Sign, accepted, said};
use super::{Hint, ocr};

/// The reader of a recognised source. Text is decoded on the way.
#[derive(Debug)]
pub(super) enum Sniffed {
    Bytes(fn(&[u8]) -> Result<Content, Failure>),
    Text(fn(Decoded) -> Result<Content, Failure>, Decoded),
}

/// Recognises `source`.
///
/// # Errors
/// `DOCUMENT_EMPTY` without bytes, `FORMAT_UNSUPPORTED` naming what it is where that is known,
/// `DOCUMENT_ENCRYPTED`, `DOCUMENT_DAMAGED` for an archive that cannot be opened.
pub(super) fn sniff(source: &[u8], hint: &Hint) -> Result<Sniffed, Failure> {
    if source.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        return Err(empty());
    }
    let begins = |sign: &Sign| match sign {
        Sign::Bytes { bytes, latest } => {
            source.get(..source.len().min(latest + bytes.len())).is_some_and(|head| holds(head, bytes))
        }
        Sign::Archive(_) | Sign::Text(_) => false,
    };
    let picture = PICTURES.iter().find(|(magic, _)| source.starts_with(magic));
    if let Some((_, name)) = picture.filter(|(magic, _)| *magic != b"RIFF" || source.get(8..12) == Some(b"WEBP")) {
        return ocr::picture(name);
    }
    if let Some(found) = known(begins) {
        return found.map(|format| with(format, || decode(source)));
    }
    if source.starts_with(b"PK\x03\x04") || source.starts_with(b"PK\x05\x06") {
        return archive(source);
    }
    if source.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(compound_file(source));
    }
    text(source, hint)
}

/// The line of the table that one of its signs tells, or the refusal of what is known but not read.
fn known(told: impl Fn(&Sign) -> bool) -> Option<Result<&'static Format, Failure>> {
    let read = FORMATS.iter().find(|format| format.signs.iter().any(&told)).map(Ok);
    read.or_else(|| REFUSED.iter().find(|(sign, _)| told(sign)).map(|(_, what)| Err(unsupported(what))))
}

fn with(format: &Format, decoded: impl FnOnce() -> Decoded) -> Sniffed {
    match format.reader {
        Reader::Bytes(read) => Sniffed::Bytes(read),
        Reader::Text(read) => Sniffed::Text(read, decoded()),
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn unsupported(what: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::FormatUnsupported,
        format!("the source is {what}; accepted are {}", accepted()),
    )
}

/// What an archive says of itself.
#[derive(Debug)]
pub(super) struct Members<'a> {
    archive: Archive<'a>,
    /// The member `mimetype`, as EPUB and OpenDocument have it.
    pub media_type: String,
    /// The member `[Content_Types].xml`, as Office has it.
    pub content_types: String,
}

impl Members<'_> {
    /// Whether it is the Office file whose main part this is. The main part decides, for any of
    /// them may hold files of the others; without one of the usual names the content types do.
    pub fn is_office(&self, main: &str, kind: &str) -> bool {
        let named = ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml"].iter().any(|part| self.has(part));
        self.has(main) || !named && self.content_types.contains(kind)
    }

    /// Whether the archive has this member.
    pub fn has(&self, name: &str) -> bool {
        self.archive.has(name)
    }
}

/// What the content types of an Office file with a document in it name.
const OFFICE: [&str; 3] = ["wordprocessingml", "spreadsheetml", "presentationml"];

fn archive(source: &[u8]) -> Result<Sniffed, Failure> {
    let mut archive = Archive::open(source)?;
    let media_type = archive.read("mimetype")?.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let types = archive.read("[Content_Types].xml")?.map(|bytes| decode(&bytes).text);
    let office = types.is_some();
    let members =
        Members { archive, media_type: media_type.unwrap_or_default(), content_types: types.unwrap_or_default() };
    let told = |sign: &Sign| match sign {
        Sign::Archive(holds) => holds(&members),
        Sign::Bytes { .. } | Sign::Text(_) => false,
    };
    match known(told) {
        Some(Ok(format)) => Ok(with(format, || decode(source))),
        Some(Err(_)) if office && !OFFICE.iter().any(|kind| members.content_types.contains(kind)) => {
            Err(damaged_because("it is an Office file without a document in it"))
        }
        Some(Err(failure)) => Err(failure),
        None => Err(unsupported("a ZIP archive")),
    }
}

/// An OLE compound file: an encrypted Office document, or an Office document of before 2007.
fn compound_file(source: &[u8]) -> Failure {
    let holds = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        source.windows(wide.len()).any(|window| window == wide)
    };
    if holds("EncryptedPackage") || holds("EncryptionInfo") {
        encrypted("the Office document is")
    } else if holds("WordDocument") {
        unsupported("a Word document of the old binary format (DOC); save it as DOCX")
    } else {
        unsupported("an Office file of the old binary format; save it as DOCX or PDF")
    }
}

/// A text, as the signs of text formats see it.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// All of it, without a byte order mark and white space before it.
    pub text: &'a str,
    /// What it begins with.
    pub markup: Markup,
    /// The format that the caller named.
    said: Option<&'static Format>,
}

impl Text<'_> {
    /// Whether the caller said that it is of the format of this name.
    pub fn is_said_to_be(&self, name: &str) -> bool {
        self.said.is_some_and(|format| format.name == name)
    }

    /// Whether it is XML of another kind than HTML.
    pub const fn is_xml(&self) -> bool {
        matches!(self.markup, Markup::Xml(_))
    }

    /// Whether it begins with the header of a mail or of a web archive whose content type begins
    /// with `content`.
    pub fn is_mail(&self, content: &str) -> bool {
        let header = self.text.lines().take_while(|line| !line.trim().is_empty());
        let mut named = 0_usize;
        let mut typed = false;
        for line in header {
            if line.starts_with([' ', '\t']) {
                continue;
            }
            let Some((name, value)) = line.split_once(':') else { return false };
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return false;
            }
            named += 1;
            typed |=
                name.eq_ignore_ascii_case("content-type") && value.trim().to_ascii_lowercase().starts_with(content);
        }
        // One header alone may be a line of text with a colon in it.
        named > 1 && typed
    }
}

fn text(source: &[u8], hint: &Hint) -> Result<Sniffed, Failure> {
    let decoded = decode(source);
    if let Some(fault) = decoded.fault() {
        return Err(unsupported(&fault));
    }
    let start = decoded.text.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    let text = Text { text: start, markup: markup(start), said: said(hint) };
    let told = |sign: &Sign| match sign {
        Sign::Text(holds) => holds(&text),
        Sign::Bytes { .. } | Sign::Archive(_) => false,
    };
    // What is refused is asked first here: plain text would take it.
    if let Some((_, what)) = REFUSED.iter().find(|(sign, _)| told(sign)) {
        return Err(unsupported(what));
    }
    let found = FORMATS.iter().find(|format| format.signs.iter().any(told));
    match (found, text.markup) {
        (Some(format), _) => Ok(with(format, || decoded)),
        (None, Markup::Xml(root)) => Err(unsupported(&format!("XML with the root element <{root}>"))),
        (None, Markup::Html | Markup::Wrapped | Markup::Fragment | Markup::None) => {
            Err(unsupported("of no known kind"))
        }
    }
}

/// What a text begins with.
#[derive(Debug)]
pub(super) enum Markup {
    Html,
    /// Lines of another format, and a whole page of HTML in them.
    Wrapped,
    /// Begins with an HTML element, but is no whole page.
    Fragment,
    /// XML with this root element.
    Xml(String),
    None,
}

/// The first element, past declarations and comments.
fn markup(text: &str) -> Markup {
    let mut rest = text;
    let mut declared = false;
    loop {
        rest = rest.trim_start();
        let skip = if rest.starts_with("<?xml") {
            declared = true;
            rest.find("?>").map(|at| at + 2)
        } else if rest.starts_with("<!--") {
            rest.find("-->").map(|at| at + 3)
        } else if rest.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("<!doctype")) {
            let name = rest.get(9..).unwrap_or_default().trim_start();
            if name.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html")) {
                return Markup::Html;
            }
            declared = true;
            rest.find('>').map(|at| at + 1)
        } else {
            None
        };
        match skip.and_then(|at| rest.get(at..)) {
            Some(after) => rest = after,
            None => break,
        }
    }
    let Some(tag) = rest.strip_prefix('<') else { return Markup::None };
    let name: String =
        tag.chars().take_while(|char| char.is_ascii_alphanumeric() || ":-_".contains(*char)).collect::<String>();
    let lower = name.to_ascii_lowercase();
    let closed = rest.contains("</") || rest.contains("/>");
    match lower.as_str() {
        "html" | "head" | "body" => Markup::Html,
        "article" | "main" | "section" | "div" | "p" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "table"
        | "blockquote" | "pre" | "header" | "title" | "meta" | "link" | "span" | "a" | "b" | "i" | "em" | "strong"
        | "center" | "figure" | "dl" | "style" | "script"
            if closed && !declared =>
        {
            Markup::Fragment
        }
        "" => Markup::None,
        _ if declared => Markup::Xml(name),
        "svg" | "rss" | "feed" => Markup::Xml(name),
        // The submissions of the SEC's EDGAR, saved objects of databases and the like put lines of
        // their own around a page.
        _ if holds_page(rest) => Markup::Wrapped,
        _ => Markup::None,
    }
}

/// How far from the start a wrapped page may begin, in bytes: the header of a wrapper takes a few
/// kilobytes.
const WRAPPER: usize = 32_000;

/// Whether a page begins in the first part of `text`, and ends.
fn holds_page(text: &str) -> bool {
    let bytes = text.as_bytes();
    let head = bytes.get(..bytes.len().min(WRAPPER)).unwrap_or_default().to_ascii_lowercase();
    let tail = bytes.get(bytes.len().saturating_sub(WRAPPER)..).unwrap_or_default().to_ascii_lowercase();
    (holds(&head, b"<html") || holds(&head, b"<!doctype html")) && holds(&tail, b"</html")
}

/// Two kinds of Markdown syntax, or a fenced block and anything else; one `#` or `*` may stand in
/// any text.
pub(super) fn looks_like_markdown(text: &str) -> bool {
    let mut heading = false;
    let mut fence = 0;
    let mut link = false;
    let mut strong = false;
    let mut table = false;
    for line in text.lines().take(2_000) {
        let trimmed = line.trim_start();
        let hashes = trimmed.bytes().take_while(|byte| *byte == b'#').count();
        heading |= (1..=6).contains(&hashes) && trimmed.get(hashes..).is_some_and(|rest| rest.starts_with(' '));
        fence += usize::from(trimmed.starts_with("```"));
        link |= trimmed.contains("](");
        strong |= trimmed.matches("**").count() >= 2;
        table |= trimmed.starts_with("|--") || trimmed.starts_with("| --") || trimmed.starts_with("|:-");
    }
    [heading, fence >= 2, link, strong, table].into_iter().filter(|found| *found).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(source: &[u8], file_name: Option<&str>) -> String {
        let hint = Hint { file_name: file_name.map(str::to_owned), media_type: None };
        let of = |same: &dyn Fn(&Reader) -> bool| {
            FORMATS.iter().find(|format| same(&format.reader)).map(|format| format.name.to_lowercase()).unwrap()
        };
        match sniff(source, &hint) {
            Ok(Sniffed::Bytes(found)) => {
                of(&|reader| matches!(reader, Reader::Bytes(read) if std::ptr::fn_addr_eq(*read, found)))
            }
            Ok(Sniffed::Text(found, _)) => {
                of(&|reader| matches!(reader, Reader::Text(read) if std::ptr::fn_addr_eq(*read, found)))
            }
            Err(failure) => failure.reason.to_string(),
        }
    }

    #[test]
    fn the_type_comes_from_the_content() {
        let cases: [(&[u8], Option<&str>, &str); 19] = [
            (b"", None, "DOCUMENT_EMPTY"),
            (b"  \n ", Some("a.pdf"), "DOCUMENT_EMPTY"),
            (b"junk\n%PDF-1.7\n...", Some("a.txt"), "pdf"),
            (b"PK\x03\x04cut", Some("a.docx"), "DOCUMENT_DAMAGED"),
            (b"\x89PNG\r\n\x1a\n", Some("a.pdf"), "NO_TEXT_LAYER"),
            (b"{\\rtf1 hello}", None, "FORMAT_UNSUPPORTED"),
            (b"\x00\x01\x02\x03\x00\x00", None, "FORMAT_UNSUPPORTED"),
            (b"<!DOCTYPE html><title>x</title>", Some("a.txt"), "html"),
            (b"<?xml version=\"1.0\"?>\n<html xmlns=\"x\"/>", None, "html"),
            (b"<?xml version=\"1.0\"?><rss/>", None, "FORMAT_UNSUPPORTED"),
            (b"<!-- note --><p>Hello</p>", None, "html"),
            (b"<p align=\"center\">Logo</p>\n\n# Tool", Some("README.md"), "markdown"),
            (b"# Title\n\nText", Some("notes.md"), "markdown"),
            (b"# Title\n\nText with a [link](x).", None, "markdown"),
            (b"# Title\n\nText with a [link](x).", Some("notes.txt"), "plain text"),
            (b"# not a title", None, "plain text"),
            (b"1 < 2 and 3 > 2", None, "plain text"),
            (b"caf\xe9 in Latin-1", None, "plain text"),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0",
                None,
                "DOCUMENT_ENCRYPTED",
            ),
        ];
        for (source, file_name, wanted) in cases {
            assert_eq!(name(source, file_name), wanted, "{:?}", String::from_utf8_lossy(source));
        }
    }

    #[test]
    fn a_refusal_names_what_is_accepted() {
        let failure = sniff(b"GIF89a", &Hint::default()).unwrap_err();
        assert!(failure.message.contains("a GIF picture") && failure.message.contains("EPUB"), "{}", failure.message);
    }
}
