//! Where a text is parted that cannot be spoken whole, and how the speech of its parts is joined.

use lectern_core::content::timeline::WordTime;
use lectern_core::content::{Range, length};

use crate::audio::trim;
use crate::engine::{Speech, Usage};

/// Signs after which a text may be parted with the least harm.
const CLAUSE_ENDS: &[char] = &['.', '!', '?', ';', ':', ',', '…', '—', '–', ')', '。', '！', '？', '；', '、', '，'];
/// The fewest characters of a half: what is shorter has nothing to lose by being said whole.
const SHORTEST_HALF: u32 = 12;
/// Seconds between two parts, as long as a voice pauses at a comma.
const PAUSE: f64 = 0.15;

/// `text` in parts of at most so many bytes of UTF-8: parted at clauses, else between words, else
/// anywhere.
pub(super) fn within(text: &str, most: Option<usize>) -> Vec<Range> {
    let mut parts = vec![Range::all(text)];
    let Some(most) = most else { return parts };
    // A character has up to four bytes, and a part has one at least.
    let most = most.max(4);
    let too_long = |part: &Range| part.of(text).len() > most;
    while let Some(at) = parts.iter().position(too_long) {
        let part = parts[at];
        let middle = part.start + part.len() / 2;
        let cut = cut(part.of(text), 1).map_or(middle, |cut| part.start + cut);
        parts.splice(at..=at, [Range::new(part.start, cut), Range::new(cut, part.end)]);
    }
    parts
}

/// `text` in two parts; none where it is too short for that, or has no place for it.
pub(super) fn halves(text: &str) -> Option<[Range; 2]> {
    let cut = cut(text, SHORTEST_HALF)?;
    Some([Range::new(0, cut), Range::new(cut, length(text))])
}

/// The place in `text` that is nearest to its middle, after a clause, else after a word; none where
/// one of the halves would have fewer than `least` characters.
fn cut(text: &str, least: u32) -> Option<u32> {
    let (mut clause, mut word) = (None::<u32>, None::<u32>);
    let (whole, mut before) = (length(text), None::<char>);
    let nearer = |place: u32, than: Option<u32>| {
        let from_middle = |place: u32| place.abs_diff(whole / 2);
        than.is_none_or(|than| from_middle(place) < from_middle(than))
    };
    for (place, c) in (0_u32..).zip(text.chars()) {
        let fits = place >= least && whole.saturating_sub(place) >= least;
        if let Some(last) = before.filter(|_| fits) {
            // A full stop is one only before a space; signs of other scripts need none.
            let ends = CLAUSE_ENDS.contains(&last) && (c.is_whitespace() || !last.is_ascii());
            if ends && nearer(place, clause) {
                clause = Some(place);
            }
            if c.is_whitespace() && nearer(place, word) {
                word = Some(place);
            }
        }
        before = Some(c);
    }
    clause.or(word)
}

/// A range, so many characters further on.
pub(super) const fn shifted(range: Range, by: u32) -> Range {
    Range::new(range.start.saturating_add(by), range.end.saturating_add(by))
}

/// The speech of the parts of a text as one, each with its place in the text: without the silence
/// at their ends, and with a short pause between them.
pub(super) fn joined(mut said: Vec<(Range, Speech)>) -> Speech {
    if said.len() == 1
        && let Some((_, whole)) = said.pop()
    {
        return whole;
    }
    let sample_rate = said.first().map_or(0, |(_, speech)| speech.sample_rate);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "samples of a pause")]
    let pause = (PAUSE * f64::from(sample_rate)) as usize;
    let mut whole = Speech::whole(sample_rate, Vec::new(), Vec::new(), Usage::default());
    for (place, speech) in said {
        if !whole.samples.is_empty() {
            whole.samples.resize(whole.samples.len() + pause, 0.0);
        }
        let kept = trim::spoken(&speech.samples, speech.sample_rate);
        let mut samples = speech.samples.get(kept.clone()).unwrap_or_default().to_vec();
        trim::fade(&mut samples, sample_rate);
        let (offset, begin, count) = (whole.samples.len() as u64, kept.start as u64, samples.len() as u64);
        let at = |sample: u64| offset + sample.saturating_sub(begin).min(count);
        whole.words.extend(speech.words.iter().map(|word| WordTime {
            spoken: shifted(word.spoken, place.start),
            start: at(word.start),
            end: at(word.end),
        }));
        whole.samples.append(&mut samples);
        whole.usage = whole.usage.plus(speech.usage);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tone::{ToneEngine, VOICE};
    use crate::engine::{Compute as _, SegmentRequest, Speed};

    #[test]
    fn a_text_is_parted_at_the_clause_nearest_to_its_middle() {
        for (text, first) in [
            (
                "When the water falls, the mill stands still and the miller waits, for days.",
                Some("When the water falls,"),
            ),
            ("A text of many words without a single stop in it", Some("A text of many words")),
            ("It costs 3.50 a bag; nobody pays that much today", Some("It costs 3.50 a bag;")),
            ("東京都は日本の首都です。東京都は日本の首都です。", Some("東京都は日本の首都です。")),
            ("Nobody hurries here.", None),
            ("Donaudampfschifffahrtsgesellschaft", None),
        ] {
            let found = halves(text).map(|[first, _]| first.of(text).to_owned());
            assert_eq!(found.as_deref(), first);
            if let Some([one, other]) = halves(text) {
                assert_eq!([one.of(text), other.of(text)].concat(), text, "nothing is lost");
            }
        }
    }

    #[test]
    fn parts_have_no_more_bytes_than_they_may() {
        let texts = ["one, two three four. Five six seven", "ääääääääääääääää", "漢字漢字漢字漢字", "a b c d e f"];
        for (text, most) in texts.into_iter().flat_map(|text| [(text, 4), (text, 9), (text, 12)]) {
            let parts = within(text, Some(most));
            assert!(parts.iter().all(|part| part.of(text).len() <= most && !part.is_empty()), "{parts:?}");
            assert_eq!(parts.iter().map(|part| part.of(text)).collect::<String>(), text);
        }
        assert_eq!(within("short", None), [Range::new(0, 5)]);
        assert_eq!(within("short", Some(5)), [Range::new(0, 5)]);
    }

    #[test]
    fn joined_parts_have_their_words_in_place() {
        let text = "Three plain words, and four more words.";
        let [one, other] = halves(text).unwrap();
        let engine = ToneEngine::new();
        let speak = |range: Range| {
            let request = SegmentRequest::new(range.of(text), VOICE, Speed::NORMAL);
            (range, engine.synthesize(&request).unwrap())
        };
        let whole = joined(vec![speak(one), speak(other)]);
        let words: Vec<&str> = whole.words.iter().map(|word| word.spoken.of(text)).collect();
        assert_eq!(words, ["Three", "plain", "words,", "and", "four", "more", "words."]);
        assert!(whole.words.windows(2).all(|pair| pair[0].end <= pair[1].start));
        assert!(whole.words.last().unwrap().end <= whole.samples.len() as u64);
        assert_eq!(whole.usage.calls, 2);
    }
}
