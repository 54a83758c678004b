//! Numbers of things: cardinals, fractions, ratios, ranges, and ordinals.

use super::function_words::FUNCTION_WORDS;
use super::inflection::{capitalised, case_of, gender_of, mixed, one, ordinal_ending};
use super::number;
use crate::speakable::span::{Amount, Bound, Fraction, Number, Ordinal, Range, Scale, Sign, Time, Value};
use crate::speakable::verbalise::{Case, Gender, Scene, Verbaliser};

/// What one is called by itself.
const ONE: &str = "eins";

/// Fractions that are said number by number where a slash is written.
const SLASHED: [(u128, u128); 3] = [(24, 7), (50, 50), (80, 20)];

/// The greatest number of parts that have a name of their own, beside powers of ten.
const MOST_PARTS: u128 = 100;

/// Endings that an adjective before a noun has.
const ADJECTIVE_ENDINGS: [&str; 5] = ["e", "em", "en", "er", "es"];

/// What a sign before a number is called, with the space behind it.
const fn sign(sign: Sign) -> &'static str {
    match sign {
        Sign::None => "",
        Sign::Plus => "plus ",
        Sign::Minus => "minus ",
        Sign::PlusMinus => "plus minus ",
    }
}

const fn bound(bound: Option<Bound>) -> &'static str {
    match bound {
        None => "",
        Some(Bound::About) => "etwa ",
        Some(Bound::AtMost) => "höchstens ",
        Some(Bound::AtLeast) => "mindestens ",
        Some(Bound::LessThan) => "weniger als ",
        Some(Bound::MoreThan) => "mehr als ",
    }
}

/// The name of a power of ten: of one and of many; none where it has no name.
const fn scale_name(scale: Scale) -> Option<(&'static str, &'static str)> {
    Some(match scale.0 {
        2 => ("Hundert", "Hundert"),
        3 => ("Tausend", "Tausend"),
        5 => ("Lakh", "Lakh"),
        6 => ("Million", "Millionen"),
        7 => ("Crore", "Crore"),
        9 => ("Milliarde", "Milliarden"),
        12 => ("Billion", "Billionen"),
        15 => ("Billiarde", "Billiarden"),
        18 => ("Trillion", "Trillionen"),
        21 => ("Trilliarde", "Trilliarden"),
        _ => return None,
    })
}

/// The greatest power of ten that makes one word with its number ("fünfzigtausend").
const IN_ONE_WORD: u8 = 3;

/// The digits of a number without its sign: `single` is what one is called here. A number that has
/// an exponent alone is that power of ten.
fn magnitude(n: &Number, single: &str) -> String {
    let joined = n.scale.filter(|scale| scale.0 <= IN_ONE_WORD && n.fraction.is_none());
    if let Some((scale, value)) = joined.zip(n.value()) {
        return number::cardinal(value.saturating_mul(10_u128.pow(u32::from(scale.0))));
    }
    if let Some(exponent) = n.exponent.filter(|_| n.whole.is_empty() && n.fraction.is_none()) {
        return power_of_ten(exponent);
    }
    let alone = n.whole == "1" && n.fraction.is_none();
    let mut words = match (&n.fraction, n.scale) {
        _ if n.whole.is_empty() => number::digits("0"),
        (None, Some(scale)) if alone && scale.0 > IN_ONE_WORD => "eine".to_owned(),
        _ if alone && n.exponent.is_none() => single.to_owned(),
        _ => number::integer(&n.whole),
    };
    if let Some(fraction) = &n.fraction {
        words = format!("{words} Komma {}", number::digits(fraction));
    }
    if let Some(scale) = n.scale {
        words = match scale_name(scale) {
            Some((name, _)) if alone => format!("{words} {name}"),
            Some((_, name)) => format!("{words} {name}"),
            None => format!("{words} mal {}", power_of_ten(i32::from(scale.0))),
        };
    }
    if let Some(exponent) = n.exponent {
        words = format!("{words} mal {}", power_of_ten(exponent));
    }
    words
}

