//! A block's text as sentences and phrases: what is cut away, where the words stand, and how long a
//! breath may be.

use lectern_core::content::Range;
use lectern_core::content::document::{Block, SpanKind};
use lectern_core::content::script::{Mapping, Role, SEGMENT_CHARS, SkipReason, Source, Speaker, Utterance};

use super::Stop;
use super::cuts::{self, Cut};
use crate::speakable::{self, Emoji, Language, Mark, MarkKind, PASSED_OVER, Spoken, can_say};

/// Spoken characters that one utterance should not exceed.
#[allow(clippy::cast_possible_truncation, reason = "300 fits")]
pub(super) const MAX_SPOKEN: u32 = SEGMENT_CHARS as u32;

/// Written characters among which the end of the next breath is looked for, so that a sentence of
/// any length is cut in time that grows with its length alone. Four breaths: more than a writer
/// puts between two stops.
const WINDOW: usize = 4 * SEGMENT_CHARS;

/// As many written characters as become about [`WINDOW`] spoken ones, where `written` became
/// `spoken`: what is many times longer when it is said, such as a row of numbers, would else be
/// read again for each of its many breaths.
fn window_for(written: usize, spoken: usize) -> usize {
    (WINDOW * written).checked_div(spoken).map_or(WINDOW, |window| window.clamp(1, WINDOW))
}

/// A block's text, ready to be taken apart.
pub(super) struct Passage {
    chars: Vec<char>,
    cuts: Vec<Cut>,
    marks: Vec<Mark>,
    language: Language,
    stop: Stop,
}

/// Words that are said in one breath.
#[derive(Debug)]
pub(super) struct Phrase {
    ranges: Vec<Range>,
    original: String,
    spoken: Spoken,
}

/// Folded text with the place of each of its characters in the block.
struct Folded {
    text: String,
    places: Vec<u32>,
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
    pub(super) fn new(block: &Block, language: Language) -> Self {
        let chars: Vec<char> = block.text.chars().collect();
        let cuts = cuts::of(block, &chars, language);
        let mut marks: Vec<Mark> = Vec::new();
        for span in &block.spans {
            let kind = match span.kind {
                SpanKind::Code => MarkKind::Code,
                SpanKind::Formula { latex: true } => MarkKind::Latex,
                SpanKind::Superscript => MarkKind::Raised,
                SpanKind::Subscript => MarkKind::Lowered,
                SpanKind::Formula { latex: false }
                | SpanKind::Emphasis
                | SpanKind::Link { .. }
                | SpanKind::NoteReference { .. }
                | SpanKind::Citation
                | SpanKind::Quote => continue,
            };
            if marks.last().is_none_or(|last| last.range.end <= span.range.start) && !span.range.is_empty() {
                marks.push(Mark { range: span.range, kind });
            }
        }
        Self { chars, cuts, marks, language, stop: Stop::default() }
    }

