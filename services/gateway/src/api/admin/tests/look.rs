//! What operators look at: where narrations stand, steps, leases, capacity, services.

use lectern_core::id::Service;
use lectern_proto::v1::narration::State;
use lectern_work::Capacity;

use super::*;
use crate::testing::{narrate, words, write};

impl World {
    async fn statuses(&self, filter: api::NarrationStatusFilter, token: &str) -> api::ListNarrationStatusesResponse {
        let request =
            api::ListNarrationStatusesRequest { page_size: 2, page_token: token.to_owned(), filter: Some(filter) };
        self.admin.list_narration_statuses(by_admin(request)).await.expect("listed").into_inner()
    }

    async fn order(&self, id: &str, tenant: &str, created: u64, change: impl FnOnce(&mut Narration)) {
        let mut n = narration();
        (n.id, n.tenant) = (id.parse().expect("an id"), tenant.parse().expect("an id"));
        n.created = Timestamp(created);
        change(&mut n);
        self.narrations.insert(&n).await.expect("inserted");
    }
}

fn names(page: &api::ListNarrationStatusesResponse) -> Vec<&str> {
    page.narration_statuses.iter().map(|status| status.name.as_str()).collect()
}

#[tokio::test]
async fn narrations_of_all_tenants_are_listed_by_state_tenant_and_age() {
    let world = World::new().await;
    world.order("n1", "acme", 1_000, |_| {}).await;
    world.order("n2", "globex", 2_000, |n| narrate(n, 4)).await;
    world.order("n3", "acme", 3_000, |_| {}).await;
    world.order("n4", "acme", 500, |n| fail(n, Timestamp(4_000))).await;
    let held = |n: &mut Narration| {
        n.spec.hold = true;
        narrate(n, 1);
        write(n, 0);
    };
    world.order("n5", "globex", 9_000, held).await;

    let first = world.statuses(api::NarrationStatusFilter::default(), "").await;
    assert_eq!(names(&first), ["narrations/n1", "narrations/n2"]);
    let second = &first.narration_statuses[1];
    assert_eq!(
        (second.tenant.as_str(), second.state(), second.section_count),
        ("tenants/globex", State::Narrating, Some(4))
    );
    let last = world.statuses(api::NarrationStatusFilter::default(), &first.next_page_token).await;
    assert_eq!((names(&last), last.next_page_token.as_str()), (vec!["narrations/n3", "narrations/n5"], ""));

    let filter = |state: State, tenant: &str, before: Option<i64>| api::NarrationStatusFilter {
        state: state.into(),
        tenant: tenant.to_owned(),
        created_before: before.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
    };
    for (filter, expected) in [
        (filter(State::Queued, "", None), vec!["narrations/n1", "narrations/n3"]),
        (filter(State::Narrating, "", None), vec!["narrations/n2"]),
        (filter(State::Failed, "", None), vec!["narrations/n4"]),
        (filter(State::Unspecified, "tenants/acme", Some(2)), vec!["narrations/n1"]),
        (filter(State::AwaitingApproval, "", None), vec!["narrations/n5"]),
    ] {
        let page = world.statuses(filter.clone(), "").await;
        assert_eq!(names(&page), expected, "{filter:?}");
    }
    for (wrong, field) in [
        (filter(State::Failed, "acme", None), "filter.tenant"),
        (filter(State::Failed, "", Some(-5)), "filter.created_before"),
        (api::NarrationStatusFilter { state: 99, ..filter(State::Failed, "", None) }, "filter.state"),
    ] {
        let request = api::ListNarrationStatusesRequest { filter: Some(wrong), ..Default::default() };
        let refused = world.admin.list_narration_statuses(by_admin(request)).await.expect_err(field);
        assert_eq!(failure(&refused).field.as_deref(), Some(field));
    }
}

/// An administrator's key opens no tenant's documents, and this is no way around.
#[tokio::test]
async fn where_narrations_stand_is_told_without_a_word_of_theirs() {
    let world = World::new().await;
    world
        .order("n1", "acme", 1_000, |n| {
            words(n).display_name = "Canary-of-a-caller".to_owned();
            words(n).title = "Canary-of-a-title".to_owned();
            words(n).notes = vec!["Canary-of-a-note".to_owned()];
            n.pins.file_name = "Canary-of-a-file.pdf".to_owned();
        })
        .await;
    let page = world.statuses(api::NarrationStatusFilter::default(), "").await;
    assert_eq!(page.narration_statuses.len(), 1);
    assert!(!format!("{page:?}").contains("Canary"), "{page:?}");
}

