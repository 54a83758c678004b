//! Amounts of units and of money, percent and angles.

use super::count::{amount, counted, joined, number_words, plain};
use super::inflection::{case_of, gender, lowered};
use super::number;
use crate::speakable::grammar::Grammar;
use crate::speakable::span::{
    Amount, Angle, Compass, Compound, Currency, Measure, Money, Number, Part, Per, Percent, Unit, UnitFactor, Value,
};
use crate::speakable::verbalise::{Case, Gender, Scene, Verbaliser};

/// A unit as it stands behind a number: its words for one and for many, and its gender.
struct Named {
    one: String,
    many: String,
    gender: Gender,
}

/// The parts of a table's value; empty where it has fewer.
fn parts<const N: usize>(value: &'static str) -> [&'static str; N] {
    let mut parts = value.split(" | ");
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The name of a unit by its id: with a prefix and a power before it as one word ("Quadratmeter").
fn named(factor: &UnitFactor, grammar: &Grammar) -> Named {
    let value = grammar.get("units", factor.unit.0).unwrap_or(factor.unit.0);
    let [one, many, letter] = parts(value);
    let many = if many.is_empty() { one } else { many };
    let prefix = factor.prefix.map(|prefix| grammar.get("prefixes", prefix.0).unwrap_or(prefix.0)).unwrap_or_default();
    let power = match factor.power {
        2 => "Quadrat",
        3 => "Kubik",
        _ => "",
    };
    let whole = |name: &str| {
        let mut whole = name.to_owned();
        for before in [prefix, power] {
            if !before.is_empty() {
                whole = format!("{before}{}", lowered(&whole));
            }
        }
        match factor.power {
            0..=3 => whole,
            more => format!("{whole} hoch {}", number::cardinal(u128::from(more))),
        }
    };
    Named { one: whole(one), many: whole(many), gender: gender(letter) }
}

/// The product of units that is measured, with what it is of: two plain units are one word
/// ("Newtonmeter").
fn product(factors: &[UnitFactor], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> Named {
    let mut whole = Named { one: String::new(), many: String::new(), gender: Gender::Masculine };
    let compound = matches!(factors, [first, second] if first.power == 1 && second.power == 1 && first.of.is_none());
    for factor in factors {
        let mut name = named(factor, scene.grammar);
        if let Some(count) = &factor.count {
            name = Named {
                one: format!("{} {}", plain(count), name.many),
                many: format!("{} {}", plain(count), name.many),
                ..name
            };
        }
        if let Some(of) = &factor.of {
            let rest = if let Value::Unit(rest) = of.as_ref() { Some(rest) } else { None };
            let of =
                rest.map_or_else(|| verbaliser.words(of, scene), |rest| product(&rest.over, verbaliser, scene).one);
            name = Named { one: format!("{} {of}", name.one), many: format!("{} {of}", name.many), ..name };
        }
        whole = if whole.many.is_empty() {
            name
        } else if compound {
            let (one, many) = (lowered(&name.one), lowered(&name.many));
            Named { one: format!("{}{one}", whole.one), many: format!("{}{many}", whole.one), gender: name.gender }
        } else {
            Named {
                one: format!("{} {}", whole.one, name.one),
                many: format!("{} {}", whole.one, name.many),
                gender: name.gender,
            }
        };
    }
    whole
}

/// "pro Stunde", "pro hundert Kilometer", "pro Monat".
pub(super) fn per(under: &[Per], verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let mut words = String::new();
    for per in under {
        let name = match per {
            Per::Unit(factor) => product(std::slice::from_ref(factor), verbaliser, scene).one,
            Per::Noun(noun) => noun.clone(),
        };
        words.push_str(" pro ");
        words.push_str(&name);
    }
    words
}

/// "fünf Kilogramm", "einer Stunde".
pub(super) fn measure(measure: &Measure, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let name = product(&measure.unit.over, verbaliser, scene);
    let case = case_of(scene);
    let words = amount(&measure.amount, name.gender, case);
    let single = match &measure.amount {
        Amount::Number(n) => n.is_one(),
        Amount::Fraction(f) => f.whole.is_none(),
        Amount::Between(_) | Amount::Product(_) | Amount::Tolerance(_) => false,
    };
    let unit = if single { name.one } else { dative(name.many, case) };
    let under = per(&measure.unit.under, verbaliser, scene);
    if unit.is_empty() { format!("{words}{under}") } else { format!("{words} {unit}{under}") }
}

/// The ending of many in the dative, of nouns whose plural ends in e: "in fünf Tagen".
fn dative(many: String, case: Case) -> String {
    let inflected = ["Tage", "Jahre", "Monate"].contains(&many.as_str());
    if inflected && case == Case::Dative { many + "n" } else { many }
}

/// "Meter pro Sekunde", "pro Sekunde".
pub(super) fn unit(unit: &Unit, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let words = product(&unit.over, verbaliser, scene).many + &per(&unit.under, verbaliser, scene);
    words.trim_start().to_owned()
}

/// "fünf Fuß elf Zoll".
pub(super) fn compound(compound: &Compound, scene: &Scene<'_>) -> String {
    let last = compound.parts.len().saturating_sub(1);
    let words = compound.parts.iter().enumerate().map(|(at, (n, id))| {
        let [one, many, letter] = parts(scene.grammar.get("units", id.0).unwrap_or(id.0));
        if compound.terse && at == last {
            return plain(n);
        }
        let name = if n.is_one() || many.is_empty() { one } else { many };
        format!("{} {name}", counted(n, gender(letter), case_of(scene)))
    });
    joined(words, " ")
}

/// "fünfundvierzig Prozent".
pub(super) fn percent(percent: &Percent, scene: &Scene<'_>) -> String {
    let single = percent.amount.is_one();
    let (name, of) = match percent.part {
        Part::Hundred => ("Prozent", Gender::Neuter),
        Part::Thousand => ("Promille", Gender::Neuter),
        Part::TenThousand => ("pro Zehntausend", Gender::Neuter),
        Part::Points if single => ("Prozentpunkt", Gender::Masculine),
        Part::Points => ("Prozentpunkte", Gender::Masculine),
        Part::BasisPoints if single => ("Basispunkt", Gender::Masculine),
        Part::BasisPoints => ("Basispunkte", Gender::Masculine),
    };
    let case = case_of(scene);
    if let (true, Amount::Between(ends)) = (percent.twice, &percent.amount) {
        return format!("{} {name} bis {} {name}", number_words(&ends.0, "ein"), number_words(&ends.1, "ein"));
    }
    format!("{} {name}", amount(&percent.amount, of, case))
}

/// A currency's name for one and for many, its gender, and the names of its hundredth.
fn currency_names(currency: Currency, grammar: &Grammar) -> Option<[&'static str; 5]> {
    let [one, many, letter, cent, cents, one_of, many_of] = parts(grammar.get("currencies", currency.code)?);
    let told = currency.of_country && !one_of.is_empty();
    Some(if told { [one_of, many_of, letter, cent, cents] } else { [one, many, letter, cent, cents] })
}

/// "siebenundzwanzig Euro fünfzig", "neunundneunzig Cent", "drei Millionen Euro pro Jahr".
pub(super) fn money(money: &Money, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    let under = per(&money.per, verbaliser, scene);
    let case = case_of(scene);
    let Some([one, many, letter, cent, cents]) = currency_names(money.currency, scene.grammar) else {
        let digits = |minor: u32| format!(" Komma {}", number::digits(&format!("{minor:02}")));
        let hundredths = money.minor.map(digits).unwrap_or_default();
        let words = amount(&money.amount, Gender::Masculine, case);
        return format!("{words}{hundredths} {}{under}", verbaliser.spell(money.currency.code));
    };
    let of = gender(letter);
    if let (Some(minor), Amount::Number(n)) = (money.minor, &money.amount) {
        let hundredths = number::cardinal(u128::from(minor));
        let whole = format!("{} {}", counted(n, of, case), if n.is_one() { one } else { many });
        return match (n.value(), minor) {
            (_, 0) => format!("{whole}{under}"),
            (Some(0), _) => {
                let alone = Number { whole: minor.to_string(), ..n.clone() };
                let name = if minor == 1 { cent } else { cents };
                format!("{} {name}{under}", counted(&alone, Gender::Masculine, case))
            }
            _ => format!("{whole} {hundredths}{under}"),
        };
    }
    let name = if money.amount.is_one() { one } else { many };
    format!("{} {name}{under}", amount(&money.amount, of, case))
}

/// A currency by itself.
pub(super) fn currency(currency: Currency, verbaliser: &dyn Verbaliser, scene: &Scene<'_>) -> String {
    currency_names(currency, scene.grammar).map_or_else(|| verbaliser.spell(currency.code), |[one, ..]| one.to_owned())
}

const fn direction(compass: Compass) -> &'static str {
    match compass {
        Compass::North => "Nord",
        Compass::East => "Ost",
        Compass::South => "Süd",
        Compass::West => "West",
    }
}

/// "achtundvierzig Grad einundfünfzig Minuten Nord".
pub(super) fn angle(angle: &Angle) -> String {
    let mut words = format!("{} Grad", number_words(&angle.degrees, "ein"));
    for (part, one, many) in [(&angle.minutes, "Minute", "Minuten"), (&angle.seconds, "Sekunde", "Sekunden")] {
        if let Some(n) = part {
            let name = if n.is_one() { one } else { many };
            words = format!("{words} {} {name}", number_words(n, "eine"));
        }
    }
    match angle.compass {
        Some(compass) => format!("{words} {}", direction(compass)),
        None => words,
    }
}
