//! `lectern.v1.AdminService`.

use std::time::Duration;

use async_stream::try_stream;
use futures::Stream;
use lectern_core::id::{Service, StepId};
use lectern_core::keys::TenantSecret;
use lectern_core::{Failure, text};
use lectern_proto::v1::{self as api, admin_service_server::AdminService};
use lectern_proto::work::v1::Command;
use lectern_proto::{convert, names};
use lectern_queue::DeadLetter;
use lectern_rpc::auth::admin;
use lectern_rpc::page;
use lectern_rpc::status::status;
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::Answers;
use crate::conduct::Dispatcher;
use crate::domain::{Pause, Paused};
use crate::door::Door;
use crate::letters::{self, Filter, Letters, Replayed};

/// Letters replayed a second, where the caller does not say.
const RATE: f64 = 10.0;
/// Letters that a caller may have replayed a second: from one in a hundred seconds.
const RATES: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;
/// Letters of one page while many are replayed or discarded.
const PAGE: usize = 100;
/// The longest note of a pause, in characters.
const LONGEST_NOTE: usize = 500;

/// The operators' service.
#[derive(Debug, Clone)]
pub struct Admin {
    letters: Letters,
    dispatcher: Dispatcher,
    door: Door,
    secret: TenantSecret,
}

impl Admin {
    /// The service over these parts; page tokens are sealed under `secret`.
    #[must_use]
    pub const fn new(letters: Letters, dispatcher: Dispatcher, door: Door, secret: TenantSecret) -> Self {
        Self { letters, dispatcher, door, secret }
    }

    async fn list(&self, request: &api::ListDeadLettersRequest) -> Result<api::ListDeadLettersResponse, Failure> {
        let filter = read_filter(request.filter.as_ref().unwrap_or(&api::DeadLetterFilter::default()))?;
        let purpose = format!("ListDeadLetters {filter:?}");
        let from = page::open(&self.secret, &purpose, &request.page_token)?.unwrap_or(0);
        let (found, next) = self.letters.list(&filter, from, page::size(request.page_size, 50, 200)?).await?;
        let next_page_token = match next {
            Some(next) => page::seal(&self.secret, &purpose, &next)?,
            None => String::new(),
        };
        Ok(api::ListDeadLettersResponse { dead_letters: found.iter().map(encode).collect(), next_page_token })
    }

    async fn backlog(&self) -> Result<api::GetBacklogResponse, Failure> {
        let mut services = Vec::new();
        for service in Service::ALL {
            let level = self.dispatcher.level(service);
            services.push(api::ServiceBacklog {
                service: service.as_str().to_owned(),
                narrations: i64::try_from(self.dispatcher.waiting(service).await?).unwrap_or(i64::MAX),
                granted_steps: i32::try_from(level.granted).unwrap_or(i32::MAX),
                slots: i32::try_from(level.limit).unwrap_or(i32::MAX),
            });
        }
        let unfinished = self.door.unfinished().await?;
        Ok(api::GetBacklogResponse { unfinished_narrations: i64::try_from(unfinished).unwrap_or(i64::MAX), services })
    }
}

/// Which letters a call means.
enum Selection {
    Named(Vec<StepId>),
    Matching(Filter),
}

fn read_selection(wire: Option<api::DeadLetterSelection>) -> Result<Selection, Failure> {
    let nothing =
        || Failure::invalid("selection", "no letters are chosen; give names, or a filter with a condition, or set all");
    let api::DeadLetterSelection { names, filter, all } = wire.ok_or_else(nothing)?;
    if !names.is_empty() {
        let steps = names.iter().map(|name| names::dead_letter(name, "selection.names"));
        return Ok(Selection::Named(steps.collect::<Result<_, _>>()?));
    }
    let filter = read_filter(&filter.unwrap_or_default())?;
    if filter == Filter::default() && !all {
        return Err(nothing());
    }
    Ok(Selection::Matching(filter))
}

