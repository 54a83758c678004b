//! A Spanish word to phonemes: letters to sounds, vowels to syllables, and which one is stressed.

use unicode_normalization::UnicodeNormalization as _;

/// Words that lean on the next one and have no stress of their own.
const UNSTRESSED: &[&str] = &[
    "a", "al", "aunque", "como", "con", "cuando", "de", "del", "desde", "donde", "e", "el", "en", "entre", "hacia",
    "hasta", "la", "las", "le", "les", "lo", "los", "me", "mi", "mis", "ni", "nos", "o", "os", "para", "pero", "por",
    "pues", "que", "se", "si", "sin", "sobre", "su", "sus", "te", "tu", "tus", "u", "un", "y",
];

/// Names that keep an old spelling with x for the sound of j.
const OLD_X: &[&str] = &["mexic", "méxic", "oaxac", "texa", "texan"];

/// The names of letters, for what is spelt.
const NAMES: &[(char, &str)] = &[
    ('b', "be"),
    ('c', "ce"),
    ('d', "de"),
    ('f', "efe"),
    ('g', "ge"),
    ('h', "hache"),
    ('j', "jota"),
    ('k', "ka"),
    ('l', "ele"),
    ('m', "eme"),
    ('n', "ene"),
    ('ñ', "eñe"),
    ('p', "pe"),
    ('q', "cu"),
    ('r', "erre"),
    ('s', "ese"),
    ('t', "te"),
    ('v', "uve"),
    ('w', "uvedoble"),
    ('x', "equis"),
    ('z', "zeta"),
];

/// The phonemes of a word; empty where none of its letters is known.
pub(super) fn sounds(word: &str) -> String {
    let letters = spelt(word);
    let named: String = letters.iter().collect();
    // What has no vowel is an abbreviation, and spelt.
    if named != "y" && !letters.iter().any(|letter| vowel(*letter).is_some() || *letter == 'y') {
        let names = letters.iter().filter_map(|letter| NAMES.iter().find(|(known, _)| known == letter));
        return names.map(|(_, name)| sounds(name)).collect::<Vec<_>>().join(" ");
    }
    let units = syllables(units(&letters));
    let stressed = if UNSTRESSED.contains(&named.as_str()) { None } else { stressed(&letters, &units) };
    written(&units, stressed)
}

/// A word in small letters of the Spanish alphabet: others lose what stands on them.
fn spelt(word: &str) -> Vec<char> {
    let mut letters = Vec::new();
    for c in word.nfc().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | 'ñ' | 'á' | 'é' | 'í' | 'ó' | 'ú' | 'ü' => letters.push(c),
            'ç' => letters.push('s'),
            'ß' => letters.extend(['s', 's']),
            'æ' | 'œ' | 'ø' => letters.push('e'),
            'ł' => letters.push('l'),
            'đ' | 'ð' => letters.push('d'),
            'þ' => letters.push('t'),
            _ => letters.extend(c.nfd().filter(char::is_ascii_lowercase)),
        }
    }
    letters
}

/// A vowel by its plain letter, and whether an accent stands on it.
fn vowel(letter: char) -> Option<Vowel> {
    let (plain, accent) = match letter {
        'a' | 'e' | 'i' | 'o' | 'u' => (letter, false),
        'ü' => ('u', false),
        'á' => ('a', true),
        'é' => ('e', true),
        'í' => ('i', true),
        'ó' => ('o', true),
        'ú' => ('u', true),
        _ => return None,
    };
    Some(Vowel { plain, accent, part: Part::Nucleus })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Vowel {
    plain: char,
    accent: bool,
    part: Part,
}

impl Vowel {
    /// Whether it may be part of another vowel's syllable.
    const fn weak(self) -> bool {
        matches!(self.plain, 'i' | 'u') && !self.accent
    }
}

/// What part of a syllable a vowel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What is heard most, and carries the stress.
    Nucleus,
    /// A glide before it.
    Before,
    /// A glide behind it.
    Behind,
}

/// A sound of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Consonant(&'static str),
    Vowel(Vowel),
}

