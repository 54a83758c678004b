//! Steps as the stages have them on record: those of a narration, and those that are leased. A page
//! is one stage's; the token says of which stage the next one is.

use lectern_core::Failure;
use lectern_core::id::{Service, TenantId};
use lectern_core::keys::TenantSecret;
use lectern_proto::work::v1 as work;
use lectern_proto::{convert, names, v1 as api};
use lectern_rpc::page;

use crate::api::page_size;
use crate::inspect::{Inspect, Place};
use crate::orders::Orders;

/// Steps on a page where nobody says how many, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

/// Where a page begins: the place of the stage among all, and the stage's own token.
type Next = (usize, String);

pub(super) async fn list(
    orders: &Orders,
    stages: &dyn Inspect,
    secret: &TenantSecret,
    request: &api::ListStepsRequest,
) -> Result<api::ListStepsResponse, Failure> {
    let narration = names::narration(&request.narration, "narration")?;
    let most = size(request.page_size)?;
    let purpose = format!("ListSteps {narration}");
    let (at, token) = page::open::<Next>(secret, &purpose, &request.page_token)?.unwrap_or_default();
    let found = orders.of_any_tenant(&narration).await?;
    let Some(stage) = Service::ALL.get(at).copied() else { return Ok(api::ListStepsResponse::default()) };
    let listed = stages.steps(stage, &found.record.tenant, &narration, Place { token, most }).await?;
    Ok(api::ListStepsResponse {
        steps: listed.steps.into_iter().map(|step| encode(stage, step)).collect(),
        next_page_token: after((at, listed.next_page_token), Service::ALL.len(), secret, &purpose)?,
    })
}

pub(super) async fn leases(
    stages: &dyn Inspect,
    secret: &TenantSecret,
    request: &api::ListLeasesRequest,
) -> Result<api::ListLeasesResponse, Failure> {
    let only = convert::stage("stage", request.stage)?;
    let wanted: Vec<Service> = only.map_or_else(|| Service::ALL.to_vec(), |stage| vec![stage]);
    let most = size(request.page_size)?;
    let purpose = format!("ListLeases {}", request.stage);
    let (at, token) = page::open::<Next>(secret, &purpose, &request.page_token)?.unwrap_or_default();
    let Some(stage) = wanted.get(at).copied() else { return Ok(api::ListLeasesResponse::default()) };
    let listed = stages.leases(stage, Place { token, most }).await?;
    Ok(api::ListLeasesResponse {
        steps: listed.steps.into_iter().map(|step| encode(stage, step)).collect(),
        next_page_token: after((at, listed.next_page_token), wanted.len(), secret, &purpose)?,
    })
}

/// The token of the next page, which begins where the stage says, or with the next of so many
/// stages; empty where there is none.
fn after(next: Next, stages: usize, secret: &TenantSecret, purpose: &str) -> Result<String, Failure> {
    let next = match next {
        (at, token) if token.is_empty() => (at + 1, token),
        more => more,
    };
    if next.0 < stages { page::seal(secret, purpose, &next) } else { Ok(String::new()) }
}

fn size(asked: i32) -> Result<i32, Failure> {
    page_size(asked, PAGE, LARGEST_PAGE).map(|size| i32::try_from(size).unwrap_or(i32::MAX))
}

fn encode(stage: Service, step: work::Step) -> api::StepStatus {
    use api::step_status::State as Shown;
    use work::step::State;

    let state = match step.state() {
        State::Unspecified => Shown::Unspecified,
        State::Free => Shown::Free,
        State::Leased => Shown::Leased,
        State::Done => Shown::Done,
        State::Failed => Shown::Failed,
        State::Dead => Shown::Dead,
    };
    let tenant = step.tenant.parse::<TenantId>().ok().filter(|tenant| *tenant != TenantId::nobody());
    api::StepStatus {
        step: step.id,
        tenant: tenant.as_ref().map(names::of_tenant).unwrap_or_default(),
        stage: convert::stage_to_wire(stage).into(),
        state: state.into(),
        attempt_count: step.attempt_count,
        crash_count: step.crash_count,
        holder: step.holder,
        lease_end_time: step.lease_end_time,
        retry_time: step.retry_time,
        failure: step.failure,
        create_time: step.create_time,
        update_time: step.update_time,
    }
}
