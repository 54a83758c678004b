//! Where a value stands: what a verbaliser may ask of its surroundings, and what it must agree
//! with.

use crate::speakable::grammar::Grammar;
use crate::speakable::span::{Ending, Span, Value};
use crate::speakable::text::Text;

/// Grammatical gender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Gender {
    /// Masculine.
    #[default]
    Masculine,
    /// Feminine.
    Feminine,
    /// Neuter.
    Neuter,
}

/// Grammatical case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Case {
    /// Nominative.
    #[default]
    Nominative,
    /// Genitive.
    Genitive,
    /// Dative.
    Dative,
    /// Accusative.
    Accusative,
}

/// What a number agrees with; none where nothing is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Agreement {
    /// Gender of what is counted.
    pub(crate) gender: Option<Gender>,
    /// Case, where what stands before tells.
    pub(crate) case: Option<Case>,
    /// A noun follows the number: "un" and not "uno", "ein" and not "eins".
    pub(crate) before_noun: bool,
}

/// Characters before or behind a span that may matter to it.
const NEAR_CHARS: usize = 40;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    text: &'a Text,
    spans: &'a [Span],
    index: usize,
    /// The tables of the language.
    pub(crate) grammar: &'static Grammar,
    /// What the value agrees with, where a verbaliser that says a part of a value has set it: the
    /// gender of a unit for the number before it.
    pub(crate) agreement: Option<Agreement>,
}

impl<'a> Scene<'a> {
    /// The scene of the span at `index` of the cover `spans`.
    pub(crate) const fn new(text: &'a Text, spans: &'a [Span], index: usize, grammar: &'static Grammar) -> Self {
        Self { text, spans, index, grammar, agreement: None }
    }

    /// The same scene, in which a value agrees with something.
    pub(crate) const fn agreeing(self, agreement: Agreement) -> Self {
        Self { agreement: Some(agreement), ..self }
    }

    /// The span itself.
    pub(crate) fn span(&self) -> Option<&'a Span> {
        self.spans.get(self.index)
    }

    /// What is written.
    pub(crate) fn written(&self) -> &'a str {
        self.span().map_or("", |span| self.text.slice(span.start, span.end))
    }

    /// What is written without an ending of it.
    pub(crate) fn written_stem(&self, ending: Ending) -> &'a str {
        let written = self.written();
        let stem = match ending {
            Ending::None => None,
            Ending::Plural | Ending::Possessive => {
                written.strip_suffix(['s', 'S']).map(|stem| stem.strip_suffix('\'').unwrap_or(stem))
            }
        };
        stem.unwrap_or(written)
    }

    /// The span so many before (negative) or behind this one.
    pub(crate) fn neighbour(&self, offset: isize) -> Option<&'a Span> {
        self.spans.get(self.index.checked_add_signed(offset)?)
    }

    /// What is written so many spans before (negative) or behind this one.
    pub(crate) fn neighbour_written(&self, offset: isize) -> Option<&'a str> {
        self.neighbour(offset).map(|span| self.text.slice(span.start, span.end))
    }

    /// The word right before, across white space alone.
    pub(crate) fn previous_word(&self) -> Option<&'a str> {
        self.word(-1)
    }

    /// The word right behind, across white space alone.
    pub(crate) fn next_word(&self) -> Option<&'a str> {
        self.word(1)
    }

    /// The word so many spans before (negative) or behind, where nothing but words stands between.
    pub(crate) fn word(&self, offset: isize) -> Option<&'a str> {
        let step = offset.signum();
        let mut at = step;
        while at != offset {
            self.word_span(at)?;
            at += step;
        }
        self.word_span(offset).map(|span| self.text.slice(span.start, span.end))
    }

    fn word_span(&self, offset: isize) -> Option<&'a Span> {
        self.neighbour(offset)
            .filter(|span| matches!(span.value, Value::Word | Value::Letter(_) | Value::Listed(_) | Value::Shouted(_)))
    }

    /// Whether a word, in any case of letters, is of a set of the language's `contexts`.
    pub(crate) fn in_context(&self, name: &str, word: &str) -> bool {
        self.grammar.in_context(name, word)
    }

    /// What is written before the span, as far as it matters to it.
    pub(crate) fn before(&self) -> &'a str {
        self.span().map_or("", |span| self.text.slice(span.start.saturating_sub(NEAR_CHARS), span.start))
    }

    /// What is written behind the span, as far as it matters to it.
    pub(crate) fn rest(&self) -> &'a str {
        self.span().map_or("", |span| self.text.slice(span.end, span.end + NEAR_CHARS))
    }

    /// The character right before the span, in the text.
    pub(crate) fn char_before(&self) -> Option<char> {
        let start = self.span()?.start;
        start.checked_sub(1).and_then(|at| self.text.chars.get(at)).copied()
    }

    /// The character right behind the span, in the text.
    pub(crate) fn char_behind(&self) -> Option<char> {
        self.span().and_then(|span| self.text.chars.get(span.end)).copied()
    }
}
