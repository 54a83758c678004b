//! Numbers that count nothing: telephone numbers, versions, addresses of machines, section numbers,
//! ordinals, long keys.

use super::{Cx, Reading, number};
use crate::speakable::text::TokenKind;

/// `5th`, `21st`, `100th`.
pub(crate) fn ordinal(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let amount = super::quantity::parse(cx, cx.at).filter(|amount| amount.fraction.is_none())?;
    let (tail, end) = cx.word_at(amount.end)?;
    let n: u128 = amount.whole.parse().ok().filter(|_| amount.whole.len() <= number::MAX_DIGITS)?;
    matches!(tail.to_lowercase().as_str(), "st" | "nd" | "rd" | "th").then(|| Reading::new(end, number::ordinal(n)))
}

/// Digits of a telephone number, its country's code too: what E.164 allows.
const MOST_DIGITS: usize = 15;

/// `+1 (555) 123-4567`, `555-123-4567`, `555-1234`, `+49 30 901820`.
pub(crate) fn phone(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let plus = cx.char(cx.at) == Some('+');
    let mut groups: Vec<String> = Vec::new();
    let mut separators = Vec::new();
    let mut at = cx.at + usize::from(plus);
    let mut end = at;
    loop {
        let open = cx.char(at) == Some('(');
        let Some((digits, after)) = cx.digits_at(at + usize::from(open)) else { break };
        let closed = open && cx.char(after) == Some(')');
        if open && !closed {
            break;
        }
        if open {
            separators.push('(');
        }
        groups.push(digits);
        // No number has more, and to look on to the end of a row of numbers from each of them would
        // take time by the square.
        if groups.iter().map(String::len).sum::<usize>() > MOST_DIGITS {
            return None;
        }
        end = after + usize::from(closed);
        let next = cx.char(end);
        at = match next {
            Some(c @ ('-' | '.' | ' ' | '–')) => {
                separators.push(c);
                end + 1
            }
            Some('(') | Some(_) if closed && next.is_some_and(|c| c.is_ascii_digit()) => end,
            _ => break,
        };
        if closed && cx.char(at) == Some(' ') {
            at += 1;
        }
    }
    let lengths: Vec<usize> = groups.iter().map(String::len).collect();
    let total: usize = lengths.iter().sum();
    let bracket = separators.contains(&'(');
    let dashed = separators.iter().all(|c| matches!(c, '-' | '–' | '('));
    let national = match lengths.as_slice() {
        [3, 3, 4] => dashed || bracket || separators.iter().all(|c| *c == '.'),
        [1, 3, 3, 4] => dashed || bracket,
        [3, 4] => dashed && groups[0] != "000" && !separators.is_empty() && !groups[0].starts_with('0'),
        _ => false,
    };
    let international = plus && (8..=MOST_DIGITS).contains(&total) && groups.len() > 1;
    if !(national || international) || cx.char(end).is_some_and(char::is_alphanumeric) {
        return None;
    }
    let words: Vec<String> = groups.iter().map(|group| number::digits(group)).collect();
    Some(Reading::new(end, format!("{}{}", if plus { "plus " } else { "" }, words.join(", "))))
}

/// `192.168.0.1`, `1.2.3`, `v1.2.3`, `2.0.1-rc1`: parts with "point", or "dot" between the digits
/// of a machine's address.
pub(crate) fn dotted(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let version = matches!(cx.char(cx.at), Some('v' | 'V')) && cx.char(cx.at + 1).is_some_and(|c| c.is_ascii_digit());
    let mut at = cx.at + usize::from(version);
    let mut parts = Vec::new();
    loop {
        let (digits, end) = cx.digits_at(at)?;
        parts.push(digits);
        at = end;
        if cx.char(at) == Some('.') && cx.char(at + 1).is_some_and(|c| c.is_ascii_digit()) {
            at += 1;
        } else {
            break;
        }
    }
    if !version && parts.len() < 3 {
        return None;
    }
    let address = !version && parts.len() == 4 && parts.iter().all(|part| part.parse::<u32>().is_ok_and(|n| n < 256));
    let words: Vec<String> =
        parts.iter().map(|part| if address { number::digits(part) } else { number::in_name(part) }).collect();
    let words = words.join(if address { " dot " } else { " point " });
    Some(Reading::new(at, if version { format!("version {words}") } else { words }))
}

