//! Budgets of tenants: who comes to the end of one waits, keeps what was made, and goes on when an
//! administrator raises it; and however many work at once, it is not overrun.

use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use lectern_e2e::{Client, Instance, PATIENCE, PaidModel, Profile};
use lectern_proto::v1::length::Target;
use lectern_proto::v1::{self as api, WaitReason, narration::State};
use lectern_testkit::models::ModelFault;

use super::{book, dialogue, spent};
use crate::tenants::{create, update};

/// Documents that are written about at once.
const DOCUMENTS: usize = 64;
/// What 64 workers may spend, in millionths of a US dollar: less than half of what they want costs,
/// and the most that some of their calls could cost.
const OF_MANY: i64 = 100_000;
/// More than the most that one of those calls could cost.
const ONE_CALL: i64 = 40_000;
/// Sentences between the documents of two numbers.
const APART: usize = 1_000;

async fn with_budget(instance: &Instance, tenant: &str, micro_usd: i64) -> Client {
    let limits = api::TenantLimits { monthly_budget_micro_usd: Some(micro_usd), ..api::TenantLimits::default() };
    create(instance, tenant, limits).await.expect("a tenant");
    instance.tenant(tenant).await
}

/// Takes the limit away.
async fn raise(instance: &Instance, tenant: &str) {
    let tenant = api::Tenant { name: format!("tenants/{tenant}"), ..api::Tenant::default() };
    update(instance, tenant, &["limits.monthly_budget_micro_usd"]).await.expect("no budget");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narration_waits_at_the_end_of_its_budget_and_goes_on_when_that_grows() {
    Box::pin(waits_and_goes_on()).await;
}

async fn waits_and_goes_on() {
    let model = PaidModel::openai();
    let instance = model.configured(Profile::Stack.setup()).start().await;
    // Many sections to one plan, so that what is left behind the plan is not all of it.
    let text = book(0, 45);
    let order = |document: &api::Document| dialogue(document, Target::WordCount(3_000));

    // What it costs somebody who has no budget, with whom nothing is shared.
    let client = instance.client();
    client.narrate(order(&client.markdown(&text).await)).await;
    let whole = model.counted(0);
    assert!(whole.call_count >= 6 && whole.unknown_call_count == 0, "a plan and some sections: {whole:?}");

    // With less than that it comes to an end on the way.
    let budget = whole.cost_micro_usd - 1;
    let poor = with_budget(&instance, "thrift", budget).await;
    let from = model.calls().len();
    let accepted = poor.order(order(&poor.markdown(&text).await)).await.expect("an accepted order");
    let waits = poor.watch(&accepted.name, |narration| narration.wait_reason() == WaitReason::Budget).await;
    assert_eq!(waits.wait_reason(), WaitReason::Budget, "{waits:?}");
    assert!(![State::Failed, State::Cancelled, State::Succeeded].contains(&waits.state()), "{waits:?}");
    let so_far = model.counted(from);
    assert!((1..whole.call_count).contains(&so_far.call_count), "{so_far:?} of {whole:?}");
    assert!(model.billed(from) <= budget && spent(&poor).await.cost_micro_usd <= budget);

    raise(&instance, "thrift").await;
    let narration = poor.finished(&accepted.name).await;
    assert_eq!(narration.wait_reason(), WaitReason::Unspecified);
    // Nothing that it had bought was bought again.
    assert_eq!(model.counted(from), whole);
    assert_eq!((narration.bill, spent(&poor).await), (Some(whole), whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_workers_do_not_overrun_a_budget() {
    Box::pin(many_at_once()).await;
}

async fn many_at_once() {
    let model = PaidModel::openai();
    // So that calls are under way at once.
    model.faults().set(ModelFault::Slow, 1.0);
    let setup = model.configured(Profile::Stack.setup()).env("ai", "LECTERN_PERMITS", "64");
    let setup = setup.env("ai", "LECTERN_WRITERS__PAID__CONCURRENCY", "64");
    let setup = setup.env("gateway", "LECTERN_SERVER__LIMITS__BURST", "1000");
    let instance = setup.env("gateway", "LECTERN_SERVER__LIMITS__REQUESTS_PER_SECOND", "1000").start().await;
    let client = with_budget(&instance, "thrift", OF_MANY).await;

    let orders = (0..DOCUMENTS).map(|number| {
        let (client, text) = (client.clone(), book(number * APART, 8));
        async move {
            let document = client.markdown(&text).await;
            client.order(dialogue(&document, Target::WordCount(60))).await.expect("an accepted order").name
        }
    });
    // Of a tenant at most 16 documents wait to be read.
    let accepted: Vec<String> = stream::iter(orders).buffered(8).collect().await;
    let poor = tokio::time::timeout(PATIENCE, async {
        loop {
            let narrations = client.list_narrations().await;
            let poor = narrations.iter().filter(|narration| narration.wait_reason() == WaitReason::Budget).count();
            let (billed, spent) = (model.billed(0), spent(&client).await);
            assert!(billed <= OF_MANY, "{billed} of {OF_MANY} is billed");
            // The sum is read while calls begin and end, so that one may be in it twice.
            assert!(spent.cost_micro_usd <= OF_MANY + ONE_CALL, "{spent:?}");
            if poor >= DOCUMENTS / 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    });
    poor.await.expect("most of them wait for the budget");
    assert!(model.counted(0).call_count > 0, "some of it was bought");

    model.faults().clear();
    raise(&instance, "thrift").await;
    join_all(accepted.iter().map(|name| client.finished(name))).await;
    let counted = model.counted(0);
    assert_eq!(counted.unknown_call_count, 0);
    assert_eq!(spent(&client).await, counted);
}
