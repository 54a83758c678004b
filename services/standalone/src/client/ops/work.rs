//! Narrations of all tenants, their steps, and who is at work.

use lectern_core::{Failure, Timestamp};
use lectern_proto::convert;
use lectern_proto::v1::narration::State as Wire;
use lectern_proto::v1::step_status::State;
use lectern_proto::v1::{
    ListLeasesRequest, ListNarrationStatusesRequest, ListStepsRequest, NarrationStatus, NarrationStatusFilter,
    StageName, StepStatus, WaitReason,
};

use super::table::{age, ahead, lane, more, print, stage, why};
use super::{Admin, answered, id, json};
use crate::cli::{OpsNarrations, Stage};
use crate::client::out::Out;
use crate::client::{named, pages, word};

/// Lists where narrations stand.
pub(super) async fn narrations(which: &OpsNarrations, admin: &Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let filter = NarrationStatusFilter {
        state: which.state.map(Wire::from).unwrap_or_default().into(),
        tenant: which.tenant.as_ref().map(|tenant| named("tenants", tenant)).unwrap_or_default(),
        created_before: which.older_than.map(|age| convert::time(now.minus(age))),
    };
    let page = |page_size, page_token| {
        let (mut admin, filter) = (admin.clone(), Some(filter.clone()));
        async move {
            let request = ListNarrationStatusesRequest { page_size, page_token, filter };
            let page = answered(admin.list_narration_statuses(request).await);
            page.map(|page| (page.narration_statuses, page.next_page_token))
        }
    };
    let mut rows = Vec::new();
    let take = |status: NarrationStatus| {
        out.json(&json::narration(&status));
        rows.push(narration_row(&status, now));
    };
    let are_more = pages::up_to(which.limit as usize, out, page, take).await?;
    let head = ["narration", "tenant", "state", "sections", "lane", "waits for", "age", "changed", "why"];
    print(&head, rows, "there is no such narration", out);
    more(are_more, out);
    Ok(())
}

fn narration_row(status: &NarrationStatus, now: Timestamp) -> Vec<String> {
    let sections = status.section_count.map(|count| format!("{}/{count}", status.recorded_section_count));
    let stages: Vec<String> = status.stages().map(stage).collect();
    vec![
        id(&status.name).to_owned(),
        id(&status.tenant).to_owned(),
        word(status.state().as_str_name(), "STATE_"),
        sections.unwrap_or_default(),
        lane(status.lane()),
        stages.join("+"),
        age(status.create_time.as_ref(), now),
        age(status.update_time.as_ref(), now),
        reason_of(status),
    ]
}

/// Why it does not go on, or ended without a recording.
fn reason_of(status: &NarrationStatus) -> String {
    match (&status.failure, status.wait_reason()) {
        (Some(failure), _) => why(Some(failure)),
        (None, WaitReason::Unspecified) => String::new(),
        (None, wait) => word(wait.as_str_name(), "WAIT_REASON_"),
    }
}

/// Lists the steps of a narration.
pub(super) async fn steps(narration: &str, admin: &Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let narration = named("narrations", narration);
    let page = |_, page_token| {
        let (mut admin, narration) = (admin.clone(), narration.clone());
        async move {
            let request = ListStepsRequest { narration, page_size: 0, page_token };
            answered(admin.list_steps(request).await).map(|page| (page.steps, page.next_page_token))
        }
    };
    let mut rows = Vec::new();
    let take = |step: StepStatus| {
        out.json(&json::step(&step));
        rows.push(step_row(&step, now));
    };
    // What one stage has is shown also where the next cannot be asked.
    let ended = pages::up_to(usize::MAX, out, page, take).await;
    let head = ["step", "state", "tries", "crashes", "holder", "until", "changed", "last failure"];
    if ended.is_ok() || !rows.is_empty() {
        print(&head, rows, "no stage has a record of a step of it", out);
    }
    ended.map(drop)
}

