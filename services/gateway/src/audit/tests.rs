use lectern_core::Kind;
use lectern_core::clock::ManualClock;
use lectern_core::random::SeededRandom;
use lectern_store::memory::{Fault, MemoryStore};

use super::*;

const KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

struct World {
    audit: Audit,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
        let store = Arc::new(MemoryStore::new(Arc::clone(&clock) as Arc<dyn Clock>));
        let records = Collection::<Record>::new(Arc::clone(&store) as Arc<dyn lectern_store::Store>);
        records.ensure().await.expect("a collection");
        let random = Arc::new(SeededRandom::new(1));
        let audit = Audit::new(records, Arc::clone(&clock) as Arc<dyn Clock>, random, KEPT);
        Self { audit, store, clock }
    }

    async fn note(&self, actor: &str, action: Action, target: &str, tenant: Option<&str>) {
        let tenant = tenant.map(|tenant| tenant.parse().expect("an id"));
        let (actor, target) = (actor.to_owned(), target.to_owned());
        let entry = Entry { actor, action, target, tenant, detail: String::new() };
        self.audit.record(entry).await.expect("written");
    }

    async fn targets(&self, filter: &Filter) -> Vec<String> {
        let page = self.audit.list(filter, Query::new()).await.expect("listed");
        page.items.into_iter().map(|item| item.record.target).collect()
    }
}

