//! List markers.

/// What a list item begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// A bullet.
    Bullet,
    /// A number or letter, as printed.
    Ordinal(String),
}

const BULLETS: &str = "•◦▪▫∙·●○■□◆◇‣⁃➢➤➔✓✔❖∗⋄–—-*\u{f0b7}";

/// The marker that `line` begins with, and the number of scalar values up to the item's text.
pub fn marker(line: &str) -> Option<(Marker, usize)> {
    let (word, rest) = line.split_once(' ')?;
    if rest.is_empty() {
        return None;
    }
    let mut chars = word.chars();
    let first = chars.next()?;
    let length = word.chars().count() + 1;
    if chars.next().is_none() && BULLETS.contains(first) {
        return Some((Marker::Bullet, length));
    }
    ordinal(word).map(|_| (Marker::Ordinal(word.to_owned()), length))
}

/// The value of `3.`, `3)`, `(3)`, `c)`, `(c)`, `iv.`; letters count from 1.
pub fn ordinal(word: &str) -> Option<i64> {
    let open = word.starts_with('(');
    let core = word.trim_start_matches('(');
    let core = core.strip_suffix(')').or_else(|| (!open).then(|| core.strip_suffix('.')).flatten())?;
    if (1..=3).contains(&core.len()) && core.bytes().all(|byte| byte.is_ascii_digit()) {
        return core.parse().ok();
    }
    if core.len() > 1 && core.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return crate::clean::running::roman(core).filter(|value| *value < 40);
    }
    let [letter @ b'a'..=b'z'] = core.as_bytes() else { return None };
    Some(i64::from(letter - b'a') + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_told_from_words() {
        for (line, wanted) in [
            ("• First", Some((Marker::Bullet, 2))),
            ("– dash item", Some((Marker::Bullet, 2))),
            ("3. Third", Some((Marker::Ordinal("3.".to_owned()), 3))),
            ("(b) second", Some((Marker::Ordinal("(b)".to_owned()), 4))),
            ("iv) fourth", Some((Marker::Ordinal("iv)".to_owned()), 4))),
            ("A. Smith wrote", None),
            ("1912. After", None),
            ("word. Next", None),
            ("•", None),
        ] {
            assert_eq!(marker(line), wanted, "{line}");
        }
    }
}
