//! How long each pause is, in milliseconds. Whoever changes a number changes what recordings of
//! equal scripts sound like: the version of every voice grows with it.

/// Before the first word of a recording: players swallow less than this.
pub(super) const LEAD_IN: u32 = 200;
/// Between two sections at least, where the second begins with a heading.
pub(super) const SECTION: u32 = 1200;
/// Between sentences of a paragraph.
pub(super) const SENTENCE: u32 = 300;
/// Between a sentence and what is put in after it (a note, a remark of ours).
pub(super) const ASIDE: u32 = 450;
/// Between paragraphs.
pub(super) const PARAGRAPH: u32 = 600;
/// Between items of a list.
pub(super) const ITEM: u32 = 450;
/// Between rows of a table.
pub(super) const ROW: u32 = 400;
/// Between two who talk: longer than between two sentences of one, so that a listener hears that it
/// was the other's turn, and shorter than between paragraphs, since they answer each other.
pub(super) const TURN: u32 = 450;

/// After the label of a list's item, which is heard as a label and not as the item's first word.
pub(super) const LABEL: u32 = 350;
/// After other words that lead what is written: `Footnote:`, `Image:`.
pub(super) const LEAD: u32 = 250;
/// Before what stands in brackets.
pub(super) const BRACKET_OPENS: u32 = 180;
/// After it, where the sentence goes on: a listener has to find back to it.
pub(super) const BRACKET_CLOSES: u32 = 220;

/// No silence in a recording is longer.
pub(super) const LONGEST: u32 = 2500;

/// Before a heading: the higher, the longer.
pub(super) const fn before_heading(level: u8) -> u32 {
    match level {
        0 | 1 => 1500,
        2 => 1200,
        3 => 1000,
        _ => 800,
    }
}

/// After a heading.
pub(super) const fn after_heading(level: u8) -> u32 {
    match level {
        0 | 1 => 700,
        2 => 600,
        3 => 500,
        _ => 400,
    }
}
