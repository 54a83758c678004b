//! Units, money, percentages and angles in French.

use super::French;
use super::counting::{self, Noun, amount, counted, number_words};
use super::number::{self as words, Agreement};
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{
    Amount, Angle, Compass, Compound, Currency, Measure, Money, Number, Part, Per, Percent, Unit, UnitFactor, Value,
};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Below so many hundredths the name of the minor unit is said, or they would be heard as a part of
/// the number before them: "deux euros cinq centimes", but "deux euros cinquante".
const FEWEST_BARE_HUNDREDTHS: u32 = 10;

/// The name of a unit with its prefix.
fn unit_name(grammar: &Grammar, factor: &UnitFactor) -> Noun {
    let id = factor.unit.0;
    let own = factor.prefix.and_then(|prefix| grammar.get("units", &format!("{} {id}", prefix.0)));
    if let Some(entry) = own {
        return Noun::read(entry);
    }
    let prefix = factor.prefix.map_or("", |prefix| grammar.get("prefixes", prefix.0).unwrap_or(prefix.0));
    let noun = grammar.get("units", id).map_or_else(|| Noun::invariable(&id.replace('_', " ")), Noun::read);
    Noun { one: format!("{prefix}{}", noun.one), many: format!("{prefix}{}", noun.many), feminine: noun.feminine }
}

/// The name of a unit with its power: "mètres carrés", "seconde carrée" (BIPM, Brochure sur le SI).
fn factor_name(factor: &UnitFactor, scene: &Scene<'_>) -> Noun {
    let mut noun = unit_name(scene.grammar, factor);
    let e = if noun.feminine { "e" } else { "" };
    let (one, many) = match factor.power {
        0 | 1 => (String::new(), String::new()),
        2 => (format!(" carré{e}"), format!(" carré{e}s")),
        3 => (" cube".to_owned(), " cubes".to_owned()),
        power => {
            let power = words::cardinal(u128::from(power), Agreement::Masculine);
            (format!(" à la puissance {power}"), format!(" à la puissance {power}"))
        }
    };
    noun.one.push_str(&one);
    noun.many.push_str(&many);
    if let Some(of) = &factor.of {
        // Other factors of a divisor in brackets are behind it: "watts par mètre kelvin".
        let behind = if let Value::Unit(rest) = of.as_ref() {
            unit_noun(rest, scene).one
        } else {
            super::agreement::of(&French.words(of, scene))
        };
        noun.one = format!("{} {behind}", noun.one);
        noun.many = format!("{} {behind}", noun.many);
    }
    noun
}

/// " par seconde", " aux cent kilomètres", " par mois".
fn per(per: &Per, scene: &Scene<'_>) -> String {
    match per {
        Per::Noun(noun) => format!(" par {noun}"),
        Per::Unit(factor) => {
            let noun = factor_name(factor, scene);
            match factor.count.as_ref().filter(|count| !count.is_one()) {
                Some(count) => format!(" aux {}", counted(count, &noun)),
                None => format!(" par {}", noun.one),
            }
        }
    }
}

/// The name of a product of units, and what it is per.
fn unit_noun(unit: &Unit, scene: &Scene<'_>) -> Noun {
    let factors: Vec<Noun> = unit.over.iter().map(|factor| factor_name(factor, scene)).collect();
    let join = |names: Vec<&str>| names.join(" ");
    let under: String = unit.under.iter().map(|one| per(one, scene)).collect();
    Noun {
        one: join(factors.iter().map(|noun| noun.one.as_str()).collect()) + &under,
        many: join(factors.iter().map(|noun| noun.many.as_str()).collect()) + &under,
        feminine: factors.first().is_some_and(|noun| noun.feminine),
    }
}

/// "cinq kilogrammes", "une tonne".
pub(super) fn measure(measure: &Measure, scene: &Scene<'_>) -> String {
    amount(&measure.amount, &unit_noun(&measure.unit, scene))
}

/// A unit by itself: in the plural.
pub(super) fn unit(unit: &Unit, scene: &Scene<'_>) -> String {
    unit_noun(unit, scene).many.trim().to_owned()
}

