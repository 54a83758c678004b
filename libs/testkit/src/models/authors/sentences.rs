//! Cuts a text into sentences, and says which of them a good author would speak.

/// Words behind whose stop a sentence goes on.
const ABBREVIATIONS: [&str; 16] =
    ["Dr", "Mr", "Mrs", "Ms", "St", "No", "Fig", "Sec", "Vol", "vs", "etc", "al", "e.g", "i.e", "cf", "pp"];
/// Signs that nobody speaks.
const MARKUP: &str = "<>{}[]`|\\*_^=#~";
/// What a text says that talks to a model, in small letters.
const ADDRESSED: [&str; 8] =
    ["instruction", "ignore ", "disregard ", "prompt", "you are now", "http", "www.", "language model"];
/// How many words a sentence has at least and at most, and how many characters at most.
const WORDS: (usize, usize) = (4, 40);
const CHARS: usize = 380;

/// The sentences of a text, each from its first word to its stop.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let (mut found, mut from) = (Vec::new(), 0);
    for (at, char) in text.char_indices() {
        let end = at + char.len_utf8();
        let behind = text.get(end..).unwrap_or_default();
        let stops = matches!(char, '.' | '?' | '!') && (behind.is_empty() || behind.starts_with(char::is_whitespace));
        if stops && !abbreviates(text.get(from..at).unwrap_or_default()) {
            found.push(text.get(from..end).unwrap_or_default().trim());
            from = end;
        }
    }
    found.retain(|sentence| !sentence.is_empty());
    found
}

fn abbreviates(before: &str) -> bool {
    let word = before.split_whitespace().last().unwrap_or_default().trim_start_matches(['(', '"', '“']);
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word)
}

/// How many words it has, by its white space.
pub(super) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Whether a good author would speak it as it stands.
pub(super) fn is_speakable(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    (WORDS.0..=WORDS.1).contains(&words(sentence))
        && sentence.chars().count() <= CHARS
        && !sentence.chars().any(|char| MARKUP.contains(char) || char.is_control())
        && !ADDRESSED.iter().any(|phrase| lower.contains(phrase))
}

/// The first words of a text as they stand, as a sentence; none where nobody could speak them.
pub(super) fn first_words(text: &str) -> Option<String> {
    let plain = |word: &&str| !word.chars().any(|char| MARKUP.contains(char)) && !word.contains("://");
    let words: Vec<&str> = text.split_whitespace().filter(plain).take(WORDS.1 / 2).collect();
    let text = words.join(" ");
    let sentence = format!("{}.", text.trim_end_matches(|char: char| !char.is_alphanumeric()));
    is_speakable(&sentence).then_some(sentence)
}

/// The first words of a text, without signs that nobody speaks.
pub(super) fn in_words(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|char| if char.is_alphanumeric() { char } else { ' ' }).collect();
    plain.split_whitespace().take(most).collect::<Vec<_>>().join(" ")
}
