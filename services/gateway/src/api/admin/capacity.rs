//! What there is to work with.

use lectern_core::Timestamp;
use lectern_core::id::Service;
use lectern_proto::{convert, v1 as api};

use super::backlog::narrow;
use crate::conduct::Dispatcher;
use crate::conduct::dispatch::{GatewayLevel, ShareLevel};
use crate::conduct::workers::{Announced, EngineRoom};

/// Workers, and gateways, that are listed.
const LISTED: usize = 1_000;

pub(super) fn capacity(dispatcher: &Dispatcher, now: Timestamp) -> api::GetCapacityResponse {
    let workers = dispatcher.workers().all(now);
    let engines = Service::ALL.into_iter().flat_map(|stage| {
        let limited = dispatcher.workers().limited_engines(stage, now).into_iter();
        limited.map(move |(engine, room)| api::EngineCapacity {
            stage: convert::stage_to_wire(stage).into(),
            engine,
            slot_count: match room {
                // A worker found it out of order, so there is a bound; one that is open again has
                // the room that all have.
                EngineRoom::Open => i32::MAX,
                EngineRoom::Most(most) => narrow(most),
                EngineRoom::OutOfOrder => 0,
            },
        })
    });
    api::GetCapacityResponse {
        worker_count: narrow(workers.len()),
        workers: workers.into_iter().take(LISTED).map(worker).collect(),
        engines: engines.collect(),
        gateways: dispatcher.gateways().into_iter().take(LISTED).map(gateway).collect(),
    }
}

fn worker(announced: Announced) -> api::WorkerCapacity {
    let Announced { service, holder, permits, open, heard } = announced;
    api::WorkerCapacity {
        stage: convert::stage_to_wire(service).into(),
        holder,
        permit_count: narrow(permits),
        open_engines: open,
        announce_time: Some(convert::time(heard)),
    }
}

fn gateway(level: GatewayLevel) -> api::GatewayCapacity {
    let GatewayLevel { gateway, answers, dispatches, shares } = level;
    let share = |ShareLevel { service, share, granted }: ShareLevel| api::GatewayShare {
        stage: convert::stage_to_wire(service).into(),
        slot_count: narrow(share),
        granted_step_count: narrow(granted),
    };
    let shares = shares.into_iter().map(share).collect();
    api::GatewayCapacity { gateway: gateway.as_str().to_owned(), answers, dispatches, shares }
}
