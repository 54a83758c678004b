//! Numbers and fractions in English.

use super::super::number;
use crate::speakable::span::{Amount, Bound, Fraction, Number, Sign};

/// What shares add up to.
const WHOLE: u128 = 100;

/// The words before a number: "about", "minus".
pub(super) fn lead(number: &Number) -> String {
    let bound = match number.bound {
        Some(Bound::About) => "about",
        Some(Bound::AtMost) => "at most",
        Some(Bound::AtLeast) => "at least",
        Some(Bound::LessThan) => "less than",
        Some(Bound::MoreThan) => "more than",
        None => "",
    };
    together([bound, sign(number.sign)])
}

const fn sign(sign: Sign) -> &'static str {
    match sign {
        Sign::None => "",
        Sign::Plus => "plus",
        Sign::Minus => "minus",
        Sign::PlusMinus => "plus or minus",
    }
}

/// Words with a space between them, without those that are empty.
pub(super) fn together<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// "seven", "minus five", "one point five times ten to the power of minus three", "five million".
pub(super) fn cardinal(number: &Number) -> String {
    together([lead(number).as_str(), &digits(number), &power(number)])
}

/// A number without what stands before and behind it.
fn digits(number: &Number) -> String {
    let whole = match (number.whole.as_str(), &number.fraction) {
        ("", _) => String::new(),
        ("0", Some(_)) => number::cardinal(0),
        (whole, _) => number::integer(whole),
    };
    match &number.fraction {
        Some(fraction) => together([whole.as_str(), "point", &number::digits(fraction)]),
        None => whole,
    }
}

/// The power of ten behind a number: "million", "times ten to the power of six".
fn power(number: &Number) -> String {
    if let Some(exponent) = number.exponent {
        let times = if number.whole.is_empty() && number.fraction.is_none() { "" } else { "times" };
        return together([times, "ten to the power of", &exponent_words(exponent)]);
    }
    let Some(power) = number.scale else { return String::new() };
    number::scale(power.0)
        .map_or_else(|| format!("times ten to the power of {}", number::cardinal(u128::from(power.0))), str::to_owned)
}

/// "minus three"
fn exponent_words(exponent: i32) -> String {
    let words = number::cardinal(u128::from(exponent.unsigned_abs()));
    if exponent < 0 { format!("minus {words}") } else { words }
}

/// Numbers with something between them.
pub(super) fn joined(numbers: &[Number], between: &str) -> String {
    numbers.iter().map(cardinal).collect::<Vec<_>>().join(between)
}

/// How many, without what is counted.
pub(super) fn amount(amount: &Amount) -> String {
    match amount {
        Amount::Number(number) => cardinal(number),
        Amount::Fraction(written) => fraction(written),
        Amount::Between(pair) => format!("{} to {}", cardinal(&pair.0), cardinal(&pair.1)),
        Amount::Product(factors) => joined(factors, " by "),
        Amount::Tolerance(pair) => format!("{} plus or minus {}", cardinal(&pair.0), cardinal(&pair.1)),
    }
}

/// Whether what is counted stands in the singular: one of it, or a part of one.
pub(super) fn is_one(amount: &Amount) -> bool {
    match amount {
        Amount::Number(number) => number.is_one(),
        Amount::Fraction(fraction) => fraction.whole.is_none() && fraction.over <= fraction.under,
        Amount::Between(_) | Amount::Product(_) | Amount::Tolerance(_) => false,
    }
}

/// "one half", "one and a half", "one hundred over two hundred fifty", "twenty-four seven".
pub(super) fn fraction(fraction: &Fraction) -> String {
    let (over, under) = (fraction.over, fraction.under);
    let words = match (fraction.whole, over, under) {
        (None, 24, 7) if fraction.slashed => "twenty-four seven".to_owned(),
        (None, 9, 11) if fraction.slashed => "nine eleven".to_owned(),
        (None, 50, 50) if fraction.slashed => "fifty-fifty".to_owned(),
        (None, 20, 20) if fraction.slashed => "twenty twenty".to_owned(),
        // Two shares of a hundred: "the eighty twenty rule".
        (None, ..) if fraction.slashed && over.checked_add(under) == Some(WHOLE) => {
            format!("{} {}", number::cardinal(over), number::cardinal(under))
        }
        (Some(whole), 1, 2) => format!("{} and a half", number::cardinal(whole)),
        (Some(whole), ..) => format!("{} and {}", number::cardinal(whole), named(over, under)),
        (None, ..) if over < under => named(over, under),
        (None, ..) => set_over(over, under),
    };
    together([sign(fraction.sign), &words])
}

fn set_over(over: u128, under: u128) -> String {
    format!("{} over {}", number::cardinal(over), number::cardinal(under))
}

/// "three quarters", where what stands below the line has a name.
fn named(over: u128, under: u128) -> String {
    let part = match under {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        3 | 5..=20 | 32 | 64 | 100 => number::ordinal(under),
        _ => return set_over(over, under),
    };
    let part = match (over, under) {
        (1, _) => part,
        (_, 2) => "halves".to_owned(),
        _ => format!("{part}s"),
    };
    format!("{} {part}", number::cardinal(over))
}