fn read_filter(wire: &api::DeadLetterFilter) -> Result<Filter, Failure> {
    let narration = &wire.narration;
    Ok(Filter {
        service: letters::service(&wire.service, "filter.service")?,
        reason: (!wire.reason.is_empty()).then(|| wire.reason.clone()),
        tenant: letters::tenant(&wire.tenant, "filter.tenant")?,
        narration: if narration.is_empty() { None } else { Some(names::narration(narration, "filter.narration")?) },
        until: None,
    })
}

fn encode(letter: &DeadLetter) -> api::DeadLetter {
    let command = Command::decode(letter.command.clone());
    api::DeadLetter {
        name: names::of_dead_letter(&letter.step),
        narration: names::of_narration(&letter.step.narration),
        tenant: letters::tenant_of(letter),
        service: letter.step.kind.service().as_str().to_owned(),
        failure: Some(convert::failure_to_wire(&letter.failure, Some(&letter.step))),
        attempts: convert::number(letter.attempts),
        crashes: convert::number(letter.crashes),
        trace_id: letter.trace_id().unwrap_or_default().to_owned(),
        bury_time: Some(convert::time(letter.at)),
        command: letter.command.clone(),
        command_text: command.map_or_else(|e| format!("cannot be read: {e}"), |command| format!("{command:#?}")),
    }
}

fn encode_pause(pause: &Pause) -> api::Pause {
    api::Pause { name: pause.what.to_string(), note: pause.note.clone(), create_time: Some(convert::time(pause.since)) }
}

fn read_paused(name: &str) -> Result<Paused, Failure> {
    name.parse().map_err(|e: crate::domain::pause::NotPausable| Failure::invalid("name", e.to_string()))
}

/// The time between two letters, at so many a second.
fn read_rate(rate: f64) -> Result<Duration, Failure> {
    let rate = if rate == 0.0 { RATE } else { rate };
    let between = Some(rate).filter(|rate| RATES.contains(rate)).map(|rate| Duration::try_from_secs_f64(1.0 / rate));
    between.and_then(Result::ok).ok_or_else(|| {
        let message =
            format!("rate must be from {} to {} letters a second; 0 means {RATE}", RATES.start(), RATES.end());
        Failure::invalid("rate", message)
    })
}

/// The letters that are meant, page by page. A letter is met once: their sequence only grows.
fn selected(letters: Letters, selection: Selection) -> impl Stream<Item = Result<StepId, Status>> {
    try_stream! {
        match selection {
            Selection::Named(steps) => {
                for step in steps {
                    letters.get(&step).await.map_err(|f| status(&f))?;
                    yield step;
                }
            }
            Selection::Matching(filter) => {
                let filter = letters.up_to_now(filter);
                let mut from = Some(0);
                while let Some(at) = from {
                    let (page, next) = letters.list(&filter, at, PAGE).await.map_err(|f| status(&f))?;
                    for letter in page {
                        yield letter.step;
                    }
                    from = next;
                }
            }
        }
    }
}

#[tonic::async_trait]
impl AdminService for Admin {
    type ReplayDeadLettersStream = Answers<api::ReplayDeadLettersResponse>;
    type DiscardDeadLettersStream = Answers<api::DiscardDeadLettersResponse>;

    async fn list_dead_letters(
        &self,
        request: Request<api::ListDeadLettersRequest>,
    ) -> Result<Response<api::ListDeadLettersResponse>, Status> {
        admin(&request)?;
        self.list(request.get_ref()).await.map(Response::new).map_err(|f| status(&f))
    }

