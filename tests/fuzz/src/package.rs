//! Archives around the bytes under test. Bytes that begin with `PK` are an archive already; all
//! others are the text of its members, each behind a line `=== <name>`, so that a corpus can be
//! read and its mutations are not stopped by a checksum.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const MARK: &[u8] = b"=== ";

/// A package of Word, PowerPoint or Excel; what has no name is the member `main`.
pub fn office(bytes: &[u8], main: &str) -> Vec<u8> {
    package(bytes, main, &[])
}

/// A text document of OpenOffice's kind; what has no name is its content.
pub fn odt(bytes: &[u8]) -> Vec<u8> {
    package(bytes, "content.xml", &[("mimetype", b"application/vnd.oasis.opendocument.text")])
}

/// A book; what has no name is its only chapter.
pub fn epub(bytes: &[u8]) -> Vec<u8> {
    const CONTAINER: &[u8] = b"<container><rootfiles><rootfile full-path='b.opf' media-type='application/oebps-package+xml'/></rootfiles></container>";
    const PACKAGE: &[u8] = b"<package><metadata><language>en</language></metadata><manifest><item id='c' href='c.xhtml' media-type='application/xhtml+xml'/></manifest><spine><itemref idref='c'/></spine></package>";
    let given: [(&str, &[u8]); 3] =
        [("mimetype", b"application/epub+zip"), ("META-INF/container.xml", CONTAINER), ("b.opf", PACKAGE)];
    package(bytes, "c.xhtml", &given)
}

fn package(bytes: &[u8], unnamed: &str, given: &[(&str, &[u8])]) -> Vec<u8> {
    if bytes.starts_with(b"PK") {
        return bytes.to_vec();
    }
    let members = members(bytes, unnamed);
    let missing = given.iter().filter(|(name, _)| members.iter().all(|(own, _)| own != name));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, text) in missing.map(|(name, text)| ((*name).to_owned(), *text)).chain(members.iter().cloned()) {
        // Two members of one name, or a name that cannot be: the archive is made without it.
        if writer.start_file(name, stored).is_ok() {
            let _ = writer.write_all(text);
        }
    }
    writer.finish().map(Cursor::into_inner).unwrap_or_default()
}

fn members<'a>(bytes: &'a [u8], unnamed: &str) -> Vec<(String, &'a [u8])> {
    let mut found: Vec<(String, &[u8])> = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut name = unnamed.to_owned();
        if let Some(line) = rest.strip_prefix(MARK) {
            let end = line.iter().position(|byte| *byte == b'\n').unwrap_or(line.len());
            name = String::from_utf8_lossy(&line[..end]).into_owned();
            rest = line.get(end + 1..).unwrap_or_default();
        }
        let end = rest.windows(MARK.len() + 1).position(|window| window[0] == b'\n' && window[1..] == *MARK);
        let (text, next) = end.map_or((rest, &[][..]), |end| (&rest[..end], &rest[end + 1..]));
        found.push((name, text));
        rest = next;
    }
    found
}
