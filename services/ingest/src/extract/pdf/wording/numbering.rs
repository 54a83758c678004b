//! Numbers of headings.

/// The depth of a heading's number: `2.1 Title` is 2, `Chapter 3` is 1, `A.2 Title` is 2.
pub fn depth(text: &str) -> Option<u8> {
    let first = text.split_whitespace().next()?;
    let core = first.trim_end_matches(['.', ':', ')']);
    let second = text.split_whitespace().nth(1)?.trim_end_matches(['.', ':']);
    let parts: Vec<&str> = core.split('.').collect();
    let digits = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let letter = |part: &str| part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_uppercase());
    let roman =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase()) && crate::clean::running::roman(part).is_some();
    let numbered = parts.iter().skip(1).all(digits)
        && parts.first().is_some_and(|part| {
            digits(part)
                || (letter(part) && (parts.len() > 1 || first.ends_with('.')))
                || (roman(part) && first.ends_with('.'))
        });
    if numbered {
        return u8::try_from(parts.len()).ok();
    }
    let counted = second.parse::<u32>().is_ok() || letter(second) || roman(second);
    (matches!(first.to_lowercase().as_str(), "chapter" | "part" | "appendix" | "section" | "kapitel" | "chapitre")
        && counted)
        .then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_give_depth() {
        for (text, wanted) in [
            ("2 Method", Some(1)),
            ("2.1 Sample", Some(2)),
            ("3.4.1. Deep", Some(3)),
            ("A.2 Proofs", Some(2)),
            ("Chapter 3", Some(1)),
            ("IV. RESULTS", Some(1)),
            ("A tide", None),
            ("Results", None),
            ("1990s music", None),
        ] {
            assert_eq!(depth(text), wanted, "{text}");
        }
    }
}
