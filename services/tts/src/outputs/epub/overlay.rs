//! Which sentence of a page is heard when (EPUB 3.3, section 9, media overlays).
//!
//! One clip begins where the one before it ends, so that a reading system plays the page's audio
//! without gaps, pauses with it. Notes and tables are sequences of their own, which a reader can
//! leave.

use std::collections::HashMap;
use std::fmt::Write as _;

use lectern_core::content::document::BlockKind;

use super::names;
use crate::audio::encode::part_name;
use crate::timeline::book::{Book, Item, Page, PieceRef};
use crate::timeline::milliseconds;

/// A piece of a sentence in the page's audio.
struct Clip {
    /// The element that is lit.
    element: String,
    /// The block that is a sequence of its own.
    within: Option<u32>,
    /// Milliseconds of the page's audio.
    begin: u64,
    end: u64,
}

/// A block that is a sequence of its own: its element, and what it is.
struct Sequence {
    element: String,
    kind: &'static str,
}

/// Whether anything of a page is heard.
pub(super) fn is_heard(page: &Page<'_>) -> bool {
    !page.sentences.is_empty() && page.end > page.start
}

/// How long a page is heard, in milliseconds.
pub(super) fn duration(book: &Book<'_>, page: &Page<'_>) -> u64 {
    let ms = |sample| milliseconds(sample, book.sample_rate);
    ms(page.end) - ms(page.start).min(ms(page.end))
}

/// A moment as a clock shows it.
pub(super) fn clock(milliseconds: u64) -> String {
    let (seconds, minutes) = (milliseconds / 1000 % 60, milliseconds / 60_000 % 60);
    format!("{}:{minutes:02}:{seconds:02}.{:03}", milliseconds / 3_600_000, milliseconds % 1000)
}

/// The overlay of a page, by its number from 0.
pub(super) fn overlay(book: &Book<'_>, page: &Page<'_>, at: usize) -> String {
    let (text, audio) = (names::text(at), part_name(at));
    let sequences = sequences(page);
    let mut body = String::new();
    let mut open: Option<u32> = None;
    for (number, clip) in clips(book, page, &sequences).iter().enumerate() {
        if clip.within != open {
            if open.is_some() {
                body.push_str("</seq>\n");
            }
            if let Some(sequence) = clip.within.and_then(|block| sequences.get(&block)) {
                let Sequence { element, kind } = sequence;
                let _ = writeln!(body, "<seq id=\"q{number}\" epub:textref=\"{text}#{element}\" epub:type=\"{kind}\">");
            }
            open = clip.within;
        }
        let (begin, end) = (clock(clip.begin), clock(clip.end));
        let _ = writeln!(
            body,
            "<par id=\"p{number}\"><text src=\"{text}#{}\"/><audio src=\"{audio}\" clipBegin=\"{begin}\" clipEnd=\"{end}\"/></par>",
            clip.element
        );
    }
    if open.is_some() {
        body.push_str("</seq>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<smil xmlns=\"http://www.w3.org/ns/SMIL\" \
         xmlns:epub=\"http://www.idpf.org/2007/ops\" version=\"3.0\">\n<body epub:textref=\"{text}\" \
         epub:type=\"chapter\">\n{body}</body>\n</smil>\n"
    )
}

/// The blocks of a page that are sequences of their own.
fn sequences(page: &Page<'_>) -> HashMap<u32, Sequence> {
    let mut sequences = HashMap::new();
    for item in &page.items {
        let Item::Part(part) = item else { continue };
        let kind = match &part.block.kind {
            BlockKind::Table { .. } => "table",
            BlockKind::Footnote { .. } => "footnote",
            BlockKind::Figure => "figure",
            BlockKind::Heading { .. }
            | BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::Code { .. }
            | BlockKind::Quote
            | BlockKind::Caption
            | BlockKind::Formula { .. }
            | BlockKind::Furniture { .. } => continue,
        };
        sequences.entry(part.block.id).or_insert(Sequence { element: names::block(part), kind });
    }
    sequences
}

/// The clips of a page, without gaps.
fn clips(book: &Book<'_>, page: &Page<'_>, sequences: &HashMap<u32, Sequence>) -> Vec<Clip> {
    let from = milliseconds(page.start, book.sample_rate);
    let ms = |sample| milliseconds(sample, book.sample_rate).saturating_sub(from);
    let mut clips: Vec<Clip> = Vec::new();
    for sentence in page.sentences.clone() {
        let Some(of) = book.sentences.get(sentence) else { continue };
        for (piece, place) in of.pieces.iter().enumerate() {
            let element = names::piece(PieceRef { sentence, piece });
            let within = place.block.filter(|block| sequences.contains_key(block));
            clips.push(Clip { element, within, begin: ms(place.start), end: 0 });
        }
        // What stands nowhere, as it is said twice, is heard on the page.
        if of.pieces.is_empty() {
            clips.push(Clip { element: names::WHOLE.to_owned(), within: None, begin: ms(of.start), end: 0 });
        }
    }
    if let Some(first) = clips.first_mut() {
        first.begin = 0;
    }
    let mut end = duration(book, page);
    for clip in clips.iter_mut().rev() {
        clip.end = end;
        end = clip.begin.min(end);
    }
    // Nothing is lit for less than a millisecond.
    clips.retain(|clip| clip.begin < clip.end);
    clips
}
