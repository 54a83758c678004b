//! Values as a workbook shows them: number formats (ECMA-376, part 1, clauses 18.8.30 and 18.8.31).

use super::super::dom::Element;
use super::super::opc::is_on;
use super::date::{Moment, moment};

/// How the cells of a workbook show their values.
#[derive(Debug, Default)]
pub(super) struct Formats {
    /// The format code of each cell style.
    codes: Vec<String>,
    from_1904: bool,
}

impl Formats {
    /// Reads `styles.xml`.
    pub fn read(styles: Option<&Element>, from_1904: bool) -> Self {
        let all = |name: &str| {
            styles.and_then(|root| root.child(name)).into_iter().flat_map(Element::elements).collect::<Vec<_>>()
        };
        let own = all("numFmts");
        let code = |style: &&Element| {
            let id = style.attribute("numFmtId").filter(|_| style.attribute("applyNumberFormat").is_none_or(is_on))?;
            let named = own.iter().find(|format| format.attribute("numFmtId") == Some(id));
            named.and_then(|format| format.attribute("formatCode")).or_else(|| built_in(id.parse().ok()?))
        };
        let codes = all("cellXfs").iter().map(|style| code(style).unwrap_or(GENERAL).to_owned()).collect();
        Self { codes, from_1904 }
    }

    /// A number as a cell of `style` shows it.
    pub fn number(&self, value: f64, style: usize) -> String {
        shown(value, self.codes.get(style).map_or(GENERAL, String::as_str), self.from_1904)
    }
}

const GENERAL: &str = "General";

/// The formats that have a number and no code in the file, as programs write them in English; dates of the system's own format
/// are written so that no reader mistakes the month.
fn built_in(id: u32) -> Option<&'static str> {
    Some(match id {
        1 => "0",
        2 => "0.00",
        3 => "#,##0",
        4 => "#,##0.00",
        9 => "0%",
        10 => "0.00%",
        11 => "0.00E+00",
        14 => "yyyy-mm-dd",
        15 => "d mmm yyyy",
        16 => "d mmm",
        17 => "mmm yyyy",
        18 => "h:mm AM/PM",
        19 => "h:mm:ss AM/PM",
        20 => "h:mm",
        21 => "h:mm:ss",
        22 => "yyyy-mm-dd h:mm",
        37 | 38 => "#,##0;(#,##0)",
        39 | 40 => "#,##0.00;(#,##0.00)",
        45 => "mm:ss",
        46 => "[h]:mm:ss",
        47 => "mm:ss.0",
        48 => "0.0E+0",
        _ => return None,
    })
}

/// A piece of a format code.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
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

/// `value` by the format `code`.
fn shown(value: f64, code: &str, from_1904: bool) -> String {
    let sections = sections(code);
    let (section, value) = match (sections.as_slice(), value) {
        ([_, negative, ..], value) if value < 0.0 => (negative, -value),
        ([_, _, zero, ..], 0.0) => (zero, value),
        ([first, ..], _) => (first, value),
        ([], _) => return general(value),
    };
    let tokens = tokens(section);
    if tokens.iter().any(|token| matches!(token, Token::Date(..) | Token::Elapsed(_))) {
        return date(value, &tokens, from_1904).unwrap_or_else(|| general(value));
    }
    numeric(value, &tokens)
}

