//! What operators do, call by call, and what is recorded of it.

mod look;
mod staged;

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use lectern_core::clock::ManualClock;
use lectern_core::id::StepId;
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Failure, Kind, Reason, Timestamp};
use lectern_proto::convert;
use lectern_proto::v1::audit_record::Action;
use lectern_proto::v1::dead_letter_selection::Selection;
use lectern_proto::v1::replay_dead_letters_response::Outcome;
use lectern_queue::{ConnectOptions, DeadLetter, MemoryQueue, Queue};
use lectern_rpc::{Role, TenantLimits, failure};
use lectern_store::memory::{Fault, MemoryStore};
use lectern_store::{Collection, Store};

use super::*;
use crate::audit;
use crate::domain::Narration;
use crate::testing::{Nobody, Parts, fail, narration};
use staged::Staged;

struct World {
    admin: Admin,
    narrations: Collection<Narration>,
    queue: Arc<MemoryQueue>,
    clock: Arc<ManualClock>,
    /// Of audit records alone.
    records: Arc<MemoryStore>,
    stages: Arc<Staged>,
    health: HealthState,
}

impl World {
    async fn new() -> Self {
        let manual = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
        let clock: Arc<dyn Clock> = Arc::clone(&manual) as _;
        let parts = Parts::new(Arc::new(Nobody), Arc::clone(&clock), ConnectOptions::default()).await;
        let orders = parts.orders;
        let dead_letters =
            DeadLetters::new(Arc::clone(&parts.queue) as Arc<dyn Queue>, orders.clone(), Arc::clone(&clock));
        let records = Arc::new(MemoryStore::new(Arc::clone(&clock)));
        let collection = Collection::<audit::Record>::new(Arc::clone(&records) as Arc<dyn Store>);
        collection.ensure().await.expect("a collection");
        let kept = Duration::from_secs(3_600);
        let audit = Audit::new(collection, Arc::clone(&clock), Arc::new(SeededRandom::new(2)), kept);
        let secret = TenantSecret::derive(&parts.master, &"keys".parse().expect("an id"));
        let (stages, health) = (Arc::new(Staged::default()), HealthState::new());
        let setting = |key: &str, value: &str, default: &str| Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            default: default.to_owned(),
        };
        let admin = AdminParts {
            dead_letters,
            dispatcher: parts.dispatcher,
            admission: parts.admission,
            audit,
            orders,
            stages: Arc::clone(&stages) as Arc<dyn Inspect>,
            health: health.clone(),
            settings: Arc::from([setting("permits", "3", "0"), setting("store.url", "\"memory:\"", "\"memory:\"")]),
            clock,
        };
        let admin = Admin::new(admin, secret);
        Self { admin, narrations: parts.narrations, queue: parts.queue, clock: manual, records, stages, health }
    }

    async fn bury(&self, step: &str, tenant: &str, reason: Reason) {
        let letter = DeadLetter {
            step: step.parse().expect("a step"),
            tenant: tenant.parse().expect("an id"),
            failure: Failure::new(Kind::FailedPrecondition, reason, "again and again"),
            attempts: 3,
            crashes: 1,
            traceparent: None,
            command: bytes::Bytes::new(),
            at: self.clock.now(),
        };
        self.queue.bury(letter).await.expect("buried");
    }

    async fn dead_letters(&self) -> Vec<String> {
        let listed = self.admin.list_dead_letters(by_admin(api::ListDeadLettersRequest::default())).await;
        listed.expect("listed").into_inner().dead_letters.into_iter().map(|letter| letter.name).collect()
    }

    async fn pause(&self, target: &str, note: &str) -> Result<api::Pause, Failure> {
        let pause = api::Pause { target: target.to_owned(), note: note.to_owned(), ..api::Pause::default() };
        let made = self.admin.create_pause(by_admin(api::CreatePauseRequest { pause: Some(pause) })).await;
        made.map(|made| made.into_inner().pause.expect("a pause")).map_err(|s| failure(&s))
    }

    async fn get_pause(&self, name: &str) -> Result<api::Pause, Failure> {
        let found = self.admin.get_pause(by_admin(api::GetPauseRequest { name: name.to_owned() })).await;
        found.map(|found| found.into_inner().pause.expect("a pause")).map_err(|s| failure(&s))
    }

    async fn end_pause(&self, name: &str, allow_missing: bool) -> Result<(), Failure> {
        let request = api::DeletePauseRequest { name: name.to_owned(), allow_missing };
        self.admin.delete_pause(by_admin(request)).await.map(|_| ()).map_err(|s| failure(&s))
    }

    async fn discard(&self, selection: Selection) -> Result<Vec<String>, Failure> {
        let selection = Some(api::DeadLetterSelection { selection: Some(selection) });
        let request = api::DiscardDeadLettersRequest { selection };
        let discarding = self.admin.discard_dead_letters(by_admin(request)).await.map_err(|s| failure(&s))?;
        let discarded: Vec<_> = discarding.into_inner().try_collect().await.map_err(|s| failure(&s))?;
        Ok(discarded.into_iter().map(|discarded| discarded.name).collect())
    }

    async fn replay(&self, selection: Selection) -> Result<Vec<api::ReplayDeadLettersResponse>, Failure> {
        let selection = Some(api::DeadLetterSelection { selection: Some(selection) });
        let request = api::ReplayDeadLettersRequest { selection, letters_per_second: Some(1_000.0) };
        let replaying = self.admin.replay_dead_letters(by_admin(request)).await.map_err(|s| failure(&s))?;
        replaying.into_inner().try_collect().await.map_err(|s| failure(&s))
    }

    async fn recorded(&self, filter: api::AuditRecordFilter) -> Vec<api::AuditRecord> {
        let request = api::ListAuditRecordsRequest { filter: Some(filter), ..api::ListAuditRecordsRequest::default() };
        let listed = self.admin.list_audit_records(by_admin(request)).await.expect("listed");
        listed.into_inner().audit_records
    }
}

