//! What operators are shown, as JSON. Every message is taken apart field by field, so that one with
//! a new field does not compile before that is here too.

use lectern_proto::v1 as api;
use lectern_proto::v1::replay_dead_letters_response::Outcome;
use serde_json::Value;

use crate::client::message::{Message, status};

/// Where a narration stands.
pub(super) fn narration(narration: &api::NarrationStatus) -> Value {
    let api::NarrationStatus {
        name,
        tenant,
        state,
        lane,
        stages,
        wait_reason,
        run,
        section_count,
        written_section_count,
        recorded_section_count,
        failure,
        create_time,
        update_time,
        deadline_time,
        finish_time,
    } = narration;
    Message::default()
        .text("name", name)
        .text("tenant", tenant)
        .word("state", *state, api::narration::State::as_str_name)
        .word("lane", *lane, api::Lane::as_str_name)
        .words("stages", stages, api::StageName::as_str_name)
        .word("waitReason", *wait_reason, api::WaitReason::as_str_name)
        .number("run", *run)
        .maybe("sectionCount", section_count.map(Value::from))
        .number("writtenSectionCount", *written_section_count)
        .number("recordedSectionCount", *recorded_section_count)
        .maybe("failure", failure.as_ref().map(status))
        .time("createTime", create_time.as_ref())
        .time("updateTime", update_time.as_ref())
        .time("deadlineTime", deadline_time.as_ref())
        .time("finishTime", finish_time.as_ref())
        .end()
}

/// A step.
pub(super) fn step(step: &api::StepStatus) -> Value {
    let api::StepStatus {
        step,
        tenant,
        stage,
        state,
        attempt_count,
        crash_count,
        holder,
        lease_end_time,
        retry_time,
        failure,
        create_time,
        update_time,
    } = step;
    Message::default()
        .text("step", step)
        .text("tenant", tenant)
        .word("stage", *stage, api::StageName::as_str_name)
        .word("state", *state, api::step_status::State::as_str_name)
        .number("attemptCount", *attempt_count)
        .number("crashCount", *crash_count)
        .text("holder", holder)
        .time("leaseEndTime", lease_end_time.as_ref())
        .time("retryTime", retry_time.as_ref())
        .maybe("failure", failure.as_ref().map(status))
        .time("createTime", create_time.as_ref())
        .time("updateTime", update_time.as_ref())
        .end()
}

/// A dead letter; its command as text alone.
pub(super) fn letter(letter: &api::DeadLetter) -> Value {
    let api::DeadLetter {
        name,
        narration,
        tenant,
        stage,
        failure,
        attempt_count,
        crash_count,
        trace_id,
        bury_time,
        command: _,
        command_text,
    } = letter;
    Message::default()
        .text("name", name)
        .text("narration", narration)
        .text("tenant", tenant)
        .word("stage", *stage, api::StageName::as_str_name)
        .maybe("failure", failure.as_ref().map(status))
        .number("attemptCount", *attempt_count)
        .number("crashCount", *crash_count)
        .text("traceId", trace_id)
        .time("buryTime", bury_time.as_ref())
        .text("commandText", command_text)
        .end()
}

/// What became of a letter that was replayed.
pub(super) fn replayed(replayed: &api::ReplayDeadLettersResponse) -> Value {
    let api::ReplayDeadLettersResponse { name, narration, outcome, failure } = replayed;
    Message::default()
        .text("name", name)
        .text("narration", narration)
        .word("outcome", *outcome, Outcome::as_str_name)
        .maybe("failure", failure.as_ref().map(status))
        .end()
}

/// A letter that was discarded.
pub(super) fn discarded(discarded: &api::DiscardDeadLettersResponse) -> Value {
    let api::DiscardDeadLettersResponse { name } = discarded;
    Message::default().text("name", name).end()
}

/// What is held up.
pub(super) fn pause(pause: &api::Pause) -> Value {
    let api::Pause { name, target, note, create_time } = pause;
    Message::default()
        .text("name", name)
        .text("target", target)
        .text("note", note)
        .time("createTime", create_time.as_ref())
        .end()
}

