//! Words of English by which something is counted from what was said: "one in five", "a year
//! later", "ten metres taller", "the following year".

use super::bounds::compares;
use crate::grounding::check::whole_year;
use crate::grounding::date::Date;
use crate::grounding::derived::Side;
use crate::grounding::number::{Form, Quantity};
use crate::grounding::text::{Kind, Text, Token};

/// How many tokens may stand between the two numbers of a share: "one child of the town in five".
const LONGEST_SHARE: usize = 4;
/// How many tokens may stand between two numbers of an enumeration.
const LONGEST_MEMBER: usize = 8;
/// How many tokens behind a number are looked at for what they make of it.
const REACH: usize = 3;
/// The measure of years, and a year in its base unit.
const MONTHS: &str = "months";
const YEAR: f64 = 12.0;

/// Words behind a span by which it begins where the one before it ended.
const FOLLOWS: [&str; 9] = ["later", "after", "afterwards", "on", "before", "earlier", "previously", "until", "passed"];

/// Words behind a number that say that it is a difference, beside comparatives.
const APART: [&str; 7] = ["apart", "ahead", "behind", "extra", "further", "short", "over"];

/// Words before one.
const DIFFERENCES: [&str; 6] = ["another", "difference", "gap", "lead", "margin", "distance"];

/// The words between two numbers.
fn between<'a>(text: &'a Text, one: &Quantity, other: &Quantity) -> Vec<&'a str> {
    let tokens = text.tokens.get(one.last..other.first).unwrap_or_default();
    tokens.iter().map(|token| token.text.as_str()).collect()
}

/// Whether the first number is a share of the second: "one in five", "four out of every ten".
pub(super) fn one_in(text: &Text, one: &Quantity, of: &Quantity) -> bool {
    let mut words = between(text, one, of);
    if words.len() > LONGEST_SHARE || words.iter().any(|word| *word == "," || *word == "." || *word == "and") {
        return false;
    }
    if matches!(words.last(), Some(&"every" | &"each")) {
        words.pop();
    }
    words.ends_with(&["in"]) || words.ends_with(&["out", "of"])
}

/// Whether a span of time goes on from what was said before.
pub(super) fn follows(text: &Text, span: &Quantity) -> bool {
    FOLLOWS.contains(&text.word(span.last)) || text.word_before(span.first) == "another"
}

/// Which end of a span is what stands before it.
pub(super) fn late_before(text: &Text, span: &Quantity) -> Option<Side> {
    Some(match text.word(span.last) {
        "after" => Side { late: true, from: true },
        "before" => Side { late: false, from: true },
        "later" | "afterwards" => Side { late: false, from: false },
        "earlier" | "previously" => Side { late: true, from: false },
        _ => return None,
    })
}

/// Whether a number says by how much two things differ.
pub(super) fn differs(text: &Text, number: &Quantity) -> bool {
    let behind = (number.last..number.last + REACH).map(|at| text.word(at));
    let before = (1..=REACH).filter_map(|back| number.first.checked_sub(back)).map(|at| text.word(at));
    behind.into_iter().any(|word| compares(word) || APART.contains(&word))
        || before.into_iter().any(|word| DIFFERENCES.contains(&word))
}

/// Whether what stands between two numbers may be that of an enumeration.
pub(super) fn enumerates(text: &Text, one: &Quantity, other: &Quantity) -> bool {
    let tokens = text.tokens.get(one.last..other.first).unwrap_or_default();
    let joins = |token: &Token| match token.kind {
        Kind::Mark(mark) => mark == ',',
        Kind::Word => matches!(token.text.as_str(), "and" | "plus"),
        Kind::Number | Kind::Code => false,
    };
    let ends = |token: &Token| match token.kind {
        Kind::Mark(mark) => !matches!(mark, ',' | '-' | '\''),
        Kind::Word => matches!(token.text.as_str(), "of" | "in" | "to" | "from" | "between" | "than"),
        Kind::Number | Kind::Code => false,
    };
    let one_sentence =
        text.token(one.at).map(|token| token.sentence) == text.token(other.at).map(|token| token.sentence);
    one_sentence && tokens.len() <= LONGEST_MEMBER && tokens.iter().any(joins) && !tokens.iter().any(ends)
}

