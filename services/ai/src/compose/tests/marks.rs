//! What a document emphasises and quotes, in the words that are spoken for it.

use lectern_core::content::document::{Block, BlockKind, SpanKind};
use lectern_core::content::script::{Footnotes, Manner, Style};

use super::{block, content, marked, order, written};

/// What of a block is said in a manner of its own, without the pauses behind it.
fn heard(block: Block) -> Vec<(String, Manner)> {
    let (_, sections) = written(&content(vec![block]), &order(Style::Narration, None, Footnotes::Skip));
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    let marks = utterances.flat_map(|said| {
        said.marks.iter().map(move |mark| (mark.spoken.of(&said.spoken).trim_end_matches(['.', ',']), mark.manner))
    });
    marks.map(|(words, manner)| (words.to_owned(), manner)).collect()
}

#[test]
fn what_is_emphasised_is_the_words_that_are_spoken_for_it() {
    for (text, parts, expected) in [
        (
            "They spent $3.2 billion on pumps, and never more.",
            &["$3.2 billion", "never"][..],
            &["three point two billion dollars", "never"][..],
        ),
        ("Go fast, then stop.", &["fast"], &["fast"]),
        ("Open it. Never touch it.", &["Never touch it."], &["Never touch it"]),
        ("One is here. Two are there.", &["here. Two"], &["here", "Two"]),
        // It is no emphasis where it is all, and no word where it is a part of one.
        ("Never touch it.", &["Never touch it"], &[]),
        ("It is unbelievable.", &["believ"], &[]),
        ("It is plain.", &[], &[]),
    ] {
        let spans: Vec<(&str, SpanKind)> = parts.iter().map(|part| (*part, SpanKind::Emphasis)).collect();
        let expected: Vec<(String, Manner)> =
            expected.iter().map(|words| ((*words).to_owned(), Manner::Emphasis)).collect();
        assert_eq!(heard(marked(BlockKind::Paragraph, text, &spans)), expected, "{text}");
    }
}

#[test]
fn a_displayed_quotation_is_quoted_as_a_whole() {
    let emphasis = [("life", SpanKind::Emphasis)];
    let quoted = heard(marked(BlockKind::Quote, "Water is life. It flows.", &emphasis));
    let said = |words: &str, manner| (words.to_owned(), manner);
    let quotation = Manner::Quotation;
    assert_eq!(quoted, [said("Water is life", quotation), said("life", Manner::Emphasis), said("It flows", quotation)]);
    assert!(heard(block(BlockKind::Paragraph, "Water is life.")).is_empty());
}

#[test]
fn an_inline_quotation_is_one_where_it_stands_in_quotation_marks() {
    let quoted = |text, part| heard(marked(BlockKind::Paragraph, text, &[(part, SpanKind::Quote)]));
    let expected = [("Go now".to_owned(), Manner::Quotation)];
    assert_eq!(quoted("He said: “Go now” to us.", "“Go now”"), expected);
    assert_eq!(quoted("He said: “Go now” to us.", "Go now"), expected);
    assert!(quoted("He lives in Bad Ems today.", "Bad Ems").is_empty(), "it may be words of another language");
}
