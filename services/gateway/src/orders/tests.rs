//! What becomes of a narration that is deleted, and of the request that made it; which narrations a
//! list has.

mod lexicons;
mod repeated;
mod script;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use lectern_core::SystemClock;
use lectern_core::id::ScopeId;
use lectern_queue::ConnectOptions;
use lectern_stage::prune::Swept;
use lectern_store::{Change, Cursor};
use parking_lot::Mutex;

use super::*;
use crate::conduct::prune::InUse;
use crate::domain::{Labels, Lane, NarrationRequest, Pins, StepFailure, TenantLimits, TenantRecord, Words};
use crate::stages::Still;
use crate::testing::{Parts, fail, narration, words};

/// Stages that pin anything, and that may be out of reach.
#[derive(Debug, Default)]
struct Anywhere {
    unreachable: AtomicBool,
    /// Whether every document is erased.
    erased: AtomicBool,
    /// Whether the language of every document is set.
    english: AtomicBool,
    /// A record that is written while stages are asked next.
    meanwhile: Mutex<Option<(Collection<Narration>, NarrationId)>>,
    /// Up to which runs of which narrations files were deleted.
    deleted: Mutex<Vec<(NarrationId, u32)>>,
    /// In which scopes, and up to which runs.
    swept: Mutex<Vec<(ScopeId, u32)>>,
    /// What the words were said by of what was pinned, in order.
    words: Mutex<Vec<Words>>,
}

#[async_trait]
impl Stages for Anywhere {
    async fn pin(&self, _: &TenantId, request: &NarrationRequest) -> Result<(ScopeId, Pins), Failure> {
        if self.erased.load(Ordering::SeqCst) {
            return Err(Failure::new(Kind::NotFound, Reason::DocumentErased, "the document was erased"));
        }
        self.words.lock().push(request.lexicon.words.clone());
        let Narration { mut pins, .. } = narration();
        let scope = request.document.as_str().parse().expect("an id");
        pins.language = self.english.load(Ordering::SeqCst).then(|| "en".to_owned());
        let meanwhile = self.meanwhile.lock().take();
        if let Some((narrations, id)) = meanwhile {
            narrations.update(id.as_str(), |_| Ok(Change::Write)).await.expect("written");
        }
        Ok((scope, pins))
    }

    async fn cancel_steps(&self, _: &TenantId, _: &NarrationId, _: u32) -> Result<(), Failure> {
        if self.unreachable.load(Ordering::SeqCst) {
            return Err(Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, "out of reach"));
        }
        Ok(())
    }

    async fn delete_recording(&self, _: &TenantId, scope: &ScopeId, id: &NarrationId, run: u32) -> Result<(), Failure> {
        self.swept.lock().push((scope.clone(), run));
        self.deleted.lock().push((id.clone(), run));
        Ok(())
    }

    async fn prune(&self, _: &TenantId, _: &ScopeId, _: &InUse, _: &dyn Still) -> Result<Swept, Failure> {
        // Nothing was ever made.
        Ok(Swept::default())
    }
}

/// Orders over stages, and who orders.
struct World {
    orders: Orders,
    narrations: Collection<Narration>,
    stages: Arc<Anywhere>,
    tenants: Tenants,
    tenant: TenantId,
    /// Deletions that were written down.
    noted: AtomicUsize,
}

impl World {
    async fn new() -> Self {
        let stages = Arc::new(Anywhere::default());
        let port = Arc::clone(&stages) as Arc<dyn Stages>;
        Self::of(stages, Parts::new(port, Arc::new(SystemClock), ConnectOptions::default()).await)
    }

    fn of(stages: Arc<Anywhere>, parts: Parts) -> Self {
        let Parts { narrations, dispatcher, orders, .. } = parts;
        let tenants = dispatcher.tenants().clone();
        let (tenant, noted) = ("acme".parse().expect("an id"), AtomicUsize::new(0));
        Self { orders, narrations, stages, tenants, tenant, noted }
    }

    async fn order(&self, request_id: &str, change: impl FnOnce(&mut api::Narration)) -> Result<Narration, Failure> {
        let mut wire = api::Narration {
            documents: vec!["documents/d1".to_owned()],
            style: api::Style::Narration.into(),
            ..api::Narration::default()
        };
        change(&mut wire);
        Box::pin(self.orders.create(&self.tenant, request_id, wire)).await.map(|accepted| accepted.record)
    }

    async fn delete(&self, id: &NarrationId, etag: &str) -> Result<(), Reason> {
        self.delete_so(id, Deletion { etag, force: true, ..Deletion::default() }).await
    }

    async fn delete_so(&self, id: &NarrationId, how: Deletion<'_>) -> Result<(), Reason> {
        self.delete_as(&self.tenant, id, how).await
    }

