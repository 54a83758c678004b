//! Numbers in Spanish: with their signs, decimals and powers of ten, fractions, and amounts.

use super::agree;
use crate::speakable::es::number::{self, OrdinalForm, Standing};
use crate::speakable::span::{Amount, Bound, Fraction, Number, Ordinal, Sign};
use crate::speakable::verbalise::{Gender, Scene};

/// The power of ten from which on a noun behind the number is led by "de".
const MILLION: u8 = 6;

/// "siete"; before a noun in the text "veintiuna", and "un millón de".
pub(super) fn cardinal(number: &Number, scene: &Scene<'_>) -> String {
    let standing = agree::standing(number, scene);
    let words = with_signs(number, standing, scene);
    let in_text = scene.agreement.is_none() && standing != Standing::Alone;
    if in_text && takes_de(number) { words + " de" } else { words }
}

/// A number as it is written: what stands before it, its value, its power of ten.
pub(super) fn with_signs(number: &Number, standing: Standing, scene: &Scene<'_>) -> String {
    let words = match number.exponent {
        // A bare power of ten: `10⁻⁹ m`.
        Some(power) if number.whole.is_empty() && number.fraction.is_none() => power_of_ten(power),
        Some(power) => format!("{} por {}", value(number, standing, scene), power_of_ten(power)),
        None => value(number, standing, scene),
    };
    join(&[number.bound.map_or("", bound).to_owned(), sign(number.sign).to_owned(), words])
}

/// Numbers with words between them.
pub(super) fn joined(numbers: &[Number], between: &str, scene: &Scene<'_>) -> String {
    numbers.iter().map(|number| with_signs(number, Standing::Alone, scene)).collect::<Vec<_>>().join(between)
}

/// Words with a space between them; empty ones are passed over.
pub(super) fn join(parts: &[String]) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
}

const fn bound(bound: Bound) -> &'static str {
    match bound {
        Bound::About => "aproximadamente",
        Bound::AtMost => "como máximo",
        Bound::AtLeast => "al menos",
        Bound::LessThan => "menos de",
        Bound::MoreThan => "más de",
    }
}

/// The words of a sign before a number.
pub(super) const fn sign(sign: Sign) -> &'static str {
    match sign {
        Sign::None => "",
        Sign::Plus => "más",
        Sign::Minus => "menos",
        Sign::PlusMinus => "más menos",
    }
}

/// The number with its power of ten by name: "cinco millones", "uno coma cinco millones".
fn value(number: &Number, standing: Standing, scene: &Scene<'_>) -> String {
    let power = number.scale.map_or(0, |scale| scale.0);
    let Some(fraction) = &number.fraction else {
        return scaled(number, power).map_or_else(
            || join(&[number::digits(&number.whole), power_words(power)]),
            |value| number::cardinal(value, standing),
        );
    };
    let standing = if standing == Standing::Feminine { standing } else { Standing::Alone };
    let whole = if number.whole.is_empty() { Some(0) } else { number.value() };
    let whole = whole.map_or_else(|| number::digits(&number.whole), |whole| number::cardinal(whole, standing));
    let decimals = format!("{whole} {} {}", decimal_sign(fraction, scene), number::digits(fraction));
    join(&[decimals, power_words(power)])
}

/// The whole number with its power of ten; none where it begins with a zero or is too large, and
/// is read digit by digit.
fn scaled(number: &Number, power: u8) -> Option<u128> {
    let zero_led = number.whole.len() > 1 && number.whole.starts_with('0');
    let value = number.value().filter(|_| !zero_led)?;
    value.checked_mul(10_u128.checked_pow(u32::from(power))?)
}

/// The name of a power of ten behind decimals.
fn power_words(power: u8) -> String {
    match power {
        0 => String::new(),
        3 => "mil".to_owned(),
        6 => "millones".to_owned(),
        9 => "mil millones".to_owned(),
        12 => "billones".to_owned(),
        15 => "mil billones".to_owned(),
        18 => "trillones".to_owned(),
        _ => format!("por {}", power_of_ten(i32::from(power))),
    }
}

