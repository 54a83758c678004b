//! Kinds of content that an order skips or wants read.

use std::collections::BTreeSet;

use lectern_core::Digest;
use lectern_core::content::document::{Block, BlockKind, Content, Matter, SpanKind};
use lectern_core::content::script::{ContentKind, Footnotes, Order, Plan, Role, Section, SkipReason, Style};

use super::{accounted, block, content, marked, order, rich, written};
use crate::compose::{Stop, plan};

fn skip(kinds: &[ContentKind]) -> Order {
    Order { skip: kinds.iter().copied().collect(), ..Order::of(Style::Narration) }
}

fn read(kinds: &[ContentKind]) -> Order {
    Order { read: kinds.iter().copied().collect(), ..Order::of(Style::Narration) }
}

fn of(matter: Matter, text: &str) -> Block {
    Block { matter, ..block(BlockKind::Paragraph, text) }
}

/// What is heard of, or about, a block.
fn heard(sections: &[Section], id: u32) -> Vec<String> {
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    let of_block = utterances.filter(|said| said.sources.iter().any(|source| source.block == id));
    of_block.map(|said| said.spoken.clone()).collect()
}

fn whole(plan: &Plan, id: u32) -> Option<SkipReason> {
    plan.skipped.iter().find(|skip| skip.block == id && skip.range.is_none()).map(|skip| skip.reason)
}

fn composed(content: &Content, order: &Order) -> (Plan, Vec<Section>) {
    let (plan, sections) = written(content, order);
    accounted(content, &plan, &sections);
    (plan, sections)
}

#[test]
fn what_is_skipped_is_neither_spoken_nor_announced() {
    let content = rich();
    let plain = Order::of(Style::Narration);
    // A kind, and the blocks of the rich document that are of it and usually heard.
    let (_, usual) = composed(&content, &plain);
    for (kind, blocks) in [
        (ContentKind::Code, vec![12]),
        (ContentKind::Tables, vec![9, 10]),
        (ContentKind::Captions, vec![8]),
        (ContentKind::Figures, vec![15]),
        (ContentKind::Formulas, vec![13, 14]),
    ] {
        let (plan, sections) = composed(&content, &skip(&[kind]));
        for id in &blocks {
            assert!(!heard(&usual, *id).is_empty(), "{kind:?} {id}");
            assert_eq!(whole(&plan, *id), Some(SkipReason::NotWanted), "{kind:?} {id}");
            assert!(heard(&sections, *id).is_empty(), "{kind:?} {id}");
        }
        let mut others = (0..20).filter(|id| !blocks.contains(id) && *id != 11);
        assert!(others.all(|id| heard(&sections, id) == heard(&usual, id)), "{kind:?}");
    }
    // A formula without words within a sentence is not announced either.
    let (_, sections) = composed(&content, &skip(&[ContentKind::Formulas]));
    assert_eq!(heard(&sections, 11), ["Call run pump when A squared is greater than four or if holds."]);
}

#[test]
fn what_is_usually_left_out_keeps_its_reason_when_it_is_skipped() {
    let content = content(vec![
        block(BlockKind::Paragraph, "As shown in [3], it is so."),
        of(Matter::Front, "For my mother."),
        of(Matter::Back, "Set in Garamond."),
        of(Matter::References, "A. Author. A title. 2019."),
    ]);
    let usual = [ContentKind::Citations, ContentKind::FrontMatter, ContentKind::BackMatter, ContentKind::References];
    let (plain, plain_sections) = composed(&content, &Order::of(Style::Narration));
    let (plan, sections) = composed(&content, &skip(&usual));
    assert_eq!((&plan.sections, &plan.skipped, &sections), (&plain.sections, &plain.skipped, &plain_sections));

    let (plan, sections) = composed(&content, &read(&usual));
    assert_eq!(heard(&sections, 0), ["As shown in, reference three, it is so."]);
    assert_eq!(heard(&sections, 1), ["For my mother."]);
    assert_eq!(heard(&sections, 2), ["Set in Garamond."]);
    assert!(!heard(&sections, 3).is_empty());
    assert!(plan.skipped.is_empty() && sections.iter().all(|section| section.skipped.is_empty()));
}

#[test]
fn appendices_are_read_unless_they_are_skipped() {
    let heading = |level, text| block(BlockKind::Heading { level }, text);
    let content = content(vec![
        heading(1, "Results"),
        block(BlockKind::Paragraph, "It holds."),
        heading(1, "Appendix A: Proofs"),
        block(BlockKind::Paragraph, "It is proved."),
        block(BlockKind::Code { language: None }, "qed();"),
        heading(1, "Afterword"),
        block(BlockKind::Paragraph, "It was long."),
    ]);
    let all: Vec<u32> = (0..7).collect();
    let spoken = |order: &Order| {
        let (plan, sections) = composed(&content, order);
        let spoken: Vec<u32> = all.iter().copied().filter(|id| !heard(&sections, *id).is_empty()).collect();
        (spoken, all.iter().map(|id| whole(&plan, *id)).collect::<Vec<_>>())
    };
    assert_eq!(spoken(&Order::of(Style::Narration)).0, all);
    assert_eq!(spoken(&read(&[ContentKind::Appendices])).0, all);
    let (left, reasons) = spoken(&skip(&[ContentKind::Appendices]));
    assert_eq!(left, [0, 1, 5, 6]);
    assert_eq!(reasons[2..5], [Some(SkipReason::NotWanted); 3]);
}

