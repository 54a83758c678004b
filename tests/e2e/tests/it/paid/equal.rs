//! Of what is ordered often, each call is made once.

use futures::future::join_all;
use lectern_e2e::{PaidModel, Profile};
use lectern_proto::v1::length::Target;

use super::{book, dialogue, spent};

/// Equal orders at once.
const ORDERS: usize = 50;
/// Spoken words.
const WORDS: i32 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_equal_orders_at_once_make_one_call_a_step_and_a_repeated_order_costs_nothing() {
    Box::pin(fifty_equal_orders()).await;
}

async fn fifty_equal_orders() {
    let model = PaidModel::openai();
    let setup = model.configured(Profile::Stack.setup());
    // Every order is taken at once, and has its step at work beside the others.
    let setup = setup.env("ai", "LECTERN_PERMITS", "64").env("gateway", "LECTERN_SERVER__LIMITS__BURST", "1000");
    let instance = setup.start().await;
    let text = book(0, 16);

    // What one order of somebody else costs, with whom nothing is shared.
    let other = instance.tenant("umber").await;
    let single = other.narrate(dialogue(&other.markdown(&text).await, Target::WordCount(WORDS))).await;
    let one = model.counted(0);
    assert!(one.call_count >= 2 && one.unknown_call_count == 0, "a plan and a section at least: {one:?}");
    assert_eq!((single.bill, spent(&other).await), (Some(one), one));

    let client = instance.client();
    let document = client.markdown(&text).await;
    let before = model.calls().len();
    let orders = (0..ORDERS).map(|_| client.narrate(dialogue(&document, Target::WordCount(WORDS))));
    let narrations = join_all(orders).await;
    let fifty = model.counted(before);
    assert_eq!(fifty, one, "{ORDERS} equal orders cost what one does");
    assert_eq!(spent(&client).await, one);
    // Each call is on the bill of one narration alone.
    let bills = || narrations.iter().filter_map(|narration| narration.bill);
    assert_eq!(bills().map(|bill| bill.call_count).sum::<i64>(), one.call_count);
    assert_eq!(bills().map(|bill| bill.cost_micro_usd).sum::<i64>(), one.cost_micro_usd);

    let again = client.narrate(dialogue(&document, Target::WordCount(WORDS))).await;
    assert_eq!(model.calls().len() - before, usize::try_from(one.call_count).expect("a count"));
    assert_eq!(again.bill.map_or(0, |bill| bill.call_count), 0, "what was bought is not bought again");
    assert_eq!(spent(&client).await, one);
}
