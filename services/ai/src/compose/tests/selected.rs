//! Pages, chapters and a length from the beginning.

use lectern_core::content::document::{BlockKind, Content, SpanKind};
use lectern_core::content::script::{
    Footnotes, LengthTarget, NumberRange, Order, Plan, Section, Selection, SkipReason, Style,
};
use lectern_core::content::{length, words};
use lectern_core::{Digest, Failure};

use super::{accounted, block, content, long, marked, order, written};
use crate::compose::{Stop, plan, preview};

fn ranges(ranges: &[(u32, u32)]) -> Vec<NumberRange> {
    ranges.iter().map(|(first, last)| NumberRange { first: *first, last: *last }).collect()
}

fn pages(selected: &[(u32, u32)]) -> Order {
    selecting(Selection { pages: ranges(selected), ..Selection::ALL })
}

fn chapters(selected: &[(u32, u32)]) -> Order {
    selecting(Selection { chapters: ranges(selected), ..Selection::ALL })
}

fn first(seconds: u32) -> Order {
    selecting(Selection { first: Some(seconds), ..Selection::ALL })
}

fn selecting(selection: Selection) -> Order {
    Order { selection, ..Order::of(Style::Narration) }
}

/// [`long`] with a page for every four blocks.
fn paged(paragraphs: usize, every: usize) -> Content {
    let mut content = long(paragraphs, every);
    for (at, block) in (4..).zip(&mut content.blocks) {
        block.page = Some(at / 4);
    }
    content.pages = content.blocks.last().and_then(|block| block.page);
    content
}

fn refused(content: &Content, order: &Order) -> Failure {
    plan(content, Digest::of(b""), order, &Stop::default()).unwrap_err()
}

/// The blocks that are heard, in order.
fn heard(sections: &[Section]) -> Vec<u32> {
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    let mut blocks: Vec<u32> = utterances.flat_map(|said| said.sources.iter().map(|source| source.block)).collect();
    blocks.dedup();
    blocks
}

fn unselected(plan: &Plan) -> Vec<u32> {
    let skipped = plan.skipped.iter().filter(|skip| skip.reason == SkipReason::NotSelected);
    skipped.map(|skip| skip.block).collect()
}

fn spoken_words(sections: &[Section]) -> u32 {
    sections.iter().flat_map(|section| &section.utterances).map(|said| words(&said.spoken)).sum()
}

#[test]
fn a_block_belongs_to_the_page_that_it_begins_on() {
    let mut content = paged(40, 5);
    content.blocks[7].page_end = Some(3);
    let (plan, sections) = written(&content, &pages(&[(2, 2), (5, 6), (90, 99)]));
    accounted(&content, &plan, &sections);
    let wanted: Vec<u32> = (4..8).chain(16..24).collect();
    assert_eq!(heard(&sections), wanted);
    let rest: Vec<u32> = (0..4).chain(8..16).chain(24..48).collect();
    assert_eq!(unselected(&plan), rest);
    assert!(plan.sections[0].words <= 200, "it begins short, as a whole document does");
}

#[test]
fn pages_that_there_are_not_select_nothing_and_a_document_without_pages_refuses_them() {
    let content = paged(8, 2);
    let failure = refused(&content, &pages(&[(7, 9)]));
    assert_eq!(
        (failure.reason.as_str(), failure.field.as_deref()),
        ("DOCUMENT_EMPTY", Some("narration.selection.pages"))
    );
    assert!(failure.message.contains("(7-9), of 3 that the document has"), "{failure}");
    let failure = refused(&long(8, 2), &pages(&[(1, 9)]));
    assert_eq!(
        (failure.reason.as_str(), failure.field.as_deref()),
        ("INVALID_FIELD", Some("narration.selection.pages"))
    );
    assert!(failure.message.contains("select chapters"), "{failure}");
}

