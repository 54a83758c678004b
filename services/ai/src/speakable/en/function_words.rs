//! Words of English that carry no subject.

use crate::speakable::function_words::{FunctionWords, itself, without_ending};

/// Words that every text has, with a space around each.
const COMMON: &str = " a about above after again against all also although am an and any are as at be because been \
    before being below between both but by can cannot could did do does doing down during each \
    either else ever few for from further had has have having he her here hers him his how \
    however i if in into is it its itself just less let like made make many may me might more \
    most much must my no nor not now of off often on once one only or other our out over own per \
    rather same shall she should since so some such than that the their them then there these \
    they this those though through thus to too two under until up upon us use used using very \
    was way we well were what when where whether which while who whom whose why will with within \
    without would yet you your ";

/// How sentences begin that lean on the one before them.
const LEANING: &str = " however therefore thus hence moreover furthermore nevertheless nonetheless consequently \
    instead otherwise meanwhile also but and so or yet then it its this that these those they \
    them their he she his her such here there likewise similarly additionally accordingly ";

/// The words, and what they tell.
pub(crate) static FUNCTION_WORDS: FunctionWords = FunctionWords {
    common: COMMON,
    leaning: LEANING,
    clauses: &["and", "but", "or", "which", "that", "because", "while", "where", "when", "if", "so"],
    phrases: &["to", "for", "with", "in", "of", "from", "by", "at", "on", "as"],
    without_elision: itself,
    first: itself,
    stem,
};

/// Endings that a light stem leaves off, the longest first.
const ENDINGS: [&str; 5] = ["ies", "ing", "ed", "es", "s"];

/// A light stem, so that "model" meets "models".
fn stem(word: &str) -> &str {
    without_ending(word, &ENDINGS).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::Breath;

    #[test]
    fn words_are_known_whole() {
        let words = &FUNCTION_WORDS;
        assert!(
            words.is_common("the")
                && words.is_common("your")
                && !words.is_common("th")
                && !words.is_common("pump")
                && !words.is_common("")
        );
        assert!(words.leans("however") && words.leans("accordingly") && !words.leans("how"));
        for (word, breath) in [("because", Breath::Clause), ("of", Breath::Phrase), ("pump", Breath::Word)] {
            assert_eq!(words.breath_before(word), breath, "{word}");
        }
    }

    #[test]
    fn a_stem_is_what_forms_of_a_word_share() {
        for (word, wanted) in [("models", "model"), ("pumping", "pump"), ("uses", "uses"), ("studies", "stud")] {
            assert_eq!(stem(word), wanted);
        }
    }
}
