//! What operators see of a stage: its steps, and how it is.

use lectern_core::id::{NarrationId, StepId, TenantId};
use lectern_core::{Failure, Kind, Reason};
use lectern_proto::convert;
use lectern_proto::work::v1::{self as work, step::State};
use lectern_rpc::page;
use lectern_runtime::HealthState;
use lectern_runtime::config::Setting;
use lectern_store::{Cursor, Page};
use lectern_work::steps::{EndState, StepRecord, StepState, Steps};

/// Records on a page where nobody says how many, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 500;

/// The records of a narration's steps that are of this tenant, or of which nothing told whose they
/// are.
pub(super) async fn steps(
    steps: &Steps,
    tenant: &TenantId,
    request: &work::ListStepsRequest,
) -> Result<work::ListStepsResponse, Failure> {
    let narration: NarrationId =
        request.narration.parse().map_err(|e| Failure::invalid("narration", format!("narration: {e}")))?;
    let page = steps.page(&narration, cursor(&request.page_token)?, size(request.page_size)?).await?;
    let nobody = TenantId::nobody();
    let theirs = page.items.iter().filter(|item| [tenant, &nobody].contains(&&item.record.tenant));
    let listed = theirs.map(|item| encode(&item.record.step, &item.record)).collect();
    Ok(work::ListStepsResponse { steps: listed, next_page_token: token(&page)? })
}

/// The steps of all tenants that are leased.
pub(super) async fn leases(
    steps: &Steps,
    request: &work::ListLeasesRequest,
) -> Result<work::ListLeasesResponse, Failure> {
    let page = steps.leases(cursor(&request.page_token)?, size(request.page_size)?).await?;
    let listed = page.items.iter().map(|item| encode(&item.record.step, &item.record)).collect();
    Ok(work::ListLeasesResponse { steps: listed, next_page_token: token(&page)? })
}

/// How a process is whose health this is, and its settings where they are wanted.
#[must_use]
pub fn describe(health: &HealthState, settings: &[Setting], include_settings: bool) -> work::GetServiceResponse {
    let settings = if include_settings { settings } else { &[] };
    work::GetServiceResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        serving: health.serving(""),
        parts: parts(health),
        settings: settings.iter().map(setting).collect(),
    }
}

/// What is not well, and every part that has a health of its own.
fn parts(health: &HealthState) -> Vec<work::Part> {
    let broken = health.problems().into_iter().map(|(name, problem)| work::Part {
        name: name.to_owned(),
        serving: false,
        problem,
    });
    let others = health.parts().into_iter().map(|(name, serving)| work::Part { name, serving, problem: String::new() });
    broken.chain(others).collect()
}

fn setting(setting: &Setting) -> work::Setting {
    let Setting { key, value, default } = setting.clone();
    work::Setting { key, value, default_value: default }
}

/// A step as operators see it.
pub(super) fn encode(id: &StepId, record: &StepRecord) -> work::Step {
    let mut step = work::Step {
        id: id.to_string(),
        fence: i64::try_from(record.fence).unwrap_or(i64::MAX),
        attempt_count: convert::number(record.attempts),
        crash_count: convert::number(record.crashes),
        failure: record.failure.as_ref().map(|f| convert::failure_to_wire(f, Some(id))),
        tenant: record.tenant.to_string(),
        create_time: Some(convert::time(record.created)),
        update_time: Some(convert::time(record.updated)),
        ..work::Step::default()
    };
    match &record.state {
        StepState::Free { not_before } => {
            step.set_state(State::Free);
            // A step that waits for nothing has the epoch, or the time at which it was let go.
            step.retry_time = (*not_before > record.updated).then(|| convert::time(*not_before));
        }
        StepState::Leased { holder, until, .. } => {
            step.set_state(State::Leased);
            step.holder.clone_from(holder);
            step.lease_end_time = Some(convert::time(*until));
        }
        StepState::Ended { ending } => {
            step.set_state(match ending.state {
                EndState::Done => State::Done,
                EndState::Failed => State::Failed,
                EndState::Dead => State::Dead,
            });
            if let Some(failure) = &ending.failure {
                step.failure = Some(convert::failure_to_wire(failure, Some(id)));
            }
        }
    }
    step
}

fn size(asked: i32) -> Result<u32, Failure> {
    page::size(asked, PAGE, LARGEST_PAGE).map(|size| u32::try_from(size).unwrap_or(u32::MAX))
}

/// The place of a token. Only services of the installation see it, so it is not sealed.
fn cursor(token: &str) -> Result<Option<Cursor>, Failure> {
    if token.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(token).map(Some).map_err(|_| {
        let message = "the page token is not of this list; use next_page_token of its last page";
        Failure::new(Kind::InvalidArgument, Reason::PageTokenInvalid, message).at("page_token")
    })
}