fn power_of_ten(exponent: i32) -> String {
    let minus = if exponent < 0 { "minus " } else { "" };
    format!("zehn hoch {minus}{}", number::cardinal(u128::from(exponent.unsigned_abs())))
}

/// A number with what stands before it: `single` is what one is called here.
pub(super) fn number_words(n: &Number, single: &str) -> String {
    format!("{}{}{}", bound(n.bound), sign(n.sign), magnitude(n, single))
}

/// A number that counts nothing.
pub(super) fn plain(n: &Number) -> String {
    number_words(n, ONE)
}

/// A number of things of a gender.
pub(super) fn counted(n: &Number, gender: Gender, case: Case) -> String {
    number_words(n, one(gender, case))
}

/// The gender of the noun that a number stands before: right behind it, or behind an adjective.
fn noun_gender(scene: &Scene<'_>) -> Option<Gender> {
    let next = scene.next_word()?;
    if next.starts_with(char::is_uppercase) {
        return gender_of(next, scene.grammar);
    }
    let adjective = !FUNCTION_WORDS.is_common(next) && ADJECTIVE_ENDINGS.iter().any(|ending| next.ends_with(ending));
    gender_of(scene.word(2)?, scene.grammar).filter(|_| adjective)
}

/// "sieben", "eine" before a feminine noun, "eine Million".
pub(super) fn cardinal(n: &Number, scene: &Scene<'_>) -> String {
    if let Some(agreement) = scene.agreement {
        return match agreement.gender.filter(|_| agreement.before_noun) {
            Some(gender) => counted(n, gender, agreement.case.unwrap_or_default()),
            None => plain(n),
        };
    }
    if !n.is_one() {
        return plain(n);
    }
    // Behind a noun it is the noun's number: "Kapitel eins".
    let labelled = scene.previous_word().is_some_and(|word| gender_of(word, scene.grammar).is_some());
    match noun_gender(scene).filter(|_| !labelled) {
        Some(gender) => counted(n, gender, case_of(scene)),
        None => plain(n),
    }
}

/// The stem of an ordinal with the ending that is written, or that the words around it ask for.
pub(super) fn ordinal(ordinal: &Ordinal, scene: &Scene<'_>) -> String {
    let ending = if ordinal.form.is_empty() { ordinal_ending(scene) } else { ordinal.form };
    format!("{}{ending}", number::ordinal_stem(ordinal.number))
}

/// Whether so many parts of a whole have a name of their own.
const fn has_parts(under: u128) -> bool {
    matches!(under, 2..=MOST_PARTS | 1_000 | 10_000 | 100_000 | 1_000_000)
}

/// A fraction before a unit: "ein halber", "drei viertel", "zweieinhalb".
pub(super) fn fraction_of(f: &Fraction, gender: Gender, case: Case) -> String {
    let minus = sign(f.sign);
    match (f.whole, f.over, f.under) {
        (None, 1, 2) => format!("{minus}{} halb{}", one(gender, case), mixed(gender, case)),
        (None, 1, under) if has_parts(under) => format!("{minus}{} {}", one(gender, case), number::parts(under)),
        (None, over, under) if under > 2 && has_parts(under) => {
            format!("{minus}{} {}", number::cardinal(over), number::parts(under))
        }
        _ => fraction_alone(f),
    }
}

