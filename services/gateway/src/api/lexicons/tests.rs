use std::sync::Arc;
use std::time::Duration;

use lectern_core::clock::ManualClock;
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Reason, Timestamp};
use lectern_rpc::{Role, TenantLimits, failure};
use lectern_store::Collection;
use lectern_store::memory::MemoryStore;

use super::*;

async fn service() -> Lexicons {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
    let lexicons = Collection::<LexiconRecord>::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
    lexicons.ensure().await.expect("a collection");
    let records = lexicons.beside::<audit::Record>();
    records.ensure().await.expect("a collection");
    let (random, kept) = (Arc::new(SeededRandom::new(1)), Duration::from_secs(1 << 20));
    let audit = Audit::new(records, Arc::clone(&clock), random, kept);
    Lexicons::new(crate::lexicons::Lexicons::new(lexicons, clock), audit, Secrets::one(b"master"))
}

/// What is on record of a lexicon, in the order of the actions' names.
async fn audited(service: &Lexicons, target: &str) -> Vec<audit::Record> {
    let filter = audit::Filter { target: Some(target.to_owned()), ..audit::Filter::default() };
    let page = service.audit.list(&filter, Query::new()).await.expect("the store");
    let mut records: Vec<audit::Record> = page.items.into_iter().map(|item| item.record).collect();
    records.sort_by_key(|record| format!("{:?} {}", record.action, record.detail));
    records
}

fn by<T>(tenant: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let (tenant, limits) = (tenant.parse().expect("an id"), TenantLimits::default());
    request.extensions_mut().insert(Caller { tenant, role: Role::Tenant, key_id: "k".to_owned(), limits });
    request
}

fn entry(respelling: &str) -> api::LexiconEntry {
    convert::lexicon_entry_to_wire(&Entry::spelt("lead", respelling))
}

fn create(id: &str) -> api::CreateLexiconRequest {
    let lexicon = api::Lexicon { entries: vec![entry("led")], ..api::Lexicon::default() };
    api::CreateLexiconRequest { lexicon_id: id.to_owned(), lexicon: Some(lexicon) }
}

#[tokio::test]
async fn a_lexicon_is_made_read_changed_listed_and_deleted() {
    let service = service().await;
    let made = service.create_lexicon(by("acme", create("names"))).await.expect("made").into_inner();
    let made = made.lexicon.expect("a lexicon");
    assert_eq!((made.name.as_str(), made.version, made.entry_count), ("lexicons/names", 1, 1));
    let get = || api::GetLexiconRequest { name: made.name.clone() };
    let got = service.get_lexicon(by("acme", get())).await.expect("there").into_inner();
    assert_eq!(got.lexicon.as_ref(), Some(&made));
    let refused = service.get_lexicon(by("globex", get())).await.expect_err("of another tenant");
    assert_eq!(failure(&refused).reason, Reason::ResourceNotFound);

    let changed = api::Lexicon { entries: vec![entry("leed")], ..made.clone() };
    let update =
        |lexicon: &api::Lexicon| api::UpdateLexiconRequest { lexicon: Some(lexicon.clone()), update_mask: None };
    let changed = service.update_lexicon(by("acme", update(&changed))).await.expect("changed").into_inner();
    let changed = changed.lexicon.expect("a lexicon");
    assert_eq!((changed.version, &changed.entries), (2, &vec![entry("leed")]));
    let refused = service.update_lexicon(by("acme", update(&made))).await.expect_err("an old etag");
    assert_eq!(failure(&refused).reason, Reason::EtagMismatch);

    service.create_lexicon(by("acme", create("a"))).await.expect("made");
    let list = async |page_token: &str| {
        let request = api::ListLexiconsRequest { page_size: 1, page_token: page_token.to_owned() };
        service.list_lexicons(by("acme", request)).await.expect("a page").into_inner()
    };
    let first = list("").await;
    let second = list(&first.next_page_token).await;
    let shown = |page: &api::ListLexiconsResponse| {
        page.lexicons.iter().map(|one| (one.name.clone(), one.entries.len(), one.entry_count)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&first), [("lexicons/a".to_owned(), 0, 1)]);
    assert_eq!(shown(&second), [("lexicons/names".to_owned(), 0, 1)]);

    let delete = || api::DeleteLexiconRequest { name: made.name.clone(), etag: String::new() };
    service.delete_lexicon(by("acme", delete())).await.expect("deleted");
    let refused = service.delete_lexicon(by("acme", delete())).await.expect_err("it is gone");
    assert_eq!(failure(&refused).reason, Reason::ResourceNotFound);
}

