//! Quantities, and when one may be said for another.

/// What a number counts in: a power of a measure, or of one over another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    /// What is measured: "length".
    pub measure: &'static str,
    /// How many of the base unit it is, over the factor of `per` where there is one.
    pub factor: f64,
    /// 1, 2 for square, 3 for cubic.
    pub power: u8,
    /// What is measured below the line, and how many of its base unit: "months" of a rate a year.
    pub per: Option<(&'static str, f64)>,
}

impl Unit {
    /// The unit above the line: "each year it moves 3.8 cm" is said of 3.8 cm a year.
    fn above(&self) -> Self {
        let below = self.per.map_or(1.0, |per| per.1);
        Self { factor: self.factor * below, per: None, ..*self }
    }
}

/// How a number is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hedge {
    /// As it stands.
    None,
    /// Near it.
    About,
    /// More than it.
    Over,
    /// Less than it.
    Under,
}

impl Hedge {
    /// What is meant if it is negated: not more than is at most.
    pub const fn turned(self) -> Self {
        match self {
            Self::Over => Self::Under,
            Self::Under => Self::Over,
            Self::None | Self::About => self,
        }
    }
}

/// The form in which a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// How many.
    Cardinal,
    /// The how manyth.
    Ordinal,
    /// A part: two thirds.
    Part,
    /// So many times as much: twice.
    Multiple,
}

/// A number in a text.
#[derive(Debug, Clone)]
pub(super) struct Quantity {
    /// Its first token, with the sign or the currency before it.
    pub first: usize,
    /// One past its last token, with its unit.
    pub last: usize,
    /// The token of the number itself, without a sign.
    pub at: usize,
    /// The value.
    pub value: f64,
    /// What one more in the last place that is named would be: 100,000,000 for 3.2 billion.
    pub step: f64,
    /// The form.
    pub form: Form,
    /// The unit, if one is named.
    pub unit: Option<Unit>,
    /// How it is meant.
    pub hedge: Hedge,
    /// Whether it looks like a year.
    pub year: bool,
    /// Whether it says nothing by itself: "one of them", "a metre".
    pub weak: bool,
    /// Whether it is written in words.
    pub words: bool,
}

/// How two quantities differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// One may be said for the other.
    Same,
    /// The values are one, the units are not.
    OtherUnit,
    /// The values are one, but for the sign.
    OtherSign,
    /// "More than" one is said for "less than" it.
    OtherSide,
    /// They differ.
    Other,
}

/// Values are one where they differ by less than this share: what is lost in conversions.
const EXACT: f64 = 1e-12;
/// The largest share by which a rounded value may differ from what it is rounded from.
const ROUNDED: f64 = 0.1;
/// The largest share by which a fraction in words may differ: "about a third" is said of 35 %.
const ROUNDED_PART: f64 = 0.1;

fn equal(a: f64, b: f64) -> bool {
    (a - b).abs() <= EXACT * a.abs().max(b.abs())
}

/// Measures that one word does not tell apart.
fn same_measure(a: &Unit, b: &Unit, alike: fn(&str, &str) -> bool) -> bool {
    let one = a.measure == b.measure || alike(a.measure, b.measure);
    one && a.power == b.power && a.per.map(|per| per.0) == b.per.map(|per| per.0)
}

/// A month of the Gregorian calendar on average, in seconds.
const MONTH: f64 = 30.436_875 * 86_400.0;

/// What a span in months is in seconds, or the other way round: none of two others. Neither is the
/// other but roughly, since months differ.
fn calendar(a: &Unit, b: &Unit) -> Option<f64> {
    let plain = a.power == 1 && b.power == 1 && a.per.is_none() && b.per.is_none();
    match (a.measure, b.measure) {
        ("months", "time") if plain => Some(MONTH),
        ("time", "months") if plain => Some(1.0 / MONTH),
        _ => None,
    }
}

