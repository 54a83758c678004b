//! Spanish text to phonemes of Kokoro: the spelling says how a word sounds, with few exceptions.
//! The phonemes and their signs are those of espeak-ng's Castilian Spanish, which the voices were
//! trained with: stress stands before the vowel, and a diphthong is one sign where English has it.
//!
//! The rules were written from the Ortografía de la lengua española (RAE and ASALE 2010, chapters I
//! and II) and from descriptions of the sounds (Hualde, The Sounds of Spanish, 2005). Figures are
//! said one by one: a script has none, since the ai service makes words of its numbers, and callers
//! of `Synthesize` are to write them out.

mod sounds;

use std::collections::HashMap;

use lectern_core::content::Range;

use super::super::local::phonemes::{Group, Word};
use sounds::sounds;

/// Signs that the network knows, and what others are said as.
const SIGNS: &[(char, char)] = &[
    (',', ','),
    ('.', '.'),
    (';', ';'),
    (':', ':'),
    ('!', '!'),
    ('?', '?'),
    ('…', '…'),
    ('—', '—'),
    ('–', '—'),
    ('(', '('),
    (')', ')'),
    ('«', '“'),
    ('»', '”'),
    ('“', '“'),
    ('”', '”'),
    ('"', '"'),
];

/// Signs after which a long text may be cut with the least harm.
const CLAUSE_ENDS: &[char] = &[',', ';', ':', '.', '!', '?', '—', '…'];

/// Signs that are said as words.
const SPOKEN: &[(char, &str)] = &[
    ('%', "por ciento"),
    ('&', "y"),
    ('€', "euros"),
    ('$', "dólares"),
    ('£', "libras"),
    ('+', "más"),
    ('=', "igual a"),
    ('@', "arroba"),
    ('°', "grados"),
];

/// What figures are said as, with the signs that stand between them.
const FIGURES: &[(char, &str)] = &[
    ('0', "cero"),
    ('1', "uno"),
    ('2', "dos"),
    ('3', "tres"),
    ('4', "cuatro"),
    ('5', "cinco"),
    ('6', "seis"),
    ('7', "siete"),
    ('8', "ocho"),
    ('9', "nueve"),
    ('.', "punto"),
    (',', "coma"),
];

/// A text as groups of phonemes, each of what stands between two spaces; a space ends each but the
/// last.
pub(super) fn groups(text: &str, vocabulary: &HashMap<char, i32>) -> Vec<Group> {
    let ids = |phonemes: &str| phonemes.chars().filter_map(|sign| vocabulary.get(&sign).copied()).collect::<Vec<_>>();
    let mut groups = Vec::new();
    let mut group = Group::default();
    for piece in pieces(text) {
        let said = match &piece.what {
            What::Space => {
                if !group.ids.is_empty() {
                    groups.push(std::mem::take(&mut group));
                }
                continue;
            }
            What::Word(word) => sounds(word),
            What::Figures(figures) => words(&one_by_one(figures)),
            What::Sign(sign) => {
                if let Some((_, spoken)) = SPOKEN.iter().find(|(known, _)| known == sign) {
                    words(spoken)
                } else {
                    let known = SIGNS.iter().find(|(known, _)| known == sign).map(|(_, sign)| *sign);
                    group.ids.extend(known.and_then(|sign| vocabulary.get(&sign)));
                    group.ends_clause = known.is_some_and(|sign| CLAUSE_ENDS.contains(&sign));
                    continue;
                }
            }
        };
        // Words without a space between them, such as the two of a compound, are two all the same.
        if !group.words.is_empty() {
            group.ids.extend(vocabulary.get(&' '));
        }
        let start = group.ids.len();
        group.ids.extend(ids(&said));
        group.ends_clause = false;
        if group.ids.len() > start {
            group.words.push(Word { spoken: piece.spoken, ids: start..group.ids.len() });
        }
    }
    if !group.ids.is_empty() {
        groups.push(group);
    }
    let last = groups.len().saturating_sub(1);
    for group in groups.iter_mut().take(last) {
        group.ids.extend(vocabulary.get(&' '));
    }
    groups
}

