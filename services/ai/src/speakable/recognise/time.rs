//! Times of day and spans of time.

mod duration;

use super::score::near;
use super::{Candidates, Cx};
use crate::speakable::grammar::ClockWord;
use crate::speakable::span::{Cost, Meridiem, Piece, Symbol, Time, Value, Zone};
use crate::speakable::text::TokenKind;

/// The hour behind the last one of a day.
const LAST_HOUR: u8 = 24;
/// The last minute of an hour, and the last second of one, which may be a leap second.
const LAST_MINUTE: u8 = 59;
const LAST_SECOND: u8 = 60;
/// Characters of the longest word at a time of day.
const LONGEST: usize = 8;
/// Digits of an hour, and of minutes and seconds.
const DIGITS: usize = 2;

/// Times, spans of time, and offsets of zones.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if cx.token().kind == TokenKind::Word {
        zone_with_offset(cx, out);
        return;
    }
    duration::propose(cx, out);
    let in_timestamp = cx.before() == Some('T') && cx.at.checked_sub(2).is_some_and(|at| cx.digit(at));
    if (cx.glued_before() && !in_timestamp) || matches!(cx.before(), Some(':' | '.')) {
        return;
    }
    let Some((time, end)) = time(cx, cx.at) else { return };
    let told = time.meridiem.is_some() || time.zone.is_some() || time.clock || time.second.is_some() || in_timestamp;
    let cost = match (told, near(cx, "ratio")) {
        (true, _) => Cost::SURE,
        (false, false) => Cost::LIKELY,
        (false, true) => Cost::PLAIN,
    };
    out.propose(end, Value::Time(Box::new(time)), cost);
}

/// The time of day that begins at `at`: `9:30 a.m.`, `5 p.m.`, `17:45`, `17.30 Uhr`, `14 h 30`.
pub(super) fn time(cx: &Cx<'_>, at: usize) -> Option<(Time, usize)> {
    let (hour, hour_end) = two_digits(cx, at, LAST_HOUR)?;
    let mut time = Time { hour, minute: None, second: None, fraction: None, meridiem: None, clock: false, zone: None };
    let mut end = hour_end;
    match cx.char(hour_end) {
        Some(':') => end = minutes(cx, &mut time, hour_end)?,
        Some('.') => {
            let (minute, after) = full(cx, hour_end + 1)?;
            word(cx, after).filter(|(word, _)| *word != ClockWord::Zone)?;
            (time.minute, end) = (Some(minute), after);
        }
        _ => {}
    }
    end = words(cx, &mut time, end);
    end = zone(cx, &mut time, end);
    let told = time.minute.is_some() || time.meridiem.is_some() || time.clock;
    let goes_on = cx.glued_at(end) || (cx.char(end) == Some(':') && cx.digit(end + 1)) || cx.char(end) == Some('/');
    (told && !goes_on).then_some((time, end))
}

/// A number of one or two digits, up to `most`.
fn two_digits(cx: &Cx<'_>, at: usize, most: u8) -> Option<(u8, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= DIGITS)?;
    digits.parse::<u8>().ok().filter(|value| *value <= most).map(|value| (value, end))
}

/// Two digits of minutes or seconds.
fn full(cx: &Cx<'_>, at: usize) -> Option<(u8, usize)> {
    two_digits(cx, at, LAST_MINUTE).filter(|(_, end)| end - at == DIGITS)
}

/// Minutes, seconds and decimals of them behind the colon at `at`; where they end.
fn minutes(cx: &Cx<'_>, time: &mut Time, at: usize) -> Option<usize> {
    let (minute, mut end) = full(cx, at + 1)?;
    time.minute = Some(minute);
    if cx.char(end) == Some(':') {
        let (second, after) = two_digits(cx, end + 1, LAST_SECOND).filter(|(_, after)| after - end == DIGITS + 1)?;
        time.second = Some(second);
        end = after;
        if let Some((digits, after)) = cx.digits_at(end + 1).filter(|_| matches!(cx.char(end), Some('.' | ','))) {
            time.fraction = Some(digits.to_owned());
            end = after;
        }
    }
    Some(end)
}

/// The word of the language at a time of day that stands at `at`, across one space.
fn word(cx: &Cx<'_>, at: usize) -> Option<(ClockWord, usize)> {
    let start = cx.skip_space(at).filter(|start| cx.char(*start).is_some_and(char::is_alphabetic))?;
    cx.longest_spaced(start, LONGEST, |key| cx.grammar.clock(key))
}

