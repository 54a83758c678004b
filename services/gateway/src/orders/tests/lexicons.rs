//! Lexicons that orders have without naming them: what was there when an order was accepted holds
//! for it, whatever becomes of them.

use lectern_core::id::LexiconId;
use lectern_core::lexicon::Entry;

use super::*;
use crate::domain::UsedLexicon;
use crate::lexicons::Changes;

fn id() -> LexiconId {
    "names".parse().expect("an id")
}

fn entries(respelling: &str) -> Vec<Entry> {
    vec![Entry::spelt("lead", respelling)]
}

impl World {
    /// One whose tenant has a lexicon that orders have by default.
    async fn with_names() -> Self {
        let world = Self::new().await;
        let made = world.orders.lexicons().create(&world.tenant, id(), String::new(), entries("led"), true, noted());
        made.await.expect("made");
        world
    }

    async fn change_names(&self, changes: Changes) {
        self.orders.lexicons().change(&self.tenant, &id(), "", &changes, noted()).await.expect("changed");
    }

    /// What the words of what was pinned last are said by.
    fn words(&self) -> Option<Words> {
        self.stages.words.lock().last().cloned()
    }
}

/// A change that is written down.
fn noted() -> std::future::Ready<Result<(), Failure>> {
    std::future::ready(Ok(()))
}

#[tokio::test]
async fn an_order_has_the_lexicons_by_default_unless_it_does_without_them() {
    let world = World::with_names().await;
    let made = world.order("", |_| {}).await.expect("accepted");
    assert!(made.spec.lexicons.is_empty(), "it names none");
    assert_eq!(made.spec.default_lexicons, [UsedLexicon { id: id(), version: 1 }]);
    assert_eq!(world.words(), Some(Words::Entries(entries("led"))));

    let without = world.order("", |order| order.without_default_lexicons = true).await.expect("accepted");
    assert!(without.spec.default_lexicons.is_empty() && without.spec.without_default_lexicons);
    assert_eq!(world.words(), Some(Words::Nothing));
}

#[tokio::test]
async fn an_order_that_is_repeated_or_retried_keeps_the_lexicons_that_it_had_by_default() {
    let world = World::with_names().await;
    let made = world.order("r1", |_| {}).await.expect("accepted");
    world.change_names(Changes { entries: Some(entries("leed")), ..Changes::default() }).await;
    let again = async || world.order("r1", |_| {}).await.map(|again| (again.id, again.spec));
    let first = Ok((made.id.clone(), made.spec.clone()));
    assert_eq!(again().await, first, "the first narration as it is");
    world.change_names(Changes { by_default: Some(false), ..Changes::default() }).await;
    assert_eq!(again().await, first);
    assert_eq!(world.stages.words.lock().len(), 1, "nothing was pinned again");
    let refused = world.order("r1", |order| order.without_default_lexicons = true).await;
    assert_eq!(refused.expect_err("another order").reason, Reason::RequestIdReused);

    // One that had none gets none where it is retried, though there is one by then.
    let before = world.order("r2", |_| {}).await.expect("accepted");
    assert!(before.spec.default_lexicons.is_empty());
    world.change_names(Changes { by_default: Some(true), ..Changes::default() }).await;
    for narration in [made, before] {
        world.orders.cancel(&world.tenant, &narration.id, "").await.expect("cancelled");
        let retried = world.orders.retry(&world.tenant, &narration.id, "", "").await.expect("retried").record;
        assert_eq!(retried.spec.default_lexicons, narration.spec.default_lexicons);
        assert_eq!(world.words(), Some(Words::Nothing), "what was put holds, and nothing is put anew");
    }
}
