//! What of a block is emphasised or quoted, and which of an utterance's words that is.

use std::cmp::Reverse;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, SpanKind};
use lectern_core::content::script::{Manner, Mapping, Mark, Utterance};

use super::Passage;

/// The parts of a block that are said in a manner of their own: of each manner in order, and apart
/// from each other.
#[derive(Debug, Default)]
pub(super) struct Manners {
    emphasised: Vec<Range>,
    quoted: Vec<Range>,
}

impl Manners {
    /// Those of a block with these characters. What is emphasised as a whole stands out from
    /// nothing; a displayed quotation is quoted as a whole.
    pub(super) fn of(block: &Block, chars: &[char]) -> Self {
        let mut manners = Self::default();
        for span in block.spans.iter().filter(|span| !span.range.is_empty()) {
            if span.kind == SpanKind::Emphasis {
                join(&mut manners.emphasised, span.range);
            } else if span.kind == SpanKind::Quote && in_marks(chars, span.range) {
                join(&mut manners.quoted, span.range);
            }
        }
        let says = |c: &char| c.is_alphanumeric();
        let (first, last) = (chars.iter().position(says), chars.iter().rposition(says));
        manners.emphasised.retain(|part| {
            let begins_after = first.is_some_and(|first| first < part.start as usize);
            begins_after || last.is_some_and(|last| part.end as usize <= last)
        });
        if block.kind == BlockKind::Quote {
            manners.quoted = vec![Range::all(&block.text)];
        }
        manners
    }

    const fn is_empty(&self) -> bool {
        self.emphasised.is_empty() && self.quoted.is_empty()
    }
}

/// Adds a part that begins before none of the others. Parts that meet are one.
fn join(parts: &mut Vec<Range>, part: Range) {
    match parts.last_mut() {
        Some(last) if part.start <= last.end => last.end = last.end.max(part.end),
        Some(_) | None => parts.push(part),
    }
}

/// Whether a part begins with a quotation mark, or behind one. What extractors mark as a quotation
/// may be words of another language too, and those have none.
fn in_marks(chars: &[char], part: Range) -> bool {
    let start = part.start as usize;
    let near = chars.get(start.saturating_sub(1)..=start).unwrap_or_default();
    near.iter().any(|c| matches!(c, '"' | '“' | '„' | '‘' | '‚' | '«' | '»' | '‹' | '›'))
}

/// A word of an utterance: where it stands in the block, and what is spoken for it.
struct Word {
    written: Range,
    spoken: Range,
}

impl Passage {
    /// What of an utterance of this passage is emphasised or quoted. Of a part that begins or ends
    /// within what is spoken as a whole, nothing is.
    pub(in crate::compose) fn marks_of(&self, utterance: &Utterance) -> Vec<Mark> {
        if self.manners.is_empty() {
            return Vec::new();
        }
        let words = self.words(utterance);
        let quoted = marks(&self.manners.quoted, &words, Manner::Quotation);
        let emphasised = marks(&self.manners.emphasised, &words, Manner::Emphasis);
        let mut all: Vec<Mark> = quoted.chain(emphasised).collect();
        all.sort_by_key(|mark| (mark.spoken.start, Reverse(mark.spoken.end)));
        all
    }

    /// The words of an utterance, in order; not those that are written nowhere.
    fn words(&self, utterance: &Utterance) -> Vec<Word> {
        let shown: Vec<Range> = utterance.sources.iter().map(|source| source.range).collect();
        let places = self.places(&shown);
        let says = |at: &&u32| self.chars.get(**at as usize).is_some_and(|c| !is_pause(*c));
        let word = |step: &Mapping| {
            let end = (step.original.end as usize).min(places.len());
            let written = places.get(step.original.start as usize..end)?;
            let (first, last) = (written.iter().find(says)?, written.iter().rfind(says)?);
            Some(Word { written: Range::new(*first, *last + 1), spoken: step.spoken })
        };
        utterance.map.iter().filter_map(word).collect()
    }
}

/// The words of each part as one mark.
fn marks(parts: &[Range], words: &[Word], manner: Manner) -> impl Iterator<Item = Mark> {
    let start = words.first().map_or(0, |word| word.written.start);
    let end = words.last().map_or(0, |word| word.written.end);
    // Parts are in order and apart from each other; those outside are not looked at one by one.
    let first = parts.partition_point(|part| part.end <= start);
    let parts = parts[first..].iter().take_while(move |part| part.start < end);
    parts.filter_map(move |part| {
        let from = words.partition_point(|word| word.written.end <= part.start);
        let to = words.partition_point(|word| word.written.start < part.end);
        let within = words.get(from..to)?;
        let whole = within.iter().all(|word| part.start <= word.written.start && word.written.end <= part.end);
        let spoken = Range::new(within.first()?.spoken.start, within.last()?.spoken.end);
        whole.then_some(Mark { spoken, manner })
    })
}

/// Whether it parts words and is no word itself: a step of the map has it with its word, though
/// what is emphasised ends before it.
fn is_pause(c: char) -> bool {
    let stop = matches!(c, '.' | ',' | ';' | ':' | '?' | '!' | '…' | '(' | ')' | '[' | ']' | '–' | '—');
    let quotation = matches!(c, '"' | '\'' | '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»' | '‹' | '›');
    stop || quotation || c.is_whitespace()
}
