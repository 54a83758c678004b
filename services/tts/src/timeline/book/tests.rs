use lectern_core::content::document::{BlockKind, Furniture};
use lectern_core::content::script::{Role, Skipped, Source, Speaker};
use lectern_core::content::timeline::Track;

use super::*;
use crate::timeline::fixture::{PACE, content, of, plan, quoted, tracks, utterance};

/// What stands on the pages, a line an item: `b2[0-9] s1:He said. skip:[3]`, or `+ s4`.
fn standing(book: &Book<'_>, content: &Content) -> Vec<Vec<String>> {
    let run = |block: &Block, run: &Run| {
        let text = run.range.of(&content.blocks[block.id as usize].text).trim().to_owned();
        match (run.piece, run.skipped) {
            (_, Some(_)) => format!("skip:{text}"),
            (Some(piece), None) => format!("s{}.{}:{text}", piece.sentence, piece.piece),
            (None, None) => text,
        }
    };
    let item = |item: &Item<'_>| match item {
        Item::Part(part) => {
            let runs: Vec<String> = part.runs.iter().map(|one| run(part.block, one)).collect();
            let range = part.range;
            let runs = runs.into_iter().filter(|run| !run.is_empty()).collect::<Vec<_>>().join(" ");
            format!("b{}[{}-{}] {runs}", part.block.id, range.start, range.end)
        }
        Item::Aloud(aloud) => format!("+ {:?}", aloud.sentences),
    };
    book.pages.iter().map(|page| page.items.iter().map(item).collect()).collect()
}

fn skip(block: u32, range: Option<Range>, reason: SkipReason) -> Skipped {
    Skipped { block, range, reason }
}

/// A document with a citation inside a sentence, a page number, a table that is announced, and two
/// sections.
struct World {
    content: Content,
    plan: Plan,
    sections: Vec<Section>,
    tracks: Vec<Track>,
}

fn world() -> World {
    let mut content = content(&["7", "He said [3] that. And more.", "a | b", "Then the end.", "Colophon."]);
    content.blocks[0].kind = BlockKind::Furniture { furniture: Furniture::PageNumber };
    let r = Range::new;
    let cited = Utterance {
        sources: vec![Source { block: 1, range: r(0, 7) }, Source { block: 1, range: r(11, 17) }],
        ..utterance(0, Role::Body, false, "He said that.")
    };
    let table = Utterance {
        added: true,
        sources: vec![Source { block: 2, range: r(0, 5) }],
        ..utterance(2, Role::Announcement, true, "Table with two columns.")
    };
    let mut first = of(0, vec![cited, quoted(&content, 1, 1, r(18, 27)), table]);
    first.skipped = vec![skip(1, Some(r(8, 11)), SkipReason::Citation), skip(2, None, SkipReason::TableBody)];
    let sections = vec![first, of(1, vec![quoted(&content, 0, 3, r(0, 13))])];
    let mut plan = plan(&sections);
    plan.skipped = vec![skip(0, None, SkipReason::PageNumber), skip(4, None, SkipReason::BackMatter)];
    let tracks = tracks(&sections);
    World { content, plan, sections, tracks }
}

#[test]
fn every_block_stands_on_one_page_with_what_became_of_it() {
    let World { content, plan, sections, tracks } = world();
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    let expected = [
        vec![
            "b0[0-1] skip:7".to_owned(),
            "b1[0-27] s0.0:He said skip:[3] s0.0:that. s1.0:And more.".to_owned(),
            "+ [2]".to_owned(),
            "b2[0-5] skip:a | b".to_owned(),
        ],
        vec!["b3[0-13] s3.0:Then the end.".to_owned(), "b4[0-9] skip:Colophon.".to_owned()],
    ];
    assert_eq!(standing(&book, &content), expected);
    let Item::Part(number) = &book.pages[0].items[0] else { panic!("a block") };
    assert_eq!((number.left_out(), number.is_heard()), (Some(SkipReason::PageNumber), false));
    let Item::Part(said) = &book.pages[0].items[1] else { panic!("a block") };
    assert_eq!((said.left_out(), said.fate), (None, Fate::Spoken));
    assert_eq!((book.pages[1].sentences.clone(), book.pages[1].section), (3..4, Some(1)));
}

