//! When words are said: from how long each phoneme of a network's input lasts.

use lectern_core::content::timeline::WordTime;

use super::phonemes::Chunk;

/// The words of a chunk in time. Its input `durations` are in units of `unit` samples, one for each
/// id; its speech begins at the sample `offset` and has `length` samples.
pub(in crate::engine) fn words(chunk: &Chunk, durations: &[u64], unit: u64, offset: u64, length: u64) -> Vec<WordTime> {
    // Where each phoneme begins, in samples; one more entry for the end.
    let mut begins = Vec::with_capacity(durations.len() + 1);
    let mut at = 0;
    for duration in durations {
        begins.push(at);
        at += duration * unit;
    }
    begins.push(at);
    let begin = |index: usize| begins.get(index).copied().unwrap_or(at).min(length);
    let timed = chunk.words.iter().map(|word| {
        let (start, end) = (begin(word.ids.start), begin(word.ids.end));
        WordTime { spoken: word.spoken, start: offset + start, end: offset + end }
    });
    timed.collect()
}

#[cfg(test)]
mod tests {
    use lectern_core::content::Range;

    use super::*;
    use crate::engine::local::phonemes::Word;

    #[test]
    fn words_last_as_long_as_their_phonemes_within_the_speech() {
        let word = |start, end, ids| Word { spoken: Range::new(start, end), ids };
        let chunk = Chunk { ids: vec![0, 1, 2, 3, 0], words: vec![word(0, 2, 1..3), word(3, 4, 3..4)] };
        let timed = words(&chunk, &[1, 2, 3, 4, 1], 600, 10_000, 5_400);
        let times: Vec<(u64, u64)> = timed.iter().map(|word| (word.start, word.end)).collect();
        assert_eq!(times, [(10_600, 13_600), (13_600, 15_400)]);
    }
}
