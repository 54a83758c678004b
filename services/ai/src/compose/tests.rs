//! What holds for any document, and one rich document as readable text.

use std::fmt::Write as _;

use lectern_core::Digest;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, Furniture, Matter, SCHEMA, Span, SpanKind};
use lectern_core::content::script::{Footnotes, LengthTarget, Order, Plan, Section, SkipReason, Style};
use proptest::prelude::*;

use super::{plan, text_of, write_section};

pub(super) fn block(kind: BlockKind, text: &str) -> Block {
    Block {
        id: 0,
        kind,
        text: text.to_owned(),
        page: None,
        page_end: None,
        confidence: 1.0,
        language: None,
        matter: Matter::Body,
        spans: vec![],
    }
}

pub(super) fn content(mut blocks: Vec<Block>) -> Content {
    for (at, block) in blocks.iter_mut().enumerate() {
        block.id = u32::try_from(at).unwrap();
    }
    Content {
        schema: SCHEMA,
        title: None,
        authors: vec![],
        language: "en".to_owned(),
        media_type: "text/markdown".to_owned(),
        extractor: "test/1".to_owned(),
        pages: None,
        blocks,
        warnings: vec![],
    }
}

fn order(style: Style, length: Option<LengthTarget>, footnotes: Footnotes) -> Order {
    Order { style, length, footnotes }
}

fn written(content: &Content, order: &Order) -> (Plan, Vec<Section>) {
    let plan = plan(content, Digest::of(b"content"), order).unwrap();
    let sections = plan.sections.iter().map(|section| write_section(content, &plan, section.index).unwrap()).collect();
    (plan, sections)
}

