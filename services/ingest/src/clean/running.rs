//! What the words of running heads and feet say: whether two are the same but for their number, and
//! which number a page has.

/// `text` in lower case with digits (and a lone Roman numeral) masked, so that `12 Tides` and
/// `13 Tides` are the same.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if roman(word).is_some() {
            out.push('#');
            continue;
        }
        let mut digits = false;
        for char in word.chars() {
            if char.is_numeric() {
                if !digits {
                    out.push('#');
                }
                digits = true;
            } else {
                digits = false;
                out.extend(char.to_lowercase());
            }
        }
    }
    out
}

/// The value of a lower-case or upper-case Roman numeral up to 399, as front matter is numbered
/// with.
#[must_use]
pub fn roman(text: &str) -> Option<i64> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    let lower = text.chars().all(|char| char.is_ascii_lowercase());
    if !lower && !text.chars().all(|char| char.is_ascii_uppercase()) {
        return None;
    }
    let mut total = 0;
    let mut last = 0;
    for char in text.chars().rev() {
        let value = match char.to_ascii_lowercase() {
            'i' => 1,
            'v' => 5,
            'x' => 10,
            'l' => 50,
            'c' => 100,
            _ => return None,
        };
        total += if value < last { -value } else { value };
        last = last.max(value);
    }
    (total > 0).then_some(total)
}

/// The number that `text` is, if it is hardly more than one: `12`, `- 12 -`, `xii`,
/// `Page 12 of 40`, `3-12`.
#[must_use]
pub fn page_number(text: &str) -> Option<i64> {
    let lower = text.trim().to_lowercase();
    let core = lower.trim_matches(|char: char| !char.is_alphanumeric());
    let core = ["page ", "seite ", "p. ", "pg. "].iter().find_map(|word| core.strip_prefix(word)).unwrap_or(core);
    let first = core.split_once(" of ").or_else(|| core.split_once('/')).map_or(core, |(first, rest)| {
        if rest.trim().chars().all(|char| char.is_ascii_digit()) { first.trim() } else { core }
    });
    if first.len() <= 4
        && let Ok(number) = first.parse()
    {
        return Some(number);
    }
    if first.len() <= 6
        && let Some((chapter, number)) = first.rsplit_once(['-', '\u{2013}'])
        && chapter.len() <= 2
        && chapter.chars().all(char::is_alphanumeric)
        && let Ok(number) = number.trim().parse()
    {
        return Some(number);
    }
    roman(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_by_their_number_are_the_same() {
        for (text, wanted) in [
            ("12 The Tides", "# the tides"),
            ("iv The Tides", "# the tides"),
            ("Section 4.12", "section #.#"),
            ("A Short History", "a short history"),
        ] {
            assert_eq!(masked(text), wanted, "{text}");
        }
    }

    #[test]
    fn page_numbers_come_in_many_dresses() {
        for (text, wanted) in [
            ("12", Some(12)),
            ("- 7 -", Some(7)),
            ("xiv", Some(14)),
            ("Page 3 of 40", Some(3)),
            ("3/40", Some(3)),
            ("2-15", Some(15)),
            ("Chapter", None),
            ("12 apples", None),
        ] {
            assert_eq!(page_number(text), wanted, "{text}");
        }
    }
}