#[test]
fn sentences_and_their_words_are_in_time() {
    let World { content, plan, sections, tracks } = world();
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    let first = &book.sentences[0];
    assert_eq!(first.start, tracks[0].segments[0].start);
    assert_eq!(first.end - first.start, tracks[0].segments[0].samples);
    assert_eq!(first.pieces.len(), 1, "what is skipped lies inside");
    assert_eq!(first.pieces[0], Piece { block: Some(1), range: Range::new(0, 17), start: first.start, end: first.end });
    assert_eq!(first.words[1].start, 3 * PACE);
    assert_eq!(book.sentences[3].start, tracks[0].samples + tracks[1].segments[0].start);
    assert_eq!(book.samples, tracks.iter().map(|track| track.samples).sum::<u64>());
    assert!(book.pages.windows(2).all(|pair| pair[0].end == pair[1].start));
}

#[test]
fn a_sentence_of_two_blocks_is_two_pieces_one_after_the_other() {
    let content = content(&["It begins", "and ends."]);
    let sources = vec![Source { block: 0, range: Range::new(0, 9) }, Source { block: 1, range: Range::new(0, 9) }];
    let sections = [of(0, vec![Utterance { sources, ..utterance(0, Role::Body, true, "It begins and ends.") }])];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    let [one, two] = &book.sentences[0].pieces[..] else { panic!("{:?}", book.sentences[0].pieces) };
    assert_eq!((one.block, two.block, one.end), (Some(0), Some(1), two.start));
    assert_eq!(two.start, book.sentences[0].start + 10 * PACE, "with its first word");
    assert_eq!(two.end, book.sentences[0].end);
}

#[test]
fn a_block_that_two_sections_speak_stands_in_parts() {
    let content = content(&["One half. Other half."]);
    let sections = [
        of(0, vec![quoted(&content, 0, 0, Range::new(0, 9))]),
        of(1, vec![quoted(&content, 0, 0, Range::new(10, 21))]),
    ];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    let expected = [vec!["b0[0-9] s0.0:One half.".to_owned()], vec!["b0[9-21] s1.0:Other half.".to_owned()]];
    assert_eq!(standing(&book, &content), expected);
    let Item::Part(second) = &book.pages[1].items[0] else { panic!("a block") };
    assert!(!second.is_first());
}

#[test]
fn words_of_a_model_are_paragraphs_and_the_document_stands_behind_them() {
    let content = content(&["Salt is sold by weight."]);
    let said = |id, speaker, ends_block, text| Utterance {
        added: true,
        speaker: Speaker(speaker),
        sources: vec![Source { block: 0, range: Range::new(0, 23) }],
        ..utterance(id, Role::Body, ends_block, text)
    };
    let mut section =
        of(0, vec![said(0, 0, false, "Why?"), said(1, 0, true, "I ask."), said(2, 1, true, "By weight, so.")]);
    section.skipped = vec![skip(0, None, SkipReason::Summarised)];
    let sections = [section];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    let expected =
        [vec!["+ [0, 1]".to_owned(), "+ [2]".to_owned()], vec!["b0[0-23] skip:Salt is sold by weight.".to_owned()]];
    assert_eq!(standing(&book, &content), expected);
    assert_eq!((book.pages[1].section, book.pages[1].title), (None, "The document"));
    let names: Vec<_> = book.sentences.iter().map(|sentence| sentence.speaker.as_deref().unwrap()).collect();
    assert_eq!(names, ["Speaker 1", "Speaker 1", "Speaker 2"]);
    assert_eq!(book.sentences[0].pieces[0].block, None);
}

#[test]
fn a_document_without_a_heard_word_before_a_block_waits_for_the_first() {
    let content = content(&["1", "2", "Said."]);
    let sections = [of(0, vec![quoted(&content, 0, 2, Range::new(0, 5))])];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    let book = book(&content, &plan, &sections, &tracks).unwrap();
    assert_eq!(book.pages.len(), 1);
    assert_eq!(standing(&book, &content)[0].len(), 3);
}

#[test]
fn a_script_of_another_document_is_an_error() {
    let content = content(&["Said."]);
    let sources = vec![Source { block: 9, range: Range::new(0, 1) }];
    let sections = [of(0, vec![Utterance { sources, ..utterance(0, Role::Body, true, "S") }])];
    let (plan, tracks) = (plan(&sections), tracks(&sections));
    assert!(book(&content, &plan, &sections, &tracks).unwrap_err().message.contains("block 9"));
}
