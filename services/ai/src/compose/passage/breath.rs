//! How a sentence is said: the phrases of it, each in one breath, and the place of every spoken
//! word in the block.

use lectern_core::content::Range;
use lectern_core::content::script::{Mapping, Role, SEGMENT_CHARS, Source, Speaker, Utterance};

use super::Passage;
use crate::speakable::{self, Breath, Emoji, Language, Mark, MarkKind, Spoken};

/// Spoken characters that one utterance should not exceed.
#[allow(clippy::cast_possible_truncation, reason = "300 fits")]
pub(in crate::compose) const MAX_SPOKEN: u32 = SEGMENT_CHARS as u32;

/// Written characters among which the end of the next breath is looked for, so that a sentence of
/// any length is cut in time that grows with its length alone. Four breaths: more than a writer
/// puts between two stops.
pub(super) const WINDOW: usize = 4 * SEGMENT_CHARS;

/// How many characters a breath may be off the even part of a sentence, to come after a stop, after
/// a comma, before a clause or before a phrase.
const AFTER_STOP: i64 = 120;
const AFTER_COMMA: i64 = 80;
const BEFORE_CLAUSE: i64 = 50;
const BEFORE_PHRASE: i64 = 20;

/// As many written characters as become about [`WINDOW`] spoken ones, where `written` became
/// `spoken`: what is many times longer when it is said, such as a row of numbers, would else be
/// read again for each of its many breaths.
fn window_for(written: usize, spoken: usize) -> usize {
    (WINDOW * written).checked_div(spoken).map_or(WINDOW, |window| window.clamp(1, WINDOW))
}

/// Words that are said in one breath.
#[derive(Debug)]
pub(in crate::compose) struct Phrase {
    pub(super) ranges: Vec<Range>,
    pub(super) original: String,
    pub(super) spoken: Spoken,
}

/// Folded text with the place of each of its characters in the block.
pub(super) struct Folded {
    pub(super) text: String,
    pub(super) places: Vec<u32>,
}

impl Folded {
    /// Cuts it to at most `limit` characters, between words where there are any, and says where in
    /// the block the rest begins.
    fn cut_to(&mut self, limit: usize) -> Option<u32> {
        if self.places.len() <= limit {
            return None;
        }
        let chars: Vec<char> = self.text.chars().collect();
        let end = chars[..limit].iter().rposition(|c| *c == ' ').filter(|end| *end > 0).unwrap_or(limit);
        let rest = self.places[end];
        self.text = chars[..end].iter().collect();
        self.places.truncate(end);
        Some(rest)
    }
}

impl Passage {
    /// For each character of what an utterance of these ranges shows, its place in the block.
    pub(in crate::compose) fn places(&self, ranges: &[Range]) -> Vec<u32> {
        self.folded(ranges).places
    }

    pub(super) fn folded(&self, ranges: &[Range]) -> Folded {
        self.folded_within(ranges, usize::MAX)
    }

    /// The first `limit` characters of them.
    fn folded_within(&self, ranges: &[Range], limit: usize) -> Folded {
        let mut folded = Folded { text: String::new(), places: Vec::new() };
        let mut space = None;
        for at in ranges.iter().flat_map(|range| range.start..range.end) {
            let Some(&c) = self.chars.get(at as usize) else { break };
            if folded.places.len() >= limit {
                break;
            }
            if c.is_whitespace() {
                space = space.or(Some(at));
                continue;
            }
            if let Some(place) = space.take().filter(|_| !folded.places.is_empty()) {
                folded.text.push(' ');
                folded.places.push(place);
            }
            folded.text.push(c);
            folded.places.push(at);
        }
        folded
    }

