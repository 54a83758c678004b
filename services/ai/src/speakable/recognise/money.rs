//! Money: the sign, the code or the name of a currency before or behind an amount, hundredths, and
//! what the amount is per.

use super::number::{Counting, Written, lead, number, scale, with_power, written};
use super::{Candidates, Cx, measure};
use crate::speakable::span::{Amount, Cost, Currency, Money, Number, Per, Sign, Value};
use crate::speakable::text::TokenKind;

/// Characters of the longest sign or name of a currency.
const LONGEST: usize = 8;
/// Letters of a code of ISO 4217.
const CODE: usize = 3;
/// What amounts may be per, one behind the other: `$3/user/month`.
const MOST_PER: usize = 3;
/// An amount of a minor unit is below this: what is more is no `50p`.
const MOST_MINOR: u128 = 100;
/// The digits of the minor unit where there is a usual one.
const MINOR_DIGITS: u8 = 2;

/// A currency that stands somewhere, and whether what is counted is its minor unit.
#[derive(Debug, Clone, Copy)]
struct Named {
    currency: Currency,
    minor: bool,
    end: usize,
}

/// An amount of money, and its currency by itself.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.glued_before() {
        return;
    }
    for found in [before(cx), behind(cx), between(cx)].into_iter().flatten() {
        out.propose(found.1, Value::Money(Box::new(found.0)), Cost::SURE);
    }
    alone(cx, out);
}

/// `$5.50`, `-$5`, `US$5 million`, `Rs. 500`, `USD 5`, `¥ 500`.
fn before(cx: &Cx<'_>) -> Option<(Money, usize)> {
    let lead = lead(cx, cx.at);
    let named = named(cx, lead.at).filter(|named| !named.minor)?;
    let minus = matches!(cx.char(named.end), Some('-' | '−')) && cx.digit(named.end + 1);
    let start = if minus { named.end + 1 } else { cx.skip_space(named.end)? };
    let found = with_power(cx, written(cx, start)?, Counting::Money);
    let sign = if minus { Sign::Minus } else { lead.sign };
    let number = Number { sign, bound: lead.bound, ..found.number };
    let end = without_hundredths(cx, &number, found.end);
    money(cx, number, named.currency, end)
}

/// `20 €`, `5 million euros`, `27,50 €`, `3 M€`, `5 USD`, `99¢`.
fn behind(cx: &Cx<'_>) -> Option<(Money, usize)> {
    let Written { number, end, .. } = number(cx, cx.at, Counting::Things)?;
    let (number, end) = scaled(cx, number, end);
    let end = without_hundredths(cx, &number, end);
    let start = cx.skip_space(end)?;
    let named = named(cx, start).filter(|named| !cx.glued_at(named.end))?;
    if counts_letters(cx, &number, start, named.end) {
        return None;
    }
    if !named.minor {
        return money(cx, number, named.currency, named.end);
    }
    let touches = start == end || !cx.char(start).is_some_and(char::is_alphabetic);
    let value = number.value().filter(|value| touches && *value < MOST_MINOR && number.is_whole())?;
    let money = Money {
        amount: Amount::Number(Number { whole: "0".to_owned(), ..number }),
        currency: named.currency,
        minor: Some(u32::try_from(value).ok()?),
        per: Vec::new(),
        adjective: false,
    };
    Some((money, named.end))
}

/// Whether what stands at `start..end` behind the number here is rather the plural of a letter,
/// since a determiner leads to so few of them: `the 3 Rs`, and not `the 5 Rs note`.
fn counts_letters(cx: &Cx<'_>, number: &Number, start: usize, end: usize) -> bool {
    let mut letters = cx.slice(start, end).trim_end_matches('.').chars();
    let plural = letters.next().is_some_and(char::is_uppercase) && letters.as_str() == "s";
    let led = cx.after_context("articles_definite") || cx.after_context("determiners");
    plural && led && number.is_plain() && number.whole.len() == 1 && !cx.before_context("of_money", end)
}

/// `27€50`: the sign in the place of the decimal sign.
fn between(cx: &Cx<'_>) -> Option<(Money, usize)> {
    let found = written(cx, cx.at).filter(|found| found.number.fraction.is_none())?;
    let sign = cx.skip_space(found.end).filter(|at| *at == found.end || cx.grammar.decimal == ',')?;
    let currency = cx.char(sign).and_then(|c| cx.grammar.common.money_char(c))?;
    let (digits, end) = cx.digits_at(sign + 1).filter(|(digits, _)| digits.len() == usize::from(MINOR_DIGITS))?;
    if cx.glued_at(end) || (matches!(cx.char(end), Some('.' | ',')) && cx.digit(end + 1)) {
        return None;
    }
    let number = Number { fraction: Some(digits.to_owned()), ..found.number };
    money(cx, number, currency, end)
}

