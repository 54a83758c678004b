//! Amounts of units and of money.

use super::{Amount, Number, Value};

/// The id of a unit: an entry of `data/common/units.txt`, such as `metre` or `byte`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct UnitId(pub(crate) &'static str);

/// The id of a prefix: an entry of `data/common/prefixes.txt`, such as `kilo` or `mebi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Prefix(pub(crate) &'static str);

/// One unit in a product of units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct UnitFactor {
    /// Which unit.
    pub(crate) unit: UnitId,
    /// Its prefix.
    pub(crate) prefix: Option<Prefix>,
    /// Its power, at least one.
    pub(crate) power: u8,
    /// How many of them, where that is not one: the hundred of `L/100 km`.
    pub(crate) count: Option<Number>,
    /// What is measured, where its name stands behind the unit: the `CO₂` of `g CO₂/kWh`.
    pub(crate) of: Option<Box<Value>>,
}

/// A product of units, and what it is divided by.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Unit {
    /// Factors; empty in `/s` behind a word.
    pub(crate) over: Vec<UnitFactor>,
    /// What it is per, from left to right.
    pub(crate) under: Vec<Per>,
}

/// What an amount is per.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Per {
    /// A unit.
    Unit(UnitFactor),
    /// A thing, by the word of the text: `$3/month`, `12/user`.
    Noun(String),
}

/// An amount of a unit.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measure {
    /// How many.
    pub(crate) amount: Amount,
    /// Of what.
    pub(crate) unit: Unit,
    /// It stands before a noun and says of which kind that is: `a 10 MB file`, `5-km run`. Set by
    /// the recogniser where a hyphen says so, and by the pass over neighbours.
    pub(crate) adjective: bool,
}

/// Parts of one measure, from the largest unit to the smallest: `5'11"`, `6 ft 2 in`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compound {
    /// Parts.
    pub(crate) parts: Vec<(Number, UnitId)>,
    /// The last unit goes without saying: "five foot eleven".
    pub(crate) terse: bool,
}

/// Which part percent and its kin count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// `%`.
    Hundred,
    /// `‰`.
    Thousand,
    /// `‱`.
    TenThousand,
    /// `pp`, percentage points.
    Points,
    /// `bps` of rates, basis points.
    BasisPoints,
}

/// An amount of hundredths, thousandths or points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Percent {
    /// How many.
    pub(crate) amount: Amount,
    /// Of what.
    pub(crate) part: Part,
    /// In a range the sign stands behind both numbers, and is said twice: `12%-15%`.
    pub(crate) twice: bool,
}

/// A currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Currency {
    /// Its code of ISO 4217, or `XBT` and the like.
    pub(crate) code: &'static str,
    /// Its country is written, by the code or before the sign (`USD`, `US$`): it is said as well
    /// where the language tells currencies of one name apart.
    pub(crate) of_country: bool,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Money {
    /// How many of the currency. Where `minor` is there, without its fraction.
    pub(crate) amount: Amount,
    /// Of which.
    pub(crate) currency: Currency,
    /// Hundredths (or what the currency has), where they are said apart.
    pub(crate) minor: Option<u32>,
    /// What it is per: `$3/month`.
    pub(crate) per: Vec<Per>,
    /// It stands before a noun and says of which kind that is: `a $5 million deal`.
    pub(crate) adjective: bool,
}
