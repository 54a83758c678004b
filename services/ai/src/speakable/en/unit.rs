//! Units behind a number. Symbols are case-sensitive: mA is not MA, Mb is not MB. Prefixes and
//! bases are tables.

use super::Cx;

/// What a symbol reads as: one, many.
fn symbol(cx: &Cx<'_>, text: &str) -> Option<(String, String)> {
    let entry = |value: &str| {
        let mut parts = value.split(" | ");
        let one = parts.next().unwrap_or_default().to_owned();
        let many = parts.next().map_or_else(|| one.clone(), str::to_owned);
        (one, many, parts.next() == Some("prefix"))
    };
    if let Some(value) = cx.data.units.get(text) {
        let (one, many, _) = entry(value);
        return Some((one, many));
    }
    // Two-letter prefixes (`da`, `Ki`) before one-letter ones.
    for length in [2, 1] {
        let Some((split, _)) = text.char_indices().nth(length) else { continue };
        let (prefix, base) = text.split_at(split);
        if let (Some(prefix), Some(value)) = (cx.data.prefixes.get(prefix), cx.data.units.get(base)) {
            let (one, many, prefixable) = entry(value);
            if prefixable {
                let join = if prefix == "mega" && one.starts_with('o') { &prefix[..prefix.len() - 1] } else { prefix };
                // "megohms".
                return Some((format!("{join}{one}"), format!("{join}{many}")));
            }
        }
    }
    None
}

/// The letters of a unit symbol at `at`.
fn letters(cx: &Cx<'_>, at: usize) -> (String, usize) {
    let inside = |c: char| c.is_alphabetic() || matches!(c, '°' | '%' | '‰' | 'Ω' | '″' | '′' | '"' | '\'');
    let mut end = (at..at + 12).find(|at| !cx.char(*at).is_some_and(inside)).unwrap_or(at + 12);
    if matches!(cx.char(at), Some('%' | '‰' | '″' | '′' | '"' | '\'')) {
        end = at + 1;
    }
    if cx.char(at) == Some('°')
        && cx.char(at + 1) == Some(' ')
        && matches!(cx.char(at + 2), Some('C' | 'F'))
        && !cx.char(at + 3).is_some_and(char::is_alphanumeric)
    {
        return (format!("°{}", cx.char(at + 2).unwrap_or('C')), at + 3);
    }
    (cx.text.slice(at, end), end)
}

/// A power behind a unit: `m²`, `m^3`, `m2` where the document raised it.
fn area(cx: &Cx<'_>, at: usize) -> (Option<&'static str>, usize) {
    match (cx.char(at), cx.char(at + 1)) {
        (Some('²'), _) => (Some("square"), at + 1),
        (Some('³'), _) => (Some("cubic"), at + 1),
        (Some('^'), Some('2')) => (Some("square"), at + 2),
        (Some('^'), Some('3')) => (Some("cubic"), at + 2),
        (Some('2'), next) if cx.raised_to(at).is_some() || !next.is_some_and(char::is_alphanumeric) => {
            (Some("square"), at + 1)
        }
        (Some('3'), next) if cx.raised_to(at).is_some() || !next.is_some_and(char::is_alphanumeric) => {
            (Some("cubic"), at + 1)
        }
        _ => (None, at),
    }
}

/// One symbol with its power, in the singular and the plural.
fn one_unit(cx: &Cx<'_>, at: usize) -> Option<(String, String, usize)> {
    let (text, end) = letters(cx, at);
    if text.is_empty() {
        return None;
    }
    let (one, many) = symbol(cx, &text)?;
    let (power, after) = area(cx, end);
    if cx.char(after).is_some_and(|c| c.is_alphanumeric()) && !matches!(text.as_str(), "%" | "\"" | "'" | "′" | "″")
    {
        return None;
    }
    Some(match power {
        Some("square") if matches!(text.as_str(), "s") => (format!("{one} squared"), format!("{many} squared"), after),
        Some(word) => (format!("{word} {one}"), format!("{word} {many}"), after),
        None => (one, many, end),
    })
}

/// Symbols that are rather words or letters when a space stands before them.
fn doubtful(text: &str) -> bool {
    matches!(
        text,
        "in" | "a"
            | "C"
            | "B"
            | "b"
            | "d"
            | "F"
            | "H"
            | "J"
            | "u"
            | "T"
            | "t"
            | "M"
            | "G"
            | "k"
            | "P"
            | "E"
            | "S"
            | "'"
            | "\""
            | "at"
            | "as"
            | "am"
            | "pm"
            | "mi"
            | "no"
            | "do"
    )
}

