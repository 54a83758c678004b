//! Numbers of telephones: international ones (ITU-T E.123), those that the language's table of
//! `phones` has the form of, and any behind a word that leads one. The code of a country or of an
//! area may stand in brackets: `(+44) 20 7946 0958`, `(020) 7946 0958`, `+44 (0)20 7946 0958`.

use super::{Candidates, Cx};
use crate::speakable::span::{Cost, Value};
use crate::speakable::text::TokenKind;

/// Digits of a telephone number, its country's code too: what E.164 allows.
const MOST_DIGITS: usize = 15;
/// Digits that a number has at least behind a plus, behind a word that leads one, and where any
/// groups do (`*`).
const FEWEST_ABROAD: usize = 8;
const FEWEST_LED: usize = 6;
const FEWEST_OF_ANY_FORM: usize = 8;
/// Tokens back among which the word that leads a number is looked for: "Call us at".
const TOKENS_BACK: usize = 10;
/// Digits of the longest extension.
const LONGEST_EXTENSION: usize = 6;

/// Groups of digits with what stands between them.
struct Groups {
    /// Each with where it ends.
    groups: Vec<(String, usize)>,
    /// Signs between them: one fewer.
    signs: Vec<char>,
    /// The first one that stands in brackets.
    bracket: Option<usize>,
}

/// Proposes telephone numbers, also those that more digits follow.
pub(super) fn propose(cx: &Cx<'_>, out: &mut Candidates) {
    if !is_free(cx) {
        return;
    }
    let bare = cx.char(cx.at) == Some('+');
    let plus = bare || cx.has(cx.at, "(+");
    let found = groups(cx, cx.at + usize::from(bare));
    let led = is_led(cx);
    for count in (1..=found.groups.len()).rev() {
        let Some((_, end)) = found.groups.get(count - 1) else { continue };
        let goes_on = cx.glued_at(*end) || found.signs.get(count - 1).is_some_and(|sign| *sign != ' ');
        let part = || found.groups.iter().take(count).map(|(digits, _)| digits.as_str());
        let total: usize = part().map(str::len).sum();
        if goes_on || total > MOST_DIGITS {
            continue;
        }
        let abroad = plus && total >= FEWEST_ABROAD;
        let led = led && total >= FEWEST_LED && !part().all(is_year);
        let cost = if abroad || led {
            Some(Cost::SURE)
        } else if plus {
            None
        } else {
            form(cx, &found, count)
        };
        if let Some(cost) = cost {
            let (extension, end) = extension(cx, *end).map_or((None, *end), |(digits, end)| (Some(digits), end));
            let groups = part().map(str::to_owned).collect();
            out.propose(end, Value::Phone { international: plus, groups, extension }, cost);
            return;
        }
    }
}

/// Whether four digits are rather a year.
fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with('1') || digits.starts_with("20"))
}

/// Whether nothing touches the number from the left that it would be part of.
fn is_free(cx: &Cx<'_>) -> bool {
    let first = cx.char(cx.at);
    let begins = cx.token().kind == TokenKind::Digits || matches!(first, Some('+' | '('));
    let number = matches!(cx.before(), Some('.' | ',' | '-' | '–' | '/' | ':' | '+'))
        && cx.at.checked_sub(2).is_some_and(|at| cx.digit(at));
    let money = cx.before().is_some_and(|c| cx.grammar.common.money_char(c).is_some());
    begins && !cx.glued_before() && !number && !money
}

/// The groups of digits that begin at `start`: no more than a number may have.
fn groups(cx: &Cx<'_>, start: usize) -> Groups {
    let mut found = Groups { groups: Vec::new(), signs: Vec::new(), bracket: None };
    let (mut at, mut total) = (start, 0);
    let mut sign: Option<char> = None;
    // The zero of `(0)20`: it is dialled at home alone, and is said with the area code.
    let mut trunk = "";
    loop {
        let open = cx.char(at) == Some('(');
        let country = usize::from(open && at == start && cx.char(at + 1) == Some('+'));
        let Some((digits, after)) = cx.digits_at(at + usize::from(open) + country) else { break };
        total += digits.len();
        if (open && cx.char(after) != Some(')')) || total > MOST_DIGITS {
            break;
        }
        if open && found.bracket.is_none() {
            found.bracket = Some(found.groups.len());
        }
        let end = after + usize::from(open);
        let area = cx.skip_space(end).filter(|at| open && country == 0 && digits == "0" && cx.digit(*at));
        if let Some(area) = area {
            (trunk, at) = (digits, area);
            continue;
        }
        found.signs.extend(sign.take());
        found.groups.push((format!("{}{digits}", std::mem::take(&mut trunk)), end));
        let begins = |at: usize| cx.digit(at) || (cx.char(at) == Some('(') && cx.digit(at + 1));
        match cx.char(end) {
            Some(c @ ('-' | '.' | ' ' | '–' | '/')) if begins(end + 1) => {
                sign = Some(c);
                at = end + 1;
            }
            Some(_) if open && begins(end) => {
                sign = Some(' ');
                at = end;
            }
            _ => break,
        }
    }
    found
}