/// The step's place in its narration, and where it stands.
fn step_row(step: &StepStatus, now: Timestamp) -> Vec<String> {
    let place = step.step.split_once('/').map_or(step.step.as_str(), |(_, place)| place);
    let until = match step.state() {
        State::Leased => ahead(step.lease_end_time.as_ref(), now),
        State::Free => ahead(step.retry_time.as_ref(), now),
        State::Unspecified | State::Done | State::Failed | State::Dead => String::new(),
    };
    vec![
        place.to_owned(),
        word(step.state().as_str_name(), "STATE_"),
        step.attempt_count.to_string(),
        step.crash_count.to_string(),
        step.holder.clone(),
        until,
        age(step.update_time.as_ref(), now),
        why(step.failure.as_ref()),
    ]
}

/// Lists who holds which step.
pub(super) async fn leases(
    service: Option<Stage>,
    limit: u32,
    admin: &Admin,
    now: Timestamp,
    out: &Out,
) -> Result<(), Failure> {
    let stage: i32 = service.map(StageName::from).unwrap_or_default().into();
    let page = |page_size, page_token| {
        let mut admin = admin.clone();
        async move {
            let request = ListLeasesRequest { stage, page_size, page_token };
            answered(admin.list_leases(request).await).map(|page| (page.steps, page.next_page_token))
        }
    };
    let mut rows = Vec::new();
    let take = |step: StepStatus| {
        out.json(&json::step(&step));
        rows.push(lease_row(&step, now));
    };
    let ended = pages::up_to(limit as usize, out, page, take).await;
    if ended.is_ok() || !rows.is_empty() {
        print(&LEASES, rows, "nobody works on a step", out);
    }
    more(ended?, out);
    Ok(())
}

/// The head of a table of leases.
pub(super) const LEASES: [&str; 6] = ["step", "tenant", "holder", "at work", "ends in", "crashes"];

pub(super) fn lease_row(step: &StepStatus, now: Timestamp) -> Vec<String> {
    vec![
        step.step.clone(),
        id(&step.tenant).to_owned(),
        step.holder.clone(),
        age(step.update_time.as_ref(), now),
        ahead(step.lease_end_time.as_ref(), now),
        step.crash_count.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use lectern_core::{Kind, Reason};

    use super::*;
    use crate::client::ops::table::{WIDTH, lines};

    fn ago(now: Timestamp, seconds: u64) -> Option<prost_types::Timestamp> {
        Some(convert::time(now.minus(std::time::Duration::from_secs(seconds))))
    }

    #[test]
    fn a_row_says_where_a_narration_stands_for_how_long_and_why() {
        let now = Timestamp(1_764_000_000_000);
        let mut status = NarrationStatus {
            name: "narrations/0123456789abcdef0123456789abcdef".to_owned(),
            tenant: "tenants/acme".to_owned(),
            state: Wire::Narrating.into(),
            stages: vec![StageName::Ai.into(), StageName::Tts.into()],
            lane: 3,
            wait_reason: WaitReason::Paused.into(),
            section_count: Some(9),
            recorded_section_count: 4,
            create_time: ago(now, 7_200),
            update_time: ago(now, 61),
            ..NarrationStatus::default()
        };
        let row = narration_row(&status, now);
        let expected =
            ["0123456789abcdef0123456789abcdef", "acme", "narrating", "4/9", "bulk", "ai+tts", "2h", "1m 1s", "paused"];
        assert_eq!(row, expected);
        let failed = Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "the voice is away ".repeat(9));
        status.failure = Some(convert::failure_to_wire(&failed, None));
        let lines = lines(&["a"; 9], vec![narration_row(&status, now)]);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert!(reason_of(&status).starts_with("ENGINE_UNAVAILABLE: the voice"), "{lines:?}");
    }

    #[test]
    fn a_row_says_until_when_a_step_is_held_or_waits() {
        let now = Timestamp(1_764_000_000_000);
        let then = Some(convert::time(now.plus(std::time::Duration::from_secs(12))));
        let mut step = StepStatus { step: "n1/2/record/7".to_owned(), ..StepStatus::default() };
        step.set_state(State::Leased);
        step.lease_end_time = then;
        assert_eq!(step_row(&step, now)[..2], ["2/record/7", "leased"]);
        assert_eq!(step_row(&step, now)[5], "12s");
        step.set_state(State::Free);
        assert_eq!(step_row(&step, now)[5], "", "it waits for nothing");
        step.retry_time = then;
        assert_eq!(step_row(&step, now)[5], "12s");
        step.set_state(State::Done);
        assert_eq!(step_row(&step, now)[5], "");
    }
}