/// The power of ten that only money has (`3 M€`), where the currency stands behind it.
fn scaled(cx: &Cx<'_>, number: Number, end: usize) -> (Number, usize) {
    if number.scale.is_some() || number.exponent.is_some() {
        return (number, end);
    }
    let found = scale(cx, end, Counting::Money);
    let with_currency = found.filter(|(_, after)| cx.skip_space(*after).is_some_and(|at| named(cx, at).is_some()));
    match with_currency {
        Some((scale, after)) => (Number { scale: Some(scale), ..number }, after),
        None => (number, end),
    }
}

/// Behind `,–` or `.--` in the place of hundredths.
fn without_hundredths(cx: &Cx<'_>, number: &Number, end: usize) -> usize {
    let dash = |at: usize| matches!(cx.char(at), Some('-' | '–' | '—'));
    if number.fraction.is_some() || !matches!(cx.char(end), Some(',' | '.')) || !dash(end + 1) {
        return end;
    }
    end + 2 + usize::from(dash(end + 2))
}

/// The currency at `at`: its sign with the country before it, its code, or a word of the language.
fn named(cx: &Cx<'_>, at: usize) -> Option<Named> {
    let first = cx.char(at).filter(|c| !c.is_whitespace() && !c.is_ascii_digit())?;
    let word = |(value, end): (&'static str, usize)| {
        let (code, flag) = value.split_once(" | ").unwrap_or((value, ""));
        let currency = Currency { code, of_country: false };
        Named { currency, minor: flag == "minor", end }
    };
    let touching = || {
        let (letters, end) = cx.letters_at(at).filter(|(_, end)| cx.digit(*end))?;
        cx.grammar.get("money_words", letters).map(|value| (value, end))
    };
    if let Some(entry) = cx.longest_entry("money_words", at, LONGEST).or_else(touching) {
        return Some(word(entry));
    }
    let limit = (at + CODE + 1).min(cx.text.chars.len());
    let sign = (at + 1..=limit).rev().find_map(|end| {
        let currency = cx.grammar.common.money_sign(cx.slice(at, end))?;
        Some(Named { currency, minor: false, end })
    });
    if sign.is_some() {
        return sign;
    }
    let (code, end) = cx.letters_at(at).filter(|(code, _)| first.is_ascii_uppercase() && code.len() == CODE)?;
    let currency = cx.grammar.common.currency(code).filter(|_| !cx.in_context("not_codes", code))?;
    (!cx.char(end).is_some_and(char::is_alphabetic)).then_some(Named { currency, minor: false, end })
}

/// An amount of a currency: its hundredths, and what it is per.
fn money(cx: &Cx<'_>, number: Number, currency: Currency, end: usize) -> Option<(Money, usize)> {
    let digits = cx.grammar.common.minor_digits(currency.code).unwrap_or(MINOR_DIGITS);
    let minor = number
        .fraction
        .as_ref()
        .filter(|fraction| digits > 0 && digits <= MINOR_DIGITS && fraction.len() == usize::from(digits))
        .filter(|_| number.scale.is_none() && number.exponent.is_none())
        .and_then(|fraction| fraction.parse::<u32>().ok());
    let number = match minor {
        Some(_) if number.whole.is_empty() => Number { whole: "0".to_owned(), fraction: None, ..number },
        Some(_) => Number { fraction: None, ..number },
        None => number,
    };
    let (per, end) = rates(cx, end);
    let hyphen = cx.char(end) == Some('-') && cx.char(end + 1).is_some_and(char::is_alphabetic);
    let minor = minor.filter(|minor| *minor > 0);
    let money = Money { amount: Amount::Number(number), currency, minor, per, adjective: hyphen };
    (!cx.glued_at(end)).then_some((money, end))
}

/// `/month`, `/kWh`
fn rates(cx: &Cx<'_>, at: usize) -> (Vec<Per>, usize) {
    let (mut found, mut end) = (Vec::new(), at);
    while let Some((per, after)) = measure::per(cx, end).filter(|(_, after)| !cx.glued_at(*after)) {
        if found.len() == MOST_PER {
            break;
        }
        found.push(per);
        end = after;
    }
    (found, end)
}

/// A sign of a currency by itself: `in €`, `€/kWh`.
fn alone(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.token().kind != TokenKind::Symbol {
        return;
    }
    let Some(currency) = cx.char(cx.at).and_then(|c| cx.grammar.common.money_char(c)) else { return };
    out.propose(cx.at + 1, Value::Currency(currency), Cost::PLAIN);
}
