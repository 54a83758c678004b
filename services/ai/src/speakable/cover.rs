//! The cheapest cover of a text by spans: each token that is no white space lies in exactly one of
//! them. Found from left to right over the edges of tokens, so that time is linear in the number of
//! spans that were proposed.

use super::span::{Class, Cost, Number, Span, Value};
use super::text::{Text, Token, TokenKind};

/// The best way to an edge.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// What the spans on it cost.
    cost: u64,
    /// The token that its last step begins with.
    from: usize,
    /// The class of its last span.
    class: Class,
    /// Its last span; none for a step across white space.
    span: Option<usize>,
}

impl Way {
    /// Cheaper, or as cheap with a longer last span, or one of a more specific class.
    fn beats(self, other: Self) -> bool {
        (self.cost, self.from, self.class) < (other.cost, other.from, other.class)
    }
}

/// The edges of a text, and the best way to each.
struct Ways<'a> {
    text: &'a Text,
    /// Characters that are no white space before each token, and in all.
    ink: Vec<usize>,
    /// The best way to the edge before each token, and to the end.
    best: Vec<Option<Way>>,
    /// Spans that were on a best way when they were proposed, in the order of their starts.
    spans: Vec<Span>,
}

/// The cheapest cover. `propose` adds the spans that begin with the token of an index; those that
/// end inside a token are passed over.
pub(super) fn cover(text: &Text, mut propose: impl FnMut(usize, &mut Vec<Span>)) -> Vec<Span> {
    let mut ways = Ways::new(text);
    let mut proposed = Vec::new();
    for (index, token) in text.tokens.iter().enumerate() {
        let Some(cost) = ways.best.get(index).copied().flatten().map(|way| way.cost) else { continue };
        if token.kind == TokenKind::Space {
            ways.reach(index + 1, Way { cost, from: index, class: Class::Pause, span: None }, None);
            continue;
        }
        propose(index, &mut proposed);
        if !proposed.iter().any(|span| span.end == token.end) {
            proposed.push(unread(text, *token));
        }
        for span in proposed.drain(..) {
            ways.step(index, cost, span);
        }
    }
    ways.cheapest()
}

/// What a token is that nobody read: a word or a number by itself, and nothing of a sign.
fn unread(text: &Text, token: Token) -> Span {
    let value = match token.kind {
        TokenKind::Word => Value::Word,
        TokenKind::Digits => Value::Cardinal(Number::digits(text.slice(token.start, token.end))),
        TokenKind::Symbol | TokenKind::Space => Value::Silent,
    };
    Span { start: token.start, end: token.end, value, cost: Cost::UNREAD }
}

impl<'a> Ways<'a> {
    fn new(text: &'a Text) -> Self {
        let mut ink = Vec::with_capacity(text.tokens.len() + 1);
        let mut total = 0;
        ink.push(total);
        for token in &text.tokens {
            total += if token.kind == TokenKind::Space { 0 } else { token.end - token.start };
            ink.push(total);
        }
        let mut best = vec![None; text.tokens.len() + 1];
        if let Some(first) = best.first_mut() {
            *first = Some(Way { cost: 0, from: 0, class: Class::Marked, span: None });
        }
        Self { text, ink, best, spans: Vec::with_capacity(text.tokens.len()) }
    }

    /// Goes on with a span from the token of `index`, to which the best way costs `cost`.
    fn step(&mut self, index: usize, cost: u64, span: Span) {
        let rest = self.text.tokens.get(index..).unwrap_or_default();
        let last = index + rest.partition_point(|token| token.end < span.end);
        if self.text.tokens.get(last).is_none_or(|token| token.end != span.end) {
            return;
        }
        let characters = match (self.ink.get(index), self.ink.get(last + 1)) {
            (Some(before), Some(after)) => after - before,
            _ => return,
        };
        let way = Way {
            cost: cost + span.cost.of(characters),
            from: index,
            class: span.class(),
            span: Some(self.spans.len()),
        };
        self.reach(last + 1, way, Some(span));
    }

    /// Takes a way to an edge where none is better.
    fn reach(&mut self, edge: usize, way: Way, span: Option<Span>) {
        let Some(best) = self.best.get_mut(edge) else { return };
        if best.is_none_or(|best| way.beats(best)) {
            *best = Some(way);
            self.spans.extend(span);
        }
    }

