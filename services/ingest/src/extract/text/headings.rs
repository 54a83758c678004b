//! Headings that people write without markup.

use lectern_core::content::document::BlockKind;

use super::emphasis::styled;
use crate::extract::assembly::{Draft, is_number};

/// A heading is no longer, in scalar values.
pub(super) const LONGEST_HEADING: usize = 80;

/// A heading of this level, without the signs that people put around one.
pub(super) fn heading(level: u8, text: &str, confidence: f32) -> Draft {
    let text = text.trim().trim_matches(['=', '#']).trim();
    let mut draft = Draft::new(BlockKind::Heading { level }, styled(text));
    draft.confidence = confidence;
    draft
}

/// Whether a line is drawn and not written.
pub(super) fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.chars().all(|char| "-=*_~# ".contains(char))
}

/// A line over a line of `=` (level 1), or of `-` or `~` (level 2).
pub(super) fn underlined<'a, 'b>(lines: &'a [&'b str]) -> Option<(u8, &'a [&'b str])> {
    let (title, rule) = (lines.first()?.trim(), lines.get(1)?.trim());
    let sign = rule.chars().next()?;
    let plain = rule.chars().count() >= 3 && rule.chars().all(|char| char == sign);
    let fits = title.chars().count() <= LONGEST_HEADING && title.chars().any(char::is_alphanumeric);
    let level = match sign {
        '=' => 1,
        '-' | '~' | '^' => 2,
        _ => return None,
    };
    (plain && fits).then(|| (level, lines.get(2..).unwrap_or_default()))
}

/// A line that stands alone: in capitals, with a number before it, or "Chapter" and the like.
pub(super) fn bare_heading(line: &str) -> Option<u8> {
    let text = line.trim();
    let length = text.chars().count();
    let letters = text.chars().filter(|char| char.is_alphabetic()).count();
    if text.starts_with("***")
        || length > LONGEST_HEADING
        || letters < 2
        || text.ends_with([',', ';', ':', '.']) && !text.ends_with("...") && letters > 12
    {
        return None;
    }
    let lower = text.to_lowercase();
    let part = ["chapter ", "part ", "book ", "kapitel ", "teil ", "chapitre ", "appendix "].iter().any(|name| {
        lower.strip_prefix(name).is_some_and(|rest| rest.split_whitespace().next().is_some_and(is_ordinal))
    });
    if part {
        return Some(1);
    }
    if !text.chars().any(char::is_lowercase) && letters >= 4 && letters * 2 > length {
        return Some(2);
    }
    let (number, title) = text.split_once(' ')?;
    let dots = number.trim_end_matches('.');
    let numbered =
        dots.split('.').all(|part| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()));
    let titled = title.trim_start().starts_with(char::is_uppercase) && title.split_whitespace().count() <= 10;
    if numbered && titled && !text.ends_with(['.', '!', '?']) {
        let depth = dots.split('.').count();
        return Some(u8::try_from(depth + 1).unwrap_or(6).min(6));
    }
    None
}

/// What counts chapters: a number, a numeral or a letter.
fn is_ordinal(word: &str) -> bool {
    let word = word.trim_end_matches([':', '.', ',']);
    word.len() == 1 || is_number(word)
}
