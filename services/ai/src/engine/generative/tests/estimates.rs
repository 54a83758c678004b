//! What is estimated holds for a model that does what it is asked, and takes nothing from it.

use lectern_core::Reason;
use lectern_core::content::document::BlockKind;
use lectern_core::content::script::{Order, Style};
use lectern_testkit::models::Copyist;

use super::fixture::{Model, World, block, content, document, heard, order};
use crate::engine::{Estimate, Expected};
use crate::model::{Usage, tokens};

/// 2026-11-28.
const DAY: u64 = 1_795_824_000_000;

fn holds(expected: Expected, number: u64, what: &str) {
    assert!((expected.least..=expected.most).contains(&number), "{what}: {number}, not in {expected:?}");
}

/// What the model was paid for, as its own counts have it.
fn used(world: &World) -> Usage {
    let kept = world.answers.kept.lock();
    let answers = kept.values().map(|bytes| serde_json::from_slice::<super::super::KeptAnswer>(bytes).unwrap());
    answers.fold(Usage::default(), |all, answer| all.plus(answer.completion.usage))
}

#[tokio::test(start_paused = true)]
async fn a_script_takes_what_was_estimated() {
    for style in [Style::Briefing, Style::Lesson, Style::Dialogue] {
        let world = World::new(document(6, 12), order(style, 900), Model::new(Copyist::default()));
        let estimate = world.estimate(DAY).await.unwrap();
        assert_eq!(world.model.calls(), 0, "nobody is asked for an estimate");
        let (_, sections) = world.script().await;
        holds(estimate.calls, world.model.calls() as u64, "calls");
        holds(estimate.words, heard(&sections).into(), "words");
        let Usage { input, output, .. } = used(&world);
        holds(estimate.input_tokens, input, "tokens that were read");
        holds(estimate.output_tokens, output, "tokens that were written");
        // 0.75 USD a million tokens to read, 3.75 USD to write.
        holds(estimate.cost.unwrap(), (input * 750_000 + output * 3_750_000) / 1_000_000, "micro-USD");
        assert!(estimate.basis.iter().any(|says| says.contains("four characters")), "{:?}", estimate.basis);
    }
}

#[tokio::test(start_paused = true)]
async fn a_narration_asks_for_tables_alone() {
    let text = "The pump lifts water from the lower tank to the upper one. ".repeat(20);
    let plain = World::new(
        content(vec![block(BlockKind::Heading { level: 1 }, "Pumps"), block(BlockKind::Paragraph, &text)]),
        Order::of(Style::Narration),
        Model::new(Copyist::default()),
    );
    let Estimate { calls, words, cost, .. } = plain.estimate(DAY).await.unwrap();
    assert_eq!((calls, cost), (Expected::exactly(0), Some(Expected::exactly(0))));
    let (_, sections) = plain.script().await;
    assert_eq!(words, Expected::exactly(heard(&sections).into()));
    let code = block(BlockKind::Code { language: None }, "lift(water)\nwait(10)");
    let with_code = World::new(
        content(vec![block(BlockKind::Paragraph, &text), code]),
        Order::of(Style::Narration),
        Model::new(Copyist::default()),
    );
    let estimate = with_code.estimate(DAY).await.unwrap();
    assert_eq!(estimate.calls, Expected::exactly(1));
    assert!(estimate.words.most >= estimate.words.least + 100, "{:?}", estimate.words);
    assert!(estimate.input_tokens.least > u64::from(tokens(20)), "{:?}", estimate.input_tokens);
}

#[tokio::test(start_paused = true)]
async fn a_book_is_estimated_within_what_it_may_cost() {
    let book = document(40, 110);
    let own: usize = book.blocks.iter().map(|block| block.text.chars().count()).sum();
    let world = World::new(book, order(Style::Dialogue, 3300), Model::new(Copyist::default()));
    let estimate = world.estimate(DAY).await.unwrap();
    let least = estimate.input_tokens.least;
    assert!(least * 10 <= u64::from(tokens(own)) * 13, "{least} tokens of {}", tokens(own));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_ordered_is_not_estimated() {
    let refused = async |order: Order| {
        let world = World::new(document(1, 2), order, Model::new(Copyist::default()));
        world.estimate(DAY).await.unwrap_err()
    };
    for (style, words) in [(Style::Narration, 300), (Style::Lesson, 100)] {
        let failure = refused(order(style, words)).await;
        assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some("narration.length")));
    }
    let german = Order { language: Some("de".to_owned()), ..Order::of(Style::Briefing) };
    assert_eq!(refused(german).await.reason, Reason::LanguageUnsupported);
}
