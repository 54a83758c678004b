//! What a list of references tells of the text above it.

use super::super::super::inline::Line;
use super::*;

const LIST: [&str; 10] = [
    "Allaire JJ, Eddelbuettel D, François R (2022). Attributes. Vignette.",
    "Celeux, G. and Govaert, G. (1992). A classification algorithm. CSDA, 14, 315–332.",
    "Chambers JM (2008). Software for Data Analysis. Springer.",
    "——— (2016). Extending R. Chapman and Hall.",
    "Hothorn T, Hornik K, van de Wiel MA, Zeileis A (2006). “A Lego System.” 60(3).",
    "O’Connell, D. 1975. On Tides.",
    "R Core Team (2021a). R: A Language. Vienna.",
    "R Core Team (2021b). Writing Extensions. Vienna.",
    "J. Wuertz. Collections of time series. Report, 2016.",
    "K. Lang, “In the North,” in Windows of Paris, May 1995.",
];

/// What is marked in a paragraph above such a list.
fn cited(text: &str) -> Vec<String> {
    let draft = |text: &str, matter| {
        let mut draft = Draft::new(BlockKind::Paragraph, Line::plain(text));
        draft.matter = matter;
        draft
    };
    let mut drafts = vec![draft(text, Matter::Body)];
    drafts.extend(LIST.iter().map(|entry| draft(entry, Matter::References)));
    mark(&mut drafts);
    assert!(drafts[1..].iter().all(|draft| draft.line.marks.is_empty()));
    drafts[0].line.marks.iter().map(|mark| mark.range.of(&drafts[0].line.text).to_owned()).collect()
}

#[test]
fn what_the_list_of_references_has_is_cited() {
    for (text, wanted) in [
        ("Chambers (2016) discusses it.", &["(2016)"][..]),
        ("So Chambers (2008, p. 3) says.", &["(2008, p. 3)"]),
        ("Chambers’s (2008, 2016) themes.", &["(2008, 2016)"]),
        ("Chambers (2016)’s third statement.", &["(2016)"]),
        ("As Hothorn, Hornik, van de Wiel, and Zeileis (2006) show.", &["(2006)"]),
        ("As in Hothorn et al. (2006).", &["(2006)"]),
        ("It is so (Wuertz 2016).", &["(Wuertz 2016)"]),
        ("As Lang (1995) says.", &["(1995)"]),
        (
            "It is so (R Core Team 2021a, http://www.R-project.org/).",
            &["(R Core Team 2021a, http://www.R-project.org/)"],
        ),
        ("It is so (see Hothorn et al. 2006, for an example).", &["(see Hothorn et al. 2006, for an example)"]),
        ("It is so [Chambers, 2016; O’Connell, 1975].", &["[Chambers, 2016; O’Connell, 1975]"]),
        ("By it (CEM; Celeux and Govaert 1992) it is.", &["; Celeux and Govaert 1992"]),
        ("By it (Celeux and Govaert 1992; an early one) it is.", &["Celeux and Govaert 1992;"]),
        ("By it (Wuertz 2016; Chambers 2016; so) it is.", &["Wuertz 2016", "; Chambers 2016"]),
        ("It is so (built on graphics, Wuertz 2016).", &[", Wuertz 2016"]),
        ("So Chambers (2008a,b) says.", &["(2008a,b)"]),
        ("(It is as Chambers (2016) says.)", &["(2016)"]),
        ("It is so (Chambers 2016) and so (Allaire et al. 2022).", &["(Chambers 2016)", "(Allaire et al. 2022)"]),
    ] {
        assert_eq!(cited(text), wanted, "{text}");
    }
}

#[test]
fn names_and_years_that_the_list_has_not_are_text() {
    for text in [
        "Hamlet (1603) was played (Berlin 2016).",
        "Chambers (1999) has another year.",
        "The Collections (2016) are no author, nor is a Report (2016).",
        "It was so (Paris, 1995) with Windows (1995) in May (1995).",
        "It was then (2016) that Chambers came.",
        "It ended. In (2016) it began.",
        "One (Chambers 2016 is wrong) says so.",
        "One (Chambers, 2008, analyses the same tumours, of which the data are not given) says so.",
        "It is f(2016) of Chambers.",
        "(Chambers 2016",
    ] {
        assert_eq!(cited(text), [""; 0], "{text}");
    }
}

#[test]
fn marks_lie_in_a_citation_or_apart_from_it() {
    let cited = [Range::new(10, 20), Range::new(30, 40)];
    for (marked, wanted) in [
        ((0, 5), (0, 5)),
        ((0, 15), (0, 10)),
        ((5, 25), (5, 25)),
        ((12, 18), (12, 18)),
        ((10, 20), (10, 20)),
        ((15, 25), (20, 25)),
        ((15, 35), (20, 30)),
        ((10, 25), (10, 25)),
    ] {
        let found = uncrossed(Range::new(marked.0, marked.1), &cited);
        assert_eq!((found.start, found.end), wanted, "{marked:?}");
    }
}

#[test]
fn without_a_list_nothing_is_marked() {
    let mut drafts = vec![Draft::new(BlockKind::Paragraph, Line::plain("Chambers (2016) discusses it."))];
    mark(&mut drafts);
    assert!(drafts[0].line.marks.is_empty());
}
