//! Names, addresses, abbreviations: what is read rather than counted.

use super::Symbol;

/// A piece of a name, an identifier or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Said as a word, as it is written here.
    Word(String),
    /// Letters one by one.
    Letters(String),
    /// Digits of a name: up to three as a number, four in pairs, more one by one.
    Number(String),
    /// Digits one by one.
    Digits(String),
    /// A sign that is said.
    Symbol(Symbol),
    /// Words of the language's table.
    Listed(&'static str),
    /// The ending of the piece before it.
    Ending(Ending),
    /// A pause between groups.
    Pause,
}

/// The ending of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Ending {
    /// None.
    #[default]
    None,
    /// `s`, `'s` of a plural: `APIs`, `the "NA"s`.
    Plural,
    /// `'s`.
    Possessive,
}

/// How letters that stand for words are said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Letter by letter.
    Letters,
    /// As a word, as it is written.
    Spoken,
    /// By an entry of the language's table.
    Listed(&'static str),
}

/// Letters that stand for words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acronym {
    /// The letters without the ending.
    pub(crate) letters: String,
    /// How they are said.
    pub(crate) spelling: Spelling,
    /// What is behind them.
    pub(crate) ending: Ending,
}

/// What an abbreviation stands for in a sentence; the word in the language's table is behind the
/// sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AbbreviationUse {
    /// `title`: before a name, never at the end of a sentence.
    Title,
    /// `number`: only before a number.
    Number,
    /// `year`: only before a year in four digits.
    Year,
    /// `month`: of a month, before a number or a comma.
    Month,
    /// `day`: of a weekday, before a number or a comma.
    Day,
    /// `name`: only before a name.
    Name,
    /// `open`: never ends a sentence.
    Open,
    /// `end`: may end a sentence.
    End,
}

/// A shortened word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Abbreviation {
    /// What is said, an entry of the language's table.
    pub(crate) said: &'static str,
    /// How it stands.
    pub(crate) used: AbbreviationUse,
    /// What it is said as behind a name that it does not precede: `St.` is a street then. Settled
    /// by the pass over neighbours.
    pub(crate) street: Option<&'static str>,
    /// What is behind it: `two Ph.D.s`.
    pub(crate) ending: Ending,
}

/// The address of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Before the sign; dots and a plus are pieces of it.
    pub(crate) local: Vec<Piece>,
    /// Labels of the host.
    pub(crate) host: Vec<Vec<Piece>>,
}

/// A name behind `@` or `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handle {
    /// Which of the signs.
    pub(crate) sign: Symbol,
    /// The name.
    pub(crate) name: Vec<Piece>,
}

/// A key of a keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// By its id, an entry of `data/common/keys.txt`: `control`, `escape`.
    Named(&'static str),
    /// `F4`.
    Function(u8),
    /// A letter, a digit or a sign.
    Character(char),
}

/// A house in a street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Street {
    /// The number of the house.
    pub(crate) house: Option<Vec<Piece>>,
    /// The side of the town, by the language's table: `NE`.
    pub(crate) side: Option<&'static str>,
    /// The street's name: an ordinal, or words.
    pub(crate) name: Vec<StreetName>,
    /// `Street`, `Avenue`: by the language's table.
    pub(crate) kind: Option<&'static str>,
    /// The house's number stands behind the name.
    pub(crate) house_last: bool,
}

/// A part of the name of a street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StreetName {
    /// `13th`.
    Ordinal(u128),
    /// A word as it is written.
    Word(String),
}

/// The tone of a skin, from the lightest, 1, to the darkest, 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tone(pub(crate) u8);

/// A picture character with all that is joined to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EmojiSequence {
    /// The name of the whole sequence, by the language's table.
    Named(&'static str, Option<Tone>),
    /// The flag of a country, by its two letters in capitals.
    Flag(String),
    /// A sequence without a name of its own: the names of its parts.
    Joined(Vec<&'static str>),
}
