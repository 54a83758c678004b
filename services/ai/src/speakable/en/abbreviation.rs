//! Abbreviations that end in a full stop, by what stands around them.

use super::{Cx, Reading};
use crate::speakable::text::TokenKind;

/// `Dr. Smith`, `Main Dr.`, `No. 5`, `e.g.`, `et al.`, `5 p.m.`.
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    let token = cx.token();
    if token.kind != TokenKind::Word || (cx.glued_before() && !cx.before().is_some_and(|c| c.is_ascii_digit())) {
        return None;
    }
    let (written, end) = with_stops(cx, cx.at);
    let stopped = written.strip_suffix('.');
    let Some(base) = stopped else { return bare(cx, &written, end) };
    let Some(entry) = cx.data.abbreviations.get(base) else { return initials(base, end, cx) };
    let (words, class) = entry.rsplit_once(" | ").unwrap_or((entry, ""));
    let after = cx.skip_spaces(end);
    let next = cx.char(after);
    let digit = next.is_some_and(|c| c.is_ascii_digit());
    let capital = next.is_some_and(char::is_uppercase);
    let previous = cx.previous_word();
    let after_name = previous.as_deref().is_some_and(|word| word.chars().next().is_some_and(char::is_uppercase));
    let before_name = capital && !street_goes_on(cx, after);
    let said = match class {
        "title" => match base {
            "Mt" | "Ft" if !capital && !after_name => return None,
            // After a name and before no name it is part of an address.
            "Dr" if after_name && !before_name => "Drive",
            "St" if after_name && !before_name => "Street",
            _ => words,
        },
        "number" if !(digit || matches!(next, Some('(' | '[' | '§' | '#')) || label(cx, after)) => return None,
        "month" | "day"
            if !(digit
                || matches!(base, "Sept" | "Feb" | "Tues" | "Thurs" | "Jan" | "Nov" | "Dec" | "Oct" | "Aug")
                || matches!(next, Some(',' | '.'))) =>
        {
            return None;
        }
        "name" if !(capital && after_name) => return None,
        _ => words,
    };
    // The stop of an abbreviation at the very end also ends the sentence.
    Some(Reading::new(end, said.to_owned()))
}

/// The longest run of letters and stops that is looked at, in characters: twice as many as the
/// longest abbreviations have. A row of them without spaces is none.
const LONGEST_RUN: usize = 40;

/// Letters and stops from `at` on: `p.m.`, `Fig.`, `U.S.A.`.
fn with_stops(cx: &Cx<'_>, at: usize) -> (String, usize) {
    let mut end = at;
    while let Some((_, word_end)) = cx.word_at(end).filter(|_| end - at <= LONGEST_RUN) {
        end = word_end;
        if cx.char(end) != Some('.') {
            break;
        }
        end += 1;
    }
    // A stop before a new sentence in "end.Next" belongs to no abbreviation.
    let text = cx.text.slice(at, end);
    let long = text.trim_end_matches('.').contains('.') && text.split('.').any(|part| part.chars().count() > 3);
    if long {
        let first = text.find('.').map_or(text.len(), |at| at + 1);
        let first = text[..first].to_owned();
        let length = first.chars().count();
        return (first, at + length);
    }
    (text, end)
}

/// Abbreviations that are also written without a stop.
fn bare(cx: &Cx<'_>, written: &str, end: usize) -> Option<Reading> {
    let said = match written {
        "vs" => "versus",
        "Dr" if cx.next_word(end).is_some_and(|next| next.chars().next().is_some_and(char::is_uppercase)) => "Doctor",
        "Mr" => "Mister",
        "Mrs" => "Missus",
        "Ms" => "Miz",
        "etc" => "et cetera",
        "eg" => "for example",
        "am" | "AM" | "pm" | "PM" if cx.after_digits() => {
            if written.eq_ignore_ascii_case("am") {
                "A M"
            } else {
                "P M"
            }
        }
        "pp" if cx.char(cx.skip_spaces(end)).is_some_and(|c| c.is_ascii_digit()) => "pages",
        "Fig" if cx.char(cx.skip_spaces(end)).is_some_and(|c| c.is_ascii_digit()) => "Figure",
        _ => return None,
    };
    Some(Reading::new(end, said.to_owned()))
}

/// `J.R.R.` and `U.S.` that no table knows: letters.
fn initials(base: &str, end: usize, cx: &Cx<'_>) -> Option<Reading> {
    let parts: Vec<&str> = base.split('.').collect();
    let single = |part: &&str| part.chars().count() == 1;
    if parts.len() == 1 && single(&base) {
        // "J. Smith": the stop is not a pause; "So do I." keeps it.
        let follows = cx.char(cx.skip_spaces(end)).is_some_and(char::is_uppercase);
        let capital = base.chars().all(char::is_uppercase) && base != "I";
        return (follows && capital).then(|| Reading::new(end, base.to_owned()));
    }
    (parts.len() > 1 && parts.iter().all(|part| single(part) && part.chars().all(char::is_uppercase)))
        .then(|| Reading::new(end, parts.join(" ")))
}

/// Whether a capital or a Roman numeral by itself stands here, as labels do: `App. B`, `Vol. II`.
fn label(cx: &Cx<'_>, at: usize) -> bool {
    cx.word_at(at).is_some_and(|(word, end)| {
        let alone = word.chars().count() == 1 && word != "I" && word.chars().all(char::is_uppercase);
        let numeral = word.chars().count() > 1 && word.chars().all(|c| matches!(c, 'I' | 'V' | 'X'));
        (alone || numeral || word.chars().count() == 1)
            && cx.char(end).is_none_or(|c| !c.is_alphabetic())
            && word != "I"
            && word != "a"
    })
}

/// Whether what follows a possible "Drive" or "Street" is not a name: the address ended, or a
/// sentence began.
fn street_goes_on(cx: &Cx<'_>, at: usize) -> bool {
    cx.word_at(at).is_some_and(|(word, _)| {
        cx.data.starters.has(&word.to_lowercase())
            || matches!(word.as_str(), "North" | "South" | "East" | "West" | "Apt" | "Suite")
    })
}
