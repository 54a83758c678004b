//! What French says for each value.

use std::borrow::Cow;

use super::counting;
use super::number::{self, Agreement};
use super::{French, agreement, calendar, naming, quantity, reference, science};
use crate::speakable::latex;
use crate::speakable::span::{
    Abbreviation, Angle, Chemical, Compound, Currency, Date, Decade, Duration, EmojiSequence, Ending, Era, Exponent,
    Fraction, Key, Locator, Measure, Money, Number, Ordinal, Percent, Piece, Range, Reference, Roman, Street, Symbol,
    Time, Unit, Value, Verse, Year,
};
use crate::speakable::verbalise::{self as port, Scene, Verbaliser};

/// Adverbs of a list's points in Latin: `1º`, `2º`.
const LATIN: [&str; 10] =
    ["primo", "secundo", "tertio", "quarto", "quinto", "sexto", "septimo", "octavo", "nono", "decimo"];

impl Verbaliser for French {
    fn cardinal(&self, number: &Number, scene: &Scene<'_>) -> String {
        let words = counting::number_words(number, agreement::of_scene(number, scene));
        // A part of another value stands before no noun of its own.
        let whole = scene.agreement.is_none();
        match agreement::counted(scene).filter(|_| whole && counting::takes_of(number)) {
            Some(noun) if agreement::of(noun).starts_with("d'") => words + " d'",
            Some(_) => words + " de",
            None => words,
        }
    }

    fn ordinal(&self, ordinal: &Ordinal, scene: &Scene<'_>) -> String {
        let has = |flag: &str| ordinal.form.split(' ').any(|part| part == flag);
        let (feminine, plural) = (has("f"), has("pl"));
        if has("second") && ordinal.number == 2 {
            return format!("second{}{}", if feminine { "e" } else { "" }, if plural { "s" } else { "" });
        }
        let place = usize::try_from(ordinal.number).ok().and_then(|number| number.checked_sub(1));
        if let Some(adverb) = place.and_then(|place| LATIN.get(place)).filter(|_| has("latin")) {
            return (*adverb).to_owned();
        }
        if has("second") || has("latin") {
            // No other number has the ending: `3d`, `20o`.
            let letters: String = scene.written().chars().filter(|c| c.is_alphabetic()).collect();
            let number = number::cardinal(ordinal.number, Agreement::Masculine);
            return format!("{number} {}", self.spell(&letters));
        }
        let noun = |word: &str| agreement::feminine(scene.grammar, word);
        let feminine = feminine
            || (ordinal.form.is_empty() && scene.written().ends_with('e') && scene.next_word().is_some_and(noun));
        number::ordinal(ordinal.number, feminine, plural)
    }

    fn digit_words(&self, digits: &str) -> String {
        number::digits(digits)
    }

    fn name_number(&self, digits: &str) -> String {
        number::in_name(digits)
    }

    fn fraction(&self, fraction: &Fraction, _scene: &Scene<'_>) -> String {
        counting::fraction(fraction)
    }

    fn ratio(&self, parts: &[Number], _scene: &Scene<'_>) -> String {
        science::joined(parts, " pour ")
    }

    fn score(&self, parts: &[u32], _scene: &Scene<'_>) -> String {
        let numbers = parts.iter().map(|part| number::cardinal(u128::from(*part), Agreement::Masculine));
        numbers.collect::<Vec<_>>().join(" à ")
    }

    fn product(&self, factors: &[Number], times: bool, _scene: &Scene<'_>) -> String {
        science::joined(factors, if times { " fois " } else { " par " })
    }

    fn range(&self, range: &Range, scene: &Scene<'_>) -> String {
        let from = self.words(&range.from, &scene.agreeing(port::Agreement::default()));
        format!("{from} à {}", self.words(&range.to, scene))
    }

    fn measure(&self, measure: &Measure, scene: &Scene<'_>) -> String {
        quantity::measure(measure, scene)
    }

    fn unit(&self, unit: &Unit, scene: &Scene<'_>) -> String {
        quantity::unit(unit, scene)
    }

    fn compound(&self, compound: &Compound, scene: &Scene<'_>) -> String {
        quantity::compound(compound, scene)
    }

