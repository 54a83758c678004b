//! What a part of a text means. A recogniser proposes spans, the cover chooses among them, the pass
//! over neighbours settles what one span cannot know, and a verbaliser says each.
//!
//! A value holds what is meant: numbers, ids of units, ISO 4217 codes, the number of a month. It
//! has no word of a language but those that the text itself has, and entries of the tables of the
//! language that the text is in.

mod calendar;
mod number;
mod quantity;
mod reference;
mod science;
mod writing;

pub(crate) use calendar::{Date, DateForm, Decade, Duration, Era, Meridiem, Time, TimeUnit, Year, Zone};
pub(crate) use number::{Amount, Bound, Digits, Fraction, Number, Ordinal, Scale, Sign};
pub(crate) use quantity::{Compound, Currency, Measure, Money, Part, Per, Percent, Prefix, Unit, UnitFactor, UnitId};
pub(crate) use reference::{Book, Label, Locator, Reference, Roman, RomanUse, Verse};
pub(crate) use science::{Angle, Chemical, ChemicalCount, ChemicalPart, Compass, Exponent, Symbol};
pub(crate) use writing::{
    Abbreviation, AbbreviationUse, Acronym, EmojiSequence, Ending, Handle, Key, Mail, Piece, Spelling, Street,
    StreetName, Tone,
};

/// How little a reading is believed, for each of its characters that is no white space: the cover
/// with the smallest sum wins. What decides between two readings is therefore how sure each is of
/// the characters that they differ in, and not how many spans it takes; [`Cost::SPAN`] lets the
/// longer of two equally sure readings win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost(u32);

impl Cost {
    /// The document says so (a mark), or the form admits nothing else: an address with a scheme, a
    /// right check digit.
    pub(crate) const CERTAIN: Self = Self(2);
    /// The form tells: `$5.50`, `9:30 a.m.`, `2026-01-05`.
    pub(crate) const SURE: Self = Self(4);
    /// The form and what stands around it tell: a year behind "in".
    pub(crate) const LIKELY: Self = Self(8);
    /// Rather this than a plain word or number.
    pub(crate) const FAIR: Self = Self(12);
    /// What words, numbers and signs are by themselves.
    pub(crate) const PLAIN: Self = Self(16);
    /// Only where nothing else reads it.
    pub(crate) const DOUBTFUL: Self = Self(24);
    /// What nobody proposed anything for.
    pub(crate) const UNREAD: Self = Self(1_000);

    /// What each span costs beside its characters.
    pub(crate) const SPAN: u64 = 3;

    /// The cost of a span of so many characters.
    pub(crate) const fn of(self, characters: usize) -> u64 {
        self.0 as u64 * characters as u64 + Self::SPAN
    }
}

/// A part of a text, in characters, and a reading of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    /// The first character.
    pub(crate) start: usize,
    /// Behind the last character.
    pub(crate) end: usize,
    /// What is meant.
    pub(crate) value: Value,
    /// How little it is believed.
    pub(crate) cost: Cost,
}

impl Span {
    /// The class of its value.
    pub(crate) const fn class(&self) -> Class {
        self.value.class()
    }
}

/// What a span is, from the most specific to the plainest: among covers that cost the same, and
/// spans of the same length, the earlier class wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// A part that the document marked, or a formula in LaTeX.
    Marked,
    /// Tags and targets of links, which only programs see.
    Markup,
    /// An address of the web or of mail.
    Web,
    /// A path or a file.
    Path,
    /// Keys that are pressed together.
    Key,
    /// Verses of a book.
    Verse,
    /// A label with its numbers.
    Reference,
    /// A number of a telephone.
    Phone,
    /// A street, a state, a postal code.
    Address,
    /// A chemical formula.
    Chemical,
    /// Money.
    Money,
    /// A date, a year, a decade, a century.
    Date,
    /// A time of day.
    Time,
    /// A span of time.
    Duration,
    /// Degrees, minutes and seconds of an angle.
    Angle,
    /// Percent and its kin.
    Percent,
    /// An amount of a unit.
    Measure,
    /// A version, the number of a heading.
    Version,
    /// Digits that count nothing.
    Digits,
    /// A score.
    Score,
    /// A ratio.
    Ratio,
    /// A fraction.
    Fraction,
    /// An ordinal number.
    Ordinal,
    /// A Roman numeral.
    Roman,
    /// From one value to another.
    Range,
    /// A power.
    Power,
    /// A mathematical expression, function or sign.
    Maths,
    /// A plain number.
    Number,
    /// An identifier of a program.
    Identifier,
    /// A name that is not said as it is written.
    Name,
    /// Letters that stand for words.
    Acronym,
    /// A shortened word.
    Abbreviation,
    /// A picture character.
    Emoji,
    /// A sign with a name.
    Sign,
    /// The ending of what stands before it.
    Ending,
    /// A word or a letter.
    Word,
    /// A pause, a hyphen, or nothing.
    Pause,
}

