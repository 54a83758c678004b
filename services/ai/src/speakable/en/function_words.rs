//! Words of English that carry no subject, and what they tell: where a breath may be taken, which
//! sentence leans on another, which word two texts do not share.

use crate::speakable::Breath;

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

/// Words that begin a clause.
const CLAUSES: [&str; 11] = ["and", "but", "or", "which", "that", "because", "while", "where", "when", "if", "so"];

/// Words that begin a phrase.
const PHRASES: [&str; 10] = ["to", "for", "with", "in", "of", "from", "by", "at", "on", "as"];

/// Endings that a light stem leaves off, the longest first.
const ENDINGS: [&str; 5] = ["ies", "ing", "ed", "es", "s"];

/// Characters that a stem has at least.
const SHORTEST_STEM: usize = 4;

/// Whether every text has the word, in small letters.
pub(crate) fn common(word: &str) -> bool {
    COMMON.contains(&format!(" {word} "))
}

/// Whether a sentence that begins with the word, in small letters, leans on the one before it.
pub(crate) fn leans(word: &str) -> bool {
    LEANING.contains(&format!(" {word} "))
}

/// How good a breath is before the word.
pub(crate) fn breath_before(word: &str) -> Breath {
    if CLAUSES.contains(&word) {
        Breath::Clause
    } else if PHRASES.contains(&word) {
        Breath::Phrase
    } else {
        Breath::Word
    }
}

/// A light stem, so that "model" meets "models".
pub(crate) fn stem(word: String) -> String {
    for ending in ENDINGS {
        if let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.chars().count() >= SHORTEST_STEM) {
            return stem.to_owned();
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_whole() {
        assert!(common("the") && common("your") && !common("th") && !common("pump") && !common(""));
        assert!(leans("however") && leans("accordingly") && !leans("how"));
        for (word, breath) in [("because", Breath::Clause), ("of", Breath::Phrase), ("pump", Breath::Word)] {
            assert_eq!(breath_before(word), breath, "{word}");
        }
    }

    #[test]
    fn a_stem_is_what_forms_of_a_word_share() {
        for (word, wanted) in [("models", "model"), ("pumping", "pump"), ("uses", "uses"), ("studies", "stud")] {
            assert_eq!(stem(word.to_owned()), wanted);
        }
    }
}
