//! What the file says of itself: title, authors, language.

use super::super::super::assembly::Meta;
use super::file::File;

/// What `file` says, of its `pages` too.
pub fn about(file: &File, pages: usize) -> Meta {
    let info = file.document().trailer.get(b"Info").ok().and_then(|info| file.dict(info));
    Meta {
        title: info.and_then(|info| file.text(info, b"Title")).filter(|title| speaks(title)),
        authors: info.and_then(|info| file.text(info, b"Author")).map(|text| authors(&text)).unwrap_or_default(),
        language: file.document().catalog().ok().and_then(|catalog| file.text(catalog, b"Lang")),
        pages: u32::try_from(pages).ok(),
    }
}

/// Whether a title in the metadata is one, and not a file's name.
fn speaks(title: &str) -> bool {
    let lower = title.to_lowercase();
    let file = [".dvi", ".doc", ".docx", ".tex", ".odt", ".pdf", ".ps", ".xml", ".fm", ".indd"]
        .iter()
        .any(|end| lower.ends_with(end));
    !file
        && !lower.starts_with("microsoft word - ")
        && lower != "untitled"
        && title.chars().filter(|char| char.is_alphabetic()).count() >= 3
}

fn authors(text: &str) -> Vec<String> {
    text.split([';', '|'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| {
            if part.matches(',').count() == 1 && !part.trim().contains(' ') {
                vec![part]
            } else {
                part.split(", ").collect()
            }
        })
        .map(|name| name.trim().trim_end_matches(',').to_owned())
        .filter(|name| name.chars().any(char::is_alphabetic))
        .collect()
}
