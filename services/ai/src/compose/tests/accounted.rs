//! Every block of any document is spoken or listed (invariant I9), whatever it holds.

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, Furniture, Matter, Span, SpanKind};
use lectern_core::content::script::{Footnotes, LengthTarget, Plan, Section, SkipReason, Style};
use lectern_core::{Digest, Reason};
use proptest::prelude::*;

use super::{block, content, order, written};
use crate::compose::{Stop, plan, preview, text_of};

/// I9 and what a caption may count on.
pub(super) fn accounted(content: &Content, plan: &Plan, sections: &[Section]) {
    let mut heard: Vec<Vec<u8>> = content.blocks.iter().map(|block| vec![0; block.text.chars().count()]).collect();
    let mut listed: Vec<Vec<bool>> = heard.iter().map(|block| vec![false; block.len()]).collect();
    for section in sections {
        for (at, utterance) in section.utterances.iter().enumerate() {
            assert_eq!(utterance.id as usize, at);
            assert!(!utterance.sources.is_empty(), "{utterance:?}");
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
    assert!(sections.iter().all(|section| !section.utterances.is_empty()), "a section is silent");
    let preview = preview::preview(content, plan, sections, &Stop::default()).unwrap();
    assert_eq!(preview.blocks.len(), content.blocks.len());
    for previewed in &preview.blocks {
        let defect = previewed.account.skipped.iter().find(|part| part.reason == SkipReason::Unaccounted);
        assert_eq!(defect, None, "the rules forgot a part of {:?}", previewed.block);
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
        1 => any_signs(),
    ];
    let end = prop_oneof![Just(". "), Just(" "), Just(", "), Just("? "), Just(" — ")];
    let text = prop::collection::vec((word, end), 0..40).prop_map(|words| {
        let text: String = words.into_iter().flat_map(|(word, end)| [word, end.to_owned()]).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    prop_oneof![6 => text, 2 => any_signs(), 1 => "\\PC{0,4}", 1 => Just(String::new())]
}

/// No letter or digit: pieces of formulas, ornaments, invisible characters, signs that stand for
/// words, emoji.
fn any_signs() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "{", "}", "(", ")", "[", "]", "∑", "∏", "∫", "√", "=", "|", "*", "•", "—", "…", "%", "&", "§", "\u{200B}",
            "\u{301}", "\u{AD}", "㏂", "℀", "½", "¹", "😀", "\\", "^", "_", " ",
        ]),
        1..5,
    )
    .prop_map(|signs| signs.concat())
}

fn any_kind() -> impl Strategy<Value = BlockKind> {
    let furniture = prop::sample::select(vec![
        Furniture::RunningHead,
        Furniture::RunningFoot,
        Furniture::PageNumber,
        Furniture::ContentsEntry,
        Furniture::Navigation,
        Furniture::Watermark,
        Furniture::Hidden,
        Furniture::Deleted,
        Furniture::Comment,
        Furniture::Placeholder,
    ]);
    let ordinal = prop::option::of(prop::sample::select(vec!["3.", "(b)", "iv.", "•", "日"]).prop_map(str::to_owned));
    let rows = prop::collection::vec(prop::collection::vec(any_text(), 0..6), 0..11);
    prop_oneof![
        6 => Just(BlockKind::Paragraph),
        2 => (1_u8..8).prop_map(|level| BlockKind::Heading { level }),
        2 => (ordinal, 0_u8..2).prop_map(|(ordinal, depth)| BlockKind::ListItem { ordinal, depth }),
        1 => Just(BlockKind::Quote),
        1 => Just(BlockKind::Caption),
        1 => Just(BlockKind::Footnote { label: "1".to_owned() }),
        1 => Just(BlockKind::Figure),
        1 => prop::option::of(Just("rust".to_owned())).prop_map(|language| BlockKind::Code { language }),
        2 => any::<bool>().prop_map(|latex| BlockKind::Formula { latex }),
        1 => furniture.prop_map(|furniture| BlockKind::Furniture { furniture }),
        2 => (rows, 0_u32..5).prop_map(|(rows, header_rows)| BlockKind::Table { rows, header_rows }),
    ]
}

fn any_block() -> impl Strategy<Value = Block> {
    let matter = prop_oneof![8 => Just(Matter::Body), 1 => Just(Matter::Front), 1 => Just(Matter::Back), 1 => Just(Matter::References)];
    let language = prop_oneof![8 => Just(None), 1 => Just(Some("en".to_owned())), 1 => Just(Some("de".to_owned()))];
    let span = (0_u32..80, 0_u32..12, 0_usize..8, 0_u32..9);
    (any_kind(), any_text(), matter, language, prop::collection::vec(span, 0..4), any::<bool>()).prop_map(
        |(kind, text, matter, language, mut spans, derived)| {
            // Most tables' texts are derived from their cells, as the content model says; that is
            // no reason to lose another.
            let text = match &kind {
                BlockKind::Table { rows, .. } if derived || !text.contains('|') => {
                    rows.iter().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n")
                }
                BlockKind::Table { .. }
                | BlockKind::Heading { .. }
                | BlockKind::Paragraph
                | BlockKind::ListItem { .. }
                | BlockKind::Code { .. }
                | BlockKind::Quote
                | BlockKind::Caption
                | BlockKind::Footnote { .. }
                | BlockKind::Formula { .. }
                | BlockKind::Figure
                | BlockKind::Furniture { .. } => text,
            };
            spans.sort_unstable();
            let kinds = |kind, note| match kind {
                0 => SpanKind::Citation,
                1 => SpanKind::NoteReference { note: Some(note) },
                2 => SpanKind::Code,
                3 => SpanKind::Formula { latex: true },
                4 => SpanKind::Formula { latex: false },
                5 => SpanKind::Superscript,
                6 => SpanKind::Subscript,
                _ => SpanKind::Emphasis,
            };
            let span =
                |(start, size, kind, note)| Span { range: Range::new(start, start + size), kind: kinds(kind, note) };
            let spans = spans.into_iter().map(span).collect();
            Block { matter, language, spans, ..block(kind, &text) }
        },
    )
}

fn any_order() -> impl Strategy<Value = lectern_core::content::script::Order> {
    let footnotes = prop_oneof![Just(Footnotes::Skip), Just(Footnotes::Inline), Just(Footnotes::End)];
    let briefing = prop::option::of(prop::option::of((1_u32..200).prop_map(LengthTarget::Words)));
    (briefing, footnotes).prop_map(|(briefing, footnotes)| match briefing {
        Some(length) => order(Style::Briefing, length, footnotes),
        None => order(Style::Narration, None, footnotes),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_block_is_spoken_or_listed(blocks in prop::collection::vec(any_block(), 1..9), order in any_order()) {
        let content = content(blocks);
        match plan(&content, Digest::of(b"content"), &order, &Stop::default()) {
            Ok(_) => {
                let (plan, sections) = written(&content, &order);
                accounted(&content, &plan, &sections);
            }
            Err(failure) => prop_assert_eq!(failure.reason, Reason::DocumentEmpty),
        }
    }
}
