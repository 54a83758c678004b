use std::future::{Ready, ready};

use lectern_core::clock::ManualClock;
use lectern_core::lexicon::{MOST_BYTES, MOST_ENTRIES};
use lectern_store::Store;
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
    lexicons.create(tenant, id, String::new(), entries, false, written()).await.expect("made")
}

/// Makes a lexicon that orders have by default.
async fn create_default(lexicons: &Lexicons, tenant: &TenantId, id: LexiconId, entries: Vec<Entry>) -> LexiconRecord {
    lexicons.create(tenant, id, String::new(), entries, true, written()).await.expect("made")
}

/// An order that names these lexicons.
fn ordered(names: &[&str], own: Vec<Entry>) -> OrderedLexicon {
    OrderedLexicon { lexicons: names.iter().map(|name| used(name, 0)).collect(), own, ..OrderedLexicon::default() }
}

fn used(name: &str, version: u64) -> UsedLexicon {
    UsedLexicon { id: id(name), version }
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
    let made = lexicons.create(&acme, id("names"), "Names".to_owned(), entries("led"), false, written());
    let made = made.await.expect("made");
    assert_eq!(lexicons.get(&acme, &id("names")).await, Ok(made.clone()));
    let refused = lexicons.get(&globex, &id("names")).await.expect_err("of another tenant");
    assert_eq!((refused.reason, refused.resource.as_deref()), (Reason::ResourceNotFound, Some("lexicons/names")));
    let again = lexicons.create(&acme, id("names"), String::new(), Vec::new(), false, unwritten());
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
    let refused = lexicons.create(&acme, names.clone(), String::new(), Vec::new(), false, unwritten()).await;
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
    let refused = lexicons.create(&acme, id("more"), String::new(), Vec::new(), false, unwritten());
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
    let found = lexicons.resolved(&acme, ordered(&["b", "a"], entries("own"))).await.expect("all are there");
    assert_eq!(found.lexicons.iter().map(|used| used.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(found.words, Words::Entries([entries("own"), entries("b two"), entries("a")].concat()));
    assert_eq!(lexicons.resolved(&acme, OrderedLexicon::default()).await, Ok(OrderedLexicon::default()));
    let refused = lexicons.resolved(&acme, ordered(&["a", "c"], Vec::new())).await.expect_err("one is not there");
    assert_eq!((refused.kind, refused.field.as_deref()), (Kind::NotFound, Some("narration.lexicons[1].name")));
}

#[tokio::test]
async fn an_order_has_the_lexicons_by_default_behind_those_that_it_names() {
    let (lexicons, acme) = (ensured().await, tenant("acme"));
    create(&lexicons, &acme, id("a"), entries("a")).await;
    for name in ["z", "d"] {
        create_default(&lexicons, &acme, id(name), entries(name)).await;
    }
    create_default(&lexicons, &tenant("globex"), id("g"), entries("g")).await;
    let resolved = async |ordered: OrderedLexicon| lexicons.resolved(&acme, ordered).await.expect("all are there");

    let found = resolved(ordered(&["a"], entries("own"))).await;
    assert_eq!((found.lexicons, found.defaults), (vec![used("a", 1)], vec![used("d", 1), used("z", 1)]));
    let expected = [entries("own"), entries("a"), entries("d"), entries("z")].concat();
    assert_eq!(found.words, Words::Entries(expected), "its own, those it names, those by default by their ids");
    let found = resolved(OrderedLexicon::default()).await;
    assert_eq!(found.words, Words::Entries([entries("d"), entries("z")].concat()));

    let found = resolved(ordered(&["z", "a"], Vec::new())).await;
    assert_eq!(found.defaults, [used("d", 1)], "one that is named is there once, at its place");
    assert_eq!(found.words, Words::Entries([entries("z"), entries("a"), entries("d")].concat()));

    let without = |ordered: OrderedLexicon| OrderedLexicon { without_defaults: true, ..ordered };
    let found = resolved(without(ordered(&["a"], Vec::new()))).await;
    assert_eq!((found.defaults, found.words), (Vec::new(), Words::Entries(entries("a"))));
    let nothing = without(OrderedLexicon::default());
    assert_eq!(resolved(nothing.clone()).await, nothing);
}

#[tokio::test]
async fn a_lexicon_becomes_one_by_default_and_ends_to_be_one() {
    let (lexicons, acme, names) = (ensured().await, tenant("acme"), id("names"));
    let made = create(&lexicons, &acme, names.clone(), entries("led")).await;
    let defaults = async || {
        let found = lexicons.resolved(&acme, OrderedLexicon::default()).await.expect("all are there");
        (found.defaults, found.words)
    };
    assert_eq!(defaults().await, (Vec::new(), Words::Nothing));
    let set = |by_default| Changes { by_default: Some(by_default), ..Changes::default() };
    let had = lexicons.change(&acme, &names, &made.etag(), &set(true), written()).await.expect("changed");
    assert_eq!((had.by_default, had.version, &had.entries), (true, 1, &made.entries));
    assert_eq!(defaults().await, (vec![used("names", 1)], Words::Entries(entries("led"))));
    let refused = lexicons.change(&acme, &names, &made.etag(), &set(false), unwritten()).await;
    assert_eq!(refused.expect_err("an old etag").reason, Reason::EtagMismatch);
    let same = lexicons.change(&acme, &names, &had.etag(), &set(true), unwritten()).await.expect("nothing to change");
    assert_eq!(same, had);

    // One without entries is told, and nothing is said by it.
    let emptied = Changes { entries: Some(Vec::new()), ..Changes::default() };
    lexicons.change(&acme, &names, "", &emptied, written()).await.expect("changed");
    assert_eq!(defaults().await, (vec![used("names", 2)], Words::Nothing));
    lexicons.change(&acme, &names, "", &set(false), written()).await.expect("changed");
    assert_eq!(defaults().await, (Vec::new(), Words::Nothing));
}

#[tokio::test]
async fn an_order_that_lexicons_by_default_make_too_large_is_refused_with_the_one_that_does() {
    let (lexicons, acme) = (ensured().await, tenant("acme"));
    // Of entries an order has those of five lexicons at most, its own among them; of bytes too.
    let many = vec![Entry::spelt("lead", "led"); MOST_ENTRIES];
    for name in ["a", "b", "c", "d"] {
        create_default(&lexicons, &acme, id(name), many.clone()).await;
    }
    let resolved = async |ordered: OrderedLexicon| lexicons.resolved(&acme, ordered).await;
    assert!(resolved(ordered(&[], many.clone())).await.is_ok(), "as many as may be");
    create_default(&lexicons, &acme, id("e"), entries("one more")).await;
    let refused = resolved(ordered(&["a"], many.clone())).await.expect_err("one entry too many");
    assert_eq!((refused.reason, refused.resource.as_deref()), (Reason::InvalidField, Some("lexicons/e")));
    assert_eq!(refused.field.as_deref(), Some("narration.lexicons"));
    assert!(refused.message.contains("2501 entries, and may have 2500"), "{refused}");
    let without = OrderedLexicon { without_defaults: true, ..ordered(&["a"], many) };
    assert!(resolved(without).await.is_ok(), "what helps does help");

    let globex = tenant("globex");
    let long = |count: usize| vec![Entry::spelt(&"a".repeat(100), &"b".repeat(200)); count];
    let most = MOST_BYTES / long(1)[0].weight();
    for name in ["a", "b", "c", "d", "e"] {
        create_default(&lexicons, &globex, id(name), long(most)).await;
    }
    assert!(lexicons.resolved(&globex, OrderedLexicon::default()).await.is_ok());
    let refused = lexicons.resolved(&globex, ordered(&[], long(most))).await.expect_err("too many bytes");
    assert_eq!((refused.reason, refused.resource.as_deref()), (Reason::InvalidField, Some("lexicons/e")));
    assert!(refused.message.contains("bytes of entries, and may have 240000"), "{refused}");
}

#[tokio::test]
async fn a_lexicon_by_default_that_cannot_be_read_is_not_left_out_in_silence() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::clone(&clock)));
    let (lexicons, acme) = (Lexicons::new(Collection::new(Arc::clone(&store)), clock), tenant("acme"));
    lexicons.lexicons.ensure().await.expect("a collection");
    let newer = serde_json::json!({"_schema": 99, "tenant": "acme", "lexicon": "n", "by_default": true});
    store.insert("lexicons", "acme/n", &newer).await.expect("written");
    let refused = lexicons.resolved(&acme, OrderedLexicon::default()).await.expect_err("nobody can read it");
    assert_eq!(refused.reason, Reason::StoreUnavailable);
    let without = OrderedLexicon { without_defaults: true, ..OrderedLexicon::default() };
    assert_eq!(lexicons.resolved(&acme, without.clone()).await, Ok(without));
}
