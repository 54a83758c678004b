//! Headings in two parts, and the heading that names a document without a title.

use lectern_core::content::document::{BlockKind, Matter};

use super::super::inline::Line;
use super::Draft;

/// Words before the number of a part of a work, in lower case.
const PARTS: [&str; 26] = [
    "chapter",
    "part",
    "book",
    "volume",
    "section",
    "lesson",
    "act",
    "scene",
    "canto",
    "appendix",
    "unit",
    "letter",
    "episode",
    "lecture",
    "day",
    "week",
    "kapitel",
    "teil",
    "buch",
    "abschnitt",
    "chapitre",
    "partie",
    "livre",
    "capítulo",
    "parte",
    "capitolo",
];
/// Numbers in words, in lower case.
const NUMBERS: [&str; 25] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
];

/// Whether a word in lower case counts: digits ("4", "2.1"), a numeral, or a number in words.
pub(in super::super) fn is_number(word: &str) -> bool {
    let digits = word
        .split(['.', '-'])
        .all(|part| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()));
    digits || crate::clean::running::roman(word).is_some() || NUMBERS.contains(&word)
}

/// Whether `text` only counts: a number, a letter or numeral behind the name of a part ("Chapter
/// IV.", "2", "Part One").
pub(in super::super) fn is_label(text: &str) -> bool {
    let lower = text.trim().trim_matches(|char: char| ".:()[]–—- ".contains(char)).to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let tens = |word: &str| word.split('-').all(|part| NUMBERS.contains(&part) || part == "thirty" || part == "forty");
    match words.as_slice() {
        // "I" by itself is a word.
        [number] => is_number(number) && *number != "i",
        ["the", number, part] | [number, part] if PARTS.contains(part) => is_number(number) || tens(number),
        [part, number] => PARTS.contains(part) && (is_number(number) || tens(number) || number.chars().count() == 1),
        _ => false,
    }
}

const fn level(draft: &Draft) -> Option<u8> {
    if let BlockKind::Heading { level } = draft.kind { Some(level) } else { None }
}

/// Joins a heading that only counts with the one that follows it: the number and the title of a
/// chapter are one heading. A deeper heading is the title only if it is no section of its own:
/// nothing stands under it, or it has no siblings.
pub(super) fn join_labels(drafts: &mut Vec<Draft>) {
    let all = std::mem::take(drafts);
    let titles: Vec<Option<usize>> = (0..all.len())
        .map(|at| {
            let label = all.get(at).filter(|draft| is_label(&draft.line.text))?;
            title_of(&all, at, level(label)?)
        })
        .collect();
    // The place of the label among what is kept, and that of its title in the document.
    let mut waiting: Option<(usize, usize)> = None;
    for (at, draft) in all.into_iter().enumerate() {
        match waiting {
            Some((label, title)) if title == at => {
                waiting = None;
                if let Some(label) = drafts.get_mut(label) {
                    let ended = label.line.text.ends_with(['.', ':']);
                    let bare = !label.line.text.chars().any(char::is_alphabetic);
                    label.line.join(
                        if ended {
                            " "
                        } else if bare {
                            ". "
                        } else {
                            ": "
                        },
                        draft.line,
                    );
                    label.anchors.extend(draft.anchors);
                    let end = draft.page_end.or(draft.page);
                    label.page_end = end.filter(|end| label.page != Some(*end)).or(label.page_end);
                }
            }
            Some(_) | None => {
                if let Some(title) = titles.get(at).copied().flatten() {
                    waiting = Some((drafts.len(), title));
                }
                drafts.push(draft);
            }
        }
    }
}

/// The place of the title that belongs to the label at `at`.
fn title_of(drafts: &[Draft], at: usize, own: u8) -> Option<usize> {
    let passes = |draft: &Draft| {
        matches!(draft.kind, BlockKind::Furniture { .. })
            || draft.kind == BlockKind::Figure && draft.line.text.is_empty()
    };
    let title = at + 1 + drafts.get(at + 1..)?.iter().position(|draft| !passes(draft))?;
    let next = drafts.get(title)?;
    let deeper = level(next).filter(|next| *next >= own)?;
    if is_label(&next.line.text) || next.matter != drafts.get(at)?.matter {
        return None;
    }
    let after = drafts.get(title + 1..).unwrap_or_default();
    let mut headings = after.iter().filter_map(level);
    let empty = after.iter().find(|draft| !passes(draft)).and_then(level).is_some_and(|level| level <= deeper);
    let mut alone = || headings.find(|level| *level <= deeper).is_none_or(|level| level <= own);
    (deeper == own || empty || alone()).then_some(title)
}

