//! Tenants are made, read and changed, and what each may use is its own.

use std::time::Duration;

use lectern_e2e::{Client, Instance, PATIENCE, Profile, of, refusal};
use lectern_proto::v1::{self as api, create_document_request::Source, tenant};
use prost_types::FieldMask;
use tonic::{Code, Status};

use crate::operators::pause_of;

on_both_profiles!(
    a_tenant_is_made_read_listed_and_changed,
    what_no_tenant_can_be_is_refused,
    the_quota_says_what_holds_and_what_is_used,
);

/// Calls that a tenant with the installation's settings makes at once.
const CALLS: usize = 30;
/// Calls that the limited tenant may make at once.
const BURST: i32 = 3;
/// Calls of the limited tenant that may be in flight.
const STREAMS: i32 = 3;

/// Makes a tenant with these limits.
pub(crate) async fn create(instance: &Instance, id: &str, limits: api::TenantLimits) -> Result<api::Tenant, Status> {
    let tenant = api::Tenant { limits: Some(limits), ..api::Tenant::default() };
    let request = api::CreateTenantRequest { tenant_id: id.to_owned(), tenant: Some(tenant) };
    let made = instance.admin().tenants().create_tenant(request).await?.into_inner();
    Ok(made.tenant.expect("the tenant"))
}

/// A caller of a tenant with these limits, which hold from its first call on.
async fn limited(instance: &Instance, id: &str, limits: api::TenantLimits) -> Client {
    create(instance, id, limits).await.expect("a tenant");
    instance.tenant(id).await
}

/// Changes what `paths` name of a tenant.
pub(crate) async fn update(instance: &Instance, tenant: api::Tenant, paths: &[&str]) -> Result<api::Tenant, Status> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = api::UpdateTenantRequest { tenant: Some(tenant), update_mask: Some(FieldMask { paths }) };
    let updated = instance.admin().tenants().update_tenant(request).await?.into_inner();
    Ok(updated.tenant.expect("the tenant"))
}

async fn list_voices(client: &Client) -> Result<(), Status> {
    client.voices().list_voices(api::ListVoicesRequest::default()).await.map(|_| ())
}

fn refused(status: &Status) -> (Code, String) {
    let refused = refusal(status);
    (refused.code, refused.reason)
}

fn over_the_limit() -> (Code, String) {
    (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned())
}

