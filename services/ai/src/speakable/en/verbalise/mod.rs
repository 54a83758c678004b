//! What is said for each family of values in English: one method each, in the file of its subject.

mod dates;
mod marked;
mod maths;
mod measures;
mod money;
mod names;
mod numbers;
mod references;
mod signs;
mod web;

use super::{English, number};
use crate::speakable::language::Rules;
use crate::speakable::latex;
use crate::speakable::span::{
    Abbreviation, Angle, Chemical, Compound, Currency, Date, Decade, Duration, EmojiSequence, Ending, Era, Exponent,
    Fraction, Key, Locator, Measure, Money, Number, Ordinal, Percent, Piece, Range, Reference, Roman, Street, Symbol,
    Time, Unit, Value, Verse, Year,
};
use crate::speakable::verbalise::{Scene, Verbaliser};

impl Verbaliser for English {
    fn cardinal(&self, number: &Number, _scene: &Scene<'_>) -> String {
        numbers::cardinal(number)
    }

    fn ordinal(&self, ordinal: &Ordinal, _scene: &Scene<'_>) -> String {
        number::ordinal(ordinal.number)
    }

    fn digit_words(&self, digits: &str) -> String {
        number::digits(digits)
    }

    fn name_number(&self, digits: &str) -> String {
        number::in_name(digits)
    }

    fn fraction(&self, fraction: &Fraction, _scene: &Scene<'_>) -> String {
        numbers::fraction(fraction)
    }

    fn ratio(&self, parts: &[Number], _scene: &Scene<'_>) -> String {
        numbers::joined(parts, " to ")
    }

    fn score(&self, parts: &[u32], _scene: &Scene<'_>) -> String {
        parts.iter().map(|points| number::cardinal(u128::from(*points))).collect::<Vec<_>>().join(" to ")
    }

    fn product(&self, factors: &[Number], times: bool, _scene: &Scene<'_>) -> String {
        numbers::joined(factors, if times { " times " } else { " by " })
    }

    fn range(&self, range: &Range, scene: &Scene<'_>) -> String {
        format!("{} to {}", self.words(&range.from, scene), self.words(&range.to, scene))
    }

    fn measure(&self, measure: &Measure, scene: &Scene<'_>) -> String {
        measures::measure(measure, scene)
    }

    fn unit(&self, unit: &Unit, scene: &Scene<'_>) -> String {
        measures::unit_alone(unit, scene)
    }

    fn compound(&self, compound: &Compound, scene: &Scene<'_>) -> String {
        measures::compound(compound, scene)
    }

    fn percent(&self, percent: &Percent, _scene: &Scene<'_>) -> String {
        measures::percent(percent)
    }

    fn money(&self, money: &Money, scene: &Scene<'_>) -> String {
        money::money(money, scene)
    }

    fn currency(&self, currency: Currency, scene: &Scene<'_>) -> String {
        money::currency(currency, scene)
    }

    fn angle(&self, angle: &Angle, _scene: &Scene<'_>) -> String {
        measures::angle(angle)
    }

    fn date(&self, date: &Date, scene: &Scene<'_>) -> String {
        dates::date(date, scene)
    }

    fn year(&self, year: &Year, _scene: &Scene<'_>) -> String {
        dates::year(year)
    }

    fn decade(&self, decade: &Decade, _scene: &Scene<'_>) -> String {
        dates::decade(decade)
    }

    fn century(&self, number: u32, era: Option<Era>, _scene: &Scene<'_>) -> String {
        dates::century(number, era)
    }

    fn time(&self, time: &Time, _scene: &Scene<'_>) -> String {
        dates::time(time)
    }

    fn duration(&self, duration: &Duration, _scene: &Scene<'_>) -> String {
        dates::duration(duration)
    }

    fn reference(&self, reference: &Reference, scene: &Scene<'_>) -> String {
        references::reference(reference, scene)
    }

    fn locator(&self, locator: &Locator, scene: &Scene<'_>) -> String {
        references::locator(locator, scene)
    }

    fn verse(&self, verse: &Verse, _scene: &Scene<'_>) -> String {
        references::verse(verse)
    }

    fn roman(&self, roman: &Roman, _scene: &Scene<'_>) -> String {
        references::roman(roman)
    }

    fn phone(&self, international: bool, groups: &[String], extension: Option<&str>, _scene: &Scene<'_>) -> String {
        names::phone(international, groups, extension)
    }

    fn version(&self, named: bool, machine: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
        references::version(named, machine, parts, scene)
    }

    fn outline(&self, parts: &[Piece], scene: &Scene<'_>) -> String {
        marked::outline(parts, scene)
    }

    fn path(&self, parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
        web::path(parts, slashes, rooted, scene)
    }

    fn hex(&self, colour: bool, digits: &str, _scene: &Scene<'_>) -> String {
        web::hex(colour, digits)
    }

    fn chord(&self, keys: &[Key], scene: &Scene<'_>) -> String {
        names::chord(keys, scene)
    }

    fn street(&self, street: &Street, scene: &Scene<'_>) -> String {
        names::street(street, scene)
    }

    fn symbol(&self, symbol: Symbol, scene: &Scene<'_>) -> Option<String> {
        signs::symbol(symbol, scene)
    }

    fn chemical(&self, chemical: &Chemical, scene: &Scene<'_>) -> String {
        maths::chemical(chemical, scene)
    }

    fn greek(&self, letters: &[char], scene: &Scene<'_>) -> String {
        signs::greek(letters, scene)
    }

    fn power(&self, base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
        maths::power(base, exponent, scene)
    }

    fn applied(&self, function: char, scene: &Scene<'_>) -> String {
        format!("{} of", maths::term(&Value::Letter(function), scene))
    }

    fn terms(&self, terms: &[Value], scene: &Scene<'_>) -> String {
        terms.iter().map(|term| maths::term(term, scene)).collect::<Vec<_>>().join(" ")
    }

    fn formula(&self, latex: &str) -> Option<String> {
        latex::read(latex, self, self.grammar())
    }

    fn abbreviation(&self, abbreviation: &Abbreviation, _scene: &Scene<'_>) -> String {
        names::abbreviation(abbreviation)
    }

    fn emoji(&self, emoji: &EmojiSequence, _scene: &Scene<'_>) -> String {
        names::emoji(emoji)
    }

    fn ending(&self, ending: Ending) -> &'static str {
        names::ending(ending)
    }
}
