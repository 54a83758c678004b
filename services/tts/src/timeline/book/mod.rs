//! A recording as a book: the document's own structure, every block of it, and what of it is heard
//! when. The page `listen.html` and the EPUB are made from it.
//!
//! The document stands on **pages**, one a section, in its own order. A block stands on the page of
//! the section that speaks it (in parts, where several do), and one that nobody speaks beside the
//! one before it, with its reason (invariant I9). Words that are not the document's own stand where
//! they are heard. What no section has a place for is on a page of its own at the end, which is not
//! heard.
//!
//! How it is made: [`pieces`] says which parts of blocks an utterance is, [`pages`] where blocks
//! stand, [`runs`] cuts their text where something changes, and [`aloud`] puts in what is nowhere
//! written.

mod aloud;
mod pages;
mod pieces;
mod runs;

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, Content};
use lectern_core::content::script::{Plan, Section, SkipReason, Utterance};
use lectern_core::content::timeline::{Fate, Track};

use super::chapters::{Chapters, chapters};
use super::speakers::Speakers;
use super::written::Written;

/// A recording as a book.
#[derive(Debug)]
pub struct Book<'a> {
    /// The title of the recording.
    pub title: &'a str,
    /// Its language, a BCP 47 tag.
    pub language: &'a str,
    /// The document's authors.
    pub authors: &'a [String],
    /// Samples a second.
    pub sample_rate: u32,
    /// All samples.
    pub samples: u64,
    /// What is said, in the order in which it is heard.
    pub sentences: Vec<Sentence<'a>>,
    /// The pages.
    pub pages: Vec<Page<'a>>,
}

/// An utterance, and where it stands.
#[derive(Debug)]
pub struct Sentence<'a> {
    /// What is said.
    pub utterance: &'a Utterance,
    /// Who says it, where several talk.
    pub speaker: Option<String>,
    /// First sample in the whole recording.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Its written words; their samples count from `start`.
    pub words: Vec<Written>,
    /// The parts of blocks that it is, in order; one of no block for words that are not the
    /// document's own.
    pub pieces: Vec<Piece>,
}

/// A part of a block that one utterance speaks, with what is skipped inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// The block's id; none for words that are not the document's own.
    pub block: Option<u32>,
    /// Where in the block's text; in what the utterance shows where it is of no block.
    pub range: Range,
    /// First sample in the whole recording.
    pub start: u64,
    /// One past the last.
    pub end: u64,
}

/// A page: what one section speaks.
#[derive(Debug)]
pub struct Page<'a> {
    /// The section's place in the plan; none for the page of what no section has a place for.
    pub section: Option<u32>,
    /// Its title.
    pub title: &'a str,
    /// The level of its heading, 1 to 6.
    pub level: u8,
    /// The first sample of its chapter.
    pub start: u64,
    /// One past its last.
    pub end: u64,
    /// Its sentences, as a range of [`Book::sentences`].
    pub sentences: std::ops::Range<usize>,
    /// What stands on it, in order.
    pub items: Vec<Item<'a>>,
}

/// Something that stands on a page.
#[derive(Debug)]
pub enum Item<'a> {
    /// A block of the document, or a part of one.
    Part(Part<'a>),
    /// Words that are not the document's own, a paragraph of them.
    Aloud(Aloud),
}

/// A block of the document, or the part of one that stands on a page.
#[derive(Debug)]
pub struct Part<'a> {
    /// The block.
    pub block: &'a Block,
    /// Which part of its text.
    pub range: Range,
    /// What became of the block.
    pub fate: Fate,
    /// Its text, cut where something changes, without gaps.
    pub runs: Vec<Run>,
}

impl Part<'_> {
    /// Whether it is the beginning of its block.
    #[must_use]
    pub const fn is_first(&self) -> bool {
        self.range.start == 0
    }

    /// Whether any of it is heard.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.runs.iter().any(|run| run.piece.is_some())
    }

    /// Why nothing of it is heard; none where some of it is.
    #[must_use]
    pub fn left_out(&self) -> Option<SkipReason> {
        if self.is_heard() { None } else { self.runs.iter().find_map(|run| run.skipped) }
    }
}

/// A piece of a sentence: the sentence's place in [`Book::sentences`] and the piece's in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PieceRef {
    /// The sentence.
    pub sentence: usize,
    /// The piece.
    pub piece: usize,
}

/// A stretch of a block's text of which all is alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Where in the block's text.
    pub range: Range,
    /// The piece of a sentence that it lies in.
    pub piece: Option<PieceRef>,
    /// Why it is not heard, where it is not.
    pub skipped: Option<SkipReason>,
    /// The spans of the block that it lies in, by their place, from the outer to the inner.
    pub spans: Vec<usize>,
}

/// A paragraph of words that are not the document's own.
#[derive(Debug, PartialEq, Eq)]
pub struct Aloud {
    /// Its sentences, by their place in [`Book::sentences`].
    pub sentences: Vec<usize>,
}

/// The book of a recording.
///
/// # Errors
/// `INTERNAL` if the tracks are not those of the sections, or the script names places that the
/// document does not have.
pub fn book<'a>(
    content: &'a Content,
    plan: &'a Plan,
    sections: &'a [Section],
    tracks: &'a [Track],
) -> Result<Book<'a>, Failure> {
    let speakers = Speakers::of(plan, sections);
    let placed = super::place(sections, tracks)?;
    let sentences = pieces::sentences(content, &speakers, &placed)?;
    let Chapters { sample_rate, chapters, .. } = chapters(&plan.title, sections, tracks)?;
    let mut pages = Vec::with_capacity(sections.len());
    let mut first = 0;
    for (section, chapter) in sections.iter().zip(&chapters) {
        let last = first + section.utterances.len();
        pages.push(Page {
            section: Some(section.index),
            title: &section.title,
            level: section.level.clamp(1, 6),
            start: chapter.start_sample,
            end: chapter.end_sample,
            sentences: first..last,
            items: Vec::new(),
        });
        first = last;
    }
    pages::fill(content, plan, sections, &sentences, &mut pages)?;
    for page in &mut pages {
        aloud::put(&sentences, page);
    }
    Ok(Book {
        title: &plan.title,
        language: &plan.language,
        authors: &content.authors,
        sample_rate,
        samples: tracks.iter().map(|track| track.samples).sum(),
        sentences,
        pages,
    })
}

#[cfg(test)]
mod tests;
