//! Answers are kept before they are judged, and bought once.

use lectern_core::Reason;
use lectern_core::content::script::Style;
use lectern_provider::Class;
use lectern_testkit::models::Copyist;

use super::super::{KeptAnswer, Spent};
use super::fixture::{Model, Reply, World, document, order};
use crate::engine::{ScriptEngine, Writing};
use crate::model::{Finish, Usage};
use crate::payments::Unbilled;
use crate::work::Unkept;

fn world() -> World {
    World::new(document(3, 6), order(Style::Briefing, 700), Model::new(Copyist::with_percent(60)))
}

#[tokio::test(start_paused = true)]
async fn a_second_run_buys_nothing_and_says_the_same() {
    let world = world();
    world.model.next(Reply::Ends(Finish::Empty, ""));
    world.model.next(Reply::Ends(Finish::Stop, "{\"sections\": 3}"));
    let first = world.script().await;
    let (calls, payments) = (world.model.calls(), *world.answers.payments.lock());
    assert_eq!(calls, payments, "the payment is asked about before each call");
    assert_eq!(*world.payments.calls.lock(), (calls, calls), "and each call is begun and ended in the ledger");
    assert_eq!(world.answers.kept.lock().len(), calls, "also bad answers are kept");
    let second = world.script().await;
    assert_eq!((world.model.calls(), *world.answers.payments.lock()), (calls, payments));
    assert_eq!(*world.payments.calls.lock(), (calls, calls));
    assert_eq!(first, second);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_broke_off_pays_for_what_is_left() {
    let world = world();
    let plan = world.plan().await.unwrap();
    world.write(&plan, 0).await.unwrap();
    let before = world.model.calls();
    world.model.next(Reply::Fails(Class::Credentials));
    world.write(&plan, 1).await.unwrap_err();
    world.write(&plan, 0).await.unwrap();
    assert_eq!(world.model.calls(), before + 1, "the first section is there");
    world.write(&plan, 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_what_it_cost() {
    let world = world();
    world.model.next(Reply::Fails(Class::Overloaded));
    world.plan().await.unwrap();
    let kept: Vec<KeptAnswer> =
        world.answers.kept.lock().values().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect();
    let [answer] = &kept[..] else { panic!("one answer: {kept:?}") };
    assert_eq!((answer.purpose.as_str(), answer.number), ("plan", 1));
    let Spent { calls, lost, usage, model_version } = &answer.spent;
    assert_eq!((*calls, *lost, model_version.as_str()), (1, 0, "gemini-3.8-flash"));
    assert!(*usage != Usage::default() && *usage == answer.completion.usage);
}

/// As `ComposeScript` has it written.
#[tokio::test(start_paused = true)]
async fn outside_of_any_step_a_model_writes_that_costs_nothing_and_no_other() {
    let free = World::new(document(3, 6), order(Style::Briefing, 300), Model::free(Copyist::default()));
    let outside = Writing { answers: &Unkept, payments: &Unbilled, ..free.work() };
    let plan = free.engine.plan(&outside).await.unwrap();
    let section = free.engine.write(&outside, &plan, 0).await.unwrap();
    assert!(!section.utterances.is_empty() && !free.engine.capabilities().paid);
    assert_eq!(free.answers.kept.lock().len(), 0);

    let paid = world();
    let outside = Writing { answers: &Unkept, payments: &Unbilled, ..paid.work() };
    let refused = paid.engine.plan(&outside).await.unwrap_err();
    assert_eq!((refused.reason, paid.model.calls()), (Reason::FeatureUnavailable, 0));
}

#[tokio::test(start_paused = true)]
async fn another_document_is_another_question() {
    let world = world();
    world.plan().await.unwrap();
    let other = World { content: std::sync::Arc::new(document(4, 6)), ..world };
    let before = other.model.calls();
    other.plan().await.unwrap();
    assert_eq!(other.model.calls(), before + 1);
}
