//! Numbers in German words: cardinals in one word below a million, ordinals by their stems, to
//! which the verbaliser adds an ending, years, digits and fractions.

/// The numbers below twenty; "eins" is what one is called by itself.
const ONES: [&str; 20] = [
    "null",
    "eins",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
];

/// The tens by their first digit.
const TENS: [&str; 10] =
    ["", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"];

/// The thousands of thousands: one, many, and the stem of the ordinal.
const SCALES: [(&str, &str, &str); 6] = [
    ("Million", "Millionen", "million"),
    ("Milliarde", "Milliarden", "milliard"),
    ("Billion", "Billionen", "billion"),
    ("Billiarde", "Billiarden", "billiard"),
    ("Trillion", "Trillionen", "trillion"),
    ("Trilliarde", "Trilliarden", "trilliard"),
];

/// From this number on a word is written apart, and its scale is a noun.
const MILLION: u128 = 1_000_000;

/// Integers of more digits than this are read digit by digit.
pub(crate) const MAX_DIGITS: usize = 18;

fn small(n: u128) -> usize {
    usize::try_from(n).unwrap_or_default()
}

fn below_hundred(n: usize, one: &str) -> String {
    match (n / 10, n % 10) {
        (0, 0) => String::new(),
        (0, 1) => one.to_owned(),
        (0 | 1, _) => ONES[n].to_owned(),
        (tens, 0) => TENS[tens].to_owned(),
        (tens, 1) => format!("einund{}", TENS[tens]),
        (tens, ones) => format!("{}und{}", ONES[ones], TENS[tens]),
    }
}

/// `inner` where digits stand before it: "tausendeinhundert", but "hundert".
fn below_thousand(n: usize, one: &str, inner: bool) -> String {
    let rest = below_hundred(n % 100, one);
    match n / 100 {
        0 => rest,
        1 if !inner => format!("hundert{rest}"),
        1 => format!("einhundert{rest}"),
        hundreds => format!("{}hundert{rest}", ONES[hundreds]),
    }
}

fn below_million(n: usize, one: &str) -> String {
    match n / 1000 {
        0 => below_thousand(n, one, false),
        1 => format!("tausend{}", below_thousand(n % 1000, one, true)),
        thousands => {
            format!("{}tausend{}", below_thousand(thousands, "ein", false), below_thousand(n % 1000, one, true))
        }
    }
}

/// How often each scale is in `n`, the greatest first, without those that are not in it; none where
/// `n` is past the scales.
fn scales(n: u128) -> Option<Vec<(usize, usize)>> {
    let mut counts = Vec::new();
    let (mut rest, mut scale) = (n / MILLION, 0);
    while rest > 0 {
        if scale >= SCALES.len() {
            return None;
        }
        counts.push((scale, small(rest % 1000)));
        rest /= 1000;
        scale += 1;
    }
    counts.retain(|(_, count)| *count > 0);
    counts.reverse();
    Some(counts)
}

/// "hundertdreiundzwanzig", "eine Million zweihundert". Numbers past the scales are read digit by
/// digit.
pub(crate) fn cardinal(n: u128) -> String {
    if n == 0 {
        return ONES[0].to_owned();
    }
    let Some(scales) = scales(n) else { return digits(&n.to_string()) };
    let mut words: Vec<String> = scales
        .into_iter()
        .map(|(scale, count)| match count {
            1 => format!("eine {}", SCALES[scale].0),
            _ => format!("{} {}", below_million(count, "eins"), SCALES[scale].1),
        })
        .collect();
    let rest = below_million(small(n % MILLION), "eins");
    if !rest.is_empty() {
        words.push(rest);
    }
    words.join(" ")
}

/// The stem of an ordinal, to which an ending is added: "dritt", "zwanzigst", "hunderterst".
pub(crate) fn ordinal_stem(n: u128) -> String {
    let Some(scales) = scales(n) else { return digits(&n.to_string()) };
    let rest = small(n % MILLION);
    let whole = rest == 0 && scales.len() == 1;
    let mut stem = String::new();
    for (scale, count) in scales {
        if !(whole && count == 1) {
            stem.push_str(&below_million(count, "ein"));
        }
        stem.push_str(SCALES[scale].2);
    }
    match rest % 100 {
        0 if n == 0 => stem.push_str("nullt"),
        0 => stem.push_str(&format!("{}st", below_million(rest, ""))),
        low @ 1..=19 => {
            stem.push_str(&below_million(rest - low, ""));
            stem.push_str(&match low {
                1 => "erst".to_owned(),
                3 => "dritt".to_owned(),
                7 => "siebt".to_owned(),
                8 => "acht".to_owned(),
                _ => format!("{}t", ONES[low]),
            });
        }
        _ => stem.push_str(&format!("{}st", below_million(rest, "ein"))),
    }
    stem
}

/// "eins neun zwei": every digit by itself; other characters are passed over.
pub(crate) fn digits(text: &str) -> String {
    let words: Vec<&str> = text.chars().filter_map(|c| c.to_digit(10)).map(|d| ONES[d as usize]).collect();
    words.join(" ")
}

/// A year as people say it: from 1100 to 1999 in hundreds, "neunzehnhundertfünf".
pub(crate) fn year(n: u128) -> String {
    match n {
        1100..=1999 => {
            let (high, low) = (small(n / 100), small(n % 100));
            format!("{}hundert{}", below_hundred(high, "ein"), below_hundred(low, "eins"))
        }
        _ => cardinal(n),
    }
}

/// What a whole is parted into, without its capital: "drittel", "zwanzigstel".
pub(crate) fn parts(denominator: u128) -> String {
    format!("{}el", ordinal_stem(denominator))
}

/// An integer written in digits: a leading zero or too many digits make it be read digit by digit.
pub(crate) fn integer(text: &str) -> String {
    let text: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.len() > MAX_DIGITS || (text.len() > 1 && text.starts_with('0')) {
        return digits(&text);
    }
    text.parse().map_or_else(|_| digits(&text), cardinal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_one_word_below_a_million() {
        for (n, words) in [
            (0, "null"),
            (1, "eins"),
            (21, "einundzwanzig"),
            (100, "hundert"),
            (101, "hunderteins"),
            (1_100, "tausendeinhundert"),
            (101_000, "hunderteintausend"),
            (1_000_001, "eine Million eins"),
            (2_000_000_000, "zwei Milliarden"),
        ] {
            assert_eq!(cardinal(n), words);
        }
        for (n, words) in
            [(1999, "neunzehnhundertneunundneunzig"), (1100, "elfhundert"), (2024, "zweitausendvierundzwanzig")]
        {
            assert_eq!(year(n), words);
        }
        assert_eq!((integer("007"), digits("4-2")), ("null null sieben".to_owned(), "vier zwei".to_owned()));
    }

    #[test]
    fn ordinals_have_their_stems_and_fractions_are_made_of_them() {
        for (n, stem) in [
            (1, "erst"),
            (3, "dritt"),
            (7, "siebt"),
            (16, "sechzehnt"),
            (20, "zwanzigst"),
            (21, "einundzwanzigst"),
            (100, "hundertst"),
            (101, "hunderterst"),
            (1000, "tausendst"),
            (1_000_000, "millionst"),
            (2_000_000, "zweimillionst"),
        ] {
            assert_eq!(ordinal_stem(n), stem);
        }
        assert_eq!((parts(3), parts(100)), ("drittel".to_owned(), "hundertstel".to_owned()));
    }
}
