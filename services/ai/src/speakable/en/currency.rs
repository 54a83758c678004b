//! Currencies: their names by sign and code, the scale of an amount, and what stands behind one.

use super::Cx;

/// Names of a currency by its sign: one, many, and its hundredth.
pub(super) fn currency(c: char) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
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

pub(super) fn currency_code(code: &str) -> Option<(&'static str, &'static str)> {
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
pub(super) fn scale(cx: &Cx<'_>, at: usize, money: bool) -> Option<(String, usize)> {
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

/// `5 €`, `20 EUR`.
pub(super) fn money_behind(cx: &Cx<'_>, at: usize, one: bool) -> Option<(String, usize)> {
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
