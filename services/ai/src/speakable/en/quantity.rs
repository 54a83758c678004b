//! Quantities: signs, decimals, ranges, money, percentages, powers, fractions, and the units behind them.

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
fn dash(cx: &Cx<'_>, at: usize) -> bool {
    matches!(cx.char(at), Some('-' | '–' | '—' | '−'))
}

/// A sign before a number.
fn sign(cx: &Cx<'_>) -> Option<(&'static str, usize)> {
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

/// Names of a currency by its sign: one, many, and its hundredth.
fn currency(c: char) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
    Some(match c {
        '$' => ("dollar", "dollars", "cent", "cents"),
        '€' => ("euro", "euros", "cent", "cents"),
        '£' => ("pound", "pounds", "penny", "pence"),
        '¥' => ("yen", "yen", "sen", "sen"),
        '₹' => ("rupee", "rupees", "paisa", "paise"),
        '₩' => ("won", "won", "jeon", "jeon"),
        '₽' => ("ruble", "rubles", "kopeck", "kopecks"),
        '₿' => ("bitcoin", "bitcoins", "cent", "cents"),
        _ => return None,
    })
}

fn currency_code(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "USD" => ("U S dollar", "U S dollars"),
        "EUR" => ("euro", "euros"),
        "GBP" => ("pound", "pounds"),
        "JPY" => ("yen", "yen"),
        "CHF" => ("Swiss franc", "Swiss francs"),
        "CAD" => ("Canadian dollar", "Canadian dollars"),
        "AUD" => ("Australian dollar", "Australian dollars"),
        "INR" => ("rupee", "rupees"),
        "CNY" => ("yuan", "yuan"),
        _ => return None,
    })
}

/// "million" after a number: a word, or a letter where money is meant.
fn scale(cx: &Cx<'_>, at: usize, money: bool) -> Option<(String, usize)> {
    let start = cx.skip_spaces(at);
    if start - at > 1 && cx.char(at) != Some('-') {
        return None;
    }
    let start = if cx.char(start) == Some('-') { start + 1 } else { start };
    let (word, end) = cx.word_at(start)?;
    let named =
        matches!(word.as_str(), "hundred" | "thousand" | "million" | "billion" | "trillion" | "quadrillion" | "dozen");
    if named {
        return Some((word, end));
    }
    let letter = match word.as_str() {
        "k" | "K" if money && start == at => "thousand",
        "m" | "M" | "mn" | "mio" if money && start == at => "million",
        "M" | "m" | "mn" | "mil" if money => "million",
        "B" | "b" | "bn" | "Bn" if money => "billion",
        "T" | "t" | "tn" | "trn" if money && start == at => "trillion",
        _ => return None,
    };
    Some((letter.to_owned(), end))
}

