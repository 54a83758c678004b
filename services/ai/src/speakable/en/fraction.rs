//! Fractions: `½`, `1/2 cup`, mixed numbers, ratios, and the few that are names (`24/7`).

use super::{Cx, Reading, number};

/// `3:1`, which no time of day is written like.
pub(crate) fn ratio(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() || matches!(cx.before(), Some(':' | '.')) {
        return None;
    }
    let (first, colon) = cx.digits_at(cx.at)?;
    let (second, end) = (cx.char(colon) == Some(':')).then(|| cx.digits_at(colon + 1)).flatten()?;
    let goes_on = matches!(cx.char(end), Some('.' | ',' | ':')) && cx.char(end + 1).is_some_and(char::is_alphanumeric);
    let free = !goes_on && !cx.char(end).is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '-'));
    (free && first.len() <= 4 && second.len() <= 4)
        .then(|| Reading::new(end, format!("{} to {}", number::integer(&first), number::integer(&second))))
}

/// `½`, `1/2 cup`, `3/4`, `1 1/2`, `24/7`.
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let vulgar = |at: usize| -> Option<(u128, u128)> {
        let plain = crate::speakable::text::plain(cx.char(at)?)?;
        let (top, bottom) = plain.split_once('\u{2044}')?;
        Some((top.parse().ok()?, bottom.parse().ok()?))
    };
    let written = |at: usize| -> Option<((u128, u128), usize)> {
        let (top, slash) = cx.digits_at(at)?;
        let (bottom, end) = (cx.char(slash) == Some('/')).then(|| cx.digits_at(slash + 1)).flatten()?;
        let free = cx.char(end).is_none_or(|c| c != '/' && !c.is_alphanumeric())
            && !(cx.char(end) == Some('.') && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit()));
        let pair = (top.parse::<u128>().ok()?, bottom.parse::<u128>().ok()?);
        (free && top.len() <= 4 && bottom.len() <= 4).then_some((pair, end))
    };
    let first = cx.char(cx.at)?;
    if let Some(pair) = vulgar(cx.at) {
        return Some(Reading::new(cx.at + 1, named_fraction(pair)?));
    }
    if !first.is_ascii_digit() {
        return None;
    }
    // A mixed number: `1 1/2`, `2½`.
    if let Some((whole, end)) = cx.digits_at(cx.at)
        && whole.len() <= 4
    {
        let and = |pair: (u128, u128)| {
            let words = named_fraction(pair)?;
            let words = words.strip_prefix("one ").map_or(words.clone(), |rest| {
                if rest == "half" || rest == "quarter" || rest == "third" { format!("a {rest}") } else { words.clone() }
            });
            Some(format!("{} and {words}", number::integer(&whole)))
        };
        if let Some(pair) = vulgar(end) {
            return Some(Reading::new(end + 1, and(pair)?));
        }
        if cx.char(end) == Some(' ')
            && let Some((pair, end)) = written(end + 1)
            && pair.0 < pair.1
            && pair.1 <= 16
        {
            return Some(Reading::new(end, and(pair)?));
        }
    }
    let ((top, bottom), end) = written(cx.at)?;
    let words = match (top, bottom) {
        (24, 7) => "twenty-four seven".to_owned(),
        (9, 11) => "nine eleven".to_owned(),
        (50, 50) => "fifty-fifty".to_owned(),
        (1900..=2100, 0..=99) => format!("{} to {}", number::year(top), number::cardinal(bottom)),
        _ => match named_fraction((top, bottom)) {
            Some(words) if top < bottom => words,
            _ => format!("{} over {}", number::cardinal(top), number::cardinal(bottom)),
        },
    };
    Some(Reading::new(end, words))
}

fn named_fraction((top, bottom): (u128, u128)) -> Option<String> {
    let part = match bottom {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        3 | 5..=20 | 32 | 64 | 100 => number::ordinal(bottom),
        _ => return None,
    };
    let part = match (top, bottom) {
        (1, _) => part,
        (_, 2) => "halves".to_owned(),
        _ => format!("{part}s"),
    };
    Some(format!("{} {part}", number::cardinal(top)))
}