fn token<T>(page: &Page<T>) -> Result<String, Failure> {
    let Some(next) = &page.next else { return Ok(String::new()) };
    serde_json::to_string(next).map_err(|error| Failure::internal(format!("page token: {error}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use lectern_core::clock::ManualClock;
    use lectern_core::{Clock, Timestamp};
    use lectern_store::memory::MemoryStore;
    use lectern_work::steps::{Claim, Closing, Ending, StepsOptions};

    use super::*;

    async fn world() -> (Steps, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp(1_764_000_000_000)));
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let steps = Steps::new(Arc::new(MemoryStore::new(Arc::clone(&shared))), shared, StepsOptions::new("boot"));
        steps.ensure().await.unwrap();
        (steps, clock)
    }

    async fn claim(steps: &Steps, step: &str, tenant: &str) -> lectern_work::steps::Lease {
        let claimed = steps.claim(&step.parse().unwrap(), "worker-1", &tenant.parse().unwrap()).await.unwrap();
        let Claim::Claimed(lease) = claimed else { panic!("{claimed:?}") };
        lease
    }

    #[tokio::test]
    async fn a_step_says_who_holds_it_until_when_it_is_tried_again_and_how_it_failed() {
        let (all, clock) = world().await;
        let failed = Failure::new(Kind::Unavailable, Reason::EngineUnavailable, "the voice is away");
        claim(&all, "n1/1/record/0", "acme").await;
        let again = claim(&all, "n1/1/record/1", "acme").await;
        let not_before = clock.now().plus(Duration::from_secs(9));
        all.close(&again, Closing::Retry { failure: failed.clone(), not_before }).await.unwrap();
        let over = claim(&all, "n1/1/record/2", "acme").await;
        all.close(&over, Closing::Ended(Ending::failed(Vec::new(), failed))).await.unwrap();
        claim(&all, "n1/1/record/3", "globex").await;

        let request = work::ListStepsRequest { narration: "n1".to_owned(), ..work::ListStepsRequest::default() };
        let listed = steps(&all, &"acme".parse().unwrap(), &request).await.unwrap();
        let [leased, free, ended] = &listed.steps[..] else { panic!("{:?}", listed.steps) };
        assert_eq!((leased.state(), leased.holder.as_str()), (State::Leased, "worker-1"));
        assert!(leased.lease_end_time.is_some() && leased.retry_time.is_none() && leased.failure.is_none());
        assert_eq!((free.state(), free.attempt_count), (State::Free, 1));
        assert_eq!(free.retry_time, Some(convert::time(not_before)));
        assert_eq!(ended.state(), State::Failed);
        let failure = ended.failure.as_ref().map(convert::failure).unwrap();
        assert_eq!((failure.reason, ended.lease_end_time), (Reason::EngineUnavailable, None));
        assert_eq!(listed.next_page_token, "");
    }

    #[tokio::test]
    async fn lists_end_page_by_page_and_a_token_of_another_list_is_refused() {
        let (all, clock) = world().await;
        for index in 0..3 {
            claim(&all, &format!("n1/1/write/{index}"), "acme").await;
            clock.advance(Duration::from_millis(5));
        }
        let mut request = work::ListLeasesRequest { page_size: 2, page_token: String::new() };
        let first = leases(&all, &request).await.unwrap();
        request.page_token = first.next_page_token;
        let last = leases(&all, &request).await.unwrap();
        assert_eq!((first.steps.len(), last.steps.len(), last.next_page_token.as_str()), (2, 1, ""));
        "a word".clone_into(&mut request.page_token);
        assert_eq!(leases(&all, &request).await.unwrap_err().reason, Reason::PageTokenInvalid);
        let negative = work::ListLeasesRequest { page_size: -1, page_token: String::new() };
        assert_eq!(leases(&all, &negative).await.unwrap_err().field.as_deref(), Some("page_size"));
    }

    #[tokio::test]
    async fn a_service_names_what_is_broken_and_its_settings_where_they_are_wanted() {
        let health = HealthState::new();
        health.part("engine/local".to_owned(), true);
        let settings = [Setting { key: "permits".to_owned(), value: "3".to_owned(), default: "0".to_owned() }];
        let told = describe(&health, &settings, false);
        assert_eq!((told.serving, told.parts.len(), told.settings.len()), (true, 1, 0));
        health.drain();
        let told = describe(&health, &settings, true);
        assert!(!told.serving && !told.parts[0].serving, "it ends");
        assert_eq!((told.settings[0].key.as_str(), told.settings[0].default_value.as_str()), ("permits", "0"));
    }
}