    async fn delete_as(&self, tenant: &TenantId, id: &NarrationId, how: Deletion<'_>) -> Result<(), Reason> {
        let note = async {
            self.noted.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        self.orders.delete(tenant, id, how, note).await.map_err(|failure| failure.reason)
    }

    fn noted(&self) -> usize {
        self.noted.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_deletion_that_is_repeated_finds_nothing_and_goes_on_with_what_is_left() {
    let world = World::new().await;
    let made = world.order("", |_| {}).await.expect("accepted");
    let etag = made.version.to_string();
    assert_eq!(world.delete(&made.id, "99").await, Err(Reason::EtagMismatch));
    assert_eq!(world.noted(), 0, "nothing is deleted");

    world.stages.unreachable.store(true, Ordering::SeqCst);
    assert_eq!(world.delete(&made.id, &etag).await, Ok(()));
    for _ in 0..2 {
        assert_eq!(world.delete(&made.id, &etag).await, Err(Reason::ResourceNotFound), "on its way");
        let read = world.orders.get(&world.tenant, &made.id).await.expect_err("deleted");
        assert_eq!(read.reason, Reason::ResourceNotFound);
    }
    world.stages.unreachable.store(false, Ordering::SeqCst);
    let record = async || world.narrations.get(made.id.as_str()).await.expect("read").expect("a tombstone").record;
    assert!(!record().await.gone());
    assert_eq!(world.delete(&made.id, &etag).await, Err(Reason::ResourceNotFound));
    assert!(record().await.gone(), "it went on with what was left");

    let made = world.order("", |_| {}).await.expect("accepted");
    let stranger = "globex".parse().expect("an id");
    let of_another = world.delete_as(&stranger, &made.id, Deletion::default()).await;
    assert_eq!(of_another, Err(Reason::ResourceNotFound));
    assert_eq!(world.delete(&made.id, "").await, Ok(()));
    assert_eq!(world.delete(&made.id, "").await, Err(Reason::ResourceNotFound));
    assert_eq!(world.noted(), 2, "each deletion once");
}

#[tokio::test]
async fn what_is_missing_is_deleted_for_who_allows_it() {
    let world = World::new().await;
    let allowing = Deletion { allow_missing: true, force: true, ..Deletion::default() };
    let unknown: NarrationId = "n404".parse().expect("an id");
    assert_eq!(world.delete_so(&unknown, allowing).await, Ok(()));
    assert_eq!(world.noted(), 0, "there was nothing to delete");
    let made = world.order("", |_| {}).await.expect("accepted");
    for _ in 0..3 {
        assert_eq!(world.delete_so(&made.id, allowing).await, Ok(()));
    }
    assert_eq!(world.noted(), 1);
}

#[tokio::test]
async fn what_is_still_being_made_is_deleted_by_force_alone() {
    let world = World::new().await;
    let made = world.order("", |_| {}).await.expect("accepted");
    assert_eq!(world.delete_so(&made.id, Deletion::default()).await, Err(Reason::WrongState));
    assert_eq!(world.noted(), 0, "it is kept");
    world.orders.cancel(&world.tenant, &made.id, "").await.expect("cancelled");
    assert_eq!(world.delete_so(&made.id, Deletion::default()).await, Ok(()));
    let made = world.order("", |_| {}).await.expect("accepted");
    assert_eq!(world.delete_so(&made.id, Deletion { force: true, ..Deletion::default() }).await, Ok(()));
    assert_eq!(world.noted(), 2);
}

#[tokio::test]
async fn the_narrations_that_a_document_takes_with_it_are_counted() {
    let world = World::new().await;
    let scope = "d1".parse().expect("an id");
    let counts = async || {
        let there = world.orders.of_scope(&world.tenant, &scope).await.expect("counted");
        (there, world.orders.erased_with(&world.tenant, &scope).await.expect("counted"))
    };
    let mut last = None;
    for _ in 0..3 {
        last = Some(world.order("", |_| {}).await.expect("accepted"));
    }
    let last = last.expect("three were ordered");
    world.order("", |order| order.documents = vec!["documents/d2".to_owned()]).await.expect("accepted");
    assert_eq!(counts().await, (3, 0));
    world.orders.erase_scope(&world.tenant, &scope).await.expect("erased");
    assert_eq!(counts().await, (0, 3));
    assert_eq!(world.delete(&last.id, "").await, Ok(()));
    world.orders.erase_scope(&world.tenant, &scope).await.expect("repeated");
    assert_eq!(counts().await, (0, 3), "the receipt stays as it is");
}

/// The labels of one pair.
fn label(key: &str, value: &str) -> Labels {
    Labels::checked("labels", [(key.to_owned(), value.to_owned())].into()).expect("a label")
}

/// The ids of a list in pages of `size`, and how many pages there were.
async fn listed(world: &World, labels: &Labels, size: u32) -> (Vec<NarrationId>, usize) {
    let (mut ids, mut pages, mut at) = (Vec::new(), 0, None::<Cursor>);
    loop {
        let query = Query::new().after(at);
        let (found, next) = world.orders.list(&world.tenant, query, labels, size).await.expect("a page");
        assert!(found.len() <= size as usize);
        ids.extend(found.into_iter().map(|item| item.record.id));
        pages += 1;
        match next {
            Some(next) => at = Some(next),
            None => return (ids, pages),
        }
    }
}

#[tokio::test]
async fn a_list_by_labels_finds_each_narration_once_in_pages_of_any_size() {
    let world = World::new().await;
    for n in 0..500_u32 {
        let mut narration = narration();
        narration.id = format!("n{n:03}").parse().expect("an id");
        // Some were accepted at the same moment.
        narration.created = Timestamp(u64::from(n / 7));
        words(&mut narration).labels = label("team", if n % 3 == 0 { "press" } else { "news" });
        world.narrations.insert(&narration).await.expect("inserted");
    }
    let (all, _) = listed(&world, &Labels::none(), 1_000).await;
    assert_eq!(all.len(), 500);
    let newest = all.iter().filter(|id| id.as_str()[1..].parse::<u32>().expect("a number") % 3 == 0);
    let newest: Vec<NarrationId> = newest.cloned().collect();
    for size in [1, 7, 167, 1_000] {
        assert_eq!(listed(&world, &label("team", "press"), size).await.0, newest, "pages of {size}");
    }
    assert_eq!(listed(&world, &label("team", "nobody"), 50).await, (Vec::new(), 1));
}

#[tokio::test]
async fn a_page_of_a_list_by_labels_is_empty_before_it_looks_at_everything() {
    let world = World::new().await;
    for n in 0..2_100_u32 {
        let mut narration = narration();
        narration.id = format!("n{n}").parse().expect("an id");
        narration.created = Timestamp(u64::from(n));
        // The oldest of all.
        words(&mut narration).labels = if n == 0 { label("team", "press") } else { Labels::none() };
        world.narrations.insert(&narration).await.expect("inserted");
    }
    let wanted = label("team", "press");
    let (found, next) = world.orders.list(&world.tenant, Query::new(), &wanted, 50).await.expect("a page");
    assert!(found.is_empty() && next.is_some());
    assert_eq!(listed(&world, &wanted, 50).await, (vec!["n0".parse().expect("an id")], 2));
}

#[tokio::test]
async fn a_request_id_is_free_again_once_its_narration_is_deleted() {
    let world = World::new().await;
    let first = world.order("r1", |_| {}).await.expect("accepted");
    assert_eq!(world.order("r1", |_| {}).await.expect("the same").id, first.id);
    let other = world.order("r1", |order| order.speed = Some(1.5)).await.expect_err("another body");
    assert_eq!(other.reason, Reason::RequestIdReused);
    for unreachable in [true, false] {
        world.stages.unreachable.store(unreachable, Ordering::SeqCst);
        let before = world.order("r1", |_| {}).await;
        let run = before.as_ref().map_or(0, |before| before.run);
        assert_eq!(world.delete(&first.id, "").await, Ok(()));
        let anew = world.order("r1", |order| order.speed = Some(1.5)).await.expect("accepted anew");
        assert_eq!((&anew.id, anew.run, anew.deleted), (&first.id, run + 1, None));
        assert_eq!(world.delete(&first.id, "").await, Ok(()));
        world.order("r1", |_| {}).await.expect("accepted anew");
    }
}

#[tokio::test]
async fn a_request_is_told_by_what_was_sent_and_not_by_what_was_filled_in() {
    let world = World::new().await;
    world.stages.english.store(true, Ordering::SeqCst);
    let first = world.order("r1", |_| {}).await.expect("accepted");
    assert_eq!(first.spec.order.language.as_deref(), Some("en"), "as the document says");
    assert_eq!(world.order("r1", |_| {}).await.expect("the same").id, first.id);
    let other = world.order("r1", |order| order.language_code = "de".to_owned()).await.expect_err("another body");
    assert_eq!(other.reason, Reason::RequestIdReused);
    // What the document says may change until the request comes again.
    world.stages.english.store(false, Ordering::SeqCst);
    assert_eq!(world.order("r1", |_| {}).await.expect("the same").id, first.id);
}

#[tokio::test]
async fn an_order_takes_the_place_of_a_tombstone_that_is_written_meanwhile() {
    let world = World::new().await;
    let first = world.order("r1", |_| {}).await.expect("accepted");
    assert_eq!(world.delete(&first.id, "").await, Ok(()));
    let meanwhile = (world.narrations.clone(), first.id.clone());
    *world.stages.meanwhile.lock() = Some(meanwhile);
    let anew = world.order("r1", |_| {}).await.expect("accepted anew");
    assert_eq!((&anew.id, anew.run, anew.deleted), (&first.id, first.run + 1, None));
    let known = world.orders.get(&world.tenant, &first.id).await.expect("it is there").record;
    assert_eq!(known, anew);
    assert_eq!(world.order("r1", |_| {}).await.expect("the same").run, anew.run);
}

#[tokio::test]
async fn a_narration_is_retried_in_the_lanes_that_its_tenant_has_now() {
    let world = World::new().await;
    let hurried = |order: &mut api::Narration| order.lane = api::Lane::Interactive.into();
    let [made, other] =
        [world.order("", hurried).await.expect("accepted"), world.order("", hurried).await.expect("accepted")];
    world.orders.cancel(&world.tenant, &made.id, "").await.expect("cancelled");
    let limits = TenantLimits { lanes: vec![Lane::Bulk], ..TenantLimits::default() };
    let tenant = TenantRecord { limits, ..TenantRecord::new(world.tenant.clone(), Timestamp(0)) };
    world.tenants.create(&tenant, async { Ok(()) }).await.expect("made");
    let refused = world.orders.retry(&world.tenant, &made.id, "", "").await.expect_err("not its lane any more");
    assert_eq!((refused.kind, refused.reason), (Kind::PermissionDenied, Reason::KeyNotAllowed));
    assert_eq!(refused.field, None, "a retry names no lane");

    let failed = |narration: &mut Narration| {
        fail(narration, Timestamp(1));
        Ok(Change::Write)
    };
    world.narrations.update(other.id.as_str(), failed).await.expect("written");
    assert_eq!(world.orders.retry_run(&other.id, other.run).await, Ok(true), "an operator looks at no lanes");
}

#[tokio::test]
async fn what_a_step_missed_of_an_erased_document_is_told_as_its_erasure() {
    let world = World::new().await;
    let fail = |reason| {
        move |narration: &mut Narration| {
            let failure = Failure::new(Kind::DataLoss, reason, "an object is not there");
            narration.fail(StepFailure { failure, step: None }, Timestamp(1));
            Ok(Change::Write)
        }
    };
    let scope = "d1".parse().expect("an id");
    for (reason, told) in
        [(Reason::LanguageUnsupported, Reason::LanguageUnsupported), (Reason::ObjectDamaged, Reason::DocumentErased)]
    {
        let made = world.order("", |_| {}).await.expect("accepted");
        world.narrations.update(made.id.as_str(), fail(reason)).await.expect("written");
        world.orders.erase_scope(&world.tenant, &scope).await.expect("erased");
        let erased = world.orders.get(&world.tenant, &made.id).await.expect("it is there").record;
        assert!(erased.erased());
        assert_eq!(erased.failure().expect("why").failure.reason, told);
    }
}

#[tokio::test]
async fn what_was_ordered_while_its_document_was_erased_keeps_nothing_of_it() {
    let world = World::new().await;
    for (erased, reason) in [(false, Reason::ObjectDamaged), (true, Reason::DocumentErased)] {
        world.stages.erased.store(false, Ordering::SeqCst);
        let made = world.order("", |order| order.display_name = "Tides".to_owned()).await.expect("accepted");
        let fail = |narration: &mut Narration| {
            let failure = Failure::new(Kind::DataLoss, Reason::ObjectDamaged, "the source is not there");
            narration.fail(StepFailure { failure, step: None }, Timestamp(1));
            narration.tell_stages(Timestamp(1));
            Ok(Change::Write)
        };
        world.narrations.update(made.id.as_str(), fail).await.expect("written");
        let failed = world.orders.get(&world.tenant, &made.id).await.expect("it is there");
        world.stages.erased.store(erased, Ordering::SeqCst);
        world.orders.conductor.settle(&failed).await.expect("settled");
        let settled = world.orders.get(&world.tenant, &made.id).await.expect("it is there").record;
        assert_eq!((settled.erased(), settled.display_name().is_empty()), (erased, erased));
        assert_eq!(settled.pins.file_name.is_empty(), erased);
        assert_eq!(settled.version > failed.record.version, erased, "callers see a change");
        assert_eq!(settled.failure().expect("why").failure.reason, reason);
    }
}

#[tokio::test]
async fn an_order_with_what_cannot_be_meant_is_refused() {
    let world = World::new().await;
    let several = |order: &mut api::Narration| order.documents.push("documents/d2".to_owned());
    let refused = world.order("", several).await.expect_err("several documents");
    assert_eq!((refused.kind, refused.reason), (Kind::Unimplemented, Reason::FeatureUnavailable));
    let refused = world.order("", |order| order.speed = Some(f64::NAN)).await.expect_err("no speed");
    assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("narration.speed")));
}
