//! Account and serial numbers: IBAN by its form and check digits (ISO 13616), and whatever stands
//! behind a word of the language's table of `serials`.

use super::super::{Candidates, Cx};
use super::value;
use crate::speakable::span::Cost;
use crate::speakable::text::TokenKind;

/// Characters of an IBAN.
const IBAN: std::ops::RangeInclusive<usize> = 15..=34;
/// Characters of a group of an IBAN as it is printed.
const IBAN_GROUP: usize = 4;
/// Tokens back among which the word is looked for that leads a number.
const TOKENS_BACK: usize = 8;
/// Groups of the longest number, and characters of its longest group.
const MOST_GROUPS: usize = 10;
const LONGEST_GROUP: usize = 34;
/// Characters that a number has at least.
const FEWEST: usize = 3;

/// Proposes account and serial numbers.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let kind = cx.token().kind;
    if kind == TokenKind::Word {
        iban(cx, out);
    }
    if matches!(kind, TokenKind::Word | TokenKind::Digits)
        && let Some(flag) = led(cx)
    {
        serial(cx, flag, out);
    }
}

/// The run of letters and digits at `at`.
fn run<'a>(cx: &Cx<'a>, at: usize) -> &'a str {
    let inside = |at: &usize| cx.char(*at).is_some_and(|c| c.is_ascii_alphanumeric());
    let end = (at..=at + LONGEST_GROUP).find(|at| !inside(at)).unwrap_or(at);
    cx.slice(at, end)
}

/// `DE89 3704 0044 0532 0130 00`, also without spaces.
fn iban(cx: &Cx<'_>, out: &mut Candidates) {
    let first = run(cx, cx.at);
    let country = first.bytes().take(2).filter(u8::is_ascii_uppercase).count() == 2;
    let checked = first.bytes().skip(2).take(2).filter(u8::is_ascii_digit).count() == 2;
    if !country || !checked {
        return;
    }
    let mut groups = Vec::new();
    let mut end = cx.at + first.len();
    if first.len() == IBAN_GROUP {
        groups.push(first.to_owned());
        while groups.len() < MOST_GROUPS && cx.char(end).is_some_and(char::is_whitespace) {
            let group = run(cx, end + 1);
            let part = (1..=IBAN_GROUP).contains(&group.len()) && !group.bytes().any(|b| b.is_ascii_lowercase());
            if !part {
                break;
            }
            groups.push(group.to_owned());
            end += 1 + group.len();
            if group.len() < IBAN_GROUP {
                break;
            }
        }
    } else {
        let chars: Vec<char> = first.chars().collect();
        groups.extend(chars.chunks(IBAN_GROUP).map(|group| group.iter().collect::<String>()));
    }
    // A number behind it is none of its groups: the check digits tell.
    while groups.len() > 1 {
        let whole = groups.concat();
        if IBAN.contains(&whole.len()) && remainder(&whole) == Some(1) {
            out.propose(end, value(groups), Cost::CERTAIN);
            return;
        }
        let Some(last) = groups.pop().filter(|_| first.len() == IBAN_GROUP) else { return };
        end -= 1 + last.len();
    }
}

/// The remainder of an IBAN by 97, its first four characters last, a letter as its place from 10 on
/// (ISO 7064).
fn remainder(iban: &str) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(IBAN_GROUP)?;
    let mut remainder = 0;
    for c in tail.chars().chain(head.chars()) {
        let digit = c.to_digit(36)?;
        let factor = if digit > 9 { 100 } else { 10 };
        remainder = (remainder * factor + digit) % 97;
    }
    Some(remainder)
}

/// What the table says of the word that leads the number here: `PIN 4821`, `PIN: 4821`, `account
/// number is 123`.
fn led(cx: &Cx<'_>) -> Option<&'static str> {
    let mut linked = false;
    for token in cx.back().take(TOKENS_BACK) {
        match token.kind {
            TokenKind::Space => {}
            TokenKind::Symbol if matches!(cx.char(token.start), Some(':' | '#' | '.' | '-' | '"' | '(')) => {}
            // The 13 of `ISBN-13`.
            TokenKind::Digits if token.end - token.start == 2 => {}
            TokenKind::Symbol | TokenKind::Digits => return None,
            TokenKind::Word => {
                let word = cx.slice(token.start, token.end);
                if let Some(flag) = cx.grammar.get("serials", word) {
                    return (linked || flag != "linked").then_some(flag);
                }
                if !cx.in_context("serial_links", word) {
                    return None;
                }
                linked = true;
            }
        }
    }
    None
}

/// A number in groups, with hyphens between them, or white space where the table says `spaced`.
fn serial(cx: &Cx<'_>, flag: &str, out: &mut Candidates) {
    let (mut groups, mut end): (Vec<String>, usize) = (Vec::new(), cx.at);
    let mut at = cx.at;
    while groups.len() < MOST_GROUPS {
        let group = run(cx, at);
        let digit = group.bytes().any(|b| b.is_ascii_digit());
        let check = group == "X" && !groups.is_empty();
        if !(digit || check) || group.bytes().any(|b| b.is_ascii_lowercase()) {
            break;
        }
        groups.push(group.to_owned());
        end = at + group.len();
        let sign = matches!(cx.char(end), Some('-' | '–')) || (flag == "spaced" && cx.char(end) == Some(' '));
        if !sign {
            break;
        }
        at = end + 1;
    }
    let characters: usize = groups.iter().map(String::len).sum();
    let decimal = matches!(cx.char(end), Some('.' | ',' | ':' | '%')) && cx.digit(end + 1);
    if characters >= FEWEST && !cx.glued_at(end) && !decimal {
        out.propose(end, value(groups), Cost::SURE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digits_of_an_account_leave_one() {
        assert_eq!(remainder("DE89370400440532013000"), Some(1));
        assert_eq!(remainder("GB82WEST12345698765432"), Some(1));
        assert_ne!(remainder("DE89370400440532013001"), Some(1));
        assert_eq!(remainder("DE"), None);
    }
}
