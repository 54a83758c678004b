//! The formats, as one table: what each is called, what callers and the content say of it, and
//! which reader takes it.
//!
//! A new format is a line here and its reader. [`super::sniff`] goes down the table in its order,
//! and the message of what is accepted is made of it. [`REFUSED`] lists what is recognised only in
//! order to name it, with what to do about it.

use lectern_core::Failure;
use lectern_core::content::document::Content;

use super::encoding::Decoded;
use super::sniff::{Markup, Members, Text, looks_like_markdown};
use super::{Hint, csv, docx, epub, html, markdown, odt, pdf, pptx, text, xlsx};

/// A format that is read.
#[derive(Debug)]
pub(super) struct Format {
    /// What people call it.
    pub name: &'static str,
    /// The media types that callers declare it by, in lower case.
    pub media_types: &'static [&'static str],
    /// The ends of file names, in lower case. They decide only between formats that look alike.
    pub extensions: &'static [&'static str],
    /// What tells it in the content: one of these.
    pub signs: &'static [Sign],
    pub reader: Reader,
}

/// What tells a format in its content.
#[derive(Debug)]
pub(super) enum Sign {
    /// These bytes, which begin no later than at `latest`.
    Bytes { bytes: &'static [u8], latest: usize },
    /// A ZIP archive of which this holds.
    Archive(fn(&Members<'_>) -> bool),
    /// A text of which this holds.
    Text(fn(&Text<'_>) -> bool),
}

/// The ends of the names of files that can be read, in lower case and without a dot.
pub fn endings() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().flat_map(|format| format.extensions.iter().copied())
}

/// How a format is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader {
    /// From its bytes.
    Bytes(fn(&[u8]) -> Result<Content, Failure>),
    /// From its text, which is decoded once for all text formats.
    Text(fn(Decoded) -> Result<Content, Failure>),
}

/// Readers of PDF accept junk before the header within the first kilobyte (ISO 32000-1, annex
/// H.3.4.1).
const PDF_LATEST: usize = 1019;

pub(super) const CSV: &str = "CSV";
pub(super) const HTML: &str = "HTML";
pub(super) const MARKDOWN: &str = "Markdown";
pub(super) const TEXT: &str = "plain text";

/// The formats. The first whose sign is found reads the source; plain text is what nothing else is,
/// and comes last.
pub(super) const FORMATS: &[Format] = &[
    Format {
        name: "PDF",
        media_types: &["application/pdf"],
        extensions: &["pdf"],
        signs: &[Sign::Bytes { bytes: b"%PDF-", latest: PDF_LATEST }],
        reader: Reader::Bytes(pdf::extract),
    },
    Format {
        name: "EPUB",
        media_types: &["application/epub+zip"],
        extensions: &["epub"],
        signs: &[Sign::Archive(|members| {
            members.media_type == "application/epub+zip" || members.has("META-INF/container.xml")
        })],
        reader: Reader::Bytes(epub::extract),
    },
    Format {
        name: "DOCX",
        media_types: &["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
        extensions: &["docx", "docm", "dotx", "dotm"],
        signs: &[Sign::Archive(|members| members.is_office("word/document.xml", "wordprocessingml"))],
        reader: Reader::Bytes(docx::extract),
    },
    Format {
        name: "ODT",
        media_types: &[odt::MEDIA_TYPE],
        extensions: &["odt", "ott"],
        signs: &[Sign::Archive(|members| members.media_type.starts_with(odt::MEDIA_TYPE))],
        reader: Reader::Bytes(odt::extract),
    },
    Format {
        name: "ODT",
        media_types: &["application/vnd.oasis.opendocument.text-flat-xml"],
        extensions: &["fodt"],
        signs: &[Sign::Text(|text| {
            matches!(&text.markup, Markup::Xml(root) if root == "office:document")
                && text.text.contains(odt::MEDIA_TYPE)
        })],
        reader: Reader::Text(|decoded| odt::extract_flat(&decoded.text)),
    },
    Format {
        name: "PPTX",
        media_types: &["application/vnd.openxmlformats-officedocument.presentationml.presentation"],
        extensions: &["pptx", "pptm", "ppsx", "potx"],
        signs: &[Sign::Archive(|members| members.is_office("ppt/presentation.xml", "presentationml"))],
        reader: Reader::Bytes(pptx::extract),
    },
    Format {
        name: "XLSX",
        media_types: &["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
        extensions: &["xlsx", "xlsm", "xltx"],
        signs: &[Sign::Archive(|members| members.is_office("xl/workbook.xml", "spreadsheetml"))],
        reader: Reader::Bytes(xlsx::extract),
    },
    Format {
        name: CSV,
        media_types: &["text/csv", "text/tab-separated-values"],
        extensions: &["csv", "tsv", "tab"],
        signs: &[Sign::Text(|text| text.is_said_to_be(CSV))],
        reader: Reader::Text(csv::extract),
    },
    Format {
        name: HTML,
        media_types: &["text/html", "application/xhtml+xml"],
        extensions: &["html", "htm", "xhtml", "xht"],
        signs: &[Sign::Text(|text| match text.markup {
            Markup::Html => true,
            Markup::Fragment | Markup::Wrapped => !text.is_said_to_be(MARKDOWN),
            Markup::Xml(_) => false,
            Markup::None => text.is_said_to_be(HTML) && text.text.contains("</"),
        })],
        reader: Reader::Text(html::extract),
    },
    Format {
        name: MARKDOWN,
        media_types: &["text/markdown", "text/x-markdown"],
        extensions: &["md", "markdown", "mdown", "mkd", "mkdn", "mdx", "qmd", "rmd"],
        signs: &[Sign::Text(|text| {
            text.is_said_to_be(MARKDOWN)
                || !text.is_said_to_be(TEXT) && !text.is_xml() && looks_like_markdown(text.text)
        })],
        reader: Reader::Text(markdown::extract),
    },
    Format {
        name: TEXT,
        media_types: &["text/plain"],
        extensions: &["txt", "text", "asc", "log", "adoc", "asciidoc"],
        signs: &[Sign::Text(|text| !text.is_xml())],
        reader: Reader::Text(text::extract),
    },
];

/// Pictures, whose text can be recognised where the service does that.
pub(super) const PICTURES: &[(&[u8], &str)] = &[
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"RIFF", "a WebP picture"),
];

/// What is recognised in order to name it in the refusal, and what to do about it.
pub(super) const REFUSED: &[(Sign, &str)] = &[
    (starts(b"{\\rtf"), "an RTF document; save it as DOCX"),
    (starts(b"%!PS"), "PostScript; convert it to PDF"),
    (starts(b"GIF8"), "a GIF picture"),
    (starts(b"BM"), "a BMP picture"),
    (starts(b"RIFF"), "a RIFF file (WAV or AVI)"),
    (starts(b"AT&TFORM"), "a DjVu document; convert it to PDF"),
    (Sign::Bytes { bytes: b"BOOKMOBI", latest: MOBI_AT }, "a Mobipocket or Kindle book; convert it to EPUB"),
    (starts(b"\x1f\x8b"), "gzip data; unpack it first"),
    (starts(b"BZh"), "bzip2 data; unpack it first"),
    (starts(b"\xfd7zXZ\0"), "xz data; unpack it first"),
    (starts(b"7z\xbc\xaf"), "a 7-Zip archive; unpack it first"),
    (starts(b"Rar!"), "a RAR archive; unpack it first"),
    (starts(b"\x28\xb5\x2f\xfd"), "Zstandard data; unpack it first"),
    (starts(b"\x7fELF"), "a program"),
    (starts(b"MZ"), "a program"),
    (starts(b"ID3"), "an MP3 recording"),
    (starts(b"OggS"), "an Ogg recording"),
    (starts(b"fLaC"), "a FLAC recording"),
    (starts(b"ITOLITLS"), "a Microsoft Reader book"),
    (starts(b"ITSF"), "a compiled help file (CHM); unpack it and send its HTML"),
    (starts(b"wOFF"), "a font"),
    (starts(b"SQLite format 3"), "an SQLite database"),
    (starts(b"bplist00"), "a binary property list, such as a web archive of Safari; save the page as HTML"),
    (starts(b"\x00\x00\xfe\xff"), "text in UTF-32; save it as UTF-8"),
    (starts(b"\xff\xfe\x00\x00"), "text in UTF-32; save it as UTF-8"),
    (
        Sign::Archive(|members| members.media_type.starts_with("application/vnd.oasis.opendocument")),
        "an OpenDocument file; save it as DOCX or PDF",
    ),
    (
        Sign::Archive(|members| members.has("Index/Document.iwa") || members.has("Index.zip")),
        "a document of Apple's Pages, Numbers or Keynote; export it as DOCX or PDF",
    ),
    (Sign::Archive(|_| true), "a ZIP archive that holds no document; unpack it and send one document"),
    (
        Sign::Text(|text| text.is_mail("multipart/")),
        "an e-mail or a web archive (MHTML); save the message or page as HTML or plain text",
    ),
];

/// A Mobipocket book names its type and creator behind 60 bytes of a Palm database's header.
const MOBI_AT: usize = 60;

const fn starts(bytes: &'static [u8]) -> Sign {
    Sign::Bytes { bytes, latest: 0 }
}

/// The formats, for messages to people: "PDF, EPUB and plain text".
pub(super) fn accepted() -> String {
    let mut names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    // A format may have a line for each of its forms.
    names.dedup();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

/// The format that the caller names, by media type or else by the end of the file's name.
pub(super) fn said(hint: &Hint) -> Option<&'static Format> {
    let media = hint.media_type.as_deref().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let media = media.to_ascii_lowercase();
    let end = hint.file_name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_ascii_lowercase());
    let by_media = || FORMATS.iter().find(|format| format.media_types.contains(&media.as_str()));
    let by_name = || FORMATS.iter().find(|format| end.as_deref().is_some_and(|end| format.extensions.contains(&end)));
    // "text/plain" is what a server says of any text, so a name that says more is believed first.
    by_media().filter(|format| format.name != TEXT).or_else(by_name).or_else(by_media)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(file_name: Option<&str>, media_type: Option<&str>) -> Hint {
        Hint { file_name: file_name.map(str::to_owned), media_type: media_type.map(str::to_owned) }
    }

    #[test]
    fn a_caller_names_a_format_by_media_type_or_name() {
        for (file_name, media_type, wanted) in [
            (Some("a/b.MD"), None, Some(MARKDOWN)),
            (Some("notes.md"), Some("text/plain; charset=utf-8"), Some(MARKDOWN)),
            (Some("page.txt"), Some("text/html"), Some(HTML)),
            (None, Some("Text/Plain"), Some(TEXT)),
            (Some("README"), None, None),
            (Some("a.xyz"), Some("application/octet-stream"), None),
        ] {
            assert_eq!(said(&hint(file_name, media_type)).map(|format| format.name), wanted, "{file_name:?}");
        }
    }

    #[test]
    fn a_reduced_hint_names_the_same_format_and_has_nothing_of_the_callers() {
        let names = FORMATS.iter().flat_map(|format| format.extensions.iter().copied());
        let types = FORMATS.iter().flat_map(|format| format.media_types.iter().copied());
        let named = names.map(|ending| hint(Some(&format!("Secret.Merger/{ending}.{}", ending.to_uppercase())), None));
        let typed = types.map(|media| hint(Some("secret"), Some(&format!("{media}; charset=secret"))));
        let other = [hint(Some("secret.secret"), Some("text/plain")), hint(Some("secret"), None), Hint::default()];
        for said_by in named.chain(typed).chain(other) {
            let reduced = said_by.reduced();
            let name = |hint: &Hint| said(hint).map(|format| format.name);
            assert_eq!(name(&reduced), name(&said_by), "{said_by:?}");
            assert!(!format!("{reduced:?}").to_lowercase().contains("secret"), "{reduced:?}");
            assert_eq!(reduced.file_name.is_some(), name(&said_by).is_some(), "{said_by:?}");
        }
    }

    #[test]
    fn the_message_lists_the_table_and_plain_text_comes_last() {
        let accepted = accepted();
        assert!(FORMATS.iter().all(|format| accepted.contains(format.name)), "{accepted}");
        assert!(accepted.ends_with(" and plain text"), "{accepted}");
    }

    #[test]
    fn no_two_formats_share_a_name_or_a_type() {
        let all: Vec<&str> =
            FORMATS.iter().flat_map(|format| format.media_types.iter().chain(format.extensions)).copied().collect();
        let mut unique = all.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), all.len());
    }
}