    fn percent(&self, percent: &Percent, _scene: &Scene<'_>) -> String {
        quantity::percent(percent)
    }

    fn money(&self, money: &Money, scene: &Scene<'_>) -> String {
        quantity::money(money, scene)
    }

    fn currency(&self, currency: Currency, scene: &Scene<'_>) -> String {
        quantity::currency(currency, scene)
    }

    fn angle(&self, angle: &Angle, _scene: &Scene<'_>) -> String {
        quantity::angle(angle)
    }

    fn date(&self, date: &Date, _scene: &Scene<'_>) -> String {
        calendar::date(date)
    }

    fn year(&self, year: &Year, _scene: &Scene<'_>) -> String {
        calendar::year(year)
    }

    fn decade(&self, decade: &Decade, scene: &Scene<'_>) -> String {
        calendar::decade(decade, scene)
    }

    fn century(&self, number: u32, era: Option<Era>, _scene: &Scene<'_>) -> String {
        calendar::century(number, era)
    }

    fn time(&self, time: &Time, _scene: &Scene<'_>) -> String {
        calendar::time(time)
    }

    fn duration(&self, duration: &Duration, _scene: &Scene<'_>) -> String {
        calendar::duration(duration)
    }

    fn reference(&self, reference: &Reference, _scene: &Scene<'_>) -> String {
        reference::reference(reference)
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
        naming::phone(international, groups, extension)
    }

    fn version(&self, named: bool, _machine: bool, parts: &[Piece], scene: &Scene<'_>) -> String {
        naming::version(named, parts, scene)
    }

    fn outline(&self, parts: &[Piece], scene: &Scene<'_>) -> String {
        naming::outline(parts, scene)
    }

    fn path(&self, parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String {
        naming::path(parts, slashes, rooted, scene)
    }

    fn hex(&self, colour: bool, digits: &str, _scene: &Scene<'_>) -> String {
        naming::hex(colour, digits)
    }

    fn chord(&self, keys: &[Key], scene: &Scene<'_>) -> String {
        naming::chord(keys, scene)
    }

    fn street(&self, street: &Street, scene: &Scene<'_>) -> String {
        naming::street(street, scene)
    }

    fn symbol(&self, symbol: Symbol, scene: &Scene<'_>) -> Option<String> {
        scene.grammar.get("signs", symbol.0).filter(|words| !words.is_empty()).map(str::to_owned)
    }

    fn chemical(&self, chemical: &Chemical, scene: &Scene<'_>) -> String {
        science::chemical(chemical, scene)
    }

    fn greek(&self, letters: &[char], scene: &Scene<'_>) -> String {
        science::greek(letters, scene.grammar)
    }

    fn power(&self, base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String {
        science::power(base, exponent, scene)
    }

    fn applied(&self, function: char, _scene: &Scene<'_>) -> String {
        format!("{function} de")
    }

    fn formula(&self, latex: &str) -> Option<String> {
        latex::read(latex, self, super::grammar())
    }

    fn word<'a>(&self, written: &'a str, scene: &Scene<'_>) -> Option<Cow<'a, str>> {
        agreement::before_one(written, scene).map(Cow::Borrowed)
    }

    fn abbreviation(&self, abbreviation: &Abbreviation, scene: &Scene<'_>) -> String {
        let following = reference::following(abbreviation.said, scene);
        self.with_ending(following.unwrap_or(abbreviation.said).to_owned(), abbreviation.ending, false)
    }

    fn emoji(&self, emoji: &EmojiSequence, _scene: &Scene<'_>) -> String {
        naming::emoji(emoji)
    }

    /// Acronyms have no plural in French, and no possessive.
    fn ending(&self, _ending: Ending) -> &'static str {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_have_the_words_of_french() {
        for (latex, words) in [
            (r"E = mc^2", Some("E égale m c au carré")),
            (r"\sum_{i=1}^{n} x_i", Some("la somme de i égale un à n de x indice i")),
            (r"\frac{3}{4} \leq \sqrt{y}", Some("trois quarts est inférieur ou égal à racine carrée de Y")),
            (r"\unknown{x}", None),
        ] {
            assert_eq!(French.formula(latex).as_deref(), words, "{latex}");
        }
    }
}
