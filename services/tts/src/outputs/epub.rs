//! EPUB 3.3 with media overlays: the document's own structure, in which what is heard is lit, with
//! the audio inside. What is not heard stands there too, with its reason.
//!
//! ```text
//! mimetype                 META-INF/container.xml
//! EPUB/package.opf         what is in it, and in which order it is read
//! EPUB/nav.xhtml           chapters, and the pages of the source
//! EPUB/cover.xhtml         cover.png, style.css
//! EPUB/s0001.xhtml         a page (`timeline::book`): one a section
//! EPUB/s0001.smil          which sentence of it is heard when
//! EPUB/s0001.opus          its audio
//! ```
//!
//! The archive is written piece by piece; of it nothing is held but a page. All of it follows from
//! the recording, so equal recordings have equal files: times in it are the first that a ZIP has.

mod archive;
mod names;
mod nav;
mod overlay;
mod package;
mod page;

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use lectern_core::Failure;
use lectern_stage::work::no_room;

use self::archive::Archive;
use self::names::Ids;
use super::markup::Markup;
use crate::audio::encode::part_name;
use crate::timeline::book::Book;

/// What a book says of its recording beside what it shows.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What tells this recording from every other: 32 hexadecimal digits.
    pub id: &'a str,
    /// Who speaks, as people call the voice.
    pub voice: &'a str,
    /// The cover in PNG.
    pub cover: &'a [u8],
    /// The folder with the audio of the pages, each under its [`part_name`].
    pub parts: &'a Path,
}

/// Writes the EPUB of a recording to `output`.
///
/// # Errors
/// `UNAVAILABLE` if it cannot be written, or the audio cannot be read.
pub fn write<W: Write + Seek>(output: W, book: &Book<'_>, about: &About<'_>) -> Result<(), Failure> {
    let mut archive = Archive::new(output)?;
    archive.text("META-INF/container.xml", package::CONTAINER)?;
    archive.text("EPUB/style.css", page::STYLE)?;
    archive.stored("EPUB/cover.png", about.cover)?;
    archive.text("EPUB/cover.xhtml", &page::cover(book))?;
    let mut markup = Markup::new(book, Ids::default());
    let mut pages = Vec::with_capacity(book.pages.len());
    for (at, page) in book.pages.iter().enumerate() {
        markup.names_mut().begin(at);
        let text = markup.page(page);
        archive.text(&format!("EPUB/{}", names::text(at)), &page::page(book, page, &text))?;
        let heard = overlay::is_heard(page);
        if heard {
            archive.text(&format!("EPUB/{}", names::overlay(at)), &overlay::overlay(book, page, at))?;
            let audio = File::open(about.parts.join(part_name(at))).map_err(|error| no_room(&error))?;
            archive.copied(&format!("EPUB/{}", part_name(at)), audio)?;
        }
        pages.push(package::Entry { heard, duration: overlay::duration(book, page) });
    }
    archive.text("EPUB/nav.xhtml", &nav::nav(book, &markup.into_names().source_pages))?;
    archive.text("EPUB/package.opf", &package::package(book, about, &pages))?;
    archive.finish()
}

#[cfg(test)]
mod tests;