/// Whether the claim's `c` may be said where a source has `s`. `free` says whether the sources name
/// a unit apart from any number, in the head of a column; `alike` which measures share a word.
pub(super) fn compare(
    c: &Quantity,
    s: &Quantity,
    free: impl Fn(&Unit) -> bool,
    alike: fn(&str, &str) -> bool,
) -> Match {
    // A weak ordinal that is no word is a Roman numeral, which may be read either way.
    let roman = s.weak && !s.words;
    if (c.form == Form::Ordinal) != (s.form == Form::Ordinal) && !roman {
        return Match::Other;
    }
    let above = s.unit.map(|unit| if c.unit.is_some_and(|claim| claim.per.is_none()) { unit.above() } else { unit });
    let (claim, source, units) = match (&c.unit, &above) {
        (Some(a), Some(b)) if same_measure(a, b, alike) => {
            let exact = a.measure == b.measure;
            let (x, y) = if exact { (c.value * a.factor, s.value * b.factor) } else { (c.value, s.value) };
            (x, y, true)
        }
        (Some(a), Some(b)) if c.hedge != Hedge::None && calendar(a, b).is_some() => {
            (c.value * a.factor * calendar(a, b).unwrap_or(1.0), s.value * b.factor, true)
        }
        // A share may be said as a fraction, and the other way round.
        (Some(a), None) if a.measure == "share" && (s.form == Form::Part || s.value.abs() <= 1.0) => {
            (c.value * a.factor, s.value, true)
        }
        (None, Some(b)) if b.measure == "share" && (c.form == Form::Part || c.value.abs() <= 1.0) => {
            (c.value, s.value * b.factor, true)
        }
        (Some(a), None) => (c.value, s.value, free(a)),
        (None, Some(_) | None) => (c.value, s.value, true),
        (Some(_), Some(_)) => (c.value, s.value, false),
    };
    let scale_of_source = if s.value == 0.0 { 1.0 } else { (source / s.value).abs() };
    let scale_of_claim = if c.value == 0.0 { 1.0 } else { (claim / c.value).abs() };
    // Of months for days no tens are rounded: "about ten months" is not said of eleven.
    let converted = c.unit.zip(above).is_some_and(|(a, b)| calendar(&a, &b).is_some());
    let step = if converted { c.step.min(1.0) } else { c.step };
    let steps = (step * scale_of_claim, s.step * scale_of_source);
    let near = if units { near(c, s, claim, source, steps) } else { equal(claim, source) };
    if near {
        return match (units, c.hedge, s.hedge) {
            (false, _, _) => Match::OtherUnit,
            (true, Hedge::Over, Hedge::Under) | (true, Hedge::Under, Hedge::Over) => Match::OtherSide,
            (true, _, _) => Match::Same,
        };
    }
    if c.unit.is_some() && s.unit.is_some() && equal(c.value, s.value) {
        return Match::OtherUnit;
    }
    if units && claim != 0.0 && equal(claim, -source) { Match::OtherSign } else { Match::Other }
}

fn near(c: &Quantity, s: &Quantity, claim: f64, source: f64, (step, source_step): (f64, f64)) -> bool {
    if equal(claim, source) {
        return true;
    }
    let apart = (claim - source).abs();
    // "A third" for 33 %: as near as the source itself says it.
    if c.form == Form::Part && s.form != Form::Part && apart <= source_step / 2.0 && apart <= ROUNDED * claim.abs() {
        return true;
    }
    if c.form == Form::Part {
        let side = match c.hedge {
            Hedge::None => return false,
            Hedge::About => true,
            Hedge::Over => source > claim,
            Hedge::Under => source < claim,
        };
        return side && apart <= ROUNDED_PART * claim.abs();
    }
    match c.hedge {
        Hedge::None => false,
        Hedge::About => apart <= (step / 2.0) * (1.0 + EXACT) && apart <= ROUNDED * source.abs(),
        Hedge::Over => source > claim && apart < step,
        Hedge::Under => source < claim && apart < step && apart <= ROUNDED * claim.abs(),
    }
}

/// What one more in the last place of a number is, as it is written: 1 for `12`, 0.1 for `3.2`,
/// 1,000 for `45,000`.
pub(super) fn step(digits: &str) -> f64 {
    if let Some((_, decimals)) = digits.split_once('.') {
        return 10f64.powi(-i32::try_from(decimals.len()).unwrap_or(i32::MAX));
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let zeros = if zeros == digits.len() { 0 } else { zeros };
    10f64.powi(i32::try_from(zeros).unwrap_or(i32::MAX))
}
