//! From a text to what is spoken, in the order of its phases.

use super::assemble::Assembly;
use super::grammar::Grammar;
use super::language::Language;
use super::recognise::{Candidates, Cx, Places, ask, plain};
use super::sentence::split;
use super::span::{Span, Value};
use super::text::{Text, TokenKind};
use super::verbalise::{Said, Scene};
use super::{Emoji, Mark, Spoken, cover, neighbours};

/// Words that a text has at least to shout.
const FEWEST_LOUD_WORDS: usize = 2;

/// Reads a text: its tokens, what each part may mean, the cheapest cover, what neighbours settle,
/// and the words of each span.
pub(super) fn speak(written: &str, marks: &[Mark], language: Language, emoji: Emoji) -> Spoken {
    let grammar = language.grammar();
    let text = Text::cut(written, &edges(marks), |head, rest| grammar.elides(head, rest));
    let spans = spans(&text, marks, language);
    let verbaliser = language.verbaliser();
    let ends = sentence_ends(&text, &spans, grammar);
    let mut assembly = Assembly::default();
    for (index, span) in spans.iter().enumerate() {
        if emoji == Emoji::Dropped && matches!(span.value, Value::Emoji(_)) {
            continue;
        }
        match verbaliser.say(&span.value, &Scene::new(&text, &spans, index, grammar)) {
            Said::Words(words) if words.ends_with('\'') => assembly.head(&words, span.start, span.end),
            Said::Words(words) => assembly.words(&words, span.start, span.end),
            Said::Head(head) => assembly.head(head, span.start, span.end),
            Said::Ending(letters) => assembly.ending(letters, span.start, span.end),
            Said::Pause(pause) => assembly.pause(pause, span.end),
            Said::Hyphen => assembly.hyphen(span.end),
            Said::Nothing => {}
        }
        if ends.binary_search(&span.end).is_ok() {
            assembly.pause('.', span.end);
        }
    }
    assembly.finish()
}

/// Where sentences end with the stop of a span that is no pause: an abbreviation's (`etc.`), which
/// is then heard as well. The end of the text is left to the caller.
fn sentence_ends(text: &Text, spans: &[Span], grammar: &'static Grammar) -> Vec<usize> {
    let stopped = |span: &&Span| {
        let stop = span.end.checked_sub(1).and_then(|last| text.chars.get(last)) == Some(&'.');
        stop && !matches!(span.value, Value::Pause(_) | Value::Silent)
    };
    let stops: Vec<usize> = spans.iter().filter(stopped).map(|span| span.end).collect();
    if stops.is_empty() || stops == [text.chars.len()] {
        return Vec::new();
    }
    let mut sentences = split(text, grammar);
    sentences.pop();
    sentences.retain(|(_, end)| stops.binary_search(end).is_ok());
    sentences.into_iter().map(|(_, end)| end).collect()
}

/// What the parts of a text mean.
pub(super) fn spans(text: &Text, marks: &[Mark], language: Language) -> Vec<Span> {
    let places = Places::of(&text.chars);
    let mut cx =
        Cx { text, grammar: language.grammar(), marks, places: &places, at: 0, index: 0, shouting: shouts(text) };
    let mut candidates = Candidates::default();
    let cover = cover::cover(text, |index, out| {
        cx.index = index;
        cx.at = cx.token().start;
        if let Some(span) = plain(&cx) {
            out.push(span);
        } else {
            ask(&cx, &mut candidates);
            out.extend(candidates.drain());
        }
    });
    neighbours::settle(text, cover, language.grammar())
}

/// Where the parts begin and end that the document marked.
fn edges(marks: &[Mark]) -> Vec<usize> {
    marks.iter().flat_map(|mark| [mark.range.start as usize, mark.range.end as usize]).collect()
}

/// Whether a text of several words is written in capitals: seven of ten.
fn shouts(text: &Text) -> bool {
    let words = text.tokens.iter().filter(|token| token.kind == TokenKind::Word && token.end - token.start > 1);
    let (mut loud, mut all) = (0, 0);
    for token in words {
        all += 1;
        loud += usize::from(!text.slice(token.start, token.end).contains(char::is_lowercase));
    }
    all >= FEWEST_LOUD_WORDS && loud * 10 >= all * 7
}
