//! The sounds of the International Phonetic Alphabet in the phonemes that the English voices were
//! trained on: those of `misaki`, which writes diphthongs and affricates in one sign each and a
//! stress before its vowel. What English has not is said by what is nearest in it, as English
//! speakers say foreign words. Source of the signs: `misaki`'s `EN_PHONES.md`; of what is nearest:
//! Wikipedia's keys of English approximations ("Help:IPA") for each language.

use lectern_core::lexicon::ipa;

/// How the voice speaks English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Accent {
    /// General American.
    American,
    /// British, which says no `ɹ` but before a vowel.
    British,
}

/// The primary and the secondary stress, which are the same signs here and there.
const STRESSES: [char; 2] = ['ˈ', 'ˌ'];
/// A sign over a vowel that is said through the nose.
const NASAL: char = '\u{303}';

/// Signs, and what an American and a British voice says for them. Of two that begin alike the
/// longer one counts. Ties, syllables and finer shades are taken away before.
const SOUNDS: &[(&str, &str, &str)] = &[
    // Diphthongs and affricates, one sign each.
    ("eɪ", "A", "A"),
    ("ei", "A", "A"),
    ("eː", "A", "A"),
    ("aɪ", "I", "I"),
    ("ai", "I", "I"),
    ("ɑɪ", "I", "I"),
    ("aʊ", "W", "W"),
    ("au", "W", "W"),
    ("ɑʊ", "W", "W"),
    ("æʊ", "W", "W"),
    ("ɔɪ", "Y", "Y"),
    ("ɔi", "Y", "Y"),
    ("oɪ", "Y", "Y"),
    ("oi", "Y", "Y"),
    ("ɔʏ", "Y", "Y"),
    ("oʊ", "O", "Q"),
    ("ou", "O", "Q"),
    ("əʊ", "O", "Q"),
    ("oː", "O", "Q"),
    ("tʃ", "ʧ", "ʧ"),
    ("dʒ", "ʤ", "ʤ"),
    ("ʧ", "ʧ", "ʧ"),
    ("ʤ", "ʤ", "ʤ"),
    ("ʨ", "ʧ", "ʧ"),
    ("ʥ", "ʤ", "ʤ"),
    ("ʦ", "ts", "ts"),
    ("ʣ", "dz", "dz"),
    // Vowels.
    ("iː", "i", "iː"),
    ("i", "i", "i"),
    ("ɪ", "ɪ", "ɪ"),
    ("ɛː", "ɛ", "ɛː"),
    ("eə", "ɛɹ", "ɛː"),
    ("ɛə", "ɛɹ", "ɛː"),
    ("ɛ", "ɛ", "ɛ"),
    ("e", "ɛ", "ɛ"),
    ("æ", "æ", "a"),
    ("aː", "ɑ", "ɑː"),
    ("a", "ɑ", "a"),
    ("ɑː", "ɑ", "ɑː"),
    ("ɑ", "ɑ", "ɑː"),
    ("ɒː", "ɔ", "ɔː"),
    ("ɒ", "ɑ", "ɒ"),
    ("ɔː", "ɔ", "ɔː"),
    ("ɔ", "ɔ", "ɒ"),
    ("o", "O", "Q"),
    ("uː", "u", "uː"),
    ("u", "u", "u"),
    ("ʊ", "ʊ", "ʊ"),
    ("ʌ", "ʌ", "ʌ"),
    ("ɜːɹ", "ɜɹ", "ɜː"),
    ("ɜːr", "ɜɹ", "ɜː"),
    ("ɜɹ", "ɜɹ", "ɜː"),
    ("ɜr", "ɜɹ", "ɜː"),
    ("ɜː", "ɜɹ", "ɜː"),
    ("ɜ", "ɜɹ", "ɜː"),
    ("ɝː", "ɜɹ", "ɜː"),
    ("ɝ", "ɜɹ", "ɜː"),
    ("ɞ", "ɜɹ", "ɜː"),
    ("øː", "ɜɹ", "ɜː"),
    ("ø", "ɜɹ", "ɜː"),
    ("œː", "ɜɹ", "ɜː"),
    ("œ", "ɜɹ", "ɜː"),
    ("ɶ", "ɑ", "ɑː"),
    ("ɚ", "əɹ", "ə"),
    ("ə", "ə", "ə"),
    ("ɘ", "ə", "ə"),
    ("ɵ", "ə", "ə"),
    ("ɐ", "ə", "ə"),
    ("ɤ", "ʌ", "ʌ"),
    ("ɨ", "ᵻ", "ɪ"),
    ("ᵻ", "ᵻ", "ɪ"),
    ("yː", "u", "uː"),
    ("y", "u", "uː"),
    ("ʏ", "ʊ", "ʊ"),
    ("ʉː", "u", "uː"),
    ("ʉ", "u", "uː"),
    ("ɯː", "u", "uː"),
    ("ɯ", "u", "uː"),
    // Syllables of a consonant.
    ("n\u{329}", "ᵊn", "ᵊn"),
    ("m\u{329}", "ᵊm", "ᵊm"),
    ("l\u{329}", "ᵊl", "ᵊl"),
    ("ɹ\u{329}", "əɹ", "ə"),
    ("r\u{329}", "əɹ", "ə"),
    // Consonants.
    ("p", "p", "p"),
    ("b", "b", "b"),
    ("t", "t", "t"),
    ("ʈ", "t", "t"),
    ("d", "d", "d"),
    ("ɖ", "d", "d"),
    ("k", "k", "k"),
    ("c", "k", "k"),
    ("q", "k", "k"),
    ("x", "k", "k"),
    ("χ", "k", "k"),
    ("g", "ɡ", "ɡ"),
    ("ɡ", "ɡ", "ɡ"),
    ("ɟ", "ɡ", "ɡ"),
    ("ɢ", "ɡ", "ɡ"),
    ("ɣ", "ɡ", "ɡ"),
    ("f", "f", "f"),
    ("ɸ", "f", "f"),
    ("v", "v", "v"),
    ("β", "v", "v"),
    ("ʋ", "v", "v"),
    ("θ", "θ", "θ"),
    ("ð", "ð", "ð"),
    ("s", "s", "s"),
    ("z", "z", "z"),
    ("ʃ", "ʃ", "ʃ"),
    ("ʂ", "ʃ", "ʃ"),
    ("ɕ", "ʃ", "ʃ"),
    ("ç", "ʃ", "ʃ"),
    ("ʒ", "ʒ", "ʒ"),
    ("ʐ", "ʒ", "ʒ"),
    ("ʑ", "ʒ", "ʒ"),
    ("h", "h", "h"),
    ("ħ", "h", "h"),
    ("ɦ", "h", "h"),
    ("m", "m", "m"),
    ("ɱ", "m", "m"),
    ("n", "n", "n"),
    ("ɳ", "n", "n"),
    ("ɲ", "nj", "nj"),
    ("ŋ", "ŋ", "ŋ"),
    ("ɴ", "ŋ", "ŋ"),
    ("l", "l", "l"),
    ("ɫ", "l", "l"),
    ("ɬ", "l", "l"),
    ("ɭ", "l", "l"),
    ("ɮ", "l", "l"),
    ("ʎ", "lj", "lj"),
    ("ɹ", "ɹ", "ɹ"),
    ("r", "ɹ", "ɹ"),
    ("ɺ", "ɹ", "ɹ"),
    ("ɻ", "ɹ", "ɹ"),
    ("ɽ", "ɹ", "ɹ"),
    ("ʀ", "ɹ", "ɹ"),
    ("ʁ", "ɹ", "ɹ"),
    // The tap of "better"; British voices say a `t`.
    ("ɾ", "T", "t"),
    ("j", "j", "j"),
    ("ʝ", "j", "j"),
    ("w", "w", "w"),
    ("ʍ", "w", "w"),
    ("ɥ", "w", "w"),
    ("ɰ", "w", "w"),
    // English has neither between words.
    ("ʔ", "", ""),
    ("ʕ", "", ""),
    ("˞", "ɹ", ""),
];