/// "cinq pieds onze".
pub(super) fn compound(compound: &Compound, scene: &Scene<'_>) -> String {
    let last = compound.parts.len().saturating_sub(1);
    let parts = compound.parts.iter().enumerate().map(|(at, (value, unit))| {
        let noun = scene.grammar.get("units", unit.0).map_or_else(|| Noun::invariable(unit.0), Noun::read);
        if compound.terse && at == last && at > 0 {
            number_words(value, Agreement::gender(noun.feminine))
        } else {
            counted(value, &noun)
        }
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// "dix pour cent", "trois points de base".
pub(super) fn percent(percent: &Percent) -> String {
    let invariable = match percent.part {
        Part::Hundred => "pour cent",
        Part::Thousand => "pour mille",
        Part::TenThousand => "pour dix mille",
        Part::Points => return amount(&percent.amount, &Noun::read("point de pourcentage | points de pourcentage")),
        Part::BasisPoints => return amount(&percent.amount, &Noun::read("point de base | points de base")),
    };
    let part = |value: &Number| format!("{} {invariable}", number_words(value, Agreement::Masculine));
    match &percent.amount {
        Amount::Between(pair) if percent.twice => format!("{} à {}", part(&pair.0), part(&pair.1)),
        Amount::Fraction(fraction) => format!("{} {invariable}", counting::fraction(fraction)),
        Amount::Number(value) => part(value),
        Amount::Between(_) | Amount::Tolerance(_) | Amount::Product(_) => {
            amount(&percent.amount, &Noun::invariable(invariable))
        }
    }
}

/// The name of a currency and of its minor unit.
struct Names {
    main: Noun,
    minor: Noun,
}

/// An entry of `currencies`: `livre sterling | livres sterling | penny | pence | f`, with `fm` for
/// a feminine minor unit and `land = américain / américains` for what is said of the country.
fn names(currency: Currency, grammar: &Grammar) -> Names {
    let Some(entry) = grammar.get("currencies", currency.code) else {
        let main = Noun::invariable(&French.spell(currency.code));
        return Names { main, minor: Noun::invariable("centimes") };
    };
    let parts: Vec<&str> = entry.split(" | ").collect();
    let at = |index: usize| parts.get(index).copied().unwrap_or_default();
    let flag = |flag: &str| parts.iter().skip(4).any(|part| *part == flag);
    let land = parts.iter().find_map(|part| part.strip_prefix("land = ")).filter(|_| currency.of_country);
    let (one, many) = land.map_or(("", ""), |land| land.split_once(" / ").unwrap_or((land, land)));
    let name = |noun: &str, land: &str| format!("{noun} {land}").trim_end().to_owned();
    Names {
        main: Noun { one: name(at(0), one), many: name(at(1), many), feminine: flag("f") },
        minor: Noun { one: at(2).to_owned(), many: at(3).to_owned(), feminine: flag("fm") },
    }
}

/// "vingt-sept euros cinquante", "trois millions d'euros".
pub(super) fn money(money: &Money, scene: &Scene<'_>) -> String {
    let names = names(money.currency, scene.grammar);
    let words = match (&money.amount, money.minor) {
        (Amount::Number(value), Some(minor)) if minor > 0 => with_minor(value, minor, &names),
        (of, _) => amount(of, &names.main),
    };
    let under: String = money.per.iter().map(|one| per(one, scene)).collect();
    words + &under
}

/// An amount with hundredths that are said apart.
fn with_minor(value: &Number, minor: u32, names: &Names) -> String {
    let hundredths = Number::of(u128::from(minor));
    if value.whole.is_empty() || value.value() == Some(0) {
        let alone = Number { sign: value.sign, bound: value.bound, ..hundredths };
        return counted(&alone, &names.minor);
    }
    let minor = if minor < FEWEST_BARE_HUNDREDTHS {
        counted(&hundredths, &names.minor)
    } else {
        words::cardinal(u128::from(minor), Agreement::gender(names.minor.feminine))
    };
    format!("{} {minor}", counted(value, &names.main))
}

/// A currency by itself: in the plural.
pub(super) fn currency(currency: Currency, scene: &Scene<'_>) -> String {
    names(currency, scene.grammar).main.many
}

/// "quarante-huit degrés cinquante-et-une minutes nord".
pub(super) fn angle(angle: &Angle) -> String {
    let mut parts = vec![counted(&angle.degrees, &Noun::read("degré | degrés"))];
    parts.extend(angle.minutes.as_ref().map(|minutes| counted(minutes, &Noun::read("minute | minutes | f"))));
    parts.extend(angle.seconds.as_ref().map(|seconds| counted(seconds, &Noun::read("seconde | secondes | f"))));
    parts.extend(angle.compass.map(|compass| {
        let side = match compass {
            Compass::North => "nord",
            Compass::East => "est",
            Compass::South => "sud",
            Compass::West => "ouest",
        };
        side.to_owned()
    }));
    parts.join(" ")
}