/// The unit behind a number that ends at `at`. `label`: the number is that of a figure or a
/// section.
pub(super) fn after(cx: &Cx<'_>, at: usize, one: bool, label: bool) -> Option<(String, usize)> {
    let start = cx.skip_spaces(at);
    let hyphen = cx.char(at) == Some('-') && cx.char(at + 1).is_some_and(char::is_alphabetic);
    let start = if hyphen { at + 1 } else { start };
    let gap = start - at;
    let (text, _) = letters(cx, start);
    if gap > 1 || (gap == 1 && !hyphen && doubtful(&text)) || (label && text.chars().count() == 1 && text != "%") {
        return None;
    }
    if hyphen && text.chars().count() < 2 && !matches!(text.as_str(), "V" | "W" | "m" | "g") {
        return None;
    }
    // "5 m" is metres and "5M" a model: a glued capital that is also a magnitude is no unit.
    if gap == 0 && matches!(text.as_str(), "D" | "K" | "G" | "T" | "H" | "d" | "F" | "C" | "B" | "b" | "M" | "E" | "a")
    {
        return None;
    }
    let (single, many, mut end) = one_unit(cx, start)?;
    let mut words = if one || hyphen { single } else { many };
    // Products: `kW·h`, `N m` is left alone.
    if matches!(cx.char(end), Some('·' | '⋅'))
        && let Some((_, next, after)) = one_unit(cx, end + 1)
    {
        words = format!("{words} {next}");
        end = after;
    }
    if let Some((rate, after)) = per(cx, end) {
        return Some((format!("{words} {rate}"), after));
    }
    // `m s⁻¹`
    if cx.char(end) == Some(' ')
        && let (text, after) = letters(cx, end + 1)
        && let Some((single, _)) = symbol(cx, &text)
        && cx.char(after) == Some('⁻')
        && matches!(cx.char(after + 1), Some('¹' | '²'))
    {
        let squared = if cx.char(after + 1) == Some('²') { " squared" } else { "" };
        return Some((format!("{words} per {single}{squared}"), after + 2));
    }
    Some((words, end))
}

/// "per second": what a slash behind a unit, an amount or a plural means.
pub(super) fn per(cx: &Cx<'_>, at: usize) -> Option<(String, usize)> {
    if cx.char(at) != Some('/') {
        return None;
    }
    if let Some((single, _, end)) = one_unit(cx, at + 1) {
        return Some((format!("per {single}"), end));
    }
    let (word, end) = cx.word_at(at + 1)?;
    let known = matches!(
        word.as_str(),
        "second"
            | "minute"
            | "hour"
            | "day"
            | "week"
            | "month"
            | "year"
            | "person"
            | "user"
            | "unit"
            | "page"
            | "request"
            | "token"
            | "night"
            | "mile"
    );
    known.then(|| (format!("per {word}"), end))
}

/// `5'10"`: feet and inches.
pub(crate) fn feet(cx: &Cx<'_>) -> Option<super::Reading> {
    if cx.glued_before() {
        return None;
    }
    let (feet, mark) = cx.digits_at(cx.at)?;
    let (inches, end) = matches!(cx.char(mark), Some('\'' | '′')).then(|| cx.digits_at(mark + 1)).flatten()?;
    let closed = matches!(cx.char(end), Some('"' | '″'));
    (closed && feet.len() <= 2 && inches.len() <= 2).then(|| {
        let words = format!("{} foot {}", super::number::integer(&feet), super::number::integer(&inches));
        super::Reading::new(end + 1, words)
    })
}

/// `tokens/s`: a slash and a unit behind a plural.
pub(crate) fn rate(cx: &Cx<'_>) -> Option<super::Reading> {
    if cx.char(cx.at) != Some('/') || cx.before() != Some('s') {
        return None;
    }
    let (text, end) = letters(cx, cx.at + 1);
    if !matches!(text.as_str(), "s" | "h" | "min" | "ms" | "day" | "sec")
        || cx.char(end).is_some_and(char::is_alphanumeric)
    {
        return None;
    }
    per(cx, cx.at).map(|(words, end)| super::Reading::new(end, words))
}