/// One sound, as a voice says it.
struct Sound<'a> {
    sign: &'a str,
    said: &'static str,
}

/// The phonemes of sounds, word by word, each with a stress.
pub(in crate::engine) fn phonemes(text: &str, accent: Accent) -> Vec<String> {
    text.split_whitespace().map(|word| stressed(&word_of(word, accent))).collect()
}

/// The phonemes of a word, with its stresses where they are written, but before their vowels.
fn word_of(word: &str, accent: Accent) -> String {
    let bare: String = word.chars().filter(|c| is_heard(*c)).collect();
    let mut said = String::new();
    let mut stress = None;
    let mut rest = bare.as_str();
    while let Some(c) = rest.chars().next() {
        let Some(sound) = next(rest, accent) else {
            rest = &rest[c.len_utf8()..];
            if STRESSES.contains(&c) {
                stress = stress.or(Some(c));
            } else if c == NASAL && !rest.starts_with(['m', 'n', 'ŋ', 'ɲ', 'ɱ']) {
                said.push('n');
            }
            continue;
        };
        rest = &rest[sound.sign.len()..];
        if is_vowel(sound.sign) {
            said.extend(stress.take());
        } else if accent == Accent::British && sound.said == "ɹ" && !vowel_follows(rest) {
            continue;
        }
        said.push_str(sound.said);
    }
    said
}