#[test]
fn a_chapter_has_the_number_and_the_title_that_it_has_in_the_whole() {
    let content = paged(40, 5);
    let (whole, all) = written(&content, &Order::of(Style::Narration));
    let (plan, sections) = written(&content, &chapters(&[(2, 2), (4, 5)]));
    accounted(&content, &plan, &sections);
    let titles = |plan: &Plan| plan.sections.iter().map(|section| section.title.clone()).collect::<Vec<_>>();
    let wanted: Vec<String> = [1, 3, 4].map(|at: usize| titles(&whole)[at].clone()).to_vec();
    assert_eq!(titles(&plan), wanted);
    for (section, of_whole) in sections.iter().zip([1, 3, 4]) {
        assert_eq!(section.utterances, all[of_whole].utterances, "what was spoken once is not spoken again");
    }
    // Pages narrow first: chapters count what is left of them.
    let both = Selection { pages: ranges(&[(2, 99)]), chapters: ranges(&[(1, 1)]), first: None };
    let (plan, sections) = written(&content, &selecting(both));
    accounted(&content, &plan, &sections);
    assert_eq!(plan.sections.len(), 1);
    assert_eq!(heard(&sections).first(), Some(&4));

    let count = whole.sections.len();
    let failure = refused(&content, &chapters(&[(2, u32::try_from(count).unwrap() + 1)]));
    assert_eq!(failure.field.as_deref(), Some("narration.selection.chapters"));
    assert!(failure.reason.as_str() == "INVALID_FIELD" && failure.message.contains(&format!("{count} chapters")));
}

#[test]
fn a_chapter_of_a_briefing_is_one_of_the_briefing_of_the_whole() {
    let content = long(60, 5);
    let briefing = order(Style::Briefing, Some(LengthTarget::Words(600)), Footnotes::Skip);
    let (whole, _) = written(&content, &briefing);
    let selection = Selection { chapters: ranges(&[(2, 3)]), ..Selection::ALL };
    let (plan, sections) = written(&content, &Order { selection, ..briefing });
    accounted(&content, &plan, &sections);
    let chosen = |plan: &Plan, at: usize| plan.sections[at].chosen.clone();
    assert_eq!([chosen(&plan, 0), chosen(&plan, 1)], [chosen(&whole, 1), chosen(&whole, 2)]);
    let left: Vec<SkipReason> = plan.skipped.iter().filter(|skip| skip.block > 40).map(|skip| skip.reason).collect();
    assert!(!left.is_empty() && left.iter().all(|reason| *reason == SkipReason::NotSelected), "{left:?}");
}

#[test]
fn the_beginning_ends_with_a_sentence_and_its_rest_is_listed() {
    let content = long(40, 5);
    let (whole, _) = written(&content, &Order::of(Style::Narration));
    for seconds in [10, 60, 150, 600] {
        let (plan, sections) = written(&content, &first(seconds));
        accounted(&content, &plan, &sections);
        let (target, spoken) = (LengthTarget::Seconds(seconds).words(), spoken_words(&sections));
        // A sentence of the document has some twenty words.
        assert!((target..target + 30).contains(&spoken), "{spoken} for {target}");
        let (last, before) = plan.sections.split_last().unwrap();
        assert_eq!(before, &whole.sections[..before.len()], "whole sections before the last");
        assert_eq!(last.title, whole.sections[before.len()].title);
        assert!(whole.sections[before.len()].blocks.starts_with(&last.blocks));
        assert!(last.words < whole.sections[before.len()].words);
        let end = *last.blocks.last().unwrap();
        let rest: Vec<_> = plan.skipped.iter().filter(|skip| skip.block == end).collect();
        assert!(rest.iter().all(|skip| skip.range.is_some()) && rest.len() <= 1, "{rest:?}");
        assert!((end + 1..80).all(|id| id >= 48 || unselected(&plan).contains(&id)));
        let said = sections.last().and_then(|section| section.utterances.last()).unwrap();
        assert!(said.ends_block && said.original.ends_with('.'), "{said:?}");
    }
    let (plan, _) = written(&content, &first(36_000));
    assert_eq!(plan.sections, whole.sections);
    assert!(plan.skipped.is_empty());
}

