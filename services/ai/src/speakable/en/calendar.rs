//! Dates and times of day.

use super::{Cx, Reading, number};

/// The months by their names.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Letters of the shortest name of a month.
const SHORTEST_MONTH: usize = 3;

/// Whether `letters` are the name of a month, or the first of its letters.
pub(super) fn begins_month(letters: &str) -> bool {
    letters.len() >= SHORTEST_MONTH && MONTHS.iter().any(|month| month.starts_with(letters))
}

/// Whether `text` is nothing but numbers and dates, as stand along the axis of a chart.
pub(crate) fn is_scale(text: &str) -> bool {
    let on_scale = |word: &str| {
        let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
        let exponent = letters == "e" && word.contains(char::is_numeric);
        letters.is_empty() || exponent || begins_month(&letters)
    };
    text.contains(char::is_numeric) && text.split_whitespace().all(on_scale)
}

/// The month that a word or an abbreviation names, and where it ends with its stop.
fn month(cx: &Cx<'_>, at: usize) -> Option<(&'static str, usize)> {
    let (word, end) = cx.word_at(at)?;
    let short = word.len() == 3 || word == "Sept";
    let found = MONTHS.iter().find(|month| {
        **month == word || (short && month.starts_with(word.as_str()) && word.starts_with(char::is_uppercase))
    })?;
    let end = if short && **found != word && cx.char(end) == Some('.') { end + 1 } else { end };
    Some((found, end))
}

/// A day of a month, with or without its ending.
fn day(cx: &Cx<'_>, at: usize) -> Option<(u128, usize)> {
    let (digits, mut end) = cx.digits_at(at)?;
    let n = digits.parse().ok().filter(|n| (1..=31).contains(n) && digits.len() <= 2)?;
    if let Some((tail, after)) = cx.word_at(end) {
        if matches!(tail.as_str(), "st" | "nd" | "rd" | "th") {
            end = after;
        } else {
            return None;
        }
    }
    let decimal = matches!(cx.char(end), Some('.' | ',' | '/' | ':' | '%'))
        && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit());
    (!decimal).then_some((n, end))
}

fn year(cx: &Cx<'_>, at: usize) -> Option<(u128, usize)> {
    let (digits, end) = cx.digits_at(at)?;
    let free = cx.char(end).is_none_or(|c| !c.is_alphanumeric())
        && !(matches!(cx.char(end), Some(',' | '.')) && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit()));
    digits.parse().ok().filter(|_| digits.len() == 4 && free && !digits.starts_with('0')).map(|n| (n, end))
}

/// The year behind a date: `, 2026` or ` 2026`.
fn with_year(cx: &Cx<'_>, words: String, end: usize) -> Reading {
    let at = cx.skip_spaces(if cx.char(end) == Some(',') { end + 1 } else { end });
    match year(cx, at).filter(|(n, _)| at > end && at - end <= 2 && (1000..=2999).contains(n)) {
        Some((n, end)) => Reading::new(end, format!("{words}, {}", number::year(n))),
        None => Reading::new(end, words),
    }
}

/// `Jan. 5th, 2026`, `January 5`, `Jan. 5-7`, `Jan. 2026`.
pub(crate) fn month_first(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let (name, end) = month(cx, cx.at)?;
    let next = cx.skip_spaces(end);
    if next - end > 1 {
        return None;
    }
    if let Some((first, after)) = day(cx, next).filter(|_| next > end) {
        let mut words = format!("{name} {}", number::ordinal(first));
        let mut end = after;
        if matches!(cx.char(end), Some('-' | '–'))
            && let Some((last, after)) = day(cx, end + 1)
        {
            words = format!("{words} to {}", number::ordinal(last));
            end = after;
        }
        return Some(with_year(cx, words, end));
    }
    if let Some((n, end)) = year(cx, next).filter(|(n, _)| (1000..=2999).contains(n) && next > end) {
        return Some(Reading::new(end, format!("{name} {}", number::year(n))));
    }
    // A full name needs no rule; "Jan." alone is an abbreviation's.
    None
}

/// `5 January 2026`, `5th of January`.
pub(crate) fn day_first(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let (n, end) = day(cx, cx.at)?;
    let mut next = cx.skip_spaces(end);
    if next == end {
        return None;
    }
    if cx.has(next, "of ") {
        next += 3;
    }
    let (name, end) = month(cx, next)?;
    if cx.char(end).is_some_and(char::is_alphanumeric)
        || (name == "May" && !cx.has(end, " 1") && !cx.has(end, " 2"))
        || name == "March" && cx.next_word(end).is_some_and(|w| w == "of")
    {
        return None;
    }
    let article = if cx.previous_word().is_some_and(|word| word.eq_ignore_ascii_case("the")) { "" } else { "the " };
    Some(with_year(cx, format!("{article}{} of {name}", number::ordinal(n)), end))
}

/// `2026-01-05`, `5/12/2026` (month first, as in American English; day first where it must be).
pub(crate) fn numeric(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let (first, at) = cx.digits_at(cx.at)?;
    let separator = cx.char(at).filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, at) = cx.digits_at(at + 1)?;
    if cx.char(at) != Some(separator) {
        return None;
    }
    let (third, end) = cx.digits_at(at + 1)?;
    let date_time = cx.char(end) == Some('T') && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit());
    if cx
        .char(end)
        .is_some_and(|c| c.is_alphanumeric() || c == separator && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit()))
        && !date_time
    {
        return None;
    }
    let n = |text: &str| text.parse::<u128>().unwrap_or_default();
    let (year, month, day) = match (first.len(), third.len(), separator) {
        (4, 1..=2, '-' | '/' | '.') if second.len() <= 2 => (n(&first), n(&second), n(&third)),
        (1..=2, 4, '/' | '.' | '-') if n(&first) <= 12 && separator == '/' => (n(&third), n(&first), n(&second)),
        (1..=2, 4, _) if second.len() <= 2 => (n(&third), n(&second), n(&first)),
        _ => return None,
    };
    let name = usize::try_from(month).ok().and_then(|month| month.checked_sub(1)).and_then(|at| MONTHS.get(at))?;
    if !(1..=31).contains(&day) || !(1000..=2999).contains(&year) {
        return None;
    }
    let end = if date_time { end + 1 } else { end };
    Some(Reading::new(end, format!("{name} {}, {}", number::ordinal(day), number::year(year))))
}