#[test]
fn code_that_is_read_is_announced_and_then_spoken_line_by_line() {
    let code = "fn run_pump(level: u32) {\n    // Open the valve\n    open(level);\n}";
    let long = format!("let sum = {};", ["first_value + second_value"; 40].join(" + "));
    let rust = || BlockKind::Code { language: Some("rust".to_owned()) };
    let content = content(vec![block(rust(), code), block(rust(), "{\n}"), block(rust(), &long)]);
    let (_, sections) = composed(&content, &read(&[ContentKind::Code]));
    let said = heard(&sections, 0);
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(said[0], "Code in Rust, four lines.");
    assert!(said[1].contains("run pump level"), "{said:?}");
    assert_eq!(said[2..], ["Open the valve.", "open level."]);
    assert_eq!(heard(&sections, 1), ["Code in Rust, two lines."]);
    let said = heard(&sections, 2);
    assert!(said.len() > 3 && said.iter().all(|said| said.chars().count() <= 301), "{said:?}");
    let roles: BTreeSet<bool> =
        sections.iter().flat_map(|section| &section.utterances).map(|said| said.role == Role::Announcement).collect();
    assert_eq!(roles.len(), 2);
}

#[test]
fn tables_that_are_read_are_read_whatever_their_size() {
    let (_, usual) = composed(&rich(), &Order::of(Style::Narration));
    let (_, sections) = composed(&rich(), &read(&[ContentKind::Tables]));
    assert_eq!(heard(&usual, 10), ["Table with five columns and nine rows, not read out."]);
    let rows = heard(&sections, 10);
    assert_eq!(rows.len(), 9, "{rows:?}");
    assert_eq!(heard(&sections, 9), heard(&usual, 9));
}

#[test]
fn formulas_that_are_read_are_read_row_by_row() {
    let aligned = r"\begin{aligned} a &= b \\ c &= \mystery{d} \\ x &= \frac{y}{2} \end{aligned}";
    let long = format!("x = {} + z", ["a_{1} b_{2} c_{3} - d_{4}"; 30].join(" - "));
    let formula = |text| block(BlockKind::Formula { latex: true }, text);
    let content = content(vec![
        block(BlockKind::Paragraph, "It follows."),
        formula(aligned),
        formula(&long),
        formula(r"\mystery{x}"),
    ]);
    let omitted = "Equation omitted.";
    let (_, usual) = composed(&content, &Order::of(Style::Narration));
    assert!((1..4).all(|id| heard(&usual, id) == [omitted]));
    let (_, sections) = composed(&content, &read(&[ContentKind::Formulas]));
    let said = heard(&sections, 1);
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].ends_with("equals b.") && said[1] == omitted && said[2] == "x equals y over two.", "{said:?}");
    let said = heard(&sections, 2);
    assert!(said.len() > 2 && said.iter().all(|said| said.chars().count() <= 301), "{said:?}");
    assert_eq!(heard(&sections, 3), [omitted]);
}

#[test]
fn citations_are_read_where_they_stand() {
    let text = "It holds (Chambers and Lang, 2016), as shown in [3, 4] and in [7].";
    let cited = marked(BlockKind::Paragraph, text, &[("[7]", SpanKind::Citation)]);
    let alone = marked(BlockKind::Paragraph, "[12]", &[("[12]", SpanKind::Citation)]);
    let content = content(vec![cited, alone]);
    let (plan, sections) = composed(&content, &read(&[ContentKind::Citations]));
    let said = heard(&sections, 0).join(" ");
    assert!(said.contains("Chambers") && said.contains("twenty sixteen"), "{said}");
    assert!(said.contains("references three") && said.contains("reference seven"), "{said}");
    assert_eq!(whole(&plan, 1), None, "it is all that its paragraph says");
    let (plan, sections) = composed(&content, &Order::of(Style::Narration));
    assert_eq!(heard(&sections, 0), ["It holds, as shown in and in."]);
    assert_eq!(whole(&plan, 1), Some(SkipReason::Citation));
}

#[test]
fn an_order_that_skips_all_that_there_is_says_so() {
    let code = content(vec![block(BlockKind::Code { language: None }, "run();"), of(Matter::Front, "For my mother.")]);
    let refused = |order: &Order| plan(&code, Digest::of(b""), order, &Stop::default()).unwrap_err();
    let failure = refused(&skip(&[ContentKind::Code, ContentKind::FrontMatter]));
    assert_eq!((failure.reason.as_str(), failure.field.as_deref()), ("DOCUMENT_EMPTY", Some("narration.skip")));
    assert!(failure.message.contains("skips (code)"), "{failure}");
    let briefing = refused(&order(Style::Briefing, None, Footnotes::Skip));
    assert_eq!((briefing.reason.as_str(), briefing.field), ("DOCUMENT_EMPTY", None));
}
