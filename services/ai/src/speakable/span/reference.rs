//! Parts of works, and numerals that number them.

/// A label: an entry of the language's table `labels`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    /// How it is said, in the case of letters of the table.
    pub(crate) said: &'static str,
    /// It begins with a capital as it is written.
    pub(crate) capital: bool,
}

/// A number of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locator {
    /// `4`, `2.10`: parts of parts, each a number of its own.
    Parts(Vec<u32>),
    /// `3a`: the same with a letter.
    Lettered(Vec<u32>, char),
    /// `B`, `B.2`: a letter, perhaps with parts.
    Letter(char, Vec<u32>),
    /// `xii`, `IV`.
    Roman(u32),
    /// `12-15`.
    Between(Box<(Locator, Locator)>),
    /// `12 ff.`, `12 f.`: and the next one, or the next ones.
    Following(Box<Locator>, bool),
}

/// A label with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The label.
    pub(crate) label: Label,
    /// Its numbers; a comma, or the words of the text, stand between spans and not in here, unless
    /// they stand in brackets (`Eq. (3)`), before which a pause is heard.
    pub(crate) numbers: Vec<Locator>,
    /// The numbers stand in brackets.
    pub(crate) bracketed: bool,
}

/// A book with chapters and verses: an entry of the language's table `books`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Book {
    /// How it is said.
    pub(crate) said: &'static str,
    /// Which of several of the name: the first letter to the Corinthians.
    pub(crate) number: Option<u8>,
}

/// Verses of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verse {
    /// The book; none behind a semicolon, where it is that of before.
    pub(crate) book: Option<Book>,
    /// The chapter.
    pub(crate) chapter: u32,
    /// Verses, each with the last one of a row.
    pub(crate) verses: Vec<(u32, Option<u32>)>,
}

/// What a Roman numeral is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RomanUse {
    /// A number: "World War two", a page, a part.
    Number,
    /// Behind a name: "Louis the fourteenth".
    Ruler,
    /// Before a noun that it orders: "the nineteenth century".
    Ordinal,
}

/// A Roman numeral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roman {
    /// Its value.
    pub(crate) value: u32,
    /// What for.
    pub(crate) used: RomanUse,
    /// `'s` stands behind it.
    pub(crate) possessive: bool,
}
