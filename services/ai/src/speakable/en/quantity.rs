//! Quantities: signs, decimals, ranges, percentages, powers, products, and the units behind them.

use super::currency::{currency, money_behind, scale};
use super::{Cx, Reading, number, unit};
use crate::speakable::text::{lowered, raised};

/// A number as it is written.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// Digits without group separators.
    pub(super) whole: String,
    /// Digits after the point.
    pub(super) fraction: Option<String>,
    /// Whether groups are separated: then it is no year.
    pub(super) grouped: bool,
    pub(super) end: usize,
}

impl Number {
    pub(super) fn words(&self) -> String {
        let whole = if self.whole.is_empty() {
            String::new()
        } else if self.fraction.is_some() && self.whole == "0" {
            "zero".to_owned()
        } else {
            number::integer(&self.whole)
        };
        match &self.fraction {
            Some(fraction) if whole.is_empty() => format!("point {}", number::digits(fraction)),
            Some(fraction) => format!("{whole} point {}", number::digits(fraction)),
            None => whole,
        }
    }

    pub(super) fn is_one(&self) -> bool {
        self.whole == "1" && self.fraction.is_none()
    }

    /// The value where it is a plain integer of four digits: perhaps a year.
    pub(super) fn four(&self) -> Option<u128> {
        let plain = self.whole.len() == 4 && self.fraction.is_none() && !self.grouped && !self.whole.starts_with('0');
        plain.then(|| self.whole.parse().ok()).flatten()
    }
}

/// The number that begins at `at`: `1,234.5`, `.5`, `12`.
pub(super) fn parse(cx: &Cx<'_>, at: usize) -> Option<Number> {
    let (mut whole, mut end) = cx.digits_at(at).unwrap_or((String::new(), at));
    let mut grouped = false;
    while !whole.is_empty() && (grouped || whole.len() <= 3) && matches!(cx.char(end), Some(',' | '\'')) {
        match cx.digits_at(end + 1) {
            Some((group, next)) if group.len() == 3 => {
                whole.push_str(&group);
                end = next;
                grouped = true;
            }
            _ => break,
        }
    }
    let mut fraction = None;
    if cx.char(end) == Some('.')
        && let Some((digits, next)) = cx.digits_at(end + 1)
        && !(cx.char(next) == Some('.') && cx.char(next + 1).is_some_and(|c| c.is_ascii_digit()))
    {
        fraction = Some(digits);
        end = next;
    }
    (!whole.is_empty() || fraction.is_some()).then_some(Number { whole, fraction, grouped, end })
}

/// Whether a dash stands at `at` that may mean "to".
pub(super) fn dash(cx: &Cx<'_>, at: usize) -> bool {
    matches!(cx.char(at), Some('-' | '–' | '—' | '−'))
}

/// A sign before a number.
pub(super) fn sign(cx: &Cx<'_>) -> Option<(&'static str, usize)> {
    let at = cx.at;
    let free = cx.before().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '"' | '=' | ',' | '/' | '^'));
    let number_at = |at: usize| {
        cx.char(at)
            .is_some_and(|c| c.is_ascii_digit() || (c == '.' && cx.char(at + 1).is_some_and(|c| c.is_ascii_digit())))
    };
    let spaced = |length: usize| {
        if cx.char(at + length) == Some(' ') && number_at(at + length + 1) { at + length + 1 } else { at + length }
    };
    let (words, next) = match cx.char(at)? {
        '-' | '−' | '–' if free => ("minus", at + 1),
        '+' if free => ("plus", at + 1),
        '±' => ("plus or minus", spaced(1)),
        '~' | '≈' | '∼' => ("about", spaced(1)),
        '≤' | '⩽' if cx.between_values() => ("is at most", spaced(1)),
        '≥' | '⩾' if cx.between_values() => ("is at least", spaced(1)),
        '<' if cx.char(at + 1) == Some('=') => ("at most", spaced(2)),
        '>' if cx.char(at + 1) == Some('=') => ("at least", spaced(2)),
        '<' | '>' if cx.between_values() => return None,
        '<' => ("less than", spaced(1)),
        '>' if at > 0 || number_at(1) => ("more than", spaced(1)),
        '≤' | '⩽' => ("at most", spaced(1)),
        '≥' | '⩾' => ("at least", spaced(1)),
        _ => return None,
    };
    (number_at(next) || (cx.char(next).is_some_and(|c| currency(c).is_some()) && number_at(next + 1)))
        .then_some((words, next))
}

