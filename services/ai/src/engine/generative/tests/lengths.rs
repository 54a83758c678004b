//! Scripts come to the length that was ordered, whatever a model makes of a number of words.

use lectern_core::content::script::Style;
use lectern_testkit::models::authors::{Spoil, Spoilt};
use lectern_testkit::models::{Author, Copyist};

use super::fixture::{Model, World, document, heard, order};

fn is_within_a_tenth(words: u32, target: u32) -> bool {
    words.abs_diff(target) * 10 <= target
}

async fn comes_near(author: impl Author + 'static, style: Style, target: u32) {
    let world = World::new(document(6, 12), order(style, target), Model::new(author));
    let (plan, sections) = world.script().await;
    assert_eq!(plan.sections.iter().map(|section| section.words).sum::<u32>(), target);
    let words = heard(&sections);
    assert!(is_within_a_tenth(words, target), "{style:?}: {words} of {target}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_writes_half_or_twice_still_ends_at_the_length() {
    for percent in [50, 100, 200] {
        for style in [Style::Briefing, Style::Lesson, Style::Dialogue] {
            comes_near(Copyist::with_percent(percent), style, 600).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_made_up_for() {
    for how in [Spoil::InventsNumbers, Spoil::Repeats, Spoil::CutsSentences, Spoil::LeaksMarkup] {
        comes_near(Spoilt::new(Copyist::default(), how), Style::Briefing, 500).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_with_less_to_say_gives_a_shorter_script_and_a_note() {
    let world = World::new(document(1, 2), order(Style::Briefing, 3000), Model::new(Copyist::default()));
    let plan = world.plan().await.unwrap();
    assert!(plan.sections.iter().map(|section| section.words).sum::<u32>() < 300);
    assert_eq!(plan.notes.iter().map(|note| note.code.as_str()).collect::<Vec<_>>(), ["SOURCE_TOO_SHORT"]);
}

#[tokio::test(start_paused = true)]
async fn a_book_costs_at_most_1_3_times_its_own_tokens() {
    // 600 pages of some 400 words.
    let book = document(40, 110);
    let own: usize = book.blocks.iter().map(|block| block.text.chars().count()).sum();
    let world = World::new(book, order(Style::Dialogue, 3300), Model::new(Copyist::with_percent(50)));
    let (_, sections) = world.script().await;
    assert!(is_within_a_tenth(heard(&sections), 3300), "{}", heard(&sections));
    let asked: usize = world.model.asked().iter().map(crate::model::Prompt::chars).sum();
    assert!(asked * 10 <= own * 13, "{asked} characters were sent of {own}");
}
