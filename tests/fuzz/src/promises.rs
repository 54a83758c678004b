//! What holds whatever a document holds: the failures of a reader are the document's, never ours;
//! what is read is well formed; and every section of what is read can be written.

use lectern_ai::compose::{self, Stop};
use lectern_ai::speakable::Spoken;
use lectern_core::content::document::{BlockKind, Content, SpanKind};
use lectern_core::content::script::{Footnotes, Order, Style};
use lectern_core::content::{Range, length};
use lectern_core::{Digest, Kind, Reason};
use lectern_ingest::extract::{Hint, extract};

/// Reads, checks what was read, and writes the script of it.
pub fn read(source: &[u8], hint: &Hint) {
    match extract(source, hint) {
        Ok(content) => {
            well_formed(&content);
            can_be_written(&content);
        }
        Err(failure) => assert!(failure.kind != Kind::Internal && failure.reason != Reason::Internal, "{failure}"),
    }
}

/// Ids are places; ranges lie within their text and hold something; notes that are referred to are
/// notes.
fn well_formed(content: &Content) {
    for (place, block) in content.blocks.iter().enumerate() {
        assert_eq!(block.id as usize, place);
        let whole = length(&block.text);
        for span in &block.spans {
            assert!(span.range.start < span.range.end && span.range.end <= whole, "{span:?} of {:?}", block.text);
            if let SpanKind::NoteReference { note: Some(note) } = span.kind {
                let note = content.blocks.get(note as usize).map(|block| &block.kind);
                assert!(matches!(note, Some(BlockKind::Footnote { .. })), "{span:?} refers to {note:?}");
            }
        }
        for pair in block.spans.windows(2) {
            assert!(pair[0].range.start <= pair[1].range.start, "{:?}", block.spans);
        }
    }
}

/// A plan may be refused for what the document is; once there is one, each of its sections can be
/// written, and what is spoken is in the alphabet of a voice.
fn can_be_written(content: &Content) {
    let notes = content.blocks.iter().any(|block| matches!(block.kind, BlockKind::Footnote { .. }));
    let ways = [Footnotes::Skip, Footnotes::Inline, Footnotes::End];
    for footnotes in ways.into_iter().take(if notes { 3 } else { 1 }) {
        let order = Order { footnotes, ..Order::of(Style::Narration) };
        let plan = match compose::plan(content, Digest::of(b"content"), &order, &Stop::default()) {
            Ok(plan) => plan,
            Err(failure) => {
                assert!(failure.kind != Kind::Internal, "{failure}");
                continue;
            }
        };
        for planned in &plan.sections {
            let section = match compose::write_section(content, &plan, planned.index, &Stop::default()) {
                Ok(section) => section,
                Err(failure) => panic!("section {} cannot be written: {failure}", planned.index),
            };
            for utterance in &section.utterances {
                in_the_alphabet(&utterance.spoken);
                for source in &utterance.sources {
                    let block = &content.blocks[source.block as usize];
                    assert!(source.range.end <= length(&block.text), "{source:?} of {:?}", block.text);
                    assert!(source.range != Range::new(1, 0));
                }
            }
        }
    }
}

/// Every spoken character that is no space lies in one step of the map; the steps are in order, and
/// within the text.
pub fn mapped(spoken: &Spoken, text: &str) {
    let written = length(text);
    let (mut heard, mut read) = (0, 0);
    let mut mapped = vec![false; spoken.text.chars().count()];
    for step in &spoken.map {
        let ordered = step.spoken.start >= heard && step.original.start >= read;
        let within = step.spoken.end > step.spoken.start && step.original.end >= step.original.start;
        assert!(ordered && within && step.original.end <= written, "{step:?} of {spoken:?} for {text:?}");
        (heard, read) = (step.spoken.end, step.original.end);
        mapped[step.spoken.start as usize..step.spoken.end as usize].fill(true);
    }
    for (at, c) in spoken.text.chars().enumerate() {
        assert!(c == ' ' || mapped[at], "{at} of {spoken:?} for {text:?}");
    }
}

/// Latin letters, apostrophes, hyphens, spaces and six marks: what every voice can say.
pub fn in_the_alphabet(spoken: &str) {
    let stranger = spoken.chars().find(|c| {
        let known = c.is_ascii_alphabetic() || c.is_alphabetic() && !c.is_ascii() || " '’-.,?!;:".contains(*c);
        !known
    });
    assert_eq!(stranger, None, "{spoken:?}");
}
