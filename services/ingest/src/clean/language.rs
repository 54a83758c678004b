//! The language of a text: by its commonest words, and where those say nothing, by its letters.
//!
//! Trigrams alone take English with foreign names for Afrikaans; a language's small words are in
//! every sentence of it and in few of another's, so they are asked first. What is too short to tell
//! is not guessed.

use std::collections::HashMap;
use std::sync::OnceLock;

use whatlang::Lang;

/// Below this many letters a guess is worth nothing.
const FEWEST_LETTERS: usize = 24;
/// How much of a text is looked at.
const SAMPLE: usize = 8_000;
/// Below this many words the count of the commonest ones is chance.
const FEWEST_WORDS: usize = 6;
/// The share of a text's words that the listed ones have at least, in a hundred. In prose they have
/// about a third (Kučera and Francis 1967: the 20 commonest have 31 % of the Brown corpus); in
/// lists and notes far less.
const SHARE: usize = 12;
/// Where a text has this many words and not even this share (in a hundred) of the small words of
/// its letters' language, it is names, or of a language that looks alike.
const TELLING_WORDS: usize = 20;
const LEAST_SHARE: usize = 4;
/// What is clear by itself: a short sentence, in which one language has about as many of the words
/// as in prose, and many times as many as the other.
const CLEAR_WORDS: usize = 8;
const CLEAR_SMALL_WORDS: usize = 4;
const CLEAR_SHARE: usize = 25;
const CLEAR_TIMES: usize = 4;

/// The commonest words of languages in Latin letters that are not among the commonest of many
/// others.
const COMMON: [(Lang, &str); 19] = [
    (
        Lang::Eng,
        "the of and to in is that for it was with as be on by are this at from have or an not you which but his they we",
    ),
    (
        Lang::Deu,
        "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es werden aus er hat dass sie nach wird bei",
    ),
    (
        Lang::Fra,
        "le la les des et du une est que dans pour qui par sur pas plus au ce il sont avec se ne cette elle ou leur aux mais",
    ),
    (
        Lang::Spa,
        "el los las del que una por con para su se es al lo como más pero sus fue este ya entre cuando muy sin sobre también hasta hay",
    ),
    (
        Lang::Ita,
        "il di che è per del non della sono con si da le gli nel una dei alla delle anche ma più come questo nella era ha dal suo",
    ),
    (
        Lang::Por,
        "os que do da em um uma para com não por mais as dos como mas foi ao ele das tem seu sua ou ser quando muito nos já também",
    ),
    (
        Lang::Nld,
        "de het een van en dat is te op zijn met voor niet aan er om ook als bij maar die uit naar dan nog wordt heeft hij werd",
    ),
    (
        Lang::Afr,
        "die en van 'n het nie wat om dit te is ek hy sy met vir op word aan was hulle ons ook maar as uit deur kan jy",
    ),
    (
        Lang::Swe,
        "och att det som på är av för med den till inte om ett han var men jag från så vid kan också eller har hade vi när",
    ),
    (
        Lang::Dan,
        "og at det af er til på den for med ikke som en et de der var har han fra jeg men vi om blev ved også efter havde",
    ),
    (
        Lang::Nob,
        "og det er på som av for til ikke med at den en har jeg de et om var fra men vi så ble også etter hadde ved",
    ),
    (
        Lang::Fin,
        "ja on ei se että oli mutta hän joka myös kun ovat niin tai kuin sen ole mukaan jos sitä vain hänen jo voi",
    ),
    (
        Lang::Pol,
        "się nie na do to jest że jak ale po co za od przez czy był dla tak tym już jego być lub oraz są który które",
    ),
    (
        Lang::Ces,
        "se na je že by jako to za po ve ale jsem do si jak pro jeho byl být od jsou která který také nebo při podle",
    ),
    (
        Lang::Hun,
        "az és hogy nem egy is ez volt van meg csak azt már mint ki még de vagy pedig lehet minden volna szerint",
    ),
    (Lang::Ron, "și în de la cu nu pe că din care un este se mai pentru ce sunt fost sau al ale prin după fi către"),
    (Lang::Tur, "ve bir bu da de için ile olarak çok daha olan gibi ne ama en kadar sonra var ise değil her olduğu"),
    (
        Lang::Cat,
        "els les del que per una amb és dels va com més als seu ha han aquest aquesta seva també són però pel des",
    ),
    (Lang::Cym, "yn yr ar ac mae ei oedd wedi gan fel hyn eu nid bod hefyd ond oes un gyda ddim mewn ym"),
];

