use std::sync::Arc;
use std::time::Duration;

use lectern_core::clock::ManualClock;
use lectern_core::random::SeededRandom;
use lectern_core::{Clock, Kind, Reason, Timestamp};
use lectern_rpc::{Role, TenantLimits as CallerLimits, failure};
use lectern_store::Collection;
use lectern_store::memory::MemoryStore;
use prost_types::FieldMask;

use super::*;
use crate::audit;

async fn service() -> Tenants {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_000)));
    let records = Collection::<audit::Record>::new(Arc::new(MemoryStore::new(Arc::clone(&clock))));
    records.ensure().await.expect("a collection");
    let tenants = crate::tenants::Tenants::new(records.beside(), Arc::clone(&clock));
    tenants.ensure().await.expect("a collection");
    let audit = Audit::new(records, clock, Arc::new(SeededRandom::new(1)), Duration::from_secs(1 << 20));
    Tenants::new(tenants, audit, TenantSecret::derive(b"master", &"keys".parse().expect("an id")))
}

fn by<T>(role: Role, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let (tenant, limits) = ("admin".parse().expect("an id"), CallerLimits::default());
    request.extensions_mut().insert(Caller { tenant, role, key_id: "0123456789abcdef".to_owned(), limits });
    request
}

impl Tenants {
    async fn make(&self, id: &str, limits: api::TenantLimits) -> Result<api::Tenant, Failure> {
        let tenant = Some(api::Tenant { limits: Some(limits), ..api::Tenant::default() });
        let request = api::CreateTenantRequest { tenant_id: id.to_owned(), tenant };
        let made = self.create_tenant(by(Role::Admin, request)).await.map_err(|status| failure(&status))?;
        Ok(made.into_inner().tenant.expect("a tenant"))
    }

    async fn mask(&self, tenant: &api::Tenant, paths: &[&str]) -> Result<api::Tenant, Failure> {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let request = api::UpdateTenantRequest { tenant: Some(tenant.clone()), update_mask: Some(FieldMask { paths }) };
        let updated = self.update_tenant(by(Role::Admin, request)).await.map_err(|status| failure(&status))?;
        Ok(updated.into_inner().tenant.expect("a tenant"))
    }
}

fn some_limits() -> api::TenantLimits {
    api::TenantLimits {
        requests_per_second: Some(0.5),
        burst_request_count: Some(7),
        concurrent_call_count: Some(3),
        unfinished_narration_count: Some(0),
        concurrent_step_count: Some(2),
        stored_source_bytes: Some(1 << 40),
        lanes: vec![3, 1, 3],
        monthly_budget_micro_usd: Some(12_500_000),
    }
}

#[tokio::test]
async fn a_tenant_is_made_with_its_limits_once() {
    let service = service().await;
    let made = service.make("acme", some_limits()).await.expect("made");
    assert_eq!(
        (made.name.as_str(), made.state(), made.etag.as_str()),
        ("tenants/acme", api::tenant::State::Active, "1")
    );
    let expected = api::TenantLimits { lanes: vec![1, 3], ..some_limits() };
    assert_eq!(made.limits, Some(expected));
    let twice = service.make("acme", api::TenantLimits::default()).await.expect_err("there is one");
    assert_eq!((twice.kind, twice.reason), (Kind::AlreadyExists, Reason::AlreadyExists));
    let reserved = service.make("admin", api::TenantLimits::default()).await.expect_err("reserved");
    assert_eq!((reserved.reason, reserved.field.as_deref()), (Reason::InvalidField, Some("tenant_id")));
    let got = service.get("tenants/acme").await.expect("there");
    assert_eq!(got, made);
    assert_eq!(service.get("tenants/other").await.expect_err("none").reason, Reason::ResourceNotFound);
}