/// The phonemes of words, with spaces between them.
fn words(text: &str) -> String {
    text.split(' ').map(sounds).collect::<Vec<_>>().join(" ")
}

/// Figures in words.
fn one_by_one(figures: &str) -> String {
    let known = figures.chars().filter_map(|figure| FIGURES.iter().find(|(known, _)| *known == figure));
    known.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

/// A piece of a text, and where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    what: What,
    spoken: Range,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Space,
    Word(String),
    Figures(String),
    Sign(char),
}

/// The pieces of a text, in order.
fn pieces(text: &str) -> Vec<Piece> {
    let letters: Vec<char> = text.chars().collect();
    let letter = |at: usize| letters.get(at).copied().unwrap_or(' ');
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let from = at;
        let c = letter(at);
        at += 1;
        let what = if c.is_whitespace() {
            What::Space
        } else if c.is_ascii_digit() {
            // A dot or a comma belongs to the figures only between two of them.
            while letter(at).is_ascii_digit() || (matches!(letter(at), '.' | ',') && letter(at + 1).is_ascii_digit()) {
                at += 1;
            }
            What::Figures(letters.get(from..at).unwrap_or_default().iter().collect())
        } else if c.is_alphabetic() {
            while letter(at).is_alphabetic() || is_mark(letter(at)) {
                at += 1;
            }
            What::Word(letters.get(from..at).unwrap_or_default().iter().collect())
        } else {
            What::Sign(c)
        };
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        pieces.push(Piece { what, spoken: Range::new(place(from), place(at)) });
    }
    pieces
}

/// Whether a sign stands on the letter before it.
const fn is_mark(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036F)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each sign is its own id.
    fn vocabulary() -> HashMap<char, i32> {
        let signs = " ,.;:!?—…\"()“”ˈabdefijklmnoprstuwxðɡɲŋɣɾʃʎʝʧθβIAWOɪʊ";
        signs.chars().map(|sign| (sign, i32::try_from(u32::from(sign)).unwrap())).collect()
    }

    fn said(text: &str) -> String {
        let ids = groups(text, &vocabulary()).into_iter().flat_map(|group| group.ids);
        ids.map(|id| char::from_u32(u32::try_from(id).unwrap()).unwrap()).collect()
    }

    #[test]
    fn a_sentence_is_said_with_its_signs() {
        assert_eq!(said("¿Dónde está el agua?"), "dˈonde estˈa el ˈaɣwa?");
        assert_eq!(said("«Sí», dijo; nada más."), "“sˈi”, dˈixo; nˈaða mˈas.");
        assert_eq!(said("Un 50 % de 12 €"), "un θˈiŋko θˈeɾo poɾ θjˈento de ˈuno dˈos ˈeʊɾos");
        assert_eq!(said("1.200, 3,5"), "ˈuno pˈunto dˈos θˈeɾo θˈeɾo, tɾˈes kˈoma θˈiŋko");
        assert_eq!(said("físico-químico"), "fˈisiko kˈimiko");
        assert_eq!(said(" … \u{1F600} "), "…");
    }

    #[test]
    fn words_are_where_they_stand() {
        let text = "Año 7, día (2,5).";
        let groups = groups(text, &vocabulary());
        let words: Vec<&str> = groups.iter().flat_map(|group| &group.words).map(|word| word.spoken.of(text)).collect();
        assert_eq!(words, ["Año", "7", "día", "2,5"]);
        assert!(groups.iter().flat_map(|group| &group.words).all(|word| !word.ids.is_empty()));
        assert_eq!(groups.iter().map(|group| group.ends_clause).collect::<Vec<_>>(), [false, true, false, true]);
        assert!(super::groups("", &vocabulary()).is_empty());
    }
}
