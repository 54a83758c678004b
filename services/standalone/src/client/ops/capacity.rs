//! Lanes, workers, engines and gateways.

use lectern_core::{Failure, Timestamp};
use lectern_proto::v1::{
    EngineCapacity, GetBacklogRequest, GetBacklogResponse, GetCapacityRequest, GetCapacityResponse, StageName,
};

use super::table::{age, lane, lines, print, stage};
use super::{Admin, answered, id, json};
use crate::client::out::Out;

/// Shows what waits by lane.
pub(super) async fn lanes(mut admin: Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let backlog = answered(admin.get_backlog(GetBacklogRequest {}).await)?;
    out.json(&json::backlog(&backlog));
    print(&LANES, lane_rows(&backlog, now), "nothing waits in any lane", out);
    Ok(())
}

/// The head of a table of lanes.
pub(super) const LANES: [&str; 7] = ["service", "lane", "weight", "turns", "steps", "oldest", "narration"];

pub(super) fn lane_rows(backlog: &GetBacklogResponse, now: Timestamp) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for of_stage in &backlog.stages {
        for level in &of_stage.lanes {
            rows.push(vec![
                stage(of_stage.stage()),
                lane(level.lane()),
                level.weight.to_string(),
                level.turn_count.to_string(),
                level.step_count.to_string(),
                age(level.oldest_time.as_ref(), now),
                id(&level.oldest_narration).to_owned(),
            ]);
        }
    }
    rows
}

/// Shows who works, how much, and who grants.
pub(super) async fn capacity(mut admin: Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let capacity = answered(admin.get_capacity(GetCapacityRequest {}).await)?;
    out.json(&json::capacity(&capacity));
    let head = ["service", "worker", "permits", "heard", "engines out of order"];
    print(&head, worker_rows(&capacity, now), "no worker was heard of within 15 s", out);
    let listed = i32::try_from(capacity.workers.len()).unwrap_or(i32::MAX);
    if capacity.worker_count > listed {
        out.say(&format!("and {} more", capacity.worker_count - listed));
    }
    for engine in &capacity.engines {
        out.line(&engine_line(engine));
    }
    let gateways = gateway_rows(&capacity);
    out.line("");
    let head = ["gateway", "dispatches", "ingest", "ai", "tts"];
    lines(&head, gateways).iter().for_each(|line| out.line(line));
    out.say("of each service: steps granted, of so many that the gateway may grant at once");
    Ok(())
}

/// An engine that a worker found out of order, and what can be granted of it.
pub(super) fn engine_line(engine: &EngineCapacity) -> String {
    format!("engines/{} of {}: {}", engine.engine, stage(engine.stage()), room(engine.slot_count))
}

fn room(slots: i32) -> String {
    if slots == 0 {
        "out of order everywhere".to_owned()
    } else {
        format!("out of order in places, {slots} steps at once")
    }
}

fn worker_rows(capacity: &GetCapacityResponse, now: Timestamp) -> Vec<Vec<String>> {
    let row = |worker: &lectern_proto::v1::WorkerCapacity| {
        vec![
            stage(worker.stage()),
            worker.holder.clone(),
            worker.permit_count.to_string(),
            format!("{} ago", age(worker.announce_time.as_ref(), now)).replace("now ago", "now"),
            worker.open_engines.join(", "),
        ]
    };
    capacity.workers.iter().map(row).collect()
}

fn gateway_rows(capacity: &GetCapacityResponse) -> Vec<Vec<String>> {
    let row = |gateway: &lectern_proto::v1::GatewayCapacity| {
        let share = |of: StageName| {
            let share = gateway.shares.iter().find(|share| share.stage() == of);
            share.map_or_else(String::new, |share| format!("{}/{}", share.granted_step_count, share.slot_count))
        };
        let answers = if gateway.answers { " (answers)" } else { "" };
        vec![
            format!("{}{answers}", gateway.gateway),
            if gateway.dispatches { "yes" } else { "no" }.to_owned(),
            share(StageName::Ingest),
            share(StageName::Ai),
            share(StageName::Tts),
        ]
    };
    capacity.gateways.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use lectern_proto::v1::{GatewayCapacity, GatewayShare, LaneBacklog, StageBacklog, WorkerCapacity};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn a_lane_says_how_long_its_oldest_has_waited() {
        let level = LaneBacklog {
            lane: 2,
            weight: 4,
            turn_count: 3,
            step_count: 9,
            oldest_narration: "narrations/n1".to_owned(),
            oldest_time: Some(prost_types::Timestamp { seconds: 940, nanos: 0 }),
        };
        let stages = vec![StageBacklog { stage: 3, lanes: vec![level], ..StageBacklog::default() }];
        let rows = lane_rows(&GetBacklogResponse { stages, ..GetBacklogResponse::default() }, NOW);
        assert_eq!(rows, [["tts", "standard", "4", "3", "9", "1m", "n1"]]);
    }

    #[test]
    fn workers_and_gateways_have_a_row_each() {
        let worker = WorkerCapacity {
            stage: 3,
            holder: "tts-a".to_owned(),
            permit_count: 2,
            open_engines: vec!["local".to_owned()],
            announce_time: Some(prost_types::Timestamp { seconds: 997, nanos: 0 }),
        };
        let share = GatewayShare { stage: 3, slot_count: 5, granted_step_count: 1 };
        let gateway =
            GatewayCapacity { gateway: "g1".to_owned(), answers: true, dispatches: true, shares: vec![share] };
        let capacity =
            GetCapacityResponse { workers: vec![worker], gateways: vec![gateway], ..GetCapacityResponse::default() };
        assert_eq!(worker_rows(&capacity, NOW), [["tts", "tts-a", "2", "3s ago", "local"]]);
        assert_eq!(gateway_rows(&capacity), [["g1 (answers)", "yes", "", "", "1/5"]]);
        assert_eq!(room(0), "out of order everywhere");
    }
}