/// What a text says of its language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// The language, a BCP 47 tag.
    pub language: &'static str,
    /// Whether the text's small words or its script say so, rather than the look of its letters.
    pub sure: bool,
}

/// The language of `text` as a BCP 47 tag, where it can be told; `und` is never answered.
#[must_use]
pub fn language(text: &str) -> Option<&'static str> {
    guess(text).map(|guess| guess.language)
}

/// As [`language`], with how sure that is.
#[must_use]
pub fn guess(text: &str) -> Option<Guess> {
    let sample: String = text.chars().take(SAMPLE).collect();
    if sample.chars().filter(|char| char.is_alphabetic()).count() < FEWEST_LETTERS {
        return None;
    }
    let small = SmallWords::of(&sample);
    if small.words >= FEWEST_WORDS
        && let Some(lang) = small.told(SHARE)
    {
        return Some(Guess { language: tag(lang), sure: true });
    }
    let info = whatlang::detect(&sample)?;
    let own = small.counted.iter().find(|(_, lang)| *lang == info.lang()).map(|(count, _)| *count);
    if own.is_some_and(|count| small.words >= TELLING_WORDS && count * 100 < small.words * LEAST_SHARE) {
        return None;
    }
    let latin = info.script() == whatlang::Script::Latin;
    info.is_reliable().then(|| Guess { language: tag(info.lang()), sure: !latin })
}

/// The language of a sentence that is beyond doubt in another one than `other`, a BCP 47 tag: its
/// small words are those of one language, and hardly any is one of `other`.
#[must_use]
pub fn clearly_other(text: &str, other: &str) -> Option<&'static str> {
    let sample: String = text.chars().take(SAMPLE).collect();
    let small = SmallWords::of(&sample);
    let language = tag(small.told(CLEAR_SHARE)?);
    let own = small.count(language);
    let clear = small.words >= CLEAR_WORDS && own >= CLEAR_SMALL_WORDS && own >= small.count(other) * CLEAR_TIMES;
    (clear && language != primary(other)).then_some(language)
}

/// How many of a text's words are among the commonest of the language of a BCP 47 tag; 0 where the
/// language is not listed.
#[must_use]
pub fn small_words(text: &str, language: &str) -> usize {
    let sample: String = text.chars().take(SAMPLE).collect();
    SmallWords::of(&sample).count(language)
}

/// How many of a text's words are the commonest ones of which language.
struct SmallWords {
    /// All words.
    words: usize,
    /// The languages of [`COMMON`], the one with the most of its words first.
    counted: Vec<(usize, Lang)>,
}

impl SmallWords {
    fn of(text: &str) -> Self {
        let mut counted: Vec<(usize, Lang)> = COMMON.iter().map(|(lang, _)| (0, *lang)).collect();
        let mut all = 0;
        let words = text.split(|char: char| !char.is_alphabetic() && char != '\'').filter(|word| !word.is_empty());
        for word in words {
            all += 1;
            for at in languages_of(&word.to_lowercase()) {
                if let Some((count, _)) = counted.get_mut(*at) {
                    *count += 1;
                }
            }
        }
        counted.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        Self { words: all, counted }
    }

    /// The language that has at least `share` of the words, in a hundred, and half as many again as
    /// any other.
    fn told(&self, share: usize) -> Option<Lang> {
        match self.counted.as_slice() {
            [(most, lang), (second, _), ..] if most * 100 >= self.words * share && most * 2 >= second * 3 => {
                (*most > 0).then_some(*lang)
            }
            _ => None,
        }
    }

    fn count(&self, language: &str) -> usize {
        let language = primary(language);
        self.counted.iter().find(|(_, lang)| tag(*lang) == language).map_or(0, |(count, _)| *count)
    }
}

/// The primary subtag of a BCP 47 tag.
fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

/// The places in [`COMMON`] of the languages that a word is common in.
fn languages_of(word: &str) -> &'static [usize] {
    static WORDS: OnceLock<HashMap<&'static str, Vec<usize>>> = OnceLock::new();
    let words = WORDS.get_or_init(|| {
        let mut words: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (at, (_, list)) in COMMON.iter().enumerate() {
            for word in list.split(' ') {
                words.entry(word).or_default().push(at);
            }
        }
        words
    });
    words.get(word).map_or(&[], Vec::as_slice)
}

