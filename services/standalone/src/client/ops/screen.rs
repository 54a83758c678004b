//! What `lectern ops status` shows, line by line. Pure.

use lectern_core::{Failure, Timestamp};
use lectern_proto::v1::{GetBacklogResponse, GetCapacityResponse, NarrationStatus, ServiceStatus, StageName};

use super::capacity::{LANES, engine_line, lane_rows};
use super::id;
use super::status::Seen;
use super::table::{self, WIDTH, age, cut, lane, stage, why};
use super::work::{LEASES, lease_row};
use crate::client::{word, words};

/// The screen.
#[must_use]
pub(super) fn lines(seen: &Seen, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(unfinished(seen, now));
    lines.push(String::new());
    lines.extend(services(seen, now));
    let lanes = seen.backlog.as_ref().map(|backlog| lane_rows(backlog, now)).unwrap_or_default();
    lines.extend(part("lanes", &LANES, lanes));
    let at_work = seen.leases.iter().filter_map(|(_, steps)| steps.as_ref().ok()).flatten();
    lines.extend(part("longest at work", &LEASES, at_work.map(|step| lease_row(step, now)).collect()));
    lines.push(String::new());
    let broken = broken(seen, now);
    lines.push(if broken.is_empty() { "BROKEN  nothing".to_owned() } else { "BROKEN".to_owned() });
    lines.extend(broken.iter().map(|line| cut(&format!("  {line}"), WIDTH)));
    lines
}

/// How much is unfinished, and the oldest of it.
fn unfinished(seen: &Seen, now: Timestamp) -> Vec<String> {
    let count = match &seen.backlog {
        Ok(backlog) => words::count(backlog.unfinished_narration_count, "narration"),
        Err(_) => "an unknown number of narrations".to_owned(),
    };
    let mut lines = vec![format!("UNFINISHED  {count}")];
    let oldest = seen.narrations.as_deref().unwrap_or_default();
    lines.extend(oldest.iter().map(|status| cut(&format!("  {}", narration(status, now)), WIDTH)));
    lines
}

fn narration(status: &NarrationStatus, now: Timestamp) -> String {
    let state = word(status.state().as_str_name(), "STATE_");
    let waits = match word(status.wait_reason().as_str_name(), "WAIT_REASON_").as_str() {
        "unspecified" => String::new(),
        reason => format!(", waits ({reason})"),
    };
    let (age, changed) = (age(status.create_time.as_ref(), now), age(status.update_time.as_ref(), now));
    let (id, tenant, lane) = (id(&status.name), id(&status.tenant), lane(status.lane()));
    format!("{id} of {tenant}, {lane}: {age} old, {state}{waits}, changed {changed} ago")
}

/// A row for each service.
fn services(seen: &Seen, now: Timestamp) -> Vec<String> {
    let row = |service: &ServiceStatus| {
        let health = match (&service.failure, service.serving) {
            (Some(_), _) => "no answer",
            (None, true) => "serving",
            (None, false) => "not serving",
        };
        let mut row = vec![service.service.clone(), health.to_owned(), service.version.clone()];
        let mut stages = [StageName::Ingest, StageName::Ai, StageName::Tts].into_iter();
        if let Some(of) = stages.find(|of| stage(*of) == service.service) {
            row.extend(numbers(of, seen.backlog.as_ref().ok(), seen.capacity.as_ref().ok(), now));
        }
        row
    };
    let head = ["service", "health", "version", "waiting", "granted", "may be", "workers", "permits", "oldest"];
    table::lines(&head, seen.services.iter().map(row).collect())
}

/// What waits for a stage, what runs, who works, and how long the oldest has waited.
fn numbers(
    of: StageName,
    backlog: Option<&GetBacklogResponse>,
    capacity: Option<&GetCapacityResponse>,
    now: Timestamp,
) -> Vec<String> {
    let unknown = || "?".to_owned();
    let level = backlog.and_then(|backlog| backlog.stages.iter().find(|level| level.stage() == of));
    let permits = capacity.map(|capacity| {
        let workers = capacity.workers.iter().filter(|worker| worker.stage() == of);
        workers.map(|worker| worker.permit_count).collect::<Vec<i32>>()
    });
    let oldest = level.and_then(|level| {
        let times = level.lanes.iter().filter_map(|lane| lane.oldest_time.as_ref());
        times.min_by_key(|time| (time.seconds, time.nanos))
    });
    vec![
        level.map_or_else(unknown, |level| level.narration_count.to_string()),
        level.map_or_else(unknown, |level| level.granted_step_count.to_string()),
        level.map_or_else(unknown, |level| level.slot_count.to_string()),
        permits.as_ref().map_or_else(unknown, |permits| permits.len().to_string()),
        permits.as_ref().map_or_else(unknown, |permits| permits.iter().sum::<i32>().to_string()),
        age(oldest, now),
    ]
}

/// A table under a blank line; nothing where it has no rows.
fn part(name: &str, head: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), name.to_uppercase()];
    lines.extend(table::lines(head, rows));
    lines
}