    async fn get_dead_letter(
        &self,
        request: Request<api::GetDeadLetterRequest>,
    ) -> Result<Response<api::GetDeadLetterResponse>, Status> {
        admin(&request)?;
        let step = names::dead_letter(&request.get_ref().name, "name").map_err(|f| status(&f))?;
        let letter = self.letters.get(&step).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::GetDeadLetterResponse { dead_letter: Some(encode(&letter)) }))
    }

    async fn replay_dead_letters(
        &self,
        request: Request<api::ReplayDeadLettersRequest>,
    ) -> Result<Response<Self::ReplayDeadLettersStream>, Status> {
        admin(&request)?;
        let request = request.into_inner();
        let selection = read_selection(request.selection).map_err(|f| status(&f))?;
        let between = read_rate(request.rate).map_err(|f| status(&f))?;
        let letters = self.letters.clone();
        Ok(Response::new(Box::pin(try_stream! {
            let mut pace = tokio::time::interval(between);
            for await step in selected(letters.clone(), selection) {
                let step = step?;
                pace.tick().await;
                let replayed = letters.replay(&step).await.map_err(|f| status(&f))?;
                let (outcome, failure) = match replayed {
                    Replayed::Replayed => (api::replay_dead_letters_response::Outcome::Replayed, None),
                    Replayed::NotNeeded => (api::replay_dead_letters_response::Outcome::NotNeeded, None),
                    Replayed::Refused(failure) => (api::replay_dead_letters_response::Outcome::Refused, Some(failure)),
                };
                yield api::ReplayDeadLettersResponse {
                    name: names::of_dead_letter(&step),
                    narration: names::of_narration(&step.narration),
                    outcome: outcome.into(),
                    failure: failure.map(|failure| convert::failure_to_wire(&failure, Some(&step))),
                };
            }
        })))
    }

    async fn discard_dead_letters(
        &self,
        request: Request<api::DiscardDeadLettersRequest>,
    ) -> Result<Response<Self::DiscardDeadLettersStream>, Status> {
        admin(&request)?;
        let selection = read_selection(request.into_inner().selection).map_err(|f| status(&f))?;
        let letters = self.letters.clone();
        Ok(Response::new(Box::pin(try_stream! {
            for await step in selected(letters.clone(), selection) {
                let step = step?;
                letters.discard(&step).await.map_err(|f| status(&f))?;
                yield api::DiscardDeadLettersResponse { name: names::of_dead_letter(&step) };
            }
        })))
    }

    async fn pause_work(
        &self,
        request: Request<api::PauseWorkRequest>,
    ) -> Result<Response<api::PauseWorkResponse>, Status> {
        admin(&request)?;
        let api::PauseWorkRequest { name, note } = request.into_inner();
        let what = read_paused(&name).map_err(|f| status(&f))?;
        text::check("note", &note, LONGEST_NOTE).map_err(|f| status(&f))?;
        let pause = self.dispatcher.pauses().pause(what, note).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::PauseWorkResponse { pause: Some(encode_pause(&pause)) }))
    }

    async fn resume_work(
        &self,
        request: Request<api::ResumeWorkRequest>,
    ) -> Result<Response<api::ResumeWorkResponse>, Status> {
        admin(&request)?;
        let what = read_paused(&request.get_ref().name).map_err(|f| status(&f))?;
        let was_paused = self.dispatcher.pauses().resume(&what).await.map_err(|f| status(&f))?;
        Ok(Response::new(api::ResumeWorkResponse { was_paused }))
    }

    async fn list_pauses(
        &self,
        request: Request<api::ListPausesRequest>,
    ) -> Result<Response<api::ListPausesResponse>, Status> {
        admin(&request)?;
        let pauses = self.dispatcher.pauses().list().await.map_err(|f| status(&f))?;
        Ok(Response::new(api::ListPausesResponse { pauses: pauses.iter().map(encode_pause).collect() }))
    }

    async fn get_backlog(
        &self,
        request: Request<api::GetBacklogRequest>,
    ) -> Result<Response<api::GetBacklogResponse>, Status> {
        admin(&request)?;
        self.backlog().await.map(Response::new).map_err(|f| status(&f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_no_rate_is_refused() {
        for (rate, millis) in [(0.0, 100), (-0.0, 100), (0.01, 100_000), (1_000.0, 1), (4.0, 250)] {
            assert_eq!(read_rate(rate), Ok(Duration::from_millis(millis)), "{rate}");
        }
        for rate in
            [1e-320, f64::MIN_POSITIVE, 0.009, -1.0, 1_000.1, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
        {
            assert_eq!(read_rate(rate).expect_err("refused").field.as_deref(), Some("rate"), "{rate}");
        }
    }
}
