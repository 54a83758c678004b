//! Numbers in French words, in the spelling of 1990: hyphens join all parts of a numeral, and
//! "million" and its kin are nouns, to which none goes (Journal officiel, 6 December 1990, rule 1).

const ONES: [&str; 20] = [
    "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze", "treize",
    "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf",
];

const TENS: [&str; 7] = ["", "", "vingt", "trente", "quarante", "cinquante", "soixante"];

/// Names of the powers of a thousand from the second on, in the long scale. All are masculine.
const SCALES: [&str; 11] = [
    "million",
    "milliard",
    "billion",
    "billiard",
    "trillion",
    "trilliard",
    "quadrillion",
    "quadrilliard",
    "quintillion",
    "quintilliard",
    "sextillion",
];

/// Integers of more digits than this are read digit by digit.
pub(crate) const MAX_DIGITS: usize = 18;

/// Digits behind the decimal comma are said as one number up to so many, and one by one beyond.
const LONGEST_DECIMALS: usize = 3;

/// Digits of the longest run inside a name that is said as one number.
const LONGEST_IN_NAME: usize = 4;

/// How a cardinal number agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// It counts things whose name is masculine, or nothing.
    Masculine,
    /// It counts things whose name is feminine: "vingt-et-une pages".
    Feminine,
    /// It stands for an ordinal, and "vingt" and "cent" have no plural: "page quatre-vingt",
    /// "en mille-neuf-cent".
    Rank,
}

impl Agreement {
    /// That of things by the gender of their name.
    pub(crate) const fn gender(feminine: bool) -> Self {
        if feminine { Self::Feminine } else { Self::Masculine }
    }

    const fn plural(self) -> bool {
        !matches!(self, Self::Rank)
    }
}

fn ones(n: usize, agreement: Agreement) -> &'static str {
    if n == 1 && agreement == Agreement::Feminine { "une" } else { ONES[n] }
}

/// 1 to 99.
fn below_hundred(n: usize, agreement: Agreement) -> String {
    match (n / 10, n % 10) {
        (0 | 1, _) => ones(n, agreement).to_owned(),
        (tens @ 2..=6, 0) => TENS[tens].to_owned(),
        (tens @ 2..=6, 1) => format!("{}-et-{}", TENS[tens], ones(1, agreement)),
        (tens @ 2..=6, one) => format!("{}-{}", TENS[tens], ONES[one]),
        (7, 1) => format!("{}-et-{}", TENS[6], ONES[11]),
        (7, one) => format!("{}-{}", TENS[6], ONES[10 + one]),
        (8, 0) if agreement.plural() => "quatre-vingts".to_owned(),
        (8, 0) => "quatre-vingt".to_owned(),
        _ => format!("quatre-vingt-{}", ones(n - 80, agreement)),
    }
}

/// 1 to 999.
fn below_thousand(n: usize, agreement: Agreement) -> String {
    let hundred = |many: usize| if many == 1 { "cent".to_owned() } else { format!("{}-cent", ONES[many]) };
    match (n / 100, n % 100) {
        (0, rest) => below_hundred(rest, agreement),
        (many @ 2.., 0) if agreement.plural() => format!("{}s", hundred(many)),
        (many, 0) => hundred(many),
        (many, rest) => format!("{}-{}", hundred(many), below_hundred(rest, agreement)),
    }
}

/// "cent-vingt-et-une". "Un" before "mille" does not vary, and "vingt" and "cent" have no plural
/// before it (Grevisse, Le Bon Usage, « Les déterminants numéraux »).
pub(crate) fn cardinal(n: u128, agreement: Agreement) -> String {
    let group = |power: u32| usize::try_from(n / 1000_u128.pow(power) % 1000).unwrap_or_default();
    let mut parts = Vec::new();
    for (power, scale) in (2..).zip(SCALES).collect::<Vec<(u32, &str)>>().into_iter().rev() {
        match group(power) {
            0 => {}
            1 => parts.push(format!("un {scale}")),
            many => parts.push(format!("{} {scale}s", below_thousand(many, Agreement::Masculine))),
        }
    }
    let thousands = match group(1) {
        0 => None,
        1 => Some("mille".to_owned()),
        many => Some(format!("{}-mille", below_thousand(many, Agreement::Rank))),
    };
    let rest = Some(group(0)).filter(|rest| *rest > 0).map(|rest| below_thousand(rest, agreement));
    match (thousands, rest) {
        (Some(thousands), Some(rest)) => parts.push(format!("{thousands}-{rest}")),
        (Some(one), None) | (None, Some(one)) => parts.push(one),
        (None, None) if parts.is_empty() => parts.push(ONES[0].to_owned()),
        (None, None) => {}
    }
    parts.join(" ")
}

/// Whether the last word of a number is a noun ("million"), which "de" joins to what is counted.
pub(crate) const fn is_noun(n: u128) -> bool {
    n > 0 && n.is_multiple_of(1_000_000)
}

/// "premier", "vingt-et-unième", "deux-millionième".
pub(crate) fn ordinal(n: u128, feminine: bool, plural: bool) -> String {
    let s = if plural { "s" } else { "" };
    if n == 1 {
        return format!("{}{s}", if feminine { "première" } else { "premier" });
    }
    let words = cardinal(n, Agreement::Rank).replace(' ', "-");
    let words = if is_noun(n) { words.trim_end_matches('s') } else { words.as_str() };
    let words = words.strip_prefix("un-").filter(|_| is_noun(n)).unwrap_or(words);
    let stem = if words.ends_with('e') {
        words.trim_end_matches('e').to_owned()
    } else if words.ends_with("cinq") {
        format!("{words}u")
    } else {
        words.strip_suffix("neuf").map_or_else(|| words.to_owned(), |head| format!("{head}neuv"))
    };
    format!("{stem}ième{s}")
}