#[test]
fn the_beginning_does_not_end_behind_a_heading_nor_go_on_without_end() {
    let title = "A title that by itself is quite as long as all that was to be heard of it and of what follows it \
                 in the document that it names so well";
    let texts = [block(BlockKind::Heading { level: 1 }, title), block(BlockKind::Paragraph, "It begins. It goes on.")];
    let content = content(texts.to_vec());
    let (plan, sections) = written(&content, &first(10));
    accounted(&content, &plan, &sections);
    assert_eq!(sections[0].utterances.last().unwrap().original, "It begins.");
    let endless = super::content(vec![block(BlockKind::Paragraph, &"and so it goes on ".repeat(300))]);
    let (plan, sections) = written(&endless, &first(10));
    accounted(&endless, &plan, &sections);
    assert!(spoken_words(&sections) < 130, "{}", spoken_words(&sections));
}

#[test]
fn the_beginning_of_a_briefing_is_its_first_sentences() {
    let content = long(60, 5);
    let briefing = order(Style::Briefing, Some(LengthTarget::Words(600)), Footnotes::Skip);
    let (whole, _) = written(&content, &briefing);
    let selection = Selection { first: Some(60), ..Selection::ALL };
    let (plan, sections) = written(&content, &Order { selection, ..briefing });
    accounted(&content, &plan, &sections);
    let chosen = |plan: &Plan| plan.sections.iter().flat_map(|section| section.chosen.clone()).collect::<Vec<_>>();
    assert!(chosen(&whole).starts_with(&chosen(&plan)) && chosen(&plan).len() < chosen(&whole).len());
    assert!((165..195).contains(&spoken_words(&sections)), "{}", spoken_words(&sections));
}

#[test]
fn the_notes_of_what_is_heard_stay_and_others_go() {
    let note = |note| SpanKind::NoteReference { note: Some(note) };
    let sentence = "It has some words to say about pumps and valves in the towers.";
    let text = format!("{sentence}a {sentence} {sentence} {sentence}b");
    let mut said = marked(BlockKind::Paragraph, &text, &[("a", note(1)), ("b", note(2))]);
    let place = |mark: &str| length(&text[..text.find(&format!(".{mark}")).unwrap()]) + 1;
    for (span, mark) in said.spans.iter_mut().zip(["a", "b"]) {
        (span.range.start, span.range.end) = (place(mark), place(mark) + 1);
    }
    let footnote = |text| block(BlockKind::Footnote { label: "1".to_owned() }, text);
    let content = content(vec![said, footnote("The first note."), footnote("The second note.")]);
    for footnotes in [Footnotes::Inline, Footnotes::End] {
        let order = Order { footnotes, ..first(10) };
        let (plan, sections) = written(&content, &order);
        accounted(&content, &plan, &sections);
        assert_eq!(heard(&sections), if footnotes == Footnotes::Inline { vec![0, 1, 0] } else { vec![0, 1] });
        assert_eq!(unselected(&plan), [0, 2]);
    }
}

#[test]
fn a_preview_counts_the_words_of_what_is_selected() {
    let content = paged(40, 5);
    let plan = preview::plan(&content, &first(60), &Stop::default()).unwrap();
    let (_, sections) = written(&content, &first(60));
    let preview = preview::preview(&content, &plan, &sections, &Stop::default()).unwrap();
    assert_eq!(preview.words(), u64::from(spoken_words(&sections)));
    assert!((60..72).contains(&preview.seconds()), "{}", preview.seconds());
    let first = &preview.sections[0];
    assert_eq!((first.planned.title.as_str(), first.planned.index, first.page), ("Chapter 1", 0, Some(1)));
    assert!(preview.blocks.iter().skip(8).all(|block| block.account.skipped[0].reason == SkipReason::NotSelected));
}
