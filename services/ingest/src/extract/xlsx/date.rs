//! Days of spreadsheets: a number of days since the end of 1899, or since the beginning of 1904
//! (ECMA-376, part 1, clause 18.17.4.1).

/// A moment of a calendar without zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub year: i64,
    /// 1 to 12.
    pub month: usize,
    /// 1 to 31.
    pub day: i64,
    /// 0 for Sunday.
    pub weekday: usize,
    /// Seconds of the day.
    pub seconds: i64,
    /// Thousandths of the second.
    pub thousandths: i64,
}

/// The last day that a spreadsheet can hold: the end of the year 9999.
const LAST: f64 = 2_958_466.0;

const THOUSANDTHS_OF_A_DAY: i64 = 86_400_000;

/// The moment that `serial` stands for; none for what is before the calendar or after the
/// year 9999.
pub(super) fn moment(serial: f64, from_1904: bool) -> Option<Moment> {
    if !(0.0..LAST).contains(&serial) {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, reason = "both are within the range that was checked")]
    let (whole, rest) = (serial.floor() as i64, (serial.fract() * 86_400_000.0).round() as i64);
    let (whole, rest) = (whole + rest / THOUSANDTHS_OF_A_DAY, rest % THOUSANDTHS_OF_A_DAY);
    // 1900 has a 29th of February there, for the sake of an older program: days before it count
    // from a day later.
    let shift = match (from_1904, whole) {
        (true, _) => 24_107,
        (false, ..60) => 25_568,
        (false, _) => 25_569,
    };
    let days = whole - shift;
    let (year, month, day) = civil(days);
    let weekday = usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0);
    Some(Moment { year, month, day, weekday, seconds: rest / 1000, thousandths: rest % 1000 })
}

/// The date of a number of days since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
fn civil(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_days_of_the_calendar() {
        for (serial, from_1904, wanted) in [
            (1.0, false, (1900, 1, 1, 0)),
            (61.0, false, (1900, 3, 1, 0)),
            (25_569.0, false, (1970, 1, 1, 0)),
            (45_352.75, false, (2024, 3, 1, 64_800)),
            (0.0, true, (1904, 1, 1, 0)),
            (45_351.999_999_999, false, (2024, 3, 1, 0)),
        ] {
            let found = moment(serial, from_1904).unwrap();
            assert_eq!((found.year, found.month, found.day, found.seconds), wanted, "{serial}");
        }
        assert_eq!(moment(45_352.0, false).unwrap().weekday, 5, "a Friday");
        assert!(moment(-1.0, false).is_none() && moment(f64::NAN, false).is_none() && moment(1e12, false).is_none());
    }
}
