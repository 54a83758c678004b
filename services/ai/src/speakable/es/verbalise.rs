//! What is said for each family of values in Spanish: one method each, in the file of its subject.

mod agree;
mod calendar;
mod names;
mod numbers;
mod quantity;
mod reference;
mod science;

use super::Spanish;
use super::number::{self, Standing};
use crate::speakable::language::Rules;
use crate::speakable::latex;
use crate::speakable::span::{
    Angle, Chemical, Compound, Currency, Date, Decade, Duration, EmojiSequence, Ending, Era, Exponent, Fraction, Key,
    Locator, Measure, Money, Number, Ordinal, Percent, Piece, Range, Reference, Roman, Street, Symbol, Time, Unit,
    Value, Verse, Year,
};
use crate::speakable::verbalise::{Scene, Verbaliser};

impl Verbaliser for Spanish {
    fn cardinal(&self, number: &Number, scene: &Scene<'_>) -> String {
        numbers::cardinal(number, scene)
    }

    fn ordinal(&self, ordinal: &Ordinal, _scene: &Scene<'_>) -> String {
        numbers::ordinal(ordinal)
    }

    fn digit_words(&self, digits: &str) -> String {
        number::digits(digits)
    }

    fn name_number(&self, digits: &str) -> String {
        names::name_number(digits)
    }

    fn fraction(&self, fraction: &Fraction, scene: &Scene<'_>) -> String {
        numbers::fraction(fraction, scene)
    }

    fn ratio(&self, parts: &[Number], scene: &Scene<'_>) -> String {
        numbers::joined(parts, " a ", scene)
    }

    fn score(&self, parts: &[u32], _scene: &Scene<'_>) -> String {
        let parts = parts.iter().map(|points| number::cardinal(u128::from(*points), Standing::Alone));
        parts.collect::<Vec<_>>().join(" a ")
    }

    fn product(&self, factors: &[Number], _times: bool, scene: &Scene<'_>) -> String {
        numbers::joined(factors, " por ", scene)
    }

    fn range(&self, range: &Range, scene: &Scene<'_>) -> String {
        if let (Value::Time(from), Value::Time(to)) = (&range.from, &range.to) {
            return calendar::hours(from, to, scene);
        }
        format!("{} a {}", self.words(&range.from, scene), self.words(&range.to, scene))
    }

    fn measure(&self, measure: &Measure, scene: &Scene<'_>) -> String {
        quantity::measure(measure, scene)
    }

    fn unit(&self, unit: &Unit, scene: &Scene<'_>) -> String {
        quantity::unit(unit, true, scene)
    }

    fn compound(&self, compound: &Compound, scene: &Scene<'_>) -> String {
        quantity::compound(compound, scene)
    }

    fn percent(&self, percent: &Percent, scene: &Scene<'_>) -> String {
        quantity::percent(percent, scene)
    }

    fn money(&self, money: &Money, scene: &Scene<'_>) -> String {
        quantity::money(money, scene)
    }

    fn currency(&self, currency: Currency, scene: &Scene<'_>) -> String {
        quantity::currency(currency, scene.grammar)
    }

    fn angle(&self, angle: &Angle, scene: &Scene<'_>) -> String {
        quantity::angle(angle, scene)
    }

    fn date(&self, date: &Date, scene: &Scene<'_>) -> String {
        calendar::date(date, scene)
    }

    fn year(&self, year: &Year, _scene: &Scene<'_>) -> String {
        calendar::year(year)
    }

    fn decade(&self, decade: &Decade, _scene: &Scene<'_>) -> String {
        calendar::decade(decade)
    }

    fn century(&self, number: u32, era: Option<Era>, _scene: &Scene<'_>) -> String {
        calendar::century(number, era)
    }

    fn time(&self, time: &Time, scene: &Scene<'_>) -> String {
        calendar::time(time, scene)
    }

    fn duration(&self, duration: &Duration, scene: &Scene<'_>) -> String {
        quantity::duration(duration, scene)
    }

    fn reference(&self, reference: &Reference, _scene: &Scene<'_>) -> String {
        reference::reference(reference)
    }

    fn locator(&self, locator: &Locator, _scene: &Scene<'_>) -> String {
        reference::locator(locator)
    }

    fn verse(&self, verse: &Verse, scene: &Scene<'_>) -> String {
        reference::verse(verse, scene)
    }

    fn roman(&self, roman: &Roman, scene: &Scene<'_>) -> String {
        reference::roman(roman, scene)
    }

    fn phone(&self, international: bool, groups: &[String], extension: Option<&str>, _scene: &Scene<'_>) -> String {
        names::phone(international, groups, extension)
    }

    fn version(&self, named: bool, _machine: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
        names::version(named, parts, scene)
    }

    fn outline(&self, parts: &[Piece], scene: &Scene<'_>) -> String {
        format!("{}.", names::dotted(parts, scene))
    }

    fn path(&self, parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
        names::path(parts, slashes, rooted, scene)
    }

    fn hex(&self, _colour: bool, digits: &str, _scene: &Scene<'_>) -> String {
        names::hex(digits)
    }

    fn chord(&self, keys: &[Key], scene: &Scene<'_>) -> String {
        names::chord(keys, scene)
    }

    fn street(&self, street: &Street, scene: &Scene<'_>) -> String {
        names::street(street, scene)
    }

    fn symbol(&self, symbol: Symbol, scene: &Scene<'_>) -> Option<String> {
        scene.grammar.get("signs", symbol.0).filter(|words| !words.is_empty()).map(str::to_owned)
    }

    fn chemical(&self, chemical: &Chemical, scene: &Scene<'_>) -> String {
        science::chemical(chemical, scene)
    }

    fn greek(&self, letters: &[char], scene: &Scene<'_>) -> String {
        science::greek(letters, scene)
    }

    fn power(&self, base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
        science::power(base, exponent, scene)
    }

    fn applied(&self, function: char, _scene: &Scene<'_>) -> String {
        science::applied(function)
    }

    fn formula(&self, latex: &str) -> Option<String> {
        latex::read(latex, self, self.grammar())
    }

    fn emoji(&self, emoji: &EmojiSequence, _scene: &Scene<'_>) -> String {
        names::emoji(emoji)
    }

    /// The plural of acronyms has no ending of its own: the article tells it ("las ONG").
    fn ending(&self, _ending: Ending) -> &'static str {
        ""
    }
}
