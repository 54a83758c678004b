//! Running heads and feet: lines in the top or bottom band that come back on many pages, and numbers that climb with them.

use std::collections::HashMap;

/// One line in the top or bottom band of a page.
#[derive(Debug, Clone)]
pub struct BandLine {
    /// The page, from 0.
    pub page: usize,
    /// Whether it stands at the top.
    pub top: bool,
    /// Its text.
    pub text: String,
}

/// What a band line turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// The same words, page after page.
    Head,
    /// The same at the foot.
    Foot,
    /// A number that climbs with the pages.
    PageNumber,
}

/// `text` in lower case with digits (and a lone Roman numeral) masked, so that `12 Tides` and `13 Tides` are the same.
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

/// The value of a lower-case or upper-case Roman numeral up to 399, as front matter is numbered with.
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

/// The number that `text` is, if it is hardly more than one: `12`, `- 12 -`, `xii`, `Page 12 of 40`, `3-12`.
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

/// What each of `lines` is, where it is furniture at all; `pages` is how many pages there are.
///
/// A line is a running one if its masked text stands in the same band of more than half of all pages, or of more than half of
/// every other page (left and right pages differ), or of at least four pages in a row of which it is the only band line
/// (chapter titles). On a document of one page nothing is.
#[must_use]
pub fn classify(lines: &[BandLine], pages: usize) -> Vec<Option<Running>> {
    let mut places: HashMap<(bool, String), Vec<usize>> = HashMap::new();
    for line in lines {
        let seen = places.entry((line.top, masked(&line.text))).or_default();
        if seen.last() != Some(&line.page) {
            seen.push(line.page);
        }
    }
    let offsets = climbing(lines, pages);
    lines
        .iter()
        .map(|line| {
            if pages < 2 {
                return None;
            }
            if let Some(number) = page_number(&line.text)
                && (offsets.contains(&(line.top, number - i64::try_from(line.page).unwrap_or(0))))
            {
                return Some(Running::PageNumber);
            }
            let mask = masked(&line.text);
            let seen = places.get(&(line.top, mask.clone()))?;
            if mask.chars().all(|char| !char.is_alphabetic()) && page_number(&line.text).is_none() && mask.contains('#')
            {
                return None;
            }
            repeated(seen, pages).then_some(if line.top { Running::Head } else { Running::Foot })
        })
        .collect()
}

fn repeated(seen: &[usize], pages: usize) -> bool {
    if seen.len() < 2 {
        return false;
    }
    // The first page often has none; a short document has few chances.
    let half = |count: usize, of: usize| count * 2 > of.saturating_sub(1).max(1) || count * 2 >= of && of > 2;
    if half(seen.len(), pages) {
        return true;
    }
    for side in 0..2 {
        let of = (pages + 1 - side) / 2;
        let count = seen.iter().filter(|page| *page % 2 == side).count();
        if count >= 2 && count == seen.len() && half(count, of) {
            return true;
        }
    }
    // A chapter's title runs over its own pages only: a dense stretch, on every page or every other.
    let (Some(first), Some(last)) = (seen.first(), seen.last()) else { return false };
    let stretch = last - first + 1;
    let step_one = seen.len() >= 3 && seen.len() * 4 >= stretch * 3;
    let step_two = seen.len() >= 3 && seen.windows(2).all(|pair| pair[1] - pair[0] <= 2);
    pages >= 6 && (step_one || step_two)
}

/// The differences between printed number and page that hold for several pages: the numbers climb.
fn climbing(lines: &[BandLine], pages: usize) -> Vec<(bool, i64)> {
    let mut offsets: HashMap<(bool, i64), usize> = HashMap::new();
    for line in lines {
        if let Some(number) = page_number(&line.text) {
            *offsets.entry((line.top, number - i64::try_from(line.page).unwrap_or(0))).or_default() += 1;
        }
    }
    let enough = if pages <= 3 { 2 } else { 3 };
    let mut held: Vec<_> = offsets.into_iter().filter(|(_, count)| *count >= enough).map(|(key, _)| key).collect();
    held.sort_unstable();
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(page: usize, top: bool, text: &str) -> BandLine {
        BandLine { page, top, text: text.to_owned() }
    }

    #[test]
    fn heads_of_alternating_sides_and_climbing_numbers_are_found() {
        let mut lines = Vec::new();
        for page in 0..8 {
            let head = if page % 2 == 0 { format!("{} The Tides", page + 1) } else { "A Short History".to_owned() };
            lines.push(line(page, true, &head));
            lines.push(line(page, false, &format!("{}", page + 11)));
        }
        lines.push(line(3, false, "Only once, and so no furniture."));
        let found = classify(&lines, 8);
        assert!(found[..16].chunks(2).all(|pair| pair == [Some(Running::Head), Some(Running::PageNumber)]));
        assert_eq!(found[16], None);
    }

    #[test]
    fn one_page_has_no_running_lines() {
        assert_eq!(classify(&[line(0, true, "Title")], 1), [None]);
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