#[tokio::test]
async fn a_limit_out_of_its_range_is_refused_with_the_range() {
    let service = service().await;
    let none = api::TenantLimits::default;
    for (limits, field, range) in [
        (api::TenantLimits { requests_per_second: Some(0.0), ..none() }, "requests_per_second", "0.01 to 100000"),
        (api::TenantLimits { requests_per_second: Some(f64::NAN), ..none() }, "requests_per_second", "0.01 to 100000"),
        (api::TenantLimits { requests_per_second: Some(1e300), ..none() }, "requests_per_second", "0.01 to 100000"),
        (api::TenantLimits { burst_request_count: Some(0), ..none() }, "burst_request_count", "1 to 1000000"),
        (api::TenantLimits { concurrent_call_count: Some(100_001), ..none() }, "concurrent_call_count", "1 to 100000"),
        (
            api::TenantLimits { unfinished_narration_count: Some(-1), ..none() },
            "unfinished_narration_count",
            "0 to 10000000",
        ),
        (api::TenantLimits { concurrent_step_count: Some(0), ..none() }, "concurrent_step_count", "1 to 10000"),
        (api::TenantLimits { stored_source_bytes: Some(-1), ..none() }, "stored_source_bytes", "0 to "),
        (api::TenantLimits { monthly_budget_micro_usd: Some(-1), ..none() }, "monthly_budget_micro_usd", "0 to "),
        (api::TenantLimits { lanes: vec![4], ..none() }, "lanes", "LANE_BULK"),
    ] {
        let refused = service.make("acme", limits).await.expect_err(field);
        let name = format!("tenant.limits.{field}");
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some(name.as_str())));
        assert!(refused.message.starts_with(&name) && refused.message.contains(range), "{refused}");
    }
    assert!(service.get("tenants/acme").await.is_err(), "nothing was made");
}

#[tokio::test]
async fn only_what_the_mask_names_is_changed() {
    let service = service().await;
    service.make("acme", some_limits()).await.expect("made");
    let mut tenant = api::Tenant { name: "tenants/acme".to_owned(), ..api::Tenant::default() };
    tenant.display_name = "Acme".to_owned();
    tenant.limits = Some(api::TenantLimits { burst_request_count: Some(-5), ..api::TenantLimits::default() });
    let changed = service.mask(&tenant, &["display_name", "limits.requests_per_second"]).await.expect("changed");
    assert_eq!((changed.display_name.as_str(), changed.etag.as_str()), ("Acme", "2"));
    let limits = changed.limits.expect("limits");
    assert_eq!((limits.requests_per_second, limits.burst_request_count), (None, Some(7)), "set back, and left");

    tenant.limits = None;
    tenant.display_name = "two\nlines".to_owned();
    let changed = service.mask(&tenant, &["limits"]).await.expect("the name is not looked at");
    assert_eq!((changed.display_name.as_str(), changed.limits), ("Acme", Some(api::TenantLimits::default())));
    for all in [&["*"][..], &[]] {
        let refused = service.mask(&tenant, all).await.expect_err("the name is set, and changed");
        assert_eq!(refused.field.as_deref(), Some("tenant.display_name"));
    }
    for wrong in ["**", "state", "limits.", "limits.burst", "name"] {
        let refused = service.mask(&tenant, &[wrong]).await.expect_err(wrong);
        assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("update_mask")));
    }
    tenant.etag = "1".to_owned();
    let stale = service.mask(&tenant, &["limits"]).await.expect_err("stale");
    assert_eq!((stale.kind, stale.reason), (Kind::Aborted, Reason::EtagMismatch));
}

#[tokio::test]
async fn without_a_mask_what_is_set_is_changed_and_with_a_star_all_of_it() {
    let service = service().await;
    service.make("acme", some_limits()).await.expect("made");
    let mut tenant = api::Tenant { name: "tenants/acme".to_owned(), ..api::Tenant::default() };
    let limits = api::TenantLimits { burst_request_count: Some(9), lanes: vec![2], ..api::TenantLimits::default() };
    tenant.limits = Some(limits.clone());
    let changed = service.mask(&tenant, &[]).await.expect("changed");
    let expected = api::TenantLimits { burst_request_count: Some(9), lanes: vec![2], ..some_limits() };
    assert_eq!((changed.etag.as_str(), changed.limits), ("2", Some(expected.clone())));

    let named = api::Tenant { display_name: "Acme".to_owned(), limits: None, ..tenant.clone() };
    let changed = service.mask(&named, &[]).await.expect("changed");
    assert_eq!((changed.display_name.as_str(), changed.limits), ("Acme", Some(expected.clone())));
    let nothing = api::Tenant { display_name: String::new(), ..named };
    let same = service.mask(&nothing, &[]).await.expect("nothing is set");
    assert_eq!((same.display_name.as_str(), same.limits, same.etag.as_str()), ("Acme", Some(expected), "3"));

    let replaced = service.mask(&tenant, &["*"]).await.expect("changed");
    assert_eq!((replaced.display_name.as_str(), replaced.limits), ("", Some(limits)));
}

