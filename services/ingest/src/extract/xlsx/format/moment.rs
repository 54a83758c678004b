//! Dates, times and durations by a format.

use super::super::date::{Moment, moment};
use super::code::Token;
use crate::clean::MONTHS;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// `value`, a day by its number, as the pieces of a code write it; none for a day that no calendar
/// of the format has.
pub(super) fn written(value: f64, tokens: &[Token], from_1904: bool) -> Option<String> {
    let elapsed = tokens.iter().any(|token| matches!(token, Token::Elapsed(_)));
    let now = if elapsed && value >= 0.0 { moment(value.fract(), from_1904)? } else { moment(value, from_1904)? };
    let noon = tokens.contains(&Token::Noon);
    let mut out = String::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Literal(text) => out.push_str(text),
            Token::Noon => out.push_str(if now.seconds < 43_200 { "AM" } else { "PM" }),
            Token::Elapsed(unit) => {
                let unit = match unit {
                    'h' => 3600.0,
                    'm' => 60.0,
                    _ => 1.0,
                };
                out.push_str(&format!("{:.0}", (value * 86_400.0 / unit + 1e-6).floor()));
            }
            Token::Parts(count) => {
                let text = format!("{:03}", now.thousandths);
                out.push('.');
                out.push_str(text.get(..(*count).min(3)).unwrap_or_default());
            }
            Token::Date('m', count) if *count <= 2 && is_minute(tokens, at) => {
                out.push_str(&padded(now.seconds / 60 % 60, *count));
            }
            Token::Date(unit, count) => out.push_str(&part(now, *unit, *count, noon)),
            Token::Digits(_) | Token::Percent | Token::Exponent | Token::General => {}
        }
    }
    Some(out.trim().to_owned())
}

/// `m` is minutes behind hours and before seconds, and months elsewhere.
fn is_minute(tokens: &[Token], at: usize) -> bool {
    let unit = |token: &&Token| match token {
        Token::Date(unit, _) | Token::Elapsed(unit) => Some(*unit),
        Token::Literal(_)
        | Token::Digits(_)
        | Token::Percent
        | Token::Exponent
        | Token::General
        | Token::Noon
        | Token::Parts(_) => None,
    };
    let before = tokens.get(..at).unwrap_or_default().iter().rev().find_map(|token| unit(&token));
    let after = tokens.get(at + 1..).unwrap_or_default().iter().find_map(|token| unit(&token));
    before == Some('h') || after == Some('s')
}

fn part(now: Moment, unit: char, count: usize, noon: bool) -> String {
    let month = MONTHS.get(now.month.saturating_sub(1)).copied().unwrap_or_default();
    let day = DAYS.get(now.weekday).copied().unwrap_or_default();
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let hour = now.seconds / 3600;
    match (unit, count) {
        ('y', ..=2) => padded(now.year % 100, 2),
        ('y', _) => now.year.to_string(),
        ('m', ..=2) => padded(i64::try_from(now.month).unwrap_or(1), count),
        ('m', 3) => short(month),
        ('m', 5) => month.chars().take(1).collect(),
        ('m', _) => month.to_owned(),
        ('d', ..=2) => padded(now.day, count),
        ('d', 3) => short(day),
        ('d', _) => day.to_owned(),
        ('h', _) if noon => padded((hour + 11) % 12 + 1, count),
        ('h', _) => padded(hour, count),
        _ => padded(now.seconds % 60, count),
    }
}

fn padded(number: i64, count: usize) -> String {
    if count >= 2 { format!("{number:02}") } else { number.to_string() }
}
