//! Word stems: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, as the paper
//! has it.

/// A suffix, and what takes its place.
type Ending = (&'static str, &'static str);

const STEP_2: [Ending; 20] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("abli", "able"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
];

const STEP_3: [Ending; 7] =
    [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
];

/// The stem of a word of small ASCII letters and digits.
pub fn stem(word: &str) -> String {
    if word.len() <= 2 {
        return word.to_owned();
    }
    let word = plural(word);
    let word = past(&word);
    let word = final_y(word);
    let word = longest(&word, &STEP_2, 0);
    let word = longest(&word, &STEP_3, 0);
    let word = residue(&word);
    tidied(word)
}

/// Whether the letter at `place` is a consonant: "y" is one after a vowel and at the beginning.
fn consonant(letters: &[u8], place: usize) -> bool {
    match letters.get(place) {
        Some(b'a' | b'e' | b'i' | b'o' | b'u') => false,
        Some(b'y') => place.checked_sub(1).is_none_or(|before| !consonant(letters, before)),
        Some(_) | None => true,
    }
}

/// How often a vowel is followed by a consonant: `m` of the paper.
fn measure(stem: &str) -> usize {
    let letters = stem.as_bytes();
    (1..letters.len()).filter(|place| consonant(letters, *place) && !consonant(letters, place - 1)).count()
}

fn has_vowel(stem: &str) -> bool {
    (0..stem.len()).any(|place| !consonant(stem.as_bytes(), place))
}

/// `*d`: ends with a double consonant.
fn doubled(stem: &str) -> bool {
    let letters = stem.as_bytes();
    match letters {
        [.., one, two] => one == two && consonant(letters, letters.len() - 1),
        _ => false,
    }
}

/// `*o`: ends with consonant, vowel, consonant, and the last is no w, x or y.
fn short(stem: &str) -> bool {
    let letters = stem.as_bytes();
    let Some(last) = letters.len().checked_sub(1).filter(|last| *last >= 2) else { return false };
    consonant(letters, last)
        && !consonant(letters, last - 1)
        && consonant(letters, last - 2)
        && !matches!(letters.get(last), Some(b'w' | b'x' | b'y'))
}

/// Step 1a.
fn plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("sses") {
        return format!("{stem}ss");
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}i");
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        Some(_) | None => word.to_owned(),
    }
}

/// Step 1b.
fn past(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 { format!("{stem}ee") } else { word.to_owned() };
    }
    let cut = ["ed", "ing"].iter().find_map(|suffix| word.strip_suffix(suffix)).filter(|stem| has_vowel(stem));
    let Some(stem) = cut else { return word.to_owned() };
    if ["at", "bl", "iz"].iter().any(|end| stem.ends_with(end)) || (measure(stem) == 1 && short(stem)) {
        return format!("{stem}e");
    }
    if doubled(stem) && !stem.ends_with(['l', 's', 'z']) {
        return stem.get(..stem.len() - 1).unwrap_or(stem).to_owned();
    }
    stem.to_owned()
}

/// Step 1c.
fn final_y(word: String) -> String {
    match word.strip_suffix('y').filter(|stem| has_vowel(stem)) {
        Some(stem) => format!("{stem}i"),
        None => word,
    }
}

/// Steps 2 and 3: the longest suffix that fits decides, whether it is replaced or not.
fn longest(word: &str, endings: &[Ending], over: usize) -> String {
    let fitting = endings.iter().filter(|(suffix, _)| word.ends_with(suffix)).max_by_key(|(suffix, _)| suffix.len());
    let replaced = fitting.and_then(|(suffix, by)| {
        let stem = word.strip_suffix(suffix)?;
        (measure(stem) > over).then(|| format!("{stem}{by}"))
    });
    replaced.unwrap_or_else(|| word.to_owned())
}

/// Step 4.
fn residue(word: &str) -> String {
    let fitting = STEP_4.iter().filter(|suffix| word.ends_with(**suffix)).max_by_key(|suffix| suffix.len());
    let stem = fitting.and_then(|suffix| {
        let stem = word.strip_suffix(suffix)?;
        let allowed = *suffix != "ion" || stem.ends_with(['s', 't']);
        (allowed && measure(stem) > 1).then_some(stem)
    });
    stem.unwrap_or(word).to_owned()
}

/// Step 5.
fn tidied(word: String) -> String {
    let word = match word.strip_suffix('e') {
        Some(stem) if measure(stem) > 1 || (measure(stem) == 1 && !short(stem)) => stem.to_owned(),
        Some(_) | None => word,
    };
    if measure(&word) > 1 && word.ends_with("ll") {
        return word.strip_suffix('l').unwrap_or(&word).to_owned();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the paper, step by step, carried through to the end.
    #[test]
    fn words_have_the_stems_of_the_paper() {
        for (word, expected) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("cats", "cat"),
            ("feed", "feed"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("sky", "sky"),
            ("relational", "relat"),
            ("conditional", "condit"),
            ("rational", "ration"),
            ("digitizer", "digit"),
            ("triplicate", "triplic"),
            ("formative", "form"),
            ("electrical", "electr"),
            ("goodness", "good"),
            ("revival", "reviv"),
            ("adjustment", "adjust"),
            ("adoption", "adopt"),
            ("probate", "probat"),
            ("rate", "rate"),
            ("controll", "control"),
            ("roll", "roll"),
            ("generalizations", "gener"),
            ("oscillators", "oscil"),
        ] {
            assert_eq!(stem(word), expected, "{word}");
        }
    }
}
