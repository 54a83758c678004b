//! Money: signs and codes of currencies, amounts with a scale (`$5.3 million`), ranges, hundredths.

use super::currency::{currency, currency_code, scale};
use super::quantity::{Number, dash, join, parse, sign};
use super::{Cx, Reading, number, unit};

/// `$5.3 million`, `$4.1M`, `£3.20`, `US$5`, `$5-10 million`, `5 €`.
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    let (lead, at) = sign(cx).map_or(("", cx.at), |(words, next)| (words, next));
    let country = [
        ("US$", "U S "),
        ("A$", "Australian "),
        ("C$", "Canadian "),
        ("AU$", "Australian "),
        ("HK$", "Hong Kong "),
        ("NZ$", "New Zealand "),
        ("R$", "Brazilian "),
    ];
    let (country, at) = country
        .iter()
        .find(|(prefix, _)| cx.has(at, prefix) && !cx.glued_before())
        .map_or(("", at), |(prefix, words)| (*words, at + prefix.chars().count() - 1));
    let (one, many, cent, cents) = currency(cx.char(at)?)?;
    let negative = cx.char(at + 1).filter(|c| matches!(c, '-' | '−')).is_some();
    let first = parse(cx, cx.skip_spaces(at + 1 + usize::from(negative)))?;
    let lead = if negative { "minus" } else { lead };
    let one_word = format!("{country}{one}");
    let many_word = format!("{country}{many}");
    let mut end = first.end;
    // A range: both amounts, the unit once.
    if dash(cx, end) {
        let second_at = if cx.char(end + 1).is_some_and(|c| currency(c).is_some()) { end + 2 } else { end + 1 };
        if let Some(second) = parse(cx, second_at) {
            let (tail, end) = scale(cx, second.end, true)
                .map_or((String::new(), second.end), |(word, end)| (format!(" {word}"), end));
            return Some(Reading::new(
                end,
                join(&[lead, &first.words(), "to", &format!("{}{tail}", second.words()), &many_word]),
            ));
        }
    }
    let mut amount = first.words();
    let scaled = scale(cx, end, true);
    if let Some((word, after)) = &scaled {
        amount = format!("{amount} {word}");
        end = *after;
        if dash(cx, end)
            && let Some(second) =
                parse(cx, if cx.char(end + 1).is_some_and(|c| currency(c).is_some()) { end + 2 } else { end + 1 })
        {
            let (tail, after) = scale(cx, second.end, true)
                .map_or((String::new(), second.end), |(word, end)| (format!(" {word}"), end));
            return Some(Reading::new(
                after,
                join(&[lead, &amount, "to", &format!("{}{tail}", second.words()), &many_word]),
            ));
        }
    } else if let Some(fraction) = first.fraction.as_deref().filter(|fraction| fraction.len() == 2) {
        let hundredths: u128 = fraction.parse().unwrap_or_default();
        let small = |n: u128| format!("{} {}", number::cardinal(n), if n == 1 { cent } else { cents });
        let whole = Number { fraction: None, ..first.clone() };
        let name = if whole.is_one() { &one_word } else { &many_word };
        amount = match (whole.whole.as_str(), hundredths) {
            ("0" | "", n) => small(n),
            (_, 0) => format!("{} {name}", whole.words()),
            (_, n) => format!("{} {name} and {}", whole.words(), small(n)),
        };
        let (rate, end) = unit::per(cx, end).unwrap_or((String::new(), end));
        return Some(Reading::new(end, join(&[lead, &amount, &rate])));
    }
    let adjective = cx.previous_word().is_some_and(|word| matches!(word.to_lowercase().as_str(), "a" | "an"))
        && cx.char(end).is_some_and(|c| c == ' ' || c == '-')
        && cx.next_word(end + usize::from(cx.char(end) == Some('-'))).is_some_and(|word| {
            word.chars().all(char::is_lowercase)
                && !matches!(
                    word.as_str(),
                    "in" | "for"
                        | "to"
                        | "per"
                        | "a"
                        | "an"
                        | "and"
                        | "or"
                        | "on"
                        | "of"
                        | "by"
                        | "at"
                        | "with"
                        | "from"
                        | "is"
                        | "was"
                        | "that"
                        | "more"
                        | "less"
                        | "each"
                )
        });
    let name = if adjective || (first.is_one() && scaled.is_none()) { &one_word } else { &many_word };
    let hyphen = cx.char(end) == Some('-') && cx.char(end + 1).is_some_and(char::is_alphabetic);
    let name = if hyphen { &one_word } else { name };
    let (rate, end) = unit::per(cx, end).unwrap_or((String::new(), end));
    Some(Reading::new(end, join(&[lead, &amount, name, &rate])))
}

/// `USD 5 million`.
pub(crate) fn coded(cx: &Cx<'_>) -> Option<Reading> {
    let (code, end) = cx.word_at(cx.at)?;
    let (single, many) = currency_code(&code)?;
    if cx.glued_before() {
        return None;
    }
    let amount = parse(cx, cx.skip_spaces(end))?;
    let scaled = scale(cx, amount.end, true);
    let name = if amount.is_one() && scaled.is_none() { single } else { many };
    let (word, end) = scaled.unwrap_or((String::new(), amount.end));
    Some(Reading::new(end, join(&[&amount.words(), &word, name])))
}
