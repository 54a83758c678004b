//! Whether the cells of a table hold facts, or prose that the table only arranges.

/// Cells of facts are short. One with more words than this, which is two sentences, holds prose.
const PROSE_WORDS: u32 = 30;

/// Whether half of the words of a table stand in cells of prose, by the words of each cell: labels
/// beside paragraphs are many cells and few words.
pub(in super::super) fn is_prose(cells: impl Iterator<Item = u32>) -> bool {
    let (mut all, mut prose) = (0_u64, 0_u64);
    for words in cells {
        all += u64::from(words);
        prose += u64::from(if words > PROSE_WORDS { words } else { 0 });
    }
    all > 0 && 2 * prose >= all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_told_by_where_the_words_stand() {
        for (cells, expected) in [
            (&[][..], false),
            (&[0, 0], false),
            (&[1, 30, 1, 30], false),
            (&[31, 40], true),
            // A label beside each paragraph.
            (&[2, 1, 17, 1, 200], true),
            // One remark in a table of facts.
            (&[3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 35], false),
        ] {
            assert_eq!(is_prose(cells.iter().copied()), expected, "{cells:?}");
        }
    }
}
