//! Blocks in another language than their document, and emoji.

use std::collections::BTreeSet;

use lectern_core::content::document::{Block, BlockKind, Content};
use lectern_core::content::script::{EmojiPolicy, Order, OtherLanguages, Section, SkipReason, Style};
use lectern_core::{Digest, Reason};

use super::{accounted, block, content, order, written};
use crate::compose::{Stop, edited, plan};

fn german(kind: BlockKind, text: &str) -> Block {
    Block { language: Some("de".to_owned()), ..block(kind, text) }
}

/// An English text with a German sentence, a German list and some code.
fn mixed() -> Content {
    content(vec![
        block(BlockKind::Paragraph, "The sign has 3 words."),
        german(BlockKind::Paragraph, "Es gibt 21 Wörter."),
        german(BlockKind::Code { language: None }, "let a = 1;"),
        block(BlockKind::Paragraph, "Nobody reads it."),
    ])
}

fn with(other_languages: OtherLanguages) -> Order {
    Order { other_languages, ..Order::of(Style::Narration) }
}

fn speaking(tag: &str) -> Order {
    with(OtherLanguages::Speak(BTreeSet::from([tag.to_owned()])))
}

/// What is heard of a block, and in which language where that is another one.
fn heard(sections: &[Section], id: u32) -> Vec<(String, Option<String>)> {
    let utterances = sections.iter().flat_map(|section| &section.utterances);
    let of_block = utterances.filter(|said| said.sources.iter().any(|source| source.block == id));
    of_block.map(|said| (said.spoken.clone(), said.language.clone())).collect()
}

#[test]
fn a_block_in_another_language_is_said_by_its_rules_where_the_order_wants_that() {
    let content = mixed();
    let (plan, sections) = written(&content, &speaking("de"));
    accounted(&content, &plan, &sections);
    assert_eq!(heard(&sections, 1), [("Es gibt einundzwanzig Wörter.".to_owned(), Some("de".to_owned()))]);
    let [(english, None)] = &heard(&sections, 0)[..] else { panic!("one sentence in the document's language") };
    assert!(english.contains("three words"), "{english}");
    assert!(heard(&sections, 2).iter().all(|(_, language)| language.is_none()), "code is in no language");

    for order in [with(OtherLanguages::Skip), speaking("fr"), with(OtherLanguages::Speak(BTreeSet::new()))] {
        let (plan, sections) = written(&content, &order);
        accounted(&content, &plan, &sections);
        assert!(heard(&sections, 1).is_empty(), "{order:?}");
        let skipped = plan.skipped.iter().find(|skip| skip.block == 1).expect("it is listed");
        assert_eq!(skipped.reason, SkipReason::LanguageUnsupported);
    }
}

#[test]
fn a_briefing_leaves_other_languages_out_whatever_is_spoken() {
    let content = mixed();
    let briefing =
        Order { other_languages: speaking("de").other_languages, ..order(Style::Briefing, None, Default::default()) };
    let (_, sections) = written(&content, &briefing);
    assert!(heard(&sections, 1).is_empty());
}

#[test]
fn an_order_that_refuses_other_languages_fails_and_names_the_block() {
    let refused = plan(&mixed(), Digest::of(b"content"), &with(OtherLanguages::Refuse), &Stop::default()).unwrap_err();
    assert_eq!(refused.reason, Reason::LanguageUnsupported);
    assert_eq!(refused.field.as_deref(), Some("narration.other_languages"));
    assert!(refused.message.contains("block 1 is in `de`"), "{refused}");
    let english = content(vec![block(BlockKind::Paragraph, "All of it is English.")]);
    assert!(plan(&english, Digest::of(b"content"), &with(OtherLanguages::Refuse), &Stop::default()).is_ok());
}

#[test]
fn what_a_caller_puts_in_the_place_of_another_language_stays_in_it() {
    use lectern_core::content::edits::Edit;
    let (_, mut sections) = written(&mixed(), &speaking("de"));
    let section = sections.remove(0);
    let place = section.utterances.iter().find(|said| said.language.is_some()).expect("a German sentence").id;
    let edit = Edit { section: section.index, utterance: place, text: "Es gibt 22 Wörter.".to_owned() };
    let edited = edited::edited(section, [&edit], crate::speakable::Language::English).unwrap();
    let said = edited.utterances.iter().find(|said| said.id == place).expect("it is there");
    assert_eq!((said.spoken.as_str(), said.language.as_deref()), ("Es gibt zweiundzwanzig Wörter.", Some("de")));
}

#[test]
fn emoji_are_named_or_dropped_as_the_order_wants() {
    let content = content(vec![
        block(BlockKind::Paragraph, "It works \u{1f680} at last."),
        block(BlockKind::Paragraph, "\u{1f680}\u{1f680}"),
    ]);
    let said = |emoji: EmojiPolicy| {
        let (plan, sections) = written(&content, &Order { emoji, ..Order::of(Style::Narration) });
        accounted(&content, &plan, &sections);
        [0, 1].map(|id| heard(&sections, id).into_iter().map(|(spoken, _)| spoken).collect::<Vec<_>>().join(" "))
    };
    let [named, alone] = said(EmojiPolicy::Named);
    assert!(named.contains("rocket") && alone.contains("rocket"), "{named} {alone}");
    let [dropped, silent] = said(EmojiPolicy::Dropped);
    assert_eq!((dropped.as_str(), silent.as_str()), ("It works at last.", ""));
}