/// "coma", or "punto" where a point is written, as in Mexico.
fn decimal_sign(fraction: &str, scene: &Scene<'_>) -> &'static str {
    let written = scene.written();
    let has = |sign: char| {
        let mut behind = written.split(sign).skip(1).filter_map(|rest| rest.strip_prefix(fraction));
        behind.any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if has('.') && !has(',') { "punto" } else { "coma" }
}

/// "diez elevado a menos cinco".
fn power_of_ten(power: i32) -> String {
    let minus = if power < 0 { "menos " } else { "" };
    format!("diez elevado a {minus}{}", number::cardinal(u128::from(power.unsigned_abs()), Standing::Alone))
}

/// Whether a noun behind the number is led by "de": "un millón de euros".
pub(super) fn takes_de(number: &Number) -> bool {
    const ONE: u128 = 1_000_000;
    let power = number.scale.map_or(0, |scale| scale.0);
    if number.exponent.is_some() {
        return false;
    }
    match number.fraction {
        Some(_) => power >= MILLION,
        None => scaled(number, power).is_some_and(|value| value >= ONE && value.is_multiple_of(ONE)),
    }
}

/// "primero"; the ending that is written tells the form.
pub(super) fn ordinal(ordinal: &Ordinal) -> String {
    let flags: Vec<&str> = ordinal.form.split(' ').collect();
    let form = match (flags.contains(&"f"), flags.contains(&"pl")) {
        (true, false) => OrdinalForm::Feminine,
        (true, true) => OrdinalForm::Feminines,
        (false, true) => OrdinalForm::Masculines,
        (false, false) if flags.contains(&"short") => OrdinalForm::Short,
        (false, false) => OrdinalForm::Masculine,
    };
    number::ordinal(ordinal.number, form)
}

/// Fractions with a slash that are names: "veinticuatro siete".
const NAMED_FRACTIONS: [(u128, u128); 2] = [(24, 7), (50, 50)];

/// "un medio", "tres cuartos", "dos y medio"; before a noun "media", "un tercio de".
pub(super) fn fraction(fraction: &Fraction, scene: &Scene<'_>) -> String {
    if fraction.slashed && fraction.whole.is_none() && NAMED_FRACTIONS.contains(&(fraction.over, fraction.under)) {
        let name = |n| number::cardinal(n, Standing::Alone);
        return format!("{} {}", name(fraction.over), name(fraction.under));
    }
    let one = fraction.whole.is_none_or(|whole| whole == 1);
    let noun = if scene.agreement.is_some() { None } else { agree::counted(one, scene) };
    let sign = sign(fraction.sign).to_owned();
    let is_half = (fraction.over, fraction.under) == (1, 2);
    let words = match (fraction.whole, noun) {
        (None, Some(gender)) if is_half => half(gender).to_owned(),
        (None, Some(_)) => format!("{} de", part(fraction)),
        (None, None) => part(fraction),
        (Some(whole), noun) => {
            let part = if is_half { half(noun.unwrap_or_default()).to_owned() } else { part(fraction) };
            format!("{} y {part}", number::cardinal(whole, Standing::Alone))
        }
    };
    join(&[sign, words])
}

/// "medio", "media".
pub(super) const fn half(gender: Gender) -> &'static str {
    match gender {
        Gender::Masculine | Gender::Neuter => "medio",
        Gender::Feminine => "media",
    }
}

/// "tres cuartos", without the number before the fraction.
pub(super) fn part(fraction: &Fraction) -> String {
    let over = number::cardinal(fraction.over, Standing::Masculine);
    match number::denominator(fraction.under, fraction.over != 1) {
        Some(under) => format!("{over} {under}"),
        None => {
            let name = |n| number::cardinal(n, Standing::Alone);
            format!("{} sobre {}", name(fraction.over), name(fraction.under))
        }
    }
}

/// How many of something that the number agrees with.
pub(super) fn amount(amount: &Amount, standing: Standing, scene: &Scene<'_>) -> String {
    let say = |number: &Number| with_signs(number, standing, scene);
    match amount {
        Amount::Number(number) => say(number),
        Amount::Fraction(fraction) => join(&[
            sign(fraction.sign).to_owned(),
            match fraction.whole {
                Some(whole) => format!("{} y {}", number::cardinal(whole, standing), part(fraction)),
                None => part(fraction),
            },
        ]),
        Amount::Between(pair) => format!("{} a {}", say(&pair.0), say(&pair.1)),
        Amount::Product(factors) => factors.iter().map(say).collect::<Vec<_>>().join(" por "),
        Amount::Tolerance(pair) => format!("{} más menos {}", say(&pair.0), say(&pair.1)),
    }
}
