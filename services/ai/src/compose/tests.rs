//! What holds for any document, and one rich document as readable text.

mod accounted;
mod languages;
mod marks;
mod selected;
mod wanted;

use std::fmt::Write as _;

use lectern_core::Digest;
use lectern_core::content::Range;
use lectern_core::content::document::{Block, BlockKind, Content, Furniture, Matter, SCHEMA, Span, SpanKind};
use lectern_core::content::script::{Footnotes, LengthTarget, Order, Plan, Section, SkipReason, Style};

use self::accounted::accounted;
use super::{Stop, plan, write_section};

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
    Order { length, footnotes, ..Order::of(style) }
}

fn written(content: &Content, order: &Order) -> (Plan, Vec<Section>) {
    let plan = plan(content, Digest::of(b"content"), order, &Stop::default()).unwrap();
    let sections = plan
        .sections
        .iter()
        .map(|section| write_section(content, &plan, section.index, &Stop::default()).unwrap())
        .collect();
    (plan, sections)
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
fn the_pin_grows_with_the_rules() {
    let rules = crate::speakable::RULES.map(|(rules, version)| format!("+{rules}/{version}")).concat();
    assert_eq!(super::pin().to_string(), format!("extractive/{}{rules}", super::VERSION));
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

/// A text of `paragraphs` paragraphs of about a hundred words, with a heading before every
/// `every`th.
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
fn a_number_with_a_stop_is_said_before_its_title() {
    let texts = ["1. The Ferry", "2 The Bridge", "3.1. The Tunnel"];
    let content = content(texts.map(|text| block(BlockKind::Heading { level: 1 }, text)).to_vec());
    let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    accounted(&content, &plan, &sections);
    let heard = sections.iter().flat_map(|section| &section.utterances).map(|u| u.spoken.as_str());
    let wanted = ["one.", "The Ferry.", "two. The Bridge.", "three point one.", "The Tunnel."];
    assert_eq!(heard.collect::<Vec<_>>(), wanted);
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
    let (plan, _) = written(&content, &order(Style::Briefing, Some(LengthTarget::Seconds(30 * 60)), Footnotes::Skip));
    assert_eq!(plan.notes[0].code, "SOURCE_TOO_SHORT");
}

#[test]
fn a_briefing_takes_no_code_that_stands_as_running_text_unless_there_is_nothing_else() {
    let (prose, code) = ("The index makes each search of the series fast.", "R> z <- read.zoo(file, header = TRUE)");
    let order = order(Style::Briefing, Some(LengthTarget::Words(50)), Footnotes::Skip);
    let heard = |blocks: &[&str]| -> Vec<String> {
        let content = content(blocks.iter().map(|text| block(BlockKind::Paragraph, text)).collect());
        let (plan, sections) = written(&content, &order);
        accounted(&content, &plan, &sections);
        sections.iter().flat_map(|section| &section.utterances).map(|said| said.original.clone()).collect()
    };
    assert_eq!(heard(&[prose, code]), [prose]);
    assert!(!heard(&[code]).is_empty());
}

/// Each cut looks at a few breaths only: the time grows with the sentence, not with its square.
#[test]
fn a_sentence_without_an_end_is_cut_into_breaths_all_the_same() {
    let sentence = "word ".repeat(4_000);
    let run = "[".repeat(1_000) + "x" + &"](y)".repeat(1_000);
    let content = content(vec![block(BlockKind::Paragraph, sentence.trim()), block(BlockKind::Paragraph, &run)]);
    let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
    accounted(&content, &plan, &sections);
    for utterance in sections.iter().flat_map(|section| &section.utterances) {
        assert!(lectern_core::content::length(&utterance.spoken) <= 310, "{}", utterance.spoken);
    }
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
    let mut polish = content(vec![block(BlockKind::Paragraph, "Dzień dobry")]);
    polish.language = "pl".to_owned();
    let sized = order(Style::Narration, Some(LengthTarget::Seconds(3 * 60)), Footnotes::Skip);
    let reason = |content: &Content, order: &Order| {
        plan(content, Digest::of(b""), order, &Stop::default()).unwrap_err().reason.as_str()
    };
    assert_eq!(reason(&empty, &plain), "DOCUMENT_EMPTY");
    assert_eq!(reason(&polish, &plain), "LANGUAGE_UNSUPPORTED");
    assert_eq!(reason(&rich(), &sized), "INVALID_FIELD");
}

#[test]
fn what_has_no_words_is_left_out_or_announced_and_never_lost() {
    use SkipReason::{Citation, CodeBody, Formula, LanguageUnsupported, NothingToSay, TableBody};
    let formula = |latex| BlockKind::Formula { latex };
    let table = |cells: &[&str]| BlockKind::Table {
        rows: vec![cells.iter().map(|cell| (*cell).to_owned()).collect()],
        header_rows: 0,
    };
    // A block, what is heard of it, and why the rest is not.
    let cases = [
        (block(formula(false), "{"), "", NothingToSay),
        (block(formula(false), "( )"), "", NothingToSay),
        (block(formula(false), "∑"), "", NothingToSay),
        (block(formula(true), "\\{"), "", NothingToSay),
        (block(formula(false), "ℵ日"), "Equation omitted.", Formula),
        (block(formula(true), "\\mystery{x}"), "Equation omitted.", Formula),
        (block(table(&["—", "•"]), "— | •"), "", NothingToSay),
        (block(table(&["日", "本"]), "日 | 本"), "Table with two columns and one row, not read out.", TableBody),
        (block(BlockKind::Code { language: None }, "}"), "Code, one line.", CodeBody),
        (block(BlockKind::Heading { level: 2 }, "***"), "", NothingToSay),
        (block(BlockKind::Quote, "日本語"), "", LanguageUnsupported),
        (marked(BlockKind::Paragraph, "[12]", &[("[12]", SpanKind::Citation)]), "", Citation),
        (block(BlockKind::Caption, "\u{200B}"), "", NothingToSay),
    ];
    for (odd, heard, reason) in cases {
        let content = content(vec![block(BlockKind::Paragraph, "Words before."), odd.clone()]);
        let (plan, sections) = written(&content, &order(Style::Narration, None, Footnotes::Skip));
        accounted(&content, &plan, &sections);
        let of_odd = |at: &&lectern_core::content::script::Utterance| at.sources.iter().any(|source| source.block == 1);
        let said: Vec<&str> =
            sections.iter().flat_map(|s| &s.utterances).filter(of_odd).map(|u| u.spoken.as_str()).collect();
        assert_eq!(said.join(" "), heard, "{odd:?}");
        let preview = super::preview::preview(&content, &plan, &sections, &Stop::default()).unwrap();
        assert_eq!(preview.blocks[1].account.skipped.last().map(|part| part.reason), Some(reason), "{odd:?}");
    }
}

#[test]
fn a_preview_shows_what_would_be_said_and_why_an_order_would_fail() {
    let content = rich();
    let narration = order(Style::Narration, None, Footnotes::Skip);
    let plan = super::preview::plan(&content, &narration, &Stop::default()).unwrap();
    let sections: Vec<Section> = plan
        .sections
        .iter()
        .map(|section| write_section(&content, &plan, section.index, &Stop::default()).unwrap())
        .collect();
    let preview = super::preview::preview(&content, &plan, &sections, &Stop::default()).unwrap();
    assert!(preview.refusal.is_none());
    assert_eq!(preview.blocks.len(), content.blocks.len());
    assert_eq!(preview.coverage.blocks, preview.coverage.spoken + preview.coverage.skipped);
    let code = &preview.blocks[12];
    assert_eq!(code.utterances[0].spoken, "Code in Rust, three lines.");
    assert_eq!(code.account.skipped[0].excerpt, "fn main() { run(); }");

    let empty = self::content(vec![block(BlockKind::Furniture { furniture: Furniture::Watermark }, "DRAFT")]);
    for style in [Style::Narration, Style::Briefing] {
        let plan = super::preview::plan(&empty, &order(style, None, Footnotes::Skip), &Stop::default()).unwrap();
        let preview = super::preview::preview(&empty, &plan, &[], &Stop::default()).unwrap();
        assert_eq!(preview.refusal.unwrap().reason.as_str(), "DOCUMENT_EMPTY");
        assert_eq!(preview.blocks[0].account.skipped[0].reason, SkipReason::Watermark);
    }
}

#[test]
fn composing_ends_when_nobody_waits_for_it() {
    let content = rich();
    let token = tokio_util::sync::CancellationToken::new();
    let stop = Stop::at(token.clone());
    let key = Digest::of(b"content");
    for style in [Style::Narration, Style::Briefing] {
        let order = order(style, None, Footnotes::Skip);
        let plan = plan(&content, key, &order, &stop).unwrap();
        let section = write_section(&content, &plan, 0, &stop).unwrap();
        assert_eq!(
            (&plan, &section),
            (
                &super::plan(&content, key, &order, &Stop::default()).unwrap(),
                &write_section(&content, &plan, 0, &Stop::default()).unwrap()
            )
        );
    }
    let order = order(Style::Narration, None, Footnotes::Skip);
    let plan = plan(&content, key, &order, &stop).unwrap();
    token.cancel();
    let ended = [
        super::plan(&content, key, &order, &stop).unwrap_err(),
        write_section(&content, &plan, 0, &stop).unwrap_err(),
        super::preview::preview(&content, &plan, &[], &stop).unwrap_err(),
    ];
    assert!(ended.iter().all(|failure| failure.reason.as_str() == "CANCELLED"), "{ended:?}");
}

#[test]
fn an_utterance_is_a_breath_however_little_of_it_is_said() {
    let signs = "{".repeat(20_000);
    let rows = vec![vec![format!("One {signs}"), "Two".to_owned()]];
    let text = rows[0].join(" | ");
    let content = self::content(vec![
        block(BlockKind::Table { rows, header_rows: 0 }, &text),
        block(BlockKind::Paragraph, &format!("Said {signs} and done.")),
        block(BlockKind::Code { language: Some("x".repeat(10_000)) }, "run();"),
    ]);
    let plan = super::plan(
        &content,
        Digest::of(b"content"),
        &order(Style::Narration, None, Footnotes::Skip),
        &Stop::default(),
    )
    .unwrap();
    let section = write_section(&content, &plan, 0, &Stop::default()).unwrap();
    for utterance in &section.utterances {
        assert!(utterance.original.chars().count() <= 1_200, "{} characters", utterance.original.chars().count());
    }
    assert!(section.utterances.iter().any(|utterance| utterance.spoken == "Code, one line."));
}