#[tokio::test]
async fn each_change_is_on_record_once_and_none_of_its_words() {
    let service = service().await;
    let made = service.create_lexicon(by("acme", create("names"))).await.expect("made").into_inner();
    let made = made.lexicon.expect("a lexicon");
    service.create_lexicon(by("acme", create("names"))).await.expect_err("it is there");
    let update = async |lexicon: api::Lexicon, paths: &[&str]| {
        let mask = FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
        let request = api::UpdateLexiconRequest { lexicon: Some(lexicon), update_mask: Some(mask) };
        service.update_lexicon(by("acme", request)).await
    };
    let other = api::Lexicon { display_name: "N".to_owned(), entries: vec![entry("leed")], ..made.clone() };
    update(made.clone(), &[ENTRIES]).await.expect("nothing to change");
    update(other.clone(), &[EVERYTHING]).await.expect("changed");
    update(other, &[EVERYTHING]).await.expect_err("an old etag");
    let delete = |etag: &str| api::DeleteLexiconRequest { name: made.name.clone(), etag: etag.to_owned() };
    service.delete_lexicon(by("acme", delete("x"))).await.expect_err("another etag");
    service.delete_lexicon(by("acme", delete(""))).await.expect("deleted");
    service.delete_lexicon(by("acme", delete(""))).await.expect_err("it is gone");

    let records = audited(&service, &made.name).await;
    let shown: Vec<_> = records.iter().map(|record| (record.action, record.detail.as_str())).collect();
    let expected = [
        (Action::LexiconCreated, "entries: 1"),
        (Action::LexiconDeleted, ""),
        (Action::LexiconUpdated, "display_name, entries: 1, by_default: false"),
    ];
    assert_eq!(shown, expected);
    let by_caller = |record: &audit::Record| {
        record.actor == "keys/k" && record.tenant.as_ref().is_some_and(|tenant| tenant.as_str() == "acme")
    };
    assert!(records.iter().all(by_caller), "{records:?}");
}

#[tokio::test]
async fn whether_orders_have_it_by_default_is_set_shown_and_on_record() {
    let service = service().await;
    let mut request = create("names");
    request.lexicon.iter_mut().for_each(|lexicon| lexicon.by_default = true);
    let made = service.create_lexicon(by("acme", request)).await.expect("made").into_inner();
    let made = made.lexicon.expect("a lexicon");
    assert!(made.by_default);
    let get = api::GetLexiconRequest { name: made.name.clone() };
    let got = service.get_lexicon(by("acme", get)).await.expect("there").into_inner();
    assert_eq!(got.lexicon.as_ref(), Some(&made));
    service.create_lexicon(by("acme", create("other"))).await.expect("made");
    let list = api::ListLexiconsRequest::default();
    let listed = service.list_lexicons(by("acme", list)).await.expect("a page").into_inner();
    assert_eq!(listed.lexicons.iter().map(|one| one.by_default).collect::<Vec<_>>(), [true, false]);

    let update = async |etag: &str| {
        let lexicon = api::Lexicon { name: made.name.clone(), etag: etag.to_owned(), ..api::Lexicon::default() };
        let update_mask = Some(FieldMask { paths: vec![BY_DEFAULT.to_owned()] });
        service.update_lexicon(by("acme", api::UpdateLexiconRequest { lexicon: Some(lexicon), update_mask })).await
    };
    let changed = update(&made.etag).await.expect("changed").into_inner().lexicon.expect("a lexicon");
    assert_eq!((changed.by_default, changed.version, &changed.entries), (false, 1, &made.entries));
    assert_ne!(changed.etag, made.etag);
    let refused = update(&made.etag).await.expect_err("an old etag");
    assert_eq!(failure(&refused).reason, Reason::EtagMismatch);

    let records = audited(&service, &made.name).await;
    let shown: Vec<_> = records.iter().map(|record| (record.action, record.detail.as_str())).collect();
    let expected =
        [(Action::LexiconCreated, "entries: 1, by_default: true"), (Action::LexiconUpdated, "by_default: false")];
    assert_eq!(shown, expected);
}

#[test]
fn what_is_changed_is_what_a_mask_names_or_what_is_set() {
    let wire = |display_name: &str, entries: &[api::LexiconEntry]| api::Lexicon {
        display_name: display_name.to_owned(),
        entries: entries.to_vec(),
        ..api::Lexicon::default()
    };
    let had = |lexicon: api::Lexicon| api::Lexicon { by_default: true, ..lexicon };
    let set = |wire: api::Lexicon, paths: &[&str]| {
        let mask = FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
        let changes = changes(&wire, Some(&mask)).expect("changes");
        (changes.display_name, changes.entries.map(|entries| entries.len()), changes.by_default)
    };
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(set(wire("", &[]), &[]), (None, None, None));
    assert_eq!(set(wire("New", &[]), &[]), (name("New"), None, None));
    assert_eq!(set(wire("", &[entry("led")]), &[]), (None, Some(1), None));
    assert_eq!(set(had(wire("", &[])), &[]), (None, None, Some(true)));
    assert_eq!(set(had(wire("New", &[entry("led")])), &[ENTRIES]), (None, Some(1), None));
    assert_eq!(set(wire("", &[]), &[EVERYTHING]), (name(""), Some(0), Some(false)));
    assert_eq!(set(wire("", &[]), &[DISPLAY_NAME]), (name(""), None, None));
    assert_eq!(set(wire("New", &[]), &[BY_DEFAULT]), (None, None, Some(false)));
    let mask = FieldMask { paths: vec!["name".to_owned()] };
    let refused = changes(&wire("", &[]), Some(&mask)).expect_err("no such field");
    assert_eq!(refused.field.as_deref(), Some("update_mask"));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_its_field() {
    let service = service().await;
    let mut wrong = create("names");
    wrong.lexicon.iter_mut().for_each(|lexicon| lexicon.entries.push(entry("")));
    for (request, field) in [(create("a b"), "lexicon_id"), (wrong, "lexicon.entries[1]")] {
        let refused = service.create_lexicon(by("acme", request)).await.expect_err(field);
        let failure = failure(&refused);
        assert_eq!((failure.reason, failure.field.as_deref()), (Reason::InvalidField, Some(field)));
    }
}
