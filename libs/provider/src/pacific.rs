//! When the next day begins in the time zone of the Pacific coast of the United States: daily
//! quotas of the Gemini API begin anew at midnight there
//! (ai.google.dev/gemini-api/docs/rate-limits).
//!
//! The zone is UTC-8, and UTC-7 from 2 o'clock of the second Sunday of March to 2 o'clock of the
//! first Sunday of November (Energy Policy Act of 2005, section 110; 15 U.S.C. 260a). No table of
//! time zones is read for one rule; should Congress change it, a call comes an hour early or late,
//! and the provider's next refusal says so.

use std::time::Duration;

use lectern_core::Timestamp;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const STANDARD: i64 = 8 * HOUR;
const SUMMER: i64 = 7 * HOUR;

/// How long until the next midnight on the Pacific coast: more than nothing, 25 hours at most.
pub(crate) fn until_midnight(now: Timestamp) -> Duration {
    let now = i64::try_from(now.millis()).unwrap_or(0);
    let today = (now - offset(now)).div_euclid(DAY);
    let midnight = (today + 1) * DAY;
    // Clocks change at 2 o'clock, so a midnight has the offset that was there before.
    let then =
        [SUMMER, STANDARD].map(|offset| midnight + offset).into_iter().find(|then| midnight + offset(*then) == *then);
    let wait = then.unwrap_or(midnight + STANDARD) - now;
    Duration::from_millis(u64::try_from(wait).unwrap_or(0))
}

/// How far the zone is behind UTC at a moment (milliseconds since the epoch, UTC).
fn offset(moment: i64) -> i64 {
    let year = year_of((moment - STANDARD).div_euclid(DAY));
    let begin = sunday(year, 3, 8) * DAY + 2 * HOUR + STANDARD;
    let end = sunday(year, 11, 1) * DAY + 2 * HOUR + SUMMER;
    if (begin..end).contains(&moment) { SUMMER } else { STANDARD }
}

/// The first Sunday from this day of a month on, in days since the epoch.
fn sunday(year: i64, month: i64, day: i64) -> i64 {
    let day = days(year, month, day);
    // 1970-01-01 was a Thursday: four days after a Sunday.
    day + (7 - (day + 4).rem_euclid(7)) % 7
}

/// Days since the epoch of a date of the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", `days_from_civil`).
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year of a day since the epoch.
fn year_of(day: i64) -> i64 {
    // Off by one at most, and only around New Year.
    let near = 1970 + (day * 400).div_euclid(146_097);
    [near + 1, near, near - 1].into_iter().find(|year| days(*year, 1, 1) <= day).unwrap_or(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment of UTC.
    fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Timestamp {
        let millis = days(year, month, day) * DAY + hour * HOUR + minute * 60_000;
        Timestamp(u64::try_from(millis).unwrap())
    }

    #[test]
    fn midnight_is_that_of_the_day_with_its_own_offset() {
        for (now, then) in [
            // Winter: 8 o'clock UTC.
            (utc(2026, 1, 15, 12, 0), utc(2026, 1, 16, 8, 0)),
            (utc(2026, 1, 15, 7, 59), utc(2026, 1, 15, 8, 0)),
            (utc(2026, 12, 31, 23, 30), utc(2027, 1, 1, 8, 0)),
            // Summer: 7 o'clock UTC.
            (utc(2026, 7, 1, 6, 59), utc(2026, 7, 1, 7, 0)),
            (utc(2026, 7, 1, 7, 0), utc(2026, 7, 2, 7, 0)),
            // The clocks go forward on 2026-03-08: that midnight is standard time, the next is not.
            (utc(2026, 3, 8, 7, 0), utc(2026, 3, 8, 8, 0)),
            (utc(2026, 3, 8, 8, 0), utc(2026, 3, 9, 7, 0)),
            (utc(2026, 3, 8, 12, 0), utc(2026, 3, 9, 7, 0)),
            // They go back on 2026-11-01: that midnight is summer time, the next is not.
            (utc(2026, 11, 1, 6, 0), utc(2026, 11, 1, 7, 0)),
            (utc(2026, 11, 1, 7, 0), utc(2026, 11, 2, 8, 0)),
            (utc(2026, 11, 1, 9, 30), utc(2026, 11, 2, 8, 0)),
        ] {
            assert_eq!(now.plus(until_midnight(now)), then, "{now:?}");
        }
    }

    #[test]
    fn every_hour_of_forty_years_has_a_midnight_within_twenty_five_hours() {
        let from = utc(2020, 1, 1, 0, 30).millis();
        for hour in 0..40 * 8_766_u64 {
            let now = Timestamp(from + hour * 3_600_000);
            let wait = until_midnight(now);
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(25 * 3_600), "{now:?} {wait:?}");
            let minutes = now.plus(wait).millis() / 60_000 % 1_440;
            assert!([7 * 60, 8 * 60].contains(&minutes), "{now:?} {minutes}");
        }
    }

    #[test]
    fn the_days_of_the_change_are_those_of_the_calendar() {
        for (year, march, november) in [(2024, 10, 3), (2025, 9, 2), (2026, 8, 1), (2027, 14, 7), (2028, 12, 5)] {
            assert_eq!(sunday(year, 3, 8), days(year, 3, march));
            assert_eq!(sunday(year, 11, 1), days(year, 11, november));
        }
        assert_eq!((days(1970, 1, 1), days(2000, 3, 1), days(2026, 11, 28)), (0, 11_017, 20_785));
        for day in [0, 364, 365, 11_016, 20_453, 20_454, 20_818, 20_819] {
            let year = year_of(day);
            assert!(days(year, 1, 1) <= day && day < days(year + 1, 1, 1), "{day} {year}");
        }
    }
}