pub(super) fn join(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The power written at `at`: `^6`, `⁶`, `²`, or raised by the document.
fn power(cx: &Cx<'_>, at: usize) -> Option<(String, usize)> {
    let spelled = |digits: &str, negative: bool| -> String {
        match (digits, negative) {
            ("2", false) => "squared".to_owned(),
            ("3", false) => "cubed".to_owned(),
            ("n", _) => "to the power of N".to_owned(),
            (_, true) => format!("to the power of minus {}", number::integer(digits)),
            _ => format!("to the power of {}", number::integer(digits)),
        }
    };
    let signs = |c: char| matches!(c, '-' | '−' | '⁻');
    if cx.char(at) == Some('^') {
        let brace = cx.char(at + 1) == Some('{') || cx.char(at + 1) == Some('(');
        let start = at + 1 + usize::from(brace);
        let negative = cx.char(start).is_some_and(signs);
        let (digits, end) = cx
            .digits_at(start + usize::from(negative))
            .or_else(|| (cx.char(start) == Some('n')).then(|| ("n".to_owned(), start + 1)))?;
        return Some((spelled(&digits, negative), end + usize::from(brace)));
    }
    let negative = cx.char(at).is_some_and(|c| c == '⁻');
    let start = at + usize::from(negative);
    let end = (start..).find(|at| !cx.char(*at).is_some_and(|c| raised(c).is_some() && c != '⁻'))?;
    if end > start {
        let digits: String = (start..end).filter_map(|at| cx.char(at).and_then(raised)).collect();
        return Some((spelled(&digits, negative), end));
    }
    let mark_end = cx.raised_to(at)?;
    let negative = cx.char(at).is_some_and(signs);
    let (digits, end) = cx.digits_at(at + usize::from(negative))?;
    (end == mark_end).then(|| (spelled(&digits, negative), end))
}

/// A variable or a bracket with a power: `x^2`, `x²`, `10^6`.
pub(crate) fn raised_name(cx: &Cx<'_>) -> Option<Reading> {
    let c = cx.char(cx.at)?;
    if !c.is_alphabetic() || cx.glued_before() || !(c.is_ascii_alphabetic() || super::symbol::greek(c).is_some()) {
        return None;
    }
    let (words, end) = power(cx, cx.at + 1)?;
    let letter = super::symbol::greek(c).map_or_else(|| c.to_uppercase().to_string(), str::to_owned);
    let letter = if c.is_lowercase() && c != 'a' && super::symbol::greek(c).is_none() { c.to_string() } else { letter };
    Some(Reading::new(end, format!("{letter} {words}")))
}

/// A power by itself, after a bracket or a word that was read before.
pub(crate) fn lone_power(cx: &Cx<'_>) -> Option<Reading> {
    if cx.char(cx.at)?.is_ascii_digit() && cx.raised_to(cx.at).is_none() {
        return None;
    }
    power(cx, cx.at).map(|(words, end)| Reading::new(end, words))
}

/// A number with whatever belongs to it: sign, range, power, percent, unit.
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    let (lead, at) = match sign(cx) {
        Some(found) => found,
        None if cx.glued_before() && cx.before().is_none_or(|c| lowered(c).is_none()) => return None,
        None => ("", cx.at),
    };
    let first = parse(cx, at)?;
    let mut end = first.end;
    let mut amount = vec![lead.to_owned(), first.words()];
    let mut last = first.clone();
    // `12-15`, `12 – 15`, `12%-15%`.
    let first_percent = cx.char(end) == Some('%');
    let dash_at = end + usize::from(first_percent);
    let dash_at =
        if cx.char(dash_at) == Some(' ') && cx.char(dash_at + 1) == Some('–') && cx.char(dash_at + 2) == Some(' ') {
            dash_at + 1
        } else {
            dash_at
        };
    if dash(cx, dash_at) && cx.char(dash_at) != Some('−') {
        let second_at = cx.skip_spaces(dash_at + 1);
        let before_dash = cx.char(dash_at - 1) == Some(' ');
        if (second_at == dash_at + 1 || before_dash)
            && let Some(second) = parse(cx, second_at)
            && !dash(cx, second.end)
            && !cx
                .char(second.end)
                .is_some_and(|c| c == '/' && cx.char(second.end + 1).is_some_and(|c| c.is_ascii_digit()))
        {
            if let (Some(from), None) = (first.four(), unit::after(cx, second.end, false, false))
                && year_like(from)
            {
                let to = match (second.four(), second.whole.as_str()) {
                    (Some(to), _) => number::year(to),
                    (None, short) if short.len() == 2 && short.starts_with('0') => {
                        format!("oh {}", number::integer(&short[1..]))
                    }
                    _ => second.words(),
                };
                return Some(Reading::new(second.end, join(&[lead, &number::year(from), "to", &to])));
            }
            if first_percent {
                amount.push("percent".to_owned());
            }
            amount.push("to".to_owned());
            amount.push(second.words());
            end = second.end;
            last = second;
        }
    }
    // `1920x1080`, `3 × 4`, `2 × 10^6`.
    let ranged = amount.len() > 2;
    if !ranged && let Some((words, after)) = product(cx, end) {
        amount.push(words);
        end = after;
        last.whole = "2".to_owned();
    }
    if let Some((words, after)) = scientific(cx, end) {
        amount.push(words);
        end = after;
        last.whole = "2".to_owned();
    } else if let Some((words, after)) = power(cx, end) {
        amount.push(words);
        end = after;
        last.whole = "2".to_owned();
    }
    if let Some((word, after)) = scale(cx, end, false) {
        amount.push(word);
        end = after;
        last.whole = "2".to_owned();
    }
    let one = last.is_one() && !ranged;
    if let Some((words, after)) = money_behind(cx, end, one) {
        amount.push(words);
        return Some(Reading::new(after, amount.join(" ").trim().to_owned()));
    }
    let label = cx.previous_word().is_some_and(|word| cx.data.labels.has(&word.to_lowercase()));
    if let Some((words, after)) = unit::after(cx, end, one, label) {
        amount.push(words);
        return Some(Reading::new(after, amount.join(" ").trim().to_owned()));
    }
    if cx.char(end).is_some_and(char::is_alphabetic) && cx.char(at).is_some_and(|c| c.is_ascii_digit()) {
        // `3D`, `4K`: a name, unless it is a number and one letter after a label or a decimal.
        if first.fraction.is_none() && end == first.end {
            return None;
        }
    }
    if end == first.end
        && lead.is_empty()
        && let Some(year) = first.four()
        && is_year(cx, year, end)
    {
        return Some(Reading::new(end, number::year(year)));
    }
    Some(Reading::new(end, amount.join(" ").trim().to_owned()))
}

