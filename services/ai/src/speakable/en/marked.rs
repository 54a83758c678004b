//! What the document marked, and what is markup: code, formulas, tags, links of Markdown, emoji,
//! compatibility characters.

use super::{Cx, Reading, latex, name, number};
use crate::speakable::text::{TokenKind, lowered, plain, raised};
use crate::speakable::{Emoji, MarkKind};

/// Code and formulas as the document marked them.
pub(crate) fn protected(cx: &Cx<'_>) -> Option<Reading> {
    let mark = cx.marks.iter().find(|mark| mark.range.start as usize == cx.at)?;
    let end = (mark.range.end as usize).min(cx.text.chars.len());
    let text = cx.text.slice(cx.at, end);
    match mark.kind {
        MarkKind::Code => Some(Reading::new(end, code(&text))),
        MarkKind::Latex => Some(Reading::new(end, latex::read(&text).unwrap_or_default())),
        MarkKind::Number => Some(Reading::new(end, heading_number(&text))),
        MarkKind::Raised | MarkKind::Lowered => None,
    }
}

/// `2.1` as "two point one." and `3.` as "three.".
fn heading_number(text: &str) -> String {
    let parts: Vec<String> = text.split('.').filter(|part| !part.is_empty()).map(number::integer).collect();
    format!("{}.", parts.join(" point "))
}

/// An inline expression: identifiers as names, operators by name, brackets and quotes silent.
pub(crate) fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if c.is_alphanumeric() || c == '_' {
            let end = (at..)
                .find(|at| !chars.get(*at).is_some_and(|c| c.is_alphanumeric() || *c == '_'))
                .unwrap_or(chars.len());
            let run: String = chars[at..end].iter().collect();
            let decimal = chars.get(end) == Some(&'.')
                && chars.get(end + 1).is_some_and(char::is_ascii_digit)
                && run.chars().all(|c| c.is_ascii_digit());
            words.push(name::identifier(&run));
            if decimal {
                words.push("point".to_owned());
            }
            at = end;
            continue;
        }
        let two: String = chars[at..(at + 2).min(chars.len())].iter().collect();
        let pair = match two.as_str() {
            "==" => Some("equals"),
            "!=" => Some("not equal"),
            "<=" => Some("at most"),
            ">=" => Some("at least"),
            "&&" => Some("and"),
            "||" => Some("or"),
            "->" | "=>" => Some("to"),
            "::" | "//" | "--" | "++" => Some(""),
            _ => None,
        };
        if let Some(word) = pair {
            words.push(word.to_owned());
            at += 2;
            continue;
        }
        let spaced = at > 0 && chars[at - 1] == ' ' && chars.get(at + 1) == Some(&' ');
        let word = match c {
            '+' => "plus",
            '=' => "equals",
            '*' if spaced => "times",
            '-' if spaced => "minus",
            '/' if spaced => "divided by",
            '<' if spaced => "less than",
            '>' if spaced => "greater than",
            '%' => "percent",
            '&' => "and",
            '@' => "at",
            _ => "",
        };
        words.push(word.to_owned());
        at += 1;
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

/// Tags (`<Person1>`, `</b>`), backticks, and the targets of Markdown links: seen by programs only.
pub(crate) fn markup(cx: &Cx<'_>) -> Option<Reading> {
    match cx.char(cx.at)? {
        '<' => {
            let start = cx.at + 1 + usize::from(cx.char(cx.at + 1) == Some('/'));
            if !cx.char(start).is_some_and(|c| c.is_ascii_alphabetic()) {
                return None;
            }
            let end = (start..start + 80).find(|at| matches!(cx.char(*at), None | Some('<' | '>')))?;
            (cx.char(end) == Some('>')).then(|| Reading::silent(end + 1))
        }
        ']' if cx.char(cx.at + 1) == Some('(') => {
            let end = (cx.at + 2..cx.at + 300).find(|at| cx.char(*at).is_none_or(|c| c == ')' || c.is_whitespace()))?;
            let target = cx.text.slice(cx.at + 2, end);
            let address = target.contains("://") || target.starts_with(['#', '/', '.']) || target.contains('.');
            (cx.char(end) == Some(')') && address).then(|| Reading::silent(end + 1))
        }
        '!' if cx.char(cx.at + 1) == Some('[') => Some(Reading::silent(cx.at + 1)),
        '`' | '*' | '_' | '~' | '#' if cx.char(cx.at + 1) == cx.char(cx.at) => {
            let c = cx.char(cx.at);
            let end = (cx.at..).find(|at| cx.char(*at) != c)?;
            Some(Reading::silent(end))
        }
        // A chevron that ends a speaker's tag: "**Person 1>**".
        '>' if cx.before().is_some_and(char::is_alphanumeric)
            && !cx.char(cx.at + 1).is_some_and(|c| c.is_alphanumeric() || c == '=') =>
        {
            Some(Reading::pause(cx.at + 1, ','))
        }
        _ => None,
    }
}

