//! What files and elements of an EPUB are called.

use std::collections::HashSet;

use crate::outputs::escape::escaped;
use crate::outputs::markup::Names;
use crate::timeline::book::{Part, PieceRef};

/// The element of a page that all others are in.
pub(super) const WHOLE: &str = "page";

/// The file of a page's text, by its number from 0.
pub(super) fn text(page: usize) -> String {
    format!("s{:04}.xhtml", page.saturating_add(1))
}

/// The file of a page's overlay.
pub(super) fn overlay(page: usize) -> String {
    format!("s{:04}.smil", page.saturating_add(1))
}

/// The element of a piece of a sentence.
pub(super) fn piece(piece: PieceRef) -> String {
    match piece.piece {
        0 => format!("u{}", piece.sentence),
        further => format!("u{}-{further}", piece.sentence),
    }
}

/// The element of a block.
pub(super) fn block(part: &Part<'_>) -> String {
    match part.range.start {
        0 => format!("b{}", part.block.id),
        further => format!("b{}-{further}", part.block.id),
    }
}

/// Gives each element an id of its own.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Pages of the source, with the page of the book on which each begins.
    pub(super) source_pages: Vec<(u32, usize)>,
    page: usize,
    given: HashSet<PieceRef>,
}

impl Ids {
    /// Goes on with a page, by its number from 0.
    pub(super) const fn begin(&mut self, page: usize) {
        self.page = page;
    }
}

impl Names for Ids {
    fn piece(&mut self, at: PieceRef) -> String {
        // One that stands in two cells has its id in the first.
        if self.given.insert(at) { format!(" id=\"{}\"", piece(at)) } else { String::new() }
    }

    fn block(&mut self, part: &Part<'_>) -> String {
        format!(" id=\"{}\"", block(part))
    }

    fn source_page(&mut self, page: u32) -> String {
        self.source_pages.push((page, self.page));
        format!(" id=\"page{page}\" epub:type=\"pagebreak\" role=\"doc-pagebreak\" aria-label=\"{page}\"")
    }

    fn language(&mut self, language: &str) -> String {
        let language = escaped(language);
        format!(" lang=\"{language}\" xml:lang=\"{language}\"")
    }
}