/// `$5.3 million`, `$4.1M`, `£3.20`, `US$5`, `$5-10 million`, `5 €`.
pub(crate) fn money(cx: &Cx<'_>) -> Option<Reading> {
    let (lead, at) = sign(cx).map_or(("", cx.at), |(words, next)| (words, next));
    let country = [
        ("US$", "U S "),
        ("A$", "Australian "),
        ("C$", "Canadian "),
        ("AU$", "Australian "),
        ("HK$", "Hong Kong "),
        ("NZ$", "New Zealand "),
        ("R$", "Brazilian "),
    ];
    let (country, at) = country
        .iter()
        .find(|(prefix, _)| cx.has(at, prefix) && !cx.glued_before())
        .map_or(("", at), |(prefix, words)| (*words, at + prefix.chars().count() - 1));
    let (one, many, cent, cents) = currency(cx.char(at)?)?;
    let negative = cx.char(at + 1).filter(|c| matches!(c, '-' | '−')).is_some();
    let first = parse(cx, cx.skip_spaces(at + 1 + usize::from(negative)))?;
    let lead = if negative { "minus" } else { lead };
    let one_word = format!("{country}{one}");
    let many_word = format!("{country}{many}");
    let mut end = first.end;
    // A range: both amounts, the unit once.
    if dash(cx, end) {
        let second_at = if cx.char(end + 1).is_some_and(|c| currency(c).is_some()) { end + 2 } else { end + 1 };
        if let Some(second) = parse(cx, second_at) {
            let (tail, end) = scale(cx, second.end, true)
                .map_or((String::new(), second.end), |(word, end)| (format!(" {word}"), end));
            return Some(Reading::new(
                end,
                join(&[lead, &first.words(), "to", &format!("{}{tail}", second.words()), &many_word]),
            ));
        }
    }
    let mut amount = first.words();
    let scaled = scale(cx, end, true);
    if let Some((word, after)) = &scaled {
        amount = format!("{amount} {word}");
        end = *after;
        if dash(cx, end)
            && let Some(second) =
                parse(cx, if cx.char(end + 1).is_some_and(|c| currency(c).is_some()) { end + 2 } else { end + 1 })
        {
            let (tail, after) = scale(cx, second.end, true)
                .map_or((String::new(), second.end), |(word, end)| (format!(" {word}"), end));
            return Some(Reading::new(
                after,
                join(&[lead, &amount, "to", &format!("{}{tail}", second.words()), &many_word]),
            ));
        }
    } else if let Some(fraction) = first.fraction.as_deref().filter(|fraction| fraction.len() == 2) {
        let hundredths: u128 = fraction.parse().unwrap_or_default();
        let small = |n: u128| format!("{} {}", number::cardinal(n), if n == 1 { cent } else { cents });
        let whole = Number { fraction: None, ..first.clone() };
        let name = if whole.is_one() { &one_word } else { &many_word };
        amount = match (whole.whole.as_str(), hundredths) {
            ("0" | "", n) => small(n),
            (_, 0) => format!("{} {name}", whole.words()),
            (_, n) => format!("{} {name} and {}", whole.words(), small(n)),
        };
        let (rate, end) = unit::per(cx, end).unwrap_or((String::new(), end));
        return Some(Reading::new(end, join(&[lead, &amount, &rate])));
    }
    let adjective = cx.previous_word().is_some_and(|word| matches!(word.to_lowercase().as_str(), "a" | "an"))
        && cx.char(end).is_some_and(|c| c == ' ' || c == '-')
        && cx.next_word(end + usize::from(cx.char(end) == Some('-'))).is_some_and(|word| {
            word.chars().all(char::is_lowercase)
                && !matches!(
                    word.as_str(),
                    "in" | "for"
                        | "to"
                        | "per"
                        | "a"
                        | "an"
                        | "and"
                        | "or"
                        | "on"
                        | "of"
                        | "by"
                        | "at"
                        | "with"
                        | "from"
                        | "is"
                        | "was"
                        | "that"
                        | "more"
                        | "less"
                        | "each"
                )
        });
    let name = if adjective || (first.is_one() && scaled.is_none()) { &one_word } else { &many_word };
    let hyphen = cx.char(end) == Some('-') && cx.char(end + 1).is_some_and(char::is_alphabetic);
    let name = if hyphen { &one_word } else { name };
    let (rate, end) = unit::per(cx, end).unwrap_or((String::new(), end));
    Some(Reading::new(end, join(&[lead, &amount, name, &rate])))
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

/// `½`, `1/2 cup`, `3/4`, `1 1/2`, `24/7`.
pub(crate) fn fraction(cx: &Cx<'_>) -> Option<Reading> {
    if cx.glued_before() {
        return None;
    }
    let vulgar = |at: usize| -> Option<(u128, u128)> {
        let plain = crate::speakable::text::plain(cx.char(at)?)?;
        let (top, bottom) = plain.split_once('\u{2044}')?;
        Some((top.parse().ok()?, bottom.parse().ok()?))
    };
    let written = |at: usize| -> Option<((u128, u128), usize)> {
        let (top, slash) = cx.digits_at(at)?;
        let (bottom, end) = (cx.char(slash) == Some('/')).then(|| cx.digits_at(slash + 1)).flatten()?;
        let free = !cx.char(end).is_some_and(|c| c == '/' || c.is_alphanumeric())
            && !(cx.char(end) == Some('.') && cx.char(end + 1).is_some_and(|c| c.is_ascii_digit()));
        let pair = (top.parse::<u128>().ok()?, bottom.parse::<u128>().ok()?);
        (free && top.len() <= 4 && bottom.len() <= 4).then_some((pair, end))
    };
    let first = cx.char(cx.at)?;
    if let Some(pair) = vulgar(cx.at) {
        return Some(Reading::new(cx.at + 1, named_fraction(pair)?));
    }
    if !first.is_ascii_digit() {
        return None;
    }
    // A mixed number: `1 1/2`, `2½`.
    if let Some((whole, end)) = cx.digits_at(cx.at)
        && whole.len() <= 4
    {
        let and = |pair: (u128, u128)| {
            let words = named_fraction(pair)?;
            let words = words.strip_prefix("one ").map_or(words.clone(), |rest| {
                if rest == "half" || rest == "quarter" || rest == "third" { format!("a {rest}") } else { words.clone() }
            });
            Some(format!("{} and {words}", number::integer(&whole)))
        };
        if let Some(pair) = vulgar(end) {
            return Some(Reading::new(end + 1, and(pair)?));
        }
        if cx.char(end) == Some(' ')
            && let Some((pair, end)) = written(end + 1)
            && pair.0 < pair.1
            && pair.1 <= 16
        {
            return Some(Reading::new(end, and(pair)?));
        }
    }
    let ((top, bottom), end) = written(cx.at)?;
    let words = match (top, bottom) {
        (24, 7) => "twenty-four seven".to_owned(),
        (9, 11) => "nine eleven".to_owned(),
        (1900..=2100, 0..=99) => format!("{} to {}", number::year(top), number::cardinal(bottom)),
        _ => match named_fraction((top, bottom)) {
            Some(words) if top < bottom => words,
            _ => format!("{} over {}", number::cardinal(top), number::cardinal(bottom)),
        },
    };
    Some(Reading::new(end, words))
}

fn named_fraction((top, bottom): (u128, u128)) -> Option<String> {
    let part = match bottom {
        2 => "half".to_owned(),
        4 => "quarter".to_owned(),
        3 | 5..=20 | 32 | 64 | 100 => number::ordinal(bottom),
        _ => return None,
    };
    let part = match (top, bottom) {
        (1, _) => part,
        (_, 2) => "halves".to_owned(),
        _ => format!("{part}s"),
    };
    Some(format!("{} {part}", number::cardinal(top)))
}

/// A number with whatever belongs to it: sign, range, power, percent, unit.
pub(crate) fn read(cx: &Cx<'_>) -> Option<Reading> {
    let (lead, at) = match sign(cx) {
        Some(found) => found,
        None if cx.glued_before() && !cx.before().is_some_and(|c| lowered(c).is_some()) => return None,
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

/// `5 €`, `20 EUR`.
fn money_behind(cx: &Cx<'_>, at: usize, one: bool) -> Option<(String, usize)> {
    let start = cx.skip_spaces(at);
    if start - at > 1 {
        return None;
    }
    if let Some(c) = cx.char(start)
        && let Some((single, many, _, _)) = currency(c)
        && !cx.char(start + 1).is_some_and(|c| c.is_ascii_digit())
    {
        return Some((if one { single } else { many }.to_owned(), start + 1));
    }
    let (code, end) = cx.word_at(start)?;
    let (single, many) = currency_code(&code)?;
    Some((if one { single } else { many }.to_owned(), end))
}

/// `USD 5 million`.
pub(crate) fn code_money(cx: &Cx<'_>) -> Option<Reading> {
    let (code, end) = cx.word_at(cx.at)?;
    let (single, many) = currency_code(&code)?;
    if cx.glued_before() {
        return None;
    }
    let amount = parse(cx, cx.skip_spaces(end))?;
    let scaled = scale(cx, amount.end, true);
    let name = if amount.is_one() && scaled.is_none() { single } else { many };
    let (word, end) = scaled.unwrap_or((String::new(), amount.end));
    Some(Reading::new(end, join(&[&amount.words(), &word, name])))
}
