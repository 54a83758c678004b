//! Dates and times.

use super::Number;

/// How years are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// Before Christ.
    BeforeChrist,
    /// Before the common era.
    BeforeCommon,
    /// Anno Domini, after Christ.
    AfterChrist,
    /// Of the common era.
    Common,
    /// Anno Hegirae.
    Hijri,
    /// Before the present: `9000 BP`.
    BeforePresent,
}

/// A year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Year {
    /// Its number as it is written: 20 for the last year of `2019–20`.
    pub(crate) number: u32,
    /// Only its last two digits are written: `'99`, `2019–20`.
    pub(crate) short: bool,
    /// Its era, where that is written.
    pub(crate) era: Option<Era>,
    /// The era stands before it: `AD 79`.
    pub(crate) era_first: bool,
}

impl Year {
    /// A year without an era.
    pub(crate) const fn of(number: u32) -> Self {
        Self { number, short: false, era: None, era_first: false }
    }
}

/// In which order a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateForm {
    /// `January 5, 2026`.
    MonthFirst,
    /// `5 January 2026`, `5. Januar 2026`.
    DayFirst,
    /// In digits alone: `2026-01-05`, `5/12/2026`, `31.12.2026`.
    Digits,
}

/// A date, of whatever is written of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Date {
    /// Monday is 1.
    pub(crate) weekday: Option<u8>,
    /// The day of the month.
    pub(crate) day: Option<u8>,
    /// The last day, of a span of days in one month: `Jan. 5-7`.
    pub(crate) last_day: Option<u8>,
    /// January is 1.
    pub(crate) month: Option<u8>,
    /// The year.
    pub(crate) year: Option<Year>,
    /// How it is written.
    pub(crate) form: DateForm,
}

/// Ten years, or a hundred by their first: `1990s`, `'90s`, `1900s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decade {
    /// The first year as it is written: 1990, 90.
    pub(crate) number: u32,
}

/// The half of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meridiem {
    /// `a.m.`
    Before,
    /// `p.m.`
    After,
}

/// The zone of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    /// `Z`, `UTC`, `GMT`, `CET`, `EST`: letters as they are written.
    Named(String),
    /// Minutes before or behind Greenwich: `+02:00`.
    Offset(i16),
}

/// A time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Time {
    /// 0 to 24.
    pub(crate) hour: u8,
    /// 0 to 59; none where only the hour is written (`5pm`, `17 Uhr`).
    pub(crate) minute: Option<u8>,
    /// 0 to 60.
    pub(crate) second: Option<u8>,
    /// Digits of a second behind the decimal sign.
    pub(crate) fraction: Option<String>,
    /// The half of the day.
    pub(crate) meridiem: Option<Meridiem>,
    /// The language's word for the hour of the clock stands with it: `17 Uhr`, `17 h 30`.
    pub(crate) clock: bool,
    /// Its zone.
    pub(crate) zone: Option<Zone>,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimeUnit {
    /// `d`.
    Day,
    /// `h`.
    Hour,
    /// `min`.
    Minute,
    /// `s`.
    Second,
}

/// A span of time, from its largest unit to its smallest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Duration {
    /// Parts.
    pub(crate) parts: Vec<(Number, TimeUnit)>,
}