/// The half of the day and the word for the hour behind a time; where they end.
fn words(cx: &Cx<'_>, time: &mut Time, at: usize) -> usize {
    let hour_word = time.minute.is_none().then(|| clock_letter(cx, at)).flatten();
    let found = hour_word.or_else(|| word(cx, at));
    match found {
        Some((ClockWord::Clock, end)) => {
            time.clock = true;
            let minute = cx.skip_space(end).and_then(|start| full(cx, start)).filter(|(_, after)| {
                let unit = |word: &str| cx.grammar.unit(word).is_some() && !cx.grammar.context("unit_words", word);
                let amount = cx.next_word(*after).is_some_and(unit);
                time.minute.is_none() && !cx.glued_at(*after) && !amount
            });
            if let Some((minute, after)) = minute {
                time.minute = Some(minute);
                return half(cx, time, after);
            }
            half(cx, time, end)
        }
        Some((ClockWord::Before | ClockWord::After, _)) => half(cx, time, at),
        Some((ClockWord::Zone, _)) | None => at,
    }
}

/// The half of the day behind a time.
fn half(cx: &Cx<'_>, time: &mut Time, at: usize) -> usize {
    match word(cx, at) {
        Some((ClockWord::Before, end)) => {
            time.meridiem = Some(Meridiem::Before);
            end
        }
        Some((ClockWord::After, end)) => {
            time.meridiem = Some(Meridiem::After);
            end
        }
        Some((ClockWord::Clock | ClockWord::Zone, _)) | None => at,
    }
}

/// `h` of `14h30`: minutes touch it.
fn clock_letter(cx: &Cx<'_>, at: usize) -> Option<(ClockWord, usize)> {
    let (letter, end) = cx.letters_at(at).filter(|(_, end)| cx.digit(*end))?;
    cx.grammar.clock(letter).filter(|word| *word == ClockWord::Clock).map(|word| (word, end))
}

/// The zone behind a time: its name, `Z`, or the hours before or behind Greenwich.
fn zone(cx: &Cx<'_>, time: &mut Time, at: usize) -> usize {
    if time.minute.is_none() && time.meridiem.is_none() {
        return at;
    }
    if let Some((ClockWord::Zone, end)) = word(cx, at) {
        let start = cx.skip_spaces(at);
        let touches = start == at || end - start > 1;
        if touches && !cx.glued_at(end) {
            time.zone = Some(Zone::Named(cx.slice(start, end).to_owned()));
            return end;
        }
    }
    if time.second.is_some()
        && let Some((minutes, end)) = offset(cx, at)
    {
        time.zone = Some(Zone::Offset(minutes));
        return end;
    }
    at
}

/// `+02:00`, `-0530`
fn offset(cx: &Cx<'_>, at: usize) -> Option<(i16, usize)> {
    let sign: i16 = match cx.char(at)? {
        '+' => 1,
        '-' | '−' => -1,
        _ => return None,
    };
    let (digits, end) = cx.digits_at(at + 1)?;
    let (hours, minutes, end): (i16, i16, usize) = match digits.len() {
        2 if cx.char(end) == Some(':') => {
            let (minutes, end) = full(cx, end + 1)?;
            (digits.parse().ok()?, i16::from(minutes), end)
        }
        2 => (digits.parse().ok()?, 0, end),
        4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?, end),
        _ => return None,
    };
    (hours <= i16::from(LAST_HOUR)).then_some((sign * (hours * 60 + minutes), end))
}

/// `UTC+2`, `GMT-5`
fn zone_with_offset(cx: &Cx<'_>, out: &mut Candidates) {
    let end = cx.token().end;
    let sign = match cx.char(end) {
        Some('+') => Symbol::PLUS,
        Some('-' | '−') => Symbol::MINUS,
        _ => return,
    };
    let written = cx.written();
    if cx.glued_before() || cx.grammar.clock(written) != Some(ClockWord::Zone) {
        return;
    }
    let Some((hours, after)) = cx.digits_at(end + 1).filter(|(hours, _)| hours.len() <= DIGITS) else { return };
    let mut pieces = vec![Piece::Letters(written.to_owned()), Piece::Symbol(sign), Piece::Number(unpadded(hours))];
    let mut last = after;
    if let Some((minutes, minutes_end)) = full(cx, after + 1).filter(|_| cx.char(after) == Some(':')) {
        // Whole hours are said without minutes: `UTC-05:00`.
        if minutes > 0 {
            pieces.push(Piece::Number(cx.slice(after + 1, minutes_end).to_owned()));
        }
        last = minutes_end;
    }
    if !cx.glued_at(last) {
        out.propose(last, Value::Identifier(pieces), Cost::CERTAIN);
    }
}

/// Digits without the zero before them.
fn unpadded(digits: &str) -> String {
    let bare = digits.trim_start_matches('0');
    if bare.is_empty() { "0".to_owned() } else { bare.to_owned() }
}
