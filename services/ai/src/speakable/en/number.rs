//! Numbers in English words.

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [&str; 7] = ["", " thousand", " million", " billion", " trillion", " quadrillion", " quintillion"];

/// Integers of more digits than this are read digit by digit.
pub(super) const MAX_DIGITS: usize = 18;

fn below_hundred(n: usize) -> String {
    match (n / 10, n % 10) {
        (0 | 1, _) => ONES[n].to_owned(),
        (tens, 0) => TENS[tens].to_owned(),
        (tens, ones) => format!("{}-{}", TENS[tens], ONES[ones]),
    }
}

fn below_thousand(n: usize) -> String {
    match (n / 100, n % 100) {
        (0, rest) => below_hundred(rest),
        (hundreds, 0) => format!("{} hundred", ONES[hundreds]),
        (hundreds, rest) => format!("{} hundred {}", ONES[hundreds], below_hundred(rest)),
    }
}

/// "one hundred twenty-three". Numbers past quintillions are read digit by digit.
pub(super) fn cardinal(n: u128) -> String {
    if n == 0 {
        return ONES[0].to_owned();
    }
    let mut groups = Vec::new();
    let mut rest = n;
    while rest > 0 {
        groups.push(usize::try_from(rest % 1000).unwrap_or_default());
        rest /= 1000;
    }
    if groups.len() > SCALES.len() {
        return digits(&n.to_string());
    }
    let words: Vec<String> = groups
        .iter()
        .zip(SCALES)
        .rev()
        .filter(|(group, _)| **group > 0)
        .map(|(group, scale)| format!("{}{scale}", below_thousand(*group)))
        .collect();
    words.join(" ")
}

/// "one hundred twenty-third".
pub(super) fn ordinal(n: u128) -> String {
    let words = cardinal(n);
    let split = words.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = words.split_at(split);
    let tail = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ => last.strip_suffix('y').map_or_else(|| format!("{last}th"), |stem| format!("{stem}ieth")),
    };
    format!("{head}{tail}")
}

/// "one nine two": every digit by itself; other characters are passed over.
pub(super) fn digits(text: &str) -> String {
    let words: Vec<&str> = text.chars().filter_map(|c| c.to_digit(10)).map(|d| ONES[d as usize]).collect();
    words.join(" ")
}

/// A year as people say it: "nineteen oh five", "two thousand six", "twenty twenty-six".
pub(super) fn year(n: u128) -> String {
    let (high, low) = (usize::try_from(n / 100).unwrap_or_default(), usize::try_from(n % 100).unwrap_or_default());
    match (high, low) {
        (0..=9 | 100.., _) | (10 | 20, 0..=9) => cardinal(n),
        (_, 0) => format!("{} hundred", below_hundred(high)),
        (_, 1..=9) => format!("{} oh {}", below_hundred(high), ONES[low]),
        _ => format!("{} {}", below_hundred(high), below_hundred(low)),
    }
}

/// The plural of a number word: "nineties", "twos", "sixes".
pub(super) fn plural(words: &str) -> String {
    if let Some(stem) = words.strip_suffix('y') {
        format!("{stem}ies")
    } else if words.ends_with('x') {
        format!("{words}es")
    } else {
        format!("{words}s")
    }
}

/// An integer written in digits: a leading zero or too many digits make it be read digit by digit.
pub(super) fn integer(text: &str) -> String {
    let text: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.len() > MAX_DIGITS || (text.len() > 1 && text.starts_with('0')) {
        return digits(&text);
    }
    text.parse().map_or_else(|_| digits(&text), cardinal)
}

/// Digits inside a name (`RFC2616`, `B12`, `A380`): two as a number, three as one and two ("three
/// eighty"), four in pairs, more one by one.
pub(super) fn in_name(text: &str) -> String {
    let number: Option<usize> = text.parse().ok().filter(|_| !text.starts_with('0') || text == "0");
    match (text.len(), number) {
        (1 | 2, Some(_)) => integer(text),
        (3, Some(n)) if n % 100 == 0 => integer(text),
        (3, Some(n)) if n % 100 < 10 => format!("{} oh {}", below_hundred(n / 100), below_hundred(n % 100)),
        (3, Some(n)) => format!("{} {}", below_hundred(n / 100), below_hundred(n % 100)),
        // "Three thousand", and not "thirty hundred", as four digits of a year would be.
        (4, Some(n)) if n % 1000 == 0 => integer(text),
        (4, Some(_)) => text.parse().map_or_else(|_| digits(text), year),
        _ => digits(text),
    }
}

/// The name of a power of ten, of the short scale; none where it has none.
pub(super) const fn scale(power: u8) -> Option<&'static str> {
    match power {
        2 => Some("hundred"),
        3 => Some("thousand"),
        5 => Some("lakh"),
        6 => Some("million"),
        7 => Some("crore"),
        9 => Some("billion"),
        12 => Some("trillion"),
        15 => Some("quadrillion"),
        18 => Some("quintillion"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_ordinals_and_years_are_words() {
        for (n, words) in [
            (0, "zero"),
            (13, "thirteen"),
            (21, "twenty-one"),
            (100, "one hundred"),
            (1_234_567, "one million two hundred thirty-four thousand five hundred sixty-seven"),
            (1_000_000_000_005, "one trillion five"),
        ] {
            assert_eq!(cardinal(n), words);
        }
        for (n, words) in
            [(1, "first"), (12, "twelfth"), (20, "twentieth"), (101, "one hundred first"), (33, "thirty-third")]
        {
            assert_eq!(ordinal(n), words);
        }
        for (n, words) in [
            (1066, "ten sixty-six"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (2000, "two thousand"),
            (2009, "two thousand nine"),
            (2026, "twenty twenty-six"),
        ] {
            assert_eq!(year(n), words);
        }
        assert_eq!(cardinal(u128::MAX).split(' ').count(), 39);
    }

    #[test]
    fn digits_in_names_are_said_as_people_say_them() {
        assert_eq!(in_name("12"), "twelve");
        assert_eq!(in_name("380"), "three eighty");
        assert_eq!(in_name("205"), "two oh five");
        assert_eq!(in_name("500"), "five hundred");
        assert_eq!(in_name("2616"), "twenty-six sixteen");
        assert_eq!(in_name("3000"), "three thousand");
        assert_eq!(in_name("8080"), "eighty eighty");
        assert_eq!(in_name("007"), "zero zero seven");
    }
}
