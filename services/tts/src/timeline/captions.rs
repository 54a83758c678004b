//! Captions in WebVTT: what is written, when it is heard.
//!
//! A cue shows a range of one block of the source, word for word, and says which in its id:
//! `s3.u12.b45[120-180]` is section 3, utterance 12, block 45, scalar values 120 to 180. Words of
//! ours (an announced table) have the id `s3.u12.added[0-42]` and the class `added`. A cue has at
//! most two lines of 42 characters; only a single longer word makes a longer line. Where several
//! talk, each cue names who does.

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::script::{Section, Utterance};
use lectern_core::content::timeline::{SegmentRef, Track};
use lectern_core::content::{Range, length};

use super::clock::Clock;
use super::speakers::Speakers;
use super::written::shown;
use super::{Placed, milliseconds, place, timestamp};

/// Characters a line.
const LINE: u32 = 42;
/// Lines a cue.
const LINES: usize = 2;

/// One caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue {
    /// Names the place in the script and in the source.
    pub id: String,
    /// Where it appears, in milliseconds.
    pub start: u64,
    /// Where it goes, in milliseconds; after `start`, and not after the next cue's start.
    pub end: u64,
    /// The text, unescaped.
    pub lines: Vec<String>,
    /// Whether the words are not the source's own.
    pub added: bool,
    /// Who says it, where several talk.
    pub speaker: Option<String>,
}

/// The captions of a recording, in order.
///
/// # Errors
///
/// `INTERNAL` if the tracks are not those of the sections, or an utterance's text is not that of
/// the blocks it names.
pub fn cues(
    content: &Content,
    speakers: &Speakers,
    sections: &[Section],
    tracks: &[Track],
) -> Result<Vec<Cue>, Failure> {
    let mut cues = Vec::new();
    let mut free = 0;
    for placed in place(sections, tracks)? {
        for (utterance, segment) in placed.utterances() {
            let before = cues.len();
            of_utterance(content, placed, utterance, segment, &mut free, &mut cues)?;
            if let Some(name) = speakers.name(utterance.speaker) {
                for cue in cues.iter_mut().skip(before) {
                    cue.speaker = Some(name.to_owned());
                }
            }
        }
    }
    Ok(cues)
}

/// `cues` as a WebVTT file.
#[must_use]
pub fn webvtt(cues: &[Cue]) -> String {
    let mut vtt = String::from("WEBVTT\n\nSTYLE\n::cue(.added) {\n  font-style: italic;\n}\n");
    for cue in cues {
        let text = escape(&cue.lines.join("\n"));
        let text = if cue.added { format!("<c.added>{text}</c>") } else { text };
        // A voice span that is not closed is of the whole cue (W3C WebVTT, section 6.4).
        let text = match &cue.speaker {
            Some(name) => format!("<v {}>{text}", escape(name)),
            None => text,
        };
        vtt.push_str(&format!("\n{}\n{} --> {}\n{text}\n", cue.id, timestamp(cue.start), timestamp(cue.end)));
    }
    vtt
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A word of a caption and where it stands in its text.
struct Word<'a> {
    range: Range,
    text: &'a str,
}

/// The words of `text` within `range`.
fn words(text: &str, range: Range) -> Vec<Word<'_>> {
    let mut at = range.start;
    let mut words = Vec::new();
    for piece in range.of(text).split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        if !word.is_empty() {
            words.push(Word { range: Range::new(at, at + length(word)), text: word });
        }
        at += length(piece);
    }
    words
}

