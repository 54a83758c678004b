//! Words that begin a sentence, are common words, and are names all the same.

use super::data::Data;
use super::words::common;
use crate::grounding::text::Text;

/// The letters of the shortest name that the table of names makes one at the beginning.
const SHORTEST_NAME: usize = 3;

/// Words of people that have no ending of the plural, and may stand without an article.
const PEOPLE: [&str; 8] = ["people", "men", "women", "children", "folk", "staff", "police", "youth"];

/// Words that have a subject before them.
const VERBS: [&str; 30] = [
    "is", "was", "has", "had", "does", "did", "will", "would", "can", "could", "came", "got", "gave", "took", "made",
    "went", "saw", "said", "says", "wrote", "became", "began", "found", "held", "kept", "led", "left", "met", "won",
    "built",
];

/// The letters of the shortest word whose ending says that somebody does something by trade.
const SHORTEST_TRADE: usize = 6;

/// Verbs that end as words for a trade do.
const NO_TRADE: [&str; 9] =
    ["assist", "coexist", "consist", "desist", "enlist", "insist", "persist", "resist", "subsist"];

/// Endings of roles, of manners and of what is done.
const NO_FIRST_NAME: [&str; 12] = ["er", "or", "ist", "ian", "ant", "ent", "man", "ess", "ing", "ed", "ful", "ic"];

/// Words before a last name that say when, how or who somebody was.
const BESIDE_NAMES: [&str; 32] = [
    "perhaps",
    "maybe",
    "often",
    "sometimes",
    "always",
    "never",
    "yesterday",
    "meanwhile",
    "together",
    "again",
    "soon",
    "once",
    "then",
    "so",
    "young",
    "old",
    "poor",
    "dear",
    "great",
    "late",
    "clerk",
    "poet",
    "author",
    "friend",
    "colleague",
    "meet",
    "ask",
    "take",
    "consider",
    "imagine",
    "see",
    "modern",
];

/// Whether the word is in the table of names.
pub(super) fn proper(word: &str) -> bool {
    let data = Data::get();
    word.chars().count() >= SHORTEST_NAME && data.same_names.contains_key(word)
}

/// Whether the word at `at` is a subject as only a name is: one thing without an article, of which
/// "who" is said, or somebody by his trade.
pub(super) fn subject(text: &Text, at: usize) -> bool {
    let word = text.word(at);
    let single = !word.ends_with('s') && !word.ends_with("one") && !word.ends_with("body") && !PEOPLE.contains(&word);
    let person = text.is_mark(at + 1, ',') && text.word(at + 2) == "who";
    let trade = word.ends_with("ist") && word.chars().count() >= SHORTEST_TRADE && !NO_TRADE.contains(&word);
    single && (person || trade && VERBS.contains(&text.word(at + 1)))
}

/// Whether the word may be a first name.
pub(super) fn given(word: &str) -> bool {
    let manner = word.strip_suffix("ly").is_some_and(|bare| common(bare) || common(&format!("{bare}le")));
    let ending = NO_FIRST_NAME.iter().any(|ending| word.ends_with(ending));
    !manner && !ending && !word.ends_with('s') && !BESIDE_NAMES.contains(&word)
}

/// The first names of which the word is a short form.
pub(super) fn long_names(word: &str) -> &'static [&'static str] {
    Data::get().short_names.get(word).map(Vec::as_slice).unwrap_or_default()
}

/// Whether the plural at `at` names a people or a family: it has an article, as no person has.
pub(super) fn many(text: &Text, at: usize) -> bool {
    text.word(at).ends_with('s') && text.word_before(at) == "the"
}
