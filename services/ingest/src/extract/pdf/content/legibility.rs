//! Whether the pages have text that can be read, and what of them cannot.

use lectern_core::content::document::Warning;
use lectern_core::failure::{Failure, Kind, Reason};

use super::file::File;
use super::page::Page;

/// Letters on a page below which it counts as one without text.
const FEWEST_LETTERS: usize = 8;

/// The code of a warning of a page that is a picture; recognition may read it yet.
pub const PAGE_WITHOUT_TEXT: &str = "PAGE_WITHOUT_TEXT";

/// A page without text of which pictures cover this share is a picture of a page.
const PICTURED: f32 = 0.2;
/// A document of which this share of the pages are such pictures is a scan.
const SCANNED: f32 = 0.9;
/// Glyphs without a meaning from this share of a page's letters on are worth a warning: a few are
/// ornaments.
const UNKNOWN: f32 = 0.02;

fn letters(page: &Page) -> usize {
    page.runs.iter().chain(&page.turned).map(|run| run.text.chars().filter(|char| char.is_alphanumeric()).count()).sum()
}

/// Refuses pages without text, and says whether recognition would help.
pub fn has_text(pages: &[Page]) -> Result<(), Failure> {
    let without = pages.iter().filter(|page| letters(page) < FEWEST_LETTERS).count();
    let pictured = pages
        .iter()
        .filter(|page| letters(page) < FEWEST_LETTERS && page.pictures > PICTURED * page.width * page.height)
        .count();
    let all: usize = pages.iter().map(letters).sum();
    if all > 0 && (without < pages.len() && (pictured as f32) < SCANNED * pages.len() as f32) {
        return Ok(());
    }
    if pictured > 0 {
        return Err(Failure::new(
            Kind::InvalidArgument,
            Reason::NoTextLayer,
            "the pages are pictures without text; run text recognition (OCR) over the PDF and upload the result",
        ));
    }
    if all > 0 {
        return Ok(());
    }
    Err(Failure::new(
        Kind::InvalidArgument,
        if pages.iter().any(|page| page.unmapped > 0) { Reason::NoTextLayer } else { Reason::DocumentEmpty },
        "the PDF has no text that can be read; export it again with its text, or upload another file",
    ))
}

/// What a listener should know of how `pages` could be read.
pub fn warnings(file: &File, pages: &[Page]) -> Vec<Warning> {
    let mut out = Vec::new();
    let mut warn = |code: &str, message: String, page: Option<usize>| {
        let page = page.and_then(|page| u32::try_from(page + 1).ok());
        out.push(Warning { code: code.to_owned(), message, page });
    };
    if file.repaired() {
        warn("REPAIRED", "The file was damaged and had to be repaired; something may be missing.".to_owned(), None);
    }
    for (number, page) in pages.iter().enumerate() {
        if page.cut {
            warn(
                "PAGE_CUT",
                "The page holds more than is read, or cannot be read to its end.".to_owned(),
                Some(number),
            );
        }
        if letters(page) < FEWEST_LETTERS && page.pictures > PICTURED * page.width * page.height {
            warn(PAGE_WITHOUT_TEXT, "The page is a picture; what it says is not read.".to_owned(), Some(number));
        }
        if page.unmapped > 0 && page.unmapped as f32 > UNKNOWN * letters(page) as f32 {
            let message = format!("{} characters have no known meaning and are left out.", page.unmapped);
            warn("UNKNOWN_CHARACTERS", message, Some(number));
        }
    }
    out
}
