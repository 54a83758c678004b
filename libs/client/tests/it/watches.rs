//! Watches that are disturbed.

use std::time::Duration;

use lectern_core::{Failure, Kind, Reason};
use lectern_proto::v1::narration::State as Stage;
use lectern_testkit::Proxy;

use crate::server::{Cut, End, Fake, NARRATION, State, broken, client_of};

const STAGES: [Stage; 3] = [Stage::Queued, Stage::Narrating, Stage::Succeeded];

async fn with_cuts(cuts: impl IntoIterator<Item = Cut>) -> Fake {
    Fake::start(State { stages: STAGES.to_vec(), cuts: cuts.into_iter().collect(), ..State::default() }).await
}

#[tokio::test]
async fn a_broken_watch_goes_on_after_what_it_has_seen() {
    let refused = Cut { after: 0, end: End::With(Failure::new(Kind::Unavailable, Reason::ShuttingDown, "again")) };
    let fake = with_cuts([broken(1), refused, broken(1)]).await;
    let mut watch = fake.client().watch(NARRATION);
    let mut seen = Vec::new();
    while let Some(narration) = watch.next().await.unwrap() {
        seen.push(narration.state());
    }
    assert_eq!(seen, STAGES);
    assert_eq!(watch.resume_token(), "3");
    assert_eq!(fake.asked(), ["watch ", "watch 1", "watch 1", "watch 2"]);
    assert_eq!(watch.next().await, Ok(None), "it stays at its end");
}

#[tokio::test]
async fn a_lost_connection_is_a_break_like_any_other() {
    let fake = with_cuts([Cut { after: 1, end: End::Never }]).await;
    let proxy = Proxy::start(fake.address);
    let mut watch = client_of(proxy.address()).watch(NARRATION);
    assert_eq!(watch.next().await.unwrap().unwrap().state(), Stage::Queued);
    let waiting = tokio::time::timeout(Duration::from_millis(50), watch.next()).await;
    assert!(waiting.is_err(), "nothing comes, and nothing is lost by not waiting for it");
    proxy.drop_connections();
    assert_eq!(watch.terminal().await.unwrap().state(), Stage::Succeeded);
    assert_eq!(fake.asked(), ["watch ", "watch 1"]);
}

#[tokio::test]
async fn a_watch_that_had_seen_the_end_is_told_it_again() {
    let fake = with_cuts([]).await;
    let watch = fake.client().watch(NARRATION).after("3");
    assert_eq!(watch.terminal().await.unwrap().state(), Stage::Succeeded);
    assert_eq!(fake.asked(), ["watch 3", "get"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_waited_for() {
    let missing = Failure::not_found(NARRATION);
    let fake = with_cuts([Cut { after: 0, end: End::With(missing) }]).await;
    let failure = fake.client().watch(NARRATION).terminal().await.unwrap_err();
    assert_eq!((failure.reason, fake.asked().len()), (Reason::ResourceNotFound, 1));
}