/// `978-3-16-148410-0`, `123-45-6789`: digits by groups.
pub(crate) fn key(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let mut at = cx.at;
    let mut groups = Vec::new();
    while let Some((digits, end)) = cx.digits_at(at) {
        groups.push(digits);
        at = end;
        if matches!(cx.char(at), Some('-' | '–')) && cx.char(at + 1).is_some_and(|c| c.is_ascii_digit()) {
            at += 1;
        } else {
            break;
        }
    }
    if groups.len() < 3 || cx.char(at).is_some_and(char::is_alphabetic) {
        return None;
    }
    let words: Vec<String> = groups.iter().map(|group| number::digits(group)).collect();
    Some(Reading::new(at, words.join(", ")))
}

/// `§ 4.2`, `§§ 3-5`.
pub(crate) fn section(cx: &Cx<'_>) -> Option<Reading> {
    if cx.char(cx.at) != Some('§') {
        return None;
    }
    let many = cx.char(cx.at + 1) == Some('§');
    Some(Reading::new(cx.at + 1 + usize::from(many), if many { "sections" } else { "section" }.to_owned()))
}

/// Words before the number of a part of a work, whose point is none of decimals.
const PARTS: &str = " section sections sec subsection chapter chapters ch appendix appendices figure figures fig figs table tables tab equation equations eq eqs example examples theorem lemma algorithm listing faq ";
/// Tokens back among which such a word is looked for: `Sections 2.10, 2.12 and 2.16`.
const TOKENS_BACK: usize = 24;

/// `Section 2.10` is "two point ten": the tenth part of the second.
pub(crate) fn part(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let (whole, point) = cx.digits_at(cx.at)?;
    let (minor, end) = cx.digits_at(point + 1).filter(|_| cx.char(point) == Some('.'))?;
    let counts = (2..=3).contains(&minor.len()) && !minor.starts_with('0') && whole.len() <= 2;
    let goes_on = cx.char(end).is_some_and(|c| c.is_alphanumeric() || c == '%')
        || cx.char(end) == Some('.') && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit());
    (counts && !goes_on && cx.counts_parts())
        .then(|| Reading::new(end, format!("{} point {}", number::integer(&whole), number::integer(&minor))))
}

impl Cx<'_> {
    /// Whether the number here, or a row of numbers that it stands in, counts parts of a work.
    fn counts_parts(&self) -> bool {
        let tokens = self.text.tokens.get(..self.index).unwrap_or_default();
        for token in tokens.iter().rev().take(TOKENS_BACK) {
            match token.kind {
                TokenKind::Space | TokenKind::Digits => {}
                TokenKind::Symbol if matches!(self.char(token.start), Some('.' | ',' | '-' | '–' | '(')) => {}
                TokenKind::Symbol => return false,
                TokenKind::Word => {
                    let word = self.text.slice(token.start, token.end).to_lowercase();
                    if !matches!(word.as_str(), "and" | "or" | "to" | "through") {
                        return PARTS.contains(&format!(" {word} "));
                    }
                }
            }
        }
        false
    }
}

/// `Fig. 3a`, `Section 2b`: a number and one letter.
pub(crate) fn lettered(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let (digits, end) = cx.digits_at(cx.at)?;
    let (letter, after) = cx.word_at(end)?;
    let single = letter.chars().count() == 1 && !cx.char(after).is_some_and(|c| c.is_alphanumeric() || c == '/');
    let labelled = cx.previous_word().or_else(|| cx.word_before_stop()).is_some_and(|word| {
        cx.data.labels.has(&word.to_lowercase())
            || matches!(
                word.to_lowercase().as_str(),
                "fig"
                    | "figs"
                    | "eq"
                    | "sec"
                    | "no"
                    | "tab"
                    | "figures"
                    | "tables"
                    | "sections"
                    | "equation"
                    | "room"
                    | "apartment"
                    | "question"
                    | "exercise"
            )
    });
    let plain = matches!(letter.as_str(), "a" | "b" | "c" | "d" | "e" | "f") && digits.len() <= 3;
    (single && (labelled || plain))
        .then(|| Reading::new(after, format!("{} {}", number::in_name(&digits), letter.to_uppercase())))
}
