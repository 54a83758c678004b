//! Sentences of a paragraph that cites.

use lectern_core::content::document::{BlockKind, Span, SpanKind};
use lectern_core::content::length;
use lectern_core::content::script::Role;
use lectern_core::lexicon::{Entry, Lexicon, Sentence, Written};

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

/// What a voice is given for a text by a lexicon, where it takes other spellings.
fn respelt(text: &str, lexicon: &Lexicon) -> String {
    let passage = Passage::plain(text, Language::English);
    let phrases = passage.sentences().into_iter().flat_map(|sentence| passage.phrases(&passage.kept(sentence)));
    let utterances = phrases.flatten().map(|phrase| phrase.utterance(0, Role::Body, ""));
    let respelt = utterances.map(|utterance| {
        let (mut respelt, mut at) = (String::new(), 0);
        for said in lexicon.said(&Sentence::from(&utterance)) {
            respelt.push_str(Range::new(at, said.spoken.start).of(&utterance.spoken));
            respelt.push_str(&said.respelling);
            at = said.spoken.end;
        }
        respelt + Range::new(at, u32::MAX).of(&utterance.spoken)
    });
    respelt.collect::<Vec<_>>().join(" ")
}

#[test]
fn an_entry_for_what_is_written_applies_before_every_pause_and_leaves_it() {
    let gpt = Entry { written: Written::Pattern("GPT-*".to_owned()), ..Entry::spelt("", "gee pee tee *") };
    let lexicon = Lexicon::of("en", vec![Entry::spelt("SQL", "sequel"), gpt, Entry::spelt("U.S.", "you ess")]);
    for (text, wanted) in [
        ("We use SQL here.", "We use sequel here."),
        ("SQL, and more.", "sequel, and more."),
        ("We use SQL.", "We use sequel."),
        ("Do you use SQL? We do.", "Do you use sequel? We do."),
        ("Learn SQL", "Learn sequel."),
        ("It is (SQL), so we go.", "It is, sequel, so we go."),
        ("It is “SQL”, so we go.", "It is sequel, so we go."),
        ("We read SQL's rules and SQL’s, too.", "We read sequel's rules and sequel's, too."),
        ("We use GPT-4 here.", "We use gee pee tee four here."),
        ("We use GPT-4, and more.", "We use gee pee tee four, and more."),
        ("We use GPT-4.", "We use gee pee tee four."),
        ("In the U.S., we use it.", "In the you ess, we use it."),
        ("We are in the U.S.", "We are in the you ess."),
    ] {
        assert_eq!(respelt(text, &lexicon), wanted, "{text}");
    }
}