/// How sure the form of the first groups is that of a number, by the language's table: the lengths
/// of its groups, and the signs between them.
fn form(cx: &Cx<'_>, found: &Groups, count: usize) -> Option<Cost> {
    let lengths: Vec<String> = found.groups.iter().take(count).map(|(digits, _)| digits.len().to_string()).collect();
    let total: usize = found.groups.iter().take(count).map(|(digits, _)| digits.len()).sum();
    let known = cx.grammar.get("phones", &lengths.join(" "));
    let any = || cx.grammar.get("phones", "*").filter(|_| count > 1 && total >= FEWEST_OF_ANY_FORM);
    let flags: Vec<&str> = known.or_else(any)?.split(" | ").collect();
    let has = |flag: &str| flags.contains(&flag);
    let signs = found.signs.get(..count.saturating_sub(1)).unwrap_or_default();
    let bracket = found.bracket.is_some_and(|at| at < count);
    let all = |name: &str, of: &[char]| has(name) && signs.iter().all(|sign| of.contains(sign));
    let parted = (bracket && has("bracket"))
        || all("dash", &['-', '–'])
        || all("dot", &['.'])
        || all("space", &[' '])
        || all("slash", &['/', ' ', '-']);
    let zero = found.groups.first().is_some_and(|(digits, _)| digits.starts_with('0'));
    if !parted || (has("zero") && !zero) || (has("nonzero") && zero) || (has("doubtful") && counts(cx, found, count)) {
        return None;
    }
    Some(if known.is_some() { Cost::SURE } else { Cost::LIKELY })
}

/// Whether the groups may be the ends of a range, and what follows says so: a unit, or many of a
/// thing.
fn counts(cx: &Cx<'_>, found: &Groups, count: usize) -> bool {
    let Some((last, end)) = found.groups.get(count - 1) else { return false };
    // No range ends in a number with a zero before it.
    if last.starts_with('0') {
        return false;
    }
    let percent = matches!(cx.char(cx.skip_spaces(*end)), Some('%' | '‰' | '€' | '$' | '£' | '°'));
    let word = cx.skip_space(*end).filter(|at| at > end).and_then(|at| cx.word_at(at)).map(|(word, _)| word);
    let thing = word.is_some_and(|word| {
        let many = word.len() > 3 && word.ends_with('s') && word.starts_with(char::is_lowercase);
        cx.grammar.unit(word).is_some() || (many && !cx.in_context("not_counted", word))
    });
    percent || thing || found.signs.first() == Some(&'–')
}

/// Whether a word near before says that a number of a telephone follows.
fn is_led(cx: &Cx<'_>) -> bool {
    let words = cx.back().take(TOKENS_BACK).take_while(|token| token.kind != TokenKind::Digits);
    let mut words = words.filter(|token| token.kind == TokenKind::Word);
    words.any(|token| cx.in_context("phone", cx.slice(token.start, token.end)))
}

/// ` ext. 12`, ` x12`.
fn extension(cx: &Cx<'_>, end: usize) -> Option<(String, usize)> {
    let comma = end + usize::from(cx.char(end) == Some(','));
    let (word, after) = cx.letters_at(cx.skip_space(comma)?)?;
    let stop = after + usize::from(cx.char(after) == Some('.'));
    let (digits, end) = cx.digits_at(cx.skip_space(stop)?)?;
    let known = cx.in_context("extension", word) && digits.len() <= LONGEST_EXTENSION && !cx.glued_at(end);
    known.then(|| (digits.to_owned(), end))
}
