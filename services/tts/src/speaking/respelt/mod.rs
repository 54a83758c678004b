//! What a lexicon says of the words of a request, in the form that its voice takes: sounds for a
//! voice that takes them, else another spelling in the text. The times of words are put back to
//! where they stand in the text that was asked for.

mod english;
#[cfg(test)]
mod tests;

use lectern_core::content::timeline::WordTime;
use lectern_core::content::{Range, length};
use lectern_core::lexicon::Said;
use lectern_core::speakers::primary;

use crate::engine::{Mark, Phonemes, Pronunciation, SegmentRequest, Turn, Voice};

/// A request as a voice takes it.
#[derive(Debug)]
pub(super) struct Respelt {
    /// The request, of which nothing is left to be said otherwise.
    pub request: SegmentRequest,
    swaps: Vec<Swap>,
}

/// A part of a text in the place of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Swap {
    /// In the text that was asked for.
    asked: Range,
    /// In the text that is spoken.
    spoken: Range,
}

/// `request` in the form that `voice` takes. What it can take in none stays as it is spelt.
pub(super) fn respelt(request: SegmentRequest, voice: &Voice) -> Respelt {
    if request.said.is_empty() {
        return Respelt { request, swaps: Vec::new() };
    }
    let is_english = speaks_english(&request, voice);
    let takes_sounds = voice.capabilities.phonemes != Phonemes::None;
    let (mut text, mut at) = (String::new(), 0);
    let (mut swaps, mut sounds) = (Vec::new(), Vec::new());
    for said in &request.said {
        if takes_sounds && !said.ipa.is_empty() {
            sounds.push(Pronunciation { spoken: said.spoken, ipa: said.ipa.clone() });
            continue;
        }
        let Some(spelling) = spelling(said, is_english) else { continue };
        text.push_str(Range::new(at, said.spoken.start).of(&request.text));
        let start = length(&text);
        text.push_str(&spelling);
        swaps.push(Swap { asked: said.spoken, spoken: Range::new(start, length(&text)) });
        at = said.spoken.end;
    }
    text.push_str(Range::new(at, u32::MAX).of(&request.text));
    let moved = |range: Range| Range::new(to_spoken(&swaps, range.start, false), to_spoken(&swaps, range.end, true));
    let pronunciations = sounds.into_iter().map(|one| Pronunciation { spoken: moved(one.spoken), ..one }).collect();
    let marks = request.marks.iter().map(|mark| Mark { spoken: moved(mark.spoken), ..*mark }).collect();
    let turns = request.turns.iter().map(|turn| Turn { spoken: moved(turn.spoken), ..turn.clone() }).collect();
    let request = SegmentRequest { text, said: Vec::new(), pronunciations, marks, turns, ..request };
    Respelt { request, swaps }
}

impl Respelt {
    /// Words in time where they stand in the text that was asked for. Several that were spoken for
    /// one are one.
    pub(super) fn put_back(&self, words: Vec<WordTime>) -> Vec<WordTime> {
        if self.swaps.is_empty() {
            return words;
        }
        let mut back: Vec<WordTime> = Vec::with_capacity(words.len());
        for word in words {
            let start = to_asked(&self.swaps, word.spoken.start, false);
            let spoken = Range::new(start, to_asked(&self.swaps, word.spoken.end, true));
            match back.last_mut() {
                Some(last) if spoken.start < last.spoken.end => {
                    last.spoken.end = last.spoken.end.max(spoken.end);
                    last.end = last.end.max(word.end);
                }
                Some(_) | None => back.push(WordTime { spoken, ..word }),
            }
        }
        back
    }
}

fn speaks_english(request: &SegmentRequest, voice: &Voice) -> bool {
    let said = !matches!(request.language.as_str(), "" | "und");
    let own = voice.languages.first().map_or("", String::as_str);
    primary(if said { &request.language } else { own }) == "en"
}

fn spelling(said: &Said, is_english: bool) -> Option<String> {
    if !said.respelling.is_empty() {
        return Some(said.respelling.clone());
    }
    is_english.then(|| english::respelt(&said.ipa)).filter(|spelling| !spelling.is_empty())
}

/// The place in what is spoken for one in what was asked for: within another spelling its
/// beginning, or its end.
fn to_spoken(swaps: &[Swap], at: u32, end: bool) -> u32 {
    place(swaps.iter().map(|swap| (swap.asked, swap.spoken)), at, end)
}

/// The same the other way round.
fn to_asked(swaps: &[Swap], at: u32, end: bool) -> u32 {
    place(swaps.iter().map(|swap| (swap.spoken, swap.asked)), at, end)
}

fn place(swaps: impl Iterator<Item = (Range, Range)>, at: u32, end: bool) -> u32 {
    let mut place = at;
    for (here, there) in swaps {
        if here.end <= at {
            place = there.end + (at - here.end);
        } else if here.start < at {
            return if end { there.end } else { there.start };
        }
    }
    place
}