/// Emoji by their short name, a sequence by its first; or nothing.
pub(crate) fn emoji(cx: &Cx<'_>) -> Option<Reading> {
    let c = cx.char(cx.at)?;
    if c.is_ascii() {
        return None;
    }
    let joiner = |c: char| matches!(c, '\u{200D}' | '\u{FE0F}' | '\u{FE0E}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}');
    let flag = |c: char| matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
    if joiner(c) {
        return Some(Reading::silent(cx.at + 1));
    }
    let mut end = cx.at + 1;
    if flag(c) {
        end += usize::from(cx.char(end).is_some_and(flag));
        return Some(match cx.emoji {
            Emoji::Named => Reading::new(end, "flag".to_owned()),
            Emoji::Dropped => Reading::silent(end),
        });
    }
    let name = cx.data.emoji.get(c.encode_utf8(&mut [0; 4]))?;
    while cx.char(end).is_some_and(joiner) {
        let joined = cx.char(end) == Some('\u{200D}');
        end += 1;
        if joined && cx.char(end).is_some_and(|c| !c.is_ascii()) {
            end += 1;
        }
    }
    // The same one again and again is heard once.
    while cx.char(end) == Some(c) {
        end += 1;
    }
    Some(match cx.emoji {
        Emoji::Named => Reading::new(end, name.to_owned()),
        Emoji::Dropped => Reading::silent(end),
    })
}

/// Characters that are letters or digits in disguise: `⑳`, `²` by itself, `₂`.
pub(crate) fn disguised(cx: &Cx<'_>) -> Option<Reading> {
    let c = cx.char(cx.at)?;
    if c.is_ascii() || cx.token().kind == TokenKind::Word || matches!(c, '™' | '®' | '℠') {
        return None;
    }
    if let Some(digit) = raised(c).or_else(|| lowered(c)).filter(char::is_ascii_digit) {
        return Some(Reading::new(cx.at + 1, number::digits(&digit.to_string())));
    }
    let text = plain(c)?;
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(|part| if part.chars().all(|c| c.is_ascii_digit()) { number::integer(part) } else { part.to_owned() })
        .collect();
    Some(Reading::new(cx.at + 1, words.join(" ")))
}

/// Digits that nothing else reads, and words as they stand.
pub(crate) fn rest(cx: &Cx<'_>) -> Option<Reading> {
    let token = cx.token();
    match token.kind {
        TokenKind::Digits => {
            let (digits, end) = cx.digits_at(cx.at)?;
            Some(Reading::new(end, number::integer(&digits)))
        }
        TokenKind::Word => {
            let written = cx.text.slice(token.start, token.end);
            for plural in ["(s)", "(es)"] {
                if cx.has(token.end, plural) {
                    let tail = plural.trim_matches(['(', ')']);
                    return Some(Reading::new(token.end + plural.len(), format!("{written}{tail}")));
                }
            }
            let mut greek = written.chars().map(super::symbol::greek);
            if written.chars().count() <= 2 && greek.all(|name| name.is_some()) {
                let names: Vec<&str> = written.chars().filter_map(super::symbol::greek).collect();
                return Some(Reading::new(token.end, names.join(" ")));
            }
            let words = written
                .chars()
                .map(|c| super::symbol::greek(c).map_or_else(|| c.to_string(), |name| format!(" {name} ")));
            Some(Reading::new(token.end, words.collect()))
        }
        TokenKind::Space | TokenKind::Symbol => None,
    }
}
