//! The pass over neighbours in the cover: settles what one span cannot know. First spans are joined
//! to ranges; then each span is looked at where it stands, and may get another value.

mod adjective;
mod join;
mod minus;
mod sides;
mod slash;
mod stop;
mod street;
mod year;

use super::grammar::Grammar;
use super::span::{Span, Value};
use super::text::Text;
use super::verbalise::Scene;

/// What a span means in its place; none where it keeps its value.
type Settler = fn(&Scene<'_>) -> Option<Value>;

const SETTLERS: [Settler; 7] =
    [adjective::settle, year::settle, street::settle, stop::settle, slash::settle, minus::settle, sides::settle];

/// Settles the spans of a cover.
pub(super) fn settle(text: &Text, cover: Vec<Span>, grammar: &'static Grammar) -> Vec<Span> {
    let mut spans = join::join(text, cover, grammar);
    for index in 0..spans.len() {
        let scene = Scene::new(text, &spans, index, grammar);
        // Words keep what they are, but for the letter that is a sign.
        if scene.span().is_none_or(|span| matches!(span.value, Value::Word) && span.end - span.start > 1) {
            continue;
        }
        let settled = SETTLERS.iter().find_map(|settler| settler(&scene));
        if let (Some(value), Some(span)) = (settled, spans.get_mut(index)) {
            span.value = value;
        }
    }
    spans
}

/// Whether a value is a term of a calculation: a number, a letter, a power, a Greek letter.
fn is_term(value: &Value) -> bool {
    matches!(
        value,
        Value::Cardinal(_)
            | Value::Letter(_)
            | Value::Power { .. }
            | Value::Greek(_)
            | Value::Applied(_)
            | Value::Terms(_)
            | Value::Fraction(_)
            | Value::Percent(_)
            | Value::Measure(_)
            | Value::Money(_)
    )
}

/// Whether a span is a term of a calculation, or a single letter by which one is named.
fn is_operand(span: &Span) -> bool {
    is_term(&span.value) || (matches!(span.value, Value::Word | Value::Identifier(_)) && span.end - span.start == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::cover::cover;
    use crate::speakable::grammar::Source;
    use crate::speakable::span::Cost;

    /// A grammar of a few words.
    fn grammar() -> &'static Grammar {
        static GRAMMAR: std::sync::LazyLock<Grammar> = std::sync::LazyLock::new(|| {
            Grammar::load(Source {
                recognised: &[],
                said: &[
                    ("settings", "adjective = yes"),
                    ("contexts", "articles = a | an\nno_noun = of | to | is\nrange = to | and"),
                    ("starters", "the\nhe"),
                ],
            })
        });
        &GRAMMAR
    }

    /// The span of the first place where `written` stands in `text`.
    pub(super) fn span(text: &str, written: &str, value: Value) -> Span {
        let start = text.find(written).map(|at| text[..at].chars().count()).unwrap();
        Span { start, end: start + written.chars().count(), value, cost: Cost::CERTAIN }
    }

    /// A text with some spans of it, the rest words.
    pub(super) fn settled(text: &str, parts: Vec<Span>) -> Vec<Span> {
        let text = Text::new(text);
        let cover = cover(&text, |index, out| {
            let start = text.tokens[index].start;
            out.extend(parts.iter().filter(|span| span.start == start).cloned());
        });
        settle(&text, cover, grammar())
    }
}