#[tokio::test]
async fn records_are_listed_the_newest_first_page_by_page() {
    let world = World::new().await;
    for index in 0..5 {
        world.note("admin", Action::KeyCreated, &format!("keys/{index}"), None).await;
        world.clock.advance(Duration::from_millis(1));
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = Query::new().limit(2).after(after.take());
        let page = world.audit.list(&Filter::default(), query).await.expect("listed");
        found.extend(page.items.into_iter().map(|item| item.record));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let targets: Vec<&str> = found.iter().map(|record| record.target.as_str()).collect();
    assert_eq!(targets, ["keys/4", "keys/3", "keys/2", "keys/1", "keys/0"]);
    assert!(found.is_sorted_by(|newer, older| newer.id > older.id), "ids are in the order of time: {found:?}");
}

#[tokio::test]
async fn records_of_one_millisecond_have_ids_of_their_own() {
    let world = World::new().await;
    for _ in 0..3 {
        world.note("admin", Action::PauseCreated, "pauses/services.tts", None).await;
    }
    assert_eq!(world.targets(&Filter::default()).await.len(), 3);
}

#[tokio::test]
async fn a_filter_finds_exactly_what_it_names() {
    let world = World::new().await;
    world.note("admin", Action::KeyCreated, "keys/k1", Some("acme")).await;
    world.note("keys/k1", Action::NarrationDeleted, "narrations/n1", Some("acme")).await;
    world.note("keys/k2", Action::NarrationDeleted, "narrations/n2", Some("globex")).await;
    world.note("admin", Action::PauseCreated, "pauses/services.tts", None).await;
    let tenant = |tenant: &str| Some(tenant.parse::<TenantId>().expect("an id"));
    let all = Filter::default();
    for (filter, expected) in [
        (Filter { actor: Some("admin".to_owned()), ..all.clone() }, vec!["keys/k1", "pauses/services.tts"]),
        (Filter { actor: Some("keys/k".to_owned()), ..all.clone() }, vec![]),
        (Filter { action: Some(Action::NarrationDeleted), ..all.clone() }, vec!["narrations/n1", "narrations/n2"]),
        (Filter { target: Some("keys/k1".to_owned()), ..all.clone() }, vec!["keys/k1"]),
        (Filter { tenant: tenant("acme"), ..all.clone() }, vec!["keys/k1", "narrations/n1"]),
        (
            Filter { tenant: tenant("acme"), action: Some(Action::NarrationDeleted), ..all.clone() },
            vec!["narrations/n1"],
        ),
        (Filter { tenant: tenant("globex"), target: Some("keys/k1".to_owned()), ..all.clone() }, vec![]),
    ] {
        let mut found = world.targets(&filter).await;
        found.sort_unstable();
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn what_meets_several_conditions_is_found_page_by_page_and_a_page_costs_no_more_than_it_may() {
    let world = World::new().await;
    let (wanted, others) = (5, LOOKED_AT + 10);
    for index in 0..wanted {
        world.note("keys/k1", Action::NarrationDeleted, &format!("narrations/{index}"), Some("acme")).await;
        world.note("keys/k1", Action::NarrationDeleted, "narrations/other", Some("globex")).await;
        world.clock.advance(Duration::from_millis(1));
    }
    for _ in 0..others {
        world.note("keys/k1", Action::DocumentDeleted, "documents/d1", Some("acme")).await;
    }
    let filter = Filter {
        actor: Some("keys/k1".to_owned()),
        action: Some(Action::NarrationDeleted),
        tenant: Some("acme".parse().expect("an id")),
        target: None,
    };
    let (mut sizes, mut targets, mut next) = (Vec::new(), Vec::new(), None);
    loop {
        let page = world.audit.list(&filter, Query::new().limit(2).after(next.take())).await.expect("listed");
        sizes.push(page.items.len());
        targets.extend(page.items.into_iter().map(|item| item.record.target));
        match page.next {
            Some(place) => next = Some(place),
            None => break,
        }
    }
    assert_eq!(sizes.first(), Some(&0), "nothing among the newest, and there is more: {sizes:?}");
    assert!(sizes.len() <= 5 && sizes.iter().all(|size| *size <= 2), "{sizes:?}");
    let expected: Vec<String> = (0..wanted).rev().map(|index| format!("narrations/{index}")).collect();
    assert_eq!(targets, expected);
}

#[tokio::test]
async fn long_texts_are_cut_between_characters_and_found_again() {
    let world = World::new().await;
    let long = "ü".repeat(40_000);
    let entry = Entry {
        actor: long.clone(),
        action: Action::TenantUpdated,
        target: long.clone(),
        tenant: None,
        detail: long.clone(),
    };
    world.audit.record(entry).await.expect("written");
    let filter = Filter { actor: Some(long.clone()), target: Some(long), ..Filter::default() };
    let found = world.audit.list(&filter, Query::new()).await.expect("listed").items;
    let [item] = &found[..] else { panic!("{found:?}") };
    for (text, most) in
        [(&item.record.actor, LONGEST_NAME), (&item.record.target, LONGEST_NAME), (&item.record.detail, LONGEST_DETAIL)]
    {
        assert_eq!((text.chars().count(), text.chars().last()), (most, Some('…')));
    }
    let fits = "ü".repeat(LONGEST_NAME);
    assert_eq!(cut(fits.clone(), LONGEST_NAME), fits);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_told_so_that_it_is_not_done() {
    let world = World::new().await;
    world.store.inject([Fault::Unavailable]);
    let entry = Entry {
        actor: "admin".to_owned(),
        action: Action::KeyRevoked,
        target: "keys/k1".to_owned(),
        tenant: None,
        detail: String::new(),
    };
    assert_eq!(world.audit.record(entry).await.expect_err("injected").kind, Kind::Unavailable);
}

#[tokio::test]
async fn records_are_deleted_once_they_were_kept_for_long_enough() {
    let world = World::new().await;
    let old = 2 * BATCH + 3;
    for index in 0..old {
        world.note("admin", Action::DeadLetterDiscarded, &format!("deadLetters/{index}"), None).await;
    }
    world.clock.advance(KEPT);
    world.note("admin", Action::KeyCreated, "keys/k1", None).await;
    let stop = CancellationToken::new();
    assert_eq!(world.audit.sweep(&stop).await.expect("swept"), 0, "kept for exactly as long as it is to be");
    world.clock.advance(Duration::from_millis(1));
    stop.cancel();
    assert_eq!(world.audit.sweep(&stop).await.expect("swept"), 0, "told to stop");
    assert_eq!(world.audit.sweep(&CancellationToken::new()).await.expect("swept"), u64::from(old));
    assert_eq!(world.targets(&Filter::default()).await, ["keys/k1"]);
}

#[tokio::test(start_paused = true)]
async fn old_records_go_by_themselves_every_hour_until_the_end() {
    let world = World::new().await;
    world.note("admin", Action::KeyCreated, "keys/k1", None).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(world.audit.clone().run(stop.clone()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.targets(&Filter::default()).await, ["keys/k1"]);
    world.clock.advance(KEPT + Duration::from_secs(1));
    // The sweep of this hour meets a fault, that of the next one does it.
    world.store.inject([Fault::Unavailable]);
    tokio::time::sleep(SWEPT_EVERY).await;
    assert_eq!(world.targets(&Filter::default()).await, ["keys/k1"]);
    tokio::time::sleep(SWEPT_EVERY).await;
    assert!(world.targets(&Filter::default()).await.is_empty());
    stop.cancel();
    running.await.expect("it ends when it is told to");
}
