//! Amounts of units and of money, and percent.

use super::agree::{self, with_noun};
use super::numbers;
use crate::speakable::es::Spanish;
use crate::speakable::es::number::{self, Standing};
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{
    Amount, Angle, Compass, Compound, Currency, Duration, Fraction, Measure, Money, Number, Part, Per, Percent, Sign,
    TimeUnit, Unit, UnitFactor, Value,
};
use crate::speakable::verbalise::{Gender, Scene, Verbaliser};

/// A noun of a table: its gender, and its forms for one and for several.
#[derive(Debug, Clone, Copy)]
struct Noun {
    gender: Gender,
    one: &'static str,
    many: &'static str,
}

impl Noun {
    /// `f | libra | libras`, of which further parts are another one's.
    fn parse(entry: &'static str) -> Self {
        let mut parts = entry.split(" | ");
        let gender = if parts.next() == Some("f") { Gender::Feminine } else { Gender::Masculine };
        let one = parts.next().unwrap_or_default();
        Self { gender, one, many: parts.next().unwrap_or(one) }
    }

    const fn form(&self, many: bool) -> &'static str {
        if many { self.many } else { self.one }
    }

    const fn standing(&self) -> Standing {
        match self.gender {
            Gender::Feminine => Standing::Feminine,
            Gender::Masculine | Gender::Neuter => Standing::Masculine,
        }
    }
}

fn unit_noun(id: &'static str, grammar: &Grammar) -> Noun {
    grammar.get("units", id).map_or(Noun { gender: Gender::Masculine, one: id, many: id }, Noun::parse)
}

/// "cinco kilogramos", "medio kilogramo", "un kilogramo y medio".
pub(super) fn measure(measure: &Measure, scene: &Scene<'_>) -> String {
    let Some(first) = measure.unit.over.first() else {
        let amount = numbers::amount(&measure.amount, Standing::Alone, scene);
        return numbers::join(&[amount, unit(&measure.unit, true, scene)]);
    };
    let noun = unit_noun(first.unit.0, scene.grammar);
    if let Amount::Fraction(fraction) = &measure.amount {
        return parted(fraction, &measure.unit, noun, scene);
    }
    let amount = numbers::amount(&measure.amount, noun.standing(), scene);
    let de = if measure.amount.last().is_some_and(numbers::takes_de) { "de " } else { "" };
    format!("{amount} {de}{}", unit(&measure.unit, !measure.amount.is_one(), scene))
}

/// A fraction of a unit: what is whole stands before the unit.
fn parted(fraction: &Fraction, measured: &Unit, noun: Noun, scene: &Scene<'_>) -> String {
    let half = (fraction.over, fraction.under) == (1, 2);
    let sign = numbers::sign(fraction.sign).to_owned();
    let words = match fraction.whole {
        None if half => format!("{} {}", numbers::half(noun.gender), unit(measured, false, scene)),
        None => format!("{} de {}", numbers::part(fraction), unit(measured, false, scene)),
        Some(whole) => {
            let part = if half { numbers::half(noun.gender).to_owned() } else { numbers::part(fraction) };
            let count = number::cardinal(whole, noun.standing());
            format!("{count} {} y {part}", unit(measured, whole != 1, scene))
        }
    };
    numbers::join(&[sign, words])
}

/// "kilómetros por hora", "por segundo".
pub(super) fn unit(unit: &Unit, many: bool, scene: &Scene<'_>) -> String {
    let mut words: Vec<String> =
        unit.over.iter().enumerate().map(|(index, each)| factor(each, many && index == 0, scene)).collect();
    words.extend(unit.under.iter().map(|per| format!("por {}", per_words(per, scene))));
    words.join(" ")
}

fn per_words(per: &Per, scene: &Scene<'_>) -> String {
    match per {
        Per::Unit(unit) => factor(unit, false, scene),
        Per::Noun(noun) => noun.clone(),
    }
}