/// The sections of a code: positive, negative, zero, text. Semicolons in quotes and behind a backslash divide nothing.
fn sections(code: &str) -> Vec<String> {
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

fn tokens(section: &str) -> Vec<Token> {
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

fn numeric(value: f64, tokens: &[Token]) -> String {
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
pub(super) fn general(value: f64) -> String {
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

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn date(value: f64, tokens: &[Token], from_1904: bool) -> Option<String> {
    let elapsed = tokens.iter().any(|token| matches!(token, Token::Elapsed(_)));
    let now = if elapsed && value >= 0.0 { moment(value.fract(), from_1904)? } else { moment(value, from_1904)? };
    let noon = tokens.contains(&Token::Noon);
    let mut out = String::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Literal(text) => out.push_str(text),
            Token::Noon => out.push_str(if now.seconds < 43_200 { "AM" } else { "PM" }),
            Token::Elapsed(unit) => {
                let unit = match unit {
                    'h' => 3600.0,
                    'm' => 60.0,
                    _ => 1.0,
                };
                out.push_str(&format!("{:.0}", (value * 86_400.0 / unit + 1e-6).floor()));
            }
            Token::Parts(count) => {
                let text = format!("{:03}", now.thousandths);
                out.push('.');
                out.push_str(text.get(..(*count).min(3)).unwrap_or_default());
            }
            Token::Date('m', count) if *count <= 2 && is_minute(tokens, at) => {
                out.push_str(&padded(now.seconds / 60 % 60, *count));
            }
            Token::Date(unit, count) => out.push_str(&part(now, *unit, *count, noon)),
            Token::Digits(_) | Token::Percent | Token::Exponent | Token::General => {}
        }
    }
    Some(out.trim().to_owned())
}

/// `m` is minutes behind hours and before seconds, and months elsewhere.
fn is_minute(tokens: &[Token], at: usize) -> bool {
    let unit = |token: &&Token| match token {
        Token::Date(unit, _) | Token::Elapsed(unit) => Some(*unit),
        Token::Literal(_)
        | Token::Digits(_)
        | Token::Percent
        | Token::Exponent
        | Token::General
        | Token::Noon
        | Token::Parts(_) => None,
    };
    let before = tokens.get(..at).unwrap_or_default().iter().rev().find_map(|token| unit(&token));
    let after = tokens.get(at + 1..).unwrap_or_default().iter().find_map(|token| unit(&token));
    before == Some('h') || after == Some('s')
}

fn part(now: Moment, unit: char, count: usize, noon: bool) -> String {
    let month = MONTHS.get(now.month.saturating_sub(1)).copied().unwrap_or_default();
    let day = DAYS.get(now.weekday).copied().unwrap_or_default();
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let hour = now.seconds / 3600;
    match (unit, count) {
        ('y', ..=2) => padded(now.year % 100, 2),
        ('y', _) => now.year.to_string(),
        ('m', ..=2) => padded(i64::try_from(now.month).unwrap_or(1), count),
        ('m', 3) => short(month),
        ('m', 5) => month.chars().take(1).collect(),
        ('m', _) => month.to_owned(),
        ('d', ..=2) => padded(now.day, count),
        ('d', 3) => short(day),
        ('d', _) => day.to_owned(),
        ('h', _) if noon => padded((hour + 11) % 12 + 1, count),
        ('h', _) => padded(hour, count),
        _ => padded(now.seconds % 60, count),
    }
}

fn padded(number: i64, count: usize) -> String {
    if count >= 2 { format!("{number:02}") } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_their_formats_say() {
        for (value, code, wanted) in [
            (1234.5, "General", "1234.5"),
            (0.1 + 0.2, "General", "0.3"),
            (1e-5, "General", "0.00001"),
            (123_456_789_012.0, "General", "1.23457E+11"),
            (-3.0, "General", "-3"),
            (1234.567, "#,##0.00", "1,234.57"),
            (1_234_567.0, "#,##0", "1,234,567"),
            (0.256, "0%", "26%"),
            (0.256, "0.0%", "25.6%"),
            (5.0, "000", "005"),
            (0.5, "#.##", ".5"),
            (12.0, "0.0#", "12.0"),
            (12_345_678.0, "0.0,,\" million\"", "12.3 million"),
            (1234.5, "\"$\"#,##0.00_);[Red]\\(\"$\"#,##0.00\\)", "$1,234.50"),
            (-1234.5, "\"$\"#,##0.00_);[Red]\\(\"$\"#,##0.00\\)", "($1,234.50)"),
            (-7.0, "0;\"minus \"0;\"zero\"", "minus 7"),
            (0.0, "0;-0;\"none\"", "none"),
            (9.5, "#,##0.00 [$€-407]", "9.50 €"),
            (-0.001, "0.00", "0.00"),
            (12_345.0, "0.00E+00", "1.23E+04"),
            (3.0, "0\" kg\"", "3 kg"),
        ] {
            assert_eq!(shown(value, code, false), wanted, "{value} as {code}");
        }
    }

    #[test]
    fn dates_look_as_their_formats_say() {
        for (value, code, wanted) in [
            (45_352.0, "yyyy\\-mm\\-dd", "2024-03-01"),
            (45_352.75, "d mmmm yyyy, h:mm AM/PM", "1 March 2024, 6:00 PM"),
            (45_352.0, "[$-409]dddd, d mmm yy", "Friday, 1 Mar 24"),
            (0.52, "hh:mm:ss", "12:28:48"),
            (1.5, "[h]:mm", "36:00"),
            (0.000_572, "mm:ss.0", "00:49.4"),
            (45_352.0, "dd.mm.yyyy", "01.03.2024"),
            (-1.0, "yyyy", "-1"),
        ] {
            assert_eq!(shown(value, code, false), wanted, "{value} as {code}");
        }
    }

    #[test]
    fn cells_take_the_format_of_their_style() {
        let xml = "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='0.0&quot; m&quot;'/></numFmts>
            <cellXfs><xf numFmtId='0'/><xf numFmtId='164'/><xf numFmtId='14'/><xf numFmtId='9' applyNumberFormat='0'/></cellXfs></styleSheet>";
        let root = crate::extract::dom::parse_xml("styles", xml).unwrap();
        let formats = Formats::read(Some(&root), false);
        let found: Vec<String> = (0..5).map(|style| formats.number(16.0, style)).collect();
        assert_eq!(found, ["16", "16.0 m", "1900-01-16", "16", "16"]);
    }
}