fn by<T>(role: Role, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let tenant = "acme".parse().expect("an id");
    request.extensions_mut().insert(Caller { tenant, role, key_id: "k1".to_owned(), limits: TenantLimits::default() });
    request
}

fn by_admin<T>(message: T) -> Request<T> {
    by(Role::Admin, message)
}

fn all() -> api::AuditRecordFilter {
    api::AuditRecordFilter::default()
}

fn named(name: &str) -> Selection {
    Selection::Names(api::DeadLetterNames { names: vec![name.to_owned()] })
}

#[tokio::test]
async fn a_pause_is_known_by_a_name_that_follows_from_its_target() {
    let world = World::new().await;
    let made = world.pause("services/tts", "a new voice").await.expect("paused");
    assert_eq!((made.name.as_str(), made.target.as_str()), ("pauses/services.tts", "services/tts"));
    assert!(made.create_time.is_some());
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.pause("services/tts", "for another reason").await, Ok(made.clone()), "it was paused already");
    assert_eq!(world.get_pause("pauses/services.tts").await, Ok(made));

    assert_eq!(world.end_pause("pauses/services.tts", false).await, Ok(()));
    let gone = world.get_pause("pauses/services.tts").await.expect_err("ended");
    assert_eq!((gone.reason, gone.resource.as_deref()), (Reason::ResourceNotFound, Some("pauses/services.tts")));
    let missing = world.end_pause("pauses/services.tts", false).await.expect_err("ended already");
    assert_eq!(missing.reason, Reason::ResourceNotFound);
    assert_eq!(world.end_pause("pauses/services.tts", true).await, Ok(()));

    for wrong in ["services.tts", "pauses/tts", "pauses/services/tts", "pauses/services.gateway", "pauses/"] {
        for refused in [world.get_pause(wrong).await.map(|_| ()), world.end_pause(wrong, true).await] {
            let refused = refused.expect_err(wrong);
            assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("name")), "{wrong}");
        }
    }
    for (target, note, field) in [
        ("", "", "pause.target"),
        ("services/gateway", "", "pause.target"),
        ("services.tts", "", "pause.target"),
        ("services/tts", "two\nlines", "pause.note"),
        ("services/tts", &*"x".repeat(501), "pause.note"),
    ] {
        let refused = world.pause(target, note).await.expect_err(field);
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(field)));
    }
    let empty = world.admin.create_pause(by_admin(api::CreatePauseRequest { pause: None })).await;
    assert_eq!(failure(&empty.expect_err("nothing is paused")).field.as_deref(), Some("pause.target"));
}