    /// The spans of the best way to the end.
    fn cheapest(self) -> Vec<Span> {
        let mut chosen = Vec::new();
        let mut at = self.text.tokens.len();
        while at > 0 {
            let Some(way) = self.best.get(at).copied().flatten() else { break };
            chosen.extend(way.span);
            at = way.from;
        }
        let mut spans = self.spans.into_iter().enumerate();
        let chosen = chosen.into_iter().rev();
        chosen.filter_map(|index| spans.find(|(at, _)| *at == index).map(|(_, span)| span)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A span of the first `length` tokens from a place on.
    fn proposal(text: &Text, index: usize, length: usize, value: Value, cost: Cost) -> Option<Span> {
        let start = text.tokens.get(index)?.start;
        let end = text.tokens.get(index + length - 1)?.end;
        Some(Span { start, end, value, cost })
    }

    fn covered(text: &Text, rules: &[(&str, Value, Cost)]) -> Vec<(String, Class)> {
        let spans = cover(text, |index, out| {
            let start = text.tokens[index].start;
            for (key, value, cost) in rules {
                let end = start + key.chars().count();
                if text.slice(start, end) == *key {
                    out.push(Span { start, end, value: value.clone(), cost: *cost });
                }
            }
        });
        spans.iter().map(|span| (text.slice(span.start, span.end).to_owned(), span.class())).collect()
    }

    #[test]
    fn the_surer_reading_of_the_same_characters_wins_however_many_spans_it_takes() {
        let text = Text::new("5 in 10");
        let rules = |unit: Cost| {
            [
                ("5", Value::Cardinal(Number::of(5)), Cost::PLAIN),
                ("in", Value::Word, Cost::PLAIN),
                ("10", Value::Cardinal(Number::of(10)), Cost::PLAIN),
                ("5 in", Value::Digits(crate::speakable::span::Digits { groups: vec![], paired: false }), unit),
            ]
        };
        let parts = |unit| covered(&text, &rules(unit)).len();
        assert_eq!(parts(Cost::DOUBTFUL), 3);
        assert_eq!(parts(Cost::PLAIN), 2);
        assert_eq!(parts(Cost::SURE), 2);
    }

    #[test]
    fn among_equals_the_longest_and_then_the_most_specific_wins() {
        let text = Text::new("12-15");
        let score = ("12-15", Value::Score(vec![12, 15]), Cost::FAIR);
        let verse = ("12-15", Value::Ratio(vec![]), Cost::FAIR);
        assert_eq!(covered(&text, &[verse.clone(), score.clone()])[0].1, Class::Score);
        assert_eq!(covered(&text, &[score, verse])[0].1, Class::Score);
        let single = ("12", Value::Cardinal(Number::of(12)), Cost::PLAIN);
        let pair = ("12-", Value::Word, Cost::PLAIN);
        let dash = ("-", Value::Hyphen, Cost::PLAIN);
        let last = ("15", Value::Cardinal(Number::of(15)), Cost::PLAIN);
        assert_eq!(covered(&text, &[single, dash, pair, last])[0].0, "12-");
    }

    #[test]
    fn what_nobody_reads_is_a_word_a_number_or_nothing() {
        let text = Text::new("so 7 ☃");
        let parts = covered(&text, &[]);
        let classes: Vec<Class> = parts.iter().map(|(_, class)| *class).collect();
        assert_eq!(classes, [Class::Word, Class::Number, Class::Markup]);
    }

    #[test]
    fn a_span_that_ends_inside_a_token_is_none() {
        let text = Text::new("abc");
        assert_eq!(covered(&text, &[("ab", Value::Silent, Cost::CERTAIN)])[0].0, "abc");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn spans_are_in_order_and_hold_every_character_that_is_no_space(
            written in "([a-z]{1,3}|[0-9]{1,3}|[-.,/ ]){0,20}",
            lengths in proptest::collection::vec((1usize..5, 0u8..4), 0..40),
        ) {
            let text = Text::new(&written);
            let costs = [Cost::CERTAIN, Cost::SURE, Cost::PLAIN, Cost::DOUBTFUL];
            let spans = cover(&text, |index, out| {
                for (length, cost) in lengths.iter().skip(index).take(3) {
                    out.extend(proposal(&text, index, *length, Value::Word, costs[usize::from(*cost)]));
                }
            });
            let mut at = 0;
            for span in &spans {
                prop_assert!(span.start >= at && span.end > span.start);
                prop_assert!(text.slice(at, span.start).trim().is_empty());
                at = span.end;
            }
            prop_assert!(text.slice(at, text.chars.len()).trim().is_empty());
        }
    }
}
