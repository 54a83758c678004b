//! Signs, powers, angles and chemical formulas.

use super::{Number, Value};

/// The id of a sign: an entry of `data/common/signs.txt`, such as `at_most` or `arrow_right`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Symbol(pub(crate) &'static str);

impl Symbol {
    /// `+`.
    pub(crate) const PLUS: Self = Self("plus");
    /// `−`, and `-` where it is one.
    pub(crate) const MINUS: Self = Self("minus");
    /// `×`, and `x` and `*` where they are it.
    pub(crate) const TIMES: Self = Self("times");
    /// `×` and `x` between sides.
    pub(crate) const BY: Self = Self("by");
    /// `÷`.
    pub(crate) const DIVIDED_BY: Self = Self("divided_by");
    /// `/` of a fraction.
    pub(crate) const OVER: Self = Self("over");
    /// `/` of a rate.
    pub(crate) const PER: Self = Self("per");
    /// `/` that is read aloud.
    pub(crate) const SLASH: Self = Self("slash");
    /// `=`.
    pub(crate) const EQUALS: Self = Self("equals");
    /// `<`.
    pub(crate) const LESS: Self = Self("less");
    /// `>`.
    pub(crate) const GREATER: Self = Self("greater");
    /// `~`, `≈`.
    pub(crate) const ABOUT: Self = Self("about");
    /// Between the ends of a range, and of a ratio.
    pub(crate) const TO: Self = Self("to");
    /// `&`.
    pub(crate) const AND: Self = Self("and");
    /// `/` between two words that may each stand.
    pub(crate) const OR: Self = Self("or");
    /// `.` that is read aloud: `.NET`, `example.com`.
    pub(crate) const DOT: Self = Self("dot");
    /// The decimal sign.
    pub(crate) const POINT: Self = Self("point");
    /// `-` that is read aloud.
    pub(crate) const DASH: Self = Self("dash");
    /// `@`.
    pub(crate) const AT: Self = Self("at");
    /// `#` before a number, `№`.
    pub(crate) const NUMBER: Self = Self("number");
    /// `#` before a word.
    pub(crate) const HASHTAG: Self = Self("hashtag");
}

/// What something is raised to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Exponent {
    /// A number.
    Number(Number),
    /// A letter.
    Letter(char),
    /// Something else, by its parts: `n+1`.
    Expression(Vec<Value>),
}

/// A part of a chemical formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChemicalPart {
    /// An element: its symbol, how many, and the mass number of an isotope.
    Element {
        /// `Na`, `H`.
        symbol: &'static str,
        /// How many, where that is written.
        count: Option<ChemicalCount>,
        /// `¹⁴C`, `C-14`, `U-235`.
        mass: Option<u16>,
    },
    /// What stands in brackets: `(OH)2`.
    Group {
        /// Parts.
        parts: Vec<ChemicalPart>,
        /// How many.
        count: Option<ChemicalCount>,
    },
    /// A number that begins a part behind a dot: the `5` of `CuSO₄·5H₂O`.
    Times(u16),
}

/// How many of an element or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChemicalCount {
    /// A number.
    Number(u16),
    /// A letter: `CnH2n`.
    Letter(char),
}

/// A chemical formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chemical {
    /// The number before it in an equation: the first `2` of `2H2O`.
    pub(crate) coefficient: Option<Number>,
    /// Parts.
    pub(crate) parts: Vec<ChemicalPart>,
    /// Its charge: positive or negative, and how many.
    pub(crate) charge: Option<(bool, u8)>,
}

/// A point of the compass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compass {
    /// North.
    North,
    /// East.
    East,
    /// South.
    South,
    /// West.
    West,
}

/// An angle in degrees, minutes and seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Angle {
    /// Degrees.
    pub(crate) degrees: Number,
    /// Minutes.
    pub(crate) minutes: Option<Number>,
    /// Seconds.
    pub(crate) seconds: Option<Number>,
    /// Where from the equator or Greenwich.
    pub(crate) compass: Option<Compass>,
}