#[tokio::test]
async fn what_is_paused_is_listed_by_name_page_by_page() {
    let world = World::new().await;
    for target in ["tenants/acme", "services/tts", "engines/local"] {
        world.pause(target, "").await.expect("paused");
    }
    let list = async |page_token: String| {
        let request = api::ListPausesRequest { page_size: 2, page_token };
        world.admin.list_pauses(by_admin(request)).await.map(Response::into_inner).map_err(|s| failure(&s))
    };
    let first = list(String::new()).await.expect("a page");
    let names = |page: &api::ListPausesResponse| page.pauses.iter().map(|pause| pause.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), ["pauses/engines.local", "pauses/services.tts"]);
    let last = list(first.next_page_token).await.expect("a page");
    assert_eq!((names(&last), last.next_page_token.as_str()), (vec!["pauses/tenants.acme".to_owned()], ""));

    let request = api::ListAuditRecordsRequest { page_size: 2, ..api::ListAuditRecordsRequest::default() };
    let other = world.admin.list_audit_records(by_admin(request)).await.expect("a page").into_inner();
    let refused = list(other.next_page_token).await.expect_err("a token of another list");
    assert_eq!(refused.reason, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn who_pauses_and_resumes_is_recorded_where_something_changes() {
    let world = World::new().await;
    for _ in 0..2 {
        world.pause("tenants/acme", "unpaid").await.expect("paused");
        world.clock.advance(Duration::from_millis(1));
    }
    world.end_pause("pauses/tenants.acme", false).await.expect("resumed");
    world.end_pause("pauses/tenants.acme", true).await.expect("not paused any more");
    let recorded = world.recorded(all()).await;
    let told: Vec<_> = recorded.iter().map(|record| (record.action(), &*record.target, &*record.detail)).collect();
    let target = "pauses/tenants.acme";
    assert_eq!(told, [(Action::PauseDeleted, target, "unpaid"), (Action::PauseCreated, target, "unpaid")]);
    for record in &recorded {
        assert_eq!((record.actor.as_str(), record.tenant.as_str()), ("keys/k1", "tenants/acme"));
        assert!(record.name.starts_with("auditRecords/") && record.create_time.is_some(), "{record:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_letter_is_recorded_as_it_is_done() {
    let world = World::new().await;
    world.bury("n1/1/record/0", "acme", Reason::SpeechRejected).await;
    world.bury("n2/1/plan/0", "globex", Reason::EngineUnavailable).await;
    world.bury("n3/1/record/4", "-", Reason::CommandUnreadable).await;

    let filter = api::DeadLetterFilter { tenant: "tenants/acme".to_owned(), ..api::DeadLetterFilter::default() };
    assert_eq!(world.discard(Selection::Filter(filter)).await, Ok(vec!["deadLetters/n1.1.record.0".to_owned()]));
    world.clock.advance(Duration::from_millis(1));
    // Neither narration is there, so none of them needs its letter.
    let replayed = world.replay(Selection::All(true)).await.expect("replayed");
    assert!(replayed.iter().all(|answer| answer.outcome() == Outcome::NotNeeded), "{replayed:?}");
    assert_eq!((replayed.len(), world.dead_letters().await.len()), (2, 0));

    let of = |action: Action| api::AuditRecordFilter { action: action.into(), ..all() };
    let discarded = world.recorded(of(Action::DeadLetterDiscarded)).await;
    let [record] = &discarded[..] else { panic!("{discarded:?}") };
    assert_eq!((record.actor.as_str(), record.target.as_str()), ("keys/k1", "deadLetters/n1.1.record.0"));
    assert_eq!((record.tenant.as_str(), record.detail.as_str()), ("tenants/acme", "SPEECH_REJECTED"));
    let mut replayed: Vec<(String, String)> = world
        .recorded(of(Action::DeadLetterReplayed))
        .await
        .into_iter()
        .map(|record| (record.target, record.tenant))
        .collect();
    replayed.sort_unstable();
    let expected = [("deadLetters/n2.1.plan.0", "tenants/globex"), ("deadLetters/n3.1.record.4", "")];
    assert_eq!(replayed, expected.map(|(target, tenant)| (target.to_owned(), tenant.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_letter_whose_narration_cannot_go_on_stays_and_says_why() {
    let world = World::new().await;
    let mut failed = narration();
    fail(&mut failed, Timestamp(1));
    world.narrations.insert(&failed).await.expect("inserted");
    world.bury("n1/1/record/0", "acme", Reason::SpeechRejected).await;
    let replayed = world.replay(named("deadLetters/n1.1.record.0")).await.expect("tried");
    let [answer] = &replayed[..] else { panic!("{replayed:?}") };
    assert_eq!((answer.outcome(), answer.narration.as_str()), (Outcome::Refused, "narrations/n1"));
    let status = answer.failure.as_ref().expect("why");
    let step: StepId = "n1/1/record/0".parse().expect("a step");
    assert_eq!(convert::failure(status).reason, Reason::ResourceNotFound);
    assert_eq!(convert::failed_step(status), Some(step));
    assert_eq!(world.dead_letters().await, ["deadLetters/n1.1.record.0"]);
    assert_eq!(world.recorded(all()).await.len(), 1, "that it was tried");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_recorded_is_not_done() {
    let world = World::new().await;
    world.bury("n1/1/record/0", "acme", Reason::SpeechRejected).await;
    let name = "deadLetters/n1.1.record.0";
    let fail = || world.records.inject([Fault::Unavailable]);
    fail();
    assert_eq!(world.pause("services/tts", "").await.expect_err("not recorded").kind, Kind::Unavailable);
    assert!(world.get_pause("pauses/services.tts").await.is_err());
    fail();
    assert_eq!(world.discard(named(name)).await.expect_err("not recorded").kind, Kind::Unavailable);
    fail();
    assert_eq!(world.replay(named(name)).await.expect_err("not recorded").kind, Kind::Unavailable);
    assert_eq!(world.dead_letters().await, [name]);

    world.pause("services/tts", "").await.expect("paused");
    fail();
    assert_eq!(world.end_pause("pauses/services.tts", false).await.expect_err("not recorded").kind, Kind::Unavailable);
    assert!(world.get_pause("pauses/services.tts").await.is_ok());
}

#[tokio::test]
async fn a_letter_is_shown_with_its_status_stage_and_tenant() {
    let world = World::new().await;
    world.bury("n1/1/record/0", "acme", Reason::SpeechRejected).await;
    world.bury("n2/1/plan/0", "-", Reason::CommandUnreadable).await;
    let get = async |name: &str| {
        let request = api::GetDeadLetterRequest { name: name.to_owned() };
        world.admin.get_dead_letter(by_admin(request)).await.map(|found| found.into_inner().dead_letter)
    };
    let letter = get("deadLetters/n1.1.record.0").await.expect("found").expect("a letter");
    assert_eq!((letter.stage(), letter.tenant.as_str()), (api::StageName::Tts, "tenants/acme"));
    assert_eq!((letter.attempt_count, letter.crash_count), (3, 1));
    let status = letter.failure.expect("why");
    assert_eq!(convert::failure(&status).reason, Reason::SpeechRejected);
    assert_eq!(convert::failed_step(&status).map(|step| step.to_string()), Some("n1/1/record/0".to_owned()));
    let letter = get("deadLetters/n2.1.plan.0").await.expect("found").expect("a letter");
    assert_eq!((letter.stage(), letter.tenant.as_str()), (api::StageName::Ai, ""), "nobody knows whose it is");
    let missing = failure(&get("deadLetters/n3.1.plan.0").await.expect_err("there is none"));
    assert_eq!(missing.reason, Reason::ResourceNotFound);
}

#[tokio::test]
async fn a_page_token_is_good_for_its_filter_alone() {
    let world = World::new().await;
    for index in 0..3 {
        world.bury(&format!("n{index}/1/record/0"), "acme", Reason::SpeechRejected).await;
        world.pause(&format!("engines/e{index}"), "").await.expect("paused");
        world.clock.advance(Duration::from_millis(1));
    }
    let records = async |filter: api::AuditRecordFilter, page_token: String| {
        let request = api::ListAuditRecordsRequest { page_size: 2, page_token, filter: Some(filter) };
        world.admin.list_audit_records(by_admin(request)).await.map(Response::into_inner).map_err(|s| failure(&s))
    };
    let first = records(all(), String::new()).await.expect("a page");
    let targets =
        |page: &api::ListAuditRecordsResponse| page.audit_records.iter().map(|r| r.target.clone()).collect::<Vec<_>>();
    assert_eq!(targets(&first), ["pauses/engines.e2", "pauses/engines.e1"], "the newest first");
    let last = records(all(), first.next_page_token.clone()).await.expect("a page");
    assert_eq!((targets(&last), last.next_page_token.as_str()), (vec!["pauses/engines.e0".to_owned()], ""));
    let other = api::AuditRecordFilter { actor: "admin".to_owned(), ..all() };
    let refused = records(other, first.next_page_token).await.expect_err("another filter");
    assert_eq!(refused.reason, Reason::PageTokenInvalid);
    let wrong = api::AuditRecordFilter { tenant: "acme".to_owned(), ..all() };
    assert_eq!(records(wrong, String::new()).await.expect_err("no name").field.as_deref(), Some("filter.tenant"));

    let letters = async |filter: api::DeadLetterFilter, page_token: String| {
        let request = api::ListDeadLettersRequest { page_size: 2, page_token, filter: Some(filter) };
        world.admin.list_dead_letters(by_admin(request)).await.map(Response::into_inner).map_err(|s| failure(&s))
    };
    let of_tts = || api::DeadLetterFilter { stage: api::StageName::Tts.into(), ..api::DeadLetterFilter::default() };
    let first = letters(of_tts(), String::new()).await.expect("a page");
    assert_eq!(first.dead_letters.len(), 2);
    let last = letters(of_tts(), first.next_page_token.clone()).await.expect("a page");
    assert_eq!((last.dead_letters.len(), last.next_page_token.as_str()), (1, ""));
    let refused = letters(api::DeadLetterFilter::default(), first.next_page_token).await.expect_err("another filter");
    assert_eq!(refused.reason, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn the_backlog_names_every_stage() {
    let world = World::new().await;
    let backlog = world.admin.get_backlog(by_admin(api::GetBacklogRequest {})).await.expect("counted").into_inner();
    let stages: Vec<_> = backlog.stages.iter().map(api::StageBacklog::stage).collect();
    assert_eq!(stages, [api::StageName::Ingest, api::StageName::Ai, api::StageName::Tts]);
    assert_eq!(backlog.unfinished_narration_count, 0);
}

#[tokio::test]
async fn only_an_administrator_pauses_and_reads_what_was_done() {
    let world = World::new().await;
    for role in [Role::Reader, Role::Tenant, Role::Service] {
        let pause = api::Pause { target: "services/tts".to_owned(), ..api::Pause::default() };
        let paused = world.admin.create_pause(by(role, api::CreatePauseRequest { pause: Some(pause) })).await;
        assert_eq!(failure(&paused.expect_err("not his")).reason, Reason::KeyNotAllowed, "{role:?}");
        let read = world.admin.list_audit_records(by(role, api::ListAuditRecordsRequest::default())).await;
        assert_eq!(failure(&read.expect_err("not his")).reason, Reason::KeyNotAllowed, "{role:?}");
    }
    assert!(world.recorded(all()).await.is_empty());
}