/// Whether a number of three digits is a year: "in 930".
pub(super) fn early_year(text: &Text, number: &Quantity) -> bool {
    let plain = number.unit.is_none() && number.form == Form::Cardinal && (100.0..1000.0).contains(&number.value);
    let digits = text.token(number.at).is_some_and(|token| token.kind == Kind::Number && token.end - token.start == 3);
    let time = matches!(text.word_before(number.first), "in" | "since" | "until" | "by" | "year" | "from");
    let counts = text.token(number.last).is_some_and(|next| next.kind == Kind::Word && !next.stem.is_empty());
    plain && digits && time && !counts
}

/// The years that a text names by others: so many more or less than the one before in the text.
pub(super) fn relative_years(text: &Text, quantities: &[Quantity], dates: &[Date]) -> Vec<Date> {
    let plain = quantities.iter().filter(|one| one.year);
    let plain = plain.filter_map(|one| Some((one.first, whole_year(one.value)?)));
    let dated = dates.iter().filter(|date| !date.loose).filter_map(|date| Some((date.first, date.years?)));
    let dated = dated.filter(|(_, (from, to))| from == to).map(|(first, (from, _))| (first, from));
    let years: Vec<(usize, i32)> = plain.chain(dated).collect();
    let mut steps: Vec<Step> = quantities.iter().filter_map(|span| counted(text, span)).collect();
    steps.extend((0..text.tokens.len()).filter_map(|at| neighbour(text, at)));
    steps.sort_by_key(|step| step.first);
    let mut found: Vec<Date> = Vec::new();
    // Where a story has come: its years, and those that go on from them.
    let mut told = years.clone();
    for step in steps {
        let behind = years.iter().find(|(place, _)| *place == step.last).filter(|_| step.turns);
        let before = told.iter().filter(|(place, _)| *place < step.first).max_by_key(|(place, _)| *place);
        let Some((_, year)) = behind.or(before).copied() else { continue };
        // "In 1968, three years after independence" dates the independence; "three years after
        // 1965" what is spoken of.
        let turned = step.turns && behind.is_none();
        let year = if turned { year - step.years } else { year + step.years };
        found.push(Date::year(step.first, step.last, year));
        if !turned {
            told.push((step.first, year));
        }
    }
    found
}

/// From one year to another.
struct Step {
    first: usize,
    last: usize,
    years: i32,
    /// Whether what is behind it is what it counts from: "three years after".
    turns: bool,
}

/// "The following year", "the previous year".
fn neighbour(text: &Text, at: usize) -> Option<Step> {
    let years = match (text.word(at), text.word(at + 1)) {
        ("following" | "next", "year") => 1,
        ("previous" | "preceding", "year") => -1,
        _ => return None,
    };
    Some(Step { first: at, last: at + 2, years, turns: false })
}

/// "Twenty years later", "three years before".
fn counted(text: &Text, span: &Quantity) -> Option<Step> {
    let unit = span.unit.filter(|unit| unit.measure == MONTHS && unit.per.is_none())?;
    let months = span.value * unit.factor;
    let whole = span.form == Form::Cardinal && months >= YEAR && months % YEAR == 0.0;
    let years = whole_year(months / YEAR).filter(|_| whole)?;
    let (years, turns) = match text.word(span.last) {
        "later" | "afterwards" => (years, false),
        "earlier" | "previously" => (-years, false),
        "after" => (years, true),
        "before" => (-years, true),
        _ => return None,
    };
    Some(Step { first: span.first, last: span.last + 1, years, turns })
}
