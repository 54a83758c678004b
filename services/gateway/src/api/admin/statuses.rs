//! Where narrations of all tenants stand, without a word of a caller or a document.

use lectern_core::id::Service;
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, Timestamp};
use lectern_proto::v1::narration::State;
use lectern_proto::{convert, names, v1 as api};
use lectern_rpc::page;
use lectern_store::Cursor;

use crate::api::{encode, moment, page_size};
use crate::conduct::Dispatcher;
use crate::domain::{Narration, Phase};
use crate::orders::{Orders, Standing};

/// Narrations on a page where nobody says how many, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

pub(super) async fn list(
    orders: &Orders,
    dispatcher: &Dispatcher,
    secret: &TenantSecret,
    request: &api::ListNarrationStatusesRequest,
) -> Result<api::ListNarrationStatusesResponse, Failure> {
    let filter = request.filter.clone().unwrap_or_default();
    let (which, state) = read_filter(&filter)?;
    let most = page_size(request.page_size, PAGE, LARGEST_PAGE)?;
    let purpose = format!("ListNarrationStatuses {which:?} {}", state.as_str_name());
    let after: Option<Cursor> = page::open(secret, &purpose, &request.page_token)?;
    let meets = |narration: &Narration| state == State::Unspecified || encode::state(narration) == state;
    let (found, next) = orders.statuses(&which, after, meets, most).await?;
    let next_page_token = match next {
        Some(cursor) => page::seal(secret, &purpose, &cursor)?,
        None => String::new(),
    };
    let narration_statuses = found.iter().map(|found| status(&found.record, dispatcher)).collect();
    Ok(api::ListNarrationStatusesResponse { narration_statuses, next_page_token })
}

/// Which narrations are meant, and in which state.
fn read_filter(wire: &api::NarrationStatusFilter) -> Result<(Standing, State), Failure> {
    let state = State::try_from(wire.state)
        .map_err(|_| Failure::invalid("filter.state", "filter.state is no state of a narration"))?;
    let ended = match state {
        State::Succeeded => Some(Phase::Succeeded),
        State::Failed => Some(Phase::Failed),
        State::Cancelled => Some(Phase::Cancelled),
        State::Unspecified
        | State::Queued
        | State::Extracting
        | State::Planning
        | State::Narrating
        | State::Assembling
        | State::AwaitingApproval => None,
    };
    let tenant = Some(&wire.tenant).filter(|tenant| !tenant.is_empty());
    let tenant = tenant.map(|tenant| names::tenant(tenant, "filter.tenant")).transpose()?;
    let created_before = wire.created_before.as_ref().map(read_time).transpose()?;
    Ok((Standing { ended, tenant, created_before }, state))
}

fn read_time(wire: &prost_types::Timestamp) -> Result<Timestamp, Failure> {
    moment(wire).ok_or_else(|| {
        let message = "filter.created_before is no time after 1970; write one such as 2027-01-31T12:00:00Z";
        Failure::invalid("filter.created_before", message)
    })
}

fn status(n: &Narration, dispatcher: &Dispatcher) -> api::NarrationStatus {
    let wants = Service::ALL.into_iter().filter(|stage| n.ready.at(*stage).is_some());
    let failure = n.failure();
    api::NarrationStatus {
        name: names::of_narration(&n.id),
        tenant: names::of_tenant(&n.tenant),
        state: encode::state(n).into(),
        lane: n.lane,
        stages: wants.map(|stage| convert::stage_to_wire(stage).into()).collect(),
        wait_reason: dispatcher.wait(n).map_or(api::WaitReason::Unspecified, encode::wait_reason).into(),
        run: convert::number(n.run),
        section_count: n.sections().map(convert::number),
        written_section_count: convert::number(n.written()),
        recorded_section_count: convert::number(n.recorded()),
        failure: failure.map(|failed| convert::failure_to_wire(&failed.failure, failed.step.as_ref())),
        create_time: Some(convert::time(n.created)),
        update_time: Some(convert::time(n.updated)),
        deadline_time: Some(n.deadline).filter(|_| !n.awaits_approval()).map(convert::time),
        finish_time: n.finished().map(convert::time),
    }
}
