//! Names that are not plain words: acronyms, letters with digits (`GPT4`, `H2O`), camel case,
//! identifiers, shouting.

use super::{Cx, Reading, Say, number};
use crate::speakable::text::TokenKind;

/// "H T T P": letters one by one.
pub(crate) fn spell(letters: &str) -> String {
    let parts: Vec<String> = letters
        .chars()
        .filter_map(|c| {
            if c.is_ascii_digit() {
                Some(number::digits(&c.to_string()))
            } else {
                c.is_alphabetic().then(|| c.to_uppercase().to_string())
            }
        })
        .collect();
    parts.join(" ")
}

/// An identifier in words: `snake_case`, `camelCase` and dots are silent, digits are numbers,
/// acronyms are spelt.
pub(crate) fn identifier(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for part in parts(text) {
        if part.chars().all(|c| c.is_ascii_digit()) {
            words.push(number::in_name(&part));
        } else {
            words.push(word(&part));
        }
    }
    words.join(" ")
}

fn word(part: &str) -> String {
    let data = super::data::Data::get();
    if let Some(said) = data.words.get(part).filter(|said| !said.is_empty()) {
        return said.to_owned();
    }
    let letters = part.chars().count();
    let capitals = part.chars().all(char::is_uppercase);
    if letters == 1 {
        return part.to_uppercase();
    }
    let known = |part| {
        matches!(
            part,
            "id" | "url"
                | "uri"
                | "api"
                | "http"
                | "https"
                | "html"
                | "css"
                | "sql"
                | "db"
                | "os"
                | "io"
                | "ip"
                | "cpu"
                | "gpu"
                | "ui"
                | "xml"
                | "csv"
                | "pdf"
                | "cli"
                | "rpc"
                | "tcp"
                | "udp"
                | "ssh"
                | "tls"
        )
    };
    if known(part) || (letters <= 4 && part.chars().all(|c| c.is_ascii_lowercase() && !"aeiouy".contains(c))) {
        return spell(part);
    }
    if capitals && !data.spoken_acronyms.has(part) && letters <= 5 {
        return if letters >= 4 && data.shouted.has(&part.to_lowercase()) { part.to_lowercase() } else { spell(part) };
    }
    if capitals && letters > 5 {
        return part.to_lowercase();
    }
    if let Some(said) = data.spoken_acronyms.get(part).filter(|said| !said.is_empty()) {
        return said.to_owned();
    }
    part.to_owned()
}

