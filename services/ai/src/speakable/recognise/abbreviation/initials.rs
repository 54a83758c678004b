//! Initials that no table knows: `J. R. R. Tolkien`, `U.S.S.R.`, `q.v.`

use super::super::{Candidates, Cx};
use crate::speakable::span::{Cost, Value};
use crate::speakable::text::latin;

/// Letters of the longest row of initials.
const MOST: usize = 8;

/// A row of single letters with a stop behind each.
struct Row {
    letters: String,
    /// White space stands between two of them.
    spaced: bool,
    /// Behind the last stop.
    end: usize,
}

/// Proposes initials that reach beyond `known`, where an abbreviation of the table ends.
pub(super) fn propose(cx: &Cx<'_>, known: usize, out: &mut Candidates) {
    let Some(row) = row(cx).filter(|row| row.end > known) else { return };
    let follows = cx.char(cx.skip_spaces(row.end)).is_some_and(char::is_uppercase);
    let several = row.letters.chars().count() > 1;
    if several && (!row.spaced || follows) {
        out.propose(row.end, Value::Initials(row.letters.clone()), Cost::SURE);
    }
    // "J. Smith": the stop is not a pause; "So do I." keeps it.
    let Some(first) = row.letters.chars().next().filter(|c| c.is_uppercase()) else { return };
    let end = cx.at + 2;
    let stop = cx.char(cx.at + 1) == Some('.');
    let named = stop && cx.skip_space(end).and_then(|at| cx.char(at)).is_some_and(char::is_uppercase);
    if named && !cx.in_context("never_initials", first.encode_utf8(&mut [0; 4])) {
        out.propose(end, Value::Initials(first.to_string()), Cost::LIKELY);
    }
}

/// Whether a word is one letter, of those that are said by their names.
fn is_letter(word: &str) -> bool {
    word.chars().count() == 1 && word.chars().all(latin)
}

/// The row of initials that begins here. Letters without white space between them may be small, and
/// the last of several needs no stop.
fn row(cx: &Cx<'_>) -> Option<Row> {
    let mut row = Row { letters: String::new(), spaced: false, end: cx.at };
    let mut at = cx.at;
    for _ in 0..MOST {
        let Some((letter, end)) = cx.word_at(at).filter(|(word, _)| is_letter(word)) else { break };
        let capital = letter.chars().all(char::is_uppercase);
        let stop = cx.char(end) == Some('.');
        let inner_space = at > row.end;
        let ends = capital && !row.letters.is_empty() && !inner_space && !cx.glued_at(end);
        if (inner_space && !(capital && stop)) || (!stop && !ends) || cx.digit(end + usize::from(stop)) {
            break;
        }
        row.letters.push_str(letter);
        row.spaced |= inner_space;
        row.end = end + usize::from(stop);
        if !stop {
            break;
        }
        at = if cx.char(row.end) == Some(' ') && capital { row.end + 1 } else { row.end };
    }
    // The letters of a row without white space are of one case.
    let one_case = row.letters.chars().all(char::is_uppercase) || row.letters.chars().all(char::is_lowercase);
    (!row.letters.is_empty() && one_case).then_some(row)
}
