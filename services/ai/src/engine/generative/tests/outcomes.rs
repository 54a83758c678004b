//! Every row of the table of outcomes: what is asked next, how often, and what is said at the end.

use lectern_core::content::script::Style;
use lectern_core::{Kind, Reason};
use lectern_provider::Class;
use lectern_testkit::models::Copyist;

use super::super::outcome::{Change, Last, Outcome, TABLE};
use super::fixture::{Model, Reply, World, document, order};
use crate::model::{Finish, Prompt};

const OFF_SCHEMA: &str = "{\"sections\": 3}";
const UNFIT: &str = r#"{"sections":[{"title":"T","brief":"B","first":2,"last":1,"weight":1}]}"#;

/// An answer, or none, of which this becomes.
fn reply(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Empty => Reply::Ends(Finish::Empty, ""),
        Outcome::NoRoom => Reply::Ends(Finish::Length, ""),
        Outcome::CutAtLimit => Reply::Ends(Finish::Length, "{\"sections\""),
        Outcome::NotJson => Reply::Ends(Finish::Stop, "{\"sections\": [{\"tit"),
        Outcome::OffSchema => Reply::Ends(Finish::Stop, OFF_SCHEMA),
        Outcome::Unfit => Reply::Ends(Finish::Stop, UNFIT),
        Outcome::Repeating => Reply::Ends(Finish::Repeating, "{\"a\":\"xxxx"),
        Outcome::Recitation => Reply::Ends(Finish::Recitation, ""),
        Outcome::ToolCall => Reply::Ends(Finish::ToolCall, ""),
        Outcome::Refused => Reply::Ends(Finish::Refused, ""),
        Outcome::TooLong => Reply::Ends(Finish::Continuation, "{"),
        Outcome::PromptCut => Reply::Ends(Finish::PromptCut, "{}"),
        Outcome::UnknownEnd => Reply::Ends(Finish::Other, "{}"),
        Outcome::Overloaded => Reply::Fails(Class::Overloaded),
        Outcome::Unreached => Reply::Fails(Class::Network),
        Outcome::Interrupted => Reply::Fails(Class::Interrupted),
        Outcome::QuotaOfMinute => Reply::Fails(Class::QuotaOfMinute),
        Outcome::QuotaOfDay => Reply::Fails(Class::QuotaOfDay),
        Outcome::PurseEmpty => Reply::Fails(Class::Purse),
        Outcome::NotTaken => Reply::Fails(Class::NotFound),
        Outcome::Stopped => Reply::Fails(Class::Cancelled),
    }
}

fn world(replies: Vec<Reply>) -> World {
    World::new(document(3, 6), order(Style::Briefing, 400), Model::with(Copyist::default(), replies))
}

/// Whether a prompt is changed from the one before as it should be.
fn is_changed(change: Change, before: &Prompt, after: &Prompt) -> bool {
    let data = |prompt: &Prompt| prompt.data.iter().map(|part| part.text().len()).sum::<usize>();
    match change {
        Change::Seed => after.seed != before.seed && after.user == before.user,
        Change::Room => after.max_output_tokens > before.max_output_tokens,
        Change::Less => data(after) < data(before) && data(after) > 0,
        Change::FaultShown => after.user.contains("could not be used"),
        Change::Wording => after.user.contains("words of your own"),
        Change::Wait => after == before,
    }
}

#[tokio::test(start_paused = true)]
async fn what_helps_once_is_enough() {
    for row in TABLE.iter().filter(|row| row.times > 0) {
        let world = world(vec![reply(row.outcome)]);
        let plan = world.plan().await;
        assert!(plan.is_ok(), "{}: {plan:?}", row.name);
        let asked = world.model.asked();
        let [before, after] = &asked[..] else { panic!("{}: {} calls", row.name, asked.len()) };
        assert!(is_changed(row.change, before, after), "{}: {after:?}", row.name);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_helps_ends_within_its_bound() {
    for row in TABLE {
        let world = world(vec![reply(row.outcome); 20]);
        let failure = world.plan().await.unwrap_err();
        assert_eq!(world.model.calls(), row.times as usize + 1, "{}", row.name);
        assert_eq!(failure.kind.retryable() || failure.kind == Kind::Cancelled, row.last == Last::Later, "{failure}");
        assert!(failure.message.starts_with("writer: "), "{failure}");
        if row.last == Last::Fail {
            let of_provider = [Outcome::Refused, Outcome::Recitation, Outcome::NotTaken, Outcome::PurseEmpty];
            let of_model = !of_provider.contains(&row.outcome);
            assert_eq!(failure.reason == Reason::ScriptRejected, of_model, "{}: {failure}", row.name);
        }
        let calls = world.model.calls();
        if row.change != Change::Wait
            && !matches!(row.outcome, Outcome::NotTaken | Outcome::PurseEmpty | Outcome::Stopped)
        {
            // The answers were kept: nobody asks again in vain.
            assert_eq!(world.plan().await.unwrap_err(), failure);
            assert_eq!(world.model.calls(), calls, "{}", row.name);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_so_in_the_provider_s_own_word() {
    let failure = world(vec![reply(Outcome::Refused)]).plan().await.unwrap_err();
    assert_eq!((failure.kind, failure.reason), (Kind::FailedPrecondition, Reason::EngineRefused));
    assert!(failure.message.contains("the provider says Refused"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn unlike_outcomes_together_end_too() {
    let all = [Outcome::Empty, Outcome::NotJson, Outcome::OffSchema, Outcome::Recitation, Outcome::Unfit];
    let replies: Vec<Reply> = all.into_iter().cycle().take(40).map(reply).collect();
    let world = world(replies);
    world.plan().await.unwrap_err();
    assert_eq!(world.model.calls(), super::super::outcome::MOST_TRIES as usize);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_names_blocks_that_are_not_there_is_asked_for_again() {
    let beyond = r#"{"sections":[{"title":"T","brief":"B","first":900,"last":901,"weight":1}]}"#;
    let world = world(vec![Reply::Ends(Finish::Stop, beyond)]);
    let plan = world.plan().await.unwrap();
    assert!(world.model.asked().last().is_some_and(|prompt| prompt.user.contains("could not be used")));
    assert!(plan.sections.iter().all(|section| !section.blocks.is_empty()));
}