/// One unit with its prefix, power, number and what is measured: "cien kilómetros", "gramos de C O
/// dos".
fn factor(factor: &UnitFactor, many: bool, scene: &Scene<'_>) -> String {
    let noun = unit_noun(factor.unit.0, scene.grammar);
    let several = many || factor.count.as_ref().is_some_and(|count| !count.is_one());
    let count = factor.count.as_ref().map(|count| numbers::with_signs(count, noun.standing(), scene));
    let prefix = factor.prefix.map_or("", |prefix| scene.grammar.get("prefixes", prefix.0).unwrap_or(prefix.0));
    let of = factor.of.as_deref().map(|value| {
        // A unit is the rest of a product in brackets: `W/(m·K)`.
        if let Value::Unit(rest) = value {
            unit(rest, false, scene)
        } else {
            format!("de {}", Spanish.words(value, scene))
        }
    });
    numbers::join(&[
        count.unwrap_or_default(),
        prefixed(prefix, noun.form(several)),
        power(factor.power, noun.gender, several),
        of.unwrap_or_default(),
    ])
}

/// A unit behind its prefix, whose last vowel is stressed before "metro": "kilómetro", and not
/// "kilogramo" (DPD, s. v. kilo-).
fn prefixed(prefix: &str, unit: &str) -> String {
    const STRESSED: [(char, char); 3] = [('a', 'á'), ('i', 'í'), ('o', 'ó')];
    let last = STRESSED.iter().find(|(plain, _)| prefix.ends_with(*plain) && unit.starts_with("metro"));
    match last {
        Some((plain, stressed)) => format!("{}{stressed}{unit}", prefix.trim_end_matches(*plain)),
        None => format!("{prefix}{unit}"),
    }
}

/// "cuadrados", "cúbica": the power agrees with the unit.
fn power(power: u8, gender: Gender, many: bool) -> String {
    let stem = match power {
        0 | 1 => return String::new(),
        2 => "cuadrad",
        3 => "cúbic",
        _ => return format!("elevado a {}", number::cardinal(u128::from(power), Standing::Alone)),
    };
    let ending = match (gender, many) {
        (Gender::Feminine, false) => "a",
        (Gender::Feminine, true) => "as",
        (Gender::Masculine | Gender::Neuter, false) => "o",
        (Gender::Masculine | Gender::Neuter, true) => "os",
    };
    format!("{stem}{ending}")
}

