//! Every block of any document is spoken or listed (invariant I9), whatever it holds and whatever
//! of it is ordered.

use std::collections::BTreeSet;

use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, Furniture, Matter, Span, SpanKind};
use lectern_core::content::script::{
    ContentKind, Footnotes, LengthTarget, NumberRange, Order, Plan, Section, Selection, SkipReason, Style,
};
use lectern_core::{Digest, Reason};
use proptest::prelude::*;

use super::{block, content, order, written};
use crate::compose::{Stop, appendix, plan, preview, text_of};
use crate::speakable::Language;

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
            assert!(utterance.marks.is_sorted_by_key(|mark| mark.spoken.start), "{utterance:?}");
            for mark in &utterance.marks {
                assert!(!mark.spoken.is_empty() && mark.spoken.end <= spoken.end, "{utterance:?}");
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
    let places = 0..u32::try_from(plan.sections.len()).unwrap();
    assert!(plan.sections.iter().map(|section| section.index).eq(places));
    only_what_is_ordered(content, plan, sections);
    let preview = preview::preview(content, plan, sections, &Stop::default()).unwrap();
    assert_eq!(preview.blocks.len(), content.blocks.len());
    assert_eq!(preview.sections.len(), plan.sections.len());
    assert!(preview.sections.iter().all(|section| section.words > 0));
    for previewed in &preview.blocks {
        let defect = previewed.account.skipped.iter().find(|part| part.reason == SkipReason::Unaccounted);
        assert_eq!(defect, None, "the rules forgot a part of {:?}", previewed.block);
    }
}

/// Nothing is said of, or about, a block on another page or of a kind that the order skips.
fn only_what_is_ordered(content: &Content, plan: &Plan, sections: &[Section]) {
    let Order { selection, skip, read, .. } = &plan.order;
    let appendices = appendix::blocks(content, Language::English);
    for source in sections.iter().flat_map(|section| &section.utterances).flat_map(|utterance| &utterance.sources) {
        let block = &content.blocks[source.block as usize];
        assert!(selection.has_page(block.page), "{block:?} is on another page");
        let of_kind = |kind: ContentKind| match kind {
            ContentKind::Citations => false,
            ContentKind::Code => matches!(block.kind, BlockKind::Code { .. }),
            ContentKind::Tables => matches!(block.kind, BlockKind::Table { .. }),
            ContentKind::Captions => matches!(block.kind, BlockKind::Caption),
            ContentKind::Figures => matches!(block.kind, BlockKind::Figure),
            ContentKind::Formulas => matches!(block.kind, BlockKind::Formula { .. }),
            ContentKind::FrontMatter => block.matter == Matter::Front,
            ContentKind::BackMatter => block.matter == Matter::Back,
            ContentKind::References => block.matter == Matter::References,
            ContentKind::Appendices => appendices.contains(&block.id),
        };
        let unwanted = skip.iter().find(|kind| of_kind(**kind));
        assert_eq!(unwanted, None, "{block:?} is of a kind that is skipped");
        let usual = block.matter.is_body() || read.iter().any(|kind| of_kind(*kind));
        assert!(usual, "{block:?} is usually left out");
    }
    let reasons: BTreeSet<SkipReason> = plan.skipped.iter().map(|skip| skip.reason).collect();
    assert!(!selection.is_all() || !reasons.contains(&SkipReason::NotSelected));
    assert!(!skip.is_empty() || !reasons.contains(&SkipReason::NotWanted));
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
    prop_oneof![6 => text, 2 => any_signs(), 1 => "\\PC{0,4}", 1 => Just(String::new()), 1 => any_notation()]
}

/// Headings of appendices, lines of code, rows of formulas.
fn any_notation() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "Appendix A",
        "let sum = a[3] + b; // Add them\n}\nrun(sum, \"日本\")",
        "\\begin{aligned} a &= b \\\\ c &= \\odd{d} \\end{aligned}",
        "x = \\frac{a}{b} + y \\label{eq:x}",
        "Said [1], [2] and [3-5] by all [6].",
    ])
    .prop_map(str::to_owned)
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

fn any_order() -> impl Strategy<Value = Order> {
    let footnotes = prop_oneof![Just(Footnotes::Skip), Just(Footnotes::Inline), Just(Footnotes::End)];
    let briefing = prop::option::of(prop::option::of((1_u32..200).prop_map(LengthTarget::Words)));
    (briefing, footnotes, any_selection(), any_kinds(), any_kinds()).prop_map(
        |(briefing, footnotes, selection, skip, read)| {
            let read = read.difference(&skip).copied().collect();
            let plain = match briefing {
                Some(length) => order(Style::Briefing, length, footnotes),
                None => order(Style::Narration, None, footnotes),
            };
            Order { selection, skip, read, ..plain }
        },
    )
}

fn any_kinds() -> impl Strategy<Value = BTreeSet<ContentKind>> {
    let kind = prop::sample::select(ContentKind::ALL.to_vec());
    prop_oneof![2 => Just(BTreeSet::new()), 3 => prop::collection::btree_set(kind, 0..5)]
}

fn any_selection() -> impl Strategy<Value = Selection> {
    let range = |(first, more): (u32, u32)| NumberRange { first, last: first + more };
    let pages = prop::collection::vec((1_u32..6, 0_u32..3).prop_map(range), 0..3).prop_map(NumberRange::merged);
    let chapters = prop::collection::vec((1_u32..4, 0_u32..2).prop_map(range), 0..2);
    let some = (pages, chapters, prop::option::of(10_u32..60));
    let some = some.prop_map(|(pages, chapters, first)| Selection { pages, chapters, first });
    prop_oneof![1 => Just(Selection::ALL), 2 => some]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_block_is_spoken_or_listed(blocks in prop::collection::vec(any_block(), 1..9), order in any_order()) {
        let mut content = content(blocks);
        for (page, block) in (2..).zip(&mut content.blocks) {
            block.page = Some(page / 2);
        }
        match plan(&content, Digest::of(b"content"), &order, &Stop::default()) {
            Ok(_) => {
                let (plan, sections) = written(&content, &order);
                accounted(&content, &plan, &sections);
            }
            Err(failure) if failure.reason == Reason::InvalidField => {
                prop_assert_eq!(failure.field.as_deref(), Some("narration.selection.chapters"));
                prop_assert!(!order.selection.chapters.is_empty());
            }
            Err(failure) => prop_assert_eq!(failure.reason, Reason::DocumentEmpty),
        }
    }
}
