use std::future::{Ready, ready};

use lectern_core::clock::ManualClock;
use lectern_store::memory::MemoryStore;

use super::*;
use crate::domain::UsedLexicon;

fn lexicons() -> Lexicons {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
    Lexicons::new(Collection::new(Arc::new(MemoryStore::new(Arc::clone(&clock)))), clock)
}

async fn ensured() -> Lexicons {
    let lexicons = lexicons();
    lexicons.lexicons.ensure().await.expect("a collection");
    lexicons
}

fn tenant(id: &str) -> TenantId {
    id.parse().expect("an id")
}

fn id(id: &str) -> LexiconId {
    id.parse().expect("an id")
}

fn entries(respelling: &str) -> Vec<Entry> {
    vec![Entry::spelt("lead", respelling)]
}

/// Makes a lexicon, of which there is a record.
async fn create(lexicons: &Lexicons, tenant: &TenantId, id: LexiconId, entries: Vec<Entry>) -> LexiconRecord {
    lexicons.create(tenant, id, String::new(), entries, written()).await.expect("made")
}

/// A record that is written.
fn written() -> Ready<Result<(), Failure>> {
    ready(Ok(()))
}

/// A record that cannot be written.
fn unwritten() -> Ready<Result<(), Failure>> {
    ready(Err(Failure::internal("no record")))
}

#[tokio::test]
async fn a_lexicon_is_its_tenants_own() {
    let (lexicons, acme, globex) = (ensured().await, tenant("acme"), tenant("globex"));
    let made = lexicons.create(&acme, id("names"), "Names".to_owned(), entries("led"), written()).await.expect("made");
    assert_eq!(lexicons.get(&acme, &id("names")).await, Ok(made.clone()));
    let refused = lexicons.get(&globex, &id("names")).await.expect_err("of another tenant");
    assert_eq!((refused.reason, refused.resource.as_deref()), (Reason::ResourceNotFound, Some("lexicons/names")));
    let again = lexicons.create(&acme, id("names"), String::new(), Vec::new(), unwritten());
    let again = again.await.expect_err("it is there");
    assert_eq!((again.reason, again.field.as_deref()), (Reason::AlreadyExists, Some("lexicon_id")));
    create(&lexicons, &globex, id("names"), Vec::new()).await;
    create(&lexicons, &acme, id("a"), Vec::new()).await;
    let listed = lexicons.list(&acme, Query::new()).await.expect("a page");
    let listed: Vec<_> = listed.items.iter().map(|found| found.record.lexicon.as_str()).collect();
    assert_eq!(listed, ["a", "names"]);
}

#[tokio::test]
async fn only_what_was_seen_is_changed_or_deleted() {
    let (lexicons, acme, names) = (ensured().await, tenant("acme"), id("names"));
    let made = create(&lexicons, &acme, names.clone(), entries("led")).await;
    let changes = Changes { entries: Some(entries("leed")), ..Changes::default() };
    let changed = lexicons.change(&acme, &names, &made.etag(), &changes, written()).await.expect("changed");
    assert_eq!((changed.version, &changed.entries), (2, &entries("leed")));
    for etag in [made.etag(), "x".to_owned()] {
        let refused = lexicons.change(&acme, &names, &etag, &changes, unwritten()).await.expect_err("an old etag");
        assert_eq!(refused.reason, Reason::EtagMismatch);
        let refused = lexicons.delete(&acme, &names, &etag, unwritten()).await.expect_err("an old etag");
        assert_eq!(refused.reason, Reason::EtagMismatch);
    }
    let same = lexicons.change(&acme, &names, "", &changes, unwritten()).await.expect("nothing to change");
    assert_eq!(same, changed);
    lexicons.delete(&acme, &names, &changed.etag(), written()).await.expect("deleted");
    let deleted = lexicons.delete(&acme, &names, "", unwritten()).await;
    for result in [deleted, lexicons.change(&acme, &names, "", &changes, unwritten()).await.map(drop)] {
        assert_eq!(result.expect_err("it is gone").reason, Reason::ResourceNotFound);
    }
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_done() {
    let (lexicons, acme, names) = (ensured().await, tenant("acme"), id("names"));
    let refused = lexicons.create(&acme, names.clone(), String::new(), Vec::new(), unwritten()).await;
    assert_eq!(refused, Err(Failure::internal("no record")));
    assert!(lexicons.get(&acme, &names).await.is_err(), "it was not made");
    let made = create(&lexicons, &acme, names.clone(), entries("led")).await;
    let changes = Changes { entries: Some(entries("leed")), ..Changes::default() };
    let refused = lexicons.change(&acme, &names, "", &changes, unwritten()).await;
    assert_eq!(refused, Err(Failure::internal("no record")));
    let refused = lexicons.delete(&acme, &names, "", unwritten()).await;
    assert_eq!(refused, Err(Failure::internal("no record")));
    assert_eq!(lexicons.get(&acme, &names).await, Ok(made), "it is as it was");
}

#[tokio::test]
async fn a_tenant_has_so_many_at_most() {
    let (lexicons, acme) = (ensured().await, tenant("acme"));
    for number in 0..MOST_LEXICONS {
        create(&lexicons, &acme, id(&format!("l{number}")), Vec::new()).await;
    }
    let refused = lexicons.create(&acme, id("more"), String::new(), Vec::new(), unwritten());
    let refused = refused.await.expect_err("one too many");
    assert_eq!((refused.kind, refused.reason), (Kind::ResourceExhausted, Reason::LimitExceeded));
    create(&lexicons, &tenant("globex"), id("first"), Vec::new()).await;
}

#[tokio::test]
async fn an_order_has_its_own_entries_first_and_then_those_of_its_lexicons() {
    let (lexicons, acme) = (ensured().await, tenant("acme"));
    create(&lexicons, &acme, id("a"), entries("a")).await;
    create(&lexicons, &acme, id("b"), entries("b")).await;
    let changes = Changes { entries: Some(entries("b two")), ..Changes::default() };
    lexicons.change(&acme, &id("b"), "", &changes, written()).await.expect("changed");
    let used = |name: &str| UsedLexicon { id: id(name), version: 0 };
    let ordered = |names: &[&str], own: Vec<Entry>| OrderedLexicon {
        lexicons: names.iter().map(|name| used(name)).collect(),
        own,
        words: Words::Nothing,
    };
    let found = lexicons.resolved(&acme, ordered(&["b", "a"], entries("own"))).await.expect("all are there");
    assert_eq!(found.lexicons.iter().map(|used| used.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(found.words, Words::Entries([entries("own"), entries("b two"), entries("a")].concat()));
    assert_eq!(lexicons.resolved(&acme, OrderedLexicon::default()).await, Ok(OrderedLexicon::default()));
    let refused = lexicons.resolved(&acme, ordered(&["a", "c"], Vec::new())).await.expect_err("one is not there");
    assert_eq!((refused.kind, refused.field.as_deref()), (Kind::NotFound, Some("narration.lexicons[1].name")));
}
