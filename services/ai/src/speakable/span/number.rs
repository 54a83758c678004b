//! Numbers as they are written, without the signs of a language.

/// The sign before a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Sign {
    /// None.
    #[default]
    None,
    /// `+`.
    Plus,
    /// `-`.
    Minus,
    /// `±`, `+/-`.
    PlusMinus,
}

/// What a sign before a number says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// `~5`, `≈ 5`.
    About,
    /// `≤ 5`, `<=5`.
    AtMost,
    /// `≥ 5`, `>=5`.
    AtLeast,
    /// `<5`.
    LessThan,
    /// `>5`.
    MoreThan,
}

/// A power of ten with a name: 2 hundred, 3 thousand, 5 lakh, 6 million, 7 crore, 9 billion (the
/// short scale's), 12 trillion, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Scale(pub(crate) u8);

/// A number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Number {
    /// Its sign.
    pub(crate) sign: Sign,
    /// What stands before it.
    pub(crate) bound: Option<Bound>,
    /// Digits before the decimal sign, without signs between groups; empty in `.5`.
    pub(crate) whole: String,
    /// Digits behind the decimal sign.
    pub(crate) fraction: Option<String>,
    /// Signs stand between groups of digits: it is no year and no key.
    pub(crate) grouped: bool,
    /// The power of ten by its name: `5 million`, `$4.1M`.
    pub(crate) scale: Option<Scale>,
    /// The power of ten in digits: `2 × 10^6`, `1e-5`.
    pub(crate) exponent: Option<i32>,
}

impl Number {
    /// Digits of the longest whole that has a value here.
    pub(crate) const MAX_DIGITS: usize = 36;

    /// The number of digits without a sign.
    pub(crate) fn digits(whole: &str) -> Self {
        Self { whole: whole.to_owned(), ..Self::default() }
    }

    /// The number of a value.
    pub(crate) fn of(value: u128) -> Self {
        Self { whole: value.to_string(), ..Self::default() }
    }

    /// Its whole as a value, without sign, fraction and scale; none where it is empty or too long.
    pub(crate) fn value(&self) -> Option<u128> {
        (self.whole.len() <= Self::MAX_DIGITS).then(|| self.whole.parse().ok()).flatten()
    }

    /// Whether it is a whole number, with neither fraction, scale nor power.
    pub(crate) const fn is_whole(&self) -> bool {
        self.fraction.is_none() && self.scale.is_none() && self.exponent.is_none()
    }

    /// Whether it is written as digits alone: no sign, bound, group, fraction, scale or power.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_whole() && !self.grouped && self.sign == Sign::None && self.bound.is_none()
    }

    /// Whether what is counted stands in the singular in languages where only one thing does.
    pub(crate) fn is_one(&self) -> bool {
        self.is_whole() && self.whole == "1"
    }

    /// The value where it is written as a year is: four plain digits that do not begin with zero.
    pub(crate) fn four(&self) -> Option<u32> {
        let four = self.is_plain() && self.whole.len() == 4 && !self.whole.starts_with('0');
        four.then(|| self.whole.parse().ok()).flatten()
    }
}

/// How many: of a unit, of a currency, of a hundred.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Amount {
    /// A number.
    Number(Number),
    /// A fraction: `1/2 cup`.
    Fraction(Fraction),
    /// From one number to another: `5-10 km`.
    Between(Box<(Number, Number)>),
    /// Sides or factors: `3 × 4 cm`, `2x4`.
    Product(Vec<Number>),
    /// A number and how much it may be off: `5.0 ± 0.2`.
    Tolerance(Box<(Number, Number)>),
}

impl Amount {
    /// The number that stands next to the unit.
    pub(crate) fn last(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Fraction(_) => None,
            Self::Between(pair) | Self::Tolerance(pair) => Some(&pair.1),
            Self::Product(factors) => factors.last(),
        }
    }

    /// Whether it is the number one and nothing else.
    pub(crate) fn is_one(&self) -> bool {
        matches!(self, Self::Number(number) if number.is_one())
    }
}

/// An ordinal number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ordinal {
    /// Which one.
    pub(crate) number: u128,
    /// What the language's table of endings says of the ending: `f`, `pl`, `f pl`, or nothing.
    pub(crate) form: &'static str,
}

/// Digits that are no number of things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digits {
    /// Groups, between which a pause is heard.
    pub(crate) groups: Vec<String>,
    /// Groups are said as in a name (`RFC 2616`: "twenty-six sixteen"), and not one by one.
    pub(crate) paired: bool,
}

/// A fraction, with the whole number before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fraction {
    /// Its sign.
    pub(crate) sign: Sign,
    /// The number before it: `1` of `1 1/2`.
    pub(crate) whole: Option<u128>,
    /// Above the line.
    pub(crate) over: u128,
    /// Below it.
    pub(crate) under: u128,
    /// It is written with a slash, and may be a name (`24/7`, `9/11`), which a verbaliser knows.
    pub(crate) slashed: bool,
}
