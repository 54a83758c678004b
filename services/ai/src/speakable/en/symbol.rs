//! What is neither word nor number: signs with a name, punctuation as pauses, brackets and quotes.

use super::{Cx, Reading};

/// The name of a Greek letter.
pub(crate) fn greek(c: char) -> Option<&'static str> {
    let lower = c.to_lowercase().next().unwrap_or(c);
    Some(match lower {
        'α' => "alpha",
        'β' => "beta",
        'γ' => "gamma",
        'δ' => "delta",
        'ε' | 'ϵ' => "epsilon",
        'ζ' => "zeta",
        'η' => "eta",
        'θ' | 'ϑ' => "theta",
        'ι' => "iota",
        'κ' => "kappa",
        'λ' => "lambda",
        'μ' | 'µ' => "mu",
        'ν' => "nu",
        'ξ' => "xi",
        'ο' => "omicron",
        'π' => "pi",
        'ρ' => "rho",
        'σ' | 'ς' => "sigma",
        'τ' => "tau",
        'υ' => "upsilon",
        'φ' | 'ϕ' => "phi",
        'χ' => "chi",
        'ψ' => "psi",
        'ω' => "omega",
        _ => return None,
    })
}

/// The name of a sign that is said wherever it stands.
fn name(c: char) -> Option<&'static str> {
    Some(match c {
        '&' => "and",
        '%' => "percent",
        '‰' => "per mille",
        '°' => "degrees",
        '@' => "at",
        '=' => "equals",
        '×' => "times",
        '÷' => "divided by",
        '±' => "plus or minus",
        '−' => "minus",
        '≈' | '≃' | '≅' => "approximately",
        '≠' => "is not equal to",
        '≤' => "is at most",
        '≥' => "is at least",
        '≡' => "is equivalent to",
        '∞' => "infinity",
        '√' => "square root of",
        '∑' => "the sum of",
        '∏' => "the product of",
        '∫' => "the integral of",
        '∂' => "partial",
        '∇' => "nabla",
        '∆' => "delta",
        '∈' => "in",
        '∉' => "not in",
        '∪' => "union",
        '∩' => "intersection",
        '∝' => "is proportional to",
        '⇒' => "implies",
        '→' | '➔' | '➜' => "to",
        '©' => "copyright",
        '€' => "euros",
        '£' => "pounds",
        '$' => "dollars",
        '¥' => "yen",
        '¢' => "cents",
        '₹' => "rupees",
        '№' => "number",
        _ => return None,
    })
}

/// A sign, a pause, or nothing for what is only seen.
pub(crate) fn read(cx: &Cx<'_>) -> Reading {
    let at = cx.at;
    let c = cx.char(at).unwrap_or(' ');
    let next = cx.char(at + 1);
    let previous = cx.before();
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let spaced = previous.is_none_or(char::is_whitespace) && next.is_none_or(char::is_whitespace);
    let run = |of: char| (at..).take_while(|at| cx.char(*at) == Some(of)).count();
    match c {
        '.' if run('.') > 1 => {
            let end = at + run('.');
            let goes_on = cx.next_word(end).is_some_and(|word| word.chars().next().is_some_and(char::is_lowercase));
            Reading::pause(end, if goes_on { ',' } else { '.' })
        }
        '.' if next.is_none_or(|c| c.is_whitespace() || !c.is_alphanumeric()) => Reading::pause(at + 1, '.'),
        '.' if letter(previous) && next.is_some_and(char::is_uppercase) => Reading::pause(at + 1, '.'),
        '.' if letter(next) => Reading::new(at + 1, "dot".to_owned()),
        '…' => {
            let goes_on = cx.next_word(at + 1).is_some_and(|word| word.chars().next().is_some_and(char::is_lowercase));
            Reading::pause(at + 1, if goes_on { ',' } else { '.' })
        }
        '?' | '!' => Reading::pause(at + 1, c),
        '‽' | '¿' | '¡' => Reading::silent(at + 1),
        ';' | ',' => Reading::pause(at + 1, c),
        ':' if run(':') > 1 => Reading::silent(at + run(':')),
        ':' if next.is_none_or(char::is_whitespace) => Reading::pause(at + 1, ':'),
        '(' | '[' if letter(previous) => Reading::silent(at + 1),
        ')' | ']' if glued_bracket(cx, at) => Reading::silent(at + 1),
        '(' | ')' | '[' | ']' => Reading::pause(at + 1, ','),
        '—' => Reading::pause(at + 1, ','),
        '–' if letter(previous) && letter(next) => Reading::hyphen(at + 1),
        '-' if run('-') > 1 => Reading::pause(at + run('-'), ','),
        '-' | '\u{AD}' if previous.is_some_and(char::is_alphabetic) && next.is_some_and(char::is_alphabetic) => {
            Reading::hyphen(at + 1)
        }
        '-' | '–' if spaced && previous.is_some() => Reading::pause(at + 1, ','),
        '|' | '•' | '·' | '‣' | '▪' if spaced => Reading::pause(at + 1, ','),
        '+' if letter(previous) && !letter(next) && run('+') == 1 => Reading::new(at + 1, "plus".to_owned()),
        '+' if run('+') == 1 => Reading::new(at + 1, "plus".to_owned()),
        '<' if spaced && cx.between_values() => Reading::new(at + 1, "is less than".to_owned()),
        '>' if spaced && cx.between_values() => Reading::new(at + 1, "is greater than".to_owned()),
        '<' if spaced => Reading::new(at + 1, "less than".to_owned()),
        '>' if spaced && previous.is_some() => Reading::new(at + 1, "greater than".to_owned()),
        '*' if spaced && previous.is_some() && next.is_some() && cx.between_values() => {
            Reading::new(at + 1, "times".to_owned())
        }
        '#' if next.is_some_and(|c| c.is_ascii_digit()) => Reading::new(at + 1, "number".to_owned()),
        '#' if next.is_some_and(char::is_alphabetic) && previous.is_none_or(char::is_whitespace) => {
            Reading::new(at + 1, "hashtag".to_owned())
        }
        '=' if run('=') > 2 => Reading::silent(at + run('=')),
        '$' if letter(previous) && letter(next) => Reading::silent(at + 1),
        '@' if !letter(next) && !spaced => Reading::silent(at + 1),
        _ => greek(c)
            .or_else(|| name(c))
            .map_or_else(|| Reading::silent(at + 1), |name| Reading::new(at + 1, name.to_owned())),
    }
}

/// Whether the bracket that closes here was opened right behind a word, as in `f(x)` and `main()`.
fn glued_bracket(cx: &Cx<'_>, at: usize) -> bool {
    let mut depth = 0_i32;
    for back in (at.saturating_sub(80)..at).rev() {
        match cx.char(back) {
            Some(')' | ']') => depth += 1,
            Some('(' | '[') if depth > 0 => depth -= 1,
            Some('(' | '[') => {
                return back.checked_sub(1).and_then(|at| cx.char(at)).is_some_and(char::is_alphanumeric);
            }
            _ => {}
        }
    }
    false
}
