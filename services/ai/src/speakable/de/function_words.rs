//! Words of German that carry no subject.

use crate::speakable::function_words::{FunctionWords, SHORTEST_STEM, itself, without_ending};

/// Words that every text has, with a space around each.
const COMMON: &str = " ab aber alle allem allen aller alles als also am an andere anderen anderer anderes ans auch auf \
    aufs aus bei beide beim bereits bin bis bist da dabei dadurch dafür damit danach dann daran darauf daraus darf \
    darin darüber das dass davon dazu dein dem den denen denn der deren des dessen die dies diese diesem diesen \
    dieser dieses doch dort du durch ebenso ein eine einem einen einer eines einige einigen er erst es etwa etwas \
    euch euer für gegen habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer \
    im immer in ins ist ja jede jedem jeden jeder jedes jedoch kann kein keine keinem keinen keiner können könnte \
    machen macht man manche mehr mein meist mit muss müssen nach neben nicht nichts noch nun nur ob oder ohne oft \
    schon sehr sei sein seine seinem seinen seiner seit sich sie sind so solche soll sollen sollte sondern sowie \
    sowohl statt über um und uns unser unter viel viele vielen vom von vor war waren warum was weil weiter welche \
    welchem welchen welcher welches wenig wenn wer werden wie wieder will wir wird wo wobei wohl wollen worden \
    wurde wurden würde würden während wegen zu zum zur zwar zwischen ";

/// How sentences begin that lean on the one before them.
const LEANING: &str = " jedoch deshalb daher darum deswegen somit folglich demnach also außerdem zudem ferner \
    weiterhin dennoch trotzdem allerdings hingegen dagegen stattdessen andernfalls sonst inzwischen unterdessen \
    auch aber und oder denn doch sondern dann danach daraufhin es er sie ihm ihn ihnen ihr ihre ihren sein seine \
    seinen dies diese dieser dieses diesen diesem jene jener jenes dabei dadurch dafür damit daran darauf daraus \
    darin davon dazu hier dort ebenso ähnlich entsprechend so solche ";

/// The words, and what they tell.
pub(crate) static FUNCTION_WORDS: FunctionWords = FunctionWords {
    common: COMMON,
    leaning: LEANING,
    clauses: &[
        "und", "aber", "oder", "denn", "sondern", "dass", "weil", "während", "wobei", "wenn", "als", "ob", "obwohl",
        "damit", "nachdem", "bevor", "sodass", "sowie",
    ],
    phrases: &[
        "zu", "zum", "zur", "für", "mit", "in", "im", "ins", "von", "vom", "aus", "bei", "beim", "auf", "an", "am",
        "nach", "durch", "über", "unter", "gegen", "ohne",
    ],
    without_elision: itself,
    first: itself,
    stem,
};

/// Endings that a light stem leaves off, the longest first.
const ENDINGS: [&str; 8] = ["ungen", "ern", "em", "en", "er", "es", "e", "n"];

/// A light stem, so that "Brunnen" meets "Brunnens" and "Pumpe" meets "Pumpen".
fn stem(word: &str) -> &str {
    let plain = word.strip_suffix('s').filter(|plain| plain.chars().count() > SHORTEST_STEM).unwrap_or(word);
    without_ending(plain, &ENDINGS).unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speakable::Breath;

    #[test]
    fn words_are_known_whole() {
        let words = &FUNCTION_WORDS;
        assert!(
            words.is_common("der")
                && words.is_common("würden")
                && !words.is_common("de")
                && !words.is_common("pumpe")
                && !words.is_common("")
        );
        assert!(words.leans("jedoch") && words.leans("daher") && !words.leans("je"));
        for (word, breath) in [("weil", Breath::Clause), ("mit", Breath::Phrase), ("pumpe", Breath::Word)] {
            assert_eq!(words.breath_before(word), breath, "{word}");
        }
    }

    #[test]
    fn a_stem_is_what_forms_of_a_word_share() {
        for (word, wanted) in
            [("pumpen", "pump"), ("pumpe", "pump"), ("modells", "modell"), ("modelle", "modell"), ("auto", "auto")]
        {
            assert_eq!(stem(word), wanted);
        }
    }
}