#[tokio::test]
async fn the_steps_of_a_narration_come_stage_by_stage() {
    let world = World::new().await;
    world.order("n1", "acme", 1_000, |_| {}).await;
    world.stages.add(Service::Ingest, "n1/1/extract/0", "acme");
    for index in 0..3 {
        world.stages.add(Service::Tts, &format!("n1/1/record/{index}"), "acme");
    }
    world.stages.add(Service::Tts, "n2/1/record/0", "globex");
    let list = async |narration: &str, page_token: String| {
        let request = api::ListStepsRequest { narration: narration.to_owned(), page_size: 2, page_token };
        world.admin.list_steps(by_admin(request)).await.map(Response::into_inner).map_err(|s| failure(&s))
    };
    let (mut steps, mut token) = (Vec::new(), String::new());
    loop {
        let page = list("narrations/n1", token).await.expect("a page");
        steps.extend(page.steps);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let told: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.stage())).collect();
    let tts = api::StageName::Tts;
    let expected = [
        ("n1/1/extract/0", api::StageName::Ingest),
        ("n1/1/record/0", tts),
        ("n1/1/record/1", tts),
        ("n1/1/record/2", tts),
    ];
    assert_eq!(told, expected);
    assert_eq!((steps[0].tenant.as_str(), steps[0].holder.as_str()), ("tenants/acme", "worker-1"));
    let missing = list("narrations/n9", String::new()).await.expect_err("nobody ordered it");
    assert_eq!(missing.reason, Reason::ResourceNotFound);
    assert_eq!(list("n1", String::new()).await.expect_err("no name").field.as_deref(), Some("narration"));
}

#[tokio::test]
async fn leases_are_listed_of_all_tenants_or_of_one_stage() {
    let world = World::new().await;
    world.stages.add(Service::Ai, "n1/1/plan/0", "acme");
    world.stages.add(Service::Tts, "n2/1/record/0", "globex");
    let list = async |stage: api::StageName| {
        let (mut steps, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = api::ListLeasesRequest { stage: stage.into(), page_token, ..Default::default() };
            let page = world.admin.list_leases(by_admin(request)).await.expect("listed").into_inner();
            steps.extend(page.steps.into_iter().map(|step| step.step));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return steps;
            }
        }
    };
    assert_eq!(list(api::StageName::Unspecified).await, ["n1/1/plan/0", "n2/1/record/0"]);
    assert_eq!(list(api::StageName::Tts).await, ["n2/1/record/0"]);
    assert_eq!(list(api::StageName::Ingest).await, Vec::<String>::new());
}

#[tokio::test]
async fn capacity_names_workers_engines_and_gateways() {
    let world = World::new().await;
    let now = world.clock.now();
    let workers = world.admin.parts.dispatcher.workers();
    for (holder, permits, open) in [("tts-b", 2, vec!["local".to_owned()]), ("tts-a", 3, Vec::new())] {
        workers.hear(&Capacity { service: Service::Tts, holder: holder.to_owned(), permits, open }.encode(), now);
    }
    let told = world.admin.get_capacity(by_admin(api::GetCapacityRequest {})).await.expect("told").into_inner();
    let told_workers: Vec<_> =
        told.workers.iter().map(|w| (w.holder.as_str(), w.permit_count, w.open_engines.len())).collect();
    assert_eq!(told_workers, [("tts-a", 3, 0), ("tts-b", 2, 1)]);
    let [engine] = &told.engines[..] else { panic!("{:?}", told.engines) };
    assert_eq!((engine.engine.as_str(), engine.stage(), engine.slot_count), ("local", api::StageName::Tts, 4));
    let [gateway] = &told.gateways[..] else { panic!("{:?}", told.gateways) };
    assert!(gateway.answers && gateway.dispatches, "it is alone");
    let of_tts = gateway.shares.iter().find(|share| share.stage() == api::StageName::Tts).expect("a share");
    assert_eq!((of_tts.slot_count, of_tts.granted_step_count), (6, 0), "all permits, and one ahead");
}

#[tokio::test]
async fn services_say_how_they_are_and_one_that_is_away_why() {
    let world = World::new().await;
    world.stages.take_away(Service::Tts);
    world.health.part("engine/local".to_owned(), false);
    let get = async |include_settings| {
        let request = api::GetServicesRequest { include_settings };
        world.admin.get_services(by_admin(request)).await.expect("told").into_inner().services
    };
    let services = get(true).await;
    let told: Vec<_> = services.iter().map(|s| (s.service.as_str(), s.serving, s.failure.is_none())).collect();
    assert_eq!(told, [("gateway", true, true), ("ingest", true, true), ("ai", true, true), ("tts", false, false)]);
    let gateway = &services[0];
    assert_eq!((gateway.parts[0].name.as_str(), gateway.parts[0].serving), ("engine/local", false));
    let settings: Vec<_> = gateway.settings.iter().map(|s| (s.key.as_str(), s.changed)).collect();
    assert_eq!(settings, [("permits", true), ("store.url", false)]);
    assert!(get(false).await.iter().all(|service| service.settings.is_empty()));
}

#[tokio::test]
async fn nobody_but_an_administrator_looks_at_the_work_of_others() {
    let world = World::new().await;
    for role in [Role::Reader, Role::Tenant, Role::Service] {
        let refused = [
            world.admin.list_narration_statuses(by(role, Default::default())).await.map(drop),
            world.admin.list_steps(by(role, Default::default())).await.map(drop),
            world.admin.list_leases(by(role, Default::default())).await.map(drop),
            world.admin.get_capacity(by(role, Default::default())).await.map(drop),
            world.admin.get_services(by(role, Default::default())).await.map(drop),
        ];
        for refused in refused {
            assert_eq!(failure(&refused.expect_err("not his")).reason, Reason::KeyNotAllowed, "{role:?}");
        }
    }
}
