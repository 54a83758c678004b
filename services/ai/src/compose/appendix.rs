//! Appendices: the sections whose headings say that they are.

use std::collections::HashSet;

use lectern_core::content::document::Content;

use crate::speakable::Language;

/// Signs that may stand behind the word or the label of a heading.
const STOPS: [char; 6] = ['.', ':', ')', '-', '–', '—'];

/// An appendix that has begun.
#[derive(Debug, Clone, Copy)]
struct Open {
    /// The level of its heading; what follows at a lower one belongs to it.
    level: u8,
    /// The letter of the appendix that may follow at the same level with its letter alone: `A.
    /// Proofs` after "Appendices", `C. Data` after "Appendix B".
    next: Option<char>,
}

/// The ids of the blocks that stand in appendices. One goes up to the next heading of the same or a
/// higher level that begins none; headings outside of the body decide nothing.
pub(super) fn blocks(content: &Content, language: Language) -> HashSet<u32> {
    let mut inside = HashSet::new();
    let mut open: Option<Open> = None;
    for block in content.blocks.iter().filter(|block| block.matter.is_body()) {
        if let Some(level) = block.kind.heading_level() {
            open = match open {
                Some(open) if level > open.level => Some(open),
                Some(_) | None => {
                    let expected = open.and_then(|open| open.next);
                    let begins = titled(&block.text, language).or_else(|| lettered(&block.text, expected?).map(Some));
                    begins.map(|next| Open { level, next })
                }
            };
        }
        if open.is_some() {
            inside.insert(block.id);
        }
    }
    inside
}

/// Whether a heading says that it is an appendix's; then the letter that may follow alone.
fn titled(heading: &str, language: Language) -> Option<Option<char>> {
    let words: Vec<&str> = heading.split_whitespace().collect();
    let appendix = |word: &str| language.is_appendix(&word.trim_end_matches(STOPS).to_lowercase());
    // A number of the heading itself may stand before: `7. Appendix`, `A Appendix`.
    let numbered = words.len() > 1 && label(words[0]) && appendix(words[1]);
    let words = if numbered { &words[1..] } else { &words[..] };
    let first = words.first().filter(|word| appendix(word))?;
    let Some(second) = words.get(1) else { return Some(Some('A')) };
    if label(second) {
        return Some(letter(second).and_then(following));
    }
    let stopped = first.ends_with(STOPS) || second.chars().all(|c| STOPS.contains(&c));
    // "Appendix: Proofs", but not "Appendix removal in children".
    stopped.then_some(None)
}

/// Whether a heading begins with the letter that is expected; then the letter after it.
fn lettered(heading: &str, expected: char) -> Option<char> {
    let found = heading.split_whitespace().next().and_then(letter)?;
    if found == expected { following(found) } else { None }
}

/// Whether a word is the label of an appendix: `A`, `B.1`, `3`, `IV`, with or without a stop.
fn label(word: &str) -> bool {
    let word = word.trim_end_matches(STOPS);
    let number = !word.is_empty() && word.len() <= 2 && word.bytes().all(|b| b.is_ascii_digit());
    let roman = (1..=5).contains(&word.len()) && word.bytes().all(|b| matches!(b, b'I' | b'V' | b'X' | b'L'));
    number || roman || letter(word).is_some()
}

/// The letter of a label: that of `A`, `A.` and `B.1`.
fn letter(word: &str) -> Option<char> {
    let mut parts = word.trim_end_matches(STOPS).split('.');
    let mut first = parts.next()?.chars();
    let letter = first.next().filter(char::is_ascii_uppercase)?;
    let plain = first.next().is_none() && parts.all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    plain.then_some(letter)
}

const fn following(letter: char) -> Option<char> {
    match letter {
        'A'..='Y' => Some((letter as u8 + 1) as char),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lectern_core::content::document::{BlockKind, Matter};

    use super::*;
    use crate::compose::tests::{block, content};

    #[test]
    fn an_appendix_goes_from_its_heading_to_the_next_that_is_none() {
        // The level and text of a heading, and whether what follows it stands in an appendix.
        let cases: &[&[(u8, &str, bool)]] = &[
            &[(1, "Results", false), (1, "Appendix", true), (2, "Proofs", true), (1, "Index of names", false)],
            &[(2, "Appendix A: Proofs", true), (3, "Lemma 1", true), (2, "Appendix B", true), (1, "Notes", false)],
            &[(1, "APPENDICES", true), (1, "A. Proofs", true), (1, "B Data", true), (1, "References", false)],
            &[(1, "Appendices", true), (2, "A. Proofs", true), (2, "Other things", true), (1, "Afterword", false)],
            &[(1, "Appendix B", true), (1, "C. Data", true), (1, "A look back", false)],
            &[(1, "7. Appendix", true), (1, "8. Outlook", false)],
            &[(1, "A Appendix", true), (1, "Annex IV", true), (1, "Annex 2. Forms", true), (1, "Ends", false)],
            &[(1, "Appendix — Proofs", true), (1, "Appendix: Data", true)],
            &[(1, "Appendix removal in children", false), (1, "Appendicitis", false), (1, "A. Proofs", false)],
            &[(2, "Appendix", true), (1, "Part Two", false), (2, "Wells", false)],
        ];
        for case in cases {
            let headings = case.iter().flat_map(|(level, text, _)| {
                [block(BlockKind::Heading { level: *level }, text), block(BlockKind::Paragraph, "Words.")]
            });
            let content = content(headings.collect());
            let inside = blocks(&content, Language::English);
            for ((at, (_, text, wanted)), id) in case.iter().enumerate().zip((0..).step_by(2)) {
                assert_eq!(inside.contains(&id), *wanted, "{text} ({at})");
                assert_eq!(inside.contains(&(id + 1)), *wanted, "what follows {text}");
            }
        }
    }

    #[test]
    fn only_the_body_has_appendices() {
        let texts = ["Appendix", "Proofs.", "References", "[1] A. Author.", "More proofs."];
        let mut blocks: Vec<_> = texts.map(|text| block(BlockKind::Paragraph, text)).to_vec();
        blocks[0].kind = BlockKind::Heading { level: 1 };
        blocks[2].kind = BlockKind::Heading { level: 1 };
        blocks[2].matter = Matter::References;
        blocks[3].matter = Matter::References;
        assert_eq!(super::blocks(&content(blocks), Language::English), HashSet::from([0, 1, 4]));
    }
}