/// A fraction that counts nothing: "ein halb", "drei Viertel", "eineinhalb".
pub(super) fn fraction_alone(f: &Fraction) -> String {
    let minus = sign(f.sign);
    let over = |single: &str| if f.over == 1 { single.to_owned() } else { number::cardinal(f.over) };
    let part = match f.under {
        2 if f.over == 1 => "ein halb".to_owned(),
        2 => format!("{} Halbe", over("ein")),
        under if has_parts(under) => format!("{} {}", over("ein"), capitalised(&number::parts(under))),
        under => format!("{} durch {}", over(ONE), number::cardinal(under)),
    };
    match f.whole {
        None => format!("{minus}{part}"),
        Some(1) if f.over == 1 && f.under == 2 => format!("{minus}eineinhalb"),
        Some(whole) if f.over == 1 && f.under == 2 => format!("{minus}{}einhalb", number::cardinal(whole)),
        Some(whole) => format!("{minus}{} {part}", number::cardinal(whole)),
    }
}

/// "drei Viertel", "eine halbe" before a feminine noun, "vierundzwanzig sieben".
pub(super) fn fraction(f: &Fraction, scene: &Scene<'_>) -> String {
    if f.slashed && f.whole.is_none() && SLASHED.contains(&(f.over, f.under)) {
        return format!("{} {}", number::cardinal(f.over), number::cardinal(f.under));
    }
    match noun_gender(scene) {
        Some(gender) => fraction_of(f, gender, case_of(scene)),
        None => fraction_alone(f),
    }
}

/// How many of something of a gender.
pub(super) fn amount(amount: &Amount, gender: Gender, case: Case) -> String {
    match amount {
        Amount::Number(n) => counted(n, gender, case),
        Amount::Fraction(f) => fraction_of(f, gender, case),
        Amount::Between(ends) => format!("{} bis {}", number_words(&ends.0, "ein"), counted(&ends.1, gender, case)),
        Amount::Product(factors) => joined(factors.iter().map(plain), " mal "),
        Amount::Tolerance(parts) => format!("{} plus minus {}", plain(&parts.0), counted(&parts.1, gender, case)),
    }
}

/// Words with something between them.
pub(super) fn joined(words: impl Iterator<Item = String>, between: &str) -> String {
    words.collect::<Vec<_>>().join(between)
}

/// "zwölf bis fünfzehn". The hour of the clock is named once where neither end has minutes.
pub(super) fn range(range: &Range, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let from = match (&range.from, &range.to) {
        (Value::Time(from), Value::Time(to)) if whole_hours(from, to) => number::cardinal(u128::from(from.hour)),
        (Value::Cardinal(from), Value::Cardinal(_)) if noun_gender(scene).is_some() => number_words(from, "ein"),
        (from, _) => verbaliser.words(from, scene),
    };
    let to = if let Value::Cardinal(to) = &range.to { plain(to) } else { verbaliser.words(&range.to, scene) };
    format!("{from} bis {to}")
}

fn whole_hours(from: &Time, to: &Time) -> bool {
    from.minute.is_none() && to.minute.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_agree_with_what_they_are_of() {
        let f = |whole, over, under| Fraction { sign: Sign::None, whole, over, under, slashed: false };
        for (fraction, of, alone) in [
            (f(None, 1, 2), "ein halber", "ein halb"),
            (f(None, 3, 4), "drei viertel", "drei Viertel"),
            (f(Some(2), 1, 2), "zweieinhalb", "zweieinhalb"),
            (f(None, 100, 250), "hundert durch zweihundertfünfzig", "hundert durch zweihundertfünfzig"),
        ] {
            assert_eq!(fraction_of(&fraction, Gender::Masculine, Case::Nominative), of);
            assert_eq!(fraction_alone(&fraction), alone);
        }
    }

    #[test]
    fn a_scale_is_a_noun_beside_its_number() {
        let n = |whole: &str, fraction: Option<&str>, scale| Number {
            whole: whole.to_owned(),
            fraction: fraction.map(str::to_owned),
            scale: Some(Scale(scale)),
            ..Number::default()
        };
        for (number, said) in [
            (n("1", None, 6), "eine Million"),
            (n("3", Some("5"), 9), "drei Komma fünf Milliarden"),
            (n("50", None, 3), "fünfzigtausend"),
        ] {
            assert_eq!(plain(&number), said);
        }
    }
}
