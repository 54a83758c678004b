//! Days of the calendar, as rows of data name them.

use std::fmt;
use std::str::FromStr;

use lectern_core::Timestamp;
use serde::{Deserialize, Serialize};

/// A day, from midnight to midnight UTC; `2026-09-02` as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day; write one as 2026-09-02")]
pub struct NotADay(String);

const MILLIS_A_DAY: u64 = 86_400_000;

impl Day {
    /// The day of a moment. Moments after the year 65535 are its last day.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        // Days of the civil calendar, as in the algorithms of Howard Hinnant: years begin in March.
        let days = moment.millis() / MILLIS_A_DAY + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        match (u16::try_from(year), u8::try_from(month), u8::try_from(day)) {
            (Ok(year), Ok(month), Ok(day)) => Self { year, month, day },
            _ => Self { year: u16::MAX, month: 12, day: 31 },
        }
    }

    /// Days since the first of January of the year 1970; negative before it.
    #[must_use]
    pub fn number(self) -> i64 {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let of_year = (153 * shifted + 2) / 5 + day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
    }

    /// The day so many days later. Days before 1970 are its first one.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        let number = u64::try_from(self.number().saturating_add(days)).unwrap_or(0);
        Self::of(Timestamp(number.saturating_mul(MILLIS_A_DAY)))
    }

    /// The first day of its month.
    #[must_use]
    pub const fn first_of_month(self) -> Self {
        Self { day: 1, ..self }
    }

    /// The month that it is in, by which budgets are: `2026-09` as text.
    #[must_use]
    pub fn month(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    /// How many days after `earlier` it is; negative where it is before that.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.number() - earlier.number()
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let wrong = || NotADay(text.chars().take(40).collect());
        let mut parts = text.split('-');
        let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(wrong());
        }
        let day = Self {
            year: year.parse().map_err(|_| wrong())?,
            month: month.parse().map_err(|_| wrong())?,
            day: day.parse().map_err(|_| wrong())?,
        };
        // A day that there is reads back as itself from its number.
        let millis = u64::try_from(day.number()).ok().and_then(|number| number.checked_mul(MILLIS_A_DAY));
        let same = millis.is_some_and(|millis| Self::of(Timestamp(millis)) == day);
        if same && (1..=12).contains(&day.month) { Ok(day) } else { Err(wrong()) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Day {
    type Error = NotADay;

    fn try_from(text: String) -> Result<Self, NotADay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_back_what_they_print_and_follow_each_other() {
        let mut last = Day::of(Timestamp(0));
        assert_eq!((last.to_string().as_str(), last.number()), ("1970-01-01", 0));
        for number in 1..60_000_u64 {
            let day = Day::of(Timestamp(number * MILLIS_A_DAY));
            assert!(day > last && day.since(last) == 1 && day.to_string().parse() == Ok(day), "{day}");
            assert!(last.plus(1) == day && day.plus(-1) == last && day.to_string().starts_with(&day.month()), "{day}");
            last = day;
        }
        assert_eq!(Day::of(Timestamp(1_798_675_200_000)).to_string(), "2026-12-31");
    }

    #[test]
    fn what_is_no_day_says_how_one_is_written() {
        for wrong in ["", "2026", "2026-13-01", "2026-02-29", "2026-00-10", "26-1-1", "2026-01-01-01", "+026-01-01"] {
            assert!(wrong.parse::<Day>().expect_err(wrong).to_string().contains("2026-09-02"));
        }
        assert!("2028-02-29".parse::<Day>().is_ok());
    }
}
