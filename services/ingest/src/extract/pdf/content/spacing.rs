//! Letter-spaced text: letters set so far apart that each looks like a word of its own.

/// A gap between glyphs of at least this many ems is a space, whether one was drawn or not: kerning
/// stays below, as other readers have it, and the narrowest spaces of justified lines above.
pub const SPACE: f32 = 0.115;
/// Letters in a row from which on they are taken for a letter-spaced word: variables in a row are
/// fewer.
const FEWEST: usize = 4;
/// The same in a fixed face.
const FEWEST_FIXED: usize = 6;
/// A gap this many times the usual one parts words: a drawn space adds to the letters' own space.
const WORD: f32 = 1.5;
/// Words of a letter-spaced line are at most this many letter gaps apart.
const FARTHEST: f32 = 4.0;
/// Letters closer than this many ems are one word.
const TIGHT: f32 = SPACE;

/// A glyph of a run.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Where its text begins in the run's, in bytes.
    pub at: usize,
    /// The gap before it, in ems.
    pub gap: f32,
}

/// The gap, in ems, that still belongs to a run of these `parts`: `usual`, but more where the
/// letters are spaced.
pub fn reach(parts: &[Part], usual: f32) -> f32 {
    let letters = parts.iter().skip(1).map(|part| part.gap).filter(|gap| *gap > TIGHT);
    let least = letters.clone().fold(f32::MAX, f32::min);
    if parts.len() >= 3 && letters.count() + 1 == parts.len() { usual.max(FARTHEST * least) } else { usual }
}

/// `text` with its letter-spaced words whole; none if it has no such. In a fixed face (`mono`),
/// where every letter stands apart and variables are many, only capitals are.
pub fn words(text: &str, parts: &[Part], mono: bool) -> Option<String> {
    let fewest = if mono { FEWEST_FIXED } else { FEWEST };
    if parts.len() < fewest {
        return None;
    }
    let glyph = |at: usize| -> &str {
        let end = parts.get(at + 1).map_or(text.len(), |next| next.at);
        text.get(parts[at].at..end).unwrap_or_default().trim_end()
    };
    let alone = |at: usize| {
        let parted = |at: usize| parts.get(at).is_none_or(|part| part.gap > TIGHT);
        let mut chars = glyph(at).chars();
        let is = |char: char| if mono { char.is_uppercase() } else { char.is_alphanumeric() };
        let letter = chars.next().is_some_and(is) && chars.next().is_none();
        letter && (at == 0 || parted(at)) && parted(at + 1)
    };
    let mut out = String::new();
    let mut changed = false;
    let mut at = 0;
    while at < parts.len() {
        let end = at + (at..parts.len()).take_while(|at| alone(*at)).count();
        if end - at >= fewest
            && let Some(gap) = letter_gap(&parts[at + 1..end])
            && !alphabet(&(at..end).map(glyph).collect::<String>())
        {
            for (number, part) in parts[at..end].iter().enumerate() {
                if !out.is_empty() && !out.ends_with(' ') && (number == 0 || part.gap > WORD * gap) {
                    out.push(' ');
                }
                out.push_str(glyph(at + number));
            }
            changed = true;
            at = end;
            if at < parts.len() {
                out.push(' ');
            }
        } else {
            let next = end.max(at + 1);
            let to = parts.get(next).map_or(text.len(), |part| part.at);
            out.push_str(text.get(parts[at].at..to).unwrap_or_default());
            at = next;
        }
    }
    changed.then_some(out)
}

/// The gap between letters, where most gaps are about the same.
fn letter_gap(parts: &[Part]) -> Option<f32> {
    let mut gaps: Vec<f32> = parts.iter().map(|part| part.gap).collect();
    gaps.sort_by(f32::total_cmp);
    let least = *gaps.first()?;
    let within = gaps.iter().filter(|gap| **gap <= WORD * least).count();
    (within * 2 > gaps.len()).then_some(least)
}

/// Whether letters or digits follow each other as in the alphabet: labels, not a word.
fn alphabet(letters: &str) -> bool {
    let codes: Vec<u32> = letters.chars().map(u32::from).collect();
    let climbing = codes.windows(2).filter(|pair| pair[1] == pair[0] + 1 || pair[1] == pair[0]).count();
    climbing * 2 > codes.len() || letters.chars().filter(|char| char.is_alphabetic()).count() * 10 < codes.len() * 8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Glyphs of `text`, a gap of `letter` ems between letters and of `space` more for each space.
    fn set(text: &str, letter: f32, space: f32) -> (String, Vec<Part>) {
        let (mut out, mut parts) = (String::new(), Vec::new());
        let mut gap = 0.0;
        for char in text.chars() {
            if char == ' ' {
                gap += space + letter;
                continue;
            }
            if gap > TIGHT && !out.is_empty() {
                out.push(' ');
            }
            parts.push(Part { at: out.len(), gap });
            out.push(char);
            gap = letter;
        }
        (out, parts)
    }

    #[test]
    fn in_a_fixed_face_only_capitals_are_letter_spaced() {
        for (text, wanted) in [("A  G N U  M A N U A L", Some("A GNU MANUAL")), ("for a b c d e f", None)] {
            let (run, parts) = set(text, 0.0, 0.6);
            assert_eq!(words(&run, &parts, true).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn letter_spaced_words_are_words() {
        for (text, letter, space, wanted) in [
            ("THE SALT ROAD", 0.375, 0.278, Some("THE SALT ROAD")),
            ("W H A T  T H E Y  A T E", 0.0, 0.278, Some("WHAT THEY ATE")),
            ("It was n e v e r so", 0.0, 0.278, Some("It was never so")),
            ("A B C D E F", 0.0, 0.278, None),
            ("1 0 0 1 0", 0.0, 0.5, None),
            ("x = a + b", 0.0, 0.278, None),
            ("I saw a b c", 0.0, 0.278, None),
            ("plain words", 0.0, 0.278, None),
        ] {
            let (run, parts) = set(text, letter, space);
            assert_eq!(words(&run, &parts, false).as_deref(), wanted, "{text}");
        }
    }
}