/// Cuts words into cues of full lines. A cue that would leave a single short line for the next is
/// still cut by length alone: its range must be one stretch of its block.
fn wrap<'a>(words: Vec<Word<'a>>) -> Vec<(Range, Vec<String>, Vec<Word<'a>>)> {
    let mut cues: Vec<(Range, Vec<String>, Vec<Word<'a>>)> = Vec::new();
    for word in words {
        let size = length(word.text);
        let fits = |line: &String| length(line) + 1 + size <= LINE;
        match cues.last_mut() {
            Some((range, lines, inside)) if lines.last().is_some_and(fits) || lines.len() < LINES => {
                match lines.last_mut().filter(|line| fits(line)) {
                    Some(line) => {
                        line.push(' ');
                        line.push_str(word.text);
                    }
                    None => lines.push(word.text.to_owned()),
                }
                range.end = word.range.end;
                inside.push(word);
            }
            _ => cues.push((word.range, vec![word.text.to_owned()], vec![word])),
        }
    }
    cues
}

fn of_utterance(
    content: &Content,
    placed: Placed<'_>,
    utterance: &Utterance,
    segment: &SegmentRef,
    free: &mut u64,
    cues: &mut Vec<Cue>,
) -> Result<(), Failure> {
    let name = format!("s{}.u{}", placed.section.index, utterance.id);
    let unfit = |what: &str| Failure::internal(format!("utterance {name} cannot be captioned: {what}"));
    let shown = shown(utterance);
    let mut parts = Vec::new();
    if utterance.added {
        for (range, lines, inside) in wrap(words(shown, Range::all(shown))) {
            parts.push((format!("{name}.added[{}-{}]", range.start, range.end), lines, inside));
        }
    } else {
        for source in &utterance.sources {
            let block = usize::try_from(source.block).ok().and_then(|block| content.blocks.get(block));
            let block = block.ok_or_else(|| unfit("it names a block that does not exist"))?;
            for (range, lines, inside) in wrap(words(&block.text, source.range)) {
                parts.push((format!("{name}.b{}[{}-{}]", block.id, range.start, range.end), lines, inside));
            }
        }
        let visible = parts.iter().flat_map(|(_, _, inside)| inside).flat_map(|word| word.text.chars());
        if !visible.eq(shown.chars().filter(|c| !c.is_whitespace())) {
            return Err(unfit("its original text is not that of the blocks it names"));
        }
    }
    let clock = Clock::new(utterance, shown, segment);
    let offset = placed.offset + segment.start;
    let mut position = 0;
    for (id, lines, inside) in parts {
        let begins = clock.at(position);
        position += inside.iter().map(|word| u64::from(length(word.text))).sum::<u64>();
        let rate = placed.track.sample_rate;
        // Rounding may leave nothing of a very short cue: every cue is there for a millisecond at
        // least, and none overlap.
        let start = milliseconds(offset + begins, rate).max(*free);
        let end = milliseconds(offset + clock.at(position), rate).max(start + 1);
        *free = end;
        cues.push(Cue { id, start, end, lines, added: utterance.added, speaker: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::{Mapping, Role, Source};
    use proptest::prelude::*;

    use super::*;
    use crate::timeline::fixture::{PACE, content, of, quoted, tracks, utterance};

    /// Reads a WebVTT file back as a player would (W3C WebVTT, section 6).
    fn parse(vtt: &str) -> Vec<Cue> {
        let mut blocks = vtt.split("\n\n");
        assert_eq!(blocks.next(), Some("WEBVTT"));
        let millis = |text: &str| -> u64 {
            let parts: Vec<u64> = text.split([':', '.']).map(|part| part.parse().unwrap()).collect();
            let [hours, minutes, seconds, millis] = parts[..] else { panic!("{text}") };
            assert!(minutes < 60 && seconds < 60 && millis < 1000);
            ((hours * 60 + minutes) * 60 + seconds) * 1000 + millis
        };
        blocks
            .filter(|block| !block.starts_with("STYLE"))
            .map(|block| {
                let mut lines = block.trim_end_matches('\n').split('\n');
                let id = lines.next().unwrap().to_owned();
                let (start, end) = lines.next().unwrap().split_once(" --> ").unwrap();
                let text = lines.collect::<Vec<_>>().join("\n");
                let (speaker, text) = match text.strip_prefix("<v ").and_then(|text| text.split_once('>')) {
                    Some((name, text)) => (Some(name.replace("&amp;", "&")), text.to_owned()),
                    None => (None, text),
                };
                let added = text.starts_with("<c.added>");
                let text = text.trim_start_matches("<c.added>");
                let text = if added { text.trim_end_matches("</c>") } else { text };
                assert!(!text.contains(['<', '>']), "{text}");
                let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
                let lines = text.split('\n').map(str::to_owned).collect();
                Cue { id, start: millis(start), end: millis(end), lines, added, speaker }
            })
            .collect()
    }

    fn fold(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What a check by a stranger does: each cue's id names a span, and the cue says what stands
    /// there.
    fn assert_faithful(content: &Content, cues: &[Cue]) {
        for cue in cues {
            assert!(cue.start < cue.end, "{cue:?}");
            assert!(cue.lines.len() <= LINES, "{cue:?}");
            for line in &cue.lines {
                assert!(length(line) <= LINE || !line.contains(' '), "{cue:?}");
            }
            if cue.added {
                assert!(cue.id.contains(".added["), "{cue:?}");
                continue;
            }
            let (_, place) = cue.id.rsplit_once(".b").unwrap();
            let numbers: Vec<u32> = place.trim_end_matches(']').split(['[', '-']).map(|n| n.parse().unwrap()).collect();
            let text = Range::new(numbers[1], numbers[2]).of(&content.blocks[numbers[0] as usize].text);
            assert_eq!(fold(text), cue.lines.join(" "));
        }
        for pair in cues.windows(2) {
            assert!(pair[0].end <= pair[1].start, "{pair:?}");
        }
    }

    const LONG: &str = "The first of several sentences that are each much longer than two lines of a caption can be, so that \
         they have to be cut into pieces, each with its own time.";

    #[test]
    fn captions_show_the_source_in_time_with_the_words() {
        let content = content(&[LONG, "Fish & chips <hot>  \n cost a-lot."]);
        let announced = utterance(1, Role::Announcement, true, "Table with three columns & two rows.");
        let sections = [
            of(0, vec![quoted(&content, 0, 0, Range::all(LONG))]),
            of(
                1,
                vec![
                    quoted(&content, 0, 1, Range::new(0, 33)),
                    lectern_core::content::script::Utterance { added: true, ..announced },
                ],
            ),
        ];
        let tracks = tracks(&sections);
        let made = cues(&content, &Speakers::default(), &sections, &tracks).unwrap();
        assert_faithful(&content, &made);
        let ids: Vec<&str> = made.iter().map(|cue| cue.id.as_str()).collect();
        assert_eq!(ids[..2], ["s0.u0.b0[0-76]", "s0.u0.b0[77-157]"]);
        assert_eq!(ids[ids.len() - 2..], ["s1.u0.b1[0-33]", "s1.u1.added[0-36]"]);
        // The second cue begins with its first word.
        let begins = tracks[0].segments[0].start + 77 * PACE;
        assert_eq!(made[1].start, begins * 1000 / 24_000);
        assert_eq!(parse(&webvtt(&made)), made);
        assert!(webvtt(&made).contains("Fish &amp; chips &lt;hot&gt; cost a-lot."));
    }

    #[test]
    fn what_is_spoken_in_other_words_is_timed_by_the_map() {
        let text = format!("In 2026 it ended. {LONG}");
        let content = content(&[&text]);
        let mut one = quoted(&content, 0, 0, Range::all(&text));
        // "2026" takes four words to say, which moves all that follows.
        one.spoken = one.spoken.replace("2026", "twenty twenty six of grace");
        let grown = length("twenty twenty six of grace") - 4;
        one.map = std::mem::take(&mut one.map)
            .into_iter()
            .map(|Mapping { spoken, original }| {
                let start = if original.start > 3 { spoken.start + grown } else { spoken.start };
                let end = if original.start >= 3 { spoken.end + grown } else { spoken.end };
                Mapping { spoken: Range::new(start, end), original }
            })
            .collect();
        let sections = [of(0, vec![one])];
        let tracks = tracks(&sections);
        let made = cues(&content, &Speakers::default(), &sections, &tracks).unwrap();
        assert_faithful(&content, &made);
        let place: u32 = made[1].id.split(['[', '-']).nth(1).unwrap().parse().unwrap();
        assert_eq!(made[1].start, (tracks[0].segments[0].start + u64::from(place + grown) * PACE) * 1000 / 24_000);
    }

    #[test]
    fn several_sources_make_a_cue_each() {
        let content = content(&["as shown in [3, 4] by them."]);
        let sources =
            vec![Source { block: 0, range: Range::new(0, 11) }, Source { block: 0, range: Range::new(19, 27) }];
        let one = utterance(0, Role::Body, true, "as shown in by them.");
        let sections = [of(0, vec![lectern_core::content::script::Utterance { sources, ..one }])];
        let made = cues(&content, &Speakers::default(), &sections, &tracks(&sections)).unwrap();
        assert_faithful(&content, &made);
        assert_eq!(made.iter().map(|cue| cue.id.as_str()).collect::<Vec<_>>(), ["s0.u0.b0[0-11]", "s0.u0.b0[19-27]"]);
    }

    #[test]
    fn where_several_talk_each_cue_says_who() {
        use lectern_core::content::script::{Speaker, Utterance};
        let said = |id, speaker, text| Utterance {
            added: true,
            speaker: Speaker(speaker),
            ..utterance(id, Role::Body, true, text)
        };
        let content = content(&["Unsaid."]);
        let sections = [of(0, vec![said(0, 0, "Why is that?"), said(1, 1, "Because of salt.")])];
        let speakers = Speakers::named(&["Ann & co.", "Bo"]);
        let made = cues(&content, &speakers, &sections, &tracks(&sections)).unwrap();
        let who: Vec<_> = made.iter().map(|cue| cue.speaker.as_deref().unwrap()).collect();
        assert_eq!(who, ["Ann & co.", "Bo"]);
        let vtt = webvtt(&made);
        assert!(vtt.contains("\n<v Ann &amp; co.><c.added>Why is that?</c>\n"), "{vtt}");
        assert_eq!(parse(&vtt), made);
    }

    #[test]
    fn a_text_that_is_not_its_source_is_refused() {
        let content = content(&["What stands there."]);
        let sources = vec![Source { block: 0, range: Range::new(0, 18) }];
        for (text, sources) in [
            ("What stood there.", sources),
            ("What stands there.", vec![Source { block: 7, range: Range::new(0, 1) }]),
            ("No source.", Vec::new()),
        ] {
            let one = utterance(0, Role::Body, true, text);
            let sections = [of(0, vec![lectern_core::content::script::Utterance { sources, ..one }])];
            assert!(cues(&content, &Speakers::default(), &sections, &tracks(&sections)).is_err(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_document_is_captioned_whole_and_in_order(
            blocks in proptest::collection::vec(proptest::collection::vec("[a-zA-Z&<>é日.-]{1,60}", 1..30), 1..6),
            gaps in proptest::collection::vec("[ \n]{1,3}", 6),
        ) {
            let texts: Vec<String> = blocks.iter().zip(&gaps).map(|(words, gap)| words.join(gap)).collect();
            let content = content(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let one = |(text, block): (&String, u32)| of(block, vec![quoted(&content, 0, block, Range::all(text))]);
            let sections: Vec<Section> = texts.iter().zip(0..).map(one).collect();
            let made = cues(&content, &Speakers::default(), &sections, &tracks(&sections)).unwrap();
            assert_faithful(&content, &made);
            prop_assert_eq!(&parse(&webvtt(&made)), &made);
            let shown = made.iter().flat_map(|cue| &cue.lines).map(String::as_str).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(shown, fold(&texts.join(" ")));
        }
    }
}