async fn a_tenant_is_made_read_listed_and_changed(profile: Profile) {
    let instance = profile.setup().start().await;
    let mut tenants = instance.admin().tenants();
    let limits = api::TenantLimits {
        requests_per_second: Some(2.5),
        unfinished_narration_count: Some(0),
        lanes: vec![api::Lane::Bulk.into()],
        ..api::TenantLimits::default()
    };
    let made = create(&instance, "globex", limits.clone()).await.expect("a tenant");
    assert_eq!((made.name.as_str(), made.state()), ("tenants/globex", tenant::State::Active));
    assert_eq!(made.limits.as_ref(), Some(&limits), "zero is a limit, and not the lack of one");
    assert!(made.create_time.is_some() && made.create_time == made.update_time && !made.etag.is_empty(), "{made:?}");
    let again = create(&instance, "globex", api::TenantLimits::default()).await.expect_err("there is one");
    assert_eq!(refused(&again), (Code::AlreadyExists, "ALREADY_EXISTS".to_owned()));
    let get = api::GetTenantRequest { name: made.name.clone() };
    let read = tenants.get_tenant(get).await.expect("it").into_inner().tenant;
    assert_eq!(read.as_ref(), Some(&made), "the second call changed nothing");

    // One field of the limits: the others stay, and what is named and not set is the installation's
    // again.
    let change = api::Tenant {
        name: made.name.clone(),
        display_name: "not named in the mask".to_owned(),
        limits: Some(api::TenantLimits { burst_request_count: Some(7), ..api::TenantLimits::default() }),
        etag: made.etag.clone(),
        ..api::Tenant::default()
    };
    let paths = ["limits.burst_request_count", "limits.requests_per_second"];
    let changed = update(&instance, change.clone(), &paths).await.expect("changed");
    let expected = api::TenantLimits { requests_per_second: None, burst_request_count: Some(7), ..limits };
    assert_eq!((changed.display_name.as_str(), changed.limits.as_ref()), ("", Some(&expected)));
    assert_ne!(changed.etag, made.etag);
    let stale = update(&instance, change.clone(), &paths).await.expect_err("it has changed since");
    assert_eq!(refused(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    // No mask is what is set, field by field: what the caller says nothing of stays.
    let named = api::Tenant { display_name: "Globex".to_owned(), limits: None, etag: String::new(), ..change };
    let changed = update(&instance, named.clone(), &[]).await.expect("changed");
    assert_eq!((changed.display_name.as_str(), changed.limits.as_ref()), ("Globex", Some(&expected)));
    let faster = api::TenantLimits { requests_per_second: Some(9.5), ..api::TenantLimits::default() };
    let faster = api::Tenant { display_name: String::new(), limits: Some(faster), ..named.clone() };
    let changed = update(&instance, faster, &[]).await.expect("changed");
    let expected = api::TenantLimits { requests_per_second: Some(9.5), ..expected };
    assert_eq!((changed.display_name.as_str(), changed.limits.as_ref()), ("Globex", Some(&expected)));
    // `*` is all of it: the name, and the limits as a whole.
    let whole = api::Tenant { display_name: "Globex Corporation".to_owned(), ..named };
    let changed = update(&instance, whole.clone(), &["*"]).await.expect("changed");
    assert_eq!(changed.display_name, "Globex Corporation");
    assert_eq!(changed.limits.unwrap_or_default(), api::TenantLimits::default());
    let wrong = update(&instance, whole, &["state"]).await.expect_err("a state is not set");
    assert_eq!(refused(&wrong), (Code::InvalidArgument, "INVALID_FIELD".to_owned()));

    // By id, page by page.
    for id in ["aperture", "hooli"] {
        create(&instance, id, api::TenantLimits::default()).await.expect("a tenant");
    }
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = api::ListTenantsRequest { page_size: 2, page_token };
        let page = tenants.list_tenants(request).await.expect("a page").into_inner();
        assert!(page.tenants.len() <= 2);
        names.extend(page.tenants.into_iter().map(|tenant| tenant.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(names.is_sorted(), "{names:?}");
    for id in ["aperture", "globex", "hooli"] {
        assert_eq!(names.iter().filter(|name| **name == format!("tenants/{id}")).count(), 1, "{names:?}");
    }
    // A tenant that a key was made for is one as well.
    instance.key("initech").await;
    let get = api::GetTenantRequest { name: "tenants/initech".to_owned() };
    let implied = tenants.get_tenant(get).await.expect("it").into_inner().tenant.expect("it");
    assert_eq!(implied.limits.unwrap_or_default(), api::TenantLimits::default());
}

async fn what_no_tenant_can_be_is_refused(profile: Profile) {
    let instance = profile.setup().start().await;
    let invalid = (Code::InvalidArgument, "INVALID_FIELD".to_owned());
    for id in ["", "-", "a-", "_a", "admin", "ADMIN", "keys", "lectern", "Local", "a b", "a/b", &"a".repeat(65)] {
        let wrong = create(&instance, id, api::TenantLimits::default()).await.expect_err(id);
        assert_eq!(refused(&wrong), invalid, "{id:?}");
    }
    let none = api::TenantLimits::default;
    for (what, limits) in [
        ("no rate", api::TenantLimits { requests_per_second: Some(0.0), ..none() }),
        ("a rate that is no number", api::TenantLimits { requests_per_second: Some(f64::NAN), ..none() }),
        ("a rate beyond all", api::TenantLimits { requests_per_second: Some(100_001.0), ..none() }),
        ("no burst", api::TenantLimits { burst_request_count: Some(0), ..none() }),
        ("no call", api::TenantLimits { concurrent_call_count: Some(0), ..none() }),
        ("narrations below none", api::TenantLimits { unfinished_narration_count: Some(-1), ..none() }),
        ("no step", api::TenantLimits { concurrent_step_count: Some(0), ..none() }),
        ("bytes below none", api::TenantLimits { stored_source_bytes: Some(-1), ..none() }),
        ("an unknown lane", api::TenantLimits { lanes: vec![99], ..none() }),
    ] {
        let wrong = create(&instance, "acme-2", limits.clone()).await.expect_err(what);
        assert_eq!(refused(&wrong), invalid, "{what}");
    }
    let get = api::GetTenantRequest { name: "tenants/acme-2".to_owned() };
    let nobody = instance.admin().tenants().get_tenant(get).await.expect_err("none was made");
    assert_eq!(refused(&nobody), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
    let nobody = api::Tenant { name: "tenants/acme-2".to_owned(), ..api::Tenant::default() };
    let nobody = update(&instance, nobody, &["display_name"]).await.expect_err("none was made");
    assert_eq!(refused(&nobody), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

async fn quota(client: &Client) -> api::Quota {
    let answer = client.quota().get_quota(api::GetQuotaRequest {}).await.expect("a quota").into_inner();
    answer.quota.expect("the quota")
}

/// Asks for the quota until it says so: counts are as old as a minute.
async fn told(client: &Client, what: &str, so: impl Fn(&api::Quota) -> bool) {
    let told = async {
        while !so(&quota(client).await) {
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await;
    assert!(told.is_ok(), "{what} is not told");
}

async fn the_quota_says_what_holds_and_what_is_used(profile: Profile) {
    let instance = profile.setup().start().await;
    let (client, mut admin) = (instance.client(), instance.admin().admin());
    // The settings as they are by default.
    let first = quota(&client).await;
    assert_eq!(first.tenant, format!("tenants/{}", instance.tenant_id()));
    let limits = first.limits.expect("limits");
    assert_eq!(
        (limits.requests_per_second, limits.burst_request_count, limits.concurrent_call_count),
        (Some(50.0), Some(200), Some(500))
    );
    assert!(limits.unfinished_narration_count.is_some_and(|count| count > 0), "{limits:?}");
    assert_eq!((limits.concurrent_step_count, limits.stored_source_bytes), (Some(64), None), "{limits:?}");

    let create = pause_of("services/ingest", "so that an order stays unfinished");
    let pause = admin.create_pause(create).await.expect("paused").into_inner().pause.expect("a pause");
    // Every replica knows within two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let documents = [client.markdown("# One\n\nA first text.").await, client.markdown("# Two\n\nA second.").await];
    let bytes: i64 = documents.iter().map(|document| document.size_bytes).sum();
    let name = client.order(of(&documents[0])).await.expect("accepted").name;
    told(&client, "what is used", |quota| {
        (quota.document_count, quota.stored_source_bytes, quota.unfinished_narration_count) == (2, bytes, 1)
    })
    .await;

    admin.delete_pause(api::DeletePauseRequest { name: pause.name, ..Default::default() }).await.expect("resumed");
    client.finished(&name).await;
    let delete = api::DeleteDocumentRequest { name: documents[1].name.clone(), ..Default::default() };
    client.documents().delete_document(delete).await.expect("erased");
    let left = documents[0].size_bytes;
    told(&client, "what is used no more", |quota| {
        (quota.document_count, quota.stored_source_bytes, quota.unfinished_narration_count) == (1, left, 0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_own_rate_holds_beside_the_installations() {
    let instance = Profile::Stack.setup().start().await;
    let rate = api::TenantLimits {
        requests_per_second: Some(0.01),
        burst_request_count: Some(BURST),
        ..api::TenantLimits::default()
    };
    let slow = limited(&instance, "globex", rate).await;
    let usual = instance.client();
    for call in 0..BURST {
        list_voices(&slow).await.unwrap_or_else(|status| panic!("call {call} is within the burst: {status}"));
    }
    let status = list_voices(&slow).await.expect_err("over its rate");
    assert_eq!(refused(&status), (Code::ResourceExhausted, "RATE_LIMITED".to_owned()));
    for _ in 0..CALLS {
        list_voices(&usual).await.expect("another tenant has the rate of the installation");
    }
    // A change holds within half a minute: the bucket is filled at the new rate.
    let faster = api::TenantLimits { requests_per_second: Some(1_000.0), ..api::TenantLimits::default() };
    let faster = api::Tenant { name: "tenants/globex".to_owned(), limits: Some(faster), ..api::Tenant::default() };
    update(&instance, faster, &["limits"]).await.expect("changed");
    let again = async {
        while list_voices(&slow).await.is_err() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the new rate holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_its_own_share_of_calls_in_flight() {
    let instance = Profile::Stack.setup().start().await;
    let share = api::TenantLimits { concurrent_call_count: Some(STREAMS), ..api::TenantLimits::default() };
    let narrow = limited(&instance, "globex", share).await;
    let create = pause_of("services/ingest", "so that a watch does not end");
    instance.admin().admin().create_pause(create).await.expect("paused");
    // Every replica knows within two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let document = narrow.markdown("# Streams\n\nSome of them are open.").await;
    let name = narrow.order(of(&document)).await.expect("accepted").name;

    let mut held = Vec::new();
    let status = loop {
        let request = api::WatchNarrationRequest { name: name.clone(), ..Default::default() };
        match narrow.narrations().watch_narration(request).await {
            Ok(news) => held.push(news.into_inner()),
            Err(status) => break status,
        }
        assert!(held.len() <= STREAMS as usize, "{} streams are open", held.len());
    };
    assert!(!held.is_empty(), "one at least is open: {status:?}");
    assert_eq!(refused(&status), over_the_limit());
    list_voices(&instance.client()).await.expect("another tenant has a share of its own");
    drop(held);
    let room = async {
        while list_voices(&narrow).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, room).await.expect("what was held is given back");
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_a_tenant_may_not_use_are_refused() {
    let instance = Profile::Stack.setup().start().await;
    let lanes = api::TenantLimits { lanes: vec![api::Lane::Bulk.into()], ..api::TenantLimits::default() };
    let client = limited(&instance, "globex", lanes).await;
    let document = client.markdown("# Lanes\n\nOne of them is open.").await;
    for lane in [api::Lane::Unspecified, api::Lane::Standard, api::Lane::Interactive] {
        let order = api::Narration { lane: lane.into(), ..of(&document) };
        let status = client.order(order).await.expect_err("not this lane");
        assert_eq!(refused(&status), (Code::PermissionDenied, "KEY_NOT_ALLOWED".to_owned()), "{lane:?}");
    }
    assert!(client.list_narrations().await.is_empty());
    let done = client.narrate(api::Narration { lane: api::Lane::Bulk.into(), ..of(&document) }).await;
    assert_eq!(done.lane(), api::Lane::Bulk);
    let quota = client.quota().get_quota(api::GetQuotaRequest {}).await.expect("a quota").into_inner().quota;
    assert_eq!(quota.and_then(|quota| quota.limits).map(|limits| limits.lanes), Some(vec![api::Lane::Bulk.into()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_asks_for_its_lane_again() {
    let instance = Profile::Stack.setup().start().await;
    let client = limited(&instance, "globex", api::TenantLimits::default()).await;
    let create = pause_of("services/ingest", "so that an order can be cancelled");
    let pause = instance.admin().admin().create_pause(create).await.expect("paused").into_inner().pause;
    // Every replica knows within two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let document = client.markdown("# Lanes\n\nOne of them is closed again.").await;
    let order = api::Narration { lane: api::Lane::Interactive.into(), ..of(&document) };
    let name = client.order(order).await.expect("accepted").name;
    let cancel = api::CancelNarrationRequest { name: name.clone(), ..Default::default() };
    client.narrations().cancel_narration(cancel).await.expect("cancelled");
    client.watch(&name, |_| false).await;
    let end = api::DeletePauseRequest { name: pause.expect("a pause").name, ..Default::default() };
    instance.admin().admin().delete_pause(end).await.expect("resumed");

    let allow = async |lanes: &[api::Lane]| {
        let lanes: Vec<i32> = lanes.iter().map(|lane| (*lane).into()).collect();
        let limits = Some(api::TenantLimits { lanes: lanes.clone(), ..api::TenantLimits::default() });
        let tenant = api::Tenant { name: "tenants/globex".to_owned(), limits, ..api::Tenant::default() };
        update(&instance, tenant, &["limits.lanes"]).await.expect("changed");
        let so = |quota: &api::Quota| quota.limits.as_ref().is_some_and(|limits| limits.lanes == lanes);
        told(&client, "which lanes are open", so).await;
    };
    let retry = api::RetryNarrationRequest { name: name.clone(), ..api::RetryNarrationRequest::default() };
    allow(&[api::Lane::Bulk]).await;
    let status = client.narrations().retry_narration(retry.clone()).await.expect_err("its lane is closed");
    assert_eq!(refused(&status), (Code::PermissionDenied, "KEY_NOT_ALLOWED".to_owned()));
    allow(&[api::Lane::Interactive, api::Lane::Bulk]).await;
    client.narrations().retry_narration(retry).await.expect("its lane is open");
    let finished = client.finished(&name).await;
    assert_eq!((finished.lane(), finished.run), (api::Lane::Interactive, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_and_orders_over_a_tenants_share_are_refused() {
    let instance = Profile::Stack.setup().start().await;
    let share = api::TenantLimits {
        stored_source_bytes: Some(20),
        unfinished_narration_count: Some(0),
        ..api::TenantLimits::default()
    };
    let client = limited(&instance, "globex", share).await;
    let long = "A text of more than twenty bytes.";
    let created = client.create(Source::Text(long.to_owned()), "a.md").await.expect_err("too long");
    let uploaded = client.upload("long", "a.md", long.as_bytes()).await.expect_err("too long");
    for status in [created, uploaded] {
        assert_eq!(refused(&status), over_the_limit(), "{status:?}");
    }
    assert!(client.list_documents().await.is_empty());
    let document = client.create(Source::Text("A short text.".to_owned()), "a.md").await.expect("it fits");
    let status = client.order(of(&document)).await.expect_err("none may be unfinished");
    assert_eq!(refused(&status), over_the_limit());
    // And what one may not store is no matter of the others.
    instance.client().markdown(long).await;
}