/// Splits at everything that is no letter or digit, between letters and digits, where a capital
/// follows a small letter, and where a word in small letters or with one capital follows an
/// acronym.
fn parts(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let capital = |at: Option<usize>| at.is_some_and(|at| chars[at].is_uppercase());
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let last = at.checked_sub(1).map(|at| chars[at]);
        let in_run = capital(at.checked_sub(1));
        let hump = c.is_uppercase()
            && (last.is_some_and(char::is_lowercase)
                || (in_run && chars.get(at + 1).is_some_and(|c| c.is_lowercase()) && !ends_acronym(&chars, at)));
        let tail = c.is_lowercase() && in_run && capital(at.checked_sub(2)) && ends_acronym(&chars, at - 1);
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

/// Two consonants with which English words begin.
const ONSETS: &str = " bl br ch cl cr dr dw fl fr gh gl gn gr kl kn kr ph pl pr ps rh sc sh sk sl sm sn sp sq st sv sw th tr ts tw wh wr ";

/// Whether the capital at `at`, the last of several before a small letter, ends an acronym
/// (`POSIXct`, `RNGversion`) and begins no word (`XMLHttp`): with what follows it would begin none
/// that can be said, and what follows is a word by itself, or the capitals are an acronym that a
/// table knows.
fn ends_acronym(chars: &[char], at: usize) -> bool {
    let vowel = |c: char| "aeiouy".contains(c);
    let tail: String = chars[at + 1..].iter().take_while(|c| c.is_lowercase()).collect();
    let (Some(first), Some(second)) = (chars[at].to_lowercase().next(), tail.chars().next()) else { return false };
    if vowel(first) || vowel(second) || ONSETS.contains(&format!(" {first}{second} ")) {
        return false;
    }
    if tail.chars().count() > 2 && tail.contains(vowel) {
        return true;
    }
    let start = chars[..at].iter().rposition(|c| !c.is_uppercase()).map_or(0, |before| before + 1);
    let run: String = chars[start..=at].iter().collect();
    let data = super::data::Data::get();
    data.spoken_acronyms.has(&run) || data.spelt_acronyms.has(&run)
}

/// The ending of what another rule has read: the possessive of a name with digits (`lme4's`) and of
/// code, the plural of code and of what is quoted (`typedef`s, "NA"s).
pub(crate) fn ending(cx: &Cx<'_>) -> Option<Reading> {
    let before = cx.before()?;
    let possessive = cx.char(cx.at) == Some('\'');
    let letter = cx.at + usize::from(possessive);
    if cx.char(letter) != Some('s') || cx.char(letter + 1).is_some_and(char::is_alphanumeric) {
        return None;
    }
    let quoted = || before == '"' && cx.at.checked_sub(2).and_then(|at| cx.char(at)).is_some_and(char::is_alphanumeric);
    let attached =
        if possessive { before.is_alphanumeric() || before == ')' } else { cx.code_ends_at(cx.at) || quoted() };
    let words = if possessive { "'s" } else { "s" };
    attached.then(|| Reading { end: letter + 1, say: Say::Ending(words) })
}

/// `C++`, `g++`, `C++11`; and `C(++)`, which is the one or the other.
fn plus_plus(cx: &Cx<'_>) -> Option<Reading> {
    let (written, end) = cx.word_at(cx.at).filter(|(_, end)| matches!(cx.char(*end), Some('+' | '(')))?;
    let said = word(&written);
    if cx.has(end, "(++)") && written.chars().count() == 1 {
        return Some(Reading::new(end + 4, format!("{said} or {said} plus plus")));
    }
    let goes_on = |c: char| c.is_alphabetic() || matches!(c, '+' | '_');
    let named = cx.has(end, "++") && !cx.char(end + 2).is_some_and(goes_on);
    named.then(|| Reading::new(end + 2, format!("{said} plus plus")))
}

/// Names with signs in them that are part of the name, and names that a table knows.
pub(crate) fn listed(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let first = cx.char(cx.at)?;
    if first == '.' && cx.has(cx.at, ".NET") && !cx.char(cx.at + 4).is_some_and(char::is_alphanumeric) {
        return Some(Reading::new(cx.at + 4, "dot net".to_owned()));
    }
    if !first.is_alphabetic() {
        return None;
    }
    let free = |at: usize| !cx.char(at).is_some_and(char::is_alphanumeric);
    if let Some(reading) = plus_plus(cx) {
        return Some(reading);
    }
    if matches!(first, 'C' | 'F') && cx.char(cx.at + 1) == Some('#') && free(cx.at + 2) {
        return Some(Reading::new(cx.at + 2, format!("{first} sharp")));
    }
    if first == 'Q' && cx.has(cx.at, "Q&A") && free(cx.at + 3) {
        return Some(Reading::new(cx.at + 3, "Q and A".to_owned()));
    }
    // The longest run of name characters first: `Node.js`, `Wi-Fi`, `TCP/IP`, `I/O`.
    let name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '/' | '&' | '\'' | '+');
    let limit = (cx.at..cx.at + 24).find(|at| !cx.char(*at).is_some_and(name)).unwrap_or(cx.at + 24);
    let mut end = limit;
    while end > cx.at + 1 {
        let edge = free(end) || cx.char(end - 1).is_some_and(|c| !c.is_alphanumeric());
        if edge && cx.char(end - 1).is_some_and(char::is_alphanumeric) {
            let text = cx.text.slice(cx.at, end);
            if let Some(said) = cx.data.words.get(&text).filter(|said| !said.is_empty()) {
                return Some(Reading::new(end, said.to_owned()));
            }
        }
        end -= 1;
    }
    None
}

/// `O(n log n)` is "O of n log n"; `f(x)` is "f of x".
pub(crate) fn function(cx: &Cx<'_>) -> Option<Reading> {
    let c = cx.char(cx.at)?;
    let closes = || (cx.at + 2..cx.at + 40).find(|at| cx.char(*at) == Some(')'));
    if !c.is_alphabetic() || cx.glued_before() || cx.char(cx.at + 1) != Some('(') || cx.char(cx.at + 2) == Some(')') {
        return None;
    }
    closes()?;
    // What is applied begins with a letter, a number, a sign or another bracket.
    if cx.char(cx.at + 2).is_some_and(|c| matches!(c, '+' | '*' | '/' | '"' | '\'' | ',' | '.' | ';' | ':' | '?' | '!'))
    {
        return None;
    }
    Some(Reading::new(cx.at + 2, format!("{} of", if c == 'a' { 'A' } else { c })))
}

/// Letters with digits: `GPT4`, `B12`, `H2O`, `COVID19`, `x86`.
pub(crate) fn mixed(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let inside = |c: char| c.is_alphanumeric() || crate::speakable::text::lowered(c).is_some();
    let end = (cx.at..).find(|at| !cx.char(*at).is_some_and(inside) || (*at > cx.at && cx.raised_to(*at).is_some()))?;
    let text: String =
        cx.text.slice(cx.at, end).chars().map(|c| crate::speakable::text::lowered(c).unwrap_or(c)).collect();
    if !text.chars().any(|c| c.is_ascii_digit()) || !text.chars().any(char::is_alphabetic) {
        return None;
    }
    if text.chars().any(|c| crate::speakable::text::raised(c).is_some()) {
        return None;
    }
    let digits_first = text.starts_with(|c: char| c.is_ascii_digit());
    let letters = |c: char| c.is_alphabetic();
    // `5th`, `1990s` and quantities were read by other rules; what is left is `3D`, `4K`, `1080p`,
    // `2x`.
    if digits_first {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let rest: String = text.chars().skip_while(char::is_ascii_digit).collect();
        if rest == "x" || rest == "X" {
            return Some(Reading::new(end, format!("{} times", number::integer(&digits))));
        }
        if rest.chars().all(letters) && rest.chars().count() == 1 {
            let said = if rest == "p" { number::in_name(&digits) } else { number::integer(&digits) };
            return Some(Reading::new(end, format!("{said} {}", rest.to_uppercase())));
        }
    }
    let head: String = text.chars().take_while(|c| !c.is_ascii_digit()).collect();
    let tail = text.get(head.len()..).unwrap_or_default();
    if let Some(said) = cx.data.words.get(&head).filter(|_| tail.chars().all(|c| c.is_ascii_digit())) {
        return Some(Reading::new(end, format!("{said} {}", number::in_name(tail))));
    }
    let words = parts(&text).into_iter().enumerate().map(|(index, part)| {
        if part.chars().all(|c| c.is_ascii_digit()) {
            return number::in_name(&part);
        }
        let known = word(&part);
        // Letters before digits are a symbol (`CO2`, `Rs5`) rather than a word when they are few or
        // all capitals.
        if known == part && index == 0 && part.chars().count() <= 2 { spell(&part) } else { known }
    });
    let words: Vec<String> = words.collect();
    Some(Reading::new(end, words.join(" ")))
}