/// Letters to sounds, by their neighbours.
fn units(letters: &[char]) -> Vec<Unit> {
    let word: String = letters.iter().collect();
    let old_x = OLD_X.iter().any(|name| word.starts_with(name));
    let letter = |at: usize| letters.get(at).copied().unwrap_or(' ');
    let front = |at: usize| matches!(letter(at), 'e' | 'i' | 'é' | 'í');
    let mut units = Vec::with_capacity(letters.len());
    let mut at = 0;
    while at < letters.len() {
        let (c, next) = (letter(at), letter(at + 1));
        let before = at.checked_sub(1).map_or(' ', letter);
        let begins = before == ' ';
        // A stop is one at the beginning and behind a nasal, else it is hardly closed.
        let closed = begins || matches!(before, 'm' | 'n');
        let (sound, taken) = match c {
            'b' | 'v' => (if closed { "b" } else { "β" }, 1),
            'c' if next == 'h' => ("ʧ", 2),
            'c' if front(at + 1) => ("θ", 1),
            'd' => (if closed || before == 'l' { "d" } else { "ð" }, 1),
            'f' => ("f", 1),
            'g' if front(at + 1) => ("x", 1),
            // The u is silent that keeps a g before e and i from being a j.
            'g' => (if closed { "ɡ" } else { "ɣ" }, if next == 'u' && front(at + 2) { 2 } else { 1 }),
            // Silent, but it keeps the vowels around it apart.
            'h' => ("", 1),
            'j' => ("x", 1),
            'q' if next == 'u' && front(at + 2) => ("k", 2),
            'c' | 'k' | 'q' => ("k", 1),
            'l' if next == 'l' => ("ʎ", 2),
            'l' => ("l", 1),
            'm' => ("m", 1),
            'n' => (nasal(next, front(at + 2) || letter(at + 2) == 'h'), 1),
            'ñ' => ("ɲ", 1),
            'p' if begins && next == 's' => ("", 1),
            'p' => ("p", 1),
            'r' if next == 'r' => ("r", 2),
            'r' => (if begins || matches!(before, 'l' | 'n' | 's') { "r" } else { "ɾ" }, 1),
            's' if next == 'h' => ("ʃ", 2),
            's' => ("s", 1),
            't' => ("t", 1),
            'w' => ("w", 1),
            'x' if old_x => ("x", 1),
            'x' => (if begins { "s" } else { "ks" }, 1),
            // A vowel at the end of a word and before a consonant.
            'y' if vowel(next).is_none() => {
                units.push(Unit::Vowel(Vowel { plain: 'i', accent: false, part: Part::Nucleus }));
                at += 1;
                continue;
            }
            'y' => ("ʝ", 1),
            'z' => ("θ", 1),
            _ => {
                units.extend(vowel(c).map(Unit::Vowel));
                at += 1;
                continue;
            }
        };
        units.push(Unit::Consonant(sound));
        at += taken;
    }
    units
}

/// An n is said where the next consonant is; a c is `soft` in "ce", "ci" and "ch".
fn nasal(next: char, soft: bool) -> &'static str {
    match next {
        'b' | 'p' | 'v' => "m",
        'g' | 'j' | 'k' | 'q' => "ŋ",
        'c' if !soft => "ŋ",
        _ => "n",
    }
}

/// Which vowels are syllables, and which glides of others: a weak one gives way to its neighbour,
/// of two weak ones the first.
fn syllables(mut units: Vec<Unit>) -> Vec<Unit> {
    let vowel_at = |units: &[Unit], at: usize| match units.get(at) {
        Some(Unit::Vowel(vowel)) => Some(*vowel),
        Some(Unit::Consonant(_)) | None => None,
    };
    for at in 0..units.len() {
        let Some(vowel) = vowel_at(&units, at).filter(|vowel| vowel.weak()) else { continue };
        let before = at.checked_sub(1).and_then(|before| vowel_at(&units, before));
        let part = if vowel_at(&units, at + 1).is_some() {
            Part::Before
        } else if before.is_some_and(|before| before.part == Part::Nucleus) {
            Part::Behind
        } else {
            Part::Nucleus
        };
        if let Some(unit) = units.get_mut(at) {
            *unit = Unit::Vowel(Vowel { part, ..vowel });
        }
    }
    units
}

/// The nucleus that is stressed, counted from the first: the one with an accent, else the last but
/// one of a word that ends in a vowel, n or s, else the last.
fn stressed(letters: &[char], units: &[Unit]) -> Option<usize> {
    let nuclei: Vec<Vowel> = units.iter().filter_map(nucleus).collect();
    let last = nuclei.len().checked_sub(1)?;
    let ends = letters.last().is_some_and(|letter| vowel(*letter).is_some() || matches!(letter, 'n' | 's'));
    let usual = if ends { last.saturating_sub(1) } else { last };
    Some(nuclei.iter().position(|vowel| vowel.accent).unwrap_or(usual))
}

