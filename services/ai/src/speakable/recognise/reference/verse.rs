//! Chapters and verses of books: `John 3:16`, `1 Cor. 13:4-7`, `Joh 3,16`.

use super::super::{Candidates, Cx};
use crate::speakable::grammar::ClockWord;
use crate::speakable::span::{Book, Cost, Value, Verse};
use crate::speakable::text::TokenKind;

/// Characters of the longest name of a book.
const LONGEST: usize = 20;
/// Books of one name.
const MOST_BOOKS: u8 = 4;
/// Digits of a chapter and of a verse.
const MOST_DIGITS: usize = 3;
/// Verses that are listed.
const MOST_VERSES: usize = 8;

/// A book with its chapter and verses.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    let Some((book, end)) = book(cx) else { return };
    let Some(start) = cx.skip_space(end).filter(|start| *start > end) else { return };
    let Some((chapter, end)) = number(cx, start) else { return };
    let sign = cx.grammar.get("settings", "verse").and_then(|sign| sign.chars().next()).unwrap_or(':');
    let listed = if sign == ',' { '.' } else { ',' };
    // A colon stands there in all languages.
    let Some((verses, end)) = verses(cx, end, sign, listed).or_else(|| verses(cx, end, ':', ',')) else {
        if book.number.is_some() && !cx.glued_at(end) && !matches!(cx.char(end), Some('-' | '–' | ':' | '%')) {
            let verse = Verse { book: Some(book), chapter, verses: Vec::new() };
            out.propose(end, Value::Verse(Box::new(verse)), Cost::LIKELY);
        }
        return;
    };
    let time = cx.next_word(end).and_then(|word| cx.grammar.clock(word));
    if !cx.glued_at(end) && !matches!(time, Some(ClockWord::Before | ClockWord::After)) {
        out.propose(end, Value::Verse(Box::new(Verse { book: Some(book), chapter, verses })), Cost::SURE);
    }
}

/// The book at this place, with the number before its name.
fn book(cx: &Cx<'_>) -> Option<(Book, usize)> {
    if cx.token().kind == TokenKind::Word {
        let (said, _, end) = name(cx, cx.at)?;
        return Some((Book { said, number: None }, end));
    }
    let (digits, end) = cx.digits_at(cx.at)?;
    let number = digits.parse::<u8>().ok().filter(|number| (1..=MOST_BOOKS).contains(number))?;
    let start = cx.skip_space(end + usize::from(cx.char(end) == Some('.')))?;
    let (said, numbered, end) = name(cx, start)?;
    numbered.then_some((Book { said, number: Some(number) }, end))
}

/// The name of a book at `at`, whether there are several of it, and its end with a stop.
fn name(cx: &Cx<'_>, at: usize) -> Option<(&'static str, bool, usize)> {
    let (value, end) = cx.longest_entry("books", at, LONGEST)?;
    let (said, flag) = value.split_once(" | ").unwrap_or((value, ""));
    Some((said, flag == "numbered", end + usize::from(cx.char(end) == Some('.'))))
}

fn number(cx: &Cx<'_>, at: usize) -> Option<(u32, usize)> {
    let (digits, end) = cx.digits_at(at).filter(|(digits, _)| digits.len() <= MOST_DIGITS)?;
    Some((digits.parse().ok()?, end))
}

/// A verse, and the last one of a row that it begins.
type Row = (u32, Option<u32>);

/// Verses behind the sign at `at`, each with the last one of a row.
fn verses(cx: &Cx<'_>, at: usize, sign: char, listed: char) -> Option<(Vec<Row>, usize)> {
    let start = cx.skip_space(at + 1).filter(|_| cx.char(at) == Some(sign))?;
    let (first, mut end) = row(cx, start)?;
    let mut verses = vec![first];
    while verses.len() < MOST_VERSES && cx.char(end) == Some(listed) {
        let next = cx.skip_space(end + 1).and_then(|start| row(cx, start));
        // Behind a comma another chapter may follow, or something else.
        let Some((verse, after)) = next.filter(|(_, after)| cx.char(*after) != Some(sign) && !cx.glued_at(*after))
        else {
            break;
        };
        verses.push(verse);
        end = after;
    }
    Some((verses, end))
}

/// One verse, or from one to another.
fn row(cx: &Cx<'_>, at: usize) -> Option<(Row, usize)> {
    let (first, end) = number(cx, at)?;
    let dash = matches!(cx.char(end), Some('-' | '–'));
    match dash.then(|| number(cx, end + 1)).flatten() {
        Some((last, after)) if cx.char(after) != Some(':') => Some(((first, Some(last)), after)),
        _ => Some(((first, None), end)),
    }
}
