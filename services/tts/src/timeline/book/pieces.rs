//! Which parts of blocks an utterance is, and when each is heard.

use std::collections::BTreeMap;

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::{BlockKind, Content};

use super::{Piece, Sentence};
use crate::timeline::Placed;
use crate::timeline::clock::Clock;
use crate::timeline::speakers::Speakers;
use crate::timeline::written::{shown, written};

/// A range of a block that a sentence speaks, and how many visible characters of the sentence come
/// before it.
struct Spoken {
    sentence: usize,
    range: Range,
    before: u64,
    visible: u64,
}

/// Every utterance in its place, in the order in which they are heard.
pub(super) fn sentences<'a>(
    content: &Content,
    speakers: &Speakers,
    placed: &[Placed<'a>],
) -> Result<Vec<Sentence<'a>>, Failure> {
    let mut sentences: Vec<Sentence<'a>> = Vec::new();
    let mut clocks = Vec::new();
    let mut spoken: BTreeMap<u32, Vec<Spoken>> = BTreeMap::new();
    for at in placed {
        for (utterance, segment) in at.utterances() {
            let (start, shown) = (at.offset + segment.start, shown(utterance));
            let end = start + segment.samples;
            let mut sentence = Sentence {
                utterance,
                speaker: speakers.name(utterance.speaker).map(str::to_owned),
                start,
                end,
                words: written(utterance, segment),
                pieces: Vec::new(),
            };
            if utterance.added {
                sentence.pieces.push(Piece { block: None, range: Range::all(shown), start, end });
            } else {
                let mut before = 0;
                for source in &utterance.sources {
                    let block = usize::try_from(source.block).ok().and_then(|block| content.blocks.get(block));
                    let block = block.ok_or_else(|| {
                        Failure::internal(format!("the script names block {}, which is not there", source.block))
                    })?;
                    let text = source.range.of(&block.text);
                    let visible = text.chars().filter(|c| !c.is_whitespace()).count() as u64;
                    let place = Spoken { sentence: sentences.len(), range: source.range, before, visible };
                    spoken.entry(source.block).or_default().push(place);
                    before += visible;
                }
            }
            clocks.push((start, Clock::new(utterance, shown, segment)));
            sentences.push(sentence);
        }
    }
    for (block, places) in spoken {
        // The cells of a row stand apart, each with its own time.
        let of_table = content.blocks.get(block as usize).is_some_and(|of| matches!(of.kind, BlockKind::Table { .. }));
        of_block(block, places, !of_table, &clocks, &mut sentences);
    }
    for sentence in &mut sentences {
        sentence.pieces.sort_by_key(|piece| (piece.start, piece.block, piece.range));
        close(sentence);
    }
    Ok(sentences)
}

/// The pieces of a block, for which ranges that lie one behind the other in one sentence are joined
/// where `joins`.
fn of_block(block: u32, mut places: Vec<Spoken>, joins: bool, clocks: &[(u64, Clock)], sentences: &mut [Sentence<'_>]) {
    places.sort_by_key(|place| (place.range, place.sentence));
    let (mut last, mut free) = (None, 0);
    for place in places {
        // What is said twice stands where it is said first.
        let range = Range::new(place.range.start.max(free), place.range.end);
        if range.is_empty() {
            continue;
        }
        free = range.end;
        let (Some((start, clock)), Some(sentence)) = (clocks.get(place.sentence), sentences.get_mut(place.sentence))
        else {
            continue;
        };
        let end = start + clock.at(place.before + place.visible);
        match sentence.pieces.last_mut() {
            Some(piece) if joins && last == Some(place.sentence) && piece.block == Some(block) => {
                piece.range.end = range.end;
                piece.end = end;
            }
            _ => {
                let start = start + clock.at(place.before);
                sentence.pieces.push(Piece { block: Some(block), range, start, end });
            }
        }
        last = Some(place.sentence);
    }
}

/// The first piece begins with the sentence, each other where the one before it ends, and the last
/// ends with the sentence.
fn close(sentence: &mut Sentence<'_>) {
    let mut at = sentence.start;
    for piece in &mut sentence.pieces {
        piece.start = at;
        piece.end = piece.end.clamp(at, sentence.end);
        at = piece.end;
    }
    if let Some(last) = sentence.pieces.last_mut() {
        last.end = sentence.end;
    }
}