fn nucleus(unit: &Unit) -> Option<Vowel> {
    match unit {
        Unit::Vowel(vowel) if vowel.part == Part::Nucleus => Some(*vowel),
        Unit::Vowel(_) | Unit::Consonant(_) => None,
    }
}

/// The sounds as signs, with the stress before its vowel.
fn written(units: &[Unit], stressed: Option<usize>) -> String {
    let mut written = String::new();
    let mut nuclei = 0;
    let mut units = units.iter().peekable();
    while let Some(unit) = units.next() {
        let vowel = match unit {
            Unit::Consonant(sound) => {
                written.push_str(sound);
                continue;
            }
            Unit::Vowel(vowel) => *vowel,
        };
        if vowel.part == Part::Before {
            written.push(if vowel.plain == 'i' { 'j' } else { 'w' });
            continue;
        }
        if stressed == Some(nuclei) {
            written.push('ˈ');
        }
        nuclei += 1;
        let behind = |unit: &&Unit| matches!(unit, Unit::Vowel(Vowel { part: Part::Behind, .. }));
        let glide = units.next_if(behind).map(|unit| matches!(unit, Unit::Vowel(Vowel { plain: 'i', .. })));
        match (vowel.plain, glide) {
            ('a', Some(true)) => written.push('I'),
            ('a', Some(false)) => written.push('W'),
            ('e', Some(true)) => written.push('A'),
            ('o', Some(false)) => written.push('O'),
            (plain, None) => written.push(plain),
            (plain, Some(front)) => written.extend([plain, if front { 'ɪ' } else { 'ʊ' }]),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_sound_as_they_are_spelt() {
        for (word, expected) in [
            ("casa", "kˈasa"),
            ("Ciudad", "θjuðˈað"),
            ("cañón", "kaɲˈon"),
            ("chico", "ʧˈiko"),
            ("llamar", "ʎamˈaɾ"),
            ("perro", "pˈero"),
            ("pero", "peɾo"),
            ("rosa", "rˈosa"),
            ("alrededor", "alreðeðˈoɾ"),
            ("enviar", "embjˈaɾ"),
            ("hablar", "aβlˈaɾ"),
            ("agua", "ˈaɣwa"),
            ("guerra", "ɡˈera"),
            ("pingüino", "piŋɡwˈino"),
            ("guapo", "ɡwˈapo"),
            ("gente", "xˈente"),
            ("jamón", "xamˈon"),
            ("naranja", "naɾˈaŋxa"),
            ("queso", "kˈeso"),
            ("banco", "bˈaŋko"),
            ("once", "ˈonθe"),
            ("ancho", "ˈanʧo"),
            ("acción", "akθjˈon"),
            ("examen", "eksˈamen"),
            ("México", "mˈexiko"),
            ("psicología", "sikoloxˈia"),
            ("yo", "ʝˈo"),
            ("muy", "mwˈi"),
            ("hoy", "ˈoɪ"),
            ("estoy", "estˈoɪ"),
            ("rey", "rˈA"),
            ("aire", "ˈIɾe"),
            ("causa", "kˈWsa"),
            ("deuda", "dˈeʊða"),
            ("bueno", "bwˈeno"),
            ("país", "paˈis"),
            ("día", "dˈia"),
            ("prohíbe", "pɾoˈiβe"),
            ("ahora", "aˈoɾa"),
            ("construí", "konstɾwˈi"),
            ("Uruguay", "uɾuɣwˈI"),
            ("árboles", "ˈaɾβoles"),
            ("camiones", "kamjˈones"),
            ("feliz", "felˈiθ"),
            ("del", "del"),
            ("y", "i"),
            ("NFC", "ˈene ˈefe θˈe"),
            ("François", "fɾˈansoɪs"),
            ("東京", ""),
        ] {
            assert_eq!(sounds(word), expected, "{word}");
        }
    }

    #[test]
    fn letters_of_others_are_said_as_the_nearest_ones() {
        assert_eq!(spelt("Ångström-ß"), "angstromss".chars().collect::<Vec<_>>());
        assert_eq!(spelt("n\u{303}"), ['ñ']);
    }
}
