//! The words of a recording as they are written, each with its time and its place in the document,
//! for programs that read along: `words.json`.

use lectern_core::Failure;
use lectern_core::content::Range;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Section, Utterance};
use lectern_core::content::timeline::{Timing, Track};
use serde::Serialize;

use super::speakers::Speakers;
use super::written::{Written, shown, written};
use super::{Placed, milliseconds, place};

/// One word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word<'a> {
    /// As it is written.
    pub word: &'a str,
    /// What is said for it.
    pub spoken: &'a str,
    /// When it begins, in milliseconds of the recording.
    pub start_ms: u64,
    /// When it ends.
    pub end_ms: u64,
    /// Its first sample.
    pub start_sample: u64,
    /// One past its last.
    pub end_sample: u64,
    /// The section that it is heard in, from 0.
    pub section: u32,
    /// Its utterance there.
    pub utterance: u32,
    /// Where it stands in the document; none where it is not the document's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<InBlock>,
    /// Who says it, where several talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<&'a str>,
    /// Where its time is from, if the voice did not give it.
    #[serde(skip_serializing_if = "Timing::is_given")]
    pub timing: Timing,
}

/// A place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InBlock {
    /// The block's id.
    pub block: u32,
    /// The word's first scalar value in the block's text.
    pub start: u32,
    /// One past its last.
    pub end: u32,
}

/// Hands on every word, in the order in which they are heard.
///
/// # Errors
/// `INTERNAL` if the tracks are not those of the sections; what `take` answers.
pub fn each<'a>(
    content: &Content,
    speakers: &'a Speakers,
    sections: &'a [Section],
    tracks: &'a [Track],
    mut take: impl FnMut(&Word<'a>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for placed in place(sections, tracks)? {
        for (utterance, segment) in placed.utterances() {
            let places = places(content, utterance);
            let offset = placed.offset + segment.start;
            for one in written(utterance, segment) {
                let mut word = word(placed, utterance, &one, offset);
                word.place = in_block(&places, utterance, &one);
                word.speaker = speakers.name(utterance.speaker);
                word.timing = segment.timing;
                take(&word)?;
            }
        }
    }
    Ok(())
}

fn word<'a>(placed: Placed<'a>, utterance: &'a Utterance, one: &Written, offset: u64) -> Word<'a> {
    let (start, end) = (offset + one.start, offset + one.end);
    let ms = |sample| milliseconds(sample, placed.track.sample_rate);
    Word {
        word: one.original.of(shown(utterance)),
        spoken: one.spoken.of(&utterance.spoken),
        start_ms: ms(start),
        end_ms: ms(end),
        start_sample: start,
        end_sample: end,
        section: placed.section.index,
        utterance: utterance.id,
        place: None,
        speaker: None,
        timing: Timing::Given,
    }
}

/// The place in the document of each visible character that an utterance shows; none of words that
/// are not the document's own.
fn places(content: &Content, utterance: &Utterance) -> Vec<(u32, u32)> {
    let mut places = Vec::new();
    for source in utterance.sources.iter().filter(|_| !utterance.added) {
        let block = usize::try_from(source.block).ok().and_then(|block| content.blocks.get(block));
        let text = block.map(|block| source.range.of(&block.text)).unwrap_or_default();
        let visible = (source.range.start..).zip(text.chars()).filter(|(_, c)| !c.is_whitespace());
        places.extend(visible.map(|(at, _)| (source.block, at)));
    }
    places
}

/// Where a word stands; of one that stands in two blocks, its beginning.
fn in_block(places: &[(u32, u32)], utterance: &Utterance, one: &Written) -> Option<InBlock> {
    let visible = |range: Range| range.of(&utterance.original).chars().filter(|c| !c.is_whitespace()).count();
    let first = visible(Range::new(0, one.original.start));
    let own = places.get(first..first + visible(one.original).max(1))?;
    let (block, start) = own.first().copied()?;
    let end = own.iter().take_while(|(of, _)| *of == block).map(|(_, at)| *at + 1).last()?;
    Some(InBlock { block, start, end })
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::Role;

    use super::*;
    use crate::timeline::fixture::{PACE, content, of, quoted, tracks, utterance};

    #[test]
    fn each_word_names_its_time_and_its_place() {
        let content = content(&["Water runs  down.", "[3] And up."]);
        let sections = [
            of(0, vec![quoted(&content, 0, 0, Range::new(0, 17))]),
            of(
                1,
                vec![
                    quoted(&content, 0, 1, Range::new(4, 11)),
                    Utterance { added: true, ..utterance(1, Role::Announcement, true, "Table.") },
                ],
            ),
        ];
        let tracks = tracks(&sections);
        let speakers = Speakers::default();
        let mut all = Vec::new();
        let take = |word: &Word<'_>| {
            all.push((word.word.to_owned(), word.start_sample, word.section, word.place));
            Ok(())
        };
        each(&content, &speakers, &sections, &tracks, take).unwrap();
        let first = tracks[0].segments[0].start;
        let second = tracks[0].samples + tracks[1].segments[0].start;
        let third = tracks[0].samples + tracks[1].segments[1].start;
        let at = |block, start, end| Some(InBlock { block, start, end });
        let expected = [
            ("Water", first, 0, at(0, 0, 5)),
            ("runs", first + 6 * PACE, 0, at(0, 6, 10)),
            ("down.", first + 11 * PACE, 0, at(0, 12, 17)),
            ("And", second, 1, at(1, 4, 7)),
            ("up.", second + 4 * PACE, 1, at(1, 8, 11)),
            ("Table.", third, 1, None),
        ];
        assert_eq!(all, expected.map(|(word, start, section, place)| (word.to_owned(), start, section, place)));
    }

    #[test]
    fn a_word_in_json_says_what_is_known_of_it_and_nothing_else() {
        let place = Some(InBlock { block: 4, start: 0, end: 4 });
        let word = Word {
            word: "2026",
            spoken: "twenty twenty six",
            start_ms: 1,
            end_ms: 2,
            start_sample: 24,
            end_sample: 48,
            section: 0,
            utterance: 3,
            place,
            speaker: None,
            timing: Timing::Given,
        };
        let json = serde_json::to_value(&word).unwrap();
        let expected = serde_json::json!({
            "word": "2026", "spoken": "twenty twenty six", "start_ms": 1, "end_ms": 2, "start_sample": 24,
            "end_sample": 48, "section": 0, "utterance": 3, "place": {"block": 4, "start": 0, "end": 4},
        });
        assert_eq!(json, expected);
        let other = Word { place: None, speaker: Some("Ann"), timing: Timing::Estimated, ..word };
        let json = serde_json::to_value(&other).unwrap();
        assert_eq!((json["speaker"].as_str(), json["timing"].as_str()), (Some("Ann"), Some("estimated")));
        assert!(json.get("place").is_none(), "{json}");
    }
}