/// Whether `text` can be in the language of the BCP 47 tag at all: whether they are of a script it
/// is written in. A tag that names a script, and languages that are not listed, can be anything.
#[must_use]
pub fn can_be_in(text: &str, language: &str) -> bool {
    if language.split('-').skip(1).any(|part| part.len() == 4) {
        return true;
    }
    let latin = text.chars().filter(|char| char.is_alphabetic() && *char < '\u{250}').count();
    let all = text.chars().filter(|char| char.is_alphabetic()).count();
    // Text in any language names some things in Latin letters; all of it in them is another
    // language.
    let elsewhere = NOT_LATIN.contains(&primary(language).as_str());
    all == 0 || if elsewhere { latin < all } else { true }
}

/// Languages that are not written in Latin letters.
const NOT_LATIN: [&str; 22] = [
    "ru", "uk", "be", "bg", "mk", "el", "he", "yi", "ar", "fa", "ur", "hi", "mr", "ne", "bn", "ta", "te", "th", "zh",
    "ja", "ko", "ka",
];

/// ISO 639-1 where the language has such a code, as BCP 47 asks, else ISO 639-3.
const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart_and_short_texts_are_not_guessed() {
        for (text, wanted) in [
            ("The tide rises twice a day on most of the coasts of the Atlantic, and nobody is surprised.", Some("en")),
            ("Der Leuchtturm steht seit mehr als hundert Jahren auf dem Felsen vor der Küste.", Some("de")),
            ("Le phare se dresse depuis plus de cent ans sur le rocher, face à la mer.", Some("fr")),
            (
                "Die vuurtoring staan al meer as honderd jaar op die rots, en die vissers het dit nie vergeet nie.",
                Some("af"),
            ),
            (
                "De vuurtoren staat al meer dan honderd jaar op de rots, en het is niet de enige aan de kust.",
                Some("nl"),
            ),
            ("Маяк стоит на скале более ста лет, и рыбаки выходят в море по его свету.", Some("ru")),
            ("Ch. 3", None),
            ("", None),
        ] {
            assert_eq!(language(text), wanted, "{text}");
        }
    }

    #[test]
    fn foreign_names_do_not_make_a_text_foreign() {
        for text in [
            "Van der Merwe, Botha and Pretorius met Kruger at Bloemfontein, and then rode on to Stellenbosch with De Wet.",
            "Mr Nguyen Van Thieu and Mrs Tran Thi Lan of Hanoi were the guests of Jürgen Müller-Lüdenscheidt for the week.",
            "The villages are Llanfairpwllgwyngyll, Betws-y-Coed, Dolgellau, Machynlleth and Aberystwyth, from north to south.",
        ] {
            assert_eq!(guess(text), Some(Guess { language: "en", sure: true }), "{text}");
        }
        let names = "Kruger Botha Pretorius Bloemfontein Stellenbosch Van der Merwe Kruger Botha Pretorius Bloemfontein \
                     Stellenbosch Merwe Kruger Botha Pretorius Bloemfontein Stellenbosch Merwe Smuts Hertzog Malan Verwoerd";
        assert!(guess(names).is_none_or(|guess| !guess.sure));
    }

    #[test]
    fn a_short_sentence_is_of_another_language_where_its_small_words_leave_no_doubt() {
        for (text, other, wanted) in [
            ("Er ging mit dem Brief in der Hand zu den Leuten, die nicht auf ihn warteten.", "en", Some("de")),
            ("Il est dans la maison avec les enfants, mais elle ne le sait pas.", "en-GB", Some("fr")),
            ("He went with the letter to the people of the town, who were not in.", "de", Some("en")),
            ("He went with the letter to the people of the town, who were not in.", "en", None),
            ("Die Hard and The Birds were on, and nobody at the door was sorry.", "en", None),
            ("Van der Merwe met Kruger", "en", None),
            ("Der Prozess", "en", None),
            ("", "en", None),
        ] {
            assert_eq!(clearly_other(text, other), wanted, "{text}");
        }
    }

    #[test]
    fn small_words_are_counted_by_language() {
        assert_eq!(small_words("Der Hund und die Katze of the house", "de-AT"), 3);
        assert_eq!(small_words("Der Hund und die Katze of the house", "en"), 2);
        assert_eq!(small_words("Der Hund", "ja"), 0);
    }

    #[test]
    fn a_script_rules_languages_out() {
        for (text, language, wanted) in [
            ("Plain English words", "ru-RU", false),
            ("Слово and words", "ru", true),
            ("Plain English words", "de", true),
            ("kana in romaji", "ja-Latn", true),
            ("123", "ru", true),
        ] {
            assert_eq!(can_be_in(text, language), wanted, "{text} {language}");
        }
    }
}
