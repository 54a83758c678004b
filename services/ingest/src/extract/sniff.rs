//! What a source is, told from its content. What a caller says of it only decides between Markdown and plain text, which
//! look alike.

use lectern_core::{Failure, Kind, Reason};

use super::archive::{Archive, damaged_because, encrypted};
use super::assembly::empty;
use super::encoding::{Decoded, decode};
use super::{ACCEPTED, Hint, is_pdf, ocr};

/// A recognised source. Text formats are decoded on the way.
#[derive(Debug)]
pub(super) enum Sniffed {
    Pdf,
    Docx,
    Odt,
    FlatOdt(Decoded),
    Pptx,
    Xlsx,
    Csv(Decoded),
    Epub,
    Html(Decoded),
    Markdown(Decoded),
    Text(Decoded),
}

/// Recognises `source`.
///
/// # Errors
/// `DOCUMENT_EMPTY` without bytes, `FORMAT_UNSUPPORTED` naming what it is where that is known, `DOCUMENT_ENCRYPTED`,
/// `DOCUMENT_DAMAGED` for an archive that cannot be opened.
pub(super) fn sniff(source: &[u8], hint: &Hint) -> Result<Sniffed, Failure> {
    if source.iter().all(u8::is_ascii_whitespace) {
        return Err(empty());
    }
    if is_pdf(source) {
        return Ok(Sniffed::Pdf);
    }
    if source.starts_with(b"PK\x03\x04") || source.starts_with(b"PK\x05\x06") {
        return archive(source);
    }
    if source.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(compound_file(source));
    }
    let picture = PICTURES.iter().find(|(magic, _)| source.starts_with(magic));
    if let Some((_, name)) = picture.filter(|(magic, _)| *magic != b"RIFF" || source.get(8..12) == Some(b"WEBP")) {
        return ocr::picture(name);
    }
    if let Some((_, name)) = MAGIC.iter().find(|(magic, _)| source.starts_with(magic)) {
        return Err(unsupported(name));
    }
    let decoded = decode(source);
    if is_binary(&decoded.text) {
        return Err(unsupported("binary data of an unknown kind"));
    }
    if hint.says_csv() {
        return Ok(Sniffed::Csv(decoded));
    }
    let start = decoded.text.trim_start_matches(|char: char| char.is_whitespace() || char == '\u{feff}');
    match markup(start) {
        Markup::Html => return Ok(Sniffed::Html(decoded)),
        Markup::Fragment if !hint.says_markdown() => return Ok(Sniffed::Html(decoded)),
        Markup::Xml(root) if root == "office:document" && decoded.text.contains(super::odt::MEDIA_TYPE) => {
            return Ok(Sniffed::FlatOdt(decoded));
        }
        Markup::Xml(root) => return Err(unsupported(&format!("XML with the root element <{root}>"))),
        Markup::Fragment | Markup::None => {}
    }
    let markdown = hint.says_markdown() || (!hint.says_text() && looks_like_markdown(&decoded.text));
    Ok(if markdown { Sniffed::Markdown(decoded) } else { Sniffed::Text(decoded) })
}

/// Pictures, whose text can be recognised where the service does that.
const PICTURES: [(&[u8], &str); 5] = [
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"RIFF", "a WebP picture"),
];

/// Formats that are recognised in order to name them in the refusal.
const MAGIC: [(&[u8], &str); 20] = [
    (b"{\\rtf", "an RTF document; save it as DOCX"),
    (b"%!PS", "PostScript; convert it to PDF"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"RIFF", "a RIFF file (WAV or AVI)"),
    (b"AT&TFORM", "a DjVu document; convert it to PDF"),
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"\xfd7zXZ\0", "xz data; unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data; unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"fLaC", "a FLAC recording"),
    (b"ITOLITLS", "a Microsoft Reader book"),
    (b"wOFF", "a font"),
    (b"SQLite format 3", "an SQLite database"),
];

fn unsupported(what: &str) -> Failure {
    Failure::new(
        Kind::InvalidArgument,
        Reason::FormatUnsupported,
        format!("the source is {what}; accepted are {ACCEPTED}"),
    )
}

fn archive(source: &[u8]) -> Result<Sniffed, Failure> {
    let mut archive = Archive::open(source)?;
    let mimetype = if archive.has("mimetype") { archive.read("mimetype")? } else { None };
    let mimetype = mimetype.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()).unwrap_or_default();
    if mimetype == "application/epub+zip" || archive.has("META-INF/container.xml") {
        return Ok(Sniffed::Epub);
    }
    // The main part decides: any of them may hold files of the others.
    for (part, sniffed) in [
        ("word/document.xml", Sniffed::Docx),
        ("ppt/presentation.xml", Sniffed::Pptx),
        ("xl/workbook.xml", Sniffed::Xlsx),
    ] {
        if archive.has(part) {
            return Ok(sniffed);
        }
    }
    if let Some(types) = archive.read("[Content_Types].xml")? {
        let types = decode(&types).text;
        return if types.contains("wordprocessingml") {
            Ok(Sniffed::Docx)
        } else if types.contains("spreadsheetml") {
            Ok(Sniffed::Xlsx)
        } else if types.contains("presentationml") {
            Ok(Sniffed::Pptx)
        } else {
            Err(damaged_because("it is an Office file without a document in it"))
        };
    }
    if mimetype.starts_with(super::odt::MEDIA_TYPE) {
        return Ok(Sniffed::Odt);
    }
    if mimetype.starts_with("application/vnd.oasis.opendocument") {
        return Err(unsupported("an OpenDocument file; save it as DOCX or PDF"));
    }
    Err(unsupported("a ZIP archive that is neither DOCX nor EPUB; unpack it and send one document"))
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

fn is_binary(text: &str) -> bool {
    let sample = text.chars().take(64_000);
    let (mut all, mut control) = (0_usize, 0_usize);
    for char in sample {
        all += 1;
        if char == '\0' {
            return true;
        }
        control += usize::from((char.is_control() && !"\n\r\t\u{c}\u{1b}\u{85}".contains(char)) || char == '\u{fffd}');
    }
    control * 20 > all
}

enum Markup {
    Html,
    /// Begins with an HTML element, but is no whole page.
    Fragment,
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
            let name = rest.get(9..).unwrap_or_default().trim_start().to_ascii_lowercase();
            if name.starts_with("html") {
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
        _ => Markup::None,
    }
}

/// Two kinds of Markdown syntax, or a fenced block and anything else; one `#` or `*` may stand in any text.
fn looks_like_markdown(text: &str) -> bool {
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
        match sniff(source, &hint) {
            Ok(Sniffed::Pdf) => "pdf".to_owned(),
            Ok(Sniffed::Docx) => "docx".to_owned(),
            Ok(Sniffed::Odt) => "odt".to_owned(),
            Ok(Sniffed::FlatOdt(_)) => "flat odt".to_owned(),
            Ok(Sniffed::Pptx) => "pptx".to_owned(),
            Ok(Sniffed::Xlsx) => "xlsx".to_owned(),
            Ok(Sniffed::Csv(_)) => "csv".to_owned(),
            Ok(Sniffed::Epub) => "epub".to_owned(),
            Ok(Sniffed::Html(_)) => "html".to_owned(),
            Ok(Sniffed::Markdown(_)) => "markdown".to_owned(),
            Ok(Sniffed::Text(_)) => "text".to_owned(),
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
            (b"# Title\n\nText with a [link](x).", Some("notes.txt"), "text"),
            (b"# not a title", None, "text"),
            (b"1 < 2 and 3 > 2", None, "text"),
            (b"caf\xe9 in Latin-1", None, "text"),
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