/// "cinco pies once".
pub(super) fn compound(compound: &Compound, scene: &Scene<'_>) -> String {
    let last = compound.parts.len().saturating_sub(1);
    let parts = compound.parts.iter().enumerate().map(|(index, (count, id))| {
        let noun = unit_noun(id.0, scene.grammar);
        if compound.terse && index == last {
            numbers::with_signs(count, Standing::Alone, scene)
        } else {
            format!("{} {}", numbers::with_signs(count, noun.standing(), scene), noun.form(!count.is_one()))
        }
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// "diez por ciento", "tres coma dos puntos porcentuales". Before "por ciento" nothing is
/// shortened.
pub(super) fn percent(percent: &Percent, scene: &Scene<'_>) -> String {
    let one = percent.amount.is_one();
    let (standing, words) = match percent.part {
        Part::Hundred => (Standing::Alone, "por ciento"),
        Part::Thousand => (Standing::Alone, "por mil"),
        Part::TenThousand => (Standing::Alone, "por diez mil"),
        Part::Points if one => (Standing::Masculine, "punto porcentual"),
        Part::Points => (Standing::Masculine, "puntos porcentuales"),
        Part::BasisPoints if one => (Standing::Masculine, "punto básico"),
        Part::BasisPoints => (Standing::Masculine, "puntos básicos"),
    };
    if let (true, Amount::Between(pair)) = (percent.twice, &percent.amount) {
        let say = |number: &Number| numbers::with_signs(number, standing, scene);
        return format!("{} {words} a {} {words}", say(&pair.0), say(&pair.1));
    }
    format!("{} {words}", numbers::amount(&percent.amount, standing, scene))
}

/// A currency of the table: its noun, that of its hundredths, the adjective of its country.
#[derive(Debug, Clone, Copy)]
struct Coin {
    noun: Noun,
    minor: Option<[&'static str; 2]>,
    country: Option<[&'static str; 2]>,
}

fn coin(currency: Currency, grammar: &Grammar) -> Option<Coin> {
    let entry = grammar.get("currencies", currency.code)?;
    let parts: Vec<&str> = entry.split(" | ").collect();
    let pair = |at: usize| Some([*parts.get(at)?, *parts.get(at + 1)?]);
    Some(Coin { noun: Noun::parse(entry), minor: pair(3), country: pair(5).filter(|_| currency.of_country) })
}

impl Coin {
    fn name(&self, many: bool) -> String {
        let country = self.country.map_or("", |[one, several]| if many { several } else { one });
        numbers::join(&[self.noun.form(many).to_owned(), country.to_owned()])
    }

    /// "cincuenta céntimos".
    fn minor(&self, count: u32) -> String {
        let name = self.minor.map_or("", |[one, several]| if count == 1 { one } else { several });
        numbers::join(&[number::cardinal(u128::from(count), Standing::Masculine), name.to_owned()])
    }
}

/// "veintisiete euros con cincuenta céntimos", "tres millones de euros".
pub(super) fn money(money: &Money, scene: &Scene<'_>) -> String {
    let per = money.per.iter().map(|per| format!("por {}", per_words(per, scene))).collect::<Vec<_>>().join(" ");
    let Some(coin) = coin(money.currency, scene.grammar) else {
        let amount = numbers::amount(&money.amount, Standing::Alone, scene);
        return numbers::join(&[amount, Spanish.spell(money.currency.code), per]);
    };
    let minor = money.minor.filter(|minor| *minor > 0).map(|minor| coin.minor(minor));
    let nothing = matches!(&money.amount, Amount::Number(number) if number.is_whole() && number.value() == Some(0));
    if let (true, Some(minor)) = (nothing, &minor) {
        let sign = money.amount.last().map_or(Sign::None, |number| number.sign);
        return numbers::join(&[numbers::sign(sign).to_owned(), minor.clone(), per]);
    }
    let name = coin.name(!money.amount.is_one());
    let part = matches!(money.amount, Amount::Fraction(_)) || money.amount.last().is_some_and(numbers::takes_de);
    let amount = numbers::amount(&money.amount, coin.noun.standing(), scene);
    let de = if part { "de".to_owned() } else { String::new() };
    let minor = minor.map_or_else(String::new, |minor| format!("con {minor}"));
    numbers::join(&[amount, de, name, minor, per])
}

/// The name of a currency by itself.
pub(super) fn currency(currency: Currency, grammar: &Grammar) -> String {
    coin(currency, grammar).map_or_else(|| Spanish.spell(currency.code), |coin| coin.name(true))
}

/// "cuarenta y ocho grados cincuenta y un minutos norte".
pub(super) fn angle(angle: &Angle, scene: &Scene<'_>) -> String {
    let part = |count: &Number, one: &str, many: &str| {
        let scene = scene.agreeing(with_noun(Gender::Masculine));
        format!("{} {}", numbers::cardinal(count, &scene), if count.is_one() { one } else { many })
    };
    let compass = angle.compass.map_or("", |compass| match compass {
        Compass::North => "norte",
        Compass::East => "este",
        Compass::South => "sur",
        Compass::West => "oeste",
    });
    numbers::join(&[
        part(&angle.degrees, "grado", "grados"),
        angle.minutes.as_ref().map_or_else(String::new, |minutes| part(minutes, "minuto", "minutos")),
        angle.seconds.as_ref().map_or_else(String::new, |seconds| part(seconds, "segundo", "segundos")),
        compass.to_owned(),
    ])
}

/// "tres horas veinticinco minutos".
pub(super) fn duration(duration: &Duration, scene: &Scene<'_>) -> String {
    let parts = duration.parts.iter().map(|(count, unit)| {
        let (gender, one, many) = match unit {
            TimeUnit::Day => (Gender::Masculine, "día", "días"),
            TimeUnit::Hour => (Gender::Feminine, "hora", "horas"),
            TimeUnit::Minute => (Gender::Masculine, "minuto", "minutos"),
            TimeUnit::Second => (Gender::Masculine, "segundo", "segundos"),
        };
        let standing = agree::standing_of(with_noun(gender));
        format!("{} {}", numbers::with_signs(count, standing, scene), if count.is_one() { one } else { many })
    });
    parts.collect::<Vec<_>>().join(" ")
}