    /// No more phrases are made of it once it is stopped.
    pub(super) fn until(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// The heading's number stands at its start, this many characters long.
    pub(super) fn numbered(mut self, length: u32) -> Self {
        let range = Range::new(0, length);
        if length > 0 && self.marks.first().is_none_or(|mark| mark.range.start >= length) {
            self.marks.insert(0, Mark { range, kind: MarkKind::Number });
        }
        self
    }

    /// A displayed formula: all of it is LaTeX.
    pub(super) fn formula(block: &Block, language: Language) -> Self {
        let chars: Vec<char> = block.text.chars().collect();
        Self { chars, cuts: Vec::new(), marks: Vec::new(), language, stop: Stop::default() }
    }

    /// The sentences, as ranges of the block's text. What is cut away does not decide where they
    /// end.
    pub(super) fn sentences(&self) -> Vec<Range> {
        let mut chars = self.chars.clone();
        for cut in &self.cuts {
            chars[cut.range.start as usize..cut.range.end as usize].fill(PASSED_OVER);
        }
        // Stops inside code and formulas end no sentence.
        for mark in self.marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Code | MarkKind::Latex)) {
            let end = (mark.range.end as usize).min(chars.len());
            chars[(mark.range.start as usize).min(end)..end].fill('x');
        }
        let masked: String = chars.into_iter().collect();
        let mut sentences = speakable::sentences(&masked, self.language);
        // A sentence without words of its own goes with its neighbour, so that its cuts are listed.
        if sentences.is_empty() && !self.chars.is_empty() {
            sentences.push(Range::new(0, u32::try_from(self.chars.len()).unwrap_or(u32::MAX)));
        }
        if let (Some(first), false) = (sentences.first_mut(), self.cuts.is_empty()) {
            first.start = first.start.min(self.cuts[0].range.start);
        }
        if let (Some(last), Some(cut)) = (sentences.last_mut(), self.cuts.last()) {
            last.end = last.end.max(cut.range.end);
        }
        self.part_number(&mut sentences);
        sentences
    }

    /// The number of a heading that has its own stop (`3. The Tunnel`) is a sentence of its own:
    /// run into the title, it is heard as a part of it.
    fn part_number(&self, sentences: &mut Vec<Range>) {
        let stopped = self.marks.first().filter(|mark| {
            matches!(mark.kind, MarkKind::Number) && self.chars.get(mark.range.end as usize - 1) == Some(&'.')
        });
        let (Some(number), Some(first)) = (stopped, sentences.first_mut()) else { return };
        let rest = (number.range.end..first.end).find(|at| !self.chars[*at as usize].is_whitespace());
        if let Some(rest) = rest.filter(|_| first.start <= number.range.start) {
            let title = Range::new(rest, first.end);
            first.end = number.range.end;
            sentences.insert(1, title);
        }
    }

    /// The cuts that begin in a range.
    pub(super) fn cuts_in(&self, range: Range) -> impl Iterator<Item = &Cut> {
        let first = self.cuts.partition_point(|cut| cut.range.start < range.start);
        self.cuts[first..].iter().take_while(move |cut| cut.range.start < range.end)
    }

    /// What is left of a range without the cuts, trimmed of white space at both ends and before
    /// punctuation that follows a cut: a stop, or the ending of `Chambers (2016)’s rule`.
    pub(super) fn kept(&self, range: Range) -> Vec<Range> {
        let mut kept = Vec::new();
        let mut at = range.start;
        // Cuts are sorted and apart from each other, so their ends are in order too.
        let first = self.cuts.partition_point(|cut| cut.range.end <= range.start);
        for cut in self.cuts[first..].iter().take_while(|cut| cut.range.start < range.end) {
            kept.push(Range::new(at, cut.range.start.max(at)));
            at = cut.range.end.max(at);
        }
        kept.push(Range::new(at, range.end.max(at)));
        let space = |at: u32| self.chars.get(at as usize).is_none_or(|c| c.is_whitespace());
        for index in 0..kept.len() {
            let next =
                kept.get(index + 1..).unwrap_or_default().iter().find(|part| !part.is_empty()).map(|part| part.start);
            let tight = next.is_none_or(|next| {
                self.chars.get(next as usize).is_none_or(|c| {
                    c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '?' | '!' | ')' | '’' | '\'')
                })
            });
            let last = next.is_none();
            let part = &mut kept[index];
            while tight && !part.is_empty() && space(part.end - 1) {
                part.end -= 1;
            }
            while last && !part.is_empty() && space(part.end - 1) {
                part.end -= 1;
            }
        }
        kept.retain(|part| !part.is_empty());
        while let Some(first) = kept.first_mut() {
            while !first.is_empty() && space(first.start) {
                first.start += 1;
            }
            if !first.is_empty() {
                break;
            }
            kept.remove(0);
        }
        while kept.last().is_some_and(|last| (last.start..last.end).all(space)) {
            kept.pop();
        }
        kept
    }

    /// Why nothing of it is said, where all that could be said is cut away: the reason of the first
    /// cut. A formula that is cut is announced, so there is something to hear.
    pub(super) fn all_cut(&self) -> Option<SkipReason> {
        let first = self.cuts.first()?;
        let kept = self.kept(Range::new(0, u32::try_from(self.chars.len()).unwrap_or(u32::MAX)));
        let says = kept.iter().flat_map(|range| &self.chars[range.start as usize..range.end as usize]);
        let silent = !says.into_iter().any(|c| can_say(*c, self.language));
        let announced = self.cuts.iter().any(|cut| cut.reason == SkipReason::Formula);
        (silent && !announced).then_some(first.reason)
    }

    /// For each character of what an utterance of these ranges shows, its place in the block.
    pub(super) fn places(&self, ranges: &[Range]) -> Vec<u32> {
        self.folded(ranges).places
    }

    fn folded(&self, ranges: &[Range]) -> Folded {
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

    fn speak(&self, folded: &Folded) -> Spoken {
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
        speakable::speak(&folded.text, &marks, self.language, Emoji::Named)
    }

    /// What is said for a range; empty where that is nothing.
    pub(super) fn spoken(&self, range: Range) -> String {
        self.speak(&self.folded(&self.kept(range))).text
    }

    /// The phrases of a sentence: one, or as many as keep each under [`MAX_SPOKEN`]. An error names
    /// ranges without words. Once it is stopped some are missing.
    pub(super) fn phrases(&self, parts: &[Range]) -> Vec<Result<Phrase, Vec<Range>>> {
        let mut phrases = Vec::new();
        let mut waiting = vec![(parts.to_vec(), true)];
        let mut window = WINDOW;
        while let Some((parts, last)) = waiting.pop().filter(|_| !self.stop.stopped()) {
            let mut folded = self.folded_within(&parts, window + 1);
            let beyond = folded.cut_to(window);
            let mut spoken = self.speak(&folded);
            let cut = cut_at(&spoken, &folded).map(|cut| folded.places[cut]);
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

    /// Whether a range of the block's text holds a letter or digit.
    pub(super) fn alphanumeric(&self, range: Range) -> bool {
        self.chars[range.start as usize..range.end as usize].iter().any(|c| c.is_alphanumeric())
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
    pub(super) fn formula_phrases(&self) -> Vec<Phrase> {
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

    /// A row of a table as one utterance, or one a cell where that would be too long.
    pub(super) fn row(&self, block: u32, row: &[Range], leads: &[String]) -> Vec<Utterance> {
        let (Some(first), Some(last)) = (row.first(), row.last()) else { return Vec::new() };
        let cells: Vec<(Vec<Range>, &str)> = row
            .iter()
            .zip(leads)
            .map(|(cell, lead)| (self.kept(*cell), lead.as_str()))
            .filter(|(cell, _)| !cell.is_empty())
            .collect();
        let whole = Range::new(first.start, last.end);
        let folded = self.folded(&self.kept(whole));
        let (mut text, mut map) = (String::new(), Vec::<Mapping>::new());
        // The characters of `text`, counted on the way: a row may have thousands of cells.
        let mut shift = 0;
        for (cell, lead) in &cells {
            let part = self.folded(cell);
            let spoken = self.speak(&part);
            if spoken.text.is_empty() {
                continue;
            }
            if !text.is_empty() {
                while text.ends_with(['.', ',', ';', ':']) {
                    text.pop();
                    shift -= 1;
                }
                text.push_str(", ");
                if let Some(step) = map.last_mut() {
                    step.spoken.end = shift + 1;
                }
                shift += 2;
            }
            let start = u32::try_from(folded.places.partition_point(|place| *place < part.places[0])).unwrap_or(0);
            let (words, steps) = led(lead, &spoken.text, &spoken.map);
            text.push_str(&words);
            map.extend(steps.iter().map(|step| Mapping {
                spoken: Range::new(step.spoken.start + shift, step.spoken.end + shift),
                original: Range::new(step.original.start + start, step.original.end + start),
            }));
            shift += lectern_core::content::length(&words);
        }
        if text.is_empty() {
            return Vec::new();
        }
        let mut spoken = Spoken { text, map };
        let whole_fits = lectern_core::content::length(&spoken.text) <= MAX_SPOKEN && folded.places.len() <= WINDOW;
        if whole_fits || cells.len() < 2 {
            if cells.len() < 2 {
                return cells.iter().flat_map(|(cell, lead)| self.cell(block, cell, lead)).collect();
            }
            close(&mut spoken, true);
            let phrase = Phrase { ranges: self.kept(whole), original: folded.text, spoken };
            return vec![phrase.utterance(block, Role::TableRow, "")];
        }
        cells.iter().flat_map(|(cell, lead)| self.cell(block, cell, lead)).collect()
    }

    fn cell(&self, block: u32, cell: &[Range], lead: &str) -> Vec<Utterance> {
        let mut lead = lead;
        let mut utterances = Vec::new();
        for phrase in self.phrases(cell).into_iter().flatten() {
            utterances.push(phrase.utterance(block, Role::TableRow, std::mem::take(&mut lead)));
        }
        utterances
    }
}

impl Phrase {
    pub(super) fn utterance(self, block: u32, role: Role, lead: &str) -> Utterance {
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
        }
    }
}

/// Ends with a stop, or in the middle of a sentence with a comma.
fn close(spoken: &mut Spoken, last: bool) {
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
fn cut_at(spoken: &Spoken, folded: &Folded) -> Option<usize> {
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
            Some('.' | '?' | '!' | ';' | ':') => 120,
            Some(',') => 80,
            _ if ["and", "but", "or", "which", "that", "because", "while", "where", "when", "if", "so"]
                .contains(&word.as_str()) =>
            {
                50
            }
            _ if ["to", "for", "with", "in", "of", "from", "by", "at", "on", "as"].contains(&word.as_str()) => 20,
            _ => 0,
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
fn led(lead: &str, text: &str, map: &[Mapping]) -> (String, Vec<Mapping>) {
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

#[cfg(test)]
mod tests;