/// Capitals and camel case: acronyms are spoken or spelt by the tables, shouting is lowered.
pub(crate) fn capitals(cx: &Cx<'_>) -> Option<Reading> {
    let token = cx.token();
    if token.kind != TokenKind::Word {
        return None;
    }
    let written = cx.text.slice(token.start, token.end);
    let (base, tail) = stem(&written);
    let letters = base.chars().count();
    if letters < 2 || !base.chars().any(char::is_uppercase) {
        return None;
    }
    let said = |words: String, spelt: bool| {
        // "I's" keeps the plural from being read as the word "is".
        let tail = if tail.is_empty() {
            ""
        } else if spelt || tail == "'s" {
            "'s"
        } else {
            "s"
        };
        Some(Reading::new(token.end, format!("{words}{tail}")))
    };
    if let Some(words) = cx.data.words.get(base).filter(|words| !words.is_empty()) {
        return said(words.to_owned(), false);
    }
    if !base.chars().all(char::is_uppercase) {
        let humps = parts(base);
        let keep = ["Mc", "Mac", "De", "Le", "La", "Di", "Van", "Fitz", "O"].contains(&humps[0].as_str());
        let names = base.contains('\'') || humps.len() < 2 || keep;
        return if names {
            None
        } else {
            said(humps.iter().map(|hump| word(hump)).collect::<Vec<_>>().join(" "), false)
        };
    }
    if let Some(words) = cx.data.spoken_acronyms.get(base) {
        return said(if words.is_empty() { base.to_owned() } else { words.to_owned() }, false);
    }
    if cx.data.spelt_acronyms.has(base) {
        return said(spell(base), true);
    }
    let lower = base.to_lowercase();
    let vowels = lower.chars().any(|c| "aeiouyàáâäèéêëìíîïòóôöùúûü".contains(c));
    if base.contains('\'') || cx.data.shouted.has(&lower) || (letters > 5 && vowels) || (cx.shouting && vowels) {
        return said(lower, false);
    }
    if letters > 5 && cx.shouting {
        return said(lower, false);
    }
    said(spell(base), true)
}

/// Takes a plural or possessive off: `APIs`, `NASA's`.
fn stem(written: &str) -> (&str, &'static str) {
    if let Some(base) = written.strip_suffix("'s").or_else(|| written.strip_suffix("'S")) {
        return (base, "'s");
    }
    match written.strip_suffix('s') {
        Some(base) if base.chars().count() > 1 && base.chars().all(char::is_uppercase) => (base, "s"),
        _ => (written, ""),
    }
}

/// A single letter is said by its name, the article excepted.
pub(crate) fn letter(cx: &Cx<'_>) -> Option<Reading> {
    let token = cx.token();
    if token.kind != TokenKind::Word || token.end - token.start != 1 {
        return None;
    }
    let c = cx.char(cx.at)?;
    let glued = cx.before().is_some_and(|c| c.is_ascii_digit());
    if c == 'a' && !glued {
        let article = cx.next_word(token.end).is_some() || opens(cx, token.end);
        return (!article && cx.index_of_first_word() != Some(cx.at)).then(|| Reading::new(token.end, "A".to_owned()));
    }
    (c.is_lowercase() && glued).then(|| Reading::new(token.end, c.to_uppercase().to_string()))
}

/// Whether what follows white space at `at` is a number, or a word in quotes or brackets: `a "Date"
/// index`, `a (better) way`, `a 4-core machine`.
fn opens(cx: &Cx<'_>, at: usize) -> bool {
    let start = cx.skip_spaces(at);
    let mark = |c: char| matches!(c, '"' | '\'' | '(' | '[' | '`' | '*' | '_');
    let word = (start..start + MOST_MARKS).find(|at| !cx.char(*at).is_some_and(mark));
    start > at && word.and_then(|at| cx.char(at)).is_some_and(char::is_alphanumeric)
}

/// Marks before a word that is quoted, in brackets, and set apart.
const MOST_MARKS: usize = 4;
