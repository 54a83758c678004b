//! A script that waits for a person: who may change and approve it.

use super::*;
use crate::domain::{Bits, ScriptEdits};
use crate::testing::{narrate, write};

impl World {
    /// An order whose script waits for its approval, and the script's etag.
    async fn held(&self) -> (Narration, String) {
        let ordered = self.order("", |wire| wire.hold_script = true).await.expect("accepted");
        let written = |n: &mut Narration, _| {
            narrate(n, 2);
            (0..2).for_each(|section| write(n, section));
            Transition::Changed
        };
        let held = self.orders.conductor.update(&ordered.id, written).await.expect("written").expect("it is there");
        let etag = self.orders.keys(&held.record).script_etag();
        (held.record, etag)
    }

    async fn approve(&self, id: &NarrationId, etag: &str) -> Result<Narration, Reason> {
        let note = async {
            self.noted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let approved = self.orders.approve(&self.tenant, id, etag, note).await;
        approved.map(|approved| approved.record).map_err(|failure| failure.reason)
    }
}

fn edits(what: &str) -> ScriptEdits {
    ScriptEdits { key: Digest::of(what.as_bytes()), sections: Bits::first(1) }
}

#[tokio::test]
async fn a_script_is_approved_by_who_has_read_it_and_once() {
    let world = World::new().await;
    let (held, etag) = world.held().await;
    assert!(held.awaits_approval() && held.spec.hold);
    assert_eq!(world.approve(&held.id, "").await, Err(Reason::InvalidField));
    assert_eq!(world.approve(&held.id, "another").await, Err(Reason::EtagMismatch));
    assert_eq!(world.noted(), 0, "nothing was to be approved");
    let approved = world.approve(&held.id, &etag).await.expect("approved");
    assert_eq!((approved.phase(), world.noted()), (Phase::Narrating, 1));
    let again = world.approve(&held.id, &etag).await.expect("the same call, repeated");
    assert_eq!((again.version, world.noted()), (approved.version, 1));

    let plain = world.order("", |_| {}).await.expect("accepted");
    let read = world.orders.keys(&plain).script_etag();
    assert_eq!(world.approve(&plain.id, &read).await, Err(Reason::WrongState), "it waits for nobody");
    let unknown = "unknown".parse().expect("an id");
    assert_eq!(world.approve(&unknown, &etag).await, Err(Reason::ResourceNotFound));

    let (erased, etag) = world.held().await;
    world.orders.erase_scope(&world.tenant, &erased.scope).await.expect("erased");
    assert_eq!(world.approve(&erased.id, &etag).await, Err(Reason::DocumentErased));
}

#[tokio::test]
async fn of_two_who_change_a_script_at_once_one_reads_it_again() {
    let world = World::new().await;
    let (held, etag) = world.held().await;
    let known = world.orders.editable(&world.tenant, &held.id, &etag).await.expect("it waits").record;
    let first = world.orders.edit(&known, &etag, edits("a")).await.expect("changed").record;
    assert!(first.version > known.version, "who watches is told");
    let second = world.orders.edit(&known, &etag, edits("b")).await.expect_err("another was faster");
    assert_eq!((second.reason, second.field.as_deref()), (Reason::EtagMismatch, Some("etag")));
    assert_eq!(world.approve(&held.id, &etag).await, Err(Reason::EtagMismatch), "nobody has read that");

    let etag = world.orders.keys(&first).script_etag();
    world.orders.edit(&first, &etag, edits("b")).await.expect("from what there is now");
    let stale = world.orders.editable(&world.tenant, &held.id, &etag).await.expect_err("it is another one");
    assert_eq!(stale.reason, Reason::EtagMismatch);
    let current = world.orders.get(&world.tenant, &held.id).await.expect("it").record;
    let etag = world.orders.keys(&current).script_etag();
    world.approve(&held.id, &etag).await.expect("approved");
    let late = world.orders.edit(&current, &etag, edits("c")).await.expect_err("it is approved");
    assert_eq!(late.reason, Reason::WrongState);
}
