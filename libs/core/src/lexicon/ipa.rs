//! The signs of the International Phonetic Alphabet that a lexicon takes: letters and marks for the
//! sounds of languages whose voices there are. Each voice that takes sounds maps all of them to its
//! own, so what is taken here is said by all of them, and what is not is refused before anything is
//! made. Source: the chart of the International Phonetic Association, revised to 2020.
//!
//! Clicks, implosives, ejectives and tones are left out: no voice here has anything like them.

use unicode_normalization::UnicodeNormalization as _;

use crate::Failure;

/// Vowels.
pub const VOWELS: &str = "aeiouyæøœɐɑɒɔəɘɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻ";

/// Consonants.
pub const CONSONANTS: &str = "bcdfghjklmnpqrstvwxzçðħŋβθχɕɖɟɡɢɣɥɦɫɬɭɮɰɱɲɳɴɸɹɺɻɽɾʀʁʂʃʈʋʍʎʐʑʒʔʕʝʣʤʥʦʧʨ";

/// Marks of letters and between them: stress, length, syllables, ties, nasal and syllabic sounds,
/// and finer shades.
pub const MARKS: &str = "ˈˌːˑ.‿ ʰʲʷˠˤ˞\u{303}\u{329}\u{32f}\u{361}\u{35c}\u{325}\u{30a}\u{32a}\u{324}\u{330}\
                         \u{306}\u{31a}\u{31c}\u{31d}\u{31e}\u{31f}\u{320}\u{339}\u{308}\u{33d}\u{334}\u{33a}\u{33b}";

/// Signs that are written for others of the alphabet, and those that they are written for.
const ALIASES: [(char, char); 4] = [('\'', 'ˈ'), ('\u{2019}', 'ˈ'), (':', 'ː'), ('-', '.')];

/// Sounds in the form in which they are kept: decomposed but for ç, without the brackets that they
/// are usually written in, with the alphabet's own signs for stress and length.
///
/// # Errors
/// `INVALID_FIELD` for `field` where a sign is none of these, or none is a letter.
pub fn checked(field: &str, text: &str) -> Result<String, Failure> {
    let text = text.trim();
    let inner =
        [("/", "/"), ("[", "]")].iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    let text: String = inner.unwrap_or(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let alias = |c: char| ALIASES.iter().find(|(written, _)| *written == c).map_or(c, |(_, meant)| *meant);
    let text: String = text.nfd().map(alias).collect::<String>().replace("c\u{327}", "ç");
    if let Some(wrong) = text.chars().find(|c| !is_known(*c)) {
        let message = format!(
            "{field} has {wrong:?} (U+{:04X}), which no voice here can say; write it in the signs of the IPA for \
             vowels and pulmonic consonants, such as ʃɪˈvɔːn, or give a `respelling`",
            u32::from(wrong)
        );
        return Err(Failure::invalid(field, message));
    }
    if !text.chars().any(is_letter) {
        return Err(Failure::invalid(field, format!("{field} has no sound; write it in IPA, such as ʃɪˈvɔːn")));
    }
    Ok(text)
}

/// Whether a sign stands for a vowel.
#[must_use]
pub fn is_vowel(c: char) -> bool {
    VOWELS.contains(c)
}

/// Whether a sign stands for a sound.
#[must_use]
pub fn is_letter(c: char) -> bool {
    is_vowel(c) || CONSONANTS.contains(c)
}

fn is_known(c: char) -> bool {
    is_letter(c) || MARKS.contains(c)
}