/// I9 and what a caption may count on.
fn accounted(content: &Content, plan: &Plan, sections: &[Section]) {
    let mut heard: Vec<Vec<u8>> = content.blocks.iter().map(|block| vec![0; block.text.chars().count()]).collect();
    let mut listed: Vec<Vec<bool>> = heard.iter().map(|block| vec![false; block.len()]).collect();
    for section in sections {
        for (at, utterance) in section.utterances.iter().enumerate() {
            assert_eq!(utterance.id as usize, at);
            assert_eq!(utterance.added, utterance.sources.is_empty());
            assert!(!utterance.spoken.is_empty());
            if utterance.added {
                continue;
            }
            assert_eq!(utterance.original, text_of(content, &utterance.sources), "{utterance:?}");
            let (spoken, original) = (Range::all(&utterance.spoken), Range::all(&utterance.original));
            let mut last = (0, 0);
            for step in &utterance.map {
                assert!(step.spoken.start >= last.0 && step.original.start >= last.1, "{utterance:?}");
                assert!(step.spoken.end <= spoken.end && step.original.end <= original.end, "{utterance:?}");
                last = (step.spoken.end, step.original.end);
            }
            for source in &utterance.sources {
                for at in source.range.start..source.range.end {
                    heard[source.block as usize][at as usize] += 1;
                }
            }
        }
    }
    for skip in plan.skipped.iter().chain(sections.iter().flat_map(|section| &section.skipped)) {
        let block = &mut listed[skip.block as usize];
        let range = skip.range.unwrap_or(Range::new(0, u32::try_from(block.len()).unwrap()));
        block[range.start as usize..range.end as usize].fill(true);
    }
    for block in &content.blocks {
        for (at, c) in block.text.chars().enumerate() {
            let (spoken, skipped) = (heard[block.id as usize][at], listed[block.id as usize][at]);
            assert!(spoken <= 1, "{at} of block {} is spoken {spoken} times: {:?}", block.id, block);
            assert!(!c.is_alphanumeric() || spoken == 1 || skipped, "{at} ({c:?}) of {block:?} is lost");
            assert!(spoken == 0 || !skipped, "{at} of {block:?} is spoken and listed as skipped");
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        8 => "[A-Za-z]{1,9}",
        1 => "[0-9]{1,5}",
        1 => Just("[3, 4]".to_owned()),
        1 => Just("(Smith et al., 2020)".to_owned()),
        1 => Just("日本語".to_owned()),
        1 => "\\PC{1,6}",
        1 => Just("$5.3 million".to_owned()),
        1 => Just("x¹".to_owned()),
    ];
    let end = prop_oneof![Just(". "), Just(" "), Just(", "), Just("? "), Just(" — ")];
    prop::collection::vec((word, end), 0..40).prop_map(|words| {
        let text: String = words.into_iter().flat_map(|(word, end)| [word, end.to_owned()]).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn any_block() -> impl Strategy<Value = Block> {
    let kind = prop_oneof![
        6 => Just(BlockKind::Paragraph),
        2 => (1u8..4).prop_map(|level| BlockKind::Heading { level }),
        2 => (prop::option::of(Just("3.".to_owned())), 0u8..2).prop_map(|(ordinal, depth)| BlockKind::ListItem { ordinal, depth }),
        1 => Just(BlockKind::Quote),
        1 => Just(BlockKind::Caption),
        1 => Just(BlockKind::Footnote { label: "1".to_owned() }),
        1 => Just(BlockKind::Figure),
        1 => Just(BlockKind::Code { language: None }),
        1 => any::<bool>().prop_map(|latex| BlockKind::Formula { latex }),
        1 => Just(BlockKind::Furniture { furniture: Furniture::PageNumber }),
        2 => (1u32..3).prop_map(|header_rows| BlockKind::Table { rows: vec![], header_rows }),
    ];
    let span = (0u32..80, 1u32..12, 0usize..7, 0u32..9);
    (kind, any_text(), prop::collection::vec(any_text(), 1..5), 1usize..6, prop::collection::vec(span, 0..4)).prop_map(
        |(kind, text, cells, columns, spans)| {
            if let BlockKind::Table { header_rows, .. } = kind {
                let rows: Vec<Vec<String>> = cells.iter().map(|cell| vec![cell.clone(); columns]).collect();
                let text = rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
                return block(BlockKind::Table { rows, header_rows }, &text);
            }
            let mut block = block(kind, &text);
            let length = lectern_core::content::length(&text);
            let mut at = 0;
            for (gap, size, kind, note) in spans {
                let start = at + gap;
                let range = Range::new(start, start + size);
                if range.end > length {
                    break;
                }
                at = range.end;
                let kind = match kind {
                    0 => SpanKind::Citation,
                    1 => SpanKind::NoteReference { note: Some(note) },
                    2 => SpanKind::Code,
                    3 => SpanKind::Formula { latex: true },
                    4 => SpanKind::Superscript,
                    5 => SpanKind::Subscript,
                    _ => SpanKind::Emphasis,
                };
                block.spans.push(Span { range, kind });
            }
            block
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_block_is_spoken_or_listed(
        blocks in prop::collection::vec(any_block(), 1..9),
        footnotes in prop_oneof![Just(Footnotes::Skip), Just(Footnotes::Inline), Just(Footnotes::End)],
        briefing in any::<bool>(),
    ) {
        let content = content(blocks);
        let order = order(if briefing { Style::Briefing } else { Style::Narration }, None, footnotes);
        match plan(&content, Digest::of(b"content"), &order) {
            Ok(_) => {
                let (plan, sections) = written(&content, &order);
                accounted(&content, &plan, &sections);
            }
            Err(failure) => prop_assert_eq!(failure.reason, lectern_core::Reason::DocumentEmpty),
        }
    }
}

fn mark(text: &str, part: &str, kind: SpanKind) -> Span {
    let byte = text.find(part).unwrap();
    let start = u32::try_from(text[..byte].chars().count()).unwrap();
    Span { range: Range::new(start, start + lectern_core::content::length(part)), kind }
}

fn marked(kind: BlockKind, text: &str, spans: &[(&str, SpanKind)]) -> Block {
    let mut block = block(kind, text);
    block.spans = spans.iter().map(|(part, kind)| mark(text, part, kind.clone())).collect();
    block
}

fn rich() -> Content {
    let rows = [["Pump", "Flow"], ["A1", "5 L/min"], ["B2", "7.5 L/min"]];
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
    let text = rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n");
    let mut references = block(BlockKind::Paragraph, "[1] A. Author. A title. 2019.");
    references.matter = Matter::References;
    content(vec![
        block(BlockKind::Heading { level: 1 }, "Water Towers of the 1990s"),
        block(BlockKind::Furniture { furniture: Furniture::RunningHead }, "WATER TOWERS"),
        marked(
            BlockKind::Paragraph,
            "Dr. No met Mr. Bond at 5 p.m. They spent $3.2 billion1 on pumps, as shown in [3, 4].",
            &[("1", SpanKind::NoteReference { note: Some(3) })],
        ),
        block(BlockKind::Footnote { label: "1".to_owned() }, "Adjusted for inflation."),
        block(BlockKind::Heading { level: 2 }, "2.1 Methods"),
        block(BlockKind::ListItem { ordinal: Some("1.".to_owned()), depth: 0 }, "Open the valve"),
        block(BlockKind::ListItem { ordinal: Some("(b)".to_owned()), depth: 0 }, "Close it"),
        block(BlockKind::ListItem { ordinal: None, depth: 0 }, "See https://www.example.com/a?b=c"),
        block(BlockKind::Caption, "Table 1: Flow of pumps"),
        block(BlockKind::Table { rows, header_rows: 1 }, &text),
        block(BlockKind::Table { rows: vec![], header_rows: 0 }, "a | b | c | d | e\n".repeat(9).trim_end()),
        marked(
            BlockKind::Paragraph,
            "Call run_pump() when a² > 4 or if \\weird{x} holds.",
            &[("run_pump()", SpanKind::Code), ("\\weird{x}", SpanKind::Formula { latex: true })],
        ),
        block(BlockKind::Code { language: Some("rust".to_owned()) }, "fn main() {\n    run();\n}"),
        block(BlockKind::Formula { latex: true }, "Q = \\frac{v}{2}"),
        block(BlockKind::Formula { latex: true }, "\\mystery{x}"),
        block(BlockKind::Figure, "A tower at dusk"),
        block(BlockKind::Figure, ""),
        block(BlockKind::Quote, "Water is life."),
        block(BlockKind::Paragraph, "* * *"),
        references,
    ])
}

fn readable(plan: &Plan, sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        writeln!(text, "== {} (level {})", section.title, section.level).unwrap();
        for utterance in &section.utterances {
            let role = format!("{:?}", utterance.role);
            let role = role.split(' ').next().unwrap_or_default().to_lowercase();
            let end = if utterance.ends_block { " /" } else { "" };
            let mark = if utterance.added { "+ " } else { "" };
            writeln!(text, "{role}: {mark}{} -> {}{end}", utterance.original, utterance.spoken).unwrap();
        }
    }
    for skip in plan.skipped.iter().chain(sections.iter().flat_map(|section| &section.skipped)) {
        let range = skip.range.map(|range| format!(" {}..{}", range.start, range.end)).unwrap_or_default();
        writeln!(text, "skipped {}{range}: {:?}", skip.block, skip.reason).unwrap();
    }
    text
}

#[test]
fn a_rich_document_is_narrated() {
    let content = rich();
    let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::Inline));
    accounted(&content, &plan, &sections);
    insta::assert_snapshot!(readable(&plan, &sections));
}

#[test]
fn footnotes_are_skipped_or_come_at_the_end_as_the_caller_chose() {
    let content = rich();
    let (plan, _) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    assert!(plan.skipped.iter().any(|skip| skip.block == 3 && skip.reason == SkipReason::FootnoteSkipped));
    let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::End));
    accounted(&content, &plan, &sections);
    let home = plan.sections.iter().find(|section| section.blocks.contains(&2)).unwrap();
    assert_eq!(home.blocks.last(), Some(&3));
}

/// A text of `paragraphs` paragraphs of about a hundred words, with a heading before every `every`th.
fn long(paragraphs: usize, every: usize) -> Content {
    let mut blocks = Vec::new();
    let words = [
        "pump", "valve", "tower", "river", "engine", "water", "pressure", "station", "garden", "winter", "keeper",
        "signal",
    ];
    let mut seed = 7_usize;
    for at in 0..paragraphs {
        if every > 0 && at % every == 0 {
            blocks.push(block(
                BlockKind::Heading { level: if at == 0 { 1 } else { 2 } },
                &format!("Chapter {}", at / every + 1),
            ));
        }
        let mut text = String::new();
        for _ in 0..8 {
            text.push_str("The");
            for _ in 0..11 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push(' ');
                text.push_str(words[(seed >> 33) % words.len()]);
            }
            text.push_str(" in 1999. ");
        }
        blocks.push(block(BlockKind::Paragraph, text.trim()));
    }
    content(blocks)
}