/// What is wrong, and what an operator holds up himself.
fn broken(seen: &Seen, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    for service in &seen.services {
        let name = &service.service;
        if service.failure.is_some() {
            lines.push(format!("{name} does not answer: {}", why(service.failure.as_ref())));
        }
        for part in service.parts.iter().filter(|part| !part.serving) {
            let problem = if part.problem.is_empty() { "not serving" } else { part.problem.as_str() };
            lines.push(format!("{name}: {}: {problem}", part.name));
        }
    }
    match &seen.capacity {
        Ok(capacity) => lines.extend(capacity.engines.iter().map(engine_line)),
        Err(failure) => lines.push(unknown("capacity", failure)),
    }
    match &seen.pauses {
        Ok(pauses) => lines.extend(pauses.iter().map(|pause| {
            let note = if pause.note.is_empty() { String::new() } else { format!(": {}", pause.note) };
            format!("paused: {} since {}{note}", pause.target, age(pause.create_time.as_ref(), now))
        })),
        Err(failure) => lines.push(unknown("pauses", failure)),
    }
    match &seen.backlog {
        Ok(backlog) if backlog.suspended_tenant_count > 0 => {
            let named: Vec<&str> = backlog.suspended_tenants.iter().map(|name| id(name)).collect();
            lines.push(format!("suspended tenants: {}: {}", backlog.suspended_tenant_count, named.join(", ")));
        }
        Ok(_) => {}
        Err(failure) => lines.push(unknown("the backlog", failure)),
    }
    match &seen.letters {
        Ok((letters, more)) => {
            if let Some(oldest) = letters.first() {
                let count = if *more { format!("over {}", letters.len()) } else { letters.len().to_string() };
                let (age, why) = (age(oldest.bury_time.as_ref(), now), why(oldest.failure.as_ref()));
                lines.push(format!("dead letters: {count}, the oldest {age} ago: {why}"));
            }
        }
        Err(failure) => lines.push(unknown("dead letters", failure)),
    }
    if let Err(failure) = &seen.narrations {
        lines.push(unknown("narrations", failure));
    }
    for (of, steps) in &seen.leases {
        if let Err(failure) = steps {
            lines.push(unknown(&format!("leases of {}", stage(*of)), failure));
        }
    }
    lines
}

fn unknown(what: &str, failure: &Failure) -> String {
    format!("{what} cannot be told: {}", words::sentence(failure))
}

#[cfg(test)]
mod tests {
    use lectern_core::Reason;
    use lectern_proto::convert;
    use lectern_proto::v1::{
        DeadLetter, EngineCapacity, LaneBacklog, Pause, ServicePart, StageBacklog, StepStatus, WorkerCapacity,
    };

    use super::super::status::tests::{away, nothing};
    use super::*;

    const NOW: Timestamp = Timestamp(10_000_000);

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn where_all_is_well_it_says_so() {
        let lines = lines(&nothing(), NOW);
        assert_eq!(lines.first().map(String::as_str), Some("UNFINISHED  0 narrations"));
        assert_eq!(lines.last().map(String::as_str), Some("BROKEN  nothing"));
        assert!(lines.iter().any(|line| line.starts_with("gateway  serving")), "{lines:?}");
    }

    #[test]
    fn everything_that_is_wrong_has_a_line_and_no_line_is_too_long() {
        let mut seen = nothing();
        seen.services[3].failure = Some(convert::failure_to_wire(&away("tts"), None));
        seen.services[1].serving = false;
        let part = ServicePart { name: "store".to_owned(), serving: false, problem: "no server answers ".repeat(9) };
        seen.services[1].parts.push(part);
        let level = LaneBacklog { lane: 1, oldest_time: at(9_400), ..LaneBacklog::default() };
        let stages = vec![StageBacklog { stage: 3, narration_count: 12, lanes: vec![level], ..Default::default() }];
        seen.backlog = Ok(GetBacklogResponse {
            unfinished_narration_count: 12,
            stages,
            suspended_tenants: vec!["tenants/acme".to_owned()],
            suspended_tenant_count: 1,
        });
        let worker = WorkerCapacity { stage: 3, permit_count: 4, ..WorkerCapacity::default() };
        let engine = EngineCapacity { stage: 3, engine: "local".to_owned(), slot_count: 0 };
        seen.capacity = Ok(GetCapacityResponse { workers: vec![worker], engines: vec![engine], ..Default::default() });
        let note = "new weights".to_owned();
        seen.pauses = Ok(vec![Pause { target: "engines/local".to_owned(), note, ..Pause::default() }]);
        let failure = Some(convert::failure_to_wire(&Failure::internal("gone"), None));
        seen.letters = Ok((vec![DeadLetter { bury_time: at(2_800), failure, ..DeadLetter::default() }], true));
        seen.narrations = Ok(vec![NarrationStatus { name: "narrations/n1".to_owned(), ..NarrationStatus::default() }]);
        seen.leases[0].1 = Err(away("ingest"));
        let step = StepStatus { step: format!("{}/1/record/0", "n".repeat(64)), ..StepStatus::default() };
        seen.leases[2].1 = Ok(vec![step]);

        let lines = lines(&seen, NOW);
        for line in &lines {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let screen = lines.join("\n");
        for expected in [
            "UNFINISHED  12 narrations",
            "tts does not answer: SERVICE_UNAVAILABLE: tts is away",
            "ingest: store: no server answers",
            "engines/local of tts: out of order everywhere",
            "paused: engines/local since",
            "suspended tenants: 1: acme",
            "dead letters: over 1, the oldest 2h ago: INTERNAL: gone",
            "leases of ingest cannot be told",
            "LONGEST AT WORK",
            "LANES",
        ] {
            assert!(screen.contains(expected), "{expected:?} in\n{screen}");
        }
        let row = lines.iter().find(|line| line.starts_with("tts ")).unwrap();
        for cell in ["no answer", "12", "10m"] {
            assert!(row.contains(cell), "{cell} in {row}");
        }
        assert_eq!(away("x").reason, Reason::ServiceUnavailable);
    }
}