/// `3h 25m`, `2 h 5 min 10 s`: each part smaller than the one before; `m` is a minute only in such
/// company.
pub(crate) fn duration(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    let (mut at, mut end, mut rank) = (cx.at, cx.at, 0);
    while let Some((digits, after)) = cx.digits_at(at) {
        let Some((symbol, after)) = cx.word_at(cx.skip_spaces(after)) else { break };
        let (next, name) = match symbol.as_str() {
            "d" => (1, "day"),
            "h" | "hr" | "hrs" => (2, "hour"),
            "m" | "min" | "mins" => (3, "minute"),
            "s" | "sec" | "secs" => (4, "second"),
            _ => break,
        };
        if next <= rank || digits.len() > 3 || cx.char(after).is_some_and(|c| c.is_alphanumeric() || c == '/') {
            break;
        }
        words.push(format!("{} {name}{}", number::integer(&digits), if digits == "1" { "" } else { "s" }));
        (rank, end, at) = (next, after, cx.skip_spaces(after));
    }
    (words.len() > 1).then(|| Reading::new(end, words.join(" ")))
}

/// `9:30am`, `9:30 a.m.`, `5 p.m.`, `17:45`, `10:15:30`.
pub(crate) fn time(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() && cx.before() != Some('T') {
        return None;
    }
    let (digits, end) = cx.digits_at(cx.at)?;
    let hour: u128 = digits.parse().ok().filter(|hour| *hour <= 24 && digits.len() <= 2)?;
    let mut minutes = None;
    let mut seconds = None;
    let mut at = end;
    if cx.char(end) == Some(':') {
        let (text, after) = cx.digits_at(end + 1)?;
        minutes = Some(text.parse::<u128>().ok().filter(|n| *n < 60 && text.len() == 2)?);
        at = after;
        if cx.char(at) == Some(':')
            && let Some((text, after)) = cx.digits_at(at + 1)
            && text.len() == 2
        {
            seconds = text.parse::<u128>().ok();
            at = after;
        }
        if cx.char(at).is_some_and(|c| c.is_ascii_digit() || c == ':') {
            return None;
        }
    }
    let half = half_day(cx, at);
    if minutes.is_none() && half.is_none() {
        return None;
    }
    let hours = number::cardinal(hour);
    let mut words = match minutes {
        None => hours,
        Some(0) if half.is_some() => hours,
        Some(0) if hour == 0 => "midnight".to_owned(),
        Some(0) if hour <= 12 => format!("{hours} o'clock"),
        Some(0) => format!("{hours} hundred"),
        Some(n @ 1..=9) => format!("{hours} oh {}", number::cardinal(n)),
        Some(n) => format!("{hours} {}", number::cardinal(n)),
    };
    if let Some(n) = seconds.filter(|n| *n > 0) {
        words = format!("{words} and {} {}", number::cardinal(n), if n == 1 { "second" } else { "seconds" });
    }
    if let Some((half, after)) = half {
        words = format!("{words} {half}");
        at = after;
    }
    Some(Reading::new(at, words))
}

fn half_day(cx: &Cx<'_>, at: usize) -> Option<(&'static str, usize)> {
    let start = cx.skip_spaces(at);
    if start - at > 1 {
        return None;
    }
    let (first, second) = (cx.char(start)?, cx.char(start + 1)?);
    let half = match first {
        'a' | 'A' => "A M",
        'p' | 'P' => "P M",
        _ => return None,
    };
    let end = if second == '.' && matches!(cx.char(start + 2), Some('m' | 'M')) {
        start + 3 + usize::from(cx.char(start + 3) == Some('.'))
    } else if matches!(second, 'm' | 'M') && second.is_uppercase() == first.is_uppercase() {
        start + 2
    } else {
        return None;
    };
    (!cx.char(end).is_some_and(char::is_alphanumeric)).then_some((half, end))
}

/// `1990s`, `'90s`, `20s`.
pub(crate) fn decade(cx: &Cx<'_>) -> Option<Reading> {
    let quoted = cx.char(cx.at) == Some('\'');
    let at = cx.at + usize::from(quoted);
    if cx.glued_before() {
        return None;
    }
    let (digits, end) = cx.digits_at(at)?;
    let end_s = if cx.char(end) == Some('\'') && cx.char(end + 1) == Some('s') { end + 1 } else { end };
    if quoted
        && digits.len() == 2
        && cx.char(end) != Some('s')
        && !cx.char(end).is_some_and(|c| c.is_alphanumeric() || c == '\'')
    {
        return digits.parse().ok().map(|n| {
            Reading::new(end, if n < 10 { format!("oh {}", number::cardinal(n)) } else { number::cardinal(n) })
        });
    }
    if cx.char(end_s) != Some('s') || cx.char(end_s + 1).is_some_and(char::is_alphanumeric) || !digits.ends_with('0') {
        return None;
    }
    let n: u128 = digits.parse().ok()?;
    let words = match digits.len() {
        4 => number::year(n),
        2 => number::cardinal(n),
        _ => return None,
    };
    Some(Reading::new(end_s + 1, number::plural(&words)))
}
