//! Sounds as an English reader would spell them, for a voice that takes no sounds and a lexicon
//! that gives nothing else. It is coarse, as English spelling is; an entry with a respelling of its
//! own is better. The spellings are those of the respelling keys of American dictionaries.

/// Signs of the IPA and how they are spelt. Of two that begin alike the longer one counts.
const SPELLINGS: &[(&str, &str)] = &[
    ("tʃ", "ch"),
    ("t͡ʃ", "ch"),
    ("dʒ", "j"),
    ("d͡ʒ", "j"),
    ("eɪ", "ay"),
    ("ei", "ay"),
    ("eː", "ay"),
    ("aɪ", "igh"),
    ("ai", "igh"),
    ("aʊ", "ow"),
    ("au", "ow"),
    ("ɔɪ", "oy"),
    ("oɪ", "oy"),
    ("oi", "oy"),
    ("oʊ", "oh"),
    ("əʊ", "oh"),
    ("ɜɹ", "ur"),
    ("ɜr", "ur"),
    ("əɹ", "er"),
    ("ər", "er"),
    ("ɲ", "ny"),
    ("ʎ", "ly"),
    ("a", "ah"),
    ("ɑ", "ah"),
    ("ɐ", "uh"),
    ("ɒ", "o"),
    ("æ", "a"),
    ("ɛ", "e"),
    ("e", "e"),
    ("ə", "uh"),
    ("ɘ", "uh"),
    ("ɵ", "uh"),
    ("ɤ", "uh"),
    ("ɚ", "er"),
    ("ɝ", "ur"),
    ("ɜ", "ur"),
    ("ɞ", "ur"),
    ("ø", "ur"),
    ("œ", "ur"),
    ("ɶ", "ah"),
    ("i", "ee"),
    ("ɪ", "i"),
    ("ɨ", "i"),
    ("ᵻ", "i"),
    ("ʏ", "oo"),
    ("y", "oo"),
    ("o", "oh"),
    ("ɔ", "aw"),
    ("u", "oo"),
    ("ʊ", "oo"),
    ("ʉ", "oo"),
    ("ɯ", "oo"),
    ("ʌ", "u"),
    ("θ", "th"),
    ("ð", "th"),
    ("ʃ", "sh"),
    ("ʂ", "sh"),
    ("ɕ", "sh"),
    ("ʒ", "zh"),
    ("ʐ", "zh"),
    ("ʑ", "zh"),
    ("ʧ", "ch"),
    ("ʨ", "ch"),
    ("ʤ", "j"),
    ("ʥ", "j"),
    ("ʦ", "ts"),
    ("ʣ", "dz"),
    ("ŋ", "ng"),
    ("ɴ", "ng"),
    ("j", "y"),
    ("ʝ", "y"),
    ("x", "kh"),
    ("χ", "kh"),
    ("ç", "kh"),
    ("c", "k"),
    ("q", "k"),
    ("ɡ", "g"),
    ("ɣ", "g"),
    ("ɢ", "g"),
    ("ɟ", "g"),
    ("ɹ", "r"),
    ("ɻ", "r"),
    ("ɺ", "r"),
    ("ɾ", "r"),
    ("ɽ", "r"),
    ("ʀ", "r"),
    ("ʁ", "r"),
    ("ɫ", "l"),
    ("ɬ", "l"),
    ("ɭ", "l"),
    ("ɮ", "l"),
    ("ɱ", "m"),
    ("ɳ", "n"),
    ("ɖ", "d"),
    ("ʈ", "t"),
    ("β", "v"),
    ("ʋ", "v"),
    ("ɸ", "f"),
    ("ɥ", "w"),
    ("ɰ", "w"),
    ("ʍ", "wh"),
    ("ħ", "h"),
    ("ɦ", "h"),
    ("\u{303}", "n"),
    ("\u{329}", ""),
    (".", "-"),
    (" ", " "),
];

/// Sounds as they would be spelt; empty where none of them can be.
pub(super) fn respelt(ipa: &str) -> String {
    let mut spelt = String::new();
    let mut rest = ipa;
    while let Some(c) = rest.chars().next() {
        let known = SPELLINGS.iter().filter(|(sign, _)| rest.starts_with(sign)).max_by_key(|(sign, _)| sign.len());
        if let Some((sign, spelling)) = known {
            spelt.push_str(spelling);
            rest = &rest[sign.len()..];
        } else {
            // A letter that is spelt as it is, or a mark that changes no letter.
            if c.is_ascii_lowercase() {
                spelt.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    spelt.trim_matches(['-', ' ']).to_owned()
}
