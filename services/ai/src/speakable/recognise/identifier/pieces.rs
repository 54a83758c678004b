//! What an identifier consists of: `snake_case`, `camelCase` and dots are silent, digits are
//! numbers, acronyms are spelt or said as the tables say.

use crate::speakable::grammar::Grammar;
use crate::speakable::span::Piece;
use crate::speakable::text::lowered;

/// Letters of the longest part without a vowel that is spelt, and of the shortest that shouts.
const FEW: usize = 4;
/// Letters of the longest part in capitals that is spelt although no table knows it.
const LONGEST_SPELT: usize = 5;
/// Two consonants with which words begin.
const ONSETS: [&str; 38] = [
    "bl", "br", "ch", "cl", "cr", "dr", "dw", "fl", "fr", "gh", "gl", "gn", "gr", "kl", "kn", "kr", "ph", "pl", "pr",
    "ps", "rh", "sc", "sh", "sk", "sl", "sm", "sn", "sp", "sq", "st", "sv", "sw", "th", "tr", "ts", "tw", "wh", "wr",
];

/// Whether a letter, in small form, is a vowel.
pub(in crate::speakable::recognise) fn vowel(c: char) -> bool {
    "aeiouyàáâäãåèéêëìíîïòóôöõøùúûüýœæ".contains(c)
}

/// Whether a flag of the common table of names has the word.
pub(in crate::speakable::recognise) fn is_named(grammar: &Grammar, word: &str, flag: &str) -> bool {
    grammar.common.value("names", word).is_some_and(|flags| flags.split(" | ").any(|known| known == flag))
}

/// An identifier piece by piece.
pub(in crate::speakable::recognise) fn pieces(grammar: &Grammar, text: &str) -> Vec<Piece> {
    let constant = text.contains('_') && !text.contains(char::is_lowercase);
    let parts = parts(grammar, text).into_iter();
    parts.map(|part| if constant { constant_part(grammar, part) } else { piece(grammar, part) }).collect()
}

/// A name of letters and digits, such as `GPT4` or `lme4`: letters before digits are a symbol
/// rather than a word where they are few.
pub(super) fn named(grammar: &Grammar, text: &str) -> Vec<Piece> {
    let digit = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let (head, tail) = text.split_at(digit);
    if let Some(said) = listed(grammar, head).filter(|_| tail.chars().all(|c| c.is_ascii_digit())) {
        return vec![Piece::Listed(said), Piece::Number(tail.to_owned())];
    }
    let mut pieces: Vec<Piece> = parts(grammar, text).into_iter().map(|part| piece(grammar, part)).collect();
    if let Some(first) = pieces.first_mut()
        && let Piece::Word(word) = first
        && word.chars().count() <= 2
    {
        let letters = std::mem::take(word);
        *first = Piece::Letters(letters);
    }
    pieces
}

/// How a table says a name; none where no table has it.
pub(in crate::speakable::recognise) fn listed(grammar: &Grammar, word: &str) -> Option<&'static str> {
    grammar.get("words", word).filter(|said| !said.is_empty())
}

/// A part of an identifier.
pub(in crate::speakable::recognise) fn piece(grammar: &Grammar, part: String) -> Piece {
    if part.chars().all(|c| c.is_ascii_digit()) {
        return Piece::Number(part);
    }
    if let Some(said) = listed(grammar, &part) {
        return Piece::Listed(said);
    }
    let letters = part.chars().count();
    let small = part.chars().all(|c| c.is_ascii_lowercase());
    let mute = small && letters <= FEW && !part.contains(vowel);
    if letters == 1 || mute || is_named(grammar, &part, "spelt") {
        return Piece::Letters(part);
    }
    if let Some(said) = grammar.get("spoken_acronyms", &part) {
        return if said.is_empty() { Piece::Word(part) } else { Piece::Listed(said) };
    }
    if !part.chars().all(char::is_uppercase) {
        return Piece::Word(part);
    }
    let lower = part.to_lowercase();
    let shouted = letters >= FEW && grammar.has("shouted", &lower);
    if letters <= LONGEST_SPELT && !shouted { Piece::Letters(part) } else { Piece::Word(lower) }
}

/// A part of a name in capitals throughout, `MAX_RETRY_COUNT`: its words are not spelt.
fn constant_part(grammar: &Grammar, part: String) -> Piece {
    let lower = part.to_lowercase();
    let letters = part.chars().count();
    let short = letters <= 2 && !grammar.has("shouted", &lower);
    let spelt = grammar.has("spelt_acronyms", &part) || is_named(grammar, &lower, "spelt");
    let known = grammar.has("spoken_acronyms", &part) || listed(grammar, &part).is_some();
    let digits = part.chars().all(|c| c.is_ascii_digit());
    if digits || known {
        return piece(grammar, part);
    }
    if spelt || short || !lower.contains(vowel) && letters <= LONGEST_SPELT {
        return Piece::Letters(part);
    }
    Piece::Word(lower)
}

/// Splits at everything that is no letter or digit, between letters and digits, where a capital
/// follows a small letter, and where a word in small letters or with one capital follows an
/// acronym.
pub(in crate::speakable::recognise) fn parts(grammar: &Grammar, text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().map(|c| lowered(c).unwrap_or(c)).collect();
    let char = |at: Option<usize>| at.and_then(|at| chars.get(at)).copied();
    let capital = |at: Option<usize>| char(at).is_some_and(char::is_uppercase);
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let last = char(at.checked_sub(1));
        let in_run = capital(at.checked_sub(1));
        let before_small = char(Some(at + 1)).is_some_and(char::is_lowercase);
        let hump = c.is_uppercase()
            && (last.is_some_and(char::is_lowercase) || (in_run && before_small && !ends_acronym(grammar, &chars, at)));
        let tail = c.is_lowercase() && in_run && capital(at.checked_sub(2)) && ends_acronym(grammar, &chars, at - 1);
        let kind = last.is_some_and(|last| last.is_ascii_digit() != c.is_ascii_digit());
        if (!c.is_alphanumeric() || hump || tail || kind) && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
        }
        if c.is_alphanumeric() {
            part.push(c);
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Whether the capital at `at`, the last of several before a small letter, ends an acronym
/// (`POSIXct`, `RNGversion`) and begins no word (`XMLHttp`): with what follows it would begin none
/// that can be said, and what follows is a word by itself, or the capitals are an acronym that a
/// table knows.
fn ends_acronym(grammar: &Grammar, chars: &[char], at: usize) -> bool {
    let (before, rest) = chars.split_at(at.min(chars.len()));
    let Some((last, behind)) = rest.split_first() else { return false };
    let tail: String = behind.iter().take_while(|c| c.is_lowercase()).collect();
    let (Some(first), Some(second)) = (last.to_lowercase().next(), tail.chars().next()) else { return false };
    let onset = format!("{first}{second}");
    if vowel(first) || vowel(second) || ONSETS.contains(&onset.as_str()) {
        return false;
    }
    if tail.chars().count() > 2 && tail.contains(vowel) {
        return true;
    }
    let mut run: Vec<char> = before.iter().rev().take_while(|c| c.is_uppercase()).copied().collect();
    run.reverse();
    run.push(*last);
    let run: String = run.into_iter().collect();
    grammar.has("spoken_acronyms", &run) || grammar.has("spelt_acronyms", &run)
}