/// What is meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    // Numbers.
    /// A number of things: `7`, `-5`, `1,234.5`, `~5`, `2 × 10^6`, `5 million`.
    Cardinal(Number),
    /// `5th`, `1er`, `3.` where that is an ordinal.
    Ordinal(Ordinal),
    /// Digits that are said one by one or in groups: `007`, ISBN, card and account numbers.
    Digits(Digits),
    /// `1/2`, `½`, `1 1/2`.
    Fraction(Fraction),
    /// `3:1`, `16:9`.
    Ratio(Vec<Number>),
    /// `3-1`, `6:4` of a game.
    Score(Vec<u32>),
    /// `1920x1080`, `3 × 4`: sides, or factors where `times` is true.
    Product {
        /// The numbers.
        factors: Vec<Number>,
        /// They are multiplied ("times"), and are not sides ("by").
        times: bool,
    },
    /// From one value to another; both are complete but for what only the second one names (a unit,
    /// a month), which the first then has as well.
    Range(Box<Range>),

    // Quantities.
    /// An amount of a unit.
    Measure(Box<Measure>),
    /// A unit without an amount: `(msg/s)`, the `/s` of `tokens/s`.
    Unit(Unit),
    /// Feet and inches, pounds and ounces.
    Compound(Compound),
    /// `5 %`, `3.2pp`, `12bps`, `0.1‰`.
    Percent(Box<Percent>),
    /// Money.
    Money(Box<Money>),
    /// The sign or code of a currency without an amount.
    Currency(Currency),
    /// `48° 51' 24" N`.
    Angle(Box<Angle>),

    // Times.
    /// A date, of whatever it has.
    Date(Box<Date>),
    /// A year by itself.
    Year(Year),
    /// `1990s`, `'90s`.
    Decade(Decade),
    /// `19th century`, `XIXe siècle`: the number, with an era. The noun is no part of the span.
    Century {
        /// Which one.
        number: u32,
        /// Of which era.
        era: Option<Era>,
    },
    /// A time of day.
    Time(Box<Time>),
    /// `3h 25m`.
    Duration(Duration),

    // References.
    /// A label with its numbers: `Fig. 3a`, `pp. 12-15`, `§ 4.2`.
    Reference(Box<Reference>),
    /// A number of a part without its label: `2.10` behind "Sections 2.8 and".
    Locator(Locator),
    /// `John 3:16`.
    Verse(Box<Verse>),
    /// A Roman numeral.
    Roman(Roman),

    // Names and addresses.
    /// `+1 (555) 123-4567`.
    Phone {
        /// It begins with a plus.
        international: bool,
        /// Groups of digits.
        groups: Vec<String>,
        /// Behind "ext.".
        extension: Option<String>,
    },
    /// `v1.2.3`, `1.2.3`, `2.0.1-rc1`, `192.168.0.1`.
    Version {
        /// A letter v stands before it: it is said as the word.
        named: bool,
        /// It is the address of a machine: every digit is said, and each dot.
        machine: bool,
        /// Parts, between which a point or a dot is said.
        parts: Vec<Piece>,
    },
    /// The number of a heading (`2.1`), which a stop parts from its words.
    Outline(Vec<Piece>),
    /// `MAX_RETRY_COUNT`, `getUserById()`, `GPT4`, `B-52`, `C++`, `AAPL`: whatever is said piece by
    /// piece.
    Identifier(Vec<Piece>),
    /// Inline code that the document marked.
    Code(Vec<Piece>),
    /// `#FF5733`, `0x1F4A9`: the letters and digits behind the sign.
    Hex {
        /// It is a colour, and no number.
        colour: bool,
        /// Letters and digits.
        digits: String,
    },
    /// `doi:…`, `arXiv:…`: the name of the scheme alone is said.
    Scheme(Vec<Piece>),
    /// An account or serial number that begins with letters: `DE89 3704 …`, in groups between which
    /// a pause is heard.
    Serial(Vec<Vec<Piece>>),
    /// The address of a site: its host, label by label.
    Url(Vec<Vec<Piece>>),
    /// The address of a mailbox.
    Mail(Mail),
    /// A file or folder, part by part; slashes between them are said where `slashes` is true.
    Path {
        /// Parts: of a dotted name the labels.
        parts: Vec<Vec<Piece>>,
        /// `/` or `\` parts them; else dots do.
        slashes: bool,
        /// It begins with a slash.
        rooted: bool,
    },
    /// `@name`, `#topic`.
    Handle(Handle),
    /// Keys that are pressed together, in order.
    Chord(Vec<Key>),
    /// `350 NE 13th St.`
    Street(Box<Street>),
    /// The short name of a state or a region: an entry of the language's table.
    Region(&'static str),
    /// A postal code.
    Postcode(Vec<Piece>),

    // Science.
    /// A chemical formula.
    Chemical(Chemical),
    /// A sign with a name: an operation, a comparison, an arrow, a logical sign, a currency's by
    /// itself, `&`, `@`, `©`.
    Symbol(Symbol),
    /// A word with Greek letters, which are said by their names; Latin ones stay as they are.
    Greek(Vec<char>),
    /// Factors that are said one after another with no word between: `4x`, `2πr`, `mc`.
    Terms(Vec<Value>),
    /// A base with a power: `x²`, `10^6`.
    Power {
        /// What is raised; none for a power by itself, behind a bracket.
        base: Option<Box<Value>>,
        /// To which power.
        exponent: Exponent,
    },
    /// `f(`, `O(`: a function that is applied; the span ends behind the bracket.
    Applied(char),
    /// A formula in LaTeX: its source.
    Formula(String),

    // Writing.
    /// A word as it is written.
    Word,
    /// The head of a word before its apostrophe, which what follows continues: `l'` of `l'ONU`.
    Elided,
    /// A word that is said otherwise than it is written, by the language's table, or with letters
    /// added (`file(s)`).
    Listed(String),
    /// A letter by its name.
    Letter(char),
    /// Letters that stand for words.
    Acronym(Acronym),
    /// A word in capitals that is said as a word in small letters.
    Shouted(Ending),
    /// A shortened word.
    Abbreviation(Abbreviation),
    /// Initials of a person or a body: `J. R. R.`, `U.S.`
    Initials(String),
    /// A picture character, or a sequence of them.
    Emoji(EmojiSequence),
    /// The ending of what was read before.
    Ending(Ending),
    /// A pause.
    Pause(char),
    /// A hyphen between two parts of a word.
    Hyphen,
    /// Nothing: quotes, markup.
    Silent,
}

