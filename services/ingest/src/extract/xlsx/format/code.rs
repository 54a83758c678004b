//! The codes of number formats, taken apart.

/// A piece of a format code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    /// `0`, `#`, `?`, with the point and the comma.
    Digits(String),
    Percent,
    Exponent,
    General,
    /// A run of one of `y`, `m`, `d`, `h`, `s`.
    Date(char, usize),
    /// The same in brackets: hours, minutes or seconds of a duration.
    Elapsed(char),
    Noon,
    /// Digits of parts of a second.
    Parts(usize),
}

/// The sections of a code: positive, negative, zero, text. Semicolons in quotes and behind a
/// backslash divide nothing.
pub(super) fn sections(code: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for char in code.chars() {
        if char == ';' && !quoted && !escaped {
            found.push(String::new());
            continue;
        }
        quoted ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        if let Some(last) = found.last_mut() {
            last.push(char);
        }
    }
    found
}

/// The pieces of one section.
pub(super) fn tokens(section: &str) -> Vec<Token> {
    let chars: Vec<char> = section.chars().collect();
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    let rest_is = |at: usize, word: &str| {
        let end = at + word.chars().count();
        chars.get(at..end).is_some_and(|part| part.iter().collect::<String>().eq_ignore_ascii_case(word))
    };
    while let Some(&char) = chars.get(at) {
        let dated = found.iter().any(|token| matches!(token, Token::Date(..)));
        let run = chars.iter().skip(at).take_while(|other| other.eq_ignore_ascii_case(&char)).count();
        let lower = char.to_ascii_lowercase();
        at += match char {
            _ if rest_is(at, "General") => push(&mut found, Token::General, 7),
            _ if rest_is(at, "AM/PM") => push(&mut found, Token::Noon, 5),
            _ if rest_is(at, "A/P") => push(&mut found, Token::Noon, 3),
            '"' => {
                let text: String = chars.iter().skip(at + 1).take_while(|char| **char != '"').collect();
                let length = text.chars().count() + 2;
                push(&mut found, Token::Literal(text), length)
            }
            '\\' => {
                push(&mut found, Token::Literal(chars.get(at + 1).copied().map(String::from).unwrap_or_default()), 2)
            }
            // The width of a sign, and a sign that fills the cell.
            '_' => push(&mut found, Token::Literal(" ".to_owned()), 2),
            '*' => 2,
            '[' => {
                let inner: String = chars.iter().skip(at + 1).take_while(|char| **char != ']').collect();
                let length = inner.chars().count() + 2;
                bracket(&mut found, &inner);
                length
            }
            '%' => push(&mut found, Token::Percent, 1),
            'E' | 'e' if matches!(chars.get(at + 1), Some('+' | '-')) => push(&mut found, Token::Exponent, 2),
            '0' | '#' | '?' | '.' | ',' => match found.last_mut() {
                Some(Token::Digits(digits)) => {
                    digits.push(char);
                    1
                }
                Some(Token::Date('s', _) | Token::Elapsed('s')) if char == '.' => {
                    let digits = chars.iter().skip(at + 1).take_while(|char| **char == '0').count();
                    push(&mut found, Token::Parts(digits), digits + 1)
                }
                _ if matches!(char, '.' | ',') && dated => push(&mut found, Token::Literal(char.to_string()), 1),
                _ => push(&mut found, Token::Digits(char.to_string()), 1),
            },
            _ if matches!(lower, 'y' | 'm' | 'd' | 'h' | 's') => push(&mut found, Token::Date(lower, run), run),
            '@' => 1,
            _ => push(&mut found, Token::Literal(char.to_string()), 1),
        };
    }
    found
}

fn push(found: &mut Vec<Token>, token: Token, length: usize) -> usize {
    found.push(token);
    length
}

/// `[h]` is a duration, `[$€-407]` a currency; colours, conditions and languages show nothing.
fn bracket(found: &mut Vec<Token>, inner: &str) {
    let lower = inner.to_ascii_lowercase();
    match lower.chars().next() {
        Some(unit @ ('h' | 'm' | 's')) if lower.chars().all(|char| char == unit) => found.push(Token::Elapsed(unit)),
        Some('$') => {
            let currency = inner.get(1..).unwrap_or_default();
            let sign = currency.rsplit_once('-').map_or(currency, |(sign, _)| sign);
            found.push(Token::Literal(sign.to_owned()));
        }
        Some(_) | None => {}
    }
}
