//! What is said for each family of values: one method each, in the file of its subject.

use super::{German, calendar, count, name, number, quantity, reference, science};
use crate::speakable::latex;
use crate::speakable::span::{
    Abbreviation, Acronym, Angle, Chemical, Compound, Currency, Date, Decade, Duration, EmojiSequence, Ending, Era,
    Exponent, Fraction, Key, Locator, Measure, Money, Number, Ordinal, Percent, Piece, Range, Reference, Roman, Street,
    Symbol, Time, Unit, Value, Verse, Year,
};
use crate::speakable::verbalise::{Scene, Verbaliser};

/// Digits of the longest number in a name that is said as one number.
const LONGEST_NAME_NUMBER: usize = 4;

/// The noun whose genitive is heard where it is shortened: "des neunzehnten Jahrhunderts".
const CENTURY: &str = "Jahrhundert";

impl Verbaliser for German {
    fn cardinal(&self, number: &Number, scene: &Scene<'_>) -> String {
        count::cardinal(number, scene)
    }

    fn ordinal(&self, ordinal: &Ordinal, scene: &Scene<'_>) -> String {
        count::ordinal(ordinal, scene)
    }

    fn digit_words(&self, digits: &str) -> String {
        number::digits(digits)
    }

    fn name_number(&self, digits: &str) -> String {
        if digits.len() <= LONGEST_NAME_NUMBER { number::integer(digits) } else { number::digits(digits) }
    }

    fn fraction(&self, fraction: &Fraction, scene: &Scene<'_>) -> String {
        count::fraction(fraction, scene)
    }

    fn ratio(&self, parts: &[Number], _scene: &Scene<'_>) -> String {
        count::joined(parts.iter().map(count::plain), " zu ")
    }

    fn score(&self, parts: &[u32], _scene: &Scene<'_>) -> String {
        count::joined(parts.iter().map(|n| number::cardinal(u128::from(*n))), " zu ")
    }

    fn product(&self, factors: &[Number], _times: bool, _scene: &Scene<'_>) -> String {
        count::joined(factors.iter().map(count::plain), " mal ")
    }

    fn range(&self, range: &Range, scene: &Scene<'_>) -> String {
        count::range(range, self, scene)
    }

    fn measure(&self, measure: &Measure, scene: &Scene<'_>) -> String {
        quantity::measure(measure, self, scene)
    }

    fn unit(&self, unit: &Unit, scene: &Scene<'_>) -> String {
        quantity::unit(unit, self, scene)
    }

    fn compound(&self, compound: &Compound, scene: &Scene<'_>) -> String {
        quantity::compound(compound, scene)
    }

    fn percent(&self, percent: &Percent, scene: &Scene<'_>) -> String {
        quantity::percent(percent, scene)
    }

    fn money(&self, money: &Money, scene: &Scene<'_>) -> String {
        quantity::money(money, self, scene)
    }

    fn currency(&self, currency: Currency, scene: &Scene<'_>) -> String {
        quantity::currency(currency, self, scene)
    }

    fn angle(&self, angle: &Angle, _scene: &Scene<'_>) -> String {
        quantity::angle(angle)
    }

    fn date(&self, date: &Date, scene: &Scene<'_>) -> String {
        calendar::date(date, scene)
    }

    fn year(&self, year: &Year, _scene: &Scene<'_>) -> String {
        calendar::year(year)
    }

    fn decade(&self, decade: &Decade, scene: &Scene<'_>) -> String {
        calendar::decade(decade, scene)
    }

    fn century(&self, number: u32, era: Option<Era>, scene: &Scene<'_>) -> String {
        calendar::century(number, era, scene)
    }

    fn time(&self, time: &Time, _scene: &Scene<'_>) -> String {
        calendar::time(time, self)
    }

    fn duration(&self, duration: &Duration, scene: &Scene<'_>) -> String {
        calendar::duration(duration, scene)
    }

    fn reference(&self, reference: &Reference, scene: &Scene<'_>) -> String {
        reference::reference(reference, scene)
    }

    fn locator(&self, locator: &Locator, _scene: &Scene<'_>) -> String {
        reference::locator(locator)
    }

    fn verse(&self, verse: &Verse, _scene: &Scene<'_>) -> String {
        reference::verse(verse)
    }

    fn roman(&self, roman: &Roman, scene: &Scene<'_>) -> String {
        reference::roman(roman, scene)
    }

    fn phone(&self, international: bool, groups: &[String], extension: Option<&str>, _scene: &Scene<'_>) -> String {
        name::phone(international, groups, extension)
    }

    fn version(&self, named: bool, _machine: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
        name::version(named, parts, self, scene)
    }

    fn outline(&self, parts: &[Piece], scene: &Scene<'_>) -> String {
        name::outline(parts, self, scene)
    }

    fn path(&self, parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
        name::path(parts, slashes, rooted, self, scene)
    }

    fn hex(&self, colour: bool, digits: &str, _scene: &Scene<'_>) -> String {
        name::hex(colour, digits, self)
    }

    fn chord(&self, keys: &[Key], scene: &Scene<'_>) -> String {
        name::chord(keys, self, scene)
    }

    fn street(&self, street: &Street, scene: &Scene<'_>) -> String {
        name::street(street, self, scene)
    }

    fn symbol(&self, symbol: Symbol, scene: &Scene<'_>) -> Option<String> {
        scene.grammar.get("signs", symbol.0).filter(|words| !words.is_empty()).map(str::to_owned)
    }

    fn letter(&self, letter: char) -> String {
        if letter == 'ß' { "Eszett".to_owned() } else { letter.to_uppercase().to_string() }
    }

    fn chemical(&self, chemical: &Chemical, scene: &Scene<'_>) -> String {
        science::chemical(chemical, self, scene)
    }

    fn greek(&self, letters: &[char], scene: &Scene<'_>) -> String {
        science::greek(letters, scene)
    }

    fn power(&self, base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
        science::power(base, exponent, self, scene)
    }

    fn applied(&self, function: char, _scene: &Scene<'_>) -> String {
        format!("{function} von")
    }

    fn formula(&self, latex: &str) -> Option<String> {
        latex::read(latex, self, super::grammar())
    }

    fn abbreviation(&self, abbreviation: &Abbreviation, scene: &Scene<'_>) -> String {
        let genitive = abbreviation.said == CENTURY
            && scene.neighbour_written(-2).is_some_and(|word| word.eq_ignore_ascii_case("des"));
        let said = reference::sentence_of_law(scene).unwrap_or(abbreviation.said);
        let said = if genitive { format!("{CENTURY}s") } else { said.to_owned() };
        let spelt = said.ends_with(char::is_uppercase);
        self.with_ending(said, abbreviation.ending, spelt)
    }

    fn acronym(&self, acronym: &Acronym, _scene: &Scene<'_>) -> String {
        name::acronym(acronym, self)
    }

    fn emoji(&self, emoji: &EmojiSequence, _scene: &Scene<'_>) -> String {
        name::emoji(emoji, self)
    }

    fn ending(&self, ending: Ending) -> &'static str {
        match ending {
            Ending::None => "",
            Ending::Plural | Ending::Possessive => "s",
        }
    }
}