#[test]
fn a_text_without_headings_is_cut_at_paragraphs_and_begins_short() {
    let content = long(60, 0);
    let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    accounted(&content, &plan, &sections);
    assert_eq!(plan.sections[0].title, "Part 1");
    assert!((60..=200).contains(&plan.sections[0].words), "{}", plan.sections[0].words);
    assert!(plan.sections[1..].iter().all(|section| (900..=1900).contains(&section.words)));
}

#[test]
fn sections_keep_the_headings_of_the_document() {
    let content = long(40, 5);
    let (plan, _) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    let titles: Vec<&str> = plan.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles[..4], ["Chapter 1", "Chapter 1, part 2", "Chapter 2", "Chapter 3"]);
    let content = long(900, 1);
    let (plan, _) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    assert!(plan.sections.len() <= 400, "{}", plan.sections.len());
}

#[test]
fn a_briefing_meets_its_length_within_a_tenth_or_says_why_not() {
    for (paragraphs, every, target) in [(60, 5, 600), (60, 0, 300), (100, 10, 1500), (30, 3, 150)] {
        let content = long(paragraphs, every);
        let order = order(Style::Briefing, Some(LengthTarget::Words(target)), Footnotes::Skip);
        let (plan, sections) = written(&content, &order);
        accounted(&content, &plan, &sections);
        let heard: u32 = sections
            .iter()
            .flat_map(|section| &section.utterances)
            .map(|u| lectern_core::content::words(&u.original))
            .sum();
        assert!(heard.abs_diff(target) * 10 <= target, "{heard} for {target}");
        assert!(plan.notes.is_empty());
    }
    let content = long(2, 0);
    let (plan, _) = written(&content, &order(Style::Briefing, Some(LengthTarget::Minutes(30)), Footnotes::Skip));
    assert_eq!(plan.notes[0].code, "SOURCE_TOO_SHORT");
}

