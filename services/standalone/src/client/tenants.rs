//! `lectern tenants`: tenants of a server, and what they may use.

use lectern_core::Failure;
use lectern_proto::v1::tenant_service_client::TenantServiceClient;
use lectern_proto::v1::{
    CreateTenantRequest, GetTenantRequest, Lane, ListTenantsRequest, ResumeTenantRequest, SuspendTenantRequest, Tenant,
    TenantLimits, UpdateTenantRequest,
};
use lectern_provider::MicroUsd;
use lectern_rpc::failure;
use prost_types::FieldMask;

use super::out::Out;
use super::{at, named, word};
use crate::cli::{Limit, LimitFlags, TenantCommand, Tenants};

/// Does what the command says.
///
/// # Errors
/// What the server answers; `INVALID_FIELD` for an update that changes nothing.
pub async fn run(tenants: Tenants, out: &Out) -> Result<(), Failure> {
    let mut client = TenantServiceClient::new(at(&tenants.at)?.channel());
    let tenant = match tenants.command {
        TenantCommand::Create { id, name, limits } => {
            let tenant = Tenant { display_name: name, limits: Some(of(&limits)), ..Tenant::default() };
            let request = CreateTenantRequest { tenant_id: id, tenant: Some(tenant) };
            client.create_tenant(request).await.map_err(|s| failure(&s))?.into_inner().tenant
        }
        TenantCommand::List => {
            let (mut page_token, mut none) = (String::new(), true);
            loop {
                let request = ListTenantsRequest { page_size: 0, page_token };
                let page = client.list_tenants(request).await.map_err(|s| failure(&s))?.into_inner();
                none &= page.tenants.is_empty();
                page.tenants.iter().for_each(|tenant| out.line(&line(tenant)));
                page_token = page.next_page_token;
                if page_token.is_empty() || out.gone() {
                    if none {
                        out.say("there is no tenant; `lectern tenants create` makes one");
                    }
                    return out.finish();
                }
            }
        }
        TenantCommand::Show { id } => {
            let request = GetTenantRequest { name: named("tenants", &id) };
            client.get_tenant(request).await.map_err(|s| failure(&s))?.into_inner().tenant
        }
        TenantCommand::Update { id, name, limits, reset } => {
            let request = update(&id, name, &limits, &reset)?;
            client.update_tenant(request).await.map_err(|s| failure(&s))?.into_inner().tenant
        }
        TenantCommand::Suspend { id } => {
            let request = SuspendTenantRequest { name: named("tenants", &id) };
            client.suspend_tenant(request).await.map_err(|s| failure(&s))?.into_inner().tenant
        }
        TenantCommand::Resume { id } => {
            let request = ResumeTenantRequest { name: named("tenants", &id) };
            client.resume_tenant(request).await.map_err(|s| failure(&s))?.into_inner().tenant
        }
    };
    let tenant = tenant.unwrap_or_default();
    out.line(&line(&tenant));
    lines(&tenant.limits.unwrap_or_default()).iter().for_each(|limit| out.line(&format!("  {limit}")));
    out.finish()
}

/// The limits that the flags name.
fn of(limits: &LimitFlags) -> TenantLimits {
    TenantLimits {
        requests_per_second: limits.requests_per_second,
        burst_request_count: limits.burst,
        concurrent_call_count: limits.concurrent_calls,
        unfinished_narration_count: limits.unfinished_narrations,
        concurrent_step_count: limits.concurrent_steps,
        stored_source_bytes: limits.stored_sources.map(|size| i64::try_from(size.bytes()).unwrap_or(i64::MAX)),
        lanes: limits.lanes.iter().map(|lane| Lane::from(*lane).into()).collect(),
        monthly_budget_micro_usd: limits.monthly_budget.map(MicroUsd::signed),
    }
}

