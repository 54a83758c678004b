//! One screen: asked part by part, so that what is away hides nothing else.

use lectern_core::{Failure, Timestamp};
use lectern_proto::v1::{
    DeadLetter, GetBacklogRequest, GetBacklogResponse, GetCapacityRequest, GetCapacityResponse, GetServicesRequest,
    ListDeadLettersRequest, ListLeasesRequest, ListNarrationStatusesRequest, ListPausesRequest, NarrationStatus, Pause,
    ServiceStatus, StageName, StepStatus,
};
use serde_json::{Map, Value, json};

use super::{Admin, answered, json as shown, screen};
use crate::client::out::Out;

/// The oldest of each kind that are shown.
pub(super) const OLDEST: i32 = 3;
/// Dead letters that are counted.
const LETTERS: i32 = 100;
/// Pauses that are shown.
const PAUSES: i32 = 100;

/// What was seen. Each part may have failed by itself.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) services: Vec<ServiceStatus>,
    pub(super) backlog: Result<GetBacklogResponse, Failure>,
    pub(super) capacity: Result<GetCapacityResponse, Failure>,
    pub(super) pauses: Result<Vec<Pause>, Failure>,
    /// The oldest, and whether there are more.
    pub(super) letters: Result<(Vec<DeadLetter>, bool), Failure>,
    pub(super) narrations: Result<Vec<NarrationStatus>, Failure>,
    /// Of each stage, the steps that have been at work the longest.
    pub(super) leases: Vec<(StageName, Result<Vec<StepStatus>, Failure>)>,
}

/// Shows what there is to see.
///
/// # Errors
/// Why the gateway does not answer at all.
pub(super) async fn run(admin: &Admin, now: Timestamp, out: &Out) -> Result<(), Failure> {
    let seen = look(admin).await?;
    out.json(&document(&seen));
    screen::lines(&seen, now).iter().for_each(|line| out.line(line));
    Ok(())
}

async fn look(admin: &Admin) -> Result<Seen, Failure> {
    let services = admin.clone().get_services(GetServicesRequest { include_settings: false }).await;
    let services = answered(services)?.services;
    let backlog = async { answered(admin.clone().get_backlog(GetBacklogRequest {}).await) };
    let capacity = async { answered(admin.clone().get_capacity(GetCapacityRequest {}).await) };
    let pauses = async {
        let request = ListPausesRequest { page_size: PAUSES, page_token: String::new() };
        answered(admin.clone().list_pauses(request).await).map(|page| page.pauses)
    };
    let letters = async {
        let request = ListDeadLettersRequest { page_size: LETTERS, ..ListDeadLettersRequest::default() };
        let page = answered(admin.clone().list_dead_letters(request).await);
        page.map(|page| (page.dead_letters, !page.next_page_token.is_empty()))
    };
    let narrations = async {
        let request = ListNarrationStatusesRequest { page_size: OLDEST, ..ListNarrationStatusesRequest::default() };
        answered(admin.clone().list_narration_statuses(request).await).map(|page| page.narration_statuses)
    };
    let leases = |stage: StageName| async move {
        let request = ListLeasesRequest { stage: stage.into(), page_size: OLDEST, page_token: String::new() };
        (stage, answered(admin.clone().list_leases(request).await).map(|page| page.steps))
    };
    let (backlog, capacity, pauses, letters, narrations, ingest, ai, tts) = tokio::join!(
        backlog,
        capacity,
        pauses,
        letters,
        narrations,
        leases(StageName::Ingest),
        leases(StageName::Ai),
        leases(StageName::Tts),
    );
    Ok(Seen { services, backlog, capacity, pauses, letters, narrations, leases: vec![ingest, ai, tts] })
}

/// The same as JSON: a part that failed is its failure's sentence under `problems`.
fn document(seen: &Seen) -> Value {
    let Seen { services, backlog, capacity, pauses, letters, narrations, leases } = seen;
    let mut problems = Map::new();
    let mut all = Map::new();
    all.insert("services".to_owned(), services.iter().map(shown::service).collect());
    let mut part = |name: &str, value: Result<Value, &Failure>| match value {
        Ok(value) => {
            all.insert(name.to_owned(), value);
        }
        Err(failure) => {
            problems.insert(name.to_owned(), Value::from(failure.to_string()));
        }
    };
    part("backlog", backlog.as_ref().map(shown::backlog));
    part("capacity", capacity.as_ref().map(shown::capacity));
    part("pauses", pauses.as_ref().map(|pauses| pauses.iter().map(shown::pause).collect()));
    part("deadLetters", letters.as_ref().map(|(letters, _)| letters.iter().map(shown::letter).collect()));
    part("moreDeadLetters", letters.as_ref().map(|(_, more)| Value::from(*more)));
    part("oldestNarrations", narrations.as_ref().map(|all| all.iter().map(shown::narration).collect()));
    for (stage, leases) in leases {
        let name = format!("longestAtWork.{}", super::table::stage(*stage));
        part(&name, leases.as_ref().map(|steps| steps.iter().map(shown::step).collect()));
    }
    all.insert("problems".to_owned(), json!(problems));
    Value::Object(all)
}

#[cfg(test)]
pub(super) mod tests {
    use lectern_core::{Kind, Reason};

    use super::*;

    pub(in crate::client::ops) fn away(what: &str) -> Failure {
        Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, format!("{what} is away"))
    }

    pub(in crate::client::ops) fn nothing() -> Seen {
        let service = |service: &str| ServiceStatus {
            service: service.to_owned(),
            serving: true,
            version: "0.1.0".to_owned(),
            ..ServiceStatus::default()
        };
        Seen {
            services: ["gateway", "ingest", "ai", "tts"].map(service).to_vec(),
            backlog: Ok(GetBacklogResponse::default()),
            capacity: Ok(GetCapacityResponse::default()),
            pauses: Ok(Vec::new()),
            letters: Ok((Vec::new(), false)),
            narrations: Ok(Vec::new()),
            leases: [StageName::Ingest, StageName::Ai, StageName::Tts].map(|stage| (stage, Ok(Vec::new()))).to_vec(),
        }
    }

    #[test]
    fn what_is_away_hides_nothing_else() {
        let document = document(&Seen { letters: Err(away("the queue")), ..nothing() });
        assert_eq!(document["services"].as_array().map(Vec::len), Some(4));
        assert!(document["problems"]["deadLetters"].as_str().is_some_and(|why| why.contains("the queue is away")));
        assert!(document.get("deadLetters").is_none() && document.get("pauses").is_some());
    }
}
