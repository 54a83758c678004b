//! A block's text as sentences: what is cut away, and where the words stand. How a sentence is
//! said, in which breaths, is in `breath`; the rows of tables are in `row`.

mod breath;
mod marks;
mod row;
#[cfg(test)]
mod tests;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, SpanKind};
use lectern_core::content::script::{EmojiPolicy, SkipReason};

use self::marks::Manners;
use super::Stop;
use super::cuts::{self, Cut};
use crate::speakable::{self, Emoji, Language, Mark, MarkKind, PASSED_OVER, can_say};
pub(super) use breath::MAX_SPOKEN;

/// A block's text, ready to be taken apart.
pub(super) struct Passage {
    chars: Vec<char>,
    cuts: Vec<Cut>,
    marks: Vec<Mark>,
    manners: Manners,
    language: Language,
    emoji: Emoji,
    stop: Stop,
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
        let manners = Manners::of(block, &chars);
        Self { chars, cuts, marks, manners, language, emoji: Emoji::Named, stop: Stop::default() }
    }

    /// The same, in which emoji are what an order wants.
    pub(super) const fn with_emoji(mut self, policy: EmojiPolicy) -> Self {
        self.emoji = match policy {
            EmojiPolicy::Named => Emoji::Named,
            EmojiPolicy::Dropped => Emoji::Dropped,
        };
        self
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
        Self::plain(&block.text, language)
    }

    /// A text that no document marked, of which nothing is cut away.
    pub(super) fn plain(text: &str, language: Language) -> Self {
        let (cuts, marks, manners) = (Vec::new(), Vec::new(), Manners::default());
        let chars = text.chars().collect();
        Self { chars, cuts, marks, manners, language, emoji: Emoji::Named, stop: Stop::default() }
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
        let silent = !says.into_iter().any(|c| c.is_alphanumeric() && can_say(*c, self.language));
        let announced = self.cuts.iter().any(|cut| cut.reason == SkipReason::Formula);
        (silent && !announced).then_some(first.reason)
    }

    /// Whether a range of the block's text holds a letter or digit.
    pub(super) fn alphanumeric(&self, range: Range) -> bool {
        self.chars[range.start as usize..range.end as usize].iter().any(|c| c.is_alphanumeric())
    }
}