#[test]
fn long_sentences_are_said_in_breaths() {
    let text = format!(
        "This is it, {}and that is all.",
        "which goes on and on for quite a while, because nobody stops it, ".repeat(12)
    );
    let content = content(vec![block(BlockKind::Paragraph, &text)]);
    let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    accounted(&content, &plan, &sections);
    assert!(sections[0].utterances.len() > 2);
    assert!(sections[0].utterances.iter().all(|utterance| utterance.spoken.chars().count() <= 301));
}

#[test]
fn what_cannot_be_planned_is_refused_with_a_reason() {
    let plain = order(Style::Narration, None, Footnotes::Skip);
    let empty = content(vec![block(BlockKind::Furniture { furniture: Furniture::PageNumber }, "7")]);
    let mut german = content(vec![block(BlockKind::Paragraph, "Guten Tag")]);
    german.language = "de".to_owned();
    let sized = order(Style::Narration, Some(LengthTarget::Minutes(3)), Footnotes::Skip);
    let reason = |content: &Content, order: &Order| plan(content, Digest::of(b""), order).unwrap_err().reason.as_str();
    assert_eq!(reason(&empty, &plain), "DOCUMENT_EMPTY");
    assert_eq!(reason(&german, &plain), "LANGUAGE_UNSUPPORTED");
    assert_eq!(reason(&rich(), &sized), "INVALID_FIELD");
}