/// A change of what is named, and of nothing else. A limit that is set back is named as well, and
/// only a mask does that: without one, what is not set stays as it is.
fn update(
    id: &str,
    name: Option<String>,
    limits: &LimitFlags,
    reset: &[Limit],
) -> Result<UpdateTenantRequest, Failure> {
    let set = of(limits);
    let all = [
        (Limit::RequestsPerSecond, "limits.requests_per_second", set.requests_per_second.is_some()),
        (Limit::Burst, "limits.burst_request_count", set.burst_request_count.is_some()),
        (Limit::ConcurrentCalls, "limits.concurrent_call_count", set.concurrent_call_count.is_some()),
        (Limit::UnfinishedNarrations, "limits.unfinished_narration_count", set.unfinished_narration_count.is_some()),
        (Limit::ConcurrentSteps, "limits.concurrent_step_count", set.concurrent_step_count.is_some()),
        (Limit::StoredSources, "limits.stored_source_bytes", set.stored_source_bytes.is_some()),
        (Limit::MonthlyBudget, "limits.monthly_budget_micro_usd", set.monthly_budget_micro_usd.is_some()),
        (Limit::Lanes, "limits.lanes", !set.lanes.is_empty()),
    ];
    if let Some((_, path, _)) = all.iter().find(|(limit, _, named)| *named && reset.contains(limit)) {
        return Err(Failure::invalid("reset", format!("{path} is both set and set back; do one of them")));
    }
    let mut paths: Vec<String> = name.iter().map(|_| "display_name".to_owned()).collect();
    let changed = all.iter().filter(|(limit, _, named)| *named || reset.contains(limit));
    paths.extend(changed.map(|(_, path, _)| (*path).to_owned()));
    if paths.is_empty() {
        return Err(Failure::invalid("update", "nothing is named that is to be changed; --help lists what can be"));
    }
    let tenant = Tenant {
        name: named("tenants", id),
        display_name: name.unwrap_or_default(),
        limits: Some(set),
        ..Tenant::default()
    };
    Ok(UpdateTenantRequest { tenant: Some(tenant), update_mask: Some(FieldMask { paths }) })
}

fn line(tenant: &Tenant) -> String {
    let state = word(tenant.state().as_str_name(), "STATE_");
    format!("{}  {state}  {}", tenant.name, tenant.display_name).trim_end().to_owned()
}

/// A line for each limit that is set.
pub fn lines(limits: &TenantLimits) -> Vec<String> {
    let count = |what: &str, count: Option<i32>| count.map(|count| format!("{what}: {count}"));
    let lanes = limits.lanes().map(|lane| word(lane.as_str_name(), "LANE_")).collect::<Vec<_>>().join(", ");
    [
        limits.requests_per_second.map(|rate| format!("requests per second: {rate}")),
        count("burst", limits.burst_request_count),
        count("concurrent calls", limits.concurrent_call_count),
        count("unfinished narrations", limits.unfinished_narration_count),
        count("concurrent steps", limits.concurrent_step_count),
        limits.stored_source_bytes.map(|bytes| format!("stored sources: {bytes} bytes")),
        limits.monthly_budget_micro_usd.map(|usd| format!("monthly budget: {}", MicroUsd::of_signed(usd))),
        Some(lanes).filter(|lanes| !lanes.is_empty()).map(|lanes| format!("lanes: {lanes}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use lectern_runtime::ByteSize;

    use super::*;

    fn none() -> LimitFlags {
        LimitFlags {
            requests_per_second: None,
            burst: None,
            concurrent_calls: None,
            unfinished_narrations: None,
            concurrent_steps: None,
            stored_sources: None,
            monthly_budget: None,
            lanes: Vec::new(),
        }
    }

    #[test]
    fn an_update_changes_what_is_named_and_nothing_else() {
        let limits = LimitFlags { burst: Some(7), stored_sources: Some(ByteSize::mib(1)), ..none() };
        let request = update("acme", Some("Acme".to_owned()), &limits, &[Limit::Lanes]).unwrap();
        let expected = ["display_name", "limits.burst_request_count", "limits.stored_source_bytes", "limits.lanes"];
        assert_eq!(request.update_mask.unwrap().paths, expected);
        let tenant = request.tenant.unwrap();
        assert_eq!((tenant.name.as_str(), tenant.display_name.as_str()), ("tenants/acme", "Acme"));
        assert_eq!(lines(&tenant.limits.unwrap()), ["burst: 7", "stored sources: 1048576 bytes"]);

        assert!(update("acme", None, &none(), &[]).is_err(), "an empty mask would set all limits back");
        let both = LimitFlags { burst: Some(7), ..none() };
        assert!(update("acme", None, &both, &[Limit::Burst]).is_err());
    }

    #[test]
    fn a_line_says_whether_the_tenant_may_be_used() {
        let state = lectern_proto::v1::tenant::State::Suspended.into();
        let tenant = Tenant { name: "tenants/acme".to_owned(), state, ..Tenant::default() };
        assert_eq!(line(&tenant), "tenants/acme  suspended");
    }
}
