//! Numbers, amounts and fractions in French.

use super::agreement::of;
use super::number::{self, Agreement};
use crate::speakable::span::{Amount, Bound, Fraction, Number, Scale, Sign};

/// The name of what is counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Noun {
    /// One of it.
    pub(super) one: String,
    /// Several.
    pub(super) many: String,
    /// It is feminine.
    pub(super) feminine: bool,
}

impl Noun {
    /// The same words for one and for many, of a masculine.
    pub(super) fn invariable(words: &str) -> Self {
        Self { one: words.to_owned(), many: words.to_owned(), feminine: false }
    }

    /// An entry of a table: `seconde | secondes | f`.
    pub(super) fn read(entry: &str) -> Self {
        let mut parts = entry.split(" | ");
        let one = parts.next().unwrap_or_default();
        let many = parts.next().unwrap_or(one);
        Self { one: one.to_owned(), many: many.to_owned(), feminine: parts.any(|flag| flag == "f") }
    }

    const fn agreement(&self) -> Agreement {
        Agreement::gender(self.feminine)
    }
}

/// The name of a power of ten. Powers from a million on are nouns.
const fn scale_name(power: u8) -> Option<&'static str> {
    Some(match power {
        2 => "cent",
        3 => "mille",
        5 => "lakh",
        6 => "million",
        7 => "crore",
        9 => "milliard",
        12 => "billion",
        15 => "billiard",
        18 => "trillion",
        21 => "trilliard",
        24 => "quadrillion",
        _ => return None,
    })
}

/// Up to this power of ten, names are numerals and no nouns.
const LAST_NUMERAL: u8 = 3;

/// Whether what a number counts stands in the plural, which begins at two.
pub(super) fn is_plural(number: &Number) -> bool {
    let many = number.value().map_or(number.whole.len() > 1, |value| value > 1);
    many || number.scale.is_some() || number.exponent.is_some_and(|power| power > 0)
}

/// Whether "de" stands between a number and what it counts, since it ends in a noun.
pub(super) fn takes_of(number: &Number) -> bool {
    match number.scale {
        Some(Scale(power)) => power > LAST_NUMERAL && number.exponent.is_none(),
        None => number.is_whole() && number.value().is_some_and(number::is_noun),
    }
}

/// "moins cinq", "environ trois virgule quatorze", "deux virgule cinq millions".
pub(super) fn number_words(number: &Number, agreement: Agreement) -> String {
    bounded(number.bound, &format!("{}{}", sign(number.sign), magnitude(number, agreement)))
}

/// Words behind those of a bound.
pub(super) fn bounded(bound: Option<Bound>, words: &str) -> String {
    match bound {
        None => words.to_owned(),
        Some(Bound::About) => format!("environ {words}"),
        Some(Bound::AtMost) => format!("au plus {words}"),
        Some(Bound::AtLeast) => format!("au moins {words}"),
        Some(Bound::LessThan) => format!("moins {}", of(words)),
        Some(Bound::MoreThan) => format!("plus {}", of(words)),
    }
}

/// A number without its sign and bound.
fn magnitude(number: &Number, agreement: Agreement) -> String {
    let power = number.scale.map_or(0, |Scale(power)| power);
    let ten = number.exponent.map_or_else(String::new, |exponent| format!(" fois {}", power_of_ten(exponent)));
    // "Mille" and "cent" are one numeral with what stands before them.
    if number.fraction.is_none() && (1..=LAST_NUMERAL).contains(&power) {
        let value = number.value().and_then(|value| value.checked_mul(10_u128.pow(u32::from(power))));
        if let Some(value) = value {
            return number::cardinal(value, agreement) + &ten;
        }
    }
    if number.whole.is_empty() && number.fraction.is_none() && number.scale.is_none() {
        return number.exponent.map_or_else(String::new, power_of_ten);
    }
    let agreement = if number.fraction.is_some() || power > 0 { Agreement::Masculine } else { agreement };
    let mut words = number::integer(&number.whole, agreement);
    if let Some(fraction) = &number.fraction {
        words = format!("{words} virgule {}", number::decimals(fraction));
    }
    if let Some(scale) = scale_name(power) {
        let s = if power > LAST_NUMERAL && number.value().is_some_and(|value| value > 1) { "s" } else { "" };
        words = format!("{words} {scale}{s}");
    } else if power > 0 {
        words = format!("{words} fois {}", power_of_ten(i32::from(power)));
    }
    (words + &ten).trim_start().to_owned()
}

/// "dix puissance moins cinq".
fn power_of_ten(exponent: i32) -> String {
    let minus = if exponent < 0 { "moins " } else { "" };
    format!("dix puissance {minus}{}", number::cardinal(u128::from(exponent.unsigned_abs()), Agreement::Masculine))
}

/// A number and the name of what it counts: "vingt-et-une secondes", "deux millions d'euros".
pub(super) fn counted(number: &Number, noun: &Noun) -> String {
    let words = number_words(number, noun.agreement());
    if takes_of(number) {
        format!("{words} {}", of(&noun.many))
    } else {
        format!("{words} {}", if is_plural(number) { &noun.many } else { &noun.one })
    }
}

/// An amount and the name of what it counts.
pub(super) fn amount(amount: &Amount, noun: &Noun) -> String {
    match amount {
        Amount::Number(number) => counted(number, noun),
        Amount::Between(pair) => format!("{} à {}", number_words(&pair.0, noun.agreement()), counted(&pair.1, noun)),
        Amount::Tolerance(pair) => {
            format!("{} plus ou moins {}", number_words(&pair.0, noun.agreement()), counted(&pair.1, noun))
        }
        Amount::Product(factors) => {
            let Some((last, before)) = factors.split_last() else { return noun.many.clone() };
            let before = before.iter().map(|factor| number_words(factor, noun.agreement()) + " par ");
            before.collect::<String>() + &counted(last, noun)
        }
        Amount::Fraction(fraction) => part(fraction, noun),
    }
}

/// "un demi-litre", "trois quarts de litre", "deux heures et demie".
fn part(fraction: &Fraction, noun: &Noun) -> String {
    let half = (fraction.over, fraction.under) == (1, 2);
    let words = match fraction.whole {
        Some(whole) if half => {
            format!("{} et demi{}", counted(&Number::of(whole), noun), if noun.feminine { "e" } else { "" })
        }
        Some(whole) => {
            format!("{} et {}", counted(&Number::of(whole), noun), number::fraction(fraction.over, fraction.under))
        }
        None if half => format!("{} demi-{}", if noun.feminine { "une" } else { "un" }, noun.one),
        None => format!("{} {}", number::fraction(fraction.over, fraction.under), of(&noun.one)),
    };
    format!("{}{words}", sign(fraction.sign))
}

/// "un demi", "deux et demi", "trois et trois quarts".
pub(super) fn fraction(fraction: &Fraction) -> String {
    let sign = sign(fraction.sign);
    let part = number::fraction(fraction.over, fraction.under);
    match fraction.whole {
        None => format!("{sign}{part}"),
        Some(whole) => {
            let whole = number::cardinal(whole, Agreement::Masculine);
            let part = if (fraction.over, fraction.under) == (1, 2) { "demi" } else { part.as_str() };
            format!("{sign}{whole} et {part}")
        }
    }
}

/// The words of a sign, with the space behind them.
pub(super) const fn sign(sign: Sign) -> &'static str {
    match sign {
        Sign::None => "",
        Sign::Plus => "plus ",
        Sign::Minus => "moins ",
        Sign::PlusMinus => "plus ou moins ",
    }
}