/// The sound that a text begins with.
fn next(text: &str, accent: Accent) -> Option<Sound<'_>> {
    let known = SOUNDS.iter().filter(|(sign, ..)| text.starts_with(sign)).max_by_key(|(sign, ..)| sign.len())?;
    let (sign, american, british) = *known;
    let said = match accent {
        Accent::American => american,
        Accent::British => british,
    };
    Some(Sound { sign: &text[..sign.len()], said })
}

/// Whether a sign changes what is said.
fn is_heard(c: char) -> bool {
    ipa::is_letter(c) || STRESSES.contains(&c) || matches!(c, 'ː' | '˞' | '\u{329}' | NASAL)
}

fn is_vowel(sign: &str) -> bool {
    sign.starts_with(ipa::is_vowel)
}

fn vowel_follows(rest: &str) -> bool {
    rest.trim_start_matches(STRESSES).starts_with(ipa::is_vowel)
}

/// A word with a stress on its first vowel where nobody wrote one and one of its vowels can have
/// it: each word of the voices' training has one.
fn stressed(word: &str) -> String {
    let is_full = |c: char| "AIOQWYaiuæɑɒɔɛɜɪʊʌ".contains(c);
    if word.contains(STRESSES) || !word.contains(is_full) {
        return word.to_owned();
    }
    let at = word.find(is_full).unwrap_or_default();
    let (before, from) = word.split_at(at);
    format!("{before}ˈ{from}")
}

/// The same with the `s` of a genitive (Quirk et al., A Comprehensive Grammar of the English
/// Language, 5.113): a syllable after a hiss, `s` after what is not voiced, else `z`.
pub(in crate::engine) fn genitive(word: &str, accent: Accent) -> String {
    let ending = match word.chars().next_back() {
        Some('s' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ') => match accent {
            Accent::American => "ᵻz",
            Accent::British => "ɪz",
        },
        Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
        Some(_) | None => "z",
    };
    format!("{word}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_that_a_lexicon_takes_is_said() {
        for c in ipa::VOWELS.chars().chain(ipa::CONSONANTS.chars()) {
            let text = c.to_string();
            for accent in [Accent::American, Accent::British] {
                assert!(next(&text, accent).is_some(), "{c} (U+{:04X})", u32::from(c));
            }
        }
    }

    #[test]
    fn sounds_are_said_as_a_dictionary_writes_them() {
        for (written, american, british) in [
            ("ʃɪˈvɔːn", "ʃɪvˈɔn", "ʃɪvˈɔːn"),
            ("lɛd", "lˈɛd", "lˈɛd"),
            ("ˈwɪn.tɚ", "wˈɪntəɹ", "wˈɪntə"),
            ("t͡ʃɛk", "ʧˈɛk", "ʧˈɛk"),
            ("ˈɹɛkɔːɹd", "ɹˈɛkɔɹd", "ɹˈɛkɔːd"),
            ("nɡweɪn", "nɡwˈAn", "nɡwˈAn"),
            ("bɔ̃ ˈʒuːʁ", "bˈɔn ʒˈuɹ", "bˈɒn ʒˈuː"),
            ("ˌkwɪˈnoʊə", "kwˌɪnˈOə", "kwˌɪnˈQə"),
            ("ˈbʌtn̩", "bˈʌtᵊn", "bˈʌtᵊn"),
            ("ðə", "ðə", "ðə"),
        ] {
            let said = |accent| phonemes(written, accent).join(" ");
            assert_eq!((said(Accent::American), said(Accent::British)), (american.to_owned(), british.to_owned()));
        }
    }

    #[test]
    fn a_genitive_ends_as_its_word_lets_it() {
        for (word, whose) in [("ʃɪvˈɔn", "ʃɪvˈɔnz"), ("kwˈɪk", "kwˈɪks"), ("ʧˈɛz", "ʧˈɛzᵻz")] {
            assert_eq!(genitive(word, Accent::American), whose);
        }
        assert_eq!(genitive("ɹˈOz", Accent::British), "ɹˈOzɪz");
    }
}