/// What waits.
pub(super) fn backlog(backlog: &api::GetBacklogResponse) -> Value {
    let api::GetBacklogResponse { unfinished_narration_count, stages, suspended_tenants, suspended_tenant_count } =
        backlog;
    Message::default()
        .long("unfinishedNarrationCount", *unfinished_narration_count)
        .list("stages", stages, stage)
        .texts("suspendedTenants", suspended_tenants)
        .number("suspendedTenantCount", *suspended_tenant_count)
        .end()
}

fn stage(stage: &api::StageBacklog) -> Value {
    let api::StageBacklog { stage, narration_count, granted_step_count, slot_count, lanes } = stage;
    Message::default()
        .word("stage", *stage, api::StageName::as_str_name)
        .long("narrationCount", *narration_count)
        .number("grantedStepCount", *granted_step_count)
        .number("slotCount", *slot_count)
        .list("lanes", lanes, lane)
        .end()
}

fn lane(lane: &api::LaneBacklog) -> Value {
    let api::LaneBacklog { lane, weight, turn_count, step_count, oldest_narration, oldest_time } = lane;
    Message::default()
        .word("lane", *lane, api::Lane::as_str_name)
        .number("weight", *weight)
        .long("turnCount", *turn_count)
        .long("stepCount", *step_count)
        .text("oldestNarration", oldest_narration)
        .time("oldestTime", oldest_time.as_ref())
        .end()
}

/// What there is to work with.
pub(super) fn capacity(capacity: &api::GetCapacityResponse) -> Value {
    let api::GetCapacityResponse { workers, worker_count, engines, gateways } = capacity;
    Message::default()
        .list("workers", workers, worker)
        .number("workerCount", *worker_count)
        .list("engines", engines, engine)
        .list("gateways", gateways, gateway)
        .end()
}

fn worker(worker: &api::WorkerCapacity) -> Value {
    let api::WorkerCapacity { stage, holder, permit_count, open_engines, announce_time } = worker;
    Message::default()
        .word("stage", *stage, api::StageName::as_str_name)
        .text("holder", holder)
        .number("permitCount", *permit_count)
        .texts("openEngines", open_engines)
        .time("announceTime", announce_time.as_ref())
        .end()
}

fn engine(engine: &api::EngineCapacity) -> Value {
    let api::EngineCapacity { stage, engine, slot_count } = engine;
    Message::default()
        .word("stage", *stage, api::StageName::as_str_name)
        .text("engine", engine)
        .number("slotCount", *slot_count)
        .end()
}

fn gateway(gateway: &api::GatewayCapacity) -> Value {
    let api::GatewayCapacity { gateway, answers, dispatches, shares } = gateway;
    let share = |share: &api::GatewayShare| {
        let api::GatewayShare { stage, slot_count, granted_step_count } = share;
        Message::default()
            .word("stage", *stage, api::StageName::as_str_name)
            .number("slotCount", *slot_count)
            .number("grantedStepCount", *granted_step_count)
            .end()
    };
    Message::default()
        .text("gateway", gateway)
        .flag("answers", *answers)
        .flag("dispatches", *dispatches)
        .list("shares", shares, share)
        .end()
}

/// How a service is.
pub(super) fn service(service: &api::ServiceStatus) -> Value {
    let api::ServiceStatus { service, failure, version, serving, parts, settings } = service;
    let part = |part: &api::ServicePart| {
        let api::ServicePart { name, serving, problem } = part;
        Message::default().text("name", name).flag("serving", *serving).text("problem", problem).end()
    };
    Message::default()
        .text("service", service)
        .maybe("failure", failure.as_ref().map(status))
        .text("version", version)
        .flag("serving", *serving)
        .list("parts", parts, part)
        .list("settings", settings, setting)
        .end()
}

fn setting(setting: &api::ServiceSetting) -> Value {
    let api::ServiceSetting { key, value, default_value, changed } = setting;
    Message::default()
        .text("key", key)
        .text("value", value)
        .text("defaultValue", default_value)
        .flag("changed", *changed)
        .end()
}
