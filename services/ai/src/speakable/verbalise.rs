//! The port of a language that says values. Each family of values is one method; what a language
//! cannot differ in has its default here.

mod scene;

use std::borrow::Cow;

use super::span::{
    Abbreviation, Acronym, Angle, Chemical, Compound, Currency, Date, Decade, Digits, Duration, EmojiSequence, Ending,
    Era, Exponent, Fraction, Handle, Key, Locator, Mail, Measure, Money, Number, Ordinal, Percent, Piece, Range,
    Reference, Roman, Spelling, Street, Symbol, Time, Unit, Value, Verse, Year,
};
pub(crate) use scene::{Agreement, Case, Gender, Scene};

/// What is said for a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said<'a> {
    /// Words. Pauses inside them are kept, what is not of the voice's alphabet becomes a space. An
    /// apostrophe at their end joins the next words: "deux millions d'" + "habitants".
    Words(Cow<'a, str>),
    /// The head of a word before an apostrophe, which the next words continue.
    Head(&'a str),
    /// The ending of the last word: `s` or `'s`.
    Ending(&'static str),
    /// A pause after the last word.
    Pause(char),
    /// A hyphen between two parts of a word.
    Hyphen,
    /// Nothing.
    Nothing,
}

/// Says the values of one language.
pub(crate) trait Verbaliser: Sync {
    // Numbers.

    /// "seven", "minus five", "about three point one four", "five million".
    fn cardinal(&self, number: &Number, scene: &Scene<'_>) -> String;
    /// "twenty-first".
    fn ordinal(&self, ordinal: &Ordinal, scene: &Scene<'_>) -> String;
    /// Digits one by one, of any text: other characters are passed over.
    fn digit_words(&self, digits: &str) -> String;
    /// Digits of a name: up to three as a number, four in pairs, more one by one, as the language
    /// does.
    fn name_number(&self, digits: &str) -> String;
    /// "one half", "one and a half".
    fn fraction(&self, fraction: &Fraction, scene: &Scene<'_>) -> String;
    /// "three to one".
    fn ratio(&self, parts: &[Number], scene: &Scene<'_>) -> String;
    /// "three to one" of a game.
    fn score(&self, parts: &[u32], scene: &Scene<'_>) -> String;
    /// "nineteen twenty by ten eighty"; `times`: "three times four".
    fn product(&self, factors: &[Number], times: bool, scene: &Scene<'_>) -> String;
    /// "twelve to fifteen".
    fn range(&self, range: &Range, scene: &Scene<'_>) -> String;

    // Quantities.

    /// "five kilograms".
    fn measure(&self, measure: &Measure, scene: &Scene<'_>) -> String;
    /// "messages per second", "per second".
    fn unit(&self, unit: &Unit, scene: &Scene<'_>) -> String;
    /// "five foot eleven".
    fn compound(&self, compound: &Compound, scene: &Scene<'_>) -> String;
    /// "forty-five percent".
    fn percent(&self, percent: &Percent, scene: &Scene<'_>) -> String;
    /// "five dollars and fifty cents".
    fn money(&self, money: &Money, scene: &Scene<'_>) -> String;
    /// A currency by itself, where its sign or code stands without an amount.
    fn currency(&self, currency: Currency, scene: &Scene<'_>) -> String;
    /// "forty-eight degrees fifty-one minutes north".
    fn angle(&self, angle: &Angle, scene: &Scene<'_>) -> String;

    // Times.

    /// "January fifth, twenty twenty-six".
    fn date(&self, date: &Date, scene: &Scene<'_>) -> String;
    /// "nineteen oh five", "seventy-nine A D".
    fn year(&self, year: &Year, scene: &Scene<'_>) -> String;
    /// "nineteen nineties".
    fn decade(&self, decade: &Decade, scene: &Scene<'_>) -> String;
    /// The number of a century: "nineteenth".
    fn century(&self, number: u32, era: Option<Era>, scene: &Scene<'_>) -> String;
    /// "nine thirty A M".
    fn time(&self, time: &Time, scene: &Scene<'_>) -> String;
    /// "three hours twenty-five minutes".
    fn duration(&self, duration: &Duration, scene: &Scene<'_>) -> String;

    // References.

    /// "Figure three A".
    fn reference(&self, reference: &Reference, scene: &Scene<'_>) -> String;
    /// "two point ten".
    fn locator(&self, locator: &Locator, scene: &Scene<'_>) -> String;
    /// "John three, sixteen".
    fn verse(&self, verse: &Verse, scene: &Scene<'_>) -> String;
    /// "the fourteenth", "two".
    fn roman(&self, roman: &Roman, scene: &Scene<'_>) -> String;

    // Names and addresses.

    /// "plus one, five five five, one two three, four five six seven".
    fn phone(&self, international: bool, groups: &[String], extension: Option<&str>, scene: &Scene<'_>) -> String;
    /// "version one point two point three"; of a machine "one two seven dot zero dot zero dot one".
    fn version(&self, named: bool, machine: bool, parts: &[Piece], scene: &Scene<'_>) -> String;
    /// "two point one.": the number of a heading.
    fn outline(&self, parts: &[Piece], scene: &Scene<'_>) -> String;
    /// A file or folder.
    fn path(&self, parts: &[Vec<Piece>], slashes: bool, rooted: bool, scene: &Scene<'_>) -> String;
    /// "hex" digits and colours.
    fn hex(&self, colour: bool, digits: &str, scene: &Scene<'_>) -> String;
    /// "control shift P".
    fn chord(&self, keys: &[Key], scene: &Scene<'_>) -> String;
    /// "three hundred fifty north east thirteenth Street".
    fn street(&self, street: &Street, scene: &Scene<'_>) -> String;
    /// The words of a sign by its id; none where the language has none, and then nothing is said
    /// and the sign is listed as left out.
    fn symbol(&self, symbol: Symbol, scene: &Scene<'_>) -> Option<String>;
    /// The name of a letter in a word that is spelt, where the letter alone would not do for a
    /// voice.
    fn letter(&self, letter: char) -> String {
        letter.to_uppercase().to_string()
    }

    // Science.

    /// "C O two", "carbon fourteen", "S O four two minus".
    fn chemical(&self, chemical: &Chemical, scene: &Scene<'_>) -> String;
    /// "alpha".
    fn greek(&self, letters: &[char], scene: &Scene<'_>) -> String;
    /// "x squared"; without a base "squared".
    fn power(&self, base: Option<&Value>, exponent: &Exponent, scene: &Scene<'_>) -> String;
    /// "f of".
    fn applied(&self, function: char, scene: &Scene<'_>) -> String;
    /// A formula in LaTeX; none where a part of it has no words.
    fn formula(&self, latex: &str) -> Option<String>;

    // Writing.

    /// A word of the text that the language says otherwise than it is written, where no table of
    /// recognisers could know; none for all others.
    fn word<'a>(&self, _written: &'a str, _scene: &Scene<'_>) -> Option<Cow<'a, str>> {
        None
    }
    /// "Doctor", "for example".
    fn abbreviation(&self, abbreviation: &Abbreviation, _scene: &Scene<'_>) -> String {
        self.with_ending(abbreviation.said.to_owned(), abbreviation.ending, false)
    }
    /// "H T T P", "NASA's".
    fn acronym(&self, acronym: &Acronym, _scene: &Scene<'_>) -> String {
        match acronym.spelling {
            Spelling::Letters => self.with_ending(self.spell(&acronym.letters), acronym.ending, true),
            Spelling::Spoken => self.with_ending(acronym.letters.clone(), acronym.ending, false),
            Spelling::Listed(said) => self.with_ending(said.to_owned(), acronym.ending, false),
        }
    }
    /// The name of a picture character.
    fn emoji(&self, emoji: &EmojiSequence, scene: &Scene<'_>) -> String;
    /// What an ending of a name is heard as: nothing in languages that do not speak it.
    fn ending(&self, ending: Ending) -> &'static str;

    // What languages share.

    /// Letters one by one, digits among them by their names.
    fn spell(&self, letters: &str) -> String {
        let names = letters.chars().filter_map(|c| {
            if c.is_ascii_digit() {
                Some(self.digit_words(c.encode_utf8(&mut [0; 4])))
            } else {
                c.is_alphabetic().then(|| self.letter(c))
            }
        });
        names.collect::<Vec<_>>().join(" ")
    }

    /// Words with an ending behind them. Of letters that are spelt a plural has an apostrophe, or
    /// the two would make a word.
    fn with_ending(&self, words: String, ending: Ending, spelt: bool) -> String {
        match (self.ending(ending), spelt) {
            ("", _) => words,
            ("s", true) => words + "'s",
            (ending, _) => words + ending,
        }
    }

    /// Pieces of a name, with a space between them and a comma for a pause.
    fn pieces(&self, pieces: &[Piece], scene: &Scene<'_>) -> String {
        let mut words = String::new();
        for piece in pieces {
            let said = match piece {
                Piece::Word(word) => word.clone(),
                Piece::Letters(letters) => self.spell(letters),
                Piece::Number(digits) => self.name_number(digits),
                Piece::Digits(digits) => self.digit_words(digits),
                Piece::Symbol(symbol) => self.symbol(*symbol, scene).unwrap_or_default(),
                Piece::Listed(said) => (*said).to_owned(),
                Piece::Ending(ending) => {
                    let spelt = words.ends_with(char::is_uppercase);
                    words = self.with_ending(words, *ending, spelt);
                    continue;
                }
                Piece::Pause => {
                    words.push(',');
                    continue;
                }
            };
            if said.is_empty() {
                continue;
            }
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&said);
        }
        words
    }

    /// Labels of a host: with "dot" between them.
    fn host(&self, labels: &[Vec<Piece>], scene: &Scene<'_>) -> String {
        let dot = format!(" {} ", self.symbol(Symbol::DOT, scene).unwrap_or_default());
        labels.iter().map(|label| self.pieces(label, scene)).collect::<Vec<_>>().join(&dot)
    }

    /// The address of a mailbox.
    fn mail(&self, mail: &Mail, scene: &Scene<'_>) -> String {
        let at = self.symbol(Symbol::AT, scene).unwrap_or_default();
        format!("{} {at} {}", self.pieces(&mail.local, scene), self.host(&mail.host, scene))
    }

    /// A name behind a sign.
    fn handle(&self, handle: &Handle, scene: &Scene<'_>) -> String {
        format!("{} {}", self.symbol(handle.sign, scene).unwrap_or_default(), self.pieces(&handle.name, scene))
    }

    /// Factors, one after another.
    fn terms(&self, terms: &[Value], scene: &Scene<'_>) -> String {
        terms.iter().map(|term| self.words(term, scene)).collect::<Vec<_>>().join(" ")
    }

    /// Groups of digits, with a pause between them.
    fn digits(&self, digits: &Digits, _scene: &Scene<'_>) -> String {
        let words = digits
            .groups
            .iter()
            .map(|group| if digits.paired { self.name_number(group) } else { self.digit_words(group) });
        words.collect::<Vec<_>>().join(", ")
    }

    /// Groups of an account number, with a pause between them.
    fn serial(&self, groups: &[Vec<Piece>], scene: &Scene<'_>) -> String {
        groups.iter().map(|group| self.pieces(group, scene)).collect::<Vec<_>>().join(", ")
    }

    /// A value in words, wherever it stands inside another one.
    fn words(&self, value: &Value, scene: &Scene<'_>) -> String {
        match self.say(value, scene) {
            Said::Words(words) => words.into_owned(),
            Said::Head(head) => head.to_owned(),
            Said::Ending(ending) => ending.to_owned(),
            Said::Pause(pause) => pause.to_string(),
            Said::Hyphen | Said::Nothing => String::new(),
        }
    }

    /// What is said for a value: each family by its method.
    fn say<'a>(&self, value: &'a Value, scene: &Scene<'a>) -> Said<'a> {
        let words = match value {
            Value::Word => {
                let written = scene.written();
                return Said::Words(self.word(written, scene).unwrap_or(Cow::Borrowed(written)));
            }
            Value::Elided => return Said::Head(scene.written().trim_end_matches('\'')),
            Value::Pause(pause) => return Said::Pause(*pause),
            Value::Hyphen => return Said::Hyphen,
            Value::Silent => return Said::Nothing,
            Value::Ending(ending) => {
                return match self.ending(*ending) {
                    "" => Said::Nothing,
                    ending => Said::Ending(ending),
                };
            }
            Value::Listed(said) => return Said::Words(Cow::Borrowed(said)),
            Value::Region(said) => return Said::Words(Cow::Borrowed(said)),
            Value::Shouted(ending) => self.with_ending(scene.written_stem(*ending).to_lowercase(), *ending, false),
            Value::Cardinal(number) => self.cardinal(number, scene),
            Value::Ordinal(ordinal) => self.ordinal(ordinal, scene),
            Value::Digits(digits) => self.digits(digits, scene),
            Value::Fraction(fraction) => self.fraction(fraction, scene),
            Value::Ratio(parts) => self.ratio(parts, scene),
            Value::Score(parts) => self.score(parts, scene),
            Value::Product { factors, times } => self.product(factors, *times, scene),
            Value::Range(range) => self.range(range, scene),
            Value::Measure(measure) => self.measure(measure, scene),
            Value::Unit(unit) => self.unit(unit, scene),
            Value::Compound(compound) => self.compound(compound, scene),
            Value::Percent(percent) => self.percent(percent, scene),
            Value::Money(money) => self.money(money, scene),
            Value::Currency(currency) => self.currency(*currency, scene),
            Value::Angle(angle) => self.angle(angle, scene),
            Value::Date(date) => self.date(date, scene),
            Value::Year(year) => self.year(year, scene),
            Value::Decade(decade) => self.decade(decade, scene),
            Value::Century { number, era } => self.century(*number, *era, scene),
            Value::Time(time) => self.time(time, scene),
            Value::Duration(duration) => self.duration(duration, scene),
            Value::Reference(reference) => self.reference(reference, scene),
            Value::Locator(locator) => self.locator(locator, scene),
            Value::Verse(verse) => self.verse(verse, scene),
            Value::Roman(roman) => self.roman(roman, scene),
            Value::Phone { international, groups, extension } => {
                self.phone(*international, groups, extension.as_deref(), scene)
            }
            Value::Version { named, machine, parts } => self.version(*named, *machine, parts, scene),
            Value::Outline(parts) => self.outline(parts, scene),
            Value::Identifier(pieces) | Value::Code(pieces) | Value::Scheme(pieces) | Value::Postcode(pieces) => {
                self.pieces(pieces, scene)
            }
            Value::Hex { colour, digits } => self.hex(*colour, digits, scene),
            Value::Serial(groups) => self.serial(groups, scene),
            Value::Url(labels) => self.host(labels, scene),
            Value::Mail(mail) => self.mail(mail, scene),
            Value::Path { parts, slashes, rooted } => self.path(parts, *slashes, *rooted, scene),
            Value::Handle(handle) => self.handle(handle, scene),
            Value::Chord(keys) => self.chord(keys, scene),
            Value::Street(street) => self.street(street, scene),
            Value::Chemical(chemical) => self.chemical(chemical, scene),
            Value::Symbol(symbol) => self.symbol(*symbol, scene).unwrap_or_default(),
            Value::Greek(letters) => self.greek(letters, scene),
            Value::Power { base, exponent } => self.power(base.as_deref(), exponent, scene),
            Value::Terms(terms) => self.terms(terms, scene),
            Value::Applied(function) => self.applied(*function, scene),
            Value::Formula(latex) => self.formula(latex).unwrap_or_default(),
            Value::Letter(letter) => self.letter(*letter),
            Value::Initials(letters) => self.spell(letters),
            Value::Acronym(acronym) => self.acronym(acronym, scene),
            Value::Abbreviation(abbreviation) => self.abbreviation(abbreviation, scene),
            Value::Emoji(emoji) => self.emoji(emoji, scene),
        };
        Said::Words(Cow::Owned(words))
    }
}
