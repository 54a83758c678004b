//! `script.json`: what is said, and when, for people and programs that read along; and what was
//! written and is not said.

use lectern_core::Failure;
use lectern_core::content::script::{Dropped, Plan, Section, Source};
use lectern_core::content::timeline::Track;
use serde::Serialize;

use super::speakers::Speakers;
use super::{milliseconds, place};

/// A script in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transcript<'a> {
    /// The recording's title.
    pub title: &'a str,
    /// A BCP 47 tag.
    pub language: &'a str,
    /// The engine that wrote it.
    pub engine: &'a str,
    /// The sections, in order.
    pub sections: Vec<SectionInTime<'a>>,
}

/// A section in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SectionInTime<'a> {
    /// Its title.
    pub title: &'a str,
    /// The level of its heading.
    pub level: u8,
    /// What is said.
    pub utterances: Vec<UtteranceInTime<'a>>,
    /// What a writer with words of its own wrote for it and is not said, each with why and from
    /// where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<&'a Dropped>,
}

/// An utterance in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UtteranceInTime<'a> {
    /// Who says it, where several talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// The source's own words.
    pub original: &'a str,
    /// What the voice was given.
    pub spoken: &'a str,
    /// Whether the words are not the source's own.
    pub added: bool,
    /// Whether they are a caller's, put in the place of what was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// Where they came from.
    pub sources: &'a [Source],
    /// When the first word begins, in milliseconds of the recording.
    pub start_ms: u64,
    /// When the last word ends.
    pub end_ms: u64,
    /// The spoken words, in order.
    pub words: Vec<WordInTime<'a>>,
}

/// A spoken word in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WordInTime<'a> {
    /// The word, as it stands in `spoken`.
    pub word: &'a str,
    /// When it begins, in milliseconds of the recording.
    pub start_ms: u64,
    /// When it ends.
    pub end_ms: u64,
}

/// The script of a recording, in time.
///
/// # Errors
/// `INTERNAL` when the tracks are not those of the sections.
pub fn transcript<'a>(plan: &'a Plan, sections: &'a [Section], tracks: &'a [Track]) -> Result<Transcript<'a>, Failure> {
    let speakers = Speakers::of(plan, sections);
    let sections = place(sections, tracks)?.into_iter().map(|placed| SectionInTime {
        title: &placed.section.title,
        level: placed.section.level,
        utterances: placed
            .utterances()
            .map(|(utterance, segment)| {
                let start = placed.offset + segment.start;
                let ms = |sample| milliseconds(start + sample, placed.track.sample_rate);
                let words = segment.words.iter().map(|word| WordInTime {
                    word: word.spoken.of(&utterance.spoken),
                    start_ms: ms(word.start),
                    end_ms: ms(word.end),
                });
                UtteranceInTime {
                    speaker: speakers.name(utterance.speaker).map(str::to_owned),
                    original: &utterance.original,
                    spoken: &utterance.spoken,
                    added: utterance.added,
                    edited: placed.section.is_edited(utterance.id),
                    sources: &utterance.sources,
                    start_ms: ms(0),
                    end_ms: ms(segment.samples),
                    words: words.collect(),
                }
            })
            .collect(),
        dropped: placed.section.dropped.iter().collect(),
    });
    Ok(Transcript { title: &plan.title, language: &plan.language, engine: &plan.engine, sections: sections.collect() })
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;
    use lectern_core::content::script::DropReason;

    use super::*;
    use crate::timeline::fixture::{plan, recorded, section};
    use crate::timeline::track::track;

    #[test]
    fn words_follow_each_other_within_their_utterance() {
        let sections = [section(0, &["A heading", "One sentence.", "Another one."])];
        let tracks = [track(&sections[0], 24_000, recorded(&sections[0])).expect("a track")];
        let plan = plan(&sections);
        let transcript = transcript(&plan, &sections, &tracks).expect("fits");
        let mut at = 0;
        for utterance in &transcript.sections[0].utterances {
            let spoken: Vec<_> = utterance.words.iter().map(|word| word.word).collect();
            assert_eq!(spoken.join(" "), utterance.spoken);
            assert!(utterance.start_ms >= at);
            at = utterance.start_ms;
            for word in &utterance.words {
                assert!(
                    at <= word.start_ms && word.start_ms <= word.end_ms && word.end_ms <= utterance.end_ms,
                    "{word:?}"
                );
                at = word.start_ms;
            }
            at = utterance.end_ms;
        }
    }

    #[test]
    fn where_several_talk_each_utterance_says_who() {
        use lectern_core::content::script::Speaker;
        let mut sections = [section(0, &["Why is that?", "Because of salt."])];
        let tracks = [track(&sections[0], 24_000, recorded(&sections[0])).expect("a track")];
        let plan = plan(&sections);
        let json = |sections: &[Section]| {
            serde_json::to_value(transcript(&plan, sections, &tracks).expect("fits")).expect("encoded")
        };
        assert_eq!(json(&sections)["sections"][0]["utterances"][0].get("speaker"), None);
        sections[0].utterances[1].speaker = Speaker(1);
        let two = json(&sections);
        let said = |at: usize| two["sections"][0]["utterances"][at]["speaker"].as_str();
        assert_eq!((said(0), said(1)), (Some("Speaker 1"), Some("Speaker 2")));
    }

    #[test]
    fn what_was_written_and_is_not_said_stands_with_its_section() {
        let mut sections = [section(0, &["A heading", "One sentence."]), section(1, &["Another one."])];
        sections[1].dropped = vec![Dropped {
            text: "In 1967.".to_owned(),
            reason: DropReason::Ungrounded,
            detail: "says 1967; the source has 1687".to_owned(),
            sources: vec![Source { block: 4, range: Range::new(2, 9) }],
        }];
        let tracks = sections.each_ref().map(|section| track(section, 24_000, recorded(section)).expect("a track"));
        let plan = plan(&sections);
        let json = serde_json::to_value(transcript(&plan, &sections, &tracks).expect("fits")).expect("encoded");
        assert_eq!(json["sections"][0].get("dropped"), None);
        let dropped = &json["sections"][1]["dropped"][0];
        assert_eq!((dropped["text"].as_str(), dropped["reason"].as_str()), (Some("In 1967."), Some("ungrounded")));
        assert_eq!(dropped["detail"].as_str(), Some("says 1967; the source has 1687"));
        assert_eq!(dropped["sources"][0]["block"].as_u64(), Some(4));
    }
}
