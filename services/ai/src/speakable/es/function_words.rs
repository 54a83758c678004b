//! Words of Spanish that carry no subject.

use crate::speakable::function_words::{FunctionWords, itself, without_ending};

/// Words that every text has, with a space around each.
const COMMON: &str = " a acá ahí al algo alguien algún alguna algunas alguno algunos allá allí ambas ambos ante \
    antes aquel aquella aquellas aquello aquellos aquí así aun aún aunque bajo bastante bien cada casi como cómo \
    con contra cosa cual cuál cuales cuáles cualquier cualquiera cuando cuándo cuanto cuya cuyas cuyo cuyos da dan \
    de debe deben decir del demás desde después donde dónde dos durante e el él ella ellas ello ellos en entonces \
    entre era eran eres es esa esas ese eso esos esta está estaba estaban estamos están estar estas este esto estos \
    fue fueron fui gran ha haber había habían hace hacen hacer hacia han hasta hay he hemos hizo incluso la las le \
    les lo los luego más me menos mi mí mientras mis misma mismas mismo mismos mucha muchas mucho muchos muy nada \
    nadie ni ningún ninguna ninguno no nos nosotros nuestra nuestras nuestro nuestros nunca o os otra otras otro \
    otros para pero poca pocas poco pocos podemos poder por porque pueda puede pueden pues que qué quien quién \
    quienes se sea sean según ser si sí sido siempre sin sino so sobre solo sólo somos son soy su sus también \
    tampoco tan tanta tantas tanto tantos te tener tenía tiene tienen toda todas todavía todo todos tras tu tú tus \
    u un una unas uno unos usted ustedes va van varias varios ve vez y ya yo ";

/// How sentences begin that lean on the one before them.
const LEANING: &str = " además así asimismo aun aunque consecuentemente consiguientemente contrariamente e \
    ella ellas ello ellos él entonces esa esas ese eso esos esta estas este esto estos igualmente luego mas mientras \
    ni o pero pues semejante semejantes similarmente sino su sus tal tales también \
    tampoco u y ";

/// The words, and what they tell.
pub(crate) static FUNCTION_WORDS: FunctionWords = FunctionWords {
    common: COMMON,
    leaning: LEANING,
    clauses: &[
        "y", "e", "o", "u", "pero", "sino", "que", "porque", "aunque", "mientras", "donde", "cuando", "si", "pues",
        "quien",
    ],
    phrases: &[
        "a", "al", "para", "con", "en", "de", "del", "desde", "por", "sin", "sobre", "entre", "hasta", "como", "según",
    ],
    without_elision: itself,
    first: itself,
    stem,
};

/// Endings that a light stem leaves off, the longest first.
const ENDINGS: [&str; 16] = [
    "aciones", "iciones", "amiento", "imiento", "ación", "ición", "ando", "iendo", "ados", "idos", "adas", "idas",
    "ar", "es", "os", "as",
];

/// Endings that are left off where none of these is there.
const VOWELS: [&str; 3] = ["a", "e", "o"];

/// A light stem, so that "modelo" meets "modelos".
fn stem(word: &str) -> &str {
    without_ending(word, &ENDINGS).or_else(|| without_ending(word, &VOWELS)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::Breath;

    #[test]
    fn words_are_known_whole() {
        let words = &FUNCTION_WORDS;
        assert!(
            words.is_common("la")
                && words.is_common("nuestros")
                && !words.is_common("nuest")
                && !words.is_common("bomba")
                && !words.is_common("")
        );
        assert!(words.leans("además") && words.leans("tampoco") && !words.leans("adem"));
        for (word, breath) in [("porque", Breath::Clause), ("de", Breath::Phrase), ("bomba", Breath::Word)] {
            assert_eq!(words.breath_before(word), breath, "{word}");
        }
    }

    #[test]
    fn a_stem_is_what_forms_of_a_word_share() {
        for (word, wanted) in [
            ("modelo", "model"),
            ("modelos", "model"),
            ("bombas", "bomb"),
            ("bomba", "bomb"),
            ("operaciones", "oper"),
            ("operación", "oper"),
            ("gas", "gas"),
        ] {
            assert_eq!(stem(word), wanted);
        }
    }
}
