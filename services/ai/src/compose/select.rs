//! What of a script an order selects. Its pages decide before the sections are cut, its chapters
//! and its length after that, so that a chapter has the number that it has in the whole.

use lectern_core::Failure;
use lectern_core::content::document::Content;
use lectern_core::content::script::{LengthTarget, Order, PlannedSection, SkipReason, Skipped};
use lectern_core::content::{Range, length};

use super::measure::{Measure, Part};
use super::outline::Outline;
use super::{find, style};

/// A script that has no place to end where its length is reached ends anywhere between two breaths
/// once it is this many times as long.
const AT_MOST: u32 = 2;

/// Whether the order selects pages of a document that has some.
///
/// # Errors
/// `INVALID_FIELD`.
pub(super) fn check_pages(content: &Content, order: &Order) -> Result<(), Failure> {
    let paged = content.pages.is_some() || content.blocks.iter().any(|block| block.page.is_some());
    if order.selection.pages.is_empty() || paged {
        return Ok(());
    }
    Err(Failure::invalid(
        "narration.selection.pages",
        "the document has no pages to select; select chapters of it, or a length from its beginning",
    ))
}

/// Keeps the chapters that the order selects.
///
/// # Errors
/// `INVALID_FIELD` where it names a chapter that there is not.
pub(super) fn chapters(outline: &mut Outline, order: &Order) -> Result<(), Failure> {
    let count = outline.sections.len();
    let Some(last) = order.selection.chapters.iter().map(|range| range.last).max().filter(|_| count > 0) else {
        return Ok(());
    };
    if last as usize > count {
        let there = if count == 1 { "there is 1 chapter".to_owned() } else { format!("there are {count} chapters") };
        return Err(Failure::invalid(
            "narration.selection.chapters",
            format!("chapter {last} is selected, and {there}; a preview lists them with their numbers"),
        ));
    }
    keep(outline, |section| order.selection.has_chapter(section.index.saturating_add(1)));
    Ok(())
}

/// Keeps what is heard until the length that the order selects is reached, to the end of a
/// sentence.
///
/// # Errors
/// Those of [`Measure::section`].
pub(super) fn beginning(outline: &mut Outline, measure: &Measure<'_>) -> Result<(), Failure> {
    let Some(seconds) = measure.order.selection.first else { return Ok(()) };
    let target = LengthTarget::Seconds(seconds).words();
    let (mut heard, mut ended) = (0_u32, None);
    for section in &outline.sections {
        let before = heard;
        let parts = measure.section(section)?;
        let end = parts.iter().position(|part| {
            heard = heard.saturating_add(part.words);
            heard >= target && part.closes || heard >= target.saturating_mul(AT_MOST)
        });
        if let Some(end) = end {
            let last = parts.get(end + 1..).is_none_or(|after| after.iter().all(|part| part.words == 0));
            ended = Some((section.index, parts[end], heard - before, last));
            break;
        }
    }
    let Some((index, part, words, last)) = ended else { return Ok(()) };
    if !last {
        shorten(outline, index, part, words, measure)?;
    }
    keep(outline, |section| section.index <= index);
    Ok(())
}

/// Ends a section with a part of it.
fn shorten(outline: &mut Outline, index: u32, part: Part, words: u32, measure: &Measure<'_>) -> Result<(), Failure> {
    let Outline { sections, skipped, .. } = outline;
    let Some(section) = sections.get_mut(index as usize) else { return Ok(()) };
    section.words = words;
    let End { left, last, cut } = style::of(measure.order.style)?.end(section, part, measure.content)?;
    let reason = SkipReason::NotSelected;
    skipped.extend(left.into_iter().map(|block| Skipped { block, range: None, reason }));
    let text = &find(measure.content, last)?.text;
    let rest = Range::new(part.end, length(text));
    if cut && rest.of(text).chars().any(char::is_alphanumeric) {
        skipped.push(Skipped { block: last, range: Some(rest), reason });
    }
    // What a briefing passed over behind its end is covered by nothing that is heard.
    unselect(skipped, last.saturating_add(1)..u32::MAX);
    Ok(())
}

/// Where a section ends that has lost its rest.
pub(super) struct End {
    /// The blocks that it has lost.
    pub(super) left: Vec<u32>,
    /// The last block that is heard.
    pub(super) last: u32,
    /// Whether more of that block would be heard.
    pub(super) cut: bool,
}

/// Keeps some sections; what the others would have spoken, and what a briefing passed over among
/// it, is not selected.
fn keep(outline: &mut Outline, wanted: impl Fn(&PlannedSection) -> bool) {
    let begins: Vec<u32> =
        outline.sections.iter().map(|section| section.blocks.iter().copied().min().unwrap_or(u32::MAX)).collect();
    let Outline { sections, skipped, .. } = outline;
    for (at, section) in sections.iter().enumerate().filter(|(_, section)| !wanted(section)) {
        unselect(skipped, begins[at]..begins.get(at + 1).copied().unwrap_or(u32::MAX));
        let blocks = section.blocks.iter();
        skipped.extend(blocks.map(|block| Skipped { block: *block, range: None, reason: SkipReason::NotSelected }));
    }
    sections.retain(wanted);
    for (index, section) in (0..).zip(sections.iter_mut()) {
        section.index = index;
    }
    skipped.sort_by_key(|skip| skip.block);
}

/// What a briefing passed over among these blocks is not selected.
fn unselect(skipped: &mut [Skipped], blocks: std::ops::Range<u32>) {
    let passed = |skip: &&mut Skipped| skip.reason == SkipReason::Summarised && blocks.contains(&skip.block);
    skipped.iter_mut().filter(passed).for_each(|skip| skip.reason = SkipReason::NotSelected);
}