/// From one value to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    /// The first.
    pub(crate) from: Value,
    /// The last.
    pub(crate) to: Value,
}

impl Value {
    /// Its class.
    pub(crate) const fn class(&self) -> Class {
        match self {
            Self::Code(_) | Self::Formula(_) | Self::Outline(_) => Class::Marked,
            Self::Cardinal(_) | Self::Product { .. } => Class::Number,
            Self::Ordinal(_) => Class::Ordinal,
            Self::Digits(_) | Self::Hex { .. } | Self::Serial(_) | Self::Scheme(_) => Class::Digits,
            Self::Fraction(_) => Class::Fraction,
            Self::Ratio(_) => Class::Ratio,
            Self::Score(_) => Class::Score,
            Self::Range(_) => Class::Range,
            Self::Measure(_) | Self::Unit(_) | Self::Compound(_) => Class::Measure,
            Self::Percent(_) => Class::Percent,
            Self::Money(_) | Self::Currency(_) => Class::Money,
            Self::Angle(_) => Class::Angle,
            Self::Date(_) | Self::Year(_) | Self::Decade(_) | Self::Century { .. } => Class::Date,
            Self::Time(_) => Class::Time,
            Self::Duration(_) => Class::Duration,
            Self::Reference(_) | Self::Locator(_) => Class::Reference,
            Self::Verse(_) => Class::Verse,
            Self::Roman(_) => Class::Roman,
            Self::Phone { .. } => Class::Phone,
            Self::Version { .. } => Class::Version,
            Self::Identifier(_) => Class::Identifier,
            Self::Url(_) | Self::Mail(_) => Class::Web,
            Self::Path { .. } => Class::Path,
            Self::Handle(_) | Self::Listed(_) => Class::Name,
            Self::Chord(_) => Class::Key,
            Self::Street(_) | Self::Region(_) | Self::Postcode(_) => Class::Address,
            Self::Chemical(_) => Class::Chemical,
            Self::Symbol(_) => Class::Sign,
            Self::Greek(_) | Self::Applied(_) | Self::Terms(_) => Class::Maths,
            Self::Power { .. } => Class::Power,
            Self::Word | Self::Elided | Self::Letter(_) => Class::Word,
            Self::Acronym(_) | Self::Shouted(_) | Self::Initials(_) => Class::Acronym,
            Self::Abbreviation(_) => Class::Abbreviation,
            Self::Emoji(_) => Class::Emoji,
            Self::Ending(_) => Class::Ending,
            Self::Silent => Class::Markup,
            Self::Pause(_) | Self::Hyphen => Class::Pause,
        }
    }
}
