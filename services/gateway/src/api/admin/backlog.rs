//! What waits and what is worked on.

use lectern_core::Failure;
use lectern_core::id::Service;
use lectern_proto::{convert, names, v1 as api};

use crate::admission::Admission;
use crate::conduct::Dispatcher;
use crate::conduct::dispatch::LaneLevel;

/// Suspended tenants that are named.
const SUSPENDED: usize = 100;

pub(super) async fn backlog(
    dispatcher: &Dispatcher,
    admission: &Admission,
) -> Result<api::GetBacklogResponse, Failure> {
    let mut stages = Vec::new();
    for stage in Service::ALL {
        let level = dispatcher.level(stage);
        stages.push(api::StageBacklog {
            stage: convert::stage_to_wire(stage).into(),
            narration_count: wide(dispatcher.waiting(stage).await?),
            granted_step_count: narrow(level.granted),
            slot_count: narrow(level.limit),
            lanes: dispatcher.lanes(stage).iter().map(lane).collect(),
        });
    }
    let (suspended, count) = dispatcher.tenants().suspended(SUSPENDED);
    Ok(api::GetBacklogResponse {
        unfinished_narration_count: wide(admission.unfinished().await?),
        stages,
        suspended_tenants: suspended.iter().map(names::of_tenant).collect(),
        suspended_tenant_count: narrow(count),
    })
}

fn lane(level: &LaneLevel) -> api::LaneBacklog {
    let LaneLevel { lane, turns, steps, oldest } = level;
    api::LaneBacklog {
        lane: lane.number(),
        weight: i32::try_from(lane.weight()).unwrap_or(i32::MAX),
        turn_count: wide(*turns),
        step_count: wide(*steps),
        oldest_narration: oldest.as_ref().map(|(_, id)| names::of_narration(id)).unwrap_or_default(),
        oldest_time: oldest.as_ref().map(|(since, _)| convert::time(*since)),
    }
}

/// A count as the wire has it.
pub(super) fn narrow(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn wide(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
