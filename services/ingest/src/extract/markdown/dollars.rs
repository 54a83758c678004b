//! Which dollars of Markdown enclose a formula. The parser takes any two that touch what is between
//! them; here the rest of what Pandoc asks of `tex_math_dollars` is asked too: no digit behind the
//! one that closes. Amounts (`$150–$250`), levels of prices (`$$ or $$$`), tickers and variables of
//! a shell (`$HOME/$USER`) are text, and their signs are escaped before the text is read.

use std::borrow::Cow;

use pulldown_cmark::{Event, Options, Parser};

/// How often a text is looked through: dollars that are escaped may leave others that meet.
const MOST_PASSES: usize = 4;

/// Signs of which a formula with words in it has one.
const SIGNS_OF_FORMULAS: [char; 9] = ['\\', '^', '_', '{', '}', '=', '<', '>', '|'];

/// Signs between two names or amounts, with which no formula ends behind a letter or digit.
const BETWEEN: [char; 6] = ['-', '–', '—', '/', ':', '&'];

/// `text` with a backslash before each dollar that would enclose a formula and does not.
pub(super) fn escape(text: Cow<'_, str>, options: Options) -> Cow<'_, str> {
    let mut text = text;
    for _ in 0..MOST_PASSES {
        let signs = false_signs(&text, options);
        if signs.is_empty() {
            break;
        }
        text = with_backslashes(&text, &signs).into();
    }
    text
}

/// Where the dollars stand that the parser would take for those of a formula, in bytes.
fn false_signs(text: &str, options: Options) -> Vec<usize> {
    let mut signs = Vec::new();
    if text.matches('$').nth(1).is_none() {
        return signs;
    }
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let next = || text.get(range.end..).and_then(|after| after.chars().next());
        let (start, end) = (range.start, range.end);
        if let Event::InlineMath(inner) = &event
            && !is_formula(inner, next())
        {
            signs.extend([start, end.saturating_sub(1)]);
        }
        if let Event::DisplayMath(inner) = &event
            && is_prose(inner)
        {
            signs.extend([start, start + 1, end.saturating_sub(2), end.saturating_sub(1)]);
        }
    }
    signs.retain(|at| text.as_bytes().get(*at) == Some(&b'$'));
    signs.sort_unstable();
    signs.dedup();
    signs
}

fn with_backslashes(text: &str, signs: &[usize]) -> String {
    let mut escaped = String::with_capacity(text.len() + signs.len());
    let mut start = 0;
    for at in signs {
        escaped.push_str(text.get(start..*at).unwrap_or_default());
        escaped.push('\\');
        start = *at;
    }
    escaped.push_str(text.get(start..).unwrap_or_default());
    escaped
}

/// Whether what stands between two dollars is a formula; `next` is the character behind them.
fn is_formula(inner: &str, next: Option<char>) -> bool {
    let amount = inner.starts_with(|c: char| c.is_ascii_digit()) && is_prose(inner);
    !next.is_some_and(|c| c.is_ascii_digit()) && !amount && !is_first_of_two(inner, next)
}

/// Whether the text has a word of small letters among others, and no sign that a formula with words
/// would have.
fn is_prose(text: &str) -> bool {
    let word = |word: &str| {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
        word.chars().count() > 1 && word.chars().all(char::is_lowercase)
    };
    // What was escaped before is an amount too.
    let text = text.replace("\\$", "$");
    let spaced = text.contains(char::is_whitespace);
    spaced && !text.contains(SIGNS_OF_FORMULAS) && text.split_whitespace().any(word)
}

/// Whether the text is the first of two names, with the sign between them: `HOME/` before `$USER`,
/// `AAPL,` before `$TSLA`.
fn is_first_of_two(text: &str, next: Option<char>) -> bool {
    if !next.is_some_and(|c| c.is_alphanumeric() || c == '{') {
        return false;
    }
    let mut back = text.chars().rev();
    let (last, before) = (back.next(), back.next());
    let between = last.is_some_and(|c| BETWEEN.contains(&c)) && before.is_some_and(char::is_alphanumeric);
    let name = text.trim_end_matches(',');
    let ticker = last == Some(',') && name.len() > 1 && name.chars().all(char::is_uppercase);
    between || ticker
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formulas that are left in a text.
    fn formulas(text: &str) -> Vec<String> {
        let escaped = escape(text.into(), Options::ENABLE_MATH);
        let events = Parser::new_ext(&escaped, Options::ENABLE_MATH);
        let mut formulas = Vec::new();
        for event in events {
            if let Event::InlineMath(inner) | Event::DisplayMath(inner) = event {
                formulas.push(inner.to_string());
            }
        }
        formulas
    }

    #[test]
    fn amounts_tickers_and_variables_are_no_formulas() {
        for text in [
            "It costs $150–$250 a night.",
            "From $5-$10 to $20-$30.",
            "It is US$5 there and A$7 here.",
            "**$5**–**$10** each",
            "It is $100 a month, or 90$ if paid at once.",
            "A fare of $5 and $10-$20 or 30$ more",
            "Cheap is $$ or $$$ there.",
            "Shares of $AAPL/$TSLA and $AAPL,$TSLA rose.",
            "Look in $HOME/$USER and $HOME/${NAME}.",
            "$1-$2-$3-$4-$5-$6-$7-$8",
        ] {
            assert_eq!(formulas(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn formulas_stay_what_they_are() {
        for (text, wanted) in [
            ("where $x$ is", vec!["x"]),
            ("the $n$th of $k$-means", vec!["n", "k"]),
            ("US$5 and A$7 is $x$", vec!["x"]),
            ("$2 < x$ and $5$", vec!["2 < x", "5"]),
            ("$\\mathrm{Na}^+$ or $x^-$y", vec!["\\mathrm{Na}^+", "x^-"]),
            ("$3 \\text{ or more}$", vec!["3 \\text{ or more}"]),
            ("$$ speed = \\frac{s}{t} $$", vec![" speed = \\frac{s}{t} "]),
            ("`$5-$6` and $y$", vec!["y"]),
            ("\\$5 and $y$", vec!["y"]),
        ] {
            assert_eq!(formulas(text), wanted, "{text}");
        }
    }
}