    pub(super) fn speak(&self, folded: &Folded) -> Spoken {
        let place = |at: u32| u32::try_from(folded.places.partition_point(|place| *place < at)).unwrap_or(u32::MAX);
        let (first, last) = (folded.places.first().copied(), folded.places.last().copied());
        // Marks are sorted and apart from each other; those outside are not looked at one by one.
        let first = self.marks.partition_point(|mark| first.is_none_or(|first| mark.range.end <= first));
        let marks: Vec<Mark> = self.marks[first..]
            .iter()
            .take_while(|mark| last.is_some_and(|last| mark.range.start <= last))
            .map(|mark| Mark { range: Range::new(place(mark.range.start), place(mark.range.end)), ..*mark })
            .filter(|mark| !mark.range.is_empty())
            .collect();
        speakable::speak(&folded.text, &marks, self.language, self.emoji)
    }

    /// What is said for a range; empty where that is nothing.
    pub(in crate::compose) fn spoken(&self, range: Range) -> String {
        self.speak(&self.folded(&self.kept(range))).text
    }

    /// The phrases of a sentence: one, or as many as keep each under [`MAX_SPOKEN`]. An error names
    /// ranges without words. Once it is stopped some are missing.
    pub(in crate::compose) fn phrases(&self, parts: &[Range]) -> Vec<Result<Phrase, Vec<Range>>> {
        let mut phrases = Vec::new();
        let mut waiting = vec![(parts.to_vec(), true)];
        let mut window = WINDOW;
        while let Some((parts, last)) = waiting.pop().filter(|_| !self.stop.stopped()) {
            let mut folded = self.folded_within(&parts, window + 1);
            let beyond = folded.cut_to(window);
            let mut spoken = self.speak(&folded);
            let cut = cut_at(&spoken, &folded, self.language).map(|cut| folded.places[cut]);
            if cut.is_none() && beyond.is_some() && window < WINDOW {
                // What follows is said shorter than what came before it.
                window = WINDOW;
                waiting.push((parts, last));
                continue;
            }
            window = window_for(folded.places.len(), spoken.text.chars().count());
            if let Some(cut) = cut.or(beyond) {
                let (head, tail) = split(&parts, cut);
                waiting.push((self.trim(tail), last));
                waiting.push((self.trim(head), false));
                continue;
            }
            if spoken.text.is_empty() {
                let silent: Vec<Range> = parts.into_iter().filter(|part| self.alphanumeric(*part)).collect();
                if !silent.is_empty() {
                    phrases.push(Err(silent));
                }
                continue;
            }
            close(&mut spoken, last);
            phrases.push(Ok(Phrase { ranges: parts, original: folded.text, spoken }));
        }
        phrases
    }