const fn year_like(n: u128) -> bool {
    n >= 1100 && n <= 2099
}

/// Whether a plain number of four digits is a year here.
fn is_year(cx: &Cx<'_>, year: u128, end: usize) -> bool {
    let previous = cx.previous_word().map(|word| word.to_lowercase());
    let dated = previous.as_deref().is_some_and(|word| {
        matches!(
            word,
            "in" | "since"
                | "by"
                | "from"
                | "until"
                | "till"
                | "during"
                | "of"
                | "year"
                | "circa"
                | "before"
                | "after"
                | "between"
                | "early"
                | "late"
                | "mid"
                | "spring"
                | "summer"
                | "autumn"
                | "fall"
                | "winter"
                | "and"
                | "to"
                | "the"
        )
    });
    let next = cx.next_word(end);
    let counted = next.as_deref().is_some_and(|word| {
        word.len() > 3
            && word.chars().all(char::is_lowercase)
            && (word.ends_with('s')
                && !matches!(
                    word,
                    "this" | "does" | "thus" | "was" | "has" | "perhaps" | "always" | "census" | "versus"
                ))
            || matches!(word, "people" | "men" | "women" | "children" | "percent" | "degrees" | "million" | "billion")
    }) && cx.char(end) == Some(' ');
    if counted {
        return false;
    }
    match year {
        1500..=2099 => true,
        1000..=1499 => dated || matches!(next.as_deref(), Some("AD" | "CE" | "BC" | "BCE")),
        _ => false,
    }
}

fn product(cx: &Cx<'_>, at: usize) -> Option<(String, usize)> {
    let sign_at = cx.skip_spaces(at);
    let sign = cx.char(sign_at)?;
    let by = match sign {
        '×' | '⋅' => true,
        'x' => true,
        '*' => true,
        _ => return None,
    };
    let second_at = cx.skip_spaces(sign_at + 1);
    if !by || (second_at - sign_at > 1) != (sign_at > at) {
        return None;
    }
    let second = parse(cx, second_at)?;
    if (cx.char(second.end) == Some('^') || power(cx, second.end).is_some()) && second.whole == "10" {
        return None;
    }
    if sign == 'x' && cx.char(second.end).is_some_and(char::is_alphabetic) {
        return None;
    }
    let word = if sign == 'x' || (sign == '×' && sign_at == at) { "by" } else { "times" };
    let mut words = format!("{word} {}", second.words());
    let mut end = second.end;
    if let Some((more, after)) = product(cx, end) {
        words = format!("{words} {more}");
        end = after;
    }
    Some((words, end))
}

/// `×10^6`, `e-5`.
fn scientific(cx: &Cx<'_>, at: usize) -> Option<(String, usize)> {
    let sign_at = cx.skip_spaces(at);
    if matches!(cx.char(sign_at), Some('×' | '⋅' | '*' | 'x')) {
        let base = cx.skip_spaces(sign_at + 1);
        if cx.has(base, "10")
            && let Some((words, end)) = power(cx, base + 2)
        {
            return Some((format!("times ten {words}"), end));
        }
    }
    if matches!(cx.char(at), Some('e' | 'E')) {
        let negative = matches!(cx.char(at + 1), Some('-' | '−'));
        let positive = cx.char(at + 1) == Some('+');
        let (digits, end) = cx.digits_at(at + 1 + usize::from(negative || positive))?;
        if !cx.char(end).is_some_and(char::is_alphanumeric) && digits.len() <= 3 {
            let digits = digits.trim_start_matches('0');
            let digits = if digits.is_empty() { "0" } else { digits };
            let minus = if negative { "minus " } else { "" };
            return Some((format!("times ten to the power of {minus}{}", number::integer(digits)), end));
        }
    }
    None
}
