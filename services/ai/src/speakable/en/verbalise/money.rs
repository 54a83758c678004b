//! Money, in English.

use super::super::{English, number};
use super::measures::per;
use super::numbers::{self, together};
use crate::speakable::span::{Amount, Currency, Money};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// The names of a currency: a line of the table `currencies`.
struct Names {
    one: String,
    many: String,
    minor_one: String,
    minor_many: String,
    /// The name stands in the plural before a noun as well.
    keeps_plural: bool,
}

impl Names {
    /// Those of a currency; of a code without names, its letters.
    fn of(currency: Currency, scene: &Scene<'_>) -> Self {
        let Some(line) = scene.grammar.get("currencies", currency.code) else {
            let letters = English.spell(currency.code);
            return Self {
                one: letters.clone(),
                many: letters,
                minor_one: "cent".to_owned(),
                minor_many: "cents".to_owned(),
                keeps_plural: false,
            };
        };
        let mut fields = line.split(" | ");
        let mut field = || fields.next().unwrap_or_default().to_owned();
        let (one, many, minor_one, minor_many, country) = (field(), field(), field(), field(), field());
        let country = if currency.of_country && country != "-" { country.as_str() } else { "" };
        Self {
            one: together([country, &one]),
            many: together([country, &many]),
            minor_one,
            minor_many,
            keeps_plural: field() == "plural",
        }
    }
}

/// "five dollars and fifty cents", "five point three million dollars", "three dollars per month".
pub(super) fn money(money: &Money, scene: &Scene<'_>) -> String {
    let names = Names::of(money.currency, scene);
    let amount = numbers::amount(&money.amount);
    let adjective = money.adjective && !names.keeps_plural && money.minor.is_none();
    let single = adjective || numbers::is_one(&money.amount);
    let name = if single { &names.one } else { &names.many };
    let words = match money.minor {
        None => together([amount.as_str(), name]),
        Some(minor) => {
            let count = number::cardinal(u128::from(minor));
            let minor = format!("{count} {}", if minor == 1 { &names.minor_one } else { &names.minor_many });
            match &money.amount {
                Amount::Number(number) if number.whole == "0" => together([numbers::lead(number).as_str(), &minor]),
                Amount::Number(_)
                | Amount::Fraction(_)
                | Amount::Between(_)
                | Amount::Product(_)
                | Amount::Tolerance(_) => format!("{amount} {name} and {minor}"),
            }
        }
    };
    let rates: Vec<String> = money.per.iter().map(|rate| per(rate, scene)).collect();
    together(std::iter::once(words.as_str()).chain(rates.iter().map(String::as_str)))
}

/// "euros": the sign by itself.
pub(super) fn currency(currency: Currency, scene: &Scene<'_>) -> String {
    Names::of(currency, scene).many
}
