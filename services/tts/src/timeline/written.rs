//! The words as they are written, in time: `2026` is lit while "twenty twenty-six" is heard.

use lectern_core::content::script::{Mapping, Utterance};
use lectern_core::content::timeline::{SegmentRef, WordTime};
use lectern_core::content::{Range, length};

/// A word as it is written, and when it is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Where it stands in what the utterance shows.
    pub original: Range,
    /// What is said for it, in the spoken text.
    pub spoken: Range,
    /// Its first sample, from the segment's start.
    pub start: u64,
    /// One past its last.
    pub end: u64,
}

/// What an utterance shows: the source's words, or what is spoken where nothing is written.
#[must_use]
pub fn shown(utterance: &Utterance) -> &str {
    if utterance.added && utterance.original.is_empty() { &utterance.spoken } else { &utterance.original }
}

/// The written words of an utterance, in order and apart from each other. What is said and nowhere
/// written (a list's label) is none of them; empty where nobody knows the times of the words.
#[must_use]
pub fn written(utterance: &Utterance, segment: &SegmentRef) -> Vec<Written> {
    let shown: Vec<char> = shown(utterance).chars().collect();
    let as_spoken = utterance.map.is_empty() && length(&utterance.spoken) as usize == shown.len();
    let steps: Vec<Mapping> = if as_spoken {
        segment.words.iter().map(|word| Mapping { spoken: word.spoken, original: word.spoken }).collect()
    } else {
        utterance.map.iter().filter(|step| !step.original.is_empty()).copied().collect()
    };
    let mut all: Vec<Written> = Vec::with_capacity(steps.len());
    for step in steps {
        let Some((start, end)) = heard(&segment.words, step.spoken) else { continue };
        let original = trimmed(&shown, step.original);
        match all.last_mut() {
            Some(last) if original.start < last.original.end => {
                last.original.end = last.original.end.max(original.end);
                last.spoken.end = last.spoken.end.max(step.spoken.end);
                last.end = last.end.max(end);
            }
            _ if original.is_empty() => {}
            _ => all.push(Written { original, spoken: step.spoken, start, end }),
        }
    }
    all
}

/// When the words within a range are heard.
fn heard(words: &[WordTime], spoken: Range) -> Option<(u64, u64)> {
    let first = words.partition_point(|word| word.spoken.end <= spoken.start);
    let within = words.get(first..)?.iter().take_while(|word| word.spoken.start < spoken.end);
    within.fold(None, |all, word| match all {
        None => Some((word.start, word.end.max(word.start))),
        Some((start, end)) => Some((start.min(word.start), end.max(word.end))),
    })
}

/// A range without white space at its ends, and without a bracket or quotation mark that opens
/// there for the next word.
fn trimmed(shown: &[char], range: Range) -> Range {
    let at = |place: u32| shown.get(place as usize).copied().unwrap_or(' ');
    let Range { mut start, mut end } = range;
    while start < end && at(start).is_whitespace() {
        start += 1;
    }
    while start < end && (at(end - 1).is_whitespace() || "([{“„‘«‹".contains(at(end - 1))) {
        end -= 1;
    }
    Range::new(start, end)
}

#[cfg(test)]
mod tests {
    use lectern_core::content::script::Role;

    use super::*;
    use crate::timeline::fixture::{PACE, of, tracks, utterance};

    fn words(utterance: Utterance) -> Vec<(String, u64, u64)> {
        let sections = [of(0, vec![utterance])];
        let tracks = tracks(&sections);
        let (said, segment) = (&sections[0].utterances[0], &tracks[0].segments[0]);
        let shown = shown(said);
        let one = |word: &Written| (word.original.of(shown).to_owned(), word.start / PACE, word.end / PACE);
        written(said, segment).iter().map(one).collect()
    }

    #[test]
    fn a_number_is_heard_for_as_long_as_its_words() {
        let mut one = utterance(0, Role::Body, true, "In 2026 (said he) it ended.");
        one.spoken = "In twenty twenty six, said he, it ended.".to_owned();
        let step = |spoken: (u32, u32), original: (u32, u32)| Mapping {
            spoken: Range::new(spoken.0, spoken.1),
            original: Range::new(original.0, original.1),
        };
        one.map = vec![
            step((0, 2), (0, 2)),
            step((3, 21), (3, 9)),
            step((22, 26), (9, 13)),
            step((27, 30), (14, 17)),
            step((31, 33), (18, 20)),
            step((34, 40), (21, 27)),
        ];
        let expected =
            [("In", 0, 2), ("2026", 3, 21), ("said", 22, 26), ("he)", 27, 30), ("it", 31, 33), ("ended.", 34, 40)];
        assert_eq!(words(one), expected.map(|(word, start, end)| (word.to_owned(), start, end)));
    }

    #[test]
    fn what_is_nowhere_written_is_no_word_and_what_nobody_mapped_is_as_it_is_spoken() {
        let mut item = utterance(0, Role::ListItem, true, "Fill it.");
        for step in &mut item.map {
            step.spoken = Range::new(step.spoken.start + 5, step.spoken.end + 5);
        }
        item.map.insert(0, Mapping { spoken: Range::new(0, 4), original: Range::new(0, 0) });
        item.spoken = "One. Fill it.".to_owned();
        assert_eq!(words(item), [("Fill".to_owned(), 5, 9), ("it.".to_owned(), 10, 13)]);
        let mut plain = utterance(0, Role::Body, true, "As said.");
        plain.map.clear();
        assert_eq!(words(plain), [("As".to_owned(), 0, 2), ("said.".to_owned(), 3, 8)]);
    }

    #[test]
    fn readings_that_share_a_written_word_are_one_word() {
        let mut one = utterance(0, Role::Body, true, "5kg more.");
        one.spoken = "five kilos more.".to_owned();
        let step = |spoken: (u32, u32), original: (u32, u32)| Mapping {
            spoken: Range::new(spoken.0, spoken.1),
            original: Range::new(original.0, original.1),
        };
        one.map = vec![step((0, 4), (0, 3)), step((5, 10), (1, 3)), step((11, 16), (4, 9))];
        assert_eq!(words(one), [("5kg".to_owned(), 0, 10), ("more.".to_owned(), 11, 16)]);
    }
}
