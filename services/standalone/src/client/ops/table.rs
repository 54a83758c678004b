//! Tables for people, of at most 100 columns, and ages.

use lectern_core::{Failure, Timestamp};
use lectern_proto::v1 as api;

use crate::client::out::{self, Out};
use crate::client::word;

/// No line of a table is longer, in characters.
pub(super) const WIDTH: usize = 100;
/// Between two columns.
const GAP: usize = 2;
/// No column is cut below this.
const LEAST: usize = 6;

/// Lines of a table: its head in capitals, and a line for each row. Where they would be too long,
/// the widest columns are cut, and what is cut ends with an ellipsis.
#[must_use]
pub(super) fn lines(head: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let head = head.iter().map(|name| name.to_uppercase()).collect();
    let mut rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |rows: &[Vec<String>], column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = (0..columns).map(|column| width(&rows, column)).collect();
    let room = WIDTH.saturating_sub(GAP * columns.saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > LEAST) else { break };
        *widest -= 1;
    }
    for row in &mut rows {
        for (cell, width) in row.iter_mut().zip(&widths) {
            *cell = cut(cell, *width);
        }
    }
    out::table(&rows)
}

/// Prints a table, or that there is nothing.
pub(super) fn print(head: &[&str], rows: Vec<Vec<String>>, nothing: &str, out: &Out) {
    if rows.is_empty() {
        out.say(nothing);
        return;
    }
    lines(head, rows).iter().for_each(|line| out.line(line));
}

/// Says after a table that there are more, where that is so.
pub(super) fn more(more: bool, out: &Out) {
    if more {
        out.say("there are more; a larger --limit shows them");
    }
}

/// A text of at most so many characters.
#[must_use]
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// How long ago a time was, in two units at most: `3h 10m`; `now` for less than a second, and for
/// times ahead.
#[must_use]
pub(super) fn age(time: Option<&prost_types::Timestamp>, now: Timestamp) -> String {
    time.map_or_else(String::new, |time| span(seconds(now).saturating_sub(time.seconds)))
}

/// In how long a time is, likewise.
#[must_use]
pub(super) fn ahead(time: Option<&prost_types::Timestamp>, now: Timestamp) -> String {
    time.map_or_else(String::new, |time| span(time.seconds.saturating_sub(seconds(now))))
}

fn seconds(now: Timestamp) -> i64 {
    i64::try_from(now.millis() / 1_000).unwrap_or(i64::MAX)
}

fn span(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (length, unit) in UNITS {
        if left >= length {
            parts.push(format!("{}{unit}", left / length));
            left %= length;
        } else if !parts.is_empty() {
            // `1h 5s` would be read as an exact time.
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() { "now".to_owned() } else { parts.join(" ") }
}

/// A stage's name.
#[must_use]
pub(super) fn stage(stage: api::StageName) -> String {
    word(stage.as_str_name(), "STAGE_NAME_")
}

/// A lane's name.
#[must_use]
pub(super) fn lane(lane: api::Lane) -> String {
    word(lane.as_str_name(), "LANE_")
}

/// A failure in a few words: the reason, and the message.
#[must_use]
pub(super) fn why(status: Option<&lectern_proto::rpc::Status>) -> String {
    status.map_or_else(String::new, |status| {
        let Failure { reason, message, .. } = lectern_proto::convert::failure(status);
        format!("{}: {message}", reason.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn an_age_has_two_units_at_most() {
        let now = Timestamp(1_000_000_000);
        let told = |ago: i64| age(at(1_000_000 - ago).as_ref(), now);
        for (ago, expected) in [
            (0, "now"),
            (-9, "now"),
            (59, "59s"),
            (61, "1m 1s"),
            (3_600, "1h"),
            (3_605, "1h"),
            (11_400, "3h 10m"),
            (200_000, "2d 7h"),
        ] {
            assert_eq!(told(ago), expected);
        }
        assert_eq!((age(None, now), ahead(at(1_000_015).as_ref(), now)), (String::new(), "15s".to_owned()));
    }

    #[test]
    fn no_line_is_longer_than_a_hundred_characters_and_short_cells_stay_whole() {
        let row = vec!["n".repeat(64), "acme".to_owned(), "ü".repeat(90)];
        let lines = lines(&["narration", "tenant", "why"], vec![row]);
        assert_eq!(lines.len(), 2);
        for line in &lines {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        assert!(lines[0].starts_with("NARRATION") && lines[1].contains("  acme  ") && lines[1].contains('…'));
    }

    #[test]
    fn what_fits_is_not_cut() {
        assert_eq!(lines(&["a", "b"], vec![vec!["x".to_owned(), "y".to_owned()]]), ["A  B", "x  y"]);
    }
}
