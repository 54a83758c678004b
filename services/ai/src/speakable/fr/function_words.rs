//! Words of French that carry no subject.

use crate::speakable::function_words::{FunctionWords, without_ending};

/// Words that every text has, with a space around each.
const COMMON: &str = " a afin ai ainsi alors après as au aucun aucune aujourd'hui auquel aura aussi autre autres aux \
    auxquelles auxquels avaient avait avant avec avoir beaucoup bien car ce ceci cela celle celles celui cependant \
    certain certaine certaines certains ces cet cette ceux chaque chez ci comme comment dans de deçà dehors déjà \
    depuis des dès desquelles desquels deux devant doit doivent donc dont du duquel durant elle elles en encore \
    enfin entre environ est et étaient était étant été être eu eux faire fait fait fois font hors ici il ils je \
    jusque la là laquelle le lequel les lesquelles lesquels leur leurs lorsque lui ma mais malgré me même mêmes \
    mes mieux moi moins mon ne ni non nos notre nous on ont or ou où outre par parce parfois parmi pas pendant peu \
    peut peuvent plus plusieurs plutôt pour pourquoi pourrait pourtant près puis puisque qu quand que quel quelle \
    quelles quelque quelques quels qui quoi sa sans se selon sera seront ses seulement si sien soi soit son sont \
    sous souvent sur ta tandis tant tel telle telles tels tes toi ton toujours tous tout toute toutes très trop tu \
    un une vers voici voilà vos votre vous y ";

/// How sentences begin that lean on the one before them.
const LEANING: &str = " cependant pourtant donc ainsi toutefois néanmoins or mais et ou car alors puis ensuite aussi \
    sinon sans enfin également dès de en par c'est ce cela ceci cet cette ces ceux celle celles celui il elle ils \
    elles on leur leurs son sa ses lui y là ici tel telle tels telles autrement inversement réciproquement ";

/// The words, and what they tell.
pub(crate) static FUNCTION_WORDS: FunctionWords = FunctionWords {
    common: COMMON,
    leaning: LEANING,
    clauses: &[
        "et", "mais", "ou", "or", "donc", "car", "qui", "que", "dont", "où", "parce", "lorsque", "quand", "si",
        "puisque", "tandis", "comme", "quoique",
    ],
    phrases: &[
        "à", "au", "aux", "de", "du", "des", "en", "dans", "par", "pour", "avec", "sans", "sur", "sous", "chez",
        "vers", "entre", "contre", "depuis", "pendant", "après", "avant",
    ],
    without_elision,
    first,
    stem,
};

/// Endings that a light stem leaves off, the longest first.
const ENDINGS: [&str; 8] = ["ements", "ement", "aux", "ées", "és", "ée", "es", "e"];

/// Endings of the plural.
const PLURALS: [&str; 2] = ["s", "x"];

/// What stands before an apostrophe: articles, pronouns and the like without their vowel.
const ELIDED: [&str; 9] = ["l", "d", "j", "m", "t", "s", "n", "c", "qu"];

/// A light stem, so that "l'eau" meets "eau" and "pompe" meets "pompes".
fn stem(word: &str) -> &str {
    let word = without_elision(word);
    let plain = without_ending(word, &PLURALS).unwrap_or(word);
    without_ending(plain, &ENDINGS).unwrap_or(plain)
}

/// The word behind what is elided before an apostrophe.
pub(crate) fn without_elision(word: &str) -> &str {
    match word.split_once(['\'', '\u{2019}']) {
        Some((head, rest)) if ELIDED.contains(&head) => rest,
        Some(_) | None => word,
    }
}

/// "que" for "qu'il", "de" for "d'eau".
fn first(word: &str) -> &str {
    match word.split_once('\'') {
        Some(("qu", _)) => "que",
        Some(("d", _)) => "de",
        Some(_) | None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::Breath;

    #[test]
    fn words_are_known_whole() {
        let words = &FUNCTION_WORDS;
        assert!(
            words.is_common("le")
                && words.is_common("votre")
                && !words.is_common("l")
                && !words.is_common("pompe")
                && !words.is_common("")
        );
        assert!(words.is_common("l'une") && words.is_common("aujourd'hui") && !words.is_common("l'eau"));
        assert!(words.leans("cependant") && words.leans("ainsi") && !words.leans("ains"));
        for (word, breath) in [
            ("parce", Breath::Clause),
            ("qu'il", Breath::Clause),
            ("dans", Breath::Phrase),
            ("d'eau", Breath::Phrase),
            ("pompe", Breath::Word),
        ] {
            assert_eq!(words.breath_before(word), breath, "{word}");
        }
    }

    #[test]
    fn a_stem_is_what_forms_of_a_word_share() {
        for (word, wanted) in
            [("pompes", "pomp"), ("pompe", "pomp"), ("l'eau", "eau"), ("modèles", "modèl"), ("modèle", "modèl")]
        {
            assert_eq!(stem(word), wanted);
        }
    }
}