#[tokio::test]
async fn tenants_are_listed_by_id_page_by_page() {
    let service = service().await;
    for id in ["b", "c", "a"] {
        service.make(id, api::TenantLimits::default()).await.expect("made");
    }
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = api::ListTenantsRequest { page_size: 2, page_token };
        let page = service.list(&request).await.expect("a page");
        found.extend(page.tenants.into_iter().map(|tenant| tenant.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, ["tenants/a", "tenants/b", "tenants/c"]);
    let request = api::ListTenantsRequest { page_size: 2, page_token: "made up".to_owned() };
    assert_eq!(service.list(&request).await.expect_err("no token").reason, Reason::PageTokenInvalid);
}

#[tokio::test]
async fn a_suspension_is_recorded_once_and_ends() {
    let service = service().await;
    service.make("acme", api::TenantLimits::default()).await.expect("made");
    let name = "tenants/acme".to_owned();
    for _ in 0..2 {
        let suspend = api::SuspendTenantRequest { name: name.clone() };
        let suspended = service.suspend_tenant(by(Role::Admin, suspend)).await.expect("suspended").into_inner();
        assert_eq!(suspended.tenant.expect("a tenant").state(), api::tenant::State::Suspended);
    }
    let resume = api::ResumeTenantRequest { name };
    let resumed = service.resume_tenant(by(Role::Admin, resume)).await.expect("resumed").into_inner();
    assert_eq!(resumed.tenant.expect("a tenant").state(), api::tenant::State::Active);
    let records = service.audit.list(&audit::Filter::default(), Query::new()).await.expect("the store").items;
    let mut actions: Vec<_> = records.iter().map(|found| format!("{:?}", found.record.action)).collect();
    actions.sort();
    assert_eq!(actions, ["TenantCreated", "TenantResumed", "TenantSuspended"]);
    assert!(records.iter().all(|found| found.record.actor == "keys/0123456789abcdef"));
    assert!(records.iter().all(|found| found.record.target == "tenants/acme"));
}

#[tokio::test]
async fn only_administrators_have_to_do_with_tenants() {
    let service = service().await;
    for role in [Role::Reader, Role::Tenant, Role::Service] {
        let list = service.list_tenants(by(role, api::ListTenantsRequest::default())).await.expect_err("refused");
        assert_eq!(failure(&list).reason, Reason::KeyNotAllowed);
        let suspend = api::SuspendTenantRequest { name: "tenants/acme".to_owned() };
        let suspend = service.suspend_tenant(by(role, suspend)).await.expect_err("refused");
        assert_eq!(failure(&suspend).reason, Reason::KeyNotAllowed);
    }
}

#[test]
fn what_was_changed_is_told_to_who_audits() {
    let tenant = api::Tenant { limits: Some(some_limits()), ..api::Tenant::default() };
    let mask = FieldMask { paths: vec!["limits.burst_request_count".to_owned(), "limits.lanes".to_owned()] };
    let changes = Changes::read(&tenant, Some(&mask)).expect("fits");
    assert_eq!(changes.to_string(), "limits.burst_request_count = 7, limits.lanes = interactive bulk");
    let changes = Changes::read(&tenant, None).expect("fits").to_string();
    assert!(changes.starts_with("limits.requests_per_second = 0.5, limits.burst_request_count = 7, "), "{changes}");
    assert_eq!(Changes::read(&api::Tenant::default(), None).expect("fits").to_string(), "");
    let mask = FieldMask { paths: vec!["*".to_owned()] };
    let changes = Changes::read(&api::Tenant::default(), Some(&mask)).expect("fits").to_string();
    assert!(changes.starts_with("display_name = \"\", limits.requests_per_second = as everybody, "), "{changes}");
    assert!(changes.ends_with("limits.lanes = all"), "{changes}");
}