/// Headings that name a part of any document, in lower case.
const GENERIC: [&str; 24] = [
    "contents",
    "table of contents",
    "name",
    "index",
    "abstract",
    "preface",
    "introduction",
    "foreword",
    "overview",
    "summary",
    "acknowledgements",
    "acknowledgments",
    "notes",
    "footnotes",
    "references",
    "inhalt",
    "inhaltsverzeichnis",
    "vorwort",
    "sommaire",
    "synopsis",
    "description",
    "list of figures",
    "list of tables",
    "copyright",
];
/// A document's title stands among so many of its first blocks.
const NEAR_START: usize = 12;

/// Whether `text` names a part of a document, as "Contents" and "Chapter 1: The Sack" do.
pub(super) fn names_part(text: &str) -> bool {
    let name = text.trim_matches(|char: char| !char.is_alphabetic()).to_lowercase();
    let label = text.split_once(':').map_or(text, |(label, _)| label);
    GENERIC.contains(&name.as_str()) || is_label(label)
}

/// The heading that names the document: the highest near its start, or else the first that is no
/// name of a part.
pub(super) fn title(drafts: &[Draft]) -> Option<String> {
    let named = |draft: &&Draft| level(draft).is_some() && !names_part(&draft.line.text);
    let spoken: Vec<&Draft> = drafts
        .iter()
        .filter(|draft| !matches!(draft.kind, BlockKind::Furniture { .. }) && draft.matter != Matter::Front)
        .collect();
    let start = spoken.iter().take(NEAR_START).copied().filter(named);
    let highest = start.min_by_key(|draft| level(draft).unwrap_or(u8::MAX));
    let found = highest.or_else(|| spoken.iter().copied().find(named));
    let found = found.or_else(|| spoken.iter().copied().find(|draft| level(draft).is_some()));
    found.map(|draft| Line::plain(&draft.line.text).text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drafts(blocks: &[(u8, &str)]) -> Vec<Draft> {
        let kind = |level: u8| if level == 0 { BlockKind::Paragraph } else { BlockKind::Heading { level } };
        blocks.iter().map(|(level, text)| Draft::new(kind(*level), Line::plain(text))).collect()
    }

    #[test]
    fn labels_only_count() {
        for (text, wanted) in [
            ("2", true),
            ("IV.", true),
            ("Chapter One", true),
            ("CHAPTER XII.", true),
            ("The Third Book", true),
            ("Part twenty-one", true),
            ("Appendix B", true),
            ("Springs", false),
            ("I", false),
            ("1984 and after", false),
            ("Part of the plan", false),
            ("", false),
        ] {
            assert_eq!(is_label(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_number_and_the_title_of_a_chapter_are_one_heading() {
        for (blocks, wanted) in [
            (vec![(2, "1"), (2, "Springs"), (0, "Text.")], vec!["1. Springs", "Text."]),
            (
                vec![(1, "Part One"), (2, "Water"), (2, "1"), (2, "Springs"), (0, "x")],
                vec!["Part One: Water", "1. Springs", "x"],
            ),
            (
                vec![(1, "CHAPTER I."), (2, "The Sack"), (0, "x"), (1, "CHAPTER II.")],
                vec!["CHAPTER I. The Sack", "x", "CHAPTER II."],
            ),
            (
                vec![(1, "Chapter 1"), (2, "Aims"), (0, "x"), (2, "Means"), (0, "y")],
                vec!["Chapter 1", "Aims", "x", "Means", "y"],
            ),
            (vec![(2, "1"), (0, "Text."), (2, "Springs")], vec!["1", "Text.", "Springs"]),
            (vec![(2, "Water"), (2, "Springs")], vec!["Water", "Springs"]),
        ] {
            let mut drafts = drafts(&blocks);
            join_labels(&mut drafts);
            let found: Vec<&str> = drafts.iter().map(|draft| draft.line.text.as_str()).collect();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_title_is_no_name_of_a_part() {
        for (blocks, wanted) in [
            (vec![(1, "Contents"), (2, "The Old Mill"), (0, "x")], Some("The Old Mill")),
            (vec![(2, "The Old Mill"), (1, "Mills of the North")], Some("Mills of the North")),
            (vec![(1, "Introduction"), (0, "x")], Some("Introduction")),
            (vec![(1, "Chapter 1: The Sack"), (0, "x"), (2, "The Old Mill"), (0, "y")], Some("The Old Mill")),
            (vec![(0, "x")], None),
        ] {
            assert_eq!(title(&drafts(&blocks)).as_deref(), wanted);
        }
    }
}