/// "trois quarts", "un demi"; "sur" where the part has no usual name.
pub(crate) fn fraction(over: u128, under: u128) -> String {
    let s = if over > 1 { "s" } else { "" };
    let above = cardinal(over, Agreement::Masculine);
    match under {
        2 => format!("{above} demi{s}"),
        3 => format!("{above} tiers"),
        4 => format!("{above} quart{s}"),
        5..=19 | 100 | 1000 | 10_000 | 100_000 | 1_000_000 => format!("{above} {}", ordinal(under, false, over > 1)),
        21.. if over == 1 => format!("{above} {}", ordinal(under, false, false)),
        _ => format!("{above} sur {}", cardinal(under, Agreement::Masculine)),
    }
}

/// "un neuf deux": every digit by itself; other characters are passed over.
pub(crate) fn digits(text: &str) -> String {
    let words: Vec<&str> =
        text.chars().filter_map(|c| c.to_digit(10)).filter_map(|d| ONES.get(d as usize)).copied().collect();
    words.join(" ")
}

/// An integer written in digits: a leading zero or too many digits make it be read digit by digit.
pub(crate) fn integer(text: &str, agreement: Agreement) -> String {
    let text: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.len() > MAX_DIGITS || (text.len() > 1 && text.starts_with('0')) {
        return digits(&text);
    }
    text.parse().map_or_else(|_| digits(&text), |n| cardinal(n, agreement))
}

/// Digits behind the decimal comma: "quatorze", "zéro cinq", "un quatre un cinq neuf".
pub(crate) fn decimals(text: &str) -> String {
    if text.chars().count() > LONGEST_DECIMALS { digits(text) } else { group(text) }
}

/// A group of a few digits: zeros before a number are said one by one, as in "zéro cinq".
pub(crate) fn group(text: &str) -> String {
    let rest = text.trim_start_matches('0');
    let zeros = digits(&text.chars().take_while(|c| *c == '0').collect::<String>());
    let rest = integer(rest, Agreement::Masculine);
    match (zeros.is_empty(), rest.is_empty()) {
        (false, false) => format!("{zeros} {rest}"),
        (false, true) => zeros,
        (true, _) => rest,
    }
}

/// Digits inside a name (`RFC2616`, `B12`, `A380`): up to four as a number, which stands for an
/// ordinal, more one by one.
pub(crate) fn in_name(text: &str) -> String {
    if text.chars().count() > LONGEST_IN_NAME {
        digits(text)
    } else if text.starts_with('0') {
        group(text)
    } else {
        integer(text, Agreement::Rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals_agree_with_what_they_count() {
        for (n, words) in [
            (0, "zéro"),
            (21, "vingt-et-un"),
            (71, "soixante-et-onze"),
            (80, "quatre-vingts"),
            (81, "quatre-vingt-un"),
            (91, "quatre-vingt-onze"),
            (200, "deux-cents"),
            (201, "deux-cent-un"),
            (1000, "mille"),
            (80_000, "quatre-vingt-mille"),
            (200_000, "deux-cent-mille"),
            (200_000_000, "deux-cents millions"),
            (1_000_000_001, "un milliard un"),
            (1_234_567, "un million deux-cent-trente-quatre-mille-cinq-cent-soixante-sept"),
        ] {
            assert_eq!(cardinal(n, Agreement::Masculine), words);
        }
        for (n, words) in [(1, "une"), (21, "vingt-et-une"), (71, "soixante-et-onze"), (21_000, "vingt-et-un-mille")] {
            assert_eq!(cardinal(n, Agreement::Feminine), words);
        }
        for (n, words) in [(80, "quatre-vingt"), (1900, "mille-neuf-cent"), (2026, "deux-mille-vingt-six")] {
            assert_eq!(cardinal(n, Agreement::Rank), words);
        }
        assert!(cardinal(u128::MAX, Agreement::Masculine).starts_with("trois-cent-quarante sextillions"));
    }

    #[test]
    fn ordinals_end_as_their_last_word_does() {
        for (n, words) in [
            (1, "premier"),
            (2, "deuxième"),
            (4, "quatrième"),
            (5, "cinquième"),
            (9, "neuvième"),
            (21, "vingt-et-unième"),
            (80, "quatre-vingtième"),
            (200, "deux-centième"),
            (1000, "millième"),
            (1_000_000, "millionième"),
            (2_000_000, "deux-millionième"),
        ] {
            assert_eq!(ordinal(n, false, false), words);
        }
        assert_eq!(ordinal(1, true, true), "premières");
        assert_eq!(ordinal(3, true, true), "troisièmes");
    }

    #[test]
    fn parts_and_digits_are_said_as_people_say_them() {
        for ((over, under), words) in [
            ((1, 2), "un demi"),
            ((2, 3), "deux tiers"),
            ((3, 4), "trois quarts"),
            ((5, 8), "cinq huitièmes"),
            ((15, 20), "quinze sur vingt"),
            ((1, 25), "un vingt-cinquième"),
            ((100, 250), "cent sur deux-cent-cinquante"),
        ] {
            assert_eq!(fraction(over, under), words);
        }
        for (text, words) in
            [("14", "quatorze"), ("05", "zéro cinq"), ("000", "zéro zéro zéro"), ("1415", "un quatre un cinq")]
        {
            assert_eq!(decimals(text), words);
        }
        assert_eq!(in_name("2616"), "deux-mille-six-cent-seize");
        assert_eq!(in_name("380"), "trois-cent-quatre-vingt");
        assert_eq!(in_name("007"), "zéro zéro sept");
        assert_eq!(group(""), "");
    }
}
