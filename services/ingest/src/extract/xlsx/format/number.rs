//! Numbers by a format.

use super::code::Token;

/// `value` as the pieces of a code that holds no date write it.
pub(super) fn written(value: f64, tokens: &[Token]) -> String {
    let percents = tokens.iter().filter(|token| **token == Token::Percent).count();
    let digits: String = tokens
        .iter()
        .filter_map(|token| if let Token::Digits(part) = token { Some(part.as_str()) } else { None })
        .collect();
    let scale = digits.trim_end_matches(['0', '#', '?', '.']).len();
    // A comma behind the last digit divides by a thousand.
    let thousands = digits.get(..scale).map_or(0, |part| part.len() - part.trim_end_matches(',').len());
    let thousands = if digits.ends_with(',') { thousands } else { 0 };
    let mut value = value;
    for _ in 0..percents.min(4) {
        value *= 100.0;
    }
    for _ in 0..thousands.min(8) {
        value /= 1000.0;
    }
    let mut out = String::new();
    let mut written = false;
    let scientific = tokens.contains(&Token::Exponent);
    for token in tokens {
        match token {
            Token::Literal(text) => out.push_str(text),
            Token::Percent => out.push('%'),
            Token::General => out.push_str(&general(value)),
            Token::Digits(part) if !written => {
                written = true;
                let text = if scientific { exponent(value, part) } else { fixed(value, &digits) };
                out.push_str(&text);
            }
            Token::Digits(_)
            | Token::Exponent
            | Token::Noon
            | Token::Date(..)
            | Token::Elapsed(_)
            | Token::Parts(_) => {}
        }
    }
    out.trim().to_owned()
}

/// The most digits behind the point that a format may ask for.
const DECIMALS: usize = 30;

fn decimals(digits: &str) -> (usize, usize) {
    let part = digits.split_once('.').map_or("", |(_, part)| part);
    let most = part.chars().filter(|char| "0#?".contains(*char)).count().min(DECIMALS);
    (part.chars().filter(|char| *char == '0').count().min(most), most)
}

fn fixed(value: f64, digits: &str) -> String {
    let (least, most) = decimals(digits);
    let whole_part = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    let text = format!("{:.most$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut fraction = fraction.to_owned();
    while fraction.len() > least && fraction.ends_with('0') {
        fraction.pop();
    }
    let zeros = whole_part.chars().filter(|char| *char == '0').count();
    let mut whole = if whole == "0" && zeros == 0 { String::new() } else { format!("{whole:0>zeros$}") };
    if whole_part.trim_end_matches(',').contains(',') {
        whole = grouped(&whole);
    }
    let nothing = whole.chars().chain(fraction.chars()).all(|char| char == '0');
    let sign = if value < 0.0 && !nothing { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

fn grouped(digits: &str) -> String {
    let count = digits.len();
    let mut out = String::new();
    for (at, char) in digits.char_indices() {
        if at > 0 && (count - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(char);
    }
    out
}

fn exponent(value: f64, digits: &str) -> String {
    let (_, most) = decimals(digits);
    let text = format!("{value:.most$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}E{}{:0>2}", if power.starts_with('-') { "-" } else { "+" }, power.trim_start_matches('-'))
}

/// A number without a format: as many digits as fit a cell of the usual width.
pub(in crate::extract::xlsx) fn general(value: f64) -> String {
    /// Digits that a program shows of a number without a format.
    const SHOWN: usize = 10;
    let size = value.abs();
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-9..1e11).contains(&size) {
        let text = format!("{value:.5e}");
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        return format!(
            "{mantissa}E{}{:0>2}",
            if power.starts_with('-') { "-" } else { "+" },
            power.trim_start_matches('-')
        );
    }
    let whole = format!("{size:.0}").len();
    let text = format!("{value:.*}", SHOWN.saturating_sub(whole).max(usize::from(size < 1.0) * 9));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
