//! Sentences of a paragraph that cites.

use lectern_core::content::document::{BlockKind, Span, SpanKind};
use lectern_core::content::length;

use super::*;
use crate::compose::tests::block;

/// What is heard of a paragraph in which these parts are marked as citations.
fn heard(text: &str, cited: &[&str]) -> Vec<String> {
    let mut paragraph = block(BlockKind::Paragraph, text);
    let span = |part: &&str| {
        let start = length(&text[..text.find(part).unwrap()]);
        Span { range: Range::new(start, start + length(part)), kind: SpanKind::Citation }
    };
    paragraph.spans = cited.iter().map(span).collect();
    let passage = Passage::new(&paragraph, Language::English);
    passage.sentences().into_iter().map(|sentence| passage.spoken(sentence)).collect()
}

#[test]
fn a_cited_year_is_not_heard_and_parts_no_sentence() {
    for (text, cited, wanted) in [
        (
            "An R package has an interface from R. Chambers (2016) discusses it.",
            "(2016)",
            &["An R package has an interface from R.", "Chambers discusses it."][..],
        ),
        ("It enables Chambers (2016)’s third statement.", "(2016)", &["It enables Chambers's third statement."]),
        ("It is so (CEM; Celeux and Govaert 1992).", "; Celeux and Govaert 1992", &["It is so, C E M."]),
        ("As Chambers (2008, p. 3) says, it is. So be it.", "(2008, p. 3)", &["As Chambers says, it is.", "So be it."]),
    ] {
        assert_eq!(heard(text, &[cited]), wanted, "{text}");
    }
}

#[test]
fn citations_are_told_by_their_form_where_nobody_marked_them() {
    for (text, wanted) in [
        ("It is so (Everitt and Hand 1981; Smith 1985) here.", "It is so here."),
        ("As Smith et al. (2020) say, it is.", "As Smith et al say, it is."),
        ("It is so (R Core Team, 2021a) here.", "It is so here."),
        ("It began (June 2016) here.", "It began, June twenty sixteen, here."),
    ] {
        assert_eq!(heard(text, &[]), [wanted], "{text}");
    }
}
