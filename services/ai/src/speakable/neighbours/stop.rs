//! The stop of an abbreviation that no table knows ends no sentence, and is no pause.

use crate::speakable::sentence::is_unknown_abbreviation;
use crate::speakable::span::Value;
use crate::speakable::verbalise::Scene;

/// Nothing, for the stop of an abbreviation.
pub(super) fn settle(scene: &Scene<'_>) -> Option<Value> {
    let stop = scene.span().filter(|span| matches!(span.value, Value::Pause('.')))?;
    let before = scene.neighbour(-1).filter(|span| span.end == stop.start)?;
    let word = scene.neighbour_written(-1).filter(|_| matches!(before.value, Value::Word))?;
    let next = scene.rest();
    (next.starts_with(' ') && is_unknown_abbreviation(word, next.trim_start(), scene.grammar)).then_some(Value::Silent)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settled, span};
    use super::*;

    #[test]
    fn the_stop_of_an_unknown_abbreviation_is_no_pause() {
        for (text, wanted) in [("Cdr. Data", true), ("Cor. 13:4", true), ("Hmm. The end", false), ("Bob. He", false)] {
            let spans = settled(text, vec![span(text, ".", Value::Pause('.'))]);
            assert_eq!(spans.iter().any(|span| span.value == Value::Silent), wanted, "{text}");
        }
    }
}