    fn trim(&self, mut parts: Vec<Range>) -> Vec<Range> {
        let space = |at: u32| self.chars.get(at as usize).is_none_or(|c| c.is_whitespace());
        if let Some(first) = parts.first_mut() {
            while !first.is_empty() && space(first.start) {
                first.start += 1;
            }
        }
        if let Some(last) = parts.last_mut() {
            while !last.is_empty() && space(last.end - 1) {
                last.end -= 1;
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// A displayed formula as phrases; none where it has no words or cannot be said in breaths.
    pub(in crate::compose) fn formula_phrases(&self) -> Vec<Phrase> {
        let text: String = self.chars.iter().collect();
        let mut phrases = Vec::new();
        for range in speakable::formula_parts(&text, SEGMENT_CHARS, self.language) {
            // What is said in one breath is written in a few lines, or it is no formula to say.
            if (range.end - range.start) as usize > WINDOW {
                return Vec::new();
            }
            let folded = self.folded(&[range]);
            let length = lectern_core::content::length(&folded.text);
            let marks = [Mark { range: Range::new(0, length), kind: MarkKind::Latex }];
            let mut spoken = speakable::speak(&folded.text, &marks, self.language, Emoji::Dropped);
            if spoken.text.is_empty() {
                return Vec::new();
            }
            close(&mut spoken, range.end as usize == self.chars.len());
            phrases.push(Phrase { ranges: vec![range], original: folded.text, spoken });
        }
        if let Some(last) = phrases.last_mut() {
            close(&mut last.spoken, true);
        }
        phrases
    }
}

impl Phrase {
    pub(in crate::compose) fn utterance(self, block: u32, role: Role, lead: &str) -> Utterance {
        let (spoken, map) = led(lead, &self.spoken.text, &self.spoken.map);
        Utterance {
            id: 0,
            speaker: Speaker::default(),
            role,
            ends_block: false,
            sources: self.ranges.into_iter().map(|range| Source { block, range }).collect(),
            added: false,
            original: self.original,
            spoken,
            map,
            marks: Vec::new(),
            language: None,
        }
    }
}

/// Ends with a stop, or in the middle of a sentence with a comma.
pub(super) fn close(spoken: &mut Spoken, last: bool) {
    let pause = spoken.text.chars().next_back().filter(|c| ".,;:?!".contains(*c));
    match (pause, last) {
        (Some('.' | '?' | '!' | ':'), _) | (Some(_), false) => {}
        (Some(_), true) => {
            spoken.text.pop();
            spoken.text.push('.');
        }
        (None, _) => {
            spoken.text.push(if last { '.' } else { ',' });
            if let Some(step) = spoken.map.last_mut() {
                step.spoken.end += 1;
            }
        }
    }
}

/// Where to take a breath in what is too long to say at once: a place in the folded text.
fn cut_at(spoken: &Spoken, folded: &Folded, language: Language) -> Option<usize> {
    let total = lectern_core::content::length(&spoken.text);
    if total <= MAX_SPOKEN {
        return None;
    }
    let breaths = total.div_ceil(MAX_SPOKEN);
    let ideal = i64::from(total / breaths);
    let chars: Vec<char> = spoken.text.chars().collect();
    let weight = |from: u32| {
        let before = (from as usize).checked_sub(2).and_then(|at| chars.get(at));
        let word: String = chars[from as usize..].iter().take_while(|c| c.is_alphabetic()).collect();
        match before {
            Some('.' | '?' | '!' | ';' | ':') => AFTER_STOP,
            Some(',') => AFTER_COMMA,
            Some(_) | None => match language.breath_before(&word) {
                Breath::Clause => BEFORE_CLAUSE,
                Breath::Phrase => BEFORE_PHRASE,
                Breath::Word => 0,
            },
        }
    };
    let places = folded.places.len();
    let best = spoken
        .map
        .iter()
        .skip(1)
        .filter(|step| {
            step.spoken.start <= MAX_SPOKEN && step.original.start > 0 && (step.original.start as usize) < places
        })
        .max_by_key(|step| weight(step.spoken.start) - (i64::from(step.spoken.start) - ideal).abs());
    // A single reading as long as that has no words between which to breathe: it is cut by length.
    let place = best.map_or(places / 2, |step| step.original.start as usize);
    (place > 0 && place < places).then_some(place)
}

/// Parts the ranges at a place of the block.
fn split(parts: &[Range], place: u32) -> (Vec<Range>, Vec<Range>) {
    let head = parts.iter().filter(|part| part.start < place).map(|part| Range::new(part.start, part.end.min(place)));
    let tail = parts.iter().filter(|part| part.end > place).map(|part| Range::new(part.start.max(place), part.end));
    (head.collect(), tail.collect())
}

/// Moves a map behind `lead`, which is written nowhere.
pub(super) fn led(lead: &str, text: &str, map: &[Mapping]) -> (String, Vec<Mapping>) {
    let words = lead.trim_end();
    if words.is_empty() {
        return (text.to_owned(), map.to_vec());
    }
    let shift = lectern_core::content::length(words) + 1;
    let at = map.first().map_or(0, |step| step.original.start);
    let mut all = vec![Mapping { spoken: Range::new(0, shift - 1), original: Range::new(at, at) }];
    all.extend(map.iter().map(|step| Mapping {
        spoken: Range::new(step.spoken.start + shift, step.spoken.end + shift),
        original: step.original,
    }));
    (format!("{words} {text}"), all)
}
