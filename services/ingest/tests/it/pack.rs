//! Archives, packed from the fixtures' parts: what is committed can be read and compared.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails its test")]

use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;

/// The parts of a folder under `tests/fixtures`, packed; `mimetype` first and stored, as EPUB asks,
/// where it is a book.
pub fn packed(folder: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    collect(&root, &root, &mut parts);
    parts.sort();
    if folder.starts_with("epub") {
        parts.insert(0, ("mimetype".to_owned(), b"application/epub+zip".to_vec()));
    }
    zipped(parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))
}

/// An archive of these members.
pub fn zipped<'a>(members: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        let method = if name == "mimetype" { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
        writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn collect(root: &Path, folder: &Path, parts: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, parts);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            parts.push((name, std::fs::read(&path).unwrap()));
        }
    }
}
